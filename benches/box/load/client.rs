//! The other process: opens the sessions, and looks at what comes as little as a count needs.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use flate2::{Decompress, FlushDecompress};
use ovenjs_box_benches::{Result, cpu_time, peak_memory, served::Served};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::LocalSet,
};

use crate::{Compression, Plan, serve::CHECK_EVERY, unix_micros};

/// Starts the box, measures each rate, and prints what came of it.
pub(crate) async fn run(plan: Plan, words: &[String]) -> Result<()> {
    LocalSet::new().run_until(measure(plan, words)).await
}

async fn measure(plan: Plan, words: &[String]) -> Result<()> {
    let begun = Instant::now();
    let mut server = Served::start(words).await?;
    println!(
        "box: {} shards × {} guilds made in {:.1} s, {} MB; of its own events 1 in {CHECK_EVERY} is \
         checked by the oracle, of what is emitted the template",
        plan.shards,
        plan.guilds_each,
        begun.elapsed().as_secs_f64(),
        peak_memory(server.process)? / 1_000_000,
    );
    let begun = Instant::now();
    let tally = Rc::new(Tally::default());
    for shard in 0..plan.shards {
        let session = Session {
            plan,
            shard,
            address: server.address.clone(),
            token: server.token.clone(),
            tally: Rc::clone(&tally),
        };
        tokio::task::spawn_local(session.run());
    }
    let welcome = plan.shards * (plan.guilds_each + 1);
    tally.wait_for(welcome, WELCOME).await?;
    println!(
        "{} sessions have their {welcome} READY and GUILD_CREATE after {:.1} s ({:?} transport \
         compression, identifies not spaced); box: CPU so far {:.1} s, peak memory {} MB",
        plan.shards,
        begun.elapsed().as_secs_f64(),
        plan.compression,
        cpu_time(server.process)?.as_secs_f64(),
        peak_memory(server.process)? / 1_000_000,
    );
    println!(
        "{:>9} {:>9} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "asked/s", "emitted", "delivered/s", "lag p50", "lag p99", "box CPU", "client", "memory"
    );
    for step in 0..plan.steps {
        let rate = plan.rate << step;
        let (cpu, own) = (cpu_time(server.process)?, cpu_time(std::process::id())?);
        let begun = Instant::now();
        tally.begin();
        let emitted: u32 = server.ask(&rate.to_string()).await?.parse()?;
        tally.wait_for(emitted, DELIVERY).await?;
        let took = begun.elapsed();
        let share = |before: Duration, after: Duration| {
            (after - before).as_secs_f64() / took.as_secs_f64() * 100.0
        };
        let (median, worst) = tally.lag();
        println!(
            "{rate:>9} {emitted:>9} {:>11.0} {:>6.1} ms {:>6.1} ms {:>7.0} % {:>7.0} % {:>6} MB",
            f64::from(emitted) / took.as_secs_f64(),
            median.as_secs_f64() * 1e3,
            worst.as_secs_f64() * 1e3,
            share(cpu, cpu_time(server.process)?),
            share(own, cpu_time(std::process::id())?),
            peak_memory(server.process)? / 1_000_000,
        );
    }
    server.end().await
}

/// What has arrived since [`begin`](Self::begin).
#[derive(Default)]
struct Tally {
    state: RefCell<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    events: u32,
    wanted: u32,
    lags: Vec<u64>,
    failure: Option<String>,
}

impl Tally {
    fn begin(&self) {
        let mut state = self.state.borrow_mut();
        state.events = 0;
        state.wanted = u32::MAX;
        state.lags.clear();
    }

    fn count(&self, events: u32) {
        let mut state = self.state.borrow_mut();
        state.events += events;
        if state.events >= state.wanted {
            self.news.notify_one();
        }
    }

    fn late(&self, micros: u64) {
        self.state.borrow_mut().lags.push(micros);
    }

    fn failed(&self, why: String) {
        self.state.borrow_mut().failure = Some(why);
        self.news.notify_one();
    }

    async fn wait_for(&self, events: u32, patience: Duration) -> Result<()> {
        self.state.borrow_mut().wanted = events;
        let arrived = async {
            loop {
                {
                    let state = self.state.borrow();
                    if let Some(why) = &state.failure {
                        return Err(why.clone().into());
                    }
                    if state.events >= events {
                        return Ok(());
                    }
                }
                self.news.notified().await;
            }
        };
        match tokio::time::timeout(patience, arrived).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let got = self.state.borrow().events;
                Err(format!("{got} of {events} events came within {patience:?}").into())
            }
        }
    }

    /// The median, and what 99 of 100 stay below.
    fn lag(&self) -> (Duration, Duration) {
        let mut state = self.state.borrow_mut();
        state.lags.sort_unstable();
        let at = |percent: usize| {
            let place = state.lags.len() * percent / 100;
            Duration::from_micros(state.lags.get(place).copied().unwrap_or_default())
        };
        (at(50), at(99))
    }
}

/// One raw session of the gateway.
struct Session {
    plan: Plan,
    shard: u32,
    address: String,
    token: String,
    tally: Rc<Tally>,
}

impl Session {
    async fn run(self) {
        if let Err(error) = self.serve().await {
            let shard = self.shard;
            self.tally.failed(format!("shard {shard}: {error}"));
        }
    }

    async fn serve(&self) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let compress = match self.plan.compression {
            Compression::None => "",
            Compression::Zlib => "&compress=zlib-stream",
        };
        let request = format!(
            "GET /?v=10&encoding=json{compress} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::with_capacity(READ);
        while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err("the box ended the upgrade".into());
            }
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        bytes.drain(..end.unwrap_or_default() + 4);
        let identify = serde_json::json!({"op": 2, "d": {
            "token": self.token,
            "intents": INTENTS,
            "shard": [self.shard, self.plan.shards],
            "properties": {"os": "linux", "browser": "load", "device": "load"},
        }});
        stream.write_all(&masked(&identify.to_string())).await?;
        let heartbeat = masked(r#"{"op":1,"d":null}"#);
        let mut beat = tokio::time::interval(HEARTBEAT);
        let mut inflate = (self.plan.compression == Compression::Zlib)
            .then(|| (Decompress::new(true), Vec::with_capacity(READ)));
        loop {
            let events = self.take(&mut bytes, inflate.as_mut())?;
            self.tally.count(events);
            tokio::select! {
                count = stream.read_buf(&mut bytes) => {
                    if count? == 0 {
                        return Ok(());
                    }
                }
                _ = beat.tick() => stream.write_all(&heartbeat).await?,
            }
        }
    }

    /// Takes whole frames off the bytes, and counts events.
    fn take(
        &self,
        bytes: &mut Vec<u8>,
        mut inflate: Option<&mut (Decompress, Vec<u8>)>,
    ) -> Result<u32> {
        let (mut events, mut start) = (0, 0);
        while let Some((opcode, head, length)) = frame(bytes.get(start..).unwrap_or_default()) {
            let Some(payload) = bytes.get(start + head..start + head + length) else {
                break;
            };
            start += head + length;
            if opcode == CLOSE {
                return Err(format!("closed: {}", String::from_utf8_lossy(payload)).into());
            }
            let is_event = match &mut inflate {
                None => self.look(payload),
                Some((context, text)) => {
                    text.clear();
                    inflate_all(context, payload, text)?;
                    self.look(text)
                }
            };
            events += u32::from(is_event);
        }
        bytes.drain(..start);
        Ok(events)
    }

    /// Whether a payload is an event; and of those of sampled sessions, how late it comes.
    fn look(&self, payload: &[u8]) -> bool {
        let is_event = payload.starts_with(br#"{"t":""#);
        if is_event && self.shard.is_multiple_of(SAMPLE) {
            let key = br#""nonce":""#;
            let place = payload.windows(key.len()).position(|part| part == key);
            let digits = place.and_then(|place| payload.get(place + key.len()..)?.get(..16));
            let sent = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            if let Some(sent) = sent {
                self.tally.late(unix_micros().saturating_sub(sent));
            }
        }
        is_event
    }
}

/// One message of the transport may be the thousandfold of its bytes: guilds are much alike.
fn inflate_all(context: &mut Decompress, payload: &[u8], text: &mut Vec<u8>) -> Result<()> {
    let start = context.total_in();
    loop {
        let taken = usize::try_from(context.total_in() - start)?;
        let rest = payload.get(taken..).unwrap_or_default();
        if rest.is_empty() && text.len() < text.capacity() {
            return Ok(());
        }
        text.reserve(READ);
        context.decompress_vec(rest, text, FlushDecompress::Sync)?;
    }
}

/// Opcode, bytes of the head and length of the first frame, once its head is there.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, ..] = *bytes else {
        return None;
    };
    let (head, length) = match second & 0x7f {
        126 => (
            4,
            u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into(),
        ),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        short => (2, short.into()),
    };
    Some((first & 0x0f, head, usize::try_from(length).ok()?))
}

/// A client's text frame. The mask of zeros is lawful and saves the masking.
fn masked(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match u16::try_from(text.len()).unwrap_or(u16::MAX) {
        short @ ..126 => bytes.push(0x80 | short.to_be_bytes()[1]),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend(long.to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(text.as_bytes());
    bytes
}

/// GUILDS and GUILD_MESSAGES with their content.
const INTENTS: u32 = 1 | 1 << 9 | 1 << 15;

/// The opcode of a close frame.
const CLOSE: u8 = 8;

/// One in so many sessions has its lag measured.
const SAMPLE: u32 = 10;

/// Bytes of one read.
const READ: usize = 64 * 1024;

/// The box announces 41.25 s and allows 20 s more.
const HEARTBEAT: Duration = Duration::from_secs(40);

/// How long the guilds of all sessions may take to come.
const WELCOME: Duration = Duration::from_secs(300);

/// How long the last event may take after it was emitted.
const DELIVERY: Duration = Duration::from_secs(60);
