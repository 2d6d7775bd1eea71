//! Messages.

use ovenjs_ratelimit::Variant;
use ovenjs_types::{
    Id, Message, MessageDraft, MessageEdit, Pins, Timestamp, limits,
    marker::{ChannelMarker, MessageMarker},
};

use crate::endpoint::{endpoint, json_answers};

endpoint! {
    /// Posts a message to a channel. With a nonce that is enforced it is repeated after failures,
    /// since Discord then answers with the message that exists already.
    Post "/channels/{channel_id}/messages" as CreateMessage -> Message {
        fn create_message(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: MessageDraft;
        needs SEND_MESSAGES;
        idempotent when |it| it.body.nonce.is_some() && it.body.enforce_nonce;
    }
}

endpoint! {
    /// Changes a message of the bot's.
    Patch "/channels/{channel_id}/messages/{message_id}" as EditMessage -> Message {
        fn edit_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        body: MessageEdit;
    }
}

endpoint! {
    /// Deletes a message.
    Delete "/channels/{channel_id}/messages/{message_id}" as DeleteMessage -> () {
        fn delete_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs MANAGE_MESSAGES;
        takes reason;
        varies |call, now_ms| Variant::of_message(call.message_id.get(), now_ms);
    }
}

endpoint! {
    /// A message.
    Get "/channels/{channel_id}/messages/{message_id}" as GetMessage -> Message {
        fn message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs READ_MESSAGE_HISTORY;
    }
}

endpoint! {
    /// Messages of a channel, newest first.
    Get "/channels/{channel_id}/messages" as ListMessages -> Vec<Message> {
        fn messages(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Those around this message.
            around: Id<MessageMarker>,
            /// Those before this message.
            before: Id<MessageMarker>,
            /// Those after this message.
            after: Id<MessageMarker>,
            /// At most so many: 1 to 100, 50 by default.
            limit: u16 = limits::MESSAGE_GET_LIMIT_MIN..=limits::MESSAGE_GET_LIMIT,
        }
        needs READ_MESSAGE_HISTORY;
    }
}

endpoint! {
    /// Pinned messages of a channel, latest pin first.
    Get "/channels/{channel_id}/messages/pins" as ListPins -> Pins {
        fn pins(channel_id: Id<ChannelMarker>)
        major channel_id;
        query {
            /// Those pinned before this time.
            before: Timestamp,
            /// At most so many: 1 to 50, 50 by default.
            limit: u16 = limits::MESSAGE_PINS_LIMIT_MIN..=limits::MESSAGE_PINS_LIMIT,
        }
        needs READ_MESSAGE_HISTORY;
    }
}

endpoint! {
    /// Pins a message.
    Put "/channels/{channel_id}/messages/pins/{message_id}" as PinMessage -> () {
        fn pin_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs PIN_MESSAGES;
        takes reason;
    }
}

endpoint! {
    /// Takes a message's pin away.
    Delete "/channels/{channel_id}/messages/pins/{message_id}" as UnpinMessage -> () {
        fn unpin_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs PIN_MESSAGES;
        takes reason;
    }
}

json_answers!(Pins);
