//! The warm tier in a file.

use std::{fmt, path::Path, time::Duration};

use ovenjs_types::{Id, marker::UserMarker};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, Sqlite, SqliteConnection,
    Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::OnceCell;

use super::{
    Entries, Entry, EntryId, Erasure, Partition, Place, Stamp, Warm,
    sql::{self, Sql, warm},
};
use crate::{
    retention::{Class, PAGE_BYTES_MAX},
    tiers::{
        Asked, StoreError, StoreFault,
        store::sql::{DEADLINE, Failure, Lane, Lanes, time},
    },
};

/// A [`Warm`] in a file of SQLite, for a bot that has no server to keep things on.
///
/// - A partition is a table of its own, which is dropped whole. File and tables are made when it is first asked; beside
///   the file lie `-wal` and `-shm`, which belong to it. The folder must be there, and on this machine.
/// - What is acknowledged is on the disk. One call writes at a time; two may read meanwhile.
///
/// ```
/// use ovenjs_cache::blobs::MemoryBlobs;
/// use ovenjs_cache::retention::{Entry, EntryId, Keys, Policy, Retention, SqliteWarm, Tier};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("kept.db");
/// let open = || {
///     let policy = Policy::new().keep(Tier::Cold, None).keep(Tier::Backup, None);
///     Retention::builder(SqliteWarm::new(&path)).class("moderation", policy).build()
/// };
/// // A minute before the story was written, as far as the clock is right.
/// let now = std::time::UNIX_EPOCH.elapsed()?;
/// let id = EntryId { at_ms: u64::try_from(now.as_millis())? - 60_000, tie: 1 };
/// open()?.put("moderation", Entry::new(id, "warned")).await?;
/// // The next process.
/// assert_eq!(open()?.get("moderation", id).await?.unwrap().body(), "warned");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteWarm {
    options: SqliteConnectOptions,
    readers: Lanes<SqliteConnection>,
    writers: Lanes<SqliteConnection>,
    is_made: OnceCell<()>,
    sql: Sql,
}

impl SqliteWarm {
    /// The entries in the file of this name. It is opened with the first call.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        Self {
            options,
            readers: Lanes::new(READERS),
            writers: Lanes::new(1),
            is_made: OnceCell::new(),
            sql: Sql::new("oven_kept_".to_owned(), false, "instr(subjects, $1)"),
        }
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
            .get_or_try_init(|| async {
                let mut all = begin(&mut connection).await?;
                let tables = self.sql.tables("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT");
                Self::tables(&self.sql, &mut all, tables).await?;
                Ok::<_, Failure>(all.commit().await?)
            })
            .await?;
        Ok(connection)
    }
}

warm!(SqliteWarm, SqliteConnection, i64);

/// A transaction that writes takes the lock when it begins, since one that wants it later may be refused.
async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    connection.begin_with("BEGIN IMMEDIATE").await
}

async fn make_partition(
    connection: &mut SqliteConnection,
    sql: &Sql,
    number: i64,
) -> Result<(), Failure> {
    let table = sql.partition(number);
    let make = query(format!(
        "CREATE TABLE {table} (id BLOB PRIMARY KEY, subjects BLOB NOT NULL, entry BLOB NOT NULL)"
    ));
    make.execute(connection).await?;
    Ok(())
}

/// Puts in what is not there, and says how many those were and how many bytes they have.
async fn insert(
    connection: &mut SqliteConnection,
    sql: &Sql,
    number: i64,
    entries: &[Entry],
) -> Result<(i64, i64), Failure> {
    let text = sql::text(format!(
        "INSERT INTO {} (id, subjects, entry) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        sql.partition(number)
    ));
    let (mut count, mut size) = (0, 0);
    for entry in entries {
        let bytes = entry.to_bytes();
        let insert = query(std::sync::Arc::clone(&text))
            .bind(entry.id().to_bytes().to_vec())
            .bind(entry.subject_bytes())
            .bind(bytes.to_vec());
        if insert.execute(&mut *connection).await?.rows_affected() > 0 {
            count += 1;
            size += i64::try_from(bytes.len()).unwrap_or(0);
        }
    }
    Ok((count, size))
}

fn query<'q>(text: impl Into<std::sync::Arc<str>>) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(AssertSqlSafe(text.into()))
}

impl fmt::Debug for SqliteWarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteWarm")
            .field("path", &self.options.get_filename())
            .finish_non_exhaustive()
    }
}

const NAME: &str = "sqlite";

/// How many calls read at a time: each has a thread of its own.
const READERS: usize = 2;

/// How long another process may hold the file: those that write do so for some milliseconds.
const BUSY: Duration = Duration::from_secs(2);
