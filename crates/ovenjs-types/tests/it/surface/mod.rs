//! The model against the tables of `specs/`: nothing of Discord is missing, nothing is lost.
//!
//! A [`Line`] names a type and the objects of the tables that it reads; an [`EnumLine`] names an
//! enum and its values. The lines stand in one file per area. What no line names fails, unless a
//! list says why, [`ours::NOT_OURS`], or a bot only writes it.
//!
//! An object of a line is compared twice: its fields with the type's, as far as serde knows them,
//! and instances made up from it with what the type writes back.

mod app;
mod compare;
mod component;
mod draft;
mod event;
mod flags;
mod gateway;
mod guild;
mod message;
mod names;
mod ours;
mod settle;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use ovenjs_mock::oracle::{Choice, Fill, Oracle, Schema, Shape};
use ovenjs_types::json::{self, Scratch};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub(crate) use self::compare::{EXTRA, differences};
pub(crate) use self::event::instance as event_instance;
pub(crate) use self::settle::{for_each_object, set, settle};

/// A type and what it reads.
pub(crate) struct Line {
    /// The type's name, for the reports.
    pub(crate) name: &'static str,
    /// Objects of the tables.
    pub(crate) objects: &'static [&'static str],
    /// Fields which it does without, each with the reason.
    without: &'static [(&'static str, &'static str)],
    fields: Option<&'static [&'static str]>,
    settle: fn(&mut Value),
    again: fn(&Value) -> Result<Value, String>,
}

/// A line: `T` reads these objects of the tables, and writes them.
pub(crate) fn line<T: DeserializeOwned + Serialize>(objects: &'static [&'static str]) -> Line {
    Line {
        name: std::any::type_name::<T>()
            .rsplit("::")
            .next()
            .unwrap_or_default(),
        objects,
        without: &[],
        fields: names::fields_of::<T>(),
        settle: |_| (),
        again: again::<T>,
    }
}

impl Line {
    /// Fields of the objects which the type does without, each with the reason.
    #[must_use]
    pub(crate) fn without(mut self, without: &'static [(&'static str, &'static str)]) -> Self {
        self.without = without;
        self
    }

    /// Says in an instance what the tables cannot: they call much "any" or "a string".
    #[must_use]
    pub(crate) fn settled(mut self, settle: fn(&mut Value)) -> Self {
        self.settle = settle;
        self
    }
}

/// An enum and its values as they are written.
pub(crate) struct EnumLine {
    /// Enums of the tables.
    names: &'static [&'static str],
    known: BTreeSet<String>,
}

/// A line: these enums of the tables have the values of `known`.
pub(crate) fn values<V: Display>(
    names: &'static [&'static str],
    known: impl IntoIterator<Item = V>,
) -> EnumLine {
    EnumLine {
        names,
        known: known.into_iter().map(|value| value.to_string()).collect(),
    }
}

fn lines() -> Vec<Line> {
    [
        message::lines(),
        component::lines(),
        guild::lines(),
        app::lines(),
        gateway::lines(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn enums() -> Vec<EnumLine> {
    [
        message::enums(),
        component::enums(),
        guild::enums(),
        app::enums(),
        gateway::enums(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_field_of_the_tables_has_its_place() {
    let (mut have, mut all, mut without, mut faults) = (0, 0, 0, Faults::default());
    for line in lines() {
        for object in line.objects {
            let theirs = object_fields(object);
            all += theirs.len();
            let Some(ours) = line.fields else {
                // The instances show it for those which read themselves by hand.
                have += theirs.len();
                continue;
            };
            for field in theirs {
                let known = ours.contains(&field.as_str());
                let spared = line.without.iter().any(|(name, _)| *name == field);
                have += usize::from(known);
                without += usize::from(spared);
                if !known && !spared {
                    faults.add(object, [format!("{} lacks {field} of {object}", line.name)]);
                }
                assert!(
                    !(known && spared),
                    "{} has {field}: take it off the list of what it does without",
                    line.name
                );
            }
        }
    }
    println!("spec: object fields | {have} | {}", all - without);
    println!("{without} fields are left out, each with its reason");
    faults.fail_if_any();
}

/// A test for each area, so that they run side by side.
macro_rules! come_back_whole {
    ($($test:ident $area:ident)+) => {
        $(
            #[test]
            fn $test() {
                come_back_whole(stringify!($area), $area::lines());
            }
        )+
    };
}

come_back_whole! {
    whatever_the_tables_allow_of_messages_comes_back_whole message
    whatever_the_tables_allow_of_components_comes_back_whole component
    whatever_the_tables_allow_of_guilds_comes_back_whole guild
    whatever_the_tables_allow_of_applications_comes_back_whole app
    whatever_the_tables_allow_of_the_gateway_comes_back_whole gateway
}

fn come_back_whole(area: &str, lines: Vec<Line>) {
    let oracle = Oracle::embedded();
    let (mut clean, mut all, mut faults) = (0, 0, Faults::default());
    for line in lines {
        for object in line.objects {
            let made = |choice| {
                oracle
                    .instance(object, choice)
                    .unwrap_or_else(|| panic!("the tables have no {object}"))
            };
            for choice in choices(&made(WHOLE)) {
                let mut came = made(choice);
                settle(&mut came);
                (line.settle)(&mut came);
                tomorrow(&mut came, choice);
                let found = match (line.again)(&came) {
                    Ok(written) => differences(&came, &written),
                    Err(error) => vec![error],
                };
                all += 1;
                clean += usize::from(found.is_empty());
                let found = found.into_iter();
                faults.add(
                    object,
                    found.map(|fault| format!("{} ← {object}: {fault}", line.name)),
                );
            }
        }
    }
    println!("spec: generated instances, {area} | {clean} | {all}");
    faults.fail_if_any();
}

#[test]
fn every_value_of_the_tables_has_a_name() {
    let (mut have, mut all, mut missing) = (0, 0, BTreeSet::new());
    for line in enums() {
        for name in line.names {
            let Some(Schema::Enum(table)) = Oracle::embedded().schema(name) else {
                panic!("the tables have no enum {name}");
            };
            all += table.values.len();
            for (word, value) in &table.values {
                if line.known.contains(value) {
                    have += 1;
                } else {
                    missing.insert(format!("{name}: {word} ({value}) has no name"));
                }
            }
        }
    }
    println!("spec: enum values | {have} | {all}");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_object_and_enum_of_the_tables_is_on_a_line() {
    let oracle = Oracle::embedded();
    let (lines, enums) = (lines(), enums());
    let named: BTreeSet<&str> = lines
        .iter()
        .flat_map(|line| line.objects)
        .chain(enums.iter().flat_map(|line| line.names))
        .copied()
        .collect();
    let drafts = draft::drafts();
    let drafted: BTreeSet<&str> = drafts
        .iter()
        .flat_map(|draft| draft.objects)
        .copied()
        .collect();
    for name in named.iter().chain(&drafted) {
        assert!(oracle.schema(name).is_some(), "the tables have no {name}");
    }
    let answered = ours::answered(oracle);
    let (mut have, mut all) = ([0, 0], [0, 0]);
    let (mut requests, mut others, mut lost) = (0, Vec::new(), Vec::new());
    for (name, schema) in oracle.schemas() {
        let kind = match schema {
            Schema::Object { .. } => 0,
            Schema::Enum(_) => 1,
            Schema::Alias(_) => continue,
        };
        if named.contains(name) || ours::is_event_of_ours(name) {
            (have[kind], all[kind]) = (have[kind] + 1, all[kind] + 1);
        } else if ours::not_ours(name).is_some() {
        } else if ours::is_written_only(name, &answered) {
            requests += 1;
            if !drafted.contains(name) {
                others.push(name);
            }
        } else {
            all[kind] += 1;
            lost.push(name);
        }
    }
    println!("spec: objects | {} | {}", have[0], all[0]);
    println!("spec: enums | {} | {}", have[1], all[1]);
    // The others come with their endpoints: bodies that no draft has, queries, parts of bodies.
    let compared = requests - others.len();
    println!("spec: request schemas, drafts compared | {compared} | {requests}");
    println!("request schemas that no draft is compared with: {others:#?}");
    let others = others.len();
    println!("spec:   not compared yet | {others} | {requests}");
    assert!(
        lost.is_empty(),
        "give each a line in surface/ (or say in NOT_OURS why not): {lost:#?}"
    );
}

/// What is lost, by the object or event of the tables.
#[derive(Default)]
struct Faults(BTreeMap<String, BTreeSet<String>>);

impl Faults {
    fn add(&mut self, of: &str, faults: impl IntoIterator<Item = String>) {
        let mut faults = faults.into_iter().peekable();
        if faults.peek().is_some() {
            self.0.entry(of.to_owned()).or_default().extend(faults);
        }
    }

    fn fail_if_any(&self) {
        assert!(self.0.is_empty(), "{:#?}", self.0);
    }
}

/// Decodes a value strictly and encodes it again.
pub(crate) fn again<T: DeserializeOwned + Serialize>(came: &Value) -> Result<Value, String> {
    let value: T = json::decode(came.to_string().as_bytes(), &mut Scratch::new())
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&json::encode(&value)).map_err(|error| error.to_string())
}

/// Instances of what a type reads, as the tables allow it; none if it has no line.
#[cfg(feature = "twilight")]
pub(crate) fn instances(type_name: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for line in lines().iter().filter(|line| line.name == type_name) {
        for object in line.objects {
            for (fill, branches) in [(Fill::Most, 4), (Fill::Least, 2)] {
                for branch in 0..branches {
                    let choice = Choice { fill, branch };
                    let mut instance = Oracle::embedded().instance(object, choice).unwrap();
                    settle(&mut instance);
                    (line.settle)(&mut instance);
                    all.push(instance);
                }
            }
        }
    }
    all
}

fn object_fields(name: &str) -> Vec<String> {
    match Oracle::embedded().schema(name) {
        Some(Schema::Object { fields, .. }) => {
            fields.iter().map(|field| field.name.clone()).collect()
        }
        Some(Schema::Alias(Shape::Ref(inner))) => object_fields(inner),
        Some(_) => Vec::new(),
        None => panic!("the tables have no object {name}"),
    }
}

/// All fields of an object, which tell how large it is.
pub(crate) const WHOLE: Choice = Choice {
    fill: Fill::Most,
    branch: 0,
};

/// Each branch of each union with all fields, and what is required alone; the values of tomorrow.
///
/// Of something large a fifth of them: what it holds has lines of its own.
pub(crate) fn choices(whole: &Value) -> impl Iterator<Item = Choice> {
    let turns = [
        (Fill::Most, MOST),
        (Fill::Least, LEAST),
        (Fill::Beyond, BEYOND),
    ];
    let is_large = whole.to_string().len() > LARGE;
    turns
        .into_iter()
        .flat_map(|(fill, turns)| (0..turns).map(move |branch| Choice { fill, branch }))
        .step_by(if is_large { 5 } else { 1 })
}

/// The branches of the largest union, the components of a message, and half of them again: from 32
/// on the branches within come in another order.
const MOST: usize = 48;

/// The required fields have few branches.
const LEAST: usize = 8;

/// Enough for what stands inside the larger unions.
const BEYOND: usize = 16;

/// In bytes: a message without another one inside is smaller.
const LARGE: usize = 12_000;

/// What no table has yet: a field in each object, a bit in each bit set.
pub(crate) fn tomorrow(value: &mut Value, choice: Choice) {
    if choice.fill != Fill::Beyond {
        return;
    }
    for_each_object(value, &mut |fields| {
        for (key, value) in fields.iter_mut() {
            let is_bits = key.ends_with("flags") && value.is_number();
            if is_bits {
                *value = ((1_u64 << 41) + 5).into();
            }
        }
        // A map takes any key already.
        if !settle::is_map(fields) {
            fields.insert(EXTRA.to_owned(), serde_json::json!({ "deep": [1] }));
        }
    });
}
