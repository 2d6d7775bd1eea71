//! Time for handlers, from the runtime.

use std::time::{Duration, Instant};

use ovenjs_commands::{BoxFuture, Timer};
use ovenjs_net::{Clock, SystemClock};

/// Tokio's timer, so that a paused runtime in a test pauses it too.
#[derive(Debug)]
pub(crate) struct RuntimeTimer;

impl Timer for RuntimeTimer {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn after(&self, delay: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}
