//! The audit log: who did what in a guild.

mod change;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

pub use change::{AuditLogChange, AuditLogRole, Change};

use crate::{
    AuditLogEvent, AutoModerationRule, Channel, Command, GuildScheduledEvent, Id, Integration,
    JsonValue, OverwriteType, Text, User, Webhook,
    marker::{
        ApplicationMarker, AuditLogEntryMarker, ChannelMarker, GenericMarker, GuildMarker,
        MessageMarker, UserMarker,
    },
    open::{Known, UNKNOWN_FIELD},
};

/// What was done in a guild, newest first, and what the entries are about.
///
/// Source: Discord, "Audit Log Object".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditLog {
    /// What was done.
    #[serde(default)]
    pub audit_log_entries: Vec<AuditLogEntry>,
    /// The users named, who did it and to whom.
    #[serde(default)]
    pub users: Vec<User>,
    /// The commands named.
    #[serde(default)]
    pub application_commands: Vec<Command>,
    /// The rules named; Discord leaves a null for one that is gone.
    #[serde(default)]
    pub auto_moderation_rules: Vec<Option<AutoModerationRule>>,
    /// The scheduled events named.
    #[serde(default)]
    pub guild_scheduled_events: Vec<GuildScheduledEvent>,
    /// The integrations named, with few fields.
    #[serde(default)]
    pub integrations: Vec<Integration>,
    /// The threads named.
    #[serde(default)]
    pub threads: Vec<Channel>,
    /// The webhooks named.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
}

/// One line of the audit log.
///
/// Source: Discord, "Audit Log Entry Object".
///
/// ```
/// use ovenjs_types::{AuditLogChange, AuditLogEntry, AuditLogEvent, json};
/// let text = br#"{"id":"1","user_id":"2","target_id":"3","action_type":11,"reason":"too loud",
///     "changes":[{"key":"rate_limit_per_user","old_value":0,"new_value":5},
///                {"key":"glow","new_value":{"hue":7}}]}"#;
/// let entry: AuditLogEntry = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(entry.action_type, AuditLogEvent::ChannelUpdate);
/// let AuditLogChange::RateLimitPerUser(slowmode) = &entry.changes[0] else { panic!() };
/// assert_eq!((slowmode.old, slowmode.new), (Some(0), Some(5)));
/// // A key that nobody has heard of is kept with both values.
/// assert_eq!(entry.changes[1].key(), "glow");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditLogEntry {
    /// The entry's id.
    pub id: Id<AuditLogEntryMarker>,
    /// The guild; sent with `GUILD_AUDIT_LOG_ENTRY_CREATE` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// What was done.
    pub action_type: AuditLogEvent,
    /// Who did it; a user or an application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<UserMarker>>,
    /// To what: a user, role, channel, webhook and so on, as the action says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<Id<GenericMarker>>,
    /// What is different now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditLogChange>,
    /// What else there is to say about some actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Box<AuditLogOptions>>,
    /// Why, in the words of who did it; at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// What else there is to say about some actions. Discord writes the numbers here as texts.
///
/// Source: Discord, "Optional Audit Entry Info".
///
/// ```
/// use ovenjs_types::{AuditLogOptions, json};
/// let text = br#"{"count":"3","oven":"hot"}"#;
/// let options: AuditLogOptions = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(options.count(), Some(3));
/// assert_eq!(options.other["oven"].as_str(), Some("hot"));
/// assert_eq!(json::encode(&options), text);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditLogOptions {
    /// The application whose command permissions were changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// The name of the rule that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_moderation_rule_name: Option<Text>,
    /// What the rule that acted looks for, as the number of its trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_moderation_rule_trigger_type: Option<Text>,
    /// The channel in which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// How many it was done to; see [`count`](Self::count).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Text>,
    /// After how many days without a sign members were pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_member_days: Option<Text>,
    /// The role or member of an overwrite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<GenericMarker>>,
    /// The type of the integration that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_type: Option<Text>,
    /// How many members were pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_removed: Option<Text>,
    /// The message it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id<MessageMarker>>,
    /// The name of the role of an overwrite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_name: Option<Text>,
    /// The new status of a voice channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Text>,
    /// Whether an overwrite is for a role or a member; see
    /// [`overwrite_type`](Self::overwrite_type).
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text>,
    /// What this version has no field for, by its key; Discord promises no closed list.
    #[serde(flatten, serialize_with = "write_other")]
    pub other: BTreeMap<Text, JsonValue>,
}

fn write_other<S: Serializer>(
    other: &BTreeMap<Text, JsonValue>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let unknown = |value| Known(Some(UNKNOWN_FIELD), value);
    serializer.collect_map(other.iter().map(|(key, value)| (key, unknown(value))))
}

impl AuditLogOptions {
    /// How many messages were deleted, or members moved or disconnected.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.count.as_ref()?.parse().ok()
    }

    /// How many members were pruned.
    #[must_use]
    pub fn members_removed(&self) -> Option<u64> {
        self.members_removed.as_ref()?.parse().ok()
    }

    /// After how many days without a sign members were pruned.
    #[must_use]
    pub fn delete_member_days(&self) -> Option<u64> {
        self.delete_member_days.as_ref()?.parse().ok()
    }

    /// Whether an overwrite is for a role or a member.
    #[must_use]
    pub fn overwrite_type(&self) -> Option<OverwriteType> {
        let number: u32 = self.kind.as_ref()?.parse().ok()?;
        Some(number.into())
    }
}
