//! The drafts of `ovenjs-types` as bodies: each gives its list of setters, which are repeated on the
//! calls that send it.

use ovenjs_types::{marker::*, *};

use crate::{Payload, endpoint::setters_of};

ovenjs_types::bulk_ban_draft!();
ovenjs_types::bulk_delete!();
ovenjs_types::channel_draft!();
ovenjs_types::emoji_draft!();
ovenjs_types::invite_draft!();
ovenjs_types::message_draft!();
ovenjs_types::message_edit!();
ovenjs_types::prune_draft!();
ovenjs_types::sound_draft!();
ovenjs_types::sticker_draft!();
ovenjs_types::thread_draft!();
ovenjs_types::webhook_draft!();
ovenjs_types::webhook_message!();

/// What travels as JSON alone.
macro_rules! payloads {
    ($($ty:ty),* $(,)?) => { $( impl Payload for $ty {} )* };
}

payloads! {
    BulkBanDraft, BulkDelete, ChannelDraft, CommandDraft, EmojiDraft, InviteDraft, PruneDraft,
    SoundDraft, Vec<CommandDraft>, WebhookDraft,
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
