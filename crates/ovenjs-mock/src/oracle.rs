//! What Discord says is right: the tables of `specs/`, asked by JSON values.
//!
//! The mock checks every request and each of its own replies with this oracle,
//! so that it shares neither our types nor our mistakes. JSON is the world of
//! this module by design.
//!
//! The door is [`Oracle`]; behind it `table` reads the line format, `facts` holds what was read,
//! `route` finds operations, `check` compares values with shapes, `violation` is what it
//! finds, `form` says that in Discord's words, and `instance` makes values up.

mod check;
mod facts;
pub(crate) mod form;
mod instance;
mod route;
mod table;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
mod violation;

use std::{borrow::Cow, sync::OnceLock};

use serde_json::Value;

use self::{
    check::{Check, Side},
    facts::Facts,
    instance::Maker,
    table::Texts,
    violation::kind_of,
};
pub use self::{
    instance::{Choice, Fill},
    route::{OperationMatch, Route},
    table::{
        Answer, CloseCode, Command, Content, EnumTable, ErrorCode, Event, Field, Gateway, Intent,
        Limit, Opcode, Operation, Range, Schema, Shape,
    },
    violation::{FormError, Rule, Segment, Severity, Violation},
};

/// Discord's documented facts, ready to be asked.
///
/// ```
/// use ovenjs_mock::oracle::{Oracle, Route, Rule};
/// use serde_json::json;
///
/// let oracle = Oracle::embedded();
/// let Route::Found(found) = oracle.route("POST", "/channels/81384788765712384/messages") else {
///     panic!("Discord has this operation");
/// };
/// assert_eq!(found.operation.id, "create_message");
///
/// let body = json!({ "embeds": [{ "title": "x".repeat(257) }] });
/// let violations = oracle.check_body(found.operation, "application/json", Some(&body));
/// assert_eq!(violations[0].rule, Rule::Length);
/// assert_eq!(violations[0].place(), "embeds.0.title");
/// ```
#[derive(Debug)]
pub struct Oracle {
    facts: Facts,
    routes: route::Index,
}

impl Oracle {
    /// The oracle over the tables that this crate was built with.
    ///
    /// # Panics
    ///
    /// When the tables that were compiled in cannot be read. A test reads them.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Oracle> = OnceLock::new();
        EMBEDDED.get_or_init(|| match Facts::new(TEXTS) {
            Ok(facts) => Self::new(facts),
            Err(fault) => panic!("the embedded tables can be read: {fault}"),
        })
    }

    fn new(facts: Facts) -> Self {
        let routes = route::Index::new(facts.routes());
        Self { facts, routes }
    }

    /// Finds the operation for a method and a path.
    ///
    /// The path has no `/api/v10` in front and no query behind. A literal
    /// segment beats a parameter: `/users/@me` is never a user's id.
    pub fn route(&self, method: &str, path: &str) -> Route<'_> {
        route::find(&self.facts, &self.routes, method, path)
    }

    /// Method and path template of each operation, ordered by path and method.
    pub fn routes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.facts.routes()
    }

    /// All operations, ordered by path and method.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> + Clone {
        self.facts.operations()
    }

    /// The operation of an id such as `create_message`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.facts.operation(id)
    }

    /// Checks the parameters in the path of a request.
    pub fn check_path(&self, found: &OperationMatch<'_>) -> Vec<Violation> {
        let given: Vec<_> = found
            .params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        self.check_params(&found.operation.path_params, &given)
    }

    /// Checks the query of a request: decoded names and values, in their order.
    ///
    /// A list may repeat its name or separate its elements by commas.
    pub fn check_query(&self, operation: &Operation, query: &[(String, String)]) -> Vec<Violation> {
        self.check_params(&operation.query_params, query)
    }

    /// Checks the body of a request.
    ///
    /// Of a multipart body this is the object in `payload_json`, or the object
    /// of the form fields where there is no such part; parts that are files may
    /// be any string. `None` is a request without a body.
    pub fn check_body(
        &self,
        operation: &Operation,
        content_type: &str,
        body: Option<&Value>,
    ) -> Vec<Violation> {
        let Some(body) = body else {
            let wanted = operation.body_required && !operation.bodies.is_empty();
            return if wanted {
                vec![Violation::new(Rule::Required, "a body")]
            } else {
                Vec::new()
            };
        };
        if operation.bodies.is_empty() {
            return Vec::new();
        }
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let Some(content) = operation
            .bodies
            .iter()
            .find(|body| body.content_type.eq_ignore_ascii_case(essence))
        else {
            let known: Vec<_> = operation
                .bodies
                .iter()
                .map(|body| body.content_type.as_str())
                .collect();
            let wanted = format!("one of {}", known.join(", "));
            return vec![Violation::new(Rule::ContentType, wanted).with_got(essence)];
        };
        self.check(Side::Request, &content.shape, body)
    }

    /// Checks an answer that the mock is about to give. `None` is an empty body.
    pub fn check_answer(
        &self,
        operation: &Operation,
        status: u16,
        body: Option<&Value>,
    ) -> Vec<Violation> {
        // The few operations which only the documentation knows have no answers on record, and
        // that a server fails is never documented.
        if operation.answers.is_empty() || status >= 500 {
            return Vec::new();
        }
        let exact = status.to_string();
        let class = format!("{}XX", status / 100);
        let find = |wanted: &str| {
            operation
                .answers
                .iter()
                .filter(|answer| answer.status == wanted)
                .collect::<Vec<_>>()
        };
        let mut answers = find(&exact);
        if answers.is_empty() {
            answers = find(&class);
        }
        if answers.is_empty() {
            return vec![Violation::new(Rule::Status, "a documented status").with_got(&exact)];
        }
        let empty_allowed = answers.iter().any(|answer| answer.content.is_none());
        let Some(body) = body else {
            return if empty_allowed {
                Vec::new()
            } else {
                vec![Violation::new(Rule::Required, "a body")]
            };
        };
        let shape = answers
            .iter()
            .filter_map(|answer| answer.content.as_ref())
            .find(|content| content.content_type == "application/json");
        match shape {
            Some(content) => self.check(Side::Answer, &content.shape, body),
            None if empty_allowed => {
                vec![Violation::new(Rule::Type, "no body").with_got(kind_of(body))]
            }
            // Pictures and the like: JSON is not what they are.
            None => Vec::new(),
        }
    }

    /// Checks the `d` of something the gateway sends against the documentation's tables.
    ///
    /// `name` is the dispatch's name, or `HELLO`, `RECONNECT` or
    /// `INVALID_SESSION`. Objects inside are checked as deep as the tables go.
    pub fn check_event(&self, name: &str, d: &Value) -> Vec<Violation> {
        let Some(event) = self.event(name) else {
            return vec![Violation::new(Rule::UnknownEvent, "a documented event").with_got(name)];
        };
        Check {
            oracle: self,
            side: Side::Answer,
        }
        .event(event, d)
    }

    /// Checks the `d` of something a client sends: `IDENTIFY`, `RESUME` …
    pub fn check_command(&self, command: &Command, d: &Value) -> Vec<Violation> {
        let check = Check {
            oracle: self,
            side: Side::Request,
        };
        match &command.payload {
            Some(shape) => check.all(shape, d),
            None => check.fields(&command.fields, d),
        }
    }

    /// Checks a value that Discord would send against a schema of any name.
    ///
    /// A name that no table has is a violation of its own.
    pub fn check_schema(&self, name: &str, value: &Value) -> Vec<Violation> {
        if self.schema(name).is_none() {
            return vec![Violation::new(Rule::UnknownSchema, "a known schema").with_got(name)];
        }
        self.check(Side::Answer, &Shape::Ref(name.to_owned()), value)
    }

    /// A schema by name: `MessageResponse`, `docs/user/user-object/user-structure`.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.facts.schema(name)
    }

    /// All schemas with their names, in the order of the names.
    pub fn schemas(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.facts.schemas()
    }

    /// A value of a schema of any name, made up; absent for an unknown name.
    ///
    /// It fits the schema, and says nothing that would make sense to a person.
    pub fn instance(&self, name: &str, choice: Choice) -> Option<Value> {
        self.schema(name)?;
        Some(self.instance_of(&Shape::Ref(name.to_owned()), choice))
    }

    /// A value of a shape, made up: an operation's body or answer, a parameter.
    pub fn instance_of(&self, shape: &Shape, choice: Choice) -> Value {
        Maker {
            oracle: self,
            choice,
        }
        .shape(shape, 0, 0)
    }

    /// The `d` of an event, made up; absent for an unknown event.
    pub fn event_instance(&self, name: &str, choice: Choice) -> Option<Value> {
        let maker = Maker {
            oracle: self,
            choice,
        };
        Some(match self.payload(self.event(name)?) {
            Payload::Fields(fields) => {
                let fields: Vec<Field> = fields.into_iter().map(Cow::into_owned).collect();
                maker.object(&fields, 0, 0)
            }
            Payload::Shape(shape) => maker.shape(shape, 0, 0),
            Payload::Unknown => Value::Null,
        })
    }

    /// Everything the gateway sends.
    pub fn events(&self) -> &[Event] {
        &self.facts.gateway.events
    }

    /// An event by name.
    pub fn event(&self, name: &str) -> Option<&Event> {
        self.facts
            .gateway
            .events
            .iter()
            .find(|event| event.name == name)
    }

    /// The intents of which any one brings the event.
    ///
    /// Empty when it always comes; absent for an unknown event.
    pub fn intents_of(&self, event: &str) -> Option<Vec<&Intent>> {
        let event = self.event(event)?;
        Some(
            event
                .intents
                .iter()
                .filter_map(|name| self.intent(name))
                .collect(),
        )
    }

    /// Whether a session with these intent bits gets the event; absent for an unknown event.
    ///
    /// What a table cannot say is left to the caller: which of the intents
    /// holds in a guild and which in a direct message.
    pub fn is_wanted(&self, event: &str, intents: u64) -> Option<bool> {
        let wanted = self.intents_of(event)?;
        Some(wanted.is_empty() || wanted.iter().any(|intent| intents >> intent.bit & 1 == 1))
    }

    /// All intents by bit.
    pub fn intents(&self) -> &[Intent] {
        &self.facts.gateway.intents
    }

    /// An intent by name.
    pub fn intent(&self, name: &str) -> Option<&Intent> {
        self.facts
            .gateway
            .intents
            .iter()
            .find(|intent| intent.name == name)
    }

    /// An opcode of the gateway by number.
    pub fn opcode(&self, code: u16) -> Option<&Opcode> {
        self.facts
            .gateway
            .opcodes
            .iter()
            .find(|opcode| opcode.code == code)
    }

    /// A command of the gateway by its opcode.
    pub fn command(&self, op: u16) -> Option<&Command> {
        self.facts
            .gateway
            .commands
            .iter()
            .find(|command| command.op == op)
    }

    /// A close code of the gateway by number.
    pub fn close_code(&self, code: u16) -> Option<CloseCode> {
        self.facts
            .gateway
            .close_codes
            .iter()
            .find(|close| close.code == code)
            .cloned()
    }

    /// All facts about the two gateways.
    pub fn gateway(&self) -> &Gateway {
        &self.facts.gateway
    }

    /// Whether Discord documents the JSON error code.
    pub fn is_error_code(&self, code: u32) -> bool {
        self.facts.errors.contains_key(&code)
    }

    /// What is known of a JSON error code.
    pub fn error(&self, code: u32) -> Option<&ErrorCode> {
        self.facts.errors.get(&code)
    }

    /// All documented JSON error codes.
    pub fn error_codes(&self) -> impl Iterator<Item = u32> {
        self.facts.errors.keys().copied()
    }

    /// A documented limit by its id: `message.content`.
    pub fn limit(&self, id: &str) -> Option<&Limit> {
        self.facts.limits.iter().find(|limit| limit.id == id)
    }

    /// Discord's answer to a request with these violations, code 50035.
    ///
    /// Warnings take no part in it. The status to send with it is 400.
    pub fn form_errors(violations: &[Violation]) -> Value {
        form::errors(violations)
    }

    /// What an event's payload is made of: the object's fields and its own.
    fn payload<'a>(&'a self, event: &'a Event) -> Payload<'a> {
        let mut fields: Vec<_> = event.fields.iter().map(Cow::Borrowed).collect();
        match &event.payload {
            Some(Shape::Ref(name)) => {
                if let Some(Schema::Object { fields: inner, .. }) = self.schema(name) {
                    let inner = inner.iter().filter(|field| {
                        !event.fields.iter().any(|own| own.name == field.name)
                            && !event.without.contains(&field.name)
                            && (event.only.is_empty() || event.only.contains(&field.name))
                    });
                    // `only` names fields that are always there.
                    fields.extend(inner.map(|field| {
                        if field.optional && event.only.contains(&field.name) {
                            Cow::Owned(Field {
                                optional: false,
                                ..field.clone()
                            })
                        } else {
                            Cow::Borrowed(field)
                        }
                    }));
                }
                Payload::Fields(fields)
            }
            Some(other) => Payload::Shape(other),
            None if fields.is_empty() => Payload::Unknown,
            None => Payload::Fields(fields),
        }
    }

    fn check(&self, side: Side, shape: &Shape, value: &Value) -> Vec<Violation> {
        Check { oracle: self, side }.all(shape, value)
    }

    fn check_params(&self, fields: &[Field], given: &[(String, String)]) -> Vec<Violation> {
        Check {
            oracle: self,
            side: Side::Request,
        }
        .params(fields, given)
    }
}

const TEXTS: Texts<'static> = Texts {
    operations: include_str!("../specs/operations.txt"),
    schemas: include_str!("../specs/schemas.txt"),
    objects: include_str!("../specs/objects.txt"),
    gateway: include_str!("../specs/gateway.txt"),
    limits: include_str!("../specs/limits.txt"),
    errors: include_str!("../specs/errors.txt"),
};

/// What is known of an event's payload.
enum Payload<'a> {
    Fields(Vec<Cow<'a, Field>>),
    Shape(&'a Shape),
    Unknown,
}
