//! The box in hand: what a test, or a program that plays with the box, holds.

pub(crate) mod acts;
mod answer;
mod attempt;
mod complaint;
mod consent;
mod endpoint;
mod expectation;
mod faults;
mod guild;
mod in_channel;
mod overwrite;
mod presence;
mod purchase;
mod seen;
mod snapshot;
mod told;
mod trouble;
pub(crate) mod unheard;
mod user;
mod waits;
mod whereabouts;
mod with_bot;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use ovenjs_types::{
    Id,
    marker::{ApplicationMarker, ChannelMarker, GuildMarker, UserMarker},
};
use serde::Serialize;
use serde_json::Value;
use tokio::{io::DuplexStream, net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    config::Config,
    courier::Address,
    error::Error,
    json::Json,
    protocol::Written,
    server::{self, Door},
    shared::Shared,
};

pub use answer::{Answer, Filled, Modal};
pub use attempt::Attempt;
pub use endpoint::Post;
pub use faults::Faults;
pub use overwrite::Overwrite;
pub use seen::{Connection, Message, Payload, Request};
pub(crate) use snapshot::stable;
pub use trouble::Trouble;
pub use user::{Saying, User};

/// A running box: Discord within this process or on a loopback port, and the hand that plays its
/// users.
///
/// Everything the box waits for has a bound ([`Config::patience`]); nothing sleeps. Dropping it ends
/// its server. Its clock is tokio's: in a test whose clock is paused
/// (`#[tokio::test(start_paused = true)]`) time is the test's, and [`pass`](Self::pass) lets fifteen
/// minutes go by at once.
///
/// ```
/// # use ovenjs_mock::{Config, Discord};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let discord = Discord::in_process(Config::default());
/// let ann = discord.user("ann");
///
/// let hello = ann.says("hello").await;
///
/// assert_eq!(hello.content(), "hello");
/// assert_eq!(discord.messages(discord.channel_id()).len(), 1);
/// // Nobody has registered a command, and the box says so.
/// let refused = ann.attempt().slash("/ping").await.unwrap_err();
/// assert!(refused.to_string().contains("the bot has registered none"));
/// discord.stop().await;
/// # Ok::<(), ovenjs_mock::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Discord {
    pub(crate) shared: Arc<Shared>,
    address: SocketAddr,
    door: Door,
    read_messages: AtomicUsize,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Discord {
    /// Starts a box without a network: only [`door`](Self::door) leads to it.
    ///
    /// Its URLs are those of a server on `localhost`, where nothing listens.
    ///
    /// ```
    /// # use ovenjs_mock::{Config, Discord};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let discord = Discord::in_process(Config::default());
    /// let door = discord.door();
    ///
    /// let mut stream = door();
    /// let request = b"GET /api/v10/gateway HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    /// stream.write_all(request).await?;
    /// let mut answer = String::new();
    /// stream.read_to_string(&mut answer).await?;
    ///
    /// assert!(answer.ends_with(r#"{"url":"ws://localhost"}"#), "{answer}");
    /// # Ok::<(), std::io::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, on which the box lives.
    #[must_use]
    #[track_caller]
    pub fn in_process(config: Config) -> Self {
        assert!(
            tokio::runtime::Handle::try_current().is_ok(),
            "a Discord in a box lives on a tokio runtime: write `#[tokio::test]` above the test"
        );
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::open(config, None, nowhere, "http://localhost".to_owned())
    }

    /// Starts a box on `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound, or an endpoint of the configuration is not on this machine.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let endpoints = &config.endpoints;
        for url in [&endpoints.interactions, &endpoints.events]
            .into_iter()
            .flatten()
        {
            Address::parse(url).map_err(Error::refused)?;
        }
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let listener = TcpListener::bind(wanted)
            .await
            .map_err(|source| Error::bind(&source))?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::bind(&source))?;
        let origin = format!("http://{address}");
        Ok(Self::open(config, Some(listener), address, origin))
    }

    fn open(
        config: Config,
        listener: Option<TcpListener>,
        address: SocketAddr,
        origin: String,
    ) -> Self {
        let shared = Arc::new(Shared::new(config, origin));
        let (stop, stopped) = watch::channel(false);
        let (door, visitors) = Door::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(server::serve(
            Arc::clone(&shared),
            listener,
            visitors,
            stopped,
        ));
        Self {
            shared,
            address,
            door,
            read_messages: AtomicUsize::new(0),
            stop,
            tasks,
        }
    }

    /// Ends the server and everything that is connected to it.
    pub async fn stop(mut self) {
        // Without a receiver the server has ended already.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }

    /// The way in for a client in the same process: each call gives a stream to the box, as a
    /// connection to its port would be. It speaks HTTP/1.1 and websockets, without TLS.
    ///
    /// Once the box is gone, the streams end at once.
    pub fn door(&self) -> impl Fn() -> DuplexStream + Clone + Send + Sync + use<> {
        let door = self.door.clone();
        move || door.open()
    }

    /// Lets time go by. Where the runtime's clock is paused (`#[tokio::test(start_paused = true)]`)
    /// it takes no time at all, and what falls due meanwhile happens in its order: heartbeats,
    /// deferred answers, the end of an interaction's token.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// The address of the page, `http://127.0.0.1:PORT`; `http://localhost` where there is no
    /// socket.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.look(|backend| backend.world.origin.clone())
    }

    /// What a client takes in place of `https://discord.com/api`; it appends `/v10`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/api", self.url())
    }

    /// What `GET /gateway` answers.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        self.url().replacen("http", "ws", 1)
    }

    /// The socket's address; port 0 where there is none.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bot token that is accepted.
    #[must_use]
    pub fn token(&self) -> String {
        self.shared.look(|backend| backend.world.token.clone())
    }

    /// The secret with which the application asks for OAuth2 tokens.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.shared.look(|backend| backend.world.client_secret())
    }

    /// The bot's application.
    ///
    /// # Panics
    ///
    /// Never: the application exists from the start.
    #[must_use]
    pub fn application_id(&self) -> Id<ApplicationMarker> {
        Id::new(self.shared.look(|backend| backend.world.application_id()))
    }

    /// The bot's user.
    ///
    /// # Panics
    ///
    /// Never: the bot exists from the start.
    #[must_use]
    pub fn bot_id(&self) -> Id<UserMarker> {
        Id::new(self.shared.look(|backend| backend.world.bot))
    }

    /// The first guild of the configuration.
    ///
    /// # Panics
    ///
    /// When the configuration has no guild.
    #[must_use]
    pub fn guild_id(&self) -> Id<GuildMarker> {
        Id::new(self.shared.look(|backend| backend.world.default_guild))
    }

    /// All guilds, oldest first.
    #[must_use]
    pub fn guild_ids(&self) -> Vec<Id<GuildMarker>> {
        self.shared.look(|b| {
            b.world
                .guilds
                .keys()
                .filter_map(|id| Id::new_checked(*id))
                .collect()
        })
    }

    /// The first channel of the first guild, where users speak unless told otherwise.
    ///
    /// # Panics
    ///
    /// When the configuration has no guild with a channel.
    #[must_use]
    pub fn channel_id(&self) -> Id<ChannelMarker> {
        Id::new(self.shared.look(|backend| backend.world.default_channel))
    }

    /// The first channel of this name.
    #[must_use]
    pub fn channel_named(&self, name: &str) -> Option<Id<ChannelMarker>> {
        self.shared.look(|backend| {
            let mut channels = backend.world.channels.iter();
            let found = channels
                .find(|(_, room)| room.object.get("name").and_then(Value::as_str) == Some(name));
            found.and_then(|(id, _)| Id::new_checked(*id))
        })
    }

    /// A user to play, who joins every guild when first named.
    pub fn user(&self, name: &str) -> User {
        let (id, channel) = self.shared.with(|backend, now| {
            let id = backend.play(now, |world| world.user_named(name));
            (id, backend.world.default_channel)
        });
        User::new(Arc::clone(&self.shared), id, channel)
    }

    /// Sends an event of any name and content to the sessions that may hear of it, without a look at
    /// what Discord documents. The field `guild_id`, or the `id` of a guild, decides the shard.
    ///
    /// # Errors
    ///
    /// When `data` cannot be written as JSON.
    pub fn emit(&self, name: &str, data: &impl Serialize) -> Result<(), Error> {
        self.emit_many([(name, data)])
    }

    /// Sends many events at once, in order.
    ///
    /// # Errors
    ///
    /// When one of them cannot be written as JSON; those before it are not sent either.
    pub fn emit_many<'a, D: Serialize>(
        &self,
        events: impl IntoIterator<Item = (&'a str, D)>,
    ) -> Result<(), Error> {
        let mut written = Vec::new();
        for (name, data) in events {
            let data = serde_json::to_string(&data).map_err(|source| Error::shape(&source))?;
            written.push(Written::new(name, data));
        }
        self.shared.with(|backend, now| backend.emit(now, &written));
        Ok(())
    }

    /// The messages of a channel, oldest first, the ephemeral ones among them.
    #[must_use]
    pub fn messages(&self, channel: Id<ChannelMarker>) -> Vec<Message> {
        self.shared.look(|backend| {
            let room = backend.world.channels.get(&channel.get());
            let ids = room.into_iter().flat_map(|room| room.messages.keys());
            ids.map(|id| Message::of(&backend.world, channel.get(), *id))
                .collect()
        })
    }

    /// All requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared
            .look(|backend| backend.journal.requests.iter().map(Request::of).collect())
    }

    /// The connections of the moment.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.look(|backend| {
            backend
                .gateway
                .seen()
                .into_iter()
                .map(Connection::of)
                .collect()
        })
    }

    /// How many sessions have been begun by identify.
    #[must_use]
    pub fn identifies(&self) -> usize {
        self.shared.look(|backend| backend.journal.identifies)
    }

    /// How many connections have resumed a session.
    #[must_use]
    pub fn resumes(&self) -> usize {
        self.shared.look(|backend| backend.journal.resumes)
    }

    /// How many requests were answered with 401, 403 or with 429 of a limit that is not shared,
    /// which is what Discord counts before it shuts an address out.
    #[must_use]
    pub fn invalid_requests(&self) -> u64 {
        self.shared.look(|backend| backend.journal.invalid_requests)
    }

    /// How long the client's address stays shut out for its invalid requests, if it is.
    #[must_use]
    pub fn shut_out(&self) -> Option<Duration> {
        self.shared
            .with(|backend, now| backend.limiter.shut_out(now))
    }

    /// The registered commands, by `guild` (none for global ones), as REST shows them.
    #[must_use]
    pub fn commands(&self, guild: Option<Id<GuildMarker>>) -> Vec<Json> {
        self.shared.look(|backend| {
            let commands = backend.world.commands_of(guild.map(Id::get));
            commands.map(|command| Json(command.shown(true))).collect()
        })
    }

    /// Where the box itself does not keep to Discord's documents, and where an endpoint of the bot
    /// lets a wrong signature pass. A test asserts that there is nothing.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.shared
            .look(|backend| backend.journal.violations.clone())
    }

    /// What clients did that Discord lets pass but nobody should do, such as fields that it ignores.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.shared.look(|backend| backend.journal.warnings.clone())
    }

    /// Lets things go wrong.
    #[must_use]
    pub fn faults(&self) -> Faults<'_> {
        Faults::new(&self.shared)
    }

    /// The members of a guild by id, with their user.
    #[must_use]
    pub fn members(&self, guild: Id<GuildMarker>) -> BTreeMap<Id<UserMarker>, Json> {
        self.shared.look(|backend| {
            let world = &backend.world;
            let room = world.guilds.get(&guild.get());
            let ids = room.into_iter().flat_map(|room| room.members.keys());
            ids.filter_map(|id| {
                Some((Id::new_checked(*id)?, Json(world.member(guild.get(), *id)?)))
            })
            .collect()
        })
    }
}
