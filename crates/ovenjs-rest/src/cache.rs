//! Answers that are kept for a while: a rule, with the time as an argument.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use http::{HeaderValue, header::ETAG};

use crate::Reply;

/// Answers to reads, at most so many bytes; the longest unused go first.
pub(crate) struct ResponseCache {
    bytes_max: usize,
    bytes: usize,
    /// By the resource that a path begins with, and then by path and query. They may hold tokens, so
    /// there is no `Debug`.
    resources: HashMap<String, HashMap<String, Entry>>,
    order: BTreeMap<u64, (String, String)>,
    uses: u64,
    /// How many writes were made to a resource, by its hash: what was asked for before a write is not
    /// kept after it.
    writes: Box<[u64; SLOTS]>,
    stats: CacheStats,
}

/// A snapshot of the response cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Answers kept.
    pub entries: usize,
    /// Their bytes, keys and headers included.
    pub bytes: usize,
    /// Calls since the start that were answered without a request.
    pub hits: u64,
    /// Calls since the start to which Discord said that nothing has changed.
    pub unchanged: u64,
    /// Calls since the start for which nothing was there.
    pub misses: u64,
    /// Answers since the start that were dropped because a write of ours may have changed them.
    pub invalidated: u64,
}

struct Entry {
    reply: Reply,
    etag: Option<HeaderValue>,
    until: Instant,
    used: u64,
    size: usize,
}

/// What the cache knows of a read.
pub(crate) enum Found {
    /// It is fresh.
    Fresh(Reply),
    /// It may be out of date; Discord can tell by this mark.
    Stale(HeaderValue, Read),
    Nothing(Read),
}

/// A read under way, whose answer may be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    writes: u64,
}

impl ResponseCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            resources: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
            writes: Box::new([0; SLOTS]),
            stats: CacheStats::default(),
        }
    }

    /// Looks for the answer to a read.
    pub(crate) fn look(&mut self, now: Instant, path: &str) -> Found {
        let read = Read {
            writes: self.writes_to(path),
        };
        self.uses += 1;
        let uses = self.uses;
        let Some(entry) = self.entry(path) else {
            self.stats.misses += 1;
            return Found::Nothing(read);
        };
        let key = std::mem::replace(&mut entry.used, uses);
        let is_fresh = now < entry.until;
        let (reply, etag) = (entry.reply.clone(), entry.etag.clone());
        if let Some(place) = self.order.remove(&key) {
            self.order.insert(uses, place);
        }
        if is_fresh {
            self.stats.hits += 1;
            return Found::Fresh(reply);
        }
        match etag {
            Some(etag) => Found::Stale(etag, read),
            None => {
                self.stats.misses += 1;
                Found::Nothing(read)
            }
        }
    }

    /// Keeps an answer for `ttl`, or as long as its mark may help, unless it was written to meanwhile.
    pub(crate) fn store(
        &mut self,
        now: Instant,
        path: &str,
        read: Read,
        reply: &Reply,
        ttl: Duration,
    ) {
        self.remove(path);
        let etag = reply.headers.get(ETAG).cloned();
        let is_current = self.writes_to(path) == read.writes;
        let headers = reply
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let size = ENTRY + 2 * path.len() + reply.body.len() + headers.sum::<usize>();
        if !is_current || (ttl.is_zero() && etag.is_none()) || size > self.bytes_max {
            return;
        }
        self.uses += 1;
        let entry = Entry {
            reply: reply.clone(),
            etag,
            until: crate::delivery::after(now, ttl),
            used: self.uses,
            size,
        };
        let place = (resource(path).to_owned(), path.to_owned());
        self.order.insert(self.uses, place.clone());
        self.resources
            .entry(place.0)
            .or_default()
            .insert(place.1, entry);
        self.bytes += size;
        while self.bytes > self.bytes_max {
            let Some((_, (_, oldest))) = self.order.first_key_value() else {
                return;
            };
            let oldest = oldest.clone();
            self.remove(&oldest);
        }
    }

    /// Discord said that nothing has changed. Nothing where it was dropped meanwhile.
    pub(crate) fn renew(&mut self, now: Instant, path: &str, ttl: Duration) -> Option<Reply> {
        let entry = self.entry(path)?;
        entry.until = crate::delivery::after(now, ttl);
        let reply = entry.reply.clone();
        self.stats.unchanged += 1;
        Some(reply)
    }

    /// A write of ours has ended: what contains the thing, and what the thing contains, may have
    /// changed.
    pub(crate) fn written(&mut self, path: &str) {
        if let Some(slot) = self.writes.get_mut(slot(path)) {
            *slot += 1;
        }
        let written = bare(path);
        let Some(resource) = self.resources.get(resource(path)) else {
            return;
        };
        let related = resource.keys().filter(|kept| {
            let kept = bare(kept);
            is_within(kept, written) || is_within(written, kept)
        });
        let related: Vec<String> = related.cloned().collect();
        for path in related {
            self.remove(&path);
            self.stats.invalidated += 1;
        }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        CacheStats {
            entries: self.order.len(),
            bytes: self.bytes,
            ..self.stats
        }
    }

    fn entry(&mut self, path: &str) -> Option<&mut Entry> {
        self.resources.get_mut(resource(path))?.get_mut(path)
    }

    fn remove(&mut self, path: &str) {
        let Some(entries) = self.resources.get_mut(resource(path)) else {
            return;
        };
        if let Some(entry) = entries.remove(path) {
            self.bytes = self.bytes.saturating_sub(entry.size);
            self.order.remove(&entry.used);
        }
        if entries.is_empty() {
            self.resources.remove(resource(path));
        }
    }

    fn writes_to(&self, path: &str) -> u64 {
        self.writes.get(slot(path)).copied().unwrap_or_default()
    }
}

/// Without its query.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// What a path begins with: a kind and an id.
fn resource(path: &str) -> &str {
    let path = bare(path);
    let end = path
        .match_indices('/')
        .nth(2)
        .map_or(path.len(), |(place, _)| place);
    path.get(..end).unwrap_or(path)
}

fn is_within(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The slot of a resource's writes (FNV-1a).
fn slot(path: &str) -> usize {
    let bytes = resource(path).bytes();
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash % SLOTS_U64).unwrap_or_default()
}

/// Two resources rarely share one; where they do, an answer less is kept.
const SLOTS: usize = 1024;
const SLOTS_U64: u64 = 1024;

/// What an answer costs beside its bytes: two maps' places, and the allocations.
const ENTRY: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning for the virtual clock"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    fn marked(body: &str, etag: &'static str) -> Reply {
        let mut reply = Reply::new(200, body.to_owned());
        reply.headers.insert(ETAG, HeaderValue::from_static(etag));
        reply
    }

    /// Asks, and keeps `reply` where nothing is there.
    fn keep(cache: &mut ResponseCache, now: Instant, path: &str, reply: &Reply, ttl: Duration) {
        if let Found::Nothing(read) | Found::Stale(_, read) = cache.look(now, path) {
            cache.store(now, path, read, reply, ttl);
        }
    }

    fn kept(cache: &mut ResponseCache, now: Instant, path: &str) -> Option<String> {
        match cache.look(now, path) {
            Found::Fresh(reply) => Some(String::from_utf8(reply.body.to_vec()).unwrap()),
            _ => None,
        }
    }

    #[test]
    fn an_answer_is_fresh_for_its_time_and_then_asked_for_by_its_mark() {
        let (mut cache, now) = (ResponseCache::new(10_000), start());
        keep(&mut cache, now, "/users/1", &marked("one", "\"a\""), SECOND);
        assert_eq!(
            kept(&mut cache, now + SECOND / 2, "/users/1").as_deref(),
            Some("one")
        );
        let Found::Stale(etag, _) = cache.look(now + SECOND, "/users/1") else {
            panic!()
        };
        assert_eq!(etag, "\"a\"");
        let renewed = cache.renew(now + SECOND, "/users/1", SECOND).unwrap();
        assert_eq!(renewed.body(), "one");
        assert!(kept(&mut cache, now + SECOND, "/users/1").is_some());
        let stats = cache.stats();
        assert_eq!(
            (stats.hits, stats.unchanged, stats.misses, stats.entries),
            (2, 1, 1, 1)
        );
        // Without a mark there is nothing to ask by, and without time nothing to keep.
        keep(&mut cache, now, "/users/2", &Reply::new(200, "two"), SECOND);
        assert!(matches!(
            cache.look(now + SECOND, "/users/2"),
            Found::Nothing(_)
        ));
        keep(
            &mut cache,
            now,
            "/users/3",
            &Reply::new(200, "three"),
            Duration::ZERO,
        );
        keep(
            &mut cache,
            now,
            "/users/4",
            &marked("four", "\"d\""),
            Duration::ZERO,
        );
        assert!(matches!(cache.look(now, "/users/3"), Found::Nothing(_)));
        assert!(matches!(cache.look(now, "/users/4"), Found::Stale(..)));
    }

    #[test]
    fn a_write_drops_what_it_contains_and_what_contains_it() {
        let now = start();
        let paths = [
            "/guilds/1",
            "/guilds/1?with_counts=true",
            "/guilds/1/members/2",
            "/guilds/1/members?limit=3",
            "/guilds/1/roles",
            "/guilds/12",
            "/users/1",
        ];
        for (written, gone) in [
            ("/guilds/1/members/2", vec![0, 1, 2, 3]),
            ("/guilds/1/members/2/roles/9", vec![0, 1, 2, 3]),
            ("/guilds/1", vec![0, 1, 2, 3, 4]),
            ("/guilds/1/roles?x=1", vec![0, 1, 4]),
            ("/channels/1", vec![]),
        ] {
            let mut cache = ResponseCache::new(100_000);
            for path in paths {
                keep(&mut cache, now, path, &Reply::new(200, path), SECOND);
            }
            cache.written(written);
            let lost: Vec<usize> = (0..paths.len())
                .filter(|place| kept(&mut cache, now, paths[*place]).is_none())
                .collect();
            assert_eq!(lost, gone, "{written}");
        }
    }

    #[test]
    fn what_was_asked_before_a_write_is_not_kept_after_it() {
        let (mut cache, now) = (ResponseCache::new(10_000), start());
        let Found::Nothing(read) = cache.look(now, "/channels/1") else {
            panic!()
        };
        cache.written("/channels/1/messages/5");
        cache.store(now, "/channels/1", read, &Reply::new(200, "old"), SECOND);
        assert!(kept(&mut cache, now, "/channels/1").is_none());
        // Nor does what was dropped come back by being unchanged.
        assert!(cache.renew(now, "/channels/1", SECOND).is_none());
    }

    #[test]
    fn the_longest_unused_make_room() {
        let now = start();
        let reply = Reply::new(200, "x".repeat(1000));
        let mut cache = ResponseCache::new(4000);
        for path in ["/a/1", "/a/2", "/a/3"] {
            keep(&mut cache, now, path, &reply, SECOND);
        }
        assert!(kept(&mut cache, now, "/a/1").is_some());
        keep(&mut cache, now, "/a/4", &reply, SECOND);
        let stats = cache.stats();
        assert!(stats.bytes <= 4000 && stats.entries == 3, "{stats:?}");
        assert!(kept(&mut cache, now, "/a/2").is_none() && kept(&mut cache, now, "/a/1").is_some());
        // What is larger than all is not kept, and drops nothing but its own past.
        keep(
            &mut cache,
            now,
            "/a/5",
            &Reply::new(200, "x".repeat(5000)),
            SECOND,
        );
        assert_eq!(cache.stats().entries, 3);
        for path in ["/a/1", "/a/3", "/a/4"] {
            cache.written(path);
        }
        assert_eq!((cache.stats().bytes, cache.stats().entries), (0, 0));
        assert!(cache.resources.is_empty());
    }
}
