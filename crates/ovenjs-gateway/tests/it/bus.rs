//! One suite for the bus, run in each kind of room: in the process, in a Redis, in NATS.

#![expect(
    clippy::unwrap_used,
    reason = "the stories and their helpers fail by panicking"
)]

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ovenjs_gateway::{
    ErrorKind,
    bus::{Bus, Gather, Hall, Listener, Member, Message, Question, Questions, Request},
};
use serde::{Deserialize, Serialize};

use crate::polled;

/// The suite: what a room of any kind does.
macro_rules! suite {
    ($($kind:ident: $enter:expr),* $(,)?) => {$(
        mod $kind {
            use super::*;

            suite!(@stories $enter =>
                everyone_hears_once_and_in_order,
                a_request_gathers_as_many_answers_as_it_wants,
                those_asked_by_name_may_refuse_or_be_missing,
                a_late_answer_is_dropped_and_counted,
                waits_that_are_dropped_keep_nothing_and_lose_nothing,
                an_answer_to_a_former_life_finds_nobody,
                a_slow_listener_loses_what_is_too_much_and_it_is_counted,
                another_versions_message_is_passed_over,
                who_leaves_hears_the_end,
                what_is_too_large_is_refused,
            );
        }
    )*};
    (@stories $enter:expr => $($story:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $story() {
            super::$story($enter.await).await;
        }
    )*};
}

suite! {
    in_process: async { Room::Hall(Hall::new()) },
}

#[cfg(feature = "redis")]
suite! {
    needs_redis: async { Room::Redis(crate::shared_redis(), fresh()) },
}

#[cfg(feature = "nats")]
suite! {
    needs_nats: async { Room::Nats(Box::new(crate::shared_nats().await), fresh()) },
}

async fn everyone_hears_once_and_in_order(room: Room) {
    let (one, two) = (room.join("one").await, room.join("two").await);
    let mut ears: Vec<Listener<News>> = [&one, &two, &two]
        .iter()
        .map(|bus| bus.listen(64).unwrap())
        .collect();
    for number in 0..50 {
        one.broadcast(&News { number }).await.unwrap();
    }
    for ear in &mut ears {
        for number in 0..50 {
            let said = within(ear.next()).await.unwrap();
            assert_eq!((said.from.as_str(), said.message.number), ("one", number));
        }
    }
}

async fn a_request_gathers_as_many_answers_as_it_wants(room: Room) {
    let asker = room.join("asker").await;
    let servers = [
        room.join("a").await,
        room.join("b").await,
        room.join("c").await,
    ];
    // Served before they are asked, or the question would find nobody.
    let mut doors: Vec<Questions<Double>> = Vec::new();
    for server in &servers {
        doors.push(server.serve(4).unwrap());
    }
    let again = servers[0].serve::<Double>(4).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Config);
    let ask = asker.request(&Double { number: 10 }, Gather::Answers(3), LONG);
    let answer = async {
        for (place, door) in (1..).zip(&mut doors) {
            let question = within(door.next()).await.unwrap();
            assert_eq!(question.from.as_str(), "asker");
            let answer = question.message.number * 2 + place;
            question.answer(&answer).await.unwrap();
        }
    };
    let (gathered, ()) = tokio::join!(ask, answer);
    let gathered = gathered.unwrap();
    assert!(gathered.complete);
    let mut found: Vec<_> = gathered
        .answers
        .iter()
        .map(|(member, answer)| (member.as_str(), *answer))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("a", 21), ("b", 22), ("c", 23)]);
    assert_eq!(asker.stats().pending, 0);
}

async fn those_asked_by_name_may_refuse_or_be_missing(room: Room) {
    let (asker, here) = (room.join("asker").await, room.join("here").await);
    let other = room.join("other").await;
    let mut questions = here.serve::<Double>(4).unwrap();
    let mut others = other.serve::<Double>(4).unwrap();
    let gone = Member::new("gone").unwrap();
    let asked = [here.member().clone(), gone.clone()].into();
    // Long enough for a refusal on a busy machine; one of them never comes.
    let patience = Duration::from_secs(2);
    let ask = asker.request(&Double { number: 1 }, Gather::From(asked), patience);
    let refuse = async {
        let question = within(questions.next()).await.unwrap();
        question.refuse("not today").await.unwrap();
    };
    let (gathered, ()) = tokio::join!(ask, refuse);
    let gathered = gathered.unwrap();
    assert!(!gathered.complete && gathered.answers.is_empty());
    let refusals = [(here.member().clone(), "not today".to_owned())];
    assert_eq!(
        (&gathered.refusals[..], &gathered.missing[..]),
        (&refusals[..], &[gone][..])
    );
    // The other one was not asked: the first question it hears is the next.
    let asked = [other.member().clone()].into();
    let ask = asker.request(&Double { number: 7 }, Gather::From(asked), LONG);
    let answer = async {
        let question = within(others.next()).await.unwrap();
        assert_eq!(question.message.number, 7);
        question.answer(&14).await.unwrap();
    };
    let (gathered, ()) = tokio::join!(ask, answer);
    let gathered = gathered.unwrap();
    assert!(gathered.complete && gathered.missing.is_empty());
    assert_eq!(gathered.answers, [(other.member().clone(), 14)]);
}

async fn a_late_answer_is_dropped_and_counted(room: Room) {
    let (asker, server) = (room.join("asker").await, room.join("server").await);
    let mut questions = server.serve::<Double>(4).unwrap();
    let asked = asker.request(&Double { number: 1 }, Gather::UntilDeadline, SHORT);
    let nobody = asked.await.unwrap();
    assert!(!nobody.complete && nobody.answers.is_empty());
    let late: Question<Double> = within(questions.next()).await.unwrap();
    late.answer(&2).await.unwrap();
    // Answers of one member come in their order: once the next is here, the late one has been.
    let answers = asked_again(&asker, &mut questions).await;
    assert_eq!(answers, [(server.member().clone(), 4)]);
    let stats = asker.stats();
    assert_eq!((stats.late, stats.duplicates, stats.pending), (1, 0, 0));
}

async fn waits_that_are_dropped_keep_nothing_and_lose_nothing(room: Room) {
    let (asker, server) = (room.join("asker").await, room.join("server").await);
    let mut questions = server.serve::<Double>(64).unwrap();
    let mut ear = server.listen::<News>(64).unwrap();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move {
        while let Some(question) = questions.next().await {
            let answer = question.message.number * 2;
            question.answer(&answer).await.unwrap();
        }
    });
    for polls in 0.. {
        let number = u32::try_from(polls).unwrap();
        let double = Double { number };
        let ask = asker.request(&double, Gather::Answers(1), LONG);
        let gathered = within(polled(polls, ask)).await;
        assert_eq!(asker.stats().pending, 0, "after {polls} polls");
        if let Some(gathered) = gathered {
            // None of the answers to those that were dropped is taken for this one's.
            let answers = gathered.unwrap().answers;
            assert_eq!(answers, [(server.member().clone(), number * 2)]);
            break;
        }
    }
    for number in 0..20 {
        one_in_three_waits(&mut ear, &asker, number).await;
    }
}

/// Says something and hears it by waits that are dropped.
async fn one_in_three_waits(ear: &mut Listener<News>, says: &Bus, number: u32) {
    says.broadcast(&News { number }).await.unwrap();
    for polls in (0..3).cycle() {
        if let Some(said) = within(polled(polls, ear.next())).await {
            assert_eq!(said.unwrap().message.number, number);
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn an_answer_to_a_former_life_finds_nobody(room: Room) {
    let server = room.join("server").await;
    let mut questions = server.serve::<Double>(4).unwrap();
    let former = room.join("asker").await;
    let asked = former.request(&Double { number: 1 }, Gather::Answers(1), SHORT);
    drop(asked.await.unwrap());
    drop(former);
    let asker = room.join("asker").await;
    let stale: Question<Double> = within(questions.next()).await.unwrap();
    stale.answer(&2).await.unwrap();
    let answers = asked_again(&asker, &mut questions).await;
    assert_eq!(answers, [(server.member().clone(), 4)]);
    assert_eq!(asker.stats().late, 0);
}

async fn a_slow_listener_loses_what_is_too_much_and_it_is_counted(room: Room) {
    let (one, two) = (room.join("one").await, room.join("two").await);
    let mut slow = two.listen::<News>(2).unwrap();
    let mut swift = two.listen::<News>(64).unwrap();
    for number in 0..10 {
        one.broadcast(&News { number }).await.unwrap();
    }
    for number in 0..10 {
        assert_eq!(within(swift.next()).await.unwrap().message.number, number);
    }
    assert_eq!(two.stats().lagged, 8);
    for number in 0..2 {
        assert_eq!(within(slow.next()).await.unwrap().message.number, number);
    }
    // It hears again as soon as it has read.
    one.broadcast(&News { number: 10 }).await.unwrap();
    assert_eq!(within(slow.next()).await.unwrap().message.number, 10);
}

async fn another_versions_message_is_passed_over(room: Room) {
    let (one, two) = (room.join("one").await, room.join("two").await);
    let mut ear = two.listen::<News>(4).unwrap();
    one.broadcast(&OtherNews {
        text: "four".to_owned(),
    })
    .await
    .unwrap();
    one.broadcast(&News { number: 4 }).await.unwrap();
    assert_eq!(within(ear.next()).await.unwrap().message.number, 4);
    assert_eq!(ear.unreadable(), 1);
}

async fn who_leaves_hears_the_end(room: Room) {
    let one = room.join("one").await;
    let mut ear = one.listen::<News>(4).unwrap();
    let mut questions = one.serve::<Double>(4).unwrap();
    one.clone().broadcast(&News { number: 1 }).await.unwrap();
    assert_eq!(within(ear.next()).await.unwrap().message.number, 1);
    drop(one);
    assert!(within(ear.next()).await.is_none());
    assert!(within(questions.next()).await.is_none());
}

async fn what_is_too_large_is_refused(room: Room) {
    let one = room.join("one").await;
    let text = "x".repeat(600 << 10);
    let error = one.broadcast(&OtherNews { text }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_name_is_given_once_in_a_hall_and_is_free_again() {
    let hall = Hall::new();
    let name = || Member::new("one").unwrap();
    let one = Bus::in_hall(&hall, name()).unwrap();
    let error = Bus::in_hall(&hall, name()).unwrap_err();
    assert!(error.to_string().contains("own name"), "{error}");
    drop(one);
    Bus::in_hall(&hall, name()).unwrap();
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn needs_redis_a_member_hears_again_after_the_server_was_killed_and_is_told() {
    let mut server = crate::server::Server::redis(&[]);
    let link = crate::redis_at(&format!("redis://127.0.0.1:{}", server.port));
    link.ready().await.unwrap();
    let bus = Bus::over_redis(&link, "room", Member::new("one").unwrap())
        .await
        .unwrap();
    let mut ear = bus.listen::<News>(4).unwrap();
    let mut interruptions = bus.interruptions();
    server.kill();
    let error = bus.broadcast(&News { number: 1 }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Link);
    server.restart();
    within(interruptions.changed()).await.unwrap();
    link.ready().await.unwrap();
    bus.broadcast(&News { number: 2 }).await.unwrap();
    assert_eq!(within(ear.next()).await.unwrap().message.number, 2);
}

#[cfg(feature = "nats")]
#[tokio::test]
async fn needs_nats_a_member_hears_again_after_the_server_was_killed_or_frozen_and_is_told() {
    let mut server = crate::nats_server();
    let link = crate::nats_at(&format!("nats://127.0.0.1:{}", server.port)).await;
    let bus = Bus::over_nats(&link, "room", Member::new("one").unwrap())
        .await
        .unwrap();
    let mut ear = bus.listen::<News>(64).unwrap();
    let mut interruptions = bus.interruptions();
    server.kill();
    let noticed = async {
        // Until then what is said goes into the dead connection.
        while bus.broadcast(&News { number: 1 }).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    within(noticed).await;
    server.restart();
    within(interruptions.changed()).await.unwrap();
    let heard = async {
        loop {
            // The connection comes back by itself; what was said before may be lost.
            if bus.broadcast(&News { number: 2 }).await.is_ok() {
                break;
            }
            tokio::task::yield_now().await;
        }
        loop {
            if ear.next().await.unwrap().message.number == 2 {
                break;
            }
        }
    };
    within(heard).await;
    server.freeze();
    let asked = bus.request(&Double { number: 1 }, Gather::Answers(1), SHORT);
    let nothing = within(asked).await;
    assert!(nothing.is_err() || nothing.is_ok_and(|gathered| !gathered.complete));
    server.thaw();
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct News {
    pub(crate) number: u32,
}

impl Message for News {
    const TOPIC: &'static str = "news";
}

/// The same topic, and nothing that `News` could read.
#[derive(Debug, Serialize, Deserialize)]
struct OtherNews {
    text: String,
}

impl Message for OtherNews {
    const TOPIC: &'static str = "news";
}

#[derive(Debug, Serialize, Deserialize)]
struct Double {
    number: u32,
}

impl Message for Double {
    const TOPIC: &'static str = "math.double";
}

impl Request for Double {
    type Answer = u32;
}

/// Who answers a question of `asker`, and what, where the one who reads `questions` does.
async fn asked_again(asker: &Bus, questions: &mut Questions<Double>) -> Vec<(Member, u32)> {
    let ask = asker.request(&Double { number: 2 }, Gather::Answers(1), LONG);
    let answer = async {
        let question = within(questions.next()).await.unwrap();
        assert_eq!(question.message.number, 2);
        question.answer(&4).await.unwrap();
    };
    let (gathered, ()) = tokio::join!(ask, answer);
    gathered.unwrap().answers
}

/// A room of some kind that no other test is in.
enum Room {
    Hall(Hall),
    #[cfg(feature = "redis")]
    Redis(ovenjs_net::RedisLink, String),
    #[cfg(feature = "nats")]
    Nats(Box<ovenjs_gateway::NatsLink>, String),
}

impl Room {
    #[cfg_attr(
        not(any(feature = "redis", feature = "nats")),
        expect(clippy::unused_async, reason = "a hall is entered at once")
    )]
    async fn join(&self, name: &str) -> Bus {
        let member = Member::new(name).unwrap();
        match self {
            Self::Hall(hall) => Bus::in_hall(hall, member).unwrap(),
            #[cfg(feature = "redis")]
            Self::Redis(link, room) => Bus::over_redis(link, room, member).await.unwrap(),
            #[cfg(feature = "nats")]
            Self::Nats(link, room) => Bus::over_nats(link, room, member).await.unwrap(),
        }
    }
}

#[cfg_attr(
    not(any(feature = "redis", feature = "nats")),
    expect(dead_code, reason = "a hall needs no name")
)]
pub(crate) fn fresh() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{count}", std::process::id())
}

/// Fails rather than waits for ever.
pub(crate) async fn within<T>(deed: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, deed)
        .await
        .expect("it happens in time")
}

const LONG: Duration = Duration::from_secs(20);

/// What a story waits for when nothing comes.
const SHORT: Duration = Duration::from_millis(200);
