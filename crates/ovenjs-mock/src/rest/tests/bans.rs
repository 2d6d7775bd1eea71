use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    json::object,
    world::{Draft, permission as may},
};

use super::{REASON, Stage};

#[test]
fn a_ban_takes_the_messages_along() {
    let mut stage = Stage::new();
    let (guild, channel, ann) = (stage.guild(), stage.channel(), stage.user("ann"));
    let say = |stage: &mut Stage, text: &str| {
        let body = object(json!({ "content": text }));
        stage.world(|world| {
            let draft = Draft {
                author: ann,
                channel,
                body,
                ..Draft::default()
            };
            world.post(draft).unwrap()
        })
    };
    let old = say(&mut stage, "long ago");
    stage.pass(Duration::from_hours(2));
    let (one, two) = (say(&mut stage, "spam"), say(&mut stage, "more spam"));
    stage.heard();
    let path = format!("/guilds/{guild}/bans/{ann}");
    let body = json!({ "delete_message_seconds": 3600 });
    assert_eq!(stage.call("PUT", &path, body).status, 204);
    let heard = stage.heard();
    let names: Vec<&str> = heard.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "GUILD_MEMBER_REMOVE",
            "GUILD_BAN_ADD",
            "MESSAGE_DELETE_BULK",
            "GUILD_AUDIT_LOG_ENTRY_CREATE"
        ]
    );
    assert_eq!(heard[2].1["ids"], json!([one.to_string(), two.to_string()]));
    let kept = stage.world(|world| world.kept(channel, old).is_ok());
    assert!(kept);
    assert_eq!(stage.log(1), [(22, ann, REASON.to_owned())]);
    assert_eq!(stage.get(&path).text("/reason"), REASON);

    assert_eq!(stage.call("DELETE", &path, Value::Null).status, 204);
    assert_eq!(stage.log(1), [(23, ann, REASON.to_owned())]);
    assert_eq!(
        stage.call("DELETE", &path, Value::Null).refusal(),
        (404, 10026)
    );
    let nobody = format!("/guilds/{guild}/bans/1");
    assert_eq!(
        stage.call("PUT", &nobody, json!({})).refusal(),
        (404, 10013)
    );
    let owner = stage.world(|world| world.owner);
    let owner = format!("/guilds/{guild}/bans/{owner}");
    assert_eq!(stage.call("PUT", &owner, json!({})).refusal(), (403, 50013));
    stage.end();
}

#[test]
fn many_are_banned_at_once_and_listed_in_pages() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let users: Vec<u64> = ["ann", "bob", "carl", "dan"]
        .map(|name| stage.user(name))
        .to_vec();
    let owner = stage.world(|world| world.owner);
    let path = format!("/guilds/{guild}/bulk-ban");
    let ids = |users: &[u64]| users.iter().map(u64::to_string).collect::<Vec<_>>();
    let mut everyone = users.clone();
    everyone.push(owner);
    let banned = stage.call("POST", &path, json!({ "user_ids": ids(&everyone) }));
    assert_eq!(banned.body["banned_users"], json!(ids(&users)));
    assert_eq!(banned.body["failed_users"], json!(ids(&[owner])));
    let failed = stage.call("POST", &path, json!({ "user_ids": ids(&users) }));
    assert_eq!(failed.refusal(), (400, 500_000));
    let too_many: Vec<String> = (1..=201).map(|id: u64| id.to_string()).collect();
    let refused = stage.call("POST", &path, json!({ "user_ids": too_many }));
    assert_eq!(refused.refusal(), (400, 50035));

    let page = |stage: &mut Stage, query: String| -> Vec<String> {
        let bans = stage.get(&format!("/guilds/{guild}/bans?{query}"));
        let bans = bans.body.as_array().unwrap().clone();
        let name = |ban: &Value| ban["user"]["username"].as_str().unwrap().to_owned();
        bans.iter().map(name).collect()
    };
    assert_eq!(page(&mut stage, "limit=2".into()), ["ann", "bob"]);
    assert_eq!(
        page(&mut stage, format!("limit=2&after={}", users[1])),
        ["carl", "dan"]
    );
    assert_eq!(
        page(&mut stage, format!("limit=2&before={}", users[3])),
        ["bob", "carl"]
    );
    stage.end();

    let mut weak = Stage::with(may::BAN_MEMBERS | may::VIEW_CHANNEL);
    let ann = weak.user("ann");
    let path = format!("/guilds/{}/bulk-ban", weak.guild());
    let refused = weak.call("POST", &path, json!({ "user_ids": [ann.to_string()] }));
    assert_eq!(refused.refusal(), (403, 50013));
    weak.end();
}

#[test]
fn who_was_not_seen_for_days_is_pruned() {
    let mut stage = Stage::new();
    let (guild, channel) = (stage.guild(), stage.channel());
    let (ann, bob, carl) = (stage.user("ann"), stage.user("bob"), stage.user("carl"));
    let baker = stage.role("Baker", 0, 0);
    stage.world(|world| world.set_role(guild, bob, baker, true).unwrap());
    stage.pass(Duration::from_hours(24 * 10));
    let body = object(json!({ "content": "still here" }));
    stage.world(|world| {
        let draft = Draft {
            author: ann,
            channel,
            body,
            ..Draft::default()
        };
        world.post(draft).unwrap()
    });
    stage.heard();
    let path = format!("/guilds/{guild}/prune");
    assert_eq!(stage.get(&path).body, json!({ "pruned": 1 }));
    let with_role = format!("{path}?days=7&include_roles={baker}");
    assert_eq!(stage.get(&with_role).body, json!({ "pruned": 2 }));
    assert_eq!(
        stage.get(&format!("{path}?days=30")).body,
        json!({ "pruned": 0 })
    );

    let pruned = stage.call("POST", &path, json!({ "days": 7, "include_roles": [] }));
    assert_eq!(pruned.body, json!({ "pruned": 1 }));
    let heard = stage.heard();
    assert_eq!(heard[0].1["user"]["id"], carl.to_string());
    assert_eq!(
        heard[1].1["options"],
        json!({ "delete_member_days": "7", "members_removed": "1" })
    );
    let uncounted = stage.call("POST", &path, json!({ "compute_prune_count": false }));
    assert_eq!(uncounted.body, json!({ "pruned": null }));
    let refused = stage.call("POST", &path, json!({ "days": 31 }));
    assert_eq!(refused.refusal(), (400, 50035));
    stage.end();

    let mut weak = Stage::with(may::KICK_MEMBERS | may::VIEW_CHANNEL);
    let path = format!("/guilds/{}/prune", weak.guild());
    assert_eq!(weak.get(&path).refusal(), (403, 50013));
    assert_eq!(weak.call("POST", &path, json!({})).refusal(), (403, 50013));
    weak.end();
}
