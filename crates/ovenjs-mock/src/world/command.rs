//! Application commands: what is registered, and what Discord refuses to register.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::World;

/// One registered command; `guild` is its scope.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) guild: Option<u64>,
    pub(crate) object: Object,
}

impl Command {
    pub(crate) fn id(&self) -> u64 {
        self.object.key("id").unwrap_or_default()
    }

    fn kind(&self) -> u64 {
        self.object.int("type").unwrap_or(CHAT_INPUT)
    }

    pub(crate) fn name(&self) -> &str {
        self.object.text("name").unwrap_or_default()
    }

    /// As REST shows it. The lists leave out translations unless asked for them.
    pub(crate) fn shown(&self, with_localizations: bool) -> Value {
        let mut shown = self.object.clone();
        if !with_localizations {
            without_localizations(&mut shown);
        }
        Value::Object(shown)
    }
}

/// Takes the translations out of a command, its options and their choices.
fn without_localizations(part: &mut Object) {
    part.remove("name_localizations");
    part.remove("description_localizations");
    for list in ["options", "choices"] {
        let inner = part.get_mut(list).and_then(Value::as_array_mut);
        inner
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
            .for_each(without_localizations);
    }
}

impl World {
    pub(crate) fn commands_of(&self, guild: Option<u64>) -> impl Iterator<Item = &Command> {
        self.commands
            .iter()
            .filter(move |command| command.guild == guild)
    }

    pub(crate) fn command(&self, guild: Option<u64>, id: u64) -> Result<&Command, Failure> {
        self.commands_of(guild)
            .find(|c| c.id() == id)
            .ok_or_else(|| Failure::unknown(10063))
    }

    /// Registers one command, or overwrites the one of the same name and type; tells whether it is
    /// new.
    pub(crate) fn register(
        &mut self,
        guild: Option<u64>,
        body: &Object,
    ) -> Result<(Command, bool), Failure> {
        self.scope(guild)?;
        check(body, &[])?;
        let kind = body.int("type").unwrap_or(CHAT_INPUT);
        let name = body.text("name").unwrap_or_default();
        let place = self
            .commands
            .iter()
            .position(|c| c.guild == guild && c.kind() == kind && c.name() == name);
        if place.is_none() {
            let limit = limit_of(kind);
            if self.commands_of(guild).filter(|c| c.kind() == kind).count() >= limit {
                return Err(Failure::new(
                    400,
                    30032,
                    format!("Maximum number of application commands reached ({limit})."),
                ));
            }
        }
        let before = place.and_then(|place| self.commands.get(place)).cloned();
        let command = self.build(guild, body, before.as_ref());
        match place.and_then(|place| self.commands.get_mut(place)) {
            Some(old) => *old = command.clone(),
            None => self.commands.push(command.clone()),
        }
        Ok((command, place.is_none()))
    }

    /// Replaces a scope's commands; those whose name and type stay keep their id.
    pub(crate) fn register_all(
        &mut self,
        guild: Option<u64>,
        bodies: &[Value],
    ) -> Result<Vec<Command>, Failure> {
        self.scope(guild)?;
        let mut seen = BTreeSet::new();
        for (place, body) in bodies.iter().enumerate() {
            let place = place.to_string();
            let body = body.as_object().ok_or_else(|| {
                Failure::form(
                    &[&place],
                    "BASE_TYPE_BAD_TYPE",
                    "Only dictionaries may be used in a DictType",
                )
            })?;
            check(body, &[&place])?;
            let kind = body.int("type").unwrap_or(CHAT_INPUT);
            if !seen.insert((kind, body.text("name").unwrap_or_default())) {
                return Err(Failure::form(
                    &[&place],
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                ));
            }
            let limit = limit_of(kind);
            if seen.iter().filter(|(other, _)| *other == kind).count() > limit {
                return Err(Failure::new(
                    400,
                    30032,
                    format!("Maximum number of application commands reached ({limit})."),
                ));
            }
        }
        let old: Vec<Command> = self.commands_of(guild).cloned().collect();
        let new: Vec<Command> = bodies
            .iter()
            .filter_map(Value::as_object)
            .map(|body| {
                let kind = body.int("type").unwrap_or(CHAT_INPUT);
                let name = body.text("name").unwrap_or_default();
                let before = old.iter().find(|c| c.kind() == kind && c.name() == name);
                self.build(guild, body, before)
            })
            .collect();
        self.commands.retain(|command| command.guild != guild);
        self.commands.extend(new.iter().cloned());
        Ok(new)
    }

    /// Changes the named fields of one command.
    pub(crate) fn change_command(
        &mut self,
        guild: Option<u64>,
        id: u64,
        body: &Object,
    ) -> Result<Command, Failure> {
        let old = self.command(guild, id)?.clone();
        let mut merged = old.object.clone();
        merged.extend(body.iter().map(|(key, value)| (key.clone(), value.clone())));
        check(&merged, &[])?;
        let name = merged.text("name").unwrap_or_default();
        let twice = self
            .commands_of(guild)
            .any(|c| c.id() != id && c.kind() == old.kind() && c.name() == name);
        if twice {
            return Err(Failure::form(
                &["name"],
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            ));
        }
        let command = self.build(guild, &merged, Some(&old));
        if let Some(place) = self
            .commands
            .iter_mut()
            .find(|c| c.guild == guild && c.id() == id)
        {
            *place = command.clone();
        }
        Ok(command)
    }

    pub(crate) fn unregister(&mut self, guild: Option<u64>, id: u64) -> Result<(), Failure> {
        self.command(guild, id)?;
        self.commands
            .retain(|command| command.guild != guild || command.id() != id);
        Ok(())
    }

    fn scope(&self, guild: Option<u64>) -> Result<(), Failure> {
        match guild {
            Some(guild) if !self.guilds.contains_key(&guild) => Err(Failure::missing_access()),
            _ => Ok(()),
        }
    }

    /// A command as the form describes it. One that says the same as before keeps its version.
    fn build(&mut self, guild: Option<u64>, body: &Object, before: Option<&Command>) -> Command {
        let version = self.next_id();
        let id = match before {
            Some(before) => before.id(),
            None => self.next_id(),
        };
        let mut command = object(json!({
            "id": id.to_string(),
            "application_id": self.application_id().to_string(),
            "version": version.to_string(),
            "type": body.int("type").unwrap_or(CHAT_INPUT),
            "name": body.text("name").unwrap_or_default(),
            "name_localizations": body.get("name_localizations").cloned().unwrap_or_default(),
            "description": body.text("description").unwrap_or_default(),
            "description_localizations":
                body.get("description_localizations").cloned().unwrap_or_default(),
            "default_member_permissions": body
                .get("default_member_permissions")
                .filter(|bits| !bits.is_null())
                .map(|bits| bits.as_str().map_or_else(|| bits.to_string(), str::to_owned)),
            "nsfw": body.flag("nsfw").unwrap_or(false),
            "integration_types": body
                .get("integration_types")
                .filter(|types| !types.is_null())
                .cloned()
                .unwrap_or_else(|| json!([0])),
        }));
        if let Some(guild) = guild {
            command.set("guild_id", guild.to_string());
        } else {
            command.set("dm_permission", body.flag("dm_permission").unwrap_or(true));
            if let Some(contexts) = body.get("contexts").filter(|contexts| !contexts.is_null()) {
                command.set("contexts", contexts.clone());
            }
        }
        if let Some(handler) = body.get("handler").filter(|handler| !handler.is_null()) {
            command.set("handler", handler.clone());
        }
        let options = settle_options(body.list("options"));
        if !options.is_empty() {
            command.set("options", options);
        }
        if let Some(before) = before {
            let version = before.object.get("version").cloned().unwrap_or_default();
            let mut same = command.clone();
            same.set("version", version);
            if same == before.object {
                command = same;
            }
        }
        Command {
            guild,
            object: command,
        }
    }
}

/// Options as Discord gives them back: without nulls.
fn settle_options(options: &[Value]) -> Vec<Value> {
    options
        .iter()
        .filter_map(Value::as_object)
        .map(|option| {
            let mut settled: Object = option
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if settled.contains_key("options") {
                let inner = settle_options(settled.list("options"));
                settled.set("options", inner);
            }
            Value::Object(settled)
        })
        .collect()
}

fn check(body: &Object, at: &[&str]) -> Result<(), Failure> {
    let kind = body.int("type").unwrap_or(CHAT_INPUT);
    let fits = |name: &str| {
        if kind == CHAT_INPUT {
            is_chat_input_name(name)
        } else {
            fits(name, 1, 32)
        }
    };
    check_names(body, at, &[], fits)?;
    let description = body.text("description").unwrap_or_default();
    if kind == CHAT_INPUT || kind == PRIMARY_ENTRY_POINT {
        if description.is_empty() && kind == CHAT_INPUT {
            return Err(form(
                at,
                &["description"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        if !fits_in(description, 100) {
            return Err(form(
                at,
                &["description"],
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 100 in length.",
            ));
        }
    } else if !description.is_empty() {
        return Err(form(
            at,
            &["description"],
            "APPLICATION_COMMAND_DESCRIPTION_INVALID",
            "Context menu commands cannot have a description",
        ));
    }
    if kind == CHAT_INPUT {
        check_options(body.list("options"), at, &["options"])?;
        if size(body) > MAX_SIZE {
            return Err(form(
                at,
                &[],
                "APPLICATION_COMMAND_TOO_LARGE",
                "Command exceeds maximum size (8000)",
            ));
        }
    } else if !body.list("options").is_empty() {
        return Err(form(
            at,
            &["options"],
            "APPLICATION_COMMAND_OPTIONS_UNSUPPORTED",
            "Context menu commands cannot have options",
        ));
    }
    Ok(())
}

/// The name of a command or option, and the names that it has in other languages.
fn check_names(
    part: &Object,
    at: &[&str],
    path: &[&str],
    fits: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let refused = |inner: &[&str]| {
        let whole: Vec<&str> = path.iter().chain(inner).copied().collect();
        let message = "Command name is invalid";
        Err(form(
            at,
            &whole,
            "APPLICATION_COMMAND_INVALID_NAME",
            message,
        ))
    };
    if !fits(part.text("name").unwrap_or_default()) {
        return refused(&["name"]);
    }
    let key = "name_localizations";
    let others = part.get(key).and_then(Value::as_object);
    let unfit = |(_, name): &(&String, &Value)| name.as_str().is_some_and(|name| !fits(name));
    match others.into_iter().flatten().find(unfit) {
        Some((locale, _)) => refused(&[key, locale.as_str()]),
        None => Ok(()),
    }
}

fn check_options(options: &[Value], at: &[&str], path: &[&str]) -> Result<(), Failure> {
    let in_path = |inner: &[&str], code, message| {
        let whole: Vec<&str> = path.iter().chain(inner).copied().collect();
        form(at, &whole, code, message)
    };
    if options.len() > MAX_OPTIONS {
        return Err(in_path(
            &[],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 25 or fewer in length.",
        ));
    }
    let options: Vec<&Object> = options.iter().filter_map(Value::as_object).collect();
    let groups = options
        .iter()
        .filter(|o| matches!(o.int("type"), Some(1 | 2)))
        .count();
    if groups != 0 && groups != options.len() {
        return Err(in_path(
            &[],
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        ));
    }
    let mut names = BTreeSet::new();
    let mut optional_seen = false;
    for (place, option) in options.iter().enumerate() {
        let place = place.to_string();
        let name = option.text("name").unwrap_or_default();
        let here: Vec<&str> = path.iter().copied().chain([place.as_str()]).collect();
        check_names(option, at, &here, is_chat_input_name)?;
        if !names.insert(name) {
            return Err(in_path(
                &[&place, "name"],
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                "Option name already exists",
            ));
        }
        let description = option.text("description").unwrap_or_default();
        if description.is_empty() {
            return Err(in_path(
                &[&place, "description"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        if !fits_in(description, 100) {
            return Err(in_path(
                &[&place, "description"],
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 100 in length.",
            ));
        }
        if option.flag("required").unwrap_or(false) {
            if optional_seen {
                return Err(in_path(
                    &[&place],
                    "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                    "Required options must be placed before non-required options",
                ));
            }
        } else {
            optional_seen = true;
        }
        let choices = option.list("choices");
        if choices.len() > MAX_OPTIONS {
            return Err(in_path(
                &[&place, "choices"],
                "BASE_TYPE_MAX_LENGTH",
                "Must be 25 or fewer in length.",
            ));
        }
        if option.flag("autocomplete") == Some(true) && !choices.is_empty() {
            return Err(in_path(
                &[&place, "choices"],
                "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
                "Options with autocomplete cannot have choices",
            ));
        }
        let deeper: Vec<&str> = path
            .iter()
            .copied()
            .chain([place.as_str(), "options"])
            .collect();
        check_options(option.list("options"), at, &deeper)?;
    }
    Ok(())
}

fn form(at: &[&str], path: &[&str], code: &str, message: &str) -> Failure {
    let whole: Vec<&str> = at.iter().chain(path).copied().collect();
    Failure::form(&whole, code, message)
}

/// Letters and digits of any script, dash, underscore and apostrophe; nothing that has a lower case
/// of its own.
fn is_chat_input_name(name: &str) -> bool {
    let lawful = |c: char| {
        (c.is_alphanumeric() && c.to_lowercase().eq([c])) || matches!(c, '-' | '_' | '\'')
            // Vowel signs of the scripts which Discord names are marks, not letters.
            || matches!(c, '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}')
    };
    fits(name, 1, 32) && name.chars().all(lawful)
}

fn fits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
}

fn fits_in(text: &str, most: usize) -> bool {
    text.chars().count() <= most
}

/// Discord counts names, descriptions and choice values of the command and all that is below, and of
/// several languages the longest.
fn size(part: &Object) -> usize {
    let text = |key: &str| part.text(key).map_or(0, |text| text.chars().count());
    let longest = |key: &str, others: &str| {
        let others = part.get(others).and_then(Value::as_object);
        let others = others.into_iter().flat_map(|others| others.values());
        let others = others
            .filter_map(Value::as_str)
            .map(|text| text.chars().count());
        others.chain([text(key)]).max().unwrap_or(0)
    };
    let inner = ["options", "choices"].iter().flat_map(|key| part.list(key));
    let below: usize = inner.filter_map(Value::as_object).map(size).sum();
    longest("name", "name_localizations")
        + longest("description", "description_localizations")
        + text("value")
        + below
}

const fn limit_of(kind: u64) -> usize {
    match kind {
        CHAT_INPUT => 100,
        PRIMARY_ENTRY_POINT => 1,
        _ => 15,
    }
}

pub(crate) const CHAT_INPUT: u64 = 1;

/// The command that opens the application's activity.
const PRIMARY_ENTRY_POINT: u64 = 4;

const MAX_OPTIONS: usize = 25;
const MAX_SIZE: usize = 8000;
