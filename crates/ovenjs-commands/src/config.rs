//! The knobs of a router.

use std::time::Duration;

/// How a [`Router`](crate::Router) behaves.
///
/// All of it can change while the bot runs, so all of it is in [`Live`].
///
/// ```
/// use std::time::Duration;
/// use ovenjs_commands::{Config, Live};
///
/// let config = Config::new().live(Live::new().gone("This button has had its day."));
/// assert_eq!(config.live.defer_after, Duration::from_secs(2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What can change while the bot runs.
    pub live: Live,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the part that can change while the bot runs.
    #[must_use]
    pub fn live(mut self, live: Live) -> Self {
        self.live = live;
        self
    }
}

/// The part of [`Config`] that can change while the bot runs, by
/// [`Router::apply`](crate::Router::apply).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// How long a handler with a `Cx` may take before the interaction is deferred for it.
    ///
    /// Default: 2 seconds, which leaves one of Discord's three for the way there. Lower it where
    /// the way to Discord is slow; at most [`DEFER_AFTER_MAX`].
    pub defer_after: Duration,
    /// What the user reads, alone, when a handler failed before it answered.
    ///
    /// Default: `Something went wrong. Please try again later.` Set it to your users' language.
    pub apology: String,
    /// What the user reads, alone, when nothing is registered for the command, button or modal any
    /// more. None leaves the interaction unanswered.
    ///
    /// Default: none, so that a second process can answer what this one does not know. Set it
    /// where this bot is the only one of its application.
    pub gone: Option<String>,
}

impl Live {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`defer_after`](Self::defer_after).
    #[must_use]
    pub const fn defer_after(mut self, delay: Duration) -> Self {
        self.defer_after = delay;
        self
    }

    /// Sets [`apology`](Self::apology).
    #[must_use]
    pub fn apology(mut self, text: impl Into<String>) -> Self {
        self.apology = text.into();
        self
    }

    /// Sets [`gone`](Self::gone).
    #[must_use]
    pub fn gone(mut self, text: impl Into<String>) -> Self {
        self.gone = Some(text.into());
        self
    }
}

impl Default for Live {
    fn default() -> Self {
        Self {
            defer_after: Duration::from_secs(2),
            apology: "Something went wrong. Please try again later.".to_owned(),
            gone: None,
        }
    }
}

/// The longest [`Live::defer_after`]: Discord forgets an interaction after three seconds, and a
/// tenth of a second is little for the way there.
pub const DEFER_AFTER_MAX: Duration = Duration::from_millis(2900);
