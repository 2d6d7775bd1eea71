//! Bytes to Discord and back: pooled connections of hyper's over our connector.

mod holds;
mod https;
mod line;
mod outgoing;
mod outlets;
mod pool;
mod quality;

use std::{
    error::Error as StdError,
    io,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::HOST};
use ovenjs_net::{Clock, Connector, Entropy};
use ovenjs_ratelimit::Priority;
use tokio::{sync::oneshot, task::JoinSet};

use crate::{
    Connections, Error, Reply,
    delivery::lock,
    inflate::{self, Refused},
};

use holds::{Lease, Opened, Waiting};
use https::Https;
pub(crate) use line::Patience;
use line::{Broken, Line};
pub(crate) use outgoing::{Outgoing, Stretch};
use outlets::{Fared, Outlets};
use pool::{Asked, Grant, Pool};
pub use quality::ConnectionStats;
use quality::Quality;

pub(crate) struct Transport {
    outlets: Vec<Arc<Outlet>>,
    choice: Mutex<Outlets>,
    rules: Connections,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tasks: Arc<Tasks>,
}

/// What opens connections, at most [`Connections::most`] at a time for each way out, and moves the bytes
/// of shared ones. All of it ends with the transport.
type Tasks = Mutex<JoinSet<()>>;

/// A request as it goes over the wire, but for its address.
pub(crate) struct Letter<'a> {
    pub(crate) method: &'a Method,
    /// Path and query behind the version.
    pub(crate) path: &'a str,
    /// The version, where it is not the client's.
    pub(crate) version: Option<u8>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Outgoing,
    pub(crate) priority: Priority,
}

pub(crate) enum Failure {
    /// The address cannot be written.
    Address,
    /// No connection: nothing has left.
    Unsent(Box<dyn StdError + Send + Sync>),
    /// It broke afterwards: the request may have arrived.
    Lost(Box<dyn StdError + Send + Sync>),
    /// A phase took too long.
    Late(Phase),
    /// What was to be sent could not be read.
    Source(io::Error),
    /// The answer is longer than what is read.
    TooLong,
    /// The answer cannot be inflated, for this reason.
    Packed(&'static str),
    /// An answer came, but for its body: what it says without, and what was in the way.
    Cut(Box<Reply>, Box<Self>),
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A connection that is free.
    Connection,
    /// One that is being opened.
    Opening,
    /// That it is polled: there was a connection, and nobody looked until the time was over.
    Unlooked,
    /// What a streamed body's source gives.
    Source,
    /// That the connection takes what a streamed body has.
    Upload,
    FirstByte,
    Body,
}

/// A way out, and what is known of it.
///
/// There is one for each base URL and each network configuration of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutletStats {
    /// Host and port.
    pub address: String,
    /// The number of the network configuration: 0 is the first.
    pub egress: usize,
    /// The smoothed time from sending to the end of the answer, where there was one. What takes the time of
    /// an upload is left out.
    pub latency: Option<Duration>,
    /// Requests on their way.
    pub in_flight: u32,
    /// Whether it is left alone for a while, since it failed.
    pub is_ejected: bool,
    /// Connections open and unused.
    pub idle: usize,
    /// Connections in use.
    pub busy: usize,
    /// Connections being opened.
    pub opening: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
    /// Connections opened since the start.
    pub opened: u64,
    /// Connections since the start that broke, or could not be opened.
    pub broken: u64,
    /// Requests since the start that were answered.
    pub answered: u64,
    /// Requests since the start that failed on the way, or were banned by the edge.
    pub failed: u64,
    /// The connections that are open.
    pub connections: Vec<ConnectionStats>,
}

/// A base URL and how to get there.
struct Outlet {
    /// What comes before the path, for HTTP/1.1 and for HTTP/2.
    prefix: String,
    base: String,
    host: HeaderValue,
    uri: Uri,
    egress: usize,
    https: Https,
    pool: Mutex<Pool<Line, oneshot::Sender<Grant<Line>>>>,
    counts: Mutex<(u64, u64)>,
    /// How those that are open fare; those that are over are taken out when another is opened.
    qualities: Mutex<Vec<Weak<Quality>>>,
}

impl Transport {
    /// A transport with a way out for each base URL and each connector. The base URLs are known to be
    /// some.
    pub(crate) fn new(
        bases: &[Uri],
        connectors: &[Connector],
        rules: Connections,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ovenjs_net::Error> {
        let mut outlets = Vec::new();
        for (egress, connector) in connectors.iter().enumerate() {
            for base in bases {
                let outlet = Outlet::new(base, egress, connector, rules)?;
                outlets.push(Arc::new(outlet));
            }
        }
        Ok(Self {
            choice: Mutex::new(Outlets::new(outlets.len())),
            outlets,
            rules,
            clock,
            entropy,
            tasks: Arc::default(),
        })
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(
        &self,
        letter: Letter<'_>,
        patience: Patience,
    ) -> Result<Reply, Failure> {
        let dice = if self.outlets.len() > 1 {
            self.entropy.fraction()
        } else {
            1.0
        };
        let mut way = Way::choose(self, dice);
        let Some(outlet) = self.outlets.get(way.place) else {
            // There is one for each base URL, and a client has one at least.
            return Err(Failure::Address);
        };
        let is_timed = letter.body.is_small();
        let began = self.clock.now();
        let done = outlet.send(self, letter, patience).await;
        let done = done.and_then(|(mut reply, took)| {
            match inflate::inflate(&mut reply, patience.answer_max) {
                Ok(()) => Ok((reply, took)),
                Err(refused) => Err(Failure::cut(reply, refused.into())),
            }
        });
        way.fared = match &done {
            Ok((reply, took)) => fared(reply, is_timed.then_some(*took)),
            Err(failure) => {
                let elapsed = self.clock.now().saturating_duration_since(began);
                if failure.is_of_the_way(elapsed) {
                    Fared::Badly
                } else {
                    Fared::Unknown
                }
            }
        };
        done.map(|(reply, _)| reply)
    }

    /// Opens connections until each way out has its warm minimum.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        for outlet in &self.outlets {
            while lock(&outlet.pool).is_cold() {
                match Opened::soon(outlet, self).end(None).await {
                    Ok(lease) => lease.keep(),
                    Err(Failure::Unsent(source)) => return Err(Error::network("", source)),
                    Err(_) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    pub(crate) fn stats(&self) -> Vec<OutletStats> {
        let now = self.clock.now();
        let outlets = self.outlets.iter().enumerate();
        outlets
            .map(|(place, outlet)| {
                let fares = lock(&self.choice).fares(now, place);
                let census = lock(&outlet.pool).census();
                let (opened, broken) = *lock(&outlet.counts);
                OutletStats {
                    address: outlet
                        .uri
                        .authority()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    egress: outlet.egress,
                    latency: fares.latency,
                    in_flight: fares.in_flight,
                    is_ejected: fares.is_ejected,
                    idle: census.idle,
                    busy: census.busy,
                    opening: census.opening,
                    waiting: census.waiting,
                    opened,
                    broken,
                    answered: fares.answered,
                    failed: fares.failed,
                    connections: outlet.connections(now),
                }
            })
            .collect()
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            Refused::TooLong => Self::TooLong,
            #[cfg(any(feature = "gzip", feature = "zstd"))]
            Refused::Damaged => Self::Packed(
                "the answer's compressed body is damaged or cut; look at the proxies on the way, or \
                 ask for none by `compressed`",
            ),
            Refused::Foreign => Self::Packed(
                "the answer is compressed in a way that nobody asked for; look at the proxies on the \
                 way",
            ),
        }
    }
}

impl Failure {
    fn cut(mut head: Reply, why: Self) -> Self {
        head.body = Bytes::new();
        Self::Cut(Box::new(head), Box::new(why))
    }

    /// Whether the way to Discord is to blame, after so long: a caller in a hurry says nothing about it.
    fn is_of_the_way(&self, elapsed: Duration) -> bool {
        match self {
            Self::Unsent(_) | Self::Lost(_) | Self::Packed(_) => true,
            Self::Late(Phase::Connection | Phase::Unlooked | Phase::Source)
            | Self::Address
            | Self::Source(_)
            | Self::TooLong => false,
            Self::Late(_) => elapsed >= SLOW,
            Self::Cut(_, why) => why.is_of_the_way(elapsed),
        }
    }
}

/// What an answer says about its way. A 429 that is not Discord's JSON is Cloudflare's ban of the address;
/// a 403 may be its opinion of this one request.
fn fared(reply: &Reply, took: Option<Duration>) -> Fared {
    let is_discords = reply.body.trim_ascii_start().starts_with(b"{");
    match reply.status {
        429 if !is_discords => Fared::Banned,
        403 if !is_discords => Fared::Badly,
        _ => Fared::Well(took),
    }
}

/// Slower than this is a sign of trouble.
pub(crate) const SLOW: Duration = Duration::from_secs(5);

/// A request on the way that was chosen for it, settled whatever happens.
struct Way<'a> {
    transport: &'a Transport,
    place: usize,
    fared: Fared,
}

impl<'a> Way<'a> {
    fn choose(transport: &'a Transport, dice: f64) -> Self {
        let place = lock(&transport.choice).choose(transport.clock.now(), dice);
        Self {
            transport,
            place,
            fared: Fared::Unknown,
        }
    }
}

impl Drop for Way<'_> {
    fn drop(&mut self) {
        let Self {
            transport, place, ..
        } = *self;
        let now = transport.clock.now();
        let ejected = lock(&transport.choice).settle(now, place, self.fared);
        if let Some(outlet) = transport.outlets.get(place).filter(|_| ejected) {
            let address = outlet.uri.authority().map(tracing::field::display);
            tracing::warn!(address, egress = outlet.egress, "way out ejected");
        }
    }
}

impl Outlet {
    fn new(
        uri: &Uri,
        egress: usize,
        connector: &Connector,
        rules: Connections,
    ) -> Result<Self, ovenjs_net::Error> {
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let scheme = uri.scheme_str().unwrap_or("https");
        Ok(Self {
            base: format!("{scheme}://{authority}{prefix}"),
            prefix,
            host: HeaderValue::from_str(&authority).unwrap_or(HeaderValue::from_static("")),
            uri: uri.clone(),
            egress,
            https: Https::new(connector, rules.http2)?,
            pool: Mutex::new(Pool::new(rules)),
            counts: Mutex::default(),
            qualities: Mutex::default(),
        })
    }

    /// Sends a request and reads the answer to its end, and says how long that took.
    async fn send(
        self: &Arc<Self>,
        transport: &Transport,
        letter: Letter<'_>,
        patience: Patience,
    ) -> Result<(Reply, Duration), Failure> {
        let Letter {
            method,
            path,
            version,
            headers,
            body,
            priority,
        } = letter;
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.headers_mut() = headers;
        loop {
            let mut lease = self.line(transport, priority, patience.limit).await?;
            let (is_new, is_shared) = (lease.is_new, lease.is_shared());
            let Some(line) = lease.line() else { continue };
            if !is_new && !line.is_alive() {
                continue;
            }
            self.address(&mut request, version, path, is_shared)?;
            let quality = Arc::clone(line.quality());
            let under_way = quality.begin();
            let began = transport.clock.now();
            // It was waited for, and whoever waited may not have been polled for a while.
            if began >= patience.limit {
                lease.keep();
                return Err(Failure::Late(Phase::Unlooked));
            }
            return match line.exchange(request, patience, &*transport.clock).await {
                Ok(reply) => {
                    let took = transport.clock.now().saturating_duration_since(began);
                    under_way.answered(took);
                    lease.keep();
                    Ok((reply, took))
                }
                // Another line may be fresher; a new one says that there is none.
                Err(Broken::Stale(unsent, _)) if !is_new => {
                    request = *unsent;
                    continue;
                }
                Err(Broken::Stale(_, error)) => Err(Failure::Unsent(error)),
                Err(Broken::Failed(failure)) => {
                    under_way.failed();
                    if is_shared {
                        // The others go on; whether it lives, its pings find out.
                        lease.keep();
                    }
                    Err(failure)
                }
            };
        }
    }

    fn connections(&self, now: Instant) -> Vec<ConnectionStats> {
        let qualities = lock(&self.qualities);
        let open = qualities.iter().filter_map(Weak::upgrade);
        open.map(|quality| quality.stats(now)).collect()
    }

    /// Writes where a request goes, as the line's protocol wants it.
    fn address(
        &self,
        request: &mut Request<Outgoing>,
        version: Option<u8>,
        path: &str,
        is_shared: bool,
    ) -> Result<(), Failure> {
        let start = if is_shared { &self.base } else { &self.prefix };
        // The parser's error is left out: it may repeat the address, which may hold a token.
        let uri = Uri::try_from(match version {
            None => [start, path].concat(),
            // The base ends with the client's version.
            Some(version) => {
                let (base, _) = start.rsplit_once('/').unwrap_or_default();
                format!("{base}/v{version}{path}")
            }
        });
        *request.uri_mut() = uri.map_err(|_| Failure::Address)?;
        if is_shared {
            request.headers_mut().remove(HOST);
        } else {
            request.headers_mut().insert(HOST, self.host.clone());
        }
        Ok(())
    }

    /// A line of the pool's, opened if need be.
    async fn line<'a>(
        self: &'a Arc<Self>,
        transport: &'a Transport,
        priority: Priority,
        limit: Instant,
    ) -> Result<Lease<'a>, Failure> {
        let now = transport.clock.now();
        let mut waits = None;
        let (expired, asked) = {
            let pool = &mut lock(&self.pool);
            let expired = pool.expired(now);
            let asked = pool.ask(now, priority, || {
                let (sender, receiver) = oneshot::channel();
                waits = Some(receiver);
                sender
            });
            (expired, asked)
        };
        // What is over is closed by whoever has no lock.
        drop(expired);
        let grant = match (asked, waits) {
            (Asked::Granted(grant), _) => grant,
            (Asked::Wait(number), Some(receiver)) => {
                let limit = limit.min(now + transport.rules.acquire);
                let waiting = Waiting {
                    outlet: self,
                    clock: &*transport.clock,
                    number,
                    receiver,
                };
                waiting.end(limit).await?
            }
            _ => return Err(Failure::Late(Phase::Connection)),
        };
        match grant {
            Grant::Line(lent) => Ok(Lease::new(self, &*transport.clock, lent, false)),
            Grant::Open => Opened::soon(self, transport).end(Some(limit)).await,
        }
    }

    /// Gives whatever is free to those who wait.
    fn serve(&self, clock: &dyn Clock) {
        loop {
            let next = lock(&self.pool).next(clock.now());
            let Some((waiter, grant)) = next else { return };
            if let Err(grant) = waiter.send(grant) {
                self.give_back(clock, grant);
            }
        }
    }

    fn give_back(&self, clock: &dyn Clock, grant: Grant<Line>) {
        let over = match grant {
            Grant::Line(lent) => {
                let is_fit = lent.line.is_fit();
                lock(&self.pool).back(clock.now(), lent, is_fit)
            }
            Grant::Open => {
                lock(&self.pool).not_opened();
                None
            }
        };
        drop(over);
    }
}
