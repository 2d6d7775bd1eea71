//! The one way out.

mod builder;

use std::{
    fmt,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use ovenjs_ratelimit::{Ask, Priority, RouteKey, Snapshot, Why};
use ovenjs_types::{
    Drift, Report, Secret,
    json::{DecodeError, Deviation},
    limits,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tracing::Instrument as _;

pub use self::builder::Builder;
use self::builder::authorization;
use crate::{
    Answer as _, Auth, Body, Endpoint, Error, ErrorKind, Live, Next, Reply, Request, Stats,
    delivery::{Delivery, after, lock},
    endpoint::{is_quiet_deletion, query_string},
    multipart::{self, Multipart},
    request::{Form, Parts},
    stats::Counts,
};

/// Discord's REST API for one bot. Cloning is cheap and shares everything.
///
/// Calls wait for their turn by Discord's limits, are repeated where that does no harm, and fail
/// with an [`Error`] that names the repair. Dropping a call at any moment leaves no trace but the
/// request that may have arrived.
///
/// The client is to be used within one tokio runtime: its connections live there.
///
/// ```
/// use ovenjs_rest::Client;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// // Port 9 is closed: the error says where it tried to go.
/// let client = Client::builder("token").base_url("http://127.0.0.1:9/api").build().unwrap();
/// let config = ovenjs_rest::Live::new().retries(0);
/// client.apply(config);
/// let error = client.current_user().await.unwrap_err();
/// assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
/// # });
/// ```
#[derive(Clone)]
pub struct Client(Arc<Delivery>);

/// How one call is made, beside what it asks for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Terms {
    /// What the audit log gives as the reason; at most 512 characters. Only where the operation
    /// takes one.
    pub reason: Option<String>,
    /// How long the call may take in all; [`Live::deadline`] where none is set.
    pub deadline: Option<Duration>,
    /// What leaves first when not everything can. Where none is set, answers to interactions are
    /// [`Interactive`](Priority::Interactive) and all else is [`Normal`](Priority::Normal).
    pub priority: Option<Priority>,
    /// Whether it is sent at most once, whatever happens: no repetition, and no nonce of ours.
    pub once: bool,
    /// Whether only Discord itself may answer: not the response cache, and not the request of
    /// another call that asks the same.
    pub fresh: bool,
    /// The header to show instead of what the operation shows by itself.
    pub(crate) authorization: Option<Secret>,
    /// Whether the body is known to keep Discord's limits, so that it is not checked again.
    pub(crate) is_valid: bool,
}

impl Client {
    /// Sends `endpoint` and reads its answer. What Discord would refuse by its documented limits
    /// is not sent: the error says what to change.
    ///
    /// # Errors
    ///
    /// An [`Error`] whose [`kind`](Error::kind) tells network, configuration and Discord's refusals
    /// apart.
    pub async fn send<E: Endpoint>(&self, endpoint: E) -> Result<E::Answer, Error> {
        self.send_with(endpoint, Terms::default()).await
    }

    /// Sends `endpoint` on terms of its own.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with<E: Endpoint>(
        &self,
        endpoint: E,
        terms: Terms,
    ) -> Result<E::Answer, Error> {
        let request = self.prepare(endpoint, terms)?;
        let reply = self.deliver(request).await?;
        let mut scratch = lock(&self.0.scratches).pop().unwrap_or_default();
        let answer = E::Answer::read(&reply.body, &mut scratch);
        let left_out = scratch.take_drift();
        self.0.put_aside(scratch, reply.body.len());
        self.look_through::<E>(&reply.body, left_out, answer.as_ref().err());
        answer.map_err(|error| {
            let text = format!(
                "the answer does not fit at {}; please report it",
                error.path()
            );
            Error::new(ErrorKind::Answer, E::ROUTE, text)
                .with_status(reply.status)
                .because(error)
        })
    }

    /// Counts what of an answer is not as its type has it: of a sample all, else what did not fit.
    fn look_through<E: Endpoint>(
        &self,
        body: &[u8],
        mut odd: Vec<Deviation>,
        failed: Option<&DecodeError>,
    ) {
        odd.extend(failed.map(|error| error.deviation().clone()));
        for Deviation { path, reason } in &odd {
            tracing::debug!(route = E::ROUTE, path, reason, "drift");
        }
        let live = &self.0.live;
        let each = live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .inspect_each;
        let is_sample = lock(&self.0.watch).is_sample(E::ROUTE, body.len(), each);
        if !is_sample && odd.is_empty() {
            return;
        }
        let mut found = Drift::new();
        if is_sample {
            E::Answer::inspect(body, E::ROUTE, &mut found);
        } else {
            found.add(E::ROUTE, &odd);
        }
        lock(&self.0.watch).add(found);
    }

    /// How answers have differed so far from what this version knows, by operation and place: what was
    /// left out of them since it did not fit, what made one unreadable, and, of the sample that
    /// [`Live::inspect_each`] sets, fields and values that no type has a name for.
    #[must_use]
    pub fn drift(&self) -> Drift {
        lock(&self.0.watch).drift().clone()
    }

    /// Takes new settings over and returns the former ones. Calls under way keep theirs.
    pub fn apply(&self, live: Live) -> Live {
        self.0.gate.limiter().apply(live.limits);
        std::mem::replace(
            &mut self.0.live.write().unwrap_or_else(PoisonError::into_inner),
            live,
        )
    }

    /// The settings in force.
    #[must_use]
    pub fn live(&self) -> Live {
        *self.0.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another token from now on, also after the former was refused.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the text cannot be a token.
    pub fn replace_token(&self, token: &Secret) -> Result<(), Error> {
        let token = authorization(token)?;
        *self.0.token.write().unwrap_or_else(PoisonError::into_inner) = token;
        self.0.gate.limiter().forgive();
        Ok(())
    }

    /// Tells that the bot's permissions may have changed: what Discord refused for want of one is
    /// worth a request again. Without it such a refusal is believed for a minute, and the same call
    /// fails in that time without being sent. A bot of `ovenjs-core` tells by itself, by what the
    /// gateway brings; what the client itself has changed it knows.
    pub fn permissions_changed(&self) {
        self.0.permitted();
    }

    /// What was learned about Discord's limits, for the next process: it holds no token and no
    /// resource, and can be written down. A bot of `ovenjs-core` does so with its sessions.
    #[must_use]
    pub fn limits(&self) -> Snapshot {
        let now_ms = self.now_ms();
        self.0.gate.limiter().snapshot(self.0.clock.now(), now_ms)
    }

    /// Begins with what another process learned about Discord's limits, so that no route has to be
    /// tried by one request before others follow. What is known here already prevails; what is older
    /// than a day is believed by half.
    ///
    /// ```
    /// use ovenjs_rest::{Client, Snapshot};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let before = Client::builder("token").build().unwrap();
    /// let written = serde_json::to_vec(&before.limits()).unwrap();
    /// let after = Client::builder("token").build().unwrap();
    /// let read: Snapshot = serde_json::from_slice(&written).unwrap();
    /// after.restore_limits(read);
    /// assert_eq!(after.limits(), before.limits());
    /// # });
    /// ```
    pub fn restore_limits(&self, learned: Snapshot) {
        self.0.gate.limiter().restore(learned, self.now_ms());
    }

    /// A snapshot.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let Counts {
            sent,
            answered,
            retried,
            recovered,
            failed,
            in_flight,
            pausing,
        } = &self.0.counts;
        Stats {
            sent: sent.load(Ordering::Relaxed),
            answered: answered.load(Ordering::Relaxed),
            retried: retried.load(Ordering::Relaxed),
            recovered: recovered.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
            in_flight: in_flight.load(Ordering::Relaxed),
            waiting: self.0.gate.waiting(),
            pausing: pausing.load(Ordering::Relaxed),
            joined: self.0.flights.joined(),
            gathered: self.0.deletions.gathered(),
            drift: lock(&self.0.watch).deviated(),
            outlets: self.0.transport.stats(),
            cache: self
                .0
                .cache
                .as_ref()
                .map(|cache| lock(cache).stats())
                .unwrap_or_default(),
            breakers: lock(&self.0.breakers).stats(),
            limits: self.0.gate.limiter().stats(self.0.clock.now()),
            lease: self.0.gate.lease_stats(),
        }
    }

    /// Gives what this process has of [shared limits](Builder::lease) back, so that the others need not
    /// wait until its lease has ended. Returns once the store knows, or after a second. Nothing but answers
    /// to interactions leaves any more: other calls wait until their deadline. Without shared limits it does
    /// nothing.
    pub async fn leave(&self) {
        if let Some(leasing) = &self.0.leasing {
            leasing.leave().await;
        }
    }

    /// What the calls wait for that have waited longest, at most so many: which limit is in their way, how
    /// many are before them, and when their turn comes.
    #[must_use]
    pub fn why(&self, most: usize) -> Vec<Why> {
        self.0.gate.why(most)
    }

    /// Through the layers and out.
    pub(crate) async fn deliver(&self, request: Request) -> Result<Reply, Error> {
        let operation = request.0.operation();
        let span = tracing::debug_span!("request", route = operation.route);
        if self.0.layers.is_empty() {
            return self.0.perform(request).instrument(span).await;
        }
        let next = Next::new(&self.0.layers, &self.0);
        let reply = next.send(request).instrument(span).await?;
        if reply.is_success() {
            Ok(reply)
        } else {
            let error = Error::answered(operation, reply.status, &reply.body, b"");
            Err(error.with_reply(reply))
        }
    }

    /// Opens connections until each address has its [warm](crate::Connections::warm) minimum, so that
    /// the first calls need not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Network`] or [`ErrorKind::Config`] where one cannot be opened.
    pub async fn warm(&self) -> Result<(), Error> {
        self.0.transport.warm().await
    }

    fn prepare<E: Endpoint>(&self, mut endpoint: E, terms: Terms) -> Result<Request, Error> {
        if !terms.is_valid {
            endpoint
                .validate()
                .map_err(|invalid| Error::unsent(E::ROUTE, invalid))?;
        }
        let live = self.live();
        if live.nonces && !terms.once {
            endpoint.make_idempotent(self.0.entropy.u64());
        }
        let form = Form {
            route: E::ROUTE,
            method: E::METHOD,
            auth: E::AUTH,
            needs: E::NEEDS,
            is_denied_alike: E::DENIED_ALIKE,
            path: endpoint.path(),
            query: endpoint.query(),
            authorization: endpoint.authorization(),
            major: endpoint.major(),
            variant: endpoint.variant(self.now_ms()),
            is_idempotent: endpoint.is_idempotent(),
            is_quiet_deletion: is_quiet_deletion::<E>(),
        };
        self.write(form, endpoint.body(), terms, &live)
    }

    /// The wall time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        let since = self.0.clock.wall().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
    }

    /// What is the same for all operations.
    pub(crate) fn write(
        &self,
        form: Form,
        body: Body<'_>,
        terms: Terms,
        live: &Live,
    ) -> Result<Request, Error> {
        let route = form.route;
        let unwritable = |what: &str| Error::new(ErrorKind::Config, route, what);
        if let Some(reason) = &terms.reason {
            let mut report = Report::new();
            report.length("reason", reason, 0..=limits::AUDIT_REASON);
            report
                .into_result()
                .map_err(|invalid| Error::unsent(route, invalid))?;
        }
        let reason = terms.reason.as_deref().map(|reason| {
            let text = utf8_percent_encode(reason, NON_ALPHANUMERIC).to_string();
            HeaderValue::from_str(&text).map_err(|_| unwritable("the reason cannot be written"))
        });
        let mut tail = None;
        let mut multipart = |form: Multipart| -> Result<_, Error> {
            let kind = format!("multipart/form-data; boundary={}", form.boundary);
            let kind = HeaderValue::from_str(&kind)
                .map_err(|_| unwritable("the multipart boundary cannot be written"))?;
            tail = (!form.tail.is_empty()).then(|| form.tail.into());
            Ok((Some(kind), form.head))
        };
        let (content_type, body) = match body {
            Body::None => (None, Bytes::new()),
            Body::Json(text) => (
                Some(HeaderValue::from_static("application/json")),
                Bytes::from(text),
            ),
            Body::Multipart(text, files) => {
                multipart(multipart::encode(&text, files, &*self.0.entropy))?
            }
            Body::Form(parts) => multipart(multipart::encode_form(&parts, &*self.0.entropy))?,
            Body::Urlencoded(pairs) => (
                Some(HeaderValue::from_static(
                    "application/x-www-form-urlencoded",
                )),
                // A form is written as a query is, without its question mark.
                query_string(&pairs)
                    .trim_start_matches('?')
                    .to_owned()
                    .into(),
            ),
        };
        let auth = match (form.auth, &terms.authorization) {
            (Auth::Bot, Some(_)) => Auth::User,
            (auth, _) => auth,
        };
        let shown = terms.authorization.or(form.authorization);
        let authorization = shown.map(|shown| {
            let mut header = HeaderValue::from_str(shown.expose())
                .map_err(|_| unwritable("the token holds characters that no token has"))?;
            header.set_sensitive(true);
            Ok(header)
        });
        let authorization = authorization.transpose()?;
        let of_interaction = form.auth == Auth::Interaction;
        let usual = if of_interaction {
            Priority::Interactive
        } else {
            Priority::Normal
        };
        let ask = Ask::new(RouteKey::new(route, form.major))
            .variant(form.variant)
            .priority(terms.priority.unwrap_or(usual))
            .exempt_from_global(of_interaction)
            .with_token(form.auth == Auth::Bot && authorization.is_none());
        let mut path = form.path;
        path.push_str(&query_string(&form.query));
        let time = terms.deadline.unwrap_or(live.deadline);
        Ok(Request(Box::new(Parts {
            route,
            method: form.method,
            path,
            version: None,
            content_type,
            reason: reason.transpose()?,
            authorization,
            headers: HeaderMap::new(),
            body,
            tail,
            ask,
            auth,
            needs: form.needs,
            is_denied_alike: form.is_denied_alike,
            is_idempotent: form.is_idempotent,
            is_quiet_deletion: form.is_quiet_deletion,
            is_once: terms.once,
            is_fresh: terms.fresh,
            deadline: after(self.0.clock.now(), time),
        })))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
