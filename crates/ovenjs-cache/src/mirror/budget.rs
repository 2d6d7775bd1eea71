//! One bound on the bytes of the whole mirror, and what goes first where it is met.
//!
//! All that is kept is counted as it changes. After an event with which there is more than
//! [`Keep::bytes`](super::Keep::bytes) allows, things go in this order until a sixteenth of the budget is free
//! again:
//!
//! 1. messages: whole channels, those first in which nothing was written for longest;
//! 2. presences: of whole guilds, those first that were not read for longest;
//! 3. members: likewise, all but the bot's own;
//! 4. what waits for guilds that are [away](super::away), which come back stale;
//! 5. guilds with all that is left of them, in the order of 2, and then private channels.
//!
//! [`Keep::messages_in_all`](super::Keep::messages_in_all) bounds messages alike, and takes nothing but them.
//!
//! What is left of a guild says what it lacks ([`GuildState`](super::GuildState)), so no list is wrong without
//! saying so; what went in step 5 is not known any more. Nothing is evicted while it is read, and no clock is
//! asked: between two evictions lies an era, and guilds that were read in the same one go by their ids.

use std::sync::{
    Mutex, TryLockError,
    atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

use super::{
    Mirror,
    block::{Block, Shared},
    members::Members,
    role_sets::RoleSets,
    shared::count_change,
    tally::Evicted,
};
use crate::shelf::Shelf;

#[derive(Debug)]
pub(crate) struct Budget {
    /// Those of all blocks, as they change.
    bytes: AtomicUsize,
    /// The messages of all blocks, as they change.
    kept_messages: AtomicUsize,
    /// Counts evictions.
    era: AtomicU32,
    /// One evicts at a time.
    turn: Mutex<()>,
    messages: AtomicU64,
    presences: AtomicU64,
    members: AtomicU64,
    guilds: AtomicU64,
    /// Events of guilds that are away.
    lost: AtomicU64,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            kept_messages: AtomicUsize::new(0),
            // No block was read in the era 0.
            era: AtomicU32::new(1),
            turn: Mutex::new(()),
            messages: AtomicU64::new(0),
            presences: AtomicU64::new(0),
            members: AtomicU64::new(0),
            guilds: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Bytes and messages of a block have become others.
    pub(super) fn count(&self, before: (usize, usize), after: (usize, usize)) {
        count_change(&self.bytes, before.0, after.0);
        count_change(&self.kept_messages, before.1, after.1);
    }

    /// A block is gone, with what it had.
    pub(super) fn forget(&self, block: &Block) {
        self.count((block.counted, block.counted_messages), (0, 0));
    }

    pub(super) fn note_read(&self, read_in: &AtomicU32) {
        let era = self.era.load(Ordering::Relaxed);
        // Most reads find it so, and write nothing that others read.
        if read_in.load(Ordering::Relaxed) != era {
            read_in.store(era, Ordering::Relaxed);
        }
    }

    /// A block comes: it was not read yet, and is no old one.
    pub(super) fn note_coming(&self, block: &mut Block) {
        block.came_in = self.era.load(Ordering::Relaxed);
    }

    #[cfg(feature = "tiers")]
    pub(super) fn era(&self) -> u32 {
        self.era.load(Ordering::Relaxed)
    }

    #[cfg(feature = "tiers")]
    pub(super) fn turn_era(&self) {
        self.era.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lose(&self, events: usize) {
        add(&self.lost, Some(events));
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn evicted(&self) -> Evicted {
        Evicted {
            messages: self.messages.load(Ordering::Relaxed),
            presences: self.presences.load(Ordering::Relaxed),
            members: self.members.load(Ordering::Relaxed),
            guilds: self.guilds.load(Ordering::Relaxed),
        }
    }
}

impl Mirror {
    /// All bytes that are kept, as [`stats`](Self::stats) sums them up.
    pub(super) fn bytes(&self) -> usize {
        let shared = &self.0.shared;
        let blocks = shared.budget.bytes.load(Ordering::Relaxed);
        // A change of another thread may be counted on one side and not yet on the other.
        blocks.wrapping_add(shared.users.0.bytes() + shared.places.0.bytes())
    }

    pub(super) fn keep_within_budget(&self) {
        let Shared { keep, budget, .. } = &self.0.shared;
        let messages = || budget.kept_messages.load(Ordering::Relaxed);
        let too_many_messages = keep.messages_in_all.filter(|most| messages() > *most);
        let too_many_bytes = keep.bytes.filter(|most| self.bytes() > *most);
        if too_many_messages.is_none() && too_many_bytes.is_none() {
            return;
        }
        let _turn = match budget.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            // Somebody is at it.
            Err(TryLockError::WouldBlock) => return,
        };
        if let Some(most) = too_many_messages {
            self.evict_messages(|| messages() <= most - most / SLACK);
        }
        if let Some(most) = too_many_bytes {
            self.evict(most - most / SLACK);
        }
        budget.era.fetch_add(1, Ordering::Relaxed);
    }

    fn evict(&self, enough: usize) {
        let budget = &self.0.shared.budget;
        self.evict_messages(|| self.bytes() <= enough);
        self.evict_from_guilds(enough, &budget.presences, |_, block| {
            block.lacks_presences |= block.presences.len() > 0;
            std::mem::replace(&mut block.presences, Shelf::new()).len()
        });
        let bot = self.0.shared.bot_id();
        self.evict_from_guilds(enough, &budget.members, |mirror, block| {
            block.evict_members(&mirror.0.shared.users, bot)
        });
        self.evict_tails(enough);
        self.evict_guilds(enough);
    }

    fn evict_messages(&self, is_enough: impl Fn() -> bool) {
        if is_enough() {
            return;
        }
        let mut rings = Vec::new();
        self.look_at_all(|block| {
            let last = |(channel, ring): (u64, &Shelf)| (ring.last(), block.id, channel);
            rings.extend(block.messages.rings().map(last));
        });
        // An id is a time.
        rings.sort_unstable();
        for (_, guild, channel) in rings {
            if is_enough() {
                return;
            }
            let gone = self.change(guild, |block, shared| {
                block.remove_messages(shared, channel)
            });
            add(&self.0.shared.budget.messages, gone);
        }
    }

    /// Takes something out of guilds. `evict` tells how many went.
    fn evict_from_guilds(
        &self,
        enough: usize,
        count: &AtomicU64,
        evict: impl Fn(&Self, &mut Block) -> usize,
    ) {
        for guild in self.guilds_by_use(enough) {
            if self.bytes() <= enough {
                return;
            }
            add(count, self.change(guild, |block, _| evict(self, block)));
        }
    }

    fn evict_tails(&self, enough: usize) {
        for stripe in &self.0.stripes {
            if self.bytes() <= enough {
                return;
            }
            let mut stripe = super::write_lock(stripe);
            for away in stripe.away.values_mut() {
                let lost = away.forget_tail(&self.0.shared);
                self.0.shared.budget.lose(lost);
            }
        }
    }

    fn evict_guilds(&self, enough: usize) {
        // Private channels come last, whose block is no guild.
        for guild in self.guilds_by_use(enough).into_iter().chain([0]) {
            if self.bytes() <= enough {
                return;
            }
            if let Some(block) = self.remove(guild) {
                add(&self.0.shared.budget.guilds, Some(usize::from(guild != 0)));
                self.leave(block);
            }
        }
    }

    /// Those first that were not read for longest; none where there is nothing to be evicted.
    fn guilds_by_use(&self, enough: usize) -> Vec<u64> {
        let mut guilds = Vec::new();
        if self.bytes() > enough {
            self.look_at_all(|block| {
                guilds.push((block.read_in.load(Ordering::Relaxed), block.id));
            });
        }
        guilds.sort_unstable();
        let ids = guilds.into_iter().map(|(_, id)| id);
        ids.filter(|id| *id != 0).collect()
    }
}

impl Block {
    /// All but this one.
    fn evict_members(&mut self, users: &super::shared::Users, stays: Option<u64>) -> usize {
        let (mut left, mut sets) = (Members::default(), RoleSets::default());
        for (user, member) in self.members.iter() {
            if Some(user) == stays {
                let set = sets.hold(self.role_sets.roles(member.set));
                left.put(user, set, |out| out.extend(member.rest.bytes()));
            } else {
                users.release(user);
            }
        }
        let gone = self.members.len() - left.len();
        self.lacks_members |= gone > 0;
        (self.members, self.role_sets) = (left, sets);
        gone
    }
}

fn add(count: &AtomicU64, gone: Option<usize>) {
    let gone = gone.and_then(|gone| u64::try_from(gone).ok());
    count.fetch_add(gone.unwrap_or_default(), Ordering::Relaxed);
}

/// This part of the budget is free after an eviction, so that the next one, which looks at all guilds, is far.
const SLACK: usize = 16;
