//! A server of HTTP on this machine, as small as it gets.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub(super) struct Server {
    port: u16,
    counts: Arc<Counts>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
}

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// As it came.
    pub(super) raw_query: String,
    /// With names in small letters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) struct Answer {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
    is_in_pieces: bool,
    closes: bool,
    is_never: bool,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let counts = Arc::new(Counts::default());
        let (counted, answer) = (Arc::clone(&counts), Arc::new(answer));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                lines.spawn(async move {
                    // A client may leave whenever it likes.
                    let _ = serve(stream, &counted, &*answer).await;
                });
            }
        });
        Self {
            port,
            counts,
            _serving: serving,
        }
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    pub(super) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name)?;
        Some(&found.1)
    }

    /// A value of the query, decoded.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self
            .raw_query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(known, _)| *known == name)?;
        let mut bytes = Vec::new();
        let mut rest = value.as_bytes();
        while let Some((first, next)) = rest.split_first() {
            if *first == b'%' {
                let digits = std::str::from_utf8(&next[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &next[2..];
            } else {
                bytes.push(*first);
                rest = next;
            }
        }
        Some(String::from_utf8(bytes).unwrap())
    }
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            headers: vec![("content-type", "text/plain".to_owned())],
            is_in_pieces: false,
            closes: false,
            is_never: false,
        }
    }

    /// None at all, while the connection stays.
    pub(super) fn never() -> Self {
        Self {
            is_never: true,
            ..Self::new(200, "")
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// In pieces, so that nobody knows beforehand how long it is.
    pub(super) fn in_pieces(mut self) -> Self {
        self.is_in_pieces = true;
        self
    }

    /// The connection is closed after it, unannounced.
    pub(super) fn then_closes(mut self) -> Self {
        self.closes = true;
        self
    }
}

async fn serve(
    mut stream: TcpStream,
    counts: &Counts,
    answer: &(dyn Fn(&Request) -> Answer + Send + Sync),
) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8(read.drain(..end + 4).collect()).unwrap();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            raw_query: raw_query.to_owned(),
            headers,
            body: Vec::new(),
        };
        let length = request
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while read.len() < length {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        request.body = read.drain(..length).collect();
        counts.requests.fetch_add(1, Ordering::SeqCst);
        let answer = answer(&request);
        if answer.is_never {
            // Until the client has had enough.
            stream.read_buf(&mut read).await?;
            return Ok(());
        }
        let mut out = format!("HTTP/1.1 {} -\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            out.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        if answer.is_in_pieces {
            out.extend(b"transfer-encoding: chunked\r\n\r\n");
            for piece in answer.body.chunks(100) {
                out.extend(format!("{:x}\r\n", piece.len()).into_bytes());
                out.extend(piece);
                out.extend(b"\r\n");
            }
            out.extend(b"0\r\n\r\n");
        } else {
            // A 204 has none.
            if answer.status != 204 {
                out.extend(format!("content-length: {}\r\n", answer.body.len()).into_bytes());
            }
            out.extend(b"\r\n");
            out.extend(&answer.body);
        }
        stream.write_all(&out).await?;
        if answer.closes {
            return Ok(());
        }
    }
}
