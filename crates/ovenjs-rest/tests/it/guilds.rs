//! The operations of guilds, against the Discord in a box and its oracle.

use std::time::Duration;

use ovenjs_mock::{Config, Discord, Guild};
use ovenjs_rest::{
    Client, ErrorKind, MemberDraft, OnboardingOptionDraft, OnboardingPromptDraft,
    ScheduledEventDraft, ScheduledEventExceptionDraft, TemplateDraft,
};
use ovenjs_types::{
    AuditLogEvent, AutoModerationAction, AutoModerationRuleDraft, BulkBanDraft, ChannelDraft,
    ChannelPosition, ChannelType, DataUri, EmojiDraft, ExplicitContentFilterLevel, Fault,
    GuildFeature, Id, JoinRequestStatus, Patch, Permissions, RecurrenceFrequency, RecurrenceRule,
    RecurrenceWeekday, RoleColors, RolePosition, SoundDraft, StickerDraft, Timestamp, Upload,
    VerificationLevel, WelcomeScreenChannel, WidgetStyle,
};

use crate::discord::client;

#[tokio::test]
async fn a_guild_is_looked_at_and_changed() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let changed = client
        .edit_guild(guild)
        .name("The Old Bakery")
        .verification_level(VerificationLevel::High)
        .icon(picture())
        .reason("better bread")
        .await
        .unwrap();
    assert_eq!(changed.name, "The Old Bakery");
    assert!(changed.icon.is_some());
    let plain = client.edit_guild(guild).icon(Patch::Clear).await.unwrap();
    assert_eq!((plain.icon, plain.name), (None, changed.name));
    let counted = client.guild(guild).with_counts(true).await.unwrap();
    assert!(counted.approximate_member_count.is_some());
    assert_eq!(client.guild_preview(guild).await.unwrap().id, guild);

    assert_eq!(client.guild_invites(guild).await.unwrap(), []);
    assert_eq!(client.guild_webhooks(guild).await.unwrap(), []);
    assert!(!client.guild_voice_regions(guild).await.unwrap().is_empty());
    assert_eq!(client.active_threads(guild).await.unwrap().threads, []);
    let none = client.vanity_url(guild).await;
    assert!(none.is_err() || none.unwrap().code.is_none());
    let soon = now(&discord, &client).await.after(HOUR);
    let closed = client
        .edit_incident_actions(guild)
        .invites_disabled_until(soon)
        .await
        .unwrap();
    assert_eq!(closed.invites_disabled_until, Some(soon));

    client.integrations(guild).await.unwrap();
    let gone = client.delete_integration(guild, Id::new(1)).await;
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(client.new_member_welcome(guild).await.unwrap(), None);
    discord.expect_no_violations();
}

#[tokio::test]
async fn channels_are_made_and_moved() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let mill = client
        .create_guild_channel(guild, ChannelDraft::new("mill"))
        .await
        .unwrap();
    let positions = vec![ChannelPosition::new(mill.id).position(0_u32)];
    client
        .move_guild_channels(guild)
        .body(positions)
        .await
        .unwrap();
    let channels = client.guild_channels(guild).await.unwrap();
    assert!(channels.iter().any(|channel| channel.id == mill.id));
    discord.expect_no_violations();
}

#[tokio::test]
async fn members_come_change_and_go() {
    let (discord, client) = bakery().await;
    let (guild, ann) = (discord.guild_id(), discord.user("ann"));
    let bakers = client
        .create_role(guild)
        .name("bakers")
        .colors(RoleColors::solid(0x8b_4513))
        .hoist(true)
        .reason("more bread")
        .await
        .unwrap();
    client
        .add_member_role(guild, ann.id(), bakers.id)
        .await
        .unwrap();
    let until = now(&discord, &client).await.after(HOUR);
    let quiet = client
        .edit_member(guild, ann.id())
        .nick("Ann of the ovens")
        .communication_disabled_until(until)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(quiet.nick.as_deref(), Some("Ann of the ovens"));
    assert_eq!(quiet.communication_disabled_until, Some(until));
    assert_eq!(quiet.roles, [bakers.id]);
    let edit = client
        .edit_member(guild, ann.id())
        .communication_disabled_until(Patch::Clear);
    edit.await.unwrap();
    client
        .remove_member_role(guild, ann.id(), bakers.id)
        .await
        .unwrap();
    let page = client.members(guild).limit(1000).await.unwrap();
    assert!(page.len() >= 2);
    let beyond = client
        .members(guild)
        .after(Id::new(u64::MAX >> 1))
        .await
        .unwrap();
    assert_eq!(beyond, []);

    let found = client
        .search_members(guild, "Ann of")
        .limit(5_u16)
        .await
        .unwrap();
    assert_eq!(found[0].nick.as_deref(), Some("Ann of the ovens"));

    let me = client
        .edit_own_member(guild)
        .nick("Oven")
        .avatar(picture())
        .bio("I bake")
        .await
        .unwrap();
    assert_eq!(me.nick.as_deref(), Some("Oven"));
    client
        .edit_own_nick(guild)
        .nick(Patch::Clear)
        .await
        .unwrap();

    let token = ann.access_token();
    client.remove_member(guild, ann.id()).await.unwrap();
    let back = MemberDraft::new(token.clone()).nick("Ann again");
    let back = client.add_member(guild, ann.id(), back).await.unwrap();
    assert_eq!(back.unwrap().nick.as_deref(), Some("Ann again"));
    let there = MemberDraft::new(token);
    let there = client.add_member(guild, ann.id(), there).await.unwrap();
    assert_eq!(there, None);
    discord.expect_no_violations();
}

#[tokio::test]
async fn roles_are_made_moved_and_deleted() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let made = client
        .create_role(guild)
        .name("millers")
        .permissions(Permissions::SEND_MESSAGES)
        .await
        .unwrap();
    assert_eq!(made.permissions, Permissions::SEND_MESSAGES);
    let changed = client
        .edit_role(guild, made.id)
        .color(0xf5_deb3_u32)
        .mentionable(true)
        .await
        .unwrap();
    assert_eq!((changed.color, changed.mentionable), (0xf5_deb3, true));
    let positions = vec![RolePosition::new(made.id).position(1_u32)];
    let moved = client.move_roles(guild).body(positions).await.unwrap();
    assert!(moved.iter().any(|role| role.id == made.id));
    assert_eq!(client.roles(guild).await.unwrap().len(), moved.len());
    assert_eq!(client.role(guild, made.id).await.unwrap().name, "millers");
    let counts = client.role_member_counts(guild).await.unwrap();
    assert_eq!(counts.0.get(&made.id), Some(&0));
    client.delete_role(guild, made.id).await.unwrap();
    let gone = client.role(guild, made.id).await.unwrap_err();
    assert_eq!(gone.discord_code(), Some(10_011));
    discord.expect_no_violations();
}

#[tokio::test]
async fn bans_are_put_listed_and_lifted() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let (ann, bob) = (discord.user("ann").id(), discord.user("bob").id());
    client
        .ban_user(guild, ann)
        .delete_message_seconds(60_u32)
        .reason("burnt the bread")
        .await
        .unwrap();
    let ban = client.ban(guild, ann).await.unwrap();
    assert_eq!(ban.reason.as_deref(), Some("burnt the bread"));
    let many = client
        .bulk_ban(guild, BulkBanDraft::new([bob]))
        .await
        .unwrap();
    assert_eq!(many.banned_users, [bob]);
    let page = client.bans(guild).limit(1).after(Id::new(1)).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(client.bans(guild).before(Id::new(1)).await.unwrap(), []);
    let log = client
        .audit_log(guild)
        .action_type(AuditLogEvent::MemberBanAdd)
        .target_id(ann.cast())
        .limit(10_u16)
        .await
        .unwrap();
    let reason = log.audit_log_entries[0].reason.as_deref();
    assert_eq!(reason, Some("burnt the bread"));
    client.unban_user(guild, ann).reason("sorry").await.unwrap();
    assert_eq!(
        client.ban(guild, ann).await.unwrap_err().discord_code(),
        Some(10_026)
    );
    let count = client
        .prune_count(guild)
        .days(30_u16)
        .include_roles([Id::new(1), Id::new(2)])
        .await
        .unwrap();
    assert_eq!(count.pruned, Some(0));
    let pruned = client.begin_prune(guild).days(30_u8).await.unwrap();
    assert_eq!(pruned.pruned, Some(0));
    discord.expect_no_violations();
}

#[tokio::test]
async fn emojis_stickers_and_sounds_of_a_guild() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let rye = EmojiDraft::new("rye", picture());
    let rye = client.create_guild_emoji(guild, rye).await.unwrap();
    let rye = rye.id;
    let wheat = client
        .edit_guild_emoji(guild, rye)
        .name("wheat")
        .roles(Patch::Clear)
        .await
        .unwrap();
    assert_eq!(wheat.name.as_deref(), Some("wheat"));
    assert_eq!(client.guild_emoji(guild, rye).await.unwrap(), wheat);
    assert_eq!(client.guild_emojis(guild).await.unwrap().len(), 1);
    client.delete_guild_emoji(guild, rye).await.unwrap();

    let packs = client.sticker_packs().await.unwrap().sticker_packs;
    let pack = client.sticker_pack(packs[0].id).await.unwrap();
    let sticker = client.sticker(pack.stickers[0].id).await.unwrap();
    assert_eq!(sticker.name, pack.stickers[0].name);

    let file = Upload::new("wave.png", picture_bytes());
    let wave = StickerDraft::new("wave", "wave", file).description("A roll that waves");
    let wave = client.create_guild_sticker(guild, wave).await.unwrap();
    let hello = client
        .edit_guild_sticker(guild, wave.id)
        .name("hello")
        .description(Patch::Clear)
        .await
        .unwrap();
    assert_eq!((hello.name.as_str(), hello.description), ("hello", None));
    assert_eq!(client.guild_stickers(guild).await.unwrap().len(), 1);
    let seen = client.guild_sticker(guild, wave.id).await.unwrap();
    assert_eq!(seen.tags, "wave");
    client.delete_guild_sticker(guild, wave.id).await.unwrap();

    assert!(!client.default_sounds().await.unwrap().is_empty());
    let sound = DataUri::new("audio/mpeg", MP3_FRAME.repeat(10));
    let ding = SoundDraft::new("ding", sound);
    let ding = client.create_guild_sound(guild, ding).await.unwrap();
    let softer = client
        .edit_guild_sound(guild, ding.sound_id)
        .volume(0.25)
        .emoji_name("🔔")
        .await
        .unwrap();
    assert_eq!(softer.volume, Some(0.25));
    let sound = client.guild_sound(guild, ding.sound_id).await.unwrap();
    assert_eq!(sound.emoji_name.as_deref(), Some("🔔"));
    assert_eq!(client.guild_sounds(guild).await.unwrap().items.len(), 1);
    client
        .delete_guild_sound(guild, ding.sound_id)
        .await
        .unwrap();
    discord.expect_no_violations();
}

#[tokio::test]
async fn events_are_planned_moved_and_called_off() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let start = now(&discord, &client).await.after(HOUR);
    let open_day =
        ScheduledEventDraft::elsewhere("Open day", "The bakery", start, start.after(HOUR))
            .description("Rye and wheat")
            .image(picture());
    let open_day = client
        .create_scheduled_event(guild, open_day)
        .await
        .unwrap();
    let renamed = client
        .edit_scheduled_event(guild, open_day.id)
        .name("Open night")
        .await
        .unwrap();
    assert_eq!(renamed.name, "Open night");
    let seen = client
        .scheduled_event(guild, open_day.id)
        .with_user_count(true)
        .await
        .unwrap();
    assert_eq!(seen.user_count, Some(0));
    client
        .delete_scheduled_event(guild, open_day.id)
        .await
        .unwrap();

    let oven = client
        .create_guild_channel(guild, ChannelDraft::new("oven"))
        .kind(ChannelType::GuildVoice)
        .await
        .unwrap();
    let mut weekly = RecurrenceRule::new(RecurrenceFrequency::Weekly, start);
    weekly.by_weekday = vec![weekday(start)];
    let baking = ScheduledEventDraft::in_voice("Baking", oven.id, start).recurrence_rule(weekly);
    let baking = client.create_scheduled_event(guild, baking).await.unwrap();
    let next_week = start.after(7 * DAY);
    let later =
        ScheduledEventExceptionDraft::of(next_week).scheduled_start_time(next_week.after(HOUR));
    let later = client
        .create_scheduled_event_exception(guild, baking.id, later)
        .await
        .unwrap();
    let day = later.event_exception_id;
    let off = client
        .edit_scheduled_event_exception(guild, baking.id, day)
        .is_canceled(true)
        .await
        .unwrap();
    assert!(off.is_canceled);
    let nobody = client
        .scheduled_event_exception_users(guild, baking.id, day)
        .limit(10)
        .await
        .unwrap();
    assert_eq!(nobody, []);
    client
        .delete_scheduled_event_exception(guild, baking.id, day)
        .await
        .unwrap();
    let nobody = client
        .scheduled_event_users(guild, baking.id)
        .with_member(true)
        .limit(100)
        .await
        .unwrap();
    assert_eq!(nobody, []);
    let count = client
        .scheduled_event_user_count(guild, baking.id)
        .guild_scheduled_event_exception_ids([day])
        .await
        .unwrap();
    assert_eq!(count.guild_scheduled_event_count, 0);
    let events = client
        .scheduled_events(guild)
        .with_user_count(true)
        .await
        .unwrap();
    assert_eq!(events.len(), 1);
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_template_is_made_changed_synced_and_deleted() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let made = client
        .create_template(guild, TemplateDraft::new("Bakery"))
        .await
        .unwrap();
    let changed = client
        .edit_template(guild, made.code.clone())
        .description("With ovens")
        .await
        .unwrap();
    assert_eq!(changed.description.as_deref(), Some("With ovens"));
    client
        .sync_template(guild, made.code.clone())
        .await
        .unwrap();
    assert_eq!(client.templates(guild).await.unwrap().len(), 1);
    let seen = client.template(made.code.clone()).await.unwrap();
    assert_eq!(seen.source_guild_id, guild);
    client
        .delete_template(guild, made.code.clone())
        .await
        .unwrap();
    let gone = client.template(made.code).await.unwrap_err();
    assert_eq!(gone.discord_code(), Some(10_057));
    discord.expect_no_violations();
}

#[tokio::test]
async fn rules_are_made_switched_off_and_deleted() {
    let (discord, client) = bakery().await;
    let guild = discord.guild_id();
    let rule = AutoModerationRuleDraft::keywords("No cats", ["cat*"])
        .action(AutoModerationAction::block("Please no cats"));
    let rule = client
        .create_auto_moderation_rule(guild, rule)
        .await
        .unwrap();
    let off = client
        .edit_auto_moderation_rule(guild, rule.id)
        .enabled(false)
        .await
        .unwrap();
    assert!(!off.enabled);
    assert_eq!((off.name, off.actions), (rule.name, rule.actions));
    let known = client.auto_moderation_rule(guild, rule.id).await.unwrap();
    assert!(!known.enabled);
    assert_eq!(client.auto_moderation_rules(guild).await.unwrap(), [known]);
    client
        .delete_auto_moderation_rule(guild, rule.id)
        .reason("cats are fine")
        .await
        .unwrap();
    discord.expect_no_violations();
}

#[tokio::test]
async fn new_members_are_asked_welcomed_and_let_in() {
    let (discord, client) = bakery().await;
    let (guild, channel) = (discord.guild_id(), discord.channel_id());
    let rye = OnboardingOptionDraft::new("Rye")
        .channel_ids([channel])
        .emoji_name("🍞");
    let bread = OnboardingPromptDraft::new(Id::new(1), "Which bread?", [rye]).required(true);
    let asked = client
        .edit_onboarding(guild)
        .prompts([bread])
        .default_channel_ids([channel])
        .enabled(false)
        .await
        .unwrap();
    assert_eq!(asked.prompts[0].title, "Which bread?");
    // What comes back goes up again as it is.
    let same: Vec<OnboardingPromptDraft> = asked.prompts.iter().cloned().map(Into::into).collect();
    client.edit_onboarding(guild).prompts(same).await.unwrap();
    assert_eq!(client.onboarding(guild).await.unwrap(), asked);

    let welcome = client
        .edit_welcome_screen(guild)
        .enabled(true)
        .description("Fresh bread")
        .welcome_channels(vec![WelcomeScreenChannel::new(channel, "Begin here")])
        .await
        .unwrap();
    assert_eq!(client.welcome_screen(guild).await.unwrap(), welcome);

    let ann = discord.user("ann");
    client.remove_member(guild, ann.id()).await.unwrap();
    let request = ann.asks_to_join(guild);
    let waiting = client
        .join_requests(guild)
        .status(JoinRequestStatus::Submitted)
        .limit(10_u16)
        .await
        .unwrap();
    assert_eq!(waiting.guild_join_requests[0].id, request);
    let refused = client
        .act_on_join_request(guild, request)
        .action(JoinRequestStatus::Rejected)
        .rejection_reason("No more dough")
        .await
        .unwrap();
    assert_eq!(refused.rejection_reason.as_deref(), Some("No more dough"));
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_widget_is_switched_on_and_shown() {
    let (discord, client) = bakery().await;
    let (guild, channel) = (discord.guild_id(), discord.channel_id());
    let on = client
        .edit_widget_settings(guild)
        .enabled(true)
        .channel_id(channel)
        .await
        .unwrap();
    assert_eq!((on.enabled, on.channel_id), (true, Some(channel)));
    assert_eq!(client.widget_settings(guild).await.unwrap(), on);
    assert_eq!(client.widget(guild).await.unwrap().id, guild);
    let shield = client
        .widget_image(guild)
        .style(WidgetStyle::Shield)
        .await
        .unwrap();
    assert!(shield.0.starts_with(b"\x89PNG"));
    discord.expect_no_violations();
}

#[tokio::test]
async fn who_is_on_no_stage_cannot_be_asked_to_speak() {
    let everything = Permissions::ADMINISTRATOR.bits();
    let guild = Guild::default().bot_permissions(everything);
    let (discord, client) = with(guild).await;
    let (guild, ann) = (discord.guild_id(), discord.user("ann").id());
    // Only communities have stages, and only administrators make a community.
    client
        .edit_guild(guild)
        .features([GuildFeature::Community])
        .rules_channel_id(discord.channel_id())
        .public_updates_channel_id(discord.channel_id())
        .verification_level(VerificationLevel::Low)
        .explicit_content_filter(ExplicitContentFilterLevel::AllMembers)
        .await
        .unwrap();
    let stage = client
        .create_guild_channel(guild, ChannelDraft::new("stage"))
        .kind(ChannelType::GuildStageVoice)
        .await
        .unwrap()
        .id;
    discord.user("ann").enters_voice(stage);
    let listening = client.voice_state(guild, ann).await.unwrap();
    assert!(listening.suppress);
    client
        .edit_voice_state(guild, ann)
        .channel_id(stage)
        .suppress(false)
        .await
        .unwrap();
    assert!(!client.voice_state(guild, ann).await.unwrap().suppress);
    // The bot itself is elsewhere.
    let none = client.own_voice_state(guild).await.unwrap_err();
    assert_eq!(none.discord_code(), Some(10_065));
    let none = client.edit_own_voice_state(guild).suppress(true).await;
    assert_eq!(none.unwrap_err().discord_code(), Some(10_065));
    discord.expect_no_violations();
}

/// A guild with some members, in which the bot may do all but what takes an administrator.
async fn bakery() -> (Discord, Client) {
    with(Guild::default().members(3)).await
}

async fn with(guild: Guild) -> (Discord, Client) {
    let discord = Discord::start(Config::default().guilds([guild]))
        .await
        .unwrap();
    let client = client(&discord);
    (discord, client)
}

/// The time in the box.
async fn now(discord: &Discord, client: &Client) -> Timestamp {
    let message = client.create_message(discord.channel_id()).content("now");
    message.await.unwrap().timestamp.unwrap()
}

fn weekday(time: Timestamp) -> RecurrenceWeekday {
    let days = time.unix_seconds() / 86_400;
    // The first of January 1970 was a Thursday, and weeks begin with Monday.
    u32::try_from((days + 3) % 7).unwrap().into()
}

fn picture() -> DataUri {
    DataUri::new("image/png", picture_bytes())
}

/// The head of a picture of 64 by 64 points.
fn picture_bytes() -> &'static [u8] {
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x40\0\0\0\x40\x08\x06\0\0\0"
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A frame of 128 kbit/s at 44.1 kHz, 26 ms.
const MP3_FRAME: [u8; 417] = {
    let mut frame = [0; 417];
    frame[0] = 0xff;
    frame[1] = 0xfb;
    frame[2] = 0x90;
    frame
};
