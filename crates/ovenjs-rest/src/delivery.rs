//! One request, delivered: its turn, its tries, and what each answer means.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;
use ovenjs_net::{Clock, Entropy};
use ovenjs_ratelimit::{Ask, Headers, Scope, Stop, Verdict};
use ovenjs_types::{Hook, HookCall, Permissions};

use crate::{
    Error, ErrorKind, Live,
    error::ErrorBody,
    gate::{Gate, Pass, Refusal},
    transport::{Failure, Reply, Transport},
};

/// What all clones of a client share.
pub(crate) struct Delivery {
    pub(crate) base: String,
    pub(crate) token: RwLock<HeaderValue>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) live: RwLock<Live>,
    pub(crate) transport: Transport,
    pub(crate) gate: Arc<Gate>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) hook: Arc<dyn Hook>,
    pub(crate) counts: Counts,
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) sent: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    /// Calls that are being repeated because of a failure.
    pub(crate) repeating: AtomicU64,
}

/// A request with everything it needs. It has no `Debug`: its address may hold a token.
pub(crate) struct Prepared {
    pub(crate) route: &'static str,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
    pub(crate) reason: Option<HeaderValue>,
    /// What is shown instead of the bot's token.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) ask: Ask,
    pub(crate) is_idempotent: bool,
    pub(crate) needs: Permissions,
    pub(crate) deadline: Option<Duration>,
}

/// What a try came to.
enum Outcome {
    Done(Reply),
    /// 429: once more, when the limiter lets it.
    Limited(Error),
    /// Once more, after a pause.
    Again(Error),
    Failed(Error),
}

const AUDIT_REASON: HeaderName = HeaderName::from_static("x-audit-log-reason");

/// The pause before the first repetition is a random part of this; it doubles each time.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Repetitions at the same time: a fifth of the calls under way, but this many always. A failing
/// Discord is not to be met with several times the usual load.
const REPEATING_MIN: u64 = 3;
const REPEATING_SHARE: u64 = 5;

impl Delivery {
    /// Sends it until it is done, hopeless or too late.
    pub(crate) async fn perform(&self, request: Prepared) -> Result<Reply, Error> {
        let _under_way = Counted::new(&self.counts.in_flight);
        let done = self.persist(&request).await;
        if done.is_err() {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        done
    }

    async fn persist(&self, request: &Prepared) -> Result<Reply, Error> {
        let live = *self.live.read().unwrap_or_else(PoisonError::into_inner);
        let began = self.clock.now();
        let deadline = after(began, request.deadline.unwrap_or(live.deadline));
        let (mut limited, mut failed) = (0, 0);
        let mut repeating = None;
        loop {
            let asked = self.clock.now();
            let pass = self
                .gate
                .pass(&request.ask, live.waiters_max, deadline)
                .await;
            let pass = pass.map_err(|refusal| self.refused(request, refusal))?;
            let waited = self.clock.now().saturating_duration_since(asked);
            let error = match self.attempt(request, pass, waited, &live, deadline).await {
                Outcome::Done(reply) => return Ok(reply),
                Outcome::Failed(error) => return Err(error),
                Outcome::Limited(error) => {
                    limited += 1;
                    if limited > live.limited_retries {
                        return Err(error);
                    }
                    error
                }
                Outcome::Again(error) => {
                    failed += 1;
                    if failed > live.retries {
                        return Err(error);
                    }
                    if repeating.is_none() {
                        repeating = self.repeat();
                    }
                    let pause = PAUSE_MAX.min(PAUSE * 2_u32.saturating_pow(failed - 1));
                    let until = self.clock.now() + self.entropy.below(pause);
                    if repeating.is_none() || until >= deadline {
                        return Err(error);
                    }
                    tokio::time::sleep_until(until.into()).await;
                    error
                }
            };
            tracing::debug!(route = request.route, %error, "once more");
            self.counts.retried.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends it once.
    async fn attempt(
        &self,
        request: &Prepared,
        mut pass: Pass,
        waited: Duration,
        live: &Live,
        deadline: Instant,
    ) -> Outcome {
        let route = request.route;
        let sent = self.clock.now();
        self.hook.call(&HookCall::RequestSent { route, waited });
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        pass.sent(sent);
        let limit = deadline.min(after(sent, live.answer));
        let token = request.ask.with_token.then(|| self.token());
        let answering = self.transport.send(self.write(request, token.clone()));
        let reply = match tokio::time::timeout_at(limit.into(), answering).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(Failure::Unsent(source))) => {
                pass.settle(Verdict::Unsent);
                let error = Error::network(route, source);
                let hopeless = error.kind() == ErrorKind::Config;
                return if hopeless {
                    Outcome::Failed(error)
                } else {
                    Outcome::Again(error)
                };
            }
            Ok(Err(Failure::Lost(source))) => {
                pass.settle(Verdict::Lost);
                return self.doubtful(request, Error::network(route, source));
            }
            Ok(Err(Failure::TooLong)) => {
                pass.settle(Verdict::Lost);
                let text = "the answer is longer than `answer_max`; ask for less or raise it";
                return Outcome::Failed(Error::new(ErrorKind::Answer, route, text));
            }
            Err(_) => {
                pass.settle(Verdict::Lost);
                let text = "no answer in time; check the network, or raise `answer` or `deadline`";
                let error = Error::new(ErrorKind::Deadline, route, text);
                return if limit < deadline {
                    self.doubtful(request, error)
                } else {
                    Outcome::Failed(error)
                };
            }
        };
        let elapsed = self.clock.now().saturating_duration_since(sent);
        self.counts.answered.fetch_add(1, Ordering::Relaxed);
        self.hook.call(&HookCall::RequestAnswered {
            route,
            status: reply.status,
            elapsed,
        });
        // A refusal of a token that was replaced meanwhile says nothing about the new one.
        let with_token = token.is_some_and(|token| token == self.token());
        self.judge(request, pass, reply, with_token)
    }

    /// Tells the limiter what an answer means, and the call.
    fn judge(&self, request: &Prepared, pass: Pass, reply: Reply, with_token: bool) -> Outcome {
        let Prepared { route, needs, .. } = *request;
        let status = reply.status;
        let mut headers = Headers::read(|name| reply.headers.get(name)?.to_str().ok());
        let body = if status == 429 {
            ErrorBody::read(&reply.body)
        } else {
            None
        };
        // A 429 that is not Discord's JSON is the edge's, and meant for this address as a whole.
        headers.global |= status == 429 && body.is_none();
        let wait = body.as_ref().and_then(ErrorBody::retry_after);
        let verdict = Verdict::of(status, headers, wait, with_token);
        pass.settle(verdict);
        if (200..300).contains(&status) {
            return Outcome::Done(reply);
        }
        let error = Error::answered(route, needs, status, &reply.body);
        if let Verdict::Limited {
            scope, retry_after, ..
        } = verdict
        {
            self.hook.call(&HookCall::RateLimited {
                route,
                scope: scope.name(),
                retry_after,
            });
            if scope != Scope::Shared {
                tracing::warn!(route, scope = scope.name(), ?retry_after, "rate limited");
            }
            return Outcome::Limited(error.after(Some(retry_after)));
        }
        if status >= 500 {
            self.doubtful(request, error)
        } else {
            Outcome::Failed(error)
        }
    }

    /// A request that may have done its work: once more only where that does no harm.
    fn doubtful(&self, request: &Prepared, error: Error) -> Outcome {
        if request.is_idempotent {
            Outcome::Again(error)
        } else {
            Outcome::Failed(error)
        }
    }

    fn refused(&self, request: &Prepared, refusal: Refusal) -> Error {
        let route = request.route;
        let wait = |until: Instant| until.saturating_duration_since(self.clock.now());
        match refusal {
            Refusal::Full => Error::new(
                ErrorKind::Overloaded,
                route,
                "too many calls wait for this route and resource; send less, or raise `waiters_max`",
            ),
            Refusal::Late(Some(until)) => Error::new(
                ErrorKind::Limited,
                route,
                "Discord's limits let this call out only after its deadline",
            )
            .after(Some(wait(until))),
            Refusal::Late(None) => Error::new(
                ErrorKind::Deadline,
                route,
                "its turn did not come before its deadline; send less, or raise `deadline`",
            ),
            Refusal::Stopped(stop) => {
                let until = match stop {
                    Stop::Invalid { until } => Some(wait(until)),
                    _ => None,
                };
                Error::stopped(route, stop, until)
            }
        }
    }

    /// Leave to repeat after a failure, as long as it lasts; none where too many repeat already.
    fn repeat(&self) -> Option<Counted<'_>> {
        let repeating = Counted::new(&self.counts.repeating);
        let share = self.counts.in_flight.load(Ordering::Relaxed) / REPEATING_SHARE;
        (repeating.count <= share.max(REPEATING_MIN)).then_some(repeating)
    }

    fn token(&self) -> HeaderValue {
        self.token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn write(&self, request: &Prepared, token: Option<HeaderValue>) -> Request<Full<Bytes>> {
        let mut written = Request::new(Full::new(request.body.clone()));
        *written.method_mut() = request.method.clone();
        *written.uri_mut() = request.uri.clone();
        let headers = written.headers_mut();
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(token) = token.or_else(|| request.authorization.clone()) {
            headers.insert(AUTHORIZATION, token);
        }
        if let Some(kind) = &request.content_type {
            headers.insert(CONTENT_TYPE, kind.clone());
        }
        if let Some(reason) = &request.reason {
            headers.insert(AUDIT_REASON, reason.clone());
        }
        written
    }
}

/// `wait` after `now`; a wait without end ends far beyond any call.
fn after(now: Instant, wait: Duration) -> Instant {
    now + wait.min(FAR)
}

const FAR: Duration = Duration::from_secs(366 * 86_400);

/// One more, until it is dropped.
struct Counted<'a> {
    counter: &'a AtomicU64,
    count: u64,
}

impl<'a> Counted<'a> {
    fn new(counter: &'a AtomicU64) -> Self {
        Self {
            counter,
            count: counter.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}
