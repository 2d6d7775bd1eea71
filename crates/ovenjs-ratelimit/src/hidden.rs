//! Limits that no header tells: learned from the 429 that they cost once.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::{Major, Shape, clock::Local};

/// The hidden limits of some routes' fields, such as a channel's name: twice in ten minutes.
///
/// A 429 which the headers beside it do not explain tells when the hidden window ends. Together with
/// when its fields were changed before, that leaves a few pairs of limit and length: from the last
/// change on, the last two, and so on. The pair whose length is nearest to one that a person would
/// have written down is believed, for all resources of the route. Only requests that change those
/// fields wait.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    rules: Vec<Rule>,
    /// The changes of each resource, bounded by [`RESOURCES_MAX`].
    resources: HashMap<(u32, Major), Changes>,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    template: u32,
    shape: Shape,
    limit: usize,
    length: i64,
    /// When it was learned, or broken, last.
    hit: Local,
}

#[derive(Debug, Default)]
struct Changes {
    /// When fields were changed, oldest first; those without an answer are at their sending.
    done: VecDeque<(Local, Shape)>,
    /// No request that changes these fields leaves until then.
    blocked: Option<(Shape, Local)>,
}

/// The largest hidden limit that is looked for.
const LIMIT_MAX: usize = 20;

/// Resources whose changes are remembered: as many as a large bot changes in an hour, in a megabyte or two.
const RESOURCES_MAX: usize = 4_096;

/// The most changes of one resource: those of some sets of fields.
const CHANGES_MAX: usize = 8 * LIMIT_MAX;

/// Rules that are remembered; there are a handful.
const RULES_MAX: usize = 256;

/// Lengths that people write down, in seconds.
const LENGTHS: [i64; 17] = [
    1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 86_400,
];

/// How far from it a length may be found: answers travel, and waits are rounded up to seconds.
const TOLERANCE: i64 = 1_500_000;

/// A rule that was not hit for so many of its lengths, or a day, is tried once more.
const FORGOTTEN_AFTER: i64 = 100;
const DAY: i64 = 86_400_000_000;

const SECOND: i64 = 1_000_000;

impl Hidden {
    /// Whether a request may start: else when to ask again.
    pub(crate) fn ready(
        &self,
        now: Local,
        template: u32,
        major: Major,
        shape: Shape,
    ) -> Result<(), Local> {
        if shape == Shape::NONE {
            return Ok(());
        }
        let Some(changes) = self.resources.get(&(template, major)) else {
            return Ok(());
        };
        let mut until = changes
            .blocked
            .filter(|(blocked, until)| shape.includes(*blocked) && *until > now)
            .map(|(_, until)| until);
        for rule in &self.rules {
            if rule.template != template || !shape.includes(rule.shape) || rule.is_forgotten(now) {
                continue;
            }
            let of_rule = changes.done.iter().rev();
            let mut of_rule = of_rule.filter(|(_, shape)| shape.includes(rule.shape));
            let first = of_rule.nth(rule.limit.saturating_sub(1));
            let free = first.map(|(at, _)| at.saturating_add(rule.length));
            until = until.max(free.filter(|at| *at > now));
        }
        until.map_or(Ok(()), Err)
    }

    /// A request leaves which changes these fields.
    pub(crate) fn start(&mut self, now: Local, template: u32, major: Major, shape: Shape) {
        if shape == Shape::NONE {
            return;
        }
        let changes = self.changes_of(now, template, major);
        let of_shape = changes.done.iter().filter(|(_, other)| *other == shape);
        if of_shape.count() >= LIMIT_MAX
            && let Some(oldest) = changes.done.iter().position(|(_, other)| *other == shape)
        {
            changes.done.remove(oldest);
        }
        if changes.done.len() >= CHANGES_MAX {
            changes.done.pop_front();
        }
        changes.done.push_back((now, shape));
    }

    /// What left at `sent` did not count: it never arrived, or was refused.
    pub(crate) fn give_back(&mut self, sent: Local, template: u32, major: Major, shape: Shape) {
        if shape == Shape::NONE {
            return;
        }
        if let Some(changes) = self.resources.get_mut(&(template, major))
            && let Some(place) = changes.done.iter().rposition(|at| *at == (sent, shape))
        {
            changes.done.remove(place);
        }
    }

    /// It counted, and was answered at `now`: it arrived no later.
    pub(crate) fn answered(
        &mut self,
        now: Local,
        sent: Local,
        template: u32,
        major: Major,
        shape: Shape,
    ) {
        if shape == Shape::NONE {
            return;
        }
        if let Some(changes) = self.resources.get_mut(&(template, major))
            && let Some(change) = changes.done.iter_mut().rfind(|at| **at == (sent, shape))
        {
            change.0 = now;
        }
    }

    /// A 429 that the headers do not explain, for so long.
    pub(crate) fn hit(&mut self, now: Local, template: u32, major: Major, shape: Shape, wait: i64) {
        let changes = self.changes_of(now, template, major);
        let end = now.saturating_add(wait);
        changes.blocked = Some((shape, end));
        let of_shape = changes.done.iter().rev();
        let of_shape = of_shape.filter(|(_, other)| other.includes(shape));
        let candidates: Vec<Candidate> = of_shape
            .take(LIMIT_MAX)
            .enumerate()
            .filter_map(|(before, (at, _))| Candidate::of(before + 1, end.saturating_sub(*at)))
            .collect();
        let nearest = candidates.iter().min_by_key(|one| one.distance);
        // Changes that lie as close together as answers are late are told apart by nothing. A window
        // begins with the first of them.
        let likely = nearest.and_then(|nearest| {
            let alike = |one: &&Candidate| one.written == nearest.written;
            candidates.iter().rfind(alike)
        });
        // Where no pair is likely, one per wait is what nothing contradicts.
        let (limit, length) = likely.map_or((1, wait), |one| (one.limit, one.length));
        let has_room = self.rules.len() < RULES_MAX;
        let known = self
            .rules
            .iter_mut()
            .find(|rule| rule.template == template && rule.shape == shape);
        let rule = Rule {
            template,
            shape,
            limit,
            length,
            hit: now,
        };
        match known {
            Some(known) => *known = rule,
            None if has_room => self.rules.push(rule),
            None => {}
        }
    }

    fn changes_of(&mut self, now: Local, template: u32, major: Major) -> &mut Changes {
        let key = (template, major);
        if self.resources.len() >= RESOURCES_MAX && !self.resources.contains_key(&key) {
            self.make_room(now);
        }
        self.resources.entry(key).or_default()
    }

    /// Forgets what is old; where that is not enough, a quarter of the rest: first resources of routes of
    /// which no hidden limit is known, then those that were changed longest ago. Whoever is forgotten may
    /// be sent one 429 more.
    fn make_room(&mut self, now: Local) {
        self.resources.retain(|_, changes| !changes.is_old(now));
        if self.resources.len() < RESOURCES_MAX {
            return;
        }
        let rules = &self.rules;
        let worth = |key: &(u32, Major), changes: &Changes| {
            let is_ruled = rules.iter().any(|rule| rule.template == key.0);
            (is_ruled, changes.last())
        };
        let all = self.resources.iter();
        let mut worths: Vec<_> = all.map(|(key, changes)| worth(key, changes)).collect();
        let (_, least, _) = worths.select_nth_unstable(RESOURCES_MAX / 4);
        let least = *least;
        self.resources
            .retain(|key, changes| worth(key, changes) > least);
    }
}

/// So many changes in a time that a person would have written down, about.
struct Candidate {
    limit: usize,
    length: i64,
    written: i64,
    distance: u64,
}

impl Candidate {
    fn of(limit: usize, length: i64) -> Option<Self> {
        let written = LENGTHS.map(|seconds| seconds * SECOND);
        let written = written
            .into_iter()
            .min_by_key(|written| written.abs_diff(length))?;
        let distance = written.abs_diff(length);
        let bound = TOLERANCE.unsigned_abs().min(written.unsigned_abs() / 5);
        (distance <= bound).then_some(Self {
            limit,
            length: written.max(length),
            written,
            distance,
        })
    }
}

impl Rule {
    fn is_forgotten(&self, now: Local) -> bool {
        let life = self.length.saturating_mul(FORGOTTEN_AFTER).max(DAY);
        now.saturating_sub(self.hit) > life
    }
}

impl Changes {
    fn is_old(&self, now: Local) -> bool {
        let until = self.blocked.map_or(Local::MIN, |(_, until)| until);
        until <= now && now.saturating_sub(self.last()) > 3_600 * SECOND
    }

    /// When something was changed, or told, last.
    fn last(&self) -> Local {
        self.done.back().map_or(Local::MIN / 2, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_to_be_limited_is_remembered_however_much_else_is_changed() {
        let (mut hidden, shape) = (Hidden::default(), Shape::of(["name"]));
        let change = |hidden: &mut Hidden, at, template, resource: u64| {
            hidden.start(at, template, Major::of(resource), shape);
        };
        change(&mut hidden, 0, 0, 1);
        change(&mut hidden, 1, 0, 1);
        hidden.hit(2, 0, Major::of(1_u64), shape, 600 * SECOND);
        // Many others, of a route without a hidden limit.
        for resource in 0..10_000 {
            let at = 3 + i64::try_from(resource).unwrap();
            change(&mut hidden, at, 1, resource);
            assert!(hidden.resources.len() <= RESOURCES_MAX);
        }
        assert!(hidden.ready(20_000, 0, Major::of(1_u64), shape).is_err());
        // Whoever comes now is remembered as well, and those of just before.
        for at in [20_000, 20_001] {
            change(&mut hidden, at, 0, 2);
        }
        assert!(hidden.ready(20_002, 0, Major::of(2_u64), shape).is_err());
        assert!(hidden.resources.contains_key(&(1, Major::of(9_999_u64))));
        // Refusals make room as well.
        for resource in 0..10_000_u64 {
            hidden.hit(30_000, 2, Major::of(resource), shape, SECOND);
        }
        assert!(hidden.resources.len() <= RESOURCES_MAX);
    }

    #[test]
    fn two_changes_that_came_at_once_are_both_of_the_window_however_late_its_refusal_is_told() {
        for late in [0, 5, 20, 60, 400] {
            let (mut hidden, shape) = (Hidden::default(), Shape::of(["name"]));
            let bread = Major::of(1_u64);
            // Two in ten minutes, from the first on: a hundredth of a second apart.
            for sent in [0, 10_000] {
                hidden.start(sent, 0, bread, shape);
                hidden.answered(sent + 5_000, sent, 0, bread, shape);
            }
            let told = 25_000 + late * 1_000;
            hidden.hit(told, 0, bread, shape, 600 * SECOND - 25_000);
            let cake = Major::of(2_u64);
            let now = 700 * SECOND;
            for sent in [now, now + 1] {
                assert_eq!(hidden.ready(sent, 0, cake, shape), Ok(()), "{late} ms");
                hidden.start(sent, 0, cake, shape);
            }
            let until = hidden.ready(now + 2, 0, cake, shape).unwrap_err();
            assert!(until >= now + 600 * SECOND, "{late} ms");
        }
    }
}
