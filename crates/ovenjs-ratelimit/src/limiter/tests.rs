//! Stories about one limiter on a virtual clock.

use std::time::Instant;

/// The one reading of the clock: where every story begins.
#[expect(
    clippy::disallowed_methods,
    reason = "a story needs some instant to begin at"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
