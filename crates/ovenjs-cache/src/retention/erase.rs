//! Erasing what is about a user, in every tier of the retention.

use ovenjs_types::{Id, marker::UserMarker};

use super::{
    Class, EntryId, ErasedIn, Erasure, ErasureReport, Moved, Place, Retention, RetentionError,
    Tier,
    library::Library,
    mover::{Source, forget},
    reads::SKEW_MS,
};

impl Retention {
    /// Erases all entries about the user that happened until now, in every tier of the retention, and reads all again to
    /// see that it is so. Entries about several users go as well. What happens later than a minute from now stays; what
    /// is older is refused from now on.
    ///
    /// The wish is written down first. From then on no entry that it covers is put, sealed, archived or restored,
    /// and after 20 s none is read by another process either, whatever is broken off or fails here: the
    /// [mover](Self::run) goes on where this did not come through, and looks once more after another minute, for entries
    /// that were being put meanwhile.
    ///
    /// It does not reach what is kept elsewhere: keyspaces of [`tiers`](crate::tiers), the mirror, blobs, logs, and the
    /// database's own backups and write-ahead log. Volumes and archives that hold such entries are written anew without them, so this takes as long as reading
    /// and writing those does. Copies of archives that lie elsewhere still hold them: see [`Keys`](super::Keys) for how
    /// to make these unreadable.
    ///
    /// # Errors
    ///
    /// The wish could not be written down: nothing was done. What goes wrong in one tier is told by the report.
    pub async fn erase_user(&self, user: Id<UserMarker>) -> Result<ErasureReport, RetentionError> {
        let erasure = Erasure {
            user,
            until_ms: self.now_ms().saturating_add(SKEW_MS),
            is_confirmed: false,
        };
        self.write_down(&erasure).await?;
        self.load_erasures().await?;
        Ok(self.erase(&erasure).await)
    }

    async fn write_down(&self, erasure: &Erasure) -> Result<(), RetentionError> {
        if let Some(backup) = &self.0.backup {
            let name = erasure.name();
            backup.blobs.write(&name, bytes::Bytes::new()).await?;
        }
        Ok(self.0.warm.remember(erasure).await?)
    }

    /// Takes over the wishes that are noted beside archives which come from elsewhere.
    pub(super) async fn adopt_erasures(&self, archives: &Library) -> Result<(), RetentionError> {
        let known = self.load_erasures().await?;
        // Nobody wished for anything that is yet to come.
        let latest_ms = self.now_ms().saturating_add(SKEW_MS);
        for mut wish in archives.erasures().await? {
            wish.until_ms = wish.until_ms.min(latest_ms);
            let mut known = known.iter();
            if !known.any(|known| known.user == wish.user && known.until_ms >= wish.until_ms) {
                self.write_down(&wish).await?;
            }
        }
        self.load_erasures().await?;
        Ok(())
    }

    /// Does what was wished before and did not come through, or was wished so lately that somebody may have put an
    /// entry meanwhile; forgets wishes that no archive is old enough for.
    pub(super) async fn finish_erasures(&self, moved: &mut Moved) -> Result<(), RetentionError> {
        let now_ms = self.now_ms();
        let last_ms = self
            .0
            .policies
            .values()
            .map(|policy| policy.last_ms())
            .max()
            .unwrap_or(0);
        for erasure in self.load_erasures().await?.iter() {
            if !erasure.is_confirmed {
                let report = self.erase(erasure).await;
                let is_settled = erasure.until_ms.saturating_add(SETTLE_MS) <= now_ms;
                if !report.is_complete() {
                    let failures = report.tiers.iter().filter_map(|tier| tier.failure.clone());
                    moved.failures.extend(failures);
                } else if is_settled {
                    let confirmed = Erasure {
                        is_confirmed: true,
                        ..*erasure
                    };
                    self.0.warm.remember(&confirmed).await?;
                    moved.erased += 1;
                }
            } else if erasure.until_ms.saturating_add(last_ms) <= now_ms {
                if let Some(backup) = &self.0.backup {
                    backup.blobs.remove(&erasure.name()).await?;
                }
                self.0.warm.forget(erasure.user, erasure.until_ms).await?;
            }
        }
        self.load_erasures().await?;
        Ok(())
    }

    async fn erase(&self, erasure: &Erasure) -> ErasureReport {
        let mut tiers = Vec::new();
        for tier in Tier::ALL {
            let mut done = ErasedIn {
                tier,
                erased: 0,
                rewritten: 0,
                left: None,
                failure: None,
            };
            let outcome = match (tier, self.library(tier)) {
                (Tier::Hot, _) if self.0.hot.is_none() => continue,
                (Tier::Hot, _) => self.erase_hot(erasure, &mut done).await,
                (Tier::Warm, _) => self.erase_warm(erasure, &mut done).await,
                (_, Some(library)) => self.erase_volumes(library, erasure, &mut done).await,
                (_, None) => continue,
            };
            done.failure = outcome.err().map(|error| error.to_string());
            tiers.push(done);
        }
        for done in &mut tiers {
            match self.covered(done.tier, erasure).await {
                Ok(left) => done.left = Some(left),
                Err(error) => {
                    done.failure = done.failure.take().or_else(|| Some(error.to_string()))
                }
            }
        }
        ErasureReport {
            user: erasure.user,
            until_ms: erasure.until_ms,
            tiers,
        }
    }

    async fn erase_hot(
        &self,
        erasure: &Erasure,
        done: &mut ErasedIn,
    ) -> Result<(), RetentionError> {
        if let Some(hot) = &self.0.hot {
            for class in self.0.policies.keys() {
                done.erased += hot.erase(class, erasure).await?;
            }
        }
        Ok(())
    }

    async fn erase_warm(
        &self,
        erasure: &Erasure,
        done: &mut ErasedIn,
    ) -> Result<(), RetentionError> {
        for partition in self.0.warm.places().await? {
            if partition.place.begins_ms() <= erasure.until_ms {
                done.erased += self.0.warm.erase(&partition.place, erasure).await?;
            }
        }
        Ok(())
    }

    /// Writes the weeks anew that hold something about the user, and forgets all that was there before.
    async fn erase_volumes(
        &self,
        library: &Library,
        erasure: &Erasure,
        done: &mut ErasedIn,
    ) -> Result<(), RetentionError> {
        let mut failure = None;
        for place in self.places_about(library, erasure).await? {
            let outcome = async {
                let old = library.shelf(&place).await?;
                let covered = self.count(library, &place, erasure).await?;
                let new = self
                    .bind(&place, &[Source::Library(library)], library, true)
                    .await?;
                forget(library, &place, &old.all, &new).await?;
                Ok::<_, RetentionError>(covered)
            };
            match outcome.await {
                Ok(covered) => {
                    done.erased += covered;
                    done.rewritten += 1;
                }
                // The others are not to wait for one that is damaged.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// The weeks of which a volume, also one that does not count, names the user.
    async fn places_about(
        &self,
        library: &Library,
        erasure: &Erasure,
    ) -> Result<Vec<Place>, RetentionError> {
        let mut found = Vec::new();
        for (place, shelf) in library.shelves().await? {
            if place.begins_ms() > erasure.until_ms {
                continue;
            }
            for (title, _) in &shelf.all {
                // One that cannot be read may be about them: writing it anew says what is wrong with it.
                if library
                    .has_subject(&place, title, erasure.user)
                    .await
                    .unwrap_or(true)
                {
                    found.push(place);
                    break;
                }
            }
        }
        Ok(found)
    }

    /// How many entries are left in a tier that the erasure covers.
    async fn covered(&self, tier: Tier, erasure: &Erasure) -> Result<u64, RetentionError> {
        let mut left = 0;
        match (tier, self.library(tier)) {
            (Tier::Hot, _) => {
                for class in self.0.policies.keys() {
                    left += self.covered_hot(class, erasure).await?;
                }
            }
            (_, Some(library)) => {
                for place in self.places_about(library, erasure).await? {
                    left += self.count(library, &place, erasure).await?;
                }
            }
            (_, None) => {
                for partition in self.0.warm.places().await? {
                    left += self.0.warm.covered(&partition.place, erasure).await?;
                }
            }
        }
        Ok(left)
    }

    async fn covered_hot(&self, class: &Class, erasure: &Erasure) -> Result<u64, RetentionError> {
        match &self.0.hot {
            Some(hot) => Ok(hot.covered(class, erasure).await?),
            None => Ok(0),
        }
    }

    async fn count(
        &self,
        library: &Library,
        place: &Place,
        erasure: &Erasure,
    ) -> Result<u64, RetentionError> {
        let (mut count, mut from) = (0, Some(EntryId::default()));
        while let Some(begin) = from {
            let page = library.page(place, begin, PAGE).await?;
            let covered = page.entries.iter().filter(|entry| erasure.covers(entry));
            count += u64::try_from(covered.count()).unwrap_or(u64::MAX);
            from = page.next;
        }
        Ok(count)
    }
}

/// How long somebody may still be putting what they began to put before: longer than a process goes by the erasures
/// that it [heard of](super::build::HEARD_MS), and a tier's deadline.
pub(super) const SETTLE_MS: u64 = 60_000;

/// How many entries are read at once.
const PAGE: usize = 2_000;
