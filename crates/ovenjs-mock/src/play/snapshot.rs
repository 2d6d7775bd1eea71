//! A text of what is shown that is the same in every run.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Answer, Message};

impl Message {
    /// The content, embeds, components and attachments as indented JSON, for snapshot tests. What
    /// differs from run to run is replaced: ids by `<id 1>`, `<id 2>` in the order in which they
    /// come, custom ids likewise, times by `<time>`. Whoever sees it alone is told by `ephemeral`.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let part = |key: &str| self.json.0.get(key).cloned().unwrap_or_default();
        let files: Vec<String> = self
            .attachments()
            .iter()
            .filter_map(|file| file.text("/filename").map(str::to_owned))
            .collect();
        stable(&json!({
            "content": self.content(),
            "ephemeral": self.ephemeral,
            "embeds": part("embeds"),
            "components": part("components"),
            "attachments": files,
        }))
    }
}

impl Answer {
    /// The [`Message::snapshot`] of the message; of a modal its title and components in the same
    /// form.
    #[must_use]
    pub fn snapshot(&self) -> String {
        match (self.message(), self.modal()) {
            (Some(message), _) => message.snapshot(),
            (None, Some(modal)) => {
                let components = modal.json.0.get("components").cloned();
                let components = components.unwrap_or_default();
                stable(&json!({ "modal": modal.title(), "components": components }))
            }
            (None, None) => String::new(),
        }
    }
}

/// The value as text, with ids, custom ids and times replaced by where they come.
pub(crate) fn stable(shown: &Value) -> String {
    let mut shown = shown.clone();
    let mut names = Names::default();
    settle(&mut shown, &mut names);
    format!("{shown:#}")
}

/// The ids and custom ids that have come so far; their places are their names.
#[derive(Default)]
struct Names {
    ids: Vec<String>,
    custom_ids: Vec<String>,
}

fn settle(value: &mut Value, names: &mut Names) {
    match value {
        Value::String(text) => *text = settled(text, names),
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, names)),
        Value::Object(fields) => {
            // Nothing shown is left out, and what is nothing says nothing.
            fields.retain(|_, value| !empty(value));
            for (key, value) in fields.iter_mut() {
                match value {
                    Value::String(id) if key == "custom_id" => {
                        let name = name_of(&mut names.custom_ids, id);
                        *id = format!("<custom id {name}>");
                    }
                    _ => settle(value, names),
                }
            }
        }
        _ => {}
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The place of a name among those that have come, from 1 on.
fn name_of(known: &mut Vec<String>, name: &str) -> usize {
    let place = known.iter().position(|other| other == name);
    place.map_or_else(
        || {
            known.push(name.to_owned());
            known.len()
        },
        |place| place + 1,
    )
}

/// A text without ids and times.
fn settled(text: &str, names: &mut Names) -> String {
    if is_time(text) {
        return "<time>".to_owned();
    }
    let mut settled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit());
        let (digits, after) = from.split_at(end.unwrap_or(from.len()));
        settled.push_str(before);
        if before.ends_with("<t:") {
            settled.push_str("<time>");
        } else if ID_DIGITS.contains(&digits.len()) {
            let _ = write!(settled, "<id {}>", name_of(&mut names.ids, digits));
        } else {
            settled.push_str(digits);
        }
        rest = after;
    }
    settled.push_str(rest);
    settled
}

/// How many digits a snowflake has that was made since 2015.
const ID_DIGITS: std::ops::RangeInclusive<usize> = 17..=20;

/// Whether the whole text is a time as Discord writes it, `2026-01-31T12:00:00.000000+00:00`.
fn is_time(text: &str) -> bool {
    let shape = "0000-00-00T00:00:00";
    text.len() >= shape.len()
        && shape.chars().zip(text.chars()).all(|(wanted, c)| {
            if wanted == '0' {
                c.is_ascii_digit()
            } else {
                c == wanted
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let shown = json!({
            "content": "<@175928847299117063> got 175928847299117064, not 175928847299117063, at <t:1618953630:R>, 12 times",
            "timestamp": "2026-01-31T12:00:00.000000+00:00",
            "components": [{ "custom_id": "a" }, { "custom_id": "b" }, { "custom_id": "a" }],
            "nothing": null,
        });
        let text = stable(&shown);
        let text: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            text,
            json!({
                "content": "<@<id 1>> got <id 2>, not <id 1>, at <t:<time>:R>, 12 times",
                "timestamp": "<time>",
                "components": [
                    { "custom_id": "<custom id 1>" },
                    { "custom_id": "<custom id 2>" },
                    { "custom_id": "<custom id 1>" },
                ],
            })
        );
    }
}
