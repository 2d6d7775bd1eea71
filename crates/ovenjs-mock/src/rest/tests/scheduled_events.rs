use std::time::Duration;

use serde_json::{Value, json};

use crate::{json::object, time::iso8601, world::permission as may};

use super::{Answer, REASON, Stage};

#[test]
fn an_event_is_planned_changed_and_called_off() {
    let mut stage = Stage::new();
    let path = events(&stage);
    let made = plan(&mut stage, json!({ "description": "Bring flour" }));
    assert_eq!(
        (made.status, made.text("/entity_metadata/location")),
        (200, "the mill".to_owned())
    );
    assert_eq!(made.text("/creator/id"), stage.bot().to_string());
    let id: u64 = made.text("/id").parse().unwrap();
    let one = format!("{path}/{id}");
    let renamed = stage.call("PATCH", &one, json!({ "name": "Rye day" }));
    assert_eq!(renamed.text("/name"), "Rye day");
    assert_eq!(stage.get(&path).body, json!([renamed.body]));
    let log = stage.get(&format!("/guilds/{}/audit-logs", stage.guild()));
    assert_eq!(
        log.body["guild_scheduled_events"][0]["id"],
        json!(id.to_string())
    );
    let canceled = stage.call("PATCH", &one, json!({ "status": 4 }));
    assert_eq!(canceled.body["status"], 4);
    let late = stage.call("PATCH", &one, json!({ "name": "Late" }));
    assert_eq!(late.refusal(), (400, 180_000));
    assert_eq!(stage.get(&path).body, json!([]), "only what is to come");
    assert_eq!(stage.call("DELETE", &one, json!(null)).status, 204);
    assert_eq!(stage.get(&one).refusal(), (404, 10070));
    let mut names = stage.names();
    names.retain(|name| name.starts_with("GUILD_SCHEDULED"));
    let told = ["CREATE", "UPDATE", "UPDATE", "DELETE"]
        .map(|deed| format!("GUILD_SCHEDULED_EVENT_{deed}"));
    assert_eq!(names, told);
    let log = stage.log(4);
    let expected = [(102, ""), (101, REASON), (101, REASON), (100, REASON)];
    assert_eq!(
        log,
        expected.map(|(action, reason)| (action, id, reason.to_owned()))
    );
    stage.end();
}

#[test]
fn an_event_needs_what_its_kind_needs() {
    let mut stage = Stage::new();
    let path = events(&stage);
    let voice = stage.open(2, "oven", json!({})).to_string();
    let text = stage.channel().to_string();
    let refused = [
        (
            json!({ "entity_metadata": { "location": " " } }),
            "entity_metadata",
        ),
        (json!({ "scheduled_end_time": null }), "scheduled_end_time"),
        (json!({ "channel_id": voice }), "channel_id"),
        (
            json!({ "scheduled_start_time": iso8601(1_000) }),
            "scheduled_start_time",
        ),
        (
            json!({ "scheduled_end_time": iso8601(1_000) }),
            "scheduled_end_time",
        ),
        (
            json!({ "entity_type": 2, "entity_metadata": null }),
            "channel_id",
        ),
        (
            json!({ "entity_type": 2, "entity_metadata": null, "channel_id": text }),
            "channel_id",
        ),
        (json!({ "name": " " }), "name"),
    ];
    for (more, place) in refused {
        let answer = plan(&mut stage, more);
        assert_eq!(answer.refusal(), (400, 50035), "{place}: {}", answer.body);
        assert!(
            answer.body["errors"].get(place).is_some(),
            "{place}: {}",
            answer.body
        );
    }
    let wrong = plan(
        &mut stage,
        json!({ "entity_type": 2, "entity_metadata": null, "channel_id": "7" }),
    );
    assert_eq!(wrong.refusal(), (404, 10003));
    for _ in 0..100 {
        assert_eq!(plan(&mut stage, json!({})).status, 200);
    }
    assert_eq!(plan(&mut stage, json!({})).refusal(), (400, 30038));
    let first = stage.get(&path).text("/0/id");
    let far = json!({ "entity_metadata": { "location": "m".repeat(101) } });
    let far = stage.call("PATCH", &format!("{path}/{first}"), far);
    assert_eq!(far.refusal(), (400, 50035));
    let wrong = stage.call("PATCH", &format!("{path}/{first}"), json!({ "status": 3 }));
    assert_eq!(wrong.refusal(), (400, 50035), "it has not begun");
    stage.end();

    for (bits, kind) in [(may::CREATE_EVENTS, 3), (may::CONNECT, 2)] {
        let mut stage = Stage::with(may::ALL_BUT_ADMINISTRATOR & !bits);
        let voice = stage.open(2, "oven", json!({})).to_string();
        let more = if kind == 2 {
            json!({ "entity_type": 2, "entity_metadata": null, "channel_id": voice })
        } else {
            json!({})
        };
        assert_eq!(plan(&mut stage, more).refusal(), (403, 50013));
        stage.end();
    }
}

#[test]
fn events_of_others_take_another_permission() {
    let mut stage = Stage::with(may::ALL_BUT_ADMINISTRATOR & !may::MANAGE_EVENTS);
    let path = events(&stage);
    let id: u64 = plan(&mut stage, json!({})).text("/id").parse().unwrap();
    let one = format!("{path}/{id}");
    assert_eq!(
        stage.call("PATCH", &one, json!({ "name": "Mine" })).status,
        200
    );
    let guild = stage.guild();
    stage.world(|world| {
        let mut event = world.event(guild, id).unwrap().object.clone();
        event.insert("creator_id".to_owned(), json!(world.owner.to_string()));
        world.change_event(guild, id, event);
    });
    assert_eq!(
        stage.call("DELETE", &one, json!(null)).refusal(),
        (403, 50013)
    );
    stage.end();
}

#[test]
fn an_event_elsewhere_begins_and_ends_by_itself() {
    let mut stage = Stage::new();
    let one = format!(
        "{}/{}",
        events(&stage),
        plan(&mut stage, json!({})).text("/id")
    );
    stage.pass(Duration::from_secs(3599));
    assert_eq!(stage.get(&one).body["status"], 1);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.get(&one).body["status"], 2);
    stage.pass(Duration::from_secs(3600));
    assert_eq!(stage.get(&one).body["status"], 3);
    stage.end();
}

#[test]
fn an_event_in_a_channel_waits_for_people() {
    let mut stage = Stage::new();
    let (path, guild, ann) = (events(&stage), stage.guild(), stage.user("ann"));
    let voice = stage.open(2, "oven", json!({}));
    let in_voice = || json!({ "entity_type": 2, "entity_metadata": null, "scheduled_end_time": null, "channel_id": voice.to_string() });
    let one = format!("{path}/{}", plan(&mut stage, in_voice()).text("/id"));
    let other = format!("{path}/{}", plan(&mut stage, in_voice()).text("/id"));
    assert_eq!(
        stage.call("PATCH", &one, json!({ "status": 2 })).body["status"],
        2
    );
    stage.world(|world| world.enter_voice(guild, ann, voice, "a session"));
    stage.pass(Duration::from_secs(3600));
    assert_eq!(stage.get(&one).body["status"], 2);
    stage.world(|world| world.leave_voice(guild, ann));
    stage.pass(Duration::from_secs(301));
    assert_eq!(stage.get(&one).body["status"], 3);
    assert_eq!(stage.get(&other).body["status"], 1);
    stage.pass(Duration::from_secs(4 * 3600));
    assert_eq!(stage.get(&other).body["status"], 4, "nobody has begun it");
    stage.end();
}

#[test]
fn an_event_on_a_stage_and_the_stage_are_one() {
    let mut stage = Stage::new();
    let (path, guild) = (events(&stage), stage.guild());
    let channel = json!({ "type": 13, "name": "talk", "guild_id": guild.to_string(), "position": 5, "flags": 0, "permission_overwrites": [] });
    let channel = stage.world(|world| world.open_channel(guild, object(channel)));
    let on_stage = || json!({ "entity_type": 1, "entity_metadata": null, "scheduled_end_time": null, "channel_id": channel.to_string() });
    let one = format!("{path}/{}", plan(&mut stage, on_stage()).text("/id"));
    let begun = stage.call("PATCH", &one, json!({ "status": 2 }));
    let opened = stage.get(&format!("/stage-instances/{channel}"));
    assert_eq!(begun.text("/entity_id"), opened.text("/id"));
    assert_eq!(opened.text("/topic"), "Milling");
    let second = plan(&mut stage, on_stage()).text("/id");
    let second_path = format!("{path}/{second}");
    let taken = stage.call("PATCH", &second_path, json!({ "status": 2 }));
    assert_eq!(taken.refusal(), (400, 180_002));
    assert_eq!(
        stage
            .call(
                "DELETE",
                &format!("/stage-instances/{channel}"),
                json!(null)
            )
            .status,
        204
    );
    assert_eq!(stage.get(&one).body["status"], 3);

    let elsewhere = plan(&mut stage, json!({})).text("/id");
    let open = |event: &str| json!({ "channel_id": channel.to_string(), "topic": "x", "guild_scheduled_event_id": event });
    let wrong = stage.call("POST", "/stage-instances", open(&elsewhere));
    assert_eq!(wrong.refusal(), (400, 50091));
    assert_eq!(
        stage.call("POST", "/stage-instances", open("7")).refusal(),
        (404, 10070)
    );
    let opened = stage.call("POST", "/stage-instances", open(&second));
    assert_eq!(
        (opened.status, opened.text("/guild_scheduled_event_id")),
        (200, second)
    );
    assert_eq!(
        stage.get(&second_path).text("/entity_id"),
        opened.text("/id")
    );
    stage.call("PATCH", &second_path, json!({ "status": 3 }));
    assert_eq!(
        stage.get(&format!("/stage-instances/{channel}")).refusal(),
        (404, 10067)
    );
    let third = format!("{path}/{}", plan(&mut stage, on_stage()).text("/id"));
    stage.call("DELETE", &format!("/channels/{channel}"), json!(null));
    assert_eq!(
        stage.get(&third).refusal(),
        (404, 10070),
        "it went with its channel"
    );
    stage.end();
}

#[test]
fn who_wants_to_come_is_listed_in_pages() {
    let mut stage = Stage::new();
    let id: u64 = plan(&mut stage, json!({})).text("/id").parse().unwrap();
    let one = format!("{}/{id}", events(&stage));
    let users: Vec<u64> = ["ann", "ben", "cleo"]
        .iter()
        .map(|name| stage.user(name))
        .collect();
    stage.heard();
    for user in &users {
        stage
            .world(|world| world.subscribe_to_event(*user, id, None, true))
            .unwrap();
    }
    let twice = stage.world(|world| world.subscribe_to_event(users[0], id, None, true));
    assert!(twice.is_ok() && stage.names() == ["GUILD_SCHEDULED_EVENT_USER_ADD"; 3]);
    let page = |stage: &mut Stage, query: &str| -> Vec<u64> {
        let page = stage.get(&format!("{one}/users?{query}"));
        let page = page.body.as_array().unwrap().clone();
        page.iter()
            .map(|user| user["user_id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(page(&mut stage, "limit=2"), users[..2]);
    assert_eq!(page(&mut stage, &format!("after={}", users[1])), users[2..]);
    assert_eq!(
        page(&mut stage, &format!("limit=1&before={}", users[2])),
        users[1..2]
    );
    let whole = stage.get(&format!("{one}/users?with_member=true"));
    assert_eq!(whole.body[0]["member"]["user"]["username"], "ann");
    assert_eq!(
        stage.get(&format!("{one}?with_user_count=true")).body["user_count"],
        3
    );
    stage
        .world(|world| world.subscribe_to_event(users[0], id, None, false))
        .unwrap();
    let again = stage.world(|world| world.subscribe_to_event(users[0], id, None, false));
    assert_eq!(again.unwrap_err().code, 10071);
    assert_eq!(stage.names(), ["GUILD_SCHEDULED_EVENT_USER_REMOVE"]);
    let count = stage.get(&format!("{one}/users/counts"));
    assert_eq!(count.body["guild_scheduled_event_count"], 2);

    let guild = stage.guild();
    stage.world(|world| world.leave(guild, users[2]));
    assert_eq!(page(&mut stage, ""), users[1..2]);

    let invites = format!("/channels/{}/invites", stage.channel());
    let code = stage.call("POST", &invites, json!({})).text("/code");
    let invite = stage.get(&format!("/invites/{code}?guild_scheduled_event_id={id}"));
    assert_eq!(invite.text("/guild_scheduled_event/id"), id.to_string());
    assert_eq!(invite.body["guild_scheduled_event"]["user_count"], 1);
    let other = stage.get(&format!("/invites/{code}?guild_scheduled_event_id=7"));
    assert_eq!(other.body.get("guild_scheduled_event"), None);
    stage.end();
}

#[test]
fn an_event_that_repeats_itself_has_exceptions() {
    let mut stage = Stage::new();
    let (ann, start) = (stage.user("ann"), at(&mut stage, 3600));
    let daily = json!({ "recurrence_rule": { "frequency": 3, "interval": 1, "start": start } });
    let made = plan(&mut stage, daily);
    assert_eq!(made.body["recurrence_rule"]["by_weekday"], json!(null));
    let id: u64 = made.text("/id").parse().unwrap();
    let one = format!("{}/{id}", events(&stage));
    let path = format!("{one}/exceptions");
    let tomorrow = at(&mut stage, 3600 + 86_400);
    let body = json!({ "original_scheduled_start_time": tomorrow, "is_canceled": true });
    let exception = stage.call("POST", &path, body.clone());
    assert_eq!(
        (exception.status, &exception.body["is_canceled"]),
        (200, &json!(true))
    );
    assert_eq!(
        stage.call("POST", &path, body).refusal(),
        (400, 50035),
        "there is one"
    );
    let never = json!({ "original_scheduled_start_time": at(&mut stage, 7200) });
    assert_eq!(stage.call("POST", &path, never).refusal(), (400, 50035));
    assert_eq!(
        stage.get(&one).body["guild_scheduled_event_exceptions"],
        json!([exception.body])
    );
    let occasion: u64 = exception.text("/event_exception_id").parse().unwrap();
    let moved = json!({ "is_canceled": false, "scheduled_start_time": at(&mut stage, 90_000) });
    let exception_path = format!("{path}/{occasion}");
    let moved = stage.call("PATCH", &exception_path, moved);
    assert_eq!(moved.body["is_canceled"], false);
    stage
        .world(|world| world.subscribe_to_event(ann, id, Some(occasion), true))
        .unwrap();
    let users = stage.get(&format!("{one}/{occasion}/users"));
    assert_eq!(
        users.text("/0/guild_scheduled_event_exception_id"),
        occasion.to_string()
    );
    let count = stage.get(&format!(
        "{one}/users/counts?guild_scheduled_event_exception_ids={occasion}"
    ));
    assert_eq!(
        count.body["guild_scheduled_event_exception_counts"],
        json!({ occasion.to_string(): 1 })
    );
    assert_eq!(
        stage.call("DELETE", &exception_path, json!(null)).status,
        204
    );
    assert_eq!(
        stage.call("DELETE", &exception_path, json!(null)).refusal(),
        (404, 10070)
    );
    let log = stage.log(3);
    assert_eq!(
        log,
        [202, 201, 200].map(|action| (action, id, String::new()))
    );

    let off = json!({ "original_scheduled_start_time": tomorrow, "is_canceled": true });
    assert_eq!(stage.call("POST", &path, off).status, 200);
    let then = at(&mut stage, 3600 + 2 * 86_400);
    stage.pass(Duration::from_secs(7200));
    let again = stage.get(&one);
    assert_eq!(
        (&again.body["status"], again.text("/scheduled_start_time")),
        (&json!(1), then)
    );
    let once = format!(
        "{}/{}/exceptions",
        events(&stage),
        plan(&mut stage, json!({})).text("/id")
    );
    let body = json!({ "original_scheduled_start_time": at(&mut stage, 3600) });
    assert_eq!(
        stage.call("POST", &once, body).refusal(),
        (400, 50035),
        "it is held once"
    );
    stage.end();
}

#[test]
fn an_event_repeats_itself_in_few_ways() {
    let mut stage = Stage::new();
    let start = at(&mut stage, 3600);
    let mut ask = |rule: Value| {
        let mut rule = object(rule);
        rule.insert("start".to_owned(), json!(start));
        rule.entry("interval").or_insert(json!(1));
        plan(&mut stage, json!({ "recurrence_rule": rule }))
            .refusal()
            .1
    };
    let lawful = [
        json!({ "frequency": 3, "by_weekday": [6, 0, 1, 2, 3] }),
        json!({ "frequency": 2, "by_weekday": [2], "interval": 2 }),
        json!({ "frequency": 1, "by_n_weekday": [{ "n": 4, "day": 2 }] }),
        json!({ "frequency": 0, "by_month": [7], "by_month_day": [24] }),
    ];
    for rule in lawful {
        assert_eq!(ask(rule.clone()), 0, "{rule}");
    }
    let refused = [
        json!({ "frequency": 3, "by_weekday": [0, 2] }),
        json!({ "frequency": 2, "by_weekday": [0, 1] }),
        json!({ "frequency": 3, "interval": 2 }),
        json!({ "frequency": 2, "interval": 3 }),
        json!({ "frequency": 2, "by_n_weekday": [{ "n": 4, "day": 2 }] }),
        json!({ "frequency": 0, "by_month": [7] }),
        json!({ "frequency": 2, "by_weekday": [1], "by_n_weekday": [{ "n": 4, "day": 2 }] }),
        json!({ "frequency": 3, "count": 5 }),
    ];
    for rule in refused {
        assert_eq!(ask(rule.clone()), 50035, "{rule}");
    }
    stage.end();
}

fn events(stage: &Stage) -> String {
    format!("/guilds/{}/scheduled-events", stage.guild())
}

/// Plans an event at the mill, an hour from now and an hour long, but for `more`.
fn plan(stage: &mut Stage, more: Value) -> Answer {
    let mut body = object(json!({
        "name": "Milling",
        "privacy_level": 2,
        "entity_type": 3,
        "entity_metadata": { "location": "the mill" },
        "scheduled_start_time": at(stage, 3600),
        "scheduled_end_time": at(stage, 7200),
    }));
    body.extend(object(more));
    let path = events(stage);
    stage.call("POST", &path, Value::Object(body))
}

fn at(stage: &mut Stage, seconds: u64) -> String {
    let now = stage.world(|world| world.now_ms);
    iso8601(now + seconds * 1000)
}
