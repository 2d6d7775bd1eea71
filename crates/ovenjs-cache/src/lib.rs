//! A mirror of what the gateway told us, under a bound.
//!
//! [`Cache::apply`] folds each event in; reads give snapshots that nobody else can change and that
//! can be held over an `await` without harm. A read never causes a request.
//!
//! What this is not: a source of truth. It knows what the gateway sent, as far as the intents let
//! it, and no more; a guild after a lost session is forgotten until Discord sends it anew.
//!
//! [`Cache::to_bytes`] is for the next process: a session that is resumed brings no guild anew.
//!
//! ```
//! use ovenjs_cache::{Cache, Change, Config};
//! use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
//!
//! let cache = Cache::new(Config::new());
//! let raw = br#"{"id":"1","name":"Bakery","channels":[{"id":"2","type":0,"name":"general"}]}"#;
//! let dispatch = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
//! let event = dispatch.decode(&mut Scratch::new());
//!
//! let change = cache.apply(&dispatch, Some(&event));
//! assert!(matches!(change, Change::Guild(delta) if delta.before.is_none()));
//! assert_eq!(cache.guild(Id::new(1)).unwrap().name, "Bakery");
//! assert_eq!(cache.channel(Id::new(2)).unwrap().guild_id, Some(Id::new(1)));
//! ```

#![forbid(unsafe_code)]

mod apply;
mod cache;
mod change;
mod config;
mod error;
pub mod mirror;
mod packed;
mod shelf;
mod snapshot;
mod stats;
pub mod tiers;

pub use cache::Cache;
pub use change::{Change, Delta};
pub use config::Config;
pub use error::{Error, ErrorKind};
pub use snapshot::SNAPSHOT_BYTES_MAX;
pub use stats::Stats;
