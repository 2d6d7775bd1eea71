//! A bot's settings in memory, before a file of SQLite and, where `OVENJS_REDIS` names one, a Redis that its processes
//! share.
//!
//! `cargo run -p ovenjs-cache --example tiers --features tiers,redis,sqlite`: what the first run writes, the second
//! finds.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example: it tells people, and reads where its Redis is"
)]

use std::{io, sync::Arc, time::Duration};

use ovenjs_cache::tiers::{
    Journal, Keyspace, KeyspaceConfig, RedisStore, SqliteStore, Tiered, TieredConfig,
};
use ovenjs_net::{Config, Connector, RedisAddress, RedisConfig, RedisLink};
use ovenjs_types::{Id, marker::GuildMarker};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    prefix: String,
    starts: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join("ovenjs-tiers");
    std::fs::create_dir_all(&folder)?;
    let mut config = TieredConfig::new()
        .third(Arc::new(SqliteStore::new(folder.join("bot.db"))))
        // What waits for the file survives a kill.
        .third_journal(Journal::open(folder.join("bot.journal"))?);
    if let Ok(address) = std::env::var("OVENJS_REDIS") {
        let address = RedisConfig::new(RedisAddress::parse(&address)?);
        let link = RedisLink::build(address, Connector::build(Config::new())?);
        // The same name in all processes of the bot.
        config = config.second(Arc::new(RedisStore::new(&link, "my-bot")));
    }
    let tiers = Tiered::build(config);
    // Writes what waits, hears what other processes write and loads anew, for as long as the bot runs.
    let serving = tiers.clone();
    tokio::spawn(async move { serving.serve().await });

    // Of version 1 of `Settings`: with another number nothing is found of this one.
    let day = Duration::from_secs(24 * 3_600);
    let config = KeyspaceConfig::new("settings", 1).lifetimes(day, 30 * day);
    let settings: Keyspace<Id<GuildMarker>, Settings> = tiers.keyspace(config)?;

    let guild = Id::new(41_771_983_423_143_937);
    // Asked once, however many handlers want it at the same time.
    let found = settings.get_or_load(&guild, from_elsewhere).await?;
    let found = found.ok_or("nobody knows the guild")?;
    println!("found {found:?}");
    let next = Settings {
        prefix: "?".to_owned(),
        starts: found.starts + 1,
    };
    settings.put(&guild, next).await?;
    let now = settings.get(&guild).await?;
    assert_eq!(now.map(|now| now.starts), Some(found.starts + 1));

    // Before the process ends.
    tiers.flush().await?;
    println!("{:#?}", settings.stats());
    Ok(())
}

/// What a bot asks a web service for, or Discord.
async fn from_elsewhere() -> io::Result<Option<Settings>> {
    Ok(Some(Settings {
        prefix: "!".to_owned(),
        starts: 0,
    }))
}
