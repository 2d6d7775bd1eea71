//! Bodies of requests, read whole: a request may have to be sent again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// How much room there is for bodies, of one request and of all together.
#[derive(Debug)]
pub(crate) struct Bodies {
    each: usize,
    all: usize,
    held: Arc<AtomicUsize>,
}

/// A body, and its share of the room until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) body: Bytes,
    _share: Share,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    TooLong,
    NoRoom,
    TooSlow,
    Broken,
}

/// A body that takes longer is not read to its end: a bot is near, and the largest upload is some
/// megabytes.
const DEADLINE: Duration = Duration::from_secs(30);

impl Bodies {
    pub(crate) fn new(each: usize, all: usize) -> Self {
        Self {
            each,
            all,
            held: Arc::default(),
        }
    }

    /// Bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) async fn read(&self, mut incoming: Incoming) -> Result<Held, Unread> {
        let mut share = Share {
            held: Arc::clone(&self.held),
            bytes: 0,
        };
        if incoming.size_hint().lower() > u64::try_from(self.each).unwrap_or(u64::MAX) {
            return Err(Unread::TooLong);
        }
        let mut body = BytesMut::new();
        let reading = async {
            while let Some(frame) = incoming.frame().await {
                let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else {
                    continue;
                };
                if body.len() + data.len() > self.each {
                    return Err(Unread::TooLong);
                }
                share.grow(data.len(), self.all)?;
                body.extend_from_slice(&data);
            }
            Ok(())
        };
        timeout(DEADLINE, reading)
            .await
            .map_err(|_| Unread::TooSlow)??;
        Ok(Held {
            body: body.freeze(),
            _share: share,
        })
    }
}

/// Bytes that count as held.
#[derive(Debug)]
struct Share {
    held: Arc<AtomicUsize>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize, all: usize) -> Result<(), Unread> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        if held > all {
            Err(Unread::NoRoom)
        } else {
            Ok(())
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
