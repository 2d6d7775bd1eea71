//! Typed values in memory, before one store or two.
//!
//! # What is promised
//!
//! Of each key, in each process, as long as it is among the last some thirty thousand of its keyspace:
//!
//! - A read that begins after another one has ended is not given an older version, whichever tier answers.
//! - A read is given what this process has written before, or something newer.
//! - What was deleted does not come back: neither by a write or a load that was on its way, nor out of a tier
//!   that had not heard of it yet.
//! - What a loader brings is as new as its source. It takes the place of what was known when the load began, and
//!   of nothing that was written since; what the gateway told it never replaces. Where a key is put or
//!   forgotten too, clocks cannot tell which is newer of what is loaded here and what another process put or loaded in
//!   the second before, unheard of: that may be given out next, until it is no longer fresh.
//! - What another process writes is seen within milliseconds where the second tier keeps a [log](super::Log) and
//!   answers. Else it is seen when what is in memory is no longer fresh, by the read after the one that finds it so, or
//!   at once where it is not in memory; what stands under a tag, a second after the tag became invalid.
//!
//! Where a store has replicas, *at once* is as late as these may be (`PostgresConfig::lag`), unless it was heard of; the
//! other promises hold as they are.
//!
//! It is not linearizable: two processes may see two versions at the same moment. A second tier that forgets, because it
//! was started anew or needed the room, may give out what is older than what was acknowledged, to whom has not seen
//! that, for as long as [`KeyspaceConfig::lent`]: a minute by default, from when the third tier has it.
//!
//! When a store is away, the others go on, and writes wait within a bound; what still waits when the process
//! is killed is lost, unless there is a [journal](super::Journal). All that lasts happens in [`Tiered::serve`], which somebody has to await.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::UNIX_EPOCH,
};

use futures_util::{
    StreamExt as _,
    future::{join, join5},
    stream::poll_fn,
};
use hashbrown::HashMap;
use ovenjs_net::{Clock, Entropy};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::mpsc;

use super::{
    Codec, Compact, Keyspace, KeyspaceConfig, Named, SEQUENCES_A_MS, Tag, TierError, TierStats,
    TieredConfig, Version, lock,
    log::{Ear, LogStats},
    moves::AllMoves,
    tier::Tier,
};

/// Memory, and the stores behind it. Cloning is cheap and shares all of it.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_cache::tiers::{KeyspaceConfig, Memory, Tiered, TieredConfig};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let tiers = Tiered::build(TieredConfig::new().second(Arc::new(Memory::new(1_000))));
/// let prefixes = tiers.keyspace::<u64, String>(KeyspaceConfig::new("prefixes", 1))?;
///
/// // Loaded once, whoever asks meanwhile, and then found.
/// let load = || async { Ok::<_, std::io::Error>(Some("!".to_owned())) };
/// assert_eq!(*prefixes.get_or_load(&1, load).await?.unwrap(), "!");
/// prefixes.put(&1, "?".to_owned()).await?;
/// assert_eq!(*prefixes.get(&1).await?.unwrap(), "?");
///
/// // Another process finds it in the store; here a second one of the same.
/// prefixes.remove(&1).await?;
/// assert_eq!(prefixes.get_or_load(&1, load).await?, None, "deleted is deleted for a minute");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tiered(pub(crate) Arc<Shared>);

/// What all keyspaces share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) second: Option<Tier>,
    pub(crate) third: Option<Tier>,
    /// Whose claims are this process's.
    pub(crate) holder: u64,
    epoch: u64,
    sequence: AtomicU64,
    generations: Mutex<HashMap<Tag, Generation>>,
    /// How often this process heard that a tag became invalid.
    invalidated: AtomicU64,
    /// Somebody who serves takes them. Where nobody does they would keep all of this alive, being of it.
    errands: Mutex<Option<mpsc::Sender<Errand>>>,
    is_served: tokio::sync::Mutex<()>,
    errands_refused: AtomicU64,
    pub(crate) ear: Ear,
    pub(crate) moves: AllMoves,
    /// How many bytes keyspaces may take in memory, all together, and how many are given to some.
    memory: Option<u64>,
    given: AtomicU64,
}

/// What of the memory is a keyspace's, as long as it is there.
#[derive(Debug)]
pub(crate) struct Room {
    shared: Arc<Shared>,
    bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shared.given.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Something to be done beside the one who found it necessary.
pub(crate) type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone, Copy, Debug)]
struct Generation {
    number: u64,
    asked_ms: u64,
    /// Up to where the log had been heard before it was asked for.
    stamp: u64,
}

impl Tiered {
    /// The tiers of this configuration. No store is asked anything yet.
    #[must_use]
    pub fn build(config: TieredConfig) -> Self {
        let now = config.clock.now();
        let tier = |store, deadline, journal| Tier::new(store, deadline).journalled(now, journal);
        Self(Arc::new(Shared {
            second: config
                .second
                .map(|store| tier(store, config.second_deadline, config.second_journal)),
            third: config
                .third
                .map(|store| tier(store, config.third_deadline, config.third_journal)),
            holder: config.entropy.u64(),
            ear: Ear::new(now),
            clock: config.clock,
            entropy: config.entropy,
            epoch: config.epoch.max(1),
            sequence: AtomicU64::new(0),
            generations: Mutex::default(),
            invalidated: AtomicU64::new(0),
            errands: Mutex::default(),
            is_served: tokio::sync::Mutex::default(),
            errands_refused: AtomicU64::new(0),
            moves: AllMoves::default(),
            memory: config.memory,
            given: AtomicU64::new(0),
        }))
    }

    /// A keyspace whose values have the compact form, [`Compact`]. Keep it: each call makes one with a memory
    /// of its own.
    ///
    /// # Errors
    ///
    /// A name that is none, and memory that [all keyspaces together](TieredConfig::memory) have no more.
    pub fn keyspace<K, V>(&self, config: KeyspaceConfig) -> Result<Keyspace<K, V>, TierError>
    where
        K: Named,
        V: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.keyspace_with(config, Compact)
    }

    /// A keyspace whose values have the form of this codec.
    ///
    /// # Errors
    ///
    /// A name that is none, and memory that [all keyspaces together](TieredConfig::memory) have no more.
    pub fn keyspace_with<K, V>(
        &self,
        config: KeyspaceConfig,
        codec: impl Codec<V> + 'static,
    ) -> Result<Keyspace<K, V>, TierError>
    where
        K: Named,
        V: Send + Sync + 'static,
    {
        Keyspace::build(Arc::clone(&self.0), config, Arc::new(codec))
    }

    /// Does what is done beside readers and writers, for ever: loads anew what is no longer fresh, fetches what
    /// was foretold, moves what is [warmed](KeyspaceConfig::warming), writes what may wait, has the stores give back the
    /// room of what is over. Await it in a task of your own; without it nothing of that happens.
    pub async fn serve(&self) -> Infallible {
        let shared = &*self.0;
        let writes = join(
            shared.write_behind(shared.second.as_ref()),
            shared.write_behind(shared.third.as_ref()),
        );
        join5(
            shared.follow_log(),
            shared.run_errands(),
            shared.run_moves(),
            writes,
            shared.sweep_stores(),
        )
        .await;
        // None of them ends.
        std::future::pending().await
    }

    /// Writes all that waits, before the process ends. One store that is away keeps nothing from the other.
    ///
    /// # Errors
    ///
    /// What the store said that did not take them: they wait on, as [`stats`](Self::stats) tells.
    pub async fn flush(&self) -> Result<(), TierError> {
        let shared = &*self.0;
        shared.save_moves().await;
        let all = async |tier: Option<&Tier>| match tier {
            Some(tier) => shared.write_all(tier).await,
            None => Ok(()),
        };
        let (second, third) = join(all(shared.second.as_ref()), all(shared.third.as_ref())).await;
        Ok(second.and(third)?)
    }

    /// Gives the [journals](super::Journal) to the next process, which can open them from now on. What waits stays
    /// written down there. Of this process nothing more is: what is to be written behind is written at once, and who
    /// writes is told where that fails.
    pub fn hand_over(&self) {
        for tier in self.0.stores() {
            tier.close_journal();
        }
    }

    /// Makes everything stale that stands under this tag, in all processes that share a store: at once in this
    /// one, within milliseconds in the others where they follow its log, else within a second.
    ///
    /// Where the store is [in parts](super::Parts), others may hear of it before or after what was written to another part at
    /// the same time; what a value of a keyspace [with dependents](super::KeyspaceConfig::with_dependents) is to others is
    /// told after the value.
    ///
    /// # Errors
    ///
    /// The store that counts tags did not answer: nothing is stale then. Ask again.
    pub async fn invalidate(&self, tag: &Tag) -> Result<(), TierError> {
        self.0.invalidate(tag).await
    }

    /// How the stores fare.
    #[must_use]
    pub fn stats(&self) -> TieredStats {
        let now = self.0.clock.now();
        TieredStats {
            second: self.0.second.as_ref().map(|tier| tier.stats(now)),
            third: self.0.third.as_ref().map(|tier| tier.stats(now)),
            errands_refused: self.0.errands_refused.load(Ordering::Relaxed),
            log: self.0.log().map(|_| self.0.ear.stats(now)),
        }
    }
}

impl Shared {
    /// Milliseconds since 1970, by the wall.
    pub(crate) fn now_ms(&self) -> u64 {
        let since = self.clock.wall().duration_since(UNIX_EPOCH);
        u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
    }

    /// Both, the faster one first.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &Tier> {
        self.second.iter().chain(&self.third)
    }

    /// The version of a write of this process's: later than all that it has written and, of this key, seen.
    pub(crate) fn next_version(&self, seen: Option<Version>) -> Version {
        let seen = seen.filter(|seen| seen.source == 0 && seen.epoch == self.epoch);
        let least = seen.map_or(0, |seen| seen.sequence.saturating_add(1));
        // Two processes that write in one millisecond write two versions.
        let own = self.holder >> (u64::BITS - SEQUENCES_A_MS + 1);
        let least = least.max((self.now_ms() << SEQUENCES_A_MS) + own);
        let next = |last: u64| Some(least.max(last.saturating_add(1)));
        let last = self
            .sequence
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let last = last.unwrap_or_else(|last| last);
        Version {
            source: 0,
            epoch: seen.map_or(self.epoch, |seen| seen.epoch),
            sequence: least.max(last.saturating_add(1)),
        }
    }

    /// Gives a keyspace so much memory.
    pub(crate) fn room(self: &Arc<Self>, bytes: u64) -> Result<Room, TierError> {
        let most = self.memory.unwrap_or(u64::MAX);
        let more = |given: u64| given.checked_add(bytes).filter(|given| *given <= most);
        let (order, read) = (Ordering::Relaxed, Ordering::Relaxed);
        match self.given.fetch_update(order, read, more) {
            Ok(_) => Ok(Room {
                shared: Arc::clone(self),
                bytes,
            }),
            Err(given) => Err(TierError::memory(bytes, most.saturating_sub(given), most)),
        }
    }

    /// Sends somebody off; whether there was room, and anybody serves.
    pub(crate) fn send(&self, errand: Errand) -> bool {
        // Apart, since what is refused is dropped here, and may send somebody itself.
        let errands = lock(&self.errands).clone();
        let is_sent = errands.is_some_and(|errands| errands.try_send(errand).is_ok());
        if !is_sent {
            self.errands_refused.fetch_add(1, Ordering::Relaxed);
        }
        is_sent
    }

    /// The generations of tags as they are now, as far as that is known; from memory, where they were asked for
    /// within a second.
    pub(crate) async fn generations(&self, tags: &[Tag]) -> Vec<Option<u64>> {
        let now_ms = self.now_ms();
        let stamp = self.ear.stamp();
        let is_told = self.ear.is_current(self.clock.now());
        let mut unknown = Vec::new();
        {
            let mut known = lock(&self.generations);
            for tag in tags {
                let is_known = known.get(tag).is_some_and(|known| {
                    now_ms < known.asked_ms.saturating_add(GENERATION_MS)
                        || is_told
                            && self.ear.is_whole(known.stamp)
                            && !self.ear.was_told_since(tag, known.stamp)
                });
                if is_known {
                    continue;
                }
                if self.stores().next().is_none() {
                    // Nobody else can give it another one.
                    let number = known.get(tag).map_or(now_ms, |known| known.number);
                    note(&mut known, tag, number, now_ms, stamp);
                } else {
                    unknown.push(tag.clone());
                }
            }
        }
        if let Some(store) = self.stores().next().filter(|_| !unknown.is_empty()) {
            let ask = store.ask(&*self.clock, |store| store.generations(now_ms, &unknown));
            if let Ok(numbers) = ask.await {
                let mut known = lock(&self.generations);
                for (tag, number) in unknown.iter().zip(numbers) {
                    if note(&mut known, tag, number, now_ms, stamp) {
                        self.invalidated.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
        }
        let known = lock(&self.generations);
        let number = |tag| known.get(tag).map(|known: &Generation| known.number);
        tags.iter().map(number).collect()
    }

    /// Whether all of these are as they were. What cannot be known is taken to be.
    pub(crate) async fn are_current(&self, tags: &[(Tag, u64)]) -> bool {
        if tags.is_empty() {
            return true;
        }
        let names: Vec<Tag> = tags.iter().map(|(tag, _)| tag.clone()).collect();
        let now = self.generations(&names).await;
        let mut pairs = tags.iter().zip(now);
        pairs.all(|((_, then), now)| now.is_none_or(|now| now == *then))
    }

    pub(crate) async fn invalidate(&self, tag: &Tag) -> Result<(), TierError> {
        let (now_ms, stamp) = (self.now_ms(), self.ear.stamp());
        let tags = [tag.clone()];
        let number = match self.stores().next() {
            Some(store) => {
                let bumped = store
                    .ask(&*self.clock, |store| store.bump(now_ms, &tags))
                    .await?;
                bumped.first().copied().unwrap_or(now_ms)
            }
            None => {
                let known = lock(&self.generations);
                let last = known.get(tag).map_or(0, |known| known.number);
                now_ms.max(last.saturating_add(1))
            }
        };
        note(&mut lock(&self.generations), tag, number, now_ms, stamp);
        self.invalidated.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Somebody has given this tag this generation.
    pub(crate) fn bumped(&self, tag: &Tag, number: u64) {
        let stamp = self.ear.note(tag);
        if let Some(known) = lock(&self.generations).get_mut(tag) {
            known.number = known.number.max(number);
            known.stamp = known.stamp.max(stamp);
        }
        self.invalidated.fetch_add(1, Ordering::SeqCst);
    }

    /// How often it was heard that a tag became invalid: what was found after this heeds all of that.
    pub(crate) fn invalidated(&self) -> u64 {
        self.invalidated.load(Ordering::SeqCst)
    }

    async fn run_errands(&self) {
        // One at a time, and where one was dropped the next goes on.
        let _turn = self.is_served.lock().await;
        let (errands, mut sent) = mpsc::channel(ERRANDS_MAX);
        *lock(&self.errands) = Some(errands);
        // Dropped before what was sent: nobody sends anything there that would never be done.
        let _closed = Closes(&self.errands);
        poll_fn(|context| sent.poll_recv(context))
            .for_each_concurrent(ERRANDS_AT_ONCE, |errand| errand)
            .await;
    }
}

/// Takes the errands' sender back when nobody serves any more.
struct Closes<'a>(&'a Mutex<Option<mpsc::Sender<Errand>>>);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        lock(self.0).take();
    }
}

/// Remembers a generation, but an earlier one than what is known: two answers may have overtaken each other. Whether
/// another one was known.
fn note(
    known: &mut HashMap<Tag, Generation>,
    tag: &Tag,
    number: u64,
    asked_ms: u64,
    stamp: u64,
) -> bool {
    if let Some(known) = known.get_mut(tag) {
        let is_later = number > known.number;
        known.number = known.number.max(number);
        known.asked_ms = known.asked_ms.max(asked_ms);
        known.stamp = known.stamp.max(stamp);
        return is_later;
    }
    if known.len() >= TAGS_KNOWN_MAX {
        // They are asked for again.
        known.clear();
    }
    let generation = Generation {
        number,
        asked_ms,
        stamp,
    };
    known.insert(tag.clone(), generation);
    false
}

/// How the tiers fare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TieredStats {
    /// The second tier, where there is one.
    pub second: Option<TierStats>,
    /// The third tier, where there is one.
    pub third: Option<TierStats>,
    /// What was to be done beside and was not, since too much waited or nobody [serves](Tiered::serve).
    pub errands_refused: u64,
    /// What was heard of others' writes, where the second tier (or else the third) keeps a log of them.
    pub log: Option<LogStats>,
}

/// For so long a generation is taken to be what it was.
const GENERATION_MS: u64 = 1_000;

/// How many tags' generations are remembered. At some hundred bytes each, 6 MB.
const TAGS_KNOWN_MAX: usize = 65_536;

/// How many errands wait. Each holds a key and what its loader holds.
const ERRANDS_MAX: usize = 1_024;

/// How many errands are under way at once: a tenth of what a database usually takes in connections would be
/// fewer, but most of these wait for loaders.
const ERRANDS_AT_ONCE: usize = 64;
