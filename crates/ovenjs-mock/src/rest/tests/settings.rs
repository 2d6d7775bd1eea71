use serde_json::{Value, json};

use crate::{time::iso8601, world::permission as may};

use super::{REASON, Stage};

/// Makes the guild a community, which takes two channels and stricter settings.
pub(super) fn become_community(stage: &mut Stage) {
    let rules = stage.channel().to_string();
    let updates = stage.world(|world| {
        let guild = world.default_guild;
        world.guild_channels(guild)[1].to_string()
    });
    let body = json!({
        "features": ["COMMUNITY"],
        "rules_channel_id": rules,
        "public_updates_channel_id": updates,
        "verification_level": 1,
        "explicit_content_filter": 2,
    });
    let path = format!("/guilds/{}", stage.guild());
    let changed = stage.call("PATCH", &path, body);
    assert_eq!(
        changed.body["features"],
        json!(["COMMUNITY", "NEWS"]),
        "{}",
        changed.body
    );
    stage.heard();
}

#[test]
fn a_guild_is_edited_within_its_rules() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}");
    let body = json!({ "name": "The Mill", "afk_timeout": 60, "system_channel_flags": 2 });
    assert_eq!(stage.call("PATCH", &path, body).text("/name"), "The Mill");
    let heard = stage.heard();
    assert_eq!(
        (heard[0].0.as_str(), heard[0].1["name"].as_str()),
        ("GUILD_UPDATE", Some("The Mill"))
    );
    assert_eq!(stage.log(1), [(1, guild, REASON.to_owned())]);
    let refused = [
        (json!({ "name": "x" }), (400, 50035)),
        (
            json!({ "banner": "data:image/png;base64,AA==" }),
            (403, 50101),
        ),
        (json!({ "icon": "no image" }), (400, 50035)),
        (
            json!({ "afk_channel_id": stage.channel().to_string() }),
            (400, 50035),
        ),
        (json!({ "system_channel_id": "1" }), (404, 10003)),
        (json!({ "features": ["COMMUNITY"] }), (403, 50013)),
        (json!({ "afk_timeout": 7 }), (400, 50035)),
    ];
    for (body, refusal) in refused {
        let answer = stage.call("PATCH", &path, body.clone());
        assert_eq!(answer.refusal(), refusal, "{body}: {}", answer.body);
    }
    assert_eq!(stage.get("/guilds/1").refusal(), (404, 10004));
    assert_eq!(
        stage.get(&format!("{path}/preview")).text("/name"),
        "The Mill"
    );
    assert_eq!(
        stage.get(&format!("{path}/vanity-url")).body,
        json!({ "code": null, "uses": 0 })
    );
    assert_eq!(stage.get(&format!("{path}/new-member-welcome")).status, 204);
    for regions in ["/voice/regions".to_owned(), format!("{path}/regions")] {
        assert!(stage.get(&regions).body[0]["id"].is_string());
    }
    stage.end();
}

#[test]
fn a_community_has_announcements_and_keeps_its_channels() {
    let mut stage = Stage::with(may::ALL);
    let path = format!("/guilds/{}", stage.guild());
    let bare = stage.call("PATCH", &path, json!({ "features": ["COMMUNITY"] }));
    assert_eq!(
        bare.text("/errors/rules_channel_id/_errors/0/code"),
        "BASE_TYPE_REQUIRED"
    );
    become_community(&mut stage);
    let news = stage.open(5, "news", json!({}));
    let back = stage.call("PATCH", &format!("/channels/{news}"), json!({ "type": 0 }));
    assert_eq!(back.body["type"], 0);
    let rules = format!("/channels/{}", stage.channel());
    assert_eq!(
        stage.call("DELETE", &rules, Value::Null).refusal(),
        (400, 50074)
    );
    stage.end();
}

#[test]
fn the_audit_log_is_searched() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let ids: Vec<u64> = (0..3)
        .map(|number| stage.open(0, &format!("c{number}"), json!({})))
        .collect();
    let path = format!("/guilds/{guild}/audit-logs");
    let targets = |stage: &mut Stage, query: &str| -> Vec<u64> {
        let log = stage.get(&format!("{path}?{query}"));
        let entries = log.body["audit_log_entries"].as_array().unwrap().clone();
        let target = |entry: &Value| entry["target_id"].as_str().unwrap().parse().unwrap();
        entries.iter().map(target).collect()
    };
    assert_eq!(targets(&mut stage, "limit=2"), [ids[2], ids[1]]);
    assert_eq!(targets(&mut stage, "action_type=10&after=1"), ids);
    let all = stage.get(&path);
    let newest = all.text("/audit_log_entries/0/id");
    assert_eq!(
        targets(&mut stage, &format!("before={newest}")),
        [ids[1], ids[0]]
    );
    assert_eq!(targets(&mut stage, "action_type=12"), Vec::<u64>::new());
    let bot = stage.bot();
    assert_eq!(
        targets(&mut stage, &format!("user_id={bot}&target_id={}", ids[0])),
        [ids[0]]
    );
    assert_eq!(targets(&mut stage, "user_id=1"), Vec::<u64>::new());
    assert_eq!(
        stage.get(&format!("{path}?limit=101")).refusal(),
        (400, 50035)
    );
    stage.end();
}

#[test]
fn the_widget_is_shown_when_it_is_on() {
    let mut stage = Stage::new();
    let (guild, ann) = (stage.guild(), stage.user("ann"));
    let oven = stage.open(2, "Oven", json!({}));
    let path = format!("/guilds/{guild}/widget");
    assert_eq!(stage.get(&format!("{path}.json")).refusal(), (403, 50004));
    assert_eq!(stage.get(&format!("{path}.png")).refusal(), (403, 50004));
    let body = json!({ "enabled": true, "channel_id": stage.channel().to_string() });
    let on = stage.call("PATCH", &path, body);
    assert_eq!(on.body["enabled"], true, "{}", on.body);
    assert_eq!(stage.names()[0], "GUILD_UPDATE");
    stage.world(|world| world.enter_voice(guild, ann, oven, "s"));
    let shown = stage.get(&format!("{path}.json"));
    assert_eq!(shown.body["channels"][0]["name"], "Oven");
    let inside = shown.body["members"].as_array().unwrap().iter();
    let oven = oven.to_string();
    let mut inside = inside.filter(|member| member["channel_id"] == oven.as_str());
    assert_eq!(inside.next().unwrap()["username"], "ann");
    assert_eq!(stage.get(&format!("{path}.png?style=shield")).status, 200);
    assert_eq!(stage.get(&path).body["enabled"], true);
    stage.end();
}

#[test]
fn newcomers_are_welcomed() {
    let mut stage = Stage::new();
    let (guild, first) = (stage.guild(), stage.channel());
    let path = format!("/guilds/{guild}/welcome-screen");
    let body = json!({
        "enabled": true,
        "description": "Warm bread",
        "welcome_channels": [{ "channel_id": first.to_string(), "description": "Say hello", "emoji_name": "👋" }],
    });
    let set = stage.call("PATCH", &path, body);
    assert_eq!(set.text("/welcome_channels/0/emoji_name"), "👋");
    assert_eq!(
        stage.names(),
        ["GUILD_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    );
    assert_eq!(stage.get(&path).text("/description"), "Warm bread");
    let unknown = json!({ "welcome_channels": [{ "channel_id": "1", "description": "x" }] });
    assert_eq!(stage.call("PATCH", &path, unknown).refusal(), (404, 10003));
    stage.end();

    let mut weak = Stage::with(may::VIEW_CHANNEL);
    let path = format!("/guilds/{}/welcome-screen", weak.guild());
    assert_eq!(weak.get(&path).refusal(), (404, 10069));
    weak.end();
}

#[test]
fn onboarding_needs_seven_channels() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let baker = stage.role("Baker", 0, 0);
    let channels: Vec<String> = (0..7)
        .map(|number| stage.open(0, &format!("c{number}"), json!({})).to_string())
        .collect();
    let path = format!("/guilds/{guild}/onboarding");
    let prompt = json!({ "id": "0", "title": "What do you bake?", "options": [
        { "title": "Bread", "role_ids": [baker.to_string()], "channel_ids": [channels[0]], "emoji_name": "🍞" },
    ]});
    let few = json!({ "enabled": true, "default_channel_ids": channels[..6] });
    assert_eq!(stage.call("PUT", &path, few).refusal(), (400, 350_000));
    let body =
        json!({ "enabled": true, "mode": 0, "default_channel_ids": channels, "prompts": [prompt] });
    let set = stage.call("PUT", &path, body);
    assert_eq!(set.status, 200, "{}", set.body);
    let id = set.text("/prompts/0/id");
    assert_ne!(id, "0");
    let actions: Vec<u64> = stage
        .log(2)
        .into_iter()
        .map(|(action, ..)| action)
        .collect();
    assert_eq!(actions, [167, 163]);
    let fewer = json!({ "default_channel_ids": [] });
    assert_eq!(stage.call("PUT", &path, fewer).refusal(), (400, 350_001));
    let kept =
        json!({ "prompts": [{ "id": id, "title": "And you?", "options": [{ "title": "Cake" }] }] });
    let kept = stage.call("PUT", &path, kept);
    assert_eq!(kept.text("/prompts/0/id"), id);
    assert_eq!(stage.get(&path).text("/prompts/0/title"), "And you?");
    let wrong = json!({ "prompts": [{ "id": "0", "title": "x", "options": [{ "title": "y", "role_ids": ["1"] }] }] });
    let wrong = stage.call("PUT", &path, wrong);
    assert_eq!(
        wrong.text("/errors/prompts/0/options/0/role_ids/0/_errors/0/code"),
        "UNKNOWN_ROLE"
    );
    stage.end();
}

#[test]
fn a_template_grows_stale_and_is_synced() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/templates");
    let body = json!({ "name": "Bakery", "description": "with oven" });
    let made = stage.call("POST", &path, body.clone());
    assert_eq!(made.status, 200, "{}", made.body);
    let code = made.text("/code");
    assert_eq!(stage.call("POST", &path, body).refusal(), (400, 30031));
    assert_eq!(
        stage.get(&format!("/guilds/templates/{code}")).body["is_dirty"],
        Value::Null
    );
    let forum = json!({ "available_tags": [{ "name": "rye" }] });
    stage.open(15, "recipes", forum);
    stage.open(2, "Oven", json!({}));
    assert_eq!(stage.get(&path).body[0]["is_dirty"], true);
    let one = format!("{path}/{code}");
    let synced = stage.call("PUT", &one, Value::Null);
    assert_eq!(synced.body["is_dirty"], Value::Null);
    let channels = synced.body["serialized_source_guild"]["channels"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(channels, 4);
    let named = stage.call("PATCH", &one, json!({ "name": "Mill" }));
    assert_eq!(named.text("/name"), "Mill");
    assert_eq!(
        stage.call("DELETE", &one, Value::Null).text("/name"),
        "Mill"
    );
    assert_eq!(
        stage.get(&format!("/guilds/templates/{code}")).refusal(),
        (404, 10057)
    );
    assert_eq!(
        stage.call("DELETE", &one, Value::Null).refusal(),
        (404, 10057)
    );
    stage.end();
}

#[test]
fn incidents_end_after_a_day_at_most() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/incident-actions", stage.guild());
    let now = stage.world(|world| world.now_ms);
    let until = |hours: u64| json!({ "invites_disabled_until": iso8601(now + hours * 3_600_000) });
    let set = stage.call("PUT", &path, until(24));
    assert!(
        set.body["invites_disabled_until"].is_string(),
        "{}",
        set.body
    );
    assert!(stage.heard()[0].1["incidents_data"].is_object());
    assert_eq!(stage.call("PUT", &path, until(25)).refusal(), (400, 50035));
    let ended = stage.call("PUT", &path, json!({ "invites_disabled_until": null }));
    assert_eq!(ended.body["invites_disabled_until"], Value::Null);
    stage.end();
}

#[test]
fn applicants_are_let_in_or_not() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    let (first, second) = stage.world(|world| {
        world.leave(guild, ann);
        world.leave(guild, bob);
        (
            world.apply_to_join(guild, ann).unwrap(),
            world.apply_to_join(guild, bob).unwrap(),
        )
    });
    stage.heard();
    let path = format!("/guilds/{guild}/requests");
    assert_eq!(
        stage.get(&format!("{path}?status=SUBMITTED")).body["total"],
        2
    );
    let yes = stage.call(
        "PATCH",
        &format!("{path}/{first}"),
        json!({ "action": "APPROVED" }),
    );
    assert_eq!(yes.text("/application_status"), "APPROVED", "{}", yes.body);
    assert_eq!(stage.names(), ["GUILD_MEMBER_ADD"]);
    let no = json!({ "action": "REJECTED", "rejection_reason": "no flour" });
    let no = stage.call("PATCH", &format!("{path}/{second}"), no);
    assert_eq!(no.text("/rejection_reason"), "no flour");
    let again = json!({ "action": "APPROVED" });
    assert_eq!(
        stage
            .call("PATCH", &format!("{path}/{second}"), again)
            .status,
        404
    );
    stage.end();
}

#[test]
fn a_guild_that_is_left_is_gone() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let guilds = stage.get("/users/@me/guilds?with_counts=true");
    assert_eq!(guilds.body[0]["approximate_member_count"], 2);
    assert_eq!(
        stage.get(&format!("/users/@me/guilds?before={guild}")).body,
        json!([])
    );
    assert_eq!(
        stage.get(&format!("/guilds/{guild}/invites")).body,
        json!([])
    );
    let path = format!("/users/@me/guilds/{guild}");
    assert_eq!(stage.call("DELETE", &path, Value::Null).status, 204);
    assert_eq!(stage.heard()[0].1["id"], guild.to_string());
    assert_eq!(
        stage.get(&format!("/guilds/{guild}")).refusal(),
        (404, 10004)
    );
    assert_eq!(stage.get("/users/@me/guilds").body, json!([]));
    stage.end();

    let mut stage = Stage::new();
    let path = format!("/guilds/{}/integrations", stage.guild());
    let id = stage.get(&path).text("/0/id");
    assert_eq!(
        stage
            .call("DELETE", &format!("{path}/1"), Value::Null)
            .refusal(),
        (404, 10005)
    );
    assert_eq!(
        stage
            .call("DELETE", &format!("{path}/{id}"), Value::Null)
            .status,
        204
    );
    assert_eq!(
        stage.names(),
        [
            "INTEGRATION_DELETE",
            "GUILD_INTEGRATIONS_UPDATE",
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            "GUILD_DELETE"
        ]
    );
    stage.end();
}

#[test]
fn a_setting_may_be_spelled_in_digits() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}", stage.guild());
    let spelled = stage.call("PATCH", &path, json!({ "verification_level": "2" }));
    assert_eq!(spelled.body["verification_level"], json!(2));
    stage.end();
}
