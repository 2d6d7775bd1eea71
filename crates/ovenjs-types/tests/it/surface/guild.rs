//! Guilds, channels, members, and what a guild has.

use ovenjs_types::{
    AfkTimeout, AuditLogEvent, AvatarDecorationData, Ban, BulkBan, Channel, ChannelType,
    Collectibles, Connection, ConnectionService, ConnectionVisibility, CurrentUserGuild,
    DefaultMessageNotificationLevel, DefaultReaction, ExplicitContentFilterLevel, FollowedChannel,
    ForumLayout, ForumTag, Guild, GuildFeature, GuildHomeSettings, GuildJoinRequest,
    GuildJoinRequests, GuildLiveliness, GuildOnboarding, GuildPreview, GuildPrune,
    GuildScheduledEvent, GuildTemplate, GuildWidget, GuildWidgetSettings, IncidentsData,
    Integration, IntegrationAccount, IntegrationExpireBehavior, IntegrationExpireGracePeriod,
    IntegrationType, Invite, InviteStageInstance, InviteTargetType, InviteType, JoinRequestStatus,
    Locale, Member, MembershipFormField, MembershipFormFieldType, MfaLevel, Nameplate,
    NameplatePalette, NewMemberAction, NewMemberActionType, NsfwLevel, OnboardingMode,
    OnboardingPrompt, OnboardingPromptOption, OnboardingPromptType, Overwrite, OverwriteType,
    PartialChannel, PartialGuild, PremiumTier, PremiumType, RecurrenceFrequency, RecurrenceMonth,
    RecurrenceNWeekday, RecurrenceRule, RecurrenceWeekday, ResourceChannel, Role, RoleColors,
    RoleTags, ScheduledEventEntityMetadata, ScheduledEventEntityType, ScheduledEventException,
    ScheduledEventPrivacyLevel, ScheduledEventStatus, ScheduledEventUser, ScheduledEventUserCount,
    ScheduledEventUserResponse, SoundboardSound, SoundboardSoundList, StageInstance,
    StagePrivacyLevel, TargetUsersJob, TargetUsersJobStatus, TemplateChannel, TemplateGuild,
    TemplateRole, TemplateTag, ThreadAutoArchiveDuration, ThreadList, ThreadMember, ThreadMetadata,
    ThreadSearchTagSetting, ThreadSortOrder, ThreadSortingMode, UnavailableGuild, User,
    UserPrimaryGuild, VanityUrl, VerificationLevel, VideoQualityMode, VoiceRegion, VoiceState,
    Webhook, WebhookType, WelcomeMessage, WelcomeScreen, WelcomeScreenChannel, WidgetActivity,
    WidgetChannel, WidgetMember, WidgetStyle,
};

use super::{EnumLine, Line, line, values};

pub(super) fn lines() -> Vec<Line> {
    vec![
        line::<Ban>(&["GuildBanResponse", "docs/guild/ban-object/ban-structure"]),
        line::<BulkBan>(&[
            "BulkBanUsersResponse",
            "docs/guild/bulk-guild-ban/bulk-ban-response",
        ]),
        line::<Channel>(&[
            "CreatedThreadResponse",
            "GuildChannelResponse",
            "PrivateChannelResponse",
            "PrivateGroupChannelResponse",
            "ThreadResponse",
            "docs/channel/channel-object/channel-structure",
        ]),
        line::<Connection>(&["ConnectedAccountResponse"]),
        line::<CurrentUserGuild>(&["MyGuildResponse"]),
        line::<DefaultReaction>(&[
            "DefaultReactionEmojiResponse",
            "docs/channel/default-reaction-object/default-reaction-structure",
        ]),
        line::<FollowedChannel>(&[
            "ChannelFollowerResponse",
            "docs/channel/followed-channel-object/followed-channel-structure",
        ]),
        line::<ForumTag>(&[
            "ForumTagResponse",
            "docs/channel/forum-tag-object/forum-tag-structure",
        ]),
        line::<Guild>(&[
            "GuildResponse",
            "GuildWithCountsResponse",
            "docs/guild/guild-object/guild-structure",
        ]),
        line::<GuildHomeSettings>(&["GuildHomeSettingsResponse"]),
        line::<GuildJoinRequest>(&["GuildJoinRequestResponse"]),
        line::<GuildJoinRequests>(&["GuildJoinRequestsListResponse"]),
        line::<GuildLiveliness>(&["GuildLivelinessResponse"]),
        line::<GuildOnboarding>(&["GuildOnboardingResponse", "UserGuildOnboardingResponse"]),
        line::<GuildPreview>(&["GuildPreviewResponse"]),
        line::<GuildPrune>(&["GuildPruneResponse"]),
        line::<GuildScheduledEvent>(&[
            "ExternalScheduledEventResponse",
            "ScheduledEventResponse",
            "StageScheduledEventResponse",
            "VoiceScheduledEventResponse",
        ]),
        line::<GuildTemplate>(&["GuildTemplateResponse"]),
        line::<GuildWidget>(&["WidgetResponse"]),
        line::<GuildWidgetSettings>(&[
            "WidgetSettingsResponse",
            "docs/guild/guild-widget-settings-object/guild-widget-settings-structure",
        ]),
        line::<IncidentsData>(&[
            "GuildIncidentsDataResponse",
            "docs/guild/incidents-data-object/incidents-data-structure",
        ]),
        line::<Integration>(&[
            "ConnectedAccountIntegrationResponse",
            "DiscordIntegrationResponse",
            "ExternalConnectionIntegrationResponse",
            "GuildSubscriptionIntegrationResponse",
            "PartialDiscordIntegrationResponse",
            "PartialExternalConnectionIntegrationResponse",
            "PartialGuildSubscriptionIntegrationResponse",
        ]),
        line::<IntegrationAccount>(&[
            "AccountResponse",
            "docs/guild/integration-account-object/integration-account-structure",
        ]),
        line::<Invite>(&[
            "FriendInviteResponse",
            "GroupDMInviteResponse",
            "GuildInviteResponse",
            "docs/invite/invite-metadata-object/invite-metadata-structure",
        ]),
        line::<InviteStageInstance>(&[
            "docs/invite/invite-stage-instance-object/invite-stage-instance-structure",
        ]),
        line::<Member>(&[
            "BasicGuildMemberResponse",
            "GuildMemberResponse",
            "PrivateGuildMemberResponse",
            "docs/guild/guild-member-object/guild-member-structure",
        ]),
        line::<MembershipFormField>(&[
            "MultipleChoiceFormFieldResponse",
            "ParagraphFormFieldResponse",
            "TermsFormFieldResponse",
            "TextInputFormFieldResponse",
        ]),
        line::<NewMemberAction>(&["NewMemberActionResponse"]),
        line::<OnboardingPrompt>(&["OnboardingPromptResponse"]),
        line::<OnboardingPromptOption>(&["OnboardingPromptOptionResponse"]),
        line::<Overwrite>(&[
            "ChannelPermissionOverwriteResponse",
            "docs/channel/overwrite-object/overwrite-structure",
        ]),
        line::<PartialChannel>(&["InviteChannelResponse", "WebhookSourceChannelResponse"]),
        line::<PartialGuild>(&[
            "ConnectedAccountGuildResponse",
            "InviteGuildResponse",
            "WebhookSourceGuildResponse",
        ]),
        line::<RecurrenceNWeekday>(&["ByNWeekdayResponse"]),
        line::<RecurrenceRule>(&["RecurrenceRuleResponse"]),
        line::<ResourceChannel>(&["ResourceChannelResponse"]),
        line::<Role>(&[
            "GuildRoleResponse",
            "InviteGuildRoleResponse",
            "docs/permissions/role-object/role-structure",
        ]),
        line::<RoleColors>(&[
            "GuildRoleColorsResponse",
            "GuildTemplateRoleColorsResponse",
            "docs/permissions/role-object/role-colors-object",
        ]),
        line::<RoleTags>(&[
            "GuildRoleTagsResponse",
            "docs/permissions/role-object/role-tags-structure",
        ]),
        line::<ScheduledEventEntityMetadata>(&[
            "EntityMetadataExternalResponse",
            "EntityMetadataStageInstanceResponse",
            "EntityMetadataVoiceResponse",
            "docs/guild-scheduled-event/guild-scheduled-event-object/guild-scheduled-event-entity-metadata",
        ]),
        line::<ScheduledEventException>(&["GuildScheduledEventExceptionResponse"]),
        line::<ScheduledEventUser>(&["ScheduledEventUserResponse"]),
        line::<ScheduledEventUserCount>(&["ScheduledEventUserCountResponse"]),
        line::<SoundboardSound>(&[
            "SoundboardSoundResponse",
            "docs/soundboard/soundboard-sound-object/soundboard-sound-structure",
        ]),
        line::<SoundboardSoundList>(&[
            "ListGuildSoundboardSoundsResponse",
            "docs/soundboard/list-guild-soundboard-sounds/response-structure",
        ]),
        line::<StageInstance>(&["StageInstanceResponse"]),
        line::<TargetUsersJob>(&["TargetUsersJobStatusResponse"]),
        line::<TemplateChannel>(&["GuildTemplateChannelResponse"]),
        line::<TemplateGuild>(&["GuildTemplateSnapshotResponse"]),
        line::<TemplateRole>(&["GuildTemplateRoleResponse"]),
        line::<TemplateTag>(&["GuildTemplateChannelTags"]),
        line::<ThreadList>(&["ThreadSearchResponse", "ThreadsResponse"]),
        line::<ThreadMember>(&[
            "ThreadMemberResponse",
            "docs/channel/thread-member-object/thread-member-structure",
        ]),
        line::<ThreadMetadata>(&[
            "ThreadMetadataResponse",
            "docs/channel/thread-metadata-object/thread-metadata-structure",
        ]),
        line::<UnavailableGuild>(&["docs/guild/unavailable-guild-object"]),
        line::<User>(&[
            "UserPIIResponse",
            "UserResponse",
            "InviteChannelRecipientResponse",
            "docs/user/user-object/user-structure",
        ]),
        line::<AvatarDecorationData>(&[
            "UserAvatarDecorationResponse",
            "docs/user/avatar-decoration-data-object/avatar-decoration-data-structure",
        ]),
        line::<Collectibles>(&["UserCollectiblesResponse"]),
        line::<Nameplate>(&[
            "UserNameplateResponse",
            "docs/user/nameplate/nameplate-structure",
        ]),
        line::<UserPrimaryGuild>(&[
            "UserPrimaryGuildResponse",
            "docs/user/user-object/user-primary-guild",
        ]),
        line::<VanityUrl>(&["VanityURLResponse"]),
        line::<VoiceRegion>(&[
            "VoiceRegionResponse",
            "docs/voice/voice-region-object/voice-region-structure",
        ]),
        line::<VoiceState>(&[
            "VoiceStateResponse",
            "docs/voice/voice-state-object/voice-state-structure",
        ]),
        line::<Webhook>(&[
            "ApplicationIncomingWebhookResponse",
            "ChannelFollowerWebhookResponse",
            "GuildIncomingWebhookResponse",
        ]),
        line::<WelcomeMessage>(&["WelcomeMessageResponse"]),
        line::<WelcomeScreen>(&[
            "GuildWelcomeScreenResponse",
            "docs/guild/welcome-screen-object/welcome-screen-structure",
        ]),
        line::<WelcomeScreenChannel>(&[
            "GuildWelcomeScreenChannelResponse",
            "docs/guild/welcome-screen-object/welcome-screen-channel-structure",
        ]),
        line::<WidgetActivity>(&["WidgetActivity"]),
        line::<WidgetChannel>(&["WidgetChannel"]),
        line::<WidgetMember>(&["WidgetMember"]),
    ]
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
        values(
            &["AfkTimeouts"],
            AfkTimeout::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ConnectedAccountProviders"],
            ConnectionService::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ConnectedAccountVisibility"],
            ConnectionVisibility::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ForumLayout"],
            ForumLayout::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildExplicitContentFilterTypes"],
            ExplicitContentFilterLevel::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildFeatures"],
            GuildFeature::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildJoinRequestApplicationStatus"],
            JoinRequestStatus::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildMFALevel"],
            MfaLevel::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildMemberVerificationFormFieldType"],
            MembershipFormFieldType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildNSFWContentLevel"],
            NsfwLevel::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildOnboardingMode"],
            OnboardingMode::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildScheduledEventEntityTypes"],
            ScheduledEventEntityType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildScheduledEventPrivacyLevels"],
            ScheduledEventPrivacyLevel::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildScheduledEventStatuses"],
            ScheduledEventStatus::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["GuildScheduledEventUserResponses"],
            ScheduledEventUserResponse::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["IntegrationExpireBehaviorTypes"],
            IntegrationExpireBehavior::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["IntegrationExpireGracePeriodTypes"],
            IntegrationExpireGracePeriod::KNOWN
                .iter()
                .map(|v| v.value()),
        ),
        values(
            &["IntegrationTypes"],
            IntegrationType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["InviteTargetTypes"],
            InviteTargetType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["InviteTypes"],
            InviteType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["AvailableLocalesEnum"],
            Locale::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["NameplatePalette"],
            NameplatePalette::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["NewMemberActionType"],
            NewMemberActionType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["OnboardingPromptType"],
            OnboardingPromptType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["PremiumGuildTiers"],
            PremiumTier::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["PremiumTypes"],
            PremiumType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["RecurrenceRuleFrequencies"],
            RecurrenceFrequency::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["RecurrenceRuleMonths"],
            RecurrenceMonth::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["RecurrenceRuleWeekdays"],
            RecurrenceWeekday::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["StageInstancesPrivacyLevels"],
            StagePrivacyLevel::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["TargetUsersJobStatusTypes"],
            TargetUsersJobStatus::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ThreadAutoArchiveDuration"],
            ThreadAutoArchiveDuration::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ThreadSearchTagSetting"],
            ThreadSearchTagSetting::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ThreadSortOrder"],
            ThreadSortOrder::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ThreadSortingMode"],
            ThreadSortingMode::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["UserNotificationSettings"],
            DefaultMessageNotificationLevel::KNOWN
                .iter()
                .map(|v| v.value()),
        ),
        values(
            &["VerificationLevels"],
            VerificationLevel::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["VideoQualityModes"],
            VideoQualityMode::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["WebhookTypes"],
            WebhookType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["WidgetImageStyles"],
            WidgetStyle::KNOWN.iter().map(|v| v.value()),
        ),
    ]
}
