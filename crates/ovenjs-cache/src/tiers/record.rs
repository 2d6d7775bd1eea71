//! What stands under a key, and its one form as bytes.

use std::{error::Error, fmt, time::Duration};

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{Key, Tag, Version};

/// One state of a thing: what it is, or that it is not, since when and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which state it is.
    pub version: Version,
    /// The state.
    pub body: Body,
    /// From when on it should be loaded anew, though it may still be given out; in milliseconds since 1970.
    pub soft_ms: u64,
    /// From when on it is as if it were not there. [`FOREVER_MS`] at most.
    pub hard_ms: u64,
    /// From when on the next store is to be asked before this is believed, where it is a copy of what that one has
    /// or is about to have; else [`FOREVER_MS`].
    pub lent_ms: u64,
    /// What it was made of, with the generations of then: it is stale as soon as one of them is another. At most
    /// [`TAGS_MAX`].
    pub tags: Vec<(Tag, u64)>,
}

/// What a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// This, as the codec of its space wrote it. At most [`BODY_BYTES_MAX`].
    Value(Bytes),
    /// It was deleted. Kept for as long as values are, so that nobody brings it back who read or wrote it before.
    Gone,
    /// It was looked for and not found. Kept for a few seconds, so that not each reader asks again.
    Absent,
}

impl Record {
    /// Whether it is as if it were not there.
    #[must_use]
    pub const fn is_over(&self, now_ms: u64) -> bool {
        self.hard_ms <= now_ms
    }

    /// Its bytes, for a store of one's own. They belong to `key`: under another one they are damaged.
    ///
    /// ```
    /// use ovenjs_cache::tiers::{Body, FOREVER_MS, Key, Record, Space, Version};
    ///
    /// let space = Space::new("settings", 1)?;
    /// let (ann, bob) = (Key::new(&space, 1, "ann")?, Key::new(&space, 1, "bob")?);
    /// let record = Record {
    ///     version: Version::loaded(1_700_000_000_000),
    ///     body: Body::Value("rye".into()),
    ///     soft_ms: 1_700_000_060_000,
    ///     hard_ms: FOREVER_MS,
    ///     lent_ms: FOREVER_MS,
    ///     tags: Vec::new(),
    /// };
    /// let bytes = record.to_bytes(&ann)?;
    /// assert_eq!(Record::from_bytes(&ann, &bytes)?, record);
    /// // A reply that belongs to another question is not taken for an answer.
    /// assert!(Record::from_bytes(&bob, &bytes).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A body of more than [`BODY_BYTES_MAX`] or more than [`TAGS_MAX`] tags.
    pub fn to_bytes(&self, key: &Key) -> Result<Bytes, RecordError> {
        let (kind, body) = match &self.body {
            Body::Value(bytes) => (VALUE, bytes.as_ref()),
            Body::Gone => (GONE, &[][..]),
            Body::Absent => (ABSENT, &[][..]),
        };
        self.check()?;
        let tags: usize = self
            .tags
            .iter()
            .map(|(tag, _)| tag.as_str().len() + 9)
            .sum();
        let mut out = BytesMut::with_capacity(HEAD_BYTES + tags + body.len() + SUM_BYTES);
        out.put_u8(FORM);
        out.put_u32(self.version.source);
        out.put_u64(self.version.epoch);
        out.put_u64(self.version.sequence);
        out.put_u64(self.hard_ms);
        out.put_u64(self.soft_ms);
        out.put_u64(self.lent_ms);
        out.put_u8(kind);
        // Both counts fit, by TAGS_MAX and by TAG_BYTES_MAX.
        out.put_u8(u8::try_from(self.tags.len()).unwrap_or(u8::MAX));
        for (tag, generation) in &self.tags {
            out.put_u8(u8::try_from(tag.as_str().len()).unwrap_or(u8::MAX));
            out.put_slice(tag.as_str().as_bytes());
            out.put_u64(*generation);
        }
        out.put_slice(body);
        let sum = checksum(key, &out);
        out.put_u64(sum);
        Ok(out.freeze())
    }

    pub(super) fn check(&self) -> Result<(), RecordError> {
        let body = match &self.body {
            Body::Value(bytes) => bytes.len(),
            Body::Gone | Body::Absent => 0,
        };
        if body > BODY_BYTES_MAX || self.tags.len() > TAGS_MAX {
            return Err(RecordError::TooLarge);
        }
        Ok(())
    }

    /// The record which [`to_bytes`](Self::to_bytes) wrote for this key.
    ///
    /// # Errors
    ///
    /// Bytes of another form, of another key, or that were cut short or changed. To a reader they are as good as
    /// none.
    pub fn from_bytes(key: &Key, bytes: &Bytes) -> Result<Self, RecordError> {
        let (summed, sum) = bytes
            .len()
            .checked_sub(SUM_BYTES)
            .and_then(|end| bytes.split_at_checked(end))
            .ok_or(RecordError::Damaged)?;
        if *sum != checksum(key, summed).to_be_bytes() {
            return Err(RecordError::Damaged);
        }
        if summed.first().is_some_and(|form| *form > FORM) {
            return Err(RecordError::Form);
        }
        let mut rest = Rest(summed);
        let record = rest.record(bytes).ok_or(RecordError::Damaged)?;
        Ok(record)
    }
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn record(&mut self, whole: &Bytes) -> Option<Record> {
        let _form = self.byte().filter(|form| *form == FORM)?;
        let version = Version {
            source: u32::from_be_bytes(self.array()?),
            epoch: self.number()?,
            sequence: self.number()?,
        };
        let (hard_ms, soft_ms, lent_ms) = (self.number()?, self.number()?, self.number()?);
        let kind = self.byte()?;
        let count = usize::from(self.byte()?);
        if count > TAGS_MAX {
            return None;
        }
        let mut tags = Vec::with_capacity(count);
        for _ in 0..count {
            let length = usize::from(self.byte()?);
            let name = std::str::from_utf8(self.take(length)?).ok()?;
            tags.push((Tag::new(name).ok()?, self.number()?));
        }
        let body = match (kind, self.0) {
            (VALUE, body) if body.len() <= BODY_BYTES_MAX => Body::Value(whole.slice_ref(body)),
            (GONE, []) => Body::Gone,
            (ABSENT, []) => Body::Absent,
            _ => return None,
        };
        Some(Record {
            version,
            body,
            soft_ms,
            hard_ms,
            lent_ms,
            tags,
        })
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// FNV-1a over the key and the record, so that what belongs elsewhere is noticed as well as what has changed: no
/// change of a single byte escapes it. It finds accidents; who may write the store may also reckon a sum.
fn checksum(key: &Key, record: &[u8]) -> u64 {
    let scope = key.scope().to_be_bytes();
    let ends = [0xff];
    let parts = [
        key.space().as_str().as_bytes(),
        &ends,
        &scope,
        key.id(),
        &ends,
        record,
    ];
    let bytes = parts.into_iter().flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Why bytes are not the record they should be, or a record cannot become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordError {
    /// The body or the tags exceed their bound.
    TooLarge,
    /// The bytes are of a form that this version does not know.
    Form,
    /// The bytes were cut short or changed, or belong to another key.
    Damaged,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(
                f,
                "a record has at most {BODY_BYTES_MAX} bytes and {TAGS_MAX} tags; keep it in parts"
            ),
            Self::Form => {
                f.write_str("the record is of a later version of ovenjs: update this process")
            }
            Self::Damaged => f.write_str("the record is damaged or another key's: load it anew"),
        }
    }
}

impl Error for RecordError {}

/// For how long it is said that a thing was deleted, and no loader asked for it. It is remembered for longer: as
/// long as values of its keyspace are kept.
pub const GONE_KEPT: Duration = Duration::from_secs(60);

/// The latest time there is, in milliseconds: databases know no larger number.
pub const FOREVER_MS: u64 = i64::MAX.cast_unsigned();

/// How large a body may be: the packed block of a guild of 250,000 members, which is the most that travels as
/// one. While it travels, what waits behind it on the connection waits.
pub const BODY_BYTES_MAX: usize = 32 << 20;

/// How many tags a record may have: each is looked up whenever it is read.
pub const TAGS_MAX: usize = 16;

/// The first byte of a record. It changes with the form, and so may all but the head up to the time at which it is over,
/// and the sum at the end: by these also a process of an earlier version can tell which of two records is newer.
const FORM: u8 = 2;

const VALUE: u8 = 0;
const GONE: u8 = 1;
const ABSENT: u8 = 2;

/// Form, version, times, kind and the number of tags.
const HEAD_BYTES: usize = 1 + 20 + 24 + 1 + 1;

const SUM_BYTES: usize = 8;

#[cfg(test)]
mod tests;
