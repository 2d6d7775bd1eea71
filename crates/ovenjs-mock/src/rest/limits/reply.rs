//! How a limit is told: headers, bodies, and the page of the proxy in front of Discord.

use std::time::Duration;

use serde_json::json;

use crate::{
    faults::Delivery,
    json::object,
    rest::{Body, Reply, via},
};

use super::{Allowance, Limiter, Refused, Scope, millis_up};

impl Allowance {
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("X-RateLimit-Limit", self.limit.to_string()),
            ("X-RateLimit-Remaining", self.remaining.to_string()),
            ("X-RateLimit-Reset", seconds(self.reset_unix_ms)),
            ("X-RateLimit-Reset-After", seconds(self.reset_after_ms)),
            ("X-RateLimit-Bucket", self.bucket.clone()),
        ]
    }
}

impl Refused {
    /// A refusal without need, which a fault asks for.
    pub(crate) const fn by_chance(
        wait: Duration,
        scope: Scope,
        allowance: Option<Allowance>,
    ) -> Self {
        Self {
            wait,
            scope,
            code: None,
            allowance,
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let global = self.scope == Scope::Global;
        let mut headers = via();
        headers.push(("Retry-After", whole_seconds(self.wait)));
        headers.push(("X-RateLimit-Scope", self.scope.as_str().to_owned()));
        if global {
            headers.push(("X-RateLimit-Global", "true".to_owned()));
        }
        headers.extend(self.allowance.iter().flat_map(Allowance::headers));
        let message = match (self.code, self.scope) {
            (Some(code), _) => message(code),
            (None, Scope::Shared) => "The resource is being rate limited.",
            (None, Scope::User | Scope::Global) => "You are being rate limited.",
        };
        let wait = Duration::from_millis(millis_up(self.wait)).as_secs_f64();
        let mut body = object(json!({
            "message": message,
            "retry_after": wait,
            "global": global,
        }));
        if let Some(code) = self.code {
            body.insert("code".to_owned(), code.into());
        }
        Reply {
            status: 429,
            headers,
            body: Body::Json(body.into()),
            delivery: Delivery::Whole,
        }
    }
}

impl Limiter {
    /// What the proxy in front of Discord answers to those who are shut out: not Discord's JSON, and
    /// without the header by which its answers are known.
    pub(crate) fn turned_away(&self, left: Duration) -> Reply {
        let page = "<html><head><title>Access denied</title></head>\
                    <body>error code: 1015</body></html>";
        Reply {
            status: self.limits.shut_out_status,
            headers: vec![("Retry-After", whole_seconds(left))],
            body: Body::Html(page.to_owned()),
            delivery: Delivery::Whole,
        }
    }
}

/// The words of the JSON codes that are limits in time.
const fn message(code: u32) -> &'static str {
    match code {
        30034 => "Maximum number of daily application command creates has been reached (200)",
        30035 => "Maximum number of bans for non-guild members have been exceeded",
        30037 => "Maximum number of bans fetches has been reached",
        30040 => "Maximum number of prune requests has been reached. Try again later",
        30042 => {
            "Maximum number of guild widget settings updates has been reached. Try again later"
        }
        30046 => "Maximum number of edits to messages older than 1 hour reached. Try again later",
        _ => "You are being rate limited.",
    }
}

/// `1798761600123` → `1798761600.123`.
fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// The header `Retry-After` knows no fractions, and must not be too short.
fn whole_seconds(span: Duration) -> String {
    millis_up(span).div_ceil(1000).to_string()
}
