//! What went wrong in other programs, and the test here that would have caught it.
//!
//! Each line is a kind of failure that users of some gateway library have met. The tests named are
//! scripts against the session, or stand beside the rule; a name that no longer exists is an error.
//! What only a socket can get wrong (a read dropped halfway, a write that fails while there is
//! something to read) is tested beside the shell.

use super::*;

/// The failure, and the tests.
const HISTORY: &[(&str, &[&str])] = &[
    (
        "resume was sent before hello, and all that was missed stayed missed",
        &["resume_waits_for_hello_and_goes_to_the_address_of_ready"],
    ),
    (
        "an event that had been received was lost because answering another failed",
        &["what_the_consumer_does_not_take_waits_and_survives_a_reconnect"],
    ),
    (
        "the number of READY was not kept",
        &["the_number_of_ready_counts"],
    ),
    (
        "the address of a session outlived the session, or was tried although nobody was there",
        &[
            "a_dead_resume_host_is_given_up_for_the_usual_one_and_the_session_is_not",
            "the_address_of_a_session_ends_with_it",
        ],
    ),
    (
        "one connection was reported closed several times, or never",
        &["a_connection_is_closed_once"],
    ),
    (
        "an invalid session on a live connection left the shard waiting for ever",
        &["an_invalid_session_on_a_live_connection_begins_a_new_one_after_a_wait"],
    ),
    (
        "READY or RESUMED were waited for without a limit",
        &["a_peer_that_falls_silent_after_any_step_is_left"],
    ),
    (
        "a disconnect while the guilds came in left the rest of them out",
        &["a_disconnect_amid_the_guilds_is_resumed"],
    ),
    (
        "what was replayed was handled twice",
        &[
            "an_event_that_comes_twice_is_delivered_once",
            "every_event_is_delivered_once_and_in_order_or_a_gap_is_told",
        ],
    ),
    (
        "Discord itself tells one thing under two numbers; both are events",
        &["the_same_under_two_numbers_is_two_events"],
    ),
    (
        "without a network one attempt followed the other without a pause",
        &["an_hour_without_network_costs_a_packet_a_second_and_no_identify"],
    ),
    (
        "a missing acknowledgement was held against every later connection",
        &["a_missing_acknowledgement_is_not_held_against_the_next_connection"],
    ),
    (
        "a former connection's late word changed the state of the present one",
        &["what_an_old_connection_still_says_changes_nothing"],
    ),
    (
        "a program that crashed again and again used up the identifies of the day",
        &[
            "a_shard_whose_sessions_do_not_hold_is_in_nobodys_way",
            "the_next_process_goes_on_with_what_was_written_down",
            "turns_that_are_out_do_not_overdraw_the_budget_together",
        ],
    ),
    (
        "resumes that failed were tried for ever",
        &["resumes_that_bring_nothing_give_way_to_an_identify"],
    ),
    (
        "a close with 1000 or 1001 ended the session that was to be resumed",
        &["whatever_makes_us_close_the_session_can_be_resumed"],
    ),
    (
        "more shards identified at once than Discord lets",
        &["buckets_start_in_order_and_no_lane_identifies_twice_within_five_seconds"],
    ),
    (
        "a shard identified beside the queue",
        &["nobody_identifies_without_a_turn"],
    ),
    (
        "a reconnect that Discord asked for was met by a new session",
        &["a_reconnect_that_discord_asks_for_keeps_the_session"],
    ),
    (
        "a wait that was given up cost the others their time, or an identify",
        &["a_shard_that_leaves_costs_no_time_and_no_identify"],
    ),
    (
        "the numbers of very large bots overflowed",
        &["the_largest_numbers_of_discord_do_not_overflow"],
    ),
    (
        "a dead connection was waited for to close",
        &["a_silent_connection_is_noticed_within_an_interval_and_ten_seconds_and_resumed"],
    ),
    (
        "opening a connection had no limit",
        &[
            "a_peer_that_falls_silent_after_any_step_is_left",
            "an_attempt_may_take_some_times_what_it_took_before",
        ],
    ),
    (
        "an acknowledgement behind a burst of events made a zombie of a live connection",
        &["any_traffic_is_life_while_the_acknowledgement_is_late"],
    ),
    (
        "heartbeats waited behind commands, or both together were too many",
        &[
            "heartbeats_do_not_wait_for_the_budget_of_commands",
            "no_window_ever_holds_more_than_discord_allows",
        ],
    ),
];

#[test]
fn every_test_of_the_history_exists() {
    let sources = [
        include_str!("history.rs"),
        include_str!("scripts.rs"),
        include_str!("delivery.rs"),
        include_str!("pair.rs"),
        include_str!("../identify.rs"),
        include_str!("../backoff.rs"),
        include_str!("../send_budget.rs"),
    ];
    for (failure, tests) in HISTORY {
        for test in *tests {
            let head = format!("fn {test}(");
            let found = sources.iter().any(|source| source.contains(&head));
            assert!(found, "{failure}: there is no test {test}");
        }
    }
}

#[test]
fn the_address_of_a_session_ends_with_it() {
    let ends: [fn(&mut Script); 3] = [
        |script| script.frame(9, &json!(false)),
        |script| script.closed(Some(4009)),
        |script| script.closed(Some(4007)),
    ];
    for end in ends {
        let mut script = Script::connected(config());
        end(&mut script);
        script.until_connect();
        let connect = script.connects.last().unwrap();
        assert!(!connect.resume);
        assert_eq!(connect.url.host(), "gateway.discord.gg");
    }
}

#[test]
fn a_disconnect_amid_the_guilds_is_resumed() {
    for heard in 0..4 {
        let mut script = Script::connected(config());
        let create = |script: &mut Script, n: u64| {
            script.event_with(n + 2, "GUILD_CREATE", &json!({ "id": n.to_string() }));
        };
        (0..heard).for_each(|n| create(&mut script, n));
        script.closed(None);
        script.until_connect();
        script.open_and_greet();
        assert_eq!(script.sent[0]["op"], 6);
        assert_eq!(script.sent[0]["d"]["seq"], heard + 1);
        (heard..4).for_each(|n| create(&mut script, n));
        let guilds = script
            .delivered
            .iter()
            .filter(|line| line.ends_with("GUILD_CREATE"));
        assert_eq!(guilds.count(), 4);
    }
}

#[test]
fn the_same_under_two_numbers_is_two_events() {
    let mut script = Script::connected(config());
    for seq in [2, 3] {
        script.event_with(seq, "GUILD_MEMBER_ADD", &json!({ "user": { "id": "1" } }));
    }
    assert_eq!(
        script.delivered,
        ["1:READY", "2:GUILD_MEMBER_ADD", "3:GUILD_MEMBER_ADD"]
    );
}

#[test]
fn an_hour_without_network_costs_a_packet_a_second_and_no_identify() {
    let mut script = Script::connected(config());
    script.closed(None);
    let begin = script.now;
    let mut attempts = 0;
    while script.now - begin < seconds(3_600) {
        assert!(
            script.until_connect() <= seconds(5),
            "back soon after the network is"
        );
        script.failed();
        attempts += 1;
    }
    assert!((1_800..5_000).contains(&attempts), "{attempts} attempts");
    script.until_connect();
    assert!(script.connects.last().unwrap().resume);
    assert_eq!(script.session.counts().identifies, 1);
}

#[test]
fn whatever_makes_us_close_the_session_can_be_resumed() {
    let ends: [fn(&mut Script); 5] = [
        |script| script.frame(7, &Value::Null),
        |script| script.frame(9, &json!(true)),
        |script| script.text("damaged"),
        |script| script.advance(seconds(120)),
        |script| script.tell(Input::Stop),
    ];
    for end in ends {
        let mut script = Script::connected(config());
        end(&mut script);
        assert_eq!(script.closes.first(), Some(&CLOSE_TO_RESUME));
        assert!(!script.closes.iter().any(|code| matches!(code, 1000 | 1001)));
        assert!(script.session.resume().is_some());
    }
}

#[test]
fn nobody_identifies_without_a_turn() {
    let mut script = Script::connected(config());
    script.grants = false;
    for code in [Some(4009), Some(4007), Some(4009)] {
        script.closed(code);
        let wants = script.wants.len();
        script.advance(seconds(600));
        assert_eq!(script.wants.len(), wants + 1);
        assert_eq!(script.session.state(), ShardState::Queued);
        script.grant();
        script.open_and_greet();
        script.ready();
    }
    let counts = script.session.counts();
    assert_eq!(
        counts.identifies,
        u64::try_from(script.wants.len()).unwrap()
    );
}
