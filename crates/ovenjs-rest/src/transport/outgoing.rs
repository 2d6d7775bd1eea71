//! What a request carries over the wire: bytes, or pieces that come as they are wanted.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use ovenjs_types::{Pieces, Source};

use super::Phase;
use crate::{delivery::lock, upload::PIECE};

/// What a request carries.
pub(crate) enum Outgoing {
    Whole(Full<Bytes>),
    Streamed(Box<Streamed>),
}

/// A stretch of a body.
#[derive(Clone)]
pub(crate) enum Stretch {
    Bytes(Bytes),
    Source(Source),
}

/// A body that is read while it is sent.
pub(crate) struct Streamed {
    coming: VecDeque<Stretch>,
    reading: Option<Reading>,
    /// The bytes that are still to come, where that is known.
    left: Option<u64>,
    pulse: Arc<Pulse>,
}

struct Reading {
    source: Source,
    pieces: Pieces,
    sent: u64,
}

/// How a streamed body fares, for whoever waits for the answer to it.
#[derive(Default)]
pub(crate) struct Pulse {
    pieces: AtomicU64,
    is_over: AtomicBool,
    /// Whether the connection wants more than the source has given.
    is_hungry: AtomicBool,
    failure: Mutex<Option<io::Error>>,
}

impl Outgoing {
    pub(crate) fn new(head: Bytes, tail: Option<&[Stretch]>) -> Self {
        let Some(tail) = tail else {
            return Self::Whole(Full::new(head));
        };
        let coming: VecDeque<_> = std::iter::once(Stretch::Bytes(head))
            .chain(tail.iter().cloned())
            .collect();
        let left = coming.iter().map(Stretch::length).sum();
        Self::Streamed(Box::new(Streamed {
            coming,
            reading: None,
            left,
            pulse: Arc::default(),
        }))
    }

    /// Whether the time of its answer tells how fast a way is: what is longer takes the time of its upload.
    pub(crate) fn is_small(&self) -> bool {
        let most = self.size_hint().upper();
        most.is_some_and(|most| most <= SMALL)
    }

    /// How it fares, where it is streamed.
    pub(crate) fn pulse(&self) -> Option<Arc<Pulse>> {
        match self {
            Self::Whole(_) => None,
            Self::Streamed(streamed) => Some(Arc::clone(&streamed.pulse)),
        }
    }
}

impl Stretch {
    fn length(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Self::Source(source) => source.told_length(),
        }
    }

    /// Whether it cannot be sent any more.
    pub(crate) fn is_spent(&self) -> bool {
        match self {
            Self::Bytes(_) => false,
            Self::Source(source) => source.is_spent(),
        }
    }
}

impl Pulse {
    /// How many pieces have gone.
    pub(crate) fn pieces(&self) -> u64 {
        self.pieces.load(Ordering::Relaxed)
    }

    /// What is waited for.
    pub(crate) fn phase(&self) -> Phase {
        if self.is_over.load(Ordering::Relaxed) {
            Phase::FirstByte
        } else if self.is_hungry.load(Ordering::Relaxed) {
            Phase::Source
        } else {
            Phase::Upload
        }
    }

    /// Why the body ended early, if its source is to blame.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        lock(&self.failure).take()
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Streamed(streamed) => streamed
                .poll_piece(cx)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Streamed(streamed) => streamed.coming.is_empty() && streamed.reading.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Streamed(streamed) => streamed.left.map(SizeHint::with_exact).unwrap_or_default(),
        }
    }
}

impl Streamed {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let piece = reading.poll(cx);
                self.pulse
                    .is_hungry
                    .store(piece.is_pending(), Ordering::Relaxed);
                match ready!(piece) {
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(self.gone(piece)))),
                    Ok(None) => self.reading = None,
                    Err(error) => return Poll::Ready(Some(Err(self.failed(error)))),
                }
            }
            match self.coming.pop_front() {
                Some(Stretch::Bytes(mut bytes)) => {
                    // As with sources, each piece that the connection takes is a sign of life.
                    let piece = bytes.split_to(bytes.len().min(PIECE));
                    if !bytes.is_empty() {
                        self.coming.push_front(Stretch::Bytes(bytes));
                    }
                    return Poll::Ready(Some(Ok(self.gone(piece))));
                }
                Some(Stretch::Source(source)) => match source.open() {
                    Some(pieces) => {
                        self.reading = Some(Reading {
                            source,
                            pieces,
                            sent: 0,
                        });
                    }
                    None => {
                        let error = io::Error::other("it can be read once, and was read before");
                        return Poll::Ready(Some(Err(self.failed(error))));
                    }
                },
                None => {
                    self.pulse.is_over.store(true, Ordering::Relaxed);
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn gone(&mut self, piece: Bytes) -> Bytes {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(length));
        self.pulse
            .pieces
            .fetch_add(u64::from(length > 0), Ordering::Relaxed);
        let is_over = self.coming.is_empty() && self.reading.is_none();
        self.pulse.is_over.store(is_over, Ordering::Relaxed);
        piece
    }

    /// Keeps the failure for whoever waits; hyper is told that there is one.
    fn failed(&mut self, error: io::Error) -> io::Error {
        self.coming.clear();
        self.reading = None;
        let kind = error.kind();
        *lock(&self.pulse.failure) = Some(error);
        kind.into()
    }
}

impl Reading {
    /// The next piece; none at its end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        let length = self.source.told_length();
        let Some(piece) = ready!(self.pieces.as_mut().poll_next(cx)).transpose()? else {
            let is_whole = length.is_none_or(|length| self.sent == length);
            return Poll::Ready(if is_whole { Ok(None) } else { Err(misses()) });
        };
        self.sent = self
            .sent
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if length.is_some_and(|length| self.sent > length) {
            return Poll::Ready(Err(misses()));
        }
        self.source.tell(self.sent);
        Poll::Ready(Ok(Some(piece)))
    }
}

fn misses() -> io::Error {
    let text = "it gave more or fewer bytes than its length says";
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// About as much as leaves at once.
const SMALL: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn bytes_in_memory_go_in_pieces_and_whoever_waits_knows_for_what() {
        let silent: Stretch = Stretch::Source(Source::repeatable(|| Silent));
        let long = Bytes::from(vec![b'.'; 2 * PIECE + 1]);
        let tail = [Stretch::Bytes(long), silent];
        let mut body = Outgoing::new(Bytes::from_static(b"head"), Some(&tail));
        let pulse = body.pulse().unwrap();
        // Of a source that does not say how long it is nobody knows.
        assert!(!body.is_small() && Outgoing::new(Bytes::from_static(b"head"), None).is_small());
        let mut lengths = Vec::new();
        let mut next = || Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
        while let Poll::Ready(Some(Ok(frame))) = next() {
            lengths.push(frame.into_data().unwrap().len());
            assert_eq!(pulse.phase(), Phase::Upload);
        }
        assert_eq!(lengths, [4, PIECE, PIECE, 1]);
        assert_eq!((pulse.pieces(), pulse.phase()), (4, Phase::Source));
    }

    /// A source that gives nothing.
    #[derive(Clone, Copy)]
    struct Silent;

    impl futures_core::Stream for Silent {
        type Item = io::Result<Bytes>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Pending
        }
    }
}
