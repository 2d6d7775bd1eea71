//! What the second tier is given, and what leaves it.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::BuildHasher as _,
    time::Duration,
};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::{AHEAD, Lowered, Moved, UP_MAX, gate::Gate, heat::Heat, millis, minutes};
use crate::tiers::{GONE_KEPT, Key, Version};

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
    /// What has left the second tier, or is about to.
    down: BTreeMap<Key, Down>,
    copies: Gate,
    out: Gate,
}

#[derive(Clone, Copy, Debug)]
struct Down {
    /// As which version, and when it is over there; nothing as long as it is about to leave.
    left: Option<(Version, u64)>,
    /// Until when it is not to be asked for; or has to have left, since whoever carries it out may have been dropped.
    until_ms: u64,
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
        let is_missed = self.is_missed(key);
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

    /// It is asked for; whether it had been let go.
    fn is_missed(&mut self, key: &Key) -> bool {
        let Some(down) = self.down.remove(key) else {
            return false;
        };
        match down.left {
            Some(_) => self.out.settle(false),
            // Whoever is about to let it go comes too late.
            None => self.out.was_nothing(),
        }
        down.left.is_some()
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

    /// The second tier had it, and is lent it again, since what it had was not believed any more.
    pub(super) fn lent_again(&mut self, key: &Key, now_ms: u64) {
        self.is_missed(key);
        self.has(key, now_ms);
    }

    /// This process writes something new to the second tier: nobody has missed what was there.
    pub(super) fn wrote(&mut self, key: &Key, now_ms: u64) {
        if self.down.remove(key).is_some() {
            self.out.was_nothing();
        }
        self.has(key, now_ms);
    }

    /// It is in the second tier, and somebody has asked for it.
    fn has(&mut self, key: &Key, now_ms: u64) {
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

    /// What nobody has asked for for so long, at most so many: of each is to be told what [became](Self::lowered) of it.
    pub(super) fn lower(
        &mut self,
        now_ms: u64,
        idle_ms: u64,
        most: usize,
        heat: &Heat,
    ) -> Vec<Key> {
        // What waits somewhere for the second tier is believed there as a loan is: so long it has to arrive at least.
        let idle_ms = idle_ms.max(self.lent_ms);
        let idle = idle_ms.saturating_mul(1 << self.patience);
        let mut keys = Vec::new();
        for _ in 0..LOOKED_AT {
            let is_due = |(at_ms, _): &(u64, Key)| at_ms.saturating_add(idle) <= now_ms;
            // Whom there is no room for is looked at again in the next pass.
            let has_room = keys.len() < most && self.down.len() < UP_MAX && self.out.has_room();
            if !has_room || !self.order.front().is_some_and(is_due) {
                break;
            }
            let Some((_, key)) = self.order.pop_front() else {
                break;
            };
            let Some(since_ms) = self.seconds.get(&key).copied() else {
                continue;
            };
            let is_asked_for = since_ms.saturating_add(idle) > now_ms;
            // Also where memory answers: it may leave that.
            let stays = is_asked_for || heat.expected(&key, minutes(idle)) >= 1.0;
            if stays || self.down.contains_key(&key) || !self.out.pays() {
                let again_ms = if is_asked_for { since_ms } else { now_ms };
                self.seconds.insert(key.clone(), again_ms);
                self.order.push_back((again_ms, key));
                continue;
            }
            self.seconds.remove(&key);
            let down = Down {
                left: None,
                until_ms: now_ms.saturating_add(LEAVES_WITHIN_MS),
            };
            self.down.insert(key.clone(), down);
            keys.push(key);
        }
        keys
    }

    /// What became of a key that was to leave. Within the horizon after it has, nobody is to ask for it.
    pub(super) fn lowered(&mut self, key: &Key, became: Lowered, now_ms: u64, horizon_ms: u64) {
        let about_to = |down: &&mut Down| down.left.is_none();
        let Some(down) = self.down.get_mut(key).filter(about_to) else {
            // It was asked for or written meanwhile, or this took too long.
            return;
        };
        if let Lowered::Leaves(version, over_ms) = became {
            down.left = Some((version, over_ms));
            down.until_ms = now_ms
                .saturating_add(horizon_ms)
                .saturating_add(millis(GONE_KEPT));
            return self.out.moved();
        }
        self.down.remove(key);
        self.out.was_nothing();
        if became == Lowered::Stays {
            self.has(key, now_ms);
        }
    }

    /// Somebody has written this version to a store, which has it until then. The very one that had left was missed.
    pub(super) fn heard(&mut self, key: &Key, version: &Version, hard_ms: u64, now_ms: u64) {
        // That is how others let it go.
        let is_let_go = hard_ms <= now_ms.saturating_add(millis(GONE_KEPT));
        if !is_let_go && let Some(since_ms) = self.seconds.get_mut(key) {
            *since_ms = now_ms;
        }
        let down = self.down.get(key);
        let Some((left, over_ms)) = down.and_then(|down| down.left) else {
            return;
        };
        if left != *version {
            self.wrote(key, now_ms);
        } else if hard_ms > over_ms {
            self.lent_again(key, now_ms);
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
        let mut still_there = Vec::new();
        self.down.retain(|key, down| {
            let stays = now_ms < down.until_ms;
            match down.left {
                _ if stays => {}
                Some(_) => out.settle(true),
                None => {
                    out.was_nothing();
                    still_there.push(key.clone());
                }
            }
            stays
        });
        for key in still_there {
            self.has(&key, now_ms);
        }
        if !self.out.is_open() && self.patience < PATIENCE_MAX {
            self.patience += 1;
            self.out.reopen();
        }
    }

    /// The clock was put back to this: what it has not shown yet begins now.
    pub(super) fn put_back(&mut self, now_ms: u64, horizon_ms: u64) {
        let asked = self.asked.iter_mut().map(|(_, at_ms)| at_ms);
        let order = self.order.iter_mut().map(|(at_ms, _)| at_ms);
        for at_ms in asked.chain(order).chain(self.seconds.values_mut()) {
            *at_ms = now_ms.min(*at_ms);
        }
        let aside_ms = now_ms.saturating_add(self.lent_ms);
        for until_ms in self.aside.values_mut() {
            *until_ms = aside_ms.min(*until_ms);
        }
        let down_ms = now_ms
            .saturating_add(horizon_ms)
            .saturating_add(millis(GONE_KEPT));
        for down in self.down.values_mut() {
            down.until_ms = down_ms.min(down.until_ms);
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

/// How long it is waited to hear what became of something that was to leave: stores that take longer are away.
const LEAVES_WITHIN_MS: u64 = 60_000;

/// How often the time is doubled at most after which something leaves the second tier: from a quarter of an hour to four
/// hours.
const PATIENCE_MAX: u32 = 4;

/// Of how many keys it is remembered when the third tier was asked for them: 64 KB.
const ASKED_MAX: usize = 4_096;
