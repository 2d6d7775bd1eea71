//! What a cache of another policy would hold: keys without values.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;

/// A cache that holds hashes and weights alone.
#[derive(Debug)]
pub(crate) struct Ghost {
    /// By hash: when it was last touched, and what it weighs.
    seats: HashMap<u64, (u64, u64)>,
    /// By when they were touched, the oldest first.
    order: BTreeMap<u64, u64>,
    touches: u64,
    held: u64,
    bound: u64,
    has_evicted: bool,
    /// Where there is one, who is not seen more often than those who would have to go is not let in.
    sketch: Option<Sketch>,
    /// Who has come and is not judged yet, and how many there are at most.
    porch: VecDeque<(u64, u64)>,
    porch_max: usize,
}

impl Ghost {
    /// A ghost that evicts what was not touched for longest.
    pub(crate) fn lru(bound: u64) -> Self {
        Self {
            seats: HashMap::new(),
            order: BTreeMap::new(),
            touches: 0,
            held: 0,
            bound,
            has_evicted: false,
            sketch: None,
            porch: VecDeque::new(),
            porch_max: 0,
        }
    }

    /// A ghost that lets in by frequency, as moka does: no window before the door, but those who have come
    /// since it last looked are there until they are judged.
    pub(crate) fn tiny_lfu(bound: u64, porch_max: usize) -> Self {
        Self {
            sketch: Some(Sketch::default()),
            porch_max,
            ..Self::lru(bound)
        }
    }

    /// Whether this cache would have had it; it has it now, where its policy lets it in.
    pub(crate) fn touch(&mut self, hash: u64, weight: u64) -> bool {
        self.touches += 1;
        let held = self.seats.len();
        if let Some(sketch) = &mut self.sketch {
            sketch.count(hash, held);
        }
        if self.porch.iter().any(|(waiting, _)| *waiting == hash) {
            return true;
        }
        let was_held = self.remove(hash);
        if was_held {
            self.seat(hash, weight);
        } else {
            self.porch.push_back((hash, weight));
        }
        while self.porch.len() > self.porch_max {
            if let Some((hash, weight)) = self.porch.pop_front()
                && self.lets_in(hash, weight)
            {
                self.touches += 1;
                self.seat(hash, weight);
            }
        }
        while self.held > self.bound {
            let Some((_, oldest)) = self.order.pop_first() else {
                break;
            };
            self.has_evicted = true;
            if let Some((_, weight)) = self.seats.remove(&oldest) {
                self.held = self.held.saturating_sub(weight);
            }
        }
        was_held
    }

    /// Whether there has been a time without room: before, each policy finds the same.
    pub(crate) const fn has_evicted(&self) -> bool {
        self.has_evicted
    }

    fn seat(&mut self, hash: u64, weight: u64) {
        self.seats.insert(hash, (self.touches, weight));
        self.order.insert(self.touches, hash);
        self.held = self.held.saturating_add(weight);
    }

    fn remove(&mut self, hash: u64) -> bool {
        let Some((touched, weight)) = self.seats.remove(&hash) else {
            return false;
        };
        self.order.remove(&touched);
        self.held = self.held.saturating_sub(weight);
        true
    }

    fn lets_in(&self, hash: u64, weight: u64) -> bool {
        let Some(sketch) = &self.sketch else {
            return weight <= self.bound;
        };
        let mut short = (self.held + weight).saturating_sub(self.bound);
        let mut theirs = 0_u32;
        for victim in self.order.values() {
            if short == 0 {
                break;
            }
            theirs = theirs.saturating_add(u32::from(sketch.frequency(*victim)));
            let weight = self.seats.get(victim).map_or(0, |(_, weight)| *weight);
            short = short.saturating_sub(weight);
        }
        weight <= self.bound && (theirs == 0 || u32::from(sketch.frequency(hash)) > theirs)
    }
}

/// How often hashes were seen lately, in four small counters each, of which the smallest is right.
#[derive(Debug, Default)]
pub(crate) struct Sketch {
    counters: Vec<u8>,
    counted: usize,
}

impl Sketch {
    /// Counts one more. The table grows with what is held and begins anew when it does; with ten
    /// counts for each that is held, all are halved.
    pub(crate) fn count(&mut self, hash: u64, held: usize) {
        let wanted = (held.max(HELD_MIN) * COUNTERS_EACH).next_power_of_two();
        if wanted > self.counters.len() {
            self.counters = vec![0; wanted];
            self.counted = 0;
        }
        for row in 0..ROWS {
            let place = self.place(hash, row);
            if let Some(counter) = self.counters.get_mut(place) {
                *counter = (*counter + 1).min(COUNT_MAX);
            }
        }
        self.counted += 1;
        if self.counted >= held.max(HELD_MIN) * COUNTS_EACH {
            self.counted /= 2;
            for counter in &mut self.counters {
                *counter /= 2;
            }
        }
    }

    pub(crate) fn frequency(&self, hash: u64) -> u8 {
        let rows = (0..ROWS).filter_map(|row| self.counters.get(self.place(hash, row)));
        rows.copied().min().unwrap_or_default()
    }

    fn place(&self, hash: u64, row: u32) -> usize {
        let seed = SEEDS.get(usize::try_from(row).unwrap_or_default());
        let mixed = hash.wrapping_mul(seed.copied().unwrap_or(1));
        let mixed = mixed ^ (mixed >> 32);
        let len = u64::try_from(self.counters.len()).unwrap_or(1).max(1);
        usize::try_from(mixed % len).unwrap_or_default()
    }
}

const ROWS: u32 = 4;

/// Odd numbers without a pattern: each row of the sketch is another table.
const SEEDS: [u64; 4] = [
    0xC3A5_C85C_97CB_3127,
    0xB492_B66F_BE98_F273,
    0x9AE1_6A3B_2F90_404F,
    0xCBF2_9CE4_8422_2325,
];

/// Counters of four bits, as moka's: what was seen fifteen times is as frequent as can be.
const COUNT_MAX: u8 = 15;

/// Counters for each key that is held: few enough collisions for a comparison.
const COUNTERS_EACH: usize = 16;

/// Counts for each key that is held until all are halved, as moka does.
const COUNTS_EACH: usize = 10;

/// A sketch is at least as large as for so many.
const HELD_MIN: usize = 16;
