//! One connection, and a request over it.
//!
//! A connection of HTTP/1.1 is driven by whoever uses it, within the same task: no request wakes
//! another task, and dropping a call closes its connection. One of HTTP/2 is shared, so a task of the
//! transport's drives it.

use std::{
    error::Error as StdError,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Weak},
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
#[cfg(feature = "http2")]
use hyper::client::conn::http2;
use hyper::{
    body::{Body as _, Incoming},
    client::conn::{TrySendError, http1},
};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
#[cfg(feature = "http2")]
use hyper_util::{
    client::legacy::connect::Connection as _,
    rt::{TokioExecutor, TokioTimer},
};
use ovenjs_net::{Clock, Plain};
use tokio::time::Sleep;

use super::{Failure, Outgoing, Phase, Tasks, outgoing::Pulse, pool::Share, quality::Quality};
#[cfg(feature = "http2")]
use crate::delivery::lock;
use crate::{Reply, delivery::after};

pub(crate) type Io = MaybeHttpsStream<TokioIo<Plain>>;

/// A connection that can be sent over.
pub(crate) enum Line {
    Alone(Box<Alone>),
    #[cfg(feature = "http2")]
    Shared(http2::SendRequest<Outgoing>, Arc<Quality>),
}

/// A connection that takes one request at a time.
pub(crate) struct Alone {
    sender: http1::SendRequest<Outgoing>,
    /// Until it is over.
    connection: Option<http1::Connection<Io, Outgoing>>,
    quality: Arc<Quality>,
}

/// Why there is no answer.
pub(crate) enum Broken {
    /// The connection was over before the request left, which is handed back; another may do.
    Stale(Box<Request<Outgoing>>, Box<dyn StdError + Send + Sync>),
    Failed(Failure),
}

/// How long the phases of an answer may take, and until when all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) limit: Instant,
    pub(crate) first_byte: Duration,
    pub(crate) stall: Duration,
    pub(crate) answer_max: usize,
}

impl Patience {
    /// When a phase of so long ends that begins now.
    fn within(&self, time: Duration, clock: &dyn Clock) -> tokio::time::Instant {
        self.limit.min(after(clock.now(), time)).into()
    }
}

impl Share for Line {
    fn share(&self) -> Option<Self> {
        match self {
            Self::Alone(_) => None,
            #[cfg(feature = "http2")]
            Self::Shared(sender, quality) => {
                Some(Self::Shared(sender.clone(), Arc::clone(quality)))
            }
        }
    }
}

impl Line {
    /// Speaks the protocol that was agreed upon. One of the transport's tasks drives a shared connection.
    pub(super) async fn open(io: Io, now: Instant, tasks: &Weak<Tasks>) -> hyper::Result<Self> {
        #[cfg(feature = "http2")]
        if io.connected().is_negotiated_h2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PING_DEADLINE)
                .handshake(io)
                .await?;
            // Whoever uses it is told of its end by their request.
            let driver = async move { drop(connection.await) };
            if let Some(tasks) = tasks.upgrade() {
                lock(&tasks).spawn(driver);
            }
            return Ok(Self::Shared(sender, Arc::new(Quality::new(now, true))));
        }
        #[cfg(not(feature = "http2"))]
        let _ = tasks;
        let quality = Quality::new(now, false);
        let (sender, connection) = http1::handshake(io).await?;
        Ok(Self::Alone(Box::new(Alone {
            sender,
            connection: Some(connection),
            quality: Arc::new(quality),
        })))
    }

    /// How it fares.
    pub(super) const fn quality(&self) -> &Arc<Quality> {
        match self {
            Self::Alone(alone) => &alone.quality,
            #[cfg(feature = "http2")]
            Self::Shared(_, quality) => quality,
        }
    }

    /// Whether it lives, as far as can be told without asking the other end.
    pub(crate) fn is_alive(&mut self) -> bool {
        match self {
            Self::Alone(alone) => {
                drive(&mut alone.connection, &mut nobody());
                alone.sender.is_ready()
            }
            #[cfg(feature = "http2")]
            Self::Shared(sender, _) => !sender.is_closed(),
        }
    }

    /// Whether another request can follow.
    pub(crate) fn is_fit(&self) -> bool {
        match self {
            Self::Alone(alone) => alone.sender.is_ready(),
            #[cfg(feature = "http2")]
            Self::Shared(sender, _) => !sender.is_closed(),
        }
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Outgoing>,
        patience: Patience,
        clock: &dyn Clock,
    ) -> Result<Reply, Broken> {
        let pulse = request.body().pulse();
        let pulse = pulse.as_deref();
        match self {
            Self::Alone(alone) => {
                let answering = alone.sender.try_send_request(request);
                let driver = Driver::Caller {
                    connection: &mut alone.connection,
                    has_left: false,
                };
                let reply = read(answering, driver, pulse, patience, clock).await?;
                if !alone.sender.is_ready() {
                    // It has yet to take note of the end, and whether it can go on.
                    drive(&mut alone.connection, &mut nobody());
                }
                Ok(reply)
            }
            #[cfg(feature = "http2")]
            Self::Shared(sender, _) => {
                let answering = sender.try_send_request(request);
                read(answering, Driver::Task, pulse, patience, clock).await
            }
        }
    }
}

/// While requests are under way on an HTTP/2 connection it is asked so often whether it lives. All
/// requests share it, and a path that dies without a word would else be kept, and chosen again, for
/// as long as the kernel goes on trying.
#[cfg(feature = "http2")]
const PING_EVERY: Duration = Duration::from_secs(5);

/// How long its answer may take: several lost packets, and well below [`Live::answer`](crate::Live).
#[cfg(feature = "http2")]
const PING_DEADLINE: Duration = Duration::from_secs(5);

/// Who moves the bytes of a connection.
enum Driver<'a> {
    /// Whoever waits for the answer.
    Caller {
        connection: &'a mut Option<http1::Connection<Io, Outgoing>>,
        /// Whether the request is on its way: before that there is no answer.
        has_left: bool,
    },
    /// A task of its own, which wakes whoever waits.
    #[cfg(feature = "http2")]
    Task,
}

impl Driver<'_> {
    /// Polls for something that the connection brings.
    ///
    /// What a connection and a request tell each other within one poll would wake the task that is at
    /// work already, and have it polled once more in vain. So the request is polled with nobody to
    /// wake, since only this very call moves the connection on; and the connection too, until there is
    /// nothing to do but to wait.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut what: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let (connection, has_left) = match self {
            Self::Caller {
                connection,
                has_left,
            } => (connection, has_left),
            #[cfg(feature = "http2")]
            Self::Task => return what(cx),
        };
        let nobody = &mut nobody();
        if std::mem::replace(has_left, true) {
            if let Poll::Ready(ready) = what(nobody) {
                return Poll::Ready(ready);
            }
            drive(connection, nobody);
            if let Poll::Ready(ready) = what(nobody) {
                return Poll::Ready(ready);
            }
        }
        drive(connection, cx);
        what(nobody)
    }
}

const fn nobody() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Moves bytes. A connection that is over is let go of, so that whoever waits for it is told.
fn drive(connection: &mut Option<http1::Connection<Io, Outgoing>>, cx: &mut Context<'_>) {
    if let Some(driven) = connection
        && Pin::new(driven).poll(cx).is_ready()
    {
        *connection = None;
    }
}

async fn read(
    answering: impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Outgoing>>>>,
    mut driver: Driver<'_>,
    pulse: Option<&Pulse>,
    patience: Patience,
    clock: &dyn Clock,
) -> Result<Reply, Broken> {
    let mut answering = pin!(answering);
    let first_byte = || patience.within(patience.first_byte, clock);
    let mut alarm = pin!(tokio::time::sleep_until(first_byte()));
    let mut pieces = 0;
    let answer = poll_fn(|cx| {
        if let Poll::Ready(answer) = driver.poll(cx, |cx| answering.as_mut().poll(cx)) {
            return Poll::Ready(answer.map_err(|error| broken(error, pulse)));
        }
        loop {
            ready!(alarm.as_mut().poll(cx));
            // While a streamed body goes on, the answer to it is not late.
            let gone = pulse.map_or(0, Pulse::pieces);
            if gone == pieces || clock.now() >= patience.limit {
                let phase = pulse.map_or(Phase::FirstByte, Pulse::phase);
                return Poll::Ready(Err(Broken::Failed(Failure::Late(phase))));
            }
            pieces = gone;
            alarm.as_mut().reset(first_byte());
        }
    });
    let (head, body) = answer.await?.into_parts();
    let mut reply = Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: Bytes::new(),
    };
    let reading = read_body(body, driver, alarm, patience, clock);
    match reading.await {
        Ok(body) => {
            reply.body = body;
            Ok(reply)
        }
        Err(why) => Err(Broken::Failed(Failure::cut(reply, why))),
    }
}

async fn read_body(
    mut body: Incoming,
    mut driver: Driver<'_>,
    mut alarm: Pin<&mut Sleep>,
    patience: Patience,
    clock: &dyn Clock,
) -> Result<Bytes, Failure> {
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    loop {
        let mut is_set = false;
        let frame = poll_fn(|cx| {
            let frame = driver.poll(cx, |cx| Pin::new(&mut body).poll_frame(cx));
            if let Poll::Ready(frame) = frame {
                return Poll::Ready(Ok(frame));
            }
            if !is_set {
                is_set = true;
                alarm.as_mut().reset(patience.within(patience.stall, clock));
            }
            let late = |()| Err(Failure::Late(Phase::Body));
            alarm.as_mut().poll(cx).map(late)
        });
        let Some(frame) = frame.await? else { break };
        let frame = frame.map_err(|error| Failure::Lost(error.into()))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        if first.len() + more.len() + bytes.len() > patience.answer_max {
            return Err(Failure::TooLong);
        }
        if first.is_empty() {
            first = bytes;
        } else {
            more.extend_from_slice(&bytes);
        }
    }
    if more.is_empty() {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(first.len() + more.len());
    all.extend_from_slice(&first);
    all.unsplit(more);
    Ok(all.freeze())
}

/// A request that hyper hands back has not left.
fn broken(mut error: TrySendError<Request<Outgoing>>, pulse: Option<&Pulse>) -> Broken {
    if let Some(source) = pulse.and_then(Pulse::take_failure) {
        return Broken::Failed(Failure::Source(source));
    }
    let unsent = error.take_message();
    let error: Box<dyn StdError + Send + Sync> = error.into_error().into();
    match unsent {
        Some(request) => Broken::Stale(Box::new(request), error),
        None => Broken::Failed(Failure::Lost(error)),
    }
}
