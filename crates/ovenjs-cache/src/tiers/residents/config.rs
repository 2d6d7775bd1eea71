//! How memory is set up, and what it says of itself.

use crate::tiers::{ForetellingStats, Policy};

/// How a [`Residents`](super::Residents) is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResidentsConfig {
    /// The most that all values weigh together, in the unit of the weights that they are put with. While
    /// something comes in it may be exceeded by a thirty-second part, and by what is being put just then.
    pub bound: u64,
    /// Whether the bound is a number of values, each of which weighs 1 whatever it is put with. Where it is not,
    /// moka remembers fewer frequencies than it should, and TinyLFU finds up to some points less.
    pub is_counted: bool,
    /// Who leaves where there is no room. Default: [`Eviction::Chosen`].
    pub eviction: Eviction,
    /// Of how many keys to remember what is read after them; 0, the default, foretells nothing. 65,536
    /// take some 8 MB with keys of 24 bytes.
    pub foretelling: usize,
}

impl ResidentsConfig {
    /// The defaults named at each field, under this bound.
    #[must_use]
    pub const fn new(bound: u64) -> Self {
        Self {
            bound,
            is_counted: false,
            eviction: Eviction::Chosen,
            foretelling: 0,
        }
    }

    /// The same for so many values, whatever they weigh.
    #[must_use]
    pub const fn counted(bound: u64) -> Self {
        let mut config = Self::new(bound);
        config.is_counted = true;
        config
    }

    /// Sets who leaves where there is no room.
    #[must_use]
    pub const fn eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// Sets of how many keys to remember what is read after them.
    #[must_use]
    pub const fn foretelling(mut self, sources: usize) -> Self {
        self.foretelling = sources;
        self
    }
}

/// Who leaves memory where there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Eviction {
    /// LRU or TinyLFU, whichever finds more just now; see [`Choice`](crate::tiers::Choice).
    #[default]
    Chosen,
    /// Always what was not read for longest.
    Lru,
    /// Always by frequency.
    TinyLfu,
    /// What came first, however often it is read: for what is worth less with age alone.
    Fifo,
}

/// What a [`Residents`](super::Residents) holds and has done.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResidentsStats {
    /// How many values are there.
    pub entries: u64,
    /// What they weigh.
    pub weight: u64,
    /// What of that weigh those that are worth more than the rest.
    pub set_apart: u64,
    /// What they may weigh.
    pub bound: u64,
    /// How many left for want of room.
    pub evicted: u64,
    /// By which policy they leave at present.
    pub policy: Policy,
    /// How often the policy changed.
    pub switches: u64,
    /// What the model has done, where there is one.
    pub foretelling: Option<ForetellingStats>,
}
