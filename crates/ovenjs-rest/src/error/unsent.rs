//! Errors of calls that were not sent.

use std::time::Duration;

use ovenjs_types::Invalid;

use super::{
    Error, ErrorKind, FIELDS_MAX,
    repairs::{
        MISSING_PERMISSIONS, TOKEN_REFUSED, UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, WRONG_TOKEN,
        repair,
    },
};
use crate::{Auth, request::Operation};

impl Error {
    /// A request that Discord would refuse.
    pub(crate) fn unsent(route: &'static str, invalid: Invalid) -> Self {
        let text = "Discord would refuse this, so it was not sent";
        let mut error = Self::new(ErrorKind::Invalid, route, text);
        let violations = invalid.violations().iter().take(FIELDS_MAX);
        error.0.fields = violations.map(ToString::to_string).collect();
        error.because(invalid)
    }

    pub(crate) fn open(route: &'static str, wait: Duration) -> Self {
        let text = "Discord failed too often lately, so this was not sent; see discordstatus.com";
        Self::new(ErrorKind::Open, route, text).after(Some(wait))
    }

    /// The bot's token was refused, by an earlier call.
    pub(crate) fn token_refused(route: &'static str) -> Self {
        Self::new(ErrorKind::Unauthorized, route, TOKEN_REFUSED)
    }

    /// The client shows no token, and this needs one.
    pub(crate) fn token_missing(route: &'static str) -> Self {
        let text = "this needs a token, and the client was built without one; build it with \
                    `Client::builder`";
        Self::new(ErrorKind::Config, route, text)
    }

    pub(crate) fn too_many_invalid(route: &'static str, wait: Duration) -> Self {
        Self::new(
            ErrorKind::Stopped,
            route,
            "nothing is sent any more, since too many answers of the last ten minutes were 401, 403 \
             or 429 and Discord bans the address for more; find the failing call",
        )
        .after(Some(wait))
    }

    /// The webhook or the interaction that the token in the path was of is no more, as an earlier call
    /// was told.
    pub(crate) fn gone(operation: Operation) -> Self {
        let code = match operation.auth {
            Auth::Interaction => UNKNOWN_INTERACTION,
            _ => UNKNOWN_WEBHOOK,
        };
        let text = repair(ErrorKind::NotFound, Some(code), operation).unwrap_or_default();
        let mut error = Self::new(ErrorKind::NotFound, operation.route, text);
        error.0.code = Some(code);
        error.not_sent()
    }

    /// An earlier call was refused the same.
    pub(crate) fn denied(operation: Operation, wait: Duration) -> Self {
        let kind = match operation.auth {
            Auth::Webhook | Auth::Interaction => ErrorKind::Unauthorized,
            _ => ErrorKind::Forbidden,
        };
        let code = match kind {
            ErrorKind::Forbidden => MISSING_PERMISSIONS,
            _ => WRONG_TOKEN,
        };
        let text = repair(kind, Some(code), operation).unwrap_or_default();
        Self::new(kind, operation.route, text).unsent_again(wait)
    }

    /// The same for a call that is not sent, since it would be refused again until then.
    pub(crate) fn unsent_again(mut self, wait: Duration) -> Self {
        self.0.status = None;
        self.0.may_have_arrived = false;
        self.not_sent().after(Some(wait))
    }

    fn not_sent(mut self) -> Self {
        self.0
            .text
            .push_str("; Discord said so before, so this was not sent");
        self
    }
}
