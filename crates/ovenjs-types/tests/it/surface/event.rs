//! The events of the gateway, each as its table allows it.

use std::collections::BTreeSet;

use bytes::Bytes;
use ovenjs_mock::oracle::{Choice, Oracle};
use ovenjs_types::{
    Event, EventKind, Intents,
    json::{self, Scratch},
};
use serde_json::Value;

use super::{choices, differences, set, settle, to_come::TO_COME, tomorrow};

#[test]
fn whatever_the_tables_allow_as_an_event_arrives() {
    let mut scratch = Scratch::new();
    let (mut clean, mut all, mut faults) = (0, 0, BTreeSet::new());
    for kind in EventKind::ALL {
        for choice in choices() {
            let raw = Bytes::from(instance(*kind, choice).to_string());
            let event = Event::decode(*kind, kind.name(), &raw, &mut scratch);
            let mut found: Vec<String> = scratch
                .take_drift()
                .into_iter()
                .map(|drift| format!("{} left out {}: {}", kind.name(), drift.path, drift.reason))
                .collect();
            if let Event::Malformed(malformed) = &event {
                found.push(format!("{}: {}", kind.name(), malformed.error));
            }
            let came = serde_json::from_slice(&raw).unwrap();
            let written = serde_json::from_slice(&json::encode(&event)).unwrap();
            let lost = differences(&came, &written).into_iter();
            found.extend(lost.map(|fault| format!("{}: {fault}", kind.name())));
            all += 1;
            clean += usize::from(found.is_empty());
            faults.extend(found);
        }
    }
    println!("spec: generated events | {clean} | {all}");
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty() || !TO_COME.is_empty(), "{faults:#?}");
    faults.iter().for_each(|fault| println!("{fault}"));
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

/// The tables call a part of an object an object of nothing, and give every emoji the null id of
/// Unicode's.
fn say_what_the_tables_cannot(kind: EventKind, payload: &mut Value, choice: Choice) {
    if kind == EventKind::Ready
        && let Some(application) = payload.get_mut("application")
    {
        set(application, "id", "1");
    }
    if kind == EventKind::InteractionCreate {
        say_what_interactions_carry(payload, choice);
    }
    if let Some(emojis) = payload.get_mut("emojis").and_then(Value::as_array_mut) {
        emojis.iter_mut().for_each(|emoji| set(emoji, "id", "2"));
    }
}

/// An interaction's data goes by its type, which the tables leave open.
fn say_what_interactions_carry(payload: &mut Value, choice: Choice) {
    let page = "docs/receiving-and-responding/interaction-object";
    let (kind, name) = match choice.branch % 3 {
        0 => (2, "application-command-data-structure"),
        1 => (3, "message-component-data-structure"),
        _ => (5, "modal-submit-data-structure"),
    };
    let mut data = Oracle::embedded()
        .instance(&format!("{page}/{name}"), choice)
        .unwrap_or_else(|| panic!("the tables have no {name}"));
    for list in ["values", "components"] {
        if data.get(list).is_some() {
            set(&mut data, list, Value::Array(Vec::new()));
        }
    }
    set(payload, "type", kind);
    set(payload, "data", data);
}

const DISPATCH: u16 = 0;
