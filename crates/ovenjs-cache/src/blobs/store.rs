//! The port to what keeps files, and one in the process itself.

use std::{
    collections::BTreeMap,
    fmt,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::tiers::Asked;

/// What keeps whole files under names, as a folder or an object store does.
///
/// Names have parts of `a`–`z`, `0`–`9`, `_`, `-` and `.`, with `/` between them. What was written and acknowledged
/// survives the end of the machine. No call waits for ever.
///
/// # Errors
///
/// Every call: [`StoreFault`](crate::tiers::StoreFault) says what to do.
pub trait BlobStore: fmt::Debug + Send + Sync {
    /// Writes the file whole or not at all, in the place of the one of that name.
    fn write<'a>(&'a self, name: &'a str, bytes: Bytes) -> Asked<'a, ()>;

    /// Up to `limit` bytes from this place on; fewer where it ends before, and nothing where there is no such file.
    fn read<'a>(&'a self, name: &'a str, from: u64, limit: usize) -> Asked<'a, Option<Bytes>>;

    /// The names that begin so, which is nothing or ends in `/`, and how many bytes each file has.
    fn names<'a>(&'a self, prefix: &'a str) -> Asked<'a, Vec<(String, u64)>>;

    /// Forgets the file, if it is there.
    fn remove<'a>(&'a self, name: &'a str) -> Asked<'a, ()>;
}

/// A [`BlobStore`] that ends with the process, for tests.
#[derive(Default)]
pub struct MemoryBlobs(Mutex<BTreeMap<String, Bytes>>);

impl MemoryBlobs {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobStore for MemoryBlobs {
    fn write<'a>(&'a self, name: &'a str, bytes: Bytes) -> Asked<'a, ()> {
        self.files().insert(name.to_owned(), bytes);
        Box::pin(ready(Ok(())))
    }

    fn read<'a>(&'a self, name: &'a str, from: u64, limit: usize) -> Asked<'a, Option<Bytes>> {
        let found = self.files().get(name).map(|bytes| {
            let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
            bytes.slice(from..from.saturating_add(limit).min(bytes.len()))
        });
        Box::pin(ready(Ok(found)))
    }

    fn names<'a>(&'a self, prefix: &'a str) -> Asked<'a, Vec<(String, u64)>> {
        let files = self.files();
        let found = files.iter().filter(|(name, _)| name.starts_with(prefix));
        let len = |bytes: &Bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let found = found
            .map(|(name, bytes)| (name.clone(), len(bytes)))
            .collect();
        Box::pin(ready(Ok(found)))
    }

    fn remove<'a>(&'a self, name: &'a str) -> Asked<'a, ()> {
        self.files().remove(name);
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for MemoryBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryBlobs")
            .field(&self.files().len())
            .finish()
    }
}

/// Whether it is a name of a file.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |part: &str| {
        let mut letters = part.bytes();
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && letters.all(fits)
    };
    name.split('/').all(is_plain)
}
