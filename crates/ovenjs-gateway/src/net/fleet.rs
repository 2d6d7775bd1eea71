//! The handle: all shards of one process.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ovenjs_net::Connector;
use ovenjs_types::{
    Dispatch, Id, Origin, RequestGuildMembers, ShardId, Version, marker::GuildMarker,
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
};

use super::{
    Delivery, Events, Stats, Wiring,
    acks::Acks,
    queue::Queue,
    replies::{ASKS_MAX, Ask, Replies, ask},
    saves::Saves,
    stats::Board,
    thread::{self, Orders, Room, Shared},
    watch::{NOTICES_MAX, Watch},
};
use crate::{
    Command, Config, Error, ErrorKind, FleetHealth, FleetState, Live, Request, Resume, Sealed,
    fleet_state::Waiting,
    session::{Input, Session},
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
///         Delivery::Dispatch(dispatch) => println!("{}", dispatch.name()),
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
    shards: BTreeMap<u32, Door>,
    total: u32,
    shared: Arc<Shared>,
    done: watch::Receiver<bool>,
    /// What nobody had taken when the fleet was handed over.
    waiting: Mutex<Vec<Waiting>>,
    /// The task of all shards, where they have no thread of their own.
    _here: JoinSet<()>,
}

/// What the handle shares with one shard.
struct Door {
    id: ShardId,
    commands: mpsc::Sender<Sealed>,
    orders: watch::Sender<Orders>,
    asks: mpsc::Sender<Ask>,
    acks: Arc<Acks>,
    board: Board,
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
    pub fn start_with(config: Config, wiring: Wiring) -> Result<(Self, Events), Error> {
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
        let shared = Arc::new(Shared {
            live: Mutex::new(config.live.clone()),
            turns: thread::identify_port(&config, &wiring),
            queue: Arc::new(Queue::new(config.event_queue, config.queue_bytes)),
            notices: broadcast::Sender::new(NOTICES_MAX),
            saves: wiring.store.clone().map(Saves::new),
            wiring,
            config,
        });
        let mut doors = BTreeMap::new();
        let mut rooms = Vec::new();
        for number in shared.config.shards.clone() {
            let id = ShardId { number, total };
            let entropy = shared.wiring.entropy.u64();
            let mut session = Session::new(Arc::clone(&shared.config), id, entropy)?;
            if shared.saves.is_some() {
                let saved = session.resume().as_ref().map(Resume::version);
                let now = shared.wiring.clock.now();
                session.handle(now, Input::Saved(saved.unwrap_or_default()));
            }
            let (commands, waiting) = mpsc::channel(COMMAND_QUEUE);
            let (orders, ordered) = watch::channel(Orders::default());
            let (asks, asked) = mpsc::channel(ASKS_MAX);
            let acks = Arc::new(Acks::default());
            let board = Board::new(&session);
            let door = Door {
                id,
                commands,
                orders,
                asks,
                acks: Arc::clone(&acks),
                board: board.clone(),
            };
            doors.insert(number, door);
            rooms.push(Room {
                session,
                commands: waiting,
                orders: ordered,
                asks: asked,
                acks,
                board,
            });
        }
        let left = shared.config.waiting.iter();
        shared
            .queue
            .begin_with(left.filter_map(|waiting| match waiting.restore() {
                Ok(dispatch) => Some(Delivery::Dispatch(dispatch)),
                Err(gap) => gap.map(Delivery::Gap),
            }));
        let started = thread::start(&shared, rooms)?;
        let events = Events::new(Arc::clone(&shared.queue));
        let inner = Inner {
            shards: doors,
            total,
            shared,
            done: started.done,
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
        let door = self.door(shard)?;
        let sealed = command.seal()?;
        door.commands
            .try_send(sealed)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => Error::new(
                    ErrorKind::CommandQueueFull,
                    format!("too many commands wait in shard {shard}: discord takes two a second"),
                ),
                mpsc::error::TrySendError::Closed(_) => {
                    Error::new(ErrorKind::Stopped, format!("shard {shard} has stopped"))
                }
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
        let door = self.door(shard)?;
        let (ask, replies) = ask(request.into(), within);
        door.asks.try_send(ask).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::new(
                ErrorKind::CommandQueueFull,
                format!("too many requests wait in shard {shard}: ask again later"),
            ),
            mpsc::error::TrySendError::Closed(_) => {
                Error::new(ErrorKind::Stopped, format!("shard {shard} has stopped"))
            }
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

    fn door(&self, shard: ShardId) -> Result<&Door, Error> {
        let door = self.0.shards.get(&shard.number);
        door.filter(|door| door.id == shard).ok_or_else(|| {
            Error::new(
                ErrorKind::NoSuchShard,
                format!("shard {shard} does not run in this process"),
            )
        })
    }

    /// The shard that hears of a guild.
    #[must_use]
    pub fn shard_of(&self, guild: Id<GuildMarker>) -> ShardId {
        let number = (guild.get() >> 22) % u64::from(self.0.total.max(1));
        ShardId {
            number: u32::try_from(number).unwrap_or(0),
            total: self.0.total,
        }
    }

    /// The shards that run in this process.
    pub fn shards(&self) -> impl Iterator<Item = ShardId> {
        self.0.shards.values().map(|door| door.id)
    }

    /// Takes a new live configuration over and returns the former one.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), of the first shard that refuses; the former configuration then
    /// stays.
    pub fn apply(&self, live: Live) -> Result<Live, Error> {
        let live_now = &self.0.shared.live;
        let mut current = live_now.lock().unwrap_or_else(PoisonError::into_inner);
        if live.presence != current.presence
            && let Some(presence) = &live.presence
        {
            let command = Command::UpdatePresence(presence.clone());
            command.seal()?;
            for shard in self.shards() {
                self.send(shard, &command)?;
            }
        }
        if live.interest != current.interest {
            let interest = Some(live.interest);
            for door in self.0.shards.values() {
                door.orders.send_modify(|orders| orders.interest = interest);
            }
        }
        Ok(std::mem::replace(&mut current, live))
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
        let shards = self
            .0
            .shards
            .values()
            .map(|door| door.board.lock().stats.clone())
            .collect();
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
        let now = self.0.shared.wiring.clock.now();
        let doors = self.0.shards.values();
        FleetHealth::of(now, doors.map(|door| door.board.lock().pulse))
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
        let door = match dispatch.origin {
            Origin::Gateway(shard) => self.door(shard).ok(),
            _ => None,
        };
        Receipt {
            acks: door.map(|door| Arc::clone(&door.acks)),
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
        let door = self.door(shard)?;
        let told = door.orders.send_if_modified(|orders| {
            orders.restarts += 1;
            true
        });
        if told && door.orders.receiver_count() > 0 {
            return Ok(());
        }
        let text = format!("shard {shard} has stopped");
        Err(Error::new(ErrorKind::Stopped, text))
    }

    /// Ends all shards in a way that lets another process resume, and returns what it needs for
    /// that: see [`Config::resume`]. Calling it twice is the same as once.
    ///
    /// What still waits in [`Events`] counts as delivered, and the other process will not get it:
    /// read them to their end, or use [`hand_over`](Self::hand_over).
    pub async fn stop(&self) -> Vec<Resume> {
        for door in self.0.shards.values() {
            door.orders.send_modify(|orders| orders.stop = true);
        }
        // The sender is gone where the thread has ended already.
        let _ = self.0.done.clone().wait_for(|done| *done).await;
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
        let mut gaps = BTreeSet::new();
        let taken_back = sealed.into_iter().filter_map(|delivery| match delivery {
            // What is not handled yet comes again anyhow.
            Delivery::Dispatch(dispatch) if !config.at_least_once => Waiting::dispatch(&dispatch),
            // Each lane has one.
            Delivery::Gap(gap) if gaps.insert((gap.shard, gap.last_seq)) => Some(Waiting::Gap(gap)),
            _ => None,
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
        let epochs = self.0.shards.values().map(|door| door.board.lock().epoch);
        let epoch = epochs.fold(config.epoch, u64::max);
        let budget = self.0.shared.turns.budget();
        FleetState::new(config.token.expose(), epoch, sessions, waiting, budget)
    }

    /// The sessions of shards that have ended, as of now.
    fn sessions(&self) -> Vec<Resume> {
        let now = self.0.shared.wiring.clock.now();
        let of = |door: &Door| {
            let mut posted = door.board.lock();
            if let Some(mut session) = posted.ended.take() {
                for version in door.acks.take() {
                    session.handle(now, Input::Handled(version));
                }
                posted.resume = session.resume().or_else(|| posted.resume.take());
                posted.ended = Some(session);
            }
            posted.resume.clone()
        };
        self.0.shards.values().filter_map(of).collect()
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

/// A guild of a million members comes in a thousand events.
const MEMBERS_WITHIN: Duration = Duration::from_secs(120);

/// A minute's budget of commands may wait here, and as many in the session.
const COMMAND_QUEUE: usize = 120;
