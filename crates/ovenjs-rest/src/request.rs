//! A request on its way and what came back, as layers see them.

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use ovenjs_ratelimit::{Ask, Major, Priority, Variant};
use ovenjs_types::{Permissions, Secret};

use crate::{Auth, transport::Stretch};

/// A request on its way to Discord, as a [`Layer`](crate::Layer) sees it.
///
/// It names its operation by the template. The bot's token is shown only by the client itself, after
/// all layers; the address, which may hold a webhook's token, is not shown at all.
#[derive(Clone)]
pub struct Request(pub(crate) Box<Parts>);

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) route: &'static str,
    pub(crate) method: Method,
    /// Path and query, from the slash behind the version. It may hold a token.
    pub(crate) path: String,
    /// The version of the API, where it is not the client's.
    pub(crate) version: Option<u8>,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) reason: Option<HeaderValue>,
    /// What is shown instead of the bot's token.
    pub(crate) authorization: Option<HeaderValue>,
    /// What layers added.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What follows the body, where that is streamed.
    pub(crate) tail: Option<Arc<[Stretch]>>,
    pub(crate) ask: Ask,
    /// Who asks; a user where the call shows their token.
    pub(crate) auth: Auth,
    pub(crate) needs: Permissions,
    /// Whether a refusal holds for all bodies with the same fields.
    pub(crate) is_denied_alike: bool,
    pub(crate) is_idempotent: bool,
    /// A deletion that says nothing when it is done.
    pub(crate) is_quiet_deletion: bool,
    /// Whether it is sent at most once, whatever happens.
    pub(crate) is_once: bool,
    /// Whether only Discord itself may answer.
    pub(crate) is_fresh: bool,
    pub(crate) deadline: Instant,
}

impl Parts {
    /// What its errors go by.
    pub(crate) const fn operation(&self) -> Operation {
        Operation {
            route: self.route,
            auth: self.auth,
            needs: self.needs,
        }
    }

    /// Whether it holds a source that was read and cannot be read again.
    pub(crate) fn is_spent(&self) -> bool {
        let tail = self.tail.as_deref().unwrap_or_default();
        tail.iter().any(Stretch::is_spent)
    }
}

/// What an operation says of itself, beside its body.
pub(crate) struct Form {
    pub(crate) route: &'static str,
    pub(crate) method: Method,
    pub(crate) auth: Auth,
    pub(crate) needs: Permissions,
    pub(crate) is_denied_alike: bool,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) authorization: Option<Secret>,
    pub(crate) major: Major,
    pub(crate) variant: Variant,
    pub(crate) is_idempotent: bool,
    pub(crate) is_quiet_deletion: bool,
}

/// Whether a header is the client's own, whoever else would set it.
pub(crate) fn is_ours(name: &HeaderName) -> bool {
    [
        ACCEPT_ENCODING,
        AUTHORIZATION,
        HOST,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
    ]
    .contains(name)
}

/// What an error goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) route: &'static str,
    pub(crate) auth: Auth,
    pub(crate) needs: Permissions,
}

impl Request {
    /// Method and path template, e.g. `POST /channels/{channel_id}/messages`.
    #[must_use]
    pub fn route(&self) -> &'static str {
        self.0.route
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The resource by which Discord counts it.
    #[must_use]
    pub fn major(&self) -> Major {
        self.0.ask.key.major
    }

    /// The body as it will be sent; empty where there is none. Where files are streamed, it is what
    /// stands before the first of them.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// Replaces the body, with all files that are streamed. Its type stays, so JSON must be replaced by
    /// JSON.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.0.body = body.into();
        self.0.tail = None;
        self
    }

    /// The headers that layers have added.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Adds a header, in place of what layers set under that name before. `Authorization`, `Host`, what
    /// frames the body and `Accept-Encoding` are the client's own: they are left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if !is_ours(&name) {
            self.0.headers.insert(name, value);
        }
        self
    }

    /// When the call fails if it is not answered: its turn, all tries and the answer count.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// Sets when the call fails if it is not answered.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.0.deadline = deadline;
        self
    }

    /// What leaves first when not everything can.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.0.ask.priority
    }

    /// Sets what leaves first when not everything can.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.0.ask.priority = priority;
        self
    }

    /// Whether sending it twice does what sending it once does.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.0.is_idempotent
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("route", &self.0.route)
            .field("priority", &self.0.ask.priority)
            .field("body_len", &self.0.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer, read to its end.
///
/// ```
/// use ovenjs_rest::Reply;
///
/// let reply = Reply::new(200, r#"{"id":"1"}"#);
/// assert_eq!((reply.status(), reply.body().len()), (200, 10));
/// assert_eq!(reply.header("x-ratelimit-limit"), None);
/// ```
#[derive(Clone)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// An answer that a layer gives by itself, without headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body; empty where Discord answers nothing.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Replaces the body, before it is read as the operation's answer.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}
