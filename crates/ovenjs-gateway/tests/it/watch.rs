//! Those who look on, and shards that begin anew.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ovenjs_gateway::{ErrorKind, Notice, ShardState, Watch};
use ovenjs_types::{Hook, HookCall};

use super::*;

/// The next notice for which `wanted` says yes.
async fn seen(watch: &mut Watch, wanted: impl Fn(&Notice) -> bool) -> Notice {
    let notice = async {
        loop {
            let seen = watch.next().await.expect("the shards have not ended");
            if wanted(&seen.notice) {
                break seen.notice;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), notice).await;
    waited.expect("it happens in time")
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_shard_can_be_looked_at_and_ends() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    let mut watch = fleet.watch();
    next_named(&mut events, "READY").await;
    discord.faults().close_connections(4000);
    next_named(&mut events, "RESUMED").await;
    let mut states = Vec::new();
    while states.last() != Some(&ShardState::Connected) || states.len() < 6 {
        states.extend(
            seen(&mut watch, |notice| notice.state().is_some())
                .await
                .state(),
        );
    }
    let expected = [
        ShardState::Queued,
        ShardState::Connecting,
        ShardState::Identifying,
        ShardState::Connected,
        ShardState::Disconnected,
        ShardState::Connecting,
        ShardState::Resuming,
        ShardState::Connected,
    ];
    assert_eq!(states, expected);
    fleet.stop().await;
    seen(&mut watch, |notice| *notice == Notice::Stopped).await;
    assert!(watch.next().await.is_none());
    assert_eq!(watch.missed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_restarted_shard_resumes_and_delivers_each_event_once() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) =
        start_here(&discord, config(&discord).event_queue(8), |wiring| wiring);
    next_named(&mut events, "READY").await;
    let shard = fleet.shards().next().unwrap();
    let all: Vec<usize> = (1..=300).collect();
    discord
        .emit_many(all.iter().map(|n| ("COUNTED", n)))
        .unwrap();
    for n in 1..=300 {
        assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
        if n % 50 == 0 {
            let mut watch = fleet.watch();
            fleet.restart(shard).unwrap();
            seen(&mut watch, |notice| {
                *notice == Notice::Restarted { panicked: false }
            })
            .await;
        }
    }
    assert_eq!(only(&fleet).restarts, 6);
    assert_eq!(discord.identifies(), 1);
    fleet.stop().await;
    assert_eq!(fleet.restart(shard).unwrap_err().kind(), ErrorKind::Stopped);
}

#[tokio::test(start_paused = true)]
async fn who_looks_on_too_slowly_is_told_how_much_was_missed() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    let (mut swift, mut slow) = (fleet.watch(), fleet.watch());
    let living = async {
        next_named(&mut events, "READY").await;
        for _ in 0..400 {
            discord.faults().close_connections(4000);
            next_named(&mut events, "RESUMED").await;
        }
        fleet.stop().await;
    };
    let reading = async {
        let mut all = Vec::new();
        while let Some(seen) = swift.next().await {
            all.push(seen.notice);
        }
        all
    };
    let ((), all) = tokio::join!(living, reading);
    assert_eq!(swift.missed(), 0);

    let mut rest = Vec::new();
    while let Some(seen) = slow.next().await {
        rest.push(seen.notice);
    }
    assert!(rest.len() < all.len(), "{} of {}", rest.len(), all.len());
    let missed = usize::try_from(slow.missed()).unwrap();
    assert_eq!(missed + rest.len(), all.len());
    assert_eq!(rest, all[missed..], "the newest are left");
}

/// Panics as a shard connects, some times.
#[derive(Debug)]
struct Panics(AtomicU32);

impl Hook for Panics {
    fn call(&self, call: &HookCall<'_>) {
        let connected = matches!(
            call,
            HookCall::ShardState {
                state: "connected",
                ..
            }
        );
        let left = self.0.load(Ordering::Relaxed);
        if connected && left > 0 {
            self.0.store(left - 1, Ordering::Relaxed);
            panic!("as the story wants it");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_panics_begins_anew() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let hook = Arc::new(Panics(AtomicU32::new(2)));
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring.hook(hook));
    next_named(&mut events, "READY").await;
    discord.emit("COUNTED", &1).unwrap();
    next_named(&mut events, "COUNTED").await;
    let stats = only(&fleet);
    assert_eq!((stats.state, stats.restarts), (ShardState::Connected, 2));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_panics_again_and_again_does_not_vanish_in_silence() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let hook = Arc::new(Panics(AtomicU32::new(u32::MAX)));
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring.hook(hook));
    // Identifies that come to nothing are held up more and more.
    let stopped = tokio::time::timeout(Duration::from_secs(300), events.next()).await;
    let Ok(Some(Delivery::Stopped {
        error: Some(error), ..
    })) = stopped
    else {
        panic!("{stopped:?} instead of an end")
    };
    assert!(
        events.next().await.is_none(),
        "after the last shard there is nothing"
    );
    assert_eq!(error.kind(), ErrorKind::Panicked);
    assert_eq!(only(&fleet).state, ShardState::Stopped);
    assert_eq!(discord.identifies(), 4, "no more than three times anew");
    fleet.stop().await;
}

/// Panics from when it is told.
#[derive(Debug)]
struct Fails(tokio::sync::watch::Receiver<bool>);

impl ovenjs_net::Entropy for Fails {
    fn u64(&self) -> u64 {
        assert!(!*self.0.borrow(), "as the story wants it");
        7
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_shard_whose_task_panics_is_told_also_behind_a_full_queue() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fails, told) = tokio::sync::watch::channel(false);
    let (fleet, mut events) = start_here(&discord, config(&discord).event_queue(1), |wiring| {
        wiring.entropy(Arc::new(Fails(told)))
    });
    next_named(&mut events, "READY").await;
    emit_counted(&discord, 1..=20);
    tokio::time::sleep(Duration::from_secs(1)).await;
    fails.send_replace(true);
    fleet.restart(fleet.shards().next().unwrap()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = fatal(&mut events).await;
    assert_eq!(error.kind(), ErrorKind::Panicked);
}
