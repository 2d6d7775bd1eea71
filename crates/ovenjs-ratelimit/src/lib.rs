//! Every "n per t" rule of Discord, as pure state machines.
//!
//! What is here: [`Limiter`] for REST (buckets learned from headers, the global limit, limits that no
//! header tells, the invalid requests that get an address banned), [`Line`] for who waits in front of
//! it, [`Lease`] for limits that several processes share, [`Window`] for a plain "n per t" such as the gateway's send budget, [`IdentifyBudget`] for the
//! turns in which shards may identify.
//!
//! What is not here: clocks, sockets, timers, tasks. `now` is an argument; whoever is told to wait
//! arranges the waiting itself.
//!
//! ```
//! use std::time::Instant;
//! use ovenjs_ratelimit::{Ask, Config, Headers, Limiter, Major, Reservation, RouteKey, Verdict};
//!
//! # #[expect(clippy::disallowed_methods)]
//! let now = Instant::now();
//! let limiter = Limiter::new(Config::new());
//! let ask = Ask::new(RouteKey::new("POST /channels/{channel_id}/messages", Major::of(1_u64)));
//!
//! // An unknown route is tried with one request; others wait for what it learns.
//! let Reservation::Ready(mut permit) = limiter.reserve(now, &ask) else { panic!() };
//! assert!(matches!(limiter.reserve(now, &ask), Reservation::Wait { until: None, .. }));
//! permit.sent(now);
//!
//! let headers = Headers::read(|name| match name {
//!     "x-ratelimit-limit" => Some("5"),
//!     "x-ratelimit-remaining" => Some("4"),
//!     "x-ratelimit-reset-after" => Some("2.5"),
//!     _ => None,
//! });
//! limiter.settle(now, permit, Verdict::Counted(headers));
//! let free: Vec<_> = std::iter::from_fn(|| match limiter.reserve(now, &ask) {
//!     Reservation::Ready(permit) => Some(permit),
//!     _ => None,
//! }).collect();
//! assert_eq!(free.len(), 4);
//! ```

#![warn(clippy::wildcard_enum_match_arm)]

mod ask;
mod bucket;
mod clock;
mod config;
mod facts;
mod global;
mod headers;
mod hidden;
mod identify;
mod invalid;
mod lease;
mod limiter;
mod line;
mod refusals;
mod snapshot;
mod stint;
mod table;
mod variant;
mod window;

pub use ask::{Ask, Deed, Major, Priority, RouteKey};
pub use config::{Config, Live, Strategy};
pub use headers::{Bucket, Headers, RETRY_AFTER_MAX, RETRY_AFTER_UNSAID, Scope, Verdict};
pub use identify::{Held, Hold, IdentifyBudget, IdentifyRules};
pub use lease::{
    LEASE, LEASE_KEPT, Lease, LeaseDeed, LeaseNews, LeaseStats, LeaseTrouble, LeaseWrite,
};
pub use limiter::{Limiter, Obstacle, Permit, Pressure, Reservation, Stats, Stop};
pub use line::{Entry, Line, LineStats, Refusal, Ticket, Turn, WAITING_MAX, Why};
pub use snapshot::Snapshot;
pub use variant::{OLD_MS, Shape, Variant, YOUNG_MS};
pub use window::Window;
