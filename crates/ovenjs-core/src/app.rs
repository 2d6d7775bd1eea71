//! What handlers can ask for beside the event.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use ovenjs_cache::mirror::Mirror;
use ovenjs_commands::{Call, Extract, Failure, Provide};
use ovenjs_gateway::{AskGuild, Fleet, bus::Bus};
use ovenjs_rest::Client;
use ovenjs_types::{Drift, Event, Id, marker::GuildMarker};

use crate::{Lookup, tiers::Tiers};

/// The application as handlers see it: the bot's own parts, and the state `T` it was built with.
///
/// A handler takes a [`Client`], a [`Mirror`], a [`Lookup`], a [`Fleet`] or a [`Bus`] as an argument just so, and the
/// state as [`State<T>`](ovenjs_commands::State).
pub struct App<T = ()> {
    pub(crate) client: Client,
    pub(crate) mirror: Mirror,
    pub(crate) fleet: Fleet,
    pub(crate) bus: Bus,
    pub(crate) tiers: Tiers,
    pub(crate) drift: Arc<Mutex<Drift>>,
    pub(crate) state: T,
}

impl<T: Send + Sync> Extract<App<T>> for Client {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().client.clone())
    }
}

/// Where the guild in which the handler was called is [away](crate::TiersConfig::away_after), it is brought back first,
/// unless its store does not answer.
impl<T: Send + Sync> Extract<App<T>> for Mirror {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        call.state().tiers.wake(guild_of(call.event())).await;
        Ok(call.state().mirror.clone())
    }
}

impl<T: Send + Sync> Extract<App<T>> for Lookup {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        let App {
            mirror,
            client,
            tiers,
            ..
        } = call.state();
        Ok(Self::new(mirror, client, tiers))
    }
}

impl<T: Send + Sync> Extract<App<T>> for Fleet {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().fleet.clone())
    }
}

/// The guild in which the handler was called: by an interaction, a message, a reaction, or an event of
/// a member, a voice state or the guild itself. Elsewhere the handler is not called, and an
/// interaction is answered that it works in servers only; a handler of other events takes a
/// [`Fleet`] and names the [guild](Fleet::guild).
impl<T: Send + Sync> Extract<App<T>> for AskGuild {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        let guild = guild_of(call.event());
        let guild = guild.ok_or_else(|| Failure::refuse("This works in servers only."))?;
        Ok(call.state().fleet.guild(guild))
    }
}

impl<T: Send + Sync> Extract<App<T>> for Bus {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().bus.clone())
    }
}

/// A copy of what has deviated so far, as [`Running::drift`](crate::Running::drift) gives it.
impl<T: Send + Sync> Extract<App<T>> for Drift {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(snapshot(&call.state().drift))
    }
}

fn guild_of(event: &Event) -> Option<Id<GuildMarker>> {
    match event {
        Event::InteractionCreate(interaction) => interaction.guild_id,
        Event::MessageCreate(message) => message.guild_id,
        Event::MessageUpdate(message) => message.guild_id,
        Event::MessageReactionAdd(reaction) => reaction.guild_id,
        Event::MessageReactionRemove(reaction) => reaction.guild_id,
        Event::GuildMemberAdd(member) => member.guild_id,
        Event::GuildMemberUpdate(member) => member.guild_id,
        Event::GuildMemberRemove(event) => Some(event.guild_id),
        Event::VoiceStateUpdate(state) => state.guild_id,
        Event::GuildCreate(guild) => Some(guild.id),
        Event::GuildUpdate(guild) => Some(guild.id),
        _ => None,
    }
}

/// A copy of the report as it stands.
pub(crate) fn snapshot(drift: &Mutex<Drift>) -> Drift {
    drift.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl<T: Clone> Provide<T> for App<T> {
    fn provide(&self) -> Option<T> {
        Some(self.state.clone())
    }
}

impl<T> fmt::Debug for App<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("mirror", &self.mirror.stats())
            .finish_non_exhaustive()
    }
}
