//! Bots in this process against the Discord in a box.

mod bot;
mod broken_connections;
mod failures;
