//! Channels.

use ovenjs_types::{Channel, Id, marker::ChannelMarker};

use crate::endpoint::endpoint;

endpoint! {
    /// A channel or thread.
    Get "/channels/{channel_id}" as GetChannel -> Channel {
        fn channel(channel_id: Id<ChannelMarker>)
        major channel_id;
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
