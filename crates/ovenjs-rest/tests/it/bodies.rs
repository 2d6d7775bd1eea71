//! What operations of guilds send, field by field, against Discord's tables.

use std::collections::BTreeSet;

use ovenjs_mock::oracle::{Oracle, Schema};
use ovenjs_rest::{
    BanDraft, EmojiEdit, GuildEdit, IncidentActions, JoinRequestAction, MemberDraft, MemberEdit,
    OnboardingDraft, OnboardingOptionDraft, OnboardingPromptDraft, OwnMemberEdit, OwnNickEdit,
    OwnVoiceStateEdit, RoleDraft, ScheduledEventDraft, ScheduledEventExceptionDraft, SoundEdit,
    StickerEdit, TemplateDraft, VoiceStateEdit, WelcomeScreenEdit, WidgetSettingsEdit,
};
use ovenjs_types::{
    AutoModerationRuleDraft, AutoModerationTriggerMetadata, AutoModerationTriggerType,
    ChannelFlags, ChannelPosition, Id, OnboardingMode, OnboardingPromptType, Patch, RolePosition,
    ScheduledEventPrivacyLevel, ScheduledEventStatus, Timestamp, json,
};
use serde::Serialize;
use serde_json::Value;

#[test]
fn every_field_of_a_body_is_in_the_tables_and_every_field_of_the_tables_is_in_a_body() {
    let (mut have, mut faults) = (0, Vec::new());
    for Body {
        name,
        fields,
        objects,
        without,
    } in bodies()
    {
        let theirs: BTreeSet<String> = objects.iter().flat_map(|name| fields_of(name)).collect();
        for field in theirs.iter().filter(|field| !fields.contains(*field)) {
            if !without.iter().any(|(spared, _)| spared == field) {
                faults.push(format!("{name} lacks {field}"));
            }
        }
        let extra = fields.iter().filter(|field| !theirs.contains(*field));
        faults.extend(extra.map(|field| format!("{name} has {field}, which no table has")));
        let late = without
            .iter()
            .filter(|(spared, _)| fields.contains(*spared));
        faults.extend(late.map(|(field, _)| format!("{name} has {field} by now")));
        have += fields.len();
    }
    println!("spec: fields of bodies of guilds | {have} | {have}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A body with all its fields, and the objects of the tables that it is sent as.
struct Body {
    name: &'static str,
    fields: BTreeSet<String>,
    objects: &'static [&'static str],
    /// Fields which it does without, each with the reason.
    without: &'static [(&'static str, &'static str)],
}

fn body<T: Serialize>(full: &T, objects: &'static [&'static str]) -> Body {
    let full: Value = serde_json::from_slice(&json::encode(full)).unwrap();
    let name = std::any::type_name::<T>();
    Body {
        name: name.rsplit("::").next().unwrap_or_default(),
        fields: full.as_object().unwrap().keys().cloned().collect(),
        objects,
        without: &[],
    }
}

impl Body {
    fn without(self, without: &'static [(&'static str, &'static str)]) -> Self {
        Self { without, ..self }
    }
}

fn fields_of(object: &str) -> Vec<String> {
    match Oracle::embedded().schema(object) {
        Some(Schema::Object { fields, .. }) => {
            fields.iter().map(|field| field.name.clone()).collect()
        }
        _ => panic!("the tables have no object {object}"),
    }
}

#[expect(clippy::too_many_lines, reason = "one table, a line for each body")]
fn bodies() -> Vec<Body> {
    vec![
        body(
            &BanDraft::default().delete_message_seconds(1),
            &[
                "BanUserFromGuildRequest",
                "docs/guild/create-guild-ban/json-params",
            ],
        )
        .without(&[("delete_message_days", "deprecated: seconds say it")]),
        body(
            &GuildEdit::default()
                .name("x")
                .description(Patch::Clear)
                .verification_level(Patch::Clear)
                .default_message_notifications(Patch::Clear)
                .explicit_content_filter(Patch::Clear)
                .afk_channel_id(Patch::Clear)
                .afk_timeout(Patch::Clear)
                .icon(Patch::Clear)
                .splash(Patch::Clear)
                .discovery_splash(Patch::Clear)
                .banner(Patch::Clear)
                .home_header(Patch::Clear)
                .system_channel_id(Patch::Clear)
                .system_channel_flags(Patch::Clear)
                .rules_channel_id(Patch::Clear)
                .public_updates_channel_id(Patch::Clear)
                .safety_alerts_channel_id(Patch::Clear)
                .preferred_locale(Patch::Clear)
                .features(Patch::Clear)
                .premium_progress_bar_enabled(Patch::Clear)
                .region(Patch::Clear),
            &[
                "GuildPatchRequestPartial",
                "docs/guild/modify-guild/json-params",
            ],
        ),
        body(
            &ChannelPosition::new(Id::new(1))
                .position(1)
                .lock_permissions(true)
                .parent_id(Patch::Clear)
                .flags(ChannelFlags::PINNED),
            &[
                "bulk_update_guild_channels.body",
                "docs/guild/modify-guild-channel-positions/json-params",
            ],
        ),
        body(
            &IncidentActions::default()
                .invites_disabled_until(Patch::Clear)
                .dms_disabled_until(Patch::Clear),
            &[
                "GuildIncidentActionsRequest",
                "docs/guild/modify-guild-incident-actions/json-params",
            ],
        ),
        body(
            &MemberEdit::default()
                .nick(Patch::Clear)
                .roles(Patch::Clear)
                .mute(true)
                .deaf(true)
                .channel_id(Patch::Clear)
                .communication_disabled_until(Patch::Clear)
                .flags(Patch::Clear),
            &[
                "update_guild_member.body",
                "docs/guild/modify-guild-member/json-params",
            ],
        ),
        body(
            &OwnMemberEdit::default()
                .nick(Patch::Clear)
                .avatar(Patch::Clear)
                .banner(Patch::Clear)
                .bio(Patch::Clear),
            &[
                "update_my_guild_member.body",
                "docs/guild/modify-current-member/json-params",
            ],
        ),
        body(
            &OwnNickEdit::default().nick(Patch::Clear),
            &["docs/guild/modify-current-user-nick/json-params"],
        ),
        body(
            &MemberDraft {
                flags: Some(ovenjs_types::MemberFlags::BYPASSES_VERIFICATION),
                ..MemberDraft::new("x")
                    .nick("x")
                    .roles([Id::new(1)])
                    .mute(true)
                    .deaf(true)
            },
            &[
                "BotAddGuildMemberRequest",
                "docs/guild/add-guild-member/json-params",
            ],
        ),
        body(
            &RoleDraft::default()
                .name("x")
                .permissions(Patch::Clear)
                .color(1)
                .colors(Patch::Clear)
                .hoist(true)
                .icon(Patch::Clear)
                .unicode_emoji(Patch::Clear)
                .mentionable(true),
            &[
                "CreateRoleRequest",
                "UpdateRoleRequestPartial",
                "docs/guild/create-guild-role/json-params",
                "docs/guild/modify-guild-role/json-params",
            ],
        ),
        body(
            &RolePosition::new(Id::new(1)).position(1),
            &[
                "UpdateRolePositionsRequest",
                "docs/guild/modify-guild-role-positions/json-params",
            ],
        ),
        body(
            &EmojiEdit::default().name("x").roles(Patch::Clear),
            &[
                "update_guild_emoji.body",
                "docs/emoji/modify-guild-emoji/json-params",
            ],
        ),
        body(
            &StickerEdit::default()
                .name("x")
                .description(Patch::Clear)
                .tags("x"),
            &[
                "update_guild_sticker.body",
                "docs/sticker/modify-guild-sticker/json-params",
            ],
        ),
        body(
            &SoundEdit::default()
                .name("x")
                .volume(Patch::Clear)
                .emoji_id(Patch::Clear)
                .emoji_name(Patch::Clear),
            &[
                "SoundboardPatchRequestPartial",
                "docs/soundboard/modify-guild-soundboard-sound/json-params",
            ],
        ),
        body(
            &ScheduledEventDraft::elsewhere("x", "x", NOON, NOON)
                .description("x")
                .channel_id(Patch::Clear)
                .privacy_level(ScheduledEventPrivacyLevel::GuildOnly)
                .image(Patch::Clear)
                .recurrence_rule(Patch::Clear)
                .status(ScheduledEventStatus::Active),
            &[
                "ExternalScheduledEventCreateRequest",
                "ExternalScheduledEventPatchRequestPartial",
                "StageScheduledEventCreateRequest",
                "StageScheduledEventPatchRequestPartial",
                "VoiceScheduledEventCreateRequest",
                "VoiceScheduledEventPatchRequestPartial",
                "docs/guild-scheduled-event/create-guild-scheduled-event/json-params",
                "docs/guild-scheduled-event/modify-guild-scheduled-event/json-params",
            ],
        ),
        body(
            &ScheduledEventExceptionDraft::of(NOON)
                .scheduled_start_time(NOON)
                .scheduled_end_time(NOON)
                .is_canceled(true),
            &[
                "GuildScheduledEventExceptionCreateRequest",
                "GuildScheduledEventExceptionPatchRequestPartial",
            ],
        ),
        body(
            &TemplateDraft::new("x").description("x"),
            &[
                "create_guild_template.body",
                "update_guild_template.body",
                "docs/guild-template/create-guild-template/json-params",
                "docs/guild-template/modify-guild-template/json-params",
            ],
        ),
        body(
            &AutoModerationRuleDraft::new("x", AutoModerationTriggerType::Keyword)
                .trigger_metadata(AutoModerationTriggerMetadata::default())
                .exempt_roles([Id::new(1)])
                .exempt_channels([Id::new(1)]),
            &[
                "DefaultKeywordListUpsertRequest",
                "KeywordUpsertRequestPartial",
                "docs/auto-moderation/create-auto-moderation-rule/json-params",
                "docs/auto-moderation/modify-auto-moderation-rule/json-params",
            ],
        ),
        body(
            &OnboardingDraft::default()
                .prompts([])
                .default_channel_ids([])
                .enabled(true)
                .mode(OnboardingMode::OnboardingDefault),
            &[
                "UpdateGuildOnboardingRequest",
                "docs/guild/modify-guild-onboarding/json-params",
            ],
        ),
        body(
            &OnboardingPromptDraft::new(Id::new(1), "x", [])
                .kind(OnboardingPromptType::Dropdown)
                .single_select(true)
                .required(true)
                .in_onboarding(true),
            &["UpdateOnboardingPromptRequest"],
        ),
        body(
            &OnboardingOptionDraft::new("x")
                .id(Id::new(1))
                .description("x")
                .channel_ids([])
                .role_ids([])
                .emoji_id(Id::new(1))
                .emoji_name("x")
                .emoji_animated(true),
            &["OnboardingPromptOptionRequest"],
        ),
        body(
            &WelcomeScreenEdit::default()
                .enabled(true)
                .description("x")
                .welcome_channels(Patch::Clear),
            &[
                "WelcomeScreenPatchRequestPartial",
                "docs/guild/modify-guild-welcome-screen/json-params",
            ],
        ),
        body(
            &JoinRequestAction::default()
                .action(ovenjs_types::JoinRequestStatus::Approved)
                .rejection_reason("x"),
            &["action_guild_join_request.body"],
        ),
        body(
            &WidgetSettingsEdit::default()
                .enabled(true)
                .channel_id(Patch::Clear),
            &["update_guild_widget_settings.body"],
        ),
        body(
            &OwnVoiceStateEdit::default()
                .channel_id(Id::new(1))
                .suppress(true)
                .request_to_speak_timestamp(Patch::Clear),
            &[
                "UpdateSelfVoiceStateRequestPartial",
                "docs/voice/modify-current-user-voice-state/json-params",
            ],
        ),
        body(
            &VoiceStateEdit::default()
                .channel_id(Id::new(1))
                .suppress(true),
            &[
                "UpdateVoiceStateRequestPartial",
                "docs/voice/modify-user-voice-state/json-params",
            ],
        ),
    ]
}

const NOON: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
