//! A message to be sent.

use serde::{Deserialize, Serialize};

use super::{AllowedMentions, MessageFlags, MessageReference, Nonce, SharedClientTheme};
use crate::{
    Component, Embed, Id, PollDraft, Text, Upload, attachment,
    marker::{ChannelMarker, MessageMarker, StickerMarker},
};

/// A message to be sent. The struct is its own builder.
///
/// Read from JSON, it is a template: everything but the files, whose bytes are not in there.
///
/// Source: Discord, "Create Message".
///
/// ```
/// use ovenjs_types::{Embed, MessageDraft, MessageFlags, PollDraft, json};
/// let draft = MessageDraft::new().content("hi").embed(Embed::new().title("t")).ephemeral();
/// assert!(draft.flags.contains(MessageFlags::EPHEMERAL));
/// assert_eq!(json::encode(&MessageDraft::from("hi")), br#"{"content":"hi"}"#);
///
/// // Sent twice after a failure, it still arrives once.
/// let draft = MessageDraft::from("hi").once("order-7");
/// assert_eq!(json::encode(&draft), br#"{"content":"hi","nonce":"order-7","enforce_nonce":true}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Its flags; only [`SENDABLE`](MessageFlags::SENDABLE) ones.
    #[serde(skip_serializing_if = "is_none")]
    pub flags: MessageFlags,
    /// Whether it is read aloud.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tts: bool,
    /// Who may be notified; see [`AllowedMentions`] for who is where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_mentions: Option<AllowedMentions>,
    /// What it replies to or forwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_reference: Option<MessageReference>,
    /// A mark by which a repeated request is known; it comes back in the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// Whether Discord answers a repeated nonce with the message that exists already. It remembers
    /// a few minutes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enforce_nonce: bool,
    /// Files to upload with it; at most 10.
    #[serde(
        rename = "attachments",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "attachment::new_files",
        skip_deserializing
    )]
    pub files: Vec<Upload>,
    /// Stickers of the guild; at most 3.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sticker_ids: Vec<Id<StickerMarker>>,
    /// A poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollDraft>,
    /// The colours of a Discord app, for others to try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_client_theme: Option<SharedClientTheme>,
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

    /// A copy of another message, as it is now. Needs nothing else, and may have nothing else.
    #[must_use]
    pub fn forward(channel: Id<ChannelMarker>, message: Id<MessageMarker>) -> Self {
        Self {
            message_reference: Some(MessageReference::forward(channel, message)),
            ..Self::default()
        }
    }

    /// A voice message: one file of sound that tells its length and loudness, and nothing else;
    /// see [`Upload::voice`].
    #[must_use]
    pub fn voice(sound: Upload) -> Self {
        Self {
            files: vec![sound],
            flags: MessageFlags::IS_VOICE_MESSAGE,
            ..Self::default()
        }
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
    ///
    /// The first component that asks for it sets the flag `IS_COMPONENTS_V2`.
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
    pub const fn ephemeral(mut self) -> Self {
        self.flags.insert(MessageFlags::EPHEMERAL);
        self
    }

    /// Shows no previews of the links in it.
    #[must_use]
    pub const fn suppress_embeds(mut self) -> Self {
        self.flags.insert(MessageFlags::SUPPRESS_EMBEDS);
        self
    }

    /// Notifies nobody's phone or desktop; it still counts as unread.
    #[must_use]
    pub const fn suppress_notifications(mut self) -> Self {
        self.flags.insert(MessageFlags::SUPPRESS_NOTIFICATIONS);
        self
    }

    /// Has it read aloud.
    #[must_use]
    pub const fn tts(mut self) -> Self {
        self.tts = true;
        self
    }

    /// Makes it a reply to a message of the same channel.
    #[must_use]
    pub fn reply_to(self, message: Id<MessageMarker>) -> Self {
        self.reference(MessageReference::reply(message))
    }

    /// Sets what it replies to or forwards.
    #[must_use]
    pub fn reference(mut self, reference: MessageReference) -> Self {
        self.message_reference = Some(reference);
        self
    }

    /// Limits who is notified.
    #[must_use]
    pub fn allowed_mentions(mut self, allowed: AllowedMentions) -> Self {
        self.allowed_mentions = Some(allowed);
        self
    }

    /// Sets the mark by which the message is known when it comes back.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Nonce>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Sets a nonce that Discord enforces: the same one again, within a few minutes, makes no
    /// second message.
    #[must_use]
    pub fn once(mut self, nonce: impl Into<Nonce>) -> Self {
        self.enforce_nonce = true;
        self.nonce(nonce)
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, file: Upload) -> Self {
        self.files.push(file);
        self
    }

    /// Adds a sticker of the guild.
    #[must_use]
    pub fn sticker(mut self, sticker: Id<StickerMarker>) -> Self {
        self.sticker_ids.push(sticker);
        self
    }

    /// Adds a poll.
    #[must_use]
    pub fn poll(mut self, poll: PollDraft) -> Self {
        self.poll = Some(poll);
        self
    }

    /// Shares the colours of a Discord app.
    #[must_use]
    pub fn shared_client_theme(mut self, theme: SharedClientTheme) -> Self {
        self.shared_client_theme = Some(theme);
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

impl From<PollDraft> for MessageDraft {
    fn from(poll: PollDraft) -> Self {
        Self::new().poll(poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn a_template_is_read_and_written_as_it_stands() {
        let text = r#"{"content":"hi","embeds":[{"title":"t"}],"flags":4100,"tts":true,"allowed_mentions":{"parse":["users"]},"message_reference":{"message_id":"5","fail_if_not_exists":false},"nonce":7,"sticker_ids":["6"],"poll":{"question":{"text":"?"},"answers":[{"poll_media":{"text":"!"}}]},"shared_client_theme":{"colors":["5865F2"],"gradient_angle":0,"base_mix":58,"base_theme":1}}"#;
        let draft: MessageDraft = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        assert_eq!(String::from_utf8(json::encode(&draft)).unwrap(), text);
        assert_eq!(
            draft.flags,
            MessageFlags::SUPPRESS_EMBEDS | MessageFlags::SUPPRESS_NOTIFICATIONS
        );
    }

    #[test]
    fn a_voice_message_says_so_in_its_flags_and_its_file() {
        let draft = MessageDraft::voice(Upload::new("v.ogg", &b"x"[..]).voice(1.5, "AAA="));
        assert_eq!(
            String::from_utf8(json::encode(&draft)).unwrap(),
            r#"{"flags":8192,"attachments":[{"id":0,"filename":"v.ogg","duration_secs":1.5,"waveform":"AAA="}]}"#
        );
    }
}
