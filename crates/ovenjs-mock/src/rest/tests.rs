//! Stories of the guild side on a virtual clock: what a request does, who hears of it, what the
//! audit log says, and what is refused.

mod application;
mod auto_moderation;
mod bans;
mod canned;
mod channels;
mod command_permissions;
mod commands;
mod emojis;
mod invites;
mod lobbies;
mod members;
mod oauth2;
mod powerless;
mod role_connections;
mod roles;
mod scheduled_events;
mod settings;
mod shop;
mod soundboard;
mod stages;
mod stickers;
mod talk;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    config::{Config, Guild},
    failure::Failure,
    json::{Fields, object},
    referee::{Call, Referee, Step},
    world::{Draft, World, permission},
};

/// A bot in a guild, with a gateway session that hears everything.
pub(super) struct Stage {
    discord: Referee,
    now: Instant,
    connection: u64,
}

/// Status and body of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// Status and Discord's code, of a refusal.
    pub(super) fn refusal(&self) -> (u16, u64) {
        let code = self.body.get("code").and_then(Value::as_u64);
        (self.status, code.unwrap_or_default())
    }

    pub(super) fn text(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    }
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with(permission::ALL_BUT_ADMINISTRATOR)
    }

    /// The bot's role has these permissions.
    pub(super) fn with(bits: u64) -> Self {
        let guild = Guild::named("The Bakery")
            .channels(["general", "orders"])
            .bot_permissions(bits);
        Self::of(Config::default().guilds([guild]))
    }

    pub(super) fn of(config: Config) -> Self {
        let now = start();
        let allowed = ALL_INTENTS & !config.disallowed_intents;
        let mut discord = Referee::new(config, now);
        let connection = discord.open(now, "v=10&encoding=json");
        let identify = json!({ "op": 2, "d": {
            "token": discord.token(),
            "intents": allowed,
            "properties": { "os": "linux", "browser": "story", "device": "story" },
        }});
        discord.receive(now, connection, identify.to_string().as_bytes());
        let mut stage = Self {
            discord,
            now,
            connection,
        };
        stage.heard();
        stage
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    pub(super) fn guild(&self) -> u64 {
        self.discord.guild_id().get()
    }

    pub(super) fn channel(&self) -> u64 {
        self.discord.channel_id().get()
    }

    pub(super) fn bot(&self) -> u64 {
        self.discord.bot_id().get()
    }

    pub(super) fn world<T>(&mut self, deed: impl FnOnce(&mut World) -> T) -> T {
        self.discord.0.play(self.now, deed)
    }

    pub(super) fn user(&mut self, name: &str) -> u64 {
        self.world(|world| world.user_named(name))
    }

    /// A user writes into the default channel, where it may.
    pub(super) fn says(&mut self, user: u64, content: &str) -> Result<u64, Failure> {
        let channel = self.channel();
        let body = object(json!({ "content": content }));
        self.world(|world| {
            world.may_say(user, channel, &body, false)?;
            world.post(Draft {
                author: user,
                channel,
                body,
                ..Draft::default()
            })
        })
    }

    /// A role above the bot's or below it, given to nobody.
    pub(super) fn role(&mut self, name: &str, position: u64, bits: u64) -> u64 {
        let guild = self.guild();
        let id = self.world(|world| {
            world.add_role(guild, crate::world::role::blank(0, name, bits, position))
        });
        self.heard();
        id
    }

    /// Makes a channel of that type with further fields.
    pub(super) fn open(&mut self, kind: u64, name: &str, more: Value) -> u64 {
        let mut body = object(json!({ "name": name, "type": kind }));
        body.extend(object(more));
        let path = format!("/guilds/{}/channels", self.guild());
        let made = self.call("POST", &path, Value::Object(body));
        assert_eq!(made.status, 201, "{}", made.body);
        self.heard();
        made.text("/id").parse().expect("an id")
    }

    /// A request of the bot with the reason "tidy up"; a body of null is none.
    pub(super) fn call(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let token = format!("Bot {}", self.discord.token());
        self.call_as(&token, method, path, body)
    }

    /// A request of the client to which a user has given its token.
    pub(super) fn as_user(&mut self, user: u64, method: &str, path: &str, body: Value) -> Answer {
        let token = format!("Bearer {}", World::access_token(user));
        self.call_as(&token, method, path, body)
    }

    pub(super) fn call_as(
        &mut self,
        authorization: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        let text = match body {
            Value::Null => String::new(),
            Value::String(form) => {
                let kind = "application/x-www-form-urlencoded";
                return self.send(authorization, method, path, kind, form.as_bytes());
            }
            body => body.to_string(),
        };
        let kind = "application/json";
        self.send(authorization, method, path, kind, text.as_bytes())
    }

    /// A file alone in a form, under this name.
    pub(super) fn upload(&mut self, method: &str, path: &str, field: &str, file: &str) -> Answer {
        let token = format!("Bot {}", self.discord.token());
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{field}.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n{file}\r\n--b--\r\n"
        );
        let kind = "multipart/form-data; boundary=b";
        self.send(&token, method, path, kind, body.as_bytes())
    }

    fn send(
        &mut self,
        authorization: &str,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = format!("/api/v10{path}");
        let reply = self.discord.request(
            self.now,
            Call {
                method,
                path: &path,
                query,
                authorization: Some(authorization),
                content_type: Some(kind),
                reason: Some("tidy%20up"),
                body,
            },
        );
        let text = || Value::String(String::from_utf8_lossy(&reply.body).into_owned());
        let body = serde_json::from_slice(&reply.body).unwrap_or_else(|_| text());
        Answer {
            status: reply.status,
            body,
        }
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, Value::Null)
    }

    /// The events since last asked: name and data.
    pub(super) fn heard(&mut self) -> Vec<(String, Value)> {
        let mut events = Vec::new();
        while let Some(step) = self.discord.poll(self.now, self.connection) {
            let Step::Text(frame) = step else {
                panic!("the box hung up: {step:?}");
            };
            let payload: Value = serde_json::from_slice(&frame).expect("JSON");
            if let Some(name) = payload.get("t").and_then(Value::as_str) {
                let data = payload.get("d").cloned().unwrap_or_default();
                events.push((name.to_owned(), data));
            }
        }
        events
    }

    /// The names of the events since last asked.
    pub(super) fn names(&mut self) -> Vec<String> {
        self.heard().into_iter().map(|(name, _)| name).collect()
    }

    /// Action, target and reason of the newest entries of the audit log, newest first.
    pub(super) fn log(&mut self, count: usize) -> Vec<(u64, u64, String)> {
        let path = format!("/guilds/{}/audit-logs?limit={count}", self.guild());
        let log = self.get(&path);
        assert_eq!(log.status, 200, "{}", log.body);
        let entries = object(log.body);
        let entries = entries.list("audit_log_entries").iter();
        entries
            .filter_map(Value::as_object)
            .map(|entry| {
                (
                    entry.int("action_type").unwrap_or(0),
                    entry.key("target_id").unwrap_or(0),
                    entry.text("reason").unwrap_or_default().to_owned(),
                )
            })
            .collect()
    }

    /// The end of every story: the box has kept to Discord's documents, and so have the requests.
    pub(super) fn end(&self) {
        let journal = &self.discord.0.journal;
        assert_eq!(journal.violations, Vec::<String>::new());
        assert_eq!(journal.warnings, Vec::<String>::new());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the script starts at any instant"
)]
fn start() -> Instant {
    Instant::now()
}

const ALL_INTENTS: u64 = 0x331_ffff & !(0b11 << 18 | 1 << 17);
pub(super) const REASON: &str = "tidy up";
