//! The box as a process of its own, which takes orders on standard input, a line each, and answers
//! each with a line.

use std::{io::BufRead as _, process::Stdio};

use ovenjs_mock::Discord;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
};

use crate::Result;

/// The process of the box, as its customer sees it. It ends with this value.
#[derive(Debug)]
pub struct Served {
    child: Child,
    orders: ChildStdin,
    words: Lines<BufReader<ChildStdout>>,
    /// Its process.
    pub process: u32,
    /// Where it listens.
    pub address: String,
    /// The bot's token.
    pub token: String,
}

impl Served {
    /// Starts this program once more as `<program> serve <words>`.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub async fn start(words: &[String]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let process = child.id().ok_or("the box has ended")?;
        let orders = child.stdin.take().ok_or("the box takes no orders")?;
        let output = child.stdout.take().ok_or("the box says nothing")?;
        let mut words = BufReader::new(output).lines();
        let first = words.next_line().await?.ok_or("the box did not start")?;
        let (address, token) = first.split_once(' ').ok_or("the box said something else")?;
        Ok(Self {
            child,
            orders,
            process,
            address: address.to_owned(),
            token: token.to_owned(),
            words,
        })
    }

    /// Gives an order and waits for the answer.
    ///
    /// # Errors
    ///
    /// When the box has ended.
    pub async fn ask(&mut self, order: &str) -> Result<String> {
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await?;
        let line = self.words.next_line().await?;
        Ok(line.ok_or("the box has ended")?)
    }

    /// Lets the box end.
    ///
    /// # Errors
    ///
    /// When it found fault with what was done to it, or with what it did.
    pub async fn end(mut self) -> Result<()> {
        drop(self.orders);
        match self.child.wait().await?.success() {
            true => Ok(()),
            false => Err("the box found a fault".into()),
        }
    }
}

/// The ids of the box's guilds, as events have them: of each shard one, where there are as many.
#[must_use]
pub fn guild_ids(discord: &Discord) -> Vec<String> {
    discord
        .guild_ids()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The orders, as the process of the box hears them; they end with its standard input.
///
/// Says first, on standard output, where the box is.
#[must_use]
pub fn orders(discord: &Discord) -> mpsc::Receiver<String> {
    answer(&format!("{} {}", discord.address(), discord.token()));
    let (sender, orders) = mpsc::channel(1);
    // Reading standard input blocks, so it has a thread, which ends with the process.
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines();
        for line in lines.map_while(std::io::Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    orders
}

/// Answers an order.
#[expect(clippy::print_stdout, reason = "the customer reads standard output")]
pub fn answer(words: &str) {
    println!("{words}");
}

/// Ends the box, and finds fault where a client broke a rule.
///
/// # Errors
///
/// When the box noted violations.
pub async fn close(discord: Discord) -> Result<()> {
    let violations = discord.violations();
    discord.stop().await;
    match violations.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} violations, the first: {first}", violations.len()).into()),
    }
}
