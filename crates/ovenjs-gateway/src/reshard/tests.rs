use ovenjs_types::Version;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::session::tests::{seconds, start};

fn event(shard: u32, name: &str, data: &Value) -> Dispatch {
    let origin = Origin::Gateway(ShardId {
        number: shard,
        total: 2,
    });
    Dispatch::new(origin, Version::default(), name, data.to_string())
}

/// A guild of shard 0 of 2.
const GUILD: &str = "5";

fn message(id: u64) -> Dispatch {
    event(
        0,
        "MESSAGE_CREATE",
        &json!({ "id": id.to_string(), "guild_id": GUILD }),
    )
}

fn typing(user: u64) -> Dispatch {
    event(
        0,
        "TYPING_START",
        &json!({ "user_id": user.to_string(), "guild_id": GUILD }),
    )
}

fn ready(shard: u32, guilds: &[&str]) -> Dispatch {
    let guilds: Vec<Value> = guilds
        .iter()
        .map(|id| json!({ "id": id, "unavailable": true }))
        .collect();
    event(shard, "READY", &json!({ "guilds": guilds }))
}

fn create() -> Dispatch {
    event(0, "GUILD_CREATE", &json!({ "id": GUILD }))
}

fn told(reshard: &mut Reshard, now: Instant) -> Vec<String> {
    let word = |cut| match cut {
        Cut::Deliver(dispatch) => dispatch.name().to_owned(),
        Cut::Late(dispatch) => format!("late {}", dispatch.name()),
        Cut::Fresh(dispatch) => format!("fresh {}", dispatch.name()),
        Cut::Retire => "retire".to_owned(),
        Cut::Abandon => "abandon".to_owned(),
        Cut::Done(_) => "done".to_owned(),
    };
    std::iter::from_fn(|| reshard.poll(now)).map(word).collect()
}

#[test]
fn a_field_that_is_odd_does_not_hide_the_guild() {
    let now = start();
    let mut reshard = Reshard::new(2, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    for odd in [
        json!({ "id": "none", "guild_id": GUILD }),
        json!({ "id": { "of": 1 }, "guild_id": GUILD }),
        json!({ "id": "7", "unavailable": null, "guild_id": GUILD }),
    ] {
        reshard.handle(now, Side::New, event(0, "ANYTHING", &odd));
        let told = told(&mut reshard, now);
        assert_eq!(told, [""; 0], "the old one brings it: {odd}");
    }
}

#[test]
fn who_has_gone_over_is_known_also_of_guilds_that_are_joined_meanwhile() {
    let now = start();
    let mut reshard = Reshard::new(2, true, now);
    let (old, other) = (ShardId::default(), ShardId::new(1, 3).unwrap());
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    assert!(reshard.gone_over(old).is_empty(), "it is awaited");
    reshard.handle(now, Side::New, create());
    let joined = event(0, "GUILD_CREATE", &json!({ "id": "6" }));
    reshard.handle(now, Side::New, joined);
    assert_eq!(reshard.gone_over(old), [Id::new(5), Id::new(6)].into());
    assert!(
        reshard.gone_over(other).is_empty(),
        "they are not of that one"
    );
    assert!(reshard.give_up(now));
    assert!(reshard.gone_over(old).is_empty(), "and back they go");
}

#[test]
fn who_is_cut_over_without_a_guild_create_has_not_gone_over() {
    let mut now = start();
    let old = ShardId::default();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD, "6", "7"]));
    reshard.handle(now, Side::New, create());
    let down = json!({ "id": "6", "unavailable": true });
    reshard.handle(now, Side::New, event(0, "GUILD_DELETE", &down));
    now += GUILDS_WITHIN;
    told(&mut reshard, now);
    assert_eq!(reshard.report().overdue, 1);
    assert_eq!(reshard.gone_over(old), [Id::new(5)].into());

    let mut without = Reshard::new(1, false, now);
    without.handle(now, Side::New, ready(0, &[GUILD]));
    assert_eq!(without.report().guilds, 1);
    assert!(without.gone_over(old).is_empty(), "nobody has brought it");
}

#[test]
fn a_new_session_that_is_lost_is_missed_for_the_guilds_that_are_cut_over() {
    let now = start();
    let (old, new) = (ShardId::default(), ShardId::default());
    let mut reshard = Reshard::new(1, true, now);
    assert_eq!(reshard.lose_new(new), None, "nobody has heard of it");
    reshard.handle(now, Side::New, ready(0, &[GUILD, "6"]));
    reshard.handle(now, Side::New, create());
    assert_eq!(reshard.lose_new(new), Some([Id::new(6)].into()));
    assert!(reshard.gone_over(old).is_empty(), "until it comes again");
    told(&mut reshard, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD, "6"]));
    reshard.handle(now, Side::New, create());
    assert_eq!(told(&mut reshard, now), ["GUILD_CREATE"]);
    assert_eq!(reshard.gone_over(old), [Id::new(5)].into());
    assert!(reshard.give_up(now));
    assert_eq!(reshard.lose_new(new), None, "the old one brings all");
}

#[test]
fn a_guild_is_cut_over_by_its_guild_create_and_the_old_shards_go_when_all_are() {
    let mut now = start();
    let mut reshard = Reshard::new(2, true, now);
    let tell = |reshard: &mut Reshard, now, side, dispatch| {
        reshard.handle(now, side, dispatch);
        told(reshard, now)
    };
    assert_eq!(
        tell(&mut reshard, now, Side::Old, message(1)),
        ["MESSAGE_CREATE"]
    );
    assert_eq!(
        tell(&mut reshard, now, Side::New, ready(0, &[GUILD])),
        [""; 0]
    );
    assert_eq!(
        tell(&mut reshard, now, Side::New, message(2)),
        [""; 0],
        "the old one brings it"
    );
    assert_eq!(
        tell(&mut reshard, now, Side::Old, message(2)),
        ["MESSAGE_CREATE"]
    );
    assert_eq!(
        tell(&mut reshard, now, Side::New, create()),
        ["fresh GUILD_CREATE"]
    );
    assert_eq!(
        tell(&mut reshard, now, Side::New, message(3)),
        ["MESSAGE_CREATE"]
    );
    assert_eq!(tell(&mut reshard, now, Side::Old, message(3)), [""; 0]);
    assert_eq!(
        tell(&mut reshard, now, Side::Old, message(4)),
        ["late MESSAGE_CREATE"]
    );
    assert_eq!(
        tell(&mut reshard, now, Side::New, message(4)),
        ["fresh MESSAGE_CREATE"],
        "what keeps state hears it from the new one"
    );
    // Equal ones are counted.
    for (side, word) in [(Side::New, "TYPING_START"), (Side::New, "TYPING_START")] {
        assert_eq!(tell(&mut reshard, now, side, typing(1)), [word]);
    }
    assert_eq!(tell(&mut reshard, now, Side::Old, typing(1)), [""; 0]);
    assert_eq!(tell(&mut reshard, now, Side::Old, typing(1)), [""; 0]);
    assert_eq!(
        tell(&mut reshard, now, Side::Old, typing(1)),
        ["late TYPING_START"]
    );

    now += seconds(60);
    assert_eq!(tell(&mut reshard, now, Side::New, ready(1, &[])), [""; 0]);
    now += SETTLING;
    assert_eq!(reshard.deadline(), Some(now));
    assert_eq!(told(&mut reshard, now), ["retire"]);
    assert_eq!(
        tell(&mut reshard, now, Side::Old, message(5)),
        ["late MESSAGE_CREATE"]
    );
    now += OVERLAP;
    assert_eq!(told(&mut reshard, now), ["done"]);
    assert_eq!(reshard.deadline(), None);
    assert_eq!(
        tell(&mut reshard, now, Side::New, message(6)),
        ["MESSAGE_CREATE"]
    );
    assert_eq!(tell(&mut reshard, now, Side::Old, message(7)), [""; 0]);
    let report = reshard.report();
    assert_eq!((report.guilds, report.twins, report.late), (1, 4, 3));
}

#[test]
fn guilds_that_are_down_do_not_hold_it_up() {
    let mut now = start();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &["5", "6", "7"]));
    let down = event(
        0,
        "GUILD_DELETE",
        &json!({ "id": "6", "unavailable": true }),
    );
    reshard.handle(now, Side::New, down);
    reshard.handle(now, Side::New, create());
    assert_eq!(reshard.awaited(), 1);
    now += GUILDS_WITHIN;
    assert_eq!(reshard.deadline(), Some(now));
    told(&mut reshard, now);
    let report = reshard.report();
    assert_eq!(
        (report.guilds, report.unavailable, report.overdue),
        (1, 1, 1)
    );
    assert_eq!(reshard.deadline(), Some(now + SETTLING));
}

#[test]
fn what_has_no_guild_goes_over_with_shard_nought_and_all_goes_without_guild_create() {
    let now = start();
    let mut reshard = Reshard::new(2, false, now);
    let direct = |id: u64| event(0, "MESSAGE_CREATE", &json!({ "id": id.to_string() }));
    reshard.handle(now, Side::New, ready(1, &[]));
    reshard.handle(now, Side::New, direct(1));
    assert_eq!(told(&mut reshard, now), [""; 0]);
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    reshard.handle(now, Side::New, direct(2));
    reshard.handle(now, Side::New, message(3));
    assert_eq!(
        told(&mut reshard, now),
        ["MESSAGE_CREATE", "MESSAGE_CREATE"]
    );
    assert_eq!(reshard.deadline(), Some(now + SETTLING));
}

#[test]
fn a_guild_that_is_joined_meanwhile_is_joined_once() {
    let now = start();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[]));
    for (side, seen) in [(Side::Old, "by the old"), (Side::New, "by the new")] {
        reshard.handle(
            now,
            side,
            event(0, "GUILD_CREATE", &json!({ "id": "9", "note": seen })),
        );
    }
    let expected = ["late GUILD_CREATE", "fresh GUILD_CREATE"];
    assert_eq!(told(&mut reshard, now), expected);
}

#[test]
fn a_guild_that_is_left_meanwhile_is_not_waited_for() {
    let now = start();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    let left = event(0, "GUILD_DELETE", &json!({ "id": GUILD }));
    reshard.handle(now, Side::Old, left.clone());
    reshard.handle(now, Side::New, left);
    assert_eq!(told(&mut reshard, now), ["GUILD_DELETE"]);
    assert_eq!(reshard.stage(), ReshardStage::Settling);
    assert_eq!(reshard.report().unavailable, 0);
}

#[test]
fn a_new_session_that_is_lost_while_it_settles_is_given_the_time_anew() {
    let mut now = start();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[]));
    now += seconds(20);
    reshard.handle(now, Side::New, ready(0, &[]));
    assert_eq!(reshard.deadline(), Some(now + SETTLING));
    assert_eq!(told(&mut reshard, now), [""; 0]);
}

#[test]
fn a_new_generation_that_does_not_come_up_is_given_up() {
    let mut now = start();
    let mut reshard = Reshard::new(2, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    reshard.handle(now, Side::New, create());
    now = reshard.deadline().unwrap();
    reshard.handle(now, Side::New, message(1));
    let nothing_is_ahead = ["fresh GUILD_CREATE", "abandon", "done"];
    assert_eq!(told(&mut reshard, now), nothing_is_ahead);
    reshard.handle(now, Side::Old, message(1));
    assert_eq!(told(&mut reshard, now), ["MESSAGE_CREATE"]);
    reshard.handle(now, Side::Old, message(2));
    reshard.handle(now, Side::New, message(2));
    assert_eq!(told(&mut reshard, now), ["MESSAGE_CREATE"]);
    assert!(reshard.report().abandoned);
}

#[test]
fn what_the_new_generation_had_ahead_does_not_come_again_when_it_is_given_up() {
    let mut now = start();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    reshard.handle(now, Side::New, create());
    for id in [1, 2] {
        reshard.handle(now, Side::New, message(id));
    }
    assert!(reshard.give_up(now));
    told(&mut reshard, now);
    assert_eq!(reshard.stage(), ReshardStage::Closing);
    for id in [1, 3, 2] {
        reshard.handle(now, Side::Old, message(id));
    }
    // What keeps state may have gone astray, and goes where the old one goes.
    let all_heard = [
        "fresh MESSAGE_CREATE",
        "MESSAGE_CREATE",
        "fresh MESSAGE_CREATE",
        "done",
    ];
    assert_eq!(told(&mut reshard, now), all_heard);
    // The other way round: what keeps state waits for the new one to bring it, and need not any more.
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD]));
    reshard.handle(now, Side::New, create());
    for id in [1, 2] {
        reshard.handle(now, Side::Old, message(id));
    }
    reshard.handle(now, Side::New, message(1));
    told(&mut reshard, now);
    reshard.give_up(now);
    let owed = ["fresh MESSAGE_CREATE", "abandon", "done"];
    assert_eq!(told(&mut reshard, now), owed);
    // What has no id may have been another one, and a guild that has not gone over needs nothing.
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD, "6"]));
    reshard.handle(now, Side::New, create());
    for side in [Side::Old, Side::New] {
        reshard.handle(now, side, typing(1));
    }
    let elsewhere = event(0, "TYPING_START", &json!({ "guild_id": "6" }));
    reshard.handle(now, Side::Old, elsewhere);
    told(&mut reshard, now);
    reshard.give_up(now);
    let owed = ["fresh TYPING_START", "abandon", "done"];
    assert_eq!(told(&mut reshard, now), owed);
    // Once the old one was told to stop there is no way back.
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[]));
    now += SETTLING;
    assert_eq!(told(&mut reshard, now), ["retire"]);
    assert!(!reshard.give_up(now));
}

#[test]
fn what_an_old_shard_no_longer_brings_comes_from_the_new_ones() {
    let now = start();
    let mut reshard = Reshard::new(1, true, now);
    reshard.handle(now, Side::New, ready(0, &[GUILD, "4194304"]));
    let (number, total) = (0, 2);
    reshard.lose(now, ShardId { number, total });
    reshard.handle(now, Side::New, message(1));
    // This one is of the other old shard, which lives.
    let other = json!({ "id": "2", "guild_id": "4194304" });
    reshard.handle(now, Side::New, event(0, "MESSAGE_CREATE", &other));
    reshard.handle(now, Side::New, create());
    let expected = ["MESSAGE_CREATE", "fresh GUILD_CREATE"];
    assert_eq!(told(&mut reshard, now), expected);
}

/// One thing that happens in the world, which both generations may bring.
#[derive(Clone, Debug)]
struct Happening {
    wait_ms: u64,
    guild: u64,
    /// With an id of its own, or one of few texts.
    named: bool,
    text: u64,
    old_delay_ms: u64,
    new_delay_ms: u64,
    /// Whether Discord writes it in another way to the new generation.
    other_form: bool,
}

fn happening() -> impl Strategy<Value = Happening> {
    let delays = (0_u64..9_900, 0_u64..9_900);
    (
        0_u64..900,
        0_u64..3,
        any::<bool>(),
        0_u64..2,
        delays,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(wait_ms, guild, named, text, (old_delay_ms, new_delay_ms), other_form)| Happening {
                wait_ms,
                guild,
                named,
                text,
                old_delay_ms,
                new_delay_ms,
                other_form,
            },
        )
}

enum Arrival {
    Event(Side, usize),
    Ready,
    Create(u64),
}

/// What both generations bring of a world, and when in ms: each in the order of what happened.
fn arrivals(world: &[Happening], ready_ms: u64, creates_ms: &[u64]) -> Vec<(u64, Arrival)> {
    let mut arrivals = Vec::new();
    let (mut old_last, mut new_last, mut at_ms) = (0, 0, 0);
    let mut new_side: Vec<(u64, u64, Arrival)> = vec![(ready_ms, 0, Arrival::Ready)];
    for (guild, create_ms) in (0..).zip(creates_ms) {
        new_side.push((ready_ms + create_ms, 100, Arrival::Create(guild)));
    }
    for (nth, happening) in world.iter().enumerate() {
        at_ms += happening.wait_ms;
        old_last = old_last.max(at_ms + happening.old_delay_ms);
        arrivals.push((old_last, Arrival::Event(Side::Old, nth)));
        if at_ms >= ready_ms {
            new_side.push((
                at_ms,
                happening.new_delay_ms,
                Arrival::Event(Side::New, nth),
            ));
        }
    }
    // A connection keeps the order of what happened.
    new_side.sort_by_key(|(at_ms, _, _)| *at_ms);
    for (at_ms, delay_ms, arrival) in new_side {
        new_last = new_last.max(at_ms + delay_ms);
        arrivals.push((new_last, arrival));
    }
    arrivals.sort_by_key(|(at_ms, _)| *at_ms);
    arrivals
}

/// The same world seen by both; returns what was let through of each, and what was reported.
fn play(
    world: &[Happening],
    ready_ms: u64,
    creates_ms: &[u64],
    forms: bool,
) -> (Vec<u32>, ReshardReport) {
    let begin = start();
    let arrivals = arrivals(world, ready_ms, creates_ms);
    let mut reshard = Reshard::new(1, true, begin);
    let mut seen = vec![0_u32; world.len()];
    // Events of one text are the same to everyone: they are counted together.
    let group = |nth: usize| {
        let same = |other: &Happening| {
            let one = &world[nth];
            !one.named && !other.named && one.guild == other.guild && one.text == other.text
        };
        world.iter().position(same).unwrap_or(nth)
    };
    // What keeps state is to have all that the new side brings behind a cut-over.
    let (mut cut, mut owed) = (vec![false; creates_ms.len()], 0_i64);
    let mut retired = false;
    let mut of_state = 0_i64;
    let mut take = |reshard: &mut Reshard, now: Instant| {
        while let Some(cut) = reshard.poll(now) {
            if let Cut::Deliver(dispatch) | Cut::Fresh(dispatch) = &cut {
                of_state += i64::from(dispatch.version.seq == 1);
            }
            match cut {
                Cut::Deliver(dispatch) | Cut::Late(dispatch) => {
                    let data: Value = serde_json::from_slice(&dispatch.raw).unwrap();
                    let nth = usize::try_from(data["nth"].as_u64().unwrap()).unwrap();
                    seen[nth] += 1;
                }
                Cut::Retire => retired = true,
                _ => {}
            }
        }
        retired
    };
    for (at_ms, arrival) in arrivals {
        let now = begin + Duration::from_millis(at_ms);
        while let Some(deadline) = reshard.deadline().filter(|deadline| *deadline <= now) {
            take(&mut reshard, deadline);
        }
        let retired = take(&mut reshard, now);
        match arrival {
            Arrival::Event(Side::Old, _) if retired => {}
            Arrival::Event(side, nth) => {
                let Happening { guild, named, .. } = &world[nth];
                let mut data = json!({ "guild_id": (guild + 1).to_string(), "nth": group(nth) });
                let name = if *named {
                    "MESSAGE_CREATE"
                } else {
                    "TYPING_START"
                };
                if *named {
                    data["id"] = json!((nth + 1).to_string());
                }
                if forms && world[nth].other_form && side == Side::New {
                    data["form"] = json!("another");
                }
                let mut dispatch = event(0, name, &data);
                if side == Side::New {
                    dispatch.version.seq = 1;
                    owed += i64::from(cut[usize::try_from(*guild).unwrap()]);
                }
                reshard.handle(now, side, dispatch);
            }
            Arrival::Ready => {
                let guilds: Vec<Value> = (1..=creates_ms.len())
                    .map(|id| json!({ "id": id.to_string() }))
                    .collect();
                reshard.handle(
                    now,
                    Side::New,
                    event(0, "READY", &json!({ "guilds": guilds })),
                );
            }
            Arrival::Create(guild) => {
                let data = json!({ "id": (guild + 1).to_string() });
                reshard.handle(now, Side::New, event(0, "GUILD_CREATE", &data));
                cut[usize::try_from(guild).unwrap()] = true;
            }
        }
        take(&mut reshard, now);
    }
    while let Some(deadline) = reshard.deadline() {
        take(&mut reshard, deadline);
    }
    assert_eq!(of_state, owed, "each once to what keeps state");
    let mut expected = vec![0_u32; world.len()];
    (0..world.len()).for_each(|nth| expected[group(nth)] += 1);
    let balance = seen.iter().zip(&expected).map(|(seen, expected)| {
        assert!(seen >= expected, "lost: {seen} of {expected}");
        seen - expected
    });
    let doubles = balance.collect();
    (doubles, reshard.report())
}

/// Where both are about as quick and a guild has things with ids, nothing is doubled at all.
#[test]
fn an_ordinary_cut_over_is_exact() {
    let world: Vec<Happening> = (0_u64..4_000)
        .map(|nth| Happening {
            wait_ms: 40,
            guild: nth % 3,
            named: nth % 7 == 0,
            text: nth % 2,
            old_delay_ms: 50 + nth % 11 * 30,
            new_delay_ms: 50 + nth % 13 * 30,
            other_form: false,
        })
        .collect();
    let (doubles, report) = play(&world, 20_000, &[500, 3_000, 9_000], false);
    assert!(doubles.iter().all(|doubles| *doubles == 0), "{report:?}");
    assert!(report.twins > 500, "{report:?}");
}

/// What keeps state, where the new generation is given up after so long: of each guild what it knows in
/// the end. What it is told again ends what came after it, so that has to be told again, too.
fn given_up(
    world: &[Happening],
    ready_ms: u64,
    creates_ms: &[u64],
    give_up_ms: u64,
) -> Vec<Vec<u64>> {
    let begin = start();
    let happened = |guild: u64, until_ms: u64| -> Vec<u64> {
        let mut at_ms = 0;
        let dated = (1_u64..).zip(world).map(|(number, happening)| {
            at_ms += happening.wait_ms;
            (number, at_ms, happening)
        });
        dated
            .filter(|(_, at_ms, of)| of.guild == guild && *at_ms < until_ms)
            .map(|(number, ..)| number)
            .collect()
    };
    let mut reshard = Reshard::new(1, true, begin);
    let mut known = vec![Vec::new(); creates_ms.len()];
    let mut take = |reshard: &mut Reshard, now: Instant| {
        while let Some(cut) = reshard.poll(now) {
            let (Cut::Deliver(dispatch) | Cut::Fresh(dispatch)) = cut else {
                continue;
            };
            let data: Value = serde_json::from_slice(&dispatch.raw).unwrap();
            let is_create = dispatch.name() == "GUILD_CREATE";
            let id = &data[if is_create { "id" } else { "guild_id" }];
            let nth = id.as_str().unwrap().parse::<usize>().unwrap() - 1;
            let guild = u64::try_from(nth).unwrap();
            if is_create {
                known[nth] = happened(guild, ready_ms + creates_ms[nth]);
            } else {
                known[nth].retain(|number| *number < dispatch.version.seq);
                known[nth].push(dispatch.version.seq);
            }
        }
    };
    let mut is_given_up = false;
    for (at_ms, arrival) in arrivals(world, ready_ms, creates_ms) {
        let now = begin + Duration::from_millis(at_ms.max(give_up_ms * u64::from(is_given_up)));
        if at_ms >= give_up_ms && !is_given_up {
            is_given_up = reshard.give_up(begin + Duration::from_millis(give_up_ms));
            assert!(is_given_up, "before the old one was told to stop");
            take(&mut reshard, now);
        }
        match arrival {
            Arrival::Event(side, nth) => {
                let Happening { guild, text, .. } = &world[nth];
                let data = json!({ "guild_id": (guild + 1).to_string(), "text": text });
                let mut dispatch = event(0, "TYPING_START", &data);
                // What keeps state tells apart what nobody else can.
                dispatch.version.seq = u64::try_from(nth).unwrap() + 1;
                reshard.handle(now, side, dispatch);
            }
            Arrival::Ready => {
                let guilds = (1..=creates_ms.len()).map(|id| id.to_string());
                let guilds: Vec<String> = guilds.collect();
                let guilds: Vec<&str> = guilds.iter().map(String::as_str).collect();
                reshard.handle(now, Side::New, ready(0, &guilds));
            }
            Arrival::Create(guild) => {
                let data = json!({ "id": (guild + 1).to_string() });
                reshard.handle(now, Side::New, event(0, "GUILD_CREATE", &data));
            }
        }
        take(&mut reshard, now);
    }
    known
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn both_generations_together_bring_everything_once(
        world in prop::collection::vec(happening(), 200..400),
        ready_ms in 0_u64..30_000,
        creates_ms in prop::collection::vec(0_u64..15_000, 3),
    ) {
        let (doubles, report) = play(&world, ready_ms, &creates_ms, false);
        for (happening, doubles) in world.iter().zip(&doubles) {
            prop_assert!(!happening.named || *doubles == 0, "known by its id: {happening:?}");
        }
        let doubles: u64 = doubles.iter().map(|doubles| u64::from(*doubles)).sum();
        prop_assert!(doubles <= report.possible_doubles, "{} doubles: {:?}", doubles, report);
        prop_assert_eq!(report.guilds, 3);
    }

    #[test]
    fn where_the_forms_differ_nothing_is_lost_and_doubles_are_reported(
        world in prop::collection::vec(happening(), 200..400),
        ready_ms in 0_u64..30_000,
        creates_ms in prop::collection::vec(0_u64..15_000, 3),
    ) {
        let (doubles, report) = play(&world, ready_ms, &creates_ms, true);
        let doubles: u64 = doubles.iter().map(|doubles| u64::from(*doubles)).sum();
        prop_assert!(doubles <= report.possible_doubles, "{} doubles: {:?}", doubles, report);
    }

    #[test]
    fn what_keeps_state_ends_as_the_old_one_knows_it_where_the_new_one_is_given_up(
        world in prop::collection::vec(happening(), 200..400),
        ready_ms in 0_u64..30_000,
        creates_ms in prop::collection::vec(0_u64..15_000, 3),
        after_ms in 0_u64..30_000,
    ) {
        let known = given_up(&world, ready_ms, &creates_ms, ready_ms + after_ms);
        for (guild, known) in (0..).zip(&known) {
            let of_guild = (1_u64..).zip(&world).filter(|(_, of)| of.guild == guild);
            let all: Vec<u64> = of_guild.map(|(number, _)| number).collect();
            prop_assert_eq!(known, &all, "guild {}", guild);
        }
    }
}
