//! A request as it goes over the wire, for whoever has no operation in hand.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, uri::PathAndQuery};
use ovenjs_types::Secret;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    Auth, Body, Client, Error, Reply, Request, Terms, Variant,
    error::document,
    request::{Form, is_ours},
    routes::Route,
};

/// A request as method, path, headers and body: for a proxy in front of Discord, and for operations that
/// are newer than this crate.
///
/// By method and path it is counted as the operation that it is, so it keeps the same limits as a typed
/// call. Where no operation fits, its route is named after the plain words of its path, and channels,
/// guilds and webhooks are told apart by what follows their word. What it sends is not checked, not
/// answered from the cache, and a refusal of it is not remembered.
///
/// ```
/// use http::Method;
/// use ovenjs_rest::Raw;
///
/// let raw = Raw::new(Method::POST, "/channels/7/messages").unwrap().body(r#"{"content":"hi"}"#);
/// assert_eq!(raw.route(), "POST /channels/{channel_id}/messages");
/// let raw = Raw::new(Method::POST, "/channels/7/things/8").unwrap();
/// assert_eq!(raw.route(), "POST /channels/{}/things/{}");
/// // Parts that could name another path than the one that is counted are refused.
/// assert!(Raw::new(Method::GET, "/channels/7/../8").is_err());
/// ```
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Raw {
    route: Route,
    method: Method,
    /// It may hold a token.
    path: String,
    version: Option<u8>,
    authorization: Option<Secret>,
    headers: HeaderMap,
    body: Bytes,
}

impl Raw {
    /// The methods that Discord's API has.
    pub const METHODS: [Method; 5] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];

    /// A request of this method for a path behind the version, with its query, as it is to be sent:
    /// percent-encoded where need be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the method is none of Discord's, or the path is none: it begins with
    /// a slash, has no fragment, no parts `.` and `..`, and in no part a slash or backslash, encoded or not.
    pub fn new(method: Method, path: &str) -> Result<Self, Error> {
        if !Self::METHODS.contains(&method) {
            let text = "Discord's API has no such method; it has GET, POST, PUT, PATCH and DELETE";
            return Err(Error::config(text));
        }
        let broken = "the path must look like /channels/1/messages?limit=1, percent-encoded and \
                      without a fragment, parts of dots or encoded slashes";
        let whole: PathAndQuery = path.parse().map_err(|_| Error::config(broken))?;
        if !path.starts_with('/') || path.contains('#') || whole.path().split('/').any(leads_away) {
            return Err(Error::config(broken));
        }
        Ok(Self {
            route: Route::of(&method, whole.path()),
            method,
            path: path.to_owned(),
            version: None,
            authorization: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    /// Sets the version of the API, where it is not the client's.
    pub fn version(mut self, version: u8) -> Self {
        self.version = Some(version);
        self
    }

    /// Shows this instead of the client's token: the whole of the `Authorization` header. Nothing is
    /// shown where the token in the path is the permission.
    pub fn authorization(mut self, shown: impl Into<Secret>) -> Self {
        self.authorization = Some(shown.into());
        self
    }

    /// Adds a header, beside others of that name, and in place of what the client would say by itself, such
    /// as `User-Agent`. `Authorization`, `Host`, what frames the body and `Accept-Encoding` are the client's
    /// own: they are left out.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if !is_ours(&name) {
            self.headers.append(name, value);
        }
        self
    }

    /// Sets the body. Say by the header `Content-Type` what it is.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Method and path template under which it is counted; it holds no token.
    #[must_use]
    pub fn route(&self) -> &'static str {
        self.route.name
    }

    /// Who asks: whether the client's token is shown, or one in the path is the permission.
    #[must_use]
    pub const fn auth(&self) -> Auth {
        self.route.auth
    }

    /// The headers set so far.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether sending it twice does what sending it once does: reading, setting and deleting, and messages
    /// that Discord makes once only, since they have a `nonce` and `enforce_nonce`.
    ///
    /// ```
    /// use http::Method;
    /// use ovenjs_rest::Raw;
    ///
    /// let post = Raw::new(Method::POST, "/channels/7/messages").unwrap();
    /// assert!(!post.clone().body(r#"{"content":"hi"}"#).is_idempotent());
    /// assert!(post.body(r#"{"content":"hi","nonce":"1","enforce_nonce":true}"#).is_idempotent());
    /// ```
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        let is_marked = || {
            let json = document(&self.body).unwrap_or_default();
            serde_json::from_slice::<Marked>(json)
                .is_ok_and(|it| it.enforce_nonce && it.nonce.is_some())
        };
        matches!(self.method, Method::GET | Method::PUT | Method::DELETE)
            || (self.route.enforces_nonce && is_marked())
    }
}

impl Client {
    /// Sends a request that is no operation's value. It takes its turn, is repeated and waits like any
    /// other; what Discord answers at last is the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// An [`Error`] where Discord has not answered this very request: [`Error::reply`] is empty.
    ///
    /// ```no_run
    /// # async fn example(client: ovenjs_rest::Client) -> Result<(), ovenjs_rest::Error> {
    /// use ovenjs_rest::{Raw, Terms};
    ///
    /// let raw = Raw::new(http::Method::GET, "/users/@me")?;
    /// let reply = client.send_raw(raw, Terms::default()).await?;
    /// assert_eq!(reply.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_raw(&self, raw: Raw, terms: Terms) -> Result<Reply, Error> {
        let request = self.prepare_raw(raw, terms)?;
        self.deliver(request).await.or_else(Error::into_reply)
    }

    fn prepare_raw(&self, raw: Raw, mut terms: Terms) -> Result<Request, Error> {
        let is_idempotent = raw.is_idempotent();
        let route = raw.route;
        terms.authorization = raw.authorization;
        let auth = match route.auth {
            // Whoever knows the path's token needs no other.
            Auth::Webhook | Auth::Interaction | Auth::Nobody => {
                terms.authorization = None;
                route.auth
            }
            Auth::User | Auth::Application if terms.authorization.is_some() => route.auth,
            // What is not in the header may be in the body.
            Auth::Application => Auth::Nobody,
            Auth::Bot | Auth::User => Auth::Bot,
        };
        let form = Form {
            route: route.name,
            method: raw.method,
            auth,
            needs: route.needs,
            is_denied_alike: false,
            path: raw.path,
            query: Vec::new(),
            authorization: None,
            major: route.major,
            variant: route.aged.map_or(Variant::Plain, |message| {
                Variant::of_message(message, self.now_ms())
            }),
            is_idempotent,
            is_quiet_deletion: route.is_quiet_deletion,
        };
        let mut request = self.write(form, Body::None, terms, &self.live())?;
        let parts = &mut *request.0;
        parts.version = raw.version;
        parts.headers = raw.headers;
        parts.body = raw.body;
        parts.is_fresh = true;
        Ok(request)
    }
}

/// Neither path nor header is shown: each may hold a token.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("route", &self.route.name)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What of a message says that Discord makes it once only.
#[derive(Deserialize)]
struct Marked {
    #[serde(default)]
    nonce: Option<IgnoredAny>,
    #[serde(default)]
    enforce_nonce: bool,
}

/// Whether a server may read a part as a step within the path, or as several parts: it may decode what is
/// percent-encoded before it splits.
fn leads_away(part: &str) -> bool {
    let bare = percent_decode_str(part).decode_utf8_lossy();
    matches!(&*bare, "." | "..") || bare.contains(['/', '\\'])
}
