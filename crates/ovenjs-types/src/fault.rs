//! What every error of OvenJS can answer.

use std::{error::Error, time::Duration};

use crate::Permissions;

/// The questions a caller asks of an error: what should I do next?
///
/// Each crate's `Error` implements this, so a bot can treat failures of REST, gateway and
/// configuration alike.
pub trait Fault: Error {
    /// Whether the same call can succeed later without anything being changed.
    fn is_retryable(&self) -> bool {
        false
    }

    /// How long to wait before trying again, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Whether the token was refused: no retry helps until it is replaced.
    fn is_auth(&self) -> bool {
        false
    }

    /// The permission which the bot lacks, where Discord or the permission rules name one.
    fn missing_permission(&self) -> Option<Permissions> {
        None
    }

    /// Discord's JSON error code, e.g. 10003 for an unknown channel.
    fn discord_code(&self) -> Option<u32> {
        None
    }
}
