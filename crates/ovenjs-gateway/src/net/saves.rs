//! Keeps a store's memory of the fleet fresh.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

use super::{generation::Generations, port::SessionStore, thread::Shared};
use crate::{FleetState, Resume};

/// What shards tell of changes, and where they are saved.
#[derive(Debug)]
pub(super) struct Saves {
    store: Arc<dyn SessionStore>,
    changed: Notify,
    urgent: Notify,
    failed: AtomicU64,
}

impl Saves {
    pub(super) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self {
            store,
            changed: Notify::new(),
            urgent: Notify::new(),
            failed: AtomicU64::new(0),
        }
    }

    /// A shard has posted something new.
    pub(super) fn changed(&self, urgent: bool) {
        self.changed.notify_one();
        if urgent {
            self.urgent.notify_one();
        }
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Saves as things change while the shards run, and once more when they have ended.
    pub(super) async fn run(&self, shared: &Shared, shards: impl Future<Output = ()>) {
        let mut shards = pin!(shards);
        let clock = &shared.wiring.clock;
        loop {
            tokio::select! {
                () = &mut shards => break,
                () = self.changed.notified() => {}
            }
            let begun = clock.now();
            let mut saving = pin!(self.save(shared));
            tokio::select! {
                () = &mut shards => {
                    // What a store has begun with may go on where nobody waits for it, and would then
                    // be beside the last one.
                    saving.await;
                    break;
                }
                () = &mut saving => {}
            }
            let took = clock.now().saturating_duration_since(begun);
            tokio::select! {
                () = &mut shards => break,
                () = tokio::time::sleep(SAVE_EVERY.max(took * SAVE_SHARE)) => {}
                () = self.urgent.notified() => {}
            }
        }
        self.save(shared).await;
    }

    async fn save(&self, shared: &Shared) {
        let generations = Generations::of(shared);
        let state = collect(shared, &generations);
        let of = |session: &Resume| (session.shard(), session.version());
        let saved: BTreeMap<_, _> = state.sessions().iter().map(of).collect();
        let error = match timeout(SAVE_DEADLINE, self.store.save(state)).await {
            Ok(Ok(())) => {
                for door in generations.of_state.doors.values() {
                    let mut posted = door.board.lock();
                    posted.saved = saved.get(&Some(posted.stats.shard)).copied();
                }
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        tracing::warn!("the sessions could not be saved: {error}");
    }
}

/// What is posted, as a state: of one generation of shards, above the epochs of all.
fn collect(shared: &Shared, generations: &Generations) -> FleetState {
    let doors = generations.of_state.doors.values();
    let sessions = doors.filter_map(|door| door.board.lock().resume.clone());
    FleetState::new(
        shared.config.token.expose(),
        generations.epoch(),
        sessions.collect(),
        Vec::new(),
        shared.turns.budget(),
    )
}

/// How often at most a state is saved: what was delivered since comes again after a crash.
const SAVE_EVERY: Duration = Duration::from_millis(250);

/// For how many times as long as a save takes there is none, lest a slow store do nothing else.
const SAVE_SHARE: u32 = 9;

/// How long one save may take. A stop waits for two of them at most: one that has begun, and the last.
const SAVE_DEADLINE: Duration = Duration::from_secs(10);
