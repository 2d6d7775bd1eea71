use ovenjs_mock::{Config, Discord};
use ovenjs_types::Id;
use serde_json::json;

use crate::raw::{ALL_INTENTS, Socket, call, send};

#[tokio::test]
async fn a_reason_comes_over_the_wire_into_the_audit_log() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let (guild, ann) = (discord.guild_id(), discord.user("ann"));
    let token = format!("Bot {}", discord.token());
    let kick = |reason: String| {
        let headers = [
            ("authorization", token.clone()),
            ("x-audit-log-reason", reason),
        ];
        let (address, path) = (
            discord.address(),
            format!("/api/v10/guilds/{guild}/members/{}", ann.id()),
        );
        async move {
            let headers = headers
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            send(address, "DELETE", &path, &headers, None).await
        }
    };
    let long = kick("x".repeat(513)).await;
    assert_eq!((long.status, long.code()), (400, Some(50035)));
    assert_eq!(
        kick("burnt%20the%20%F0%9F%8D%9E".to_owned()).await.status,
        204
    );
    let entry = socket.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["d"]["reason"], "burnt the 🍞");
    let log = format!("/guilds/{guild}/audit-logs?action_type=20");
    let log = call(&discord, "GET", &log, None).await;
    assert_eq!(
        log.body["audit_log_entries"][0]["target_id"],
        ann.id().to_string()
    );

    let request = ann.asks_to_join(guild);
    let path = format!("/guilds/{guild}/requests/{request}");
    let let_in = json!({ "action": "APPROVED" });
    assert_eq!(
        call(&discord, "PATCH", &path, Some(let_in)).await.status,
        200
    );
    assert!(ann.attempt().asks_to_join(guild).is_err(), "she is in");
    ann.leaves(guild);
    socket.event("GUILD_MEMBER_REMOVE").await;
    let body = json!({ "access_token": ann.access_token() });
    let path = format!("/guilds/{guild}/members/{}", ann.id());
    assert_eq!(call(&discord, "PUT", &path, Some(body)).await.status, 201);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn users_come_and_go_in_voice_channels() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let ann = discord.user("ann");
    assert!(ann.attempt().enters_voice(discord.channel_id()).is_err());
    let channels = format!("/guilds/{}/channels", discord.guild_id());
    let oven = json!({ "name": "Oven", "type": 2 });
    let oven = call(&discord, "POST", &channels, Some(oven)).await;
    let oven = oven.body["id"].as_str().unwrap().parse().unwrap();
    ann.enters_voice(oven);
    let entered = socket.event("VOICE_STATE_UPDATE").await;
    assert_eq!(entered["d"]["channel_id"], oven.to_string());
    assert_eq!(entered["d"]["member"]["user"]["username"], "ann");
    let sound = Id::new(1);
    // The bot is not there and hears nothing of it, but that she was first.
    ann.plays_sound(sound, None);
    let guild = discord.guild_id().to_string();
    let join = json!({ "guild_id": guild, "channel_id": oven.to_string(), "self_mute": false, "self_deaf": false });
    socket.say(json!({ "op": 4, "d": join })).await;
    socket.event("VOICE_SERVER_UPDATE").await;
    ann.plays_sound(sound, None);
    let played = socket.event("VOICE_CHANNEL_EFFECT_SEND").await;
    assert_eq!(played["d"]["user_id"], ann.id().to_string());
    assert_eq!(played["d"]["sound_id"], "1");
    let silent = ann.attempt().plays_sound(Id::new(77), None).unwrap_err();
    assert!(silent.to_string().contains("Unknown sound"), "{silent}");
    ann.leaves_voice();
    let left = socket.event("VOICE_STATE_UPDATE").await;
    assert!(left["d"]["channel_id"].is_null());
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn users_meet_the_rules_of_a_guild_and_come_to_its_events() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", ALL_INTENTS).await;
    let (ann, guild) = (discord.user("ann"), discord.guild_id());
    let rules = format!("/guilds/{guild}/auto-moderation/rules");
    let rule = |trigger: u64, event: u64, action: u64| {
        json!({
            "name": "Rye", "event_type": event, "trigger_type": trigger, "enabled": true,
            "trigger_metadata": { "keyword_filter": ["*rye*"] }, "actions": [{ "type": action }],
        })
    };
    for rule in [rule(1, 1, 1), rule(6, 2, 4)] {
        assert_eq!(call(&discord, "POST", &rules, Some(rule)).await.status, 200);
    }
    let blocked = ann.attempt().says("dark rye").await.unwrap_err();
    assert!(blocked.to_string().contains("200000"), "{blocked}");
    let done = socket.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(done["d"]["content"], "dark rye");
    assert!(discord.messages(discord.channel_id()).is_empty());
    ann.goes_by(Some("Rye"));
    let done = socket.event("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(done["d"]["action"]["type"], 4);
    assert!(ann.attempt().says("hello").await.is_err(), "quarantined");
    ann.goes_by(None);
    let oats = ann.says("oats").await;
    assert!(ann.attempt().edits(&oats, "rye").is_err());

    let packs = call(&discord, "GET", "/sticker-packs", None).await;
    let sticker = &packs.body["sticker_packs"][0]["stickers"][0]["id"];
    let sticker = sticker.as_str().unwrap().parse().unwrap();
    ann.says("").with_sticker(sticker).await;
    let sent = socket.event("MESSAGE_CREATE").await;
    assert_eq!(sent["d"]["content"], "oats");
    let sent = socket.event("MESSAGE_CREATE").await;
    assert_eq!(sent["d"]["sticker_items"][0]["id"], sticker.to_string());
    let unknown = ann.attempt().says("").with_sticker(Id::new(7)).await;
    assert!(unknown.unwrap_err().to_string().contains("50081"));

    let events = format!("/guilds/{guild}/scheduled-events");
    let event = json!({
        "name": "Milling", "privacy_level": 2, "entity_type": 3,
        "entity_metadata": { "location": "the mill" },
        "scheduled_start_time": "2100-01-01T10:00:00Z", "scheduled_end_time": "2100-01-01T12:00:00Z",
    });
    let event = call(&discord, "POST", &events, Some(event)).await;
    let event = event.body["id"].as_str().unwrap().parse().unwrap();
    ann.subscribes_to(event, None);
    let added = socket.event("GUILD_SCHEDULED_EVENT_USER_ADD").await;
    assert_eq!(added["d"]["user_id"], ann.id().to_string());
    assert!(
        ann.attempt()
            .subscribes_to(event, Some(Id::new(7)))
            .is_err()
    );
    ann.unsubscribes_from(event, None);
    socket.event("GUILD_SCHEDULED_EVENT_USER_REMOVE").await;
    discord.boost(guild, 2);
    let boosted = socket.event("GUILD_UPDATE").await;
    assert_eq!(boosted["d"]["premium_tier"], 2);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn the_widget_is_a_picture_too() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let widget = format!("/guilds/{}/widget", discord.guild_id());
    let on = json!({ "enabled": true });
    assert_eq!(call(&discord, "PATCH", &widget, Some(on)).await.status, 200);
    // Anyone may look, without a token.
    let path = format!("/api/v10{widget}.png");
    let picture = send(discord.address(), "GET", &path, &[], None).await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.header("content-type"), "image/png");
    assert_eq!(discord.violations(), Vec::<String>::new());
}
