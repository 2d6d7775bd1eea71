use std::time::Duration;

use serde_json::{Value, json};

use super::Stage;

#[test]
fn a_lobby_is_opened_filled_changed_and_closed() {
    let mut stage = Stage::new();
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    let made = stage.call(
        "POST",
        "/lobbies",
        json!({
            "metadata": { "topic": "sourdough" },
            "members": [{ "id": ann.to_string(), "metadata": { "side": "left" }, "flags": 1 }],
        }),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["members"][0]["flags"], json!(1));
    let lobby = format!("/lobbies/{}", made.text("/id"));
    assert_eq!(stage.get(&lobby).body, made.body);

    let member = format!("{lobby}/members/{bob}");
    let added = stage.call("PUT", &member, json!({ "additional_name": "Bobby" }));
    assert_eq!(added.body["additional_name"], json!("Bobby"));
    let again = stage.call("PUT", &member, json!({ "metadata": { "side": "right" } }));
    assert_eq!(again.body["additional_name"], json!("Bobby"));
    let changed = stage.call("PATCH", &lobby, json!({ "metadata": null }));
    assert_eq!(changed.body["metadata"], Value::Null);
    assert_eq!(changed.body["members"].as_array().unwrap().len(), 2);

    let bulk = format!("{lobby}/members/bulk");
    let body = json!([
        { "id": ann.to_string(), "remove_member": true },
        { "id": bob.to_string(), "flags": 1 },
    ]);
    let left = stage.call("POST", &bulk, body);
    assert_eq!(left.body.as_array().unwrap().len(), 1, "{}", left.body);
    let stranger = json!([{ "id": bob.to_string(), "remove_member": true }, { "id": "7" }]);
    assert_eq!(stage.call("POST", &bulk, stranger).refusal(), (404, 10013));
    assert_eq!(
        stage.get(&lobby).body["members"][0]["id"],
        json!(bob.to_string())
    );

    assert_eq!(stage.call("DELETE", &member, json!(null)).status, 204);
    assert_eq!(stage.call("DELETE", &member, json!(null)).status, 204);
    assert_eq!(stage.call("DELETE", &lobby, json!(null)).status, 204);
    assert_eq!(stage.call("DELETE", &lobby, json!(null)).status, 204);
    assert_eq!(stage.get(&lobby).refusal(), (404, 10031));
    assert_eq!(
        stage.call("DELETE", &member, json!(null)).refusal(),
        (404, 10031)
    );
    stage.end();
}

#[test]
fn a_lobby_ends_when_nobody_was_in_it_for_a_while() {
    let mut stage = Stage::new();
    let ann = stage.user("ann");
    let made = stage.call("POST", "/lobbies", json!({ "idle_timeout_seconds": 60 }));
    let lobby = format!("/lobbies/{}", made.text("/id"));
    let member = format!("{lobby}/members/{ann}");
    stage.pass(Duration::from_secs(59));
    stage.call("PUT", &member, json!({}));
    stage.pass(Duration::from_secs(3600));
    assert_eq!(stage.get(&lobby).status, 200);
    stage.call("DELETE", &member, json!(null));
    stage.pass(Duration::from_secs(61));
    assert_eq!(stage.get(&lobby).refusal(), (404, 10031));
    let refused = stage.call("POST", "/lobbies", json!({ "idle_timeout_seconds": 4 }));
    assert_eq!(refused.refusal(), (400, 50035));
    stage.end();
}

#[test]
fn players_come_by_a_secret_and_talk() {
    let mut stage = Stage::new();
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    let body = json!({ "secret": "rye", "lobby_metadata": { "topic": "rye" } });
    assert_eq!(
        stage.call("PUT", "/lobbies", body.clone()).refusal(),
        (403, 20001)
    );
    let first = stage.as_user(ann, "PUT", "/lobbies", body);
    assert_eq!(first.status, 200, "{}", first.body);
    let lobby = format!("/lobbies/{}", first.text("/id"));
    let messages = format!("{lobby}/messages");
    let hello = json!({ "content": "hello" });
    assert_eq!(
        stage
            .as_user(bob, "POST", &messages, hello.clone())
            .refusal(),
        (403, 50001)
    );
    let second = stage.as_user(bob, "PUT", "/lobbies", json!({ "secret": "rye" }));
    assert_eq!(second.text("/id"), first.text("/id"));
    assert_eq!(second.body["members"].as_array().unwrap().len(), 2);

    let said = stage.as_user(bob, "POST", &messages, hello);
    assert_eq!(said.status, 201, "{}", said.body);
    stage.as_user(ann, "POST", &messages, json!({ "content": "hi" }));
    assert_eq!(
        stage.as_user(ann, "POST", &messages, json!({})).refusal(),
        (400, 50006)
    );
    let heard = stage.as_user(ann, "GET", &format!("{messages}?limit=1"), json!(null));
    assert_eq!(heard.body[0]["content"], json!("hi"));
    let note = format!("{messages}/{}/moderation-metadata", said.text("/id"));
    assert_eq!(
        stage.call("PUT", &note, json!({ "tone": "warm" })).status,
        204
    );
    let heard = stage.as_user(ann, "GET", &messages, json!(null));
    assert_eq!(
        heard.body[1]["moderation_metadata"],
        json!({ "tone": "warm" })
    );

    let me = format!("{lobby}/members/@me");
    assert_eq!(stage.as_user(bob, "DELETE", &me, json!(null)).status, 204);
    assert_eq!(
        stage.as_user(bob, "GET", &messages, json!(null)).refusal(),
        (403, 50001)
    );
    stage.end();
}

#[test]
fn a_lobby_is_linked_by_who_may_and_invites_its_members() {
    let mut stage = Stage::new();
    let (owner, bob) = stage.world(|world| (world.owner, world.add_user("bob", false)));
    let (guild, channel) = (stage.guild(), stage.channel());
    let body = json!({ "members": [
        { "id": owner.to_string() },
        { "id": bob.to_string(), "flags": 1 },
    ]});
    let made = stage.call("POST", "/lobbies", body);
    let lobby = format!("/lobbies/{}", made.text("/id"));
    let link = format!("{lobby}/channel-linking");
    let to = json!({ "channel_id": channel.to_string() });
    // One may link but not in this channel, the other the other way round.
    assert_eq!(
        stage.as_user(bob, "PATCH", &link, to.clone()).refusal(),
        (403, 50013)
    );
    assert_eq!(
        stage.as_user(owner, "PATCH", &link, to.clone()).refusal(),
        (403, 50013)
    );
    let invites = format!("{lobby}/members/{bob}/invites");
    assert_eq!(
        stage.call("POST", &invites, json!(null)).refusal(),
        (404, 10003)
    );
    stage.call(
        "PUT",
        &format!("{lobby}/members/{owner}"),
        json!({ "flags": 1 }),
    );
    let linked = stage.as_user(owner, "PATCH", &link, to);
    assert_eq!(
        linked.text("/linked_channel/id"),
        channel.to_string(),
        "{}",
        linked.body
    );
    // What is said in the lobby is heard in the channel, too.
    stage.heard();
    let messages = format!("{lobby}/messages");
    let said = stage.as_user(owner, "POST", &messages, json!({ "content": "hello" }));
    let heard = format!("/channels/{channel}/messages/{}", said.text("/id"));
    assert_eq!(stage.get(&heard).body["content"], json!("hello"));
    assert!(stage.names().contains(&"MESSAGE_CREATE".to_owned()));

    let code = stage.call("POST", &invites, json!(null)).text("/code");
    let ann = stage.world(|world| world.add_user("ann", false));
    let stranger = stage.world(|world| world.accept_invite(ann, &code));
    assert_eq!(stranger.unwrap_err().code, 10006);
    assert_eq!(
        stage.world(|world| world.accept_invite(bob, &code)),
        Ok(guild)
    );
    let own = format!("{lobby}/members/@me/invites");
    assert_eq!(stage.as_user(owner, "POST", &own, json!(null)).status, 200);
    let freed = stage.as_user(owner, "PATCH", &link, json!({ "channel_id": null }));
    assert_eq!(freed.body.get("linked_channel"), None);
    stage.end();
}
