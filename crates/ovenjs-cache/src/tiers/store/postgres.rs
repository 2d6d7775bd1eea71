//! A store in a Postgres.

mod config;
mod replicas;
mod standing;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Postgres, Row as _,
    postgres::{PgArguments, PgConnectOptions},
    query::Query,
};
use tokio::sync::OnceCell;

pub use self::config::{LAG_MAX, PostgresConfig, PostgresStats, REPLICAS_MAX, ReplicaStats};
use self::{config::LAG_MIN, replicas::Replicas};
use super::{
    Asked, Cursor, Encoded, Page, Span, Store, StoreError, StoreFault, Written, encoded,
    sql::{
        self, ATTEMPTS, BATCH, DEADLINE, Dialect, ERASED_AT_ONCE, Failure, LANES, Lane, Lanes, Sql,
        WRITE_ROUNDS, batches, columns, order, rounds, store, time, version,
    },
    until,
};
use crate::{
    postgres::options,
    tiers::{Key, Record, Tag},
};

/// A [`Store`] in a PostgreSQL 12 or newer, for what is to be there for long.
///
/// - Tables of its own, `oven_<name>_records`, `_tags`, `_claims` and `_schema`, are made when it is first asked
///   and brought up to date by later versions. The role needs to be allowed to create them.
/// - A call is one statement for each 512 records, of at most 4 MiB.
/// - At most four connections. One on which an answer was late or a call was dropped is closed, not kept.
/// - What is over takes room until it is [swept](Store::sweep).
/// - Where it has [replicas](PostgresConfig::replicas), they answer reads of records. What was written through this
///   store, or was heard of by its log, is never read older than that; what others wrote unheard may be up to
///   [`PostgresConfig::lag`] late. All else is the primary's: writes, claims, tags, and scans.
///
/// ```no_run
/// use ovenjs_cache::tiers::{Key, PostgresStore, Space, Store};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::new("postgres://ann:secret@db.example/bots?sslmode=verify-full", "my_bot")?;
/// let key = Key::new(&Space::new("settings", 1)?, 1, "prefix")?;
/// assert_eq!(store.read(1_700_000_000_000, &[key]).await?, [None]);
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    door: Arc<Door>,
    lanes: Lanes<PgConnection>,
    sql: Arc<Sql>,
    texts: Texts,
    damaged: AtomicU64,
    /// Where it has any.
    replicas: Option<Replicas>,
    primary_reads: AtomicU64,
}

/// How to connect, which goes on where who wanted to has gone.
struct Door {
    options: PgConnectOptions,
    /// Whether the tables are there, or are another server's concern.
    is_made: OnceCell<()>,
    sql: Arc<Sql>,
}

/// The statements for several keys at once, which are given as one list for each column, and what else is its own.
struct Texts {
    read: Arc<str>,
    held: Arc<str>,
    write: Arc<str>,
    tags: Arc<str>,
    begin_tags: Arc<str>,
    bump: Arc<str>,
}

impl PostgresStore {
    /// The records of the bot `name` in the database of this address, as
    /// [`PostgresConfig::address`] says. It connects with the first call.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Refused`]: the address is none, or leaves out the host, the user or the database; the process has a
    /// variable of libpq that no address undoes (`PGOPTIONS`, `PGSSLCERT`, `PGSSLKEY`); or the name has other letters than
    /// `a`–`z`, `0`–`9` and `_`, or more than [`NAME_BYTES_MAX`](super::NAME_BYTES_MAX) of them.
    pub fn new(address: &str, name: &str) -> Result<Self, StoreError> {
        Self::build(PostgresConfig::new(address, name))
    }

    /// The same with all that can be set. It connects with the first call.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`StoreFault::Refused`] where there are more than [`REPLICAS_MAX`] replicas.
    pub fn build(config: PostgresConfig) -> Result<Self, StoreError> {
        let prefix = sql::prefix(NAME, &config.name)?;
        if config.replicas.len() > REPLICAS_MAX {
            return Err(StoreError::new(NAME, StoreFault::Refused)
                .with_source(format!("it has more than {REPLICAS_MAX} replicas")));
        }
        let keys = "UNNEST($1::text[], $2::bigint[], $3::bytea[])";
        let sql = Arc::new(DIALECT.sql(&prefix));
        let door = |address: &str, is_made| {
            Ok(Door {
                options: options(address)
                    .map_err(|note| StoreError::new(NAME, StoreFault::Refused).with_source(note))?,
                is_made,
                sql: Arc::clone(&sql),
            })
        };
        let replicas = config.replicas.iter();
        let replicas = replicas.map(|address| door(address, OnceCell::new_with(Some(()))));
        let replicas: Vec<Door> = replicas.collect::<Result<_, StoreError>>()?;
        Ok(Self {
            door: Arc::new(door(&config.address, OnceCell::new())?),
            replicas: (!replicas.is_empty()).then(|| {
                let lag = config.lag.clamp(LAG_MIN, LAG_MAX);
                Replicas::new(replicas, lag, config.replica_deadline, config.clock)
            }),
            primary_reads: AtomicU64::new(0),
            lanes: Lanes::new(LANES),
            texts: Texts {
                read: format!(
                    "SELECT wanted.n, held.record \
                     FROM {keys} WITH ORDINALITY AS wanted (space, scope, id, n) \
                     JOIN {prefix}records AS held USING (space, scope, id) WHERE held.hard > $4"
                )
                .into(),
                held: Dialect::held(&prefix),
                write: Dialect::upsert(
                    &prefix,
                    "SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::bytea[], $4::bigint[], \
                     $5::bytea[], $6::bigint[], $7::bytea[])",
                    "$8",
                ),
                tags: format!(
                    "SELECT wanted.n, held.generation \
                     FROM UNNEST($1::text[]) WITH ORDINALITY AS wanted (tag, n) \
                     JOIN {prefix}tags AS held USING (tag)"
                )
                .into(),
                begin_tags: format!(
                    "INSERT INTO {prefix}tags (tag, generation) SELECT DISTINCT tag, $2 \
                     FROM UNNEST($1::text[]) AS wanted (tag) ORDER BY tag ON CONFLICT DO NOTHING"
                )
                .into(),
                bump: DIALECT.bump(
                    &prefix,
                    "SELECT tag, $2 FROM UNNEST($1::text[]) AS wanted (tag) ORDER BY tag",
                ),
            },
            sql,
            damaged: AtomicU64::new(0),
        })
    }

    /// How its servers fare.
    #[must_use]
    pub fn stats(&self) -> PostgresStats {
        PostgresStats {
            primary_reads: self.primary_reads.load(Ordering::Relaxed),
            replicas: self
                .replicas
                .as_ref()
                .map(Replicas::stats)
                .unwrap_or_default(),
        }
    }

    async fn reader(&self) -> Result<Lane<PgConnection>, Failure> {
        self.writer().await
    }

    async fn writer(&self) -> Result<Lane<PgConnection>, Failure> {
        let open = || Arc::clone(&self.door).open();
        self.lanes.enter_beside(open).await
    }

    fn close(&self) {
        self.lanes.close();
    }

    /// The primary may have something newer of this key than its replicas, or of any key; whether it has any.
    fn saw(&self, key: Option<&Key>) -> bool {
        let Some(replicas) = &self.replicas else {
            return false;
        };
        match key {
            Some(key) => replicas.saw(std::iter::once(key)),
            None => replicas.saw_all(),
        }
        true
    }

    async fn read_once(&self, now_ms: u64, keys: &[Key]) -> Result<Vec<Option<Record>>, Failure> {
        let mut found = vec![None; keys.len()];
        let mut left: Vec<_> = keys.iter().enumerate().collect();
        if let Some(replicas) = &self.replicas {
            left = replicas.read(self, now_ms, left, &mut found).await;
        }
        if left.is_empty() {
            return Ok(found);
        }
        let count = u64::try_from(left.len()).unwrap_or(u64::MAX);
        self.primary_reads.fetch_add(count, Ordering::Relaxed);
        let mut lane = self.reader().await?;
        let (mut records, mut damaged) = (Vec::new(), Vec::new());
        let read = self.read_on(
            &mut lane.connection,
            now_ms,
            &left,
            &mut records,
            &mut damaged,
        );
        read.await?;
        lane.keep();
        for (place, record) in records {
            if let Some(found) = found.get_mut(place) {
                *found = Some(record);
            }
        }
        self.discard(damaged).await?;
        Ok(found)
    }

    /// Reads these keys from one server: what it has of them, with their places.
    async fn read_on<'k>(
        &self,
        connection: &mut PgConnection,
        now_ms: u64,
        keys: &[(usize, &'k Key)],
        records: &mut Vec<(usize, Record)>,
        damaged: &mut Vec<(&'k Key, Bytes)>,
    ) -> Result<(), Failure> {
        for keys in keys.chunks(BATCH) {
            let read = query(Arc::clone(&self.texts.read));
            let read = bind_keys(read, keys.iter().map(|(_, key)| *key)).bind(time(now_ms));
            for row in read.fetch_all(&mut *connection).await? {
                let (place, bytes): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                let place = usize::try_from(place - 1).unwrap_or(usize::MAX);
                let (place, key) = keys.get(place).ok_or_else(odd_answer)?;
                let mut record = None;
                self.understand(key, bytes.into(), &mut record, damaged);
                records.extend(record.map(|record| (*place, record)));
            }
        }
        Ok(())
    }

    /// Where the primary's log is; see [`replicas::WRITTEN`].
    async fn log_place(&self) -> Result<Option<u64>, Failure> {
        let mut lane = self.reader().await?;
        let place = replicas::log_place(&mut lane.connection, replicas::WRITTEN).await?;
        lane.keep();
        Ok(place)
    }

    async fn write_once(
        &self,
        now_ms: u64,
        entries: &[(Key, Record)],
    ) -> Result<Vec<Written>, Failure> {
        let mut lane = self.writer().await?;
        let mut written = vec![Written::Kept; entries.len()];
        // Also where some of it fails or the call is dropped.
        let _told = Saw(self.replicas.as_ref(), entries);
        for round in rounds(encoded(NAME, entries)?, |entry| entry.0) {
            for batch in batches(&round) {
                self.write_batch(&mut lane.connection, now_ms, batch, &mut written)
                    .await?;
            }
        }
        lane.keep();
        Ok(written)
    }

    /// Writes records of different keys, in the order of the keys: two calls that wait for one another's never do
    /// so in a ring.
    async fn write_batch(
        &self,
        connection: &mut PgConnection,
        now_ms: u64,
        batch: &[(usize, Encoded<'_>)],
        written: &mut [Written],
    ) -> Result<(), Failure> {
        let mut open: Vec<_> = batch.iter().collect();
        open.sort_by(|one, other| columns(one.1.0).cmp(&columns(other.1.0)));
        for _ in 0..WRITE_ROUNDS {
            let entries = || open.iter().map(|(_, entry)| entry);
            let write = bind_keys(
                query(Arc::clone(&self.texts.write)),
                entries().map(|entry| entry.0),
            )
            .bind(
                entries()
                    .map(|entry| i64::from(entry.1.version.source))
                    .collect::<Vec<_>>(),
            )
            .bind(
                entries()
                    .map(|entry| order(entry.1.version))
                    .collect::<Vec<_>>(),
            )
            .bind(
                entries()
                    .map(|entry| time(entry.1.hard_ms))
                    .collect::<Vec<_>>(),
            )
            .bind(entries().map(|entry| &entry.2[..]).collect::<Vec<_>>())
            .bind(time(now_ms));
            let mut kept = vec![false; open.len()];
            for row in write.fetch_all(&mut *connection).await? {
                let kept_one = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                let place = open.binary_search_by(|entry| columns(entry.1.0).cmp(&kept_one));
                let kept = place.ok().and_then(|place| kept.get_mut(place));
                *kept.ok_or_else(odd_answer)? = true;
            }
            // The others have one that is held.
            let mut left = Vec::new();
            for (entry, _) in open.into_iter().zip(kept).filter(|(_, kept)| !kept) {
                let held =
                    bind_key(query(Arc::clone(&self.texts.held)), entry.1.0).bind(time(now_ms));
                match held.fetch_optional(&mut *connection).await? {
                    Some(row) => {
                        let held =
                            version(row.try_get(0)?, row.try_get(1)?).ok_or_else(odd_answer)?;
                        if let Some(written) = written.get_mut(entry.0) {
                            *written = Written::Older(held);
                        }
                    }
                    // It went in between: once more.
                    None => left.push(entry),
                }
            }
            if left.is_empty() {
                return Ok(());
            }
            open = left;
        }
        Err(StoreError::new(NAME, StoreFault::Away)
            .with_source("others erase what is written as fast as it is written")
            .into())
    }

    async fn generations_once(&self, now_ms: u64, tags: &[Tag]) -> Result<Vec<u64>, Failure> {
        let mut lane = self.writer().await?;
        let mut found = vec![None; tags.len()];
        for (tags, found) in tags.chunks(BATCH).zip(found.chunks_mut(BATCH)) {
            self.look_at_tags(&mut lane.connection, tags, found).await?;
            if found.contains(&None) {
                let unknown = tags
                    .iter()
                    .zip(&*found)
                    .filter(|(_, found)| found.is_none());
                let unknown: Vec<_> = unknown.map(|(tag, _)| tag.as_str()).collect();
                let begin = query(Arc::clone(&self.texts.begin_tags))
                    .bind(unknown)
                    .bind(time(now_ms));
                begin.execute(&mut lane.connection).await?;
                self.look_at_tags(&mut lane.connection, tags, found).await?;
            }
        }
        lane.keep();
        found
            .into_iter()
            .map(|found| found.ok_or_else(odd_answer))
            .collect()
    }

    async fn look_at_tags(
        &self,
        connection: &mut PgConnection,
        tags: &[Tag],
        found: &mut [Option<u64>],
    ) -> Result<(), Failure> {
        let names: Vec<_> = tags.iter().map(Tag::as_str).collect();
        let look = query(Arc::clone(&self.texts.tags)).bind(names);
        for row in look.fetch_all(connection).await? {
            let (place, generation): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let place = usize::try_from(place - 1).unwrap_or(usize::MAX);
            let found = found.get_mut(place).ok_or_else(odd_answer)?;
            *found = Some(generation.cast_unsigned());
        }
        Ok(())
    }

    async fn bump_once(&self, now_ms: u64, tags: &[Tag]) -> Result<Vec<u64>, Failure> {
        let mut lane = self.writer().await?;
        let mut bumped = vec![0; tags.len()];
        for mut round in rounds(tags.iter().collect(), |tag| *tag) {
            // In their order, as with records.
            round.sort_by_key(|(_, tag)| *tag);
            for batch in round.chunks(BATCH) {
                let names: Vec<_> = batch.iter().map(|(_, tag)| tag.as_str()).collect();
                let bump = query(Arc::clone(&self.texts.bump))
                    .bind(names)
                    .bind(time(now_ms));
                for row in bump.fetch_all(&mut lane.connection).await? {
                    let (tag, generation): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
                    let place = batch.binary_search_by(|(_, known)| known.as_str().cmp(tag));
                    let place = place.ok().and_then(|place| batch.get(place));
                    let bumped = place.and_then(|(place, _)| bumped.get_mut(*place));
                    *bumped.ok_or_else(odd_answer)? = generation.cast_unsigned();
                }
            }
        }
        lane.keep();
        Ok(bumped)
    }
}

/// Tells, when it is dropped, that these may have been written.
struct Saw<'a>(Option<&'a Replicas>, &'a [(Key, Record)]);

impl Drop for Saw<'_> {
    fn drop(&mut self) {
        if let Some(replicas) = self.0 {
            replicas.saw(self.1.iter().map(|(key, _)| key));
        }
    }
}

impl Door {
    async fn open(self: Arc<Self>) -> Result<PgConnection, Failure> {
        let mut connection = self.options.connect().await?;
        self.is_made
            .get_or_try_init(|| self.make(&mut connection))
            .await?;
        Ok(connection)
    }

    /// Makes the tables, or brings them up to date, while no other process does.
    async fn make(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        let mut all = connection.begin().await?;
        let lock = query("SELECT pg_advisory_xact_lock($1)".to_owned()).bind(SCHEMA_LOCK);
        lock.execute(&mut *all).await?;
        PostgresStore::bring_up(&self.sql.schema, &mut all).await?;
        Ok(all.commit().await?)
    }
}

store!(PostgresStore, PgConnection);

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold the password.
        f.debug_struct("PostgresStore")
            .field("host", &self.door.options.get_host())
            .field("port", &self.door.options.get_port())
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("host", &self.options.get_host())
            .field("port", &self.options.get_port())
            .finish_non_exhaustive()
    }
}

fn query<'q>(text: impl Into<Arc<str>>) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(text.into()))
}

fn bind_key<'q>(
    query: Query<'q, Postgres, PgArguments>,
    key: &'q Key,
) -> Query<'q, Postgres, PgArguments> {
    let (space, scope, id) = columns(key);
    query.bind(space).bind(scope).bind(id)
}

fn bind_place<'q>(
    query: Query<'q, Postgres, PgArguments>,
    scope: i64,
    id: &'q [u8],
) -> Query<'q, Postgres, PgArguments> {
    query.bind(scope).bind(id)
}

fn bind_keys<'q>(
    query: Query<'q, Postgres, PgArguments>,
    keys: impl Iterator<Item = &'q Key>,
) -> Query<'q, Postgres, PgArguments> {
    let (mut spaces, mut scopes, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (space, scope, id) in keys.map(columns) {
        spaces.push(space);
        scopes.push(scope);
        ids.push(id);
    }
    query.bind(spaces).bind(scopes).bind(ids)
}

fn odd_answer() -> Failure {
    sql::odd_answer(NAME)
}

const NAME: &str = "postgres";

const DIALECT: Dialect = Dialect {
    text: "TEXT COLLATE \"C\"",
    bytes: "BYTEA",
    greatest: "GREATEST",
};

/// Whoever makes the tables holds this lock of the database: "oven" in ASCII, and the schema's step.
const SCHEMA_LOCK: i64 = 0x6f76_656e_0001;
