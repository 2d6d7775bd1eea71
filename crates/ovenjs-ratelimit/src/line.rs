//! The line in front of the limiter: who goes next, who goes in vain, and until when nobody does.
//!
//! It is long because every way in and out of it keeps the same few queues in step, and no half of that could
//! be judged alone.

mod chain;
mod share;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use hashbrown::HashMap;

use crate::{
    Ask, Limiter, Obstacle, Permit, Priority, Reservation, RouteKey, Shape, Stop, Verdict,
};
use chain::{Chain, Places};
use share::{CLASSES, Share, class};

/// All who wait for a [`Permit`], in order. It decides and never waits itself: [`poll`](Self::poll)
/// says who goes, [`deadline`](Self::deadline) when to ask again.
///
/// Requests of one route, resource and [`Shape`] stand in one lane. In a lane the three classes of
/// [`Priority`] share turns as 16 : 4 : 1, each class first come, first served; a head that has waited
/// for ten seconds goes first. Where the global limit is what is short, the classes share it the same
/// way, and within a class lanes take turns, one request each, so that none starves another.
///
/// **The bound.** Between becoming the head of its class in its lane and its turn there, a request
/// sees at most 4 turns of others if it is interactive, 8 if normal, 24 if bulk.
///
/// A request whose turn comes after its deadline is refused as soon as that is known: when it joins,
/// by what the limiter predicts for those before it, or later. None is let out after its deadline.
///
/// Whoever leaves costs nothing, at whatever place. To drop what has become obsolete just before it
/// is sent, give the permit [back](Self::give_back): nothing is spent, and the next one goes.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ovenjs_ratelimit::{
///     Ask, Config, Entry, Headers, Limiter, Line, Major, Priority, RouteKey, Turn, Verdict,
/// };
///
/// # #[expect(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let soon = now + Duration::from_secs(60);
/// let mut line = Line::new(Limiter::new(Config::new()));
/// let ask = Ask::new(RouteKey::new("POST /channels/{channel_id}/messages", Major::of(1_u64)));
///
/// // The first goes at once, to learn; whoever comes behind it waits.
/// let Ok(Entry::Go(mut permit)) = line.join(now, &ask, soon, 100) else { panic!() };
/// permit.sent(now);
/// let bulk = ask.priority(Priority::Bulk);
/// let Ok(Entry::Wait(later)) = line.join(now, &bulk, soon, 100) else { panic!() };
/// let answer = ask.priority(Priority::Interactive);
/// let Ok(Entry::Wait(first)) = line.join(now, &answer, soon, 100) else { panic!() };
/// assert!(line.poll(now).is_none());
///
/// let headers = Headers::read(|name| match name {
///     "x-ratelimit-limit" => Some("2"),
///     "x-ratelimit-remaining" => Some("1"),
///     "x-ratelimit-reset-after" => Some("30"),
///     _ => None,
/// });
/// line.settle(now, permit, Verdict::Counted(headers));
/// let Some(Turn::Go(ticket, permit)) = line.poll(now) else { panic!() };
/// assert_eq!(ticket, first);
/// assert!(line.poll(now).is_none());
/// // The other one's turn comes when the window is over.
/// assert_eq!(line.deadline(), line.why(now, later).unwrap().until);
///
/// // Two would go before a third, which is not ready to wait for a minute.
/// let refused = line.join(now, &bulk, now + Duration::from_secs(5), 100);
/// assert!(refused.is_err());
/// # line.give_back(now, permit);
/// ```
#[derive(Debug)]
pub struct Line {
    limiter: Limiter,
    waiting: Places<Waiting>,
    lanes: Places<Lane>,
    /// The lanes by what they are for; those of one key are linked from the first on.
    by_key: HashMap<(RouteKey, Shape), u32>,
    by_route: HashMap<RouteKey, Chain>,
    /// Which lane each lane of a key stands in, so that an answer finds them all.
    keyed: Places<u32>,
    /// Lanes that may go, by the class of who is next in them; the last are exempt from the global
    /// limit.
    ready: [Chain; RINGS],
    share: Share,
    /// Lanes that may go again then.
    parked: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    deadlines: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    /// The global limit is used up, until then or until an answer.
    global: Option<Option<Instant>>,
    /// How many tickets were given.
    tickets: u64,
    parkings: u64,
    stats: LineStats,
}

/// A place in the line. Who joined first has the lesser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    number: u64,
    place: u32,
}

/// What came of joining.
#[derive(Debug)]
pub enum Entry {
    /// Nobody waits: go.
    Go(Permit),
    /// Others do, or a limit is reached.
    Wait(Ticket),
}

/// Whose turn it is.
#[derive(Debug)]
pub enum Turn {
    /// Go.
    Go(Ticket, Permit),
    /// It waits in vain.
    Refused(Ticket, Refusal),
}

/// Why a request does not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many wait already.
    Full,
    /// Its turn comes after its deadline.
    WouldExceedDeadline {
        /// When it would come, where that is known.
        eta: Option<Instant>,
    },
    /// The limiter lets nothing of its kind out any more.
    Stopped(Stop),
}

/// What a waiting request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The route and the resource it is limited by.
    pub key: RouteKey,
    /// Its class.
    pub priority: Priority,
    /// Requests of its class before it in its lane.
    pub ahead: usize,
    /// What is in the way of its lane; `None` where its lane may go and only its turn has to come.
    pub on: Option<Obstacle>,
    /// When that is out of the way, where it is not an answer that has to come first.
    pub until: Option<Instant>,
    /// When its turn comes at the earliest, where the limit is known.
    pub eta: Option<Instant>,
    /// How long it has waited.
    pub waited: Duration,
}

/// A snapshot of the line, by class where there are three numbers: bulk, normal, interactive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineStats {
    /// Requests that wait.
    pub waiting: [usize; 3],
    /// Lanes in which they stand.
    pub lanes: usize,
    /// Requests that went.
    pub gone: [u64; 3],
    /// Requests that were refused because their turn came too late.
    pub late: u64,
    /// Of those, the ones that were refused when they joined.
    pub late_at_once: u64,
    /// All time that was waited by requests that went, in microseconds.
    pub waited_micros: [u64; 3],
    /// The longest wait of a request that went, in microseconds.
    pub waited_most_micros: [u64; 3],
    /// Waits of which the end was predicted, and by how much the predictions were wrong in all, in
    /// microseconds.
    pub predicted: u64,
    /// See [`predicted`](Self::predicted).
    pub predicted_wrong_micros: u64,
}

/// The most requests that wait over all lanes. Each holds its body; at a few KiB each this is what a
/// bot can lose to a standstill of Discord's.
pub const WAITING_MAX: usize = 50_000;

/// A ring for each class, and one for what is exempt from the global limit.
const RINGS: usize = CLASSES + 1;

/// Entries of those who left are swept out of a heap when they are most of it and more than this.
const STALE_MIN: usize = 64;

/// How soon a request asks again for which no bucket can be remembered.
const NO_PLACE: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct Waiting {
    number: u64,
    lane: u32,
    ask: Ask,
    deadline: Instant,
    joined: Instant,
    eta: Option<Instant>,
}

#[derive(Debug)]
struct Lane {
    key: (RouteKey, Shape),
    classes: [Chain; CLASSES],
    /// Since when the head of each class is its head.
    since: [Option<Instant>; CLASSES],
    share: Share,
    stand: Stand,
    /// Its place among the lanes of its key.
    keyed: u32,
}

/// Where a lane stands.
#[derive(Clone, Copy, Debug)]
enum Stand {
    /// In a ring, since then.
    Ready(usize, Instant),
    /// A limit is reached until then, or until an answer where there is none; `parking` is the heap's
    /// entry.
    Parked {
        on: Obstacle,
        until: Option<Instant>,
        parking: u64,
    },
}

impl Line {
    /// An empty line in front of `limiter`.
    #[must_use]
    pub fn new(limiter: Limiter) -> Self {
        Self {
            limiter,
            waiting: Places::default(),
            lanes: Places::default(),
            by_key: HashMap::new(),
            by_route: HashMap::new(),
            keyed: Places::default(),
            ready: [Chain::default(); RINGS],
            share: Share::default(),
            parked: BinaryHeap::new(),
            deadlines: BinaryHeap::new(),
            global: None,
            tickets: 0,
            parkings: 0,
            stats: LineStats::default(),
        }
    }

    /// Joins the line. `lane_max` bounds how many may wait in the same lane. Poll afterwards.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]: there is no place, its turn is known to come after `deadline`, or nothing of its
    /// kind leaves any more.
    pub fn join(
        &mut self,
        now: Instant,
        ask: &Ask,
        deadline: Instant,
        lane_max: usize,
    ) -> Result<Entry, Refusal> {
        let key = (ask.key.counted(), ask.shape);
        let lane = self.by_key.get(&key).copied();
        let is_crowded = !ask.exempt_from_global
            && (self.global.is_some() || self.ready.iter().take(CLASSES).any(|r| r.len() > 0));
        if lane.is_none() && !is_crowded {
            match self.limiter.reserve(now, ask) {
                Reservation::Ready(permit) => {
                    self.note_gone(ask.priority, Duration::ZERO);
                    return Ok(Entry::Go(permit));
                }
                Reservation::Stopped(stop) => return Err(Refusal::Stopped(stop)),
                Reservation::Wait { .. } => {}
            }
        }
        let class = class(ask.priority);
        let lens = lane.and_then(|lane| self.lanes.get(lane)).map(Lane::lens);
        let lens = lens.unwrap_or_default();
        if self.waiting.len() >= WAITING_MAX || lens.iter().sum::<usize>() >= lane_max.max(1) {
            return Err(Refusal::Full);
        }
        let eta = self.eta(now, ask, lens.get(class).copied().unwrap_or(0), lens);
        if now >= deadline || eta.is_some_and(|eta| eta > deadline) {
            self.stats.late += 1;
            self.stats.late_at_once += 1;
            return Err(Refusal::WouldExceedDeadline { eta });
        }
        let lane = lane.unwrap_or_else(|| self.open(now, key));
        self.tickets += 1;
        let number = self.tickets;
        let place = self.waiting.insert(Waiting {
            number,
            lane,
            ask: *ask,
            deadline,
            joined: now,
            eta,
        });
        self.deadlines.push(Reverse((deadline, number, place)));
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.push(&mut self.waiting, now, class, place);
        }
        if let Some(waiting) = self.stats.waiting.get_mut(class) {
            *waiting += 1;
        }
        self.place(now, lane);
        self.sweep();
        Ok(Entry::Wait(Ticket { place, number }))
    }

    /// Leaves the line; nothing happens where the ticket had its turn.
    pub fn leave(&mut self, now: Instant, ticket: Ticket) {
        if self.waiter(ticket).is_some() {
            self.take_out(now, ticket.place);
            self.sweep();
        }
    }

    /// Whose turn it is now; to be asked until it is nobody's.
    pub fn poll(&mut self, now: Instant) -> Option<Turn> {
        if let Some(turn) = self.expire(now) {
            return Some(turn);
        }
        self.unpark(now);
        if self.global.flatten().is_some_and(|until| until <= now) {
            self.global = None;
        }
        while let Some((ring, lane)) = self.next(now) {
            let Some((place, waiting)) = self.head(now, lane) else {
                self.close(lane);
                continue;
            };
            let ticket = Ticket {
                place,
                number: waiting.number,
            };
            let (ask, deadline, joined) = (waiting.ask, waiting.deadline, waiting.joined);
            let eta = waiting.eta;
            match self.limiter.reserve(now, &ask) {
                Reservation::Ready(permit) => {
                    let class = class(ask.priority);
                    if ring < CLASSES {
                        self.share.turn(ring);
                    }
                    if let Some(lane) = self.lanes.get_mut(lane) {
                        lane.share.turn(class);
                    }
                    self.note_gone(ask.priority, now.saturating_duration_since(joined));
                    if let Some(eta) = eta {
                        self.stats.predicted += 1;
                        let wrong = now.max(eta) - now.min(eta);
                        self.stats.predicted_wrong_micros += micros(wrong);
                    }
                    // Behind the others of its ring.
                    self.unplace(lane);
                    self.take_out(now, place);
                    return Some(Turn::Go(ticket, permit));
                }
                Reservation::Stopped(stop) => {
                    self.take_out(now, place);
                    return Some(Turn::Refused(ticket, Refusal::Stopped(stop)));
                }
                Reservation::Wait { until, .. } if until.is_some_and(|until| until > deadline) => {
                    return Some(self.refuse_late(now, ticket, until));
                }
                Reservation::Wait {
                    until,
                    on: Obstacle::Global,
                } if ring < CLASSES => self.global = Some(until),
                // What is exempt finds no place for its bucket; no answer of its own will tell.
                Reservation::Wait {
                    until: None,
                    on: Obstacle::Global,
                } => self.park(lane, Obstacle::Global, Some(now + NO_PLACE)),
                Reservation::Wait { until, on } => self.park(lane, on, until),
            }
        }
        None
    }

    /// When to poll again, unless something is settled, given back or joins before. `None` where only
    /// that can help.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let parked = self.parked.peek().map(|Reverse((at, ..))| *at);
        let deadline = self.deadlines.peek().map(|Reverse((at, ..))| *at);
        let global = self.global.flatten();
        [parked, deadline, global].into_iter().flatten().min()
    }

    /// Tells what became of a request; see [`Limiter::settle`]. Poll afterwards.
    pub fn settle(&mut self, now: Instant, permit: Permit, verdict: Verdict) {
        let key = permit.ask().key;
        self.limiter.settle(now, permit, verdict);
        self.stir(now, key);
    }

    /// Drops a permit: its request was not sent, or nobody knows what became of it. Poll afterwards.
    pub fn give_back(&mut self, now: Instant, permit: Permit) {
        let key = permit.ask().key;
        drop(permit);
        self.stir(now, key);
    }

    /// Lets all who wait ask again: what this process may send has changed. Poll afterwards.
    pub fn stir_all(&mut self, now: Instant) {
        self.global = None;
        let mut lanes: Vec<u32> = self.by_key.values().copied().collect();
        lanes.sort_unstable();
        for lane in lanes {
            self.make_ready(now, lane);
        }
    }

    /// What a request waits for; `None` where it does not wait.
    #[must_use]
    pub fn why(&self, now: Instant, ticket: Ticket) -> Option<Why> {
        let waiting = self.waiter(ticket)?;
        let lane = self.lanes.get(waiting.lane)?;
        let class = class(waiting.ask.priority);
        let mut ahead = 0;
        let mut place = lane.classes.get(class)?.first();
        while let Some(other) = place.filter(|other| *other != ticket.place) {
            ahead += 1;
            place = self.waiting.after(other);
        }
        let (on, until) = match lane.stand {
            Stand::Parked { on, until, .. } => (Some(on), until),
            Stand::Ready(ring, _) if ring < CLASSES => match self.global {
                Some(until) => (Some(Obstacle::Global), until),
                None => (None, None),
            },
            Stand::Ready(..) => (None, None),
        };
        Some(Why {
            key: waiting.ask.key,
            priority: waiting.ask.priority,
            ahead,
            on,
            until,
            eta: self.eta(now, &waiting.ask, ahead, lane.lens()),
            waited: now.saturating_duration_since(waiting.joined),
        })
    }

    /// A snapshot.
    #[must_use]
    pub fn stats(&self) -> LineStats {
        LineStats {
            lanes: self.lanes.len(),
            ..self.stats
        }
    }

    /// The limiter behind it.
    #[must_use]
    pub const fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// When the turn of one comes that has so many of its class before it, where the limit is known;
    /// `lens` is how many of each class wait in its lane.
    fn eta(
        &self,
        now: Instant,
        ask: &Ask,
        before: usize,
        lens: [usize; CLASSES],
    ) -> Option<Instant> {
        let before = u64::try_from(before).unwrap_or(u64::MAX);
        let ahead = before.saturating_add(Share::others(class(ask.priority), before, lens));
        self.limiter.predict(now, ask, ahead, ahead)
    }

    /// Who holds the ticket, while it waits.
    fn waiter(&self, ticket: Ticket) -> Option<&Waiting> {
        let waiting = self.waiting.get(ticket.place);
        waiting.filter(|waiting| waiting.number == ticket.number)
    }

    /// Something came back: the lanes of its key may go, and so may the global limit let one.
    fn stir(&mut self, now: Instant, key: RouteKey) {
        self.global = None;
        let Some(chain) = self.by_route.get(&key.counted()).copied() else {
            return;
        };
        let mut next = chain.first();
        while let Some(keyed) = next {
            next = self.keyed.after(keyed);
            if let Some(lane) = self.keyed.get(keyed).copied() {
                self.make_ready(now, lane);
            }
        }
    }

    /// The ring and the lane whose turn it is.
    fn next(&self, now: Instant) -> Option<(usize, u32)> {
        if let Some(lane) = self.ready.get(CLASSES).and_then(Chain::first) {
            return Some((CLASSES, lane));
        }
        if self.global.is_some() {
            return None;
        }
        let mut heads = [None; CLASSES];
        for (head, ring) in heads.iter_mut().zip(&self.ready) {
            let lane = ring.first().and_then(|lane| self.lanes.get(lane));
            *head = lane.and_then(|lane| match lane.stand {
                Stand::Ready(_, since) => Some(since),
                Stand::Parked { .. } => None,
            });
        }
        let ring = self.share.next(now, heads)?;
        Some((ring, self.ready.get(ring)?.first()?))
    }

    /// Who is next in a lane.
    fn head(&self, now: Instant, lane: u32) -> Option<(u32, &Waiting)> {
        let place = self.lanes.get(lane)?.head(now)?;
        Some((place, self.waiting.get(place)?))
    }

    fn open(&mut self, now: Instant, key: (RouteKey, Shape)) -> u32 {
        let keyed = self.keyed.insert(0);
        let lane = self.lanes.insert(Lane {
            key,
            classes: [Chain::default(); CLASSES],
            since: [None; CLASSES],
            share: Share::default(),
            stand: Stand::Parked {
                on: Obstacle::Bucket,
                until: None,
                parking: 0,
            },
            keyed,
        });
        if let Some(of) = self.keyed.get_mut(keyed) {
            *of = lane;
        }
        let chain = self.by_route.entry(key.0).or_default();
        chain.push_back(&mut self.keyed, keyed);
        self.by_key.insert(key, lane);
        self.make_ready(now, lane);
        lane
    }

    fn close(&mut self, lane: u32) {
        self.unplace(lane);
        let Some(closed) = self.lanes.remove(lane) else {
            return;
        };
        self.by_key.remove(&closed.key);
        if let Some(chain) = self.by_route.get_mut(&closed.key.0) {
            chain.remove(&mut self.keyed, closed.keyed);
            if chain.len() == 0 {
                self.by_route.remove(&closed.key.0);
            }
        }
        self.keyed.remove(closed.keyed);
    }

    /// Takes somebody out of the line, whose lane goes on as it now is.
    fn take_out(&mut self, now: Instant, place: u32) {
        let Some(waiting) = self.waiting.get(place) else {
            return;
        };
        let (index, class) = (waiting.lane, class(waiting.ask.priority));
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        lane.remove(&mut self.waiting, now, class, place);
        let is_empty = lane.lens() == [0; CLASSES];
        self.waiting.remove(place);
        if let Some(waiting) = self.stats.waiting.get_mut(class) {
            *waiting = waiting.saturating_sub(1);
        }
        if is_empty {
            self.close(index);
        } else {
            self.place(now, index);
        }
    }

    /// Lets a lane that was parked go.
    fn make_ready(&mut self, now: Instant, index: u32) {
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        if let Stand::Parked { .. } = lane.stand {
            // In no ring yet.
            lane.stand = Stand::Ready(RINGS, now);
        }
        self.place(now, index);
    }

    /// Puts a lane that may go into the ring of who is next in it.
    fn place(&mut self, now: Instant, index: u32) {
        let Some((_, waiting)) = self.head(now, index) else {
            return;
        };
        let ring = if waiting.ask.exempt_from_global {
            CLASSES
        } else {
            class(waiting.ask.priority)
        };
        let Some(lane) = self.lanes.get(index) else {
            return;
        };
        let Stand::Ready(before, _) = lane.stand else {
            return;
        };
        if before == ring {
            return;
        }
        self.unplace(index);
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.stand = Stand::Ready(ring, now);
        }
        if let Some(chain) = self.ready.get_mut(ring) {
            chain.push_back(&mut self.lanes, index);
        }
    }

    /// Takes a lane out of its ring.
    fn unplace(&mut self, index: u32) {
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        if let Stand::Ready(ring, since) = lane.stand
            && let Some(chain) = self.ready.get_mut(ring)
        {
            lane.stand = Stand::Ready(RINGS, since);
            chain.remove(&mut self.lanes, index);
        }
    }

    fn park(&mut self, index: u32, on: Obstacle, until: Option<Instant>) {
        self.unplace(index);
        self.parkings += 1;
        let parking = self.parkings;
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.stand = Stand::Parked { on, until, parking };
        }
        if let Some(until) = until {
            self.parked.push(Reverse((until, parking, index)));
        }
        self.sweep();
    }

    fn unpark(&mut self, now: Instant) {
        while let Some(Reverse((at, parking, lane))) = self.parked.peek().copied() {
            let is_stale = !self.is_parked(lane, parking);
            if at > now && !is_stale {
                break;
            }
            self.parked.pop();
            if !is_stale {
                self.make_ready(now, lane);
            }
        }
    }

    /// Refuses one whose deadline has come.
    fn expire(&mut self, now: Instant) -> Option<Turn> {
        while let Some(Reverse((at, number, place))) = self.deadlines.peek().copied() {
            let ticket = Ticket { place, number };
            let is_stale = self.waiter(ticket).is_none();
            if at > now && !is_stale {
                return None;
            }
            self.deadlines.pop();
            if !is_stale {
                return Some(self.refuse_late(now, ticket, None));
            }
        }
        None
    }

    /// Takes one out whose turn comes after its deadline.
    fn refuse_late(&mut self, now: Instant, ticket: Ticket, eta: Option<Instant>) -> Turn {
        self.stats.late += 1;
        self.take_out(now, ticket.place);
        Turn::Refused(ticket, Refusal::WouldExceedDeadline { eta })
    }

    /// Sweeps those who left out of the heaps, so that these are bounded by who waits.
    fn sweep(&mut self) {
        if self.deadlines.len() > 2 * self.waiting.len() + STALE_MIN {
            let mut deadlines = std::mem::take(&mut self.deadlines);
            deadlines.retain(|Reverse((_, number, place))| {
                let (place, number) = (*place, *number);
                self.waiter(Ticket { place, number }).is_some()
            });
            self.deadlines = deadlines;
        }
        if self.parked.len() > 2 * self.lanes.len() + STALE_MIN {
            let mut parked = std::mem::take(&mut self.parked);
            parked.retain(|Reverse((_, parking, lane))| self.is_parked(*lane, *parking));
            self.parked = parked;
        }
    }

    fn is_parked(&self, lane: u32, entry: u64) -> bool {
        let stand = self.lanes.get(lane).map(|lane| lane.stand);
        matches!(stand, Some(Stand::Parked { parking, .. }) if parking == entry)
    }

    fn note_gone(&mut self, priority: Priority, waited: Duration) {
        let class = class(priority);
        let waited = micros(waited);
        if let Some(gone) = self.stats.gone.get_mut(class) {
            *gone += 1;
        }
        if let Some(all) = self.stats.waited_micros.get_mut(class) {
            *all = all.saturating_add(waited);
        }
        if let Some(most) = self.stats.waited_most_micros.get_mut(class) {
            *most = waited.max(*most);
        }
    }
}

impl Lane {
    fn lens(&self) -> [usize; CLASSES] {
        self.classes.map(|chain| chain.len())
    }

    fn head(&self, now: Instant) -> Option<u32> {
        let class = self.share.next(now, self.since)?;
        self.classes.get(class)?.first()
    }

    fn push(&mut self, places: &mut Places<Waiting>, now: Instant, class: usize, place: u32) {
        if let Some(chain) = self.classes.get_mut(class) {
            chain.push_back(places, place);
        }
        if let Some(since) = self.since.get_mut(class) {
            since.get_or_insert(now);
        }
    }

    fn remove(&mut self, places: &mut Places<Waiting>, now: Instant, class: usize, place: u32) {
        let (Some(chain), Some(since)) = (self.classes.get_mut(class), self.since.get_mut(class))
        else {
            return;
        };
        let was_head = chain.first() == Some(place);
        chain.remove(places, place);
        if was_head {
            *since = chain.first().map(|_| now);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
