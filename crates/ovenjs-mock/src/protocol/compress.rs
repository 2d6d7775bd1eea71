//! Transport compression: one context per connection, one flush per payload.

use flate2::{Compress, Compression, FlushCompress};
use zstd_safe::{CCtx, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};

/// How payloads leave a connection.
pub(super) enum Compressor {
    Plain,
    Zlib(Box<Compress>),
    Zstd(CCtx<'static>),
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One websocket message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(Vec<u8>),
    Binary(Vec<u8>),
}

impl Frame {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }

    /// The same with a first byte that begins neither JSON nor a block of zlib or of zstd.
    pub(super) fn corrupted(self) -> Self {
        let spoil = |mut bytes: Vec<u8>| {
            if let Some(first) = bytes.first_mut() {
                *first = 0xff;
            }
            bytes
        };
        match self {
            Self::Text(bytes) => Self::Text(spoil(bytes)),
            Self::Binary(bytes) => Self::Binary(spoil(bytes)),
        }
    }
}

impl Compressor {
    /// By the value of the query parameter `compress`; `None` for one that Discord does not know.
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("") => Some(Self::Plain),
            Some("zlib-stream") => Some(Self::Zlib(Box::new(Compress::new(LEVEL, true)))),
            Some("zstd-stream") => Some(Self::Zstd(CCtx::create())),
            Some(_) => None,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Plain => "none",
            Self::Zlib(_) => "zlib-stream",
            Self::Zstd(_) => "zstd-stream",
        }
    }

    /// `packet` asks for a compressed packet of its own where the transport is not compressed.
    pub(super) fn frame(&mut self, payload: Vec<u8>, packet: bool) -> Frame {
        match self {
            Self::Plain if packet && payload.len() >= WORTH_A_PACKET => {
                let mut once = Compress::new(LEVEL, true);
                Frame::Binary(deflate(&mut once, &payload, FlushCompress::Finish))
            }
            Self::Plain => Frame::Text(payload),
            Self::Zlib(context) => Frame::Binary(deflate(context, &payload, FlushCompress::Sync)),
            Self::Zstd(context) => Frame::Binary(zstd(context, &payload)),
        }
    }
}

fn deflate(context: &mut Compress, payload: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() / 2 + ROOM);
    let start = context.total_in();
    loop {
        let taken = usize::try_from(context.total_in() - start).unwrap_or(usize::MAX);
        let rest = payload.get(taken..).unwrap_or_default();
        if context.compress_vec(rest, &mut out, flush).is_err() {
            // Only a misused context fails, and this one is used here alone.
            break;
        }
        let all_taken =
            context.total_in() - start == u64::try_from(payload.len()).unwrap_or(u64::MAX);
        if all_taken && out.len() < out.capacity() {
            break;
        }
        out.reserve(ROOM);
    }
    out
}

fn zstd(context: &mut CCtx<'static>, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() / 2 + ROOM);
    let mut input = InBuffer::around(payload);
    loop {
        let mut piece = Vec::with_capacity(CCtx::out_size());
        let left = context.compress_stream2(
            &mut OutBuffer::around(&mut piece),
            &mut input,
            ZSTD_EndDirective::ZSTD_e_flush,
        );
        out.append(&mut piece);
        match left {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    out
}

/// The fastest: any level inflates alike, and a stream on this machine has bytes to spare but no time.
const LEVEL: Compression = Compression::new(1);

/// A zlib block needs a few bytes even for nothing; this is room enough for the end of any.
const ROOM: usize = 256;

/// Below this a packet of its own grows instead of shrinking.
const WORTH_A_PACKET: usize = 256;
