//! Faults in declarations, each found before the start and with the handler's name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use ovenjs_commands::{
    Answer, CustomId, Cx, ErrorKind, Modal, ModalCx, Route, Router, Routes, Typed, autocomplete,
    command, component, event, routes, submit,
};
use ovenjs_types::{Choice, CommandDraft, CommandOption, CommandOptionType};

#[test]
fn two_handlers_for_one_thing_are_named() {
    /// One
    #[command(name = "same")]
    async fn one(cx: Cx) -> Answer {
        cx.acknowledge().await
    }
    /// Two
    #[command(name = "same")]
    async fn two(cx: Cx) -> Answer {
        cx.acknowledge().await
    }
    // A user command of the same name is another thing.
    #[command(user, name = "same")]
    async fn three(cx: Cx) -> Answer {
        cx.acknowledge().await
    }
    assert_eq!(
        faults(routes![one, two, three]),
        ["handler `two`: the command `same` has another handler: give one of them another name"]
    );
}

#[test]
fn two_components_of_one_name_are_named() {
    #[derive(CustomId)]
    struct Go;
    #[component]
    async fn one(cx: Cx, _id: Go) -> Answer {
        cx.acknowledge().await
    }
    #[component]
    async fn two(cx: Cx, _id: Go) -> Answer {
        cx.acknowledge().await
    }
    assert_eq!(
        faults(routes![one, two]),
        ["handler `two`: the custom id `go` has another handler: give one of them another name"]
    );
}

#[test]
fn a_handler_that_nothing_leads_to_is_named() {
    #[component]
    async fn press(cx: Cx) -> Answer {
        cx.acknowledge().await
    }
    #[submit]
    async fn sent(cx: Cx) -> Answer {
        cx.acknowledge().await
    }
    #[event]
    async fn happens() {}
    assert_eq!(
        faults(routes![press, sent, happens]),
        [
            "handler `press`: takes no custom id, so no component leads to it: take a type with #[derive(CustomId)], or write #[component(id = \"…\")]",
            "handler `sent`: takes no form, so no modal leads to it: take a type with #[derive(Modal)]",
            "handler `happens`: takes no event, so none leads to it: take On<MessageCreate> or another payload, or write #[event(every)]",
        ]
    );
}

#[test]
fn a_modal_does_not_open_a_modal() {
    /// Form
    #[derive(Modal)]
    struct Form {
        /// Text
        text: String,
    }
    #[submit]
    async fn sent(cx: ModalCx, form: Form) -> Answer {
        cx.reply(form.text).await
    }
    assert_eq!(
        faults(routes![sent]),
        [
            "handler `sent`: takes a ModalCx, but Discord opens no modal in answer to a modal: take Cx"
        ]
    );
}

#[test]
fn an_option_asks_for_what_its_type_can_have() {
    #[autocomplete]
    async fn values(_typed: Typed) -> ovenjs_commands::Result<Vec<Choice>> {
        Ok(Vec::new())
    }
    /// Order
    #[command]
    async fn order(
        cx: Cx,
        /// Yes or no
        #[option(autocomplete = values)]
        yes: bool,
        /// Text
        #[option(channel_types(GuildText))]
        text: String,
    ) -> Answer {
        cx.reply(format!("{yes} {text}")).await
    }
    assert_eq!(
        faults(routes![order]),
        [
            "handler `order`: option `yes`: autocomplete is set, but a Boolean option has none: take it away",
            "handler `order`: option `text`: channel_types is set, but a String option has none: take it away",
        ]
    );
}

#[test]
fn required_options_come_first() {
    /// Order
    #[command]
    async fn order(
        cx: Cx,
        /// Maybe
        maybe: Option<bool>,
        /// Must
        must: bool,
    ) -> Answer {
        cx.reply(format!("{maybe:?} {must}")).await
    }
    assert_eq!(
        faults(routes![order]),
        [
            "handler `order`: option `must`: required is set after an option which is not: move it to the front"
        ]
    );
}

#[test]
fn a_group_is_of_one_mind() {
    /// One
    #[command(group = "g", nsfw)]
    async fn one(cx: Cx) -> Answer {
        cx.reply("").await
    }
    /// Two
    #[command(group = "g")]
    async fn two(cx: Cx) -> Answer {
        cx.reply("").await
    }
    /// G
    #[command]
    async fn g(cx: Cx) -> Answer {
        cx.reply("").await
    }
    assert_eq!(
        faults(routes![one, two, g]),
        [
            "`g` is a command and a group: Discord runs no command that has subcommands",
            "handler `two`: default_member_permissions, nsfw, contexts and installs hold for the whole group `g`: write the same for each of its commands",
        ]
    );
}

#[test]
fn a_description_of_nothing_is_found() {
    /// One
    #[command(group = "g sub")]
    async fn one(cx: Cx) -> Answer {
        cx.reply("").await
    }
    let routes: Routes<()> = routes![one].describe("g", "G").describe("g sub", "Sub");
    let router = Router::new(routes);
    router.validate().unwrap();
    let draft = &router.commands()[0];
    assert_eq!(
        (
            draft.description.as_str(),
            draft.options[0].description.as_str()
        ),
        ("G", "Sub")
    );
    assert_eq!(
        faults(routes![one].describe("h", "H")),
        ["group `h` is described, but no command is in it"]
    );
}

/// What the macro refuses at once is refused here too, since routes can be made by hand.
#[test]
fn limits_hold_for_routes_made_by_hand() {
    let mut draft = CommandDraft::slash("Bad Name", "");
    for number in 0..26 {
        let name = format!("o{number}");
        let option = CommandOption::new(CommandOptionType::String, name, "x".repeat(101));
        draft = draft.option(option);
    }
    draft.options[0].name = "o1".into();
    draft.options[2].choices = vec![Choice::new("c", "v"); 26];
    draft.options[3].max_length = Some(6001);
    let route = Route::command("hand", draft, |_| Box::pin(async { Ok(()) }));
    let faults = faults(Routes::from_iter([route]));
    let expected = [
        "handler `hand`: name has ' ', which may not be in it",
        "handler `hand`: name is `Bad Name`: write `bad name`",
        "handler `hand`: description has 0 characters",
        "handler `hand`: options has 26 options, but Discord takes at most 25",
        "option `o1`: description has 101 characters",
        "option `o1`: name is that of an option before",
        "option `o2`: choices has 26 choices, but Discord takes at most 25",
        "option `o3`: max_length is 6001, but Discord takes 1 to 6000",
    ];
    for text in expected {
        let found = faults.iter().any(|fault| fault.contains(text));
        assert!(found, "{text} in {faults:#?}");
    }
}

#[test]
fn discord_takes_so_many_commands() {
    let hand = |count: usize| {
        let routes = (0..count).map(|number| {
            let draft = CommandDraft::slash(format!("c{number}"), "C");
            Route::command("hand", draft, |_| Box::pin(async { Ok(()) }))
        });
        Router::<()>::new(routes.collect()).validate()
    };
    hand(100).unwrap();
    let error = hand(101).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bot has 101 slash commands, but Discord takes at most 100: take 1 away"
    );
}

/// What stands in a group is told by its own handler, what the group itself lacks by its name.
#[test]
fn faults_in_groups_are_told_where_they_are() {
    let long = "x".repeat(101);
    /// One
    #[command(group = "g sub")]
    async fn one(
        cx: Cx,
        /// Maybe
        maybe: Option<bool>,
        /// Must
        must: bool,
    ) -> Answer {
        cx.reply(format!("{maybe:?} {must}")).await
    }
    let routes = routes![one]
        .describe("g", long.as_str())
        .describe("g sub", "Sub");
    assert_eq!(
        faults(routes),
        [
            "group `g`: description has 101 characters, but Discord takes 1 to 100: shorten it by 1",
            "handler `one`: option `must`: required is set after an option which is not: move it to the front",
        ]
    );
}

fn faults(routes: Routes<()>) -> Vec<String> {
    let error = Router::new(routes).validate().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Declaration);
    error.to_string().lines().map(str::to_owned).collect()
}
