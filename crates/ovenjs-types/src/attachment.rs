//! Files on messages: those that are there, and those on their way up.

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq};

use crate::{
    Application, Id, Report, Source, Text, Timestamp, User, Validate, limits,
    marker::AttachmentMarker,
};

/// A file on a message or in a command option.
///
/// Source: Discord, "Attachment Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// The attachment's id.
    pub id: Id<AttachmentMarker>,
    /// The file's name.
    #[serde(default)]
    pub filename: Text,
    /// The name as its author wrote it, where Discord changed it to make a file's name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// Its description, which screen readers read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<Text>,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// Where it can be downloaded.
    #[serde(default)]
    pub url: Text,
    /// The same through Discord's media proxy.
    #[serde(default)]
    pub proxy_url: Text,
    /// Height in pixels, for images and videos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Width in pixels, for images and videos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// A blurred preview as a thumbhash, for images and videos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
    /// In which version of the thumbhash the preview is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder_version: Option<u32>,
    /// Whether it belongs to an ephemeral message and will vanish.
    #[serde(default)]
    pub ephemeral: bool,
    /// Length in seconds, for audio and video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<f64>,
    /// The loudness of a voice message over time: bytes in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waveform: Option<Text>,
    /// Its flags.
    #[serde(default)]
    pub flags: AttachmentFlags,
    /// Who was in the stream that a clip shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clip_participants: Vec<User>,
    /// When a clip was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_created_at: Option<Timestamp>,
    /// What a clip's stream showed, where Discord knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Box<Application>>,
}

flags! {
    /// The flags of an attachment.
    pub struct AttachmentFlags as number {
        /// A clip of a stream.
        IS_CLIP = 0,
        /// The picture of a thread in a media channel: shown in the grid, not on the message.
        IS_THUMBNAIL = 1,
        IS_REMIX = 2,
        /// Blurred until it is clicked.
        IS_SPOILER = 3,
        IS_ANIMATED = 5,
    }
}

/// A file to be uploaded with a message. The struct is its own builder.
///
/// Source: Discord, "Attachment Request Structure".
///
/// ```
/// use ovenjs_types::{MessageDraft, Upload, json};
/// let crumbs = Upload::new("crumbs.txt", &b"..."[..]).description("what is left").spoiler();
/// assert_eq!(
///     json::encode(&MessageDraft::new().file(crumbs)),
///     br#"{"attachments":[{"id":0,"filename":"crumbs.txt","description":"what is left","is_spoiler":true}]}"#
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upload {
    /// The name under which it appears.
    pub filename: Text,
    /// Its bytes, where they are in memory.
    pub bytes: Bytes,
    /// Where its bytes come from, if not from memory: then [`bytes`](Self::bytes) are not sent.
    pub source: Option<Source>,
    /// A title, which may hold what a file's name may not.
    pub title: Option<Text>,
    /// Its description, which screen readers read; at most 1024 characters.
    pub description: Option<Text>,
    /// Length in seconds; a voice message must have it.
    pub duration_secs: Option<f64>,
    /// Loudness over time as bytes in base64; a voice message must have it.
    pub waveform: Option<Text>,
    /// Whether it is blurred until it is clicked.
    pub is_spoiler: bool,
    /// Whether it was made with the mobile app's remix.
    pub is_remix: bool,
}

impl Upload {
    /// A file of these bytes.
    pub fn new(filename: impl Into<Text>, bytes: impl Into<Bytes>) -> Self {
        Self {
            filename: filename.into(),
            bytes: bytes.into(),
            ..Self::default()
        }
    }

    /// A file whose bytes are read while they are sent.
    pub fn streamed(filename: impl Into<Text>, source: Source) -> Self {
        Self {
            filename: filename.into(),
            source: Some(source),
            ..Self::default()
        }
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<Text>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the description, which screen readers read.
    #[must_use]
    pub fn description(mut self, description: impl Into<Text>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Blurs it until it is clicked.
    #[must_use]
    pub const fn spoiler(mut self) -> Self {
        self.is_spoiler = true;
        self
    }

    /// Says what a voice message must say: its length, and its loudness as bytes in base64.
    #[must_use]
    pub fn voice(mut self, duration_secs: f64, waveform: impl Into<Text>) -> Self {
        self.duration_secs = Some(duration_secs);
        self.waveform = Some(waveform.into());
        self
    }
}

impl Validate for Upload {
    /// How large a file may be depends on the guild's boosts and is not checked here.
    fn check(&self, report: &mut Report) {
        let name = limits::ATTACHMENT_FILENAME_MIN..=limits::ATTACHMENT_FILENAME;
        report.length("filename", &self.filename, name);
        report.length_of("title", self.title.as_ref(), 0..=limits::ATTACHMENT_TITLE);
        check_description(self.description.as_ref(), report);
        if self
            .duration_secs
            .is_some_and(|secs| secs < 0.0 || secs.is_nan())
        {
            report.note("duration_secs", "is no length: measure it in seconds");
        }
        report.length_of(
            "waveform",
            self.waveform.as_ref(),
            0..=limits::ATTACHMENT_WAVEFORM,
        );
    }
}

impl Validate for KeptAttachment {
    fn check(&self, report: &mut Report) {
        report.length_of("title", self.title.as_ref(), 0..=limits::ATTACHMENT_TITLE);
        check_description(self.description.as_ref(), report);
    }
}

fn check_description(description: Option<&Text>, report: &mut Report) {
    report.length_of(
        "description",
        description,
        0..=limits::ATTACHMENT_DESCRIPTION,
    );
}

/// A file that stays on a message while the message is changed. The struct is its own builder.
///
/// What is not set stays as it is.
///
/// Source: Discord, "Attachment Request Structure".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAttachment {
    /// The attachment.
    pub id: Id<AttachmentMarker>,
    /// Its new title; at most 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// Its new description; at most 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Whether it is blurred from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_spoiler: Option<bool>,
}

impl KeptAttachment {
    /// Keeps an attachment as it is.
    #[must_use]
    pub const fn new(id: Id<AttachmentMarker>) -> Self {
        Self {
            id,
            title: None,
            description: None,
            is_spoiler: None,
        }
    }

    /// Gives it another title.
    #[must_use]
    pub fn title(mut self, title: impl Into<Text>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Gives it another description.
    #[must_use]
    pub fn description(mut self, description: impl Into<Text>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Blurs it until it is clicked, or no longer.
    #[must_use]
    pub const fn spoiler(mut self, is_spoiler: bool) -> Self {
        self.is_spoiler = Some(is_spoiler);
        self
    }
}

/// Discord's list of a message's attachments: those that stay, then those that come.
///
/// The bytes travel beside the JSON as `files[n]`, and `n` is the id that a new one has here.
#[derive(Debug)]
pub(crate) struct AttachmentList<'a> {
    pub(crate) kept: &'a [KeptAttachment],
    pub(crate) files: &'a [Upload],
}

impl AttachmentList<'_> {
    /// Checks the list and each of its elements, in the order in which Discord sees them.
    pub(crate) fn check(&self, report: &mut Report) {
        let count = self.kept.len() + self.files.len();
        report.amount(
            "attachments",
            count,
            0..=limits::MESSAGE_ATTACHMENTS,
            "attachments",
        );
        report.each("attachments", 0..count, |report, place| {
            match self.kept.get(place) {
                Some(kept) => kept.check(report),
                None => {
                    let file = self.files.get(place - self.kept.len());
                    file.into_iter().for_each(|file| file.check(report));
                }
            }
        });
    }
}

impl Serialize for AttachmentList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct New<'a> {
            id: usize,
            filename: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            title: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            description: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            duration_secs: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            waveform: Option<&'a str>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            is_spoiler: bool,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            is_remix: bool,
        }
        let mut list = serializer.serialize_seq(Some(self.kept.len() + self.files.len()))?;
        for kept in self.kept {
            list.serialize_element(kept)?;
        }
        for (id, file) in self.files.iter().enumerate() {
            list.serialize_element(&New {
                id,
                filename: &file.filename,
                title: file.title.as_deref(),
                description: file.description.as_deref(),
                duration_secs: file.duration_secs,
                waveform: file.waveform.as_deref(),
                is_spoiler: file.is_spoiler,
                is_remix: file.is_remix,
            })?;
        }
        list.end()
    }
}

/// Writes a draft's files as its list of attachments.
pub(crate) fn new_files<S: Serializer>(files: &[Upload], serializer: S) -> Result<S::Ok, S::Error> {
    AttachmentList { kept: &[], files }.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_clip_tells_who_was_there_and_a_voice_message_how_it_sounds() {
        let text = br#"{"id":"1","filename":"clip.mp4","size":9,"url":"u","proxy_url":"p",
            "ephemeral":false,"flags":129,"waveform":"AAA=","duration_secs":1.5,
            "clip_created_at":"2026-01-31T12:00:00.000000+00:00",
            "clip_participants":[{"id":"2","username":"ann"}],"application":null,"title":null}"#;
        let clip: Attachment = json::decode(text, &mut json::Scratch::new()).unwrap();
        assert!(clip.flags.contains(AttachmentFlags::IS_CLIP));
        assert_eq!(clip.clip_participants[0].username, "ann");
        let written: serde_json::Value = serde_json::to_value(&clip).unwrap();
        assert_eq!(written["flags"], 129);
        assert_eq!(written["waveform"], "AAA=");
        assert_eq!(
            written["clip_created_at"],
            "2026-01-31T12:00:00.000000+00:00"
        );
    }
}
