//! One request at a time over a connection, some of which are kept for the next one.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, header::CONTENT_LENGTH};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use ovenjs_net::{Connector, Stream, Target};

/// Requests over the connector's streams, without a task of its own: a connection is driven by whoever asks over it.
#[derive(Debug)]
pub(super) struct Http {
    connector: Connector,
    deadline: Duration,
    free: Mutex<Vec<(Target, Line)>>,
}

/// A connection between two requests.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: Option<Moving>,
}

/// A connection that moves on when it is polled; none once it has ended.
type Moving = Pin<Box<Connection<TokioIo<Stream>, Full<Bytes>>>>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    Net(ovenjs_net::Error),
    Http(hyper::Error),
    /// The answer is longer than it may be.
    TooLarge,
    Late,
}

impl Http {
    pub(super) const fn new(connector: Connector, deadline: Duration) -> Self {
        Self {
            connector,
            deadline,
            free: Mutex::new(Vec::new()),
        }
    }

    /// The whole answer, of at most `limit` bytes, within the deadline.
    pub(super) async fn ask(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        limit: u64,
    ) -> Result<Response<Bytes>, Failed> {
        let asked = self.ask_in_time(target, request, limit);
        match tokio::time::timeout(self.deadline, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Failed::Late),
        }
    }

    async fn ask_in_time(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        limit: u64,
    ) -> Result<Response<Bytes>, Failed> {
        // One that was kept may have been closed by the other end meanwhile: whatever is asked here may be asked twice.
        if let Some(line) = self.take(target) {
            match self.exchange(target, line, request.clone(), limit).await {
                Err(Failed::Http(_)) => {}
                outcome => return outcome,
            }
        }
        let stream = self.connector.connect(target).await.map_err(Failed::Net)?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(Failed::Http)?;
        let line = Line {
            sender,
            connection: Some(Box::pin(connection)),
        };
        self.exchange(target, line, request, limit).await
    }

    async fn exchange(
        &self,
        target: &Target,
        mut line: Line,
        request: Request<Full<Bytes>>,
        limit: u64,
    ) -> Result<Response<Bytes>, Failed> {
        let Line { sender, connection } = &mut line;
        let answer = drive(connection, sender.send_request(request)).await;
        let (head, mut body) = answer.map_err(Failed::Http)?.into_parts();
        let told = head.headers.get(CONTENT_LENGTH);
        let told = told.and_then(|told| told.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|told| told > limit) {
            return Err(Failed::TooLarge);
        }
        let mut bytes = BytesMut::new();
        while let Some(frame) = drive(connection, body.frame()).await {
            if let Ok(data) = frame.map_err(Failed::Http)?.into_data() {
                let size = bytes.len().saturating_add(data.len());
                if u64::try_from(size).unwrap_or(u64::MAX) > limit {
                    return Err(Failed::TooLarge);
                }
                bytes.extend_from_slice(&data);
            }
        }
        if drive(connection, sender.ready()).await.is_ok() {
            self.keep(target, line);
        }
        Ok(Response::from_parts(head, bytes.freeze()))
    }

    fn take(&self, target: &Target) -> Option<Line> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let place = free.iter().position(|(of, _)| of == target)?;
        Some(free.swap_remove(place).1)
    }

    fn keep(&self, target: &Target, line: Line) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() >= FREE_MAX {
            free.remove(0);
        }
        free.push((target.clone(), line));
    }
}

/// Awaits `deed` and moves the connection on meanwhile.
async fn drive<T>(connection: &mut Option<Moving>, deed: impl Future<Output = T>) -> T {
    let mut deed = pin!(deed);
    poll_fn(|cx| {
        if let Some(moving) = connection
            && moving.as_mut().poll(cx).is_ready()
        {
            // What went wrong with it, the deed is told.
            *connection = None;
        }
        match deed.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(error) => error.fmt(f),
            Self::Http(_) => f.write_str("the connection broke off, or what came is no HTTP"),
            Self::TooLarge => f.write_str("the answer is longer than it may be"),
            Self::Late => f.write_str("the answer did not come in time"),
        }
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Net(error) => error.source(),
            Self::Http(error) => Some(error),
            Self::TooLarge | Self::Late => None,
        }
    }
}

/// How many connections are kept: as many as blobs are fetched at once.
const FREE_MAX: usize = 8;
