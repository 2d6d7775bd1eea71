//! The same work over and over, for whoever counts its instructions: ours and twilight's on a small world.

use std::hint::black_box;

use ovenjs_cache::mirror::{Keep, Mirror};
use ovenjs_types::{Id, Timestamp, json::Scratch};
use twilight_cache_inmemory::DefaultInMemoryCache;
use twilight_model::id::Id as TheirId;

use crate::{
    dispatch, tell_twilight,
    world::{Event, World},
};

const READS: [&str; 5] = [
    "member-roles",
    "member-packed",
    "member-with-user",
    "permissions",
    "permissions-in-channel",
];
const UPDATES: [&str; 4] = ["member-same", "member-changed", "presence", "message"];

pub fn list() {
    for path in READS.into_iter().chain(UPDATES) {
        println!("{path}/ours\n{path}/twilight");
    }
}

pub fn run(path: &str, iterations: u64) {
    let world = World::small();
    let mirror = Mirror::new(Keep::new().members(true).presences(true).messages(100));
    let cache = DefaultInMemoryCache::new();
    let mut scratch = Scratch::new();
    let mut tell = |name, text: String| {
        tell_twilight(&cache, name, &text);
        mirror.apply(&dispatch(name, text), &mut scratch);
    };
    world.tell_guilds(&mut tell);
    world.tell_members(&mut tell);
    let (path, who) = path.split_once('/').expect("a path and whose it is");
    let is_ours = who == "ours";
    if READS.contains(&path) {
        let members: Vec<_> = world.some_channels().take(1_000).collect();
        for at in members.iter().cycle().take(iterations as usize) {
            if is_ours {
                read_ours(&mirror, path, *at);
            } else {
                read_theirs(&cache, path, *at);
            }
        }
        return;
    }
    let events: Vec<_> = (0..2_000)
        .map(|number| event(&world, path, number))
        .collect();
    for event in &events {
        tell(event.name, event.text.clone());
    }
    for event in events.iter().cycle().take(iterations as usize) {
        if is_ours {
            mirror.apply(&dispatch(event.name, event.raw.clone()), &mut scratch);
        } else {
            tell_twilight(&cache, event.name, &event.text);
        }
    }
}

fn read_ours(mirror: &Mirror, path: &str, (guild, channel, user): (u64, u64, u64)) {
    let (guild, user) = (Id::new(guild), Id::new(user));
    let now = Timestamp::from_unix_millis(1_790_000_000_000);
    match path {
        "member-roles" => {
            let roles = mirror.member_roles(guild, user);
            black_box(roles.expect("a member").len());
        }
        "member-packed" => {
            let member = mirror.packed_member(guild, user).expect("a member");
            black_box((member.roles().len(), member.joined_at()));
        }
        "member-with-user" => drop(black_box(mirror.member(guild, user).expect("a member"))),
        "permissions" => {
            black_box(mirror.permissions(guild, user, now).expect("a member"));
        }
        _ => {
            let held = mirror.permissions_in(guild, Id::new(channel), user, now);
            black_box(held.expect("a member"));
        }
    }
}

fn read_theirs(cache: &DefaultInMemoryCache, path: &str, (guild, channel, user): (u64, u64, u64)) {
    let (guild, user) = (TheirId::new(guild), TheirId::new(user));
    match path {
        "member-roles" => {
            black_box(cache.member(guild, user).expect("a member").roles().len());
        }
        "member-packed" => {
            let member = cache.member(guild, user).expect("a member");
            black_box((member.roles().len(), member.joined_at()));
        }
        "member-with-user" => {
            black_box(cache.member(guild, user).expect("a member").value().clone());
            black_box(cache.user(user).expect("a user").value().clone());
        }
        "permissions" => {
            black_box(cache.permissions().root(user, guild).expect("a member"));
        }
        _ => {
            let held = cache.permissions();
            black_box(
                held.in_channel(user, TheirId::new(channel))
                    .expect("a member"),
            );
        }
    }
}

fn event(world: &World, path: &str, number: u64) -> Event {
    match path {
        "member-same" => world.member_update(number, 0),
        // The thousand members once as they are, and once otherwise.
        "member-changed" => world.member_update(number, number / 1_000),
        "presence" => world.presence_update(number, number / 1_000),
        _ => world.message_create(number),
    }
}
