//! Messages.

use ovenjs_types::{
    BulkDelete, Id, Message, MessageDraft, MessageEdit, Pins, PollVoters, Timestamp, limits,
    marker::{ChannelMarker, MessageMarker, UserMarker},
};

use crate::endpoint::{endpoint, json_answers};

endpoint! {
    /// Posts a message to a channel. With a nonce that is enforced it is repeated after failures,
    /// since Discord then answers with the message that exists already. Where none is set the client
    /// sets one; see [`Live::nonces`](crate::Live::nonces).
    Post "/channels/{channel_id}/messages" as CreateMessage -> Message {
        fn create_message(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: MessageDraft;
        needs SEND_MESSAGES;
        denied alike;
        idempotent when |it| it.body.nonce.is_some() && it.body.enforce_nonce;
        enforces nonce;
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
        aged by message_id;
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

endpoint! {
    /// Deletes messages of a channel at once: 2 to 100, none older than two weeks.
    Post "/channels/{channel_id}/messages/bulk-delete" as BulkDeleteMessages -> () {
        fn bulk_delete_messages(channel_id: Id<ChannelMarker>)
        major channel_id;
        sends: BulkDelete;
        needs MANAGE_MESSAGES;
        takes reason;
    }
}

endpoint! {
    /// Posts a message of a channel of announcements in the channels that follow it. One of another
    /// user needs `MANAGE_MESSAGES`.
    Post "/channels/{channel_id}/messages/{message_id}/crosspost" as CrosspostMessage -> Message {
        fn crosspost_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs SEND_MESSAGES;
    }
}

endpoint! {
    /// Who voted for an answer of a poll.
    Get "/channels/{channel_id}/polls/{message_id}/answers/{answer_id}" as ListPollVoters -> PollVoters {
        fn poll_voters(
            channel_id: Id<ChannelMarker>,
            message_id: Id<MessageMarker>,
            answer_id: u16,
        )
        major channel_id;
        query {
            /// Those after this user.
            after: Id<UserMarker>,
            /// At most so many: 1 to 100, 25 by default.
            limit: u16 = 1..=100,
        }
    }
}

endpoint! {
    /// Ends a poll of the bot's.
    Post "/channels/{channel_id}/polls/{message_id}/expire" as ExpirePoll -> Message {
        fn expire_poll(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Pinned messages of a channel, at most 50. Deprecated by Discord: [`ListPins`] has all of them.
    Get "/channels/{channel_id}/pins" as ListPinsDeprecated -> Vec<Message> {
        fn pins_deprecated(channel_id: Id<ChannelMarker>)
        major channel_id;
        needs READ_MESSAGE_HISTORY;
    }
}

endpoint! {
    /// Pins a message. Deprecated by Discord: [`PinMessage`] does the same.
    Put "/channels/{channel_id}/pins/{message_id}" as PinMessageDeprecated -> () {
        fn pin_message_deprecated(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs PIN_MESSAGES;
    }
}

endpoint! {
    /// Takes a message's pin away. Deprecated by Discord: [`UnpinMessage`] does the same.
    Delete "/channels/{channel_id}/pins/{message_id}" as UnpinMessageDeprecated -> () {
        fn unpin_message_deprecated(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
        needs PIN_MESSAGES;
    }
}

json_answers!(Pins, PollVoters);
