//! Values made from shapes: what Discord could send as far as the tables know.

use serde_json::{Map, Value, json};

use super::{
    Oracle,
    table::{EnumTable, Field, Range, Schema, Shape},
};

/// How an instance is made; the same choice gives the same instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// How much of what may be absent is there.
    pub fill: Fill,
    /// Which branch of each union and which value of each enum, counted round.
    ///
    /// Trying 0, 1, 2 … one after the other meets every branch; from 32 on the branches within
    /// other branches come in another order.
    pub branch: usize,
}

/// How much of what may be absent is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fill {
    /// Required fields only, empty lists, shortest strings, lowest numbers.
    Least,
    /// All fields down to a depth, lists with elements, highest numbers.
    Most,
    /// As [`Most`](Self::Most), but each enum has a value which no table has: it fits tomorrow's
    /// tables and not today's.
    Beyond,
}

impl Fill {
    const fn is_least(self) -> bool {
        matches!(self, Self::Least)
    }
}

/// Objects inside objects; messages hold messages and would never end.
const DEPTH_MAX: usize = 4;

/// Twice the branches of the largest union.
const ROUND: usize = 32;

/// Longer strings and lists show nothing new.
const LENGTH_ENOUGH: usize = 3;

#[derive(Clone, Copy, Debug)]
pub(super) struct Maker<'a> {
    pub(super) oracle: &'a Oracle,
    pub(super) choice: Choice,
}

impl Maker<'_> {
    /// `depth` counts the objects around the value; `turn` tells elements of a list apart.
    pub(super) fn shape(&self, shape: &Shape, depth: usize, turn: usize) -> Value {
        match shape {
            Shape::Any | Shape::Null => Value::Null,
            Shape::Boolean => Value::Bool((self.choice.branch + turn) % 2 == 1),
            Shape::Integer(range) | Shape::Number(range) => self.number(*range, turn),
            Shape::String { length, format } => {
                Value::from(self.string(*length, format.as_deref(), turn))
            }
            Shape::File => Value::from(""),
            Shape::Object => json!({}),
            Shape::Array { of, length, unique } => {
                let mut elements: Vec<_> = Vec::new();
                for index in 0..self.count(*length, depth) {
                    let element = self.shape(of, depth, turn + index);
                    if !unique || !elements.contains(&element) {
                        elements.push(element);
                    }
                }
                Value::Array(elements)
            }
            Shape::Map { of, length } => (0..self.count(*length, depth))
                .map(|index| {
                    (
                        format!("{}", FIRST_ID + index),
                        self.shape(of, depth + 1, turn + index),
                    )
                })
                .collect::<Map<_, _>>()
                .into(),
            Shape::Ref(name) => match self.oracle.schema(name) {
                Some(Schema::Object { fields, .. }) => self.object(fields, depth, turn),
                Some(Schema::Enum(table)) if self.choice.fill == Fill::Beyond => beyond(table),
                Some(Schema::Enum(table)) => {
                    let value = self.pick(&table.values, turn);
                    value.map_or(Value::Null, |(_, value)| constant(value, table.integers))
                }
                Some(Schema::Alias(inner)) => self.shape(inner, depth, turn),
                // Every name was looked up when the tables were read.
                None => Value::Null,
            },
            Shape::Partial(name) => match self.oracle.schema(name) {
                Some(Schema::Object { fields, .. }) if !self.choice.fill.is_least() => {
                    self.object(fields, depth, turn)
                }
                _ => json!({}),
            },
            Shape::Pinned { of, values } => self
                .pick(values, turn)
                .map_or(Value::Null, |value| constant(value, self.is_integer(of))),
            Shape::Union(parts) => {
                if depth >= DEPTH_MAX && parts.contains(&Shape::Null) {
                    return Value::Null;
                }
                // In the second round of 32 what stands deeper has another turn, so that the
                // branches of a union meet each of the branches within.
                let turn_here = turn + self.choice.branch / ROUND * depth;
                self.pick(parts, turn_here)
                    .map_or(Value::Null, |part| self.shape(part, depth, turn))
            }
            Shape::All(parts) => {
                let parts = parts.iter().map(|part| self.shape(part, depth, turn));
                let objects = parts.filter_map(|part| match part {
                    Value::Object(fields) => Some(fields),
                    _ => None,
                });
                objects.flatten().collect::<Map<_, _>>().into()
            }
        }
    }

    pub(super) fn object(&self, fields: &[Field], depth: usize, turn: usize) -> Value {
        let all = !self.choice.fill.is_least() && depth < DEPTH_MAX;
        fields
            .iter()
            .filter(|field| all || !field.optional)
            .map(|field| {
                (
                    field.name.clone(),
                    self.shape(&field.shape, depth + 1, turn),
                )
            })
            .collect::<Map<_, _>>()
            .into()
    }

    fn number(&self, range: Range, turn: usize) -> Value {
        let turn = i128::try_from(turn).unwrap_or_default();
        let number = match self.choice.fill {
            Fill::Least => range.min.unwrap_or(0).saturating_add(turn),
            Fill::Most | Fill::Beyond => range.max.unwrap_or(LARGE).saturating_sub(turn),
        };
        let number = number
            .max(range.min.unwrap_or(number))
            .min(range.max.unwrap_or(number));
        i64::try_from(number).map_or_else(|_| Value::from(u64::MAX), Value::from)
    }

    fn string(&self, length: Range, format: Option<&str>, turn: usize) -> String {
        match format {
            Some("snowflake") => return (FIRST_ID + turn).to_string(),
            Some("date-time") => return "2026-01-02T03:04:05.678000+00:00".to_owned(),
            Some("uri") => return format!("https://example.com/{turn}"),
            Some("hex-colour") => return "#5865f2".to_owned(),
            Some("base64") => return "AAAA".to_owned(),
            _ => {}
        }
        let text = format!("text{turn}");
        let least = length.min.map_or(0, size);
        let most = length.max.map_or(usize::MAX, size);
        let wanted = match self.choice.fill {
            Fill::Least => least,
            Fill::Most | Fill::Beyond => text.chars().count().clamp(least, most),
        };
        // The turn is at the end, where it stays when the text is cut.
        let padded = format!("{}{text}", "x".repeat(wanted));
        padded
            .chars()
            .skip(padded.chars().count() - wanted)
            .collect()
    }

    fn count(&self, length: Range, depth: usize) -> usize {
        let least = length.min.map_or(0, size);
        let most = length.max.map_or(usize::MAX, size);
        let wanted = match self.choice.fill {
            Fill::Least => 0,
            _ if depth >= DEPTH_MAX => 0,
            _ if depth > 1 => 1,
            Fill::Most | Fill::Beyond => LENGTH_ENOUGH,
        };
        wanted.min(most).max(least)
    }

    /// The branch of the choice; a list of no branches has none.
    fn pick<'l, T>(&self, of: &'l [T], turn: usize) -> Option<&'l T> {
        of.get((self.choice.branch + turn) % of.len().max(1))
    }

    fn is_integer(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Integer(_) => true,
            Shape::Ref(name) => match self.oracle.schema(name) {
                Some(Schema::Enum(table)) => table.integers,
                Some(Schema::Alias(inner)) => self.is_integer(inner),
                _ => false,
            },
            _ => false,
        }
    }
}

/// An id of the right length; elements of a list count up from it.
const FIRST_ID: usize = 1_100_000_000_000_000_000;

/// A number that needs more than eight bits and fits into 31.
const LARGE: i128 = 70_000;

fn size(bound: i128) -> usize {
    usize::try_from(bound).unwrap_or_default()
}

fn constant(value: &str, is_integer: bool) -> Value {
    match value.parse::<i64>() {
        Ok(number) if is_integer => Value::from(number),
        _ => Value::from(value),
    }
}

/// A value that the table has not, of the same kind.
fn beyond(table: &EnumTable) -> Value {
    if !table.integers {
        return Value::from("of_tomorrow");
    }
    let known = table.values.iter();
    let highest = known
        .filter_map(|(_, value)| value.parse::<i64>().ok())
        .max();
    Value::from(highest.unwrap_or_default() + 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_fits_the_shape_it_was_made_from() {
        let oracle = Oracle::embedded();
        for (name, _) in oracle.schemas() {
            for fill in [Fill::Least, Fill::Most] {
                for branch in 0..8 {
                    let value = oracle.instance(name, Choice { fill, branch }).unwrap();
                    let found = oracle.check_schema(name, &value);
                    assert!(
                        found.is_empty(),
                        "{name} {fill:?} {branch}: {}\n{value}",
                        found[0]
                    );
                }
            }
        }
    }

    #[test]
    fn bodies_answers_and_events_are_made_as_well() {
        let oracle = Oracle::embedded();
        for branch in 0..4 {
            let choice = Choice {
                fill: Fill::Most,
                branch,
            };
            for operation in oracle.operations() {
                for body in &operation.bodies {
                    let value = oracle.instance_of(&body.shape, choice);
                    let found = oracle.check_body(operation, &body.content_type, Some(&value));
                    assert!(found.is_empty(), "{} {branch}: {}", operation.id, found[0]);
                }
                for answer in &operation.answers {
                    let Ok(status) = answer.status.replace("XX", "00").parse() else {
                        continue;
                    };
                    let value = answer
                        .content
                        .as_ref()
                        .map(|content| oracle.instance_of(&content.shape, choice));
                    let found = oracle.check_answer(operation, status, value.as_ref());
                    assert!(found.is_empty(), "{} {branch}: {}", operation.id, found[0]);
                }
            }
            for event in oracle.events() {
                let value = oracle.event_instance(&event.name, choice).unwrap();
                let found = oracle.check_event(&event.name, &value);
                assert!(found.is_empty(), "{} {branch}: {}", event.name, found[0]);
            }
        }
    }

    #[test]
    fn the_most_has_every_field_and_the_least_only_what_is_required() {
        let oracle = Oracle::embedded();
        let keys = |fill| {
            let value = oracle
                .instance("MessageCreateRequest", Choice { fill, branch: 0 })
                .unwrap();
            value.as_object().unwrap().len()
        };
        assert_eq!((keys(Fill::Least), keys(Fill::Most)), (0, 13));
        assert_eq!(
            oracle.instance(
                "NoSuchThing",
                Choice {
                    fill: Fill::Least,
                    branch: 0
                }
            ),
            None
        );
    }

    #[test]
    fn every_branch_of_a_union_comes_up() {
        let oracle = Oracle::embedded();
        let kinds: std::collections::BTreeSet<_> = (0..16)
            .filter_map(|branch| {
                let choice = Choice {
                    fill: Fill::Most,
                    branch,
                };
                oracle.instance("MessageCreateRequest", choice)?["components"][0]["type"].as_u64()
            })
            .collect();
        assert_eq!(
            kinds.into_iter().collect::<Vec<_>>(),
            [1, 9, 10, 12, 13, 14, 17]
        );
    }
}
