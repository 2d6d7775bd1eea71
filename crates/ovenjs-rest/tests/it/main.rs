//! The client on real sockets: against the Discord in a box, and against a server that says what a
//! story wants it to say.

mod discord;
mod limits;
mod server;
mod tls;
mod wire;
