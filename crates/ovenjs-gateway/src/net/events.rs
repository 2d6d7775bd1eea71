//! What the shards deliver, and its reader.

use std::task::{Context, Poll};

use ovenjs_types::{Dispatch, ShardId};
use tokio::sync::mpsc;

use crate::{Error, SessionGap};

/// What the shards deliver, in the order of each shard.
///
/// Dropping it stops the shards, in a way that lets another process resume after the deliveries that
/// are dropped with it.
#[derive(Debug)]
pub struct Events {
    pub(super) receiver: mpsc::Receiver<Delivery>,
}

impl Events {
    /// The next delivery; nothing once all shards have stopped. May be dropped at any time without
    /// losing one.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.receiver.recv().await
    }

    /// As [`next`](Self::next), for those who poll.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.receiver.poll_recv(cx)
    }
}

/// One thing that a shard delivers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// An event.
    Dispatch(Dispatch),
    /// A new session begins although events of the old one may be missing.
    Gap(SessionGap),
    /// A shard has ended: with an error where it gave up, without one where it was stopped. The
    /// latter may be missing where nobody read while it was stopped.
    Stopped {
        /// The shard.
        shard: ShardId,
        /// Why it gave up.
        error: Option<Error>,
    },
}
