//! What lies between a call and the wire: layers, repetition, the circuit breaker.

use std::{
    future::IntoFuture as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderName, HeaderValue};
use ovenjs_rest::{
    BreakerState, Client, Error, ErrorKind, Layer, Live, Next, Priority, Reply, Request, Sending,
};
use ovenjs_types::{Fault, Hook, HookCall, Id};

use crate::server::{Server, Step, TOKEN, json};

const MESSAGE: &str =
    r#"{"id":"5","channel_id":"1","content":"hi","author":{"id":"2","username":"oven"}}"#;

const USER: &str = r#"{"id":"2","username":"oven"}"#;

fn outage(status: u16) -> Step {
    Step::Answer(status, "", "<html>bad gateway</html>".to_owned())
}

fn builder(server: &Server) -> ovenjs_rest::Builder {
    Client::builder(TOKEN).base_url(&server.base_url)
}

/// Writes down what passes it, under its name.
#[derive(Debug)]
struct Watcher(&'static str, Arc<Mutex<Vec<String>>>);

impl Layer for Watcher {
    fn send<'a>(&'a self, request: Request, next: Next<'a>) -> Sending<'a> {
        let told = |text: String| self.1.lock().unwrap().push(format!("{} {text}", self.0));
        told(format!("{} {:?}", request.route(), request.priority()));
        Box::pin(async move {
            let reply = next.send(request).await?;
            told(reply.status().to_string());
            Ok(reply)
        })
    }
}

#[tokio::test]
async fn layers_see_one_call_once_whatever_happens_behind_them() {
    let server = Server::start([outage(502), json(200, USER)]).await;
    let told = Arc::default();
    let client = builder(&server)
        .layer(Watcher("outer", Arc::clone(&told)))
        .layer(Watcher("inner", Arc::clone(&told)))
        .build()
        .unwrap();
    client
        .current_user()
        .priority(Priority::Bulk)
        .await
        .unwrap();
    assert_eq!(server.seen().len(), 2);
    let told = told.lock().unwrap();
    let route = "GET /users/@me Bulk";
    let wanted = [
        &format!("outer {route}"),
        &format!("inner {route}"),
        "inner 200",
        "outer 200",
    ];
    assert_eq!(*told, wanted.map(ToOwned::to_owned));
}

/// Changes what passes it, as far as it may.
#[derive(Debug)]
struct Meddler;

impl Layer for Meddler {
    fn send<'a>(&'a self, request: Request, next: Next<'a>) -> Sending<'a> {
        assert!(!format!("{request:?} {:?}", request.headers()).contains("s3cret"));
        let value = || HeaderValue::from_static("meddled");
        let request = request
            .with_header(HeaderName::from_static("x-trace"), value())
            .with_header(http::header::AUTHORIZATION, value())
            .with_header(http::header::HOST, value())
            .with_header(http::header::CONTENT_LENGTH, value());
        Box::pin(async move {
            let reply = next.send(request).await?;
            assert_eq!(reply.header("x-kind"), Some("test"));
            let body = reply.body().clone();
            assert_eq!(body, USER);
            Ok(reply.with_body(r#"{"id":"3","username":"other"}"#))
        })
    }
}

#[tokio::test]
async fn a_layer_changes_headers_and_answers_but_never_sees_the_token() {
    let answer = Step::Answer(200, "x-kind: test\r\n", USER.to_owned());
    let server = Server::start([answer]).await;
    let client = builder(&server).layer(Meddler).build().unwrap();
    let user = client.current_user().await.unwrap();
    assert_eq!((user.id, &*user.username), (Id::new(3), "other"));
    let request = &server.seen()[0];
    assert!(request.contains("x-trace: meddled\r\n"), "{request}");
    assert!(
        request.contains(&format!("authorization: Bot {TOKEN}\r\n")),
        "{request}"
    );
    assert_eq!(request.matches("meddled").count(), 1, "{request}");
}

/// Lets nothing through.
#[derive(Debug)]
struct Refuser;

impl Layer for Refuser {
    fn send<'a>(&'a self, request: Request, _: Next<'a>) -> Sending<'a> {
        Box::pin(async move {
            if request.route().starts_with("GET") {
                return Ok(Reply::new(
                    404,
                    r#"{"message":"Unknown User","code":10013}"#,
                ));
            }
            Err(Error::by_layer(
                &request,
                "no writes today: the shop is closed",
            ))
        })
    }
}

#[tokio::test]
async fn a_layer_may_refuse_or_answer_by_itself() {
    let server = Server::start([json(200, USER)]).await;
    let client = builder(&server).layer(Refuser).build().unwrap();
    let error = client.current_user().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.discord_code()),
        (ErrorKind::NotFound, Some(10_013))
    );
    let error = client
        .delete_message(Id::new(1), Id::new(2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Layer);
    assert!(error.to_string().contains("the shop is closed"), "{error}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_message_gets_a_nonce_and_is_posted_again_after_a_lost_answer() {
    let server = Server::start([Step::Close, outage(500), json(200, MESSAGE)]).await;
    let client = server.client();
    client
        .create_message(Id::new(1))
        .content("hi")
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    let body = |n: usize| seen[n].split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(0), body(1));
    assert_eq!(body(0), body(2));
    let sent: serde_json::Value = serde_json::from_str(&body(0)).unwrap();
    assert_eq!(sent["nonce"].as_str().map(str::len), Some(16), "{sent}");
    assert_eq!(sent["enforce_nonce"], true);
    let stats = client.stats();
    assert_eq!(
        (stats.sent, stats.retried, stats.recovered, stats.failed),
        (3, 2, 1, 0)
    );
    // Another message has another.
    client
        .create_message(Id::new(1))
        .content("hi")
        .await
        .unwrap();
    assert_ne!(server.seen()[3].split_once("\r\n\r\n").unwrap().1, body(0));
}

#[tokio::test]
async fn without_a_nonce_of_ours_a_post_is_sent_once() {
    for step in [outage(502), Step::Close] {
        let server = Server::start([step]).await;
        let client = server.client();
        let once = client
            .create_message(Id::new(1))
            .content("hi")
            .at_most_once();
        assert!(once.await.unwrap_err().is_retryable());
        client.apply(Live::new().nonces(false));
        let post = client.create_message(Id::new(1)).content("hi");
        assert!(post.await.unwrap_err().is_retryable());
        // The caller's own nonce stays, enforced or not.
        client.apply(Live::new());
        let own = client.create_message(Id::new(1)).content("hi");
        let own = own.map_body(|draft| draft.nonce("mine"));
        assert!(own.await.unwrap_err().is_retryable());
        let seen = server.seen();
        assert_eq!(seen.len(), 3);
        assert!(
            !seen[0].contains("nonce") && !seen[1].contains("nonce"),
            "{seen:?}"
        );
        assert!(
            seen[2].contains(r#""nonce":"mine""#) && !seen[2].contains("enforce"),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done_when_nothing_is_left() {
    let gone = || json(404, r#"{"message":"Unknown Message","code":10008}"#);
    for lost in [Step::Close, outage(502)] {
        let server = Server::start([lost, gone()]).await;
        server
            .client()
            .delete_message(Id::new(1), Id::new(2))
            .await
            .unwrap();
        assert_eq!(server.seen().len(), 2);
    }
    // At the first try there was nothing, and the caller hears of it.
    let server = Server::start([gone()]).await;
    let error = server
        .client()
        .delete_message(Id::new(1), Id::new(2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    // Reads are not done by finding nothing.
    let server = Server::start([Step::Close, gone()]).await;
    let error = server
        .client()
        .message(Id::new(1), Id::new(2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn once_is_once_also_at_limits_and_closed_doors() {
    let limited = json(429, r#"{"message":"x","retry_after":0.001,"global":false}"#);
    let server = Server::start([limited]).await;
    let error = server
        .client()
        .current_user()
        .at_most_once()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), server.seen().len()), (ErrorKind::Limited, 1));
}

#[tokio::test]
async fn the_breaker_keeps_calls_back_and_lets_one_find_out() {
    let mut script: Vec<Step> = (0..10)
        .map(|_| json(500, r#"{"message":"oops","code":0}"#))
        .collect();
    script.push(json(200, MESSAGE));
    let server = Server::start(script).await;
    let states = Arc::new(States::default());
    let client = builder(&server).hook(states.clone()).build().unwrap();
    for _ in 0..10 {
        let post = client
            .create_message(Id::new(1))
            .content("hi")
            .at_most_once();
        assert_eq!(post.await.unwrap_err().kind(), ErrorKind::Server);
    }
    let post = client
        .create_message(Id::new(1))
        .content("hi")
        .at_most_once();
    let error = post.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Open);
    assert!(
        error.is_retryable() && error.retry_after() <= Some(Duration::from_secs(1)),
        "{error}"
    );
    assert_eq!(server.seen().len(), 10);
    let stats = client.stats();
    assert_eq!(
        (
            stats.breakers.open,
            stats.breakers.opened,
            stats.breakers.refused
        ),
        (1, 1, 1)
    );
    assert_eq!(stats.breakers.host, BreakerState::Closed);
    assert_eq!(stats.limits.permits, 0);

    // Whoever has time waits until it is tried again.
    client
        .create_message(Id::new(1))
        .content("hi")
        .await
        .unwrap();
    assert_eq!(client.stats().breakers.open, 0);
    let family = "/channels/{channel_id}/messages";
    let wanted = [format!("{family} open"), format!("{family} closed")];
    assert_eq!(*states.0.lock().unwrap(), wanted);
}

/// The states of the breakers, one after another.
#[derive(Debug, Default)]
struct States(Mutex<Vec<String>>);

impl Hook for States {
    fn call(&self, call: &HookCall<'_>) {
        if let HookCall::BreakerChanged { family, state } = call {
            self.0.lock().unwrap().push(format!("{family} {state}"));
        }
    }
}

#[tokio::test]
async fn hooks_hear_how_calls_end() {
    let server = Server::start([json(200, USER), json(404, "{}"), Step::Silence]).await;
    let ends = Arc::new(Ends::default());
    let client = builder(&server).hook(ends.clone()).build().unwrap();
    client.current_user().await.unwrap();
    client.current_user().await.unwrap_err();
    let mut call = Box::pin(client.send(ovenjs_rest::GetCurrentUser {}));
    std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(call);
    assert_eq!(*ends.0.lock().unwrap(), ["answered", "failed", "dropped"]);
    assert_eq!(client.stats().in_flight, 0);
}

#[derive(Debug, Default)]
struct Ends(Mutex<Vec<String>>);

impl Hook for Ends {
    fn call(&self, call: &HookCall<'_>) {
        if let HookCall::CallEnded { outcome, .. } = call {
            self.0.lock().unwrap().push((*outcome).to_owned());
        }
    }
}

#[tokio::test]
async fn calls_that_ask_the_same_at_once_share_one_request() {
    let server = Server::start([json(200, USER)]).await;
    let client = server.client();
    let users =
        futures_util::future::join_all((0..20).map(|_| client.current_user().into_future()));
    for user in users.await {
        assert_eq!(user.unwrap().id, Id::new(2));
    }
    let stats = client.stats();
    assert_eq!((server.seen().len(), stats.sent, stats.joined), (1, 1, 19));
    assert_eq!((stats.in_flight, stats.limits.permits), (0, 0));
    // Whoever wants an answer of their own gets one.
    let own = (0..3).map(|_| client.current_user().fresh().into_future());
    futures_util::future::join_all(own)
        .await
        .into_iter()
        .for_each(|user| drop(user.unwrap()));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn answers_are_kept_asked_for_by_their_mark_and_dropped_by_writes() {
    const CHANNEL: &str = r#"{"id":"1","type":0,"name":"bread"}"#;
    let marked = || Step::Answer(200, "etag: W/\"7\"\r\n", CHANNEL.to_owned());
    let unchanged = Step::Answer(304, "etag: W/\"7\"\r\n", String::new());
    let server = Server::start([marked(), unchanged, json(204, ""), marked(), marked()]).await;
    let config = ovenjs_rest::Config::new()
        .base_url(&server.base_url)
        .cache_max(1 << 20)
        .ttl::<ovenjs_rest::GetCurrentUser>(Duration::from_secs(60));
    let client = Client::builder(TOKEN).config(config).build().unwrap();
    // Marked, but never fresh: Discord is asked whether it has changed.
    for _ in 0..2 {
        assert_eq!(
            client.channel(Id::new(1)).await.unwrap().name.as_deref(),
            Some("bread")
        );
    }
    let seen = server.seen();
    assert!(!seen[0].contains("if-none-match") && seen[1].contains("if-none-match: W/\"7\"\r\n"));
    // Our own write ends it.
    client.delete_message(Id::new(1), Id::new(5)).await.unwrap();
    client.channel(Id::new(1)).await.unwrap();
    assert!(!server.seen()[3].contains("if-none-match"));
    client.channel(Id::new(1)).fresh().await.unwrap();
    assert!(!server.seen()[4].contains("if-none-match"));
    let cache = client.stats().cache;
    assert_eq!(
        (
            cache.unchanged,
            cache.misses,
            cache.invalidated,
            cache.entries
        ),
        (1, 2, 1, 1)
    );

    let server = Server::start([json(200, USER)]).await;
    let config = ovenjs_rest::Config::new()
        .base_url(&server.base_url)
        .cache_max(1 << 20)
        .ttl::<ovenjs_rest::GetCurrentUser>(Duration::from_secs(60));
    let client = Client::builder(TOKEN).config(config).build().unwrap();
    for _ in 0..5 {
        client.current_user().await.unwrap();
    }
    assert_eq!((server.seen().len(), client.stats().cache.hits), (1, 4));
}

#[tokio::test]
async fn an_answer_that_is_not_ready_is_awaited() {
    let soon = json(
        202,
        r#"{"message":"Index not yet available. Try again later","code":110000,"retry_after":0}"#,
    );
    let server = Server::start([soon, json(200, USER)]).await;
    server.client().current_user().await.unwrap();
    assert_eq!(server.seen().len(), 2);
}
