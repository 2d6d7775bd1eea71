//! What the gateway told us, kept.
//!
//! [`mirror::Mirror`] is that, packed, under bounds: [`apply`](mirror::Mirror::apply) folds each event in; reads
//! give values of one's own, which nobody else can change and which can be held over an `await` without harm. A
//! read never causes a request.
//!
//! What this is not: a source of truth. It knows what the gateway sent, as far as the intents let it, and no more;
//! a guild after a lost session is marked as stale until Discord sends it anew.
//!
//! [`to_bytes`](mirror::Mirror::to_bytes) is for the next process: a session that is resumed brings no guild anew.
//!
//! ```
//! use ovenjs_cache::{Change, mirror::{Keep, Mirror}};
//! use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
//!
//! let mirror = Mirror::new(Keep::new());
//! let raw = br#"{"id":"1","name":"Bakery","channels":[{"id":"2","type":0,"name":"general"}]}"#;
//! let dispatch = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
//!
//! let change = mirror.apply_and_tell(&dispatch, &mut Scratch::new());
//! assert!(matches!(change, Change::Guild(delta) if delta.before.is_none()));
//! assert_eq!(mirror.guild(Id::new(1)).unwrap().name, "Bakery");
//! assert_eq!(mirror.channel(Id::new(2)).unwrap().guild_id, Some(Id::new(1)));
//! ```

#![forbid(unsafe_code)]

#[cfg(any(feature = "blobs", feature = "retention"))]
pub mod blobs;
mod change;
mod error;
#[cfg(any(feature = "blobs", feature = "retention"))]
mod hex;
pub mod mirror;
mod packed;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "retention")]
pub mod retention;
mod shelf;
pub mod tiers;

pub use change::{Change, Delta};
pub use error::{Error, ErrorKind};
