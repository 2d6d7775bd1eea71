//! One shard: carries inputs to its session and does what the session says.
//!
//! Everything about a connection lives in [`Shard::generation`] and is dropped when that returns:
//! nothing of a connection can be heard after its end.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use ovenjs_net::{
    Connector, ErrorKind, Step, Target,
    websocket::{Incoming, Socket},
};
use ovenjs_types::{Fault, HookCall};
use tokio::sync::{mpsc, watch};

use super::{
    Delivery, Wiring,
    port::{IdentifyAsk, IdentifyPort, IdentifyTurn, Waiting},
    stats::Board,
    thread::Room,
};
use crate::{
    Error, Sealed, ShardState,
    session::{
        Connect, Failure, Generation, Input, MESSAGE_BYTES_MAX, Notice, Output, Payload, Session,
    },
};

pub(super) struct Shard {
    session: Session,
    wiring: Wiring,
    turns: Arc<dyn IdentifyPort>,
    /// The wait for the turn to identify, and for which connection.
    queued: Option<(Generation, Waiting<'static, IdentifyTurn>)>,
    /// The turn, until it is spent.
    turn: Option<(Generation, IdentifyTurn)>,
    events: mpsc::Sender<Delivery>,
    commands: mpsc::Receiver<Sealed>,
    commands_open: bool,
    stop: watch::Receiver<bool>,
    stop_open: bool,
    board: Board,
    /// The session was told to stop; what it holds is for the next process.
    stopping: bool,
    outbox: Vec<Payload>,
    connect: Option<Connect>,
    close: Option<u16>,
    fatal: Option<Error>,
}

/// What can happen beside the socket.
enum Aside {
    Stop,
    NobodyStops,
    Granted(Generation, IdentifyTurn),
    Command(Option<Sealed>),
    Room(mpsc::OwnedPermit<Delivery>),
    Timeout,
}

impl Shard {
    pub(super) fn new(
        room: Room,
        wiring: Wiring,
        turns: Arc<dyn IdentifyPort>,
        events: mpsc::Sender<Delivery>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            session: room.session,
            wiring,
            turns,
            queued: None,
            turn: None,
            events,
            commands: room.commands,
            commands_open: true,
            stop,
            stop_open: true,
            board: room.board,
            stopping: false,
            outbox: Vec::new(),
            connect: None,
            close: None,
            fatal: None,
        }
    }

    pub(super) async fn run(mut self) {
        self.tell(Input::Start);
        loop {
            if let Some(connect) = self.connect.take() {
                let generation = connect.generation;
                self.generation(connect).await;
                // A turn that was not spent on this connection goes back.
                self.queued.take_if(|(of, _)| *of == generation);
                self.turn.take_if(|(of, _)| *of == generation);
                self.close = None;
                self.outbox.clear();
            } else if self.session.state() == ShardState::Stopped
                && (self.stopping || self.session.is_over())
            {
                break;
            } else {
                let aside = self.aside().await;
                self.apply(aside);
            }
        }
        let shard = self.session.shard();
        let stopped = Delivery::Stopped {
            shard,
            error: self.fatal.take(),
        };
        if self.stopping {
            // Who stops need not go on reading.
            let _ = self.events.try_send(stopped);
        } else {
            tokio::select! {
                _ = self.events.send(stopped) => {}
                Ok(_) = self.stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// One connection from its first packet to its last.
    async fn generation(&mut self, connect: Connect) {
        let generation = connect.generation;
        let shard = self.session.shard();
        tracing::debug!(%shard, host = connect.url.host(), resume = connect.resume, "connecting");
        let key =
            u128::from(self.wiring.entropy.u64()) << 64 | u128::from(self.wiring.entropy.u64());
        let mut opening = pin!(open(
            self.wiring.connector.clone(),
            connect,
            key.to_be_bytes()
        ));
        let opened = loop {
            tokio::select! {
                biased;
                opened = &mut opening => break opened,
                aside = self.aside() => {
                    self.apply(aside);
                    if self.close.is_some() {
                        return;
                    }
                }
            }
        };
        let mut socket = match opened {
            Ok(socket) => socket,
            Err(error) => {
                self.failed("cannot reach the gateway", &error);
                let refused =
                    error.kind() == ErrorKind::Failed(Step::Upgrade) && error.status().is_some();
                let failure = match refused {
                    true => Failure::Refused {
                        retry_after: error.retry_after(),
                    },
                    false => Failure::Network,
                };
                self.tell(Input::Failed {
                    generation,
                    failure,
                });
                return;
            }
        };
        let entropy = self.wiring.entropy.u64();
        self.tell(Input::Opened {
            generation,
            entropy,
        });

        let mut in_a_row = 0_u32;
        loop {
            if let Some(code) = self.close.take() {
                socket.close(code).await;
                return;
            }
            for payload in std::mem::take(&mut self.outbox) {
                if let Err(error) = socket.send_text(payload.bytes()) {
                    self.failed("the connection failed", &error);
                    self.tell(Input::Closed {
                        generation,
                        code: None,
                    });
                    return;
                }
            }
            if in_a_row == FRAMES_IN_A_ROW {
                // Commands, a stop and the other shards must come through a flood as well.
                in_a_row = 0;
                tokio::task::yield_now().await;
                if let Some(aside) = now_or_never(self.aside()).await {
                    self.apply(aside);
                    continue;
                }
            }
            // The socket comes first: it writes before it reads, lest a flood hold a heartbeat
            // back, and what has arrived shows life before its deadline is judged.
            let mut incoming = tokio::select! {
                biased;
                incoming = traffic(&mut socket, self.session.wants_frames()) => incoming.map(Some),
                aside = self.aside() => {
                    in_a_row = 0;
                    self.apply(aside);
                    continue;
                }
            };
            // What one read brought is taken without asking the system again.
            loop {
                match incoming {
                    Ok(Some(Incoming::Text(bytes) | Incoming::Binary(bytes))) => {
                        self.tell(Input::Frame { generation, bytes });
                    }
                    // The socket has answered already.
                    Ok(Some(Incoming::Ping(_) | Incoming::Pong(_))) => {}
                    Ok(Some(Incoming::Close { code, reason })) => {
                        tracing::debug!(%shard, ?code, reason, "the gateway closed");
                        self.tell(Input::Closed { generation, code });
                        return;
                    }
                    Ok(None) => break,
                    Err(error) => {
                        self.failed("the connection failed", &error);
                        self.tell(Input::Closed {
                            generation,
                            code: None,
                        });
                        return;
                    }
                }
                in_a_row += 1;
                // A heartbeat is due although the reading does not pause.
                let now = self.wiring.clock.now();
                if self
                    .session
                    .deadline()
                    .is_some_and(|deadline| now >= deadline)
                {
                    self.tell(Input::Timeout);
                }
                if in_a_row == FRAMES_IN_A_ROW
                    || self.close.is_some()
                    || !self.outbox.is_empty()
                    || !self.session.wants_frames()
                {
                    break;
                }
                incoming = socket.ready();
            }
        }
    }

    /// Waits for whatever can happen beside the socket. May be dropped at any time.
    async fn aside(&mut self) -> Aside {
        let deadline = self.session.deadline().map(|deadline| self.until(deadline));
        let room = !self.stopping && self.session.deliverable() > 0;
        tokio::select! {
            biased;
            stop = self.stop.wait_for(|stop| *stop), if self.stop_open && !self.stopping => {
                if stop.is_ok() { Aside::Stop } else { Aside::NobodyStops }
            }
            () = self.events.closed(), if !self.stopping => Aside::Stop,
            (generation, turn) = granted(self.queued.as_mut()) => Aside::Granted(generation, turn),
            // Before the commands: a flood of them must not hold a heartbeat back.
            () = sleep(deadline), if deadline.is_some() => Aside::Timeout,
            command = self.commands.recv(), if self.commands_open && self.session.wants_commands() => {
                Aside::Command(command)
            }
            Ok(place) = self.events.clone().reserve_owned(), if room => Aside::Room(place),
        }
    }

    fn apply(&mut self, aside: Aside) {
        match aside {
            Aside::Stop => {
                self.stopping = true;
                self.tell(Input::Stop);
            }
            Aside::NobodyStops => self.stop_open = false,
            Aside::Granted(generation, turn) => {
                self.queued = None;
                self.turn = Some((generation, turn));
                self.tell(Input::IdentifyGranted { generation });
            }
            Aside::Command(Some(sealed)) => self.tell(Input::Command(sealed)),
            Aside::Command(None) => self.commands_open = false,
            Aside::Room(place) => self.drain(Some(place)),
            Aside::Timeout => self.tell(Input::Timeout),
        }
    }

    fn tell(&mut self, input: Input<'_>) {
        self.session.handle(self.wiring.clock.now(), input);
        self.drain(None);
    }

    /// Does what the session says, until it says nothing more.
    ///
    /// Places in the queue are taken before the session gives anything away, so nothing can be
    /// refused. A place that was waited for must be used: given back, it would go to the next shard
    /// that waits, and from there back again, for ever.
    fn drain(&mut self, mut waited_for: Option<mpsc::OwnedPermit<Delivery>>) {
        let shard = self.session.shard();
        let events = self.events.clone();
        let wanted = if self.stopping {
            0
        } else {
            self.session.deliverable()
        };
        let first = usize::from(waited_for.is_some());
        let more = events.capacity().min(wanted.saturating_sub(first));
        let mut places = events.try_reserve_many(more).ok();
        let room = first + places.as_ref().map_or(0, ExactSizeIterator::len);
        self.session
            .handle(self.wiring.clock.now(), Input::Room(room));
        let mut deliver = |delivery| {
            if let Some(place) = waited_for.take() {
                place.send(delivery);
            } else if let Some(place) = places.as_mut().and_then(Iterator::next) {
                place.send(delivery);
            }
        };
        while let Some(output) = self.session.poll() {
            match output {
                Output::Connect(connect) => self.connect = Some(connect),
                Output::WantIdentify { generation } => {
                    let turns = Arc::clone(&self.turns);
                    let waiting = async move { turns.turn(IdentifyAsk::new(shard)).await };
                    self.queued = Some((generation, Box::pin(waiting)));
                }
                Output::Send(payload) => self.outbox.push(payload),
                Output::Close { code } => self.close = Some(code),
                Output::Dispatch(dispatch) => deliver(Delivery::Dispatch(dispatch)),
                Output::Gap(gap) => {
                    let call = HookCall::SessionGap {
                        shard,
                        last_seq: gap.last_seq,
                    };
                    self.wiring.hook.call(&call);
                    deliver(Delivery::Gap(gap));
                }
                Output::Notice(notice) => {
                    if notice == Notice::Identifying
                        && let Some((_, turn)) = self.turn.take()
                    {
                        turn.spend();
                    }
                    if notice == Notice::Held {
                        self.turns.held(shard);
                    }
                    if notice.is_warning() {
                        tracing::warn!(%shard, "{notice}");
                    } else {
                        tracing::info!(%shard, "{notice}");
                    }
                    if let Some(state) = notice.state() {
                        let state = state.as_str();
                        self.wiring
                            .hook
                            .call(&HookCall::ShardState { shard, state });
                    }
                }
                Output::Fatal(error) => {
                    tracing::error!(%shard, %error, "shard gives up");
                    self.fatal = Some(error);
                }
            }
        }
        let mut posted = self.board.lock();
        posted.stats.state = self.session.state();
        posted.stats.latency = self.session.latency();
        posted.stats.backlog_bytes = self.session.backlog_bytes();
        posted.stats.counts = self.session.counts();
        if self.stopping {
            posted.resume = self.session.resume();
        }
    }

    fn failed(&self, what: &str, error: &ovenjs_net::Error) {
        let shard = self.session.shard();
        let mut why = format!("{what}: {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            why = format!("{why}: {source}");
            cause = source.source();
        }
        tracing::warn!(%shard, "{why}");
        self.board.lock().stats.last_failure = Some(Arc::from(why));
    }

    fn until(&self, deadline: Instant) -> Duration {
        deadline.saturating_duration_since(self.wiring.clock.now())
    }
}

/// How many messages are read before anything else gets a look in. At a microsecond or two each,
/// nobody waits long, and looking costs little beside them.
const FRAMES_IN_A_ROW: u32 = 64;

/// Opens the websocket that the session asks for.
async fn open(
    connector: Connector,
    connect: Connect,
    key: [u8; 16],
) -> Result<Socket, ovenjs_net::Error> {
    let url = &connect.url;
    let target = Target::new(url.host(), url.port(), url.is_tls());
    let path = format!("{}?{}", url.path(), connect.query);
    Socket::open(&connector, &target, &path, key, MESSAGE_BYTES_MAX).await
}

/// Sends what waits and, where it `reads`, waits for the next message. May be dropped at any time.
async fn traffic(socket: &mut Socket, reads: bool) -> Result<Incoming<'_>, ovenjs_net::Error> {
    if !reads {
        socket.flush().await?;
        std::future::pending::<()>().await;
    }
    socket.next().await
}

/// Polls a future once.
async fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn granted(
    queued: Option<&mut (Generation, Waiting<'static, IdentifyTurn>)>,
) -> (Generation, IdentifyTurn) {
    match queued {
        Some((generation, waiting)) => (*generation, waiting.await),
        None => std::future::pending().await,
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
