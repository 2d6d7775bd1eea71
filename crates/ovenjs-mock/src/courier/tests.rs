//! Scripts on a clock of their own: what is posted when, and what follows from the answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Address, Door, Outcome, Post, event::WEBHOOK_EVENTS};
use crate::{
    Config, Endpoints, FaultMenu,
    backend::Backend,
    json::{Fields, object},
    oracle::{Oracle, Schema},
    rest::{self, Form},
    world::interaction::{APPLICATION_COMMAND, Deed, Outcome as Shown},
};

const HERE: &str = "http://127.0.0.1:9/interactions";
const EVENTS: &str = "http://127.0.0.1:9/events";

#[test]
fn an_interaction_is_posted_and_the_answer_is_the_callback() {
    let mut script = Script::new(Endpoints::default().interactions(HERE));
    let id = script.types_ping();
    let post = script.post();
    let body: Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(body["id"], id.to_string());
    assert_eq!(
        (post.address.path.as_str(), &body["type"]),
        ("/interactions", &json!(2))
    );
    assert_eq!(post.timestamp, "1798761600");
    assert_eq!(post.until, script.now + Duration::from_secs(3));

    script.answer(&post, 200, r#"{"type":4,"data":{"content":"Pong!"}}"#);

    let Some(Shown::Shown(message)) = script.backend.world.outcome(id) else {
        panic!("an answer is shown")
    };
    let channel = script.backend.world.default_channel;
    let shown = script.backend.world.message(channel, message).unwrap();
    assert_eq!(shown["content"], "Pong!");
    assert_eq!(script.backend.journal.violations, [""; 0]);
    assert_eq!(script.backend.journal.warnings, [""; 0]);
}

#[test]
fn whatever_else_an_endpoint_does_the_application_did_not_respond() {
    for (status, body, why) in [
        (500, "oops", "answered 500 instead of 200"),
        (204, "", "answered 204 instead of 200"),
        (200, "", "Invalid Form Body"),
        (200, "{", "invalid JSON"),
        (200, r#"{"type":1}"#, "CALLBACK_TYPE_INVALID"),
        (
            200,
            r#"{"type":8,"data":{"choices":[]}}"#,
            "CALLBACK_TYPE_INVALID",
        ),
        (
            200,
            r#"{"type":4,"data":{"content":7}}"#,
            "Invalid Form Body",
        ),
        (200, r#"{"type":4,"data":{}}"#, "empty message"),
    ] {
        let mut script = Script::new(Endpoints::default().interactions(HERE));
        let id = script.types_ping();
        let post = script.post();
        script.answer(&post, status, body);
        let told = script.failure(id).expect(body);
        assert!(told.contains(why), "{body}: {told}");
        assert_eq!(script.backend.journal.warnings.len(), 1);
    }
}

#[test]
fn an_answer_counts_until_the_deadline_and_not_at_it() {
    let mut script = Script::new(Endpoints::default().interactions(HERE));
    let (first, second) = (script.types_ping(), script.types_ping());
    let posts = [script.post(), script.post()];
    let start = script.now;
    script.now = start + Duration::from_millis(2999);
    script.answer(&posts[0], 200, r#"{"type":4,"data":{"content":"just so"}}"#);
    assert!(script.backend.world.outcome(first).is_some());

    let deadline = script.backend.courier.deadline().unwrap();
    assert_eq!(deadline, start + Duration::from_secs(3));
    script.now = deadline;
    script.backend.expire(deadline);
    assert!(
        script
            .failure(second)
            .unwrap()
            .contains("no answer in time")
    );
    script.answer(
        &posts[1],
        200,
        r#"{"type":4,"data":{"content":"too late"}}"#,
    );
    assert_eq!(script.backend.world.outcome(second), None);
    assert_eq!(script.backend.courier.deadline(), None);
}

#[test]
fn with_202_the_callback_comes_by_rest() {
    let mut script = Script::new(Endpoints::default().interactions(HERE));
    let id = script.types_ping();
    let post = script.post();
    script.answer(&post, 202, "");
    assert_eq!(script.failure(id), None);
    let token = script.backend.world.interactions[&id].token.clone();
    let callback = json!({ "type": 4, "data": { "content": "by REST" } });
    let path = format!("/interactions/{id}/{token}/callback");
    assert_eq!(script.request("POST", &path, &callback), 204);
    assert!(script.backend.world.outcome(id).is_some());

    // What has failed cannot be answered any more.
    let id = script.types_ping();
    let post = script.post();
    script.answer(&post, 503, "");
    let token = script.backend.world.interactions[&id].token.clone();
    let path = format!("/interactions/{id}/{token}/callback");
    assert_eq!(script.request("POST", &path, &callback), 404);
}

#[test]
fn an_endpoint_proves_itself_by_a_pong_and_by_a_401() {
    let pong = r#"{"type":1}"#;
    for (ping, forged, fault) in [
        ((200, pong), 401, None),
        ((200, pong), 200, Some("answered with 401")),
        ((200, pong), 403, Some("answered with 401")),
        ((200, r#"{"type":4}"#), 401, Some("PONG")),
        ((200, ""), 401, Some("PONG")),
        ((204, ""), 401, Some("PONG")),
        ((404, ""), 401, Some("and was answered with 404")),
    ] {
        let mut script = Script::new(Endpoints::default());
        let check = script.ask(Door::Interactions, HERE);
        let posts = [script.post(), script.post()];
        for post in &posts {
            let body: Value = serde_json::from_slice(&post.body).unwrap();
            assert_eq!(body["type"], 1);
        }
        script.answer(&posts[1], forged, "");
        assert!(!script.backend.courier.is_over(check));
        script.answer(&posts[0], ping.0, ping.1);
        let verdict = script.backend.courier.verdict(check);
        assert_eq!(verdict.is_ok(), fault.is_none(), "{ping:?} {forged}");
        if let (Err(told), Some(fault)) = (verdict, fault) {
            assert!(told.contains(fault), "{told}");
        }
    }
}

#[test]
fn an_endpoint_that_is_silent_proves_nothing() {
    let mut script = Script::new(Endpoints::default());
    let check = script.ask(Door::Events, EVENTS);
    let posts = [script.post(), script.post()];
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    assert_eq!(body["type"], 0);
    script.now = script.backend.courier.deadline().unwrap();
    script.backend.expire(script.now);
    assert!(script.backend.courier.is_over(check));
    let told = script.backend.courier.verdict(check).unwrap_err();
    assert!(told.contains("204") && told.contains("in time"), "{told}");
    // A verdict counts once.
    assert!(script.backend.courier.verdict(check).is_err());
}

#[test]
fn an_edit_of_the_application_needs_an_endpoint_that_has_proven_itself() {
    let mut script = Script::new(Endpoints::default());
    let edit = json!({ "interactions_endpoint_url": HERE });
    assert_eq!(script.request("PATCH", "/applications/@me", &edit), 400);
    let abroad = json!({ "interactions_endpoint_url": "https://example.org/" });
    assert_eq!(script.request("PATCH", "/applications/@me", &abroad), 400);

    let questions = script.questions(&edit);
    assert_eq!(questions.len(), 1);
    let posts = [script.post(), script.post()];
    script.answer(&posts[0], 200, r#"{"type":1}"#);
    script.answer(&posts[1], 401, "");
    assert_eq!(script.request("PATCH", "/applications/@me", &edit), 200);
    // Another edit needs another proof.
    assert_eq!(script.questions(&abroad), [0; 0]);
    assert_eq!(script.questions(&json!({ "description": "bread" })), [0; 0]);
}

#[test]
fn a_wrong_signature_that_passes_costs_the_endpoint() {
    let menu = FaultMenu {
        forge_signature: 1000,
        ..FaultMenu::default()
    };
    let config = Config::default()
        .faults(menu)
        .endpoints(Endpoints::default().interactions(HERE));
    let mut script = Script::of(config);
    for _ in 0..4 {
        let id = script.types_ping();
        let (forged, meant) = (script.post(), script.post());
        assert!(!String::from_utf8_lossy(&forged.body).contains(&format!("\"id\":\"{id}\"")));
        script.answer(&forged, 401, "");
        script.answer(&meant, 200, r#"{"type":4,"data":{"content":"Pong!"}}"#);
        assert!(script.backend.world.outcome(id).is_some());
    }
    assert_eq!(script.backend.journal.violations, [""; 0]);

    script.types_ping();
    let (forged, _) = (script.post(), script.post());
    script.answer(&forged, 200, r#"{"type":1}"#);
    let told = &script.backend.journal.violations;
    assert!(told[0].contains("must be answered with 401"), "{told:?}");
    let field = &script.backend.world.application["interactions_endpoint_url"];
    assert!(field.is_null());
}

#[test]
fn an_event_that_is_not_taken_comes_again_and_again_for_ten_minutes() {
    let mut script = Script::new(Endpoints::default().events(EVENTS, ["QUEST_USER_ENROLLMENT"]));
    let start = script.now;
    script.tell("QUEST_USER_ENROLLMENT").unwrap();
    let mut attempts = Vec::new();
    loop {
        let post = script.post();
        attempts.push((script.now - start).as_secs());
        script.answer(&post, 500, "");
        let Some(deadline) = script.backend.deadline() else {
            break;
        };
        script.now = deadline;
        script.backend.expire(deadline);
    }
    assert_eq!(attempts, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511]);
    assert_eq!(script.status(), Some(2));

    // A taken event begins the count of failures anew.
    script.tell("QUEST_USER_ENROLLMENT").unwrap();
    let post = script.post();
    let body: Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(body["event"]["type"], "QUEST_USER_ENROLLMENT");
    script.answer(&post, 204, "");
    assert_eq!(script.backend.deadline(), None);
}

#[test]
fn events_end_after_too_many_that_were_not_taken() {
    let endpoints = Endpoints::default()
        .events(EVENTS, ["QUEST_USER_ENROLLMENT"])
        .retry(Duration::from_secs(1), Duration::ZERO)
        .event_failures(2);
    let mut script = Script::new(endpoints);
    for status in [Some(2), Some(3)] {
        script.tell("QUEST_USER_ENROLLMENT").unwrap();
        let post = script.post();
        script.answer(&post, 200, "");
        assert_eq!(script.status(), status);
    }
    let told = script.tell("QUEST_USER_ENROLLMENT").unwrap_err();
    assert!(told.contains("not enabled"), "{told}");
    assert!(script.backend.journal.warnings[1].contains("are disabled"));
}

#[test]
fn only_events_that_were_asked_for_are_posted() {
    let mut script = Script::new(Endpoints::default().events(EVENTS, ["APPLICATION_AUTHORIZED"]));
    let now = script.now;
    script.backend.play(now, |world| {
        let user = world.user(world.owner);
        world.emit("APPLICATION_DEAUTHORIZED", None, json!({ "user": user }));
        let data = json!({ "integration_type": 1, "scopes": [], "user": user });
        world.emit("APPLICATION_AUTHORIZED", None, data);
    });
    let posts = script.backend.posts(now);
    assert_eq!(posts.len(), 1);
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    let shape = "docs/webhook-events/webhook-event-payloads/payload-structure";
    let found = Oracle::embedded().check_schema(shape, &body);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(body["event"]["timestamp"], "2027-01-01T00:00:00.000000");
    let shape = "docs/webhook-events/application-authorized/application-authorized-structure";
    let found = Oracle::embedded().check_schema(shape, &body["event"]["data"]);
    assert!(found.iter().all(|fault| !fault.is_refusal()), "{found:?}");
    let told = script.tell("ENTITLEMENT_CREATE").unwrap_err();
    assert!(told.contains("ENTITLEMENT_CREATE"), "{told}");
}

#[test]
fn what_is_said_in_a_lobby_is_posted() {
    let endpoints = Endpoints::default().events(EVENTS, ["LOBBY_MESSAGE_CREATE"]);
    let mut script = Script::new(endpoints);
    let now = script.now;
    script.backend.play(now, |world| {
        let lobby = world.open_lobby(&object(json!({})), None);
        let said = object(json!({ "content": "to the oven" }));
        world.say_in_lobby(lobby, world.owner, &said).unwrap();
    });
    let posts = script.backend.posts(now);
    assert_eq!(posts.len(), 1);
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    assert_eq!(body["event"]["data"]["content"], "to the oven");
    let shape = "docs/webhook-events/lobby-message-object/lobby-message-structure";
    let found = Oracle::embedded().check_schema(shape, &body["event"]["data"]);
    assert!(found.iter().all(|fault| !fault.is_refusal()), "{found:?}");
    assert_eq!(script.backend.journal.violations, [""; 0]);
}

#[test]
fn the_names_of_events_are_those_of_the_tables() {
    let schema = Oracle::embedded().schema("PrivateApplicationResponse");
    let Some(Schema::Object { fields, .. }) = schema else {
        panic!("the tables know the application")
    };
    let types = fields
        .iter()
        .find(|field| field.name == "event_webhooks_types");
    let written = format!("{:?}", types.unwrap().shape);
    let known: Vec<&str> = written
        .split('"')
        .filter(|word| word.contains('_'))
        .collect();
    assert_eq!(known, WEBHOOK_EVENTS);
}

#[test]
fn posts_wait_when_too_many_are_under_way() {
    let mut script = Script::new(Endpoints::default().interactions(HERE));
    for _ in 0..70 {
        script.types_ping();
    }
    let now = script.now;
    let first = script.backend.posts(now);
    assert_eq!(first.len(), 64);
    assert!(!script.backend.courier.has_posts());
    script.answer(&first[0], 202, "");
    assert_eq!(script.backend.posts(now).len(), 1);
}

/// A box without wires, with a command and a clock.
struct Script {
    backend: Backend,
    now: Instant,
}

impl Script {
    fn new(endpoints: Endpoints) -> Self {
        Self::of(Config::default().endpoints(endpoints))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the script starts at any instant"
    )]
    fn of(config: Config) -> Self {
        let now = Instant::now();
        let backend = Backend::new(config, now, 1_798_761_600_000);
        Self { backend, now }
    }

    fn types_ping(&mut self) -> u64 {
        self.backend.play(self.now, |world| {
            let (user, channel) = (world.user_named("ann"), world.default_channel);
            let data = json!({ "id": "1", "name": "ping", "type": 1 });
            world.begin(Deed {
                kind: APPLICATION_COMMAND,
                user,
                channel,
                data: object(data),
                name: Some("ping".to_owned()),
                source: None,
                opened_by: None,
            })
        })
    }

    fn tell(&mut self, name: &str) -> Result<(), String> {
        self.backend.set_time(self.now);
        let world = &self.backend.world;
        self.backend.courier.tell(name, &json!({}), world)
    }

    fn ask(&mut self, door: Door, url: &str) -> u64 {
        assert!(Address::parse(url).is_ok());
        self.backend.set_time(self.now);
        let world = &self.backend.world;
        self.backend.courier.ask(door, url, world).unwrap()
    }

    /// The next post; there has to be one.
    fn post(&mut self) -> Post {
        self.backend.set_time(self.now);
        self.backend
            .courier
            .poll(self.backend.world.now_ms)
            .unwrap()
    }

    fn answer(&mut self, post: &Post, status: u16, body: &str) {
        let form = Form::read(None, &Bytes::copy_from_slice(body.as_bytes()));
        let outcome = Outcome::Answered { status, form };
        self.backend.posted(self.now, post.id, outcome);
    }

    fn failure(&self, id: u64) -> Option<String> {
        self.backend.world.interactions[&id].failed.clone()
    }

    fn status(&self) -> Option<u64> {
        self.backend.world.application.int("event_webhooks_status")
    }

    fn asked(&self, method: &str, path: &str, body: &Value) -> rest::Request {
        rest::Request {
            method: method.to_owned(),
            path: format!("/api/v10{path}"),
            authorization: Some(format!("Bot {}", self.backend.world.token)),
            form: Form::read(None, &body.to_string().into()),
            ..rest::Request::default()
        }
    }

    fn questions(&mut self, edit: &Value) -> Vec<u64> {
        let request = self.asked("PATCH", "/applications/@me", edit);
        self.backend.questions(self.now, &request)
    }

    fn request(&mut self, method: &str, path: &str, body: &Value) -> u16 {
        let request = self.asked(method, path, body);
        self.backend.request(self.now, request).status
    }
}
