//! Where a user is: in guilds, and in their voice channels.

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, GenericMarker, GuildMarker},
};

use crate::{error::Error, json::Fields, world::World, world::guild_channel::kind};

use super::User;

impl User {
    /// The OAuth2 token with which the bot can add this user to guilds and groups.
    #[must_use]
    pub fn access_token(&self) -> String {
        World::access_token(self.id)
    }

    /// Joins a guild; nothing happens where the user is a member already.
    pub fn joins(&self, guild: Id<GuildMarker>) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| world.join(guild.get(), self.id));
        });
    }

    /// Leaves a guild; nothing happens where the user is no member.
    pub fn leaves(&self, guild: Id<GuildMarker>) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| world.leave(guild.get(), self.id));
        });
    }

    /// Applies to join a guild in which one has to, and gives the id of the request.
    ///
    /// # Errors
    ///
    /// When the user is a member, or banned.
    ///
    /// # Panics
    ///
    /// Never: requests have ids.
    pub fn asks_to_join(&self, guild: Id<GuildMarker>) -> Result<Id<GenericMarker>, Error> {
        self.shared
            .with(|backend, now| {
                backend.play(now, |world| world.apply_to_join(guild.get(), self.id))
            })
            .map(Id::new)
            .map_err(|failure| Error::refused(failure.to_string()))
    }

    /// Connects to a voice channel, or moves there. No sound is made.
    ///
    /// # Errors
    ///
    /// When it is no voice channel of a guild in which the user is.
    pub fn enters_voice(&self, channel: Id<ChannelMarker>) -> Result<(), Error> {
        let entered = self.shared.with(|backend, now| {
            backend.play(now, |world| {
                let room = world.channels.get(&channel.get())?;
                let guild = room.guild?;
                let lawful = matches!(room.object.int("type"), Some(kind::VOICE | kind::STAGE))
                    && world.member(guild, self.id).is_some();
                lawful.then(|| {
                    let session = format!("voice-{}", self.id);
                    world.enter_voice(guild, self.id, channel.get(), &session);
                })
            })
        });
        entered.ok_or_else(|| Error::refused("the user can enter no such voice channel"))
    }

    /// Hangs up, wherever the user is connected.
    pub fn leaves_voice(&self) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                let guilds: Vec<u64> = world.guilds.keys().copied().collect();
                for guild in guilds {
                    world.leave_voice(guild, self.id);
                }
            });
        });
    }
}
