//! The volumes of a tier: cold as they are, the backup's encrypted.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use ovenjs_types::{Id, marker::UserMarker};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{
    Entries, Entry, EntryId, Erasure, Keys, Place, RetentionError, RetentionErrorKind, Tier,
    archive::{self, Chance, ChunkKey, HEAD_BYTES_MAX, Head},
    erasure::LEDGER,
    title::{Shelf, Title, shelves},
    volume::{Block, TRAILER_BYTES, Trailer, Volume, hash_of},
};
use crate::{blobs::BlobStore, hex::digits};

/// The volumes of one tier.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) tier: Tier,
    pub(crate) blobs: Arc<dyn BlobStore>,
    keys: Option<Arc<Keys>>,
}

/// A volume of which parts can be read.
struct Open {
    file: String,
    len: u64,
    sealed: Option<(Head, ChunkKey)>,
}

impl Library {
    pub(crate) fn cold(blobs: Arc<dyn BlobStore>) -> Self {
        Self {
            tier: Tier::Cold,
            blobs,
            keys: None,
        }
    }

    pub(crate) fn backup(blobs: Arc<dyn BlobStore>, keys: Arc<Keys>) -> Self {
        Self {
            tier: Tier::Backup,
            blobs,
            keys: Some(keys),
        }
    }

    /// The wishes that are noted beside the volumes.
    pub(crate) async fn erasures(&self) -> Result<Vec<Erasure>, RetentionError> {
        let names = self.blobs.names(LEDGER).await?;
        Ok(names
            .iter()
            .filter_map(|(name, _)| Erasure::parse(name))
            .collect())
    }

    pub(crate) async fn shelves(&self) -> Result<BTreeMap<Place, Shelf>, RetentionError> {
        Ok(shelves(self.blobs.names("").await?, self.ending()))
    }

    pub(crate) async fn shelf(&self, place: &Place) -> Result<Shelf, RetentionError> {
        let files = self.blobs.names(&format!("{place}/")).await?;
        let mut found = shelves(files, self.ending());
        Ok(found.remove(place).unwrap_or_default())
    }

    /// The entry, if one of the volumes that count has it.
    pub(crate) async fn find(
        &self,
        place: &Place,
        id: EntryId,
    ) -> Result<Option<Entry>, RetentionError> {
        let page = self.page(place, id, 1).await?;
        Ok(page.entries.into_iter().find(|entry| entry.id == id))
    }

    /// Up to `limit` entries of the volumes that count, from this id on, in their order, and where to go on.
    pub(crate) async fn page(
        &self,
        place: &Place,
        from: EntryId,
        limit: usize,
    ) -> Result<Entries, RetentionError> {
        let (mut pages, mut whole) = (Vec::new(), Entries::default());
        let shelf = self.shelf(place).await?;
        // Parts follow one another, unless some are missing or two movers wrote the same generation.
        let follow = shelf.is_whole
            && shelf
                .current
                .iter()
                .zip(0..)
                .all(|(title, part)| title.part == part);
        for title in &shelf.current {
            let open = self.open(place, title).await?;
            let (_, blocks) = self.contents(&open, place).await?;
            for block in blocks.iter().filter(|block| block.last >= from) {
                let entries = self.block(&open, block).await?;
                let more = entries.into_iter().filter(|entry| entry.id >= from);
                whole = Entries::cut(whole.entries.into_iter().chain(more), limit);
                if whole.next.is_some() {
                    break;
                }
            }
            if !follow {
                pages.push(std::mem::take(&mut whole));
            } else if whole.next.is_some() {
                break;
            }
        }
        pages.push(whole);
        Ok(Entries::merged(pages))
    }

    /// Whether the volume has an entry about the user.
    pub(crate) async fn has_subject(
        &self,
        place: &Place,
        title: &Title,
        user: Id<UserMarker>,
    ) -> Result<bool, RetentionError> {
        let open = self.open(place, title).await?;
        let trailer = self.trailer(&open).await?;
        let from = open.len - end_len() - trailer.contents_len - trailer.subjects_len;
        let bytes = self.part(&open, from, trailer.subjects_len).await?;
        trailer
            .has_subject(&bytes, user)
            .ok_or_else(|| open.damaged())
    }

    /// Reads all of a volume, and compares it with its name and its parts with the whole; how many entries it has.
    pub(crate) async fn verify(&self, place: &Place, title: &Title) -> Result<u64, RetentionError> {
        self.whole(place, title).await?;
        let open = self.open(place, title).await?;
        let (entries, blocks) = self.contents(&open, place).await?;
        let mut found = 0;
        for block in &blocks {
            found += self.block(&open, block).await?.len();
        }
        if entries != title.entries || u64::try_from(found).ok() != Some(entries) {
            return Err(open.damaged());
        }
        Ok(entries)
    }

    /// The volume as it was before it was encrypted, if it is what its name says.
    pub(crate) async fn whole(
        &self,
        place: &Place,
        title: &Title,
    ) -> Result<Bytes, RetentionError> {
        let open = self.open(place, title).await?;
        let bytes = self.part(&open, 0, open.len).await?;
        if digits(&hash_of([&bytes[..]])) != title.hash {
            return Err(open.damaged());
        }
        Ok(bytes)
    }

    /// Writes a volume, reads it back and compares. What is not the same is removed.
    pub(crate) async fn write(
        &self,
        place: &Place,
        title: &Title,
        volume: Bytes,
    ) -> Result<(), RetentionError> {
        let file = self.file(place, title);
        let bytes = match &self.keys {
            None => volume,
            Some(keys) => archive::seal(keys, &chance()?, &stem(place, title), &volume)
                .ok_or_else(|| RetentionError::damaged(&file, "cannot be encrypted"))?,
        };
        self.blobs.write(&file, bytes).await?;
        let read = self.whole(place, title).await;
        if let Err(error) = read {
            self.blobs.remove(&file).await?;
            return Err(error);
        }
        Ok(())
    }

    pub(crate) async fn remove(&self, place: &Place, title: &Title) -> Result<(), RetentionError> {
        Ok(self.blobs.remove(&self.file(place, title)).await?)
    }

    /// Encrypts the volume anew, with a key of its own that nobody has seen.
    pub(crate) async fn reseal(&self, place: &Place, title: &Title) -> Result<(), RetentionError> {
        let file = self.file(place, title);
        let Some(keys) = &self.keys else {
            return Ok(());
        };
        let volume = self.whole(place, title).await?;
        let bytes = archive::seal(keys, &chance()?, &stem(place, title), &volume)
            .ok_or_else(|| RetentionError::damaged(&file, "cannot be encrypted"))?;
        self.blobs.write(&file, bytes).await?;
        self.whole(place, title).await?;
        Ok(())
    }

    /// Lets the writing key wrap the volume's key, if another one does; whether one did.
    pub(crate) async fn rekey(&self, place: &Place, title: &Title) -> Result<bool, RetentionError> {
        let file = self.file(place, title);
        let Some(keys) = &self.keys else {
            return Ok(false);
        };
        let open = self.open(place, title).await?;
        let Some((head, _)) = open
            .sealed
            .filter(|(head, _)| head.key_id != keys.writing_id())
        else {
            return Ok(false);
        };
        let mut bytes = head.rewrap(&file, keys, chance()?.nonce)?;
        let limit = usize::try_from(head.file_len() - head.len).unwrap_or(usize::MAX);
        let chunks = self.blobs.read(&file, head.len, limit).await?;
        bytes.extend_from_slice(&chunks.ok_or_else(|| missing(&file))?);
        // What could not be read before must not look as if it had been written today.
        self.whole(place, title).await?;
        self.blobs.write(&file, bytes.into()).await?;
        self.whole(place, title).await?;
        Ok(true)
    }

    async fn open(&self, place: &Place, title: &Title) -> Result<Open, RetentionError> {
        let file = self.file(place, title);
        let listed = self.blobs.names(&format!("{place}/")).await?;
        let found = listed.into_iter().find(|(name, _)| *name == file);
        let (_, file_len) = found.ok_or_else(|| missing(&file))?;
        let Some(keys) = &self.keys else {
            return Ok(Open {
                file,
                len: file_len,
                sealed: None,
            });
        };
        let bytes = self.blobs.read(&file, 0, HEAD_BYTES_MAX).await?;
        let bytes = bytes.ok_or_else(|| missing(&file))?;
        let head = Head::from_bytes(&bytes)
            .ok_or_else(|| RetentionError::damaged(&file, "is no archive of ovenjs"))?;
        if head.name != stem(place, title) {
            let what = format!("is the archive of {}", head.name);
            return Err(RetentionError::damaged(&file, &what));
        }
        if head.file_len() != file_len {
            return Err(RetentionError::damaged(&file, "was cut short or added to"));
        }
        let key = head.unwrap(&file, keys)?;
        Ok(Open {
            file,
            len: head.volume_len,
            sealed: Some((head, key)),
        })
    }

    async fn trailer(&self, open: &Open) -> Result<Trailer, RetentionError> {
        let from = open.len.checked_sub(end_len());
        let from = from.ok_or_else(|| open.damaged())?;
        let bytes = self.part(open, from, end_len()).await?;
        Trailer::from_bytes(&bytes, open.len).ok_or_else(|| open.damaged())
    }

    async fn contents(
        &self,
        open: &Open,
        place: &Place,
    ) -> Result<(u64, Vec<Block>), RetentionError> {
        let trailer = self.trailer(open).await?;
        let from = open.len - end_len() - trailer.contents_len;
        let bytes = self.part(open, from, trailer.contents_len).await?;
        trailer
            .contents(place, &bytes)
            .ok_or_else(|| open.damaged())
    }

    async fn block(&self, open: &Open, block: &Block) -> Result<Vec<Entry>, RetentionError> {
        let bytes = self.part(open, block.from, u64::from(block.len)).await?;
        block.entries(&bytes).ok_or_else(|| open.damaged())
    }

    /// These bytes of the volume.
    async fn part(&self, open: &Open, from: u64, len: u64) -> Result<Bytes, RetentionError> {
        if from.checked_add(len).is_none_or(|end| end > open.len) {
            return Err(open.damaged());
        }
        if len == 0 {
            return Ok(Bytes::new());
        }
        let (begins, size) = match &open.sealed {
            None => (from, len),
            Some((head, _)) => head.lies(from, len),
        };
        let limit = usize::try_from(size).unwrap_or(usize::MAX);
        let bytes = self.blobs.read(&open.file, begins, limit).await?;
        let bytes = bytes.ok_or_else(|| missing(&open.file))?;
        if bytes.len() != limit {
            return Err(RetentionError::damaged(&open.file, "was cut short"));
        }
        match &open.sealed {
            None => Ok(bytes),
            Some((head, key)) => head
                .open(key, from, len, &bytes)
                .ok_or_else(|| open.damaged()),
        }
    }

    fn file(&self, place: &Place, title: &Title) -> String {
        stem(place, title) + self.ending()
    }

    const fn ending(&self) -> &'static str {
        if self.keys.is_some() { ".arc" } else { ".vol" }
    }
}

impl Open {
    fn damaged(&self) -> RetentionError {
        RetentionError::damaged(&self.file, "was changed or is another program's")
    }
}

/// Writes the volumes of a new generation, of which the last is marked.
pub(crate) struct Writing<'a> {
    library: &'a Library,
    place: &'a Place,
    generation: u32,
    held: Option<Volume>,
    pub(crate) written: Vec<Title>,
    /// Whether to write at all, or only to see what would be written.
    is_dry: bool,
}

impl<'a> Writing<'a> {
    pub(crate) const fn new(
        library: &'a Library,
        place: &'a Place,
        generation: u32,
        is_dry: bool,
    ) -> Self {
        Self {
            library,
            place,
            generation,
            held: None,
            written: Vec::new(),
            is_dry,
        }
    }

    pub(crate) async fn add(&mut self, volume: Volume) -> Result<(), RetentionError> {
        match self.held.replace(volume) {
            Some(before) => self.write(before, false).await,
            None => Ok(()),
        }
    }

    /// Writes the last one: from now on the generation counts.
    pub(crate) async fn finish(mut self) -> Result<Vec<Title>, RetentionError> {
        if let Some(last) = self.held.take() {
            self.write(last, true).await?;
        }
        Ok(self.written)
    }

    async fn write(&mut self, volume: Volume, is_last: bool) -> Result<(), RetentionError> {
        let title = Title {
            generation: self.generation,
            part: u32::try_from(self.written.len()).unwrap_or(u32::MAX),
            is_last,
            entries: volume.entries,
            hash: digits(&volume.hash),
        };
        if !self.is_dry {
            self.library.write(self.place, &title, volume.bytes).await?;
        }
        self.written.push(title);
        Ok(())
    }
}

fn stem(place: &Place, title: &Title) -> String {
    format!("{place}/{title}")
}

fn missing(file: &str) -> RetentionError {
    RetentionError::damaged(file, "is gone")
}

fn chance() -> Result<Chance, RetentionError> {
    let mut chance = Chance {
        key: [0; 32],
        nonce: [0; 12],
    };
    let random = SystemRandom::new();
    let filled = random
        .fill(&mut chance.key)
        .and_then(|()| random.fill(&mut chance.nonce));
    filled.map_err(|_| {
        RetentionError::new(
            RetentionErrorKind::Key,
            "the system gave no random numbers for a key: try again",
        )
    })?;
    Ok(chance)
}

fn end_len() -> u64 {
    u64::try_from(TRAILER_BYTES).unwrap_or(u64::MAX)
}
