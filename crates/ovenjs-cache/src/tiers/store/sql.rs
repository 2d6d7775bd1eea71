//! What the stores in databases have in common: tables, statements and connections.

mod calls;
mod lanes;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::collections::BTreeMap;
use std::{sync::Arc, time::Duration};

use sqlx::{Error, error::DatabaseError};

pub(super) use self::calls::store;
pub(crate) use self::lanes::{Lane, Lanes};
use super::{Cursor, Encoded, Span, StoreError, StoreFault};
use crate::tiers::{FOREVER_MS, Key, Version};

/// The statements that all databases are given the same values for, in the same order, with the names of the tables
/// in them. Nothing else ever becomes a part of one.
#[derive(Debug)]
pub(super) struct Sql {
    /// Takes back a record that is these bytes: its key and they.
    pub(super) discard: Arc<str>,
    /// Takes a key for somebody: the key, who, until when; and the time.
    pub(super) claim: Arc<str>,
    /// Who has the key, where the number of rows that the claim changed does not tell.
    pub(super) holder: Option<Arc<str>>,
    pub(super) release: Arc<str>,
    /// The time, and how many.
    pub(super) sweep: Arc<str>,
    pub(super) sweep_claims: Arc<str>,
    /// The time before which a tag got its generation that is known no more.
    pub(super) sweep_tags: Arc<str>,
    /// The first page of a span: its space, the place from which on, the time, the scope, how many.
    pub(super) first_page: Spans,
    /// The same after a place.
    pub(super) next_page: Spans,
    /// Forgets some of a span: its space, the scope, how many.
    pub(super) erase: Spans,
    pub(super) schema: Schema,
}

/// A statement about a span: for the whole of a space, and for one scope in it.
#[derive(Debug)]
pub(super) struct Spans {
    pub(super) whole: Arc<str>,
    pub(super) scope: Arc<str>,
}

/// What makes the tables what they are.
#[derive(Debug)]
pub(super) struct Schema {
    /// Makes the table that holds the version, if there is none.
    pub(super) table: String,
    pub(super) read: String,
    pub(super) forget: String,
    pub(super) remember: String,
    /// From nothing to today's: one element for each version. Only ever add to it.
    pub(super) steps: Vec<Vec<String>>,
}

impl Spans {
    pub(super) fn of(&self, span: &Span) -> Arc<str> {
        Arc::clone(if span.scope.is_some() {
            &self.scope
        } else {
            &self.whole
        })
    }
}

impl Schema {
    pub(super) fn new(prefix: &str, steps: Vec<Vec<String>>) -> Self {
        Self {
            table: format!("CREATE TABLE IF NOT EXISTS {prefix}schema (version BIGINT NOT NULL)"),
            read: format!("SELECT version FROM {prefix}schema"),
            forget: format!("DELETE FROM {prefix}schema"),
            remember: format!(
                "INSERT INTO {prefix}schema (version) VALUES ({})",
                steps.len()
            ),
            steps,
        }
    }
}

/// What Postgres and SQLite say in the same words, but for three.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    /// A text that is compared by its bytes.
    pub(super) text: &'static str,
    pub(super) bytes: &'static str,
    /// The larger one of two.
    pub(super) greatest: &'static str,
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl Dialect {
    pub(super) fn sql(self, prefix: &str) -> Sql {
        let key = "space = $1 AND scope = $2 AND id = $3";
        let page = |from, scope, limit| -> Arc<str> {
            format!(
                "SELECT scope, id, record FROM {prefix}records WHERE space = $1 \
                 AND (scope, id) {from} ($2, $3) AND hard > $4 {scope} ORDER BY scope, id LIMIT {limit}"
            )
            .into()
        };
        let pages = |from| Spans {
            whole: page(from, "", "$5"),
            scope: page(from, "AND scope = $5", "$6"),
        };
        let erase = |scope, limit| -> Arc<str> {
            format!(
                "DELETE FROM {prefix}records WHERE space = $1 AND (scope, id) IN \
                 (SELECT scope, id FROM {prefix}records WHERE space = $1 {scope} LIMIT {limit})"
            )
            .into()
        };
        Sql {
            discard: format!("DELETE FROM {prefix}records WHERE {key} AND record = $4").into(),
            claim: format!(
                "INSERT INTO {prefix}claims AS held (space, scope, id, holder, ends) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (space, scope, id) \
                 DO UPDATE SET holder = excluded.holder, ends = excluded.ends \
                 WHERE held.ends <= $6 OR held.holder = excluded.holder"
            )
            .into(),
            holder: None,
            release: format!("DELETE FROM {prefix}claims WHERE {key} AND holder = $4").into(),
            // Both times, since one that was replaced meanwhile is not over any more.
            sweep: format!(
                "DELETE FROM {prefix}records WHERE hard <= $1 AND (space, scope, id) IN \
                 (SELECT space, scope, id FROM {prefix}records WHERE hard <= $1 ORDER BY hard LIMIT $2)"
            )
            .into(),
            sweep_claims: format!("DELETE FROM {prefix}claims WHERE ends <= $1").into(),
            sweep_tags: format!("DELETE FROM {prefix}tags WHERE generation < $1").into(),
            first_page: pages(">="),
            next_page: pages(">"),
            erase: Spans {
                whole: erase("", "$2"),
                scope: erase("AND scope = $2", "$3"),
            },
            schema: Schema::new(prefix, self.steps(prefix)),
        }
    }

    /// Source and version of what a key has and is not over.
    pub(super) fn held(prefix: &str) -> Arc<str> {
        format!(
            "SELECT source, version FROM {prefix}records \
             WHERE space = $1 AND scope = $2 AND id = $3 AND hard > $4"
        )
        .into()
    }

    /// Writes the records that `values` gives unless there is one that is not over at `now` and that must not be
    /// replaced: see [`Version::may_replace`].
    pub(super) fn upsert(prefix: &str, values: &str, now: &str) -> Arc<str> {
        format!(
            "INSERT INTO {prefix}records AS held (space, scope, id, source, version, hard, record) {values} \
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
    pub(super) fn bump(self, prefix: &str, values: &str) -> Arc<str> {
        let greatest = self.greatest;
        format!(
            "INSERT INTO {prefix}tags AS held (tag, generation) {values} ON CONFLICT (tag) \
             DO UPDATE SET generation = {greatest}(held.generation + 1, excluded.generation) \
             RETURNING tag, generation"
        )
        .into()
    }

    fn steps(self, prefix: &str) -> Vec<Vec<String>> {
        let Self { text, bytes, .. } = self;
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
}

/// What the names of a bot's tables begin with.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn prefix(store: &'static str, name: &str) -> Result<String, StoreError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_plain) {
        return Err(StoreError::new(store, StoreFault::Refused)
            .with_source("the bot's name is of a-z, 0-9 and _, and of 1 to 40 of them"));
    }
    Ok(format!("oven_{name}_"))
}

/// The entries with their places: in the first round each key that comes, in the second those that come again.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn rounds<T, K: Ord>(entries: Vec<T>, key: impl Fn(&T) -> K) -> Vec<Vec<(usize, T)>> {
    let mut met: BTreeMap<K, usize> = BTreeMap::new();
    let mut rounds: Vec<Vec<(usize, T)>> = Vec::new();
    for (place, entry) in entries.into_iter().enumerate() {
        let times = met.entry(key(&entry)).or_default();
        match rounds.get_mut(*times) {
            Some(round) => round.push((place, entry)),
            None => rounds.push(vec![(place, entry)]),
        }
        *times += 1;
    }
    rounds
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
    (key.space().as_str(), key.scope().cast_signed(), key.id())
}

pub(super) fn odd_answer(store: &'static str) -> Failure {
    StoreError::new(store, StoreFault::Refused)
        .with_source(
            "its tables are not what they should be: give the bot a name or database of its own",
        )
        .into()
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
            Self::Database(Error::Database(refused)) => said(&**refused) == Said::Leaving,
            Self::Database(_) | Self::Told(_) => false,
        }
    }

    /// Whether the database broke it off for the sake of another's, and nothing of it was done.
    pub(super) fn is_broken_off(&self) -> bool {
        matches!(self, Self::Database(Error::Database(refused)) if said(&**refused) == Said::BrokenOff)
    }

    pub(crate) fn told(self, store: &'static str) -> StoreError {
        match self {
            Self::Told(error) => error,
            Self::Database(error) => {
                let fault = match &error {
                    Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => {
                        StoreFault::Away
                    }
                    Error::Database(refused) => match said(&**refused) {
                        Said::Leaving | Said::BrokenOff | Said::Busy => StoreFault::Away,
                        Said::Full => StoreFault::Full,
                        Said::Auth => StoreFault::Auth,
                        #[cfg(feature = "mysql")]
                        Said::TooLarge => StoreFault::TooLarge,
                        Said::Else => StoreFault::Refused,
                    },
                    _ => StoreFault::Refused,
                };
                StoreError::new(store, fault).with_source(error)
            }
        }
    }
}

/// What a database's refusal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// It is shut down, is starting, or has ended this connection.
    Leaving,
    /// Another's change went first, and nothing of this one was done.
    BrokenOff,
    /// Too many ask it at once, or one held for too long what this call needs.
    Busy,
    Full,
    Auth,
    #[cfg(feature = "mysql")]
    TooLarge,
    Else,
}

/// By the code of five letters that Postgres has, the number of SQLite, whose lowest byte counts, or that of MySQL.
fn said(refused: &dyn DatabaseError) -> Said {
    #[cfg(feature = "mysql")]
    if let Some(refused) = refused.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return match refused.number() {
            // Shutting down; killed, and so called by MariaDB; asleep for too long.
            1053 | 1927 | 4031 => Said::Leaving,
            1213 => Said::BrokenOff,
            // Too many connections, of all and of this user; another's lock; a bound on the time of a statement.
            1040 | 1203 | 1205 | 1226 | 1317 | 1969 | 3024 => Said::Busy,
            1021 | 1041 | 1114 => Said::Full,
            // A statement beyond `max_allowed_packet`, a row beyond its table's bound.
            1118 | 1153 => Said::TooLarge,
            1045 | 1698 => Said::Auth,
            _ => Said::Else,
        };
    }
    let code = refused.code().unwrap_or_default();
    match (&*code, code.parse::<u32>().map(|number| number & 0xff)) {
        ("57P01" | "57P02" | "57P03", _) => Said::Leaving,
        ("40001" | "40P01", _) => Said::BrokenOff,
        ("53300" | "57014", _) => Said::Busy,
        ("53100" | "53200", _) => Said::Full,
        ("28000" | "28P01", _) => Said::Auth,
        // SQLITE_FULL; SQLITE_BUSY, SQLITE_LOCKED.
        (_, Ok(13)) if code.len() < 5 => Said::Full,
        (_, Ok(5 | 6)) if code.len() < 5 => Said::Busy,
        _ => Said::Else,
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
    Cursor([&last.scope().to_be_bytes(), last.id()].concat().into())
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

/// How long the name of a bot may be that shares a database with others: with it those of tables and indexes have at
/// most the 63 bytes which a Postgres keeps, and a MySQL allows one more.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub const NAME_BYTES_MAX: usize = 40;

/// How often a record is written whose key was held and then was not.
#[cfg(feature = "postgres")]
pub(super) const WRITE_ROUNDS: usize = 4;

/// How often a call is begun that others' broke off: who is broken off once seldom is so twice.
pub(super) const ATTEMPTS: u32 = 4;

/// How many connections there are to a server: as many as a small one has cores. Statements take turns on more.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) const LANES: usize = 4;

/// How long a call may take as a whole, with connecting and repetitions.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// How many records are forgotten by one statement, so that writers do not wait long: tens of milliseconds.
pub(super) const ERASED_AT_ONCE: i64 = 5_000;

/// How long a tag is known since it got its generation, which is a time. What was made of one that is not known any more
/// is stale once more than it need be.
pub(super) const TAG_KEPT_MS: u64 = 30 * 24 * 3_600_000;

/// How many records one statement has at most, or one transaction of those that write each by itself.
pub(super) const BATCH: usize = 512;

/// How many bytes it has, but for one record alone.
pub(super) const BATCH_BYTES: usize = 4 << 20;
