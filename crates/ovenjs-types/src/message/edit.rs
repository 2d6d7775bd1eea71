//! A change of a message.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{AllowedMentions, MessageDraft, MessageFlags};
use crate::{
    Component, Embed, Given, Id, KeptAttachment, Patch, PollDraft, Report, Text, Upload, Validate,
    attachment::AttachmentList, component::check_message, embed, limits, marker::StickerMarker,
};

/// A change of a message: what is not set stays as it is. The struct is its own builder.
///
/// Source: Discord, "Edit Message", "Edit Webhook Message".
///
/// ```
/// use ovenjs_types::{Id, KeptAttachment, MessageEdit, Upload, json};
/// let edit = MessageEdit::new()
///     .content("new")
///     .keep(KeptAttachment::new(Id::new(9)))
///     .file(Upload::new("a.txt", &b"a"[..]));
/// assert_eq!(
///     json::encode(&edit),
///     br#"{"content":"new","attachments":[{"id":"9"},{"id":0,"filename":"a.txt"}]}"#
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageEdit {
    /// The text.
    pub content: Patch<Text>,
    /// All embeds; replaces those that are there.
    pub embeds: Patch<Vec<Embed>>,
    /// All components; replaces those that are there.
    pub components: Patch<Vec<Component>>,
    /// All flags, those that stay as well; only [`EDITABLE`](MessageFlags::EDITABLE) ones change.
    pub flags: Patch<MessageFlags>,
    /// Who may be notified.
    pub allowed_mentions: Patch<AllowedMentions>,
    /// The attachments that stay. Where it is not set, all stay, unless `files` has any: then they
    /// are replaced.
    pub attachments: Patch<Vec<KeptAttachment>>,
    /// Files to upload with it, beside those that stay.
    pub files: Vec<Upload>,
    /// All stickers; can only be emptied, for a message to become one of components alone.
    pub sticker_ids: Patch<Vec<Id<StickerMarker>>>,
    /// A poll, for the message that a deferred answer becomes.
    pub poll: Patch<PollDraft>,
}

impl MessageEdit {
    /// A change of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

setters! {
    exported message_edit => impl MessageEdit {
        /// Replaces the text.
        pub fn content(mut self, content: impl Given<Patch<Text>>) -> Self {
            self.content = content.given();
            self
        }

        /// Replaces the embeds.
        pub fn embeds(mut self, embeds: impl Given<Patch<Vec<Embed>>>) -> Self {
            self.embeds = embeds.given();
            self
        }

        /// Replaces the components; an empty list takes all buttons away.
        ///
        /// Components that ask for it set the flag `IS_COMPONENTS_V2`, beside the flags that are set.
        pub fn components(mut self, components: Vec<Component>) -> Self {
            if components.iter().any(Component::needs_components_v2) {
                let flags = self.flags.value().copied().unwrap_or_default();
                self.flags = Patch::Set(flags | MessageFlags::IS_COMPONENTS_V2);
            }
            self.components = Patch::Set(components);
            self
        }

        /// Replaces the flags; those that stay must be among them.
        pub fn flags(mut self, flags: impl Given<Patch<MessageFlags>>) -> Self {
            self.flags = flags.given();
            self
        }

        /// Limits who is notified.
        pub fn allowed_mentions(mut self, allowed: impl Given<Patch<AllowedMentions>>) -> Self {
            self.allowed_mentions = allowed.given();
            self
        }

        /// Adds a file. Those that are there go, unless they are kept.
        pub fn file(mut self, file: Upload) -> Self {
            self.files.push(file);
            self
        }

        /// Keeps an attachment; those that are not kept go.
        pub fn keep(mut self, attachment: KeptAttachment) -> Self {
            match &mut self.attachments {
                Patch::Set(list) => list.push(attachment),
                Patch::Keep | Patch::Clear => self.attachments = Patch::Set(vec![attachment]),
            }
            self
        }

        /// Takes every attachment away.
        pub fn without_attachments(mut self) -> Self {
            self.attachments = Patch::Set(Vec::new());
            self
        }

        /// Adds a poll to the message that a deferred answer becomes.
        pub fn poll(mut self, poll: PollDraft) -> Self {
            self.poll = Patch::Set(poll);
            self
        }

        /// Sets the attachments that stay; those that are not among them go.
        pub fn attachments(mut self, attachments: impl Given<Patch<Vec<KeptAttachment>>>) -> Self {
            self.attachments = attachments.given();
            self
        }

        /// Sets all files to upload with it.
        pub fn files(mut self, files: impl Given<Vec<Upload>>) -> Self {
            self.files = files.given();
            self
        }

        /// Replaces the stickers; they can only be emptied.
        pub fn sticker_ids(mut self, stickers: impl Given<Patch<Vec<Id<StickerMarker>>>>) -> Self {
            self.sticker_ids = stickers.given();
            self
        }
    }
}

impl Validate for MessageEdit {
    fn check(&self, report: &mut Report) {
        report.length_of("content", self.content.value(), 0..=limits::MESSAGE_CONTENT);
        let embeds = self.embeds.value().map_or(&[][..], Vec::as_slice);
        embed::check_all(embeds, report);
        if let Some(allowed) = self.allowed_mentions.value() {
            report.field("allowed_mentions", |report| allowed.check(report));
        }
        self.attachment_list().check(report);
        let stickers = self.sticker_ids.value().map_or(0, Vec::len);
        report.amount(
            "sticker_ids",
            stickers,
            0..=limits::MESSAGE_STICKERS,
            "stickers",
        );
        if let Some(poll) = self.poll.value() {
            report.field("poll", |report| poll.check(report));
        }
        // Whether the message is one of components is not known here, so it may have as many.
        let components = self.components.value().map_or(&[][..], Vec::as_slice);
        check_message(components, true, report);
        let flags = self.flags.value().copied().unwrap_or_default();
        let parts = [
            (
                "content",
                self.content.value().is_some_and(|text| !text.is_empty()),
            ),
            ("embeds", !embeds.is_empty()),
            ("sticker_ids", stickers > 0),
            ("poll", self.poll.value().is_some()),
        ];
        if flags.contains(MessageFlags::IS_COMPONENTS_V2) {
            for (name, _) in parts.iter().filter(|(_, is_there)| *is_there) {
                report.note(
                    name,
                    "stands beside components of version 2: say it in a component",
                );
            }
        }
    }
}

impl MessageEdit {
    fn attachment_list(&self) -> AttachmentList<'_> {
        AttachmentList {
            kept: self.attachments.value().map_or(&[][..], Vec::as_slice),
            files: &self.files,
        }
    }
}

impl Serialize for MessageEdit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        macro_rules! write_unless_kept {
            ($($field:ident)+) => {$(
                if !self.$field.is_keep() {
                    body.serialize_entry(stringify!($field), &self.$field)?;
                }
            )+};
        }
        write_unless_kept!(content embeds components flags allowed_mentions);
        if !self.attachments.is_keep() || !self.files.is_empty() {
            body.serialize_entry("attachments", &self.attachment_list())?;
        }
        write_unless_kept!(sticker_ids poll);
        body.end()
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
    /// The message becomes what the draft says: text, embeds and components that the draft has not
    /// are cleared. Attachments stay unless the draft has files. What Discord lets nobody change is
    /// left out: stickers, the message it replies to, `tts`, the nonce and the theme.
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
            poll: draft.poll.map_or(Patch::Keep, Patch::Set),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn attachments_stay_until_something_is_said_of_them() {
        let text = |edit: MessageEdit| String::from_utf8(json::encode(&edit)).unwrap();
        assert_eq!(text(MessageEdit::new()), "{}");
        assert_eq!(
            text(MessageEdit::new().without_attachments()),
            r#"{"attachments":[]}"#
        );
        let kept = KeptAttachment::new(Id::new(9)).spoiler(true);
        assert_eq!(
            text(MessageEdit::new().keep(kept)),
            r#"{"attachments":[{"id":"9","is_spoiler":true}]}"#
        );
        let replaced = MessageEdit::new().file(Upload::new("a", &b"a"[..]));
        assert_eq!(
            text(replaced),
            r#"{"attachments":[{"id":0,"filename":"a"}]}"#
        );
    }

    #[test]
    fn those_that_stay_and_those_that_come_are_counted_together() {
        let kept = (1..=10).fold(MessageEdit::new(), |edit, id| {
            edit.keep(KeptAttachment::new(Id::new(id)))
        });
        assert!(kept.clone().validate().is_ok());
        let told = kept.file(Upload::new("", &b""[..])).validate().unwrap_err();
        let paths: Vec<&str> = told.violations().iter().map(|v| &*v.path).collect();
        assert_eq!(paths, ["attachments", "attachments[10].filename"]);
    }

    #[test]
    fn a_message_that_becomes_one_of_components_loses_the_rest() {
        let components = vec![crate::TextDisplay::new("hi").into()];
        let edit = MessageEdit::new().components(components);
        let told = edit.clone().content("hi").validate().unwrap_err();
        assert_eq!(told.violations()[0].path, "content");
        let cleared = MessageEdit {
            content: Patch::Clear,
            ..edit
        };
        assert!(cleared.validate().is_ok());
    }
}
