//! A message to be sent.

use serde::{Deserialize, Serialize};

use super::{
    AllowedMentions, MessageFlags, MessageReference, MessageReferenceType, Nonce, SharedClientTheme,
};
use crate::{
    Component, Embed, Given, Id, InMessage, Invalid, PollDraft, Report, Text, Upload, Validate,
    attachment::{self, AttachmentList},
    component::check_message,
    embed, limits,
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

    /// A copy of another message, as it is now. It needs nothing else.
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
}

setters! {
    exported message_draft => impl MessageDraft {
        /// Sets the text.
        pub fn content(mut self, content: impl Into<Text>) -> Self {
            self.content = Some(content.into());
            self
        }

        /// Adds an embed.
        pub fn embed(mut self, embed: Embed) -> Self {
            self.embeds.push(embed);
            self
        }

        /// Adds a component. A button or select gets a row: buttons share one up to five.
        ///
        /// The first component that asks for it sets the flag `IS_COMPONENTS_V2`.
        pub fn component(mut self, component: impl InMessage) -> Self {
            let component = component.into();
            if component.needs_components_v2() {
                self.flags.insert(MessageFlags::IS_COMPONENTS_V2);
            }
            Component::push_into_rows(&mut self.components, component);
            self
        }

        /// Lets only the invoking user see it; for answers to interactions.
        pub fn ephemeral(mut self) -> Self {
            self.flags.insert(MessageFlags::EPHEMERAL);
            self
        }

        /// Shows no previews of the links in it.
        pub fn suppress_embeds(mut self) -> Self {
            self.flags.insert(MessageFlags::SUPPRESS_EMBEDS);
            self
        }

        /// Notifies nobody's phone or desktop; it still counts as unread.
        pub fn suppress_notifications(mut self) -> Self {
            self.flags.insert(MessageFlags::SUPPRESS_NOTIFICATIONS);
            self
        }

        /// Has it read aloud.
        pub fn tts(mut self) -> Self {
            self.tts = true;
            self
        }

        /// Makes it a reply to a message of the same channel.
        pub fn reply_to(mut self, message: Id<MessageMarker>) -> Self {
            self.message_reference = Some(MessageReference::reply(message));
            self
        }

        /// Sets what it replies to or forwards.
        pub fn reference(mut self, reference: MessageReference) -> Self {
            self.message_reference = Some(reference);
            self
        }

        /// Limits who is notified.
        pub fn allowed_mentions(mut self, allowed: AllowedMentions) -> Self {
            self.allowed_mentions = Some(allowed);
            self
        }

        /// Sets the mark by which the message is known when it comes back.
        pub fn nonce(mut self, nonce: impl Into<Nonce>) -> Self {
            self.nonce = Some(nonce.into());
            self
        }

        /// Sets a nonce that Discord enforces: the same one again, within a few minutes, makes no
        /// second message.
        pub fn once(mut self, nonce: impl Into<Nonce>) -> Self {
            self.enforce_nonce = true;
            self.nonce = Some(nonce.into());
            self
        }

        /// Adds a file.
        pub fn file(mut self, file: Upload) -> Self {
            self.files.push(file);
            self
        }

        /// Adds a sticker of the guild.
        pub fn sticker(mut self, sticker: Id<StickerMarker>) -> Self {
            self.sticker_ids.push(sticker);
            self
        }

        /// Adds a poll.
        pub fn poll(mut self, poll: PollDraft) -> Self {
            self.poll = Some(poll);
            self
        }

        /// Shares the colours of a Discord app.
        pub fn shared_client_theme(mut self, theme: SharedClientTheme) -> Self {
            self.shared_client_theme = Some(theme);
            self
        }

        /// Sets all embeds.
        pub fn embeds(mut self, embeds: impl Given<Vec<Embed>>) -> Self {
            self.embeds = embeds.given();
            self
        }

        /// Sets all components as they are, without rows or flags of their own accord.
        pub fn components(mut self, components: impl Given<Vec<Component>>) -> Self {
            self.components = components.given();
            self
        }

        /// Sets all flags.
        pub fn flags(mut self, flags: MessageFlags) -> Self {
            self.flags = flags;
            self
        }

        /// Sets all files.
        pub fn files(mut self, files: impl Given<Vec<Upload>>) -> Self {
            self.files = files.given();
            self
        }
    }
}

impl Validate for MessageDraft {
    fn check(&self, report: &mut Report) {
        report.length_of(
            "content",
            self.content.as_ref(),
            0..=limits::MESSAGE_CONTENT,
        );
        embed::check_all(&self.embeds, report);
        self.check_flags(report);
        let v2 = self.flags.contains(MessageFlags::IS_COMPONENTS_V2);
        check_message(&self.components, v2, report);
        if let Some(allowed) = &self.allowed_mentions {
            report.field("allowed_mentions", |report| allowed.check(report));
        }
        if let Some(reference) = &self.message_reference {
            report.field("message_reference", |report| reference.check(report));
        }
        if let Some(Nonce::Text(nonce)) = &self.nonce {
            report.length("nonce", nonce, 0..=limits::MESSAGE_NONCE);
        }
        let files = &self.files;
        AttachmentList { kept: &[], files }.check(report);
        let stickers = self.sticker_ids.len();
        report.amount(
            "sticker_ids",
            stickers,
            0..=limits::MESSAGE_STICKERS,
            "stickers",
        );
        if let Some(poll) = &self.poll {
            report.field("poll", |report| poll.check(report));
        }
        if let Some(theme) = &self.shared_client_theme {
            report.field("shared_client_theme", |report| theme.check(report));
        }
        if self.is_blank() && !self.is_forward() {
            report.note(
                "",
                "is empty: add a text, an embed, a component, a file or a poll",
            );
        }
    }
}

impl MessageDraft {
    /// Checks its files against the size that a file may have, in bytes. That is
    /// [`limits::ATTACHMENT_SIZE_BYTES`] where the guild has no boosts; an interaction says it in
    /// `attachment_size_limit`.
    ///
    /// # Errors
    ///
    /// Every file that is larger.
    ///
    /// ```
    /// use ovenjs_types::{MessageDraft, Upload, limits};
    /// let draft = MessageDraft::new().file(Upload::new("crumbs.txt", vec![0; 2000]));
    /// assert!(draft.fits(limits::ATTACHMENT_SIZE_BYTES).is_ok());
    /// assert_eq!(
    ///     draft.fits(1500).unwrap_err().to_string(),
    ///     "Discord would refuse this: attachments[0] has 2000 bytes, but Discord takes at most 1500: \
    ///      take 500 away"
    /// );
    /// ```
    pub fn fits(&self, attachment_size: usize) -> Result<(), Invalid> {
        let mut report = Report::new();
        report.each("attachments", &self.files, |report, file| {
            report.amount("", file.bytes.len(), 0..=attachment_size, "bytes");
        });
        report.into_result()
    }

    /// Checks what the flags ask of the rest.
    fn check_flags(&self, report: &mut Report) {
        let unsendable = self.flags.difference(MessageFlags::SENDABLE);
        if !unsendable.is_empty() {
            report.note(
                "flags",
                format!("has {unsendable}, which only Discord sets: take it away"),
            );
        }
        if self.flags.contains(MessageFlags::IS_COMPONENTS_V2) {
            let parts = self.parts();
            for (name, _) in parts.iter().filter(|(_, is_there)| *is_there) {
                report.note(
                    name,
                    "stands beside components of version 2: say it in a component",
                );
            }
        } else if self.components.iter().any(Component::needs_components_v2) {
            report.note(
                "flags",
                "lacks IS_COMPONENTS_V2, for which the components ask: add it",
            );
        }
        if self.flags.contains(MessageFlags::IS_VOICE_MESSAGE) {
            let [sound] = &self.files[..] else {
                report.note(
                    "attachments",
                    "is not one file of sound: a voice message is",
                );
                return;
            };
            if sound.duration_secs.is_none() || sound.waveform.is_none() {
                report.note(
                    "attachments[0]",
                    "lacks its length or loudness: see Upload::voice",
                );
            }
            if self.parts().iter().any(|(_, is_there)| *is_there) || !self.components.is_empty() {
                report.note(
                    "",
                    "has more than the sound of a voice message: take it away",
                );
            }
        }
    }

    /// What a message may be made of, apart from files and components, and whether it is there.
    fn parts(&self) -> [(&'static str, bool); 5] {
        // Discord takes white space off the ends before it looks.
        let content = self.content.as_deref().unwrap_or_default();
        let has_text = !content.trim().is_empty();
        [
            ("content", has_text),
            ("embeds", !self.embeds.is_empty()),
            ("sticker_ids", !self.sticker_ids.is_empty()),
            ("poll", self.poll.is_some()),
            ("shared_client_theme", self.shared_client_theme.is_some()),
        ]
    }

    fn is_blank(&self) -> bool {
        let has_parts = self.parts().iter().any(|(_, is_there)| *is_there);
        !has_parts && self.files.is_empty() && self.components.is_empty()
    }

    fn is_forward(&self) -> bool {
        let kind = self
            .message_reference
            .as_ref()
            .and_then(|reference| reference.kind);
        kind == Some(MessageReferenceType::Forward)
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

    #[test]
    fn what_discord_would_refuse_is_told_with_its_place() {
        let paths = |draft: MessageDraft| -> Vec<String> {
            let told = draft.validate().map(drop).unwrap_err();
            told.violations()
                .iter()
                .map(|v| v.path.to_string())
                .collect()
        };
        assert_eq!(paths(MessageDraft::new()), [""]);
        assert_eq!(paths(MessageDraft::from("")), [""]);
        assert_eq!(paths(MessageDraft::from("x".repeat(2001))), ["content"]);
        let long = Embed::new().title("x".repeat(257));
        assert_eq!(
            paths(MessageDraft::from("x").embed(Embed::new()).embed(long)),
            ["embeds[1].title"]
        );
        assert_eq!(
            paths(MessageDraft::from("x").nonce("x".repeat(26))),
            ["nonce"]
        );
        let mut flagged = MessageDraft::from("x").suppress_embeds();
        flagged.flags.insert(MessageFlags::CROSSPOSTED);
        assert_eq!(paths(flagged), ["flags"]);
        let unnamed = MessageDraft::new().file(Upload::new("", &b""[..]));
        assert_eq!(paths(unnamed), ["attachments[0].filename"]);
        let four = (1..5).fold(MessageDraft::new(), |draft, id| draft.sticker(Id::new(id)));
        assert_eq!(paths(four), ["sticker_ids"]);
        assert_eq!(
            paths(MessageDraft::voice(Upload::new("v.ogg", &b"x"[..]))),
            ["attachments[0]"]
        );
    }

    #[test]
    fn embeds_share_their_six_thousand_characters() {
        let half = || Embed::new().description("x".repeat(3001));
        let told = MessageDraft::new()
            .embed(half())
            .embed(half())
            .validate()
            .unwrap_err();
        assert_eq!(
            told.to_string(),
            "Discord would refuse this: embeds has 6002 characters, but Discord takes at most 6000: shorten it by 2"
        );
    }

    #[test]
    fn components_of_version_2_stand_alone() {
        let text = crate::TextDisplay::new("hi");
        assert!(
            MessageDraft::new()
                .component(text.clone())
                .validate()
                .is_ok()
        );
        let told = MessageDraft::from("hi")
            .component(text.clone())
            .validate()
            .unwrap_err();
        assert_eq!(told.violations()[0].path, "content");
        // Without the setter the flag may be forgotten.
        let components = vec![text.into()];
        let told = MessageDraft {
            components,
            ..MessageDraft::new()
        }
        .validate()
        .unwrap_err();
        assert_eq!(told.violations()[0].path, "flags");
    }

    #[test]
    fn a_forward_needs_nothing_but_to_know_where_from() {
        assert!(
            MessageDraft::forward(Id::new(1), Id::new(2))
                .validate()
                .is_ok()
        );
        let mut nowhere = MessageReference::forward(Id::new(1), Id::new(2));
        nowhere.channel_id = None;
        let told = MessageDraft::new()
            .reference(nowhere)
            .validate()
            .unwrap_err();
        assert_eq!(told.violations()[0].path, "message_reference.channel_id");
        let blank = MessageDraft::new()
            .reply_to(Id::new(2))
            .validate()
            .unwrap_err();
        assert_eq!(blank.violations()[0].path, "");
    }

    #[test]
    fn white_space_alone_is_no_message() {
        let blank = MessageDraft::from(" \n\t").validate().unwrap_err();
        assert_eq!(blank.violations()[0].path, "");
        assert!(MessageDraft::from(" hi ").validate().is_ok());
    }
}
