//! A box and a bot in it, by one call.

use std::{fmt::Display, future::Future, panic::Location};

use crate::config::Config;

use super::{Discord, complaint::Scene};

impl Discord {
    /// Starts a box in this process, as it is by default, and lets `start` start a bot in it: the
    /// first line of a bot author's test. Gives both once the bot has a session.
    ///
    /// What `start` gives is held by the caller, in most cases so that dropping it ends the bot.
    /// [`with_bot_in`](Self::with_bot_in) takes a configuration. Panics when the bot does not start,
    /// which names the error with its causes as `{:#}` writes them, or does not connect in time.
    ///
    /// ```no_run
    /// # struct Bot;
    /// # impl Bot {
    /// #     fn in_process<D>(self, _: String, _: D) -> Self { self }
    /// #     async fn start(self) -> Result<(), ovenjs_mock::Error> { Ok(()) }
    /// # }
    /// # fn bot() -> Bot { Bot }
    /// # async fn story() {
    /// use ovenjs_mock::Discord;
    ///
    /// let (discord, _bot) =
    ///     Discord::with_bot(|d| bot().in_process(d.token(), d.door()).start()).await;
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

    /// Starts a box in this process and lets `start` start a bot in it; see
    /// [`with_bot`](Self::with_bot).
    ///
    /// # Panics
    ///
    /// When the bot does not start, or does not connect in time.
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
            let discord = Self::in_process(config);
            let scene = Scene {
                shared: &discord.shared,
                place,
            };
            let bot = match start(&discord).await {
                Ok(bot) => bot,
                Err(error) => scene.complain(&format!("the bot does not start: {error:#}"), None),
            };
            scene.hold(discord.wait_for_ready(1).await);
            (discord, bot)
        }
    }
}
