//! What reaches the consumer, and what counts as having reached it.

use std::collections::BTreeMap;

use ovenjs_types::{EventKind, Interest, Pressure};
use proptest::prelude::*;

use super::*;
use crate::Sealed;

fn messages_only() -> Config {
    config().interest(Interest::none().with(EventKind::MessageCreate))
}

fn message(script: &mut Script, seq: u64) {
    script.event_with(seq, "MESSAGE_CREATE", &json!({ "id": "1" }));
}

// --- Interest ------------------------------------------------------------------------------

#[test]
fn kinds_that_nobody_wants_are_dropped_and_the_sequence_goes_on() {
    let mut script = Script::connected(messages_only());
    script.event(2);
    message(&mut script, 3);
    script.event_with(4, "OF_TOMORROW", &json!({}));
    assert_eq!(script.delivered, ["3:MESSAGE_CREATE"]);
    assert_eq!(script.session.counts().unwanted, 3, "READY among them");
    assert_eq!(script.session.counts().skipped, 0);
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    assert_eq!(script.sent[0]["d"]["seq"], 4);
    assert_eq!(script.sent[0]["d"]["session_id"], "session-1");
}

#[test]
fn what_is_dropped_counts_as_delivered_behind_what_came_before_it() {
    let mut script = Script::connected(messages_only());
    let mark = |script: &Script| script.session.resume().unwrap().version().seq;
    script.event(2);
    assert_eq!(mark(&script), 2);
    script.takes = false;
    message(&mut script, 3);
    script.event(4);
    message(&mut script, 5);
    script.event(6);
    assert_eq!(mark(&script), 2, "3 would be lost");
    script.tell(Input::Room(0));
    script.session.handle(script.now, Input::Room(1));
    let Some(Output::Dispatch(dispatch)) = script.session.poll() else {
        panic!()
    };
    assert_eq!(dispatch.version.seq, 3);
    assert_eq!(mark(&script), 4);
    script.takes = true;
    script.tell(Input::Timeout);
    assert_eq!(mark(&script), 6);
}

#[test]
fn a_gap_is_told_even_where_ready_is_not_wanted() {
    let mut script = Script::connected(messages_only());
    script.closed(Some(4009));
    script.until_connect();
    script.open_and_greet();
    script.ready();
    message(&mut script, 2);
    assert_eq!(script.delivered, ["gap 1", "2:MESSAGE_CREATE"]);
    assert_eq!(
        script.session.resume().unwrap().version(),
        Version { epoch: 2, seq: 2 }
    );
}

#[test]
fn the_interest_can_change_at_any_time() {
    let mut script = Script::connected(messages_only());
    script.event(2);
    script.tell(Input::Interest(Interest::all()));
    script.event(3);
    script.tell(Input::Interest(Interest::none()));
    script.event(4);
    assert_eq!(script.delivered, ["3:TYPING_START"]);
}

// --- Memory ----------------------------------------------------------------------------------

/// How often the session told this kind of notice.
fn told(script: &Script, kind: impl Fn(&Notice) -> bool) -> usize {
    script.notices.iter().filter(|notice| kind(notice)).count()
}

fn pressed(pressure: Pressure, backlog_bytes_max: usize) -> Notice {
    Notice::Pressed {
        pressure,
        backlog_bytes_max,
    }
}

#[test]
fn under_pressure_less_is_held_and_nothing_is_lost() {
    let mut script = Script::connected(config().backlog_bytes(16_000));
    script.takes = false;
    let mut seq = 1;
    while script.session.backlog_bytes() < 3_000 {
        seq += 1;
        script.event(seq);
    }
    script.tell(Input::Pressure(Pressure::High));
    assert_eq!(script.notices.last(), Some(&pressed(Pressure::High, 4_000)));
    while script.session.wants_frames() {
        seq += 1;
        script.event(seq);
    }
    let held = script.session.backlog_bytes();
    assert!((4_000..4_400).contains(&held), "{held}");
    assert_eq!(script.session.pulse().backlog_bytes, [held, 4_000]);
    // What is held above a bound stays, and is told once.
    script.tell(Input::Pressure(Pressure::Critical));
    script.tell(Input::Pressure(Pressure::Critical));
    assert_eq!(script.session.backlog_bytes(), held);
    assert_eq!(
        told(&script, |notice| *notice
            == pressed(Pressure::Critical, 1_000)),
        1
    );
    let paused = |notice: &Notice| matches!(notice, Notice::Paused { .. });
    assert_eq!(told(&script, paused), 1);
    script.advance(seconds(600));
    assert!(script.closes.is_empty(), "nothing is asked of the peer");

    script.tell(Input::Pressure(Pressure::Low));
    assert!(script.session.wants_frames());
    assert_eq!(told(&script, |notice| *notice == Notice::Unpaused), 1);
    script.takes = true;
    script.tell(Input::Timeout);
    script.event(seq + 1);
    let all: Vec<String> = (2..=seq + 1)
        .map(|seq| format!("{seq}:TYPING_START"))
        .collect();
    assert_eq!(script.delivered.get(1..), Some(&all[..]));
    assert!(script.closes.is_empty());
    script.advance(seconds(11));
    assert_eq!(script.closes, [CLOSE_TO_RESUME], "now it is asked for life");
}

#[test]
fn pressure_on_what_is_held_already_stops_the_reading_at_once_and_over_connections() {
    let mut script = Script::connected(config().backlog_bytes(16_000));
    script.takes = false;
    (2..=12).for_each(|seq| script.event(seq));
    assert!(script.session.wants_frames());
    script.tell(Input::Pressure(Pressure::Critical));
    assert!(!script.session.wants_frames());
    script.closed(None);
    script.until_connect();
    script.open();
    script.advance(seconds(60));
    assert!(
        script.closes.is_empty(),
        "its hello may lie unread in the socket"
    );
    script.takes = true;
    script.tell(Input::Timeout);
    script.tell(Input::Timeout);
    assert!(script.session.wants_frames(), "an empty backlog takes more");
    assert_eq!(script.delivered.len(), 12);
}

// --- At least once -------------------------------------------------------------------------

fn handled(script: &mut Script, seq: u64) {
    script.tell(Input::Handled(Version { epoch: 1, seq }));
}

#[test]
fn heartbeats_and_the_next_process_go_by_what_is_handled_without_a_hole() {
    let mut script = Script::connected(config().at_least_once(true));
    (2..=5).for_each(|seq| script.event(seq));
    let mark = |script: &mut Script| {
        script.sent.clear();
        script.frame(1, &Value::Null);
        let beat = script.sent[0]["d"].as_u64().unwrap();
        assert_eq!(script.session.resume().unwrap().version().seq, beat);
        beat
    };
    assert_eq!(mark(&mut script), 1, "READY needs no handling");
    handled(&mut script, 3);
    handled(&mut script, 4);
    assert_eq!(mark(&mut script), 1);
    handled(&mut script, 2);
    assert_eq!(mark(&mut script), 4);
    // The same process goes on from what it has received.
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    assert_eq!(script.sent[0]["d"]["seq"], 5);
    // What is handled after the stop still counts.
    script.tell(Input::Stop);
    handled(&mut script, 5);
    assert_eq!(script.session.resume().unwrap().version().seq, 5);
}

#[test]
fn heartbeats_confirm_no_more_than_what_is_saved() {
    let mut script = Script::connected(config().at_least_once(true));
    let beat = |script: &mut Script| {
        script.sent.clear();
        script.frame(1, &Value::Null);
        script.sent[0]["d"].as_u64()
    };
    let saved = |seq| Input::Saved(Version { epoch: 1, seq });
    script.tell(Input::Saved(Version::default()));
    (2..=5).for_each(|seq| script.event(seq));
    (2..=4).for_each(|seq| handled(&mut script, seq));
    assert_eq!(beat(&mut script), None);
    script.tell(saved(3));
    assert_eq!(beat(&mut script), Some(3));
    script.tell(saved(4));
    handled(&mut script, 5);
    assert_eq!(beat(&mut script), Some(4));
    assert_eq!(script.session.resume().unwrap().version().seq, 5);
}

#[test]
fn a_handler_that_never_ends_holds_the_rest_back_within_a_bound() {
    let mut script = Script::connected(config().at_least_once(true));
    let bound = u64::try_from(UNHANDLED_MAX).unwrap();
    (2..bound + 50).for_each(|seq| script.event(seq));
    (3..=bound + 1).for_each(|seq| handled(&mut script, seq));
    assert_eq!(
        script.delivered.len(),
        UNHANDLED_MAX + 1,
        "READY is handled"
    );
    assert_eq!(script.session.deliverable(), 0);
    assert_eq!(script.session.backlog(), 48);
    assert!(!script.session.is_over());
    handled(&mut script, 2);
    script.tell(Input::Timeout);
    assert_eq!(script.session.backlog(), 0);
}

#[test]
fn between_two_sessions_nothing_is_resumed_before_all_of_the_old_one_is_handled() {
    let mut script = Script::connected(config().at_least_once(true));
    script.event(2);
    script.closed(Some(4009));
    script.until_connect();
    script.open_and_greet();
    script.ready();
    assert_eq!(script.delivered.last().unwrap(), "1:READY");
    assert_eq!(script.session.resume(), None, "the gap would never be told");
    script.sent.clear();
    script.frame(1, &Value::Null);
    assert_eq!(script.sent[0]["d"], Value::Null);
    handled(&mut script, 2);
    assert_eq!(
        script.session.resume().unwrap().version(),
        Version { epoch: 2, seq: 1 }
    );
}

#[derive(Clone, Debug)]
enum Act {
    Produce { wanted: bool },
    Handle(prop::sample::Index),
    Drop,
    Crash,
    Beat,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => any::<bool>().prop_map(|wanted| Act::Produce { wanted }),
        6 => any::<prop::sample::Index>().prop_map(Act::Handle),
        1 => Just(Act::Drop),
        1 => Just(Act::Crash),
        1 => Just(Act::Beat),
    ]
}

proptest! {
    /// The server forgets what a heartbeat acknowledged, and the process dies at any time.
    #[test]
    fn every_event_is_handled_although_the_process_dies(acts in prop::collection::vec(act(), 1..120)) {
        let interest = Interest::none().with(EventKind::MessageCreate);
        let config = || config().interest(interest).at_least_once(true);
        let mut script = Script::connected(config());
        let mut produced = vec![false]; // READY, number 1
        let mut forgotten = 0;
        let mut open: Vec<u64> = Vec::new();
        let mut handled: BTreeMap<u64, u32> = BTreeMap::new();
        let mut crashes = 0;
        let resume = |script: &mut Script, produced: &mut Vec<bool>, forgotten: u64| {
            script.until_connect();
            script.open_and_greet();
            assert_eq!(script.sent[0]["op"], 6);
            let seq = script.sent[0]["d"]["seq"].as_u64().unwrap();
            assert!(seq >= forgotten, "{seq} is asked for, forgotten up to {forgotten}");
            for (number, wanted) in (1..).zip(produced.clone()).skip(usize::try_from(seq).unwrap()) {
                if wanted { message(script, number) } else { script.event(number) }
            }
            produced.push(false);
            script.event_with(u64::try_from(produced.len()).unwrap(), "RESUMED", &json!({}));
        };
        for act in acts {
            match act {
                Act::Produce { wanted } => {
                    produced.push(wanted);
                    let number = u64::try_from(produced.len()).unwrap();
                    if wanted { message(&mut script, number) } else { script.event(number) }
                }
                Act::Handle(index) => {
                    if !open.is_empty() {
                        let seq = open.remove(index.index(open.len()));
                        *handled.entry(seq).or_default() += 1;
                        script.tell(Input::Handled(Version { epoch: 1, seq }));
                    }
                }
                Act::Drop => {
                    script.closed(None);
                    resume(&mut script, &mut produced, forgotten);
                }
                Act::Crash => {
                    crashes += 1;
                    let record = script.session.resume().unwrap();
                    script = Script::new(config().resume([record]));
                    script.now += Duration::from_secs(1);
                    open.clear();
                    script.opened = false;
                    // The first connect was announced at the start.
                    script.open_and_greet();
                    let seq = script.sent[0]["d"]["seq"].as_u64().unwrap();
                    prop_assert!(seq >= forgotten);
                    for (number, wanted) in (1..).zip(produced.clone()).skip(usize::try_from(seq).unwrap()) {
                        if wanted { message(&mut script, number) } else { script.event(number) }
                    }
                    produced.push(false);
                    script.event_with(u64::try_from(produced.len()).unwrap(), "RESUMED", &json!({}));
                }
                Act::Beat => {
                    script.sent.clear();
                    script.frame(1, &Value::Null);
                    forgotten = script.sent.first().map_or(forgotten, |beat| beat["d"].as_u64().unwrap_or(0));
                }
            }
            for line in script.delivered.drain(..) {
                let (seq, _) = line.split_once(':').unwrap();
                open.push(seq.parse().unwrap());
            }
        }
        open.iter().for_each(|seq| *handled.entry(*seq).or_default() += 1);
        for (number, wanted) in (1..).zip(&produced) {
            let times = handled.get(&number).copied().unwrap_or(0);
            prop_assert_eq!(times > 0, *wanted, "number {}: handled {} times", number, times);
            prop_assert!(times <= crashes + 1);
        }
    }
}

// --- Notices -------------------------------------------------------------------------------

#[test]
fn a_life_is_told_step_by_step() {
    let mut script = Script::connected(config().backlog_bytes(400));
    script.event(4);
    script.closed(Some(4000));
    script.until_connect();
    script.open_and_greet();
    script.event(5);
    script.event_with(6, "RESUMED", &json!({}));
    script.takes = false;
    script.event(7);
    script.event(8);
    script.event(9);
    script.takes = true;
    script.tell(Input::Timeout);
    script.tell(Input::Timeout);
    script.text("nonsense");
    let told: Vec<String> = script.notices.iter().map(ToString::to_string).collect();
    let told: Vec<&str> = told
        .iter()
        .map(|line| line.split(" in ").next().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "waiting for the turn to identify",
            "connecting to gateway.discord.gg to begin a session",
            "connection open",
            "identifying",
            "session 1 has begun",
            "discord left the numbers between 1 and 4 out",
            "lost: closed with 4000; to be resumed",
            "connecting to resume.discord.gg to resume a session",
            "connection open",
            "resuming after 4",
            "resumed; 1 events had been missed",
            "the session has held",
            "reading no more until the consumer has taken some of 405 bytes",
            "reading again",
            "lost: a message was dropped: it is not a message of the gateway; to be resumed",
        ]
    );
    script.until_connect();
    script.open();
    script.closed(Some(4004));
    assert_eq!(
        script.notices.last(),
        Some(&Notice::GaveUp {
            kind: ErrorKind::Token,
            close_code: Some(4004)
        })
    );
    assert_eq!(
        script.notices.last().unwrap().state(),
        Some(script.session.state())
    );
}

#[test]
fn commands_that_wait_are_told_once() {
    let mut script = Script::connected(config());
    let sounds = ovenjs_types::RequestSoundboardSounds::new([ovenjs_types::Id::new(5)]);
    for _ in 0..150 {
        script.command(&Command::RequestSoundboardSounds(sounds.clone()));
    }
    let held = |script: &Script| {
        let held = |notice: &&Notice| matches!(notice, Notice::CommandsHeld { .. });
        script.notices.iter().filter(held).count()
    };
    assert_eq!(held(&script), 1);
}

#[test]
fn a_question_that_is_withdrawn_leaves_no_more() {
    let mut script = Script::connected(config());
    let sounds = ovenjs_types::RequestSoundboardSounds::new([ovenjs_types::Id::new(5)]);
    let sounds = Command::RequestSoundboardSounds(sounds);
    for _ in 0..115 {
        script.command(&sounds);
    }
    for question in [7, 8] {
        let question = Some(question);
        let sealed = sounds.seal().unwrap();
        script.tell(Input::Command(Sealed { question, ..sealed }));
    }
    let asked = |script: &Script| script.ops().iter().filter(|op| **op == 31).count();
    let before = asked(&script);
    script.tell(Input::Withdraw(7));
    script.tell(Input::Withdraw(9));
    script.acks = true;
    script.advance(seconds(61));
    assert_eq!((before, asked(&script)), (114, 116));
    // Nor does one that is about to.
    let sealed = sounds.seal().unwrap();
    let question = Some(10);
    let now = script.now;
    script
        .session
        .handle(now, Input::Command(Sealed { question, ..sealed }));
    script.tell(Input::Withdraw(10));
    assert_eq!(asked(&script), 116);
}

#[test]
fn a_session_that_lives_for_five_minutes_has_held_once() {
    let mut script = Script::connected(config());
    script.acks = true;
    let held = |script: &Script| {
        let held = |notice: &&Notice| **notice == Notice::Held;
        script.notices.iter().filter(held).count()
    };
    script.advance(seconds(299));
    assert_eq!(held(&script), 0);
    script.advance(seconds(1_000));
    assert_eq!(held(&script), 1);
    script.closed(None);
    script.until_connect();
    script.open_and_greet();
    script.event_with(2, "RESUMED", &json!({}));
    assert_eq!(held(&script), 1);
}

#[test]
fn what_is_overheard_is_told_at_once_whether_it_is_delivered_or_not() {
    let interest = Interest::none().with(EventKind::TypingStart);
    let mut script = Script::connected(config());
    script.takes = false;
    script.tell(Input::Overhear(interest));
    script.event(2);
    assert_eq!(script.overheard, [2]);
    assert_eq!(
        script.session.backlog(),
        1,
        "it is delivered as well, in its turn"
    );
    script.tell(Input::Interest(Interest::none()));
    script.event(3);
    script.tell(Input::Overhear(Interest::none()));
    script.event(4);
    assert_eq!(script.overheard, [2, 3]);
    assert_eq!(script.session.backlog(), 1);
}
