//! A proxy that runs as a process, and what is said to it over sockets.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
};

use ovenjs_mock::{Config, Discord};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::tell;

/// More than any story needs, on the slowest machine.
pub(super) const LOOKS_MAX: usize = 50_000;

pub(super) async fn stage(config: Config, arguments: &[&str]) -> (Discord, Proxy) {
    let discord = Discord::start(config).await.unwrap();
    let proxy = Proxy::start(&discord, arguments);
    (discord, proxy)
}

/// A proxy that runs, ended with its story.
pub(super) struct Proxy {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
    pub(super) watch: SocketAddr,
}

impl Proxy {
    pub(super) fn start(discord: &Discord, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_oven"))
            .args(["proxy", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_remove("DISCORD_TOKEN")
            .env("OVENJS_BASE_URL", discord.base_url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let lines: Vec<_> = lines
            .map_while(Result::ok)
            .take_while(|line| !line.starts_with("Ctrl-C"))
            .collect();
        let address = |start: &str| -> SocketAddr {
            let line = lines.iter().find_map(|line| line.strip_prefix(start));
            let address = line.unwrap().trim().strip_prefix("http://").unwrap();
            address.split('/').next().unwrap().parse().unwrap()
        };
        Self {
            address: address("base URL"),
            watch: address("metrics"),
            child,
        }
    }

    pub(super) fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    pub(super) fn id(&self) -> String {
        self.child.id().to_string()
    }

    pub(super) fn get(&self, path: &str) -> Asking {
        Asking::get(self.address, &format!("/api/v10{path}"))
    }

    pub(super) fn post(&self, discord: &Discord, content: &str) -> Asking {
        let path = format!("/channels/{}/messages", discord.channel_id());
        Asking {
            method: "POST",
            ..self.get(&path)
        }
        .token(discord)
        .header("content-type", "application/json")
        .body(&serde_json::json!({ "content": content }).to_string())
    }

    pub(super) async fn say(&self, text: &str) -> Told {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // It may refuse before it has read all.
        drop(stream.write_all(text.as_bytes()).await);
        Waiting(stream).read().await
    }

    pub(super) async fn page(&self, path: &str) -> String {
        let page = Asking::get(self.watch, path).send().await;
        assert_eq!(page.status, 200, "{page:?}");
        page.body
    }

    /// Asks for the metrics until this line is among them.
    pub(super) async fn wait_for(&self, line: &str) {
        for _ in 0..LOOKS_MAX {
            if self.page("/metrics").await.lines().any(|told| told == line) {
                return;
            }
        }
        panic!("{line} was never told");
    }

    pub(super) fn end(self, signal: &str) -> ExitStatus {
        assert!(tell(signal, &self.id()));
        self.wait()
    }

    pub(super) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends it, and gives what it has logged.
    pub(super) fn logged(mut self, signal: &str) -> String {
        assert!(tell(signal, &self.id()));
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A request, by a connection of its own.
pub(super) struct Asking {
    pub(super) address: SocketAddr,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: String,
    pub(super) body: String,
}

impl Asking {
    pub(super) fn get(address: SocketAddr, path: &str) -> Self {
        Self {
            address,
            method: "GET",
            path: path.to_owned(),
            headers: String::new(),
            body: String::new(),
        }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(super) fn token(self, discord: &Discord) -> Self {
        self.header("authorization", &format!("Bot {}", discord.token()))
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    pub(super) async fn send(self) -> Told {
        self.begin().await.read().await
    }

    pub(super) async fn begin(self) -> Waiting {
        let Self {
            address,
            method,
            path,
            headers,
            body,
        } = self;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\
             content-length: {length}\r\n\r\n{body}"
        );
        // It may refuse before it has read all.
        drop(stream.write_all(text.as_bytes()).await);
        Waiting(stream)
    }
}

/// A request that was sent.
pub(super) struct Waiting(TcpStream);

impl Waiting {
    pub(super) async fn read(mut self) -> Told {
        let mut bytes = Vec::new();
        // Until the end, or as much as came before the connection broke.
        while let Ok(1..) = self.0.read_buf(&mut bytes).await {
            if Told::of(&bytes).is_some_and(|told| told.is_whole) {
                break;
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Told::of(&bytes).unwrap_or_else(|| panic!("no answer: {text}"))
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    is_whole: bool,
}

impl Told {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: BTreeMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .and_then(|length| length.parse().ok());
        Some(Self {
            is_whole: length.is_some_and(|length: usize| body.len() >= length),
            status,
            headers,
            body: body.to_owned(),
        })
    }

    pub(super) fn text(&self) -> String {
        format!("{:?}\n{}", self.headers, self.body)
    }
}
