//! Discord's gateway: a pure session and a thin shell that moves bytes.
//!
//! What is here: [`session`], the rules of the gateway as a state machine without sockets, clocks
//! and tasks; and [`Fleet`] (feature `net`), which runs shards by it on a thread of their own and
//! delivers events as [`Dispatch`](ovenjs_types::Dispatch).
//!
//! What is not here: payloads are not parsed, handlers are not called, nothing is cached, and
//! `GET /gateway/bot` is asked by someone else.
//!
//! Beside the session stand more rules that know no socket: [`Requests`] makes one answer of what
//! Discord answers in parts, [`Reshard`] lets the events of two generations of shards through once,
//! [`FleetHealth`] says whether the shards are well, and [`Advice`] what could be better.
//!
//! Within a session every event is delivered exactly once and in order, over any number of
//! disconnects and resumes. Where Discord ends a session, one [`SessionGap`] comes before the first
//! event of the next. Shards reconnect by themselves; one that cannot be mended, as with a refused
//! token, ends with an [`Error`] that names the repair.
//!
//! The number of shards can change while events go on, with [`Fleet::reshard`]. [`Fleet::health`] says
//! how the shards are, and [`Fleet::watch_health`] when that changes.

mod advice;
#[cfg(any(feature = "redis", feature = "nats"))]
pub mod bridge;
#[cfg(feature = "net")]
pub mod bus;
mod command;
mod config;
mod error;
mod fleet_state;
mod health;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "net")]
mod net;
#[cfg(feature = "redis")]
mod redis;
mod requests;
mod reshard;
pub mod session;
mod url;

pub use advice::{Advice, ShardLoad, TooFew};
pub use command::{Command, Sealed};
pub use config::{Compression, Config, DISCORD_GATEWAY, Live};
pub use error::{Error, ErrorKind};
pub use fleet_state::FleetState;
pub use health::{Condition, FleetHealth, Pulse, Reason, Resharding, ShardHealth};
#[cfg(feature = "nats")]
pub use nats::{NatsConfig, NatsLink};
#[cfg(feature = "net")]
pub use net::{
    AskGuild, AskMembers, Delivery, Events, Fleet, HealthWatch, IdentifyAsk, IdentifyPort,
    IdentifyTurn, LocalTurns, PortError, Receipt, Replies, Reply, Seen, SessionStore, Settled,
    ShardCount, ShardStats, Stats, Typed, TypedEvents, Waiting, Watch, Wiring,
};
#[cfg(feature = "redis")]
pub use redis::{RedisSessions, RedisTurns};
pub use requests::{Answer, REQUEST_IDS_MAX, REQUESTS_MAX, Request, RequestId, Requests};
pub use reshard::{Cut, OVERLAP, Reshard, ReshardReport, ReshardStage, ReshardTime, Side};
pub use session::{Notice, Resume, SessionGap, ShardState};
pub use url::GatewayUrl;
