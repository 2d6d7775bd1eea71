//! What the stores in databases have in common: tables, statements and connections.

mod calls;

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(super) use self::calls::{calls, store};
use super::{Cursor, Encoded, StoreError, StoreFault};
use crate::tiers::{FOREVER_MS, Key, Version};

/// How a database says what others say otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    /// A text that is compared by its bytes.
    pub(super) text: &'static str,
    pub(super) bytes: &'static str,
    /// The larger one of two.
    pub(super) greatest: &'static str,
}

/// The statements, with the names of the tables in them. Nothing else ever becomes a part of one.
#[derive(Debug)]
pub(super) struct Sql {
    prefix: String,
    dialect: Dialect,
    pub(super) held: Arc<str>,
    pub(super) discard: Arc<str>,
    pub(super) claim: Arc<str>,
    pub(super) release: Arc<str>,
    pub(super) sweep: Arc<str>,
    pub(super) sweep_claims: Arc<str>,
}

impl Sql {
    pub(super) fn new(dialect: Dialect, prefix: &str) -> Self {
        let key = "space = $1 AND scope = $2 AND id = $3";
        Self {
            held: format!("SELECT source, version FROM {prefix}records WHERE {key} AND hard > $4").into(),
            discard: format!("DELETE FROM {prefix}records WHERE {key} AND record = $4").into(),
            claim: format!(
                "INSERT INTO {prefix}claims AS held (space, scope, id, holder, ends) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (space, scope, id) \
                 DO UPDATE SET holder = excluded.holder, ends = excluded.ends \
                 WHERE held.ends <= $6 OR held.holder = excluded.holder"
            )
            .into(),
            release: format!("DELETE FROM {prefix}claims WHERE {key} AND holder = $4").into(),
            // Both times, since one that was replaced meanwhile is not over any more.
            sweep: format!(
                "DELETE FROM {prefix}records WHERE hard <= $1 AND (space, scope, id) IN \
                 (SELECT space, scope, id FROM {prefix}records WHERE hard <= $1 ORDER BY hard LIMIT $2)"
            )
            .into(),
            sweep_claims: format!("DELETE FROM {prefix}claims WHERE ends <= $1").into(),
            prefix: prefix.to_owned(),
            dialect,
        }
    }

    /// Writes the records that `values` gives unless there is one that is not over at `now` and that must not be
    /// replaced: see [`Version::may_replace`].
    pub(super) fn upsert(&self, values: &str, now: &str) -> Arc<str> {
        let table = format!("{}records", self.prefix);
        format!(
            "INSERT INTO {table} AS held (space, scope, id, source, version, hard, record) {values} \
             ON CONFLICT (space, scope, id) DO UPDATE SET source = excluded.source, \
             version = excluded.version, hard = excluded.hard, record = excluded.record \
             WHERE held.hard <= {now} \
             OR substr(excluded.version, 1, 8) > substr(held.version, 1, 8) \
             OR (excluded.source = held.source AND excluded.version >= held.version) \
             RETURNING space, scope, id"
        )
        .into()
    }

    /// Gives the tags of `values` a later generation.
    pub(super) fn bump(&self, values: &str) -> Arc<str> {
        let (prefix, greatest) = (&self.prefix, self.dialect.greatest);
        format!(
            "INSERT INTO {prefix}tags AS held (tag, generation) {values} ON CONFLICT (tag) \
             DO UPDATE SET generation = {greatest}(held.generation + 1, excluded.generation) \
             RETURNING tag, generation"
        )
        .into()
    }

    /// A page of a span: its space, from where on (scope and id), the time, how many, and the scope.
    pub(super) fn page(&self, is_first: bool, one_scope: bool) -> String {
        let prefix = &self.prefix;
        let from = if is_first { ">=" } else { ">" };
        let scope = if one_scope { "AND scope = $6" } else { "" };
        format!(
            "SELECT scope, id, record FROM {prefix}records WHERE space = $1 \
             AND (scope, id) {from} ($2, $3) AND hard > $4 {scope} ORDER BY scope, id LIMIT $5"
        )
    }

    /// Forgets some of a span: its space, how many, and the scope.
    pub(super) fn erase(&self, one_scope: bool) -> String {
        let prefix = &self.prefix;
        let scope = if one_scope { "AND scope = $3" } else { "" };
        format!(
            "DELETE FROM {prefix}records WHERE space = $1 AND (scope, id) IN \
             (SELECT scope, id FROM {prefix}records WHERE space = $1 {scope} LIMIT $2)"
        )
    }

    /// What makes the tables what they are, from nothing to today's: one element for each version of the schema.
    /// Only ever add to it.
    pub(super) fn steps(&self) -> Vec<Vec<String>> {
        let Self {
            prefix, dialect, ..
        } = self;
        let Dialect { text, bytes, .. } = dialect;
        let key = format!("space {text} NOT NULL, scope BIGINT NOT NULL, id {bytes} NOT NULL");
        vec![
            vec![
                format!(
                    "CREATE TABLE {prefix}records ({key}, source BIGINT NOT NULL, version {bytes} NOT NULL, \
                     hard BIGINT NOT NULL, record {bytes} NOT NULL, PRIMARY KEY (space, scope, id))"
                ),
                format!("CREATE INDEX {prefix}records_over ON {prefix}records (hard)"),
                format!(
                    "CREATE TABLE {prefix}tags (tag {text} PRIMARY KEY, generation BIGINT NOT NULL)"
                ),
            ],
            vec![format!(
                "CREATE TABLE {prefix}claims ({key}, holder BIGINT NOT NULL, ends BIGINT NOT NULL, \
                 PRIMARY KEY (space, scope, id))"
            )],
        ]
    }

    pub(super) fn schema_table(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {}schema (version BIGINT NOT NULL)",
            self.prefix
        )
    }

    pub(super) fn schema_read(&self) -> String {
        format!("SELECT version FROM {}schema", self.prefix)
    }

    pub(super) fn schema_write(&self) -> [String; 2] {
        let prefix = &self.prefix;
        [
            format!("DELETE FROM {prefix}schema"),
            format!("INSERT INTO {prefix}schema (version) VALUES ($1)"),
        ]
    }
}

/// The entries in parts that one statement takes.
pub(super) fn batches<'r, 'e>(
    entries: &'r [(usize, Encoded<'e>)],
) -> impl Iterator<Item = &'r [(usize, Encoded<'e>)]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut size = 0;
        let fitting = rest.iter().take(BATCH).take_while(|(_, entry)| {
            let fits = size < BATCH_BYTES;
            size += entry.2.len();
            fits
        });
        let (batch, next) = rest.split_at_checked(fitting.count())?;
        rest = next;
        (!batch.is_empty()).then_some(batch)
    })
}

/// A key as the columns of the tables, which is also the order in which rows are locked.
pub(super) fn columns(key: &Key) -> (&str, i64, &[u8]) {
    (
        key.space().as_str(),
        key.scope().cast_signed(),
        &key.id()[..],
    )
}

pub(super) fn odd_answer(store: &'static str) -> Failure {
    StoreError::new(store, StoreFault::Refused)
        .with_source(
            "its tables are not what they should be: give the bot a name or database of its own",
        )
        .into()
}

/// Connections that are kept when a call ended well, and closed with a call that did not or that was dropped, so
/// that no answer is ever another call's. A pool that takes such connections back waits for them to answer.
#[derive(Debug)]
pub(crate) struct Lanes<C> {
    free: Mutex<Vec<C>>,
    permits: Semaphore,
}

impl<C> Lanes<C> {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(Vec::with_capacity(count)),
            permits: Semaphore::new(count),
        }
    }

    /// A connection: one that is free, or the one that `open` makes.
    pub(crate) async fn enter<E>(
        &self,
        open: impl Future<Output = Result<C, E>>,
    ) -> Result<Lane<'_, C>, E> {
        // It fails where the semaphore is closed, which nobody does.
        let permit = self.permits.acquire().await.ok();
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match free {
            Some(connection) => connection,
            None => open.await?,
        };
        Ok(Lane {
            connection,
            lanes: self,
            _permit: permit,
        })
    }

    /// Closes those that are free: a server that went away took all of them along.
    pub(crate) fn close(&self) {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

pub(crate) struct Lane<'a, C> {
    pub(crate) connection: C,
    lanes: &'a Lanes<C>,
    _permit: Option<SemaphorePermit<'a>>,
}

impl<C> Lane<'_, C> {
    /// Keeps the connection for the next call.
    pub(crate) fn keep(self) {
        let mut free = self
            .lanes
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        free.push(self.connection);
    }
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    Database(Error),
    Told(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl Failure {
    /// Whether the connection was found to have ended: a new one may serve.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Database(Error::Io(_) | Error::WorkerCrashed) => true,
            Self::Database(Error::Database(refused)) => is_leaving(refused.code()),
            Self::Database(_) | Self::Told(_) => false,
        }
    }

    pub(crate) fn told(self, store: &'static str) -> StoreError {
        match self {
            Self::Told(error) => error,
            Self::Database(error) => {
                let fault = match &error {
                    Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => {
                        StoreFault::Away
                    }
                    Error::Database(refused) => fault_of(refused.code()),
                    _ => StoreFault::Refused,
                };
                StoreError::new(store, fault).with_source(error)
            }
        }
    }
}

/// The words of a Postgres that is shut down or starting.
fn is_leaving(code: Option<Cow<'_, str>>) -> bool {
    code.is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P03"))
}

/// What a code of Postgres (five letters) or of SQLite (a number, whose lowest byte counts) tells.
fn fault_of(code: Option<Cow<'_, str>>) -> StoreFault {
    let code = code.unwrap_or_default();
    match (&*code, code.parse::<u32>().map(|number| number & 0xff)) {
        ("28000" | "28P01", _) => StoreFault::Auth,
        ("53100" | "53200", _) => StoreFault::Full,
        // Too many connections, leaving, starting, and what a deadlock or another writer broke off.
        ("53300" | "57P01" | "57P02" | "57P03" | "40001" | "40P01" | "57014", _) => {
            StoreFault::Away
        }
        // SQLITE_FULL; SQLITE_BUSY, SQLITE_LOCKED.
        (_, Ok(13)) if code.len() < 5 => StoreFault::Full,
        (_, Ok(5 | 6)) if code.len() < 5 => StoreFault::Away,
        _ => StoreFault::Refused,
    }
}

/// A time as databases know it.
pub(crate) fn time(millis: u64) -> i64 {
    millis.min(FOREVER_MS).cast_signed()
}

/// Epoch and sequence as bytes, whose order is theirs.
pub(super) fn order(version: Version) -> Vec<u8> {
    [version.epoch.to_be_bytes(), version.sequence.to_be_bytes()].concat()
}

/// The version of which source and [`order`] are kept.
pub(super) fn version(source: i64, order: &[u8]) -> Option<Version> {
    let (epoch, rest) = order.split_first_chunk()?;
    Some(Version {
        source: u32::try_from(source).ok()?,
        epoch: u64::from_be_bytes(*epoch),
        sequence: u64::from_be_bytes(*rest.first_chunk()?),
    })
}

/// The place after the last key of a page.
pub(super) fn cursor(last: &Key) -> Cursor {
    Cursor(
        [&last.scope().to_be_bytes(), &last.id()[..]]
            .concat()
            .into(),
    )
}

pub(super) fn place<'a>(
    store: &'static str,
    cursor: &'a Cursor,
) -> Result<(i64, &'a [u8]), StoreError> {
    let (scope, id) = cursor.0.split_first_chunk().ok_or_else(|| {
        StoreError::new(store, StoreFault::Refused)
            .with_source("the place to go on from is another store's")
    })?;
    Ok((i64::from_be_bytes(*scope), id))
}

/// How long a call may take as a whole, with connecting and one repetition.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// How many records are forgotten by one statement, so that writers do not wait long: tens of milliseconds.
pub(super) const ERASED_AT_ONCE: i64 = 5_000;

/// How many records one statement has at most, or one transaction of those that write each by itself.
pub(super) const BATCH: usize = 512;

/// How many bytes it has, but for one record alone.
pub(super) const BATCH_BYTES: usize = 4 << 20;
