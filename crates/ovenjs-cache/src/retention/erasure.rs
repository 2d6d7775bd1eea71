//! What a user had erased, and what became of it.

use ovenjs_types::{Id, marker::UserMarker};

use super::{Entry, EntryId, Tier};

/// A user's wish: no entry about them from before a moment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Erasure {
    /// Who.
    pub user: Id<UserMarker>,
    /// Entries that happened up to then: a minute after it was wished, as clocks differ that date entries.
    pub until_ms: u64,
    /// Whether all tiers were seen without them. It is remembered on, for archives that are restored.
    pub is_confirmed: bool,
}

impl Erasure {
    /// Whether the entry goes.
    #[must_use]
    pub fn covers(&self, entry: &Entry) -> bool {
        self.reaches(entry.id()) && entry.names(self.user)
    }

    /// Whether the entry goes if it is about the user.
    pub(crate) const fn reaches(&self, id: EntryId) -> bool {
        id.at_ms <= self.until_ms
    }

    /// Its name among the archives, which is all of it.
    pub(crate) fn name(&self) -> String {
        format!("{LEDGER}{}-{}", self.user, self.until_ms)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (user, until) = name.strip_prefix(LEDGER)?.split_once('-')?;
        Some(Self {
            user: Id::new_checked(user.parse().ok()?)?,
            until_ms: until.parse().ok()?,
            is_confirmed: false,
        })
    }
}

/// What an erasure found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasureReport {
    /// Who.
    pub user: Id<UserMarker>,
    /// Entries that happened up to then.
    pub until_ms: u64,
    /// Each tier that there is, the fastest first.
    pub tiers: Vec<ErasedIn>,
}

impl ErasureReport {
    /// Whether no tier has anything left. Where one has, the [mover](super::Retention::run) goes on.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tiers.iter().all(|tier| tier.left == Some(0))
    }
}

/// What an erasure did in one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasedIn {
    /// The tier.
    pub tier: Tier,
    /// How many entries were erased.
    pub erased: u64,
    /// How many weeks were written anew without them.
    pub rewritten: u64,
    /// How many were found when all was read again; `None` where it could not be.
    pub left: Option<u64>,
    /// What went wrong.
    pub failure: Option<String>,
}

/// Before the names of erasures among the archives: no class is called so.
pub(crate) const LEDGER: &str = "erasures./";
