//! A server that reads requests and answers by a script.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use ovenjs_net::Dialer;
use ovenjs_rest::Client;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    net::TcpListener,
    sync::mpsc,
    task::JoinSet,
};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Status, header lines, body.
    Answer(u16, &'static str, String),
    /// A body in another form, or what says to be one.
    Packed(&'static str, Vec<u8>),
    /// The same, but not before so many requests have come in all.
    Gathered(usize, &'static str, String),
    /// Answers with this body and closes the connection, without having said so.
    Last(String),
    /// Answers with half of this body and says nothing more, for good.
    Half(String),
    /// Status, header lines, and half of this body; then the connection ends.
    Cut(u16, &'static str, String),
    /// Reads the request and closes the connection.
    Close,
    /// Reads the request and says nothing, for good.
    Silence,
}

/// A server whose n-th request meets the n-th step; the last step holds for all that follow.
pub(crate) struct Server {
    pub(crate) base_url: String,
    seen: Arc<Mutex<Vec<String>>>,
    closed: Arc<AtomicUsize>,
    peers: Arc<Mutex<Vec<String>>>,
    dialer: Option<Dialer>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// One within this process: no socket has a say in when things happen, so a paused clock goes on only
    /// when all wait for it.
    pub(crate) fn piped(script: impl IntoIterator<Item = Step>) -> Self {
        let (sender, mut calls) = mpsc::channel::<DuplexStream>(CALLS_MAX);
        let dialer = Dialer::new(move |_| {
            let (near, far) = duplex(64 * 1024);
            // A call to a server that is gone breaks.
            drop(sender.try_send(far));
            near
        });
        let script: Arc<Vec<Step>> = Arc::new(script.into_iter().collect());
        let mut server = Self {
            base_url: "http://127.0.0.1:9/api".to_owned(),
            seen: Arc::default(),
            closed: Arc::default(),
            peers: Arc::default(),
            dialer: Some(dialer),
            _tasks: JoinSet::new(),
        };
        let log = Arc::clone(&server.seen);
        server._tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Some(stream) = calls.recv().await {
                connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        server
    }

    pub(crate) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        let script: Arc<Vec<Step>> = Arc::new(script.into_iter().collect());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let log = Arc::clone(&seen);
        let closed = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&closed);
        let peers = Arc::<Mutex<Vec<String>>>::default();
        let book = Arc::clone(&peers);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                book.lock().unwrap().push(peer.ip().to_string());
                let story = serve(stream, Arc::clone(&script), Arc::clone(&log));
                let count = Arc::clone(&count);
                connections.spawn(async move {
                    story.await;
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        Self {
            base_url,
            seen,
            closed,
            peers,
            dialer: None,
            _tasks: tasks,
        }
    }

    /// The requests so far, heads and bodies as they came.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The addresses that connections came from, one by one.
    pub(crate) fn peers(&self) -> Vec<String> {
        self.peers.lock().unwrap().clone()
    }

    /// Whether so many connections have ended.
    pub(crate) fn has_closed(&self, connections: usize) -> bool {
        self.closed.load(Ordering::Relaxed) >= connections
    }

    /// How connections to it are made.
    pub(crate) fn net(&self) -> ovenjs_net::Config {
        let net = ovenjs_net::Config::new();
        match &self.dialer {
            Some(dialer) => net.dialer(dialer.clone()),
            None => net,
        }
    }

    /// A client of this server.
    pub(crate) fn client(&self) -> Client {
        Client::builder(TOKEN)
            .base_url(&self.base_url)
            .net(self.net())
            .build()
            .unwrap()
    }
}

/// The most connections that wait to be taken, more than any story has.
const CALLS_MAX: usize = 256;

/// What must never be seen in any output.
pub(crate) const TOKEN: &str = "bot.t0ken.c4nary";

pub(crate) fn json(status: u16, body: &str) -> Step {
    Step::Answer(
        status,
        "content-type: application/json\r\n",
        body.to_owned(),
    )
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<Vec<Step>>,
    log: Arc<Mutex<Vec<String>>>,
) {
    while let Some(request) = read(&mut stream).await {
        let place = {
            let mut log = log.lock().unwrap();
            log.push(request);
            log.len() - 1
        };
        match script.get(place).or_else(|| script.last()).unwrap() {
            Step::Answer(status, headers, body) => {
                let length = if *status == 204 {
                    String::new()
                } else {
                    format!("content-length: {}\r\n", body.len())
                };
                let answer = format!("HTTP/1.1 {status} X\r\n{headers}{length}\r\n{body}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Step::Packed(form, body) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 200 X\r\ncontent-encoding: {form}\r\ncontent-length: {length}\r\n\r\n"
                );
                let answer = [head.as_bytes(), body].concat();
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
            Step::Gathered(count, headers, body) => {
                while log.lock().unwrap().len() < *count {
                    tokio::task::yield_now().await;
                }
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 200 X\r\n{headers}content-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            Step::Last(body) => {
                let length = body.len();
                let answer = format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                return;
            }
            Step::Half(body) => {
                let (length, half) = (body.len(), &body[..body.len() / 2]);
                let answer = format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n{half}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                std::future::pending().await
            }
            Step::Cut(status, headers, body) => {
                let (length, half) = (body.len(), &body[..body.len() / 2]);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{half}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                return;
            }
            Step::Close => return,
            Step::Silence => std::future::pending().await,
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}
