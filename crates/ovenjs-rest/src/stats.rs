//! What a client has done and is about to do, in numbers.

use std::sync::atomic::AtomicU64;

use ovenjs_ratelimit::LeaseStats;

use crate::{BreakerStats, CacheStats, OutletStats};

/// A snapshot of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent since the start, repeated ones included.
    pub sent: u64,
    /// Answers received since the start, errors included.
    pub answered: u64,
    /// Repetitions since the start.
    pub retried: u64,
    /// Calls since the start that were repeated and then answered.
    pub recovered: u64,
    /// Calls that failed since the start.
    pub failed: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// Calls that pause before they are sent again.
    pub pausing: u64,
    /// Calls since the start that got the answer to another call's request.
    pub joined: u64,
    /// Messages since the start that were deleted together with others; see
    /// [`Live::gather_deletes`](crate::Live::gather_deletes).
    pub gathered: u64,
    /// Answers since the start that were not in all as their types have it, of those that were looked
    /// through for it: see [`Client::drift`](crate::Client::drift).
    pub drift: u64,
    /// The ways out, each with its connections: one for each base URL and each network configuration.
    pub outlets: Vec<OutletStats>,
    /// The response cache; all zero where it is off.
    pub cache: CacheStats,
    /// The circuit breakers.
    pub breakers: BreakerStats,
    /// The limiter's own numbers.
    pub limits: ovenjs_ratelimit::Stats,
    /// This process's part of [shared limits](crate::Builder::lease); `None` where it shares none.
    pub lease: Option<LeaseStats>,
}

/// What is counted as it happens.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) sent: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) recovered: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    /// Calls that pause before they are sent again.
    pub(crate) pausing: AtomicU64,
}
