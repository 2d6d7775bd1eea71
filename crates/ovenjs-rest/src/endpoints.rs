//! Discord's operations, one declaration each, by noun.

mod application;
mod channel;
mod command;
mod guild;
mod interaction;
mod invite;
mod lobby;
mod message;
mod oauth2;
mod reaction;
mod search;
mod shop;
mod stage;
mod thread;
mod user;
mod webhook;

pub use application::*;
pub use channel::*;
pub use command::*;
pub use guild::*;
pub use interaction::*;
pub use invite::*;
pub use lobby::*;
pub use message::*;
pub use oauth2::*;
pub use reaction::*;
pub use search::*;
pub use shop::*;
pub use stage::*;
pub use thread::*;
pub use user::*;
pub use webhook::*;
