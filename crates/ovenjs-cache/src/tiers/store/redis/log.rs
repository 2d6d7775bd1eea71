//! The log of a store in a Redis: a stream, in which the scripts that write tell of it.

use std::time::Duration;

use bytes::Bytes;
use ovenjs_net::{RedisEntry, RedisEntryId, RedisScript};

use super::{
    super::{
        Asked, Heard, Log, Place, StoreError, StoreFault, Told,
        log::{HEARD_MAX, LOG_KEPT, from_bytes, to_bytes},
    },
    NAME, RedisStore, broken, odd_answer,
};

impl Log for RedisStore {
    fn listen<'a>(&'a self, after: Option<&'a Place>, hold: Duration) -> Asked<'a, Heard> {
        Box::pin(async move {
            let place = self.log_place();
            let Some(after) = after else {
                // Not by the ear, which may still be waiting after another place.
                let reply = self.ask::<_, &str>(&ANCHOR, &[place], &[]).await?;
                let next = reply.bytes().ok_or_else(odd_answer)?;
                return Ok(Heard {
                    told: Vec::new(),
                    next: Some(Place(next)),
                });
            };
            let id = RedisEntryId::parse(&after.0).ok_or_else(foreign)?;
            // Whether there was something or not: only who finds the place itself knows that nothing is missing.
            let found = self.ear.stream_follow(&place, &id, HEARD_MAX + 1, hold);
            Ok(heard(&id, &found.await.map_err(broken)?))
        })
    }

    fn tell<'a>(&'a self, told: &'a Told) -> Asked<'a, ()> {
        Box::pin(async move {
            let words = [LOG_KEPT.to_string().into(), to_bytes(told)];
            self.ask(&TELL, &[self.log_place()], &words).await.map(drop)
        })
    }
}

/// What was told after the first of these entries, if that is the place.
fn heard(place: &RedisEntryId, found: &[RedisEntry]) -> Heard {
    let Some((first, rest)) = found.split_first() else {
        return Heard::default();
    };
    if first.id != *place {
        return Heard::default();
    }
    let mut told = Vec::with_capacity(rest.len());
    for entry in rest {
        match entry.fields.first() {
            // Where somebody began to listen.
            Some((kind, _)) if kind == ANCHORED => {}
            Some((_, bytes)) => match from_bytes(bytes) {
                Some(one) => told.push(one),
                // A later version of this crate tells of what this one does not know.
                None => return Heard::default(),
            },
            None => return Heard::default(),
        }
    }
    let last = rest.last().unwrap_or(first);
    Heard {
        told,
        next: Some(Place(Bytes::copy_from_slice(last.id.as_str().as_bytes()))),
    }
}

fn foreign() -> StoreError {
    StoreError::new(NAME, StoreFault::Refused)
        .with_source("the place in the log is another store's")
}

/// The last place of the log, which is begun where there is none.
static ANCHOR: RedisScript = RedisScript::repeatable(
    r"
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then return last[1][1] end
return redis.call('XADD', KEYS[1], '*', 'a', '')
",
);

/// Tells of something. Twice is told twice. Arguments: how many entries the log keeps, and what.
static TELL: RedisScript = RedisScript::repeatable(
    r"return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[2])",
);

/// What an entry of the log is called that tells of nothing.
const ANCHORED: &[u8] = b"a";
