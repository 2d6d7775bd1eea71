//! What is to be changed at Discord, as a person reads it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use ovenjs_commands::{Prune, plan};
use ovenjs_types::{
    ChannelType, Command, CommandDraft, CommandOption, CommandOptionType, CommandType,
    InteractionContext, Permissions, json,
};

#[test]
fn nothing_to_do_is_said_so() {
    let registered = [known(1, "ping", "Ping", vec![])];
    let plan = plan(
        &registered,
        &[CommandDraft::slash("ping", "Ping")],
        Prune::Yes,
    );
    assert!(plan.is_empty());
    assert_eq!(
        plan.to_string(),
        "Plan: 0 to create, 0 to update, 0 to delete, 1 unchanged."
    );
}

#[test]
fn changes_are_listed_one_by_one() {
    let registered = [
        known(
            1,
            "ping",
            "Ping",
            vec![text("loud", "Loud"), text("often", "Often")],
        ),
        known(2, "old", "Old", vec![]),
        known(3, "same", "Same", vec![text("a", "A")]),
    ];
    let wanted = [
        CommandDraft {
            default_member_permissions: Some(Permissions::BAN_MEMBERS),
            ..CommandDraft::slash("ping", "Pong")
                .option(text("often", "How often"))
                .option(text("new", "New"))
        },
        CommandDraft::slash("same", "Same").option(text("a", "A")),
        CommandDraft::slash("fresh", "Fresh"),
        CommandDraft {
            kind: CommandType::User,
            ..CommandDraft::slash("Wave", "")
        },
    ];
    let careful = plan(&registered, &wanted, Prune::No);
    assert_eq!(
        careful.to_string(),
        "\
+ /fresh
+ Wave (user command)
~ /ping
    description: \"Ping\" → \"Pong\"
    default_member_permissions: everyone → BAN_MEMBERS
    ~ option often
    + option new
    - option loud
? /old is registered, but not here: left alone

Plan: 2 to create, 1 to update, 0 to delete, 1 unchanged."
    );
    assert_eq!(careful.writes(), 3);
    assert!(careful.delete.is_empty());

    let thorough = plan(&registered, &wanted, Prune::Yes);
    assert_eq!(thorough.delete[0].id.get(), 2);
    assert!(thorough.to_string().contains("\n- /old\n"));
}

#[test]
fn a_rename_is_recognised_by_its_options() {
    let options = || vec![text("topic", "Topic")];
    let registered = [
        known(1, "suggest", "Suggest", options()),
        known(2, "ping", "Ping", vec![]),
    ];
    let wanted = [
        CommandDraft {
            options: options(),
            ..CommandDraft::slash("feedback", "Suggest")
        },
        // Without options there is nothing to recognise it by.
        CommandDraft::slash("pong", "Ping"),
    ];
    // As long as another process may own `suggest`, it is not ours to rename.
    let careful = plan(&registered, &wanted, Prune::No);
    assert_eq!((careful.create.len(), careful.update.len()), (2, 0));

    let plan = plan(&registered, &wanted, Prune::Yes);
    assert_eq!(
        plan.to_string(),
        "\
+ /pong
~ /suggest → /feedback
    name: \"suggest\" → \"feedback\"
- /ping

Plan: 1 to create, 1 to update, 1 to delete, 0 unchanged."
    );
    assert_eq!(
        (plan.update[0].id.get(), plan.update[0].draft.name.as_str()),
        (1, "feedback")
    );
}

#[test]
fn of_two_that_look_alike_none_is_renamed() {
    let options = || vec![text("topic", "Topic")];
    let registered = [known(1, "a", "A", options()), known(2, "b", "B", options())];
    let wanted = [CommandDraft {
        options: options(),
        ..CommandDraft::slash("c", "C")
    }];
    let plan = plan(&registered, &wanted, Prune::Yes);
    assert_eq!(
        (plan.create.len(), plan.update.len(), plan.delete.len()),
        (1, 0, 2)
    );
}

#[test]
fn the_order_of_options_counts_and_those_of_subcommands_too() {
    let (a, b) = (text("a", "A"), text("b", "B"));
    let sub = |options: Vec<CommandOption>| CommandOption {
        options,
        ..CommandOption::new(CommandOptionType::SubCommand, "sub", "Sub")
    };
    let registered = [known(
        1,
        "top",
        "Top",
        vec![sub(vec![a.clone(), b.clone()])],
    )];
    let wanted = [CommandDraft::slash("top", "Top").option(sub(vec![b, a]))];
    let turned = plan(&registered, &wanted, Prune::No);
    assert_eq!(turned.update[0].changes, ["order of options: b, a"]);

    let wanted = [CommandDraft::slash("top", "Top").option(sub(vec![text("a", "A")]))];
    let shorter = plan(&registered, &wanted, Prune::No);
    assert_eq!(shorter.update[0].changes, ["- option sub b"]);
}

/// Discord answers with values for what a draft leaves open.
#[test]
fn what_discord_fills_in_is_no_change() {
    let raw = br#"{"id":"1","application_id":"2","version":"4","type":1,"name":"ping",
        "description":"Ping","dm_permission":true,"contexts":[0,1,2],"integration_types":[0],
        "default_member_permissions":null,"nsfw":false,"name_localizations":{},
        "options":[{"type":4,"name":"n","description":"N","min_value":1.0,"name_localizations":{}}]}"#;
    let registered: Command = json::decode(raw, &mut json::Scratch::new()).unwrap();
    let mut option = CommandOption::new(CommandOptionType::Integer, "n", "N");
    option.min_value = Some(1_i64.into());
    let wanted = [CommandDraft::slash("ping", "Ping").option(option)];
    assert!(plan(&[registered], &wanted, Prune::Yes).is_empty());
}

/// A text's least length of 0 says nothing, and channel types have no order.
#[test]
fn what_means_the_same_is_no_change() {
    let mut note = text("note", "Note");
    let mut place = CommandOption::new(CommandOptionType::Channel, "place", "Place");
    place.channel_types = vec![ChannelType::GuildText, ChannelType::GuildVoice];
    let registered = known(1, "ping", "Ping", vec![note.clone(), place.clone()]);
    note.min_length = Some(0);
    place.channel_types.reverse();
    let wanted = CommandDraft::slash("ping", "Ping");
    let mut wanted = [wanted.option(note).option(place)];
    let registered = [registered];
    assert!(plan(&registered, &wanted, Prune::Yes).is_empty());

    wanted[0].options[1].channel_types.pop();
    let plan = plan(&registered, &wanted, Prune::Yes);
    assert_eq!(plan.update[0].changes, ["~ option place"]);
}

#[test]
fn contexts_that_are_no_longer_narrowed_open_again() {
    let mut registered = known(1, "ping", "Ping", vec![]);
    registered.contexts = Some(vec![InteractionContext::Guild]);
    let wanted = [CommandDraft::slash("ping", "Ping")];
    let opened = plan(std::slice::from_ref(&registered), &wanted, Prune::No);
    let sent = opened.update[0].draft.contexts.clone().unwrap();
    assert_eq!(sent.len(), 3);

    registered.contexts = Some(sent);
    assert!(plan(&[registered], &wanted, Prune::No).is_empty());
}

/// Discord makes it for applications with an activity, and no handler declares it.
#[test]
fn what_opens_an_activity_is_not_pruned() {
    let mut registered = known(1, "launch", "", vec![]);
    registered.kind = CommandType::PrimaryEntryPoint;
    let plan = plan(&[registered], &[], Prune::Yes);
    assert_eq!((plan.delete.len(), plan.unlisted.len()), (0, 1));
}

fn known(id: u64, name: &str, description: &str, options: Vec<CommandOption>) -> Command {
    let raw = format!(
        r#"{{"id":"{id}","application_id":"2","version":"4","type":1,"name":"{name}","description":"{description}"}}"#
    );
    let mut command: Command = json::decode(raw.as_bytes(), &mut json::Scratch::new()).unwrap();
    command.options = options;
    command
}

fn text(name: &str, description: &str) -> CommandOption {
    CommandOption::new(CommandOptionType::String, name, description)
}
