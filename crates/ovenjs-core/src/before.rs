//! What something was before an event, for handlers.

use std::{ops::Deref, sync::Arc};

use ovenjs_cache::Change;
use ovenjs_commands::{Call, Error, Extract, Failure};
use ovenjs_types::{
    Channel, Emoji, Guild, GuildScheduledEvent, Member, Message, Presence, Role, SoundboardSound,
    StageInstance, Sticker, User, VoiceState,
};

use crate::{App, Keep};

/// What something was before the event that called, as the [`Mirror`](crate::Mirror) knew it.
///
/// A handler takes it beside the event: with `On<MessageUpdate>` and `On<MessageDelete>` a `Before<Message>`,
/// with `On<MessageDeleteBulk>` a `Before<Vec<Message>>`, with `On<GuildMemberUpdate>` and
/// `On<GuildMemberRemove>` a `Before<Member>`, and so on for what [`Change`] lists. It is unpacked for the events
/// of those handlers alone.
///
/// None where the mirror did not know it, as of messages that are older than the bot or than the number that
/// is [kept](Keep::messages); where the event is of another type; and, while the number of shards changes, where
/// the event came [late](ovenjs_gateway::Delivery::Late).
///
/// What the mirror does not keep at all is an error before the start.
///
/// ```no_run
/// use ovenjs_core::{Before, Bot, Config, Failure, Keep, On, Result, event, routes};
/// use ovenjs_core::types::{Message, MessageDelete};
///
/// #[event]
/// async fn deleted(_: On<MessageDelete>, Before(message): Before<Message>) -> Result<(), Failure> {
///     if let Some(message) = message {
///         println!("{} had said: {}", message.author.username, message.content);
///     }
///     Ok(())
/// }
///
/// fn main() -> Result {
///     let mut config = Config::load()?;
///     config.mirror = Keep::new().messages(100);
///     Bot::new().routes(routes![deleted]).config(config).run()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Before<T>(pub Option<Arc<T>>);

impl<T> Deref for Before<T> {
    type Target = Option<Arc<T>>;

    fn deref(&self) -> &Option<Arc<T>> {
        &self.0
    }
}

impl<S: Send + Sync, T: Remembered> Extract<App<S>> for Before<T> {
    const BESIDE: bool = true;

    async fn extract(call: &mut Call<App<S>>) -> Result<Self, Failure> {
        let change = call.beside::<Change>();
        Ok(Self(change.and_then(T::before)))
    }

    fn check(app: &App<S>) -> Result<(), Error> {
        let Some(setting) = T::lacks(app.mirror.keep()) else {
            return Ok(());
        };
        Err(Error::declaration(format!(
            "wants what was there before, but the mirror keeps none of it: set `{setting}` of `mirror` in the configuration"
        )))
    }
}

/// What can be asked for as [`Before`].
#[diagnostic::on_unimplemented(
    message = "the mirror tells of no `{Self}` what it was before",
    note = "a guild, channel, member, message or messages, role, presence, voice state, stage, scheduled event, the bot's user, or all emojis, stickers or sounds"
)]
pub trait Remembered: Send + Sync + 'static {
    /// The value before this change; none where it is of something else.
    fn before(change: &Change) -> Option<Arc<Self>>;

    /// The setting of [`Keep`] without which none is kept, where it is not set.
    fn lacks(keep: &Keep) -> Option<&'static str>;
}

macro_rules! remembered {
    ($($type:ty, $change:ident $(, $setting:literal unless $is_kept:expr)?;)*) => {$(
        impl Remembered for $type {
            fn before(change: &Change) -> Option<Arc<Self>> {
                match change {
                    Change::$change(delta) => delta.before.clone(),
                    _ => None,
                }
            }

            fn lacks(_keep: &Keep) -> Option<&'static str> {
                $(
                    let is_kept: fn(&Keep) -> bool = $is_kept;
                    if !is_kept(_keep) {
                        return Some($setting);
                    }
                )?
                None
            }
        }
    )*};
}

remembered! {
    Guild, Guild;
    Channel, Channel;
    Role, Role;
    StageInstance, Stage;
    User, CurrentUser;
    Member, Member, "members" unless |keep| keep.members;
    Message, Message, "messages" unless |keep| keep.messages > 0;
    Vec<Message>, Messages, "messages" unless |keep| keep.messages > 0;
    Presence, Presence, "presences" unless |keep| keep.presences;
    VoiceState, VoiceState, "voice_states" unless |keep| keep.voice_states;
    Vec<Emoji>, Emojis, "expressions" unless |keep| keep.expressions;
    Vec<Sticker>, Stickers, "expressions" unless |keep| keep.expressions;
    Vec<SoundboardSound>, Sounds, "expressions" unless |keep| keep.expressions;
    GuildScheduledEvent, ScheduledEvent, "scheduled_events" unless |keep| keep.scheduled_events;
}
