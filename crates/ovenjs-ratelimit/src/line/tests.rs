//! Stories about the line, and what holds in every schedule.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{share::bound, *};
use crate::{
    Config, Headers, Live, Major,
    limiter::tests::{post, start, told},
};

proptest! {
    #![proptest_config(ProptestConfig {
        // `PROPTEST_CASES=1000000 cargo nextest run -p ovenjs-ratelimit every_schedule` for more.
        cases: ProptestConfig::default().cases.max(2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// In every schedule: a class is served first come, first served; a head sees no more turns of
    /// others than the bound; nobody goes after its deadline; whoever joined goes, leaves or is
    /// refused; and no permit is left over.
    #[test]
    fn every_schedule_keeps_the_bound_and_ends(
        limit in 1_u32..6,
        window in 50_u64..2_000,
        steps in proptest::collection::vec(steps(), 1..120),
    ) {
        let mut run = Run::new(limit, ms(window));
        for step in steps {
            run.step(step)?;
        }
        run.finish()?;
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Join {
        channel: u64,
        class: usize,
        patience: u64,
    },
    /// The nth of those who wait leaves.
    Leave(usize),
    Pass(u64),
    /// The next that goes finds that it is obsolete.
    Obsolete,
}

fn steps() -> impl Strategy<Value = Step> {
    let patience = prop_oneof![3 => Just(1_000_000_u64), 1 => 0_u64..5_000];
    prop_oneof![
        6 => (0_u64..3, 0_usize..3, patience)
            .prop_map(|(channel, class, patience)| Step::Join { channel, class, patience }),
        1 => (0_usize..20).prop_map(Step::Leave),
        3 => (0_u64..1_500).prop_map(Step::Pass),
        1 => Just(Step::Obsolete),
    ]
}

struct Run {
    line: Line,
    now: Instant,
    limit: u32,
    window: Duration,
    /// By channel: the end of its window, and what is left.
    windows: BTreeMap<u64, (Instant, u32)>,
    /// Who waits: channel, class, deadline, and the turns of others in its lane since it is the head
    /// of its class there.
    waiting: Vec<(Ticket, u64, usize, Instant, u64)>,
    obsolete: u32,
}

const CLASS: [Priority; 3] = [Priority::Bulk, Priority::Normal, Priority::Interactive];

impl Run {
    fn new(limit: u32, window: Duration) -> Self {
        let live = Live::new().global_per_second(4).probe_global(false);
        Self {
            line: Line::new(Limiter::new(Config::new().live(live))),
            now: start(),
            limit,
            window,
            windows: BTreeMap::new(),
            waiting: Vec::new(),
            obsolete: 0,
        }
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Join {
                channel,
                class,
                patience,
            } => {
                let ask = post(channel).priority(CLASS[class]);
                let deadline = self.now + ms(patience);
                match self.line.join(self.now, &ask, deadline, 1_000) {
                    Ok(Entry::Go(permit)) => {
                        let others = self.waiting.iter().any(|waiting| waiting.1 == channel);
                        prop_assert!(!others, "somebody was overtaken");
                        self.answer(permit);
                    }
                    Ok(Entry::Wait(ticket)) => {
                        self.waiting.push((ticket, channel, class, deadline, 0));
                    }
                    Err(Refusal::WouldExceedDeadline { .. }) => prop_assert!(patience <= 5_000),
                    Err(refusal) => prop_assert!(false, "{refusal:?}"),
                }
            }
            Step::Leave(nth) => {
                if nth < self.waiting.len() {
                    let (ticket, ..) = self.waiting.remove(nth);
                    self.line.leave(self.now, ticket);
                    prop_assert!(self.line.why(self.now, ticket).is_none());
                }
            }
            Step::Pass(time) => self.now += ms(time),
            Step::Obsolete => self.obsolete += 1,
        }
        self.poll()
    }

    fn poll(&mut self) -> Result<(), TestCaseError> {
        while let Some(turn) = self.line.poll(self.now) {
            let ticket = match &turn {
                Turn::Go(ticket, _) | Turn::Refused(ticket, _) => *ticket,
            };
            let place = self.waiting.iter().position(|waiting| waiting.0 == ticket);
            let Some(place) = place else {
                return Err(TestCaseError::fail("a turn of nobody's"));
            };
            let (_, channel, class, deadline, turns) = self.waiting[place];
            match turn {
                Turn::Refused(..) => {
                    prop_assert!(deadline < self.now + ms(1_000_000));
                    self.waiting.remove(place);
                }
                Turn::Go(_, permit) => {
                    prop_assert!(self.now <= deadline, "out after its deadline");
                    let same = |waiting: &&(Ticket, u64, usize, Instant, u64)| {
                        (waiting.1, waiting.2) == (channel, class)
                    };
                    let first = self.waiting.iter().find(same).map(|waiting| waiting.0);
                    prop_assert_eq!(first, Some(ticket), "overtaken in its class");
                    prop_assert!(turns <= bound(class), "{turns} turns of others");
                    self.waiting.remove(place);
                    for other in 0..3 {
                        let head = self.waiting.iter_mut();
                        let mut head = head.filter(|w| (w.1, w.2) == (channel, other));
                        if let Some(head) = head.next().filter(|_| other != class) {
                            head.4 += 1;
                        }
                    }
                    if self.obsolete > 0 {
                        self.obsolete -= 1;
                        self.line.give_back(self.now, permit);
                    } else {
                        self.answer(permit);
                    }
                }
            }
        }
        let next = self.line.deadline();
        prop_assert!(
            next.is_none_or(|at| at > self.now),
            "told to poll in the past"
        );
        Ok(())
    }

    /// Answered at once.
    fn answer(&mut self, mut permit: Permit) {
        permit.sent(self.now);
        let channel = permit.ask().key.major;
        let channel = (0..3).find(|n| Major::of(*n) == channel).unwrap();
        let window = self.windows.entry(channel).or_insert((self.now, 0));
        if self.now >= window.0 {
            *window = (self.now + self.window, self.limit);
        }
        window.1 = window.1.checked_sub(1).expect("more than the limit");
        let wait = u64::try_from((window.0 - self.now).as_millis()).unwrap();
        let headers: Headers = told(self.limit, window.1, wait);
        self.line
            .settle(self.now, permit, Verdict::Counted(headers));
    }

    fn finish(mut self) -> Result<(), TestCaseError> {
        self.obsolete = 0;
        let mut rounds = 0;
        while !self.waiting.is_empty() {
            rounds += 1;
            prop_assert!(rounds < 10_000, "no end in sight");
            let next = self.line.deadline();
            prop_assert!(next.is_some(), "somebody waits for nothing");
            self.now = next.unwrap_or(self.now);
            self.poll()?;
        }
        let stats = self.line.stats();
        prop_assert_eq!((stats.waiting, stats.lanes), ([0; 3], 0));
        prop_assert_eq!(self.line.limiter().stats(self.now).permits, 0);
        prop_assert!(self.line.deadlines.len() <= STALE_MIN && self.line.parked.len() <= STALE_MIN);
        Ok(())
    }
}

#[test]
fn whoever_cannot_make_it_is_told_at_once_and_when_it_would_be() {
    let now = start();
    let mut line = learned(now, 2, 1_000);
    let soon = now + ms(2_500);
    let waits: Vec<_> = (0..9)
        .map(|_| line.join(now, &post(1), soon, 100))
        .collect();
    // One goes in this window, two in each of the next.
    let late = waits.iter().position(Result::is_err);
    assert_eq!(late, Some(5));
    let Some(Err(Refusal::WouldExceedDeadline { eta: Some(eta) })) = waits.get(5) else {
        panic!("{waits:?}")
    };
    assert!(
        (3_000..3_100).contains(&(*eta - now).as_millis()),
        "{:?}",
        *eta - now
    );
    assert_eq!(line.stats().late_at_once, 4);
}

#[test]
fn every_one_that_waits_can_be_told_why() {
    let now = start();
    let mut line = learned(now, 1, 1_000);
    let far = now + ms(60_000);
    let mut join = |ask: &Ask| match line.join(now, ask, far, 100) {
        Ok(Entry::Wait(ticket)) => ticket,
        other => panic!("{other:?}"),
    };
    let (first, second) = (join(&post(1)), join(&post(1)));
    assert!(line.poll(now).is_none());
    let why = line.why(now + ms(5), second).unwrap();
    assert_eq!((why.ahead, why.on), (1, Some(Obstacle::Bucket)));
    assert_eq!((why.until, why.waited), (Some(now + ms(1_001)), ms(5)));
    assert_eq!(line.deadline(), why.until);
    line.leave(now, first);
    let why = line.why(now, second).unwrap();
    assert_eq!((why.ahead, why.eta), (0, Some(now + ms(1_001))));
    let Some(Turn::Go(ticket, permit)) = line.poll(now + ms(1_001)) else {
        panic!()
    };
    assert_eq!(ticket, second);
    assert!(line.why(now, second).is_none());
    line.give_back(now, permit);
}

#[test]
fn one_busy_channel_does_not_starve_the_others() {
    let now = start();
    let live = Live::new().global_per_second(10).probe_global(false);
    let mut line = Line::new(Limiter::new(Config::new().live(live)));
    let far = now + ms(60_000);
    let mut settled = 0;
    for channel in 0..10 {
        let Ok(Entry::Go(permit)) = line.join(now, &post(channel), far, 1_000) else {
            panic!()
        };
        line.settle(now, permit, Verdict::Counted(told(500, 499, 500)));
        settled += 1;
    }
    assert_eq!(settled, 10);
    for _ in 0..200 {
        assert!(matches!(
            line.join(now, &post(0), far, 1_000),
            Ok(Entry::Wait(_))
        ));
    }
    let Ok(Entry::Wait(other)) = line.join(now, &post(5), far, 1_000) else {
        panic!()
    };
    let mut permits = Vec::new();
    let now = now + ms(1_100);
    let mut before = None;
    while let Some(turn) = line.poll(now) {
        let Turn::Go(ticket, permit) = turn else {
            panic!()
        };
        if ticket == other {
            before = Some(permits.len());
        }
        permits.push(permit);
    }
    assert_eq!(permits.len(), 10);
    assert!(before.is_some_and(|before| before <= 1), "{before:?}");
}

#[test]
fn a_crowd_that_comes_and_goes_leaves_nothing_behind() {
    let now = start();
    let mut line = learned(now, 1, 60_000);
    let far = now + ms(600_000);
    for round in 0..20_000_u64 {
        let ask = post(1 + round % 7).priority(CLASS[usize::try_from(round % 3).unwrap()]);
        match line.join(now, &ask, far, 100) {
            Ok(Entry::Wait(ticket)) => line.leave(now, ticket),
            Ok(Entry::Go(permit)) => {
                line.settle(now, permit, Verdict::Counted(told(1, 0, 60_000)));
            }
            Err(refusal) => panic!("{refusal:?}"),
        }
        while line.poll(now).is_some() {}
    }
    assert_eq!((line.stats().waiting, line.stats().lanes), ([0; 3], 0));
    assert!(line.deadlines.len() <= STALE_MIN && line.parked.len() <= STALE_MIN);
    assert_eq!((line.by_route.len(), line.keyed.len()), (0, 0));
}

#[test]
fn a_full_lane_and_a_stopped_token_are_told() {
    let now = start();
    let mut line = learned(now, 1, 60_000);
    let far = now + ms(600_000);
    for _ in 0..3 {
        assert!(matches!(
            line.join(now, &post(1), far, 3),
            Ok(Entry::Wait(_))
        ));
    }
    assert_eq!(line.join(now, &post(1), far, 3).err(), Some(Refusal::Full));
    assert!(line.poll(now).is_none());
    let Ok(Entry::Go(permit)) = line.join(now, &post(2), far, 3) else {
        panic!()
    };
    line.settle(now, permit, Verdict::Unauthorized);
    let stopped = Some(Refusal::Stopped(Stop::Unauthorized));
    assert_eq!(line.join(now, &post(3), far, 3).err(), stopped);
    // Those who wait are told when their turn comes.
    let later = now + ms(60_001);
    let turns: Vec<_> = std::iter::from_fn(|| line.poll(later)).collect();
    assert_eq!(turns.len(), 3);
    assert!(
        turns
            .iter()
            .all(|turn| matches!(turn, Turn::Refused(_, refusal) if Some(*refusal) == stopped))
    );
}

/// A line whose limiter has learned this limit, of which one place of channel 1 is taken.
fn learned(now: Instant, limit: u32, window: u64) -> Line {
    let mut line = Line::new(Limiter::new(Config::new()));
    let Ok(Entry::Go(permit)) = line.join(now, &post(1), now + ms(1_000), 100) else {
        panic!()
    };
    let headers = told(limit, limit - 1, window);
    line.settle(now, permit, Verdict::Counted(headers));
    line
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
