//! How warming is set up, and what it says of itself.

use std::time::Duration;

/// How a keyspace is [warmed](super::super::KeyspaceConfig::warming): what is counted, and what is moved when.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_cache::tiers::{KeyspaceConfig, Warming};
///
/// let warming = Warming::new().instance("shard-0").lead(Duration::from_secs(300));
/// let config = KeyspaceConfig::new("prefixes", 1).warming(warming);
/// assert_eq!(config.warming.unwrap().keys, 4_096);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warming {
    /// Of how many keys it is counted how often and when they are read. Default: 4,096, which take half a megabyte.
    pub keys: usize,
    /// Which of several processes with the same keyspace this one is, so that each finds its own keys again after a
    /// restart. Default: empty, they share one list, of which the last one who writes it is right.
    pub instance: String,
    /// How often it is looked what is to be moved. Default: 10 s.
    pub every: Duration,
    /// How many values are moved at once, up and down each; at most 512. Default: 256.
    pub batch: usize,
    /// What was brought up and is not read within this time was brought up in vain. Default: 10 minutes. At the start of
    /// the process it is an hour at least, and before an hour begins, until that is over.
    pub horizon: Duration,
    /// How long before an hour begins what is read in it is brought up: 15 minutes at most, and no more than a quarter of
    /// the time for which something stays in memory that nobody reads. Default: 2 minutes.
    pub lead: Duration,
    /// What nobody has read for so long leaves the second tier, where the third has it too: no sooner than a
    /// [loan](super::super::KeyspaceConfig::lent) is over there. Readers in other processes are seen only by what they
    /// write to it, as they do when a loan has ended. Default: 15 minutes; [`Duration::MAX`] for never.
    pub idle: Duration,
    /// How often the keys that are read most are written down for the next process. Default: 5 minutes;
    /// [`Tiered::flush`](super::super::Tiered::flush) does so too.
    pub saved_every: Duration,
}

impl Warming {
    /// The defaults named at each field.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keys: 4_096,
            instance: String::new(),
            every: Duration::from_secs(10),
            batch: 256,
            horizon: Duration::from_secs(600),
            lead: Duration::from_secs(120),
            idle: Duration::from_secs(900),
            saved_every: Duration::from_secs(300),
        }
    }

    /// Sets of how many keys is counted.
    #[must_use]
    pub const fn keys(mut self, keys: usize) -> Self {
        self.keys = keys;
        self
    }

    /// Sets which of several processes this one is.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = instance.into();
        self
    }

    /// Sets how often it is looked what is to be moved, and how many values at once.
    #[must_use]
    pub const fn passes(mut self, every: Duration, batch: usize) -> Self {
        self.every = every;
        self.batch = batch;
        self
    }

    /// Sets within which time what was brought up has to be read.
    #[must_use]
    pub const fn horizon(mut self, horizon: Duration) -> Self {
        self.horizon = horizon;
        self
    }

    /// Sets how long before an hour begins what is read in it is brought up.
    #[must_use]
    pub const fn lead(mut self, lead: Duration) -> Self {
        self.lead = lead;
        self
    }

    /// Sets after which time without a read something leaves the second tier.
    #[must_use]
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sets how often it is written down what is read most.
    #[must_use]
    pub const fn saved_every(mut self, every: Duration) -> Self {
        self.saved_every = every;
        self
    }
}

impl Default for Warming {
    fn default() -> Self {
        Self::new()
    }
}

/// What the warming of a keyspace has done so far.
///
/// ```
/// use ovenjs_cache::tiers::WarmingStats;
///
/// let mut stats = WarmingStats::default();
/// assert_eq!((stats.efficiency(), stats.raised().efficiency()), (1.0, None), "nothing is known yet");
/// stats.at_start.used = 1;
/// stats.by_hour.wasted = 1;
/// stats.out_of_second.used = 8;
/// // Letting go what nobody reads is the easier part, so look at what was brought up by itself.
/// assert_eq!((stats.efficiency(), stats.raised().efficiency()), (0.9, Some(0.5)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmingStats {
    /// Of how many keys it is counted how often they are read.
    pub keys: usize,
    /// Brought into memory when the process began, since they were read most before.
    pub at_start: Moved,
    /// Brought into memory since they are read often and were not there.
    pub by_frequency: Moved,
    /// Brought into memory before an hour began in which they were read on other days.
    pub by_hour: Moved,
    /// Copied to the second tier since the third was asked for them again and again.
    pub to_second: Moved,
    /// Taken out of the second tier, since nobody read them: what was asked for again within the
    /// [horizon](Warming::horizon) was taken out in vain.
    pub out_of_second: Moved,
}

/// What was moved for one reason, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// How much was moved.
    pub moved: u64,
    /// Of that, what was worth it: read from where it was moved to, before it left that and in time.
    pub used: u64,
    /// Of that, what was moved in vain: it left unread, was replaced, or was not read in time. The rest is not known yet.
    pub wasted: u64,
    /// What was not moved, since too little of what had been was worth it, or is known of yet.
    pub held_back: u64,
}

impl Moved {
    /// Of what was moved and is known of, how much was worth it: 0 to 1; nothing where nothing is known yet.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let known = self.used + self.wasted;
        (known > 0).then(|| lossy(self.used) / lossy(known))
    }
}

impl Moved {
    /// Both together.
    const fn with(self, other: Self) -> Self {
        Self {
            moved: self.moved + other.moved,
            used: self.used + other.used,
            wasted: self.wasted + other.wasted,
            held_back: self.held_back + other.held_back,
        }
    }
}

impl WarmingStats {
    /// Of all that was moved up or down and is known of, how much was worth it: 0 to 1, and 1 where nothing is known
    /// yet.
    #[must_use]
    pub fn efficiency(&self) -> f64 {
        self.all().efficiency().unwrap_or(1.0)
    }

    /// All of it together.
    #[must_use]
    pub const fn all(&self) -> Moved {
        self.raised().with(self.to_second).with(self.out_of_second)
    }

    /// What was brought into memory, for whichever reason: look at this by itself, since letting go what nobody reads is
    /// the easier part.
    #[must_use]
    pub const fn raised(&self) -> Moved {
        self.at_start.with(self.by_frequency).with(self.by_hour)
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a share needs no more than 53 bits"
)]
const fn lossy(number: u64) -> f64 {
    number as f64
}
