//! How long reads and updates take, in turns with twilight's cache, which knows the same.
//!
//! Each figure is the fastest of some rounds, in which both are measured one after the other: so what else
//! the machine does touches both. What is read is what a handler asks for: of twilight's cache a reference to
//! a member, whose roles are gone through in place; of the mirror a copy of the roles, or of the packed member,
//! which holds no lock. Whole members with their users are measured as well, cloned out of twilight's cache. Members are read
//! in no order, so that most of them lie in no cache of the processor. Updates are events from their text.

use std::{
    hint::black_box,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use ovenjs_cache::mirror::{Keep, Mirror};
use ovenjs_types::{Id, ShardId, Timestamp, json::Scratch};
use twilight_cache_inmemory::DefaultInMemoryCache;
use twilight_model::id::Id as TheirId;

use crate::{
    dispatch, tell_twilight,
    world::{self, Event, World},
};

pub fn measure(world: &World, mirror: &Mirror, cache: &DefaultInMemoryCache) {
    println!("\n{:<44} {:>9} {:>9}", "ns each", "ours", "twilight");
    reads(world, mirror, cache);
    updates(world, mirror, cache);
    both(world, mirror, cache);
}

fn reads(world: &World, mirror: &Mirror, cache: &DefaultInMemoryCache) {
    let members: Vec<_> = world.some_members().take(READS).collect();
    let now = Timestamp::from_unix_millis(1_790_000_000_000);
    let race = |name, goal, ours: &dyn Fn(u64, u64) -> u64, theirs: &dyn Fn(u64, u64) -> u64| {
        let round = |read: &dyn Fn(u64, u64) -> u64| {
            let sum = |sum, (guild, user): &(u64, u64)| sum ^ read(*guild, *user);
            black_box(members.iter().fold(0, sum));
        };
        report(name, goal, members.len(), || round(ours), || round(theirs));
    };
    race(
        "a member's roles",
        Some(Goal::Times(3.0)),
        &|guild, user| {
            let roles = mirror.member_roles(Id::new(guild), Id::new(user));
            let roles = roles.expect("a member");
            roles.iter().fold(0, |all, role| all ^ role.get())
        },
        &|guild, user| {
            let member = cache.member(TheirId::new(guild), TheirId::new(user));
            let member = member.expect("a member");
            member.roles().iter().fold(0, |all, role| all ^ role.get())
        },
    );
    race(
        "a member's roles and when they joined",
        None,
        &|guild, user| {
            let member = mirror.packed_member(Id::new(guild), Id::new(user));
            let member = member.expect("a member");
            member.roles().len() as u64 ^ member.joined_at().expect("a time").unix_micros() as u64
        },
        &|guild, user| {
            let member = cache.member(TheirId::new(guild), TheirId::new(user));
            let member = member.expect("a member");
            member.roles().len() as u64 ^ member.joined_at().expect("a time").as_micros() as u64
        },
    );
    race(
        "a member with user, of one's own",
        Some(Goal::Times(3.0)),
        &|guild, user| {
            let member = mirror.member(Id::new(guild), Id::new(user));
            black_box(member.expect("a member")).roles.len() as u64
        },
        &|guild, user| {
            let member = cache.member(TheirId::new(guild), TheirId::new(user));
            let member = member.expect("a member").value().clone();
            let user = cache.user(TheirId::new(user)).expect("a user");
            black_box(user.value().clone());
            black_box(member).roles().len() as u64
        },
    );
    race(
        "permissions in a guild",
        Some(Goal::Nanos(100.0)),
        &|guild, user| {
            let held = mirror.permissions(Id::new(guild), Id::new(user), now);
            held.expect("a member").bits()
        },
        &|guild, user| {
            let held = cache.permissions();
            let held = held.root(TheirId::new(user), TheirId::new(guild));
            held.expect("a member").bits()
        },
    );
    let channels: Vec<_> = world.some_channels().take(READS).collect();
    report(
        "permissions in a channel",
        None,
        channels.len(),
        || {
            for (guild, channel, user) in &channels {
                let (guild, channel) = (Id::new(*guild), Id::new(*channel));
                let held = mirror.permissions_in(guild, channel, Id::new(*user), now);
                black_box(held.expect("a member"));
            }
        },
        || {
            for (_, channel, user) in &channels {
                let held = cache.permissions();
                let held = held.in_channel(TheirId::new(*user), TheirId::new(*channel));
                black_box(held.expect("a member"));
            }
        },
    );
}

fn updates(world: &World, mirror: &Mirror, cache: &DefaultInMemoryCache) {
    let mut scratch = Scratch::new();
    let goal = Some(Goal::Times(5.0));
    let mut race = |name, goal, rounds: &[Vec<Event>]| {
        let count = rounds.iter().map(Vec::len).sum();
        report(
            name,
            goal,
            count,
            || tell_ours(mirror, rounds, &mut scratch),
            || {
                for event in rounds.iter().flatten() {
                    tell_twilight(cache, event.name, &event.text);
                }
            },
        );
    };
    let updates = |turn| (0..UPDATES).map(move |place| world.member_update(place, turn));
    race(
        "member update that changes nothing",
        goal,
        &[updates(0).collect()],
    );
    race(
        "member update with another name and roles",
        goal,
        &[updates(1).collect(), updates(0).collect()],
    );
    let updates = |turn| (0..UPDATES).map(move |place| world.presence_update(place, turn));
    race(
        "presence update",
        goal,
        &[updates(1).collect(), updates(0).collect()],
    );
    race(
        "message",
        goal,
        &[(0..UPDATES)
            .map(|number| world.message_create(number))
            .collect()],
    );
    // Of a thousand events of a bot with every intent some 450 are presences, 250 messages, 90 tell of typing;
    // of the rest these stand for all.
    let stream = (0..UPDATES).map(|number| match number % 20 {
        0..10 => world.presence_update(number, number % 2),
        10..16 => world.message_create(UPDATES + number),
        16..18 => world.typing_start(number),
        _ => world.member_update(number, number % 2),
    });
    race(
        "a stream of all these",
        Some(Goal::Times(1.0 / 0.3)),
        &[stream.collect()],
    );
}

fn tell_ours(mirror: &Mirror, rounds: &[Vec<Event>], scratch: &mut Scratch) {
    for event in rounds.iter().flatten() {
        mirror.apply(&dispatch(event.name, event.raw.clone()), scratch);
    }
}

/// One thread reads, one writes: alone, and side by side.
fn both(world: &World, mirror: &Mirror, cache: &DefaultInMemoryCache) {
    let members: Vec<_> = world.some_members().take(READS).collect();
    let events: Vec<_> = (0..UPDATES)
        .map(|place| world.member_update(place, 0))
        .collect();
    let events = [events];
    let read_ours = || {
        for (guild, user) in &members {
            let roles = mirror.member_roles(Id::new(*guild), Id::new(*user));
            black_box(roles.expect("a member").len());
        }
    };
    let write_ours = || tell_ours(mirror, &events, &mut Scratch::new());
    let read_theirs = || {
        for (guild, user) in &members {
            let member = cache.member(TheirId::new(*guild), TheirId::new(*user));
            black_box(member.expect("a member").roles().len());
        }
    };
    let write_theirs = || {
        for event in &events[0] {
            tell_twilight(cache, event.name, &event.text);
        }
    };
    side_by_side("ours", &read_ours, &write_ours);
    side_by_side("twilight", &read_theirs, &write_theirs);
}

fn side_by_side(name: &str, read: &(dyn Fn() + Sync), write: &(dyn Fn() + Sync)) {
    let alone = |run: &dyn Fn(), count: f64| {
        let time = (0..ROUNDS).map(|_| nanos(run)).fold(f64::MAX, f64::min);
        time / count
    };
    let (reads, writes) = (READS as f64, UPDATES as f64);
    let before = (alone(&read, reads), alone(&write, writes));
    let is_over = AtomicBool::new(false);
    let (mut read_with, mut write_with) = (f64::MAX, 0.0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut fastest = f64::MAX;
            while !is_over.load(Ordering::Relaxed) {
                fastest = nanos(write).min(fastest);
            }
            fastest
        });
        for _ in 0..3 * ROUNDS {
            read_with = nanos(read).min(read_with);
        }
        is_over.store(true, Ordering::Relaxed);
        write_with = writer.join().expect("the writer ends");
    });
    println!(
        "{name}: a read takes {:.0} ns, {:.0} beside a writer; an update {:.0} ns, {:.0} beside a reader",
        before.0,
        read_with / reads,
        before.1,
        write_with / writes,
    );
}

/// One guild of a million members: what a check takes there, and a start from its bytes.
pub fn large() {
    let mirror = Mirror::new(Keep::new().members(true));
    let mut scratch = Scratch::new();
    world::large_guild(LARGE, &mut |name, text| {
        mirror.apply(&dispatch(name, text), &mut scratch)
    });
    assert_eq!(
        mirror.stats().members.count as u64,
        LARGE,
        "all members are there"
    );
    let members: Vec<_> = world::large_members(LARGE).collect();
    let now = Timestamp::from_unix_millis(1_790_000_000_000);
    let check = || {
        for (guild, user) in &members {
            let held = mirror.permissions(Id::new(*guild), Id::new(*user), now);
            black_box(held.expect("a member"));
        }
    };
    let time = (0..ROUNDS).map(|_| nanos(check)).fold(f64::MAX, f64::min);
    println!(
        "\na guild of {LARGE} members, {:.1} B each: permissions in it in {:.0} ns (goal < 100)",
        mirror.stats().bytes() as f64 / LARGE as f64,
        time / LARGE as f64
    );
    let begun = Instant::now();
    let bytes = mirror.to_bytes();
    let written = begun.elapsed();
    let begun = Instant::now();
    let next = Mirror::from_bytes(Keep::new().members(true), &bytes, &[ShardId::default()]);
    let read = begun.elapsed();
    let next = next.expect("the bytes are a mirror");
    assert_eq!(
        next.stats().members.count as u64,
        LARGE,
        "all members are there again"
    );
    println!(
        "written as {:.1} MB in {:.2} s, read in {:.2} s (goal < 2 s to serving)",
        bytes.len() as f64 / 1e6,
        written.as_secs_f64(),
        read.as_secs_f64()
    );
}

#[derive(Clone, Copy)]
enum Goal {
    /// So many times faster than twilight.
    Times(f64),
    Nanos(f64),
}

fn report(
    name: &str,
    goal: Option<Goal>,
    count: usize,
    mut ours: impl FnMut(),
    mut theirs: impl FnMut(),
) {
    let (mut fastest, mut their_fastest) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        fastest = nanos(&mut ours).min(fastest);
        their_fastest = nanos(&mut theirs).min(their_fastest);
    }
    let (ours, theirs) = (fastest / count as f64, their_fastest / count as f64);
    let (goal, is_met) = match goal {
        Some(Goal::Times(times)) => (format!("goal {times:.1}×"), theirs / ours >= times),
        Some(Goal::Nanos(nanos)) => (format!("goal < {nanos:.0} ns"), ours < nanos),
        None => (String::new(), true),
    };
    println!(
        "{name:<44} {ours:>9.0} {theirs:>9.0} {:>6.1}×   {goal}{}",
        theirs / ours,
        if is_met { "" } else { ", missed" }
    );
}

fn nanos(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64() * 1e9
}

const ROUNDS: usize = 5;
const READS: usize = 100_000;
const UPDATES: u64 = 20_000;
const LARGE: u64 = 1_000_000;
