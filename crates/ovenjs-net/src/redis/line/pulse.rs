//! Whether a connection still says anything.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Stream;

/// Since when something was asked and nothing has come. What comes need not be an answer that somebody waits for:
/// who asked may have gone.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Until when something is to come, and what had come when that was asked for.
    due: Option<(Instant, u64)>,
}

impl Pulse {
    /// Something is to be asked, and its answer may take so long: whether the connection is good for it. `heard` is
    /// what has come over it so far.
    pub(super) fn ask(&mut self, now: Instant, heard: u64, time: Duration) -> bool {
        match self.due {
            Some((due, before)) if before == heard => now < due,
            _ => {
                self.due = Some((now + time, heard));
                true
            }
        }
    }
}

/// A stream that counts how often something came.
pub(super) struct Felt {
    stream: Stream,
    heard: Arc<AtomicU64>,
}

impl Felt {
    pub(super) const fn new(stream: Stream, heard: Arc<AtomicU64>) -> Self {
        Self { stream, heard }
    }
}

impl AsyncRead for Felt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Felt {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock as _, SystemClock};

    #[test]
    fn a_connection_is_good_until_it_is_silent_for_longer_than_an_answer_may_take() {
        let (mut pulse, now, time) = (Pulse::default(), SystemClock.now(), Duration::from_secs(2));
        assert!(pulse.ask(now, 0, time));
        assert!(pulse.ask(now + time / 2, 0, time));
        assert!(!pulse.ask(now + time, 0, time), "since the first question");
        // An answer came, if for nobody: it counts from the next question on.
        assert!(pulse.ask(now + 3 * time, 1, time));
        assert!(pulse.ask(now + 3 * time + time / 2, 1, time));
        assert!(!pulse.ask(now + 4 * time, 1, time));
    }

    #[test]
    fn who_was_not_asked_anything_may_be_silent_for_long() {
        let (mut pulse, now, time) = (Pulse::default(), SystemClock.now(), Duration::from_secs(2));
        assert!(pulse.ask(now, 0, time));
        assert!(pulse.ask(now + 1_000 * time, 1, time));
        assert!(pulse.ask(now + 1_001 * time - time / 4, 1, time));
    }
}
