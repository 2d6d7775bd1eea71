//! What Discord's answers say about limits.

use std::{num::NonZeroU64, time::Duration};

use crate::ask::number;

/// The rate-limit headers of one answer. What is absent or unreadable is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Headers {
    /// `X-RateLimit-Limit`: requests per window.
    pub limit: Option<u32>,
    /// `X-RateLimit-Remaining`: requests left in this window.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset`: the end of the window on Discord's clock, since 1970. It names the
    /// window and is never compared with a clock of ours.
    pub reset: Option<Duration>,
    /// `X-RateLimit-Reset-After`: how long the window lasts from the moment of the answer.
    pub reset_after: Option<Duration>,
    /// `X-RateLimit-Bucket`: the name of the limit, without the resource it is counted for.
    pub bucket: Option<Bucket>,
    /// `X-RateLimit-Scope`, on a 429.
    pub scope: Option<Scope>,
    /// `X-RateLimit-Global`: the 429 is one of the global limit.
    pub global: bool,
    /// `Retry-After`, on a 429.
    pub retry_after: Option<Duration>,
}

/// The name of a bucket, as a number: names are only ever compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket(NonZeroU64);

/// Whose limit a 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This bot's limit on this route.
    User,
    /// This bot's limit over all routes.
    Global,
    /// The resource's limit, which others have used up. Not our fault and not counted as such.
    Shared,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Answered and counted.
    Counted(Headers),
    /// Answered with 403, or with 401 for another credential than the bot's token: counted, and
    /// counted as invalid.
    Refused(Headers),
    /// The same for want of a permission, or for a token that is no good: the
    /// [`Deed`](crate::Deed) would be refused again, and is remembered.
    Denied(Headers),
    /// Answered with 404 to a webhook or an interaction's token: it is gone, and asking again would
    /// be refused.
    Gone(Headers),
    /// Answered with 401: the bot's token is refused, and no request with it will pass.
    Unauthorized,
    /// Answered with 429.
    Limited {
        /// Whose limit.
        scope: Scope,
        /// How long to wait. It prevails over [`Headers::reset_after`].
        retry_after: Duration,
        /// The headers beside it.
        headers: Headers,
    },
    /// It never left: the slot is free again.
    Unsent,
    /// It left and nobody knows what became of it: it counts as spent.
    Lost,
}

/// The longest wait believed. A day: beyond it a number is more likely broken than meant.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// The wait taken from a 429 that names none, as Cloudflare's sometimes do not.
pub const RETRY_AFTER_UNSAID: Duration = Duration::from_secs(5);

impl Headers {
    /// Sets the end of the window on Discord's clock.
    #[must_use]
    pub const fn with_reset(mut self, reset: Duration) -> Self {
        self.reset = Some(reset);
        self
    }

    /// Reads the headers through `header`, which is asked for lower-case names.
    pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Self {
        let count = |name| header(name)?.trim_ascii().parse().ok();
        let seconds = |name| seconds(header(name)?);
        Self {
            limit: count("x-ratelimit-limit"),
            remaining: count("x-ratelimit-remaining"),
            reset: header("x-ratelimit-reset").and_then(decimal),
            reset_after: seconds("x-ratelimit-reset-after"),
            bucket: header("x-ratelimit-bucket").map(Bucket::of),
            scope: header("x-ratelimit-scope").and_then(Scope::from_name),
            global: header("x-ratelimit-global").is_some_and(|text| text.trim() == "true"),
            retry_after: seconds("retry-after"),
        }
    }
}

impl Bucket {
    /// The bucket that Discord calls `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(NonZeroU64::new(number(name)).unwrap_or(NonZeroU64::MIN))
    }
}

impl Scope {
    /// `user`, `global` or `shared`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Global => "global",
            Self::Shared => "shared",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::Global, Self::Shared]
            .into_iter()
            .find(|scope| scope.name() == name.trim())
    }
}

impl Verdict {
    /// The verdict on an answer with `status`. `retry_after` is what the body of a 429 said, which
    /// is more precise than the header; `with_token` whether the bot's token was shown.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ovenjs_ratelimit::{Headers, Scope, Verdict};
    ///
    /// let headers = Headers::read(|name| (name == "x-ratelimit-scope").then_some("shared"));
    /// let verdict = Verdict::of(429, headers, Some(Duration::from_secs(9)), true);
    /// assert!(matches!(verdict, Verdict::Limited { scope: Scope::Shared, retry_after, .. }
    ///     if retry_after.as_secs() == 9));
    /// // A server error says nothing about limits: the request may or may not have counted.
    /// assert_eq!(Verdict::of(502, Headers::default(), None, true), Verdict::Lost);
    /// ```
    #[must_use]
    pub fn of(
        status: u16,
        headers: Headers,
        retry_after: Option<Duration>,
        with_token: bool,
    ) -> Self {
        match status {
            429 => Self::Limited {
                scope: if headers.global {
                    Scope::Global
                } else {
                    headers.scope.unwrap_or(Scope::User)
                },
                retry_after: retry_after
                    .or(headers.retry_after)
                    .or(headers.reset_after)
                    .unwrap_or(RETRY_AFTER_UNSAID)
                    .min(RETRY_AFTER_MAX),
                headers,
            },
            401 if with_token => Self::Unauthorized,
            401 | 403 => Self::Refused(headers),
            500.. if headers.limit.is_none() => Self::Lost,
            _ => Self::Counted(headers),
        }
    }
}

/// Seconds with decimals, never negative, never longer than believed.
fn seconds(text: &str) -> Option<Duration> {
    let plain = decimal(text).or_else(|| {
        let seconds: f64 = text.trim().parse().ok()?;
        let seconds = Some(seconds).filter(|seconds| !seconds.is_nan())?;
        Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(RETRY_AFTER_MAX))
    });
    Some(plain?.min(RETRY_AFTER_MAX))
}

/// Seconds as Discord writes them: digits, with at most nine decimals. Read so they are exact, and cheap;
/// each answer has two.
fn decimal(text: &str) -> Option<Duration> {
    let text = text.trim_ascii().as_bytes();
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, part) = match point {
        Some(point) => (text.get(..point)?, text.get(point + 1..)?),
        None => (text, b"0".as_slice()),
    };
    let missing = 9_usize.checked_sub(part.len())?;
    let nanos = (0..missing).fold(digits(part)?, |number, _| number * 10);
    Some(Duration::new(digits(whole)?, u32::try_from(nanos).ok()?))
}

/// A number of at most so many digits that it cannot be too large.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let (mut number, mut is_number) = (0_u64, true);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        is_number &= digit < 10;
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_numbers_never_panic() {
        for text in [
            "",
            "x",
            "-1",
            "-0.5",
            "NaN",
            "inf",
            "-inf",
            "1e400",
            "99999999999999999999",
        ] {
            let headers = Headers::read(|_| Some(text));
            assert!(
                headers
                    .reset_after
                    .is_none_or(|wait| wait <= RETRY_AFTER_MAX),
                "{text}"
            );
            assert!(
                headers
                    .retry_after
                    .is_none_or(|wait| wait <= RETRY_AFTER_MAX),
                "{text}"
            );
            assert!(headers.limit.is_none(), "{text}");
        }
        assert_eq!(seconds("64.57"), Some(Duration::from_millis(64_570)));
        assert_eq!(seconds("inf"), Some(RETRY_AFTER_MAX));
        assert_eq!(seconds(" 1e1 "), Some(Duration::from_secs(10)));
        assert_eq!(
            decimal("1766400000.123"),
            Some(Duration::from_millis(1_766_400_000_123))
        );
        for (text, read) in [
            ("7", Some(7_000)),
            ("0.05", Some(50)),
            (".5", None),
            ("5.", None),
            ("+5", None),
            ("1.0000000001", None),
        ] {
            assert_eq!(decimal(text), read.map(Duration::from_millis), "{text}");
        }
        assert_eq!(seconds("-3"), Some(Duration::ZERO));
    }

    #[test]
    fn a_429_without_any_number_still_waits() {
        let Verdict::Limited {
            scope, retry_after, ..
        } = Verdict::of(429, Headers::default(), None, true)
        else {
            panic!()
        };
        assert_eq!((scope, retry_after), (Scope::User, RETRY_AFTER_UNSAID));
    }

    #[test]
    fn the_body_prevails_over_the_headers_of_a_429() {
        let headers = Headers {
            retry_after: Some(Duration::from_secs(65)),
            reset_after: Some(Duration::from_secs(64)),
            ..Headers::default()
        };
        let wait = Some(Duration::from_secs(1_336));
        let Verdict::Limited { retry_after, .. } = Verdict::of(429, headers, wait, true) else {
            panic!()
        };
        assert_eq!(retry_after.as_secs(), 1_336);
    }

    #[test]
    fn only_the_bots_token_can_be_unauthorized() {
        let headers = Headers::default();
        assert_eq!(Verdict::of(401, headers, None, true), Verdict::Unauthorized);
        assert_eq!(
            Verdict::of(401, headers, None, false),
            Verdict::Refused(headers)
        );
    }
}
