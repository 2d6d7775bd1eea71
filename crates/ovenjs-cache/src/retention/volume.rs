//! A volume: entries of one place in the order of their ids, compressed, with what is needed to find one without
//! reading all. Pure.
//!
//! `magic · blocks · subjects · contents · trailer`. A block is up to 256 KiB of entries in one zstd frame; the
//! contents say of each where it lies, from which to which id it goes and what its SHA-256 is; the trailer says where
//! the contents and the sorted list of subjects lie, and their hashes. The hash of the whole is in the file's name.

use bytes::{BufMut as _, Bytes};
use ovenjs_types::{Id, marker::UserMarker};
use ring::digest::{Context, SHA256, digest};

use super::{Class, ENTRY_BYTES_MAX, Entry, EntryId, Place, SUBJECTS_MAX, entry::take};

/// A volume that is finished.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) bytes: Bytes,
    pub(crate) entries: u64,
    pub(crate) hash: [u8; 32],
}

/// Makes volumes of entries that come in the order of their ids. What it gives is the same for the same entries.
#[derive(Debug)]
pub(crate) struct Binder {
    place: Place,
    volume: Vec<u8>,
    block: Vec<u8>,
    block_ids: Vec<EntryId>,
    contents: Vec<Block>,
    entries: u64,
    subjects: Vec<u64>,
}

/// Where a block lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) first: EntryId,
    pub(crate) last: EntryId,
    pub(crate) from: u64,
    pub(crate) len: u32,
    raw: u32,
    hash: [u8; 32],
}

impl Binder {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            volume: MAGIC.to_vec(),
            block: Vec::new(),
            block_ids: Vec::new(),
            contents: Vec::new(),
            entries: 0,
            subjects: Vec::new(),
        }
    }

    /// Takes one more, and gives the volume that it made full.
    pub(crate) fn add(&mut self, entry: &Entry) -> Option<Volume> {
        let bytes = entry.to_bytes();
        self.block.extend_from_slice(&entry.id.to_bytes());
        self.block
            .put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.block.extend_from_slice(&bytes);
        self.block_ids.push(entry.id);
        self.entries += 1;
        self.subjects
            .extend(entry.subjects.iter().map(|user| user.get()));
        if self.block.len() >= BLOCK_BYTES {
            self.close_block();
        }
        (self.volume.len() >= VOLUME_BYTES).then(|| self.close())
    }

    /// The volume of what is left; none of nothing.
    pub(crate) fn finish(mut self) -> Option<Volume> {
        (self.entries > 0).then(|| self.close())
    }

    fn close_block(&mut self) {
        let (Some(first), Some(last)) = (self.block_ids.first(), self.block_ids.last()) else {
            return;
        };
        let mut packed = Vec::with_capacity(zstd_safe::compress_bound(self.block.len()));
        // It fails where there is no room, and there is.
        if zstd_safe::compress(&mut packed, &self.block, LEVEL).is_err() {
            packed.clear();
        }
        self.contents.push(Block {
            first: *first,
            last: *last,
            from: u64::try_from(self.volume.len()).unwrap_or(u64::MAX),
            len: u32::try_from(packed.len()).unwrap_or(u32::MAX),
            raw: u32::try_from(self.block.len()).unwrap_or(u32::MAX),
            hash: hash(&packed),
        });
        self.volume.extend_from_slice(&packed);
        self.block.clear();
        self.block_ids.clear();
    }

    fn close(&mut self) -> Volume {
        self.close_block();
        let mut bytes = std::mem::replace(&mut self.volume, MAGIC.to_vec());
        let mut users = std::mem::take(&mut self.subjects);
        users.sort_unstable();
        users.dedup();
        let subjects: Vec<u8> = users.iter().flat_map(|user| user.to_be_bytes()).collect();
        let entries = std::mem::take(&mut self.entries);
        let contents = contents_bytes(&self.place, entries, &std::mem::take(&mut self.contents));
        bytes.extend_from_slice(&subjects);
        bytes.extend_from_slice(&contents);
        for part in [&subjects, &contents] {
            bytes.put_u64(u64::try_from(part.len()).unwrap_or(u64::MAX));
            bytes.extend_from_slice(&hash(part));
        }
        bytes.extend_from_slice(END);
        Volume {
            hash: hash(&bytes),
            bytes: bytes.into(),
            entries,
        }
    }
}

/// What the last bytes of a volume say.
#[derive(Clone, Debug)]
pub(crate) struct Trailer {
    subjects_hash: [u8; 32],
    contents_hash: [u8; 32],
    pub(crate) subjects_len: u64,
    pub(crate) contents_len: u64,
}

impl Trailer {
    /// From the last [`TRAILER_BYTES`] of a volume that has this length.
    pub(crate) fn from_bytes(bytes: &[u8], volume_len: u64) -> Option<Self> {
        let mut rest = bytes;
        let subjects_len = u64::from_be_bytes(take(&mut rest)?);
        let subjects_hash = take(&mut rest)?;
        let contents_len = u64::from_be_bytes(take(&mut rest)?);
        let contents_hash = take(&mut rest)?;
        let parts = subjects_len.checked_add(contents_len)?;
        let around = u64::try_from(MAGIC.len() + TRAILER_BYTES).ok()?;
        if rest != END || parts.checked_add(around)? > volume_len || parts > PARTS_BYTES_MAX {
            return None;
        }
        Some(Self {
            subjects_hash,
            contents_hash,
            subjects_len,
            contents_len,
        })
    }

    /// Where the blocks lie, and how many entries they hold.
    pub(crate) fn contents(&self, place: &Place, bytes: &[u8]) -> Option<(u64, Vec<Block>)> {
        if hash(bytes) != self.contents_hash {
            return None;
        }
        let mut rest = bytes;
        let [class_len] = take(&mut rest)?;
        let (class, left) = rest.split_at_checked(usize::from(class_len))?;
        rest = left;
        let class = Class::new(std::str::from_utf8(class).ok()?).ok()?;
        let week = u32::from_be_bytes(take(&mut rest)?);
        if (Place { class, week }) != *place {
            return None;
        }
        let entries = u64::from_be_bytes(take(&mut rest)?);
        let count = u32::from_be_bytes(take(&mut rest)?);
        let mut blocks = Vec::new();
        for _ in 0..count {
            blocks.push(Block {
                first: EntryId::from_bytes(take(&mut rest)?),
                last: EntryId::from_bytes(take(&mut rest)?),
                from: u64::from_be_bytes(take(&mut rest)?),
                len: u32::from_be_bytes(take(&mut rest)?),
                raw: u32::from_be_bytes(take(&mut rest)?),
                hash: take(&mut rest)?,
            });
        }
        rest.is_empty().then_some((entries, blocks))
    }

    /// Whom the entries are about.
    pub(crate) fn has_subject(&self, bytes: &[u8], user: Id<UserMarker>) -> Option<bool> {
        let (users, rest) = bytes.as_chunks::<8>();
        if hash(bytes) != self.subjects_hash || !rest.is_empty() {
            return None;
        }
        Some(users.binary_search(&user.get().to_be_bytes()).is_ok())
    }
}

impl Block {
    /// The entries in the block's bytes; nothing where those are others than were written.
    pub(crate) fn entries(&self, bytes: &[u8]) -> Option<Vec<Entry>> {
        let raw_len = usize::try_from(self.raw).ok()?;
        if hash(bytes) != self.hash || raw_len > BLOCK_BYTES_MAX {
            return None;
        }
        let mut raw = Vec::with_capacity(raw_len);
        zstd_safe::decompress(&mut raw, bytes).ok()?;
        if raw.len() != raw_len {
            return None;
        }
        let raw = Bytes::from(raw);
        let mut rest = &raw[..];
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let id = EntryId::from_bytes(take(&mut rest)?);
            let len = usize::try_from(u32::from_be_bytes(take(&mut rest)?)).ok()?;
            let (entry, left) = rest.split_at_checked(len)?;
            rest = left;
            entries.push(Entry::from_bytes(id, &raw.slice_ref(entry))?);
        }
        Some(entries)
    }
}

fn contents_bytes(place: &Place, entries: u64, blocks: &[Block]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let class = place.class.as_str().as_bytes();
    bytes.put_u8(u8::try_from(class.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(class);
    bytes.put_u32(place.week);
    bytes.put_u64(entries);
    bytes.put_u32(u32::try_from(blocks.len()).unwrap_or(u32::MAX));
    for block in blocks {
        bytes.extend_from_slice(&block.first.to_bytes());
        bytes.extend_from_slice(&block.last.to_bytes());
        bytes.put_u64(block.from);
        bytes.put_u32(block.len);
        bytes.put_u32(block.raw);
        bytes.extend_from_slice(&block.hash);
    }
    bytes
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    finished(digest(&SHA256, bytes))
}

/// The hash of what comes in parts.
pub(crate) fn hash_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    finished(context.finish())
}

fn finished(digest: ring::digest::Digest) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// How many bytes the end of a volume has that says where the rest is.
pub(crate) const TRAILER_BYTES: usize = 8 + 32 + 8 + 32 + 8;

/// After so many bytes of entries a block ends: some milliseconds to read, and enough to compress well.
const BLOCK_BYTES: usize = 256 << 10;

/// How large a block can be: with one of the largest entries at its end.
const BLOCK_BYTES_MAX: usize = BLOCK_BYTES + ENTRY_BYTES_MAX + 8 * SUBJECTS_MAX + 64;

/// After so many bytes a volume ends: what is held in memory to write, encrypt and compare one.
const VOLUME_BYTES: usize = 16 << 20;

/// How many bytes of lists a volume has at most: no full one comes near.
const PARTS_BYTES_MAX: u64 = 1 << 30;

/// Half of the size of level 1 on text, at tens of megabytes a second.
const LEVEL: i32 = 9;

const MAGIC: &[u8] = b"OVENVOL1";
const END: &[u8] = b"OVENEND1";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_volume_is_found_by_its_end_and_read_block_by_block() {
        let entries: Vec<_> = (0..5_000).map(entry).collect();
        let volume = bind(&entries);
        assert_eq!(volume.entries, 5_000);
        let (trailer, subjects, contents) = parts(&volume.bytes).unwrap();
        let (count, blocks) = trailer.contents(&place(), contents).unwrap();
        assert_eq!(count, 5_000);
        assert!(blocks.len() > 1, "{}", blocks.len());
        let found: Vec<_> = blocks
            .iter()
            .flat_map(|block| block.entries(lying(&volume.bytes, block)).unwrap())
            .collect();
        assert_eq!(found, entries);
        assert_eq!(trailer.has_subject(subjects, Id::new(7)), Some(true));
        assert_eq!(trailer.has_subject(subjects, Id::new(90)), Some(false));
        // The same entries are the same bytes: who repeats a move writes the same file.
        assert_eq!(bind(&entries).hash, volume.hash);
    }

    proptest! {
        #[test]
        fn damage_anywhere_is_noticed_and_does_no_harm(at: prop::sample::Index, bit in 0_u8..8, cut: bool) {
            let volume = bind(&(0..40).map(entry).collect::<Vec<_>>());
            let mut bytes = volume.bytes.to_vec();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
            prop_assert_ne!(hash(&bytes), volume.hash);
            let read = parts(&bytes).and_then(|(trailer, subjects, contents)| {
                trailer.has_subject(subjects, Id::new(7))?;
                let (_, blocks) = trailer.contents(&place(), contents)?;
                blocks.iter().map(|block| {
                    let from = usize::try_from(block.from).ok()?;
                    block.entries(bytes.get(from..from + usize::try_from(block.len).ok()?)?)
                }).collect::<Option<Vec<_>>>()
            });
            // The first bytes are looked at by nobody but the hash of the whole.
            prop_assert!(read.is_none() || at < MAGIC.len() && !cut);
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>, len: u64) {
            if let Some(trailer) = Trailer::from_bytes(&bytes, len) {
                prop_assert!(trailer.contents(&place(), &bytes).is_none());
            }
        }
    }

    fn bind(entries: &[Entry]) -> Volume {
        let mut binder = Binder::new(place());
        assert!(entries.iter().all(|entry| binder.add(entry).is_none()));
        binder.finish().unwrap()
    }

    fn parts(bytes: &[u8]) -> Option<(Trailer, &[u8], &[u8])> {
        let (rest, end) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER_BYTES)?)?;
        let trailer = Trailer::from_bytes(end, u64::try_from(bytes.len()).ok()?)?;
        let len = |len| usize::try_from(len).ok();
        let (rest, contents) =
            rest.split_at_checked(rest.len().checked_sub(len(trailer.contents_len)?)?)?;
        let (_, subjects) =
            rest.split_at_checked(rest.len().checked_sub(len(trailer.subjects_len)?)?)?;
        Some((trailer, subjects, contents))
    }

    fn lying<'a>(bytes: &'a [u8], block: &Block) -> &'a [u8] {
        let from = usize::try_from(block.from).unwrap();
        &bytes[from..from + usize::try_from(block.len).unwrap()]
    }

    fn entry(number: u64) -> Entry {
        let id = EntryId {
            at_ms: place().begins_ms() + number,
            tie: number,
        };
        let body = format!("warned for the {number}. time {}", "!".repeat(100));
        Entry::new(id, body).about([Id::new(number % 50 + 1)])
    }

    fn place() -> Place {
        Place {
            class: Class::new("moderation").unwrap(),
            week: 2_900,
        }
    }
}
