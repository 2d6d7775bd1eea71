//! Retention on real servers and files: one suite for warm tiers, one for hot ones, and a bot's years on all four.

use std::sync::Arc;

use ovenjs_cache::retention::{
    Class, Entries, Entry, EntryId, Erasure, Hot, HotHeld, MemoryHot, MemoryWarm, PAGE_BYTES_MAX,
    Place, Warm,
};
#[cfg(any(feature = "sqlite", all(feature = "postgres", feature = "redis")))]
use ovenjs_cache::{
    blobs::{BlobStore as _, Folder},
    retention::{Keys, Policy, Retention, Tier},
};
use ovenjs_types::Id;
use tokio::task::JoinSet;

/// A warm tier through two handles, empty and nobody else's.
struct Room {
    ours: Arc<dyn Warm>,
    theirs: Arc<dyn Warm>,
    _folder: Option<tempfile::TempDir>,
}

macro_rules! warm_suite {
    ($($kind:ident: $open:expr),* $(,)?) => {$(
        mod $kind {
            warm_suite!(@stories $open =>
                what_is_put_is_found_in_order_and_once,
                large_entries_come_some_at_a_time,
                nothing_is_put_about_whom_an_erasure_covers,
                partitions_say_what_they_hold,
                a_partition_is_dropped_only_as_it_was_read,
                one_user_is_erased_and_the_others_stay,
                erasures_are_remembered_until_they_are_forgotten,
                one_mover_holds_the_lease,
                many_writers_share_a_partition_that_is_dropped_meanwhile,
            );
        }
    )*};
    (@stories $open:expr => $($story:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $story() {
            super::$story($open).await;
        }
    )*};
}

warm_suite! {
    warm_memory: super::memory(),
}

#[cfg(feature = "sqlite")]
warm_suite! {
    warm_sqlite: super::sqlite(),
}

#[cfg(feature = "postgres")]
warm_suite! {
    needs_postgres_warm: super::postgres(),
}

async fn what_is_put_is_found_in_order_and_once(room: Room) {
    let place = place(2_900);
    assert_eq!(room.ours.find(&place, id(1)).await.unwrap(), None);
    let none = room.ours.page(&place, id(0), 9).await.unwrap();
    assert_eq!(none, Entries::default());
    let entries: Vec<_> = (0..1_500).rev().map(entry).collect();
    room.ours.put(&place, &entries).await.unwrap();
    let other = Entry::new(id(3), "another one");
    room.theirs
        .put(&place, &[other, entry(1_500)])
        .await
        .unwrap();
    // The one that was there first stays.
    assert_eq!(room.ours.find(&place, id(3)).await.unwrap(), Some(entry(3)));
    let page = room.theirs.page(&place, id(1_490), 1_000).await.unwrap();
    assert_eq!(page.entries, (1_490..=1_500).map(entry).collect::<Vec<_>>());
    assert_eq!(page.next, None);
    let page = room.ours.page(&place, id(0), 2).await.unwrap();
    assert_eq!(page.entries, [entry(0), entry(1)]);
    let after = EntryId { tie: 2, ..id(1) };
    assert_eq!(page.next, Some(after));
    // All that an entry can have, and the largest numbers.
    let whole = Entry::new(
        EntryId {
            at_ms: u64::MAX,
            tie: u64::MAX,
        },
        vec![0; 100_000],
    )
    .about([Id::new(u64::MAX), Id::new(1)])
    .in_guild(Id::new(2))
    .in_channel(Id::new(3))
    .with_message_content();
    room.ours
        .put(&place, std::slice::from_ref(&whole))
        .await
        .unwrap();
    assert_eq!(
        room.theirs.find(&place, whole.id()).await.unwrap(),
        Some(whole)
    );
}

async fn large_entries_come_some_at_a_time(room: Room) {
    let place = place(2_900);
    let large = |number| Entry::new(id(number), vec![7; 1 << 20]);
    let entries: Vec<_> = (0..10).map(large).collect();
    room.ours.put(&place, &entries).await.unwrap();
    let (mut from, mut found) = (Some(id(0)), Vec::new());
    while let Some(begin) = from {
        let page = room.ours.page(&place, begin, 1_000).await.unwrap();
        assert!(page.entries.len() <= PAGE_BYTES_MAX >> 20);
        found.extend(page.entries);
        from = page.next;
    }
    assert_eq!(found, entries);
}

async fn nothing_is_put_about_whom_an_erasure_covers(room: Room) {
    let wish = Erasure {
        user: Id::new(103),
        until_ms: id(8).at_ms,
        is_confirmed: true,
    };
    room.ours.remember(&wish).await.unwrap();
    let place = place(2_900);
    for entries in [vec![entry(3)], (4..=8).map(entry).collect()] {
        assert!(!room.theirs.put(&place, &entries).await.unwrap());
    }
    assert_eq!(room.ours.places().await.unwrap(), []);
    let kept: Vec<_> = [4, 13].map(entry).into();
    assert!(room.theirs.put(&place, &kept).await.unwrap());
    let page = room.ours.page(&place, id(0), 9).await.unwrap();
    assert_eq!(page.entries, kept);
}

async fn partitions_say_what_they_hold(room: Room) {
    room.ours.put(&place(2_901), &[entry(1)]).await.unwrap();
    room.ours
        .put(&place(2_900), &[entry(1), entry(2)])
        .await
        .unwrap();
    let before = room.theirs.places().await.unwrap();
    let held: Vec<_> = before
        .iter()
        .map(|held| (held.place.week, held.entries))
        .collect();
    assert_eq!(held, [(2_900, 2), (2_901, 1)]);
    assert_eq!(before[0].bytes, 2 * before[1].bytes);
    // What is there already counts once.
    room.ours
        .put(&place(2_900), &[entry(2), entry(3)])
        .await
        .unwrap();
    let after = room.theirs.places().await.unwrap();
    assert_eq!((after[0].entries, after[0].bytes), (3, 3 * before[1].bytes));
    assert_ne!(after[0].stamp, before[0].stamp);
    assert_eq!(after[1], before[1]);
}

async fn a_partition_is_dropped_only_as_it_was_read(room: Room) {
    let place = place(2_900);
    room.ours.put(&place, &[entry(1)]).await.unwrap();
    let read = stamp(&room).await;
    room.theirs.put(&place, &[entry(2)]).await.unwrap();
    assert!(!room.ours.drop_place(&place, read).await.unwrap());
    assert_eq!(room.ours.find(&place, id(1)).await.unwrap(), Some(entry(1)));
    let read = stamp(&room).await;
    assert!(room.ours.drop_place(&place, read).await.unwrap());
    assert!(!room.theirs.drop_place(&place, read).await.unwrap());
    assert_eq!(room.theirs.find(&place, id(1)).await.unwrap(), None);
    assert_eq!(room.theirs.places().await.unwrap(), []);
    // The next one of that place is another one.
    room.theirs.put(&place, &[entry(3)]).await.unwrap();
    assert!(!room.ours.drop_place(&place, read).await.unwrap());
    assert_eq!(room.ours.find(&place, id(3)).await.unwrap(), Some(entry(3)));
}

async fn one_user_is_erased_and_the_others_stay(room: Room) {
    let place = place(2_900);
    // Two users whose bytes hold a third's where they meet.
    let meeting = |number: u64| {
        let users = [0x0102_0304_0506_0708, 0x1112_1314_1516_1718].map(Id::new);
        Entry::new(id(number), "meeting").about(users)
    };
    let entries: Vec<_> = (0..2_500).map(entry).chain([meeting(5_000)]).collect();
    room.ours.put(&place, &entries).await.unwrap();
    let wish = |user: u64, until: u64| Erasure {
        user: Id::new(user),
        until_ms: id(until).at_ms,
        is_confirmed: false,
    };
    assert_eq!(
        room.ours.covered(&place, &wish(100, 999)).await.unwrap(),
        200
    );
    assert_eq!(
        room.theirs.erase(&place, &wish(100, 999)).await.unwrap(),
        200
    );
    assert_eq!(room.ours.covered(&place, &wish(100, 999)).await.unwrap(), 0);
    assert_eq!(room.ours.find(&place, id(5)).await.unwrap(), None);
    assert_eq!(
        room.ours.find(&place, id(1_000)).await.unwrap(),
        Some(entry(1_000))
    );
    assert_eq!(
        room.ours.covered(&place, &wish(100, 9_999)).await.unwrap(),
        300
    );
    let held = room.ours.places().await.unwrap();
    assert_eq!(held[0].entries, 2_301);
    // None has that id, though its bytes are there.
    assert_eq!(
        room.ours
            .erase(&place, &wish(0x0203_0405_0607_0811, 9_999))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        room.ours
            .erase(&place, &wish(0x1112_1314_1516_1718, 9_999))
            .await
            .unwrap(),
        1
    );
}

async fn erasures_are_remembered_until_they_are_forgotten(room: Room) {
    let wish = Erasure {
        user: Id::new(u64::MAX),
        until_ms: 7,
        is_confirmed: false,
    };
    room.ours.remember(&wish).await.unwrap();
    room.ours.remember(&wish).await.unwrap();
    assert_eq!(room.theirs.erasures().await.unwrap(), [wish]);
    let confirmed = Erasure {
        is_confirmed: true,
        ..wish
    };
    room.theirs.remember(&confirmed).await.unwrap();
    assert_eq!(room.ours.erasures().await.unwrap(), [confirmed]);
    room.ours.forget(wish.user, 8).await.unwrap();
    assert_eq!(room.ours.erasures().await.unwrap(), [confirmed]);
    room.ours.forget(wish.user, 7).await.unwrap();
    assert_eq!(room.theirs.erasures().await.unwrap(), []);
}

async fn one_mover_holds_the_lease(room: Room) {
    assert!(room.ours.claim(1_000, 1, 2_000).await.unwrap());
    assert!(room.ours.claim(1_500, 1, 2_500).await.unwrap());
    assert!(!room.theirs.claim(2_400, u64::MAX, 3_000).await.unwrap());
    assert!(room.theirs.claim(2_500, u64::MAX, 3_000).await.unwrap());
    assert!(room.theirs.claim(2_600, u64::MAX, 0).await.unwrap());
    assert!(room.ours.claim(2_600, 1, 4_000).await.unwrap());
}

async fn many_writers_share_a_partition_that_is_dropped_meanwhile(room: Room) {
    let mut writers = JoinSet::new();
    for writer in 0..6_u64 {
        let warm = Arc::clone(if writer % 2 == 0 {
            &room.ours
        } else {
            &room.theirs
        });
        writers.spawn(async move {
            for number in 0..8 {
                let entry = entry(writer * 8 + number);
                warm.put(&place(2_900), &[entry]).await.unwrap();
            }
        });
    }
    // What is read and dropped as it was read is all there is, whoever writes meanwhile.
    let mut found = Vec::new();
    while found.len() < 48 {
        for held in room.ours.places().await.unwrap() {
            let page = room.ours.page(&held.place, id(0), 1_000).await.unwrap();
            if room.ours.drop_place(&held.place, held.stamp).await.unwrap() {
                found.extend(page.entries.iter().map(Entry::id));
            }
        }
        tokio::task::yield_now().await;
    }
    writers.join_all().await;
    found.sort();
    assert_eq!(found, (0..48).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn hot_memory() {
    hot_suite(MemoryHot::new()).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn needs_redis_hot() {
    use ovenjs_cache::retention::RedisHot;

    let link = crate::rooms::shared_redis();
    hot_suite(RedisHot::new(&link, &crate::rooms::fresh())).await;
}

async fn hot_suite(hot: impl Hot) {
    let class = Class::new("moderation").unwrap();
    let now_ms = id(600).at_ms;
    assert_eq!(hot.held(&class).await.unwrap(), HotHeld::default());
    let entries: Vec<_> = (0..600).map(entry).collect();
    hot.put(now_ms, &class, &entries, 3_600_000, u64::MAX)
        .await
        .unwrap();
    assert_eq!(hot.find(&class, id(7)).await.unwrap(), Some(entry(7)));
    assert_eq!(hot.find(&class, id(601)).await.unwrap(), None);
    let other = Class::new("settings").unwrap();
    assert_eq!(hot.find(&other, id(7)).await.unwrap(), None);
    let held = hot.held(&class).await.unwrap();
    assert_eq!((held.entries, held.oldest_ms), (600, Some(id(0).at_ms)));
    assert!(held.bytes > 600 * 10, "{held:?}");

    let wish = Erasure {
        user: Id::new(100),
        until_ms: id(299).at_ms,
        is_confirmed: false,
    };
    assert_eq!(hot.covered(&class, &wish).await.unwrap(), 60);
    assert_eq!(hot.erase(&class, &wish).await.unwrap(), 60);
    assert_eq!(
        (
            hot.covered(&class, &wish).await.unwrap(),
            hot.erase(&class, &wish).await.unwrap()
        ),
        (0, 0)
    );
    assert_eq!(hot.find(&class, id(5)).await.unwrap(), None);
    assert_eq!(hot.find(&class, id(300)).await.unwrap(), Some(entry(300)));

    // The youngest stay, and what is over goes.
    hot.put(now_ms, &class, &[entry(600)], 3_600_000, 10)
        .await
        .unwrap();
    let held = hot.held(&class).await.unwrap();
    assert_eq!((held.entries, held.oldest_ms), (10, Some(id(591).at_ms)));
    assert_eq!(hot.find(&class, id(590)).await.unwrap(), None);
    let later_ms = id(601).at_ms + 3_600_000;
    let young = Entry::new(
        EntryId {
            at_ms: later_ms,
            tie: 1,
        },
        "young",
    );
    hot.put(later_ms, &class, &[young], 3_600_000, 10)
        .await
        .unwrap();
    let held = hot.held(&class).await.unwrap();
    assert_eq!((held.entries, held.oldest_ms), (1, Some(later_ms)));
    // Also where nothing comes.
    hot.put(later_ms, &class, &[], 3_600_000, 0).await.unwrap();
    assert_eq!(hot.held(&class).await.unwrap(), HotHeld::default());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn years_on_files() {
    use ovenjs_cache::retention::SqliteWarm;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.db");
    years(|| SqliteWarm::new(&path), MemoryHot::new).await;
}

#[cfg(all(feature = "postgres", feature = "redis"))]
#[tokio::test]
async fn needs_postgres_needs_redis_years_on_servers() {
    use crate::rooms::{address, fresh, shared_redis};
    use ovenjs_cache::retention::{PostgresWarm, RedisHot};

    let (address, name) = (address("OVENJS_TEST_POSTGRES_URL"), fresh());
    let warm = || PostgresWarm::new(&address, &name).unwrap();
    years(warm, || RedisHot::new(&shared_redis(), &name)).await;
}

/// Two years of a bot: each process has its own handles.
#[cfg(any(feature = "sqlite", all(feature = "postgres", feature = "redis")))]
async fn years<W: Warm + 'static, H: Hot + 'static>(warm: impl Fn() -> W, hot: impl Fn() -> H) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(At(std::sync::atomic::AtomicU64::new(id(0).at_ms)));
    let keys = || Keys::new("2026", &ovenjs_types::Secret::new("07".repeat(32))).unwrap();
    let open = || {
        Retention::builder(warm())
            .hot(hot())
            .cold(Folder::new(folder.path().join("cold")))
            .backup(Folder::new(folder.path().join("backup")), keys())
            .class("moderation", Policy::new())
            .clock(clock.clone())
            .build()
            .unwrap()
    };
    let week = 7 * 86_400_000;
    let of = |number: u64| EntryId {
        at_ms: id(0).at_ms + number / 3 * week,
        tie: number,
    };
    let made = |number: u64| {
        Entry::new(of(number), format!("warning {number}")).about([Id::new(100 + number % 5)])
    };
    let mut kept = open();
    for number in 0..300 {
        clock
            .0
            .store(of(number).at_ms, std::sync::atomic::Ordering::Relaxed);
        kept.put("moderation", made(number)).await.unwrap();
        if number % 30 == 0 {
            kept = open();
            assert_eq!(kept.run().await.unwrap().failures, [""; 0]);
        }
    }
    assert_eq!(kept.run().await.unwrap().failures, [""; 0]);
    let report = kept.report().await.unwrap();
    assert_eq!(report.violations, []);
    let tiers: Vec<_> = report.lines.iter().map(|line| line.tier).collect();
    // A hot tier in the process ended with its process.
    assert!(
        tiers.ends_with(&[Tier::Warm, Tier::Cold, Tier::Backup]),
        "{tiers:?}"
    );
    for number in 0..300 {
        let found = kept.get("moderation", of(number)).await.unwrap();
        assert_eq!(found, Some(made(number)), "{number}");
    }
    let all = kept
        .range("moderation", of(0)..EntryId::at(u64::MAX), 1_000)
        .await
        .unwrap();
    assert_eq!((all.entries.len(), all.next), (300, None));

    let erased = kept.erase_user(Id::new(103)).await.unwrap();
    assert!(erased.is_complete(), "{erased:?}");
    let found: u64 = erased
        .tiers
        .iter()
        .filter(|tier| tier.tier != Tier::Hot)
        .map(|tier| tier.erased)
        .sum();
    // Weeks that are cold are in the backup too.
    assert!(found > 60, "{erased:?}");
    let all = open()
        .range("moderation", of(0)..EntryId::at(u64::MAX), 1_000)
        .await
        .unwrap();
    assert_eq!(all.entries.len(), 240);
    assert!(
        all.entries
            .iter()
            .all(|entry| !entry.subjects().contains(&Id::new(103)))
    );
    // No file holds a byte of it in the clear: neither what was erased nor, in the backup, anything at all.
    for (name, _) in Folder::new(folder.path().join("backup"))
        .names("moderation/")
        .await
        .unwrap()
    {
        let file = Folder::new(folder.path().join("backup"));
        let bytes = file.read(&name, 0, usize::MAX).await.unwrap().unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"warning "), "{name}");
    }
    assert_eq!(kept.verify().await.unwrap().failures, [""; 0]);
}

/// A clock that stands where it was put.
#[cfg(any(feature = "sqlite", all(feature = "postgres", feature = "redis")))]
#[derive(Debug)]
struct At(std::sync::atomic::AtomicU64);

#[cfg(any(feature = "sqlite", all(feature = "postgres", feature = "redis")))]
impl ovenjs_net::Clock for At {
    fn now(&self) -> std::time::Instant {
        ovenjs_net::Clock::now(&ovenjs_net::SystemClock)
    }

    fn wall(&self) -> std::time::SystemTime {
        let millis = self.0.load(std::sync::atomic::Ordering::Relaxed);
        std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis)
    }
}

fn memory() -> Room {
    let warm = Arc::new(MemoryWarm::new());
    Room {
        ours: warm.clone(),
        theirs: warm,
        _folder: None,
    }
}

#[cfg(feature = "sqlite")]
fn sqlite() -> Room {
    use ovenjs_cache::retention::SqliteWarm;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.db");
    let open = || Arc::new(SqliteWarm::new(&path));
    Room {
        ours: open(),
        theirs: open(),
        _folder: Some(folder),
    }
}

#[cfg(feature = "postgres")]
fn postgres() -> Room {
    use crate::rooms::{address, fresh};
    use ovenjs_cache::retention::PostgresWarm;

    let (address, name) = (address("OVENJS_TEST_POSTGRES_URL"), fresh());
    let open = || Arc::new(PostgresWarm::new(&address, &name).unwrap());
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

async fn stamp(room: &Room) -> ovenjs_cache::retention::Stamp {
    room.theirs.places().await.unwrap()[0].stamp
}

fn place(week: u32) -> Place {
    Place {
        class: Class::new("moderation").unwrap(),
        week,
    }
}

fn id(number: u64) -> EntryId {
    EntryId {
        at_ms: 1_760_000_000_000 + number,
        tie: number,
    }
}

fn entry(number: u64) -> Entry {
    Entry::new(id(number), format!("warning {number:05}")).about([Id::new(100 + number % 5)])
}
