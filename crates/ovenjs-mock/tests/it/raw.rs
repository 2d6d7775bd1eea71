//! Clients made of bytes: just enough HTTP and websocket to say what a test wants to say.

use std::{future::Future, net::SocketAddr, time::Duration};

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, handshake};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{client::conn::http1, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use ovenjs_mock::Discord;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

/// Far more than loopback needs; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const ALL_INTENTS: u64 = 0x331_ffff & !(0b11 << 18 | 1 << 17);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> Option<u64> {
        self.body["code"].as_u64()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }
}

/// A REST request of the bot, `/users/@me` under `/api/v10`.
pub(crate) async fn call(
    discord: &Discord,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let token = format!("Bot {}", discord.token());
    let path = format!("/api/v10{path}");
    let body = body.map(|body| (body.to_string(), "application/json"));
    send(
        discord.address(),
        method,
        &path,
        &[("authorization", &token)],
        body,
    )
    .await
}

pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<(String, &str)>,
) -> Answer {
    let stream = TcpStream::connect(address).await.expect("the box listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .expect("it speaks HTTP");
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("user-agent", "DiscordBot (https://example.org, 1)");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", address.to_string());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = match body {
        Some((text, content_type)) => {
            request = request.header("content-type", content_type);
            Full::new(Bytes::from(text))
        }
        None => Full::default(),
    };
    let request = request.body(body).expect("a lawful request");
    let response = timeout(PATIENCE, sender.send_request(request))
        .await
        .expect("in time")
        .expect("an answer");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

/// A gateway client that sends and reads payloads.
pub(crate) struct Socket {
    socket: FragmentCollector<TokioIo<Upgraded>>,
    inflate: Inflate,
    _tasks: JoinSet<()>,
}

enum Inflate {
    Plain,
    Zlib(Box<flate2::Decompress>, Vec<u8>),
    Zstd(zstd_safe::DCtx<'static>),
}

/// What came instead of a payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Close(u16),
    Abrupt,
    /// What came cannot be read.
    Corrupt,
}

impl Socket {
    pub(crate) async fn open(discord: &Discord, query: &str) -> Self {
        let stream = TcpStream::connect(discord.address())
            .await
            .expect("the box listens");
        let request = Request::builder()
            .uri(format!("/?{query}"))
            .header("host", discord.address().to_string())
            .header("upgrade", "websocket")
            .header("connection", "upgrade")
            .header("sec-websocket-key", handshake::generate_key())
            .header("sec-websocket-version", "13")
            .body(Empty::<Bytes>::new())
            .expect("a lawful request");
        let (sender, tasks) = (tokio::sync::mpsc::channel(1), JoinSet::new());
        let executor = Executor(sender.0);
        let mut drivers = sender.1;
        let mut tasks = tasks;
        let driver = async move {
            while let Some(task) = drivers.recv().await {
                task.await;
            }
        };
        tasks.spawn(driver);
        let (mut socket, _) = handshake::client(&executor, request, stream)
            .await
            .expect("a websocket");
        socket.set_auto_close(false);
        let inflate = if query.contains("zlib-stream") {
            Inflate::Zlib(Box::new(flate2::Decompress::new(true)), Vec::new())
        } else if query.contains("zstd-stream") {
            Inflate::Zstd(zstd_safe::DCtx::create())
        } else {
            Inflate::Plain
        };
        Self {
            socket: FragmentCollector::new(socket),
            inflate,
            _tasks: tasks,
        }
    }

    /// Connects and identifies; gives READY's `d` beside the socket.
    pub(crate) async fn identified(discord: &Discord, query: &str, intents: u64) -> (Self, Value) {
        let mut socket = Self::open(discord, query).await;
        assert_eq!(socket.payload().await["op"], 10);
        socket.say(identify(&discord.token(), intents)).await;
        let ready = socket.payload().await;
        assert_eq!(ready["t"], "READY");
        (socket, ready["d"].clone())
    }

    pub(crate) async fn say(&mut self, payload: Value) {
        self.say_text(payload.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: String) {
        let frame = Frame::text(text.into_bytes().into());
        self.socket
            .write_frame(frame)
            .await
            .expect("it can be sent");
    }

    pub(crate) async fn close(mut self, code: u16) {
        self.socket
            .write_frame(Frame::close(code, b""))
            .await
            .expect("it can be sent");
        let _ = self.next().await;
    }

    pub(crate) async fn payload(&mut self) -> Value {
        self.next().await.expect("a payload")
    }

    /// The next dispatch of this name; others before it are passed over.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let payload = self.payload().await;
            if payload["t"] == name {
                return payload;
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Value, Ended> {
        loop {
            let frame = timeout(PATIENCE, self.socket.read_frame())
                .await
                .expect("in time");
            let Ok(frame) = frame else {
                return Err(Ended::Abrupt);
            };
            match frame.opcode {
                OpCode::Text | OpCode::Binary => {
                    let json = self.inflate.read(&frame.payload).ok_or(Ended::Corrupt)?;
                    return serde_json::from_slice(&json).map_err(|_| Ended::Corrupt);
                }
                OpCode::Close => {
                    return Err(Ended::Close(u16::from_be_bytes([
                        frame.payload[0],
                        frame.payload[1],
                    ])));
                }
                _ => {}
            }
        }
    }
}

impl Inflate {
    /// `None` for what is no part of the stream.
    fn read(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(bytes.to_vec()),
            Self::Zlib(context, waiting) => {
                waiting.extend_from_slice(bytes);
                assert!(
                    waiting.ends_with(&[0, 0, 0xff, 0xff]),
                    "each frame is flushed"
                );
                let input = std::mem::take(waiting);
                let start = context.total_in();
                let mut out = Vec::with_capacity(input.len() * 20 + 1024);
                while usize::try_from(context.total_in() - start).unwrap() < input.len() {
                    let taken = usize::try_from(context.total_in() - start).unwrap();
                    out.reserve(4096);
                    context
                        .decompress_vec(&input[taken..], &mut out, flate2::FlushDecompress::Sync)
                        .ok()?;
                }
                Some(out)
            }
            Self::Zstd(context) => {
                let mut input = zstd_safe::InBuffer::around(bytes);
                let mut out = Vec::new();
                loop {
                    let mut piece = Vec::with_capacity(1 << 17);
                    let mut buffer = zstd_safe::OutBuffer::around(&mut piece);
                    context.decompress_stream(&mut buffer, &mut input).ok()?;
                    let filled = piece.len() == piece.capacity();
                    out.extend_from_slice(&piece);
                    if input.pos() == bytes.len() && !filled {
                        return Some(out);
                    }
                }
            }
        }
    }
}

pub(crate) fn identify(token: &str, intents: u64) -> Value {
    json!({ "op": 2, "d": {
        "token": token,
        "intents": intents,
        "properties": { "os": "linux", "browser": "raw", "device": "raw" },
    }})
}

type Driver = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

struct Executor(tokio::sync::mpsc::Sender<Driver>);

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let driver: Driver = Box::pin(async {
            future.await;
        });
        assert!(
            self.0.try_send(driver).is_ok(),
            "one connection has one driver"
        );
    }
}
