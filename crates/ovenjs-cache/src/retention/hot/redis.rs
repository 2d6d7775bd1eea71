//! The hot tier in a Redis.

use bytes::Bytes;
use ovenjs_net::{RedisLink, RedisReply, RedisScript};
use ovenjs_types::{Id, marker::UserMarker};

use super::{Hot, HotHeld};
use crate::{
    retention::{Class, Entry, EntryId, Erasure, entry::batches},
    tiers::{
        Asked, StoreError,
        store::redis::{broken, odd_answer},
    },
};

/// A [`Hot`] in a Redis 6.2 or newer. It need write nothing down: what is there is a copy.
///
/// - An entry is one key, `ovenjs:kept:<name>:<class>:e:<id>`, a colon in the name as `%3A`, which the server forgets
///   by itself. Beside it stand a sorted set of the class's ids and a set for each user, as old as an entry gets.
/// - What is put goes by one script for each 256 entries or 4 MiB, during which the server serves nobody else.
///
/// ```no_run
/// use ovenjs_cache::retention::{MemoryWarm, Policy, RedisHot, Retention};
/// use ovenjs_net::{Config, Connector, RedisAddress, RedisConfig, RedisLink};
///
/// let address = RedisAddress::parse("redis://localhost:6379/0")?;
/// let link = RedisLink::build(RedisConfig::new(address), Connector::build(Config::new())?);
/// let kept = Retention::builder(MemoryWarm::new()).hot(RedisHot::new(&link, "my-bot"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RedisHot {
    link: RedisLink,
    prefix: String,
}

impl RedisHot {
    /// The entries of the bot `name`, the same for all its processes, and for no other bot's.
    #[must_use]
    pub fn new(link: &RedisLink, name: &str) -> Self {
        // A name that holds a colon must not begin as the keys of another one do.
        let name = name.replace('%', "%25").replace(':', "%3A");
        Self {
            link: link.clone(),
            prefix: format!("ovenjs:kept:{name}:"),
        }
    }

    fn ids(&self, class: &Class) -> String {
        format!("{}{class}:z", self.prefix)
    }

    fn user(&self, class: &Class, user: Id<UserMarker>) -> String {
        format!("{}{class}:u:{user}", self.prefix)
    }

    /// What stands before the id in an entry's key.
    fn entry(&self, class: &Class) -> Bytes {
        format!("{}{class}:e:", self.prefix).into()
    }

    async fn ask(
        &self,
        script: &RedisScript,
        keys: &[String],
        words: &[Bytes],
    ) -> Result<RedisReply, StoreError> {
        self.link.run_on(script, keys, words).await.map_err(broken)
    }

    async fn count(
        &self,
        script: &RedisScript,
        class: &Class,
        erasure: &Erasure,
    ) -> Result<u64, StoreError> {
        let keys = [self.ids(class), self.user(class, erasure.user)];
        let until = Bytes::copy_from_slice(&erasure.until_ms.to_be_bytes());
        let answer = self.ask(script, &keys, &[self.entry(class), until]).await?;
        number(&answer)
    }
}

impl Hot for RedisHot {
    fn put<'a>(
        &'a self,
        now_ms: u64,
        class: &'a Class,
        entries: &'a [Entry],
        age_ms: u64,
        max: u64,
    ) -> Asked<'a, ()> {
        Box::pin(async move {
            // Where there are none, once for the sake of what is over.
            let none = entries.is_empty().then_some(entries);
            for batch in none.into_iter().chain(batches(entries, BATCH)) {
                // What is over, and what is beyond the limit, may go; a Redis counts times itself, and not beyond
                // its numbers.
                let over = now_ms.saturating_sub(age_ms);
                let mut words = vec![
                    word(age_ms.clamp(1, AGE_MAX_MS)),
                    word(over),
                    word(max.min(IDS_MAX)),
                    self.entry(class),
                ];
                for entry in batch {
                    let at_ms = entry.id().at_ms;
                    let left = at_ms.saturating_add(age_ms).saturating_sub(now_ms);
                    if left == 0 {
                        continue;
                    }
                    words.push(Bytes::copy_from_slice(&entry.id().to_bytes()));
                    words.push(word(at_ms.min(AGE_MAX_MS)));
                    words.push(word(left.min(AGE_MAX_MS)));
                    words.push(entry.to_bytes());
                    words.push(word(entry.subjects().len()));
                    let users = entry.subjects().iter();
                    words.extend(users.map(|user| Bytes::from(self.user(class, *user))));
                }
                self.ask(&PUT, &[self.ids(class)], &words).await?;
            }
            Ok(())
        })
    }

    fn find<'a>(&'a self, class: &'a Class, id: EntryId) -> Asked<'a, Option<Entry>> {
        Box::pin(async move {
            let key = [&self.entry(class)[..], &id.to_bytes()].concat();
            let found = self.link.get_many(&[key]).await.map_err(broken)?;
            // What is damaged is not there: the warm tier has it.
            Ok(found
                .into_iter()
                .flatten()
                .find_map(|bytes| Entry::from_bytes(id, &bytes)))
        })
    }

    fn erase<'a>(&'a self, class: &'a Class, erasure: &'a Erasure) -> Asked<'a, u64> {
        Box::pin(self.count(&ERASE, class, erasure))
    }

    fn covered<'a>(&'a self, class: &'a Class, erasure: &'a Erasure) -> Asked<'a, u64> {
        Box::pin(self.count(&COVERED, class, erasure))
    }

    fn held<'a>(&'a self, class: &'a Class) -> Asked<'a, HotHeld> {
        Box::pin(async move {
            let mut held = HotHeld::default();
            for step in 0.. {
                let words = [
                    self.entry(class),
                    word(step * STEP),
                    word((step + 1) * STEP - 1),
                ];
                let answer = self.ask(&HELD, &[self.ids(class)], &words).await?;
                let mut parts = answer.list().into_iter();
                let mut next = || parts.next().ok_or_else(odd_answer);
                let (looked_at, entries, bytes) =
                    (number(&next()?)?, number(&next()?)?, number(&next()?)?);
                held.entries += entries;
                held.bytes += bytes;
                let oldest = next()?.int().and_then(|at| u64::try_from(at).ok());
                held.oldest_ms = held.oldest_ms.or(oldest);
                if looked_at < STEP {
                    break;
                }
            }
            Ok(held)
        })
    }
}

fn number(answer: &RedisReply) -> Result<u64, StoreError> {
    let number = answer.int().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(odd_answer)
}

fn word(number: impl ToString) -> Bytes {
    number.to_string().into()
}

/// Keeps entries, and forgets the ids of those that are over and the oldest beyond the limit. Arguments: for how long,
/// what is over, how many, and what keys of entries begin with; then of each entry its id, its time, for how long, its
/// bytes, how many users, and the key of each user's set.
static PUT: RedisScript = RedisScript::repeatable(
    r"
local ids, age, over, max, prefix = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local at = 5
while ARGV[at] do
  local id, time, left, bytes, users = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  redis.call('SET', prefix .. id, bytes, 'NX', 'PX', left)
  redis.call('ZADD', ids, time, id)
  for user = at + 5, at + 4 + users do
    redis.call('SADD', ARGV[user], id)
    redis.call('PEXPIRE', ARGV[user], age)
  end
  at = at + 5 + users
end
redis.call('PEXPIRE', ids, age)
redis.call('ZREMRANGEBYSCORE', ids, '-inf', over)
local many = redis.call('ZCARD', ids) - max
if many > 0 then
  for _, id in ipairs(redis.call('ZRANGE', ids, 0, many - 1)) do redis.call('UNLINK', prefix .. id) end
  redis.call('ZREMRANGEBYRANK', ids, 0, many - 1)
end
return 1
",
);

/// Forgets a user's entries up to a time, and answers how many there were. Ids begin with their time, the most
/// significant byte first; they are compared by the byte, since Lua compares texts as the server's locale does.
static ERASE: RedisScript = RedisScript::once(
    r"
local erased = 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local order = 0
  for at = 1, 8 do
    order = id:byte(at) - ARGV[2]:byte(at)
    if order ~= 0 then break end
  end
  if order <= 0 then
    erased = erased + redis.call('UNLINK', ARGV[1] .. id)
    redis.call('ZREM', KEYS[1], id)
    redis.call('SREM', KEYS[2], id)
  end
end
return erased
",
);

/// How many [`ERASE`] would forget.
static COVERED: RedisScript = RedisScript::repeatable(
    r"
local found = 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local order = 0
  for at = 1, 8 do
    order = id:byte(at) - ARGV[2]:byte(at)
    if order ~= 0 then break end
  end
  if order <= 0 then found = found + redis.call('EXISTS', ARGV[1] .. id) end
end
return found
",
);

/// How many ids there are of these ranks, how many of their entries are there, how many bytes those have, and the time
/// of the first of those.
static HELD: RedisScript = RedisScript::repeatable(
    r"
local ids = redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[3], 'WITHSCORES')
local entries, bytes, oldest = 0, 0, ''
for at = 1, #ids, 2 do
  local len = redis.call('STRLEN', ARGV[1] .. ids[at])
  if len > 0 then
    entries, bytes = entries + 1, bytes + len
    if oldest == '' then oldest = ids[at + 1] end
  end
end
return {#ids / 2, entries, bytes, oldest}
",
);

/// How many entries one script puts: some hundreds of microseconds of the server, where they are small.
const BATCH: usize = 256;

/// How many entries one script looks at: under a millisecond.
const STEP: u64 = 1_000;

/// More than a Redis holds.
const IDS_MAX: u64 = 1 << 40;

/// A hundred thousand years: the server counts times itself, and refuses those that exceed its numbers.
const AGE_MAX_MS: u64 = 1 << 51;
