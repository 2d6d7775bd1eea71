//! The handle: all shards of one process.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ovenjs_net::Connector;
use ovenjs_types::{
    Dispatch, Id, Origin, Pressure, RequestGuildMembers, ShardId, Status, UpdatePresence, Version,
    marker::GuildMarker,
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
};

use super::{
    Delivery, Events, Stats, Wiring,
    acks::Acks,
    generation::{Door, Generation, Generations},
    queue::Queue,
    replies::{Replies, ask},
    reshard::Successors,
    saves::Saves,
    seam::Seam,
    thread::{self, Shared},
    watch::{HealthWatch, NOTICES_MAX, Watch},
};
use crate::{
    Command, Config, Error, ErrorKind, FleetHealth, FleetState, Live, Request, Resharding, Resume,
    fleet_state::Waiting,
};

/// A bot's shards at work. Cloning is cheap; all clones mean the same shards.
///
/// Dropping it leaves the shards running; they end with [`stop`](Self::stop), or when [`Events`]
/// is dropped.
///
/// ```no_run
/// use ovenjs_gateway::{Config, Delivery, Fleet};
/// use ovenjs_types::Intents;
///
/// # async fn run() -> Result<(), ovenjs_gateway::Error> {
/// let config = Config::new("token", Intents::GUILDS | Intents::GUILD_MESSAGES);
/// let (fleet, mut events) = Fleet::start(config)?;
/// while let Some(delivery) = events.next().await {
///     match delivery {
///         Delivery::Dispatch(dispatch) | Delivery::Late(dispatch) => println!("{}", dispatch.name()),
///         Delivery::Gap(gap) => println!("events after {} may be missing", gap.last_seq),
///         Delivery::Stopped { shard, error } => println!("shard {shard} ended: {error:?}"),
///         _ => {}
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    done: watch::Receiver<bool>,
    /// Where another generation of shards is given in.
    successors: mpsc::Sender<Successors>,
    /// What nobody had taken when the fleet was handed over.
    waiting: Mutex<Vec<Waiting>>,
    /// The task of all shards, where they have no thread of their own.
    _here: JoinSet<()>,
}

impl Fleet {
    /// Starts the shards of `config` on a thread of their own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`] or [`ErrorKind::Config`] where the configuration cannot work,
    /// [`ErrorKind::Thread`] where there is no thread to be had. An unreachable gateway is no error:
    /// the shards go on trying, and [`stats`](Self::stats) tells why they fail.
    pub fn start(config: Config) -> Result<(Self, Events), Error> {
        let mut net = ovenjs_net::Config::new();
        net.allow_plain = config.allow_plain;
        let connector = Connector::build(net).map_err(|source| {
            Error::new(ErrorKind::Config, "connections cannot be made").with_source(source)
        })?;
        Self::start_with(config, Wiring::new(connector))
    }

    /// As [`start`](Self::start), with one's own connector, clock, entropy and hook.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(mut config: Config, wiring: Wiring) -> Result<(Self, Events), Error> {
        // The configuration stays as long as the fleet; what is delivered need not.
        let left = std::mem::take(&mut config.waiting);
        let config = Arc::new(config);
        let total = config.shards_total;
        if config.shards.is_empty() || config.shards.end > total {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "there are no shards {:?} of {total}: give a range below the total",
                    config.shards
                ),
            ));
        }
        let queue = Arc::new(Queue::new(config.event_queue, config.queue_bytes));
        let shared = Arc::new(Shared {
            seam: Seam::new(Arc::clone(&queue)),
            live: Mutex::new(config.live.clone()),
            generations: Mutex::default(),
            turns: thread::identify_port(&config, &wiring),
            queue,
            notices: broadcast::Sender::new(NOTICES_MAX),
            saves: wiring.store.clone().map(Saves::new),
            pressure: watch::Sender::new(Pressure::Low),
            wiring,
            config,
        });
        let config = &shared.config;
        let (generation, rooms) = Generation::build(&shared, config, config.shards.clone(), total)?;
        let generation = Arc::new(generation);
        *Generations::lock(&shared) = Generations {
            number: 1,
            current: Arc::clone(&generation),
            of_state: generation,
            ..Generations::default()
        };
        shared
            .queue
            .put_all(left.iter().filter_map(|waiting| match waiting.restore() {
                Ok((dispatch, whom)) => Some(Delivery::to(whom, dispatch)),
                Err(gap) => gap.map(Delivery::Gap),
            }));
        let (successors, when_succeeded) = mpsc::channel(1);
        let started = thread::start(&shared, rooms, when_succeeded)?;
        let events = Events::new(Arc::clone(&shared.queue));
        let inner = Inner {
            shared,
            done: started.done,
            successors,
            waiting: Mutex::default(),
            _here: started.here,
        };
        Ok((Self(Arc::new(inner)), events))
    }

    /// Sends a command through a shard, as soon as Discord's limits allow it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] where it breaks one of Discord's rules, [`ErrorKind::NoSuchShard`],
    /// [`ErrorKind::CommandQueueFull`] where too many wait already, [`ErrorKind::Stopped`].
    pub fn send(&self, shard: ShardId, command: &Command) -> Result<(), Error> {
        let sealed = command.seal()?;
        self.door(shard, |door| door.commands.clone())?
            .try_send(sealed)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => crowded(shard),
                mpsc::error::TrySendError::Closed(_) => ended(shard),
            })
    }

    /// Asks a shard for something and gives the one answer as a stream, complete `within` that time.
    /// Limits are kept, refusals are waited out, and where the session is lost midway it is asked for
    /// anew. The events of the answer are delivered to [`Events`] as well, where their kinds are
    /// wanted: see [`Config::interest`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchShard`], [`ErrorKind::CommandQueueFull`] where too many wait already,
    /// [`ErrorKind::Stopped`]. What is wrong with the request is the answer's error.
    pub fn request(
        &self,
        shard: ShardId,
        request: impl Into<Request>,
        within: Duration,
    ) -> Result<Replies, Error> {
        let (ask, replies) = ask(request.into(), within);
        let asks = self.door(shard, |door| door.asks.clone())?;
        asks.try_send(ask).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::new(
                ErrorKind::CommandQueueFull,
                format!("too many requests wait in shard {shard}: ask again later"),
            ),
            mpsc::error::TrySendError::Closed(_) => ended(shard),
        })?;
        Ok(replies)
    }

    /// Members of a guild, as one answer, complete within two minutes:
    /// [`Replies::members`] waits for all of them. All members want the intent `GUILD_MEMBERS`, and
    /// Discord is asked for all of one guild every 30 s at most.
    ///
    /// ```no_run
    /// # async fn run(fleet: ovenjs_gateway::Fleet) -> Result<(), ovenjs_gateway::Error> {
    /// use ovenjs_types::{Id, RequestGuildMembers};
    ///
    /// let members = fleet.members(RequestGuildMembers::all(Id::new(5)))?.members().await?;
    /// println!("{} members", members.len());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request).
    pub fn members(&self, request: RequestGuildMembers) -> Result<Replies, Error> {
        self.request(self.shard_of(request.guild_id), request, MEMBERS_WITHIN)
    }

    /// Does something with the door of a shard that runs here.
    fn door<T>(&self, shard: ShardId, with: impl FnOnce(&Door) -> T) -> Result<T, Error> {
        let generations = Generations::lock(&self.0.shared);
        generations.door(shard, with).ok_or_else(|| {
            Error::new(
                ErrorKind::NoSuchShard,
                format!(
                    "shard {shard} does not run in this process: Fleet::shards names those that do"
                ),
            )
        })
    }

    /// The shard that hears of a guild.
    #[must_use]
    pub fn shard_of(&self, guild: Id<GuildMarker>) -> ShardId {
        let total = Generations::lock(&self.0.shared).current.total;
        ShardId::of_guild(guild, total)
    }

    /// The shards that run in this process; while the fleet is [re-sharded](Self::reshard), those that
    /// commands go to.
    pub fn shards(&self) -> impl Iterator<Item = ShardId> + use<> {
        let generations = Generations::of(&self.0.shared);
        let shards: Vec<ShardId> = generations
            .current
            .doors
            .values()
            .map(|door| door.id)
            .collect();
        shards.into_iter()
    }

    /// Takes a new live configuration over and returns the former one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] where the presence breaks one of Discord's rules,
    /// [`ErrorKind::CommandQueueFull`] where a shard has no room for it, [`ErrorKind::Stopped`] where no
    /// shard is left; the former configuration then stays, in all shards.
    pub fn apply(&self, live: Live) -> Result<Live, Error> {
        let shared = &self.0.shared;
        let mut current = shared.live_now();
        let generations = Generations::of(shared);
        if live.presence != current.presence {
            // Discord shows the last one until it hears another.
            let presence = live.presence.clone();
            let presence = presence.unwrap_or_else(|| UpdatePresence::new(Status::Online));
            let sealed = Command::UpdatePresence(presence).seal()?;
            // A place in each shard comes first, so that all of them get it or none.
            let mut places = Vec::new();
            for door in generations
                .at_work()
                .flat_map(|generation| generation.doors.values())
            {
                match door.commands.try_reserve() {
                    Ok(place) => places.push(place),
                    Err(mpsc::error::TrySendError::Full(())) => return Err(crowded(door.id)),
                    // One that has given up shows no presence.
                    Err(mpsc::error::TrySendError::Closed(())) => {}
                }
            }
            if places.is_empty() {
                return Err(Error::new(
                    ErrorKind::Stopped,
                    "all shards have stopped: start the fleet anew",
                ));
            }
            for place in places {
                place.send(sealed.clone());
            }
        }
        if live.interest != current.interest {
            let interest = Some(live.interest);
            for generation in generations.at_work() {
                generation.order(|orders| orders.interest = interest);
            }
            shared.seam.wants(live.interest);
        }
        Ok(std::mem::replace(&mut current, live))
    }

    /// Says how short memory is, for whoever reads that: [`MemoryGauge`](ovenjs_types::MemoryGauge)
    /// tells it from numbers.
    ///
    /// Under pressure the byte bounds of backlogs and queue ([`Config::backlog_bytes`],
    /// [`Config::queue_bytes`]) are a [share](Pressure::share) of what was configured, and what memory
    /// is kept for speed alone is given back. No event is lost by it: what is held above the new bounds
    /// stays until it is taken, and meanwhile the shards do not read. Each shard tells it with
    /// [`Notice::Pressed`](crate::Notice::Pressed).
    pub fn pressure(&self, pressure: Pressure) {
        let shared = &self.0.shared;
        let has_changed = shared
            .pressure
            .send_if_modified(|former| std::mem::replace(former, pressure) != pressure);
        if has_changed {
            let bytes = pressure.share(shared.config.queue_bytes);
            shared.queue.bound(bytes);
        }
    }

    /// How long Discord took to acknowledge the last heartbeat: the mean of the connected shards.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        let all: Vec<Duration> = self
            .stats()
            .shards
            .iter()
            .filter_map(|shard| shard.latency)
            .collect();
        let count = u32::try_from(all.len()).ok()?;
        all.iter().sum::<Duration>().checked_div(count)
    }

    /// How the shards are.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let generations = Generations::of(&self.0.shared);
        let doors = generations
            .at_work()
            .flat_map(|generation| generation.doors.values());
        let shards = doors.map(|door| door.board.lock().stats.clone()).collect();
        let (queue_deliveries, queue_bytes) = self.0.shared.queue.depth();
        Stats {
            shards,
            queue_deliveries,
            queue_bytes,
            saves_failed: self.0.shared.saves.as_ref().map_or(0, Saves::failed),
        }
    }

    /// Whether the shards are well, as of now.
    #[must_use]
    pub fn health(&self) -> FleetHealth {
        let shared = &self.0.shared;
        shared.health(shared.wiring.clock.now())
    }

    /// The same as a stream that tells of changes, once a second at most.
    #[must_use]
    pub fn watch_health(&self) -> HealthWatch {
        HealthWatch {
            shared: Arc::clone(&self.0.shared),
            done: self.0.done.clone(),
            given: None,
            is_over: false,
        }
    }

    /// How far a [re-sharding](Self::reshard) is; nothing while there is none.
    #[must_use]
    pub fn resharding(&self) -> Option<Resharding> {
        self.0.shared.seam.progress()
    }

    /// Says that an event is handled, in any order. It counts under
    /// [`Config::at_least_once`]: what was not said to be handled comes again, in this process after
    /// [`restart`](Self::restart) and in the next one after a crash.
    ///
    /// Where the event itself is not kept, [`receipt`](Self::receipt) keeps its place.
    pub fn handled(&self, dispatch: &Dispatch) {
        self.receipt(dispatch).handled();
    }

    /// The receipt of an event, to be given when it is handled. Dropping it says nothing.
    #[must_use]
    pub fn receipt(&self, dispatch: &Dispatch) -> Receipt {
        let acks = match dispatch.origin {
            Origin::Gateway(shard) if self.0.shared.config.at_least_once => {
                self.door(shard, |door| Arc::clone(&door.acks)).ok()
            }
            _ => None,
        };
        Receipt {
            acks,
            version: dispatch.version,
        }
    }

    /// What the shards do, as it happens, from now on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch {
            notices: self.0.shared.notices.subscribe(),
            done: self.0.done.clone(),
            missed: 0,
        }
    }

    /// Lets a shard begin anew: its connection is closed in a way that keeps the session, which is
    /// then resumed after the last event that was delivered (under [`Config::at_least_once`]: that was
    /// handled). It happens by itself after a panic, up to three times a minute.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchShard`]; [`ErrorKind::Stopped`] where the shard has ended.
    pub fn restart(&self, shard: ShardId) -> Result<(), Error> {
        let is_told = self.door(shard, |door| {
            door.orders.send_modify(|orders| orders.restarts += 1);
            door.orders.receiver_count() > 0
        })?;
        if is_told {
            return Ok(());
        }
        Err(ended(shard))
    }

    /// Ends all shards in a way that lets another process resume, and returns what it needs for
    /// that: see [`Config::resume`]. Calling it twice is the same as once.
    ///
    /// What still waits in [`Events`] counts as delivered, and the other process will not get it:
    /// read them to their end, or use [`hand_over`](Self::hand_over).
    pub async fn stop(&self) -> Vec<Resume> {
        let shared = &self.0.shared;
        let mut done = self.0.done.clone();
        // Of two generations one is left first.
        tokio::select! {
            () = shared.seam.hurry(shared.wiring.clock.now()) => {}
            _ = done.wait_for(|done| *done) => {}
        }
        for generation in Generations::of(shared).at_work() {
            generation.order(|orders| orders.stop = true);
        }
        // The sender is gone where the thread has ended already.
        let _ = done.wait_for(|done| *done).await;
        self.sessions()
    }

    /// Ends all shards as [`stop`](Self::stop) does, takes back what waits in [`Events`] (which end
    /// with this), and gives what the next process needs to go on: see [`Config::resume_from`]. With
    /// both no event is lost and none is delivered twice.
    ///
    /// Streams that were cut into [`lanes`](Events::lanes) end as well. It can be called again: where
    /// handlers were still at work at first, and [`handled`](Self::handled) counts, the state then
    /// tells what they have done since.
    pub async fn hand_over(&self) -> FleetState {
        self.stop().await;
        let sealed = self.0.shared.queue.seal();
        let config = &self.0.shared.config;
        let mut gaps = Vec::new();
        let taken_back = sealed.into_iter().filter_map(|delivery| match delivery {
            // Each lane has one.
            Delivery::Gap(gap) if !gaps.contains(&gap) => {
                gaps.push(gap.clone());
                Some(Waiting::Gap(gap))
            }
            // What is not handled yet comes again anyhow.
            _ if config.at_least_once => None,
            delivery => {
                let (whom, dispatch) = delivery.addressed()?;
                Waiting::dispatch(dispatch, whom)
            }
        });
        let waiting = {
            let mut waiting = self
                .0
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            waiting.extend(taken_back);
            waiting.clone()
        };
        let sessions = self.sessions();
        let epoch = Generations::of(&self.0.shared).epoch().max(config.epoch);
        let budget = self.0.shared.turns.budget();
        FleetState::new(config.token.expose(), epoch, sessions, waiting, budget)
    }

    /// The sessions of shards that have ended, as of now.
    fn sessions(&self) -> Vec<Resume> {
        let shared = &self.0.shared;
        let of_state = Generations::of(shared).of_state;
        of_state.sessions(shared.wiring.clock.now())
    }
}

/// For what changes the shards.
impl Fleet {
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(super) fn successors(&self) -> &mpsc::Sender<Successors> {
        &self.0.successors
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.0.done.borrow()
    }
}

/// The place of an event in the order of its shard, to be [given](Self::handled) when the event is
/// handled. Dropping it says nothing, and the event counts as not handled.
#[derive(Clone, Debug)]
pub struct Receipt {
    acks: Option<Arc<Acks>>,
    version: Version,
}

impl Receipt {
    /// The event is handled.
    pub fn handled(self) {
        if let Some(acks) = &self.acks {
            acks.push(self.version);
        }
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

fn crowded(shard: ShardId) -> Error {
    let text = format!("too many commands wait in shard {shard}: discord takes two a second");
    Error::new(ErrorKind::CommandQueueFull, text)
}

fn ended(shard: ShardId) -> Error {
    let text = format!("shard {shard} has stopped: its end was delivered with the reason");
    Error::new(ErrorKind::Stopped, text)
}

/// A guild of a million members comes in a thousand events.
pub(super) const MEMBERS_WITHIN: Duration = Duration::from_secs(120);
