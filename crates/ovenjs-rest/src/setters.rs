//! The drafts of `ovenjs-types` as bodies: each gives its list of setters, which are repeated on the
//! calls that send it.

use std::collections::BTreeMap;

use ovenjs_types::{marker::*, *};

use crate::{Body, Part, Payload, endpoint::setters_of};

ovenjs_types::auto_moderation_rule_draft!();
ovenjs_types::bulk_ban_draft!();
ovenjs_types::bulk_delete!();
ovenjs_types::channel_draft!();
ovenjs_types::command_draft!();
ovenjs_types::emoji_draft!();
ovenjs_types::invite_draft!();
ovenjs_types::message_draft!();
ovenjs_types::message_edit!();
ovenjs_types::prune_draft!();
ovenjs_types::role_connection!();
ovenjs_types::sound_draft!();
ovenjs_types::sticker_draft!();
ovenjs_types::test_entitlement!();
ovenjs_types::thread_draft!();
ovenjs_types::webhook_draft!();
ovenjs_types::webhook_message!();

/// What travels as JSON alone.
macro_rules! payloads {
    ($($ty:ty),* $(,)?) => { $( impl Payload for $ty {} )* };
}

payloads! {
    AutoModerationRuleDraft, BulkBanDraft, BulkDelete, ChannelDraft, CommandDraft, EmojiDraft, PruneDraft,
    RoleConnection, SoundDraft, TestEntitlement, Vec<ChannelPosition>, Vec<CommandDraft>, Vec<LobbyMemberDraft>,
    Vec<RoleConnectionMetadata>, Vec<RolePosition>, WebhookDraft,
}

impl Payload for MessageDraft {
    fn files(&self) -> &[Upload] {
        &self.files
    }
}

impl Payload for MessageEdit {
    fn files(&self) -> &[Upload] {
        &self.files
    }
}

impl Payload for WebhookMessage {
    fn files(&self) -> &[Upload] {
        &self.message.files
    }
}

impl Payload for ThreadDraft {
    fn files(&self) -> &[Upload] {
        self.message.as_ref().map_or(&[], |message| &message.files)
    }
}

impl Payload for InviteDraft {
    /// The file of users is a part of its own.
    fn body(&self) -> Body<'_> {
        let text = json::encode(self);
        match &self.target_users {
            None => Body::Json(text),
            Some(file) => Body::Form(vec![
                (
                    "payload_json",
                    Part::Text(String::from_utf8_lossy(&text).into_owned().into()),
                ),
                ("target_users_file", Part::File(file)),
            ]),
        }
    }
}
