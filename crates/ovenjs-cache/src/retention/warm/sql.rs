//! What the warm tiers in databases have in common: tables, statements, and the calls whose words are the same.
//!
//! `places` says which partitions there are. Whoever changes a partition changes its row first, and so holds it until
//! the change is made: a partition that is compared with its row and dropped is the one that was read.

mod calls;

use std::sync::Arc;

use bytes::Bytes;
use ovenjs_types::{Id, marker::UserMarker};

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

    /// Rows up to the one with which they have so many bytes, which is looked up first, so that no more are read.
    pub(super) fn page(&self, number: i64) -> String {
        let rows = self.rows(number);
        format!(
            "SELECT id, entry FROM {rows} id >= $1 AND id <= (SELECT id FROM \
             (SELECT id, sum(size) OVER (ORDER BY id) - size AS prior FROM \
             (SELECT id, length(entry) AS size FROM {rows} id >= $1 ORDER BY id LIMIT $2) AS sized) AS summed \
             WHERE prior < $3 ORDER BY id DESC LIMIT 1) ORDER BY id"
        )
    }

    /// Rows whose subjects may have the user: `$1` may also lie across two of them.
    pub(super) fn about(&self, number: i64) -> String {
        let (rows, within) = (self.rows(number), self.within);
        format!(
            "SELECT id, subjects, length(entry) FROM {rows} {within} > 0 AND id >= $2 ORDER BY id LIMIT $3"
        )
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

    /// Those that reach an entry of this time.
    pub(super) fn erasures(&self) -> String {
        format!(
            "SELECT subject, until_ms, confirmed FROM {}erasures WHERE until_ms >= $1",
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
            // Whoever puts asks for the few that are newer than the entries.
            format!(
                "CREATE INDEX IF NOT EXISTS {prefix}erasures_until ON {prefix}erasures (until_ms)"
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
pub(super) fn entry(row_id: &[u8], bytes: Vec<u8>) -> Option<Entry> {
    Entry::from_bytes(id(row_id)?, &Bytes::from(bytes))
}

/// The id of a row.
pub(super) fn id(bytes: &[u8]) -> Option<EntryId> {
    Some(EntryId::from_bytes(bytes.try_into().ok()?))
}

/// Whether a row's subjects have the user.
pub(super) fn has_subject(subjects: &[u8], user: Id<UserMarker>) -> bool {
    let (users, _) = subjects.as_chunks::<8>();
    users.contains(&user.get().to_be_bytes())
}

/// A text that becomes a statement.
pub(super) fn text(text: String) -> Arc<str> {
    text.into()
}

/// The version of the tables.
pub(super) const SCHEMA: i64 = 1;
