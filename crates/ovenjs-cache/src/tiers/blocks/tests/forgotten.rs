//! What the store forgets of guilds, and of users.

use ovenjs_types::marker::UserMarker;

use super::*;

#[tokio::test(start_paused = true)]
async fn what_was_deleted_in_a_guild_that_came_back_is_not_in_the_store_either() {
    let world = World::keeping(Keep::new().messages(5), GuildBlocksConfig::new());
    for guild in [1, 2] {
        world.create(guild);
        world.message(guild, guild * 10, "rye".to_owned());
        assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
        assert!(world.blocks.wake(Id::new(guild)).await.unwrap());
    }
    let gone = r#"{"id":"10","channel_id":"1001","guild_id":"1"}"#;
    world.apply("MESSAGE_DELETE", gone.to_owned());
    world.serve_for(12).await;
    assert!(!world.has(1).await);
    assert!(world.has(2).await, "that is what the guild is");
    assert_eq!(world.blocks.stats().forgotten, 1);
    // And it can leave again, also as it is.
    for guild in [1, 2] {
        assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
    }
    world.serve_for(30).await;
    assert!(world.has(1).await && world.has(2).await);
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    assert_eq!(world.name(1).as_deref(), Some("guild 1"));
}

#[tokio::test(start_paused = true)]
async fn what_a_former_process_left_goes_once_the_guilds_are_others() {
    let world = World::new(GuildBlocksConfig::new());
    (1..=3).for_each(|guild| world.create(guild));
    let shards = [(ShardId::default(), world.last())];
    assert_eq!(world.blocks.save(&shards).await.unwrap(), 3);
    world.spoil(3).await;

    let next = world.next(GuildBlocksConfig::new());
    next.seq.store(3, Ordering::Relaxed);
    // One it knows already, as out of the sessions' file.
    next.create(2);
    let came = next.blocks.warm(&[(ShardId::default(), None)]).await;
    assert_eq!((came.unwrap(), next.blocks.stats().unreadable), (1, 1));
    next.serve_for(12).await;
    assert!(next.has(1).await, "nothing has come for it");
    assert!(!next.has(2).await);
    next.create(1);
    next.create(3);
    next.serve_for(12).await;
    assert!(!next.has(1).await && !next.has(3).await);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_is_not_forgotten_by_who_tidies() {
    let world = World::new(GuildBlocksConfig::new());
    world.create(1);
    // Whether it arrived is not known.
    world.store.is_slow.store(true, Ordering::Relaxed);
    let put_away = world.blocks.put_away(Id::new(1));
    let given_up = tokio::time::timeout(Duration::from_millis(50), put_away);
    assert!(given_up.await.is_err());
    world.serve_for(12).await;
    assert_eq!(world.blocks.stats().forgotten, 1);
    // The store is slow to forget it, and would be quick to take it meanwhile.
    world.store.fails.store(1, Ordering::Relaxed);
    assert!(world.blocks.put_away(Id::new(1)).await.is_err());
    let leaving = async {
        while lock(&world.blocks.0.forgetting).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        world.store.is_slow.store(false, Ordering::Relaxed);
        world.blocks.put_away(Id::new(1)).await.unwrap()
    };
    let (_, is_away) = futures_util::future::join(world.serve_for(12), leaving).await;
    assert!(!is_away, "it stays for that moment");
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    world.serve_for(30).await;
    assert_eq!(world.away(), [1]);
    assert!(world.has(1).await);
}

#[tokio::test(start_paused = true)]
async fn a_block_lives_as_long_as_messages_and_who_is_away_outlives_it() {
    let hour = Duration::from_secs(3_600);
    let keep = Keep::new().messages(5).messages_for(hour);
    let world = World::keeping(keep, GuildBlocksConfig::new());
    world.create(1);
    let now_ms = world.blocks.0.shared.now_ms();
    let now = (now_ms - 1_420_070_400_000) << 22;
    world.message(1, now, "rye".to_owned());
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    assert_eq!(world.stored(1).await.unwrap().hard_ms, now_ms + 3_600_000);

    // It is written anew before it is over, and what is too old is not in it then.
    world.serve_for(3 * 3_600).await;
    assert_eq!(world.away(), [1]);
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    assert!(!world.is_stale(1));
    let message = |world: &World| {
        let mirror = &world.mirror;
        mirror.message(Some(Id::new(1)), Id::new(1_001), Id::new(now))
    };
    assert!(message(&world).is_none());

    // Where nothing goes with its age, the configuration says it.
    let world = World::new(GuildBlocksConfig::new().kept(hour));
    world.create(1);
    let now_ms = world.blocks.0.shared.now_ms();
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    assert_eq!(world.stored(1).await.unwrap().hard_ms, now_ms + 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn who_is_erased_is_in_no_block_whosever_it_is() {
    let keep = Keep::new().members(true).messages(5);
    let world = World::keeping(keep, GuildBlocksConfig::new());
    for guild in 1..=5 {
        world.create(guild);
        world.joins(guild, 80, "ann");
        world.joins(guild, 81, "bob");
        world.message(guild, guild * 10, "rye".to_owned());
        let replies = format!(
            r#"{{"id":"{}","channel_id":"{}","guild_id":"{guild}","content":"<@80> oats","author":{{"id":"81","username":"bob"}},"mentions":[{{"id":"80","username":"ann"}}]}}"#,
            guild * 10 + 1,
            1_000 + guild,
        );
        world.apply("MESSAGE_CREATE", replies);
    }
    let other = world.next(GuildBlocksConfig::new());
    for guild in 1..=4 {
        assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
    }
    // Something of hers waits for one; one is another process's; one is damaged; and one never left.
    world.message(2, 29, "rolls".to_owned());
    let before = other.blocks.warm(&[(ShardId::default(), None)]).await;
    assert_eq!(before.unwrap(), 4);
    world.apply("GUILD_DELETE", r#"{"id":"3"}"#.to_owned());
    world.spoil(4).await;

    assert_eq!(world.blocks.erase_user(ANN).await.unwrap(), 4);
    assert_eq!(
        (world.blocks.stats().erased, world.blocks.stats().forgotten),
        (3, 1)
    );
    assert!(!world.has(4).await, "who is in it cannot be known");
    for guild in [1, 2] {
        assert!(world.blocks.wake(Id::new(guild)).await.unwrap());
    }
    assert!(!world.is_stale(1));
    assert!(world.is_stale(2), "not all that came for it is there");
    for guild in [1, 2, 5] {
        world.knows_bob_alone(guild);
    }
    assert!(world.mirror.user(ANN).is_none());
    // The other process has what it has in memory, and what it reads has her no more.
    assert!(other.mirror.user(ANN).is_some());
    let third = world.next(GuildBlocksConfig::new());
    assert_eq!(
        third
            .blocks
            .warm(&[(ShardId::default(), None)])
            .await
            .unwrap(),
        3
    );
    for guild in [1, 2, 3] {
        third.knows_bob_alone(guild);
    }
    assert_eq!(world.blocks.erase_user(ANN).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_or_comes_back_while_somebody_is_erased_brings_nothing_of_them() {
    let keep = Keep::new().members(true).messages(5);
    let world = World::keeping(keep, GuildBlocksConfig::new());
    for guild in 1..=2 {
        world.create(guild);
        world.joins(guild, 80, "ann");
        world.joins(guild, 81, "bob");
    }
    assert!(world.blocks.put_away(Id::new(2)).await.unwrap());
    // Each takes a tenth of a second: who erases has looked at the store by the time the first is written.
    world.store.is_slow.store(true, Ordering::Relaxed);
    let leaving = world.blocks.put_away(Id::new(1));
    let returning = world.blocks.wake(Id::new(2));
    let erasing = async {
        // Both have begun.
        tokio::time::sleep(Duration::from_millis(99)).await;
        world.store.is_slow.store(false, Ordering::Relaxed);
        world.blocks.erase_user(ANN).await
    };
    let (left, returned, erased) = futures_util::future::join3(leaving, returning, erasing).await;
    assert!(left.unwrap(), "who erases waits for who leaves");
    assert!(returned.unwrap());
    assert_eq!(erased.unwrap(), 2);
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    for guild in [1, 2] {
        world.knows_members(guild, &["bob"]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_who_are_erased_at_once_are_both_gone() {
    let world = World::of_ann_and_bob(1..=3).await;
    world.store.is_slow.store(true, Ordering::Relaxed);
    let ann = world.blocks.erase_user(ANN);
    let bob = world.blocks.erase_user(BOB);
    let (ann, bob) = futures_util::future::join(ann, bob).await;
    assert_eq!((ann.unwrap(), bob.unwrap()), (3, 3));
    for guild in 1..=3 {
        assert!(world.blocks.wake(Id::new(guild)).await.unwrap());
        world.knows_members(guild, &[]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_tidied_away_while_somebody_is_erased_does_not_come_again() {
    let world = World::of_ann_and_bob(1..=1).await;
    world.serve_for(2).await;
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    world.apply("GUILD_UPDATE", r#"{"id":"1","name":"one"}"#.to_owned());
    let erasing = async {
        // It is read just before the store is to forget it, and written when it has.
        tokio::time::sleep(Duration::from_millis(8_950)).await;
        world.store.is_slow.store(true, Ordering::Relaxed);
        world.blocks.erase_user(ANN).await
    };
    let (_, erased) = futures_util::future::join(world.serve_for(12), erasing).await;
    assert_eq!(erased.unwrap(), 1);
    assert_eq!(world.blocks.stats().forgotten, 1);
    assert!(!world.has(1).await);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_while_somebody_is_erased_does_not_leave_with_them() {
    let world = World::of_ann_and_bob(1..=5).await;
    world.store.is_slow.store(true, Ordering::Relaxed);
    // One call is a tenth of a second: the block is read before it is written without her.
    let passing_by = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(world.blocks.wake(Id::new(1)).await.unwrap());
        world.blocks.put_away(Id::new(1)).await.unwrap()
    };
    let erasing = world.blocks.erase_user(ANN);
    let (is_away, erased) = futures_util::future::join(passing_by, erasing).await;
    assert_eq!((is_away, erased.unwrap()), (false, 5));
    world.knows_members(1, &["bob"]);
    assert!(world.blocks.put_away(Id::new(1)).await.unwrap());
    let next = world.next(GuildBlocksConfig::new());
    let came = next.blocks.warm(&[(ShardId::default(), None)]).await;
    assert_eq!(came.unwrap(), 5);
    for guild in 1..=5 {
        next.knows_members(guild, &["bob"]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_from_a_former_process_while_somebody_is_erased_does_not_leave_with_them() {
    let former = World::of_ann_and_bob(1..=5).await;
    let world = former.next(GuildBlocksConfig::new());
    world.store.is_slow.store(true, Ordering::Relaxed);
    let beginning = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let shards = [(ShardId::default(), None)];
        assert_eq!(world.blocks.warm(&shards).await.unwrap(), 5);
        world.blocks.put_away(Id::new(1)).await.unwrap()
    };
    let erasing = world.blocks.erase_user(ANN);
    let (is_away, erased) = futures_util::future::join(beginning, erasing).await;
    assert_eq!((is_away, erased.unwrap()), (true, 5), "it waits for that");
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    for guild in 1..=5 {
        world.knows_members(guild, &["bob"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_went_with_a_damaged_block_is_saved_again() {
    let world = World::of_ann_and_bob(1..=1).await;
    assert!(world.blocks.wake(Id::new(1)).await.unwrap());
    world.spoil(1).await;
    assert_eq!(world.blocks.erase_user(Id::new(82)).await.unwrap(), 1);
    assert!(!world.has(1).await);
    let sessions = [(ShardId::default(), world.last())];
    assert_eq!(world.blocks.save(&sessions).await.unwrap(), 1);
    assert!(world.has(1).await);
}

#[tokio::test(start_paused = true)]
async fn who_is_cold_while_somebody_is_erased_leaves_right_after() {
    let world = World::new(GuildBlocksConfig::new().idle(Duration::from_secs(8)));
    (1..=4).for_each(|guild| world.create(guild));
    let erasing = world.blocks.0.pen.write().await;
    world.serve_for(30).await;
    assert_eq!(world.away(), [0_u64; 0]);
    drop(erasing);
    world.serve_for(2).await;
    assert_eq!(world.away(), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn all_is_saved_though_somebody_is_erased_meanwhile() {
    let world = World::of_ann_and_bob(1..=5).await;
    for guild in 1..=5 {
        assert!(world.blocks.wake(Id::new(guild)).await.unwrap());
        world.apply(
            "GUILD_UPDATE",
            format!(r#"{{"id":"{guild}","name":"{guild}"}}"#),
        );
    }
    let (shard, last) = (ShardId::default(), world.last());
    world.store.is_slow.store(true, Ordering::Relaxed);
    let erasing = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.blocks.erase_user(ANN).await
    };
    let sessions = [(shard, last)];
    let saving = world.blocks.save(&sessions);
    let (saved, erased) = futures_util::future::join(saving, erasing).await;
    assert_eq!((saved.unwrap(), erased.unwrap()), (5, 5));
    let next = world.next(GuildBlocksConfig::new());
    assert_eq!(next.blocks.warm(&[(shard, Some(last))]).await.unwrap(), 5);
    next.mirror.resumed(shard);
    for guild in 1..=5 {
        assert!(!next.is_stale(guild));
        next.knows_members(guild, &["bob"]);
    }
}

impl World {
    /// These guilds are away, with two members each.
    async fn of_ann_and_bob(guilds: std::ops::RangeInclusive<u64>) -> Self {
        let world = Self::new(GuildBlocksConfig::new());
        for guild in guilds {
            world.create(guild);
            world.joins(guild, 80, "ann");
            world.joins(guild, 81, "bob");
            assert!(world.blocks.put_away(Id::new(guild)).await.unwrap());
        }
        world
    }

    fn joins(&self, guild: u64, user: u64, name: &str) {
        self.apply(
            "GUILD_MEMBER_ADD",
            format!(r#"{{"guild_id":"{guild}","user":{{"id":"{user}","username":"{name}"}},"roles":[]}}"#),
        );
    }

    fn knows_members(&self, guild: u64, names: &[&str]) {
        let known = [80, 81].into_iter().filter_map(|user| {
            let member = self.mirror.member(Id::new(guild), Id::new(user))?;
            Some(member.user?.username.to_string())
        });
        assert_eq!(known.collect::<Vec<_>>(), names, "{guild}");
    }

    /// And nothing that ann wrote or is named in.
    fn knows_bob_alone(&self, guild: u64) {
        self.knows_members(guild, &["bob"]);
        let message = |id| {
            let mirror = &self.mirror;
            mirror.message(Some(Id::new(guild)), Id::new(1_000 + guild), Id::new(id))
        };
        for id in [guild * 10, guild * 10 + 1, guild * 10 + 9] {
            assert!(message(id).is_none(), "{guild}: {id}");
        }
    }
}

const ANN: Id<UserMarker> = Id::new(80);

const BOB: Id<UserMarker> = Id::new(81);
