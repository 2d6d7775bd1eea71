//! What a user can do, and the wait for what comes of it.

use std::time::Duration;

use crate::{
    error::Error,
    json::{Object, object},
    shared::Shared,
    world::{
        Draft, Emoji, World,
        interaction::{APPLICATION_COMMAND, AUTOCOMPLETE, Deed, Outcome},
        slash::{Target, Typed},
    },
};

pub(crate) fn say(
    shared: &Shared,
    user: u64,
    channel: u64,
    content: &str,
    reply_to: Option<u64>,
) -> Result<u64, Error> {
    let mut body: Object = object(serde_json::json!({ "content": content }));
    if let Some(message) = reply_to {
        body.insert(
            "message_reference".to_owned(),
            serde_json::json!({ "message_id": message.to_string() }),
        );
    }
    shared
        .with(|backend, now| {
            let draft = Draft {
                author: user,
                channel,
                body,
                ..Draft::default()
            };
            backend.play(now, |world| world.post(draft))
        })
        .map_err(|failure| Error::refused(failure.to_string()))
}

pub(crate) fn react(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    emoji: &str,
) -> Result<(), Error> {
    let emoji = Emoji::parse(emoji).map_err(|_| Error::refused(format!("{emoji} is no emoji")))?;
    shared
        .with(|backend, now| backend.play(now, |world| world.react(channel, message, user, &emoji)))
        .map_err(|failure| Error::refused(failure.to_string()))
}

pub(crate) fn unreact(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    emoji: &str,
) -> Result<(), Error> {
    let emoji = Emoji::parse(emoji).map_err(|_| Error::refused(format!("{emoji} is no emoji")))?;
    shared
        .with(|backend, now| {
            backend.play(now, |world| world.unreact(channel, message, user, &emoji))
        })
        .map_err(|failure| Error::refused(failure.to_string()))
}

pub(crate) async fn slash(
    shared: &Shared,
    user: u64,
    channel: u64,
    text: &str,
) -> Result<(u64, Outcome), Error> {
    let id = type_command(shared, user, channel, text, false)?;
    answered(shared, id, text).await
}

/// Types a command without sending it, so that its last option asks for completion.
pub(crate) async fn complete(
    shared: &Shared,
    user: u64,
    channel: u64,
    text: &str,
) -> Result<(u64, Outcome), Error> {
    let id = type_command(shared, user, channel, text, true)?;
    answered(shared, id, text).await
}

pub(crate) async fn press(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    custom_id: &str,
    values: &[String],
) -> Result<(u64, Outcome), Error> {
    let id = shared
        .with(|backend, now| {
            backend.play(now, |world| {
                world.press(user, channel, message, custom_id, values)
            })
        })
        .map_err(Error::refused)?;
    answered(shared, id, &format!("the component {custom_id}")).await
}

pub(crate) async fn submit(
    shared: &Shared,
    opener: u64,
    fields: &[(String, String)],
) -> Result<(u64, Outcome), Error> {
    let id = shared
        .with(|backend, now| backend.play(now, |world| world.submit(opener, fields)))
        .map_err(Error::refused)?;
    answered(shared, id, "the modal").await
}

/// Uses a context menu command on a message or a user.
pub(crate) async fn aim(
    shared: &Shared,
    user: u64,
    channel: u64,
    name: &str,
    target: Target,
) -> Result<(u64, Outcome), Error> {
    let id = begin(
        shared,
        user,
        channel,
        APPLICATION_COMMAND,
        |world, guild| world.aim(guild, name, target),
    )?;
    answered(shared, id, name).await
}

fn type_command(
    shared: &Shared,
    user: u64,
    channel: u64,
    text: &str,
    completing: bool,
) -> Result<u64, Error> {
    let kind = if completing {
        AUTOCOMPLETE
    } else {
        APPLICATION_COMMAND
    };
    begin(shared, user, channel, kind, |world, guild| {
        world.understand(guild, text, completing)
    })
}

fn begin(
    shared: &Shared,
    user: u64,
    channel: u64,
    kind: u64,
    find: impl FnOnce(&World, Option<u64>) -> Result<Typed, String>,
) -> Result<u64, Error> {
    shared
        .with(|backend, now| {
            backend.play(now, |world| {
                let guild = world.channel_guild(channel);
                let Typed { data, name } = find(world, guild)?;
                Ok(world.begin(Deed {
                    kind,
                    user,
                    channel,
                    data,
                    name: Some(name),
                    source: None,
                    opened_by: None,
                }))
            })
        })
        .map_err(|why: String| Error::refused(why))
}

/// First the initial response in Discord's time, then what the user gets to see.
async fn answered(shared: &Shared, id: u64, what: &str) -> Result<(u64, Outcome), Error> {
    if shared.look(|backend| backend.gateway.is_deserted()) {
        return Err(Error::refused(format!(
            "no bot is connected to answer {what}"
        )));
    }
    let deadline = shared.interaction_deadline + AFTER_DEADLINE;
    let first = format!("the bot's initial response to {what}");
    shared
        .until(&first, deadline, |backend| {
            backend
                .world
                .interactions
                .get(&id)?
                .response
                .as_ref()
                .map(|_| ())
        })
        .await?;
    let then = format!("what the bot shows for {what} after deferring it");
    let outcome = shared
        .until(&then, shared.patience, |backend| backend.world.outcome(id))
        .await?;
    Ok((id, outcome))
}

/// A response sent at the last moment is still on its way when the deadline passes.
const AFTER_DEADLINE: Duration = Duration::from_millis(500);
