//! The OpenAPI file's schemas and operations as facts.
//!
//! The file is long because what is wrong with the file of Discord is listed where it is read.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use super::{
    list,
    structures::{Structures, parse},
    text, texts,
};
use crate::spec::{
    table::{Answer, Content, EnumTable, Field, Operation, Range, Schema, Shape},
    tables::Tables,
};

/// Keys that say nothing about a value's shape.
const PROSE: [&str; 4] = ["description", "title", "default", "x-discord-union"];

/// Values that the documentation has and Discord takes, and that the file leaves out: enum, name and
/// value, each greater than those of the file.
const MISSING_VALUES: [(&str, &str, &str); 2] = [
    ("ChannelTypes", "GUILD_MEDIA", "16"),
    ("MessageReferenceType", "FORWARD", "1"),
];

/// Fields that take one of these values too: object, field and value.
const MISSING_CHOICES: [(&str, &str, &str); 3] = [
    ("CreateGuildChannelRequest", "type", "16"),
    ("GuildChannelResponse", "type", "16"),
    ("UpdateGuildChannelRequestPartial", "type", "16"),
];

/// Fields that the file calls an object of texts by language and that are the one text of the
/// documentation, which is what Discord takes: object, field, and what the file calls it.
const TEXT_AFTER_ALL: [(&str, &str, &str); 1] = [(
    "ApplicationFormPartial",
    "description",
    "ApplicationFormPartial.description",
)];

/// Fields of which the documentation says something else than the file: object, field and shape, where
/// `?` makes the field optional, and `+` adds one that the file leaves out.
const CORRECTIONS: [(&str, &str, &str); 4] = [
    ("ApplicationCommandCreateRequest", "nsfw", "+?bool|null"),
    (
        "ApplicationCommandPatchRequestPartial",
        "nsfw",
        "+?bool|null",
    ),
    ("ApplicationCommandUpdateRequest", "nsfw", "+?bool|null"),
    ("BotAccountPatchRequest", "username", "?str(2..32)"),
];

pub(super) fn schemas(openapi: &Value, tables: &mut Tables) -> Result<()> {
    let named = openapi["components"]["schemas"]
        .as_object()
        .context("the OpenAPI file has no schemas")?;
    for (name, schema) in named {
        add(name, schema, tables).with_context(|| format!("schema {name}"))?;
    }
    for (object, name, shape) in CORRECTIONS {
        let Some(Schema::Object { fields, .. }) = tables.schemas.get_mut(object) else {
            bail!("the OpenAPI file has no {object}");
        };
        if shape.starts_with('+') {
            let known = fields.iter().any(|field| field.name == name);
            ensure!(!known, "{object} has a {name} of its own now");
            fields.push(Field {
                name: name.to_owned(),
                optional: false,
                shape: Shape::Any,
            });
            fields.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let shape = shape.trim_start_matches('+');
        let field = fields.iter_mut().find(|field| field.name == name);
        let field = field.with_context(|| format!("{object} has no {name} now"))?;
        let corrected = parse(shape.trim_start_matches('?'))?;
        ensure!(
            field.shape != corrected || !field.optional,
            "{object}.{name} needs no correction any more"
        );
        field.optional |= shape.starts_with('?');
        field.shape = corrected;
    }
    for (object, name, value) in MISSING_CHOICES {
        let choices = pinned(&mut field_of(tables, object, name)?.shape)
            .filter(|choices| !choices.iter().any(|known| known == value))
            .with_context(|| format!("{object}.{name} needs no {value} now"))?;
        choices.push(value.to_owned());
    }
    for (object, name, former) in TEXT_AFTER_ALL {
        let Some(Schema::Object { fields, .. }) = tables.schemas.remove(former) else {
            bail!("the OpenAPI file has no {former}");
        };
        let text = fields.into_iter().find(|field| field.name == "default");
        let text = text.with_context(|| format!("{former} has no default"))?;
        field_of(tables, object, name)?.shape = Shape::Union(vec![text.shape, Shape::Null]);
    }
    // The file gives the faults of a form the integer codes of whole errors. The documentation has
    // words there, and words are what Discord sends.
    let words = ["code", "message"].map(|name| Field {
        name: name.to_owned(),
        optional: false,
        shape: Shape::string(),
    });
    let fault = "InnerErrors.fault".to_owned();
    let Some(Schema::Object { fields, .. }) = tables.schemas.get_mut("InnerErrors") else {
        bail!("the OpenAPI file has no InnerErrors");
    };
    let errors = fields
        .iter_mut()
        .find(|field| field.name == "_errors")
        .context("no _errors")?;
    let of = Box::new(Shape::Ref(fault.clone()));
    errors.shape = Shape::Array {
        of,
        length: Range::default(),
        unique: false,
    };
    tables.schemas.insert(
        fault,
        Schema::Object {
            fields: words.into(),
            closed: false,
        },
    );
    Ok(())
}

fn field_of<'a>(tables: &'a mut Tables, object: &str, name: &str) -> Result<&'a mut Field> {
    let Some(Schema::Object { fields, .. }) = tables.schemas.get_mut(object) else {
        bail!("the OpenAPI file has no {object}");
    };
    let mut fields = fields.iter_mut();
    fields
        .find(|field| field.name == name)
        .with_context(|| format!("{object} has no {name}"))
}

/// The values that a shape is one of, where null may stand beside them.
fn pinned(shape: &mut Shape) -> Option<&mut Vec<String>> {
    match shape {
        Shape::Pinned { values, .. } => Some(values),
        Shape::Union(shapes) => shapes.iter_mut().find_map(pinned),
        _ => None,
    }
}

pub(super) fn operations(
    openapi: &Value,
    corpus: &Value,
    docs: &Structures,
    tables: &mut Tables,
) -> Result<()> {
    let listed = list(&corpus["operations"]);
    ensure!(!listed.is_empty(), "operations.json has no operations");
    let mut operations = Vec::with_capacity(listed.len());
    for fact in listed {
        let path = text(&fact["path"]);
        let place = format!("{} {path}", text(&fact["method"]));
        operations.push(operation(openapi, fact, docs, tables).with_context(|| place)?);
    }
    operations.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    tables.operations = operations;
    let specified: usize = openapi["paths"]
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
        .map(|item| item.keys().filter(|key| *key != "parameters").count())
        .sum();
    let found = listed
        .iter()
        .filter(|fact| text(&fact["spec"]) == "openapi")
        .count();
    ensure!(
        found == specified,
        "the OpenAPI file has {specified} operations, operations.json {found}"
    );
    Ok(())
}

fn operation(
    openapi: &Value,
    fact: &Value,
    docs: &Structures,
    tables: &mut Tables,
) -> Result<Operation> {
    let heading = text(&fact["docs"][0]["heading"]);
    let id = match fact["operationId"].as_str() {
        Some(id) => id.to_owned(),
        None => heading
            .split(" (")
            .next()
            .unwrap_or_default()
            .to_lowercase()
            .replace(' ', "_"),
    };
    let mut operation = Operation {
        method: text(&fact["method"]).to_owned(),
        path: text(&fact["path"]).to_owned(),
        id,
        group: text(&fact["group"]).to_owned(),
        auth: texts(&fact["auth"])
            .iter()
            .map(|kind| kind.replace(' ', "-"))
            .collect(),
        usable_by: word(text(&fact["usable_by"])),
        status: word(text(&fact["status"])),
        audit_reason: fact["audit_log_reason"] == true,
        major: texts(&fact["rate_limit_major_params"]),
        ..Operation::default()
    };
    for name in names_of(&operation.path) {
        let given = list(&fact["path_params"])
            .iter()
            .find(|param| text(&param["name"]) == name);
        let shape = match given.map(|param| &param["schema"]) {
            Some(schema) if schema.is_object() => {
                shape(&format!("{}.{name}", operation.id), schema, tables)?
            }
            _ if name.ends_with("_id") => Shape::Ref("SnowflakeType".to_owned()),
            _ => Shape::string(),
        };
        operation.path_params.push(Field {
            name: name.to_owned(),
            optional: false,
            shape,
        });
    }
    for param in list(&fact["query_params"]) {
        let name = text(&param["name"]).to_owned();
        let shape = shape(
            &format!("{}.{name}", operation.id),
            &param["schema"],
            tables,
        )?;
        operation.query_params.push(Field {
            name,
            optional: param["required"] != true,
            shape,
        });
    }
    operation.query_params.sort_by(|a, b| a.name.cmp(&b.name));
    let described = &openapi["paths"][&operation.path][operation.method.to_lowercase()];
    if described.is_null() {
        ensure!(
            text(&fact["spec"]) == "docs-only",
            "the OpenAPI file lacks it"
        );
        if let Some(params) = docs.json_params(text(&fact["docs"][0]["page"]), heading) {
            operation.body_required = true;
            let shape = Shape::Ref(params.to_owned());
            operation.bodies.push(Content {
                content_type: "application/json".to_owned(),
                shape,
            });
        }
        return Ok(operation);
    }
    operation.body_required = described["requestBody"]["required"] == true;
    let contents = described["requestBody"]["content"].as_object();
    for (content_type, content) in contents.into_iter().flatten() {
        let place = match content_type.as_str() {
            "application/json" => format!("{}.body", operation.id),
            "multipart/form-data" => format!("{}.multipart", operation.id),
            _ => format!("{}.form", operation.id),
        };
        let same = contents
            .and_then(|all| all.get("application/json"))
            .is_some_and(|json| json == content);
        let place = if same {
            format!("{}.body", operation.id)
        } else {
            place
        };
        let shape = shape(&place, &content["schema"], tables)?;
        operation.bodies.push(Content {
            content_type: content_type.clone(),
            shape,
        });
    }
    for (status, answer) in described["responses"].as_object().context("no answers")? {
        let answer = match answer["$ref"].as_str() {
            Some(reference) => {
                let name = reference.rsplit('/').next().unwrap_or_default();
                &openapi["components"]["responses"][name]
            }
            None => answer,
        };
        let contents = answer["content"].as_object();
        if contents.is_none_or(Map::is_empty) {
            operation.answers.push(Answer {
                status: status.clone(),
                content: None,
            });
        }
        for (content_type, content) in contents.into_iter().flatten() {
            let shape = shape(
                &format!("{}.{status}", operation.id),
                &content["schema"],
                tables,
            )?;
            let content = Content {
                content_type: content_type.clone(),
                shape,
            };
            operation.answers.push(Answer {
                status: status.clone(),
                content: Some(content),
            });
        }
    }
    operation.answers.sort_by(|a, b| a.status.cmp(&b.status));
    Ok(operation)
}

/// The parameters of a path template.
fn names_of(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .collect()
}

/// What a cut of the corpus says in words, as one word: what stands in brackets is its remark.
fn word(phrase: &str) -> String {
    phrase
        .split(" (")
        .next()
        .unwrap_or_default()
        .replace(' ', "-")
}

/// Adds a schema under a name.
fn add(name: &str, schema: &Value, tables: &mut Tables) -> Result<()> {
    let made = if schema["properties"].is_object() {
        ensure!(
            schema["allOf"].is_null() && schema["oneOf"].is_null(),
            "fields beside a union"
        );
        object(name, schema, tables)?
    } else if let Some(mut table) = constants(schema)? {
        let missing = MISSING_VALUES.iter().filter(|(of, ..)| *of == name);
        table
            .values
            .extend(missing.map(|(_, title, value)| ((*title).to_owned(), (*value).to_owned())));
        Schema::Enum(table)
    } else {
        Schema::Alias(shape(name, schema, tables)?)
    };
    match tables.schemas.get(name) {
        Some(there) => ensure!(*there == made, "the name {name} is taken by another schema"),
        None => {
            tables.schemas.insert(name.to_owned(), made);
        }
    }
    Ok(())
}

fn object(name: &str, schema: &Value, tables: &mut Tables) -> Result<Schema> {
    known(
        schema,
        &["type", "properties", "required", "additionalProperties"],
    )?;
    let closed = match &schema["additionalProperties"] {
        Value::Null | Value::Bool(true) => false,
        Value::Bool(false) => true,
        other => bail!("fields beside a map: {other}"),
    };
    let required: BTreeSet<&str> = list(&schema["required"]).iter().map(text).collect();
    let mut fields = Vec::new();
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        fields.push(Field {
            name: key.clone(),
            optional: !required.contains(key.as_str()),
            shape: shape(&format!("{name}.{key}"), schema, tables)?,
        });
    }
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Schema::Object { fields, closed })
}

/// A `oneOf` whose branches are all constants is an enum.
fn constants(schema: &Value) -> Result<Option<EnumTable>> {
    let branches = list(&schema["oneOf"]);
    if branches.is_empty() || branches.iter().any(|branch| branch["const"].is_null()) {
        return Ok(None);
    }
    let integers = text(&schema["type"]) == "integer";
    let mut values = Vec::new();
    for branch in branches {
        let value = scalar(&branch["const"])?;
        let name = match text(&branch["title"]) {
            "" => value.clone(),
            title => title.replace(' ', "_"),
        };
        values.push((name, value));
    }
    if integers {
        values.sort_by_key(|(_, value)| value.parse::<i128>().unwrap_or_default());
    } else {
        values.sort_by(|a, b| a.1.cmp(&b.1));
    }
    Ok(Some(EnumTable { integers, values }))
}

/// The shape of a schema; objects and enums inside it get names of their own.
fn shape(place: &str, schema: &Value, tables: &mut Tables) -> Result<Shape> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().context("an empty reference")?;
        return Ok(Shape::Ref(name.to_owned()));
    }
    let mut branches = Vec::new();
    let mut kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ => Vec::new(),
    };
    let nullable = kinds.contains(&"null");
    kinds.retain(|kind| *kind != "null");
    if nullable && kinds.is_empty() {
        return Ok(Shape::Null);
    }
    if schema["enum"].is_array() {
        known(schema, &["type", "format", "enum", "allOf"])?;
        let of = match list(&schema["allOf"]) {
            [] => kind(place, schema, kinds.first().copied(), tables)?,
            [one] => shape(place, one, tables)?,
            _ => bail!("a pinned value of several schemas"),
        };
        let values = list(&schema["enum"])
            .iter()
            .map(scalar)
            .collect::<Result<Vec<_>>>()?;
        // The file has empty lists of values; they cannot mean that nothing is allowed.
        branches.push(match values.as_slice() {
            [] => of,
            _ => Shape::Pinned {
                of: Box::new(of),
                values,
            },
        });
    } else if constants(schema)?.is_some() {
        add(place, schema, tables)?;
        branches.push(Shape::Ref(place.to_owned()));
    } else if let Some(parts) = schema["allOf"].as_array() {
        known(schema, &["type", "allOf"])?;
        let parts = numbered(place, parts, tables)?;
        branches.push(match <[Shape; 1]>::try_from(parts) {
            Ok([one]) => one,
            Err(parts) => Shape::All(parts),
        });
    } else if let Some(parts) = schema["oneOf"]
        .as_array()
        .or_else(|| schema["anyOf"].as_array())
    {
        known(schema, &["oneOf", "anyOf"])?;
        branches.extend(numbered(place, parts, tables)?);
    } else {
        branches.push(kind(place, schema, kinds.first().copied(), tables)?);
    }
    ensure!(kinds.len() <= 1, "several types at once: {kinds:?}");
    if nullable || branches.contains(&Shape::Null) {
        branches.retain(|branch| *branch != Shape::Null);
        branches.push(Shape::Null);
    }
    Ok(match <[Shape; 1]>::try_from(branches) {
        Ok([one]) => one,
        Err(branches) => Shape::Union(branches),
    })
}

fn numbered(place: &str, parts: &[Value], tables: &mut Tables) -> Result<Vec<Shape>> {
    let inline = parts
        .iter()
        .filter(|part| part["$ref"].is_null() && part["type"] != "null")
        .count();
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            // A named schema's own name is taken by the whole.
            let named = !place.contains('.') && part["properties"].is_object();
            let place = if inline > 1 || named {
                format!("{place}.{index}")
            } else {
                place.to_owned()
            };
            shape(&place, part, tables)
        })
        .collect()
}

/// A shape that is neither a reference nor a union.
fn kind(place: &str, schema: &Value, kind: Option<&str>, tables: &mut Tables) -> Result<Shape> {
    let Some(kind) = kind else {
        known(schema, &[])?;
        return Ok(Shape::Any);
    };
    Ok(match kind {
        "boolean" => {
            known(schema, &["type"])?;
            Shape::Boolean
        }
        "integer" => {
            known(schema, &["type", "format", "minimum", "maximum", "enum"])?;
            Shape::Integer(range(schema, "minimum", "maximum")?)
        }
        "number" => {
            known(schema, &["type", "format", "minimum", "maximum"])?;
            Shape::Number(range(schema, "minimum", "maximum")?)
        }
        "string" if schema["contentEncoding"] == "binary" => {
            known(schema, &["type", "contentEncoding"])?;
            Shape::File
        }
        "string" => {
            known(
                schema,
                &[
                    "type",
                    "format",
                    "pattern",
                    "minLength",
                    "maxLength",
                    "enum",
                    "contentEncoding",
                ],
            )?;
            ensure!(
                matches!(text(&schema["contentEncoding"]), "" | "base64"),
                "an unknown encoding: {}",
                schema["contentEncoding"]
            );
            let format = match (schema["format"].as_str(), schema["pattern"].as_str()) {
                (Some(format), _) => Some(format.to_owned()),
                (None, Some(pattern)) if pattern.starts_with("^#") => Some("hex-colour".to_owned()),
                (None, Some(pattern)) => bail!("the pattern {pattern} has no name yet"),
                (None, None) if schema["contentEncoding"] == "base64" => Some("base64".to_owned()),
                (None, None) => None,
            };
            Shape::String {
                length: range(schema, "minLength", "maxLength")?,
                format,
            }
        }
        "array" => {
            known(
                schema,
                &["type", "items", "minItems", "maxItems", "uniqueItems"],
            )?;
            Shape::Array {
                of: Box::new(shape(place, &schema["items"], tables)?),
                length: range(schema, "minItems", "maxItems")?,
                unique: schema["uniqueItems"] == true,
            }
        }
        "object" if schema["properties"].is_object() => {
            let mut fields = schema.clone();
            if let Some(map) = fields.as_object_mut() {
                map.insert("type".to_owned(), Value::from("object"));
            }
            add(place, &fields, tables)?;
            Shape::Ref(place.to_owned())
        }
        "object" if schema["additionalProperties"].is_object() => {
            known(
                schema,
                &[
                    "type",
                    "additionalProperties",
                    "minProperties",
                    "maxProperties",
                ],
            )?;
            Shape::Map {
                of: Box::new(shape(place, &schema["additionalProperties"], tables)?),
                length: range(schema, "minProperties", "maxProperties")?,
            }
        }
        "object" => {
            known(schema, &["type"])?;
            Shape::Object
        }
        other => bail!("the type {other} is new"),
    })
}

/// Refuses a keyword that this code would lose.
fn known(schema: &Value, words: &[&str]) -> Result<()> {
    for key in schema.as_object().into_iter().flat_map(Map::keys) {
        ensure!(
            words.contains(&key.as_str()) || PROSE.contains(&key.as_str()),
            "the keyword {key} is new in {schema}"
        );
    }
    Ok(())
}

fn range(schema: &Value, min: &str, max: &str) -> Result<Range> {
    let bound = |key: &str| match &schema[key] {
        Value::Null => Ok(None),
        Value::Number(number) => {
            let written = number.to_string();
            let whole = written.strip_suffix(".0").unwrap_or(&written);
            whole
                .parse()
                .map(Some)
                .with_context(|| format!("{key} {written} is no whole number"))
        }
        other => bail!("{key} is {other}"),
    };
    Ok(Range {
        min: bound(min)?,
        max: bound(max)?,
    })
}

/// A constant as a word of the tables.
fn scalar(value: &Value) -> Result<String> {
    let written = match value {
        Value::String(word) => word.clone(),
        Value::Number(number) => number.to_string(),
        other => bail!("{other} is no constant"),
    };
    ensure!(
        !written.is_empty()
            && written
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')),
        "the constant {written:?} cannot be written as a word"
    );
    Ok(written)
}
