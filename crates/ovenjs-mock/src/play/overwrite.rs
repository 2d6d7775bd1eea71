//! What roles and members may do in a channel.

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, UserMarker},
};
use serde_json::Value;

use super::Discord;

impl Discord {
    /// Sets what `@everyone` (the guild's id) or another role, or a member, may do in a channel.
    pub fn overwrite(
        &self,
        channel: Id<ChannelMarker>,
        overwrites: impl IntoIterator<Item = Overwrite>,
    ) {
        let overwrites: Vec<Value> = overwrites
            .into_iter()
            .map(|one| {
                serde_json::json!({
                    "id": one.id.to_string(),
                    "type": u8::from(one.is_member),
                    "allow": one.allow.to_string(),
                    "deny": one.deny.to_string(),
                })
            })
            .collect();
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                let seen_before = world.is_seen(channel.get());
                let Some(room) = world.channels.get_mut(&channel.get()) else {
                    return;
                };
                room.object
                    .insert("permission_overwrites".to_owned(), Value::Array(overwrites));
                let (guild, data) = (room.guild, Value::Object(room.object.clone()));
                world.emit("CHANNEL_UPDATE", guild, data);
                if let Some(guild) = guild.filter(|_| !seen_before) {
                    world.sync_threads(guild, &[channel.get()]);
                }
            });
        });
    }
}

/// One permission overwrite of a channel, for [`Discord::overwrite`].
#[derive(Clone, Copy, Debug)]
pub struct Overwrite {
    id: u64,
    is_member: bool,
    allow: u64,
    deny: u64,
}

impl Overwrite {
    /// For a role; `@everyone` has the guild's id.
    #[must_use]
    pub const fn role<T>(role: Id<T>) -> Self {
        Self {
            id: role.get(),
            is_member: false,
            allow: 0,
            deny: 0,
        }
    }

    /// For a member.
    #[must_use]
    pub const fn member(user: Id<UserMarker>) -> Self {
        Self {
            id: user.get(),
            is_member: true,
            allow: 0,
            deny: 0,
        }
    }

    /// Grants these permission bits.
    #[must_use]
    pub const fn allow(mut self, bits: u64) -> Self {
        self.allow = bits;
        self
    }

    /// Takes these permission bits.
    #[must_use]
    pub const fn deny(mut self, bits: u64) -> Self {
        self.deny = bits;
        self
    }
}
