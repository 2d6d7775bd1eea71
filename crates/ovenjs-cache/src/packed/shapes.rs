//! What is kept of each kind, one table each; and of events, what is read. It is long because there are many kinds, and
//! tables that hold one another are read side by side.
//!
//! Some of it a bot [may leave out](crate::mirror::Field). A field of the model that stands in no table is left out by
//! policy:
//!
//! * what comes with REST answers or interactions alone (`permissions`, `approximate_member_count`,
//!   `user_count`, …), and what Discord has replaced (`region`, `nsfw` of guilds, `interaction`, …);
//! * of users: what only the bot's own account has (`email`, `locale`, `mfa_enabled`, …), and
//!   `banner`, `accent_color`, which the gateway does not send;
//! * of activities: `created_at`, `secrets`, `instance`, and the addresses behind buttons and texts;
//! * of messages: `referenced_message` and `thread` (they stand for
//!   themselves), `nonce`, `resolved`, `activity`, `application`, and what only lobbies and searches have;
//! * of invites: `target_application`;
//! * `member` inside messages and voice states (it is put among the members, if at all) and threads, `user` inside emojis, stickers and sounds: whoever uploaded
//!   them is not the picture.

use super::{After, Field, Form, Form::*, Shape, Shaped};

/// A table of what is kept, with a place for what it learns of the order in which it comes.
macro_rules! shape {
    [$($field:expr),* $(,)?] => {{
        static AFTER: After = After::new();
        Shape::of(&AFTER, &[$($field),*])
    }};
}

const fn must(name: &'static str, form: Form) -> Field {
    Field::must(name, form)
}

const fn may(name: &'static str, form: Form) -> Field {
    Field::may(name, form)
}

/// What is known to come and is passed over.
const fn passed(name: &'static str) -> Field {
    Field::may(name, Passed)
}

pub(crate) static USER: Shape = shape![
    must("id", Id),
    may("username", Text),
    may("discriminator", Word(&["0"])),
    may("global_name", Text),
    may("avatar", Hash),
    may("bot", Flag),
    may("system", Flag),
    may("flags", U64),
    may("public_flags", U64),
    may("avatar_decoration_data", Object(&DECORATION)),
    may("collectibles", Any),
    may("primary_guild", Object(&PRIMARY_GUILD)),
    passed("clan"),
    passed("display_name_styles"),
]
.numbered(1);

static DECORATION: Shape = shape![may("asset", Hash), may("sku_id", Id)];

static PRIMARY_GUILD: Shape = shape![
    may("identity_guild_id", Id),
    may("identity_enabled", Bool),
    may("tag", Text),
    may("badge", Hash),
];

/// `GUILD_MEMBER_ADD`, `GUILD_MEMBER_UPDATE`, and members within others.
pub(crate) static MEMBER: Shape = shape![
    may("user", Object(&USER)),
    may("guild_id", Id),
    may("nick", Text),
    may("avatar", Hash),
    may("banner", Hash),
    may("roles", List(&Id)),
    may("joined_at", Time),
    may("premium_since", Time),
    may("deaf", Flag),
    may("mute", Flag),
    may("flags", U64),
    may("pending", Flag),
    may("communication_disabled_until", Time),
    may("avatar_decoration_data", Object(&DECORATION)),
    may("collectibles", Any),
    passed("unusual_dm_activity_until"),
]
.numbered(2);

/// `PRESENCE_UPDATE`, and presences within others.
pub(crate) static PRESENCE: Shape = shape![
    must("user", Object(&POINTED)),
    may("guild_id", Id),
    may("status", Word(STATUSES)),
    may("activities", List(&Object(&ACTIVITY))),
    may("client_status", Object(&CLIENT_STATUS)),
]
.numbered(3);

/// The first is no presence worth keeping.
pub(crate) const STATUSES: &[&str] = &["offline", "online", "idle", "dnd", "invisible"];

static CLIENT_STATUS: Shape = shape![
    may("desktop", Word(STATUSES)),
    may("mobile", Word(STATUSES)),
    may("web", Word(STATUSES)),
    may("vr", Word(STATUSES)),
];

static ACTIVITY: Shape = shape![
    may("name", Word(&["Custom Status", "Spotify"])),
    must("type", U32),
    may("url", Text),
    may("timestamps", Object(&TIMESTAMPS)),
    may("application_id", Id),
    may("status_display_type", U32),
    may("details", Text),
    may("state", Text),
    may("emoji", Object(&REACTION_EMOJI)),
    may("party", Any),
    may("assets", Object(&ASSETS)),
    may("flags", U64),
    may("buttons", List(&Text)),
    passed("id"),
    passed("created_at"),
];

static TIMESTAMPS: Shape = shape![may("start", U64), may("end", U64)];

static ASSETS: Shape = shape![
    may("large_image", Text),
    may("large_text", Text),
    may("small_image", Text),
    may("small_text", Text),
];

pub(crate) static REACTION_EMOJI: Shape =
    shape![may("id", Id), may("name", Text), may("animated", Flag)];

/// `VOICE_STATE_UPDATE`, and voice states within a guild.
pub(crate) static VOICE_STATE: Shape = shape![
    may("guild_id", Id),
    may("channel_id", Id),
    must("user_id", Id),
    may("session_id", Hash),
    may("deaf", Flag),
    may("mute", Flag),
    may("self_deaf", Flag),
    may("self_mute", Flag),
    may("self_stream", Bool),
    may("self_video", Flag),
    may("suppress", Flag),
    may("request_to_speak_timestamp", Time),
    may("member", Object(&MEMBER)),
]
.numbered(8);

pub(crate) static ROLE: Shape = shape![
    must("id", Id),
    may("name", Text),
    may("color", U32),
    may("colors", Object(&ROLE_COLORS)),
    may("hoist", Flag),
    may("icon", Hash),
    may("unicode_emoji", Text),
    may("position", I64),
    may("permissions", U64),
    may("managed", Flag),
    may("mentionable", Flag),
    may("tags", Object(&ROLE_TAGS)),
    may("flags", U64),
];

static ROLE_COLORS: Shape = shape![
    may("primary_color", U32),
    may("secondary_color", U32),
    may("tertiary_color", U32),
];

static ROLE_TAGS: Shape = shape![
    may("bot_id", Id),
    may("integration_id", Id),
    may("premium_subscriber", There),
    may("subscription_listing_id", Id),
    may("available_for_purchase", There),
    may("guild_connections", There),
];

/// Events of channels and threads, and these within others.
pub(crate) static CHANNEL: Shape = shape![
    must("id", Id),
    must("type", U32),
    may("guild_id", Id),
    may("position", I64),
    may("permission_overwrites", List(&Object(&OVERWRITE))),
    may("name", Text),
    may("topic", Text),
    may("nsfw", Flag),
    may("last_message_id", Id),
    may("bitrate", U32),
    may("user_limit", U32),
    may("rate_limit_per_user", U32),
    may("recipients", List(&Object(&USER))),
    may("icon", Hash),
    may("owner_id", Id),
    may("application_id", Id),
    may("managed", Flag),
    may("parent_id", Id),
    may("last_pin_timestamp", Time),
    may("rtc_region", Text),
    may("video_quality_mode", U32),
    may("message_count", U64),
    may("member_count", U32),
    may("total_message_sent", U64),
    may("thread_metadata", Object(&THREAD_METADATA)),
    may("member", Object(&THREAD_MEMBER)),
    may("default_auto_archive_duration", U32),
    may("default_thread_rate_limit_per_user", U32),
    may("flags", U64),
    may("available_tags", List(&Object(&FORUM_TAG))),
    may("applied_tags", List(&Id)),
    may("default_reaction_emoji", Object(&DEFAULT_REACTION)),
    may("default_sort_order", U32),
    may("default_forum_layout", U32),
    may("default_tag_setting", Text),
]
.numbered(4);

pub(crate) static OVERWRITE: Shape = shape![
    must("id", Id),
    must("type", U32),
    may("allow", U64),
    may("deny", U64),
];

pub(crate) static THREAD_METADATA: Shape = shape![
    may("archived", Flag),
    may("auto_archive_duration", U32),
    may("archive_timestamp", Time),
    may("locked", Flag),
    may("invitable", Bool),
    may("create_timestamp", Time),
];

/// `THREAD_MEMBER_UPDATE` tells of the bot, as does the member within a thread.
pub(crate) static THREAD_MEMBER: Shape = shape![
    may("id", Id),
    may("user_id", Id),
    may("guild_id", Id),
    may("join_timestamp", Time),
    may("flags", U64),
];

static FORUM_TAG: Shape = shape![
    must("id", Id),
    may("name", Text),
    may("moderated", Flag),
    may("emoji_id", Id),
    may("emoji_name", Text),
];

static DEFAULT_REACTION: Shape = shape![may("emoji_id", Id), may("emoji_name", Text)];

pub(crate) static EMOJI: Shape = shape![
    must("id", Id),
    may("name", Text),
    may("roles", List(&Id)),
    may("require_colons", Bool),
    may("managed", Flag),
    may("animated", Flag),
    may("available", Bool),
];

pub(crate) static STICKER: Shape = shape![
    must("id", Id),
    may("pack_id", Id),
    may("name", Text),
    may("description", Text),
    may("tags", Text),
    may("type", U32),
    may("format_type", U32),
    may("available", Bool),
    may("guild_id", Id),
    may("sort_value", I64),
];

/// Events of one sound, and sounds within others.
pub(crate) static SOUND: Shape = shape![
    must("sound_id", Id),
    may("name", Text),
    may("volume", F64),
    may("emoji_id", Id),
    may("emoji_name", Text),
    may("guild_id", Id),
    may("available", Flag),
];

/// Events of stages, and stages within a guild.
pub(crate) static STAGE: Shape = shape![
    must("id", Id),
    must("guild_id", Id),
    must("channel_id", Id),
    may("topic", Text),
    may("privacy_level", U32),
    may("discoverable_disabled", Flag),
    may("guild_scheduled_event_id", Id),
];

/// Events of scheduled events, and these within a guild.
pub(crate) static SCHEDULED_EVENT: Shape = shape![
    must("id", Id),
    must("guild_id", Id),
    may("channel_id", Id),
    may("creator_id", Id),
    may("name", Text),
    may("description", Text),
    may("scheduled_start_time", Time),
    may("scheduled_end_time", Time),
    may("privacy_level", U32),
    may("status", U32),
    may("entity_type", U32),
    may("entity_id", Id),
    may("entity_metadata", Object(&ENTITY_METADATA)),
    may("image", Hash),
    may("recurrence_rule", Any),
];

static ENTITY_METADATA: Shape = shape![may("location", Text)];

/// `GUILD_CREATE`, `GUILD_UPDATE`, `GUILD_DELETE`; what is kept of the guild itself is all but
/// [`GUILD_LISTS`].
pub(crate) static GUILD: Shape = shape![
    must("id", Id),
    may("name", Text),
    may("icon", Hash),
    may("splash", Hash),
    may("discovery_splash", Hash),
    may("banner", Hash),
    may("home_header", Hash),
    may("owner_id", Id),
    may("afk_channel_id", Id),
    may("afk_timeout", U32),
    may("widget_enabled", Bool),
    may("widget_channel_id", Id),
    may("verification_level", U32),
    may("default_message_notifications", U32),
    may("explicit_content_filter", U32),
    may("roles", List(&Object(&ROLE))),
    may("emojis", List(&Object(&EMOJI))),
    may("stickers", List(&Object(&STICKER))),
    may("features", List(&Word(FEATURES))),
    may("mfa_level", U32),
    may("application_id", Id),
    may("system_channel_id", Id),
    may("system_channel_flags", U64),
    may("rules_channel_id", Id),
    may("max_presences", U64),
    may("max_members", U64),
    may("vanity_url_code", Text),
    may("description", Text),
    may("premium_tier", U32),
    may("premium_subscription_count", U64),
    may("premium_progress_bar_enabled", Flag),
    may("premium_progress_bar_enabled_user_updated_at", Time),
    may("preferred_locale", Text),
    may("public_updates_channel_id", Id),
    may("max_video_channel_users", U64),
    may("max_stage_video_channel_users", U64),
    may("nsfw_level", U32),
    may("safety_alerts_channel_id", Id),
    may("incidents_data", Object(&INCIDENTS)),
    may("joined_at", Time),
    may("large", Flag),
    may("unavailable", Flag),
    may("member_count", U64),
    may("voice_states", List(&Object(&VOICE_STATE))),
    may("members", List(&Object(&MEMBER))),
    may("channels", List(&Object(&CHANNEL))),
    may("threads", List(&Object(&CHANNEL))),
    may("presences", List(&Object(&PRESENCE))),
    may("stage_instances", List(&Object(&STAGE))),
    may("guild_scheduled_events", List(&Object(&SCHEDULED_EVENT))),
    may("soundboard_sounds", List(&Object(&SOUND))),
]
.numbered(5);

/// What of a guild is kept by itself, and its id and state.
pub(crate) const GUILD_LISTS: &[&str] = &[
    "id",
    "unavailable",
    "member_count",
    "roles",
    "emojis",
    "stickers",
    "voice_states",
    "members",
    "channels",
    "threads",
    "presences",
    "stage_instances",
    "guild_scheduled_events",
    "soundboard_sounds",
];

/// Those that most guilds with any have.
const FEATURES: &[&str] = &[
    "COMMUNITY",
    "NEWS",
    "SOUNDBOARD",
    "AUTO_MODERATION",
    "ANIMATED_ICON",
    "BANNER",
    "INVITE_SPLASH",
    "ROLE_ICONS",
    "DISCOVERABLE",
    "VANITY_URL",
    "WELCOME_SCREEN_ENABLED",
    "MEMBER_VERIFICATION_GATE_ENABLED",
    "PREVIEW_ENABLED",
    "GUILD_TAGS",
];

static INCIDENTS: Shape = shape![
    may("invites_disabled_until", Time),
    may("dms_disabled_until", Time),
    may("dm_spam_detected_at", Time),
    may("raid_detected_at", Time),
];

/// `MESSAGE_CREATE` and `MESSAGE_UPDATE`.
pub(crate) static MESSAGE: Shape = shape![
    must("id", Id),
    must("channel_id", Id),
    may("guild_id", Id),
    may("channel_type", U32),
    // What Discord sends of it as a part has no author.
    may("author", Object(&USER)),
    may("content", Text),
    may("timestamp", Time),
    may("edited_timestamp", Time),
    may("tts", Flag),
    may("mention_everyone", Flag),
    may("mentions", List(&Object(&USER))),
    may("mention_roles", List(&Id)),
    may("mention_channels", Any),
    may("attachments", List(&Any)),
    may("embeds", List(&Any)),
    may("reactions", List(&Object(&REACTION))),
    may("pinned", Flag),
    may("webhook_id", Id),
    may("type", U32),
    may("application_id", Id),
    may("flags", U64),
    may("message_reference", Object(&MESSAGE_REFERENCE)),
    may("message_snapshots", List(&Any)),
    may("interaction_metadata", Any),
    may("components", List(&Any)),
    may("sticker_items", List(&Object(&STICKER_ITEM))),
    may("position", U64),
    may("role_subscription_data", Any),
    may("purchase_notification", Any),
    may("poll", Object(&POLL)),
    may("call", Any),
    may("member", Object(&MEMBER)),
    passed("nonce"),
]
.numbered(6);

static MESSAGE_REFERENCE: Shape = shape![
    may("type", U32),
    may("message_id", Id),
    may("channel_id", Id),
    may("guild_id", Id),
    may("fail_if_not_exists", Bool),
];

pub(crate) static REACTION: Shape = shape![
    must("emoji", Object(&REACTION_EMOJI)),
    may("count", U32),
    may("count_details", Object(&REACTION_COUNTS)),
    may("me", Flag),
    may("me_burst", Flag),
    may("burst_colors", List(&Text)),
];

pub(crate) static REACTION_COUNTS: Shape = shape![may("burst", U32), may("normal", U32)];

pub(crate) static POLL: Shape = shape![
    may("question", Any),
    may("answers", List(&Any)),
    may("expiry", Time),
    may("allow_multiselect", Flag),
    may("layout_type", U32),
    may("results", Object(&POLL_RESULTS)),
];

pub(crate) static POLL_RESULTS: Shape = shape![
    may("is_finalized", Flag),
    may("answer_counts", List(&Object(&ANSWER_COUNT))),
];

pub(crate) static ANSWER_COUNT: Shape =
    shape![must("id", U32), may("count", U64), may("me_voted", Flag)];

static STICKER_ITEM: Shape = shape![must("id", Id), may("name", Text), may("format_type", U32)];

/// Where an object is only pointed to.
static POINTED: Shape = shape![must("id", Id)];

/// `READY`.
static READY: Shape = shape![
    must("user", Object(&USER)),
    may("guilds", List(&Object(&POINTED))),
];

/// `GUILD_ROLE_CREATE` and `GUILD_ROLE_UPDATE`.
static ROLE_CHANGE: Shape = shape![must("guild_id", Id), must("role", Object(&ROLE))];

/// `GUILD_MEMBERS_CHUNK`.
pub(crate) static CHUNK: Shape = shape![
    must("guild_id", Id),
    may("members", List(&Object(&MEMBER))),
    may("presences", List(&Object(&PRESENCE))),
]
.numbered(7);

/// Events that bring lists: emojis, stickers, sounds.
static LISTS: Shape = shape![
    must("guild_id", Id),
    may("emojis", List(&Object(&EMOJI))),
    may("stickers", List(&Object(&STICKER))),
    may("soundboard_sounds", List(&Object(&SOUND))),
];

/// `THREAD_LIST_SYNC`.
static THREADS: Shape = shape![
    must("guild_id", Id),
    may("channel_ids", List(&Id)),
    may("threads", List(&Object(&CHANNEL))),
    may("members", List(&Object(&THREAD_MEMBER))),
];

/// Events that only point to something: deletions, pins, and who is in a thread.
static POINTER: Shape = shape![
    may("id", Id),
    may("ids", List(&Id)),
    may("guild_id", Id),
    may("channel_id", Id),
    may("role_id", Id),
    may("sound_id", Id),
    may("user", Object(&POINTED)),
    may("last_pin_timestamp", Time),
    may("member_count", U32),
    may("added_members", List(&Object(&THREAD_MEMBER))),
    may("removed_member_ids", List(&Id)),
];

/// Events of reactions and votes, which point to a message.
pub(crate) static FEEDBACK: Shape = shape![
    must("channel_id", Id),
    must("message_id", Id),
    may("guild_id", Id),
    may("user_id", Id),
    may("emoji", Object(&REACTION_EMOJI)),
    may("burst", Flag),
    may("burst_colors", List(&Text)),
    may("answer_id", U32),
    may("member", Object(&MEMBER)),
]
.numbered(9);

/// Events that are about something else, and show a member: typing, and interactions.
pub(crate) static GLIMPSE: Shape = shape![may("guild_id", Id), may("member", Object(&MEMBER))];

/// `INVITE_CREATE`, of which `INVITE_DELETE` has the first fields.
pub(crate) static INVITE: Shape = shape![
    must("channel_id", Id),
    must("code", Text),
    may("guild_id", Id),
    may("created_at", Time),
    may("inviter", Object(&USER)),
    may("max_age", U64),
    may("max_uses", U64),
    may("target_type", U32),
    may("target_user", Object(&USER)),
    may("temporary", Flag),
    may("uses", U64),
    may("expires_at", Time),
    may("role_ids", List(&Id)),
];

/// Names for the payloads of events, by their tables.
macro_rules! payloads {
    ($($name:ident = $shape:ident;)+) => {
        $(
            pub(crate) struct $name;

            impl Shaped for $name {
                const SHAPE: &'static Shape = &$shape;
            }
        )+
    };
}

payloads! {
    ReadyEvent = READY;
    UserEvent = USER;
    GuildEvent = GUILD;
    RoleEvent = ROLE_CHANGE;
    ChannelEvent = CHANNEL;
    ThreadsEvent = THREADS;
    ThreadMemberEvent = THREAD_MEMBER;
    MemberEvent = MEMBER;
    ChunkEvent = CHUNK;
    PresenceEvent = PRESENCE;
    VoiceStateEvent = VOICE_STATE;
    ListsEvent = LISTS;
    SoundEvent = SOUND;
    StageEvent = STAGE;
    ScheduledEventEvent = SCHEDULED_EVENT;
    MessageEvent = MESSAGE;
    FeedbackEvent = FEEDBACK;
    GlimpseEvent = GLIMPSE;
    InviteEvent = INVITE;
    PointerEvent = POINTER;
}
