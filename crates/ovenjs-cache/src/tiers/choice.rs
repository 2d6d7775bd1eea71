//! Which way of evicting suits what is read, seen from a sample of the keys.

use super::ghost::Ghost;

/// By which rule something leaves memory when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// What was not read for longest goes first. Good where what was just read is read again.
    Lru,
    /// What was seen more often stays, and a newcomer has to be more frequent than who would go. Good
    /// where much is read once, or in a circle that is larger than memory.
    TinyLfu,
}

/// Chooses between [`Policy::Lru`] and [`Policy::TinyLfu`] while a cache runs.
///
/// Of the keys, a sample is played to a small cache of each policy that holds no values. Which of them
/// finds more over the last reads of the sample leads; it has to lead clearly to be chosen, so that a tie
/// does not flutter.
///
/// It begins with TinyLFU, which lives on what it has counted: to change to LRU costs nothing of that, while
/// who changes to TinyLFU counts from nothing.
///
/// ```
/// use ovenjs_cache::tiers::{Choice, Policy};
///
/// // Each thing is read for a while and never again: what was frequent is over.
/// let mut choice = Choice::new(1_000);
/// let mut policy = choice.policy();
/// assert_eq!(policy, Policy::TinyLfu);
/// for read in 0..200_000_u64 {
///     let key = read / 8 + read % 199;
///     let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
///     if choice.is_sampled(hash) {
///         policy = choice.touch(hash, 1);
///     }
/// }
/// assert_eq!(policy, Policy::Lru);
/// ```
#[derive(Debug)]
pub struct Choice {
    lru: Ghost,
    tiny_lfu: Ghost,
    /// Of a hash, the bits that are 0 where it is in the sample.
    mask: u64,
    policy: Policy,
    /// How much more TinyLFU finds, of one read, as a moving average.
    lead: f64,
    /// Of how many reads only one of them finds the key, likewise.
    dispute: f64,
    /// How many reads were heard since there was no room: those before tell nothing.
    heard: f64,
    /// Sampled reads since the last change.
    settled: u32,
    switches: u64,
}

impl Choice {
    /// A choice for a cache of at most `bound`, in the weights that [`touch`](Self::touch) is told.
    #[must_use]
    pub fn new(bound: u64) -> Self {
        Self::sampled(bound, SAMPLE_BITS_MAX)
    }

    /// As [`new`](Self::new), with one in 2^`bits` keys in the sample, at most one in 64.
    pub(crate) fn sampled(bound: u64, bits: u32) -> Self {
        let mut bits = bits.min(SAMPLE_BITS_MAX);
        while bits > 0 && bound >> bits < GHOST_MIN {
            bits -= 1;
        }
        // Residents have moka look again once a thirty-second part too much is there.
        let porch = usize::try_from(bound / 64)
            .unwrap_or(PORCH_MAX)
            .min(PORCH_MAX);
        let bound = (bound >> bits).max(1);
        Self {
            lru: Ghost::lru(bound),
            tiny_lfu: Ghost::tiny_lfu(bound, porch >> bits),
            mask: (1_u64 << bits) - 1,
            policy: Policy::TinyLfu,
            lead: 0.0,
            dispute: 0.0,
            heard: 0.0,
            settled: 0,
            switches: 0,
        }
    }

    /// Whether the key of this hash is in the sample. Where it is not, there is nothing to tell.
    #[must_use]
    pub const fn is_sampled(&self, hash: u64) -> bool {
        is_sampled(hash, self.mask)
    }

    pub(crate) const fn mask(&self) -> u64 {
        self.mask
    }

    /// A key of the sample was read, or written because it was not there; which policy suits by now.
    pub fn touch(&mut self, hash: u64, weight: u64) -> Policy {
        let lru = self.lru.touch(hash, weight);
        let tiny_lfu = self.tiny_lfu.touch(hash, weight);
        let lead = match (tiny_lfu, lru) {
            (true, false) => 1.0,
            (false, true) => -1.0,
            _ => 0.0,
        };
        if !self.lru.has_evicted() {
            return self.policy;
        }
        self.heard += 1.0;
        let memory = (self.heard / LEAD_SHARE).clamp(LEAD_MEMORY_MIN, LEAD_MEMORY_MAX);
        let averaged = self.heard.min(memory);
        self.lead += (lead - self.lead) / averaged;
        self.dispute += (lead * lead - self.dispute) / averaged;
        self.settled = self.settled.saturating_add(1);
        // By chance, the average of what is as often one as the other strays so far; a moving one as that
        // of twice as many.
        let twice = if self.heard > memory { 2.0 } else { 1.0 };
        let stray = (self.dispute / (twice * averaged)).sqrt();
        let clear = LEAD_MIN.max(STRAYS * stray);
        let better = match self.policy {
            Policy::Lru if self.lead > clear => Policy::TinyLfu,
            Policy::TinyLfu if self.lead < -clear => Policy::Lru,
            same => same,
        };
        if better != self.policy && self.settled >= SETTLED_MIN {
            self.policy = better;
            self.settled = 0;
            self.switches += 1;
        }
        self.policy
    }

    /// Which policy suits by now.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// How often it has changed its mind.
    #[must_use]
    pub const fn switches(&self) -> u64 {
        self.switches
    }
}

/// The upper bits decide, as the lower ones place a key in tables.
pub(crate) const fn is_sampled(hash: u64, mask: u64) -> bool {
    (hash >> SAMPLE_SHIFT) & mask == 0
}

/// The sample is at most one key in 64: what is played to it is little beside the cache itself.
const SAMPLE_BITS_MAX: u32 = 6;

/// Away from the seven uppermost bits, which hash tables keep as tags, and from the lowest, by which
/// they place.
const SAMPLE_SHIFT: u32 = 40;

/// A ghost of fewer would be the luck of which keys are in the sample.
const GHOST_MIN: u64 = 1_024;

/// How many newcomers moka has not judged at a time, on average: it does so every 64 reads.
const PORCH_MAX: usize = 16;

/// How many sampled reads the lead remembers: a quarter of all, so that who has seen little changes its mind soon;
/// at most so many, so that it is changed at all. Of a burst of some thousand in which the other policy would do,
/// little is left to gain once it is noticed.
const LEAD_SHARE: f64 = 4.0;
const LEAD_MEMORY_MIN: f64 = 8_192.0;
const LEAD_MEMORY_MAX: f64 = 16_384.0;

/// A lead of one in a hundred reads. Below, changing costs more than it brings.
const LEAD_MIN: f64 = 0.01;

/// A lead is clear where chance alone would hardly ever bring it about.
const STRAYS: f64 = 3.0;

/// Sampled reads between two changes, and before the first: a change empties one cache into the other, and
/// is to be over before the next.
const SETTLED_MIN: u32 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_just_read_and_is_read_again_suits_lru() {
        let mut choice = Choice::sampled(256, 0);
        let mut found_out = None;
        for read in 0..100_000_u64 {
            // A window that moves on: every key is read a few times and never again.
            let key = read / 8 + read % 5;
            if choice.touch(spread(key), 1) == Policy::Lru {
                found_out = found_out.or(Some(read));
            }
        }
        // It takes 2,000 reads until there is no room.
        assert!(found_out.is_some_and(|read| read < 4_000), "{found_out:?}");
        assert_eq!(choice.switches(), 1);
    }

    #[test]
    fn it_changes_with_what_is_read_and_back() {
        let mut choice = Choice::sampled(256, 0);
        for read in 0..40_000_u64 {
            choice.touch(spread((1 << 32) + read / 8 + read % 99), 1);
        }
        assert_eq!(choice.policy(), Policy::Lru);
        for read in 0..40_000_u64 {
            choice.touch(spread(read % 300), 1);
        }
        assert_eq!(choice.policy(), Policy::TinyLfu);
        for read in 0..200_000_u64 {
            choice.touch(spread((1 << 33) + read / 8 + read % 99), 1);
        }
        assert_eq!(choice.policy(), Policy::Lru);
        assert_eq!(choice.switches(), 3);
    }

    #[test]
    fn a_tie_does_not_flutter() {
        let mut choice = Choice::sampled(256, 0);
        let mut dice = 88_172_645_463_325_252_u64;
        for _ in 0..100_000 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            // Everything is as likely as all else: no policy finds more than another.
            choice.touch(spread(dice % 512), 1);
        }
        assert!(choice.switches() <= 1, "{} changes", choice.switches());
    }

    #[test]
    fn the_sample_is_as_small_as_its_ghosts_allow() {
        assert_eq!(Choice::new(1_000_000).mask(), 63);
        assert_eq!(Choice::new(8_192).mask(), 7);
        assert_eq!(Choice::new(10).mask(), 0);
    }

    fn spread(key: u64) -> u64 {
        key.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    }
}
