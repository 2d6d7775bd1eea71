//! Bots in this process against the Discord in a box.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose stage cannot be set has failed"
)]

mod asking;
mod before;
mod bot;
mod broken_connections;
mod failures;
mod in_process;
mod leaving;
mod lookup;
mod mirror;
mod replaced;
mod shared;
#[cfg(feature = "tiers")]
mod tiers;
