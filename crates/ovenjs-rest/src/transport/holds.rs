//! What a request holds of a pool: a place in the line, a connection being opened, one in use. Each is
//! given back when it is dropped.

use std::{io, sync::Arc, time::Instant};

use ovenjs_net::Clock;
use tokio::sync::oneshot;

use super::{
    Failure, Outlet, Phase, Transport,
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
        match tokio::time::timeout_at(limit.into(), &mut self.receiver).await {
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

/// A connection being opened; given up on drop.
pub(super) struct Opening<'a> {
    outlet: &'a Outlet,
    clock: &'a dyn Clock,
    is_done: bool,
}

impl<'a> Opening<'a> {
    pub(super) fn new(outlet: &'a Outlet, transport: &'a Transport) -> Self {
        Self {
            outlet,
            clock: &*transport.clock,
            is_done: false,
        }
    }

    pub(super) async fn open(mut self, transport: &'a Transport) -> Result<Lease<'a>, Failure> {
        let io = self.outlet.https.connect(&self.outlet.uri).await;
        let line = transport.speak(io.map_err(Failure::Unsent)?).await;
        let mut line = line.map_err(|error| Failure::Unsent(error.into()))?;
        if !line.is_alive() {
            let ended = io::Error::from(io::ErrorKind::ConnectionAborted);
            return Err(Failure::Unsent(ended.into()));
        }
        self.is_done = true;
        let quality = Arc::downgrade(line.quality());
        let lent = lock(&self.outlet.pool).opened(self.clock.now(), line);
        lock(&self.outlet.counts).0 += 1;
        {
            let qualities = &mut lock(&self.outlet.qualities);
            qualities.retain(|quality| quality.strong_count() > 0);
            qualities.push(quality);
        }
        // Others may find room on it, or open their own now.
        self.outlet.serve(self.clock);
        Ok(Lease::new(self.outlet, self.clock, lent, true))
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            lock(&self.outlet.counts).1 += 1;
            lock(&self.outlet.pool).not_opened();
            self.outlet.serve(self.clock);
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
