use std::time::Duration;

use ovenjs_cache::mirror::Field;
use ovenjs_types::{Id, Intents};

use super::{
    BusConfig, Compression, Config, IdentifyQueue, LimitsShared, Register, SecondTier, StateStore,
    ThirdTier, TiersConfig,
};

#[test]
fn the_compression_is_the_best_that_is_built_in() {
    let best = Config::new().gateway.compression;
    assert_eq!(Some(&best), Compression::ALL.first());
    for name in ["zlib", "zstd"] {
        let text = format!("[gateway]\ncompression = \"{name}\"");
        let is_there = |form: &&Compression| form.name() == Some(&*format!("{name}-stream"));
        let read = Config::from_toml(&text, "oven.toml");
        match Compression::ALL.iter().find(is_there) {
            Some(form) => assert_eq!(read.unwrap().gateway.compression, *form),
            None => assert!(read.unwrap_err().to_string().contains("feature")),
        }
    }
}

#[test]
fn the_default_is_discord_itself() {
    let config = Config::load_with(&|_| None).unwrap();
    assert_eq!(config.base_url, "https://discord.com/api");
    assert!(config.token.is_none());
}

#[test]
fn the_environment_prevails_over_the_file() {
    let mut config = Config::from_toml(FULL, "oven.toml").unwrap();
    assert_eq!(config.base_url, "http://127.0.0.1:4000/api");
    super::environment::apply(&mut config, &|name| match name {
        "OVENJS_BASE_URL" => Some("http://127.0.0.1:5000/api".into()),
        "OVENJS_GUILD" => Some("42".into()),
        "DISCORD_TOKEN" => Some("  ".into()),
        _ => None,
    })
    .unwrap();
    assert_eq!(config.base_url, "http://127.0.0.1:5000/api");
    assert_eq!(config.commands.register, Register::Guild(Id::new(42)));
    assert_eq!(
        config.token.unwrap().expose(),
        "canary-token-in-file",
        "an empty variable is unset"
    );
}

#[test]
fn a_file_sets_everything() {
    let config = Config::from_toml(FULL, "oven.toml").unwrap();
    assert_eq!(config.gateway.shards, Some(2));
    assert_eq!(config.memory_max, Some(300 << 20));
    assert_eq!(config.gateway.compression, Compression::None);
    assert_eq!(config.gateway.backlog_bytes, Some(4 << 20));
    assert_eq!(
        config.gateway.intents,
        Intents::MESSAGE_CONTENT | Intents::GUILD_MEMBERS
    );
    assert_eq!(config.gateway.shard_range, Some(0..1));
    assert_eq!(
        config.gateway.state,
        Some(StateStore::Redis("my-bot-0".into()))
    );
    assert_eq!(
        config.gateway.identify,
        IdentifyQueue::Redis("my-bot".into())
    );
    assert_eq!(config.rest.limits, LimitsShared::Redis("my-bot".into()));
    assert_eq!(config.rest.compressed, ovenjs_rest::Compressed::Never);
    assert_eq!(config.rest.bind, Some([192, 0, 2, 7].into()));
    let live = config.live.rest;
    assert_eq!(
        (live.gather_deletes, live.inspect_each, live.retries),
        (Some(Duration::from_millis(20)), 1, 2)
    );
    let off = Config::from_toml("[live]\ngather_deletes_ms = 0", "oven.toml").unwrap();
    assert_eq!(off.live.rest.gather_deletes, None);
    let (room, member) = ("my-bot".to_owned(), "process-0".to_owned());
    assert_eq!(config.bus, BusConfig::Nats { room, member });
    assert!(config.allow_plain && config.redis.is_some() && config.nats.is_some());
    assert_eq!(config.commands.register, Register::Guild(Id::new(77)));
    assert!(config.commands.prune);
    assert_eq!(config.mirror.messages, 500);
    assert_eq!(config.mirror.messages_for, Some(Duration::from_secs(3_600)));
    assert!(config.mirror.reactions && config.mirror.without.has(Field::Embeds));
    let error = Config::from_toml("[mirror]\nwithout = [\"embed\"]", "oven.toml").unwrap_err();
    assert!(error.to_string().contains("avatars"), "{error}");
    assert_eq!(config.mirror.bytes, Some(64 << 20));
    let tiers = TiersConfig {
        second: Some(SecondTier::Redis("my-bot".into())),
        third: Some(ThirdTier::Database("my_bot".into())),
        journal: Some("./waits".into()),
        memory: Some(48 << 20),
        second_deadline: Some(Duration::from_millis(20)),
        third_deadline: Some(Duration::from_millis(900)),
        away_after: Some(Duration::from_secs(1_800)),
    };
    assert_eq!(config.tiers, tiers);
    assert!(!format!("{config:?}").contains("canary"));
    let file = Config::from_toml("[tiers]\nthird = \"bot.db\"", "oven.toml").unwrap();
    assert_eq!(file.tiers.third, Some(ThirdTier::File("./bot.db".into())));
    assert_eq!(
        config.live.commands.defer_after,
        Duration::from_millis(1500)
    );
}

#[test]
fn a_malformed_file_gives_one_error_with_its_place() {
    for (text, place, part) in [
        ("tokn = \"x\"", "line 1", "tokn"),
        ("\n[gateway]\nshards = \"two\"", "line 3", "u32"),
        (
            "[gateway]\nintents = [\"GUILD_MESAGES\"]",
            "[gateway] intents",
            "GUILD_MESSAGES",
        ),
        ("[gateway]\nshards = 0", "[gateway] shards", "1 or more"),
        (
            "[gateway]\nshards = 4000000000",
            "[gateway] shards",
            "16384",
        ),
        (
            "[gateway]\nbackoff_base_ms = 0",
            "backoff_base_ms",
            "1 or more",
        ),
        ("[gateway]\nbackoff_max_ms = 10", "backoff_max_ms", "500"),
        ("[rest]\nbind = \"my-host\"", "line 2", "IP address"),
        ("[rest]\ncompressed = \"often\"", "line 2", "`large`"),
        ("[gateway]\nstate = 7", "line 2", "{ redis = "),
        ("[tiers]\nthird = 7", "line 2", "{ database = "),
        ("[tiers]\nsecond = \"bot.db\"", "line 2", ""),
        ("[tiers]\naway_after_s = 0", "line 2", "nonzero"),
        ("roots = \"nowhere.pem\"", "roots", "nowhere.pem"),
        ("[commands\nregister = 1", "line 1", ""),
        ("token_file = \"nowhere/token\"", "token_file", "nowhere"),
    ] {
        let error = Config::from_toml(text, "oven.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("oven.toml") && error.contains(place),
            "{error}"
        );
        assert!(error.contains(part), "{error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

#[test]
fn no_secret_of_a_malformed_file_is_repeated() {
    for text in [
        "token = \"canary-token-in-file\ncommands = 1",
        "token = canary-token-in-file",
        "proxy = \"canary-token-in-file\"\ntoken = [\"canary-token-in-file\"]",
        "redis = \"redis://:canary-token-in-file@x\"\nnats = [\"tls://canary-token-in-file@x\"]",
    ] {
        let error = Config::from_toml(text, "oven.toml").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

#[test]
fn a_secret_in_the_wrong_line_is_not_repeated() {
    for text in [
        "[gateway]\nshards = \"canary\"",
        "[gateway]\nshards = \"can\\\"ary\"",
        "[commands]\nregister = { guild = \"canary\" }",
    ] {
        let error = Config::from_toml(text, "oven.toml").unwrap_err();
        assert!(!error.to_string().contains("ary"), "{error}");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}

#[test]
fn a_base_url_with_a_password_is_refused_without_repeating_it() {
    let url = "http://ann:canary@127.0.0.1:4000/api";
    let in_file = Config::from_toml(&format!("base_url = \"{url}\""), "oven.toml");
    let in_environment = Config::load_with(&|name| (name == "OVENJS_BASE_URL").then(|| url.into()));
    for (error, place) in [
        (in_file.unwrap_err(), "base_url"),
        (in_environment.unwrap_err(), "OVENJS_BASE_URL"),
    ] {
        let message = format!("{error} {error:?}");
        assert!(message.contains(place), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
}

#[test]
fn white_space_around_the_base_url_is_nothing() {
    let url = |name: &str| (name == "OVENJS_BASE_URL").then(|| " http://[::1]:4000/api\n".into());
    let config = Config::load_with(&url).unwrap();
    assert_eq!(config.base_url, "http://[::1]:4000/api");
}

#[test]
fn an_empty_variable_names_no_file() {
    let config = Config::load_with(&|name| (name == "OVENJS_CONFIG").then(String::new)).unwrap();
    assert_eq!(config.base_url, Config::new().base_url);
}

#[test]
fn a_guild_that_is_no_id_is_named() {
    let error = Config::load_with(&|name| (name == "OVENJS_GUILD").then(|| "bakery".into()));
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("OVENJS_GUILD") && message.contains("bakery"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load_with(&|name| (name == "OVENJS_CONFIG").then(|| "no/such.toml".into()));
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("no/such.toml") && message.contains("OVENJS_CONFIG"),
        "{message}"
    );
}

#[test]
fn every_key_that_is_described_is_read() {
    for setting in super::SETTINGS
        .iter()
        .filter(|setting| !matches!(setting.key, "token_file" | "roots"))
    {
        let text = match setting.key.split_once('.') {
            Some((table, key)) => format!("[{table}]\n{key} = {}", setting.example),
            None => format!("{} = {}", setting.key, setting.example),
        };
        let read = Config::from_toml(&text, "oven.toml");
        assert!(read.is_ok(), "{text}: {read:?}");
    }
}

#[test]
fn every_key_that_is_read_is_described() {
    // An unknown key is refused with the list of those that are known.
    for table in [
        "", "bus", "gateway", "rest", "commands", "mirror", "tiers", "live",
    ] {
        let header = if table.is_empty() {
            String::new()
        } else {
            format!("[{table}]\n")
        };
        let error = Config::from_toml(&format!("{header}no_such_key = 1"), "x").unwrap_err();
        let error = error.to_string();
        let (_, known) = error.split_once("expected").unwrap();
        for key in known.split('`').skip(1).step_by(2) {
            let full = if table.is_empty() {
                key.to_owned()
            } else {
                format!("{table}.{key}")
            };
            let is_table = super::SETTINGS
                .iter()
                .any(|s| s.key.starts_with(&format!("{full}.")));
            let described = super::SETTINGS.iter().any(|setting| setting.key == full);
            assert!(described || is_table, "{full} is read but not described");
        }
    }
}

const FULL: &str = r#"
token = "canary-token-in-file"
base_url = "http://127.0.0.1:4000/api"
memory_max_mb = 300
redis = "redis://redis"
nats = "nats://nats"
database = "postgres://ann:canary-token-in-file@db.example/bots"
allow_plain = true

[bus]
over = "nats"
room = "my-bot"
member = "process-0"

[gateway]
shards = 2
shard_range = [0, 1]
state = { redis = "my-bot-0" }
identify = { redis = "my-bot" }
compression = "none"
backlog_mb = 4
intents = ["MESSAGE_CONTENT", "GUILD_MEMBERS"]

[rest]
limits = { redis = "my-bot" }
compressed = "never"
bind = "192.0.2.7"

[commands]
register = { guild = "77" }
prune = true

[mirror]
messages = 500
messages_for_s = 3600
reactions = true
without = ["embeds", "activities"]
memory_mb = 64

[tiers]
second = { redis = "my-bot" }
third = { database = "my_bot" }
journal = "waits"
memory_mb = 48
second_deadline_ms = 20
third_deadline_ms = 900
away_after_s = 1800

[live]
defer_after_ms = 1500
retries = 2
gather_deletes_ms = 20
inspect_each = 1
"#;
