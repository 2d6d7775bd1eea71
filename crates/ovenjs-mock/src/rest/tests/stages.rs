use serde_json::json;

use crate::{json::object, world::permission as may};

use super::{REASON, Stage};

#[test]
fn a_stage_opens_once_changes_its_topic_and_ends() {
    let mut stage = Stage::new();
    let channel = stage_channel(&mut stage);
    let path = format!("/stage-instances/{channel}");
    assert_eq!(stage.get(&path).refusal(), (404, 10067));
    let body = json!({ "channel_id": channel.to_string(), "topic": "Rye" });
    let made = stage.call("POST", "/stage-instances", body.clone());
    assert_eq!((made.status, made.text("/topic")), (200, "Rye".to_owned()));
    let id: u64 = made.text("/id").parse().unwrap();
    let twice = stage.call("POST", "/stage-instances", body);
    assert_eq!(twice.refusal(), (400, 150_006));
    let changed = stage.call("PATCH", &path, json!({ "topic": "Spelt" }));
    assert_eq!(changed.text("/topic"), "Spelt");
    assert_eq!(stage.get(&path).text("/topic"), "Spelt");
    assert_eq!(stage.call("DELETE", &path, json!(null)).status, 204);
    assert_eq!(
        stage.call("DELETE", &path, json!(null)).refusal(),
        (404, 10067)
    );
    let mut names = stage.names();
    names.retain(|name| name.starts_with("STAGE"));
    let told = ["CREATE", "UPDATE", "DELETE"].map(|deed| format!("STAGE_INSTANCE_{deed}"));
    assert_eq!(names, told);
    let log = stage.log(3);
    assert_eq!(
        log,
        [85, 84, 83].map(|action| (action, id, REASON.to_owned()))
    );
    stage.end();
}

#[test]
fn a_stage_takes_a_stage_channel_a_moderator_and_ends_with_its_channel() {
    let mut stage = Stage::new();
    let body = json!({ "channel_id": stage.channel().to_string(), "topic": "Rye" });
    let text = stage.call("POST", "/stage-instances", body);
    assert_eq!(text.refusal(), (400, 50024));
    let channel = stage_channel(&mut stage);
    let body = json!({ "channel_id": channel.to_string(), "topic": "Rye" });
    assert_eq!(
        stage.call("POST", "/stage-instances", body.clone()).status,
        200
    );
    stage.heard();
    let gone = stage.call("DELETE", &format!("/channels/{channel}"), json!(null));
    assert_eq!(gone.status, 200);
    assert!(stage.names().contains(&"STAGE_INSTANCE_DELETE".to_owned()));
    let nowhere = stage.call("POST", "/stage-instances", body);
    assert_eq!(nowhere.refusal(), (404, 10003));
    stage.end();

    let mut stage = Stage::with(may::ALL_BUT_ADMINISTRATOR & !may::MUTE_MEMBERS);
    let channel = stage_channel(&mut stage);
    let body = json!({ "channel_id": channel.to_string(), "topic": "Rye" });
    let lesser = stage.call("POST", "/stage-instances", body);
    assert_eq!(lesser.refusal(), (403, 50013));
    stage.end();
}

/// Only a community could open one by a request.
fn stage_channel(stage: &mut Stage) -> u64 {
    let guild = stage.guild();
    let channel = json!({
        "type": 13,
        "name": "oven talk",
        "guild_id": guild.to_string(),
        "position": 5,
        "flags": 0,
        "permission_overwrites": [],
    });
    let id = stage.world(|world| world.open_channel(guild, object(channel)));
    stage.heard();
    id
}
