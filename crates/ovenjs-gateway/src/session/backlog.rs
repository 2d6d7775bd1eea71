//! What was received and waits for the consumer, and what the consumer has got.
//!
//! Each parcel knows up to which version everything is settled once it is gone: events that nobody
//! wants are not kept, but they must not count as delivered before those in front of them are.

use std::collections::VecDeque;

use ovenjs_types::{Dispatch, EventKind, Version};

use super::{Output, SessionGap, handled::Handled};

pub(super) struct Backlog {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    bytes_max: usize,
    /// How many deliveries the consumer can take.
    pub(super) room: usize,
    delivered: Version,
    /// Where the consumer says what it has handled.
    handled: Option<Handled>,
}

struct Parcel {
    content: Content,
    through: Version,
}

enum Content {
    Dispatch(Dispatch),
    Gap(SessionGap),
}

impl Backlog {
    pub(super) fn new(delivered: Version, bytes_max: usize, at_least_once: bool) -> Self {
        Self {
            parcels: VecDeque::new(),
            bytes: 0,
            bytes_max: bytes_max.max(1),
            room: 0,
            delivered,
            handled: at_least_once.then(|| Handled::new(delivered)),
        }
    }

    pub(super) fn push(&mut self, dispatch: Dispatch) {
        self.bytes += weight(dispatch.raw.len());
        let through = dispatch.version;
        let content = Content::Dispatch(dispatch);
        self.parcels.push_back(Parcel { content, through });
    }

    /// A gap, behind which the versions of another epoch begin.
    pub(super) fn push_gap(&mut self, gap: SessionGap, epoch: u64) {
        self.parcels.push_back(Parcel {
            content: Content::Gap(gap),
            through: Version { epoch, seq: 0 },
        });
    }

    /// This event is for nobody.
    pub(super) fn pass(&mut self, through: Version) {
        match self.parcels.back_mut() {
            Some(parcel) => parcel.through = through,
            None => {
                self.delivered = through;
                if let Some(handled) = &mut self.handled {
                    handled.pass(through);
                }
            }
        }
    }

    /// The next delivery, if there is one and the consumer has room.
    pub(super) fn poll(&mut self) -> Option<Output> {
        if self.deliverable() == 0 {
            return None;
        }
        self.room = self.room.checked_sub(1)?;
        let Parcel { content, through } = self.parcels.pop_front()?;
        let former = std::mem::replace(&mut self.delivered, through);
        match content {
            Content::Dispatch(dispatch) => {
                self.bytes = self.bytes.saturating_sub(weight(dispatch.raw.len()));
                if let Some(handled) = &mut self.handled {
                    // A resume never brings READY again.
                    let done = dispatch.kind == EventKind::Ready;
                    handled.gave(dispatch.version, through, done);
                }
                Some(Output::Dispatch(dispatch))
            }
            Content::Gap(gap) => {
                if let Some(handled) = &mut self.handled {
                    handled.gave(former, through, true);
                }
                Some(Output::Gap(gap))
            }
        }
    }

    /// Drops what was not given out.
    #[cfg(feature = "net")]
    pub(super) fn give_up(&mut self) {
        self.parcels = VecDeque::new();
        self.bytes = 0;
    }

    /// How many deliveries could be given out if the consumer had room.
    pub(super) fn deliverable(&self) -> usize {
        let handled = self.handled.as_ref();
        handled.map_or(self.parcels.len(), |handled| {
            self.parcels.len().min(handled.room())
        })
    }

    pub(super) fn handled(&mut self, version: Version) {
        if let Some(handled) = &mut self.handled {
            handled.handled(version);
        }
    }

    /// After what another process has to go on.
    pub(super) fn mark(&self) -> Version {
        self.handled.as_ref().map_or(self.delivered, Handled::mark)
    }

    pub(super) fn is_handled(&self) -> bool {
        self.handled.as_ref().is_none_or(Handled::is_empty)
    }

    pub(super) const fn is_at_least_once(&self) -> bool {
        self.handled.is_some()
    }

    /// Holds at most so many bytes from now on. What it holds already stays.
    pub(super) fn bound(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max.max(1);
        self.parcels.shrink_to_fit();
    }

    pub(super) const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    pub(super) const fn is_full(&self) -> bool {
        self.bytes >= self.bytes_max
    }

    pub(super) fn len(&self) -> usize {
        self.parcels.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What an event weighs in the backlog: its bytes, and the list's own.
const fn weight(bytes: usize) -> usize {
    bytes + PARCEL_OVERHEAD
}

/// About what a queued event needs beside its payload, so that empty events count too.
pub(super) const PARCEL_OVERHEAD: usize = 128;
