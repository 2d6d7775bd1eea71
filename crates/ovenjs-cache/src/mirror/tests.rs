use ovenjs_types::{
    Dispatch, EventKind, Id, Intents, Origin, PermissionCalculator, PermissionPlace, Permissions,
    ShardId, Timestamp, Version, json::Scratch,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Change, packed::tests::Dice};

#[cfg(feature = "tiers")]
mod away;
mod budget;
mod compare;
mod contents;
mod erase;
mod events;
mod keep;
mod model;
mod seen;
mod snapshot;

use model::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever comes in whatever order: what is read is what a naive model knows.
    #[test]
    fn any_sequence_of_events_makes_what_whole_json_makes(seed: u64, steps in 1_usize..120) {
        let mut dice = Dice(seed | 1);
        let keep = some(&mut dice);
        let mirror = Mirror::new(keep.clone());
        let mut world = World::that_keeps(&keep);
        let mut scratch = Scratch::new();
        for _ in 0..steps {
            if dice.below(40) == 0 {
                mirror.outdate_shard(ShardId::default());
                world.outdate();
                continue;
            }
            let (name, payload) = events::event(&mut dice);
            let event = dispatch(name, &payload);
            let before = world.told(name, &payload);
            world.apply(name, &payload);
            if dice.below(2) == 0 {
                mirror.apply(&event, &mut scratch);
            } else {
                let change = mirror.apply_and_tell(&event, &mut scratch);
                compare::assert_told(&change, before, world.told(name, &payload));
            }
        }
        world.assert_mirrored_by(&mirror);

        // And nothing is held for nobody.
        for guild in [events::GUILDS.start, events::GUILDS.start + 1] {
            let gone = json!({"id": guild.to_string()});
            mirror.apply(&dispatch("GUILD_DELETE", &gone), &mut scratch);
            world.apply("GUILD_DELETE", &gone);
        }
        for channel in events::CHANNELS.chain(events::THREADS) {
            let gone = json!({"id": channel.to_string(), "type": 1});
            mirror.apply(&dispatch("CHANNEL_DELETE", &gone), &mut scratch);
            world.apply("CHANNEL_DELETE", &gone);
        }
        world.assert_mirrored_by(&mirror);
        let stats = mirror.stats();
        let left = [stats.guilds, stats.channels, stats.threads, stats.members, stats.users, stats.places, stats.messages];
        prop_assert!(left.iter().all(|left| left.count == 0), "{stats:?}");
    }
}

#[test]
fn after_a_gap_a_guild_is_stale_until_it_is_sent_anew() {
    let mirror = bakery();
    let state = || mirror.state(Id::new(1)).unwrap();
    assert!(!state().is_stale && state().has_all_members);
    mirror.outdate_shard(ShardId::new(1, 2).unwrap());
    assert!(!state().is_stale, "it is of the other shard");
    mirror.outdate_shard(ShardId::new(0, 2).unwrap());
    assert!(state().is_stale && mirror.channel(Id::new(11)).is_some());

    feed(&mirror, "GUILD_CREATE", &town());
    assert!(!state().is_stale && mirror.channel(Id::new(11)).is_some());
    assert!(mirror.user(Id::new(80)).is_some());
    let create = json!({"id": "1", "name": "Bakery", "member_count": 9});
    feed(&mirror, "GUILD_CREATE", &create);
    assert!(!state().is_stale && !state().has_all_members);
    assert!(
        mirror.channel(Id::new(11)).is_none(),
        "the ghost of a channel"
    );
    assert!(mirror.user(Id::new(80)).is_none(), "the ghost of a user");
}

#[test]
fn an_outage_keeps_the_guild_and_marks_it() {
    let mirror = bakery();
    feed(
        &mirror,
        "GUILD_DELETE",
        &json!({"id": "1", "unavailable": true}),
    );
    assert!(mirror.state(Id::new(1)).unwrap().is_unavailable);
    assert!(mirror.guild(Id::new(1)).unwrap().unavailable);
    assert!(mirror.member(Id::new(1), Id::new(80)).is_some());

    feed(&mirror, "GUILD_DELETE", &json!({"id": "1"}));
    assert_eq!(
        (mirror.state(Id::new(1)), mirror.user(Id::new(80))),
        (None, None)
    );
}

#[test]
fn guilds_that_were_left_while_nobody_listened_go_with_the_next_session() {
    let mirror = bakery();
    feed(&mirror, "GUILD_CREATE", &json!({"id": "2", "name": "Mill"}));
    feed(
        &mirror,
        "READY",
        &json!({"user": {"id": "9", "username": "oven"}, "guilds": [{"id": "2", "unavailable": true}]}),
    );
    assert_eq!(mirror.guild_ids(), [Id::new(2)]);
    assert_eq!(mirror.current_user().unwrap().username, "oven");
}

#[test]
fn the_bot_is_known_as_a_member_though_no_members_are_kept() {
    let mirror = Mirror::new(Keep::new());
    feed(
        &mirror,
        "READY",
        &json!({"user": {"id": "9", "username": "oven"}, "guilds": [{"id": "1", "unavailable": true}]}),
    );
    feed(
        &mirror,
        "GUILD_CREATE",
        &json!({"id": "1", "roles": [{"id": "1", "permissions": "0"}, {"id": "50", "permissions": "2048"}],
            "members": [{"user": {"id": "80", "username": "ann"}, "roles": []},
                {"user": {"id": "9", "username": "oven"}, "roles": ["50"]}]}),
    );
    let (guild, bot, ann) = (Id::new(1), Id::new(9), Id::new(80));
    let may = || mirror.permissions(guild, bot, Timestamp::UNIX_EPOCH);
    assert_eq!(may(), Some(Permissions::SEND_MESSAGES));
    assert_eq!(mirror.member(guild, ann), None);
    for user in ["80", "9"] {
        feed(
            &mirror,
            "GUILD_MEMBER_UPDATE",
            &json!({"guild_id": "1", "user": {"id": user, "username": "x"}, "roles": []}),
        );
    }
    assert_eq!(may(), Some(Permissions::empty()));
    assert_eq!(mirror.member(guild, ann), None);

    let next = Mirror::from_bytes(Keep::new(), &mirror.to_bytes(), &[ShardId::default()]).unwrap();
    assert_eq!(next.member(guild, bot), mirror.member(guild, bot));
}

#[test]
fn a_role_that_is_deleted_is_held_by_nobody() {
    let mirror = bakery();
    assert_eq!(
        *mirror.member_roles(Id::new(1), Id::new(80)).unwrap(),
        [Id::new(50), Id::new(51)]
    );
    feed(
        &mirror,
        "GUILD_ROLE_DELETE",
        &json!({"guild_id": "1", "role_id": "50"}),
    );
    assert_eq!(
        mirror.member(Id::new(1), Id::new(80)).unwrap().roles,
        [Id::new(51)]
    );
    assert_eq!(mirror.guild(Id::new(1)).unwrap().roles.len(), 1);
}

#[test]
fn permissions_are_those_of_the_calculator() {
    let mirror = Mirror::new(everything());
    let mut guild = town();
    guild["owner_id"] = json!("82");
    guild["roles"] = json!([{"id": "1", "permissions": "1024"}, {"id": "50", "permissions": "2048"}, {"id": "51"}, {"id": "52", "permissions": "8"}]);
    guild["channels"][0]["permission_overwrites"] = json!([{"id": "1", "type": 0, "allow": "0", "deny": "1024"}, {"id": "50", "type": 0, "allow": "1024", "deny": "0"}]);
    guild["threads"] = json!([{"id": "40", "type": 12, "guild_id": "1", "parent_id": "11", "member": {"flags": 0}}]);
    let until = "2026-01-01T00:00:00Z";
    guild["members"] = json!([
        {"user": {"id": "80", "username": "a"}, "roles": ["50"]},
        {"user": {"id": "81", "username": "b"}, "roles": ["51", "7"]},
        {"user": {"id": "82", "username": "c"}},
        {"user": {"id": "83", "username": "d"}, "roles": ["52"]},
        {"user": {"id": "84", "username": "e"}, "roles": ["50"], "communication_disabled_until": until},
    ]);
    feed(
        &mirror,
        "READY",
        &json!({"user": {"id": "80", "username": "a"}, "guilds": [{"id": "1"}]}),
    );
    feed(&mirror, "GUILD_CREATE", &guild);
    let id = Id::new(1);
    let typed = mirror.guild(id).unwrap();
    let (channel, thread) = (
        mirror.channel(Id::new(11)).unwrap(),
        mirror.channel(Id::new(40)).unwrap(),
    );
    let until: Timestamp = until.parse().unwrap();
    for now in [Timestamp::from_unix_micros(until.unix_micros() - 1), until] {
        for user in 80..85 {
            let user = Id::new(user);
            let member = mirror.member(id, user).unwrap();
            let calculator = PermissionCalculator::of(&typed, user, &member, now);
            assert_eq!(
                mirror.permissions(id, user, now),
                Some(calculator.in_guild())
            );
            let place = PermissionPlace::channel(&channel);
            let expected = calculator.in_channel(&place);
            assert_eq!(
                mirror.permissions_in(id, channel.id, user, now),
                Some(expected)
            );
            let place = PermissionPlace::thread(&thread, &channel, user.get() == 80);
            let expected = calculator.in_channel(&place);
            assert_eq!(
                mirror.permissions_in(id, thread.id, user, now),
                Some(expected)
            );
        }
    }
    assert_eq!(mirror.permissions(id, Id::new(99), until), None);
}

#[test]
fn who_is_where_is_found() {
    let mirror = bakery();
    feed(
        &mirror,
        "GUILD_CREATE",
        &json!({"id": "2", "members": [{"user": {"id": "80", "username": "ann"}}]}),
    );
    assert_eq!(mirror.shared_guilds(Id::new(80)), [Id::new(1), Id::new(2)]);
    assert!(mirror.shared_guilds(Id::new(81)).is_empty());
    for (user, channel) in [
        ("80", json!("11")),
        ("81", json!("12")),
        ("79", json!("11")),
    ] {
        let state =
            json!({"guild_id": "1", "user_id": user, "channel_id": channel, "session_id": "s"});
        feed(&mirror, "VOICE_STATE_UPDATE", &state);
    }
    assert_eq!(
        mirror.voice_channel(Id::new(1), Id::new(11)),
        [Id::new(79), Id::new(80)]
    );
    assert_eq!(
        mirror
            .members_with_role(Id::new(1), Id::new(50), None, 9)
            .len(),
        1
    );
    assert_eq!(
        mirror.members_with_role(Id::new(1), Id::new(52), None, 9),
        []
    );
    assert_eq!(
        mirror.members_with_role(Id::new(1), Id::new(50), Some(Id::new(80)), 9),
        []
    );
}

#[test]
fn a_channel_takes_its_threads_and_messages_along() {
    let mirror = bakery();
    feed(
        &mirror,
        "THREAD_CREATE",
        &json!({"id": "40", "type": 11, "guild_id": "1", "parent_id": "11"}),
    );
    feed(&mirror, "MESSAGE_CREATE", &message(40, 60));
    assert!(
        mirror.user(Id::new(81)).is_some(),
        "a message knows its author"
    );
    feed(
        &mirror,
        "CHANNEL_DELETE",
        &json!({"id": "11", "type": 0, "guild_id": "1"}),
    );
    assert!(mirror.channel(Id::new(40)).is_none());
    assert!(
        mirror
            .message(Some(Id::new(1)), Id::new(40), Id::new(60))
            .is_none()
    );
    assert!(mirror.user(Id::new(81)).is_none());
}

#[test]
fn a_message_that_has_fallen_out_does_not_come_back() {
    let mirror = bakery();
    for id in 60..65 {
        feed(&mirror, "MESSAGE_CREATE", &message(11, id));
    }
    let known = |id| {
        mirror
            .message(Some(Id::new(1)), Id::new(11), Id::new(id))
            .is_some()
    };
    assert_eq!(
        (60..65).map(known).collect::<Vec<_>>(),
        [false, false, true, true, true]
    );
    feed(&mirror, "MESSAGE_UPDATE", &message(11, 60));
    feed(
        &mirror,
        "MESSAGE_DELETE_BULK",
        &json!({"guild_id": "1", "channel_id": "11", "ids": ["62", "63", "60"]}),
    );
    assert_eq!(
        (60..65).map(known).collect::<Vec<_>>(),
        [false, false, false, false, true]
    );
}

#[test]
fn what_is_not_kept_is_not_asked_for() {
    let interest = Mirror::new(Keep::new()).interest();
    assert_eq!(interest.intents(), Intents::GUILDS);
    assert!(
        !interest.wants(EventKind::GuildMemberUpdate) && !interest.wants(EventKind::MessageCreate)
    );
    let interest = Mirror::new(everything()).interest();
    assert!(
        interest
            .intents()
            .contains(Intents::GUILD_MEMBERS | Intents::GUILD_PRESENCES)
    );

    let mirror = Mirror::new(Keep::new());
    feed(&mirror, "GUILD_CREATE", &town());
    feed(&mirror, "MESSAGE_CREATE", &message(11, 60));
    let stats = mirror.stats();
    assert_eq!(
        (
            stats.channels.count,
            stats.members.count,
            stats.users.count,
            stats.messages.count
        ),
        (1, 0, 0, 0)
    );
}

#[test]
fn what_cannot_be_read_changes_nothing_and_is_counted() {
    let mirror = bakery();
    for (name, raw) in [
        ("GUILD_CREATE", "[1]"),
        ("CHANNEL_UPDATE", r#"{"id":"11","guild_id":"1""#),
        (
            "MESSAGE_CREATE",
            r#"{"id":"60","channel_id":"11","guild_id":"1"}"#,
        ),
    ] {
        let event = Dispatch::new(
            Origin::default(),
            Version::default(),
            name,
            raw.as_bytes().to_vec(),
        );
        assert!(matches!(
            mirror.apply_and_tell(&event, &mut Scratch::new()),
            Change::Nothing
        ));
    }
    assert_eq!(mirror.stats().unread, 3);
    assert!(mirror.channel(Id::new(11)).is_some());
}

#[test]
fn guilds_are_written_and_read_side_by_side() {
    let mirror = Mirror::new(everything());
    std::thread::scope(|scope| {
        for guild in 1..=4_u64 {
            let mirror = &mirror;
            scope.spawn(move || {
                for round in 0..50 {
                    let mut create = town();
                    create["id"] = json!(guild.to_string());
                    create["channels"][0]["id"] = json!((100 + guild).to_string());
                    feed(mirror, "GUILD_CREATE", &create);
                    let user = json!({"id": "80", "username": format!("ann{round}")});
                    feed(
                        mirror,
                        "GUILD_MEMBER_UPDATE",
                        &json!({"guild_id": guild.to_string(), "user": user}),
                    );
                    assert!(mirror.member(Id::new(guild), Id::new(80)).is_some());
                    feed(mirror, "GUILD_DELETE", &json!({"id": guild.to_string()}));
                }
            });
        }
    });
    let stats = mirror.stats();
    assert_eq!(
        (stats.guilds.count, stats.users.count, stats.places.count),
        (0, 0, 0)
    );
}

fn everything() -> Keep {
    let keep = Keep::new().members(true).presences(true).voice_states(true);
    let keep = keep.expressions(true).scheduled_events(true).messages(3);
    keep.reactions(true).poll_votes(true).invites(true)
}

/// All kinds, without some fields and members.
fn some(dice: &mut Dice) -> Keep {
    let mut keep = everything();
    if dice.below(2) == 0 {
        let fields = Field::ALL.iter().filter(|_| dice.below(4) == 0);
        keep.without = fields.copied().collect();
    }
    if dice.below(3) == 0 {
        keep = keep.members_per_guild(2);
    }
    keep = keep.seen_members(dice.below(2) == 0);
    if dice.below(4) == 0 {
        keep = keep.reactions(false).poll_votes(false);
    }
    keep
}

fn bakery() -> Mirror {
    let mirror = Mirror::new(everything());
    feed(&mirror, "GUILD_CREATE", &town());
    mirror
}

fn town() -> Value {
    json!({"id": "1", "name": "Bakery", "member_count": 1,
        "roles": [{"id": "50", "name": "bakers"}, {"id": "51", "name": "early"}],
        "channels": [{"id": "11", "type": 0, "name": "general"}],
        "members": [{"user": {"id": "80", "username": "ann"}, "roles": ["51", "50"]}]})
}

fn message(channel: u64, id: u64) -> Value {
    json!({"id": id.to_string(), "channel_id": channel.to_string(), "guild_id": "1", "content": "hi",
        "author": {"id": "81", "username": "bob"}})
}

fn feed(mirror: &Mirror, name: &str, payload: &Value) {
    mirror.apply(&dispatch(name, payload), &mut Scratch::new());
}

fn dispatch(name: &str, payload: &Value) -> Dispatch {
    let raw = serde_json::to_vec(payload).unwrap();
    Dispatch::new(Origin::default(), Version::default(), name, raw)
}
