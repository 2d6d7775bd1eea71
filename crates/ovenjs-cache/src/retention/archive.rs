//! An archive: a volume, encrypted. Pure: what has to be random comes in.
//!
//! `magic · name · length · key id · nonce · wrapped key · chunks`. Each archive has a key of its own, which encrypts
//! its chunks of 64 KiB with AES-256-GCM; the nonce of a chunk is its number and whether it is the last, so that chunks
//! that are missing, moved or of another archive are noticed. That key is wrapped by one of the bot's [`Keys`], together
//! with name and length, so that turning keys rewrites the head and nothing else.

use std::fmt;

use bytes::{BufMut as _, Bytes};
use ovenjs_types::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{RetentionError, RetentionErrorKind, entry::take};
use crate::hex::bytes_of;

/// The keys of the backup: one that writes, and older ones that still read.
///
/// A key is 32 random bytes as 64 hexadecimal digits, as `openssl rand -hex 32` makes them. Its id is no secret; it
/// stands in each archive. Keep the keys apart from the archives: whoever has both can read.
///
/// To turn them, make a new one, keep the old [to read](Self::also_read), call
/// [`rekey`](super::Retention::rekey), and destroy the old one: copies of archives that lie elsewhere can then be read
/// by nobody. That wraps the same keys of archives anew. Whoever had the old key *and* read an archive may have kept
/// what it wrapped, so after a leak call [`reseal`](super::Retention::reseal), which encrypts all archives anew; what
/// was copied before stays readable for whoever has the old key.
///
/// ```
/// use ovenjs_cache::retention::Keys;
/// use ovenjs_types::Secret;
///
/// let (old, new) = (Secret::new("07".repeat(32)), Secret::new("2a".repeat(32)));
/// let keys = Keys::new("2027", &new)?.also_read("2026", &old)?;
/// assert_eq!(format!("{keys:?}"), r#"Keys { writes: "2027", reads: ["2027", "2026"] }"#);
/// assert!(Keys::new("2027", &Secret::new("short")).is_err());
/// assert!(Keys::new("2027", &new)?.also_read("2027", &old).is_err());
/// # Ok::<(), ovenjs_cache::retention::RetentionError>(())
/// ```
pub struct Keys {
    writing: Key,
    reading: Vec<Key>,
}

struct Key {
    id: String,
    key: LessSafeKey,
}

impl Keys {
    /// The key that writes, and its id of 1 to [`KEY_ID_BYTES_MAX`] bytes.
    ///
    /// # Errors
    ///
    /// [`RetentionErrorKind::Key`]: it has not 64 hexadecimal digits, or the id is too long or empty.
    pub fn new(name: &str, key: &Secret) -> Result<Self, RetentionError> {
        Ok(Self {
            writing: Key::new(name, key)?,
            reading: Vec::new(),
        })
    }

    /// The same, and another key that archives may have been written with.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); also where there is a key of that id already, which alone would ever be asked.
    pub fn also_read(mut self, name: &str, key: &Secret) -> Result<Self, RetentionError> {
        if self.find(name).is_some() {
            let what = format!("there are two keys of the id {name:?}: give each its own");
            return Err(RetentionError::new(RetentionErrorKind::Key, what));
        }
        self.reading.push(Key::new(name, key)?);
        Ok(self)
    }

    /// Which key writes.
    pub(crate) fn writing_id(&self) -> &str {
        &self.writing.id
    }

    fn find(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.writing)
            .chain(&self.reading)
            .find(|key| key.id == id)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = std::iter::once(&self.writing)
            .chain(&self.reading)
            .map(|key| &key.id)
            .collect();
        f.debug_struct("Keys")
            .field("writes", &self.writing.id)
            .field("reads", &ids)
            .finish()
    }
}

impl Key {
    fn new(id: &str, key: &Secret) -> Result<Self, RetentionError> {
        let wrong = |what: &str| RetentionError::new(RetentionErrorKind::Key, what);
        if id.is_empty() || id.len() > KEY_ID_BYTES_MAX {
            return Err(wrong("the id of a backup's key has 1 to 64 bytes"));
        }
        let bytes = bytes_of::<32>(key.expose());
        let key = bytes.and_then(|bytes| UnboundKey::new(&AES_256_GCM, &bytes).ok());
        let key = key.ok_or_else(|| {
            wrong("a backup's key is 64 hexadecimal digits: `openssl rand -hex 32` makes one")
        })?;
        Ok(Self {
            id: id.to_owned(),
            key: LessSafeKey::new(key),
        })
    }
}

/// What an archive takes that nobody may guess.
pub(crate) struct Chance {
    pub(crate) key: [u8; 32],
    pub(crate) nonce: [u8; 12],
}

/// The archive of a volume that goes by this name.
pub(crate) fn seal(keys: &Keys, chance: &Chance, name: &str, volume: &[u8]) -> Option<Bytes> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &chance.key).ok()?);
    let bound = bound(name, u64::try_from(volume.len()).ok()?)?;
    let mut bytes = head(&keys.writing, &bound, &chance.key, chance.nonce)?;
    let mut chunks = (0..).zip(volume.chunks(CHUNK)).peekable();
    while let Some((number, chunk)) = chunks.next() {
        let nonce = nonce_of(number, chunks.peek().is_none());
        let begins = bytes.len();
        bytes.extend_from_slice(chunk);
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::empty(), bytes.get_mut(begins..)?)
            .ok()?;
        bytes.extend_from_slice(tag.as_ref());
    }
    Some(bytes.into())
}

/// What stands before the chunks.
#[derive(Debug)]
pub(crate) struct Head {
    bound: Vec<u8>,
    pub(crate) name: String,
    /// How long the volume is.
    pub(crate) volume_len: u64,
    pub(crate) key_id: String,
    nonce: [u8; 12],
    wrapped: [u8; 48],
    /// How long this is, and where the chunks begin.
    pub(crate) len: u64,
}

impl Head {
    /// From the first [`HEAD_BYTES_MAX`] of an archive, or all where it is shorter.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let [name_len] = take(&mut rest)?;
        let (name, left) = rest.split_at_checked(usize::from(name_len))?;
        rest = left;
        let volume_len = u64::from_be_bytes(take(&mut rest)?);
        let [id_len] = take(&mut rest)?;
        let (key_id, left) = rest.split_at_checked(usize::from(id_len))?;
        rest = left;
        let (nonce, wrapped) = (take(&mut rest)?, take(&mut rest)?);
        let name = std::str::from_utf8(name).ok()?.to_owned();
        // Longer than any that was written: its chunks could not be counted.
        if volume_len == 0 || volume_len > 1 << 40 {
            return None;
        }
        Some(Self {
            bound: bound(&name, volume_len)?,
            name,
            volume_len,
            key_id: std::str::from_utf8(key_id).ok()?.to_owned(),
            nonce,
            wrapped,
            len: u64::try_from(bytes.len() - rest.len()).ok()?,
        })
    }

    /// The archive's own key.
    pub(crate) fn unwrap(&self, file: &str, keys: &Keys) -> Result<ChunkKey, RetentionError> {
        let bytes = self.unwrapped(file, keys)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| RetentionError::damaged(file, "has no key of the right length"))?;
        Ok(ChunkKey(LessSafeKey::new(key)))
    }

    /// What stands before the chunks when the writing key wraps their key.
    pub(crate) fn rewrap(
        &self,
        file: &str,
        keys: &Keys,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, RetentionError> {
        let key = self.unwrapped(file, keys)?;
        head(&keys.writing, &self.bound, &key, nonce)
            .ok_or_else(|| RetentionError::damaged(file, "has no key of the right length"))
    }

    fn unwrapped(&self, file: &str, keys: &Keys) -> Result<[u8; 32], RetentionError> {
        let unknown = |what: &str| {
            RetentionError::new(
                RetentionErrorKind::Key,
                format!(
                    "{file} was encrypted with the key {:?}: {what}",
                    self.key_id
                ),
            )
        };
        let key = keys
            .find(&self.key_id)
            .ok_or_else(|| unknown("give it by `Keys::also_read`"))?;
        let mut bytes = self.wrapped;
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let opened = key
            .key
            .open_in_place(nonce, Aad::from(&self.bound), &mut bytes)
            .map_err(|_| unknown("the key of that id is another one, or the file was changed"))?;
        opened.try_into().map_err(|_| unknown("it holds no key"))
    }

    /// How many chunks there are.
    fn chunks(&self) -> u64 {
        self.volume_len.div_ceil(CHUNK_LEN)
    }

    /// How long the whole file is.
    pub(crate) fn file_len(&self) -> u64 {
        self.len + self.volume_len + self.chunks() * TAG_LEN
    }

    /// The chunks that hold these bytes of the volume, as bytes of the file: from where, and how many. Both are
    /// within the volume.
    pub(crate) fn lies(&self, from: u64, len: u64) -> (u64, u64) {
        let (first, end) = (from / CHUNK_LEN, (from + len).div_ceil(CHUNK_LEN));
        let begins = self.len + first * (CHUNK_LEN + TAG_LEN);
        let ends = self.len + (end * CHUNK_LEN).min(self.volume_len) + end * TAG_LEN;
        (begins, ends - begins)
    }

    /// Those bytes of the volume out of the chunks that [hold](Self::lies) them; nothing where a chunk is another
    /// than was written.
    pub(crate) fn open(&self, key: &ChunkKey, from: u64, len: u64, bytes: &[u8]) -> Option<Bytes> {
        let first = from / CHUNK_LEN;
        let mut plain = Vec::with_capacity(bytes.len());
        for (number, chunk) in (first..).zip(bytes.chunks(CHUNK + TAG)) {
            let nonce = nonce_of(u32::try_from(number).ok()?, number + 1 == self.chunks());
            let mut chunk = chunk.to_vec();
            let opened = key.0.open_in_place(nonce, Aad::empty(), &mut chunk).ok()?;
            plain.extend_from_slice(opened);
        }
        let from = usize::try_from(from - first * CHUNK_LEN).ok()?;
        let len = usize::try_from(len).ok()?;
        let plain = Bytes::from(plain);
        (from.checked_add(len)? <= plain.len()).then(|| plain.slice(from..from + len))
    }
}

/// The key of one archive's chunks.
pub(crate) struct ChunkKey(LessSafeKey);

/// What is bound to the wrapped key: which volume it is, and how long.
fn bound(name: &str, volume_len: u64) -> Option<Vec<u8>> {
    let mut bytes = MAGIC.to_vec();
    bytes.put_u8(u8::try_from(name.len()).ok()?);
    bytes.extend_from_slice(name.as_bytes());
    bytes.put_u64(volume_len);
    Some(bytes)
}

fn head(by: &Key, bound: &[u8], key: &[u8; 32], nonce: [u8; 12]) -> Option<Vec<u8>> {
    let mut wrapped = key.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    by.key
        .seal_in_place_append_tag(unique, Aad::from(bound), &mut wrapped)
        .ok()?;
    let mut bytes = bound.to_vec();
    bytes.put_u8(u8::try_from(by.id.len()).ok()?);
    bytes.extend_from_slice(by.id.as_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&wrapped);
    Some(bytes)
}

/// The nonce of a chunk: no other of this key has the same.
fn nonce_of(number: u32, is_last: bool) -> Nonce {
    let [a, b, c, d] = number.to_be_bytes();
    Nonce::assume_unique_for_key([0, 0, 0, 0, 0, 0, 0, a, b, c, d, u8::from(is_last)])
}

/// How many bytes of an archive tell all that stands before its chunks.
pub(crate) const HEAD_BYTES_MAX: usize = MAGIC.len() + 1 + 255 + 8 + 1 + KEY_ID_BYTES_MAX + 12 + 48;

/// How long the id of a key may be.
pub const KEY_ID_BYTES_MAX: usize = 64;

/// How much is decrypted at a time: little for one entry, and a 4000th is lost to tags.
const CHUNK: usize = 64 << 10;
const CHUNK_LEN: u64 = 64 << 10;

const TAG: usize = 16;
const TAG_LEN: u64 = 16;

const MAGIC: &[u8] = b"OVENARC1";

#[cfg(test)]
mod tests;
