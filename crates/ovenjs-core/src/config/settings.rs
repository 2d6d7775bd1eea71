//! Every key of the file, one line each: what it takes, what it sets, and what is in force.

use std::{path::Path, time::Duration};

use ovenjs_cache::mirror::Field;

use super::{
    BusConfig, Config, IdentifyQueue, LimitsShared, Register, SecondTier, StateStore, ThirdTier,
};

/// A key of the configuration file.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The key with its table, e.g. `gateway.shards`.
    pub(crate) key: &'static str,
    /// What may stand there, as an example in TOML.
    pub(crate) example: &'static str,
    /// What it sets.
    pub(crate) sets: &'static str,
    /// The value in force; of a secret, whether there is one.
    pub(crate) value: fn(&Config) -> String,
}

macro_rules! settings {
    ($($key:literal = $example:literal, $sets:literal, $value:expr;)+) => {
        pub(crate) const SETTINGS: &[Setting] =
            &[$(Setting { key: $key, example: $example, sets: $sets, value: $value }),+];
    };
}

settings! {
    "token" = r#""…""#, "the bot's token; better kept in DISCORD_TOKEN or token_file",
        |c| told(c.token.is_some());
    "token_file" = r#""token.txt""#, "a file with the token, beside this one",
        |c| told(c.token.is_some());
    "base_url" = r#""https://discord.com/api""#, "where Discord's API is", |c| c.base_url.clone();
    "proxy" = r#""http://proxy.example:3128""#, "the HTTP proxy for connections that leave the machine",
        |c| told(c.proxy.is_some());
    "memory_max_mb" = "512", "how much memory the bot may use; the limit of its container by default",
        |c| c.memory_max.map_or_else(|| "the container's".to_owned(), |max| (max >> 20).to_string());
    "roots" = r#""roots.pem""#, "a file with further authorities to trust, for Redis and NATS",
        |c| told(c.roots.is_some());
    "redis" = r#""rediss://redis.example""#, "the Redis that the bot's processes share",
        |c| told(c.redis.is_some());
    "nats" = r#""tls://nats.example""#, "the NATS that the bot's processes share",
        |c| told(c.nats.is_some());
    "database" = r#""postgres://db.example/bots""#, "the database of the bot's tiers",
        |c| told(c.database.is_some());
    "allow_plain" = "false", "whether these may be spoken to in plain text on other machines",
        |c| c.allow_plain.to_string();
    "bus.over" = "\"redis\"\nroom = \"my-bot\"\nmember = \"process-0\"",
        "through what the bot's processes speak, redis or nats; each with itself by default",
        |c| bus(&c.bus).0.to_owned();
    "bus.room" = "\"my-bot\"\nover = \"nats\"\nmember = \"process-0\"", "where they speak",
        |c| bus(&c.bus).1.to_owned();
    "bus.member" = "\"process-0\"\nover = \"nats\"\nroom = \"my-bot\"", "who this process is there",
        |c| bus(&c.bus).2.to_owned();
    "gateway.shards" = "2", "how many shards; by default as many as Discord recommends, or as the sessions to be resumed have",
        |c| c.gateway.shards.map_or_else(|| "recommended".to_owned(), |n| n.to_string());
    "gateway.shard_range" = "[0, 2]", "which shards run in this process: the first, and the one behind the last",
        |c| c.gateway.shard_range.as_ref().map_or_else(|| "all".to_owned(), |r| format!("{r:?}"));
    "gateway.identify" = r#"{ redis = "my-bot" }"#, "who says which shard may identify: process, or a Redis for all",
        |c| match &c.gateway.identify {
            IdentifyQueue::Process => "process".to_owned(),
            IdentifyQueue::Redis(bot) => format!("redis {bot}"),
        };
    "gateway.compression" = r#""zstd""#, "none, zlib or zstd",
        |c| format!("{:?}", c.gateway.compression).to_lowercase();
    "gateway.backlog_mb" = "16", "how many MiB of events a shard holds for slow handlers",
        |c| c.gateway.backlog_bytes.map_or_else(|| "16".to_owned(), |bytes| (bytes >> 20).to_string());
    "gateway.intents" = r#"["MESSAGE_CONTENT"]"#, "intents beside those which handlers and cache need",
        |c| c.gateway.intents.to_string();
    "gateway.backoff_base_ms" = "500", "how long a shard waits before it connects again, at first",
        |c| millis(c.gateway.backoff.0);
    "gateway.backoff_max_ms" = "60000", "the same, at most", |c| millis(c.gateway.backoff.1);
    "gateway.state" = r#""bot.state""#,
        "a file, or { redis = \"…\" }, in which sessions are remembered for the next process",
        |c| match &c.gateway.state {
            Some(StateStore::Redis(process)) => format!("redis {process}"),
            Some(StateStore::File(file)) => path(Some(file)),
            None => path(None),
        };
    "gateway.hand_over" = r#""bot.socket""#, "a Unix socket at which the next process asks for them",
        |c| path(c.gateway.hand_over.as_deref());
    "gateway.at_least_once" = "false", "whether what was not handled comes again after a crash",
        |c| c.gateway.at_least_once.to_string();
    "rest.limits" = r#"{ redis = "my-bot" }"#, "who shares Discord's limits on requests: process, or all by a Redis",
        |c| match &c.rest.limits {
            LimitsShared::Process => "process".to_owned(),
            LimitsShared::Redis(bot) => format!("redis {bot}"),
        };
    "rest.compressed" = r#""always""#, "which answers are asked for in compressed form: never, large or always",
        |c| format!("{:?}", c.rest.compressed).to_lowercase();
    "rest.bind" = r#""192.0.2.7""#, "the address of this machine from which requests leave",
        |c| c.rest.bind.map_or_else(|| "any".to_owned(), |address| address.to_string());
    "commands.register" = r#"{ guild = "77" }"#, "off, global, or one guild",
        |c| match c.commands.register {
            Register::Off => "off".to_owned(),
            Register::Global => "global".to_owned(),
            Register::Guild(id) => format!("guild {id}"),
        };
    "commands.prune" = "false", "whether commands which the bot does not have are deleted at Discord",
        |c| c.commands.prune.to_string();
    "mirror.members" = "true", "whether members are kept; needs a privileged intent",
        |c| c.mirror.members.to_string();
    "mirror.seen_members" = "false", "whether members are also taken from messages, voice, typing and commands",
        |c| c.mirror.seen_members.to_string();
    "mirror.members_per_guild" = "1000", "how many members of each guild are kept",
        |c| bound(c.mirror.members_per_guild);
    "mirror.presences" = "false", "whether it is kept who is online; needs a privileged intent",
        |c| c.mirror.presences.to_string();
    "mirror.voice_states" = "false", "whether it is kept who is in voice",
        |c| c.mirror.voice_states.to_string();
    "mirror.expressions" = "false", "whether emojis, stickers and sounds are kept",
        |c| c.mirror.expressions.to_string();
    "mirror.scheduled_events" = "false", "whether planned events are kept",
        |c| c.mirror.scheduled_events.to_string();
    "mirror.invites" = "false", "whether invites are kept that are made while the bot listens",
        |c| c.mirror.invites.to_string();
    "mirror.messages" = "0", "how many messages of each channel are kept",
        |c| c.mirror.messages.to_string();
    "mirror.messages_in_all" = "10000", "how many messages are kept in all",
        |c| bound(c.mirror.messages_in_all);
    "mirror.messages_for_s" = "3600", "for how many seconds messages are kept",
        |c| bound(c.mirror.messages_for.map(|age| age.as_secs()));
    "mirror.reactions" = "false", "whether reactions to kept messages are kept",
        |c| c.mirror.reactions.to_string();
    "mirror.poll_votes" = "false", "whether votes for the polls of kept messages are counted",
        |c| c.mirror.poll_votes.to_string();
    "mirror.without" = r#"["activities"]"#, "which fields are not kept: avatars, activities, embeds, …",
        |c| {
            let left_out = Field::ALL.iter().filter(|field| c.mirror.without.has(**field));
            let words: Vec<&str> = left_out.map(|field| field.word()).collect();
            if words.is_empty() { "none".to_owned() } else { words.join(", ") }
        };
    "mirror.memory_mb" = "64", "how many MiB all that is kept may take",
        |c| c.mirror.bytes.map_or_else(|| "without bound".to_owned(), |bytes| (bytes >> 20).to_string());
    "tiers.second" = r#"{ redis = "my-bot" }"#, "the store that processes share, behind memory",
        |c| match &c.tiers.second {
            Some(SecondTier::Redis(name)) => format!("redis {name}"),
            None => "none".to_owned(),
        };
    "tiers.third" = r#""bot.db""#, "a file of SQLite, or { database = \"…\" }, behind that",
        |c| match &c.tiers.third {
            Some(ThirdTier::Database(name)) => format!("database {name}"),
            Some(ThirdTier::File(file)) => path(Some(file)),
            None => path(None),
        };
    "tiers.journal" = r#""journal""#, "a folder in which it is written down what waits for a store",
        |c| path(c.tiers.journal.as_deref());
    "tiers.memory_mb" = "64", "how many MiB all keyspaces together may take in memory",
        |c| bound(c.tiers.memory.map(|bytes| bytes >> 20));
    "tiers.second_deadline_ms" = "50", "how long the second store is waited for",
        |c| c.tiers.second_deadline.map_or_else(|| "50".to_owned(), millis);
    "tiers.third_deadline_ms" = "250", "how long the third store is waited for",
        |c| c.tiers.third_deadline.map_or_else(|| "250".to_owned(), millis);
    "tiers.away_after_s" = "3600", "after how many seconds without a read a guild leaves memory for the stores",
        |c| c.tiers.away_after.map_or_else(|| "none leaves".to_owned(), |idle| idle.as_secs().to_string());
    "live.defer_after_ms" = "2000", "how long a handler may take before its answer is deferred for it",
        |c| millis(c.live.commands.defer_after);
    "live.apology" = r#""Sorry.""#, "what the user reads when a handler failed",
        |c| c.live.commands.apology.clone();
    "live.gone" = r#""Gone.""#, "what the user reads when nobody handles a command or button any more",
        |c| c.live.commands.gone.clone().unwrap_or_default();
    "live.retries" = "3", "how often a request is repeated after a failed connection",
        |c| c.live.rest.retries.to_string();
    "live.gather_deletes_ms" = "20",
        "how long single deletions of messages wait for others, to go as one request; 0 for not at all",
        |c| millis(c.live.rest.gather_deletes.unwrap_or_default());
    "live.inspect_each" = "1000",
        "of how many answers to one operation one is looked through for what no type has a name for; 0 for none",
        |c| c.live.rest.inspect_each.to_string();
    "live.stop_after_ms" = "10000", "how long a stop waits for handlers that still run",
        |c| millis(c.live.bot.stop_after);
}

/// Through what, where, and as whom the bus speaks.
fn bus(bus: &BusConfig) -> (&str, &str, &str) {
    match bus {
        BusConfig::Alone => ("alone", "none", "bot"),
        BusConfig::Redis { room, member } => ("redis", room, member),
        BusConfig::Nats { room, member } => ("nats", room, member),
    }
}

fn told(there: bool) -> String {
    if there { "set" } else { "not set" }.to_owned()
}

fn path(path: Option<&Path>) -> String {
    path.map_or_else(|| "none".to_owned(), |path| path.display().to_string())
}

fn bound(most: Option<impl ToString>) -> String {
    most.map_or_else(|| "without bound".to_owned(), |most| most.to_string())
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
