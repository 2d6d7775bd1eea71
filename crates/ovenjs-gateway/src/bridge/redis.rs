//! A stream of a Redis.

use std::time::{Duration, Instant};

use ovenjs_net::{
    Clock as _, Entropy as _, RedisEntry, RedisEntryId, RedisLink, RedisScript, SystemClock,
    SystemEntropy,
};

use super::{
    BridgeConfig, Keep,
    consumer::{Fetch, Fetched, Settle, Ticket},
    envelope::Envelope,
    publisher::{Job, Stop, Store, Stored},
};
use crate::Error;

pub(super) struct RedisStore {
    link: RedisLink,
    key: String,
    /// Where the server notes what it has of this publisher, so that what is sent again after an
    /// answer was lost is stored once.
    marks: String,
    keep: &'static [u8],
    messages: String,
}

impl RedisStore {
    pub(super) fn new(link: &RedisLink, config: &BridgeConfig) -> Self {
        let key = key(config);
        Self {
            link: link.clone(),
            marks: format!("{key}:of:{:016x}", SystemEntropy.u64()),
            key,
            keep: match config.keep {
                Keep::UntilHandled => b"all",
                Keep::Newest => b"new",
            },
            messages: config.messages.max(1).to_string(),
        }
    }
}

impl Store for RedisStore {
    async fn store(&mut self, batch: &[Job]) -> Stored {
        // Redis answers for all of them at once, so that one script is one deed: what it has stored
        // is a beginning of the batch.
        let events: Vec<_> = batch
            .iter()
            .filter_map(|job| job.dispatch.as_ref())
            .collect();
        if events.is_empty() {
            let count = batch.len();
            return Stored { count, stop: None };
        }
        let words: Vec<_> = events.iter().map(|event| Envelope::of(event)).collect();
        let mut arguments: Vec<&[u8]> = vec![self.keep, self.messages.as_bytes()];
        for (words, event) in words.iter().zip(&events) {
            arguments.extend([
                words.origin.as_bytes(),
                words.version.as_bytes(),
                words.name.as_bytes(),
                &event.raw,
            ]);
        }
        let keys = [self.key.as_str(), self.marks.as_str()];
        match self.link.run(&STORE, &keys, &arguments).await {
            Ok(reply) => {
                let stored = reply.int().and_then(|count| usize::try_from(count).ok());
                settled(batch, stored.unwrap_or(0))
            }
            Err(error) => {
                let text = match std::error::Error::source(&error) {
                    Some(words) => format!("{error}: {words}"),
                    None => error.to_string(),
                };
                let stop = Some(Stop::Later(text));
                Stored { count: 0, stop }
            }
        }
    }
}

/// How many jobs the first `stored` events are, with the waits between them.
fn settled(batch: &[Job], stored: usize) -> Stored {
    let mut left = stored;
    let count = batch.iter().take_while(|job| {
        let fits = job.dispatch.is_none() || left > 0;
        left = left.saturating_sub(usize::from(job.dispatch.is_some()));
        fits
    });
    let count = count.count();
    let stop = (count < batch.len()).then(|| {
        let text = "the stream is full: add workers, or let it hold more events";
        Stop::Later(text.to_owned())
    });
    Stored { count, stop }
}

/// Adds events until the stream is full, and answers how many of them it has. The versions of an
/// origin rise, so one that is not above the last of this publisher was stored before.
static STORE: RedisScript = RedisScript::repeatable(
    r"
local stream, marks = KEYS[1], KEYS[2]
local all, most = ARGV[1] == 'all', tonumber(ARGV[2])
local length = redis.call('XLEN', stream)
local stored = 0
for at = 3, #ARGV, 4 do
  local origin, version = ARGV[at], ARGV[at + 1]
  local ordered = origin ~= 'http'
  local last = ordered and redis.call('HGET', marks, origin)
  if not last or version > last then
    if all and length >= most then break end
    if all then
      redis.call('XADD', stream, '*', 'o', origin, 'v', version, 'n', ARGV[at + 2], 'd', ARGV[at + 3])
    else
      redis.call('XADD', stream, 'MAXLEN', '~', most, '*', 'o', origin, 'v', version, 'n', ARGV[at + 2], 'd', ARGV[at + 3])
    end
    length = length + 1
    if ordered then redis.call('HSET', marks, origin, version) end
  end
  stored = stored + 1
end
redis.call('PEXPIRE', marks, 3600000)
return stored
",
);

pub(super) struct RedisFetch {
    link: RedisLink,
    key: String,
    group: String,
    worker: String,
    redelivery: Duration,
    prefetch: usize,
    is_open: bool,
    claims: Claims,
}

/// When to look for what others have left.
struct Claims {
    next: Option<Instant>,
    from: Option<RedisEntryId>,
}

impl RedisFetch {
    pub(super) fn new(link: &RedisLink, config: &BridgeConfig, group: &str, worker: &str) -> Self {
        Self {
            // Reading blocks, and so has a connection of its own.
            link: link.another(),
            key: key(config),
            group: group.to_owned(),
            worker: worker.to_owned(),
            redelivery: config.redelivery,
            prefetch: config.prefetch.max(1),
            is_open: false,
            claims: Claims {
                next: None,
                from: None,
            },
        }
    }

    async fn read(&mut self) -> Result<Vec<Fetched>, ovenjs_net::Error> {
        if !self.is_open {
            self.link.stream_group(&self.key, &self.group).await?;
            self.is_open = true;
        }
        let now = SystemClock.now();
        if self.claims.next.is_none_or(|next| next <= now) {
            let (key, group) = (&self.key, &self.group);
            let (entries, rest) = self
                .link
                .stream_claim(
                    key,
                    group,
                    &self.worker,
                    self.redelivery,
                    self.claims.from.as_ref(),
                    self.prefetch,
                )
                .await?;
            self.claims.next = match rest {
                Some(_) => None,
                None => Some(now + self.redelivery / 2),
            };
            self.claims.from = rest;
            if !entries.is_empty() {
                return Ok(fetched(entries, true));
            }
        }
        let until = self.claims.next.unwrap_or(now);
        let hold = until.saturating_duration_since(now).min(HOLD);
        let entries = self
            .link
            .stream_read(&self.key, &self.group, &self.worker, self.prefetch, hold)
            .await?;
        Ok(fetched(entries, false))
    }
}

impl Fetch for RedisFetch {
    async fn fetch(&mut self) -> Result<Vec<Fetched>, Error> {
        self.read().await.map_err(|error| {
            // A server that lost its memory has lost the group too.
            self.is_open = false;
            Error::link(error)
        })
    }
}

fn fetched(entries: Vec<RedisEntry>, redelivered: bool) -> Vec<Fetched> {
    let open = |entry: RedisEntry| {
        let text = |name| std::str::from_utf8(entry.field(name)?).ok();
        let dispatch = || {
            let raw = entry.field("d")?.clone();
            Envelope::open(text("o")?, text("v")?, text("n")?, raw)
        };
        Fetched {
            dispatch: dispatch(),
            redelivered,
            ticket: Ticket::Redis(entry.id),
        }
    };
    entries.into_iter().map(open).collect()
}

pub(super) struct RedisSettle {
    link: RedisLink,
    key: String,
    group: String,
    keep: Keep,
}

impl RedisSettle {
    pub(super) fn new(link: &RedisLink, config: &BridgeConfig, group: &str) -> Self {
        Self {
            link: link.clone(),
            key: key(config),
            group: group.to_owned(),
            keep: config.keep,
        }
    }
}

impl Settle for RedisSettle {
    async fn settle(&mut self, tickets: &[Ticket]) -> Result<(), Error> {
        let mut ids = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            match ticket {
                Ticket::Redis(id) => ids.push(id),
                #[cfg(feature = "nats")]
                Ticket::Nats(_) => {}
            }
        }
        let done = match self.keep {
            Keep::Newest => {
                let acked = self.link.stream_ack(&self.key, &self.group, &ids).await;
                acked.map(drop)
            }
            Keep::UntilHandled => {
                let mut arguments = vec![self.group.as_bytes()];
                arguments.extend(ids.iter().map(|id| id.as_str().as_bytes()));
                let removed = self.link.run(&REMOVE, &[&self.key], &arguments).await;
                removed.map(drop)
            }
        };
        done.map_err(Error::link)
    }
}

/// Acknowledges and removes, so that the stream has room again.
static REMOVE: RedisScript = RedisScript::repeatable(
    r"
for at = 2, #ARGV do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[at])
  redis.call('XDEL', KEYS[1], ARGV[at])
end
return #ARGV - 1
",
);

fn key(config: &BridgeConfig) -> String {
    format!("ovenjs:bridge:{}", config.name)
}

/// How long a read may wait for the first event: short enough that a connection which was cut
/// without a word is noticed.
const HOLD: Duration = Duration::from_secs(2);
