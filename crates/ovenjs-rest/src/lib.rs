//! Discord's REST API: one deed, one value, one way out.
//!
//! An operation is a value that implements [`Endpoint`], declared by one `endpoint!` line under
//! `endpoints/`; [`Client::send`] is the only way out. The common call reads
//! `client.create_message(channel).content("hi").await`, made of the same line.

mod call;
mod discord_error;
mod endpoint;
mod endpoints;
mod error;
mod multipart;

pub use call::Call;
pub use endpoint::{Answer, Auth, Body, Endpoint, Major, Payload};
pub use endpoints::*;
pub use error::{Error, ErrorKind};
