//! Discord's REST API: one deed, one value, one way out.
//!
//! An operation is a value that implements [`Endpoint`], declared by one `endpoint!` line under
//! `endpoints/`; [`Client::send`] is the only way out. The common call reads
//! `client.create_message(channel).content("hi").await`, made of the same line.
//!
//! What is here: the operations, the client that sends them over pooled connections, the queue in
//! front of the limiter, and errors that name the repair. What is not here: the rules of the limits
//! (`ovenjs-ratelimit`), connections (`ovenjs-net`) and Discord's nouns (`ovenjs-types`).

mod breaker;
mod cache;
mod call;
mod client;
mod config;
mod deed;
mod delivery;
mod endpoint;
mod endpoints;
mod errand;
mod error;
mod flight;
mod gate;
mod gather;
mod inflate;
mod layer;
mod lease;
mod multipart;
mod pages;
mod raw;
mod request;
mod retry;
mod routes;
mod setters;
mod stats;
mod transport;
mod upload;
mod watch;

pub use breaker::{BreakerState, BreakerStats};
pub use cache::CacheStats;
pub use call::Call;
pub use client::{Builder, Client, Terms};
pub use config::{Config, Connections, DEFAULT_BASE_URL, Live};
pub use endpoint::{
    Answer, Audited, Auth, Bearer, Body, ByUser, Carries, Credentials, Endpoint, Parameter, Part,
    Payload, Picture, Rows, Sent,
};
pub use endpoints::*;
pub use error::{Error, ErrorKind, FIELDS_MAX};
pub use inflate::Compressed;
pub use layer::{Layer, Next, Sending};
#[cfg(feature = "redis")]
pub use lease::RedisLeases;
pub use lease::{CarryingOut, LeaseStore};
pub use ovenjs_ratelimit::{
    LEASE, LEASE_KEPT, LeaseDeed, LeaseNews, LeaseStats, LeaseTrouble, LeaseWrite, Major, Obstacle,
    Priority, RouteKey, Snapshot, Variant, Why,
};
pub use pages::{Paged, Pages};
pub use raw::Raw;
pub use request::{Reply, Request};
pub use stats::Stats;
pub use transport::{ConnectionStats, OutletStats};
pub use upload::{file_source, reader_source};
