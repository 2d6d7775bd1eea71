//! What the guilds of a mirror share: users, and which guild a channel is in.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use crate::shelf::Bins;

/// Records that guilds share, by id.
///
/// They are spread over [`DRAWERS`], each with a lock of its own, which is held for one record and never
/// while another lock is taken: so no order of locks can be wrong.
#[derive(Debug)]
pub(crate) struct Drawers {
    bins: Vec<RwLock<Bins>>,
    /// Those of all drawers, as they change.
    bytes: AtomicUsize,
}

impl Drawers {
    pub(crate) fn new() -> Self {
        Self {
            bins: (0..DRAWERS).map(|_| RwLock::default()).collect(),
            bytes: AtomicUsize::new(DRAWERS * size_of::<RwLock<Bins>>()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        let bins = self.bins.iter();
        bins.map(|bins| bins.read().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn read<T>(&self, id: u64, look: impl FnOnce(&Bins) -> T) -> Option<T> {
        let bins = self.bins.get(spread(id) % DRAWERS)?;
        Some(look(&bins.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn write<T>(&self, id: u64, change: impl FnOnce(&mut Bins) -> T) -> Option<T> {
        let bins = self.bins.get(spread(id) % DRAWERS)?;
        let mut bins = bins.write().unwrap_or_else(PoisonError::into_inner);
        let before = bins.bytes();
        let changed = change(&mut bins);
        count_change(&self.bytes, before, bins.bytes());
        Some(changed)
    }
}

/// Counts that some bytes have become others.
pub(super) fn count_change(bytes: &AtomicUsize, before: usize, after: usize) {
    if before != after {
        // Less is more, modulo all there is.
        bytes.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
    }
}

/// A number below 256 that spreads ids: by their time, of which any bits will do, and their counter.
pub(super) fn spread(id: u64) -> usize {
    let [low, ..] = (id ^ id >> 22).to_le_bytes();
    low.into()
}

/// More than there are shards at work at once in a process.
const DRAWERS: usize = 64;

/// Users, each once for all guilds that know them, and for as long as one of them does.
///
/// A record is how many hold the user (four bytes), then the user.
#[derive(Debug)]
pub(crate) struct Users(pub(crate) Drawers);

impl Users {
    pub(crate) fn new() -> Self {
        Self(Drawers::new())
    }

    /// One more holds the user, who is now so, as it comes in two parts.
    pub(crate) fn hold(&self, id: u64, user: [&[u8]; 2]) {
        self.put(id, user, 1);
    }

    /// One more holds the user. Whoever knows them already knows no less.
    pub(crate) fn join(&self, id: u64, user: [&[u8]; 2]) {
        self.0.write(id, |drawer| {
            let known = drawer.get_mut(id).and_then(<[u8]>::first_chunk_mut);
            if let Some(holders) = known {
                *holders = u32::from_le_bytes(*holders).saturating_add(1).to_le_bytes();
                return;
            }
            let [first, last] = user;
            drawer.put(id, &[&1_u32.to_le_bytes(), first, last].concat());
        });
    }

    /// The user is now so; whoever holds them goes on to.
    pub(crate) fn renew(&self, id: u64, user: [&[u8]; 2]) {
        self.put(id, user, 0);
    }

    fn put(&self, id: u64, [first, last]: [&[u8]; 2], more: u32) {
        self.0.write(id, |drawer| {
            let mut count = more;
            // Most users who are met again are as they were.
            if let Some((holders, known)) =
                drawer.get_mut(id).and_then(<[u8]>::split_first_chunk_mut)
            {
                count = u32::from_le_bytes(*holders).saturating_add(more);
                *holders = count.to_le_bytes();
                if known.strip_prefix(first) == Some(last) {
                    return;
                }
            }
            if count > 0 {
                let record = [&count.to_le_bytes(), first, last].concat();
                drawer.put(id, &record);
            }
        });
    }

    /// One less holds the user, who goes with the last one.
    pub(crate) fn release(&self, id: u64) {
        self.0.write(id, |drawer| {
            let Some(record) = drawer.get_mut(id) else {
                return;
            };
            let left = holders(record).saturating_sub(1);
            if left == 0 {
                drawer.remove(id);
            } else if let Some(count) = record.first_chunk_mut() {
                *count = left.to_le_bytes();
            }
        });
    }

    /// Looks at a user; `look` takes no lock.
    pub(crate) fn with<T>(&self, id: u64, look: impl FnOnce(&[u8]) -> T) -> Option<T> {
        self.0
            .read(id, |drawer| Some(look(drawer.get(id)?.get(COUNT_BYTES..)?)))?
    }
}

fn holders(record: &[u8]) -> u32 {
    record
        .first_chunk()
        .map_or(0, |count| u32::from_le_bytes(*count))
}

const COUNT_BYTES: usize = size_of::<u32>();

/// Which guild a channel or thread is in.
#[derive(Debug)]
pub(crate) struct Places(pub(crate) Drawers);

impl Places {
    pub(crate) fn new() -> Self {
        Self(Drawers::new())
    }

    pub(crate) fn put(&self, channel: u64, guild: u64) {
        self.0
            .write(channel, |drawer| drawer.put(channel, &guild.to_le_bytes()));
    }

    /// The channel is no longer in this guild.
    pub(crate) fn remove(&self, channel: u64, guild: u64) {
        self.0.write(channel, |drawer| {
            if drawer.get(channel) == Some(&guild.to_le_bytes()) {
                drawer.remove(channel);
            }
        });
    }

    pub(crate) fn guild(&self, channel: u64) -> Option<u64> {
        let guild = |drawer: &Bins| drawer.get(channel)?.first_chunk().copied();
        self.0.read(channel, guild)?.map(u64::from_le_bytes)
    }
}
