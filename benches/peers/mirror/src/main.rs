//! What a mirror of a large world takes: ours beside twilight's cache and serenity's, in one run.
//!
//! All are told the same events as JSON text: 100 guilds, then 250,000 members of 200,000 users in chunks,
//! then 50,000 presences, then 100,000 messages of 70 characters, 100 in each of 1,000 channels. The bytes that
//! are still held after each part, as an allocator counts them that sees every allocation, are divided by
//! what came; what the events themselves took is gone by then. What an allocator adds by rounding is not in
//! it: hence the number of allocations. Times of these events are of this thread, whole events from text, for
//! a first look; [`speed`] measures the same in turns.

mod paths;
mod speed;
mod world;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use bytes::Bytes;
use ovenjs_cache::mirror::{Keep, Mirror};
use ovenjs_types::{Dispatch, Origin, Version, json::Scratch};
use serde::de::{DeserializeOwned, DeserializeSeed as _};
use serenity::{
    cache::CacheUpdate,
    model::event::{
        GuildCreateEvent, GuildMembersChunkEvent, MessageCreateEvent, PresenceUpdateEvent,
    },
};
use twilight_cache_inmemory::DefaultInMemoryCache;
use twilight_model::{
    gateway::event::DispatchEvent, gateway::event::DispatchEventWithTypeDeserializer,
};
use world::World;

/// The goals: bytes for each.
const GOALS: [(&str, f64); 3] = [("member", 128.0), ("presence", 40.0), ("message", 220.0)];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &*arguments {
        [] => {}
        [list] if list == "list" => {
            paths::list();
            return ExitCode::SUCCESS;
        }
        [run, path, iterations] if run == "run" => {
            paths::run(path, iterations.parse().expect("a number of iterations"));
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("usage: mirror | mirror list | mirror run <path> <iterations>");
            return ExitCode::FAILURE;
        }
    }
    let world = World::new();
    println!(
        "{} guilds, {} members of {} users, {} presences, {} messages",
        world.guilds(),
        world.members(),
        world.users(),
        world.presences(),
        world.messages()
    );
    let (mirror, ours) = ours(&world);
    let (cache, theirs) = twilight(&world);
    let serenity = serenity(&world);
    println!(
        "\n{:<10} {:>12} {:>12} {:>8} {:>12} {:>8} {:>7}   µs an event, ours and twilight",
        "", "ours", "twilight", "ratio", "serenity", "ratio", "goal"
    );
    let mut is_met = true;
    for ((ours, theirs), serenity) in ours.iter().zip(&theirs).zip(&serenity) {
        let goal = GOALS
            .iter()
            .find(|(name, _)| *name == ours.name)
            .map(|(_, goal)| *goal);
        is_met &= goal.is_none_or(|goal| ours.bytes_each() <= goal);
        println!(
            "{:<10} {:>10.1} B {:>10.1} B {:>7.1}× {:>10.1} B {:>7.1}× {:>7}   {:.2} {:.2}   ({:.2} and {:.2} allocations each)",
            ours.name,
            ours.bytes_each(),
            theirs.bytes_each(),
            theirs.bytes_each() / ours.bytes_each(),
            serenity.bytes_each(),
            serenity.bytes_each() / ours.bytes_each(),
            goal.map_or(String::new(), |goal| format!("≤ {goal}")),
            ours.micros(),
            theirs.micros(),
            ours.allocations_each(),
            theirs.allocations_each(),
        );
    }
    speed::measure(&world, &mirror, &cache);
    drop((mirror, cache));
    speed::large();
    if is_met {
        ExitCode::SUCCESS
    } else {
        eprintln!("error: a goal is missed");
        ExitCode::FAILURE
    }
}

/// What one part took.
struct Part {
    name: &'static str,
    count: f64,
    events: f64,
    bytes: f64,
    allocations: f64,
    time: Duration,
}

impl Part {
    fn bytes_each(&self) -> f64 {
        self.bytes / self.count
    }

    fn allocations_each(&self) -> f64 {
        self.allocations / self.count
    }

    fn micros(&self) -> f64 {
        self.time.as_secs_f64() * 1e6 / self.events
    }
}

/// Tells a world part by part. `told` is given a name and a text.
fn measure(world: &World, mut told: impl FnMut(&'static str, String)) -> Vec<Part> {
    let parts: [(
        &'static str,
        usize,
        &dyn Fn(&mut dyn FnMut(&'static str, String)),
    ); 4] = [
        ("guild", world.guilds(), &|tell| world.tell_guilds(tell)),
        ("member", world.members(), &|tell| world.tell_members(tell)),
        ("presence", world.presences(), &|tell| {
            world.tell_presences(tell)
        }),
        ("message", world.messages(), &|tell| {
            world.tell_messages(tell)
        }),
    ];
    parts
        .into_iter()
        .map(|(name, count, part)| {
            let (mut events, mut time) = (0_u32, Duration::ZERO);
            let taken = allocation_counter::measure(|| {
                part(&mut |name, text| {
                    let begun = Instant::now();
                    told(name, text);
                    time += begun.elapsed();
                    events += 1;
                });
            });
            Part {
                name,
                count: count as f64,
                events: f64::from(events),
                bytes: taken.bytes_current as f64,
                allocations: taken.count_current as f64,
                time,
            }
        })
        .collect()
}

fn ours(world: &World) -> (Mirror, Vec<Part>) {
    let mirror = Mirror::new(Keep::new().members(true).presences(true).messages(100));
    // It grows with the largest event, which is no part of the mirror: so it meets one before.
    let mut scratch = Scratch::new();
    let other = Mirror::new(Keep::new());
    world.tell_members(&mut |name, text| other.apply(&dispatch(name, text), &mut scratch));
    let parts = measure(world, |name, text| {
        mirror.apply(&dispatch(name, text), &mut scratch);
    });
    let stats = mirror.stats();
    assert_eq!(
        stats.members.count,
        world.members(),
        "all members are there"
    );
    assert_eq!(stats.users.count, world.users(), "all users are there");
    assert_eq!(
        stats.presences.count,
        world.presences(),
        "all presences are there"
    );
    assert_eq!(
        stats.messages.count,
        world.messages(),
        "all messages are there"
    );
    assert_eq!(stats.unread, 0, "all events were read");
    println!(
        "ours counts itself: members {:.1} B, users {:.1} B, presences {:.1} B, messages {:.1} B each, {:.1} MB in all",
        stats.members.bytes as f64 / stats.members.count as f64,
        stats.users.bytes as f64 / stats.users.count as f64,
        stats.presences.bytes as f64 / stats.presences.count as f64,
        stats.messages.bytes as f64 / stats.messages.count as f64,
        stats.bytes() as f64 / 1e6
    );
    (mirror, parts)
}

fn dispatch(name: &str, text: impl Into<Bytes>) -> Dispatch {
    Dispatch::new(Origin::default(), Version::default(), name, text)
}

fn twilight(world: &World) -> (DefaultInMemoryCache, Vec<Part>) {
    let cache = DefaultInMemoryCache::new();
    let parts = measure(world, |name, text| tell_twilight(&cache, name, &text));
    let stats = cache.stats();
    assert_eq!(stats.members(), world.members(), "all members are there");
    assert_eq!(stats.users(), world.users(), "all users are there");
    assert_eq!(
        stats.presences(),
        world.presences(),
        "all presences are there"
    );
    assert_eq!(
        cache.iter().messages().count(),
        world.messages(),
        "all messages are there"
    );
    (cache, parts)
}

/// For its memory alone: it reads each event as the type that it is.
fn serenity(world: &World) -> Vec<Part> {
    let mut settings = serenity::cache::Settings::default();
    settings.max_messages = 100;
    let cache = serenity::cache::Cache::new_with_settings(settings);
    let parts = measure(world, |name, text| match name {
        "GUILD_CREATE" => tell_serenity::<GuildCreateEvent>(&cache, &text),
        "GUILD_MEMBERS_CHUNK" => tell_serenity::<GuildMembersChunkEvent>(&cache, &text),
        "PRESENCE_UPDATE" => tell_serenity::<PresenceUpdateEvent>(&cache, &text),
        _ => tell_serenity::<MessageCreateEvent>(&cache, &text),
    });
    let (mut members, mut presences) = (0, 0);
    for id in cache.guilds() {
        let guild = cache.guild(id).expect("the guild is there");
        members += guild.members.len();
        presences += guild.presences.len();
    }
    assert_eq!(members, world.members(), "all members are there");
    assert_eq!(cache.user_count(), world.users(), "all users are there");
    assert_eq!(presences, world.presences(), "all presences are there");
    parts
}

fn tell_serenity<E: CacheUpdate + DeserializeOwned>(cache: &serenity::cache::Cache, text: &str) {
    let mut event: E = serde_json::from_str(text).expect("serenity reads it");
    cache.update(&mut event);
}

fn tell_twilight(cache: &DefaultInMemoryCache, name: &str, text: &str) {
    let mut text = serde_json::Deserializer::from_str(text);
    let event: DispatchEvent = DispatchEventWithTypeDeserializer::new(name)
        .deserialize(&mut text)
        .expect("twilight reads it");
    cache.update(&twilight_model::gateway::event::Event::from(event));
}
