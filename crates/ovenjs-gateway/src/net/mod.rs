//! The shell: a thread that moves bytes between sockets and sessions.
//!
//! It decides nothing. All shards of a [`Fleet`] live on one thread with a runtime of its own, so
//! that no code of the bot can delay a heartbeat; what they deliver crosses a bounded queue.

mod acks;
mod ask_guild;
mod events;
mod fleet;
mod generation;
mod lane;
mod port;
mod queue;
mod replies;
mod reshard;
mod ripening;
mod saves;
mod seam;
mod shard;
mod stats;
mod thread;
mod turns;
mod watch;
mod wiring;

pub use ask_guild::{AskGuild, AskMembers};
pub use events::{Delivery, Events, Typed, TypedEvents};
pub use fleet::{Fleet, Receipt};
pub use port::{
    IdentifyAsk, IdentifyPort, IdentifyTurn, PortError, SessionStore, Settled, Waiting,
};
pub use replies::{Replies, Reply};
pub use reshard::ShardCount;
pub use stats::{ShardStats, Stats};
pub use turns::LocalTurns;
pub use watch::{HealthWatch, Seen, Watch};
pub use wiring::Wiring;
