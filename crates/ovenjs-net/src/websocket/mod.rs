//! A websocket, as a client has it.
//!
//! What is here: [`Frames`], the pure reader of RFC 6455; [`Socket`], which drives a stream by it,
//! answers pings and closes, and has a deadline on each wait for the other side. What is not here:
//! compression of messages, which Discord does another way, and the server's part.
//!
//! fastwebsockets writes the frames. Why it does not read them is told in the decision records.

mod frames;
mod unsent;
mod upgrade;

use std::{
    fmt, io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Sleep, sleep, timeout},
};

pub use frames::{Broken, Frames, Incoming};
use unsent::Unsent;

use crate::{Connector, Error, Step, Stream, Target};

/// An open websocket. One owner reads and writes; nothing is locked.
///
/// Whatever waits may be dropped at any time and begun anew: what has come and what is to be sent
/// lies in the socket.
///
/// ```
/// use ovenjs_net::websocket::{Incoming, Socket};
/// use tokio::io::AsyncWriteExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ovenjs_net::Error> {
/// let (ours, mut server) = tokio::io::duplex(64);
/// // The server's first frame came in the packet of its answer.
/// let mut socket = Socket::upgraded(ours, b"\x81\x05hello", 1024);
/// assert_eq!(socket.next().await?, Incoming::Text(b"hello"));
/// server.write_all(b"\x88\x02\x0F\xA1").await.unwrap();
/// assert_eq!(socket.next().await?, Incoming::Close { code: Some(4001), reason: "" });
/// # Ok(()) }
/// ```
pub struct Socket<S = Stream> {
    stream: S,
    frames: Frames,
    unsent: Unsent,
    /// Runs while the stream takes nothing, and while a goodbye may be there to read.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Why nothing can be sent any more, while there may be something to read.
    mute: Option<io::Error>,
}

impl Socket {
    /// Connects to `target` and asks for a websocket at `path`, which may have a query. `key` is
    /// 16 random bytes; messages may have at most so many bytes.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect`], and of [`Step::Upgrade`] where the server does not open one.
    pub async fn open(
        connector: &Connector,
        target: &Target,
        path: &str,
        key: [u8; 16],
        message_bytes_max: usize,
    ) -> Result<Self, Error> {
        let mut stream = connector.connect(target).await?;
        let rest = timeout(
            UPGRADE_DEADLINE,
            upgrade::upgrade(&mut stream, target, path, key),
        )
        .await
        .map_err(|_| Error::deadline(Step::Upgrade, target))??;
        Ok(Self::upgraded(stream, &rest, message_bytes_max))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// A websocket over a stream on which the upgrade is done and `rest` was read behind it.
    #[must_use]
    pub fn upgraded(stream: S, rest: &[u8], message_bytes_max: usize) -> Self {
        let mut frames = Frames::new(message_bytes_max);
        frames.space().extend_from_slice(rest);
        Self {
            stream,
            frames,
            unsent: Unsent::default(),
            stalled: None,
            mute: None,
        }
    }

    /// Waits for the next message, or for the server's close; pings are answered on the way, and
    /// what is to be sent is sent. May be dropped at any time: nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Ended`](crate::ErrorKind::Ended) where the connection ended without a close,
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) and
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) where the server broke the rules, which
    /// it is told; [`ErrorKind::Stalled`](crate::ErrorKind::Stalled) where it takes nothing.
    pub async fn next(&mut self) -> Result<Incoming<'_>, Error> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await?;
        self.frames.current().ok_or_else(Error::ended)
    }

    /// The next message, if it was read already; costs no system call. Pings that are met are
    /// answered with the next wait.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub fn ready(&mut self) -> Result<Option<Incoming<'_>>, Error> {
        Ok(match self.advance()? {
            true => self.frames.current(),
            false => None,
        })
    }

    /// Gives back what memory is kept for later reads: 96 KiB at most.
    pub fn release(&mut self) {
        self.frames.release();
    }

    /// Has a text message sent with the next wait.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Stalled`](crate::ErrorKind::Stalled) where a megabyte waits already,
    /// [`ErrorKind::Ended`](crate::ErrorKind::Ended) after a close.
    pub fn send_text(&mut self, text: &[u8]) -> Result<(), Error> {
        let taken = self.unsent.text(text);
        self.taken(taken)
    }

    /// Has a binary message sent with the next wait.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let taken = self.unsent.binary(bytes);
        self.taken(taken)
    }

    /// Waits until everything is sent, and reads nothing. May be dropped at any time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Ended`](crate::ErrorKind::Ended) and
    /// [`ErrorKind::Stalled`](crate::ErrorKind::Stalled).
    pub async fn flush(&mut self) -> Result<(), Error> {
        let sent = std::future::poll_fn(|cx| self.poll_unsent(cx)).await;
        sent.map_err(|failed| match failed {
            Failed::Stalled => Error::stalled(),
            Failed::Io(source) => Error::broken_off(source),
        })
    }

    /// Says goodbye, after what was to be sent before; one second is all it may take. Where the
    /// server has closed, that was answered already.
    ///
    /// It waits for no answer: who wants one calls [`finish`](Self::finish).
    pub async fn close(&mut self, code: u16) {
        self.unsent.close(Some(code));
        // A peer that is gone needs no goodbye.
        let _ = timeout(CLOSE_DEADLINE, self.flush()).await;
    }

    /// Ends the connection in order: sends what waits, says that no more will come, and waits
    /// until the server ends it as well, for one second at most.
    pub async fn finish(mut self) {
        let ending = async {
            self.flush().await?;
            self.stream.shutdown().await.map_err(Error::broken_off)?;
            loop {
                let space = self.frames.space();
                space.clear();
                match self.stream.read_buf(space).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => return Ok::<(), Error>(()),
                }
            }
        };
        let _ = timeout(CLOSE_DEADLINE, ending).await;
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let found = self.advance();
            // What waits goes first, lest a flood of messages hold a heartbeat back.
            if self.unsent.is_waiting()
                && self.mute.is_none()
                && let Poll::Ready(Err(failed)) = self.poll_unsent(cx)
            {
                match failed {
                    Failed::Stalled => return Poll::Ready(Err(Error::stalled())),
                    // A server that has closed takes nothing; why it did may be there to read.
                    Failed::Io(source) => {
                        self.mute = Some(source);
                        self.stalled = Some(Box::pin(sleep(CLOSE_DEADLINE)));
                    }
                }
            }
            if found? {
                return Poll::Ready(Ok(()));
            }
            let read = pin!(self.stream.read_buf(self.frames.space())).poll(cx);
            match read {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::ended())),
                Poll::Ready(Err(source)) => return Poll::Ready(Err(Error::broken_off(source))),
                Poll::Pending => {
                    if self.mute.is_some()
                        && let Some(patience) = &mut self.stalled
                        && patience.as_mut().poll(cx).is_ready()
                        && let Some(source) = self.mute.take()
                    {
                        return Poll::Ready(Err(Error::broken_off(source)));
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Goes on to the next message or close in what was read; answers what asks for an answer.
    fn advance(&mut self) -> Result<bool, Error> {
        loop {
            match self.frames.advance() {
                Ok(false) => return Ok(false),
                Ok(true) => {}
                Err(broken) => {
                    self.unsent.close(Some(broken.close_code()));
                    return Err(Error::broke_the_rules(broken));
                }
            }
            match self.frames.current() {
                Some(Incoming::Ping(bytes)) => self.unsent.pong(bytes),
                Some(Incoming::Close { code, .. }) => {
                    self.unsent.close(code);
                    return Ok(true);
                }
                Some(Incoming::Text(_) | Incoming::Binary(_)) => return Ok(true),
                Some(Incoming::Pong(_)) | None => {}
            }
        }
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        while self.unsent.is_waiting() {
            let bytes = self.unsent.next();
            let progress = if bytes.is_empty() {
                match Pin::new(&mut self.stream).poll_flush(cx) {
                    Poll::Ready(done) => Poll::Ready(done.map(|()| None)),
                    Poll::Pending => Poll::Pending,
                }
            } else {
                match Pin::new(&mut self.stream).poll_write(cx, bytes) {
                    Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(taken) => Poll::Ready(taken.map(Some)),
                    Poll::Pending => Poll::Pending,
                }
            };
            match progress {
                Poll::Ready(Ok(Some(count))) => self.unsent.took(count),
                Poll::Ready(Ok(None)) => self.unsent.flushed(),
                Poll::Ready(Err(source)) => return Poll::Ready(Err(Failed::Io(source))),
                Poll::Pending => {
                    let stalled = self
                        .stalled
                        .get_or_insert_with(|| Box::pin(sleep(WRITE_DEADLINE)));
                    return stalled.as_mut().poll(cx).map(|()| Err(Failed::Stalled));
                }
            }
        }
        self.stalled = None;
        Poll::Ready(Ok(()))
    }

    fn taken(&self, taken: bool) -> Result<(), Error> {
        match taken {
            true => Ok(()),
            false if self.unsent.is_closed() => Err(Error::ended()),
            false => Err(Error::stalled()),
        }
    }
}

impl<S> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("frames", &self.frames)
            .field("unsent", &self.unsent.next().len())
            .finish_non_exhaustive()
    }
}

/// Why nothing can be sent.
enum Failed {
    Stalled,
    Io(io::Error),
}

/// A proxy of Discord's answers within milliseconds; this is for lost packets.
const UPGRADE_DEADLINE: Duration = Duration::from_secs(10);

/// Our messages fit in any send buffer; one that does not empty belongs to a dead link.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// How long a goodbye may hold up the next connection.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
