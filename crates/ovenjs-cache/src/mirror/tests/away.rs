//! A mirror whose guilds go away and come back, against the model that keeps all.

use std::collections::BTreeMap;

use super::{events::*, *};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever comes while guilds are here, leave, are away or come back: in the end nothing tells that they
    /// ever were away.
    #[test]
    fn who_comes_back_has_missed_nothing(seed: u64, steps in 1_usize..120) {
        let mut dice = Dice(seed | 1);
        let keep = some(&mut dice);
        let mut mirror = Mirror::new(keep.clone());
        let mut world = World::that_keeps(&keep);
        let mut scratch = Scratch::new();
        let mut store = Store::default();
        for seq in 1..=steps {
            match dice.below(12) {
                0 | 1 => store.pack(&mirror, dice.among(GUILDS)),
                2 => store.let_go(&mirror, dice.among(GUILDS)),
                3 => store.bring_back(&mirror, dice.among(GUILDS)),
                4 if dice.below(4) == 0 => {
                    mirror.outdate_shard(ShardId::default());
                    world.outdate();
                }
                4 if dice.below(4) == 0 => {
                    // Those that leave just now are here in the next process.
                    store.leaving.clear();
                    mirror = Mirror::from_bytes(keep.clone(), &mirror.to_bytes(), &[ShardId::default()]).unwrap();
                }
                _ => {
                    let (name, mut payload) = event(&mut dice);
                    settle_users(&mut payload);
                    let dispatch = numbered(name, &payload, seq);
                    world.apply(name, &payload);
                    mirror.apply(&dispatch, &mut scratch);
                    for wanted in mirror.guilds_wanted_back() {
                        store.bring_back(&mirror, wanted.get());
                    }
                }
            }
            let stats = mirror.stats();
            prop_assert_eq!(stats.bytes(), mirror.bytes(), "it is counted as it changes");
        }
        for guild in GUILDS {
            store.bring_back(&mirror, guild);
        }
        world.assert_mirrored_by(&mirror);
        prop_assert_eq!((mirror.stats().away.guilds, mirror.stats().away.lost), (0, 0));

        // And nothing is held for nobody.
        for guild in GUILDS {
            mirror.apply(&dispatch("GUILD_DELETE", &json!({"id": guild.to_string()})), &mut scratch);
        }
        for channel in CHANNELS.chain(THREADS) {
            let gone = json!({"id": channel.to_string(), "type": 1});
            mirror.apply(&dispatch("CHANNEL_DELETE", &gone), &mut scratch);
        }
        let stats = mirror.stats();
        let left = [stats.guilds, stats.channels, stats.threads, stats.members, stats.users, stats.places, stats.messages];
        prop_assert!(left.iter().all(|left| left.count == 0), "{stats:?}");
        prop_assert_eq!(stats.away.bytes, 0);
    }

    /// Users change while some of their guilds are away, and Discord tells each guild, in any order.
    #[test]
    fn who_changes_meanwhile_is_known_as_they_are(seed: u64, steps in 1_usize..120) {
        let mut dice = Dice(seed | 1);
        let mirror = Mirror::new(everything());
        let mut store = Store::default();
        let guilds = 1..=3_u64;
        for guild in guilds.clone() {
            feed(&mirror, "GUILD_CREATE", &json!({"id": guild.to_string(), "name": "Mill"}));
        }
        let mut members = std::collections::BTreeSet::new();
        let mut names: BTreeMap<u64, usize> = (80..83).map(|user| (user, 0)).collect();
        let is_in = |guild: u64, user: u64, name: usize| {
            let user = json!({"id": user.to_string(), "username": format!("name {name}")});
            json!({"guild_id": guild.to_string(), "user": user})
        };
        for step in 1..=steps {
            let (guild, user) = (dice.among(1..4), dice.among(80..83));
            match dice.below(9) {
                0 | 1 => store.pack(&mirror, guild),
                2 | 3 => store.let_go(&mirror, guild),
                4 => store.bring_back(&mirror, guild),
                5 => {
                    members.insert((guild, user));
                    feed(&mirror, "GUILD_MEMBER_ADD", &is_in(guild, user, names[&user]));
                }
                6 => {
                    members.remove(&(guild, user));
                    feed(&mirror, "GUILD_MEMBER_REMOVE", &is_in(guild, user, names[&user]));
                }
                _ => {
                    names.insert(user, step);
                    for (guild, _) in members.iter().filter(|(_, member)| *member == user) {
                        feed(&mirror, "GUILD_MEMBER_UPDATE", &is_in(*guild, user, step));
                        if dice.below(4) == 0 {
                            store.bring_back(&mirror, *guild);
                        }
                    }
                }
            }
            for wanted in mirror.guilds_wanted_back() {
                store.bring_back(&mirror, wanted.get());
            }
        }
        for guild in guilds {
            store.bring_back(&mirror, guild);
        }
        for (user, name) in names {
            let known = mirror.user(Id::new(user)).map(|user| user.username.to_string());
            let is_member = members.iter().any(|(_, member)| *member == user);
            prop_assert_eq!(known, is_member.then(|| format!("name {name}")));
        }
    }

    #[test]
    fn no_bytes_make_a_block_panic(cut in any::<prop::sample::Index>(), by in 1_u8.., seed: u64) {
        let mirror = bakery();
        let mut dice = Dice(seed | 1);
        for _ in 0..30 {
            let (name, payload) = event(&mut dice);
            mirror.apply(&dispatch(name, &payload), &mut Scratch::new());
        }
        let guild = Id::new(GUILDS.start);
        let Some(packed) = mirror.pack(guild) else { return Ok(()) };
        prop_assert!(mirror.let_go(&packed));
        let mut bytes = packed.bytes().to_vec();
        let at = cut.index(bytes.len());
        for odd in [bytes[..at].to_vec(), { bytes[at] = bytes[at].wrapping_add(by); bytes.clone() }] {
            if let Ok(odd) = GuildBlock::from_bytes(guild, odd.into())
                && mirror.bring_back(&odd).is_ok()
            {
                let _ = (mirror.guild(guild), mirror.members(guild, None, 9), mirror.channels(guild));
            }
        }
    }
}

/// Where the blocks are meanwhile.
#[derive(Default)]
struct Store {
    leaving: BTreeMap<u64, GuildBlock>,
    kept: BTreeMap<u64, GuildBlock>,
}

impl Store {
    fn pack(&mut self, mirror: &Mirror, guild: u64) {
        if let Some(packed) = mirror.pack(Id::new(guild)) {
            self.leaving.insert(guild, packed);
        }
    }

    fn let_go(&mut self, mirror: &Mirror, guild: u64) {
        let Some(packed) = self.leaving.remove(&guild) else {
            return;
        };
        if mirror.let_go(&packed) {
            self.kept.insert(guild, packed);
        } else {
            mirror.stay(&packed);
        }
    }

    fn bring_back(&self, mirror: &Mirror, guild: u64) {
        if mirror.is_away(Id::new(guild)) {
            let kept = &self.kept[&guild];
            let read = GuildBlock::from_bytes(Id::new(guild), kept.bytes().clone()).unwrap();
            assert_eq!(read.version(), kept.version());
            let is_stale = mirror.state(Id::new(guild)).unwrap().is_stale;
            let expected = [Returned::Back, Returned::Stale][usize::from(is_stale)];
            assert_eq!(mirror.bring_back(&read).unwrap(), expected);
        }
    }
}

/// Whoever changes does so in all guilds, which Discord tells each of; what is told of users by itself is
/// [played](who_changes_meanwhile_is_known_as_they_are) by itself.
fn settle_users(payload: &mut Value) {
    match payload {
        Value::Object(fields) => {
            for (name, value) in fields {
                if matches!(name.as_str(), "user" | "author") && value["id"].is_string() {
                    let id = value["id"].clone();
                    *value = json!({"username": format!("user {id}"), "id": id});
                } else {
                    settle_users(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(settle_users),
        _ => {}
    }
}

fn numbered(name: &str, payload: &Value, seq: usize) -> Dispatch {
    let raw = serde_json::to_vec(payload).unwrap();
    let version = Version {
        epoch: 1,
        seq: seq.try_into().unwrap(),
    };
    Dispatch::new(Origin::default(), version, name, raw)
}

const GUILD: Id<GuildMarker> = Id::new(1);

fn away() -> (Mirror, GuildBlock) {
    let mirror = bakery();
    let packed = mirror.pack(GUILD).unwrap();
    assert!(mirror.let_go(&packed));
    (mirror, packed)
}

#[test]
fn a_guild_that_is_away_takes_next_to_nothing_and_says_so() {
    let (mirror, packed) = away();
    let state = mirror.state(GUILD).unwrap();
    assert!(state.is_away && !state.is_stale && !state.has_all_members);
    assert_eq!(mirror.guild_ids(), [GUILD]);
    assert_eq!(
        (mirror.guild(GUILD), mirror.channel(Id::new(11))),
        (None, None)
    );
    let stats = mirror.stats();
    assert_eq!(
        (stats.guilds.count, stats.users.count, stats.places.count),
        (0, 0, 0)
    );
    assert_eq!((stats.away.guilds, stats.away.events), (1, 0));
    assert!(stats.away.bytes < 256, "{stats:?}");

    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Back));
    assert!(!mirror.state(GUILD).unwrap().is_away);
    assert!(mirror.user(Id::new(80)).is_some() && mirror.channel(Id::new(11)).is_some());
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Here));
}

#[test]
fn a_user_who_comes_back_with_a_guild_is_not_older_than_known() {
    let (mirror, packed) = away();
    let named = |guild: u64, name: &str| json!({"guild_id": guild.to_string(), "user": {"id": "80", "username": name}});
    // Nobody else knows the user.
    feed(&mirror, "GUILD_MEMBER_UPDATE", &named(1, "anna"));
    assert_eq!(mirror.user(Id::new(80)).unwrap().username, "anna");
    feed(&mirror, "GUILD_CREATE", &json!({"id": "2", "name": "Mill"}));
    feed(&mirror, "GUILD_MEMBER_ADD", &named(2, "annabel"));
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Back));
    assert_eq!(
        mirror
            .member(GUILD, Id::new(80))
            .unwrap()
            .user
            .unwrap()
            .username,
        "annabel"
    );
}

#[test]
fn a_guild_that_is_sent_anew_needs_nothing_of_what_is_away() {
    let (mirror, packed) = away();
    feed(
        &mirror,
        "CHANNEL_DELETE",
        &json!({"id": "11", "type": 0, "guild_id": "1"}),
    );
    let mut anew = town();
    anew["name"] = json!("Pastry");
    feed(&mirror, "GUILD_CREATE", &anew);
    assert_eq!(mirror.guild(GUILD).unwrap().name, "Pastry");
    assert!(mirror.channel(Id::new(11)).is_some(), "it is there again");
    assert_eq!(mirror.stats().away, AwayTally::default());
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Here));
    assert_eq!(mirror.guild(GUILD).unwrap().name, "Pastry");

    // And of one that was left nothing comes back.
    let packed = mirror.pack(GUILD).unwrap();
    assert!(mirror.let_go(&packed));
    feed(&mirror, "GUILD_DELETE", &json!({"id": "1"}));
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Gone));
    assert_eq!((mirror.state(GUILD), mirror.stats().users.count), (None, 0));
}

#[test]
fn after_a_gap_what_comes_back_is_stale_until_it_is_sent_anew() {
    let (mirror, packed) = away();
    mirror.outdate_shard(ShardId::default());
    assert!(mirror.state(GUILD).unwrap().is_stale);
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Stale));
    assert!(mirror.state(GUILD).unwrap().is_stale);
    feed(&mirror, "GUILD_CREATE", &town());
    assert!(!mirror.state(GUILD).unwrap().is_stale);
}

#[test]
fn an_older_block_than_the_one_that_left_is_stale() {
    let mirror = bakery();
    let older = mirror.copy_block(GUILD).unwrap();
    mirror.apply(
        &numbered(
            "GUILD_ROLE_DELETE",
            &json!({"guild_id": "1", "role_id": "51"}),
            7,
        ),
        &mut Scratch::new(),
    );
    let packed = mirror.pack(GUILD).unwrap();
    assert!(mirror.let_go(&packed));
    assert_eq!(mirror.bring_back(&older), Ok(Returned::Stale));
    assert!(mirror.state(GUILD).unwrap().is_stale);
}

#[test]
fn what_does_not_fit_any_more_is_counted_and_the_guild_says_that_it_is_stale() {
    let (mirror, packed) = away();
    assert!(mirror.guilds_wanted_back().is_empty());
    let mut sent = 0;
    while mirror.stats().away.lost == 0 {
        sent += 1;
        let mut message = message(11, sent);
        message["content"] = json!("rye ".repeat(2_000));
        feed(&mirror, "MESSAGE_CREATE", &message);
        assert!(sent < 1_000, "there is a bound");
    }
    let kept = mirror.stats().away;
    assert_eq!(u64::try_from(kept.events).unwrap() + kept.lost, sent);
    assert_eq!(mirror.guilds_wanted_back(), [GUILD], "long before");
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Stale));
    assert!(mirror.channel(Id::new(11)).is_some() && mirror.guilds_wanted_back().is_empty());
}

#[test]
fn who_leaves_while_much_comes_stays() {
    let mirror = bakery();
    let packed = mirror.pack(GUILD).unwrap();
    assert_eq!(mirror.pack(GUILD), None, "it leaves already");
    for id in 0..200 {
        feed(&mirror, "MESSAGE_CREATE", &message(11, 1_000 + id));
    }
    assert!(!mirror.let_go(&packed) && !mirror.is_away(GUILD));
    assert_eq!(mirror.stats().away, AwayTally::default());
    // Or because nobody took it.
    let packed = mirror.pack(GUILD).unwrap();
    mirror.stay(&packed);
    assert!(!mirror.let_go(&packed) && mirror.guild(GUILD).is_some());
    // Or because it was replaced on the way, be it that it leaves anew.
    let packed = mirror.pack(GUILD).unwrap();
    feed(&mirror, "GUILD_CREATE", &town());
    let again = mirror.pack(GUILD).unwrap();
    assert!(!mirror.let_go(&packed) && mirror.let_go(&again));
}

#[test]
fn the_budget_takes_what_waits_before_it_takes_guilds() {
    let mirror = Mirror::new(everything().bytes(60_000));
    feed(&mirror, "GUILD_CREATE", &town());
    let packed = mirror.pack(GUILD).unwrap();
    assert!(mirror.let_go(&packed));
    feed(
        &mirror,
        "GUILD_ROLE_DELETE",
        &json!({"guild_id": "1", "role_id": "51"}),
    );
    let mut guild = 1;
    while mirror.stats().away.lost == 0 {
        guild += 1;
        feed(
            &mirror,
            "GUILD_CREATE",
            &json!({"id": guild.to_string(), "name": "Mill"}),
        );
        let gone = mirror.stats();
        assert!(gone.evicted.guilds == 0 || gone.away.lost == 1, "{gone:?}");
        assert!(guild < 1_000, "the budget holds");
    }
    assert!(mirror.stats().bytes() <= 60_000 && mirror.state(GUILD).unwrap().is_stale);
    assert_eq!(mirror.bring_back(&packed), Ok(Returned::Stale));
}

#[test]
fn a_block_of_a_former_process_is_stale_until_its_session_goes_on() {
    let (former, packed) = away();
    let other = former.copy_block(GUILD);
    assert_eq!(other, None, "it is away");
    for (is_whole, goes_on, is_stale) in [
        (true, true, false),
        (true, false, true),
        (false, true, true),
    ] {
        let mirror = Mirror::new(everything());
        assert_eq!(mirror.enter(&packed, is_whole), Ok(true));
        assert_eq!(mirror.enter(&packed, is_whole), Ok(false), "it is here");
        assert!(mirror.state(GUILD).unwrap().is_stale && mirror.user(Id::new(80)).is_some());
        if !goes_on {
            mirror.outdate_shard(ShardId::default());
        }
        mirror.resumed(ShardId::new(1, 2).unwrap());
        assert!(
            mirror.state(GUILD).unwrap().is_stale,
            "that is another shard"
        );
        mirror.resumed(ShardId::default());
        assert_eq!(mirror.state(GUILD).unwrap().is_stale, is_stale);
    }
}
