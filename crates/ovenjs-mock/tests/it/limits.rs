use std::time::Duration;

use ovenjs_mock::{Config, Discord, Limits};

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
