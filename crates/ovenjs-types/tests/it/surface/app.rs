//! Applications: what they are, sell, log and are told.

use ovenjs_types::{
    AccessToken, Activity, ActivityAssets, ActivityAttachment, ActivityButton, ActivityInstance,
    ActivityLocation, ActivityLocationKind, ActivityParty, ActivitySecrets, ActivityTimestamps,
    Application, ApplicationAuthorized, ApplicationContentFilter, ApplicationDeauthorized,
    ApplicationType, AuditLog, AuditLogChange, AuditLogEntry, AuditLogOptions,
    AuthorizationInformation, AutoModerationAction, AutoModerationActionMetadata,
    AutoModerationActionType, AutoModerationEventType, AutoModerationKeywordPreset,
    AutoModerationRule, AutoModerationTriggerMetadata, AutoModerationTriggerType, ClientStatus,
    CommandPermission, CommandPermissionType, Entitlement, EntitlementType, EventKind,
    EventWebhooksStatus, FulfillmentStatus, GameDirectMessage, GuildCommandPermissions,
    InstallParams, IntegrationTypeConfig, InteractionCallback, InteractionCallbackActivity,
    InteractionCallbackResource, InteractionCallbackResponse, Lobby, LobbyInvite, LobbyMember,
    LobbyMessage, LobbyMessageDelete, MembershipState, OAuth2Key, OAuth2Keys, OAuth2Scope,
    OpenIdUser, ReactionEmoji, RoleConnection, RoleConnectionMetadata, RoleConnectionMetadataType,
    Sku, Subscription, SubscriptionStatus, Team, TeamMember, TeamRole, WebhookEvent,
    WebhookEventPayload, WebhookEventType,
};
use serde_json::{Map, Value};

use super::{EnumLine, Line, line, set, values};

#[expect(clippy::too_many_lines, reason = "one table, a line for each type")]
pub(super) fn lines() -> Vec<Line> {
    vec![
        line::<Activity>(&["docs/gateway-events/activity-object/activity-structure"]),
        line::<ActivityAssets>(&["docs/gateway-events/activity-object/activity-assets"]),
        line::<ActivityButton>(&["docs/gateway-events/activity-object/activity-buttons"]),
        line::<ReactionEmoji>(&["docs/gateway-events/activity-object/activity-emoji"]),
        line::<ActivityParty>(&["docs/gateway-events/activity-object/activity-party"]),
        line::<ActivitySecrets>(&["docs/gateway-events/activity-object/activity-secrets"]),
        line::<ActivityTimestamps>(&["docs/gateway-events/activity-object/activity-timestamps"]),
        line::<ClientStatus>(&["docs/gateway-events/presence/client-status-object"]),
        line::<ActivityAttachment>(&["ActivitiesAttachmentResponse"]),
        line::<ActivityInstance>(&[
            "EmbeddedActivityInstance",
            "docs/application/get-application-activity-instance/activity-instance-object",
        ]),
        line::<ActivityLocation>(&[
            "GuildChannelLocation",
            "PrivateChannelLocation",
            "docs/application/get-application-activity-instance/activity-location-object",
        ]),
        line::<Application>(&[
            "ApplicationResponse",
            "BasicApplicationResponseWithBot",
            "IntegrationApplicationResponse",
            "InviteApplicationResponse",
            "PrivateApplicationResponse",
            "docs/application/application-object/application-structure",
            "docs/guild/integration-application-object/integration-application-structure",
        ]),
        line::<InstallParams>(&[
            "ApplicationOAuth2InstallParamsResponse",
            "docs/application/install-params-object/install-params-structure",
        ]),
        line::<IntegrationTypeConfig>(&[
            "ApplicationIntegrationTypeConfigurationResponse",
            "docs/application/application-object/application-integration-type-configuration-object",
        ]),
        line::<Team>(&["TeamResponse", "docs/teams/data-models/team-object"]),
        line::<TeamMember>(&[
            "TeamMemberResponse",
            "docs/teams/data-models/team-member-object",
        ]),
        line::<AuditLog>(&[
            "GuildAuditLogResponse",
            "docs/audit-log/audit-log-object/audit-log-structure",
        ]),
        line::<AuditLogEntry>(&[
            "AuditLogEntryResponse",
            "docs/audit-log/audit-log-entry-object/audit-log-entry-structure",
        ]),
        line::<AuditLogChange>(&[
            "AuditLogObjectChangeResponse",
            "docs/audit-log/audit-log-change-object/audit-log-change-structure",
        ]),
        line::<AuditLogOptions>(&[
            "docs/audit-log/audit-log-entry-object/optional-audit-entry-info",
        ]),
        line::<AutoModerationRule>(&[
            "DefaultKeywordRuleResponse",
            "KeywordRuleResponse",
            "MLSpamRuleResponse",
            "MentionSpamRuleResponse",
            "UserProfileRuleResponse",
            "docs/auto-moderation/auto-moderation-rule-object/auto-moderation-rule-structure",
        ]),
        line::<AutoModerationTriggerMetadata>(&[
            "DefaultKeywordListTriggerMetadataResponse",
            "KeywordTriggerMetadataResponse",
            "MLSpamTriggerMetadataResponse",
            "MentionSpamTriggerMetadataResponse",
            "UserProfileMetadataResponse",
            "docs/auto-moderation/auto-moderation-rule-object/trigger-metadata",
        ]),
        line::<AutoModerationAction>(&[
            "BlockMessageActionResponse",
            "FlagToChannelActionResponse",
            "QuarantineUserActionResponse",
            "UserCommunicationDisabledActionResponse",
            "docs/auto-moderation/auto-moderation-action-object/auto-moderation-action-structure",
        ]),
        line::<AutoModerationActionMetadata>(&[
            "BlockMessageActionMetadataResponse",
            "FlagToChannelActionMetadataResponse",
            "QuarantineUserActionMetadataResponse",
            "UserCommunicationDisabledActionMetadataResponse",
            "docs/auto-moderation/auto-moderation-action-object/action-metadata",
        ]),
        line::<GuildCommandPermissions>(&[
            "CommandPermissionsResponse",
            "docs/application-commands/application-command-permissions-object/guild-application-command-permissions-structure",
        ]),
        line::<CommandPermission>(&[
            "CommandPermissionResponse",
            "docs/application-commands/application-command-permissions-object/application-command-permissions-structure",
        ]),
        line::<Entitlement>(&[
            "EntitlementResponse",
            "docs/entitlement/entitlement-object/entitlement-structure",
        ]),
        line::<Sku>(&["docs/sku/sku-object/sku-structure"]),
        line::<Subscription>(&[
            "SubscriptionResponse",
            "docs/subscription/subscription-object",
        ])
        .settled(|value| {
            if value["status"].is_null() {
                set(value, "status", 1);
            }
        }),
        line::<RoleConnectionMetadata>(&[
            "ApplicationRoleConnectionsMetadataItemResponse",
            "docs/application-role-connection-metadata/application-role-connection-metadata-object/application-role-connection-metadata-structure",
        ]),
        line::<RoleConnection>(&[
            "ApplicationUserRoleConnectionResponse",
            "docs/user/application-role-connection-object/application-role-connection-structure",
        ]),
        line::<InteractionCallbackResponse>(&[
            "InteractionCallbackResponse",
            "docs/receiving-and-responding/interaction-callback/interaction-callback-response-object",
        ]),
        line::<InteractionCallback>(&[
            "InteractionResponse",
            "docs/receiving-and-responding/interaction-callback/interaction-callback-object",
        ]),
        line::<InteractionCallbackResource>(&[
            "CreateMessageInteractionCallbackResponse",
            "LaunchActivityInteractionCallbackResponse",
            "UpdateMessageInteractionCallbackResponse",
            "docs/receiving-and-responding/interaction-callback/interaction-callback-resource-object",
        ]),
        line::<InteractionCallbackActivity>(&[
            "ActivityInstanceCallbackResponse",
            "docs/receiving-and-responding/interaction-callback/interaction-callback-activity-instance-resource",
        ]),
        line::<Lobby>(&["LobbyResponse", "docs/lobby/lobby-object/lobby-structure"]),
        line::<LobbyMember>(&[
            "LobbyMemberResponse",
            "docs/lobby/lobby-member-object/lobby-member-structure",
            "docs/lobby/json-params/lobby-member-json-params",
        ]),
        line::<LobbyMessage>(&[
            "LobbyMessageResponse",
            "docs/lobby/send-lobby-message/lobby-message-object",
            "docs/webhook-events/lobby-message-object/lobby-message-structure",
        ])
        .settled(|value| {
            if value["author"].is_null() {
                set(value, "author", Value::Object(Map::new()));
                set(&mut value["author"], "id", "4");
            }
        }),
        line::<LobbyInvite>(&[
            "LobbyGuildInviteResponse",
            "docs/lobby/create-lobby-channel-invite-for-user/lobby-invite-object",
        ]),
        line::<AuthorizationInformation>(&[
            "OAuth2GetAuthorizationResponse",
            "docs/oauth2/get-current-authorization-information/response-structure",
        ])
        .settled(|value| {
            set(&mut value["application"], "id", "1");
        }),
        line::<AccessToken>(&["ProvisionalTokenResponse"]),
        line::<OpenIdUser>(&["OAuth2GetOpenIDConnectUserInfoResponse"]),
        line::<OAuth2Keys>(&["OAuth2GetKeys"]),
        line::<OAuth2Key>(&["OAuth2Key"]),
        line::<WebhookEventPayload>(&[
            "docs/webhook-events/webhook-event-payloads/payload-structure",
        ])
        .settled(|value| {
            if value.get("event").is_some() {
                set(&mut value["event"], "timestamp", "2026-01-31T12:00:00Z");
            }
        }),
        line::<WebhookEvent>(&["docs/webhook-events/payload-structure/event-body-object"])
            .settled(|event| set(event, "timestamp", "2026-01-31T12:00:00Z")),
        line::<GameDirectMessage>(&[
            "docs/webhook-events/sdk-dm-message-object/sdk-dm-message-structure",
        ]),
        line::<ApplicationAuthorized>(&[
            "docs/webhook-events/application-authorized/application-authorized-structure",
        ]),
        line::<ApplicationDeauthorized>(&[
            "docs/webhook-events/application-deauthorized/application-deauthorized-structure",
        ]),
        line::<LobbyMessageDelete>(&[
            "docs/webhook-events/lobby-message-delete/lobby-message-delete-structure",
        ]),
    ]
}

pub(super) fn enums() -> Vec<EnumLine> {
    macro_rules! known {
        ($($name:literal $kind:ty),+ $(,)?) => {
            vec![$(values(&[$name], <$kind>::KNOWN.iter().map(|v| v.value()))),+]
        };
    }
    // The tables count the events of the gateway and those of webhooks together.
    let gateway = EventKind::ALL.iter().map(|kind| kind.name());
    let webhook = WebhookEventType::KNOWN.iter().map(|v| v.value());
    let mut lines = vec![values(&["ActionTypes"], gateway.chain(webhook))];
    lines.extend(known![
        "ApplicationCommandPermissionType" CommandPermissionType,
        "ApplicationEventWebhooksStatus" EventWebhooksStatus,
        "ApplicationExplicitContentFilterTypes" ApplicationContentFilter,
        "ApplicationTypes" ApplicationType,
        "AutomodActionType" AutoModerationActionType,
        "AutomodEventType" AutoModerationEventType,
        "AutomodKeywordPresetType" AutoModerationKeywordPreset,
        "AutomodTriggerType" AutoModerationTriggerType,
        "EmbeddedActivityLocationKind" ActivityLocationKind,
        "EntitlementTenantFulfillmentStatusResponse" FulfillmentStatus,
        "EntitlementTypes" EntitlementType,
        "MetadataItemTypes" RoleConnectionMetadataType,
        "OAuth2Scopes" OAuth2Scope,
        "SubscriptionResponseStatusType" SubscriptionStatus,
        "TeamMemberRoles" TeamRole,
        "TeamMembershipStates" MembershipState,
    ]);
    lines
}
