//! From websocket messages to gateway messages.
//!
//! One inflater belongs to one connection: the streams carry their history, and none of it is
//! worth anything on the next socket.

use ovenjs_types::Pressure;

use crate::Compression;

/// Undoes the transport compression of one connection.
pub(crate) struct Inflater {
    form: Form,
    /// The largest message, in bytes.
    max: usize,
    /// The largest buffer that is kept, in bytes.
    keep: usize,
}

enum Form {
    /// Each websocket message is a gateway message.
    Plain(Vec<u8>),
    /// A gateway message ends where a websocket message ends in `00 00 FF FF`.
    #[cfg(feature = "zlib")]
    Zlib {
        stream: Box<flate2::Decompress>,
        out: Vec<u8>,
        tail: [u8; 4],
    },
    /// Each websocket message is a gateway message, but the zstd frame goes on.
    #[cfg(feature = "zstd")]
    Zstd {
        stream: zstd_safe::DCtx<'static>,
        out: Vec<u8>,
    },
}

/// Why a message could not be inflated. The connection is of no use after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// The bytes are not of that compression, or were damaged.
    #[cfg(any(feature = "zlib", feature = "zstd"))]
    Corrupt,
    /// The message is larger than [`MESSAGE_BYTES_MAX`].
    TooLarge,
}

impl Inflater {
    pub(crate) fn new(compression: Compression) -> Self {
        Self::with_max(compression, MESSAGE_BYTES_MAX)
    }

    fn with_max(compression: Compression, max: usize) -> Self {
        let form = match compression {
            Compression::None => Form::Plain(Vec::new()),
            #[cfg(feature = "zlib")]
            Compression::Zlib => Form::Zlib {
                stream: Box::new(flate2::Decompress::new(true)),
                out: Vec::new(),
                tail: [0xFF; 4],
            },
            #[cfg(feature = "zstd")]
            Compression::Zstd => Form::Zstd {
                stream: zstd_safe::DCtx::create(),
                out: Vec::new(),
            },
        };
        Self {
            form,
            max,
            keep: BUFFER_KEEP_MAX,
        }
    }

    /// Takes a websocket message in and returns the gateway message that it completes, if it does.
    ///
    /// The buffer is the caller's until it is given back by [`reuse`](Self::reuse).
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, InflateError> {
        match &mut self.form {
            Form::Plain(out) => {
                if bytes.len() > self.max {
                    return Err(InflateError::TooLarge);
                }
                out.clear();
                out.extend_from_slice(bytes);
                Ok(Some(std::mem::take(out)))
            }
            #[cfg(feature = "zlib")]
            Form::Zlib { stream, out, tail } => {
                zlib(stream, bytes, out, self.max)?;
                for byte in bytes
                    .get(bytes.len().saturating_sub(4)..)
                    .unwrap_or_default()
                {
                    tail.rotate_left(1);
                    tail[3] = *byte;
                }
                Ok((*tail == ZLIB_SUFFIX).then(|| {
                    *tail = [0xFF; 4];
                    std::mem::take(out)
                }))
            }
            #[cfg(feature = "zstd")]
            Form::Zstd { stream, out } => {
                zstd(stream, bytes, out, self.max)?;
                Ok(Some(std::mem::take(out)))
            }
        }
    }

    /// Takes a message's buffer back, so that the next one need not allocate.
    pub(crate) fn reuse(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > self.keep {
            return;
        }
        buffer.clear();
        *self.buffer() = buffer;
    }

    /// Keeps less from now on where memory is short, and gives back what it does not need now.
    pub(crate) fn press(&mut self, pressure: Pressure) {
        self.keep = pressure.share(BUFFER_KEEP_MAX);
        if pressure > Pressure::Low {
            self.buffer().shrink_to_fit();
        }
    }

    /// Where the next message is put together, if it is not lent.
    const fn buffer(&mut self) -> &mut Vec<u8> {
        match &mut self.form {
            Form::Plain(out) => out,
            #[cfg(feature = "zlib")]
            Form::Zlib { out, .. } => out,
            #[cfg(feature = "zstd")]
            Form::Zstd { out, .. } => out,
        }
    }
}

/// The largest message that is inflated. Discord's largest are guilds of some MiB; without a bound
/// a few KiB of compressed zeros could fill memory.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// A buffer that has grown beyond this is not kept, so that one huge guild does not hold its size.
const BUFFER_KEEP_MAX: usize = 4 << 20;

/// What zlib writes when it is flushed, which Discord does after each message.
#[cfg(feature = "zlib")]
const ZLIB_SUFFIX: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Room is made in steps of at least this: most messages are smaller.
#[cfg(any(feature = "zlib", feature = "zstd"))]
const GROW_BYTES: usize = 16 << 10;

/// Makes room in `out`, doubling, up to the bound and one byte: an output that fills that is too
/// large.
#[cfg(any(feature = "zlib", feature = "zstd"))]
fn make_room(out: &mut Vec<u8>, max: usize) -> Result<(), InflateError> {
    if out.len() > max {
        return Err(InflateError::TooLarge);
    }
    if out.len() == out.capacity() {
        out.reserve(GROW_BYTES.max(out.len()).min(max + 1 - out.len()));
    }
    Ok(())
}

#[cfg(feature = "zlib")]
fn zlib(
    stream: &mut flate2::Decompress,
    bytes: &[u8],
    out: &mut Vec<u8>,
    max: usize,
) -> Result<(), InflateError> {
    let begin = stream.total_in();
    loop {
        make_room(out, max)?;
        let consumed = usize::try_from(stream.total_in() - begin).unwrap_or(usize::MAX);
        let rest = bytes.get(consumed..).unwrap_or_default();
        let before = (stream.total_in(), out.len());
        let status = stream
            .decompress_vec(rest, out, flate2::FlushDecompress::Sync)
            .map_err(|_| InflateError::Corrupt)?;
        // The stream is never finished while the connection lives.
        if status == flate2::Status::StreamEnd {
            return Err(InflateError::Corrupt);
        }
        let drained = out.len() < out.capacity();
        let taken = usize::try_from(stream.total_in() - begin).unwrap_or(usize::MAX);
        if drained && taken >= bytes.len() {
            return if out.len() > max {
                Err(InflateError::TooLarge)
            } else {
                Ok(())
            };
        }
        if drained && before == (stream.total_in(), out.len()) {
            return Err(InflateError::Corrupt);
        }
    }
}

#[cfg(feature = "zstd")]
fn zstd(
    stream: &mut zstd_safe::DCtx<'static>,
    bytes: &[u8],
    out: &mut Vec<u8>,
    max: usize,
) -> Result<(), InflateError> {
    let mut input = zstd_safe::InBuffer::around(bytes);
    loop {
        make_room(out, max)?;
        let before = (input.pos(), out.len());
        let at = out.len();
        stream
            .decompress_stream(&mut zstd_safe::OutBuffer::around_pos(out, at), &mut input)
            .map_err(|_| InflateError::Corrupt)?;
        let drained = out.len() < out.capacity();
        if drained && input.pos() >= bytes.len() {
            return if out.len() > max {
                Err(InflateError::TooLarge)
            } else {
                Ok(())
            };
        }
        if drained && before == (input.pos(), out.len()) {
            return Err(InflateError::Corrupt);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(inflater: &mut Inflater, bytes: &[u8]) -> Option<Vec<u8>> {
        inflater.push(bytes).unwrap()
    }

    #[test]
    fn plain_messages_pass() {
        let mut inflater = Inflater::new(Compression::None);
        assert_eq!(whole(&mut inflater, b"{}").unwrap(), b"{}");
    }

    #[cfg(feature = "zlib")]
    fn deflate(stream: &mut flate2::Compress, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len() * 2 + 64);
        stream
            .compress_vec(message, &mut out, flate2::FlushCompress::Sync)
            .unwrap();
        assert!(out.ends_with(&ZLIB_SUFFIX));
        out
    }

    #[cfg(feature = "zlib")]
    #[test]
    fn a_zlib_message_may_come_in_pieces_of_any_size() {
        let messages = [
            "{\"a\":1}".to_owned(),
            "x".repeat(100_000),
            "{\"a\":1}".to_owned(),
        ];
        for size in [1, 2, 3, 4, 5, 7, 1000] {
            let mut deflater = flate2::Compress::new(flate2::Compression::default(), true);
            let mut inflater = Inflater::new(Compression::Zlib);
            for message in &messages {
                let packed = deflate(&mut deflater, message.as_bytes());
                let mut pieces = packed.chunks(size).peekable();
                while let Some(piece) = pieces.next() {
                    let done = inflater.push(piece).unwrap();
                    assert_eq!(done.is_some(), pieces.peek().is_none(), "pieces of {size}");
                    if let Some(done) = done {
                        assert_eq!(done, message.as_bytes());
                        inflater.reuse(done);
                    }
                }
            }
        }
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_messages_share_a_frame() {
        let mut deflater = zstd_safe::CCtx::create();
        let mut inflater = Inflater::new(Compression::Zstd);
        for message in [
            "{\"a\":1}".to_owned(),
            "x".repeat(300_000),
            "{\"a\":1}".to_owned(),
        ] {
            let mut packed = Vec::with_capacity(message.len() + 1024);
            let mut output = zstd_safe::OutBuffer::around(&mut packed);
            let mut input = zstd_safe::InBuffer::around(message.as_bytes());
            deflater.compress_stream(&mut output, &mut input).unwrap();
            assert_eq!(deflater.flush_stream(&mut output).unwrap(), 0);
            let done = whole(&mut inflater, &packed).unwrap();
            assert_eq!(done, message.as_bytes());
            inflater.reuse(done);
        }
    }

    #[test]
    fn under_pressure_less_is_kept_and_a_message_under_way_survives() {
        for compression in Compression::ALL {
            let mut inflater = Inflater::new(*compression);
            inflater.reuse(Vec::with_capacity(BUFFER_KEEP_MAX));
            assert!(inflater.buffer().capacity() >= BUFFER_KEEP_MAX);
            inflater.press(Pressure::High);
            assert_eq!(inflater.buffer().capacity(), 0);
            inflater.reuse(Vec::with_capacity(BUFFER_KEEP_MAX / 4 + 1));
            assert_eq!(inflater.buffer().capacity(), 0);
            inflater.reuse(Vec::with_capacity(1_000));
            assert!(inflater.buffer().capacity() >= 1_000);
            inflater.press(Pressure::Low);
            inflater.reuse(Vec::with_capacity(BUFFER_KEEP_MAX));
            assert!(inflater.buffer().capacity() >= BUFFER_KEEP_MAX);
        }
        #[cfg(feature = "zlib")]
        {
            let mut deflater = flate2::Compress::new(flate2::Compression::default(), true);
            let mut inflater = Inflater::new(Compression::Zlib);
            let message = "x".repeat(100_000);
            let packed = deflate(&mut deflater, message.as_bytes());
            let (first, second) = packed.split_at(packed.len() / 2);
            assert_eq!(whole(&mut inflater, first), None);
            inflater.press(Pressure::Critical);
            assert_eq!(whole(&mut inflater, second).unwrap(), message.as_bytes());
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        const MAX: usize = 1 << 20;
        #[cfg(feature = "zlib")]
        {
            let mut deflater = flate2::Compress::new(flate2::Compression::best(), true);
            let mut inflater = Inflater::with_max(Compression::Zlib, MAX);
            let packed = deflate(&mut deflater, &vec![0; MAX + 1]);
            assert!(packed.len() < 100_000);
            assert_eq!(inflater.push(&packed), Err(InflateError::TooLarge));
        }
        #[cfg(feature = "zstd")]
        {
            let mut packed = Vec::with_capacity(1 << 20);
            zstd_safe::compress(&mut packed, &vec![0; MAX + 1], 3).unwrap();
            let mut inflater = Inflater::with_max(Compression::Zstd, MAX);
            assert_eq!(inflater.push(&packed), Err(InflateError::TooLarge));
        }
        let mut inflater = Inflater::with_max(Compression::None, MAX);
        assert_eq!(
            inflater.push(&vec![0; MAX + 1]),
            Err(InflateError::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hang(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8),
        ) {
            for compression in Compression::ALL {
                let mut inflater = Inflater::new(*compression);
                for frame in &frames {
                    if inflater.push(frame).is_err() {
                        break;
                    }
                }
            }
        }
    }
}
