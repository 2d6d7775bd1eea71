//! What a bot sends to make something that is neither a message nor a command.
//!
//! Each is its own builder: `Default` where nothing is required, public fields, and setters where a
//! name says more than the field. [`Validate`](crate::Validate) holds it to Discord's limits.

mod channel;
mod expression;
mod guild;
mod position;
mod webhook;

pub use channel::{ChannelDraft, ForumTagDraft, ThreadDraft};
pub use expression::{DataUri, EmojiDraft, SoundDraft, StickerDraft};
pub use guild::{BulkBanDraft, BulkDelete, InviteDraft, PruneDraft, Timeout};
pub use position::{ChannelPosition, RolePosition};
pub use webhook::{WebhookDraft, WebhookMessage};
