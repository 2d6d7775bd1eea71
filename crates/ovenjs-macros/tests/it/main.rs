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
