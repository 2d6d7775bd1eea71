//! Those who read: in lanes, typed, slowly.

use std::collections::{BTreeMap, BTreeSet};

use ovenjs_gateway::Typed;
use ovenjs_types::{Event, EventKind, Interest};

use super::*;

/// A counted event of a guild.
fn of_guild(guild: u64, n: u64) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("guild_id", guild.to_string()), ("n", n.to_string())])
}

/// Its guild and its number.
fn read(dispatch: &Dispatch) -> (u64, u64) {
    let fields: BTreeMap<String, String> = serde_json::from_slice(&dispatch.raw).expect("text");
    let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
    (
        number("guild_id").expect("a guild"),
        number("n").expect("a number"),
    )
}

#[tokio::test]
async fn each_guild_keeps_its_order_in_a_lane_of_its_own() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (_fleet, events) = start(config(&discord).event_queue(32));
    let lanes = events.lanes(4);
    assert_eq!(lanes.len(), 4);
    let guilds: Vec<u64> = (1..=10).map(|guild| guild << 22).collect();
    let (told, mut hears) = tokio::sync::mpsc::channel(1000);
    let mut readers = tokio::task::JoinSet::new();
    let (ready, mut is_ready) = tokio::sync::mpsc::channel(1);
    for (lane, mut events) in lanes.into_iter().enumerate() {
        let (told, ready) = (told.clone(), ready.clone());
        readers.spawn(async move {
            while let Some(delivery) = events.next().await {
                let Delivery::Dispatch(dispatch) = delivery else {
                    continue;
                };
                match dispatch.name() {
                    "COUNTED" => told.send((lane, read(&dispatch))).await.unwrap(),
                    "READY" => {
                        assert_eq!(lane, 0, "what is of no guild is in the first lane");
                        ready.send(()).await.unwrap();
                    }
                    _ => {}
                }
            }
        });
    }
    is_ready.recv().await.unwrap();
    let all: Vec<_> = (1..=50)
        .flat_map(|n| guilds.iter().map(move |guild| of_guild(*guild, n)))
        .collect();
    discord
        .emit_many(all.iter().map(|data| ("COUNTED", data)))
        .unwrap();
    let mut last: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
    for _ in 0..all.len() {
        let heard = tokio::time::timeout(Duration::from_secs(20), hears.recv()).await;
        let (lane, (guild, n)) = heard.expect("all events come").unwrap();
        let (of, before) = last.insert(guild, (lane, n)).unwrap_or((lane, 0));
        assert_eq!((of, before + 1), (lane, n), "guild {guild}");
    }
    let used: BTreeSet<usize> = last.values().map(|(lane, _)| *lane).collect();
    assert_eq!(used.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_nobody_reads_holds_no_heartbeat_up() {
    let mut strict = ovenjs_mock::Config::default();
    strict.heartbeat_interval = Duration::from_secs(5);
    let discord = Discord::in_process(strict);
    let config = config(&discord).event_queue(40);
    let (fleet, events) = start_here(&discord, config, |wiring| wiring);
    let mut lanes = events.lanes(2);
    next_named(&mut lanes[0], "READY").await;
    let slow = 1 << 22;
    let quick = 2 << 22;
    let all: Vec<_> = (1..=30)
        .flat_map(|n| [of_guild(slow, n), of_guild(quick, n)])
        .collect();
    discord
        .emit_many(all.iter().map(|data| ("COUNTED", data)))
        .unwrap();
    for n in 1..=30 {
        let dispatch = next_named(&mut lanes[0], "COUNTED").await;
        assert_eq!(read(&dispatch), (quick, n), "the other lane goes on");
    }
    // Now the slow one fills what both share, and minutes pass.
    let more: Vec<_> = (31..=400).map(|n| of_guild(slow, n)).collect();
    discord
        .emit_many(more.iter().map(|data| ("COUNTED", data)))
        .unwrap();
    let beats = fleet.stats().shards[0].counts.heartbeats;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let counts = fleet.stats().shards[0].counts;
    assert!(counts.heartbeats >= beats + 59, "{counts:?}");
    assert_eq!((counts.connects, counts.zombies), (1, 0));
    for n in 1..=400 {
        assert_eq!(read(&next_named(&mut lanes[1], "COUNTED").await), (slow, n));
    }
}

#[tokio::test]
async fn the_queue_is_bounded_in_bytes() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (bound, largest) = (20_000, 5_128);
    let small = config(&discord).queue_bytes(bound).backlog_bytes(20_000);
    let (fleet, mut events) = start(small);
    next_named(&mut events, "READY").await;
    let large = "x".repeat(5_000 - 2);
    for _ in 0..100 {
        discord.emit("COUNTED", &large).unwrap();
    }
    for _ in 0..100 {
        next_named(&mut events, "COUNTED").await;
        let stats = fleet.stats();
        assert!(stats.queue_bytes < bound + largest, "{stats:?}");
    }
    assert_eq!(fleet.stats().shards[0].counts.connects, 1);
}

#[tokio::test]
async fn typed_events_are_those_that_are_wanted() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (_fleet, events) = start(config(&discord));
    let wanted = Interest::none()
        .with(EventKind::MessageCreate)
        .with(EventKind::Ready);
    let mut events = events.typed(wanted);
    let next = async |events: &mut ovenjs_gateway::TypedEvents| {
        tokio::time::timeout(Duration::from_secs(20), events.next())
            .await
            .expect("something comes in time")
            .expect("the shards have not ended")
    };
    let Typed::Event { event, dispatch } = next(&mut events).await else {
        panic!("no event")
    };
    assert!(matches!(*event, Event::Ready(_)) && dispatch.version.seq == 1);
    discord.user("ann").says("hello").await;
    let Typed::Event { event, .. } = next(&mut events).await else {
        panic!("no event")
    };
    let Event::MessageCreate(message) = *event else {
        panic!("{event:?}")
    };
    assert_eq!(message.content, "hello");
}

/// All members of a large guild, while the consumer reads nothing else: it waits for them in the very
/// loop that would have to make room.
#[tokio::test]
async fn members_are_one_answer_that_waits_for_nobody() {
    let mut guild = ovenjs_mock::Guild::default();
    guild.members = 2_500;
    let mut large = ovenjs_mock::Config::default();
    large.guilds = vec![guild];
    let discord = Discord::start(large).await.unwrap();
    let intents = Intents::GUILDS | Intents::GUILD_MEMBERS | Intents::GUILD_MESSAGES;
    let config = Config::new(discord.token(), intents)
        .gateway_url(discord.gateway_url())
        .event_queue(1)
        .interest(
            Interest::none()
                .with(EventKind::Ready)
                .with(EventKind::Unknown),
        );
    let (fleet, mut events) = start(config);
    next_named(&mut events, "READY").await;
    // What nobody takes lies before the answer.
    let all: Vec<usize> = (1..=50).collect();
    discord
        .emit_many(all.iter().map(|n| ("COUNTED", n)))
        .unwrap();

    let everyone = ovenjs_types::RequestGuildMembers::all(discord.guild_id());
    let members = fleet.members(everyone).unwrap().members();
    let members = tokio::time::timeout(Duration::from_secs(20), members).await;
    let members = members
        .expect("the answer needs no reader of events")
        .unwrap();
    assert!(members.len() >= 2_500, "{} members", members.len());

    let nobody =
        ovenjs_types::RequestGuildMembers::users(discord.guild_id(), [ovenjs_types::Id::new(1)]);
    let mut replies = fleet.members(nobody).unwrap();
    while let Some(reply) = replies.next().await {
        reply.unwrap();
    }
    assert_eq!(replies.not_found(), [ovenjs_types::Id::new(1)]);

    for n in 1..=50 {
        assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
    }
    let refused = ovenjs_types::RequestGuildMembers::named(discord.guild_id(), "a", 0);
    let error = fleet.members(refused).unwrap().members().await.unwrap_err();
    assert_eq!(error.kind(), ovenjs_gateway::ErrorKind::Command);
    let late = fleet
        .members(ovenjs_types::RequestGuildMembers::all(discord.guild_id()))
        .unwrap();
    fleet.stop().await;
    assert_eq!(
        late.members().await.unwrap_err().kind(),
        ovenjs_gateway::ErrorKind::Stopped
    );
}

/// An answer that lies behind more than the backlog holds comes once somebody reads, and fails in its
/// time where nobody does.
#[tokio::test(start_paused = true)]
async fn an_answer_behind_a_full_backlog_waits_for_who_reads_and_no_longer_than_its_time() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let small = config(&discord).event_queue(1).backlog_bytes(1_000);
    let (fleet, mut events) = start_here(&discord, small, |wiring| wiring);
    next_named(&mut events, "READY").await;
    let shard = fleet.shard_of(discord.guild_id());
    let flood = |from: usize| {
        let all: Vec<usize> = (from..from + 500).collect();
        discord
            .emit_many(all.iter().map(|n| ("COUNTED", n)))
            .unwrap();
    };
    let ask = || {
        let named = ovenjs_types::RequestGuildMembers::named(discord.guild_id(), "o", 10);
        let within = Duration::from_secs(90);
        fleet.request(shard, named, within).unwrap().members()
    };
    flood(0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(only(&fleet).backlog_bytes >= 1_000, "{:?}", only(&fleet));
    let error = ask().await.unwrap_err();
    assert_eq!(error.kind(), ovenjs_gateway::ErrorKind::Unanswered);
    assert!(error.to_string().contains("nobody reads"), "{error}");

    let asked = ask();
    let reading = async {
        // Longer than an answer may stay away from a shard that reads.
        tokio::time::sleep(Duration::from_secs(60)).await;
        for n in 0..500 {
            assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
        }
    };
    let (members, ()) = tokio::join!(asked, reading);
    members.unwrap();
    assert_eq!(only(&fleet).counts.connects, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lane_is_not_cut_again_under_those_who_read_the_others() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (_fleet, events) = start_here(&discord, config(&discord), |wiring| wiring);
    let mut lanes = events.lanes(3);
    let last = lanes.pop().unwrap();
    let mut again = last.lanes(2);
    assert_eq!((lanes.len(), again.len()), (2, 1));
    lanes.append(&mut again);
    next_named(&mut lanes[0], "READY").await;
    let guilds: Vec<u64> = (1..=3).map(|guild| guild << 22).collect();
    let all: Vec<_> = guilds.iter().map(|guild| of_guild(*guild, 1)).collect();
    discord
        .emit_many(all.iter().map(|data| ("COUNTED", data)))
        .unwrap();
    let mut seen = BTreeSet::new();
    for events in &mut lanes {
        seen.insert(read(&next_named(events, "COUNTED").await));
    }
    assert_eq!(seen, guilds.iter().map(|guild| (*guild, 1)).collect());
}
