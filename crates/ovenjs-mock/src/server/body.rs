//! What an answer consists of: bytes, or news for as long as someone reads.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{sync::mpsc, time::Sleep};

use crate::faults::Delivery;

#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Option<Bytes>),
    News(mpsc::Receiver<Bytes>),
    /// A beginning and a rest, which comes after a pause or not at all.
    Parted {
        beginning: Option<Bytes>,
        rest: Bytes,
        pause: Pin<Box<Sleep>>,
        is_cut: bool,
    },
}

/// The connection ends here because the box was told to end it.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer was cut off")
    }
}

impl std::error::Error for Cut {}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Payload {
    pub(crate) fn delivered(bytes: Bytes, delivery: Delivery) -> Self {
        let (pause, is_cut) = match delivery {
            Delivery::Stalled(pause) => (pause, false),
            Delivery::Cut => (ON_ITS_WAY, true),
            Delivery::Whole => return Self::from(bytes),
        };
        if bytes.is_empty() {
            return Self::from(bytes);
        }
        let mut rest = bytes;
        Self::Parted {
            beginning: Some(rest.split_to(rest.len() / 2)).filter(|bytes| !bytes.is_empty()),
            rest,
            pause: Box::pin(tokio::time::sleep(pause)),
            is_cut,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let data = |bytes| Ok(Frame::data(bytes));
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(data)),
            Self::News(news) => news.poll_recv(cx).map(|line| line.map(data)),
            Self::Parted {
                beginning,
                rest,
                pause,
                is_cut,
            } => {
                if let Some(beginning) = beginning.take() {
                    return Poll::Ready(Some(data(beginning)));
                }
                if !rest.is_empty() && pause.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                if *is_cut {
                    return Poll::Ready(Some(Err(Cut)));
                }
                let rest = Some(std::mem::take(rest)).filter(|rest| !rest.is_empty());
                Poll::Ready(rest.map(data))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::News(_) => false,
            Self::Parted {
                beginning, rest, ..
            } => beginning.is_none() && rest.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let length = match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, Bytes::len),
            Self::News(_) => return SizeHint::default(),
            Self::Parted {
                beginning, rest, ..
            } => beginning.as_ref().map_or(0, Bytes::len) + rest.len(),
        };
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

/// Until the first half of an answer that is cut has left; without a pause nothing of it would.
const ON_ITS_WAY: Duration = Duration::from_millis(5);
