//! Guilds.

use serde::{Deserialize, Serialize};

use crate::{
    Channel, Emoji, GuildScheduledEvent, Id, IncidentsData, Locale, Member, Permissions, Presence,
    Role, SoundboardSound, StageInstance, Sticker, Text, Timestamp, VoiceState, WelcomeScreen,
    marker::{ApplicationMarker, ChannelMarker, GuildMarker, UserMarker},
};

/// A guild, which people call a server.
///
/// REST answers and `GUILD_UPDATE` carry the guild itself; `GUILD_CREATE` adds the fields from
/// `joined_at` on, which are empty elsewhere. A guild in an outage comes with its id and
/// `unavailable` alone.
///
/// Source: Discord, "Guild Object" and "Guild Create".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Guild {
    /// The guild's id.
    pub id: Id<GuildMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The hash of its icon.
    #[serde(default)]
    pub icon: Option<Text>,
    /// The hash of its icon, in templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_hash: Option<Text>,
    /// The hash of the picture behind its invites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splash: Option<Text>,
    /// The hash of the picture in the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_splash: Option<Text>,
    /// The hash of its banner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Text>,
    /// The hash of the picture above its guide for new members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_header: Option<Text>,
    /// Whether the current user owns it; in the list of the current user's guilds only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<bool>,
    /// Who owns it; absent while it is unavailable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Id<UserMarker>>,
    /// What the current user may do there, channels aside; in the list of the current user's
    /// guilds only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The voice region it was bound to before channels were. Discord no longer uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Text>,
    /// Where those go who are away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afk_channel_id: Option<Id<ChannelMarker>>,
    /// After how long somebody counts as away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afk_timeout: Option<AfkTimeout>,
    /// Whether its widget is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget_enabled: Option<bool>,
    /// The channel to which the widget invites; none for no invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget_channel_id: Option<Id<ChannelMarker>>,
    /// What members need before they may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_level: Option<VerificationLevel>,
    /// What members hear of, if they do not choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_message_notifications: Option<DefaultMessageNotificationLevel>,
    /// Whose media are scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit_content_filter: Option<ExplicitContentFilterLevel>,
    /// Its roles; the one with the guild's own id is `@everyone`.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Its emojis.
    #[serde(default)]
    pub emojis: Vec<Emoji>,
    /// Its stickers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stickers: Vec<Sticker>,
    /// What Discord switched on for it, e.g. [`Community`](GuildFeature::Community).
    #[serde(default)]
    pub features: Vec<GuildFeature>,
    /// Whether moderators need a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_level: Option<MfaLevel>,
    /// The bot that created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// Where Discord announces joins and boosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_channel_id: Option<Id<ChannelMarker>>,
    /// What is left out of these announcements.
    #[serde(default)]
    pub system_channel_flags: SystemChannelFlags,
    /// Where the rules of a community stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_channel_id: Option<Id<ChannelMarker>>,
    /// How many presences it may have; none for any number, as in all but the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_presences: Option<u64>,
    /// How many members it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_members: Option<u64>,
    /// The code of its own invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanity_url_code: Option<Text>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// How far it is boosted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_tier: Option<PremiumTier>,
    /// How many boosts it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_subscription_count: Option<u64>,
    /// Whether it shows how far the next tier is.
    #[serde(default)]
    pub premium_progress_bar_enabled: bool,
    /// When somebody last switched that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_progress_bar_enabled_user_updated_at: Option<Timestamp>,
    /// Its language; `en-US` unless a community chose another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_locale: Option<Locale>,
    /// Where Discord writes to the moderators of a community.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_updates_channel_id: Option<Id<ChannelMarker>>,
    /// How many may be in a channel with video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_video_channel_users: Option<u64>,
    /// How many may be in a stage with video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_stage_video_channel_users: Option<u64>,
    /// About how many members it has; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_member_count: Option<u64>,
    /// About how many of them are online; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_presence_count: Option<u64>,
    /// What new members of a community see; in invites only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome_screen: Option<Box<WelcomeScreen>>,
    /// Whether it is age-restricted. Discord wants `nsfw_level` to be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nsfw: bool,
    /// Who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nsfw_level: Option<NsfwLevel>,
    /// Where Discord warns the moderators of a community.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_alerts_channel_id: Option<Id<ChannelMarker>>,
    /// What is closed because of a raid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents_data: Option<Box<IncidentsData>>,
    /// When the bot joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<Timestamp>,
    /// Whether it counts as large: then offline members are not sent.
    #[serde(default)]
    pub large: bool,
    /// Whether Discord has an outage there.
    #[serde(default)]
    pub unavailable: bool,
    /// How many members it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u64>,
    /// Who is in voice; without the guild's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voice_states: Vec<VoiceState>,
    /// Its members, as far as they are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// Its channels; without the guild's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Its active threads which the bot can see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<Channel>,
    /// Who is online, as far as it is sent; without the guild's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presences: Vec<Presence>,
    /// The stages that are live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stage_instances: Vec<StageInstance>,
    /// What is planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guild_scheduled_events: Vec<GuildScheduledEvent>,
    /// The sounds of its soundboard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub soundboard_sounds: Vec<SoundboardSound>,
}

impl Guild {
    /// A guild of which nothing else is known.
    #[must_use]
    pub fn new(id: Id<GuildMarker>) -> Self {
        Self {
            id,
            name: Text::new(),
            icon: None,
            icon_hash: None,
            splash: None,
            discovery_splash: None,
            banner: None,
            home_header: None,
            owner: None,
            owner_id: None,
            permissions: None,
            region: None,
            afk_channel_id: None,
            afk_timeout: None,
            widget_enabled: None,
            widget_channel_id: None,
            verification_level: None,
            default_message_notifications: None,
            explicit_content_filter: None,
            roles: Vec::new(),
            emojis: Vec::new(),
            stickers: Vec::new(),
            features: Vec::new(),
            mfa_level: None,
            application_id: None,
            system_channel_id: None,
            system_channel_flags: SystemChannelFlags::default(),
            rules_channel_id: None,
            max_presences: None,
            max_members: None,
            vanity_url_code: None,
            description: None,
            premium_tier: None,
            premium_subscription_count: None,
            premium_progress_bar_enabled: false,
            premium_progress_bar_enabled_user_updated_at: None,
            preferred_locale: None,
            public_updates_channel_id: None,
            max_video_channel_users: None,
            max_stage_video_channel_users: None,
            approximate_member_count: None,
            approximate_presence_count: None,
            welcome_screen: None,
            nsfw: false,
            nsfw_level: None,
            safety_alerts_channel_id: None,
            incidents_data: None,
            joined_at: None,
            large: false,
            unavailable: false,
            member_count: None,
            voice_states: Vec::new(),
            members: Vec::new(),
            channels: Vec::new(),
            threads: Vec::new(),
            presences: Vec::new(),
            stage_instances: Vec::new(),
            guild_scheduled_events: Vec::new(),
            soundboard_sounds: Vec::new(),
        }
    }
}

impl Guild {
    /// The channel with this id, where the guild came with its channels.
    #[must_use]
    pub fn channel(&self, id: Id<ChannelMarker>) -> Option<&Channel> {
        self.channels
            .iter()
            .chain(&self.threads)
            .find(|channel| channel.id == id)
    }

    /// The role `@everyone`, whose id is the guild's.
    #[must_use]
    pub fn everyone(&self) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == self.id.cast())
    }

    /// Whether Discord switched `feature` on.
    ///
    /// ```
    /// use ovenjs_types::{Guild, GuildFeature, json};
    /// let raw = br#"{"id":"1","features":["COMMUNITY","OVEN_DOOR"]}"#;
    /// let guild: Guild = json::decode(raw, &mut Default::default()).unwrap();
    /// assert!(guild.has_feature(&GuildFeature::Community));
    /// assert!(guild.has_feature(&GuildFeature::from("OVEN_DOOR")));
    /// ```
    #[must_use]
    pub fn has_feature(&self, feature: &GuildFeature) -> bool {
        self.features.contains(feature)
    }
}

open_str! {
    /// Something that Discord switches on for a guild, or a guild for itself.
    ///
    /// Source: Discord, "Guild Features".
    pub enum GuildFeature {
        AnimatedBanner = "ANIMATED_BANNER",
        AnimatedIcon = "ANIMATED_ICON",
        ApplicationCommandPermissionsV2 = "APPLICATION_COMMAND_PERMISSIONS_V2",
        AutoModeration = "AUTO_MODERATION",
        Banner = "BANNER",
        Community = "COMMUNITY",
        CreatorMonetizableProvisional = "CREATOR_MONETIZABLE_PROVISIONAL",
        CreatorStorePage = "CREATOR_STORE_PAGE",
        DeveloperSupportServer = "DEVELOPER_SUPPORT_SERVER",
        Discoverable = "DISCOVERABLE",
        EnhancedRoleColors = "ENHANCED_ROLE_COLORS",
        Featurable = "FEATURABLE",
        GuestsEnabled = "GUESTS_ENABLED",
        GuildTags = "GUILD_TAGS",
        InvitesDisabled = "INVITES_DISABLED",
        InviteSplash = "INVITE_SPLASH",
        MemberVerificationGateEnabled = "MEMBER_VERIFICATION_GATE_ENABLED",
        MoreSoundboard = "MORE_SOUNDBOARD",
        MoreStickers = "MORE_STICKERS",
        News = "NEWS",
        OfficialGameGuild = "OFFICIAL_GAME_GUILD",
        Partnered = "PARTNERED",
        PreviewEnabled = "PREVIEW_ENABLED",
        PruneRequiresAdmin = "PRUNE_REQUIRES_ADMIN",
        RaidAlertsDisabled = "RAID_ALERTS_DISABLED",
        RoleIcons = "ROLE_ICONS",
        RoleSubscriptionsAvailableForPurchase = "ROLE_SUBSCRIPTIONS_AVAILABLE_FOR_PURCHASE",
        RoleSubscriptionsEnabled = "ROLE_SUBSCRIPTIONS_ENABLED",
        Soundboard = "SOUNDBOARD",
        TicketedEventsEnabled = "TICKETED_EVENTS_ENABLED",
        VanityUrl = "VANITY_URL",
        Verified = "VERIFIED",
        VipRegions = "VIP_REGIONS",
        WelcomeScreenEnabled = "WELCOME_SCREEN_ENABLED",
    }
}

flags! {
    /// What is left out of the announcements in the system channel.
    ///
    /// Source: Discord, "System Channel Flags".
    pub struct SystemChannelFlags as number {
        SUPPRESS_JOIN_NOTIFICATIONS = 0,
        SUPPRESS_PREMIUM_SUBSCRIPTIONS = 1,
        SUPPRESS_GUILD_REMINDER_NOTIFICATIONS = 2,
        SUPPRESS_JOIN_NOTIFICATION_REPLIES = 3,
        SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATIONS = 4,
        SUPPRESS_ROLE_SUBSCRIPTION_PURCHASE_NOTIFICATION_REPLIES = 5,
    }
}

open_int! {
    /// What members need before they may write.
    pub enum VerificationLevel: u32 {
        /// Nothing.
        None = 0,
        /// A verified address.
        Low = 1,
        /// To be on Discord for five minutes.
        Medium = 2,
        /// To be a member for ten minutes.
        High = 3,
        /// A verified telephone.
        VeryHigh = 4,
    }
}

open_int! {
    /// What members hear of, if they do not choose.
    pub enum DefaultMessageNotificationLevel: u32 {
        AllMessages = 0,
        OnlyMentions = 1,
    }
}

open_int! {
    /// Whose media are scanned.
    pub enum ExplicitContentFilterLevel: u32 {
        Disabled = 0,
        MembersWithoutRoles = 1,
        AllMembers = 2,
    }
}

open_int! {
    /// Whether moderators need a second factor.
    pub enum MfaLevel: u32 {
        None = 0,
        Elevated = 1,
    }
}

open_int! {
    /// Who may see a guild.
    pub enum NsfwLevel: u32 {
        Default = 0,
        Explicit = 1,
        Safe = 2,
        AgeRestricted = 3,
    }
}

open_int! {
    /// How far a guild is boosted.
    pub enum PremiumTier: u32 {
        None = 0,
        Tier1 = 1,
        Tier2 = 2,
        Tier3 = 3,
    }
}

open_int! {
    /// After how many seconds without a sign somebody in voice counts as away.
    pub enum AfkTimeout: u32 {
        OneMinute = 60,
        FiveMinutes = 300,
        FifteenMinutes = 900,
        ThirtyMinutes = 1800,
        OneHour = 3600,
    }
}
