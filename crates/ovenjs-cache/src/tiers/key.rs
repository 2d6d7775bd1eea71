//! Under what a record stands.

use std::{
    cmp::Ordering,
    error::Error,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// What a record is called: a space, a guild within it, and an id within that.
///
/// All records of a space, or of a guild in it, are found and erased together, which is why an id is not a
/// sentence of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    space: Space,
    scope: u64,
    id: KeyId,
}

/// The bytes of an id. Most are a snowflake or two, and lie where the key lies.
#[derive(Clone)]
enum KeyId {
    Short { length: u8, bytes: [u8; SHORT_MAX] },
    Long(Arc<[u8]>),
}

impl Key {
    /// The key of `id` in `space` and, where the thing belongs to a guild, in the guild `scope`; 0 else.
    ///
    /// # Errors
    ///
    /// An id of more than [`ID_BYTES_MAX`] bytes. An empty one is fine: the one thing of its guild.
    ///
    /// ```
    /// use ovenjs_cache::tiers::{Key, Space};
    ///
    /// let settings = Space::new("settings", 2)?;
    /// let key = Key::new(&settings, 81384788765712384, "prefix")?;
    /// assert_eq!(key.space().as_str(), "settings.2");
    /// assert!(Key::new(&settings, 0, vec![0; 257]).is_err());
    /// # Ok::<(), ovenjs_cache::tiers::KeyError>(())
    /// ```
    pub fn new(space: &Space, scope: u64, id: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let id = id.as_ref();
        if id.len() > ID_BYTES_MAX {
            return Err(KeyError::Id);
        }
        Ok(Self {
            space: space.clone(),
            scope,
            id: KeyId::new(id),
        })
    }

    /// The space.
    #[must_use]
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// The guild, or 0.
    #[must_use]
    pub const fn scope(&self) -> u64 {
        self.scope
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        self.id.bytes()
    }

    /// A number of scope and id, the same in all processes and versions of this crate: FNV-1a of 128 bits. Two keys
    /// of one space that shared it would only lie together and have one tag.
    #[cfg(any(feature = "tiers", feature = "redis"))]
    pub(crate) fn spread(&self) -> u128 {
        let scope = self.scope.to_be_bytes();
        let bytes = scope.iter().chain(self.id());
        bytes.fold(FNV_BASIS, |spread, byte| {
            (spread ^ u128::from(*byte)).wrapping_mul(FNV_PRIME)
        })
    }
}

impl KeyId {
    fn new(id: &[u8]) -> Self {
        let mut bytes = [0; SHORT_MAX];
        match (bytes.get_mut(..id.len()), u8::try_from(id.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(id);
                Self::Short { length, bytes }
            }
            _ => Self::Long(id.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for KeyId {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for KeyId {}

impl Hash for KeyId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl PartialOrd for KeyId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.bytes().escape_ascii())
    }
}

/// Things of one kind and of one form: a name and the version of the schema, so that a form that has changed
/// finds nothing of the former.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space(Arc<str>);

impl Space {
    /// The space of this name and version.
    ///
    /// # Errors
    ///
    /// A name that is empty, that has other letters than `a`–`z`, `0`–`9`, `_` and `-`, or that is longer than
    /// [`SPACE_BYTES_MAX`] with its version.
    pub fn new(name: &str, schema: u32) -> Result<Self, KeyError> {
        let text = format!("{name}.{schema}");
        if name.is_empty() || text.len() > SPACE_BYTES_MAX || !name.bytes().all(is_plain) {
            return Err(KeyError::Space);
        }
        Ok(Self(text.into()))
    }

    /// Name and version, as `name.version`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The space which [`as_str`](Self::as_str) wrote.
    ///
    /// # Errors
    ///
    /// A text that it never writes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, schema) = text.rsplit_once('.').ok_or(KeyError::Space)?;
        let space = Self::new(name, schema.parse().map_err(|_| KeyError::Space)?)?;
        // A version with a plus or a nought in front is not one that was written.
        if space.as_str() == text {
            Ok(space)
        } else {
            Err(KeyError::Space)
        }
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
}

/// What records have in common that become stale together: a name with a generation, which is not kept in the
/// records but beside them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The tag of this name.
    ///
    /// # Errors
    ///
    /// A name that is empty or of more than [`TAG_BYTES_MAX`] bytes.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        if name.is_empty() || name.len() > TAG_BYTES_MAX || name.contains('\0') {
            return Err(KeyError::Tag);
        }
        Ok(Self(name.into()))
    }

    /// The tag of what is made of this key's value: a name of its own for each key, the same in all processes.
    #[cfg(feature = "tiers")]
    pub(crate) fn of(key: &Key) -> Result<Self, KeyError> {
        let (space, spread) = (key.space.as_str(), key.spread());
        Self::new(&format!("{OF}{space}:{spread:032x}"))
    }

    /// Space and [spread](Key::spread) of the key [of](Self::of) whose value something is made.
    #[cfg(any(feature = "tiers", feature = "redis"))]
    pub(crate) fn key(&self) -> Option<(&str, u128)> {
        let (space, spread) = self.0.strip_prefix(OF)?.rsplit_once(':')?;
        Some((space, u128::from_str_radix(spread, 16).ok()?))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What cannot be a key or a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyError {
    /// The name of a space.
    Space,
    /// The id of a key.
    Id,
    /// The name of a tag.
    Tag,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space => write!(
                f,
                "a space's name is of a-z, 0-9, _ and -, and of at most {SPACE_BYTES_MAX} bytes with its version"
            ),
            Self::Id => write!(
                f,
                "the id of a key has at most {ID_BYTES_MAX} bytes; make one of its hash"
            ),
            Self::Tag => write!(
                f,
                "a tag has 1 to {TAG_BYTES_MAX} bytes, and none of them is nought"
            ),
        }
    }
}

impl Error for KeyError {}

/// How long an id may be that lies in its key: as long as makes a key no larger than one whose id lies elsewhere
/// would be with a length beside it.
const SHORT_MAX: usize = 22;

/// How long an id may be: a few snowflakes and a word. Each store keeps it with each record, and each index of
/// a database once more.
pub const ID_BYTES_MAX: usize = 256;

/// How long a space's name may be with its version. It stands in each key that a Redis keeps.
pub const SPACE_BYTES_MAX: usize = 64;

/// How long a tag's name may be: one byte tells it in a record, and it stands in each.
pub const TAG_BYTES_MAX: usize = 128;

/// How the tag of a key begins.
#[cfg(any(feature = "tiers", feature = "redis"))]
const OF: &str = "of:";

#[cfg(any(feature = "tiers", feature = "redis"))]
const FNV_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
#[cfg(any(feature = "tiers", feature = "redis"))]
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let space = Space::new("guild-settings", 4_000_000_000).unwrap();
        assert_eq!(Space::parse(space.as_str()), Ok(space));
        for foreign in [
            "",
            "settings",
            "settings.",
            "settings.+1",
            "settings.01",
            "a:b.1",
            ".1",
        ] {
            assert_eq!(Space::parse(foreign), Err(KeyError::Space), "{foreign}");
        }
        assert_eq!(
            Space::new(&"a".repeat(62), 1).unwrap().as_str().len(),
            SPACE_BYTES_MAX
        );
        assert!(Space::new(&"a".repeat(63), 1).is_err());
        assert!(Space::new("Settings", 1).is_err());
    }

    #[test]
    fn ids_are_what_their_bytes_are_wherever_they_lie() {
        let space = Space::new("bread", 1).unwrap();
        let key = |length: usize| Key::new(&space, 1, vec![7; length]).unwrap();
        for length in [0, 1, 21, 22, 23, 256] {
            assert_eq!(key(length).id(), vec![7; length]);
            assert_eq!(key(length), key(length).clone());
            assert!(length == 256 || key(length) < key(length + 1));
        }
        assert!(Key::new(&space, 1, vec![7; 257]).is_err());
        assert_eq!(size_of::<Key>(), 48);
    }

    #[test]
    fn a_tag_has_a_name() {
        assert!(Tag::new("guild 1").is_ok());
        assert!(Tag::new("").is_err());
        assert!(Tag::new("a\0").is_err());
        assert!(Tag::new(&"é".repeat(65)).is_err());
    }
}
