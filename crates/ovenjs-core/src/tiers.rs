//! The tiers in a bot's life: built of its configuration, served while it runs, flushed when it stops. And its guilds
//! in them.

use std::{
    fmt,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ovenjs_cache::{
    mirror::Mirror,
    tiers::{GuildBlocks, GuildBlocksConfig, Journal, Store, Tiered, TieredConfig, TieredStats},
};
use ovenjs_commands::{Call, Extract, Failure};
use ovenjs_gateway::{Fleet, Resume};
use ovenjs_types::{Id, ShardId, Version, marker::GuildMarker};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

use crate::{App, Config, Error, SecondTier, ThirdTier, TiersConfig, links::Links, tend::tend};

/// What the bot was given: tiers that somebody else built.
pub(crate) type Given = Option<Tiered>;

/// What is to be built, before anything of it is this process's alone.
#[derive(Debug)]
pub(crate) struct Plan {
    given: Given,
    config: TieredConfig,
    journal: Option<PathBuf>,
    away_after: Option<Duration>,
}

/// The bot's tiers, and its guilds in them, where they go there.
#[derive(Clone)]
pub(crate) struct Tiers {
    pub(crate) tiered: Tiered,
    away_after: Option<Duration>,
    pub(crate) guilds: Option<GuildBlocks>,
}

impl Plan {
    /// Refuses what can be known to be wrong; no store is asked anything.
    pub(crate) fn new(config: &Config, given: Given, links: &Links) -> Result<Self, Error> {
        let asked = &config.tiers;
        let away_after = asked.away_after;
        if given.is_some() {
            let others = TiersConfig {
                away_after,
                ..TiersConfig::default()
            };
            if *asked != others {
                return Err(Error::configuration(
                    "the bot was given its tiers by Bot::tiers, and [tiers] of its configuration names others: leave \
                     one of the two out",
                ));
            }
        }
        let mut tiers = TieredConfig::new();
        tiers.second = asked
            .second
            .as_ref()
            .map(|SecondTier::Redis(name)| links.records(name))
            .transpose()?;
        tiers.third = match &asked.third {
            Some(ThirdTier::File(path)) => Some(file(path)?),
            Some(ThirdTier::Database(name)) => Some(database(config, name)?),
            None => None,
        };
        tiers.memory = asked.memory;
        tiers.second_deadline = asked.second_deadline.unwrap_or(tiers.second_deadline);
        tiers.third_deadline = asked.third_deadline.unwrap_or(tiers.third_deadline);
        let has_store = match &given {
            Some(given) => stores(&given.stats()).next().is_some(),
            None => tiers.second.is_some() || tiers.third.is_some(),
        };
        let wants = [
            ("journal", asked.journal.is_some()),
            ("away_after_s", away_after.is_some()),
        ];
        if let Some((setting, _)) = wants.iter().find(|(_, is_set)| *is_set && !has_store) {
            return Err(Error::configuration(format!(
                "[tiers] {setting} is of use with a store only: set [tiers] third to a file or a database, or leave \
                 {setting} out"
            )));
        }
        Ok(Self {
            given,
            config: tiers,
            journal: asked.journal.clone(),
            away_after,
        })
    }

    /// Builds them, with what the process before has left in the journals.
    pub(crate) async fn open(self) -> Result<Tiers, Error> {
        let mut config = self.config;
        if let Some(folder) = self.journal {
            let (has_second, has_third) = (config.second.is_some(), config.third.is_some());
            let opening = spawn_blocking(move || {
                let second = has_second.then(|| journal(&folder, "second"));
                let third = has_third.then(|| journal(&folder, "third"));
                Ok::<_, Error>((second.transpose()?, third.transpose()?))
            });
            let (second, third) = opening
                .await
                .map_err(|e| Error::system("the journals were not opened", &e.into()))??;
            config.second_journal = second.map(Arc::new);
            config.third_journal = third.map(Arc::new);
        }
        let tiered = self.given.unwrap_or_else(|| Tiered::build(config));
        let left: usize = stores(&tiered.stats())
            .map(|tier| tier.behind.waiting)
            .sum();
        if left > 0 {
            tracing::info!(writes = left, "the journal of the former process goes on");
        }
        Ok(Tiers {
            tiered,
            away_after: self.away_after,
            guilds: None,
        })
    }
}

impl Tiers {
    /// Where guilds go there: fills the mirror with those of these shards that it does not know, each with the last
    /// event that was delivered in the session that is to go on. Answers with the epoch that those of new sessions
    /// have to exceed.
    pub(crate) async fn warm(
        &mut self,
        mirror: &Mirror,
        shards: &[(ShardId, Option<Version>)],
    ) -> u64 {
        let Some(idle) = self.away_after else {
            return 0;
        };
        let config = GuildBlocksConfig::new().idle(idle);
        let guilds = match GuildBlocks::build(&self.tiered, mirror, config) {
            Ok(guilds) => guilds,
            Err(error) => {
                tracing::error!("guilds cannot go to the tiers: {error}");
                return 0;
            }
        };
        match guilds.warm(shards).await {
            Ok(count) => tracing::info!(guilds = count, "guilds came from the tiers"),
            Err(error) => {
                tracing::warn!(
                    "not all guilds came from the tiers, and Discord tells of them: {error}"
                );
            }
        }
        let epoch = guilds.stats().epoch;
        self.guilds = Some(guilds);
        epoch
    }

    /// Has all that lasts go on in these tasks.
    pub(crate) fn serve(&self, tasks: &mut JoinSet<()>) {
        let tiered = self.tiered.clone();
        tasks.spawn(tend("the tiers", move || {
            let tiered = tiered.clone();
            async move { tiered.serve().await }
        }));
        if let Some(guilds) = self.guilds.clone() {
            tasks.spawn(tend("the guilds in the tiers", move || {
                let guilds = guilds.clone();
                async move { guilds.serve().await }
            }));
        }
    }

    /// Brings a guild back that is away, for somebody who is about to read it. Where the store is away it stays so,
    /// and the mirror says so.
    pub(crate) async fn wake(&self, guild: Option<Id<GuildMarker>>) {
        if let (Some(guilds), Some(guild)) = (&self.guilds, guild)
            && let Err(error) = guilds.wake(guild).await
        {
            tracing::debug!(%guild, "the guild does not come back from the tiers: {error}");
        }
    }

    /// Writes what waits, and the guilds, for so long at most; no event is applied any more. What is not written is
    /// told, and the journals are the next process's.
    pub(crate) async fn leave(&self, fleet: &Fleet, within: Duration) {
        let leaves = async {
            // Whatever it was, the numbers tell.
            let _away = self.tiered.flush().await;
            if let Some(guilds) = &self.guilds {
                let state = fleet.hand_over().await;
                let sessions = state.sessions().iter();
                let sessions: Vec<(ShardId, Version)> = sessions.filter_map(place).collect();
                match guilds.save(&sessions).await {
                    Ok(count) => {
                        let unsaved = guilds.stats().unsaved;
                        tracing::info!(guilds = count, unsaved, "guilds were left in the tiers");
                    }
                    Err(error) => {
                        tracing::warn!("not all guilds were left in the tiers: {error}");
                    }
                }
            }
        };
        if timeout(within, leaves).await.is_err() {
            tracing::warn!("the stores of the tiers did not take all in {within:?}");
        }
        for (name, tier) in named(&self.tiered.stats()) {
            let writes = tier.behind.waiting;
            match tier.journal {
                _ if writes == 0 => {}
                Some(_) => tracing::warn!(
                    writes,
                    "the {name} tier did not take all that waits, which stays in the journal for the next process"
                ),
                None => tracing::error!(
                    writes,
                    "the {name} tier did not take all that waits, which is lost: a journal keeps it ([tiers] journal)"
                ),
            }
        }
        self.tiered.hand_over();
    }
}

/// The shard of a session, and the last event that was delivered in it.
pub(crate) fn place(session: &Resume) -> Option<(ShardId, Version)> {
    Some((session.shard()?, session.version()))
}

impl<T: Send + Sync> Extract<App<T>> for Tiered {
    async fn extract(call: &mut Call<App<T>>) -> Result<Self, Failure> {
        Ok(call.state().tiers.tiered.clone())
    }
}

impl fmt::Debug for Tiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiers")
            .field("stats", &self.tiered.stats())
            .finish_non_exhaustive()
    }
}

fn file(path: &Path) -> Result<Arc<dyn Store>, Error> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Error::configuration(format!(
            "[tiers] third is {}, and there is no folder {}: make it, or name another file",
            path.display(),
            folder.display()
        )));
    }
    #[cfg(feature = "sqlite")]
    return Ok(Arc::new(ovenjs_cache::tiers::SqliteStore::new(path)));
    #[cfg(not(feature = "sqlite"))]
    Err(left_out("[tiers] third is a file of SQLite", "sqlite"))
}

fn database(config: &Config, name: &str) -> Result<Arc<dyn Store>, Error> {
    let address = config.database.as_ref().ok_or_else(|| {
        Error::configuration(
            "[tiers] third wants a database whose address is not set: set database (OVENJS_DATABASE)",
        )
    })?;
    let scheme = address.expose().split_once("://").map(|(scheme, _)| scheme);
    match scheme.unwrap_or_default() {
        "postgres" | "postgresql" => postgres(address.expose(), name),
        "mysql" | "mariadb" => mysql(address.expose(), name),
        _ => Err(Error::configuration(
            "database (OVENJS_DATABASE) begins with neither postgres:// nor mysql://: mend it; a file of SQLite is \
             named in [tiers] third",
        )),
    }
}

#[cfg(feature = "postgres")]
fn postgres(address: &str, name: &str) -> Result<Arc<dyn Store>, Error> {
    let store = ovenjs_cache::tiers::PostgresStore::new(address, name);
    Ok(Arc::new(store.map_err(unusable)?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &str) -> Result<Arc<dyn Store>, Error> {
    Err(left_out(
        "database (OVENJS_DATABASE) is a PostgreSQL",
        "postgres",
    ))
}

#[cfg(feature = "mysql")]
fn mysql(address: &str, name: &str) -> Result<Arc<dyn Store>, Error> {
    let store = ovenjs_cache::tiers::MySqlStore::new(address, name);
    Ok(Arc::new(store.map_err(unusable)?))
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &str, _: &str) -> Result<Arc<dyn Store>, Error> {
    Err(left_out("database (OVENJS_DATABASE) is a MySQL", "mysql"))
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn unusable(error: ovenjs_cache::tiers::StoreError) -> Error {
    let text = "database (OVENJS_DATABASE) cannot be used under the name that [tiers] third gives";
    Error::below(crate::ErrorKind::Configuration, text, error)
}

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn left_out(what: &str, feature: &str) -> Error {
    Error::configuration(format!(
        "{what}, which this build leaves out: turn on the feature `{feature}` of ovenjs-core"
    ))
}

/// The journal of a tier in this folder.
fn journal(folder: &Path, tier: &str) -> Result<Journal, Error> {
    let path = folder.join(format!("{tier}.journal"));
    let made = DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder);
    made.and_then(|()| Journal::open(&path)).map_err(|error| {
        let path = path.display();
        let text = match error.kind() {
            io::ErrorKind::WouldBlock => format!(
                "[tiers] journal: another process has {path}; end that one, or give this one a folder of its own"
            ),
            _ => format!("[tiers] journal: {path} cannot be used"),
        };
        Error::system(&text, &error)
    })
}

fn named(
    stats: &TieredStats,
) -> impl Iterator<Item = (&'static str, ovenjs_cache::tiers::TierStats)> {
    let tiers = [("second", stats.second), ("third", stats.third)];
    let there = tiers.into_iter();
    there.filter_map(|(name, tier)| Some((name, tier?)))
}

fn stores(stats: &TieredStats) -> impl Iterator<Item = ovenjs_cache::tiers::TierStats> {
    named(stats).map(|(_, tier)| tier)
}

/// What waits is what users wrote: for the owner alone.
const FOLDER_MODE: u32 = 0o700;
