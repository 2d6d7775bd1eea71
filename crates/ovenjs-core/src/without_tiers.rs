//! A build without the feature `tiers`: their settings are known and refused, so that a bot never quietly forgets.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use ovenjs_cache::mirror::Mirror;
use ovenjs_gateway::Fleet;
use ovenjs_types::{Id, ShardId, Version, marker::GuildMarker};
use tokio::task::JoinSet;

use crate::{Config, Error, TiersConfig, links::Links};

/// What the bot was given.
#[derive(Debug, Default)]
pub(crate) struct Given;

/// What is to be built: nothing.
#[derive(Debug)]
pub(crate) struct Plan;

/// There are none.
#[derive(Clone, Debug)]
pub(crate) struct Tiers;

impl Plan {
    pub(crate) fn new(config: &Config, _: Given, _: &Links) -> Result<Self, Error> {
        let left_out = |what| {
            Error::configuration(format!(
                "{what} is set, which this build leaves out: turn on the feature `tiers` of ovenjs-core, or unset it"
            ))
        };
        if config.tiers != TiersConfig::default() {
            return Err(left_out("[tiers]"));
        }
        match &config.database {
            Some(_) => Err(left_out("database (OVENJS_DATABASE)")),
            None => Ok(Self),
        }
    }

    pub(crate) fn open(self) -> Ready<Result<Tiers, Error>> {
        ready(Ok(Tiers))
    }
}

impl Tiers {
    pub(crate) fn warm(&mut self, _: &Mirror, _: &[(ShardId, Option<Version>)]) -> Ready<u64> {
        ready(0)
    }

    pub(crate) fn serve(&self, _: &mut JoinSet<()>) {}

    pub(crate) fn wake(&self, _: Option<Id<GuildMarker>>) -> Ready<()> {
        ready(())
    }

    pub(crate) fn leave(&self, _: &Fleet, _: Duration) -> Ready<()> {
        ready(())
    }
}
