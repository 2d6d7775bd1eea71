//! How values become bytes behind memory.

#[cfg(feature = "zstd")]
mod zstd;

use std::{error::Error, fmt};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "zstd")]
pub use zstd::{Dictionary, Zstd};

/// Writes values for the stores and reads them again.
///
/// What is read may be anything: another version's, another program's, or damaged. Reading never panics; what
/// it refuses is loaded anew. A form that changes needs another schema version of its keyspace.
pub trait Codec<V>: fmt::Debug + Send + Sync {
    /// The bytes of a value.
    ///
    /// # Errors
    ///
    /// A value that this codec has no form for.
    fn encode(&self, value: &V) -> Result<Bytes, CodecError>;

    /// The value that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// Bytes that are none of its own.
    fn decode(&self, bytes: &Bytes) -> Result<V, CodecError>;
}

/// postcard: short and fast, and without names of fields. Types with `#[serde(untagged)]`, `flatten` or
/// `skip_serializing_if` have no such form; they need [`Json`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact;

/// JSON: for people who look into the store, and for types of any form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl<V: Serialize + DeserializeOwned> Codec<V> for Compact {
    fn encode(&self, value: &V) -> Result<Bytes, CodecError> {
        let bytes = postcard::to_allocvec(value).map_err(CodecError::new)?;
        Ok(bytes.into())
    }

    fn decode(&self, bytes: &Bytes) -> Result<V, CodecError> {
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(CodecError::new)?;
        // Of two forms, one may be the beginning of the other.
        if rest.is_empty() {
            Ok(value)
        } else {
            Err(CodecError::new("there is more than one value"))
        }
    }
}

impl<V: Serialize + DeserializeOwned> Codec<V> for Json {
    fn encode(&self, value: &V) -> Result<Bytes, CodecError> {
        let bytes = serde_json::to_vec(value).map_err(CodecError::new)?;
        Ok(bytes.into())
    }

    fn decode(&self, bytes: &Bytes) -> Result<V, CodecError> {
        serde_json::from_slice(bytes).map_err(CodecError::new)
    }
}

/// Bytes that are bytes already.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsIs;

impl Codec<Bytes> for AsIs {
    fn encode(&self, value: &Bytes) -> Result<Bytes, CodecError> {
        Ok(value.clone())
    }

    fn decode(&self, bytes: &Bytes) -> Result<Bytes, CodecError> {
        Ok(bytes.clone())
    }
}

/// Why a value has no bytes, or bytes are no value. The cause holds the codec's own words.
#[derive(Debug)]
pub struct CodecError(Box<dyn Error + Send + Sync>);

impl CodecError {
    /// For a codec of one's own. The text of the cause must hold no secret.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the codec of the keyspace does not fit the value: choose another, or another schema version",
        )
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &*self.0;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Settings {
        prefix: String,
        level: Option<u32>,
        roles: Vec<u64>,
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(prefix: String, level: Option<u32>, roles: Vec<u64>) {
            let settings = Settings { prefix, level, roles };
            let codecs: [&dyn Codec<Settings>; 2] = [&Compact, &Json];
            for codec in codecs {
                let bytes = codec.encode(&settings).unwrap();
                prop_assert_eq!(&codec.decode(&bytes).unwrap(), &settings);
                // And cut short it is nothing.
                let cut = bytes.slice(..bytes.len() - 1);
                prop_assert!(codec.decode(&cut).is_err());
            }
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            let codecs: [&dyn Codec<Settings>; 2] = [&Compact, &Json];
            for codec in codecs {
                if let Ok(settings) = codec.decode(&bytes) {
                    prop_assert!(codec.encode(&settings).is_ok());
                }
            }
        }
    }
}
