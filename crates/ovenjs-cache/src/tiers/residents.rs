//! What is in memory: values by key under one bound, in moka.
//!
//! moka says who leaves; all else is ours. By which policy is chosen while it runs: moka's is fixed when it
//! is built, so that a change is a second instance, into which the first is emptied as it is read. moka
//! also works off what was written in batches, whose size it takes from nothing but itself: here the
//! weight is counted as things come and go, and who would exceed the bound works off the batch.
//!
//! It is long because most of its doors have an example.

mod config;
mod houses;
mod ranks;

use std::{
    collections::VecDeque,
    fmt,
    hash::{BuildHasher, Hash},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use hashbrown::{DefaultHashBuilder, HashSet};
use moka::sync::Cache;

pub use self::{
    config::{Eviction, ResidentsConfig, ResidentsStats},
    ranks::Priority,
};
use self::{
    houses::{Before, Houses, Ledger, Seat, house},
    ranks::{High, Ranks},
};
use super::{
    choice::{Choice, Policy, is_sampled},
    foretelling::{Foretelling, Foretold, Source},
    lock,
};

/// Values by key, of at most a certain weight together.
///
/// A read gives a clone: keep values small or in an `Arc`.
///
/// ```
/// use ovenjs_cache::tiers::{Eviction, Residents, ResidentsConfig};
///
/// let residents = Residents::build(ResidentsConfig::new(100).eviction(Eviction::Lru));
/// residents.put("bread", 1, 60);
/// residents.put("rolls", 2, 40);
/// // Who leaves is worked out in batches: what is read within the batch that brought it counts as new alone.
/// residents.settle();
/// assert_eq!(residents.get(&"bread"), Some(1));
/// // There is no room for all three: what was not read for longest leaves.
/// residents.put("cakes", 3, 40);
/// residents.settle();
/// assert_eq!(residents.get(&"rolls"), None);
/// assert_eq!(residents.get(&"bread"), Some(1));
/// ```
pub struct Residents<K, V, S = DefaultHashBuilder> {
    config: ResidentsConfig,
    hasher: S,
    ledger: Arc<Ledger<K>>,
    houses: RwLock<Houses<K, V, S>>,
    choice: Option<Mutex<Choice>>,
    sample: u64,
    queue: Option<Mutex<VecDeque<(K, u64)>>>,
    ranks: Ranks<K, V, S>,
    turns: [Mutex<()>; TURNS],
    /// Tells apart what stood under one key one after the other.
    stamps: AtomicU64,
    switches: AtomicU64,
}

impl<K, V> Residents<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// An empty one.
    #[must_use]
    pub fn build(config: ResidentsConfig) -> Self {
        Self::build_with_hasher(config, DefaultHashBuilder::default())
    }
}

impl<K, V, S> Residents<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    /// An empty one whose keys are hashed by `hasher`: a seeded one where the same reads are to be the
    /// same story again.
    #[must_use]
    pub fn build_with_hasher(config: ResidentsConfig, hasher: S) -> Self {
        let ledger = Arc::new(Ledger {
            held: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            model: (config.foretelling > 0)
                .then(|| Mutex::new(Foretelling::new(config.foretelling))),
        });
        let choice = (config.eviction == Eviction::Chosen).then(|| Choice::new(config.bound));
        let chosen = choice.as_ref().map(Choice::policy);
        let policy = chosen.unwrap_or(match config.eviction {
            Eviction::TinyLfu => Policy::TinyLfu,
            Eviction::Chosen | Eviction::Lru | Eviction::Fifo => Policy::Lru,
        });
        // The queue says who leaves, so that moka has nothing to say.
        let bound = (config.eviction != Eviction::Fifo).then_some(config.bound);
        Self {
            houses: RwLock::new(Houses {
                policy,
                now: house(bound, config.is_counted, policy, &hasher, &ledger),
                before: None,
            }),
            config,
            hasher,
            ledger,
            sample: choice.as_ref().map_or(u64::MAX, Choice::mask),
            choice: choice.map(Mutex::new),
            queue: (config.eviction == Eviction::Fifo).then(Mutex::default),
            ranks: Ranks::new(),
            turns: [const { Mutex::new(()) }; TURNS],
            stamps: AtomicU64::new(1),
            switches: AtomicU64::new(0),
        }
    }

    /// The value of a key, which counts as read.
    pub fn get(&self, key: &K) -> Option<V> {
        let seat = self.seat(key)?;
        self.used(&seat);
        if self.choice.is_some() {
            self.chosen_by(key, seat.weight);
        }
        Some(seat.value.clone())
    }

    /// Whether there is something under this key. It does not count as read.
    pub fn contains(&self, key: &K) -> bool {
        let houses = self.houses();
        houses.now.contains_key(key)
            || houses
                .before
                .as_ref()
                .is_some_and(|before| before.cache.contains_key(key))
            || self.ranks.has(key)
    }

    /// What `look` sees of the value of a key. It does not tell the choice of it.
    pub fn peek<T>(&self, key: &K, look: impl FnOnce(&V) -> T) -> Option<T> {
        self.any_seat(key).map(|seat| look(&seat.value))
    }

    /// Puts a value. What stood there leaves; what is heavier than the bound is not kept.
    pub fn put(&self, key: K, value: V, weight: u64) {
        if self.choice.is_some() {
            self.chosen_by(&key, weight);
        }
        self.insert(key, value, weight, None, Priority::Normal);
    }

    /// The same, of what is more or less worth than the rest.
    ///
    /// ```
    /// use ovenjs_cache::tiers::{Eviction, Priority, Residents, ResidentsConfig};
    ///
    /// let residents = Residents::build(ResidentsConfig::counted(8).eviction(Eviction::Lru));
    /// residents.put_as("prefix", 0, 1, Priority::High);
    /// residents.put_as("page", 1, 1, Priority::Low);
    /// for other in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
    ///     residents.put(other, 2, 1);
    /// }
    /// residents.settle();
    /// assert_eq!((residents.get(&"prefix"), residents.get(&"page")), (Some(0), None));
    /// assert!(residents.weight() <= 8);
    /// ```
    pub fn put_as(&self, key: K, value: V, weight: u64, priority: Priority) {
        if self.choice.is_some() {
            self.chosen_by(&key, weight);
        }
        self.insert(key, value, weight, None, priority);
    }

    /// Puts what was fetched because it was [`foretold`](Self::foretold): whether it is read before it
    /// leaves is told to the model.
    pub fn put_foretold(&self, key: K, value: V, weight: u64, source: Source) {
        self.insert(key, value, weight, Some(source), Priority::Normal);
    }

    /// Takes a key's value out.
    pub fn remove(&self, key: &K) {
        let houses = self.houses();
        houses.now.invalidate(key);
        if let Some(before) = &houses.before {
            before.cache.invalidate(key);
        }
        self.ranks.remove(key);
    }

    /// Takes a key's value out if it is such a one. No [`change`](Self::change) of the key runs meanwhile.
    pub fn remove_if(&self, key: &K, is_meant: impl FnOnce(&V) -> bool) {
        let _turn = self.turn(key);
        if self.peek(key, is_meant) == Some(true) {
            self.remove(key);
        }
    }

    /// Changes a value in its place: `change` is given what is there, and says what is to be there with its
    /// weight, or nothing to leave all as it is. Whether it changed. No other `change` of the same key runs
    /// meanwhile. Where nothing was there and no `source` foretold it, it counts as read in vain.
    pub fn change(
        &self,
        key: &K,
        source: Option<Source>,
        change: impl FnOnce(Option<&V>) -> Option<(V, u64)>,
    ) -> bool {
        self.change_as(key, source, None, change)
    }

    /// The same with a priority. Without one it is what it was.
    pub(crate) fn change_as(
        &self,
        key: &K,
        source: Option<Source>,
        priority: Option<Priority>,
        change: impl FnOnce(Option<&V>) -> Option<(V, u64)>,
    ) -> bool {
        let turn = self.turn(key);
        let seat = self.any_seat(key);
        let Some((value, weight)) = change(seat.as_ref().map(|seat| &seat.value)) else {
            return false;
        };
        let former = seat.as_ref().map(|seat| seat.priority);
        let priority = priority.or(former).unwrap_or_default();
        self.insert(key.clone(), value, weight, source, priority);
        drop(turn);
        if seat.is_none() && source.is_none() && self.choice.is_some() {
            self.chosen_by(key, weight);
        }
        true
    }

    /// Takes out what `is_over` holds for; how many. It looks at everything, and stops nobody meanwhile.
    pub fn sweep(&self, is_over: impl Fn(&K, &V) -> bool) -> usize {
        let over: Vec<Arc<K>> = {
            let houses = self.houses();
            let caches = [
                Some(&houses.now),
                houses.before.as_ref().map(|before| &before.cache),
                self.ranks.high().map(High::cache),
            ];
            let seats = caches.into_iter().flatten().flat_map(Cache::iter);
            seats
                .filter(|(key, seat)| is_over(key, &seat.value))
                .map(|(key, _)| key)
                .collect()
        };
        for key in &over {
            self.remove(key);
        }
        over.len()
    }

    /// Learns that this key was read, there or not, and adds to `foretold` what is worth fetching now. Where
    /// someone else is being told at the same moment nothing is learned: no read waits for the model.
    pub fn foretold(&self, key: &K, foretold: &mut Vec<Foretold<K>>) {
        let Some(model) = &self.ledger.model else {
            return;
        };
        let first = foretold.len();
        let hash = self.hasher.hash_one(key);
        if let Ok(mut model) = model.try_lock() {
            model.read(key, hash, foretold);
        }
        self.retain_what_pays(first, foretold);
    }

    /// What is worth fetching where these keys are, though nobody reads them just now; at most so much, and each once.
    pub(crate) fn follow(&self, keys: &[K], most: usize) -> Vec<Foretold<K>> {
        let mut followers = Vec::new();
        let Some(model) = &self.ledger.model else {
            return followers;
        };
        let mut known = HashSet::new();
        let mut next = Vec::new();
        for key in keys {
            lock(model).follow(key, self.hasher.hash_one(key), &mut next);
            for one in next.drain(..) {
                if followers.len() == most {
                    return followers;
                }
                if !self.contains(&one.key) && known.insert(one.key.clone()) && lock(model).pays() {
                    followers.push(one);
                }
            }
        }
        followers
    }

    fn retain_what_pays(&self, first: usize, foretold: &mut Vec<Foretold<K>>) {
        let Some(model) = &self.ledger.model else {
            return;
        };
        let mut place = 0;
        foretold.retain(|one| {
            place += 1;
            place <= first || (!self.contains(&one.key) && lock(model).pays())
        });
    }

    /// What was fetched as foretold and is not there after all: it was in vain.
    pub fn was_in_vain(&self, source: Source) {
        self.ledger.settle(source, false);
    }

    /// Works off what moka has put off: afterwards the weight is within the bound, unless somebody puts meanwhile.
    pub fn settle(&self) {
        let houses = self.houses();
        let mut before = u64::MAX;
        // moka takes out some hundreds at a time.
        loop {
            houses.now.run_pending_tasks();
            if let Some(high) = self.ranks.high() {
                high.cache().run_pending_tasks();
            }
            let held = self.weight();
            if held <= self.config.bound || held >= before {
                break;
            }
            before = held;
        }
    }

    /// What all that is there weighs, counted as it comes and goes.
    pub fn weight(&self) -> u64 {
        self.ledger.held.load(Ordering::Relaxed) + self.ranks.stats().weight
    }

    /// What is there, and what became of the rest.
    pub fn stats(&self) -> ResidentsStats {
        let model = self.ledger.model.as_ref();
        let high = self.ranks.stats();
        ResidentsStats {
            entries: self.ledger.entries.load(Ordering::Relaxed) + high.entries,
            weight: self.ledger.held.load(Ordering::Relaxed) + high.weight,
            set_apart: high.weight,
            bound: self.config.bound,
            evicted: self.ledger.evicted.load(Ordering::Relaxed) + high.evicted,
            policy: self.houses().policy,
            switches: self.switches.load(Ordering::Relaxed),
            foretelling: model.map(|model| lock(model).stats()),
        }
    }

    fn insert(&self, key: K, value: V, weight: u64, source: Option<Source>, priority: Priority) {
        let weight = if self.config.is_counted { 1 } else { weight };
        if priority == Priority::High {
            self.set_apart();
        }
        if let Some(high) = self.ranks.high_for(priority, weight, self.config.bound) {
            let seat = self.seat_of(value, weight, source, priority);
            return self.insert_high(high, key, seat);
        }
        if weight > self.bound() {
            // It would push out everything and then itself.
            self.remove(&key);
            if let Some(source) = source {
                self.ledger.settle(source, false);
            }
            return;
        }
        let seat = self.seat_of(value, weight, source, priority);
        self.ledger.entries.fetch_add(1, Ordering::Relaxed);
        let held = self.ledger.held.fetch_add(weight, Ordering::Relaxed) + weight;
        let houses = self.houses();
        if let Some(queue) = &self.queue {
            self.queue_up(&houses, queue, key.clone(), seat.stamp);
        } else if priority == Priority::Low {
            self.ranks.push_low(key.clone(), seat.stamp);
        }
        // First into the new one: a reader who comes in between finds the new value there.
        houses.now.insert(key.clone(), seat);
        if let Some(before) = &houses.before {
            before.cache.invalidate(&key);
        }
        self.ranks.remove(&key);
        if held > self.bound() {
            let is_emptied = self.make_room(&houses);
            drop(houses);
            if is_emptied {
                self.houses_mut().before = None;
            }
        }
    }

    /// Into the house of those that are worth more than the rest.
    fn insert_high(&self, high: &High<K, V, S>, key: K, seat: Arc<Seat<V>>) {
        high.put(key.clone(), seat);
        // It is looked at first, so that nobody finds the former value any more.
        let houses = self.houses();
        houses.now.invalidate(&key);
        if let Some(before) = &houses.before {
            before.cache.invalidate(&key);
        }
    }

    fn seat_of(
        &self,
        value: V,
        weight: u64,
        source: Option<Source>,
        priority: Priority,
    ) -> Arc<Seat<V>> {
        Arc::new(Seat {
            value,
            weight,
            priority,
            stamp: self.stamps.fetch_add(1, Ordering::Relaxed),
            source: AtomicU64::new(source.map_or(0, Source::to_bits)),
        })
    }

    /// What those weigh at most that are not set apart.
    fn bound(&self) -> u64 {
        self.ranks.rest(self.config.bound)
    }

    /// Makes the house of those that are worth more than the rest, whose room is smaller from then on.
    fn set_apart(&self) {
        let is_new = self.ranks.open(&self.config, &self.hasher);
        if is_new && self.queue.is_none() {
            let policy = self.houses().policy;
            self.rebuild(policy);
        }
    }

    /// Out of the queue, then out of the former instance, goes what is too much; the rest is up to moka, which
    /// is told so once a thirty-second part of the bound is exceeded: each time costs some microseconds.
    /// Whether the former instance is emptied by it.
    fn make_room(&self, houses: &Houses<K, V, S>) -> bool {
        let held = || self.ledger.held.load(Ordering::Relaxed);
        if let Some(queue) = &self.queue {
            self.leave_in_turn(houses, queue);
            return false;
        }
        let mut is_emptied = false;
        if let Some(before) = &houses.before {
            while held() > self.bound() && !is_emptied {
                match lock(&before.rest).pop() {
                    Some(key) => before.cache.invalidate(&*key),
                    None => is_emptied = true,
                }
            }
        }
        while held() > self.bound()
            && let Some((key, stamp)) = self.ranks.pop_low()
        {
            if houses.seat(&key).is_some_and(|seat| seat.stamp == stamp) {
                houses.now.invalidate(&key);
                if let Some(before) = &houses.before {
                    before.cache.invalidate(&key);
                }
                self.ledger.evicted.fetch_add(1, Ordering::Relaxed);
            }
        }
        if held() > self.bound() + self.bound() / SLACK {
            houses.now.run_pending_tasks();
        }
        is_emptied
    }

    /// Joins the queue. What was replaced or removed leaves its place there behind; when most are such, they go.
    fn queue_up(
        &self,
        houses: &Houses<K, V, S>,
        queue: &Mutex<VecDeque<(K, u64)>>,
        key: K,
        stamp: u64,
    ) {
        let mut queue = lock(queue);
        let entries = usize::try_from(self.ledger.entries.load(Ordering::Relaxed));
        let most = entries.unwrap_or(usize::MAX).saturating_mul(2);
        if queue.len() > most.saturating_add(QUEUED_MIN) {
            queue.retain(|(key, stamp)| {
                let seat = houses.now.get(key);
                seat.is_some_and(|seat| seat.stamp == *stamp)
            });
        }
        queue.push_back((key, stamp));
    }

    /// The first leaves first. What was replaced or removed meanwhile has left its place in the queue behind.
    fn leave_in_turn(&self, houses: &Houses<K, V, S>, queue: &Mutex<VecDeque<(K, u64)>>) {
        let mut queue = lock(queue);
        while self.ledger.held.load(Ordering::Relaxed) > self.bound() {
            let Some((key, stamp)) = queue.pop_front() else {
                break;
            };
            if houses.now.get(&key).is_some_and(|seat| seat.stamp == stamp) {
                houses.now.invalidate(&key);
                self.ledger.evicted.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn any_seat(&self, key: &K) -> Option<Arc<Seat<V>>> {
        self.ranks.seat(key).or_else(|| self.houses().seat(key))
    }

    fn seat(&self, key: &K) -> Option<Arc<Seat<V>>> {
        if let Some(seat) = self.ranks.seat(key) {
            return Some(seat);
        }
        let houses = self.houses();
        if let Some(seat) = houses.now.get(key) {
            return Some(seat);
        }
        let seat = houses.before.as_ref()?.cache.get(key)?;
        drop(houses);
        self.move_over(key, &seat);
        Some(seat)
    }

    /// Out of the former instance into the present one, unless somebody else changed it meanwhile.
    fn move_over(&self, key: &K, seat: &Arc<Seat<V>>) {
        let _turn = self.turn(key);
        let houses = self.houses();
        let Some(before) = &houses.before else { return };
        let is_same = before
            .cache
            .get(key)
            .is_some_and(|held| held.stamp == seat.stamp);
        if is_same && !houses.now.contains_key(key) {
            let source = seat.source.swap(0, Ordering::Relaxed);
            let source = Source::from_bits(source);
            drop(houses);
            self.insert(
                key.clone(),
                seat.value.clone(),
                seat.weight,
                source,
                seat.priority,
            );
        }
    }

    fn used(&self, seat: &Seat<V>) {
        if seat.source.load(Ordering::Relaxed) != 0 {
            let source = seat.source.swap(0, Ordering::Relaxed);
            if let Some(source) = Source::from_bits(source) {
                self.ledger.settle(source, true);
            }
        }
    }

    /// Tells the choice of a key that was read, and changes the policy where it says so.
    fn chosen_by(&self, key: &K, weight: u64) {
        let Some(choice) = &self.choice else { return };
        let hash = self.hasher.hash_one(key);
        if !is_sampled(hash, self.sample) {
            return;
        }
        let weight = if self.config.is_counted { 1 } else { weight };
        let policy = lock(choice).touch(hash, weight);
        if self.houses().policy != policy {
            self.change_to(policy);
        }
    }

    fn change_to(&self, policy: Policy) {
        if self.houses().policy != policy {
            self.rebuild(policy);
            self.switches.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn rebuild(&self, policy: Policy) {
        let mut houses = self.houses_mut();
        // What is still in an instance before the former one has not been read since: it leaves.
        if let Some(before) = houses.before.take() {
            before.empty();
        }
        let bound = Some(self.bound());
        let now = house(
            bound,
            self.config.is_counted,
            policy,
            &self.hasher,
            &self.ledger,
        );
        let before = std::mem::replace(&mut houses.now, now);
        before.run_pending_tasks();
        let rest = before.iter().map(|(key, _)| key).collect();
        houses.before = Some(Before {
            cache: before,
            rest: Mutex::new(rest),
        });
        houses.policy = policy;
    }

    fn houses(&self) -> RwLockReadGuard<'_, Houses<K, V, S>> {
        self.houses.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn houses_mut(&self) -> RwLockWriteGuard<'_, Houses<K, V, S>> {
        self.houses.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever changes this key next waits until the guard is gone.
    fn turn(&self, key: &K) -> Option<MutexGuard<'_, ()>> {
        let turn = usize::try_from(self.hasher.hash_one(key) >> 48).unwrap_or_default() % TURNS;
        self.turns.get(turn).map(lock)
    }
}

impl<K, V, S> fmt::Debug for Residents<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Residents")
            .field("config", &self.config)
            .field("held", &self.ledger.held)
            .finish_non_exhaustive()
    }
}

/// How long the queue of those that leave in turn may be before it is looked who of them has left: 1,024 names.
const QUEUED_MIN: usize = 1_024;

/// The part of the bound by which it may be exceeded until moka is told to work off what it has put off.
const SLACK: u64 = 32;

/// Locks by which changes of one key take turns: enough that two keys seldom meet.
const TURNS: usize = 64;

#[cfg(test)]
mod tests;
