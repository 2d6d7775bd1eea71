//! Channels and threads to be made.

use serde::{Deserialize, Serialize};

use crate::{
    ChannelFlags, ChannelType, DefaultReaction, ForumLayout, Id, MessageDraft, Overwrite, Report,
    Text, ThreadAutoArchiveDuration, ThreadSearchTagSetting, ThreadSortOrder, Validate,
    VideoQualityMode, limits,
    marker::{ChannelMarker, EmojiMarker, TagMarker},
};

/// A channel to be made in a guild. What is not set is as Discord has it by default.
///
/// Source: Discord, "Create Guild Channel".
///
/// ```
/// use ovenjs_types::{ChannelDraft, ChannelType, Validate};
/// let talk = ChannelDraft { topic: Some("Bread".into()), ..ChannelDraft::new("talk") };
/// assert!(talk.validate().is_ok());
///
/// let long = ChannelDraft { topic: Some("x".repeat(1025).into()), ..ChannelDraft::new("talk") };
/// assert!(long.clone().validate().is_err());
/// // A forum explains itself at more length.
/// let forum = ChannelDraft { kind: Some(ChannelType::GuildForum), ..long };
/// assert!(forum.validate().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelDraft {
    /// Its name; 1 to 100 characters.
    pub name: Text,
    /// Its type; a text channel where absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChannelType>,
    /// What it is about; at most 1024 characters, 4096 in forums and media channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Text>,
    /// Its flags; of a forum or media channel,
    /// [`REQUIRE_TAG`](ChannelFlags::REQUIRE_TAG) asks for a tag on each post.
    #[serde(skip_serializing_if = "is_none")]
    pub flags: ChannelFlags,
    /// Bits per second, of a voice channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u32>,
    /// How many may be in it, of a voice channel; 0 for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_limit: Option<u32>,
    /// Seconds between two messages of a member; at most 21600, six hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_user: Option<u32>,
    /// Its place in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// Who may do what there beside the roles; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permission_overwrites: Vec<Overwrite>,
    /// The category it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// Whether it is age-restricted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nsfw: bool,
    /// The voice region; chosen by Discord where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtc_region: Option<Text>,
    /// The quality of video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_quality_mode: Option<VideoQualityMode>,
    /// After how many minutes without a message its threads leave the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_auto_archive_duration: Option<ThreadAutoArchiveDuration>,
    /// The emoji on the button that reacts to a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_reaction_emoji: Option<DefaultReaction>,
    /// The tags of a forum; at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_tags: Vec<ForumTagDraft>,
    /// How posts are sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_sort_order: Option<ThreadSortOrder>,
    /// How posts are laid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_forum_layout: Option<ForumLayout>,
    /// Whether a search asks for any or all of the tags chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_tag_setting: Option<ThreadSearchTagSetting>,
    /// Seconds between two messages of a member in its new threads; at most 21600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_thread_rate_limit_per_user: Option<u32>,
}

fn is_none(flags: &ChannelFlags) -> bool {
    flags.is_empty()
}

impl ChannelDraft {
    /// A text channel of this name.
    pub fn new(name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

impl Validate for ChannelDraft {
    fn check(&self, report: &mut Report) {
        check_name(&self.name, report);
        let of_posts = matches!(
            self.kind,
            Some(ChannelType::GuildForum | ChannelType::GuildMedia)
        );
        let topic = if of_posts {
            limits::FORUM_TOPIC
        } else {
            limits::CHANNEL_TOPIC
        };
        report.length_of("topic", self.topic.as_ref(), 0..=topic);
        check_slowmode("rate_limit_per_user", self.rate_limit_per_user, report);
        let name = "default_thread_rate_limit_per_user";
        check_slowmode(name, self.default_thread_rate_limit_per_user, report);
        let count = self.permission_overwrites.len();
        let most = limits::CHANNEL_OVERWRITES;
        report.amount("permission_overwrites", count, 0..=most, "overwrites");
        let count = self.available_tags.len();
        report.amount("available_tags", count, 0..=limits::FORUM_TAGS, "tags");
        report.each("available_tags", &self.available_tags, |report, tag| {
            tag.check(report);
        });
    }
}

/// A tag of a forum to be made.
///
/// Source: Discord, "Forum Tag Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForumTagDraft {
    /// Its name; at most 50 characters.
    pub name: Text,
    /// Whether only those with `MANAGE_THREADS` may set it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub moderated: bool,
    /// Its custom emoji.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji_id: Option<Id<EmojiMarker>>,
    /// Its Unicode emoji.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji_name: Option<Text>,
}

impl Validate for ForumTagDraft {
    fn check(&self, report: &mut Report) {
        report.length("name", &self.name, 0..=limits::FORUM_TAG_NAME);
        if self.emoji_id.is_some() && self.emoji_name.is_some() {
            report.note(
                "emoji_name",
                "is set beside emoji_id: take one of them away",
            );
        }
    }
}

/// A thread to be made, or a post in a forum, which begins with a message.
///
/// Source: Discord, "Start Thread without Message" and "Start Thread in Forum or Media Channel".
///
/// ```
/// use ovenjs_types::{MessageDraft, ThreadDraft, Validate};
/// let post = ThreadDraft::new("Rye").message(MessageDraft::from("How long?"));
/// assert!(post.validate().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThreadDraft {
    /// Its name; 1 to 100 characters.
    pub name: Text,
    /// Its type; a private thread where absent. Posts have none.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChannelType>,
    /// After how many minutes without a message it leaves the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_archive_duration: Option<ThreadAutoArchiveDuration>,
    /// Seconds between two messages of a member; at most 21600, six hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_user: Option<u32>,
    /// Whether those who are no moderators may add others to a private thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitable: Option<bool>,
    /// The first message of a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<MessageDraft>>,
    /// The tags of a post; at most 5.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applied_tags: Vec<Id<TagMarker>>,
}

impl ThreadDraft {
    /// A thread of this name.
    pub fn new(name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Makes it a post that begins with this message.
    #[must_use]
    pub fn message(mut self, message: MessageDraft) -> Self {
        self.message = Some(Box::new(message));
        self
    }
}

impl Validate for ThreadDraft {
    fn check(&self, report: &mut Report) {
        check_name(&self.name, report);
        check_slowmode("rate_limit_per_user", self.rate_limit_per_user, report);
        if let Some(message) = &self.message {
            report.field("message", |report| message.check(report));
        }
        let tags = self.applied_tags.len();
        report.amount("applied_tags", tags, 0..=limits::THREAD_TAGS, "tags");
    }
}

fn check_name(name: &str, report: &mut Report) {
    let range = limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME;
    report.length("name", name, range);
}

fn check_slowmode(field: &str, seconds: Option<u32>, report: &mut Report) {
    let most = u64::try_from(limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS).unwrap_or(u64::MAX);
    report.number_of(field, seconds, 0..=most);
}
