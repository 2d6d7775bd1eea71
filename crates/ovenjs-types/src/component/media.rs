//! Pictures, videos and files in messages.

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::{
    Id, Report, Text, Validate, limits,
    marker::{AttachmentMarker, GenericMarker},
};

/// A small picture, beside the texts of a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Thumbnail {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<11>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The picture.
    pub media: UnfurledMedia,
    /// What it shows, for those who do not see it; at most 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Whether it is hidden until clicked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoiler: bool,
}

impl Thumbnail {
    /// The picture at this address.
    pub fn new(media: impl Into<UnfurledMedia>) -> Self {
        Self {
            kind: Kind,
            id: None,
            media: media.into(),
            description: None,
            spoiler: false,
        }
    }

    /// Says what it shows.
    #[must_use]
    pub fn description(mut self, text: impl Into<Text>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Hides it until clicked.
    #[must_use]
    pub const fn spoiler(mut self) -> Self {
        self.spoiler = true;
        self
    }
}

impl Validate for Thumbnail {
    fn check(&self, report: &mut Report) {
        report.field("media", |report| self.media.check(report));
        let range = limits::THUMBNAIL_DESCRIPTION_MIN..=limits::THUMBNAIL_DESCRIPTION;
        report.length_of("description", self.description.as_ref(), range);
    }
}

/// 1 to 10 pictures and videos.
///
/// ```
/// use ovenjs_types::{MediaGallery, MediaGalleryItem};
/// let gallery = MediaGallery::new([
///     MediaGalleryItem::new("https://example.com/rye.png").description("A loaf of rye"),
///     MediaGalleryItem::new("attachment://oat.png").spoiler(),
/// ]);
/// assert_eq!(gallery.items.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaGallery {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<12>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The pictures and videos; 1 to 10.
    #[serde(default)]
    pub items: Vec<MediaGalleryItem>,
}

impl MediaGallery {
    /// These pictures and videos.
    pub fn new(items: impl IntoIterator<Item = impl Into<MediaGalleryItem>>) -> Self {
        Self {
            kind: Kind,
            id: None,
            items: items.into_iter().map(Into::into).collect(),
        }
    }
}

impl Validate for MediaGallery {
    fn check(&self, report: &mut Report) {
        let range = limits::COMPONENTS_MEDIA_GALLERY_MIN..=limits::COMPONENTS_MEDIA_GALLERY;
        report.amount("items", self.items.len(), range, "items");
        report.each("items", &self.items, |report, item| item.check(report));
    }
}

/// A picture or video of a gallery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaGalleryItem {
    /// The picture or video.
    pub media: UnfurledMedia,
    /// What it shows, for those who do not see it; at most 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Whether it is hidden until clicked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoiler: bool,
}

impl MediaGalleryItem {
    /// The picture or video at this address.
    pub fn new(media: impl Into<UnfurledMedia>) -> Self {
        Self {
            media: media.into(),
            description: None,
            spoiler: false,
        }
    }

    /// Says what it shows.
    #[must_use]
    pub fn description(mut self, text: impl Into<Text>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Hides it until clicked.
    #[must_use]
    pub const fn spoiler(mut self) -> Self {
        self.spoiler = true;
        self
    }
}

impl From<&str> for MediaGalleryItem {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<UnfurledMedia> for MediaGalleryItem {
    fn from(media: UnfurledMedia) -> Self {
        Self::new(media)
    }
}

impl Validate for MediaGalleryItem {
    fn check(&self, report: &mut Report) {
        report.field("media", |report| self.media.check(report));
        let range = limits::MEDIA_DESCRIPTION_MIN..=limits::MEDIA_DESCRIPTION;
        report.length_of("description", self.description.as_ref(), range);
    }
}

/// A file to download, uploaded with the message.
///
/// ```
/// use ovenjs_types::{File, Validate};
/// assert_eq!(File::attached("recipe.pdf").file.url, "attachment://recipe.pdf");
///
/// let mut elsewhere = File::attached("recipe.pdf");
/// elsewhere.file.url = "https://example.com/recipe.pdf".into();
/// assert_eq!(elsewhere.validate().unwrap_err().violations()[0].path, "file.url");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct File {
    /// Discord's type number.
    #[serde(rename = "type")]
    pub kind: Kind<13>,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// The file; a bot can only show what it uploads with the message.
    pub file: UnfurledMedia,
    /// Whether it is hidden until clicked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoiler: bool,
    /// Its name; Discord's to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Its size in bytes; Discord's to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl File {
    /// The file that is uploaded under this name with the message.
    pub fn attached(filename: impl AsRef<str>) -> Self {
        Self {
            kind: Kind,
            id: None,
            file: UnfurledMedia::attached(filename),
            spoiler: false,
            name: None,
            size: None,
        }
    }

    /// Hides it until clicked.
    #[must_use]
    pub const fn spoiler(mut self) -> Self {
        self.spoiler = true;
        self
    }
}

impl Validate for File {
    fn check(&self, report: &mut Report) {
        report.field("file", |report| {
            self.file.check(report);
            if !self.file.url.starts_with(ATTACHED) {
                let words = "leads elsewhere, but a file is uploaded with its message: write `attachment://` and the name of the upload";
                report.note("url", words);
            }
        });
    }
}

/// A picture, video or file, as Discord found it. A bot says the address alone.
///
/// Source: Discord, "Unfurled Media Item".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnfurledMedia {
    /// Where it is: `https://…`, or `attachment://…` for an upload of the same message. At most
    /// 2048 characters.
    pub url: Text,
    /// The same through Discord's media proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<Text>,
    /// Height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<Text>,
    /// The upload which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<Id<AttachmentMarker>>,
    /// Discord's own id for what it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<GenericMarker>>,
    /// A blurred preview as a thumbhash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
    /// In which version of the thumbhash the preview is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder_version: Option<u32>,
    /// Its flags, none of which has a name in Discord's documentation of components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<UnfurledMediaFlags>,
}

impl UnfurledMedia {
    /// What is at this address.
    pub fn new(url: impl Into<Text>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    /// What is uploaded under this name with the message.
    pub fn attached(filename: impl AsRef<str>) -> Self {
        Self::new(format!("{ATTACHED}{}", filename.as_ref()))
    }
}

impl From<&str> for UnfurledMedia {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<Text> for UnfurledMedia {
    fn from(url: Text) -> Self {
        Self::new(url)
    }
}

impl From<String> for UnfurledMedia {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl Validate for UnfurledMedia {
    fn check(&self, report: &mut Report) {
        report.length("url", &self.url, 1..=limits::MEDIA_URL);
    }
}

flags! {
    /// What is special about a picture, video or file in a component.
    ///
    /// Source: Discord, "Unfurled Media Item Flags".
    pub struct UnfurledMediaFlags as number {
        /// A picture that moves.
        IS_ANIMATED = 0,
    }
}

/// How an upload of the same message is written as an address.
const ATTACHED: &str = "attachment://";
