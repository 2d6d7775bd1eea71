//! Whose fault a 429 is.

use std::fmt;

use crate::{
    clock::{MS, NEVER, Nanos},
    server::{Answer, By, Limits, VARIANTS},
    world::{Request, World},
};

/// The kinds of 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Of a limit whose state was told: our own fault. Also what is sent to a shared resource
    /// before the time that a 429 named.
    Early,
    /// Of the global limit, before any answer had told its phase.
    GlobalFirst,
    /// Of the global limit, afterwards.
    Global,
    /// Of a limit that no header shows, before any answer had told of it.
    HiddenFirst,
    /// Of such a limit, afterwards.
    HiddenRepeat,
    /// Of a resource that others used up, before anyone had told.
    Shared,
    /// Of a limit that had changed, before any answer had told; or of one of which no answer had told
    /// anything, neither for this resource nor for another, to a request that left when none of its
    /// kind was on its way: somebody has to ask first, and who was not answered has to ask again. Or
    /// of a window of which no answer came, and which had lasted for longer by then than any answer had
    /// told that a window lasts: where windows lie on a grid, who asks late in one is told of what is
    /// left of it, and nobody can know how much longer the next one is.
    Changed,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(pub(crate) [u64; CLASSES]);

/// Ends of one window are told to the millisecond.
const ROUNDING_MS: u64 = 2;

/// The kinds there are.
const CLASSES: usize = 7;

impl Tally {
    pub(crate) fn add(&mut self, class: Class) {
        self.0[class as usize] += 1;
    }

    pub(crate) const fn of(&self, class: Class) -> u64 {
        self.0[class as usize]
    }

    /// Those that a client could have known to avoid.
    pub(crate) const fn own(&self) -> u64 {
        self.of(Class::Early) + self.of(Class::Global) + self.of(Class::HiddenRepeat)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

impl fmt::Display for Tally {
    /// Those that are judged together stand together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [
            early,
            global_first,
            global,
            hidden_first,
            hidden,
            shared,
            changed,
        ] = self.0;
        let told = format!(
            "{early} | {global_first}/{global} | {hidden_first}/{hidden} | {shared} | {changed}"
        );
        f.pad(&told)
    }
}

/// What the client could know when it sent a request.
#[derive(Debug)]
pub(crate) struct Judge<'w> {
    world: &'w World,
    /// When the client first had a 429 of the global limit in its hands.
    global_told: Nanos,
    /// By route, then major: an answer to one variant tells nothing of another.
    lanes: Vec<Vec<[Told; VARIANTS]>>,
    /// By route: whether an answer has told of the limit of a variant.
    limits: Vec<[bool; VARIANTS]>,
    /// By route: the longest time to a reset that an answer has told, in milliseconds.
    longest: Vec<[u64; VARIANTS]>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    /// Requests that are on their way.
    out: u32,
    hidden: Nanos,
    /// Since when the client knows that others hold the resource, and until when they do.
    shared: Nanos,
    shared_until: Nanos,
    /// The latest change that the client knows of, and since when.
    change: usize,
    change_told: Nanos,
    /// The end of the last window in which something passed, in milliseconds since 1970, when the first
    /// passed in it, and since when the client has heard of it.
    window: u64,
    window_began: Nanos,
    window_told: Nanos,
}

impl<'w> Judge<'w> {
    pub(crate) fn new(world: &'w World, majors: u32) -> Self {
        let told = Told {
            out: 0,
            hidden: NEVER,
            shared: NEVER,
            shared_until: 0,
            change: 0,
            change_told: 0,
            window: 0,
            window_began: 0,
            window_told: NEVER,
        };
        Self {
            world,
            global_told: NEVER,
            lanes: vec![vec![[told; VARIANTS]; majors as usize]; world.routes.len()],
            limits: vec![[false; VARIANTS]; world.routes.len()],
            longest: vec![[0; VARIANTS]; world.routes.len()],
        }
    }

    /// A request leaves. Whether nobody could know of its limit.
    pub(crate) fn leave(&mut self, request: &Request) -> bool {
        let (route, variant) = (usize::from(request.route), usize::from(request.variant));
        let told = &mut self.lanes[route][request.major as usize][variant];
        told.out += 1;
        told.out == 1 && !self.limits[route][variant]
    }

    /// The client hears what became of a request, or that nobody knows.
    pub(crate) fn hear(&mut self, request: &Request, answer: Option<&Answer>) {
        let (route, variant) = (usize::from(request.route), usize::from(request.variant));
        self.lanes[route][request.major as usize][variant].out -= 1;
        self.limits[route][variant] |= answer.is_some_and(|answer| answer.limits.is_some());
    }

    /// A request passes.
    pub(crate) fn pass(&mut self, at: Nanos, request: &Request, limits: &Limits) {
        let lane = &mut self.lanes[usize::from(request.route)][request.major as usize];
        let told = &mut lane[usize::from(request.variant)];
        if told.window.abs_diff(limits.reset_ms) > ROUNDING_MS {
            (told.window, told.window_began) = (limits.reset_ms, at);
            told.window_told = NEVER;
        }
    }

    /// The client gets the answer to what arrived at `arrived`, with what it tells of limits.
    pub(crate) fn tell(
        &mut self,
        at: Nanos,
        arrived: Nanos,
        request: &Request,
        by: Option<By>,
        limits: Option<&Limits>,
    ) {
        let change = self.changes(arrived, request);
        let shared = self.world.routes[usize::from(request.route)].shared;
        let lane = &mut self.lanes[usize::from(request.route)][request.major as usize];
        let told = &mut lane[usize::from(request.variant)];
        match by {
            Some(By::Global) => {
                self.global_told = self.global_told.min(at);
                return;
            }
            Some(By::Hidden) => told.hidden = told.hidden.min(at),
            Some(By::Shared) => {
                let until = shared.and_then(|shared| shared.held_until(arrived));
                let until = until.unwrap_or(arrived);
                if until > told.shared_until {
                    (told.shared, told.shared_until) = (at, until);
                }
            }
            Some(By::Visible) | None => {}
        }
        let Some(limits) = limits else {
            return;
        };
        if told.window.abs_diff(limits.reset_ms) <= ROUNDING_MS {
            told.window_told = told.window_told.min(at);
        }
        let longest = &mut self.longest[usize::from(request.route)][usize::from(request.variant)];
        *longest = limits.reset_after_ms.max(*longest);
        if change > told.change {
            (told.change, told.change_told) = (change, at);
        }
    }

    /// Classes a 429 at `at` of what was sent at `sent`, when its limit was known or not.
    pub(crate) fn class(
        &self,
        at: Nanos,
        sent: Nanos,
        request: &Request,
        by: By,
        is_known: bool,
    ) -> Class {
        let lane = &self.lanes[usize::from(request.route)][request.major as usize];
        let told = &lane[usize::from(request.variant)];
        match by {
            By::Global if self.global_told <= sent => Class::Global,
            By::Global => Class::GlobalFirst,
            By::Hidden if told.hidden <= sent => Class::HiddenRepeat,
            By::Hidden => Class::HiddenFirst,
            By::Shared if told.shared <= sent && at < told.shared_until => Class::Early,
            By::Shared => Class::Shared,
            By::Visible if !is_known => Class::Changed,
            By::Visible if told.window_told > sent && self.is_longer(at, request, told) => {
                Class::Changed
            }
            By::Visible => {
                let change = self.changes(at, request);
                if change > told.change || change > 0 && told.change_told > sent {
                    Class::Changed
                } else {
                    Class::Early
                }
            }
        }
    }

    /// Whether its window has lasted for longer than any that was told of.
    fn is_longer(&self, at: Nanos, request: &Request, told: &Told) -> bool {
        let longest = self.longest[usize::from(request.route)][usize::from(request.variant)];
        told.window > 0 && at - told.window_began > (longest + ROUNDING_MS) * MS
    }

    /// How many changes of the route there were by then.
    fn changes(&self, at: Nanos, request: &Request) -> usize {
        let route = usize::from(request.route);
        let changes = self.world.changes.iter();
        changes
            .filter(|change| change.route == route && change.at <= at)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::SECOND,
        law::Law,
        server::Rule,
        world::{Change, Route, Shared},
    };

    const REQUEST: Request = Request::new(0, 0, 0);

    const LIMITS: Limits = Limits {
        bucket: 0,
        limit: 5,
        remaining: 4,
        reset_ms: 1_000,
        reset_after_ms: 1_000,
    };

    fn world() -> World {
        let mut route = Route::new("PATCH /x", Rule::anchored(5, SECOND));
        route.shared = Some(Shared {
            from: 10 * SECOND,
            every: 100 * SECOND,
            lasts: 20 * SECOND,
        });
        let law = Law::new(100 * MS, 0.5);
        let mut world = World::new(law, vec![route], 100 * SECOND);
        world.changes = vec![Change {
            at: 50 * SECOND,
            route: 0,
            rule: Rule::anchored(3, SECOND),
        }];
        world
    }

    #[test]
    fn what_the_client_could_not_know_is_counted_apart() {
        let world = world();
        for (by, first, later) in [
            (By::Global, Class::GlobalFirst, Class::Global),
            (By::Hidden, Class::HiddenFirst, Class::HiddenRepeat),
        ] {
            let mut judge = Judge::new(&world, 1);
            assert_eq!(judge.class(2, 1, &REQUEST, by, true), first);
            judge.tell(10, 2, &REQUEST, Some(by), None);
            // What was on its way when the answer came is no repeat.
            assert_eq!(judge.class(12, 9, &REQUEST, by, true), first);
            assert_eq!(judge.class(12, 10, &REQUEST, by, true), later);
        }
    }

    #[test]
    fn a_visible_limit_is_always_our_own_fault_unless_it_changed() {
        let world = world();
        let mut judge = Judge::new(&world, 1);
        let class =
            |judge: &Judge<'_>, at, sent| judge.class(at, sent, &REQUEST, By::Visible, true);
        assert_eq!(class(&judge, SECOND, 0), Class::Early);
        let (changed, told) = (51 * SECOND, 52 * SECOND);
        assert_eq!(class(&judge, changed, 49 * SECOND), Class::Changed);
        // An answer from before the change tells nothing of it.
        judge.tell(changed, 49 * SECOND, &REQUEST, None, Some(&LIMITS));
        assert_eq!(class(&judge, changed, changed), Class::Changed);
        judge.tell(told, changed, &REQUEST, None, None);
        let later = told + 1;
        assert_eq!(
            class(&judge, 53 * SECOND, later),
            Class::Changed,
            "it told nothing"
        );
        judge.tell(told, changed, &REQUEST, None, Some(&LIMITS));
        assert_eq!(class(&judge, 53 * SECOND, told - 1), Class::Changed);
        assert_eq!(class(&judge, 53 * SECOND, told), Class::Early);
    }

    #[test]
    fn of_a_window_without_an_answer_nobody_knows_that_it_is_longer_than_any() {
        let world = world();
        let mut judge = Judge::new(&world, 1);
        let class = |judge: &Judge<'_>, at| {
            let sent = at - MS;
            judge.class(at, sent, &REQUEST, By::Visible, true)
        };
        // A second was told of, and the next window lasts ten.
        judge.pass(2 * SECOND, &REQUEST, &LIMITS);
        judge.tell(3 * SECOND, 2 * SECOND, &REQUEST, None, Some(&LIMITS));
        let reset_ms = 13_000;
        let longer = Limits { reset_ms, ..LIMITS };
        judge.pass(3 * SECOND, &REQUEST, &longer);
        assert_eq!(class(&judge, 4 * SECOND), Class::Early);
        assert_eq!(class(&judge, 5 * SECOND), Class::Changed);
        judge.tell(6 * SECOND, 3 * SECOND, &REQUEST, None, Some(&longer));
        assert_eq!(class(&judge, 7 * SECOND), Class::Early);
    }

    #[test]
    fn of_an_unknown_limit_one_asks_at_a_time() {
        let world = world();
        let mut judge = Judge::new(&world, 2);
        let other = Request::new(0, 0, 1);
        assert!(judge.leave(&REQUEST));
        assert!(!judge.leave(&REQUEST), "one is on its way");
        judge.hear(&REQUEST, None);
        judge.hear(&REQUEST, None);
        assert!(judge.leave(&REQUEST), "nobody was answered");
        assert!(judge.leave(&other));
        let answer = Answer {
            status: 200,
            limits: Some(LIMITS),
            refusal: None,
        };
        judge.hear(&other, Some(&answer));
        judge.hear(&REQUEST, None);
        assert!(!judge.leave(&REQUEST), "another resource was told");
        let class = judge.class(1, 0, &REQUEST, By::Visible, false);
        assert_eq!(class, Class::Changed);
    }

    #[test]
    fn who_was_told_that_others_hold_a_resource_is_to_wait() {
        let world = world();
        let mut judge = Judge::new(&world, 1);
        let class = |judge: &Judge<'_>, at, sent| judge.class(at, sent, &REQUEST, By::Shared, true);
        assert_eq!(class(&judge, 11 * SECOND, 10 * SECOND), Class::Shared);
        judge.tell(12 * SECOND, 11 * SECOND, &REQUEST, Some(By::Shared), None);
        assert_eq!(class(&judge, 13 * SECOND, 11 * SECOND), Class::Shared);
        assert_eq!(class(&judge, 14 * SECOND, 13 * SECOND), Class::Early);
        // The next time that others hold it is news again.
        assert_eq!(class(&judge, 111 * SECOND, 110 * SECOND), Class::Shared);
    }
}
