//! What a run is like: Discord's limits, the line between, and what the bot wants.

use crate::{
    clock::{Clocks, NEVER, Nanos},
    law::Law,
    server::Rule,
};

/// Everything but the requests.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) law: Law,
    pub(crate) clocks: Clocks,
    pub(crate) rounding: Rounding,
    pub(crate) routes: Vec<Route>,
    pub(crate) global: Option<Rule>,
    pub(crate) changes: Vec<Change>,
    pub(crate) faults: Faults,
    /// How many of one resource's requests the bot wants at a time: the next one enters when one is
    /// done. Without it all enter at their times.
    pub(crate) depth: Option<u32>,
    /// When the run ends, whatever is left.
    pub(crate) horizon: Nanos,
}

/// One method and path template.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) template: &'static str,
    /// The visible limit of each [`Request::variant`].
    pub(crate) rules: Vec<Rule>,
    /// A limit that no header shows, for those that are [`Request::named`].
    pub(crate) hidden: Option<Rule>,
    /// Others use the resource up, too.
    pub(crate) shared: Option<Shared>,
}

/// From `from` on, each `every`, others have used the resource up for `lasts`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared {
    pub(crate) from: Nanos,
    pub(crate) every: Nanos,
    pub(crate) lasts: Nanos,
}

/// From `at` on another rule holds for all variants of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) at: Nanos,
    pub(crate) route: usize,
    pub(crate) rule: Rule,
}

/// How many of a thousand requests meet it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// The request never arrives; the client learns after [`TIMEOUT`] that nothing is known.
    pub(crate) lost: u64,
    /// It arrives and counts, its answer does not.
    pub(crate) unanswered: u64,
    /// It is answered with 500, half of the time without a word about limits.
    pub(crate) broken: u64,
}

/// What Discord does with the fourth decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rounding {
    #[default]
    Nearest,
    Down,
    Up,
}

/// One thing the bot wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// When it wants it.
    pub(crate) at: Nanos,
    /// The place in [`World::routes`].
    pub(crate) route: u16,
    /// Which of the route's rules counts it: by the age of the message.
    pub(crate) variant: u8,
    /// The channel, guild or webhook, counted from 0 without gaps.
    pub(crate) major: u32,
    /// What tells its path from others of the route and major: a message.
    pub(crate) minor: u32,
    /// The body has a name or a topic.
    pub(crate) named: bool,
    pub(crate) rank: Rank,
    /// After so long it is of no use that it leaves.
    pub(crate) patience: Nanos,
    /// It only teaches: what is measured comes after it.
    pub(crate) warms: bool,
}

/// What happens first when not everything can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    Bulk,
    Normal,
    Interactive,
}

/// How long a client waits for an answer.
pub(crate) const TIMEOUT: Nanos = 5 * crate::clock::SECOND;

impl World {
    /// A quiet one without a global limit.
    pub(crate) fn new(law: Law, routes: Vec<Route>, horizon: Nanos) -> Self {
        Self {
            law,
            clocks: Clocks::default(),
            rounding: Rounding::default(),
            routes,
            global: None,
            changes: Vec::new(),
            faults: Faults::default(),
            depth: None,
            horizon,
        }
    }
}

impl Route {
    pub(crate) fn new(template: &'static str, rule: Rule) -> Self {
        Self {
            template,
            rules: vec![rule],
            hidden: None,
            shared: None,
        }
    }
}

impl Shared {
    /// Until when others hold the resource, where they do.
    pub(crate) const fn held_until(self, at: Nanos) -> Option<Nanos> {
        let Some(since) = at.checked_sub(self.from) else {
            return None;
        };
        let into = since % self.every;
        if into < self.lasts {
            Some(at - into + self.lasts)
        } else {
            None
        }
    }
}

impl Request {
    pub(crate) const fn new(at: Nanos, route: u16, major: u32) -> Self {
        Self {
            at,
            route,
            variant: 0,
            major,
            minor: 0,
            named: false,
            rank: Rank::Normal,
            patience: NEVER,
            warms: false,
        }
    }

    /// What is limited alike: route, variant, resource, and whether a hidden limit counts it.
    pub(crate) const fn lane(&self) -> (u16, u8, u32, bool) {
        (self.route, self.variant, self.major, self.named)
    }
}

impl Rounding {
    pub(crate) const fn millis(self, nanos: u64) -> u64 {
        const MS: u64 = crate::clock::MS;
        match self {
            Self::Nearest => (nanos + MS / 2) / MS,
            Self::Down => nanos / MS,
            Self::Up => nanos.div_ceil(MS),
        }
    }
}
