//! What the second tier is given, and what leaves it.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::BuildHasher as _,
    time::Duration,
};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::{AHEAD, Moved, UP_MAX, gate::Gate, heat::Heat, millis, minutes};
use crate::tiers::{GONE_KEPT, Key};

/// What is known of the second tier without asking it.
#[derive(Debug)]
pub(super) struct Second {
    /// Whether something may leave it.
    lowers: bool,
    hasher: DefaultHashBuilder,
    /// When the third tier was last asked for what the second did not have: by hash, in a few thousand places.
    asked: Vec<(u64, u64)>,
    /// How long a copy in the second tier is believed.
    lent_ms: u64,
    /// What was copied to the second tier and is not read from there yet; until when it counts.
    aside: BTreeMap<Key, u64>,
    /// What is in the second tier, since when nobody has asked for it there, and in which order to look at it.
    seconds: HashMap<Key, u64>,
    order: VecDeque<(u64, Key)>,
    /// How often the time was doubled after which something leaves the second tier.
    patience: u32,
    /// What has left the second tier: when it is over there, and until when it is not to be asked for.
    down: BTreeMap<Key, (u64, u64)>,
    copies: Gate,
    out: Gate,
}

impl Second {
    pub(super) fn new(lent: Duration, lowers: bool) -> Self {
        Self {
            lowers,
            hasher: DefaultHashBuilder::default(),
            asked: vec![(0, 0); ASKED_MAX],
            lent_ms: millis(lent),
            aside: BTreeMap::new(),
            seconds: HashMap::new(),
            order: VecDeque::new(),
            patience: 0,
            down: BTreeMap::new(),
            copies: Gate::new(AHEAD),
            out: Gate::new(AHEAD),
        }
    }

    /// The third tier was asked for what the second does not have; whether to copy it there: what was asked for twice
    /// within the time that a copy is believed, and what had been let go.
    pub(super) fn lifts(&mut self, key: &Key, now_ms: u64) -> bool {
        let is_missed = self.down.remove(key).is_some();
        if is_missed {
            self.out.settle(false);
        }
        if !self.is_asked_again(key, now_ms) && !is_missed {
            return false;
        }
        let is_known = self.aside.contains_key(key);
        if !is_missed && !is_known && (self.aside.len() >= UP_MAX || !self.copies.pays()) {
            return false;
        }
        if !is_missed && !is_known {
            let until_ms = now_ms.saturating_add(self.lent_ms);
            self.aside.insert(key.clone(), until_ms);
            self.copies.moved();
        }
        self.has(key, now_ms);
        true
    }

    fn is_asked_again(&mut self, key: &Key, now_ms: u64) -> bool {
        let hash = self.hasher.hash_one(key);
        let places = u64::try_from(self.asked.len()).unwrap_or(1).max(1);
        let place = usize::try_from(hash % places).unwrap_or_default();
        let Some(last) = self.asked.get_mut(place) else {
            return false;
        };
        let (of, at_ms) = std::mem::replace(last, (hash, now_ms));
        of == hash && now_ms <= at_ms.saturating_add(self.lent_ms)
    }

    /// The second tier was asked for it, and had it.
    pub(super) fn found(&mut self, key: &Key, now_ms: u64) {
        if self.aside.remove(key).is_some() {
            self.copies.settle(true);
        }
        self.has(key, now_ms);
    }

    /// It was written to the second tier.
    pub(super) fn has(&mut self, key: &Key, now_ms: u64) {
        if !self.lowers {
            return;
        }
        if let Some(since_ms) = self.seconds.get_mut(key) {
            *since_ms = now_ms;
        } else if self.seconds.len() < SECONDS_MAX {
            self.seconds.insert(key.clone(), now_ms);
            self.order.push_back((now_ms, key.clone()));
        }
    }

    /// What nobody has asked for for so long, at most so many: they are known there no more.
    pub(super) fn lower(
        &mut self,
        now_ms: u64,
        idle_ms: u64,
        most: usize,
        heat: &Heat,
    ) -> Vec<Key> {
        let idle = idle_ms.saturating_mul(1 << self.patience);
        let mut keys = Vec::new();
        for _ in 0..LOOKED_AT {
            let is_due = |(at_ms, _): &(u64, Key)| at_ms.saturating_add(idle) <= now_ms;
            if keys.len() == most || !self.order.front().is_some_and(is_due) {
                break;
            }
            let Some((_, key)) = self.order.pop_front() else {
                break;
            };
            let Some(since_ms) = self.seconds.get(&key).copied() else {
                continue;
            };
            let is_asked_for = since_ms.saturating_add(idle) > now_ms;
            if is_asked_for || heat.expected(&key, minutes(idle)) >= 1.0 {
                // Also where memory answers: it may leave that.
                let again_ms = if is_asked_for { since_ms } else { now_ms };
                self.seconds.insert(key.clone(), again_ms);
                self.order.push_back((again_ms, key));
                continue;
            }
            self.seconds.remove(&key);
            if self.down.len() < UP_MAX && self.out.pays() {
                keys.push(key);
            }
        }
        keys
    }

    pub(super) fn lowered(&mut self, key: &Key, over_ms: Option<u64>, soon_ms: u64) {
        let Some(over_ms) = over_ms else {
            return self.out.was_nothing();
        };
        let until_ms = soon_ms.saturating_add(millis(GONE_KEPT));
        self.down.insert(key.clone(), (over_ms, until_ms));
        self.out.moved();
    }

    /// Somebody has written this to a store: what left the second tier and comes back is missed.
    pub(super) fn heard(&mut self, key: &Key, hard_ms: u64) {
        if self
            .down
            .get(key)
            .is_some_and(|(at_ms, _)| hard_ms > *at_ms)
        {
            self.down.remove(key);
            self.out.settle(false);
        }
    }

    pub(super) fn settle_what_is_over(&mut self, now_ms: u64) {
        let (copies, out) = (&mut self.copies, &mut self.out);
        self.aside.retain(|_, until_ms| {
            let stays = now_ms < *until_ms;
            if !stays {
                copies.settle(false);
            }
            stays
        });
        self.down.retain(|_, (_, until_ms)| {
            let stays = now_ms < *until_ms;
            if !stays {
                out.settle(true);
            }
            stays
        });
        if !self.out.is_open() && self.patience < PATIENCE_MAX {
            self.patience += 1;
            self.out.reopen();
        }
    }

    pub(super) fn forget(&mut self, is_meant: &dyn Fn(&Key) -> bool) {
        self.aside
            .retain(|key, _| keeps(is_meant, key, &mut self.copies));
        self.down
            .retain(|key, _| keeps(is_meant, key, &mut self.out));
        self.seconds.retain(|key, _| !is_meant(key));
        self.order.retain(|(_, key)| !is_meant(key));
    }

    pub(super) const fn copied(&self) -> Moved {
        self.copies.moved
    }

    pub(super) const fn let_go(&self) -> Moved {
        self.out.moved
    }
}

/// Whether this is not erased; where it is, its gate knows no more of it.
fn keeps(is_meant: &dyn Fn(&Key) -> bool, key: &Key, gate: &mut Gate) -> bool {
    let keeps = !is_meant(key);
    if !keeps {
        gate.was_nothing();
    }
    keeps
}

/// How many keys are known to be in the second tier. At some two hundred bytes each, 3 MB; what is there beyond is
/// there until it is over.
const SECONDS_MAX: usize = 16_384;

/// How many of them are looked at in a pass.
const LOOKED_AT: usize = 2_048;

/// How often the time is doubled at most after which something leaves the second tier: from a quarter of an hour to four
/// hours.
const PATIENCE_MAX: u32 = 4;

/// Of how many keys it is remembered when the third tier was asked for them: 64 KB.
const ASKED_MAX: usize = 4_096;
