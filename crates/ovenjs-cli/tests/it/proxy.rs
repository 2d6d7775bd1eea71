//! Bots behind `oven proxy`, and the Discord in a box behind it: processes and sockets as they are.

mod stage;

use std::time::Duration;

use ovenjs_core::{
    rest::Client,
    types::{Fault as _, MessageDraft, Upload, WebhookDraft},
};
use ovenjs_mock::{Config, Discord, Limits};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use self::stage::{Asking, LOOKS_MAX, Proxy, stage};
use crate::tell;

const POST: &str = "POST /channels/{channel_id}/messages";

#[tokio::test]
async fn two_bots_of_one_token_meet_no_429() {
    let limits = Limits::default().route(POST, 5, Duration::from_millis(250));
    let (discord, proxy) = stage(Config::default().limits(limits), &[]).await;
    let mut posts = JoinSet::new();
    // Each request comes by a connection of its own, as from so many processes.
    for n in 0..40 {
        let request = proxy.post(&discord, &format!("post {n}"));
        posts.spawn(async move { request.send().await });
    }
    while let Some(answer) = posts.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        // Who goes by limits that others use as well waits in vain.
        assert!(!answer.headers.contains_key("x-ratelimit-remaining"));
        assert!(!answer.headers.contains_key("x-oven-refused"));
    }
    assert_eq!(discord.invalid_requests(), 0);
    assert_eq!(discord.messages(discord.channel_id()).len(), 40);
    let page = proxy.page("/metrics").await;
    let posted = format!("oven_proxy_answers_total{{route=\"{POST}\",status=\"200\"}} 40");
    assert!(page.contains(&posted), "{page}");
    let health = proxy.page("/health").await;
    for part in ["\"status\":\"ok\"", "\"limits_known\":true", "\"tokens\":1"] {
        assert!(health.contains(part), "no {part} in {health}");
    }
    assert!(proxy.end("-TERM").success());
}

#[tokio::test]
async fn a_library_works_through_it_as_it_does_without() {
    let (discord, proxy) = stage(Config::default(), &[]).await;
    let client = Client::builder(discord.token()).base_url(proxy.base_url());
    let client = client.build().unwrap();
    let channel = discord.channel_id();
    let picture = Upload::new("large.bin", vec![7; 600_000]);
    let draft = MessageDraft::from("hi").file(picture);
    let message = client.create_message(channel).body(draft).await.unwrap();
    assert_eq!(message.attachments[0].size, 600_000);
    client
        .delete_message(channel, message.id)
        .reason("säubern")
        .await
        .unwrap();
    let gone = client.message(channel, message.id).await.unwrap_err();
    assert_eq!(gone.discord_code(), Some(10008));
    // By a webhook's token, where the bot's is not shown.
    let hook = client.create_webhook(channel, WebhookDraft::new("oven"));
    let hook = hook.await.unwrap();
    let token = hook.token.unwrap();
    client
        .execute_webhook(hook.id, token.clone())
        .content("by hook")
        .await
        .unwrap();
    assert_eq!(discord.messages(channel).len(), 1);
    discord.expect_no_violations();
    drop(proxy);
}

#[tokio::test]
async fn a_bot_that_goes_away_takes_its_request_back() {
    let limits = Limits::default().route(POST, 1, Duration::from_secs(600));
    let (discord, proxy) = stage(Config::default().limits(limits), &[]).await;
    let first = proxy.post(&discord, "first").send().await;
    assert_eq!(first.status, 200);
    let second = proxy
        .post(&discord, "second")
        .header("x-oven-deadline", "3000");
    let waiting = second.begin().await;
    proxy.wait_for("oven_proxy_waiting 1").await;
    let whys: serde_json::Value = serde_json::from_str(&proxy.page("/why").await).unwrap();
    let why = &whys[0];
    assert_eq!(
        (&why["route"], &why["on"], &why["ahead"]),
        (&POST.into(), &"bucket".into(), &0.into())
    );
    let turn = why["turn_in"].as_f64().unwrap();
    assert!((500.0..=601.0).contains(&turn), "{why}");
    drop(waiting);
    proxy.wait_for("oven_proxy_left_total 1").await;
    proxy.wait_for("oven_proxy_waiting 0").await;
    proxy.wait_for("oven_proxy_requests 0").await;
    assert_eq!(discord.messages(discord.channel_id()).len(), 1);
    assert_eq!(discord.invalid_requests(), 0);
}

#[tokio::test]
async fn who_cannot_be_served_in_time_is_told_at_once_and_when() {
    let limits = Limits::default().route(POST, 1, Duration::from_secs(600));
    let (discord, proxy) = stage(Config::default().limits(limits), &[]).await;
    assert_eq!(proxy.post(&discord, "first").send().await.status, 200);
    let late = proxy
        .post(&discord, "late")
        .header("x-oven-deadline", "2.5")
        .send()
        .await;
    assert_eq!(late.status, 429);
    assert_eq!(late.headers["x-oven-refused"], "deadline");
    // A library that sees no `Via` believes that its address is banned.
    assert!(late.headers.contains_key("via"));
    let body: serde_json::Value = serde_json::from_str(&late.body).unwrap();
    let wait = body["retry_after"].as_f64().unwrap();
    assert!((590.0..=601.0).contains(&wait), "{body}");
    assert_eq!(discord.requests().len(), 1);
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_end() {
    let limits = Limits::default().route(POST, 1, Duration::from_millis(700));
    let (discord, proxy) = stage(Config::default().limits(limits), &[]).await;
    assert_eq!(proxy.post(&discord, "first").send().await.status, 200);
    let waiting = proxy.post(&discord, "second").begin().await;
    proxy.wait_for("oven_proxy_waiting 1").await;
    let address = proxy.address;
    assert!(tell("-TERM", &proxy.id()));
    let answer = waiting.read().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(proxy.wait().success());
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(discord.messages(discord.channel_id()).len(), 2);
}

#[tokio::test]
async fn a_stop_is_told_before_nothing_new_is_taken() {
    let (discord, proxy) = stage(Config::default(), &["--drain", "600"]).await;
    assert!(proxy.page("/health").await.contains("\"status\":\"ok\""));
    assert!(tell("-TERM", &proxy.id()));
    let mut looks = 0..LOOKS_MAX;
    let told = loop {
        let told = Asking::get(proxy.watch, "/health").send().await;
        if told.status != 200 || looks.next().is_none() {
            break told;
        }
    };
    assert_eq!(told.status, 503);
    assert!(told.body.contains("\"status\":\"stopping\""), "{told:?}");
    // Whoever has not noticed is served.
    assert_eq!(proxy.post(&discord, "late").send().await.status, 200);
    assert!(proxy.end("-TERM").success());
}

#[tokio::test]
async fn what_may_have_been_done_is_answered_so_that_no_library_does_it_again() {
    // A server that reads each request and hangs up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}/api", listener.local_addr().unwrap());
    let mut hanging_up = JoinSet::new();
    hanging_up.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
        }
    });
    let discord = Discord::start(Config::default()).await.unwrap();
    let proxy = Proxy::start(&discord, &["--base-url", &away]);
    let posted = proxy.post(&discord, "once").send().await;
    assert_eq!(
        (posted.status, &*posted.headers["x-oven-refused"]),
        (424, "lost")
    );
    let read = proxy
        .get("/users/@me")
        .token(&discord)
        .header("x-oven-deadline", "1");
    let read = read.send().await;
    assert!(matches!(read.status, 502 | 504), "{read:?}");
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let limits = Limits::default().route(POST, 1, Duration::from_secs(600));
    let (discord, proxy) = stage(Config::default().limits(limits), &[]).await;
    assert_eq!(proxy.post(&discord, "first").send().await.status, 200);
    let second = proxy
        .post(&discord, "second")
        .header("x-oven-deadline", "3000");
    let _waiting = second.begin().await;
    proxy.wait_for("oven_proxy_waiting 1").await;
    assert!(tell("-TERM", &proxy.id()) && tell("-INT", &proxy.id()));
    assert!(proxy.wait().success());
}

#[tokio::test]
async fn each_token_has_limits_of_its_own_and_a_refused_one_is_asked_once() {
    let (discord, proxy) = stage(Config::default(), &[]).await;
    let wrong = || {
        proxy
            .get("/users/@me")
            .header("authorization", "Bot wr0ng.token")
    };
    let first = wrong().send().await;
    assert_eq!(
        (first.status, first.headers.contains_key("x-oven-refused")),
        (401, false)
    );
    let again = wrong().send().await;
    assert_eq!(
        (again.status, &*again.headers["x-oven-refused"]),
        (401, "token")
    );
    assert_eq!(discord.requests().len(), 1);
    let right = proxy.get("/users/@me").token(&discord).send().await;
    assert_eq!(right.status, 200);
    let nobody = proxy.get("/users/@me").send().await;
    assert_eq!(
        (nobody.status, &*nobody.headers["x-oven-refused"]),
        (401, "token")
    );
}

#[tokio::test]
async fn a_token_of_the_proxys_is_shown_for_those_who_send_none() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{}\n", discord.token())).unwrap();
    let arguments = ["--token-file", file.to_str().unwrap()];
    let proxy = Proxy::start(&discord, &arguments);
    assert_eq!(proxy.get("/users/@me").send().await.status, 200);
    // A page in a browser could act as the bot otherwise.
    let asked = discord.requests().len();
    let of_page = proxy
        .get("/users/@me")
        .header("origin", "https://evil.example");
    let refused = of_page.send().await;
    assert_eq!(
        (refused.status, &*refused.headers["x-oven-refused"]),
        (403, "browser")
    );
    let rebound = "GET /api/v10/users/@me HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    assert_eq!(proxy.say(rebound).await.status, 403);
    assert_eq!(discord.requests().len(), asked);
    let named = Proxy::start(
        &discord,
        &[&arguments[..], &["--host", "evil.example"]].concat(),
    );
    assert_eq!(named.say(rebound).await.status, 200);

    let open = ["proxy", "--listen", "0.0.0.0:0", arguments[0], arguments[1]];
    let error = crate::failure(crate::oven(&open));
    assert!(
        error.contains("--open") && error.contains("127.0.0.1"),
        "{error}"
    );
}

#[tokio::test]
async fn no_token_is_in_what_is_logged_or_told() {
    let (discord, proxy) = stage(Config::default(), &["--log", "trace"]).await;
    let secrets = ["wr0ng.token.Canary", "h00k-Canary", "b0dy-Canary"];
    let [token, hook, body] = secrets;
    let mut told = Vec::new();
    let shown = format!("Bot {token}");
    for path in [
        "/users/@me".to_owned(),
        format!("/webhooks/7/{hook}"),
        format!("/webhooks/7/{hook}/of-tomorrow"),
        format!("/interactions/7/{hook}/callback"),
        format!("/of-tomorrow/{hook}/../x"),
        format!("/users/@me?token={hook}"),
    ] {
        for _ in 0..2 {
            let request = proxy.get(&path).header("authorization", &shown);
            told.push(request.body(body).send().await.text());
            let odd = proxy.get(&path).header("authorization", &shown);
            told.push(odd.header("x-oven-priority", "odd").send().await.text());
        }
    }
    told.push(proxy.page("/metrics").await);
    told.push(proxy.page("/health").await);
    assert!(discord.requests().len() > 3);
    told.push(proxy.logged("-TERM"));
    let logged = told.last().unwrap();
    assert!(
        logged.contains("GET /users/@me"),
        "nothing was logged: {logged}"
    );
    for text in &told {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[tokio::test]
async fn what_no_operation_knows_goes_on_under_a_route_of_its_own() {
    let (discord, proxy) = stage(Config::default(), &[]).await;
    let channel = discord.channel_id();
    for n in 0..3 {
        let path = format!("/channels/{channel}/of-tomorrow/{n}");
        let answer = proxy.get(&path).token(&discord).send().await;
        assert_eq!(
            (answer.status, answer.headers.contains_key("x-oven-refused")),
            (404, false)
        );
    }
    let page = proxy.page("/metrics").await;
    let counted = "{route=\"GET /channels/{}/of-tomorrow/{}\",status=\"404\"} 3";
    assert!(page.contains(counted), "{page}");
}

#[tokio::test]
async fn what_is_too_large_or_makes_no_sense_is_refused_here() {
    let (discord, proxy) = stage(Config::default(), &["--body-mb", "1"]).await;
    let long = "x".repeat(1 << 20);
    let fits = proxy.post(&discord, "").body(&long).send().await;
    assert_eq!(
        (fits.status, fits.headers.contains_key("x-oven-refused")),
        (400, false)
    );
    let too_long = proxy
        .post(&discord, "")
        .body(&format!("{long}x"))
        .send()
        .await;
    assert_eq!(
        (too_long.status, &*too_long.headers["x-oven-refused"]),
        (413, "body")
    );
    // One that does not say how long it is.
    let chunks = format!("{:x}\r\n{long}\r\n1\r\nx\r\n0\r\n\r\n", 1 << 20);
    let head = "POST /api/v10/users/@me/channels HTTP/1.1\r\nhost: x\r\nauthorization: Bot x\r\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}");
    assert_eq!(proxy.say(&chunked).await.status, 413);

    let asked = discord.requests().len();
    for (text, status) in [
        ("\u{1}\r\n\r\n".to_owned(), 400),
        (
            format!("GET /api/v10/users/@me HTTP/1.1\r\nx: {long}\r\n\r\n"),
            431,
        ),
        (
            "OPTIONS /api/v10/users/@me HTTP/1.1\r\n\r\n".to_owned(),
            405,
        ),
        ("GET /channels/7 HTTP/1.1\r\n\r\n".to_owned(), 404),
        ("GET /api/v10/a/%2e%2e/b HTTP/1.1\r\n\r\n".to_owned(), 400),
        (
            "GET /api/v10/channels/7/messages%2F8 HTTP/1.1\r\n\r\n".to_owned(),
            400,
        ),
    ] {
        let answer = proxy.say(&text).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    assert_eq!(discord.requests().len(), asked);
}

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let (discord, proxy) = stage(Config::default(), &["--watch", "127.0.0.1:0"]).await;
    assert_ne!(proxy.address, proxy.watch);
    assert!(
        proxy
            .page("/metrics")
            .await
            .contains("oven_proxy_connections")
    );
    let request = proxy.get("/users/@me").token(&discord);
    let inside = Asking {
        address: proxy.watch,
        ..request
    };
    assert_eq!(inside.send().await.status, 404);
    let outside = Asking::get(proxy.address, "/metrics").send().await;
    assert_eq!((outside.status, discord.requests().len()), (404, 0));
}
