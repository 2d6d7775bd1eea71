use ovenjs_mock::{Config, Discord};
use serde_json::json;

use crate::raw::{Socket, send};

#[tokio::test]
async fn the_page_and_its_doors() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let address = discord.address();
    let page = send(address, "GET", "/", &[], None).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );

    let (mut socket, _) =
        Socket::identified(&discord, "v=10&encoding=json", 1 | 1 << 9 | 1 << 15).await;
    let said = json!({ "user": "ann", "content": "hello" }).to_string();
    let said = send(
        address,
        "POST",
        "/_mock/say",
        &[],
        Some((said, "application/json")),
    )
    .await;
    assert_eq!(said.status, 200, "{}", said.body);
    assert_eq!(
        socket.event("MESSAGE_CREATE").await["d"]["content"],
        "hello"
    );

    let state = send(address, "GET", "/_mock/state", &[], None).await;
    assert_eq!(state.body["messages"][0]["content"], "hello");
    assert_eq!(state.body["connections"], 1);

    let typed = json!({ "user": "ann", "text": "/moon" }).to_string();
    let typed = send(
        address,
        "POST",
        "/_mock/slash",
        &[],
        Some((typed, "application/json")),
    )
    .await;
    assert_eq!(typed.status, 400);
    assert!(
        typed.body["error"]
            .as_str()
            .unwrap()
            .contains("no command /moon")
    );

    let foreign = [("origin", "http://example.org")];
    assert_eq!(
        send(address, "GET", "/_mock/state", &foreign, None)
            .await
            .status,
        403
    );
    let findings = send(address, "GET", "/_mock/violations", &[], None).await;
    assert_eq!(findings.body["violations"], json!([]));
}

#[tokio::test]
async fn no_page_of_another_origin_plays_a_user_or_the_bot() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let address = discord.address();
    let own = address.to_string();
    let token = format!("Bot {}", discord.token());
    for (host, origin) in [
        (own.as_str(), "http://example.org"),
        (own.as_str(), "null"),
        ("example.org", "http://example.org"),
        ("127.0.0.1.example.org", "http://127.0.0.1.example.org"),
        ("localhost.example.org", "http://localhost.example.org"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        let body = json!({ "content": "hello" }).to_string();
        let said = send(
            address,
            "POST",
            "/_mock/say",
            &headers,
            Some((body, "text/plain")),
        )
        .await;
        assert_eq!(said.status, 403, "{host} {origin}");

        let headers = [
            ("host", host),
            ("origin", origin),
            ("authorization", token.as_str()),
        ];
        let asked = send(address, "GET", "/api/v10/users/@me", &headers, None).await;
        assert_eq!(asked.status, 403, "{host} {origin}");

        let headers = [
            ("host", host),
            ("origin", origin),
            ("upgrade", "websocket"),
            ("connection", "upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let opened = send(address, "GET", "/?v=10&encoding=json", &headers, None).await;
        assert_eq!(opened.status, 403, "{host} {origin}");
    }
    assert_eq!(
        send(
            address,
            "GET",
            "/_mock/state",
            &[("host", "127.0.0.1.example.org")],
            None
        )
        .await
        .status,
        403
    );
    let origin = format!("http://{own}");
    assert_eq!(
        send(address, "GET", "/_mock/state", &[("origin", &origin)], None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_words() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let address = discord.address();
    for (body, part) in [
        ("{broken", "no JSON object"),
        ("[]", "no JSON object"),
        (
            r#"{ "content": "hi", "channel_id": "kitchen" }"#,
            "channel_id",
        ),
        (
            r#"{ "content": "hi", "channel_id": "1" }"#,
            "Unknown Channel",
        ),
        (r#"{ "content": "" }"#, "Cannot send an empty message"),
    ] {
        let body = Some((body.to_owned(), "application/json"));
        let said = send(address, "POST", "/_mock/say", &[], body).await;
        let error = said.body["error"].as_str().unwrap().to_owned();
        assert_eq!(said.status, 400);
        assert!(error.contains(part) && !error.starts_with('{'), "{error}");
    }
}
