//! The macros under another name of their crate, and under a path that is told.
//!
//! This package knows `ovenjs-commands` as `kitchen`, and by no other name.

use kitchen::{
    Answer, Choices, CustomId, Cx, Modal, ModalCx, On, Result, Router, Typed, autocomplete,
    command, component, event, routes, submit,
    types::{Choice, MessageCreate},
};

mod here {
    pub(crate) use kitchen as there;
}

/// A mood
#[derive(Choices)]
enum Mood {
    Good,
    Bad,
}

#[derive(CustomId)]
struct Ask {
    mood: Mood,
}

/// A question
#[derive(Modal)]
struct Question {
    /// The text
    text: String,
}

#[autocomplete]
async fn words(typed: Typed) -> Result<Vec<Choice>> {
    Ok(vec![Choice::new(&*typed, &*typed)])
}

/// Found under another name
#[command]
async fn found(
    cx: ModalCx,
    /// A mood
    mood: Mood,
    /// A word
    #[option(autocomplete = words)]
    _word: Option<String>,
) -> Answer {
    cx.open(Question::modal().carry(Ask { mood })).await
}

#[component]
async fn ask(cx: Cx, _id: Ask) -> Answer {
    cx.acknowledge().await
}

#[submit]
async fn answer(cx: Cx, form: Question, id: Ask) -> Answer {
    cx.reply(format!("{} {}", form.text, id.encode())).await
}

#[event]
async fn greet(_message: On<MessageCreate>) {}

#[test]
fn a_renamed_crate_is_found() {
    let router: Router<()> = Router::new(routes![found, ask, answer, greet]);
    router.validate().unwrap();
    assert_eq!(router.commands()[0].description, "Found under another name");
    assert_eq!(Ask { mood: Mood::Bad }.encode(), "ask.1:bad");
}

/// Told where
#[derive(Choices)]
#[choices(crate = here::there)]
enum ToldMood {
    Good,
}

#[derive(CustomId)]
#[custom_id(crate = here::there, name = "told")]
struct ToldAsk {
    mood: ToldMood,
}

/// Told where
#[derive(Modal)]
#[modal(crate = here::there)]
struct ToldQuestion {
    /// The text
    text: String,
}

#[autocomplete(crate = here::there)]
async fn told_words(_typed: Typed) -> Result<Vec<Choice>> {
    Ok(Vec::new())
}

/// Told where it is
#[command(crate = here::there)]
async fn told(
    cx: Cx,
    /// A word
    #[option(autocomplete = told_words)]
    word: String,
) -> Answer {
    cx.reply(word).await
}

#[component(crate = here::there)]
async fn told_ask(cx: Cx, _id: ToldAsk) -> Answer {
    cx.acknowledge().await
}

#[submit(crate = here::there)]
async fn told_answer(cx: Cx, form: ToldQuestion) -> Answer {
    cx.reply(form.text).await
}

#[event(crate = here::there)]
async fn told_greet(_message: On<MessageCreate>) {}

#[test]
fn a_path_that_is_told_is_taken() {
    let router: Router<()> = Router::new(routes![told, told_ask, told_answer, told_greet]);
    router.validate().unwrap();
    assert_eq!(router.commands()[0].description, "Told where it is");
    let mood = ToldMood::Good;
    assert_eq!(ToldAsk { mood }.encode(), "told.1:good");
}

/// What stands in a macro of the user's own has another context than the attribute.
mod inside_a_macro {
    use super::*;

    macro_rules! handlers {
        ($name:ident, $id:ident, $text:ident) => {
            #[derive(CustomId)]
            struct Carried {
                field: $id,
                #[custom_id(since = 1)]
                later: $id,
            }

            /// A form
            #[derive(Modal)]
            struct Form {
                /// The text
                ///
                /// Below it
                #[input(placeholder = "hint")]
                text: $text,
            }

            /// In a macro
            #[command]
            async fn $name(
                cx: ModalCx,
                /// A text
                text: $text,
            ) -> Answer {
                let _ = text;
                cx.open(Form::modal().carry(Carried { field: 1, later: 2 }))
                    .await
            }

            #[submit]
            async fn sent(cx: Cx, form: Form, id: Carried) -> Answer {
                cx.reply(format!("{} {} {}", form.text, id.field, id.later))
                    .await
            }
        };
    }

    handlers!(made, u8, String);

    #[test]
    fn handlers_can_come_from_a_macro() {
        let router: Router<()> = Router::new(routes![made, sent]);
        router.validate().unwrap();
        assert_eq!(router.commands()[0].name, "made");
        assert_eq!(Carried { field: 1, later: 2 }.encode(), "carried.1:1:2");
    }
}

/// The names of the standard library are not reserved.
#[expect(dead_code, reason = "they only stand in the way")]
mod shadowed {
    use super::{
        Choices, CustomId, Cx, MessageCreate, Modal, On, Typed, autocomplete, command, component,
        event, routes, submit,
    };

    struct Result;
    struct Option;
    struct Box;
    struct String;
    struct Vec;
    struct Route;
    struct Call;
    struct Some;
    struct None;
    struct Ok;
    struct Err;

    /// A mood
    #[derive(Choices)]
    enum Mood {
        Good,
    }

    #[derive(CustomId)]
    struct Ask {
        r#type: Mood,
    }

    /// A "question" \ of {braces}
    #[derive(Modal)]
    struct Question {
        /// The text
        r#match: std::string::String,
    }

    #[autocomplete]
    async fn words(typed: Typed) -> super::Result<std::vec::Vec<super::Choice>> {
        std::result::Result::Ok(vec![super::Choice::new(&*typed, &*typed)])
    }

    /// With "quotes" and {braces}
    #[command]
    async fn r#loop(
        mut cx: Cx,
        /// A mood
        r#type: Mood,
        /// A word
        #[option(autocomplete = words)]
        mut call: std::option::Option<std::string::String>,
    ) -> super::Answer {
        let _ = r#type;
        let call = call.take().unwrap_or_default();
        cx = cx.defer().await?;
        cx.reply(call).await
    }

    #[component]
    async fn ask(cx: Cx, Ask { r#type: _mood }: Ask) -> super::Answer {
        cx.acknowledge().await
    }

    #[submit]
    async fn answer(cx: Cx, form: Question, _id: Ask) -> super::Answer {
        cx.reply(form.r#match).await
    }

    #[event]
    async fn greet(_message: On<MessageCreate>) {}

    #[test]
    fn the_users_names_do_not_get_in_the_way() {
        let router: super::Router<()> = super::Router::new(routes![r#loop, ask, answer, greet]);
        router.validate().unwrap();
        let command = &router.commands()[0];
        assert_eq!(
            (&*command.name, &*command.options[0].name),
            ("loop", "type")
        );
        assert_eq!(command.description, "With \"quotes\" and {braces}");
    }
}
