//! One bucket of one resource: what may be sent because of what its answers told.

use crate::{
    Strategy,
    clock::{Clock, Local},
    facts::{Facts, Hints, Told},
    lease::Measure,
    stint::Stint,
};

/// What is known about the limits of one route on one resource.
///
/// The invariant: whatever this lets out, no window of Discord's holds more than its limit, however
/// long requests and answers travel, as long as none is faster than the clock supposes. A request
/// without an answer may count anywhere, so it counts everywhere: in the window under way and in the
/// next. [`Facts`] says how many may be so at a time.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// The limit that Discord named last.
    facts: Option<Facts>,
    /// Those under other names that were told here. The name may change with the message's age, and
    /// the next request may count in any of them.
    others: Vec<Facts>,
    /// Our own requests, where a part of the limit is left to others.
    own: Option<Box<Stint>>,
    /// Permits that are out: reserved or sent, not settled.
    out: u32,
    /// Sent requests of unknown fate. The first is forgotten a period and [`STRAGGLE`] after `lost_at`,
    /// each further one a period later: a leaky bucket may refill no faster. An answer to a request that
    /// was sent after `lost_heard` forgets them all: it has counted them.
    lost: u32,
    /// Dropped permits whose requests may be on the way; counted as lost at the next `now`.
    dropped: u32,
    lost_at: Local,
    lost_heard: Local,
    blocked_until: Local,
    /// The last answer that told limits.
    heard: Local,
    /// Answers come without limits.
    unlimited: bool,
    /// A 429 contradicted the headers: one request at a time until one passes.
    doubted: bool,
}

/// The moment that never was.
pub(crate) const NEVER: Local = i64::MIN;

/// Names remembered for one bucket. Discord has at most three for one route, by message age.
const NAMES_MAX: usize = 4;

/// How long a request of unknown fate can still be on its way to Discord.
pub(crate) const STRAGGLE: i64 = 2_000_000;

/// The window assumed for a request of unknown fate where none is known, and the longest that is worth waiting
/// for: numbers can be broken, and most of what seemed lost never arrived.
const PERIOD_UNSAID: i64 = 5_000_000;
const PERIOD_MAX: i64 = 60_000_000;

impl Bucket {
    /// A bucket of a route whose limits are known from other resources, or of an unknown one.
    pub(crate) fn new(hints: Option<&Hints>) -> Self {
        Self {
            facts: hints.map(Hints::facts),
            lost_at: NEVER,
            lost_heard: NEVER,
            blocked_until: NEVER,
            heard: NEVER,
            ..Self::default()
        }
    }

    /// Whether a request may start: else when to ask again, `None` for after an answer.
    /// `hints` is what the route's other resources told since.
    pub(crate) fn ready(
        &mut self,
        now: Local,
        clock: &Clock,
        hints: Option<&Hints>,
        strategy: Strategy,
    ) -> Result<(), Option<Local>> {
        let period = self.period(hints);
        self.stamp(now, period);
        if self.blocked_until > now {
            return Err(Some(self.blocked_until));
        }
        if self.out >= strategy.in_flight_max {
            return Err(None);
        }
        self.count_own(strategy);
        if self.facts.is_none() && !self.unlimited {
            // Another resource was told of the limit before this one.
            self.facts = hints.map(Hints::facts);
        }
        let Some(facts) = &self.facts else {
            return if self.out == 0 || self.unlimited && !self.doubted {
                Ok(())
            } else {
                Err(None)
            };
        };
        if self.doubted && self.out > 0 {
            return Err(None);
        }
        // Where another resource has heard of a lower limit since, this one's is probably lower too.
        let most = hints.map_or(u32::MAX, |hints| hints.most_since(self.heard));
        let share = strategy.share(facts.limit.min(most));
        let mut wait = None;
        let Self {
            own, facts, others, ..
        } = self;
        if let Some(own) = own
            && let Err(at) = own.room(now, clock, share, length(facts.iter().chain(others.iter())))
        {
            wait = Some(at.ok_or(None)?);
        }
        let most = most.min(share);
        for facts in self.names() {
            let Err(at) = facts.ready(now, clock, self.taken(), most) else {
                continue;
            };
            let at = at.or_else(|| (self.lost > 0).then(|| self.lost_until(period)));
            let Some(at) = at.filter(|at| *at > now) else {
                return Err(None);
            };
            wait = wait.max(Some(at));
        }
        wait.map_or(Ok(()), |at| Err(Some(at)))
    }

    /// Counts our own requests from now on, where a part of the limit is left to others: what an answer
    /// says is left says nothing of who has used the rest.
    fn count_own(&mut self, strategy: Strategy) {
        if strategy.limit_percent >= 100 {
            self.own = None;
        } else if self.own.is_none() {
            let mut own = Box::<Stint>::default();
            (0..self.out).for_each(|_| own.start());
            self.own = Some(own);
        }
    }

    /// When the request after `ahead` others could start at the earliest, if all were sent as soon
    /// as they may; `None` where nothing is known.
    pub(crate) fn predict(
        &self,
        now: Local,
        clock: &Clock,
        ahead: u64,
        strategy: Strategy,
    ) -> Option<Local> {
        let taken = u64::from(self.taken()).saturating_add(ahead);
        let start = self
            .names()
            .map(|facts| facts.predict(now, clock, taken, strategy.share(facts.limit)))
            .max()?;
        Some(start.max(self.blocked_until))
    }

    /// How much of the limit is in use, in thousandths; nought where none is known.
    pub(crate) fn pressure(&self, now: Local, clock: &Clock) -> u32 {
        self.names()
            .map(|facts| facts.pressure(now, clock, self.taken()))
            .max()
            .unwrap_or(0)
    }

    /// What is known of its limit, by all names it has.
    pub(crate) fn measure(&self) -> Measure {
        let facts = || self.facts.iter().chain(&self.others);
        Measure {
            limit: facts().map(|facts| facts.limit).min().unwrap_or(0),
            period: facts().map(Facts::period).max().unwrap_or(0),
            refill: facts().map(Facts::refill).max().unwrap_or(0),
            is_free: self.facts.is_none() && self.unlimited && !self.doubted,
        }
    }

    pub(crate) fn start(&mut self) {
        self.out = self.out.saturating_add(1);
        if let Some(own) = &mut self.own {
            own.start();
        }
    }

    /// A permit comes back unused.
    pub(crate) fn give_back(&mut self) {
        self.out = self.out.saturating_sub(1);
        if let Some(own) = &mut self.own {
            own.give_back();
        }
    }

    /// A permit was dropped after its request left.
    pub(crate) fn drop_sent(&mut self) {
        self.out = self.out.saturating_sub(1);
        if let Some(own) = &mut self.own {
            own.drop_sent();
        }
        self.dropped = self.dropped.saturating_add(1);
    }

    pub(crate) fn lose(&mut self, now: Local) {
        self.drop_sent();
        self.stamp(now, self.period(None));
    }

    /// An answer that counted, to a request sent at `sent`. Returns what other resources of the
    /// route can learn from it.
    pub(crate) fn count(
        &mut self,
        now: Local,
        sent: Local,
        clock: &Clock,
        told: Option<&Told>,
    ) -> Option<Hints> {
        self.doubted = false;
        self.learn(now, sent, clock, told)
    }

    /// A refusal that counted. One without limits proves nothing: it may be the edge's, not Discord's.
    pub(crate) fn refuse(
        &mut self,
        now: Local,
        sent: Local,
        clock: &Clock,
        told: Option<&Told>,
    ) -> Option<Hints> {
        self.doubted &= told.is_none();
        let unlimited = self.unlimited;
        let learned = self.learn(now, sent, clock, told);
        self.unlimited = unlimited;
        learned
    }

    /// A 429 of this bucket's own, which the headers beside it do not explain where `is_hidden`.
    pub(crate) fn limit(
        &mut self,
        now: Local,
        sent: Local,
        clock: &Clock,
        wait: i64,
        told: Option<&Told>,
        is_hidden: bool,
    ) -> Option<Hints> {
        self.doubted |= is_hidden;
        self.block(now.saturating_add(wait));
        if !is_hidden {
            for facts in self.facts.iter_mut().chain(&mut self.others) {
                facts.doubt();
            }
        }
        self.learn(now, sent, clock, told)
    }

    /// A 429 of a resource that others have used up. The numbers beside it are of our own bucket, which
    /// is not the one that is full.
    pub(crate) fn share(
        &mut self,
        now: Local,
        sent: Local,
        clock: &Clock,
        wait: i64,
        told: Option<&Told>,
    ) -> Option<Hints> {
        self.block(now.saturating_add(wait));
        if told.is_none() {
            self.give_back();
            return None;
        }
        self.learn(now, sent, clock, told)
    }

    /// Nothing leaves until then.
    pub(crate) fn block(&mut self, until: Local) {
        self.blocked_until = self.blocked_until.max(until);
    }

    /// Whether forgetting this bucket forgets nothing: no permits out, no window, no block.
    pub(crate) fn is_idle(&self, now: Local) -> bool {
        !self.is_held() && self.quiet_at() <= now
    }

    /// Whether permits are out.
    pub(crate) const fn is_held(&self) -> bool {
        self.out > 0
    }

    pub(crate) const fn out(&self) -> u32 {
        self.out
    }

    /// From when on everything known has passed.
    pub(crate) fn quiet_at(&self) -> Local {
        let end = self.names().map(Facts::end).max().unwrap_or(NEVER);
        let lost = if self.lost > 0 || self.dropped > 0 {
            let period = self.period(None);
            (self.lost_until(period)).max(end.saturating_add(STRAGGLE))
        } else {
            NEVER
        };
        end.max(self.blocked_until).max(lost)
    }

    /// What is known under each name, the one that was named last first.
    fn names(&self) -> impl Iterator<Item = &Facts> {
        self.facts.iter().chain(&self.others)
    }

    /// Requests that may count without an answer.
    const fn taken(&self) -> u32 {
        self.out.saturating_add(self.lost)
    }

    fn learn(
        &mut self,
        now: Local,
        sent: Local,
        clock: &Clock,
        told: Option<&Told>,
    ) -> Option<Hints> {
        let Some(told) = told else {
            if self.facts.is_none() {
                self.give_back();
                self.unlimited = true;
            } else {
                // It counted, but nothing tells where.
                self.lose(now);
            }
            return None;
        };
        self.out = self.out.saturating_sub(1);
        let Self {
            own, facts, others, ..
        } = self;
        if let Some(own) = own {
            let length = length(facts.iter().chain(others.iter()));
            own.answered(now, clock, told.answered(), length);
        }
        self.heard = now;
        if self.others.is_empty() && self.lost > 0 && sent > self.lost_heard {
            self.lost = 0;
            self.lost_at = NEVER;
        }
        if let Some(facts) = self.facts.as_mut().filter(|facts| facts.name.is_none()) {
            // What had no name before is what is named now.
            facts.name = told.name;
        }
        let is_main = self
            .facts
            .as_ref()
            .is_none_or(|facts| facts.name == told.name);
        if !is_main {
            let place = self.others.iter().position(|facts| facts.name == told.name);
            let known = place.map(|place| self.others.swap_remove(place));
            if let Some(former) = std::mem::replace(&mut self.facts, known) {
                if self.others.len() >= NAMES_MAX - 1 {
                    let oldest = (0..self.others.len())
                        .min_by_key(|place| self.others.get(*place).map(Facts::end));
                    self.others.swap_remove(oldest.unwrap_or(0));
                }
                self.others.push(former);
            }
        }
        let (facts, change) = match &mut self.facts {
            Some(facts) => {
                let before = facts.limit;
                facts.merge(now, clock, told);
                let is_changed = facts.limit != before;
                (facts, is_changed)
            }
            none => (none.insert(Facts::of(now, clock, told)), false),
        };
        Some(Hints::of(now, facts, change))
    }

    /// Gives dropped permits their time, and forgets lost requests whose windows have passed.
    fn stamp(&mut self, now: Local, period: i64) {
        if self.dropped > 0 {
            self.lost = self.lost.saturating_add(std::mem::take(&mut self.dropped));
            self.lost_heard = now.saturating_add(STRAGGLE);
            self.lost_at = self.lost_at.max(now);
        }
        if self.lost == 0 || self.lost_until(period) > now {
            return;
        }
        let gone = 1 + (now.saturating_sub(self.lost_until(period))) / period;
        self.lost = self
            .lost
            .saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX));
        self.lost_at = if self.lost > 0 {
            self.lost_at.saturating_add(gone.saturating_mul(period))
        } else {
            NEVER
        };
    }

    /// When the first of the lost requests is forgotten.
    const fn lost_until(&self, period: i64) -> Local {
        self.lost_at.saturating_add(period).saturating_add(STRAGGLE)
    }

    /// The longest window that anyone was told of: on a grid only who asks early in a window is told how long
    /// it is.
    fn period(&self, hints: Option<&Hints>) -> i64 {
        let told = self.names().map(Facts::period);
        let told = told.chain(hints.map(|hints| hints.period)).max();
        // A refusal of a limit in which nothing was counted tells of no time.
        let told = told.filter(|period| *period > 0);
        told.unwrap_or(PERIOD_UNSAID).min(PERIOD_MAX)
    }
}

/// A stretch in which our part of a limit may be used once, by what is known under each of its names.
fn length<'f>(names: impl Iterator<Item = &'f Facts>) -> i64 {
    let told = names.map(Facts::stretch).max();
    let told = told.filter(|length| *length > 0);
    told.unwrap_or(PERIOD_UNSAID).min(PERIOD_MAX)
}
