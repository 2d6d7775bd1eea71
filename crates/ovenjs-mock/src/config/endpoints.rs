//! Where the application takes what Discord posts to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The endpoints of the application, and how patient the box is with them.
///
/// Both may also be set while the box runs: by the bot with `PATCH /applications/@me`, by a test with
/// [`Discord::set_interactions_endpoint`](crate::Discord::set_interactions_endpoint). Only then are
/// they asked who they are; here they are taken as they stand, since the bot is started later.
///
/// ```
/// use ovenjs_mock::{Config, Endpoints};
///
/// let endpoints = Endpoints::default()
///     .interactions("http://127.0.0.1:8080/interactions")
///     .events("http://127.0.0.1:8080/events", ["ENTITLEMENT_CREATE"]);
/// let config = Config::default().endpoints(endpoints);
/// assert_eq!(config.endpoints.event_types, ["ENTITLEMENT_CREATE"]);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Endpoints {
    /// The URL that interactions are posted to instead of the gateway's INTERACTION_CREATE, on this
    /// machine: `http://127.0.0.1:8080/interactions`. Default `None`, the gateway.
    pub interactions: Option<String>,
    /// The URL that webhook events are posted to, on this machine. Default `None`, nothing is posted.
    pub events: Option<String>,
    /// Which webhook events are posted, by Discord's names. Default none.
    pub event_types: Vec<String>,
    /// How long the answer to anything but an interaction may take. Default 3 s.
    #[serde(with = "crate::spelled")]
    pub answer_within: Duration,
    /// The pause before a webhook event that was not taken is posted again; each further one is
    /// twice as long. Default 1 s; Discord says nothing but that it grows.
    #[serde(with = "crate::spelled")]
    pub first_retry: Duration,
    /// How long after the first attempt a webhook event is given up. Default 10 min.
    #[serde(with = "crate::spelled")]
    pub retry_for: Duration,
    /// How many webhook events in a row are given up before none is posted any more. Default 5;
    /// Discord says only that it happens.
    pub event_failures: u32,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            interactions: None,
            events: None,
            event_types: Vec::new(),
            answer_within: Duration::from_secs(3),
            first_retry: Duration::from_secs(1),
            retry_for: Duration::from_secs(10 * 60),
            event_failures: 5,
        }
    }
}

impl Endpoints {
    /// Posts interactions to this URL.
    #[must_use]
    pub fn interactions(mut self, url: impl Into<String>) -> Self {
        self.interactions = Some(url.into());
        self
    }

    /// Posts these webhook events to this URL.
    #[must_use]
    pub fn events<N: Into<String>>(
        mut self,
        url: impl Into<String>,
        types: impl IntoIterator<Item = N>,
    ) -> Self {
        self.events = Some(url.into());
        self.event_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Waits this long for the answer to anything but an interaction.
    #[must_use]
    pub const fn answer_within(mut self, span: Duration) -> Self {
        self.answer_within = span;
        self
    }

    /// Posts an event again after this pause first, and gives it up after so long.
    #[must_use]
    pub const fn retry(mut self, first: Duration, give_up_after: Duration) -> Self {
        self.first_retry = first;
        self.retry_for = give_up_after;
        self
    }

    /// Posts no event any more after so many in a row were given up.
    #[must_use]
    pub const fn event_failures(mut self, events: u32) -> Self {
        self.event_failures = events;
        self
    }
}
