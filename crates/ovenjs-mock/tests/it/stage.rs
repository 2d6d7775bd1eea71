//! A box without wires and a bot that speaks to it: a request is a line.

use std::time::{Duration, Instant};

use ovenjs_mock::{Call, Config, Referee, Step};
use serde_json::Value;

use crate::raw::{ALL_INTENTS, identify};

pub(crate) struct Stage {
    pub(crate) discord: Referee,
    pub(crate) now: Instant,
    connection: u64,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The JSON code of a refusal.
    pub(crate) fn code(&self) -> Option<u64> {
        self.body["code"].as_u64()
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The body, of an answer that is no refusal.
    pub(crate) fn good(self) -> Value {
        assert!(self.status < 300, "{} {}", self.status, self.body);
        self.body
    }
}

impl Stage {
    /// A box with a bot that hears everything.
    #[expect(
        clippy::disallowed_methods,
        reason = "the script starts at any instant"
    )]
    pub(crate) fn new(config: Config) -> Self {
        let now = Instant::now();
        // Stories last for weeks, in which this client has better things to do than to beat.
        let config = config.heartbeat_interval(Duration::from_secs(100 * 86_400));
        let mut discord = Referee::new(config, now);
        let connection = discord.open(now, "v=10&encoding=json");
        let hello = identify(discord.token(), ALL_INTENTS).to_string();
        discord.receive(now, connection, hello.as_bytes());
        let mut stage = Self {
            discord,
            now,
            connection,
        };
        stage.events();
        stage
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.discord.expire(self.now);
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(method, path, "application/json", text.as_bytes())
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, Value::Null)
    }

    pub(crate) fn post(&mut self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body)
    }

    /// A message with files: names, content types and bytes.
    pub(crate) fn upload(
        &mut self,
        path: &str,
        body: &Value,
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        let mut form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{body}\r\n"
        )
        .into_bytes();
        for (place, (name, kind, bytes)) in files.iter().enumerate() {
            form.extend_from_slice(
                format!(
                    "--b\r\nContent-Disposition: form-data; name=\"files[{place}]\"; \
                     filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
                )
                .as_bytes(),
            );
            form.extend_from_slice(bytes);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(b"--b--\r\n");
        self.send("POST", path, "multipart/form-data; boundary=b", &form)
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> Answer {
        let token = format!("Bot {}", self.discord.token());
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // A request takes time, so that no two fall on the same instant.
        self.now += Duration::from_millis(10);
        let reply = self.discord.request(
            self.now,
            Call {
                method,
                path: &format!("/api/v10{path}"),
                query,
                authorization: Some(&token),
                content_type: Some(content_type),
                reason: Some("fresh%20bread"),
                body,
            },
        );
        Answer {
            status: reply.status,
            body: serde_json::from_slice(&reply.body).unwrap_or_default(),
        }
    }

    /// What the bot has heard since it was last asked.
    pub(crate) fn events(&mut self) -> Vec<(String, Value)> {
        let mut heard = Vec::new();
        while let Some(step) = self.discord.poll(self.now, self.connection) {
            let Step::Text(text) = step else {
                panic!("the connection lives: {step:?}")
            };
            let payload: Value = serde_json::from_slice(&text).unwrap();
            if let Some(name) = payload["t"].as_str() {
                heard.push((name.to_owned(), payload["d"].clone()));
            }
        }
        heard
    }

    /// The names of what the bot has heard, without the audit log's.
    pub(crate) fn names(&mut self) -> Vec<String> {
        let heard = self.events().into_iter().map(|(name, _)| name);
        heard
            .filter(|name| name != "GUILD_AUDIT_LOG_ENTRY_CREATE")
            .collect()
    }

    /// The last event of this name; the others are forgotten.
    pub(crate) fn heard(&mut self, name: &str) -> Value {
        let found = self
            .events()
            .into_iter()
            .rev()
            .find(|(other, _)| other == name);
        found.unwrap_or_else(|| panic!("{name} was heard")).1
    }

    pub(crate) fn channel(&self) -> String {
        format!("/channels/{}", self.discord.channel_id())
    }

    pub(crate) fn messages(&self) -> String {
        format!("{}/messages", self.channel())
    }

    pub(crate) fn guild(&self) -> String {
        format!("/guilds/{}", self.discord.guild_id())
    }

    pub(crate) fn say(&mut self, user: &str, content: &str) -> String {
        self.now += Duration::from_millis(10);
        let channel = self.discord.channel_id();
        self.discord
            .say(self.now, user, channel, content)
            .unwrap()
            .to_string()
    }

    /// The newest entry of the audit log.
    pub(crate) fn logged(&mut self) -> Value {
        let path = format!("{}/audit-logs?limit=1", self.guild());
        self.get(&path).good()["audit_log_entries"][0].clone()
    }

    /// Every answer and event was as Discord's tables say.
    pub(crate) fn end(self) {
        assert_eq!(self.discord.violations(), Vec::<String>::new());
    }
}

/// The code at a place of a form's faults.
pub(crate) fn fault(answer: &Answer, pointer: &str) -> String {
    assert_eq!(answer.code(), Some(50035), "{}", answer.body);
    let place = format!("/errors{pointer}/_errors/0/code");
    let code = answer.body.pointer(&place).and_then(Value::as_str);
    code.unwrap_or_else(|| panic!("a fault at {pointer}: {}", answer.body))
        .to_owned()
}
