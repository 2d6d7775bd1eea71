//! The process of the box: emits numbered events to each shard's guild.

use std::time::Duration;

use ovenjs_box_benches::{
    Result,
    news::{NEWS, News, Numbered},
    served,
};
use ovenjs_mock::{Config, Discord, Guild};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::bot::SHARDS;

/// Serves orders: `emit <count> <rate>`, `enough` (which tells how many were emitted) and
/// `identifies`.
pub(crate) async fn run() -> Result<()> {
    let config = Config::default()
        .guilds((0..SHARDS).map(|_| Guild::named("Kitchen")))
        .shards(SHARDS)
        .max_concurrency(16)
        .trim_replay(true)
        .replay_limit(REPLAY);
    let discord = Discord::start(config).await?;
    let guilds = served::guild_ids(&discord);
    let mut orders = served::orders(&discord);
    let mut emission = Emission::default();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { break };
                let words: Vec<&str> = order.split(' ').collect();
                match words.as_slice() {
                    ["emit", count, rate] => {
                        emission = Emission::of(count.parse()?, rate.parse()?);
                        served::answer("begun");
                    }
                    ["enough"] => {
                        emission.count = emission.emitted;
                        served::answer(&emission.emitted.to_string());
                    }
                    ["identifies"] => served::answer(&discord.identifies().to_string()),
                    _ => return Err(format!("there is no order {order}").into()),
                }
            }
            now = tick.tick() => emission.go_on(&discord, &guilds, now)?,
        }
    }
    served::close(discord).await
}

#[derive(Default)]
struct Emission {
    begun: Option<Instant>,
    count: u64,
    /// Events in a second.
    rate: u64,
    emitted: u64,
}

impl Emission {
    fn of(count: u64, rate: u64) -> Self {
        Self {
            begun: Some(Instant::now()),
            count,
            rate,
            emitted: 0,
        }
    }

    /// Emits what is due, the shards in turn.
    fn go_on(&mut self, discord: &Discord, guilds: &[String], now: Instant) -> Result<()> {
        let Some(begun) = self.begun else {
            return Ok(());
        };
        let millis = u64::try_from((now - begun).as_millis())?;
        let due = (millis * self.rate / 1000).min(self.count);
        let mut batch = Vec::new();
        while self.emitted < due {
            let shards = u64::from(SHARDS);
            let place = self.emitted % shards;
            let guild_id = guilds.get(usize::try_from(place)?).ok_or("no such guild")?;
            let number = self.emitted / shards + 1;
            let news = News {
                number: Numbered { place, number },
                guild_id,
                filler: "",
            };
            batch.push((NEWS, news));
            self.emitted += 1;
        }
        discord.emit_many(batch)?;
        Ok(())
    }
}

/// Ten seconds of the fastest emission, for one shard: far more than a replacement takes.
const REPLAY: usize = 50_000;

const TICK: Duration = Duration::from_millis(5);
