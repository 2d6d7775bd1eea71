//! The handle: all shards of one process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ovenjs_net::Connector;
use ovenjs_types::{Id, ShardId, marker::GuildMarker};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    Events, Stats, Wiring,
    stats::Board,
    thread::{self, Room},
};
use crate::{
    Command, Config, Error, ErrorKind, FleetState, Live, Resume, Sealed, session::Session,
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
    config: Arc<Config>,
    live: Mutex<Live>,
    stop: watch::Sender<bool>,
    done: watch::Receiver<bool>,
    /// The task of all shards, where they have no thread of their own.
    _here: JoinSet<()>,
}

/// What the handle shares with one shard.
struct Door {
    id: ShardId,
    commands: mpsc::Sender<Sealed>,
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
        let (events, receiver) = mpsc::channel(config.event_queue.max(1));
        let (stop, stopped) = watch::channel(false);
        let mut doors = BTreeMap::new();
        let mut rooms = Vec::new();
        for number in config.shards.clone() {
            let id = ShardId { number, total };
            let session = Session::new(Arc::clone(&config), id, wiring.entropy.u64())?;
            let (commands, waiting) = mpsc::channel(COMMAND_QUEUE);
            let board = Board::new(id, session.resume());
            doors.insert(
                number,
                Door {
                    id,
                    commands,
                    board: board.clone(),
                },
            );
            rooms.push(Room {
                session,
                commands: waiting,
                board,
            });
        }
        let started = thread::start(&config, wiring, rooms, events, stopped)?;
        let live = Mutex::new(config.live.clone());
        let inner = Inner {
            shards: doors,
            total,
            config,
            live,
            stop,
            done: started.done,
            _here: started.here,
        };
        Ok((Self(Arc::new(inner)), Events { receiver }))
    }

    /// Sends a command through a shard, as soon as Discord's limits allow it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] where it breaks one of Discord's rules, [`ErrorKind::NoSuchShard`],
    /// [`ErrorKind::CommandQueueFull`] where too many wait already, [`ErrorKind::Stopped`].
    pub fn send(&self, shard: ShardId, command: &Command) -> Result<(), Error> {
        let door = self
            .0
            .shards
            .get(&shard.number)
            .filter(|door| door.id == shard);
        let door = door.ok_or_else(|| {
            Error::new(
                ErrorKind::NoSuchShard,
                format!("shard {shard} does not run in this process"),
            )
        })?;
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
        let mut current = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.presence != current.presence
            && let Some(presence) = &live.presence
        {
            let command = Command::UpdatePresence(presence.clone());
            command.seal()?;
            for shard in self.shards() {
                self.send(shard, &command)?;
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
        Stats { shards }
    }

    /// Ends all shards in a way that lets another process resume, and returns what it needs for
    /// that: see [`Config::resume`]. Calling it twice is the same as once.
    ///
    /// What still waits in [`Events`] counts as delivered, and the other process will not get it:
    /// read them to their end.
    pub async fn stop(&self) -> Vec<Resume> {
        self.0.stop.send_replace(true);
        // The sender is gone where the thread has ended already.
        let _ = self.0.done.clone().wait_for(|done| *done).await;
        self.0
            .shards
            .values()
            .filter_map(|door| door.board.lock().resume.clone())
            .collect()
    }
}

impl Fleet {
    /// Ends all shards as [`stop`](Self::stop) does, and gives what the next process needs to go on:
    /// see [`Config::resume_from`].
    pub async fn hand_over(&self) -> FleetState {
        let sessions = self.stop().await;
        let used = sessions.iter().map(|session| session.version().epoch);
        let epoch = used.fold(self.0.config.epoch, u64::max);
        FleetState::new(self.0.config.token.expose(), epoch, sessions)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// A minute's budget of commands may wait here, and as many in the session.
const COMMAND_QUEUE: usize = 120;
