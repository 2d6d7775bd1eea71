mod played;

use ovenjs_types::Version;
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
