//! Discord's operations, one declaration each, by noun.

mod application;
mod channel;
mod command;
mod guild;
mod interaction;
mod message;
mod oauth2;
mod reaction;
mod user;

pub use application::*;
pub use channel::*;
pub use command::*;
pub use guild::*;
pub use interaction::*;
pub use message::*;
pub use oauth2::*;
pub use reaction::*;
pub use user::*;
