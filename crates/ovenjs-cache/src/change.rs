//! What an event changed.

use std::sync::Arc;

use ovenjs_types::{
    Channel, Emoji, Guild, GuildScheduledEvent, InviteCreate, Member, Message, Presence, Role,
    SoundboardSound, StageInstance, Sticker, User, VoiceState,
};

/// What an event changed in the cache, with the old value and the new.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// Nothing: the kind is not kept, or the object was not known.
    Nothing,
    /// A guild, including its roles and emojis.
    Guild(Delta<Guild>),
    /// A channel or thread.
    Channel(Delta<Channel>),
    /// A member.
    Member(Delta<Member>),
    /// One message; of a bulk deletion, only the count of messages kept matters and this is
    /// [`Nothing`](Self::Nothing).
    Message(Delta<Message>),
    /// The messages of a bulk deletion that were known; none of them after it.
    Messages(Delta<Vec<Message>>),
    /// A role.
    Role(Delta<Role>),
    /// A presence; none for whoever is offline.
    Presence(Delta<Presence>),
    /// A voice state; none for whoever is in no channel.
    VoiceState(Delta<VoiceState>),
    /// All emojis of a guild.
    Emojis(Delta<Vec<Emoji>>),
    /// All stickers of a guild.
    Stickers(Delta<Vec<Sticker>>),
    /// All sounds of a guild.
    Sounds(Delta<Vec<SoundboardSound>>),
    /// A stage.
    Stage(Delta<StageInstance>),
    /// An invite.
    Invite(Delta<InviteCreate>),
    /// A scheduled event.
    ScheduledEvent(Delta<GuildScheduledEvent>),
    /// The bot's own user.
    CurrentUser(Delta<User>),
}

/// An object before and after an event.
#[derive(Debug)]
pub struct Delta<T> {
    /// As it was; none when it was not known.
    pub before: Option<Arc<T>>,
    /// As it is; none when it is gone.
    pub after: Option<Arc<T>>,
}

impl<T> Clone for Delta<T> {
    fn clone(&self) -> Self {
        Self {
            before: self.before.clone(),
            after: self.after.clone(),
        }
    }
}
