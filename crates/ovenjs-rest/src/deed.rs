//! What a request does, as far as limits and refusals go by it: which fields it changes, which deed
//! it is, and what an answer says of doing it again.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};

use http::{HeaderValue, Method};
use ovenjs_ratelimit::{Ask, Deed, Headers, Shape, Verdict};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use crate::{
    Auth, Error,
    error::{
        ErrorBody, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK,
        WRONG_TOKEN, document,
    },
    request::Parts,
};

/// What the limiter is asked for a request.
pub(crate) fn ask(parts: &Parts, deed: Option<Deed>) -> Ask {
    let ask = parts.ask.shape(shape(parts));
    match deed {
        Some(deed) => ask.deed(deed),
        None => ask,
    }
}

/// What an answer means to the limiter. `wait` is what the body of a 429 said, `with_token` whether
/// the bot's token was shown.
pub(crate) fn verdict(
    parts: &Parts,
    status: u16,
    body: Option<&ErrorBody>,
    headers: Headers,
    with_token: bool,
) -> Verdict {
    let wait = body.and_then(ErrorBody::retry_after);
    let code = body.and_then(ErrorBody::code);
    match (Verdict::of(status, headers, wait, with_token), code) {
        (Verdict::Counted(headers), Some(code)) if status == 404 && is_gone(parts.auth, code) => {
            Verdict::Gone(headers)
        }
        (Verdict::Refused(headers), Some(code)) if is_denied(parts.auth, code) => {
            Verdict::Denied(headers)
        }
        (verdict, _) => verdict,
    }
}

/// Whether what was done well may have changed what the bot may do: all but talk may.
pub(crate) fn may_permit(parts: &Parts) -> bool {
    parts.method != Method::GET && !TALK.iter().any(|part| parts.route.contains(part))
}

/// The words of refusals that are remembered, for those who would be refused again.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    words: HashMap<Deed, Error>,
    last: Option<Instant>,
}

impl Refusals {
    pub(crate) fn note(&mut self, now: Instant, deed: Deed, error: &Error) {
        if self.words.len() >= REMEMBERED_MAX {
            self.words.clear();
        }
        self.words.insert(deed, error.share());
        self.last = Some(now);
    }

    /// Whether the limiter may remember any; where it cannot, nobody need say what they do.
    pub(crate) fn are_any(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now < last + DENIED)
    }

    /// The same for another call, which is not sent.
    pub(crate) fn again(&self, deed: Deed, wait: Duration) -> Option<Error> {
        Some(self.words.get(&deed)?.share().unsent_again(wait))
    }
}

/// What a change changes: Discord limits some fields apart, such as a channel's name. Of messages it
/// limits none so, and there are too many of them to remember each.
fn shape(parts: &Parts) -> Shape {
    if parts.method == Method::PATCH && !parts.route.contains("/messages") {
        Shape::of(fields(&parts.body).iter().map(|field| &**field))
    } else {
        Shape::NONE
    }
}

/// What would be refused again if this is: the token in the path, whatever is done by it; else the
/// same operation on the same things, by the same body, or by one with the same fields where that is
/// all that matters. Whoever wants an answer by all means has no such deed.
///
/// It is while the bot's permissions are those of the number `permissions`. It goes through the whole
/// body, so it is not for every request.
pub(crate) fn of(parts: &Parts, permissions: u64) -> Option<Deed> {
    if parts.is_fresh {
        return None;
    }
    if matches!(parts.auth, Auth::Webhook | Auth::Interaction) {
        return Some(Deed::of(parts.ask.key.major, 0));
    }
    let shown = parts.authorization.as_ref().map(HeaderValue::as_bytes);
    let what = (parts.route, &parts.path, shown);
    Some(if parts.is_denied_alike {
        Deed::of((what, fields(&parts.body)), permissions)
    } else {
        Deed::of((what, &parts.body), permissions)
    })
}

/// Whether a 404 says that the token in the path is over. That there is no webhook yet an interaction
/// is told as well, until it is answered.
const fn is_gone(auth: Auth, code: u32) -> bool {
    matches!(
        (auth, code),
        (Auth::Webhook, UNKNOWN_WEBHOOK) | (Auth::Interaction, UNKNOWN_INTERACTION)
    )
}

/// Whether a refusal would come again.
const fn is_denied(auth: Auth, code: u32) -> bool {
    match auth {
        Auth::Webhook | Auth::Interaction => code == WRONG_TOKEN,
        _ => matches!(code, MISSING_ACCESS | MISSING_PERMISSIONS),
    }
}

/// The names of a body's fields; none where it is no JSON object.
fn fields(body: &[u8]) -> Vec<Cow<'_, str>> {
    let json = document(body).unwrap_or_default();
    serde_json::from_slice(json).map_or_else(|_| Vec::new(), |Fields(fields)| fields)
}

struct Fields<'a>(Vec<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((Name(name), IgnoredAny)) = map.next_entry()? {
            fields.push(name);
        }
        Ok(Fields(fields))
    }
}

/// Borrowed where it can be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// What only talks: it changes nobody's permissions.
const TALK: [&str; 4] = ["/messages", "/webhooks", "/interactions", "/typing"];

/// As long as the limiter remembers one, and then some.
const DENIED: Duration = Duration::from_secs(90);

/// The refusals whose words are kept: some hundred bytes each, and as many as a bot meets within the
/// minute for which they are remembered.
const REMEMBERED_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_body_are_those_at_its_top() {
        assert_eq!(
            fields(br#"{"name":{"a":1},"to\u0070ic":[{}]}"#),
            ["name", "topic"]
        );
        let form =
            b"--x\r\nContent-Disposition: form-data\r\n\r\n{\"content\":\"--\"}\r\n--x--\r\n";
        assert_eq!(fields(form), ["content"]);
        for strange in [&b""[..], b"[1]", b"{", b"\xff", b"{\"a\":1}}", b"--"] {
            assert!(fields(strange).is_empty());
        }
    }
}
