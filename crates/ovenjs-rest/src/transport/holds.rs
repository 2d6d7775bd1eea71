//! What a request holds of a pool: a place in the line, a connection being opened, one in use. Each is
//! given back when it is dropped.

use std::{
    future::{Future as _, poll_fn},
    io,
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
    time::{Duration, Instant},
};

use ovenjs_net::Clock;
use tokio::{sync::oneshot, time::timeout_at};

use super::{
    Failure, Outlet, Phase, Tasks, Transport,
    line::Line,
    pool::{Grant, Lent},
};
use crate::delivery::lock;

/// A place in the line for a connection, left on drop.
pub(super) struct Waiting<'a> {
    pub(super) outlet: &'a Outlet,
    pub(super) clock: &'a dyn Clock,
    pub(super) number: u64,
    pub(super) receiver: oneshot::Receiver<Grant<Line>>,
}

impl Waiting<'_> {
    pub(super) async fn end(mut self, limit: Instant) -> Result<Grant<Line>, Failure> {
        match timeout_at(limit.into(), &mut self.receiver).await {
            Ok(Ok(grant)) => Ok(grant),
            _ => Err(Failure::Late(Phase::Connection)),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.outlet.pool).leave(self.number);
        self.receiver.close();
        // It came at the moment at which nobody wanted it any more.
        if let Ok(grant) = self.receiver.try_recv() {
            self.outlet.give_back(self.clock, grant);
            self.outlet.serve(self.clock);
        }
    }
}

/// What becomes of a connection that is being opened, for whoever asked for it; left to others on drop.
pub(super) struct Opened<'a> {
    outlet: &'a Outlet,
    clock: &'a dyn Clock,
    receiver: oneshot::Receiver<Result<Lent<Line>, Failure>>,
}

impl<'a> Opened<'a> {
    /// Opens one in a task of the transport's. Until the first is open all others wait for it, and whoever
    /// asked for it may be a future that nobody polls for a while, such as one branch of a `select!`.
    pub(super) fn soon(outlet: &'a Arc<Outlet>, transport: &'a Transport) -> Self {
        let (sender, receiver) = oneshot::channel();
        let opening = Opening {
            outlet: Arc::clone(outlet),
            clock: Arc::clone(&transport.clock),
            is_done: false,
        };
        let tasks = Arc::downgrade(&transport.tasks);
        let all = &mut lock(&transport.tasks);
        while all.try_join_next().is_some() {}
        all.spawn(opening.open(tasks, sender));
        Self {
            outlet,
            clock: &*transport.clock,
            receiver,
        }
    }

    pub(super) async fn end(mut self, limit: Option<Instant>) -> Result<Lease<'a>, Failure> {
        let receiver = &mut self.receiver;
        let opened = match limit {
            Some(limit) => timeout_at(limit.into(), receiver)
                .await
                .map_err(|_| Failure::Late(Phase::Opening))?,
            None => receiver.await,
        };
        match opened {
            Ok(opened) => Ok(Lease::new(self.outlet, self.clock, opened?, true)),
            // The runtime is going down.
            Err(gone) => Err(Failure::Unsent(gone.into())),
        }
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(Ok(lent)) = self.receiver.try_recv() {
            self.outlet.give_back(self.clock, Grant::Line(lent));
            self.outlet.serve(self.clock);
        }
    }
}

/// A connection being opened; given up on drop.
struct Opening {
    outlet: Arc<Outlet>,
    clock: Arc<dyn Clock>,
    is_done: bool,
}

impl Opening {
    async fn open(
        mut self,
        tasks: Weak<Tasks>,
        mut sender: oneshot::Sender<Result<Lent<Line>, Failure>>,
    ) {
        let connected = {
            let mut connecting = pin!(self.connect(&tasks));
            let mut abandoned = pin!(abandoned(&mut sender));
            let either = poll_fn(|cx| match connecting.as_mut().poll(cx) {
                Poll::Ready(connected) => Poll::Ready(Some(connected)),
                Poll::Pending => abandoned.as_mut().poll(cx).map(|()| None),
            });
            either.await
        };
        let Some(connected) = connected else { return };
        let opened = connected.map(|line| self.done(line));
        let Self { outlet, clock, .. } = &self;
        // It comes back where nobody wants it any more.
        if let Err(Ok(lent)) = sender.send(opened) {
            outlet.give_back(&**clock, Grant::Line(lent));
        }
        // Others may find room on it, or open their own now.
        outlet.serve(&**clock);
    }

    async fn connect(&self, tasks: &Weak<Tasks>) -> Result<Line, Failure> {
        let io = self.outlet.https.connect(&self.outlet.uri).await;
        let io = io.map_err(Failure::Unsent)?;
        let line = Line::open(io, self.clock.now(), tasks).await;
        let mut line = line.map_err(|error| Failure::Unsent(error.into()))?;
        if line.is_alive() {
            Ok(line)
        } else {
            let ended = io::Error::from(io::ErrorKind::ConnectionAborted);
            Err(Failure::Unsent(ended.into()))
        }
    }

    fn done(&mut self, line: Line) -> Lent<Line> {
        self.is_done = true;
        let quality = Arc::downgrade(line.quality());
        let lent = lock(&self.outlet.pool).opened(self.clock.now(), line);
        lock(&self.outlet.counts).0 += 1;
        let qualities = &mut lock(&self.outlet.qualities);
        qualities.retain(|quality| quality.strong_count() > 0);
        qualities.push(quality);
        lent
    }
}

/// Ends once whoever asked for it has gone for longer than a connection takes that comes about at all:
/// those who wait then open another one.
async fn abandoned(sender: &mut oneshot::Sender<Result<Lent<Line>, Failure>>) {
    sender.closed().await;
    tokio::time::sleep(ABANDONED).await;
}

const ABANDONED: Duration = Duration::from_secs(2);

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.is_done {
            lock(&self.outlet.counts).1 += 1;
            lock(&self.outlet.pool).not_opened();
            self.outlet.serve(&*self.clock);
        }
    }
}

/// A line in use; broken if dropped before it is [kept](Self::keep).
pub(super) struct Lease<'a> {
    outlet: &'a Outlet,
    clock: &'a dyn Clock,
    lent: Option<Lent<Line>>,
    pub(super) is_new: bool,
}

impl<'a> Lease<'a> {
    pub(super) fn new(
        outlet: &'a Outlet,
        clock: &'a dyn Clock,
        lent: Lent<Line>,
        is_new: bool,
    ) -> Self {
        Self {
            outlet,
            clock,
            lent: Some(lent),
            is_new,
        }
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        self.lent.as_mut().map(|lent| &mut lent.line)
    }

    pub(super) fn is_shared(&self) -> bool {
        self.lent.as_ref().is_some_and(Lent::is_shared)
    }

    /// Brings it back for the next one, if it can go on.
    pub(super) fn keep(mut self) {
        let is_fit = self.lent.as_ref().is_some_and(|lent| lent.line.is_fit());
        self.end(is_fit);
    }

    fn end(&mut self, is_fit: bool) {
        let Some(lent) = self.lent.take() else { return };
        if !is_fit {
            lock(&self.outlet.counts).1 += 1;
        }
        let over = lock(&self.outlet.pool).back(self.clock.now(), lent, is_fit);
        drop(over);
        self.outlet.serve(self.clock);
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Dropping a shared line's hand resets its stream, and nothing more.
        let is_fit = self.is_shared() && self.lent.as_ref().is_some_and(|lent| lent.line.is_fit());
        self.end(is_fit);
    }
}
