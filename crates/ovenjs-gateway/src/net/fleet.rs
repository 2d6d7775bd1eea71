//! The gateway's thread: all shards of one process.

use std::{
    collections::HashMap,
    rc::Rc,
    sync::{Arc, mpsc as std_mpsc},
    thread,
};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinSet, LocalSet},
};

use super::{Board, Delivery, Wiring, shard::Shard, turns::Turns};
use crate::{
    Config, Error, ErrorKind, Sealed, ShardState,
    session::{IdentifyTurns, Session},
};

/// What one shard begins with.
pub(super) struct Room {
    pub(super) session: Session,
    pub(super) commands: mpsc::Receiver<Sealed>,
    pub(super) board: Board,
}

/// Starts the thread. The returned flag turns true when all shards have ended.
pub(super) fn start(
    config: &Arc<Config>,
    wiring: Wiring,
    rooms: Vec<Room>,
    events: mpsc::Sender<Delivery>,
    stop: watch::Receiver<bool>,
) -> Result<watch::Receiver<bool>, Error> {
    let (done, when_done) = watch::channel(false);
    let (started, when_started) = std_mpsc::sync_channel(1);
    let limit = config.session_starts;
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
        let queue = IdentifyTurns::new(limit, wiring.clock.now());
        let turns = Rc::new(Turns::new(queue, Arc::clone(&wiring.clock)));
        let work = run(turns, wiring, rooms, events, stop);
        runtime.block_on(LocalSet::new().run_until(work));
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

async fn run(
    turns: Rc<Turns>,
    wiring: Wiring,
    rooms: Vec<Room>,
    events: mpsc::Sender<Delivery>,
    mut stop: watch::Receiver<bool>,
) {
    let mut shards = JoinSet::new();
    let mut boards = HashMap::new();
    for room in rooms {
        let (id, board) = (room.session.shard(), room.board.clone());
        let shard = Shard::new(
            room,
            wiring.clone(),
            Rc::clone(&turns),
            events.clone(),
            stop.clone(),
        );
        let task = shards.spawn_local(shard.run());
        boards.insert(task.id(), (id, board));
    }
    while let Some(ended) = shards.join_next_with_id().await {
        let Err(panic) = ended else { continue };
        let Some((shard, board)) = boards.remove(&panic.id()) else {
            continue;
        };
        tracing::error!(%shard, error = %panic, "a shard's task panicked; please report this");
        board.lock().stats.state = ShardState::Stopped;
        let text = "the shard's task panicked: look for the panic in the log, in a hook first";
        let told = events.send(Delivery::Stopped {
            shard,
            error: Some(Error::new(ErrorKind::Panicked, text)),
        });
        tokio::select! {
            _ = told => {}
            Ok(_) = stop.wait_for(|stop| *stop) => {}
        }
    }
}
