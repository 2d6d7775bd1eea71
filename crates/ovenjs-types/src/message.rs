//! Messages, and what is sent to make or change one.

use serde::{Deserialize, Serialize};

use crate::{
    Application, Attachment, Channel, ChannelType, Component, Embed, Id, Member, Patch, Poll,
    Resolved, Sticker, StickerItem, Text, Timestamp, User,
    marker::{
        ApplicationMarker, ChannelMarker, GenericMarker, GuildMarker, MessageMarker, RoleMarker,
        WebhookMarker,
    },
};

mod draft;
mod edit;
mod interaction;
mod mentions;
mod nonce;
mod notice;
mod page;
mod reaction;
mod reference;
mod theme;

pub use draft::MessageDraft;
pub use edit::MessageEdit;
pub use interaction::{InteractionMetadata, MessageInteraction};
pub use mentions::{Allowed, AllowedMentions};
pub use nonce::Nonce;
pub use notice::{
    GuildProductPurchase, MessageActivity, MessageActivityType, MessageCall, MessageLobbyMember,
    PurchaseNotification, PurchaseType, RoleSubscriptionData,
};
pub use page::{
    MessageSearch, Pin, Pins, SearchAuthorType, SearchEmbedType, SearchHas, SearchIndexNotReady,
    SearchSortMode, SearchSortOrder,
};
pub use reaction::{Reaction, ReactionCountDetails, ReactionType};
pub use reference::{
    ChannelMention, MessageReference, MessageReferenceType, MessageSnapshot, SnapshotMessage,
};
pub use theme::{BaseTheme, SharedClientTheme};

/// A message in a channel.
///
/// Without the `MESSAGE_CONTENT` intent Discord leaves content, embeds, attachments, components
/// and poll empty, unless the bot wrote the message, is mentioned in it or got it as a direct
/// message.
///
/// Source: Discord, "Message Object"; `guild_id`, `member` and `channel_type` come with events
/// only.
///
/// ```
/// use ovenjs_types::{Message, Patch, json};
/// // `null` where a reply's message would stand says that it was deleted.
/// let text = br#"{"id":"2","channel_id":"3","author":{"id":"4","username":"ann"},
///     "type":19,"message_reference":{"message_id":"1"},"referenced_message":null}"#;
/// let reply: Message = json::decode(text, &mut Default::default()).unwrap();
/// assert!(reply.referenced_message.is_clear());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The message's id.
    pub id: Id<MessageMarker>,
    /// The channel it stands in.
    pub channel_id: Id<ChannelMarker>,
    /// Its guild; absent in direct messages, ephemeral ones and REST answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// What kind of channel it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_type: Option<ChannelType>,
    /// Who wrote it; for a webhook's message, the webhook's name and avatar.
    pub author: User,
    /// The author as member of the guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
    /// The text.
    #[serde(default)]
    pub content: Text,
    /// When it was written; absent in parts of messages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default)]
    pub edited_timestamp: Option<Timestamp>,
    /// Whether it was read aloud.
    #[serde(default)]
    pub tts: bool,
    /// Whether it mentions everyone.
    #[serde(default)]
    pub mention_everyone: bool,
    /// Whom it mentions.
    #[serde(default)]
    pub mentions: Vec<User>,
    /// Which roles it mentions.
    #[serde(default)]
    pub mention_roles: Vec<Id<RoleMarker>>,
    /// Which channels it mentions, as far as everyone can see them; on crossposts only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mention_channels: Vec<ChannelMention>,
    /// Its files, but for those that embeds and components show.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Its framed boxes.
    #[serde(default)]
    pub embeds: Vec<Embed>,
    /// The reactions to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The sender's mark, in the event that answers its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// Whether it is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// The webhook that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<Id<WebhookMarker>>,
    /// What kind of message it is.
    #[serde(rename = "type", default)]
    pub kind: MessageType,
    /// A game or a song in which others are asked to join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Box<MessageActivity>>,
    /// The application of the game or song.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Box<Application>>,
    /// The application of an interaction's answer, or of its webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// Its flags.
    #[serde(default)]
    pub flags: MessageFlags,
    /// The message it replies to, forwards, crossposts or tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_reference: Option<MessageReference>,
    /// What it forwards; one message today.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message_snapshots: Vec<MessageSnapshot>,
    /// The message it replies to, began a thread from or was a command on. Cleared where that was
    /// deleted, absent where Discord did not look for it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub referenced_message: Patch<Box<Self>>,
    /// The interaction that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction_metadata: Option<Box<InteractionMetadata>>,
    /// The command that it answers; Discord asks to read `interaction_metadata` instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<Box<MessageInteraction>>,
    /// The thread that was begun from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Box<Channel>>,
    /// Its buttons, selects and layout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// Its stickers, as far as is needed to draw them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sticker_items: Vec<StickerItem>,
    /// Its stickers, whole; Discord asks not to count on these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stickers: Vec<Sticker>,
    /// About the how manieth message of its thread it is; there are gaps and repetitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The subscription to a role that was bought or renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_subscription_data: Option<Box<RoleSubscriptionData>>,
    /// What was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_notification: Option<Box<PurchaseNotification>>,
    /// What the ids in its selects stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Box<Resolved>>,
    /// Its poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Box<Poll>>,
    /// The call that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Box<MessageCall>>,
    /// The colours of a Discord app that it shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_client_theme: Option<Box<SharedClientTheme>>,
    /// The author as member of the lobby that the channel is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby_member: Option<Box<MessageLobbyMember>>,
    /// That lobby; in webhook events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby_id: Option<Id<GenericMarker>>,
    /// The channel it stands in, whole; in webhook events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Box<Channel>>,
    /// Whether it is what was searched for; in what a search found only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit: Option<bool>,
    /// How many restrictions lie on it; in what a search found only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restriction_count: Option<u64>,
}

open_int! {
    /// The type of a message.
    #[derive(Default)]
    pub enum MessageType: u32 {
        #[default]
        Default = 0,
        RecipientAdd = 1,
        RecipientRemove = 2,
        Call = 3,
        ChannelNameChange = 4,
        ChannelIconChange = 5,
        ChannelPinnedMessage = 6,
        UserJoin = 7,
        GuildBoost = 8,
        GuildBoostTier1 = 9,
        GuildBoostTier2 = 10,
        GuildBoostTier3 = 11,
        ChannelFollowAdd = 12,
        GuildDiscoveryDisqualified = 14,
        GuildDiscoveryRequalified = 15,
        GuildDiscoveryGracePeriodInitialWarning = 16,
        GuildDiscoveryGracePeriodFinalWarning = 17,
        ThreadCreated = 18,
        Reply = 19,
        ChatInputCommand = 20,
        ThreadStarterMessage = 21,
        GuildInviteReminder = 22,
        ContextMenuCommand = 23,
        AutoModerationAction = 24,
        RoleSubscriptionPurchase = 25,
        InteractionPremiumUpsell = 26,
        StageStart = 27,
        StageEnd = 28,
        StageSpeaker = 29,
        StageTopic = 31,
        GuildApplicationPremiumSubscription = 32,
        GuildIncidentAlertModeEnabled = 36,
        GuildIncidentAlertModeDisabled = 37,
        GuildIncidentReportRaid = 38,
        GuildIncidentReportFalseAlarm = 39,
        PurchaseNotification = 44,
        PollResult = 46,
        HdStreamingUpgraded = 55,
    }
}

flags! {
    /// The flags of a message.
    pub struct MessageFlags as number {
        CROSSPOSTED = 0,
        IS_CROSSPOST = 1,
        SUPPRESS_EMBEDS = 2,
        SOURCE_MESSAGE_DELETED = 3,
        URGENT = 4,
        HAS_THREAD = 5,
        /// Only the user who caused it sees it.
        EPHEMERAL = 6,
        LOADING = 7,
        FAILED_TO_MENTION_SOME_ROLES_IN_THREAD = 8,
        SUPPRESS_NOTIFICATIONS = 12,
        IS_VOICE_MESSAGE = 13,
        HAS_SNAPSHOT = 14,
        /// Built of components alone: no content, no embeds.
        IS_COMPONENTS_V2 = 15,
    }
}

impl MessageType {
    /// Whether such a message can be deleted: the first of a thread and those that tell of calls
    /// and groups cannot.
    #[must_use]
    pub const fn is_deletable(self) -> bool {
        !matches!(
            self,
            Self::RecipientAdd
                | Self::RecipientRemove
                | Self::Call
                | Self::ChannelNameChange
                | Self::ChannelIconChange
                | Self::ThreadStarterMessage
        )
    }
}

impl MessageFlags {
    /// The flags that a new message may have. `EPHEMERAL` is for answers to interactions alone.
    pub const SENDABLE: Self = Self::SUPPRESS_EMBEDS
        .union(Self::SUPPRESS_NOTIFICATIONS)
        .union(Self::IS_VOICE_MESSAGE)
        .union(Self::IS_COMPONENTS_V2)
        .union(Self::EPHEMERAL);

    /// The flags that can be changed later; `IS_COMPONENTS_V2` cannot be taken back.
    pub const EDITABLE: Self = Self::SUPPRESS_EMBEDS.union(Self::IS_COMPONENTS_V2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn a_message_fits_into_a_thousand_bytes() {
        assert!(size_of::<Message>() <= 1000, "{}", size_of::<Message>());
    }

    #[test]
    fn a_deleted_message_is_told_from_one_that_was_not_looked_for() {
        for (field, expected) in [
            ("", Patch::Keep),
            (r#","referenced_message":null"#, Patch::Clear),
        ] {
            let (message, written) = there_and_back(field);
            assert_eq!(message.referenced_message, expected);
            assert_eq!(written.contains("referenced_message"), !field.is_empty());
        }
        let (reply, _) = there_and_back(
            r#","referenced_message":{"id":"9","channel_id":"2","author":{"id":"3","username":"x"}}"#,
        );
        assert_eq!(reply.referenced_message.value().unwrap().id, Id::new(9));
    }

    #[test]
    fn a_forward_shows_what_was_there_without_its_author() {
        let (forward, written) = there_and_back(
            r#","flags":16384,"message_reference":{"type":1,"message_id":"8","channel_id":"7"},
            "message_snapshots":[{"message":{"type":0,"content":"bread","embeds":[],
            "attachments":[],"timestamp":"2026-01-31T12:00:00.000000+00:00","flags":4,
            "edited_timestamp":null,"mentions":[],"mention_roles":["5"],
            "sticker_items":[{"id":"6","name":"w","format_type":9}],"components":[]}}]"#,
        );
        assert!(forward.flags.contains(MessageFlags::HAS_SNAPSHOT));
        let [snapshot] = &forward.message_snapshots[..] else {
            panic!("{forward:?}")
        };
        assert_eq!(snapshot.message.content, "bread");
        assert_eq!(snapshot.message.flags, MessageFlags::SUPPRESS_EMBEDS);
        assert!(written.contains(r#""format_type":9"#) && written.contains(r#"["5"]"#));
    }

    #[test]
    fn what_few_messages_have_survives_the_way_back() {
        let rare = r##","nonce":-7,"position":3,"tts":false,"channel_type":99,"hit":false,
            "activity":{"type":5,"party_id":"p"},"call":{"participants":["3"]},
            "role_subscription_data":{"role_subscription_listing_id":"4","tier_name":"t",
                "total_months_subscribed":2,"is_renewal":true},
            "purchase_notification":{"type":0,"guild_product_purchase":{"listing_id":"5","product_name":"b"}},
            "shared_client_theme":{"colors":["5865F2"],"gradient_angle":1,"base_mix":2,"base_theme":4},
            "lobby_member":{"additional_name":"n"},"mention_channels":[{"id":"6","guild_id":"7","name":"c","type":5}],
            "reactions":[{"count":3,"count_details":{"burst":1,"normal":2},"me":true,"me_burst":true,
                "emoji":{"id":null,"name":"🔥"},"burst_colors":["#ff0000"]}]"##;
        let (message, written) = there_and_back(rare);
        assert_eq!(message.nonce, Some(Nonce::Number(-7)));
        assert_eq!(message.reactions[0].count_details.normal, 2);
        let ours: serde_json::Value = serde_json::from_str(&written).unwrap();
        let theirs: serde_json::Value =
            serde_json::from_str(&format!("{{{}}}", &rare[1..])).unwrap();
        for (key, value) in theirs.as_object().unwrap() {
            let mut ours = ours[key].clone();
            if key == "reactions" {
                ours[0]["emoji"].as_object_mut().unwrap().remove("animated");
            }
            assert_eq!(&ours, value, "{key}");
        }
    }

    #[test]
    fn a_modal_remembers_what_opened_it() {
        let (message, written) = there_and_back(
            r#","interaction_metadata":{"id":"4","type":5,"user":{"id":"3","username":"x"},
            "authorizing_integration_owners":{"0":"0","1":"3"},"original_response_message_id":"5",
            "triggering_interaction_metadata":{"id":"6","type":3,"interacted_message_id":"7",
                "authorizing_integration_owners":{"9":"8"},"user":{"id":"3","username":"x"}}},
            "interaction":{"id":"4","type":2,"name":"order bread","user":{"id":"3","username":"x"}},
            "resolved":{"users":{"3":{"id":"3","username":"x"}}}"#,
        );
        let modal = message.interaction_metadata.unwrap();
        assert_eq!(modal.kind, crate::InteractionType::ModalSubmit);
        let button = modal.triggering_interaction_metadata.unwrap();
        assert_eq!(button.interacted_message_id, Some(Id::new(7)));
        assert!(written.contains(r#"{"0":"0","1":"3"}"#) && written.contains(r#"{"9":"8"}"#));
        assert_eq!(message.interaction.unwrap().name, "order bread");
        assert!(message.resolved.unwrap().users.contains_key(&Id::new(3)));
    }

    /// A message with these fields beside the few that all have, and how it is written.
    fn there_and_back(fields: &str) -> (Message, String) {
        let text = format!(
            r#"{{"id":"1","channel_id":"2","author":{{"id":"3","username":"x"}}{fields}}}"#
        );
        let message: Message = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        let written = String::from_utf8(json::encode(&message)).unwrap();
        assert_eq!(
            json::decode::<Message>(written.as_bytes(), &mut Scratch::new()).unwrap(),
            message
        );
        (message, written)
    }
}
