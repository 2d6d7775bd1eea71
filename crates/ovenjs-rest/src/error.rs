//! Why a call failed, and what to do about it.

use std::{error::Error as StdError, fmt, fmt::Write as _, time::Duration};

use ovenjs_ratelimit::Stop;
use ovenjs_types::{Fault, Invalid, Permissions, json};
use serde::Deserialize;
use serde_json::Value;

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

struct Inner {
    kind: ErrorKind,
    route: &'static str,
    status: Option<u16>,
    code: Option<u32>,
    text: String,
    fields: Vec<String>,
    retry_after: Option<Duration>,
    missing: Option<Permissions>,
    source: Option<Box<dyn StdError + Send + Sync>>,
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
    /// The edge in front of Discord answered: a ban of the address, or an outage.
    Edge,
    /// 5xx: Discord failed.
    Server,
    /// Another refusal of Discord's.
    Refused,
    /// The answer does not fit its type, or is too long.
    Answer,
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

    /// What is wrong with the fields of the body, as `path: message`, at most
    /// [`FIELDS_MAX`].
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.0.fields
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
            source: None,
        }))
    }

    pub(crate) fn config(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, "", text)
    }

    /// A request that Discord would refuse.
    pub(crate) fn unsent(route: &'static str, invalid: Invalid) -> Self {
        let text = "Discord would refuse this, so it was not sent";
        let mut error = Self::new(ErrorKind::Invalid, route, text);
        let violations = invalid.violations().iter().take(FIELDS_MAX);
        error.0.fields = violations.map(ToString::to_string).collect();
        error.because(invalid)
    }

    pub(crate) fn after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
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

    pub(crate) fn stopped(route: &'static str, stop: Stop, wait: Option<Duration>) -> Self {
        match stop {
            Stop::Unauthorized => Self::new(ErrorKind::Unauthorized, route, TOKEN_REFUSED),
            _ => Self::new(
                ErrorKind::Stopped,
                route,
                "nothing is sent any more, since too many answers of the last ten minutes were \
                 401, 403 or 429 and Discord bans the address for more; find the failing call",
            )
            .after(wait),
        }
    }

    /// An answer with an error status.
    pub(crate) fn answered(
        route: &'static str,
        needs: Permissions,
        status: u16,
        body: &[u8],
    ) -> Self {
        let Some(body) = ErrorBody::read(body) else {
            return Self::edge(route, status);
        };
        let code = body.code.filter(|code| *code != 0);
        let kind = match status {
            400 => ErrorKind::Invalid,
            401 => ErrorKind::Unauthorized,
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            429 => ErrorKind::Limited,
            500.. => ErrorKind::Server,
            _ => ErrorKind::Refused,
        };
        let missing = match code {
            Some(MISSING_PERMISSIONS) if !needs.is_empty() => Some(needs),
            Some(MISSING_ACCESS) if route.contains(" /channels/") => {
                Some(Permissions::VIEW_CHANNEL)
            }
            _ => None,
        };
        let mut text = repair(kind, code, missing).unwrap_or_default();
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
        error.0.fields = body.fields();
        error.0.status = Some(status);
        error.0.code = code;
        error.0.missing = missing;
        error
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
        Self::new(kind, route, text).with_status(status)
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
            | ErrorKind::Server => true,
            ErrorKind::Config
            | ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Edge
            | ErrorKind::Refused
            | ErrorKind::Answer => false,
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

const TOKEN_REFUSED: &str = "the token was refused: set DISCORD_TOKEN to the token of the bot's page in the developer portal";

const MISSING_ACCESS: u32 = 50_001;
const MISSING_PERMISSIONS: u32 = 50_013;

/// What to do, where more is known than Discord's own words.
fn repair(kind: ErrorKind, code: Option<u32>, missing: Option<Permissions>) -> Option<String> {
    Some(match (kind, code, missing) {
        (ErrorKind::Unauthorized, _, _) => TOKEN_REFUSED.to_owned(),
        (_, Some(MISSING_ACCESS), Some(missing)) => {
            format!("the bot lacks {missing} there, or is not in that server: grant it to its role")
        }
        (_, Some(MISSING_ACCESS), None) => {
            "the bot has no access: invite it to that server with the scopes bot and \
             applications.commands"
                .to_owned()
        }
        (_, Some(MISSING_PERMISSIONS), Some(missing)) => format!(
            "the bot lacks {missing}: grant it to its role, and look for a channel overwrite that \
             denies it"
        ),
        (_, Some(MISSING_PERMISSIONS), None) => {
            "the bot lacks a permission, or its highest role is not above what it wants to change"
                .to_owned()
        }
        (_, Some(10_062), _) => {
            "the interaction has expired: answer within 3 s, or defer first".to_owned()
        }
        (_, Some(40_060), _) => {
            "the interaction is answered already: edit the answer or send a follow-up".to_owned()
        }
        (_, Some(50_007), _) => {
            "that user takes no direct messages from the bot; only they can change it".to_owned()
        }
        (ErrorKind::Limited, _, _) => {
            "Discord limits this call, and repeating did not help".to_owned()
        }
        _ => return None,
    })
}

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

    /// How long to wait, which is more precise than the header.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.retry_after?.max(0.0)).ok()
    }

    /// The tree of field errors as lines `path: message`.
    fn fields(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(errors) = &self.errors {
            flatten(errors, "", 0, &mut lines);
        }
        lines
    }
}

fn flatten(node: &Value, path: &str, depth: usize, lines: &mut Vec<String>) {
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
                lines.push(format!(
                    "{}: {message}",
                    if path.is_empty() { "." } else { path }
                ));
            }
            continue;
        }
        let below_path = match name.parse::<u32>() {
            Ok(index) => format!("{path}[{index}]"),
            Err(_) if path.is_empty() => name.clone(),
            Err(_) => format!("{path}.{name}"),
        };
        flatten(below, &below_path, depth + 1, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: &str = "POST /channels/{channel_id}/messages";

    #[test]
    fn a_missing_permission_is_named() {
        let body = br#"{"message":"Missing Permissions","code":50013}"#;
        let error = Error::answered(ROUTE, Permissions::SEND_MESSAGES, 403, body);
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!(error.missing_permission(), Some(Permissions::SEND_MESSAGES));
        assert_eq!(error.discord_code(), Some(50_013));
        let text = error.to_string();
        assert!(
            text.starts_with(ROUTE) && text.contains("lacks SEND_MESSAGES"),
            "{text}"
        );

        let body = br#"{"message":"Missing Access","code":50001}"#;
        let error = Error::answered(ROUTE, Permissions::SEND_MESSAGES, 403, body);
        assert_eq!(error.missing_permission(), Some(Permissions::VIEW_CHANNEL));
    }

    #[test]
    fn form_errors_become_lines() {
        let body = br#"{"code":50035,"message":"Invalid Form Body","errors":{
            "content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]},
            "embeds":{"0":{"fields":{"1":{"name":{"_errors":[{"code":"X","message":"This field is required"}]}}}}}}}"#;
        let error = Error::answered(ROUTE, Permissions::empty(), 400, body);
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let mut fields = error.fields().to_vec();
        fields.sort();
        assert_eq!(
            fields,
            [
                "content: Must be 2000 or fewer in length.",
                "embeds[0].fields[1].name: This field is required"
            ]
        );
        assert!(
            error
                .to_string()
                .contains("embeds[0].fields[1].name: This field is required")
        );
    }

    #[test]
    fn a_page_of_the_edge_is_told_apart() {
        let page = b"<html>error code: 1015</html>";
        let error = Error::answered(ROUTE, Permissions::empty(), 429, page);
        assert_eq!(error.kind(), ErrorKind::Edge);
        assert!(error.to_string().contains("Cloudflare"), "{error}");
        let error = Error::answered(ROUTE, Permissions::empty(), 502, page);
        assert_eq!(error.kind(), ErrorKind::Server);
        assert!(error.is_retryable());
        assert!(error.to_string().contains("outage"), "{error}");
    }

    #[test]
    fn strange_bodies_never_panic() {
        for body in [
            &b""[..],
            b"null",
            b"[]",
            b"{}",
            br#"{"code":"x","message":5,"errors":7}"#,
            br#"{"errors":{"_errors":{"a":1}}}"#,
            br#"{"errors":{"_errors":[1,{},{"message":2}]}}"#,
            br#"{"retry_after":-5}"#,
            br#"{"retry_after":1e300}"#,
        ] {
            for status in [400, 401, 403, 404, 418, 429, 500, 599] {
                let error = Error::answered(ROUTE, Permissions::empty(), status, body);
                assert!(!error.to_string().is_empty());
                assert_eq!(error.status(), Some(status));
            }
            let _ = ErrorBody::read(body).and_then(|body| body.retry_after());
        }
        for depth in [60, 1_000, 1_000_000] {
            let deep = format!(
                r#"{{"errors":{}1{}}}"#,
                r#"{"a":"#.repeat(depth),
                "}".repeat(depth)
            );
            let error = Error::answered(ROUTE, Permissions::empty(), 400, deep.as_bytes());
            assert_eq!(error.status(), Some(400));
        }
        let many = format!(
            r#"{{"errors":{{"_errors":[{}]}}}}"#,
            vec![r#"{"message":"m"}"#; 100].join(",")
        );
        let error = Error::answered(ROUTE, Permissions::empty(), 400, many.as_bytes());
        assert_eq!(error.fields().len(), FIELDS_MAX);
    }
}
