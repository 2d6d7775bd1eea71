//! All shards of one process, on a thread of their own or on the caller's runtime.

use std::{
    collections::HashMap,
    sync::{Arc, mpsc as std_mpsc},
    thread,
};

use ovenjs_ratelimit::IdentifyBudget;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{Delivery, LocalTurns, Wiring, port::IdentifyPort, shard::Shard, stats::Board};
use crate::{Config, Error, ErrorKind, Sealed, ShardState, session::Session};

/// What one shard begins with.
pub(super) struct Room {
    pub(super) session: Session,
    pub(super) commands: mpsc::Receiver<Sealed>,
    pub(super) board: Board,
}

/// What the shards run on, and the flag that turns true when all of them have ended.
pub(super) struct Started {
    /// The task of a fleet without a thread of its own.
    pub(super) here: JoinSet<()>,
    pub(super) done: watch::Receiver<bool>,
}

/// Starts the shards.
pub(super) fn start(
    config: &Config,
    wiring: Wiring,
    rooms: Vec<Room>,
    events: mpsc::Sender<Delivery>,
    stop: watch::Receiver<bool>,
) -> Result<Started, Error> {
    let mut here = JoinSet::new();
    if wiring.own_thread {
        let done = start_thread(config, wiring, rooms, events, stop)?;
        return Ok(Started { here, done });
    }
    let runtime = Handle::try_current().map_err(|source| {
        let text = "without a thread of its own the fleet is started on a tokio runtime";
        Error::new(ErrorKind::Thread, text).with_source(source)
    })?;
    let (done, when_done) = watch::channel(false);
    let turns = identify_port(config, &wiring);
    here.spawn_on(
        async move {
            run(turns, wiring, rooms, events, stop).await;
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
fn identify_port(config: &Config, wiring: &Wiring) -> Arc<dyn IdentifyPort> {
    match &wiring.identify {
        Some(port) => {
            if let Some(limit) = config.session_starts {
                port.learn(limit);
            }
            Arc::clone(port)
        }
        None => {
            let clock = Arc::clone(&wiring.clock);
            let turns = LocalTurns::remembering(IdentifyBudget::new(), clock);
            if let Some(limit) = config.session_starts {
                turns.learn(limit);
            }
            Arc::new(turns)
        }
    }
}

fn start_thread(
    config: &Config,
    wiring: Wiring,
    rooms: Vec<Room>,
    events: mpsc::Sender<Delivery>,
    stop: watch::Receiver<bool>,
) -> Result<watch::Receiver<bool>, Error> {
    let (done, when_done) = watch::channel(false);
    let (started, when_started) = std_mpsc::sync_channel(1);
    let turns = identify_port(config, &wiring);
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
        runtime.block_on(run(turns, wiring, rooms, events, stop));
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
    turns: Arc<dyn IdentifyPort>,
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
            Arc::clone(&turns),
            events.clone(),
            stop.clone(),
        );
        let task = shards.spawn(shard.run());
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
