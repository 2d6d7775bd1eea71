//! What can go wrong, and what to do about it.

use std::{error::Error as StdError, fmt, time::Duration};

use ovenjs_types::{Fault, Permissions};

use crate::discord_error::DiscordError;

/// Why a request did not give its answer.
///
/// The text names the operation by its route template and what to do next. It never holds a token
/// or a URL.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    route: &'static str,
    text: String,
    status: Option<u16>,
    code: Option<u32>,
    retry_after: Option<Duration>,
    permission: Option<Permissions>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client or the request cannot be used as configured.
    Config,
    /// Discord refused the token: 401. Nothing helps but another token.
    Unauthorized,
    /// The bot may not do this: 403.
    Forbidden,
    /// There is no such thing, or the bot cannot see it: 404.
    NotFound,
    /// Discord refused what was sent: 400 and its kin.
    Refused,
    /// A limit did not let the request through in time.
    RateLimited,
    /// Too many requests of late were refused; to go on would get the machine banned.
    InvalidRequests,
    /// Too many requests wait already.
    QueueFull,
    /// The request's deadline passed.
    Deadline,
    /// Discord failed: 5xx.
    Server,
    /// Something between the bot and Discord's API answered, such as Cloudflare.
    Intermediary,
    /// Discord could not be reached, or the connection broke.
    Network,
    /// The answer does not fit its type.
    Answer,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, route: &'static str, text: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            route,
            text: text.into(),
            status: None,
            code: None,
            retry_after: None,
            permission: None,
            source: None,
        }))
    }

    /// What an answer that is no success says.
    ///
    /// `needed` are the permissions which the operation takes, to be named on 50013.
    pub(crate) fn from_answer(
        route: &'static str,
        status: u16,
        body: &[u8],
        needed: Option<Permissions>,
    ) -> Self {
        let Some(answer) = DiscordError::read(body) else {
            return Self::from_intermediary(route, status);
        };
        let (kind, mut text) = match status {
            401 => (ErrorKind::Unauthorized, TOKEN_REFUSED.to_owned()),
            403 => (ErrorKind::Forbidden, forbidden(&answer, needed)),
            404 => (
                ErrorKind::NotFound,
                format!("{}; check the id, and that the bot can see it", answer.message),
            ),
            429 => (ErrorKind::RateLimited, answer.message.clone()),
            500..=599 => (
                ErrorKind::Server,
                format!("Discord failed with {status}: {}; try again later", answer.message),
            ),
            _ => (ErrorKind::Refused, answer.message.clone()),
        };
        for (path, problem) in &answer.fields {
            text.push_str(&format!("; {path}: {problem}"));
        }
        let mut error = Self::new(kind, route, text);
        error.0.status = Some(status);
        error.0.code = answer.code.filter(|code| *code != 0);
        error.0.permission = match answer.code {
            Some(MISSING_PERMISSIONS) => needed,
            Some(MISSING_ACCESS) => Some(Permissions::VIEW_CHANNEL),
            _ => None,
        };
        error
    }

    /// An answer that is not Discord's own: a page of Cloudflare's, or of a proxy on the way.
    fn from_intermediary(route: &'static str, status: u16) -> Self {
        let text = match status {
            401 => TOKEN_REFUSED.to_owned(),
            429 | 403 | 1015 => format!(
                "answered {status} by something in front of Discord, not by Discord: this address \
                 is blocked for too many requests; stop for an hour, and mend what fails so often"
            ),
            _ => format!(
                "answered {status} by something in front of Discord; this is an outage or a proxy \
                 on the way: try again later, and check base URL and proxy"
            ),
        };
        let kind = if status == 401 { ErrorKind::Unauthorized } else { ErrorKind::Intermediary };
        let mut error = Self::new(kind, route, text);
        error.0.status = Some(status);
        error
    }

    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Method and route template of the operation, e.g. `POST /channels/{channel_id}/messages`;
    /// empty where no operation was involved.
    #[must_use]
    pub fn route(&self) -> &'static str {
        self.0.route
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }
}

/// What to do about a 403.
fn forbidden(answer: &DiscordError, needed: Option<Permissions>) -> String {
    match (answer.code, needed) {
        (Some(MISSING_PERMISSIONS), Some(needed)) => format!(
            "the bot lacks a permission: this takes {needed}; give it to one of the bot's roles or \
             in the channel's overwrites, and mind that its highest role must stand above whom it \
             acts on"
        ),
        (Some(MISSING_ACCESS), _) => {
            "the bot cannot see the channel or guild: it lacks VIEW_CHANNEL, or is no member".to_owned()
        }
        _ => format!("{}; check the bot's permissions and roles", answer.message),
    }
}

const TOKEN_REFUSED: &str = "Discord refused the token: copy it anew from the Bot page of the \
     application in Discord's developer portal, and set it as DISCORD_TOKEN";

const MISSING_ACCESS: u32 = 50001;
const MISSING_PERMISSIONS: u32 = 50013;

impl Fault for Error {
    fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::RateLimited
                | ErrorKind::QueueFull
                | ErrorKind::Deadline
                | ErrorKind::Server
                | ErrorKind::Network
        )
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    fn is_auth(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    fn missing_permission(&self) -> Option<Permissions> {
        self.0.permission
    }

    fn discord_code(&self) -> Option<u32> {
        self.0.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.route.is_empty() {
            write!(f, "{}: ", self.0.route)?;
        }
        f.write_str(&self.0.text)?;
        match self.0.code {
            Some(code) => write!(f, " (Discord's code {code})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("route", &self.0.route)
            .field("text", &self.0.text)
            .field("status", &self.0.status)
            .field("code", &self.0.code)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| -> &(dyn StdError + 'static) { source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named() {
        let body = br#"{"message":"Missing Permissions","code":50013}"#;
        let error = Error::from_answer(ROUTE, 403, body, Some(Permissions::SEND_MESSAGES));
        assert_eq!(error.missing_permission(), Some(Permissions::SEND_MESSAGES));
        assert_eq!(error.discord_code(), Some(50013));
        assert!(error.to_string().contains("SEND_MESSAGES"), "{error}");
        assert!(!error.is_retryable() && !error.is_auth());
    }

    #[test]
    fn a_refused_form_is_told_field_by_field() {
        let body = br#"{"code":50035,"message":"Invalid Form Body","errors":{
            "embeds":{"0":{"title":{"_errors":[{"code":"X","message":"too long"}]}}},
            "content":{"_errors":[{"code":"Y","message":"required"}]}}}"#;
        let text = Error::from_answer(ROUTE, 400, body, None).to_string();
        assert!(text.contains("embeds[0].title: too long") && text.contains("content: required"), "{text}");
    }

    #[test]
    fn a_page_in_front_of_discord_is_told_apart() {
        let error = Error::from_answer(ROUTE, 429, b"<html>error 1015</html>", None);
        assert_eq!(error.kind(), ErrorKind::Intermediary);
        assert!(error.to_string().contains("blocked"), "{error}");
        let error = Error::from_answer(ROUTE, 502, b"<html>bad gateway</html>", None);
        assert!(error.to_string().contains("outage"), "{error}");
    }

    #[test]
    fn a_refused_token_is_an_auth_error_in_any_dress() {
        for body in [&br#"{"message":"401: Unauthorized","code":0}"#[..], b""] {
            let error = Error::from_answer(ROUTE, 401, body, None);
            assert!(error.is_auth() && error.to_string().contains("DISCORD_TOKEN"), "{error}");
        }
    }

    const ROUTE: &str = "POST /channels/{channel_id}/messages";
}
