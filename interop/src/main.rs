//! Runs the bots that are programs of other languages: `ovenjs-interop FOLDER`.
//!
//! `cargo xtask interop` fills the folder and starts this. Each bot is a child process with a mock of
//! its own; the child ends when its standard input does, and is killed where it does not.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who runs it"
)]

use anyhow::{Context as _, Result, bail, ensure};
use ovenjs_interop::exemption::{self, Exemption, Tally};
use ovenjs_mock::Discord;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A bot and how it is started.
#[derive(Debug)]
struct Bot {
    name: &'static str,
    /// The folder below the one that `cargo xtask interop` fills; `program` is looked for in it
    /// first.
    folder: &'static str,
    program: &'static str,
    script: &'static str,
    compression: &'static str,
    /// Whether its requests go through `oven proxy`.
    proxied: bool,
    /// What its library does wrong by itself.
    exemptions: &'static [Exemption],
    /// How many different operations it drives at least.
    operations: usize,
}

const BOTS: &[Bot] = &[
    Bot {
        name: "discord.js",
        folder: "discord-js",
        program: "node",
        script: "bot.js",
        // Its compression takes an addon that has to be compiled.
        compression: "none",
        proxied: false,
        exemptions: exemption::DISCORD_JS,
        operations: 138,
    },
    Bot {
        name: "discord.py, zlib",
        folder: "discord-py",
        program: "bin/python",
        script: "bot.py",
        compression: "zlib-stream",
        proxied: false,
        exemptions: exemption::DISCORD_PY,
        operations: 130,
    },
    Bot {
        name: "discord.py, zstd",
        folder: "discord-py",
        program: "bin/python",
        script: "bot.py",
        compression: "zstd-stream",
        proxied: false,
        exemptions: exemption::DISCORD_PY,
        operations: 130,
    },
    Bot {
        name: "discord.js, proxied",
        folder: "discord-js",
        program: "node",
        script: "bot.js",
        compression: "none",
        proxied: true,
        exemptions: exemption::DISCORD_JS,
        operations: 138,
    },
    Bot {
        name: "discord.py, proxied",
        folder: "discord-py",
        program: "bin/python",
        script: "bot.py",
        compression: "zlib-stream",
        proxied: true,
        exemptions: exemption::DISCORD_PY,
        operations: 130,
    },
    Bot {
        name: "hikari",
        folder: "hikari",
        program: "bin/python",
        script: "bot.py",
        compression: "zlib-stream",
        proxied: false,
        exemptions: exemption::HIKARI,
        operations: 115,
    },
];

/// How long one bot may take with everything. Each wait inside has a shorter bound of its own; this
/// one is for what has none.
const WHOLE_STORY: Duration = Duration::from_secs(150);

/// How long a bot may take to end after its connection is gone.
const ENDING: Duration = Duration::from_secs(10);

/// How much of a failed bot's output is shown.
const SHOWN_LINES: usize = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1);
    let Some(Ok(folder)) = folder.map(std::path::absolute) else {
        eprintln!("usage: ovenjs-interop FOLDER (cargo xtask interop fills one and runs this)");
        return ExitCode::FAILURE;
    };
    let mut rows = Vec::new();
    for bot in BOTS {
        println!("{}", bot.name);
        let mut row = Row::default();
        let outcome = tokio::time::timeout(WHOLE_STORY, run(bot, &folder, &mut row)).await;
        let outcome = outcome.unwrap_or_else(|_| bail_late());
        if let Err(error) = &outcome {
            eprintln!("  FAILED: {error:#}");
        }
        row.passed = outcome.is_ok();
        rows.push((bot, row));
    }
    println!();
    println!("                                                  violations");
    println!("bot                   steps  operations  by mock  by bot  exempted");
    for (
        bot,
        Row {
            steps,
            tally,
            passed,
        },
    ) in &rows
    {
        println!(
            "{:<20} {steps:>6} {:>11} {:>8} {:>7} {:>9}{}",
            bot.name,
            tally.operations,
            tally.of_the_mock,
            tally.of_the_bot,
            tally.exempted,
            if *passed { "" } else { "  FAILED" }
        );
    }
    if rows.iter().all(|(_, row)| row.passed) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What came of one bot.
#[derive(Debug, Default)]
struct Row {
    steps: usize,
    tally: Tally,
    passed: bool,
}

fn bail_late() -> Result<()> {
    bail!("the story did not end within {} s", WHOLE_STORY.as_secs())
}

async fn run(bot: &Bot, folder: &Path, row: &mut Row) -> Result<()> {
    let mut told = |step: &str| {
        row.steps += 1;
        println!("  {step}");
    };
    let discord = ovenjs_interop::discord().await?;
    let log = folder.join(format!("{}.log", bot.name.replace(", ", "-")));
    let proxy = match bot.proxied {
        true => Some(proxy(&discord).await?),
        false => None,
    };
    let api = proxy.as_ref().map(|(_, api)| api.clone());
    let api = api.unwrap_or_else(|| discord.base_url());
    let mut child = start(bot, folder, &log, &discord, &api)?;
    let story = async {
        ovenjs_interop::play(&discord, bot.compression, &mut told).await?;
        ovenjs_interop::works(&discord, &mut told).await?;
        ovenjs_interop::feasts(&discord, &mut told).await?;
        ovenjs_interop::counts(&discord, &mut told).await?;
        ovenjs_interop::endures(&discord, &mut told).await?;
        // Dropping the pipe is how the bot is asked to leave.
        drop(child.stdin.take());
        ovenjs_interop::leaves(&discord, &mut told).await?;
        ovenjs_interop::keeps_to_the_rules(&discord, bot.operations, bot.exemptions)
    };
    let outcome = story.await;
    let ended = end(&mut child).await;
    row.tally = exemption::tally(&discord, bot.exemptions);
    if outcome.is_err() || ended.is_err() {
        for violation in discord.violations() {
            eprintln!("  the mock broke a rule: {violation}");
        }
        for warning in discord.warnings() {
            eprintln!("  the mock warns: {warning}");
        }
        show_end_of(&log);
    }
    discord.stop().await;
    outcome.and(ended)
}

/// Starts `oven proxy`, which is built beside this program; its process, and the base URL that it has.
async fn proxy(discord: &Discord) -> Result<(Child, String)> {
    let oven = std::env::current_exe()?.with_file_name("oven");
    let mut proxy = Command::new(oven)
        .args(["proxy", "--listen", "127.0.0.1:0"])
        .env_remove("DISCORD_TOKEN")
        .env("OVENJS_BASE_URL", discord.base_url())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("`oven` cannot be started; `cargo xtask interop` builds it")?;
    let output = proxy.stdout.take().context("the proxy says nothing")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(rest) = line.strip_prefix("base URL") {
            let url = rest
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned();
            return Ok((proxy, url));
        }
    }
    bail!("the proxy ended before it said where it is")
}

fn start(bot: &Bot, folder: &Path, log: &Path, discord: &Discord, api: &str) -> Result<Child> {
    let folder = folder.join(bot.folder);
    let own = folder.join(bot.program);
    let program = if own.exists() {
        own
    } else {
        PathBuf::from(bot.program)
    };
    let output = std::fs::File::create(log).context("the bot's log cannot be written")?;
    let errors = output
        .try_clone()
        .context("the bot's log cannot be shared")?;
    Command::new(program)
        .arg(bot.script)
        .current_dir(&folder)
        .env("DISCORD_TOKEN", discord.token())
        .env("OVENJS_API_URL", api)
        .env("OVENJS_GATEWAY_URL", discord.gateway_url())
        .env(
            "INTEROP_TRANSPORT",
            bot.compression.trim_end_matches("-stream"),
        )
        // A proxy of this machine must not get to see the loopback's traffic.
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", bot.program))
}

/// Waits for a bot that has been asked to leave. One that failed was not asked, and is killed.
async fn end(child: &mut Child) -> Result<()> {
    if child.stdin.is_some() {
        return child.kill().await.context("the bot cannot be ended");
    }
    match tokio::time::timeout(ENDING, child.wait()).await {
        Ok(status) => {
            let status = status.context("the bot's end cannot be waited for")?;
            ensure!(status.success(), "the bot ended with {status}");
            Ok(())
        }
        Err(_) => {
            child.kill().await.context("the bot cannot be ended")?;
            bail!(
                "the bot still ran {} s after it was asked to leave",
                ENDING.as_secs()
            )
        }
    }
}

fn show_end_of(log: &Path) {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let first = lines.len().saturating_sub(SHOWN_LINES);
    eprintln!("  the end of its output ({}):", log.display());
    for line in lines.iter().skip(first) {
        eprintln!("  | {line}");
    }
}
