//! What is read next, foretold from what was read after it before.
//!
//! An online model of associations, and honestly no more: for each of a bounded number of keys, the
//! few keys that were most often read shortly after it. There is no training and no file; it learns
//! from each read, after it has foretold from it.
//!
//! The product is the gate, not the guess. A source whose foretold keys are not used is silent; where
//! all together do not pay, nothing is fetched but a probe now and then, by which a model that pays
//! again is noticed.

use std::fmt;

/// Learns which keys follow which, and says what is worth fetching before it is asked for.
///
/// It is pure: nothing is fetched here. Feed every read into [`read`](Self::read), ask
/// [`pays`](Self::pays) before each fetch of what is not there yet, and tell by
/// [`settle`](Self::settle) what became of what was fetched.
///
/// ```
/// use ovenjs_cache::tiers::Foretelling;
///
/// let mut model = Foretelling::new(1_024);
/// let mut next = Vec::new();
/// for _ in 0..3 {
///     for key in ["guild", "roles", "channels"] {
///         let hash = u64::from(key.as_bytes()[0]);
///         next.clear();
///         model.read(&key, hash, &mut next);
///     }
/// }
/// // "channels" was read last, and what begins anew after it are the other two.
/// assert!(next.iter().any(|foretold| foretold.key == "guild"));
/// ```
pub struct Foretelling<K> {
    /// Sets of at most [`WAYS`] slots; a key's hash says which is its own.
    sets: Vec<Vec<Slot<K>>>,
    /// The last distinct keys that were read, the newest first.
    recent: [Option<Source>; WINDOW],
    /// How much of what was fetched is used, as a moving average.
    worth: f64,
    /// Fetches that were held back since the gate closed.
    held_back: u32,
    stats: ForetellingStats,
}

/// A key that is likely to be read soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foretold<K> {
    /// What to fetch, where it is not there yet.
    pub key: K,
    /// Whose reading foretold it: give it back to [`Foretelling::settle`].
    pub source: Source,
}

/// Which key foretold something. A source that was replaced since is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    slot: u32,
    generation: u16,
}

/// What a [`Foretelling`] has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ForetellingStats {
    /// Keys that it knows followers of, or may come to know.
    pub sources: usize,
    /// Fetches that it allowed.
    pub fetched: u64,
    /// How many of them were read before they were evicted.
    pub used: u64,
    /// How many of them were evicted, replaced or swept unread.
    pub wasted: u64,
    /// Fetches that it foretold and the gate held back.
    pub held_back: u64,
    /// Whether the gate lets more through than probes.
    pub is_open: bool,
}

impl ForetellingStats {
    /// Of what was fetched and settled, how much was used: 0 to 1, and 1 where nothing was settled.
    #[must_use]
    pub fn precision(&self) -> f64 {
        let settled = self.used + self.wasted;
        if settled == 0 {
            1.0
        } else {
            lossy(self.used) / lossy(settled)
        }
    }
}

impl<K: Clone + Eq> Foretelling<K> {
    /// A model that remembers at most `sources` keys, rounded up to a multiple of eight, and at least
    /// those eight. Each takes some 70 bytes and the key; memory is taken as they come.
    #[must_use]
    pub fn new(sources: usize) -> Self {
        let sets = sources.clamp(WAYS, SOURCES_MAX).div_ceil(WAYS);
        Self {
            sets: (0..sets).map(|_| Vec::new()).collect(),
            recent: [None; WINDOW],
            worth: 1.0,
            held_back: 0,
            stats: ForetellingStats {
                is_open: true,
                ..ForetellingStats::default()
            },
        }
    }

    /// A key was read: learns whom it followed, and adds to `foretold` what is likely to follow it,
    /// at most six keys, without looking whether they are there already.
    ///
    /// `hash` is any good hash of the key, the same for the same key as long as the model lives.
    pub fn read(&mut self, key: &K, hash: u64, foretold: &mut Vec<Foretold<K>>) {
        let source = self.seat(key, hash);
        self.learn(source);
        if self.recent.first() != Some(&Some(source)) {
            self.recent.rotate_right(1);
            if let Some(newest) = self.recent.first_mut() {
                *newest = Some(source);
            }
        }
        let Some(slot) = self.slot_mut(source) else {
            return;
        };
        slot.saw_one_more();
        let likely = slot.likely();
        for edge in likely.into_iter().flatten() {
            if let Some(target) = self.slot(edge) {
                let key = target.key.clone();
                foretold.push(Foretold { key, source });
            }
        }
    }

    /// What is likely to follow a key that is not read just now: adds it to `foretold`, as [`read`](Self::read) does, and
    /// learns nothing.
    pub fn follow(&self, key: &K, hash: u64, foretold: &mut Vec<Foretold<K>>) {
        let set = self.set_of(hash);
        let slots = self.sets.get(set).into_iter().flatten().enumerate();
        let mut known = slots.filter(|(_, slot)| slot.hash == hash && slot.key == *key);
        if let Some((way, slot)) = known.next() {
            let source = Source::at(set, way, slot.generation);
            for target in slot.likely().into_iter().flatten() {
                if let Some(target) = self.slot(target) {
                    let key = target.key.clone();
                    foretold.push(Foretold { key, source });
                }
            }
        }
    }

    /// Whether to fetch one more foretold key. While too little of what was fetched is used, one
    /// in 64 is, so that better times are noticed.
    pub fn pays(&mut self) -> bool {
        let pays = self.worth >= WORTH_MIN || {
            self.held_back = self.held_back.wrapping_add(1);
            self.held_back.is_multiple_of(PROBE_EVERY)
        };
        if pays {
            self.stats.fetched += 1;
        } else {
            self.stats.held_back += 1;
        }
        pays
    }

    /// What became of a fetch: it was read, or it left unread.
    pub fn settle(&mut self, source: Source, was_used: bool) {
        let told = if was_used { 1.0 } else { 0.0 };
        self.worth += (told - self.worth) / WORTH_MEMORY;
        if was_used {
            self.stats.used += 1;
        } else {
            self.stats.wasted += 1;
        }
        if let Some(slot) = self.slot_mut(source) {
            slot.settle(was_used);
        }
    }

    /// What was fetched was not let in, which says nothing of who foretold it. It was in vain all the same.
    pub(crate) fn refused(&mut self) {
        self.worth -= self.worth / WORTH_MEMORY;
        self.stats.wasted += 1;
    }

    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> ForetellingStats {
        ForetellingStats {
            sources: self.sets.iter().map(Vec::len).sum(),
            is_open: self.worth >= WORTH_MIN,
            ..self.stats
        }
    }

    /// Adds the newest key to the followers of those before it.
    fn learn(&mut self, newest: Source) {
        let recent = self.recent;
        for (place, before) in recent.iter().enumerate() {
            let is_repeated = recent.iter().take(place).any(|nearer| nearer == before);
            if let Some(before) = before.filter(|&before| before != newest && !is_repeated)
                && let Some(slot) = self.slot_mut(before)
            {
                slot.was_followed_by(newest);
            }
        }
    }

    /// The slot of a key. Where its set is full of others, the one that was seen least makes room;
    /// each that does so wears the others down, so that what was seen often long ago goes in the end.
    fn seat(&mut self, key: &K, hash: u64) -> Source {
        let set = self.set_of(hash);
        let Some(slots) = self.sets.get_mut(set) else {
            return Source::at(set, 0, 0);
        };
        let known = slots
            .iter()
            .enumerate()
            .find(|(_, slot)| slot.hash == hash && slot.key == *key);
        if let Some((way, slot)) = known {
            return Source::at(set, way, slot.generation);
        }
        let new = |generation| Slot::new(key.clone(), hash, generation);
        if slots.len() < WAYS {
            slots.push(new(0));
            return Source::at(set, slots.len() - 1, 0);
        }
        let least = slots.iter().enumerate().min_by_key(|(_, slot)| slot.seen);
        let Some((way, seen)) = least.map(|(way, slot)| (way, slot.seen)) else {
            return Source::at(set, 0, 0);
        };
        if seen > 0 {
            for slot in slots.iter_mut() {
                slot.seen -= slot.seen.div_ceil(WEAR);
            }
        }
        let mut generation = 0;
        if let Some(slot) = slots.get_mut(way) {
            generation = slot.generation.wrapping_add(1);
            *slot = new(generation);
        }
        Source::at(set, way, generation)
    }

    fn set_of(&self, hash: u64) -> usize {
        let sets = u64::try_from(self.sets.len()).unwrap_or(u64::MAX);
        usize::try_from(mixed(hash) % sets).unwrap_or_default()
    }

    fn slot(&self, source: Source) -> Option<&Slot<K>> {
        let (set, way) = source.place();
        let slot = self.sets.get(set)?.get(way)?;
        (slot.generation == source.generation).then_some(slot)
    }

    fn slot_mut(&mut self, source: Source) -> Option<&mut Slot<K>> {
        let (set, way) = source.place();
        let slot = self.sets.get_mut(set)?.get_mut(way)?;
        (slot.generation == source.generation).then_some(slot)
    }
}

impl<K> fmt::Debug for Foretelling<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foretelling")
            .field("worth", &self.worth)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl Source {
    fn at(set: usize, way: usize, generation: u16) -> Self {
        Self {
            // There are at most SOURCES_MAX slots.
            slot: u32::try_from(set * WAYS + way).unwrap_or(u32::MAX),
            generation,
        }
    }

    fn place(self) -> (usize, usize) {
        let slot = usize::try_from(self.slot).unwrap_or(usize::MAX);
        (slot / WAYS, slot % WAYS)
    }

    /// As a number that is never 0, for an atomic beside a value.
    pub(crate) const fn to_bits(self) -> u64 {
        let [a, b, c, d] = self.slot.to_le_bytes();
        let [e, f] = self.generation.to_le_bytes();
        u64::from_le_bytes([1, e, f, a, b, c, d, 0])
    }

    pub(crate) const fn from_bits(bits: u64) -> Option<Self> {
        match bits.to_le_bytes() {
            [1, e, f, a, b, c, d, 0] => Some(Self {
                slot: u32::from_le_bytes([a, b, c, d]),
                generation: u16::from_le_bytes([e, f]),
            }),
            _ => None,
        }
    }
}

/// A key, and what followed it.
struct Slot<K> {
    key: K,
    hash: u64,
    /// Grows with each key that takes this slot.
    generation: u16,
    /// How often the key was read, halved together with the counts of its followers.
    seen: u16,
    used: u8,
    wasted: u8,
    followers: [Follower; FOLLOWERS],
}

#[derive(Clone, Copy, Default)]
struct Follower {
    slot: u32,
    generation: u16,
    /// 0 where there is none.
    count: u16,
}

impl<K> Slot<K> {
    fn new(key: K, hash: u64, generation: u16) -> Self {
        Self {
            key,
            hash,
            generation,
            seen: 0,
            used: 0,
            wasted: 0,
            followers: [Follower::default(); FOLLOWERS],
        }
    }

    fn saw_one_more(&mut self) {
        self.seen += 1;
        if self.seen >= SEEN_MAX {
            self.seen /= 2;
            for follower in &mut self.followers {
                follower.count /= 2;
            }
        }
    }

    /// Counts a follower. One that is not among the few takes the place of the rarest, once it has
    /// worn that one down: what follows by chance wears nothing down for good.
    fn was_followed_by(&mut self, newest: Source) {
        let known = |follower: &&mut Follower| follower.count > 0 && follower.source() == newest;
        if let Some(follower) = self.followers.iter_mut().find(known) {
            follower.count = follower.count.saturating_add(1);
        } else if let Some(rarest) = self.followers.iter_mut().min_by_key(|one| one.count) {
            if rarest.count <= 1 {
                *rarest = Follower {
                    slot: newest.slot,
                    generation: newest.generation,
                    count: 1,
                };
            } else {
                rarest.count -= 1;
            }
        }
    }

    /// The followers that are worth fetching by what this slot knows of itself.
    fn likely(&self) -> [Option<Source>; FOLLOWERS] {
        let (used, wasted) = (f64::from(self.used), f64::from(self.wasted));
        let is_trusted = (used + 1.0) / (used + wasted + 1.5) >= TRUST_MIN;
        let seen = f64::from(self.seen);
        self.followers.map(|follower| {
            let chance = (f64::from(follower.count) + 0.5) / (seen + 1.0);
            let is_likely = follower.count >= COUNT_MIN && chance >= CHANCE_MIN;
            (is_trusted && is_likely).then(|| follower.source())
        })
    }

    fn settle(&mut self, was_used: bool) {
        if was_used {
            self.used += 1;
        } else {
            self.wasted += 1;
        }
        if self.used >= TRUST_MEMORY || self.wasted >= TRUST_MEMORY {
            self.used /= 2;
            self.wasted /= 2;
        }
    }
}

impl Follower {
    const fn source(self) -> Source {
        Source {
            slot: self.slot,
            generation: self.generation,
        }
    }
}

/// Spreads hashes whose low bits say little, as the identity of a number does.
const fn mixed(hash: u64) -> u64 {
    let x = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^ (x >> 32)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a share needs no more than 53 bits"
)]
const fn lossy(number: u64) -> f64 {
    number as f64
}

/// How many distinct keys back a key is taken as a follower. Handlers read a few things together;
/// two of them interleaved are still seen by four.
const WINDOW: usize = 4;

/// How many followers a key has: as many as one handler commonly reads after its first.
const FOLLOWERS: usize = 6;

/// Slots of a set. Eight let the least seen of them go without looking at all there are.
const WAYS: usize = 8;

/// The most sources that can be asked for: their number is one of 32 bits, and beyond this the table
/// would be larger than what it is to save.
const SOURCES_MAX: usize = 1 << 22;

/// Each newcomer in a full set takes an eighth of what the others were seen.
const WEAR: u16 = 8;

/// Counts are halved here, so that the last hundred reads of a key weigh more than all before.
const SEEN_MAX: u16 = 128;

/// What followed once followed by chance.
const COUNT_MIN: u16 = 2;

/// A follower is fetched from this chance on. Low, since the gates see to precision: tuned on a night
/// of an object-relational mapper's reads and held elsewhere.
const CHANCE_MIN: f64 = 0.1;

/// A source is silent where less than half of what it foretold was used.
const TRUST_MIN: f64 = 0.5;

/// A source remembers some thirty of its fetches.
const TRUST_MEMORY: u8 = 30;

/// All are silent where less than half of what was fetched is used: a fetch in vain costs about what
/// one in time saves.
const WORTH_MIN: f64 = 0.5;

/// The last two hundred fetches count: few enough to stop within one page of a crawl.
const WORTH_MEMORY: f64 = 200.0;

/// Of foretold keys, so many are passed over for each that is fetched as a probe. Were all of them in
/// vain, that is less than two in a hundred reads.
const PROBE_EVERY: u32 = 64;

#[cfg(test)]
mod tests;
