//! Auto-moderation: rules by which Discord itself acts on messages and members.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Report, Text, Validate,
    form::{amount, each, inside, length},
    limits,
    marker::{AutoModerationRuleMarker, ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};

/// A rule by which Discord itself acts on messages and members of a guild.
///
/// Source: Discord, "Auto Moderation Rule Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AutoModerationRule {
    /// The rule's id.
    pub id: Id<AutoModerationRuleMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Who made it.
    pub creator_id: Id<UserMarker>,
    /// When the rule is looked at.
    pub event_type: AutoModerationEventType,
    /// What the rule looks for.
    pub trigger_type: AutoModerationTriggerType,
    /// What it looks for in detail.
    #[serde(default)]
    pub trigger_metadata: AutoModerationTriggerMetadata,
    /// What is done then.
    #[serde(default)]
    pub actions: Vec<AutoModerationAction>,
    /// Whether it is switched on.
    #[serde(default)]
    pub enabled: bool,
    /// Roles whom it leaves alone; at most 20.
    #[serde(default)]
    pub exempt_roles: Vec<Id<RoleMarker>>,
    /// Channels which it leaves alone; at most 50.
    #[serde(default)]
    pub exempt_channels: Vec<Id<ChannelMarker>>,
}

form! {
    exported auto_moderation_rule_draft =>
    /// A rule to be made, or a change of one.
    ///
    /// What is made begins with [`new`](Self::new) or [`keywords`](Self::keywords), and a change with
    /// `default()`, which changes nothing.
    ///
    /// Source: Discord, "Create Auto Moderation Rule" and "Modify Auto Moderation Rule".
    ///
    /// ```
    /// use ovenjs_types::{AutoModerationAction, AutoModerationRuleDraft, json};
    /// let rule = AutoModerationRuleDraft::keywords("No cats", ["cat*"])
    ///     .action(AutoModerationAction::block("Please no cats"));
    /// let text = String::from_utf8(json::encode(&rule)).unwrap();
    /// assert!(text.contains(r#""trigger_metadata":{"keyword_filter":["cat*"]}"#), "{text}");
    ///
    /// let off = AutoModerationRuleDraft::default().enabled(false);
    /// assert_eq!(json::encode(&off), br#"{"enabled":false}"#);
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct AutoModerationRuleDraft
    may {
        /// Its name; at most 100 characters.
        name: Option<Text> = length(1..=100),
        /// When the rule is looked at.
        event_type: Option<AutoModerationEventType>,
        /// What the rule looks for; cannot be changed later.
        trigger_type: Option<AutoModerationTriggerType>,
        /// What it looks for in detail; left out for spam.
        trigger_metadata: Option<AutoModerationTriggerMetadata> = inside,
        /// What is done then; 1 to 5.
        actions: Option<Vec<AutoModerationAction>> = each(1..=5, "actions"),
        /// Whether it is switched on; Discord takes an absent one of a new rule for no.
        enabled: Option<bool>,
        /// Roles whom it leaves alone; at most 20.
        exempt_roles: Option<Vec<Id<RoleMarker>>> = amount(0..=20, "roles"),
        /// Channels which it leaves alone; at most 50.
        exempt_channels: Option<Vec<Id<ChannelMarker>>> = amount(0..=50, "channels"),
    }
}

impl AutoModerationRuleDraft {
    /// A rule that is switched on, about messages, without actions yet.
    pub fn new(name: impl Into<Text>, trigger: AutoModerationTriggerType) -> Self {
        let event_type = if trigger == AutoModerationTriggerType::MemberProfile {
            AutoModerationEventType::MemberUpdate
        } else {
            AutoModerationEventType::MessageSend
        };
        Self {
            name: Some(name.into()),
            event_type: Some(event_type),
            trigger_type: Some(trigger),
            actions: Some(Vec::new()),
            enabled: Some(true),
            ..Self::default()
        }
    }

    /// A rule about words; at most 1000 of 60 characters. `*` stands for anything at an end.
    pub fn keywords(
        name: impl Into<Text>,
        words: impl IntoIterator<Item = impl Into<Text>>,
    ) -> Self {
        Self {
            trigger_metadata: Some(AutoModerationTriggerMetadata {
                keyword_filter: words.into_iter().map(Into::into).collect(),
                ..AutoModerationTriggerMetadata::default()
            }),
            ..Self::new(name, AutoModerationTriggerType::Keyword)
        }
    }

    /// Adds something to do.
    #[must_use]
    pub fn action(mut self, action: AutoModerationAction) -> Self {
        self.actions.get_or_insert_default().push(action);
        self
    }
}

/// What a rule looks for in detail. Which fields count goes by the rule's trigger.
///
/// Source: Discord, "Trigger Metadata".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoModerationTriggerMetadata {
    /// Words; for keywords and profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keyword_filter: Vec<Text>,
    /// Regular expressions in Rust's flavour, at most 10 of 260 characters; for keywords and
    /// profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regex_patterns: Vec<Text>,
    /// Discord's own lists of words; for presets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<AutoModerationKeywordPreset>,
    /// Words that are fine; for keywords, presets and profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_list: Vec<Text>,
    /// How many roles and users a message may mention, at most 50; for mention spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention_total_limit: Option<u32>,
    /// Whether Discord looks for raids of mentions; for mention spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention_raid_protection_enabled: Option<bool>,
}

impl AutoModerationTriggerMetadata {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Validate for AutoModerationTriggerMetadata {
    fn check(&self, report: &mut Report) {
        let (words, long) = (
            limits::AUTO_MODERATION_KEYWORDS,
            limits::AUTO_MODERATION_KEYWORD,
        );
        for (field, list, most, longest) in [
            ("keyword_filter", &self.keyword_filter, words, long),
            ("regex_patterns", &self.regex_patterns, 10, 260),
            ("allow_list", &self.allow_list, words, long),
        ] {
            report.amount(field, list.len(), 0..=most, "entries");
            report.each(field, list, |report, entry| {
                report.length("", entry, 1..=longest)
            });
        }
        report.number_of("mention_total_limit", self.mention_total_limit, 0..=50);
    }
}

/// What a rule does.
///
/// Source: Discord, "Auto Moderation Action Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AutoModerationAction {
    /// What is done.
    #[serde(rename = "type")]
    pub kind: AutoModerationActionType,
    /// Where, for how long, in which words.
    #[serde(default)]
    pub metadata: AutoModerationActionMetadata,
}

impl Validate for AutoModerationAction {
    fn check(&self, report: &mut Report) {
        report.field("metadata", |report| self.metadata.check(report));
    }
}

impl AutoModerationAction {
    fn new(kind: AutoModerationActionType, metadata: AutoModerationActionMetadata) -> Self {
        Self { kind, metadata }
    }

    /// The message is not sent; its author sees `message`, at most 150 characters.
    pub fn block(message: impl Into<Text>) -> Self {
        Self::new(
            AutoModerationActionType::BlockMessage,
            AutoModerationActionMetadata {
                custom_message: Some(message.into()),
                ..AutoModerationActionMetadata::default()
            },
        )
    }

    /// The content is logged in a channel.
    #[must_use]
    pub fn alert(channel: Id<ChannelMarker>) -> Self {
        Self::new(
            AutoModerationActionType::SendAlertMessage,
            AutoModerationActionMetadata {
                channel_id: Some(channel),
                ..AutoModerationActionMetadata::default()
            },
        )
    }

    /// The author cannot speak for so many seconds, at most four weeks. For keywords and mention
    /// spam; needs `MODERATE_MEMBERS`.
    #[must_use]
    pub fn timeout(seconds: u32) -> Self {
        Self::new(
            AutoModerationActionType::Timeout,
            AutoModerationActionMetadata {
                duration_seconds: Some(seconds),
                ..AutoModerationActionMetadata::default()
            },
        )
    }

    /// The member can do nothing until the profile is mended. For profiles.
    #[must_use]
    pub fn block_member_interaction() -> Self {
        Self::new(
            AutoModerationActionType::BlockMemberInteraction,
            AutoModerationActionMetadata::default(),
        )
    }
}

/// Where, for how long, in which words something is done.
///
/// Source: Discord, "Action Metadata".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoModerationActionMetadata {
    /// Where the content is logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// How long a timeout lasts, at most 2,419,200 seconds (four weeks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// What the author of a blocked message sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_message: Option<Text>,
}

impl Validate for AutoModerationActionMetadata {
    fn check(&self, report: &mut Report) {
        report.number_of("duration_seconds", self.duration_seconds, 0..=2_419_200);
        report.length_of("custom_message", self.custom_message.as_ref(), 0..=150);
    }
}

open_int! {
    /// When a rule is looked at.
    pub enum AutoModerationEventType: u32 {
        /// A message is sent or edited.
        MessageSend = 1,
        /// A member joins or changes the profile.
        MemberUpdate = 2,
    }
}

open_int! {
    /// What a rule looks for.
    pub enum AutoModerationTriggerType: u32 {
        /// Words of the guild; at most 6 rules.
        Keyword = 1,
        /// What Discord holds for spam; at most 1 rule.
        Spam = 3,
        /// Words of Discord's own lists; at most 1 rule.
        KeywordPreset = 4,
        /// Too many mentions; at most 1 rule.
        MentionSpam = 5,
        /// Words in a member's profile; at most 1 rule.
        MemberProfile = 6,
    }
}

open_int! {
    /// A list of words of Discord's own.
    pub enum AutoModerationKeywordPreset: u32 {
        Profanity = 1,
        SexualContent = 2,
        Slurs = 3,
    }
}

open_int! {
    /// What a rule does.
    pub enum AutoModerationActionType: u32 {
        BlockMessage = 1,
        SendAlertMessage = 2,
        Timeout = 3,
        BlockMemberInteraction = 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_discord_would_refuse_is_told_by_its_places() {
        let rule = AutoModerationRuleDraft::keywords("No cats", ["cat*", "", &"x".repeat(61)])
            .action(AutoModerationAction::timeout(3_000_000))
            .action(AutoModerationAction::block("x".repeat(151)));
        let told = rule.validate().unwrap_err();
        let paths: Vec<&str> = told.violations().iter().map(|v| v.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "trigger_metadata.keyword_filter[1]",
                "trigger_metadata.keyword_filter[2]",
                "actions[0].metadata.duration_seconds",
                "actions[1].metadata.custom_message",
            ]
        );
    }
}
