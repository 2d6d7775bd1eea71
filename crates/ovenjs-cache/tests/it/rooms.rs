//! Where the stories take place: a store of some kind, as two processes see it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
#[cfg(feature = "postgres")]
use std::time::Duration;

use ovenjs_cache::tiers::{Body, FOREVER_MS, Key, Memory, Record, Space, Store, Version};

/// One store through two handles, empty and nobody else's.
pub(crate) struct Room {
    pub(crate) ours: Arc<dyn Store>,
    pub(crate) theirs: Arc<dyn Store>,
    /// Where it lies, if it is a file.
    _folder: Option<tempfile::TempDir>,
}

pub(crate) fn memory() -> Room {
    let store = Arc::new(Memory::new(100_000));
    Room {
        ours: store.clone(),
        theirs: store,
        _folder: None,
    }
}

/// Parts that are memories.
#[cfg(any(feature = "tiers", feature = "redis"))]
pub(crate) fn parts() -> Room {
    use ovenjs_cache::tiers::Parts;

    let memory = |_| -> Arc<dyn Store> { Arc::new(Memory::new(100_000)) };
    let memories: Vec<_> = (0..5).map(memory).collect();
    let open = || Arc::new(Parts::new(memories.clone()));
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

#[cfg(feature = "redis")]
pub(crate) fn redis_cluster() -> Room {
    use ovenjs_cache::tiers::{PARTS, RedisStore};

    let (name, address) = (fresh(), address("OVENJS_TEST_REDIS_CLUSTER_URL"));
    let open = || Arc::new(RedisStore::in_cluster(&cluster(&address), &name, PARTS));
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

#[cfg(feature = "redis")]
pub(crate) fn cluster(address: &str) -> ovenjs_net::RedisCluster {
    use ovenjs_net::{Config, Connector, RedisAddress, RedisCluster, RedisConfig};

    let address = RedisAddress::parse(address).unwrap();
    RedisCluster::build(
        RedisConfig::new(address),
        &[],
        Connector::build(Config::new()).unwrap(),
    )
}

#[cfg(feature = "redis")]
pub(crate) fn redis() -> Room {
    use ovenjs_cache::tiers::RedisStore;

    let name = fresh();
    let open = || Arc::new(RedisStore::new(&shared_redis(), &name));
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

#[cfg(feature = "sqlite")]
pub(crate) fn sqlite() -> Room {
    use ovenjs_cache::tiers::SqliteStore;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    // Two sets of connections: two processes.
    Room {
        ours: Arc::new(SqliteStore::new(&path)),
        theirs: Arc::new(SqliteStore::new(&path)),
        _folder: Some(folder),
    }
}

#[cfg(feature = "postgres")]
pub(crate) fn postgres() -> Room {
    use ovenjs_cache::tiers::PostgresStore;

    let (address, name) = (address("OVENJS_TEST_POSTGRES_URL"), fresh());
    let open = || Arc::new(PostgresStore::new(&address, &name).unwrap());
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

/// A write waits until the replica has it, since the stories read at once what another process wrote.
#[cfg(feature = "postgres")]
pub(crate) fn postgres_with_a_replica() -> Room {
    use ovenjs_cache::tiers::{LAG_MAX, PostgresConfig, PostgresStore};

    let (address, name) = (address("OVENJS_TEST_POSTGRES_URL"), fresh());
    let waiting = format!("{address}?options[synchronous_commit]=remote_apply");
    let replica = self::address("OVENJS_TEST_POSTGRES_REPLICA_URL");
    let open = || {
        let config = PostgresConfig::new(&waiting, &name).replica(&replica);
        // A machine that is busy for a moment changes nothing of who is asked.
        let config = config.lag(LAG_MAX).replica_deadline(Duration::from_secs(2));
        Arc::new(PostgresStore::build(config).unwrap())
    };
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

#[cfg(feature = "mysql")]
pub(crate) fn mysql() -> Room {
    use ovenjs_cache::tiers::MySqlStore;

    let (address, name) = (address("OVENJS_TEST_MYSQL_URL"), fresh());
    let open = || Arc::new(MySqlStore::new(&address, &name).unwrap());
    Room {
        ours: open(),
        theirs: open(),
        _folder: None,
    }
}

#[cfg(feature = "redis")]
pub(crate) fn shared_redis() -> ovenjs_net::RedisLink {
    link(&address("OVENJS_TEST_REDIS_URL"))
}

#[cfg(feature = "redis")]
pub(crate) fn link(address: &str) -> ovenjs_net::RedisLink {
    use ovenjs_net::{Config, Connector, RedisAddress, RedisConfig, RedisLink};

    let address = RedisAddress::parse(address).unwrap();
    RedisLink::build(
        RedisConfig::new(address),
        Connector::build(Config::new()).unwrap(),
    )
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis"))]
pub(crate) fn address(variable: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the address of the servers that the test run started"
    )]
    let address = std::env::var(variable);
    address.unwrap_or_else(|_| panic!("{variable} is set: `cargo xtask test` starts the servers"))
}

/// A name that nothing else on the servers has.
#[cfg_attr(
    not(any(feature = "redis", feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "a file or a memory is nobody else's anyhow")
)]
pub(crate) fn fresh() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test{}x{count}", std::process::id())
}

/// The time of the stories: nothing in them waits for it.
pub(crate) const NOW: u64 = 1_790_000_000_000;

pub(crate) fn space() -> Space {
    Space::new("bread", 1).unwrap()
}

pub(crate) fn key(id: &str) -> Key {
    Key::new(&space(), 7, id).unwrap()
}

pub(crate) fn version(sequence: u64) -> Version {
    Version {
        source: 1,
        epoch: 1,
        sequence,
    }
}

pub(crate) fn record(version: Version, body: Body) -> Record {
    Record {
        version,
        body,
        soft_ms: NOW,
        hard_ms: FOREVER_MS,
        lent_ms: FOREVER_MS,
        tags: Vec::new(),
    }
}

pub(crate) fn value(sequence: u64, text: &str) -> Record {
    record(
        version(sequence),
        Body::Value(text.as_bytes().to_vec().into()),
    )
}

/// Writes one record, and says what became of it.
pub(crate) async fn put(
    store: &dyn Store,
    key: &Key,
    record: Record,
) -> ovenjs_cache::tiers::Written {
    put_at(store, NOW, key, record).await
}

pub(crate) async fn put_at(
    store: &dyn Store,
    now_ms: u64,
    key: &Key,
    record: Record,
) -> ovenjs_cache::tiers::Written {
    let entries = [(key.clone(), record)];
    let written = store.write(now_ms, &entries).await.unwrap();
    assert_eq!(written.len(), 1);
    written[0]
}

pub(crate) async fn get(store: &dyn Store, key: &Key) -> Option<Record> {
    get_at(store, NOW, key).await
}

pub(crate) async fn get_at(store: &dyn Store, now_ms: u64, key: &Key) -> Option<Record> {
    let mut found = store.read(now_ms, std::slice::from_ref(key)).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}
