use ovenjs_types::{
    ChannelInfoField, Origin, RequestChannelInfo, RequestGuildMembers, RequestSoundboardSounds,
    Version,
};
use serde_json::{Value, json};

use super::*;
use crate::session::{Loss, Reaction, tests::start};

mod whatever_happens;

const MINUTE: Duration = Duration::from_secs(60);

fn event(name: &str, data: &Value) -> Dispatch {
    Dispatch::new(
        Origin::default(),
        Version::default(),
        name,
        data.to_string(),
    )
}

fn chunk(nonce: &Value, index: u32, count: u32) -> Dispatch {
    let data = json!({
        "guild_id": "5", "members": [], "chunk_index": index, "chunk_count": count, "nonce": nonce,
    });
    event("GUILD_MEMBERS_CHUNK", &data)
}

/// Of a shard that has a session.
fn connected(mark: u64) -> Requests {
    let mut requests = Requests::new(mark);
    requests.notice(start(), &Notice::Ready { epoch: 1 });
    requests
}

fn sent(requests: &mut Requests, now: Instant) -> Option<Value> {
    match requests.poll(now) {
        Some(Answer::Send(sealed)) => {
            requests.left(now, sealed.question.unwrap());
            Some(serde_json::from_slice(&sealed.bytes).unwrap())
        }
        None => None,
        other => panic!("{other:?}"),
    }
}

/// What else is to be said, in a word each. What is sent leaves at once.
fn told(requests: &mut Requests, now: Instant) -> Vec<String> {
    let (words, questions) = queued(requests, now);
    for question in questions {
        requests.left(now, question);
    }
    words
}

/// The same, but what is sent waits in the session. Its numbers come along.
fn queued(requests: &mut Requests, now: Instant) -> (Vec<String>, Vec<u64>) {
    let mut questions = Vec::new();
    let word = |answer| match answer {
        Answer::Send(sealed) => {
            questions.extend(sealed.question);
            "send".to_owned()
        }
        Answer::Withdraw(question) => format!("withdraw {question}"),
        Answer::Chunk(id, _) => format!("chunk {}", id.0),
        Answer::Again(id) => format!("again {}", id.0),
        Answer::Done { request, not_found } => format!("done {} {}", request.0, not_found.len()),
        Answer::Failed(id, error) => format!("failed {} {:?}", id.0, error.kind()),
    };
    let words = std::iter::from_fn(|| requests.poll(now))
        .map(word)
        .collect();
    (words, questions)
}

/// The same, but what is sent stays in the session.
fn told_of_held(requests: &mut Requests, now: Instant) -> Vec<String> {
    queued(requests, now).0
}

fn lost() -> Notice {
    Notice::Lost {
        cause: Loss::Silent,
        reaction: Reaction::Resume,
        wait: Duration::ZERO,
    }
}

#[test]
fn a_list_is_done_when_its_last_chunk_has_come_in_whatever_order() {
    let now = start();
    let mut requests = connected(1);
    requests
        .ask(now, RequestGuildMembers::all(Id::new(5)), MINUTE)
        .unwrap();
    let frame = sent(&mut requests, now).unwrap();
    assert_eq!(frame["op"], 8);
    let nonce = &frame["d"]["nonce"];
    assert!(nonce.as_str().unwrap().len() <= 32);
    for index in [2, 0, 0] {
        requests.handle(now, &chunk(nonce, index, 3));
    }
    requests.handle(now, &chunk(&json!("of another"), 1, 3));
    assert_eq!(told(&mut requests, now), ["chunk 0", "chunk 0"]);
    requests.handle(now, &chunk(nonce, 1, 3));
    assert_eq!(told(&mut requests, now), ["chunk 0", "done 0 0"]);
    assert!(requests.is_idle());
    assert_eq!(requests.deadline(), None);
}

#[test]
fn many_users_are_asked_for_by_the_hundred_and_answered_as_one() {
    let now = start();
    let mut requests = connected(u64::MAX);
    let users = RequestGuildMembers::users(Id::new(5), (1..=250).map(Id::new));
    requests.ask(now, users, MINUTE).unwrap();
    let frames: Vec<Value> = std::iter::from_fn(|| sent(&mut requests, now)).collect();
    let asked: Vec<usize> = frames
        .iter()
        .map(|frame| frame["d"]["user_ids"].as_array().unwrap().len())
        .collect();
    assert_eq!(asked, [100, 100, 50]);
    for frame in &frames {
        let data = json!({
            "guild_id": "5", "members": [], "chunk_index": 0, "chunk_count": 1,
            "not_found": ["7"], "nonce": frame["d"]["nonce"],
        });
        requests.handle(now, &event("GUILD_MEMBERS_CHUNK", &data));
    }
    assert_eq!(
        told(&mut requests, now),
        ["chunk 0", "chunk 0", "chunk 0", "done 0 3"]
    );
}

#[test]
fn all_members_of_a_guild_are_asked_for_once_in_thirty_seconds() {
    let now = start();
    let mut requests = connected(1);
    for guild in [5, 5, 6] {
        requests
            .ask(now, RequestGuildMembers::all(Id::new(guild)), MINUTE)
            .unwrap();
    }
    requests
        .ask(now, RequestGuildMembers::named(Id::new(5), "a", 3), MINUTE)
        .unwrap();
    assert_eq!(told(&mut requests, now), ["send", "send", "send"]);
    let later = requests.deadline().unwrap();
    assert_eq!(later, now + PATIENCE, "no answer yet");
    let later = now + WHOLE_EVERY;
    for nonce in ["1-0", "1-1", "1-2"] {
        requests.handle(now, &chunk(&json!(nonce), 0, 1));
    }
    told(&mut requests, now);
    assert_eq!(requests.deadline(), Some(later));
    assert_eq!(
        told(&mut requests, later - Duration::from_millis(1)),
        [""; 0]
    );
    assert_eq!(sent(&mut requests, later).unwrap()["d"]["guild_id"], "5");
}

#[test]
fn while_the_shard_does_not_read_no_answer_is_late_and_nothing_is_sent_in_vain() {
    let mut now = start();
    let mut requests = connected(1);
    requests
        .ask(now, RequestGuildMembers::named(Id::new(5), "a", 3), MINUTE)
        .unwrap();
    assert_eq!(told(&mut requests, now), ["send"]);
    let backlog_bytes = 1 << 24;
    requests.notice(now, &Notice::Paused { backlog_bytes });
    requests
        .ask(now, RequestGuildMembers::named(Id::new(5), "b", 3), MINUTE)
        .unwrap();
    assert_eq!(
        requests.deadline(),
        Some(now + MINUTE),
        "only its time ends"
    );
    now += PATIENCE * 2;
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.notice(now, &Notice::Unpaused);
    assert_eq!(told(&mut requests, now), ["send"], "the second, once");
    requests.handle(now, &chunk(&json!("1-0"), 0, 1));
    assert_eq!(told(&mut requests, now), ["chunk 0", "done 0 0"]);

    // A shard that begins anew reads again, and so it is where nobody reads to the end.
    requests.notice(now, &Notice::Paused { backlog_bytes });
    requests.notice(now, &Notice::Restarted { panicked: false });
    requests.notice(now, &Notice::Resumed { replayed: 0 });
    assert_eq!(requests.deadline(), Some(now + PATIENCE));
    requests.notice(now, &Notice::Paused { backlog_bytes });
    let Some(Answer::Failed(_, error)) = requests.poll(now + MINUTE) else {
        panic!("its time is up")
    };
    assert!(error.to_string().contains("read"), "{error}");
}

#[test]
fn what_is_refused_for_now_is_sent_again_when_it_may_be() {
    let now = start();
    let mut requests = connected(1);
    requests
        .ask(now, RequestGuildMembers::all(Id::new(5)), MINUTE)
        .unwrap();
    let nonce = sent(&mut requests, now).unwrap()["d"]["nonce"].clone();
    let meta = json!({ "guild_id": "5", "nonce": nonce });
    let refusal = json!({ "opcode": 8, "retry_after": 12.5, "meta": meta });
    requests.handle(now, &event("RATE_LIMITED", &refusal));
    let again = now + Duration::from_millis(12_500);
    assert_eq!(requests.deadline(), Some(again));
    assert_eq!(told(&mut requests, now), [""; 0]);
    let frame = sent(&mut requests, again).unwrap();
    requests.handle(again, &chunk(&nonce, 0, 1));
    requests.handle(again, &chunk(&frame["d"]["nonce"], 0, 1));
    assert_eq!(told(&mut requests, again), ["chunk 0", "done 0 0"]);
}

#[test]
fn sounds_come_from_each_guild_and_info_one_request_at_a_time() {
    let now = start();
    let mut requests = connected(1);
    let guilds = [5, 6].map(Id::new);
    requests
        .ask(now, RequestSoundboardSounds::new(guilds), MINUTE)
        .unwrap();
    for field in [ChannelInfoField::Status, ChannelInfoField::VoiceStartTime] {
        requests
            .ask(now, RequestChannelInfo::new(Id::new(5), [field]), MINUTE)
            .unwrap();
    }
    assert_eq!(told(&mut requests, now), ["send", "send"]);
    let sounds = |guild: &str| {
        event(
            "SOUNDBOARD_SOUNDS",
            &json!({ "guild_id": guild, "soundboard_sounds": [] }),
        )
    };
    let info = event("CHANNEL_INFO", &json!({ "guild_id": "5", "channels": [] }));
    for guild in ["5", "5", "7"] {
        requests.handle(now, &sounds(guild));
    }
    requests.handle(now, &info);
    assert_eq!(
        told(&mut requests, now),
        ["chunk 0", "chunk 1", "done 1 0", "send"]
    );
    requests.handle(now, &sounds("6"));
    requests.handle(now, &info);
    assert_eq!(
        told(&mut requests, now),
        ["chunk 0", "done 0 0", "chunk 2", "done 2 0"]
    );
}

#[test]
fn a_lost_session_makes_it_ask_again_and_a_resumed_one_does_not() {
    let now = start();
    let mut requests = connected(1);
    requests
        .ask(now, RequestGuildMembers::named(Id::new(5), "a", 9), MINUTE)
        .unwrap();
    let nonce = sent(&mut requests, now).unwrap()["d"]["nonce"].clone();
    requests.handle(now, &chunk(&nonce, 0, 2));
    told(&mut requests, now);
    requests.notice(now, &lost());
    let later = now + Duration::from_secs(40);
    assert_eq!(
        told(&mut requests, later),
        [""; 0],
        "nothing is late meanwhile"
    );
    requests.notice(later, &Notice::Resumed { replayed: 0 });
    assert_eq!(told(&mut requests, later), [""; 0]);
    requests.notice(later, &lost());
    requests.notice(later, &Notice::Ready { epoch: 2 });
    assert_eq!(told(&mut requests, later), ["again 0", "send"]);
    requests.handle(later, &chunk(&nonce, 1, 2));
    assert_eq!(
        told(&mut requests, later),
        [""; 0],
        "an answer to what was asked before"
    );
}

#[test]
fn sounds_that_came_are_not_asked_for_again() {
    let now = start();
    let mut requests = connected(1);
    let ask = RequestSoundboardSounds::new([5, 6].map(Id::new));
    requests.ask(now, ask, MINUTE).unwrap();
    assert_eq!(told(&mut requests, now), ["send"]);
    let sounds = |guild: u64| {
        let data = json!({ "guild_id": guild.to_string(), "soundboard_sounds": [] });
        event("SOUNDBOARD_SOUNDS", &data)
    };
    requests.handle(now, &sounds(5));
    assert_eq!(told(&mut requests, now), ["chunk 0"]);
    requests.notice(now, &lost());
    requests.notice(now, &Notice::Ready { epoch: 2 });
    let frame = sent(&mut requests, now).unwrap();
    assert_eq!(frame["d"]["guild_ids"], json!(["6"]));
    requests.handle(now, &sounds(5));
    requests.handle(now, &sounds(6));
    assert_eq!(told(&mut requests, now), ["chunk 0", "done 0 0"]);
}

#[test]
fn no_answer_is_late_while_commands_wait_or_nobody_reads() {
    let mut now = start();
    let mut requests = connected(1);
    let named = || RequestGuildMembers::named(Id::new(5), "a", 9);
    requests.ask(now, named(), WITHIN_MAX).unwrap();
    let (words, first) = queued(&mut requests, now);
    assert_eq!(words, ["send"]);
    assert_eq!(requests.deadline(), Some(now + WITHIN_MAX));
    now += Duration::from_secs(60);
    requests.ask(now, named(), WITHIN_MAX).unwrap();
    let (words, second) = queued(&mut requests, now);
    assert_eq!(words, ["send"]);
    requests.left(now, first[0]);
    assert_eq!(requests.deadline(), Some(now + PATIENCE));
    // The session has the second one still, whatever becomes of its connection; a new one has not.
    requests.notice(now, &lost());
    requests.notice(now, &Notice::Ready { epoch: 2 });
    assert_eq!(told(&mut requests, now), ["send"]);
    requests.notice(now, &Notice::Restarted { panicked: true });
    assert_eq!(told(&mut requests, now), [""; 0], "it has no session yet");
    requests.notice(now, &Notice::Resumed { replayed: 0 });
    let (words, third) = queued(&mut requests, now);
    assert_eq!(words, ["send"]);
    requests.left(now, second[0]);
    requests.left(now, third[0]);
    requests.notice(now, &Notice::Paused { backlog_bytes: 1 });
    now += PATIENCE * 30;
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.notice(now, &Notice::Unpaused);
    assert_eq!(requests.deadline(), Some(now + PATIENCE));
}

#[test]
fn before_the_first_session_nothing_is_sent_and_its_time_runs() {
    let now = start();
    let mut requests = Requests::new(1);
    let named = || RequestGuildMembers::named(Id::new(5), "a", 9);
    requests.ask(now, named(), MINUTE).unwrap();
    let dropped = requests.ask(now, named(), MINUTE).unwrap();
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.cancel(dropped);
    assert_eq!(requests.deadline(), Some(now + MINUTE));
    let Some(Answer::Failed(_, error)) = requests.poll(now + MINUTE) else {
        panic!("its time is up")
    };
    assert!(error.to_string().contains("not connected"), "{error}");
    assert!(requests.is_idle());
}

#[test]
fn the_half_minute_between_two_lists_begins_when_the_first_question_leaves() {
    let mut now = start();
    let mut requests = connected(1);
    let all = || RequestGuildMembers::all(Id::new(5));
    requests.ask(now, all(), WITHIN_MAX).unwrap();
    requests.ask(now, all(), WITHIN_MAX).unwrap();
    let (words, first) = queued(&mut requests, now);
    assert_eq!(words, ["send"]);
    // The limits hold it back for a minute.
    now += MINUTE;
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.left(now, first[0]);
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.handle(now, &chunk(&json!("1-0"), 0, 1));
    assert_eq!(told(&mut requests, now), ["chunk 0", "done 0 0"]);
    assert_eq!(requests.deadline(), Some(now + WHOLE_EVERY));
    assert_eq!(told(&mut requests, now + WHOLE_EVERY), ["send"]);
}

#[test]
fn what_ends_before_it_has_left_is_taken_back() {
    let now = start();
    let mut requests = connected(1);
    let all = |within| (RequestGuildMembers::all(Id::new(5)), within);
    let ask = |requests: &mut Requests, (ask, within)| requests.ask(now, ask, within).unwrap();
    let cancelled = ask(&mut requests, all(WITHIN_MAX));
    assert_eq!(told_of_held(&mut requests, now), ["send"]);
    requests.cancel(cancelled);
    assert!(!requests.is_idle());
    assert_eq!(told(&mut requests, now), ["withdraw 0"]);
    // It has left nothing behind: the next is free to go.
    ask(&mut requests, all(MINUTE));
    assert_eq!(told_of_held(&mut requests, now), ["send"]);
    let log = told(&mut requests, now + MINUTE);
    assert_eq!(log, ["withdraw 1", "failed 1 Unanswered"]);
    assert!(requests.is_idle());
    // Of what has left there is nothing to take back.
    let left = ask(&mut requests, all(MINUTE));
    assert_eq!(told(&mut requests, now), ["send"]);
    requests.cancel(left);
    assert!(requests.is_idle());
}

#[test]
fn sounds_that_another_asked_for_are_no_answer_to_a_question_that_has_not_left() {
    let now = start();
    let mut requests = connected(1);
    let ask = RequestSoundboardSounds::new([Id::new(5)]);
    requests.ask(now, ask, MINUTE).unwrap();
    let (words, questions) = queued(&mut requests, now);
    assert_eq!(words, ["send"]);
    let sounds = event(
        "SOUNDBOARD_SOUNDS",
        &json!({ "guild_id": "5", "soundboard_sounds": [] }),
    );
    requests.handle(now, &sounds);
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.left(now, questions[0]);
    requests.handle(now, &sounds);
    assert_eq!(told(&mut requests, now), ["chunk 0", "done 0 0"]);
}

#[test]
fn a_shard_that_begins_anew_still_answers_and_one_that_has_ended_takes_nothing() {
    let now = start();
    let mut requests = connected(1);
    let named = || RequestGuildMembers::named(Id::new(5), "a", 9);
    requests.ask(now, named(), MINUTE).unwrap();
    assert_eq!(told(&mut requests, now), ["send"]);
    requests.notice(now, &Notice::Restarted { panicked: true });
    requests.ask(now, named(), MINUTE).unwrap();
    assert_eq!(told(&mut requests, now), [""; 0]);
    requests.notice(now, &Notice::Ready { epoch: 2 });
    assert_eq!(told(&mut requests, now), ["send", "send"]);
    requests.notice(now, &Notice::Stopped);
    let log = told(&mut requests, now);
    assert_eq!(log, ["failed 0 Stopped", "failed 1 Stopped"]);
    let refused = requests.ask(now, named(), MINUTE).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Stopped);
}

#[test]
fn silence_is_asked_again_and_then_fails_as_does_a_deadline() {
    let now = start();
    let mut requests = connected(1);
    let named = || RequestGuildMembers::named(Id::new(5), "a", 9);
    requests.ask(now, named(), WITHIN_MAX).unwrap();
    requests.ask(now, named(), Duration::from_secs(30)).unwrap();
    let mut log = told(&mut requests, now);
    while let Some(next) = requests.deadline() {
        log.extend(told(&mut requests, next));
    }
    assert_eq!(
        log,
        [
            "send",
            "send",
            "send",
            "send",
            "failed 1 Unanswered",
            "send",
            "failed 0 Unanswered"
        ]
    );
}

#[test]
fn what_is_cancelled_is_not_sent_and_what_is_too_much_is_refused() {
    let now = start();
    let mut requests = connected(1);
    let users = RequestGuildMembers::users(Id::new(5), (1..=10_000).map(Id::new));
    let id = requests.ask(now, users, MINUTE).unwrap();
    assert_eq!(told(&mut requests, now).len(), IN_FLIGHT_MAX);
    requests.handle(now, &chunk(&json!("1-0"), 0, 1));
    requests.cancel(id);
    assert!(requests.is_idle());
    assert_eq!(told(&mut requests, now), [""; 0]);
    let refused =
        |requests: &mut Requests, ask: Request| requests.ask(now, ask, MINUTE).unwrap_err().kind();
    let users = RequestGuildMembers::users(Id::new(5), (1..=10_001).map(Id::new));
    assert_eq!(refused(&mut requests, users.into()), ErrorKind::Command);
    let nobody = RequestGuildMembers::users(Id::new(5), []);
    assert_eq!(refused(&mut requests, nobody.into()), ErrorKind::Command);
    let one = || RequestGuildMembers::users(Id::new(5), [Id::new(1)]);
    for _ in 0..REQUESTS_MAX {
        requests.ask(now, one(), MINUTE).unwrap();
    }
    assert_eq!(
        refused(&mut requests, one().into()),
        ErrorKind::CommandQueueFull
    );
    requests.notice(now, &Notice::Stopped);
    let log = told(&mut requests, now);
    assert!(log.iter().all(|line| line.ends_with("Stopped")));
    assert_eq!(log.len(), REQUESTS_MAX);
}
