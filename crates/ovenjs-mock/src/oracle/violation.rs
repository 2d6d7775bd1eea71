//! What was found wrong, where, and what Discord says about it.

use std::fmt;

use serde_json::Value;

/// One thing that is not as Discord's tables say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where it is, from the outside in; empty for the value as a whole.
    pub path: Vec<Segment>,
    /// The rule that is broken.
    pub rule: Rule,
    /// What the table wants, in words.
    pub wanted: String,
    /// What was there, in short; empty for what is absent.
    pub got: String,
    /// Discord's own code and sentence for it.
    pub form: Option<FormError>,
}

/// Discord's code and sentence for a fault in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    /// `BASE_TYPE_MAX_LENGTH`
    pub code: &'static str,
    /// `Must be 256 or fewer in length.`
    pub message: String,
}

/// A step into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// Into an object.
    Key(String),
    /// Into an array.
    Index(usize),
}

/// What can be wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Something that has to be there is absent.
    Required,
    /// The value is of another type, or null where that is not allowed.
    Type,
    /// A string, array or map is too short or too long.
    Length,
    /// A number is too small or too large.
    Bound,
    /// The value is none of those allowed.
    Choice,
    /// A string is not of its format: date, address, snowflake.
    Format,
    /// An element occurs twice.
    Unique,
    /// A key that no table knows; Discord ignores it.
    UnknownField,
    /// The body's content type is not taken.
    ContentType,
    /// An answer's status is not documented for the operation.
    Status,
    /// No event has this name.
    UnknownEvent,
    /// No schema has this name.
    UnknownSchema,
}

/// Whether a violation makes Discord refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Worth a note: Discord would ignore it.
    Warning,
    /// Discord would refuse, or never send it.
    Refusal,
}

impl Violation {
    pub(super) fn new(rule: Rule, wanted: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            rule,
            wanted: wanted.into(),
            got: String::new(),
            form: None,
        }
    }

    pub(super) fn with_got(mut self, got: impl Into<String>) -> Self {
        self.got = got.into();
        self
    }

    /// How Discord takes it.
    pub fn severity(&self) -> Severity {
        if self.rule == Rule::UnknownField {
            Severity::Warning
        } else {
            Severity::Refusal
        }
    }

    /// Whether Discord would refuse the request, or never send the answer.
    pub fn is_refusal(&self) -> bool {
        self.severity() == Severity::Refusal
    }

    /// The path with dots between its steps: `embeds.0.title`.
    pub fn place(&self) -> String {
        let steps: Vec<_> = self.path.iter().map(Segment::to_string).collect();
        steps.join(".")
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let place = if place.is_empty() {
            "the whole"
        } else {
            &place
        };
        write!(f, "{place}: wanted {}", self.wanted)?;
        if !self.got.is_empty() {
            write!(f, ", got {}", self.got)?;
        }
        Ok(())
    }
}

/// A value in a few words: its type, and what it is where that is short.
pub(super) fn kind_of(value: &Value) -> String {
    /// Longer values are cut; this is for one line of a report.
    const LONGEST: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) if value.chars().count() > LONGEST => {
            format!("a string of {} characters", value.chars().count())
        }
        Value::String(value) => format!("{value:?}"),
        Value::Array(value) => format!("an array of {}", value.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}
