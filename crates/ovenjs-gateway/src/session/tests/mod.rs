//! Scripts against a toy Discord on a virtual clock.

use std::time::Instant;

/// A beginning of time, for tests that count from there.
#[expect(
    clippy::disallowed_methods,
    reason = "a beginning of time; no test reads it again"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
