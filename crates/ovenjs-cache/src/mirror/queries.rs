//! What is worked out from what is kept.

use ovenjs_types::{
    ChannelType, Id, Member, Overwrite, OverwriteType, PermissionCalculator, PermissionPlace,
    Permissions, Timestamp,
    marker::{ChannelMarker, GenericMarker, GuildMarker, RoleMarker, UserMarker},
};

use super::{Mirror, block::Block, heads::Head};
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
            let member = block.members.head(user.get())?;
            Some(block.calculator(user, member, now)?.in_guild())
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
        self.look(guild.get(), |block, shared| {
            let member = block.members.head(user.get())?;
            let held = block.permissions_in(user, member, channel.get(), now);
            if held.is_some() {
                return held;
            }
            let mut calculator = block.calculator(user, member, now)?;
            let held = block.role_sets.roles(member.set());
            let thread = block.channel(channel.get())?;
            let parent = block.channel(thread.parent_id?.get())?;
            let is_joined = thread.member.is_some() && shared.bot_id() == Some(user.get());
            let place = PermissionPlace::thread(&thread, &parent, is_joined);
            for overwrite in &parent.permission_overwrites {
                if block.is_held(held, overwrite.id.cast()) {
                    calculator = calculator.role(overwrite.id.cast(), Permissions::empty());
                }
            }
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
    /// The rules of Discord for one member, who may do in the guild what their roles grant together.
    fn calculator(
        &self,
        user: Id<UserMarker>,
        member: Head,
        now: Timestamp,
    ) -> Option<PermissionCalculator> {
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
        Some(calculator)
    }

    /// What a member may do in a channel that is no thread.
    #[inline]
    pub(super) fn permissions_in(
        &self,
        user: Id<UserMarker>,
        member: Head,
        channel: u64,
        now: Timestamp,
    ) -> Option<Permissions> {
        let (kind, overwrites) = self.channel_rules(channel)?;
        let calculator = self.calculator(user, member, now)?;
        let held = self.role_sets.roles(member.set());
        let weighed = self.weigh(user, held, overwrites);
        let calculator = calculator.role(HELD, Permissions::empty());
        Some(calculator.in_channel(&PermissionPlace::new(kind, &weighed)))
    }

    /// The kind of a channel, and its overwrites as they lie there; none of a thread.
    fn channel_rules(&self, id: u64) -> Option<(ChannelType, impl Iterator<Item = Value<'_>>)> {
        const KIND: u8 = CHANNEL.at("type");
        const OVERWRITES: u8 = CHANNEL.at("permission_overwrites");

        let (mut kind, mut overwrites) = (None, None);
        for (place, value, _) in Object::new(&CHANNEL, self.channels.get(id)?).fields() {
            match place {
                KIND => kind = value.number(),
                OVERWRITES => overwrites = Some(value),
                _ => continue,
            }
            if kind.is_some() && overwrites.is_some() {
                break;
            }
        }
        let kind = ChannelType::from(u32::try_from(kind?).ok()?);
        Some((kind, overwrites.into_iter().flat_map(Value::values)))
    }

    /// Those of some overwrites that say something about a member: that of `@everyone`, those of all roles
    /// that they hold as if it were one of the role [`HELD`], which is how Discord weighs them, and their own.
    fn weigh<'a>(
        &self,
        user: Id<UserMarker>,
        held: &[Id<RoleMarker>],
        overwrites: impl Iterator<Item = Value<'a>>,
    ) -> [Overwrite; 3] {
        let everyone = Id::new_checked(self.id).unwrap_or(HELD);
        let mut weighed = [
            Overwrite::role(everyone),
            Overwrite::role(HELD),
            Overwrite::member(user),
        ];
        let [of_everyone, of_roles, of_member] = &mut weighed;
        for value in overwrites {
            let Some(overwrite) = overwrite(value) else {
                continue;
            };
            match overwrite.kind {
                OverwriteType::Role if overwrite.id == of_everyone.id => *of_everyone = overwrite,
                OverwriteType::Role if self.is_held(held, overwrite.id.cast()) => {
                    of_roles.allow.insert(overwrite.allow);
                    of_roles.deny.insert(overwrite.deny);
                }
                OverwriteType::Member if overwrite.id == of_member.id => *of_member = overwrite,
                _ => {}
            }
        }
        weighed
    }

    /// Whether a role is among these. One that is gone has no say, but Discord takes its overwrites along.
    fn is_held(&self, held: &[Id<RoleMarker>], role: Id<RoleMarker>) -> bool {
        held.binary_search(&role).is_ok() && self.roles.get(role.get()).is_some()
    }
}

/// An overwrite of a channel.
fn overwrite(value: Value<'_>) -> Option<Overwrite> {
    const ID: u8 = OVERWRITE.at("id");
    const KIND: u8 = OVERWRITE.at("type");
    const ALLOW: u8 = OVERWRITE.at("allow");
    const DENY: u8 = OVERWRITE.at("deny");

    let (mut id, mut kind) = (None, None);
    let (mut allow, mut deny) = (None, None);
    for (place, value, _) in value.object()?.fields() {
        match place {
            ID => id = value.id(),
            KIND => kind = value.number(),
            ALLOW => allow = value.number(),
            DENY => deny = value.number(),
            _ => {}
        }
    }
    let id: Id<GenericMarker> = Id::new_checked(id?)?;
    let overwrite = match kind? {
        0 => Overwrite::role(id.cast()),
        1 => Overwrite::member(id.cast()),
        _ => return None,
    };
    let bits = |bits: Option<u64>| Permissions::from_bits(bits.unwrap_or_default());
    Some(overwrite.allow(bits(allow)).deny(bits(deny)))
}

/// Stands for all roles that a member holds; no role of Discord has this id.
const HELD: Id<RoleMarker> = Id::new(u64::MAX);
