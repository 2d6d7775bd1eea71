//! What goes wrong with one guild is not the others'.

use super::*;
use crate::tiers::TierErrorKind;

#[tokio::test(start_paused = true)]
async fn a_block_that_cannot_be_read_stops_nobody_and_its_guild_waits_for_discord() {
    let world = World::keeping(Keep::new().messages(500), GuildBlocksConfig::new());
    for guild in 1..=3 {
        world.create(guild);
        assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
    }
    world.spoil(1).await;
    let key = world.blocks.0.key(Id::new(2)).unwrap();
    let span = Span {
        space: key.space().clone(),
        scope: Some(2),
    };
    world.store.inner.erase(&span).await.unwrap();
    (1..=3).for_each(|guild| world.blocks.want(Id::new(guild)));
    world.serve_for(2).await;
    assert_eq!(world.away(), [1, 2]);
    assert!(world.is_stale(1) && world.is_stale(2) && !world.is_stale(3));
    let stats = world.blocks.stats();
    assert_eq!((stats.unreadable, stats.missing, stats.failed), (1, 1, 0));
    // However much comes for it, the store is not asked each second.
    for minute in 0..11 {
        for id in 0..300 {
            world.message(1, 10_000 + minute * 1_000 + id, "rye ".repeat(15));
            world.message(2, 30_000 + minute * 1_000 + id, "rye ".repeat(15));
        }
        world.serve_for(60).await;
    }
    let stats = world.blocks.stats();
    assert_eq!((stats.unreadable, stats.missing), (2, 2));
    world.create(1);
    assert_eq!(world.name(1).as_deref(), Some("guild 1"));
    assert!(!world.is_stale(1));
    world.serve_for(12).await;
    assert!(!world.has(1).await, "what is damaged goes");
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_could_not_be_served_is_served_when_the_store_answers() {
    let world = World::new(GuildBlocksConfig::new());
    for guild in 1..=20 {
        world.create(guild);
        assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
    }
    world.store.is_away.store(true, Ordering::Relaxed);
    (1..=20).for_each(|guild| world.blocks.want(Id::new(guild)));
    world.serve_for(30).await;
    assert_eq!(world.away().len(), 20);
    world.store.is_away.store(false, Ordering::Relaxed);
    world.serve_for(30).await;
    assert_eq!(world.away(), [0_u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn guilds_that_the_bot_left_are_forgotten_though_the_store_was_away_or_nobody_went_on() {
    let world = World::new(GuildBlocksConfig::new());
    for guild in 1..=300 {
        world.create(guild);
        assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
    }
    (1..=300).for_each(|guild| world.apply("GUILD_DELETE", format!(r#"{{"id":"{guild}"}}"#)));
    // Another process of the shard, which began later, was invited there anew.
    let held = Record {
        version: Version {
            epoch: 9,
            ..world.stored(300).await.unwrap().version
        },
        ..world.stored(300).await.unwrap()
    };
    let key = world.blocks.0.key(Id::new(300)).unwrap();
    world.store.inner.write(0, &[(key, held)]).await.unwrap();
    // The second of two calls breaks off; then whoever serves is dropped while the store is asked.
    world.store.fails.store(2, Ordering::Relaxed);
    world.serve_for(12).await;
    world.store.is_away.store(true, Ordering::Relaxed);
    world.serve_for(9).await;
    world.store.is_away.store(false, Ordering::Relaxed);
    world.serve_for(60).await;
    for guild in 1..=299 {
        assert!(!world.has(guild).await, "{guild}");
    }
    assert!(world.has(300).await, "it knows better");
    let stats = world.blocks.stats();
    assert_eq!((stats.forgotten, stats.refused), (299, 1));
}

#[tokio::test(start_paused = true)]
async fn a_large_guild_may_take_its_time_and_tells_nothing_of_the_store() {
    let config = GuildBlocksConfig::new().idle(Duration::from_secs(8));
    let world = World::keeping(Keep::new().members(true).messages(500), config);
    world.large(1);
    world.store.large_ms.store(1_500, Ordering::Relaxed);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    // Where it takes too long it stays, and is not tried again and again; the others go on.
    world.store.large_ms.store(60_000, Ordering::Relaxed);
    let before = world.store.large.load(Ordering::Relaxed);
    for guild in 2..=9 {
        world.large(guild);
    }
    (10..=40).for_each(|guild| world.create(guild));
    world.serve_for(120).await;
    let away = world.away();
    assert_eq!(away, (10..=40).collect::<Vec<_>>());
    let tries = world.store.large.load(Ordering::Relaxed) - before;
    assert!((9..=60).contains(&tries), "{tries}");
    let third = world.tiers.stats().third.unwrap();
    assert_eq!((third.times_away, third.is_away), (0, false));
    assert!(third.latency_p99 < Duration::from_millis(1), "{third:?}");
    // Nor is it for ever.
    world.store.large_ms.store(0, Ordering::Relaxed);
    world.serve_for(1_200).await;
    assert_eq!(world.away().len(), 40);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_saved_is_left_out_and_the_others_are_whole() {
    let world = World::keeping(Keep::new().messages(500), GuildBlocksConfig::new());
    (1..=40).for_each(|guild| world.create(guild));
    // What stands there of it is older than what it is by then.
    assert!(world.blocks.put_away(Id::new(7)).await.unwrap());
    assert!(world.blocks.wake(Id::new(7)).await.unwrap());
    world.large(7);
    world.store.most.store(100 << 10, Ordering::Relaxed);
    let (shard, last) = (ShardId::default(), world.last());
    assert_eq!(world.blocks.save(&[(shard, last)]).await.unwrap(), 39);
    assert_eq!(world.blocks.stats().unsaved, 1);

    let next = world.next(GuildBlocksConfig::new());
    assert_eq!(next.blocks.warm(&[(shard, Some(last))]).await.unwrap(), 39);
    next.mirror.resumed(shard);
    for guild in (1..=40).filter(|guild| *guild != 7) {
        assert!(!next.is_stale(guild), "{guild}");
    }
    assert!(next.mirror.state(Id::new(7)).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_shard_of_which_something_could_not_be_asked_is_not_whole() {
    let world = World::new(GuildBlocksConfig::new());
    (1..=4).for_each(|guild| world.create(guild));
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    world.apply("GUILD_UPDATE", r#"{"id":"1","name":"one"}"#.to_owned());
    let (shard, last) = (ShardId::default(), world.last());
    // One call breaks off: that of the guilds, and that of the marks goes through.
    world.store.fails.store(1, Ordering::Relaxed);
    assert_eq!(world.blocks.save(&[(shard, last)]).await.unwrap(), 0);
    assert_eq!(world.blocks.stats().unsaved, 4);
    let next = world.next(GuildBlocksConfig::new());
    assert_eq!(next.blocks.warm(&[(shard, Some(last))]).await.unwrap(), 1);
    next.mirror.resumed(shard);
    assert!(next.is_stale(1), "it is older than it says");
    // A store that is away altogether is told.
    world.store.is_away.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let _until_it_is_known = world.blocks.put_away(Id::new(2)).await;
    }
    let error = world.blocks.save(&[(shard, last)]).await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Store);
}

#[tokio::test(start_paused = true)]
async fn a_codec_that_panics_over_one_guild_is_told_and_the_others_go_on() {
    let world = World::new(GuildBlocksConfig::new()).with_codec(Squeamish);
    for guild in 1..=3 {
        world.create(guild);
    }
    world.apply("GUILD_UPDATE", r#"{"id":"2","name":"mouldy"}"#.to_owned());
    let error = world.blocks.put_away(Id::new(2)).await.unwrap_err();
    assert_eq!(error.kind(), TierErrorKind::Codec);
    assert_eq!(
        world.name(2).as_deref(),
        Some("mouldy"),
        "it is not leaving still"
    );
    let (shard, last) = (ShardId::default(), world.last());
    assert_eq!(world.blocks.save(&[(shard, last)]).await.unwrap(), 2);
    assert_eq!(world.blocks.stats().unsaved, 1);
}

/// A codec that does not like one word.
#[derive(Debug)]
struct Squeamish;

impl Codec<Bytes> for Squeamish {
    fn encode(&self, value: &Bytes) -> Result<Bytes, CodecError> {
        let mut words = value.windows(6);
        assert!(!words.any(|word| word == b"mouldy"), "that is mould");
        Ok(value.clone())
    }

    fn decode(&self, bytes: &Bytes) -> Result<Bytes, CodecError> {
        Ok(bytes.clone())
    }
}

impl World {
    /// A guild of some 400 KiB.
    fn large(&self, guild: u64) {
        self.create(guild);
        for id in 0..100 {
            self.message(guild, guild * 1_000 + id, "rye ".repeat(1_000));
        }
    }
}
