//! Channels, messages, threads, reactions, webhooks and interactions.

use ovenjs_rest::{Client, Following, ForeignPayload, MessageThread, OverwriteEdit, SoundToPlay};
use ovenjs_types::{
    AllowedMentions, BulkDelete, ChannelType, Embed, Id, InteractionResponse, InviteDraft,
    MessageDraft, MessageEdit, MessageFlags, OverwriteType, Permissions, PollDraft, ReactionEmoji,
    ReactionType, TextDisplay, ThreadDraft, Timestamp, Upload, WebhookDraft, WebhookMessage,
    marker::UserMarker,
};
use serde_json::json;

use super::line::{Ids, Line, line, sends};

pub(super) fn lines(client: &Client, ids: &Ids) -> Vec<Line> {
    [
        channels(client, ids),
        messages(client, ids),
        threads(client, ids),
        webhooks(client, ids),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn channels(client: &Client, ids: &Ids) -> Vec<Line> {
    let Ids {
        channel,
        guild,
        user,
        role,
        ..
    } = *ids;
    vec![
        line(client.channel(channel)),
        sends(
            client
                .edit_channel(channel)
                .name("oven")
                .topic("bread")
                .rate_limit_per_user(5_u32)
                .default_thread_rate_limit_per_user(5_u32)
                .user_limit(5_u32)
                .permission_overwrites([])
                .available_tags([])
                .applied_tags([]),
        ),
        line(client.trigger_typing(channel)),
        sends(client.follow_channel(channel, Following::new(channel))),
        line(client.channel_invites(channel)),
        sends(
            client
                .create_invite(channel)
                .max_age(60)
                .max_uses(2)
                .unique(true)
                .role_ids([role]),
        ),
        sends(
            client
                .create_invite(channel)
                .body(InviteDraft::default().target_users(rows(user))),
        ),
        sends(client.set_channel_permission(
            channel,
            role.cast(),
            OverwriteEdit::new(OverwriteType::Role).allow(Permissions::SEND_MESSAGES),
        )),
        line(client.delete_channel_permission(channel, role.cast())),
        sends(
            client
                .add_group_recipient(channel, user)
                .access_token("t")
                .nick("n"),
        ),
        line(client.remove_group_recipient(channel, user)),
        sends(
            client.send_soundboard_sound(
                channel,
                SoundToPlay::new(Id::new(1)).source_guild_id(guild),
            ),
        ),
        sends(client.set_voice_status(channel).status("baking")),
        line(
            client
                .search_messages(guild)
                .content("bread")
                .limit(5)
                .author_id([user])
                .channel_id([channel])
                .pinned(false),
        ),
        line(client.delete_channel(Id::new(999))),
    ]
}

fn messages(client: &Client, ids: &Ids) -> Vec<Line> {
    let Ids {
        channel,
        message,
        user,
        ..
    } = *ids;
    let bread = || ReactionEmoji::unicode("🍞");
    vec![
        sends(client.create_message(channel).body(full_message())),
        sends(
            client
                .create_message(channel)
                .content("x")
                .file(Upload::new("a", &b"b"[..])),
        ),
        sends(
            client
                .create_message(channel)
                .component(TextDisplay::new("x")),
        ),
        line(client.messages(channel).limit(100).before(message)),
        line(client.message(channel, message)),
        sends(client.edit_message(channel, message).content("new")).with_fields_of(&full_edit()),
        sends(client.bulk_delete_messages(channel, BulkDelete::new([Id::new(1), Id::new(2)]))),
        line(client.crosspost_message(channel, message)),
        line(client.pins(channel).limit(50).before(Timestamp::UNIX_EPOCH)),
        line(client.pin_message(channel, message)),
        line(client.unpin_message(channel, message)),
        line(client.pins_deprecated(channel)),
        line(client.pin_message_deprecated(channel, message)),
        line(client.unpin_message_deprecated(channel, message)),
        line(client.add_reaction(channel, message, bread())),
        line(
            client
                .reactions(channel, message, bread())
                .kind(ReactionType::Burst)
                .limit(100),
        ),
        line(client.remove_reaction(channel, message, bread(), user)),
        line(client.remove_own_reaction(channel, message, bread())),
        line(client.remove_reactions_of_emoji(channel, message, bread())),
        line(client.remove_all_reactions(channel, message)),
        line(client.poll_voters(channel, message, 1).limit(100)),
        line(client.expire_poll(channel, message)),
        line(client.delete_message(channel, message)),
    ]
}

fn threads(client: &Client, ids: &Ids) -> Vec<Line> {
    let Ids {
        channel,
        message,
        user,
        ..
    } = *ids;
    vec![
        sends(
            client
                .create_thread(channel, ThreadDraft::new("rye"))
                .kind(ChannelType::PublicThread)
                .rate_limit_per_user(5),
        ),
        sends(client.create_thread_from_message(
            channel,
            message,
            MessageThread::new("rye").rate_limit_per_user(5),
        )),
        line(client.join_thread(channel)),
        line(client.leave_thread(channel)),
        line(client.add_thread_member(channel, user)),
        line(client.remove_thread_member(channel, user)),
        line(client.thread_member(channel, user).with_member(true)),
        line(client.thread_members(channel).with_member(true).limit(100)),
        line(client.public_archived_threads(channel).limit(2)),
        line(
            client
                .private_archived_threads(channel)
                .before(Timestamp::UNIX_EPOCH),
        ),
        line(client.my_private_archived_threads(channel).before(channel)),
        line(
            client
                .search_threads(channel)
                .name("rye")
                .tag([Id::new(1), Id::new(2)]),
        ),
    ]
}

fn webhooks(client: &Client, ids: &Ids) -> Vec<Line> {
    let (webhook, application) = (ids.webhook, ids.application);
    let (channel, message) = (ids.channel, ids.message);
    let token = || ids.webhook_token.clone();
    let slack = ForeignPayload(json!({ "text": "bread" }).into());
    let sender = json!({ "id": 1, "login": "ann", "html_url": "https://github.com/ann",
        "avatar_url": "https://github.com/ann.png" });
    let github = ForeignPayload(json!({ "sender": sender }).into());
    vec![
        sends(client.create_webhook(channel, WebhookDraft::new("Oven"))),
        line(client.channel_webhooks(channel)),
        line(client.webhook(webhook)),
        sends(
            client
                .edit_webhook(webhook)
                .name("Baker")
                .channel_id(channel),
        ),
        line(client.webhook_by_token(webhook, token())),
        sends(client.edit_webhook_by_token(webhook, token()).name("Baker")),
        sends(
            client
                .execute_webhook(webhook, token())
                .username("Baker")
                .content("x")
                .wait(true),
        )
        .with_fields_of(&full_webhook_message()),
        sends(
            client
                .execute_slack_webhook(webhook, token(), slack)
                .wait(true),
        ),
        sends(
            client
                .execute_github_webhook(webhook, token(), github)
                .wait(true),
        ),
        line(client.webhook_message(webhook, token(), message)),
        sends(
            client
                .edit_webhook_message(webhook, token(), message)
                .content("new"),
        )
        .with_fields_of(&full_edit()),
        line(client.delete_webhook_message(webhook, token(), message)),
        sends(
            client
                .create_interaction_response(
                    Id::new(1),
                    "unknown",
                    InteractionResponse::Message(MessageDraft::from("hi")),
                )
                .with_response(true),
        ),
        line(client.original_response(application, "unknown")),
        sends(
            client
                .edit_original_response(application, "unknown")
                .content("new"),
        )
        .with_fields_of(&full_edit()),
        line(client.delete_original_response(application, "unknown")),
        sends(
            client
                .create_follow_up(application, "unknown")
                .content("more"),
        ),
        line(client.follow_up(application, "unknown", message)),
        sends(
            client
                .edit_follow_up(application, "unknown", message)
                .content("new"),
        ),
        line(client.delete_follow_up(application, "unknown", message)),
        line(client.delete_webhook_by_token(webhook, token())),
        line(client.delete_webhook(webhook)),
    ]
}

fn full_message() -> MessageDraft {
    MessageDraft::from("x")
        .embed(Embed::new().title("t"))
        .tts()
        .allowed_mentions(AllowedMentions::nobody())
        .nonce("order-7")
        .poll(PollDraft::new("?").answer("!"))
}

/// All that a change can have, which is more than goes together.
fn full_edit() -> MessageEdit {
    MessageEdit::from(full_message().file(Upload::new("x", &b""[..])))
        .components(Vec::new())
        .flags(MessageFlags::SUPPRESS_EMBEDS)
        .sticker_ids([])
}

/// All that a webhook can send, which is more than goes together.
fn full_webhook_message() -> WebhookMessage {
    let message = full_message()
        .component(TextDisplay::new("x"))
        .file(Upload::new("x", &b""[..]));
    WebhookMessage::new(message)
        .username("Baker")
        .avatar_url("https://oven.example/a.png")
        .thread_name("rye")
        .applied_tags([Id::new(1)])
}

/// A file with the id of a user.
pub(super) fn rows(user: Id<UserMarker>) -> Upload {
    Upload::new("users.csv", format!("user_id\n{user}\n").into_bytes())
}
