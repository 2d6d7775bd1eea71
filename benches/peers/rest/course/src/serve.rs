//! The process of the box.

use std::{io::Read as _, time::Duration};

use ovenjs_mock::{Bucket, Config, Discord, FaultMenu, GlobalModel, Guild, Limits, Rate};

use crate::Result;

/// Serves until standard input ends. Tells its address and token in one line and its channels in the
/// next one; at the end, what it was asked for.
pub fn run(words: &[String]) -> Result<()> {
    let [limits, channels, round_trip] = words else {
        return Err("serve wants limits, a number of channels and a round trip in ms".into());
    };
    let channels: usize = channels.parse()?;
    let round_trip: u32 = round_trip.parse()?;
    let mut menu = FaultMenu::default();
    menu.request_latency_ms = round_trip / 2;
    menu.answer_latency_ms = round_trip - round_trip / 2;
    let guilds = (0..channels.div_ceil(GUILD)).map(|guild| {
        let names = (guild * GUILD..channels.min((guild + 1) * GUILD)).map(|one| format!("c{one}"));
        Guild::named("Kitchen").channels(names)
    });
    let config = Config::default()
        .guilds(guilds)
        .faults(menu)
        .check_every(1000)
        .limits(match &**limits {
            "off" => Limits::off(),
            "aligned" => strict(GlobalModel::Aligned),
            "anchored" => strict(GlobalModel::Anchored),
            "leaky" => strict(GlobalModel::Leaky),
            other => return Err(format!("there are no limits named {other}").into()),
        });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let discord = Discord::start(config).await?;
        println!("{} {}", discord.url(), discord.token());
        let ids = discord.guild_ids().into_iter().flat_map(|guild| {
            let channels: Vec<String> = discord
                .channels(guild)
                .keys()
                .map(ToString::to_string)
                .collect();
            channels
        });
        println!("{}", ids.collect::<Vec<_>>().join(" "));
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        println!("{}", Account::of(&discord));
        discord.stop().await;
        Ok(())
    })
}

/// Five messages in five seconds for each channel, fifty requests a second for all.
fn strict(model: GlobalModel) -> Limits {
    Limits::default()
        .global_per_second(50)
        .global_model(model)
        .bucket(Bucket::of([POST], Rate::fixed(5, Duration::from_secs(5))))
}

/// What the box was asked for.
struct Account {
    delivered: usize,
    /// 429s by a channel's limit, and by that of all.
    limited: usize,
    globally: usize,
    other: usize,
    /// By the calendar, in milliseconds: when the first message was delivered.
    first_ms: u64,
}

impl Account {
    fn of(discord: &Discord) -> Self {
        let mut account = Self {
            delivered: 0,
            limited: 0,
            globally: 0,
            other: 0,
            first_ms: u64::MAX,
        };
        for request in discord.requests() {
            match request.status {
                200 => {
                    account.delivered += 1;
                    let id = request
                        .answer
                        .text("/id")
                        .and_then(|id| id.parse::<u64>().ok());
                    account.first_ms = account.first_ms.min(id.map_or(u64::MAX, |id| id >> 22));
                }
                429 if request.answer.flag("/global") == Some(true) => account.globally += 1,
                429 => account.limited += 1,
                _ => account.other += 1,
            }
        }
        account
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            delivered,
            limited,
            globally,
            other,
            first_ms,
        } = self;
        write!(f, "{delivered} {limited} {globally} {other} {first_ms}")
    }
}

/// Channels of a guild; Discord lets one have 500.
const GUILD: usize = 50;

const POST: &str = "POST /channels/{channel_id}/messages";
