//! Webhooks to be made, and what they send.

use serde::{Deserialize, Serialize};

use super::DataUri;
use crate::{
    Id, MessageDraft, Report, Text,
    form::{amount, length, picture},
    limits,
    marker::TagMarker,
};

form! {
    exported webhook_draft =>
    /// A webhook to be made in a channel.
    ///
    /// Source: Discord, "Create Webhook".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct WebhookDraft
    must {
        /// Its name; 1 to 80 characters, without `clyde` and `discord` in it.
        name: Text = length(limits::WEBHOOK_NAME_MIN..=limits::WEBHOOK_NAME),
    }
    may {
        /// Its avatar.
        avatar: Option<DataUri> = picture,
    }
    also |it, report| check_words("name", &it.name, report);
}

form! {
    exported webhook_message =>
    /// A message that a webhook sends, under a name of its own.
    ///
    /// Source: Discord, "Execute Webhook".
    ///
    /// ```
    /// use ovenjs_types::{MessageDraft, Validate, WebhookMessage, json};
    /// let fresh = WebhookMessage { username: Some("Baker".into()), ..MessageDraft::from("Fresh!").into() };
    /// assert_eq!(json::encode(&fresh), br#"{"content":"Fresh!","username":"Baker"}"#);
    /// assert!(fresh.validate().is_ok());
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct WebhookMessage
    must {
        /// The message.
        #[serde(flatten)]
        message: MessageDraft,
    }
    may {
        /// The name shown instead of the webhook's; at most 80 characters.
        #[serde(default)]
        username: Option<Text> = length(1..=limits::WEBHOOK_USERNAME),
        /// The address of the avatar shown instead of the webhook's; at most 2048 characters.
        #[serde(default)]
        avatar_url: Option<Text> = length(0..=2048),
        /// The name of the post that it begins, in a forum; 1 to 100 characters.
        #[serde(default)]
        thread_name: Option<Text> = length(limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME),
        /// The tags of that post; at most 5.
        #[serde(default)]
        applied_tags: Vec<Id<TagMarker>> = amount(0..=limits::THREAD_TAGS, "tags"),
    }
    also |it, report| {
        it.message.check(report);
        if let Some(username) = &it.username {
            check_words("username", username, report);
        }
    };
}

impl From<MessageDraft> for WebhookMessage {
    fn from(message: MessageDraft) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }
}

/// Discord keeps these words to itself, whatever their case.
fn check_words(field: &str, name: &str, report: &mut Report) {
    let lower = name.to_lowercase();
    for word in ["clyde", "discord"] {
        if lower.contains(word) {
            report.note(field, format!("has `{word}` in it: write another name"));
        }
    }
}
