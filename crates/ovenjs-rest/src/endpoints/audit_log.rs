//! The audit log of guilds.

use ovenjs_types::{
    AuditLog, AuditLogEvent, Id,
    marker::{AuditLogEntryMarker, GenericMarker, GuildMarker, UserMarker},
};

use crate::endpoint::{endpoint, json_answers, query_codes};

endpoint! {
    /// Who did what in a guild in the last 45 days: newest first, and oldest first with `after`.
    Get "/guilds/{guild_id}/audit-logs" as GetAuditLog -> AuditLog {
        fn audit_log(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// What this user did.
            user_id: Id<UserMarker>,
            /// What was done to this user, role, channel or whatever else has an id.
            target_id: Id<GenericMarker>,
            /// What was done of this kind.
            action_type: AuditLogEvent,
            /// Entries before this one.
            before: Id<AuditLogEntryMarker>,
            /// Entries after this one.
            after: Id<AuditLogEntryMarker>,
            /// At most so many: 1 to 100, 50 by default.
            limit: u16 = 1..=100,
        }
        needs VIEW_AUDIT_LOG;
    }
}

query_codes!(AuditLogEvent);
json_answers!(AuditLog);
