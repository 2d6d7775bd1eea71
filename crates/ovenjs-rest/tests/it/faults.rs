//! The menu of transient faults: of each kind nineteen in twenty calls must get through within their
//! deadline. The clock is paused, so an outage of forty seconds takes none; there are pipes instead of sockets, so
//! that it goes on only when all wait for it.

use std::{
    collections::{BTreeMap, HashSet},
    future::{Future, IntoFuture},
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::join_all;
use ovenjs_net::{Clock as _, Dialer, SystemClock};
use ovenjs_rest::{Client, Error};
use ovenjs_types::Id;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    sync::mpsc,
    task::JoinSet,
};

use crate::server::TOKEN;

/// What happens to the first request for each thing; the second is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refused,
    ResetBeforeReading,
    ResetAfterReading,
    ClosedAfterReading,
    Status(u16),
    CutBody,
    StalledBody,
    StalledForFortySeconds,
    ConnectionIsOver,
}

const KINDS: [Kind; 12] = [
    Kind::Refused,
    Kind::ResetBeforeReading,
    Kind::ResetAfterReading,
    Kind::ClosedAfterReading,
    Kind::Status(500),
    Kind::Status(502),
    Kind::Status(503),
    Kind::Status(504),
    Kind::CutBody,
    Kind::StalledBody,
    Kind::StalledForFortySeconds,
    Kind::ConnectionIsOver,
];

/// Calls of each sort and kind of fault.
const CALLS: u64 = 20;

#[tokio::test(start_paused = true)]
async fn nineteen_in_twenty_calls_recover_from_each_transient_fault() {
    let mut table = Vec::new();
    for kind in KINDS {
        let server = Server::start(kind);
        let client = Client::builder(TOKEN)
            .base_url("http://127.0.0.1:9/api")
            .net(ovenjs_net::Config::new().dialer(server.dialer.clone()))
            .build()
            .unwrap();
        let mut calls: Vec<Made<'_>> = Vec::new();
        for n in 1..=CALLS {
            let (channel, message) = (Id::new(n), Id::new(1000 + n));
            let read = client
                .message(channel, message)
                .deadline(DEADLINE)
                .into_future();
            let post = client
                .create_message(channel)
                .content("hi")
                .deadline(DEADLINE)
                .into_future();
            let delete = client
                .delete_message(channel, message)
                .deadline(DEADLINE)
                .into_future();
            calls.push(Box::pin(async { read.await.map(drop) }));
            calls.push(Box::pin(async { post.await.map(drop) }));
            calls.push(Box::pin(delete));
        }
        let done = join_all(calls).await;
        let recovered = done.iter().filter(|done| done.is_ok()).count();
        let failures: HashSet<String> = done
            .iter()
            .filter_map(|done| done.as_ref().err().map(ToString::to_string))
            .collect();
        table.push((kind, recovered, done.len(), failures));
        let stats = client.stats();
        assert_eq!(
            (stats.in_flight, stats.waiting, stats.pausing),
            (0, 0, 0),
            "{kind:?}"
        );
        assert_eq!(stats.limits.permits, 0, "{kind:?}");
        let outlet = &client.stats().outlets[0];
        assert_eq!(
            (
                outlet.busy,
                outlet.opening,
                outlet.waiting,
                outlet.in_flight
            ),
            (0, 0, 0, 0),
            "{kind:?}"
        );
        // Whatever was repeated, no channel has two messages.
        let seen = server.seen.lock().unwrap();
        assert!(
            seen.nonces.values().all(|nonces| nonces.len() == 1),
            "{kind:?}: {:?}",
            seen.nonces
        );
        assert!(
            seen.met >= usize::try_from(CALLS).unwrap(),
            "{kind:?} happened {} times",
            seen.met
        );
    }
    for (kind, recovered, calls, failures) in &table {
        println!("{kind:?}: {recovered} of {calls} recovered {failures:?}");
    }
    for (kind, recovered, calls, _) in table {
        assert!(
            recovered * 100 >= calls * 95,
            "{kind:?}: {recovered} of {calls}"
        );
    }
}

/// A call that was made, whatever it answers.
type Made<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

const DEADLINE: Duration = Duration::from_secs(60);

struct Server {
    dialer: Dialer,
    seen: Arc<Mutex<Seen>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    /// Methods and paths that have met their fault.
    things: HashSet<String>,
    /// How often it happened.
    met: usize,
    /// The nonces posted to each path.
    nonces: BTreeMap<String, HashSet<String>>,
}

impl Server {
    fn start(kind: Kind) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (sender, mut calls) = mpsc::channel::<Far>(256);
        let (log, began) = (Arc::clone(&seen), SystemClock.now());
        let dialer = Dialer::new(move |_| {
            let (near, far) = duplex(64 * 1024);
            let is_reset = Arc::<AtomicBool>::default();
            // Nobody is there for a while: the other end is gone at once.
            if kind == Kind::Refused && SystemClock.now() - began < Duration::from_secs(2) {
                log.lock().unwrap().met += 1;
            } else {
                sender.try_send((far, Arc::clone(&is_reset))).unwrap();
            }
            Near {
                pipe: near,
                is_reset,
            }
        });
        let mut tasks = JoinSet::new();
        let log = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Some((stream, is_reset)) = calls.recv().await {
                connections.spawn(serve(stream, is_reset, kind, Arc::clone(&log)));
            }
        });
        Self {
            dialer,
            seen,
            _tasks: tasks,
        }
    }
}

/// The server's end of a connection, and whether it resets it.
type Far = (DuplexStream, Arc<AtomicBool>);

/// The client's end: what is reset is lost, as with a socket.
struct Near {
    pipe: DuplexStream,
    is_reset: Arc<AtomicBool>,
}

impl Near {
    fn whole(&mut self) -> io::Result<Pin<&mut DuplexStream>> {
        if self.is_reset.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(Pin::new(&mut self.pipe))
    }
}

impl AsyncRead for Near {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.whole()?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Near {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.whole()?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?.poll_shutdown(cx)
    }
}

async fn serve(
    mut stream: DuplexStream,
    is_reset: Arc<AtomicBool>,
    kind: Kind,
    seen: Arc<Mutex<Seen>>,
) {
    if kind == Kind::ResetBeforeReading {
        let is_met = {
            let seen = &mut seen.lock().unwrap();
            seen.met += 1;
            seen.met <= 3 * usize::try_from(CALLS).unwrap() / 2
        };
        if is_met {
            is_reset.store(true, Ordering::Relaxed);
            return;
        }
    }
    while let Some((thing, body)) = read(&mut stream).await {
        let is_first = {
            let seen = &mut seen.lock().unwrap();
            if let Some((_, rest)) = body.split_once("\"nonce\":\"") {
                let nonce = rest.split('"').next().unwrap().to_owned();
                seen.nonces.entry(thing.clone()).or_default().insert(nonce);
            }
            let is_first = seen.things.insert(thing.clone());
            seen.met += usize::from(is_first);
            is_first
        };
        let whole = answer(200, MESSAGE);
        let is_met = is_first && !matches!(kind, Kind::Refused | Kind::ResetBeforeReading);
        let bytes = match kind {
            _ if !is_met => whole,
            Kind::ResetAfterReading => {
                is_reset.store(true, Ordering::Relaxed);
                return;
            }
            Kind::ClosedAfterReading => return,
            Kind::Status(status) => answer(status, "<html>cloudflare: bad gateway</html>"),
            Kind::CutBody | Kind::StalledBody => {
                let half = &whole[..whole.len() - 20];
                if stream.write_all(half.as_bytes()).await.is_err() {
                    return;
                }
                if kind == Kind::CutBody {
                    return;
                }
                std::future::pending().await
            }
            Kind::StalledForFortySeconds => {
                tokio::time::sleep(Duration::from_secs(40)).await;
                whole
            }
            // It answers and is gone, though it did not say so: the next request meets the end.
            Kind::ConnectionIsOver => {
                let _ = stream.write_all(whole.as_bytes()).await;
                return;
            }
            Kind::Refused | Kind::ResetBeforeReading => whole,
        };
        if stream.write_all(bytes.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

const MESSAGE: &str =
    r#"{"id":"5","channel_id":"1","content":"hi","author":{"id":"2","username":"oven"}}"#;

/// Method and path, and the body.
async fn read(stream: &mut DuplexStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .trim()
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let thing = head.split(" HTTP/").next().unwrap().to_owned();
    Some((thing, String::from_utf8(body).unwrap()))
}
