//! What a bot asks of the proxy, and what Discord is asked for it: a rule without a socket.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{
        AUTHORIZATION, CONNECTION, EXPECT, FORWARDED, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
        TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
    },
    request::Parts,
};
use ovenjs_core::{
    rest::{Auth, Priority, Raw, Terms},
    types::Secret,
};

use super::answer::Refusal;

/// What leaves first when not everything can: `interactive`, `normal` or `bulk`.
pub(crate) const PRIORITY: HeaderName = HeaderName::from_static("x-oven-priority");

/// How many seconds the request may take in all, as a decimal number.
pub(crate) const DEADLINE: HeaderName = HeaderName::from_static("x-oven-deadline");

/// A request for Discord, but for its body.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) raw: Raw,
    pub(crate) terms: Terms,
    pub(crate) shows: Shows,
}

/// Under whose name a request goes, and so in whose limits it counts.
#[derive(Debug)]
pub(crate) enum Shows {
    /// The bot's token or a user's, by the whole of the header.
    Token(Secret),
    /// No token, or something that Discord counts by address.
    Nothing,
}

impl Asked {
    /// Reads the head of a request. `token` is shown for those that need one and bring none.
    pub(crate) fn read(head: &Parts, token: Option<&str>) -> Result<Self, Refusal> {
        let whole = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let (version, path) = versioned(whole).ok_or_else(no_such_path)?;
        let broken = |error: ovenjs_core::rest::Error| {
            let status = if Raw::METHODS.contains(&head.method) {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::METHOD_NOT_ALLOWED
            };
            Refusal::new(status, "request", error.to_string())
        };
        let mut raw = Raw::new(head.method.clone(), path).map_err(broken)?;
        if let Some(version) = version {
            raw = raw.version(version);
        }
        let shown = head
            .headers
            .get(AUTHORIZATION)
            .map(|header| header.to_str());
        let shown = shown.transpose().map_err(|_| {
            let text = "the header Authorization holds characters that no token has";
            Refusal::new(StatusCode::BAD_REQUEST, "request", text)
        })?;
        let by_path = matches!(raw.auth(), Auth::Webhook | Auth::Interaction | Auth::Nobody);
        // An application's secret is in the header or in the body.
        let by_body = raw.auth() == Auth::Application && shown.is_none();
        let shows = match shown.or(token) {
            _ if by_path || by_body => Shows::Nothing,
            Some(shown) if is_counted_apart(shown) => Shows::Token(shown.into()),
            Some(shown) => {
                raw = raw.authorization(shown);
                Shows::Nothing
            }
            None => {
                let text = "there is no token: send the header Authorization, or start the proxy \
                            with one";
                return Err(Refusal::new(StatusCode::UNAUTHORIZED, "token", text));
            }
        };
        let named = named_by_connection(&head.headers);
        for (name, value) in &head.headers {
            if !is_between_neighbours(name) && !is_kept_back(name) && !named.contains(name) {
                raw = raw.header(name.clone(), value.clone());
            }
        }
        Ok(Self {
            raw,
            terms: terms(&head.headers)?,
            shows,
        })
    }
}

fn no_such_path() -> Refusal {
    let text = "the proxy has Discord's API under /api/v10, beside /metrics and /health; set the bot's \
                base URL to this address with /api behind it";
    Refusal::new(StatusCode::NOT_FOUND, "request", text)
}

/// The version, where there is one, and the path behind it.
fn versioned(path: &str) -> Option<(Option<u8>, &str)> {
    let rest = path
        .strip_prefix("/api")
        .filter(|rest| rest.starts_with('/'))?;
    let Some(number) = rest.strip_prefix("/v") else {
        return Some((None, rest));
    };
    let end = number.find('/').unwrap_or(number.len());
    match number.get(..end).unwrap_or_default() {
        // `/voice` and the like are no version.
        word if !word.starts_with(|first: char| first.is_ascii_digit()) => Some((None, rest)),
        digits => Some((Some(digits.parse().ok()?), number.get(end..)?)),
    }
}

/// Tokens have limits of their own. What shows something else, as OAuth2's Basic does, has none.
fn is_counted_apart(shown: &str) -> bool {
    shown.starts_with("Bot ") || shown.starts_with("Bearer ")
}

fn terms(headers: &HeaderMap) -> Result<Terms, Refusal> {
    let mut terms = Terms::default();
    let text = |name: HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let refuse = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, "request", text);
    if let Some(word) = text(PRIORITY) {
        terms.priority = Some(match word {
            "interactive" => Priority::Interactive,
            "normal" => Priority::Normal,
            "bulk" => Priority::Bulk,
            _ => return Err(refuse("x-oven-priority is interactive, normal or bulk")),
        });
    }
    if let Some(seconds) = text(DEADLINE) {
        let time = seconds.parse().ok();
        let time = time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let repair = "x-oven-deadline is a number of seconds, such as 2.5";
        terms.deadline = Some(time.ok_or_else(|| refuse(repair))?);
    }
    Ok(terms)
}

/// What two neighbours say to each other, and nobody beyond them: RFC 9110, 7.6.1.
pub(crate) fn is_between_neighbours(name: &HeaderName) -> bool {
    [
        CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ]
    .contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// Headers that `Connection` says are for the neighbour alone.
pub(crate) fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers.get_all(CONNECTION).iter();
    let names = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    names.filter_map(|name| name.trim().parse().ok()).collect()
}

/// What the proxy heeds itself, what tells of the bot's network, and a setting of versions that are no
/// more: `X-RateLimit-Precision` would have the limits told in whole seconds.
fn is_kept_back(name: &HeaderName) -> bool {
    [PRIORITY, DEADLINE, EXPECT, FORWARDED, VIA].contains(name)
        || name.as_str().starts_with("x-forwarded-")
        || matches!(name.as_str(), "x-real-ip" | "x-ratelimit-precision")
}

#[cfg(test)]
mod tests;
