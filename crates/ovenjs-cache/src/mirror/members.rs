//! The members of a guild.

use super::heads::{Head, Heads};
use crate::{
    packed::{Object, put_varint, shapes},
    shelf::QuickShelf,
};

/// The members of a guild: a record of each in the order of their ids, and beside it, found sooner, what is asked
/// most often.
#[derive(Debug, Default)]
pub(super) struct Members {
    records: QuickShelf,
    heads: Heads,
}

/// What is kept of a member.
#[derive(Clone, Copy)]
pub(super) struct MemberRecord<'a> {
    /// The number of the set of roles.
    pub(super) set: u32,
    /// The member without user, guild and roles.
    pub(super) rest: Object<'a>,
}

impl Members {
    pub(super) const fn len(&self) -> usize {
        self.heads.len()
    }

    /// The bytes that they hold on the heap, as they asked the allocator for them.
    pub(super) const fn bytes(&self) -> usize {
        self.records.bytes() + self.heads.bytes()
    }

    #[inline]
    pub(super) fn head(&self, user: u64) -> Option<Head> {
        self.heads.get(user)
    }

    pub(super) fn get(&self, user: u64) -> Option<MemberRecord<'_>> {
        MemberRecord::of(self.records.get(user)?)
    }

    /// In the order of the users' ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, MemberRecord<'_>)> {
        self.after(0)
    }

    /// In the order of the users' ids, those above one.
    pub(super) fn after(&self, user: u64) -> impl Iterator<Item = (u64, MemberRecord<'_>)> {
        let records = self.records.after(user);
        records.filter_map(|(user, record)| Some((user, MemberRecord::of(record)?)))
    }

    /// Puts a member there, in place of one with this id. 0 is nobody's. `write` writes all but the user, the
    /// guild and the roles.
    pub(super) fn put(&mut self, user: u64, set: u32, write: impl FnOnce(&mut Vec<u8>)) {
        const DISABLED: u8 = shapes::MEMBER.at("communication_disabled_until");
        if user == 0 {
            return;
        }
        let mut record = Vec::with_capacity(RECORD_BYTES);
        put_varint(&mut record, set.into());
        let begin = record.len();
        write(&mut record);
        if self.records.put(user, &record) {
            let rest = record.get(begin..).unwrap_or_default();
            let disabled = Object::new(&shapes::MEMBER, rest).at(DISABLED);
            self.heads.put(user, Head::new(set, disabled.is_some()));
        }
    }

    pub(super) fn remove(&mut self, user: u64) {
        if self.records.remove(user) {
            self.heads.remove(user);
        }
    }
}

impl<'a> MemberRecord<'a> {
    fn of(record: &'a [u8]) -> Option<Self> {
        let (set, rest) = Object::after_number(&shapes::MEMBER, record)?;
        let set = u32::try_from(set).ok()?;
        Some(Self { set, rest })
    }
}

/// As long as most are.
const RECORD_BYTES: usize = 64;
