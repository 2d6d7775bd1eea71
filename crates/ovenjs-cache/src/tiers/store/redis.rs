//! A store in a Redis.

mod log;
mod scripts;

use std::{
    error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{BufMut as _, Bytes, BytesMut};
use ovenjs_net::{ErrorKind, RedisCluster, RedisFault, RedisLink, RedisReply, RedisScript};
use ovenjs_types::Fault as _;

use super::{
    Asked, Cursor, Log, Page, Parts, Span, Store, StoreError, StoreFault, Written, encoded,
    log::{LOG_KEPT, key as key_of},
    until, version_of,
};
use crate::tiers::{FOREVER_MS, Key, Record, RecordError, Tag};
use scripts::{BUMP, DISCARD, ERASE, GENERATIONS, GIVE_BACK, SCAN, TAKE, WRITE};

/// A [`Store`] in a Redis 6.2 or newer, for what is asked for often by several processes.
///
/// - A record is one key, `ovenjs:cache:<name>:r:<space>:<scope>:<id>`, a colon in the name as `%3A`, with its lifetime, so that the server
///   forgets by itself what is over and may evict what it likes. It need write nothing down.
/// - A call asks once for each 256 keys. What it writes is compared and written by a script, 4 MiB at a time,
///   during which the server serves nobody else.
/// - Scanning and erasing look at all keys of the database, a thousand at a time. `KEYS` is never sent.
/// - Each write and each bump is told in a stream, `ovenjs:cache:<name>:log`, by the same script; it keeps some
///   hundred thousand, 10 MB. Following it takes a second connection.
/// - Tags that nobody has asked for within a week are forgotten, and what was made of them is stale then.
/// - Over a Redis Cluster it is [`in_cluster`](Self::in_cluster): scripts touch several keys, which such a one has in
///   one place only if their names say so.
///
/// ```no_run
/// use ovenjs_cache::tiers::{Key, RedisStore, Space, Store};
/// use ovenjs_net::{Config, Connector, RedisAddress, RedisConfig, RedisLink};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let address = RedisAddress::parse("redis://localhost:6379/0")?;
/// let link = RedisLink::build(RedisConfig::new(address), Connector::build(Config::new())?);
/// // The same name in all processes of the bot.
/// let store = RedisStore::new(&link, "my-bot");
/// let key = Key::new(&Space::new("settings", 1)?, 1, "prefix")?;
/// assert_eq!(store.read(1_700_000_000_000, &[key]).await?, [None]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RedisStore {
    link: RedisLink,
    /// What waits for the log has a connection of its own.
    ear: RedisLink,
    prefix: String,
    /// A part of what a cluster keeps, whose slot may move to another node at any time.
    is_part: bool,
    damaged: AtomicU64,
}

impl RedisStore {
    /// The records of the bot `name`, the same for all its processes, and for no other bot's.
    #[must_use]
    pub fn new(link: &RedisLink, name: &str) -> Self {
        let name = escaped(name);
        Self::build(link.clone(), format!("ovenjs:cache:{name}:"), false)
    }

    /// The records of the bot `name` in a Redis Cluster, in so many parts of one slot each: [`PARTS`], unless there are
    /// more nodes than that; 1 to [`PARTS_MAX`], and what is outside is taken for the nearer end. All processes of the
    /// bot say the same number, since it is by that number that they know where a key lies: another one begins with
    /// an empty cache, and what the former one wrote is forgotten when its lifetime is over.
    ///
    /// A Redis that is no cluster, or that does not let its user ask `CLUSTER SLOTS`, [refuses](StoreFault::Refused) all
    /// of it.
    ///
    /// Each part is all that a store in a single Redis is, under names with the same text in braces,
    /// `ovenjs:cache:{<name>:<part>}:…`. Slots may move between nodes while it is used: what is asked meanwhile waits or is
    /// [away](StoreFault::PartAway) for as long as the slot is on its way. Of a node that is gone the parts are away,
    /// and the others go on.
    ///
    /// One connection to each node is shared by the parts, and each part has another one for its log once that is
    /// followed, and keeps those to nodes on which it has been: at most `parts` + 1 to each node, and about as many as
    /// there are parts and nodes where slots stay.
    ///
    /// A node that another takes the place of may take along what it had acknowledged last, since nobody waits for its
    /// replicas to have it.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use ovenjs_cache::tiers::{PARTS, RedisStore, Store};
    /// use ovenjs_net::{Config, Connector, RedisAddress, RedisCluster, RedisConfig, Target};
    ///
    /// # fn build() -> Result<Arc<dyn Store>, Box<dyn std::error::Error>> {
    /// // Any nodes of it; the others are found.
    /// let config = RedisConfig::new(RedisAddress::parse("redis://one.example:6379")?);
    /// let others = [Target::new("two.example", 6379, false)];
    /// let cluster = RedisCluster::build(config, &others, Connector::build(Config::new())?);
    /// let store = RedisStore::in_cluster(&cluster, "my-bot", PARTS);
    /// assert_eq!(store.parts(), 16);
    /// // It is a tier as any other: `TieredConfig::new().second(store)`.
    /// # Ok(Arc::new(store))
    /// # }
    /// ```
    #[must_use]
    pub fn in_cluster(cluster: &RedisCluster, name: &str, parts: u8) -> Parts {
        let name = escaped(name).replace('{', "%7B").replace('}', "%7D");
        let part = |number| -> Arc<dyn Store> {
            let prefix = format!("ovenjs:cache:{{{name}:{number}}}:");
            Arc::new(Self::build(cluster.link(prefix.as_bytes()), prefix, true))
        };
        Parts::new((0..parts.clamp(1, PARTS_MAX)).map(part).collect())
    }

    fn build(link: RedisLink, prefix: String, is_part: bool) -> Self {
        Self {
            ear: link.another(),
            link,
            prefix,
            is_part,
            damaged: AtomicU64::new(0),
        }
    }

    fn place(&self, kind: &str, key: &Key) -> Bytes {
        let head = format!(
            "{}{kind}:{}:{}:",
            self.prefix,
            key.space().as_str(),
            key.scope()
        );
        let mut place = BytesMut::with_capacity(head.len() + key.id().len());
        place.put_slice(head.as_bytes());
        place.put_slice(key.id());
        place.freeze()
    }

    /// The key whose place this is.
    fn key(&self, place: &[u8]) -> Option<Key> {
        let rest = place
            .strip_prefix(self.prefix.as_bytes())?
            .strip_prefix(RECORD.as_bytes())?;
        key_of(rest.strip_prefix(b":")?)
    }

    fn log_place(&self) -> String {
        format!("{}log", self.prefix)
    }

    /// The places of a span, as `SCAN` is asked for them.
    fn pattern(&self, span: &Span) -> String {
        let mut pattern = String::new();
        for letter in self.prefix.chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '^' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        let space = span.space.as_str();
        match span.scope {
            Some(scope) => format!("{pattern}{RECORD}:{space}:{scope}:*"),
            None => format!("{pattern}{RECORD}:{space}:*"),
        }
    }

    /// The record, where the bytes are that of this key and it is not over.
    async fn understood(
        &self,
        now_ms: u64,
        key: &Key,
        bytes: Bytes,
    ) -> Result<Option<Record>, StoreError> {
        match Record::from_bytes(key, &bytes) {
            Ok(record) => Ok(Some(record).filter(|record| !record.is_over(now_ms))),
            // Of a later version's process, which knows what it is.
            Err(RecordError::Form) => Ok(None),
            Err(_) => {
                self.damaged.fetch_add(1, Ordering::Relaxed);
                // Or what it seems to be the version of would keep others from being written.
                let place = [self.place(RECORD, key)];
                self.ask(&DISCARD, &place, &[bytes]).await?;
                Ok(None)
            }
        }
    }

    async fn read_some(
        &self,
        now_ms: u64,
        keys: &[Key],
        found: &mut Vec<Option<Record>>,
    ) -> Result<(), StoreError> {
        let places: Vec<_> = keys.iter().map(|key| self.place(RECORD, key)).collect();
        let values = self
            .link
            .get_many(&places)
            .await
            .map_err(|error| self.broken(error))?;
        for (key, value) in keys.iter().zip(values) {
            found.push(match value {
                Some(bytes) => self.understood(now_ms, key, bytes).await?,
                None => None,
            });
        }
        Ok(())
    }

    async fn write_some(
        &self,
        now_ms: u64,
        entries: &[(&Key, &Record, Bytes)],
        written: &mut Vec<Written>,
    ) -> Result<(), StoreError> {
        let mut places = Vec::with_capacity(entries.len() + 1);
        let mut words = Vec::with_capacity(2 * entries.len() + 3);
        places.push(self.log_place().into());
        let head = self.prefix.len() + RECORD.len() + 1;
        words.extend([time(now_ms), number(LOG_KEPT), number(head)]);
        for (key, record, bytes) in entries {
            places.push(self.place(RECORD, key));
            words.push(bytes.clone());
            words.push(lifetime(record.hard_ms, now_ms));
        }
        let answers = self.ask(&WRITE, &places, &words).await?.list();
        if answers.len() != entries.len() {
            return Err(odd_answer());
        }
        for answer in answers {
            let held = answer.bytes().ok_or_else(odd_answer)?;
            written.push(if held.is_empty() {
                Written::Kept
            } else {
                Written::Older(version_of(&held).ok_or_else(odd_answer)?)
            });
        }
        Ok(())
    }

    async fn tags(
        &self,
        script: &RedisScript,
        now_ms: u64,
        tags: &[Tag],
    ) -> Result<Vec<u64>, StoreError> {
        let mut generations = Vec::with_capacity(tags.len());
        for tags in tags.chunks(BATCH) {
            let place = |tag: &Tag| format!("{}t:{}", self.prefix, tag.as_str());
            let places = std::iter::once(self.log_place()).chain(tags.iter().map(place));
            let places: Vec<_> = places.collect();
            let words = [
                now_ms.to_string(),
                TAG_KEPT.as_millis().to_string(),
                LOG_KEPT.to_string(),
                (self.prefix.len() + 2).to_string(),
            ];
            let answers = self.ask(script, &places, &words).await?.list();
            if answers.len() != tags.len() {
                return Err(odd_answer());
            }
            for answer in answers {
                let generation = answer.int().and_then(|number| u64::try_from(number).ok());
                generations.push(generation.ok_or_else(odd_answer)?);
            }
        }
        Ok(generations)
    }

    /// One step of `SCAN`: where to go on, and two lists or a number.
    async fn step(
        &self,
        script: &RedisScript,
        span: &Span,
        after: &[u8],
        count: usize,
    ) -> Result<(Option<Cursor>, RedisReply), StoreError> {
        let (pattern, count) = (self.pattern(span), count.to_string());
        let words = [after, pattern.as_bytes(), count.as_bytes()];
        // The second is never there: who has lost the slot says so, and who has half of it as well.
        let places = [self.log_place(), format!("{}none", self.prefix)];
        let places = if self.is_part { &places[..] } else { &[] };
        let mut parts = self.ask(script, places, &words).await?.list().into_iter();
        let next = parts
            .next()
            .and_then(RedisReply::bytes)
            .ok_or_else(odd_answer)?;
        let found = parts.next().ok_or_else(odd_answer)?;
        Ok((Some(Cursor(next)).filter(|next| next.0 != "0"), found))
    }

    fn broken(&self, error: ovenjs_net::Error) -> StoreError {
        let is_busy = matches!(error.kind(), ErrorKind::Redis(RedisFault::Busy));
        let error = broken(error);
        if self.is_part && is_busy {
            // While its slot is on its way it is there for what has arrived.
            return error.with_fault(StoreFault::PartAway);
        }
        error
    }

    async fn ask<K: AsRef<[u8]>, A: AsRef<[u8]>>(
        &self,
        script: &RedisScript,
        keys: &[K],
        words: &[A],
    ) -> Result<RedisReply, StoreError> {
        self.link
            .run_on(script, keys, words)
            .await
            .map_err(|error| self.broken(error))
    }
}

impl Store for RedisStore {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(keys.len());
            for keys in keys.chunks(BATCH) {
                self.read_some(now_ms, keys, &mut found).await?;
            }
            Ok(found)
        })
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        Box::pin(async move {
            let mut written = Vec::with_capacity(entries.len());
            let mut batch = Vec::new();
            let mut size = 0;
            for entry in encoded(NAME, entries)? {
                size += entry.2.len();
                batch.push(entry);
                if batch.len() == BATCH || size >= BATCH_BYTES {
                    self.write_some(now_ms, &batch, &mut written).await?;
                    batch.clear();
                    size = 0;
                }
            }
            if !batch.is_empty() {
                self.write_some(now_ms, &batch, &mut written).await?;
            }
            Ok(written)
        })
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        Box::pin(self.tags(&GENERATIONS, now_ms, tags))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        Box::pin(self.tags(&BUMP, now_ms, tags))
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        Box::pin(async move {
            let place = [self.place(CLAIM, key)];
            let until_ms = until(now_ms, lifetime);
            let words = [
                time(now_ms),
                time(until_ms),
                time(holder),
                self::lifetime(until_ms, now_ms),
            ];
            Ok(self.ask(&TAKE, &place, &words).await?.int() == Some(1))
        })
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        Box::pin(async move {
            let place = [self.place(CLAIM, key)];
            self.ask(&GIVE_BACK, &place, &[time(holder)])
                .await
                .map(drop)
        })
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        Box::pin(async move {
            let after = after.map_or(&b"0"[..], |after| &after.0);
            let (next, found) = self.step(&SCAN, span, after, limit.clamp(1, STEP)).await?;
            let mut page = Page {
                records: Vec::new(),
                next,
            };
            let mut found = found.list().into_iter();
            while let (Some(place), Some(value)) = (found.next(), found.next()) {
                // One that went meanwhile has no value any more.
                let (Some(place), Some(bytes)) = (place.bytes(), value.bytes()) else {
                    continue;
                };
                let Some(key) = self.key(&place).filter(|key| span.has(key)) else {
                    continue;
                };
                if let Some(record) = self.understood(now_ms, &key, bytes).await? {
                    page.records.push((key, record));
                }
            }
            Ok(page)
        })
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        Box::pin(async move {
            let mut erased = 0;
            let mut after = Bytes::from_static(b"0");
            loop {
                let (next, found) = self.step(&ERASE, span, &after, STEP).await?;
                let found = found.int().and_then(|number| u64::try_from(number).ok());
                erased += found.ok_or_else(odd_answer)?;
                match next {
                    Some(next) => after = next.0,
                    None => return Ok(erased),
                }
            }
        })
    }

    fn sweep<'a>(&'a self, _now_ms: u64, _limit: usize) -> Asked<'a, u64> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    fn log(&self) -> Option<&dyn Log> {
        Some(self)
    }
}

/// A name that holds a colon must not begin as the records of another one do.
fn escaped(name: &str) -> String {
    name.replace('%', "%25").replace(':', "%3A")
}

fn number(number: usize) -> Bytes {
    number.to_string().into()
}

/// How many milliseconds the server keeps it; nothing for ever. What is over already is gone at once.
fn lifetime(hard_ms: u64, now_ms: u64) -> Bytes {
    if hard_ms >= FOREVER_MS {
        return Bytes::new();
    }
    let left = hard_ms.saturating_sub(now_ms).clamp(1, LIFETIME_MAX_MS);
    left.to_string().into()
}

/// A number as scripts compare it.
fn time(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

pub(crate) fn broken(error: ovenjs_net::Error) -> StoreError {
    let fault = match error.kind() {
        ErrorKind::Redis(RedisFault::Auth) => StoreFault::Auth,
        ErrorKind::Redis(RedisFault::Refused) if is_full(&error) => StoreFault::Full,
        _ if error.is_retryable() => StoreFault::Away,
        _ => StoreFault::Refused,
    };
    let wait = error.retry_after();
    StoreError::new(NAME, fault)
        .with_retry_after(wait)
        .with_source(error)
}

/// The words of a server that may evict nothing more, by itself or within a script.
fn is_full(error: &ovenjs_net::Error) -> bool {
    error::Error::source(error).is_some_and(|words| {
        let words = words.to_string();
        words.starts_with("OOM")
            || words.contains("-OOM")
            || words.contains("OOM command not allowed")
    })
}

pub(crate) fn odd_answer() -> StoreError {
    StoreError::new(NAME, StoreFault::Refused)
        .with_source("its answer has another form: check that it is a redis 6.2 or newer")
}

/// In how many parts a cluster has what a bot keeps, where there is no reason for more: a few for each node of most
/// clusters, so that they carry about the same.
pub const PARTS: u8 = 16;

/// In how many at most: each process has a connection for each part that it listens to.
pub const PARTS_MAX: u8 = 64;

const NAME: &str = "redis";

/// What stands before a record, and before who holds one.
const RECORD: &str = "r";
const CLAIM: &str = "c";

/// How many keys one command has: some tens of microseconds of the server.
const BATCH: usize = 256;

/// How many bytes one command has at most, but for one record alone: a few milliseconds of the server.
const BATCH_BYTES: usize = 4 << 20;

/// How many keys the server looks at in one step of a scan: under a millisecond.
const STEP: usize = 1_000;

/// How long a tag is known that nobody asks for: longer than most records live that were made of it, and the
/// others are stale then.
const TAG_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A hundred years: the server counts times itself, and refuses those that exceed its numbers.
const LIFETIME_MAX_MS: u64 = 100 * 365 * 24 * 3_600_000;
