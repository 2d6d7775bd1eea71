//! Options: what is sent to Discord, what comes back, and what the user reads when it does not fit.

use ovenjs_commands::{
    Answer, Choices, Cx, Int, Result, Target, Text, Typed, autocomplete, command, routes,
};
use ovenjs_types::{
    Attachment, Channel, ChannelType, Choice, CommandOptionType, CommandType, Id,
    InteractionContext, Member, Message, Permissions, Role, User, json, marker::UserMarker,
};

use crate::discord::Story;

/// How sour
#[derive(Choices, Debug)]
enum Taste {
    /// Not at all
    Sweet,
    #[choice(name = "Very", value = "s")]
    Sour,
}

/// All kinds of options
#[command]
async fn all(
    cx: Cx,
    /// A text
    text: String,
    /// A short text
    short: Text<2, 4>,
    /// A whole number
    whole: i64,
    /// A score
    score: Int<1, 5>,
    /// A number
    number: f64,
    /// Yes or no
    yes: bool,
    /// A taste
    taste: Taste,
    /// A user
    user: User,
    /// A member
    member: Member,
    /// A role
    role: Role,
    /// A channel
    #[option(channel_types(GuildText, GuildVoice))]
    channel: Channel,
    /// A file
    file: Attachment,
    /// An id
    #[option(name = "user-id")]
    id: Id<UserMarker>,
    /// Not given
    more: Option<String>,
) -> Answer {
    cx.reply(format!(
        "{text} {short} {whole} {score} {number} {yes} {taste:?} {} {:?} {} {:?} {} {id} {more:?}",
        user.username,
        member.user.map(|user| user.username),
        role.name,
        channel.name,
        file.filename,
    ))
    .await
}

const GIVEN: &str = r#"{"id":"3","name":"all","type":1,"options":[
    {"name":"text","type":3,"value":"t"},{"name":"short","type":3,"value":"sh"},
    {"name":"whole","type":4,"value":-7},{"name":"score","type":4,"value":5},
    {"name":"number","type":10,"value":2},{"name":"yes","type":5,"value":true},
    {"name":"taste","type":3,"value":"s"},{"name":"user","type":6,"value":"81"},
    {"name":"member","type":6,"value":"81"},{"name":"role","type":8,"value":"40"},
    {"name":"channel","type":7,"value":"60"},{"name":"file","type":11,"value":"30"},
    {"name":"user-id","type":6,"value":"82"}],
    "resolved":{"users":{"81":{"id":"81","username":"bob"}},
    "members":{"81":{"roles":[],"joined_at":"2026-01-01T00:00:00Z"}},
    "roles":{"40":{"id":"40","name":"cook","permissions":"0"}},
    "channels":{"60":{"id":"60","type":0,"name":"kitchen"}},
    "attachments":{"30":{"id":"30","filename":"menu.txt"}}}}"#;

#[test]
fn every_type_of_option_is_read() {
    let story = Story::new(routes![all]);
    let answers = story.interact(2, GIVEN);
    let expected =
        "t sh -7 5 2 true Sour bob Some(\\\"bob\\\") cook Some(\\\"kitchen\\\") menu.txt 82 None";
    assert_eq!(
        answers,
        [format!(
            r#"callback {{"type":4,"data":{{"content":"{expected}"}}}}"#
        )]
    );
}

#[test]
fn types_and_limits_are_sent_to_discord() {
    let story = Story::new(routes![all]);
    let draft = &story.router.commands()[0];
    let option = |name: &str| draft.options.iter().find(|o| o.name == name).unwrap();
    assert_eq!(draft.description, "All kinds of options");
    assert_eq!(
        (option("short").min_length, option("short").max_length),
        (Some(2), Some(4))
    );
    assert_eq!(option("score").max_value, Some(5_i64.into()));
    assert_eq!(option("file").kind, CommandOptionType::Attachment);
    assert_eq!(option("user-id").kind, CommandOptionType::User);
    let types = [ChannelType::GuildText, ChannelType::GuildVoice];
    assert_eq!(option("channel").channel_types, types);
    assert!(option("text").required && !option("more").required);
    assert_eq!(
        option("taste").choices,
        [Choice::new("Not at all", "sweet"), Choice::new("Very", "s")]
    );
}

#[test]
fn what_does_not_fit_is_told_to_the_user_by_name() {
    let story = Story::new(routes![all]);
    let cases = [
        (
            r#""type":3,"value":"sh""#,
            r#""type":3,"value":"short""#,
            "Option `short`: must have 2 to 4 characters, got 5.",
        ),
        (
            r#""value":5"#,
            r#""value":9"#,
            "Option `score`: must be from 1 to 5, got 9.",
        ),
        (
            r#""value":-7"#,
            r#""value":"x""#,
            "Option `whole`: must be a whole number.",
        ),
        (
            r#""value":"s""#,
            r#""value":"salty""#,
            "Option `taste`: must be one of the choices.",
        ),
        (
            r#""roles":{"40""#,
            r#""roles":{"41""#,
            "Option `role`: must be a role that Discord describes.",
        ),
        (
            r#"{"name":"yes","type":5,"value":true},"#,
            "",
            "Option `yes`: missing.",
        ),
        (
            r#""name":"yes""#,
            r#""name":"no""#,
            "Option `no`: not known here. The command has changed; reload Discord and try again.",
        ),
    ];
    for (good, bad, text) in cases {
        assert!(GIVEN.contains(good), "{good}");
        let answers = story.interact(2, &GIVEN.replacen(good, bad, 1));
        assert_eq!(
            answers,
            [format!(
                r#"callback {{"type":4,"data":{{"content":"{text}","flags":64}}}}"#
            )]
        );
    }
    assert!(story.failures().is_empty());
}

/// Adds a role
#[command(
    group = "admin roles",
    name = "add",
    default_member_permissions = MANAGE_ROLES | KICK_MEMBERS,
    contexts(Guild),
    installs(GuildInstall)
)]
async fn add_role(
    cx: Cx,
    /// To whom
    to: Id<UserMarker>,
) -> Answer {
    cx.reply(format!("added to {to}")).await
}

/// Says how it is
#[command(group = "admin", default_member_permissions = MANAGE_ROLES | KICK_MEMBERS, contexts(Guild), installs(GuildInstall))]
async fn status(cx: Cx) -> Answer {
    cx.reply("fine").await
}

#[test]
fn commands_of_a_group_are_registered_as_one_and_found_each() {
    let story = Story::new(routes![add_role, status]);
    let drafts = story.router.commands();
    assert_eq!(drafts.len(), 1);
    let bits = Permissions::MANAGE_ROLES | Permissions::KICK_MEMBERS;
    assert_eq!(drafts[0].default_member_permissions, Some(bits));
    assert_eq!(drafts[0].contexts, Some(vec![InteractionContext::Guild]));
    let sent = String::from_utf8(json::encode(&drafts[0].options)).unwrap();
    assert_eq!(
        sent,
        concat!(
            r#"[{"type":2,"name":"roles","description":"roles","options":["#,
            r#"{"type":1,"name":"add","description":"Adds a role","options":["#,
            r#"{"type":6,"name":"to","description":"To whom","required":true}]}]},"#,
            r#"{"type":1,"name":"status","description":"Says how it is"}]"#
        )
    );

    let add = r#"{"id":"3","name":"admin","type":1,"options":[{"name":"roles","type":2,"options":[
        {"name":"add","type":1,"options":[{"name":"to","type":6,"value":"81"}]}]}]}"#;
    assert!(story.interact(2, add)[0].contains("added to 81"));
    let status = r#"{"id":"3","name":"admin","type":1,"options":[{"name":"status","type":1}]}"#;
    assert!(story.interact(2, status)[0].contains("fine"));
}

#[command(user, name = "Say Hello")]
async fn say_hello(cx: Cx, Target(user): Target<User>) -> Answer {
    cx.reply(format!("Hello {}", user.username)).await
}

#[command(message, name = "Quote", nsfw)]
async fn quote(cx: Cx, message: Target<Message>) -> Answer {
    cx.reply(format!("> {}", message.content)).await
}

#[test]
fn user_and_message_commands_get_their_target() {
    let story = Story::new(routes![say_hello, quote]);
    let drafts = story.router.commands();
    assert_eq!(
        (drafts[0].kind, drafts[1].kind),
        (CommandType::User, CommandType::Message)
    );
    assert_eq!((drafts[0].description.as_str(), drafts[1].nsfw), ("", true));
    let hello = r#"{"id":"3","name":"Say Hello","type":2,"target_id":"81",
        "resolved":{"users":{"81":{"id":"81","username":"bob"}}}}"#;
    assert!(story.interact(2, hello)[0].contains("Hello bob"));
    let quote = r#"{"id":"3","name":"Quote","type":3,"target_id":"5","resolved":{"messages":{"5":
        {"id":"5","channel_id":"60","author":{"id":"81","username":"bob"},"content":"hm"}}}}"#;
    assert!(story.interact(2, quote)[0].contains("> hm"));
}

#[autocomplete]
async fn fruits(typed: Typed) -> Result<Vec<Choice>> {
    if &*typed == "!" {
        return Err(std::fmt::Error.into());
    }
    let many = (0..40).map(|number| format!("{}{number}", &*typed));
    Ok(many
        .map(|fruit| Choice::new(fruit.clone(), fruit))
        .collect())
}

/// Eat
#[command]
async fn eat(
    cx: Cx,
    /// Which
    #[option(autocomplete = fruits)]
    fruit: String,
) -> Answer {
    cx.reply(fruit).await
}

#[test]
fn values_are_proposed_while_the_user_types() {
    let story = Story::new(routes![eat]);
    assert!(story.router.commands()[0].options[0].autocomplete);
    let typing = |text: &str| {
        format!(
            r#"{{"id":"3","name":"eat","type":1,"options":[
            {{"name":"fruit","type":3,"value":"{text}","focused":true}}]}}"#
        )
    };
    let answers = story.interact(4, &typing("fig"));
    let first = r#"callback {"type":8,"data":{"choices":[{"name":"fig0","value":"fig0"}"#;
    assert!(answers[0].starts_with(first), "{answers:?}");
    assert_eq!(answers[0].matches("value").count(), 25);

    let answers = story.interact(4, &typing("!"));
    assert_eq!(answers, [r#"callback {"type":8,"data":{"choices":[]}}"#]);
    assert_eq!(story.failures().len(), 1);
}
