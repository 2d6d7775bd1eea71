//! Discord's permission arithmetic, as far as the bot's own requests need it.

use crate::{failure::Failure, json::Fields};

use super::World;

pub(crate) const KICK_MEMBERS: u64 = 1 << 1;
pub(crate) const BAN_MEMBERS: u64 = 1 << 2;
pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MANAGE_NICKNAMES: u64 = 1 << 27;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
pub(crate) const MODERATE_MEMBERS: u64 = 1 << 40;
pub(crate) const PIN_MESSAGES: u64 = 1 << 51;

/// Every bit that Discord has given a meaning.
pub(crate) const ALL: u64 = ((1 << 53) - 1) & !(0b11 << 47);
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
    | (1 << 18)
    | (1 << 31)
    | (1 << 0)
    | (1 << 20)
    | (1 << 21)
    | (1 << 26);

impl World {
    /// What a member may do in a guild, before any channel has its say.
    pub(crate) fn guild_permissions(&self, guild: u64, user: u64) -> u64 {
        let Some(guild_room) = self.guilds.get(&guild) else {
            return 0;
        };
        if guild_room.object.key("owner_id") == Some(user) {
            return ALL;
        }
        let Some(member) = guild_room.members.get(&user) else {
            return 0;
        };
        let roles = member
            .list("roles")
            .iter()
            .filter_map(crate::json::snowflake);
        let bits = std::iter::once(guild)
            .chain(roles)
            .filter_map(|role| guild_room.roles.get(&role))
            .fold(0, |bits, role| bits | bits_of(role.text("permissions")));
        if bits & ADMINISTRATOR == 0 { bits } else { ALL }
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
        let own_roles: Vec<u64> = self
            .guilds
            .get(&guild)
            .and_then(|guild_room| guild_room.members.get(&user))
            .map(|member| {
                member
                    .list("roles")
                    .iter()
                    .filter_map(crate::json::snowflake)
                    .collect()
            })
            .unwrap_or_default();
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
        [everyone, roles, own]
            .into_iter()
            .fold(base, |bits, (allow, deny)| (bits & !deny) | allow)
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

    /// Refuses as Discord does when the bot lacks `bits` in a guild.
    pub(crate) fn bot_may_in_guild(&self, guild: u64, bits: u64) -> Result<(), Failure> {
        let has = self.guild_permissions(guild, self.bot);
        if has & bits == bits {
            Ok(())
        } else {
            Err(Failure::missing_permissions())
        }
    }

    /// Whether the bot stands above a member: Discord lets nobody act on those above.
    pub(crate) fn bot_stands_above(&self, guild: u64, user: u64) -> bool {
        let Some(room) = self.guilds.get(&guild) else {
            return false;
        };
        let top = |id: u64| {
            room.members
                .get(&id)
                .into_iter()
                .flat_map(|member| member.list("roles"))
                .filter_map(crate::json::snowflake)
                .filter_map(|role| room.roles.get(&role)?.int("position"))
                .max()
                .unwrap_or(0)
        };
        room.object.key("owner_id") != Some(user) && top(self.bot) > top(user)
    }
}

pub(crate) fn bits_of(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
