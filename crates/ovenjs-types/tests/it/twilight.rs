//! Each pair of the conversions, there and back, over what the tables allow.

use std::{any::type_name, collections::BTreeMap};

use ovenjs_mock::oracle::{Choice, Fill};
use ovenjs_types::{
    EventKind, Text,
    json::{self, Scratch},
    twilight::{Counterpart, TwilightError, convert},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::surface;

mod stories;

#[test]
fn an_instance_of_every_pair_goes_over_whole_and_comes_back() {
    let (mut whole, mut all, mut faults) = (0, 0, Vec::new());
    for pair in pairs() {
        let name = format!("{} <=> {}", pair.ours, pair.theirs);
        let mut places = BTreeMap::<String, usize>::new();
        let (mut kept, mut losses) = (0, Vec::new());
        let instances = instances(pair.ours);
        for instance in &instances {
            match (pair.travel)(instance) {
                Ok(Trip::Whole) => kept += 1,
                Ok(Trip::Without(lost)) => {
                    losses.push(lost.clone());
                    for path in lost {
                        *places
                            .entry(format!("{} has no place", any_element(&path)))
                            .or_default() += 1;
                    }
                }
                Ok(Trip::Refused(path, why)) => {
                    *places.entry(format!("{path} refused: {why}")).or_default() += 1;
                }
                Err(fault) => faults.push(format!("{name}: {fault}")),
            }
        }
        let never = NEVER.iter().find(|(ours, _)| *ours == pair.ours);
        if let Some((_, path)) = never {
            // Everything but that field goes over.
            if kept > 0 || !losses.contains(&vec![Text::from(*path)]) {
                faults.push(format!(
                    "{name}: {path} is not what is in the way: {losses:?}"
                ));
            }
        } else if kept == 0 {
            faults.push(format!(
                "{name}: none of {} is whole: {places:#?}",
                instances.len()
            ));
        }
        whole += kept;
        all += instances.len();
    }
    println!(
        "twilight keeps {whole} of {all} instances of {} pairs",
        pairs().len()
    );
    faults.dedup();
    assert!(
        faults.is_empty(),
        "{} faults: {}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn every_value_and_every_bit_goes_over_or_is_an_error() {
    let (mut have, mut all, mut faults) = (0, 0, Vec::new());
    for pair in values() {
        let mut kept = 0;
        for value in &pair.values {
            match (pair.travel)(value) {
                Ok(Trip::Whole) => kept += 1,
                Ok(_) => {}
                Err(fault) => faults.push(format!(
                    "{} <=> {}: {value}: {fault}",
                    pair.ours, pair.theirs
                )),
            }
        }
        if kept == 0 {
            faults.push(format!(
                "{} <=> {}: no value goes over",
                pair.ours, pair.theirs
            ));
        }
        have += kept;
        all += pair.values.len();
    }
    println!("twilight has {have} of {all} values and bits");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Objects of which none goes over whole, each with the field that is in its way.
const NEVER: &[(&str, &str)] = &[
    // Every member of a team has a role today.
    ("TeamMember", "role"),
];

/// What became of an instance.
enum Trip {
    Whole,
    Without(Vec<Text>),
    Refused(String, String),
}

struct Pair {
    ours: &'static str,
    theirs: &'static str,
    /// A fault where something is lost in silence, or does not come back.
    travel: fn(&Value) -> Result<Trip, String>,
}

fn pairs() -> Vec<Pair> {
    macro_rules! list {
        ($( $ours:ident <=> $($theirs:ident)::+ $([$mend:ident])?, )+) => {
            vec![$( Pair {
                ours: stringify!($ours),
                theirs: type_name::<twilight_model::$($theirs)::+>(),
                travel: travel::<ovenjs_types::$ours, twilight_model::$($theirs)::+>,
            } ),+]
        };
    }
    let mut pairs = ovenjs_types::twilight_objects!(list);
    pairs.extend(ovenjs_types::twilight_payloads!(list));
    pairs.extend(list! {
        ActionRow <=> channel::message::component::ActionRow,
        Button <=> channel::message::component::Button,
        Checkbox <=> channel::message::component::Checkbox,
        CheckboxGroup <=> channel::message::component::CheckboxGroup,
        Container <=> channel::message::component::Container,
        File <=> channel::message::component::FileDisplay,
        FileUpload <=> channel::message::component::FileUpload,
        Label <=> channel::message::component::Label,
        MediaGallery <=> channel::message::component::MediaGallery,
        Section <=> channel::message::component::Section,
        Select <=> channel::message::component::SelectMenu,
        Separator <=> channel::message::component::Separator,
        TextDisplay <=> channel::message::component::TextDisplay,
        TextInput <=> channel::message::component::TextInput,
        Thumbnail <=> channel::message::component::Thumbnail,
        Heartbeat <=> gateway::payload::outgoing::Heartbeat,
        Identify <=> gateway::payload::outgoing::Identify,
        UpdatePresence <=> gateway::payload::outgoing::UpdatePresence,
        UpdateVoiceState <=> gateway::payload::outgoing::UpdateVoiceState,
        Resume <=> gateway::payload::outgoing::Resume,
        RequestGuildMembers <=> gateway::payload::outgoing::RequestGuildMembers,
        InteractionCallback <=> application::interaction::callback::InteractionCallback,
        InteractionCallbackResource <=> application::interaction::callback::InteractionCallbackResource,
        InteractionCallbackResponse <=> application::interaction::callback::InteractionCallbackResponse,
        Activity <=> gateway::presence::MinimalActivity,
    });
    pairs
}

struct Values {
    ours: &'static str,
    theirs: &'static str,
    values: Vec<Value>,
    travel: fn(&Value) -> Result<Trip, String>,
}

fn values() -> Vec<Values> {
    macro_rules! enums {
        ($( $ours:ident <=> $($theirs:ident)::+, )+) => {
            vec![$( Values {
                ours: stringify!($ours),
                theirs: type_name::<twilight_model::$($theirs)::+>(),
                values: ovenjs_types::$ours::KNOWN.iter().map(written).collect(),
                travel: travel::<ovenjs_types::$ours, twilight_model::$($theirs)::+>,
            } ),+]
        };
    }
    macro_rules! flags {
        ($( $ours:ident <=> $($theirs:ident)::+, )+) => {
            vec![$( Values {
                ours: stringify!($ours),
                theirs: type_name::<twilight_model::$($theirs)::+>(),
                values: ovenjs_types::$ours::KNOWN.iter().map(|(_, bit)| written(bit)).collect(),
                travel: travel::<ovenjs_types::$ours, twilight_model::$($theirs)::+>,
            } ),+]
        };
    }
    let mut values = ovenjs_types::twilight_enums!(enums);
    values.extend(ovenjs_types::twilight_flags!(flags));
    values
}

fn travel<Ours, Theirs>(instance: &Value) -> Result<Trip, String>
where
    Ours: DeserializeOwned + Serialize + Counterpart<Theirs>,
    Theirs: Counterpart<Ours> + for<'a> TryFrom<&'a Ours, Error = TwilightError>,
{
    let ours: Ours = json::decode(instance.to_string().as_bytes(), &mut Scratch::new())
        .map_err(|error| format!("{error} of {instance}"))?;
    let strict = Theirs::try_from(&ours);
    let converted = match convert::<_, Theirs>(&ours) {
        Ok(converted) => converted,
        Err(error) => {
            let same = strict.err().is_some_and(|strict| strict == error);
            let trip = Trip::Refused(error.path().to_owned(), error.to_string());
            return if same {
                Ok(trip)
            } else {
                Err("two errors for one reason".into())
            };
        }
    };
    let back = convert::<_, Ours>(&converted.value)
        .map_err(|error| format!("no way back: {error} from {}", written(&ours)))?;
    if !back.lost.is_empty() {
        return Err(format!("lost on the way back: {:?}", back.lost));
    }
    match (strict, converted.lost.as_slice()) {
        (Ok(_), []) => {
            let mut came = written(&ours);
            one_form_of_discriminators(&mut came);
            let mut again = written(&back.value);
            one_form_of_discriminators(&mut again);
            let mut silent = surface::differences(&came, &again);
            silent.retain(|difference| !NOTHING.iter().any(|end| difference.ends_with(end)));
            if silent.is_empty() {
                Ok(Trip::Whole)
            } else {
                Err(format!("lost in silence: {}", silent.join("; ")))
            }
        }
        (Err(error), [first, ..]) if error.path() == first && error.is_loss() => {
            Ok(Trip::Without(converted.lost))
        }
        (strict, lost) => Err(format!("{:?} but {lost:?}", strict.err())),
    }
}

/// Ends of differences that say nothing: a zero or an empty text that twilight has no place for, and
/// what twilight wants where Discord has a default.
const NOTHING: &[&str] = &[
    " is lost: 0",
    " is lost: \"\"",
    ".collectibles is lost: {\"nameplate\":{\"asset\":\"\",\"label\":\"\",\"sku_id\":null}}",
    ".id came as \"\" and is written as \"0\"",
    " came as \"\" and is written as null",
    ".large_threshold is invented: 50",
    ".type is invented: \"rich\"",
];

fn written(object: &impl Serialize) -> Value {
    serde_json::from_slice(&json::encode(object)).unwrap()
}

/// twilight's discriminator is a number, which tells no `0000` from a `0`.
fn one_form_of_discriminators(value: &mut Value) {
    surface::for_each_object(value, &mut |fields| {
        if let Some(Value::String(number)) = fields.get_mut("discriminator") {
            *number = number.parse::<u16>().unwrap().to_string();
        }
    });
}

/// `embeds[0].flags` as `embeds[].flags`.
fn any_element(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let rest = part.split_once(']').map_or("", |(_, rest)| rest);
        format!("{all}[]{rest}")
    })
}

/// Instances of what a type reads: as the tables allow it, or as an example says.
fn instances(ours: &str) -> Vec<Value> {
    let kind = EventKind::ALL
        .iter()
        .find(|kind| format!("{kind:?}") == ours);
    let mut all: Vec<Value> = match kind {
        Some(kind) => choices()
            .map(|choice| surface::event_instance(*kind, choice))
            .collect(),
        None => surface::instances(ours),
    };
    let mut said = all.clone();
    said.iter_mut().for_each(say_what_the_tables_cannot);
    all.extend(said);
    let examples = stories::EXAMPLES
        .iter()
        .filter(|(names, _)| names.split(' ').any(|name| name == ours));
    all.extend(examples.map(|(_, example)| serde_json::from_str(example).unwrap()));
    all
}

fn choices() -> impl Iterator<Item = Choice> {
    [(Fill::Most, 4), (Fill::Least, 2)]
        .into_iter()
        .flat_map(|(fill, branches)| (0..branches).map(move |branch| Choice { fill, branch }))
}

/// Which texts are hashes of images, numbers, bits of today or words of an enum, and which numbers are
/// of an enum: the tables call these a string or an integer.
fn say_what_the_tables_cannot(instance: &mut Value) {
    surface::for_each_object(instance, &mut |fields| {
        for (key, value) in fields.iter_mut() {
            let said: Option<Value> = match key.as_str() {
                "privacy_level" => Some(2.into()),
                "emoji" if value.is_object() => Some(json!({ "id": "2", "name": "bread" })),
                "burst_colors" => Some(json!(["#FF0000"])),
                key if value.is_string() => said_by(key).map(Value::from),
                key if key.ends_with("flags") && value.is_number() => Some(0.into()),
                key if *value == AN_INTEGER => Some(match key {
                    "auto_archive_duration" | "default_auto_archive_duration" => 60.into(),
                    _ => 1.into(),
                }),
                _ => None,
            };
            if let Some(said) = said {
                *value = said;
            }
        }
    });
}

/// What the text of a field is.
fn said_by(key: &str) -> Option<&'static str> {
    match key {
        _ if HASHES.contains(&key) => Some("a_06c16474723fe537c283b8efa61a30c8"),
        "discriminator" => Some("0007"),
        "status" => Some("online"),
        "allow"
        | "app_permissions"
        | "default_member_permissions"
        | "deny"
        | "permissions"
        | "permissions_new" => Some("2048"),
        "flags_new" => Some("0"),
        _ => None,
    }
}

/// The instances have it wherever the tables say no more than integer.
const AN_INTEGER: i64 = 70_000;

const HASHES: &[&str] = &[
    "asset",
    "avatar",
    "avatar_decoration",
    "avatar_hash",
    "badge",
    "banner",
    "cover_image",
    "discovery_splash",
    "guild_scheduled_event_image",
    "icon",
    "icon_hash",
    "image",
    "splash",
];
