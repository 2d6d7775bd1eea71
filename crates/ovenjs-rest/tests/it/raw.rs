//! Requests that come as method, path, headers and body.

use http::{HeaderName, HeaderValue, Method};
use ovenjs_mock::{Config, Discord, Limits, oracle::Oracle};
use ovenjs_rest::{Auth, Client, ErrorKind, Raw, Reply, Terms};
use ovenjs_types::Fault as _;

use crate::server::{Server, Step, TOKEN, json};

const POST: &str = "POST /channels/{channel_id}/messages";

#[test]
fn every_operation_of_discords_is_counted_as_itself() {
    for operation in Oracle::embedded().operations() {
        let parts =
            operation
                .path
                .split('/')
                .skip(1)
                .map(|part| match part.trim_matches(['{', '}']) {
                    word if word == part => part,
                    name if name.ends_with("_id") => "81384788765712384",
                    _ => "some.Th1ng",
                });
        let path: String = parts.flat_map(|part| ["/", part]).collect();
        let method: Method = operation.method.parse().unwrap();
        let raw = Raw::new(method, &format!("{path}?limit=1")).unwrap();
        assert_eq!(
            raw.route(),
            format!("{} {}", operation.method, operation.path)
        );
    }
}

#[tokio::test]
async fn what_discord_answers_comes_as_it_is_whatever_its_status() {
    let script = [
        Step::Answer(
            200,
            "x-of-tomorrow: 1\r\nx-ratelimit-limit: 5\r\n",
            " {\"a\" : 1}\n".to_owned(),
        ),
        json(403, r#"{"message":"Missing Permissions","code":50013}"#),
        Step::Answer(404, "content-type: text/html\r\n", "<html>".to_owned()),
        json(403, r#"{"message":"Missing Permissions","code":50013}"#),
    ];
    let server = Server::start(script).await;
    let client = server.client();
    let raw = Raw::new(Method::POST, "/channels/7/messages?wait=a%20b")
        .unwrap()
        .version(9)
        .header(
            HeaderName::from_static("x-audit-log-reason"),
            HeaderValue::from_static("why"),
        )
        .header(
            HeaderName::from_static("authorization"),
            HeaderValue::from_static("Bot other"),
        )
        .body("hi");
    let reply = client
        .send_raw(raw.clone(), Terms::default())
        .await
        .unwrap();
    assert_eq!(told(&reply), (200, " {\"a\" : 1}\n"));
    assert_eq!(reply.headers()["x-of-tomorrow"], "1");
    let seen = server.seen().concat();
    assert!(seen.starts_with("POST /api/v9/channels/7/messages?wait=a%20b HTTP/1.1\r\n"));
    assert!(seen.contains("x-audit-log-reason: why\r\n") && seen.ends_with("\r\n\r\nhi"));
    assert!(
        seen.contains(TOKEN) && !seen.contains("Bot other"),
        "{seen}"
    );

    let reply = client
        .send_raw(raw.clone(), Terms::default())
        .await
        .unwrap();
    assert_eq!(reply.status(), 403);
    let page = client
        .send_raw(raw.clone(), Terms::default())
        .await
        .unwrap();
    assert_eq!(told(&page), (404, "<html>"));
    // A refusal is asked for again: whoever sends it may know that permissions have changed.
    let again = client.send_raw(raw, Terms::default()).await.unwrap();
    assert_eq!((again.status(), server.seen().len()), (403, 4));
}

#[tokio::test]
async fn a_refusal_of_a_typed_call_shows_the_answer() {
    let body = r#"{"message":"Unknown User","code":10013}"#;
    let server = Server::start([Step::Answer(404, "x-of-tomorrow: 1\r\n", body.to_owned())]).await;
    let error = server.client().current_user().await.unwrap_err();
    let reply = error.reply().unwrap();
    assert_eq!(told(reply), (404, body));
    assert_eq!(reply.header("x-of-tomorrow"), Some("1"));
}

#[tokio::test]
async fn it_shares_the_buckets_of_typed_calls() {
    let limits = Limits::default().route(POST, 5, std::time::Duration::from_millis(250));
    let discord = Discord::start(Config::default().limits(limits))
        .await
        .unwrap();
    let client = crate::discord::client(&discord);
    let channel = discord.channel_id();
    let path = format!("/channels/{channel}/messages");
    let calls = (0..20).map(|n| {
        let raw = Raw::new(Method::POST, &path)
            .unwrap()
            .header(
                HeaderName::from_static("content-type"),
                HeaderValue::from_static("application/json"),
            )
            .body(format!(r#"{{"content":"raw {n}"}}"#));
        let client = &client;
        async move {
            if n % 2 == 0 {
                let reply = client.send_raw(raw, Terms::default()).await.unwrap();
                assert_eq!(reply.status(), 200);
            } else {
                client
                    .create_message(channel)
                    .content("typed")
                    .await
                    .unwrap();
            }
        }
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(discord.invalid_requests(), 0);
    assert_eq!(discord.messages(channel).len(), 20);
}

#[tokio::test]
async fn a_lost_answer_is_repeated_where_the_message_is_made_once_only() {
    let server = Server::start([Step::Close, json(200, "{}"), Step::Close, json(200, "{}")]).await;
    let client = server.client();
    let raw = Raw::new(Method::POST, "/channels/7/messages").unwrap();
    let marked = raw.clone().body(r#"{"nonce":"7","enforce_nonce":true}"#);
    let reply = client.send_raw(marked, Terms::default()).await.unwrap();
    assert_eq!(reply.status(), 200);
    let plain = raw.body(r#"{"nonce":"7"}"#);
    let error = client.send_raw(plain, Terms::default()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reply().is_none()),
        (ErrorKind::Network, true)
    );
}

#[tokio::test]
async fn a_client_without_a_token_shows_none_and_says_so_where_one_is_needed() {
    let server = Server::start([json(200, "{}")]).await;
    let client = Client::without_token()
        .base_url(&server.base_url)
        .build()
        .unwrap();
    let hook = Raw::new(Method::POST, "/webhooks/7/tok3n").unwrap();
    assert_eq!(hook.auth(), Auth::Webhook);
    // What the caller would show as well is not Discord's business here.
    let hook = hook.authorization(format!("Bot {TOKEN}"));
    client.send_raw(hook, Terms::default()).await.unwrap();
    let error = client.current_user().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Config && !error.is_retryable());
    assert!(error.to_string().contains("Client::builder"), "{error}");
    let own = Raw::new(Method::GET, "/users/@me")
        .unwrap()
        .authorization("Bearer of.ann");
    client.send_raw(own, Terms::default()).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(!seen[0].contains("authorization"), "{}", seen[0]);
    assert!(
        seen[1].contains("authorization: Bearer of.ann"),
        "{}",
        seen[1]
    );
    assert_eq!(client.stats().limits.permits, 0);

    let ann = Client::builder("Bearer of.ann").base_url(&server.base_url);
    ann.build().unwrap().current_user().await.unwrap_err();
    assert!(server.seen()[2].contains("authorization: Bearer of.ann"));
}

#[test]
fn what_is_no_request_for_discord_is_refused() {
    for path in [
        "",
        "users",
        "/a b",
        "/a#b",
        "/./a",
        "/a/%2E%2e/b",
        "http://x/y",
    ] {
        let error = Raw::new(Method::GET, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{path}");
    }
    let error = Raw::new(Method::OPTIONS, "/users/@me").unwrap_err();
    assert!(error.to_string().contains("PATCH"), "{error}");
    let shown = Raw::new(Method::GET, "/webhooks/7/tok3n").unwrap();
    assert!(!format!("{shown:?}").contains("tok3n"));
}

fn told(reply: &Reply) -> (u16, &str) {
    (reply.status(), std::str::from_utf8(reply.body()).unwrap())
}
