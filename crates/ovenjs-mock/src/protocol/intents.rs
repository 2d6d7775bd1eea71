//! Which intents let an event through, and what of it others uncover.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Value, json};

use crate::json::{Fields, Object, snowflake};

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
    pub(super) fn needed(&self, name: &str, guild: Option<u64>, user: Option<u64>, me: u64) -> u64 {
        let Some((in_guild, direct)) = self.events.get(name) else {
            return 0;
        };
        let about_me = name == "GUILD_MEMBER_UPDATE" && user == Some(me);
        match guild {
            _ if about_me => 0,
            Some(_) => *in_guild,
            None => *direct,
        }
    }
}

/// What a session gets to see of an event that it may hear of.
#[derive(Debug, PartialEq)]
pub(super) enum Sight {
    Whole,
    Part(Value),
    Nothing,
}

/// The intents that say how much of an event is seen.
pub(super) fn uncovering(name: &str) -> u64 {
    match name {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | EXECUTION => MESSAGE_CONTENT,
        "THREAD_MEMBERS_UPDATE" => GUILD_MEMBERS | GUILD_PRESENCES,
        _ => 0,
    }
}

/// What a session sees whose intents, of those that [uncover](uncovering) this event, are `eyes`.
/// Who has them all sees the whole, for which nobody asks `data`.
pub(super) fn seen<'a>(
    name: &str,
    guild: Option<u64>,
    data: impl FnOnce() -> Cow<'a, Value>,
    me: u64,
    eyes: u64,
) -> Sight {
    if eyes == uncovering(name) {
        return Sight::Whole;
    }
    let data = data();
    match name {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => {
            without_content(name, guild, &data, me).map_or(Sight::Whole, Sight::Part)
        }
        EXECUTION => {
            let mut part = data.into_owned();
            for key in ["content", "matched_content"] {
                if let Some(text) = part.get_mut(key).filter(|text| text.is_string()) {
                    *text = "".into();
                }
            }
            Sight::Part(part)
        }
        "THREAD_MEMBERS_UPDATE" => thread_members(&data, me, eyes),
        _ => Sight::Whole,
    }
}

/// Without the members intent a session hears of the bot's own coming and going alone, and without
/// the presences intent it sees nobody's presence.
fn thread_members(data: &Value, me: u64, eyes: u64) -> Sight {
    let Some(whole) = data.as_object() else {
        return Sight::Whole;
    };
    let mut part = whole.clone();
    if eyes & GUILD_MEMBERS == 0 {
        let is_me = |entry: &Value| {
            // Who came is told as a member, who left by the id alone.
            let user = entry.get("user_id").unwrap_or(entry);
            snowflake(user) == Some(me)
        };
        for list in ["added_members", "removed_member_ids"] {
            let own = whole.list(list).iter().filter(|entry| is_me(entry));
            let own: Vec<Value> = own.cloned().collect();
            if own.is_empty() {
                part.remove(list);
            } else {
                part.set(list, own);
            }
        }
        if !part.contains_key("added_members") && !part.contains_key("removed_member_ids") {
            return Sight::Nothing;
        }
    }
    if eyes & GUILD_PRESENCES == 0
        && let Some(added) = part.get_mut("added_members").and_then(Value::as_array_mut)
    {
        for member in added.iter_mut().filter_map(Value::as_object_mut) {
            if member.contains_key("presence") {
                member.set("presence", Value::Null);
            }
        }
    }
    Sight::Part(Value::Object(part))
}

/// What is left of a message for a session without MESSAGE_CONTENT; `None` where nothing is hidden.
fn without_content(name: &str, guild: Option<u64>, data: &Value, me: u64) -> Option<Value> {
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
    cover(&mut covered);
    covered.remove("poll");
    let snapshots = covered.get_mut("message_snapshots");
    let snapshots = snapshots
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    for snapshot in snapshots {
        if let Some(forwarded) = snapshot.get_mut("message").and_then(Value::as_object_mut) {
            cover(forwarded);
        }
    }
    if let Some(Value::Object(inner)) = covered.get("referenced_message") {
        let inner_data = Value::Object(inner.clone());
        if let Some(inner) = without_content("MESSAGE_CREATE", guild, &inner_data, me) {
            covered.set("referenced_message", inner);
        }
    }
    Some(Value::Object(covered))
}

/// Empties what MESSAGE_CONTENT uncovers.
fn cover(message: &mut Object) {
    message.set("content", "");
    for list in ["embeds", "attachments", "components"] {
        message.set(list, json!([]));
    }
}

const EXECUTION: &str = "AUTO_MODERATION_ACTION_EXECUTION";

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
        let table = table();
        assert_eq!(table.needed("MESSAGE_CREATE", Some(1), None, 5), 1 << 9);
        assert_eq!(table.needed("MESSAGE_CREATE", None, None, 5), 1 << 12);
        assert_eq!(table.needed("INTERACTION_CREATE", Some(1), None, 5), 0);
        assert_eq!(table.needed("MOON_RISE", Some(1), None, 5), 0);
    }

    #[test]
    fn the_bot_hears_of_its_own_member_without_the_members_intent() {
        let table = table();
        let needed = |user| table.needed("GUILD_MEMBER_UPDATE", Some(1), Some(user), 5);
        assert_eq!((needed(5), needed(6)), (0, 1 << 1));
    }

    #[test]
    fn a_session_without_the_members_intent_hears_of_its_own_place_in_a_thread() {
        let added = |users: &[&str]| {
            let members: Vec<Value> = users
                .iter()
                .map(|user| json!({ "user_id": user, "presence": { "status": "idle" } }))
                .collect();
            json!({ "id": "1", "member_count": 2, "added_members": members })
        };
        let seen = |data: &Value, eyes| {
            seen(
                "THREAD_MEMBERS_UPDATE",
                Some(1),
                || Cow::Borrowed(data),
                5,
                eyes,
            )
        };
        let (own, others) = (added(&["6", "5"]), added(&["6"]));
        assert_eq!(seen(&others, 0), Sight::Nothing);
        assert_eq!(seen(&others, GUILD_MEMBERS | GUILD_PRESENCES), Sight::Whole);
        let Sight::Part(part) = seen(&own, GUILD_PRESENCES) else {
            panic!("a part");
        };
        assert_eq!(part["added_members"], added(&["5"])["added_members"]);
        let Sight::Part(part) = seen(&own, GUILD_MEMBERS) else {
            panic!("a part");
        };
        assert_eq!(part["added_members"][1]["user_id"], json!("5"));
        assert_eq!(part["added_members"][0]["presence"], Value::Null);
        let gone = json!({ "id": "1", "member_count": 1, "removed_member_ids": ["6"] });
        assert_eq!(seen(&gone, GUILD_PRESENCES), Sight::Nothing);
    }

    #[test]
    fn content_is_covered_but_for_mentions_own_and_direct_messages() {
        let message = json!({"content": "hi", "embeds": [1], "author": {"id": "6"}, "mentions": [],
                "message_snapshots": [{"message": {"content": "forwarded", "embeds": [1]}}]});
        let covered = without_content("MESSAGE_CREATE", Some(1), &message, 5).expect("covered");
        assert_eq!(covered.pointer("/content"), Some(&json!("")));
        assert_eq!(covered.pointer("/embeds"), Some(&json!([])));
        let forwarded = covered.pointer("/message_snapshots/0/message");
        let forwarded = forwarded.map(|inner| (&inner["content"], &inner["embeds"]));
        assert_eq!(forwarded, Some((&json!(""), &json!([]))));
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
