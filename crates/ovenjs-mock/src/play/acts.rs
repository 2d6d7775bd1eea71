//! What a user can do, and the wait for what comes of it.

use std::time::Duration;

use crate::{
    backend::Backend,
    courier::Courier,
    error::Error,
    failure::Failure,
    json::{Fields, Object, object},
    shared::Shared,
    world::{
        Draft, Emoji, World,
        interaction::{APPLICATION_COMMAND, AUTOCOMPLETE, Deed, Outcome},
        permission,
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
            backend.play(now, |world| {
                world.may_say(user, channel, &draft.body, false)?;
                world.post(draft)
            })
        })
        .map_err(|failure| Error::refused(failure.to_string()))
}

pub(crate) fn react(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    emoji: &str,
    burst: bool,
) -> Result<(), Error> {
    let emoji = Emoji::parse(emoji).map_err(|_| Error::refused(format!("{emoji} is no emoji")))?;
    shared
        .with(|backend, now| {
            backend.play(now, |world| {
                world.react(channel, message, user, &emoji, burst)
            })
        })
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
            backend.play(now, |world| {
                let there = world.kept(channel, message)?.reactions.iter();
                // A person sees what stands there and cannot take away anything else.
                if !there.into_iter().any(|reaction| reaction.emoji == emoji) {
                    return Ok(());
                }
                world.unreact(channel, message, user, &emoji)
            })
        })
        .map_err(|failure: Failure| Error::refused(failure.to_string()))
}

/// Changes a message of the user's own.
pub(crate) fn edit(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    content: &str,
) -> Result<(), Error> {
    let body = object(serde_json::json!({ "content": content }));
    shared
        .with(|backend, now| {
            backend.play(now, |world| {
                if world.kept(channel, message)?.author() != Some(user) {
                    let text = "Cannot edit a message authored by another user";
                    return Err(Failure::new(403, 50005, text));
                }
                world.edit(channel, message, &body, Vec::new())
            })
        })
        .map_err(|failure| Error::refused(failure.to_string()))
}

/// Deletes a message of the user's own, or of another's for who may.
pub(crate) fn delete(shared: &Shared, user: u64, channel: u64, message: u64) -> Result<(), Error> {
    shared
        .with(|backend, now| {
            backend.play(now, |world| {
                let own = world.kept(channel, message)?.author() == Some(user);
                let may = world.channel_guild(channel).is_some()
                    && world.channel_permissions(channel, user) & permission::MANAGE_MESSAGES != 0;
                if !own && !may {
                    return Err(Failure::missing_permissions());
                }
                world.delete(channel, message)
            })
        })
        .map_err(|failure| Error::refused(failure.to_string()))
}

/// Votes for an answer of a poll, or takes the vote back.
pub(crate) fn vote(
    shared: &Shared,
    user: u64,
    place: (u64, u64),
    answer: u64,
    taken: bool,
) -> Result<(), Error> {
    let (channel, message) = place;
    shared
        .with(|backend, now| {
            backend.play(now, |world| {
                if taken {
                    world.unvote(channel, message, user, answer)
                } else {
                    world.vote(channel, message, user, answer)
                }
            })
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
                world.may_use(data.key("id").unwrap_or_default(), user, channel)?;
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
    let is_deserted = |backend: &Backend| {
        backend.gateway.is_deserted() && !Courier::takes_interactions(&backend.world)
    };
    if shared.look(is_deserted) {
        return Err(Error::refused(format!(
            "no bot is connected to answer {what}"
        )));
    }
    let deadline = shared.interaction_deadline + AFTER_DEADLINE;
    let first = format!("the bot's initial response to {what}: the application did not respond");
    let failed = shared
        .until(&first, deadline, |backend| {
            let known = backend.world.interactions.get(&id)?;
            let is_over = known.response.is_some() || known.failed.is_some();
            is_over.then(|| known.failed.clone())
        })
        .await?;
    if let Some(why) = failed {
        return Err(Error::refused(format!(
            "the application did not respond to {what}: {why}"
        )));
    }
    let then = format!("what the bot shows for {what} after deferring it");
    let outcome = shared
        .until(&then, shared.patience, |backend| backend.world.outcome(id))
        .await?;
    Ok((id, outcome))
}

/// A response sent at the last moment is still on its way when the deadline passes.
const AFTER_DEADLINE: Duration = Duration::from_millis(500);
