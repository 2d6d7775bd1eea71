//! What a bot is answered: Discord's own words, or the proxy's where Discord has said nothing.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, VIA},
};
use http_body_util::Full;
use ovenjs_core::{
    rest::{Error, ErrorKind, Reply},
    types::Fault as _,
};
use serde_json::json;

use super::{
    asked::{is_between_neighbours, named_by_connection},
    bodies::Unread,
};

/// Says in a word why Discord was not asked, or has not answered. Answers of Discord's have no such
/// header.
pub(crate) const REFUSED: HeaderName = HeaderName::from_static("x-oven-refused");

pub(crate) type Answer = Response<Full<Bytes>>;

/// An answer that is the proxy's own. Its body is like an error of Discord's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// Why, in a word: one of few, since it is counted by.
    pub(crate) why: &'static str,
    pub(crate) text: String,
    /// Discord's code of the error, where it said so before.
    code: u32,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, why: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            why,
            text: text.into(),
            code: 0,
            retry_after: None,
        }
    }

    /// Too much at once: the same is worth another try soon.
    pub(crate) fn busy(text: impl Into<String>) -> Self {
        Self {
            retry_after: Some(BUSY),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text)
        }
    }

    /// A call that Discord has not answered. The statuses are those that libraries act upon: they wait
    /// after a 429 for as long as it says, send again after a 5xx, and give up after any other 4xx.
    ///
    /// `is_repeatable` is whether sending it again does no harm. Where it does, and Discord may have done it,
    /// the answer must be none after which libraries send again: a message would be posted twice.
    pub(crate) fn of(error: &Error, is_repeatable: bool) -> Self {
        let said = error
            .status()
            .and_then(|status| StatusCode::from_u16(status).ok());
        let said = said.filter(|status| status.is_client_error() || status.is_server_error());
        let (status, why) = match error.kind() {
            _ if error.may_have_arrived() && !is_repeatable => {
                (StatusCode::FAILED_DEPENDENCY, "lost")
            }
            // Discord's answer came without its body.
            _ if error.status().is_some() => (said.unwrap_or(StatusCode::BAD_GATEWAY), "cut"),
            ErrorKind::Limited => (StatusCode::TOO_MANY_REQUESTS, "deadline"),
            ErrorKind::Stopped => (StatusCode::TOO_MANY_REQUESTS, "invalid-requests"),
            ErrorKind::Deadline => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
            ErrorKind::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            ErrorKind::Open => (StatusCode::SERVICE_UNAVAILABLE, "breaker"),
            ErrorKind::Network | ErrorKind::Answer => (StatusCode::BAD_GATEWAY, "network"),
            ErrorKind::Unauthorized => (StatusCode::UNAUTHORIZED, "token"),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "gone"),
            ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "denied"),
            _ => (StatusCode::BAD_GATEWAY, "request"),
        };
        let wants_wait = matches!(status.as_u16(), 429 | 503);
        Self {
            code: error.discord_code().unwrap_or_default(),
            retry_after: error.retry_after().or_else(|| wants_wait.then_some(BUSY)),
            ..Self::new(status, why, error.to_string())
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        let mut body = json!({ "message": self.text, "code": self.code });
        let wait = self.retry_after.map(|wait| wait.as_secs_f64());
        if let (Some(wait), Some(body)) = (wait, body.as_object_mut()) {
            body.insert("retry_after".to_owned(), json!(wait));
            body.insert("global".to_owned(), json!(false));
        }
        let mut answer = text(self.status, "application/json", body.to_string());
        let headers = answer.headers_mut();
        headers.insert(REFUSED, HeaderValue::from_static(self.why));
        // A library takes a 429 without it for a ban by Discord's edge.
        headers.insert(VIA, HeaderValue::from_static("1.1 oven"));
        if let Some(wait) = wait {
            // The header has whole seconds; sooner would be in vain.
            let seconds = format!("{:.0}", wait.ceil());
            headers.extend(seconds.parse().ok().map(|seconds| (RETRY_AFTER, seconds)));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            let scope = HeaderName::from_static("x-ratelimit-scope");
            headers.insert(scope, HeaderValue::from_static("user"));
        }
        answer
    }
}

impl From<Unread> for Refusal {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLong => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body",
                "the body is longer than the proxy takes; raise --body-mb",
            ),
            Unread::NoRoom => Self::busy(
                "the bodies of all requests under way are more than the proxy holds; send less at once",
            ),
            Unread::TooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "body",
                "the body did not come to its end in time",
            ),
            Unread::Broken => Self::new(
                StatusCode::BAD_REQUEST,
                "body",
                "the body did not come to its end",
            ),
        }
    }
}

/// Discord's answer as it came. The headers about limits are left out unless `keeps_limits`: the limits
/// are kept here, for all bots, and one that went by them as well would wait twice. A 429 has them.
pub(crate) fn of_discord(reply: &Reply, keeps_limits: bool) -> Answer {
    let mut answer = Response::new(Full::new(reply.body().clone()));
    *answer.status_mut() = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let keeps_limits = keeps_limits || reply.status() == 429;
    let named = named_by_connection(reply.headers());
    for (name, value) in reply.headers() {
        let is_limit = name.as_str().starts_with("x-ratelimit-");
        let stays = is_between_neighbours(name)
            || named.contains(name)
            // It is written anew, and may be another where the answer came compressed.
            || *name == CONTENT_LENGTH
            || (is_limit && !keeps_limits);
        if !stays {
            answer.headers_mut().append(name, value.clone());
        }
    }
    answer
}

pub(crate) fn text(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// What passes in a moment, and is not worth asking about every millisecond.
const BUSY: Duration = Duration::from_secs(1);
