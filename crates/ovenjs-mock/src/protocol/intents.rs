//! Which intents let an event through, and what MESSAGE_CONTENT uncovers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::json::{Fields, snowflake};

/// The intents of every event, by name.
#[derive(Debug, Default)]
pub(crate) struct IntentTable {
    /// Bits that open the event in guilds, and in direct messages.
    events: BTreeMap<String, (u64, u64)>,
    known: u64,
}

impl IntentTable {
    /// From the names and bits of the intents and the intents of each event.
    pub(crate) fn new<'a>(
        intents: impl IntoIterator<Item = (&'a str, u32)>,
        events: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>,
    ) -> Self {
        let bits: BTreeMap<&str, u64> = intents
            .into_iter()
            .map(|(name, bit)| (name, 1 << bit))
            .collect();
        let events = events
            .into_iter()
            .map(|(event, names)| {
                let sum = |direct: bool| {
                    names
                        .iter()
                        .filter(|name| name.starts_with("DIRECT_") == direct)
                        .filter_map(|name| bits.get(name))
                        .fold(0, |sum, bit| sum | bit)
                };
                let (guild, direct) = (sum(false), sum(true));
                (
                    event.to_owned(),
                    (guild, if direct == 0 { guild } else { direct }),
                )
            })
            .collect();
        Self {
            events,
            known: bits.values().fold(0, |sum, bit| sum | bit),
        }
    }

    pub(super) const fn are_known(&self, intents: u64) -> bool {
        intents & !self.known == 0
    }

    /// The intents of which a session needs one to hear of the event; 0 where it needs none. Events
    /// that no table names, which is what tests of unknown events send, are heard by all.
    pub(super) fn needed(&self, name: &str, guild: Option<u64>, data: &Value, me: u64) -> u64 {
        let Some((in_guild, direct)) = self.events.get(name) else {
            return 0;
        };
        let about_me = name == "GUILD_MEMBER_UPDATE"
            && data.pointer("/user/id").and_then(snowflake) == Some(me);
        match guild {
            _ if about_me => 0,
            Some(_) => *in_guild,
            None => *direct,
        }
    }
}

/// What is left of a message for a session without MESSAGE_CONTENT; `None` where nothing is hidden.
pub(super) fn without_content(
    name: &str,
    guild: Option<u64>,
    data: &Value,
    me: u64,
) -> Option<Value> {
    if !matches!(name, "MESSAGE_CREATE" | "MESSAGE_UPDATE") || guild.is_none() {
        return None;
    }
    let message = data.as_object()?;
    let own = message
        .get("author")
        .and_then(|author| snowflake(author.get("id")?))
        == Some(me);
    let named = message
        .list("mentions")
        .iter()
        .any(|user| user.get("id").and_then(snowflake) == Some(me));
    if own || named {
        return None;
    }
    let mut covered = message.clone();
    covered.set("content", "");
    for list in ["embeds", "attachments", "components"] {
        covered.set(list, json!([]));
    }
    covered.remove("poll");
    if let Some(Value::Object(inner)) = covered.get("referenced_message") {
        let inner_data = Value::Object(inner.clone());
        if let Some(inner) = without_content("MESSAGE_CREATE", guild, &inner_data, me) {
            covered.set("referenced_message", inner);
        }
    }
    Some(Value::Object(covered))
}

pub(super) const GUILDS: u64 = 1;
pub(super) const GUILD_MEMBERS: u64 = 1 << 1;
pub(super) const GUILD_VOICE_STATES: u64 = 1 << 7;
pub(super) const GUILD_PRESENCES: u64 = 1 << 8;
pub(super) const MESSAGE_CONTENT: u64 = 1 << 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> IntentTable {
        IntentTable::new(
            [
                ("GUILDS", 0),
                ("GUILD_MEMBERS", 1),
                ("GUILD_MESSAGES", 9),
                ("DIRECT_MESSAGES", 12),
            ],
            [
                ("GUILD_CREATE", vec!["GUILDS"]),
                ("GUILD_MEMBER_UPDATE", vec!["GUILD_MEMBERS"]),
                ("MESSAGE_CREATE", vec!["GUILD_MESSAGES", "DIRECT_MESSAGES"]),
                ("INTERACTION_CREATE", vec![]),
            ],
        )
    }

    #[test]
    fn a_guild_message_needs_the_guild_intent_and_a_direct_one_the_other() {
        let (table, data) = (table(), json!({}));
        assert_eq!(table.needed("MESSAGE_CREATE", Some(1), &data, 5), 1 << 9);
        assert_eq!(table.needed("MESSAGE_CREATE", None, &data, 5), 1 << 12);
        assert_eq!(table.needed("INTERACTION_CREATE", Some(1), &data, 5), 0);
        assert_eq!(table.needed("MOON_RISE", Some(1), &data, 5), 0);
    }

    #[test]
    fn the_bot_hears_of_its_own_member_without_the_members_intent() {
        let table = table();
        let needed = |user: &str| {
            let data = json!({ "user": { "id": user } });
            table.needed("GUILD_MEMBER_UPDATE", Some(1), &data, 5)
        };
        assert_eq!((needed("5"), needed("6")), (0, 1 << 1));
    }

    #[test]
    fn content_is_covered_but_for_mentions_own_and_direct_messages() {
        let message =
            json!({"content": "hi", "embeds": [1], "author": {"id": "6"}, "mentions": []});
        let covered = without_content("MESSAGE_CREATE", Some(1), &message, 5).expect("covered");
        assert_eq!(covered.pointer("/content"), Some(&json!("")));
        assert_eq!(covered.pointer("/embeds"), Some(&json!([])));
        assert_eq!(without_content("MESSAGE_CREATE", None, &message, 5), None);
        let own = json!({"content": "hi", "author": {"id": "5"}, "mentions": []});
        assert_eq!(without_content("MESSAGE_CREATE", Some(1), &own, 5), None);
        let mention = json!({"content": "hi", "author": {"id": "6"}, "mentions": [{"id": "5"}]});
        assert_eq!(
            without_content("MESSAGE_CREATE", Some(1), &mention, 5),
            None
        );
    }
}
