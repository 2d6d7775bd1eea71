//! What a user chooses in a select, a group of boxes or an upload, in a message or a modal.

use serde_json::Value;

use crate::json::{Fields, Object};

use super::{World, named::Resolved};

impl World {
    /// The values that a user's words stand for: options by value or label, users, roles, channels
    /// and files by name. Without words it is what the bot has chosen beforehand.
    pub(super) fn choose(
        &self,
        guild: Option<u64>,
        part: &Object,
        words: Option<&[&str]>,
        resolved: &mut Resolved,
    ) -> Result<Vec<String>, String> {
        let name = part.text("custom_id").unwrap_or_default();
        let mut values = Vec::new();
        match words {
            None => values = self.chosen_beforehand(guild, part, resolved),
            Some(words) => {
                for word in words {
                    match self.choice(guild, part, word, resolved) {
                        Ok(value) => values.push(value),
                        // Several in one breath.
                        Err(_) if word.contains(',') => {
                            let words = word.split(',').map(str::trim);
                            for word in words.filter(|word| !word.is_empty()) {
                                values.push(self.choice(guild, part, word, resolved)?);
                            }
                        }
                        Err(why) => return Err(why),
                    }
                }
            }
        }
        for (place, value) in values.iter().enumerate() {
            if values.iter().skip(place + 1).any(|other| other == value) {
                return Err(format!("{name} takes {value} once"));
            }
        }
        let (least, most) = bounds(part);
        match values.len() {
            0 if part.flag("required") == Some(false) => Ok(values),
            count if count < least => Err(format!("{name} wants at least {least}, not {count}")),
            count if count > most => Err(format!("{name} takes at most {most}, not {count}")),
            _ => Ok(values),
        }
    }

    fn choice(
        &self,
        guild: Option<u64>,
        part: &Object,
        word: &str,
        resolved: &mut Resolved,
    ) -> Result<String, String> {
        let name = part.text("custom_id").unwrap_or_default();
        let (found, what) = match part.int("type") {
            Some(USER_SELECT) => (self.name_user(guild, word, resolved), "user"),
            Some(ROLE_SELECT) => (self.name_role(guild, word, resolved), "role"),
            Some(MENTIONABLE_SELECT) => {
                let role = self.name_role(guild, word, resolved);
                let found = role.or_else(|| self.name_user(guild, word, resolved));
                (found, "user or role")
            }
            Some(CHANNEL_SELECT) => {
                let types = part.list("channel_types");
                let found = self.name_channel(guild, word, types, resolved);
                (found, "such channel")
            }
            Some(FILE_UPLOAD) => (self.name_file(word, resolved), "file at hand"),
            _ => return option(part, word),
        };
        found
            .map(|id| id.to_string())
            .ok_or_else(|| format!("{name}: there is no {what} {word}"))
    }

    fn chosen_beforehand(
        &self,
        guild: Option<u64>,
        part: &Object,
        resolved: &mut Resolved,
    ) -> Vec<String> {
        let options = part.list("options").iter().filter_map(Value::as_object);
        let options = options
            .filter(|option| option.flag("default") == Some(true))
            .filter_map(|option| option.text("value"));
        let others = part.list("default_values").iter();
        let others = others.filter_map(|value| value.get("id")?.as_str());
        let words: Vec<&str> = options.chain(others).collect();
        // What the bot has chosen and is not there is not chosen.
        words
            .into_iter()
            .filter_map(|word| self.choice(guild, part, word, resolved).ok())
            .collect()
    }
}

/// One of the options that the bot offers, by value or label.
fn option(part: &Object, word: &str) -> Result<String, String> {
    let options = || part.list("options").iter().filter_map(Value::as_object);
    let by = |key: &str| {
        let found = options().find(|option| option.text(key) == Some(word));
        found.and_then(|option| option.text("value"))
    };
    by("value")
        .or_else(|| by("label"))
        .map(str::to_owned)
        .ok_or_else(|| {
            let offered: Vec<&str> = options().filter_map(|one| one.text("value")).collect();
            let name = part.text("custom_id").unwrap_or_default();
            format!(
                "{name} has no option {word}: there is {}",
                offered.join(", ")
            )
        })
}

/// How many values there have to be at least and at most.
fn bounds(part: &Object) -> (usize, usize) {
    let number = |key: &str| {
        part.int(key)
            .and_then(|number| usize::try_from(number).ok())
    };
    let most = match part.int("type") {
        Some(CHECKBOX_GROUP) => part.list("options").len(),
        _ => 1,
    };
    (
        number("min_values").unwrap_or(1),
        number("max_values").unwrap_or(most),
    )
}

const USER_SELECT: u64 = 5;
const ROLE_SELECT: u64 = 6;
const MENTIONABLE_SELECT: u64 = 7;
const CHANNEL_SELECT: u64 = 8;
const FILE_UPLOAD: u64 = 19;
const CHECKBOX_GROUP: u64 = 22;
