//! One shard: carries inputs to its session and does what the session says.
//!
//! What is of one connection lives in its [`Attempt`] and in [`Shard::generation`], and goes when that
//! returns: nothing of a connection can be heard after its end. What is done when the session says so is
//! in [`deeds`].

mod deeds;

use std::{
    collections::VecDeque,
    future::{poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use ovenjs_net::{
    Connector, ErrorKind, Step, Target,
    websocket::{Incoming, Socket},
};
use ovenjs_types::{Fault, Interest, Pressure};
use tokio::sync::{mpsc, watch};

use super::{
    Delivery,
    acks::Acks,
    generation::session,
    port::{IdentifyTurn, Waiting},
    replies::{Ask, Askers},
    ripening::Ripening,
    stats::Board,
    thread::{Orders, Room, Shared, panicked, sleep},
};
use crate::{
    Error, Requests, Sealed, ShardState,
    session::{Connect, Failure, Generation, Input, MESSAGE_BYTES_MAX, Notice, Payload, Session},
};

pub(super) struct Shard {
    session: Session,
    shared: Arc<Shared>,
    attempt: Attempt,
    commands: mpsc::Receiver<Sealed>,
    commands_open: bool,
    orders: watch::Receiver<Orders>,
    orders_open: bool,
    pressure: watch::Receiver<Pressure>,
    /// Whether the socket is to give back what it keeps.
    releases: bool,
    /// What was ordered last, and done.
    obeyed: Orders,
    /// Which kinds the session was told last, where that is not what it began with.
    interest: Option<Interest>,
    asks: mpsc::Receiver<Ask>,
    asks_open: bool,
    requests: Requests,
    askers: Askers,
    acks: Arc<Acks>,
    board: Board,
    /// The session was told to stop; what it holds is for the next process, or for the next session of
    /// this shard.
    stopping: bool,
    restarting: bool,
    /// When it was begun anew after a panic, of late.
    panics: VecDeque<Instant>,
    /// What a shard of a new generation has heard, while it lets the old one go first.
    ripening: Ripening,
    /// Whether what is told of its session stays as it is.
    is_frozen: bool,
    /// Frames were heard whose events are not passed on yet.
    heard: bool,
    /// What is on its way to the queue, here so that its memory is kept.
    batch: Vec<Delivery>,
    fatal: Option<Error>,
}

/// What the session wants of one connection, from the wait for the turn to identify to its close.
#[derive(Default)]
struct Attempt {
    /// The wait for the turn, and for which connection.
    queued: Option<(Generation, Waiting<'static, IdentifyTurn>)>,
    /// The turn, until it is spent.
    turn: Option<(Generation, IdentifyTurn)>,
    /// What is to be opened.
    connect: Option<Connect>,
    /// What is to be sent.
    outbox: Vec<Payload>,
    /// With which code it is to be closed.
    close: Option<u16>,
}

impl Attempt {
    /// This connection is over, and what was wanted of it; a turn that was not spent goes back.
    fn end(&mut self, generation: Generation) {
        self.queued.take_if(|(of, _)| *of == generation);
        self.turn.take_if(|(of, _)| *of == generation);
        self.outbox.clear();
        self.close = None;
    }
}

/// What can happen beside the socket.
enum Aside {
    Orders,
    Pressure,
    NobodyOrders,
    Unread,
    Granted(Generation, IdentifyTurn),
    Command(Option<Sealed>),
    Ask(Option<Ask>),
    Handled,
    Room,
    Timeout,
}

impl Shard {
    pub(super) fn new(room: Room, shared: Arc<Shared>) -> Self {
        Self {
            session: room.session,
            attempt: Attempt::default(),
            commands: room.commands,
            commands_open: true,
            orders: room.orders,
            orders_open: true,
            pressure: pressure_on(&shared),
            releases: false,
            obeyed: Orders::default(),
            interest: None,
            asks: room.asks,
            asks_open: true,
            requests: Requests::new(shared.wiring.entropy.u64()),
            askers: Askers::default(),
            acks: room.acks,
            board: room.board,
            stopping: false,
            restarting: false,
            panics: VecDeque::new(),
            ripening: Ripening::default(),
            is_frozen: false,
            heard: false,
            batch: Vec::new(),
            fatal: None,
            shared,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let panicked = caught(self.live()).await.is_err();
            if !panicked && !self.restarting {
                break;
            }
            if panicked && !self.may_begin_anew() {
                self.fatal = Some(self::panicked());
                break;
            }
            if let Err(error) = self.begin_anew(panicked) {
                self.fatal = Some(error);
                break;
            }
        }
        self.tell_end().await;
        let mut posted = self.board.lock();
        posted.stats.state = ShardState::Stopped;
        posted.epoch = self.session.epoch();
        posted.conclude(Box::new(self.session), self.shared.config.at_least_once);
    }

    /// One session's life, over as many connections as it takes.
    async fn live(&mut self) {
        self.tell(Input::Start);
        loop {
            if let Some(connect) = self.attempt.connect.take() {
                let generation = connect.generation;
                self.generation(connect).await;
                self.attempt.end(generation);
            } else if self.session.state() == ShardState::Stopped
                && (self.stopping || self.restarting || self.session.is_over())
            {
                break;
            } else {
                let aside = self.aside().await;
                self.apply(aside);
            }
        }
    }

    /// Whether the panics of late are few enough.
    fn may_begin_anew(&mut self) -> bool {
        let now = self.shared.wiring.clock.now();
        self.panics
            .retain(|at| now.saturating_duration_since(*at) < PANICS_WITHIN);
        self.panics.push_back(now);
        self.panics.len() <= PANICS_MAX && !self.stopping
    }

    /// A new session in place of the old one, to go on after what that had delivered.
    fn begin_anew(&mut self, panicked: bool) -> Result<(), Error> {
        let now = self.shared.wiring.clock.now();
        let mut config = (*self.shared.config).clone();
        config.epoch = self.session.epoch();
        let resume = self.session.resume();
        config.resume = resume
            .or_else(|| self.board.lock().resume.clone())
            .into_iter()
            .collect();
        let shard = self.session.shard();
        config.live = self.shared.live();
        config.live.interest = self.shared.seam.interest(shard, config.live.interest);
        self.interest = Some(config.live.interest);
        let saved = self.session.saved();
        self.session = session(&self.shared, Arc::new(config), shard, saved)?;
        self.ripening = Ripening::default();
        if !self.requests.is_idle() {
            let overhear = Input::Overhear(Requests::INTEREST);
            self.session.handle(now, overhear);
        }
        self.pressure = pressure_on(&self.shared);
        self.restarting = false;
        self.attempt = Attempt::default();
        self.board.lock().stats.restarts += 1;
        let notice = Notice::Restarted { panicked };
        self.requests.notice(now, &notice);
        self.notice(notice);
        Ok(())
    }

    /// Says that the shard has ended, where somebody is there to hear it.
    async fn tell_end(&mut self) {
        let (shard, error) = (self.session.shard(), self.fatal.take());
        let now = self.shared.wiring.clock.now();
        let last_seq = self.session.mark().map_or(0, |mark| mark.seq);
        // While there are two generations, it may be nobody's business.
        let Some(stopped) = self.shared.seam.ended(now, shard, error, last_seq) else {
            return;
        };
        let queue = &self.shared.queue;
        if self.stopping {
            // Who stops need not go on reading.
            return queue.try_push(stopped);
        }
        tokio::select! {
            biased;
            () = queue.deliver(stopped) => {}
            Ok(_) = self.orders.wait_for(|orders| orders.stop) => {}
        }
    }

    /// One connection from its first packet to its last.
    async fn generation(&mut self, connect: Connect) {
        let generation = connect.generation;
        let shard = self.session.shard();
        tracing::debug!(%shard, host = connect.url.host(), resume = connect.resume, "connecting");
        let key = u128::from(self.shared.wiring.entropy.u64()) << 64
            | u128::from(self.shared.wiring.entropy.u64());
        let mut opening = pin!(open(
            self.shared.wiring.connector.clone(),
            connect,
            key.to_be_bytes()
        ));
        let opened = loop {
            tokio::select! {
                biased;
                opened = &mut opening => break opened,
                aside = self.aside() => {
                    self.apply(aside);
                    if self.attempt.close.is_some() {
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
        let entropy = self.shared.wiring.entropy.u64();
        self.tell(Input::Opened {
            generation,
            entropy,
        });

        let mut in_a_row = 0_u32;
        loop {
            if std::mem::take(&mut self.releases) {
                socket.release();
            }
            if let Some(code) = self.attempt.close.take() {
                self.pass_on();
                socket.close(code).await;
                return;
            }
            for payload in std::mem::take(&mut self.attempt.outbox) {
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
                self.pass_on();
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
                // Nothing more has come so far: now the reader is woken, once for all of it.
                () = ready(()), if self.heard => {
                    self.pass_on();
                    continue;
                }
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
                        self.hear(Input::Frame { generation, bytes });
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
                let now = self.shared.wiring.clock.now();
                if self
                    .session
                    .deadline()
                    .is_some_and(|deadline| now >= deadline)
                {
                    self.tell(Input::Timeout);
                }
                if in_a_row == FRAMES_IN_A_ROW
                    || self.attempt.close.is_some()
                    || !self.attempt.outbox.is_empty()
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
        let asked = self.requests.deadline();
        let deadlines = [self.session.deadline(), asked, self.ripening.due()];
        let deadline = deadlines.into_iter().flatten().min();
        let deadline = deadline.map(|deadline| self.until(deadline));
        let delivers = !self.stopping && !self.restarting;
        let deliverable = self.ripening.of(self.session.deliverable());
        let shard = self.session.shard();
        let seam = &self.shared.seam;
        let queue = &self.shared.queue;
        tokio::select! {
            biased;
            changed = self.orders.changed(), if self.orders_open => {
                if changed.is_ok() { Aside::Orders } else { Aside::NobodyOrders }
            }
            Ok(()) = self.pressure.changed() => Aside::Pressure,
            () = queue.unread(), if !self.stopping => Aside::Unread,
            (generation, turn) = granted(self.attempt.queued.as_mut()) => Aside::Granted(generation, turn),
            // Before the commands: a flood of them must not hold a heartbeat back.
            () = sleep(deadline), if deadline.is_some() => Aside::Timeout,
            command = self.commands.recv(), if self.commands_open && self.session.wants_commands() => {
                Aside::Command(command)
            }
            ask = self.asks.recv(), if self.asks_open => Aside::Ask(ask),
            () = self.acks.nudged() => Aside::Handled,
            () = async { seam.turn(shard).await; queue.room().await }, if delivers && deliverable > 0 => {
                Aside::Room
            }
        }
    }

    fn apply(&mut self, aside: Aside) {
        match aside {
            Aside::Orders => self.obey(),
            Aside::Pressure => self.yield_memory(),
            Aside::Unread => self.stop(),
            Aside::NobodyOrders => self.orders_open = false,
            Aside::Granted(generation, turn) => {
                self.attempt.queued = None;
                self.attempt.turn = Some((generation, turn));
                self.tell(Input::IdentifyGranted { generation });
            }
            Aside::Command(Some(sealed)) => self.tell(Input::Command(sealed)),
            Aside::Command(None) => self.commands_open = false,
            Aside::Ask(Some(ask)) => self.ask(ask),
            Aside::Ask(None) => self.asks_open = false,
            Aside::Handled => self.drain(false),
            Aside::Room => self.drain(true),
            Aside::Timeout => {
                // What was given up is not to leave now that there may be room for it.
                self.bring(self.shared.wiring.clock.now());
                self.tell(Input::Timeout);
            }
        }
    }

    fn obey(&mut self) {
        let orders = *self.orders.borrow_and_update();
        let done = std::mem::replace(&mut self.obeyed, orders);
        let shard = self.session.shard();
        let seam = &self.shared.seam;
        // The same order means less once there is one generation again.
        let interest = orders.interest.map(|wanted| seam.interest(shard, wanted));
        if let Some(interest) = interest
            && self.interest != Some(interest)
        {
            self.interest = Some(interest);
            self.tell(Input::Interest(interest));
        }
        if orders.stop && !done.stop {
            self.stop();
        } else if orders.restarts != done.restarts && !self.stopping {
            self.restarting = true;
            self.tell(Input::Stop);
        } else {
            self.drain(false);
        }
    }

    /// Holds and keeps as much as there is memory for.
    fn yield_memory(&mut self) {
        let pressure = *self.pressure.borrow_and_update();
        if pressure > Pressure::Low {
            self.batch.shrink_to_fit();
            self.releases = true;
        }
        self.tell(Input::Pressure(pressure));
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.tell(Input::Stop);
    }

    fn tell(&mut self, input: Input<'_>) {
        self.session.handle(self.shared.wiring.clock.now(), input);
        self.drain(false);
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
        deadline.saturating_duration_since(self.shared.wiring.clock.now())
    }
}

/// A shard that panics more often than this within that time is given up.
const PANICS_MAX: usize = 3;
const PANICS_WITHIN: Duration = Duration::from_secs(60);

/// How many messages are read before anything else gets a look in. At a microsecond or two each,
/// nobody waits long, and looking costs little beside them.
const FRAMES_IN_A_ROW: u32 = 64;

/// How short memory is, to be looked at by a session that does not know of it.
fn pressure_on(shared: &Shared) -> watch::Receiver<Pressure> {
    let mut pressure = shared.pressure.subscribe();
    if *pressure.borrow() > Pressure::Low {
        pressure.mark_changed();
    }
    pressure
}

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

/// Drives a future to its end or its panic.
async fn caught<T>(future: impl Future<Output = T>) -> std::thread::Result<T> {
    // Boxed, so that it is dropped before the shard is used again.
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
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
