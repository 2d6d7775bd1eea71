//! Discord's own account of what was wrong.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The body of an answer that is no success.
#[derive(Debug)]
pub(crate) struct DiscordError {
    pub(crate) code: Option<u32>,
    pub(crate) message: String,
    /// What is wrong where, e.g. `embeds[0].title` and what Discord says of it.
    pub(crate) fields: Vec<(String, String)>,
}

impl DiscordError {
    /// Reads the body; nothing where it is not Discord's.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire {
            message: String,
            code: Option<u32>,
            #[serde(default)]
            errors: Map<String, Value>,
        }
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let mut fields = Vec::new();
        collect(&wire.errors, "", FORM_DEPTH_MAX, &mut fields);
        Some(Self { code: wire.code, message: wire.message, fields })
    }
}

/// Discord's forms nest less than ten deep; what is deeper is not its own.
const FORM_DEPTH_MAX: usize = 32;

/// A person reads some lines; a body of thousands helps nobody.
const FIELDS_MAX: usize = 20;

/// Flattens the tree of errors: names are joined by dots, numbers become indices.
fn collect(tree: &Map<String, Value>, path: &str, depth: usize, fields: &mut Vec<(String, String)>) {
    if let Some(Value::Array(errors)) = tree.get("_errors") {
        let problems = errors.iter().filter_map(|error| error.get("message")?.as_str());
        fields.extend(problems.map(|problem| (path.to_owned(), problem.to_owned())));
    }
    for (key, value) in tree {
        let (Value::Object(below), true) = (value, depth > 0 && fields.len() < FIELDS_MAX) else {
            continue;
        };
        let path = match (path, key.parse::<usize>()) {
            (_, Ok(index)) => format!("{path}[{index}]"),
            ("", Err(_)) => key.clone(),
            (_, Err(_)) => format!("{path}.{key}"),
        };
        collect(below, &path, depth - 1, fields);
    }
}
