//! One limit as Discord counts it.

use crate::clock::Nanos;

/// How arrivals are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    pub(crate) limit: u32,
    pub(crate) window: Nanos,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A window begins with the first arrival after the last one's end.
    Anchored,
    /// Windows lie on a grid that begins at this phase.
    Grid(Nanos),
    /// Each arrival takes a place; one place comes back each `window / limit`.
    Leaky,
}

/// A rule, and what has arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) rule: Rule,
    /// When the window ends, or when the leaky bucket is whole again.
    end: Nanos,
    /// Arrivals of this window; a leaky bucket needs only `end`.
    used: u32,
}

impl Rule {
    pub(crate) const fn anchored(limit: u32, window: Nanos) -> Self {
        let kind = Kind::Anchored;
        Self {
            kind,
            limit,
            window,
        }
    }

    pub(crate) const fn grid(limit: u32, window: Nanos, phase: Nanos) -> Self {
        let kind = Kind::Grid(phase);
        Self {
            kind,
            limit,
            window,
        }
    }

    pub(crate) const fn leaky(limit: u32, window: Nanos) -> Self {
        let kind = Kind::Leaky;
        Self {
            kind,
            limit,
            window,
        }
    }

    /// In which time a place comes back.
    const fn period(self) -> Nanos {
        self.window / self.limit as Nanos
    }
}

impl Count {
    pub(crate) const fn new(rule: Rule) -> Self {
        Self {
            rule,
            end: 0,
            used: 0,
        }
    }

    /// The first moment from `at` on at which one more may arrive.
    pub(crate) fn free_at(&self, at: Nanos) -> Nanos {
        match self.rule.kind {
            Kind::Anchored | Kind::Grid(_) if at >= self.end || self.used < self.rule.limit => at,
            Kind::Anchored | Kind::Grid(_) => self.end,
            Kind::Leaky => {
                let full = self.rule.period() * Nanos::from(self.rule.limit - 1);
                at.max(self.end.saturating_sub(full))
            }
        }
    }

    /// Counts an arrival that was free.
    pub(crate) fn arrive(&mut self, at: Nanos) {
        let window = self.rule.window;
        match self.rule.kind {
            Kind::Leaky => self.end = self.end.max(at) + self.rule.period(),
            Kind::Anchored if at >= self.end => (self.end, self.used) = (at + window, 1),
            Kind::Grid(phase) if at >= self.end => {
                // The phase is one window back, so that nothing is below zero.
                let since = (at + window - phase) % window;
                (self.end, self.used) = (at + window - since, 1);
            }
            Kind::Anchored | Kind::Grid(_) => self.used += 1,
        }
    }

    /// How many more may arrive at `at`, and when the limit is as if nothing had arrived.
    pub(crate) fn left(&self, at: Nanos) -> (u32, Nanos) {
        let end = self.end.max(at);
        let used = match self.rule.kind {
            Kind::Leaky => {
                u32::try_from((end - at).div_ceil(self.rule.period())).unwrap_or(u32::MAX)
            }
            Kind::Anchored | Kind::Grid(_) if at >= self.end => 0,
            Kind::Anchored | Kind::Grid(_) => self.used,
        };
        (self.rule.limit.saturating_sub(used), end)
    }

    /// Discord changes the limit; what has arrived stays counted.
    pub(crate) fn change(&mut self, at: Nanos, rule: Rule) {
        let (left, end) = self.left(at);
        let used = self.rule.limit - left;
        let same_shape = (self.rule.kind == Kind::Leaky) == (rule.kind == Kind::Leaky);
        self.rule = rule;
        self.used = used;
        self.end = match rule.kind {
            Kind::Leaky => at + rule.period() * Nanos::from(used),
            Kind::Anchored | Kind::Grid(_) if same_shape => end,
            Kind::Anchored | Kind::Grid(_) if used == 0 => at,
            Kind::Anchored | Kind::Grid(_) => at + rule.window,
        };
    }
}
