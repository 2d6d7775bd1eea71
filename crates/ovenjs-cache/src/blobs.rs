//! Whole files under names: what moves there when it is old, and attachments and pictures that are dear to fetch.
//!
//! [`BlobStore`] is the port: a [`Folder`], a bucket (`S3`) or the process itself. What is [retained](crate::retention)
//! for years lies in one, and behind the feature `blobs` so does what `Blobs` fetches: attachments and static assets,
//! found by their address or name, kept by their content.

#[cfg(feature = "blobs")]
mod asset;
#[cfg(feature = "blobs")]
mod config;
#[cfg(feature = "blobs")]
mod error;
mod folder;
#[cfg(feature = "blobs")]
mod http;
#[cfg(feature = "blobs")]
mod ledger;
#[cfg(feature = "blobs")]
mod origin;
#[cfg(feature = "blobs")]
mod own;
#[cfg(feature = "blobs")]
mod reader;
#[cfg(feature = "blobs")]
mod s3;
mod store;
#[cfg(feature = "blobs")]
mod tier;

#[cfg(feature = "blobs")]
pub use asset::{ADDRESS_BYTES_MAX, Asset};
#[cfg(feature = "blobs")]
pub use config::{BlobsConfig, REFRESHED_AT_ONCE, Refresh, Refreshing};
#[cfg(feature = "blobs")]
pub use error::{BlobError, BlobErrorKind};
pub use folder::Folder;
#[cfg(feature = "blobs")]
pub use origin::{FETCHES_MAX, OriginConfig};
#[cfg(feature = "blobs")]
pub use reader::BlobReader;
#[cfg(feature = "blobs")]
pub use s3::{S3, S3Config};
pub use store::{BlobStore, MemoryBlobs};
#[cfg(feature = "blobs")]
pub use tier::{Blob, BlobStats, Blobs};

/// The SHA-256 of a blob.
#[cfg(feature = "blobs")]
type Hash = [u8; 32];
