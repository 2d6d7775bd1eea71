//! A store over parts, each a store by itself: a call is divided, the parts are asked at once, and their answers are
//! put in their places.

mod log;
#[cfg(all(test, feature = "tiers"))]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::{Buf as _, BufMut as _, BytesMut};
use futures_util::future::join_all;
use ovenjs_net::{Clock, SystemClock};

use super::{Asked, Cursor, Log, Page, Span, Store, StoreError, StoreFault, Written};
use crate::tiers::{Key, Record, Tag, breaker::Breaker, lock};

/// A [`Store`] over several, each of which has the keys and the tags that fall to it: as a Redis Cluster has them on
/// its nodes, by [`RedisStore::in_cluster`](super::RedisStore::in_cluster).
///
/// - A key or a tag lies in one part for as long as their number and order stay, which all processes have to agree
///   upon, and what is made of a key's value is told in that key's part. What is promised of a key, its part promises.
/// - A call with keys of several parts asks them at once. It fails where one of them does, and is done in the others.
/// - A part that does not answer three times in a row is left alone for a while, up to four seconds, and the others go
///   on: [`StoreFault::PartAway`]. Where all are, the store is [away](StoreFault::Away). A part that answers, and says
///   that it does not do it for now, does so by [`StoreFault::PartAway`] and is asked on.
/// - It has a [`Log`] where each part has one. What is heard has an order within a part and none between them, and up
///   to a thousand entries of each come at once. What one of them no longer knows is a gap for all, and while one does
///   not answer none is heard.
///
/// ```
/// use std::sync::Arc;
///
/// use ovenjs_cache::tiers::{Key, Memory, Parts, Space, Span, Store};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let memories = (0..4).map(|_| Arc::new(Memory::new(1_000)) as Arc<dyn Store>);
/// let store = Parts::new(memories.collect());
/// assert_eq!(store.parts(), 4);
/// let space = Space::new("settings", 1)?;
/// let key = Key::new(&space, 1, "prefix")?;
/// assert!(store.part(&key) < 4);
/// assert_eq!(store.read(1_700_000_000_000, &[key]).await?, [None]);
/// // Without any part there is nowhere to look.
/// let erased = Parts::new(Vec::new()).erase(&Span { space, scope: None }).await?;
/// assert_eq!(erased, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Parts {
    parts: Box<[Part]>,
    clock: Arc<dyn Clock>,
    /// What the parts' logs are asked.
    asked: Mutex<Vec<log::PartAsked>>,
}

struct Part {
    store: Arc<dyn Store>,
    breaker: Mutex<Breaker>,
}

impl Parts {
    /// These, in this order. Where there is none, each call that names a key is [refused](StoreFault::Refused).
    #[must_use]
    pub fn new(stores: Vec<Arc<dyn Store>>) -> Self {
        let part = |store| Part {
            store,
            breaker: Mutex::default(),
        };
        Self {
            parts: stores.into_iter().map(part).collect(),
            clock: Arc::new(SystemClock),
            asked: Mutex::default(),
        }
    }

    fn part_of_tag(&self, tag: &Tag) -> usize {
        match tag.key() {
            // With its key, so that nobody hears of it before he hears of that.
            Some((space, spread)) => self.part_of_key(space, spread),
            None => self.part_of([tag.as_str().as_bytes()]),
        }
    }

    fn part_of_key(&self, space: &str, spread: u128) -> usize {
        self.part_of([space.as_bytes(), &spread.to_be_bytes()])
    }

    fn part_of<const COUNT: usize>(&self, words: [&[u8]; COUNT]) -> usize {
        let count = u64::try_from(self.parts.len()).unwrap_or(u64::MAX);
        // Of a hash of 32 bits the share that falls to each part.
        let part = hash(&words).saturating_mul(count) >> 32;
        usize::try_from(part).unwrap_or(usize::MAX)
    }

    /// Asks one part, unless it is left alone.
    async fn ask<'a, T>(
        &'a self,
        part: usize,
        question: impl FnOnce(&'a dyn Store) -> Asked<'a, T>,
    ) -> Result<T, StoreError> {
        let Some(part) = self.parts.get(part) else {
            return Err(foreign("there is no such part"));
        };
        let began = self.clock.now();
        if !lock(&part.breaker).lets_through(began) {
            return Err(self.away(StoreError::new(NAME, StoreFault::Away)));
        }
        let mut waits = Waits {
            part: Some(part),
            clock: &*self.clock,
            began,
        };
        let answer = question(&*part.store).await;
        waits.part = None;
        // What it does not do for now it may do for the next who asks for something else.
        let is_away = answer.as_ref().is_err_and(StoreError::is_away);
        lock(&part.breaker).settle(self.clock.now(), is_away);
        answer.map_err(|error| self.away_if(error))
    }

    /// Asks each part for its share of these, and puts the answers in the places of what was asked.
    async fn each<T: Clone + Sync, A>(
        &self,
        items: &[T],
        part: impl Fn(&T) -> usize,
        ask: impl for<'b> Fn(&'b dyn Store, &'b [T]) -> Asked<'b, Vec<A>>,
    ) -> Result<Vec<A>, StoreError> {
        let mut shares: Vec<Share<T>> = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let part = part(item);
            let at = shares.iter().position(|share| share.part == part);
            let at = at.unwrap_or_else(|| {
                shares.push(Share {
                    part,
                    places: Vec::new(),
                    items: Vec::new(),
                });
                shares.len() - 1
            });
            if let Some(share) = shares.get_mut(at) {
                share.places.push(place);
                share.items.push(item.clone());
            }
        }
        let asked = shares
            .iter()
            .map(|share| self.ask(share.part, |store| ask(store, &share.items)));
        let mut all: Vec<Option<A>> = items.iter().map(|_| None).collect();
        // All of them, also where one has failed: what another has begun is not cut off for that.
        for (share, answers) in shares.iter().zip(join_all(asked).await) {
            for (place, answer) in share.places.iter().zip(answers?) {
                if let Some(place) = all.get_mut(*place) {
                    *place = Some(answer);
                }
            }
        }
        let all: Option<Vec<A>> = all.into_iter().collect();
        all.ok_or_else(|| foreign("one of its parts answered less than it was asked"))
    }

    /// What the failure of a part is for the store.
    fn away_if(&self, error: StoreError) -> StoreError {
        if is_away(&error) {
            self.away(error)
        } else {
            error
        }
    }

    /// That a part is away; where all are, that the store is.
    fn away(&self, error: StoreError) -> StoreError {
        let mut parts = self.parts.iter();
        if parts.all(|part| lock(&part.breaker).is_open()) {
            error.with_fault(StoreFault::Away)
        } else {
            error.with_fault(StoreFault::PartAway)
        }
    }
}

impl Store for Parts {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        if let [key] = keys {
            return Box::pin(self.ask(self.part(key), move |store| store.read(now_ms, keys)));
        }
        Box::pin(self.each(
            keys,
            |key| self.part(key),
            move |store, keys| store.read(now_ms, keys),
        ))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        if let [(key, _)] = entries {
            return Box::pin(self.ask(self.part(key), move |store| store.write(now_ms, entries)));
        }
        Box::pin(async move {
            // Or what the other parts have to write would be written before one refuses.
            for (_, record) in entries {
                let checked = record.check();
                checked.map_err(|error| StoreError::too_large(NAME, error))?;
            }
            let part = |(key, _): &(Key, Record)| self.part(key);
            self.each(entries, part, move |store, entries| {
                store.write(now_ms, entries)
            })
            .await
        })
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        Box::pin(self.each(
            tags,
            |tag| self.part_of_tag(tag),
            move |store, tags| store.generations(now_ms, tags),
        ))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        Box::pin(self.each(
            tags,
            |tag| self.part_of_tag(tag),
            move |store, tags| store.bump(now_ms, tags),
        ))
    }

    fn claim<'a>(
        &'a self,
        now_ms: u64,
        key: &'a Key,
        holder: u64,
        lifetime: Duration,
    ) -> Asked<'a, bool> {
        let part = self.part(key);
        Box::pin(self.ask(part, move |store| {
            store.claim(now_ms, key, holder, lifetime)
        }))
    }

    fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
        Box::pin(self.ask(self.part(key), move |store| store.release(key, holder)))
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        Box::pin(async move {
            let (part, after) = match after {
                Some(after) => from_cursor(after)?,
                None => (0, None),
            };
            if self.parts.is_empty() {
                return Ok(Page::default());
            }
            let (store, after) = (self.parts.get(part), after.as_ref());
            if store.is_none() {
                return Err(foreign("the cursor is another store's"));
            }
            // The cursor is this call's own, which the part's answer outlives no more than the call does.
            let page = self.scan_part(part, now_ms, span, after, limit).await?;
            let next = match &page.next {
                Some(next) => Some(to_cursor(part, &next.0)),
                None => (part + 1 < self.parts.len()).then(|| to_cursor(part + 1, b"")),
            };
            Ok(Page { next, ..page })
        })
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        Box::pin(async move {
            let parts = 0..self.parts.len();
            let asked = parts.map(|part| self.ask(part, |store| store.erase(span)));
            join_all(asked).await.into_iter().sum()
        })
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        Box::pin(async move {
            let mut swept = 0;
            for part in 0..self.parts.len() {
                let left = limit.saturating_sub(usize::try_from(swept).unwrap_or(usize::MAX));
                if left == 0 {
                    break;
                }
                swept += self.ask(part, |store| store.sweep(now_ms, left)).await?;
            }
            Ok(swept)
        })
    }

    fn damaged(&self) -> u64 {
        self.parts.iter().map(|part| part.store.damaged()).sum()
    }

    fn overtaken(&self, key: Option<&Key>) -> bool {
        let only = key.map(|key| self.part(key));
        let parts = self.parts.iter().enumerate();
        let parts = parts.filter(|(at, _)| only.is_none_or(|only| only == *at));
        // Each is told, also where one has answered already.
        parts.fold(false, |is_any, (_, part)| {
            part.store.overtaken(key) || is_any
        })
    }

    fn parts(&self) -> usize {
        self.parts.len()
    }

    fn part(&self, key: &Key) -> usize {
        self.part_of_key(key.space().as_str(), key.spread())
    }

    fn log(&self) -> Option<&dyn Log> {
        let is_kept = self.parts.iter().all(|part| part.store.log().is_some());
        (is_kept && !self.parts.is_empty()).then_some(self)
    }
}

impl Parts {
    async fn scan_part(
        &self,
        part: usize,
        now_ms: u64,
        span: &Span,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.ask(part, |store| store.scan(now_ms, span, after, limit))
            .await
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stores = self.parts.iter().map(|part| &part.store);
        f.debug_list().entries(stores).finish()
    }
}

/// What of a call falls to one part, and the places of that in the call.
struct Share<T> {
    part: usize,
    places: Vec<usize>,
    items: Vec<T>,
}

/// A question on its way to a part. Where it is dropped after some time without an answer, that is one which did not come.
struct Waits<'a> {
    part: Option<&'a Part>,
    clock: &'a dyn Clock,
    began: Instant,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let now = self.clock.now();
        if let Some(part) = self.part
            && now.saturating_duration_since(self.began) >= CUT_OFF
        {
            lock(&part.breaker).settle(now, true);
        }
    }
}

fn is_away(error: &StoreError) -> bool {
    matches!(error.fault(), StoreFault::Away | StoreFault::PartAway)
}

fn to_cursor(part: usize, after: &[u8]) -> Cursor {
    let mut cursor = BytesMut::with_capacity(4 + after.len());
    cursor.put_u32(u32::try_from(part).unwrap_or(u32::MAX));
    cursor.put_slice(after);
    Cursor(cursor.freeze())
}

/// The part, and where to go on in it, if not at its beginning.
fn from_cursor(cursor: &Cursor) -> Result<(usize, Option<Cursor>), StoreError> {
    let mut rest = cursor.0.clone();
    let part = rest.try_get_u32().ok();
    let part = part.and_then(|part| usize::try_from(part).ok());
    let part = part.ok_or_else(|| foreign("the cursor is another store's"))?;
    Ok((part, Some(Cursor(rest)).filter(|after| !after.0.is_empty())))
}

fn foreign(note: &'static str) -> StoreError {
    StoreError::new(NAME, StoreFault::Refused).with_source(note)
}

/// The hash by which all processes know the part of a key, of every version of this crate: FNV-1a, whose upper half is
/// mixed better than the lower one.
fn hash(words: &[&[u8]]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.iter().chain(&[0xff]));
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (sum ^ (sum >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
}

const NAME: &str = "store in parts";

/// After what time a question that nobody waits for any more counts as one that was not answered: many times what a part
/// takes, and less than anybody's deadline.
const CUT_OFF: Duration = Duration::from_millis(10);
