//! The one lawful place where the clock is read.

use std::{
    fmt,
    time::{Instant, SystemTime},
};

/// A reading of time, passed to rules as `now`.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The monotonic time, by which all waits and windows are counted.
    fn now(&self) -> Instant;

    /// The wall time, for what people and other machines read. It may jump.
    fn wall(&self) -> SystemTime;
}

/// The machine's clock.
///
/// Its monotonic side is tokio's, so that a test which pauses tokio's clock drives it too.
///
/// ```
/// use ovenjs_net::{Clock, SystemClock};
///
/// let clock = SystemClock;
/// let before = clock.now();
/// assert!(clock.now() >= before);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else is given"
    )]
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else is given"
    )]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
