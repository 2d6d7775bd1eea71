use std::time::Duration;

use serde_json::json;

use crate::world::permission as may;

use super::{REASON, Stage};

#[test]
fn an_invite_is_made_found_used_up_and_taken_back() {
    let mut stage = Stage::new();
    let (guild, channel) = (stage.guild(), stage.channel());
    let bakers = stage.role("Bakers", 0, 0);
    let path = format!("/channels/{channel}/invites");
    let body = json!({ "max_uses": 1, "role_ids": [bakers.to_string()] });
    let made = stage.call("POST", &path, body);
    let code = made.text("/code");
    assert_eq!((made.status, code.len()), (200, 8), "{}", made.body);
    assert_eq!(made.body["max_age"], json!(86_400));
    let heard = stage.heard();
    assert_eq!(heard[0].0, "INVITE_CREATE");
    assert_eq!(heard[0].1["role_ids"], json!([bakers.to_string()]));
    assert_eq!(heard[0].1["channel_id"], json!(channel.to_string()));

    let found = stage.get(&format!("/invites/{code}?with_counts=true"));
    assert_eq!(found.body["approximate_member_count"], json!(2));
    assert_eq!(found.body["uses"], json!(null));
    let listed = format!("/guilds/{guild}/invites");
    assert_eq!(stage.get(&path).body, stage.get(&listed).body);

    let ann = stage.world(|world| world.add_user("ann", false));
    assert_eq!(
        stage.world(|world| world.accept_invite(ann, &code)),
        Ok(guild)
    );
    assert_eq!(
        stage.names(),
        ["GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "INVITE_DELETE"]
    );
    assert_eq!(
        stage.get(&format!("/invites/{code}")).refusal(),
        (404, 10006)
    );

    let other = stage
        .call("POST", &path, json!({ "max_age": 0 }))
        .text("/code");
    let gone = stage.call("DELETE", &format!("/invites/{other}"), json!(null));
    assert_eq!((gone.status, gone.text("/code")), (200, other));
    let log = stage.log(2);
    assert_eq!(log, [42, 40].map(|action| (action, 0, REASON.to_owned())));
    stage.end();
}

#[test]
fn an_invite_that_says_the_same_comes_again_unless_it_is_to_be_unique() {
    let mut stage = Stage::new();
    let path = format!("/channels/{}/invites", stage.channel());
    let mut code = |body| stage.call("POST", &path, body).text("/code");
    let first = code(json!({}));
    assert_eq!(code(json!({})), first);
    assert_ne!(code(json!({ "max_uses": 5 })), first);
    assert_ne!(code(json!({ "unique": true })), first);
}

#[test]
fn an_invite_expires_and_keeps_the_banned_out() {
    let mut stage = Stage::new();
    let path = format!("/channels/{}/invites", stage.channel());
    let code = stage
        .call("POST", &path, json!({ "max_age": 60 }))
        .text("/code");
    let guild = stage.guild();
    let bob = stage.world(|world| {
        let bob = world.add_user("bob", false);
        world.ban(guild, bob, None);
        bob
    });
    let refused = stage.world(|world| world.accept_invite(bob, &code));
    assert_eq!(refused.unwrap_err().code, 40007);
    stage.pass(Duration::from_secs(61));
    assert_eq!(
        stage.get(&format!("/invites/{code}")).refusal(),
        (404, 10006)
    );
    assert_eq!(stage.get(&path).body, json!([]));
    let ann = stage.user("ann");
    let late = stage.world(|world| world.accept_invite(ann, &code));
    assert_eq!(late.unwrap_err().code, 10006);
}

#[test]
fn an_invite_for_some_is_nothing_to_others() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/channels/{}/invites", stage.channel());
    let (ann, bob, eve) = stage.world(|world| {
        let mut add = |name| world.add_user(name, false);
        (add("ann"), add("bob"), add("eve"))
    });
    let made = stage.upload(
        "POST",
        &path,
        "target_users_file",
        &format!("user_id\n{ann}\n"),
    );
    assert_eq!(made.status, 200, "{}", made.body);
    let code = made.text("/code");
    let targets = format!("/invites/{code}/target-users");
    let job = format!("{targets}/job-status");
    let running = stage.get(&job);
    assert_eq!(
        (&running.body["status"], &running.body["total_users"]),
        (&json!(1), &json!(1))
    );
    stage.pass(Duration::from_secs(1));
    let ended = stage.get(&job);
    assert_eq!(
        (&ended.body["status"], &ended.body["processed_users"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(stage.get(&targets).body, json!(format!("user_id\n{ann}")));
    let refused = stage.world(|world| world.accept_invite(bob, &code));
    assert_eq!(refused.unwrap_err().code, 10006);
    assert_eq!(
        stage.world(|world| world.accept_invite(ann, &code)),
        Ok(guild)
    );

    let file = format!("{ann}\r\n{bob}\r\n");
    assert_eq!(
        stage
            .upload("PUT", &targets, "target_users_file", &file)
            .status,
        204
    );
    assert_eq!(
        stage.world(|world| world.accept_invite(bob, &code)),
        Ok(guild)
    );
    let wrong = stage.upload("PUT", &targets, "target_users_file", "user_id\n7\nbread");
    assert_eq!(wrong.refusal(), (400, 50035));
    let faults = &wrong.body["errors"]["target_users_file"]["_errors"];
    assert!(
        faults[0]["message"].as_str().unwrap().starts_with("Line 2"),
        "{faults}"
    );
    assert!(
        faults[1]["message"].as_str().unwrap().starts_with("Line 3"),
        "{faults}"
    );
    let late = stage.world(|world| world.accept_invite(eve, &code));
    assert_eq!(late.unwrap_err().code, 10006);

    let open = stage.call("POST", &path, json!({})).text("/code");
    let targets = format!("/invites/{open}/target-users");
    assert_eq!(stage.get(&targets).refusal(), (404, 10129));
    assert_eq!(
        stage.get(&format!("{targets}/job-status")).refusal(),
        (404, 10124)
    );
    stage.end();
}

#[test]
fn an_invite_is_refused_for_what_it_leads_to_and_who_asks() {
    let mut stage = Stage::new();
    let category = stage.open(4, "shelves", json!({}));
    let body = json!({});
    let nowhere = stage.call("POST", &format!("/channels/{category}/invites"), body);
    assert_eq!(nowhere.refusal(), (400, 50024));
    let path = format!("/channels/{}/invites", stage.channel());
    let refused = [
        (json!({ "max_age": 5_184_001 }), (400, 50035)),
        (json!({ "target_type": 1 }), (400, 50035)),
        (
            json!({ "target_type": 2, "target_application_id": "7" }),
            (404, 10002),
        ),
        (json!({ "role_ids": ["7"] }), (404, 10011)),
    ];
    for (body, refusal) in refused {
        assert_eq!(stage.call("POST", &path, body).refusal(), refusal);
    }
    stage.end();

    let mut stage = Stage::with(may::EVERYONE & !may::CREATE_INSTANT_INVITE);
    let path = format!("/channels/{}/invites", stage.channel());
    assert_eq!(stage.call("POST", &path, json!({})).refusal(), (403, 50013));
    assert_eq!(stage.get(&path).refusal(), (403, 50013));
    stage.end();
}
