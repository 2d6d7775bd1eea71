//! One request, delivered: its turn, its tries, and what each answer means.

mod deletions;
mod failed;
mod guards;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, USER_AGENT},
};
use ovenjs_net::{Clock, Entropy};
use ovenjs_ratelimit::{Ask, Headers, Scope, Stop, Verdict};
use ovenjs_types::{Hook, HookCall, json::Scratch};

pub(crate) use self::deletions::Deletions;
use self::{
    failed::Try,
    guards::{Counted, Door, UnderWay, Write},
};
use crate::{
    Compressed, Error, ErrorKind, Layer, Live, Reply, Request,
    breaker::{Breakers, Tally},
    cache::{Found, ResponseCache},
    deed::{self, Refusals},
    errand::Work,
    error::ErrorBody,
    flight::Flights,
    gate::{Gate, Pass, Refusal},
    inflate::{self, Large},
    lease::Leasing,
    request::Parts,
    retry::{Budget, Cause, Retry, Rules},
    stats::Counts,
    transport::{Letter, Outgoing, Patience, Transport},
    watch::Watch,
};

/// What all clones of a client share.
pub(crate) struct Delivery {
    pub(crate) token: RwLock<HeaderValue>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) answer_max: usize,
    pub(crate) compressed: Compressed,
    /// Which reads are asked for in compressed form, where that depends.
    pub(crate) large: Large,
    pub(crate) live: RwLock<Live>,
    pub(crate) transport: Transport,
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    pub(crate) gate: Arc<Gate>,
    /// Where limits are shared with other processes.
    pub(crate) leasing: Option<Leasing>,
    pub(crate) flights: Flights,
    pub(crate) deletions: Deletions,
    pub(crate) cache: Option<Mutex<ResponseCache>>,
    /// How long answers to an operation are fresh.
    pub(crate) ttls: HashMap<&'static str, Duration>,
    pub(crate) breakers: Mutex<Breakers>,
    pub(crate) budget: Mutex<Budget>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) hook: Arc<dyn Hook>,
    pub(crate) counts: Counts,
    /// Another number whenever the bot's permissions may have changed.
    pub(crate) permissions: AtomicU64,
    pub(crate) refusals: Mutex<Refusals>,
    /// How answers differ from their types.
    pub(crate) watch: Mutex<Watch>,
    /// Room in which answers are read, for the next ones.
    pub(crate) scratches: Mutex<Vec<Scratch>>,
}

/// What a try came to.
enum Outcome {
    Done(Reply),
    /// Once more, where the rules of repetition allow it.
    Again(Cause, Error),
    Failed(Error),
}

const AUDIT_REASON: HeaderName = HeaderName::from_static("x-audit-log-reason");

/// The most calls that pause before they are sent again. Each holds its body; whoever has that many
/// in an outage is helped more by an error.
const PAUSING_MAX: u64 = 10_000;

impl Delivery {
    /// One call, as the hooks see it.
    pub(crate) async fn perform(self: &Arc<Self>, request: Request) -> Result<Reply, Error> {
        let is_read = request.0.method == Method::GET;
        let mut call = UnderWay::new(self, request.route());
        let done = if is_read {
            self.read(request).await
        } else {
            // It tells of its end also when it is dropped.
            let _write = Write::new(self, &request);
            self.write(&request).await
        };
        call.outcome = if done.is_ok() { "answered" } else { "failed" };
        done
    }

    /// A read, from the cache where that has it.
    async fn read(self: &Arc<Self>, mut request: Request) -> Result<Reply, Error> {
        let Some(cache) = &self.cache else {
            return self.share(request).await;
        };
        let route = request.route();
        // What layers ask for by headers is not what others ask for.
        if request.0.is_fresh || !request.0.headers.is_empty() || !request.0.ask.with_token {
            return self.share(request).await;
        }
        let ttl = self.ttls.get(route).copied().unwrap_or_default();
        let found = lock(cache).look(self.clock.now(), &request.0.path);
        let mut anew = None;
        let read = match found {
            Found::Fresh(reply) => return Ok(reply),
            Found::Nothing(read) => read,
            Found::Stale(etag, read) => {
                anew = Some(request.clone());
                request.0.headers.insert(IF_NONE_MATCH, etag);
                read
            }
        };
        let path = request.0.path.clone();
        let mut reply = self.share(request).await?;
        if reply.status == 304
            && let Some(anew) = anew
        {
            let kept = lock(cache).renew(self.clock.now(), &path, ttl);
            if let Some(kept) = kept {
                return Ok(kept);
            }
            // It was dropped meanwhile.
            reply = self.share(anew).await?;
        }
        lock(cache).store(self.clock.now(), &path, read, &reply, ttl);
        Ok(reply)
    }

    /// A read, shared with those who ask the same at the same time.
    async fn share(self: &Arc<Self>, request: Request) -> Result<Reply, Error> {
        let Some(key) = self.flights.key(&request) else {
            return self.persist(&request).await;
        };
        let (route, deadline) = (request.route(), request.deadline());
        let request = Arc::new(request);
        let deed = || -> Work<_> {
            let (delivery, request) = (Arc::clone(self), Arc::clone(&request));
            Box::pin(async move { delivery.persist(&request).await })
        };
        self.flights.share(key, route, deadline, deed).await
    }

    /// Sends it until it is done, hopeless or too late.
    async fn persist(&self, request: &Request) -> Result<Reply, Error> {
        let live = *self.live.read().unwrap_or_else(PoisonError::into_inner);
        let parts = &*request.0;
        let rules = Rules {
            retries: live.retries,
            limited_retries: live.limited_retries,
        };
        let mut retry = Retry::default();
        let (mut may_be_done, mut tries) = (false, 0_u64);
        lock(&self.budget).deposit();
        let permissions = self.permissions.load(Ordering::Relaxed);
        let are_any = lock(&self.refusals).are_any(self.clock.now());
        let deed = are_any.then(|| deed::of(parts, permissions)).flatten();
        let ask = deed::ask(parts, deed);
        loop {
            let asked = self.clock.now();
            let pass = self.gate.pass(&ask, live.waiters_max, parts.deadline).await;
            let pass = pass.map_err(|refusal| {
                let error = self.refused(parts, &ask, refusal);
                error.arrived(may_be_done)
            })?;
            let now = self.clock.now();
            let waited = now.saturating_duration_since(asked);
            let repeatable = parts.is_idempotent && !parts.is_once;
            let limit = if parts.tail.is_none() {
                retry.patience(now, parts.deadline, live.answer, repeatable, rules)
            } else {
                // Whether it goes on is seen by its pieces.
                parts.deadline
            };
            let attempt = self.attempt(request, pass, permissions, waited, limit, &live);
            let (cause, error) = match attempt.await {
                Outcome::Done(reply) => {
                    self.counts
                        .recovered
                        .fetch_add(u64::from(tries > 0), Ordering::Relaxed);
                    return Ok(reply);
                }
                // It was done by a try whose answer was lost.
                Outcome::Failed(error) if may_be_done && is_gone(request, &error) => {
                    self.counts.recovered.fetch_add(1, Ordering::Relaxed);
                    return Ok(Reply::new(204, Bytes::new()));
                }
                Outcome::Failed(error) => return Err(error.arrived(may_be_done)),
                Outcome::Again(cause, error) => (cause, error),
            };
            may_be_done |= cause == Cause::Lost;
            let error = error.arrived(may_be_done);
            if parts.is_once || (cause == Cause::Lost && !parts.is_idempotent) {
                return Err(error);
            }
            if parts.is_spent() {
                return Err(error.of_spent());
            }
            let pausing = Counted::new(&self.counts.pausing);
            let now = self.clock.now();
            let dice = self.entropy.fraction();
            let again = {
                let budget = &mut lock(&self.budget);
                retry.after(cause, now, parts.deadline, rules, dice, budget)
            };
            let Some(until) = again.filter(|_| pausing.count <= PAUSING_MAX) else {
                return Err(error);
            };
            if until > now {
                tokio::time::sleep_until(until.into()).await;
            }
            tries += 1;
            tracing::debug!(route = parts.route, tries, %error, "once more");
            self.counts.retried.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends it once.
    async fn attempt(
        &self,
        request: &Request,
        mut pass: Pass,
        permissions: u64,
        waited: Duration,
        limit: Instant,
        live: &Live,
    ) -> Outcome {
        let parts = &*request.0;
        let route = parts.route;
        let token = parts.ask.with_token.then(|| self.token());
        if token.as_ref().is_some_and(HeaderValue::is_empty) {
            return Outcome::Failed(Error::token_missing(route));
        }
        let sent = self.clock.now();
        let door = match Door::pass(self, sent, route) {
            Ok(door) => door,
            Err(until) => {
                // The permit is given back unused.
                drop(pass);
                let wait = until.saturating_duration_since(sent);
                return Outcome::Again(Cause::Open(until), Error::open(route, wait));
            }
        };
        self.hook.call(&HookCall::RequestSent { route, waited });
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        pass.sent(sent);
        let letter = Letter {
            method: &parts.method,
            path: &parts.path,
            version: parts.version,
            headers: self.headers(request, token.clone()),
            body: Outgoing::new(parts.body.clone(), parts.tail.as_deref()),
            priority: parts.ask.priority,
        };
        // What is uploaded takes its time before there is a first byte of the answer.
        let upload = u64::try_from(parts.body.len()).unwrap_or(u64::MAX) / UPLOAD_PER_MS;
        let patience = Patience {
            limit,
            first_byte: live
                .first_byte
                .saturating_add(Duration::from_millis(upload)),
            stall: live.stall,
            answer_max: self.answer_max,
        };
        let trying = Try {
            request,
            pass,
            door,
            permissions,
            sent,
            token,
        };
        match self.transport.send(letter, patience).await {
            Ok(reply) => {
                self.answered(&trying, reply.status);
                if self.compressed == Compressed::Large && reply.is_success() {
                    self.large.answered(parts, reply.body.len());
                }
                self.judge(trying, reply)
            }
            Err(failure) => self.fail(trying, failure),
        }
    }

    /// Tells the limiter, the breakers and the call what an answer means.
    fn judge(&self, trying: Try<'_>, reply: Reply) -> Outcome {
        let with_token = self.is_of_token(&trying);
        let Try {
            request,
            mut pass,
            mut door,
            permissions,
            ..
        } = trying;
        let parts = &*request.0;
        let (route, status) = (parts.route, reply.status);
        let mut headers = said(&reply.headers);
        let body = match status {
            401 | 403 | 404 | 429 => ErrorBody::read(&reply.body),
            _ => None,
        };
        // A 429 that is not Discord's JSON is the edge's, and meant for this address as a whole.
        headers.global |= status == 429 && body.is_none();
        let verdict = deed::verdict(parts, status, body.as_ref(), headers, with_token);
        let is_denied = matches!(verdict, Verdict::Denied(_));
        let deed = is_denied.then(|| deed::of(parts, permissions)).flatten();
        if let Some(deed) = deed {
            pass.deed(deed);
        }
        pass.settle(verdict);
        if status < 500 {
            door.close(Tally::Good, Tally::Good);
        }
        if status == 202
            && let Some(body) = ErrorBody::read(&reply.body).filter(ErrorBody::is_not_ready)
        {
            let wait = body.retry_after().unwrap_or_default().max(NOT_READY);
            let error =
                Error::answered(parts.operation(), status, &reply.body, b"").with_reply(reply);
            let until = after(self.clock.now(), wait);
            return Outcome::Again(Cause::Open(until), error.after(Some(wait)));
        }
        let is_unchanged = status == 304 && parts.headers.contains_key(IF_NONE_MATCH);
        if reply.is_success() || is_unchanged {
            if deed::may_permit(parts) {
                self.permitted();
            }
            return Outcome::Done(reply);
        }
        let error = Error::answered(parts.operation(), status, &reply.body, &parts.body);
        if let Some(deed) = deed {
            lock(&self.refusals).note(self.clock.now(), deed, &error);
        }
        let error = error.with_reply(reply);
        if let Verdict::Limited {
            scope, retry_after, ..
        } = verdict
        {
            self.limited(route, scope, retry_after);
            return Outcome::Again(Cause::Limited, error.after(Some(retry_after)));
        }
        if status >= 500 {
            let host = if error.is_of_edge() {
                Tally::Bad
            } else {
                Tally::Good
            };
            door.close(host, Tally::Bad);
            return Outcome::Again(Cause::Lost, error);
        }
        Outcome::Failed(error)
    }

    /// A 429 has come.
    fn limited(&self, route: &'static str, scope: Scope, retry_after: Duration) {
        self.hook.call(&HookCall::RateLimited {
            route,
            scope: scope.name(),
            retry_after,
        });
        if scope != Scope::Shared {
            tracing::warn!(route, scope = scope.name(), ?retry_after, "rate limited");
        }
    }

    /// What the bot may do may be another now.
    pub(crate) fn permitted(&self) {
        self.permissions.fetch_add(1, Ordering::Relaxed);
    }

    fn refused(&self, parts: &Parts, ask: &Ask, refusal: Refusal) -> Error {
        let route = parts.route;
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
            Refusal::Stopped(Stop::Denied { until }) => {
                let refusals = lock(&self.refusals);
                let again = ask.deed.and_then(|deed| refusals.again(deed, wait(until)));
                again.unwrap_or_else(|| Error::denied(parts.operation(), wait(until)))
            }
            Refusal::Stopped(Stop::Gone) => Error::gone(parts.operation()),
            Refusal::Stopped(Stop::Invalid { until }) => {
                Error::too_many_invalid(route, wait(until))
            }
            Refusal::Stopped(_) => Error::token_refused(route),
        }
    }

    /// Keeps the room in which an answer of this length was read.
    pub(crate) fn put_aside(&self, scratch: Scratch, length: usize) {
        let scratches = &mut lock(&self.scratches);
        if scratches.len() < SCRATCHES && length <= SCRATCH_MAX {
            scratches.push(scratch);
        }
    }

    fn token(&self) -> HeaderValue {
        self.token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The headers as they go over the wire, with the token.
    fn headers(&self, request: &Request, token: Option<HeaderValue>) -> HeaderMap {
        let parts = &*request.0;
        let mut headers = HeaderMap::with_capacity(HEADERS + parts.headers.len());
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(kind) = &parts.content_type {
            headers.insert(CONTENT_TYPE, kind.clone());
        }
        if let Some(reason) = &parts.reason {
            headers.insert(AUDIT_REASON, reason.clone());
        }
        for name in parts.headers.keys() {
            headers.remove(name);
        }
        for (name, value) in &parts.headers {
            headers.append(name, value.clone());
        }
        let accepted = match self.compressed {
            Compressed::Never => None,
            Compressed::Large => self.large.accept(parts),
            Compressed::Always => inflate::accepted(),
        };
        if let Some(accepted) = accepted {
            headers.insert(ACCEPT_ENCODING, accepted);
        }
        if let Some(token) = token.or_else(|| parts.authorization.clone()) {
            headers.insert(AUTHORIZATION, token);
        }
        headers
    }
}

/// What an answer says about limits. It is gone through once: to ask for each name would cost more than
/// all that the limiter does with it.
fn said(all: &HeaderMap) -> Headers {
    let mut of_limits = [("", ""); LIMIT_HEADERS];
    let found = all
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| name.starts_with("x-ratelimit-") || *name == "retry-after")
        .filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
    for (place, header) in of_limits.iter_mut().zip(found) {
        *place = header;
    }
    Headers::read(|wanted| {
        let mut found = of_limits.iter().filter(|(name, _)| *name == wanted);
        found.next().map(|(_, value)| *value)
    })
}

/// As many headers about limits as Discord knows, twice over.
const LIMIT_HEADERS: usize = 16;

/// As many answers are read at once on a machine of some size; more make room of their own.
const SCRATCHES: usize = 8;

/// The room of a longer answer is given back: it takes several times its length.
const SCRATCH_MAX: usize = 64 * 1024;

/// The headers of our own, with the host and the length of the body.
const HEADERS: usize = 7;

/// Whether a deletion found nothing to delete.
fn is_gone(request: &Request, error: &Error) -> bool {
    request.0.is_quiet_deletion && error.kind() == ErrorKind::NotFound
}

/// How long to wait at least for an answer that Discord has not yet.
const NOT_READY: Duration = Duration::from_millis(500);

/// The slowest line that uploads are made for, in bytes a millisecond.
const UPLOAD_PER_MS: u64 = 64;

/// `wait` after `now`; a wait without end ends far beyond any call.
pub(crate) fn after(now: Instant, wait: Duration) -> Instant {
    now + wait.min(FAR)
}

const FAR: Duration = Duration::from_secs(366 * 86_400);

/// A rule's state. A panic elsewhere leaves at worst a count too high; going on is right.
pub(crate) fn lock<T>(rule: &Mutex<T>) -> MutexGuard<'_, T> {
    rule.lock().unwrap_or_else(PoisonError::into_inner)
}
