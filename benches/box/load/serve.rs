//! The process of the box: makes the world, and emits what it is told to on standard input.

use std::time::Duration;

use ovenjs_box_benches::{Result, served};
use ovenjs_mock::{Config, Discord, Guild, oracle::Oracle};
use serde::Serialize;

use crate::{Plan, unix_micros};

/// Serves until standard input ends. Each line of it is a number of events per second.
pub(crate) async fn run(plan: Plan) -> Result<()> {
    let guilds = plan.shards * plan.guilds_each;
    let config = Config::default()
        .guilds((0..guilds).map(|_| Guild::named("Kitchen")))
        .shards(plan.shards)
        .max_concurrency(16)
        .check_every(CHECK_EVERY)
        .replay_limit(REPLAY);
    let discord = Discord::start(config).await?;
    let places: Vec<Place> = discord
        .guild_ids()
        .into_iter()
        .filter_map(|guild| {
            let channel = discord.channels(guild).keys().next().copied()?;
            Some(Place {
                guild: guild.to_string(),
                channel: channel.to_string(),
            })
        })
        .collect();
    check(&places)?;
    let mut orders = served::orders(&discord);
    let mut next = 0;
    while let Some(order) = orders.recv().await {
        let rate: u32 = order.parse()?;
        let emitted = emit(&discord, &places, rate * plan.seconds, rate, &mut next).await?;
        served::answer(&emitted.to_string());
    }
    served::close(discord).await
}

/// Emits `count` events, `rate` in a second, going round the guilds.
async fn emit(
    discord: &Discord,
    places: &[Place],
    count: u32,
    rate: u32,
    next: &mut usize,
) -> Result<u32> {
    let begun = tokio::time::Instant::now();
    let mut emitted = 0;
    while emitted < count {
        let due = (begun.elapsed().as_secs_f64() * f64::from(rate)).min(f64::from(count));
        let mut batch = Vec::new();
        let now = unix_micros();
        while f64::from(emitted) < due && batch.len() < BATCH {
            // A step that has no divisor in common with the number of guilds visits all of them.
            *next = (*next + STRIDE) % places.len().max(1);
            if let Some(place) = places.get(*next) {
                batch.push(("MESSAGE_CREATE", Message::in_place(place, now)));
            }
            emitted += 1;
        }
        discord.emit_many(batch)?;
        // Sockets and timers share this thread; a late batch makes up for its delay.
        if f64::from(emitted) < due {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(TICK).await;
        }
    }
    Ok(emitted)
}

/// What is emitted is not looked at by the box, so it is looked at here, once.
fn check(places: &[Place]) -> Result<()> {
    let place = places.first().ok_or("there is no guild")?;
    let message = serde_json::to_value(Message::in_place(place, unix_micros()))?;
    match Oracle::embedded()
        .check_event("MESSAGE_CREATE", &message)
        .first()
    {
        None => Ok(()),
        Some(violation) => Err(format!("the message is none of Discord's: {violation}").into()),
    }
}

struct Place {
    guild: String,
    channel: String,
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    channel_id: &'a str,
    guild_id: &'a str,
    content: &'static str,
    /// When it was emitted, in microseconds since 1970.
    nonce: String,
    timestamp: &'static str,
    edited_timestamp: Option<()>,
    tts: bool,
    mention_everyone: bool,
    mentions: [(); 0],
    mention_roles: [(); 0],
    attachments: [(); 0],
    embeds: [(); 0],
    components: [(); 0],
    pinned: bool,
    flags: u32,
    #[serde(rename = "type")]
    kind: u32,
    author: User,
    member: Member,
}

#[derive(Serialize)]
struct User {
    id: &'static str,
    username: &'static str,
    global_name: &'static str,
    discriminator: &'static str,
    avatar: Option<()>,
    public_flags: u32,
}

#[derive(Serialize)]
struct Member {
    roles: [&'static str; 2],
    joined_at: &'static str,
    nick: Option<()>,
    avatar: Option<()>,
    premium_since: Option<()>,
    deaf: bool,
    mute: bool,
    flags: u32,
}

impl<'a> Message<'a> {
    fn in_place(place: &'a Place, now: u64) -> Self {
        Self {
            id: &place.channel,
            channel_id: &place.channel,
            guild_id: &place.guild,
            content: "The oven is at two hundred degrees, and the dough has risen for an hour.",
            nonce: now.to_string(),
            timestamp: "2026-11-21T01:47:04.123000+00:00",
            edited_timestamp: None,
            tts: false,
            mention_everyone: false,
            mentions: [],
            mention_roles: [],
            attachments: [],
            embeds: [],
            components: [],
            pinned: false,
            flags: 0,
            kind: 0,
            author: User {
                id: "81384788765712384",
                username: "ann",
                global_name: "Ann",
                discriminator: "0",
                avatar: None,
                public_flags: 0,
            },
            member: Member {
                roles: ["81384788765712385", "81384788765712386"],
                joined_at: "2020-01-01T00:00:00.000000+00:00",
                nick: None,
                avatar: None,
                premium_since: None,
                deaf: false,
                mute: false,
                flags: 0,
            },
        }
    }
}

/// One in so many of the box's own events is checked, of which there are as many as guilds.
pub(crate) const CHECK_EVERY: u32 = 100;

/// How many events a session keeps for a resume: some seconds of its share.
const REPLAY: usize = 1000;

/// Events that are emitted at once, at most: some milliseconds of work.
const BATCH: usize = 256;

/// A prime, so that neighbours in time are on different shards.
const STRIDE: usize = 7919;

/// How long to rest where nothing is due.
const TICK: Duration = Duration::from_millis(1);
