//! The reference model: what exists in the box, as JSON, without clock, socket or chance.
//!
//! Everything that changes here says so by an [`Emission`], which the gateway turns into dispatches.

pub(crate) mod audit;
pub(crate) mod auto_moderation;
mod boost;
mod channel;
mod channels;
mod choosing;
pub(crate) mod command;
pub(crate) mod command_permission;
mod component;
mod due;
mod emoji;
pub(crate) mod grant;
pub(crate) mod guild;
pub(crate) mod guild_channel;
pub(crate) mod interaction;
mod invite;
pub(crate) mod invite_targets;
mod lobby;
mod member;
pub(crate) mod message;
pub(crate) mod modal;
mod named;
pub(crate) mod permission;
mod pin;
mod poll;
mod presence;
mod reaction;
pub(crate) mod role;
pub(crate) mod scheduled_event;
mod search;
mod shop;
pub(crate) mod slash;
pub(crate) mod soundboard;
mod stage;
pub(crate) mod sticker;
mod template;
pub(crate) mod thread;
mod user;
mod voice;
mod voice_channel;
pub(crate) mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    config::Config,
    json::{Fields, Object, object},
    time::{self, Snowflakes},
};

pub(crate) use channel::Channel;
pub(crate) use channels::Channels;
pub(crate) use guild::{Guild, GuildView};
pub(crate) use invite::channel_of;
pub(crate) use message::{Draft, File};
pub(crate) use reaction::Emoji;
pub(crate) use search::Query;
pub(crate) use thread::Opening;
pub(crate) use voice::Voice;

/// Something that happened, on its way to those who may hear of it.
#[derive(Clone, Debug)]
pub(crate) struct Emission {
    pub(crate) name: String,
    pub(crate) data: Value,
    /// The guild it happened in; `None` goes to shard 0.
    pub(crate) guild: Option<u64>,
}

/// Everything that exists in the box.
#[derive(Debug)]
pub(crate) struct World {
    ids: Snowflakes,
    /// Milliseconds since 1970, set before each deed.
    pub(crate) now_ms: u64,
    /// Scheme, host and port under which the box is reached, for the URLs of attachments.
    pub(crate) origin: String,
    pub(crate) application: Object,
    pub(crate) token: String,
    pub(crate) bot: u64,
    pub(crate) owner: u64,
    pub(crate) users: BTreeMap<u64, Object>,
    pub(crate) guilds: BTreeMap<u64, Guild>,
    pub(crate) channels: Channels,
    pub(crate) commands: Vec<command::Command>,
    /// What guilds say of commands, by guild and command.
    command_permissions: BTreeMap<(u64, u64), Vec<Object>>,
    /// What the application can know of users elsewhere, and what it does know, by user.
    pub(crate) role_connection_metadata: Vec<Value>,
    pub(crate) role_connections: BTreeMap<u64, Object>,
    /// The activities that were launched, by instance.
    pub(crate) activities: BTreeMap<String, Object>,
    grants: grant::Grants,
    pub(crate) shop: shop::Shop,
    /// Who may come by an invite, where it names users, by code.
    invite_targets: BTreeMap<String, invite_targets::Targets>,
    lobbies: BTreeMap<u64, lobby::Lobby>,
    /// The emojis of the application, by id.
    pub(crate) application_emojis: BTreeMap<u64, Object>,
    pub(crate) interactions: BTreeMap<u64, interaction::Interaction>,
    pub(crate) files: BTreeMap<u64, File>,
    /// The attachments that users have at hand, by the name of the file.
    at_hand: BTreeMap<String, Object>,
    /// What is said of users who do not simply appear online.
    presences: BTreeMap<u64, Object>,
    /// Since when somebody is in a voice channel of a guild, in seconds since 1970.
    voice_starts: BTreeMap<(u64, u64), u64>,
    pub(crate) webhooks: BTreeMap<u64, webhook::Webhook>,
    /// What happens by itself, by its time in milliseconds since 1970.
    due: BTreeSet<(u64, due::Due)>,
    /// Users who take no direct messages from the bot.
    pub(crate) closed_to_bot: BTreeSet<u64>,
    /// How many searches yet find that there is no index.
    pub(crate) searches_too_early: u32,
    pub(crate) emissions: Vec<Emission>,
    /// The first channel of the first guild: where users speak unless told otherwise.
    pub(crate) default_channel: u64,
    pub(crate) default_guild: u64,
    /// Whether auto-moderation looks at what bots and webhooks write, too.
    pub(crate) moderates_bots: bool,
}

impl World {
    pub(crate) fn new(config: &Config, now_ms: u64) -> Self {
        let mut world = Self {
            ids: Snowflakes::new(config.seed),
            now_ms: now_ms.saturating_sub(AGE_AT_START_MS),
            origin: "http://127.0.0.1".to_owned(),
            application: Object::new(),
            token: String::new(),
            bot: 0,
            owner: 0,
            users: BTreeMap::new(),
            guilds: BTreeMap::new(),
            channels: Channels::default(),
            commands: Vec::new(),
            command_permissions: BTreeMap::new(),
            role_connection_metadata: Vec::new(),
            role_connections: BTreeMap::new(),
            activities: BTreeMap::new(),
            grants: grant::Grants::default(),
            shop: shop::Shop::default(),
            invite_targets: BTreeMap::new(),
            lobbies: BTreeMap::new(),
            application_emojis: BTreeMap::new(),
            interactions: BTreeMap::new(),
            files: BTreeMap::new(),
            at_hand: BTreeMap::new(),
            presences: BTreeMap::new(),
            voice_starts: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            due: BTreeSet::new(),
            closed_to_bot: BTreeSet::new(),
            searches_too_early: 0,
            emissions: Vec::new(),
            default_channel: 0,
            default_guild: 0,
            moderates_bots: config.moderate_bots,
        };
        world.found(config);
        world.now_ms = now_ms;
        world.emissions.clear();
        world
    }

    fn found(&mut self, config: &Config) {
        self.bot = self.add_user(&config.application, true);
        self.owner = self.add_user("owner", false);
        self.application = self.describe_application(config);
        self.token = config
            .token
            .clone()
            .unwrap_or_else(|| made_up_token(self.bot, config.seed));
        for sku in &config.skus {
            self.offer(sku);
        }
        for plan in &config.guilds {
            // A guild per millisecond, so that neighbours fall on different shards.
            self.now_ms += 1;
            let (guild, channel) = self.found_guild(plan);
            // Nobody listens yet, and a large world should not keep word of every member.
            self.emissions.clear();
            if self.default_guild == 0 {
                self.default_guild = guild;
                self.default_channel = channel;
            }
        }
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.ids.next(self.now_ms)
    }

    pub(crate) fn timestamp(&self) -> String {
        time::iso8601(self.now_ms)
    }

    /// The time as webhook events tell it: without a zone.
    pub(crate) fn local_timestamp(&self) -> String {
        let mut text = self.timestamp();
        text.truncate(text.len() - "+00:00".len());
        text
    }

    pub(crate) fn emit(&mut self, name: &str, guild: Option<u64>, data: Value) {
        if let Some(guild) = guild {
            self.notice(guild, name, &data);
        }
        self.emissions.push(Emission {
            name: name.to_owned(),
            data,
            guild,
        });
    }

    pub(crate) fn application_id(&self) -> u64 {
        self.bot
    }

    /// The privileged intents that the application's flags do not have.
    pub(crate) fn barred_intents(&self) -> u64 {
        let flags = self.application.int("flags").unwrap_or(0);
        let barred = PRIVILEGED.iter().filter(|(_, has)| flags & has == 0);
        barred.map(|(intent, _)| intent).sum()
    }

    /// Whether the application has the members intent, without which Discord lists no members.
    pub(crate) fn members_listed(&self) -> bool {
        self.barred_intents() & GUILD_MEMBERS == 0
    }

    /// The secret by which the application asks for tokens.
    pub(crate) fn client_secret(&self) -> String {
        format!("secret-{:x}", self.bot.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn describe_application(&self, config: &Config) -> Object {
        let id = self.bot.to_string();
        let (name, endpoints) = (config.application.as_str(), &config.endpoints);
        let allowed = PRIVILEGED
            .iter()
            .filter(|(intent, _)| config.disallowed_intents & intent == 0);
        let flags: u64 = allowed.map(|(_, has)| has & LIMITED_FLAGS).sum();
        object(json!({
            "id": id,
            "name": name,
            "icon": null,
            "description": "",
            "type": null,
            "summary": "",
            "bot": self.user(self.bot),
            "bot_public": false,
            "bot_require_code_grant": false,
            "verify_key": "0".repeat(64),
            "flags": flags,
            "flags_new": flags.to_string(),
            "redirect_uris": [],
            "interactions_endpoint_url": endpoints.interactions,
            "event_webhooks_url": endpoints.events,
            "event_webhooks_types": endpoints.event_types,
            "role_connections_verification_url": null,
            "owner": self.user(self.owner),
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": null,
            "tags": [],
            "event_webhooks_status": if endpoints.events.is_some() { 2 } else { 1 },
            "eligible_oauth2_scopes": ["applications.commands", "bot", "identify"],
            "integration_types_config": {"0": {}},
        }))
    }
}

impl World {
    /// Discord has taken the bot's token away; its owner gets another one.
    pub(crate) fn renew_token(&mut self) {
        let number = self.next_id();
        self.token = made_up_token(self.bot, number);
    }
}

/// A text in the shape of Discord's tokens: the id in base64, a stamp, a signature.
fn made_up_token(bot: u64, seed: u64) -> String {
    let mut first = String::new();
    for chunk in bot.to_string().into_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap_or_default();
            first.extend(BASE64URL.get(index).copied().map(char::from));
        }
    }
    format!("{first}.MockXX.{:0>38}", format!("oven{seed:x}"))
}

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The bit of the members intent.
const GUILD_MEMBERS: u64 = 1 << 1;

/// The privileged intents with the flags of an application that has them, reviewed or not: members,
/// presences and message content.
const PRIVILEGED: [(u64, u64); 3] = [
    (GUILD_MEMBERS, (1 << 14) | (1 << 15)),
    (1 << 8, (1 << 12) | (1 << 13)),
    (1 << 15, (1 << 18) | (1 << 19)),
];

/// The flags of an application that is too small for a review.
const LIMITED_FLAGS: u64 = (1 << 13) | (1 << 15) | (1 << 19);

/// Guilds, users and channels are a day older than the box, so that new things have greater ids.
const AGE_AT_START_MS: u64 = 86_400_000;
