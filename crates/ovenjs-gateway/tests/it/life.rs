//! From the first connection to the last word.

use std::sync::Arc;

use ovenjs_gateway::{Command, ErrorKind, Live, ShardState};
use ovenjs_types::{
    Fault, Hook, HookCall, Id, RequestGuildMembers, SessionStartLimit, ShardId, Status,
    UpdatePresence,
};
use tokio::sync::watch;

use super::*;

#[tokio::test]
async fn a_shard_connects_and_hears_events_in_every_compression() {
    for compression in ALL {
        let discord = Discord::start(ovenjs_mock::Config::default())
            .await
            .unwrap();
        let (gateway, mut events) = start(config(&discord).compression(*compression));
        let ready = next_named(&mut events, "READY").await;
        assert_eq!((ready.version.epoch, ready.version.seq), (1, 1));
        next_named(&mut events, "GUILD_CREATE").await;
        discord.user("ann").says("hello").await;
        let message = next_named(&mut events, "MESSAGE_CREATE").await;
        assert!(std::str::from_utf8(&message.raw).unwrap().contains("hello"));
        let stats = only(&gateway);
        assert_eq!(stats.state, ShardState::Connected);
        assert_eq!(stats.counts.connects, 1);
        let wanted = compression.name().unwrap_or("");
        let seen = discord.connections();
        assert!(format!("{seen:?}").contains(wanted), "{seen:?}");
        assert!(
            discord.violations().is_empty(),
            "{:?}",
            discord.violations()
        );
    }
}

#[tokio::test]
async fn a_refused_token_ends_with_the_repair_and_without_the_token() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let wrong =
        Config::new("canary.wrong.token", Intents::GUILDS).gateway_url(discord.gateway_url());
    let (gateway, mut events) = start(wrong);
    let error = fatal(&mut events).await;
    assert_eq!(
        (error.kind(), error.close_code()),
        (ErrorKind::Token, Some(4004))
    );
    assert!(error.is_auth() && !error.is_retryable());
    assert!(error.to_string().contains("DISCORD_TOKEN"), "{error}");
    for shown in [
        format!("{error:?}"),
        format!("{gateway:?}"),
        format!("{events:?}"),
    ] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert_eq!(only(&gateway).state, ShardState::Stopped);
    let refused = gateway.send(
        gateway.shards().next().unwrap(),
        &Command::UpdatePresence(UpdatePresence::new(Status::Online)),
    );
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Stopped);
}

#[tokio::test]
async fn disallowed_intents_are_named() {
    let strict = ovenjs_mock::Config::default().disallow_intents(Intents::MESSAGE_CONTENT.bits());
    let discord = Discord::start(strict).await.unwrap();
    let (_gateway, mut events) = start(config(&discord));
    let error = fatal(&mut events).await;
    assert_eq!(
        (error.kind(), error.close_code()),
        (ErrorKind::Intents, Some(4014))
    );
    assert!(error.to_string().contains("MESSAGE_CONTENT"), "{error}");
}

#[tokio::test]
async fn an_unreachable_gateway_is_tried_on_and_the_reason_shown() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let deaf = config(&discord);
    discord.stop().await;
    let (gateway, _events) = start(deaf);
    let reason = async {
        loop {
            if let Some(reason) = only(&gateway).last_failure {
                break reason;
            }
            tokio::task::yield_now().await;
        }
    };
    let reason = tokio::time::timeout(Duration::from_secs(20), reason)
        .await
        .unwrap();
    assert!(reason.contains("cannot reach the gateway"), "{reason}");
    gateway.stop().await;
    assert_eq!(only(&gateway).counts.identifies, 0);
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    let refused = |config: Config| Fleet::start(config).unwrap_err().kind();
    let good = || Config::new("t", Intents::GUILDS);
    assert_eq!(
        refused(good().gateway_url("ws://gateway.discord.gg")),
        ErrorKind::Url
    );
    assert_eq!(
        refused(good().gateway_url("gateway.discord.gg")),
        ErrorKind::Url
    );
    assert_eq!(refused(good().shards(0)), ErrorKind::Config);
    assert_eq!(refused(good().shard_range(1..3, 2)), ErrorKind::Config);
    assert_eq!(refused(Config::new("", Intents::GUILDS)), ErrorKind::Config);
}

#[tokio::test]
async fn commands_reach_discord_and_its_answer_comes_back() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (gateway, mut events) = start(config(&discord));
    next_named(&mut events, "READY").await;
    let guild = discord.guild_id();
    let shard = gateway.shard_of(guild);
    let bot = RequestGuildMembers::users(guild, [discord.bot_id()]).nonce("mark");
    gateway.send(shard, &Command::RequestMembers(bot)).unwrap();
    let chunk = next_named(&mut events, "GUILD_MEMBERS_CHUNK").await;
    assert!(
        std::str::from_utf8(&chunk.raw)
            .unwrap()
            .contains(r#""nonce":"mark""#)
    );

    let mut live = Live::default();
    live.presence = Some(UpdatePresence::new(Status::Dnd));
    let former = gateway.apply(live).unwrap();
    assert_eq!(former.presence, None);
    let presence = discord.wait_for_payload(3).await.unwrap();
    assert!(format!("{presence:?}").contains("dnd"), "{presence:?}");
}

#[tokio::test(start_paused = true)]
async fn several_shards_share_the_turns_to_identify() {
    // One lane for all: who identifies without a turn is refused.
    let strict = ovenjs_mock::Config::default().shards(3).max_concurrency(1);
    let discord = Discord::in_process(strict.identify_interval(Duration::from_secs(5)));
    let limit = SessionStartLimit {
        total: 1000,
        remaining: 999,
        reset_after: 60_000,
        max_concurrency: 1,
    };
    let config = config(&discord).shards(3).session_start_limit(limit);
    let (gateway, mut events) = start_here(&discord, config, |wiring| wiring);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 3 {
        if let ovenjs_types::Origin::Gateway(shard) = next_named(&mut events, "READY").await.origin
        {
            assert_eq!(shard.total, 3);
            seen.insert(shard.number);
        }
    }
    assert_eq!(discord.identifies(), 3);
    assert_eq!(gateway.stop().await.len(), 3);
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_stopped_gateway_goes_on_in_the_next_process() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (gateway, mut events) = start(config(&discord));
    next_named(&mut events, "READY").await;
    discord.emit("COUNTED", &1).unwrap();
    let first = next_named(&mut events, "COUNTED").await;
    let written = gateway.hand_over().await.to_bytes();
    let state = ovenjs_gateway::FleetState::from_bytes(&written).unwrap();
    assert_eq!(state.sessions().len(), 1);
    discord.wait_for_silence().await.unwrap();
    discord.emit("COUNTED", &2).unwrap();

    let (_gateway, mut events) = start(config(&discord).resume_from(&state).unwrap());
    let second = next_named(&mut events, "COUNTED").await;
    assert_eq!(number(&second), 2, "what happened in between is not lost");
    assert_eq!(second.version.epoch, first.version.epoch);
    assert_eq!((discord.identifies(), discord.resumes()), (1, 1));
}

#[tokio::test]
async fn a_stop_needs_nobody_who_reads() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (gateway, mut events) = start(config(&discord).event_queue(1));
    next_named(&mut events, "READY").await;
    let all: Vec<usize> = (0..500).collect();
    discord
        .emit_many(all.iter().map(|n| ("COUNTED", n)))
        .unwrap();
    gateway.stop().await;
    gateway.stop().await;
    discord.wait_for_silence().await.unwrap();
}

#[tokio::test]
async fn shards_end_when_nobody_wants_their_events_any_more() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (gateway, mut events) = start(config(&discord));
    next_named(&mut events, "READY").await;
    drop(events);
    discord.wait_for_silence().await.unwrap();
    assert_eq!(gateway.stop().await.len(), 1, "and can be resumed");
}

#[tokio::test]
async fn dropping_the_handle_leaves_the_shards_alone() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (gateway, mut events) = start(config(&discord));
    drop(gateway);
    next_named(&mut events, "READY").await;
    discord.emit("COUNTED", &1).unwrap();
    next_named(&mut events, "COUNTED").await;
}

#[tokio::test]
async fn shards_share_a_queue_that_is_full() {
    let discord = Discord::start(ovenjs_mock::Config::default().shards(2))
        .await
        .unwrap();
    let (_gateway, mut events) = start(
        config(&discord)
            .shards(2)
            .event_queue(1)
            .session_start_limit(SessionStartLimit {
                total: 1000,
                remaining: 1000,
                reset_after: 60_000,
                max_concurrency: 2,
            }),
    );
    next_named(&mut events, "READY").await;
    next_named(&mut events, "READY").await;
    // Events without a guild go to shard 0; this guild belongs to shard 1.
    let other = std::collections::BTreeMap::from([("guild_id", "4194304")]);
    for _ in 0..500 {
        discord.emit("COUNTED", &1).unwrap();
        discord.emit("COUNTED", &other).unwrap();
    }
    let mut last = std::collections::BTreeMap::new();
    for _ in 0..1000 {
        let dispatch = next_named(&mut events, "COUNTED").await;
        let ovenjs_types::Origin::Gateway(shard) = dispatch.origin else {
            panic!()
        };
        let before = last.insert(shard, dispatch.version);
        assert!(before.is_none_or(|before| before < dispatch.version));
    }
    assert_eq!(last.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_presence_is_shown_by_all_shards_or_by_none_and_those_that_have_ended_do_not_matter() {
    let discord = Discord::in_process(ovenjs_mock::Config::default().shards(2));
    let limit = SessionStartLimit {
        total: 1000,
        remaining: 1000,
        reset_after: 60_000,
        max_concurrency: 2,
    };
    let both = config(&discord).shards(2).session_start_limit(limit);
    let (breaks, broken) = watch::channel(None);
    let hook = Arc::new(Breaks(broken));
    let (fleet, mut events) = start_here(&discord, both, |wiring| wiring.hook(hook));
    next_named(&mut events, "READY").await;
    next_named(&mut events, "READY").await;
    let second = ShardId::new(1, 2).unwrap();
    let mut live = Live::default();
    live.presence = Some(UpdatePresence::new(Status::Dnd));
    // The shards get no time in between.
    let user = discord.bot_id();
    let asked = RequestGuildMembers::users(Id::new(1 << 22), [user]);
    let command = Command::RequestMembers(asked);
    let full = loop {
        if let Err(full) = fleet.send(second, &command) {
            break full;
        }
    };
    assert_eq!(full.kind(), ErrorKind::CommandQueueFull);
    let refused = fleet.apply(live.clone()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CommandQueueFull);
    tokio::time::sleep(Duration::from_secs(180)).await;
    let shown = discord.wait_for_payload(3).await;
    assert!(shown.is_err(), "{shown:?}");

    // One that has ended shows nothing, and is no reason for the other.
    breaks.send_replace(Some(second));
    discord.faults().drop_connections();
    while !matches!(next(&mut events).await, Delivery::Stopped { .. }) {}
    fleet.apply(live).unwrap();
    discord.wait_for_payload(3).await.unwrap();
    let former = fleet.apply(Live::default()).unwrap();
    assert_eq!(former.presence, Some(UpdatePresence::new(Status::Dnd)));
    fleet.stop().await;
    let mut live = Live::default();
    live.presence = Some(UpdatePresence::new(Status::Idle));
    let refused = fleet.apply(live).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Stopped);
}

/// Panics where this shard connects.
#[derive(Debug)]
struct Breaks(watch::Receiver<Option<ShardId>>);

impl Hook for Breaks {
    fn call(&self, call: &HookCall<'_>) {
        if let HookCall::ShardState { shard, state } = call
            && *state == "connected"
            && Some(*shard) == *self.0.borrow()
        {
            panic!("as the story wants it");
        }
    }
}
