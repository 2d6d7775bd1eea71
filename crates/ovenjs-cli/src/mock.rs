//! `oven mock`: the box alone.

use clap::Args;
use ovenjs_mock::{Config, Discord, Endpoints, Guild};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the box is furnished.
#[derive(Args, Debug)]
pub(crate) struct Mock {
    #[command(flatten)]
    pub(crate) furniture: Furniture,
}

/// What is in the box; shared with `oven dev`.
#[derive(Args, Debug)]
pub(crate) struct Furniture {
    /// The loopback port; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many guilds the bot is in
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    guilds: u16,
    /// How many members each guild has
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    members: u32,
    /// A number that goes into ids and the made-up token, to tell boxes apart
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The token that is accepted, so that a bot still fits after the box was started anew; by
    /// default one is made up
    #[arg(long)]
    token: Option<String>,
    /// The URL on this machine that interactions are posted to instead of sent over the gateway
    #[arg(long, value_name = "URL")]
    interactions: Option<String>,
}

impl Mock {
    pub(crate) async fn run(self) -> Result<(), String> {
        let mut signals = Signals::listen()?;
        let discord = self.furniture.start().await?;
        println!("page       {}/", discord.url());
        println!("base URL   {}      OVENJS_BASE_URL", discord.base_url());
        println!("gateway    {}", discord.gateway_url());
        println!(
            "token      {}      DISCORD_TOKEN (good for this box only)",
            discord.token()
        );
        println!("public key {}", discord.public_key());
        println!("guild      {}", discord.guild_id());
        println!("channel    {}", discord.channel_id());
        println!("Ctrl-C ends it.");
        signals.next().await;
        discord.stop().await;
        Ok(())
    }
}

impl Furniture {
    pub(crate) async fn start(&self) -> Result<Discord, String> {
        let members = usize::try_from(self.members).unwrap_or(usize::MAX);
        let guilds = (1..=self.guilds).map(|number| {
            let name = if number == 1 {
                "The Bakery".to_owned()
            } else {
                format!("Guild {number}")
            };
            Guild::named(name).members(members)
        });
        let mut config = Config::default()
            .port(self.port)
            .seed(self.seed)
            .guilds(guilds);
        if let Some(token) = &self.token {
            config = config.token(token);
        }
        if let Some(url) = &self.interactions {
            config = config.endpoints(Endpoints::default().interactions(url));
        }
        Discord::start(config)
            .await
            .map_err(|error| error.to_string())
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
