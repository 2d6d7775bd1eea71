//! What a Postgres with a replica does: one that lags, and one that is gone.

use std::{net::SocketAddr, str::FromStr as _, sync::Arc, time::Duration};

use ovenjs_cache::tiers::{
    Keyspace, KeyspaceConfig, LAG_MAX, Memory, PostgresConfig, PostgresStore, REPLICAS_MAX,
    ReplicaStats, Span, Store, StoreFault, Tiered, TieredConfig, Writes, Written,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _, postgres::PgConnectOptions,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::rooms::{address, fresh, get, key, put, value};

/// One story, since it holds up a replica that all of a run share.
#[tokio::test]
async fn needs_postgres_what_a_replica_lacks_is_read_at_the_primary_also_when_it_is_gone() {
    let name = fresh();
    let mut by_hand = open(&address(LAGGARD)).await;
    let relay = Relay::to(&address(LAGGARD)).await;
    let (one, other) = (store(&name, &relay), store(&name, &relay));
    let (ours, theirs) = (&*one, &*other);
    for id in ["rye", "spelt"] {
        put(ours, &key(id), value(1, id)).await;
    }
    for store in [ours, theirs] {
        until_it_answers(store, "rye", 1).await;
    }
    let (a, b) = (process(&one), process(&other));
    a.put(&1, 1).await.unwrap();
    until_it_answers(ours, "spelt", 1).await;

    // It holds what it has heard back.
    run(&mut by_hand, "SELECT pg_wal_replay_pause()").await;
    while told(&mut by_hand, "SELECT pg_get_wal_replay_pause_state()").await != "paused" {
        tokio::task::yield_now().await;
    }
    put(ours, &key("rye"), value(2, "rye")).await;
    for _ in 0..50 {
        assert_eq!(get(ours, &key("rye")).await, Some(value(2, "rye")));
        assert_eq!(get(ours, &key("spelt")).await, Some(value(1, "spelt")));
    }
    let replica = replica(ours);
    assert!(replica.failed == 0 && !replica.is_away, "{replica:?}");
    assert!(replica.reads >= 50, "what it has it answers: {replica:?}");
    // Who has not heard of it may read what was, and reads what is from the moment that he has.
    assert_eq!(get(theirs, &key("rye")).await, Some(value(1, "rye")));
    assert!(theirs.overtaken(Some(&key("rye"))));
    assert_eq!(get(theirs, &key("rye")).await, Some(value(2, "rye")));
    assert_eq!(get(theirs, &key("spelt")).await, Some(value(1, "spelt")));

    what_was_seen_in_one_tier_is_not_read_older_in_the_next(&a, &b, theirs).await;

    let span = Span {
        space: key("rye").space().clone(),
        scope: None,
    };
    assert_eq!(ours.erase(&span).await.unwrap(), 2);
    assert_eq!(get(ours, &key("spelt")).await, None);
    assert_eq!(get(theirs, &key("spelt")).await, Some(value(1, "spelt")));
    assert!(theirs.overtaken(None));
    assert_eq!(get(theirs, &key("spelt")).await, None);

    run(&mut by_hand, "SELECT pg_wal_replay_resume()").await;
    put(ours, &key("rye"), value(3, "rye")).await;
    until_it_answers(ours, "rye", 3).await;

    drop(relay);
    assert_eq!(get(ours, &key("rye")).await, Some(value(3, "rye")));
    assert_eq!(put(ours, &key("rye"), value(4, "rye")).await, Written::Kept);
    assert_eq!(get(ours, &key("rye")).await, Some(value(4, "rye")));
    while !self::replica(ours).is_away {
        assert_eq!(get(ours, &key("rye")).await, Some(value(4, "rye")));
    }
    assert_eq!(self::replica(ours).age, None);
}

/// The second tier forgets what the first process wrote, and the third's replica has not heard of it.
async fn what_was_seen_in_one_tier_is_not_read_older_in_the_next(
    a: &Process,
    b: &Process,
    theirs: &PostgresStore,
) {
    a.put(&1, 2).await.unwrap();
    // As if both shared a Redis.
    for record in a.second.scan(0, &a.span(), None, 10).await.unwrap().records {
        b.second.write(0, &[record]).await.unwrap();
    }
    assert_eq!(b.get(&1).await.unwrap().as_deref(), Some(&2));
    b.second.erase(&b.span()).await.unwrap();
    let before = theirs.stats();
    assert_eq!(b.get(&1).await.unwrap().as_deref(), Some(&2));
    let after = theirs.stats();
    assert_eq!(after.replicas[0].reads, before.replicas[0].reads + 1);
    assert_eq!(after.primary_reads, before.primary_reads + 1);
}

#[tokio::test]
async fn needs_postgres_addresses_of_no_replica_leave_all_to_the_primary() {
    let (primary, name) = (address(PRIMARY), fresh());
    // The primary itself, and a place where nobody is.
    let closed = Relay::to(&primary).await.address;
    let nowhere = format!("postgres://ann:sourdough@{closed}/postgres");
    let config = PostgresConfig::new(&primary, &name).replica(&primary);
    let store = PostgresStore::build(config.replica(nowhere)).unwrap();
    for number in 1..100 {
        put(&store, &key("rye"), value(number, "rye")).await;
        assert_eq!(get(&store, &key("rye")).await, Some(value(number, "rye")));
    }
    let stats = store.stats();
    assert_eq!(stats.primary_reads, 99);
    assert!(stats.replicas.iter().all(|replica| replica.reads == 0));
    assert!(stats.replicas[1].failed > 0);
    assert!(!format!("{store:?}").contains("sourdough"));
}

#[test]
fn an_address_that_is_none_and_too_many_replicas_are_refused_without_the_password() {
    let config = PostgresConfig::new("postgres://ann@127.0.0.1/bots", "bot");
    let none = config.clone().replica("postgres://ann:sourdough@[x/bots");
    let replica = "postgres://ann:sourdough@127.0.0.1/bots";
    let many = (0..=REPLICAS_MAX).fold(config, |config, _| config.replica(replica));
    for config in [none, many] {
        let error = PostgresStore::build(config).unwrap_err();
        assert_eq!(error.fault(), StoreFault::Refused);
        assert!(!format!("{error} {error:?}").contains("sourdough"));
    }
}

/// Reads until the replica answers with this.
async fn until_it_answers(store: &PostgresStore, id: &str, sequence: u64) {
    loop {
        let before = replica(store).reads;
        assert_eq!(get(store, &key(id)).await, Some(value(sequence, id)));
        if replica(store).reads > before {
            return;
        }
    }
}

fn replica(store: &PostgresStore) -> ReplicaStats {
    store.stats().replicas[0]
}

fn store(name: &str, replica: &Relay) -> Arc<PostgresStore> {
    let replica = format!("postgres://postgres@{}/postgres", replica.address);
    let config = PostgresConfig::new(address(PRIMARY), name).replica(replica);
    let config = config.lag(LAG_MAX).replica_deadline(Duration::from_secs(2));
    Arc::new(PostgresStore::build(config).unwrap())
}

struct Process {
    space: Keyspace<u64, u64>,
    second: Arc<Memory>,
}

impl std::ops::Deref for Process {
    type Target = Keyspace<u64, u64>;

    fn deref(&self) -> &Self::Target {
        &self.space
    }
}

impl Process {
    fn span(&self) -> Span {
        Span {
            space: ovenjs_cache::tiers::Space::new("seen", 1).unwrap(),
            scope: None,
        }
    }
}

/// One that keeps nothing in memory.
fn process(third: &Arc<PostgresStore>) -> Process {
    let second = Arc::new(Memory::new(100));
    let config = TieredConfig::new().second(Arc::<Memory>::clone(&second));
    let config = config.third(Arc::<PostgresStore>::clone(third));
    let tiers = Tiered::build(config.third_deadline(Duration::from_secs(5)));
    let config = KeyspaceConfig::new("seen", 1).memory(0);
    let config = config.writes(Writes::Through, Writes::Through);
    Process {
        space: tiers.keyspace(config).unwrap(),
        second,
    }
}

/// What stands between the store and its replica, until it is dropped.
struct Relay {
    address: SocketAddr,
    _running: JoinSet<()>,
}

impl Relay {
    async fn to(target: &str) -> Self {
        let target = PgConnectOptions::from_str(target).unwrap();
        let target = format!("{}:{}", target.get_host(), target.get_port());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut passing = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = TcpStream::connect(&target).await.unwrap();
                passing.spawn(async move { copy_bidirectional(&mut near, &mut far).await });
            }
        });
        Self {
            address,
            _running: running,
        }
    }
}

async fn open(address: &str) -> PgConnection {
    let options = PgConnectOptions::from_str(address).unwrap();
    options.connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::query(statement).execute(connection).await.unwrap();
}

async fn told(connection: &mut PgConnection, question: &str) -> String {
    let question = sqlx::query(AssertSqlSafe(question.to_owned()));
    question.fetch_one(connection).await.unwrap().get(0)
}

const PRIMARY: &str = "OVENJS_TEST_POSTGRES_URL";
const LAGGARD: &str = "OVENJS_TEST_POSTGRES_LAGGARD_URL";
