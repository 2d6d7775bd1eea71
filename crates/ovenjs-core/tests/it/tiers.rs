//! Bots with something behind memory: what handlers write is there for the next process, whatever becomes of stores.

mod guilds;
mod store;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ovenjs_core::{
    Answer, Bot, Config, Cx, ErrorKind, Register, Running, State, ThirdTier,
    cache::tiers::{
        Journal, Keyspace, KeyspaceConfig, Store, TierError, Tiered, TieredConfig, TieredStats,
        Writes,
    },
    command,
    net::{Clock as _, SystemClock},
    routes,
    types::{Id, marker::UserMarker},
};
use ovenjs_mock::Discord;

use self::store::{Fickle, NEVER, Wall};
use crate::{leaving::Lines, replaced::Folder};

type Visits = Keyspace<Id<UserMarker>, u32>;

/// Counts your visits
#[command]
async fn visit(cx: Cx, State(visits): State<Visits>) -> Answer {
    let user = cx.user_id();
    let count = visits.get(&user).await?.map_or(1, |count| *count + 1);
    visits.put(&user, count).await?;
    cx.reply(format!("visit {count}")).await
}

/// How many stores there are
#[command]
async fn stores(cx: Cx, tiers: Tiered) -> Answer {
    let TieredStats { second, third, .. } = tiers.stats();
    let count = [second, third].iter().flatten().count();
    cx.reply(format!("stores: {count}")).await
}

#[tokio::test(start_paused = true)]
async fn without_any_store_a_bot_remembers_as_long_as_it_runs() {
    let start = |d: &Discord| bot().config(config(d)).start();
    let (discord, bot) = Discord::with_bot(start).await;
    let ann = discord.user("ann");
    ann.slash("/visit").await.says("visit 1");
    ann.slash("/visit").await.says("visit 2");
    ann.slash("/stores").await.says("stores: 0");
    assert!(bot.tiers().stats().second.is_none());
    assert!(bot.guild_blocks().is_none());
    discord.expect_no_violations();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn what_a_handler_wrote_is_there_after_a_restart() {
    let folder = Folder::new("tiers");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    for nth in 1..=3 {
        let config = crate::replaced::config(&discord).register(Register::Global);
        let config = config.tiers_in_file(folder.0.join("bot.db"));
        let bot = bot().config(config).start().await.unwrap();
        discord.wait_for_ready(1).await.unwrap();
        let answer = discord.user("ann").slash("/visit").await;
        answer.says(&format!("visit {nth}"));
        discord.user("ann").slash("/stores").await.says("stores: 1");
        bot.stop().await.unwrap();
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_next_process_takes_the_journal_over() {
    let folder = Folder::new("journal");
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let config = crate::replaced::config(&discord)
        .register(Register::Global)
        .hand_over(folder.0.join("bot.socket"))
        .tiers_in_file(folder.0.join("bot.db"))
        .tiers_journal(folder.0.join("waits"));
    let former = bot().config(config.clone()).start().await.unwrap();
    discord.wait_for_ready(1).await.unwrap();
    discord.user("ann").slash("/visit").await.says("visit 1");

    // As where handlers of the former process are still there.
    let visits = former.tiers().clone();
    let heir = bot().config(config.clone()).start();
    let (replaced, heir) = tokio::join!(former.until_replaced(), heir);
    replaced.unwrap();
    let heir = heir.unwrap();
    discord.user("ann").slash("/visit").await.says("visit 2");
    assert!(heir.tiers().stats().third.unwrap().journal.is_some());

    // A third that asks nobody finds that the journal is somebody's.
    let mut stranger = config;
    stranger.gateway.hand_over = None;
    let error = bot().config(stranger).start().await.unwrap_err();
    assert!(error.to_string().contains("another process has"), "{error}");
    drop(visits);
    heir.stop().await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.0.join("waits"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o700, "for the owner alone");
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_until_the_store_has_what_was_written() {
    let store = Fickle::new();
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let bot = given(&discord, TieredConfig::new().third(store.port())).await;
    discord.user("ann").slash("/visit").await.says("visit 1");
    // A batch has eight times a question's deadline.
    store.answers_after(Duration::from_millis(1_500));
    discord.user("ann").slash("/visit").await.says("visit 2");
    bot.stop().await.unwrap();
    assert_eq!(store.read_by_another(&discord.user("ann")).await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_a_store_does_not_take_is_told_and_stays_in_the_journal() {
    let folder = Folder::new("left");
    let journal = || Journal::open(folder.0.join("third.journal")).unwrap();
    let store = Fickle::new();
    let tiers = || TieredConfig::new().third(store.port());
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let lines = Lines::default();
    let listening = lines.listen();
    let bot = given(&discord, tiers().third_journal(journal())).await;
    store.delay_ms.store(NEVER, Ordering::Relaxed);
    for name in ["ann", "bob", "cem"] {
        discord.user(name).slash("/visit").await.says("visit 1");
    }

    let began = SystemClock.now();
    bot.stop().await.unwrap();
    let took = SystemClock.now() - began;
    assert!(took <= Duration::from_secs(11), "the stop's time");
    drop(listening);
    let told = lines.told();
    assert!(told.contains("stays in the journal"), "{told}");
    assert!(told.contains("writes=3"), "{told}");

    store.answers_after(Duration::ZERO);
    let bot = given(&discord, tiers().third_journal(journal())).await;
    discord.user("ann").slash("/visit").await.says("visit 2");
    discord.pass(Duration::from_secs(1)).await;
    assert_eq!(store.read_by_another(&discord.user("cem")).await, Some(1));
    bot.stop().await.unwrap();

    // Where there is no journal, that is told too.
    let lines = Lines::default();
    let listening = lines.listen();
    let bot = given(&discord, tiers()).await;
    store.delay_ms.store(NEVER, Ordering::Relaxed);
    discord.user("ann").slash("/visit").await.says("visit 1");
    bot.stop().await.unwrap();
    drop(listening);
    assert!(lines.told().contains("is lost"), "{}", lines.told());
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_stops_the_tiers_for_a_second() {
    let store = Fickle::new();
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let clock = Arc::new(Wall::new());
    let tiers = Tiered::build(TieredConfig::new().clock(clock).third(store.port()));
    let lines = Lines::default();
    let _listening = lines.listen();
    let bot = Bot::new().config(config(&discord)).tiers(tiers.clone());
    let bot = bot.start().await.unwrap();
    let second = Duration::from_secs(1);
    let pages = KeyspaceConfig::new("pages", 1).lifetimes(second, 100 * second);
    let pages: Keyspace<u64, u32> = tiers.keyspace(pages).unwrap();
    pages.put(&1, 10).await.unwrap();
    discord.pass(5 * second).await;
    assert_eq!(tiers.stats().third.unwrap().behind.waiting, 0);

    let load = || async {
        let is_on_fire = true;
        assert!(!is_on_fire, "the oven is on fire");
        Ok::<_, std::io::Error>(Some(11))
    };
    let found = pages.get_or_load(&1, load).await.unwrap();
    assert_eq!(found.as_deref(), Some(&10), "it is loaded beside");
    discord.pass(Duration::from_millis(10)).await;
    pages.put(&2, 20).await.unwrap();
    discord.pass(second / 2).await;
    assert_eq!(tiers.stats().third.unwrap().behind.waiting, 1);
    let told = lines.told();
    assert!(told.contains("the tiers stopped and begin anew"), "{told}");
    discord.pass(second).await;
    assert_eq!(tiers.stats().third.unwrap().behind.waiting, 0, "they go on");
    bot.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_told_before_anything_is_asked() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let folder = Folder::new("refused");
    let config = || config(&discord);
    let away = Duration::from_secs(60);
    for (asked, words) in [
        (config().tiers_in_redis("bot"), "OVENJS_REDIS"),
        (config().tiers_in_database("bot"), "OVENJS_DATABASE"),
        (
            config().tiers_in_database("bot").database("bot.db"),
            "postgres://",
        ),
        #[cfg(feature = "postgres")]
        (
            config()
                .tiers_in_database("My Bot")
                .database("postgres://ann:canary@db.example/bots"),
            "the name",
        ),
        #[cfg(feature = "mysql")]
        (
            config()
                .tiers_in_database("bot")
                .database("mysql://ann:canary@db.example"),
            "mysql://user",
        ),
        #[cfg(not(feature = "postgres"))]
        (
            config()
                .tiers_in_database("bot")
                .database("postgres://ann:canary@db.example/bots"),
            "feature `postgres`",
        ),
        #[cfg(not(feature = "mysql"))]
        (
            config()
                .tiers_in_database("bot")
                .database("mysql://ann:canary@db.example/bots"),
            "feature `mysql`",
        ),
        #[cfg(not(feature = "sqlite"))]
        (
            config().tiers_in_file(folder.0.join("bot.db")),
            "feature `sqlite`",
        ),
        (
            config().tiers_in_file(folder.0.join("nowhere").join("bot.db")),
            "no folder",
        ),
        (config().tiers_journal(&folder.0), "[tiers] third"),
        (config().away_after(away), "away_after_s"),
    ] {
        refused(bot().config(asked), words).await;
    }
    let mut both = config();
    both.tiers.third = Some(ThirdTier::File(folder.0.join("bot.db")));
    let tiers = Tiered::build(TieredConfig::new());
    refused(bot().config(both).tiers(tiers.clone()), "Bot::tiers").await;
    refused(
        bot().config(config().away_after(away)).tiers(tiers),
        "[tiers]",
    )
    .await;
    let greedy = Bot::with_tiers(|tiers| {
        let config = KeyspaceConfig::new("visits", 1).memory(2 << 20);
        tiers.keyspace::<u64, u32>(config)
    });
    let mut small = config();
    small.tiers.memory = Some(1 << 20);
    refused(greedy.config(small), "1048576").await;
    assert_eq!(discord.identifies(), 0);
}

async fn refused<T: Clone + Send + Sync + 'static>(bot: Bot<T>, words: &str) {
    let error = bot.start().await.unwrap_err();
    let told = format!("{error:?}");
    assert_eq!(error.kind(), ErrorKind::Configuration, "{told}");
    assert!(told.contains(words), "no {words} in {told}");
    assert!(!told.contains("canary"), "{told}");
}

fn visits(tiers: &Tiered) -> Result<Visits, TierError> {
    let config = KeyspaceConfig::new("visits", 1);
    tiers.keyspace(config.writes(Writes::Through, Writes::Behind))
}

fn bot() -> Bot<Visits> {
    Bot::with_tiers(visits).routes(routes![visit, stores])
}

fn config(discord: &Discord) -> Config {
    Config::in_process(discord.token(), discord.door())
}

async fn given(discord: &Discord, tiers: TieredConfig) -> Running {
    let bot = bot().config(config(discord)).tiers(Tiered::build(tiers));
    let bot = bot.start().await.unwrap();
    discord.expect_ready(1).await;
    bot
}

impl Fickle {
    /// What a process finds that has nothing of its own.
    async fn read_by_another(&self, user: &ovenjs_mock::User) -> Option<u32> {
        self.answers_after(Duration::ZERO);
        let store: Arc<dyn Store> = self.port();
        let visits = visits(&Tiered::build(TieredConfig::new().third(store))).unwrap();
        visits.get(&user.id()).await.unwrap().map(|count| *count)
    }
}
