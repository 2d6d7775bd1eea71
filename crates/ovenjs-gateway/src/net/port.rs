//! What a fleet asks of others: whose turn it is to identify, and to remember its sessions.
//!
//! Both are ports: here is what they promise, and the adapters for one process. Where several
//! processes share a bot, they share an adapter over a store of theirs.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use ovenjs_ratelimit::{Hold, IdentifyBudget};
use ovenjs_types::{SessionStartLimit, ShardId};

use crate::FleetState;

/// A future of a port's, boxed, since ports are chosen while the program runs.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a port could not do what it was asked for.
pub type PortError = Box<dyn std::error::Error + Send + Sync>;

/// Whose turn it is to identify.
///
/// Discord lets one shard for each remainder of `shard number % max_concurrency` identify within
/// five seconds, and a number of them a day, over all processes of a bot. A shard asks before it opens
/// the connection on which it will identify; until it has its turn there is no connection.
///
/// What an adapter promises:
///
/// - In each lane (`shard.number % max_concurrency`) at most one turn is out at a time, and the next
///   is given five seconds after the one before was [spent](IdentifyTurn::spend), or at once where it
///   was given back: connecting takes its time, and Discord counts from identify to identify.
/// - Shards get their turns in the order of their numbers as far as they wait: Discord wants its
///   buckets of `max_concurrency` shards started in order.
/// - A wait that is dropped gives the place up and costs the others no time; a turn that is dropped
///   is given back. Neither blocks. What has to be told to a server is told by a task of the adapter's.
/// - A turn of a process that died comes back by itself.
/// - Where the store behind it cannot be reached it goes on waiting: no turn is given by guess.
pub trait IdentifyPort: fmt::Debug + Send + Sync {
    /// Waits for the turn.
    fn turn(&self, ask: IdentifyAsk) -> Waiting<'_, IdentifyTurn>;

    /// Takes in what Discord said of session starts: the answer of `GET /gateway/bot`, as of now.
    /// A fleet says it once when it starts. It must not block.
    fn learn(&self, limit: SessionStartLimit);

    /// The session of a shard has held: see [`Notice::Held`](crate::Notice::Held). Adapters that
    /// break crash loops go by it. It must not block.
    fn held(&self, shard: ShardId) {
        let _ = shard;
    }

    /// Takes in what was [remembered](Self::budget) by another process. Adapters over a store of
    /// their own need not. It must not block.
    fn remember(&self, budget: &IdentifyBudget) {
        let _ = budget;
    }

    /// What is to be remembered of session starts beside the sessions, where it is not the adapter
    /// that remembers it.
    fn budget(&self) -> Option<IdentifyBudget> {
        None
    }

    /// What is left of the session starts, as of now and as far as it is known.
    fn left(&self) -> Option<SessionStartLimit>;
}

/// A shard that wants to identify.
#[derive(Clone)]
#[non_exhaustive]
pub struct IdentifyAsk {
    /// The shard.
    pub shard: ShardId,
    on_held: Option<Arc<dyn Fn(Hold, Duration) + Send + Sync>>,
}

impl IdentifyAsk {
    /// This shard wants to identify.
    #[must_use]
    pub const fn new(shard: ShardId) -> Self {
        Self {
            shard,
            on_held: None,
        }
    }

    /// Calls this where the turn does not come for a while. It must not block.
    #[must_use]
    pub fn on_held(mut self, tell: impl Fn(Hold, Duration) + Send + Sync + 'static) -> Self {
        self.on_held = Some(Arc::new(tell));
        self
    }

    /// For adapters: the turn does not come for so long, as it looks now. To be said once for each
    /// reason, and not of a lane, which is nothing to speak of.
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    /// use ovenjs_gateway::IdentifyAsk;
    /// use ovenjs_ratelimit::Hold;
    /// use ovenjs_types::ShardId;
    ///
    /// let (told, hears) = mpsc::sync_channel(1);
    /// let ask = IdentifyAsk::new(ShardId::default())
    ///     .on_held(move |hold, _| told.send(hold).unwrap());
    /// ask.held(Hold::Breaker, Duration::from_secs(20));
    /// assert_eq!(hears.recv(), Ok(Hold::Breaker));
    /// ```
    pub fn held(&self, hold: Hold, wait: Duration) {
        if let Some(tell) = &self.on_held {
            tell(hold, wait);
        }
    }
}

impl fmt::Debug for IdentifyAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentifyAsk")
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}

/// The turn to identify. Dropping it gives it back.
#[must_use = "a turn that is dropped is given back"]
pub struct IdentifyTurn(Option<Settle>);

type Settle = Box<dyn FnOnce(Settled) + Send>;

/// What became of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    /// The shard identifies now.
    Spent,
    /// The shard did not identify: its connection failed before, or it was stopped.
    GivenBack,
}

impl IdentifyTurn {
    /// A turn whose adapter is told by `settle` what became of it: once, and it must not block.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use ovenjs_gateway::{IdentifyTurn, Settled};
    ///
    /// let (told, hears) = mpsc::sync_channel(2);
    /// let other = told.clone();
    /// IdentifyTurn::new(move |settled| told.send(settled).unwrap()).spend();
    /// drop(IdentifyTurn::new(move |settled| other.send(settled).unwrap()));
    /// assert_eq!(hears.iter().collect::<Vec<_>>(), [Settled::Spent, Settled::GivenBack]);
    /// ```
    pub fn new(settle: impl FnOnce(Settled) + Send + 'static) -> Self {
        Self(Some(Box::new(settle)))
    }

    /// The shard identifies now.
    pub fn spend(mut self) {
        if let Some(settle) = self.0.take() {
            settle(Settled::Spent);
        }
    }
}

impl Drop for IdentifyTurn {
    fn drop(&mut self) {
        if let Some(settle) = self.0.take() {
            settle(Settled::GivenBack);
        }
    }
}

impl fmt::Debug for IdentifyTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentifyTurn")
    }
}

/// Remembers a fleet's state beyond the process, so that one that starts after a crash resumes.
///
/// The fleet saves as things change: at once after a new session has begun, and else at most four times a
/// second, and so that it saves for a tenth of the time at most; never two at a time. One that takes more than ten seconds is dropped: what it has begun with
/// must not come to the store after a later one. Saving is polled on the gateway's thread: it must not
/// block it. One that fails is logged, counted, and tried again with the next change.
///
/// Loading is for whoever starts the fleet: see [`Config::resume_from`](crate::Config::resume_from).
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// What was saved last; nothing where nothing was.
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>>;

    /// Remembers this state instead of the one before, wholly or not at all. The state is that of the
    /// shards of one process: where several share a store, each has a place of its own in it.
    fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>>;
}
