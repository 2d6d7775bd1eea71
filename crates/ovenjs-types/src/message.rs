//! Messages, and what is sent to make or change one.

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq};

use crate::{
    Attachment, Component, Embed, Id, Member, Patch, ReactionEmoji, Text, Timestamp, User,
    marker::{
        ApplicationMarker, ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker,
        WebhookMarker,
    },
};

/// A message in a channel.
///
/// Without the `MESSAGE_CONTENT` intent Discord leaves content, embeds, attachments and components
/// empty, unless the bot wrote the message, is mentioned in it or got it as a direct message.
///
/// Source: Discord, "Message Object"; `guild_id` and `member` come with events only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The message's id.
    pub id: Id<MessageMarker>,
    /// The channel it stands in.
    pub channel_id: Id<ChannelMarker>,
    /// Its guild; absent in direct messages and in REST answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
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
    /// Its files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Its framed boxes.
    #[serde(default)]
    pub embeds: Vec<Embed>,
    /// The reactions to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Whether it is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// The webhook that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<Id<WebhookMarker>>,
    /// What kind of message it is.
    #[serde(rename = "type", default = "default_type")]
    pub kind: MessageType,
    /// The application of an interaction's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// Its flags.
    #[serde(default)]
    pub flags: MessageFlags,
    /// The message it replies to, forwards or crossposts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_reference: Option<MessageReference>,
    /// The message it replies to, as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referenced_message: Option<Box<Self>>,
    /// Its buttons, selects and layout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

const fn default_type() -> MessageType {
    MessageType::Default
}

/// All reactions to a message with one emoji.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    /// How many.
    pub count: u32,
    /// Whether the bot is among them.
    #[serde(default)]
    pub me: bool,
    /// The emoji.
    pub emoji: ReactionEmoji,
}

/// The message another one points to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReference {
    /// Whether it is a reply or a forward; a reply where absent.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MessageReferenceType>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id<MessageMarker>>,
    /// Its channel; may be left out for a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Its guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Whether sending fails when the message is gone; the default is that it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_if_not_exists: Option<bool>,
}

open_int! {
    /// Why a message points to another.
    pub enum MessageReferenceType: u32 {
        Default = 0,
        Forward = 1,
    }
}

open_int! {
    /// The type of a message.
    pub enum MessageType: u32 {
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

/// A message to be sent. The struct is its own builder.
///
/// ```
/// use ovenjs_types::{Embed, MessageDraft, MessageFlags};
/// let draft = MessageDraft::new().content("hi").embed(Embed::new().title("t")).ephemeral();
/// assert!(draft.flags.contains(MessageFlags::EPHEMERAL));
/// assert_eq!(
///     ovenjs_types::json::encode(&MessageDraft::from("hi")),
///     br#"{"content":"hi"}"#
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MessageDraft {
    /// The text; at most 2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Text>,
    /// At most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<Embed>,
    /// Buttons, selects and layout.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// Its flags.
    #[serde(skip_serializing_if = "is_none")]
    pub flags: MessageFlags,
    /// Whether it is read aloud.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tts: bool,
    /// Who may be notified; everyone mentioned where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_mentions: Option<AllowedMentions>,
    /// What it replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_reference: Option<MessageReference>,
    /// A mark by which a repeated request is known; at most 25 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Text>,
    /// Whether Discord answers a repeated nonce with the message that exists already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enforce_nonce: bool,
    /// Files to upload with it.
    #[serde(
        rename = "attachments",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "file_list"
    )]
    pub files: Vec<Upload>,
}

/// A file to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The name under which it appears.
    pub filename: Text,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its description, which screen readers read.
    pub description: Option<Text>,
}

impl Upload {
    /// A file of these bytes.
    pub fn new(filename: impl Into<Text>, bytes: impl Into<Bytes>) -> Self {
        Self {
            filename: filename.into(),
            bytes: bytes.into(),
            description: None,
        }
    }
}

/// Writes files as Discord's list of partial attachments; the bytes travel beside the JSON.
fn file_list<S: Serializer>(files: &[Upload], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Partial<'a> {
        id: usize,
        filename: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
    }
    let mut list = serializer.serialize_seq(Some(files.len()))?;
    for (id, file) in files.iter().enumerate() {
        let description = file.description.as_deref();
        list.serialize_element(&Partial {
            id,
            filename: &file.filename,
            description,
        })?;
    }
    list.end()
}

fn is_none(flags: &MessageFlags) -> bool {
    flags.is_empty()
}

impl MessageDraft {
    /// An empty draft, which Discord would refuse until something is in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the text.
    #[must_use]
    pub fn content(mut self, content: impl Into<Text>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Adds an embed.
    #[must_use]
    pub fn embed(mut self, embed: Embed) -> Self {
        self.embeds.push(embed);
        self
    }

    /// Adds a component. A button or select gets a row: buttons share one up to five.
    #[must_use]
    pub fn component(mut self, component: impl Into<Component>) -> Self {
        let component = component.into();
        if component.needs_components_v2() {
            self.flags.insert(MessageFlags::IS_COMPONENTS_V2);
        }
        Component::push_into_rows(&mut self.components, component);
        self
    }

    /// Lets only the invoking user see it; for answers to interactions.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.flags.insert(MessageFlags::EPHEMERAL);
        self
    }

    /// Makes it a reply.
    #[must_use]
    pub fn reply_to(mut self, message: Id<MessageMarker>) -> Self {
        self.message_reference = Some(MessageReference {
            message_id: Some(message),
            ..MessageReference::default()
        });
        self
    }

    /// Limits who is notified.
    #[must_use]
    pub fn allowed_mentions(mut self, allowed: AllowedMentions) -> Self {
        self.allowed_mentions = Some(allowed);
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, file: Upload) -> Self {
        self.files.push(file);
        self
    }
}

impl From<&str> for MessageDraft {
    fn from(content: &str) -> Self {
        Self::new().content(content)
    }
}

impl From<String> for MessageDraft {
    fn from(content: String) -> Self {
        Self::new().content(content)
    }
}

impl From<Embed> for MessageDraft {
    fn from(embed: Embed) -> Self {
        Self::new().embed(embed)
    }
}

/// A change of a message: what is not set stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MessageEdit {
    /// The text.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub content: Patch<Text>,
    /// All embeds; replaces those that are there.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub embeds: Patch<Vec<Embed>>,
    /// All components; replaces those that are there.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub components: Patch<Vec<Component>>,
    /// The flags; only some can be changed.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub flags: Patch<MessageFlags>,
    /// Who may be notified.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub allowed_mentions: Patch<AllowedMentions>,
    /// Files to upload with it; they replace those that are there. None keeps those.
    #[serde(
        rename = "attachments",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "file_list"
    )]
    pub files: Vec<Upload>,
}

impl MessageEdit {
    /// A change of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the text.
    #[must_use]
    pub fn content(mut self, content: impl Into<Text>) -> Self {
        self.content = Patch::Set(content.into());
        self
    }

    /// Replaces the embeds.
    #[must_use]
    pub fn embeds(mut self, embeds: Vec<Embed>) -> Self {
        self.embeds = Patch::Set(embeds);
        self
    }

    /// Replaces the components; an empty list takes all buttons away.
    #[must_use]
    pub fn components(mut self, components: Vec<Component>) -> Self {
        self.components = Patch::Set(components);
        self
    }
}

impl From<&str> for MessageEdit {
    fn from(content: &str) -> Self {
        Self::new().content(content)
    }
}

impl From<String> for MessageEdit {
    fn from(content: String) -> Self {
        Self::new().content(content)
    }
}

impl From<MessageDraft> for MessageEdit {
    /// The message becomes what the draft says: what the draft has not, is cleared.
    fn from(draft: MessageDraft) -> Self {
        let flags = draft.flags.difference(MessageFlags::EPHEMERAL);
        Self {
            content: draft.content.map_or(Patch::Clear, Patch::Set),
            embeds: Patch::Set(draft.embeds),
            components: Patch::Set(draft.components),
            flags: if flags.is_empty() {
                Patch::Keep
            } else {
                Patch::Set(flags)
            },
            allowed_mentions: draft.allowed_mentions.map_or(Patch::Keep, Patch::Set),
            files: draft.files,
        }
    }
}

/// Who is notified by the mentions in a message.
///
/// ```
/// use ovenjs_types::AllowedMentions;
/// assert_eq!(ovenjs_types::json::encode(&AllowedMentions::nobody()), br#"{"parse":[]}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AllowedMentions {
    /// Which kinds are read from the text: `users`, `roles`, `everyone`.
    pub parse: Vec<Text>,
    /// These users alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Id<UserMarker>>,
    /// These roles alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Id<RoleMarker>>,
    /// Whether the author of the message replied to is notified.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replied_user: bool,
}

impl AllowedMentions {
    /// Nobody is notified, whatever the text says.
    #[must_use]
    pub fn nobody() -> Self {
        Self::default()
    }
}
