//! A store in a MySQL or a MariaDB.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, MySql, MySqlConnection,
    Row as _,
    mysql::{MySqlArguments, MySqlConnectOptions, MySqlRow},
    query::Query,
};
use tokio::sync::OnceCell;

use super::{
    Asked, Cursor, Encoded, Page, Span, Store, StoreError, StoreFault, Written, encoded,
    sql::{
        self, ATTEMPTS, BATCH, DEADLINE, ERASED_AT_ONCE, Failure, LANES, Lane, Lanes, Schema,
        Spans, Sql, batches, columns, order, rounds, store, time, version,
    },
    until,
};
use crate::tiers::{ID_BYTES_MAX, Key, Record, SPACE_BYTES_MAX, TAG_BYTES_MAX, Tag};

/// A [`Store`] in a MySQL 8.0 or newer, or a MariaDB 10.6 or newer, for what is to be there for long.
///
/// - Tables of its own, `oven_<name>_records`, `_tags`, `_claims` and `_schema`, are made when it is first asked
///   and brought up to date by later versions. The user needs to be allowed to create them.
/// - A call is a transaction for each 512 records, of at most 4 MiB. A record that is longer than the server's
///   `max_allowed_packet` (64 MiB in a MySQL, 16 MiB in a MariaDB, unless it is set) is refused.
/// - At most four connections. One on which an answer was late or a call was dropped is closed, not kept.
/// - A password goes over TLS, or a socket of this machine. Without either a MySQL takes it only if it has seen it since
///   it was started, and a MariaDB in its older form.
/// - What is over takes room until it is [swept](Store::sweep).
///
/// ```no_run
/// use ovenjs_cache::tiers::{Key, MySqlStore, Space, Store};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MySqlStore::new("mysql://ann:secret@db.example/bots?ssl-mode=VERIFY_IDENTITY", "my_bot")?;
/// let key = Key::new(&Space::new("settings", 1)?, 1, "prefix")?;
/// assert_eq!(store.read(1_700_000_000_000, &[key]).await?, [None]);
/// # Ok(())
/// # }
/// ```
pub struct MySqlStore {
    door: Arc<Door>,
    lanes: Lanes<MySqlConnection>,
    prefix: String,
    sql: Arc<Sql>,
    damaged: AtomicU64,
}

/// How to connect, which goes on where who wanted to has gone.
struct Door {
    options: MySqlConnectOptions,
    is_made: OnceCell<()>,
    sql: Arc<Sql>,
}

impl MySqlStore {
    /// The records of the bot `name` in the database of this address, as
    /// `mysql://user:password@host:port/database`. It connects with the first call.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Refused`]: the address is none or names no database, or the name has other letters than
    /// `a`–`z`, `0`–`9` and `_`, or more than [`NAME_BYTES_MAX`](super::NAME_BYTES_MAX) of them.
    pub fn new(address: &str, name: &str) -> Result<Self, StoreError> {
        let prefix = sql::prefix(NAME, name)?;
        // What the parser says may repeat a part of the address, and with it the password.
        let options = MySqlConnectOptions::from_str(address).ok();
        let options = options.filter(|options| options.get_database().is_some());
        let options = options.ok_or_else(|| {
            StoreError::new(NAME, StoreFault::Refused)
                .with_source("the address is none: it is mysql://user:password@host:port/database")
        })?;
        let sql = Arc::new(statements(&prefix));
        Ok(Self {
            door: Arc::new(Door {
                options: options.disable_statement_logging(),
                is_made: OnceCell::new(),
                sql: Arc::clone(&sql),
            }),
            lanes: Lanes::new(LANES),
            sql,
            prefix,
            damaged: AtomicU64::new(0),
        })
    }

    /// It answers from where it writes, whatever was seen.
    #[expect(clippy::unused_self, reason = "all databases have it")]
    const fn saw(&self, _key: Option<&Key>) -> bool {
        false
    }

    async fn reader(&self) -> Result<Lane<MySqlConnection>, Failure> {
        self.writer().await
    }

    async fn writer(&self) -> Result<Lane<MySqlConnection>, Failure> {
        let open = || Arc::clone(&self.door).open();
        self.lanes.enter_beside(open).await
    }

    fn close(&self) {
        self.lanes.close();
    }

    async fn read_once(&self, now_ms: u64, keys: &[Key]) -> Result<Vec<Option<Record>>, Failure> {
        let mut lane = self.reader().await?;
        let mut found = vec![None; keys.len()];
        let mut damaged = Vec::new();
        let mut places: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
        for (place, key) in keys.iter().enumerate() {
            places.entry(key).or_default().push(place);
        }
        let wanted: Vec<_> = places.into_iter().collect();
        for wanted in wanted.chunks(BATCH) {
            let mut read = query(format!(
                "SELECT space, scope, id, record FROM {}records WHERE ({}) AND hard > ?",
                self.prefix,
                listed(KEY, " OR ", filled(wanted).count()),
            ));
            for (key, _) in filled(wanted) {
                read = bind_key(read, key);
            }
            let read = read.bind(time(now_ms));
            for row in read.fetch_all(&mut lane.connection).await? {
                let place = place_in(wanted, &row, |(key, _)| key)?;
                let (key, places) = wanted.get(place).ok_or_else(odd_answer)?;
                let mut record = None;
                let bytes: Vec<u8> = row.try_get(3)?;
                self.understand(key, bytes.into(), &mut record, &mut damaged);
                for place in places {
                    if let Some(found) = found.get_mut(*place) {
                        found.clone_from(&record);
                    }
                }
            }
        }
        lane.keep();
        self.discard(damaged).await?;
        Ok(found)
    }

    async fn write_once(
        &self,
        now_ms: u64,
        entries: &[(Key, Record)],
    ) -> Result<Vec<Written>, Failure> {
        let mut lane = self.writer().await?;
        let mut written = vec![Written::Kept; entries.len()];
        for mut round in rounds(encoded(NAME, entries)?, |entry| entry.0) {
            // In their order: two calls that wait for one another's never do so in a ring.
            round.sort_by_key(|(_, entry)| entry.0);
            for batch in batches(&round) {
                self.write_batch(&mut lane.connection, now_ms, batch, &mut written)
                    .await?;
            }
        }
        lane.keep();
        Ok(written)
    }

    /// Writes records of different keys, and looks what is there then, before anybody else can change it: what is of
    /// another version is what may not be replaced.
    async fn write_batch(
        &self,
        connection: &mut MySqlConnection,
        now_ms: u64,
        batch: &[(usize, Encoded<'_>)],
        written: &mut [Written],
    ) -> Result<(), Failure> {
        let mut all = connection.begin().await?;
        for part in parts(batch) {
            let mut write = query(format!(
                "INSERT INTO {}records (space, scope, id, source, version, hard, record) VALUES {} {ON_HELD}",
                self.prefix,
                listed("(?, ?, ?, ?, ?, ?, ?)", ", ", part.len()),
            ));
            for (_, (key, record, bytes)) in part {
                write = bind_key(write, key)
                    .bind(i64::from(record.version.source))
                    .bind(order(record.version))
                    .bind(time(record.hard_ms))
                    .bind(&bytes[..]);
            }
            for _ in 0..ON_HELD.matches('?').count() {
                write = write.bind(time(now_ms));
            }
            write.execute(&mut *all).await?;
        }

        let mut look = query(format!(
            "SELECT space, scope, id, source, version FROM {}records WHERE {} FOR UPDATE",
            self.prefix,
            listed(KEY, " OR ", filled(batch).count()),
        ));
        for (_, (key, ..)) in filled(batch) {
            look = bind_key(look, key);
        }
        for row in look.fetch_all(&mut *all).await? {
            let place = place_in(batch, &row, |(_, entry)| entry.0)?;
            let (place, (_, record, _)) = batch.get(place).ok_or_else(odd_answer)?;
            let held = version(row.try_get(3)?, row.try_get(4)?).ok_or_else(odd_answer)?;
            if let Some(written) = written.get_mut(*place).filter(|_| held != record.version) {
                *written = Written::Older(held);
            }
        }
        Ok(all.commit().await?)
    }

    async fn generations_once(&self, now_ms: u64, tags: &[Tag]) -> Result<Vec<u64>, Failure> {
        let mut lane = self.writer().await?;
        let mut wanted: Vec<_> = tags.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut known = BTreeMap::new();
        for wanted in wanted.chunks(BATCH) {
            self.look_at_tags(&mut lane.connection, wanted, &mut known)
                .await?;
            let unknown = wanted
                .iter()
                .filter(|tag| !known.contains_key(tag.as_str()));
            let unknown: Vec<_> = unknown.copied().collect();
            if !unknown.is_empty() {
                self.upsert_tags(&mut lane.connection, now_ms, &unknown, "generation")
                    .await?;
                self.look_at_tags(&mut lane.connection, &unknown, &mut known)
                    .await?;
            }
        }
        lane.keep();
        let found = tags.iter().map(|tag| known.get(tag.as_str()).copied());
        found.map(|found| found.ok_or_else(odd_answer)).collect()
    }

    async fn bump_once(&self, now_ms: u64, tags: &[Tag]) -> Result<Vec<u64>, Failure> {
        let mut lane = self.writer().await?;
        let mut bumped = vec![0; tags.len()];
        for mut round in rounds(tags.iter().collect(), |tag| *tag) {
            // In their order, as with records.
            round.sort_by_key(|(_, tag)| *tag);
            for batch in round.chunks(BATCH) {
                let names: Vec<_> = batch.iter().map(|(_, tag)| *tag).collect();
                let mut known = BTreeMap::new();
                let mut all = lane.connection.begin().await?;
                let later = "GREATEST(generation + 1, VALUES(generation))";
                self.upsert_tags(&mut all, now_ms, &names, later).await?;
                self.look_at_tags(&mut all, &names, &mut known).await?;
                all.commit().await?;
                for (place, tag) in batch {
                    let generation = known.get(tag.as_str()).ok_or_else(odd_answer)?;
                    if let Some(bumped) = bumped.get_mut(*place) {
                        *bumped = *generation;
                    }
                }
            }
        }
        lane.keep();
        Ok(bumped)
    }

    async fn look_at_tags(
        &self,
        connection: &mut MySqlConnection,
        tags: &[&Tag],
        known: &mut BTreeMap<String, u64>,
    ) -> Result<(), Failure> {
        let mut look = query(format!(
            "SELECT tag, generation FROM {}tags WHERE tag IN ({})",
            self.prefix,
            listed("?", ", ", filled(tags).count()),
        ));
        for tag in filled(tags) {
            look = look.bind(tag.as_str().as_bytes());
        }
        for row in look.fetch_all(connection).await? {
            let (tag, generation): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
            let tag = String::from_utf8(tag).map_err(|_| odd_answer())?;
            known.insert(tag, generation.cast_unsigned());
        }
        Ok(())
    }

    /// Lets the tags that are not known begin with the time, and gives the others the generation `held`.
    async fn upsert_tags(
        &self,
        connection: &mut MySqlConnection,
        now_ms: u64,
        tags: &[&Tag],
        held: &str,
    ) -> Result<(), Failure> {
        for part in parts(tags) {
            let mut upsert = query(format!(
                "INSERT INTO {}tags (tag, generation) VALUES {} ON DUPLICATE KEY UPDATE generation = {held}",
                self.prefix,
                listed("(?, ?)", ", ", part.len()),
            ));
            for tag in part {
                upsert = upsert.bind(tag.as_str().as_bytes()).bind(time(now_ms));
            }
            upsert.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

impl Door {
    async fn open(self: Arc<Self>) -> Result<MySqlConnection, Failure> {
        let mut connection = self.options.connect().await?;
        connection.execute(SETTINGS).await?;
        self.is_made
            .get_or_try_init(|| self.make(&mut connection))
            .await?;
        Ok(connection)
    }

    /// Makes the tables, or brings them up to date, while no other process does. Each statement is a transaction of
    /// its own here, whatever is around it, so each may be said again.
    async fn make(&self, connection: &mut MySqlConnection) -> Result<(), Failure> {
        let lock = query("SELECT GET_LOCK(?, ?)").bind(SCHEMA_LOCK);
        let lock = lock.bind(i64::try_from(DEADLINE.as_secs()).unwrap_or(i64::MAX));
        let row = lock.fetch_one(&mut *connection).await?;
        if row.try_get::<Option<i64>, _>(0)? != Some(1) {
            return Err(StoreError::new(NAME, StoreFault::Away)
                .with_source("another process makes the tables, and has not ended")
                .into());
        }
        MySqlStore::bring_up(&self.sql.schema, connection).await?;
        let unlock = query("DO RELEASE_LOCK(?)").bind(SCHEMA_LOCK);
        unlock.execute(connection).await?;
        Ok(())
    }
}

store!(MySqlStore, MySqlConnection);

/// The new record's column where it may replace what is held, and the held one's else.
macro_rules! newest {
    ($column:literal) => {
        concat!(
            "IF(hard <= ? OR SUBSTRING(VALUES(version), 1, 8) > SUBSTRING(version, 1, 8) ",
            "OR (source = VALUES(source) AND VALUES(version) >= version), VALUES(",
            $column,
            "), ",
            $column,
            ")"
        )
    };
}

impl fmt::Debug for MySqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold the password.
        f.debug_struct("MySqlStore")
            .field("host", &self.door.options.get_host())
            .field("port", &self.door.options.get_port())
            .finish_non_exhaustive()
    }
}

/// The statements whose words are always the same.
fn statements(prefix: &str) -> Sql {
    let page = |from, scope| -> Arc<str> {
        // Not as `(scope, id) > (?, ?)`, for which a MySQL looks at the whole space.
        format!(
            "SELECT scope, id, record FROM {prefix}records WHERE space = ? \
             AND (scope > ? OR (scope = ? AND id {from} ?)) AND hard > ? {scope} \
             ORDER BY scope, id LIMIT ?"
        )
        .into()
    };
    let pages = |from| Spans {
        whole: page(from, ""),
        scope: page(from, "AND scope = ?"),
    };
    let erase = |scope| -> Arc<str> {
        format!("DELETE FROM {prefix}records WHERE space = ? {scope} LIMIT ?").into()
    };
    let whose = format!(
        "space VARBINARY({SPACE_BYTES_MAX}) NOT NULL, scope BIGINT NOT NULL, id VARBINARY({ID_BYTES_MAX}) NOT NULL"
    );
    let steps = vec![vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {prefix}records ({whose}, source BIGINT NOT NULL, \
             version BINARY(16) NOT NULL, hard BIGINT NOT NULL, record LONGBLOB NOT NULL, \
             PRIMARY KEY (space, scope, id), KEY hard (hard)) {ENGINE}"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {prefix}tags (tag VARBINARY({TAG_BYTES_MAX}) PRIMARY KEY, \
             generation BIGINT NOT NULL) {ENGINE}"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {prefix}claims ({whose}, holder BIGINT NOT NULL, \
             ends BIGINT NOT NULL, PRIMARY KEY (space, scope, id)) {ENGINE}"
        ),
    ]];
    Sql {
        discard: format!("DELETE FROM {prefix}records WHERE {KEY} AND record = ?").into(),
        // What is assigned first is what the next one sees: whose it is then says whether it was taken.
        claim: format!(
            "INSERT INTO {prefix}claims (space, scope, id, holder, ends) VALUES (?, ?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE holder = IF(ends <= ?, VALUES(holder), holder), \
             ends = IF(holder = VALUES(holder), VALUES(ends), ends)"
        )
        .into(),
        holder: Some(format!("SELECT holder FROM {prefix}claims WHERE {KEY}").into()),
        release: format!("DELETE FROM {prefix}claims WHERE {KEY} AND holder = ?").into(),
        sweep: format!("DELETE FROM {prefix}records WHERE hard <= ? ORDER BY hard LIMIT ?").into(),
        sweep_claims: format!("DELETE FROM {prefix}claims WHERE ends <= ?").into(),
        sweep_tags: format!("DELETE FROM {prefix}tags WHERE generation < ?").into(),
        first_page: pages(">="),
        next_page: pages(">"),
        erase: Spans {
            whole: erase(""),
            scope: erase("AND scope = ?"),
        },
        schema: Schema::new(prefix, steps),
    }
}

fn query<'q>(text: impl Into<Arc<str>>) -> Query<'q, MySql, MySqlArguments> {
    sqlx::query(AssertSqlSafe(text.into()))
}

/// Statements have few lengths, so that each is prepared once for a connection: preparing costs a question, and to
/// forget one again costs forty milliseconds, since sqlx lets the system wait for more to send.
fn filled<T>(items: &[T]) -> impl Iterator<Item = &T> {
    let missing = items.len().next_power_of_two() - items.len();
    let last = items.last().into_iter().cycle().take(missing);
    items.iter().chain(last)
}

/// The same, for what may not be sent twice: the largest first.
fn parts<T>(items: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let length = 1 << rest.len().checked_ilog2()?;
        let (part, next) = rest.split_at_checked(length)?;
        rest = next;
        Some(part)
    })
}

fn listed(one: &str, between: &str, count: usize) -> String {
    vec![one; count].join(between)
}

fn bind_key<'q>(
    query: Query<'q, MySql, MySqlArguments>,
    key: &'q Key,
) -> Query<'q, MySql, MySqlArguments> {
    let (space, scope, id) = columns(key);
    query.bind(space).bind(scope).bind(id)
}

fn bind_place<'q>(
    query: Query<'q, MySql, MySqlArguments>,
    scope: i64,
    id: &'q [u8],
) -> Query<'q, MySql, MySqlArguments> {
    query.bind(scope).bind(scope).bind(id)
}

/// Whose the row is that begins with a key, of those that are sorted by theirs.
fn place_in<T>(sorted: &[T], row: &MySqlRow, key: impl Fn(&T) -> &Key) -> Result<usize, Failure> {
    let (space, scope, id): (&[u8], i64, &[u8]) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let wanted = (space, scope.cast_unsigned(), id);
    let place = sorted.binary_search_by(|one| {
        let key = key(one);
        (key.space().as_str().as_bytes(), key.scope(), key.id()).cmp(&wanted)
    });
    place.map_err(|_| odd_answer())
}

fn odd_answer() -> Failure {
    sql::odd_answer(NAME)
}

const NAME: &str = "mysql";

/// What a connection goes by, whatever the server's own settings are: what does not fit is refused instead of cut, and
/// only what is changed is locked, not the gaps beside it. The second one's variable has no name that both know.
const SETTINGS: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'; \
                        SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

const ENGINE: &str = "ENGINE = InnoDB ROW_FORMAT = DYNAMIC";

const KEY: &str = "(space = ? AND scope = ? AND id = ?)";

/// What becomes of a record that is there already, as [`Version::may_replace`](crate::tiers::Version::may_replace) says
/// it: four times the same question, whose answer does not change while the columns are assigned in this order.
const ON_HELD: &str = concat!(
    "ON DUPLICATE KEY UPDATE record = ",
    newest!("record"),
    ", source = ",
    newest!("source"),
    ", version = ",
    newest!("version"),
    ", hard = ",
    newest!("hard"),
);

/// Whoever makes tables holds this lock of the server.
const SCHEMA_LOCK: &str = "ovenjs schema";
