//! The warm tier in a Postgres.

use std::{fmt, sync::Arc, time::Duration};

use ovenjs_types::{Id, marker::UserMarker};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Postgres, Row as _,
    Transaction,
    postgres::{PgArguments, PgConnectOptions},
    query::Query,
};
use tokio::sync::OnceCell;

use super::{
    Entries, Entry, EntryId, Erasure, Partition, Place, Stamp, Warm,
    sql::{self, Sql, warm},
};
use crate::{
    postgres::options,
    retention::{Class, PAGE_BYTES_MAX, entry::batches},
    tiers::{
        Asked, StoreError, StoreFault,
        store::sql::{DEADLINE, Failure, LANES, Lane, Lanes, prefix, time},
    },
};

/// A [`Warm`] in a PostgreSQL 12 or newer.
///
/// - Entries stand in partitions of the table `oven_<name>_kept_all`, one for each class and week, which are dropped
///   whole; `_kept_places` says which there are. All are made when they are first needed: the role has to be allowed to
///   create tables.
/// - What is put into one week is put by one call after the other, each in one transaction.
/// - At most four connections. One on which an answer was late or a call was dropped is closed, not kept.
///
/// ```no_run
/// use ovenjs_cache::retention::{PostgresWarm, Retention};
///
/// let address = "postgres://ann:secret@db.example/bots?sslmode=verify-full";
/// let kept = Retention::builder(PostgresWarm::new(address, "my_bot")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PostgresWarm {
    door: Arc<Door>,
    lanes: Lanes<PgConnection>,
    sql: Arc<Sql>,
}

/// How to connect, which goes on where who wanted to has gone.
struct Door {
    options: PgConnectOptions,
    is_made: OnceCell<()>,
    sql: Arc<Sql>,
}

impl PostgresWarm {
    /// The entries of the bot `name` in the database of this address, as
    /// `postgres://user:password@host:port/database`, of which the password, the port (then 5432) and
    /// `?sslmode=` (then `prefer`) may be left out. Neither the variables of libpq nor its file of passwords say
    /// anything. It connects with the first call.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Refused`]: the address is none, or leaves out something else; the process has a variable of libpq
    /// that no address undoes (`PGOPTIONS`, `PGSSLCERT`, `PGSSLKEY`); or the name has other letters than `a`–`z`, `0`–`9`
    /// and `_`, or more than [`NAME_BYTES_MAX`](crate::tiers::NAME_BYTES_MAX) of them.
    pub fn new(address: &str, name: &str) -> Result<Self, StoreError> {
        let prefix = prefix(NAME, name)?;
        let options = options(address)
            .map_err(|note| StoreError::new(NAME, StoreFault::Refused).with_source(note))?;
        let within = "position($1 in subjects)";
        let sql = Arc::new(Sql::new(format!("{prefix}kept_"), true, within));
        Ok(Self {
            door: Arc::new(Door {
                options,
                is_made: OnceCell::new(),
                sql: Arc::clone(&sql),
            }),
            lanes: Lanes::new(LANES),
            sql,
        })
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
}

impl Door {
    async fn open(self: Arc<Self>) -> Result<PgConnection, Failure> {
        let mut connection = self.options.connect().await?;
        self.is_made
            .get_or_try_init(|| async {
                let mut all = begin(&mut connection).await?;
                let lock = query("SELECT pg_advisory_xact_lock($1)".to_owned()).bind(SCHEMA_LOCK);
                lock.execute(&mut *all).await?;
                let number = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
                let mut tables = self.sql.tables(number, "TEXT COLLATE \"C\"");
                tables.push(format!(
                    "CREATE TABLE IF NOT EXISTS {} (place BIGINT NOT NULL, id BYTEA NOT NULL, \
                     subjects BYTEA NOT NULL, entry BYTEA NOT NULL, PRIMARY KEY (place, id)) \
                     PARTITION BY LIST (place)",
                    parent(&self.sql)
                ));
                PostgresWarm::tables(&self.sql, &mut all, tables).await?;
                Ok::<_, Failure>(all.commit().await?)
            })
            .await?;
        Ok(connection)
    }
}

warm!(PostgresWarm, PgConnection, i32);

async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection.begin().await
}

/// The table of which all partitions are.
fn parent(sql: &Sql) -> String {
    sql.table("all")
}

async fn make_partition(
    connection: &mut PgConnection,
    sql: &Sql,
    number: i64,
) -> Result<(), Failure> {
    let (table, parent) = (sql.partition(number), parent(sql));
    let make = query(format!(
        "CREATE TABLE {table} PARTITION OF {parent} FOR VALUES IN ({number})"
    ));
    make.execute(connection).await?;
    Ok(())
}

/// Puts in what is not there, and says how many those were and how many bytes they have.
async fn insert(
    connection: &mut PgConnection,
    sql: &Sql,
    number: i64,
    entries: &[Entry],
) -> Result<(i64, i64), Failure> {
    let text = sql::text(format!(
        "INSERT INTO {} (place, id, subjects, entry) \
         SELECT {number}, id, subjects, entry FROM UNNEST($1::bytea[], $2::bytea[], $3::bytea[]) \
         AS new (id, subjects, entry) ON CONFLICT DO NOTHING RETURNING length(entry)",
        sql.partition(number)
    ));
    let (mut count, mut size) = (0, 0);
    for batch in batches(entries, BATCH) {
        let column = |of: fn(&Entry) -> Vec<u8>| batch.iter().map(of).collect::<Vec<_>>();
        let insert = query(Arc::clone(&text))
            .bind(column(|entry| entry.id().to_bytes().to_vec()))
            .bind(column(Entry::subject_bytes))
            .bind(column(|entry| entry.to_bytes().to_vec()));
        for row in insert.fetch_all(&mut *connection).await? {
            count += 1;
            size += i64::from(row.try_get::<i32, _>(0)?);
        }
    }
    Ok((count, size))
}

fn query<'q>(text: impl Into<Arc<str>>) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(text.into()))
}

impl fmt::Debug for PostgresWarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold the password.
        f.debug_struct("PostgresWarm")
            .field("host", &self.door.options.get_host())
            .field("port", &self.door.options.get_port())
            .finish_non_exhaustive()
    }
}

const NAME: &str = "postgres";

/// How many entries one statement has.
const BATCH: usize = 512;

/// Whoever makes the tables holds this lock of the database: "oven" in ASCII, and the schema's step.
const SCHEMA_LOCK: i64 = 0x6f76_656e_0002;
