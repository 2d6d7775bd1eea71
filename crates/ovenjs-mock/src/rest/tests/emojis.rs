use serde_json::json;

use crate::world::{Emoji, permission as may};

use super::{REASON, Stage};

#[test]
fn an_emoji_of_a_guild_lives_and_dies() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/emojis");
    let bakers = stage.role("Bakers", 1, 0).to_string();
    let made = stage.call(
        "POST",
        &path,
        json!({ "name": "bun", "image": PNG, "roles": [bakers] }),
    );
    assert_eq!((made.status, made.text("/name")), (201, "bun".to_owned()));
    let id: u64 = made.text("/id").parse().unwrap();
    assert_eq!(made.body["roles"], json!([bakers]));
    let heard = stage.heard();
    assert_eq!(heard[0].0, "GUILD_EMOJIS_UPDATE");
    assert_eq!(heard[0].1["emojis"][0]["id"], json!(id.to_string()));

    let one = format!("{path}/{id}");
    let renamed = stage.call("PATCH", &one, json!({ "name": "roll", "roles": null }));
    assert_eq!(
        (renamed.text("/name"), &renamed.body["roles"]),
        ("roll".to_owned(), &json!([]))
    );
    assert_eq!(
        stage.get(&path).body[0]["user"]["id"],
        json!(stage.bot().to_string())
    );
    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.get(&one).refusal(), (404, 10014));
    assert_eq!(
        stage.names(),
        ["GUILD_EMOJIS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
            .repeat(2)
            .as_slice()
    );
    let log = stage.log(3);
    assert_eq!(
        log,
        [62, 61, 60].map(|action| (action, id, REASON.to_owned()))
    );
    stage.end();
}

#[test]
fn an_emoji_is_refused_for_its_name_its_image_its_roles_and_its_number() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/emojis", stage.guild());
    let large = format!("data:image/png;base64,{}", "A".repeat(360_000));
    let refused = [
        (json!({ "name": "a bun", "image": PNG }), (400, 50035)),
        (json!({ "name": "bun", "image": "bun.png" }), (400, 50035)),
        (json!({ "name": "bun", "image": large }), (400, 0)),
        (
            json!({ "name": "bun", "image": PNG, "roles": ["7"] }),
            (404, 10011),
        ),
    ];
    for (body, refusal) in refused {
        assert_eq!(stage.call("POST", &path, body).refusal(), refusal);
    }
    for number in 0..50 {
        let body = json!({ "name": format!("bun_{number}"), "image": PNG });
        assert_eq!(stage.call("POST", &path, body).status, 201);
        stage.pass(std::time::Duration::from_secs(1));
    }
    let one_more = json!({ "name": "bun", "image": PNG });
    assert_eq!(stage.call("POST", &path, one_more).refusal(), (400, 30008));
    let animated = json!({ "name": "bun", "image": "data:image/gif;base64,AA==" });
    assert_eq!(stage.call("POST", &path, animated).status, 201);
    stage.end();
}

#[test]
fn emojis_take_permissions_and_those_of_others_take_more() {
    let mut stage = Stage::with(may::EVERYONE);
    let path = format!("/guilds/{}/emojis", stage.guild());
    let body = json!({ "name": "bun", "image": PNG });
    assert_eq!(
        stage.call("POST", &path, body.clone()).refusal(),
        (403, 50013)
    );

    let mut stage = Stage::with(may::EVERYONE | may::CREATE_GUILD_EXPRESSIONS);
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/emojis");
    let id = stage.call("POST", &path, body).text("/id");
    let one = format!("{path}/{id}");
    assert_eq!(
        stage.call("PATCH", &one, json!({ "name": "roll" })).status,
        200
    );
    stage.world(|world| {
        let mut emojis = world.emojis(guild);
        emojis[0].insert("user".to_owned(), world.user(world.owner));
        world.set_emojis(guild, emojis);
    });
    assert_eq!(
        stage.call("DELETE", &one, json!(null)).refusal(),
        (403, 50013)
    );
    stage.end();
}

#[test]
fn emojis_of_the_application_are_its_own_and_react_anywhere() {
    let mut stage = Stage::with(may::EVERYONE & !may::USE_EXTERNAL_EMOJIS);
    let path = format!("/applications/{}/emojis", stage.bot());
    let body = json!({ "name": "bun", "image": PNG });
    let made = stage.call("POST", &path, body.clone());
    let id = made.text("/id");
    assert_eq!(made.status, 201);
    assert_eq!(
        stage.call("POST", &path, body).refusal(),
        (400, 50035),
        "the name is taken"
    );
    let one = format!("{path}/{id}");
    assert_eq!(
        stage
            .call("PATCH", &one, json!({ "name": "roll" }))
            .text("/name"),
        "roll"
    );
    assert_eq!(stage.get(&path).body["items"][0]["name"], json!("roll"));

    let channel = stage.channel();
    let message = stage.call(
        "POST",
        &format!("/channels/{channel}/messages"),
        json!({ "content": "hi" }),
    );
    let emoji = format!("roll:{id}");
    assert!(Emoji::parse(&emoji).is_ok());
    let react = format!(
        "/channels/{channel}/messages/{}/reactions/{emoji}/@me",
        message.text("/id")
    );
    assert_eq!(stage.call("PUT", &react, json!(null)).status, 204);

    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.get(&one).refusal(), (404, 10014));
    assert_eq!(stage.get("/applications/7/emojis").refusal(), (403, 20012));
    stage.end();
}

const PNG: &str = "data:image/png;base64,AAAA";
