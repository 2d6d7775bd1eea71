//! A bot that runs.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use ovenjs_cache::mirror::Mirror;
#[cfg(feature = "tiers")]
use ovenjs_cache::tiers::{GuildBlocks, Tiered};
use ovenjs_gateway::{Events, Fleet, bus::Bus};
use ovenjs_net::{Clock as _, SystemClock};
use ovenjs_rest::Client;
use ovenjs_types::{Drift, Interest, Pressure};
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinError, JoinSet},
};

use crate::{
    Error, ErrorKind, Live, Lookup,
    app::snapshot,
    estate::Estate,
    heir::Heir,
    memory::{self, Memory},
    mirror,
    pump::Pump,
    tiers::Tiers,
};

/// A bot that runs. Dropping it stops the bot at once; [`stop`](Self::stop) lets it finish.
pub struct Running {
    client: Client,
    mirror: Mirror,
    fleet: Fleet,
    bus: Bus,
    tiers: Tiers,
    drift: Arc<Mutex<Drift>>,
    apply: Box<dyn Fn(ovenjs_commands::Live) -> Result<(), Error> + Send + Sync>,
    live: Live,
    interest: Interest,
    grace: watch::Sender<Duration>,
    places: Arc<Semaphore>,
    pump: JoinSet<Result<(), Error>>,
    estate: Arc<Estate>,
    /// Looks after memory, where anything bounds it, after what becomes too old, and after the tiers.
    _watching: JoinSet<()>,
}

impl Running {
    pub(crate) fn begin<T: Send + Sync + 'static>(
        pump: Pump<T>,
        events: Events,
        live: Live,
        estate: Estate,
        memory: Option<Memory>,
    ) -> Self {
        let app = Arc::clone(&pump.app);
        let router = Arc::clone(&pump.router);
        let interest = pump.interest;
        let places = Arc::clone(&pump.places);
        let (grace, pumps_grace) = watch::channel(live.bot.stop_after);
        let (pressure, pumps_pressure) = watch::channel(Pressure::Low);
        let estate = Arc::new(estate);
        let pumping = pump.run(events, estate.is_kept(), pumps_grace, pumps_pressure);
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let (estate, app) = (Arc::clone(&estate), Arc::clone(&app));
            async move {
                let outcome = pumping.await;
                if outcome.is_err() {
                    // Nobody has to ask for it, and nobody may be there to.
                    app.tiers.leave(&app.fleet, LEAVE_LEAST).await;
                    estate.leave(&app.client, &app.fleet, &app.mirror).await;
                    app.client.leave().await;
                }
                outcome
            }
        });
        let mut watching = JoinSet::new();
        if app.mirror.keep().expires() {
            watching.spawn(mirror::expire(app.mirror.clone()));
        }
        app.tiers.serve(&mut watching);
        if let Some(memory) = memory {
            watching.spawn(memory::watch(memory, app.fleet.clone(), pressure));
        }
        Self {
            client: app.client.clone(),
            mirror: app.mirror.clone(),
            fleet: app.fleet.clone(),
            bus: app.bus.clone(),
            tiers: app.tiers.clone(),
            drift: Arc::clone(&app.drift),
            apply: Box::new(move |live| router.apply(live).map(drop).map_err(Error::routes)),
            live,
            interest,
            grace,
            places,
            pump: tasks,
            estate,
            _watching: watching,
        }
    }

    /// The REST client.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The mirror of what the gateway told.
    #[must_use]
    pub const fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// What the mirror knows, and Discord where it does not.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        Lookup::new(&self.mirror, &self.client, &self.tiers)
    }

    /// The shards.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// What speaks to the other processes of the bot: see [`BusConfig`](crate::BusConfig).
    #[must_use]
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The tiers, which the bot serves and flushes when it stops: see [`Config::tiers`](crate::Config::tiers).
    #[cfg(feature = "tiers")]
    #[must_use]
    pub const fn tiers(&self) -> &Tiered {
        &self.tiers.tiered
    }

    /// The guilds in the tiers, where they [go there](crate::TiersConfig::away_after).
    #[cfg(feature = "tiers")]
    #[must_use]
    pub const fn guild_blocks(&self) -> Option<&GuildBlocks> {
        self.tiers.guilds.as_ref()
    }

    /// How Discord's events have differed so far from what this version knows, by event and path: a
    /// copy to be written out as text or JSON. A handler takes a [`Drift`] as an argument just so.
    ///
    /// What a decoder left out is always counted; unknown fields, values and bits in a sample of the
    /// events, the first and one in a thousand after it.
    #[must_use]
    pub fn drift(&self) -> Drift {
        snapshot(&self.drift)
    }

    /// What can be changed while the bot runs, as it is in force.
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live
    }

    /// Changes all that can be changed while the bot runs; answers with what was. To change one thing,
    /// begin with what is [in force](Self::live).
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn patient(bot: &mut ovenjs_core::Running) -> Result<(), ovenjs_core::Error> {
    /// let mut live = bot.live().clone();
    /// live.bot.stop_after = Duration::from_secs(30);
    /// bot.apply(live)?;
    /// assert_eq!(bot.live().bot.stop_after, Duration::from_secs(30));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When the values cannot work; then nothing is changed.
    pub fn apply(&mut self, live: Live) -> Result<Live, Error> {
        (self.apply)(live.commands.clone())?;
        let mut gateway = ovenjs_gateway::Live::default();
        gateway.interest = self.interest;
        gateway.presence.clone_from(&live.presence);
        if let Err(refused) = self.fleet.apply(gateway) {
            (self.apply)(self.live.commands.clone())?;
            let text = "the presence cannot be changed";
            return Err(Error::below(ErrorKind::Gateway, text, refused));
        }
        self.client.apply(live.rest);
        self.grace.send_replace(live.bot.stop_after);
        Ok(std::mem::replace(&mut self.live, live))
    }

    /// Waits until the bot ends by itself, which it does only when it cannot go on: when a shard gives
    /// up, since a bot that is deaf in a part of its guilds is worse than one that says so. It ends as
    /// orderly as with [`stop`](Self::stop): what no handler has begun with is remembered for the next
    /// process, or handled where nothing is remembered.
    ///
    /// # Errors
    ///
    /// Why it could not go on.
    pub async fn wait(&mut self) -> Result<(), Error> {
        Self::next_end(&mut self.pump).await
    }

    /// Stops: closes the shards so that their sessions can be resumed, and waits for handlers that
    /// still run, for [`BotLive::stop_after`](crate::BotLive::stop_after) at most. Where the bot was
    /// told to ([`GatewayConfig::state`](crate::GatewayConfig::state)), it remembers the sessions for
    /// the next process, and with them the events that no handler has begun with. Where it was not, they
    /// are handled within the same time, which begins with this call. A process that asks for the sessions
    /// meanwhile gets them.
    ///
    /// Then the stores of the [tiers](crate::Config::tiers) are given what waits for them, in what is left of that time
    /// and in 2 s at least. What they do not take is told in the log, and stays in the journal where there is one.
    ///
    /// # Errors
    ///
    /// Why the bot ended, if it had ended before; [`ErrorKind::HandOver`] where a process asked for the
    /// sessions and did not go on with them.
    pub async fn stop(self) -> Result<(), Error> {
        self.end(None).await
    }

    /// Stops as [`stop`](Self::stop) does once another process asks for the sessions at
    /// [`GatewayConfig::hand_over`](crate::GatewayConfig::hand_over), and gives them to it. Without
    /// that setting nobody asks, and it returns when the bot ends by itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HandOver`] where the other process did not go on with them, or why the bot ended by itself.
    pub async fn until_replaced(mut self) -> Result<(), Error> {
        let heir = tokio::select! {
            ended = Self::next_end(&mut self.pump) => return ended,
            heir = self.estate.asked(self.live.bot.stop_after) => heir,
        };
        self.end(Some(heir)).await
    }

    /// Runs until Ctrl-C or SIGTERM, or until another process asks for the sessions, and stops: the
    /// rest of [`Bot::run`](crate::Bot::run), for who starts the bot on a runtime of their own; what is
    /// missing then, [`Bot::start`](crate::Bot::start) says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HandOver`] where the other process did not go on, why the bot ended by itself, or why
    /// signals cannot be listened for.
    pub async fn until_signal(mut self) -> Result<(), Error> {
        let heir = tokio::select! {
            ended = Self::next_end(&mut self.pump) => return ended,
            asked = signal() => {
                if let Err(refused) = asked {
                    // Without its signals nobody could stop it, and what it has heard is not to be lost.
                    self.end(None).await?;
                    return Err(refused);
                }
                None
            }
            heir = self.estate.asked(self.live.bot.stop_after) => Some(heir),
        };
        tracing::info!("stopping");
        self.end(heir).await
    }

    async fn end(mut self, heir: Option<Heir>) -> Result<(), Error> {
        let (estate, takes) = (Arc::clone(&self.estate), self.live.bot.stop_after);
        let began = SystemClock.now();
        let (outcome, heir) = {
            let mut finish = std::pin::pin!(self.finish(heir.is_some()));
            match heir {
                Some(_) => (finish.await, heir),
                // Who comes now waits for the end, and does not start beside.
                None => tokio::select! {
                    biased;
                    outcome = &mut finish => (outcome, None),
                    heir = estate.asked(takes) => (finish.await, Some(heir)),
                },
            }
        };
        let took = SystemClock.now().saturating_duration_since(began);
        let left = takes.saturating_sub(took).max(LEAVE_LEAST);
        self.tiers.leave(&self.fleet, left).await;
        let outcome = match heir {
            Some(heir) => outcome.and(
                estate
                    .give(&self.client, &self.fleet, &self.mirror, heir)
                    .await,
            ),
            None => {
                estate.leave(&self.client, &self.fleet, &self.mirror).await;
                outcome
            }
        };
        self.client.leave().await;
        outcome
    }

    /// Closes the shards and waits for handlers.
    async fn finish(&mut self, is_asked: bool) -> Result<(), Error> {
        let over = tokio::time::sleep(self.live.bot.stop_after);
        if is_asked || self.estate.is_kept() {
            // What the handlers have not begun with is for the next process.
            self.fleet.hand_over().await;
        } else {
            self.fleet.stop().await;
        }
        tokio::select! {
            biased;
            outcome = self.wait() => return outcome,
            () = over => {}
        }
        // Events may still wait behind handlers that do not end; none of them starts any more, and the
        // pump waits for none that runs.
        self.places.close();
        self.grace.send_replace(Duration::ZERO);
        self.wait().await
    }

    async fn next_end(pump: &mut JoinSet<Result<(), Error>>) -> Result<(), Error> {
        pump.join_next().await.map_or(Ok(()), ended)
    }
}

fn ended(joined: Result<Result<(), Error>, JoinError>) -> Result<(), Error> {
    match joined {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Ok(()),
    }
}

/// Where handlers took all the time of a stop, what they wrote has this: a batch of a slow database.
const LEAVE_LEAST: Duration = Duration::from_secs(2);

async fn signal() -> Result<(), Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|e| Error::system("the signal handler could not be installed", &e))
    };
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}
