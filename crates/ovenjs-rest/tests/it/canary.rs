//! The canary: whatever is logged, shown or told of calls, no token is in it.

use std::{
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use ovenjs_rest::{Client, Layer, Next, Request, Sending};
use ovenjs_types::{Hook, HookCall, Id, InteractionResponse, MessageDraft, Secret};
use tracing::{Event, Metadata, Subscriber, field::Field, span};

use ovenjs_mock::{Config, Discord};

use crate::{
    server::{Server, Step, TOKEN, json},
    surface::{Ids, all_lines},
};

/// In the path, where nothing may show it either.
const IN_PATH: &str = "interaction-s3cret";

#[tokio::test]
async fn no_token_is_in_any_log_at_trace_nor_in_what_is_shown() {
    let told = Told::default();
    let _guard = told.hear();
    let limited = json(429, r#"{"message":"x","retry_after":0.001,"global":false}"#);
    let script = [
        json(404, r#"{"message":"Unknown interaction","code":10062}"#),
        Step::Close,
        Step::Answer(502, "", "<html>outage</html>".to_owned()),
        limited,
        json(
            200,
            r#"{"id":"5","channel_id":"1","author":{"id":"2","username":"oven"}}"#,
        ),
        json(401, r#"{"message":"401: Unauthorized","code":0}"#),
    ];
    let server = Server::start(script).await;
    let builder = Client::builder(TOKEN)
        .base_url(&server.base_url)
        .hook(Arc::new(told.clone()))
        .layer(told.clone());
    told.note(&format!("{builder:?}"));
    let client = builder.build().unwrap();
    let answer = || InteractionResponse::Message(MessageDraft::from("pong"));
    for _ in 0..2 {
        let call = client.create_interaction_response(Id::new(7), Secret::new(IN_PATH), answer());
        told.note(&format!("{call:?}"));
        told.note(&format!("{:?}", call.await.unwrap_err()));
    }
    client
        .create_message(Id::new(1))
        .content("hi")
        .await
        .unwrap();
    let error = client.current_user().await.unwrap_err();
    told.note(&format!("{error} {error:?}"));
    let error = client.current_user().await.unwrap_err();
    told.note(&format!(
        "{error:?} {client:?} {:?} {:?}",
        client.stats(),
        client.stats().outlets
    ));
    assert!(
        server.seen().iter().any(|request| request.contains(TOKEN)),
        "the token was never shown"
    );
    assert!(
        server
            .seen()
            .iter()
            .any(|request| request.contains(IN_PATH))
    );
    told.has_none_of(&["c4nary", "s3cret"]);
    // The canary has heard: spans, repetitions, hooks and layers.
    let text = told.0.lock().unwrap();
    for heard in [
        "once more",
        "rate limited",
        "request route=",
        "RequestAnswered",
        "Request {",
    ] {
        assert!(text.contains(heard), "{heard} is not in {text}");
    }
}

/// All operations, with every kind of secret that one can hold: how each shows itself, its answer and its
/// failure, and what is logged of it.
#[tokio::test]
async fn no_operation_tells_a_secret() {
    let told = Told::default();
    let _guard = told.hear();
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = crate::discord::client(&discord);
    let ids = Ids::of(&discord, &client).await;
    let mut answered = 0;
    for line in all_lines(&client, &ids) {
        told.note(&line.shown);
        match (line.send)(client.clone()).await {
            Ok(shown) => {
                answered += 1;
                told.note(&shown);
            }
            Err(error) => told.note(&format!("{error} {error:?}")),
        }
    }
    assert!(answered > 100, "{answered} operations were answered");
    told.has_none_of(&[
        &discord.token(),
        ids.webhook_token.expose(),
        ids.bearer.expose(),
        &discord.client_secret(),
    ]);
}

/// Everything that was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<String>>);

impl Told {
    /// Hears all that is logged in this thread, as long as the guard is kept.
    pub(crate) fn hear(&self) -> tracing::subscriber::DefaultGuard {
        tracing::subscriber::set_default(Log {
            told: self.clone(),
            spans: AtomicU64::new(1),
        })
    }

    pub(crate) fn note(&self, text: &str) {
        let told = &mut self.0.lock().unwrap();
        told.push_str(text);
        told.push('\n');
    }

    pub(crate) fn has_none_of(&self, secrets: &[&str]) {
        let text = self.0.lock().unwrap();
        for secret in secrets {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{line:?}");
        }
    }
}

impl Hook for Told {
    fn call(&self, call: &HookCall<'_>) {
        self.note(&format!("{call:?}"));
    }
}

impl Layer for Told {
    fn send<'a>(&'a self, request: Request, next: Next<'a>) -> Sending<'a> {
        self.note(&format!("{request:?} {next:?} {:?}", request.headers()));
        Box::pin(async move {
            let done = next.send(request).await;
            self.note(&format!("{done:?}"));
            done
        })
    }
}

/// Hears all levels of all crates.
struct Log {
    told: Told,
    spans: AtomicU64,
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut line = Line(attributes.metadata().name().to_owned());
        attributes.record(&mut line);
        self.told.note(&line.0);
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.told.note(&line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.told.note(&line.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
