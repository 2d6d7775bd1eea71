//! A bot on OvenJS' gateway, written as its documentation shows; and two yardsticks: `floor`, what any
//! reader of the stream must do, and `workers`, decoding by one thread and by two.

mod floor;
mod workers;

use std::env;

use ovenjs_cache::mirror::{Keep, Mirror};
use ovenjs_gateway::{Config, Delivery, Events, Fleet};
use ovenjs_types::{Dispatch, Event, EventKind, Intents, Interest, json::Scratch};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let work = env::args().nth(1).unwrap_or_default();
    match &*work {
        "floor" => return floor::run(),
        "workers" => return workers::run(),
        _ => {}
    }
    let address = env::var("COURSE_WS").expect("the course tells its address");
    // All that twilight's cache keeps by default.
    let keep = Keep::new()
        .members(true)
        .presences(true)
        .voice_states(true)
        .expressions(true)
        .scheduled_events(true)
        .messages(100);
    let mirror = (work == "cache").then(|| Mirror::new(keep));
    let wanted = match (&*work, &mirror) {
        (_, Some(mirror)) => mirror.interest().with(EventKind::InteractionCreate),
        ("messages", None) => Interest::none()
            .with(EventKind::MessageCreate)
            .with(EventKind::InteractionCreate),
        ("interactions", None) => Interest::none().with(EventKind::InteractionCreate),
        _ => Interest::all(),
    };
    let config = Config::new("token", Intents::all())
        .gateway_url(address)
        .interest(wanted);
    let (_fleet, mut events) = Fleet::start(config).expect("the gateway starts");
    let (mut seen, mut failed) = (0_u64, 0_u64);
    if work == "raw" {
        let last: u64 = number("COURSE_LAST");
        while let Some(dispatch) = next(&mut events).await {
            seen += 1;
            if dispatch.version.seq == last {
                break;
            }
        }
    } else {
        let mark = number("COURSE_MARK");
        let mut scratch = Scratch::new();
        while let Some(dispatch) = next(&mut events).await {
            seen += 1;
            if let Some(mirror) = &mirror {
                mirror.apply(&dispatch, &mut scratch);
                // As core does: what no handler takes is not decoded.
                if dispatch.kind != EventKind::InteractionCreate {
                    continue;
                }
            }
            let event = dispatch.decode(&mut scratch);
            failed += u64::try_from(scratch.take_drift().len()).unwrap_or(u64::MAX);
            match &event {
                Event::InteractionCreate(interaction) if interaction.id.get() == mark => break,
                Event::Malformed(malformed) => {
                    eprintln!("ours: {malformed:?}");
                    failed += 1;
                }
                _ => {}
            }
        }
    }
    println!("{seen} {failed}");
    // Ending is not part of the work: a bot does it once.
    std::process::exit(0);
}

async fn next(events: &mut Events) -> Option<Dispatch> {
    loop {
        if let Delivery::Dispatch(dispatch) = events.next().await? {
            return Some(dispatch);
        }
    }
}

fn number(name: &str) -> u64 {
    let told = env::var(name).expect("the course tells it");
    told.parse().expect("the course tells a number")
}
