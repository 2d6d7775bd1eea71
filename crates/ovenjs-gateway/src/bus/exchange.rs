//! The requests that wait for answers. Pure: answers and `now` go in, what is whole comes out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use bytes::Bytes;

use super::Member;
use crate::{Error, ErrorKind};

/// When a request has been answered enough.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gather {
    /// Once so many have answered. Refusals do not count.
    Answers(usize),
    /// Once each of these has answered or refused. Nobody else is asked.
    From(BTreeSet<Member>),
    /// When the time is up: what came until then.
    UntilDeadline,
}

impl Gather {
    /// Who is asked; everyone where that is nobody in particular.
    pub(super) fn names(&self) -> Vec<Member> {
        match self {
            Self::From(members) => members.iter().cloned().collect(),
            Self::Answers(_) | Self::UntilDeadline => Vec::new(),
        }
    }
}

/// What a member says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Answer(Bytes),
    Refusal(String),
}

/// A request and what has come for it.
#[derive(Debug)]
pub(super) struct Gathering {
    gather: Gather,
    deadline: Option<Instant>,
    heard: BTreeSet<Member>,
    answers: usize,
    bytes: usize,
    pub(super) replies: Vec<(Member, Reply)>,
}

impl Default for Gathering {
    /// A request of which nothing is known any more.
    fn default() -> Self {
        Self::new(Gather::UntilDeadline, None)
    }
}

impl Gathering {
    fn new(gather: Gather, deadline: Option<Instant>) -> Self {
        Self {
            gather,
            deadline,
            heard: BTreeSet::new(),
            answers: 0,
            bytes: 0,
            replies: Vec::new(),
        }
    }

    /// Whether nothing more is wanted.
    pub(super) fn is_complete(&self) -> bool {
        match &self.gather {
            Gather::Answers(wanted) => self.answers >= *wanted,
            Gather::From(members) => members.is_subset(&self.heard),
            Gather::UntilDeadline => false,
        }
    }

    /// Who was asked by name and has not been heard.
    pub(super) fn missing(&self) -> Vec<Member> {
        match &self.gather {
            Gather::From(members) => members.difference(&self.heard).cloned().collect(),
            Gather::Answers(_) | Gather::UntilDeadline => Vec::new(),
        }
    }
}

/// All requests of one member that wait.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    last: u64,
    pending: BTreeMap<u64, Gathering>,
    pub(super) counts: Counts,
}

/// What was dropped, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) late: u64,
    pub(super) duplicates: u64,
    pub(super) unasked: u64,
    pub(super) overflowed: u64,
}

impl Exchange {
    /// Begins a request and gives its id, which is never given again.
    pub(super) fn ask(&mut self, deadline: Instant, gather: Gather) -> Result<u64, Error> {
        if self.pending.len() >= PENDING_MAX {
            let text = format!(
                "{PENDING_MAX} requests wait for answers already: wait for some of them, or give them less time"
            );
            return Err(Error::new(ErrorKind::Busy, text));
        }
        self.last += 1;
        let gathering = Gathering::new(gather, Some(deadline));
        self.pending.insert(self.last, gathering);
        Ok(self.last)
    }

    /// Takes a reply in; gives the request back once it is whole. What comes at the deadline or
    /// later is late even where nobody has collected the request yet.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        id: u64,
        from: Member,
        reply: Reply,
    ) -> Option<Gathering> {
        let waits = |gathering: &&mut Gathering| gathering.deadline.is_none_or(|end| now < end);
        let Some(gathering) = self.pending.get_mut(&id).filter(waits) else {
            self.counts.late += 1;
            return None;
        };
        if let Gather::From(members) = &gathering.gather
            && !members.contains(&from)
        {
            self.counts.unasked += 1;
            return None;
        }
        if gathering.heard.contains(&from) {
            self.counts.duplicates += 1;
            return None;
        }
        let size = match &reply {
            Reply::Answer(body) => body.len(),
            Reply::Refusal(reason) => reason.len(),
        };
        if gathering.replies.len() >= REPLIES_MAX || gathering.bytes + size > GATHERED_BYTES_MAX {
            self.counts.overflowed += 1;
            return None;
        }
        gathering.heard.insert(from.clone());
        gathering.bytes += size;
        gathering.answers += usize::from(matches!(reply, Reply::Answer(_)));
        gathering.replies.push((from, reply));
        if gathering.is_complete() {
            return self.pending.remove(&id);
        }
        None
    }

    /// Ends a request and gives what has come for it, unless it was whole and given before.
    pub(super) fn give_up(&mut self, id: u64) -> Option<Gathering> {
        self.pending.remove(&id)
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }
}

/// Each costs some hundred bytes and what it gathers; who asks more at once asks without looking at
/// the answers.
const PENDING_MAX: usize = 1_024;

/// More members than the largest bot has processes.
const REPLIES_MAX: usize = 4_096;

/// What one request may hold of other members' words.
const GATHERED_BYTES_MAX: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ovenjs_net::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn so_many_answers_end_a_request_and_refusals_do_not() {
        let (mut exchange, now) = (Exchange::default(), start());
        let id = exchange.ask(now + SECOND, Gather::Answers(2)).unwrap();
        assert!(hear(&mut exchange, now, id, "a").is_none());
        let no = Reply::Refusal("busy".to_owned());
        assert!(exchange.hear(now, id, member("b"), no).is_none());
        let whole = hear(&mut exchange, now, id, "c").unwrap();
        assert!(whole.is_complete());
        let names: Vec<_> = whole
            .replies
            .iter()
            .map(|(from, _)| from.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(exchange.pending(), 0);
        // What comes after is late, and so is what comes to a request that never was.
        assert!(hear(&mut exchange, now, id, "d").is_none());
        assert!(hear(&mut exchange, now, 77, "d").is_none());
        assert_eq!(exchange.counts.late, 2);
    }

    #[test]
    fn those_asked_by_name_end_it_and_others_are_counted() {
        let (mut exchange, now) = (Exchange::default(), start());
        let asked = [member("a"), member("b")].into();
        let id = exchange.ask(now + SECOND, Gather::From(asked)).unwrap();
        assert!(hear(&mut exchange, now, id, "c").is_none());
        assert!(hear(&mut exchange, now, id, "a").is_none());
        assert!(hear(&mut exchange, now, id, "a").is_none());
        let half = exchange.give_up(id).unwrap();
        assert_eq!(half.missing(), [member("b")]);
        assert!(!half.is_complete());
        assert_eq!(half.replies.len(), 1);
        let counts = Counts {
            unasked: 1,
            duplicates: 1,
            ..Counts::default()
        };
        assert_eq!(exchange.counts, counts);
    }

    #[test]
    fn at_the_deadline_an_answer_is_late_though_nobody_has_looked() {
        let (mut exchange, now) = (Exchange::default(), start());
        let id = exchange.ask(now + SECOND, Gather::Answers(2)).unwrap();
        let just = now + SECOND - Duration::from_nanos(1);
        assert!(hear(&mut exchange, just, id, "a").is_none());
        assert!(hear(&mut exchange, now + SECOND, id, "b").is_none());
        assert_eq!(exchange.counts.late, 1);
        let rest = exchange.give_up(id).unwrap();
        assert_eq!(rest.replies.len(), 1);
        assert!(exchange.give_up(id).is_none(), "it ends once");
    }

    #[test]
    fn nobody_asked_is_whole_with_nothing_and_waiting_is_never_whole() {
        let now = start();
        assert!(Gathering::new(Gather::From(BTreeSet::new()), Some(now)).is_complete());
        assert!(Gathering::new(Gather::Answers(0), Some(now)).is_complete());
        let mut exchange = Exchange::default();
        let id = exchange.ask(now + SECOND, Gather::UntilDeadline).unwrap();
        for name in ["a", "b", "c"] {
            assert!(hear(&mut exchange, now, id, name).is_none());
        }
        assert_eq!(exchange.give_up(id).unwrap().replies.len(), 3);
    }

    #[test]
    fn what_waits_is_bounded_and_ids_are_not_used_again() {
        let (mut exchange, now) = (Exchange::default(), start());
        let ids: BTreeSet<u64> = (0..PENDING_MAX)
            .map(|_| exchange.ask(now + SECOND, Gather::Answers(1)).unwrap())
            .collect();
        assert_eq!(ids.len(), PENDING_MAX);
        let error = exchange.ask(now + SECOND, Gather::Answers(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        exchange.give_up(1);
        let next = exchange.ask(now + SECOND, Gather::Answers(1)).unwrap();
        assert!(!ids.contains(&next));
    }

    #[test]
    fn a_flood_of_answers_stays_within_its_bounds() {
        let (mut exchange, now) = (Exchange::default(), start());
        let id = exchange.ask(now + SECOND, Gather::UntilDeadline).unwrap();
        let half = Bytes::from(vec![0; GATHERED_BYTES_MAX / 2]);
        for name in ["a", "b", "c"] {
            exchange.hear(now, id, member(name), Reply::Answer(half.clone()));
        }
        assert_eq!(exchange.counts.overflowed, 1);
        assert_eq!(exchange.give_up(id).unwrap().replies.len(), 2);
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn start() -> Instant {
        SystemClock.now()
    }

    fn member(name: &str) -> Member {
        Member::new(name).unwrap()
    }

    fn hear(exchange: &mut Exchange, now: Instant, id: u64, name: &str) -> Option<Gathering> {
        let reply = Reply::Answer(Bytes::from_static(b"1"));
        exchange.hear(now, id, member(name), reply)
    }
}
