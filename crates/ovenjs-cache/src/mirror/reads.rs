//! What is given out: owned values of the model.

use std::sync::PoisonError;

use ovenjs_types::{
    Channel, Emoji, Guild, GuildScheduledEvent, Id, Member, Message, Presence, Role,
    SoundboardSound, StageInstance, Sticker, User, VoiceState,
    marker::{
        ChannelMarker, GuildMarker, MessageMarker, RoleMarker, ScheduledEventMarker, StageMarker,
        UserMarker,
    },
};
use serde::de::DeserializeOwned;

use super::{
    MemberRoles, Mirror, PackedMember, Stripe,
    away::Away,
    block::{Block, Shared},
    members::MemberRecord,
    messages::{MessagePlace, message_parts},
    read_lock, typed,
};
use crate::packed::{Beside, Object, Record, Shape, shapes::*};

/// How far what is known of a guild can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuildState {
    /// Whether events may have been lost since Discord last sent the guild whole.
    pub is_stale: bool,
    /// Whether Discord has an outage there: what is known is from before.
    pub is_unavailable: bool,
    /// Whether as many members are known as the guild has. Of large guilds Discord sends only some until all
    /// are asked for, and the [budget](super::Keep::bytes) may have taken some.
    pub has_all_members: bool,
    /// Whether the budget has taken presences: who has none may be online.
    pub lacks_presences: bool,
    /// Whether it is kept elsewhere and not read here until it is [brought back](Mirror::bring_back). Nothing else
    /// is said then but whether it is stale.
    pub is_away: bool,
}

impl Mirror {
    /// The bot's own user, once the first `READY` has come.
    #[must_use]
    pub fn current_user(&self) -> Option<User> {
        let bot = self
            .0
            .shared
            .bot
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let (id, user) = bot.as_ref()?;
        typed::user(*id, user).map(|user| *user)
    }

    /// A guild with its roles, and with its emojis and stickers where they are kept. All else of it is read
    /// on its own.
    #[must_use]
    pub fn guild(&self, id: Id<GuildMarker>) -> Option<Guild> {
        self.look(id.get(), |block, _| block.guild())
    }

    /// How far what is known of a guild can be relied on; none where it is not known.
    #[must_use]
    pub fn state(&self, id: Id<GuildMarker>) -> Option<GuildState> {
        let here = self.look(id.get(), |block, _| {
            Some(GuildState {
                is_stale: block.is_stale,
                is_unavailable: block.is_unavailable,
                has_all_members: block.knows_all_members(),
                lacks_presences: block.lacks_presences,
                is_away: false,
            })
        });
        here.or_else(|| {
            let away = |stripe: &Stripe| stripe.away.get(&id.get()).map(Away::is_stale);
            Some(GuildState {
                is_stale: self.with_stripe(id.get(), away)??,
                is_away: true,
                ..GuildState::default()
            })
        })
    }

    /// The ids of all guilds that are known, those that are away among them, in the order of their ids.
    #[must_use]
    pub fn guild_ids(&self) -> Vec<Id<GuildMarker>> {
        let mut ids = Vec::new();
        for stripe in &self.0.stripes {
            let stripe = read_lock(stripe);
            let known = stripe.blocks.keys().chain(stripe.away.keys());
            ids.extend(known.filter_map(|id| Id::new_checked(*id)));
        }
        ids.sort_unstable();
        // One that leaves just now is both.
        ids.dedup();
        ids
    }

    /// A channel or an active thread.
    #[must_use]
    pub fn channel(&self, id: Id<ChannelMarker>) -> Option<Channel> {
        let guild = self.0.shared.places.guild(id.get())?;
        self.look(guild, |block, _| block.channel(id.get()))
    }

    /// The channels of a guild, then its active threads, each in the order of their ids.
    #[must_use]
    pub fn channels(&self, guild: Id<GuildMarker>) -> Vec<Channel> {
        let channels = self.look(guild.get(), |block, _| {
            let all = block.channels.iter().chain(block.threads.iter());
            Some(
                all.filter_map(|(id, record)| block.read_channel(id, record))
                    .collect(),
            )
        });
        channels.unwrap_or_default()
    }

    /// A role.
    #[must_use]
    pub fn role(&self, guild: Id<GuildMarker>, id: Id<RoleMarker>) -> Option<Role> {
        self.look(guild.get(), |block, _| block.role(id.get()))
    }

    /// A member, with their user.
    #[must_use]
    pub fn member(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Option<Member> {
        let mut read = Member::new();
        self.look(guild.get(), |block, shared| {
            let member = block.members.get(user.get())?;
            block.fill_member(shared, user.get(), member, &mut read)
        })?;
        Some(read)
    }

    /// A member as it lies in the mirror, without their user: to read one or two fields of it, which takes a
    /// fraction of the time in which [`member`](Self::member) builds all of them.
    ///
    /// ```
    /// # use ovenjs_cache::mirror::{Keep, Mirror};
    /// # use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
    /// # let mirror = Mirror::new(Keep::new().members(true));
    /// # let raw = br#"{"id":"1","members":[{"user":{"id":"80","username":"ann"},"nick":"Ann","roles":["7","3"]}]}"#;
    /// # let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// # mirror.apply(&create, &mut Scratch::new());
    /// let ann = mirror.packed_member(Id::new(1), Id::new(80)).unwrap();
    /// assert!(ann.has_role(Id::new(7)) && !ann.has_role(Id::new(8)));
    /// assert_eq!((ann.nick(), ann.roles().len()), (Some("Ann"), 2));
    /// ```
    #[must_use]
    pub fn packed_member(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> Option<PackedMember> {
        self.look(guild.get(), |block, _| {
            let member = block.members.get(user.get())?;
            let roles = block.role_sets.member_roles(member.set)?;
            Some(PackedMember::new(guild, user, member.rest.bytes(), roles))
        })
    }

    /// The roles that a member holds: found without the member, at a fraction of what reading that takes.
    ///
    /// ```
    /// # use ovenjs_cache::mirror::{Keep, Mirror};
    /// # use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
    /// # let mirror = Mirror::new(Keep::new().members(true));
    /// # let raw = br#"{"id":"1","members":[{"user":{"id":"80","username":"ann"},"roles":["7","3"]}]}"#;
    /// # let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// # mirror.apply(&create, &mut Scratch::new());
    /// let roles = mirror.member_roles(Id::new(1), Id::new(80)).unwrap();
    /// assert!(roles.has(Id::new(7)) && !roles.has(Id::new(8)));
    /// assert_eq!(*roles, [Id::new(3), Id::new(7)]);
    /// ```
    #[must_use]
    pub fn member_roles(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> Option<MemberRoles> {
        self.look(guild.get(), |block, _| {
            let member = block.members.head(user.get())?;
            block.role_sets.member_roles(member.set())
        })
    }

    /// Some members of a guild in the order of their ids: the first `most` of those after `after`. So a large
    /// guild is gone through in pieces, without keeping its events waiting.
    ///
    /// ```
    /// # use ovenjs_cache::mirror::{Keep, Mirror};
    /// # use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
    /// # let mirror = Mirror::new(Keep::new().members(true));
    /// # let raw = br#"{"id":"1","members":[{"user":{"id":"81","username":"bob"}},{"user":{"id":"80","username":"ann"}}]}"#;
    /// # let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// # mirror.apply(&create, &mut Scratch::new());
    /// let (mut after, mut names) = (None, Vec::new());
    /// loop {
    ///     let members = mirror.members(Id::new(1), after, 1);
    ///     let Some(user) = members.last().and_then(|last| last.user.as_ref()) else { break };
    ///     after = Some(user.id);
    ///     names.push(user.username.clone());
    /// }
    /// assert_eq!(names, ["ann", "bob"]);
    /// ```
    #[must_use]
    pub fn members(
        &self,
        guild: Id<GuildMarker>,
        after: Option<Id<UserMarker>>,
        most: usize,
    ) -> Vec<Member> {
        let members = self.look(guild.get(), |block, shared| {
            let after = block.members.after(after.map_or(0, Id::get)).take(most);
            let read = |(id, member)| block.read_member(shared, id, member);
            Some(after.filter_map(read).collect())
        });
        members.unwrap_or_default()
    }

    /// A user whom some guild or kept message knows.
    #[must_use]
    pub fn user(&self, id: Id<UserMarker>) -> Option<User> {
        let users = &self.0.shared.users;
        let user = users.with(id.get(), |user| typed::user(id.get(), user))??;
        Some(*user)
    }

    /// The presence of a user in a guild; none for whoever is offline. The user in it is whole where they are
    /// known, and else has their id alone.
    #[must_use]
    pub fn presence(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Option<Presence> {
        self.look(guild.get(), |block, shared| {
            block.presence(shared, user.get())
        })
    }

    /// Where a user is in voice; none for whoever is not.
    #[must_use]
    pub fn voice_state(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Option<VoiceState> {
        self.look(guild.get(), |block, _| block.voice_state(user.get()))
    }

    /// All who are in voice in a guild, in the order of their ids.
    #[must_use]
    pub fn voice_states(&self, guild: Id<GuildMarker>) -> Vec<VoiceState> {
        let states = self.look(guild.get(), |block, _| {
            let states = block.voice_states.iter();
            Some(
                states
                    .filter_map(|(user, _)| block.voice_state(user))
                    .collect(),
            )
        });
        states.unwrap_or_default()
    }

    /// The emojis of a guild, in the order of their ids.
    #[must_use]
    pub fn emojis(&self, guild: Id<GuildMarker>) -> Vec<Emoji> {
        self.look(guild.get(), |block, _| Some(block.emojis()))
            .unwrap_or_default()
    }

    /// The stickers of a guild, in the order of their ids.
    #[must_use]
    pub fn stickers(&self, guild: Id<GuildMarker>) -> Vec<Sticker> {
        self.look(guild.get(), |block, _| Some(block.stickers()))
            .unwrap_or_default()
    }

    /// The sounds of a guild's soundboard, in the order of their ids.
    #[must_use]
    pub fn sounds(&self, guild: Id<GuildMarker>) -> Vec<SoundboardSound> {
        self.look(guild.get(), |block, _| Some(block.sounds()))
            .unwrap_or_default()
    }

    /// A stage that is live.
    #[must_use]
    pub fn stage(&self, guild: Id<GuildMarker>, id: Id<StageMarker>) -> Option<StageInstance> {
        self.look(guild.get(), |block, _| block.stage(id.get()))
    }

    /// A scheduled event that is not over.
    #[must_use]
    pub fn scheduled_event(
        &self,
        guild: Id<GuildMarker>,
        id: Id<ScheduledEventMarker>,
    ) -> Option<GuildScheduledEvent> {
        self.look(guild.get(), |block, _| block.scheduled_event(id.get()))
    }

    /// The stages of a guild that are live, in the order of their ids.
    #[must_use]
    pub fn stages(&self, guild: Id<GuildMarker>) -> Vec<StageInstance> {
        let stages = self.look(guild.get(), |block, _| {
            let ids = block.stages.iter().map(|(id, _)| id);
            Some(ids.filter_map(|id| block.stage(id)).collect())
        });
        stages.unwrap_or_default()
    }

    /// The scheduled events of a guild that are not over, in the order of their ids.
    #[must_use]
    pub fn scheduled_events(&self, guild: Id<GuildMarker>) -> Vec<GuildScheduledEvent> {
        let events = self.look(guild.get(), |block, _| {
            let ids = block.scheduled_events.iter().map(|(id, _)| id);
            Some(ids.filter_map(|id| block.scheduled_event(id)).collect())
        });
        events.unwrap_or_default()
    }

    /// A message, as long as it is among the newest of its channel. Its author is as known now.
    ///
    /// `guild` is none for private messages.
    #[must_use]
    pub fn message(
        &self,
        guild: Option<Id<GuildMarker>>,
        channel: Id<ChannelMarker>,
        id: Id<MessageMarker>,
    ) -> Option<Message> {
        let place = MessagePlace::new(channel, id);
        self.look(guild.map_or(0, Id::get), |block, shared| {
            block.message(shared, place)
        })
    }

    /// Whether a message that is kept may have changed, or gone, while nobody listened; none where it is not kept.
    ///
    /// In a guild it is so until the guild [comes anew](GuildState::is_stale). Private messages nobody sends anew:
    /// those from before a gap stay stale until they fall out.
    #[must_use]
    pub fn is_message_stale(
        &self,
        guild: Option<Id<GuildMarker>>,
        channel: Id<ChannelMarker>,
        id: Id<MessageMarker>,
    ) -> Option<bool> {
        let place = MessagePlace::new(channel, id);
        self.look(guild.map_or(0, Id::get), |block, _| {
            block.messages.record(place)?;
            Some(block.is_stale || id.get() <= block.stale_up_to)
        })
    }
}

impl MessagePlace {
    const fn new(channel: Id<ChannelMarker>, id: Id<MessageMarker>) -> Self {
        let (channel, id) = (channel.get(), id.get());
        Self { channel, id }
    }
}

impl Block {
    pub(super) fn guild(&self) -> Option<Guild> {
        let id = Beside::Id(self.id);
        let ids: Vec<_> = self
            .roles
            .iter()
            .map(|(id, _)| [("id", Beside::Id(id))])
            .collect();
        let roles = self.roles.iter().zip(&ids);
        let roles: Vec<_> = roles
            .map(|((_, role), beside)| Record {
                object: Object::new(&ROLE, role),
                beside,
            })
            .collect();
        let mut beside = vec![("id", id), ("roles", Beside::Records(&roles))];
        if self.is_unavailable {
            beside.push(("unavailable", Beside::Flag));
        }
        if let Some(count) = self.member_count {
            beside.push(("member_count", Beside::Number(count)));
        }
        let guild: Option<Guild> = read(&GUILD, &self.guild, &beside);
        let mut guild = guild.filter(|_| self.id != 0)?;
        guild.emojis = self.emojis();
        guild.stickers = self.stickers();
        Some(guild)
    }

    pub(super) fn channel(&self, id: u64) -> Option<Channel> {
        let record = self.channels.get(id).or_else(|| self.threads.get(id))?;
        self.read_channel(id, record)
    }

    fn read_channel(&self, id: u64, record: &[u8]) -> Option<Channel> {
        let mut channel: Channel = self.read(&CHANNEL, id, record)?;
        let last = self.messages.last(id).and_then(Id::new_checked);
        channel.last_message_id = channel.last_message_id.max(last);
        Some(channel)
    }

    pub(super) fn role(&self, id: u64) -> Option<Role> {
        read(&ROLE, self.roles.get(id)?, &[("id", Beside::Id(id))])
    }

    pub(super) fn member(&self, shared: &Shared, user: u64) -> Option<Member> {
        self.read_member(shared, user, self.members.get(user)?)
    }

    pub(super) fn read_member(
        &self,
        shared: &Shared,
        id: u64,
        member: MemberRecord<'_>,
    ) -> Option<Member> {
        let mut read = Member::new();
        self.fill_member(shared, id, member, &mut read)?;
        Some(read)
    }

    fn fill_member(
        &self,
        shared: &Shared,
        id: u64,
        member: MemberRecord<'_>,
        read: &mut Member,
    ) -> Option<()> {
        let user = shared.users.with(id, |user| typed::user(id, user))??;
        let roles = self.role_sets.roles(member.set);
        typed::member(read, member.rest, roles, self.id, user);
        Some(())
    }

    pub(super) fn presence(&self, shared: &Shared, id: u64) -> Option<Presence> {
        let presence = self.presences.get(id)?;
        let of_user = |user: &[u8]| {
            with_user(id, user, |user| {
                let beside = [
                    ("user", Beside::Record(user)),
                    ("guild_id", Beside::Id(self.id)),
                ];
                read(&PRESENCE, presence, &beside)
            })
        };
        let known = shared.users.with(id, of_user);
        known.unwrap_or_else(|| of_user(&[]))
    }

    pub(super) fn voice_state(&self, user: u64) -> Option<VoiceState> {
        let beside = [
            ("user_id", Beside::Id(user)),
            ("guild_id", Beside::Id(self.id)),
        ];
        read(&VOICE_STATE, self.voice_states.get(user)?, &beside)
    }

    pub(super) fn emojis(&self) -> Vec<Emoji> {
        let emojis = self.emojis.iter();
        let read = |(id, record)| read(&EMOJI, record, &[("id", Beside::Id(id))]);
        emojis.filter_map(read).collect()
    }

    pub(super) fn stickers(&self) -> Vec<Sticker> {
        let stickers = self.stickers.iter();
        stickers
            .filter_map(|(id, record)| self.read(&STICKER, id, record))
            .collect()
    }

    pub(super) fn sounds(&self) -> Vec<SoundboardSound> {
        let sounds = self.sounds.iter();
        let guild = Beside::Id(self.id);
        let read = |(id, record)| {
            read(
                &SOUND,
                record,
                &[("sound_id", Beside::Id(id)), ("guild_id", guild)],
            )
        };
        sounds.filter_map(read).collect()
    }

    pub(super) fn stage(&self, id: u64) -> Option<StageInstance> {
        self.read(&STAGE, id, self.stages.get(id)?)
    }

    pub(super) fn scheduled_event(&self, id: u64) -> Option<GuildScheduledEvent> {
        self.read(&SCHEDULED_EVENT, id, self.scheduled_events.get(id)?)
    }

    pub(super) fn message(&self, shared: &Shared, place: MessagePlace) -> Option<Message> {
        let MessagePlace { channel, id } = place;
        let (author, object) = message_parts(self.messages.record(place)?)?;
        let mut beside = vec![("id", Beside::Id(id)), ("channel_id", Beside::Id(channel))];
        if self.id != 0 {
            beside.push(("guild_id", Beside::Id(self.id)));
        }
        if author == 0 {
            let beside = &beside;
            return Record { object, beside }.read();
        }
        let message = shared.users.with(author, |user| {
            with_user(author, user, |user| {
                let mut beside = beside.clone();
                beside.push(("author", Beside::Record(user)));
                let beside = &beside;
                Record { object, beside }.read()
            })
        });
        message?
    }

    /// Something with an id, and a guild where it is not private.
    fn read<T: DeserializeOwned>(
        &self,
        shape: &'static Shape,
        id: u64,
        record: &[u8],
    ) -> Option<T> {
        let guild = ("guild_id", Beside::Id(self.id));
        let beside = [("id", Beside::Id(id)), guild];
        let known = if self.id == 0 { 1 } else { 2 };
        read(shape, record, beside.get(..known)?)
    }
}

fn read<T: DeserializeOwned>(
    shape: &'static Shape,
    record: &[u8],
    beside: &[(&'static str, Beside<'_>)],
) -> Option<T> {
    let object = Object::new(shape, record);
    Record { object, beside }.read()
}

/// A look at what is kept of a user, with their id, which is known from elsewhere.
fn with_user<T>(id: u64, user: &[u8], look: impl FnOnce(&Record<'_>) -> T) -> T {
    let object = Object::new(&USER, user);
    let beside = &[("id", Beside::Id(id))];
    look(&Record { object, beside })
}
