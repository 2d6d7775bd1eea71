//! Which connection a request goes over: a rule, with the time as an argument. It opens and closes
//! nothing; it says what to open, and gives out what was brought back.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use ovenjs_ratelimit::Priority;

use crate::Connections;

/// What can be lent.
pub(crate) trait Share: Sized {
    /// Another hand on the same line, where it takes many requests at once.
    fn share(&self) -> Option<Self>;
}

/// The connections to one place. `L` is a line, `W` is whoever waits.
#[derive(Debug)]
pub(crate) struct Pool<L, W> {
    rules: Connections,
    /// Unused lines, the last used at the end: it is the likeliest to live.
    idle: Vec<Idle<L>>,
    shared: Vec<Shared<L>>,
    opening: usize,
    busy: usize,
    waiting: [VecDeque<(u64, W)>; 3],
    numbers: u64,
    /// Whether it is known what one connection is worth. Until then only one is opened: if it takes
    /// many requests at once, no other is needed.
    is_known: bool,
    /// When to look again for what is unused or old.
    sweep: Option<Instant>,
}

#[derive(Debug)]
struct Idle<L> {
    line: L,
    born: Instant,
    since: Instant,
}

#[derive(Debug)]
struct Shared<L> {
    line: L,
    number: u64,
    used: usize,
    born: Instant,
    since: Instant,
}

/// A line with what the pool wants to know when it comes back.
#[derive(Debug)]
pub(crate) struct Lent<L> {
    pub(crate) line: L,
    born: Instant,
    /// The number of the shared line of which it is a clone.
    shared: Option<u64>,
}

impl<L> Lent<L> {
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }
}

/// What is given to whoever asks.
#[derive(Debug)]
pub(crate) enum Grant<L> {
    Line(Lent<L>),
    /// Open one, and say what came of it.
    Open,
}

/// The answer to a request for a line.
#[derive(Debug)]
pub(crate) enum Asked<L> {
    Granted(Grant<L>),
    /// Wait under this number.
    Wait(u64),
    /// Too many wait.
    Full,
}

/// How many connections there are, and who waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) idle: usize,
    pub(crate) busy: usize,
    pub(crate) opening: usize,
    pub(crate) waiting: usize,
}

impl<L: Share, W> Pool<L, W> {
    pub(crate) fn new(rules: Connections) -> Self {
        Self {
            rules,
            idle: Vec::new(),
            shared: Vec::new(),
            opening: 0,
            busy: 0,
            waiting: Default::default(),
            numbers: 0,
            is_known: false,
            sweep: None,
        }
    }

    /// Asks for a line. `waiter` is made only where there is none.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        priority: Priority,
        waiter: impl FnOnce() -> W,
    ) -> Asked<L> {
        if let Some(grant) = self.grant(now) {
            return Asked::Granted(grant);
        }
        if self.waiters() >= WAITERS_MAX {
            return Asked::Full;
        }
        self.numbers += 1;
        let number = self.numbers;
        self.queue(priority).push_back((number, waiter()));
        Asked::Wait(number)
    }

    /// Somebody waits no longer.
    pub(crate) fn leave(&mut self, number: u64) {
        for queue in &mut self.waiting {
            if let Some(place) = queue.iter().position(|(waiter, _)| *waiter == number) {
                queue.remove(place);
                return;
            }
        }
    }

    /// A line was opened; it is lent to whoever opened it.
    pub(crate) fn opened(&mut self, now: Instant, line: L) -> Lent<L> {
        self.opening = self.opening.saturating_sub(1);
        self.is_known = true;
        let shared = line.share().map(|line| {
            self.numbers += 1;
            let number = self.numbers;
            self.shared.push(Shared {
                line,
                number,
                used: 1,
                born: now,
                since: now,
            });
            number
        });
        self.busy += usize::from(shared.is_none());
        Lent {
            line,
            born: now,
            shared,
        }
    }

    /// None came about.
    pub(crate) fn not_opened(&mut self) {
        self.opening = self.opening.saturating_sub(1);
        // Whoever waits need not wait for one failure after another.
        self.is_known = true;
    }

    /// A line comes back, fit for another request or not. Where it is not, it is handed back to be
    /// dropped by whoever has no lock.
    pub(crate) fn back(&mut self, now: Instant, lent: Lent<L>, is_fit: bool) -> Option<L> {
        let is_fit = is_fit && now.saturating_duration_since(lent.born) < self.rules.life;
        let Some(number) = lent.shared else {
            self.busy = self.busy.saturating_sub(1);
            if !is_fit {
                return Some(lent.line);
            }
            self.idle.push(Idle {
                line: lent.line,
                born: lent.born,
                since: now,
            });
            return None;
        };
        if let Some(place) = self.shared.iter().position(|one| one.number == number) {
            if !is_fit {
                return Some(self.shared.swap_remove(place).line);
            }
            if let Some(shared) = self.shared.get_mut(place) {
                shared.used = shared.used.saturating_sub(1);
                shared.since = now;
            }
        }
        Some(lent.line)
    }

    /// The next who waits, and what there is for them; to be asked until it says nothing.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(W, Grant<L>)> {
        if self.waiting.iter().all(VecDeque::is_empty) {
            return None;
        }
        let grant = self.grant(now)?;
        let (_, waiter) = self
            .waiting
            .iter_mut()
            .rev()
            .find_map(VecDeque::pop_front)?;
        Some((waiter, grant))
    }

    /// Takes out what was unused or open for too long.
    pub(crate) fn expired(&mut self, now: Instant) -> Vec<L> {
        let mut over = Vec::new();
        if self.sweep.is_some_and(|sweep| now < sweep) {
            return over;
        }
        self.sweep = Some(now + SWEEP);
        let Connections {
            idle, life, warm, ..
        } = self.rules;
        let mut spare = (self.idle.len() + self.shared.len()).saturating_sub(warm);
        let mut is_over = |born: Instant, since: Instant| {
            let is_old = now.saturating_duration_since(born) >= life;
            let is_spare = spare > 0 && now.saturating_duration_since(since) >= idle;
            spare -= usize::from(is_spare);
            is_old || is_spare
        };
        // The longest unused are at the front.
        for one in std::mem::take(&mut self.idle) {
            if is_over(one.born, one.since) {
                over.push(one.line);
            } else {
                self.idle.push(one);
            }
        }
        for one in std::mem::take(&mut self.shared) {
            // What is in use ends with its last user, who holds a clone.
            let is_old = now.saturating_duration_since(one.born) >= life;
            if is_old || (one.used == 0 && is_over(one.born, one.since)) {
                over.push(one.line);
            } else {
                self.shared.push(one);
            }
        }
        over
    }

    /// Whether one more is to be opened to have the warm minimum. It counts as being opened.
    pub(crate) fn is_cold(&mut self) -> bool {
        // One shared line is as warm as many.
        let is_warm = !self.shared.is_empty() || self.total() >= self.rules.warm;
        let may_open = self.is_known || self.opening == 0;
        let is_cold = !is_warm && may_open && self.total() < self.rules.most;
        self.opening += usize::from(is_cold);
        is_cold
    }

    pub(crate) fn census(&self) -> Census {
        let used = |one: &&Shared<L>| one.used > 0;
        let shared = self.shared.iter().filter(used).count();
        Census {
            idle: self.idle.len() + self.shared.len() - shared,
            busy: self.busy + shared,
            opening: self.opening,
            waiting: self.waiters(),
        }
    }

    fn grant(&mut self, now: Instant) -> Option<Grant<L>> {
        let streams = self.rules.streams.max(1);
        let shared = self.shared.iter_mut().find(|one| one.used < streams);
        if let Some((shared, line)) = shared.and_then(|one| Some((one.line.share()?, one))) {
            line.used += 1;
            line.since = now;
            return Some(Grant::Line(Lent {
                line: shared,
                born: line.born,
                shared: Some(line.number),
            }));
        }
        if let Some(Idle { line, born, .. }) = self.idle.pop() {
            self.busy += 1;
            return Some(Grant::Line(Lent {
                line,
                born,
                shared: None,
            }));
        }
        let may_open = self.is_known || self.opening == 0;
        if may_open && self.total() < self.rules.most.max(1) {
            self.opening += 1;
            return Some(Grant::Open);
        }
        None
    }

    fn total(&self) -> usize {
        self.idle.len() + self.shared.len() + self.opening + self.busy
    }

    fn waiters(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    fn queue(&mut self, priority: Priority) -> &mut VecDeque<(u64, W)> {
        let [bulk, normal, interactive] = &mut self.waiting;
        match priority {
            Priority::Bulk => bulk,
            Priority::Normal => normal,
            Priority::Interactive => interactive,
        }
    }
}

/// The most requests that wait for a connection. They have their permits already, so more than the
/// limits let out at once mean that the network stands still.
const WAITERS_MAX: usize = 10_000;

/// How often the pool looks for what is unused or old, at most.
const SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// From this number on lines take many requests.
    const MANY: u32 = 100;

    impl Share for u32 {
        fn share(&self) -> Option<Self> {
            (*self >= MANY).then_some(*self)
        }
    }

    /// A pool whose lines are numbers and whose waiters are names.
    struct Story {
        pool: Pool<u32, &'static str>,
        now: Instant,
        lines: u32,
    }

    impl Story {
        #[expect(
            clippy::disallowed_methods,
            reason = "a beginning for the virtual clock"
        )]
        fn begin(rules: Connections) -> Self {
            Self {
                pool: Pool::new(rules),
                now: Instant::now(),
                lines: 0,
            }
        }

        fn ask(&mut self, priority: Priority, name: &'static str) -> Asked<u32> {
            self.pool.ask(self.now, priority, || name)
        }

        /// Asks, opens where it is told to, and has a line in the end.
        fn line(&mut self) -> Lent<u32> {
            match self.ask(Priority::Normal, "nobody") {
                Asked::Granted(Grant::Line(lent)) => lent,
                Asked::Granted(Grant::Open) => self.opens(),
                other => panic!("{other:?}"),
            }
        }

        fn opens(&mut self) -> Lent<u32> {
            self.lines += 1;
            self.pool.opened(self.now, self.lines)
        }

        fn back(&mut self, lent: Lent<u32>) {
            assert_eq!(self.pool.back(self.now, lent, true), None);
        }

        /// Who is served now, and with which line; 0 is one to be opened.
        fn served(&mut self) -> Vec<(&'static str, u32)> {
            let mut served = Vec::new();
            while let Some((name, grant)) = self.pool.next(self.now) {
                served.push((
                    name,
                    match grant {
                        Grant::Line(lent) => lent.line,
                        Grant::Open => 0,
                    },
                ));
            }
            served
        }

        fn census(&self) -> [usize; 4] {
            let Census {
                idle,
                busy,
                opening,
                waiting,
            } = self.pool.census();
            [idle, busy, opening, waiting]
        }
    }

    fn rules(most: usize) -> Connections {
        Connections::new().most(most)
    }

    #[test]
    fn the_last_used_line_is_used_again() {
        let mut story = Story::begin(rules(4));
        let (one, two) = (story.line(), story.line());
        assert_eq!((one.line, two.line, story.census()), (1, 2, [0, 2, 0, 0]));
        story.back(two);
        story.back(one);
        assert_eq!((story.line().line, story.census()), (1, [1, 1, 0, 0]));
    }

    #[test]
    fn whoever_waits_is_served_by_priority_and_in_order() {
        let mut story = Story::begin(rules(1));
        let line = story.line();
        for (priority, name) in [
            (Priority::Bulk, "bulk"),
            (Priority::Normal, "first"),
            (Priority::Normal, "second"),
            (Priority::Interactive, "urgent"),
        ] {
            assert!(
                matches!(story.ask(priority, name), Asked::Wait(_)),
                "{name}"
            );
        }
        assert_eq!(story.served(), []);
        let mut order = Vec::new();
        story.back(line);
        while let [(name, line)] = story.served()[..] {
            order.push(name);
            let lent = Lent {
                line,
                born: story.now,
                shared: None,
            };
            story.back(lent);
        }
        assert_eq!(order, ["urgent", "first", "second", "bulk"]);
        assert_eq!(story.census(), [1, 0, 0, 0]);
    }

    #[test]
    fn whoever_left_is_not_served() {
        let mut story = Story::begin(rules(1));
        let line = story.line();
        let Asked::Wait(number) = story.ask(Priority::Normal, "gone") else {
            panic!()
        };
        assert!(matches!(
            story.ask(Priority::Normal, "there"),
            Asked::Wait(_)
        ));
        story.pool.leave(number);
        story.back(line);
        assert_eq!(story.served(), [("there", 1)]);
    }

    #[test]
    fn a_broken_line_makes_room_for_a_new_one() {
        let mut story = Story::begin(rules(1));
        let line = story.line();
        assert!(matches!(
            story.ask(Priority::Normal, "waits"),
            Asked::Wait(_)
        ));
        assert_eq!(story.pool.back(story.now, line, false), Some(1));
        assert_eq!(story.served(), [("waits", 0)]);
        story.pool.not_opened();
        assert_eq!(story.census(), [0, 0, 0, 0]);
    }

    #[test]
    fn the_first_connection_is_awaited_and_may_do_for_all() {
        let mut story = Story::begin(rules(8).streams(3));
        assert!(matches!(
            story.ask(Priority::Normal, "a"),
            Asked::Granted(Grant::Open)
        ));
        for name in ["b", "c", "d"] {
            assert!(matches!(story.ask(Priority::Normal, name), Asked::Wait(_)));
        }
        let lent = story.pool.opened(story.now, MANY);
        assert!(lent.is_shared());
        // Two more find room on it; the third is worth a connection.
        assert_eq!(story.served(), [("b", MANY), ("c", MANY), ("d", 0)]);
        assert_eq!(story.census(), [0, 1, 1, 0]);
        // Broken for one is broken for all: nobody is given it again.
        assert_eq!(story.pool.back(story.now, lent, false), Some(MANY));
        story.pool.not_opened();
        assert!(matches!(
            story.ask(Priority::Normal, "e"),
            Asked::Granted(Grant::Open)
        ));
    }

    #[test]
    fn where_one_connection_is_one_request_the_others_open_theirs() {
        let mut story = Story::begin(rules(3));
        assert!(matches!(
            story.ask(Priority::Normal, "a"),
            Asked::Granted(Grant::Open)
        ));
        for name in ["b", "c", "d"] {
            assert!(matches!(story.ask(Priority::Normal, name), Asked::Wait(_)));
        }
        let lent = story.opens();
        assert_eq!(story.served(), [("b", 0), ("c", 0)]);
        story.back(lent);
        assert_eq!(story.served(), [("d", 1)]);
        // So they do when the first failed.
        let mut story = Story::begin(rules(3));
        assert!(matches!(
            story.ask(Priority::Normal, "a"),
            Asked::Granted(Grant::Open)
        ));
        for name in ["b", "c"] {
            assert!(matches!(story.ask(Priority::Normal, name), Asked::Wait(_)));
        }
        story.pool.not_opened();
        assert_eq!(story.served(), [("b", 0), ("c", 0)]);
    }

    #[test]
    fn lines_end_by_age_and_by_disuse_but_some_stay_warm() {
        let rules = rules(8)
            .warm(1)
            .idle(Duration::from_secs(60))
            .life(Duration::from_secs(300));
        let mut story = Story::begin(rules);
        let lines = [(); 3].map(|()| story.line());
        lines.into_iter().for_each(|line| story.back(line));
        story.now += Duration::from_secs(60);
        let used = story.line();
        story.back(used);
        assert_eq!(story.pool.expired(story.now), [1, 2]);
        story.now += Duration::from_secs(100);
        assert!(story.pool.expired(story.now).is_empty());
        // Old age ends the warm one too, idle or when it comes back.
        story.now += Duration::from_secs(140);
        let old = story.line();
        assert_eq!(story.pool.back(story.now, old, true), Some(3));
        assert!(story.pool.is_cold());
        assert_eq!(story.census(), [0, 0, 1, 0]);
        assert!(!story.pool.is_cold());
    }

    #[test]
    fn a_shared_line_ends_when_nobody_uses_it() {
        let mut story = Story::begin(rules(2));
        assert!(matches!(
            story.ask(Priority::Normal, "a"),
            Asked::Granted(Grant::Open)
        ));
        let lent = story.pool.opened(story.now, MANY);
        story.now += Duration::from_secs(61);
        assert!(story.pool.expired(story.now).is_empty());
        assert_eq!(story.pool.back(story.now, lent, true), Some(MANY));
        story.now += Duration::from_secs(61);
        assert_eq!(story.pool.expired(story.now), [MANY]);
        assert_eq!(story.census(), [0, 0, 0, 0]);
    }

    #[test]
    fn too_many_do_not_wait() {
        let mut story = Story::begin(rules(1));
        let _line = story.line();
        for _ in 0..WAITERS_MAX {
            assert!(matches!(
                story.ask(Priority::Normal, "waits"),
                Asked::Wait(_)
            ));
        }
        assert!(matches!(story.ask(Priority::Normal, "late"), Asked::Full));
    }
}
