//! One rule, one story.
//!
//! It is long because every rule and every bug of other libraries that we know of has its own.

use ovenjs_types::{Activity, Id, RequestGuildMembers, Status, UpdatePresence};

use super::*;

// --- The handshake -------------------------------------------------------------------------

#[test]
fn hello_then_identify_then_ready() {
    let mut script = Script::queued(
        config()
            .shards(1)
            .presence(UpdatePresence::new(Status::Idle)),
    );
    assert_eq!(script.session.state(), ShardState::Queued);
    script.advance(seconds(3_600));
    assert!(script.connects.is_empty(), "no connection waits for a turn");
    script.grant();
    let connect = &script.connects[0];
    assert_eq!(
        (connect.url.host(), connect.resume),
        ("gateway.discord.gg", false)
    );
    assert_eq!(connect.query, "v=10&encoding=json");
    script.open();
    assert_eq!(script.ops(), [0_u64; 0]);
    script.hello();
    assert_eq!(script.ops(), [2]);
    let identify = &script.sent[0]["d"];
    assert_eq!(identify["token"], "canary-token");
    assert_eq!(identify["intents"], 1);
    assert_eq!(identify["shard"], json!([0, 1]));
    assert_eq!(identify["properties"]["browser"], "ovenjs");
    assert_eq!(identify["presence"]["status"], "idle");
    script.ready();
    assert_eq!(script.session.state(), ShardState::Connected);
    assert_eq!(script.delivered, ["1:READY"]);
    assert_eq!(script.versions, [Version { epoch: 1, seq: 1 }]);
}

#[test]
fn resume_waits_for_hello_and_goes_to_the_address_of_ready() {
    let mut script = Script::connected(config());
    script.event(2);
    script.closed(None);
    script.until_connect();
    let connect = script.connects.last().unwrap().clone();
    assert_eq!(
        (connect.url.host(), connect.resume),
        ("resume.discord.gg", true)
    );
    assert_eq!(connect.query, "v=10&encoding=json");
    script.open();
    assert!(script.sent.is_empty(), "nothing is said before hello");
    script.hello();
    assert_eq!(script.ops(), [6]);
    assert_eq!(
        script.sent[0]["d"],
        json!({ "token": "canary-token", "session_id": "session-1", "seq": 2 })
    );
    script.event(3);
    script.event_with(4, "RESUMED", &json!({}));
    script.event(5);
    assert_eq!(script.session.state(), ShardState::Connected);
    assert_eq!(
        script.delivered,
        [
            "1:READY",
            "2:TYPING_START",
            "3:TYPING_START",
            "4:RESUMED",
            "5:TYPING_START"
        ]
    );
    assert!(script.versions.iter().all(|version| version.epoch == 1));
}

#[test]
fn who_says_hello_again_and_again_does_not_hold_the_heartbeat_back() {
    let mut script = Script::connected(config());
    script.acks = true;
    for _ in 0..20 {
        let beat = script.session.deadline();
        script.hello();
        assert!(script.session.deadline() <= beat, "{beat:?}");
    }
    script.advance(seconds(40));
    assert_eq!(script.ops(), [1]);
}

#[test]
fn the_number_of_ready_counts() {
    // A connection that is lost right after READY resumes from it.
    let mut script = Script::connected(config());
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    assert_eq!(script.sent[0]["d"]["seq"], 1);
}

#[test]
fn a_second_hello_does_not_resume_twice() {
    let mut script = Script::connected(config());
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    script.hello();
    assert_eq!(script.ops(), [6]);
}

#[test]
fn a_ready_without_a_session_id_cannot_be_resumed_but_works() {
    let mut script = Script::new(config());
    script.open_and_greet();
    script.event_with(1, "READY", &json!({ "session_id": 5 }));
    script.event(2);
    assert_eq!(script.delivered, ["1:READY", "2:TYPING_START"]);
    assert_eq!(script.session.counts().skipped, 0);
    script.closed(None);
    script.until_connect();
    assert!(!script.connects.last().unwrap().resume);
    script.open_and_greet();
    script.ready();
    assert_eq!(
        script.delivered,
        ["1:READY", "2:TYPING_START", "gap 2", "1:READY"]
    );
}

#[test]
fn a_turn_is_asked_for_anew_where_the_connection_failed_before_identify() {
    let mut script = Script::queued(config());
    for attempt in 1..=3 {
        assert_eq!(script.wants.len(), attempt);
        script.grant();
        assert_eq!(script.connects.len(), attempt);
        script.failed();
        script.advance(seconds(60));
        assert_eq!(script.session.state(), ShardState::Queued);
    }
    script.tell(Input::IdentifyGranted {
        generation: script.connects[0].generation,
    });
    assert_eq!(
        script.connects.len(),
        3,
        "the turn of an old connection is no turn"
    );
    script.tell(Input::Stop);
    assert_eq!(script.session.state(), ShardState::Stopped);
    assert!(script.closes.is_empty(), "there is nothing to close");
}

// --- Heartbeats ----------------------------------------------------------------------------

#[test]
fn the_first_heartbeat_is_jittered_and_the_next_follow_the_interval() {
    let mut script = Script::connected(config());
    script.acks = true;
    let begin = script.now;
    script.advance(seconds(40));
    assert_eq!(script.ops(), [1]);
    assert_eq!(script.sent[0]["d"], 1);
    let first = script.sent_at[0] - begin;
    assert!(first > Duration::ZERO && first < seconds(40), "{first:?}");
    script.advance(seconds(200));
    assert_eq!(script.ops(), [1; 6]);
    assert!(
        script
            .sent_at
            .windows(2)
            .all(|two| two[1] - two[0] == seconds(40))
    );
    assert!(script.closes.is_empty());
}

#[test]
fn a_heartbeat_that_discord_asks_for_is_sent_at_once() {
    let mut script = Script::connected(config());
    script.frame(1, &Value::Null);
    assert_eq!((script.ops(), script.sent_at[0]), (vec![1], script.now));
    script.event(2);
    script.frame(1, &json!(2));
    assert_eq!(script.sent[1], json!({ "op": 1, "d": 2 }));
}

#[test]
fn more_heartbeats_than_may_be_sent_are_not_sent() {
    let mut script = Script::connected(config());
    for _ in 0..10_000 {
        script.frame(1, &Value::Null);
    }
    assert_eq!(
        script.ops().len(),
        117,
        "identify was the first of 120, and two are due within a minute"
    );
    script.acks = true;
    script.advance(seconds(40));
    assert_eq!(script.ops().len(), 118, "those that are due go on");
}

#[test]
fn before_any_event_the_heartbeat_carries_null() {
    let mut script = Script::new(config());
    script.open_and_greet();
    script.frame(1, &Value::Null);
    assert_eq!(script.sent[1], json!({ "op": 1, "d": null }));
}

#[test]
fn an_acknowledgement_gives_the_latency() {
    let mut script = Script::connected(config());
    assert_eq!(script.session.latency(), None);
    script.frame(1, &Value::Null);
    script.now += Duration::from_millis(42);
    script.frame(11, &Value::Null);
    assert_eq!(script.session.latency(), Some(Duration::from_millis(42)));
}

#[test]
fn a_silent_connection_is_noticed_within_an_interval_and_ten_seconds_and_resumed() {
    let mut script = Script::connected(config());
    let heard = script.now;
    let connected = script.connects.len();
    while script.connects.len() == connected {
        script.advance(seconds(1));
    }
    assert!(
        script.now - heard <= seconds(40 + 10 + 2),
        "{:?}",
        script.now - heard
    );
    assert_eq!(script.closes, [CLOSE_TO_RESUME]);
    assert_eq!(script.session.counts().zombies, 1);
    assert!(script.connects.last().unwrap().resume);
}

#[test]
fn any_traffic_is_life_while_the_acknowledgement_is_late() {
    let mut script = Script::connected(config());
    for seq in 2..200 {
        script.advance(seconds(1));
        script.event(seq);
    }
    assert!(script.closes.is_empty());
    assert_eq!(script.session.counts().heartbeats, 5);
}

#[test]
fn a_missing_acknowledgement_is_not_held_against_the_next_connection() {
    let mut script = Script::connected(config());
    script.frame(1, &Value::Null);
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    script.event_with(2, "RESUMED", &json!({}));
    script.acks = true;
    script.advance(seconds(200));
    assert!(script.closes.is_empty());
}

#[test]
fn heartbeats_do_not_wait_for_the_budget_of_commands() {
    let mut script = Script::connected(config());
    let members = Command::RequestMembers(RequestGuildMembers::all(Id::new(1)));
    for _ in 0..300 {
        if script.session.wants_commands() {
            script.command(&members);
        }
        for _ in 0..10 {
            script.advance(Duration::from_millis(100));
        }
        script.frame(11, &Value::Null);
    }
    assert!(script.closes.is_empty());
    let beats = script.ops().iter().filter(|op| **op == 1).count();
    assert!((7..=8).contains(&beats), "{beats} heartbeats in 300 s");
    for at in &script.sent_at {
        let window = script
            .sent_at
            .iter()
            .filter(|o| *o >= at && **o < *at + seconds(60))
            .count();
        assert!(window <= 120, "{window} within one window");
    }
}

// --- Deadlines -----------------------------------------------------------------------------

#[test]
fn a_peer_that_falls_silent_after_any_step_is_left() {
    let steps: [fn(&mut Script); 5] = [
        |_| {},
        Script::open,
        Script::open_and_greet,
        |script| {
            script.open_and_greet();
        },
        |script| {
            script.open_and_greet();
            script.ready();
            script.closed(None);
            script.until_connect();
            script.open_and_greet();
        },
    ];
    for (step, walk) in steps.iter().enumerate() {
        let mut script = Script::new(config());
        walk(&mut script);
        let before = script.connects.len();
        script.advance(seconds(60));
        assert!(script.connects.len() > before, "stuck after step {step}");
        assert!(script.session.deadline().is_some());
    }
}

#[test]
fn a_long_replay_is_no_reason_to_hang_up() {
    let mut script = Script::connected(config());
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    for seq in 2..100 {
        script.advance(seconds(5));
        script.event(seq);
    }
    script.event_with(100, "RESUMED", &json!({}));
    assert!(script.closes.is_empty());
    assert_eq!(script.session.state(), ShardState::Connected);
}

// --- Events --------------------------------------------------------------------------------

#[test]
fn an_event_that_comes_twice_is_delivered_once() {
    let mut script = Script::connected(config());
    script.event(2);
    script.event(2);
    script.event(1);
    script.event(3);
    assert_eq!(
        script.delivered,
        ["1:READY", "2:TYPING_START", "3:TYPING_START"]
    );
    assert_eq!(script.session.counts().duplicates, 2);
}

#[test]
fn an_event_before_ready_does_not_hide_ready() {
    let mut script = Script::new(config());
    script.open_and_greet();
    script.event(5);
    script.ready();
    script.event(2);
    assert_eq!(
        script.delivered,
        ["5:TYPING_START", "1:READY", "2:TYPING_START"]
    );
}

#[test]
fn numbers_that_discord_leaves_out_are_counted() {
    let mut script = Script::connected(config());
    script.event(5);
    assert_eq!(script.delivered, ["1:READY", "5:TYPING_START"]);
    assert_eq!(script.session.counts().skipped, 3);
}

#[test]
fn no_number_makes_it_panic() {
    let mut script = Script::connected(config());
    script.event(u64::MAX);
    script.text(r#"{"t":"UNNUMBERED","s":null,"op":0,"d":{}}"#);
    script.event(u64::MAX);
    script.frame(9, &json!(false));
    script.until_connect();
    script.open_and_greet();
    script.ready();
    script.event(u64::MAX);
    assert_eq!(script.delivered.len(), 6);
    assert_eq!(script.session.counts().skipped, u64::MAX);
    let last = Script::connected(config().epoch(u64::MAX));
    assert_eq!(last.versions[0].epoch, u64::MAX);
}

#[test]
fn events_of_any_name_and_payload_are_delivered() {
    let mut script = Script::connected(config());
    script.event_with(2, "MOON_RISE", &json!([1, 2]));
    script.text(r#"{"op":0,"t":"X","s":3,"d":null}"#);
    assert_eq!(script.delivered, ["1:READY", "2:MOON_RISE", "3:X"]);
}

#[test]
fn unknown_opcodes_are_passed_over() {
    let mut script = Script::connected(config());
    script.frame(77, &json!({ "what": "ever" }));
    script.event(2);
    assert!(script.closes.is_empty());
    assert_eq!(script.delivered.len(), 2);
}

#[test]
fn a_message_that_is_none_makes_a_resume() {
    let mut script = Script::connected(config());
    script.text("<html>");
    assert_eq!(script.closes, [CLOSE_TO_RESUME]);
    assert_eq!(script.session.counts().broken, 1);
    script.until_connect();
    assert!(script.connects.last().unwrap().resume);
}

// --- Losing and finding the session --------------------------------------------------------

#[test]
fn every_close_code_is_met_by_its_reaction() {
    for row in CLOSE_CODES {
        let mut script = Script::connected(config());
        script.closed(Some(row.code));
        match row.reaction {
            Reaction::GiveUp => {
                assert_eq!(script.fatal.unwrap().close_code(), Some(row.code));
                assert_eq!(
                    script.session.deadline(),
                    None,
                    "no retry after {}",
                    row.code
                );
            }
            Reaction::Resume => {
                script.until_connect();
                assert!(script.connects.last().unwrap().resume, "{}", row.code);
            }
            Reaction::Identify => {
                script.until_connect();
                assert!(!script.connects.last().unwrap().resume, "{}", row.code);
            }
        }
    }
}

#[test]
fn a_reconnect_that_discord_asks_for_keeps_the_session() {
    let mut script = Script::connected(config());
    script.acks = true;
    script.advance(seconds(15));
    script.frame(7, &Value::Null);
    assert_eq!(script.closes, [CLOSE_TO_RESUME]);
    assert!(![1000, 1001].contains(&script.closes[0]));
    assert_eq!(
        script.until_connect(),
        Duration::ZERO,
        "a connection that held is followed at once"
    );
    assert!(script.connects.last().unwrap().resume);
}

#[test]
fn an_invalid_session_on_a_live_connection_begins_a_new_one_after_a_wait() {
    let mut script = Script::connected(config());
    script.event(2);
    script.frame(9, &json!(false));
    assert_eq!(script.closes, [CLOSE_TO_RESUME]);
    let wait = script.until_connect();
    assert!(wait >= seconds(1) && wait <= seconds(5), "{wait:?}");
    let connect = script.connects.last().unwrap();
    assert_eq!(
        (connect.url.host(), connect.resume),
        ("gateway.discord.gg", false)
    );
    script.open_and_greet();
    script.ready();
    script.event(2);
    assert_eq!(
        script.delivered,
        [
            "1:READY",
            "2:TYPING_START",
            "gap 2",
            "1:READY",
            "2:TYPING_START"
        ]
    );
    let epochs: Vec<u64> = script
        .versions
        .iter()
        .map(|version| version.epoch)
        .collect();
    assert_eq!(epochs, [1, 1, 2, 2]);
}

#[test]
fn an_invalid_session_that_may_be_resumed_is_resumed() {
    let mut script = Script::connected(config());
    script.frame(9, &json!(true));
    script.until_connect();
    assert!(script.connects.last().unwrap().resume);
}

#[test]
fn a_gap_is_told_once_however_often_the_new_session_fails() {
    let mut script = Script::connected(config());
    for seq in 2..8 {
        script.event(seq);
    }
    script.frame(9, &json!(false));
    for _ in 0..4 {
        script.until_connect();
        script.open_and_greet();
        script.frame(9, &json!(false));
    }
    script.until_connect();
    script.open_and_greet();
    script.ready();
    let gaps: Vec<&String> = script
        .delivered
        .iter()
        .filter(|d| d.starts_with("gap"))
        .collect();
    assert_eq!(gaps, ["gap 7"]);
    assert_eq!(script.session.counts().gaps, 1);
}

#[test]
fn a_first_session_that_fails_makes_no_gap() {
    let mut script = Script::new(config());
    script.open_and_greet();
    script.frame(9, &json!(false));
    script.until_connect();
    script.open_and_greet();
    script.ready();
    assert_eq!(script.delivered, ["1:READY"]);
}

#[test]
fn resumes_that_bring_nothing_give_way_to_an_identify() {
    let mut script = Script::connected(config());
    script.closed(None);
    for _ in 0..3 {
        script.until_connect();
        assert!(script.connects.last().unwrap().resume);
        script.open_and_greet();
        script.closed(None);
    }
    script.until_connect();
    assert!(!script.connects.last().unwrap().resume);
}

#[test]
fn resumes_that_bring_something_go_on() {
    let mut script = Script::connected(config());
    for seq in 2..50 {
        script.closed(None);
        script.until_connect();
        assert!(script.connects.last().unwrap().resume);
        script.open_and_greet();
        script.event(seq);
    }
}

#[test]
fn a_dead_resume_host_is_given_up_for_the_usual_one_and_the_session_is_not() {
    let mut script = Script::connected(config());
    script.closed(None);
    script.until_connect();
    assert_eq!(
        script.connects.last().unwrap().url.host(),
        "resume.discord.gg"
    );
    script.failed();
    script.until_connect();
    let connect = script.connects.last().unwrap().clone();
    assert_eq!(
        (connect.url.host(), connect.resume),
        ("gateway.discord.gg", true)
    );
    script.open_and_greet();
    assert_eq!(script.ops(), [6]);
}

#[test]
fn nobody_is_led_from_tls_to_plain_text() {
    let mut script = Script::new(config());
    script.open_and_greet();
    script.event_with(
        1,
        "READY",
        &json!({ "session_id": "s", "resume_gateway_url": "ws://127.0.0.1:1" }),
    );
    script.closed(None);
    script.until_connect();
    assert_eq!(
        script.connects.last().unwrap().url.host(),
        "gateway.discord.gg"
    );
}

#[test]
fn the_longest_backoff_does_not_overflow() {
    let mut script = Script::new(config().backoff(Duration::MAX, Duration::MAX));
    script.refused(None);
    assert!(script.until_connect() <= seconds(86_400));
    script.refused(Some(Duration::MAX));
    assert!(script.until_connect() <= seconds(86_400));
}

#[test]
fn an_hour_of_refusals_costs_few_attempts_and_no_identify() {
    let mut script = Script::connected(config());
    script.closed(None);
    let begin = script.now;
    let mut attempts = 0;
    while script.now - begin < seconds(3600) {
        script.until_connect();
        script.refused(None);
        attempts += 1;
    }
    assert!((60..150).contains(&attempts), "{attempts} attempts");
    script.until_connect();
    assert!(script.connects.last().unwrap().resume);
    assert_eq!(script.session.counts().identifies, 1);
}

#[test]
fn a_peer_that_hangs_up_after_ready_is_not_called_without_pause() {
    let mut script = Script::connected(config());
    let begin = script.now;
    let mut connects = 0;
    while script.now - begin < seconds(600) {
        script.closed(None);
        script.until_connect();
        script.open_and_greet();
        script.text(r#"{"t":"RESUMED","s":1,"op":0,"d":{}}"#);
        connects += 1;
    }
    assert!(connects < 300, "{connects} connections in ten minutes");
    assert_eq!(script.session.counts().identifies, 1);
}

// --- Generations ---------------------------------------------------------------------------

#[test]
fn what_an_old_connection_still_says_changes_nothing() {
    let mut script = Script::connected(config());
    let old = script.generation();
    script.event(2);
    script.frame(7, &Value::Null);
    for stale in [
        Input::Frame {
            generation: old,
            bytes: br#"{"t":"X","s":3,"op":0,"d":{}}"#,
        },
        Input::Closed {
            generation: old,
            code: Some(4004),
        },
        Input::Failed {
            generation: old,
            failure: Failure::Network,
        },
        Input::Opened {
            generation: old,
            entropy: 1,
        },
        Input::IdentifyGranted { generation: old },
    ] {
        script.tell(stale);
    }
    script.until_connect();
    let connects = script.connects.len();
    script.tell(Input::Closed {
        generation: old,
        code: Some(4009),
    });
    script.tell(Input::Failed {
        generation: old,
        failure: Failure::Network,
    });
    assert_eq!(script.connects.len(), connects);
    assert_eq!(script.session.state(), ShardState::Connecting);
    assert!(script.fatal.is_none());
    assert_eq!(script.delivered, ["1:READY", "2:TYPING_START"]);
    assert!(script.session.counts().stale >= 7);
}

#[test]
fn a_connection_is_closed_once() {
    let mut script = Script::connected(config());
    script.frame(7, &Value::Null);
    script.closed(Some(4000));
    script.closed(None);
    script.frame(9, &json!(false));
    assert_eq!(script.closes, [CLOSE_TO_RESUME]);
    script.until_connect();
    assert_eq!(script.connects.len(), 2);
}

// --- Consumer and back-pressure ------------------------------------------------------------

#[test]
fn what_the_consumer_does_not_take_waits_and_survives_a_reconnect() {
    let mut script = Script::connected(config());
    script.takes = false;
    script.event(2);
    script.event(3);
    assert_eq!(script.delivered, ["1:READY"]);
    assert_eq!(
        script.session.resume().unwrap().version().seq,
        1,
        "hand over what was delivered"
    );
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    assert_eq!(
        script.sent[0]["d"]["seq"], 3,
        "resume from what was received"
    );
    script.takes = true;
    script.tell(Input::Timeout);
    assert_eq!(
        script.delivered,
        ["1:READY", "2:TYPING_START", "3:TYPING_START"]
    );
    assert_eq!(script.session.resume().unwrap().version().seq, 3);
}

#[test]
fn a_full_backlog_stops_the_reading_and_asks_nothing_of_the_peer() {
    let mut script = Script::connected(config().backlog_bytes(1000));
    script.takes = false;
    let mut seq = 1;
    while script.session.wants_frames() {
        seq += 1;
        script.event(seq);
    }
    assert!(seq < 12, "{seq}");
    assert_eq!(script.session.state(), ShardState::Connected);
    script.sent.clear();
    script.advance(seconds(600));
    assert!(
        script.closes.is_empty(),
        "an acknowledgement may lie unread in the socket"
    );
    assert!(
        script.ops().iter().filter(|op| **op == 1).count() >= 14,
        "heartbeats go on"
    );
    script.takes = true;
    script.tell(Input::Timeout);
    assert!(script.session.wants_frames());
    assert!(script.closes.is_empty(), "the peer gets its time anew");
    assert_eq!(script.delivered.len(), usize::try_from(seq).unwrap());
    let connects = script.connects.len();
    script.advance(seconds(8));
    assert!(script.closes.is_empty(), "the peer gets its time anew");
    script.advance(seconds(3));
    assert_eq!(script.closes, [CLOSE_TO_RESUME], "but not for ever");
    assert!(script.connects.len() > connects);
}

#[test]
fn a_connection_that_opens_while_the_backlog_is_full_gets_its_time_when_it_is_read() {
    let mut script = Script::connected(config().backlog_bytes(200));
    script.takes = false;
    script.event(2);
    script.event(3);
    assert!(!script.session.wants_frames());
    script.closed(None);
    script.until_connect();
    script.open();
    script.advance(seconds(60));
    script.takes = true;
    script.tell(Input::Timeout);
    script.tell(Input::Timeout);
    assert!(
        script.closes.is_empty(),
        "its hello may lie unread in the socket"
    );
    script.advance(HELLO_DEADLINE);
    assert_eq!(script.closes, [CLOSE_TO_RESUME], "but not for ever");
}

#[test]
fn a_backlog_of_nothing_still_takes_one_event_at_a_time() {
    let mut script = Script::connected(config().backlog_bytes(0));
    script.event(2);
    assert_eq!(script.delivered, ["1:READY", "2:TYPING_START"]);
    assert!(script.session.wants_frames());
}

// --- Commands ------------------------------------------------------------------------------

#[test]
fn commands_wait_for_the_session_and_the_budget() {
    let mut script = Script::new(config());
    let members = Command::RequestMembers(RequestGuildMembers::all(Id::new(1)));
    for _ in 0..COMMANDS_MAX {
        assert!(script.session.wants_commands());
        script.command(&members);
    }
    assert!(!script.session.wants_commands());
    script.open_and_greet();
    assert_eq!(script.ops(), [2]);
    script.ready();
    assert_eq!(
        script.ops().len(),
        115,
        "identify, and commands that leave room for heartbeats"
    );
    script.acks = true;
    script.advance(seconds(59));
    assert_eq!(script.ops().iter().filter(|op| **op == 8).count(), 114);
    script.advance(seconds(2));
    assert_eq!(script.ops().iter().filter(|op| **op == 8).count(), 120);
}

#[test]
fn only_the_last_presence_is_sent_and_a_new_session_begins_with_it() {
    let mut script = Script::connected(config());
    let presence = |name: &str| {
        Command::UpdatePresence(
            UpdatePresence::new(Status::Online).activity(Activity::playing(name)),
        )
    };
    script.closed(None);
    script.command(&presence("one"));
    script.command(&presence("two"));
    script.until_connect();
    script.open_and_greet();
    script.event_with(2, "RESUMED", &json!({}));
    assert_eq!(script.ops(), [6, 3]);
    assert_eq!(script.sent[1]["d"]["activities"][0]["name"], "two");
    script.frame(9, &json!(false));
    script.until_connect();
    script.open_and_greet();
    assert_eq!(
        script.sent[0]["d"]["presence"]["activities"][0]["name"],
        "two"
    );
}

// --- Beginning and end ---------------------------------------------------------------------

#[test]
fn a_stopped_session_goes_on_in_the_next_process() {
    let mut script = Script::connected(config());
    script.event(2);
    script.tell(Input::Stop);
    assert_eq!(script.closes, [CLOSE_TO_RESUME]);
    assert_eq!(script.session.deadline(), None);
    let written = serde_json::to_string(&script.session.resume().unwrap()).unwrap();

    let former: Resume = serde_json::from_str(&written).unwrap();
    // Stopped again before anything came, it is as good as before, under the epoch of now.
    let again = Script::new(config().epoch(9).resume([former.clone()]));
    let version = again.session.resume().unwrap().version();
    assert_eq!(version, Version { epoch: 9, seq: 2 });

    let mut next = Script::new(config().resume([former]));
    let connect = next.connects[0].clone();
    assert_eq!(
        (connect.url.host(), connect.resume),
        ("resume.discord.gg", true)
    );
    next.open_and_greet();
    assert_eq!(next.sent[0]["d"]["seq"], 2);
    next.event(3);
    assert_eq!(next.versions, [Version { epoch: 1, seq: 3 }]);
    next.frame(9, &json!(false));
    next.until_connect();
    next.open_and_greet();
    next.ready();
    assert_eq!(next.delivered, ["3:TYPING_START", "gap 3", "1:READY"]);
    assert_eq!(next.versions[1].epoch, 2);
}

#[test]
fn a_stop_ends_every_state() {
    for steps in 0..4 {
        let mut script = Script::new(config());
        if steps > 0 {
            script.open();
        }
        if steps > 1 {
            script.hello();
        }
        if steps > 2 {
            script.closed(None);
        }
        script.tell(Input::Stop);
        assert_eq!(script.session.state(), ShardState::Stopped);
        assert_eq!(script.session.deadline(), None);
        assert!(script.fatal.is_none());
    }
}

#[test]
fn a_fatal_error_comes_after_the_last_event() {
    let mut script = Script::connected(config());
    script.takes = false;
    script.event(2);
    script.closed(Some(4004));
    assert!(script.fatal.is_none());
    script.takes = true;
    script.tell(Input::Timeout);
    script.tell(Input::Timeout);
    assert_eq!(script.delivered, ["1:READY", "2:TYPING_START"]);
    let error = script.fatal.unwrap();
    assert_eq!(error.kind(), ErrorKind::Token);
    assert!(error.to_string().contains("DISCORD_TOKEN"), "{error}");
}

#[test]
fn the_epoch_goes_on_from_where_it_was() {
    let script = Script::connected(config().epoch(41));
    assert_eq!(script.versions[0].epoch, 42);
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    let refused = |config: Config| {
        Session::new(Arc::new(config), ShardId::default(), 0)
            .unwrap_err()
            .kind()
    };
    assert_eq!(refused(Config::new("", Intents::GUILDS)), ErrorKind::Config);
    assert_eq!(refused(config().gateway_url("http://x")), ErrorKind::Url);
    assert_eq!(
        refused(config().gateway_url("ws://example.com")),
        ErrorKind::Url
    );
}

#[test]
fn no_debug_shows_the_token() {
    let mut script = Script::new(config());
    script.open_and_greet();
    let shown = format!("{:?} {:?}", script.session, config());
    assert!(!shown.contains("canary"), "{shown}");
}
