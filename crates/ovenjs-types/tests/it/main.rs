//! The model against payloads that others wrote.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this binary is tests alone; what it prints is read by `cargo xtask spec`"
)]

mod corpus;
mod limits;
mod mutation;
mod size;
mod surface;
#[cfg(feature = "twilight")]
mod twilight;
mod ui;
