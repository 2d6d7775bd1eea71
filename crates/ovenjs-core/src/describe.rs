//! What a bot says of itself when it is asked with `OVENJS_DESCRIBE=1`.

use ovenjs_types::{CommandDraft, Interest, json};
use serde::Serialize;

use crate::{Config, Error, VARIABLES, config::SETTINGS};

/// A bot's commands, its intents and the schema of its configuration with the values in force, for
/// tools that look at a bot without running it. Of a secret it tells only whether there is one.
#[derive(Serialize)]
pub(crate) struct Description {
    commands: Vec<CommandDraft>,
    intents: Intents,
    settings: Vec<Setting>,
    variables: Vec<Variable>,
}

#[derive(Serialize)]
struct Intents {
    bits: u64,
    names: Vec<&'static str>,
    privileged: Vec<&'static str>,
}

#[derive(Serialize)]
struct Setting {
    key: &'static str,
    example: &'static str,
    sets: &'static str,
    default: String,
    value: String,
}

#[derive(Serialize)]
struct Variable {
    name: &'static str,
    sets: &'static str,
}

impl Description {
    pub(crate) fn new(config: &Config, commands: Vec<CommandDraft>, interest: Interest) -> Self {
        let intents = config.intents(interest);
        let privileged = intents & ovenjs_types::Intents::PRIVILEGED;
        let defaults = Config::new();
        let settings = SETTINGS.iter().map(|setting| Setting {
            key: setting.key,
            example: setting.example,
            sets: setting.sets,
            default: (setting.value)(&defaults),
            value: (setting.value)(config),
        });
        Self {
            commands,
            intents: Intents {
                bits: intents.bits(),
                names: intents.names().collect(),
                privileged: privileged.names().collect(),
            },
            settings: settings.collect(),
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
