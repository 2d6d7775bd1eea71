//! Whether a bot's process can be replaced, and can be killed, without an event being missed.
//!
//! `cargo xtask restarts` runs it, with a process each for the box (`restarts serve`) and for the bot
//! (`restarts bot …`), of which there is one after the other. The bot tells on standard output what it
//! has handled, a line for each event, which outlives it however it ends.

#![expect(
    clippy::print_stdout,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and lets processes live for a while"
)]

mod bot;
mod serve;

use std::{
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use fastrand::Rng;
use ovenjs_box_benches::{Result, end, news::Ledger, number, served::Served};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep_until, timeout},
};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let count = |flag: &str, default: u64| number(&words, flag, default);
    let plan = Plan {
        events: count("--events", 100_000),
        rate: count("--rate", 5_000).max(1),
        replacements: count("--replacements", 3),
        kills: count("--kills", 200),
        seed: count("--seed", 1),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let role = words.first().map(String::as_str);
    let done = match runtime {
        Ok(runtime) if role == Some("serve") => runtime.block_on(serve::run()),
        Ok(runtime) if role == Some("bot") => runtime.block_on(bot::run(&words)),
        Ok(runtime) => runtime.block_on(both(&plan)),
        Err(error) => Err(error.into()),
    };
    end(done)
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    /// How many events there are while processes hand over.
    events: u64,
    /// Events in one second, over all shards.
    rate: u64,
    replacements: u64,
    kills: u64,
    /// Of the times at which processes are killed.
    seed: u64,
}

async fn both(plan: &Plan) -> Result<()> {
    hand_over(plan).await?;
    kill(plan).await
}

/// Replaces the process in good order: each event is handled once, and no session is begun anew.
async fn hand_over(plan: &Plan) -> Result<()> {
    let state = tempfile::NamedTempFile::new()?;
    let mut discord = Served::start(&[]).await?;
    let mut ledger = Ledger::default();
    let mut bot = Bot::start(&discord, state.path(), bot::HANDS_OVER)?;
    bot.wait_for(&[bot::GUILDS_ARE_HERE]).await?;
    let begun = Instant::now();
    discord
        .ask(&format!("emit {} {}", plan.events, plan.rate))
        .await?;
    let mut gaps = Vec::new();
    for step in 1..=plan.replacements {
        let share = plan.events * step / (plan.replacements + 1);
        while ledger.handled() < share {
            ledger.once(bot.next().await?.ok_or("the bot has ended")?.parse()?)?;
        }
        bot.order("go").await?;
        let mut last = Instant::now();
        while let Some(line) = bot.next().await? {
            ledger.once(line.parse()?)?;
            last = Instant::now();
        }
        bot.ends_well().await?;
        bot = Bot::start(&discord, state.path(), bot::HANDS_OVER)?;
        ledger.once(
            bot.next()
                .await?
                .ok_or("the new process has ended")?
                .parse()?,
        )?;
        gaps.push(last.elapsed());
    }
    while ledger.handled() < plan.events {
        ledger.once(bot.next().await?.ok_or("the bot has ended")?.parse()?)?;
    }
    let took = begun.elapsed();
    bot.order("go").await?;
    while let Some(line) = bot.next().await? {
        ledger.once(line.parse()?)?;
    }
    bot.ends_well().await?;
    let identifies: u64 = discord.ask("identifies").await?.parse()?;
    discord.end().await?;
    let shown: Vec<String> = gaps.iter().map(|gap| gap.as_millis().to_string()).collect();
    println!(
        "{} replacements in good order: {} events in {:.1} s, each handled once and in order; {} \
         identifies beyond the first of each shard; nothing was handled for {} ms between the \
         processes",
        plan.replacements,
        ledger.handled(),
        took.as_secs_f64(),
        identifies - u64::from(bot::SHARDS),
        shown.join(", "),
    );
    match identifies == u64::from(bot::SHARDS) {
        true => Ok(()),
        false => Err("a session was begun anew".into()),
    }
}

/// Kills the process at any time: each event is handled at least once.
async fn kill(plan: &Plan) -> Result<()> {
    let state = tempfile::NamedTempFile::new()?;
    let mut discord = Served::start(&[]).await?;
    let mut ledger = Ledger::default();
    let mut dice = Rng::with_seed(plan.seed);
    let mut bot = Bot::start(&discord, state.path(), bot::ACKNOWLEDGES)?;
    bot.wait_for(&[bot::GUILDS_ARE_HERE, bot::SAVED]).await?;
    let begun = Instant::now();
    // Endless, as far as the killing goes.
    discord
        .ask(&format!("emit {} {KILL_RATE}", u64::MAX))
        .await?;
    for _ in 0..plan.kills {
        let end = tokio::time::Instant::now() + life(&mut dice);
        loop {
            tokio::select! {
                line = bot.next() => {
                    ledger.at_least_once(line?.ok_or("the bot has ended")?.parse()?)?;
                }
                () = sleep_until(end) => break,
            }
        }
        bot.child.start_kill()?;
        // What it had said before it died counts.
        while let Some(line) = bot.next().await? {
            ledger.at_least_once(line.parse()?)?;
        }
        bot.child.wait().await?;
        bot = Bot::start(&discord, state.path(), bot::ACKNOWLEDGES)?;
    }
    let emitted: u64 = discord.ask("enough").await?.parse()?;
    while ledger.handled() < emitted {
        ledger.at_least_once(bot.next().await?.ok_or("the bot has ended")?.parse()?)?;
    }
    let took = begun.elapsed();
    bot.order("go").await?;
    while let Some(line) = bot.next().await? {
        ledger.at_least_once(line.parse()?)?;
    }
    bot.ends_well().await?;
    let identifies: u64 = discord.ask("identifies").await?.parse()?;
    discord.end().await?;
    println!(
        "{} times kill -9 in {:.1} s: {} events, each handled at least once, {} of them again; {} \
         identifies",
        plan.kills,
        took.as_secs_f64(),
        ledger.handled(),
        ledger.again(),
        identifies,
    );
    match identifies == u64::from(bot::SHARDS) {
        true => Ok(()),
        false => Err("a session was begun anew, though what is saved could be resumed".into()),
    }
}

/// The process of the bot.
struct Bot {
    child: Child,
    orders: ChildStdin,
    words: Lines<BufReader<ChildStdout>>,
}

impl Bot {
    fn start(discord: &Served, state: &std::path::Path, way: &str) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bot", &discord.address, &discord.token, way])
            .arg(state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().ok_or("the bot takes no orders")?;
        let output = child.stdout.take().ok_or("the bot says nothing")?;
        let words = BufReader::new(output).lines();
        Ok(Self {
            child,
            orders,
            words,
        })
    }

    async fn order(&mut self, order: &str) -> Result<()> {
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await?;
        Ok(())
    }

    /// What it has handled next; nothing once it has ended.
    async fn next(&mut self) -> Result<Option<String>> {
        Ok(timeout(SILENCE, self.words.next_line())
            .await
            .map_err(|_| "the bot has been silent for too long")??)
    }

    /// Waits until it has said all of these, in any order.
    async fn wait_for(&mut self, words: &[&str]) -> Result<()> {
        let mut missing = words.to_vec();
        while !missing.is_empty() {
            let line = self.next().await?.ok_or("the bot has ended")?;
            let place = missing.iter().position(|word| *word == line);
            missing.remove(place.ok_or_else(|| format!("the bot said {line:?} at its start"))?);
        }
        Ok(())
    }

    async fn ends_well(&mut self) -> Result<()> {
        match timeout(SILENCE, self.child.wait()).await??.success() {
            true => Ok(()),
            false => Err("the bot ended with an error".into()),
        }
    }
}

/// How long a process lives that is killed: most die young, some before they are connected; one in
/// four is old enough to have saved how far it came.
fn life(dice: &mut Rng) -> Duration {
    let (least, most) = match dice.f64() < 0.25 {
        true => (1_100.0, 1_500.0),
        false => (20.0, 400.0),
    };
    Duration::from_secs_f64((least + (most - least) * dice.f64()) / 1e3)
}

/// Events in one second while processes are killed.
const KILL_RATE: u64 = 500;

/// How long any wait for the bot may take.
const SILENCE: Duration = Duration::from_secs(60);
