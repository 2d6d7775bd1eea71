//! A naive Discord that counts arrivals, and a client that does whatever the limiter lets it do.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use proptest::{prelude::*, strategy::Strategy};

use super::{
    Limiter, Permit, Reservation, Stats,
    tests::{self, start},
};
use crate::{Config, Headers, Live, Verdict};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// However long requests and answers travel, however they overtake each other, whatever is
    /// dropped or lost, whatever the server's clock shows: no window of the server's holds more than its limit, everything gets
    /// through in the end, and no permit is left over. The route's limit is known from another
    /// channel: where nothing is known, a request that is lost teaches nothing either.
    #[test]
    fn no_window_ever_holds_more_than_its_limit(
        rule in rules(),
        limit in 1_u32..7,
        window in 100_u64..3_000,
        global_limit in 2_u32..12,
        phase in 0_u64..1_000,
        skew in -86_400_000_i64..86_400_000,
        drift in -200_i64..200,
        told in tellings(),
        requests in proptest::collection::vec(requests(), 1..60),
    ) {
        let server = Server {
            rule,
            limit,
            window: ms(window),
            global_limit,
            phase: ms(phase),
            began: ms(1_700_000_000_000_u64.saturating_add_signed(skew)),
            drift,
            told,
            answers: 0,
            buckets: BTreeMap::new(),
            global: BTreeMap::new(),
        };
        let done = Run::new(server, requests).finish();
        prop_assert!(done.faults.is_empty(), "{:?}", done.faults);
        prop_assert_eq!(done.left, 0);
        prop_assert_eq!(done.stats.permits, 0);
        prop_assert_eq!(done.stats.global_in_flight, 0);
    }
}

/// How the server counts.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// A window begins with the first request after the last one.
    Anchored,
    /// Windows lie on a grid.
    Grid,
    /// One place comes back each `window / limit`.
    Leaky,
}

/// What the server tells of its windows' ends.
#[derive(Clone, Copy, Debug)]
enum Telling {
    /// Only how long it is to them.
    After,
    /// Also when they are, by its clock.
    Both,
    /// When they are is wrong in one answer of some, by more than the ways can hide.
    Wrong { by: u64, each: u64 },
    /// Its clock jumps after some answers, by more than the ways can hide.
    Jumps { by: i64, after: u64 },
}

#[derive(Clone, Debug)]
struct Request {
    channel: u64,
    /// Waits so long before it asks.
    pause: Duration,
    up: Duration,
    down: Duration,
    fate: Fate,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    /// The permit is dropped before anything leaves.
    Withdrawn,
    /// The permit is dropped after so much of the way up; the request arrives all the same.
    Abandoned,
    /// The request arrives, its answer does not.
    Unanswered,
    /// The connection fails; nothing arrives.
    Unsent,
}

fn rules() -> impl Strategy<Value = Rule> {
    prop_oneof![Just(Rule::Anchored), Just(Rule::Grid), Just(Rule::Leaky)]
}

fn tellings() -> impl Strategy<Value = Telling> {
    prop_oneof![
        1 => Just(Telling::After),
        3 => Just(Telling::Both),
        1 => (2_000_u64..100_000, 1_u64..8).prop_map(|(by, each)| Telling::Wrong { by, each }),
        1 => (2_000_i64..100_000, any::<bool>(), 1_u64..40).prop_map(|(by, back, after)| {
            Telling::Jumps { by: if back { -by } else { by }, after }
        }),
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    let fate = prop_oneof![
        8 => Just(Fate::Answered),
        1 => Just(Fate::Withdrawn),
        1 => Just(Fate::Abandoned),
        1 => Just(Fate::Unanswered),
        1 => Just(Fate::Unsent),
    ];
    let pause = prop_oneof![4 => Just(0_u64), 1 => 0_u64..2_000];
    (0_u64..3, pause, 0_u64..400, 0_u64..400, fate).prop_map(|(channel, pause, up, down, fate)| {
        Request {
            channel,
            pause: ms(pause),
            up: ms(up),
            down: ms(down),
            fate,
        }
    })
}

struct Server {
    rule: Rule,
    limit: u32,
    window: Duration,
    global_limit: u32,
    phase: Duration,
    /// What its clock shows at our beginning.
    began: Duration,
    /// How much faster than ours it runs, in millionths.
    drift: i64,
    told: Telling,
    answers: u64,
    /// By channel: when the window ends (or the leaky bucket is full), and what is used.
    buckets: BTreeMap<u64, (Duration, u32)>,
    /// Arrivals by second of its own phase.
    global: BTreeMap<u128, u32>,
}

impl Server {
    /// Counts an arrival. An answer that is a 429 is a fault of the limiter.
    fn arrive(&mut self, at: Duration, channel: u64) -> Result<Headers, String> {
        let second = (at + self.phase).as_millis() / 1_000;
        let in_second = self.global.entry(second).or_default();
        *in_second += 1;
        if *in_second > self.global_limit {
            return Err(format!("{in_second} in second {second} at {at:?}"));
        }
        let (end, used) = self.buckets.entry(channel).or_insert((Duration::ZERO, 0));
        let remaining = match self.rule {
            Rule::Anchored | Rule::Grid => {
                if at >= *end {
                    *used = 0;
                    *end = match self.rule {
                        Rule::Grid => {
                            let window = self.window.as_millis();
                            let next = (at.as_millis() / window + 1) * window;
                            ms(u64::try_from(next).unwrap())
                        }
                        Rule::Anchored | Rule::Leaky => at + self.window,
                    };
                }
                *used += 1;
                self.limit.checked_sub(*used)
            }
            Rule::Leaky => {
                let period = self.window / self.limit;
                *end = (*end).max(at) + period;
                let missing = (*end - at).as_nanos().div_ceil(period.as_nanos());
                self.limit.checked_sub(u32::try_from(missing).unwrap())
            }
        };
        let Some(remaining) = remaining else {
            return Err(format!("channel {channel} over its limit at {at:?}"));
        };
        let reset_after = (*end - at).as_millis();
        self.answers += 1;
        let run = i64::try_from(end.as_micros()).unwrap();
        let run = run + run * self.drift / 1_000_000;
        let shown = self.began + Duration::from_micros(u64::try_from(run).unwrap());
        let shown = ms(u64::try_from(shown.as_millis()).unwrap());
        let reset = match self.told {
            Telling::After => None,
            Telling::Both => Some(shown),
            Telling::Wrong { by, each } if self.answers.is_multiple_of(each) => {
                Some(shown + ms(by))
            }
            Telling::Jumps { by, after } if self.answers > after => {
                let shown = u64::try_from(shown.as_millis()).unwrap();
                Some(ms(shown.saturating_add_signed(by)))
            }
            Telling::Wrong { .. } | Telling::Jumps { .. } => Some(shown),
        };
        Ok(Headers {
            limit: Some(self.limit),
            remaining: Some(remaining),
            reset,
            reset_after: Some(ms(u64::try_from(reset_after).unwrap())),
            ..Headers::default()
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrives(usize),
    Ends(usize),
    Wakes,
}

struct Run {
    began: Instant,
    server: Server,
    limiter: Limiter,
    requests: Vec<Request>,
    permits: Vec<Option<Permit>>,
    answers: Vec<Option<Headers>>,
    /// When requests were answered, and how long their ways up were.
    ways: Vec<(Duration, Duration)>,
    waiting: Vec<usize>,
    agenda: BTreeSet<(Duration, Happening)>,
    faults: Vec<String>,
}

struct Done {
    faults: Vec<String>,
    left: usize,
    stats: Stats,
}

impl Run {
    fn new(server: Server, requests: Vec<Request>) -> Self {
        let live = Live::new().global_per_second(server.global_limit);
        let mut requests = requests;
        let teacher = Request {
            channel: 99,
            pause: Duration::ZERO,
            fate: Fate::Answered,
            ..requests[0].clone()
        };
        requests.insert(0, teacher);
        let mut agenda = BTreeSet::new();
        agenda.insert((Duration::ZERO, Happening::Wakes));
        let taught = requests[0].up + requests[0].down + ms(3);
        for request in requests.iter_mut().skip(1) {
            // The teacher is through before.
            request.pause += taught + ms(1);
            agenda.insert((request.pause, Happening::Wakes));
        }
        Self {
            began: start(),
            server,
            limiter: Limiter::new(Config::new().live(live)),
            permits: requests.iter().map(|_| None).collect(),
            answers: requests.iter().map(|_| None).collect(),
            ways: Vec::new(),
            waiting: (0..requests.len()).collect(),
            requests,
            agenda,
            faults: Vec::new(),
        }
    }

    fn finish(mut self) -> Done {
        let mut last = Duration::ZERO;
        let mut steps = 0;
        while let Some((at, happening)) = self.agenda.pop_first() {
            last = at;
            steps += 1;
            assert!(steps < 100_000, "no end in sight at {at:?}");
            match happening {
                Happening::Wakes => {}
                Happening::Arrives(index) => {
                    match self.server.arrive(at, self.requests[index].channel) {
                        Ok(headers) => self.answers[index] = Some(headers),
                        Err(fault) => self.faults.push(fault),
                    }
                }
                Happening::Ends(index) => self.end(at, index),
            }
            self.ask(at);
        }
        let stats = self.limiter.stats(self.began + last);
        Done {
            faults: self.faults,
            left: self.waiting.len(),
            stats,
        }
    }

    fn end(&mut self, at: Duration, index: usize) {
        let Some(permit) = self.permits[index].take() else {
            return;
        };
        let now = self.began + at;
        match self.requests[index].fate {
            Fate::Withdrawn | Fate::Abandoned => drop(permit),
            Fate::Unanswered => self.limiter.settle(now, permit, Verdict::Lost),
            Fate::Unsent => self.limiter.settle(now, permit, Verdict::Unsent),
            Fate::Answered => match self.answers[index] {
                Some(headers) => {
                    self.ways.push((at, self.requests[index].up));
                    self.limiter.settle(now, permit, Verdict::Counted(headers));
                }
                // A 429: the fault is noted already.
                None => self.limiter.settle(now, permit, Verdict::Lost),
            },
        }
    }

    /// What the limiter supposes of ways: where many requests of the last minute were answered, none
    /// is faster than the fastest of them. Where few were, a way may have any length. Where not all
    /// that the server tells can be believed, the fastest may not be among what is: there all ways are
    /// about as long.
    fn no_faster(&self, at: Duration, up: Duration) -> Duration {
        if let Telling::Wrong { .. } | Telling::Jumps { .. } = self.server.told {
            let jitter = up.subsec_millis() % 3;
            return self.requests[0].up + ms(jitter.into());
        }
        let minute = Duration::from_secs(60);
        let recent = self.ways.iter().filter(|(when, _)| *when + minute >= at);
        let ups: Vec<_> = recent.map(|(_, up)| *up).collect();
        match ups.iter().min() {
            Some(fastest) if ups.len() >= 8 => up.max(*fastest),
            _ => up,
        }
    }

    fn ask(&mut self, at: Duration) {
        let now = self.began + at;
        let mut still = Vec::new();
        for index in std::mem::take(&mut self.waiting) {
            let Request {
                channel,
                pause,
                up,
                down,
                fate,
            } = self.requests[index].clone();
            if pause > at {
                still.push(index);
                continue;
            }
            match self.limiter.reserve(now, &tests::post(channel)) {
                Reservation::Ready(mut permit) => {
                    if !matches!(fate, Fate::Withdrawn) {
                        permit.sent(now);
                    }
                    let up = self.no_faster(at, up);
                    self.requests[index].up = up;
                    if !matches!(fate, Fate::Withdrawn | Fate::Unsent) {
                        self.agenda.insert((at + up, Happening::Arrives(index)));
                    }
                    let end = match fate {
                        Fate::Abandoned => at + up.min(down),
                        Fate::Answered | Fate::Withdrawn | Fate::Unanswered | Fate::Unsent => {
                            at + up + down
                        }
                    };
                    // An answer cannot be had before the request has arrived.
                    self.agenda.insert((end, Happening::Ends(index)));
                    self.permits[index] = Some(permit);
                }
                Reservation::Wait { until, .. } => {
                    if let Some(until) = until {
                        assert!(until > now, "told to wait for the past");
                        self.agenda.insert((until - self.began, Happening::Wakes));
                    }
                    still.push(index);
                }
                Reservation::Stopped(stop) => panic!("{stop:?}"),
            }
        }
        self.waiting = still;
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
