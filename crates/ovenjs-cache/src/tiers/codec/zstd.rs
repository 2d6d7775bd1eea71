//! Values in fewer bytes: another codec's, compressed by zstd.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use bytes::{BufMut, Bytes, BytesMut};
use zstd_safe::{CCtx, CParameter, DCtx, SafeResult};

use super::{Codec, CodecError};
use crate::tiers::{BODY_BYTES_MAX, lock};

/// Another codec's bytes, compressed by zstd.
///
/// Values that resemble each other, as most of one keyspace do, shrink well only together with a
/// [`Dictionary`]: alone a value of some hundred bytes hardly does. What does not shrink is stored as it is. A
/// checksum tells what is damaged.
///
/// A new dictionary is a new form: values that were compressed with another one are refused, and so loaded
/// anew. A compressor takes one to two megabytes while it is at work; the last one is kept.
///
/// ```
/// use ovenjs_cache::tiers::{Codec, Compact, Dictionary, Zstd};
///
/// let greeting = |name: &str| format!(
///     "Welcome to the bakery, {name}! Fresh bread is at the counter from six in the morning, and whoever \
///      wants it sliced says so.",
/// );
/// let dictionary = Dictionary::of_samples(&Compact, &[greeting("ann"), greeting("bob")])?;
/// let codec = Zstd::new(Compact).dictionary(dictionary);
/// let bytes = codec.encode(&greeting("cleo"))?;
/// assert!(bytes.len() < greeting("cleo").len() / 2);
/// assert_eq!(Codec::<String>::decode(&codec, &bytes)?, greeting("cleo"));
/// # Ok::<(), ovenjs_cache::tiers::CodecError>(())
/// ```
pub struct Zstd<C> {
    inner: C,
    level: i32,
    dictionary: Option<Dictionary>,
    compressor: Mutex<Option<CCtx<'static>>>,
    decompressor: Mutex<Option<DCtx<'static>>>,
}

/// What the values of a keyspace have in common. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Dictionary {
    bytes: Arc<[u8]>,
    /// Tells it from others: it stands before what was compressed with it.
    tag: u32,
}

impl<C> Zstd<C> {
    /// Compresses what `inner` writes, at zstd's level 3 and without a dictionary.
    #[must_use]
    pub const fn new(inner: C) -> Self {
        Self {
            inner,
            level: LEVEL,
            dictionary: None,
            compressor: Mutex::new(None),
            decompressor: Mutex::new(None),
        }
    }

    /// Sets the level: 1 is fast, 19 is small; beyond these it is the nearest of them.
    #[must_use]
    pub fn level(mut self, level: i32) -> Self {
        self.level = level.clamp(1, 19);
        self
    }

    /// Sets what the values have in common.
    #[must_use]
    pub fn dictionary(mut self, dictionary: Dictionary) -> Self {
        self.dictionary = Some(dictionary);
        self
    }

    /// The bytes of `raw` compressed, unless they are not fewer.
    fn compress(&self, raw: &[u8], head: usize) -> Result<Option<BytesMut>, CodecError> {
        let kept = lock(&self.compressor).take();
        let mut compressor = match kept {
            Some(compressor) => compressor,
            None => self.compressor()?,
        };
        let mut packed = Vec::with_capacity(zstd_safe::compress_bound(raw.len()));
        told(compressor.compress2(&mut packed, raw))?;
        *lock(&self.compressor) = Some(compressor);
        if packed.len() + head >= raw.len() {
            return Ok(None);
        }
        let mut bytes = BytesMut::with_capacity(head + packed.len());
        bytes.put_u8(PACKED);
        bytes.put_u32(self.tag());
        bytes.put_u32(u32::try_from(raw.len()).map_err(CodecError::new)?);
        bytes.put_slice(&packed);
        Ok(Some(bytes))
    }

    fn decompress(&self, packed: &[u8], raw_len: usize) -> Result<Vec<u8>, CodecError> {
        let kept = lock(&self.decompressor).take();
        let mut decompressor = match kept {
            Some(decompressor) => decompressor,
            None => self.decompressor()?,
        };
        let mut raw = Vec::with_capacity(raw_len);
        // One that failed is not used again.
        told(decompressor.decompress(&mut raw, packed))?;
        *lock(&self.decompressor) = Some(decompressor);
        if raw.len() == raw_len {
            Ok(raw)
        } else {
            Err(CodecError::new("the value is shorter than it says"))
        }
    }

    fn compressor(&self) -> Result<CCtx<'static>, CodecError> {
        let mut compressor = CCtx::try_create().ok_or_else(no_memory)?;
        told(compressor.set_parameter(CParameter::CompressionLevel(self.level)))?;
        told(compressor.set_parameter(CParameter::ChecksumFlag(true)))?;
        if let Some(dictionary) = &self.dictionary {
            told(compressor.load_dictionary(&dictionary.bytes))?;
        }
        Ok(compressor)
    }

    fn decompressor(&self) -> Result<DCtx<'static>, CodecError> {
        let mut decompressor = DCtx::try_create().ok_or_else(no_memory)?;
        if let Some(dictionary) = &self.dictionary {
            told(decompressor.load_dictionary(&dictionary.bytes))?;
        }
        Ok(decompressor)
    }

    fn tag(&self) -> u32 {
        self.dictionary
            .as_ref()
            .map_or(0, |dictionary| dictionary.tag)
    }
}

impl<V, C: Codec<V>> Codec<V> for Zstd<C> {
    fn encode(&self, value: &V) -> Result<Bytes, CodecError> {
        let raw = self.inner.encode(value)?;
        if raw.len() > RAW_MAX {
            return Err(too_long());
        }
        if let Some(packed) = self.compress(&raw, HEAD)? {
            return Ok(packed.freeze());
        }
        let mut plain = BytesMut::with_capacity(1 + raw.len());
        plain.put_u8(PLAIN);
        plain.put_slice(&raw);
        Ok(plain.freeze())
    }

    fn decode(&self, bytes: &Bytes) -> Result<V, CodecError> {
        let (form, rest) = bytes
            .split_first()
            .ok_or_else(|| CodecError::new("there is nothing"))?;
        match *form {
            PLAIN => self.inner.decode(&bytes.slice_ref(rest)),
            PACKED => {
                let too_short = || CodecError::new("the value is cut short");
                let (tag, rest) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
                let (len, packed) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
                if u32::from_be_bytes(*tag) != self.tag() {
                    return Err(CodecError::new("it was compressed with another dictionary"));
                }
                let len = usize::try_from(u32::from_be_bytes(*len)).map_err(CodecError::new)?;
                if len > RAW_MAX {
                    return Err(too_long());
                }
                let raw = self.decompress(packed, len)?;
                self.inner.decode(&raw.into())
            }
            _ => Err(CodecError::new("it is of another form")),
        }
    }
}

impl Dictionary {
    /// Of the bytes that the codec below writes for typical values, the last ones where they are more than 110
    /// KiB together. A hundred of them do; to be stored with the program, as the values need it again.
    ///
    /// # Errors
    ///
    /// A sample that the codec has no form for.
    pub fn of_samples<V>(codec: &dyn Codec<V>, samples: &[V]) -> Result<Self, CodecError> {
        let mut parts = Vec::new();
        let mut len = 0;
        for sample in samples.iter().rev() {
            let bytes = codec.encode(sample)?;
            len += bytes.len();
            if len > DICTIONARY_MAX {
                break;
            }
            parts.push(bytes);
        }
        let parts = parts.iter().rev().map(|part| &part[..]);
        Ok(Self::from_bytes(&parts.collect::<Vec<_>>().concat()))
    }

    /// The dictionary of these bytes: those of [`as_bytes`](Self::as_bytes), or what `zstd --train` has made.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        // FNV-1a; 0 is for none.
        let mixed = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        Self {
            tag: bytes.iter().fold(0x811C_9DC5, mixed).max(1),
            bytes: bytes.into(),
        }
    }

    /// Its bytes, to be kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<C: fmt::Debug> fmt::Debug for Zstd<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd")
            .field("inner", &self.inner)
            .field("level", &self.level)
            .field("dictionary", &self.dictionary)
            .finish_non_exhaustive()
    }
}

/// Samples are other people's values.
impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dictionary")
            .field("bytes", &self.bytes.len())
            .field("tag", &self.tag)
            .finish()
    }
}

fn told(outcome: SafeResult) -> Result<usize, CodecError> {
    outcome.map_err(|code| CodecError::new(zstd_safe::get_error_name(code)))
}

fn too_long() -> CodecError {
    CodecError::new(format!("the value has more than {} MiB", RAW_MAX >> 20))
}

fn no_memory() -> CodecError {
    CodecError::new("there is no memory for zstd")
}

/// zstd's own default: about 300 MB/s on one core, and little is gained above it on short values.
const LEVEL: i32 = 3;

/// The first byte of a value: as it is, or compressed, and then the dictionary's tag and the length.
const PLAIN: u8 = 0;
const PACKED: u8 = 1;
const HEAD: usize = 9;

/// What a value may have, so that foreign bytes do not take more memory: as much as without compression.
const RAW_MAX: usize = BODY_BYTES_MAX;

/// As `zstd --train` makes them: more helps little and takes time for each compressor.
const DICTIONARY_MAX: usize = 110 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tiers::{Compact, Json};

    proptest! {
        #[test]
        fn what_was_written_is_read_and_damage_is_told(
            texts in prop::collection::vec(".{0,80}", 0..20),
            samples in prop::collection::vec(prop::collection::vec(".{0,80}", 0..9), 0..4),
            bit in any::<prop::sample::Index>(),
            level in -3..30,
        ) {
            let dictionary = Dictionary::of_samples(&Compact, &samples).unwrap();
            let alone = Zstd::new(Compact).level(level);
            let together = Zstd::new(Compact).level(level).dictionary(dictionary);
            for codec in [&alone, &together] {
                let bytes = codec.encode(&texts).unwrap();
                prop_assert_eq!(&Codec::<Vec<String>>::decode(codec, &bytes).unwrap(), &texts);
                let mut damaged = bytes.to_vec();
                let bit = bit.index(damaged.len() * 8);
                damaged[bit / 8] ^= 1 << (bit % 8);
                // What stands there as it is has no checksum: the tiers' records have one.
                let read = Codec::<Vec<String>>::decode(codec, &damaged.into());
                if bytes[0] == PACKED {
                    prop_assert!(read.map_or(true, |read| read == texts));
                }
            }
        }

        #[test]
        fn foreign_bytes_do_no_harm(form in 0_u8..3, bytes: Vec<u8>) {
            let codec = Zstd::new(Json);
            let mut foreign = vec![form];
            foreign.extend(bytes);
            let read: Result<Vec<String>, _> = codec.decode(&foreign.into());
            prop_assert!(read.is_err() || form == PLAIN);
        }
    }

    #[test]
    fn a_dictionary_makes_short_values_shorter_and_is_needed_again() {
        let letter = |name: &str| {
            let text = "thank you for your order of bread. It leaves the oven at six in the morning and \
                        waits for you at the counter until noon. Please bring a bag.";
            (format!("Dear {name}, {text}"), u64::MAX)
        };
        let samples: Vec<_> = ["ann", "bob", "cleo"].map(letter).to_vec();
        let alone = Zstd::new(Compact);
        let dictionary = Dictionary::of_samples(&Compact, &samples).unwrap();
        let together = Zstd::new(Compact).dictionary(dictionary.clone());
        let value = letter("dora");
        let (long, short) = (
            alone.encode(&value).unwrap(),
            together.encode(&value).unwrap(),
        );
        assert!(
            short.len() * 2 < long.len(),
            "{} of {}",
            short.len(),
            long.len()
        );
        let refused = Codec::<(String, u64)>::decode(&alone, &short).unwrap_err();
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert_eq!(cause, "it was compressed with another dictionary");
        let kept = Dictionary::from_bytes(dictionary.as_bytes());
        let again = Zstd::new(Compact).dictionary(kept).level(19);
        assert_eq!(
            Codec::<(String, u64)>::decode(&again, &short).unwrap(),
            value
        );
        assert!(
            !format!("{again:?}").contains("Dear"),
            "samples are not told"
        );
    }

    #[test]
    fn a_value_may_have_as_many_bytes_as_without_compression() {
        let codec = Zstd::new(crate::tiers::AsIs).level(1);
        let most = Bytes::from(vec![7; BODY_BYTES_MAX]);
        let packed = codec.encode(&most).unwrap();
        assert_eq!(codec.decode(&packed).unwrap(), most);
        let more = Bytes::from(vec![7; BODY_BYTES_MAX + 1]);
        assert!(codec.encode(&more).is_err());
    }

    #[test]
    fn what_says_to_be_too_long_is_refused_before_memory_is_taken() {
        let mut bytes = vec![PACKED, 0, 0, 0, 0];
        bytes.extend(u32::MAX.to_be_bytes());
        let refused: Result<String, _> = Zstd::new(Compact).decode(&bytes.into());
        assert!(refused.is_err());
    }
}
