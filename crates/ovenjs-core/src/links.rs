//! What the processes of a bot share: a Redis and NATS, where the configuration names them.
//!
//! A build without the feature knows the settings and refuses them by name, so that a bot is never
//! quietly alone.

use std::sync::Arc;

#[cfg(all(feature = "tiers", feature = "redis"))]
use ovenjs_cache::tiers::RedisStore;
#[cfg(feature = "tiers")]
use ovenjs_cache::tiers::Store;
use ovenjs_gateway::{
    IdentifyPort, SessionStore,
    bus::{Bus, Hall, Member},
};
#[cfg(feature = "nats")]
use ovenjs_gateway::{NatsConfig, NatsLink};
#[cfg(feature = "redis")]
use ovenjs_gateway::{RedisSessions, RedisTurns};
#[cfg(any(feature = "redis", feature = "nats"))]
use ovenjs_net::Connector;
#[cfg(feature = "redis")]
use ovenjs_net::{RedisAddress, RedisConfig, RedisLink};
use ovenjs_rest::Builder;
#[cfg(feature = "redis")]
use ovenjs_rest::RedisLeases;

use crate::{BusConfig, Config, Error, ErrorKind, IdentifyQueue, LimitsShared};

/// The links that are configured.
#[derive(Debug)]
pub(crate) struct Links {
    #[cfg(feature = "redis")]
    redis: Option<RedisLink>,
    #[cfg(feature = "nats")]
    nats: Option<NatsLink>,
}

impl Links {
    /// Makes the links. NATS must be there, also where nothing uses it yet; a Redis is spoken to when it
    /// is first needed.
    #[cfg_attr(
        not(feature = "nats"),
        expect(clippy::unused_async, reason = "only NATS is connected to at once")
    )]
    pub(crate) async fn connect(config: &Config) -> Result<Self, Error> {
        #[cfg(not(feature = "redis"))]
        if config.redis.is_some() {
            return Err(left_out("redis", "OVENJS_REDIS"));
        }
        #[cfg(not(feature = "nats"))]
        if config.nats.is_some() {
            return Err(left_out("nats", "OVENJS_NATS"));
        }
        Ok(Self {
            #[cfg(feature = "redis")]
            redis: match &config.redis {
                Some(address) => Some(redis(config, address.expose())?),
                None => None,
            },
            #[cfg(feature = "nats")]
            nats: match &config.nats {
                Some(address) => Some(nats(config, address.expose()).await?),
                None => None,
            },
        })
    }

    /// The store of this process's sessions.
    pub(crate) fn sessions(&self, process: &str) -> Result<Arc<dyn SessionStore>, Error> {
        #[cfg(feature = "redis")]
        if let Some(link) = &self.redis {
            let store = RedisSessions::new(link, process);
            return Ok(Arc::new(store.map_err(in_setting("[gateway] state"))?));
        }
        let _ = process;
        Err(missing("[gateway] state", "redis", "OVENJS_REDIS"))
    }

    /// The store that is the second tier.
    #[cfg(feature = "tiers")]
    pub(crate) fn records(&self, name: &str) -> Result<Arc<dyn Store>, Error> {
        #[cfg(feature = "redis")]
        if let Some(link) = &self.redis {
            return Ok(Arc::new(RedisStore::new(link, name)));
        }
        let _ = name;
        Err(missing("[tiers] second", "redis", "OVENJS_REDIS"))
    }

    /// The turns to identify, where they are not the process's own.
    pub(crate) fn turns(
        &self,
        queue: &IdentifyQueue,
    ) -> Result<Option<Arc<dyn IdentifyPort>>, Error> {
        let IdentifyQueue::Redis(bot) = queue else {
            return Ok(None);
        };
        #[cfg(feature = "redis")]
        if let Some(link) = &self.redis {
            let turns = RedisTurns::start(link, bot);
            return Ok(Some(Arc::new(
                turns.map_err(in_setting("[gateway] identify"))?,
            )));
        }
        let _ = bot;
        Err(missing("[gateway] identify", "redis", "OVENJS_REDIS"))
    }

    /// The client with Discord's limits, where they are not the process's own.
    pub(crate) fn limits(&self, client: Builder, shared: &LimitsShared) -> Result<Builder, Error> {
        let LimitsShared::Redis(bot) = shared else {
            return Ok(client);
        };
        #[cfg(feature = "redis")]
        if let Some(link) = &self.redis {
            return Ok(client.lease(RedisLeases::new(link, bot)));
        }
        let _ = bot;
        Err(missing("[rest] limits", "redis", "OVENJS_REDIS"))
    }

    /// Joins the room.
    #[cfg_attr(
        not(any(feature = "redis", feature = "nats")),
        expect(
            clippy::unused_async,
            reason = "a room of this process is entered at once"
        )
    )]
    pub(crate) async fn bus(&self, config: &BusConfig) -> Result<Bus, Error> {
        let member = |name: &str| Member::new(name).map_err(in_setting("[bus] member"));
        match config {
            BusConfig::Alone => {
                Bus::in_hall(&Hall::new(), member("bot")?).map_err(in_setting("[bus]"))
            }
            BusConfig::Redis { room, member: name } => {
                let member = member(name)?;
                #[cfg(feature = "redis")]
                if let Some(link) = &self.redis {
                    let bus = Bus::over_redis(link, room, member).await;
                    return bus.map_err(in_setting("[bus]"));
                }
                let _ = (room, member);
                Err(missing("[bus]", "redis", "OVENJS_REDIS"))
            }
            BusConfig::Nats { room, member: name } => {
                let member = member(name)?;
                #[cfg(feature = "nats")]
                if let Some(link) = &self.nats {
                    let bus = Bus::over_nats(link, room, member).await;
                    return bus.map_err(in_setting("[bus]"));
                }
                let _ = (room, member);
                Err(missing("[bus]", "nats", "OVENJS_NATS"))
            }
        }
    }
}

#[cfg(feature = "redis")]
fn redis(config: &Config, address: &str) -> Result<RedisLink, Error> {
    let refused = |e| {
        let text = "redis (OVENJS_REDIS) cannot be used";
        Error::below(ErrorKind::Configuration, text, e)
    };
    let address = RedisAddress::parse(address).map_err(refused)?;
    let connector = connector(config)?;
    connector.check(&address.target).map_err(refused)?;
    Ok(RedisLink::build(RedisConfig::new(address), connector))
}

#[cfg(feature = "nats")]
async fn nats(config: &Config, address: &str) -> Result<NatsLink, Error> {
    let refused = |e| {
        let text = "nats (OVENJS_NATS) cannot be used";
        Error::below(ErrorKind::Configuration, text, e)
    };
    let parsed = NatsConfig::parse(address).map_err(refused)?;
    NatsLink::connect(parsed, &connector(config)?)
        .await
        .map_err(refused)
}

/// Another one than Discord's: servers of one's own are not behind its proxy, nor in a test's process.
#[cfg(any(feature = "redis", feature = "nats"))]
fn connector(config: &Config) -> Result<Connector, Error> {
    let refused = |e| {
        let text = "roots cannot be used";
        Error::below(ErrorKind::Configuration, text, e)
    };
    let mut net = ovenjs_net::Config::new().allow_plain(config.allow_plain);
    if let Some(roots) = &config.roots {
        net = net.extra_roots_pem(roots).map_err(refused)?;
    }
    Connector::build(net).map_err(refused)
}

#[cfg(not(all(feature = "redis", feature = "nats")))]
fn left_out(feature: &str, variable: &str) -> Error {
    Error::configuration(format!(
        "{feature} ({variable}) is set, which this build leaves out: turn on the feature `{feature}` \
         of ovenjs-core, or unset it"
    ))
}

/// A setting needs a server whose address is nowhere.
fn missing(setting: &str, server: &str, variable: &str) -> Error {
    Error::configuration(format!(
        "{setting} wants a server whose address is not set: set {server} ({variable})"
    ))
}

fn in_setting(setting: &'static str) -> impl Fn(ovenjs_gateway::Error) -> Error {
    move |error| {
        let text = format!("mend {setting}");
        Error::below(ErrorKind::Configuration, &text, error)
    }
}
