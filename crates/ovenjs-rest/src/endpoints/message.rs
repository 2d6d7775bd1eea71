//! Messages.

use ovenjs_types::{
    Id, Message, MessageDraft, MessageEdit, Text,
    marker::{ChannelMarker, MessageMarker},
};

use crate::{
    Call, Payload,
    endpoint::{draft_setters, endpoint},
};

endpoint! {
    /// Posts a message to a channel.
    Post "/channels/{channel_id}/messages" as CreateMessage -> Message {
        fn create_message(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: MessageDraft;
    }
}

draft_setters!(CreateMessage);

impl Call<'_, CreateMessage> {
    /// Makes it a reply to a message of the same channel.
    #[must_use = "a call does nothing until it is awaited"]
    pub fn reply_to(mut self, message: Id<MessageMarker>) -> Self {
        self.endpoint.body = std::mem::take(&mut self.endpoint.body).reply_to(message);
        self
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

impl Call<'_, EditMessage> {
    /// Replaces the text.
    #[must_use = "a call does nothing until it is awaited"]
    pub fn content(mut self, content: impl Into<Text>) -> Self {
        self.endpoint.body = std::mem::take(&mut self.endpoint.body).content(content);
        self
    }
}

impl Payload for MessageEdit {}

endpoint! {
    /// Deletes a message.
    Delete "/channels/{channel_id}/messages/{message_id}" as DeleteMessage -> () {
        fn delete_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
    }
}

endpoint! {
    /// A message.
    Get "/channels/{channel_id}/messages/{message_id}" as GetMessage -> Message {
        fn message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
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
            limit: u16,
        }
    }
}

endpoint! {
    /// Pins a message.
    Put "/channels/{channel_id}/messages/pins/{message_id}" as PinMessage -> () {
        fn pin_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Takes a message's pin away.
    Delete "/channels/{channel_id}/messages/pins/{message_id}" as UnpinMessage -> () {
        fn unpin_message(channel_id: Id<ChannelMarker>, message_id: Id<MessageMarker>)
        major channel_id;
    }
}
