//! Single deletions of messages that come close together become one request: a rule, with the time as
//! an argument.
//!
//! Who comes first opens a bunch, and others join it until its time is over or it is full. Whoever
//! leaves before takes their message along.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use http::HeaderValue;
use ovenjs_ratelimit::Priority;
use ovenjs_types::limits;

/// The bunches under way; there are at most as many as there are calls.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    bunches: HashMap<u64, Bunch>,
    /// Those that can be joined.
    open: HashMap<Key, u64>,
    /// Channels in which many may not be deleted at once, as was told at that time.
    refused: HashMap<u64, Instant>,
    opened: u64,
    gathered: u64,
}

/// What is deleted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) channel: u64,
    pub(crate) reason: Option<HeaderValue>,
    pub(crate) priority: Priority,
}

/// What whoever keeps the time of a bunch does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waits until then, or until it is full.
    Wait(Instant),
    /// Sends it. The most patient of the calls waits until then.
    Send(Vec<u64>, Instant),
    /// Nobody else has come.
    Alone,
}

/// Deletions that wait for one another.
#[derive(Debug)]
struct Bunch {
    key: Key,
    due: Instant,
    deadline: Instant,
    /// The messages, each with how many calls want it deleted.
    messages: BTreeMap<u64, usize>,
    /// The calls in it.
    calls: usize,
    is_closed: bool,
}

impl Gathering {
    /// Takes a deletion in, and says in which bunch it is and whether that is full now; none where it
    /// has to go by itself, since many at once were refused in its channel.
    pub(crate) fn join(
        &mut self,
        now: Instant,
        window: Duration,
        key: &Key,
        message: u64,
        deadline: Instant,
    ) -> Option<(u64, bool)> {
        let told = self.refused.get(&key.channel).copied();
        if told.is_some_and(|told| now.saturating_duration_since(told) < REFUSED_FOR) {
            return None;
        }
        let open = self.open.get(key).copied();
        let open = open.filter(|number| {
            self.bunches
                .get(number)
                .is_some_and(|bunch| bunch.due > now && bunch.has_room(message))
        });
        let number = open.unwrap_or_else(|| {
            self.opened += 1;
            let bunch = Bunch {
                key: key.clone(),
                due: crate::delivery::after(now, window.min(WINDOW_MAX)),
                deadline,
                messages: BTreeMap::new(),
                calls: 0,
                is_closed: false,
            };
            self.bunches.insert(self.opened, bunch);
            // One that is full or due is its callers' alone from now on.
            self.open.insert(key.clone(), self.opened);
            self.opened
        });
        let bunch = self.bunches.get_mut(&number)?;
        bunch.calls += 1;
        bunch.deadline = bunch.deadline.max(deadline);
        *bunch.messages.entry(message).or_default() += 1;
        Some((number, bunch.is_full()))
    }

    /// What to do with a bunch now. From [`Step::Send`] on nobody joins it; asked again, since whoever
    /// was to send it has left, it is the same again.
    pub(crate) fn poll(&mut self, now: Instant, number: u64) -> Step {
        let Some(bunch) = self.bunches.get_mut(&number) else {
            return Step::Alone;
        };
        if !bunch.is_closed && bunch.due > now && !bunch.is_full() {
            return Step::Wait(bunch.due);
        }
        bunch.is_closed = true;
        if self.open.get(&bunch.key) == Some(&number) {
            self.open.remove(&bunch.key);
        }
        if bunch.messages.len() < limits::MESSAGE_BULK_DELETE_MIN {
            Step::Alone
        } else {
            let messages = bunch.messages.keys().copied().collect();
            Step::Send(messages, bunch.deadline)
        }
    }

    /// A call goes, whichever way. Its message goes with it, unless it was sent or another wants it.
    /// Whether nobody is left.
    pub(crate) fn leave(&mut self, number: u64, message: u64) -> bool {
        let Some(bunch) = self.bunches.get_mut(&number) else {
            return true;
        };
        bunch.calls = bunch.calls.saturating_sub(1);
        if !bunch.is_closed
            && let Some(calls) = bunch.messages.get_mut(&message)
        {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                bunch.messages.remove(&message);
            }
        }
        if bunch.calls > 0 {
            return false;
        }
        if self.open.get(&bunch.key) == Some(&number) {
            self.open.remove(&bunch.key);
        }
        self.bunches.remove(&number);
        true
    }

    /// So many messages were deleted at once.
    pub(crate) fn deleted(&mut self, messages: usize) {
        let messages = u64::try_from(messages).unwrap_or(u64::MAX);
        self.gathered = self.gathered.saturating_add(messages);
    }

    /// Many at once were refused in this channel.
    pub(crate) fn refuse(&mut self, now: Instant, channel: u64) {
        if self.refused.len() >= REFUSED_MAX {
            let is_recent = |told: &Instant| now.saturating_duration_since(*told) < REFUSED_FOR;
            self.refused.retain(|_, told| is_recent(told));
        }
        if self.refused.len() < REFUSED_MAX {
            self.refused.insert(channel, now);
        }
    }

    /// Messages since the start that were deleted together with others.
    pub(crate) const fn gathered(&self) -> u64 {
        self.gathered
    }
}

impl Bunch {
    fn is_full(&self) -> bool {
        self.messages.len() >= limits::MESSAGE_BULK_DELETE
    }

    fn has_room(&self, message: u64) -> bool {
        !self.is_closed && (!self.is_full() || self.messages.contains_key(&message))
    }
}

/// A longer window would be a delay that people see.
const WINDOW_MAX: Duration = Duration::from_secs(1);

/// For so long nobody gathers where it was refused: as long as other refusals are believed.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// The most channels of which that is remembered; in others it is tried and refused again.
const REFUSED_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bunch_is_sent_when_its_time_is_over_or_when_it_is_full() {
        let mut story = Story::begin();
        let one = story.join(1, 7);
        story.now += ms(19);
        assert_eq!((story.join(2, 7), story.join(2, 7)), (one, one));
        assert_eq!(story.poll(one), Step::Wait(story.start + ms(20)));
        story.now += ms(1);
        // It is due, so the next one opens another.
        let two = story.join(3, 7);
        assert_ne!(one, two);
        assert_eq!(story.poll(one), Step::Send(vec![1, 2], story.deadline()));
        assert_eq!(story.poll(two), Step::Wait(story.start + ms(40)));

        for message in 4..=101 {
            assert_eq!(story.join(message, 7), two);
        }
        assert_eq!(story.poll(two), Step::Wait(story.start + ms(40)));
        let key = story.key(7);
        let full = story
            .gathering
            .join(story.now, WINDOW, &key, 102, story.deadline());
        assert_eq!(full, Some((two, true)));
        // What is in it already finds a place, what is not does not.
        assert_eq!(story.join(102, 7), two);
        assert_ne!(story.join(103, 7), two);
        let Step::Send(messages, _) = story.poll(two) else {
            panic!("it is full")
        };
        assert_eq!(messages, (3..=102).collect::<Vec<_>>());
    }

    #[test]
    fn whoever_leaves_takes_their_message_along_unless_it_is_on_its_way() {
        let mut story = Story::begin();
        let bunch = story.join(1, 7);
        for message in [2, 2, 3] {
            story.join(message, 7);
        }
        story.gathering.leave(bunch, 1);
        story.gathering.leave(bunch, 2);
        story.now += ms(20);
        let sent = Step::Send(vec![2, 3], story.deadline());
        assert_eq!(story.poll(bunch), sent);
        // Who was to send it leaves; the next one sends the same.
        story.gathering.leave(bunch, 3);
        assert_eq!(story.poll(bunch), sent);
        story.gathering.leave(bunch, 2);
        assert!(story.is_empty());

        // Who is left alone goes alone, and of whom all have left nothing remains.
        let bunch = story.join(1, 7);
        story.join(2, 7);
        story.gathering.leave(bunch, 2);
        story.now += ms(20);
        assert_eq!(story.poll(bunch), Step::Alone);
        story.gathering.leave(bunch, 1);
        let bunch = story.join(1, 7);
        story.gathering.leave(bunch, 1);
        assert!(story.is_empty());
    }

    #[test]
    fn channels_and_reasons_and_priorities_stay_apart() {
        let mut story = Story::begin();
        let mut numbers = vec![story.join(1, 7), story.join(2, 8)];
        for (reason, priority) in [
            (Some("spam"), Priority::Normal),
            (Some("rude"), Priority::Normal),
            (None, Priority::Bulk),
        ] {
            let key = Key {
                channel: 7,
                reason: reason.map(HeaderValue::from_static),
                priority,
            };
            let joined = story
                .gathering
                .join(story.now, WINDOW, &key, 3, story.deadline());
            numbers.push(joined.unwrap().0);
        }
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 5);
    }

    #[test]
    fn where_it_was_refused_nobody_gathers_for_a_minute() {
        let mut story = Story::begin();
        story.gathering.refuse(story.now, 7);
        let key = story.key(7);
        let mut join = |now| story.gathering.join(now, WINDOW, &key, 1, now);
        assert_eq!(join(story.start + REFUSED_FOR - ms(1)), None);
        assert!(join(story.start + REFUSED_FOR).is_some());
        for channel in 0..5_000 {
            story.gathering.refuse(story.now, channel);
        }
        assert_eq!(story.gathering.refused.len(), REFUSED_MAX);
        story.gathering.refuse(story.now + REFUSED_FOR, 9_999);
        assert_eq!(story.gathering.refused.len(), 1);
    }

    #[test]
    fn the_most_patient_call_says_how_long_and_a_window_has_an_end() {
        let mut story = Story::begin();
        let key = story.key(7);
        for wait in [500, 900, 700] {
            let deadline = story.now + ms(wait);
            story
                .gathering
                .join(story.now, Duration::MAX, &key, wait, deadline);
        }
        assert_eq!(story.poll(1), Step::Wait(story.start + WINDOW_MAX));
        story.now += WINDOW_MAX;
        let sent = Step::Send(vec![500, 700, 900], story.start + ms(900));
        assert_eq!(story.poll(1), sent);
    }

    const WINDOW: Duration = ms(20);

    const fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    struct Story {
        start: Instant,
        now: Instant,
        gathering: Gathering,
    }

    impl Story {
        #[expect(
            clippy::disallowed_methods,
            reason = "a beginning for the virtual clock"
        )]
        fn begin() -> Self {
            let start = Instant::now();
            Self {
                start,
                now: start,
                gathering: Gathering::default(),
            }
        }

        fn deadline(&self) -> Instant {
            self.start + Duration::from_secs(60)
        }

        fn key(&self, channel: u64) -> Key {
            Key {
                channel,
                reason: None,
                priority: Priority::Normal,
            }
        }

        fn join(&mut self, message: u64, channel: u64) -> u64 {
            let (key, deadline) = (self.key(channel), self.deadline());
            let joined = self
                .gathering
                .join(self.now, WINDOW, &key, message, deadline);
            joined.expect("nobody refused it").0
        }

        fn poll(&mut self, number: u64) -> Step {
            self.gathering.poll(self.now, number)
        }

        fn is_empty(&self) -> bool {
            self.gathering.bunches.is_empty() && self.gathering.open.is_empty()
        }
    }
}
