//! Webhooks to be made, and what they send.

use serde::{Deserialize, Serialize};

use super::DataUri;
use crate::{Id, MessageDraft, Report, Text, Validate, limits, marker::TagMarker};

/// A webhook to be made in a channel.
///
/// Source: Discord, "Create Webhook".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WebhookDraft {
    /// Its name; 1 to 80 characters, without `clyde` and `discord` in it.
    pub name: Text,
    /// Its avatar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<DataUri>,
}

impl Validate for WebhookDraft {
    fn check(&self, report: &mut Report) {
        let range = limits::WEBHOOK_NAME_MIN..=limits::WEBHOOK_NAME;
        report.length("name", &self.name, range);
        check_words("name", &self.name, report);
    }
}

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
pub struct WebhookMessage {
    /// The message.
    #[serde(flatten)]
    pub message: MessageDraft,
    /// The name shown instead of the webhook's; at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Text>,
    /// The address of the avatar shown instead of the webhook's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<Text>,
    /// The name of the post that it begins, in a forum; 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_name: Option<Text>,
    /// The tags of that post; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied_tags: Vec<Id<TagMarker>>,
}

impl From<MessageDraft> for WebhookMessage {
    fn from(message: MessageDraft) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }
}

impl Validate for WebhookMessage {
    fn check(&self, report: &mut Report) {
        self.message.check(report);
        let username = self.username.as_ref();
        report.length_of("username", username, 1..=limits::WEBHOOK_USERNAME);
        if let Some(username) = username {
            check_words("username", username, report);
        }
        let thread = limits::CHANNEL_NAME_MIN..=limits::CHANNEL_NAME;
        report.length_of("thread_name", self.thread_name.as_ref(), thread);
        let tags = self.applied_tags.len();
        report.amount("applied_tags", tags, 0..=limits::THREAD_TAGS, "tags");
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
