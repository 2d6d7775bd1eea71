//! The whole of OvenJS: gateway, REST, commands and cache as one [`Bot`].
//!
//! A bot is a list of handlers. It reads its configuration, registers its commands, connects, and
//! calls the handlers with what they ask for by type:
//!
//! ```no_run
//! use ovenjs_core::{Answer, Bot, Cx, Result, command, routes};
//!
//! /// Ping
//! #[command]
//! async fn ping(cx: Cx) -> Answer {
//!     cx.reply("Pong!").await
//! }
//!
//! fn main() -> Result {
//!     Bot::new().routes(routes![ping]).run()
//! }
//! ```
//!
//! What handlers can take beside the event: a [`rest::Client`], a [`Mirror`], a [`Lookup`], a
//! [`gateway::Fleet`], the guild they were called in as a [`gateway::AskGuild`], a
//! [`gateway::bus::Bus`], what the event changed as [`Before<T>`], and the state which the bot was built
//! with as [`State<T>`]. With the feature `tiers` also a `Tiered`, memory before the stores that
//! [`Config::tiers`] names, and a state that is made of it: `Bot::with_tiers`.
//!
//! A bot of several processes keeps what they share in a Redis or speaks through NATS (features `redis`
//! and `nats`): see [`Config::redis`] and [`Config::nats`].
//!
//! What this crate is not: a place for rules. It holds the keys of the crates below and joins them;
//! each of them is of use alone, as [`types`], [`rest`], [`gateway`], [`cache`] and [`commands`].

// The macros find this crate by its name, also from within its own tests.
extern crate self as ovenjs_core;

#[cfg(feature = "bot")]
mod answers;
#[cfg(feature = "bot")]
mod app;
#[cfg(feature = "blobs")]
mod attachments;
#[cfg(feature = "bot")]
mod before;
#[cfg(feature = "bot")]
mod bot;
#[cfg(feature = "bot")]
mod config;
#[cfg(feature = "bot")]
mod describe;
#[cfg(feature = "bot")]
mod error;
#[cfg(feature = "bot")]
mod estate;
#[cfg(feature = "bot")]
mod heir;
#[cfg(feature = "bot")]
mod hook;
#[cfg(feature = "bot")]
mod limits;
#[cfg(feature = "bot")]
mod links;
#[cfg(feature = "bot")]
mod log;
#[cfg(feature = "bot")]
mod lookup;
#[cfg(feature = "bot")]
mod memory;
#[cfg(feature = "bot")]
mod mirror;
#[cfg(feature = "bot")]
mod pump;
#[cfg(feature = "bot")]
mod registration;
#[cfg(feature = "bot")]
mod running;
#[cfg(feature = "bot")]
mod state;
#[cfg(all(feature = "bot", feature = "tiers"))]
mod tend;
#[cfg(all(feature = "bot", feature = "tiers"))]
mod tiers;
#[cfg(all(feature = "bot", not(feature = "tiers")))]
#[path = "without_tiers.rs"]
mod tiers;
#[cfg(feature = "bot")]
mod timer;

#[cfg(feature = "bot")]
pub use app::App;
#[cfg(feature = "blobs")]
pub use attachments::RefreshedAttachments;
#[cfg(feature = "bot")]
pub use before::{Before, Remembered};
#[cfg(feature = "bot")]
pub use bot::Bot;
#[cfg(feature = "bot")]
pub use config::{
    BotLive, BusConfig, CommandsConfig, Compression, Config, GatewayConfig, IdentifyQueue,
    LimitsShared, Live, Register, RestConfig, SecondTier, StateStore, ThirdTier, TiersConfig,
    VARIABLES,
};
#[cfg(feature = "bot")]
pub use error::{Error, ErrorKind};
#[cfg(feature = "bot")]
pub use lookup::Lookup;
#[cfg(feature = "cache")]
pub use ovenjs_cache as cache;
#[cfg(feature = "bot")]
pub use ovenjs_cache::mirror::{Field, Keep, Mirror};
#[cfg(feature = "commands")]
pub use ovenjs_commands as commands;
#[cfg(feature = "gateway")]
pub use ovenjs_gateway as gateway;
#[cfg(any(feature = "bot", feature = "gateway", feature = "rest"))]
pub use ovenjs_net as net;
#[cfg(feature = "rest")]
pub use ovenjs_rest as rest;
pub use ovenjs_types as types;
#[cfg(feature = "bot")]
pub use running::Running;

#[cfg(feature = "commands")]
pub use ovenjs_commands::{
    Answer, Choices, CustomId, Cx, Extract, Failure, Int, Modal, ModalCx, On, Provide, Routes,
    State, Text, autocomplete, command, component, event, routes, submit,
};

/// What a bot's `main` gives back; the error prints as one sentence that names the repair.
#[cfg(feature = "bot")]
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
