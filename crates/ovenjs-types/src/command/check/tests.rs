//! The rules of a command, one story each.

use super::*;
use crate::{ChannelType, InteractionContext};

fn told(valid: impl Validate) -> Vec<String> {
    let Err(invalid) = valid.validate() else {
        return Vec::new();
    };
    invalid
        .violations()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn option(kind: CommandOptionType, name: &str) -> CommandOption {
    CommandOption::new(kind, name, "A thing")
}

#[test]
fn names_are_those_of_discords_pattern() {
    for name in [
        "ping",
        "feed-back_2",
        "l'amour",
        "größe",
        "नमस्ते",
        "ขนมปัง",
        "パン",
        "a".repeat(32).as_str(),
    ] {
        assert_eq!(told(CommandDraft::slash(name, "x")), [""; 0], "{name}");
    }
    for name in [
        "Ping",
        "two words",
        "",
        "pain!",
        "ÄPFEL",
        "a".repeat(33).as_str(),
    ] {
        assert_ne!(told(CommandDraft::slash(name, "x")), [""; 0], "{name}");
    }
    assert_eq!(told(CommandDraft::user("Two Words!")), [""; 0]);
    assert_eq!(
        told(CommandDraft::slash("ping", "x").name_in("de", "Ping")),
        ["name_localizations.de is `Ping`: write `ping`"]
    );
}

#[test]
fn options_stand_in_order_and_have_what_their_kind_has() {
    let draft = CommandDraft::slash("feedback", "Tell us")
        .option(option(CommandOptionType::String, "a").bounds(1_i64, 2_i64))
        .option(
            option(CommandOptionType::Integer, "a")
                .required()
                .bounds(5_i64, 2_i64),
        )
        .option(
            option(CommandOptionType::Integer, "b")
                .choice("one", "1")
                .autocomplete(),
        )
        .option(option(CommandOptionType::User, "c").channel_types([ChannelType::GuildText]))
        .option(option(CommandOptionType::String, "d").length(9..=7000));
    assert_eq!(
        told(draft),
        [
            "options[0].min_value is set, but a String option has none: take it away",
            "options[0].max_value is set, but a String option has none: take it away",
            "options[1].min_value is 5, but max_value is 2: swap them",
            "options[1].name is that of an option before: write another",
            "options[1].required is set after an option which is not: move it to the front",
            "options[2].autocomplete is set beside choices: take one of them away",
            "options[2].choices[0].value is not a whole number: the option takes no other",
            "options[3].channel_types is set, but a User option has none: take it away",
            "options[4].max_length is 7000, but Discord takes 1 to 6000: set 6000",
        ]
    );
}

#[test]
fn subcommands_nest_two_deep() {
    let sub = |name| CommandOption::subcommand(name, "x", [option(CommandOptionType::User, "who")]);
    let draft = CommandDraft::slash("config", "x")
        .option(CommandOption::group(
            "roles",
            "x",
            [sub("add"), sub("take")],
        ))
        .option(sub("show"));
    assert_eq!(told(draft), [""; 0]);

    let deep = CommandOption::group("in", "x", [sub("add")]);
    let draft = CommandDraft::slash("config", "x")
        .option(CommandOption::group(
            "out",
            "x",
            [deep, option(CommandOptionType::User, "who")],
        ))
        .option(option(CommandOptionType::User, "who"));
    assert_eq!(
        told(draft),
        [
            "options mix subcommands with plain options: keep one kind",
            "options[0].options[0].type is SubCommandGroup, but a group takes only subcommands: move it into one",
            "options[0].options[1].type is User, but a group takes only subcommands: move it into one",
        ]
    );
}

#[test]
fn what_only_slash_commands_have_is_refused_elsewhere() {
    let mut draft = CommandDraft::user("Wave").option(option(CommandOptionType::User, "who"));
    draft.description = "x".into();
    draft.contexts = Some(vec![InteractionContext::Guild, InteractionContext::Guild]);
    draft.integration_types = Some(Vec::new());
    draft.handler = Some(crate::CommandHandler::AppHandler);
    let paths: Vec<String> = told(draft)
        .iter()
        .map(|t| t.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "description",
            "options",
            "contexts",
            "integration_types",
            "handler"
        ]
    );
}

#[test]
fn all_texts_together_have_a_limit() {
    let choice = |n: usize| Choice::new(format!("{n}"), "v".repeat(100));
    let mut full = option(CommandOptionType::String, "x");
    full.choices = (0..25).map(choice).collect();
    let mut draft = CommandDraft::slash("big", "x");
    for name in ["a", "b", "c", "d"] {
        draft = draft.option(CommandOption {
            name: name.into(),
            ..full.clone()
        });
    }
    let told = told(draft);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("the whole has 10"), "{told:?}");
}

#[test]
fn a_whole_list_has_limits_of_its_own() {
    let mut list: Vec<_> = (0..16)
        .map(|n| CommandDraft::user(format!("u{n}")))
        .collect();
    list.push(CommandDraft::user("u3"));
    list.push(CommandDraft::slash("u3", ""));
    assert_eq!(
        told(list),
        [
            "the whole has 17 user commands, but Discord takes at most 15: take 2 away",
            "[16].name is that of a command before: write another",
            "[17].description has 0 characters, but Discord takes 1 to 100: write something",
        ]
    );
}
