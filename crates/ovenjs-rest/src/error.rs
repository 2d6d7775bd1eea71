//! Why a call failed, and what to do about it.

mod repairs;
mod unsent;

use std::{error::Error as StdError, fmt, fmt::Write as _, sync::Arc, time::Duration};

use ovenjs_types::{Fault, Permissions, json};
use serde::Deserialize;
use serde_json::Value;

use crate::{Reply, request::Operation};
use repairs::{INDEX_NOT_READY, missing, repair};
pub(crate) use repairs::{
    MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, WRONG_TOKEN,
};

/// A call that failed.
///
/// Its text names the operation by its template, never by its address, and what to do: which
/// permission to grant, which field to change, when to try again.
///
/// ```no_run
/// # async fn example(client: ovenjs_rest::Client) {
/// use ovenjs_types::{Fault, Id, Permissions};
///
/// let error = client.create_message(Id::new(1)).content("hi").await.unwrap_err();
/// if error.missing_permission() == Some(Permissions::SEND_MESSAGES) {
///     eprintln!("{error}");
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    route: &'static str,
    status: Option<u16>,
    code: Option<u32>,
    text: String,
    fields: Vec<String>,
    retry_after: Option<Duration>,
    missing: Option<Permissions>,
    of_edge: bool,
    may_have_arrived: bool,
    reply: Option<Reply>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built, or the request cannot be written, as it was configured.
    Config,
    /// There was no connection, or it broke.
    Network,
    /// The call did not end before its deadline.
    Deadline,
    /// Too many calls wait for the same route and resource.
    Overloaded,
    /// 401: the token was refused, by this call or an earlier one.
    Unauthorized,
    /// 403: the bot may not do that.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 400: the request does not fit, or would not by Discord's documented limits and was not sent;
    /// then there is no status. [`Error::fields`] tells where.
    Invalid,
    /// 429, more often than a call may be repeated, or the wait is longer than the deadline.
    Limited,
    /// Nothing is sent any more, since too many requests were invalid.
    Stopped,
    /// Nothing was sent: the circuit breaker is open, since too much of what was sent lately failed.
    Open,
    /// A [`Layer`](crate::Layer) of the bot's refused the call.
    Layer,
    /// The edge in front of Discord answered: a ban of the address, or an outage.
    Edge,
    /// 5xx: Discord failed.
    Server,
    /// Another refusal of Discord's.
    Refused,
    /// The answer does not fit its type, or is too long.
    Answer,
    /// The source of an upload could not be read, or gave more or fewer bytes than it said.
    Source,
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Method and path template of the operation; empty when the client was not built.
    #[must_use]
    pub fn route(&self) -> &'static str {
        self.0.route
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// What was answered, where there was an answer to this very call: its headers and its body say what
    /// this error leaves out.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
    }

    /// What is wrong with the fields of the body, as `path: message`, at most
    /// [`FIELDS_MAX`].
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.0.fields
    }

    /// Whether Discord may have done what was asked all the same: a try was sent, and what became of it is
    /// not known. Doing it once more by hand may do it twice, unless that does no harm.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use ovenjs_rest::{Client, Live};
    /// use ovenjs_types::Id;
    ///
    /// // Port 9 is closed: nothing has left.
    /// let client = Client::builder("token").base_url("http://127.0.0.1:9/api").build().unwrap();
    /// client.apply(Live::new().retries(0));
    /// let error = client.create_message(Id::new(1)).content("hi").await.unwrap_err();
    /// assert!(!error.may_have_arrived());
    /// # });
    /// ```
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        self.0.may_have_arrived
    }

    /// The refusal of a layer of the bot's. `source` tells why, and what to do.
    #[must_use]
    pub fn by_layer(
        request: &crate::Request,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self::new(ErrorKind::Layer, request.route(), source.to_string()).because(source)
    }

    /// The same error for another call that asked the same.
    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }

    /// Whether Cloudflare answered in Discord's place.
    pub(crate) fn is_of_edge(&self) -> bool {
        self.0.of_edge
    }

    pub(crate) fn new(kind: ErrorKind, route: &'static str, text: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            route,
            status: None,
            code: None,
            text: text.into(),
            fields: Vec::new(),
            retry_after: None,
            missing: None,
            of_edge: false,
            may_have_arrived: false,
            reply: None,
            source: None,
        }))
    }

    pub(crate) fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, "", text)
    }

    pub(crate) fn after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// A connection that failed. Where ours is among the sources it tells what to check.
    pub(crate) fn network(
        route: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        let mut link: Option<&(dyn StdError + 'static)> = Some(source.as_ref());
        while let Some(error) = link {
            if let Some(net) = error.downcast_ref::<ovenjs_net::Error>() {
                let kind = match net.kind() {
                    ovenjs_net::ErrorKind::Config
                    | ovenjs_net::ErrorKind::Plain
                    | ovenjs_net::ErrorKind::ProxyAuth => ErrorKind::Config,
                    _ => ErrorKind::Network,
                };
                return Self::new(kind, route, net.to_string()).because(source);
            }
            link = error.source();
        }
        let text = "the connection broke before the answer was complete; check the network";
        Self::new(ErrorKind::Network, route, text).because(source)
    }

    /// Whether this try, or one before it, may have arrived.
    pub(crate) fn arrived(mut self, may_have: bool) -> Self {
        self.0.may_have_arrived |= may_have;
        self
    }

    /// It would have been sent again, but for an upload.
    pub(crate) fn of_spent(mut self) -> Self {
        self.0.text.push_str(
            "; it was not sent again, since its upload can be read only once: see `Source::repeatable`",
        );
        self
    }

    /// An answer with an error status to what was sent.
    pub(crate) fn answered(operation: Operation, status: u16, body: &[u8], sent: &[u8]) -> Self {
        let route = operation.route;
        let Some(body) = ErrorBody::read(body) else {
            return Self::edge(route, status);
        };
        let code = body.code();
        let kind = kind_of(status);
        let missing = missing(code, operation);
        let mut text = repair(kind, code, operation).unwrap_or_default();
        let message = body
            .message
            .as_deref()
            .filter(|message| !message.is_empty());
        match (text.is_empty(), message) {
            (true, Some(message)) => text.push_str(message),
            // Writing to a string cannot fail.
            (false, Some(message)) => drop(write!(text, " ({message})")),
            (_, None) => {}
        }
        let mut error = Self::new(kind, route, text);
        error.0.fields = body.fields(sent);
        error.0.status = Some(status);
        error.0.code = code;
        error.0.missing = missing;
        error
    }

    /// An answer with this status whose body could not be read, and why.
    pub(crate) fn cut(operation: Operation, status: u16, why: Self) -> Self {
        if status < 400 {
            return why.with_status(status);
        }
        let kind = kind_of(status);
        let repair = repair(kind, None, operation);
        let mut text = repair.unwrap_or_else(|| "Discord refused it".to_owned());
        text.push_str(", and its words were lost: ");
        text.push_str(&why.0.text);
        let mut error = Self::new(kind, operation.route, text).with_status(status);
        error.0.source = why.0.source;
        error
    }

    pub(crate) fn with_reply(mut self, reply: Reply) -> Self {
        self.0.reply = Some(reply);
        self
    }

    /// What was answered, or the error where nothing was.
    pub(crate) fn into_reply(mut self) -> Result<Reply, Self> {
        self.0.reply.take().ok_or(self)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    fn edge(route: &'static str, status: u16) -> Self {
        let kind = if status >= 500 {
            ErrorKind::Server
        } else {
            ErrorKind::Edge
        };
        let text = match status {
            401 => "the token was refused before Discord's API saw it; check the base URL",
            403 | 429 => {
                "the answer is Cloudflare's, not Discord's: this address is banned for a while, \
                 mostly after too many invalid requests; stop the failing calls and wait"
            }
            404 => "the answer is not Discord's API; check the base URL",
            _ => "the answer is not Discord's API but an outage page; see discordstatus.com",
        };
        let mut error = Self::new(kind, route, text).with_status(status);
        error.0.of_edge = true;
        error
    }
}

const fn kind_of(status: u16) -> ErrorKind {
    match status {
        400 => ErrorKind::Invalid,
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::Limited,
        202 | 500.. => ErrorKind::Server,
        _ => ErrorKind::Refused,
    }
}

impl Fault for Error {
    fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Network
            | ErrorKind::Deadline
            | ErrorKind::Overloaded
            | ErrorKind::Limited
            | ErrorKind::Stopped
            | ErrorKind::Open
            | ErrorKind::Server => true,
            ErrorKind::Config
            | ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Edge
            | ErrorKind::Refused
            | ErrorKind::Layer
            | ErrorKind::Answer
            | ErrorKind::Source => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    fn is_auth(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    fn missing_permission(&self) -> Option<Permissions> {
        self.0.missing
    }

    fn discord_code(&self) -> Option<u32> {
        self.0.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            route,
            status,
            code,
            text,
            fields,
            retry_after,
            ..
        } = &*self.0;
        if !route.is_empty() {
            write!(f, "{route}: ")?;
        }
        f.write_str(text)?;
        for field in fields {
            write!(f, "; {field}")?;
        }
        if let Some(wait) = retry_after {
            write!(f, "; again in {:.1} s", wait.as_secs_f64())?;
        }
        match (status, code) {
            (Some(status), Some(code)) => write!(f, " [status {status}, code {code}]"),
            (Some(status), None) => write!(f, " [status {status}]"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &format_args!("{self}"))
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_deref()?;
        Some(source)
    }
}

/// The most field errors kept of one answer: enough to mend a body, not enough to fill a log.
pub const FIELDS_MAX: usize = 20;

/// How deep field errors are followed. Bodies nest less than half as deep.
const DEPTH_MAX: usize = 24;

/// Discord's errors, and the body of a 429.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    code: Option<u32>,
    #[serde(default)]
    errors: Option<Value>,
    #[serde(default)]
    retry_after: Option<f64>,
}

impl ErrorBody {
    /// Reads it; nothing where the bytes are not a JSON object.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        json::decode_tolerant(bytes, &mut json::Scratch::new()).ok()
    }

    /// Discord's code of the error, where it has one.
    pub(crate) fn code(&self) -> Option<u32> {
        self.code.filter(|code| *code != 0)
    }

    /// How long to wait, which is more precise than the header.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.retry_after?.max(0.0)).ok()
    }

    /// Whether Discord is not ready to answer and says when to ask again, though the status is 202.
    pub(crate) fn is_not_ready(&self) -> bool {
        self.code == Some(INDEX_NOT_READY)
    }

    /// The tree of field errors as lines `path: message (sent …)`.
    fn fields(&self, sent: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(errors) = &self.errors {
            let sent = document(sent).and_then(|text| serde_json::from_slice(text).ok());
            flatten(errors, sent.as_ref(), "", 0, &mut lines);
        }
        lines
    }
}

/// The JSON of a body: all of it, or the first part of several.
pub(crate) fn document(sent: &[u8]) -> Option<&[u8]> {
    if !sent.starts_with(b"--") {
        return Some(sent);
    }
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|some| some == what);
    let head = sent.get(..sent.len().min(HEAD_MAX))?;
    let start = find(head, b"\r\n\r\n")? + 4;
    let rest = sent.get(start..)?;
    rest.get(..find(rest, b"\r\n--")?)
}

fn flatten(node: &Value, sent: Option<&Value>, path: &str, depth: usize, lines: &mut Vec<String>) {
    let Value::Object(fields) = node else { return };
    if depth > DEPTH_MAX {
        return;
    }
    for (name, below) in fields {
        if name == "_errors" {
            for error in below.as_array().into_iter().flatten() {
                if lines.len() == FIELDS_MAX {
                    return;
                }
                let message = error
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or("not accepted");
                let path = if path.is_empty() { "." } else { path };
                let sent = sent.map(excerpt).unwrap_or_default();
                lines.push(format!("{path}: {message}{sent}"));
            }
            continue;
        }
        let index = name.parse::<usize>().ok();
        let below_path = match index {
            Some(index) => format!("{path}[{index}]"),
            None if path.is_empty() => name.clone(),
            None => format!("{path}.{name}"),
        };
        let below_sent = sent.and_then(|sent| match index {
            Some(index) if sent.is_array() => sent.get(index),
            _ => sent.get(name),
        });
        let below_sent = below_sent.filter(|_| !is_secret(name));
        flatten(below, below_sent, &below_path, depth + 1, lines);
    }
}

/// What was sent there, short enough for a line.
fn excerpt(sent: &Value) -> String {
    let text = match sent {
        Value::Null => return String::new(),
        Value::Array(list) => return format!(" (sent a list of {})", list.len()),
        Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().map(String::as_str).take(8).collect();
            return format!(" (sent {{{}}})", names.join(", "));
        }
        sent => sent.to_string(),
    };
    match text.char_indices().nth(EXCERPT_MAX) {
        Some((end, _)) => {
            let count = text.chars().count() - 2;
            let start = text.get(..end).unwrap_or_default();
            format!(" (sent {start}…\", {count} characters)")
        }
        None => format!(" (sent {text})"),
    }
}

/// Fields whose values are shown nowhere.
fn is_secret(name: &str) -> bool {
    ["token", "secret", "password", "code"]
        .iter()
        .any(|word| name.contains(word))
}

/// The characters shown of what was sent: enough to find it in the bot's source.
const EXCERPT_MAX: usize = 48;

/// The first part of a body in parts says its name before this.
const HEAD_MAX: usize = 1024;

#[cfg(test)]
mod tests;
