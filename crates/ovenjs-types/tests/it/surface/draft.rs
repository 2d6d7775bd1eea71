//! What a bot sends against the tables of requests: each field that Discord takes has its place in
//! the draft.
//!
//! Drafts are not all there is to send: what no line names here is for the REST endpoints to write,
//! and is counted apart.

use std::collections::BTreeSet;

use ovenjs_types::{
    AllowedMentions, AutoModerationAction, AutoModerationActionMetadata, AutoModerationRuleDraft,
    AutoModerationTriggerMetadata, BulkBanDraft, BulkDelete, ChannelDraft, Choice, CommandDraft,
    CommandOption, CommandPermission, DataUri, Embed, EmbedAuthor, EmbedField, EmbedFooter,
    EmbedMedia, EmbedProvider, EmojiDraft, ForumTagDraft, Id, InviteDraft, MessageDraft,
    MessageEdit, MessageFlags, MessageReference, Modal, Overwrite, PollDraft, PollMedia,
    PruneDraft, ReactionEmoji, RecurrenceNWeekday, RecurrenceRule, RoleColors, RoleConnection,
    RoleConnectionMetadata, ScheduledEventEntityMetadata, SharedClientTheme, SoundDraft,
    TestEntitlement, TextDisplay, ThreadDraft, Upload, WebhookDraft, WebhookMessage,
    WelcomeScreenChannel, json,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Faults, names, object_fields};

/// A draft, the fields it writes, and the objects of the tables that it is sent as.
pub(super) struct Draft {
    name: &'static str,
    fields: BTreeSet<String>,
    pub(super) objects: &'static [&'static str],
    /// Fields which it does without, each with the reason.
    without: &'static [(&'static str, &'static str)],
}

#[test]
fn every_field_of_a_request_has_its_place_in_the_draft() {
    let (mut have, mut all, mut faults) = (0, 0, Faults::default());
    for draft in drafts() {
        for object in draft.objects {
            for field in object_fields(object) {
                let known = draft.fields.contains(&field);
                let spared = draft.without.iter().any(|(name, _)| *name == field);
                all += usize::from(!spared);
                have += usize::from(known);
                if known == spared {
                    let fault = if known { "has by now" } else { "lacks" };
                    faults.add(object, [format!("{} {fault} {field}", draft.name)]);
                }
            }
        }
    }
    println!("spec: request fields in drafts | {have} | {all}");
    faults.fail_if_any();
}

#[expect(clippy::too_many_lines, reason = "one table, a line for each draft")]
pub(super) fn drafts() -> Vec<Draft> {
    vec![
        read::<CommandDraft>(
            &[
                "ApplicationCommandCreateRequest",
                "ApplicationCommandPatchRequestPartial",
                "docs/application-commands/edit-global-application-command/json-params",
                "docs/application-commands/edit-guild-application-command/json-params",
                "docs/application-commands/create-global-application-command/json-params",
                "docs/application-commands/create-guild-application-command/json-params",
            ],
            &[
                ("dm_permission", "deprecated: `contexts` says it"),
                (
                    "default_permission",
                    "deprecated: `default_member_permissions` says it",
                ),
            ],
        ),
        written(
            "MessageDraft",
            &full_message(),
            &[
                "MessageCreateRequest",
                "BaseCreateMessageCreateRequest",
                "docs/message/create-message/json-form-params",
                "docs/receiving-and-responding/interaction-response-object/messages",
            ],
            OF_FILES,
        ),
        written(
            "WebhookMessage",
            &full_webhook_message(),
            &[
                "IncomingWebhookRequestPartial",
                "docs/webhook/execute-webhook/json-form-params",
            ],
            OF_FILES,
        ),
        written(
            "MessageEdit",
            &full_edit(),
            &[
                "MessageEditRequestPartial",
                "docs/message/edit-message/json-form-params",
                "docs/webhook/edit-webhook-message/json-form-params",
            ],
            OF_FILES,
        ),
        read::<MessageReference>(&["MessageReferenceRequest"], &[]),
        written(
            "AllowedMentions",
            &AllowedMentions::nobody()
                .user(Id::new(1))
                .role(Id::new(2))
                .replied_user(),
            &["MessageAllowedMentionsRequest"],
            &[],
        ),
        read::<SharedClientTheme>(&["CustomClientThemeShareRequest"], &[]),
        read::<Embed>(&["RichEmbed"], &[]),
        read::<EmbedAuthor>(&["RichEmbedAuthor"], &[]),
        read::<EmbedField>(&["RichEmbedField"], &[]),
        read::<EmbedFooter>(&["RichEmbedFooter"], &[]),
        read::<EmbedMedia>(
            &["RichEmbedImage", "RichEmbedThumbnail", "RichEmbedVideo"],
            &[("is_animated", "in no documentation: `flags` says it")],
        ),
        read::<EmbedProvider>(&["RichEmbedProvider"], &[]),
        read::<PollDraft>(
            &[
                "PollCreateRequest",
                "docs/poll/poll-create-request-object/poll-create-request-object-structure",
            ],
            &[],
        ),
        read::<PollMedia>(&["PollMedia", "PollMediaCreateRequest"], &[]),
        read::<ReactionEmoji>(
            &[
                "PollEmoji",
                "PollEmojiCreateRequest",
                "ComponentEmojiForRequest",
            ],
            &[],
        ),
        read::<Modal>(
            &[
                "ModalInteractionCallbackRequestData",
                "docs/receiving-and-responding/interaction-response-object/modal",
            ],
            &[],
        ),
        read::<ChannelDraft>(
            &[
                "CreateGuildChannelRequest",
                "docs/guild/create-guild-channel/json-params",
            ],
            &[],
        ),
        read::<Overwrite>(&["ChannelPermissionOverwriteRequest"], &[]),
        read::<ForumTagDraft>(&["CreateOrUpdateThreadTagRequest"], &[]),
        read::<ThreadDraft>(
            &[
                "CreateForumThreadRequest",
                "CreateTextThreadWithMessageRequest",
                "CreateTextThreadWithoutMessageRequest",
                "docs/channel/start-thread-from-message/json-params",
                "docs/channel/start-thread-in-forum-or-media-channel/json-form-params",
                "docs/channel/start-thread-without-message/json-params",
            ],
            OF_FILES,
        ),
        read::<InviteDraft>(
            &[
                "CreateGuildInviteRequest",
                "docs/channel/create-channel-invite/json-form-params",
            ],
            OF_FILES,
        ),
        read::<BulkDelete>(
            &[
                "bulk_delete_messages.body",
                "docs/message/bulk-delete-messages/json-params",
            ],
            &[],
        ),
        read::<BulkBanDraft>(
            &[
                "BulkBanUsersRequest",
                "docs/guild/bulk-guild-ban/json-params",
            ],
            &[],
        ),
        read::<PruneDraft>(
            &[
                "PruneGuildRequest",
                "docs/guild/begin-guild-prune/json-params",
            ],
            &[("reason", "deprecated: the audit log's header says it")],
        ),
        read::<AutoModerationRuleDraft>(
            &[
                "DefaultKeywordListUpsertRequest",
                "KeywordUpsertRequest",
                "MLSpamUpsertRequest",
                "MentionSpamUpsertRequest",
                "UserProfileUpsertRequest",
                "DefaultKeywordListUpsertRequestPartial",
                "KeywordUpsertRequestPartial",
                "MLSpamUpsertRequestPartial",
                "MentionSpamUpsertRequestPartial",
                "UserProfileUpsertRequestPartial",
                "docs/auto-moderation/modify-auto-moderation-rule/json-params",
                "docs/auto-moderation/create-auto-moderation-rule/json-params",
            ],
            &[],
        ),
        read::<AutoModerationTriggerMetadata>(
            &[
                "DefaultKeywordListTriggerMetadata",
                "KeywordTriggerMetadata",
                "MLSpamTriggerMetadata",
                "MentionSpamTriggerMetadata",
                "UserProfileMetadata",
            ],
            &[],
        ),
        read::<AutoModerationAction>(
            &[
                "BlockMessageAction",
                "FlagToChannelAction",
                "QuarantineUserAction",
                "UserCommunicationDisabledAction",
            ],
            &[],
        ),
        read::<AutoModerationActionMetadata>(
            &[
                "BlockMessageActionMetadata",
                "FlagToChannelActionMetadata",
                "QuarantineUserActionMetadata",
                "UserCommunicationDisabledActionMetadata",
            ],
            &[],
        ),
        read::<RoleColors>(&["RoleColors"], &[]),
        read::<WelcomeScreenChannel>(&["GuildWelcomeChannel"], &[]),
        read::<RecurrenceRule>(&["RecurrenceRule"], &[]),
        read::<RecurrenceNWeekday>(&["ByNWeekday"], &[]),
        read::<ScheduledEventEntityMetadata>(
            &[
                "EntityMetadataExternal",
                "EntityMetadataStageInstance",
                "EntityMetadataVoice",
            ],
            &[],
        ),
        read::<CommandOption>(
            &[
                "ApplicationCommandAttachmentOption",
                "ApplicationCommandBooleanOption",
                "ApplicationCommandChannelOption",
                "ApplicationCommandIntegerOption",
                "ApplicationCommandMentionableOption",
                "ApplicationCommandNumberOption",
                "ApplicationCommandRoleOption",
                "ApplicationCommandStringOption",
                "ApplicationCommandSubcommandGroupOption",
                "ApplicationCommandSubcommandOption",
                "ApplicationCommandUserOption",
            ],
            &[],
        ),
        read::<Choice>(
            &[
                "ApplicationCommandOptionIntegerChoice",
                "ApplicationCommandOptionNumberChoice",
                "ApplicationCommandOptionStringChoice",
            ],
            &[],
        ),
        read::<CommandPermission>(&["ApplicationCommandPermission"], &[]),
        read::<TestEntitlement>(&["CreateEntitlementRequestData"], &[]),
        read::<RoleConnectionMetadata>(&["ApplicationRoleConnectionsMetadataItemRequest"], &[]),
        read::<RoleConnection>(
            &[
                "UpdateApplicationUserRoleConnectionRequest",
                "docs/user/update-current-user-application-role-connection/json-params",
            ],
            &[],
        ),
        written(
            "WebhookDraft",
            &WebhookDraft {
                name: "Oven".into(),
                avatar: Some(picture()),
            },
            &[
                "create_webhook.body",
                "docs/webhook/create-webhook/json-params",
            ],
            &[],
        ),
        written(
            "EmojiDraft",
            &EmojiDraft {
                name: "rye".into(),
                image: picture(),
                roles: vec![Id::new(1)],
            },
            &[
                "create_guild_emoji.body",
                "docs/emoji/create-guild-emoji/json-params",
            ],
            &[],
        ),
        written(
            "SoundDraft",
            &SoundDraft {
                name: "moo".into(),
                sound: picture(),
                volume: Some(0.5),
                emoji_id: Some(Id::new(1)),
                emoji_name: Some("🐄".into()),
            },
            &[
                "SoundboardCreateRequest",
                "docs/soundboard/create-guild-soundboard-sound/json-params",
            ],
            &[],
        ),
    ]
}

/// The bytes of files go beside the JSON, in parts of their own.
const OF_FILES: &[(&str, &str)] = &[
    ("files", "a part of the multipart body"),
    ("payload_json", "a part of the multipart body"),
    ("target_users_file", "a part of the multipart body"),
    ("file", "a part of the multipart body"),
];

fn read<T: DeserializeOwned>(
    objects: &'static [&'static str],
    without: &'static [(&'static str, &'static str)],
) -> Draft {
    let name = std::any::type_name::<T>();
    let fields = names::fields_of::<T>().unwrap_or_else(|| panic!("{name} has no list of fields"));
    Draft {
        name: name.rsplit("::").next().unwrap_or_default(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        objects,
        without,
    }
}

/// A draft that knows its fields by what it writes when all of them are set.
fn written(
    name: &'static str,
    full: &impl Serialize,
    objects: &'static [&'static str],
    without: &'static [(&'static str, &'static str)],
) -> Draft {
    let full: Value = serde_json::from_slice(&json::encode(full)).unwrap();
    Draft {
        name,
        fields: full.as_object().unwrap().keys().cloned().collect(),
        objects,
        without,
    }
}

fn full_message() -> MessageDraft {
    let theme = r#"{"colors":["5865F2"],"gradient_angle":0,"base_mix":58,"base_theme":1}"#;
    MessageDraft::from("x")
        .embed(Embed::new())
        .component(TextDisplay::new("x"))
        .tts()
        .allowed_mentions(AllowedMentions::nobody())
        .file(Upload::new("x", &b""[..]))
        .sticker(Id::new(1))
        .reply_to(Id::new(1))
        .once(1)
        .poll(PollDraft::new("?"))
        .shared_client_theme(serde_json::from_str(theme).unwrap())
}

fn full_webhook_message() -> WebhookMessage {
    WebhookMessage {
        username: Some("x".into()),
        avatar_url: Some("x".into()),
        thread_name: Some("x".into()),
        applied_tags: vec![Id::new(1)],
        ..full_message().into()
    }
}

fn full_edit() -> MessageEdit {
    MessageEdit {
        sticker_ids: vec![Id::new(1)].into(),
        ..MessageEdit::from(full_message()).flags(MessageFlags::SUPPRESS_EMBEDS)
    }
}

fn picture() -> DataUri {
    DataUri::new("image/png", vec![0])
}
