//! How full the cache is.

/// How many of each kind the cache holds at the moment; counts may lag behind by some writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Guilds.
    pub guilds: u64,
    /// Channels and threads.
    pub channels: u64,
    /// Members.
    pub members: u64,
    /// Messages.
    pub messages: u64,
}
