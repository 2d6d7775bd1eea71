//! Payloads that Discord does not send today: whatever it changes, no event is lost, nothing
//! panics, and what the types do not know is counted by its place.

use bytes::Bytes;
use ovenjs_mock::oracle::{Choice, Fill};
use ovenjs_types::{
    Drift, DriftKind, Event, EventKind,
    json::{self, Scratch},
};
use serde_json::{Value, json};

use crate::{corpus, surface};

#[test]
fn what_guilds_send_tomorrow_is_delivered_and_counted() {
    delivers_and_counts("guilds", |name| name.starts_with("GUILD_"));
}

#[test]
fn what_messages_send_tomorrow_is_delivered_and_counted() {
    delivers_and_counts("messages", is_of_messages);
}

#[test]
fn what_all_else_sends_tomorrow_is_delivered_and_counted() {
    delivers_and_counts("all else", |name| {
        !name.starts_with("GUILD_") && !is_of_messages(name)
    });
}

fn is_of_messages(name: &str) -> bool {
    name.starts_with("MESSAGE_") || name.starts_with("INTERACTION_")
}

/// Whatever is changed in the payloads of these events, each is delivered, and what it says is kept or
/// counted.
fn delivers_and_counts(of: &str, wanted: fn(&str) -> bool) {
    let mut chance = Chance(SEED);
    let mut scratch = Scratch::new();
    let mutations = Mutation::all();
    let (mut tried, mut malformed, mut silent) = (0, 0, Vec::new());
    for (kind, payload) in payloads() {
        if !wanted(kind.name()) {
            continue;
        }
        let before = drift_of(kind, &payload);
        // What leaves something out unchanged would hide what a change leaves out.
        let raw = Bytes::from(payload.to_string());
        let whole = Event::decode(kind, kind.name(), &raw, &mut scratch);
        let fits = scratch.take_drift().is_empty() && !matches!(whole, Event::Malformed(_));
        assert!(fits, "does not fit unchanged: {} {payload}", kind.name());
        let places = places(&payload);
        for _ in 0..MUTATIONS {
            let place = places.get(chance.below(places.len())).unwrap();
            let mutation = mutations.get(chance.below(mutations.len())).unwrap();
            let mut mutant = payload.clone();
            if !mutation.apply(&mut mutant, place) {
                continue;
            }
            tried += 1;
            let raw = Bytes::from(mutant.to_string());
            let event = Event::decode(kind, kind.name(), &raw, &mut scratch);
            assert_eq!(event.kind(), kind, "{place} {mutation:?}");
            scratch.take_drift();
            if let Event::Malformed(whole) = &event {
                malformed += 1;
                assert_eq!(whole.event.bytes(), &raw);
                assert_eq!(whole.event.name(), kind.name());
                assert!(!whole.error.path().is_empty());
            }
            // What came is kept, or it is counted.
            let kept: Value = serde_json::from_slice(&json::encode(&event)).unwrap();
            let is_kept = mutation.is_kept(kept.pointer(place));
            if !is_kept && !is_within(place, &before) && drift_of(kind, &mutant) == before {
                silent.push(format!("{} {place} {mutation:?}", kind.name()));
            }
        }
    }
    println!(
        "spec: mutated payloads of {of}, kept or counted | {} | {tried}",
        tried - silent.len()
    );
    println!(
        "spec:   typed, of {of}, not raw bytes alone | {} | {tried}",
        tried - malformed
    );
    assert!(tried > 700, "only {tried} mutations were tried");
    assert!(silent.is_empty(), "neither kept nor counted: {silent:#?}");
}

#[test]
fn values_bits_components_and_events_of_tomorrow_are_counted() {
    let mut drift = Drift::new();
    let components = json!({"id": "1", "channel_id": "2", "author": {"id": "3", "username": "x"},
        "components": [{"type": 250, "glow": true}]});
    drift.inspect("MESSAGE_CREATE", &Bytes::from(components.to_string()));
    drift.inspect("MOON_RISE", &Bytes::from_static(b"{}"));
    for kind in EventKind::ALL {
        for branch in 0..8 {
            let choice = Choice {
                fill: Fill::Beyond,
                branch,
            };
            let payload = surface::event_instance(*kind, choice);
            drift.inspect(kind.name(), &Bytes::from(payload.to_string()));
        }
    }
    let count = |kind| {
        drift
            .iter()
            .filter(|(place, _)| place.kind() == kind)
            .count()
    };
    for kind in [
        DriftKind::UnknownField,
        DriftKind::UnknownValue,
        DriftKind::UnknownBits,
        DriftKind::UnknownComponent,
        DriftKind::UnknownEvent,
    ] {
        println!("{kind}: {} places", count(kind));
        assert!(count(kind) > 0, "{kind}");
    }
}

/// Generated instances of each event, and Discord's examples of what events carry.
fn payloads() -> Vec<(EventKind, Value)> {
    let mut all = Vec::new();
    for kind in EventKind::ALL {
        for branch in 0..3 {
            let choice = Choice {
                fill: Fill::Most,
                branch,
            };
            all.push((*kind, surface::event_instance(*kind, choice)));
        }
    }
    for (object, example) in corpus::examples() {
        let kind = match object.as_str() {
            "Auto Moderation Rule" => EventKind::AutoModerationRuleCreate,
            "Channel" => EventKind::ChannelCreate,
            "Entitlement" => EventKind::EntitlementCreate,
            "Guild" => EventKind::GuildCreate,
            "Guild Member" => EventKind::GuildMemberAdd,
            "Interaction" => EventKind::InteractionCreate,
            "Message" => EventKind::MessageCreate,
            "Stage Instance" => EventKind::StageInstanceCreate,
            "Subscription" => EventKind::SubscriptionCreate,
            "User" => EventKind::UserUpdate,
            "Voice State" => EventKind::VoiceStateUpdate,
            _ => continue,
        };
        all.push((kind, example));
    }
    // Some payloads are empty or no objects: there is nothing to change in them.
    all.retain(|(_, payload)| payload.as_object().is_some_and(|fields| !fields.is_empty()));
    all
}

#[derive(Clone, Debug)]
enum Mutation {
    /// The field or element goes.
    Drop,
    /// A field that no table has stands in the object.
    Add,
    /// Another value stands there: of another type, or one that no table has.
    Set(Value),
}

impl Mutation {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Drop, Self::Add];
        let others = [
            Value::Null,
            true.into(),
            (-1).into(),
            1.5.into(),
            // A value of an enum, and bits of a set.
            250.into(),
            ((1_u64 << 41) + 5).into(),
            u64::MAX.into(),
            "".into(),
            "of tomorrow".into(),
            json!([]),
            json!([["of"], "another", "type"]),
            json!({}),
            json!({ "of": "another type" }),
            // A component, or whatever goes by its type.
            json!({ "type": 250, "id": 7, "sky": [1] }),
        ];
        all.extend(others.map(Self::Set));
        all
    }

    /// Changes what stands at the place; not where the change would be none.
    fn apply(&self, payload: &mut Value, place: &str) -> bool {
        let value = payload.pointer_mut(place).unwrap();
        match self {
            Self::Set(new) if value == new => return false,
            Self::Set(new) => value.clone_from(new),
            Self::Add => match value {
                Value::Object(fields) => {
                    fields.insert(surface::EXTRA.to_owned(), json!(["new"]));
                }
                _ => return false,
            },
            Self::Drop => {
                let (parent, key) = place.rsplit_once('/').unwrap();
                match payload.pointer_mut(parent).unwrap() {
                    Value::Object(fields) => fields.remove(key),
                    Value::Array(list) => Some(list.remove(key.parse().unwrap())),
                    _ => None,
                };
            }
        }
        true
    }

    /// Whether nothing of what came is missing in what is written back.
    fn is_kept(&self, kept: Option<&Value>) -> bool {
        match self {
            // What did not come cannot be lost.
            Self::Drop | Self::Set(Value::Null) => true,
            Self::Add => kept.is_some_and(|kept| kept.get(surface::EXTRA).is_some()),
            Self::Set(new) => match kept {
                // Absence says the same.
                None => *new == json!([]) || *new == json!({}),
                Some(kept) => {
                    // Ids and bits have two forms, as whole numbers have.
                    let text = |value: &Value| value.as_str().map(str::to_owned);
                    text(kept) == Some(new.to_string())
                        || kept.as_f64().is_some_and(|kept| new.as_f64() == Some(kept))
                        || surface::differences(new, kept).is_empty()
                }
            },
        }
    }
}

/// Every place in the payload but the payload itself, as JSON pointers; of each list the first
/// element, which the others are like.
fn places(payload: &Value) -> Vec<String> {
    fn walk(path: &str, value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let path = format!("{path}/{key}");
                    into.push(path.clone());
                    walk(&path, value, into);
                }
            }
            Value::Array(list) => {
                if let Some(first) = list.first() {
                    let path = format!("{path}/0");
                    into.push(path.clone());
                    walk(&path, first, into);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk("", payload, &mut all);
    all
}

fn drift_of(kind: EventKind, payload: &Value) -> Vec<(String, u64)> {
    let mut drift = Drift::new();
    drift.inspect(kind.name(), &Bytes::from(payload.to_string()));
    let places = drift.iter();
    places
        .map(|(place, count)| (format!("{} {}", place.path(), place.kind()), count))
        .collect()
}

/// Whether the place is in something that is counted as a whole already: an unknown field.
fn is_within(place: &str, counted: &[(String, u64)]) -> bool {
    let steps = place
        .split('/')
        .skip(1)
        .map(|step| match step.parse::<u64>() {
            Ok(index) if index < 1000 => "[]".to_owned(),
            Ok(_) => ".{}".to_owned(),
            Err(_) => format!(".{step}"),
        });
    let path: String = steps.collect();
    counted.iter().any(|(known, _)| {
        let Some(known) = known.strip_suffix(" unknown field") else {
            return false;
        };
        let path = path.strip_prefix('.').unwrap_or(&path);
        let rest = path.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// A sequence of numbers that is the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

const SEED: u64 = 0x005e_ed0f_07e5;

/// Of each payload; each costs two looks through it.
const MUTATIONS: usize = 40;
