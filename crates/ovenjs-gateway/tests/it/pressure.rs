//! Memory gets short, and is there again.

use ovenjs_gateway::{Notice, Watch};
use ovenjs_types::Pressure;

use super::*;

/// How many bytes of events the fleet holds once nothing moves any more.
async fn held(fleet: &Fleet) -> (usize, usize) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stats = fleet.stats();
    (stats.queue_bytes, only(fleet).backlog_bytes)
}

/// The bound that the only shard tells next, and the pressure.
async fn pressed(watch: &mut Watch) -> (Pressure, usize) {
    let told = async {
        loop {
            let seen = watch.next().await.expect("the shard lives");
            if let Notice::Pressed {
                pressure,
                backlog_bytes_max,
            } = seen.notice
            {
                return (pressure, backlog_bytes_max);
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), told).await;
    waited.expect("it is told")
}

#[tokio::test(start_paused = true)]
async fn a_fleet_holds_less_while_memory_is_short_and_delivers_all() {
    for compression in ALL {
        let discord = Discord::in_process(ovenjs_mock::Config::default());
        let wide = config(&discord)
            .compression(*compression)
            .backlog_bytes(64_000)
            .queue_bytes(64_000)
            .event_queue(10_000);
        let (fleet, mut events) = start_here(&discord, wide, |wiring| wiring);
        let mut watch = fleet.watch();
        next_named(&mut events, "GUILD_CREATE").await;

        fleet.pressure(Pressure::Critical);
        assert_eq!(pressed(&mut watch).await, (Pressure::Critical, 4_000));
        // Events of a kilobyte: each bound is overstepped by one at most.
        let event = |n: usize| format!("{n}{}", "x".repeat(1_000));
        let all: Vec<String> = (1..=400).map(event).collect();
        discord
            .emit_many(all.iter().map(|event| ("COUNTED", event)))
            .unwrap();
        let (queue, backlog) = held(&fleet).await;
        assert!((4_000..5_200).contains(&queue), "{queue}");
        assert!((4_000..5_200).contains(&backlog), "{backlog}");

        // A session that begins anew knows of it.
        let shard = fleet.shards().next().unwrap();
        fleet.restart(shard).unwrap();
        assert_eq!(pressed(&mut watch).await, (Pressure::Critical, 4_000));
        let (queue, backlog) = held(&fleet).await;
        assert!(queue < 5_200 && backlog < 5_200, "{queue}, {backlog}");

        fleet.pressure(Pressure::High);
        assert_eq!(pressed(&mut watch).await, (Pressure::High, 16_000));
        let (queue, backlog) = held(&fleet).await;
        assert!((16_000..17_200).contains(&queue), "{queue}");
        assert!((16_000..17_200).contains(&backlog), "{backlog}");

        fleet.pressure(Pressure::Low);
        assert_eq!(pressed(&mut watch).await, (Pressure::Low, 64_000));
        let (queue, backlog) = held(&fleet).await;
        assert!((64_000..65_200).contains(&queue), "{queue}");
        assert!((64_000..65_200).contains(&backlog), "{backlog}");

        for n in 1..=400 {
            assert_eq!(number(&next_named(&mut events, "COUNTED").await), n);
        }
        assert_eq!(discord.identifies(), 1);
        assert_eq!(only(&fleet).counts.zombies, 0);
    }
}
