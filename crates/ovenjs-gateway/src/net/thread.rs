//! Where the shards run: on a thread of their own or on the caller's runtime.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc},
    thread,
};

use ovenjs_ratelimit::IdentifyBudget;
use ovenjs_types::{Interest, ShardId};
use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
};

use super::{
    Delivery, LocalTurns, Wiring,
    acks::Acks,
    port::IdentifyPort,
    queue::{Ends, Queue},
    replies::Ask,
    saves::Saves,
    shard::Shard,
    stats::Board,
    watch::Seen,
};
use crate::{
    Config, Error, ErrorKind, Live, Sealed, ShardState,
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
    pub(super) wiring: Wiring,
    pub(super) turns: Arc<dyn IdentifyPort>,
    pub(super) queue: Arc<Queue>,
    pub(super) notices: broadcast::Sender<Seen>,
    pub(super) saves: Option<Saves>,
}

impl Shared {
    pub(super) fn live(&self) -> Live {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.clone()
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
pub(super) fn start(shared: &Arc<Shared>, rooms: Vec<Room>) -> Result<Started, Error> {
    let mut here = JoinSet::new();
    if shared.wiring.own_thread {
        let done = start_thread(shared, rooms)?;
        return Ok(Started { here, done });
    }
    let runtime = Handle::try_current().map_err(|source| {
        let text = "without a thread of its own the fleet is started on a tokio runtime";
        Error::new(ErrorKind::Thread, text).with_source(source)
    })?;
    let (done, when_done) = watch::channel(false);
    let running = run(Arc::clone(shared), rooms);
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

fn start_thread(shared: &Arc<Shared>, rooms: Vec<Room>) -> Result<watch::Receiver<bool>, Error> {
    let (done, when_done) = watch::channel(false);
    let (started, when_started) = std_mpsc::sync_channel(1);
    let running = run(Arc::clone(shared), rooms);
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

async fn run(shared: Arc<Shared>, rooms: Vec<Room>) {
    let _ends = Ends(Arc::clone(&shared.queue));
    let boards: Vec<Board> = rooms.iter().map(|room| room.board.clone()).collect();
    let shards = shards(Arc::clone(&shared), rooms);
    let Some(saves) = &shared.saves else {
        return shards.await;
    };
    tokio::select! {
        () = shards => {}
        () = saves.run(&shared, &boards) => {}
    }
    saves.last(&shared, &boards).await;
}

async fn shards(shared: Arc<Shared>, rooms: Vec<Room>) {
    let mut shards = JoinSet::new();
    let mut boards = HashMap::new();
    for room in rooms {
        let (id, board) = (room.session.shard(), room.board.clone());
        let task = shards.spawn(Shard::new(room, Arc::clone(&shared)).run());
        boards.insert(task.id(), (id, board));
    }
    while let Some(ended) = shards.join_next_with_id().await {
        // A shard catches its own panics; this is for one in that.
        let Err(panic) = ended else { continue };
        let Some((shard, board)) = boards.remove(&panic.id()) else {
            continue;
        };
        tracing::error!(%shard, error = %panic, "a shard's task panicked; please report this");
        board.lock().stats.state = ShardState::Stopped;
        shared.queue.try_push(Delivery::Stopped {
            shard,
            error: Some(panicked()),
        });
    }
}

/// The error of a shard whose task panicked once too often.
pub(super) fn panicked() -> Error {
    let text =
        "the shard's task panicked again and again: look for the panic in the log, in a hook first";
    Error::new(ErrorKind::Panicked, text)
}
