//! Webhooks, and what they send by their token. What follows an interaction goes the same way:
//! see `interaction.rs`.

use ovenjs_types::{
    DataUri, Id, JsonValue, Message, MessageEdit, Patch, Report, Secret, Text, Validate, Webhook,
    WebhookDraft, WebhookMessage,
    form::{length, picture},
    limits,
    marker::{ChannelMarker, MessageMarker, WebhookMarker},
};
use serde::Serialize;

use crate::{
    Payload,
    endpoint::{body, endpoint, json_answers, sent_as, setters_of},
};

endpoint! {
    /// Makes a webhook in a channel.
    Post "/channels/{channel_id}/webhooks" as CreateWebhook -> Webhook {
        fn create_webhook(channel_id: Id<ChannelMarker>)
        major channel_id;
        sends: WebhookDraft;
        needs MANAGE_WEBHOOKS;
        takes reason;
    }
}

endpoint! {
    /// The webhooks of a channel.
    Get "/channels/{channel_id}/webhooks" as ListChannelWebhooks -> Vec<Webhook> {
        fn channel_webhooks(channel_id: Id<ChannelMarker>)
        major channel_id;
        needs MANAGE_WEBHOOKS;
    }
}

endpoint! {
    /// A webhook.
    Get "/webhooks/{webhook_id}" as GetWebhook -> Webhook {
        fn webhook(webhook_id: Id<WebhookMarker>)
        major webhook_id;
        needs MANAGE_WEBHOOKS;
    }
}

endpoint! {
    /// Changes a webhook.
    Patch "/webhooks/{webhook_id}" as EditWebhook -> Webhook {
        fn edit_webhook(webhook_id: Id<WebhookMarker>)
        major webhook_id;
        body: WebhookEdit;
        needs MANAGE_WEBHOOKS;
        takes reason;
    }
}

body! {
    /// A change of a webhook: what is not set stays as it is.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct WebhookEdit
    may {
        /// Its name; 1 to 80 characters.
        name: Option<Text> = length(limits::WEBHOOK_NAME_MIN..=limits::WEBHOOK_NAME),
        /// Its avatar.
        avatar: Patch<DataUri> = picture,
        /// The channel it moves to; not by its token.
        channel_id: Option<Id<ChannelMarker>>,
    }
}

endpoint! {
    /// Deletes a webhook.
    Delete "/webhooks/{webhook_id}" as DeleteWebhook -> () {
        fn delete_webhook(webhook_id: Id<WebhookMarker>)
        major webhook_id;
        needs MANAGE_WEBHOOKS;
        takes reason;
    }
}

endpoint! {
    /// A webhook, by its token.
    Get "/webhooks/{webhook_id}/{webhook_token}" as GetWebhookByToken -> Webhook {
        fn webhook_by_token(webhook_id: Id<WebhookMarker>, webhook_token: Secret)
        major webhook_token;
        by Webhook;
    }
}

endpoint! {
    /// Changes a webhook, by its token.
    Patch "/webhooks/{webhook_id}/{webhook_token}" as EditWebhookByToken -> Webhook {
        fn edit_webhook_by_token(webhook_id: Id<WebhookMarker>, webhook_token: Secret)
        major webhook_token;
        body: WebhookEdit;
        by Webhook;
    }
}

endpoint! {
    /// Deletes a webhook, by its token.
    Delete "/webhooks/{webhook_id}/{webhook_token}" as DeleteWebhookByToken -> () {
        fn delete_webhook_by_token(webhook_id: Id<WebhookMarker>, webhook_token: Secret)
        major webhook_token;
        by Webhook;
    }
}

endpoint! {
    /// Sends a message. Without `wait` Discord answers with nothing, and does not say whether it
    /// came through.
    Post "/webhooks/{webhook_id}/{webhook_token}" as ExecuteWebhook -> Option<Message> {
        fn execute_webhook(webhook_id: Id<WebhookMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// Whether Discord answers with the message.
            wait: bool,
            /// The thread to send it to.
            thread_id: Id<ChannelMarker>,
            /// Whether components are heeded of a webhook that no application owns.
            with_components: bool,
        }
        body: WebhookMessage;
        by Webhook;
    }
}

endpoint! {
    /// Sends a message in the form of Slack's.
    Post "/webhooks/{webhook_id}/{webhook_token}/slack" as ExecuteSlackWebhook -> Option<SlackAnswer> {
        fn execute_slack_webhook(webhook_id: Id<WebhookMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// Whether Discord waits until the message has come through; it does by default.
            wait: bool,
            /// The thread to send it to.
            thread_id: Id<ChannelMarker>,
        }
        sends: ForeignPayload;
        by Webhook;
    }
}

endpoint! {
    /// Sends a message about an event of GitHub's, in its form.
    Post "/webhooks/{webhook_id}/{webhook_token}/github" as ExecuteGithubWebhook -> () {
        fn execute_github_webhook(webhook_id: Id<WebhookMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// Whether Discord waits until the message has come through; it does by default.
            wait: bool,
            /// The thread to send it to.
            thread_id: Id<ChannelMarker>,
        }
        sends: ForeignPayload;
        by Webhook;
    }
}

/// What another service sends to a webhook, as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForeignPayload(pub JsonValue);

impl From<JsonValue> for ForeignPayload {
    fn from(value: JsonValue) -> Self {
        Self(value)
    }
}

impl Validate for ForeignPayload {
    fn check(&self, _: &mut Report) {}
}

impl Payload for ForeignPayload {}

/// What Discord answers to a message in the form of Slack's: `ok`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackAnswer(pub Text);

impl crate::Answer for SlackAnswer {
    fn read(
        body: &[u8],
        _: &mut ovenjs_types::json::Scratch,
    ) -> Result<Self, ovenjs_types::json::DecodeError> {
        let text = String::from_utf8_lossy(body);
        Ok(Self(text.trim_matches('"').into()))
    }
}

endpoint! {
    /// A message that the webhook sent.
    Get "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as GetWebhookMessage -> Message {
        fn webhook_message(
            webhook_id: Id<WebhookMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
        }
        by Webhook;
    }
}

endpoint! {
    /// Changes a message that the webhook sent.
    Patch "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as EditWebhookMessage -> Message {
        fn edit_webhook_message(
            webhook_id: Id<WebhookMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
            /// Whether components are heeded of a webhook that no application owns.
            with_components: bool,
        }
        body: MessageEdit;
        by Webhook;
    }
}

endpoint! {
    /// Deletes a message that the webhook sent.
    Delete "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as DeleteWebhookMessage -> () {
        fn delete_webhook_message(
            webhook_id: Id<WebhookMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
        }
        by Webhook;
    }
}

sent_as!(JsonValue => ForeignPayload);
json_answers!(Webhook);
