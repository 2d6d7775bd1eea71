#![expect(
    clippy::unwrap_used,
    reason = "the stories' helpers fail by panicking, as the stories do"
)]

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::time::timeout;

use super::*;
use crate::tiers::{
    Body, FOREVER_MS, Memory, Space, Version,
    store::{Heard, Place, Told},
};

#[tokio::test(start_paused = true)]
async fn a_part_that_is_silent_is_left_alone_and_the_others_go_on() {
    let world = World::new();
    let [here, there] = [world.key_of(0), world.key_of(1)];
    world.parts[0].is(SILENT);
    for _ in 0..3 {
        let read = world
            .store
            .read(NOW, std::slice::from_ref(&here))
            .await_for(50);
        assert!(read.await.is_none(), "whoever asks has a deadline");
    }
    let refused = world.store.read(NOW, std::slice::from_ref(&here)).await;
    assert_eq!(refused.unwrap_err().fault(), StoreFault::PartAway);
    let both = [(here.clone(), record(1)), (there.clone(), record(1))];
    let refused = world.store.write(NOW, &both).await.unwrap_err();
    assert_eq!(refused.fault(), StoreFault::PartAway);
    assert!(
        !refused.is_away(),
        "what asks the store keeps asking it: {refused:?}"
    );
    let read = world.store.read(NOW, std::slice::from_ref(&there)).await;
    assert_eq!(read.unwrap(), [Some(record(1))], "the others did theirs");

    world.parts[0].is(WELL);
    tokio::time::advance(Duration::from_millis(250)).await;
    let written = world.store.write(NOW, &both).await.unwrap();
    assert_eq!(written, [Written::Kept; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_store_is_away_once_all_its_parts_are() {
    let world = World::new();
    for (at, part) in world.parts.iter().enumerate() {
        part.is(AWAY);
        let key = world.key_of(at);
        for time in 0..3 {
            let read = world.store.read(NOW, std::slice::from_ref(&key)).await;
            let is_last = at + 1 == world.parts.len() && time == 2;
            assert_eq!(read.unwrap_err().is_away(), is_last, "{at} {time}");
        }
    }
    world.parts[1].is(WELL);
    tokio::time::advance(Duration::from_secs(4)).await;
    let keys = [world.key_of(1)];
    world.store.read(NOW, &keys).await.unwrap();
    let gone = [world.key_of(2)];
    let read = world.store.read(NOW, &gone).await.unwrap_err();
    assert_eq!(read.fault(), StoreFault::PartAway);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_at_once_says_nothing_of_the_part() {
    let world = World::new();
    let keys = [world.key_of(0)];
    world.parts[0].is(SILENT);
    for _ in 0..9 {
        assert!(world.store.read(NOW, &keys).await_for(5).await.is_none());
    }
    world.parts[0].is(WELL);
    assert_eq!(world.store.read(NOW, &keys).await.unwrap(), [None]);
}

#[tokio::test(start_paused = true)]
async fn what_one_part_tells_is_heard_at_once_and_a_silent_one_is_waited_for() {
    let world = World::new();
    let mut place = world.end().await;
    let hold = Duration::from_millis(400);
    for sequence in 1..20 {
        let key = world.key_of(sequence % 4);
        let entries = [(key.clone(), record(u64::try_from(sequence).unwrap()))];
        let began = SystemClock.now();
        let (heard, _) = tokio::join!(world.listen(&place, hold), async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            world.store.write(NOW, &entries).await.unwrap()
        });
        let heard = heard.unwrap();
        assert!(matches!(&heard.told[..], [Told::Written { key: told, .. }] if *told == key));
        let took = SystemClock.now() - began;
        assert!(took < Duration::from_millis(50), "{took:?}");
        place = heard.next.unwrap();
    }
    // A frozen part tells nothing either.
    world.parts[3].is(SILENT);
    let mut heard = Some(Ok(Heard::default()));
    let began = SystemClock.now();
    while let Some(Ok(_)) = heard {
        let entries = [(world.key_of(0), record(100))];
        world.store.write(NOW, &entries).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        heard = world.listen(&place, hold).await_for(1_000).await;
        if let Some(Ok(heard)) = &heard {
            place = heard.next.clone().unwrap();
        }
    }
    assert!(heard.is_none(), "no answer is taken for one: {heard:?}");
    let took = SystemClock.now() - began;
    assert!(took <= Duration::from_millis(1_450), "{took:?}");
    world.parts[3].is(WELL);
    // What it was asked while it was frozen, it may not answer any more.
    let mut heard = world.listen(&place, hold).await;
    if heard.is_err() {
        heard = world.listen(&place, hold).await;
    }
    assert_eq!(heard.unwrap().told.len(), 1, "nothing was lost");
}

#[tokio::test(start_paused = true)]
async fn who_follows_is_current_at_no_time_while_a_part_is_silent() {
    let world = World::new();
    let mut place = world.end().await;
    let hold = Duration::from_millis(400);
    world.listen(&place, hold).await.unwrap();
    world.parts[3].is(SILENT);
    let began = SystemClock.now();
    let (mut sequence, mut answers) = (0, 0);
    while SystemClock.now() - began < Duration::from_secs(10) {
        sequence += 1;
        tokio::time::sleep(Duration::from_millis(30)).await;
        let entries = [(world.key_of(0), record(sequence))];
        world.store.write(NOW, &entries).await.unwrap();
        match world.listen(&place, hold).await_for(1_000).await {
            // What the others had told before it had to answer.
            Some(Ok(heard)) => {
                let since = SystemClock.now() - began;
                assert!(since <= Duration::from_millis(450), "{since:?}");
                place = heard.next.unwrap();
                answers += 1;
            }
            Some(Err(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            None => {}
        }
    }
    assert!(answers < sequence, "it was asked on");
    world.parts[3].is(WELL);
    while !matches!(
        world.listen(&place, hold).await_for(1_000).await,
        Some(Ok(_))
    ) {
        let since = SystemClock.now() - began;
        assert!(since < Duration::from_secs(14), "{since:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_part_said_long_ago_does_not_say_that_it_is_there() {
    let world = World::new();
    let place = world.end().await;
    let hold = Duration::from_millis(400);
    // Who serves goes away, and comes back much later.
    let left = world.listen(&place, hold).await_for(10).await;
    assert!(left.is_none());
    tokio::time::sleep(Duration::from_secs(600)).await;
    world.parts[3].is(DEAF);
    let entries = [(world.key_of(0), record(1))];
    world.store.write(NOW, &entries).await.unwrap();
    let heard = world.listen(&place, hold).await_for(1_000).await;
    assert!(heard.is_none(), "{heard:?}");
    world.parts[3].is(WELL);
    let mut heard = world.listen(&place, hold).await;
    if heard.is_err() {
        heard = world.listen(&place, hold).await;
    }
    assert_eq!(heard.unwrap().told.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_does_not_do_it_for_now_is_asked_for_something_else() {
    let world = World::new();
    let keys = [world.key_of(0)];
    let entries = [(keys[0].clone(), record(1))];
    world.parts[0].is(BUSY);
    for _ in 0..9 {
        let refused = world.store.write(NOW, &entries).await.unwrap_err();
        assert_eq!(refused.fault(), StoreFault::PartAway);
    }
    world.parts[0].is(WELL);
    let read = world.store.read(NOW, &keys).await;
    assert!(read.is_ok(), "{read:?}");
}

#[test]
fn what_is_told_of_those_made_of_a_key_is_told_after_the_key() {
    let world = World::new();
    for id in 0..1_000_u64 {
        let key = Key::new(&space(), id % 3, id.to_be_bytes()).unwrap();
        let tag = Tag::of(&key).unwrap();
        assert_eq!(world.store.part_of_tag(&tag), world.store.part(&key));
    }
    for odd in ["of:", "of:bread.1", "of:bread.1:", "of:bread.1:rye"] {
        assert_eq!(Tag::new(odd).unwrap().key(), None, "{odd}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_part_no_longer_knows_is_a_gap_for_all() {
    let world = World::new();
    let place = world.end().await;
    let hold = Duration::from_millis(1);
    let nothing = world.listen(&place, hold).await.unwrap();
    assert_eq!(
        (nothing.told, nothing.next),
        (Vec::new(), Some(place.clone()))
    );
    // More than the part has room for.
    let key = world.key_of(2);
    for sequence in 0..ROOM + 1 {
        let entries = [(key.clone(), record(u64::try_from(sequence).unwrap()))];
        world.store.write(NOW, &entries).await.unwrap();
    }
    assert_eq!(world.listen(&place, hold).await.unwrap(), Heard::default());
    world.parts[1].is(AWAY);
    let error = world.store.log().unwrap().listen(None, hold).await;
    assert_eq!(error.unwrap_err().fault(), StoreFault::PartAway);
    let foreign = Memory::new(1);
    let foreign = foreign.log().unwrap().listen(None, hold).await;
    let error = world.listen(&foreign.unwrap().next.unwrap(), hold).await;
    assert_eq!(error.unwrap_err().fault(), StoreFault::Refused);
}

#[test]
fn keys_lie_evenly_and_where_they_have_always_lain() {
    let world = World::new();
    let mut counts = [0; 4];
    for id in 0..4_000_u64 {
        // Snowflakes of one millisecond, as a number and as a text.
        let id = 81_384_788_765_712_384 + id;
        for id in [id.to_be_bytes().to_vec(), id.to_string().into_bytes()] {
            let key = Key::new(&space(), 0, id).unwrap();
            counts[world.store.part(&key)] += 1;
        }
    }
    assert!(
        counts.iter().all(|count| (1_800..2_200).contains(count)),
        "{counts:?}"
    );
    let key = |scope, id: &str| Key::new(&space(), scope, id).unwrap();
    let memory: Arc<dyn Store> = Arc::new(Memory::new(1));
    let parts = Parts::new(vec![memory; 16]);
    let lies = [key(0, ""), key(7, "rye"), key(u64::MAX, "spelt")].map(|key| parts.part(&key));
    assert_eq!(lies, LIES, "another version's processes look there");
}

struct World {
    parts: [Arc<Moody>; 4],
    store: Parts,
}

impl World {
    fn new() -> Self {
        let parts = std::array::from_fn(|_| {
            Arc::new(Moody {
                memory: Memory::new(ROOM),
                mood: AtomicU8::new(WELL),
            })
        });
        let mut stores: Vec<Arc<dyn Store>> = Vec::new();
        for part in &parts {
            let part: &Arc<Moody> = part;
            stores.push(part.clone());
        }
        let store = Parts::new(stores);
        Self { parts, store }
    }

    fn key_of(&self, part: usize) -> Key {
        let mut keys = (0..).map(|id: u64| Key::new(&space(), 1, id.to_be_bytes()).unwrap());
        keys.find(|key| self.store.part(key) == part).unwrap()
    }

    async fn end(&self) -> Place {
        let heard = self.store.log().unwrap().listen(None, Duration::ZERO).await;
        heard.unwrap().next.unwrap()
    }

    fn listen<'a>(&'a self, place: &'a Place, hold: Duration) -> Asked<'a, Heard> {
        self.store.log().unwrap().listen(Some(place), hold)
    }
}

trait AwaitFor: Future + Sized {
    /// The answer, if it comes within so many milliseconds.
    async fn await_for(self, millis: u64) -> Option<Self::Output> {
        timeout(Duration::from_millis(millis), self).await.ok()
    }
}

impl<F: Future> AwaitFor for F {}

/// A memory that is well, says that it is away or that it does not do this for now, or says nothing.
#[derive(Debug)]
struct Moody {
    memory: Memory,
    mood: AtomicU8,
}

impl Moody {
    fn is(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn answer<'a, T: Send + 'a>(&'a self, answer: Asked<'a, T>) -> Asked<'a, T> {
        let mood = self.mood.load(Ordering::SeqCst);
        Box::pin(async move {
            let answer = answer.await;
            // Also what was asked before it fell silent.
            match self.mood.load(Ordering::SeqCst) {
                WELL => return answer,
                DEAF if mood == WELL => return answer,
                BUSY => return Err(StoreError::new("moody", StoreFault::PartAway)),
                AWAY => {}
                // No store keeps its askers for ever.
                _ => tokio::time::sleep(Duration::from_secs(2)).await,
            }
            Err(StoreError::new("moody", StoreFault::Away))
        })
    }
}

impl Store for Moody {
    fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
        self.answer(self.memory.read(now_ms, keys))
    }

    fn write<'a>(&'a self, now_ms: u64, entries: &'a [(Key, Record)]) -> Asked<'a, Vec<Written>> {
        self.answer(self.memory.write(now_ms, entries))
    }

    fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.answer(self.memory.generations(now_ms, tags))
    }

    fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
        self.answer(self.memory.bump(now_ms, tags))
    }

    fn claim<'a>(&'a self, now_ms: u64, key: &'a Key, by: u64, for_: Duration) -> Asked<'a, bool> {
        self.answer(self.memory.claim(now_ms, key, by, for_))
    }

    fn release<'a>(&'a self, key: &'a Key, by: u64) -> Asked<'a, ()> {
        self.answer(self.memory.release(key, by))
    }

    fn scan<'a>(
        &'a self,
        now_ms: u64,
        span: &'a Span,
        after: Option<&'a Cursor>,
        limit: usize,
    ) -> Asked<'a, Page> {
        self.answer(self.memory.scan(now_ms, span, after, limit))
    }

    fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
        self.answer(self.memory.erase(span))
    }

    fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
        self.answer(self.memory.sweep(now_ms, limit))
    }

    fn damaged(&self) -> u64 {
        self.memory.damaged()
    }

    fn log(&self) -> Option<&dyn Log> {
        Some(self)
    }
}

impl Log for Moody {
    fn listen<'a>(&'a self, after: Option<&'a Place>, hold: Duration) -> Asked<'a, Heard> {
        let log = self.memory.log().expect("a memory keeps one");
        self.answer(log.listen(after, hold))
    }

    fn tell<'a>(&'a self, told: &'a Told) -> Asked<'a, ()> {
        let log = self.memory.log().expect("a memory keeps one");
        self.answer(log.tell(told))
    }
}

fn space() -> Space {
    Space::new("bread", 1).unwrap()
}

fn record(sequence: u64) -> Record {
    Record {
        version: Version {
            source: 1,
            epoch: 1,
            sequence,
        },
        body: Body::Absent,
        soft_ms: FOREVER_MS,
        hard_ms: FOREVER_MS,
        lent_ms: FOREVER_MS,
        tags: Vec::new(),
    }
}

const NOW: u64 = 1_790_000_000_000;

/// How many records and entries of its log a part has room for.
const ROOM: usize = 100;

/// In which of sixteen parts some keys lie.
const LIES: [usize; 3] = [14, 2, 14];

const WELL: u8 = 0;
const AWAY: u8 = 1;
const SILENT: u8 = 2;
/// Silent to what it is asked from then on.
const DEAF: u8 = 3;
/// There, and not for this.
const BUSY: u8 = 4;
