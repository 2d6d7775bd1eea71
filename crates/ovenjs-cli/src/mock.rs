//! `oven mock`: the box alone.

use clap::Args;
use ovenjs_mock::{Config, Discord, Guild};

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
    #[arg(long, default_value_t = 5)]
    members: usize,
    /// Where ids and the token come from: the same number gives the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Mock {
    pub(crate) async fn run(self) -> Result<(), String> {
        let discord = self.furniture.start().await?;
        println!("page       {}/", discord.url());
        println!("base URL   {}      OVENJS_BASE_URL", discord.base_url());
        println!("gateway    {}", discord.gateway_url());
        println!(
            "token      {}      DISCORD_TOKEN (good for this box only)",
            discord.token()
        );
        println!("guild      {}", discord.guild_id());
        println!("channel    {}", discord.channel_id());
        println!("Ctrl-C ends it.");
        interrupted().await;
        discord.stop().await;
        Ok(())
    }
}

impl Furniture {
    pub(crate) async fn start(&self) -> Result<Discord, String> {
        let guilds = (1..=self.guilds).map(|number| {
            let name = if number == 1 {
                "The Bakery".to_owned()
            } else {
                format!("Guild {number}")
            };
            Guild::named(name).members(self.members)
        });
        let config = Config::default()
            .port(self.port)
            .seed(self.seed)
            .guilds(guilds);
        Discord::start(config)
            .await
            .map_err(|error| format!("{error}; choose another --port"))
    }
}

/// Done when the person at the terminal has had enough.
pub(crate) async fn interrupted() {
    // Without a signal handler Ctrl-C ends the process, which is what it is for.
    drop(tokio::signal::ctrl_c().await);
}
