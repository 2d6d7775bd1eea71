//! `oven mock`: the box alone.

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::furniture::Furniture;

/// How the box is furnished, and what is played in it.
#[derive(Args, Debug)]
pub(crate) struct Mock {
    #[command(flatten)]
    furniture: Furniture,
}

impl Mock {
    pub(crate) async fn run(self) -> Result<(), String> {
        let mut signals = Signals::listen()?;
        let mut stage = self.furniture.start().await?;
        let discord = &stage.discord;
        println!("page       {}/", discord.url());
        println!("base URL   {}      OVENJS_BASE_URL", discord.base_url());
        println!("gateway    {}", discord.gateway_url());
        println!(
            "token      {}      DISCORD_TOKEN (good for this box only)",
            discord.token()
        );
        println!("public key {}", discord.public_key());
        if !discord.guild_ids().is_empty() {
            println!("guild      {}", discord.guild_id());
            println!("channel    {}", discord.channel_id());
        }
        println!("Ctrl-C ends it.");
        let outcome = tokio::select! {
            outcome = stage.play() => outcome,
            _ = signals.next() => Ok(()),
        };
        stage.end().await.and(outcome)
    }
}

/// How a process is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Ctrl-C. A terminal says it to every process in front of it, so the bot has heard it too.
    Interrupt,
    /// SIGTERM, or the terminal is gone: said to this process, perhaps to no other.
    Terminate,
}

/// The signals that ask a process to end. They are listened to from the start, so that none is lost.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, String> {
        let listen =
            |kind| signal(kind).map_err(|error| format!("signals cannot be listened to: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::Interrupt,
            _ = self.terminate.recv() => Request::Terminate,
            _ = self.hang_up.recv() => Request::Terminate,
        }
    }
}
