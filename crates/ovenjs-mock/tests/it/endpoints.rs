//! Bots that are spoken to over HTTP: interactions and webhook events, signed, on real sockets.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use ovenjs_mock::{Config, Discord, Endpoints, FaultMenu};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::raw::{Socket, call, send};

#[tokio::test]
async fn a_command_is_answered_over_http_by_the_same_sentence() {
    let discord = with_command(Config::default()).await;
    let endpoint = Endpoint::start(&discord, |asked| match asked["type"].as_u64() {
        Some(2) => json(json!({ "type": 4, "data": {
            "content": format!("Good morning, {}", asked["member"]["user"]["username"]),
            "components": [{ "type": 1, "components": [
                { "type": 2, "style": 1, "label": "Order", "custom_id": "order" },
            ]}],
        }})),
        Some(3) => json(json!({ "type": 9, "data": {
            "custom_id": "form", "title": "Your order", "components": [
                { "type": 1, "components": [
                    { "type": 4, "custom_id": "what", "style": 1, "label": "What" },
                ]},
            ],
        }})),
        _ => {
            let value = &asked["data"]["components"][0]["components"][0]["value"];
            json(json!({ "type": 4, "data": { "content": value, "flags": 64 } }))
        }
    })
    .await;
    discord
        .set_interactions_endpoint(Some(&endpoint.url))
        .await
        .unwrap();

    // No bot is on the gateway, and none is needed.
    discord
        .user("ann")
        .slash("/menu")
        .await
        .says("Good morning")
        .click("Order")
        .await
        .opens("Your order")
        .fill("What", "rye bread")
        .await
        .says("rye bread")
        .is_ephemeral();

    discord.expect_no_violations();
    assert_eq!(discord.warnings(), [""; 0]);
    let posts = discord.wait_for_posts(5).await.unwrap();
    let told: Vec<_> = posts
        .iter()
        .map(|post| {
            (
                post.body.number("/type"),
                post.forgery.is_some(),
                post.status,
            )
        })
        .collect();
    assert!(told.contains(&(Some(1), true, Some(401))), "{told:?}");
    assert!(told.contains(&(Some(1), false, Some(200))), "{told:?}");
    assert_eq!(
        told[2..],
        [2, 3, 5].map(|kind| (Some(kind), false, Some(200)))
    );
    for seen in endpoint.seen() {
        let agent = seen["user-agent"].to_str().unwrap();
        assert!(agent.starts_with("Discord-Interactions/1.0"), "{agent}");
        assert_eq!(seen["content-type"], "application/json");
    }
}

#[tokio::test]
async fn what_is_posted_is_not_sent_over_the_gateway() {
    let discord = with_command(Config::default()).await;
    let (mut socket, _) = Socket::identified(&discord, "v=10&encoding=json", 1 << 9).await;
    let endpoint = Endpoint::start(&discord, |_| message("by HTTP")).await;
    discord
        .set_interactions_endpoint(Some(&endpoint.url))
        .await
        .unwrap();
    let ann = discord.user("ann");
    ann.slash("/menu").await.says("by HTTP");

    discord.set_interactions_endpoint(None).await.unwrap();
    let (answer, ()) = tokio::join!(ann.slash("/menu"), async {
        let mut dispatch = socket.payload().await;
        while dispatch["t"] != "INTERACTION_CREATE" {
            dispatch = socket.payload().await;
        }
        let path = callback(&dispatch["d"]);
        let body = json!({ "type": 4, "data": { "content": "by the gateway" } });
        assert_eq!(call(&discord, "POST", &path, Some(body)).await.status, 204);
    });
    answer.says("by the gateway");
    discord.expect_no_violations();
}

#[tokio::test]
async fn an_endpoint_that_is_slow_or_wrong_does_not_respond() {
    let config = Config::default().interaction_deadline(Duration::from_millis(300));
    let discord = with_command(config).await;
    let ann = discord.user("ann");
    let slow = Endpoint::start(&discord, |_| Reply {
        never: true,
        ..message("")
    })
    .await;
    let wrong = Endpoint::start(&discord, |_| Reply {
        status: 500,
        ..message("oops")
    })
    .await;
    let strange = Endpoint::start(&discord, |_| json(json!({ "type": 4, "data": 7 }))).await;
    for (endpoint, why) in [
        (&slow, "no answer in time"),
        (&wrong, "answered 500"),
        (&strange, "Invalid Form Body"),
    ] {
        discord
            .set_interactions_endpoint(Some(&endpoint.url))
            .await
            .unwrap();
        let told = ann.attempt().slash("/menu").await.unwrap_err().to_string();
        assert!(
            told.contains("the application did not respond to /menu"),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
    }
    let url = strange.url.clone();
    drop(strange);
    let told = ann.attempt().slash("/menu").await.unwrap_err().to_string();
    assert!(told.contains("cannot be reached"), "{told}");
    let told = discord.set_interactions_endpoint(Some(&url)).await;
    assert!(
        told.unwrap_err()
            .to_string()
            .contains("could not be posted")
    );
}

#[tokio::test]
async fn an_endpoint_that_forgets_the_signature_is_refused_and_found_out() {
    let config = Config::default();
    let discord = with_command(config).await;
    let careless = Endpoint::careless(|asked| match asked["type"].as_u64() {
        Some(1) => json(json!({ "type": 1 })),
        _ => message("whoever you are"),
    })
    .await;
    let told = discord
        .set_interactions_endpoint(Some(&careless.url))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("must be answered with 401, and was answered with 200"),
        "{told}"
    );
    discord.expect_no_violations();

    // In the configuration an endpoint is taken as it stands; a probe finds it out.
    let endpoints = Endpoints::default().interactions(&careless.url);
    let discord = with_command(Config::default().endpoints(endpoints)).await;
    discord.user("ann").slash("/menu").await.says("whoever");
    discord.faults().forge_signature();
    discord.wait_for_posts(2).await.unwrap();
    let found = discord.violations();
    assert!(found[0].contains("interactions_endpoint_url"), "{found:?}");
    assert!(found[0].contains("must be answered with 401"), "{found:?}");
    let application = call(&discord, "GET", "/applications/@me", None).await;
    assert!(application.body["interactions_endpoint_url"].is_null());
}

#[tokio::test]
async fn forged_requests_come_by_chance_and_do_no_harm_to_who_checks() {
    let mut menu = FaultMenu::default();
    menu.seed = 5;
    menu.forge_signature = 1000;
    let discord = with_command(Config::default().faults(menu)).await;
    let endpoint = Endpoint::start(&discord, |_| message("Good morning")).await;
    discord
        .set_interactions_endpoint(Some(&endpoint.url))
        .await
        .unwrap();
    for _ in 0..5 {
        discord
            .user("ann")
            .slash("/menu")
            .await
            .says("Good morning");
    }
    let posts = discord.wait_for_posts(12).await.unwrap();
    let forged = posts.iter().filter(|post| post.forgery.is_some());
    assert_eq!(forged.count(), 6);
    discord.expect_no_violations();
}

#[tokio::test]
async fn an_answer_may_bring_files() {
    let discord = with_command(Config::default()).await;
    let endpoint = Endpoint::start(&discord, |_| Reply {
        content_type: "multipart/form-data; boundary=crust",
        body: [
            "--crust\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n",
            "Content-Type: application/json\r\n\r\n",
            "{\"type\":4,\"data\":{\"content\":\"the menu\",\"attachments\":[{\"id\":0,\"description\":\"today\"}]}}",
            "\r\n--crust\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"menu.txt\"\r\n",
            "Content-Type: text/plain\r\n\r\nrye, wheat\r\n--crust--\r\n",
        ]
        .concat(),
        ..message("")
    })
    .await;
    discord
        .set_interactions_endpoint(Some(&endpoint.url))
        .await
        .unwrap();
    let answer = discord.user("ann").slash("/menu").await;
    let shown = answer.says("the menu").message().unwrap().json();
    assert_eq!(shown.text("/attachments/0/filename"), Some("menu.txt"));
    assert_eq!(shown.number("/attachments/0/size"), Some(10));
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_deferred_answer_is_filled_by_rest_and_202_leaves_the_callback_to_it() {
    let discord = with_command(Config::default()).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let endpoint = Endpoint::start(&discord, move |event| {
        let mut heard = heard.lock().unwrap();
        heard.push(event);
        if heard.len() == 1 {
            json(json!({ "type": 5 }))
        } else {
            Reply {
                status: 202,
                body: String::new(),
                ..message("")
            }
        }
    })
    .await;
    discord
        .set_interactions_endpoint(Some(&endpoint.url))
        .await
        .unwrap();
    let ann = discord.user("ann");
    let (answer, ()) = tokio::join!(ann.slash("/menu"), async {
        discord.wait_for_posts(3).await.unwrap();
        let event = asked.lock().unwrap()[0].clone();
        let edit = json!({ "content": "baked" });
        let path = by_token(&event, "/messages/@original");
        assert_eq!(call(&discord, "PATCH", &path, Some(edit)).await.status, 200);
        let more = json!({ "content": "and more" });
        let path = by_token(&event, "");
        assert_eq!(call(&discord, "POST", &path, Some(more)).await.status, 200);
    });
    assert_eq!(
        answer.says("baked").follow_up(1).await.content(),
        "and more"
    );

    let (answer, ()) = tokio::join!(ann.slash("/menu"), async {
        discord.wait_for_posts(4).await.unwrap();
        let event = asked.lock().unwrap()[1].clone();
        let path = callback(&event);
        let body = json!({ "type": 4, "data": { "content": "by REST" } });
        assert_eq!(call(&discord, "POST", &path, Some(body)).await.status, 204);
    });
    answer.says("by REST");
    discord.expect_no_violations();
}

#[tokio::test]
async fn a_bot_sets_its_endpoint_itself() {
    let discord = with_command(Config::default()).await;
    let me = "/applications/@me";
    let key = call(&discord, "GET", me, None).await.body["verify_key"].clone();
    assert_eq!(key, discord.public_key());
    let careless = Endpoint::careless(|_| json(json!({ "type": 1 }))).await;
    let good = Endpoint::start(&discord, |_| message("Good morning")).await;
    for (url, why) in [
        ("https://example.org/interactions", "speaks plain HTTP"),
        ("http://example.org/interactions", "not on this machine"),
        (&careless.url, "must be answered with 401"),
    ] {
        let edit = json!({ "interactions_endpoint_url": url });
        let refused = call(&discord, "PATCH", me, Some(edit)).await;
        assert_eq!((refused.status, refused.code()), (400, Some(50035)));
        let told = refused.body["errors"]["interactions_endpoint_url"].to_string();
        assert!(told.contains(why), "{told}");
    }
    let edit = json!({ "interactions_endpoint_url": good.url });
    let taken = call(&discord, "PATCH", me, Some(edit)).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(taken.body["interactions_endpoint_url"], good.url);
    discord
        .user("ann")
        .slash("/menu")
        .await
        .says("Good morning");
    let back = json!({ "interactions_endpoint_url": null });
    assert_eq!(call(&discord, "PATCH", me, Some(back)).await.status, 200);
    let told = discord.user("ann").attempt().slash("/menu").await;
    assert!(
        told.unwrap_err()
            .to_string()
            .contains("no bot is connected")
    );

    let edit = json!({
        "event_webhooks_url": good.url,
        "event_webhooks_status": 2,
        "event_webhooks_types": ["APPLICATION_AUTHORIZED", "ENTITLEMENT_CREATE"],
    });
    let taken = call(&discord, "PATCH", me, Some(edit)).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    let before = discord.posts().len();
    let _code = discord.user("ann").authorizes(&["identify"]);
    let posts = discord.wait_for_posts(before + 1).await.unwrap();
    let told = &posts[before].body;
    assert_eq!(told.text("/event/type"), Some("APPLICATION_AUTHORIZED"));
    assert_eq!(told.text("/event/data/scopes/0"), Some("identify"));
    // Whoever has not the token has no questions asked for.
    let before = discord.posts().len();
    let stranger = json!({ "interactions_endpoint_url": careless.url }).to_string();
    let path = "/api/v10/applications/@me";
    let stranger = Some((stranger, "application/json"));
    let refused = send(discord.address(), "PATCH", path, &[], stranger).await;
    assert_eq!((refused.status, discord.posts().len()), (401, before));
}

#[tokio::test]
async fn webhook_events_are_posted_until_they_are_taken() {
    let endpoints = Endpoints::default().retry(Duration::from_millis(1), Duration::from_secs(60));
    let discord = with_command(Config::default().endpoints(endpoints)).await;
    let attempts = Mutex::new(0);
    let endpoint = Endpoint::start(&discord, move |_| {
        let mut attempts = attempts.lock().unwrap();
        *attempts += 1;
        Reply {
            status: if *attempts < 3 { 500 } else { 204 },
            body: String::new(),
            ..message("")
        }
    })
    .await;
    let told = discord.set_event_webhooks(Some(&endpoint.url), &["MOON_RISE"]);
    assert!(told.await.unwrap_err().to_string().contains("MOON_RISE"));
    let types = ["APPLICATION_AUTHORIZED", "LOBBY_MESSAGE_CREATE"];
    discord
        .set_event_webhooks(Some(&endpoint.url), &types)
        .await
        .unwrap();
    let ann = discord.user("ann");
    ann.removes_app();
    ann.installs_app();

    let posts = discord.wait_for_posts(5).await.unwrap();
    let statuses: Vec<_> = posts[2..].iter().map(|post| post.status).collect();
    assert_eq!(statuses, [Some(500), Some(500), Some(204)]);
    for post in &posts[2..] {
        assert!(post.is_event);
        assert_eq!(
            post.body.text("/event/type"),
            Some("APPLICATION_AUTHORIZED")
        );
        assert_eq!(post.body.text("/event/data/user/username"), Some("ann"));
    }
    discord
        .emit_webhook_event("LOBBY_MESSAGE_CREATE", &json!({ "id": "1" }))
        .unwrap();
    let posts = discord.wait_for_posts(6).await.unwrap();
    assert_eq!(posts[5].status, Some(204));
    assert!(
        discord
            .emit_webhook_event("ENTITLEMENT_CREATE", &json!({}))
            .is_err()
    );
    discord.expect_no_violations();
}

#[tokio::test]
async fn the_box_knocks_at_no_other_door() {
    for url in ["http://example.org/", "https://127.0.0.1/", "nonsense"] {
        let config = Config::default().endpoints(Endpoints::default().interactions(url));
        let refused = Discord::start(config).await.unwrap_err().to_string();
        assert!(refused.contains("http://127.0.0.1:PORT/PATH"), "{refused}");
        let discord = Discord::start(Config::default()).await.unwrap();
        let refused = discord.set_interactions_endpoint(Some(url)).await;
        assert!(refused.unwrap_err().to_string().contains("cannot post"));
    }
}

/// A box with a command `/menu`.
async fn with_command(config: Config) -> Discord {
    let discord = Discord::start(config).await.unwrap();
    let commands = format!("/applications/{}/commands", discord.application_id());
    let menu = json!([{ "name": "menu", "description": "What there is" }]);
    let registered = call(&discord, "PUT", &commands, Some(menu)).await;
    assert_eq!(registered.status, 200);
    discord
}

fn callback(event: &Value) -> String {
    format!(
        "/interactions/{}/{}/callback",
        event["id"].as_str().unwrap(),
        event["token"].as_str().unwrap()
    )
}

fn by_token(event: &Value, rest: &str) -> String {
    format!(
        "/webhooks/{}/{}{rest}",
        event["application_id"].as_str().unwrap(),
        event["token"].as_str().unwrap()
    )
}

/// What an endpoint answers.
pub(crate) struct Reply {
    status: u16,
    content_type: &'static str,
    body: String,
    never: bool,
}

pub(crate) fn json(body: Value) -> Reply {
    Reply {
        status: 200,
        content_type: "application/json",
        body: body.to_string(),
        never: false,
    }
}

pub(crate) fn message(content: &str) -> Reply {
    json(json!({ "type": 4, "data": { "content": content } }))
}

/// A bot that is spoken to over HTTP.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<HeaderMap>>>,
    _tasks: JoinSet<()>,
}

type Answer = dyn Fn(Value) -> Reply + Send + Sync;

impl Endpoint {
    /// One that does as Discord asks: who is not Discord gets 401, a ping its pong.
    pub(crate) async fn start(
        discord: &Discord,
        answer: impl Fn(Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let key = unhex(&discord.public_key());
        let pong = move |asked: Value| match (asked["type"].as_u64(), &asked["event"]) {
            (Some(1), Value::Null) => json(json!({ "type": 1 })),
            (Some(0), _) => Reply {
                status: 204,
                body: String::new(),
                ..message("")
            },
            _ => answer(asked),
        };
        Self::serve(Some(key), Arc::new(pong)).await
    }

    /// One that believes everybody.
    async fn careless(answer: impl Fn(Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(answer)).await
    }

    fn seen(&self) -> Vec<HeaderMap> {
        self.seen.lock().unwrap().clone()
    }

    async fn serve(key: Option<Vec<u8>>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/discord", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let heard = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (key, answer) = (key.clone(), Arc::clone(&answer));
                let heard = Arc::clone(&heard);
                let service = service_fn(move |request: Request<Incoming>| {
                    let (key, answer) = (key.clone(), Arc::clone(&answer));
                    heard.lock().unwrap().push(request.headers().clone());
                    respond(request, key, answer)
                });
                connections.spawn(async move {
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            url,
            seen,
            _tasks: tasks,
        }
    }
}

async fn respond(
    request: Request<Incoming>,
    key: Option<Vec<u8>>,
    answer: Arc<Answer>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(
        (parts.method.as_str(), parts.uri.path()),
        ("POST", "/discord")
    );
    if let Some(key) = key {
        let header = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
        let signed = [header("x-signature-timestamp").as_bytes(), &body].concat();
        let signature = unhex(&header("x-signature-ed25519"));
        let key = UnparsedPublicKey::new(&ED25519, key);
        if key.verify(&signed, &signature).is_err() {
            let mut refused = Response::new(Full::default());
            *refused.status_mut() = http::StatusCode::UNAUTHORIZED;
            return Ok(refused);
        }
    }
    let reply = answer(serde_json::from_slice(&body).unwrap());
    if reply.never {
        std::future::pending::<()>().await;
    }
    let response = Response::builder()
        .status(reply.status)
        .header("content-type", reply.content_type)
        .body(Full::from(reply.body));
    Ok(response.unwrap())
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
