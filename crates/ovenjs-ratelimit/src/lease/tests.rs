//! Stories about processes that share limits, with a store that is a map.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::*;
use crate::{
    Config, Line, Obstacle, Reservation, Verdict,
    limiter::tests::{post, start, told},
};

#[test]
fn one_process_has_all_and_two_have_half_each() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    one.exchange(&mut store, now);
    now += ms(1_500);
    one.exchange(&mut store, now);
    assert_eq!(one.lease.stats(now).places, 50);
    two.exchange(&mut store, now);
    // The other one has not given anything up yet.
    assert_eq!(two.lease.stats(now).places, 0);
    rounds(&mut now, &mut store, 3, ms(300), [&mut one, &mut two]);
    let places = [&one, &two].map(|member| member.lease.stats(now).places);
    assert_eq!(places, [25, 25]);
    assert_eq!(two.lease.stats(now).members, 2);
}

#[test]
fn a_bucket_is_the_first_ones_until_another_wants_it() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    rounds(&mut now, &mut store, 8, ms(300), [&mut one, &mut two]);
    // A new bucket is asked for, and is then the process's own.
    assert!(one.is_held_up_by_lease(now));
    one.exchange(&mut store, now);
    let permit = one.ready(now).expect("the bucket is its own");
    one.limiter
        .settle(now, permit, Verdict::Counted(told(4, 3, 1_000)));
    // With its next request it tells how large the bucket is.
    drop(one.ready(now));
    assert!(two.is_held_up_by_lease(now));
    for _ in 0..6 {
        now += ms(300);
        two.exchange(&mut store, now);
        one.exchange(&mut store, now);
        let _ = two.is_held_up_by_lease(now);
    }
    // What one does not use the other has.
    assert!(two.ready(now).is_some());
}

#[test]
fn a_route_without_a_limit_is_each_processs_own() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    let settle = |now: &mut Instant, store: &mut Store, one: &mut Member, two: &mut Member| {
        for _ in 0..4 {
            *now += ms(250);
            one.exchange(store, *now);
            two.exchange(store, *now);
        }
    };
    settle(&mut now, &mut store, &mut one, &mut two);
    settle(&mut now, &mut store, &mut one, &mut two);
    let pass = |member: &Member, now| {
        let mut permit = member.ready(now).expect("it has a place");
        permit.sent(now);
        let nothing = Verdict::Counted(crate::Headers::default());
        member.limiter.settle(now, permit, nothing);
    };
    assert!(one.is_held_up_by_lease(now));
    one.exchange(&mut store, now);
    pass(&one, now);
    // It has had its answer, and asks for nothing more.
    assert!(two.is_held_up_by_lease(now));
    settle(&mut now, &mut store, &mut one, &mut two);
    pass(&two, now);
    for _ in 0..5 {
        pass(&one, now);
        pass(&two, now);
    }
}

#[test]
fn whoever_was_stopped_finds_its_lease_ended_and_its_answer_too_late() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    rounds(&mut now, &mut store, 8, ms(300), [&mut one, &mut two]);
    // It has read, and is stopped before it writes.
    now += ms(300);
    let Some(LeaseDeed::Read(cells)) = one.lease.poll(now) else {
        panic!()
    };
    let read = store.read(now, &cells);
    one.lease.handle(now, read);
    let writes = one.lease.poll(now);
    rounds(&mut now, &mut store, 50, ms(300), [&mut two]);
    assert!(two.lease.stats(now).places > 40, "the other one goes on");
    let Some(LeaseDeed::Write(writes)) = writes else {
        panic!()
    };
    // Its writing is of a board that is gone.
    let news = store.write(writes);
    assert_eq!(news, LeaseNews::Written(false));
    one.lease.handle(now, news);
    let stats = one.lease.stats(now);
    assert!(!stats.is_leased);
    assert!(stats.places + two.lease.stats(now).places <= 50);
    assert!(one.lease.take_changed());
}

/// What is in use is written again before the store forgets it, also where nothing about it changes.
#[test]
fn a_bucket_that_is_used_for_an_hour_stays_its_owners() {
    let mut now = start();
    let mut store = Store::default();
    let mut one = Member::new(now, 1);
    rounds(&mut now, &mut store, 8, ms(300), [&mut one]);
    assert!(one.is_held_up_by_lease(now));
    for _ in 0..3_600 {
        one.exchange(&mut store, now);
        let permit = one.ready(now).expect("the bucket is its own");
        let told = told(4, 3, 500);
        one.limiter.settle(now, permit, Verdict::Counted(told));
        now += ms(1_000);
        store.read(now, &[]);
        let kept: Vec<_> = store.values.keys().map(Option::is_some).collect();
        assert_eq!(kept, [false, true], "the board and the bucket");
    }
}

#[test]
fn a_process_that_leaves_is_not_waited_for() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    rounds(&mut now, &mut store, 8, ms(300), [&mut one, &mut two]);
    one.lease.leave(now);
    one.exchange(&mut store, now);
    assert!(one.ready(now).is_none());
    assert_eq!(one.lease.deadline(now), None);
    // Its last requests have been counted after three seconds.
    rounds(&mut now, &mut store, 12, ms(300), [&mut two]);
    assert_eq!(two.lease.stats(now).places, 50);
}

/// A bucket of a thousand places of which one is used now and then may give its places back one by one, in
/// a quarter of an hour.
#[test]
fn a_seldom_used_bucket_is_the_next_ones_when_its_process_leaves_or_dies() {
    let wait = |dies: bool| {
        let mut now = start();
        let mut store = Store::default();
        let mut one = Member::new(now, 1);
        rounds(&mut now, &mut store, 8, ms(300), [&mut one]);
        assert!(one.is_held_up_by_lease(now));
        for _ in 0..3 {
            one.exchange(&mut store, now);
            let mut permit = one.ready(now).expect("the bucket is its own");
            permit.sent(now);
            let told = told(1_000, 999, 1_000);
            one.limiter.settle(now, permit, Verdict::Counted(told));
            now += ms(5_500);
        }
        if !dies {
            one.lease.leave(now);
            one.exchange(&mut store, now);
            assert_eq!(one.lease.deadline(now), None);
        }
        drop(one);
        let (mut two, began) = (Member::new(now, 2), now);
        while two.ready(now).is_none() {
            now += ms(250);
            two.exchange(&mut store, now);
            assert!(now - began < ms(60_000), "it waits for ever");
        }
        now - began
    };
    // The last requests of whoever leaves may be counted for three seconds.
    assert!(wait(false) <= ms(4_000), "{:?}", wait(false));
    assert!(wait(true) <= ms(25_000), "{:?}", wait(true));
}

#[test]
fn invalid_requests_are_counted_over_all_processes() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    let live = crate::Live::new().invalid_max(10);
    two.limiter.apply(live);
    rounds(&mut now, &mut store, 8, ms(300), [&mut one, &mut two]);
    let bulk = |member: &Member, now| {
        let ask = post(7).exempt_from_global(true);
        member
            .limiter
            .reserve(now, &ask.priority(crate::Priority::Bulk))
    };
    assert!(matches!(bulk(&two, now), Reservation::Ready(_)));
    // Half of what is borne, and all of it by the other one.
    for _ in 0..5 {
        let ask = post(8).exempt_from_global(true);
        let Reservation::Ready(permit) = one.limiter.reserve(now, &ask) else {
            panic!()
        };
        let refused = Verdict::Refused(told(5, 4, 1_000));
        one.limiter.settle(now, permit, refused);
    }
    now += ms(300);
    one.exchange(&mut store, now);
    two.exchange(&mut store, now);
    assert_eq!(two.lease.stats(now).invalid_elsewhere, 5);
    assert!(matches!(
        bulk(&two, now),
        Reservation::Stopped(crate::Stop::Invalid { until }) if until > now
    ));
    // It dies, and what it caused counts for ten minutes.
    drop(one);
    rounds(&mut now, &mut store, 100, ms(5_500), [&mut two]);
    assert!(matches!(bulk(&two, now), Reservation::Stopped(_)));
    rounds(&mut now, &mut store, 20, ms(5_500), [&mut two]);
    assert!(matches!(bulk(&two, now), Reservation::Ready(_)));
}

#[test]
fn lines_are_told_when_more_may_leave() {
    let mut now = start();
    let mut store = Store::default();
    let mut one = Member::new(now, 1);
    let mut line = Line::new(one.limiter.clone());
    let far = now + ms(60_000);
    let waits = line.join(now, &post(1), far, 10);
    assert!(matches!(waits, Ok(crate::Entry::Wait(_))));
    assert!(line.poll(now).is_none());
    for _ in 0..8 {
        now += ms(300);
        one.exchange(&mut store, now);
        if one.lease.take_changed() {
            line.stir_all(now);
        }
        if line.poll(now).is_some() {
            return;
        }
    }
    panic!("it waits for ever");
}

#[test]
fn a_process_that_dies_again_and_again_takes_no_places_from_who_comes() {
    let mut now = start();
    let mut store = Store::default();
    let mut one = Member::new(now, 1);
    for number in 2..40 {
        let mut other = Member::new(now, number);
        rounds(&mut now, &mut store, 48, ms(250), [&mut one, &mut other]);
        let places = other.lease.stats(now).places;
        assert!(places >= 10, "the {number}th has {places}");
    }
}

/// What a floor promises to who cannot be asked is nobody else's.
#[test]
fn those_who_are_cut_off_and_the_others_never_have_more_than_all() {
    let mut now = start();
    let mut store = Store::default();
    let mut members: Vec<_> = (0..40).map(|number| Member::new(now, number)).collect();
    let mut least = u32::MAX;
    for round in 0..300 {
        now += ms(300);
        // After twenty rounds three of four lose the store, and their leases end.
        let first = if round < 20 { 0 } else { 30 };
        for member in members.iter_mut().skip(first) {
            member.exchange(&mut store, now);
        }
        let places = members.iter().map(|member| member.lease.stats(now).places);
        let all: u32 = places.sum();
        assert!(all <= 50, "{all} places in round {round}");
        least = if round == 299 { all } else { least };
    }
    assert!(least > 40, "{least} are used in the end");
}

#[test]
fn who_leaves_while_something_is_under_way_gives_everything_back_and_rests() {
    let mut now = start();
    let mut store = Store::default();
    let (mut one, mut two) = (Member::new(now, 1), Member::new(now, 2));
    rounds(&mut now, &mut store, 8, ms(300), [&mut one, &mut two]);
    now += ms(300);
    let Some(LeaseDeed::Read(cells)) = one.lease.poll(now) else {
        panic!()
    };
    let read = store.read(now, &cells);
    one.lease.handle(now, read);
    let Some(LeaseDeed::Write(writes)) = one.lease.poll(now) else {
        panic!()
    };
    // A bucket is asked for, and then it leaves.
    assert!(one.is_held_up_by_lease(now));
    one.lease.leave(now);
    let written = store.write(writes);
    one.lease.handle(now, written);
    assert!(
        one.lease.deadline(now).is_some(),
        "nothing is given back yet"
    );
    one.exchange(&mut store, now);
    assert_eq!(one.lease.deadline(now), None);
    rounds(&mut now, &mut store, 12, ms(300), [&mut two]);
    assert_eq!(two.lease.stats(now).places, 50);
}

#[test]
fn who_finds_no_room_is_told_so_and_the_dead_make_some() {
    let mut now = start();
    let mut store = Store::default();
    let mut members: Vec<_> = (0..256).map(|number| Member::new(now, number)).collect();
    for _ in 0..2 {
        now += ms(1_200);
        members
            .iter_mut()
            .for_each(|member| member.exchange(&mut store, now));
    }
    let mut late = Member::new(now, 1_000);
    late.exchange_once(&mut store, now);
    let trouble = late.lease.stats(now).trouble;
    assert_eq!(trouble, Some(LeaseTrouble::Full));
    assert!(trouble.unwrap().to_string().contains("256 processes"));
    // All but one are killed.
    members.truncate(1);
    for _ in 0..60 {
        now += ms(300);
        members[0].exchange(&mut store, now);
        late.exchange(&mut store, now);
    }
    let stats = late.lease.stats(now);
    assert!(stats.is_leased && stats.trouble.is_none());
}

#[test]
fn a_process_without_a_store_keeps_one_place_when_its_floor_is_nobodys_any_more() {
    let mut now = start();
    let mut store = Store::default();
    let mut one = Member::new(now, 1);
    rounds(&mut now, &mut store, 8, ms(300), [&mut one]);
    for (after, places) in [(20_000, 12), (560_000, 12), (60_000, 1)] {
        now += ms(after);
        one.exchange_in_vain(now);
        assert_eq!(one.lease.stats(now).places, places);
    }
}

#[test]
fn buckets_of_an_outage_are_forgotten() {
    let mut now = start();
    let mut store = Store::default();
    let mut one = Member::new(now, 1);
    rounds(&mut now, &mut store, 8, ms(300), [&mut one]);
    let mut most = 0;
    for channel in 0..1_000 {
        now += ms(1_000);
        drop(one.limiter.reserve(now, &post(channel)));
        one.exchange_in_vain(now);
        most = most.max(one.lease.stats(now).buckets);
    }
    assert!((20..50).contains(&most), "{most}");
}

/// So many rounds in which each of them has its exchange, with a pause before each.
fn rounds<const N: usize>(
    now: &mut Instant,
    store: &mut Store,
    count: u32,
    pause: Duration,
    mut members: [&mut Member; N],
) {
    for _ in 0..count {
        *now += pause;
        for member in &mut members {
            member.exchange(store, *now);
        }
    }
}

proptest! {
    /// Whatever the store says: nothing panics, nothing takes for ever, and no more is used than is there.
    #[test]
    fn any_numbers_of_a_store_are_borne(
        numbers in proptest::collection::vec(prop_oneof![any::<u64>(), 0_u64..100, Just(u64::MAX)], 60),
        now_ms in prop_oneof![any::<u64>(), 0_u64..10_000_000],
        seats in 0_usize..4,
        stakes in 0_usize..4,
    ) {
        let mut now = start();
        let mut member = Member::new(now, 1);
        let mut numbers = numbers.into_iter();
        let mut page = |counted: &[usize]| {
            let mut page = vec![1_u8];
            for count in counted {
                let count = *count;
                page.extend((0..count).flat_map(|_| numbers.next().unwrap_or(7).to_le_bytes()));
            }
            page
        };
        let mut board = page(&[3]);
        board.extend(u64::try_from(seats).unwrap().to_le_bytes());
        board.extend(page(&[8 * seats]).into_iter().skip(1));
        board.extend([0; 16]);
        let mut cell = page(&[4]);
        cell.extend(u64::try_from(stakes).unwrap().to_le_bytes());
        cell.extend(page(&[4 * stakes]).into_iter().skip(1));
        // All is of one age.
        cell.splice(1..9, board[1..9].iter().copied());
        for _ in 0..8 {
            now += ms(300);
            let _ = member.limiter.reserve(now, &post(1));
            for _ in 0..4 {
                let Some(deed) = member.lease.poll(now) else {
                    break;
                };
                let news = match deed {
                    LeaseDeed::Read(cells) => LeaseNews::Read {
                        now_ms,
                        board: Some(board.clone()),
                        cells: cells.iter().map(|_| Some(cell.clone())).collect(),
                    },
                    LeaseDeed::Write(_) => LeaseNews::Written(true),
                };
                member.lease.handle(now, news);
                now += ms(1);
            }
            prop_assert!(member.lease.stats(now).places <= 50);
        }
    }
}

struct Member {
    limiter: Limiter,
    lease: Lease,
}

impl Member {
    fn new(now: Instant, number: u64) -> Self {
        let limiter = Limiter::new(Config::new());
        let lease = limiter.lease(now, number);
        Self { limiter, lease }
    }

    /// All exchanges that are due, without a delay.
    fn exchange(&mut self, store: &mut Store, now: Instant) {
        while let Some(deed) = self.lease.poll(now) {
            let news = match deed {
                LeaseDeed::Read(cells) => store.read(now, &cells),
                LeaseDeed::Write(writes) => store.write(writes),
            };
            self.lease.handle(now, news);
        }
    }

    /// One exchange of which nothing may come.
    fn exchange_once(&mut self, store: &mut Store, now: Instant) {
        let Some(LeaseDeed::Read(cells)) = self.lease.poll(now) else {
            panic!()
        };
        let read = store.read(now, &cells);
        self.lease.handle(now, read);
    }

    fn exchange_in_vain(&mut self, now: Instant) {
        if self.lease.poll(now).is_some() {
            self.lease.handle(now, LeaseNews::Failed);
        }
    }

    fn ready(&self, now: Instant) -> Option<crate::Permit> {
        match self.limiter.reserve(now, &post(1)) {
            Reservation::Ready(permit) => Some(permit),
            Reservation::Wait { .. } | Reservation::Stopped(_) => None,
        }
    }

    fn is_held_up_by_lease(&self, now: Instant) -> bool {
        matches!(
            self.limiter.reserve(now, &post(1)),
            Reservation::Wait {
                on: Obstacle::Lease,
                ..
            }
        )
    }
}

#[derive(Default)]
struct Store {
    values: BTreeMap<Option<u64>, (Vec<u8>, Duration)>,
    began: Option<Instant>,
    /// Since it began, when it was read last.
    since: Duration,
}

impl Store {
    fn read(&mut self, now: Instant, cells: &[u64]) -> LeaseNews {
        let began = *self.began.get_or_insert(now);
        let since = now.saturating_duration_since(began);
        self.since = since;
        self.values
            .retain(|_, (_, written)| *written + LEASE_KEPT > since);
        LeaseNews::Read {
            now_ms: 1_000_000 + u64::try_from(since.as_millis()).unwrap(),
            board: self.value(None).cloned(),
            cells: (cells.iter())
                .map(|cell| self.value(Some(*cell)).cloned())
                .collect(),
        }
    }

    fn write(&mut self, writes: Vec<LeaseWrite>) -> LeaseNews {
        let mut all = writes.iter();
        let same = all.all(|write| self.value(write.cell) == write.from.as_ref());
        if same {
            let since = self.since;
            let writes = writes.into_iter();
            self.values
                .extend(writes.map(|write| (write.cell, (write.to, since))));
        }
        LeaseNews::Written(same)
    }

    fn value(&self, cell: Option<u64>) -> Option<&Vec<u8>> {
        self.values.get(&cell).map(|(value, _)| value)
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
