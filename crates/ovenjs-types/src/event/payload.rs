//! The payloads of events that carry more or less than one of Discord's objects.

mod auto_moderation;
mod channel;
mod guild;
mod invite;
mod message;
mod scheduled_event;
mod voice;

pub use auto_moderation::*;
pub use channel::*;
pub use guild::*;
pub use invite::*;
pub use message::*;
pub use scheduled_event::*;
pub use voice::*;

use serde::{Deserialize, Serialize};

use crate::JsonValue;

/// The payload of `RATE_LIMITED`: a gateway command was refused for now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateLimited {
    /// The opcode of the refused command.
    pub opcode: u32,
    /// Seconds until the command may be sent again.
    pub retry_after: f64,
    /// What the opcode has to say about it; guild and nonce for a request for members.
    #[serde(default, skip_serializing_if = "JsonValue::is_null")]
    pub meta: JsonValue,
}
