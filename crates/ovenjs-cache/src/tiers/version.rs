//! Which of two states of one thing is the newer one.

/// The place of a state in the history of its thing.
///
/// Only versions of one source have an order. What one source wrote another may take over with a higher
/// epoch, and not otherwise: a shard's second session knows more than its first, but of two shards in the same
/// epoch nobody knows which knows more.
///
/// ```
/// use ovenjs_cache::tiers::Version;
///
/// let held = Version { source: 3, epoch: 7, sequence: 120 };
/// assert!(Version { sequence: 121, ..held }.may_replace(&held));
/// assert!(!Version { sequence: 119, ..held }.may_replace(&held));
/// // Another shard, in the same epoch and in a later one.
/// assert!(!Version { source: 4, sequence: 900, ..held }.may_replace(&held));
/// assert!(Version { source: 4, epoch: 8, sequence: 1 }.may_replace(&held));
/// // What a request brought has no place in the gateway's history: it fills what is absent.
/// assert!(!Version::loaded(1_700_000_000_000).may_replace(&held));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version {
    /// Who writes: 0 is the bot itself, n the shard n − 1.
    pub source: u32,
    /// The writer's fenced epoch. 0 is below all writers: what was loaded, and by nobody in charge.
    pub epoch: u64,
    /// The place within the epoch.
    pub sequence: u64,
}

impl Version {
    /// That of an event of the shard with this number.
    #[must_use]
    pub const fn of_shard(number: u32, version: ovenjs_types::Version) -> Self {
        Self {
            source: number.saturating_add(1),
            epoch: version.epoch,
            sequence: version.seq,
        }
    }

    /// That of what somebody asked for at `now_ms`, of Discord or of a database: it fills what is absent and
    /// replaces what was loaded before, and never what a writer wrote.
    #[must_use]
    pub const fn loaded(now_ms: u64) -> Self {
        Self {
            source: 0,
            epoch: 0,
            sequence: now_ms,
        }
    }

    /// Whether what has this version may take the place of what has the version `held`. The same version may:
    /// it is the same state, written again.
    #[must_use]
    pub const fn may_replace(&self, held: &Self) -> bool {
        self.epoch > held.epoch
            || (self.source == held.source
                && self.epoch == held.epoch
                && self.sequence >= held.sequence)
    }
}
