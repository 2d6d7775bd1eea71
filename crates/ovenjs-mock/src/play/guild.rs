//! What a guild holds at the moment, for a test to judge, and how far it is boosted.

use std::collections::BTreeMap;

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

use crate::{json::Json, world::guild};

use super::{Discord, Message};

impl Discord {
    /// Takes a guild to a level of boosts, 0 to 3, which is how many emojis, stickers and sounds it may
    /// have; the newest of those that have no room become unavailable. Default 0.
    pub fn boost(&self, guild: Id<GuildMarker>, tier: u8) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| world.boost(guild.get(), tier));
        });
    }

    /// The channels of a guild by id, its threads among them.
    #[must_use]
    pub fn channels(&self, guild: Id<GuildMarker>) -> BTreeMap<Id<ChannelMarker>, Json> {
        self.shared.look(|backend| {
            let channels = backend.world.channels.of_guild(guild.get());
            channels
                .filter_map(|(id, room)| {
                    Some((Id::new_checked(id)?, Json(room.object.clone().into())))
                })
                .collect()
        })
    }

    /// The messages that are pinned in a channel, the newest pin last.
    #[must_use]
    pub fn pins(&self, channel: Id<ChannelMarker>) -> Vec<Message> {
        self.shared.look(|backend| {
            let room = backend.world.channels.get(&channel.get());
            let pins = room.into_iter().flat_map(|room| &room.pins);
            pins.map(|(id, _)| Message::of(&backend.world, channel.get(), *id))
                .collect()
        })
    }

    /// The roles of a guild, `@everyone` among them.
    #[must_use]
    pub fn roles(&self, guild: Id<GuildMarker>) -> Vec<Json> {
        self.shared.look(|backend| {
            let roles = backend.world.roles(guild.get());
            roles.into_iter().map(Json).collect()
        })
    }

    /// Who is banned from a guild, and for which reason.
    #[must_use]
    pub fn bans(&self, guild: Id<GuildMarker>) -> BTreeMap<Id<UserMarker>, Option<String>> {
        self.of_guild(guild, |room| {
            let bans = room.bans.iter();
            bans.filter_map(|(user, reason)| Some((Id::new_checked(*user)?, reason.clone())))
                .collect()
        })
    }

    /// The entries of a guild's audit log, oldest first.
    #[must_use]
    pub fn audit_log(&self, guild: Id<GuildMarker>) -> Vec<Json> {
        self.of_guild(guild, |room| {
            let entries = room.audit_log.iter();
            entries.cloned().map(|entry| Json(entry.into())).collect()
        })
    }

    fn of_guild<T: Default>(
        &self,
        guild: Id<GuildMarker>,
        read: impl FnOnce(&guild::Guild) -> T,
    ) -> T {
        self.shared.look(|backend| {
            let room = backend.world.guilds.get(&guild.get());
            room.map(read).unwrap_or_default()
        })
    }
}
