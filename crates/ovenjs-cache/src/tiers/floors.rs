//! The newest version of each key that this process has seen, though its value may have left memory.

use super::{SEQUENCES_A_MS, SKEW_MS, Version};

/// Below these a read does not fall: what is older than what was seen before is as if it were not there.
///
/// Bounded: of a set that is full, the one that was seen longest ago is forgotten.
#[derive(Debug)]
pub(crate) struct Floors {
    sets: Vec<Vec<Floor>>,
}

#[derive(Clone, Copy, Debug)]
struct Floor {
    hash: u64,
    version: Version,
    seen_ms: u64,
    /// When the record is over, and with it all that is older.
    until_ms: u64,
}

impl Floors {
    pub(crate) fn new() -> Self {
        Self {
            sets: (0..SETS).map(|_| Vec::new()).collect(),
        }
    }

    /// A version was seen, written or read.
    pub(crate) fn saw(&mut self, hash: u64, version: Version, now_ms: u64, until_ms: u64) {
        let Some(set) = self.set_mut(hash) else {
            return;
        };
        let until_ms = until_ms.max(now_ms);
        if let Some(floor) = set.iter_mut().find(|floor| floor.hash == hash) {
            let is_older = !version.may_replace(&floor.version);
            if floor.version == version || (is_older && now_ms < floor.until_ms) {
                return;
            }
            (floor.version, floor.seen_ms, floor.until_ms) = (version, now_ms, until_ms);
            return;
        }
        let floor = Floor {
            hash,
            version,
            seen_ms: now_ms,
            until_ms,
        };
        if set.len() < WAYS {
            set.push(floor);
        } else if let Some(oldest) = set.iter_mut().min_by_key(|floor| floor.seen_ms) {
            *oldest = floor;
        }
    }

    /// Whether a read may give this out. What was loaded has no place among the versions of writers: it may
    /// where it was loaded after the newest of them was seen.
    pub(crate) fn allows(&self, hash: u64, version: &Version, now_ms: u64) -> bool {
        let Some(floor) = self.floor(hash).filter(|floor| now_ms < floor.until_ms) else {
            return true;
        };
        if floor.version.epoch == 0 && version.epoch > 0 && version.source == 0 {
            // What was loaded replaces nothing that was written, but it is newer than what was written before.
            return version.sequence >> SEQUENCES_A_MS >= floor.version.sequence;
        }
        let is_loaded_since =
            version.epoch == 0 && version.sequence >= floor.seen_ms.saturating_add(SKEW_MS);
        version.may_replace(&floor.version) || is_loaded_since
    }

    /// The newest version that was seen, as long as its record may be somewhere.
    pub(crate) fn of(&self, hash: u64, now_ms: u64) -> Option<Version> {
        let floor = self.floor(hash).filter(|floor| now_ms < floor.until_ms)?;
        Some(floor.version)
    }

    fn floor(&self, hash: u64) -> Option<&Floor> {
        let set = self.sets.get(Self::place(hash))?;
        set.iter().find(|floor| floor.hash == hash)
    }

    fn set_mut(&mut self, hash: u64) -> Option<&mut Vec<Floor>> {
        self.sets.get_mut(Self::place(hash))
    }

    fn place(hash: u64) -> usize {
        usize::try_from(hash >> 16).unwrap_or_default() % SETS
    }
}

/// With eight in each, 32,768 keys: what a process reads within the lifetime of most values. Some 2 MB when
/// full.
const SETS: usize = 4_096;
const WAYS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const V5: Version = Version {
        source: 1,
        epoch: 1,
        sequence: 5,
    };

    #[test]
    fn nothing_older_is_allowed_until_the_newest_is_over() {
        let mut floors = Floors::new();
        floors.saw(7, V5, 100, 1_000);
        let v4 = Version { sequence: 4, ..V5 };
        assert!(!floors.allows(7, &v4, 999));
        assert!(floors.allows(7, &V5, 999));
        assert!(floors.allows(8, &v4, 999), "another key");
        assert!(floors.allows(7, &v4, 1_000), "all of that time is over");
        floors.saw(7, v4, 200, 2_000);
        assert_eq!(floors.of(7, 999), Some(V5), "what is older lowers nothing");
    }

    #[test]
    fn what_was_loaded_is_allowed_where_it_was_loaded_since() {
        let mut floors = Floors::new();
        floors.saw(7, V5, 10_000, 100_000);
        assert!(!floors.allows(7, &Version::loaded(10_500), 12_000));
        assert!(floors.allows(7, &Version::loaded(11_000), 12_000));
    }

    #[test]
    fn what_was_written_before_a_load_began_is_older_than_what_it_brought() {
        let mut floors = Floors::new();
        floors.saw(7, Version::loaded(10_000), 10_100, 100_000);
        let written = |ms: u64| Version {
            source: 0,
            epoch: 1,
            sequence: ms << SEQUENCES_A_MS,
        };
        assert!(!floors.allows(7, &written(9_999), 11_000));
        assert!(floors.allows(7, &written(10_000), 11_000));
        assert!(
            floors.allows(7, &V5, 11_000),
            "the gateway knows better than a loader"
        );
    }

    #[test]
    fn it_stays_within_its_bound() {
        let mut floors = Floors::new();
        for key in 0..200_000_u64 {
            floors.saw(key.wrapping_mul(0x9E37_79B9_7F4A_7C15), V5, key, 1 << 40);
        }
        let held: usize = floors.sets.iter().map(Vec::len).sum();
        assert!(held <= SETS * WAYS);
        assert_eq!(
            floors.of(199_999_u64.wrapping_mul(0x9E37_79B9_7F4A_7C15), 0),
            Some(V5)
        );
    }
}
