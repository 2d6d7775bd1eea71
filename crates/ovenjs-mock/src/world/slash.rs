//! From what a user types, `/feedback topic:docs score:5`, to the options of an interaction.

use serde_json::{Value, json};

use crate::json::{Fields, Object, object, snowflake};

use super::{World, command::CHAT_INPUT, named::Resolved};

/// A typed command that fits what is registered.
#[derive(Debug)]
pub(crate) struct Typed {
    /// The `data` of the interaction.
    pub(crate) data: Object,
    pub(crate) name: String,
}

/// What a context menu command is aimed at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    User(u64),
    /// Channel and message.
    Message(u64, u64),
}

impl World {
    /// Understands `text` against the registered commands; what does not fit is told in words.
    ///
    /// With `completing`, the last option is the focused one and nothing has to be complete.
    pub(crate) fn understand(
        &self,
        guild: Option<u64>,
        text: &str,
        completing: bool,
    ) -> Result<Typed, String> {
        let line = text.trim();
        let line = line.strip_prefix('/').unwrap_or(line);
        let (name, mut rest) = word(line);
        let of_guild = self.commands_of(guild).filter(|_| guild.is_some());
        let command = of_guild
            .chain(self.commands_of(None))
            .find(|c| c.name() == name && c.object.int("type") == Some(CHAT_INPUT))
            .ok_or_else(|| {
                let known: Vec<&str> = self
                    .commands
                    .iter()
                    .map(super::command::Command::name)
                    .collect();
                if known.is_empty() {
                    format!("no command /{name}: the bot has registered none")
                } else {
                    format!("no command /{name}: there is /{}", known.join(", /"))
                }
            })?;
        let mut declared = command.object.list("options");
        let mut path: Vec<(u64, String)> = Vec::new();
        while let Some(kind @ (1 | 2)) = first_kind(declared) {
            let (sub, after) = word(rest);
            let chosen = declared
                .iter()
                .filter_map(Value::as_object)
                .find(|option| option.text("name") == Some(sub));
            let Some(chosen) = chosen else {
                let names = names(declared).join(", ");
                return Err(format!("/{name} wants one of its subcommands: {names}"));
            };
            path.push((chosen.int("type").unwrap_or(kind), sub.to_owned()));
            declared = chosen.list("options");
            rest = after;
            if chosen.int("type") == Some(1) {
                break;
            }
        }
        let mut resolved = Resolved::default();
        let mut options = Vec::new();
        let given = split_options(rest, declared, name)?;
        let last = given.len().saturating_sub(1);
        for (place, (option, value)) in given.iter().enumerate() {
            let focused = completing && place == last;
            let option_name = option.text("name").unwrap_or_default();
            let before = given.iter().take(place);
            if before
                .filter_map(|(o, _)| o.text("name"))
                .any(|n| n == option_name)
            {
                return Err(format!("/{name} takes {option_name} once"));
            }
            let kind = option.int("type").unwrap_or(3);
            let value = if focused {
                json!(value)
            } else {
                self.read_value(guild, option, value, &mut resolved)?
            };
            let mut read = object(json!({
                "name": option_name,
                "type": kind,
                "value": value,
            }));
            if focused {
                read.set("focused", true);
            }
            options.push(Value::Object(read));
        }
        if !completing {
            for option in declared.iter().filter_map(Value::as_object) {
                let wanted = option.text("name").unwrap_or_default();
                let there = given
                    .iter()
                    .any(|(given, _)| given.text("name") == Some(wanted));
                if option.flag("required") == Some(true) && !there {
                    return Err(format!("/{name} needs the option {wanted}: add {wanted}:…"));
                }
            }
        }
        let options = path.into_iter().rev().fold(options, |inner, (kind, name)| {
            vec![json!({ "name": name, "type": kind, "options": inner })]
        });
        let mut data = object(json!({
            "id": command.id().to_string(),
            "name": name,
            "type": CHAT_INPUT,
        }));
        if !options.is_empty() {
            data.set("options", options);
        }
        resolved.write(&mut data);
        if let Some(guild) = command.guild {
            data.set("guild_id", guild.to_string());
        }
        Ok(Typed {
            data,
            name: name.to_owned(),
        })
    }

    /// Finds a context menu command and aims it at a message or a user.
    pub(crate) fn aim(
        &self,
        guild: Option<u64>,
        name: &str,
        target: Target,
    ) -> Result<Typed, String> {
        let (kind, id) = match target {
            Target::User(user) => (2, user),
            Target::Message(_, message) => (3, message),
        };
        let of_guild = self.commands_of(guild).filter(|_| guild.is_some());
        let command = of_guild
            .chain(self.commands_of(None))
            .find(|command| command.name() == name && command.object.int("type") == Some(kind))
            .ok_or_else(|| format!("no context menu command {name} for this kind of target"))?;
        let id_text = id.to_string();
        let mut resolved = Resolved::default();
        match target {
            Target::User(_) => {
                self.name_user(guild, &id_text, &mut resolved)
                    .ok_or("no such user")?;
            }
            Target::Message(channel, message) => {
                let shown = self
                    .message(channel, message)
                    .map_err(|_| "no such message")?;
                resolved.add("messages", id, shown);
            }
        }
        let mut data = object(json!({
            "id": command.id().to_string(),
            "name": name,
            "type": kind,
            "target_id": id_text,
        }));
        resolved.write(&mut data);
        if let Some(guild) = command.guild {
            data.set("guild_id", guild.to_string());
        }
        Ok(Typed {
            data,
            name: name.to_owned(),
        })
    }

    fn read_value(
        &self,
        guild: Option<u64>,
        option: &Object,
        text: &str,
        resolved: &mut Resolved,
    ) -> Result<Value, String> {
        let name = option.text("name").unwrap_or_default();
        if !option.list("choices").is_empty() {
            let choice = option.list("choices").iter().find(|choice| {
                let value = choice.get("value");
                choice.get("name").and_then(Value::as_str) == Some(text)
                    || value.and_then(Value::as_str) == Some(text)
                    || value.is_some_and(|value| value.to_string().as_str() == text)
            });
            return choice
                .and_then(|choice| choice.get("value"))
                .cloned()
                .ok_or_else(|| {
                    format!(
                        "{name} wants one of: {}",
                        names(option.list("choices")).join(", ")
                    )
                });
        }
        let value = match option.int("type") {
            Some(4) => {
                let number: i64 = text
                    .parse()
                    .map_err(|_| format!("{name} wants a whole number, not {text}"))?;
                json!(number)
            }
            Some(10) => {
                let number: f64 = text
                    .parse()
                    .map_err(|_| format!("{name} wants a number, not {text}"))?;
                json!(number)
            }
            Some(5) => match text.to_lowercase().as_str() {
                "true" | "yes" => json!(true),
                "false" | "no" => json!(false),
                _ => return Err(format!("{name} wants true or false, not {text}")),
            },
            Some(6) => {
                let user = self.name_user(guild, text, resolved);
                let user = user.ok_or_else(|| format!("{name}: no user {text}"))?;
                json!(user.to_string())
            }
            Some(7) => {
                let types = option.list("channel_types");
                let channel = self.name_channel(guild, text, types, resolved);
                let id = channel.ok_or_else(|| format!("{name}: no such channel {text}"))?;
                json!(id.to_string())
            }
            Some(kind @ (8 | 9)) => {
                let mut named = self.name_role(guild, text, resolved);
                if kind == 9 && named.is_none() {
                    named = self.name_user(guild, text, resolved);
                }
                let id = named.ok_or_else(|| format!("{name}: no role {text}"))?;
                json!(id.to_string())
            }
            Some(11) => {
                let file = self.name_file(text, resolved);
                let id = file.ok_or_else(|| {
                    format!("{name} wants a file, and {text} is not at hand: put_file first")
                })?;
                json!(id.to_string())
            }
            _ => json!(text),
        };
        check_bounds(name, option, &value)?;
        Ok(value)
    }

    /// A member inside `resolved`: without user, with permissions.
    pub(super) fn resolved_member(&self, guild: u64, user: u64) -> Option<Value> {
        let mut member = self.partial_member(guild, user)?;
        member.remove("mute");
        member.remove("deaf");
        member.set(
            "permissions",
            self.guild_permissions(guild, user).to_string(),
        );
        Some(Value::Object(member))
    }
}

fn check_bounds(name: &str, option: &Object, value: &Value) -> Result<(), String> {
    let bound = |key: &str| option.get(key).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        if let Some(least) = bound("min_value").filter(|least| number < *least) {
            return Err(format!("{name} must be at least {least}"));
        }
        if let Some(most) = bound("max_value").filter(|most| number > *most) {
            return Err(format!("{name} must be at most {most}"));
        }
    }
    if let (Some(3), Some(text)) = (option.int("type"), value.as_str()) {
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        if let Some(least) = option.int("min_length").filter(|least| length < *least) {
            return Err(format!("{name} must have at least {least} characters"));
        }
        if let Some(most) = option.int("max_length").filter(|most| length > *most) {
            return Err(format!("{name} must have at most {most} characters"));
        }
    }
    Ok(())
}

/// Cuts `topic:the docs score:5` at the names that are declared, so that values may hold spaces.
fn split_options<'a>(
    rest: &str,
    declared: &'a [Value],
    command: &str,
) -> Result<Vec<(&'a Object, String)>, String> {
    let mut given: Vec<(&Object, String)> = Vec::new();
    for piece in rest.split_whitespace() {
        let named = piece.split_once(':').and_then(|(name, value)| {
            let option = declared
                .iter()
                .filter_map(Value::as_object)
                .find(|option| option.text("name") == Some(name))?;
            Some((option, value))
        });
        match (named, given.last_mut()) {
            (Some((option, value)), _) => given.push((option, value.to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(piece);
            }
            (None, None) => {
                let name = piece.split_once(':').map_or(piece, |(name, _)| name);
                let known = names(declared);
                return Err(if known.is_empty() {
                    format!("/{command} has no option {name}: it takes none")
                } else {
                    format!(
                        "/{command} has no option {name}: there is {}",
                        known.join(", ")
                    )
                });
            }
        }
    }
    for (_, value) in &mut given {
        // Something like `other:` at the start of a word inside a value is meant as an option.
        let stray = value.split_whitespace().skip(1).find_map(|piece| {
            let (name, _) = piece.split_once(':')?;
            let like_a_name =
                !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            like_a_name.then(|| name.to_owned())
        });
        if let (Some(stray), false) = (stray, value.starts_with('"')) {
            return Err(format!(
                "/{command} has no option {stray}: there is {}; put a text with colons in quotes",
                names(declared).join(", ")
            ));
        }
        if value.len() >= 2 && value.starts_with('"') && value.ends_with('"') {
            *value = value.trim_matches('"').to_owned();
        }
    }
    Ok(given)
}

fn word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter()
        .filter_map(|item| item.get("name")?.as_str())
        .collect()
}

fn first_kind(options: &[Value]) -> Option<u64> {
    options.first()?.get("type").and_then(snowflake)
}
