//! A bot before it runs.

use std::{fmt, ops::Range, path::Path, sync::Arc};

use ovenjs_cache::mirror::Mirror;
#[cfg(feature = "tiers")]
use ovenjs_cache::tiers::{TierError, Tiered};
use ovenjs_commands::{Router, Routes};
use ovenjs_gateway::{Fleet, FleetState, Resume, Wiring, session::Session};
use ovenjs_net::{Connector, Proxy};
use ovenjs_rest::Client;
use ovenjs_types::{EventKind, Hook, Intents, Secret, ShardId};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    App, Config, Error, ErrorKind, GatewayConfig, Running,
    answers::RestAnswers,
    config::{VARIABLES, read_environment, strangers},
    describe,
    estate::Estate,
    hook::CaughtHook,
    limits,
    links::Links,
    log,
    memory::Memory,
    mirror,
    pump::{Pump, heard},
    registration::register,
    tiers::{Given, Plan, Tiers},
    timer::RuntimeTimer,
};

/// A bot: its handlers, its state and its configuration, put together before it runs.
///
/// `T` is the state which handlers take as [`State<T>`](crate::State); `()` where there is none.
pub struct Bot<T = ()> {
    state: Making<T>,
    routes: Routes<App<T>>,
    config: Option<Config>,
    intents: Intents,
    hook: Arc<dyn Hook>,
    given: Given,
}

/// The state, or how it is made.
enum Making<T> {
    Made(T),
    #[cfg(feature = "tiers")]
    Of(Box<Make<T>>),
}

#[cfg(feature = "tiers")]
type Make<T> = dyn FnOnce(&Tiered) -> Result<T, TierError> + Send + Sync;

impl Bot {
    /// A bot without handlers.
    #[must_use]
    pub fn new() -> Self {
        Self::with_state(())
    }
}

impl Default for Bot {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone + Send + Sync + 'static> Bot<T> {
    /// A bot without handlers whose handlers can take [`State<T>`](crate::State).
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
    /// use ovenjs_core::{Answer, Bot, Cx, State, command, routes};
    ///
    /// type Count = Arc<AtomicU32>;
    ///
    /// /// Counts
    /// #[command]
    /// async fn count(cx: Cx, State(count): State<Count>) -> Answer {
    ///     cx.reply(count.fetch_add(1, Ordering::Relaxed).to_string()).await
    /// }
    ///
    /// let bot = Bot::with_state(Count::default()).routes(routes![count]);
    /// assert_eq!(bot.commands()[0].name, "count");
    /// ```
    #[must_use]
    pub fn with_state(state: T) -> Self {
        Self::making(Making::Made(state))
    }

    /// A bot without handlers whose [`State<T>`](crate::State) is made of its tiers when it starts: typed keyspaces, as
    /// a rule, of which the state holds as many as it wants. Cloning one is cheap.
    ///
    /// What stands behind their memory, [`Config::tiers`] says. Where it says nothing, as in a test, that is nothing,
    /// and all else is the same.
    ///
    /// ```
    /// use ovenjs_core::{Answer, Bot, Cx, State, command, routes};
    /// use ovenjs_core::cache::tiers::{Keyspace, KeyspaceConfig};
    /// use ovenjs_core::types::{Id, marker::UserMarker};
    ///
    /// type Visits = Keyspace<Id<UserMarker>, u32>;
    ///
    /// /// Counts your visits
    /// #[command]
    /// async fn visit(cx: Cx, State(visits): State<Visits>) -> Answer {
    ///     let user = cx.user_id();
    ///     let count = visits.get(&user).await?.map_or(1, |count| *count + 1);
    ///     visits.put(&user, count).await?;
    ///     cx.reply(format!("visit {count}")).await
    /// }
    ///
    /// let bot = Bot::with_tiers(|tiers| tiers.keyspace(KeyspaceConfig::new("visits", 1)));
    /// let bot = bot.routes(routes![visit]);
    /// assert_eq!(bot.commands()[0].name, "visit");
    /// ```
    #[cfg(feature = "tiers")]
    #[must_use]
    pub fn with_tiers(
        make: impl FnOnce(&Tiered) -> Result<T, TierError> + Send + Sync + 'static,
    ) -> Self {
        Self::making(Making::Of(Box::new(make)))
    }

    fn making(state: Making<T>) -> Self {
        Self {
            state,
            routes: Routes::new(),
            config: None,
            intents: Intents::empty(),
            hook: Arc::new(()),
            given: Given::default(),
        }
    }

    /// Sets the tiers, for whoever builds them: of stores of their own, or to use them before the bot runs. The bot
    /// [serves](Tiered::serve) them, and when it stops it flushes them and [hands them over](Tiered::hand_over).
    ///
    /// Where [`Config::tiers`] names stores too, the bot does not start.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ovenjs_core::{Bot, cache::tiers::{Memory, Tiered, TieredConfig}};
    ///
    /// let tiers = Tiered::build(TieredConfig::new().third(Arc::new(Memory::new(1_000))));
    /// let bot = Bot::new().tiers(tiers.clone());
    /// assert!(tiers.stats().third.is_some());
    /// ```
    #[cfg(feature = "tiers")]
    #[must_use]
    pub fn tiers(mut self, tiers: Tiered) -> Self {
        self.given = Some(tiers);
        self
    }

    /// Adds handlers.
    #[must_use]
    pub fn routes(mut self, routes: Routes<App<T>>) -> Self {
        self.routes = self.routes.and(routes);
        self
    }

    /// Adds intents beside those that follow from the handlers, under whatever configuration the bot
    /// runs. A handler that reads what a message says needs
    /// [`MESSAGE_CONTENT`](Intents::MESSAGE_CONTENT), which brings no event and so follows from none.
    ///
    /// ```
    /// use ovenjs_core::{Bot, types::Intents};
    ///
    /// let bot = Bot::new().intents(Intents::MESSAGE_CONTENT);
    /// assert!(format!("{bot:?}").contains("MESSAGE_CONTENT"));
    /// ```
    #[must_use]
    pub fn intents(mut self, intents: Intents) -> Self {
        self.intents |= intents;
        self
    }

    /// Sets the configuration. Without it the bot reads [`Config::load`].
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets where Discord's API is and the token, and leaves all else at its default: no file and no
    /// environment is read. It is what a test says whose Discord is a box of another process.
    ///
    /// ```
    /// use ovenjs_core::{Bot, Config};
    ///
    /// let bot = Bot::new().at("http://127.0.0.1:8080/api", "a token");
    /// // The same in two words more:
    /// let config = Config::new().base_url("http://127.0.0.1:8080/api").token("a token");
    /// assert_eq!(format!("{bot:?}"), format!("{:?}", Bot::new().config(config)));
    /// ```
    #[must_use]
    pub fn at(self, base_url: impl Into<String>, token: impl Into<Secret>) -> Self {
        self.config(Config::new().base_url(base_url).token(token))
    }

    /// Runs the bot against a Discord in the same process: no network, no file and no environment, and
    /// where the runtime's clock is paused, no waiting. See [`Config::in_process`]; `dial` is
    /// `discord.door()`.
    ///
    /// Where the program has no `tracing` subscriber, warnings and errors of the bot stand in the
    /// output of the test: a handler's failure among them, which the user is not told.
    #[must_use]
    pub fn in_process<S>(
        self,
        token: impl Into<Secret>,
        dial: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.config(Config::in_process(token, dial))
    }

    /// Sets who is told of what happens inside. The default is nobody. What panics in the hook is
    /// logged, and the bot goes on.
    #[must_use]
    pub fn hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hook = Arc::new(CaughtHook(hook));
        self
    }

    /// The commands which the bot would register.
    #[must_use]
    pub fn commands(self) -> Vec<ovenjs_types::CommandDraft> {
        Router::new(self.routes).commands()
    }

    /// Runs the bot until it is told to stop by Ctrl-C or SIGTERM, or cannot go on.
    ///
    /// Makes a runtime of its own, and writes log lines to standard error unless the program has a
    /// `tracing` subscriber; `OVENJS_LOG` filters them. With `OVENJS_DESCRIBE=1` it prints its
    /// commands, intents and settings as JSON instead, and returns.
    ///
    /// # Errors
    ///
    /// What stopped the bot, in a sentence that names the repair: see [`ErrorKind`].
    pub fn run(self) -> Result<(), Error> {
        if read_environment("OVENJS_DESCRIBE").is_some_and(|asked| asked == "1") {
            return describe::print(&self.into_description()?);
        }
        log::to_stderr(read_environment("OVENJS_LOG").as_deref())?;
        for name in strangers() {
            let known: Vec<&str> = VARIABLES.iter().map(|(known, _)| *known).collect();
            let known = known.join(", ");
            tracing::warn!("{name} sets nothing; the variables are {known}");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::system("the runtime could not be started", &e))?;
        runtime.block_on(async {
            let running = self.start().await?;
            running.until_signal().await
        })
    }

    /// Starts the bot on the caller's runtime: registers commands, connects, and returns while
    /// handlers are called.
    ///
    /// With [`until_signal`](Running::until_signal) after it, it lacks of [`run`](Self::run) what belongs to
    /// the program: it installs no `tracing` subscriber, so that log lines go nowhere without yours, and
    /// looks at neither `OVENJS_LOG` nor `OVENJS_DESCRIBE`.
    ///
    /// # Errors
    ///
    /// What stopped the bot from starting, in a sentence that names the repair.
    pub async fn start(self) -> Result<Running, Error> {
        let Self {
            state,
            routes,
            config,
            intents,
            hook,
            given,
        } = self;
        let config = configured(config, intents)?;
        if config.dialer.is_some() {
            log::to_test();
        }
        if config.gateway.at_least_once && config.gateway.state.is_none() {
            return Err(Error::configuration(
                "[gateway] at_least_once is set, and nothing would come again after a crash: set state, \
                 where the bot remembers what is handled, or leave at_least_once out",
            ));
        }
        let token = config
            .token
            .clone()
            .filter(|token| !token.is_empty())
            .ok_or_else(|| {
                Error::configuration(
                    "there is no token: set DISCORD_TOKEN to the one on the Bot page of the \
                 application in Discord's developer portal",
                )
            })?;
        let router = Router::new(routes)
            .config(ovenjs_commands::Config::new().live(config.live.commands.clone()))
            .timer(Arc::new(RuntimeTimer))
            .hook(Arc::clone(&hook));
        router.validate().map_err(Error::routes)?;

        let net = net(&config)?;
        let links = Links::connect(&config).await?;
        let plan = Plan::new(&config, given, &links)?;
        let client = Client::builder(token.clone())
            .config(
                ovenjs_rest::Config::new()
                    .compressed(config.rest.compressed)
                    .live(config.live.rest),
            )
            .base_url(config.base_url.clone())
            .net(match config.rest.bind {
                Some(address) => net.clone().bind(address),
                None => net.clone(),
            })
            .hook(Arc::clone(&hook));
        let client = links.limits(client, &config.rest.limits)?.build();
        let client = client.map_err(|e| {
            Error::below(
                ErrorKind::Configuration,
                "no REST client can be made of base_url (OVENJS_BASE_URL) and token (DISCORD_TOKEN)",
                e,
            )
        })?;
        let rest = |doing| move |error| Error::below(ErrorKind::Rest, doing, error);
        let found = client
            .bot_gateway()
            .await
            .map_err(|error| match error.status() {
                Some(404) => rest(
                    "there is no Discord at base_url (OVENJS_BASE_URL), which is given without a \
                     version, as https://discord.com/api",
                )(error),
                _ => rest("Discord could not be asked for its gateway")(error),
            })?;
        let application = client
            .current_application()
            .await
            .map_err(rest("Discord could not be asked who the bot is"))?;
        register(
            &client,
            application.id,
            &config.commands,
            &router.commands(),
        )
        .await?;

        let mut mirror = Mirror::new(config.mirror.clone());
        let interest = router
            .interest()
            .union(mirror.interest())
            .with(EventKind::Ready)
            .with(EventKind::Resumed);
        let intents = config.intents(interest);
        let heard = heard(interest);
        let mut shards = config.gateway.shards.unwrap_or(found.shards).max(1);
        let mut range = shard_range(&config.gateway, shards)?;
        let mut settings = ovenjs_gateway::Config::new(token, intents)
            .bot_gateway(&found)
            .shard_range(range.clone(), shards)
            .backoff(config.gateway.backoff.0, config.gateway.backoff.1)
            .interest(heard)
            .at_least_once(config.gateway.at_least_once)
            .compression(config.gateway.compression);
        if let Some(bytes) = config.gateway.backlog_bytes {
            settings = settings.backlog_bytes(bytes);
        }
        let connector = Connector::build(net)
            .map_err(|e| Error::below(ErrorKind::Configuration, "connections cannot be made", e))?;
        if let Some(presence) = config.live.presence.clone() {
            settings = settings.presence(presence);
        }
        let mut wiring = Wiring::new(connector)
            .hook(Arc::clone(&hook))
            .own_thread(config.dialer.is_none());
        if let Some(turns) = links.turns(&config.gateway.identify)? {
            wiring = wiring.identify(turns);
        }
        let bus = links.bus(&config.bus).await?;
        // Once the process before is asked, it stops: what does not work is told first.
        let gateway = |e| Error::below(ErrorKind::Gateway, "the gateway could not be started", e);
        let first = ShardId {
            number: range.start,
            total: shards,
        };
        Session::new(Arc::new(settings.clone()), first, 0).map_err(gateway)?;
        let (estate, former) =
            Estate::enter(&config.gateway, &links, application.id.cast()).await?;
        // The process before has left its journals now.
        let mut tiers = plan.open().await?;
        let state = state.make(&tiers)?;
        let (mut epoch, mut sessions) = (0, Vec::new());
        if let Some(entered) = former {
            let former = &entered.state;
            epoch = former.epoch();
            sessions = former.sessions().to_vec();
            tracing::info!(
                sessions = sessions.len(),
                "going on where a former process stopped"
            );
            let kept = former.shards().filter(|kept| found.shards / 2 < *kept);
            if config.gateway.shards.is_none()
                && let Some(kept) = kept
            {
                // Sessions of another number of shards would be lost; as long as Discord does not
                // recommend twice as many, there is time.
                shards = kept;
                range = 0..shards;
                settings = settings.shards(shards);
            }
            if let Some(left_alone) = left_alone(former, shards, config.gateway.shards.is_some()) {
                tracing::warn!("{left_alone}");
            }
            settings = settings.resume_from(former).map_err(|e| {
                Error::below(
                    ErrorKind::Configuration,
                    "the remembered sessions cannot be resumed",
                    e,
                )
            })?;
            limits::enter(&client, former);
            if let Some(known) = mirror::enter(former, &config.mirror, range.clone(), shards).await
            {
                mirror = known;
            }
            entered.take().await;
        }
        let shards_here = range.map(|number| {
            let shard = ShardId {
                number,
                total: shards,
            };
            let mut sessions = sessions.iter();
            let session = sessions.find(|session| session.shard() == Some(shard));
            (shard, session.map(Resume::version))
        });
        let shards_here: Vec<_> = shards_here.collect();
        let settings = settings.epoch(tiers.warm(&mirror, &shards_here).await.max(epoch));
        if let Some(store) = estate.store() {
            wiring = wiring.store(store);
        }
        let events_mib_max = settings.events_bytes_max() >> 20;
        let (fleet, events) = Fleet::start_with(settings, wiring).map_err(gateway)?;
        tracing::info!(bot = %application.name, shards, intents = %intents, events_mib_max, "connecting");

        let app = Arc::new(App {
            client: client.clone(),
            mirror,
            fleet,
            bus,
            tiers,
            drift: Arc::default(),
            state,
        });
        if let Err(refused) = router.check(&app) {
            estate.leave(&app.client, &app.fleet, &app.mirror).await;
            return Err(Error::routes(refused));
        }
        // Bots of the first years have a user with an id of its own.
        let own_id = application.bot.as_ref().map(|user| user.id);
        let own_id = own_id.unwrap_or_else(|| application.id.cast());
        let answers = Arc::new(RestAnswers(client));
        let pump = Pump::new(app, router, answers, heard, own_id, hook);
        // In a test's own time nobody looks at real memory, unless the test says so.
        let is_watched = config.dialer.is_none() || config.memory_max.is_some();
        let memory = is_watched.then(|| Memory::find(Path::new("/"), config.memory_max));
        let memory = memory.flatten();
        Ok(Running::begin(pump, events, config.live, estate, memory))
    }

    fn into_description(self) -> Result<describe::Description, Error> {
        let config = configured(self.config, self.intents)?;
        let router = Router::new(self.routes);
        router.validate().map_err(Error::routes)?;
        let mirror = Mirror::new(config.mirror.clone());
        let interest = router.interest().union(mirror.interest());
        Ok(describe::Description::new(
            &config,
            router.commands(),
            interest,
        ))
    }
}

impl<T> Making<T> {
    fn make(self, tiers: &Tiers) -> Result<T, Error> {
        match self {
            Self::Made(state) => {
                let _ = tiers;
                Ok(state)
            }
            #[cfg(feature = "tiers")]
            Self::Of(make) => make(&tiers.tiered).map_err(|error| {
                let text = "the state that Bot::with_tiers makes could not be made";
                Error::below(ErrorKind::Configuration, text, error)
            }),
        }
    }
}

/// What the bot was given, or else what file and environment say, with the intents of its code.
fn configured(given: Option<Config>, intents: Intents) -> Result<Config, Error> {
    let mut config = given.map_or_else(Config::load, Ok)?;
    config.gateway.intents |= intents;
    Ok(config)
}

/// The shards of this process, which are some of all.
fn shard_range(config: &GatewayConfig, total: u32) -> Result<Range<u32>, Error> {
    let Some(range) = config.shard_range.clone() else {
        return Ok(0..total);
    };
    if config.shards.is_none() || range.is_empty() || range.end > total {
        return Err(Error::configuration(format!(
            "[gateway] shard_range is {range:?}, which are none of the shards: set shards to the \
             number of all, the same in each process, and the range below it"
        )));
    }
    Ok(range)
}

/// What is to be said where remembered sessions are of another number of shards than the bot runs.
fn left_alone(former: &FleetState, shards: u32, is_set: bool) -> Option<String> {
    let had = former.shards().filter(|had| *had != shards)?;
    let why = match is_set {
        true => format!(
            "[gateway] shards is {shards}: set it to {had} to resume them; whoever changes the number \
             while the bot runs sets it as well"
        ),
        false => format!("discord recommends {shards}"),
    };
    Some(format!(
        "new sessions begin: the remembered ones are of {had} shards, and {why}"
    ))
}

fn net(config: &Config) -> Result<ovenjs_net::Config, Error> {
    let mut net = ovenjs_net::Config::new();
    net.dialer.clone_from(&config.dialer);
    let Some(proxy) = &config.proxy else {
        return Ok(net);
    };
    let proxy = Proxy::parse(proxy.expose())
        .map_err(|e| Error::below(ErrorKind::Configuration, "the proxy cannot be used", e))?;
    Ok(net.proxy(proxy))
}

impl<T: fmt::Debug> fmt::Debug for Bot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state: &dyn fmt::Debug = match &self.state {
            Making::Made(state) => state,
            #[cfg(feature = "tiers")]
            Making::Of(_) => &"made of the tiers",
        };
        f.debug_struct("Bot")
            .field("state", state)
            .field("routes", &self.routes)
            .field("config", &self.config)
            .field("intents", &self.intents)
            .finish_non_exhaustive()
    }
}
