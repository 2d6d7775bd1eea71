//! What a client is made of.

use std::sync::{Arc, Mutex, RwLock, atomic::AtomicU64};

use http::{HeaderValue, Uri};
use ovenjs_net::{Clock, Connector, Entropy, SystemClock, SystemEntropy, Target};
use ovenjs_ratelimit::Limiter;
use ovenjs_types::{Hook, Secret};
use tokio::runtime::Handle;

use super::Client;
use crate::{
    Config, Error, Layer, LeaseStore,
    breaker::Breakers,
    cache::ResponseCache,
    delivery::{Deletions, Delivery},
    flight::Flights,
    gate::Gate,
    inflate::Large,
    lease::Leasing,
    retry::Budget,
    stats::Counts,
    transport::Transport,
    watch::Watch,
};

/// What a [`Client`] is made of.
#[derive(Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    token: Option<Secret>,
    config: Config,
    net: ovenjs_net::Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    hook: Arc<dyn Hook>,
    layers: Vec<Arc<dyn Layer>>,
    egresses: Vec<ovenjs_net::Config>,
    lease: Option<Arc<dyn LeaseStore>>,
}

impl Client {
    /// Begins a client of the bot with this token. A token that begins with `Bearer ` is one that a
    /// user granted: the client is theirs then.
    pub fn builder(token: impl Into<Secret>) -> Builder {
        Builder {
            token: Some(token.into()),
            ..Self::without_token()
        }
    }

    /// Begins a client that shows no token: for webhooks, for interactions that are answered by the token
    /// in their path, and for what everyone may ask. Discord counts its requests by address, and all other
    /// operations fail without being sent.
    pub fn without_token() -> Builder {
        Builder {
            token: None,
            config: Config::new(),
            net: ovenjs_net::Config::new(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            hook: Arc::new(()),
            layers: Vec::new(),
            egresses: Vec::new(),
            lease: None,
        }
    }
}

impl Builder {
    /// Sets all of the configuration.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets where the API is, e.g. `http://127.0.0.1:4000/api`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.config = self.config.base_url(url);
        self
    }

    /// Sets how connections are made: proxy, extra roots, deadlines, plain text.
    pub fn net(mut self, net: ovenjs_net::Config) -> Self {
        self.net = net;
        self
    }

    /// Sets who is told of requests, answers and limits.
    pub fn hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hook = hook;
        self
    }

    /// Adds another way to the network, e.g. through another proxy or from another address of this machine
    /// ([`bind`](ovenjs_net::Config::bind)). Requests take the one with the least latency, and one that
    /// fails is left alone for a while.
    pub fn egress(mut self, net: ovenjs_net::Config) -> Self {
        self.egresses.push(net);
        self
    }

    /// Puts a layer around every call, inside those added before.
    pub fn layer(mut self, layer: impl Layer + 'static) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Shares Discord's limits with the other processes that use the same token, through a store that all
    /// of them reach: see [`RedisLeases`](crate::RedisLeases). Without it each process takes all of them
    /// for its own, and together they run into 429s.
    ///
    /// A task keeps the lease, and ends with the last clone of the client. [`Client::leave`] gives it back
    /// before. Where the store cannot be reached when the process starts, calls wait for it until their
    /// deadline; answers to interactions do not.
    pub fn lease(mut self, store: impl LeaseStore + 'static) -> Self {
        self.lease = Some(Arc::new(store));
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the source of jitter.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Builds the client. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): no token, a base URL that is none or is plain text to another
    /// machine or holds a password, a broken extra root, or a [lease](Self::lease) outside of a tokio runtime.
    pub fn build(self) -> Result<Client, Error> {
        let Self {
            token,
            config,
            net,
            clock,
            entropy,
            hook,
            layers,
            egresses,
            lease,
        } = self;
        // What is empty is not shown.
        let token = token.as_ref().map_or(Ok(NO_TOKEN), authorization)?;
        let unusable = |error: ovenjs_net::Error| Error::config(error.to_string()).because(error);
        let connectors: Vec<Connector> = std::iter::once(net)
            .chain(egresses)
            .map(Connector::build)
            .collect::<Result<_, _>>()
            .map_err(unusable)?;
        let mut bases = Vec::new();
        for url in std::iter::once(&config.base_url).chain(&config.mirrors) {
            let base = format!("{}/v{}", url.trim_end_matches('/'), config.version);
            let broken = "the base URL must look like https://discord.com/api";
            let uri: Uri = base.parse().map_err(|_| Error::config(broken))?;
            // It would stand in logs and statistics.
            if uri
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@'))
            {
                let text = "a base URL holds a user or a password, which nothing is sent with; leave out \
                            what stands before the @";
                return Err(Error::config(text));
            }
            if uri.query().is_some() || !matches!(uri.scheme_str(), Some("http" | "https")) {
                return Err(Error::config(broken));
            }
            let target = Target::from_uri(&uri).map_err(unusable)?;
            for connector in &connectors {
                connector.check(&target).map_err(unusable)?;
            }
            bases.push(uri);
        }
        let user_agent = HeaderValue::from_str(&config.user_agent)
            .map_err(|_| Error::config("the user agent holds characters that a header cannot"))?;
        let transport = Transport::new(
            &bases,
            &connectors,
            config.connections,
            Arc::clone(&clock),
            Arc::clone(&entropy),
        )
        .map_err(unusable)?;
        let limits = ovenjs_ratelimit::Config::new()
            .buckets_max(config.buckets_max)
            .live(config.live.limits);
        let gate = Arc::new(Gate::new(Limiter::new(limits), Arc::clone(&clock)));
        let leasing = lease.map(|store| {
            let runtime = Handle::try_current().map_err(|error| {
                Error::config(
                    "shared limits are kept by a task: build the client in a tokio runtime",
                )
                .because(error)
            })?;
            Ok::<_, Error>(Leasing::start(&gate, store, entropy.u64(), &runtime))
        });
        Ok(Client(Arc::new(Delivery {
            token: RwLock::new(token),
            user_agent,
            answer_max: config.answer_max,
            compressed: config.compressed,
            large: Large::default(),
            live: RwLock::new(config.live),
            transport,
            leasing: leasing.transpose()?,
            gate,
            layers,
            flights: Flights::default(),
            deletions: Deletions::default(),
            cache: (config.cache_max > 0).then(|| Mutex::new(ResponseCache::new(config.cache_max))),
            ttls: config.ttls.into_iter().collect(),
            breakers: Mutex::new(Breakers::default()),
            budget: Mutex::new(Budget::default()),
            clock,
            entropy,
            hook,
            counts: Counts::default(),
            permissions: AtomicU64::new(0),
            refusals: Mutex::default(),
            watch: Mutex::new(Watch::default()),
            scratches: Mutex::default(),
        })))
    }
}

/// What a client shows that has no token.
const NO_TOKEN: HeaderValue = HeaderValue::from_static("");

/// The header that shows the token. It is marked so that hyper neither logs nor indexes it.
pub(super) fn authorization(token: &Secret) -> Result<HeaderValue, Error> {
    let text = token.expose();
    let is_whole = text.starts_with("Bot ") || text.starts_with("Bearer ");
    let bare = text.split_once(' ').filter(|_| is_whole);
    if bare.map_or(text, |(_, bare)| bare).is_empty() {
        return Err(Error::config(
            "there is no token: set DISCORD_TOKEN to the token of the bot's page in the developer \
             portal",
        ));
    }
    let scheme = if is_whole { "" } else { "Bot " };
    let mut header = HeaderValue::from_str(&format!("{scheme}{text}"))
        .map_err(|_| Error::config("the token holds characters that no token has; copy it anew"))?;
    header.set_sensitive(true);
    Ok(header)
}
