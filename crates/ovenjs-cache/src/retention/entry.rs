//! What is kept, and under which name.

use std::{borrow::Borrow, fmt, sync::Arc, time::Duration};

use bytes::{BufMut as _, Bytes, BytesMut};
use ovenjs_types::{
    Id, Snowflake as _,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

use super::{RetentionError, RetentionErrorKind};

/// The name of a class of entries, as `moderation`: `a`–`z`, `0`–`9`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(Arc<str>);

impl Class {
    /// The class of this name.
    ///
    /// # Errors
    ///
    /// [`RetentionErrorKind::Class`]: it has other letters, none, or more than [`CLASS_BYTES_MAX`].
    pub fn new(name: &str) -> Result<Self, RetentionError> {
        let is_plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
        };
        if name.is_empty() || name.len() > CLASS_BYTES_MAX || !name.bytes().all(is_plain) {
            return Err(RetentionError::new(
                RetentionErrorKind::Class,
                "the name of a class is of a-z, 0-9, _ and -, and of 1 to 24 of them",
            ));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Class {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which entry of its class it is: its time, and a number among those of one millisecond. Their order is that of
/// time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// When it happened, in milliseconds since 1970. Ages are counted from here.
    pub at_ms: u64,
    /// What tells it from others of that moment.
    pub tie: u64,
}

impl EntryId {
    /// The first of this moment.
    #[must_use]
    pub const fn at(at_ms: u64) -> Self {
        Self { at_ms, tie: 0 }
    }

    /// That of something with an id of Discord's, which says when it came to be.
    ///
    /// ```
    /// use ovenjs_cache::retention::EntryId;
    /// use ovenjs_types::{Id, marker::MessageMarker};
    ///
    /// let id = EntryId::of(Id::<MessageMarker>::new(175_928_847_299_117_063));
    /// assert_eq!(id, EntryId { at_ms: 1_462_015_105_796, tie: 175_928_847_299_117_063 });
    /// ```
    #[must_use]
    pub fn of<T>(id: Id<T>) -> Self {
        Self {
            at_ms: u64::try_from(id.created_at().unix_millis()).unwrap_or(0),
            tie: id.get(),
        }
    }

    /// Sixteen bytes, whose order is that of the ids.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.at_ms) << 64) | u128::from(self.tie)).to_be_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        let (at, tie) = bytes.split_at(8);
        let number = |part: &[u8]| part.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Self {
            at_ms: number(at),
            tie: number(tie),
        }
    }

    /// The one right after it; none after the last.
    pub(crate) fn next(self) -> Option<Self> {
        match self.tie.checked_add(1) {
            Some(tie) => Some(Self { tie, ..self }),
            None => self.at_ms.checked_add(1).map(Self::at),
        }
    }
}

/// Something that happened. It does not change: who puts an entry of the same id again repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(crate) id: EntryId,
    pub(crate) guild: Option<Id<GuildMarker>>,
    pub(crate) channel: Option<Id<ChannelMarker>>,
    pub(crate) subjects: Vec<Id<UserMarker>>,
    pub(crate) has_message_content: bool,
    pub(crate) body: Bytes,
}

impl Entry {
    /// An entry with this body, which is nobody's and of no guild.
    #[must_use]
    pub fn new(id: EntryId, body: impl Into<Bytes>) -> Self {
        Self {
            id,
            guild: None,
            channel: None,
            subjects: Vec::new(),
            has_message_content: false,
            body: body.into(),
        }
    }

    /// Whom it is about. Who is named here can have it [erased](super::Retention::erase_user), for all of them:
    /// name those whose data it is, and not, say, the moderator who acted. Up to [`SUBJECTS_MAX`].
    #[must_use]
    pub fn about(mut self, users: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        self.subjects.extend(users);
        self.subjects.sort_unstable();
        self.subjects.dedup();
        self
    }

    /// The guild where it happened.
    #[must_use]
    pub const fn in_guild(mut self, guild: Id<GuildMarker>) -> Self {
        self.guild = Some(guild);
        self
    }

    /// The channel where it happened.
    #[must_use]
    pub const fn in_channel(mut self, channel: Id<ChannelMarker>) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Says that the body holds what somebody wrote on Discord. Only a class whose policy allows it
    /// [with a reason](super::Policy::with_message_content) takes it.
    #[must_use]
    pub const fn with_message_content(mut self) -> Self {
        self.has_message_content = true;
        self
    }

    /// Which one it is.
    #[must_use]
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// The guild where it happened.
    #[must_use]
    pub const fn guild(&self) -> Option<Id<GuildMarker>> {
        self.guild
    }

    /// The channel where it happened.
    #[must_use]
    pub const fn channel(&self) -> Option<Id<ChannelMarker>> {
        self.channel
    }

    /// Whom it is about, in the order of their ids.
    #[must_use]
    pub fn subjects(&self) -> &[Id<UserMarker>] {
        &self.subjects
    }

    /// Whether the body holds what somebody wrote on Discord.
    #[must_use]
    pub const fn has_message_content(&self) -> bool {
        self.has_message_content
    }

    /// The bytes that were put.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn names(&self, user: Id<UserMarker>) -> bool {
        self.subjects.binary_search(&user).is_ok()
    }

    /// About how many bytes it takes: those of its body, and what stands before.
    pub(crate) fn size(&self) -> usize {
        HEAD_BYTES + 8 * self.subjects.len() + self.body.len()
    }

    /// All but the id, for the tiers.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.size());
        bytes.put_u8(FORM);
        bytes.put_u8(
            u8::from(self.has_message_content)
                | u8::from(self.guild.is_some()) << 1
                | u8::from(self.channel.is_some()) << 2,
        );
        if let Some(guild) = self.guild {
            bytes.put_u64(guild.get());
        }
        if let Some(channel) = self.channel {
            bytes.put_u64(channel.get());
        }
        // No more were taken than fit.
        bytes.put_u8(u8::try_from(self.subjects.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&self.subject_bytes());
        bytes.extend_from_slice(&self.body);
        bytes.freeze()
    }

    /// The subjects back to back, each in eight bytes.
    pub(crate) fn subject_bytes(&self) -> Vec<u8> {
        self.subjects
            .iter()
            .flat_map(|user| user.get().to_be_bytes())
            .collect()
    }

    /// The entry of which [`to_bytes`](Self::to_bytes) wrote this; nothing where the bytes are none.
    pub(crate) fn from_bytes(id: EntryId, bytes: &Bytes) -> Option<Self> {
        let mut rest = &bytes[..];
        let [form, flags] = take(&mut rest)?;
        if form != FORM || flags > 0b111 {
            return None;
        }
        let guild = if flags & 2 == 0 {
            None
        } else {
            Some(Id::new_checked(u64::from_be_bytes(take(&mut rest)?))?)
        };
        let channel = if flags & 4 == 0 {
            None
        } else {
            Some(Id::new_checked(u64::from_be_bytes(take(&mut rest)?))?)
        };
        let [count] = take(&mut rest)?;
        let mut subjects = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            subjects.push(Id::new_checked(u64::from_be_bytes(take(&mut rest)?))?);
        }
        // They are searched by their order.
        if !subjects.is_sorted() {
            return None;
        }
        Some(Self {
            id,
            guild,
            channel,
            subjects,
            has_message_content: flags & 1 != 0,
            body: bytes.slice_ref(rest),
        })
    }
}

/// The next bytes of a form, which are taken off it.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

/// The entries of a class in one week of 1970's count, which begin on Thursdays: what moves between tiers as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The class.
    pub class: Class,
    /// How many weeks since 1970.
    pub week: u32,
}

impl Place {
    /// That of an entry.
    #[must_use]
    pub fn of(class: &Class, id: EntryId) -> Self {
        Self {
            class: class.clone(),
            week: u32::try_from(id.at_ms / WEEK_MS).unwrap_or(u32::MAX),
        }
    }

    /// Its first moment.
    #[must_use]
    pub fn begins_ms(&self) -> u64 {
        u64::from(self.week) * WEEK_MS
    }

    /// The moment after its last.
    #[must_use]
    pub fn ends_ms(&self) -> u64 {
        (u64::from(self.week) + 1) * WEEK_MS
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:05}", self.class, self.week)
    }
}

/// Milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How long a class's name may be: with it the names of files stay short everywhere.
pub const CLASS_BYTES_MAX: usize = 24;

/// How many users an entry is about at most: a raid's worth, and few enough for one byte.
pub const SUBJECTS_MAX: usize = 250;

/// How long an entry's body may be: larger things are attachments, and belong elsewhere.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;

const FORM: u8 = 1;

/// How many bytes an entry has at most before its subjects and its body.
const HEAD_BYTES: usize = 2 + 8 + 8 + 1;

const WEEK_MS: u64 = 7 * 24 * 3_600_000;

/// The entries in parts for one question each: of up to so many, and of some [mebibytes](BATCH_BYTES).
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn batches(entries: &[Entry], most: usize) -> impl Iterator<Item = &[Entry]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest.iter().take(most).take_while(|entry| {
            let fits = bytes < BATCH_BYTES;
            bytes += entry.size();
            fits
        });
        let (batch, next) = rest.split_at_checked(fitting.count())?;
        rest = next;
        (!batch.is_empty()).then_some(batch)
    })
}

/// After how many bytes of entries a question ends: what a server takes in some tens of milliseconds.
#[cfg(any(feature = "postgres", feature = "redis"))]
const BATCH_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[cfg(any(feature = "postgres", feature = "redis"))]
    #[test]
    fn a_question_has_so_many_entries_or_so_many_bytes() {
        let sizes = |lens: &[usize]| -> Vec<usize> {
            let entries: Vec<_> = lens
                .iter()
                .map(|len| Entry::new(EntryId::default(), vec![0; *len]))
                .collect();
            batches(&entries, 5).map(<[_]>::len).collect()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 12]), [5, 5, 2]);
        assert_eq!(sizes(&[ENTRY_BYTES_MAX; 9]), [4, 4, 1]);
        assert_eq!(sizes(&[BATCH_BYTES, 1]), [1, 1]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            at_ms: u64, tie: u64, guild in proptest::option::of(1_u64..), channel in proptest::option::of(1_u64..),
            users in proptest::collection::vec(1_u64.., 0..8), has_content: bool, body: Vec<u8>,
        ) {
            let mut entry = Entry::new(EntryId { at_ms, tie }, body).about(users.into_iter().map(Id::new));
            entry.guild = guild.map(Id::new);
            entry.channel = channel.map(Id::new);
            entry.has_message_content = has_content;
            let id = EntryId::from_bytes(entry.id.to_bytes());
            prop_assert_eq!(Entry::from_bytes(id, &entry.to_bytes()), Some(entry));
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            if let Some(entry) = Entry::from_bytes(EntryId::default(), &bytes) {
                prop_assert_eq!(entry.to_bytes(), bytes);
            }
        }

        #[test]
        fn the_order_of_bytes_is_that_of_ids(one: (u64, u64), other: (u64, u64)) {
            let id = |(at_ms, tie)| EntryId { at_ms, tie };
            let (one, other) = (id(one), id(other));
            prop_assert_eq!(one.cmp(&other), one.to_bytes().cmp(&other.to_bytes()));
        }
    }
}
