use std::collections::BTreeSet;

use ovenjs_types::ShardId;
use proptest::prelude::*;

use super::*;
use crate::ErrorKind;

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever was applied: the next process knows the same, and goes on from there.
    #[test]
    fn what_is_written_is_known_again(seed: u64, steps in 1_usize..80) {
        let mut dice = Dice(seed | 1);
        let keep = some(&mut dice);
        let mut mirror = Mirror::new(keep.clone());
        let mut world = World::that_keeps(&keep);
        let mut scratch = Scratch::new();
        for step in 0..2 * steps {
            let (name, payload) = events::event(&mut dice);
            mirror.apply(&dispatch(name, &payload), &mut scratch);
            world.apply(name, &payload);
            if step == steps {
                let bytes = mirror.to_bytes();
                mirror = Mirror::from_bytes(keep.clone(), &bytes, &[ShardId::default()]).unwrap();
                world.assert_mirrored_by(&mirror);
            }
        }
        world.assert_mirrored_by(&mirror);
    }

    #[test]
    fn no_bytes_make_it_panic(cut in any::<prop::sample::Index>(), by in 1_u8.., seed: u64) {
        let mirror = Mirror::new(everything());
        let mut dice = Dice(seed | 1);
        for _ in 0..30 {
            let (name, payload) = events::event(&mut dice);
            mirror.apply(&dispatch(name, &payload), &mut Scratch::new());
        }
        let mut bytes = mirror.to_bytes();
        let at = cut.index(bytes.len());
        let _ = Mirror::from_bytes(everything(), &bytes[..at], &[ShardId::default()]);
        bytes[at] = bytes[at].wrapping_add(by);
        if let Ok(odd) = Mirror::from_bytes(everything(), &bytes, &[ShardId::default()]) {
            for guild in odd.guild_ids() {
                let _ = (odd.guild(guild), odd.members(guild, None, 9), odd.channels(guild));
            }
        }
    }
}

#[test]
fn of_shards_that_begin_anew_nothing_is_left() {
    let mirror = bakery();
    let mut other = town();
    other["id"] = json!((1_u64 << 22).to_string());
    other["channels"][0]["id"] = json!("12");
    feed(&mirror, "GUILD_CREATE", &other);
    let bytes = mirror.to_bytes();
    let next = Mirror::from_bytes(everything(), &bytes, &[ShardId::new(1, 2).unwrap()]).unwrap();
    assert_eq!(next.guild_ids(), [Id::new(1 << 22)]);
    assert!(next.channel(Id::new(11)).is_none() && next.channel(Id::new(12)).is_some());
    assert!(next.user(Id::new(80)).is_some());
    let none = Mirror::from_bytes(everything(), &bytes, &[]).unwrap();
    assert_eq!(
        (none.stats().users.count, none.stats().places.count),
        (0, 0)
    );
}

#[test]
fn what_is_not_kept_any_more_stays_behind() {
    let mirror = bakery();
    for id in 60..63 {
        feed(&mirror, "MESSAGE_CREATE", &message(11, id));
    }
    let bytes = mirror.to_bytes();
    let next = |keep| Mirror::from_bytes(keep, &bytes, &[ShardId::default()]).unwrap();
    let stats = next(Keep::new().messages(1)).stats();
    assert_eq!(
        (stats.members.count, stats.messages.count, stats.users.count),
        (0, 1, 1)
    );
    let stats = next(Keep::new()).stats();
    assert_eq!(
        (
            stats.channels.count,
            stats.messages.count,
            stats.users.count
        ),
        (1, 0, 0)
    );
}

#[test]
fn what_does_not_fit_is_left_out_by_whole_guilds() {
    let mirror = bakery();
    let mut other = town();
    other["id"] = json!("2");
    other["channels"][0]["id"] = json!("12");
    feed(&mirror, "GUILD_CREATE", &other);
    let all = mirror.to_bytes().len();
    let mut seen = BTreeSet::new();
    for most in 0..=all + 30 {
        let bytes = mirror.to_bytes_up_to(most);
        let next = Mirror::from_bytes(everything(), &bytes, &[ShardId::default()]).unwrap();
        for guild in next.guild_ids() {
            assert_eq!(next.channels(guild).len(), 1);
        }
        seen.insert(next.guild_ids().len());
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
}

#[test]
fn what_is_none_or_of_another_version_is_told() {
    let kind = |bytes: &[u8]| {
        let read = Mirror::from_bytes(everything(), bytes, &[ShardId::default()]);
        read.unwrap_err().kind()
    };
    assert_eq!(kind(b"a mirror"), ErrorKind::Foreign);
    let whole = bakery().to_bytes();
    let mut other = whole.clone();
    other[25] ^= 1;
    assert_eq!(kind(&other), ErrorKind::Version);
    for cut in 21..whole.len() {
        assert_eq!(kind(&whole[..cut]), ErrorKind::Damaged, "{cut}");
    }
    assert_eq!(kind(&[&whole[..], b"x"].concat()), ErrorKind::Damaged);
}
