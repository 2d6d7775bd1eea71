//! What a mirror keeps.

use std::time::Duration;

use ovenjs_types::{EventKind, Interest};

use super::{Field, Fields};
use crate::packed::{
    Unwanted,
    shapes::{CHUNK, FEEDBACK, GUILD, MESSAGE, VOICE_STATE},
};

/// Which kinds a mirror keeps, which of their fields, how many and for how long.
///
/// Guilds, their channels, active threads, roles and stages are always kept: they come with the intent
/// `GUILDS`, and nothing is known without them. All else is off until it is asked for, since it asks for
/// intents and takes memory. Auto moderation rules, integrations, webhooks and bans are not kept at all: few bots
/// ask for them again and again, and a request tells.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_cache::mirror::{Field, Keep};
///
/// let keep = Keep::new()
///     .members(true)
///     .without(Field::Avatars)
///     .messages(50)
///     .without(Field::Embeds)
///     .messages_for(Duration::from_secs(3_600));
/// assert!(keep.members && keep.without.has(Field::Embeds));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keep {
    /// Members, and so users; about 80 bytes each. Default: off, and then the bot itself alone. Needs the
    /// privileged intent `GUILD_MEMBERS`; of large guilds Discord sends most members only when asked.
    pub members: bool,
    /// Whether members are also taken from events that are about something else: from who writes, speaks, types, reacts
    /// or uses a command. Default: off, since each change of a member has an event of its own, and a message takes half
    /// as long again with it. On, it makes members of large guilds known as they show themselves. It works where members
    /// are kept, and on events that come for something else: it needs no intent.
    pub seen_members: bool,
    /// Who is online, and what they do; about 40 bytes each. Default: off. Needs the privileged intent
    /// `GUILD_PRESENCES`.
    pub presences: bool,
    /// Who is in which voice channel; about 50 bytes each. Default: off. Needs the intent
    /// `GUILD_VOICE_STATES`.
    pub voice_states: bool,
    /// Emojis, stickers and the sounds of soundboards. Default: off. Needs the intent `GUILD_EXPRESSIONS`.
    pub expressions: bool,
    /// Events that guilds have planned. Default: off. Needs the intent `GUILD_SCHEDULED_EVENTS`.
    pub scheduled_events: bool,
    /// Invites that are made while the bot listens, until they are deleted or [expire](super::Mirror::expire). Default:
    /// off. Needs the intent `GUILD_INVITES`, and of Discord the permission to manage channels.
    pub invites: bool,
    /// How many messages of each channel, the newest ones. Default: 0, since content is other people's; a
    /// moderation bot that wants to know what was deleted sets it. About 100 bytes and the text for each.
    pub messages: usize,
    /// How many messages in all. Default: none, so that [`messages`](Self::messages) of each channel bound them.
    /// Where there are more, whole channels lose theirs, those first in which nothing was written for longest.
    pub messages_in_all: Option<usize>,
    /// Whether reactions to kept messages are kept, with the bot's own told apart. Default: off, and then messages have
    /// none. Needs the intents `GUILD_MESSAGE_REACTIONS` and `DIRECT_MESSAGE_REACTIONS`.
    pub reactions: bool,
    /// Whether votes for the polls of kept messages are counted. Default: off, and then polls have the votes with which
    /// Discord last sent them. Needs the intents `GUILD_MESSAGE_POLLS` and `DIRECT_MESSAGE_POLLS`.
    pub poll_votes: bool,
    /// For how long messages are kept, counted from when they were written. Default: none, so until newer ones
    /// take their place. Each new message takes those of its channel with it that are too old; those of silent
    /// channels go with [`expire`](super::Mirror::expire).
    pub messages_for: Option<Duration>,
    /// How many members of each guild, beside the bot. Default: none, so all that Discord tells of. Of a guild that
    /// has more, those are kept who were told of first; it says that not all of them are known.
    pub members_per_guild: Option<usize>,
    /// Fields that are not kept, of whatever kind. Default: none of them, so that all are kept.
    pub without: Fields,
    /// How many bytes all of it may take, as [`MirrorStats::bytes`](super::MirrorStats::bytes) counts them.
    /// Default: none, so that what the kinds above bound is all. Where an event makes it more, things go before
    /// [`apply`](super::Mirror::apply) returns: messages of the channels in which nothing was written for longest,
    /// then presences, then members of the guilds that were not read for longest, at last whole guilds.
    /// Set it well above what guilds take without those three, which is some kilobytes each.
    pub bytes: Option<usize>,
}

impl Keep {
    /// The defaults named at each field.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            members: false,
            seen_members: false,
            presences: false,
            voice_states: false,
            expressions: false,
            scheduled_events: false,
            invites: false,
            messages: 0,
            messages_in_all: None,
            reactions: false,
            poll_votes: false,
            messages_for: None,
            members_per_guild: None,
            without: Fields::none(),
            bytes: None,
        }
    }

    /// Sets whether members are kept.
    #[must_use]
    pub const fn members(mut self, members: bool) -> Self {
        self.members = members;
        self
    }

    /// Sets whether members are also taken from events that are about something else.
    #[must_use]
    pub const fn seen_members(mut self, seen_members: bool) -> Self {
        self.seen_members = seen_members;
        self
    }

    /// Sets whether presences are kept.
    #[must_use]
    pub const fn presences(mut self, presences: bool) -> Self {
        self.presences = presences;
        self
    }

    /// Sets whether voice states are kept.
    #[must_use]
    pub const fn voice_states(mut self, voice_states: bool) -> Self {
        self.voice_states = voice_states;
        self
    }

    /// Sets whether emojis, stickers and sounds are kept.
    #[must_use]
    pub const fn expressions(mut self, expressions: bool) -> Self {
        self.expressions = expressions;
        self
    }

    /// Sets whether scheduled events are kept.
    #[must_use]
    pub const fn scheduled_events(mut self, scheduled_events: bool) -> Self {
        self.scheduled_events = scheduled_events;
        self
    }

    /// Sets whether invites are kept.
    #[must_use]
    pub const fn invites(mut self, invites: bool) -> Self {
        self.invites = invites;
        self
    }

    /// Sets how many messages of each channel are kept.
    #[must_use]
    pub const fn messages(mut self, per_channel: usize) -> Self {
        self.messages = per_channel;
        self
    }

    /// Sets how many messages are kept in all.
    #[must_use]
    pub const fn messages_in_all(mut self, messages: usize) -> Self {
        self.messages_in_all = Some(messages);
        self
    }

    /// Sets whether reactions to kept messages are kept.
    #[must_use]
    pub const fn reactions(mut self, reactions: bool) -> Self {
        self.reactions = reactions;
        self
    }

    /// Sets whether votes for the polls of kept messages are counted.
    #[must_use]
    pub const fn poll_votes(mut self, poll_votes: bool) -> Self {
        self.poll_votes = poll_votes;
        self
    }

    /// Sets for how long messages are kept.
    #[must_use]
    pub const fn messages_for(mut self, age: Duration) -> Self {
        self.messages_for = Some(age);
        self
    }

    /// Sets how many members of each guild are kept.
    #[must_use]
    pub const fn members_per_guild(mut self, members: usize) -> Self {
        self.members_per_guild = Some(members);
        self
    }

    /// Leaves a field out; more than one by more than one call.
    #[must_use]
    pub const fn without(mut self, field: Field) -> Self {
        self.without = self.without.with(field);
        self
    }

    /// Sets how many bytes all of it may take.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Whether anything of it goes because of its age alone, so that [`expire`](super::Mirror::expire) has something to do.
    #[must_use]
    pub const fn expires(&self) -> bool {
        self.messages_for.is_some() || self.invites
    }

    /// How many messages of one channel.
    pub(super) fn messages_of_channel(&self) -> usize {
        let in_all = self.messages_in_all.unwrap_or(usize::MAX);
        self.messages.min(in_all)
    }

    const fn sees_members(&self) -> bool {
        self.members && self.seen_members
    }

    /// What is folded in: what was asked for, and of other events that come anyway what they are good for.
    pub(super) fn folded(&self) -> Interest {
        use EventKind::*;
        // Pins come where somebody else asked for them, and the bot's own changes as a member always.
        let mut folded = self
            .interest()
            .with(ChannelPinsUpdate)
            .with(GuildMemberUpdate);
        if self.sees_members() {
            let showing = [
                MessageCreate,
                MessageReactionAdd,
                VoiceStateUpdate,
                TypingStart,
            ];
            folded = showing.into_iter().fold(folded, Interest::with);
        }
        folded
    }

    /// What of all events is not kept.
    pub(super) fn unwanted(&self) -> Unwanted {
        let mut unwanted = Unwanted::default();
        // Among the members of a guild is the bot, so its list is wanted always.
        let lists = [
            (self.members, &CHUNK, &["members"][..]),
            (self.presences, &CHUNK, &["presences"]),
            (self.presences, &GUILD, &["presences"]),
            (self.voice_states, &GUILD, &["voice_states"]),
            (
                self.expressions,
                &GUILD,
                &["emojis", "stickers", "soundboard_sounds"],
            ),
            (self.scheduled_events, &GUILD, &["guild_scheduled_events"]),
            (self.reactions, &MESSAGE, &["reactions"]),
            (self.sees_members(), &MESSAGE, &["member"]),
            (self.sees_members(), &VOICE_STATE, &["member"]),
            (self.sees_members(), &FEEDBACK, &["member"]),
        ];
        for (_, table, names) in lists.iter().filter(|(is_kept, ..)| !is_kept) {
            unwanted.add(table, names);
        }
        self.without.refuse(&mut unwanted);
        unwanted
    }

    /// What has to be seen so that what is kept stays true.
    pub(super) fn interest(&self) -> Interest {
        use EventKind::*;
        // CHANNEL_PINS_UPDATE needs the intent of private messages, so pins are folded in where messages are kept or
        // somebody else asked for it.
        let always: &[EventKind] = &[
            Ready,
            UserUpdate,
            GuildCreate,
            GuildUpdate,
            GuildDelete,
            GuildRoleCreate,
            GuildRoleUpdate,
            GuildRoleDelete,
            ChannelCreate,
            ChannelUpdate,
            ChannelDelete,
            ThreadCreate,
            ThreadUpdate,
            ThreadDelete,
            ThreadListSync,
            ThreadMemberUpdate,
            ThreadMembersUpdate,
            StageInstanceCreate,
            StageInstanceUpdate,
            StageInstanceDelete,
        ];
        let asked: [(bool, &[EventKind]); 10] = [
            (
                self.members,
                &[
                    GuildMemberAdd,
                    GuildMemberUpdate,
                    GuildMemberRemove,
                    GuildMembersChunk,
                ],
            ),
            (
                self.presences,
                &[PresenceUpdate, GuildMemberRemove, GuildMembersChunk],
            ),
            (self.voice_states, &[VoiceStateUpdate]),
            (self.sees_members(), &[InteractionCreate]),
            (self.invites, &[InviteCreate, InviteDelete]),
            (
                self.expressions,
                &[
                    GuildEmojisUpdate,
                    GuildStickersUpdate,
                    GuildSoundboardSoundCreate,
                    GuildSoundboardSoundUpdate,
                    GuildSoundboardSoundDelete,
                    GuildSoundboardSoundsUpdate,
                    SoundboardSounds,
                ],
            ),
            (
                self.scheduled_events,
                &[
                    GuildScheduledEventCreate,
                    GuildScheduledEventUpdate,
                    GuildScheduledEventDelete,
                ],
            ),
            (
                self.messages > 0,
                &[
                    MessageCreate,
                    MessageUpdate,
                    MessageDelete,
                    MessageDeleteBulk,
                    ChannelPinsUpdate,
                ],
            ),
            (
                self.messages > 0 && self.reactions,
                &[
                    MessageReactionAdd,
                    MessageReactionRemove,
                    MessageReactionRemoveAll,
                    MessageReactionRemoveEmoji,
                ],
            ),
            (
                self.messages > 0 && self.poll_votes,
                &[MessagePollVoteAdd, MessagePollVoteRemove],
            ),
        ];
        let asked = asked.into_iter().filter(|(asked, _)| *asked);
        let asked = asked.flat_map(|(_, kinds)| kinds);
        always.iter().chain(asked).copied().collect()
    }
}
