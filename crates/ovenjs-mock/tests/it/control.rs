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
