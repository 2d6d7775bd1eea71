//! One deed, one value: what an operation of Discord's is, and the line that declares one.

use std::{borrow::Cow, fmt, fmt::Write as _, ops::RangeInclusive};

use http::Method;
use ovenjs_ratelimit::{Major, Variant};
use ovenjs_types::{
    Id, InteractionResponse, Invalid, MessageDraft, Permissions, ReactionEmoji, Report, Secret,
    Upload, Valid, Validate, json,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use crate::Call;

/// An operation of Discord's with everything it needs: hand it to [`Client::send`](crate::Client::send).
///
/// Every operation is declared by one line, under `endpoints/`; template and first path parameter are
/// also the key of its rate limit, so routing and limiting cannot disagree.
pub trait Endpoint: fmt::Debug + Send + Sync {
    /// What comes back.
    type Answer: Answer;

    /// The HTTP method.
    const METHOD: Method;
    /// Method and path template, e.g. `POST /channels/{channel_id}/messages`. It names the
    /// operation in errors, logs and limits, since it never holds a token.
    const ROUTE: &'static str;
    /// Who is asking.
    const AUTH: Auth;
    /// The permission that a refusal with code 50013 is about; empty where several may be meant.
    const NEEDS: Permissions = Permissions::empty();

    /// The path with its parameters, percent-encoded, from the first slash.
    fn path(&self) -> String;

    /// The resource by which Discord counts apart: the first path parameter that names a channel,
    /// a guild or a webhook. [`Major::NONE`] where all calls count together.
    fn major(&self) -> Major {
        Major::NONE
    }

    /// Which of the operation's limits a call counts in, where Discord has several for it.
    /// `now_ms` is the wall time in milliseconds since 1970.
    fn variant(&self, now_ms: u64) -> Variant {
        _ = now_ms;
        Variant::Plain
    }

    /// The query, name by name; parameters that are not set are left out.
    fn query(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The body.
    fn body(&self) -> Body<'_> {
        Body::None
    }

    /// Checks what is sent against Discord's documented limits; the client asks before it sends.
    ///
    /// # Errors
    ///
    /// Everything that Discord would refuse.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// Whether sending it twice does what sending it once does.
    fn is_idempotent(&self) -> bool {
        matches!(Self::METHOD, Method::GET | Method::PUT | Method::DELETE)
    }
}

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// The bot, by its token in the `Authorization` header.
    Bot,
    /// Whoever knows the interaction's token in the path. The bot's token is not shown, the global
    /// limit does not count it, and it goes out even when too many requests were invalid.
    Interaction,
}

/// An operation whose reason the audit log shows; see [`Call::reason`](crate::Call::reason).
pub trait Audited: Endpoint {}

/// What a request carries.
#[derive(Debug)]
pub enum Body<'a> {
    /// Nothing.
    None,
    /// JSON text.
    Json(Vec<u8>),
    /// JSON text and files beside it.
    Multipart(Vec<u8>, &'a [Upload]),
}

/// A value that can be a request's body.
pub trait Payload: Serialize {
    /// Files that travel beside the JSON.
    fn files(&self) -> &[Upload] {
        &[]
    }

    /// Notes in `report` whatever Discord would refuse; nothing where no limit is known.
    fn check(&self, report: &mut Report) {
        _ = report;
    }
}

/// What a call sends: a draft, which is checked before it goes out, or one that was checked already
/// and is not checked again.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent<T> {
    /// Not checked yet.
    Draft(T),
    /// Known to keep Discord's limits.
    Valid(Valid<T>),
}

impl<T> Sent<T> {
    /// The value, and whether it is known to keep the limits.
    pub(crate) fn split(self) -> (T, bool) {
        match self {
            Self::Draft(draft) => (draft, false),
            Self::Valid(valid) => (valid.into_inner(), true),
        }
    }

    /// Tells a call that sends a `T` whether it need not be checked.
    pub(crate) fn tell<E: Endpoint>(call: Call<'_, E>, is_valid: bool) -> Call<'_, E> {
        call.known_valid(is_valid)
    }
}

impl<T> From<T> for Sent<T> {
    fn from(draft: T) -> Self {
        Self::Draft(draft)
    }
}

impl<T> From<Valid<T>> for Sent<T> {
    fn from(valid: Valid<T>) -> Self {
        Self::Valid(valid)
    }
}

impl<'a> Body<'a> {
    /// The body that carries `payload`.
    pub fn of<P: Payload>(payload: &'a P) -> Self {
        let text = json::encode(payload);
        match payload.files() {
            [] => Self::Json(text),
            files => Self::Multipart(text, files),
        }
    }
}

impl Payload for MessageDraft {
    fn files(&self) -> &[Upload] {
        &self.files
    }

    fn check(&self, report: &mut Report) {
        Validate::check(self, report);
    }
}

impl Payload for InteractionResponse {
    fn files(&self) -> &[Upload] {
        match self {
            Self::Message(draft) => &draft.files,
            Self::Update(edit) => &edit.files,
            _ => &[],
        }
    }

    fn check(&self, report: &mut Report) {
        Validate::check(self, report);
    }
}

/// What an operation answers.
pub trait Answer: Sized + Send {
    /// Reads the body of a successful answer; none where Discord answers 204.
    ///
    /// # Errors
    ///
    /// Where the body does not fit.
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError>;
}

/// The answer of operations that answer nothing: 204.
impl Answer for () {
    fn read(_: &[u8], _: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        Ok(())
    }
}

/// An answer in JSON. Elements and optional fields that do not fit are left out, as in events.
macro_rules! json_answers {
    ($($ty:ty),* $(,)?) => {$(
        impl $crate::Answer for $ty {
            fn read(
                body: &[u8],
                scratch: &mut ovenjs_types::json::Scratch,
            ) -> Result<Self, ovenjs_types::json::DecodeError> {
                ovenjs_types::json::decode_tolerant(body, scratch)
            }
        }
    )*};
}
pub(crate) use json_answers;

json_answers! {
    ovenjs_types::Application, ovenjs_types::BotGateway, ovenjs_types::Channel,
    ovenjs_types::Command, ovenjs_types::Guild, ovenjs_types::Member, ovenjs_types::Message,
    ovenjs_types::User,
}

/// Of operations that answer with 200 or, having nothing to say, with 204.
impl<T: Answer> Answer for Option<T> {
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        if body.is_empty() {
            Ok(None)
        } else {
            T::read(body, scratch).map(Some)
        }
    }
}

impl<T: Answer + DeserializeOwned> Answer for Vec<T> {
    fn read(body: &[u8], scratch: &mut json::Scratch) -> Result<Self, json::DecodeError> {
        json::decode_tolerant(body, scratch)
    }
}

/// A part of a path.
pub(crate) trait PathPart {
    fn part(&self) -> Cow<'_, str>;
}

impl<M> PathPart for Id<M> {
    fn part(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl PathPart for Secret {
    fn part(&self) -> Cow<'_, str> {
        utf8_percent_encode(self.expose(), PATH_SET).into()
    }
}

impl PathPart for ReactionEmoji {
    fn part(&self) -> Cow<'_, str> {
        let text = self.route_text().to_string();
        utf8_percent_encode(&text, PATH_SET).to_string().into()
    }
}

/// What stays readable in a path; the colon of `name:id` may stand as it is.
const PATH_SET: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

/// A part of a path by which Discord counts.
pub(crate) trait MajorPart {
    fn major(&self) -> Major;
}

impl<M> MajorPart for Id<M> {
    fn major(&self) -> Major {
        Major::of(self.get())
    }
}

impl MajorPart for Secret {
    fn major(&self) -> Major {
        Major::of(self.expose())
    }
}

/// A query parameter's value.
pub(crate) trait QueryValue {
    fn value(&self) -> String;
}

impl<M> QueryValue for Id<M> {
    fn value(&self) -> String {
        self.to_string()
    }
}

impl QueryValue for ovenjs_types::Text {
    fn value(&self) -> String {
        self.to_string()
    }
}

impl QueryValue for ovenjs_types::Timestamp {
    fn value(&self) -> String {
        self.to_string()
    }
}

impl QueryValue for u16 {
    fn value(&self) -> String {
        self.to_string()
    }
}

impl QueryValue for bool {
    fn value(&self) -> String {
        self.to_string()
    }
}

/// Holds a query parameter to its limits.
pub(crate) fn check_query(
    report: &mut Report,
    name: &str,
    value: Option<u16>,
    range: RangeInclusive<usize>,
) {
    if let Some(value) = value {
        let (least, most) = range.into_inner();
        let wide = |number| u64::try_from(number).unwrap_or(u64::MAX);
        report.number(name, value, wide(least)..=wide(most));
    }
}

/// Writes a query string from its pairs, with its question mark; nothing where there are none.
pub(crate) fn query_string(pairs: &[(&'static str, String)]) -> String {
    pairs
        .iter()
        .enumerate()
        .fold(String::new(), |mut text, (place, (name, value))| {
            let separator = if place == 0 { '?' } else { '&' };
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{name}={value}");
            text
        })
}

/// Declares an operation: a struct with its parameters, its [`Endpoint`], and the method of
/// [`Client`](crate::Client) that begins a [`Call`](crate::Call) of it.
///
/// The path's variables are the parameters by name; `major` names the one by which Discord counts,
/// `query` optional parameters (with `=` and a range where Discord bounds them), `needs` the permission to name when it is missing, `takes reason`
/// that the audit log shows one, `by` who asks when it is not the bot, `idempotent when` it
/// can be repeated although its method cannot, `varies` which of several limits it counts in. `body` is what is sent and
/// begins empty, to be filled by the call's setters; `sends` is what is sent and has no empty form.
macro_rules! endpoint {
    (
        $(#[$meta:meta])*
        $method:ident $path:literal as $name:ident -> $answer:ty {
            fn $call:ident( $($param:ident: $ty:ty),* $(,)? )
            $(major $major:ident;)?
            $(query { $($(#[$qmeta:meta])* $query:ident: $qty:ty $(= $range:expr)?),* $(,)? })?
            $(body: $body:ty;)?
            $(sends: $sent:ty;)?
            $(needs $needs:ident;)?
            $(takes $reason:ident;)?
            $(by $auth:ident;)?
            $(idempotent when $when:expr;)?
            $(varies $varies:expr;)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[must_use = "an endpoint does nothing until it is sent"]
        pub struct $name {
            $(
                #[doc = concat!("The path's `", stringify!($param), "`.")]
                pub $param: $ty,
            )*
            $($( $(#[$qmeta])* pub $query: Option<$qty>, )*)?
            $( #[doc = "What is sent."] pub body: $body, )?
            $( #[doc = "What is sent."] pub body: $sent, )?
        }

        impl $crate::Endpoint for $name {
            type Answer = $answer;
            const METHOD: http::Method = endpoint!(@method $method);
            const ROUTE: &'static str = concat!(endpoint!(@word $method), " ", $path);
            const AUTH: $crate::Auth = endpoint!(@auth $($auth)?);
            $(const NEEDS: ovenjs_types::Permissions = ovenjs_types::Permissions::$needs;)?

            fn path(&self) -> String {
                $( let $param = $crate::endpoint::PathPart::part(&self.$param); )*
                format!($path)
            }

            fn validate(&self) -> Result<(), ovenjs_types::Invalid> {
                let report = &mut ovenjs_types::Report::new();
                $($($( $crate::endpoint::check_query(
                    report, stringify!($query), self.$query, $range,
                ); )?)*)?
                $( <$body as $crate::Payload>::check(&self.body, report); )?
                $( <$sent as $crate::Payload>::check(&self.body, report); )?
                std::mem::take(report).into_result()
            }

            $(
                fn is_idempotent(&self) -> bool {
                    let when: fn(&Self) -> bool = $when;
                    when(self)
                }
            )?

            $(
                fn variant(&self, now_ms: u64) -> ovenjs_ratelimit::Variant {
                    let varies: fn(&Self, u64) -> ovenjs_ratelimit::Variant = $varies;
                    varies(self, now_ms)
                }
            )?

            $(
                fn major(&self) -> $crate::Major {
                    $crate::endpoint::MajorPart::major(&self.$major)
                }
            )?

            $(
                fn query(&self) -> Vec<(&'static str, String)> {
                    use $crate::endpoint::QueryValue as _;
                    [$( self.$query.as_ref().map(|value| (stringify!($query), value.value())) ),*]
                        .into_iter()
                        .flatten()
                        .collect()
                }
            )?

            $(
                fn body(&self) -> $crate::Body<'_> {
                    $crate::Body::of::<$body>(&self.body)
                }
            )?
            $(
                fn body(&self) -> $crate::Body<'_> {
                    $crate::Body::of::<$sent>(&self.body)
                }
            )?
        }

        $( endpoint!(@audited $name $reason); )?

        impl $crate::Client {
            $(#[$meta])*
            pub fn $call(
                &self,
                $($param: $ty,)*
                $(body: impl Into<$crate::Sent<$sent>>,)?
            ) -> $crate::Call<'_, $name> {
                $( let (body, is_valid) = Into::<$crate::Sent<$sent>>::into(body).split(); )?
                let call = $crate::Call::new(self, $name {
                    $($param,)*
                    $($( $query: None, )*)?
                    $( body: <$body>::default(), )?
                    $( body: { let body: $sent = body; body }, )?
                });
                $( let call = $crate::Sent::<$sent>::tell(call, is_valid); )?
                call
            }
        }

        $(impl $crate::Call<'_, $name> {
            /// Sets all that is sent.
            pub fn body(mut self, body: impl Into<$body>) -> Self {
                self.endpoint.body = body.into();
                self.known_valid(false)
            }

            /// Sets all that is sent to what is known to keep Discord's limits: it is not checked
            /// again.
            pub fn valid(mut self, body: ovenjs_types::Valid<$body>) -> Self {
                self.endpoint.body = body.into_inner();
                self.known_valid(true)
            }

            /// Changes what is sent, by the setters of its own type.
            pub fn map_body(mut self, change: impl FnOnce($body) -> $body) -> Self {
                self.endpoint.body = change(std::mem::take(&mut self.endpoint.body));
                self.known_valid(false)
            }
        })?

        $(impl $crate::Call<'_, $name> {
            $(
                $(#[$qmeta])*
                pub fn $query(mut self, $query: $qty) -> Self {
                    self.endpoint.$query = Some($query);
                    self
                }
            )*
        })?
    };
    (@method Get) => { http::Method::GET };
    (@method Post) => { http::Method::POST };
    (@method Put) => { http::Method::PUT };
    (@method Patch) => { http::Method::PATCH };
    (@method Delete) => { http::Method::DELETE };
    (@word Get) => { "GET" };
    (@word Post) => { "POST" };
    (@word Put) => { "PUT" };
    (@word Patch) => { "PATCH" };
    (@word Delete) => { "DELETE" };
    (@auth) => { $crate::Auth::Bot };
    (@auth $auth:ident) => { $crate::Auth::$auth };
    (@audited $name:ident reason) => { impl $crate::Audited for $name {} };
}

pub(crate) use endpoint;

/// Repeats the setters of a message's draft on calls that send one, so that
/// `client.create_message(channel).content("hi")` reads as a sentence.
macro_rules! draft_setters {
    ($($name:ident),*) => {$(
        impl $crate::Call<'_, $name> {
            /// Sets the text.
            pub fn content(self, content: impl Into<ovenjs_types::Text>) -> Self {
                self.map_body(|draft| draft.content(content))
            }

            /// Adds an embed.
            pub fn embed(self, embed: ovenjs_types::Embed) -> Self {
                self.map_body(|draft| draft.embed(embed))
            }

            /// Adds a component.
            pub fn component(self, component: impl ovenjs_types::InMessage) -> Self {
                self.map_body(|draft| draft.component(component))
            }

            /// Adds a file.
            pub fn file(self, file: ovenjs_types::Upload) -> Self {
                self.map_body(|draft| draft.file(file))
            }

            /// Limits who is notified.
            pub fn allowed_mentions(self, allowed: ovenjs_types::AllowedMentions) -> Self {
                self.map_body(|draft| draft.allowed_mentions(allowed))
            }
        }
    )*};
}
pub(crate) use draft_setters;

/// Repeats the setters of a message's change on calls that send one.
macro_rules! edit_setters {
    ($($name:ident),*) => {$(
        impl $crate::Call<'_, $name> {
            /// Replaces the text.
            pub fn content(self, content: impl Into<ovenjs_types::Text>) -> Self {
                self.map_body(|edit| edit.content(content))
            }

            /// Replaces the embeds.
            pub fn embeds(self, embeds: Vec<ovenjs_types::Embed>) -> Self {
                self.map_body(|edit| edit.embeds(embeds))
            }

            /// Replaces the components; an empty list takes all buttons away.
            pub fn components(self, components: Vec<ovenjs_types::Component>) -> Self {
                self.map_body(|edit| edit.components(components))
            }
        }
    )*};
}
pub(crate) use edit_setters;
