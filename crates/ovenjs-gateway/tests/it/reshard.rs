//! From one number of shards to another while events go on. It is long because each way in which that
//! can go wrong is a story of its own.

mod show;

use std::{collections::BTreeSet, pin::pin, sync::Arc};

use ovenjs_gateway::{
    Condition, ErrorKind, FleetState, Live, ReshardStage, SessionStore, ShardCount,
};
use ovenjs_types::{
    BotGateway, EventKind, Fault, Hook, HookCall, Id, Interest, SessionStartLimit, ShardId,
    marker::GuildMarker,
};
use serde_json::json;
use tokio::sync::watch;

use super::{hand_over::Kept, *};
use show::{GUILDS, Show, all, midway, now, wide, world};

#[tokio::test(start_paused = true)]
async fn from_one_to_four_and_on_to_two_each_guild_hears_everything_once_and_in_order() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    for (generation, to) in [(2, 4), (3, 2)] {
        let before = fleet.health();
        let mut going = pin!(fleet.reshard(to));
        let closes = midway(&mut going, &fleet, |now| now.stage == ReshardStage::Closing);
        show.run(&mut events, closes).await;
        let counted = fleet.stats().shards;
        assert_eq!(counted.len(), usize::try_from(to).unwrap(), "each once");
        let report = show.run(&mut events, going).await.unwrap();
        assert_eq!((report.guilds, report.overdue), (GUILDS, 0), "{report:?}");
        assert!(report.twins > 100, "both were heard: {report:?}");
        assert!(!report.abandoned);
        let doubled = show.finish(&mut events).await;
        assert!(doubled <= report.possible_doubles, "{doubled}: {report:?}");
        let health = fleet.health();
        assert_eq!(health.generation, generation);
        assert_eq!(
            (before.generation, health.resharding),
            (generation - 1, None)
        );
        assert_eq!(health.condition, Condition::Healthy);
        assert!(fleet.shards().all(|shard| shard.total == to));
        assert_eq!(fleet.shards().count(), usize::try_from(to).unwrap());
        assert_eq!(fleet.stats().shards.len(), usize::try_from(to).unwrap());
    }
    assert_eq!(discord.identifies(), 1 + 4 + 2);
    assert!(show.gaps.is_empty(), "{:?}", show.gaps);
    assert_eq!(show.fresh_guilds, 2 * GUILDS);
    // Commands go to the shards of now.
    let guild = discord.guild_id();
    let shard = fleet.shard_of(guild);
    assert_eq!(shard.total, 2);
    fleet.restart(shard).unwrap();
    show.run_for(&mut events, 20).await;
    show.finish(&mut events).await;
    let written = fleet.hand_over().await.to_bytes();
    let state = FleetState::from_bytes(&written).unwrap();
    assert_eq!((state.shards(), state.sessions().len()), (Some(2), 2));
    assert!(
        discord.violations().is_empty(),
        "{:?}",
        discord.violations()
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_before_anything_is_sent() {
    let discord = Discord::in_process(world());
    // 100 are kept back, one is used, and both generations together are five.
    let limit = SessionStartLimit {
        total: 1000,
        remaining: 105,
        reset_after: 7_200_000,
        max_concurrency: 1,
    };
    let config = wide(&discord).session_start_limit(limit);
    let (fleet, mut events) = start_here(&discord, config, |wiring| wiring);
    next_named(&mut events, "READY").await;
    let refused = fleet.reshard(4).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Sharding);
    let text = refused.to_string();
    assert!(text.contains("needs 5 session starts"), "{text}");
    assert!(
        text.contains("104 of 1000 are left: ask again in 7"),
        "{text}"
    );
    for (to, kind) in [(1, ErrorKind::Config), (0, ErrorKind::Sharding)] {
        assert_eq!(fleet.reshard(to).await.unwrap_err().kind(), kind);
    }
    assert_eq!(fleet.resharding(), None);
    assert_eq!(discord.connections().len(), 1);
    assert_eq!(discord.identifies(), 1);
    // Discord's own answer counts again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let gateway = BotGateway {
        url: discord.gateway_url().as_str().into(),
        shards: 3,
        session_start_limit: SessionStartLimit {
            remaining: 104,
            ..limit
        },
    };
    assert_eq!(ShardCount::from(&gateway).shards(), 3);
    let mut going = pin!(fleet.reshard(&gateway));
    let soon = tokio::time::timeout(Duration::from_secs(1), &mut going).await;
    assert!(soon.is_err(), "{soon:?}");
    let twice = fleet.reshard(2).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Busy);
    assert!(twice.is_retryable() && twice.to_string().contains("to 3 shards is under way"));
    fleet.stop().await;
    let stopped = [going.await, fleet.reshard(2).await];
    for stopped in stopped {
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Stopped);
    }
    // Guilds cannot be sewn over between processes.
    let range = self::config(&discord).shard_range(0..1, 2);
    let (part, _events) = start_here(&discord, range, |wiring| wiring);
    assert_eq!(part.reshard(4).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_that_discord_refuses_leaves_the_old_one_as_it_was() {
    let discord = Discord::in_process(world().guilds_per_shard(5));
    let config = wide(&discord).shards(4);
    let (fleet, mut events) = start_here(&discord, config, |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let refused = show.run(&mut events, fleet.reshard(1)).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.close_code()),
        (ErrorKind::Sharding, Some(4011))
    );
    let text = refused.to_string();
    assert!(
        text.contains("the old ones go on") && text.contains("/gateway/bot"),
        "{text}"
    );
    show.run_for(&mut events, 30).await;
    assert_eq!(show.finish(&mut events).await, 0);
    assert!(fleet.shards().all(|shard| shard.total == 4));
    let health = fleet.health();
    assert_eq!((health.generation, health.resharding), (1, None));
    assert_eq!(health.condition, Condition::Healthy);
    assert_eq!(fleet.hand_over().await.shards(), Some(4));
}

/// Panics in the shards of this total.
#[derive(Debug)]
struct Panics(watch::Receiver<u32>);

impl Hook for Panics {
    fn call(&self, call: &HookCall<'_>) {
        if let HookCall::ShardState { shard, state } = call
            && *state == "connected"
            && shard.total == *self.0.borrow()
        {
            panic!("as the story wants it");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_that_dies_half_way_leaves_the_old_one_as_it_was() {
    let discord = Discord::in_process(world());
    let (panics, told) = watch::channel(0);
    let hook = Arc::new(Panics(told));
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring.hook(hook));
    let mut show = Show::of(&discord);
    show.goes_back = true;
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(4));
    let half_way = midway(&mut going, &fleet, |now| {
        now.ready >= 2 && now.report.guilds >= 2
    });
    show.run(&mut events, half_way).await;
    panics.send_replace(4);
    let failed = show.run(&mut events, going).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Panicked);
    show.run_for(&mut events, 30).await;
    assert_eq!(show.finish(&mut events).await, 0);
    assert!(fleet.shards().all(|shard| shard.total == 1));
    assert_eq!(only(&fleet).counts.connects, 1, "it was not even noticed");
}

#[tokio::test(start_paused = true)]
async fn an_old_generation_that_dies_half_way_is_followed_by_the_new_one() {
    let discord = Discord::in_process(world());
    let (panics, told) = watch::channel(0);
    let hook = Arc::new(Panics(told));
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring.hook(hook));
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(2));
    let half_way = midway(&mut going, &fleet, |now| now.ready >= 1);
    show.run(&mut events, half_way).await;
    panics.send_replace(1);
    discord.faults().drop_connections();
    let report = show.run(&mut events, &mut going).await.unwrap();
    assert!(!report.abandoned, "{report:?}");
    let told: Vec<u32> = show.gaps.iter().map(|gap| gap.total).collect();
    assert_eq!(told, [1], "something may be missing, and that is told");
    assert_eq!(show.known.len(), all(), "what has gone over is known");
    let before = show.sent;
    show.run_for(&mut events, 20).await;
    show.until_sent(&mut events).await;
    for (guild, seen) in &show.seen {
        assert!(
            seen.is_sorted_by(|one, next| one < next),
            "{guild}: {seen:?}"
        );
        let after = seen.iter().filter(|n| **n > before).count();
        assert_eq!(after, show.sent - before, "{guild}");
    }
    assert_eq!(fleet.health().condition, Condition::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_gone_for_too_long_ends_it_without_a_loss() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord).event_queue(4), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.goes_back = true;
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(2));
    let outcome = loop {
        show.tick();
        tokio::select! {
            outcome = &mut going => break outcome,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    };
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Sharding);
    assert!(error.to_string().contains("did not keep up"), "{error}");
    show.run_for(&mut events, 10).await;
    assert_eq!(show.finish(&mut events).await, 0);
    assert!(fleet.shards().all(|shard| shard.total == 1));
}

#[tokio::test]
async fn shards_on_a_thread_of_their_own_hand_over_in_the_middle() {
    let discord = Discord::start(ovenjs_mock::Config::default().shards(4))
        .await
        .unwrap();
    let limit = SessionStartLimit {
        total: 1000,
        remaining: 1000,
        reset_after: 60_000,
        max_concurrency: 8,
    };
    for at_least_once in [false, true] {
        let wide = || {
            let config = wide(&discord).gateway_url(discord.gateway_url());
            config
                .session_start_limit(limit)
                .at_least_once(at_least_once)
        };
        let (fleet, mut events) = start(wide());
        let mut show = Show::of(&discord);
        show.handles = Some(fleet.clone());
        show.until_guilds(&mut events).await;
        let identifies = discord.identifies();
        let mut going = Box::pin(fleet.reshard(4));
        let there = async {
            while fleet
                .resharding()
                .is_none_or(|now| now.stage < ReshardStage::Settling)
            {
                tokio::task::yield_now().await;
            }
        };
        let there = async {
            tokio::select! {
                _ = &mut going => panic!("too soon"),
                () = there => {}
            }
        };
        show.read(&mut events, there).await;
        for _ in 0..20 {
            show.tick();
        }
        show.is_over = true;
        let state = show.read(&mut events, fleet.hand_over()).await;
        show.is_over = false;
        assert_eq!(going.await.unwrap_err().kind(), ErrorKind::Stopped);
        assert_eq!((state.shards(), state.sessions().len()), (Some(1), 1));
        show.tick();
        let (fleet, mut events) = start(wide().resume_from(&state).unwrap());
        show.handles = Some(fleet);
        while show
            .seen
            .values()
            .any(|seen| seen.last() != Some(&show.sent))
        {
            show.take(next(&mut events).await);
        }
        for seen in show.seen.values() {
            let all: BTreeSet<usize> = seen.iter().copied().collect();
            assert_eq!(all, (1..=show.sent).collect());
            assert!(
                at_least_once || seen.len() == show.sent,
                "each once: {seen:?}"
            );
        }
        assert_eq!(discord.identifies(), identifies + 4);
    }
}

#[tokio::test(start_paused = true)]
async fn without_turns_the_new_generation_is_given_up_in_the_end() {
    let discord = Discord::in_process(world());
    let turns = Arc::new(ovenjs_gateway::LocalTurns::new(
        SessionStartLimit {
            total: 1000,
            remaining: 1000,
            reset_after: 60_000_000,
            max_concurrency: 1,
        },
        Arc::new(ovenjs_net::SystemClock),
    ));
    let wire = |wiring: Wiring| wiring.identify(Arc::<ovenjs_gateway::LocalTurns>::clone(&turns));
    let (fleet, mut events) = start_here(&discord, wide(&discord), wire);
    let mut show = Show::of(&discord);
    show.goes_back = true;
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(4));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), &mut going)
            .await
            .is_err()
    );
    // Another process uses up what there was.
    ovenjs_gateway::IdentifyPort::learn(
        &*turns,
        SessionStartLimit {
            total: 1000,
            remaining: 100,
            reset_after: 60_000_000,
            max_concurrency: 1,
        },
    );
    let failed = show.run(&mut events, going).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Sharding);
    assert!(failed.to_string().contains("session starts"), "{failed}");
    assert_eq!(show.finish(&mut events).await, 0);
    assert!(discord.identifies() <= 2);
}

#[tokio::test(start_paused = true)]
async fn the_state_is_handed_over_in_the_middle_and_nothing_is_lost_or_doubled() {
    for wanted in [
        ReshardStage::Moving,
        ReshardStage::Settling,
        ReshardStage::Closing,
    ] {
        let discord = Discord::in_process(world());
        let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
        let mut show = Show::of(&discord);
        show.goes_back = wanted != ReshardStage::Closing;
        show.until_guilds(&mut events).await;
        let mut going = pin!(fleet.reshard(4));
        let there = midway(&mut going, &fleet, |now| {
            now.ready >= 2 && now.stage >= wanted
        });
        show.run(&mut events, there).await;
        let identifies = discord.identifies();
        show.tick();
        show.is_over = true;
        let state = show.run(&mut events, fleet.hand_over()).await;
        show.is_over = false;
        let outcome = going.await;
        let total = if wanted == ReshardStage::Closing {
            4
        } else {
            1
        };
        assert_eq!(state.shards(), Some(total), "{wanted:?}: {outcome:?}");
        let state = FleetState::from_bytes(&state.to_bytes()).unwrap();
        show.tick();
        let next = wide(&discord).shards(total).resume_from(&state).unwrap();
        let (_fleet, mut events) = start_here(&discord, next, |wiring| wiring);
        show.run_for(&mut events, 20).await;
        show.finish(&mut events).await;
        assert_eq!(discord.identifies(), identifies, "{wanted:?}");
        assert!(show.gaps.is_empty(), "{:?}", show.gaps);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_for_it_gets_it_all_the_same() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let begun = tokio::time::timeout(Duration::from_secs(7), fleet.reshard(2)).await;
    assert!(begun.is_err());
    let over = async {
        while fleet.resharding().is_some() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    show.run(&mut events, over).await;
    show.finish(&mut events).await;
    assert!(fleet.shards().all(|shard| shard.total == 2));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_handled_when_the_process_is_killed_in_the_middle_comes_again() {
    let mut strict = world().trim_replay(true);
    strict.heartbeat_interval = Duration::from_secs(10);
    let discord = Discord::in_process(strict);
    let (kept, saved) = watch::channel(FleetState::default());
    let store: Arc<dyn SessionStore> = Arc::new(Kept(kept));
    let at_least_once = || wide(&discord).at_least_once(true);
    let (fleet, mut events) = start_here(&discord, at_least_once(), |wiring| {
        wiring.store(Arc::clone(&store))
    });
    let mut show = Show::of(&discord);
    show.handles = Some(fleet.clone());
    show.until_guilds(&mut events).await;
    show.run_for(&mut events, 30).await;
    let mut going = Box::pin(fleet.reshard(4));
    let settles = midway(&mut going, &fleet, |now| {
        now.stage >= ReshardStage::Settling
    });
    show.run(&mut events, settles).await;
    // From here on what is taken is not handled.
    show.handles = None;
    let before = show.sent;
    show.run_for(&mut events, 25).await;
    drop(going);
    drop((events, fleet));
    discord.wait_for_silence().await.unwrap();
    assert_eq!(saved.borrow().shards(), Some(1), "the old one still counts");

    let state = saved.borrow().clone();
    let next = at_least_once().resume_from(&state).unwrap();
    let (fleet, mut events) = start_here(&discord, next, |wiring| wiring.store(Arc::clone(&store)));
    let mut again = Show::of(&discord);
    again.handles = Some(fleet.clone());
    again.sent = show.sent;
    again.run_for(&mut events, 20).await;
    again.until_sent(&mut events).await;
    for (guild, seen) in &again.seen {
        let seen: BTreeSet<usize> = seen.iter().copied().collect();
        for n in before..=show.sent {
            assert!(seen.contains(&n), "{n} of {guild} is lost");
        }
    }
    assert!(again.gaps.is_empty(), "{:?}", again.gaps);
    // To the end this time: then the new one counts, once all is handled.
    let report = again.run(&mut events, fleet.reshard(4)).await.unwrap();
    assert_eq!(report.guilds, GUILDS);
    again.run_for(&mut events, 30).await;
    again.until_sent(&mut events).await;
    assert_eq!(saved.borrow().shards(), Some(4));
    assert_eq!(saved.borrow().sessions().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_holds_the_cut_over_up_and_loses_nothing_by_it() {
    let discord = Discord::in_process(world());
    let tight = wide(&discord).event_queue(4).queue_bytes(2_000);
    let (fleet, mut events) = start_here(&discord, tight, |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(4));
    for pause in [9, 25, 70] {
        // It reads nothing for a while, then a little.
        let until = now() + Duration::from_secs(pause);
        while now() < until {
            show.tick();
            let second = tokio::time::sleep(Duration::from_secs(1));
            tokio::select! {
                outcome = &mut going => panic!("without its consumer: {outcome:?}"),
                () = second => {}
            }
        }
        for _ in 0..40 {
            show.take(next(&mut events).await);
        }
    }
    let report = show.run(&mut events, going).await.unwrap();
    assert_eq!(report.guilds, GUILDS);
    show.finish(&mut events).await;
    assert!(fleet.shards().all(|shard| shard.total == 4));
}

#[tokio::test(start_paused = true)]
async fn floods_at_any_moment_of_it_are_heard_once_and_in_order() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(4));
    let mut outcome = None;
    while outcome.is_none() {
        // As many as no burst of one shard takes, each time at another fraction of a second.
        for _ in 0..40 {
            show.tick();
        }
        let wait = Duration::from_millis(u64::try_from(777 + show.sent % 400).unwrap());
        let part = async {
            tokio::select! {
                outcome = &mut going => Some(outcome),
                () = tokio::time::sleep(wait) => None,
            }
        };
        outcome = show.read(&mut events, part).await;
    }
    let report = outcome.unwrap().unwrap();
    let doubled = show.finish(&mut events).await;
    assert!(doubled <= report.possible_doubles, "{doubled}: {report:?}");
    assert!(report.twins > 5_000, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn connections_that_drop_and_guilds_that_come_and_go_meanwhile_lose_nothing() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let (down, left) = (show.guilds[1], show.guilds[2]);
    show.excused = Some(down.to_string());
    let joined = Id::<GuildMarker>::new((1 << 22) * 4_005 + 3);
    let mut going = pin!(fleet.reshard(4));
    let trouble = async {
        let wait = |seconds: u64| tokio::time::sleep(Duration::from_millis(seconds * 1000 + 350));
        wait(2).await;
        discord.faults().take_down(down);
        wait(4).await;
        discord.faults().drop_connections();
        wait(9).await;
        discord.faults().ask_to_reconnect();
        discord.faults().bring_back(down);
        wait(6).await;
        discord
            .emit("GUILD_CREATE", &json!({ "id": joined.to_string() }))
            .unwrap();
        discord
            .emit("GUILD_DELETE", &json!({ "id": left.to_string() }))
            .unwrap();
        wait(9).await;
        discord.faults().drop_connections();
    };
    let mut trouble = pin!(trouble);
    let mut over = false;
    let report = show
        .run(&mut events, async {
            loop {
                tokio::select! {
                    outcome = &mut going => break outcome,
                    () = &mut trouble, if !over => over = true,
                }
            }
        })
        .await
        .unwrap();
    assert!(over, "all of it happened meanwhile");
    let doubled = show.finish(&mut events).await;
    assert!(doubled <= report.possible_doubles, "{doubled}: {report:?}");
    assert!(show.gaps.is_empty(), "{:?}", show.gaps);
    let named = |name: &str, id: Id<GuildMarker>| {
        let id = id.to_string();
        show.guild_events
            .iter()
            .filter(|(kind, of)| kind == name && *of == id)
            .count()
    };
    assert_eq!(named("GUILD_CREATE", joined), 1, "joined once");
    assert_eq!(named("GUILD_DELETE", left), 1, "left once");
    assert_eq!(named("GUILD_DELETE", down), 1, "down once");
    assert_eq!(report.overdue, 0, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_lost_meanwhile_is_told_for_the_shards_that_count() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(2));
    let settles = midway(&mut going, &fleet, |now| {
        now.stage >= ReshardStage::Settling
    });
    show.read(&mut events, settles).await;
    discord.faults().invalidate_sessions(false);
    let report = show.read(&mut events, &mut going).await.unwrap();
    let mut told: Vec<u32> = show.gaps.iter().map(|gap: &ShardId| gap.total).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2, 2], "each loss is told");
    assert_eq!(show.missed.len(), all(), "of each guild: {:?}", show.missed);
    assert_eq!(show.known.len(), all(), "and it is brought anew");
    assert!(!report.abandoned, "{report:?}");
    assert_eq!(discord.identifies(), 2 * (1 + 2));
    show.run_for(&mut events, 20).await;
    show.finish(&mut events).await;
}

/// Handlers have it from the old one; what keeps state follows the new one, which does not bring it.
#[tokio::test(start_paused = true)]
async fn a_new_session_that_is_lost_after_the_cut_over_is_told_for_what_keeps_state() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(2));
    let settles = midway(&mut going, &fleet, |now| {
        now.stage >= ReshardStage::Settling
    });
    show.run(&mut events, settles).await;
    let left = show.guilds[2];
    let shard = ShardId::of_guild(left, 2);
    discord.faults().refuse_resumes(1);
    fleet.restart(shard).unwrap();
    let moment = tokio::time::sleep(Duration::from_millis(200));
    show.read(&mut events, moment).await;
    let gone = json!({ "id": left.to_string() });
    discord.emit("GUILD_DELETE", &gone).unwrap();
    show.read(&mut events, going).await.unwrap();
    let told = show.guild_events.iter();
    let told = told.filter(|(kind, id)| kind == "GUILD_DELETE" && *id == left.to_string());
    assert_eq!(told.count(), 1, "handlers have it");
    let is_of_it = |guild: &&Id<GuildMarker>| ShardId::of_guild(**guild, 2) == shard;
    let of_it = show.guilds.iter().filter(is_of_it);
    let of_it: BTreeSet<String> = of_it.map(ToString::to_string).collect();
    assert_eq!(show.missed, of_it, "and what keeps state hears of it");
    assert_eq!(show.gaps, [shard]);
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_no_longer_wanted_meanwhile_do_not_come_when_it_is_over() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(2));
    let settles = midway(&mut going, &fleet, |now| {
        now.stage >= ReshardStage::Settling
    });
    show.read(&mut events, settles).await;
    let mut live = Live::default();
    live.interest = Interest::none().with(EventKind::MessageCreate);
    fleet.apply(live).unwrap();
    show.read(&mut events, going).await.unwrap();
    let before = show.guild_events.len();
    let guild = show.guilds[0];
    let joined = json!({ "id": guild.to_string() });
    discord.emit("GUILD_CREATE", &joined).unwrap();
    let message = json!({ "id": "77", "guild_id": guild, "n": 1 });
    discord.emit("MESSAGE_CREATE", &message).unwrap();
    let second = tokio::time::sleep(Duration::from_secs(1));
    show.read(&mut events, second).await;
    assert_eq!(show.seen.values().flatten().count(), 1, "what is wanted");
    assert_eq!(show.guild_events.len(), before, "and nothing else");
}

/// The new shards have brought the guilds, and do not bring them again.
#[tokio::test(start_paused = true)]
async fn an_old_session_that_is_lost_when_guilds_have_gone_over_costs_no_state() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut show = Show::of(&discord);
    show.until_guilds(&mut events).await;
    let mut going = pin!(fleet.reshard(2));
    // Once amid the cut-over, and once after it.
    for guilds in [1, GUILDS] {
        let there = midway(&mut going, &fleet, |now| now.report.guilds >= guilds);
        show.run(&mut events, there).await;
        discord.faults().refuse_resumes(1);
        fleet.restart(ShardId::default()).unwrap();
        let before = show.gaps.len();
        // What is said meanwhile only the gap tells of.
        while show.gaps.len() == before {
            let second = tokio::time::sleep(Duration::from_secs(1));
            show.read(&mut events, second).await;
        }
        let told: Vec<u32> = show.gaps.iter().map(|gap| gap.total).collect();
        assert_eq!(told, vec![1; before + 1], "it is told of the old one");
    }
    show.run(&mut events, going).await.unwrap();
    show.run_for(&mut events, 5).await;
    assert_eq!(show.known.len(), all(), "{:?}", show.known);
    show.finish(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn health_is_told_when_it_changes_and_once_a_second_at_most() {
    let discord = Discord::in_process(world());
    let (fleet, mut events) = start_here(&discord, wide(&discord), |wiring| wiring);
    let mut watch = fleet.watch_health();
    let first = watch.next().await.unwrap();
    assert_eq!(
        (first.generation, first.healthy),
        (1, 0),
        "at once, as it is"
    );
    let mut show = Show::of(&discord);
    let healthy = async {
        loop {
            let health = watch.next().await.unwrap();
            if health.condition == Condition::Healthy {
                return;
            }
        }
    };
    show.read(&mut events, healthy).await;
    // While nothing changes nothing is told, for all that is measured.
    let quiet = tokio::time::timeout(Duration::from_secs(300), watch.next());
    assert!(show.run(&mut events, quiet).await.is_err());
    let (mut stages, mut last) = (Vec::new(), now());
    let mut going = pin!(fleet.reshard(2));
    let looking = async {
        loop {
            let health = watch.next().await.unwrap();
            assert!(now() - last >= Duration::from_millis(999), "once a second");
            last = now();
            stages.push((health.generation, health.resharding.map(|now| now.stage)));
            if stages.len() > 1 && health.resharding.is_none() && health.healthy == 2 {
                return;
            }
        }
    };
    show.run(&mut events, async {
        tokio::join!(async { going.as_mut().await.unwrap() }, looking)
    })
    .await;
    stages.dedup();
    let expected = [
        (1, Some(ReshardStage::Moving)),
        (1, Some(ReshardStage::Settling)),
        (2, Some(ReshardStage::Closing)),
        (2, None),
    ];
    assert_eq!(stages, expected);
    fleet.stop().await;
    let end = watch.next().await.expect("the end is told");
    assert!(matches!(end.condition, Condition::Down(_)), "{end}");
    assert!(watch.next().await.is_none());
}
