use serde_json::{Value, json};

use crate::{referee::Call, world::permission as may};

use super::{Answer, REASON, Stage};

#[test]
fn a_sticker_of_a_guild_lives_is_sent_and_dies() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/stickers");
    let made = upload(&mut stage, "Bun", "", PNG);
    assert_eq!((made.status, made.text("/name")), (201, "Bun".to_owned()));
    assert_eq!(made.body["format_type"], 1);
    let id: u64 = made.text("/id").parse().unwrap();
    let heard = stage.heard();
    assert_eq!(heard[0].0, "GUILD_STICKERS_UPDATE");
    assert_eq!(heard[0].1["stickers"][0]["id"], json!(id.to_string()));

    let messages = format!("/channels/{}/messages", stage.channel());
    let body = json!({ "sticker_ids": [id.to_string()] });
    let sent = stage.call("POST", &messages, body);
    assert_eq!(sent.text("/sticker_items/0/name"), "Bun");
    let edit = format!("{messages}/{}", sent.text("/id"));
    let other = json!({ "content": "x", "sticker_ids": ["7"] });
    assert_eq!(stage.call("PATCH", &edit, other).refusal(), (400, 50080));
    let unknown = stage.call("POST", &messages, json!({ "sticker_ids": ["7"] }));
    assert_eq!(unknown.refusal(), (400, 50081));
    stage.heard();

    let one = format!("{path}/{id}");
    let renamed = stage.call(
        "PATCH",
        &one,
        json!({ "name": "Roll", "description": null }),
    );
    assert_eq!(renamed.text("/name"), "Roll");
    assert_eq!(
        stage.get(&path).body[0]["user"]["id"],
        json!(stage.bot().to_string())
    );
    let anyone = stage.get(&format!("/stickers/{id}"));
    assert_eq!(
        (anyone.text("/name"), anyone.body.get("user")),
        ("Roll".to_owned(), None)
    );
    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.get(&one).refusal(), (404, 10060));
    assert_eq!(
        stage.get(&format!("/stickers/{id}")).refusal(),
        (404, 10060)
    );
    assert_eq!(
        stage.names(),
        ["GUILD_STICKERS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"].repeat(2)
    );
    let log = stage.log(3);
    assert_eq!(
        log,
        [92, 91, 90].map(|action| (action, id, REASON.to_owned()))
    );
    stage.end();
}

#[test]
fn a_sticker_is_refused_for_its_file_its_words_and_its_number() {
    let mut stage = Stage::new();
    let large = vec![0; 512 * 1024 + 1];
    let refusals = [
        (upload(&mut stage, "Bun", "", b"bread"), (400, 50046)),
        (upload(&mut stage, "Bun", "", &large), (400, 50045)),
        (upload(&mut stage, "Bun", "", b"{}"), (400, 50046)),
        (upload(&mut stage, "B", "", PNG), (400, 50035)),
        (upload(&mut stage, "Bun", "x", PNG), (400, 50035)),
    ];
    for (answer, refusal) in refusals {
        assert_eq!(answer.refusal(), refusal);
    }
    for _ in 0..5 {
        assert_eq!(upload(&mut stage, "Bun", "fresh", PNG).status, 201);
    }
    assert_eq!(upload(&mut stage, "Bun", "", PNG).refusal(), (400, 30039));
    let guild = stage.guild();
    stage.world(|world| {
        let object = &mut world.guilds.get_mut(&guild).unwrap().object;
        object.insert("premium_tier".to_owned(), json!(1));
        object.insert("features".to_owned(), json!(["VERIFIED"]));
    });
    let lottie = br#"{"fr":30,"ip":0,"op":60,"w":320,"h":320}"#;
    assert_eq!(upload(&mut stage, "Bun", "", lottie).body["format_type"], 3);
    stage.end();
}

#[test]
fn stickers_take_permissions_and_those_of_others_take_more() {
    let mut stage = Stage::with(may::EVERYONE);
    assert_eq!(upload(&mut stage, "Bun", "", PNG).refusal(), (403, 50013));

    let mut stage = Stage::with(may::EVERYONE | may::CREATE_GUILD_EXPRESSIONS);
    let guild = stage.guild();
    let id = upload(&mut stage, "Bun", "", PNG).text("/id");
    let one = format!("/guilds/{guild}/stickers/{id}");
    assert_eq!(
        stage.call("PATCH", &one, json!({ "tags": "bread" })).status,
        200
    );
    stage.world(|world| {
        let mut stickers = world.stickers(guild);
        stickers[0].insert("user".to_owned(), world.user(world.owner));
        stickers[0].insert("available".to_owned(), json!(false));
        world.set_stickers(guild, stickers);
    });
    assert_eq!(
        stage.call("DELETE", &one, json!(null)).refusal(),
        (403, 50013)
    );
    let messages = format!("/channels/{}/messages", stage.channel());
    let lost = stage.call("POST", &messages, json!({ "sticker_ids": [id] }));
    assert_eq!(lost.refusal(), (400, 50081), "not available any more");
    stage.end();
}

#[test]
fn standard_stickers_come_in_packs_and_are_everybodys() {
    let mut stage = Stage::new();
    let packs = stage.get("/sticker-packs");
    let pack = packs.body["sticker_packs"][1].clone();
    let same = stage.get(&format!("/sticker-packs/{}", pack["id"].as_str().unwrap()));
    assert_eq!(same.body, pack);
    let id = pack["stickers"][0]["id"].as_str().unwrap();
    assert_eq!(
        stage.get(&format!("/stickers/{id}")).body,
        pack["stickers"][0]
    );
    let messages = format!("/channels/{}/messages", stage.channel());
    let sent = stage.call("POST", &messages, json!({ "sticker_ids": [id] }));
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(stage.get("/sticker-packs/7").refusal(), (404, 10061));
    stage.end();
}

fn upload(stage: &mut Stage, name: &str, description: &str, file: &[u8]) -> Answer {
    let path = format!("/api/v10/guilds/{}/stickers", stage.guild());
    let token = format!("Bot {}", stage.discord.token());
    let mut body = Vec::new();
    for (field, text) in [
        ("name", name),
        ("description", description),
        ("tags", "bread"),
    ] {
        let part =
            format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n");
        body.extend(part.bytes());
    }
    body.extend(
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bun.png\"\r\n\r\n",
    );
    body.extend(file);
    body.extend(b"\r\n--x--");
    let reply = stage.discord.request(
        stage.now,
        Call {
            method: "POST",
            path: &path,
            query: "",
            authorization: Some(&token),
            content_type: Some("multipart/form-data; boundary=x"),
            reason: Some("tidy%20up"),
            body: &body,
        },
    );
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    Answer {
        status: reply.status,
        body,
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40\x08\x06\0\0\0";
