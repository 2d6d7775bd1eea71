//! Weeks on their way through tiers that fail at any step.

mod world;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use ovenjs_types::Secret;
use proptest::prelude::*;

use self::world::{CLASS, DAY, World, day, entry, keys, subject, user};
use super::{
    Beyond, ENTRY_BYTES_MAX, Entry, EntryId, Keys, PAGE_BYTES_MAX, PAGE_MAX, Policy,
    RetentionErrorKind, Tier, Violation, Warm as _, build::HEARD_MS, reads::SKEW_MS,
};
use crate::blobs::{BlobStore as _, MemoryBlobs};

#[tokio::test]
async fn three_years_go_through_all_tiers_and_each_entry_is_found_once() {
    let world = World::new(Policy::new());
    let ids = world.fill(0..3 * 365, 1).await;
    let moved = world.kept.run().await.unwrap();
    assert_eq!(moved.failures, [""; 0]);
    assert!(moved.sealed > 100 && moved.archived > 100, "{moved:?}");
    let report = world.kept.report().await.unwrap();
    assert_eq!(report.violations, []);
    let tiers: Vec<_> = report.lines.iter().map(|line| line.tier).collect();
    assert_eq!(tiers, [Tier::Warm, Tier::Cold, Tier::Backup]);
    assert_eq!(world.all().await, ids);
    for id in &ids {
        assert_eq!(
            world.kept.get(CLASS, *id).await.unwrap().unwrap(),
            entry(*id)
        );
    }
    // Again there is nothing to do.
    let moved = world.kept.run().await.unwrap();
    assert_eq!(
        (moved.sealed, moved.archived, moved.dropped, moved.cleared),
        (0, 0, 0, 0)
    );
    let checked = world.kept.verify().await.unwrap();
    assert_eq!(checked.failures, [""; 0]);

    // After seven years and a week nothing is left anywhere.
    world.calendar.days(7 * 365 + 8);
    assert_eq!(world.kept.run().await.unwrap().failures, [""; 0]);
    assert_eq!(world.kept.report().await.unwrap().lines, []);
    assert_eq!(world.files().await, [""; 0]);
}

#[tokio::test]
async fn what_comes_late_joins_its_week_wherever_that_is() {
    let world = World::new(Policy::new());
    world.calendar.days(1);
    let early = EntryId {
        at_ms: day(1),
        tie: 1,
    };
    world.kept.put(CLASS, entry(early)).await.unwrap();
    world.calendar.days(150);
    world.kept.run().await.unwrap();
    let late = EntryId {
        at_ms: day(1),
        tie: 2,
    };
    world.kept.put(CLASS, entry(late)).await.unwrap();
    world.kept.run().await.unwrap();
    assert_eq!(world.all().await, [early, late]);
    // And when only the backup has it.
    world.calendar.days(300);
    world.kept.run().await.unwrap();
    let later = EntryId {
        at_ms: day(1),
        tie: 3,
    };
    world.kept.put(CLASS, entry(later)).await.unwrap();
    world.kept.run().await.unwrap();
    assert_eq!(world.all().await, [early, late, later]);
    let report = world.kept.report().await.unwrap();
    let held: Vec<_> = report
        .lines
        .iter()
        .map(|line| (line.tier, line.entries))
        .collect();
    assert_eq!(held, [(Tier::Backup, 3)]);
}

#[tokio::test]
async fn what_people_wrote_is_refused_unless_the_class_says_why() {
    let world = World::new(Policy::new());
    world.calendar.days(1);
    let said = |id| entry(id).with_message_content();
    let id = EntryId::at(day(1));
    let error = world.kept.put(CLASS, said(id)).await.unwrap_err();
    assert_eq!(error.kind(), RetentionErrorKind::MessageContent);
    assert!(
        error.to_string().contains("with_message_content"),
        "{error}"
    );
    assert_eq!(world.all().await, []);

    let world = World::new(Policy::new().with_message_content("appeals"));
    world.calendar.days(1);
    world.kept.put(CLASS, said(id)).await.unwrap();
    world.calendar.days(98);
    world.kept.run().await.unwrap();
    // It was in no other tier, and is gone for good.
    assert_eq!((world.all().await, world.files().await), (vec![], vec![]));
    let report = world.kept.report().await.unwrap();
    assert_eq!(report.lines, []);
    assert_eq!(report.message_content[0].1, "appeals");
}

#[tokio::test]
async fn an_erasure_reaches_every_tier_and_a_restored_copy() {
    let world = World::new(Policy::new());
    let ids = world.fill(0..3 * 365, 1).await;
    world.kept.run().await.unwrap();
    world.kept.backup().await.unwrap();
    // Somebody keeps a copy of the archives elsewhere.
    let copy = MemoryBlobs::new();
    for (name, _) in world.backup.names("").await.unwrap() {
        let bytes = world
            .backup
            .read(&name, 0, usize::MAX)
            .await
            .unwrap()
            .unwrap();
        copy.write(&name, bytes).await.unwrap();
    }

    let report = world.kept.erase_user(user(3)).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    let tiers: Vec<_> = report
        .tiers
        .iter()
        .map(|tier| (tier.tier, tier.erased > 0))
        .collect();
    let warm_down = [Tier::Warm, Tier::Cold, Tier::Backup].map(|tier| (tier, true));
    assert_eq!(tiers[0].0, Tier::Hot);
    assert_eq!(tiers[1..], warm_down);
    let left: Vec<_> = ids
        .iter()
        .copied()
        .filter(|id| subject(*id) != user(3))
        .collect();
    assert!(left.len() < ids.len());
    assert_eq!(world.all().await, left);
    // What is put afterwards about then is refused; about now it is not.
    let gone = ids
        .iter()
        .copied()
        .find(|id| subject(*id) == user(3))
        .unwrap();
    let error = world.kept.put(CLASS, entry(gone)).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        RetentionErrorKind::Erased | RetentionErrorKind::TooOld
    ));
    world.calendar.days(1);
    let again = EntryId {
        at_ms: world.calendar.now_ms(),
        tie: 3,
    };
    world.kept.put(CLASS, entry(again)).await.unwrap();
    assert_eq!(world.kept.run().await.unwrap().erased, 1);

    // All is lost but the copy and the newest backup's memory of erasures.
    for (name, _) in world.cold.names("").await.unwrap() {
        world.cold.remove(&name).await.unwrap();
    }
    for (name, _) in world.backup.names(CLASS_PREFIX).await.unwrap() {
        world.backup.remove(&name).await.unwrap();
    }
    let world = world.with_new_database();
    assert_eq!(world.all().await, []);
    let restored = world.kept.restore(Arc::new(copy), keys()).await.unwrap();
    assert_eq!(restored.failures, [""; 0]);
    assert!(restored.written > 100, "{restored:?}");
    assert_eq!(world.all().await, left);
    assert!(
        world
            .kept
            .report()
            .await
            .unwrap()
            .violations
            .iter()
            .all(|violation| { !matches!(violation, Violation::Incomplete { .. }) })
    );
}

#[tokio::test]
async fn a_wish_reaches_the_processes_that_do_not_move_anything() {
    let ours = World::new(Policy::new());
    let theirs = ours.another_process();
    let at = |ms_ago, tie| EntryId {
        at_ms: ours.calendar.now_ms() - ms_ago,
        tie,
    };
    let (young, other) = (at(5, 3), at(5, 4));
    for id in [young, other] {
        theirs.kept.put(CLASS, entry(id)).await.unwrap();
    }
    assert!(ours.kept.erase_user(user(3)).await.unwrap().is_complete());
    // They heard of no wish yet. The database has.
    let error = theirs.kept.put(CLASS, entry(at(7, 8))).await.unwrap_err();
    assert_eq!(error.kind(), RetentionErrorKind::Erased);
    assert_eq!(theirs.all().await, [other]);

    // What they have at hand, they give out no longer than they go by what they heard.
    assert!(ours.kept.erase_user(user(4)).await.unwrap().is_complete());
    ours.calendar.millis(HEARD_MS);
    assert_eq!(theirs.kept.get(CLASS, other).await.unwrap(), None);

    // Nor do they where they were to move something, and another one is at it.
    let id = at(1, 2);
    theirs.kept.put(CLASS, entry(id)).await.unwrap();
    assert!(ours.kept.erase_user(user(2)).await.unwrap().is_complete());
    let now_ms = ours.calendar.now_ms();
    assert!(ours.warm.claim(now_ms, 9, now_ms + 1_000).await.unwrap());
    assert!(theirs.kept.run().await.unwrap().is_elsewhere);
    assert_eq!(theirs.kept.get(CLASS, id).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_dated_later_than_clocks_differ_is_refused_and_the_rest_can_be_erased() {
    let world = World::new(Policy::new());
    let id = |at_ms| EntryId { at_ms, tie: 3 };
    let latest = id(world.calendar.now_ms() + SKEW_MS);
    let beyond = id(latest.at_ms + 1);
    let error = world.kept.put(CLASS, entry(beyond)).await.unwrap_err();
    assert_eq!(error.kind(), RetentionErrorKind::NotYet);
    assert!(error.to_string().contains("clock"), "{error}");
    world.kept.put(CLASS, entry(latest)).await.unwrap();
    let report = world.kept.erase_user(user(3)).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.until_ms, world.all().await), (latest.at_ms, vec![]));
    let error = world.kept.put(CLASS, entry(latest)).await.unwrap_err();
    assert_eq!(error.kind(), RetentionErrorKind::Erased);
    world.calendar.millis(1);
    world.kept.put(CLASS, entry(beyond)).await.unwrap();
    assert_eq!(world.all().await, [beyond]);
}

#[tokio::test]
async fn wishes_beside_archives_from_elsewhere_hold_where_these_are_restored() {
    let world = World::new(Policy::new());
    let ids = world.fill(0..20, 5).await;
    world.calendar.days(400);
    world.kept.run().await.unwrap();
    // Somebody copies archives, and later what was erased since.
    let copy = Arc::new(MemoryBlobs::new());
    let read = async |name: &str| {
        let bytes = world.backup.read(name, 0, usize::MAX).await.unwrap();
        bytes.unwrap()
    };
    for (name, _) in world.backup.names("").await.unwrap() {
        copy.write(&name, read(&name).await).await.unwrap();
    }
    assert!(world.kept.erase_user(user(3)).await.unwrap().is_complete());
    for (name, _) in world.backup.names("erasures./").await.unwrap() {
        copy.write(&name, read(&name).await).await.unwrap();
    }
    // One that no clock could have written covers what is there, and not what is yet to come.
    let odd = format!("erasures./{}-{}", user(4), u64::MAX);
    copy.write(&odd, Bytes::new()).await.unwrap();

    let other = world.elsewhere();
    let restored = other.kept.restore(copy, keys()).await.unwrap();
    assert_eq!(restored.failures, [""; 0]);
    let is_left = |id: &&EntryId| ![user(3), user(4)].contains(&subject(**id));
    let left: Vec<_> = ids.iter().filter(is_left).copied().collect();
    assert_eq!(other.all().await, left);
    let error = other.kept.put(CLASS, entry(ids[3])).await.unwrap_err();
    assert_eq!(error.kind(), RetentionErrorKind::Erased);
    other.calendar.days(1);
    assert_eq!(other.kept.run().await.unwrap().erased, 2);
    let again = EntryId {
        at_ms: other.calendar.now_ms(),
        tie: 4,
    };
    other.kept.put(CLASS, entry(again)).await.unwrap();
}

#[tokio::test]
async fn an_entry_stays_as_it_is_once_its_week_is_sealed() {
    let world = World::new(Policy::new());
    let id = EntryId {
        at_ms: day(0),
        tie: 1,
    };
    world.kept.put(CLASS, entry(id)).await.unwrap();
    // Cold, and later in the backup alone.
    for days in [150, 400] {
        world.calendar.days(days);
        world.kept.run().await.unwrap();
        let changed = Entry::new(id, "something else");
        world.kept.put(CLASS, changed).await.unwrap();
        for _ in 0..2 {
            assert_eq!(world.kept.get(CLASS, id).await.unwrap(), Some(entry(id)));
            let end = EntryId::at(u64::MAX);
            let range = world.kept.range(CLASS, id..end, 9).await.unwrap();
            assert_eq!(range.entries, [entry(id)]);
            world.kept.run().await.unwrap();
        }
    }
}

#[tokio::test]
async fn large_entries_are_read_some_at_a_time_wherever_they_are() {
    let world = World::new(Policy::new());
    let id = |tie| EntryId { at_ms: day(0), tie };
    let large = |tie| {
        let body = vec![u8::try_from(tie).unwrap(); ENTRY_BYTES_MAX];
        Entry::new(id(tie), body)
    };
    for tie in 0..10 {
        world.kept.put(CLASS, large(tie)).await.unwrap();
    }
    // Warm, cold, and in the backup alone.
    for days in [0, 150, 400] {
        world.calendar.days(days);
        assert_eq!(world.kept.run().await.unwrap().failures, [""; 0]);
        let (mut from, mut found, mut pages) = (Some(id(0)), 0, 0);
        while let Some(begin) = from {
            let end = EntryId::at(u64::MAX);
            let page = world.kept.range(CLASS, begin..end, PAGE_MAX).await.unwrap();
            let bytes: usize = page.entries.iter().map(|entry| entry.body().len()).sum();
            assert!(bytes <= PAGE_BYTES_MAX, "{bytes}");
            for entry in page.entries {
                assert_eq!(entry, large(found));
                found += 1;
            }
            (from, pages) = (page.next, pages + 1);
        }
        assert_eq!((found, pages), (10, 3), "after {days} days");
    }
}

#[tokio::test]
async fn damage_is_told_by_file_found_in_the_backup_and_mended_by_it() {
    let world = World::new(Policy::new());
    let ids = world.fill(0..20, 30).await;
    world.calendar.days(120);
    world.kept.run().await.unwrap();
    let names = world.cold.names("").await.unwrap();
    let (spoiled, len) = names[0].clone();
    let mut bytes = world
        .cold
        .read(&spoiled, 0, usize::MAX)
        .await
        .unwrap()
        .unwrap()
        .to_vec();
    let middle = usize::try_from(len).unwrap() / 3;
    bytes[middle] ^= 0xff;
    world.cold.write(&spoiled, bytes.into()).await.unwrap();

    let checked = world.kept.verify().await.unwrap();
    assert_eq!(checked.failures.len(), 1);
    assert!(checked.failures[0].contains(&spoiled), "{checked:?}");
    // It is in the backup too.
    for id in &ids {
        assert!(
            world.kept.get(CLASS, *id).await.unwrap().is_some(),
            "{id:?}"
        );
    }
    let restored = world
        .kept
        .restore(world.backup.0.clone(), keys())
        .await
        .unwrap();
    assert_eq!(
        (restored.failures.len(), restored.written),
        (0, 1),
        "{restored:?}"
    );
    assert_eq!(world.kept.verify().await.unwrap().failures, [""; 0]);
    assert_eq!(world.all().await, ids);

    // Archives of somebody else's keys, and what is none.
    let foreign = MemoryBlobs::new();
    let name = world.backup.names("").await.unwrap()[0].0.clone();
    let archive = world
        .backup
        .read(&name, 0, usize::MAX)
        .await
        .unwrap()
        .unwrap();
    foreign.write(&name, archive.clone()).await.unwrap();
    let other = Keys::new("2026", &Secret::new("99".repeat(32))).unwrap();
    let foreign = Arc::new(foreign);
    let told = world.kept.restore(foreign.clone(), other).await.unwrap();
    assert!(told.failures[0].contains("another one"), "{told:?}");
    assert!(!told.failures[0].contains("9999"), "{told:?}");
    for bytes in [
        Bytes::from_static(b"bread"),
        Bytes::new(),
        archive.slice(..archive.len() - 1),
    ] {
        foreign.write(&name, bytes).await.unwrap();
        let told = world.kept.restore(foreign.clone(), keys()).await.unwrap();
        assert!(told.failures[0].contains(&name), "{told:?}");
        assert_eq!(told.written, 0);
    }
    assert_eq!(world.all().await, ids);
}

#[tokio::test]
async fn keys_turn_and_the_old_one_is_needed_no_more() {
    let world = World::new(Policy::new());
    let ids = world.fill(0..20, 2).await;
    world.calendar.days(400);
    world.kept.run().await.unwrap();
    let new = || Keys::new("2027", &Secret::new("2a".repeat(32))).unwrap();
    let both = new()
        .also_read("2026", &Secret::new("07".repeat(32)))
        .unwrap();
    let turned = world.with_keys(both).kept.rekey().await.unwrap();
    assert!(
        turned.written > 0 && turned.failures.is_empty(),
        "{turned:?}"
    );
    let world = world.with_keys(new());
    assert_eq!(world.all().await, ids);
    assert_eq!(world.kept.rekey().await.unwrap().written, 0);
    let error = world
        .with_keys(keys())
        .kept
        .get(CLASS, ids[0])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RetentionErrorKind::Key);
}

#[tokio::test]
async fn after_a_leak_archives_are_encrypted_anew_and_not_only_their_keys_wrapped() {
    let world = World::new(Policy::new());
    let ids = world.fill(0..5, 2).await;
    world.calendar.days(400);
    world.kept.run().await.unwrap();
    let (name, len) = world.backup.names(CLASS_PREFIX).await.unwrap()[0].clone();
    let end = async || {
        let bytes = world.backup.read(&name, len - 64, 64).await.unwrap();
        bytes.unwrap()
    };
    let leaked = end().await;
    let new = Keys::new("2027", &Secret::new("2a".repeat(32))).unwrap();
    let both = new
        .also_read("2026", &Secret::new("07".repeat(32)))
        .unwrap();
    let after = world.with_keys(both);
    assert!(after.kept.rekey().await.unwrap().written > 0);
    assert_eq!(end().await, leaked, "who kept its key still reads it");
    let resealed = after.kept.reseal().await.unwrap();
    assert_eq!(
        (resealed.written, resealed.failures.len()),
        (resealed.places, 0)
    );
    assert_ne!(end().await, leaked);
    assert_eq!(after.all().await, ids);
}

#[tokio::test]
async fn limits_forget_the_oldest_where_the_policy_says_so() {
    let policy = Policy::new()
        .limit(Tier::Warm, 20, u64::MAX)
        .beyond(Beyond::Forget);
    let world = World::new(policy);
    let ids = world.fill(0..60, 1).await;
    world.kept.run().await.unwrap();
    let left = world.all().await;
    assert!(left.len() <= 20 && ids.ends_with(&left), "{}", left.len());
    assert_eq!(world.kept.report().await.unwrap().violations, []);
}

#[tokio::test]
async fn only_one_mover_moves() {
    let world = World::new(Policy::new());
    world.fill(0..5, 1).await;
    world.calendar.days(120);
    let until_ms = world.calendar.now_ms() + 1_000;
    assert!(
        world
            .warm
            .claim(until_ms - 1_000, 9, until_ms)
            .await
            .unwrap()
    );
    assert!(world.kept.run().await.unwrap().is_elsewhere);
    world.calendar.days(1);
    assert!(world.kept.run().await.unwrap().sealed > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever fails at whichever call, nothing is lost, nothing comes twice, and nothing that was erased comes back.
    #[test]
    fn a_cut_at_any_step_loses_nothing_and_brings_nothing_back(
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new(Policy::new());
            let mut model: BTreeMap<EntryId, ()> = BTreeMap::new();
            let mut tie = 0;
            for step in steps {
                match step {
                    Step::Put { days_ago, count } => {
                        for _ in 0..count {
                            tie += 1;
                            let at_ms = world.calendar.now_ms() - u64::from(days_ago) * DAY;
                            let id = EntryId { at_ms, tie };
                            match world.kept.put(CLASS, entry(id)).await {
                                Ok(()) => { model.insert(id, ()); }
                                // About somebody who had that time erased.
                                Err(error) => assert_eq!(error.kind(), RetentionErrorKind::Erased),
                            }
                        }
                    }
                    Step::Wait { days } => world.calendar.days(u64::from(days)),
                    Step::Run { cut } => {
                        world.calls.cut(cut);
                        let _ = world.kept.run().await;
                        world.calls.mend();
                        // Whoever holds the lease is gone.
                        world.calendar.days(1);
                    }
                    Step::Backup { cut } => {
                        world.calls.cut(cut);
                        let _ = world.kept.backup().await;
                        world.calls.mend();
                    }
                    Step::Erase { who, cut } => {
                        world.calls.cut(cut);
                        let user = user(who);
                        let written_down = world.kept.erase_user(user).await.is_ok();
                        world.calls.mend();
                        let until = world.calendar.now_ms() + SKEW_MS;
                        let known = world.kept.load_erasures().await.unwrap();
                        // A wish that reached one of the two ledgers counts.
                        if written_down || known.iter().any(|known| known.user == user && known.until_ms == until) {
                            model.retain(|id, ()| subject(*id) != user || id.at_ms > until);
                        }
                    }
                }
                let oldest = world.calendar.now_ms() - 7 * 365 * DAY;
                let expected: Vec<_> = model.keys().copied().filter(|id| id.at_ms > oldest).collect();
                assert_eq!(world.all().await, expected);
            }
            // In the end all is as if nothing had ever failed. Nobody is putting anything since long.
            world.calendar.days(1);
            world.kept.run().await.unwrap();
            let moved = world.kept.run().await.unwrap();
            assert_eq!(moved.failures, [""; 0]);
            assert_eq!((moved.sealed, moved.archived, moved.dropped, moved.cleared), (0, 0, 0, 0));
            let report = world.kept.report().await.unwrap();
            assert_eq!((report.violations, report.erasures_pending), (vec![], 0));
            assert_eq!(world.kept.verify().await.unwrap().failures, [""; 0]);
            let erasures = world.kept.load_erasures().await.unwrap();
            for erasure in erasures.iter() {
                let report = world.kept.erase_user(erasure.user).await.unwrap();
                let erased = |id: &EntryId| subject(*id) == erasure.user;
                let since = model.keys().filter(|id| erased(id)).count();
                assert!(report.is_complete());
                assert!(since > 0 || report.tiers.iter().all(|tier| tier.erased == 0), "{report:?}");
                model.retain(|id, ()| !erased(id));
            }
        });
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put { days_ago: u16, count: u8 },
    Wait { days: u16 },
    Run { cut: Option<u64> },
    Backup { cut: Option<u64> },
    Erase { who: u64, cut: Option<u64> },
}

fn step() -> impl Strategy<Value = Step> {
    let cut = || prop_oneof![1 => Just(None), 3 => (0_u64..60).prop_map(Some)];
    prop_oneof![
        4 => (0_u16..800, 1_u8..6).prop_map(|(days_ago, count)| Step::Put { days_ago, count }),
        2 => (1_u16..300).prop_map(|days| Step::Wait { days }),
        4 => cut().prop_map(|cut| Step::Run { cut }),
        1 => cut().prop_map(|cut| Step::Backup { cut }),
        2 => (0_u64..5, cut()).prop_map(|(who, cut)| Step::Erase { who, cut }),
    ]
}

const CLASS_PREFIX: &str = "moderation/";
