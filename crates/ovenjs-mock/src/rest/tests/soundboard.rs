use serde_json::json;

use crate::{rest::soundboard::audio_tests::opus, world::permission as may};

use super::{REASON, Stage};

#[test]
fn a_sound_of_a_guild_lives_and_dies() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let path = format!("/guilds/{guild}/soundboard-sounds");
    let body = json!({ "name": "bell", "sound": opus(900), "emoji_name": "🔔", "volume": 0.5 });
    let made = stage.call("POST", &path, body);
    assert_eq!((made.status, made.text("/name")), (201, "bell".to_owned()));
    let id: u64 = made.text("/sound_id").parse().unwrap();
    let one = format!("{path}/{id}");
    let changed = stage.call("PATCH", &one, json!({ "volume": null, "emoji_name": null }));
    assert_eq!(
        (&changed.body["volume"], &changed.body["emoji_name"]),
        (&json!(1.0), &json!(null))
    );
    assert_eq!(stage.get(&path).body["items"][0], changed.body);
    assert_eq!(stage.get(&one).body, changed.body);

    let asked = json!({ "op": 31, "d": { "guild_ids": [guild.to_string()] } });
    let (now, connection) = (stage.now, stage.connection);
    stage.heard();
    stage
        .discord
        .receive(now, connection, asked.to_string().as_bytes());
    let heard = stage.heard();
    assert_eq!(heard[0].0, "SOUNDBOARD_SOUNDS");
    assert_eq!(heard[0].1["soundboard_sounds"], json!([changed.body]));

    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.get(&one).refusal(), (404, 10097));
    let heard = stage.heard();
    assert_eq!(heard[0].0, "GUILD_SOUNDBOARD_SOUND_DELETE");
    let gone = json!({ "guild_id": guild.to_string(), "sound_id": id.to_string() });
    assert_eq!(heard[0].1, gone);
    let log = stage.log(3);
    assert_eq!(
        log,
        [132, 131, 130].map(|action| (action, id, REASON.to_owned()))
    );
    stage.end();
}

#[test]
fn a_sound_is_refused_for_its_file_its_emoji_and_its_number() {
    let mut stage = Stage::new();
    let path = format!("/guilds/{}/soundboard-sounds", stage.guild());
    let refused = [
        (json!({ "name": "bell", "sound": opus(9000) }), (400, 50124)),
        (
            json!({ "name": "bell", "sound": "data:image/png;base64,AAAA" }),
            (400, 50123),
        ),
        (json!({ "name": "b", "sound": opus(900) }), (400, 50035)),
        (
            json!({ "name": "bell", "sound": opus(900), "volume": 2 }),
            (400, 50035),
        ),
        (
            json!({ "name": "bell", "sound": opus(900), "emoji_id": "7" }),
            (400, 10014),
        ),
    ];
    for (body, refusal) in refused {
        assert_eq!(
            stage.call("POST", &path, body.clone()).refusal(),
            refusal,
            "{body}"
        );
    }
    for _ in 0..8 {
        let body = json!({ "name": "bell", "sound": opus(900) });
        assert_eq!(stage.call("POST", &path, body).status, 201);
    }
    let one_more = json!({ "name": "bell", "sound": opus(900) });
    assert_eq!(stage.call("POST", &path, one_more).refusal(), (400, 30045));
    stage.end();

    let mut stage = Stage::with(may::EVERYONE);
    let path = format!("/guilds/{}/soundboard-sounds", stage.guild());
    let body = json!({ "name": "bell", "sound": opus(900) });
    assert_eq!(stage.call("POST", &path, body).refusal(), (403, 50013));
    stage.end();
}

#[test]
fn what_has_no_room_without_boosts_cannot_be_used() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    stage.world(|world| world.boost(guild, 1));
    let path = format!("/guilds/{guild}/soundboard-sounds");
    for _ in 0..9 {
        let body = json!({ "name": "bell", "sound": opus(900) });
        assert_eq!(stage.call("POST", &path, body).status, 201);
    }
    stage.heard();
    stage.world(|world| world.boost(guild, 0));
    assert_eq!(
        stage.names(),
        ["GUILD_UPDATE", "GUILD_SOUNDBOARD_SOUNDS_UPDATE"]
    );
    let sounds = stage.get(&path);
    let is_available = |place: usize| sounds.body["items"][place]["available"] == json!(true);
    assert!(is_available(7) && !is_available(8));
    let bot = stage.bot();
    let voice = stage.open(2, "oven", json!({}));
    stage.world(|world| world.enter_voice(guild, bot, voice, "a session"));
    let send = format!("/channels/{voice}/send-soundboard-sound");
    let lost = json!({ "sound_id": sounds.text("/items/8/sound_id") });
    assert_eq!(
        stage.call("POST", &send, lost.clone()).refusal(),
        (403, 20035)
    );
    stage.world(|world| world.boost(guild, 3));
    assert_eq!(stage.call("POST", &send, lost).status, 204);
    stage.end();
}

#[test]
fn a_sound_is_played_where_the_bot_is() {
    let mut stage = Stage::new();
    let guild = stage.guild();
    let voice = stage.open(2, "oven", json!({}));
    let path = format!("/guilds/{guild}/soundboard-sounds");
    let own = stage.call("POST", &path, json!({ "name": "bell", "sound": opus(900) }));
    let own = own.text("/sound_id");
    let send = format!("/channels/{voice}/send-soundboard-sound");
    let body = json!({ "sound_id": own });
    assert_eq!(
        stage.call("POST", &send, body.clone()).refusal(),
        (400, 40032)
    );
    let bot = stage.bot();
    stage.world(|world| world.enter_voice(guild, bot, voice, "a session"));
    stage.heard();
    assert_eq!(stage.call("POST", &send, body.clone()).status, 204);
    let first = stage.get("/soundboard-default-sounds").text("/0/sound_id");
    assert_eq!(
        stage
            .call("POST", &send, json!({ "sound_id": first }))
            .status,
        204
    );
    let heard = stage.heard();
    assert_eq!(
        (heard[0].0.as_str(), &heard[0].1["sound_id"]),
        ("VOICE_CHANNEL_EFFECT_SEND", &json!(own))
    );
    assert_eq!(heard[1].1["emoji"]["name"], "🔔");
    let unknown = stage.call("POST", &send, json!({ "sound_id": "77" }));
    assert_eq!(unknown.refusal(), (404, 10097));
    let elsewhere = json!({ "sound_id": own, "source_guild_id": "77" });
    assert_eq!(stage.call("POST", &send, elsewhere).refusal(), (404, 10097));
    stage.world(|world| {
        world.change_voice(guild, bot, |state| {
            state.insert("self_deaf".to_owned(), json!(true));
        })
    });
    assert_eq!(stage.call("POST", &send, body).refusal(), (400, 50167));
    stage.end();

    let mut stage = Stage::with(may::ALL_BUT_ADMINISTRATOR & !may::USE_SOUNDBOARD);
    let voice = stage.open(2, "oven", json!({}));
    let send = format!("/channels/{voice}/send-soundboard-sound");
    assert_eq!(
        stage
            .call("POST", &send, json!({ "sound_id": "1" }))
            .refusal(),
        (403, 50013)
    );
    stage.end();
}
