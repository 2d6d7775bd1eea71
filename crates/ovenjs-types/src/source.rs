//! Bytes on their way up that are not in memory.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_core::Stream;

/// Where the bytes of an [`Upload`](crate::Upload) come from, when they are not in memory.
///
/// It is read piece by piece while it is sent, so that a file of any size takes the room of a few
/// pieces. A request is sent again after a failure only where its sources can be read again, or have not
/// been read yet. `file_source` and `reader_source` of `ovenjs-rest` make one of a file and of a reader.
///
/// ```
/// use std::{io, pin::Pin, task::{Context, Poll}};
/// use bytes::Bytes;
/// use futures_core::Stream;
/// use ovenjs_types::{Source, Upload};
///
/// /// So many lines, made as they are wanted.
/// struct Lines(u32);
///
/// impl Stream for Lines {
///     type Item = io::Result<Bytes>;
///
///     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
///         let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
///         self.0 = left;
///         Poll::Ready(Some(Ok(Bytes::from_static(b"bread\n"))))
///     }
/// }
///
/// let source = Source::repeatable(|| Lines(1_000)).length(6_000);
/// assert!(source.is_repeatable());
/// let upload = Upload::streamed("bread.txt", source);
/// assert_eq!(upload.source.unwrap().told_length(), Some(6_000));
/// assert!(!Source::once(Lines(3)).is_repeatable());
/// ```
#[derive(Clone)]
pub struct Source {
    supply: Supply,
    length: Option<u64>,
    told: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// The bytes of a [`Source`], piece by piece. An error ends the request.
pub type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The bytes that the connection has taken. What it holds before they leave is some hundred KB.
    pub sent: u64,
    /// The bytes in all, where that is known.
    pub length: Option<u64>,
}

#[derive(Clone)]
enum Supply {
    Again(Arc<dyn Fn() -> Pieces + Send + Sync>),
    Once(Arc<Mutex<Option<Pieces>>>),
}

impl Source {
    /// Bytes that can be read as often as it takes: `open` gives them from the beginning. It is called
    /// when the first of them can be sent, once for each try.
    pub fn repeatable<S>(open: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        Self::of(Supply::Again(Arc::new(move || Box::pin(open()))))
    }

    /// Bytes that can be read once. A request that fails after that is not sent again.
    pub fn once(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::of(Supply::Once(Arc::new(Mutex::new(Some(Box::pin(pieces))))))
    }

    fn of(supply: Supply) -> Self {
        Self {
            supply,
            length: None,
            told: None,
        }
    }

    /// Says how many bytes there are. Where nobody does, HTTP/1.1 sends them in chunks of told length.
    /// A source that gives more or fewer ends the request.
    #[must_use]
    pub const fn length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// Has `told` be called with each piece that is sent. A try that fails begins anew: then `sent` is
    /// less than before. It is called where the request is, so it must not block.
    #[must_use]
    pub fn progress(mut self, told: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.told = Some(Arc::new(told));
        self
    }

    /// How many bytes there are, where that was said.
    #[must_use]
    pub const fn told_length(&self) -> Option<u64> {
        self.length
    }

    /// Whether it can be read again.
    #[must_use]
    pub const fn is_repeatable(&self) -> bool {
        matches!(self.supply, Supply::Again(_))
    }

    /// Whether there is nothing to read any more: it could be read once, and was begun.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        match &self.supply {
            Supply::Again(_) => false,
            Supply::Once(pieces) => pieces
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_none(),
        }
    }

    /// Begins to read; nothing where it is spent. For whoever sends it.
    #[must_use]
    pub fn open(&self) -> Option<Pieces> {
        match &self.supply {
            Supply::Again(open) => Some(open()),
            Supply::Once(pieces) => pieces.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }

    /// Tells that so many bytes are sent. For whoever sends it.
    pub fn tell(&self, sent: u64) {
        if let Some(told) = &self.told {
            let length = self.length;
            told(Progress { sent, length });
        }
    }
}

/// Two are equal if they are clones of one.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        let is_same = match (&self.supply, &other.supply) {
            (Supply::Again(one), Supply::Again(other)) => Arc::ptr_eq(one, other),
            (Supply::Once(one), Supply::Once(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        is_same && self.length == other.length
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("length", &self.length)
            .field("is_repeatable", &self.is_repeatable())
            .finish_non_exhaustive()
    }
}
