//! What a client asks for, and what it is told when it asks wrongly.

use super::*;
use crate::config::Guild;

#[test]
fn every_close_code_is_earned() {
    let hello = "v=10&encoding=json";
    let codes = |payloads: &[Value]| {
        let mut script = Script::new(Config::default().disallow_intents(1 << 8));
        let id = script.open_at("/", hello);
        for payload in payloads {
            script.say(id, payload);
        }
        script.close_code(id)
    };
    let token = Script::new(Config::default()).backend.world.token;
    let ready = identify(&token, 0);
    let with = |pointer: &str, value: Value| {
        let mut payload = ready.clone();
        *payload.pointer_mut(pointer).unwrap() = value;
        payload
    };
    let sharded = |shard: Value| {
        let mut payload = ready.clone();
        payload["d"]["shard"] = shard;
        payload
    };
    let resume =
        |seq: u64| json!({ "op": 6, "d": { "token": token, "session_id": "x", "seq": seq } });
    let heartbeats = vec![json!({ "op": 1, "d": null }); 121];
    let scripts: Vec<(Vec<Value>, u16)> = vec![
        (vec![json!({ "op": 5, "d": null })], 4001),
        (vec![json!({ "op": 70_000, "d": null })], 4001),
        // What only Discord sends is no command.
        (vec![json!({ "op": 10, "d": {} })], 4001),
        (vec![json!([])], 4002),
        (vec![json!({ "op": "1" })], 4002),
        (vec![json!({ "op": 1, "d": "soon" })], 4002),
        (
            vec![json!({ "op": 1, "d": null, "x": "y".repeat(4096) })],
            4002,
        ),
        (
            vec![json!({ "op": 2, "d": { "token": token, "intents": 0 } })],
            4002,
        ),
        (
            vec![ready.clone(), json!({ "op": 4, "d": { "guild_id": "1" } })],
            4002,
        ),
        (vec![json!({ "op": 8, "d": {} })], 4003),
        (vec![json!({ "op": 31, "d": { "guild_ids": [] } })], 4003),
        (vec![with("/d/token", json!("wrong"))], 4004),
        (vec![ready.clone(), ready.clone()], 4005),
        (vec![ready.clone(), resume(1)], 4005),
        (heartbeats, 4008),
        (vec![sharded(json!([2, 2]))], 4010),
        (vec![sharded(json!("0/2"))], 4010),
        (vec![sharded(json!([0, 1, 2]))], 4010),
        (vec![with("/d/intents", json!(1_u64 << 50))], 4013),
        (vec![with("/d/intents", json!("all"))], 4013),
        (vec![with("/d/intents", json!(1 << 8))], 4014),
    ];
    for (payloads, code) in scripts {
        assert_eq!(codes(&payloads), Some(code), "{:?}", payloads.last());
    }
    // 4007, 4009 and 4011 have stories of their own; 4012 is said before Hello.
    let mut script = Script::new(Config::default());
    for (query, code) in [
        ("v=11&encoding=json", 4012),
        ("v=10&encoding=etf", 4002),
        ("v=10&encoding=json&compress=brotli", 4002),
    ] {
        let id = script.backend.open(script.now, "/", query);
        assert_eq!(script.close_code(id), Some(code), "{query}");
    }
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn what_discord_only_ignores_is_a_warning() {
    let mut script = Script::new(Config::default());
    let id = script.backend.open(script.now, "/", "compress=zlib-stream");
    let mut payload = identify(&script.backend.world.token, 0);
    payload["d"]["compress"] = json!(true);
    payload["d"]["large_threshold"] = json!(1000);
    payload["d"]["guild_subscriptions"] = json!(true);
    script.say(id, &payload);
    assert_eq!(script.close_code(id), None);
    let warnings = script.backend.journal.warnings.join("\n");
    for expected in [
        "without v=10",
        "without encoding=json",
        "on a connection that is zlib-stream already",
        "large_threshold is between 50 and 250",
        "gateway command IDENTIFY: guild_subscriptions",
    ] {
        assert!(warnings.contains(expected), "{expected} in\n{warnings}");
    }
}

#[test]
fn members_are_chunked_searched_and_named() {
    let plan = Guild::named("Hall").members(1200).offline(3);
    let mut script = Script::new(Config::default().guilds([plan]));
    let (id, _) = script.identified(1 << 1 | 1 << 8);
    let guild = script.backend.world.default_guild.to_string();
    let bot = script.backend.world.bot.to_string();
    let mut ask = |mut d: Value| {
        d["guild_id"] = json!(guild);
        script.say(id, &json!({ "op": 8, "d": d }));
        script.heard(id)
    };

    let all = ask(json!({ "query": "", "limit": 0, "presences": true, "nonce": "n" }));
    let counts = |name: &str| {
        let sizes = all
            .iter()
            .map(|chunk| chunk["d"][name].as_array().unwrap().len());
        sizes.collect::<Vec<_>>()
    };
    assert_eq!(counts("members"), [1000, 202]);
    assert_eq!(counts("presences"), [1000, 199]);
    let places = all.iter().map(|chunk| {
        let d = &chunk["d"];
        (
            d["chunk_index"].as_u64(),
            d["chunk_count"].as_u64(),
            d["nonce"].as_str(),
        )
    });
    let expected = [(Some(0), Some(2), Some("n")), (Some(1), Some(2), Some("n"))];
    assert_eq!(places.collect::<Vec<_>>(), expected);

    let limited = ask(json!({ "query": "", "limit": 0, "nonce": "m" }));
    assert_eq!(limited[0]["t"], "RATE_LIMITED");
    assert_eq!(limited[0]["d"]["retry_after"], 30.0);
    assert_eq!(
        limited[0]["d"]["meta"],
        json!({ "guild_id": guild, "nonce": "m" })
    );

    let twice = ask(json!({ "user_ids": [bot, bot, "1", "1"] }));
    assert_eq!(twice[0]["d"]["members"].as_array().unwrap().len(), 1);
    assert_eq!(twice[0]["d"]["not_found"], json!(["1"]));
    let named = ask(json!({ "user_ids": [bot, "1"], "nonce": "x".repeat(33) }));
    assert_eq!(named[0]["d"]["members"][0]["user"]["id"], bot);
    assert_eq!(named[0]["d"]["not_found"], json!(["1"]));
    assert_eq!(named[0]["d"].get("nonce"), None);
    let one = ask(json!({ "user_ids": bot }));
    assert_eq!(one[0]["d"]["members"].as_array().unwrap().len(), 1);

    let found = ask(json!({ "query": "member-11", "limit": 5 }));
    assert_eq!(found[0]["d"]["members"].as_array().unwrap().len(), 5);
    let most = ask(json!({ "query": "m", "limit": 1000 }));
    assert_eq!(most[0]["d"]["members"].as_array().unwrap().len(), 100);
    let none = ask(json!({ "query": "nobody", "limit": 1 }));
    assert_eq!(none[0]["d"]["members"], json!([]));

    script.pass(Duration::from_secs(30));
    let d = json!({ "guild_id": guild, "query": "", "limit": 0 });
    script.say(id, &json!({ "op": 8, "d": d }));
    assert_eq!(script.heard(id).len(), 2);
    assert_eq!(script.backend.journal.violations, [""; 0]);

    // A search without a limit is none.
    script.say(
        id,
        &json!({ "op": 8, "d": { "guild_id": guild, "query": "m" } }),
    );
    assert_eq!(script.close_code(id), Some(4002));
}

#[test]
fn presences_go_to_those_with_the_intent_and_five_in_twenty_seconds() {
    let mut script = Script::new(Config::default());
    let (watching, _) = script.identified(1 << 8);
    let (other, _) = script.identified(1);
    script.heard(other);
    let presence = |status: &str| {
        let activity = json!({ "name": "bread", "type": 0 });
        json!({ "op": 3, "d": {
            "since": null, "activities": [activity], "status": status, "afk": false,
        }})
    };
    for status in ["idle", "dnd", "online", "invisible", "idle", "dnd"] {
        script.say(other, &presence(status));
    }
    assert_eq!(script.heard(other), [""; 0]);
    let seen = script.heard(watching);
    let statuses: Vec<_> = seen
        .iter()
        .filter_map(|p| p["d"]["status"].as_str())
        .collect();
    assert_eq!(statuses, ["idle", "dnd", "online", "offline", "idle"]);
    assert_eq!(seen[0]["d"]["activities"][0]["name"], "bread");
    assert_eq!(seen[3]["d"]["activities"], json!([]));
    assert!(script.backend.journal.warnings[0].contains("more than 5 presences"));

    script.pass(Duration::from_secs(20));
    script.say(other, &presence("online"));
    assert_eq!(script.heard(watching).len(), 1);
    assert_eq!(script.backend.journal.violations, [""; 0]);
    script.say(other, &presence("asleep"));
    assert_eq!(script.close_code(other), Some(4002));
}

#[test]
fn the_bot_talks_where_it_may() {
    let plan = Guild::named("Hall").voice_channels(["lounge", "attic"]);
    let mut script = Script::new(Config::default().guilds([plan]));
    let (id, ready) = script.identified(1 << 7);
    let world = &script.backend.world;
    let (guild, text) = (
        world.default_guild.to_string(),
        world.default_channel.to_string(),
    );
    let named = |name: &str| {
        let rooms = world.channels.of_guild(world.default_guild);
        let mut found = rooms.filter(|(_, room)| room.object["name"] == name);
        found.next().unwrap().0.to_string()
    };
    let (lounge, attic) = (named("lounge"), named("attic"));
    let voice = |channel: Value| {
        let flags = json!({ "self_mute": false, "self_deaf": true });
        json!({ "op": 4, "d": { "guild_id": guild, "channel_id": channel,
            "self_mute": flags["self_mute"], "self_deaf": flags["self_deaf"] } })
    };
    let mut joins = |channel: Value| {
        script.say(id, &voice(channel));
        let heard = script.heard(id);
        let names = heard
            .iter()
            .filter_map(|p| p["t"].as_str().map(str::to_owned));
        (names.collect::<Vec<_>>(), heard)
    };

    let (names, heard) = joins(json!(lounge));
    assert_eq!(names, ["VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"]);
    assert_eq!(heard[0]["d"]["session_id"], ready["d"]["session_id"]);
    assert_eq!(heard[0]["d"]["self_deaf"], true);
    assert_eq!(heard[1]["d"]["endpoint"], "127.0.0.1");
    // Staying changes nothing, moving brings a server, and a text channel is no place to talk.
    assert_eq!(joins(json!(lounge)).0, [""; 0]);
    assert_eq!(joins(json!(attic)).0.len(), 2);
    assert_eq!(joins(json!(text)).0, [""; 0]);

    script.say(
        id,
        &json!({ "op": 43, "d": { "guild_id": guild, "fields": ["voice_start_time"] } }),
    );
    let info = script.heard(id);
    assert_eq!(info[0]["t"], "CHANNEL_INFO");
    let expected = json!([{ "id": attic, "voice_start_time": 1_800_000_000 }]);
    assert_eq!(info[0]["d"]["channels"], expected);

    script.say(id, &voice(Value::Null));
    let left = script.heard(id);
    assert_eq!(left[0]["d"]["channel_id"], Value::Null);
    assert_eq!(left.len(), 1);
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn sounds_come_guild_by_guild() {
    let plans = ["a", "b"].map(Guild::named);
    let mut script = Script::new(Config::default().guilds(plans));
    let (id, _) = script.identified(0);
    let guilds: Vec<u64> = script.backend.world.guilds.keys().copied().collect();
    let ids: Vec<String> = guilds.iter().map(u64::to_string).collect();
    script.say(
        id,
        &json!({ "op": 31, "d": { "guild_ids": [ids[0], "1", ids[1]] } }),
    );
    let heard = script.heard(id);
    let told: Vec<_> = heard
        .iter()
        .map(|p| p["d"]["guild_id"].as_str().unwrap())
        .collect();
    assert_eq!(told, ids);
    assert!(heard.iter().all(|p| p["t"] == "SOUNDBOARD_SOUNDS"));
    assert!(script.backend.journal.warnings[0].contains("not on this shard"));
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn a_presence_with_an_object_for_a_time_is_taken_with_a_warning() {
    let mut script = Script::new(Config::default());
    let (watching, _) = script.identified(1 << 8);
    let since = json!({ "secs_since_epoch": 1_700_000_000, "nanos_since_epoch": 5 });
    let activities = json!([{ "name": "bread", "type": 0 }]);
    let presence =
        json!({ "since": since, "afk": false, "activities": activities, "status": "idle" });
    script.say(watching, &json!({ "op": 3, "d": presence }));
    let seen = script.heard(watching);
    assert_eq!(seen[0]["d"]["status"], "idle");
    assert_eq!(script.backend.journal.warnings.len(), 1);
    assert!(script.backend.journal.warnings[0].contains("which tells no time"));
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn the_presence_of_old_is_taken_with_a_warning() {
    let mut script = Script::new(Config::default());
    let (watching, _) = script.identified(1 << 8);
    let presence = |game: Value| json!({ "op": 3, "d": { "since": null, "afk": false, "game": game, "status": "online" } });
    for (game, activities) in [(json!({ "name": "bread", "type": 0 }), 1), (Value::Null, 0)] {
        script.say(watching, &presence(game));
        let seen = script.heard(watching);
        assert_eq!(
            seen[0]["d"]["activities"].as_array().unwrap().len(),
            activities
        );
    }
    assert!(script.backend.journal.warnings[0].contains("activities has replaced"));
    assert_eq!(script.backend.journal.violations, [""; 0]);
}
