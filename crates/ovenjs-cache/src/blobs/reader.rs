//! A blob that is too large for memory, in pieces.

use std::{fmt, sync::atomic::Ordering};

use bytes::Bytes;
use ring::digest::{Context, SHA256};

use super::{
    Asset, Blob, BlobError, Blobs,
    tier::{damaged, place_of},
};

/// A blob that is read piece by piece.
pub struct BlobReader {
    blobs: Blobs,
    asset: Asset,
    blob: Blob,
    context: Context,
    at: u64,
}

impl BlobReader {
    pub(super) fn new(blobs: &Blobs, asset: &Asset, blob: Blob) -> Self {
        Self {
            blobs: blobs.clone(),
            asset: asset.clone(),
            blob,
            context: Context::new(&SHA256),
            at: 0,
        }
    }

    /// What the index says of it.
    #[must_use]
    pub const fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The next piece, of at most 256 KiB; nothing after the last. One that was dropped is read again.
    ///
    /// # Errors
    ///
    /// The store's; [`Damaged`](super::BlobErrorKind::Damaged) where the whole is not what was written, or went meanwhile: forget
    /// what came, and [open](Blobs::open) it again, which fetches it anew.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.at >= self.blob.bytes {
            return Ok(None);
        }
        let name = place_of(&self.asset, &self.blob.hash);
        let piece = self.blobs.0.store.read(&name, self.at, PIECE_BYTES).await?;
        let piece = piece.unwrap_or_default();
        self.at = self
            .at
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.context.update(&piece);
        let is_last = self.at >= self.blob.bytes;
        let is_right = !piece.is_empty()
            && (!is_last || self.context.clone().finish().as_ref() == self.blob.hash);
        if is_right {
            return Ok(Some(piece));
        }
        self.at = self.blob.bytes;
        self.blobs.0.counts.damaged.fetch_add(1, Ordering::Relaxed);
        self.blobs.mend(&self.asset, &self.blob).await?;
        Err(damaged())
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader")
            .field("blob", &self.blob)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// How much of a blob is read at a time: what a disk and a bucket give in some milliseconds.
const PIECE_BYTES: usize = 256 << 10;
