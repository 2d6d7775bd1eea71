//! What the consumer has handled, where it says so: the mark up to which nothing is open.

use std::collections::VecDeque;

use ovenjs_types::Version;

/// Deliveries that were given out, in order, and which of them are handled.
///
/// Events may be handled in any order. The mark moves over those that are handled without a hole,
/// and takes what nobody had to handle along.
#[derive(Debug)]
pub(super) struct Handled {
    mark: Version,
    /// From the first delivery that is not handled on.
    open: VecDeque<Open>,
}

#[derive(Debug)]
struct Open {
    version: Version,
    /// The last number behind this delivery that nobody is given.
    through: Version,
    done: bool,
}

/// How many deliveries may be given out beyond the mark. A handler that never ends holds the mark;
/// behind this many (under 400 KiB of memory) the session gives out no more.
pub const UNHANDLED_MAX: usize = 8_192;

impl Handled {
    pub(super) const fn new(mark: Version) -> Self {
        Self {
            mark,
            open: VecDeque::new(),
        }
    }

    /// The last version of which it and all before it are handled.
    pub(super) const fn mark(&self) -> Version {
        self.mark
    }

    /// Whether nothing that was given out is open.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many more may be given out.
    pub(super) fn room(&self) -> usize {
        UNHANDLED_MAX.saturating_sub(self.open.len())
    }

    /// A delivery was given out. One that is `done` needs no handling.
    pub(super) fn gave(&mut self, version: Version, through: Version, done: bool) {
        self.open.push_back(Open {
            version,
            through,
            done,
        });
        self.advance();
    }

    /// Versions up to this one, behind all that was given out, are for nobody.
    pub(super) fn pass(&mut self, through: Version) {
        match self.open.back_mut() {
            Some(last) => last.through = through,
            None => self.mark = through,
        }
    }

    /// The consumer has handled this one. Unknown ones, and those handled before, change nothing.
    pub(super) fn handled(&mut self, version: Version) {
        let first = self.open.partition_point(|open| open.version < version);
        // Events without a number share that of the one before.
        let open = self
            .open
            .range_mut(first..)
            .take_while(|open| open.version == version)
            .find(|open| !open.done);
        if let Some(open) = open {
            open.done = true;
            self.advance();
        }
    }

    fn advance(&mut self) {
        while self.open.front().is_some_and(|open| open.done) {
            if let Some(open) = self.open.pop_front() {
                self.mark = open.through;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(seq: u64) -> Version {
        Version { epoch: 1, seq }
    }

    proptest! {
        #[test]
        fn the_mark_is_just_below_the_first_open_one(
            given in prop::collection::vec(any::<bool>(), 1..60),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        ) {
            let mut handled = Handled::new(at(0));
            let mut open = Vec::new();
            for (seq, wanted) in (1..).zip(&given) {
                if *wanted {
                    handled.gave(at(seq), at(seq), false);
                    open.push(seq);
                } else {
                    handled.pass(at(seq));
                }
            }
            let last = u64::try_from(given.len()).unwrap();
            for index in order {
                let first_open = open.first().copied().unwrap_or(last + 1);
                prop_assert_eq!(handled.mark(), at(first_open - 1));
                if !open.is_empty() {
                    handled.handled(at(open.remove(index.index(open.len()))));
                }
            }
        }
    }

    #[test]
    fn what_was_never_given_or_is_handled_twice_changes_nothing() {
        let mut handled = Handled::new(at(3));
        handled.gave(at(4), at(4), false);
        handled.gave(at(5), at(5), false);
        for seq in [1, 9, 5, 5] {
            handled.handled(at(seq));
            assert_eq!(handled.mark(), at(3));
        }
        handled.handled(at(4));
        assert_eq!(handled.mark(), at(5));
        assert_eq!(handled.room(), UNHANDLED_MAX);
    }

    #[test]
    fn events_that_share_a_number_are_handled_one_by_one() {
        let mut handled = Handled::new(at(1));
        handled.gave(at(1), at(1), false);
        handled.gave(at(1), at(1), false);
        handled.gave(at(2), at(2), true);
        handled.handled(at(1));
        assert_eq!(handled.mark(), at(1));
        handled.handled(at(1));
        assert_eq!(handled.mark(), at(2));
    }
}
