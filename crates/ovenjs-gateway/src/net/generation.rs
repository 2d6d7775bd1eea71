//! The shards of a fleet, as the handle knows them: one generation of them, or two while it changes.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, MutexGuard, PoisonError},
    time::Instant,
};

use ovenjs_types::{ShardId, Version};
use tokio::sync::{mpsc, watch};

use super::{
    acks::Acks,
    replies::{ASKS_MAX, Ask},
    stats::Board,
    thread::{Orders, Room, Shared},
};
use crate::{
    Config, Error, Resume, Sealed,
    session::{Input, Session},
};

/// Shards that were started together, of one total.
#[derive(Default)]
pub(super) struct Generation {
    pub(super) total: u32,
    pub(super) doors: BTreeMap<u32, Door>,
}

/// What the handle shares with one shard.
pub(super) struct Door {
    pub(super) id: ShardId,
    pub(super) commands: mpsc::Sender<Sealed>,
    pub(super) orders: watch::Sender<Orders>,
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) acks: Arc<Acks>,
    pub(super) board: Board,
}

/// Which generation is which.
#[derive(Clone, Default)]
pub(super) struct Generations {
    /// How many there have been.
    pub(super) number: u64,
    /// The one that commands go to.
    pub(super) current: Arc<Generation>,
    /// The one that is to take its place.
    pub(super) next: Option<Arc<Generation>>,
    /// The one before, or one that was given up: what it delivered may still be handled.
    pub(super) former: Option<Arc<Generation>>,
    /// The one whose sessions the next process is to have.
    pub(super) of_state: Arc<Generation>,
}

impl Generation {
    /// Shards `numbers` of `total`, and the rooms in which they begin.
    pub(super) fn build(
        shared: &Shared,
        config: &Arc<Config>,
        numbers: Range<u32>,
        total: u32,
    ) -> Result<(Self, Vec<Room>), Error> {
        let mut generation = Self {
            total,
            doors: BTreeMap::new(),
        };
        let mut rooms = Vec::new();
        for number in numbers {
            let id = ShardId { number, total };
            let session = session(shared, Arc::clone(config), id, None)?;
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
            generation.doors.insert(number, door);
            rooms.push(Room {
                session,
                commands: waiting,
                orders: ordered,
                asks: asked,
                acks,
                board,
            });
        }
        Ok((generation, rooms))
    }

    pub(super) fn order(&self, change: impl Fn(&mut Orders)) {
        for door in self.doors.values() {
            door.orders.send_modify(&change);
        }
    }

    /// The highest epoch that was used.
    pub(super) fn epoch(&self) -> u64 {
        let epochs = self.doors.values().map(|door| door.board.lock().epoch);
        epochs.max().unwrap_or(0)
    }

    /// Holds what is told of its sessions as it is, or lets it follow them again.
    pub(super) fn freeze(&self, is_frozen: bool) {
        for door in self.doors.values() {
            door.board.lock().is_frozen = is_frozen;
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        let mut doors = self.doors.values();
        doors.all(|door| door.board.lock().is_over)
    }

    /// Whether all that its shards delivered is handled, as far as that is known: once they have ended.
    pub(super) fn is_handled(&self, now: Instant) -> bool {
        self.doors.values().all(|door| {
            door.take_in_acks(now);
            door.board.lock().is_handled()
        })
    }

    /// The sessions of shards that have ended, as of now.
    pub(super) fn sessions(&self, now: Instant) -> Vec<Resume> {
        let of = |door: &Door| {
            door.take_in_acks(now);
            door.board.lock().resume.clone()
        };
        self.doors.values().filter_map(of).collect()
    }
}

impl Door {
    /// What was handled after the shard has ended counts all the same.
    fn take_in_acks(&self, now: Instant) {
        let mut posted = self.board.lock();
        if let Some(mut session) = posted.ended.take() {
            for version in self.acks.take() {
                session.handle(now, Input::Handled(version));
            }
            posted.conclude(session, true);
        }
    }
}

impl Generations {
    pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, Self> {
        let generations = shared.generations.lock();
        generations.unwrap_or_else(PoisonError::into_inner)
    }

    /// Of them as they are now.
    pub(super) fn of(shared: &Shared) -> Self {
        Self::lock(shared).clone()
    }

    /// Those that are at work: once the former one is told to stop, the next is the current one.
    pub(super) fn at_work(&self) -> impl Iterator<Item = &Arc<Generation>> {
        let next = self.next.iter();
        let next = next.filter(|next| !Arc::ptr_eq(next, &self.current));
        std::iter::once(&self.current).chain(next)
    }

    /// Those, and the one before.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Generation>> {
        self.at_work().chain(&self.former)
    }

    /// Does something with the door of a shard.
    pub(super) fn door<T>(&self, shard: ShardId, with: impl FnOnce(&Door) -> T) -> Option<T> {
        let mut doors = self
            .all()
            .filter_map(|generation| generation.doors.get(&shard.number));
        doors.find(|door| door.id == shard).map(with)
    }

    /// The highest epoch that was used.
    pub(super) fn epoch(&self) -> u64 {
        let epochs = self.all().map(|generation| generation.epoch());
        epochs.max().unwrap_or(0)
    }
}

/// The session with which a shard begins, or begins anew: it knows as of which event others would go on,
/// `saved` by the session before it or from what is resumed, lest its heartbeats confirm more.
pub(super) fn session(
    shared: &Shared,
    config: Arc<Config>,
    id: ShardId,
    saved: Option<Version>,
) -> Result<Session, Error> {
    let mut session = Session::new(config, id, shared.wiring.entropy.u64())?;
    let resumed = || session.resume().as_ref().map(Resume::version);
    let by_store = || shared.saves.as_ref().map(|_| resumed().unwrap_or_default());
    if let Some(saved) = saved.or_else(by_store) {
        session.handle(shared.wiring.clock.now(), Input::Saved(saved));
    }
    Ok(session)
}

/// A minute's budget of commands may wait here, and as many in the session.
const COMMAND_QUEUE: usize = 120;
