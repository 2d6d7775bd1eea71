//! A store in a file.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, Sqlite, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::OnceCell;

use super::{
    Asked, Cursor, Encoded, Page, Span, Store, StoreError, StoreFault, Written, encoded,
    sql::{
        self, ATTEMPTS, DEADLINE, Dialect, ERASED_AT_ONCE, Failure, Lane, Lanes, Sql, batches,
        columns, order, store, time, version,
    },
    until,
};
use crate::tiers::{Key, Record, Tag};

/// A [`Store`] in a file of SQLite, for a bot that has no server to keep things on.
///
/// - The file and its tables are made when it is first asked, and brought up to date by later versions. Beside it
///   lie `-wal` and `-shm`, which belong to it. The folder must be there, and on this machine.
/// - One call writes at a time, up to 512 records and 4 MiB in one transaction; two may read meanwhile.
/// - What was acknowledged survives the end of the process however it comes; a power cut may take the last moments
///   along, and leaves a file that opens.
/// - What is over takes room until it is [swept](Store::sweep); the file does not become smaller, and its room is
///   used again.
///
/// ```
/// use ovenjs_cache::tiers::{Body, FOREVER_MS, Key, Record, Space, SqliteStore, Store, Version, Written};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("cache.db");
/// let key = Key::new(&Space::new("settings", 1)?, 1, "prefix")?;
/// let record = Record {
///     version: Version::loaded(1_700_000_000_000),
///     body: Body::Value("!".into()),
///     soft_ms: FOREVER_MS,
///     hard_ms: FOREVER_MS,
///     lent_ms: FOREVER_MS,
///     tags: Vec::new(),
/// };
/// let entries = [(key.clone(), record.clone())];
/// let now_ms = 1_700_000_000_000;
/// assert_eq!(SqliteStore::new(&path).write(now_ms, &entries).await?, [Written::Kept]);
/// // The next process.
/// assert_eq!(SqliteStore::new(&path).read(now_ms, &[key]).await?, [Some(record)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    options: SqliteConnectOptions,
    readers: Lanes<SqliteConnection>,
    writers: Lanes<SqliteConnection>,
    is_made: OnceCell<()>,
    sql: Sql,
    texts: Texts,
    damaged: AtomicU64,
}

struct Texts {
    read: Arc<str>,
    held: Arc<str>,
    write: Arc<str>,
    tag: Arc<str>,
    begin_tag: Arc<str>,
    bump: Arc<str>,
}

impl SqliteStore {
    /// The records in the file of this name. It is opened with the first call.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        Self {
            options,
            readers: Lanes::new(READERS),
            writers: Lanes::new(1),
            is_made: OnceCell::new(),
            texts: Texts {
                read: format!(
                    "SELECT record FROM {PREFIX}records \
                     WHERE space = $1 AND scope = $2 AND id = $3 AND hard > $4"
                )
                .into(),
                held: Dialect::held(PREFIX),
                write: Dialect::upsert(PREFIX, "VALUES ($1, $2, $3, $4, $5, $6, $7)", "$8"),
                tag: format!("SELECT generation FROM {PREFIX}tags WHERE tag = $1").into(),
                begin_tag: format!(
                    "INSERT INTO {PREFIX}tags (tag, generation) VALUES ($1, $2) ON CONFLICT DO NOTHING"
                )
                .into(),
                bump: DIALECT.bump(PREFIX, "VALUES ($1, $2)"),
            },
            sql: DIALECT.sql(PREFIX),
            damaged: AtomicU64::new(0),
        }
    }

    /// It answers from where it writes, whatever was seen.
    #[expect(clippy::unused_self, reason = "all databases have it")]
    const fn saw(&self, _key: Option<&Key>) -> bool {
        false
    }

    async fn reader(&self) -> Result<Lane<SqliteConnection>, Failure> {
        self.readers.enter(self.open()).await
    }

    async fn writer(&self) -> Result<Lane<SqliteConnection>, Failure> {
        self.writers.enter(self.open()).await
    }

    fn close(&self) {
        self.readers.close();
        self.writers.close();
    }

    async fn open(&self) -> Result<SqliteConnection, Failure> {
        let mut connection = self.options.connect().await?;
        self.is_made
            .get_or_try_init(|| self.make(&mut connection))
            .await?;
        Ok(connection)
    }

    /// Makes the tables, or brings them up to date, while no other process does.
    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let mut all = connection.begin_with(BEGIN).await?;
        Self::bring_up(&self.sql.schema, &mut all).await?;
        Ok(all.commit().await?)
    }

    async fn read_once(&self, now_ms: u64, keys: &[Key]) -> Result<Vec<Option<Record>>, Failure> {
        let mut lane = self.reader().await?;
        let mut records = Vec::with_capacity(keys.len());
        let mut damaged = Vec::new();
        for key in keys {
            let read = bind_key(query(Arc::clone(&self.texts.read)), key).bind(time(now_ms));
            let mut found = None;
            if let Some(row) = read.fetch_optional(&mut lane.connection).await? {
                let bytes: Vec<u8> = row.try_get(0)?;
                self.understand(key, bytes.into(), &mut found, &mut damaged);
            }
            records.push(found);
        }
        lane.keep();
        self.discard(damaged).await?;
        Ok(records)
    }

    async fn write_once(
        &self,
        now_ms: u64,
        entries: &[(Key, Record)],
    ) -> Result<Vec<Written>, Failure> {
        let mut lane = self.writer().await?;
        let entries: Vec<_> = encoded(NAME, entries)?.into_iter().enumerate().collect();
        let mut written = Vec::with_capacity(entries.len());
        for batch in batches(&entries) {
            let mut all = lane.connection.begin_with(BEGIN).await?;
            for (_, entry) in batch {
                written.push(self.write_one(&mut all, now_ms, entry).await?);
            }
            all.commit().await?;
        }
        lane.keep();
        Ok(written)
    }

    async fn write_one(
        &self,
        connection: &mut SqliteConnection,
        now_ms: u64,
        (key, record, bytes): &Encoded<'_>,
    ) -> Result<Written, Failure> {
        let write = bind_key(query(Arc::clone(&self.texts.write)), key)
            .bind(i64::from(record.version.source))
            .bind(order(record.version))
            .bind(time(record.hard_ms))
            .bind(&bytes[..])
            .bind(time(now_ms));
        if write.fetch_optional(&mut *connection).await?.is_some() {
            return Ok(Written::Kept);
        }
        let held = bind_key(query(Arc::clone(&self.texts.held)), key).bind(time(now_ms));
        let row = held.fetch_one(&mut *connection).await?;
        let held = version(row.try_get(0)?, row.try_get(1)?);
        Ok(Written::Older(held.ok_or_else(|| sql::odd_answer(NAME))?))
    }

    async fn generations_once(&self, now_ms: u64, tags: &[Tag]) -> Result<Vec<u64>, Failure> {
        let mut lane = self.reader().await?;
        let mut found = Vec::with_capacity(tags.len());
        for tag in tags {
            found.push(self.look_at_tag(&mut lane.connection, tag).await?);
        }
        lane.keep();
        if found.contains(&None) {
            let mut lane = self.writer().await?;
            let mut all = lane.connection.begin_with(BEGIN).await?;
            for (tag, found) in tags
                .iter()
                .zip(&mut found)
                .filter(|(_, found)| found.is_none())
            {
                let begin = query(Arc::clone(&self.texts.begin_tag))
                    .bind(tag.as_str())
                    .bind(time(now_ms));
                begin.execute(&mut *all).await?;
                *found = self.look_at_tag(&mut all, tag).await?;
            }
            all.commit().await?;
            lane.keep();
        }
        found
            .into_iter()
            .map(|found| found.ok_or_else(|| sql::odd_answer(NAME)))
            .collect()
    }

    async fn look_at_tag(
        &self,
        connection: &mut SqliteConnection,
        tag: &Tag,
    ) -> Result<Option<u64>, Failure> {
        let look = query(Arc::clone(&self.texts.tag)).bind(tag.as_str());
        let row = look.fetch_optional(connection).await?;
        let generation: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(generation.map(i64::cast_unsigned))
    }

    async fn bump_once(&self, now_ms: u64, tags: &[Tag]) -> Result<Vec<u64>, Failure> {
        let mut lane = self.writer().await?;
        let mut all = lane.connection.begin_with(BEGIN).await?;
        let mut bumped = Vec::with_capacity(tags.len());
        for tag in tags {
            let bump = query(Arc::clone(&self.texts.bump))
                .bind(tag.as_str())
                .bind(time(now_ms));
            let generation: i64 = bump.fetch_one(&mut *all).await?.try_get(1)?;
            bumped.push(generation.cast_unsigned());
        }
        all.commit().await?;
        lane.keep();
        Ok(bumped)
    }
}

store!(SqliteStore, SqliteConnection);

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.options.get_filename())
            .finish_non_exhaustive()
    }
}

fn query<'q>(text: impl Into<Arc<str>>) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(AssertSqlSafe(text.into()))
}

fn bind_key<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    key: &'q Key,
) -> Query<'q, Sqlite, SqliteArguments> {
    let (space, scope, id) = columns(key);
    query.bind(space).bind(scope).bind(id)
}

fn bind_place<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    scope: i64,
    id: &'q [u8],
) -> Query<'q, Sqlite, SqliteArguments> {
    query.bind(scope).bind(id)
}

const NAME: &str = "sqlite";

/// What the names of the tables begin with.
const PREFIX: &str = "oven_";

const DIALECT: Dialect = Dialect {
    text: "TEXT",
    bytes: "BLOB",
    greatest: "max",
};

/// A transaction that writes takes the lock when it begins, since one that wants it later may be refused.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// How many calls read at a time: each has a thread of its own.
const READERS: usize = 2;

/// How long another process may hold the file: those that write do so for some milliseconds.
const BUSY: Duration = Duration::from_secs(2);
