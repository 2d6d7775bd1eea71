//! Files on messages.

use serde::{Deserialize, Serialize};

use crate::{Id, Text, marker::AttachmentMarker};

/// A file on a message or in a command option.
///
/// Source: Discord, "Attachment Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The attachment's id.
    pub id: Id<AttachmentMarker>,
    /// The file's name.
    pub filename: Text,
    /// Its description, which screen readers read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<Text>,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// Where it can be downloaded.
    #[serde(default)]
    pub url: Text,
    /// The same through Discord's media proxy.
    #[serde(default)]
    pub proxy_url: Text,
    /// Height in pixels, for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Width in pixels, for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Whether it belongs to an ephemeral message and will vanish.
    #[serde(default)]
    pub ephemeral: bool,
    /// Length in seconds, for voice messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<f64>,
    /// Its flags.
    #[serde(default)]
    pub flags: AttachmentFlags,
}

flags! {
    /// The flags of an attachment.
    pub struct AttachmentFlags as number {
        IS_CLIP = 0,
        IS_THUMBNAIL = 1,
        IS_REMIX = 2,
        IS_SPOILER = 3,
        IS_ANIMATED = 5,
    }
}
