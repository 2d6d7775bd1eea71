//! Limits that the processes of a bot share.

mod board;
mod holding;
mod page;
mod pot;
mod tenant;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    time::{Duration, Instant},
};

pub(crate) use holding::Measure;
use tenant::MEMBERS_MAX;
pub(crate) use tenant::Tenant;

use crate::{Limiter, limiter::state::State};

/// One process's part in limits that several share, by a store that all of them reach.
///
/// It is a pure machine: [`poll`](Self::poll) says what is to be done with the store,
/// [`handle`](Self::handle) takes in what came of it, [`deadline`](Self::deadline) is when to poll
/// again. Its limiter lets out what is leased, and nothing else:
///
/// - **The global limit** is divided into places. A place is one request in any stretch of a second.
///   What a process does not use goes to those whose requests wait; a quarter of its equal part stays
///   its own.
/// - **A bucket** belongs to the process that uses it, whole, and costs the store nothing while it is
///   used. If another wants it, its places are divided the same way.
/// - **A place changes hands** once the former owner has said, in an exchange of its own, that it
///   neither uses nor holds it. What all of them may use is never more than the limit.
/// - **Leases end** by the store's clock after [`LEASE`], and for the process itself somewhat earlier,
///   reckoned from before it asked: one that was stopped for a while finds its lease ended when it goes
///   on. Without a lease it keeps its quarter of an equal part of the global limit, and an equal part
///   of each bucket's; an answer that the store gives late changes nothing.
/// - **Invalid requests** are counted together, since Discord bans an address for those of all who share it.
///   Where processes have addresses of their own, [`Live::invalid_max`](crate::Live::invalid_max) may be
///   raised.
/// - **What is written** is written only where the store still says what it was reckoned from.
///
/// Requests that are exempt from the global limit are of interactions, which no other process
/// answers: they are not divided. Before the first exchange nothing else leaves.
///
/// ```
/// use std::time::Instant;
/// use ovenjs_ratelimit::{
///     Ask, Config, LeaseDeed, LeaseNews, Limiter, Major, Reservation, RouteKey,
/// };
///
/// # #[expect(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let limiter = Limiter::new(Config::new());
/// let mut lease = limiter.lease(now, 1);
/// let ask = Ask::new(RouteKey::new("POST /channels/{channel_id}/messages", Major::of(1_u64)));
///
/// // Nothing leaves before the store was asked.
/// assert!(matches!(limiter.reserve(now, &ask), Reservation::Wait { .. }));
/// let Some(LeaseDeed::Read(cells)) = lease.poll(now) else { panic!() };
/// let empty = cells.iter().map(|_| None).collect();
/// lease.handle(now, LeaseNews::Read { now_ms: 1_000, board: None, cells: empty });
/// let Some(LeaseDeed::Write(writes)) = lease.poll(now) else { panic!() };
/// // Each is written if the store still holds what was read: here, nothing.
/// assert!(writes.iter().all(|write| write.from.is_none()));
/// lease.handle(now, LeaseNews::Written(true));
/// assert!(lease.stats(now).is_leased);
/// ```
pub struct Lease(Limiter);

/// What is to be done with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseDeed {
    /// Read the board, these cells and the store's clock, all of one moment.
    Read(Vec<u64>),
    /// Write all of these or none: none where one of them is not what it was. They are to be kept for
    /// [`LEASE_KEPT`].
    Write(Vec<LeaseWrite>),
}

/// One value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseWrite {
    /// Which cell; `None` is the board.
    pub cell: Option<u64>,
    /// What the store must hold; `None` where it must hold nothing.
    pub from: Option<Vec<u8>>,
    /// What it holds afterwards.
    pub to: Vec<u8>,
}

/// What came of a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseNews {
    /// What was read.
    Read {
        /// The store's clock, in milliseconds since 1970.
        now_ms: u64,
        /// The board, where there is one.
        board: Option<Vec<u8>>,
        /// The cells, in the order in which they were asked for.
        cells: Vec<Option<Vec<u8>>>,
    },
    /// Whether it was written.
    Written(bool),
    /// The store did not answer. Whatever it did is taken for done and for not done.
    Failed,
}

/// A snapshot of a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseStats {
    /// Whether it runs. Else the process goes by what is safe without one.
    pub is_leased: bool,
    /// Processes that shared the limits when the store was last heard, this one included.
    pub members: usize,
    /// Requests per second that this process has of the global limit.
    pub places: u32,
    /// Buckets in which it has a part.
    pub buckets: usize,
    /// Invalid requests of the other processes in the last ten minutes.
    pub invalid_elsewhere: u32,
    /// Exchanges with the store since the start.
    pub exchanges: u64,
    /// Those that another process came before, and that were made again.
    pub conflicts: u64,
    /// Those that the store did not answer.
    pub failures: u64,
    /// How often the lease ended before it was renewed.
    pub lapses: u64,
    /// How often the store was found without data, the first time included.
    pub boards: u64,
    /// Why nothing is shared although the store answers.
    pub trouble: Option<LeaseTrouble>,
}

/// Why a process gets no lease from a store that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeaseTrouble {
    /// Processes of another version of this crate share the limits there.
    OtherVersion,
    /// As many processes share them as there can be.
    Full,
}

/// How long a lease lasts. A store that is started anew, or fails over, is back before; what a process
/// had that died is free after it.
pub const LEASE: Duration = Duration::from_secs(10);

/// How long the store keeps what is written: longer than anything that is remembered in it, and what
/// is used is written again three times within it.
pub const LEASE_KEPT: Duration = Duration::from_secs(900);

impl Limiter {
    /// Shares the limits with other processes from now on. `member` is this process's own number, drawn
    /// anew for each process: two with one number take each other's places.
    #[must_use]
    pub fn lease(&self, now: Instant, member: u64) -> Lease {
        self.state().join(now, member);
        Lease(self.clone())
    }
}

impl Lease {
    /// What is to be done with the store now, if anything. One deed is under way at a time.
    pub fn poll(&mut self, now: Instant) -> Option<LeaseDeed> {
        self.0.state().poll_lease(now)
    }

    /// Takes in what came of the last deed.
    pub fn handle(&mut self, now: Instant, news: LeaseNews) {
        self.0.state().handle_lease(now, news);
    }

    /// Whether more or less may leave since it was last asked: then a [`Line`](crate::Line) is to be
    /// [stirred](crate::Line::stir_all) and polled.
    pub fn take_changed(&mut self) -> bool {
        self.0.state().take_lease_changed()
    }

    /// When to poll again; `None` where only news can help.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.0.state().lease_deadline(now)
    }

    /// Gives everything back with the next exchange, so that others need not wait for the lease's end.
    /// Nothing but answers to interactions leaves any more.
    pub fn leave(&mut self, now: Instant) {
        self.0.state().leave(now);
    }

    /// A snapshot at `now`.
    #[must_use]
    pub fn stats(&self, now: Instant) -> LeaseStats {
        self.0.state().lease_stats(now)
    }
}

impl fmt::Display for LeaseTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherVersion => f.write_str(
                "processes of another version share these limits: stop them, or share limits under another \
                 name until all are of one version",
            ),
            Self::Full => write!(
                f,
                "{MEMBERS_MAX} processes share these limits already, which is the most: stop some of them; \
                 those of another token share limits under another name",
            ),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// What the limiter's state does for its lease.
impl State {
    fn join(&mut self, at: Instant, member: u64) {
        let now = self.local(at);
        self.tenant = Some(Box::new(Tenant::new(now, member)));
    }

    fn poll_lease(&mut self, at: Instant) -> Option<LeaseDeed> {
        let now = self.local(at);
        self.tenant.as_mut()?.poll(now)
    }

    fn handle_lease(&mut self, at: Instant, news: LeaseNews) {
        let now = self.local(at);
        self.with_tenant(at, |tenant, clock, global, limit| {
            tenant.handle(now, clock, global, limit, news);
        });
    }

    fn take_lease_changed(&mut self) -> bool {
        self.tenant
            .as_mut()
            .is_some_and(|tenant| tenant.take_changed())
    }

    fn lease_deadline(&self, at: Instant) -> Option<Instant> {
        let deadline = self.tenant.as_ref()?.deadline()?;
        Some(self.instant(deadline, at))
    }

    fn leave(&mut self, at: Instant) {
        let now = self.local(at);
        if let Some(tenant) = &mut self.tenant {
            tenant.leave(now);
        }
    }

    fn lease_stats(&mut self, at: Instant) -> LeaseStats {
        let now = self.local(at);
        let stats = self.tenant.as_ref().map(|tenant| tenant.stats(now));
        stats.unwrap_or_default()
    }
}
