//! Threads, their members, and the search for them.

use ovenjs_types::{
    Channel, Id, Listed, SearchSortOrder, Text, ThreadAutoArchiveDuration, ThreadDraft, ThreadList,
    ThreadMember, ThreadSearchTagSetting, ThreadSortingMode, Timestamp,
    form::{length, number},
    limits,
    marker::{ChannelMarker, GenericMarker, MessageMarker, TagMarker, UserMarker},
};
use serde::Serialize;

use crate::{
    Indexed,
    endpoint::{body, endpoint, json_answers, query_values, setters_of},
};

endpoint! {
    /// Makes a thread, or a post in a forum or media channel, which begins with a message.
    /// `CREATE_PUBLIC_THREADS`, `CREATE_PRIVATE_THREADS` or, for a post, `SEND_MESSAGES` is needed.
    Post "/channels/{channel_id}/threads" as CreateThread -> Channel {
        fn create_thread(channel_id: Id<ChannelMarker>)
        major channel_id;
        sends: ThreadDraft;
        takes reason;
    }
}

endpoint! {
    /// Makes a thread out of a message, whose id it has.
    Post "/channels/{channel_id}/messages/{message_id}/threads" as CreateThreadFromMessage -> Channel {
        fn create_thread_from_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        sends: MessageThread;
        needs CREATE_PUBLIC_THREADS;
        takes reason;
    }
}

body! {
    /// A thread to be made out of a message.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct MessageThread
    must {
        /// Its name; 1 to 100 characters.
        name: Text = length(limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME),
    }
    may {
        /// After how many minutes without a message it leaves the list.
        auto_archive_duration: Option<ThreadAutoArchiveDuration>,
        /// Seconds between two messages of a member; at most 21600, six hours.
        rate_limit_per_user: Option<u32> = number(0..=limits::CHANNEL_RATE_LIMIT_PER_USER_SECONDS),
    }
}

endpoint! {
    /// Brings the bot into a thread.
    Put "/channels/{channel_id}/thread-members/@me" as JoinThread -> () {
        fn join_thread(channel_id: Id<ChannelMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Takes the bot out of a thread.
    Delete "/channels/{channel_id}/thread-members/@me" as LeaveThread -> () {
        fn leave_thread(channel_id: Id<ChannelMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Adds a user to a thread.
    Put "/channels/{channel_id}/thread-members/{user_id}" as AddThreadMember -> () {
        fn add_thread_member(channel_id: Id<ChannelMarker>, user_id: Id<UserMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Removes a user from a thread.
    Delete "/channels/{channel_id}/thread-members/{user_id}" as RemoveThreadMember -> () {
        fn remove_thread_member(channel_id: Id<ChannelMarker>, user_id: Id<UserMarker>)
        major channel_id;
        needs MANAGE_THREADS;
    }
}

endpoint! {
    /// A user in a thread.
    Get "/channels/{channel_id}/thread-members/{user_id}" as GetThreadMember -> ThreadMember {
        fn thread_member(channel_id: Id<ChannelMarker>, user_id: Id<UserMarker>)
        major channel_id;
        query {
            /// Whether the member of the guild is included.
            with_member: bool,
        }
    }
}

endpoint! {
    /// Who is in a thread. With `with_member` they come in pages, by user.
    Get "/channels/{channel_id}/thread-members" as ListThreadMembers -> Vec<ThreadMember> {
        fn thread_members(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Whether the members of the guild are included; needs the intent `GUILD_MEMBERS`.
            with_member: bool,
            /// Those after this user.
            after: Id<UserMarker>,
            /// At most so many: 1 to 100, 100 by default.
            limit: u16 = 1..=100,
        }
    }
}

endpoint! {
    /// Archived threads of a channel that everyone can read, latest first.
    Get "/channels/{channel_id}/threads/archived/public" as ListPublicArchivedThreads -> ThreadList {
        fn public_archived_threads(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Those archived before this time.
            before: Timestamp,
            /// At most so many: 2 to 100.
            limit: u16 = 2..=100,
        }
        needs READ_MESSAGE_HISTORY;
    }
}

endpoint! {
    /// Archived private threads of a channel, latest first. `READ_MESSAGE_HISTORY` is needed too.
    Get "/channels/{channel_id}/threads/archived/private" as ListPrivateArchivedThreads -> ThreadList {
        fn private_archived_threads(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Those archived before this time.
            before: Timestamp,
            /// At most so many: 2 to 100.
            limit: u16 = 2..=100,
        }
        needs MANAGE_THREADS;
    }
}

endpoint! {
    /// Archived private threads of a channel that the bot is in, by id, greatest first.
    Get "/channels/{channel_id}/users/@me/threads/archived/private" as ListMyPrivateArchivedThreads -> ThreadList {
        fn my_private_archived_threads(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Those before this thread.
            before: Id<ChannelMarker>,
            /// At most so many: 2 to 100.
            limit: u16 = 2..=100,
        }
        needs READ_MESSAGE_HISTORY;
    }
}

endpoint! {
    /// Searches the threads of a channel. Discord does not document it.
    Get "/channels/{channel_id}/threads/search" as SearchThreads -> Indexed<ThreadList> {
        fn search_threads(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Those with this in their name; at most 100 characters.
            name: Text = 0..=100,
            /// How many other words may stand between those of the name: 0 to 100.
            slop: u16 = 0..=100,
            /// Those after this one.
            min_id: Id<GenericMarker>,
            /// Those before this one.
            max_id: Id<GenericMarker>,
            /// Those with these tags; at most 20.
            tag: Listed<Id<TagMarker>> = 0..=20,
            /// Whether one of the tags is enough.
            tag_setting: ThreadSearchTagSetting,
            /// Those that are archived, or those that are not.
            archived: bool,
            /// By what they are sorted.
            sort_by: ThreadSortingMode,
            /// In which direction they are sorted.
            sort_order: SearchSortOrder,
            /// At most so many: 1 to 25.
            limit: u16 = 1..=25,
            /// So many are left out: 0 to 9975.
            offset: u16 = 0..=9975,
        }
    }
}

query_values!(SearchSortOrder, ThreadSearchTagSetting, ThreadSortingMode);
json_answers!(ThreadList, ThreadMember);
