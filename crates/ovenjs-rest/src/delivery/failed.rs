//! What a try means that has no whole answer.

use std::{sync::atomic::Ordering, time::Instant};

use http::HeaderValue;
use ovenjs_ratelimit::Verdict;
use ovenjs_types::HookCall;

use super::{Delivery, Outcome, guards::Door, said};
use crate::{
    Error, ErrorKind, Reply, Request,
    breaker::Tally,
    deed,
    gate::Pass,
    retry::Cause,
    transport::{Failure, Phase, SLOW},
};

/// A try under way, and what has to be told of its end.
pub(super) struct Try<'a> {
    pub(super) request: &'a Request,
    pub(super) pass: Pass,
    pub(super) door: Door<'a>,
    /// The number of the bot's permissions when it was asked for.
    pub(super) permissions: u64,
    pub(super) sent: Instant,
    /// The bot's token, where it was shown.
    pub(super) token: Option<HeaderValue>,
}

/// What a failure means, were nothing else known.
struct Meaning {
    host: Tally,
    family: Tally,
    /// Whether it may be sent again, and how.
    again: Option<Cause>,
    error: Error,
}

impl Delivery {
    /// Tells the limiter, the breakers and the call what a failure means.
    pub(super) fn fail(&self, mut trying: Try<'_>, failure: Failure) -> Outcome {
        if let Failure::Cut(head, why) = failure {
            return self.cut(trying, &head, *why);
        }
        let has_left = !matches!(
            failure,
            Failure::Address
                | Failure::Unsent(_)
                | Failure::Late(Phase::Connection | Phase::Opening | Phase::Unlooked)
        );
        let meaning = self.meaning(&trying, failure);
        trying.door.close(meaning.host, meaning.family);
        trying.pass.settle(if has_left {
            Verdict::Lost
        } else {
            Verdict::Unsent
        });
        match meaning.again {
            Some(cause) => Outcome::Again(cause, meaning.error),
            None => Outcome::Failed(meaning.error),
        }
    }

    /// An answer came without its body: status and headers count all the same.
    fn cut(&self, mut trying: Try<'_>, head: &Reply, why: Failure) -> Outcome {
        let parts = &*trying.request.0;
        let status = head.status;
        self.answered(&trying, status);
        let mut headers = said(&head.headers);
        // Discord names the scope of each of its 429s; the edge, whose are for all, does not.
        headers.global |= status == 429 && headers.scope.is_none();
        let with_token = self.is_of_token(&trying);
        let verdict = deed::verdict(parts, status, None, headers, with_token);
        let meaning = self.meaning(&trying, why);
        trying.door.close(meaning.host, meaning.family);
        trying.pass.settle(verdict);
        let error = Error::cut(parts.operation(), status, meaning.error);
        if let Verdict::Limited {
            scope, retry_after, ..
        } = verdict
        {
            self.limited(parts.route, scope, retry_after);
            return Outcome::Again(Cause::Limited, error.after(Some(retry_after)));
        }
        if head.is_success() && deed::may_permit(parts) {
            self.permitted();
        }
        match meaning.again {
            // Discord has refused it, and would again.
            _ if (400..500).contains(&status) => Outcome::Failed(error),
            None => Outcome::Failed(error.arrived(head.is_success())),
            Some(_) => Outcome::Again(Cause::Lost, error),
        }
    }

    fn meaning(&self, trying: &Try<'_>, failure: Failure) -> Meaning {
        let route = trying.request.0.route;
        let say = |kind, text: &str| Error::new(kind, route, text);
        let (tallies, again, error) = match failure {
            Failure::Address => {
                let text = "the path cannot be written as a URL";
                (NOTHING, None, say(ErrorKind::Config, text))
            }
            Failure::Unsent(source) => {
                let error = Error::network(route, source);
                if error.kind() == ErrorKind::Config {
                    (NOTHING, None, error)
                } else {
                    ((Tally::Bad, Tally::Unknown), Some(Cause::Unsent), error)
                }
            }
            Failure::Lost(source) => (BAD, Some(Cause::Lost), Error::network(route, source)),
            Failure::Source(source) => {
                let text = format!("an upload cannot be read: {source}");
                (NOTHING, None, say(ErrorKind::Source, &text).because(source))
            }
            Failure::TooLong => {
                let text = "the answer is longer than `answer_max`, as it came or inflated; ask for \
                            less or raise it";
                let good = (Tally::Good, Tally::Good);
                (good, None, say(ErrorKind::Answer, text))
            }
            Failure::Packed(text) => (BAD, Some(Cause::Lost), say(ErrorKind::Answer, text)),
            Failure::Late(phase) => return self.late(trying, phase),
            // Nothing is cut twice.
            Failure::Cut(_, why) => return self.meaning(trying, *why),
        };
        let (host, family) = tallies;
        Meaning {
            host,
            family,
            again,
            error,
        }
    }

    fn late(&self, trying: &Try<'_>, phase: Phase) -> Meaning {
        let elapsed = self.clock.now().saturating_duration_since(trying.sent);
        let (again, text) = match phase {
            Phase::Connection => (
                Cause::Unsent,
                "no connection became free in time; send less, or raise `connections.most`",
            ),
            Phase::Opening => (
                Cause::Unsent,
                "its time was over before a connection was open; check the network, or raise `deadline`",
            ),
            Phase::Unlooked => (
                Cause::Unsent,
                "the call was not polled until its deadline was over; look for what blocks the runtime, or \
                 await the call where it is made",
            ),
            Phase::Source => (
                Cause::Lost,
                "the upload stopped: its source gave nothing for too long; look what it waits for, or \
                 raise `first_byte` or `deadline`",
            ),
            Phase::Upload => (
                Cause::Lost,
                "the upload stopped: the connection took no more; check the network, or raise \
                 `first_byte` or `deadline`",
            ),
            Phase::FirstByte => (
                Cause::Lost,
                "no answer in time; check the network, or raise `first_byte` or `deadline`",
            ),
            Phase::Body => (
                Cause::Lost,
                "the answer stopped halfway; check the network, or raise `stall` or `deadline`",
            ),
        };
        let (host, family) = match phase {
            // A caller in a hurry says nothing about Discord.
            _ if elapsed < SLOW => NOTHING,
            Phase::Connection | Phase::Unlooked | Phase::Source => NOTHING,
            Phase::Opening => (Tally::Bad, Tally::Unknown),
            Phase::Upload | Phase::FirstByte | Phase::Body => BAD,
        };
        Meaning {
            host,
            family,
            again: Some(again),
            error: Error::new(ErrorKind::Deadline, trying.request.0.route, text),
        }
    }

    /// An answer with this status has come.
    pub(super) fn answered(&self, trying: &Try<'_>, status: u16) {
        let elapsed = self.clock.now().saturating_duration_since(trying.sent);
        self.counts.answered.fetch_add(1, Ordering::Relaxed);
        self.hook.call(&HookCall::RequestAnswered {
            route: trying.request.0.route,
            status,
            elapsed,
        });
    }

    /// Whether an answer says something about the bot's token: a refusal of one that was replaced
    /// meanwhile says nothing about the new one.
    pub(super) fn is_of_token(&self, trying: &Try<'_>) -> bool {
        (trying.token.as_ref()).is_some_and(|token| *token == self.token())
    }
}

const BAD: (Tally, Tally) = (Tally::Bad, Tally::Bad);
const NOTHING: (Tally, Tally) = (Tally::Unknown, Tally::Unknown);
