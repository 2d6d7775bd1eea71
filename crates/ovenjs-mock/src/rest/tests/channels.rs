use serde_json::{Value, json};

use crate::world::permission as may;

use super::{REASON, Stage};

#[test]
fn a_channel_is_made_changed_and_deleted() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/channels", stage.guild());
    let body =
        json!({ "name": "Fresh Bread", "topic": "warm", "nsfw": true, "rate_limit_per_user": 5 });
    let made = stage.call("POST", &path, body);
    assert_eq!(
        (made.status, made.text("/name").as_str()),
        (201, "fresh-bread")
    );
    let id: u64 = made.text("/id").parse().unwrap();
    assert_eq!(
        stage.names(),
        ["CHANNEL_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    );
    assert_eq!(stage.log(1), [(10, id, REASON.to_owned())]);

    let one = format!("/channels/{id}");
    let changed = stage.call("PATCH", &one, json!({ "topic": null, "name": "rolls" }));
    assert_eq!(changed.body.pointer("/topic"), Some(&Value::Null));
    let heard = stage.heard();
    assert_eq!(heard[0].0, "CHANNEL_UPDATE");
    assert_eq!(heard[0].1["name"], "rolls");
    assert_eq!(
        heard[1].1["changes"],
        json!([
            { "key": "name", "old_value": "fresh-bread", "new_value": "rolls" },
            { "key": "topic", "old_value": "warm" },
        ])
    );
    // An edit that changes nothing is no news.
    assert_eq!(
        stage.call("PATCH", &one, json!({ "name": "rolls" })).status,
        200
    );
    assert_eq!(stage.names(), Vec::<String>::new());

    assert_eq!(
        stage.call("DELETE", &one, Value::Null).text("/name"),
        "rolls"
    );
    assert_eq!(
        stage.names(),
        ["CHANNEL_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    );
    assert_eq!(stage.get(&one).refusal(), (404, 10003));
    stage.end();
}

#[test]
fn each_type_has_its_fields_and_its_limits() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/channels", stage.guild());
    let loud = stage.call(
        "POST",
        &path,
        json!({ "name": "Ovens", "type": 2, "bitrate": 96_000, "user_limit": 9, "topic": "unheard" }),
    );
    assert_eq!(loud.text("/name"), "Ovens");
    assert_eq!(loud.body["bitrate"], 96_000);
    assert_eq!(loud.body.get("topic"), None);
    let tags = json!([{ "name": "rye", "emoji_name": "🍞" }, { "name": "oat", "moderated": true }]);
    let forum = json!({ "name": "recipes", "type": 15, "available_tags": tags, "default_reaction_emoji": { "emoji_name": "🥖" } });
    let forum = stage.call("POST", &path, forum);
    assert_eq!(forum.status, 201, "{}", forum.body);
    let rye = forum.text("/available_tags/0/id");
    let kept = json!({ "available_tags": [{ "id": rye, "name": "dark rye" }], "flags": 16 });
    let forum = stage.call("PATCH", &format!("/channels/{}", forum.text("/id")), kept);
    assert_eq!(forum.text("/available_tags/0/id"), rye);
    assert_eq!(forum.body["flags"], 16);

    let refused = [
        (json!({ "name": "a", "type": 2, "bitrate": 128_000 }), 30052),
        (json!({ "name": "a", "type": 2, "user_limit": 100 }), 50035),
        (json!({ "name": "a", "topic": "x".repeat(1025) }), 50035),
        (json!({ "name": "a", "type": 5 }), 50035),
        (json!({ "name": "a", "type": 13 }), 50035),
        (json!({ "name": "a", "parent_id": "1" }), 50035),
        (
            json!({ "name": "a", "parent_id": stage.channel().to_string() }),
            50035,
        ),
        (
            json!({ "name": "a", "type": 15, "available_tags": [{ "name": "x".repeat(21) }] }),
            50035,
        ),
        (
            json!({ "name": "a", "type": 15, "available_tags": [{ "name": "x" }, { "name": "x" }] }),
            40061,
        ),
        (
            json!({ "name": "a", "permission_overwrites": [{ "id": "1", "type": 0 }] }),
            10009,
        ),
        (json!({ "topic": "nameless" }), 50035),
    ];
    for (body, code) in refused {
        let refused = stage.call("POST", &path, body.clone());
        assert_eq!(refused.refusal().1, code, "{body}: {}", refused.body);
    }
    let text = format!("/channels/{}", stage.channel());
    assert_eq!(
        stage.call("PATCH", &text, json!({ "type": 5 })).refusal(),
        (400, 50035)
    );
    assert_eq!(
        stage.call("PATCH", &text, json!({ "type": 2 })).refusal(),
        (400, 50035)
    );
    stage.end();
}

#[test]
fn a_category_keeps_its_children_until_it_goes() {
    let mut stage = Stage::new();
    let category = stage.open(4, "Kitchen", json!({}));
    let inside = json!({ "parent_id": category.to_string() });
    let children: Vec<u64> = (0..50)
        .map(|number| stage.open(0, &format!("shelf-{number}"), inside.clone()))
        .collect();
    let path = format!("/guilds/{}/channels", stage.guild());
    let one_more = json!({ "name": "one-more", "parent_id": category.to_string() });
    let full = stage.call("POST", &path, one_more);
    assert_eq!(
        full.text("/errors/parent_id/_errors/0/code"),
        "CHANNEL_PARENT_MAX_CHANNELS"
    );
    let nested = json!({ "name": "nested", "type": 4, "parent_id": category.to_string() });
    assert_eq!(
        stage.call("POST", &path, nested).body.get("parent_id"),
        Some(&Value::Null),
        "a category in a category is none"
    );
    stage.heard();
    let gone = format!("/channels/{category}");
    assert_eq!(stage.call("DELETE", &gone, Value::Null).status, 200);
    let heard = stage.heard();
    assert_eq!(heard[0].0, "CHANNEL_DELETE");
    let freed: Vec<_> = heard
        .iter()
        .filter(|(name, data)| name == "CHANNEL_UPDATE" && data["parent_id"].is_null())
        .collect();
    assert_eq!(freed.len(), children.len());
    stage.end();
}

#[test]
fn a_guild_has_at_most_500_channels() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    for number in 0..498 {
        stage.open(0, &format!("c{number}"), json!({}));
    }
    let path = format!("/guilds/{guild}/channels");
    let full = stage.call("POST", &path, json!({ "name": "one-more" }));
    assert_eq!(full.refusal(), (400, 30013));
    stage.end();
}

#[test]
fn channels_are_reordered_and_take_the_permissions_of_their_category() {
    let mut stage = Stage::new();
    let (guild, first) = (stage.guild(), stage.channel());
    let deny = json!([{ "id": guild.to_string(), "type": 0, "deny": "2048" }]);
    let category = stage.open(4, "Quiet", json!({ "permission_overwrites": deny }));
    let other = stage.open(0, "other", json!({}));
    let path = format!("/guilds/{guild}/channels");
    let moves = json!([
        { "id": first.to_string(), "position": 7, "parent_id": category.to_string(), "lock_permissions": true },
        { "id": other.to_string(), "position": 1 },
    ]);
    assert_eq!(stage.call("PATCH", &path, moves).status, 204);
    let heard = stage.heard();
    assert_eq!(heard[0].1["position"], 7);
    assert_eq!(heard[0].1["permission_overwrites"][0]["deny"], "2048");
    assert_eq!(heard[1].1["position"], 1);
    let both = json!([
        { "id": first.to_string(), "parent_id": null },
        { "id": other.to_string(), "parent_id": category.to_string() },
    ]);
    assert_eq!(stage.call("PATCH", &path, both).refusal(), (400, 40009));
    let unknown = json!([{ "id": "1", "position": 1 }]);
    assert_eq!(stage.call("PATCH", &path, unknown).refusal(), (404, 10003));
    stage.end();
}

#[test]
fn overwrites_are_put_changed_and_taken_away() {
    let mut stage = Stage::new();
    let (channel, ann) = (stage.channel(), stage.user("ann"));
    stage.heard();
    let path = format!("/channels/{channel}/permissions/{ann}");
    let put = |allow: u64| json!({ "type": 1, "allow": allow.to_string(), "deny": "0" });
    assert_eq!(stage.call("PUT", &path, put(1 << 13)).status, 204);
    let heard = stage.heard();
    assert_eq!(heard[0].0, "CHANNEL_UPDATE");
    assert_eq!(heard[0].1["permission_overwrites"][0]["allow"], "8192");
    assert_eq!(
        heard[1].1["options"],
        json!({ "id": ann.to_string(), "type": "1" })
    );
    assert_eq!(stage.call("PUT", &path, put(1 << 14)).status, 204);
    assert_eq!(stage.call("DELETE", &path, Value::Null).status, 204);
    assert_eq!(
        stage.call("DELETE", &path, Value::Null).refusal(),
        (404, 10009)
    );
    let actions: Vec<u64> = stage
        .log(3)
        .into_iter()
        .map(|(action, ..)| action)
        .collect();
    assert_eq!(actions, [15, 14, 13]);
    // To manage roles is for administrators to give.
    assert_eq!(
        stage.call("PUT", &path, put(1 << 28)).refusal(),
        (403, 50013)
    );
    let nobody = format!("/channels/{channel}/permissions/1");
    assert_eq!(stage.call("PUT", &nobody, put(0)).refusal(), (404, 10009));
    stage.end();

    let mut weak = Stage::with(may::VIEW_CHANNEL | may::MANAGE_ROLES | may::MANAGE_CHANNELS);
    let path = format!("/channels/{}/permissions/{}", weak.channel(), weak.guild());
    let more = json!({ "type": 0, "allow": "8192" });
    assert_eq!(weak.call("PUT", &path, more).refusal(), (403, 50013));
    assert_eq!(
        weak.call("PUT", &path, json!({ "type": 0, "deny": "1024" }))
            .status,
        204
    );
    weak.end();
}

#[test]
fn who_may_not_manage_channels_is_told_so() {
    let mut stage = Stage::with(may::VIEW_CHANNEL | may::SEND_MESSAGES);
    let (guild, channel) = (stage.guild(), stage.channel());
    let cases = [
        (
            "POST",
            format!("/guilds/{guild}/channels"),
            json!({ "name": "a" }),
        ),
        ("PATCH", format!("/guilds/{guild}/channels"), json!([])),
        (
            "PATCH",
            format!("/channels/{channel}"),
            json!({ "name": "a" }),
        ),
        ("DELETE", format!("/channels/{channel}"), Value::Null),
        (
            "PUT",
            format!("/channels/{channel}/permissions/{guild}"),
            json!({ "type": 0 }),
        ),
        ("GET", format!("/guilds/{guild}/audit-logs"), Value::Null),
    ];
    for (method, path, body) in cases {
        let refused = stage.call(method, &path, body);
        assert_eq!(refused.refusal(), (403, 50013), "{method} {path}");
    }
    let hidden = json!([{ "id": guild.to_string(), "type": 0, "allow": "0", "deny": "1024" }]);
    stage.world(|world| {
        let mut after = world.channel(channel).unwrap().object.clone();
        after.insert("permission_overwrites".to_owned(), hidden);
        world.change_channel(channel, after);
    });
    let refused = stage.get(&format!("/channels/{channel}"));
    assert_eq!(refused.refusal(), (403, 50001));
    stage.end();
}

#[test]
fn a_voice_channel_says_what_goes_on_in_it() {
    let mut stage = Stage::new();
    let oven = stage.open(2, "Oven", json!({}));
    let path = format!("/channels/{oven}/voice-status");
    assert_eq!(
        stage
            .call("PUT", &path, json!({ "status": "baking" }))
            .status,
        204
    );
    let heard = stage.heard();
    assert_eq!(heard[0].0, "VOICE_CHANNEL_STATUS_UPDATE");
    assert_eq!(heard[0].1["status"], "baking");
    assert_eq!(stage.log(1), [(192, oven, REASON.to_owned())]);
    assert_eq!(
        stage.call("PUT", &path, json!({ "status": null })).status,
        204
    );
    assert_eq!(stage.log(1), [(193, oven, REASON.to_owned())]);

    // What was said is over when everyone is gone.
    let (guild, ann) = (stage.guild(), stage.user("ann"));
    stage.world(|world| world.enter_voice(guild, ann, oven, "s"));
    assert_eq!(
        stage.call("PUT", &path, json!({ "status": "tea" })).status,
        204
    );
    stage.heard();
    stage.world(|world| world.leave_voice(guild, ann));
    let heard = stage.heard();
    let (name, data) = heard.last().unwrap();
    assert_eq!(name, "VOICE_CHANNEL_STATUS_UPDATE");
    assert_eq!(data["status"], Value::Null);
    let text = format!("/channels/{}/voice-status", stage.channel());
    assert_eq!(
        stage.call("PUT", &text, json!({ "status": "x" })).refusal(),
        (400, 50024)
    );
    stage.end();
}

#[test]
fn a_group_grows_and_shrinks() {
    let mut stage = Stage::new();
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    let token = |user: u64| format!("access-{user}");
    let group = stage.call(
        "POST",
        "/users/@me/channels",
        json!({ "access_tokens": [token(ann)] }),
    );
    assert_eq!(group.body["type"], 3, "{}", group.body);
    let id = group.text("/id");
    let path = format!("/channels/{id}/recipients/{bob}");
    let refused = stage.call("PUT", &path, json!({ "access_token": "guessed" }));
    assert_eq!(refused.refusal(), (403, 50025));
    let grown = stage.call("PUT", &path, json!({ "access_token": token(bob) }));
    assert_eq!(grown.status, 201, "{}", grown.body);
    assert_eq!(grown.text("/recipients/1/username"), "bob");
    let again = stage.call("PUT", &path, json!({ "access_token": token(bob) }));
    assert_eq!(again.status, 204);
    assert_eq!(stage.call("DELETE", &path, Value::Null).status, 204);
    let named = stage.call(
        "PATCH",
        &format!("/channels/{id}"),
        json!({ "name": "Bakers" }),
    );
    assert_eq!(named.text("/name"), "Bakers");
    stage.end();
}

#[test]
fn a_closed_conversation_is_there_again() {
    let mut stage = Stage::new();
    let ann = stage.user("ann");
    let body = json!({ "recipient_id": ann.to_string() });
    let dm = stage
        .call("POST", "/users/@me/channels", body.clone())
        .text("/id");
    let path = format!("/channels/{dm}");
    assert_eq!(
        stage.call("PATCH", &path, json!({ "name": "x" })).refusal(),
        (403, 50003)
    );
    assert_eq!(stage.call("DELETE", &path, Value::Null).status, 200);
    assert_eq!(
        stage.call("POST", "/users/@me/channels", body).text("/id"),
        dm
    );
    let overwrite = format!("{path}/permissions/{ann}");
    assert_eq!(
        stage
            .call("PUT", &overwrite, json!({ "type": 1 }))
            .refusal(),
        (403, 50003)
    );
    stage.end();
}

#[test]
fn a_community_has_media_channels() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/channels");
    let media = json!({ "name": "Pictures", "type": 16, "topic": "x".repeat(1025) });
    let refused = stage.call("POST", &path, media.clone());
    assert_eq!(refused.refusal(), (400, 50035));
    stage.world(|world| {
        let object = &mut world.guilds.get_mut(&guild).unwrap().object;
        object.insert("features".to_owned(), json!(["COMMUNITY"]));
    });
    let made = stage.call("POST", &path, media);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/name"), "pictures");
    assert!(made.body.get("default_forum_layout").is_none());
    let made = format!("/channels/{}", made.text("/id"));
    // Menus without downloads are a media channel's alone.
    let changed = stage.call("PATCH", &made, json!({ "flags": 1 << 15 }));
    assert_eq!(changed.body["flags"], 1 << 15);
    let post = json!({ "name": "one", "message": { "content": "look" } });
    let post = stage.call("POST", &format!("{made}/threads"), post);
    assert_eq!(post.status, 201, "{}", post.body);
    stage.end();
}
