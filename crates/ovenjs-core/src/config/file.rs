//! The file's part of the configuration.

use std::{net::IpAddr, num::NonZeroU32, path::Path, time::Duration};

use ovenjs_cache::mirror::Field;
use ovenjs_rest::Compressed;
use ovenjs_types::{Id, Intents, Secret, marker::GuildMarker};
use serde::Deserialize;

use super::{
    BusConfig, Compression, Config, IdentifyQueue, LimitsShared, Register, SecondTier, StateStore,
    ThirdTier,
};
use crate::Error;

/// Applies the text of a file. Relative paths in it start at `folder`.
pub(super) fn apply(
    config: &mut Config,
    text: &str,
    name: &str,
    folder: &Path,
) -> Result<(), Error> {
    // The error's own rendering quotes the line, which may hold the token; only its message and
    // place are passed on.
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            1 + text
                .bytes()
                .take(span.start)
                .filter(|byte| *byte == b'\n')
                .count()
        });
        Error::configuration(format!(
            "{name}, line {line}: {}",
            masked(error.message(), text)
        ))
    })?;
    if let Some(path) = &file.token_file {
        let path = folder.join(path);
        let token = std::fs::read_to_string(&path).map_err(|e| {
            Error::configuration(format!(
                "{name}: token_file {} cannot be read ({e}); write the token there or mend the path",
                path.display()
            ))
        })?;
        config.token = Some(Secret::new(token));
    }
    set(&mut config.token, file.token.map(Some));
    if let Some(url) = &file.base_url {
        config.base_url = super::without_credentials(&format!("{name}: base_url"), url.trim())?;
    }
    set(&mut config.proxy, file.proxy.map(Some));
    set(
        &mut config.memory_max,
        file.memory_max_mb.map(|mb| Some(u64::from(mb.get()) << 20)),
    );
    set(&mut config.redis, file.redis.map(Some));
    set(&mut config.nats, file.nats.map(Some));
    set(&mut config.database, file.database.map(Some));
    set(&mut config.allow_plain, file.allow_plain);
    if let Some(path) = &file.roots {
        let path = folder.join(path);
        let roots = std::fs::read(&path).map_err(|e| {
            Error::configuration(format!(
                "{name}: roots {} cannot be read ({e}); write certificates in PEM there or mend the path",
                path.display()
            ))
        })?;
        config.roots = Some(roots);
    }
    set(&mut config.bus, file.bus.map(BusConfig::from));

    set(&mut config.gateway.shards, file.gateway.shards.map(Some));
    if let Some(shards) = config
        .gateway
        .shards
        .filter(|n| !(1..=SHARDS_MAX).contains(n))
    {
        return Err(Error::configuration(format!(
            "{name}: [gateway] shards is {shards}; leave it out to follow Discord's advice, or set \
             1 or more, up to {SHARDS_MAX}"
        )));
    }
    if let Some([first, behind]) = file.gateway.shard_range {
        config.gateway.shard_range = Some(first..behind);
    }
    set(
        &mut config.gateway.identify,
        file.gateway.identify.map(IdentifyQueue::from),
    );
    if let Some(wanted) = file.gateway.compression {
        config.gateway.compression = wanted.compression().ok_or_else(|| {
            Error::configuration(format!(
                "{name}: [gateway] compression is {wanted:?}, which this build leaves out: turn on the \
                 feature of that name of ovenjs-core, or leave it out for the best that there is"
            ))
        })?;
    }
    if let Some(mb) = file.gateway.backlog_mb {
        config.gateway.backlog_bytes = Some(bytes(mb));
    }
    let millis = |ms: Option<u64>| ms.map(Duration::from_millis);
    set(
        &mut config.gateway.backoff.0,
        millis(file.gateway.backoff_base_ms),
    );
    set(
        &mut config.gateway.backoff.1,
        millis(file.gateway.backoff_max_ms),
    );
    let (base, max) = config.gateway.backoff;
    if base.is_zero() || max < base {
        return Err(Error::configuration(format!(
            "{name}: [gateway] backoff_base_ms is {} and backoff_max_ms is {}; the first must be 1 \
             or more and at most the second",
            base.as_millis(),
            max.as_millis()
        )));
    }
    let beside = |path: Option<String>| path.map(|path| Some(folder.join(path)));
    let state = file.gateway.state.map(|state| match state {
        StateName::File(path) => StateStore::File(folder.join(path)),
        StateName::In { redis } => StateStore::Redis(redis),
    });
    set(&mut config.gateway.state, state.map(Some));
    set(
        &mut config.gateway.hand_over,
        beside(file.gateway.hand_over),
    );
    set(
        &mut config.gateway.at_least_once,
        file.gateway.at_least_once,
    );
    for intent in file.gateway.intents {
        let known = Intents::KNOWN.iter().find(|(name, _)| *name == intent);
        let (_, flag) = known.ok_or_else(|| {
            Error::configuration(format!(
                "{name}: [gateway] intents: there is no intent `{intent}`; the intents are {}",
                Intents::all()
            ))
        })?;
        config.gateway.intents.insert(*flag);
    }

    set(
        &mut config.rest.limits,
        file.rest.limits.map(LimitsShared::from),
    );
    set(
        &mut config.rest.compressed,
        file.rest.compressed.map(Compressed::from),
    );
    set(&mut config.rest.bind, file.rest.bind.map(Some));

    set(
        &mut config.commands.register,
        file.commands.register.map(Register::from),
    );
    set(&mut config.commands.prune, file.commands.prune);

    let (keep, kept) = (&mut config.mirror, file.mirror);
    set(&mut keep.members, kept.members);
    set(&mut keep.presences, kept.presences);
    set(&mut keep.voice_states, kept.voice_states);
    set(&mut keep.expressions, kept.expressions);
    set(&mut keep.scheduled_events, kept.scheduled_events);
    set(&mut keep.seen_members, kept.seen_members);
    set(
        &mut keep.members_per_guild,
        kept.members_per_guild.map(Some),
    );
    set(&mut keep.invites, kept.invites);
    set(&mut keep.messages, kept.messages);
    set(&mut keep.messages_in_all, kept.messages_in_all.map(Some));
    set(
        &mut keep.messages_for,
        kept.messages_for_s.map(Duration::from_secs).map(Some),
    );
    set(&mut keep.reactions, kept.reactions);
    set(&mut keep.poll_votes, kept.poll_votes);
    for word in kept.without {
        let known = Field::ALL.iter().find(|field| field.word() == word);
        let field = known.ok_or_else(|| {
            let words: Vec<&str> = Field::ALL.iter().map(|field| field.word()).collect();
            Error::configuration(format!(
                "{name}: [mirror] without: there is no field `{word}`; the fields are {}",
                words.join(", ")
            ))
        })?;
        keep.without = keep.without.with(*field);
    }
    set(&mut keep.bytes, kept.memory_mb.map(|mb| Some(bytes(mb))));

    let (tiers, told) = (&mut config.tiers, file.tiers);
    let second = told
        .second
        .map(|SecondName { redis }| SecondTier::Redis(redis));
    set(&mut tiers.second, second.map(Some));
    let third = told.third.map(|third| match third {
        ThirdName::File(path) => ThirdTier::File(folder.join(path)),
        ThirdName::In { database } => ThirdTier::Database(database),
    });
    set(&mut tiers.third, third.map(Some));
    set(&mut tiers.journal, beside(told.journal));
    let memory = told.memory_mb.map(|mb| Some(u64::from(mb.get()) << 20));
    set(&mut tiers.memory, memory);
    let deadline = |ms: Option<NonZeroU32>| millis(ms.map(|ms| ms.get().into())).map(Some);
    set(
        &mut tiers.second_deadline,
        deadline(told.second_deadline_ms),
    );
    set(&mut tiers.third_deadline, deadline(told.third_deadline_ms));
    let idle = told
        .away_after_s
        .map(|s| Duration::from_secs(s.get().into()));
    set(&mut tiers.away_after, idle.map(Some));

    let live = &mut config.live;
    set(
        &mut live.commands.defer_after,
        millis(file.live.defer_after_ms),
    );
    set(&mut live.commands.apology, file.live.apology);
    set(&mut live.commands.gone, file.live.gone.map(Some));
    set(&mut live.rest.retries, file.live.retries);
    set(
        &mut live.rest.gather_deletes,
        millis(file.live.gather_deletes_ms).map(|window| (!window.is_zero()).then_some(window)),
    );
    set(&mut live.rest.inspect_each, file.live.inspect_each);
    set(&mut live.bot.stop_after, millis(file.live.stop_after_ms));
    Ok(())
}

/// So many MiB in bytes, or all that can be said.
fn bytes(mb: NonZeroU32) -> usize {
    let mb = usize::try_from(mb.get()).ok();
    mb.and_then(|mb| mb.checked_mul(1 << 20))
        .unwrap_or(usize::MAX)
}

/// The file as written. Unknown keys are refused: a misspelt setting must not be silently ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    token: Option<Secret>,
    token_file: Option<String>,
    base_url: Option<String>,
    proxy: Option<Secret>,
    memory_max_mb: Option<NonZeroU32>,
    roots: Option<String>,
    redis: Option<Secret>,
    nats: Option<Secret>,
    database: Option<Secret>,
    allow_plain: Option<bool>,
    bus: Option<Bus>,
    #[serde(default)]
    gateway: Gateway,
    #[serde(default)]
    rest: Rest,
    #[serde(default)]
    commands: Commands,
    #[serde(default)]
    mirror: Mirror,
    #[serde(default)]
    tiers: Tiers,
    #[serde(default)]
    live: Live,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gateway {
    shards: Option<u32>,
    shard_range: Option<[u32; 2]>,
    identify: Option<Among>,
    compression: Option<CompressionName>,
    backlog_mb: Option<NonZeroU32>,
    backoff_base_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    state: Option<StateName>,
    hand_over: Option<String>,
    at_least_once: Option<bool>,
    #[serde(default)]
    intents: Vec<String>,
}

/// A path, or `{ redis = "…" }`.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the path of a file, or { redis = \"a name\" }"
)]
enum StateName {
    File(String),
    In { redis: String },
}

/// Within this process, or among all that say one name: `"process"`, or `{ redis = "…" }`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Among {
    Process,
    Redis(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    limits: Option<Among>,
    compressed: Option<CompressedName>,
    bind: Option<IpAddr>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CompressedName {
    Never,
    Large,
    Always,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bus {
    over: BusName,
    room: String,
    member: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum BusName {
    Redis,
    Nats,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CompressionName {
    None,
    Zlib,
    Zstd,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commands {
    register: Option<RegisterName>,
    prune: Option<bool>,
}

/// `"off"`, `"global"`, or `{ guild = "…" }`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RegisterName {
    Off,
    Global,
    Guild(Id<GuildMarker>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mirror {
    members: Option<bool>,
    presences: Option<bool>,
    voice_states: Option<bool>,
    expressions: Option<bool>,
    scheduled_events: Option<bool>,
    seen_members: Option<bool>,
    members_per_guild: Option<usize>,
    invites: Option<bool>,
    messages: Option<usize>,
    messages_in_all: Option<usize>,
    messages_for_s: Option<u64>,
    reactions: Option<bool>,
    poll_votes: Option<bool>,
    #[serde(default)]
    without: Vec<String>,
    memory_mb: Option<NonZeroU32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tiers {
    second: Option<SecondName>,
    third: Option<ThirdName>,
    journal: Option<String>,
    memory_mb: Option<NonZeroU32>,
    second_deadline_ms: Option<NonZeroU32>,
    third_deadline_ms: Option<NonZeroU32>,
    away_after_s: Option<NonZeroU32>,
}

/// `{ redis = "…" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondName {
    redis: String,
}

/// A path, or `{ database = "…" }`.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the path of a file, or { database = \"a name\" }"
)]
enum ThirdName {
    File(String),
    In { database: String },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Live {
    defer_after_ms: Option<u64>,
    apology: Option<String>,
    gone: Option<String>,
    retries: Option<u32>,
    gather_deletes_ms: Option<u64>,
    inspect_each: Option<u32>,
    stop_after_ms: Option<u64>,
}

impl CompressionName {
    /// The form, where it is built in.
    fn compression(self) -> Option<Compression> {
        let stream = match self {
            Self::None => None,
            Self::Zlib => Some("zlib-stream"),
            Self::Zstd => Some("zstd-stream"),
        };
        let mut all = Compression::ALL.iter().copied();
        all.find(|compression| compression.name() == stream)
    }
}

impl From<Among> for IdentifyQueue {
    fn from(name: Among) -> Self {
        match name {
            Among::Process => Self::Process,
            Among::Redis(bot) => Self::Redis(bot),
        }
    }
}

impl From<CompressedName> for Compressed {
    fn from(name: CompressedName) -> Self {
        match name {
            CompressedName::Never => Self::Never,
            CompressedName::Large => Self::Large,
            CompressedName::Always => Self::Always,
        }
    }
}

impl From<Among> for LimitsShared {
    fn from(name: Among) -> Self {
        match name {
            Among::Process => Self::Process,
            Among::Redis(bot) => Self::Redis(bot),
        }
    }
}

impl From<Bus> for BusConfig {
    fn from(bus: Bus) -> Self {
        let Bus { over, room, member } = bus;
        match over {
            BusName::Redis => Self::Redis { room, member },
            BusName::Nats => Self::Nats { room, member },
        }
    }
}

impl From<RegisterName> for Register {
    fn from(name: RegisterName) -> Self {
        match name {
            RegisterName::Off => Self::Off,
            RegisterName::Global => Self::Global,
            RegisterName::Guild(id) => Self::Guild(id),
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The message without whatever may be the token or a password in an address.
///
/// A parser names the value it did not like, as in `invalid type: string "…"`. No text of the file is
/// repeated from there, since a token may stand in the wrong line; nor what a secret's line holds.
fn masked(message: &str, text: &str) -> String {
    const NAMED: &str = "string \"";
    let message = match (message.find(NAMED), message.rfind('"')) {
        (Some(start), Some(end)) if end >= start + NAMED.len() => {
            let (before, after) = (message.get(..start), message.get(end + 1..));
            format!("{}string{}", before.unwrap_or(""), after.unwrap_or(""))
        }
        _ => message.to_owned(),
    };
    let secrets = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| SECRETS.contains(&key.trim()))
        .map(|(_, value)| value.trim().trim_matches(['"', '\'']))
        .filter(|value| value.len() > 3);
    secrets.fold(message, |message, secret| message.replace(secret, "…"))
}

/// The keys whose lines hold a secret.
const SECRETS: [&str; 5] = ["token", "proxy", "redis", "nats", "database"];

/// Each shard is a connection and some kilobytes, and one process holds them all. The largest bots
/// need a few ten thousand shards, in many processes.
const SHARDS_MAX: u32 = 16_384;
