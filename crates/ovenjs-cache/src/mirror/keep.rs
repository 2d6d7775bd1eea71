//! What a mirror keeps.

use ovenjs_types::{EventKind, Interest};

use crate::packed::{
    Shape,
    shapes::{CHUNK, GUILD},
};

/// Which kinds a mirror keeps, and how much of them.
///
/// Guilds, their channels, active threads, roles and stages are always kept: they come with the intent
/// `GUILDS`, and nothing is known without them. All else is off until it is asked for, since it asks for
/// intents and takes memory. Which fields of a kind are kept is fixed; see the decision record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keep {
    /// Members, and so users; about 80 bytes each. Default: off, and then the bot itself alone. Needs the
    /// privileged intent `GUILD_MEMBERS`; of large guilds Discord sends most members only when asked.
    pub members: bool,
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
    /// How many messages of each channel, the newest ones. Default: 0, since content is other people's; a
    /// moderation bot that wants to know what was deleted sets it. About 100 bytes and the text for each.
    pub messages: usize,
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
            presences: false,
            voice_states: false,
            expressions: false,
            scheduled_events: false,
            messages: 0,
            bytes: None,
        }
    }

    /// Sets whether members are kept.
    #[must_use]
    pub const fn members(mut self, members: bool) -> Self {
        self.members = members;
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

    /// Sets how many messages of each channel are kept.
    #[must_use]
    pub const fn messages(mut self, per_channel: usize) -> Self {
        self.messages = per_channel;
        self
    }

    /// Sets how many bytes all of it may take.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// The lists at the top of an event that are not kept, as places of its table.
    pub(super) fn unwanted_lists(&self, shape: &'static Shape) -> u64 {
        // Among the members of a guild is the bot.
        let of_chunks = [(self.members, "members"), (self.presences, "presences")];
        let of_guilds = [
            (self.presences, "presences"),
            (self.voice_states, "voice_states"),
            (self.expressions, "emojis"),
            (self.expressions, "stickers"),
            (self.expressions, "soundboard_sounds"),
            (self.scheduled_events, "guild_scheduled_events"),
        ];
        let lists = if std::ptr::eq(shape, &GUILD) {
            of_guilds.iter()
        } else if std::ptr::eq(shape, &CHUNK) {
            of_chunks.iter()
        } else {
            return 0;
        };
        let unwanted = lists.filter(|(is_kept, _)| !is_kept);
        unwanted.fold(0, |places, (_, list)| places | shape.places(&[list]))
    }

    /// What has to be seen so that what is kept stays true.
    pub(super) fn interest(&self) -> Interest {
        use EventKind::*;
        // Not CHANNEL_PINS_UPDATE, which would ask for the intent of private messages: pins are folded in where
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
        let asked: [(bool, &[EventKind]); 6] = [
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
                ],
            ),
        ];
        let asked = asked.into_iter().filter(|(asked, _)| *asked);
        let asked = asked.flat_map(|(_, kinds)| kinds);
        always.iter().chain(asked).copied().collect()
    }
}
