//! Guilds and what is in them.

use ovenjs_rest::{
    Client, MemberDraft, OnboardingOptionDraft, OnboardingPromptDraft, ScheduledEventDraft,
    ScheduledEventExceptionDraft, TemplateDraft,
};
use ovenjs_types::{
    AuditLogEvent, AutoModerationAction, AutoModerationRuleDraft, BulkBanDraft, ChannelDraft,
    ChannelPosition, DataUri, EmojiDraft, Id, JoinRequestStatus, RolePosition, SoundDraft,
    StickerDraft, Timestamp, Upload, WelcomeScreenChannel, WidgetStyle,
};

use super::line::{Ids, Line, line, sends};

pub(super) fn lines(client: &Client, ids: &Ids) -> Vec<Line> {
    [
        guilds(client, ids),
        members(client, ids),
        expressions(client, ids),
        events(client, ids),
        doors(client, ids),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn guilds(client: &Client, ids: &Ids) -> Vec<Line> {
    let (guild, channel, user) = (ids.guild, ids.channel, ids.user);
    let rule = || {
        AutoModerationRuleDraft::keywords("No cats", ["cat*"])
            .action(AutoModerationAction::block("Please no cats"))
            .exempt_channels([channel])
            .exempt_roles([ids.role])
    };
    vec![
        line(client.guild(guild).with_counts(true)),
        line(client.guild_preview(guild)),
        sends(client.edit_guild(guild).name("Bakery").description("Bread")),
        line(client.guild_channels(guild)),
        sends(
            client.create_guild_channel(
                guild,
                ChannelDraft::new("mill")
                    .topic("Flour")
                    .rate_limit_per_user(5_u32)
                    .default_thread_rate_limit_per_user(5_u32),
            ),
        ),
        sends(
            client
                .move_guild_channels(guild)
                .body(vec![ChannelPosition::new(channel).position(0_u32)]),
        ),
        line(client.active_threads(guild)),
        line(client.guild_invites(guild)),
        line(client.vanity_url(guild)),
        line(client.guild_webhooks(guild)),
        line(client.guild_voice_regions(guild)),
        sends(client.edit_incident_actions(guild)),
        line(client.integrations(guild)),
        line(client.delete_integration(guild, Id::new(1))),
        line(
            client
                .audit_log(guild)
                .action_type(AuditLogEvent::MemberBanAdd)
                .user_id(user)
                .limit(100_u16),
        ),
        line(client.auto_moderation_rules(guild)),
        line(client.auto_moderation_rule(guild, Id::new(1))),
        sends(client.create_auto_moderation_rule(guild, rule())),
        sends(
            client
                .edit_auto_moderation_rule(guild, Id::new(1))
                .enabled(false)
                .name("No cats at all")
                .actions([AutoModerationAction::block("No")])
                .exempt_channels([channel])
                .exempt_roles([ids.role]),
        ),
        line(client.delete_auto_moderation_rule(guild, Id::new(1))),
        line(client.template("unknown")),
        line(client.templates(guild)),
        sends(client.create_template(
            guild,
            TemplateDraft::new("Bakery").description("With ovens"),
        )),
        sends(
            client
                .edit_template(guild, "unknown")
                .name("Mill")
                .description("With ovens"),
        ),
        line(client.sync_template(guild, "unknown")),
        line(client.delete_template(guild, "unknown")),
    ]
}

fn members(client: &Client, ids: &Ids) -> Vec<Line> {
    let (guild, user, role) = (ids.guild, ids.user, ids.role);
    let bearer = || ids.bearer.clone();
    vec![
        line(client.member(guild, user)),
        line(client.members(guild).limit(1000_u16).after(user)),
        line(client.search_members(guild, "Ann").limit(5_u16)),
        sends(client.edit_member(guild, user).nick("Ann").roles([])),
        sends(client.edit_own_member(guild).nick("Oven").bio("Bakes")),
        sends(client.edit_own_nick(guild).nick("Oven")),
        sends(client.add_member(
            guild,
            user,
            MemberDraft::new(bearer()).nick("Ann").roles([]),
        )),
        line(client.add_member_role(guild, user, role)),
        line(client.remove_member_role(guild, user, role)),
        line(client.remove_member(guild, Id::new(78))),
        line(client.bans(guild).limit(1000_u16)),
        line(client.ban(guild, Id::new(77))),
        sends(
            client
                .ban_user(guild, Id::new(77))
                .delete_message_seconds(60_u32),
        ),
        sends(client.bulk_ban(guild, BulkBanDraft::new([Id::new(77)]))),
        line(client.unban_user(guild, Id::new(77))),
        line(client.prune_count(guild).days(30_u16).include_roles([role])),
        sends(client.begin_prune(guild).days(30_u8).include_roles([role])),
        line(client.roles(guild)),
        line(client.role(guild, role)),
        line(client.role_member_counts(guild)),
        sends(client.create_role(guild).name("bakers").unicode_emoji("🍞")),
        sends(
            client
                .edit_role(guild, Id::new(1))
                .name("millers")
                .unicode_emoji("🍞"),
        ),
        sends(
            client
                .move_roles(guild)
                .body(vec![RolePosition::new(role).position(0_u32)]),
        ),
        line(client.delete_role(guild, Id::new(1))),
        line(client.own_voice_state(guild)),
        line(client.voice_state(guild, user)),
        sends(client.edit_own_voice_state(guild).suppress(true)),
        sends(client.edit_voice_state(guild, user).suppress(true)),
    ]
}

fn expressions(client: &Client, ids: &Ids) -> Vec<Line> {
    let guild = ids.guild;
    let file = Upload::new("wave.png", PICTURE);
    let sound = DataUri::new("audio/mpeg", &b"ID3"[..]);
    vec![
        line(client.guild_emojis(guild)),
        line(client.guild_emoji(guild, Id::new(1))),
        sends(client.create_guild_emoji(guild, EmojiDraft::new("rye", picture()))),
        sends(client.edit_guild_emoji(guild, Id::new(1)).name("wheat")),
        line(client.delete_guild_emoji(guild, Id::new(1))),
        line(client.sticker(Id::new(1))),
        line(client.sticker_packs()),
        line(client.sticker_pack(Id::new(1))),
        line(client.guild_stickers(guild)),
        line(client.guild_sticker(guild, Id::new(1))),
        sends(client.create_guild_sticker(
            guild,
            StickerDraft::new("wave", "wave", file).description("A roll that waves"),
        )),
        sends(
            client
                .edit_guild_sticker(guild, Id::new(1))
                .name("hello")
                .description("A roll")
                .tags("wave"),
        ),
        line(client.delete_guild_sticker(guild, Id::new(1))),
        line(client.default_sounds()),
        line(client.guild_sounds(guild)),
        line(client.guild_sound(guild, Id::new(1))),
        sends(client.create_guild_sound(guild, SoundDraft::new("ding", sound).emoji_name("🔔"))),
        sends(
            client
                .edit_guild_sound(guild, Id::new(1))
                .volume(0.5)
                .name("dong")
                .emoji_name("🔔"),
        ),
        line(client.delete_guild_sound(guild, Id::new(1))),
    ]
}

fn events(client: &Client, ids: &Ids) -> Vec<Line> {
    let (guild, event, day) = (ids.guild, Id::new(1), Id::new(2));
    // Far enough from any clock.
    let start: Timestamp = "2099-01-01T12:00:00Z".parse().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    let open_day =
        || ScheduledEventDraft::elsewhere("Open day", "Bakery", start, start.after(hour));
    let exception = || ScheduledEventExceptionDraft::of(start);
    vec![
        line(client.scheduled_events(guild).with_user_count(true)),
        line(client.scheduled_event(guild, event).with_user_count(true)),
        sends(client.create_scheduled_event(guild, open_day().description("All the ovens"))),
        sends(
            client
                .edit_scheduled_event(guild, event)
                .name("Open night")
                .description("All the ovens"),
        ),
        line(client.delete_scheduled_event(guild, event)),
        sends(client.create_scheduled_event_exception(guild, event, exception())),
        sends(
            client
                .edit_scheduled_event_exception(guild, event, day)
                .is_canceled(true),
        ),
        line(client.delete_scheduled_event_exception(guild, event, day)),
        line(
            client
                .scheduled_event_users(guild, event)
                .with_member(true)
                .limit(100_u16),
        ),
        line(
            client
                .scheduled_event_exception_users(guild, event, day)
                .limit(100_u16),
        ),
        line(
            client
                .scheduled_event_user_count(guild, event)
                .guild_scheduled_event_exception_ids([day]),
        ),
    ]
}

/// How members come in.
fn doors(client: &Client, ids: &Ids) -> Vec<Line> {
    let (guild, channel) = (ids.guild, ids.channel);
    let rye = OnboardingOptionDraft::new("Rye").channel_ids([channel]);
    let bread = OnboardingPromptDraft::new(Id::new(1), "Which bread?", [rye]);
    vec![
        line(client.onboarding(guild)),
        sends(
            client
                .edit_onboarding(guild)
                .prompts([bread])
                .default_channel_ids([channel])
                .enabled(false),
        ),
        line(client.welcome_screen(guild)),
        sends(
            client
                .edit_welcome_screen(guild)
                .description("Bread for all")
                .welcome_channels(vec![WelcomeScreenChannel::new(channel, "Begin here")]),
        ),
        line(client.new_member_welcome(guild)),
        line(
            client
                .join_requests(guild)
                .status(JoinRequestStatus::Submitted)
                .limit(100_u16),
        ),
        sends(
            client
                .act_on_join_request(guild, Id::new(1))
                .action(JoinRequestStatus::Rejected)
                .rejection_reason("No more dough"),
        ),
        sends(
            client
                .edit_widget_settings(guild)
                .enabled(true)
                .channel_id(channel),
        ),
        line(client.widget_settings(guild)),
        line(client.widget(guild)),
        line(client.widget_image(guild).style(WidgetStyle::Shield)),
    ]
}

fn picture() -> DataUri {
    DataUri::new("image/png", PICTURE)
}

/// The least of a picture.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n";
