//! What is worked out from what is kept.

use std::sync::PoisonError;

use ovenjs_types::{
    Id, Member, PermissionCalculator, PermissionPlace, Permissions, Timestamp,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};

use super::{
    Mirror,
    block::{Block, member_parts},
};
use crate::packed::{Object, shapes::*};

impl Mirror {
    /// What a member may do in a guild as a whole. `now` decides whether a time-out is over. None where the guild
    /// or the member is not known.
    ///
    /// Of a [stale](super::GuildState::is_stale) guild the answer may be yesterday's.
    #[must_use]
    pub fn permissions(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
        now: Timestamp,
    ) -> Option<Permissions> {
        self.look(guild.get(), |block, _| {
            Some(block.calculator(user, now)?.in_guild())
        })
    }

    /// What a member may do in a channel or an active thread. None where one of them is not known.
    ///
    /// Whoever is in a private thread sees it; of that the mirror knows about the bot alone.
    ///
    /// ```
    /// # use ovenjs_cache::mirror::{Keep, Mirror};
    /// # use ovenjs_types::{Dispatch, Id, Origin, Permissions, Timestamp, Version, json::Scratch};
    /// # let mirror = Mirror::new(Keep::new().members(true));
    /// # let raw = br#"{"id":"1","roles":[{"id":"1","permissions":"3072"}],
    /// #     "channels":[{"id":"2","type":0,"permission_overwrites":[{"id":"80","type":1,"allow":"0","deny":"2048"}]}],
    /// #     "members":[{"user":{"id":"80","username":"ann"}}]}"#;
    /// # let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// # mirror.apply(&create, &mut Scratch::new());
    /// # let now = Timestamp::UNIX_EPOCH;
    /// let (guild, channel, ann) = (Id::new(1), Id::new(2), Id::new(80));
    /// let may = mirror.permissions_in(guild, channel, ann, now).unwrap();
    /// assert!(may.contains(Permissions::VIEW_CHANNEL) && !may.contains(Permissions::SEND_MESSAGES));
    /// ```
    #[must_use]
    pub fn permissions_in(
        &self,
        guild: Id<GuildMarker>,
        channel: Id<ChannelMarker>,
        user: Id<UserMarker>,
        now: Timestamp,
    ) -> Option<Permissions> {
        let is_bot = self.bot_id() == Some(user.get());
        self.look(guild.get(), |block, _| {
            let calculator = block.calculator(user, now)?;
            let channel = block.channel(channel.get())?;
            if channel.kind.is_thread() {
                let parent = block.channel(channel.parent_id?.get())?;
                let is_joined = is_bot && channel.member.is_some();
                let place = PermissionPlace::thread(&channel, &parent, is_joined);
                Some(calculator.in_channel(&place))
            } else {
                Some(calculator.in_channel(&PermissionPlace::channel(&channel)))
            }
        })
    }

    /// Some of the members who hold a role, as [`members`](Self::members) gives them.
    #[must_use]
    pub fn members_with_role(
        &self,
        guild: Id<GuildMarker>,
        role: Id<RoleMarker>,
        after: Option<Id<UserMarker>>,
        most: usize,
    ) -> Vec<Member> {
        let members = self.look(guild.get(), |block, shared| {
            let after = block.members.after(after.map_or(0, Id::get));
            let holders = after.filter(|(_, record)| {
                let roles = member_parts(record).map(|(set, _)| block.role_sets.roles(set));
                roles.is_some_and(|roles| roles.binary_search(&role.get()).is_ok())
            });
            let members = holders.filter_map(|(user, _)| block.member(shared, user));
            Some(members.take(most).collect())
        });
        members.unwrap_or_default()
    }

    /// Who is in a voice channel, in the order of their ids.
    #[must_use]
    pub fn voice_channel(
        &self,
        guild: Id<GuildMarker>,
        channel: Id<ChannelMarker>,
    ) -> Vec<Id<UserMarker>> {
        let users = self.look(guild.get(), |block, _| {
            let is_there =
                |record| Object::new(&VOICE_STATE, record).id("channel_id") == Some(channel.get());
            let there = block
                .voice_states
                .iter()
                .filter(|(_, record)| is_there(record));
            Some(
                there
                    .filter_map(|(user, _)| Id::new_checked(user))
                    .collect(),
            )
        });
        users.unwrap_or_default()
    }

    /// The guilds in which a user is known as a member, in the order of their ids.
    #[must_use]
    pub fn shared_guilds(&self, user: Id<UserMarker>) -> Vec<Id<GuildMarker>> {
        let mut guilds: Vec<_> = self
            .all_blocks()
            .iter()
            .filter_map(|block| {
                let block = block.read().unwrap_or_else(PoisonError::into_inner);
                block.members.get(user.get())?;
                Id::new_checked(block.id)
            })
            .collect();
        guilds.sort_unstable();
        guilds
    }
}

impl Block {
    /// The rules of Discord for one member.
    fn calculator(&self, user: Id<UserMarker>, now: Timestamp) -> Option<PermissionCalculator> {
        let (set, member) = member_parts(self.members.get(user.get())?)?;
        let role = |role: u64| {
            let bits = Object::new(&ROLE, self.roles.get(role)?).number("permissions");
            Some(Permissions::from_bits(bits.unwrap_or_default()))
        };
        let mut calculator = PermissionCalculator::new(Id::new_checked(self.id)?, user)
            .everyone(role(self.id).unwrap_or_default());
        if Object::new(&GUILD, &self.guild).id("owner_id") == Some(user.get()) {
            calculator = calculator.owner();
        }
        let until = member.time("communication_disabled_until");
        if until.is_some_and(|until| until > now) {
            calculator = calculator.timed_out();
        }
        for id in self.role_sets.roles(set) {
            if let Some((id, permissions)) = Id::new_checked(*id).zip(role(*id)) {
                calculator = calculator.role(id, permissions);
            }
        }
        Some(calculator)
    }
}
