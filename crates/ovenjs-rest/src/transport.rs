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

use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::HOST};
#[cfg(feature = "http2")]
use hyper::client::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::client::legacy::connect::Connection as _;
#[cfg(feature = "http2")]
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ovenjs_net::{Clock, Connector, Entropy};
use ovenjs_ratelimit::Priority;
use tokio::sync::oneshot;
#[cfg(feature = "http2")]
use tokio::task::JoinSet;

use crate::{
    Connections, Error, Reply,
    delivery::lock,
    inflate::{self, Refused},
};

use holds::{Lease, Opening, Waiting};
use https::Https;
pub(crate) use line::Patience;
use line::{Broken, Io, Line};
pub(crate) use outgoing::{Outgoing, Stretch};
use outlets::{Fared, Outlets};
use pool::{Asked, Grant, Pool};
pub use quality::ConnectionStats;
use quality::Quality;

pub(crate) struct Transport {
    outlets: Vec<Outlet>,
    choice: Mutex<Outlets>,
    rules: Connections,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// They move the bytes of shared connections, and end with the transport.
    #[cfg(feature = "http2")]
    drivers: Mutex<JoinSet<()>>,
}

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
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A connection that is free.
    Connection,
    /// What a streamed body's source gives, and that the connection takes it.
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
    /// The smoothed time from sending to the end of the answer, where there was one.
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

/// While requests are under way on an HTTP/2 connection it is asked so often whether it lives. All
/// requests share it, and a path that dies without a word would else be kept, and chosen again, for
/// as long as the kernel goes on trying.
#[cfg(feature = "http2")]
const PING_EVERY: Duration = Duration::from_secs(5);

/// How long its answer may take: several lost packets, and well below [`Live::answer`](crate::Live).
#[cfg(feature = "http2")]
const PING_DEADLINE: Duration = Duration::from_secs(5);

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
                outlets.push(Outlet::new(base, egress, connector, rules)?);
            }
        }
        Ok(Self {
            choice: Mutex::new(Outlets::new(outlets.len())),
            outlets,
            rules,
            clock,
            entropy,
            #[cfg(feature = "http2")]
            drivers: Mutex::new(JoinSet::new()),
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
        let began = self.clock.now();
        let done = outlet.send(self, letter, patience).await;
        let done = done.and_then(|reply| Ok(inflate::inflate(reply, patience.answer_max)?));
        way.fared = match &done {
            Ok(reply) if is_ban(reply) => Fared::Banned,
            Ok(_) | Err(Failure::TooLong | Failure::Packed(_)) => {
                Fared::Well(self.clock.now().saturating_duration_since(began))
            }
            Err(
                Failure::Address
                | Failure::Source(_)
                | Failure::Late(Phase::Connection | Phase::Upload),
            ) => Fared::Unknown,
            Err(_) => Fared::Badly,
        };
        done
    }

    /// Speaks the protocol that was agreed upon.
    async fn speak(&self, io: Io) -> hyper::Result<Line> {
        #[cfg(feature = "http2")]
        if io.connected().is_negotiated_h2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PING_DEADLINE)
                .handshake(io)
                .await?;
            let drivers = &mut lock(&self.drivers);
            while drivers.try_join_next().is_some() {}
            // Whoever uses it is told of its end by their request.
            drivers.spawn(async move { drop(connection.await) });
            let quality = Quality::new(self.clock.now(), true);
            return Ok(Line::Shared(sender, Arc::new(quality)));
        }
        Line::alone(io, Quality::new(self.clock.now(), false)).await
    }

    /// Opens connections until each way out has its warm minimum.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        for outlet in &self.outlets {
            while lock(&outlet.pool).is_cold() {
                match Box::pin(Opening::new(outlet, self).open(self)).await {
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

/// Cloudflare's ban of an address: a refusal that is not Discord's JSON.
fn is_ban(reply: &Reply) -> bool {
    matches!(reply.status, 403 | 429) && !reply.body.trim_ascii_start().starts_with(b"{")
}

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

    async fn send(
        &self,
        transport: &Transport,
        letter: Letter<'_>,
        patience: Patience,
    ) -> Result<Reply, Failure> {
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
            return match line.exchange(request, patience, &*transport.clock).await {
                Ok(reply) => {
                    under_way.answered(transport.clock.now().saturating_duration_since(began));
                    lease.keep();
                    Ok(reply)
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
        &'a self,
        transport: &'a Transport,
        priority: Priority,
        limit: Instant,
    ) -> Result<Lease<'a>, Failure> {
        let now = transport.clock.now();
        let mut waits = None;
        let asked = {
            let pool = &mut lock(&self.pool);
            let expired = pool.expired(now);
            let asked = pool.ask(now, priority, || {
                let (sender, receiver) = oneshot::channel();
                waits = Some(receiver);
                sender
            });
            (asked, expired).0
        };
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
            // Opening is rare and its future large; a call that finds a line does without.
            Grant::Open => Box::pin(Opening::new(self, transport).open(transport)).await,
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
