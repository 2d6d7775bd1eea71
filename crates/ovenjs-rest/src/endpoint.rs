//! One deed, one value: what an operation of Discord's is, and the line that declares one.

mod answer;
mod body;
mod declare;
mod part;
mod show;

use std::{fmt, ops::RangeInclusive};

use http::Method;
use ovenjs_ratelimit::{Major, Variant};
use ovenjs_types::{Invalid, Permissions, Secret, json};

pub(crate) use answer::json_answers;
pub use answer::{Answer, Picture, Rows};
pub use body::{Body, Carries, Part, Payload, Sent};
pub(crate) use body::{body, sent_as, setters_of};
pub(crate) use declare::endpoint;
pub(crate) use part::{
    MajorPart, PathPart, QueryValue, query_codes, query_string, query_values, wire_name,
};
pub use show::{Bearer, Credentials};
pub(crate) use show::{exposed, exposed_option};

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
    /// Whether a user may ask as well, by a token of theirs: see [`Call::as_user`](crate::Call::as_user).
    const BY_USER: bool = false;
    /// Whether the audit log shows a reason: see [`Call::reason`](crate::Call::reason).
    const AUDITED: bool = false;
    /// The permission that a refusal with code 50013 is about; empty where several may be meant.
    const NEEDS: Permissions = Permissions::empty();
    /// Whether a missing permission is missing whatever the body says, as long as it has the same fields.
    /// Elsewhere another body may be within the bot's permissions.
    const DENIED_ALIKE: bool = false;
    /// The path's variable that names the resource by which Discord counts apart: see [`major`](Self::major).
    const MAJOR: Option<&'static str> = None;
    /// The path's variable that names the message by whose age Discord counts apart: see
    /// [`variant`](Self::variant).
    const AGED: Option<&'static str> = None;
    /// Whether a nonce in its body makes it idempotent: see [`make_idempotent`](Self::make_idempotent).
    const ENFORCES_NONCE: bool = false;
    /// What its query can say.
    const QUERY: &'static [Parameter] = &[];

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

    /// What is shown instead of the bot's token: the `Authorization` header, in whole.
    fn authorization(&self) -> Option<Secret> {
        None
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

    /// Makes it so by this nonce, where Discord enforces one and the caller set none. Elsewhere
    /// nothing changes.
    fn make_idempotent(&mut self, nonce: u64) {
        _ = nonce;
    }
}

/// Whether an operation deletes and says nothing when it has.
pub(crate) fn is_quiet_deletion<E: Endpoint>() -> bool {
    E::METHOD == Method::DELETE && E::Answer::read(&[], &mut json::Scratch::new()).is_ok()
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it has to be there.
    pub is_required: bool,
    /// What a number lies within, or the length of a text or list; none where Discord has no bound.
    pub range: Option<RangeInclusive<usize>>,
}

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// The bot, by its token in the `Authorization` header.
    Bot,
    /// A user, by the token that they granted the application: [`Bearer`].
    User,
    /// The application, by its id and client secret: [`Credentials`].
    Application,
    /// Whoever knows the interaction's token in the path. The bot's token is not shown, the global
    /// limit does not count it, and it goes out even when too many requests were invalid.
    Interaction,
    /// Whoever knows the webhook's token in the path. The bot's token is not shown.
    Webhook,
    /// Anyone: no token is shown.
    Nobody,
}

/// An operation whose reason the audit log shows; see [`Call::reason`](crate::Call::reason).
pub trait Audited: Endpoint {}

/// An operation that a user may ask for as well; see [`Call::as_user`](crate::Call::as_user).
pub trait ByUser: Endpoint {}
