//! `oven proxy`: Discord's REST API for bots in any language, with its limits kept.
//!
//! A bot sends what it would send to Discord; `asked` says what that is for Discord, `relay` hands it to the client of
//! its token, and `answer` gives back what Discord said. What is not here: any rule of a limit. Those are
//! `ovenjs-rest`'s, which counts a raw request as the operation that it is.

mod answer;
mod asked;
mod bodies;
mod bygone;
mod metrics;
mod patient;
mod relay;
mod server;
mod tenants;
mod visitors;

use std::{
    env, fs,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use ovenjs_core::{net, types::Secret};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::mock::Signals;
use relay::{Doors, Relay, Rules};
use server::{Server, listen};

pub(crate) const ABOUT: &str = "\
Keeps Discord's limits for bots in any language: a proxy in front of its REST API

Set the base URL of your bot's library to http://127.0.0.1:4160/api (or …/api/v10, as the library has it) \
and switch its own limiter off where it lets you. Requests wait here for their turn, leave so that they \
arrive when Discord's window begins, and are repeated where that does no harm. Several processes behind one \
proxy share what there is.

The token is the one that the bot sends; the proxy keeps limits for each. Where a bot sends none, the one of \
DISCORD_TOKEN or of --token-file is shown. OVENJS_PROXY \
names an HTTP proxy on the way to Discord.

A request may say
  x-oven-priority: interactive | normal | bulk   what leaves first (answers to interactions are interactive)
  x-oven-deadline: 2.5                           seconds it may take; if its turn comes later, it is answered
                                                 at once by a 429 that says when it would come
Answers that are not Discord's have the header x-oven-refused with the reason in a word.

docs/proxy.md of the repository says how to point discord.js, discord.py and twilight at it.";

/// Where it listens, and by which bounds.
#[derive(Args, Debug)]
pub(crate) struct Proxy {
    /// The address that bots send to; port 0 lets the system choose
    #[arg(
        long,
        env = "OVENJS_LISTEN",
        hide_env_values = true,
        default_value = "127.0.0.1:4160"
    )]
    listen: SocketAddr,
    /// An address of its own for /metrics, /health and /why, which else are on the one that bots send to
    #[arg(
        long,
        env = "OVENJS_WATCH",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    watch: Option<SocketAddr>,
    /// A file with the token for bots that send none, instead of DISCORD_TOKEN
    #[arg(
        long,
        env = "OVENJS_TOKEN_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    token_file: Option<PathBuf>,
    /// Takes requests from other machines while having a token for those who send none: whoever reaches
    /// the address can act as the bot
    #[arg(long)]
    open: bool,
    /// A name by which bots reach the proxy, where it has dots and the proxy a token for those who send none;
    /// by addresses and names without dots it is reached in any case. Can be given several times
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Where Discord's API is
    #[arg(
        long,
        env = "OVENJS_BASE_URL",
        hide_env_values = true,
        value_name = "URL",
        default_value = ovenjs_core::rest::DEFAULT_BASE_URL
    )]
    base_url: String,
    /// The seconds that a request may take in all, waiting included, if it does not say
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    deadline: u32,
    /// The seconds for which it goes on taking requests once it is asked to stop, while /health says so: as
    /// long as whatever sends bots here takes to notice
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    drain: u32,
    /// The seconds that requests under way have to end when the proxy is asked to stop
    #[arg(long, value_name = "SECONDS", default_value = "25")]
    grace: u32,
    /// Requests per second of one token over all routes, if Discord has raised them
    #[arg(long, value_name = "REQUESTS", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    global_per_second: u32,
    /// Hands the headers x-ratelimit-* on, for a bot that goes by them although the proxy does
    #[arg(long)]
    limit_headers: bool,
    /// The most connections of bots; more wait to be taken
    #[arg(long, default_value = "4096", value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// The most requests under way, waiting ones included; more are answered by 503. Each has a connection
    #[arg(long, default_value = "4000", value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// The longest body of a request, in MiB
    #[arg(long, value_name = "MIB", default_value = "30", value_parser = clap::value_parser!(u16).range(1..))]
    body_mb: u16,
    /// The most that the bodies of all requests under way take, in MiB
    #[arg(long, value_name = "MIB", default_value = "512", value_parser = clap::value_parser!(u16).range(1..))]
    bodies_mb: u16,
    /// The most tokens whose limits are kept at a time
    #[arg(long, default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    tokens: u16,
    /// What is logged: off, error, warn, info, debug or trace; or that by part, such as
    /// oven=debug,ovenjs_rest=info
    #[arg(long, env = "OVENJS_LOG", hide_env_values = true, value_name = "LEVEL", default_value = "warn", value_parser = log_filter)]
    log: Targets,
}

impl Proxy {
    pub(crate) async fn run(self) -> Result<(), String> {
        let mut signals = Signals::listen()?;
        self.log();
        self.make_room();
        let token = self.token()?;
        if token.is_some() && !self.open && !self.listen.ip().is_loopback() {
            return Err(format!(
                "whoever reaches {} could act as the bot, since the proxy has its token; let bots send \
                 it themselves, listen on 127.0.0.1, or say --open where the network is yours",
                self.listen
            ));
        }
        let has_token = token.is_some();
        let relay = Arc::new(Relay::new(self.rules(token)?));
        relay.check().map_err(|error| error.to_string())?;
        let (listener, address) = listen(self.listen).await?;
        let (mut doors, mut watch) = (Doors::All, address);
        let mut listeners = Vec::new();
        if let Some(wanted) = self.watch {
            let (listener, address) = listen(wanted).await?;
            listeners.push((listener, Doors::Watch));
            (doors, watch) = (Doors::Api, address);
        }
        listeners.push((listener, doors));
        let whose = if has_token {
            "the proxy's, where a bot sends none"
        } else {
            "each bot sends its own"
        };
        // Whoever started it may stop reading once they know where it is.
        let _ = writeln!(
            io::stdout(),
            "base URL   http://{address}/api      instead of {}\n\
             metrics    http://{watch}/metrics\n\
             health     http://{watch}/health      /why tells what requests wait for\n\
             token      {whose}\n\
             Ctrl-C ends it.",
            self.base_url
        );
        let server = Server::new(relay, listeners, self.connections.into());
        let drain = Duration::from_secs(self.drain.into());
        let grace = Duration::from_secs(self.grace.into());
        if !server.run(&mut signals, drain, grace).await {
            eprintln!("oven: some requests did not end in time and are dropped");
        }
        Ok(())
    }

    /// Raises how many connections the system lets this process have, where it may: many systems begin with
    /// a thousand. Where it may not, connections wait to be taken.
    fn make_room(&self) {
        let wanted = u64::from(self.connections) + OWN_FILES;
        let now = getrlimit(Resource::Nofile);
        let most = now.maximum.unwrap_or(wanted);
        if now
            .current
            .is_some_and(|current| current < wanted.min(most))
        {
            let current = Some(wanted.min(most));
            if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current, ..now }) {
                tracing::warn!(%error, "the number of open files could not be raised");
            }
        }
    }

    fn log(&self) {
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(io::stderr)
            .with_filter(self.log.clone());
        // Nobody else in this process installs one.
        drop(tracing_subscriber::registry().with(lines).try_init());
    }

    /// The header for those who send none.
    fn token(&self) -> Result<Option<Secret>, String> {
        let text = Secret::new(match &self.token_file {
            Some(path) => fs::read_to_string(path).map_err(|error| {
                format!("the token file {} cannot be read: {error}", path.display())
            })?,
            None => variable("DISCORD_TOKEN"),
        });
        let token = text.expose();
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        Ok((!token.is_empty()).then(|| Secret::new(format!("Bot {token}"))))
    }

    fn rules(&self, token: Option<Secret>) -> Result<Rules, String> {
        let way_out = variable("OVENJS_PROXY");
        let mut net = net::Config::new();
        if !way_out.is_empty() {
            let parsed = net::Proxy::parse(&way_out);
            net = net.proxy(parsed.map_err(|error| format!("OVENJS_PROXY: {error}"))?);
        }
        let mib = |mib: u16| usize::from(mib) << 20;
        Ok(Rules {
            token,
            hosts: self.host.clone(),
            base_url: self.base_url.clone(),
            net,
            deadline: Duration::from_secs(self.deadline.into()),
            global_per_second: self.global_per_second,
            keeps_limits: self.limit_headers,
            requests_max: usize::try_from(self.requests).unwrap_or(usize::MAX),
            body_max: mib(self.body_mb),
            bodies_max: mib(self.bodies_mb),
            tokens_max: self.tokens.into(),
        })
    }
}

/// A word alone is a level: taken for a part, a misspelt one would silence the proxy.
fn log_filter(text: &str) -> Result<Targets, String> {
    if text.contains('=') {
        return text.parse().map_err(|error| format!("{error}"));
    }
    let level: Result<LevelFilter, _> = text.parse();
    let level = level.map_err(|_| "the levels are off, error, warn, info, debug and trace")?;
    Ok(Targets::new().with_default(level))
}

/// Files beside the connections of bots: those to Discord, a few for each of some tokens.
const OWN_FILES: u64 = 1024;

/// A variable of the environment; empty where there is none. What holds a secret is no flag: those can be
/// read by everyone on the machine.
#[expect(clippy::disallowed_methods, reason = "the command line's own settings")]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
