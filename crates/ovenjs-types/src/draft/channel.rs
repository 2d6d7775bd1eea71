//! Channels and threads to be made.

use serde::{Deserialize, Serialize};

use crate::{
    ChannelFlags, ChannelType, DefaultReaction, ForumLayout, Id, MessageDraft, Overwrite, Text,
    ThreadAutoArchiveDuration, ThreadSearchTagSetting, ThreadSortOrder, VideoQualityMode,
    form::{amount, each, length, number},
    limits,
    marker::{ChannelMarker, EmojiMarker, TagMarker},
};

form! {
    exported channel_draft =>
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
    pub struct ChannelDraft
    must {
        /// Its name; 1 to 100 characters.
        name: Text = length(limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME),
    }
    may {
        /// Its type; a text channel where absent.
        #[serde(rename = "type")]
        kind: Option<ChannelType>,
        /// What it is about; at most 1024 characters, 4096 in forums and media channels.
        topic: Option<Text>,
        /// Its flags; of a forum or media channel,
        /// [`REQUIRE_TAG`](ChannelFlags::REQUIRE_TAG) asks for a tag on each post.
        flags: ChannelFlags,
        /// Bits per second, of a voice channel.
        bitrate: Option<u32>,
        /// How many may be in it, of a voice channel; 0 for any number.
        user_limit: Option<u32>,
        /// Seconds between two messages of a member; at most 21600, six hours.
        rate_limit_per_user: Option<u32> = number(0..=limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS),
        /// Its place in the list.
        position: Option<u32>,
        /// Who may do what there beside the roles; at most 100.
        permission_overwrites: Vec<Overwrite> = amount(0..=limits::CHANNEL_OVERWRITES, "overwrites"),
        /// The category it stands in.
        parent_id: Option<Id<ChannelMarker>>,
        /// Whether it is age-restricted.
        nsfw: bool,
        /// The voice region; chosen by Discord where absent.
        rtc_region: Option<Text>,
        /// The quality of video.
        video_quality_mode: Option<VideoQualityMode>,
        /// After how many minutes without a message its threads leave the list.
        default_auto_archive_duration: Option<ThreadAutoArchiveDuration>,
        /// The emoji on the button that reacts to a post.
        default_reaction_emoji: Option<DefaultReaction>,
        /// The tags of a forum; at most 20.
        available_tags: Vec<ForumTagDraft> = each(0..=limits::FORUM_TAGS, "tags"),
        /// How posts are sorted.
        default_sort_order: Option<ThreadSortOrder>,
        /// How posts are laid out.
        default_forum_layout: Option<ForumLayout>,
        /// Whether a search asks for any or all of the tags chosen.
        default_tag_setting: Option<ThreadSearchTagSetting>,
        /// Seconds between two messages of a member in its new threads; at most 21600.
        default_thread_rate_limit_per_user: Option<u32> = number(0..=limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS),
    }
    also |it, report| {
        // A forum explains itself at more length.
        let of_posts = [Some(ChannelType::GuildForum), Some(ChannelType::GuildMedia)];
        let most = if of_posts.contains(&it.kind) {
            limits::FORUM_TOPIC
        } else {
            limits::CHANNEL_TOPIC
        };
        report.length_of("topic", it.topic.as_ref(), 0..=most);
    };
}

form! {
    part =>
    /// A tag of a forum to be made.
    ///
    /// Source: Discord, "Forum Tag Object".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ForumTagDraft
    must {
        /// Its name; at most 50 characters.
        name: Text = length(0..=limits::FORUM_TAG_NAME),
    }
    may {
        /// The tag that it changes, in a list that replaces all tags; a new one where absent.
        id: Option<Id<TagMarker>>,
        /// Whether only those with `MANAGE_THREADS` may set it.
        moderated: bool,
        /// Its custom emoji.
        emoji_id: Option<Id<EmojiMarker>>,
        /// Its Unicode emoji.
        emoji_name: Option<Text>,
    }
    also |it, report| {
        if it.emoji_id.is_some() && it.emoji_name.is_some() {
            let repair = "is set beside emoji_id: take one of them away";
            report.note("emoji_name", repair);
        }
    };
}

form! {
    exported thread_draft =>
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
    pub struct ThreadDraft
    must {
        /// Its name; 1 to 100 characters.
        name: Text = length(limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME),
    }
    may {
        /// Its type; a private thread where absent. Posts have none.
        #[serde(rename = "type")]
        kind: Option<ChannelType>,
        /// After how many minutes without a message it leaves the list.
        auto_archive_duration: Option<ThreadAutoArchiveDuration>,
        /// Seconds between two messages of a member; at most 21600, six hours.
        rate_limit_per_user: Option<u32> = number(0..=limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS),
        /// Whether those who are no moderators may add others to a private thread.
        invitable: Option<bool>,
        /// The first message of a post.
        message: Option<Box<MessageDraft>>,
        /// The tags of a post; at most 5.
        applied_tags: Vec<Id<TagMarker>> = amount(0..=limits::THREAD_TAGS, "tags"),
    }
    also |it, report| {
        if let Some(message) = &it.message {
            report.field("message", |report| message.check(report));
        }
    };
}
