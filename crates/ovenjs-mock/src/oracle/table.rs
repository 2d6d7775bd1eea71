//! The line format of `specs/` and the facts it holds.
//!
//! Every table is a list of entries. An entry is one line of words, followed by
//! its members: lines that are indented by two spaces. `#` opens a comment
//! line. A type is one word, written as a [`Shape`].
//!
//! This file and what is below it know the standard library and nothing else, because
//! `xtask` compiles them too: it has to write and check the tables when the mock
//! does not build. That is also why the paths are spelled out.

#[path = "table/read.rs"]
mod read;
#[path = "table/shape.rs"]
mod shape;

use std::fmt;

pub(crate) use self::read::{Entry, entries, error_code, limit, operation, schema};
pub use self::shape::{Range, Shape};

/// One REST operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// The path template without the API prefix: `/channels/{channel_id}`.
    pub path: String,
    /// The operation's id: `create_message`.
    pub id: String,
    /// The resource group: `channels`.
    pub group: String,
    /// Kinds of authorization that are accepted: `bot`, `oauth2`, `none` …
    pub auth: Vec<String>,
    /// Who can use it: `bot`, `bearer`, `anyone`, `token-in-path`, `client-credentials`.
    pub usable_by: String,
    /// `documented`, `undocumented` or `deprecated`.
    pub status: String,
    /// Whether `X-Audit-Log-Reason` is honoured.
    pub audit_reason: bool,
    /// Path parameters that are part of the rate-limit bucket.
    pub major: Vec<String>,
    /// Path parameters in the order of the template.
    pub path_params: Vec<Field>,
    /// Query parameters.
    pub query_params: Vec<Field>,
    /// Whether a body has to be sent.
    pub body_required: bool,
    /// The body's shape by content type.
    pub bodies: Vec<Content>,
    /// Answers by status.
    pub answers: Vec<Answer>,
}

/// A shape under a content type.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// `application/json`, `multipart/form-data` …
    pub content_type: String,
    /// What the body looks like.
    pub shape: Shape,
}

/// One answer of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// `200` or a class like `4XX`.
    pub status: String,
    /// The body; absent for an empty answer.
    pub content: Option<Content>,
}

/// A named value of an object, a payload or a parameter list.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The key.
    pub name: String,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it holds; nullability is part of the shape.
    pub shape: Shape,
}

/// A named schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Schema {
    /// An object with known fields.
    Object {
        /// Its fields by name.
        fields: Vec<Field>,
        /// Whether other keys are forbidden by the table itself.
        closed: bool,
    },
    /// A closed list of names and values.
    Enum(EnumTable),
    /// Another name for a shape.
    Alias(Shape),
}

/// The values of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumTable {
    /// Whether the values are integers; strings otherwise.
    pub integers: bool,
    /// Name and value, in the order of the values.
    pub values: Vec<(String, String)>,
}

/// The facts of the two gateways.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gateway {
    /// Opcodes of the main gateway.
    pub opcodes: Vec<Opcode>,
    /// Close codes of the main gateway.
    pub close_codes: Vec<CloseCode>,
    /// Intents.
    pub intents: Vec<Intent>,
    /// What the gateway sends.
    pub events: Vec<Event>,
    /// What a client sends.
    pub commands: Vec<Command>,
    /// Opcodes of the voice gateway.
    pub voice_opcodes: Vec<Opcode>,
    /// Close codes of the voice gateway. Whether to reconnect is not documented as a fact there.
    pub voice_close_codes: Vec<CloseCode>,
}

/// An opcode of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opcode {
    /// The number.
    pub code: u16,
    /// Its name: `HEARTBEAT_ACK`.
    pub name: String,
    /// `client`, `server` or `both`.
    pub sent_by: String,
    /// Whether the payload is a binary frame.
    pub binary: bool,
}

/// A close code of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseCode {
    /// The number.
    pub code: u16,
    /// Whether a client may connect again; absent where no table says so.
    pub reconnect: Option<bool>,
}

/// A gateway intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The bit's index.
    pub bit: u8,
    /// Its name: `GUILD_MEMBERS`.
    pub name: String,
    /// Whether the application needs an approval for it.
    pub privileged: bool,
}

/// A payload that the gateway sends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// `MESSAGE_CREATE`.
    pub name: String,
    /// The opcode it travels under; 0 for dispatches.
    pub op: u16,
    /// Any one of these intents brings it; without intents it always comes.
    pub intents: Vec<String>,
    /// The object that the payload is, apart from its own fields.
    pub payload: Option<Shape>,
    /// The only fields of the object which are sent, where the documentation names them.
    pub only: Vec<String>,
    /// Fields of the object that are left out.
    pub without: Vec<String>,
    /// The payload's own fields, in addition to the object's.
    pub fields: Vec<Field>,
}

/// A payload that a client sends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Command {
    /// `IDENTIFY`.
    pub name: String,
    /// The opcode.
    pub op: u16,
    /// The payload as a whole, where it is no object.
    pub payload: Option<Shape>,
    /// The payload's fields.
    pub fields: Vec<Field>,
}

/// A documented limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// `message.content`.
    pub id: String,
    /// `message`.
    pub scope: String,
    /// One number, or the several numbers of a range or a case.
    pub values: Vec<f64>,
    /// `characters`.
    pub unit: String,
}

/// What is known of a JSON error code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// A name of our own: `UnknownChannel`.
    pub name: String,
    /// The limit that Discord's words for it state, if any.
    pub limit: Option<u64>,
}

/// A table that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableError {
    /// The table's file name.
    pub(crate) table: &'static str,
    /// The line, from 1; 0 when the fault is not in one line.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) fault: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "specs/{}:{}: {}", self.table, self.line, self.fault)
    }
}

impl std::error::Error for TableError {}

/// The texts of the five kinds of table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    /// `operations.txt`
    pub(crate) operations: &'a str,
    /// `schemas.txt`
    pub(crate) schemas: &'a str,
    /// `objects.txt`
    pub(crate) objects: &'a str,
    /// `gateway.txt`
    pub(crate) gateway: &'a str,
    /// `limits.txt`
    pub(crate) limits: &'a str,
    /// `errors.txt`
    pub(crate) errors: &'a str,
}
