//! The shell: a thread that moves bytes between sockets and sessions.
//!
//! It decides nothing. All shards of a [`Fleet`] live on one thread with a runtime of its own, so
//! that no code of the bot can delay a heartbeat; what they deliver crosses a bounded queue.

mod events;
mod fleet;
mod port;
mod shard;
mod stats;
mod thread;
mod turns;
mod wiring;

pub use events::{Delivery, Events};
pub use fleet::Fleet;
pub use port::{
    IdentifyAsk, IdentifyPort, IdentifyTurn, PortError, SessionStore, Settled, Waiting,
};
pub use stats::{ShardStats, Stats};
pub use turns::LocalTurns;
pub use wiring::Wiring;
