//! The cache's stores on real servers and files.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the stories' helpers fail by panicking, as the stories do"
)]

#[cfg(feature = "blobs")]
mod blobs;
#[cfg(feature = "redis")]
#[path = "../../../ovenjs-net/tests/it/certificate.rs"]
#[expect(dead_code, reason = "no server here speaks TLS")]
mod certificate;
#[cfg(feature = "redis")]
#[path = "../../../ovenjs-net/tests/it/cluster.rs"]
#[expect(dead_code, reason = "which slot moves is the store's matter here")]
mod cluster;
#[cfg(any(feature = "postgres", feature = "sqlite", feature = "mysql"))]
mod databases;
#[cfg(feature = "tiers")]
mod journal;
#[cfg(feature = "tiers")]
mod log;
mod model;
#[path = "../../../ovenjs-net/tests/it/polled.rs"]
mod polled;
#[cfg(feature = "redis")]
mod redis;
#[cfg(all(feature = "redis", feature = "tiers"))]
mod redis_cluster;
#[cfg(all(feature = "postgres", feature = "tiers"))]
mod replicas;
#[cfg(feature = "retention")]
mod retention;
mod rooms;
#[cfg(feature = "redis")]
#[path = "../../../ovenjs-net/tests/it/server.rs"]
#[expect(dead_code, reason = "no server here speaks TLS")]
mod server;
mod stores;
