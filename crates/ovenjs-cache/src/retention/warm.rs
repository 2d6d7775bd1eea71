//! The warm tier: a port, one in a database, one in a file, and one in the process itself for tests.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::{
    collections::BTreeMap,
    fmt,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ovenjs_types::{Id, marker::UserMarker};

use super::{Entries, Entry, EntryId, Erasure, Place};
use crate::tiers::Asked;
#[cfg(feature = "postgres")]
pub use postgres::PostgresWarm;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteWarm;

/// What keeps entries in partitions, one for each [`Place`], and makes them last.
///
/// # Errors
///
/// Every call: [`StoreFault`](crate::tiers::StoreFault) says what to do. A call can be repeated when its answer did
/// not come.
pub trait Warm: fmt::Debug + Send + Sync {
    /// Keeps the entries, all of them or none, and makes the partition if there is none. An id that is there already
    /// keeps the entry that it has. What is acknowledged lasts. Where an erasure that is remembered covers one of
    /// them it keeps none, and answers `false`.
    fn put<'a>(&'a self, place: &'a Place, entries: &'a [Entry]) -> Asked<'a, bool>;

    /// The entry, if it is there.
    fn find<'a>(&'a self, place: &'a Place, id: EntryId) -> Asked<'a, Option<Entry>>;

    /// Up to `limit` entries from this id on, in their order, and where to go on. Fewer where they would have more
    /// than [`PAGE_BYTES_MAX`](super::PAGE_BYTES_MAX), beyond which one of them may reach.
    fn page<'a>(&'a self, place: &'a Place, from: EntryId, limit: usize) -> Asked<'a, Entries>;

    /// All partitions.
    fn places(&self) -> Asked<'_, Vec<Partition>>;

    /// Forgets the partition whole, if it is still the one of this stamp and nothing was put or erased since;
    /// whether it was.
    fn drop_place<'a>(&'a self, place: &'a Place, stamp: Stamp) -> Asked<'a, bool>;

    /// Forgets what the erasure covers in the partition; how many entries those were.
    fn erase<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64>;

    /// How many entries of the partition the erasure covers.
    fn covered<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64>;

    /// Remembers the erasure, in the place of that of the same user and time.
    fn remember<'a>(&'a self, erasure: &'a Erasure) -> Asked<'a, ()>;

    /// All erasures that are remembered.
    fn erasures(&self) -> Asked<'_, Vec<Erasure>>;

    /// Forgets an erasure.
    fn forget<'a>(&'a self, user: Id<UserMarker>, until_ms: u64) -> Asked<'a, ()>;

    /// Lets `holder` move things until then, if nobody else may at `now_ms`; whether it may. Until 0 gives it back.
    fn claim(&self, now_ms: u64, holder: u64, until_ms: u64) -> Asked<'_, bool>;
}

/// A partition of the warm tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// What it holds.
    pub place: Place,
    /// How many entries.
    pub entries: u64,
    /// How many bytes those take.
    pub bytes: u64,
    /// Its state.
    pub stamp: Stamp,
}

/// The state of a partition. It changes with whatever is put or erased, and no two partitions ever have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Which partition it is of all there were.
    pub number: i64,
    /// How often it was changed.
    pub changes: i64,
}

/// A [`Warm`] that ends with the process, for tests.
#[derive(Default)]
pub struct MemoryWarm(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    places: BTreeMap<Place, (Stamp, BTreeMap<EntryId, Entry>)>,
    numbers: i64,
    erasures: BTreeMap<(Id<UserMarker>, u64), Erasure>,
    holder: Option<(u64, u64)>,
}

impl MemoryWarm {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Warm for MemoryWarm {
    fn put<'a>(&'a self, place: &'a Place, entries: &'a [Entry]) -> Asked<'a, bool> {
        let inner = &mut *self.inner();
        let is_erased = |entry| inner.erasures.values().any(|wish| wish.covers(entry));
        if entries.iter().any(is_erased) {
            return Box::pin(ready(Ok(false)));
        }
        let (stamp, held) = inner.places.entry(place.clone()).or_insert_with(|| {
            inner.numbers += 1;
            let stamp = Stamp {
                number: inner.numbers,
                changes: 0,
            };
            (stamp, BTreeMap::new())
        });
        stamp.changes += 1;
        for entry in entries {
            held.entry(entry.id()).or_insert_with(|| entry.clone());
        }
        Box::pin(ready(Ok(true)))
    }

    fn find<'a>(&'a self, place: &'a Place, id: EntryId) -> Asked<'a, Option<Entry>> {
        let inner = self.inner();
        let found = inner.places.get(place).and_then(|(_, held)| held.get(&id));
        Box::pin(ready(Ok(found.cloned())))
    }

    fn page<'a>(&'a self, place: &'a Place, from: EntryId, limit: usize) -> Asked<'a, Entries> {
        let inner = self.inner();
        let held = inner.places.get(place).into_iter();
        let entries = held.flat_map(|(_, held)| held.range(from..));
        let page = Entries::cut(entries.map(|(_, entry)| entry.clone()), limit);
        Box::pin(ready(Ok(page)))
    }

    fn places(&self) -> Asked<'_, Vec<Partition>> {
        let inner = self.inner();
        let partition = |(place, (stamp, held)): (&Place, &(Stamp, BTreeMap<_, Entry>))| {
            let bytes: usize = held.values().map(|entry| entry.to_bytes().len()).sum();
            Partition {
                place: place.clone(),
                entries: u64::try_from(held.len()).unwrap_or(u64::MAX),
                bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                stamp: *stamp,
            }
        };
        Box::pin(ready(Ok(inner.places.iter().map(partition).collect())))
    }

    fn drop_place<'a>(&'a self, place: &'a Place, stamp: Stamp) -> Asked<'a, bool> {
        let mut inner = self.inner();
        let is_same = inner
            .places
            .get(place)
            .is_some_and(|(held, _)| *held == stamp);
        if is_same {
            inner.places.remove(place);
        }
        Box::pin(ready(Ok(is_same)))
    }

    fn erase<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64> {
        let mut inner = self.inner();
        let mut erased = 0;
        if let Some((stamp, held)) = inner.places.get_mut(place) {
            let before = held.len();
            held.retain(|_, entry| !erasure.covers(entry));
            stamp.changes += 1;
            erased = u64::try_from(before - held.len()).unwrap_or(u64::MAX);
        }
        Box::pin(ready(Ok(erased)))
    }

    fn covered<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64> {
        let inner = self.inner();
        let held = inner.places.get(place).into_iter();
        let covered = held.flat_map(|(_, held)| held.values());
        let count = covered.filter(|entry| erasure.covers(entry)).count();
        Box::pin(ready(Ok(u64::try_from(count).unwrap_or(u64::MAX))))
    }

    fn remember<'a>(&'a self, erasure: &'a Erasure) -> Asked<'a, ()> {
        let key = (erasure.user, erasure.until_ms);
        self.inner().erasures.insert(key, *erasure);
        Box::pin(ready(Ok(())))
    }

    fn erasures(&self) -> Asked<'_, Vec<Erasure>> {
        let all = self.inner().erasures.values().copied().collect();
        Box::pin(ready(Ok(all)))
    }

    fn forget<'a>(&'a self, user: Id<UserMarker>, until_ms: u64) -> Asked<'a, ()> {
        self.inner().erasures.remove(&(user, until_ms));
        Box::pin(ready(Ok(())))
    }

    fn claim(&self, now_ms: u64, holder: u64, until_ms: u64) -> Asked<'_, bool> {
        let mut inner = self.inner();
        let is_free = inner
            .holder
            .is_none_or(|(held, until)| held == holder || until <= now_ms);
        if is_free {
            inner.holder = Some((holder, until_ms));
        }
        Box::pin(ready(Ok(is_free)))
    }
}

impl fmt::Debug for MemoryWarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("MemoryWarm")
            .field("places", &inner.places.len())
            .finish_non_exhaustive()
    }
}
