//! Which roles a member holds, in one look.

/// What is asked of a member most often: the number of their set of roles, and whether they were timed out.
///
/// Present heads are not 0, so that a place in a [`Line`] is free where it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head(u32);

impl Head {
    /// There is memory for far fewer sets than there are such numbers.
    pub(super) const fn new(set: u32, is_timed_out: bool) -> Self {
        let mark = if is_timed_out { TIMED_OUT } else { 0 };
        Self(set << 2 | mark | PRESENT)
    }

    /// The number of the set of roles.
    pub(super) const fn set(self) -> u32 {
        self.0 >> 2
    }

    /// Whether the member was timed out, be it over or not.
    pub(super) const fn is_timed_out(self) -> bool {
        self.0 & TIMED_OUT != 0
    }
}

const PRESENT: u32 = 1;
const TIMED_OUT: u32 = 2;

/// The heads of a guild's members, by user.
///
/// A table of lines of the processor's cache, five members in each: who does not fit into the line that their
/// id points to stands in the next one that has room. So a look touches one line of memory, now and then its
/// neighbour, and takes no branch that depends on what it finds there. Lines are as many as are needed for
/// four places in five to be taken at most, which makes about 17 bytes a member; the table grows by a quarter,
/// all at once: some 10 ms at a million members.
#[derive(Debug, Default)]
pub(super) struct Heads {
    lines: Vec<Line>,
    count: usize,
}

/// Taken places come before free ones.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Line {
    users: [u64; PLACES],
    heads: [u32; PLACES],
}

impl Heads {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The bytes that it holds on the heap, as it asked the allocator for them.
    pub(super) const fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }

    #[inline]
    pub(super) fn get(&self, user: u64) -> Option<Head> {
        let mut at = self.home(user);
        loop {
            let line = self.lines.get(at)?;
            let found = line.find(user);
            if found != 0 {
                return Some(Head(found));
            }
            // One place of the whole table is free at least, so this ends.
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Puts a head there, in place of one of this user. 0 is nobody's id.
    pub(super) fn put(&mut self, user: u64, head: Head) {
        if user == 0 {
            return;
        }
        if let Some((at, place)) = self.place(user) {
            if let Some(place) = self
                .lines
                .get_mut(at)
                .and_then(|line| line.heads.get_mut(place))
            {
                *place = head.0;
            }
            return;
        }
        self.count += 1;
        if self.count > most(self.lines.len()) {
            self.resize(self.lines.len() + self.lines.len() / GROWTH + 1);
        }
        self.add(user, head.0);
    }

    /// Takes a head away, and brings those nearer to where they are looked for who had found no room there.
    pub(super) fn remove(&mut self, user: u64) {
        let Some((mut hole, place)) = self.place(user) else {
            return;
        };
        self.count -= 1;
        let mut was_full = self.take(hole, place).1;
        let mut at = hole;
        while was_full {
            at = self.after(at);
            let Some(line) = self.lines.get(at) else {
                return;
            };
            was_full = line.is_full();
            let passed = line.users.iter().position(|user| {
                *user != 0 && self.distance(self.home(*user), at) >= self.distance(hole, at)
            });
            if let Some(place) = passed {
                let (taken, _) = self.take(at, place);
                if let Some(line) = self.lines.get_mut(hole) {
                    line.add(taken);
                }
                hole = at;
            }
        }
        if self.count < most(self.lines.len()) / 2 {
            let needed = self.count.div_ceil(PLACES * LOAD.0 / LOAD.1);
            self.resize(needed + needed / GROWTH);
        }
    }

    fn resize(&mut self, lines: usize) {
        let new = vec![Line::default(); lines];
        let old = std::mem::replace(&mut self.lines, new);
        for line in old {
            for (user, head) in line.users.into_iter().zip(line.heads) {
                if user != 0 {
                    self.add(user, head);
                }
            }
        }
    }

    /// Adds one who is not there.
    fn add(&mut self, user: u64, head: u32) {
        let mut at = self.home(user);
        while let Some(line) = self.lines.get_mut(at) {
            if line.add((user, head)) {
                return;
            }
            at = self.after(at);
        }
    }

    fn place(&self, user: u64) -> Option<(usize, usize)> {
        let mut at = self.home(user);
        loop {
            let line = self.lines.get(at)?;
            if let Some(place) = line.users.iter().position(|known| *known == user) {
                return Some((at, place));
            }
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Takes out of a line, and tells whether that was full.
    fn take(&mut self, at: usize, place: usize) -> ((u64, u32), bool) {
        let Some(line) = self.lines.get_mut(at) else {
            return ((0, 0), false);
        };
        let was_full = line.is_full();
        let last = line.users.iter().rposition(|user| *user != 0);
        let last = last.unwrap_or_default();
        line.users.swap(place, last);
        line.heads.swap(place, last);
        let taken = line.users.get_mut(last).zip(line.heads.get_mut(last));
        let taken = taken.map(|(user, head)| (std::mem::take(user), std::mem::take(head)));
        (taken.unwrap_or_default(), was_full)
    }

    /// The line that an id points to: ids are mixed and spread over the lines in their order, so that there
    /// may be any number of them.
    #[inline]
    fn home(&self, user: u64) -> usize {
        let mixed = user.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let lines = u128::try_from(self.lines.len()).unwrap_or_default();
        usize::try_from((u128::from(mixed) * lines) >> 64).unwrap_or_default()
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 < self.lines.len() { at + 1 } else { 0 }
    }

    /// How many lines a place is behind another.
    fn distance(&self, from: usize, to: usize) -> usize {
        if from <= to {
            to - from
        } else {
            to + self.lines.len() - from
        }
    }
}

impl Line {
    /// The head of a user, 0 where they are not in it. All places are looked at: what is in the line is
    /// not known yet when the processor goes on, and it would guess wrong.
    #[inline]
    fn find(&self, user: u64) -> u32 {
        let places = self.users.iter().zip(self.heads);
        places.fold(0, |found, (known, head)| {
            found | if *known == user { head } else { 0 }
        })
    }

    #[inline]
    const fn is_full(&self) -> bool {
        let [.., last] = self.users;
        last != 0
    }

    fn add(&mut self, (user, head): (u64, u32)) -> bool {
        let places = self.users.iter_mut().zip(&mut self.heads);
        for (known, place) in places {
            if *known == 0 {
                (*known, *place) = (user, head);
                return true;
            }
        }
        false
    }
}

/// How many may stand in so many lines.
const fn most(lines: usize) -> usize {
    lines * PLACES * LOAD.0 / LOAD.1
}

/// As many users and heads as fit into 64 bytes.
const PLACES: usize = 5;

/// Beyond four of five, more and more stand beside their line.
const LOAD: (usize, usize) = (4, 5);

/// The part by which a table grows.
const GROWTH: usize = 4;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_one_of_the_processors_and_a_member_takes_a_quarter_of_it() {
        assert_eq!(size_of::<Line>(), 64);
        let mut heads = Heads::default();
        for user in 1..=100_000 {
            heads.put(user << 22, Head::new(7, false));
        }
        assert!(heads.bytes() <= 100_000 * 20, "{}", heads.bytes());
        for user in 1..=99_000 {
            heads.remove(user << 22);
        }
        assert!(heads.bytes() <= 1_000 * 50, "{}", heads.bytes());
        assert_eq!(heads.get(99_500 << 22), Some(Head::new(7, false)));
    }

    #[test]
    fn most_are_found_where_they_are_looked_for_first() {
        let mut heads = Heads::default();
        for user in 1..=50_000 {
            heads.put(user << 22 | user & 0xfff, Head::new(7, false));
        }
        let is_home = |at: usize, user: &u64| *user != 0 && heads.home(*user) == at;
        let lines = heads.lines.iter().enumerate();
        let home: usize = lines
            .map(|(at, line)| line.users.iter().filter(|user| is_home(at, user)).count())
            .sum();
        assert!(home > 50_000 * 8 / 10, "{home}");
    }

    proptest! {
        #[test]
        fn they_are_a_map(steps in prop::collection::vec((0_u8..3, 1_u64..200, 0_u32..1_000, any::<bool>()), 0..600)) {
            let mut heads = Heads::default();
            let mut map = HashMap::new();
            for (step, user, set, is_timed_out) in steps {
                let user = user << 22;
                if step == 0 {
                    heads.remove(user);
                    map.remove(&user);
                } else {
                    heads.put(user, Head::new(set, is_timed_out));
                    map.insert(user, (set, is_timed_out));
                }
                prop_assert_eq!(heads.len(), map.len());
                prop_assert_eq!(known(&heads, user), map.get(&user).copied());
            }
            for user in (0_u64..200).map(|user| user << 22) {
                prop_assert_eq!(known(&heads, user), map.get(&user).copied(), "{}", user);
            }
        }
    }

    fn known(heads: &Heads, user: u64) -> Option<(u32, bool)> {
        let head = heads.get(user)?;
        Some((head.set(), head.is_timed_out()))
    }
}
