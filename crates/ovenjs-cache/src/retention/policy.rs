//! How long the entries of a class are kept, where, and how many.

use std::{fmt, time::Duration};

use super::{Class, RetentionError, RetentionErrorKind, entry::millis};

/// Where entries are, from the fastest to the one that keeps them longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A Redis: a copy of the youngest.
    Hot,
    /// A database.
    Warm,
    /// Compressed volumes.
    Cold,
    /// Encrypted archives of volumes.
    Backup,
}

impl Tier {
    /// All of them, the fastest first.
    pub const ALL: [Self; 4] = [Self::Hot, Self::Warm, Self::Cold, Self::Backup];
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hot => "hot",
            Self::Warm => "warm",
            Self::Cold => "cold",
            Self::Backup => "backup",
        })
    }
}

/// How long the entries of a class are kept, where, and how many.
///
/// Ages are counted from when an entry happened. Nothing is read that is older than the last of them; it is gone
/// for good when its whole week is, so seven days and one [run](super::Retention::run) later at most.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_cache::retention::{Policy, Tier};
///
/// let policy = Policy::new();
/// assert_eq!(policy.age(Tier::Warm), Some(Duration::from_secs(90 * 86_400)));
/// // What people wrote is kept for as short as the warm tier does, unless one says otherwise.
/// let policy = policy.with_message_content("appeals against moderation");
/// assert_eq!(policy.age(Tier::Cold), None);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    ages: [Option<Duration>; 4],
    limits: [Limit; 4],
    pub(crate) beyond: Beyond,
    pub(crate) message_content: Option<String>,
}

/// How much of a class one tier may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    entries: u64,
    bytes: u64,
}

/// What happens with what exceeds a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Beyond {
    /// It is [reported](super::Retention::report), and kept.
    #[default]
    Tell,
    /// The oldest weeks go to the next tier before their time. In the last tier it is reported.
    MoveOn,
    /// The oldest weeks are forgotten.
    Forget,
}

impl Policy {
    /// An hour hot, 90 days warm, 365 days cold, seven years in the backup, without limits, and without what
    /// people wrote.
    #[must_use]
    pub const fn new() -> Self {
        let none = Limit {
            entries: u64::MAX,
            bytes: u64::MAX,
        };
        Self {
            ages: [Some(HOT), Some(WARM), Some(COLD), Some(BACKUP)],
            limits: [none; 4],
            beyond: Beyond::Tell,
            message_content: None,
        }
    }

    /// Up to which age an entry is in this tier; `None` leaves the tier out. Warm cannot be left out: it is what
    /// makes an entry last. Default: as in [`new`](Self::new). Each has to be longer than that of a faster tier.
    #[must_use]
    pub fn keep(mut self, tier: Tier, age: impl Into<Option<Duration>>) -> Self {
        *self.age_mut(tier) = age.into();
        self
    }

    /// How many entries and bytes of the class this tier holds before [`beyond`](Self::beyond) says what happens.
    /// Hot keeps the youngest of that many entries, and counts no bytes. Default: no limit.
    #[must_use]
    pub fn limit(mut self, tier: Tier, entries: u64, bytes: u64) -> Self {
        let [hot, warm, cold, backup] = &mut self.limits;
        *match tier {
            Tier::Hot => hot,
            Tier::Warm => warm,
            Tier::Cold => cold,
            Tier::Backup => backup,
        } = Limit { entries, bytes };
        self
    }

    /// What happens with what exceeds a limit. Default: it is told.
    #[must_use]
    pub const fn beyond(mut self, beyond: Beyond) -> Self {
        self.beyond = beyond;
        self
    }

    /// Lets the class take entries that hold what people wrote on Discord, and says in each report why: Discord's
    /// terms and the law want a reason. Cold and backup are left out, unless [`keep`](Self::keep) is called after.
    #[must_use]
    pub fn with_message_content(mut self, reason: impl Into<String>) -> Self {
        self.message_content = Some(reason.into());
        self.keep(Tier::Cold, None).keep(Tier::Backup, None)
    }

    /// Up to which age an entry is in this tier, if it is ever.
    #[must_use]
    pub const fn age(&self, tier: Tier) -> Option<Duration> {
        let [hot, warm, cold, backup] = self.ages;
        match tier {
            Tier::Hot => hot,
            Tier::Warm => warm,
            Tier::Cold => cold,
            Tier::Backup => backup,
        }
    }

    const fn age_mut(&mut self, tier: Tier) -> &mut Option<Duration> {
        let [hot, warm, cold, backup] = &mut self.ages;
        match tier {
            Tier::Hot => hot,
            Tier::Warm => warm,
            Tier::Cold => cold,
            Tier::Backup => backup,
        }
    }

    pub(crate) const fn entries_max(&self, tier: Tier) -> u64 {
        self.limit_of(tier).entries
    }

    pub(crate) const fn bytes_max(&self, tier: Tier) -> u64 {
        self.limit_of(tier).bytes
    }

    const fn limit_of(&self, tier: Tier) -> Limit {
        let [hot, warm, cold, backup] = self.limits;
        match tier {
            Tier::Hot => hot,
            Tier::Warm => warm,
            Tier::Cold => cold,
            Tier::Backup => backup,
        }
    }

    /// Whether the class is ever in this tier.
    pub(crate) const fn has(&self, tier: Tier) -> bool {
        self.age(tier).is_some()
    }

    /// The age beyond which an entry is in no tier.
    pub(crate) fn last_ms(&self) -> u64 {
        let last = Tier::ALL.iter().rev().find_map(|tier| self.age(*tier));
        last.map_or(0, millis)
    }

    /// Whether an entry of this time is too old to be read.
    pub(crate) fn is_over(&self, now_ms: u64, at_ms: u64) -> bool {
        at_ms.saturating_add(self.last_ms()) <= now_ms
    }

    pub(crate) fn check(&self, class: &Class) -> Result<(), RetentionError> {
        let wrong = |what: String| Err(RetentionError::new(RetentionErrorKind::Policy, what));
        if !self.has(Tier::Warm) {
            return wrong(format!(
                "the class {class} leaves out the warm tier, which makes entries last: give it an age there"
            ));
        }
        let ages: Vec<_> = Tier::ALL
            .iter()
            .filter_map(|tier| Some((*tier, self.age(*tier)?)))
            .collect();
        for pair in ages.windows(2) {
            if let [(faster, short), (slower, long)] = pair
                && short >= long
            {
                return wrong(format!(
                    "the class {class} is kept {faster} for as long as {slower} or longer: ages rise from hot to backup"
                ));
            }
        }
        Ok(())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

const DAY: u64 = 86_400;

/// A report of last minute's raid and the pages that are open.
const HOT: Duration = Duration::from_secs(3_600);

/// As far back as people ask what happened.
const WARM: Duration = Duration::from_secs(90 * DAY);

/// A year, for statistics.
const COLD: Duration = Duration::from_secs(365 * DAY);

/// As long as many laws want books to be kept.
const BACKUP: Duration = Duration::from_secs(7 * 365 * DAY);
