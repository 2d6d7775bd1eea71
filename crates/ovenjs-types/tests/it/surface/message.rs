//! Messages and what is in them.

use ovenjs_types::{
    ApplicationEmojis, Attachment, BaseTheme, ChannelMention, Embed, EmbedAuthor, EmbedField,
    EmbedFooter, EmbedMedia, EmbedProvider, Emoji, GuildProductPurchase, InteractionMetadata,
    KeptAttachment, Message, MessageActivity, MessageActivityType, MessageCall, MessageInteraction,
    MessageLobbyMember, MessageReference, MessageReferenceType, MessageSearch, MessageSnapshot,
    MessageType, Pin, Pins, Poll, PollAnswer, PollAnswerCount, PollLayoutType, PollMedia,
    PollResults, PollVoters, PurchaseNotification, PurchaseType, Reaction, ReactionCountDetails,
    ReactionEmoji, ReactionType, RoleSubscriptionData, SearchEmbedType, SearchIndexNotReady,
    SharedClientTheme, SnapshotMessage, Sticker, StickerFormat, StickerItem, StickerPack,
    StickerPacks, StickerType,
};
use serde_json::Value;

use super::{EnumLine, Line, line, settle::settle_snapshot, values};

pub(super) fn lines() -> Vec<Line> {
    vec![
        line::<ApplicationEmojis>(&["ListApplicationEmojisResponse"]),
        line::<Attachment>(&[
            "AttachmentResponse",
            "MessageAttachmentResponse",
            "docs/message/attachment-object/attachment-structure",
        ]),
        line::<ChannelMention>(&[
            "MessageMentionChannelResponse",
            "docs/message/channel-mention-object/channel-mention-structure",
        ]),
        line::<Embed>(&[
            "MessageEmbedResponse",
            "docs/message/embed-object/embed-structure",
        ]),
        line::<EmbedAuthor>(&[
            "MessageEmbedAuthorResponse",
            "docs/message/embed-object/embed-author-structure",
        ]),
        line::<EmbedField>(&[
            "MessageEmbedFieldResponse",
            "docs/message/embed-object/embed-field-structure",
        ]),
        line::<EmbedFooter>(&[
            "MessageEmbedFooterResponse",
            "docs/message/embed-object/embed-footer-structure",
        ]),
        line::<EmbedMedia>(&[
            "MessageEmbedImageResponse",
            "MessageEmbedVideoResponse",
            "docs/message/embed-object/embed-image-structure",
            "docs/message/embed-object/embed-video-structure",
        ]),
        line::<EmbedProvider>(&[
            "MessageEmbedProviderResponse",
            "docs/message/embed-object/embed-provider-structure",
        ]),
        line::<Emoji>(&["EmojiResponse", "docs/emoji/emoji-object/emoji-structure"])
            .settled(give_emojis_ids),
        line::<GuildProductPurchase>(&["GuildProductPurchaseResponse"]),
        line::<InteractionMetadata>(&[
            "ApplicationCommandInteractionMetadataResponse",
            "MessageComponentInteractionMetadataResponse",
            "ModalSubmitInteractionMetadataResponse",
            "docs/message/message-interaction-metadata-object/application-command-interaction-metadata-structure",
            "docs/message/message-interaction-metadata-object/message-component-interaction-metadata-structure",
            "docs/message/message-interaction-metadata-object/modal-submit-interaction-metadata-structure",
        ]),
        line::<KeptAttachment>(&["docs/message/attachment-object/attachment-request-structure"])
            .without(OF_NEW_FILES)
            .settled(keep_attachment),
        line::<Message>(&[
            "BasicMessageResponse",
            "MessageResponse",
            "SearchMessageResponse",
            "docs/message/message-object/message-structure",
        ]),
        line::<Message>(&[
            "docs/gateway-events/message-create/message-create-extra-fields",
            "docs/webhook-events/message-object/additional-fields",
        ])
        .settled(give_message_the_rest),
        line::<MessageActivity>(&[
            "MessageActivityResponse",
            "docs/message/message-object/message-activity-structure",
        ]),
        line::<MessageCall>(&[
            "MessageCallResponse",
            "docs/message/message-call-object/message-call-object-structure",
        ]),
        line::<MessageInteraction>(&[
            "MessageInteractionResponse",
            "docs/receiving-and-responding/message-interaction-object/message-interaction-structure",
        ]),
        line::<MessageLobbyMember>(&["MessageLobbyMemberResponse"]),
        line::<MessageReference>(&[
            "MessageReferenceResponse",
            "docs/message/message-reference-object/message-reference-structure",
        ]),
        line::<MessageSearch>(&[
            "GuildSearchResponse",
            "docs/message/search-guild-messages/response-body",
        ]),
        line::<MessageSnapshot>(&[
            "MessageSnapshotResponse",
            "docs/message/message-snapshot-object/message-snapshot-structure",
        ])
        .settled(settle_snapshot),
        line::<Pin>(&[
            "PinnedMessageResponse",
            "docs/message/message-pin-object/message-pin-object-structure",
        ]),
        line::<Pins>(&[
            "PinnedMessagesResponse",
            "docs/message/get-channel-pins/response-structure",
        ]),
        line::<Poll>(&[
            "PollResponse",
            "docs/poll/poll-object/poll-object-structure",
        ]),
        line::<PollAnswer>(&[
            "PollAnswerResponse",
            "docs/poll/poll-answer-object/poll-answer-object-structure",
        ]),
        line::<PollAnswerCount>(&[
            "PollResultsEntryResponse",
            "docs/poll/poll-results-object/poll-answer-count-object-structure",
        ]),
        line::<PollMedia>(&[
            "PollMediaResponse",
            "docs/poll/poll-media-object/poll-media-object-structure",
        ]),
        line::<PollResults>(&[
            "PollResultsResponse",
            "docs/poll/poll-results-object/poll-results-object-structure",
        ]),
        line::<PollVoters>(&[
            "PollAnswerDetailsResponse",
            "docs/poll/get-answer-voters/response-body",
        ]),
        line::<PurchaseNotification>(&["PurchaseNotificationResponse"]),
        line::<Reaction>(&[
            "MessageReactionResponse",
            "docs/message/reaction-object/reaction-structure",
        ]),
        line::<ReactionCountDetails>(&[
            "MessageReactionCountDetailsResponse",
            "docs/message/reaction-count-details-object/reaction-count-details-structure",
        ]),
        line::<ReactionEmoji>(&[
            "ComponentEmojiResponse",
            "MessageReactionEmojiResponse",
            "SettingsEmojiResponse",
        ]),
        line::<RoleSubscriptionData>(&[
            "MessageRoleSubscriptionDataResponse",
            "docs/message/role-subscription-data-object/role-subscription-data-object-structure",
        ]),
        line::<SearchIndexNotReady>(&["SearchIndexNotReadyResponse"]),
        line::<SharedClientTheme>(&[
            "CustomClientThemeResponse",
            "docs/message/shared-client-theme-object/shared-client-theme-object-structure",
        ]),
        line::<SnapshotMessage>(&["MinimalContentMessageResponse"]),
        line::<Sticker>(&[
            "GuildStickerResponse",
            "StandardStickerResponse",
            "docs/sticker/sticker-object/sticker-structure",
        ]),
        line::<StickerItem>(&[
            "MessageStickerItemResponse",
            "docs/sticker/sticker-item-object/sticker-item-structure",
        ]),
        line::<StickerPack>(&[
            "StickerPackResponse",
            "docs/sticker/sticker-pack-object/sticker-pack-structure",
        ]),
        line::<StickerPacks>(&[
            "StickerPackCollectionResponse",
            "docs/sticker/list-sticker-packs/response-structure",
        ]),
    ]
}

pub(super) fn enums() -> Vec<EnumLine> {
    vec![
        values(
            &["ActivityActionTypes"],
            MessageActivityType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["MessageShareCustomUserThemeBaseTheme"],
            BaseTheme::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["MessageReferenceType"],
            MessageReferenceType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["MessageType"],
            MessageType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["PollLayoutTypes"],
            PollLayoutType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["PurchaseType"],
            PurchaseType::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["ReactionTypes"],
            ReactionType::KNOWN.iter().map(|v| v.value()),
        ),
        values(&["SearchableEmbedType"], SearchEmbedType::KNOWN),
        values(
            &["StickerFormatTypes"],
            StickerFormat::KNOWN.iter().map(|v| v.value()),
        ),
        values(
            &["StickerTypes"],
            StickerType::KNOWN.iter().map(|v| v.value()),
        ),
    ]
}

/// The emojis of a guild have ids; the tables give them the null id of Unicode's.
fn give_emojis_ids(emoji: &mut Value) {
    super::set(emoji, "id", "2");
}

/// These tables say which fields there are beside those of every message.
fn give_message_the_rest(message: &mut Value) {
    super::set(message, "id", "1");
    super::set(message, "channel_id", "2");
    super::set(
        message,
        "author",
        serde_json::json!({ "id": "3", "username": "ann" }),
    );
}

/// Discord has one object for files that stay and files that come; ours are two.
fn keep_attachment(attachment: &mut Value) {
    super::set(attachment, "id", "1");
    if let Some(fields) = attachment.as_object_mut() {
        fields.retain(|key, _| !OF_NEW_FILES.iter().any(|(name, _)| name == key));
    }
}

const OF_NEW_FILES: &[(&str, &str)] = &[
    ("duration_secs", "said of a new file: Upload"),
    ("filename", "said of a new file: Upload"),
    ("waveform", "said of a new file: Upload"),
];
