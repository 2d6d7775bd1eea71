//! A Discord in a box whose oracle is Discord's own API description.
//!
//! [`Discord::start`] opens a loopback port that real clients take for Discord: gateway, REST,
//! interactions, limits. The hand that holds it plays the users, looks at what the bot did, and lets
//! things go wrong. Every request and every reply of the box itself is checked against the facts
//! distilled from Discord's OpenAPI file ([`oracle`]).
//!
//! What is not here: our own types. The world of the box is JSON, so that it cannot share our
//! mistakes.
//!
//! ```no_run
//! # use ovenjs_mock::{Config, Discord};
//! # async fn story() -> Result<(), ovenjs_mock::Error> {
//! let discord = Discord::start(Config::default()).await?;
//! // … a bot connects to discord.base_url() with discord.token() …
//! discord.wait_for_ready(1).await?;
//!
//! discord
//!     .user("newcomer")
//!     .slash("/feedback topic:docs score:5")
//!     .await
//!     .click("Give feedback")
//!     .await
//!     .fill("text", "More cinnamon")
//!     .await
//!     .says("Thank you!");
//! discord.expect_no_violations();
//! # Ok(())
//! # }
//! ```
//!
//! # A bot that is spoken to over HTTP
//!
//! Once the application has an endpoint for interactions, they are posted there and not sent over the
//! gateway; a test says the same sentence. Posts are signed with Ed25519, and sometimes wrongly: an
//! endpoint that lets a wrong signature pass is refused, or found out later.
//!
//! ```no_run
//! # use ovenjs_mock::{Config, Discord};
//! # async fn story() -> Result<(), ovenjs_mock::Error> {
//! let discord = Discord::start(Config::default()).await?;
//! // … a bot listens on port 8080 and verifies with discord.public_key() …
//! discord.set_interactions_endpoint(Some("http://127.0.0.1:8080/interactions")).await?;
//!
//! discord.user("ann").slash("/ping").await.says("Pong!");
//!
//! discord.faults().forge_signature();
//! let posts = discord.wait_for_posts(4).await?;
//! assert_eq!(posts[3].status, Some(401));
//! discord.expect_no_violations();
//! # Ok(())
//! # }
//! ```
//!
//! # Rooms
//!
//! `world` what exists, `protocol` the gateway's rules, `rest` the operations, `courier` what is
//! posted to the bot; all four are pure and live together in `backend`. [`Referee`] is that without wires, for simulations. `shared` puts
//! a lock, a clock and a bell around it, `server` the sockets, `play` the in-process interface.
//!
//! # What is acted on
//!
//! Every operation of Discord's is answered. Most are acted on: they change the box, and events and
//! the audit log tell of it. The few others are [`CANNED_OPERATIONS`], which are answered in the
//! right shape only.

mod backend;
mod config;
mod courier;
mod error;
mod failure;
mod faults;
mod journal;
mod json;
pub mod oracle;
mod play;
mod protocol;
mod recording;
mod referee;
mod rest;
mod scenario;
mod server;
mod shared;
mod spelled;
mod time;
mod world;

pub use config::{
    Bucket, Config, Endpoints, GlobalModel, Guild, Limits, Model, Rate, Refusal, Sale, Sku,
    Sublimit, When,
};
pub use error::{Error, Kind};
pub use faults::FaultMenu;
pub use json::Json;
pub use play::{
    Answer, Attempt, Connection, Discord, Faults, Filled, Message, Modal, Overwrite, Payload, Post,
    Request, Saying, Trouble, User,
};
pub use protocol::Admission;
pub use recording::{Recorder, Recording, Replay};
pub use referee::{Call, Referee, Reply, Step};
pub use rest::CANNED_OPERATIONS;
pub use scenario::{Expected, FileContent, Performance, Pick, Scenario, ScenarioStep};
