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
//! What handlers can take beside the event: a [`rest::Client`], a [`cache::Cache`], a
//! [`gateway::Gateway`], and the state which the bot was built with as [`State<T>`].
//!
//! What this crate is not: a place for rules. It holds the keys of the crates below and joins them;
//! each of them is of use alone, as [`types`], [`rest`], [`gateway`], [`cache`] and [`commands`].

// The macros find this crate by its name, also from within its own tests.
extern crate self as ovenjs_core;

mod answers;
mod app;
mod bot;
mod config;
mod describe;
mod error;
mod log;
mod pump;
mod registration;
mod running;
mod timer;

pub use app::App;
pub use bot::Bot;
pub use config::{
    BotLive, CacheConfig, CommandsConfig, Compression, Config, GatewayConfig, Live, Register,
    VARIABLES,
};
pub use error::{Error, ErrorKind};
pub use ovenjs_cache as cache;
pub use ovenjs_commands as commands;
pub use ovenjs_gateway as gateway;
pub use ovenjs_rest as rest;
pub use ovenjs_types as types;
pub use running::Running;

pub use ovenjs_commands::{
    Answer, Choices, CustomId, Cx, Extract, Failure, Int, Modal, ModalCx, On, Provide, Routes,
    State, Text, autocomplete, command, component, event, routes, submit,
};

/// What a bot's `main` gives back; the error prints as one sentence that names the repair.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
