//! What a limit may ask about a request.

use std::time::Duration;

use serde_json::Value;

use crate::{config::When, json::Fields, oracle::OperationMatch, time::snowflake_ms, world::World};

/// What the rules of [`When`] look at.
#[derive(Debug, Default)]
pub(crate) struct Facts<'a> {
    /// How old the message in the path is, if it exists.
    pub(super) message_age: Option<Duration>,
    /// Whether the user in the path is not in the guild in the path.
    pub(super) user_is_no_member: bool,
    /// How many commands the body would add.
    pub(super) new_commands: u32,
    pub(super) body: Option<&'a Value>,
}

/// Whose global limit a request counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    Bot,
    /// Who does not say who he is counts as the address he comes from.
    Address,
    /// The interaction endpoints are exempt.
    Nobody,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(world: &World, found: &OperationMatch<'_>, body: Option<&'a Value>) -> Self {
        let id = |name| found.param(name).and_then(|id| id.parse::<u64>().ok());
        let message = id("message_id").filter(|message| {
            id("channel_id").is_some_and(|channel| world.kept(channel, *message).is_ok())
        });
        let age = |message| world.now_ms.saturating_sub(snowflake_ms(message));
        let guild = id("guild_id");
        let is_member = |user| {
            let room = guild.and_then(|guild| world.guilds.get(&guild));
            room.is_some_and(|room| room.members.contains_key(&user))
        };
        let new_commands = match found.operation.id.as_str() {
            "create_application_command"
            | "bulk_set_application_commands"
            | "create_guild_application_command"
            | "bulk_set_guild_application_commands" => new_commands(world, guild, body),
            _ => 0,
        };
        Self {
            message_age: message.map(|message| Duration::from_millis(age(message))),
            user_is_no_member: id("user_id").is_some_and(|user| !is_member(user)),
            new_commands,
            body,
        }
    }

    /// As how many requests this one counts for a limit about such requests; 0 is none of its.
    pub(super) fn weigh(&self, when: &When) -> u32 {
        let fits = match when {
            When::Always => true,
            When::MessageOlderThan(age) => self.message_age.is_some_and(|real| real >= *age),
            When::BodyHas(field) => self.body.is_some_and(|body| body.get(field).is_some()),
            When::UserIsNoMember => self.user_is_no_member,
            When::RegistersCommands => return self.new_commands,
        };
        u32::from(fits)
    }
}

impl Payer {
    pub(crate) fn of(world: &World, found: &OperationMatch<'_>, is_authorized: bool) -> Self {
        let application = world.application_id().to_string();
        // The token of an interaction stands where others have that of a webhook, and the
        // application where they have the webhook.
        let of_interaction = found.param("interaction_token").is_some()
            || found.param("webhook_token").is_some()
                && found.param("webhook_id") == Some(application.as_str());
        if of_interaction {
            Self::Nobody
        } else if is_authorized {
            Self::Bot
        } else {
            Self::Address
        }
    }
}

/// A command of a name and a type that exist already is changed, not created.
fn new_commands(world: &World, guild: Option<u64>, body: Option<&Value>) -> u32 {
    let one = body.into_iter().filter(|body| body.is_object());
    let many = body.and_then(Value::as_array).into_iter().flatten();
    let named = |command: &Value| {
        let name = command.get("name").and_then(Value::as_str);
        let kind = command.get("type").and_then(Value::as_u64);
        (name.map(str::to_owned), kind.unwrap_or(CHAT_INPUT))
    };
    let known: Vec<_> = world
        .commands_of(guild)
        .map(|command| {
            let name = command.object.text("name").map(str::to_owned);
            (name, command.object.int("type").unwrap_or(CHAT_INPUT))
        })
        .collect();
    let new = one
        .chain(many)
        .filter(|command| !known.contains(&named(command)));
    u32::try_from(new.count()).unwrap_or(u32::MAX)
}

/// The type of a command that does not say it.
const CHAT_INPUT: u64 = 1;
