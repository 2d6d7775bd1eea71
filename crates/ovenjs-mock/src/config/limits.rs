//! The knobs of the REST limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The REST limits: buckets per route and major parameter, limits that no header speaks of, one
/// limit for the whole bot, and the shutting out of clients that are refused too often.
///
/// The defaults count and send headers, and refuse nothing that a test sends by accident.
/// [`like_discord`](Self::like_discord) sets what Discord documents and what bots have met.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_mock::{Bucket, Limits, Rate};
///
/// let limits = Limits::like_discord()
///     .route("GET /users/@me", 2, Duration::from_secs(1))
///     .bucket(Bucket::of(["PUT /channels/{channel_id}/messages/pins/{message_id}"], Rate::leaky(5, Duration::from_secs(5))));
///
/// // The last bucket that fits a request is the one that counts it.
/// assert_eq!(limits.buckets.last().expect("there are two").rate.requests, 5);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Whether anything is refused; requests are counted and headers sent either way. Default true.
    pub enforced: bool,
    /// Requests per second of the whole bot; `None` has no such limit. Default `None`; Discord's is
    /// 50. The interaction endpoints are exempt.
    ///
    /// Source: Discord, "Global Rate Limit".
    pub global_per_second: Option<u32>,
    /// Requests per second without `Authorization`, which Discord counts by address; the box has
    /// one. `None` has no such limit. Default `None`; Discord's is 50.
    pub global_per_second_of_address: Option<u32>,
    /// Where the seconds of both global limits begin, which Discord does not say. Default
    /// [`GlobalModel::Anchored`].
    pub global_model: GlobalModel,
    /// The bucket of routes that `buckets` does not name, each with its own count. Default a fixed
    /// window of 1000 per second, which no test runs into by accident.
    pub default: Rate,
    /// The buckets. Of those that fit a request the last one counts it, so that one that is added
    /// replaces what was there. Default none.
    pub buckets: Vec<Bucket>,
    /// The limits inside a bucket that its headers do not speak of. All that fit count. Default
    /// none.
    pub sublimits: Vec<Sublimit>,
    /// After how many answers of 401, 403 and 429 within `invalid_window` the client's address is
    /// shut out; 429s of a shared resource do not count. `None` shuts nobody out. Default `None`;
    /// Discord's is 10,000.
    ///
    /// Source: Discord, "Invalid Request Limit".
    pub invalid_requests: Option<u32>,
    /// How long such an answer counts. Default 10 min, as Discord's.
    #[serde(with = "crate::spelled")]
    pub invalid_window: Duration,
    /// How long an address stays shut out. Default 1 h; Discord does not say.
    #[serde(with = "crate::spelled")]
    pub shut_out_for: Duration,
    /// The status by which those who are shut out are answered, with an HTML page, `Retry-After`
    /// and no `Via`. Default 429; 403 has been met too.
    pub shut_out_status: u16,
}

/// How many requests in how long a time, and how they come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many requests.
    pub requests: u32,
    /// In how long a time.
    #[serde(with = "crate::spelled")]
    pub window: Duration,
    /// How they come back.
    #[serde(default)]
    pub model: Model,
}

/// How the requests of a bucket come back. Discord has both kinds, and no header says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// All at once, one window after the first of them: `Reset` stays where it is, and
    /// `Retry-After` is as long as `Reset-After`.
    #[default]
    Fixed,
    /// One after another, each a window divided by the limit after the one before: `Reset` is when
    /// all are back and moves with each request, and `Retry-After` is when the next one is.
    Leaky,
}

/// Where the seconds of the global limit begin. Discord does not say, so a client has to live with
/// each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlobalModel {
    /// With the seconds of Discord's calendar.
    Aligned,
    /// With the first request after the second before is over.
    #[default]
    Anchored,
    /// Nowhere: requests come back one after another.
    Leaky,
}

/// Requests that count together, per major parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Bucket {
    /// `METHOD /route/{template}` of all that share the count.
    pub routes: Vec<String>,
    /// Which of their requests. Default all.
    #[serde(default)]
    pub when: When,
    /// How many in how long a time.
    pub rate: Rate,
    /// What the headers claim, where it is not the truth. Default `None`: they tell the truth.
    #[serde(default)]
    pub shown: Option<Rate>,
    /// What `X-RateLimit-Bucket` is made from. Buckets with the same name show the same hash and
    /// count apart, as Discord's do. Default `None`: the route and `when`.
    #[serde(default)]
    pub named: Option<String>,
}

/// A limit inside a bucket, which the headers do not speak of: a request is refused while
/// `X-RateLimit-Remaining` is not 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sublimit {
    /// `METHOD /route/{template}` of all that share the count.
    pub routes: Vec<String>,
    /// Which of their requests. Default all.
    #[serde(default)]
    pub when: When,
    /// How many in how long a time.
    pub rate: Rate,
    /// How a request too many is refused. Default [`Refusal::User`].
    #[serde(default)]
    pub refusal: Refusal,
}

/// Which requests of a route a limit is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum When {
    /// All.
    #[default]
    Always,
    /// Those about a message which exists and is at least this old.
    MessageOlderThan(#[serde(with = "crate::spelled")] Duration),
    /// Those whose body has this field.
    BodyHas(String),
    /// Those about a user who is not in the guild.
    UserIsNoMember,
    /// Those that register commands. Each command with a name that is new counts as one.
    RegistersCommands,
}

/// How a request beyond a sublimit is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// By a 429 of scope `user`, with the headers of the bucket.
    #[default]
    User,
    /// By a 429 of scope `shared`, with the headers of the bucket: others use the resource too. It
    /// is not counted as an invalid request.
    Shared,
    /// By a 429 with this JSON code and no header of a bucket.
    Code(u32),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enforced: true,
            global_per_second: None,
            global_per_second_of_address: None,
            global_model: GlobalModel::default(),
            default: Rate::fixed(1000, Duration::from_secs(1)),
            buckets: Vec::new(),
            sublimits: Vec::new(),
            invalid_requests: None,
            invalid_window: Duration::from_secs(10 * 60),
            shut_out_for: HOUR,
            shut_out_status: 429,
        }
    }
}

impl Limits {
    /// No request is ever refused.
    #[must_use]
    pub fn off() -> Self {
        Self {
            enforced: false,
            ..Self::default()
        }
    }

    /// What Discord documents, and what bots have met.
    ///
    /// Documented: 50 requests a second, 10,000 invalid requests in 10 min, 200 new commands a day.
    /// Met: the buckets of messages, of their deletion by age and of reactions, and the two changes
    /// of a channel's name and of its topic in 10 min. The other numbers are this box's guesses, of
    /// the size that Discord's usually have.
    #[must_use]
    pub fn like_discord() -> Self {
        let seconds = Duration::from_secs;
        let two_weeks = seconds(14 * 24 * 3600);
        let older =
            |rate, age| Bucket::of([DELETE_MESSAGE], rate).when(When::MessageOlderThan(age));
        let limits = Self {
            global_per_second: Some(50),
            global_per_second_of_address: Some(50),
            invalid_requests: Some(10_000),
            default: Rate::leaky(10, seconds(1)),
            ..Self::default()
        };
        limits
            .bucket(Bucket::of([CREATE_MESSAGE], Rate::leaky(5, seconds(5))))
            .bucket(Bucket::of([UPDATE_MESSAGE], Rate::leaky(5, seconds(5))))
            // Young messages, and those that are gone already. Their hash is that of new messages.
            .bucket(Bucket::of([DELETE_MESSAGE], Rate::fixed(5, seconds(1))).named(CREATE_MESSAGE))
            .bucket(older(
                Rate::fixed(3, Duration::from_millis(333)),
                seconds(10),
            ))
            .bucket(older(Rate::fixed(30, seconds(4)), two_weeks))
            .bucket(
                Bucket::of(REACTIONS, Rate::fixed(1, Duration::from_millis(250)))
                    .shown(Rate::fixed(1, seconds(1))),
            )
            .bucket(Bucket::of(MEMBER_ROLES, Rate::fixed(10, seconds(10))))
            .bucket(Bucket::of([EXECUTE_WEBHOOK], Rate::leaky(5, seconds(2))))
            .bucket(
                Bucket::of(GUILD_EMOJIS, Rate::fixed(5, seconds(10)))
                    .shown(Rate::fixed(10, seconds(10))),
            )
            .sublimit(
                Sublimit::of([UPDATE_CHANNEL], Rate::fixed(2, seconds(600)))
                    .when(When::BodyHas("name".to_owned())),
            )
            .sublimit(
                Sublimit::of([UPDATE_CHANNEL], Rate::fixed(2, seconds(600)))
                    .when(When::BodyHas("topic".to_owned())),
            )
            .sublimit(
                Sublimit::of([UPDATE_MESSAGE], Rate::fixed(30, HOUR))
                    .when(When::MessageOlderThan(HOUR))
                    .refusal(Refusal::Code(30046)),
            )
            .sublimit(
                Sublimit::of(REGISTER, Rate::fixed(200, 24 * HOUR))
                    .when(When::RegistersCommands)
                    .refusal(Refusal::Code(30034)),
            )
            .sublimit(
                Sublimit::of(REGISTER_IN_GUILD, Rate::fixed(200, 24 * HOUR))
                    .when(When::RegistersCommands)
                    .refusal(Refusal::Code(30034)),
            )
            .sublimit(
                Sublimit::of(
                    ["PUT /guilds/{guild_id}/bans/{user_id}"],
                    Rate::fixed(1000, 24 * HOUR),
                )
                .when(When::UserIsNoMember)
                .refusal(Refusal::Code(30035)),
            )
            .sublimit(
                Sublimit::of(["GET /guilds/{guild_id}/bans"], Rate::fixed(100, HOUR))
                    .refusal(Refusal::Code(30037)),
            )
            .sublimit(Sublimit::of(PRUNES, Rate::fixed(20, HOUR)).refusal(Refusal::Code(30040)))
            .sublimit(
                Sublimit::of(["PATCH /guilds/{guild_id}/widget"], Rate::fixed(20, HOUR))
                    .refusal(Refusal::Code(30042)),
            )
    }

    /// Sets the limit of the whole bot, per second.
    #[must_use]
    pub const fn global_per_second(mut self, requests: u32) -> Self {
        self.global_per_second = Some(requests);
        self
    }

    /// Sets the limit of requests without `Authorization`, per second.
    #[must_use]
    pub const fn global_per_second_of_address(mut self, requests: u32) -> Self {
        self.global_per_second_of_address = Some(requests);
        self
    }

    /// Sets where the seconds of the global limits begin.
    #[must_use]
    pub const fn global_model(mut self, model: GlobalModel) -> Self {
        self.global_model = model;
        self
    }

    /// Gives one `METHOD /route/{template}` a bucket of its own, with fixed windows.
    #[must_use]
    pub fn route(self, route: impl Into<String>, requests: u32, window: Duration) -> Self {
        self.bucket(Bucket::of([route], Rate::fixed(requests, window)))
    }

    /// Adds a bucket.
    #[must_use]
    pub fn bucket(mut self, bucket: Bucket) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// Adds a limit that no header speaks of.
    #[must_use]
    pub fn sublimit(mut self, sublimit: Sublimit) -> Self {
        self.sublimits.push(sublimit);
        self
    }

    /// Shuts an address out for `shut_out_for` after so many invalid requests.
    #[must_use]
    pub const fn invalid_requests(mut self, most: u32, shut_out_for: Duration) -> Self {
        self.invalid_requests = Some(most);
        self.shut_out_for = shut_out_for;
        self
    }
}

impl Rate {
    /// So many requests per window, all back at its end.
    #[must_use]
    pub const fn fixed(requests: u32, window: Duration) -> Self {
        Self {
            requests,
            window,
            model: Model::Fixed,
        }
    }

    /// So many requests at once, which come back one after another in the course of a window.
    #[must_use]
    pub const fn leaky(requests: u32, window: Duration) -> Self {
        Self {
            requests,
            window,
            model: Model::Leaky,
        }
    }
}

impl Bucket {
    /// A bucket for these `METHOD /route/{template}` together.
    #[must_use]
    pub fn of<R: Into<String>>(routes: impl IntoIterator<Item = R>, rate: Rate) -> Self {
        Self {
            routes: routes.into_iter().map(Into::into).collect(),
            when: When::Always,
            rate,
            shown: None,
            named: None,
        }
    }

    /// Counts only these of the routes' requests.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Lets the headers claim this rate.
    #[must_use]
    pub const fn shown(mut self, rate: Rate) -> Self {
        self.shown = Some(rate);
        self
    }

    /// Makes the hash from this name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.named = Some(name.into());
        self
    }
}

impl Sublimit {
    /// A limit for these `METHOD /route/{template}` together.
    #[must_use]
    pub fn of<R: Into<String>>(routes: impl IntoIterator<Item = R>, rate: Rate) -> Self {
        Self {
            routes: routes.into_iter().map(Into::into).collect(),
            when: When::Always,
            rate,
            refusal: Refusal::User,
        }
    }

    /// Counts only these of the routes' requests.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Refuses in this way.
    #[must_use]
    pub const fn refusal(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }
}

const HOUR: Duration = Duration::from_secs(3600);

const CREATE_MESSAGE: &str = "POST /channels/{channel_id}/messages";
const UPDATE_MESSAGE: &str = "PATCH /channels/{channel_id}/messages/{message_id}";
const DELETE_MESSAGE: &str = "DELETE /channels/{channel_id}/messages/{message_id}";
const UPDATE_CHANNEL: &str = "PATCH /channels/{channel_id}";
const EXECUTE_WEBHOOK: &str = "POST /webhooks/{webhook_id}/{webhook_token}";

const REACTIONS: [&str; 5] = [
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions",
];

const MEMBER_ROLES: [&str; 2] = [
    "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}",
    "DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}",
];

const GUILD_EMOJIS: [&str; 3] = [
    "POST /guilds/{guild_id}/emojis",
    "PATCH /guilds/{guild_id}/emojis/{emoji_id}",
    "DELETE /guilds/{guild_id}/emojis/{emoji_id}",
];

const REGISTER: [&str; 2] = [
    "POST /applications/{application_id}/commands",
    "PUT /applications/{application_id}/commands",
];

const REGISTER_IN_GUILD: [&str; 2] = [
    "POST /applications/{application_id}/guilds/{guild_id}/commands",
    "PUT /applications/{application_id}/guilds/{guild_id}/commands",
];

const PRUNES: [&str; 2] = [
    "GET /guilds/{guild_id}/prune",
    "POST /guilds/{guild_id}/prune",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::Oracle;

    #[test]
    fn the_real_limits_are_about_real_routes() {
        let oracle = Oracle::embedded();
        let limits = Limits::like_discord();
        let buckets = limits.buckets.iter().flat_map(|bucket| &bucket.routes);
        let sublimits = limits.sublimits.iter().flat_map(|limit| &limit.routes);
        for route in buckets.chain(sublimits) {
            let known = oracle
                .routes()
                .any(|(method, path)| *route == format!("{method} {path}"));
            assert!(known, "{route}");
        }
    }
}
