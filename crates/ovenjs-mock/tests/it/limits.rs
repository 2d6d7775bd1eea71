//! Limits as clients meet them: over a wire, and on a virtual clock.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ovenjs_mock::{Call, Config, Discord, Limits, Rate, Referee, Refusal, Sublimit, When};
use serde_json::{Value, json};

use crate::raw::call;

#[tokio::test]
async fn a_full_bucket_answers_429_with_discords_headers() {
    let limits = Limits::default().route("GET /users/@me", 2, Duration::from_secs(60));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let first = call(&discord, "GET", "/users/@me", None).await;
    assert_eq!(
        (
            first.header("x-ratelimit-limit"),
            first.header("x-ratelimit-remaining")
        ),
        ("2", "1")
    );
    assert_eq!(
        call(&discord, "GET", "/users/@me", None)
            .await
            .header("x-ratelimit-remaining"),
        "0"
    );

    let refused = call(&discord, "GET", "/users/@me", None).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-ratelimit-scope"), "user");
    assert_eq!(
        refused.header("x-ratelimit-bucket"),
        first.header("x-ratelimit-bucket")
    );
    assert!(!refused.header("via").is_empty());
    let wait = refused.body["retry_after"].as_f64().unwrap();
    assert!((50.0..=60.0).contains(&wait), "{wait}");
    assert_eq!(refused.body["global"], false);
    assert_eq!(
        call(&discord, "GET", "/gateway/bot", None).await.status,
        200
    );
    assert_eq!(discord.invalid_requests(), 1);
}

#[tokio::test]
async fn faults_happen_once() {
    let discord = Discord::start(Config::default()).await.unwrap();
    discord
        .faults()
        .limit_once("GET /users/@me", Duration::from_millis(1500))
        .break_once("GET /gateway/bot", 502);
    let limited = call(&discord, "GET", "/users/@me", None).await;
    assert_eq!(
        (limited.status, limited.body["retry_after"].as_f64()),
        (429, Some(1.5))
    );
    assert_eq!(call(&discord, "GET", "/users/@me", None).await.status, 200);
    let broken = call(&discord, "GET", "/gateway/bot", None).await;
    assert_eq!(
        (broken.status, broken.header("content-type")),
        (502, "text/html")
    );
    assert_eq!(
        call(&discord, "GET", "/gateway/bot", None).await.status,
        200
    );
}

#[tokio::test]
async fn a_callback_tells_nothing_of_its_bucket() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let callback = "/interactions/5/token/callback";
    let answer = call(&discord, "POST", callback, Some(json!({ "type": 1 }))).await;
    assert_eq!(
        (answer.status, answer.header("x-ratelimit-bucket")),
        (404, "")
    );
    let webhook = call(&discord, "GET", "/webhooks/5/token", None).await;
    assert!(!webhook.header("x-ratelimit-bucket").is_empty());
}

#[tokio::test]
async fn a_guild_that_is_down_is_down_for_requests_too() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let guild = discord.guild_id();
    let paths = [
        format!("/guilds/{guild}"),
        format!("/channels/{}", discord.channel_id()),
    ];
    for (down, expected) in [(true, 503), (false, 200)] {
        if down {
            discord.faults().take_down(guild);
        } else {
            discord.faults().bring_back(guild);
        }
        for path in &paths {
            assert_eq!(call(&discord, "GET", path, None).await.status, expected);
        }
        assert_eq!(call(&discord, "GET", "/users/@me", None).await.status, 200);
    }
}

/// A box without wires, asked by a bot at times of the story's choosing.
struct Desk {
    discord: Referee,
    start: Instant,
    at: Duration,
}

struct Answer {
    status: u16,
    headers: BTreeMap<&'static str, String>,
    body: Value,
    text: String,
}

impl Desk {
    #[expect(
        clippy::disallowed_methods,
        reason = "the script starts at any instant"
    )]
    fn new(limits: Limits) -> Self {
        let start = Instant::now();
        Self {
            discord: Referee::new(Config::default().limits(limits), start),
            start,
            at: Duration::ZERO,
        }
    }

    fn pass(&mut self, time: Duration) -> &mut Self {
        self.at += time;
        self
    }

    fn ask(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let token = format!("Bot {}", self.discord.token());
        self.ask_as(Some(&token), method, path, &body)
    }

    fn ask_as(&mut self, who: Option<&str>, method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let reply = self.discord.request(
            self.start + self.at,
            Call {
                method,
                path: &format!("/api/v10{path}"),
                authorization: who,
                content_type: Some("application/json"),
                body: text.as_bytes(),
                ..Call::default()
            },
        );
        Answer {
            status: reply.status,
            headers: reply.headers.into_iter().collect(),
            body: serde_json::from_slice(&reply.body).unwrap_or_default(),
            text: String::from_utf8(reply.body).unwrap(),
        }
    }

    fn channel(&self) -> String {
        format!("/channels/{}", self.discord.channel_id())
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_channel_is_renamed_twice_in_ten_minutes_though_its_bucket_has_room() {
    let mut desk = Desk::new(Limits::like_discord());
    let channel = desk.channel();
    for name in ["rye", "spelt"] {
        let renamed = desk.ask("PATCH", &channel, json!({ "name": name }));
        assert_eq!(renamed.status, 200);
        assert_eq!(renamed.headers["X-RateLimit-Limit"], "10");
        desk.pass(MINUTE);
    }
    let refused = desk.ask("PATCH", &channel, json!({ "name": "oats" }));
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["X-RateLimit-Scope"], "user");
    assert_eq!(refused.headers["X-RateLimit-Remaining"], "9");
    assert_eq!(refused.headers["X-RateLimit-Reset-After"], "0.100");
    assert_eq!(refused.headers["Retry-After"], "480");
    assert_eq!(refused.body["retry_after"], 480.0);
    let topic = desk.ask("PATCH", &channel, json!({ "topic": "bread" }));
    assert_eq!(topic.status, 200);
    desk.pass(8 * MINUTE);
    let renamed = desk.ask("PATCH", &channel, json!({ "name": "oats" }));
    assert_eq!(renamed.status, 200);
    assert_eq!(desk.discord.violations(), [""; 0]);
}

#[test]
fn headers_of_a_leaky_bucket_move_with_each_request() {
    let mut desk = Desk::new(Limits::like_discord());
    let messages = format!("{}/messages", desk.channel());
    let mut seen = Vec::new();
    for _ in 0..5 {
        let sent = desk.ask("POST", &messages, json!({ "content": "bread" }));
        let show = |name| sent.headers[name].clone();
        seen.push((
            show("X-RateLimit-Remaining"),
            show("X-RateLimit-Reset"),
            show("X-RateLimit-Reset-After"),
        ));
        desk.pass(Duration::from_millis(100));
    }
    let row = |left: &str, reset: &str, after: &str| {
        (
            left.to_owned(),
            format!("17987616{reset}"),
            after.to_owned(),
        )
    };
    assert_eq!(
        seen,
        [
            row("4", "01.000", "1.000"),
            row("3", "02.000", "1.900"),
            row("2", "03.000", "2.800"),
            row("1", "04.000", "3.700"),
            row("0", "05.000", "4.600"),
        ]
    );
    let refused = desk.ask("POST", &messages, json!({ "content": "bread" }));
    assert_eq!(refused.body["retry_after"], 0.5);
    assert_eq!(refused.headers["Retry-After"], "1");
    assert_eq!(refused.headers["X-RateLimit-Reset-After"], "4.500");
}

#[test]
fn a_message_is_deleted_from_the_bucket_of_its_age() {
    let mut desk = Desk::new(Limits::like_discord());
    let messages = format!("{}/messages", desk.channel());
    let mut ids = Vec::new();
    for _ in 0..3 {
        let sent = desk.ask("POST", &messages, json!({ "content": "bread" }));
        ids.push(format!("{messages}/{}", sent.body["id"].as_str().unwrap()));
    }
    let mut delete = |desk: &mut Desk, limit: &str| {
        let gone = desk.ask("DELETE", &ids.pop().unwrap(), Value::Null);
        assert_eq!(gone.status, 204);
        assert_eq!(gone.headers["X-RateLimit-Limit"], limit);
    };
    delete(&mut desk, "5");
    delete(desk.pass(Duration::from_secs(10)), "3");
    delete(desk.pass(Duration::from_secs(14 * 86_400)), "30");
    let unknown = desk.ask("DELETE", &format!("{messages}/1"), Value::Null);
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.headers["X-RateLimit-Limit"], "5");
}

#[test]
fn an_old_message_is_not_edited_for_ever() {
    let rate = Rate::fixed(1, 60 * MINUTE);
    let path = "PATCH /channels/{channel_id}/messages/{message_id}";
    let old = Sublimit::of([path], rate)
        .when(When::MessageOlderThan(60 * MINUTE))
        .refusal(Refusal::Code(30046));
    let mut desk = Desk::new(Limits::default().sublimit(old));
    let messages = format!("{}/messages", desk.channel());
    let sent = desk.ask("POST", &messages, json!({ "content": "bread" }));
    let message = format!("{messages}/{}", sent.body["id"].as_str().unwrap());
    let edit = |desk: &mut Desk| desk.ask("PATCH", &message, json!({ "content": "toast" }));
    for _ in 0..3 {
        assert_eq!(edit(&mut desk).status, 200);
    }
    assert_eq!(edit(desk.pass(60 * MINUTE)).status, 200);
    let refused = edit(desk.pass(MINUTE));
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (429, &json!(30046))
    );
    assert_eq!(refused.body["retry_after"], 59.0 * 60.0);
    assert!(!refused.headers.contains_key("X-RateLimit-Bucket"));
}

#[test]
fn a_day_has_so_many_new_commands() {
    let path = "POST /applications/{application_id}/commands";
    let daily = Sublimit::of([path], Rate::fixed(2, 24 * 60 * MINUTE))
        .when(When::RegistersCommands)
        .refusal(Refusal::Code(30034));
    let mut desk = Desk::new(Limits::default().sublimit(daily));
    let me = desk.ask("GET", "/applications/@me", Value::Null);
    let path = format!("/applications/{}/commands", me.body["id"].as_str().unwrap());
    let register = |desk: &mut Desk, name: &str| {
        let body = json!({ "name": name, "description": "bakes" });
        desk.ask("POST", &path, body)
    };
    assert_eq!(register(&mut desk, "rye").status, 201);
    assert_eq!(register(&mut desk, "spelt").status, 201);
    // What exists already is changed, and counts for nothing.
    assert_eq!(register(&mut desk, "rye").status, 200);
    let refused = register(&mut desk, "oats");
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (429, &json!(30034))
    );
    assert_eq!(register(desk.pass(24 * 60 * MINUTE), "oats").status, 201);
}

#[test]
fn a_shared_limit_has_its_own_time_and_is_nobodys_fault() {
    let mut desk = Desk::new(Limits::default());
    let wait = Duration::from_millis(1_336_570);
    desk.discord.limit_shared_once("GET /users/@me", wait);
    let refused = desk.ask("GET", "/users/@me", Value::Null);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["X-RateLimit-Scope"], "shared");
    assert_eq!(refused.headers["X-RateLimit-Remaining"], "999");
    assert_eq!(refused.headers["X-RateLimit-Reset-After"], "1.000");
    assert_eq!(refused.headers["Retry-After"], "1337");
    assert_eq!(
        refused.body,
        json!({
            "message": "The resource is being rate limited.",
            "retry_after": 1336.57,
            "global": false,
        })
    );
    assert_eq!(desk.discord.invalid_requests(), 0);
}

#[test]
fn who_is_refused_too_often_meets_the_proxy() {
    let limits = Limits::default().invalid_requests(3, 30 * MINUTE);
    let mut desk = Desk::new(limits);
    for _ in 0..3 {
        let refused = desk.ask_as(Some("Bot wrong"), "GET", "/users/@me", &Value::Null);
        assert_eq!(refused.status, 401);
        assert!(refused.headers.contains_key("Via"));
    }
    assert_eq!(desk.discord.shut_out(desk.start), Some(30 * MINUTE));
    desk.pass(Duration::from_millis(500));
    let away = desk.ask("GET", "/users/@me", Value::Null);
    assert_eq!(away.status, 429);
    assert_eq!(away.headers["Retry-After"], "1800");
    assert!(!away.headers.contains_key("Via"));
    assert!(!away.headers.contains_key("X-RateLimit-Scope"));
    assert!(away.text.starts_with("<html>"), "{}", away.text);
    // Discord itself has not seen that request.
    assert_eq!(desk.discord.invalid_requests(), 3);
    desk.pass(30 * MINUTE);
    assert_eq!(desk.ask("GET", "/users/@me", Value::Null).status, 200);
}

#[test]
fn a_webhook_counts_as_its_user_and_an_interaction_as_nobody() {
    let limits = Limits::default()
        .global_per_second(1)
        .global_per_second_of_address(1);
    let mut desk = Desk::new(limits);
    let token = format!("Bot {}", desk.discord.token());
    let application = desk.ask("GET", "/applications/@me", Value::Null).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let webhook = "/webhooks/5/token".to_owned();
    let followup = format!("/webhooks/{application}/token/messages/@original");
    let callback = "/interactions/5/token/callback".to_owned();
    let mut get = |who: Option<&str>, method: &str, path: &str, body: Value| {
        let answer = desk.ask_as(who, method, path, &body);
        answer.headers.contains_key("X-RateLimit-Global")
    };
    // The bot's second is used up.
    assert!(get(Some(&token), "GET", &webhook, Value::Null));
    assert!(!get(None, "GET", &webhook, Value::Null));
    assert!(get(None, "GET", &webhook, Value::Null));
    for who in [Some(token.as_str()), None] {
        assert!(!get(who, "GET", &followup, Value::Null));
        assert!(!get(who, "POST", &callback, json!({ "type": 6 })));
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the script starts at any instant"
)]
fn the_end_of_a_window_is_always_told_as_the_same_moment() {
    let start = Instant::now();
    let mut discord = Referee::new(Config::default(), start);
    let token = format!("Bot {}", discord.token());
    let mut told = |micros: u64| {
        let ask = Call {
            method: "GET",
            path: "/api/v10/users/@me",
            authorization: Some(&token),
            ..Call::default()
        };
        let reply = discord.request(start + Duration::from_micros(micros), ask);
        let reset = reply
            .headers
            .iter()
            .find(|(name, _)| *name == "X-RateLimit-Reset");
        reset.map(|(_, value)| value.clone())
    };
    let first = told(700);
    assert!(first.is_some());
    for later in [900, 1_100, 1_650, 2_999] {
        assert_eq!(told(later), first, "after {later} \u{b5}s");
    }
}
