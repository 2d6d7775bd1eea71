//! A box and a bot in it, by one call.

use std::{fmt::Display, future::Future, panic::Location};

use crate::config::Config;

use super::{Discord, complaint::Scene};

impl Discord {
    /// Starts a box as it is by default and lets `start` start a bot in it: the first line of a bot
    /// author's test. Gives both once the bot has a session.
    ///
    /// What `start` gives is held by the caller, in most cases so that dropping it ends the bot.
    /// [`with_bot_in`](Self::with_bot_in) takes a configuration. Panics when the bot does not start,
    /// which names the error, or does not connect in time.
    ///
    /// ```no_run
    /// # struct Bot;
    /// # impl Bot {
    /// #     fn at(self, _: String, _: String) -> Self { self }
    /// #     async fn start(self) -> Result<(), ovenjs_mock::Error> { Ok(()) }
    /// # }
    /// # fn bot() -> Bot { Bot }
    /// # async fn story() {
    /// use ovenjs_mock::Discord;
    ///
    /// let (discord, _bot) =
    ///     Discord::with_bot(|d| bot().at(d.base_url(), d.token()).start()).await;
    ///
    /// discord.user("ann").slash("/ping").await.says("Pong!");
    /// # }
    /// ```
    #[track_caller]
    pub fn with_bot<F, B, E>(start: impl FnOnce(&Self) -> F) -> impl Future<Output = (Self, B)>
    where
        F: Future<Output = Result<B, E>>,
        E: Display,
    {
        Self::with_bot_in(Config::default(), start)
    }

    /// Starts a box and lets `start` start a bot in it; see [`with_bot`](Self::with_bot).
    ///
    /// # Panics
    ///
    /// When the box or the bot does not start, or the bot does not connect in time.
    #[track_caller]
    pub fn with_bot_in<F, B, E>(
        config: Config,
        start: impl FnOnce(&Self) -> F,
    ) -> impl Future<Output = (Self, B)>
    where
        F: Future<Output = Result<B, E>>,
        E: Display,
    {
        let place = Location::caller();
        async move {
            let discord = match Self::start(config).await {
                Ok(discord) => discord,
                Err(error) => panic!("{place}: {error}"),
            };
            let scene = Scene {
                shared: &discord.shared,
                place,
            };
            let bot = match start(&discord).await {
                Ok(bot) => bot,
                Err(error) => scene.complain(&format!("the bot does not start: {error}"), None),
            };
            scene.hold(discord.wait_for_ready(1).await);
            (discord, bot)
        }
    }
}
