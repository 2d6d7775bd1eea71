//! The client on real sockets: against the Discord in a box, and against a server that says what a
//! story wants it to say.

#![expect(
    clippy::unwrap_used,
    reason = "the stories' helpers fail by panicking, as the stories do"
)]

mod bodies;
mod canary;
mod compressed;
mod day;
mod discord;
mod faults;
mod guilds;
mod limits;
mod paged;
mod raw;
mod refusals;
mod server;
mod stack;
mod surface;
mod sweep;
mod tls;
mod transport;
mod wire;
