use ovenjs_types::{Dispatch, EventKind, Id, Intents, Origin, ShardId, Version, json::Scratch};

use crate::{Cache, Change, Config};

#[test]
fn guild_create_replaces_what_was_known() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);
    assert_eq!(cache.guild_channels(Id::new(1)).len(), 2);

    feed(
        &cache,
        "GUILD_CREATE",
        r#"{"id":"1","name":"Bakery","channels":[{"id":"11","type":0}]}"#,
    );

    let left: Vec<_> = cache
        .guild_channels(Id::new(1))
        .iter()
        .map(|c| c.id.get())
        .collect();
    assert_eq!(left, [11]);
    assert!(
        cache.channel(Id::new(10)).is_none(),
        "the ghost of a channel"
    );
}

#[test]
fn an_update_gives_the_old_value_and_the_new() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);

    let change = feed(
        &cache,
        "CHANNEL_UPDATE",
        r#"{"id":"10","type":0,"guild_id":"1","name":"bread"}"#,
    );

    let Change::Channel(delta) = change else {
        panic!("{change:?}")
    };
    assert_eq!(delta.before.unwrap().name.as_deref(), Some("general"));
    assert_eq!(delta.after.unwrap().name.as_deref(), Some("bread"));
    assert_eq!(
        cache.channel(Id::new(10)).unwrap().name.as_deref(),
        Some("bread")
    );
}

#[test]
fn a_snapshot_does_not_change_under_its_holder() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);
    let snapshot = cache.guild(Id::new(1)).unwrap();
    feed(
        &cache,
        "GUILD_ROLE_CREATE",
        r#"{"guild_id":"1","role":{"id":"20","name":"bakers"}}"#,
    );
    assert_eq!(snapshot.roles.len(), 1);
    assert_eq!(cache.guild(Id::new(1)).unwrap().roles.len(), 2);
    feed(
        &cache,
        "GUILD_ROLE_DELETE",
        r#"{"guild_id":"1","role_id":"20"}"#,
    );
    assert_eq!(cache.guild(Id::new(1)).unwrap().roles.len(), 1);
}

#[test]
fn an_outage_keeps_the_guild_and_marks_it() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);
    feed(&cache, "GUILD_DELETE", r#"{"id":"1","unavailable":true}"#);
    assert!(cache.guild(Id::new(1)).unwrap().unavailable);

    feed(&cache, "GUILD_CREATE", BAKERY);
    assert!(!cache.guild(Id::new(1)).unwrap().unavailable);

    feed(&cache, "GUILD_DELETE", r#"{"id":"1"}"#);
    assert!(cache.guild(Id::new(1)).is_none() && cache.channel(Id::new(10)).is_none());
}

#[test]
fn guild_update_keeps_what_only_guild_create_carries() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);
    feed(&cache, "GUILD_UPDATE", r#"{"id":"1","name":"Pastry"}"#);
    let guild = cache.guild(Id::new(1)).unwrap();
    assert_eq!(
        (guild.name.as_str(), guild.member_count),
        ("Pastry", Some(2))
    );
    assert_eq!(cache.guild_channels(Id::new(1)).len(), 2);
}

#[test]
fn members_come_and_go() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);
    assert_eq!(
        cache.member(Id::new(1), Id::new(80)).unwrap().guild_id,
        Some(Id::new(1))
    );
    let change = feed(
        &cache,
        "GUILD_MEMBER_REMOVE",
        r#"{"guild_id":"1","user":{"id":"80","username":"ann"}}"#,
    );
    assert!(
        matches!(change, Change::Member(delta) if delta.before.is_some() && delta.after.is_none())
    );
    assert!(cache.member(Id::new(1), Id::new(80)).is_none());
}

#[test]
fn messages_are_kept_only_when_asked_for() {
    let message =
        r#"{"id":"5","channel_id":"10","content":"hi","author":{"id":"80","username":"ann"}}"#;
    let cache = kept();
    assert!(!cache.interest().wants(EventKind::MessageCreate));
    assert_eq!(cache.interest().intents(), Intents::GUILDS);
    let change = feed(&cache, "MESSAGE_CREATE", message);
    assert!(matches!(change, Change::Nothing), "{change:?}");

    let cache = Cache::new(Config::new().messages_max(10));
    assert!(cache.interest().wants(EventKind::MessageDelete));
    feed(&cache, "MESSAGE_CREATE", message);
    let change = feed(&cache, "MESSAGE_DELETE", r#"{"id":"5","channel_id":"10"}"#);
    let Change::Message(delta) = change else {
        panic!("{change:?}")
    };
    assert_eq!(delta.before.unwrap().content, "hi");
    assert!(cache.message(Id::new(5)).is_none());
}

#[test]
fn after_a_gap_the_guilds_of_that_shard_are_forgotten() {
    let cache = kept();
    feed(&cache, "GUILD_CREATE", BAKERY);
    let on_shard_1 = (1 << 22).to_string();
    feed(
        &cache,
        "GUILD_CREATE",
        &format!(r#"{{"id":"{on_shard_1}","name":"other"}}"#),
    );

    cache.forget_shard(ShardId::new(1, 2).unwrap());

    assert!(cache.guild(Id::new(1 << 22)).is_none());
    assert!(cache.guild(Id::new(1)).is_some());
}

#[test]
fn the_bots_own_user_is_known_from_ready() {
    let cache = kept();
    assert!(cache.current_user().is_none());
    feed(
        &cache,
        "READY",
        r#"{"v":10,"user":{"id":"9","username":"oven"},"guilds":[],"session_id":"s",
            "resume_gateway_url":"wss://x","application":{"id":"9","flags":0}}"#,
    );
    assert_eq!(cache.current_user().unwrap().username, "oven");
}

const BAKERY: &str = r#"{"id":"1","name":"Bakery","owner_id":"80","member_count":2,
    "roles":[{"id":"1","name":"@everyone"}],
    "channels":[{"id":"10","type":0,"name":"general"},{"id":"11","type":0,"name":"orders"}],
    "members":[{"user":{"id":"80","username":"ann"},"roles":[]}]}"#;

fn kept() -> Cache {
    Cache::new(Config::new())
}

fn feed(cache: &Cache, name: &str, raw: &str) -> Change {
    let dispatch = Dispatch::new(
        Origin::default(),
        Version::default(),
        name,
        raw.as_bytes().to_vec(),
    );
    let event = dispatch.decode(&mut Scratch::new());
    assert!(
        !matches!(event, ovenjs_types::Event::Malformed(_)),
        "{event:?}"
    );
    cache.apply(&dispatch, Some(&event))
}
