//! Discord's permission arithmetic and the checks that deeds make with it.
//!
//! A deed asks [`World::in_guild`], then [`World::bot_may_in_guild`] or [`World::bot_may`] for the
//! permission, then for the hierarchy [`World::bot_stands_above`] (members) or
//! [`World::bot_is_above_role`] (roles). What the bot gives to others it must have itself:
//! [`World::bot_may_give`].

use std::cmp::Reverse;

use crate::{
    failure::Failure,
    json::{Fields, snowflake},
    time,
};

use super::World;

pub(crate) use bit::*;

impl World {
    /// What a member may do in a guild, before any channel has its say.
    pub(crate) fn guild_permissions(&self, guild: u64, user: u64) -> u64 {
        let Some(guild_room) = self.guilds.get(&guild) else {
            return 0;
        };
        let Some(member) = guild_room.members.get(&user) else {
            return 0;
        };
        if guild_room.object.key("owner_id") == Some(user) {
            return ALL;
        }
        let roles = member.list("roles").iter().filter_map(snowflake);
        let bits = std::iter::once(guild)
            .chain(roles)
            .filter_map(|role| guild_room.roles.get(&role))
            .fold(0, |bits, role| bits | bits_of(role.text("permissions")));
        if bits & ADMINISTRATOR != 0 {
            ALL
        } else {
            bits & self.left(guild, user)
        }
    }

    /// What a user may do in a channel; in a direct message everything that makes sense there.
    pub(crate) fn channel_permissions(&self, channel: u64, user: u64) -> u64 {
        let Some(room) = self.channels.get(&channel) else {
            return 0;
        };
        let Some(guild) = room.guild else {
            return ALL_BUT_ADMINISTRATOR;
        };
        let base = self.guild_permissions(guild, user);
        if base & ADMINISTRATOR != 0 {
            return base;
        }
        // A thread has the overwrites of the channel that it hangs on.
        let judged = match room.thread_parent() {
            Some(parent) => self.channels.get(&parent).unwrap_or(room),
            None => room,
        };
        let Some(member) = self
            .guilds
            .get(&guild)
            .and_then(|guild_room| guild_room.members.get(&user))
        else {
            return 0;
        };
        let own_roles: Vec<u64> = member.list("roles").iter().filter_map(snowflake).collect();
        let mut everyone = (0, 0);
        let mut roles = (0, 0);
        let mut own = (0, 0);
        for overwrite in judged
            .object
            .list("permission_overwrites")
            .iter()
            .filter_map(|o| o.as_object())
        {
            let target = overwrite.key("id").unwrap_or_default();
            let (allow, deny) = (
                bits_of(overwrite.text("allow")),
                bits_of(overwrite.text("deny")),
            );
            let sum = match overwrite.int("type") {
                Some(0) if target == guild => &mut everyone,
                Some(0) if own_roles.contains(&target) => &mut roles,
                Some(1) if target == user => &mut own,
                _ => continue,
            };
            sum.0 |= allow;
            sum.1 |= deny;
        }
        let bits = [everyone, roles, own]
            .into_iter()
            .fold(base, |bits, (allow, deny)| (bits & !deny) | allow);
        let bits = bits & self.left(guild, user);
        // A private thread is for those in it, and for who looks after threads.
        let private = room.object.int("type") == Some(super::thread::PRIVATE_THREAD);
        if private && bits & MANAGE_THREADS == 0 && !room.members.contains_key(&user) {
            return 0;
        }
        without_implied(bits, judged.object.int("type").unwrap_or(0))
    }

    /// What somebody without any role may do in a channel of a guild.
    pub(crate) fn everyone_permissions(&self, channel: u64) -> u64 {
        let Some((room, guild)) = self
            .channels
            .get(&channel)
            .and_then(|room| Some((room, room.guild?)))
        else {
            return 0;
        };
        let base = self
            .role(guild, guild)
            .map_or(0, |role| bits_of(role.text("permissions")));
        if base & ADMINISTRATOR != 0 {
            return ALL;
        }
        let overwrites = room.object.list("permission_overwrites").iter();
        let bits = overwrites
            .filter_map(|overwrite| overwrite.as_object())
            .find(|overwrite| overwrite.key("id") == Some(guild))
            .map_or(base, |overwrite| {
                (base & !bits_of(overwrite.text("deny"))) | bits_of(overwrite.text("allow"))
            });
        without_implied(bits, room.object.int("type").unwrap_or(0))
    }

    /// What a member keeps of its permissions: in a timeout reading alone, and while auto-moderation
    /// has taken offence at its name, finding a better one, too.
    fn left(&self, guild: u64, user: u64) -> u64 {
        if self.is_timed_out(guild, user) {
            LEFT_IN_TIMEOUT
        } else if self.is_quarantined(guild, user) {
            LEFT_IN_TIMEOUT | CHANGE_NICKNAME
        } else {
            ALL
        }
    }

    /// Whether a member's timeout still runs.
    fn is_timed_out(&self, guild: u64, user: u64) -> bool {
        self.guilds
            .get(&guild)
            .and_then(|room| {
                room.members
                    .get(&user)?
                    .text("communication_disabled_until")
            })
            .and_then(time::unix_ms_of)
            .is_some_and(|until| until > self.now_ms)
    }

    /// Refuses when the guild does not exist, or the bot is not in it.
    pub(crate) fn in_guild(&self, guild: u64) -> Result<(), Failure> {
        let room = self
            .guilds
            .get(&guild)
            .ok_or_else(|| Failure::unknown(10004))?;
        if room.members.contains_key(&self.bot) {
            Ok(())
        } else {
            Err(Failure::missing_access())
        }
    }

    /// Refuses as Discord does when the bot lacks `bits` in a channel.
    pub(crate) fn bot_may(&self, channel: u64, bits: u64) -> Result<(), Failure> {
        let has = self.channel_permissions(channel, self.bot);
        if has & VIEW_CHANNEL == 0 {
            return Err(Failure::missing_access());
        }
        if has & bits == bits {
            Ok(())
        } else {
            Err(Failure::missing_permissions())
        }
    }

    /// Refuses as Discord does when the bot is not in the guild or lacks `bits` in it.
    pub(crate) fn bot_may_in_guild(&self, guild: u64, bits: u64) -> Result<(), Failure> {
        self.in_guild(guild)?;
        let has = self.guild_permissions(guild, self.bot);
        if has & bits == bits {
            Ok(())
        } else {
            Err(Failure::missing_permissions())
        }
    }

    /// Refuses to hand out permissions that the bot does not have itself.
    pub(crate) fn bot_may_give(&self, guild: u64, bits: u64) -> Result<(), Failure> {
        self.bot_may_in_guild(guild, bits & ALL)
    }

    /// Whether the bot stands above a member: Discord lets nobody act on those above.
    pub(crate) fn bot_stands_above(&self, guild: u64, user: u64) -> bool {
        let owner = self
            .guilds
            .get(&guild)
            .and_then(|room| room.object.key("owner_id"));
        owner == Some(self.bot)
            || (owner != Some(user)
                && self.highest_role(guild, self.bot) > self.highest_role(guild, user))
    }

    /// Whether a role lies below the bot's highest one.
    pub(crate) fn bot_is_above_role(&self, guild: u64, role: u64) -> Result<(), Failure> {
        let room = self
            .guilds
            .get(&guild)
            .ok_or_else(|| Failure::unknown(10004))?;
        let position = room
            .roles
            .get(&role)
            .ok_or_else(|| Failure::unknown(10011))?
            .int("position")
            .unwrap_or(0);
        if room.object.key("owner_id") == Some(self.bot)
            || (position, Reverse(role)) < self.highest_role(guild, self.bot)
        {
            Ok(())
        } else {
            Err(Failure::missing_permissions())
        }
    }

    /// The place of a member's highest role. Of two roles at the same position the older is higher.
    pub(crate) fn highest_role(&self, guild: u64, user: u64) -> (u64, Reverse<u64>) {
        let Some(room) = self.guilds.get(&guild) else {
            return (0, Reverse(guild));
        };
        room.members
            .get(&user)
            .into_iter()
            .flat_map(|member| member.list("roles"))
            .filter_map(snowflake)
            .filter_map(|role| Some((room.roles.get(&role)?.int("position")?, Reverse(role))))
            .max()
            .unwrap_or((0, Reverse(guild)))
    }
}

/// What lacking one permission takes away with it.
const fn without_implied(bits: u64, channel_type: u64) -> u64 {
    if bits & VIEW_CHANNEL == 0 {
        return 0;
    }
    let voice = matches!(channel_type, 2 | 13);
    if voice && bits & CONNECT == 0 {
        return bits & VIEW_CHANNEL;
    }
    if bits & SEND_MESSAGES == 0 {
        return bits & !NEED_SEND_MESSAGES;
    }
    bits
}

pub(crate) fn bits_of(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Discord's bits, by its names.
#[expect(
    dead_code,
    reason = "the list is whole, also where the box does not ask for all of it yet"
)]
mod bit {
    pub(crate) const CREATE_INSTANT_INVITE: u64 = 1 << 0;
    pub(crate) const KICK_MEMBERS: u64 = 1 << 1;
    pub(crate) const BAN_MEMBERS: u64 = 1 << 2;
    pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
    pub(crate) const MANAGE_CHANNELS: u64 = 1 << 4;
    pub(crate) const MANAGE_GUILD: u64 = 1 << 5;
    pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
    pub(crate) const VIEW_AUDIT_LOG: u64 = 1 << 7;
    pub(crate) const PRIORITY_SPEAKER: u64 = 1 << 8;
    pub(crate) const STREAM: u64 = 1 << 9;
    pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
    pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
    pub(crate) const SEND_TTS_MESSAGES: u64 = 1 << 12;
    pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
    pub(crate) const EMBED_LINKS: u64 = 1 << 14;
    pub(crate) const ATTACH_FILES: u64 = 1 << 15;
    pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
    pub(crate) const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
    pub(crate) const VIEW_GUILD_INSIGHTS: u64 = 1 << 19;
    pub(crate) const CONNECT: u64 = 1 << 20;
    pub(crate) const SPEAK: u64 = 1 << 21;
    pub(crate) const MUTE_MEMBERS: u64 = 1 << 22;
    pub(crate) const DEAFEN_MEMBERS: u64 = 1 << 23;
    pub(crate) const MOVE_MEMBERS: u64 = 1 << 24;
    pub(crate) const USE_VAD: u64 = 1 << 25;
    pub(crate) const CHANGE_NICKNAME: u64 = 1 << 26;
    pub(crate) const MANAGE_NICKNAMES: u64 = 1 << 27;
    pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
    pub(crate) const MANAGE_WEBHOOKS: u64 = 1 << 29;
    pub(crate) const MANAGE_GUILD_EXPRESSIONS: u64 = 1 << 30;
    pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
    pub(crate) const REQUEST_TO_SPEAK: u64 = 1 << 32;
    pub(crate) const MANAGE_EVENTS: u64 = 1 << 33;
    pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
    pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
    pub(crate) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
    pub(crate) const USE_EXTERNAL_STICKERS: u64 = 1 << 37;
    pub(crate) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
    pub(crate) const USE_EMBEDDED_ACTIVITIES: u64 = 1 << 39;
    pub(crate) const MODERATE_MEMBERS: u64 = 1 << 40;
    pub(crate) const VIEW_CREATOR_MONETIZATION_ANALYTICS: u64 = 1 << 41;
    pub(crate) const USE_SOUNDBOARD: u64 = 1 << 42;
    pub(crate) const CREATE_GUILD_EXPRESSIONS: u64 = 1 << 43;
    pub(crate) const CREATE_EVENTS: u64 = 1 << 44;
    pub(crate) const USE_EXTERNAL_SOUNDS: u64 = 1 << 45;
    pub(crate) const SEND_VOICE_MESSAGES: u64 = 1 << 46;
    pub(crate) const SET_VOICE_CHANNEL_STATUS: u64 = 1 << 48;
    pub(crate) const SEND_POLLS: u64 = 1 << 49;
    pub(crate) const USE_EXTERNAL_APPS: u64 = 1 << 50;
    pub(crate) const PIN_MESSAGES: u64 = 1 << 51;
    pub(crate) const BYPASS_SLOWMODE: u64 = 1 << 52;
}

/// Every bit that Discord has given a meaning.
pub(crate) const ALL: u64 = ((1 << 53) - 1) & !(1 << 47);
pub(crate) const ALL_BUT_ADMINISTRATOR: u64 = ALL & !ADMINISTRATOR;

/// What `@everyone` may do in a guild that nobody has touched.
pub(crate) const EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | ADD_REACTIONS
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS
    | USE_EXTERNAL_EMOJIS
    | USE_EXTERNAL_STICKERS
    | USE_SOUNDBOARD
    | USE_EXTERNAL_SOUNDS
    | USE_APPLICATION_COMMANDS
    | CREATE_INSTANT_INVITE
    | CONNECT
    | SPEAK
    | CHANGE_NICKNAME;

/// What a member in a timeout keeps.
const LEFT_IN_TIMEOUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

/// What is worth nothing to who cannot send.
const NEED_SEND_MESSAGES: u64 = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{config::Config, world::role};

    fn world() -> (World, u64, u64, u64) {
        let mut world = World::new(&Config::default(), 1_800_000_000_000);
        let ann = world.user_named("ann");
        let (guild, channel) = (world.default_guild, world.default_channel);
        (world, guild, channel, ann)
    }

    fn overwrite(world: &mut World, channel: u64, overwrites: serde_json::Value) {
        let mut after = world.channel(channel).unwrap().object.clone();
        after.insert("permission_overwrites".to_owned(), overwrites);
        world.change_channel(channel, after);
    }

    #[test]
    fn overwrites_count_from_everyone_over_roles_to_the_member() {
        let (mut world, guild, channel, ann) = world();
        let baker = world.add_role(guild, role::blank(0, "Baker", 0, 1));
        world.set_role(guild, ann, baker, true).unwrap();
        let of = |id: u64, kind: u8, allow: u64, deny: u64| json!({ "id": id.to_string(), "type": kind, "allow": allow.to_string(), "deny": deny.to_string() });
        let sends = |world: &World| world.channel_permissions(channel, ann) & SEND_MESSAGES != 0;
        let steps = [
            (of(guild, 0, 0, SEND_MESSAGES), false),
            (of(baker, 0, SEND_MESSAGES, 0), true),
            (of(ann, 1, 0, SEND_MESSAGES), false),
        ];
        let mut all = Vec::new();
        for (one, expected) in steps {
            all.push(one);
            overwrite(&mut world, channel, json!(all));
            assert_eq!(sends(&world), expected, "{all:?}");
        }
        let owner = world.owner;
        assert_eq!(world.channel_permissions(channel, owner), ALL);
    }

    #[test]
    fn lacking_one_permission_takes_others_along() {
        let (mut world, guild, channel, ann) = world();
        let deny = |bits: u64| json!([{ "id": guild.to_string(), "type": 0, "allow": "0", "deny": bits.to_string() }]);
        overwrite(&mut world, channel, deny(SEND_MESSAGES));
        let bits = world.channel_permissions(channel, ann);
        assert_eq!(bits & (EMBED_LINKS | ATTACH_FILES | MENTION_EVERYONE), 0);
        assert_ne!(bits & ADD_REACTIONS, 0);
        overwrite(&mut world, channel, deny(VIEW_CHANNEL));
        assert_eq!(world.channel_permissions(channel, ann), 0);
        assert_eq!(world.everyone_permissions(channel), 0);

        let voice = json!({ "type": 2, "name": "Oven", "permission_overwrites": deny(CONNECT) });
        let voice = world.open_channel(guild, crate::json::object(voice));
        assert_eq!(world.channel_permissions(voice, ann), VIEW_CHANNEL);
    }

    #[test]
    fn a_timeout_leaves_reading_to_members_and_everything_to_administrators() {
        let (mut world, guild, channel, ann) = world();
        let until = time::iso8601(world.now_ms + 1000);
        world
            .change_member(guild, ann, |member| {
                member.set("communication_disabled_until", until);
            })
            .unwrap();
        assert_eq!(world.channel_permissions(channel, ann), LEFT_IN_TIMEOUT);
        assert_eq!(world.guild_permissions(guild, ann), LEFT_IN_TIMEOUT);
        let chief = world.add_role(guild, role::blank(0, "Chief", ADMINISTRATOR, 1));
        world.set_role(guild, ann, chief, true).unwrap();
        assert_eq!(world.channel_permissions(channel, ann), ALL);
    }

    #[test]
    fn of_roles_at_one_position_the_older_is_higher() {
        let (mut world, guild, _, ann) = world();
        // Both are where the bot's own role is.
        let younger = world.add_role(guild, role::blank(0, "Younger", 0, 1));
        assert_eq!(world.bot_is_above_role(guild, younger), Ok(()));
        world.set_role(guild, ann, younger, true).unwrap();
        assert!(world.bot_stands_above(guild, ann));
        let higher = world.add_role(guild, role::blank(0, "Higher", 0, 2));
        assert_eq!(
            world.bot_is_above_role(guild, higher),
            Err(Failure::missing_permissions())
        );
        let bot = world.bot;
        assert!(!world.bot_stands_above(guild, bot), "not above itself");
    }
}
