//! When a second of Discord's began, if seconds begin with requests.

use super::{ROUNDING, SECOND};
use crate::{bucket::NEVER, clock::Server};

/// When a request arrived at the latest, by Discord's clock; [`ROUNDING`] earlier at the earliest where it
/// was told, and nobody knows when where it was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) at: Server,
    pub(super) is_told: bool,
}

/// The second under way, if a second begins with the first request after the last one's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Second {
    /// `None` while nobody knows. After a pause of a second it is known again.
    pub(super) began: Option<Span>,
    /// The first of those that arrived when this second ended: it belongs to it, or begins the next.
    pub(super) at_end: Option<Server>,
    /// No arrival was later.
    pub(super) last: Server,
}

/// From when to when something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) earliest: Server,
    pub(super) latest: Server,
}

impl Second {
    pub(super) const UNKNOWN: Self = Self {
        began: None,
        at_end: None,
        last: NEVER,
    };

    pub(super) const fn beginning(at: Server) -> Self {
        let (earliest, latest) = (at, at);
        Self {
            began: Some(Span { earliest, latest }),
            at_end: None,
            last: at,
        }
    }

    /// After one arrival more. Two that were told are as far apart as told, but for [`ROUNDING`].
    pub(super) fn then(self, Arrival { at, is_told }: Arrival) -> Self {
        let last = self.last.max(at);
        if is_told && at >= self.last.saturating_add(SECOND + ROUNDING) {
            return Self::beginning(at);
        }
        let Some(began) = self.began.filter(|_| is_told) else {
            return Self {
                last,
                ..Self::UNKNOWN
            };
        };
        let is_after = at >= began.latest.saturating_add(SECOND + ROUNDING);
        match self.at_end {
            None if is_after => Self::beginning(at),
            // The next second began with the one of them or with the other.
            Some(earliest) if is_after && at < earliest.saturating_add(SECOND - ROUNDING) => {
                let latest = at;
                let began = Some(Span { earliest, latest });
                let at_end = None;
                Self {
                    began,
                    at_end,
                    last,
                }
            }
            Some(_) if is_after => Self {
                last,
                ..Self::UNKNOWN
            },
            None if at >= began.earliest.saturating_add(SECOND - ROUNDING) => Self {
                at_end: Some(at),
                last,
                ..self
            },
            Some(_) | None => Self { last, ..self },
        }
    }
}

impl Span {
    /// The same seconds, told once more: whole seconds lie between, to the nearest. `None` where they are
    /// not the same.
    pub(super) fn told(self, other: Self) -> Option<Self> {
        let since = other.earliest - self.earliest;
        let seconds = (since + SECOND / 2).div_euclid(SECOND) * SECOND;
        let earliest = other.earliest.max(self.earliest + seconds);
        let latest = other.latest.min(self.latest + seconds);
        (earliest <= latest).then_some(Self { earliest, latest })
    }
}
