//! What an idle bot costs: 1,000 guilds, heartbeats, and the trickle that a quiet bot hears.
//!
//! `cargo xtask bench idle` runs it. The Discord in a box is a process of its own (`idle serve`), and so
//! is the bot (`idle bot`), an ordinary one on `ovenjs_core` with one handler and the mirror on; this
//! process lets them meet, waits until the start is over, and measures the bot's whole process.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and the environment, and waits"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, ExitCode, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use ovenjs_box_benches::{cpu_time, peak_memory};
use ovenjs_core::{Answer, Bot, Cx, command, routes, types::Intents};
use ovenjs_mock::{Config, Discord, Guild};
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match *words {
        ["serve"] => serve(),
        ["bot", address, token] => bot(address, token),
        [] => measure(SECONDS),
        [seconds] => seconds.parse().map_err(Into::into).and_then(measure),
        _ => Err("usage: idle [SECONDS]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(seconds: u64) -> Result<()> {
    let program = std::env::current_exe()?;
    let mut server = Ended(
        Command::new(&program)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?,
    );
    let mut line = String::new();
    let out = server.0.stdout.take().ok_or("the box says nothing")?;
    let mut out = BufReader::new(out);
    out.read_line(&mut line)?;
    let (address, token) = line.trim().split_once(' ').ok_or("the box did not start")?;
    let bot = Ended(
        Command::new(&program)
            .args(["bot", address, token])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    // The box tells when the bot has its session.
    line.clear();
    out.read_line(&mut line)?;
    let process = bot.0.id();
    sleep(START);
    let (before, begun) = (cpu_time(process)?, Instant::now());
    sleep(Duration::from_secs(seconds));
    let used = cpu_time(process)?.saturating_sub(before);
    let percent = used.as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0;
    let verdict = if percent < GOAL_PERCENT {
        "goal met"
    } else {
        "missed"
    };
    println!(
        "an idle bot with {GUILDS} guilds: {percent:.2} % of a core over {seconds} s ({} ms of CPU), goal \
         below {GOAL_PERCENT} %: {verdict}; start {} ms of CPU, peak memory {} MB",
        used.as_millis(),
        before.as_millis(),
        peak_memory(process)? / 1_000_000,
    );
    Ok(())
}

/// The box: says where it is, tells when the bot has come, and says something now and then.
fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let guilds = (0..GUILDS).map(|_| Guild::named("Kitchen"));
        let discord = Discord::start(Config::default().guilds(guilds)).await?;
        println!("{} {}", discord.base_url(), discord.token());
        discord.wait_for_ready(1).await?;
        println!("ready");
        let closed = std::thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let guilds = discord.guild_ids();
        for guild in guilds.iter().cycle() {
            if closed.is_finished() {
                break;
            }
            let channel = discord.channels(*guild).keys().next().copied();
            let typing = json!({
                "channel_id": channel.map(|id| id.to_string()), "guild_id": guild.to_string(),
                "user_id": "81384788765712384", "timestamp": 1_790_000_000,
            });
            discord.emit_many(vec![("TYPING_START", typing)])?;
            tokio::time::sleep(TRICKLE).await;
        }
        Ok(())
    })
}

/// Pong
#[command]
async fn ping(cx: Cx) -> Answer {
    cx.reply("pong").await
}

fn bot(address: &str, token: &str) -> Result<()> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGE_TYPING;
    let bot = Bot::new().routes(routes![ping]).intents(intents);
    bot.at(address, token).run().map_err(Into::into)
}

/// A process that ends with its handle.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // One that is gone already needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const GUILDS: usize = 1000;

/// The share of a core that an idle bot may use.
const GOAL_PERCENT: f64 = 1.0;

/// How long is measured: more than one heartbeat.
const SECONDS: u64 = 60;

/// How long the guilds take to come, and the registration of the commands.
const START: Duration = Duration::from_secs(10);

/// How often something is heard.
const TRICKLE: Duration = Duration::from_secs(1);
