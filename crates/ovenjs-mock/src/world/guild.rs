//! Guilds and their roles.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::{
    config,
    json::{Fields, Object, object},
};

use super::{World, permission, role, scheduled_event::Event};

/// One guild: its own fields, and what belongs to it by id. Members are kept without their user.
#[derive(Debug)]
pub(crate) struct Guild {
    pub(crate) object: Object,
    pub(crate) roles: BTreeMap<u64, Object>,
    pub(crate) members: BTreeMap<u64, Object>,
    /// Banned users and the reason given.
    pub(crate) bans: BTreeMap<u64, Option<String>>,
    /// The entries of the audit log, oldest first.
    pub(crate) audit_log: VecDeque<Object>,
    /// Voice states without their member.
    pub(crate) voice_states: BTreeMap<u64, Object>,
    /// When members were last seen, in milliseconds since 1970.
    pub(crate) last_seen: BTreeMap<u64, u64>,
    pub(crate) integrations: BTreeMap<u64, Object>,
    /// Invites by code, as REST shows them.
    pub(crate) invites: BTreeMap<String, Object>,
    /// The sounds of its soundboard.
    pub(crate) sounds: BTreeMap<u64, Object>,
    /// The rules of auto-moderation.
    pub(crate) rules: BTreeMap<u64, Object>,
    pub(crate) events: BTreeMap<u64, Event>,
    /// Stage instances by channel.
    pub(crate) stages: BTreeMap<u64, Object>,
    /// Description and channels of the welcome screen.
    pub(crate) welcome_screen: Object,
    pub(crate) onboarding: Object,
    /// The one template that a guild can have.
    pub(crate) template: Option<Object>,
    /// Applications of users who want to join.
    pub(crate) join_requests: BTreeMap<u64, Object>,
}

/// What a session may see of a guild, by its intents and what it calls large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuildView {
    pub(crate) presences: bool,
    pub(crate) voice_states: bool,
    pub(crate) large_threshold: u64,
}

impl World {
    /// Makes a guild and gives its id and that of its first channel.
    pub(super) fn found_guild(&mut self, plan: &config::Guild) -> (u64, u64) {
        let guild = self.next_id();
        let bot_role = self.next_id();
        let own = object(json!({
            "id": guild.to_string(),
            "name": plan.name,
            "icon": null,
            "description": null,
            "home_header": null,
            "splash": null,
            "discovery_splash": null,
            "features": [],
            "banner": null,
            "owner_id": self.owner.to_string(),
            "application_id": null,
            "region": REGION,
            "afk_channel_id": null,
            "afk_timeout": 300,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "widget_enabled": false,
            "widget_channel_id": null,
            "verification_level": 0,
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": null,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "rules_channel_id": null,
            "safety_alerts_channel_id": null,
            "public_updates_channel_id": null,
            "premium_progress_bar_enabled": false,
            "nsfw": false,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": null,
        }));
        let everyone = permission::EVERYONE & plan.bot_permissions;
        let roles = BTreeMap::from([
            (guild, role::blank(guild, "@everyone", everyone, 0)),
            (bot_role, self.bot_role(bot_role, plan.bot_permissions)),
        ]);
        let integration = self.next_id();
        self.guilds.insert(
            guild,
            Guild {
                object: own,
                roles,
                members: BTreeMap::new(),
                bans: BTreeMap::new(),
                audit_log: VecDeque::new(),
                voice_states: BTreeMap::new(),
                last_seen: BTreeMap::new(),
                integrations: BTreeMap::from([(integration, self.own_integration(integration))]),
                invites: BTreeMap::new(),
                sounds: BTreeMap::new(),
                rules: BTreeMap::new(),
                events: BTreeMap::new(),
                stages: BTreeMap::new(),
                welcome_screen: object(json!({ "description": null, "welcome_channels": [] })),
                onboarding: object(json!({
                    "guild_id": guild.to_string(),
                    "prompts": [],
                    "default_channel_ids": [],
                    "enabled": false,
                    "mode": 0,
                })),
                template: None,
                join_requests: BTreeMap::new(),
            },
        );
        self.join(guild, self.bot);
        self.join(guild, self.owner);
        if let Some(bot) = self
            .guilds
            .get_mut(&guild)
            .and_then(|g| g.members.get_mut(&self.bot))
        {
            bot.set("roles", json!([bot_role.to_string()]));
        }
        for number in 1..=plan.members {
            let user = self.add_user(&format!("member-{number}"), false);
            self.join(guild, user);
            if number > plan.members.saturating_sub(plan.offline) {
                self.go_offline(user);
            }
        }
        let channels: Vec<u64> = plan
            .channels
            .iter()
            .map(|name| self.add_text_channel(guild, name))
            .collect();
        for name in &plan.voice_channels {
            self.add_voice_channel(guild, name);
        }
        let first = channels.first().copied().unwrap_or_default();
        if let (Some(room), false) = (self.guilds.get_mut(&guild), first == 0) {
            room.object.set("system_channel_id", first.to_string());
        }
        (guild, first)
    }

    /// The guild as REST shows it.
    pub(crate) fn guild(&self, id: u64, with_counts: bool) -> Option<Value> {
        let room = self.guilds.get(&id)?;
        let mut guild = room.object.clone();
        guild.set("roles", self.roles(id));
        if with_counts {
            guild.set("approximate_member_count", room.members.len());
            guild.set("approximate_presence_count", self.presence_count(id));
        }
        Some(Value::Object(guild))
    }

    /// Gives a guild its new fields and tells of it, if anything is new.
    pub(crate) fn change_guild(&mut self, id: u64, after: Object) {
        let Some(room) = self.guilds.get_mut(&id) else {
            return;
        };
        if room.object == after {
            return;
        }
        room.object = after;
        let data = self.guild(id, false).unwrap_or_default();
        self.emit("GUILD_UPDATE", Some(id), data);
    }

    pub(crate) fn has_feature(&self, guild: u64, feature: &str) -> bool {
        self.guilds
            .get(&guild)
            .is_some_and(|room| room.object.list("features").iter().any(|f| f == feature))
    }

    /// The bot goes; what it cannot see any more is not in the box any more.
    pub(crate) fn forget_guild(&mut self, guild: u64) {
        self.guilds.remove(&guild);
        self.channels.retain(|_, room| room.guild != Some(guild));
        let data = json!({ "id": guild.to_string(), "unavailable": false });
        self.emit("GUILD_DELETE", Some(guild), data);
    }

    /// The role that Discord makes for a bot which is invited with permissions.
    fn bot_role(&self, id: u64, permissions: u64) -> Object {
        let mut role = role::blank(id, "Bot", permissions, 1);
        role.set("managed", true);
        role.set("tags", json!({ "bot_id": self.bot.to_string() }));
        role
    }

    fn own_integration(&self, id: u64) -> Object {
        let field = |key: &str| self.application.get(key).cloned().unwrap_or_default();
        let application = json!({
            "id": self.application_id().to_string(),
            "name": field("name"),
            "icon": null,
            "description": field("description"),
            // Nobody documents it any more, and it still comes.
            "summary": "",
            "type": null,
            "bot": self.user(self.bot),
        });
        object(json!({
            "id": id.to_string(),
            "type": "discord",
            "name": field("name"),
            "enabled": true,
            "account": { "id": self.application_id().to_string(), "name": field("name") },
            "application": application,
            "scopes": ["applications.commands", "bot"],
            "user": self.user(self.owner),
        }))
    }

    pub(crate) fn roles(&self, guild: u64) -> Vec<Value> {
        let roles = self
            .guilds
            .get(&guild)
            .into_iter()
            .flat_map(|room| room.roles.values());
        roles.cloned().map(Value::Object).collect()
    }

    /// The payload of GUILD_CREATE for one session.
    pub(crate) fn guild_create(&self, id: u64, view: GuildView) -> Option<Value> {
        let room = self.guilds.get(&id)?;
        let mut guild = room.object.clone();
        let members: Vec<Value> = room
            .members
            .keys()
            .filter(|user| self.is_shown(room, **user, view))
            .filter_map(|user| self.member(id, *user))
            .collect();
        let presences: Vec<Value> = room
            .members
            .keys()
            .filter(|_| view.presences && room.members.len() <= TOO_LARGE_FOR_PRESENCES)
            .filter_map(|user| self.presence(id, *user))
            .collect();
        let (threads, channels): (Vec<_>, Vec<_>) = self
            .channels
            .of_guild(id)
            .map(|(_, channel)| channel)
            .partition(|channel| channel.thread_parent().is_some());
        // Channels inside GUILD_CREATE have no guild_id of their own.
        let bare = |channel: &super::Channel| {
            let mut object = channel.object.clone();
            object.remove("guild_id");
            Value::Object(object)
        };
        let joined_at = room
            .members
            .get(&self.bot)
            .and_then(|bot| bot.text("joined_at"));
        guild.set("roles", self.roles(id));
        guild.set("joined_at", joined_at.unwrap_or_default());
        guild.set("large", exceeds(room.members.len(), view.large_threshold));
        guild.set("unavailable", false);
        guild.set("member_count", room.members.len());
        // Nor have voice states there.
        let voice_states: Vec<Value> = room
            .voice_states
            .values()
            .filter(|_| view.voice_states)
            .map(|state| {
                let mut state = state.clone();
                state.remove("guild_id");
                Value::Object(state)
            })
            .collect();
        guild.set("voice_states", voice_states);
        guild.set("members", members);
        guild.set(
            "channels",
            channels.into_iter().map(bare).collect::<Vec<_>>(),
        );
        guild.set(
            "threads",
            threads
                .into_iter()
                .filter(|thread| thread.is_active_thread())
                .filter_map(|thread| thread.object.key("id"))
                .filter(|thread| self.is_seen(*thread))
                .filter_map(|thread| self.thread(thread).ok())
                .map(|mut thread| {
                    // Whose membership it is goes without saying here.
                    if let Some(member) = thread.get_mut("member").and_then(Value::as_object_mut) {
                        member.retain(|key, _| key != "id" && key != "user_id");
                    }
                    thread
                })
                .collect::<Vec<_>>(),
        );
        guild.set("presences", presences);
        let stages = room.stages.values().cloned().map(Value::Object);
        guild.set("stage_instances", stages.collect::<Vec<_>>());
        guild.set("guild_scheduled_events", self.coming_events(id));
        guild.set("soundboard_sounds", self.soundboard_sounds(id));
        guild.set("embedded_activities", json!([]));
        Some(Value::Object(guild))
    }
}

impl World {
    /// Whether GUILD_CREATE names a member. Without presences these are the bot and those in voice;
    /// of a large guild also those who are online or have a role or a nickname.
    fn is_shown(&self, room: &Guild, user: u64, view: GuildView) -> bool {
        if user == self.bot || room.voice_states.contains_key(&user) {
            return true;
        }
        if !view.presences || room.members.len() > TOO_LARGE_FOR_PRESENCES {
            return false;
        }
        let stands_out = || {
            let member = room.members.get(&user);
            member.is_some_and(|m| !m.list("roles").is_empty() || m.text("nick").is_some())
        };
        !exceeds(room.members.len(), view.large_threshold)
            || self.status(user) != "offline"
            || stands_out()
    }
}

/// The region of guilds that have not chosen one.
pub(crate) const REGION: &str = "us-west";

/// Guilds of more members than this come as if there were no presences intent.
const TOO_LARGE_FOR_PRESENCES: usize = 75_000;

fn exceeds(members: usize, threshold: u64) -> bool {
    u64::try_from(members).is_ok_and(|members| members > threshold)
}
