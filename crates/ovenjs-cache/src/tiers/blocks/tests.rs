//! Stories of guilds that leave a mirror and come back, on a clock of tokio's.

mod forgotten;
mod trouble;

use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    time::{SystemTime, UNIX_EPOCH},
};

use ovenjs_net::Clock;
use ovenjs_types::{Dispatch, Origin, ShardId, json::Scratch};

use super::*;
use crate::{
    mirror::Keep,
    tiers::{
        Asked, Cursor, Memory, Page, Span, Store, StoreError, StoreFault, Tag, TieredConfig,
        Version,
    },
};

#[tokio::test(start_paused = true)]
async fn who_is_not_read_leaves_and_who_is_read_stays() {
    let world = World::new(GuildBlocksConfig::new().idle(Duration::from_secs(80)));
    (1..=4).for_each(|guild| world.create(guild));
    for _ in 0..10 {
        world.serve_for(10).await;
        assert!(world.mirror.guild(Id::new(3)).is_some());
    }
    let away: Vec<u64> = world.away();
    assert_eq!(away, [1, 2, 4]);
    assert_eq!(world.blocks.stats().put_away, 3);
    // Read again, it is here again, and not a cold one.
    assert!(world.blocks.wake(Id::new(2)).await.unwrap());
    assert_eq!(world.name(2).as_deref(), Some("guild 2"));
    world.serve_for(40).await;
    assert_eq!(world.away(), [1, 4]);
}

#[tokio::test(start_paused = true)]
async fn the_coldest_leave_before_the_budget_evicts() {
    let config = GuildBlocksConfig::new().idle(Duration::from_secs(3_600));
    let world = World::keeping(Keep::new().messages(5).bytes(120_000), config);
    for guild in 1..=200 {
        world.create(guild);
        world.message(guild, guild * 10, "rye ".repeat(20));
        world.serve_for(2).await;
    }
    let stats = world.mirror.stats();
    assert_eq!((stats.evicted.guilds, stats.evicted.messages), (0, 0));
    assert!(
        stats.bytes() <= 120_000 * 7 / 8 && stats.away.guilds > 100,
        "{stats:?}"
    );
    assert!(!world.away().contains(&200), "the coldest are the oldest");
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    let message = world
        .mirror
        .message(Some(Id::new(1)), Id::new(1_001), Id::new(10));
    assert!(message.is_some_and(|message| message.content.starts_with("rye")));
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_for_a_guild_wait_for_one_read() {
    let world = World::new(GuildBlocksConfig::new());
    world.create(1);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    let asked = world.tiers.stats().third.unwrap().asked;
    let wakes = (0..100).map(|_| world.blocks.wake(Id::new(1)));
    for woken in futures_util::future::join_all(wakes).await {
        assert!(woken.unwrap());
    }
    assert_eq!(world.tiers.stats().third.unwrap().asked, asked + 1);
    assert!(
        !world.blocks.wake(Id::new(7)).await.unwrap(),
        "nobody knows it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_guild_for_which_much_comes_is_brought_back() {
    let world = World::keeping(Keep::new().messages(500), GuildBlocksConfig::new());
    world.create(1);
    world.create(2);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    assert!(world.blocks.put_away(Id::new(2)).await.unwrap());
    for id in 0..100 {
        world.message(1, 1_000 + id, "rye ".repeat(15));
    }
    world.serve_for(3).await;
    assert_eq!(world.away(), [2]);
    assert!(!world.mirror.state(Id::new(1)).unwrap().is_stale);
    for id in 0..100 {
        let message = world
            .mirror
            .message(Some(Id::new(1)), Id::new(1_001), Id::new(1_000 + id));
        assert!(message.is_some(), "{id}");
    }
    // Or because somebody wants it, and goes on meanwhile.
    world.blocks.want(Id::new(2));
    world.serve_for(1).await;
    assert_eq!(world.away(), [0_u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_all_guilds_stay() {
    let world = World::new(GuildBlocksConfig::new().idle(Duration::from_secs(8)));
    world.create(1);
    world.create(2);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    world.store.is_away.store(true, Ordering::Relaxed);
    world.serve_for(60).await;
    assert_eq!(world.away(), [1]);
    assert!(world.blocks.stats().failed >= 1);
    assert!(world.blocks.put_away(Id::new(2)).await.is_err());
    assert!(world.blocks.wake(Id::new(1)).await.is_err());
    assert_eq!(
        (world.away(), world.name(2).as_deref()),
        (vec![1], Some("guild 2"))
    );
    world.store.is_away.store(false, Ordering::Relaxed);
    world.serve_for(60).await;
    assert_eq!(world.away(), [1, 2]);
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_nobody_waits_for_it_any_more_stays() {
    let world = World::new(GuildBlocksConfig::new());
    world.create(1);
    world.store.is_slow.store(true, Ordering::Relaxed);
    let given_up =
        tokio::time::timeout(Duration::from_millis(50), world.blocks.put_away(Id::new(1)));
    assert!(given_up.await.is_err());
    assert_eq!(world.name(1).as_deref(), Some("guild 1"));
    world.store.is_slow.store(false, Ordering::Relaxed);
    assert!(
        world.blocks.put_away(Id::new(1)).await.unwrap(),
        "it is not leaving still"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_bot_left_is_forgotten_by_the_store() {
    let world = World::new(GuildBlocksConfig::new());
    world.create(1);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    world.apply("GUILD_DELETE", r#"{"id":"1"}"#.to_owned());
    world.serve_for(12).await;
    let next = world.next(GuildBlocksConfig::new());
    assert_eq!(
        next.blocks
            .warm(&[(ShardId::default(), None)])
            .await
            .unwrap(),
        0
    );
    // And taken again where the bot is invited anew.
    world.create(1);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    assert_eq!(
        next.blocks
            .warm(&[(ShardId::default(), None)])
            .await
            .unwrap(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_process_that_begins_is_warm_and_says_what_it_cannot_know() {
    let world = World::new(GuildBlocksConfig::new());
    (1..=40).for_each(|guild| world.create(guild));
    assert!(world.blocks.put_away(Id::new(7)).await.unwrap());
    world.apply("GUILD_UPDATE", r#"{"id":"7","name":"seven"}"#.to_owned());
    assert!(world.blocks.put_away(Id::new(8)).await.unwrap());
    let (shard, last) = (ShardId::default(), world.last());
    assert_eq!(
        world.blocks.save(&[(shard, last)]).await.unwrap(),
        39,
        "8 is there as it was"
    );

    let next = world.next(GuildBlocksConfig::new());
    assert_eq!(next.blocks.warm(&[(shard, Some(last))]).await.unwrap(), 40);
    assert_eq!(next.name(7).as_deref(), Some("seven"));
    assert!((1..=40).all(|guild| next.is_stale(guild)));
    next.mirror.resumed(shard);
    assert!((1..=40).all(|guild| !next.is_stale(guild)));

    // The session of a process that was killed later knows of more than was saved.
    let later = ovenjs_types::Version {
        seq: last.seq + 1,
        ..last
    };
    let killed = world.next(GuildBlocksConfig::new());
    assert_eq!(
        killed.blocks.warm(&[(shard, Some(later))]).await.unwrap(),
        40
    );
    killed.mirror.resumed(shard);
    assert!(killed.is_stale(7));
    // And a process of other shards takes nothing.
    let other = world.next(GuildBlocksConfig::new());
    let others = ShardId::new(1, 2).unwrap();
    assert_eq!(other.blocks.warm(&[(others, None)]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_became_stale_with_no_event_is_saved_so() {
    let world = World::new(GuildBlocksConfig::new());
    (1..=4).for_each(|guild| world.create(guild));
    assert!(world.blocks.put_away(Id::new(4)).await.unwrap());
    let (shard, last) = (ShardId::default(), world.last());
    assert_eq!(world.blocks.save(&[(shard, last)]).await.unwrap(), 3);

    // Its session does not go on: of a new one all guilds are told anew, and of two not before the process ends.
    let second = world.next(GuildBlocksConfig::new());
    assert_eq!(second.blocks.warm(&[(shard, Some(last))]).await.unwrap(), 4);
    second.mirror.resumed(shard);
    assert!(second.blocks.put_away(Id::new(3)).await.unwrap());
    second.mirror.outdate_shard(shard);
    second.seq.store(last.seq, Ordering::Relaxed);
    second.create(1);
    second.create(4);
    let last = second.last();
    assert_eq!(second.blocks.save(&[(shard, last)]).await.unwrap(), 4);

    let third = world.next(GuildBlocksConfig::new());
    assert_eq!(third.blocks.warm(&[(shard, Some(last))]).await.unwrap(), 4);
    third.mirror.resumed(shard);
    let stale = [1, 2, 3, 4].map(|guild| third.is_stale(guild));
    assert_eq!(stale, [false, true, true, false]);
    // Whose block says so is not fetched for it again.
    assert!(third.blocks.put_away(Id::new(3)).await.unwrap());
    assert_eq!(third.blocks.save(&[(shard, last)]).await.unwrap(), 1);
    assert_eq!(third.away(), [3]);
}

#[tokio::test(start_paused = true)]
async fn without_a_store_nobody_leaves() {
    let mirror = Mirror::new(Keep::new());
    let tiers = Tiered::build(TieredConfig::new());
    let blocks = GuildBlocks::build(&tiers, &mirror, GuildBlocksConfig::new()).unwrap();
    let raw = br#"{"id":"1","name":"Bakery"}"#;
    let create = Dispatch::new(
        Origin::default(),
        ovenjs_types::Version::default(),
        "GUILD_CREATE",
        &raw[..],
    );
    mirror.apply(&create, &mut Scratch::new());
    assert!(blocks.put_away(Id::new(1)).await.is_err());
    assert!(mirror.guild(Id::new(1)).is_some());
}

/// A process with a mirror before a store that all share.
struct World {
    tiers: Tiered,
    mirror: Mirror,
    blocks: GuildBlocks,
    store: Arc<Fickle>,
    clock: Arc<dyn Clock>,
    seq: AtomicU64,
}

impl World {
    fn new(config: GuildBlocksConfig) -> Self {
        Self::keeping(Keep::new().members(true), config)
    }

    fn keeping(keep: Keep, config: GuildBlocksConfig) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Wall::new());
        Self::before(Arc::new(Fickle::new()), clock, keep, config)
    }

    /// The same with a codec of its own.
    fn with_codec(self, codec: impl Codec<Bytes> + 'static) -> Self {
        let config = GuildBlocksConfig::new();
        let blocks = GuildBlocks::build_with(&self.tiers, &self.mirror, config, codec);
        Self {
            blocks: blocks.unwrap(),
            ..self
        }
    }

    fn next(&self, config: GuildBlocksConfig) -> Self {
        let keep = self.mirror.keep().clone();
        Self::before(
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            keep,
            config,
        )
    }

    fn before(
        store: Arc<Fickle>,
        clock: Arc<dyn Clock>,
        keep: Keep,
        config: GuildBlocksConfig,
    ) -> Self {
        let shared: Arc<dyn Store> = Arc::<Fickle>::clone(&store);
        let tiers = Tiered::build(TieredConfig::new().clock(Arc::clone(&clock)).third(shared));
        let mirror = Mirror::new(keep);
        let blocks = GuildBlocks::build(&tiers, &mirror, config).unwrap();
        Self {
            tiers,
            mirror,
            blocks,
            store,
            clock,
            seq: AtomicU64::new(0),
        }
    }

    async fn serve_for(&self, seconds: u64) {
        let wait = Duration::from_secs(seconds);
        let _never_ends = tokio::time::timeout(wait, self.blocks.serve()).await;
    }

    fn last(&self) -> ovenjs_types::Version {
        ovenjs_types::Version {
            epoch: 1,
            seq: self.seq.load(Ordering::Relaxed),
        }
    }

    fn apply(&self, name: &str, raw: String) {
        self.seq.fetch_add(1, Ordering::Relaxed);
        let event = Dispatch::new(Origin::default(), self.last(), name, raw.into_bytes());
        self.mirror.apply(&event, &mut Scratch::new());
    }

    fn create(&self, guild: u64) {
        let channel = 1_000 + guild;
        self.apply(
            "GUILD_CREATE",
            format!(
                r#"{{"id":"{guild}","name":"guild {guild}","channels":[{{"id":"{channel}","type":0,"name":"general"}}]}}"#
            ),
        );
    }

    fn message(&self, guild: u64, id: u64, text: String) {
        let channel = 1_000 + guild;
        self.apply(
            "MESSAGE_CREATE",
            format!(
                r#"{{"id":"{id}","channel_id":"{channel}","guild_id":"{guild}","content":"{text}","author":{{"id":"80","username":"ann"}}}}"#
            ),
        );
    }

    /// What the store has of a guild.
    async fn stored(&self, guild: u64) -> Option<Record> {
        let key = self.blocks.0.key(Id::new(guild)).unwrap();
        let now_ms = self.blocks.0.shared.now_ms();
        self.store
            .inner
            .read(now_ms, &[key])
            .await
            .unwrap()
            .remove(0)
    }

    /// Whether it has a block of it.
    async fn has(&self, guild: u64) -> bool {
        let stored = self.stored(guild).await;
        stored.is_some_and(|record| record.body != Body::Gone)
    }

    /// A disk does something to it.
    async fn spoil(&self, guild: u64) {
        let key = self.blocks.0.key(Id::new(guild)).unwrap();
        let record = Record {
            body: Body::Value("mould".into()),
            ..self.stored(guild).await.unwrap()
        };
        let written = self.store.inner.write(0, &[(key, record)]).await;
        assert_eq!(written.unwrap(), [Written::Kept]);
    }

    fn away(&self) -> Vec<u64> {
        let known = self.mirror.guild_ids().into_iter();
        known
            .filter(|guild| self.mirror.is_away(*guild))
            .map(Id::get)
            .collect()
    }

    fn name(&self, guild: u64) -> Option<String> {
        Some(self.mirror.guild(Id::new(guild))?.name.to_string())
    }

    fn is_stale(&self, guild: u64) -> bool {
        self.mirror.state(Id::new(guild)).unwrap().is_stale
    }
}

/// A wall clock that goes with tokio's.
#[derive(Debug)]
struct Wall {
    began: Instant,
}

impl Wall {
    fn new() -> Self {
        let began = ovenjs_net::SystemClock.now();
        Self { began }
    }
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        ovenjs_net::SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        let since = self.now().saturating_duration_since(self.began);
        UNIX_EPOCH + Duration::from_secs(1_700_000_000) + since
    }
}

/// A store that may be away, or slow, or have no place.
#[derive(Debug)]
struct Fickle {
    inner: Memory,
    is_away: AtomicBool,
    is_slow: AtomicBool,
    /// How long it takes to write what is large.
    large_ms: AtomicU64,
    /// How many bytes it takes of one record.
    most: AtomicUsize,
    /// How often it was given something large.
    large: AtomicUsize,
    /// How many writes fail, as where a connection breaks.
    fails: AtomicUsize,
}

impl Fickle {
    fn new() -> Self {
        Self {
            inner: Memory::new(1_000),
            is_away: false.into(),
            is_slow: false.into(),
            large_ms: 0.into(),
            most: usize::MAX.into(),
            large: 0.into(),
            fails: 0.into(),
        }
    }

    /// What the store answers, if it does.
    fn answer<'a, T: 'a>(&'a self, asked: Asked<'a, T>) -> Asked<'a, T> {
        Box::pin(async move {
            if self.is_away.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if self.is_slow.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            asked.await
        })
    }

    async fn take(
        &self,
        now_ms: u64,
        entries: &[(Key, Record)],
    ) -> Result<Vec<Written>, StoreError> {
        let fails = self
            .fails
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if fails.is_ok() {
            return Err(StoreError::new("fickle", StoreFault::Away));
        }
        let size = |(_, record): &(Key, Record)| match &record.body {
            Body::Value(bytes) => bytes.len(),
            _ => 0,
        };
        let largest = entries.iter().map(size).max().unwrap_or_default();
        if largest > self.most.load(Ordering::Relaxed) {
            return Err(StoreError::new("fickle", StoreFault::TooLarge));
        }
        if largest > 256 << 10 {
            self.large.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(self.large_ms.load(Ordering::Relaxed))).await;
        }
        self.inner.write(now_ms, entries).await
    }
}

impl Store for Fickle {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        self.answer(self.inner.read(now_ms, keys))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        self.answer(Box::pin(self.take(now_ms, entries)))
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.inner.generations(now_ms, tags)
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.inner.bump(now_ms, tags)
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        self.inner.claim(now_ms, key, holder, lifetime)
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        self.inner.release(key, holder)
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        self.answer(self.inner.scan(now_ms, span, after, limit))
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        self.inner.erase(span)
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        self.inner.sweep(now_ms, limit)
    }

    fn damaged(&self) -> u64 {
        self.inner.damaged()
    }
}
