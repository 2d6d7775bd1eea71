//! How often which keys are read: lately, usually, and at which hours of the day.

use std::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;

use super::list::Left;
use crate::tiers::{Key, ghost::Sketch};

/// A bounded table of the keys that are read most. Who is not in it is counted in a sketch, and comes in once it is read
/// more often than the least of those in its place.
#[derive(Debug)]
pub(super) struct Heat {
    hasher: DefaultHashBuilder,
    /// Sets of at most [`WAYS`] slots; a key's hash says which is its own.
    sets: Vec<Vec<Slot>>,
    sketch: Sketch,
    /// How many keys have room.
    keys: usize,
    /// The minute and the hour that are being counted, since 1970.
    minute: u64,
    hour: u64,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
struct Slot {
    key: Key,
    hash: u64,
    /// Reads of this minute, and of this hour.
    minute: u16,
    hour: u16,
    /// The last minute in which it was read.
    last: u64,
    /// Reads a minute over the last four minutes or so.
    lately: f32,
    /// And over the last hour.
    usually: f32,
    /// Of each hour of the day, in UTC, how often it is read in it: half of it is from the last day, a quarter from the
    /// one before, and so on.
    hours: Hours,
}

pub(super) type Hours = [u8; 24];

impl Heat {
    pub(super) fn new(keys: usize, now_ms: u64) -> Self {
        let sets = keys.clamp(WAYS, KEYS_MAX).div_ceil(WAYS);
        Self {
            hasher: DefaultHashBuilder::default(),
            sets: (0..sets).map(|_| Vec::new()).collect(),
            sketch: Sketch::default(),
            keys: sets * WAYS,
            minute: now_ms / MINUTE_MS,
            hour: now_ms / HOUR_MS,
        }
    }

    /// A key was read, and stands for so many reads.
    pub(super) fn read(&mut self, key: &Key, times: u16) {
        let hash = self.hasher.hash_one(key);
        self.sketch.count(hash, self.keys);
        let now = self.minute;
        if let Some(slot) = self.seat(key, hash) {
            slot.last = now;
            slot.minute = slot.minute.saturating_add(times);
            slot.hour = slot.hour.saturating_add(times);
        }
    }

    /// What was known of a key before the process began.
    pub(super) fn restore(&mut self, key: &Key, rate: f32, hours: Hours) {
        let hash = self.hasher.hash_one(key);
        self.sketch.count(hash, self.keys);
        let now = self.minute;
        if let Some(slot) = self.seat(key, hash) {
            slot.last = now;
            slot.lately = slot.lately.max(rate);
            slot.usually = slot.usually.max(rate);
            slot.hours = hours;
        }
    }

    /// Closes the minutes and hours that are over.
    pub(super) fn roll(&mut self, now_ms: u64) {
        let (minute, hour) = (now_ms / MINUTE_MS, now_ms / HOUR_MS);
        if minute > self.minute {
            let more = i32::try_from(minute - self.minute - 1).unwrap_or(i32::MAX);
            let (lately, usually) = (KEPT_LATELY.powi(more), KEPT_USUALLY.powi(more));
            for slot in self.sets.iter_mut().flatten() {
                let reads = f32::from(std::mem::take(&mut slot.minute));
                let closed = |rate: f32, kept: f32| rate * kept + reads * (1.0 - kept);
                slot.lately = closed(slot.lately, KEPT_LATELY) * lately;
                slot.usually = closed(slot.usually, KEPT_USUALLY) * usually;
            }
        }
        if hour > self.hour {
            // Of hours in which nobody counted nothing is known: they stay as they were.
            let place = place_of(self.hour);
            for slot in self.sets.iter_mut().flatten() {
                let reads = std::mem::take(&mut slot.hour);
                let Some(score) = slot.hours.get_mut(place) else {
                    continue;
                };
                if reads == 0 && *score >= HABIT_MIN {
                    // It would be in vain at each hour of its day, and then at those of the next.
                    slot.hours = Hours::default();
                    continue;
                }
                *score = *score / 2 + u8::try_from(reads.div_ceil(2)).unwrap_or(127).min(127);
            }
        }
        // A clock that was put back is believed, and what was counted stays.
        (self.minute, self.hour) = (minute, hour);
    }

    /// How often this key is likely to be read in so many minutes: not at all, where it is not among those that are
    /// read most, or falls.
    pub(super) fn expected(&self, key: &Key, minutes: f32) -> f32 {
        let hash = self.hasher.hash_one(key);
        let set = self.sets.get(self.place(hash)).into_iter().flatten();
        let mut same = set.filter(|slot| slot.hash == hash && slot.key == *key);
        same.next()
            .map_or(0.0, |slot| slot.expected(minutes, self.minute))
    }

    /// The keys of which at least so many reads are likely in so many minutes, the likeliest first.
    pub(super) fn hot(&self, minutes: f32, reads: f32) -> Vec<Key> {
        let slots = self.sets.iter().flatten();
        let rated = slots.map(|slot| (slot.expected(minutes, self.minute), &slot.key));
        sorted(rated.filter(|(expected, _)| *expected >= reads))
    }

    /// The keys of which at least so many reads are likely in so many minutes of this hour of the day, as on the days
    /// before, the likeliest first.
    pub(super) fn of_hour(&self, hour: u64, minutes: f32, reads: f32) -> Vec<Key> {
        let place = place_of(hour);
        let slots = self.sets.iter().flatten();
        let rated = slots.map(|slot| {
            let a_day = slot.hours.get(place).copied().unwrap_or_default();
            (f32::from(a_day) * minutes.min(60.0) / 60.0, &slot.key)
        });
        sorted(rated.filter(|(expected, _)| *expected >= reads))
    }

    /// What is most worth to be known by the next process, at most so many.
    pub(super) fn best(&self, most: usize) -> Vec<Left> {
        let slots = self.sets.iter().flatten();
        let mut best: Vec<&Slot> = slots.filter(|slot| slot.worth() > 0.0).collect();
        best.sort_by(|a, b| {
            let by_worth = b.worth().total_cmp(&a.worth());
            by_worth.then_with(|| a.key.cmp(&b.key))
        });
        let best = best.into_iter().take(most);
        best.map(|slot| Left {
            key: slot.key.clone(),
            rate: slot.rate(self.minute),
            hours: slot.hours,
        })
        .collect()
    }

    /// Nothing is known any more of the keys for which this holds.
    pub(super) fn forget(&mut self, is_meant: &dyn Fn(&Key) -> bool) {
        for set in &mut self.sets {
            set.retain(|slot| !is_meant(&slot.key));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sets.iter().map(Vec::len).sum()
    }

    /// The slot of a key, if there is one for it.
    fn seat(&mut self, key: &Key, hash: u64) -> Option<&mut Slot> {
        let place = self.place(hash);
        let sketch = &self.sketch;
        let set = self.sets.get_mut(place)?;
        let known = set
            .iter()
            .position(|slot| slot.hash == hash && slot.key == *key);
        if let Some(way) = known {
            return set.get_mut(way);
        }
        let new = || Slot {
            key: key.clone(),
            hash,
            minute: 0,
            hour: 0,
            last: 0,
            lately: 0.0,
            usually: 0.0,
            hours: Hours::default(),
        };
        if set.len() < WAYS {
            set.push(new());
            return set.last_mut();
        }
        let seen = |slot: &Slot| sketch.frequency(slot.hash).saturating_add(slot.days());
        let least = set.iter_mut().min_by_key(|slot| seen(slot))?;
        if sketch.frequency(hash) <= seen(least) {
            return None;
        }
        *least = new();
        Some(least)
    }

    fn place(&self, hash: u64) -> usize {
        let sets = u64::try_from(self.sets.len()).unwrap_or(1).max(1);
        usize::try_from((hash >> 7) % sets).unwrap_or_default()
    }
}

impl Slot {
    /// How often it is likely to be read in so many minutes after this one.
    fn expected(&self, minutes: f32, now: u64) -> f32 {
        self.rate(now) * minutes
    }

    /// Reads a minute from now on: none, where they become fewer or have been missing for longer than by chance; as
    /// usually, where they become more, since a few at once are chance more often than not, and what lasts is usual soon.
    fn rate(&self, now: u64) -> f32 {
        // Whole minutes.
        let silent = now.saturating_sub(self.last.saturating_add(1));
        let silent = u16::try_from(silent).unwrap_or(u16::MAX);
        let is_silent = self.usually * f32::from(silent) > SILENT_MAX;
        let falls = self.usually >= TREND_MIN && self.lately < self.usually / 2.0;
        if falls || is_silent {
            0.0
        } else {
            self.usually
        }
    }

    /// For how many reads it counts that it was read at some hour on days before.
    fn days(&self) -> u8 {
        let most = self.hours.iter().copied().max().unwrap_or_default();
        (most / 2).min(DAYS_MAX)
    }

    fn worth(&self) -> f32 {
        let hours: u32 = self.hours.iter().copied().map(u32::from).sum();
        // A sum of two dozen bytes is exact as a float.
        let hours = f32::from(u16::try_from(hours).unwrap_or(u16::MAX));
        self.usually + hours / (24.0 * 60.0)
    }
}

/// The likeliest first; where two are alike, by their keys, so that it is the same each time.
fn sorted<'a>(rated: impl Iterator<Item = (f32, &'a Key)>) -> Vec<Key> {
    let mut rated: Vec<(f32, &Key)> = rated.collect();
    rated.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.cmp(other)));
    rated.into_iter().map(|(_, key)| key.clone()).collect()
}

fn place_of(hour: u64) -> usize {
    usize::try_from(hour % 24).unwrap_or_default()
}

pub(super) const MINUTE_MS: u64 = 60_000;
pub(super) const HOUR_MS: u64 = 3_600_000;

/// Slots of a set. Eight let the least of them go without looking at all there are.
const WAYS: usize = 8;

/// The most keys that can be asked for: some 100 bytes each and their counters make 130 MB of it.
const KEYS_MAX: usize = 1 << 20;

/// What a minute leaves of what was before: reads count for some four minutes, and for an hour.
const KEPT_LATELY: f32 = 0.75;
const KEPT_USUALLY: f32 = 59.0 / 60.0;

/// After so many reads that were likely and did not come, a key is not read as it was: by chance that is one in twenty.
const SILENT_MAX: f32 = 3.0;

/// From how many reads a minute on four minutes say whether they become fewer.
const TREND_MIN: f32 = 1.0;

/// How many reads of an hour have to be usual for their absence to say that the habit is over: by chance it would be one
/// time in a hundred and fifty.
const HABIT_MIN: u8 = 5;

/// For how many reads it counts at most that a key was read at some hour on other days, of the fifteen that the sketch
/// counts.
const DAYS_MAX: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiers::Space;

    #[test]
    fn what_rises_is_likely_what_falls_is_not_and_a_few_at_once_are_chance() {
        let mut heat = Heat::new(64, 0);
        for minute in 0..30 {
            heat.read(&key(1), 4);
            if minute >= 20 {
                heat.read(&key(2), 4);
            }
            if minute == 29 {
                heat.read(&key(3), 4);
            }
            heat.roll((minute + 1) * MINUTE_MS);
        }
        assert!(heat.expected(&key(1), 10.0) > 10.0);
        assert!(heat.expected(&key(2), 10.0) > 5.0, "for ten minutes");
        assert!(heat.expected(&key(3), 10.0) < 2.0);
        assert_eq!(heat.expected(&key(4), 10.0).to_bits(), 0);
        assert_eq!(heat.hot(10.0, 3.0), [key(1), key(2)]);
        heat.roll(40 * MINUTE_MS);
        assert_eq!(heat.hot(10.0, 3.0), [], "nobody reads any more");
    }

    #[test]
    fn an_hour_is_known_from_the_days_before() {
        let mut heat = Heat::new(64, 0);
        let (eight, day) = (8 * HOUR_MS, 24 * HOUR_MS);
        heat.roll(eight);
        heat.read(&key(1), 12);
        heat.read(&key(2), 2);
        heat.roll(eight + HOUR_MS);
        assert_eq!(heat.of_hour(24 + 8, 60.0, 3.0), [key(1)]);
        assert_eq!(heat.of_hour(24 + 8, 20.0, 3.0), [], "not in so few minutes");
        assert_eq!(heat.of_hour(24 + 9, 60.0, 3.0), []);
        // A day without it is forgiven to what may have been chance, and not to what was read often.
        heat.roll(day + eight);
        heat.read(&key(1), 12);
        heat.roll(day + eight + HOUR_MS);
        assert_eq!(heat.of_hour(8, 60.0, 9.0), [key(1)]);
        assert_eq!(heat.of_hour(8, 60.0, 0.1), [key(1)], "it was but once");
        heat.roll(2 * day + eight);
        heat.roll(2 * day + eight + HOUR_MS);
        assert_eq!(heat.of_hour(8, 60.0, 0.1), []);
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_read_most() {
        let mut heat = Heat::new(64, 0);
        for id in 0..10_000 {
            heat.read(&key(id), 1);
            for hot in 0..8 {
                heat.read(&key(hot), 1);
            }
        }
        assert!(heat.len() <= 64);
        heat.roll(MINUTE_MS);
        let hot = heat.hot(60.0, 100.0);
        assert_eq!(hot.len(), 8);
        heat.forget(&|key| key.id() == 3_u32.to_be_bytes());
        assert_eq!(heat.hot(60.0, 100.0).len(), 7);
    }

    #[test]
    fn clocks_may_go_back() {
        let mut heat = Heat::new(64, 900 * HOUR_MS);
        heat.read(&key(1), 50);
        heat.roll(0);
        heat.roll(u64::MAX);
        heat.roll(1);
        assert!(heat.expected(&key(1), 1.0).is_finite());
    }

    fn key(id: u32) -> Key {
        Key::new(&Space::new("bread", 1).unwrap(), 0, id.to_be_bytes()).unwrap()
    }
}
