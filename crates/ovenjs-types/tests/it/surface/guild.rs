//! Guilds, channels, members, and what a guild has.

use ovenjs_types::{AuditLogEvent, ChannelType, OverwriteType};

use super::{EnumLine, Line, values};

pub(super) fn lines() -> Vec<Line> {
    vec![]
}

pub(super) fn enums() -> Vec<EnumLine> {
    vec![
        values(
            &["AuditLogActionTypes"],
            AuditLogEvent::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ChannelPermissionOverwrites"],
            OverwriteType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ChannelTypes"],
            ChannelType::KNOWN.iter().map(|v| v.value()),
        ),
    ]
}
