//! What is worked out from what is kept.

use ovenjs_types::{
    ChannelType, Id, Member, Overwrite, PermissionCalculator, PermissionPlace, Permissions,
    Timestamp,
    marker::{ChannelMarker, GenericMarker, GuildMarker, RoleMarker, UserMarker},
};

use super::{Mirror, block::Block};
use crate::packed::{Object, Value, shapes::*};

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
            Some(block.calculator(user, now, &[])?.in_guild())
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
        let is_bot = self.0.shared.bot_id() == Some(user.get());
        const KIND: u8 = CHANNEL.at("type");
        const OVERWRITES: u8 = CHANNEL.at("permission_overwrites");

        self.look(guild.get(), |block, _| {
            if let Some(record) = block.channels.get(channel.get()) {
                let record = Object::new(&CHANNEL, record);
                let overwrites = record.at(OVERWRITES).into_iter().flat_map(Value::values);
                let overwrites: Vec<_> = overwrites.filter_map(overwrite).collect();
                let kind = record.at(KIND).and_then(Value::number)?;
                let kind = ChannelType::from(u32::try_from(kind).ok()?);
                let place = PermissionPlace::new(kind, &overwrites);
                return Some(block.calculator(user, now, &overwrites)?.in_channel(&place));
            }
            let thread = block.channel(channel.get())?;
            let parent = block.channel(thread.parent_id?.get())?;
            let is_joined = is_bot && thread.member.is_some();
            let place = PermissionPlace::thread(&thread, &parent, is_joined);
            let calculator = block.calculator(user, now, &parent.permission_overwrites)?;
            Some(calculator.in_channel(&place))
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
            let holders = after.filter(|(_, member)| {
                let roles = block.role_sets.roles(member.set);
                roles.binary_search(&role).is_ok()
            });
            let members =
                holders.filter_map(|(user, member)| block.read_member(shared, user, member));
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
        let mut guilds = Vec::new();
        self.look_at_all(|block| {
            if block.members.head(user.get()).is_some() {
                guilds.extend(Id::new_checked(block.id));
            }
        });
        guilds.sort_unstable();
        guilds
    }
}

impl Block {
    /// The rules of Discord for one member, as far as these overwrites go.
    fn calculator(
        &self,
        user: Id<UserMarker>,
        now: Timestamp,
        overwrites: &[Overwrite],
    ) -> Option<PermissionCalculator> {
        let member = self.members.head(user.get())?;
        let held = self.role_sets.permissions(member.set(), |roles| {
            // `@everyone` is the role with the guild's id. Roles that the guild does not list grant nothing.
            let all = roles.iter().map(|role| role.get()).chain([self.id]);
            let bits = all
                .filter_map(|role| Object::new(&ROLE, self.roles.get(role)?).number("permissions"));
            bits.fold(0, |held, bits| held | bits)
        });
        let mut calculator = PermissionCalculator::new(Id::new_checked(self.id)?, user)
            .everyone(Permissions::from_bits(held));
        if self.owner == user.get() {
            calculator = calculator.owner();
        }
        if member.is_timed_out() {
            let record = self.members.get(user.get())?;
            let until = record.rest.time("communication_disabled_until");
            if until.is_some_and(|until| until > now) {
                calculator = calculator.timed_out();
            }
        }
        let roles = self.role_sets.roles(member.set());
        for overwrite in overwrites {
            let role = overwrite.id.cast();
            // A role that is gone has no say, but Discord takes its overwrites along.
            if roles.binary_search(&role).is_ok() && self.roles.get(role.get()).is_some() {
                calculator = calculator.role(role, Permissions::empty());
            }
        }
        Some(calculator)
    }
}

/// An overwrite of a channel.
fn overwrite(value: Value<'_>) -> Option<Overwrite> {
    let object = value.object()?;
    let id: Id<GenericMarker> = Id::new_checked(object.id("id")?)?;
    let overwrite = match object.number("type")? {
        0 => Overwrite::role(id.cast()),
        1 => Overwrite::member(id.cast()),
        _ => return None,
    };
    let bits = |name| Permissions::from_bits(object.number(name).unwrap_or_default());
    Some(overwrite.allow(bits("allow")).deny(bits("deny")))
}
