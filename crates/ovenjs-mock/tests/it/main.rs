//! The box with real sockets, spoken to by clients that know nothing but bytes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the tests' own helpers may fail as loudly as the tests"
)]

mod author;
mod control;
mod endpoints;
mod forms;
mod gateway;
mod guilds;
mod interactions;
mod limits;
mod messages;
mod raw;
mod rest;
mod scenario;
mod search;
mod sentences;
mod shop;
mod stage;
mod threads;
mod uploads;
mod webhooks;
mod wires;
