//! The test's Discord: sends interactions, writes down the answers, and has a clock to wind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use ovenjs_commands::{Answers, BoxFuture, Error, Live, Provide, Router, Routes, Timer};
use ovenjs_types::{
    Event, EventKind, Fault, Hook, HookCall, Id, InteractionResponse, Message, MessageDraft,
    MessageEdit, Secret, json,
    marker::{ApplicationMarker, InteractionMarker, MessageMarker},
};

/// A bot with its surroundings.
pub(crate) struct Story {
    pub(crate) router: Router<App>,
    pub(crate) app: Arc<App>,
    pub(crate) discord: Arc<Discord>,
    clock: Arc<Clock>,
    failures: Arc<Failures>,
}

impl Story {
    pub(crate) fn new(routes: Routes<App>) -> Self {
        Self::with(routes, Live::new())
    }

    pub(crate) fn with(routes: Routes<App>, live: Live) -> Self {
        let clock = Arc::new(Clock::new());
        let failures = Arc::new(Failures::default());
        let router = Router::new(routes)
            .timer(Arc::<Clock>::clone(&clock))
            .hook(Arc::<Failures>::clone(&failures));
        router.validate().unwrap();
        router.apply(live).unwrap();
        Self {
            router,
            app: Arc::default(),
            discord: Arc::default(),
            clock,
            failures,
        }
    }

    /// Sends an event and lets its handlers run to their end; what was answered meanwhile.
    pub(crate) fn send(&self, name: &str, payload: &str) -> Vec<String> {
        let mut call = self.begin(name, payload);
        assert!(call.poll(), "the handlers wait for something");
        drop(call);
        self.discord.take()
    }

    /// Sends an interaction and lets its handler run to its end; what was answered meanwhile.
    pub(crate) fn interact(&self, kind: u8, data: &str) -> Vec<String> {
        self.send("INTERACTION_CREATE", &interaction(kind, data, ""))
    }

    /// Presses a component of a message.
    pub(crate) fn press(&self, custom_id: &str) -> Vec<String> {
        let data = format!(r#"{{"custom_id":"{custom_id}","component_type":2}}"#);
        self.send("INTERACTION_CREATE", &interaction(3, &data, MESSAGE))
    }

    /// Sends an event whose handlers are to be watched while they run.
    pub(crate) fn begin(&self, name: &str, payload: &str) -> Running<'_> {
        let raw = Bytes::from(payload.to_owned());
        let kind = EventKind::from_name(name);
        let event = Event::decode(kind, name, &raw, &mut json::Scratch::new());
        assert!(!matches!(event, Event::Malformed(_)), "{event:?}");
        self.handle(&Arc::new(event))
    }

    /// Hands an event to the router.
    pub(crate) fn handle(&self, event: &Arc<Event>) -> Running<'_> {
        let event = Arc::clone(event);
        let answers: Arc<dyn Answers> = Arc::<Discord>::clone(&self.discord);
        Running(Box::pin(async move {
            self.router.handle(&self.app, &event, &answers).await;
        }))
    }

    pub(crate) fn wait(&self, time: Duration) {
        *self.clock.passed.lock().unwrap() += time;
    }

    /// What was reported to the hook since the last time.
    pub(crate) fn failures(&self) -> Vec<String> {
        std::mem::take(&mut self.failures.0.lock().unwrap())
    }
}

/// Handlers that are running, on whatever thread.
pub(crate) struct Running<'a>(Pin<Box<dyn Future<Output = ()> + Send + 'a>>);

impl Running<'_> {
    /// Lets them run as far as they get; whether they are done.
    pub(crate) fn poll(&mut self) -> bool {
        self.0
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }
}

/// The application's state.
#[derive(Debug, Default)]
pub(crate) struct App {
    pub(crate) door: Door,
    pub(crate) greeting: Option<&'static str>,
}

/// Something to wait for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door(Arc<AtomicBool>);

impl Door {
    pub(crate) fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn pass(&self) {
        poll_fn(|_| match self.0.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

impl Provide<Door> for App {
    fn provide(&self) -> Option<Door> {
        Some(self.door.clone())
    }
}

impl Provide<&'static str> for App {
    fn provide(&self) -> Option<&'static str> {
        self.greeting
    }
}

/// An interaction of user 80 in guild 70; `more` are further fields.
pub(crate) fn interaction(kind: u8, data: &str, more: &str) -> String {
    format!(
        r#"{{"id":"1","application_id":"2","type":{kind},"data":{data},"guild_id":"70",
        "channel_id":"60","locale":"de","token":"secret","member":{{"user":{{"id":"80",
        "username":"ann"}},"roles":[],"joined_at":"2026-01-01T00:00:00Z"}}{more}}}"#
    )
}

/// The message in which a component stands.
pub(crate) const MESSAGE: &str = r#","message":{"id":"5","channel_id":"60","author":{"id":"2","username":"bot"},
    "content":"with a button"}"#;

/// Writes down every answer as `verb json`.
#[derive(Debug, Default)]
pub(crate) struct Discord {
    said: Mutex<Vec<String>>,
    /// What each of the next answers meets.
    pub(crate) refusals: Mutex<Vec<Refused>>,
    /// While shut, callbacks do not come back.
    pub(crate) line: Mutex<Option<Door>>,
}

impl Discord {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap())
    }

    fn hear(&self, said: String) -> Result<(), Error> {
        self.said.lock().unwrap().push(said);
        match self.refusals.lock().unwrap().pop() {
            Some(refused) => Err(Error::port("answer the interaction", refused)),
            None => Ok(()),
        }
    }
}

impl Answers for Discord {
    fn callback<'a>(
        &'a self,
        interaction: Id<InteractionMarker>,
        token: &'a Secret,
        response: InteractionResponse,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            assert_eq!((interaction.get(), token.expose()), (1, "secret"));
            let heard = self.hear(format!("callback {}", text(&response)));
            let line = self.line.lock().unwrap().clone();
            if let Some(line) = line {
                line.pass().await;
            }
            heard
        })
    }

    fn edit_original<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        edit: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        Box::pin(async move {
            self.hear(format!("edit {}", text(&edit)))?;
            Ok(message())
        })
    }

    fn delete_original<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.hear("delete".to_owned()) })
    }

    fn follow_up<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        draft: MessageDraft,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        Box::pin(async move {
            self.hear(format!("follow_up {}", text(&draft)))?;
            Ok(message())
        })
    }

    fn edit_follow_up<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        id: Id<MessageMarker>,
        edit: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        Box::pin(async move {
            self.hear(format!("edit_follow_up {id} {}", text(&edit)))?;
            Ok(message())
        })
    }

    fn delete_follow_up<'a>(
        &'a self,
        _: Id<ApplicationMarker>,
        _: &'a Secret,
        id: Id<MessageMarker>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.hear(format!("delete_follow_up {id}")) })
    }
}

/// An error of Discord's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused(pub(crate) u32);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "discord code {}", self.0)
    }
}

impl std::error::Error for Refused {}

impl Fault for Refused {
    fn discord_code(&self) -> Option<u32> {
        Some(self.0)
    }
}

#[derive(Debug)]
struct Clock {
    start: Instant,
    passed: Arc<Mutex<Duration>>,
}

impl Clock {
    fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a place to start from; the time after it is wound by hand"
        )]
        let start = Instant::now();
        Self {
            start,
            passed: Arc::default(),
        }
    }
}

impl Timer for Clock {
    fn now(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }

    fn after(&self, delay: Duration) -> BoxFuture<'static, ()> {
        let passed = Arc::clone(&self.passed);
        let until = *passed.lock().unwrap() + delay;
        Box::pin(poll_fn(move |_| match *passed.lock().unwrap() >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }))
    }
}

#[derive(Debug, Default)]
struct Failures(Mutex<Vec<String>>);

impl Hook for Failures {
    fn call(&self, call: &HookCall<'_>) {
        if let HookCall::HandlerFailed { handler, error } = call {
            self.0.lock().unwrap().push(format!("{handler}: {error}"));
        }
    }
}

fn message() -> Message {
    let raw = br#"{"id":"9","channel_id":"60","author":{"id":"2","username":"bot"}}"#;
    json::decode(raw, &mut json::Scratch::new()).unwrap()
}

fn text<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(json::encode(value)).unwrap()
}
