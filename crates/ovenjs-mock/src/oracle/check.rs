//! Values against shapes.
//!
//! The file is long because the kinds of shapes call one another: each alone says little.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use serde_json::Value;

use crate::json::without_point;

use super::{
    Oracle, Payload, Rule, Segment, Violation, form,
    table::{EnumTable, Event, Field, Range, Schema, Shape},
};

/// Who wrote the value.
///
/// Discord reads generously and writes strictly: a request may give a number
/// as its digits, and an answer may hold a value of an enum that is not in the
/// table yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Check<'a> {
    pub(super) oracle: &'a Oracle,
    pub(super) side: Side,
}

/// The way so far and what was found.
#[derive(Debug, Default)]
struct Walk<'p> {
    last: Option<Step<'p>>,
    found: Vec<Violation>,
}

/// A step into the value, and those before it. All of it is borrowed: most values are right, and
/// nobody asks for their path.
#[derive(Clone, Copy, Debug)]
struct Step<'p> {
    part: Part<'p>,
    before: Option<&'p Self>,
    depth: usize,
}

#[derive(Clone, Copy, Debug)]
enum Part<'p> {
    Key(&'p str),
    Index(usize),
}

impl Walk<'_> {
    fn add(&mut self, mut violation: Violation) {
        violation.path = self.path();
        self.found.push(violation);
    }

    fn depth(&self) -> usize {
        self.last.map_or(0, |step| step.depth)
    }

    fn path(&self) -> Vec<Segment> {
        let mut path = Vec::with_capacity(self.depth());
        let mut step = self.last.as_ref();
        while let Some(here) = step {
            path.push(match here.part {
                Part::Key(key) => Segment::Key(key.to_owned()),
                Part::Index(index) => Segment::Index(index),
            });
            step = here.before;
        }
        path.reverse();
        path
    }

    fn key(&mut self, key: &str, inside: impl FnOnce(&mut Walk<'_>)) {
        self.step(Part::Key(key), inside);
    }

    fn index(&mut self, index: usize, inside: impl FnOnce(&mut Walk<'_>)) {
        self.step(Part::Index(index), inside);
    }

    fn step(&mut self, part: Part<'_>, inside: impl FnOnce(&mut Walk<'_>)) {
        let step = Step {
            part,
            before: self.last.as_ref(),
            depth: self.depth() + 1,
        };
        let mut deeper = Walk {
            last: Some(step),
            found: std::mem::take(&mut self.found),
        };
        inside(&mut deeper);
        self.found = deeper.found;
    }

    /// What `inside` finds from here on, kept apart.
    fn apart(&mut self, inside: impl FnOnce(&mut Self)) -> Vec<Violation> {
        let before = std::mem::take(&mut self.found);
        inside(self);
        std::mem::replace(&mut self.found, before)
    }
}

impl Check<'_> {
    pub(super) fn all(&self, shape: &Shape, value: &Value) -> Vec<Violation> {
        let mut walk = Walk::default();
        self.shape(shape, value, &mut walk);
        walk.found
    }

    pub(super) fn fields(&self, fields: &[impl Borrow<Field>], value: &Value) -> Vec<Violation> {
        let mut walk = Walk::default();
        self.object(fields, false, value, &mut walk);
        walk.found
    }

    pub(super) fn event(&self, event: &Event, d: &Value) -> Vec<Violation> {
        // A guild that is down comes as its id and the word that it is, without the rest.
        let down = d.get("unavailable") == Some(&Value::Bool(true)) && d.get("name").is_none();
        if down && event.name == "GUILD_CREATE" {
            return self.all(
                &Shape::Ref("docs/guild/unavailable-guild-object".to_owned()),
                d,
            );
        }
        match self.oracle.payload(event) {
            Payload::Fields(fields) => self.fields(&fields, d),
            Payload::Shape(shape) => self.all(shape, d),
            Payload::Unknown => Vec::new(),
        }
    }

    pub(super) fn params(&self, fields: &[Field], given: &[(String, String)]) -> Vec<Violation> {
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in given {
            by_name.entry(name.as_str()).or_default().push(value);
        }
        let mut walk = Walk::default();
        for field in fields {
            let values = by_name
                .remove(field.name.as_str())
                .or_else(|| by_name.remove(format!("{}[]", field.name).as_str()));
            walk.key(&field.name, |walk| match values {
                Some(values) => {
                    let value = self.read_text(&field.shape, &values);
                    self.shape(&field.shape, &value, walk);
                }
                None if !field.optional => walk.add(form::required()),
                None => {}
            });
        }
        for name in by_name.into_keys() {
            walk.key(name, |walk| walk.add(unknown_field()));
        }
        walk.found
    }

    /// The JSON that a parameter's text stands for.
    fn read_text(&self, shape: &Shape, values: &[&str]) -> Value {
        let one = values.last().copied().unwrap_or_default();
        match self.resolved(shape) {
            Shape::Array { of, .. } => {
                let parts = values.iter().flat_map(|value| value.split(','));
                parts.map(|part| self.read_text(of, &[part])).collect()
            }
            Shape::Union(parts) => {
                let fits = |part: &&Shape| {
                    let value = self.read_text(part, values);
                    **part != Shape::Null && self.all(part, &value).iter().all(|v| !v.is_refusal())
                };
                match parts.iter().find(fits).or_else(|| parts.first()) {
                    Some(part) => self.read_text(part, values),
                    None => Value::from(one),
                }
            }
            Shape::Boolean => match one {
                "true" | "True" | "1" => Value::Bool(true),
                "false" | "False" | "0" => Value::Bool(false),
                other => Value::from(other),
            },
            Shape::Number(_) => match one.parse::<f64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(one),
            },
            _ => Value::from(one),
        }
    }

    /// A shape without the aliases in front of it.
    fn resolved<'s>(&'s self, shape: &'s Shape) -> &'s Shape {
        let mut shape = shape;
        while let Shape::Ref(name) = shape
            && let Some(Schema::Alias(inner)) = self.oracle.schema(name)
        {
            shape = inner;
        }
        shape
    }

    fn shape(&self, shape: &Shape, value: &Value, walk: &mut Walk<'_>) {
        match shape {
            Shape::Any | Shape::File => {}
            Shape::Null => {
                if !value.is_null() {
                    walk.add(form::wrong_type("null", value));
                }
            }
            Shape::Boolean => {
                let is_spelled = || matches!(value.as_str(), Some("true" | "false"));
                let fits = value.is_boolean() || self.side == Side::Request && is_spelled();
                if !fits {
                    walk.add(form::wrong_type("boolean", value));
                }
            }
            Shape::Integer(range) => self.integer(*range, value, walk),
            Shape::Number(range) => self.number(*range, value, walk),
            Shape::String { length, format } => {
                self.string(*length, format.as_deref(), value, walk)
            }
            Shape::Object => {
                if !value.is_object() {
                    walk.add(form::wrong_type("object", value));
                }
            }
            Shape::Array { of, length, unique } => self.array(of, *length, *unique, value, walk),
            Shape::Map { of, length } => match value.as_object() {
                Some(map) => {
                    bounded(map.len(), *length, walk);
                    for (key, value) in map {
                        walk.key(key, |walk| self.shape(of, value, walk));
                    }
                }
                None => walk.add(form::wrong_type("object", value)),
            },
            Shape::Ref(name) => match self.oracle.schema(name) {
                Some(Schema::Object { fields, .. }) => self.object(fields, false, value, walk),
                Some(Schema::Enum(table)) => self.listed(table, value, walk),
                Some(Schema::Alias(inner)) => self.shape(inner, value, walk),
                // Every name was looked up when the tables were read.
                None => {}
            },
            Shape::Partial(name) => {
                if let Some(Schema::Object { fields, .. }) = self.oracle.schema(name) {
                    self.object(fields, true, value, walk);
                }
            }
            Shape::Pinned { of, values } => {
                let before = walk.found.len();
                self.shape(of, value, walk);
                if walk.found.len() == before && !is_among(values, value) {
                    walk.add(form::choice(values.iter().map(String::as_str), value));
                }
            }
            Shape::Union(parts) => self.union(parts, value, walk),
            Shape::All(parts) => self.every(parts, value, walk),
        }
    }

    /// `partial` makes every field optional.
    fn object(
        &self,
        fields: &[impl Borrow<Field>],
        partial: bool,
        value: &Value,
        walk: &mut Walk<'_>,
    ) {
        let Some(map) = value.as_object() else {
            walk.add(form::wrong_type("object", value));
            return;
        };
        let mut known = 0;
        for field in fields.iter().map(Borrow::borrow) {
            match map.get(&field.name) {
                Some(value) => {
                    known += 1;
                    walk.key(&field.name, |walk| self.shape(&field.shape, value, walk));
                }
                None if partial || field.optional => {}
                None => walk.key(&field.name, |walk| walk.add(form::required())),
            }
        }
        if known == map.len() {
            return;
        }
        let unknown = |key: &&String| !fields.iter().any(|field| field.borrow().name == **key);
        for key in map.keys().filter(unknown).take(MAX_UNKNOWN) {
            walk.key(key, |walk| walk.add(unknown_field()));
        }
    }

    fn array(&self, of: &Shape, length: Range, unique: bool, value: &Value, walk: &mut Walk<'_>) {
        let Some(elements) = value.as_array() else {
            walk.add(form::wrong_type("array", value));
            return;
        };
        bounded(elements.len(), length, walk);
        // Discord tells of the length alone, and nobody has to read through what is too long.
        let count = i128::try_from(elements.len()).unwrap_or(i128::MAX);
        if length.max.is_some_and(|max| count > max) {
            return;
        }
        let mut seen = HashSet::new();
        for (index, element) in elements.iter().enumerate() {
            walk.index(index, |walk| self.shape(of, element, walk));
            if unique && !seen.insert(element) {
                walk.index(index, |walk| walk.add(form::repeated(element)));
            }
        }
    }

    fn integer(&self, range: Range, value: &Value, walk: &mut Walk<'_>) {
        match whole(value).or_else(|| self.coerced(value)) {
            Some(number) => {
                let over = range.max.is_some_and(|max| number > max);
                if over || range.min.is_some_and(|min| number < min) {
                    walk.add(form::out_of_bounds("int", range, over, value));
                }
            }
            None => walk.add(form::wrong_type("int", value)),
        }
    }

    fn number(&self, range: Range, value: &Value, walk: &mut Walk<'_>) {
        let coerced = || {
            value
                .as_str()
                .filter(|_| self.side == Side::Request)?
                .parse()
                .ok()
        };
        let Some(number) = value
            .as_f64()
            .or_else(coerced)
            .filter(|number: &f64| number.is_finite())
        else {
            walk.add(form::wrong_type("float", value));
            return;
        };
        let over = bound(range.max).is_some_and(|max| number > max);
        let under = bound(range.min).is_some_and(|min| number < min);
        if over || under {
            walk.add(form::out_of_bounds("float", range, over, value));
        }
    }

    /// A request may write a number as its digits.
    fn coerced(&self, value: &Value) -> Option<i128> {
        value
            .as_str()
            .filter(|_| self.side == Side::Request)?
            .parse()
            .ok()
    }

    fn string(&self, length: Range, format: Option<&str>, value: &Value, walk: &mut Walk<'_>) {
        if format == Some("snowflake") {
            let id = match value {
                Value::String(digits) => is_digits(digits) && digits.parse::<u64>().is_ok(),
                Value::Number(number) => self.side == Side::Request && number.is_u64(),
                _ => false,
            };
            if !id {
                walk.add(form::wrong_type("snowflake", value));
            }
            return;
        }
        let Some(text) = value.as_str() else {
            walk.add(form::wrong_type("string", value));
            return;
        };
        bounded(text.chars().count(), length, walk);
        let fault = match format {
            Some("date-time") if !is_date_time(text) => form::bad_date(value),
            Some("uri") if !is_uri(text) => form::bad_uri(value),
            Some("hex-colour") if !is_hex_colour(text) => form::bad_colour(value),
            _ => return,
        };
        walk.add(fault);
    }

    fn listed(&self, table: &EnumTable, value: &Value, walk: &mut Walk<'_>) {
        let fits = if table.integers {
            whole(value).or_else(|| self.coerced(value)).is_some()
        } else {
            value.is_string()
        };
        if !fits {
            walk.add(form::wrong_type(
                if table.integers { "int" } else { "string" },
                value,
            ));
            return;
        }
        // Discord adds values; what it sends may be newer than the table.
        if self.side == Side::Answer {
            return;
        }
        let known = || table.values.iter().map(|(_, value)| value.as_str());
        let given = scalar(value);
        if !known().any(|known| known == given) {
            walk.add(form::choice(known(), value));
        }
    }

    /// A value fits a union when it fits a branch. Where it fits none, the
    /// report is about the branch it is closest to: the one that its fixed
    /// fields name, then the one that knows most of its keys.
    fn union(&self, parts: &[Shape], value: &Value, walk: &mut Walk<'_>) {
        if value.is_null() {
            let nullable = parts
                .iter()
                .any(|part| matches!(self.resolved(part), Shape::Null | Shape::Any));
            if !nullable {
                walk.add(form::null());
            }
            return;
        }
        let depth = walk.depth();
        // A branch whose fixed fields are others cannot fit, and is of interest only where none does.
        let mut tried: Vec<Option<Vec<Violation>>> = vec![None; parts.len()];
        for meant in [true, false] {
            for (part, found) in parts.iter().zip(&mut tried) {
                if matches!(part, Shape::Null) || self.is_meant(part, value) != meant {
                    continue;
                }
                let here = walk.apart(|walk| self.shape(part, value, walk));
                if here.is_empty() {
                    return;
                }
                *found = Some(here);
            }
        }
        let mut best: Option<((bool, usize, usize), Vec<Violation>)> = None;
        for (part, found) in parts.iter().zip(tried) {
            let Some(found) = found else { continue };
            let other_kind = found
                .iter()
                .any(|violation| violation.rule == Rule::Type && violation.path.len() == depth);
            let refusals = found
                .iter()
                .filter(|violation| violation.is_refusal())
                .count();
            let unknown = found.len() - refusals;
            let score = (other_kind || !self.is_meant(part, value), unknown, refusals);
            if best.as_ref().is_none_or(|(there, _)| score < *there) {
                best = Some((score, found));
            }
        }
        let Some(((no_branch, _, _), found)) = best else {
            return;
        };
        let Some(key) = self.discriminator(parts) else {
            walk.found.extend(found);
            return;
        };
        match value.get(key) {
            Some(there) if no_branch => {
                let mut values = Vec::new();
                for (name, value) in parts.iter().flat_map(|part| self.pinned(part)) {
                    if name == key && !values.contains(&value) {
                        values.push(value);
                    }
                }
                if values.contains(&scalar(there).as_str()) {
                    walk.found.extend(found);
                    return;
                }
                let values = values.into_iter();
                walk.key(key, |walk| walk.add(form::union_choice(key, values, there)));
            }
            // What else is missing depends on the branch, and nothing names one.
            None if value.is_object() && is_missing(&found, depth, key) => {
                walk.key(key, |walk| walk.add(form::required()));
            }
            _ => walk.found.extend(found),
        }
    }

    /// Every part has its say; a key is unknown only where no part knows it.
    fn every(&self, parts: &[Shape], value: &Value, walk: &mut Walk<'_>) {
        let depth = walk.depth() + 1;
        let mut unknown: Option<Vec<Violation>> = None;
        for part in parts {
            let found = walk.apart(|walk| self.shape(part, value, walk));
            let (here, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|violation| {
                violation.rule == Rule::UnknownField && violation.path.len() == depth
            });
            for violation in rest {
                if !walk.found.contains(&violation) {
                    walk.found.push(violation);
                }
            }
            unknown = Some(match unknown {
                None => here,
                Some(before) => before
                    .into_iter()
                    .filter(|one| here.contains(one))
                    .collect(),
            });
        }
        walk.found.extend(unknown.into_iter().flatten());
    }

    /// The fixed fields of an object: name and one of its values each.
    fn pinned<'s>(&'s self, shape: &'s Shape) -> Vec<(&'s str, &'s str)> {
        self.pinned_fields(shape)
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_str())))
            .collect()
    }

    /// The fixed fields of an object and the values of each.
    fn pinned_fields<'s>(
        &'s self,
        shape: &'s Shape,
    ) -> impl Iterator<Item = (&'s str, &'s [String])> {
        let fields = match self.resolved(shape) {
            Shape::Ref(name) => match self.oracle.schema(name) {
                Some(Schema::Object { fields, .. }) => fields.as_slice(),
                _ => &[],
            },
            _ => &[],
        };
        fields.iter().filter_map(|field| match &field.shape {
            Shape::Pinned { values, .. } => Some((field.name.as_str(), values.as_slice())),
            _ => None,
        })
    }

    /// Whether the value's fixed fields are those of the branch.
    fn is_meant(&self, part: &Shape, value: &Value) -> bool {
        self.pinned_fields(part).all(|(name, values)| {
            let there = value.get(name);
            there.is_none_or(|there| is_among(values, there))
        })
    }

    /// The fixed field that all object branches have.
    fn discriminator<'s>(&'s self, parts: &'s [Shape]) -> Option<&'s str> {
        let mut common: Option<BTreeSet<&str>> = None;
        for part in parts.iter().filter(|part| **part != Shape::Null) {
            let names: BTreeSet<_> = self
                .pinned(part)
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            common = Some(match common {
                None => names,
                Some(before) => &before & &names,
            });
        }
        common?.into_iter().next()
    }
}

fn is_missing(found: &[Violation], depth: usize, key: &str) -> bool {
    let key = Segment::Key(key.to_owned());
    found.iter().any(|violation| {
        violation.rule == Rule::Required && violation.path.get(depth..) == Some(&[key.clone()][..])
    })
}

fn unknown_field() -> Violation {
    Violation::new(Rule::UnknownField, "no such key")
}

/// Keys of one object that are reported as unknown. Who sends more knows by then.
const MAX_UNKNOWN: usize = 100;

fn bounded(count: usize, length: Range, walk: &mut Walk<'_>) {
    let count = i128::try_from(count).unwrap_or(i128::MAX);
    if length.min.is_some_and(|min| count < min) || length.max.is_some_and(|max| count > max) {
        walk.add(form::bad_length(length, count));
    }
}

/// A whole number, also where it is written with a point.
fn whole(value: &Value) -> Option<i128> {
    let number = value.as_number()?;
    let whole = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    whole.or_else(|| without_point(value))
}

fn bound(bound: Option<i128>) -> Option<f64> {
    bound?.to_string().parse().ok()
}

/// Whether a value is one of those that the tables write.
fn is_among(values: &[String], value: &Value) -> bool {
    match value {
        Value::String(text) => values.contains(text),
        other => values.contains(&other.to_string()),
    }
}

/// A value as the tables write constants.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text begins as an ISO 8601 date or time does; Discord takes both.
fn is_date_time(text: &str) -> bool {
    let mut parts = text.split(['T', ' ']);
    let date: Vec<_> = parts.next().unwrap_or_default().split('-').collect();
    let is_date = matches!(date.as_slice(), [year, month, day]
        if [year, month, day].iter().all(|part| is_digits(part))
            && year.len() == 4 && month.len() == 2 && day.len() == 2);
    let is_time = match parts.next() {
        None => true,
        Some(time) => {
            let clock = time.split(['Z', '+', '-', '.']).next().unwrap_or_default();
            let clock: Vec<_> = clock.split(':').collect();
            (2..=3).contains(&clock.len())
                && clock.iter().all(|part| part.len() == 2 && is_digits(part))
        }
    };
    is_date && is_time && parts.next().is_none()
}

fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

fn is_hex_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
