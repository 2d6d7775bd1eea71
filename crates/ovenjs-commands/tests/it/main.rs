//! Handlers called through the router, with answers recorded and time wound by hand.

mod answer;
mod argument;
mod component;
mod discord;
mod event;
mod failure;
mod plan;
mod registration;
mod ui;
