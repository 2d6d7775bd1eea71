//! The backup as what one falls back on: made, turned to another key, looked through and restored.

use std::sync::Arc;

use super::{
    Keys, Place, Retention, RetentionError, Tier,
    library::Library,
    mover::{Source, forget},
    title::Shelf,
};
use crate::blobs::BlobStore;

/// What was done with the weeks of a tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// How many weeks were looked at.
    pub places: u64,
    /// How many of them were written.
    pub written: u64,
    /// How many entries they have that were read and are what was written once.
    pub entries: u64,
    /// What was wrong with the others. Those were left as they are.
    pub failures: Vec<String>,
}

impl Retention {
    /// Copies into the backup what no archive has yet, also of the weeks that are still warm. The [mover](Self::run)
    /// archives what it seals; this is for the rest, so that the backup alone is enough after a database is lost.
    ///
    /// Each archive is decrypted and compared once it is written.
    ///
    /// ```
    /// use ovenjs_cache::blobs::{Folder, MemoryBlobs};
    /// use ovenjs_cache::retention::{Entry, EntryId, Keys, MemoryWarm, Policy, Retention};
    /// # use ovenjs_types::Secret;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// # let temporary = tempfile::tempdir()?;
    /// let archives = Folder::new(temporary.path());
    /// let keys = Keys::new("2026", &Secret::new("07".repeat(32)))?;
    /// let kept = Retention::builder(MemoryWarm::new())
    ///     .cold(MemoryBlobs::new())
    ///     .backup(archives, keys)
    ///     .class("moderation", Policy::new())
    ///     .build()?;
    /// kept.put("moderation", Entry::new(days_ago(1), "warned")).await?;
    /// let checked = kept.backup().await?;
    /// assert_eq!((checked.places, checked.written, checked.failures.len()), (1, 1, 0));
    /// // What has not changed since is not written again.
    /// assert_eq!(kept.backup().await?.written, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A tier did not say what it holds. What goes wrong with a single week is told by [`Checked::failures`].
    pub async fn backup(&self) -> Result<Checked, RetentionError> {
        let mut checked = Checked::default();
        let Some(backup) = &self.0.backup else {
            return Ok(checked);
        };
        let inventory = self.inventory().await?;
        let wants = |place: &Place| {
            let policy = self.0.policies.get(&place.class);
            policy.is_some_and(|policy| {
                policy.has(Tier::Backup) && !policy.is_over(self.now_ms(), place.ends_ms())
            })
        };
        for held in inventory.cold.iter().chain(&inventory.warm) {
            let place = &held.place;
            if !wants(place) {
                continue;
            }
            checked.places += 1;
            let sources = [Source::Warm]
                .into_iter()
                .chain(self.libraries().map(Source::Library));
            let sources: Vec<_> = sources.collect();
            match self.rewrite(place, &sources, backup, true).await {
                Ok(is_new) => {
                    checked.written += u64::from(is_new);
                    checked.entries += held.entries;
                }
                Err(error) => checked.failures.push(format!("{place}: {error}")),
            }
        }
        Ok(checked)
    }

    /// Restores what these archives hold and the tiers do not: into cold, or into the backup what is too old for it.
    ///
    /// All archives of a week are decrypted and each hash compared before anything of the week is written. What is
    /// there already is kept beside; where it is damaged, it is replaced. Entries of users who had them erased stay
    /// away, as far as the backup, the database or these archives remember, and what the archives remember is erased
    /// here too by the next [run](Self::run); entries that are too old come as far as that run.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ovenjs_cache::blobs::{Folder, MemoryBlobs};
    /// use ovenjs_cache::retention::{Entry, EntryId, Keys, MemoryWarm, Policy, Retention};
    /// # use ovenjs_types::Secret;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// # let temporary = tempfile::tempdir()?;
    /// let archives = Folder::new(temporary.path());
    /// let keys = || Keys::new("2026", &Secret::new("07".repeat(32)));
    /// let open = |archives: Folder| {
    ///     Retention::builder(MemoryWarm::new())
    ///         .cold(MemoryBlobs::new())
    ///         .backup(archives, keys()?)
    ///         .class("moderation", Policy::new())
    ///         .build()
    /// };
    /// let kept = open(archives.clone())?;
    /// kept.put("moderation", Entry::new(days_ago(1), "warned")).await?;
    /// kept.backup().await?;
    ///
    /// // A machine that has nothing but the archives and the key.
    /// let elsewhere = open(Folder::new(temporary.path().join("elsewhere")))?;
    /// assert_eq!(elsewhere.get("moderation", days_ago(1)).await?, None);
    /// let restored = elsewhere.restore(Arc::new(archives.clone()), keys()?).await?;
    /// assert_eq!((restored.written, restored.entries, restored.failures.len()), (1, 1, 0));
    /// assert_eq!(elsewhere.get("moderation", days_ago(1)).await?.unwrap().body(), "warned");
    /// // With another key of that name nothing is written, and the reason is told.
    /// let other = Keys::new("2026", &Secret::new("2a".repeat(32)))?;
    /// let restored = elsewhere.restore(Arc::new(archives), other).await?;
    /// assert!(restored.written == 0 && restored.failures[0].contains("another one"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The archives could not be listed, or what they remember not be written down: nothing was restored. What goes wrong with a single week is told by [`Checked::failures`].
    pub async fn restore(
        &self,
        archives: Arc<dyn BlobStore>,
        keys: Keys,
    ) -> Result<Checked, RetentionError> {
        let source = Library::backup(archives, Arc::new(keys));
        self.adopt_erasures(&source).await?;
        let mut checked = Checked::default();
        for (place, shelf) in source.shelves().await? {
            checked.places += 1;
            match self.restore_place(&source, &place, &shelf).await {
                Ok((is_new, entries)) => {
                    checked.written += u64::from(is_new);
                    checked.entries += entries;
                }
                Err(error) => checked.failures.push(format!("{place}: {error}")),
            }
        }
        Ok(checked)
    }

    async fn restore_place(
        &self,
        source: &Library,
        place: &Place,
        shelf: &Shelf,
    ) -> Result<(bool, u64), RetentionError> {
        let (_, policy) = self.policy(place.class.as_str())?;
        let entries = verify(source, place, shelf).await?;
        let is_cold = policy.age(Tier::Cold).is_some_and(|age| {
            place.ends_ms().saturating_add(super::entry::millis(age)) > self.now_ms()
        });
        let tier = if is_cold { Tier::Cold } else { Tier::Backup };
        let Some(target) = self.library(tier) else {
            return Ok((false, entries));
        };
        let there = target.shelf(place).await?;
        let mut sources = Vec::new();
        let is_sound = there.all.is_empty() || verify(target, place, &there).await.is_ok();
        if is_sound {
            sources.push(Source::Library(target));
        }
        sources.push(Source::Library(source));
        let is_new = self.rewrite(place, &sources, target, is_sound).await?;
        Ok((is_new, entries))
    }

    /// Writes what the sources have in the place of what is there; whether that is something else.
    async fn rewrite(
        &self,
        place: &Place,
        sources: &[Source<'_>],
        library: &Library,
        is_sound: bool,
    ) -> Result<bool, RetentionError> {
        let old = library.shelf(place).await?;
        let new = self.bind(place, sources, library, is_sound).await?;
        forget(library, place, &old.all, &new).await?;
        Ok(old.current != new)
    }

    /// Lets the key that writes wrap the keys of all archives that another one wrapped. After it, the older keys are
    /// needed for nothing here, and can be destroyed.
    ///
    /// ```
    /// use ovenjs_cache::blobs::{Folder, MemoryBlobs};
    /// use ovenjs_cache::retention::{Entry, EntryId, Keys, MemoryWarm, Policy, Retention};
    /// # use ovenjs_types::Secret;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// # let temporary = tempfile::tempdir()?;
    /// let archives = Folder::new(temporary.path());
    /// let open = |keys: Keys| {
    ///     Retention::builder(MemoryWarm::new())
    ///         .cold(MemoryBlobs::new())
    ///         .backup(archives.clone(), keys)
    ///         .class("moderation", Policy::new())
    ///         .build()
    /// };
    /// let (old, new) = (Secret::new("07".repeat(32)), Secret::new("2a".repeat(32)));
    /// let kept = open(Keys::new("2026", &old)?)?;
    /// kept.put("moderation", Entry::new(days_ago(400), "warned")).await?;
    /// kept.run().await?;
    ///
    /// let kept = open(Keys::new("2027", &new)?.also_read("2026", &old)?)?;
    /// assert_eq!(kept.rekey().await?.written, 1);
    /// // From now on the new one alone reads.
    /// let kept = open(Keys::new("2027", &new)?)?;
    /// assert_eq!(kept.get("moderation", days_ago(400)).await?.unwrap().body(), "warned");
    /// assert!(open(Keys::new("2026", &old)?)?.get("moderation", days_ago(400)).await.is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The archives could not be listed. What goes wrong with a single week is told by [`Checked::failures`]: keep the
    /// older keys then.
    pub async fn rekey(&self) -> Result<Checked, RetentionError> {
        let mut checked = Checked::default();
        let Some(backup) = &self.0.backup else {
            return Ok(checked);
        };
        for (place, shelf) in backup.shelves().await? {
            checked.places += 1;
            let mut is_new = false;
            for (title, _) in &shelf.all {
                match backup.rekey(&place, title).await {
                    Ok(was_other) => {
                        is_new |= was_other;
                        checked.entries += title.entries;
                    }
                    Err(error) => checked.failures.push(error.to_string()),
                }
            }
            checked.written += u64::from(is_new);
        }
        Ok(checked)
    }

    /// Encrypts all archives anew, each with a fresh key that the key that writes wraps: after a key leaked, as who had
    /// it may have kept those of the archives, which [`rekey`](Self::rekey) leaves as they are. It reads and writes all
    /// archives whole.
    ///
    /// ```
    /// use ovenjs_cache::blobs::{Folder, MemoryBlobs};
    /// use ovenjs_cache::retention::{Entry, EntryId, Keys, MemoryWarm, Policy, Retention};
    /// # use ovenjs_types::Secret;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// # let temporary = tempfile::tempdir()?;
    /// let archives = Folder::new(temporary.path());
    /// let open = |keys: Keys| {
    ///     Retention::builder(MemoryWarm::new())
    ///         .cold(MemoryBlobs::new())
    ///         .backup(archives.clone(), keys)
    ///         .class("moderation", Policy::new())
    ///         .build()
    /// };
    /// let (leaked, new) = (Secret::new("07".repeat(32)), Secret::new("2a".repeat(32)));
    /// let kept = open(Keys::new("2026", &leaked)?)?;
    /// kept.put("moderation", Entry::new(days_ago(400), "warned")).await?;
    /// kept.run().await?;
    ///
    /// let kept = open(Keys::new("2027", &new)?.also_read("2026", &leaked)?)?;
    /// let resealed = kept.reseal().await?;
    /// assert_eq!((resealed.written, resealed.entries, resealed.failures.len()), (1, 1, 0));
    /// let kept = open(Keys::new("2027", &new)?)?;
    /// assert_eq!(kept.get("moderation", days_ago(400)).await?.unwrap().body(), "warned");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The archives could not be listed. What goes wrong with a single week is told by [`Checked::failures`]: keep the
    /// older keys then, and do it again.
    pub async fn reseal(&self) -> Result<Checked, RetentionError> {
        let mut checked = Checked::default();
        let Some(backup) = &self.0.backup else {
            return Ok(checked);
        };
        for (place, shelf) in backup.shelves().await? {
            checked.places += 1;
            let before = checked.failures.len();
            for (title, _) in &shelf.all {
                match backup.reseal(&place, title).await {
                    Ok(()) => checked.entries += title.entries,
                    Err(error) => checked.failures.push(error.to_string()),
                }
            }
            checked.written += u64::from(checked.failures.len() == before);
        }
        Ok(checked)
    }

    /// Reads all volumes and archives, and compares each with its hash. Nothing is written.
    ///
    /// ```
    /// use ovenjs_cache::blobs::{BlobStore as _, Folder};
    /// use ovenjs_cache::retention::{Entry, EntryId, MemoryWarm, Policy, Retention, Tier};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// # let temporary = tempfile::tempdir()?;
    /// let cold = Folder::new(temporary.path());
    /// let kept = Retention::builder(MemoryWarm::new())
    ///     .cold(cold.clone())
    ///     .class("moderation", Policy::new().keep(Tier::Backup, None))
    ///     .build()?;
    /// kept.put("moderation", Entry::new(days_ago(100), "warned")).await?;
    /// kept.run().await?;
    /// let checked = kept.verify().await?;
    /// assert_eq!((checked.entries, checked.failures.len()), (1, 0));
    ///
    /// let (file, _) = cold.names("").await?.remove(0);
    /// cold.write(&file, "mould"[..].into()).await?;
    /// let checked = kept.verify().await?;
    /// assert!(checked.entries == 0 && checked.failures[0].contains(&file));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// They could not be listed. What is wrong with a single week is told by [`Checked::failures`].
    pub async fn verify(&self) -> Result<Checked, RetentionError> {
        let mut checked = Checked::default();
        for library in self.libraries() {
            for (place, shelf) in library.shelves().await? {
                checked.places += 1;
                match verify(library, &place, &shelf).await {
                    Ok(entries) => checked.entries += entries,
                    Err(error) => checked.failures.push(error.to_string()),
                }
            }
        }
        Ok(checked)
    }
}

/// How many entries the volumes have that count, if they are whole and what was written.
async fn verify(library: &Library, place: &Place, shelf: &Shelf) -> Result<u64, RetentionError> {
    if !shelf.is_whole {
        return Err(RetentionError::damaged(
            &place.to_string(),
            "lacks a volume",
        ));
    }
    let mut entries = 0;
    for title in &shelf.current {
        entries += library.verify(place, title).await?;
    }
    Ok(entries)
}
