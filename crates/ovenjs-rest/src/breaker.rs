//! The circuit breaker: whether Discord is asked at all while it fails. A rule, with the time as an
//! argument.
//!
//! Each family of routes has one, so that a part of Discord which fails does not stop the rest, and the
//! host has one for what all have in common: no connection, no answer, or the edge's outage page.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

#[derive(Debug, Default)]
pub(crate) struct Breakers {
    host: Breaker,
    families: Vec<(&'static str, Breaker)>,
    /// The place of each route's family among them.
    routes: HashMap<&'static str, usize>,
    opened: u64,
    refused: u64,
}

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// Requests leave.
    #[default]
    Closed,
    /// Nothing leaves: too much of what left failed.
    Open,
    /// One request is on its way to find out whether it works again.
    HalfOpen,
}

impl BreakerState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// A snapshot of the circuit breakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerStats {
    /// The state of the host's.
    pub host: BreakerState,
    /// Families of routes that are not closed.
    pub open: usize,
    /// How often one has opened since the start.
    pub opened: u64,
    /// How often a request was kept back since the start.
    pub refused: u64,
}

/// Leave for one request. It is to be settled, whatever happens.
#[derive(Debug)]
#[must_use]
pub(crate) struct Leave {
    /// The place of the family.
    family: usize,
    /// When it left as a probe.
    probes_host: Option<Instant>,
    probes_family: Option<Instant>,
}

/// How a request ended, in the eyes of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tally {
    Good,
    Bad,
    /// It says nothing: the call was dropped, or never left.
    Unknown,
}

/// A breaker that changed its state, by its family; `host` is the host's.
pub(crate) type Change = (&'static str, BreakerState);

pub(crate) const HOST: &str = "host";

impl Breakers {
    /// Whether a request of this route may leave; if not, when to ask again.
    pub(crate) fn ask(&mut self, now: Instant, route: &'static str) -> Result<Leave, Instant> {
        let family = self.family(route);
        let breaker = self.families.get_mut(family).map(|(_, breaker)| breaker);
        // Both are asked before either is told, so that no probe is given and not used.
        let of_family = breaker
            .as_ref()
            .and_then(|breaker| breaker.closed_until(now));
        let until = self.host.closed_until(now).max(of_family);
        if let Some(until) = until {
            self.refused += 1;
            return Err(until);
        }
        Ok(Leave {
            family,
            probes_host: self.host.leave(now),
            probes_family: breaker.and_then(|breaker| breaker.leave(now)),
        })
    }

    /// Tells how a request ended.
    pub(crate) fn settle(
        &mut self,
        now: Instant,
        leave: &Leave,
        host: Tally,
        family: Tally,
    ) -> [Option<Change>; 2] {
        let one = self.host.settle(now, leave.probes_host, host);
        let (name, other) = match self.families.get_mut(leave.family) {
            Some((name, breaker)) => (*name, breaker.settle(now, leave.probes_family, family)),
            None => ("", None),
        };
        for state in [one, other] {
            self.opened += u64::from(state == Some(BreakerState::Open));
        }
        [
            one.map(|state| (HOST, state)),
            other.map(|state| (name, state)),
        ]
    }

    pub(crate) fn stats(&self) -> BreakerStats {
        let open = self.families.iter().map(|(_, breaker)| breaker.state());
        BreakerStats {
            host: self.host.state(),
            open: open.filter(|state| *state != BreakerState::Closed).count(),
            opened: self.opened,
            refused: self.refused,
        }
    }

    fn family(&mut self, route: &'static str) -> usize {
        if let Some(place) = self.routes.get(route) {
            return *place;
        }
        let family = family(route);
        let known = self.families.iter().position(|(name, _)| *name == family);
        let place = known.unwrap_or_else(|| {
            self.families.push((family, Breaker::default()));
            self.families.len() - 1
        });
        self.routes.insert(route, place);
        place
    }
}

/// The part of a template that names what it is about: `/channels/{channel_id}/messages` of all that
/// concerns messages of a channel.
fn family(route: &'static str) -> &'static str {
    let path = route.find('/').and_then(|slash| route.get(slash..));
    let path = path.unwrap_or(route);
    let mut names = 0;
    for (place, _) in path.match_indices('/') {
        let behind = path.get(place + 1..).unwrap_or_default();
        if names == 2 {
            return path.get(..place).unwrap_or(path);
        }
        names += usize::from(!behind.starts_with('{'));
    }
    path
}

#[derive(Debug, Default)]
struct Breaker {
    is_open: Option<Open>,
    now: Count,
    before: Count,
    /// When the counting of `now` began.
    since: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Instant,
    /// How long it stays open after a failed probe.
    pause: Duration,
    /// Since when one is on its way.
    probed: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: u32,
    bad: u32,
}

impl Breaker {
    fn state(&self) -> BreakerState {
        match self.is_open {
            None => BreakerState::Closed,
            Some(Open { probed: None, .. }) => BreakerState::Open,
            Some(Open {
                probed: Some(_), ..
            }) => BreakerState::HalfOpen,
        }
    }

    /// Until when nothing leaves, if it is so.
    fn closed_until(&self, now: Instant) -> Option<Instant> {
        let open = self.is_open.as_ref()?;
        match open.probed {
            Some(since) if now < since + PROBE_MAX => Some(now + PROBE_WAIT),
            _ => (now < open.until).then_some(open.until),
        }
    }

    /// Lets one leave, and says when it did if it is the probe.
    fn leave(&mut self, now: Instant) -> Option<Instant> {
        let open = self.is_open.as_mut()?;
        open.probed = Some(now);
        open.probed
    }

    fn settle(
        &mut self,
        now: Instant,
        probe: Option<Instant>,
        tally: Tally,
    ) -> Option<BreakerState> {
        if let Some(open) = &mut self.is_open {
            // What left before it opened says nothing new.
            probe?;
            if tally == Tally::Good {
                *self = Self::default();
                return Some(BreakerState::Closed);
            }
            // Another one is on its way, since this one took too long.
            if open.probed != probe {
                return None;
            }
            open.probed = None;
            return match tally {
                Tally::Bad => {
                    open.pause = (open.pause * 2).min(OPEN_MAX);
                    open.until = now + open.pause;
                    None
                }
                // The next one is the probe.
                Tally::Good | Tally::Unknown => None,
            };
        }
        if tally == Tally::Unknown {
            return None;
        }
        self.turn(now);
        self.now.all += 1;
        self.now.bad += u32::from(tally == Tally::Bad);
        let bad = self.now.bad + self.before.bad;
        let all = self.now.all + self.before.all;
        if tally == Tally::Good || bad < BAD_MIN || bad * 2 < all {
            return None;
        }
        self.is_open = Some(Open {
            until: now + OPEN,
            pause: OPEN,
            probed: None,
        });
        Some(BreakerState::Open)
    }

    /// Forgets what is too long ago.
    fn turn(&mut self, now: Instant) {
        let age = self.since.map(|since| now.saturating_duration_since(since));
        if age.is_some_and(|age| age < WINDOW) {
            return;
        }
        let recent = age.is_some_and(|age| age < 2 * WINDOW);
        self.before = if recent { self.now } else { Count::default() };
        self.now = Count::default();
        self.since = Some(now);
    }
}

/// Failures are counted over this time and the one before.
const WINDOW: Duration = Duration::from_secs(5);

/// So many must have failed, and half of all: fewer are chance, and a bot that sends little does no
/// harm by trying.
const BAD_MIN: u32 = 10;

/// How long nothing leaves at first. It doubles with each probe that fails.
const OPEN: Duration = Duration::from_secs(1);

/// Discord's outages last minutes; a bot should notice their end within seconds.
const OPEN_MAX: Duration = Duration::from_secs(15);

/// When to ask again while a probe is on its way: the length of a slow answer.
const PROBE_WAIT: Duration = Duration::from_millis(500);

/// A probe that takes longer is not waited for: an upload may go on for minutes. As long as a first byte
/// may take.
const PROBE_MAX: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str = "POST /channels/{channel_id}/messages";
    const EDIT: &str = "PATCH /channels/{channel_id}/messages/{message_id}";
    const ME: &str = "GET /users/@me";

    struct Story {
        breakers: Breakers,
        now: Instant,
    }

    impl Story {
        #[expect(
            clippy::disallowed_methods,
            reason = "a beginning for the virtual clock"
        )]
        fn begin() -> Self {
            Self {
                breakers: Breakers::default(),
                now: Instant::now(),
            }
        }

        fn wait(&mut self, ms: u64) {
            self.now += Duration::from_millis(ms);
        }

        /// How long to wait, or what changed.
        fn send(
            &mut self,
            route: &'static str,
            host: Tally,
            family: Tally,
        ) -> Result<Vec<Change>, u128> {
            let leave = self.breakers.ask(self.now, route);
            let leave = leave.map_err(|until| (until - self.now).as_millis())?;
            let changes = self.breakers.settle(self.now, &leave, host, family);
            Ok(changes.into_iter().flatten().collect())
        }
    }

    use BreakerState::{Closed, HalfOpen, Open};
    use Tally::{Bad, Good, Unknown};

    const FAMILY: &str = "/channels/{channel_id}/messages";

    #[test]
    fn families_are_what_routes_are_about() {
        for (route, wanted) in [
            (POST, FAMILY),
            (EDIT, FAMILY),
            (
                "POST /channels/{channel_id}/messages/{message_id}/crosspost",
                FAMILY,
            ),
            ("GET /channels/{channel_id}", "/channels/{channel_id}"),
            (ME, "/users/@me"),
            ("GET /users/@me/guilds", "/users/@me"),
            (
                "GET /guilds/{guild_id}/members/{user_id}",
                "/guilds/{guild_id}/members",
            ),
            (
                "POST /interactions/{interaction_id}/{token}/callback",
                "/interactions/{interaction_id}/{token}/callback",
            ),
            ("GET /gateway", "/gateway"),
            ("strange", "strange"),
        ] {
            assert_eq!(family(route), wanted, "{route}");
        }
    }

    #[test]
    fn a_family_that_fails_is_left_alone_and_asked_again_by_one() {
        let mut story = Story::begin();
        for _ in 0..9 {
            assert_eq!(story.send(POST, Good, Bad), Ok(vec![]));
        }
        assert_eq!(story.send(EDIT, Good, Bad), Ok(vec![(FAMILY, Open)]));
        assert_eq!(story.send(POST, Good, Good), Err(1000));
        // The others go on.
        assert_eq!(story.send(ME, Good, Good), Ok(vec![]));
        story.wait(1000);
        let probe = story.breakers.ask(story.now, POST).unwrap();
        assert_eq!(story.breakers.families[0].1.state(), HalfOpen);
        assert_eq!(story.send(POST, Good, Good), Err(500));
        assert_eq!(
            story.breakers.settle(story.now, &probe, Good, Bad),
            [None, None]
        );
        assert_eq!(story.send(POST, Good, Good), Err(2000));
        story.wait(2000);
        assert_eq!(story.send(POST, Good, Good), Ok(vec![(FAMILY, Closed)]));
        // It begins anew: the old failures are forgotten.
        assert_eq!(story.send(POST, Good, Bad), Ok(vec![]));
        let stats = story.breakers.stats();
        assert_eq!(
            (stats.open, stats.opened, stats.refused, stats.host),
            (0, 1, 3, Closed)
        );
    }

    #[test]
    fn a_dropped_probe_makes_room_for_the_next() {
        let mut story = Story::begin();
        (0..10).for_each(|_| drop(story.send(POST, Bad, Unknown)));
        assert_eq!(story.breakers.stats().host, Open);
        assert_eq!(story.send(ME, Good, Good), Err(1000));
        story.wait(1000);
        assert_eq!(story.send(ME, Unknown, Unknown), Ok(vec![]));
        assert_eq!(story.send(POST, Good, Good), Ok(vec![(HOST, Closed)]));
    }

    #[test]
    fn a_probe_that_takes_its_time_is_not_waited_for() {
        let mut story = Story::begin();
        (0..10).for_each(|_| drop(story.send(POST, Bad, Unknown)));
        story.wait(1000);
        let upload = story.breakers.ask(story.now, POST).unwrap();
        story.wait(14_999);
        assert_eq!(story.send(ME, Good, Good), Err(500));
        story.wait(1);
        let next = story.breakers.ask(story.now, ME).unwrap();
        // What becomes of it does not touch the one that is on its way now.
        let changes = story.breakers.settle(story.now, &upload, Bad, Unknown);
        assert_eq!(changes, [None, None]);
        assert_eq!(story.send(ME, Good, Good), Err(500));
        let changes = story.breakers.settle(story.now, &next, Good, Good);
        assert_eq!(changes, [Some((HOST, Closed)), None]);
    }

    #[test]
    fn pauses_have_an_end() {
        let mut story = Story::begin();
        (0..10).for_each(|_| drop(story.send(POST, Bad, Unknown)));
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let wait = story.send(POST, Bad, Unknown).unwrap_err();
            pauses.push(wait);
            story.wait(u64::try_from(wait).unwrap());
            assert_eq!(story.send(POST, Bad, Unknown), Ok(vec![]));
        }
        assert_eq!(pauses, [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn few_failures_and_old_ones_are_no_outage() {
        let mut story = Story::begin();
        // A third fails.
        for _ in 0..100 {
            assert_eq!(story.send(POST, Good, Good), Ok(vec![]));
            assert_eq!(story.send(POST, Good, Good), Ok(vec![]));
            assert_eq!(story.send(POST, Good, Bad), Ok(vec![]));
        }
        // Nine in ten seconds, for minutes.
        for _ in 0..100 {
            story.wait(1250);
            assert_eq!(story.send(ME, Good, Bad), Ok(vec![]));
        }
    }

    #[test]
    fn a_straggler_of_before_changes_nothing() {
        let mut story = Story::begin();
        let straggler = story.breakers.ask(story.now, POST).unwrap();
        (0..10).for_each(|_| drop(story.send(POST, Good, Bad)));
        assert_eq!(
            story.breakers.settle(story.now, &straggler, Good, Good),
            [None, None]
        );
        assert_eq!(story.send(POST, Good, Good), Err(1000));
    }
}
