//! How a keyspace and the tiers are set up.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use ovenjs_net::{Clock, Entropy, SystemClock, SystemEntropy};
use ovenjs_types::{Id, marker::GuildMarker};

use super::{Codec, Eviction, Journal, LENT, Store, Warming};

/// How [`Tiered`](super::Tiered) is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TieredConfig {
    /// The second tier, shared by processes and fast: a Redis. Default: none.
    pub second: Option<Arc<dyn Store>>,
    /// The third tier, which outlives everything: a database. Default: none.
    pub third: Option<Arc<dyn Store>>,
    /// How long the second is waited for. Default: 50 ms; more where it is far away.
    pub second_deadline: Duration,
    /// How long the third is waited for. Default: 250 ms.
    pub third_deadline: Duration,
    /// Where it is written down what waits for the second tier. Default: nowhere, and it is lost with the process.
    pub second_journal: Option<Arc<Journal>>,
    /// Where it is written down what waits for the third tier. Default: nowhere.
    pub third_journal: Option<Arc<Journal>>,
    /// How many bytes all keyspaces together may take in memory: who makes one whose
    /// [share](KeyspaceConfig::memory) is not left any more is told so. Default: without bound, and each has its own.
    pub memory: Option<u64>,
    /// The fencing number of what this process writes without a version of its own: that of the lease by which
    /// it is in charge. At least 1, the default, with which the last writer wins.
    pub epoch: u64,
    /// The clock. Default: the machine's.
    pub clock: Arc<dyn Clock>,
    /// What lifetimes are spread by. Default: the system's.
    pub entropy: Arc<dyn Entropy>,
}

impl TieredConfig {
    /// Memory alone, until a store is set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            second: None,
            third: None,
            second_deadline: Duration::from_millis(50),
            third_deadline: Duration::from_millis(250),
            second_journal: None,
            third_journal: None,
            memory: None,
            epoch: 1,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// Sets the second tier.
    #[must_use]
    pub fn second(mut self, store: Arc<dyn Store>) -> Self {
        self.second = Some(store);
        self
    }

    /// Sets the third tier.
    #[must_use]
    pub fn third(mut self, store: Arc<dyn Store>) -> Self {
        self.third = Some(store);
        self
    }

    /// Sets how long the second tier is waited for.
    #[must_use]
    pub const fn second_deadline(mut self, deadline: Duration) -> Self {
        self.second_deadline = deadline;
        self
    }

    /// Sets how long the third tier is waited for.
    #[must_use]
    pub const fn third_deadline(mut self, deadline: Duration) -> Self {
        self.third_deadline = deadline;
        self
    }

    /// Sets where it is written down what waits for the second tier, another file than the third's.
    #[must_use]
    pub fn second_journal(mut self, journal: Journal) -> Self {
        self.second_journal = Some(Arc::new(journal));
        self
    }

    /// Sets where it is written down what waits for the third tier.
    #[must_use]
    pub fn third_journal(mut self, journal: Journal) -> Self {
        self.third_journal = Some(Arc::new(journal));
        self
    }

    /// Sets how many bytes all keyspaces together may take in memory.
    ///
    /// ```
    /// use ovenjs_cache::tiers::{KeyspaceConfig, TierErrorKind, Tiered, TieredConfig};
    ///
    /// let tiers = Tiered::build(TieredConfig::new().memory(20 << 20));
    /// let settings = tiers.keyspace::<u64, String>(KeyspaceConfig::new("settings", 1))?;
    /// let pages = KeyspaceConfig::new("pages", 1);
    /// let refused = tiers.keyspace::<u64, String>(pages.clone()).unwrap_err();
    /// assert_eq!(refused.kind(), TierErrorKind::Memory);
    /// let pages = tiers.keyspace::<u64, String>(pages.memory(4 << 20))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Sets the fencing number of this process's writes.
    #[must_use]
    pub const fn epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets what lifetimes are spread by.
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }
}

impl Default for TieredConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// How a keyspace is set up: what its values are called, how long they live, where they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyspaceConfig {
    /// Its name, of `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// The version of its values' form: another one finds nothing of the former.
    pub schema: u32,
    /// For how long a value is fresh. After that it is given out while it is loaded anew. Default: a minute.
    pub fresh: Duration,
    /// For how long a value is there at all, and for how long it is remembered that one was deleted. Default: an hour. Both stray by a tenth.
    pub kept: Duration,
    /// For how long it is remembered that a loader found nothing. Default: 2 s.
    pub absent: Duration,
    /// How long a loader may take, at most [`GONE_KEPT`](super::GONE_KEPT). Default: 5 s.
    pub load_deadline: Duration,
    /// How many bytes its values may take in memory, as the codec writes them and four hundred more for each.
    /// Default: 16 MB.
    pub memory: u64,
    /// Who leaves memory where there is no room. Default: chosen while it runs.
    pub eviction: Eviction,
    /// Of how many keys to remember what is read after them, to fetch it from the stores before it is asked
    /// for; never from a loader. Default: 0, none.
    pub foretelling: usize,
    /// How values are brought up before they are asked for, and let go where nobody asks. Default: not at all, and then
    /// no read is counted.
    pub warming: Option<Warming>,
    /// How it is written to the second tier. Default: [`Writes::Through`].
    pub second: Writes,
    /// How it is written to the third tier. Default: [`Writes::Behind`].
    pub third: Writes,
    /// For how long what the second tier has is believed before the third is asked, where there is one that is
    /// written to. When the second has forgotten what it knew, or [warming](Self::warming) has let go of it, so long it may
    /// give out what is older than what was acknowledged, where that waited to be written to it; and a key that is read all the time costs the third tier a question in that time, and the second
    /// a write. Default: [`LENT`](super::LENT), a minute.
    pub lent: Duration,
    /// Whether of all processes one alone loads a key, by a claim in the second tier: for loaders that are
    /// dear. Default: no.
    pub is_loaded_once: bool,
    /// Whether what others made of its values becomes stale with them; see
    /// [`Extra::depends_on`](super::Extra::depends_on). A write costs one more question then. Default: no.
    pub has_dependents: bool,
}

/// When something is written to a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Writes {
    /// Before the writer goes on; later, where the tier is away.
    Through,
    /// Some milliseconds later, in batches, the newest of each key alone. What has not been written when the
    /// process is killed is lost, unless there is a [journal](super::Journal).
    Behind,
    /// Never.
    Not,
}

impl KeyspaceConfig {
    /// The defaults named at each field, under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, schema: u32) -> Self {
        Self {
            name: name.into(),
            schema,
            fresh: Duration::from_secs(60),
            kept: Duration::from_secs(3_600),
            absent: Duration::from_secs(2),
            load_deadline: Duration::from_secs(5),
            memory: 16 << 20,
            eviction: Eviction::Chosen,
            foretelling: 0,
            warming: None,
            second: Writes::Through,
            third: Writes::Behind,
            lent: LENT,
            is_loaded_once: false,
            has_dependents: false,
        }
    }

    /// Sets for how long a value is fresh, and for how long it is there at all.
    #[must_use]
    pub const fn lifetimes(mut self, fresh: Duration, kept: Duration) -> Self {
        self.fresh = fresh;
        self.kept = kept;
        self
    }

    /// Sets for how long it is remembered that there is nothing.
    #[must_use]
    pub const fn absent(mut self, absent: Duration) -> Self {
        self.absent = absent;
        self
    }

    /// Sets how long a loader may take.
    #[must_use]
    pub const fn load_deadline(mut self, deadline: Duration) -> Self {
        self.load_deadline = deadline;
        self
    }

    /// Sets how many bytes its values may take in memory.
    #[must_use]
    pub const fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets who leaves memory where there is no room.
    #[must_use]
    pub const fn eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// Sets of how many keys to remember what is read after them.
    #[must_use]
    pub const fn foretelling(mut self, sources: usize) -> Self {
        self.foretelling = sources;
        self
    }

    /// Sets that values are brought up before they are asked for, as far as that pays, by [`Tiered::serve`]: into memory
    /// what was read most before a restart, what is read often and has left, and what is read at this hour on other days;
    /// into the second tier what the third is asked for again and again, and no longer what it is asked for once. And
    /// that what nobody reads leaves the second tier before it is over, where the third has it.
    ///
    /// Nothing is ever loaded for it. Whether it pays is in [`KeyspaceStats::warming`](super::KeyspaceStats::warming).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ovenjs_cache::tiers::{KeyspaceConfig, Memory, Tiered, TieredConfig, Warming};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let tiers = Tiered::build(TieredConfig::new().second(Arc::new(Memory::new(1_000))));
    /// let warmed = KeyspaceConfig::new("prefixes", 1).warming(Warming::new());
    /// let prefixes = tiers.keyspace::<u64, String>(warmed)?;
    /// prefixes.put(&1, "!".to_owned()).await?;
    /// prefixes.get(&1).await?;
    /// let stats = prefixes.stats().warming.unwrap();
    /// assert_eq!((stats.keys, stats.all().moved), (1, 0), "it is counted, and there is nothing to be moved");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Tiered::serve`]: super::Tiered::serve
    #[must_use]
    pub fn warming(mut self, warming: Warming) -> Self {
        self.warming = Some(warming);
        self
    }

    /// Sets how it is written to the second and the third tier.
    #[must_use]
    pub const fn writes(mut self, second: Writes, third: Writes) -> Self {
        self.second = second;
        self.third = third;
        self
    }

    /// Sets for how long what the second tier has is believed before the third is asked.
    #[must_use]
    pub const fn lent(mut self, lent: Duration) -> Self {
        self.lent = lent;
        self
    }

    /// Sets that of all processes one alone loads a key.
    #[must_use]
    pub const fn loaded_once(mut self) -> Self {
        self.is_loaded_once = true;
        self
    }

    /// Sets that what others made of its values becomes stale with them. A value that a store does not take now is an
    /// error for who puts it, though it is written [later](super::TierStats::behind): what is made of it until then is made
    /// of what was there before, so put it again.
    #[must_use]
    pub const fn with_dependents(mut self) -> Self {
        self.has_dependents = true;
        self
    }
}

/// What names a value within its keyspace.
pub trait Named: fmt::Debug + Send + Sync {
    /// The guild that it belongs to: those of a guild can be erased together. 0 where there is none.
    fn scope(&self) -> u64 {
        0
    }

    /// Its name within that; at most [`ID_BYTES_MAX`](super::ID_BYTES_MAX) bytes.
    fn id(&self) -> Bytes;
}

impl Named for u64 {
    fn id(&self) -> Bytes {
        Bytes::copy_from_slice(&self.to_be_bytes())
    }
}

impl Named for String {
    fn id(&self) -> Bytes {
        Bytes::copy_from_slice(self.as_bytes())
    }
}

impl Named for &'static str {
    fn id(&self) -> Bytes {
        Bytes::from_static(self.as_bytes())
    }
}

impl<T: Send + Sync> Named for Id<T> {
    fn id(&self) -> Bytes {
        self.get().id()
    }
}

/// Something of a guild: a member's, a channel's.
impl<N: Named> Named for (Id<GuildMarker>, N) {
    fn scope(&self) -> u64 {
        self.0.get()
    }

    fn id(&self) -> Bytes {
        self.1.id()
    }
}

/// How values become bytes, and what names them, fixed for a keyspace.
pub(crate) type SharedCodec<V> = Arc<dyn Codec<V>>;
