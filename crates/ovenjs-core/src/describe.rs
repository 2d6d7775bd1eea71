//! What a bot says of itself when it is asked with `OVENJS_DESCRIBE=1`.

use ovenjs_types::{CommandDraft, Interest, json};
use serde::Serialize;

use crate::{Config, Error, VARIABLES};

/// A bot's commands, intents and settings, for tools that look at a bot without running it.
#[derive(Serialize)]
pub(crate) struct Description {
    commands: Vec<CommandDraft>,
    intents: Intents,
    settings: Settings,
    variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Intents {
    bits: u64,
    names: Vec<&'static str>,
    privileged: Vec<&'static str>,
}

/// The settings in force. Secrets are told apart only as there or not.
#[derive(Serialize)]
struct Settings {
    token: bool,
    base_url: String,
    proxy: bool,
    shards: Option<u32>,
    compression: String,
    register: String,
    prune: bool,
    guilds_max: u64,
    channels_max: u64,
    members_max: u64,
    messages_max: u64,
    defer_after_ms: u128,
    stop_after_ms: u128,
}

#[derive(Serialize)]
struct Variable {
    name: &'static str,
    sets: &'static str,
}

impl Description {
    pub(crate) fn new(config: &Config, commands: Vec<CommandDraft>, interest: Interest) -> Self {
        let intents = interest.intents() | config.gateway.intents;
        Self {
            commands,
            intents: Intents {
                bits: intents.bits(),
                names: intents.names().collect(),
                privileged: (intents & ovenjs_types::Intents::PRIVILEGED)
                    .names()
                    .collect(),
            },
            settings: Settings {
                token: config.token.is_some(),
                base_url: config.base_url.clone(),
                proxy: config.proxy.is_some(),
                shards: config.gateway.shards,
                compression: format!("{:?}", config.gateway.compression).to_lowercase(),
                register: format!("{:?}", config.commands.register).to_lowercase(),
                prune: config.commands.prune,
                guilds_max: config.cache.guilds_max,
                channels_max: config.cache.channels_max,
                members_max: config.cache.members_max,
                messages_max: config.cache.messages_max,
                defer_after_ms: config.live.commands.defer_after.as_millis(),
                stop_after_ms: config.live.bot.stop_after.as_millis(),
            },
            variables: VARIABLES
                .iter()
                .map(|(name, sets)| Variable { name, sets })
                .collect(),
        }
    }
}

/// Writes the description to standard output, as one line of JSON.
pub(crate) fn print(description: &Description) -> Result<(), Error> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(&json::encode(description))
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|e| Error::system("the description could not be written", &e))
}
