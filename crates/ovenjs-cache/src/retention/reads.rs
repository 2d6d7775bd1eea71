//! Putting entries, and finding them again wherever they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::atomic::Ordering,
};

use super::{
    Beyond, Class, ENTRY_BYTES_MAX, Entry, EntryId, Place, Policy, Retention, RetentionError,
    RetentionErrorKind, SUBJECTS_MAX, Tier, entry::millis,
};

/// Some entries, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where to go on; nowhere after the last.
    pub next: Option<EntryId>,
}

impl Entries {
    /// The first of these, up to so many and as many as fit into [`PAGE_BYTES_MAX`]. Where it is full there may be
    /// more.
    pub(super) fn cut(entries: impl IntoIterator<Item = Entry>, limit: usize) -> Self {
        let (mut page, mut bytes) = (Self::default(), 0);
        for entry in entries {
            bytes += entry.size();
            let after = entry.id.next();
            page.entries.push(entry);
            if page.entries.len() >= limit || bytes >= PAGE_BYTES_MAX {
                page.next = after;
                break;
            }
        }
        page
    }

    /// What all of these pages tell, each of which began at the same place: each id once, as the first that has it
    /// says. Beyond the place up to which one of them told there may be more.
    pub(super) fn merged(pages: impl IntoIterator<Item = Self>) -> Self {
        let (mut entries, mut next) = (BTreeMap::new(), None);
        for page in pages {
            next = [next, page.next].into_iter().flatten().min();
            for entry in page.entries {
                entries.entry(entry.id).or_insert(entry);
            }
        }
        if let Some(next) = next {
            entries.split_off(&next);
        }
        Self {
            entries: entries.into_values().collect(),
            next,
        }
    }
}

impl Retention {
    /// Keeps an entry. When this returns it lasts: it is in the warm tier.
    ///
    /// # Errors
    ///
    /// As [`put_all`](Self::put_all).
    pub async fn put(&self, class: &str, entry: Entry) -> Result<(), RetentionError> {
        self.put_all(class, vec![entry]).await
    }

    /// Keeps entries, those of one week in one transaction. An id that is there already keeps what it has. A hot
    /// tier that does not answer is counted in the [report](super::Report::hot_failures), and is no error.
    ///
    /// # Errors
    ///
    /// [`Class`](RetentionErrorKind::Class), [`TooLarge`](RetentionErrorKind::TooLarge),
    /// [`TooOld`](RetentionErrorKind::TooOld), [`NotYet`](RetentionErrorKind::NotYet),
    /// [`MessageContent`](RetentionErrorKind::MessageContent) or [`Erased`](RetentionErrorKind::Erased): nothing is
    /// kept, but for the weeks before one of which something was erased at that moment.
    /// [`Tier`](RetentionErrorKind::Tier): some weeks may be; put all again.
    pub async fn put_all(&self, class: &str, entries: Vec<Entry>) -> Result<(), RetentionError> {
        let (class, policy) = self.policy(class)?;
        let now_ms = self.now_ms();
        let erasures = self.erasures().await?;
        for entry in &entries {
            check(class, policy, now_ms, entry)?;
            if erasures.iter().any(|erasure| erasure.covers(entry)) {
                return Err(erased());
            }
        }
        let mut places: BTreeMap<Place, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            let place = Place::of(class, entry.id);
            places.entry(place).or_default().push(entry);
        }
        for (place, entries) in &places {
            // Another process may have written a wish down that was not heard of here.
            if !self.0.warm.put(place, entries).await? {
                self.load_erasures().await?;
                return Err(erased());
            }
        }
        if let (Some(hot), Some(age)) = (&self.0.hot, policy.age(Tier::Hot)) {
            let age_ms = millis(age);
            let is_young = |entry: &&Entry| entry.id.at_ms.saturating_add(age_ms) > now_ms;
            let young: Vec<_> = places
                .values()
                .flatten()
                .filter(is_young)
                .cloned()
                .collect();
            let max = policy.entries_max(Tier::Hot);
            if !young.is_empty() && hot.put(now_ms, class, &young, age_ms, max).await.is_err() {
                self.0.hot_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// The entry, from the fastest tier that has it.
    ///
    /// # Errors
    ///
    /// [`Class`](RetentionErrorKind::Class): it has no policy. [`Tier`](RetentionErrorKind::Tier),
    /// [`Damaged`](RetentionErrorKind::Damaged) or [`Key`](RetentionErrorKind::Key): a tier that may have it could not
    /// be read.
    pub async fn get(&self, class: &str, id: EntryId) -> Result<Option<Entry>, RetentionError> {
        let (class, policy) = self.policy(class)?;
        if policy.is_over(self.now_ms(), id.at_ms) {
            return Ok(None);
        }
        let found = self.find(class, policy, id).await?;
        let erasures = self.erasures().await?;
        Ok(found.filter(|entry| !erasures.iter().any(|erasure| erasure.covers(entry))))
    }

    async fn find(
        &self,
        class: &Class,
        policy: &Policy,
        id: EntryId,
    ) -> Result<Option<Entry>, RetentionError> {
        let is_young = policy
            .age(Tier::Hot)
            .is_some_and(|age| id.at_ms.saturating_add(millis(age)) > self.now_ms());
        if let Some(hot) = self.0.hot.as_ref().filter(|_| is_young) {
            match hot.find(class, id).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(_) => {
                    self.0.hot_failures.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        let place = Place::of(class, id);
        let warm = self.0.warm.find(&place, id).await?;
        if warm.is_some() && !self.may_be_sealed(policy, &place) {
            return Ok(warm);
        }
        match self.find_sealed(&place, id).await {
            Ok(sealed) => Ok(sealed.or(warm)),
            Err(error) => warm.map_or(Err(error), |warm| Ok(Some(warm))),
        }
    }

    async fn find_sealed(
        &self,
        place: &Place,
        id: EntryId,
    ) -> Result<Option<Entry>, RetentionError> {
        let mut failure = None;
        for library in self.libraries() {
            match library.find(place, id).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                // What is damaged here may be whole in the backup.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Whether the mover may have sealed the week before: what is warm of it came late then, and where it repeats an
    /// entry, the one that is sealed was there first.
    fn may_be_sealed(&self, policy: &Policy, place: &Place) -> bool {
        let age_ms = match policy.beyond {
            Beyond::MoveOn => 0,
            Beyond::Tell | Beyond::Forget => policy.age(Tier::Warm).map_or(0, millis),
        };
        place.ends_ms().saturating_add(age_ms) <= self.now_ms()
    }

    /// Up to `limit` entries of the range, and at most [`PAGE_MAX`], in the order of their ids, wherever they are; fewer
    /// where they would have more than [`PAGE_BYTES_MAX`]. Go on with [`Entries::next`] as the beginning of the range.
    /// What is put meanwhile may come or not.
    ///
    /// ```
    /// use ovenjs_cache::retention::{Entry, EntryId, MemoryWarm, Policy, Retention, Tier};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let now_ms = u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?;
    /// # let days_ago = |days: u64| EntryId::at(now_ms - days * 86_400_000);
    /// let policy = Policy::new().keep(Tier::Cold, None).keep(Tier::Backup, None);
    /// let kept = Retention::builder(MemoryWarm::new()).class("moderation", policy).build()?;
    /// for days in [30, 20, 10] {
    ///     kept.put("moderation", Entry::new(days_ago(days), format!("{days} days ago"))).await?;
    /// }
    /// let page = kept.range("moderation", days_ago(25)..days_ago(0), 1).await?;
    /// assert_eq!(page.entries[0].body(), "20 days ago");
    /// let page = kept.range("moderation", page.next.unwrap()..days_ago(0), 9).await?;
    /// assert_eq!((page.entries[0].body().as_ref(), page.next), (&b"10 days ago"[..], None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn range(
        &self,
        class: &str,
        range: Range<EntryId>,
        limit: usize,
    ) -> Result<Entries, RetentionError> {
        let (class, policy) = self.policy(class)?;
        let limit = limit.clamp(1, PAGE_MAX);
        let now_ms = self.now_ms();
        let erasures = self.erasures().await?;
        // What is over is passed over at once, and not read.
        let oldest = now_ms.saturating_sub(policy.last_ms()).saturating_add(1);
        let from = range.start.max(EntryId::at(oldest));
        let (mut page, mut bytes) = (Entries::default(), 0);
        let weeks = Place::of(class, from).week..=Place::of(class, range.end).week;
        for week in self.weeks(class).await?.range(weeks) {
            let place = Place {
                class: class.clone(),
                week: *week,
            };
            let mut from = Some(from);
            while let Some(begin) = from {
                let some = self.page(&place, begin, limit).await?;
                from = some.next;
                for entry in some.entries {
                    if entry.id >= range.end {
                        return Ok(page);
                    }
                    if erasures.iter().any(|erasure| erasure.covers(&entry)) {
                        continue;
                    }
                    if page.entries.len() == limit || bytes >= PAGE_BYTES_MAX {
                        page.next = Some(entry.id);
                        return Ok(page);
                    }
                    bytes += entry.size();
                    page.entries.push(entry);
                }
            }
        }
        Ok(page)
    }

    /// The weeks of which some tier has entries.
    async fn weeks(&self, class: &Class) -> Result<BTreeSet<u32>, RetentionError> {
        let partitions = self.0.warm.places().await?;
        let mut places: Vec<_> = partitions.into_iter().map(|held| held.place).collect();
        for library in self.libraries() {
            places.extend(library.shelves().await?.into_keys());
        }
        let of_class = places.into_iter().filter(|place| place.class == *class);
        Ok(of_class.map(|place| place.week).collect())
    }

    /// Some entries of one place, from all tiers that last.
    async fn page(
        &self,
        place: &Place,
        from: EntryId,
        limit: usize,
    ) -> Result<Entries, RetentionError> {
        // What moves meanwhile is found where it was, or where it goes.
        let warm = self.0.warm.page(place, from, limit).await?;
        let (mut pages, mut failure) = (Vec::new(), None);
        for library in self.libraries() {
            match library.page(place, from, limit).await {
                Ok(page) => {
                    pages.push(page);
                    // What the backup has beside is the same.
                    if library.shelf(place).await?.is_whole {
                        failure = None;
                        break;
                    }
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        // What was sealed was there before what is warm.
        pages.push(warm);
        failure.map_or_else(|| Ok(Entries::merged(pages)), Err)
    }
}

fn erased() -> RetentionError {
    RetentionError::new(
        RetentionErrorKind::Erased,
        "an entry is about a user who had their entries of that time erased: leave it out",
    )
}

fn check(class: &Class, policy: &Policy, now_ms: u64, entry: &Entry) -> Result<(), RetentionError> {
    let refused = |kind, what: String| Err(RetentionError::new(kind, what));
    if entry.body.len() > ENTRY_BYTES_MAX {
        let what = "an entry's body has more than 1 MiB: keep the large part elsewhere";
        return refused(RetentionErrorKind::TooLarge, what.to_owned());
    }
    if entry.subjects.len() > SUBJECTS_MAX {
        let what = "an entry is about more than 250 users: put one for each group of them";
        return refused(RetentionErrorKind::TooLarge, what.to_owned());
    }
    if entry.has_message_content && policy.message_content.is_none() {
        let what = format!(
            "the class {class} keeps nothing that people wrote: leave it out, or say why it should by \
             `Policy::with_message_content`"
        );
        return refused(RetentionErrorKind::MessageContent, what);
    }
    if policy.is_over(now_ms, entry.id.at_ms) {
        let what = format!("an entry is older than the class {class} keeps any: leave it out");
        return refused(RetentionErrorKind::TooOld, what);
    }
    if entry.id.at_ms > now_ms.saturating_add(SKEW_MS) {
        let what = "an entry happened more than a minute from now: set this machine's clock, or take the entry's time \
                    from one that is right";
        return refused(RetentionErrorKind::NotYet, what.to_owned());
    }
    Ok(())
}

/// How many entries one call gives at most.
pub const PAGE_MAX: usize = 1_000;

/// How many bytes of entries are read at once, of which the last may reach beyond: with the largest entry, five
/// mebibytes, whichever they are.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// How far clocks may differ that say when something happened: those of Discord and of machines that are set by the
/// network do by much less.
pub(super) const SKEW_MS: u64 = 60_000;
