//! The client on real sockets: against the Discord in a box, and against a server that says what a
//! story wants it to say.

#![expect(
    clippy::unwrap_used,
    reason = "the stories' helpers fail by panicking, as the stories do"
)]

mod bodies;
mod canary;
#[cfg(feature = "redis")]
#[path = "../../../ovenjs-net/tests/it/certificate.rs"]
#[expect(dead_code, reason = "no server here speaks TLS")]
mod certificate;
mod compressed;
mod cut;
mod day;
mod discord;
mod drift;
mod faults;
mod gather;
mod guilds;
mod leases;
mod limits;
mod packed;
mod paged;
mod raw;
#[cfg(feature = "redis")]
mod redis_leases;
mod refusals;
mod server;
#[cfg(feature = "redis")]
#[path = "../../../ovenjs-net/tests/it/server.rs"]
#[expect(dead_code, reason = "no server here speaks TLS")]
mod service;
mod stack;
mod surface;
mod sweep;
mod tls;
mod transport;
mod uploads;
mod wire;
