//! A connection to NATS, shared by the bus and the bridge.

use std::{
    fmt,
    future::Future,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber, connection::State};
use bytes::Bytes;
use ovenjs_net::{Connector, Target};
use ovenjs_types::Secret;
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use crate::{Error, ErrorKind};

/// A connection to NATS, which is made anew whenever it is lost. Cloning is cheap and shares it.
///
/// ```no_run
/// use ovenjs_gateway::{NatsConfig, NatsLink};
/// use ovenjs_net::{Config, Connector};
///
/// # async fn run() -> Result<(), ovenjs_gateway::Error> {
/// # let connector = Connector::build(Config::new()).unwrap();
/// let config = NatsConfig::parse("tls://ann:secret@nats.example")?;
/// let link = NatsLink::connect(config, &connector).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NatsLink {
    client: Client,
    target: Target,
    answer: Duration,
    interruptions: watch::Receiver<u64>,
    lagged: Arc<AtomicU64>,
}

/// How a [`NatsLink`] is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NatsConfig {
    /// Host, port, and whether TLS is spoken.
    pub target: Target,
    /// The user. Default: none. A user without a password is a token.
    pub user: Option<Secret>,
    /// The password. Default: none.
    pub password: Option<Secret>,
    /// How long making a connection may take. Default 3 s.
    pub connect: Duration,
    /// How long an answer may take. Default 2 s, and 5 s for what is written to disk first.
    pub answer: Duration,
    /// The wait after the first failed attempt to connect and the longest one; between them it
    /// doubles. Default: 50 ms and 2 s.
    pub backoff: (Duration, Duration),
}

impl NatsConfig {
    /// Reads `nats://user:password@host:port`, or `tls://…`. User and password may be
    /// percent-encoded; a user alone is a token; without a port it is 4222.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`] for another form. The error does not repeat the address, since it may
    /// hold a password.
    ///
    /// ```
    /// use ovenjs_gateway::NatsConfig;
    /// use ovenjs_net::Target;
    ///
    /// let config = NatsConfig::parse("tls://ann:p%40ss@nats.example").unwrap();
    /// assert_eq!(config.target, Target::new("nats.example", 4222, true));
    /// assert_eq!(config.password.as_ref().unwrap().expose(), "p@ss");
    /// assert!(!format!("{config:?}").contains("p@ss"));
    /// assert!(NatsConfig::parse("http://nats.example").is_err());
    /// ```
    pub fn parse(address: &str) -> Result<Self, Error> {
        let wrong = || {
            let text = "the address of nats must be written as nats://[user:password@]host[:port], or tls://";
            Error::new(ErrorKind::Url, text)
        };
        let read = ServerAddr::from_str(address.trim()).map_err(|_| wrong())?;
        let tls = match read.scheme() {
            "nats" => false,
            "tls" => true,
            _ => return Err(wrong()),
        };
        if read.host().is_empty() {
            return Err(wrong());
        }
        let secret = |word: &str| Secret::new(percent_decode_str(word).decode_utf8_lossy());
        Ok(Self {
            target: Target::new(read.host(), read.port(), tls),
            user: read.username().map(secret),
            password: read.password().map(secret),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(2),
            backoff: (Duration::from_millis(50), Duration::from_secs(2)),
        })
    }

    /// Sets how long an answer may take.
    #[must_use]
    pub const fn answer(mut self, deadline: Duration) -> Self {
        self.answer = deadline;
        self
    }
}

impl NatsLink {
    /// Connects. `connector` gives the trusted certificates and says whether plain text may leave
    /// the machine; proxies and its other deadlines are not used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Link`] where NATS cannot be reached or refuses the user, [`ErrorKind::Config`]
    /// for plain text to another machine.
    pub async fn connect(config: NatsConfig, connector: &Connector) -> Result<Self, Error> {
        let target = config.target;
        let refused = |source| {
            let text =
                "nats cannot be reached by this configuration; its cause says what to change";
            Error::new(ErrorKind::Config, text).with_source(source)
        };
        connector.check(&target).map_err(refused)?;
        let (told, interruptions) = watch::channel(0_u64);
        let lagged = Arc::new(AtomicU64::new(0));
        let dropped = Arc::clone(&lagged);
        let away = AtomicBool::new(false);
        let (first, longest) = config.backoff;
        let mut options = ConnectOptions::new()
            .name("ovenjs")
            .connection_timeout(config.connect)
            .request_timeout(Some(config.answer))
            .ping_interval(SILENCE)
            .subscription_capacity(SUBSCRIPTION_QUEUE)
            .client_capacity(SENDING_QUEUE)
            .max_reconnects(None)
            .ignore_discovered_servers()
            .reconnect_delay_callback(move |attempts| {
                let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
                first.saturating_mul(1 << doublings.min(16)).min(longest)
            })
            .event_callback(move |event| {
                match event {
                    Event::Disconnected => away.store(true, Ordering::Relaxed),
                    // A loss is told when it is over; before the first connection there was none.
                    Event::Connected if away.swap(false, Ordering::Relaxed) => {
                        told.send_modify(|count| *count += 1);
                    }
                    Event::SlowConsumer(_) => {
                        dropped.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
                std::future::ready(())
            });
        if target.tls {
            let tls = connector.tls_config(&[]).map_err(refused)?;
            options = options
                .require_tls(true)
                .tls_client_config(Arc::unwrap_or_clone(tls));
        }
        options = match (config.user, config.password) {
            (Some(user), Some(password)) => {
                options.user_and_password(user.expose().to_owned(), password.expose().to_owned())
            }
            (Some(token), None) => options.token(token.expose().to_owned()),
            (None, _) => options,
        };
        let place = target.to_string();
        let client = options.connect(format!("nats://{place}")).await;
        let client = client.map_err(|source| {
            let text = format!(
                "cannot reach nats at {place}: start it, check its address, user and password"
            );
            Error::new(ErrorKind::Link, text).with_source(source)
        })?;
        Ok(Self {
            client,
            target,
            answer: config.answer,
            interruptions,
            lagged,
        })
    }

    /// Where NATS is.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the connection is there now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn interruptions(&self) -> watch::Receiver<u64> {
        let mut receiver = self.interruptions.clone();
        receiver.mark_unchanged();
        receiver
    }

    pub(crate) fn lag(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lagged)
    }

    pub(crate) async fn subscribe(&self, subject: &str) -> Result<Subscriber, Error> {
        let asked = self.client.subscribe(subject.to_owned());
        self.within(asked).await?.map_err(|error| self.lost(error))
    }

    /// Sends, and returns once the bytes have left. What was given to a lost connection may still
    /// leave later, after an error was told.
    pub(crate) async fn publish(&self, subject: String, payload: Bytes) -> Result<(), Error> {
        if !self.is_connected() {
            return Err(self.silent());
        }
        let sent = async {
            let sent = self.client.publish(subject, payload).await;
            sent.map_err(|error| self.lost(error))?;
            self.client.flush().await.map_err(|error| self.lost(error))
        };
        self.within(sent).await?
    }

    /// Waits for `deed` as long as an answer may take.
    pub(crate) async fn within<T>(&self, deed: impl Future<Output = T>) -> Result<T, Error> {
        let done = tokio::time::timeout(self.answer, deed).await;
        done.map_err(|_| self.silent())
    }

    pub(crate) fn lost(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        let text = format!("the nats at {} failed; its cause says how", self.target);
        Error::new(ErrorKind::Link, text).with_source(source)
    }

    fn silent(&self) -> Error {
        let text = format!(
            "the nats at {} did not answer in time: check that it runs and is not overloaded",
            self.target
        );
        Error::new(ErrorKind::Link, text)
    }
}

impl fmt::Debug for NatsLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsLink")
            .field("target", &self.target)
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

/// How often a silent server is asked whether it is there; after two unanswered questions the
/// connection is given up.
const SILENCE: Duration = Duration::from_secs(5);

/// What waits for one subscription; what comes beyond is dropped and counted.
const SUBSCRIPTION_QUEUE: usize = 1_024;

/// What waits for the socket.
const SENDING_QUEUE: usize = 1_024;
