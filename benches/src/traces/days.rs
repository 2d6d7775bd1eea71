//! What warming brings on made days: of what is moved between the tiers how much is read, and what is found in memory
//! with it and without.
//!
//! Guilds sleep and wake by their own clocks, few of them are busy, some of these fall silent each day and others
//! become busy, and some reads are of anybody. It is the shipped keyspace on a clock that stands until all wait, before
//! a second and a third store in the process. Twice a process ends: one begins after it that is told of nothing but what the stores
//! have.

use super::made::Dice;
use ovenjs_cache::tiers::{
    Eviction, Keyspace, KeyspaceConfig, KeyspaceStats, Memory, Moved, Store, Tiered, TieredConfig,
    Warming, WarmingStats, Writes,
};
use ovenjs_net::{Clock, SystemClock};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Prints the table. Whether what is moved is read as often as it has to be.
pub(super) fn tell() -> bool {
    println!(
        "\n{:<24}{:>8}{:>8}{:>10}{:>10}{:>14}{:>14}{:>14}{:>14}{:>14}{:>14}",
        "made days",
        "cold",
        "warm",
        "restart",
        "restarted",
        "all moved",
        "into memory",
        "at start",
        "often read",
        "by the hour",
        "let go"
    );
    let mut holds = true;
    for bot in &BOTS {
        let cold = play(bot, None);
        let warm = play(bot, Some(Warming::new()));
        let all = warm.warming();
        let is_enough = [all.raised(), all.out_of_second, all.all()]
            .into_iter()
            .all(|part| part.moved >= MOVED_MIN && part.efficiency() >= Some(EFFICIENCY_MIN));
        println!(
            "{:<24}{:>8.2}{:>8.2}{:>10.2}{:>10.2}{:>14}{:>14}{:>14}{:>14}{:>14}{:>14}  {}",
            bot.title,
            cold.found(),
            warm.found(),
            cold.found_first(),
            warm.found_first(),
            worth(all.all()),
            worth(all.raised()),
            worth(all.at_start),
            worth(all.by_frequency),
            worth(all.by_hour),
            worth(all.out_of_second),
            if is_enough {
                "held"
            } else {
                "MISSED: of what is moved, 0.8 is worth it"
            }
        );
        holds &= is_enough;
    }
    println!(
        "percent of reads found in memory on three days after two; restart is of the first minute of a process; the \
         rest is how many were moved, and which share of those that are known of was worth it"
    );
    holds
}

fn worth(part: Moved) -> String {
    match part.efficiency() {
        Some(share) => format!("{} {share:.2}", part.moved),
        None => "-".to_owned(),
    }
}

/// How much room a bot has, and who asks it.
struct Bot {
    title: &'static str,
    eviction: Eviction,
    /// A minute.
    reads: u64,
    /// Of all guilds, how many have room in memory, in percent.
    room: u64,
    /// Of all reads, how many are of anybody, in percent.
    strangers: u64,
}

const BOTS: [Bot; 3] = [
    Bot {
        title: "busy, LRU",
        eviction: Eviction::Lru,
        reads: 300,
        room: 25,
        strangers: 1,
    },
    Bot {
        title: "quiet, chosen",
        eviction: Eviction::Chosen,
        reads: 60,
        room: 25,
        strangers: 1,
    },
    Bot {
        title: "short of room, chosen",
        eviction: Eviction::Chosen,
        reads: 300,
        room: 10,
        strangers: 10,
    },
];

/// What a keyspace did, one process after the other.
#[derive(Default)]
struct Played {
    processes: Vec<KeyspaceStats>,
    reads: u64,
    found: u64,
    first_reads: u64,
    first_found: u64,
}

impl Played {
    fn found(&self) -> f64 {
        100.0 * self.found as f64 / self.reads as f64
    }

    fn found_first(&self) -> f64 {
        100.0 * self.first_found as f64 / self.first_reads as f64
    }

    /// Of all processes together.
    fn warming(&self) -> WarmingStats {
        let mut all = WarmingStats::default();
        for warming in self.processes.iter().filter_map(|stats| stats.warming) {
            for (sum, more) in [
                (&mut all.at_start, warming.at_start),
                (&mut all.by_frequency, warming.by_frequency),
                (&mut all.by_hour, warming.by_hour),
                (&mut all.to_second, warming.to_second),
                (&mut all.out_of_second, warming.out_of_second),
            ] {
                sum.moved += more.moved;
                sum.used += more.used;
                sum.wasted += more.wasted;
                sum.held_back += more.held_back;
            }
        }
        all
    }
}

fn play(bot: &Bot, warming: Option<Warming>) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without a socket needs nothing of the system");
    runtime.block_on(async {
        let stores: [Arc<dyn Store>; 2] = [
            Arc::new(Memory::new(RECORDS_MAX)),
            Arc::new(Memory::new(RECORDS_MAX)),
        ];
        let clock: Arc<dyn Clock> = Arc::new(Wall {
            began: SystemClock.now(),
        });
        let mut config = KeyspaceConfig::new("guilds", 1)
            .eviction(bot.eviction)
            .memory(ENTRY_BYTES * GUILDS * bot.room / 100)
            .lifetimes(DAY * 30, DAY * 30)
            .writes(Writes::Behind, Writes::Through);
        config.warming = warming;
        let mut dice = Dice::new();
        let mut played = Played::default();
        for days in [0..3, 3..4, 4..5] {
            let tiers = Tiered::build(
                TieredConfig::new()
                    .clock(Arc::clone(&clock))
                    .second(Arc::clone(&stores[0]))
                    .third(Arc::clone(&stores[1])),
            );
            let guilds: Keyspace<u64, u64> = tiers.keyspace(config.clone()).expect("a name");
            if days.start == 0 {
                let rows = (0..GUILDS).map(|guild| (guild, guild));
                guilds.warm(rows).await.expect("numbers have a form");
            }
            for day in days.clone() {
                for minute in 0..24 * 60 {
                    let before = guilds.stats();
                    for _ in 0..6 {
                        serve(&tiers).await;
                        for _ in 0..bot.reads / 6 {
                            let guild = asked_for(&mut dice, day, minute, bot.strangers);
                            guilds.get(&guild).await.expect("a number is a name");
                        }
                        tokio::time::sleep(TEN_SECONDS - SERVED).await;
                    }
                    let after = guilds.stats();
                    let reads = after.reads - before.reads;
                    let found = in_memory(&after) - in_memory(&before);
                    if day >= 2 {
                        played.reads += reads;
                        played.found += found;
                    }
                    if day == days.start && day > 0 && minute == 0 {
                        played.first_reads += reads;
                        played.first_found += found;
                    }
                }
            }
            tiers.flush().await.expect("a store in memory answers");
            played.processes.push(guilds.stats());
        }
        played
    })
}

/// The guild that is asked for at this time: some are always awake, most for ten hours a day.
fn asked_for(dice: &mut Dice, day: u64, minute: u64, strangers: u64) -> u64 {
    if dice.below(100) < strangers {
        return dice.below(GUILDS);
    }
    loop {
        // Ten times a day the busiest one falls silent, and another one becomes busy.
        let passed = day * 24 * 60 + minute;
        let guild = (dice.skewed(GUILDS) + passed / 144) % GUILDS;
        let wakes = guild.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let awake_for = (minute + wakes) % (24 * 60);
        if guild.is_multiple_of(4) || awake_for < 10 * 60 {
            return guild;
        }
    }
}

async fn serve(tiers: &Tiered) {
    let served = async {
        let _never: Infallible = tiers.serve().await;
    };
    let _never_ends = tokio::time::timeout(SERVED, served).await;
}

fn in_memory(stats: &KeyspaceStats) -> u64 {
    stats.from_memory + stats.stale + stats.absent
}

/// The wall's time is tokio's.
#[derive(Debug)]
struct Wall {
    began: Instant,
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        let passed = self.now().duration_since(self.began);
        // A midnight.
        UNIX_EPOCH + DAY * 19_000 + passed
    }
}

/// Of what is moved, how much has to be worth it; and how much has to be moved for that to say something.
const EFFICIENCY_MIN: f64 = 0.8;
const MOVED_MIN: u64 = 50;

const GUILDS: u64 = 20_000;
const RECORDS_MAX: usize = 100_000;

/// What an entry of memory weighs with a number in it.
const ENTRY_BYTES: u64 = 403;

/// What is due is done in the first tenth of a second of ten.
const SERVED: Duration = Duration::from_millis(100);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(86_400);
