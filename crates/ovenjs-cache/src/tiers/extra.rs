//! What may be said of a value beside what it is.

use std::time::Duration;

use super::{KeyError, Keyspace, Named, Priority, Tag, Version};

/// Tags, lifetimes, version and priority of a value that is put or loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extra {
    /// What it is stale with; see [`Tiered::invalidate`](super::Tiered::invalidate). At most
    /// [`TAGS_MAX`](super::TAGS_MAX).
    pub tags: Vec<Tag>,
    /// For how long it is fresh, where that is not the keyspace's.
    pub fresh: Option<Duration>,
    /// For how long it is there at all, where that is not the keyspace's.
    pub kept: Option<Duration>,
    /// Its place in the order of whoever writes it: an event's, by [`Version::of_shard`]. Without one it is
    /// this process's next. A loader's value has none. With source 0 its sequence begins with the millisecond
    /// since 1970, shifted by twenty bits, since it is compared with when something was loaded.
    pub version: Option<Version>,
    /// What it is worth in memory beside the others. Default: what it was, as long as it is in memory, else
    /// [`Priority::Normal`].
    pub priority: Option<Priority>,
}

impl Extra {
    /// Nothing beside the value.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tags: Vec::new(),
            fresh: None,
            kept: None,
            version: None,
            priority: None,
        }
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }

    /// The value is made of this one of a keyspace [with dependents](super::KeyspaceConfig::with_dependents),
    /// and stale as soon as that one is written or removed. What that one is made of has to be named as well:
    /// whoever knows it has it at hand, and a circle does no harm.
    ///
    /// # Errors
    ///
    /// A name that is none.
    pub fn depends_on<K: Named, V>(
        mut self,
        keyspace: &Keyspace<K, V>,
        name: &K,
    ) -> Result<Self, KeyError>
    where
        V: Send + Sync + 'static,
    {
        self.tags.push(keyspace.tag_of(name)?);
        Ok(self)
    }

    /// Sets for how long the value is fresh, and for how long it is there at all.
    #[must_use]
    pub const fn lifetimes(mut self, fresh: Duration, kept: Duration) -> Self {
        self.fresh = Some(fresh);
        self.kept = Some(kept);
        self
    }

    /// Sets its place in the order of whoever writes it.
    #[must_use]
    pub const fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets what it is worth in memory beside the others.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }
}
