//! From one process to the next.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use ovenjs_gateway::{FleetState, PortError, SessionStore, ShardState, Waiting};
use tokio::sync::watch;

use super::*;

#[tokio::test]
async fn five_processes_hand_a_thousand_events_on_and_each_comes_once() {
    for compression in ALL {
        let discord = Discord::start(ovenjs_mock::Config::default())
            .await
            .unwrap();
        let small = || {
            let config = config(&discord).compression(*compression);
            config
                .event_queue(64)
                .queue_bytes(16_000)
                .backlog_bytes(30_000)
        };
        let (mut fleet, mut events) = start(small());
        let ready = next_named(&mut events, "READY").await;
        let all: Vec<usize> = (1..=1000).collect();
        let mut next_one = 0;
        for part in all.chunks(200) {
            discord
                .emit_many(part.iter().map(|n| ("COUNTED", n)))
                .unwrap();
            // Some are taken, some lie in the queue, some in the backlog, some in the socket.
            for _ in 0..130 {
                let dispatch = next_named(&mut events, "COUNTED").await;
                next_one += 1;
                assert_eq!(number(&dispatch), next_one);
                assert_eq!(dispatch.version.epoch, ready.version.epoch);
            }
            let written = fleet.hand_over().await.to_bytes();
            assert!(
                events.next().await.is_none(),
                "what is left is the next one's"
            );
            let state = FleetState::from_bytes(&written).unwrap();
            (fleet, events) = start(small().resume_from(&state).unwrap());
        }
        while next_one < 1000 {
            next_one += 1;
            assert_eq!(number(&next_named(&mut events, "COUNTED").await), next_one);
        }
        assert_eq!(discord.identifies(), 1);
        discord.stop().await;
    }
}

#[tokio::test]
async fn a_state_of_another_bot_is_refused_and_one_of_other_shards_left_alone() {
    let of = |token: &str| Config::new(token, Intents::GUILDS);
    let (fleet, _events) = start(of("MTIz.a.b").gateway_url("ws://127.0.0.1:1"));
    let state = fleet.hand_over().await;
    let refused = of("NDU2.a.b").resume_from(&state).unwrap_err();
    assert_eq!(refused.kind(), ovenjs_gateway::ErrorKind::State);
    assert!(
        of("MTIz.c.d").resume_from(&state).is_ok(),
        "a token may be renewed"
    );
}

/// Keeps the state, and tells of each.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) watch::Sender<FleetState>);

impl SessionStore for Kept {
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
        Box::pin(async { Ok(Some(self.0.borrow().clone())) })
    }

    fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>> {
        Box::pin(async move {
            self.0.send_replace(state);
            Ok(())
        })
    }
}

fn seq_of(state: &FleetState) -> u64 {
    state
        .sessions()
        .first()
        .map_or(0, |session| session.version().seq)
}

/// A process is killed, Discord has forgotten what was confirmed, and yet no event is lost: what was
/// handled without a hole is all that was confirmed.
#[tokio::test(start_paused = true)]
async fn what_was_not_handled_comes_again_after_a_crash() {
    let mut strict = ovenjs_mock::Config::default();
    strict.trim_replay = true;
    strict.heartbeat_interval = Duration::from_secs(10);
    let discord = Discord::in_process(strict);
    let (kept, mut saved) = watch::channel(FleetState::default());
    let store: Arc<dyn SessionStore> = Arc::new(Kept(kept));
    let at_least_once = || config(&discord).at_least_once(true);
    let (fleet, mut events) = start_here(&discord, at_least_once(), |wiring| {
        wiring.store(Arc::clone(&store))
    });
    let guild = next_named(&mut events, "GUILD_CREATE").await;
    fleet.handled(&guild);
    let all: Vec<usize> = (1..=100).collect();
    discord
        .emit_many(all.iter().map(|n| ("COUNTED", n)))
        .unwrap();
    let mut handled = BTreeSet::new();
    let mut mark = 0;
    let mut receipts = Vec::new();
    for n in 1..=100 {
        let dispatch = next_named(&mut events, "COUNTED").await;
        assert_eq!(number(&dispatch), n);
        if n == 40 {
            mark = dispatch.version.seq;
        }
        receipts.push((n, fleet.receipt(&dispatch)));
    }
    // From the last to the first, but one handler does not end.
    for (n, receipt) in receipts.into_iter().rev().filter(|(n, _)| *n != 41) {
        receipt.handled();
        handled.insert(n);
    }
    let marked = saved.wait_for(|state| seq_of(state) == mark);
    tokio::time::timeout(Duration::from_secs(60), marked)
        .await
        .expect("the mark is saved")
        .unwrap();
    // Some heartbeats go out meanwhile.
    tokio::time::sleep(Duration::from_secs(35)).await;
    drop((fleet, events));

    let state = store.load().await.unwrap().unwrap();
    assert_eq!(seq_of(&state), mark);
    let (fleet, mut events) = start_here(
        &discord,
        at_least_once().resume_from(&state).unwrap(),
        |wiring| wiring.store(Arc::clone(&store)),
    );
    for n in 41..=100 {
        let dispatch = next_named(&mut events, "COUNTED").await;
        assert_eq!(
            number(&dispatch),
            n,
            "from the first one on that was not handled"
        );
        fleet.handled(&dispatch);
        handled.insert(n);
    }
    assert_eq!(handled.len(), 100);
    assert_eq!(discord.identifies(), 1);

    // All is handled now, and so a hand-over begins behind it.
    let last = fleet.hand_over().await;
    assert!(seq_of(&last) >= mark + 60);
    assert!(
        discord.violations().is_empty(),
        "{:?}",
        discord.violations()
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_session_is_saved_at_once_and_a_store_that_fails_is_told_of() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (kept, mut saved) = watch::channel(FleetState::default());
    let (_fleet, mut events) = start_here(&discord, config(&discord), |wiring| {
        wiring.store(Arc::new(Kept(kept)))
    });
    next_named(&mut events, "READY").await;
    let at_once = saved.wait_for(|state| seq_of(state) >= 1);
    tokio::time::timeout(Duration::from_millis(100), at_once)
        .await
        .expect("a session is saved as it begins")
        .unwrap();

    #[derive(Debug)]
    struct Full;
    impl SessionStore for Full {
        fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
            Box::pin(async { Ok(None) })
        }
        fn save(&self, _: FleetState) -> Waiting<'_, Result<(), PortError>> {
            Box::pin(async { Err("the disk is full".into()) })
        }
    }
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| {
        wiring.store(Arc::new(Full))
    });
    next_named(&mut events, "READY").await;
    fleet.stop().await;
    assert!(fleet.stats().saves_failed >= 1);
}

/// A store on which saving takes a while, and goes on where nobody waits for it.
#[derive(Debug, Default)]
struct Slow {
    under_way: Arc<AtomicUsize>,
    most: AtomicUsize,
    given_up: Arc<AtomicUsize>,
}

impl SessionStore for Slow {
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
        Box::pin(async { Ok(None) })
    }

    fn save(&self, _: FleetState) -> Waiting<'_, Result<(), PortError>> {
        struct Save(Arc<AtomicUsize>, Arc<AtomicUsize>);
        impl Drop for Save {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::Relaxed);
            }
        }
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        let save = Save(Arc::clone(&self.under_way), Arc::clone(&self.given_up));
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            save.0.fetch_sub(1, Ordering::Relaxed);
            std::mem::forget(save);
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_that_has_begun_is_waited_for_before_the_last() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let slow = Arc::new(Slow::default());
    let store: Arc<dyn SessionStore> = slow.clone();
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring.store(store));
    next_named(&mut events, "READY").await;
    discord.pass(Duration::from_secs(1)).await;
    assert_eq!(slow.under_way.load(Ordering::Relaxed), 1);
    fleet.stop().await;
    assert_eq!(slow.given_up.load(Ordering::Relaxed), 0);
    assert_eq!(slow.most.load(Ordering::Relaxed), 1);
    assert_eq!(slow.under_way.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_process_left_is_held_until_it_is_taken_and_no_longer() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    next_named(&mut events, "GUILD_CREATE").await;
    discord.emit("COUNTED", &1).unwrap();
    discord.pass(Duration::from_secs(1)).await;
    let state = FleetState::from_bytes(&fleet.hand_over().await.to_bytes()).unwrap();
    let config = config(&discord).resume_from(&state).unwrap();
    drop(state);
    let (_fleet, mut events) = start_here(&discord, config, |wiring| wiring);
    let dispatch = next_named(&mut events, "COUNTED").await;
    assert!(dispatch.raw.is_unique(), "nobody else holds its bytes");
}

/// Nobody keeps sessions, and yet what was delivered is known when a shard begins anew.
#[tokio::test(start_paused = true)]
async fn a_shard_that_begins_anew_without_a_session_tells_what_it_missed() {
    let mut world = ovenjs_mock::Config::default();
    world.identify_interval = Duration::from_secs(5);
    let discord = Discord::in_process(world);
    let (fleet, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    next_named(&mut events, "READY").await;
    emit_counted(&discord, 1..=3);
    let mut last = 0;
    for _ in 1..=3 {
        last = next_named(&mut events, "COUNTED").await.version.seq;
    }
    discord.faults().invalidate_sessions(false);
    while only(&fleet).state != ShardState::Queued {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    fleet.restart(fleet.shards().next().unwrap()).unwrap();
    let gap = loop {
        match next(&mut events).await {
            Delivery::Gap(gap) => break gap,
            Delivery::Dispatch(dispatch) if dispatch.name() != "READY" => {}
            other => panic!("{other:?} before the gap"),
        }
    };
    assert_eq!(gap.last_seq, last);
    next_named(&mut events, "READY").await;
    assert_eq!(discord.identifies(), 2);
}

/// Keeps the state until it is away.
#[derive(Debug)]
struct Away(Kept, watch::Receiver<bool>);

impl SessionStore for Away {
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
        self.0.load()
    }

    fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>> {
        match *self.1.borrow() {
            true => Box::pin(async { Err("nobody is there".into()) }),
            false => self.0.save(state),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_begins_anew_confirms_no_more_than_what_is_saved() {
    let mut strict = ovenjs_mock::Config::default().trim_replay(true);
    strict.heartbeat_interval = Duration::from_secs(10);
    let discord = Discord::in_process(strict);
    let (kept, mut saved) = watch::channel(FleetState::default());
    let (away, is_away) = watch::channel(false);
    let store: Arc<dyn SessionStore> = Arc::new(Away(Kept(kept), is_away));
    let at_least_once = || config(&discord).at_least_once(true);
    let (fleet, mut events) = start_here(&discord, at_least_once(), |wiring| {
        wiring.store(Arc::clone(&store))
    });
    let guild = next_named(&mut events, "GUILD_CREATE").await;
    fleet.handled(&guild);
    let mark = guild.version.seq;
    let marked = saved.wait_for(|state| seq_of(state) == mark);
    tokio::time::timeout(Duration::from_secs(60), marked)
        .await
        .expect("the mark is saved")
        .unwrap();
    away.send_replace(true);
    fleet.restart(fleet.shards().next().unwrap()).unwrap();
    next_named(&mut events, "RESUMED").await;
    emit_counted(&discord, 1..=10);
    for _ in 1..=10 {
        let counted = next_named(&mut events, "COUNTED").await;
        fleet.handled(&counted);
    }
    // Some heartbeats go out meanwhile.
    tokio::time::sleep(Duration::from_secs(35)).await;
    drop((fleet, events));

    let state = store.load().await.unwrap().unwrap();
    assert_eq!(seq_of(&state), mark);
    let next = at_least_once().resume_from(&state).unwrap();
    let (_fleet, mut events) = start_here(&discord, next, |wiring| wiring);
    for n in 1..=10 {
        assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
    }
    assert_eq!(discord.identifies(), 1);
}
