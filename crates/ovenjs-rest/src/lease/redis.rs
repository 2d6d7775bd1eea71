//! Shared limits in a Redis.

use std::error;

use ovenjs_net::{RedisLink, RedisReply, RedisScript};
use ovenjs_ratelimit::{LEASE_KEPT, LeaseDeed, LeaseNews, LeaseWrite};

use super::{CarryingOut, LeaseStore};

/// The limits that all processes of a bot share, kept by a Redis 6.2 or newer.
///
/// - Requests ask it nothing. A process speaks with it four times a second, and once more where it writes
///   in a channel that it has not written in for half a minute.
/// - While it does not answer, each process goes on with what it has, and ten seconds later with what is
///   safe without it: a quarter of its equal part of the global limit, and an equal part of each bucket.
///   Where there are fewer places than processes, or nothing is known of a bucket, some wait until it is
///   back. A process that starts meanwhile sends nothing but answers to interactions.
/// - Invalid requests, for which Discord bans an address, are counted together.
/// - One that has lost its data is told anew by those who are there. It need write nothing down.
/// - Everything is in one key, `ovenjs:limits:<name>`, so that a server that is short of memory evicts
///   all of it or nothing.
/// - Time is the server's, so that the clocks of the processes need not agree. It must not be set forward
///   by seconds while they run.
///
/// ```no_run
/// use ovenjs_rest::{Client, RedisLeases};
///
/// # async fn run(link: &ovenjs_net::RedisLink) -> Result<(), ovenjs_rest::Error> {
/// // The same name in all processes of the bot.
/// let client = Client::builder("token").lease(RedisLeases::new(link, "my-bot")).build()?;
/// client.current_user().await?;
/// // Before the process ends: so the others need not wait until its lease has ended.
/// client.leave().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisLeases {
    link: RedisLink,
    key: String,
}

impl RedisLeases {
    /// The limits of the bot `name`, the same for all processes with its token, and for no others.
    #[must_use]
    pub fn new(link: &RedisLink, name: &str) -> Self {
        Self {
            link: link.clone(),
            key: format!("ovenjs:limits:{name}"),
        }
    }

    async fn read(&self, cells: &[u64]) -> Result<LeaseNews, Failure> {
        let fields: Vec<String> = std::iter::once(None)
            .chain(cells.iter().copied().map(Some))
            .map(field)
            .collect();
        let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
        let reply = self.link.run(&READ, &[&self.key], &fields).await?;
        understood(reply, cells.len()).ok_or_else(|| "the store answers in another form".into())
    }

    async fn write(&self, writes: &[LeaseWrite]) -> Result<LeaseNews, Failure> {
        let kept = LEASE_KEPT.as_millis().to_string();
        let fields: Vec<String> = writes.iter().map(|write| field(write.cell)).collect();
        let mut words: Vec<&[u8]> = vec![kept.as_bytes()];
        for (field, write) in fields.iter().zip(writes) {
            // No value is empty, so that nothing can stand for none.
            let from = write.from.as_deref().unwrap_or_default();
            words.extend([field.as_bytes(), from, &write.to]);
        }
        let reply = self.link.run(&WRITE, &[&self.key], &words).await?;
        Ok(LeaseNews::Written(reply.int() == Some(1)))
    }
}

type Failure = Box<dyn error::Error + Send + Sync>;

impl LeaseStore for RedisLeases {
    fn carry_out(&self, deed: LeaseDeed) -> CarryingOut<'_> {
        Box::pin(async move {
            match deed {
                LeaseDeed::Read(cells) => self.read(&cells).await,
                LeaseDeed::Write(writes) => self.write(&writes).await,
            }
        })
    }
}

fn field(cell: Option<u64>) -> String {
    cell.map_or_else(|| "board".to_owned(), |cell| format!("{cell:016x}"))
}

/// What [`READ`] answers: seconds, microseconds, and the values.
fn understood(reply: RedisReply, cells: usize) -> Option<LeaseNews> {
    let mut reply = reply.list().into_iter();
    let mut number = || u64::try_from(reply.next()?.int()?).ok();
    let now_ms = number()?.checked_mul(1_000)? + number()? / 1_000;
    let values = reply.next()?.list();
    let mut values = values
        .into_iter()
        .map(|value| value.bytes().as_deref().map(<[u8]>::to_vec));
    let board = values.next()?;
    let pages: Vec<_> = values.collect();
    (pages.len() == cells).then_some(LeaseNews::Read {
        now_ms,
        board,
        cells: pages,
    })
}

/// Reads fields of the key, and the time. In front of each value stands when it was written.
static READ: RedisScript = RedisScript::repeatable(
    r"
local time = redis.call('TIME')
local values = redis.call('HMGET', KEYS[1], unpack(ARGV))
for at, value in ipairs(ARGV) do
  values[at] = values[at] and values[at]:sub(14)
end
return {time[1], time[2], values}
",
);

/// Writes fields of the key, if all of them are what they were. Arguments: how many milliseconds they are
/// kept, then field, former value and new one of each. Some fields are looked at each time, one after the
/// other, and those that nobody has written for so long are forgotten.
///
/// It is never repeated by the link: what became of it is found out by reading.
static WRITE: RedisScript = RedisScript::once(
    r"
local key, kept = KEYS[1], tonumber(ARGV[1])
for at = 2, #ARGV, 3 do
  local value = redis.call('HGET', key, ARGV[at])
  if (value and value:sub(14) or '') ~= ARGV[at + 1] then return 0 end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = string.format('%013.0f', now)
for at = 2, #ARGV, 3 do
  redis.call('HSET', key, ARGV[at], stamp .. ARGV[at + 2])
end
local swept = redis.call('HSCAN', key, redis.call('HGET', key, 'swept') or '0', 'COUNT', 16)
for at = 1, #swept[2], 2 do
  local field, value = swept[2][at], swept[2][at + 1]
  if field ~= 'swept' and tonumber(value:sub(1, 13)) + kept < now then redis.call('HDEL', key, field) end
end
redis.call('HSET', key, 'swept', swept[1])
redis.call('PEXPIRE', key, kept)
return 1
",
);
