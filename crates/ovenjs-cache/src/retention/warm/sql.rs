//! What the warm tiers in databases have in common: tables, statements, and the calls whose words are the same.
//!
//! `places` says which partitions there are. Whoever changes a partition changes its row first, and so holds it until
//! the change is made: a partition that is compared with its row and dropped is the one that was read.

mod calls;

use std::sync::Arc;

use bytes::Bytes;

pub(super) use self::calls::warm;
use super::{Entry, EntryId};

/// The statements, with the names of the tables in them. Nothing else ever becomes a part of one.
#[derive(Debug)]
pub(super) struct Sql {
    prefix: String,
    /// Whether a partition's rows begin with its number.
    has_place: bool,
    /// How a database calls a part of bytes within others: `$1` in `subjects`.
    within: &'static str,
}

impl Sql {
    pub(super) fn new(prefix: String, has_place: bool, within: &'static str) -> Self {
        Self {
            prefix,
            has_place,
            within,
        }
    }

    /// The name of a partition.
    pub(super) fn partition(&self, number: i64) -> String {
        format!("{}{number}", self.prefix)
    }

    /// The name of a table that is there before any partition.
    #[cfg(feature = "postgres")]
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What all conditions on rows of a partition begin with.
    fn rows(&self, number: i64) -> String {
        let table = self.partition(number);
        if self.has_place {
            format!("{table} WHERE place = {number} AND")
        } else {
            format!("{table} WHERE")
        }
    }

    pub(super) fn find(&self, number: i64) -> String {
        format!("SELECT entry FROM {} id = $1", self.rows(number))
    }

    pub(super) fn page(&self, number: i64) -> String {
        let rows = self.rows(number);
        format!("SELECT id, entry FROM {rows} id >= $1 ORDER BY id LIMIT $2")
    }

    /// Rows whose subjects may have the user: `$1` may also lie across two of them.
    pub(super) fn about(&self, number: i64) -> String {
        let (rows, within) = (self.rows(number), self.within);
        format!("SELECT id, entry FROM {rows} {within} > 0 AND id >= $2 ORDER BY id LIMIT $3")
    }

    pub(super) fn delete(&self, number: i64) -> String {
        format!("DELETE FROM {} id = $1", self.rows(number))
    }

    pub(super) fn number(&self) -> String {
        format!(
            "SELECT number FROM {}places WHERE class = $1 AND week = $2",
            self.prefix
        )
    }

    pub(super) fn places(&self) -> String {
        format!(
            "SELECT class, week, entries, bytes, number, changes FROM {}places ORDER BY class, week",
            self.prefix
        )
    }

    /// Says that the partition changes, which keeps others from changing it.
    pub(super) fn change(&self) -> String {
        format!(
            "UPDATE {}places SET changes = changes + 1 WHERE class = $1 AND week = $2 RETURNING number",
            self.prefix
        )
    }

    pub(super) fn begin_place(&self) -> String {
        format!(
            "INSERT INTO {}places (class, week, changes, entries, bytes) VALUES ($1, $2, 1, 0, 0) \
             ON CONFLICT (class, week) DO NOTHING RETURNING number",
            self.prefix
        )
    }

    pub(super) fn tally(&self) -> String {
        format!(
            "UPDATE {}places SET entries = entries + $2, bytes = bytes + $3 WHERE number = $1",
            self.prefix
        )
    }

    pub(super) fn end_place(&self) -> String {
        format!(
            "DELETE FROM {}places WHERE class = $1 AND week = $2 AND number = $3 AND changes = $4",
            self.prefix
        )
    }

    pub(super) fn drop_partition(&self, number: i64) -> String {
        format!("DROP TABLE {}", self.partition(number))
    }

    pub(super) fn remember(&self) -> String {
        format!(
            "INSERT INTO {}erasures (subject, until_ms, confirmed) VALUES ($1, $2, $3) \
             ON CONFLICT (subject, until_ms) DO UPDATE SET confirmed = excluded.confirmed",
            self.prefix
        )
    }

    pub(super) fn erasures(&self) -> String {
        format!(
            "SELECT subject, until_ms, confirmed FROM {}erasures",
            self.prefix
        )
    }

    pub(super) fn forget(&self) -> String {
        format!(
            "DELETE FROM {}erasures WHERE subject = $1 AND until_ms = $2",
            self.prefix
        )
    }

    pub(super) fn claim(&self) -> String {
        let prefix = &self.prefix;
        format!(
            "INSERT INTO {prefix}mover AS held (one, holder, ends) VALUES (1, $1, $2) ON CONFLICT (one) \
             DO UPDATE SET holder = excluded.holder, ends = excluded.ends \
             WHERE held.ends <= $3 OR held.holder = excluded.holder"
        )
    }

    /// The tables that are there before any partition. `number` is the type of a column that counts by itself.
    pub(super) fn tables(&self, number: &str, text: &str) -> Vec<String> {
        let prefix = &self.prefix;
        vec![
            format!("CREATE TABLE IF NOT EXISTS {prefix}schema (version BIGINT PRIMARY KEY)"),
            format!(
                "INSERT INTO {prefix}schema (version) VALUES ({SCHEMA}) ON CONFLICT DO NOTHING"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {prefix}places (number {number}, class {text} NOT NULL, \
                 week BIGINT NOT NULL, changes BIGINT NOT NULL, entries BIGINT NOT NULL, bytes BIGINT NOT NULL, \
                 UNIQUE (class, week))"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {prefix}erasures (subject BIGINT NOT NULL, until_ms BIGINT NOT NULL, \
                 confirmed BIGINT NOT NULL, PRIMARY KEY (subject, until_ms))"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {prefix}mover (one BIGINT PRIMARY KEY, holder BIGINT NOT NULL, \
                 ends BIGINT NOT NULL)"
            ),
        ]
    }

    pub(super) fn newest_schema(&self) -> String {
        format!("SELECT max(version) FROM {}schema", self.prefix)
    }
}

/// The entry of a row.
pub(super) fn entry(id: &[u8], bytes: Vec<u8>) -> Option<Entry> {
    let id = EntryId::from_bytes(id.try_into().ok()?);
    Entry::from_bytes(id, &Bytes::from(bytes))
}

/// A text that becomes a statement.
pub(super) fn text(text: String) -> Arc<str> {
    text.into()
}

/// The version of the tables.
pub(super) const SCHEMA: i64 = 1;
