//! Whatever is dropped at whatever poll, nothing is lost: for every function of the client that waits.

use std::{collections::BTreeSet, fs, future::poll_fn, path::Path, pin::Pin, task::Poll};

use futures_util::future::join_all;
use ovenjs_mock::{Config, Discord};
use ovenjs_rest::{Client, Connections, Error, GetCurrentUser, Raw, Terms, file_source};
use ovenjs_types::{Id, Upload, marker::ChannelMarker};

use crate::leases::Store;

/// More polls than any of them needs.
const POLLS_MAX: usize = 2_000;

/// The functions that wait, by their names in the source, each in the ways it can be used.
const DEEDS: &[(&str, &str, Deed)] = &[
    ("send", "a read that others share", |stage| {
        Box::pin(async { stage.client.send(GetCurrentUser {}).await.map(drop) })
    }),
    ("send_with", "a read of its own", |stage| {
        let mut terms = Terms::default();
        terms.fresh = true;
        Box::pin(async {
            stage
                .client
                .send_with(GetCurrentUser {}, terms)
                .await
                .map(drop)
        })
    }),
    ("send_raw", "a request without an operation", |stage| {
        let raw = Raw::new(http::Method::GET, "/users/@me").unwrap();
        Box::pin(async {
            let reply = stage.client.send_raw(raw, Terms::default()).await;
            reply.map(drop)
        })
    }),
    ("into_future", "a message", |stage| {
        let call = stage.client.create_message(stage.channel).content("bread");
        Box::pin(async { call.await.map(drop) })
    }),
    ("into_future", "an upload", |stage| {
        let file = Upload::new("bread.txt", vec![b'.'; 200_000]);
        let call = stage.client.create_message(stage.channel).file(file);
        Box::pin(async { call.await.map(drop) })
    }),
    ("file_source", "an upload from a file", |stage| {
        Box::pin(async {
            let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
            let source = file_source(here).await.unwrap();
            let file = Upload::streamed("bread.toml", source);
            let call = stage.client.create_message(stage.channel).file(file);
            call.await.map(drop)
        })
    }),
    ("into_future", "an error", |stage| {
        let call = stage.client.message(stage.channel, Id::new(9));
        Box::pin(async {
            call.await
                .map_or_else(|_| Ok(()), |_| panic!("it is there"))
        })
    }),
    ("next", "a list by pages", |stage| {
        Box::pin(async {
            let mut messages = stage.client.messages(stage.channel).pages();
            for _ in 0..150 {
                messages.next().await.unwrap()?;
            }
            Ok(())
        })
    }),
    ("leave", "shared limits", |stage| {
        let builder = Client::builder("token").base_url(stage.url.clone());
        let client = builder.lease(Store::default()).build();
        Box::pin(async {
            client?.leave().await;
            Ok(())
        })
    }),
    ("warm", "connections beforehand", |stage| {
        Box::pin(stage.client.warm())
    }),
];

type Deed = for<'a> fn(&'a Stage) -> Waiting<'a>;
type Waiting<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

struct Stage {
    client: Client,
    url: String,
    channel: Id<ChannelMarker>,
}

impl Stage {
    fn before(discord: &Discord) -> Self {
        let config = ovenjs_rest::Config::new()
            .base_url(discord.base_url())
            .connections(Connections::new().most(2).warm(2));
        let client = Client::builder(discord.token()).config(config);
        Self {
            client: client.build().unwrap(),
            url: discord.base_url(),
            channel: discord.channel_id(),
        }
    }
}

/// Each time with a client that has no connection yet, and may have two for three calls: whatever a
/// dropped one leaves behind is in the way of the others.
#[tokio::test]
async fn whatever_waits_may_be_dropped_at_any_poll() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let stage = Stage::before(&discord);
    let filling = (0..150).map(|_| stage.client.create_message(stage.channel).content("full"));
    for sent in join_all(filling.map(IntoFuture::into_future)).await {
        sent.unwrap();
    }
    for (function, way, deed) in DEEDS {
        let dropped = sweep(&discord, *deed).await;
        assert!(
            dropped > 0,
            "{function}, {way}: it ended at its first poll, so nothing was dropped"
        );
        println!("{function}, {way}: dropped after each of {dropped} polls");
    }
}

/// Drops it after one poll, after two, and so on until it ends; how often it was dropped.
async fn sweep(discord: &Discord, deed: Deed) -> usize {
    for polls in 1..POLLS_MAX {
        let stage = Stage::before(discord);
        let mut swept = deed(&stage);
        let mut others = [deed(&stage), deed(&stage)].map(Some);
        let mut is_done = false;
        for _ in 0..polls {
            is_done = is_done || poll_once(&mut swept).await;
            for other in &mut others {
                if let Some(waiting) = other
                    && poll_once(waiting).await
                {
                    *other = None;
                }
            }
            tokio::task::yield_now().await;
        }
        drop(swept);
        for ended in join_all(others.into_iter().flatten()).await {
            ended.unwrap();
        }
        // What was begun to be opened is for others.
        let opening = || {
            let outlets = stage.client.stats().outlets;
            outlets.iter().any(|one| one.opening > 0)
        };
        for looks in 0.. {
            if !opening() {
                break;
            }
            assert!(looks < 1_000_000, "an opening is lost after {polls} polls");
            tokio::task::yield_now().await;
        }
        let stats = stage.client.stats();
        let left = (stats.limits.permits, stats.waiting, stats.in_flight);
        assert_eq!(left, (0, 0, 0), "after {polls} polls");
        for outlet in stage.client.stats().outlets {
            let left = (
                outlet.busy,
                outlet.opening,
                outlet.waiting,
                outlet.in_flight,
            );
            assert_eq!(left, (0, 0, 0, 0), "after {polls} polls");
        }
        if is_done {
            return polls - 1;
        }
    }
    panic!("it never ended");
}

/// Whether it has ended. What it came to is of no interest, but that it did not fail.
async fn poll_once(waiting: &mut Waiting<'_>) -> bool {
    poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx)))
        .await
        .map(Result::unwrap)
        .is_ready()
}

/// A new function that waits is not in the list until somebody thinks of it: the source tells.
#[test]
fn no_function_that_waits_is_left_out() {
    let mut waits = BTreeSet::from(["into_future".to_owned()]);
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut waits,
    );
    let swept: BTreeSet<_> = DEEDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(swept, waits);
}

fn read(folder: &Path, waits: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, waits);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let named = text.split("pub async fn ").skip(1);
        waits.extend(named.map(|rest| {
            let end = rest.find(['(', '<']).unwrap();
            rest[..end].to_owned()
        }));
    }
}
