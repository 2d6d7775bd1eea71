use serde_json::{Value, json};

use crate::world::permission as may;

use super::{REASON, Stage};

#[test]
fn a_role_is_made_changed_counted_and_deleted() {
    let mut stage = Stage::new();
    let (guild, channel, ann) = (stage.guild(), stage.channel(), stage.user("ann"));
    stage.heard();
    let path = format!("/guilds/{guild}/roles");
    let body =
        json!({ "name": "Baker", "color": 0x00ff_8800, "hoist": true, "permissions": "8192" });
    let made = stage.call("POST", &path, body);
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.body["colors"]["primary_color"], 0x00ff_8800);
    let id: u64 = made.text("/id").parse().unwrap();
    assert_eq!(
        stage.names(),
        ["GUILD_ROLE_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    );
    assert_eq!(stage.log(1), [(30, id, REASON.to_owned())]);

    let one = format!("{path}/{id}");
    let colors = json!({ "colors": { "primary_color": 1 }, "mentionable": true });
    assert_eq!(stage.call("PATCH", &one, colors).body["color"], 1);
    assert_eq!(stage.heard()[0].1["role"]["mentionable"], true);
    assert_eq!(stage.log(1), [(31, id, REASON.to_owned())]);

    let give = format!("/guilds/{guild}/members/{ann}/roles/{id}");
    assert_eq!(stage.call("PUT", &give, Value::Null).status, 204);
    let overwrite = format!("/channels/{channel}/permissions/{id}");
    assert_eq!(
        stage
            .call("PUT", &overwrite, json!({ "type": 0, "deny": "2048" }))
            .status,
        204
    );
    let counts = stage.get(&format!("{path}/member-counts"));
    assert_eq!(counts.body[id.to_string()], 1);
    stage.heard();

    assert_eq!(stage.call("DELETE", &one, Value::Null).status, 204);
    assert_eq!(
        stage.names(),
        [
            "GUILD_ROLE_DELETE",
            "CHANNEL_UPDATE",
            "GUILD_AUDIT_LOG_ENTRY_CREATE"
        ]
    );
    let member = stage.get(&format!("/guilds/{guild}/members/{ann}"));
    assert_eq!(member.body["roles"], json!([]));
    assert_eq!(stage.get(&one).refusal(), (404, 10011));
    stage.end();
}

#[test]
fn the_list_of_roles_is_reordered_without_gaps() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/roles");
    // It stands at position 1 as new roles do, and above them, being older.
    let bot_role = stage.world(|world| {
        let mut roles = world.guilds[&guild].roles.keys();
        *roles.find(|id| **id != guild).unwrap()
    });
    let ids: Vec<u64> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            let made = stage.call("POST", &path, json!({ "name": name }));
            made.text("/id").parse().unwrap()
        })
        .collect();
    stage.heard();
    let moves = json!([{ "id": ids[2].to_string(), "position": 3 }]);
    let listed = stage.call("PATCH", &path, moves);
    assert_eq!(listed.status, 200, "{}", listed.body);
    let place = |id: u64| {
        let roles = listed.body.as_array().unwrap().iter();
        let id = id.to_string();
        let mut found = roles.filter(|role| role["id"] == id.as_str());
        found.next().unwrap()["position"].clone()
    };
    assert_eq!((place(ids[2]), place(bot_role)), (json!(3), json!(4)));
    assert_eq!(stage.names()[0], "GUILD_ROLE_UPDATE");
    let (action, ..) = stage.log(1)[0];
    assert_eq!(action, 31);

    let order = [guild, ids[1], ids[0], ids[2], bot_role];
    let whole = order.iter().enumerate();
    let whole: Vec<_> = whole
        .map(|(place, id)| json!({ "id": id.to_string(), "position": place }))
        .collect();
    let listed = stage.call("PATCH", &path, whole.into());
    assert_eq!(listed.status, 200, "{}", listed.body);

    for place in [4, 9] {
        let above = json!([{ "id": ids[0].to_string(), "position": place }]);
        assert_eq!(stage.call("PATCH", &path, above).refusal(), (403, 50013));
    }
    let everyone = json!([{ "id": guild.to_string(), "position": 1 }]);
    assert_eq!(stage.call("PATCH", &path, everyone).refusal(), (400, 50028));
    stage.end();
}

#[test]
fn nobody_touches_what_stands_above_or_belongs_to_others() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let chief = stage.role("Chief", 5, 0);
    let own = stage.world(|world| *world.guilds[&guild].roles.keys().nth(1).unwrap());
    let path = |id: u64| format!("/guilds/{guild}/roles/{id}");
    for method in ["PATCH", "DELETE"] {
        let body = if method == "PATCH" {
            json!({ "name": "x" })
        } else {
            Value::Null
        };
        let refused = stage.call(method, &path(chief), body);
        assert_eq!(refused.refusal(), (403, 50013), "{method}");
    }
    let refused = stage.call("DELETE", &path(guild), Value::Null);
    assert_eq!(refused.refusal(), (400, 50028));
    assert_eq!(
        stage.call("DELETE", &path(own), Value::Null).refusal(),
        (403, 50013)
    );
    // A managed role below the bot's is not deleted either.
    let managed = stage.role("Subscribers", 1, 0);
    stage.world(|world| {
        let mut role = world.role(guild, managed).unwrap().clone();
        role.insert("managed".to_owned(), json!(true));
        role.insert("position".to_owned(), json!(0));
        world.change_role(guild, managed, role);
    });
    assert_eq!(
        stage.call("DELETE", &path(managed), Value::Null).refusal(),
        (400, 50028)
    );
    let icon = json!({ "unicode_emoji": "🍞" });
    assert_eq!(
        stage
            .call("POST", &format!("/guilds/{guild}/roles"), icon)
            .refusal(),
        (403, 50101)
    );
    assert_eq!(
        stage
            .call("PATCH", &path(1), json!({ "name": "x" }))
            .refusal(),
        (404, 10011)
    );
    stage.end();
}

#[test]
fn a_bot_gives_no_more_than_it_has() {
    let mut stage = Stage::with(may::VIEW_CHANNEL | may::MANAGE_ROLES);
    let path = format!("/guilds/{}/roles", stage.guild());
    let more = json!({ "permissions": may::BAN_MEMBERS.to_string() });
    assert_eq!(stage.call("POST", &path, more).refusal(), (403, 50013));
    let same = json!({ "permissions": may::VIEW_CHANNEL.to_string() });
    assert_eq!(stage.call("POST", &path, same).status, 200);
    stage.end();

    let mut weak = Stage::with(may::VIEW_CHANNEL);
    let path = format!("/guilds/{}/roles", weak.guild());
    assert_eq!(weak.call("POST", &path, json!({})).refusal(), (403, 50013));
    weak.end();
}

#[test]
fn a_guild_has_at_most_250_roles() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/roles", stage.guild());
    for _ in 0..248 {
        assert_eq!(stage.call("POST", &path, json!({})).status, 200);
        stage.heard();
    }
    assert_eq!(stage.call("POST", &path, json!({})).refusal(), (400, 30005));
    stage.end();
}
