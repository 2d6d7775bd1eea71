//! The documentation's field tables as objects.
//!
//! The documentation writes types as English. [`Structures::shape`] reads that
//! English; what it cannot read becomes `any`, which is always right.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{list, text, texts};
use crate::spec::{
    table::{EnumTable, Field, Range, Schema, Shape},
    tables::Tables,
};

/// Names of documented objects begin with this.
pub(super) const DOCUMENTED: &str = "docs/";

/// Sections whose link means something else than the first table under them.
const LINKS: [(&str, &str); 4] = [
    (
        "events/gateway-events#presence",
        "@docs/gateway-events/presence-update/presence-update-event-fields",
    ),
    (
        "resources/guild#unavailable-guild-object",
        "@docs/guild/unavailable-guild-object",
    ),
    // Any component: a union over a discriminator, which no table lists as one.
    ("components/reference#component-object", "obj"),
    (
        "interactions/receiving-and-responding#interaction-object-interaction-data",
        "obj",
    ),
];

/// Fields of which the documentation says something else in words beside the table.
///
/// `?` makes a field optional, and `*` stands for every field.
const CORRECTIONS: [(&str, &str, &str); 6] = [
    // Which fields are there depends on another field's value.
    (
        "docs/auto-moderation/auto-moderation-action-object/action-metadata",
        "*",
        "?",
    ),
    (
        "docs/audit-log/audit-log-entry-object/optional-audit-entry-info",
        "*",
        "?",
    ),
    // A client leaves it out of the same object.
    (
        "docs/gateway-events/activity-object/activity-structure",
        "created_at",
        "?int",
    ),
    // Of the user only the id is certain.
    (
        "docs/gateway-events/presence-update/presence-update-event-fields",
        "user",
        "~@docs/user/user-object/user-structure",
    ),
    // It bounds a search by prefix, and a request by ids has none.
    (
        "docs/gateway-events/request-guild-members/request-guild-members-structure",
        "limit",
        "?int",
    ),
    // A table of its own lists them.
    (
        "docs/gateway-events/update-presence/gateway-presence-update-structure",
        "status",
        "str=online,dnd,idle,invisible,offline",
    ),
];

/// The field tables of the documentation.
pub(super) struct Structures {
    tables: Vec<Structure>,
}

struct Structure {
    /// `docs/message/message-object/message-structure`
    name: String,
    /// `resources/message`
    page: String,
    section: String,
    heading: String,
    fields: Value,
}

impl Structures {
    pub(super) fn read(corpus: &Value) -> Result<Self> {
        let mut tables: Vec<Structure> = Vec::new();
        let mut taken = BTreeMap::new();
        for structure in list(corpus) {
            let page = page(text(&structure["page"]));
            let section = slug(list(&structure["parents"]).last().map_or("", text));
            let heading = slug(text(&structure["heading"]));
            let mut parts = vec![page.rsplit('/').next().unwrap_or_default().to_owned()];
            parts.extend(
                [section.clone(), heading.clone()]
                    .into_iter()
                    .filter(|part| !part.is_empty()),
            );
            let mut name = format!("{DOCUMENTED}{}", parts.join("/"));
            let seen: &mut u32 = taken.entry(name.clone()).or_default();
            *seen += 1;
            if *seen > 1 {
                name = format!("{name}.{seen}");
            }
            tables.push(Structure {
                name,
                page,
                section,
                heading,
                fields: structure["fields"].clone(),
            });
        }
        ensure!(!tables.is_empty(), "docs-structures.json has no tables");
        Ok(Self { tables })
    }

    /// The table of the JSON parameters under a heading.
    pub(super) fn json_params(&self, page_path: &str, heading: &str) -> Option<&str> {
        let (page, heading) = (page(page_path), slug(heading));
        let table = self.tables.iter().find(|table| {
            table.page == page && table.section == heading && table.heading.starts_with("json")
        })?;
        Some(&table.name)
    }

    /// Adds all tables as objects.
    pub(super) fn objects(&self, tables: &mut Tables) -> Result<()> {
        for table in &self.tables {
            let mut fields = self
                .fields(&table.fields)
                .with_context(|| table.name.clone())?;
            for (_, name, shape) in CORRECTIONS.iter().filter(|(of, ..)| *of == table.name) {
                let mut found = fields
                    .iter_mut()
                    .filter(|field| matches!(*name, "*") || field.name == *name);
                let first = found.next();
                let first = first.with_context(|| format!("{} has no {name} now", table.name))?;
                for field in std::iter::once(first).chain(found) {
                    field.optional |= shape.starts_with('?');
                    if let Some(shape) =
                        Some(shape.trim_start_matches('?')).filter(|s| !s.is_empty())
                    {
                        field.shape = parse(shape)?;
                    }
                }
            }
            let schema = match constants(&fields) {
                Some(values) => Schema::Enum(EnumTable {
                    integers: true,
                    values,
                }),
                None => Schema::Object {
                    fields,
                    closed: false,
                },
            };
            tables.schemas.insert(table.name.clone(), schema);
        }
        // The documentation describes this object in words and has no table for it.
        let id = Shape::Ref("SnowflakeType".to_owned());
        let fields = vec![
            Field {
                name: "id".to_owned(),
                optional: false,
                shape: id,
            },
            Field {
                name: "unavailable".to_owned(),
                optional: true,
                shape: Shape::Boolean,
            },
        ];
        let name = format!("{DOCUMENTED}guild/unavailable-guild-object");
        ensure!(
            tables
                .schemas
                .insert(
                    name,
                    Schema::Object {
                        fields,
                        closed: false
                    }
                )
                .is_none(),
            "the documentation has a table for unavailable guilds now"
        );
        Ok(())
    }

    pub(super) fn fields(&self, corpus: &Value) -> Result<Vec<Field>> {
        let mut fields: Vec<Field> = Vec::new();
        for field in list(corpus) {
            let written = text(&field["name"]).trim_matches(['*', '\\', ' ', '`', '?']);
            let written = written
                .split(" (")
                .next()
                .unwrap_or_default()
                .trim_matches(['*', '\\', ' ']);
            let name = written.replace([' ', '?'], "-");
            if name.is_empty() || fields.iter().any(|there| there.name == name) {
                continue;
            }
            let mut shape = self.shape(text(&field["type"]), &texts(&field["refs"]))?;
            if field["nullable"] == true {
                shape = nullable(shape);
            }
            fields.push(Field {
                name,
                optional: field["optional"] == true,
                shape,
            });
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(fields)
    }

    /// What a type that is written in English means.
    fn shape(&self, english: &str, links: &[String]) -> Result<Shape> {
        let mut words = english.to_lowercase().replace('`', "");
        if let Some((before, after)) = words.split_once('(')
            && let Some((_, after)) = after.split_once(')')
        {
            words = format!("{}{after}", before.trim_end());
        }
        let words = words.trim_matches([' ', '*', '\\']);
        if let Some(words) = words.strip_suffix('?') {
            return Ok(nullable(self.shape(words, links)?));
        }
        let words = ["a ", "an ", "one of "]
            .iter()
            .find_map(|article| words.strip_prefix(article))
            .unwrap_or(words);
        if let Some(shape) = primitive(words) {
            return Ok(shape);
        }
        if words.parse::<u8>().is_ok() {
            let of = Box::new(Shape::Integer(Range::default()));
            return Ok(Shape::Pinned {
                of,
                values: vec![words.to_owned()],
            });
        }
        if let Some(of) = words
            .strip_prefix("array of ")
            .or_else(|| words.strip_prefix("list of "))
        {
            let (of, length) = counted(of);
            let of = Box::new(self.shape(of, links)?);
            return Ok(Shape::Array {
                of,
                length,
                unique: false,
            });
        }
        if let Some(of) = words.strip_prefix("map of snowflakes to ") {
            let of = Box::new(self.shape(of, links)?);
            return Ok(Shape::Map {
                of,
                length: Range::default(),
            });
        }
        if words.starts_with("dict") {
            let of = if words.contains("locales") || words.contains("string, string") {
                Shape::string()
            } else {
                Shape::Any
            };
            return Ok(Shape::Map {
                of: Box::new(of),
                length: Range::default(),
            });
        }
        if words.contains(" or ") {
            let parts: Option<Vec<_>> = words
                .replace(" or ", ",")
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| match part.strip_prefix("array of ") {
                    Some(of) => primitive(of).map(|of| Shape::Array {
                        of: Box::new(of),
                        length: Range::default(),
                        unique: false,
                    }),
                    None => primitive(part),
                })
                .collect();
            if let Some(parts) = parts {
                return Ok(Shape::Union(parts));
            }
        }
        let partial = words.contains("partial") && !words.contains(", optionally");
        let mut shapes = Vec::new();
        let several = if words.contains(" or ") {
            links.len()
        } else {
            1
        };
        for target in links
            .iter()
            .filter_map(|link| self.linked(link))
            .take(several)
        {
            shapes.push(match target {
                Target::Table(name) if partial => Shape::Partial(name),
                Target::Table(name) => Shape::Ref(name),
                Target::Tables(names) => Shape::Union(names.into_iter().map(Shape::Ref).collect()),
                Target::Stated(shape) => parse(shape)?,
            });
        }
        Ok(match <[Shape; 1]>::try_from(shapes) {
            // Something may come with it that no table names.
            Ok([one]) if words.contains(", optionally") => Shape::All(vec![one, Shape::Object]),
            Ok([one]) => one,
            Err(none) if none.is_empty() => Shape::Any,
            Err(several) => Shape::Union(several),
        })
    }

    /// The tables that a link leads to.
    pub(super) fn linked(&self, link: &str) -> Option<Target> {
        let link = link.strip_prefix("/developers/")?;
        if let Some((_, shape)) = LINKS.iter().find(|(known, _)| *known == link) {
            return Some(Target::Stated(shape));
        }
        let (page, anchor) = link.split_once('#')?;
        let here = || self.tables.iter().filter(|table| table.page == page);
        let exact = here().find(|table| {
            format!("{}-{}", table.section, table.heading) == anchor || table.heading == anchor
        });
        if let Some(table) = exact {
            return Some(Target::Table(table.name.clone()));
        }
        let under: Vec<_> = here().filter(|table| table.section == anchor).collect();
        let stem = anchor.strip_suffix("-object").unwrap_or(anchor);
        let own = under.iter().find(|table| {
            table.heading == format!("{stem}-structure")
                || table.heading == format!("{anchor}-structure")
        });
        match (own, under.as_slice()) {
            (Some(table), _) | (None, [table]) => Some(Target::Table(table.name.clone())),
            (None, []) => None,
            (None, [first, ..]) => {
                let alike: Vec<_> = under
                    .iter()
                    .filter(|table| table.heading.contains(stem.trim_start_matches("message-")))
                    .map(|table| table.name.clone())
                    .collect();
                match alike.as_slice() {
                    [] | [_] => Some(Target::Table(first.name.clone())),
                    _ => Some(Target::Tables(alike)),
                }
            }
        }
    }
}

pub(super) enum Target {
    Table(String),
    Tables(Vec<String>),
    Stated(&'static str),
}

/// A table whose types are all numbers lists the values of an enum.
fn constants(fields: &[Field]) -> Option<Vec<(String, String)>> {
    if fields.is_empty() {
        return None;
    }
    let mut values = fields
        .iter()
        .map(|field| match &field.shape {
            Shape::Pinned { values, .. } => Some((field.name.clone(), values.first()?.clone())),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    values.sort_by_key(|(_, value)| value.parse::<u8>().unwrap_or_default());
    Some(values)
}

fn primitive(words: &str) -> Option<Shape> {
    let range = Range::default();
    let formatted = |format: &str| Shape::String {
        length: range,
        format: Some(format.to_owned()),
    };
    Some(match words.trim_end_matches([' ', '*']) {
        "string"
        | "strings"
        | "https url"
        | "data uri"
        | "image data"
        | "guild feature strings"
        | "oauth2 scopes"
        | "date" => Shape::string(),
        "integer" | "integers" | "int" | "int32" | "uint32" | "int64" | "trigger_type" => {
            Shape::Integer(range)
        }
        "float" | "double" | "number" => Shape::Number(range),
        "boolean" | "bool" => Shape::Boolean,
        "snowflake" | "snowflakes" | "snowflakes, user ids" | "role object ids" => {
            Shape::Ref("SnowflakeType".to_owned())
        }
        "iso8601 timestamp" | "is08601 timestamp" | "iso8601" => formatted("date-time"),
        "null" => Shape::Null,
        "object" => Shape::Object,
        "objects" => Shape::Object,
        "file" | "file contents" | "binary" => Shape::File,
        "array" => Shape::Array {
            of: Box::new(Shape::Any),
            length: range,
            unique: false,
        },
        _ => return None,
    })
}

/// A number of elements in words before the element's name.
fn counted(words: &str) -> (&str, Range) {
    if let Some(rest) = words.strip_prefix("two ") {
        let rest = rest.split(" (").next().unwrap_or(rest);
        return (
            rest,
            Range {
                min: Some(2),
                max: Some(2),
            },
        );
    }
    if let Some((most, rest)) = words
        .strip_prefix("up to ")
        .and_then(|rest| rest.split_once(' '))
        && let Ok(most) = most.parse()
    {
        return (
            rest,
            Range {
                min: None,
                max: Some(most),
            },
        );
    }
    (words, Range::default())
}

fn nullable(shape: Shape) -> Shape {
    match shape {
        Shape::Null | Shape::Any => shape,
        Shape::Union(mut parts) => {
            if !parts.contains(&Shape::Null) {
                parts.push(Shape::Null);
            }
            Shape::Union(parts)
        }
        other => Shape::Union(vec![other, Shape::Null]),
    }
}

pub(super) fn parse(shape: &str) -> Result<Shape> {
    shape.parse().map_err(anyhow::Error::msg)
}

fn page(path: &str) -> String {
    path.trim_start_matches("developers/")
        .trim_end_matches(".mdx")
        .to_owned()
}

/// A heading as the documentation's anchors write it.
pub(super) fn slug(heading: &str) -> String {
    let words = heading.to_lowercase().replace([' ', '/'], "-");
    words
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}
