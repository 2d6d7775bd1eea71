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
