//! `oven dev`: the box and a bot that talks to it.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use clap::Args;
use ovenjs_mock::Discord;
use tokio::process::{Child, Command};

use crate::{
    furniture::{Furniture, Stage},
    mock::{Request, Signals},
};

/// What is run.
#[derive(Args, Debug)]
pub(crate) struct Dev {
    #[command(flatten)]
    furniture: Furniture,
    /// The command that runs the bot; by default `cargo run`, and the example `feedback` in OvenJS'
    /// own tree
    #[arg(last = true)]
    command: Vec<String>,
}

impl Dev {
    pub(crate) async fn run(self) -> Result<(), String> {
        let command = self.command();
        let mut signals = Signals::listen()?;
        let mut stage = self.furniture.start().await?;
        println!("\n  Discord in a box:  {}/\n", stage.discord.url());
        println!(
            "  Starting the bot with `{}`. Ctrl-C ends both.\n",
            command.join(" ")
        );
        let mut bot = start(&command, &stage.discord)?;
        let outcome = tokio::select! {
            ended = bot.wait() => bot_ended(&command, ended),
            request = signals.next() => {
                finish(&mut bot, request, &mut signals).await;
                Ok(())
            }
            outcome = perform(&mut stage) => {
                finish(&mut bot, Request::Terminate, &mut signals).await;
                outcome
            }
        };
        stage.end().await.and(outcome)
    }

    fn command(&self) -> Vec<String> {
        if !self.command.is_empty() {
            return self.command.clone();
        }
        let words = if Path::new("crates/ovenjs-core").is_dir() {
            "cargo run --package ovenjs-examples --bin feedback"
        } else {
            "cargo run"
        };
        words.split(' ').map(str::to_owned).collect()
    }
}

/// Starts the bot with what it needs to know of its Discord in the environment, and nothing else
/// changed.
fn start(command: &[String], discord: &Discord) -> Result<Child, String> {
    let (program, arguments) = command.split_first().ok_or("there is no command to run")?;
    Command::new(program)
        .args(arguments)
        .env("DISCORD_TOKEN", discord.token())
        .env("OVENJS_BASE_URL", discord.base_url())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            format!("`{program}` could not be started ({error}); name the command after `--`")
        })
}

/// Tells when the bot is there, however long its build takes, and plays what is to be played.
async fn perform(stage: &mut Stage) -> Result<(), String> {
    stage.bot().await;
    let page = stage.discord.url();
    println!("\n  The bot is there. Talk to it at  {page}/\n");
    stage.play().await
}

fn bot_ended(command: &[String], ended: std::io::Result<ExitStatus>) -> Result<(), String> {
    let command = command.join(" ");
    match ended {
        Ok(status) if status.success() => Err(format!("the bot `{command}` ended by itself")),
        Ok(status) => Err(format!(
            "the bot `{command}` failed ({status}); its own words are above"
        )),
        Err(error) => Err(format!("the bot `{command}` was lost: {error}")),
    }
}

/// Lets the bot finish in its own way; a second request is impatience, and kills it.
async fn finish(bot: &mut Child, request: Request, signals: &mut Signals) {
    if let (Request::Terminate, Some(pid)) = (request, bot.id()) {
        // A bot that cannot be told is killed below.
        drop(
            Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status()
                .await,
        );
    }
    tokio::select! {
        _ = bot.wait() => return,
        _ = signals.next() => eprintln!("oven: the bot is killed"),
        () = tokio::time::sleep(BOT_GRACE) => eprintln!(
            "oven: the bot did not stop within {} s and is killed",
            BOT_GRACE.as_secs()
        ),
    }
    // It may have ended in this moment; then there is nothing to kill.
    drop(bot.kill().await);
}

/// A little more than a bot gives its own handlers by default.
const BOT_GRACE: Duration = Duration::from_secs(12);
