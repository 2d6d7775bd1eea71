//! Whether heartbeats leave in time while the bot's own code holds every worker thread, with room
//! for what arrives meanwhile and without.
//!
//! `cargo xtask heartbeats` runs it. Each case is a process of its own (`heartbeats with-room …`), so
//! that they run side by side and the memory of each is its own; each has its box, another process
//! (`heartbeats serve …`), which emits the events and tells how late the latest heartbeat came.
//! Real time.

#![expect(
    clippy::print_stdout,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock, and does what a bot must not do: it sleeps on a worker"
)]

mod metronome;

use std::{
    process::ExitCode,
    sync::{Arc, Barrier},
    time::Duration,
};

use ovenjs_box_benches::{
    Result, STARTS, end,
    news::{Ledger, NEWS, News, Numbered},
    number, peak_memory,
    served::{self, Served},
};
use ovenjs_gateway::{Config, Delivery, Events, Fleet};
use ovenjs_mock::{Config as BoxConfig, Discord, Guild};
use ovenjs_types::Intents;
use tokio::{
    process::Command,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::metronome::Metronome;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let at_least_one = |flag: &str, default: u32| number(&words, flag, default).max(1);
    let plan = Plan {
        seconds: at_least_one("--seconds", 60),
        rate: at_least_one("--rate", 2_000),
    };
    let role = words.first().map(String::as_str);
    let mut builder = match role {
        Some("serve") => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let of_case = CASES.iter().find(|case| Some(case.name) == role);
    let done = match (builder.enable_all().build(), of_case) {
        (Ok(runtime), _) if role == Some("serve") => runtime.block_on(serve(plan)),
        (Ok(runtime), Some(case)) => {
            runtime.block_on(case.judge(plan, words.get(1..).unwrap_or_default()))
        }
        (Ok(runtime), None) => runtime.block_on(all(&words)),
        (Err(error), _) => Err(error.into()),
    };
    end(done)
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    /// How long the workers are held.
    seconds: u32,
    /// Events in one second, over all shards.
    rate: u32,
}

/// Runs the cases side by side.
async fn all(words: &[String]) -> Result<()> {
    let mut running = Vec::new();
    for case in CASES {
        let mut program = Command::new(std::env::current_exe()?);
        running.push(
            program
                .arg(case.name)
                .args(words)
                .kill_on_drop(true)
                .spawn()?,
        );
    }
    let mut well = true;
    for mut case in running {
        well &= case.wait().await?.success();
    }
    well.then_some(()).ok_or_else(|| "a case failed".into())
}

#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    /// Bytes of events that each shard may hold.
    backlog: usize,
    /// Whether all that comes has to fill it.
    fills: bool,
}

impl Case {
    /// Holds every worker while events arrive, and judges how late the latest heartbeat was.
    async fn judge(self, plan: Plan, words: &[String]) -> Result<()> {
        let Self {
            name,
            backlog,
            fills,
        } = self;
        let mut discord = Served::start(words).await?;
        let config = Config::new(discord.token.clone(), Intents::GUILDS)
            .gateway_url(format!("ws://{}", discord.address))
            .shards(SHARDS)
            .session_start_limit(STARTS)
            .backlog_bytes(backlog);
        let (fleet, mut events) = Fleet::start(config)?;
        wait_for_guilds(&mut events).await?;

        discord.ask("emit").await?;
        let metronome = Metronome::start();
        let workers = tokio::runtime::Handle::current().metrics().num_workers();
        let all_held = Arc::new(Barrier::new(workers));
        let mut held = JoinSet::new();
        for _ in 0..workers {
            let (all_held, span) = (
                Arc::clone(&all_held),
                Duration::from_secs(plan.seconds.into()),
            );
            held.spawn(async move {
                all_held.wait();
                std::thread::sleep(span);
            });
        }
        let report = discord.ask("report").await?;
        let (beats, lateness) = report
            .split_once(' ')
            .ok_or("the box said something else")?;
        let (beats, lateness) = (
            beats.parse::<u64>()?,
            Duration::from_micros(lateness.parse()?),
        );
        let standstill = metronome.latest();
        held.join_all().await;
        let waiting: usize = fleet
            .stats()
            .shards
            .iter()
            .map(|shard| shard.backlog_bytes)
            .sum();

        let emitted: u64 = discord.ask("stop").await?.parse()?;
        let counted = count(&mut events, emitted).await?;
        let connects: u64 = fleet
            .stats()
            .shards
            .iter()
            .map(|shard| shard.counts.connects)
            .sum();
        let memory = peak_memory(std::process::id())?;
        println!(
            "{name} ({} kB of events held, {} MB in all): {workers} workers held for {} s, {emitted} \
         events emitted, {counted} delivered once and in order afterwards; {beats} heartbeats, the \
         latest {:.1} ms after its time, where a thread that does nothing was up to {:.1} ms late; \
         {connects} connections of {SHARDS} shards",
            waiting / 1000,
            memory / 1_000_000,
            plan.seconds,
            lateness.as_secs_f64() * 1e3,
            standstill.as_secs_f64() * 1e3,
        );
        fleet.stop().await;
        discord.end().await?;
        if connects != u64::from(SHARDS) {
            return Err("a connection was lost".into());
        }
        if beats
            < u64::from(SHARDS * plan.seconds.saturating_sub(INTERVAL_SECONDS) / INTERVAL_SECONDS)
        {
            return Err(format!("only {beats} heartbeats came").into());
        }
        let room = backlog * usize::try_from(SHARDS)?;
        let is_full = waiting >= room / 10 * 9;
        let fits = waiting <= room + usize::try_from(SHARDS)? * EVENT_MAX;
        if fills != is_full || !fits {
            return Err(format!("{waiting} bytes waited where there is room for {room}").into());
        }
        // Were the room not heeded, what was emitted would lie here, half as much again.
        if fills && memory > BARE + u64::try_from(room)? {
            return Err(format!("{memory} bytes were used beside {room} of room").into());
        }
        let allowed = LATEST + standstill;
        match lateness <= allowed {
            true => Ok(()),
            false => {
                Err(format!("a heartbeat was {lateness:?} late; {allowed:?} is allowed").into())
            }
        }
    }
}

async fn wait_for_guilds(events: &mut Events) -> Result<()> {
    let mut missing = SHARDS;
    while missing > 0 {
        match events.next().await.ok_or("the shards have ended")? {
            Delivery::Dispatch(dispatch) => {
                missing -= u32::from(dispatch.name() == "GUILD_CREATE");
            }
            other => return Err(format!("at the start: {other:?}").into()),
        }
    }
    Ok(())
}

/// Takes what was held, and sees to it that each shard's numbers are whole and in order.
async fn count(events: &mut Events, emitted: u64) -> Result<u64> {
    let mut ledger = Ledger::default();
    while ledger.handled() < emitted {
        let Delivery::Dispatch(dispatch) = events.next().await.ok_or("the shards have ended")?
        else {
            return Err("something else than an event was delivered".into());
        };
        if dispatch.name() == NEWS {
            ledger.once(Numbered::of(&dispatch)?)?;
        }
    }
    Ok(ledger.handled())
}

/// The process of the box. `emit` begins, `report` answers once the time is over, `stop` ends.
async fn serve(plan: Plan) -> Result<()> {
    let interval = Duration::from_secs(INTERVAL_SECONDS.into());
    let config = BoxConfig::default()
        .guilds((0..SHARDS).map(|_| Guild::named("Kitchen")))
        .shards(SHARDS)
        .max_concurrency(16)
        .heartbeat_interval(interval);
    let discord = Discord::start(config).await?;
    let guilds = served::guild_ids(&discord);
    let mut orders = served::orders(&discord);
    let mut emitted = 0;
    while let Some(order) = orders.recv().await {
        match order.as_str() {
            "emit" => {
                served::answer("begun");
                emitted = emit(&discord, &guilds, plan).await?;
            }
            "report" => {
                let seen = discord.connections();
                let beats: u64 = seen.iter().map(|connection| connection.heartbeats).sum();
                let lateness = seen.iter().map(|connection| connection.lateness).max();
                let lateness = lateness.unwrap_or_default().as_micros();
                served::answer(&format!("{beats} {lateness}"));
            }
            "stop" => served::answer(&emitted.to_string()),
            other => return Err(format!("there is no order {other}").into()),
        }
    }
    served::close(discord).await
}

/// Emits for as long as the workers are held, going round the guilds.
async fn emit(discord: &Discord, guilds: &[String], plan: Plan) -> Result<u64> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(plan.seconds.into());
    let mut emitted = 0;
    while Instant::now() < end {
        let due = begun.elapsed().as_secs_f64() * f64::from(plan.rate);
        let mut batch = Vec::new();
        while f64::from(emitted) < due && batch.len() < BATCH {
            let number = u64::from(emitted / SHARDS) + 1;
            for (place, guild_id) in (0..).zip(guilds) {
                let news = News {
                    number: Numbered { place, number },
                    guild_id,
                    filler: FILLER,
                };
                batch.push((NEWS, news));
            }
            emitted += SHARDS;
        }
        discord.emit_many(batch)?;
        if f64::from(emitted) < due {
            tokio::task::yield_now().await;
        } else {
            sleep(TICK).await;
        }
    }
    sleep_until(end).await;
    Ok(emitted.into())
}

const SHARDS: u32 = 4;

/// Far shorter than Discord's, so that there are many heartbeats to be late.
const INTERVAL_SECONDS: u32 = 2;

/// What Discord's events weigh, with the other fields.
const FILLER: &str = match std::str::from_utf8(&[b'.'; 900]) {
    Ok(filler) => filler,
    Err(_) => "",
};

/// What is held a minute long, with room for all of it, and with room for some seconds of it.
const CASES: [Case; 2] = [
    Case {
        name: "with-room",
        backlog: 1 << 30,
        fills: false,
    },
    Case {
        name: "without-room",
        backlog: 1 << 20,
        fills: true,
    },
];

/// What the process takes beside its events: the program, threads, TLS, what the allocator keeps.
const BARE: u64 = 64 << 20;

/// More than an event of this program is, with what it costs to keep it: a shard may take one more where
/// its room is as good as full.
const EVENT_MAX: usize = 16 << 10;

/// How late a heartbeat may be, beside what the machine itself stood still.
const LATEST: Duration = Duration::from_millis(250);

/// Events that are emitted at once, at most: some milliseconds of work.
const BATCH: usize = 64;

/// How long to rest where nothing is due.
const TICK: Duration = Duration::from_millis(1);
