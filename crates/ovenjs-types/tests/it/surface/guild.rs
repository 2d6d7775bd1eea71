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

use serde_json::{Value, json};

use super::{
    EnumLine, Line, line, set,
    settle::{elements, only},
    values,
};

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
        line::<Connection>(&[
            "ConnectedAccountResponse",
            "docs/user/connection-object/connection-structure",
        ])
        .settled(settle_connection),
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
        line::<GuildOnboarding>(&[
            "GuildOnboardingResponse", "UserGuildOnboardingResponse",
            "docs/guild/guild-onboarding-object/guild-onboarding-structure",
        ]),
        line::<GuildPreview>(&[
            "GuildPreviewResponse",
            "docs/guild/guild-preview-object/guild-preview-structure",
        ]),
        line::<GuildPrune>(&["GuildPruneResponse"]),
        line::<GuildScheduledEvent>(&[
            "ExternalScheduledEventResponse",
            "ScheduledEventResponse",
            "StageScheduledEventResponse",
            "VoiceScheduledEventResponse",
            "docs/guild-scheduled-event/guild-scheduled-event-object/guild-scheduled-event-structure",
        ])
        .settled(settle_scheduled_event),
        line::<GuildTemplate>(&[
            "GuildTemplateResponse",
            "docs/guild-template/guild-template-object/guild-template-structure",
        ])
        .settled(settle_template),
        line::<GuildWidget>(&[
            "WidgetResponse",
            "docs/guild/guild-widget-object/guild-widget-structure",
        ])
        .settled(settle_widget),
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
            "docs/guild/integration-object/integration-structure",
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
            "docs/invite/invite-object/invite-structure",
        ])
        .settled(settle_invite),
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
        line::<OnboardingPrompt>(&[
            "OnboardingPromptResponse",
            "docs/guild/guild-onboarding-object/onboarding-prompt-structure",
        ]),
        line::<OnboardingPromptOption>(&[
            "OnboardingPromptOptionResponse",
            "docs/guild/guild-onboarding-object/prompt-option-structure",
        ]),
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
        line::<RecurrenceNWeekday>(&[
            "ByNWeekdayResponse",
            "docs/guild-scheduled-event/guild-scheduled-event-recurrence-rule-object/guild-scheduled-event-recurrence-rule---n_weekday-structure",
        ]),
        line::<RecurrenceRule>(&[
            "RecurrenceRuleResponse",
            "docs/guild-scheduled-event/guild-scheduled-event-recurrence-rule-object/guild-scheduled-event-recurrence-rule-structure",
        ]),
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
        line::<ScheduledEventUser>(&[
            "ScheduledEventUserResponse",
            "docs/guild-scheduled-event/guild-scheduled-event-user-object/guild-scheduled-event-user-structure",
        ]),
        line::<ScheduledEventUserCount>(&["ScheduledEventUserCountResponse"]),
        line::<SoundboardSound>(&[
            "SoundboardSoundResponse",
            "docs/soundboard/soundboard-sound-object/soundboard-sound-structure",
        ]),
        line::<SoundboardSoundList>(&[
            "ListGuildSoundboardSoundsResponse",
            "docs/soundboard/list-guild-soundboard-sounds/response-structure",
        ]),
        line::<StageInstance>(&[
            "StageInstanceResponse",
            "docs/stage-instance/stage-instance-object/stage-instance-structure",
        ]),
        line::<TargetUsersJob>(&["TargetUsersJobStatusResponse"]),
        line::<TemplateChannel>(&["GuildTemplateChannelResponse"]),
        line::<TemplateGuild>(&["GuildTemplateSnapshotResponse"]),
        line::<TemplateRole>(&["GuildTemplateRoleResponse"]),
        line::<TemplateTag>(&["GuildTemplateChannelTags"]),
        line::<ThreadList>(&[
            "ThreadSearchResponse", "ThreadsResponse",
            "docs/channel/list-joined-private-archived-threads/response-body",
            "docs/channel/list-private-archived-threads/response-body",
            "docs/channel/list-public-archived-threads/response-body",
            "docs/guild/list-active-guild-threads/response-body",
        ]),
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
        line::<Collectibles>(&[
            "UserCollectiblesResponse",
            "docs/user/collectibles/collectible-structure",
        ]),
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
            "docs/webhook/webhook-object/webhook-structure",
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

/// The documentation calls the state "any".
fn settle_scheduled_event(event: &mut Value) {
    if event["status"].is_null() {
        set(event, "status", 1);
    }
}

/// The documentation calls parts of the guild, its channel and its roles what the OpenAPI file
/// lists, and tells what some are shown beside the fields of every invite.
fn settle_invite(invite: &mut Value) {
    set(invite, "code", "0vCdhLbwjZZTWZLD");
    let parts = [
        ("channel", "InviteChannelResponse"),
        ("guild", "InviteGuildResponse"),
        ("roles", "InviteGuildRoleResponse"),
    ];
    parts_have(invite, &parts);
    let event = invite.get_mut("guild_scheduled_event");
    if let Some(event) = event.filter(|event| event.is_object()) {
        settle_scheduled_event(event);
    }
}

fn settle_widget(widget: &mut Value) {
    let parts = [("channels", "WidgetChannel"), ("members", "WidgetMember")];
    parts_have(widget, &parts);
}

fn parts_have(whole: &mut Value, parts: &[(&str, &str)]) {
    for (part, object) in parts {
        if let Some(part) = whole.get_mut(part) {
            only(part, object);
        }
    }
}

/// The documentation calls the form of the guild a part of a guild; the OpenAPI file has it.
fn settle_template(template: &mut Value) {
    let form = &template["serialized_source_guild"];
    if form.get("id").is_some() || *form == json!({}) {
        set(
            template,
            "serialized_source_guild",
            json!({ "name": "bakers" }),
        );
    }
}

/// The documentation calls an integration "any".
fn settle_connection(connection: &mut Value) {
    let integrations = connection.get_mut("integrations");
    for integration in integrations.into_iter().flat_map(elements) {
        if integration.is_null() {
            *integration = json!({
                "id": "33590653072239123", "name": "x", "type": "twitch", "enabled": true,
                "account": { "id": "1", "name": "x" },
            });
        }
    }
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
