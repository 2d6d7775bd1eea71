use std::time::Duration;

use ovenjs_mock::{Config, Discord, Guild};
use serde_json::{Value, json};

use crate::raw::{ALL_INTENTS, Ended, Socket, identify};

#[tokio::test]
async fn a_bot_identifies_and_gets_its_guilds() {
    let plan = Guild::named("Kitchen")
        .channels(["general", "orders"])
        .members(3);
    let discord = Discord::start(Config::default().guilds([plan]))
        .await
        .unwrap();
    let (mut socket, ready) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;

    assert_eq!(ready["v"], 10);
    assert_eq!(
        ready["guilds"][0],
        json!({ "id": discord.guild_id().to_string(), "unavailable": true })
    );
    assert_eq!(
        ready["application"]["id"],
        discord.application_id().to_string()
    );
    assert_eq!(ready["resume_gateway_url"], discord.gateway_url());

    let guild = socket.payload().await;
    assert_eq!(
        (guild["t"].as_str(), guild["s"].as_u64()),
        (Some("GUILD_CREATE"), Some(2))
    );
    assert_eq!(guild["d"]["channels"].as_array().map(Vec::len), Some(2));
    assert_eq!(guild["d"]["member_count"], 5);
    assert_eq!(guild["d"]["members"].as_array().map(Vec::len), Some(5));

    socket.say(json!({ "op": 1, "d": 2 })).await;
    assert_eq!(socket.payload().await["op"], 11);
    assert_eq!(discord.connections().len(), 1);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_user_says_arrives_and_content_needs_its_intent() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let guilds_and_messages = 1 | 1 << 9;
    let (mut with, _) = Socket::identified(
        &discord,
        "v=10&encoding=json",
        guilds_and_messages | 1 << 15,
    )
    .await;
    let (mut without, _) =
        Socket::identified(&discord, "v=10&encoding=json", guilds_and_messages).await;

    let ann = discord.user("ann");
    ann.says("hello").await;
    let bot = discord.bot_id();
    ann.says(&format!("hello <@{bot}>")).await;

    assert_eq!(with.event("MESSAGE_CREATE").await["d"]["content"], "hello");
    let covered = without.event("MESSAGE_CREATE").await;
    assert_eq!(covered["d"]["content"], "");
    assert_eq!(covered["d"]["author"]["username"], "ann");
    assert_eq!(covered["d"]["guild_id"], discord.guild_id().to_string());
    let named = without.event("MESSAGE_CREATE").await;
    assert_eq!(named["d"]["content"], format!("hello <@{bot}>"));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn zlib_and_zstd_carry_the_same_json() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut sockets = Vec::new();
    for compress in ["", "&compress=zlib-stream", "&compress=zstd-stream"] {
        let query = format!("v=10&encoding=json{compress}");
        let (mut socket, _) = Socket::identified(&discord, &query, ALL_INTENTS).await;
        socket.event("GUILD_CREATE").await;
        sockets.push(socket);
    }
    let events = (0..50).map(|n| {
        (
            "MOON_RISE",
            json!({ "number": n, "text": "x".repeat(n * 200) }),
        )
    });
    discord.emit_many(events).unwrap();
    for number in 0..50 {
        let mut seen = Vec::new();
        for socket in &mut sockets {
            seen.push(socket.event("MOON_RISE").await["d"].clone());
        }
        assert_eq!(seen[0]["number"], number);
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0], seen[2]);
    }
}

#[tokio::test]
async fn a_resume_brings_exactly_what_was_missed() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, ready) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    socket.event("GUILD_CREATE").await;
    discord.emit("MOON_RISE", &json!({ "number": 0 })).unwrap();
    let last = socket.event("MOON_RISE").await["s"].as_u64().unwrap();
    socket.close(4900).await;

    discord
        .emit_many((1..=3).map(|n| ("MOON_RISE", json!({ "number": n }))))
        .unwrap();
    let mut socket = resumed(&discord, &ready, last).await;

    for number in 1..=3 {
        let payload = socket.payload().await;
        assert_eq!(
            (payload["d"]["number"].as_u64(), payload["s"].as_u64()),
            (Some(number), Some(last + number))
        );
    }
    assert_eq!(socket.payload().await["t"], "RESUMED");
    assert_eq!((discord.identifies(), discord.resumes()), (1, 1));
}

#[tokio::test]
async fn connections_that_break_after_every_kth_event_lose_none() {
    for compress in ["", "&compress=zlib-stream", "&compress=zstd-stream"] {
        for events in 1..=4 {
            let query = format!("v=10&encoding=json{compress}");
            lose_none(&query, events).await;
        }
    }
}

async fn lose_none(query: &str, events: u64) {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, ready) = Socket::identified(&discord, query, ALL_INTENTS).await;
    let mut last = socket.event("GUILD_CREATE").await["s"].as_u64().unwrap();
    discord.faults().drop_after_frames(events);
    let happenings = (0..20).map(|n| ("MOON_RISE", json!({ "number": n })));
    discord.emit_many(happenings).unwrap();
    let mut numbers = Vec::new();
    while numbers.len() < 20 {
        match socket.next().await {
            Ok(payload) => {
                numbers.extend(payload["d"]["number"].as_u64());
                last = payload["s"].as_u64().unwrap_or(last);
            }
            Err(Ended::Abrupt) => socket = resumed_by(&discord, query, &ready, last).await,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, (0..20).collect::<Vec<_>>(), "{query}, {events}");
    assert!(
        discord.resumes() >= 4,
        "{query}, {events}: {}",
        discord.resumes()
    );
}

#[tokio::test]
async fn a_session_that_was_closed_for_good_or_forgotten_is_invalid() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (socket, ready) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    socket.close(1000).await;
    discord.wait_for_silence().await.unwrap();
    let mut socket = resumed(&discord, &ready, 1).await;
    let payload = socket.payload().await;
    assert_eq!(
        (payload["op"].as_u64(), payload["d"].as_bool()),
        (Some(9), Some(false))
    );

    let (mut socket, ready) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    socket.event("GUILD_CREATE").await;
    discord.faults().drop_connections();
    assert_eq!(socket.next().await, Err(Ended::Abrupt));
    let mut socket = resumed(&discord, &ready, 99).await;
    assert_eq!(socket.next().await, Err(Ended::Close(4007)));
}

#[tokio::test]
async fn each_fault_of_a_client_has_its_close_code() {
    let config = Config::default().disallow_intents(1 << 1);
    let discord = Discord::start(config).await.unwrap();
    let token = discord.token();
    let hello = "v=10&encoding=json";
    let mut sharded = identify(&token, 1);
    sharded["d"]["shard"] = json!([2, 2]);
    let scripts: [(&str, Value, u16); 8] = [
        (hello, json!({ "op": 77, "d": null }), 4001),
        (hello, json!({ "d": null }), 4002),
        (hello, json!({ "op": 1, "d": "x".repeat(4100) }), 4002),
        (hello, json!({ "op": 3, "d": {} }), 4003),
        (hello, identify("wrong", 1), 4004),
        (hello, sharded, 4010),
        (hello, identify(&token, 1 << 40), 4013),
        (hello, identify(&token, 1 << 1), 4014),
    ];
    for (query, payload, code) in scripts {
        let mut socket = Socket::open(&discord, query).await;
        assert_eq!(socket.payload().await["op"], 10);
        socket.say(payload).await;
        assert_eq!(socket.next().await, Err(Ended::Close(code)));
    }
    for (query, code) in [
        ("v=3&encoding=json", 4012),
        ("v=10&encoding=etf", 4002),
        ("v=10&compress=gzip", 4002),
    ] {
        assert_eq!(
            Socket::open(&discord, query).await.next().await,
            Err(Ended::Close(code))
        );
    }

    let (mut socket, _) = Socket::identified(&discord, hello, 0).await;
    socket.say(identify(&token, 0)).await;
    assert_eq!(socket.next().await, Err(Ended::Close(4005)));

    let (mut socket, _) = Socket::identified(&discord, hello, 0).await;
    let mut acks = 0;
    for _ in 0..120 {
        socket.say(json!({ "op": 1, "d": null })).await;
    }
    let end = loop {
        match socket.next().await {
            Ok(_) => acks += 1,
            Err(end) => break end,
        }
    };
    assert_eq!((acks, end), (119, Ended::Close(4008)));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn text_that_is_no_json_is_a_decode_error() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let mut socket = Socket::open(&discord, "v=10&encoding=json").await;
    socket.payload().await;
    socket.say_text("bread".to_owned()).await;
    assert_eq!(socket.next().await, Err(Ended::Close(4002)));
}

#[tokio::test]
async fn faults_are_what_they_say() {
    let discord = Discord::start(Config::default()).await.unwrap();
    discord.faults().refuse_identifies(1);
    let mut socket = Socket::open(&discord, "v=10&encoding=json").await;
    socket.payload().await;
    socket.say(identify(&discord.token(), 0)).await;
    assert_eq!(socket.payload().await["op"], 9);
    socket.say(identify(&discord.token(), 0)).await;
    let ready = socket.payload().await;
    assert_eq!(ready["t"], "READY");

    discord.faults().ask_to_reconnect();
    assert_eq!(socket.payload().await["op"], 7);
    discord.faults().withhold_heartbeat_acks(true);
    socket.say(json!({ "op": 1, "d": null })).await;
    let beat = discord.wait_for_payload(1).await.unwrap();
    assert_eq!(beat.connection, 1);
    discord.faults().close_connections(4000);
    assert_eq!(socket.next().await, Err(Ended::Close(4000)));

    discord.faults().refuse_resumes(1);
    let mut socket = resumed(&discord, &ready["d"], 1).await;
    assert_eq!(socket.payload().await["op"], 9);
}

#[tokio::test]
async fn members_are_asked_for_by_prefix_by_id_or_all() {
    let plan = Guild::named("Hall").members(1200);
    let discord = Discord::start(Config::default().guilds([plan]))
        .await
        .unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", 1 | 1 << 1).await;
    let guild = discord.guild_id().to_string();
    let bot = discord.bot_id().to_string();

    let all = json!({ "guild_id": guild, "query": "", "limit": 0, "nonce": "n" });
    socket.say(json!({ "op": 8, "d": all })).await;
    let chunks = [
        socket.event("GUILD_MEMBERS_CHUNK").await,
        socket.event("GUILD_MEMBERS_CHUNK").await,
    ];
    let sizes = chunks
        .each_ref()
        .map(|chunk| chunk["d"]["members"].as_array().map_or(0, Vec::len));
    assert_eq!(sizes, [1000, 202]);
    assert_eq!(chunks[1]["d"]["nonce"], "n");

    socket.say(json!({ "op": 8, "d": all })).await;
    assert_eq!(socket.event("RATE_LIMITED").await["d"]["opcode"], 8);

    socket
        .say(json!({ "op": 8, "d": { "guild_id": guild, "user_ids": [bot, "1"] } }))
        .await;
    let chunk = socket.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["d"]["members"][0]["user"]["id"], bot);
    assert_eq!(chunk["d"]["not_found"], json!(["1"]));

    socket
        .say(json!({ "op": 8, "d": { "guild_id": guild, "query": "member-11", "limit": 5 } }))
        .await;
    let chunk = socket.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["d"]["members"].as_array().map(Vec::len), Some(5));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn all_members_are_a_secret_without_the_intent() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", 0).await;
    let guild = discord.guild_id().to_string();
    let d = json!({ "guild_id": guild, "query": "", "limit": 0 });
    socket.say(json!({ "op": 8, "d": d })).await;
    socket.say(json!({ "op": 1, "d": null })).await;
    assert_eq!(socket.payload().await["op"], 11);
    assert!(discord.warnings()[0].contains("without the GUILD_MEMBERS intent"));
}

#[tokio::test]
async fn guilds_are_shared_out_among_the_shards() {
    let plans = (0..4).map(|n| Guild::named(format!("Guild {n}")));
    let discord = Discord::start(Config::default().guilds(plans).shards(2))
        .await
        .unwrap();
    let mut seen = Vec::new();
    for shard in 0..2 {
        let mut socket = Socket::open(&discord, "v=10&encoding=json").await;
        socket.payload().await;
        let mut payload = identify(&discord.token(), 1);
        payload["d"]["shard"] = json!([shard, 2]);
        socket.say(payload).await;
        let ready = socket.payload().await;
        for guild in ready["d"]["guilds"].as_array().unwrap() {
            let id: u64 = guild["id"].as_str().unwrap().parse().unwrap();
            assert_eq!((id >> 22) % 2, shard);
            seen.push(id);
        }
    }
    seen.sort_unstable();
    let all: Vec<u64> = discord.guild_ids().iter().map(|id| id.get()).collect();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_client_without_heartbeats_is_cut_off() {
    let soon = Duration::from_millis(20);
    let config = Config::default()
        .heartbeat_interval(soon)
        .heartbeat_grace(soon);
    let discord = Discord::start(config).await.unwrap();
    let mut socket = Socket::open(&discord, "v=10&encoding=json").await;
    assert_eq!(socket.payload().await["d"]["heartbeat_interval"], 20);
    assert_eq!(socket.next().await, Err(Ended::Close(4009)));
}

async fn resumed(discord: &Discord, ready: &Value, seq: u64) -> Socket {
    resumed_by(discord, "v=10&encoding=json", ready, seq).await
}

async fn resumed_by(discord: &Discord, query: &str, ready: &Value, seq: u64) -> Socket {
    let mut socket = Socket::open(discord, query).await;
    assert_eq!(socket.payload().await["op"], 10);
    let d = json!({ "token": discord.token(), "session_id": ready["session_id"], "seq": seq });
    socket.say(json!({ "op": 6, "d": d })).await;
    socket
}
