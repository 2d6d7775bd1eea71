//! Files and readers as sources of uploads.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use ovenjs_types::Source;
use tokio::{
    fs::File,
    io::{AsyncRead, ReadBuf},
};

/// The bytes of a file, read from the disk while they are sent. It can be read again, so a request with
/// it is sent again like others. What is written behind its present end meanwhile is not sent; where it
/// is cut short, the request ends with an error.
///
/// The call's deadline holds for all of the upload, so a large file over a slow line wants a longer one;
/// [`Live::answer`](crate::Live::answer) does not count while bytes flow.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::time::Duration;
/// use ovenjs_types::{Id, Upload};
///
/// let path = std::env::temp_dir().join(format!("ovenjs-bread-{}", std::process::id()));
/// std::fs::write(&path, "bread").unwrap();
/// let source = ovenjs_rest::file_source(&path).await.unwrap();
/// assert_eq!(source.told_length(), Some(5));
/// let source = source.progress(|progress| println!("{} of 5 bytes", progress.sent));
///
/// # let client = ovenjs_rest::Client::builder("t").base_url("http://127.0.0.1:9").build().unwrap();
/// # client.apply(ovenjs_rest::Live::new().retries(0));
/// let call = client
///     .create_message(Id::new(1))
///     .file(Upload::streamed("bread.txt", source))
///     .deadline(Duration::from_secs(600));
/// # assert!(call.await.is_err());
/// # std::fs::remove_file(&path).unwrap();
/// # });
/// ```
///
/// # Errors
///
/// Where there is no such file, or it may not be read.
pub async fn file_source(path: impl AsRef<Path>) -> io::Result<Source> {
    let path = path.as_ref().to_path_buf();
    // It is opened here as well, so that the caller is told at once if it cannot be.
    let length = File::open(&path).await?.metadata().await?.len();
    let open = move || Reading {
        reader: Opened::Not(path.clone()),
        room: BytesMut::new(),
        left: length,
    };
    Ok(Source::repeatable(open).length(length))
}

/// The bytes of a reader, up to its end. They can be read once: a request that fails after the first was
/// read is not sent again. Where their number is known, say so by [`Source::length`].
///
/// ```
/// let source = ovenjs_rest::reader_source(&b"bread"[..]).length(5);
/// assert!(!source.is_repeatable() && !source.is_spent());
/// ```
pub fn reader_source(reader: impl AsyncRead + Send + 'static) -> Source {
    Source::once(Reading {
        reader: Opened::Reader(Box::pin(reader)),
        room: BytesMut::new(),
        left: u64::MAX,
    })
}

/// A file or reader in pieces.
struct Reading {
    reader: Opened,
    /// Where the next piece is read to.
    room: BytesMut,
    /// The most bytes to come.
    left: u64,
}

enum Opened {
    Not(PathBuf),
    Soon(Pin<Box<dyn Future<Output = io::Result<File>> + Send>>),
    Reader(Pin<Box<dyn AsyncRead + Send>>),
}

impl Stream for Reading {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { reader, room, left } = self.get_mut();
        loop {
            match reader {
                Opened::Not(path) => {
                    let opening = File::open(std::mem::take(path));
                    *reader = Opened::Soon(Box::pin(opening));
                }
                Opened::Soon(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(file) => *reader = Opened::Reader(Box::pin(file)),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Opened::Reader(reader) => {
                    let most = usize::try_from(*left).map_or(PIECE, |left| left.min(PIECE));
                    if most == 0 {
                        return Poll::Ready(None);
                    }
                    room.resize(most, 0);
                    let piece = &mut ReadBuf::new(room);
                    if let Err(error) = ready!(reader.as_mut().poll_read(cx, piece)) {
                        return Poll::Ready(Some(Err(error)));
                    }
                    let read = piece.filled().len();
                    *left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
                    let piece = room.split_to(read).freeze();
                    return Poll::Ready((read > 0).then_some(Ok(piece)));
                }
            }
        }
    }
}

/// A piece takes as much room as a record of TLS or two, and a file is read in few steps.
pub(crate) const PIECE: usize = 64 * 1024;
