//! What a fleet uses of the world.

use std::sync::Arc;

use ovenjs_net::{Clock, Connector, Entropy, SystemClock, SystemEntropy};
use ovenjs_types::Hook;

use super::{IdentifyPort, SessionStore};

/// What a fleet uses of the world. The default is the real one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wiring {
    /// Makes connections. Default: direct ones, with Mozilla's roots.
    pub connector: Connector,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Spreads waits.
    pub entropy: Arc<dyn Entropy>,
    /// Is told of changes of state and of gaps, on the gateway's thread: it must return at once.
    pub hook: Arc<dyn Hook>,
    /// Whether the shards run on a thread of their own. Default: `true`, so that no code of the bot
    /// can delay a heartbeat. `false` puts them on the runtime that calls
    /// [`Fleet::start_with`](super::Fleet::start_with): for tests whose clock is paused, which it is for one runtime only.
    /// The shards then end with the last handle.
    pub own_thread: bool,
    /// Says whose turn it is to identify. Default: none, and the fleet keeps the turns of its own
    /// shards, by [`Config::session_start_limit`](crate::Config::session_start_limit). Give one
    /// [`LocalTurns`](super::LocalTurns) to all fleets of a bot in one process, and an adapter over a
    /// common store where several processes share a bot.
    pub identify: Option<Arc<dyn IdentifyPort>>,
    /// Remembers the sessions beyond the process. Default: nobody does.
    pub store: Option<Arc<dyn SessionStore>>,
}

impl Wiring {
    /// The real world, reached through `connector`.
    #[must_use]
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            hook: Arc::new(()),
            own_thread: true,
            identify: None,
            store: None,
        }
    }

    /// Uses this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Uses this source of entropy.
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Calls this hook.
    #[must_use]
    pub fn hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hook = hook;
        self
    }

    /// Gives the shards a thread of their own, or runs them on the caller's runtime.
    #[must_use]
    pub const fn own_thread(mut self, own: bool) -> Self {
        self.own_thread = own;
        self
    }

    /// Asks this port whose turn it is to identify.
    #[must_use]
    pub fn identify(mut self, port: Arc<dyn IdentifyPort>) -> Self {
        self.identify = Some(port);
        self
    }

    /// Saves the sessions here as they change.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn SessionStore>) -> Self {
        self.store = Some(store);
        self
    }
}
