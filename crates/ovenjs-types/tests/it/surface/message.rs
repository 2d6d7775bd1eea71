//! Messages and what is in them.

use ovenjs_types::{Attachment, Embed, Message, MessageReferenceType, MessageType};

use super::{EnumLine, Line, line, values};

pub(super) fn lines() -> Vec<Line> {
    vec![
        line::<Attachment>(&["MessageAttachmentResponse"]),
        line::<Embed>(&["MessageEmbedResponse"]),
        line::<Message>(&["MessageResponse"]),
    ]
}

pub(super) fn enums() -> Vec<EnumLine> {
    vec![
        values(
            &["MessageReferenceType"],
            MessageReferenceType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["MessageType"],
            MessageType::KNOWN.iter().map(|v| v.value()),
        ),
    ]
}
