//! Doing what the [plan](super::plan) says. Each move writes, reads back, and only then forgets; broken off anywhere,
//! it is done again from its beginning.

use std::{
    convert::Infallible,
    sync::{MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use super::{
    Entries, EntryId, Erasure, Place, Retention, RetentionError, Stamp, Tier,
    entry::millis,
    library::{Library, Writing},
    plan::{Held, Inventory, Move, plan},
    title::Title,
    volume::Binder,
};

/// What a [run](Retention::run) of the mover did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// How many weeks were written as volumes, and left the warm tier.
    pub sealed: u64,
    /// How many weeks were archived.
    pub archived: u64,
    /// How many weeks left a tier, too old or safe in the next.
    pub dropped: u64,
    /// How many weeks had something left of a crash.
    pub cleared: u64,
    /// How many erasures reached all tiers.
    pub erased: u64,
    /// What could not be done, and why. It is tried again by the next run.
    pub failures: Vec<String>,
    /// Whether another process is at it, and nothing was done here.
    pub is_elsewhere: bool,
}

impl Retention {
    /// Moves what is due, once: finishes erasures, seals weeks into volumes, archives them, forgets what is over. One
    /// process does so at a time. Can be dropped at any moment; the next run goes on.
    ///
    /// ```
    /// use ovenjs_cache::blobs::MemoryBlobs;
    /// use ovenjs_cache::retention::{Entry, EntryId, Keys, MemoryWarm, Policy, Retention};
    /// # use ovenjs_types::Secret;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// # let keys = Keys::new("2026", &Secret::new("07".repeat(32)))?;
    /// let kept = Retention::builder(MemoryWarm::new())
    ///     .cold(MemoryBlobs::new())
    ///     .backup(MemoryBlobs::new(), keys)
    ///     .class("moderation", Policy::new())
    ///     .build()?;
    /// kept.put("moderation", Entry::new(days_ago(100), "warned")).await?;
    /// kept.put("moderation", Entry::new(days_ago(10), "banned")).await?;
    /// // After 90 days a week goes from the database into volumes, and an archive of these is made.
    /// let moved = kept.run().await?;
    /// assert_eq!((moved.sealed, moved.archived, moved.failures.len()), (1, 1, 0));
    /// assert_eq!(kept.run().await?.sealed, 0);
    /// assert_eq!(kept.get("moderation", days_ago(100)).await?.unwrap().body(), "warned");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A tier did not say what it holds. What goes wrong with a single week is told by [`Moved::failures`].
    pub async fn run(&self) -> Result<Moved, RetentionError> {
        let mut moved = Moved::default();
        // Whoever moves, each process is to hear what was erased.
        self.load_erasures().await?;
        if !self.claim().await? {
            moved.is_elsewhere = true;
            return Ok(moved);
        }
        self.finish_erasures(&mut moved).await?;
        self.trim_hot().await;
        // A week that is old enough goes through several tiers at once.
        for _ in 0..ROUNDS {
            let inventory = self.inventory().await?;
            let moves = plan(self.now_ms(), &self.0.policies, &inventory);
            if moves.is_empty() {
                break;
            }
            let before = moved.failures.len();
            for step in moves {
                if !self.claim().await? {
                    moved.is_elsewhere = true;
                    return Ok(moved);
                }
                if let Err(error) = self.step(&step, &mut moved).await {
                    let place = step.place();
                    moved.failures.push(format!("{place}: {error}"));
                }
            }
            if moved.failures.len() > before {
                break;
            }
        }
        self.0.warm.claim(self.now_ms(), self.0.holder, 0).await?;
        *self.last() = Some(moved.clone());
        Ok(moved)
    }

    /// [Runs](Self::run) the mover now and each time after `pause`, for as long as it is polled. Something has to
    /// await it: a task of the bot, in one of its processes or in all.
    pub async fn serve(&self, pause: Duration) -> Infallible {
        loop {
            if let Err(error) = self.run().await {
                let failed = Moved {
                    failures: vec![error.to_string()],
                    ..Moved::default()
                };
                *self.last() = Some(failed);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Lets the hot tier forget what is over though nothing comes.
    async fn trim_hot(&self) {
        let Some(hot) = &self.0.hot else { return };
        for (class, policy) in &self.0.policies {
            let age_ms = policy.age(Tier::Hot).map_or(0, millis);
            let max = policy.entries_max(Tier::Hot);
            if hot
                .put(self.now_ms(), class, &[], age_ms, max)
                .await
                .is_err()
            {
                self.0.hot_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn claim(&self) -> Result<bool, RetentionError> {
        let now_ms = self.now_ms();
        let until_ms = now_ms.saturating_add(millis(LEASE));
        Ok(self.0.warm.claim(now_ms, self.0.holder, until_ms).await?)
    }

    pub(super) async fn inventory(&self) -> Result<Inventory, RetentionError> {
        let warm = self.0.warm.places().await?.into_iter();
        let warm = warm.map(|partition| Held {
            place: partition.place,
            entries: partition.entries,
            bytes: partition.bytes,
            volumes: Vec::new(),
            is_whole: true,
            has_leftovers: false,
        });
        let mut inventory = Inventory {
            warm: warm.collect(),
            ..Inventory::default()
        };
        for library in self.libraries() {
            let shelves = library.shelves().await?;
            let held = shelves.iter().map(|(place, shelf)| shelf.held(place));
            match library.tier {
                Tier::Backup => inventory.backup.extend(held),
                Tier::Hot | Tier::Warm | Tier::Cold => inventory.cold.extend(held),
            }
        }
        Ok(inventory)
    }

    async fn step(&self, step: &Move, moved: &mut Moved) -> Result<(), RetentionError> {
        match step {
            Move::Seal { place, to } => {
                self.seal(place, *to).await?;
                moved.sealed += 1;
            }
            Move::Archive { place } => {
                self.archive(place).await?;
                moved.archived += 1;
            }
            Move::Drop { tier, place } => {
                self.drop_place(*tier, place).await?;
                moved.dropped += 1;
            }
            Move::Clear { tier, place } => {
                if let Some(library) = self.library(*tier) {
                    for title in library.shelf(place).await?.leftovers() {
                        library.remove(place, title).await?;
                    }
                }
                moved.cleared += 1;
            }
        }
        Ok(())
    }

    /// Writes what is warm, and what is there already, as a new generation; drops the partition if nothing was put or
    /// erased meanwhile.
    async fn seal(&self, place: &Place, to: Tier) -> Result<(), RetentionError> {
        let (Some(library), Some(stamp)) = (self.library(to), self.stamp(place).await?) else {
            return Ok(());
        };
        let old = library.shelf(place).await?;
        // What was archived and is no longer cold must not be replaced by the little that came late.
        let mut sources = vec![Source::Warm, Source::Library(library)];
        if let Some(backup) = self.0.backup.as_ref().filter(|_| !old.is_whole) {
            sources.push(Source::Library(backup));
        }
        let new = self.bind(place, &sources, library, true).await?;
        if self.0.warm.drop_place(place, stamp).await? {
            forget(library, place, &old.all, &new).await?;
        }
        Ok(())
    }

    async fn stamp(&self, place: &Place) -> Result<Option<Stamp>, RetentionError> {
        let mut partitions = self.0.warm.places().await?.into_iter();
        Ok(partitions
            .find(|held| held.place == *place)
            .map(|held| held.stamp))
    }

    /// Makes the backup hold what is cold.
    pub(super) async fn archive(&self, place: &Place) -> Result<(), RetentionError> {
        let (Some(cold), Some(backup)) = (&self.0.cold, &self.0.backup) else {
            return Ok(());
        };
        let mut from = cold.shelf(place).await?;
        let to = backup.shelf(place).await?;
        // What the backup has beside must be cold first, under a number that is newer than both.
        let newest = |titles: &[Title]| titles.iter().map(|title| title.generation).max();
        if !to.all.is_empty()
            && newest(&from.current) < Some(to.next_generation())
            && from.current != to.current
        {
            let sources = [Source::Library(cold), Source::Library(backup)];
            let new = self.bind(place, &sources, cold, true).await?;
            forget(cold, place, &from.all, &new).await?;
            from = cold.shelf(place).await?;
        }
        for title in &from.current {
            let volume = cold.whole(place, title).await?;
            backup.write(place, title, volume).await?;
        }
        forget(backup, place, &to.all, &from.current).await
    }

    async fn drop_place(&self, tier: Tier, place: &Place) -> Result<(), RetentionError> {
        match self.library(tier) {
            Some(library) => {
                let shelf = library.shelf(place).await?;
                // An archive that was whole when it was written may not be so today.
                if let (Tier::Cold, Some(backup)) = (tier, &self.0.backup) {
                    for title in backup.shelf(place).await?.current {
                        backup.whole(place, &title).await?;
                    }
                }
                forget(library, place, &shelf.all, &[]).await
            }
            None => {
                if let Some(stamp) = self.stamp(place).await? {
                    self.0.warm.drop_place(place, stamp).await?;
                }
                Ok(())
            }
        }
    }

    /// Writes the entries of the sources as a new generation of the place, each once, as the first volume has it, and
    /// without those that were erased. Where it would be what is there already, nothing is written, as long as what is
    /// there is sound.
    pub(super) async fn bind(
        &self,
        place: &Place,
        sources: &[Source<'_>],
        library: &Library,
        is_sound: bool,
    ) -> Result<Vec<Title>, RetentionError> {
        let erasures = self.load_erasures().await?;
        let shelf = library.shelf(place).await?;
        let mut generation = shelf.next_generation();
        for other in self.libraries() {
            generation = generation.max(other.shelf(place).await?.next_generation());
        }
        if shelf.is_whole && is_sound {
            let dry = Writing::new(library, place, generation, true);
            let would = self.copy(place, sources, &erasures, dry).await?;
            let same = |one: &Title, other: &Title| {
                (one.part, one.is_last, &one.hash) == (other.part, other.is_last, &other.hash)
            };
            if would.len() == shelf.current.len()
                && would
                    .iter()
                    .zip(&shelf.current)
                    .all(|(one, other)| same(one, other))
            {
                return Ok(shelf.current);
            }
        }
        let writing = Writing::new(library, place, generation, false);
        self.copy(place, sources, &erasures, writing).await
    }

    async fn copy(
        &self,
        place: &Place,
        sources: &[Source<'_>],
        erasures: &[Erasure],
        mut writing: Writing<'_>,
    ) -> Result<Vec<Title>, RetentionError> {
        let mut binder = Binder::new(place.clone());
        let mut from = Some(EntryId::default());
        while let Some(begin) = from {
            let (mut sealed, mut warm) = (Vec::new(), None);
            for source in sources {
                match source {
                    Source::Warm => warm = Some(self.0.warm.page(place, begin, PAGE).await?),
                    Source::Library(library) => {
                        sealed.push(library.page(place, begin, PAGE).await?);
                    }
                }
            }
            // An entry that is sealed stays as it is, whatever was put of its id since.
            let page = Entries::merged(sealed.into_iter().chain(warm));
            for entry in &page.entries {
                if !erasures.iter().any(|erasure| erasure.covers(entry))
                    && let Some(volume) = binder.add(entry)
                {
                    writing.add(volume).await?;
                }
            }
            from = page.next;
        }
        if let Some(volume) = binder.finish() {
            writing.add(volume).await?;
        }
        writing.finish().await
    }

    /// What the last run here did, if there was one.
    pub(super) fn last_run(&self) -> Option<Moved> {
        self.last().clone()
    }

    fn last(&self) -> MutexGuard<'_, Option<Moved>> {
        self.0
            .last_run
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where entries come from.
pub(super) enum Source<'a> {
    Warm,
    Library(&'a Library),
}

impl Move {
    const fn place(&self) -> &Place {
        match self {
            Self::Seal { place, .. }
            | Self::Archive { place }
            | Self::Drop { place, .. }
            | Self::Clear { place, .. } => place,
        }
    }
}

/// Removes what is not kept, the oldest generations first, so that none of them ever counts again.
pub(super) async fn forget(
    library: &Library,
    place: &Place,
    all: &[(Title, u64)],
    keep: &[Title],
) -> Result<(), RetentionError> {
    for (title, _) in all.iter().filter(|(title, _)| !keep.contains(title)) {
        library.remove(place, title).await?;
    }
    Ok(())
}

/// How many times a run plans: a week may go from warm to cold, into the backup and out of cold.
const ROUNDS: usize = 4;

/// How long a mover may take for one move before another one takes over: volumes of some hundred megabytes.
const LEASE: Duration = Duration::from_secs(600);

/// How many entries are read at once from each source.
const PAGE: usize = 2_000;
