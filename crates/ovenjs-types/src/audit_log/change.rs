//! What an entry of the audit log says is different now.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::SerializeStruct,
};

use crate::{
    AutoModerationAction, AutoModerationEventType, AutoModerationTriggerMetadata,
    AutoModerationTriggerType, CommandPermission, Id, JsonValue, Overwrite, Permissions, Text,
    Timestamp,
    marker::{
        ApplicationMarker, ChannelMarker, EmojiMarker, GenericMarker, GuildMarker, RoleMarker,
        UserMarker,
    },
};

/// A value before and after. Absent where there was none, or there is none now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change<T> {
    /// What it was.
    pub old: Option<T>,
    /// What it is.
    pub new: Option<T>,
}

impl Change<JsonValue> {
    /// The change with its values as a type; none where one of them does not fit.
    #[must_use]
    pub fn decode<T: DeserializeOwned>(&self) -> Option<Change<T>> {
        let decode = |value: &Option<JsonValue>| match value {
            Some(value) => value.decode().map(Some),
            None => Some(None),
        };
        Some(Change {
            old: decode(&self.old)?,
            new: decode(&self.new)?,
        })
    }
}

/// A role that a member was given or lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditLogRole {
    /// The role.
    pub id: Id<RoleMarker>,
    /// Its name at that time.
    #[serde(default)]
    pub name: Text,
}

/// A line reads: variant, Discord's key, the type of the values. The same key means other things
/// for other objects; values that the type does not fit are kept as [`AuditLogChange::Other`].
macro_rules! changes {
    ($( $variant:ident $key:literal: $value:ty, )+) => {
        /// One thing that is different now.
        ///
        /// The keys are mostly those of the changed object's fields.
        ///
        /// Source: Discord, "Audit Log Change Object".
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AuditLogChange {
            $( #[doc = concat!("`", $key, "`")] $variant(Change<$value>), )+
            /// Whether a role, user or channel may use a command; the key is its id.
            CommandPermission(Id<GenericMarker>, Change<CommandPermission>),
            /// A key which this version does not know, or values which its type does not fit.
            Other {
                /// The key.
                key: Text,
                /// Both values as they came.
                change: Change<JsonValue>,
            },
        }

        impl AuditLogChange {
            /// Every key whose values have a type.
            pub const KEYS: &'static [&'static str] = &[$($key),+];

            fn read(key: &str, change: &Change<JsonValue>) -> Option<Self> {
                match key {
                    $( $key => change.decode().map(Self::$variant), )+
                    _ => Some(Self::CommandPermission(key.parse().ok()?, change.decode()?)),
                }
            }

            /// Discord's word for what changed.
            #[must_use]
            pub fn key(&self) -> Text {
                match self {
                    $( Self::$variant(_) => $key.into(), )+
                    Self::CommandPermission(id, _) => Text::from(id.to_string()),
                    Self::Other { key, .. } => key.clone(),
                }
            }
        }

        impl Serialize for AuditLogChange {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(change) => write($key, change, serializer), )+
                    Self::CommandPermission(id, change) => write(&id.to_string(), change, serializer),
                    Self::Other { key, change } => write(key, change, serializer),
                }
            }
        }
    };
}

changes! {
    // Guilds
    AfkChannelId "afk_channel_id": Id<ChannelMarker>,
    AfkTimeout "afk_timeout": u32,
    BannerHash "banner_hash": Text,
    DefaultMessageNotifications "default_message_notifications": u32,
    DiscoverySplashHash "discovery_splash_hash": Text,
    ExplicitContentFilter "explicit_content_filter": u32,
    IconHash "icon_hash": Text,
    MfaLevel "mfa_level": u32,
    NsfwLevel "nsfw_level": u32,
    OwnerId "owner_id": Id<UserMarker>,
    PreferredLocale "preferred_locale": Text,
    PremiumProgressBarEnabled "premium_progress_bar_enabled": bool,
    PruneDeleteDays "prune_delete_days": u32,
    PublicUpdatesChannelId "public_updates_channel_id": Id<ChannelMarker>,
    Region "region": Text,
    RulesChannelId "rules_channel_id": Id<ChannelMarker>,
    SafetyAlertsChannelId "safety_alerts_channel_id": Id<ChannelMarker>,
    SplashHash "splash_hash": Text,
    SystemChannelFlags "system_channel_flags": u64,
    SystemChannelId "system_channel_id": Id<ChannelMarker>,
    VanityUrlCode "vanity_url_code": Text,
    VerificationLevel "verification_level": u32,
    WidgetChannelId "widget_channel_id": Id<ChannelMarker>,
    WidgetEnabled "widget_enabled": bool,
    // Channels and threads
    Allow "allow": Permissions,
    ApplicationId "application_id": Id<ApplicationMarker>,
    AppliedTags "applied_tags": Vec<Id<GenericMarker>>,
    Archived "archived": bool,
    AutoArchiveDuration "auto_archive_duration": u32,
    Bitrate "bitrate": u32,
    DefaultAutoArchiveDuration "default_auto_archive_duration": u32,
    DefaultForumLayout "default_forum_layout": u32,
    DefaultSortOrder "default_sort_order": u32,
    DefaultThreadRateLimitPerUser "default_thread_rate_limit_per_user": u32,
    Deny "deny": Permissions,
    Flags "flags": u64,
    Invitable "invitable": bool,
    Locked "locked": bool,
    Nsfw "nsfw": bool,
    ParentId "parent_id": Id<ChannelMarker>,
    PermissionOverwrites "permission_overwrites": Vec<Overwrite>,
    Position "position": i64,
    RateLimitPerUser "rate_limit_per_user": u32,
    RtcRegion "rtc_region": Text,
    Topic "topic": Text,
    UserLimit "user_limit": u32,
    VideoQualityMode "video_quality_mode": u32,
    // Members
    AddedRoles "$add": Vec<AuditLogRole>,
    BypassesVerification "bypasses_verification": bool,
    CommunicationDisabledUntil "communication_disabled_until": Timestamp,
    Deaf "deaf": bool,
    Mute "mute": bool,
    Nick "nick": Text,
    RemovedRoles "$remove": Vec<AuditLogRole>,
    // Roles
    Color "color": u32,
    Hoist "hoist": bool,
    Mentionable "mentionable": bool,
    Permissions "permissions": Permissions,
    UnicodeEmoji "unicode_emoji": Text,
    // Invites and webhooks
    AvatarHash "avatar_hash": Text,
    ChannelId "channel_id": Id<ChannelMarker>,
    Code "code": Text,
    InviterId "inviter_id": Id<UserMarker>,
    MaxAge "max_age": u32,
    MaxUses "max_uses": u32,
    Temporary "temporary": bool,
    Uses "uses": u32,
    // Stickers, emojis and sounds
    Asset "asset": Text,
    Available "available": bool,
    EmojiId "emoji_id": Id<EmojiMarker>,
    EmojiName "emoji_name": Text,
    FormatType "format_type": u32,
    SoundId "sound_id": Id<GenericMarker>,
    Tags "tags": Text,
    UserId "user_id": Id<UserMarker>,
    Volume "volume": f64,
    // Integrations
    EnableEmoticons "enable_emoticons": bool,
    ExpireBehavior "expire_behavior": u32,
    ExpireGracePeriod "expire_grace_period": u32,
    // Stages and scheduled events
    EntityType "entity_type": u32,
    ImageHash "image_hash": Text,
    Location "location": Text,
    PrivacyLevel "privacy_level": u32,
    ScheduledEndTime "scheduled_end_time": Timestamp,
    ScheduledStartTime "scheduled_start_time": Timestamp,
    Status "status": u32,
    // Auto-moderation
    Actions "actions": Vec<AutoModerationAction>,
    AddedAllowList "$add_allow_list": Vec<Text>,
    AddedKeywords "$add_keyword_filter": Vec<Text>,
    AddedPatterns "$add_regex_patterns": Vec<Text>,
    EventType "event_type": AutoModerationEventType,
    ExemptChannels "exempt_channels": Vec<Id<ChannelMarker>>,
    ExemptRoles "exempt_roles": Vec<Id<RoleMarker>>,
    RemovedAllowList "$remove_allow_list": Vec<Text>,
    RemovedKeywords "$remove_keyword_filter": Vec<Text>,
    RemovedPatterns "$remove_regex_patterns": Vec<Text>,
    TriggerMetadata "trigger_metadata": AutoModerationTriggerMetadata,
    TriggerType "trigger_type": AutoModerationTriggerType,
    // Onboarding
    DefaultChannelIds "default_channel_ids": Vec<Id<ChannelMarker>>,
    InOnboarding "in_onboarding": bool,
    Mode "mode": u32,
    Required "required": bool,
    SingleSelect "single_select": bool,
    Title "title": Text,
    // Of several
    Description "description": Text,
    Enabled "enabled": bool,
    GuildId "guild_id": Id<GuildMarker>,
    Id "id": Id<GenericMarker>,
    Name "name": Text,
    Type "type": u32,
}

impl<'de> Deserialize<'de> for AuditLogChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default)]
            key: Option<Text>,
            #[serde(default)]
            old_value: Option<JsonValue>,
            #[serde(default)]
            new_value: Option<JsonValue>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let key = wire.key.unwrap_or_default();
        let change = Change {
            old: wire.old_value,
            new: wire.new_value,
        };
        Ok(Self::read(&key, &change).unwrap_or(Self::Other { key, change }))
    }
}

fn write<T: Serialize, S: Serializer>(
    key: &str,
    change: &Change<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut whole = serializer.serialize_struct("AuditLogChange", 3)?;
    whole.serialize_field("key", key)?;
    match &change.old {
        Some(old) => whole.serialize_field("old_value", old)?,
        None => whole.skip_field("old_value")?,
    }
    match &change.new {
        Some(new) => whole.serialize_field("new_value", new)?,
        None => whole.skip_field("new_value")?,
    }
    whole.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    fn both_ways(text: &str) -> AuditLogChange {
        let change: AuditLogChange = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        assert_eq!(String::from_utf8(json::encode(&change)).unwrap(), text);
        change
    }

    #[test]
    fn a_known_key_has_typed_values() {
        assert_eq!(
            both_ways(r#"{"key":"nick","old_value":"ann"}"#),
            AuditLogChange::Nick(Change {
                old: Some("ann".into()),
                new: None
            })
        );
        let added = both_ways(r#"{"key":"$add","new_value":[{"id":"5","name":"Baker"}]}"#);
        assert!(matches!(added, AuditLogChange::AddedRoles(_)), "{added:?}");
        let allow =
            both_ways(r#"{"key":"allow","old_value":"0","new_value":"9223372036854775816"}"#);
        assert!(matches!(allow, AuditLogChange::Allow(_)), "{allow:?}");
    }

    #[test]
    fn an_unknown_key_keeps_both_values() {
        let text = r#"{"key":"glow","old_value":[1,{"a":null}],"new_value":2.5}"#;
        let AuditLogChange::Other { key, change } = both_ways(text) else {
            panic!()
        };
        assert_eq!(key, "glow");
        assert_eq!(change.new.unwrap().decode::<f64>(), Some(2.5));
    }

    #[test]
    fn values_that_the_key_does_not_usually_have_are_kept() {
        // The type of an integration is a word, that of a channel a number.
        let change = both_ways(r#"{"key":"type","new_value":"twitch"}"#);
        assert!(matches!(&change, AuditLogChange::Other { key, .. } if key == "type"));
        let change = both_ways(r#"{"key":"type","old_value":0,"new_value":5}"#);
        assert!(matches!(change, AuditLogChange::Type(_)));
    }

    #[test]
    fn the_key_of_a_command_permission_is_an_id() {
        let text = r#"{"key":"80","new_value":{"id":"80","type":2,"permission":true}}"#;
        let AuditLogChange::CommandPermission(id, change) = both_ways(text) else {
            panic!()
        };
        assert_eq!(id.get(), 80);
        assert_eq!(change.new, Some(CommandPermission::user(Id::new(80), true)));
    }
}
