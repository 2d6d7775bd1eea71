//! Embeds: the framed boxes in messages.

use serde::{Deserialize, Serialize};

use crate::{Component, Report, Text, Timestamp, Validate, limits};

/// A framed box in a message. The struct is its own builder.
///
/// All embeds of a message together may hold 6000 characters.
///
/// Source: Discord, "Embed Object".
///
/// ```
/// use ovenjs_types::{Embed, EmbedAuthor, json};
/// let embed = Embed::new()
///     .title("Feedback")
///     .field("topic", "docs", true)
///     .author(EmbedAuthor::new("Ann").icon_url("attachment://ann.png"))
///     .image("https://example.com/oven.png")
///     .color(0xE0_5D_44);
/// assert_eq!(embed.fields[0].value, "docs");
/// assert_eq!(embed.image.unwrap().url.as_deref(), Some("https://example.com/oven.png"));
/// assert_eq!(json::encode(&Embed::new().title("x")), br#"{"title":"x"}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Embed {
    /// The title; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// What it was made from; Discord fills it in, [`EmbedType::Rich`] for a bot's.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<EmbedType>,
    /// The text; at most 4096 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Where the title leads. Of several embeds with the same, only the first is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
    /// The time shown in the footer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The colour of the edge, as `0xRRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<u32>,
    /// The last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<EmbedFooter>,
    /// The large picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Box<EmbedMedia>>,
    /// The small picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Box<EmbedMedia>>,
    /// A video; only Discord makes these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<Box<EmbedMedia>>,
    /// Whose page is shown; only Discord makes these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Box<EmbedProvider>>,
    /// The line above the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<EmbedAuthor>,
    /// Titled texts, at most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<EmbedField>,
    /// Its flags; only Discord sets these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<EmbedFlags>,
    /// What it shows as components; only Discord makes these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

impl Embed {
    /// An empty embed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<Text>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the text.
    #[must_use]
    pub fn description(mut self, description: impl Into<Text>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets where the title leads.
    #[must_use]
    pub fn url(mut self, url: impl Into<Text>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets the time shown in the footer.
    #[must_use]
    pub fn timestamp(mut self, timestamp: impl Into<Timestamp>) -> Self {
        self.timestamp = Some(timestamp.into());
        self
    }

    /// Sets the colour of the edge, as `0xRRGGBB`.
    #[must_use]
    pub const fn color(mut self, color: u32) -> Self {
        self.color = Some(color);
        self
    }

    /// Adds a titled text, beside its neighbours where `inline`.
    #[must_use]
    pub fn field(mut self, name: impl Into<Text>, value: impl Into<Text>, inline: bool) -> Self {
        self.fields.push(EmbedField {
            name: name.into(),
            value: value.into(),
            inline,
        });
        self
    }

    /// Sets the last line: a text, or an [`EmbedFooter`] with an icon.
    #[must_use]
    pub fn footer(mut self, footer: impl Into<EmbedFooter>) -> Self {
        self.footer = Some(footer.into());
        self
    }

    /// Sets the line above the title: a name, or an [`EmbedAuthor`] with an icon or a link.
    #[must_use]
    pub fn author(mut self, author: impl Into<EmbedAuthor>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Sets the large picture: a URL, or an [`EmbedMedia`] with a description.
    ///
    /// `attachment://name.png` shows a file that is sent with the message.
    #[must_use]
    pub fn image(mut self, image: impl Into<EmbedMedia>) -> Self {
        self.image = Some(Box::new(image.into()));
        self
    }

    /// Sets the small picture, as [`image`](Self::image) does the large one.
    #[must_use]
    pub fn thumbnail(mut self, thumbnail: impl Into<EmbedMedia>) -> Self {
        self.thumbnail = Some(Box::new(thumbnail.into()));
        self
    }
}

impl Validate for Embed {
    fn check(&self, report: &mut Report) {
        self.check_parts(report);
        report.amount(
            "",
            self.characters(),
            0..=limits::MESSAGE_EMBED_TOTAL,
            "characters",
        );
    }
}

/// Checks all embeds of a message: their number, each of them, and their texts together.
pub(crate) fn check_all(embeds: &[Embed], report: &mut Report) {
    report.amount("embeds", embeds.len(), 0..=limits::MESSAGE_EMBEDS, "embeds");
    report.each("embeds", embeds, |report, embed| embed.check_parts(report));
    let total = embeds.iter().map(Embed::characters).sum();
    report.amount(
        "embeds",
        total,
        0..=limits::MESSAGE_EMBED_TOTAL,
        "characters",
    );
}

impl Embed {
    /// The characters that count towards the 6000 of a message.
    #[must_use]
    pub fn characters(&self) -> usize {
        let fields = self
            .fields
            .iter()
            .flat_map(|field| [&field.name, &field.value]);
        let single = [
            self.title.as_ref(),
            self.description.as_ref(),
            self.footer.as_ref().map(|footer| &footer.text),
            self.author.as_ref().map(|author| &author.name),
        ];
        let texts = single.into_iter().flatten().chain(fields);
        texts.map(|text| text.trim().chars().count()).sum()
    }

    fn check_parts(&self, report: &mut Report) {
        let text = |report: &mut Report, field: &str, text: Option<&Text>, most| {
            // Discord trims these before it counts.
            report.length(field, text.map_or("", |text| text.trim()), 0..=most);
        };
        let url = |report: &mut Report, field: &str, url: Option<&Text>| {
            report.length_of(field, url, 0..=limits::EMBED_URL);
        };
        text(report, "title", self.title.as_ref(), limits::EMBED_TITLE);
        text(
            report,
            "description",
            self.description.as_ref(),
            limits::EMBED_DESCRIPTION,
        );
        url(report, "url", self.url.as_ref());
        report.number_of("color", self.color, 0..=WHITE);
        if let Some(footer) = &self.footer {
            report.field("footer", |report| {
                text(report, "text", Some(&footer.text), limits::EMBED_FOOTER);
                url(report, "icon_url", footer.icon_url.as_ref());
            });
        }
        let pictures = [("image", &self.image), ("thumbnail", &self.thumbnail)];
        for (name, picture) in pictures {
            let Some(picture) = picture else { continue };
            report.field(name, |report| {
                url(report, "url", picture.url.as_ref());
                let description = picture.description.as_ref();
                report.length_of(
                    "description",
                    description,
                    0..=limits::EMBED_MEDIA_DESCRIPTION,
                );
            });
        }
        if let Some(author) = &self.author {
            report.field("author", |report| {
                text(report, "name", Some(&author.name), limits::EMBED_AUTHOR);
                url(report, "url", author.url.as_ref());
                url(report, "icon_url", author.icon_url.as_ref());
            });
        }
        report.amount(
            "fields",
            self.fields.len(),
            0..=limits::EMBED_FIELDS,
            "fields",
        );
        report.each("fields", &self.fields, |report, field| {
            text(report, "name", Some(&field.name), limits::EMBED_FIELD_NAME);
            text(
                report,
                "value",
                Some(&field.value),
                limits::EMBED_FIELD_VALUE,
            );
        });
    }
}

/// The greatest colour.
const WHITE: u64 = 0xFF_FF_FF;

open_str! {
    /// What an embed was made from.
    pub enum EmbedType {
        /// Made of fields, as bots do.
        Rich = "rich",
        Image = "image",
        Video = "video",
        /// An animated GIF, shown as a video.
        Gifv = "gifv",
        Article = "article",
        Link = "link",
        /// How a poll ended; see [`PollOutcome`](crate::PollOutcome).
        PollResult = "poll_result",
    }
}

flags! {
    /// The flags of an embed.
    pub struct EmbedFlags as number {
        /// Stands for the activity card to which the message replies.
        IS_CONTENT_INVENTORY_ENTRY = 5,
    }
}

/// A titled text in an embed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedField {
    /// The title; at most 256 characters.
    #[serde(default)]
    pub name: Text,
    /// The text; at most 1024 characters.
    #[serde(default)]
    pub value: Text,
    /// Whether it stands beside its neighbours.
    #[serde(default)]
    pub inline: bool,
}

/// The last line of an embed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedFooter {
    /// The text; at most 2048 characters.
    #[serde(default)]
    pub text: Text,
    /// A small picture: `https://…` or `attachment://…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<Text>,
    /// The picture through Discord's media proxy; only Discord sets this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_icon_url: Option<Text>,
}

impl EmbedFooter {
    /// A line of text.
    pub fn new(text: impl Into<Text>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Sets the small picture before the text.
    #[must_use]
    pub fn icon_url(mut self, url: impl Into<Text>) -> Self {
        self.icon_url = Some(url.into());
        self
    }
}

/// The line above an embed's title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedAuthor {
    /// The name; at most 256 characters.
    #[serde(default)]
    pub name: Text,
    /// Where the name leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
    /// A small picture: `https://…` or `attachment://…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<Text>,
    /// The picture through Discord's media proxy; only Discord sets this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_icon_url: Option<Text>,
}

impl EmbedAuthor {
    /// A name.
    pub fn new(name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets where the name leads.
    #[must_use]
    pub fn url(mut self, url: impl Into<Text>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets the small picture before the name.
    #[must_use]
    pub fn icon_url(mut self, url: impl Into<Text>) -> Self {
        self.icon_url = Some(url.into());
        self
    }
}

/// Lets a bare text stand for the struct whose first field it is.
macro_rules! from_text {
    ($($name:ident)+) => {$(
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    )+};
}
from_text!(EmbedFooter EmbedAuthor EmbedMedia);

/// A picture or video in an embed. A bot sets URL and description; Discord finds out the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedMedia {
    /// Where it is: `https://…` or `attachment://…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
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
    /// A blurred preview as a thumbhash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Text>,
    /// In which version of the thumbhash the preview is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder_version: Option<u32>,
    /// Its description, which screen readers read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Its flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<EmbedMediaFlags>,
}

impl EmbedMedia {
    /// What is found at this URL.
    pub fn new(url: impl Into<Text>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// Sets the description, which screen readers read.
    #[must_use]
    pub fn description(mut self, description: impl Into<Text>) -> Self {
        self.description = Some(description.into());
        self
    }
}

flags! {
    /// The flags of a picture or video in an embed.
    pub struct EmbedMediaFlags as number {
        IS_ANIMATED = 5,
    }
}

/// Whose page an embed shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedProvider {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Where the name leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn what_discord_finds_out_about_a_page_is_kept() {
        let text = r#"{"title":"x","type":"hologram","image":{"url":"u","proxy_url":"p","height":3,"width":4,"content_type":"image/webp","placeholder":"AA","placeholder_version":1,"description":"d","flags":160},"provider":{"name":"Oven"},"author":{"name":"Ann","proxy_icon_url":"q"},"flags":33}"#;
        let embed: Embed = json::decode(text.as_bytes(), &mut json::Scratch::new()).unwrap();
        assert_eq!(embed.kind, Some(EmbedType::Unknown("hologram".into())));
        assert!(
            embed
                .flags
                .unwrap()
                .contains(EmbedFlags::IS_CONTENT_INVENTORY_ENTRY)
        );
        assert_eq!(embed.image.as_ref().unwrap().flags.unwrap().bits(), 160);
        let (ours, theirs): (serde_json::Value, serde_json::Value) = (
            serde_json::to_value(&embed).unwrap(),
            serde_json::from_str(text).unwrap(),
        );
        assert_eq!(ours, theirs);
    }

    #[test]
    fn what_discord_trims_does_not_count() {
        let padded = Embed::new().title(format!("  {}  ", "x".repeat(256)));
        assert_eq!(padded.characters(), 256);
        assert!(padded.validate().is_ok());
        let long = Embed::new().title("x".repeat(257)).validate().unwrap_err();
        let [title] = long.violations() else {
            panic!("{long}")
        };
        assert_eq!((&*title.path, title.measure.unwrap().value), ("title", 257));
    }

    #[test]
    fn each_part_may_be_within_its_limit_and_the_whole_beyond_it() {
        let mut embed = Embed::new().description("x".repeat(4096));
        assert!(embed.clone().validate().is_ok());
        for _ in 0..2 {
            embed = embed.field("n", "x".repeat(1024), false);
        }
        let whole = embed.validate().unwrap_err();
        assert_eq!(
            whole.violations()[0].measure.unwrap().value,
            4096 + 2 * 1025
        );
        assert_eq!(whole.violations().len(), 1);
    }

    #[test]
    fn all_that_is_too_long_is_told_at_once() {
        let long = "x".repeat(5000);
        let mut embed = Embed::new()
            .author(EmbedAuthor::new(&*long).icon_url(&*long))
            .footer(&*long)
            .image(EmbedMedia::new(&*long).description(&*long))
            .color(0x01_00_00_00);
        for _ in 0..26 {
            embed = embed.field(&*long, "v", true);
        }
        let told = embed.validate().unwrap_err();
        let paths: Vec<&str> = told.violations().iter().map(|v| &*v.path).collect();
        let first = [
            "color",
            "footer.text",
            "image.url",
            "image.description",
            "author.name",
        ];
        assert_eq!(paths[..5], first);
        assert_eq!(paths[5..8], ["author.icon_url", "fields", "fields[0].name"]);
    }
}
