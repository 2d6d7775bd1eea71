//! Where a user is: in guilds, and in their voice channels.

use std::convert::Infallible;

use ovenjs_types::{
    Id,
    marker::{ChannelMarker, GenericMarker, GuildMarker, ScheduledEventMarker},
};

use crate::{scenario::ScenarioStep, world::World};

use super::{User, told::Told};

impl User {
    /// Joins a guild; nothing happens where the user is a member already.
    pub fn joins(&self, guild: Id<GuildMarker>) {
        let step = |told: Told<'_>| ScenarioStep::Join {
            user: told.user(),
            guild: told.guild(guild.get()),
        };
        self.acts(step, |world| world.join(guild.get(), self.id));
    }

    /// Comes into a guild by an invite, which gives the invite's roles and counts as a use of it;
    /// nothing happens where the user is a member already.
    ///
    /// # Panics
    ///
    /// When there is no such invite (any more), or the user is banned.
    #[track_caller]
    pub fn accepts_invite(&self, code: &str) {
        self.scene().hold(self.attempt().accepts_invite(code));
    }

    /// Takes a nickname in the guild of the user's channel, or goes by its own name again.
    ///
    /// # Panics
    ///
    /// When the channel is in no guild of the user's, or the user may not change its nickname.
    #[track_caller]
    pub fn goes_by(&self, nick: Option<&str>) {
        self.scene().hold(self.attempt().goes_by(nick));
    }

    /// Leaves a guild; nothing happens where the user is no member.
    pub fn leaves(&self, guild: Id<GuildMarker>) {
        let step = |told: Told<'_>| ScenarioStep::Leave {
            user: told.user(),
            guild: told.guild(guild.get()),
        };
        self.acts(step, |world| world.leave(guild.get(), self.id));
    }

    /// Applies to join a guild in which one has to, and gives the id of the request.
    ///
    /// # Panics
    ///
    /// When the user is a member, or banned.
    #[track_caller]
    pub fn asks_to_join(&self, guild: Id<GuildMarker>) -> Id<GenericMarker> {
        self.scene().hold(self.attempt().asks_to_join(guild))
    }

    /// Connects to a voice channel, or moves there. No sound is made.
    ///
    /// # Panics
    ///
    /// When it is no voice channel of a guild in which the user is.
    #[track_caller]
    pub fn enters_voice(&self, channel: Id<ChannelMarker>) {
        self.scene().hold(self.attempt().enters_voice(channel));
    }

    /// Says that the user wants to come to a scheduled event: to all its occasions, or to one that is
    /// an exception; nothing happens where it is said already.
    ///
    /// # Panics
    ///
    /// When there is no such event or exception in a guild of the user's, or the event is over.
    #[track_caller]
    pub fn subscribes_to(
        &self,
        event: Id<ScheduledEventMarker>,
        exception: Option<Id<GenericMarker>>,
    ) {
        self.scene()
            .hold(self.attempt().subscribes_to(event, exception));
    }

    /// Says that the user does not want to come any more.
    ///
    /// # Panics
    ///
    /// As [`subscribes_to`](Self::subscribes_to), and when the user did not want to come.
    #[track_caller]
    pub fn unsubscribes_from(
        &self,
        event: Id<ScheduledEventMarker>,
        exception: Option<Id<GenericMarker>>,
    ) {
        self.scene()
            .hold(self.attempt().unsubscribes_from(event, exception));
    }

    /// Plays a sound of the soundboard in the voice channel where the user is; the bot hears of it
    /// while it is there too. The sounds of the same guild, and the default ones, go by id alone; `source`
    /// is the guild of one from elsewhere.
    ///
    /// # Panics
    ///
    /// When the user is in no voice channel, or is deaf or mute there; when there is no such sound;
    /// and without the permission to use soundboards.
    #[track_caller]
    pub fn plays_sound(&self, sound: Id<GenericMarker>, source: Option<Id<GuildMarker>>) {
        self.scene().hold(self.attempt().plays_sound(sound, source));
    }

    /// Hangs up, wherever the user is connected.
    pub fn leaves_voice(&self) {
        let step = |told: Told<'_>| ScenarioStep::LeaveVoice { user: told.user() };
        self.acts(step, |world| {
            let guilds: Vec<u64> = world.guilds.keys().copied().collect();
            for guild in guilds {
                world.leave_voice(guild, self.id);
            }
        });
    }

    /// Does what cannot fail.
    fn acts<T>(
        &self,
        step: impl FnOnce(Told<'_>) -> ScenarioStep,
        deed: impl FnOnce(&mut World) -> T,
    ) {
        let step = |world: &World| step(Told::new(world, self.id, self.channel));
        let deed = |world: &mut World| Ok::<T, Infallible>(deed(world));
        let _done = self
            .shared
            .with(|backend, now| backend.act(now, step, deed));
    }
}
