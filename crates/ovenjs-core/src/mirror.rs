//! The mirror on its way to the next process: a part of the state, beside the sessions. And its clock, as it has none.
//!
//! A session that is resumed brings no guild anew, so without this part the next process would know
//! none. What cannot be read is said and left alone: the mirror then begins empty.

use std::{ops::Range, time::Duration};

use ovenjs_cache::mirror::{Keep, Mirror};
use ovenjs_gateway::{FleetState, Resume};
use ovenjs_net::{Clock, SystemClock};
use ovenjs_types::ShardId;
use tokio::task::spawn_blocking;

/// The name of the part.
const PART: &str = "mirror";

/// Takes out of the mirror what becomes too old, until it is dropped.
pub(crate) async fn expire(mirror: Mirror) {
    loop {
        tokio::time::sleep(BETWEEN_EXPIRIES).await;
        mirror.expire(SystemClock.wall().into());
    }
}

/// A message may stay for so much longer than it should. Each time all guilds are looked at.
const BETWEEN_EXPIRIES: Duration = Duration::from_secs(60);

/// Puts what the mirror knows into the state. No event is applied any more.
pub(crate) async fn leave(mirror: &Mirror, state: &mut FleetState) {
    let mirror = mirror.clone();
    // A large one takes a second to write, in which the runtime has other things to do.
    match spawn_blocking(move || mirror.to_bytes()).await {
        Ok(bytes) => state.put(PART, bytes),
        Err(error) => tracing::error!("the mirror is not left to the next process: {error}"),
    }
}

/// A mirror that knows what the process before knew, as far as the sessions of `numbers` out of `total`
/// shards go on.
pub(crate) async fn enter(
    former: &FleetState,
    keep: &Keep,
    numbers: Range<u32>,
    total: u32,
) -> Option<Mirror> {
    let Some(part) = former.part(PART).cloned() else {
        tracing::info!("the former process left no mirror, which fills as events come");
        return None;
    };
    let shards = former.sessions().iter().filter_map(Resume::shard);
    let shards: Vec<ShardId> = shards
        .filter(|shard| shard.total == total && numbers.contains(&shard.number))
        .collect();
    let keep = keep.clone();
    let read = spawn_blocking(move || Mirror::from_bytes(keep, &part, &shards)).await;
    match read {
        Ok(Ok(mirror)) => {
            let known = mirror.stats();
            tracing::info!(?known, "the mirror of the former process goes on");
            Some(mirror)
        }
        Ok(Err(error)) => {
            tracing::warn!("the mirror of the former process is left out: {error}");
            None
        }
        Err(error) => {
            tracing::error!("the mirror of the former process is left out: {error}");
            None
        }
    }
}
