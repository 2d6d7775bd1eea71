//! The examples as a user runs them: real programs against the Discord in a box.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose stage cannot be set has failed"
)]

mod bad_input;
mod health;
mod processes;
mod program;
mod readme;
#[cfg(feature = "sqlite")]
mod settings;
mod stories;
