//! Channels: what they are, who may do what there, their invites and their voice.

use ovenjs_types::{
    Channel, ChannelFlags, ChannelType, DataUri, DefaultReaction, FollowedChannel, ForumLayout,
    ForumTagDraft, Id, Invite, InviteDraft, Overwrite, OverwriteType, Patch, Permissions, Secret,
    Text, ThreadAutoArchiveDuration, ThreadSearchTagSetting, ThreadSortOrder, VideoQualityMode,
    form::{amount, each, length, number, picture},
    limits,
    marker::{ChannelMarker, GenericMarker, GuildMarker, TagMarker, UserMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, exposed_option, json_answers, sent_as, setters_of};

endpoint! {
    /// A channel or thread.
    Get "/channels/{channel_id}" as GetChannel -> Channel {
        fn channel(channel_id: Id<ChannelMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Changes a channel or thread. A channel needs `MANAGE_CHANNELS`, a thread `MANAGE_THREADS`.
    Patch "/channels/{channel_id}" as EditChannel -> Channel {
        fn edit_channel(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: ChannelEdit;
        takes reason;
    }
}

body! {
    /// A change of a channel or thread: what is not set stays as it is.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct ChannelEdit
    may {
        /// Its name; 1 to 100 characters.
        name: Option<Text> = length(limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME),
        /// The icon of a group.
        icon: Patch<DataUri> = picture,
        /// Its type: text channels become announcements and back.
        #[serde(rename = "type")]
        kind: Patch<ChannelType>,
        /// Its place in the list.
        position: Patch<u32>,
        /// What it is about; at most 1024 characters, 4096 in forums and media channels.
        topic: Patch<Text> = length(0..=limits::FORUM_TOPIC),
        /// Whether it is age-restricted.
        nsfw: Patch<bool>,
        /// Seconds between two messages of a member; at most 21600, six hours.
        rate_limit_per_user: Patch<u32> = number(0..=limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS),
        /// Bits per second, of a voice channel; at least 8000.
        bitrate: Patch<u32> = number(8000..=usize::MAX),
        /// How many may be in it, of a voice channel; 0 for any number.
        user_limit: Patch<u32>,
        /// Who may do what there beside the roles; at most 100.
        permission_overwrites: Patch<Vec<Overwrite>> = amount(0..=limits::CHANNEL_OVERWRITES, "overwrites"),
        /// The category it stands in.
        parent_id: Patch<Id<ChannelMarker>>,
        /// The voice region; chosen by Discord where it is cleared.
        rtc_region: Patch<Text>,
        /// The quality of video.
        video_quality_mode: Patch<VideoQualityMode>,
        /// After how many minutes without a message its threads leave the list.
        default_auto_archive_duration: Patch<ThreadAutoArchiveDuration>,
        /// Its flags: `REQUIRE_TAG` of a forum, `PINNED` of a post.
        flags: Patch<ChannelFlags>,
        /// The tags of a forum; at most 20.
        available_tags: Patch<Vec<ForumTagDraft>> = each(0..=limits::FORUM_TAGS, "tags"),
        /// The emoji on the button that reacts to a post.
        default_reaction_emoji: Patch<DefaultReaction>,
        /// Seconds between two messages of a member in its new threads; at most 21600.
        default_thread_rate_limit_per_user: Patch<u32> = number(0..=limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS),
        /// How posts are sorted.
        default_sort_order: Patch<ThreadSortOrder>,
        /// How posts are laid out.
        default_forum_layout: Patch<ForumLayout>,
        /// Whether a search asks for any or all of the tags chosen.
        default_tag_setting: Patch<ThreadSearchTagSetting>,
        /// Whether a thread is archived.
        archived: Patch<bool>,
        /// After how many minutes without a message a thread leaves the list.
        auto_archive_duration: Patch<ThreadAutoArchiveDuration>,
        /// Whether only moderators may open a thread again.
        locked: Patch<bool>,
        /// Whether those who are no moderators may add others to a private thread.
        invitable: Patch<bool>,
        /// The tags of a post; at most 5.
        applied_tags: Patch<Vec<Id<TagMarker>>> = amount(0..=limits::THREAD_TAGS, "tags"),
    }
}

endpoint! {
    /// Deletes a channel or thread, or closes a direct message. It cannot be taken back. A channel
    /// needs `MANAGE_CHANNELS`, a thread `MANAGE_THREADS`.
    Delete "/channels/{channel_id}" as DeleteChannel -> Channel {
        fn delete_channel(channel_id: Id<ChannelMarker>)
        major channel_id;
        takes reason;
    }
}

endpoint! {
    /// Shows "is typing" for ten seconds, or until the bot sends a message.
    Post "/channels/{channel_id}/typing" as TriggerTyping -> () {
        fn trigger_typing(channel_id: Id<ChannelMarker>)
        major channel_id;
        needs SEND_MESSAGES;
    }
}

endpoint! {
    /// Has the messages of a channel of announcements posted in another channel, which needs
    /// `MANAGE_WEBHOOKS` there.
    Post "/channels/{channel_id}/followers" as FollowChannel -> FollowedChannel {
        fn follow_channel(channel_id: Id<ChannelMarker>)
        major channel_id;
        sends: Following;
        needs MANAGE_WEBHOOKS;
        takes reason;
    }
}

body! {
    /// Where what is announced is posted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub struct Following
    must {
        /// The channel.
        webhook_channel_id: Id<ChannelMarker>,
    }
}

impl From<Id<ChannelMarker>> for Following {
    fn from(channel: Id<ChannelMarker>) -> Self {
        Self::new(channel)
    }
}

endpoint! {
    /// The invites of a channel.
    Get "/channels/{channel_id}/invites" as ListChannelInvites -> Vec<Invite> {
        fn channel_invites(channel_id: Id<ChannelMarker>)
        major channel_id;
        needs MANAGE_CHANNELS;
    }
}

endpoint! {
    /// Makes an invite to a channel. There is no answer where Discord has made none.
    Post "/channels/{channel_id}/invites" as CreateInvite -> Option<Invite> {
        fn create_invite(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: InviteDraft;
        needs CREATE_INSTANT_INVITE;
        takes reason;
    }
}

endpoint! {
    /// Says what a role or member may do in a channel beside the roles.
    Put "/channels/{channel_id}/permissions/{overwrite_id}" as SetChannelPermission -> () {
        fn set_channel_permission(channel_id: Id<ChannelMarker>, overwrite_id: Id<GenericMarker>)
        major channel_id;
        sends: OverwriteEdit;
        needs MANAGE_ROLES;
        takes reason;
    }
}

body! {
    /// What a role or member may do in a channel.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub struct OverwriteEdit
    must {
        /// Which of the two it is.
        #[serde(rename = "type")]
        kind: OverwriteType,
    }
    may {
        /// What is allowed beyond the roles.
        allow: Option<Permissions>,
        /// What is denied in spite of the roles.
        deny: Option<Permissions>,
    }
}

impl From<Overwrite> for OverwriteEdit {
    /// Its id goes into the path.
    fn from(overwrite: Overwrite) -> Self {
        Self::new(overwrite.kind)
            .allow(overwrite.allow)
            .deny(overwrite.deny)
    }
}

endpoint! {
    /// Takes away what a role or member may do in a channel beside the roles.
    Delete "/channels/{channel_id}/permissions/{overwrite_id}" as DeleteChannelPermission -> () {
        fn delete_channel_permission(channel_id: Id<ChannelMarker>, overwrite_id: Id<GenericMarker>)
        major channel_id;
        needs MANAGE_ROLES;
        takes reason;
    }
}

endpoint! {
    /// Adds a user to a group, by a token with the scope `gdm.join`.
    Put "/channels/{channel_id}/recipients/{user_id}" as AddGroupRecipient -> Option<Channel> {
        fn add_group_recipient(channel_id: Id<ChannelMarker>, user_id: Id<UserMarker>)
        major channel_id;
        body: GroupRecipient;
    }
}

body! {
    /// Somebody who is added to a group.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct GroupRecipient
    may {
        /// Their token, with the scope `gdm.join`.
        #[serde(serialize_with = "exposed_option")]
        access_token: Option<Secret>,
        /// The name they have in the group.
        nick: Option<Text>,
    }
}

endpoint! {
    /// Removes a user from a group.
    Delete "/channels/{channel_id}/recipients/{user_id}" as RemoveGroupRecipient -> () {
        fn remove_group_recipient(channel_id: Id<ChannelMarker>, user_id: Id<UserMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Plays a sound of a soundboard in the voice channel that the bot is in. A sound of another
    /// guild needs `USE_EXTERNAL_SOUNDS` as well.
    Post "/channels/{channel_id}/send-soundboard-sound" as SendSoundboardSound -> () {
        fn send_soundboard_sound(channel_id: Id<ChannelMarker>)
        major channel_id;
        sends: SoundToPlay;
        needs USE_SOUNDBOARD;
    }
}

body! {
    /// A sound to be played.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub struct SoundToPlay
    must {
        /// The sound.
        sound_id: Id<GenericMarker>,
    }
    may {
        /// The guild it is of, where that is another one.
        source_guild_id: Option<Id<GuildMarker>>,
    }
}

endpoint! {
    /// Says what a voice channel is used for at the moment. Where the bot is not in it, it needs
    /// `MANAGE_CHANNELS` as well.
    Put "/channels/{channel_id}/voice-status" as SetVoiceStatus -> () {
        fn set_voice_status(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: VoiceStatus;
        needs SET_VOICE_CHANNEL_STATUS;
        takes reason;
    }
}

body! {
    /// What a voice channel is used for.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct VoiceStatus
    may {
        /// The words; at most 500 characters. Clearing it takes them away.
        status: Patch<Text> = length(0..=limits::VOICE_STATUS),
    }
}

sent_as!(Id<ChannelMarker> => Following, Overwrite => OverwriteEdit);
json_answers!(FollowedChannel, Invite);
