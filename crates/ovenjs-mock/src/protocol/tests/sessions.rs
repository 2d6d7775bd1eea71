//! How sessions begin, go on and end.

use super::*;
use crate::{
    config::Guild,
    protocol::{close, invalid_session},
};

#[test]
fn heartbeats_are_answered_and_silence_ends_the_session() {
    let mut script = Script::new(Config::default());
    let (id, ready) = script.identified(1);

    script.pass(Duration::from_secs(41));
    script.say(id, &json!({ "op": 1, "d": 2 }));
    assert_eq!(
        script.heard(id),
        [json!({ "t": null, "s": null, "op": 11, "d": null })]
    );

    let deadline = script
        .backend
        .gateway
        .deadline()
        .expect("a client is expected to beat");
    assert_eq!(
        deadline - script.now,
        Duration::from_millis(41_250) + Duration::from_secs(20)
    );
    script.pass(deadline - script.now - Duration::from_millis(1));
    assert_eq!(script.outputs(id), []);
    script.pass(Duration::from_millis(1));
    assert_eq!(script.close_code(id), Some(close::SESSION_TIMED_OUT.0));

    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id), [invalid_session(false)]);
}

#[test]
fn the_latest_heartbeat_is_told() {
    let mut script = Script::new(Config::default());
    let (id, _) = script.identified(1);
    let beat = json!({ "op": 1, "d": null });
    for wait in [20_000, 41_250, 41_750, 41_300] {
        script.pass(Duration::from_millis(wait));
        script.say(id, &beat);
    }
    let seen = script.backend.gateway.seen();
    assert_eq!(
        (seen[0].heartbeats, seen[0].lateness),
        (4, Duration::from_millis(500))
    );
}

#[test]
fn a_session_waits_for_its_client_and_no_longer() {
    let mut script = Script::new(Config::default());
    let (id, ready) = script.identified(1);
    script.hang_up(id, None);
    script.pass(Duration::from_secs(119));
    let id = script.resume(&ready, 1);
    let heard = script.heard(id);
    let names: Vec<_> = heard
        .iter()
        .filter_map(|payload| payload.get("t")?.as_str())
        .collect();
    assert_eq!(names, ["GUILD_CREATE", "RESUMED"]);

    script.hang_up(id, Some(4000));
    script.pass(Duration::from_secs(120));
    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id), [invalid_session(false)]);
}

#[test]
fn a_client_too_far_behind_has_to_begin_anew() {
    let mut script = Script::new(Config::default().replay_limit(3));
    let (id, ready) = script.identified(1);
    script.hang_up(id, None);
    for number in 0..3 {
        script.happen(number);
    }
    let id = script.resume(&ready, 2);
    let numbers: Vec<u64> = script
        .heard(id)
        .iter()
        .filter_map(|p| p.pointer("/d/number")?.as_u64())
        .collect();
    assert_eq!(numbers, [0, 1, 2]);
    script.hang_up(id, None);
    script.happen(3);
    let id = script.resume(&ready, 2);
    assert_eq!(script.heard(id), [invalid_session(false)]);
}

#[test]
fn sequences_never_repeat_on_a_session() {
    let mut script = Script::new(Config::default());
    let (mut id, ready) = script.identified(1);
    let mut last = script
        .heard(id)
        .last()
        .and_then(|p| p.get("s")?.as_u64())
        .unwrap_or(1);
    for round in 0..20 {
        script.happen(round);
        script.hang_up(id, None);
        script.happen(round);
        id = script.resume(&ready, last);
        for payload in script.heard(id) {
            let seq = payload
                .get("s")
                .and_then(Value::as_u64)
                .expect("dispatches are numbered");
            assert!(seq > last, "{seq} after {last}");
            last = seq;
        }
    }
}

#[test]
fn a_resume_elsewhere_ends_the_first_connection() {
    let mut script = Script::new(Config::default());
    let (first, ready) = script.identified(0);
    let second = script.resume(&ready, 1);
    assert_eq!(script.close_code(first), Some(close::UNKNOWN));
    script.happen(7);
    assert_eq!(script.heard(second).len(), 2);
}

#[test]
fn identify_turns_are_kept_where_they_are_enforced() {
    let config = Config::default()
        .like_discord()
        .max_concurrency(2)
        .shards(3);
    let mut script = Script::new(config);
    let shard = |id: u64| json!([id, 3]);
    let outcome = |script: &mut Script, id: u64| {
        let connection = script.open();
        let mut payload = identify(&script.backend.world.token, 0);
        payload["d"]["shard"] = shard(id);
        script.say(connection, &payload);
        script
            .heard(connection)
            .first()
            .and_then(|p| p.get("op")?.as_u64())
    };
    assert_eq!(outcome(&mut script, 0), Some(0));
    assert_eq!(outcome(&mut script, 1), Some(0));
    assert_eq!(
        outcome(&mut script, 2),
        Some(9),
        "shard 2 shares the place of shard 0"
    );
    script.pass(Duration::from_secs(5));
    assert_eq!(outcome(&mut script, 2), Some(0));
}

#[test]
fn an_exhausted_budget_of_identifies_is_a_refused_token() {
    let mut script = Script::new(Config::default().session_starts(1));
    script.identified(0);
    let id = script.open();
    let payload = identify(&script.backend.world.token, 0);
    script.say(id, &payload);
    assert_eq!(script.close_code(id), Some(close::AUTHENTICATION_FAILED.0));
}

#[test]
fn the_same_seed_and_script_give_the_same_bytes() {
    let run = || {
        let guild = Guild::named("Kitchen").members(2);
        let mut script = Script::new(Config::default().seed(9).guilds([guild]));
        let (id, ready) = script.identified(0x1ff);
        let ann = script
            .backend
            .play(script.now, |world| world.user_named("ann"));
        script.backend.play(script.now, |world| {
            let body = crate::json::object(json!({ "content": "hello" }));
            let channel = world.default_channel;
            let draft = crate::world::Draft {
                author: ann,
                channel,
                body,
                ..Default::default()
            };
            world.post(draft).expect("it can be said")
        });
        (ready, script.heard(id))
    };
    assert_eq!(run(), run());
}

#[test]
fn packets_are_compressed_where_the_identify_asks_for_it() {
    let mut script = Script::new(Config::default());
    let id = script.open();
    let mut payload = identify(&script.backend.world.token, 0);
    payload["d"]["compress"] = json!(true);
    script.say(id, &payload);
    let outputs = script.outputs(id);
    let Some(Output::Send(Frame::Binary(packet))) = outputs.first() else {
        panic!("READY is long enough to be compressed: {outputs:?}");
    };
    let mut inflated = Vec::with_capacity(1 << 16);
    flate2::Decompress::new(true)
        .decompress_vec(packet, &mut inflated, flate2::FlushDecompress::Finish)
        .expect("a whole zlib stream");
    let ready: Value = serde_json::from_slice(&inflated).expect("JSON");
    assert_eq!(ready.get("t"), Some(&json!("READY")));
}

#[test]
fn a_replay_is_bounded_in_bytes_too() {
    let mut script = Script::new(Config::default().replay_bytes(4096));
    let (id, ready) = script.identified(0);
    script.hang_up(id, None);
    let happen = |script: &mut Script| {
        script.emit(&json!({ "text": "x".repeat(1500) }));
    };
    happen(&mut script);
    happen(&mut script);
    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id).len(), 3);
    script.hang_up(id, None);
    happen(&mut script);
    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id), [invalid_session(false)]);
}

#[test]
fn a_heartbeat_can_end_the_keeping_of_what_it_acknowledges() {
    for (trims, replayed) in [(false, 3), (true, 0)] {
        let mut script = Script::new(Config::default().trim_replay(trims));
        let (id, ready) = script.identified(0);
        script.happen(1);
        script.happen(2);
        script.say(id, &json!({ "op": 1, "d": 3 }));
        script.hang_up(id, None);
        // Going on from there works in both ways, going back in one.
        let id = script.resume(&ready, 3);
        assert_eq!(script.heard(id)[0]["t"], "RESUMED");
        script.hang_up(id, None);
        let id = script.resume(&ready, 1);
        let heard = script.heard(id);
        let names = heard.iter().filter(|p| !p["t"].is_null());
        assert_eq!(names.count(), replayed, "trims: {trims}");
    }
}

#[test]
fn a_resume_has_an_address_of_its_own() {
    let mut script = Script::new(Config::default().resume_path("resume-us-east"));
    assert!(script.backend.gateway.has_path("/"));
    assert!(script.backend.gateway.has_path("/resume-us-east/"));
    assert!(!script.backend.gateway.has_path("/api/v10"));
    let (id, ready) = script.identified(0);
    assert_eq!(
        ready["d"]["resume_gateway_url"],
        "ws://127.0.0.1/resume-us-east"
    );
    script.hang_up(id, None);

    let resume = |script: &mut Script, path: &str| {
        let id = script.open_at(path, "v=10&encoding=json");
        let token = script.backend.world.token.clone();
        let session = &ready["d"]["session_id"];
        let d = json!({ "token": token, "session_id": session, "seq": 1 });
        script.say(id, &json!({ "op": 6, "d": d }));
        assert_eq!(script.heard(id).last().unwrap()["t"], "RESUMED");
        script.hang_up(id, None);
        script.backend.journal.warnings.len()
    };
    assert_eq!(resume(&mut script, "/resume-us-east/"), 0);
    assert_eq!(resume(&mut script, "/"), 1);
    assert!(script.backend.journal.warnings[0].contains("resume_gateway_url"));
}

#[test]
fn identifies_that_are_used_up_come_back_after_a_day() {
    let day = Duration::from_secs(86_400);
    let mut script = Script::new(Config::default().session_starts(2));
    let left = |script: &Script| script.backend.gateway.starts();
    assert_eq!(left(&script), (2, day));
    script.identified(0);
    script.pass(Duration::from_secs(50));
    script.identified(0);
    assert_eq!(left(&script), (0, day - Duration::from_secs(50)));
    script.pass(day);
    script.backend.set_time(script.now);
    assert_eq!(left(&script), (2, day));
}

#[test]
fn one_identify_too_many_ends_every_session_and_resets_the_token() {
    let mut script = Script::new(Config::default().session_starts(1));
    let (first, ready) = script.identified(0);
    let token = script.backend.world.token.clone();
    let second = script.open();
    script.say(second, &identify(&token, 0));
    assert_eq!(script.close_code(first), Some(4004));
    assert_eq!(script.close_code(second), Some(4004));
    assert_ne!(script.backend.world.token, token);
    let third = script.resume(&ready, 1);
    assert_eq!(script.heard(third), [invalid_session(false)]);
}

#[test]
fn a_seq_from_the_future_ends_the_session() {
    let mut script = Script::new(Config::default());
    let (id, ready) = script.identified(0);
    script.say(id, &json!({ "op": 1, "d": 99 }));
    assert!(script.backend.journal.warnings[0].contains("a heartbeat says 99"));
    script.hang_up(id, None);
    let id = script.resume(&ready, 2);
    assert_eq!(script.close_code(id), Some(4007));
    let id = script.resume(&ready, 1);
    assert_eq!(script.heard(id), [invalid_session(false)]);
}

#[test]
fn ready_names_the_version_of_the_url_and_the_shard_of_the_identify() {
    let mut script = Script::new(Config::default());
    let mut ready = |query: &str, shard: Option<Value>| {
        let id = script.open_at("/", query);
        let mut payload = identify(&script.backend.world.token, 0);
        if let Some(shard) = shard {
            payload["d"]["shard"] = shard;
        }
        script.say(id, &payload);
        let ready = script.heard(id).remove(0);
        (ready["d"]["v"].clone(), ready["d"].get("shard").cloned())
    };
    assert_eq!(ready("v=9&encoding=json", None), (json!(9), None));
    let shard = json!([1, 2]);
    let named = ready("v=10&encoding=json", Some(shard.clone()));
    assert_eq!(named, (json!(10), Some(shard)));
    assert_eq!(ready("encoding=json", None), (json!(10), None));
}

#[test]
fn a_refused_resume_leaves_no_line_without_its_session() {
    let mut script = Script::new(Config::default());
    for (seq, refused) in [(99, 0), (1, 1)] {
        let (id, ready) = script.identified(0);
        script.backend.trouble(script.now, |gateway, _| {
            gateway.mishaps.refuse_resumes = refused;
        });
        script.resume(&ready, seq);
        assert_eq!(script.close_code(id), Some(close::SUPERSEDED.0));
    }
}
