//! What a user can do, and the wait for what comes of it.

use std::time::Duration;

use crate::{
    backend::Backend,
    courier::Courier,
    error::Error,
    failure::Failure,
    json::{Fields, Object, object},
    scenario::{Expected, ScenarioStep},
    shared::Shared,
    world::{
        Draft, Emoji, World,
        interaction::{APPLICATION_COMMAND, AUTOCOMPLETE, Deed, Outcome},
        permission,
        slash::{Target, Typed},
    },
};

use super::told::Told;

/// What a user says beside words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Along {
    pub(crate) reply_to: Option<u64>,
    pub(crate) stickers: Vec<u64>,
    /// Files at hand, by name.
    pub(crate) files: Vec<String>,
}

impl Along {
    /// The form of a message with all of it.
    pub(super) fn body(&self, content: &str) -> Object {
        let mut body: Object = object(serde_json::json!({ "content": content }));
        if let Some(message) = self.reply_to {
            body.insert(
                "message_reference".to_owned(),
                serde_json::json!({ "message_id": message.to_string() }),
            );
        }
        if !self.stickers.is_empty() {
            let stickers = self.stickers.iter().map(u64::to_string).collect();
            body.insert("sticker_ids".to_owned(), stickers);
        }
        body
    }
}

pub(crate) fn say(
    shared: &Shared,
    user: u64,
    channel: u64,
    content: &str,
    along: &Along,
) -> Result<u64, Error> {
    let files = shared.look(|backend| {
        let files = along.files.iter().map(|name| {
            let file = backend.world.file_at_hand(name);
            file.ok_or_else(|| Error::refused(format!("{name} is not at hand: put_file first")))
        });
        files.collect::<Result<Vec<_>, _>>()
    })?;
    let draft = Draft {
        author: user,
        channel,
        body: along.body(content),
        files,
        ..Draft::default()
    };
    let step = |told: Told<'_>| ScenarioStep::Say {
        user: told.user(),
        text: content.to_owned(),
        channel: told.channel(),
        reply_to: along.reply_to.and_then(|message| told.message(message)),
        stickers: told.stickers(&along.stickers),
        files: along.files.clone(),
    };
    act(shared, (user, channel), step, |world| {
        world.may_say(user, channel, &draft.body, !draft.files.is_empty())?;
        world.post(draft)
    })
}

pub(crate) fn react(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    emoji: &str,
    burst: bool,
) -> Result<(), Error> {
    let parsed = Emoji::parse(emoji).map_err(|_| Error::refused(format!("{emoji} is no emoji")))?;
    let step = |told: Told<'_>| ScenarioStep::React {
        user: told.user(),
        emoji: emoji.to_owned(),
        burst,
        channel: told.channel(),
        message: told.message(message),
    };
    act(shared, (user, channel), step, |world| {
        world.react(channel, message, user, &parsed, burst)
    })
}

pub(crate) fn unreact(
    shared: &Shared,
    user: u64,
    channel: u64,
    message: u64,
    emoji: &str,
) -> Result<(), Error> {
    let parsed = Emoji::parse(emoji).map_err(|_| Error::refused(format!("{emoji} is no emoji")))?;
    let step = |told: Told<'_>| ScenarioStep::Unreact {
        user: told.user(),
        emoji: emoji.to_owned(),
        channel: told.channel(),
        message: told.message(message),
    };
    act(shared, (user, channel), step, |world| {
        let there = world.kept(channel, message)?.reactions.iter();
        // A person sees what stands there and cannot take away anything else.
        if !there.into_iter().any(|reaction| reaction.emoji == parsed) {
            return Ok(());
        }
        world.unreact(channel, message, user, &parsed)
    })
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
    let step = |told: Told<'_>| ScenarioStep::Edit {
        user: told.user(),
        text: content.to_owned(),
        channel: told.channel(),
        message: told.message(message),
    };
    act(shared, (user, channel), step, |world| {
        if world.kept(channel, message)?.author() != Some(user) {
            let text = "Cannot edit a message authored by another user";
            return Err(Failure::new(403, 50005, text));
        }
        world.edit(channel, message, &body, Vec::new())
    })
}

/// Deletes a message of the user's own, or of another's for who may.
pub(crate) fn delete(shared: &Shared, user: u64, channel: u64, message: u64) -> Result<(), Error> {
    let step = |told: Told<'_>| ScenarioStep::Delete {
        user: told.user(),
        channel: told.channel(),
        message: told.message(message),
    };
    act(shared, (user, channel), step, |world| {
        let own = world.kept(channel, message)?.author() == Some(user);
        let may = world.channel_guild(channel).is_some()
            && world.channel_permissions(channel, user) & permission::MANAGE_MESSAGES != 0;
        if !own && !may {
            return Err(Failure::missing_permissions());
        }
        world.delete(channel, message)
    })
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
    let step = |told: Told<'_>| ScenarioStep::Vote {
        user: told.user(),
        answer,
        taken_back: taken,
        channel: told.channel(),
        message: told.message(message),
    };
    act(shared, (user, channel), step, |world| {
        if taken {
            world.unvote(channel, message, user, answer)
        } else {
            world.vote(channel, message, user, answer)
        }
    })
}

pub(crate) async fn slash(
    shared: &Shared,
    user: u64,
    channel: u64,
    text: &str,
) -> Result<(u64, Outcome), Error> {
    let step = |told: Told<'_>| ScenarioStep::Slash {
        user: told.user(),
        text: text.to_owned(),
        channel: told.channel(),
        expect: Expected::default(),
    };
    let find = |world: &World, guild| world.understand(guild, text, false);
    let id = begin(shared, (user, channel), APPLICATION_COMMAND, step, find)?;
    answered(shared, id, text).await
}

/// Types a command without sending it, so that its last option asks for completion.
pub(crate) async fn complete(
    shared: &Shared,
    user: u64,
    channel: u64,
    text: &str,
) -> Result<(u64, Outcome), Error> {
    let step = |told: Told<'_>| ScenarioStep::Complete {
        user: told.user(),
        text: text.to_owned(),
        channel: told.channel(),
        choices: Vec::new(),
    };
    let find = |world: &World, guild| world.understand(guild, text, true);
    let id = begin(shared, (user, channel), AUTOCOMPLETE, step, find)?;
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
    let step = |told: Told<'_>| {
        let label = told.label(message, custom_id);
        let (user, channel, message) = (told.user(), told.channel(), told.message(message));
        let expect = Expected::default();
        if values.is_empty() {
            ScenarioStep::Click {
                user,
                button: label,
                channel,
                message,
                expect,
            }
        } else {
            ScenarioStep::Choose {
                user,
                select: label,
                values: values.to_vec(),
                channel,
                message,
                expect,
            }
        }
    };
    let id = act(shared, (user, channel), step, |world| {
        world.press(user, channel, message, custom_id, values)
    })?;
    answered(shared, id, &format!("the component {custom_id}")).await
}

pub(crate) async fn submit(
    shared: &Shared,
    opener: u64,
    entered: &[(String, String)],
) -> Result<(u64, Outcome), Error> {
    let place = shared.look(|backend| {
        let known = backend.world.interactions.get(&opener);
        known.map(|known| (known.user, known.channel))
    });
    let place = place.ok_or_else(|| Error::refused("no such interaction"))?;
    let step = |told: Told<'_>| {
        let named = |(id, text): &(String, String)| (told.field(opener, id), text.clone());
        ScenarioStep::Fill {
            user: told.user(),
            fields: entered.iter().map(named).collect(),
            expect: Expected::default(),
        }
    };
    let id = act(shared, place, step, |world| world.submit(opener, entered))?;
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
    let step = |told: Told<'_>| {
        let (on_user, message) = match target {
            Target::User(user) => (Some(told.name(user)), None),
            Target::Message(_, message) => (None, told.message(message)),
        };
        ScenarioStep::Menu {
            user: told.user(),
            command: name.to_owned(),
            on_user,
            message,
            channel: told.channel(),
            expect: Expected::default(),
        }
    };
    let find = |world: &World, guild| world.aim(guild, name, target);
    let id = begin(shared, (user, channel), APPLICATION_COMMAND, step, find)?;
    answered(shared, id, name).await
}

fn begin(
    shared: &Shared,
    (user, channel): (u64, u64),
    kind: u64,
    step: impl FnOnce(Told<'_>) -> ScenarioStep,
    find: impl FnOnce(&World, Option<u64>) -> Result<Typed, String>,
) -> Result<u64, Error> {
    act(shared, (user, channel), step, |world| {
        let guild = world.channel_guild(channel);
        let Typed { data, name } = find(world, guild)?;
        world.may_use(data.key("id").unwrap_or_default(), user, channel)?;
        Ok::<_, String>(world.begin(Deed {
            kind,
            user,
            channel,
            data,
            name: Some(name),
            source: None,
            opened_by: None,
        }))
    })
}

/// Does something as this user in this channel, and tells it as `step` to who takes it down.
pub(super) fn act<T, E: ToString>(
    shared: &Shared,
    (user, channel): (u64, u64),
    step: impl FnOnce(Told<'_>) -> ScenarioStep,
    deed: impl FnOnce(&mut World) -> Result<T, E>,
) -> Result<T, Error> {
    let step = |world: &World| step(Told::new(world, user, channel));
    shared
        .with(|backend, now| backend.act(now, step, deed))
        .map_err(|why| Error::refused(why.to_string()))
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
    let then = format!(
        "what the bot shows for {what}: the answer is deferred (\"is thinking …\") and never comes"
    );
    let outcome = shared
        .until(&then, shared.patience, |backend| backend.world.outcome(id))
        .await?;
    Ok((id, outcome))
}

/// A response sent at the last moment is still on its way when the deadline passes.
const AFTER_DEADLINE: Duration = Duration::from_millis(500);
