//! One connector, clock and source of entropy for everything of OvenJS that touches the network.
//!
//! What is here: [`Connector`], which turns a [`Target`] into a [`Stream`] through name lookup,
//! TCP (IPv6 and IPv4 raced), an optional HTTP CONNECT proxy and TLS, with a deadline on every
//! step; [`Clock`] and [`Entropy`], the two things that a rule may not reach for by itself.
//!
//! Behind feature `redis`: `RedisLink`, one door to a Redis, with a deadline on everything. Behind
//! feature `websocket`: a client's websocket over the connector's streams.
//!
//! What is not here: HTTP and retries. A failed connection is one [`Error`] that names the step and
//! what to check; whoever asked decides whether to ask again.
//!
//! ```
//! use ovenjs_net::{Config, Connector, Target};
//!
//! let connector = Connector::build(Config::new()).unwrap();
//! // Plain text leaves the machine only when asked for.
//! let target = Target::new("example.com", 80, false);
//! assert!(connector.check(&target).is_err());
//! assert!(connector.check(&Target::new("127.0.0.1", 80, false)).is_ok());
//! ```

mod clock;
mod config;
mod connector;
mod dial;
mod entropy;
mod error;
mod plain;
mod proxy;
mod race;
#[cfg(feature = "redis")]
mod redis;
mod resolve;
#[cfg(feature = "hyper")]
mod service;
mod stream;
mod target;
mod tls;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use clock::{Clock, SystemClock};
pub use config::{Config, Deadlines, Live};
pub use connector::Connector;
pub use dial::Dialer;
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
#[cfg(feature = "redis")]
pub use error::RedisFault;
pub use error::{Error, ErrorKind, Step};
pub use plain::Plain;
pub use proxy::Proxy;
#[cfg(feature = "redis")]
pub use redis::{
    RedisAddress, RedisCluster, RedisConfig, RedisDeadlines, RedisEntry, RedisEntryId, RedisHeard,
    RedisLink, RedisReply, RedisScript, RedisStats, RedisSubscription,
};
pub use resolve::{Resolve, Resolving, SystemResolver};
#[cfg(feature = "hyper")]
pub use service::PlainConnector;
pub use stream::Stream;
pub use target::{Target, is_loopback_host};

/// What a bot says it is, in the form that Discord asks for: `DiscordBot (address, version)`.
pub const USER_AGENT: &str = concat!(
    "DiscordBot (",
    env!("CARGO_PKG_REPOSITORY"),
    ", ",
    env!("CARGO_PKG_VERSION"),
    ")"
);
