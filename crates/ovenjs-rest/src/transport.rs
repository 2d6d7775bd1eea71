//! Bytes to Discord and back: hyper's pooled client over our connector.

use std::{
    error::Error as StdError,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use ovenjs_net::{Connector, Plain, PlainConnector, Step, Target};
use tower_service::Service;

use crate::Reply;

#[derive(Clone)]
pub(crate) struct Transport {
    client: Client<Https, Full<Bytes>>,
    answer_max: usize,
}

pub(crate) enum Failure {
    /// No connection: nothing has left.
    Unsent(Box<dyn StdError + Send + Sync>),
    /// It broke afterwards: the request may have arrived.
    Lost(Box<dyn StdError + Send + Sync>),
    /// The answer is longer than what is read.
    TooLong,
}

/// How long an unused connection is kept. Discord's edge closes them after some minutes; ours goes
/// first, so that no request meets a connection about to close.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Unused connections kept for HTTP/1.1. With HTTP/2 there is one.
const IDLE_CONNECTIONS_MAX: usize = 16;

/// While requests are under way on an HTTP/2 connection it is asked so often whether it lives. All
/// requests share it, and a path that dies without a word would else be kept, and chosen again, for
/// as long as the kernel goes on trying.
#[cfg(feature = "http2")]
const PING_EVERY: Duration = Duration::from_secs(5);

/// How long its answer may take: several lost packets, and well below [`Live::answer`](crate::Live).
#[cfg(feature = "http2")]
const PING_DEADLINE: Duration = Duration::from_secs(5);

impl Transport {
    pub(crate) fn new(connector: &Connector, answer_max: usize) -> Result<Self, ovenjs_net::Error> {
        #[cfg(feature = "http2")]
        let alpn: &[&[u8]] = &[b"h2", b"http/1.1"];
        #[cfg(not(feature = "http2"))]
        let alpn: &[&[u8]] = &[b"http/1.1"];
        let inner = HttpsConnector::from((connector.plain(), connector.tls_config(alpn)?));
        // hyper drives each connection by a task of its own; they end with the client.
        let mut builder = Client::builder(TokioExecutor::new());
        #[cfg(feature = "http2")]
        builder
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_DEADLINE);
        let client = builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(Https {
                inner,
                connector: connector.clone(),
            });
        Ok(Self { client, answer_max })
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let answer = self.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                Failure::Unsent(error.into())
            } else {
                Failure::Lost(error.into())
            }
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, self.answer_max)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    Failure::TooLong
                } else {
                    Failure::Lost(error)
                }
            })?;
        Ok(Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.to_bytes(),
        })
    }
}

/// hyper-rustls with a deadline, and with its failures told as ours are.
#[derive(Clone)]
struct Https {
    inner: HttpsConnector<PlainConnector>,
    connector: Connector,
}

impl Service<Uri> for Https {
    type Response = MaybeHttpsStream<TokioIo<Plain>>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let target = Target::from_uri(&uri);
        let connecting = self.inner.call(uri);
        let deadlines = self.connector.live().deadlines;
        // The steps before TLS end by themselves, each in its time.
        let all = [deadlines.tcp, deadlines.proxy, deadlines.tls]
            .into_iter()
            .fold(deadlines.dns, Duration::saturating_add);
        Box::pin(async move {
            let target = target?;
            match tokio::time::timeout(all, connecting).await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) if error.is::<ovenjs_net::Error>() => Err(error),
                Ok(Err(error)) => {
                    Err(ovenjs_net::Error::tls(&target, io::Error::other(error)).into())
                }
                Err(_) => Err(ovenjs_net::Error::deadline(Step::Tls, &target).into()),
            }
        })
    }
}
