//! What is in the box, what is played in it, and what is taken down.

use std::{
    fs::{self, File},
    future,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use ovenjs_mock::{Config, Discord, Endpoints, FaultMenu, Guild, Recorder, Recording, Scenario};

/// How the box is furnished; `oven mock` and `oven dev` share it.
#[derive(Args, Debug)]
pub(crate) struct Furniture {
    /// The loopback port; 0 lets the system choose
    #[arg(long)]
    port: Option<u16>,
    /// How many guilds the bot is in; 1 by default
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    guilds: Option<u16>,
    /// How many members each guild has; 5 by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    members: Option<u32>,
    /// A number that goes into ids and the made-up token, to tell boxes apart
    #[arg(long)]
    seed: Option<u64>,
    /// The token that is accepted, so that a bot still fits after the box was started anew; by
    /// default one is made up
    #[arg(long)]
    token: Option<String>,
    /// The URL on this machine that interactions are posted to instead of sent over the gateway
    #[arg(long, value_name = "URL")]
    interactions: Option<String>,
    /// Discord's own limits on requests and identifies in place of lenient ones
    #[arg(long)]
    like_discord: bool,
    /// Lets things go wrong by chance, as this seed has it; what is lost is lost, so that a step of a
    /// scenario can fail as it would for a user
    #[arg(long, value_name = "SEED")]
    faults: Option<u64>,
    /// A TOML file that says what is in the box and what happens there; when all its steps are done,
    /// the command ends, with failure if one failed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["guilds", "members", "replay"])]
    scenario: Option<PathBuf>,
    /// Takes down into this file what users do, what happens and what the bot asks for
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Does again what users did in a recording and compares what the bot asks for; the command then
    /// ends, with failure if there is a difference
    #[arg(long, value_name = "FILE", conflicts_with_all = ["guilds", "members"])]
    replay: Option<PathBuf>,
    /// Keeps the box after a scenario or a replay is over
    #[arg(long)]
    stay: bool,
}

impl Furniture {
    pub(crate) async fn start(&self) -> Result<Stage, String> {
        let (config, play) = self.read()?;
        let config = self.furnish(config);
        let by_gateway = config.endpoints.interactions.is_none();
        let discord = Discord::start(config)
            .await
            .map_err(|error| error.to_string())?;
        let record = match &self.record {
            None => None,
            Some(path) => {
                let file = File::create(path).map_err(|error| {
                    format!(
                        "the recording {} cannot be written: {error}",
                        path.display()
                    )
                })?;
                Some((discord.record(), file))
            }
        };
        Ok(Stage {
            discord,
            by_gateway,
            play,
            record,
            stay: self.stay,
        })
    }

    /// The box of the files that are named.
    fn read(&self) -> Result<(Config, Play), String> {
        if let Some(path) = &self.scenario {
            let scenario: Scenario = toml::from_str(&text(path)?)
                .map_err(|error| format!("the scenario {}: {error}", path.display()))?;
            return Ok((scenario.config(), Play::Scenario(scenario)));
        }
        if let Some(path) = &self.replay {
            let recording = Recording::read(&text(path)?).map_err(|error| {
                let is_story = path.extension().is_some_and(|end| end == "toml");
                let repair = match is_story {
                    true => "; a scenario is played with --scenario",
                    false => "",
                };
                format!("{}: {error}{repair}", path.display())
            })?;
            return Ok((recording.config(), Play::Replay(recording)));
        }
        let members = self.members.unwrap_or(5);
        let members = usize::try_from(members).unwrap_or(usize::MAX);
        let guilds = (1..=self.guilds.unwrap_or(1)).map(|number| {
            let guild = match number {
                1 => Guild::default(),
                _ => Guild::named(format!("Guild {number}")),
            };
            guild.members(members)
        });
        Ok((Config::default().guilds(guilds), Play::Nothing))
    }

    /// What the command line says goes before what the file says.
    fn furnish(&self, mut config: Config) -> Config {
        if let Some(port) = self.port {
            config = config.port(port);
        }
        if let Some(seed) = self.seed {
            config = config.seed(seed);
        }
        if let Some(token) = &self.token {
            config = config.token(token);
        }
        if let Some(url) = &self.interactions {
            config = config.endpoints(Endpoints::default().interactions(url));
        }
        if let Some(seed) = self.faults {
            config = config.faults(FaultMenu::from_seed(seed));
        }
        if self.like_discord {
            config = config.like_discord();
        }
        config
    }
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// A box with what belongs to it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) discord: Discord,
    /// Whether a bot has to connect before it hears anything.
    by_gateway: bool,
    play: Play,
    record: Option<(Recorder, File)>,
    stay: bool,
}

#[derive(Debug)]
enum Play {
    Nothing,
    Scenario(Scenario),
    Replay(Recording),
}

impl Stage {
    /// Waits for a bot.
    pub(crate) async fn bot(&self) {
        there(&self.discord, self.by_gateway).await;
    }

    /// Plays what is to be played as soon as there is a bot, and takes down what happens. Where
    /// nothing is played, it does not end.
    pub(crate) async fn play(&mut self) -> Result<(), String> {
        let Self {
            discord,
            by_gateway,
            play,
            record,
            stay,
        } = self;
        let taken_down = async {
            match record {
                None => future::pending().await,
                Some((recorder, file)) => loop {
                    let lines = recorder.next().await;
                    write(file, &lines)?;
                },
            }
        };
        let played = async {
            let outcome = perform(discord, play, *by_gateway).await;
            if *stay {
                match outcome {
                    Ok(()) => println!("The box stays. Ctrl-C ends it."),
                    Err(why) => eprintln!("oven: {why}"),
                }
                return future::pending().await;
            }
            outcome
        };
        tokio::select! {
            outcome = played => outcome,
            failed = taken_down => failed,
        }
    }

    /// Closes the box and writes what is not yet written.
    pub(crate) async fn end(self) -> Result<(), String> {
        let written = match self.record {
            Some((recorder, mut file)) => recorder
                .so_far()
                .map_or(Ok(()), |lines| write(&mut file, &lines)),
            None => Ok(()),
        };
        self.discord.stop().await;
        written
    }
}

fn write(file: &mut File, lines: &str) -> Result<(), String> {
    file.write_all(lines.as_bytes())
        .map_err(|error| format!("the recording cannot be written: {error}"))
}

/// Waits for a bot. Each wait of the box has a bound; a build has none. A bot that interactions are
/// posted to does not show itself before.
async fn there(discord: &Discord, by_gateway: bool) {
    while by_gateway && discord.wait_for_ready(1).await.is_err() {}
}

async fn perform(discord: &Discord, play: &Play, by_gateway: bool) -> Result<(), String> {
    match play {
        Play::Nothing => future::pending().await,
        Play::Scenario(scenario) if scenario.step.is_empty() => future::pending().await,
        Play::Scenario(scenario) => {
            there(discord, by_gateway).await;
            let mut performance = discord.performance();
            for (number, step) in (1..).zip(&scenario.step) {
                println!("{number:>3}  {step}");
                performance
                    .perform(step)
                    .await
                    .map_err(|error| format!("step {number}, {step}: {error}"))?;
            }
            println!("All {} steps are done.", scenario.step.len());
            Ok(())
        }
        Play::Replay(recording) => {
            there(discord, by_gateway).await;
            let replay = discord
                .replay(recording)
                .await
                .map_err(|error| error.to_string())?;
            let (steps, requests) = (replay.steps, replay.requests);
            if replay.differences.is_empty() {
                println!("{steps} steps and {requests} requests are as they were.");
                return Ok(());
            }
            let differences = replay.differences.join("\n");
            Err(format!(
                "of {steps} steps and {requests} requests, this is not as it was:\n{differences}"
            ))
        }
    }
}
