//! Connections that break.

use std::collections::BTreeMap;

use super::*;

/// The promise of the whole crate: the connection is dropped after every k-th event, and yet each
/// of 200 events arrives once and in order.
async fn two_hundred_events_over_breaking_connections(compression: Compression) {
    for k in 1..=20 {
        let discord = Discord::start(ovenjs_mock::Config::default())
            .await
            .expect("the box starts");
        let (gateway, mut events) = start(config(&discord).compression(compression));
        next_named(&mut events, "READY").await;
        discord.faults().drop_after_frames(k);
        let all: Vec<BTreeMap<&str, usize>> =
            (1..=200).map(|n| BTreeMap::from([("n", n)])).collect();
        discord
            .emit_many(all.iter().map(|data| ("COUNTED", data)))
            .expect("the events can be written");

        let mut last = ovenjs_types::Version::default();
        for n in 1..=200 {
            let dispatch = next_named(&mut events, "COUNTED").await;
            assert_eq!(number(&dispatch), n, "{compression:?}, every {k}");
            assert!(dispatch.version > last);
            last = dispatch.version;
        }

        let least = 200 / usize::try_from(k).expect("at most 20") - 1;
        assert!(
            discord.resumes() >= least,
            "{} resumes, every {k}",
            discord.resumes()
        );
        assert_eq!(discord.identifies(), 1, "{compression:?}, every {k}");
        assert_eq!(only(&gateway).counts.gaps, 0);
        // Nothing comes behind the last one.
        gateway.stop().await;
        while let Some(delivery) = events.next().await {
            if let Delivery::Dispatch(dispatch) = delivery {
                assert_ne!(dispatch.name(), "COUNTED");
            }
        }
        discord.stop().await;
    }
}

#[tokio::test]
async fn two_hundred_events_over_breaking_connections_uncompressed() {
    two_hundred_events_over_breaking_connections(Compression::None).await;
}

#[cfg(feature = "zlib")]
#[tokio::test]
async fn two_hundred_events_over_breaking_connections_in_zlib() {
    two_hundred_events_over_breaking_connections(Compression::Zlib).await;
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn two_hundred_events_over_breaking_connections_in_zstd() {
    two_hundred_events_over_breaking_connections(Compression::Zstd).await;
}

#[tokio::test]
async fn a_reconnect_that_discord_asks_for_loses_nothing() {
    for compression in ALL {
        let discord = Discord::start(ovenjs_mock::Config::default())
            .await
            .unwrap();
        let (_gateway, mut events) = start(config(&discord).compression(*compression));
        next_named(&mut events, "READY").await;
        for n in 1..=5 {
            discord.emit("COUNTED", &n).unwrap();
            discord.faults().ask_to_reconnect();
            assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
            next_named(&mut events, "RESUMED").await;
        }
        assert_eq!((discord.identifies(), discord.resumes()), (1, 5));
    }
}

#[tokio::test]
async fn a_lost_session_is_told_before_the_next_one_begins() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let (gateway, mut events) = start(config(&discord));
    next_named(&mut events, "READY").await;
    discord.emit("COUNTED", &1).unwrap();
    let last = next_named(&mut events, "COUNTED").await;
    discord.faults().close_connections(4009);
    let gap = match next(&mut events).await {
        Delivery::Gap(gap) => gap,
        other => panic!("{other:?} instead of a gap"),
    };
    assert_eq!(gap.last_seq, last.version.seq);
    let ready = next_named(&mut events, "READY").await;
    assert!(ready.version > last.version);
    assert_eq!(discord.identifies(), 2);
    assert_eq!(only(&gateway).counts.gaps, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_acknowledgements_is_resumed() {
    let discord = Discord::in_process(ovenjs_mock::Config::default());
    let (gateway, mut events) = start_here(&discord, config(&discord), |wiring| wiring);
    next_named(&mut events, "GUILD_CREATE").await;
    discord.faults().withhold_heartbeat_acks(true);
    // The first heartbeat is due within an interval, and after that life is waited for.
    discord.pass(Duration::from_secs(60)).await;
    next_named(&mut events, "RESUMED").await;
    discord.faults().withhold_heartbeat_acks(false);
    discord.emit("COUNTED", &7).unwrap();
    assert_eq!(number(&next_named(&mut events, "COUNTED").await), 7);
    assert!(only(&gateway).counts.zombies >= 1);
    assert_eq!(discord.identifies(), 1);
}

#[tokio::test]
async fn a_slow_consumer_with_a_small_backlog_gets_everything() {
    let discord = Discord::start(ovenjs_mock::Config::default())
        .await
        .unwrap();
    let slow = config(&discord).event_queue(1).backlog_bytes(2000);
    let (gateway, mut events) = start(slow);
    next_named(&mut events, "READY").await;
    let all: Vec<usize> = (1..=3000).collect();
    discord
        .emit_many(all.iter().map(|n| ("COUNTED", n)))
        .unwrap();
    for n in 1..=3000 {
        assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
        let held = only(&gateway).backlog_bytes;
        assert!(held < 20_000, "{held} bytes held");
    }
    assert_eq!((discord.identifies(), discord.resumes()), (1, 0));
}
