//! One guild, or all private channels: what is kept of it, and how an event changes it.

use std::sync::{PoisonError, RwLock, atomic::AtomicU32};

use ovenjs_types::Id;

use super::{
    Keep,
    budget::Budget,
    invites::Invites,
    members::Members,
    messages::Messages,
    role_sets::RoleSets,
    shared::{Places, Users},
};
use crate::{
    packed::{Object, Pointed, Unwanted, Value, shapes},
    shelf::Shelf,
    tiers::Version,
};

/// What is kept of a guild, each kind on a shelf of its own by ids.
///
/// Records leave out what is known without them: their id and the guild's, the user of a member and the
/// author of a message (both with [`Users`]), the roles of a member (in [`RoleSets`]). It has one writer at a
/// time, reads no clock and takes no lock but those of the [drawers](super::shared).
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The guild's id; 0 for private channels.
    pub(super) id: u64,
    /// The guild without its lists.
    pub(super) guild: Box<[u8]>,
    /// Who owns it, 0 where that is not known.
    pub(super) owner: u64,
    pub(super) member_count: Option<u64>,
    /// Whether Discord has an outage there.
    pub(super) is_unavailable: bool,
    /// Whether events may have been lost since it was written.
    pub(super) is_stale: bool,
    pub(super) channels: Shelf,
    pub(super) threads: Shelf,
    pub(super) roles: Shelf,
    pub(super) members: Members,
    pub(super) role_sets: RoleSets,
    pub(super) presences: Shelf,
    pub(super) voice_states: Shelf,
    pub(super) emojis: Shelf,
    pub(super) stickers: Shelf,
    pub(super) sounds: Shelf,
    pub(super) stages: Shelf,
    pub(super) scheduled_events: Shelf,
    pub(super) messages: Messages,
    pub(super) invites: Invites,
    /// Of private messages, those up to this id may have changed unheard.
    pub(super) stale_up_to: u64,
    /// Whether presences were evicted since it was written, so that who has none may be online.
    pub(super) lacks_presences: bool,
    /// Whether members were.
    pub(super) lacks_members: bool,
    /// The [era](super::budget) in which it was last read.
    pub(super) read_in: AtomicU32,
    /// The era in which it came here.
    pub(super) came_in: u32,
    /// The bytes that it had when they were last counted.
    pub(super) counted: usize,
    /// The messages that it had then.
    pub(super) counted_messages: usize,
    /// That of the last event that changed it.
    pub(super) version: Version,
    /// Whether it is [stale](Self::is_stale) only until a session goes on.
    pub(super) waits_for_session: bool,
    /// Whether its events come late, so that they are no news of users.
    pub(super) is_behind: bool,
}

/// What a block shares with others.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) users: Users,
    pub(crate) places: Places,
    pub(crate) keep: Keep,
    /// What of events is not kept.
    pub(crate) unwanted: Unwanted,
    pub(crate) budget: Budget,
    /// The bot's own user: its id, and the rest.
    pub(crate) bot: RwLock<Option<(u64, Box<[u8]>)>>,
}

impl Shared {
    pub(crate) fn bot_id(&self) -> Option<u64> {
        let bot = self.bot.read().unwrap_or_else(PoisonError::into_inner);
        bot.as_ref().map(|(id, _)| *id)
    }

    /// Whether this user is kept as a member. The bot itself always is: what it may do depends on its roles.
    pub(crate) fn keeps_member(&self, user: u64) -> bool {
        self.keep.members || self.bot_id() == Some(user)
    }
}

impl Block {
    /// A guild as `GUILD_CREATE` tells of it.
    pub(crate) fn create(shared: &Shared, guild: Object<'_>) -> Option<Self> {
        let mut block = Self {
            id: guild.id("id")?,
            ..Self::default()
        };
        block.update(guild);
        for channel in guild.objects("channels").chain(guild.objects("threads")) {
            block.put_channel(shared, channel);
        }
        for role in guild.objects("roles") {
            put(&mut block.roles, role, "id");
        }
        for member in guild.objects("members") {
            block.put_member(shared, member);
        }
        for presence in guild.objects("presences") {
            block.put_presence(shared, presence);
        }
        for state in guild.objects("voice_states") {
            block.put_voice_state(shared, state);
        }
        block.replace_expressions(shared, guild, "emojis");
        block.replace_expressions(shared, guild, "stickers");
        block.replace_expressions(shared, guild, "soundboard_sounds");
        for stage in guild.objects("stage_instances") {
            put(&mut block.stages, stage, "id");
        }
        for event in guild.objects("guild_scheduled_events") {
            block.put_scheduled_event(shared, event);
        }
        Some(block)
    }

    /// One for what is told of a guild that is away.
    pub(super) fn residue(id: u64) -> Self {
        let mut block = Self {
            id,
            ..Self::default()
        };
        block.be_residue();
        block
    }

    /// It is no whole guild: messages change in it that it does not know, for the sake of their authors.
    pub(super) const fn be_residue(&mut self) {
        self.messages.takes_unknown = true;
    }

    /// Sets whether its events come late, so that they are no news of users.
    pub(super) const fn set_behind(&mut self, is_behind: bool) {
        self.is_behind = is_behind;
        self.messages.is_behind = is_behind;
    }

    /// Lets go of what it shares with others. `next` is what stands in its place, where something does.
    pub(crate) fn leave(self, shared: &Shared, next: Option<&Self>) {
        for (user, _) in self.members.iter() {
            shared.users.release(user);
        }
        for (channel, _) in self.channels.iter().chain(self.threads.iter()) {
            let stays = next.is_some_and(|next| next.has_channel(channel));
            if !stays {
                shared.places.remove(channel, self.id);
            }
        }
        self.messages.leave(shared);
    }

    fn has_channel(&self, id: u64) -> bool {
        self.channels
            .get(id)
            .or_else(|| self.threads.get(id))
            .is_some()
    }

    /// The guild itself, which knows nothing of what only `GUILD_CREATE` carries.
    pub(crate) fn update(&mut self, guild: Object<'_>) {
        let mut record = Vec::new();
        guild.copy_without(shapes::GUILD_LISTS, &mut record);
        let former = Object::new(&shapes::GUILD, &self.guild);
        for field in ["joined_at", "large"] {
            if !guild.has(field) {
                former.copy_field(field, &mut record);
            }
        }
        self.set_guild(&record);
        self.member_count = guild.number("member_count").or(self.member_count);
    }

    pub(super) fn set_guild(&mut self, record: &[u8]) {
        let owner = Object::new(&shapes::GUILD, record).id("owner_id");
        self.owner = owner.unwrap_or_default();
        self.guild = record.into();
    }

    /// Its roles as `GUILD_UPDATE` tells them, where it does. Emojis and stickers have events of their own.
    pub(crate) fn update_roles(&mut self, guild: Object<'_>) {
        if guild.has("roles") {
            let listed = guild.objects("roles").filter_map(|role| role.id("id"));
            let listed: Vec<u64> = listed.collect();
            let known = self.roles.iter().map(|(id, _)| id);
            let gone: Vec<u64> = known.filter(|id| !listed.contains(id)).collect();
            for role in gone {
                self.remove_role(role);
            }
            for role in guild.objects("roles") {
                self.put_role(role);
            }
        }
    }

    pub(crate) fn put_role(&mut self, role: Object<'_>) {
        put(&mut self.roles, role, "id");
        self.role_sets.outdate();
    }

    pub(crate) fn remove_role(&mut self, role: u64) {
        self.roles.remove(role);
        if let Some(role) = Id::new_checked(role) {
            self.role_sets.remove_role(role);
        }
        self.role_sets.outdate();
    }

    pub(crate) fn put_member(&mut self, shared: &Shared, member: Object<'_>) {
        member.with_starts(|member| {
            if let Some(user) = member.pointed_at(USER) {
                self.put_member_of(shared, member, user, &[JOINED]);
            }
        });
    }

    /// Who writes a message is a member, as it shows them without their user.
    pub(super) fn see_author(&mut self, shared: &Shared, message: Object<'_>) {
        const AUTHOR: u8 = shapes::MESSAGE.at("author");
        const MEMBER: u8 = shapes::MESSAGE.at("member");
        const WEBHOOK: u8 = shapes::MESSAGE.at("webhook_id");

        let Some(member) = message.at(MEMBER).and_then(Value::object) else {
            return;
        };
        let author = message.pointed_at(AUTHOR);
        if let Some(author) = author.filter(|_| message.at(WEBHOOK).is_none())
            && self.may_see(author.id)
        {
            // Without their user, what they adorn themselves with may be missing as well.
            let stays = [JOINED, DECORATION, COLLECTIBLES];
            member.with_starts(|member| self.put_member_of(shared, member, author, &stays));
        }
    }

    /// Somebody shows themselves in an event about something else. Who leaves does so, too.
    pub(super) fn see_member(&mut self, shared: &Shared, event: Object<'_>, leaves: bool) {
        let Some(member) = event.object("member") else {
            return;
        };
        member.with_starts(|member| {
            if let Some(user) = member.pointed_at(USER)
                && self.may_see(user.id)
                && (!leaves || self.members.head(user.id).is_some())
            {
                self.put_member_of(shared, member, user, &[JOINED]);
            }
        });
    }

    /// Somebody who is not known in a guild whose members are all known has left it.
    fn may_see(&self, user: u64) -> bool {
        self.id != 0 && (!self.knows_all_members() || self.members.head(user).is_some())
    }

    pub(super) fn knows_all_members(&self) -> bool {
        let known = u64::try_from(self.members.len()).ok();
        !self.lacks_members && known >= self.member_count
    }

    /// `stays` are the places of what is not gone where it does not come.
    fn put_member_of(
        &mut self,
        shared: &Shared,
        member: Object<'_>,
        user: Pointed<'_>,
        stays: &[u8],
    ) {
        const ROLES: u8 = shapes::MEMBER.at("roles");
        const ASIDE: u64 = shapes::MEMBER.bits(["user", "guild_id", "roles"]);

        let Pointed { id, rest: user } = user;
        if !shared.keeps_member(id) {
            return;
        }
        let mut roles = Vec::with_capacity(ROLES_MANY);
        let ids = member.at(ROLES).into_iter().flat_map(Value::values);
        roles.extend(ids.filter_map(Value::id).filter_map(Id::new_checked));
        roles.sort_unstable();
        roles.dedup();
        let former = self.members.get(id);
        if former.is_none() && !self.has_room_for(shared, id) {
            return;
        }
        let set = match former {
            Some(former) if self.role_sets.roles(former.set) == roles => former.set,
            former => {
                let set = self.role_sets.hold(&roles);
                former.inspect(|former| self.role_sets.release(former.set));
                set
            }
        };
        let mut kept = Vec::new();
        if let Some(former) = former {
            for place in stays {
                if member.at(*place).is_none() {
                    former.rest.copy_at(*place, &mut kept);
                }
            }
        }
        let is_new = former.is_none();
        self.members.put(id, set, |record| {
            member.copy_but(ASIDE, record);
            record.append(&mut kept);
        });
        if is_new {
            if self.is_behind {
                shared.users.join(id, user);
            } else {
                shared.users.hold(id, user);
            }
        } else if !self.is_behind {
            shared.users.renew(id, user);
        }
    }

    /// Whether one more member is kept. For the bot there is always room.
    pub(super) fn has_room_for(&self, shared: &Shared, user: u64) -> bool {
        let most = shared.keep.members_per_guild;
        most.is_none_or(|most| self.members.len() < most || shared.bot_id() == Some(user))
    }

    pub(crate) fn remove_member(&mut self, shared: &Shared, user: u64) {
        self.presences.remove(user);
        if let Some(member) = self.members.head(user) {
            self.role_sets.release(member.set());
            self.members.remove(user);
            shared.users.release(user);
        }
    }

    /// Somebody comes or goes. Where all members are known they are counted: a session may tell twice of who
    /// came, and there are as many as there are.
    pub(crate) fn count_members(
        &mut self,
        shared: &Shared,
        change: i64,
        come_or_go: impl FnOnce(&mut Self),
    ) {
        let known = |block: &Self| u64::try_from(block.members.len()).ok();
        let most = shared.keep.members_per_guild.unwrap_or(usize::MAX);
        let are_all_known =
            shared.keep.members && self.members.len() < most && self.knows_all_members();
        come_or_go(self);
        if let Some(count) = &mut self.member_count {
            *count = count.saturating_add_signed(change);
        }
        if are_all_known {
            self.member_count = self.member_count.and_then(|_| known(self));
        }
    }

    /// Whoever is offline has no presence.
    pub(crate) fn put_presence(&mut self, shared: &Shared, presence: Object<'_>) {
        const USER: u8 = shapes::PRESENCE.at("user");
        const STATUS: u8 = shapes::PRESENCE.at("status");
        const ASIDE: u64 = shapes::PRESENCE.bits(["user", "guild_id"]);

        let user = presence.pointed_at(USER);
        let Some(Pointed { id: user, .. }) = user.filter(|_| shared.keep.presences) else {
            return;
        };
        let status = presence.at(STATUS).and_then(Value::word);
        if status.unwrap_or(OFFLINE) == OFFLINE {
            self.presences.remove(user);
        } else {
            let mut record = Vec::with_capacity(RECORD_BYTES);
            presence.copy_but(ASIDE, &mut record);
            self.presences.put(user, &record);
        }
    }

    /// Whoever is in no channel has no voice state.
    pub(crate) fn put_voice_state(&mut self, shared: &Shared, state: Object<'_>) {
        let Some(user) = state.id("user_id").filter(|_| shared.keep.voice_states) else {
            return;
        };
        if state.has("channel_id") {
            let mut record = Vec::new();
            state.copy_without(&["user_id", "guild_id", "member"], &mut record);
            self.voice_states.put(user, &record);
        } else {
            self.voice_states.remove(user);
        }
    }

    /// All emojis, stickers or sounds are these.
    pub(crate) fn replace_expressions(&mut self, shared: &Shared, lists: Object<'_>, list: &str) {
        let (shelf, id) = match list {
            "emojis" => (&mut self.emojis, "id"),
            "stickers" => (&mut self.stickers, "id"),
            _ => (&mut self.sounds, "sound_id"),
        };
        *shelf = Shelf::new();
        if shared.keep.expressions {
            for expression in lists.objects(list) {
                put(shelf, expression, id);
            }
        }
    }

    pub(crate) fn put_sound(&mut self, shared: &Shared, sound: Object<'_>) {
        if shared.keep.expressions {
            put(&mut self.sounds, sound, "sound_id");
        }
    }

    /// An event that is over or called off leaves the mirror, as Discord leaves it out of `GUILD_CREATE`.
    pub(crate) fn put_scheduled_event(&mut self, shared: &Shared, event: Object<'_>) {
        let Some(id) = event.id("id").filter(|_| shared.keep.scheduled_events) else {
            return;
        };
        if matches!(event.number("status"), Some(COMPLETED | CANCELED)) {
            self.scheduled_events.remove(id);
        } else {
            put(&mut self.scheduled_events, event, "id");
        }
    }

    /// Tells the budget of what has changed.
    pub(super) fn count(&mut self, budget: &Budget) {
        let after = (self.bytes(), self.messages.len());
        budget.count((self.counted, self.counted_messages), after);
        (self.counted, self.counted_messages) = after;
    }

    /// All bytes, without those shared with others; each shelf knows its own.
    pub(crate) fn bytes(&self) -> usize {
        let shelves = self.plain_shelves();
        let plain: usize = shelves.iter().map(|shelf| shelf.bytes()).sum();
        let members = self.members.bytes() + self.role_sets.bytes();
        size_of::<Self>()
            + self.guild.len()
            + plain
            + members
            + self.messages.bytes()
            + self.invites.bytes()
    }
}

/// Puts an object on its shelf, without its id and its guild's.
pub(super) fn put(shelf: &mut Shelf, object: Object<'_>, id: &str) {
    if let Some(number) = object.id(id) {
        let mut record = Vec::new();
        object.copy_without(&[id, "guild_id"], &mut record);
        shelf.put(number, &record);
    }
}

const USER: u8 = shapes::MEMBER.at("user");
const JOINED: u8 = shapes::MEMBER.at("joined_at");
const DECORATION: u8 = shapes::MEMBER.at("avatar_decoration_data");
const COLLECTIBLES: u8 = shapes::MEMBER.at("collectibles");

/// As long as most presences are.
const RECORD_BYTES: usize = 96;

/// More than most members hold.
const ROLES_MANY: usize = 16;

/// The place of `offline` among [`STATUSES`](shapes::STATUSES).
const OFFLINE: u8 = 0;

/// The statuses of scheduled events that are over.
const COMPLETED: u64 = 3;
const CANCELED: u64 = 4;
