//! The events of the gateway, each as its table allows it.

use bytes::Bytes;
use ovenjs_mock::oracle::{Choice, Oracle};
use ovenjs_types::{
    Event, EventKind, Intents,
    json::{self, Scratch},
};
use serde_json::{Value, json};

use super::{Faults, WHOLE, choices, differences, set, settle, settle::elements, tomorrow};

#[test]
fn whatever_the_tables_allow_as_an_event_arrives() {
    arrive("smaller ones", |kind| !LARGE.contains(&kind));
}

#[test]
fn whatever_the_tables_allow_as_a_message_or_interaction_arrives() {
    arrive("large ones", |kind| LARGE.contains(&kind));
}

/// Events that hold nearly everything; they take as long as the others together.
const LARGE: [EventKind; 4] = [
    EventKind::GuildCreate,
    EventKind::InteractionCreate,
    EventKind::MessageCreate,
    EventKind::MessageUpdate,
];

fn arrive(which: &str, is_one: impl Fn(EventKind) -> bool) {
    let mut scratch = Scratch::new();
    let (mut clean, mut all, mut faults) = (0, 0, Faults::default());
    for kind in EventKind::ALL.iter().filter(|kind| is_one(**kind)) {
        for choice in choices(&instance(*kind, WHOLE)) {
            let raw = Bytes::from(instance(*kind, choice).to_string());
            let event = Event::decode(*kind, kind.name(), &raw, &mut scratch);
            let mut found: Vec<String> = scratch
                .take_drift()
                .into_iter()
                .map(|drift| format!("left out {}: {}", drift.path, drift.reason))
                .collect();
            if let Event::Malformed(malformed) = &event {
                found.push(malformed.error.to_string());
            }
            let came = serde_json::from_slice(&raw).unwrap();
            let written = serde_json::from_slice(&json::encode(&event)).unwrap();
            found.extend(differences(&came, &written));
            all += 1;
            clean += usize::from(found.is_empty());
            faults.add(kind.name(), found);
        }
    }
    println!("spec: generated events, {which} | {clean} | {all}");
    faults.fail_if_any();
}

#[test]
fn the_events_and_their_intents_are_those_of_the_tables() {
    let oracle = Oracle::embedded();
    let mut ours: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    let dispatched = oracle.events().iter().filter(|event| event.op == DISPATCH);
    let mut theirs: Vec<&str> = dispatched.map(|event| event.name.as_str()).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
    for kind in EventKind::ALL {
        let bits = oracle
            .intents_of(kind.name())
            .unwrap()
            .iter()
            .fold(0, |bits, intent| bits | 1 << intent.bit);
        assert_eq!(kind.intents().bits(), bits, "{}", kind.name());
    }
    let ours: Vec<(&str, u64)> = Intents::KNOWN
        .iter()
        .map(|(name, bit)| (*name, bit.bits()))
        .collect();
    let theirs: Vec<(&str, u64)> = oracle
        .intents()
        .iter()
        .map(|intent| (intent.name.as_str(), 1 << intent.bit))
        .collect();
    assert_eq!(ours, theirs);
}

/// The payload of an event, made up; the same choice gives the same payload.
pub(crate) fn instance(kind: EventKind, choice: Choice) -> Value {
    let mut payload = Oracle::embedded()
        .event_instance(kind.name(), choice)
        .unwrap_or_else(|| panic!("the tables have no {}", kind.name()));
    say_what_the_tables_cannot(kind, &mut payload, choice);
    settle(&mut payload);
    tomorrow(&mut payload, choice);
    payload
}

/// What the tables call "any", or an object of nothing, and the documentation names in words.
fn say_what_the_tables_cannot(kind: EventKind, payload: &mut Value, choice: Choice) {
    use EventKind as Kind;
    match kind {
        Kind::InteractionCreate => say_what_interactions_carry(payload, choice),
        Kind::GuildStickersUpdate => {
            let stickers = payload["stickers"].as_array_mut();
            for sticker in stickers.into_iter().flatten() {
                *sticker = made("docs/sticker/sticker-object/sticker-structure", choice);
            }
        }
        // Whom a message mentions comes as a member too.
        Kind::MessageCreate | Kind::MessageUpdate => {
            let mut member = made(
                "docs/guild/guild-member-object/guild-member-structure",
                choice,
            );
            if let Some(fields) = member.as_object_mut() {
                fields.remove("user");
            }
            for user in payload.get_mut("mentions").into_iter().flat_map(elements) {
                set(user, "member", member.clone());
            }
        }
        Kind::SubscriptionCreate | Kind::SubscriptionUpdate | Kind::SubscriptionDelete => {
            set(payload, "status", 1);
        }
        _ => {}
    }
}

fn made(object: &str, choice: Choice) -> Value {
    Oracle::embedded()
        .instance(object, choice)
        .unwrap_or_else(|| panic!("the tables have no {object}"))
}

/// An interaction's data goes by its type, which the tables leave open.
fn say_what_interactions_carry(payload: &mut Value, choice: Choice) {
    let page = "docs/receiving-and-responding/interaction-object";
    let (kind, name) = match choice.branch % 4 {
        0 => (2, "application-command-data-structure"),
        1 => (3, "message-component-data-structure"),
        2 => (4, "application-command-data-structure"),
        _ => (5, "modal-submit-data-structure"),
    };
    let mut data = made(&format!("{page}/{name}"), choice);
    if data.get("values").is_some() {
        set(&mut data, "values", json!(["rye", "7"]));
    }
    if data.get("components").is_some() {
        let input = json!({ "type": 4, "custom_id": "why", "value": "bread" });
        set(
            &mut data,
            "components",
            json!([{ "type": 18, "component": input }]),
        );
    }
    set(payload, "type", kind);
    set(payload, "data", data);
}

const DISPATCH: u16 = 0;
