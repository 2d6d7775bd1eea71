//! The environment's part of the configuration.

use ovenjs_types::Secret;

use super::{Config, Register};
use crate::Error;

/// The variables that are read, with what each sets.
///
/// An empty variable counts as unset, since that is how many tools unset one.
pub const VARIABLES: &[(&str, &str)] = &[
    ("DISCORD_TOKEN", "the bot's token"),
    (
        "OVENJS_BASE_URL",
        "where Discord's API is; a mock's address in development",
    ),
    (
        "OVENJS_CONFIG",
        "the configuration file, instead of oven.toml",
    ),
    (
        "OVENJS_DATABASE",
        "the database of the bot's tiers; it may hold a password",
    ),
    (
        "OVENJS_DESCRIBE",
        "set to 1: print commands, intents and settings as JSON, and exit",
    ),
    (
        "OVENJS_GUILD",
        "the id of the one guild in which commands are registered",
    ),
    (
        "OVENJS_LOG",
        "what is logged, e.g. debug or ovenjs_gateway=trace; info by default",
    ),
    (
        "OVENJS_NATS",
        "the NATS that the bot's processes share; it may hold a password",
    ),
    (
        "OVENJS_PROXY",
        "the HTTP proxy for connections that leave the machine",
    ),
    (
        "OVENJS_REDIS",
        "the Redis that the bot's processes share; it may hold a password",
    ),
];

pub(super) fn apply(
    config: &mut Config,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), Error> {
    let set = |name| set(variable, name);
    if let Some(token) = set("DISCORD_TOKEN") {
        config.token = Some(Secret::new(token));
    }
    if let Some(base_url) = set("OVENJS_BASE_URL") {
        config.base_url = super::without_credentials("OVENJS_BASE_URL", base_url.trim())?;
    }
    if let Some(proxy) = set("OVENJS_PROXY") {
        config.proxy = Some(Secret::new(proxy));
    }
    if let Some(redis) = set("OVENJS_REDIS") {
        config.redis = Some(Secret::new(redis));
    }
    if let Some(nats) = set("OVENJS_NATS") {
        config.nats = Some(Secret::new(nats));
    }
    if let Some(database) = set("OVENJS_DATABASE") {
        config.database = Some(Secret::new(database));
    }
    if let Some(guild) = set("OVENJS_GUILD") {
        let id = guild.trim().parse().map_err(|_| {
            Error::configuration(format!(
                "OVENJS_GUILD is `{guild}`, which is no guild id; set it to the number that \
                 Discord's developer mode copies, or unset it"
            ))
        })?;
        config.commands.register = Register::Guild(id);
    }
    Ok(())
}

/// Variables that look like ours and set nothing: misspelt ones, in most cases. Those of OvenJS' own
/// tests are none of a bot's.
pub(crate) fn strangers() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| is_stranger(name)).collect()
}

fn is_stranger(name: &str) -> bool {
    let known = VARIABLES.iter().any(|(known, _)| *known == name);
    name.starts_with("OVENJS_") && !name.starts_with("OVENJS_TEST_") && !known
}

/// The variable's value, unless it is unset or empty.
pub(super) fn set(variable: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    variable(name).filter(|value| !value.trim().is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "core reads the environment, here and nowhere else"
)]
pub(crate) fn read(name: &str) -> Option<String> {
    set(&|name| std::env::var(name).ok(), name)
}

#[cfg(test)]
mod tests {
    use super::is_stranger;

    #[test]
    fn a_misspelt_variable_is_none_of_ours() {
        assert!(is_stranger("OVENJS_BASEURL"));
        for name in [
            "OVENJS_BASE_URL",
            "OVENJS_TEST_REDIS_URL",
            "DISCORD_TOKEN",
            "PATH",
        ] {
            assert!(!is_stranger(name), "{name}");
        }
    }
}
