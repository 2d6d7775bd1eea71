//! What auto-moderation did.

use serde::{Deserialize, Serialize};

use crate::{
    AutoModerationAction, AutoModerationTriggerType, Id, Text,
    marker::{AutoModerationRuleMarker, ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};

/// The payload of `AUTO_MODERATION_ACTION_EXECUTION`: a rule was broken and something was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AutoModerationActionExecution {
    /// The guild.
    pub guild_id: Id<GuildMarker>,
    /// What was done.
    pub action: AutoModerationAction,
    /// The rule.
    pub rule_id: Id<AutoModerationRuleMarker>,
    /// What the rule looks for.
    pub rule_trigger_type: AutoModerationTriggerType,
    /// Who broke it.
    pub user_id: Id<UserMarker>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// The message; absent where it was blocked or there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id<MessageMarker>>,
    /// The alert that was posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_system_message_id: Option<Id<MessageMarker>>,
    /// What the user wrote; empty without the intent `MESSAGE_CONTENT`.
    #[serde(default)]
    pub content: Text,
    /// The word or expression of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_keyword: Option<Text>,
    /// The part of the text that fits it; empty without the intent `MESSAGE_CONTENT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_content: Option<Text>,
}
