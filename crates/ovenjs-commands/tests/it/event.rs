//! Events by their payload.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ovenjs_commands::{ErrorKind, On, Provide, Result, Router, Routes, State, event, routes};
use ovenjs_types::{Event, EventKind, Fault, GuildMemberAdd, Intents, MessageCreate, json};

use crate::discord::{App, Story};

static HEARD: AtomicU32 = AtomicU32::new(0);

#[event]
async fn hear(message: On<MessageCreate>) {
    assert_eq!(message.content, "hi");
    assert_eq!(message.into_owned().author.username, "ann");
    HEARD.fetch_add(1, Ordering::Relaxed);
}

#[event]
async fn fail(_message: On<MessageCreate>) -> Result {
    let _: u8 = "x".parse()?;
    Ok(())
}

#[event]
async fn welcome(_member: On<GuildMemberAdd>) -> Result {
    unreachable!("nobody joins here")
}

const HI: &str =
    r#"{"id":"5","channel_id":"60","content":"hi","author":{"id":"80","username":"ann"}}"#;

#[test]
fn every_handler_of_the_kind_is_called_though_one_fails() {
    let story = Story::new(routes![fail, hear, welcome]);
    let before = HEARD.load(Ordering::Relaxed);
    assert!(story.send("MESSAGE_CREATE", HI).is_empty());
    assert_eq!(HEARD.load(Ordering::Relaxed), before + 1);
    assert_eq!(story.failures(), ["fail: invalid digit found in string"]);
}

#[test]
fn an_event_that_fits_no_type_is_no_failure_of_a_handler() {
    let story = Story::new(routes![hear, fail]);
    let raw = bytes::Bytes::from_static(br#"{"id":5}"#);
    let (kind, name) = (EventKind::MessageCreate, "MESSAGE_CREATE");
    let event = Arc::new(Event::decode(kind, name, &raw, &mut json::Scratch::new()));
    assert!(matches!(*event, Event::Malformed(_)), "{event:?}");
    assert!(story.handle(&event).poll());
    assert!(story.failures().is_empty());
}

#[test]
fn the_interest_is_that_of_the_handlers() {
    let interest = Story::new(routes![hear, welcome]).router.interest();
    assert!(interest.wants(EventKind::MessageCreate) && interest.wants(EventKind::GuildMemberAdd));
    assert!(!interest.wants(EventKind::InteractionCreate));
    assert!(interest.intents().contains(Intents::GUILD_MEMBERS));

    #[event(every)]
    async fn record(event: Arc<Event>) {
        let _ = event.kind();
    }
    let interest = Story::new(routes![record]).router.interest();
    assert!(interest.wants(EventKind::Unknown) && interest.wants(EventKind::TypingStart));
}

#[test]
fn state_that_is_missing_is_found_before_the_start() {
    #[event]
    async fn greet(_message: On<MessageCreate>, greeting: State<&'static str>) {
        assert_eq!(*greeting, "hello");
    }
    let routes: Routes<App> = routes![greet];
    let router = Router::new(routes);
    let error = router.check(&App::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Declaration);
    assert!(!error.is_retryable());
    assert_eq!(
        error.to_string(),
        "handler `greet` wants State<&str>, but the bot was built without a &str"
    );
    let app = App {
        greeting: Some("hello"),
        ..App::default()
    };
    assert_eq!(Provide::<&'static str>::provide(&app), Some("hello"));
    router.check(&app).unwrap();
}
