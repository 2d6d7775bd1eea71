//! Which guilds a session has, and how much of them.

use super::*;
use crate::{config::Guild, protocol::shard_of};

const GUILDS: u64 = 1;
const PRESENCES: u64 = 1 << 8;

#[test]
fn too_many_guilds_for_one_shard_have_to_be_shared_out() {
    let plans = (0..6).map(|n| Guild::named(format!("Guild {n}")));
    let config = Config::default().guilds(plans).guilds_per_shard(3);
    let mut script = Script::new(config);
    let id = script.open();
    let alone = identify(&script.backend.world.token, GUILDS);
    script.say(id, &alone);
    assert_eq!(script.close_code(id), Some(4011));

    let mut seen = Vec::new();
    for shard in 0..2 {
        let id = script.open();
        let mut payload = alone.clone();
        payload["d"]["shard"] = json!([shard, 2]);
        script.say(id, &payload);
        let heard = script.heard(id);
        let ready = heard[0]["d"]["guilds"].as_array().unwrap();
        // Neighbours fall on different shards.
        assert_eq!(ready.len(), 3);
        let created = heard.iter().filter(|p| p["t"] == "GUILD_CREATE");
        seen.extend(created.map(|p| p["d"]["id"].as_str().unwrap().parse::<u64>().unwrap()));
    }
    seen.sort_unstable();
    let all: Vec<u64> = script.backend.world.guilds.keys().copied().collect();
    assert_eq!(seen, all);
}

#[test]
fn an_event_reaches_the_shards_of_its_guild_and_no_other() {
    let plans = (0..4).map(|n| Guild::named(format!("Guild {n}")));
    let mut script = Script::new(Config::default().guilds(plans));
    let mut shards = Vec::new();
    for (shard, count) in [(0, 1), (0, 2), (1, 2), (1, 2), (2, 3)] {
        let id = script.open();
        let mut payload = identify(&script.backend.world.token, 0);
        payload["d"]["shard"] = json!([shard, count]);
        script.say(id, &payload);
        script.heard(id);
        shards.push((id, shard, count));
    }
    let guilds: Vec<u64> = script.backend.world.guilds.keys().copied().collect();
    for guild in guilds.into_iter().map(Some).chain([None]) {
        script.emit(&json!({ "guild_id": guild }));
        for (id, shard, count) in &shards {
            let expected = usize::from(shard_of(guild, *count) == *shard);
            assert_eq!(
                script.heard(*id).len(),
                expected,
                "{guild:?} at {shard}/{count}"
            );
        }
    }
}

#[test]
fn a_large_guild_leaves_out_those_who_are_offline() {
    let plan = Guild::named("Hall").members(100).offline(40);
    let mut script = Script::new(Config::default().guilds([plan]));
    let member_with_a_nickname = *script.backend.world.users.keys().next_back().unwrap();
    let guild = script.backend.world.default_guild;
    let changed = script
        .backend
        .world
        .change_member(guild, member_with_a_nickname, |member| {
            member.insert("nick".to_owned(), json!("crumb"));
        });
    changed.unwrap();
    let mut created = |intents: u64, threshold: Option<u64>| {
        let id = script.open();
        let mut payload = identify(&script.backend.world.token, intents);
        if let Some(threshold) = threshold {
            payload["d"]["large_threshold"] = json!(threshold);
        }
        script.say(id, &payload);
        let heard = script.heard(id);
        let guild = heard
            .into_iter()
            .find(|p| p["t"] == "GUILD_CREATE")
            .unwrap();
        let d = &guild["d"];
        let count = |name: &str| d[name].as_array().unwrap().len();
        (
            d["large"].as_bool().unwrap(),
            count("members"),
            count("presences"),
            d["member_count"].clone(),
        )
    };
    // 100 members, the owner and the bot; 62 of them are online.
    assert_eq!(created(GUILDS, None), (true, 1, 0, json!(102)));
    assert_eq!(
        created(GUILDS | PRESENCES, None),
        (true, 63, 62, json!(102))
    );
    assert_eq!(
        created(GUILDS | PRESENCES, Some(250)),
        (false, 102, 62, json!(102))
    );
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn a_guild_goes_down_and_comes_back() {
    let mut script = Script::new(Config::default());
    let (id, _) = script.identified(GUILDS | 1 << 9);
    let guild = script.backend.world.default_guild;
    let outage = |script: &mut Script, down: bool| {
        script
            .backend
            .trouble(script.now, |gateway, world| match down {
                true => gateway.take_down(guild, world),
                false => gateway.bring_back(guild, world),
            });
    };
    outage(&mut script, true);
    let typed = |script: &mut Script| {
        script.emit(&json!({ "guild_id": guild }));
    };
    typed(&mut script);
    let heard = script.heard(id);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["t"], "GUILD_DELETE");
    assert_eq!(
        heard[0]["d"],
        json!({ "id": guild.to_string(), "unavailable": true })
    );

    // Who identifies meanwhile hears that there is such a guild, and that it is down.
    let other = script.open();
    let payload = identify(&script.backend.world.token, GUILDS);
    script.say(other, &payload);
    let begun = script.heard(other);
    assert_eq!(begun[0]["d"]["guilds"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&begun[1]["t"], &begun[1]["d"]),
        (&heard[0]["t"], &heard[0]["d"])
    );
    assert_eq!(begun.len(), 2);

    outage(&mut script, false);
    typed(&mut script);
    for connection in [id, other] {
        let heard = script.heard(connection);
        let names: Vec<_> = heard.iter().map(|p| p["t"].as_str().unwrap()).collect();
        assert_eq!(names, ["GUILD_CREATE", "MOON_RISE"]);
    }
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn an_event_that_needs_a_permission_is_kept_from_a_bot_without_it() {
    const MODERATION: u64 = 1 << 2;
    const INVITES: u64 = 1 << 6;
    const AUTO_MODERATION: u64 = 1 << 20 | 1 << 21;
    let (ban, channels, manage, audit) = (1 << 2, 1 << 4, 1 << 5, 1 << 7);
    let told = |permissions: u64| {
        let plan = Guild::named("Hall").bot_permissions(1 << 10 | permissions);
        let mut script = Script::new(Config::default().guilds([plan]));
        let (id, _) = script.identified(MODERATION | INVITES | AUTO_MODERATION);
        let (guild, channel) = (
            script.backend.world.default_guild.to_string(),
            script.backend.world.default_channel.to_string(),
        );
        for name in [
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            "GUILD_BAN_ADD",
            "GUILD_BAN_REMOVE",
            "INVITE_CREATE",
            "AUTO_MODERATION_RULE_DELETE",
        ] {
            let data = json!({ "guild_id": guild, "channel_id": channel });
            let event = Written::new(name, data.to_string());
            script.backend.emit(script.now, &[event]);
        }
        let heard = script.heard(id);
        let names = heard.iter().map(|p| p["t"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(told(0), [""; 0]);
    assert_eq!(told(ban), ["GUILD_BAN_ADD", "GUILD_BAN_REMOVE"]);
    assert_eq!(told(channels), ["INVITE_CREATE"]);
    assert_eq!(told(manage), ["AUTO_MODERATION_RULE_DELETE"]);
    let of_the_log = [
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "GUILD_BAN_ADD",
        "GUILD_BAN_REMOVE",
    ];
    assert_eq!(told(audit), of_the_log);
}
