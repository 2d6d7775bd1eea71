//! Where the shards run: on a thread of their own or on the caller's runtime.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as std_mpsc},
    thread,
    time::{Duration, Instant},
};

use ovenjs_ratelimit::IdentifyBudget;
use ovenjs_types::{Interest, Pressure, ShardId};
use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, watch},
    task::{Id, JoinError, JoinSet},
};

use super::{
    LocalTurns, Wiring,
    acks::Acks,
    generation::Generations,
    port::IdentifyPort,
    queue::{Ends, Queue},
    replies::Ask,
    reshard::Successors,
    saves::Saves,
    seam::Seam,
    shard::Shard,
    stats::Board,
    watch::Seen,
};
use crate::{
    Config, Error, ErrorKind, FleetHealth, Live, Sealed, ShardState,
    session::{Notice, Session},
};

/// What one shard begins with.
pub(super) struct Room {
    pub(super) session: Session,
    pub(super) commands: mpsc::Receiver<Sealed>,
    pub(super) orders: watch::Receiver<Orders>,
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) acks: Arc<Acks>,
    pub(super) board: Board,
}

/// What the handle wants of a shard, as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// How often it was asked to begin anew.
    pub(super) restarts: u64,
    /// Which kinds it is to deliver from now on, where that was changed.
    pub(super) interest: Option<Interest>,
    /// Whether it is to end.
    pub(super) stop: bool,
}

/// What all shards of a fleet share.
pub(super) struct Shared {
    pub(super) config: Arc<Config>,
    pub(super) live: Mutex<Live>,
    pub(super) generations: Mutex<Generations>,
    pub(super) seam: Seam,
    pub(super) wiring: Wiring,
    pub(super) turns: Arc<dyn IdentifyPort>,
    pub(super) queue: Arc<Queue>,
    pub(super) notices: broadcast::Sender<Seen>,
    pub(super) saves: Option<Saves>,
    /// How short memory is, for all shards that are and that come.
    pub(super) pressure: watch::Sender<Pressure>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn live(&self) -> Live {
        self.live_now().clone()
    }

    /// The live configuration, which nobody changes meanwhile. Where generations are locked as well, they
    /// come second.
    pub(super) fn live_now(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the shards are `now`.
    pub(super) fn health(&self, now: Instant) -> FleetHealth {
        let generations = Generations::of(self);
        let doors = generations.current.doors.values();
        let mut health = FleetHealth::of(now, doors.map(|door| door.board.lock().pulse));
        health.generation = generations.number;
        health.resharding = self.seam.progress();
        health
    }

    /// Tells the log and those who look on.
    pub(super) fn announce(&self, shard: ShardId, notice: Notice) {
        if notice.is_warning() {
            tracing::warn!(%shard, "{notice}");
        } else {
            tracing::info!(%shard, "{notice}");
        }
        if self.notices.receiver_count() > 0 {
            // Who has gone in between misses nothing.
            let _ = self.notices.send(Seen { shard, notice });
        }
    }
}

/// What the shards run on, and the flag that turns true when all of them have ended.
pub(super) struct Started {
    /// The task of a fleet without a thread of its own.
    pub(super) here: JoinSet<()>,
    pub(super) done: watch::Receiver<bool>,
}

/// Starts the shards.
pub(super) fn start(
    shared: &Arc<Shared>,
    rooms: Vec<Room>,
    successors: mpsc::Receiver<Successors>,
) -> Result<Started, Error> {
    let running = run(Arc::clone(shared), rooms, successors);
    let mut here = JoinSet::new();
    if shared.wiring.own_thread {
        let done = start_thread(running)?;
        return Ok(Started { here, done });
    }
    let runtime = Handle::try_current().map_err(|source| {
        let text = "without a thread of its own the fleet is started on a tokio runtime";
        Error::new(ErrorKind::Thread, text).with_source(source)
    })?;
    let (done, when_done) = watch::channel(false);
    here.spawn_on(
        async move {
            running.await;
            done.send_replace(true);
        },
        &runtime,
    );
    Ok(Started {
        here,
        done: when_done,
    })
}

/// The port that was given, told what Discord says; else one for this fleet alone.
pub(super) fn identify_port(config: &Config, wiring: &Wiring) -> Arc<dyn IdentifyPort> {
    let port = wiring.identify.clone().unwrap_or_else(|| {
        let clock = Arc::clone(&wiring.clock);
        Arc::new(LocalTurns::remembering(IdentifyBudget::new(), clock))
    });
    if let Some(budget) = &config.budget {
        port.remember(budget);
    }
    if let Some(limit) = config.session_starts {
        port.learn(limit);
    }
    port
}

fn start_thread(
    running: impl Future<Output = ()> + Send + 'static,
) -> Result<watch::Receiver<bool>, Error> {
    let (done, when_done) = watch::channel(false);
    let (started, when_started) = std_mpsc::sync_channel(1);
    let body = move || {
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let _ = started.send(Ok(()));
        runtime.block_on(running);
        done.send_replace(true);
    };
    let refused = |source| {
        Error::new(
            ErrorKind::Thread,
            "the gateway's thread cannot start: the system's limit on threads or files is reached",
        )
        .with_source(source)
    };
    thread::Builder::new()
        .name("ovenjs-gateway".to_owned())
        .spawn(body)
        .map_err(refused)?;
    match when_started.recv() {
        Ok(Ok(())) => Ok(when_done),
        Ok(Err(error)) => Err(refused(error)),
        Err(_) => Err(refused(std::io::Error::other("it ended at once"))),
    }
}

async fn run(shared: Arc<Shared>, rooms: Vec<Room>, successors: mpsc::Receiver<Successors>) {
    let _ends = Ends(Arc::clone(&shared.queue));
    let shards = shards(Arc::clone(&shared), rooms, successors);
    let Some(saves) = &shared.saves else {
        return shards.await;
    };
    saves.run(&shared, shards).await;
}

/// The tasks of all shards, and who answers for which.
struct Tasks {
    shared: Arc<Shared>,
    all: JoinSet<()>,
    boards: HashMap<Id, (ShardId, Board)>,
}

impl Tasks {
    fn begin(&mut self, rooms: Vec<Room>) {
        for room in rooms {
            let (shard, board) = (room.session.shard(), room.board.clone());
            let task = self
                .all
                .spawn(Shard::new(room, Arc::clone(&self.shared)).run());
            self.boards.insert(task.id(), (shard, board));
        }
    }

    /// A shard catches its own panics; this is for one in that.
    fn panicked(&mut self, panic: &JoinError) {
        let Some((shard, board)) = self.boards.remove(&panic.id()) else {
            tracing::error!(error = %panic, "the re-sharding panicked; please report this");
            return;
        };
        tracing::error!(%shard, error = %panic, "a shard's task panicked; please report this");
        {
            let mut posted = board.lock();
            posted.stats.state = ShardState::Stopped;
            posted.is_over = true;
        }
        let shared = Arc::clone(&self.shared);
        let now = shared.wiring.clock.now();
        let told = shared.seam.ended(now, shard, Some(panicked()), 0);
        let orders = Generations::lock(&shared).door(shard, |door| door.orders.subscribe());
        if let (Some(told), Some(mut orders)) = (told, orders) {
            self.all.spawn(async move {
                tokio::select! {
                    biased;
                    () = shared.queue.deliver(told) => {}
                    // Who stops need not go on reading.
                    _ = orders.wait_for(|orders| orders.stop) => {}
                }
            });
        }
    }
}

async fn shards(shared: Arc<Shared>, rooms: Vec<Room>, mut successors: mpsc::Receiver<Successors>) {
    let mut tasks = Tasks {
        shared: Arc::clone(&shared),
        all: JoinSet::new(),
        boards: HashMap::new(),
    };
    tasks.begin(rooms);
    loop {
        tokio::select! {
            ended = tasks.all.join_next_with_id() => match ended {
                None => return,
                Some(Ok((task, ()))) => {
                    tasks.boards.remove(&task);
                    shared.seam.nudge();
                }
                Some(Err(panic)) => {
                    tasks.panicked(&panic);
                    shared.seam.nudge();
                }
            },
            Some(mut next) = successors.recv() => {
                tasks.begin(next.begin(&shared));
                tasks.all.spawn(next.conduct(Arc::clone(&shared)));
            }
        }
    }
}

/// Waits for so long; for ever where nothing is to be waited for.
pub(super) async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// The error of a shard whose task panicked once too often.
pub(super) fn panicked() -> Error {
    let text =
        "the shard's task panicked again and again: look for the panic in the log, in a hook first";
    Error::new(ErrorKind::Panicked, text)
}
