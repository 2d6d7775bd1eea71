//! A member as it lies in the mirror.

use std::fmt;

use ovenjs_types::{
    Id, MemberFlags, Timestamp,
    marker::{GuildMarker, RoleMarker, UserMarker},
};

use super::MemberRoles;
use crate::packed::{Object, Value, shapes::MEMBER};

/// A member as it lies in the mirror, to read one or two fields of it.
///
/// It is a copy: it holds no lock, and what comes later does not change it. For most members making it takes
/// no allocation, and each field that is read is looked for then.
#[derive(Clone)]
pub struct PackedMember {
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    record: Short,
    roles: MemberRoles,
}

impl PackedMember {
    pub(super) fn new(
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
        record: &[u8],
        roles: MemberRoles,
    ) -> Self {
        Self {
            guild,
            user,
            record: Short::of(record),
            roles,
        }
    }

    /// The guild.
    #[must_use]
    pub const fn guild_id(&self) -> Id<GuildMarker> {
        self.guild
    }

    /// The user.
    #[must_use]
    pub const fn user_id(&self) -> Id<UserMarker> {
        self.user
    }

    /// The member's roles.
    #[must_use]
    pub const fn roles(&self) -> &MemberRoles {
        &self.roles
    }

    /// Whether the member holds a role.
    #[must_use]
    pub fn has_role(&self, role: Id<RoleMarker>) -> bool {
        self.roles.has(role)
    }

    /// The name in this guild.
    #[must_use]
    pub fn nick(&self) -> Option<&str> {
        const NICK: u8 = MEMBER.at("nick");
        self.value(NICK)?.text()
    }

    /// When the user joined.
    #[must_use]
    pub fn joined_at(&self) -> Option<Timestamp> {
        const JOINED: u8 = MEMBER.at("joined_at");
        self.value(JOINED)?.time()
    }

    /// Since when the user boosts the guild.
    #[must_use]
    pub fn premium_since(&self) -> Option<Timestamp> {
        const PREMIUM: u8 = MEMBER.at("premium_since");
        self.value(PREMIUM)?.time()
    }

    /// Until when the member is timed out; may lie in the past.
    #[must_use]
    pub fn communication_disabled_until(&self) -> Option<Timestamp> {
        const DISABLED: u8 = MEMBER.at("communication_disabled_until");
        self.value(DISABLED)?.time()
    }

    /// Whether the member has still to pass the membership screening.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        const PENDING: u8 = MEMBER.at("pending");
        self.value(PENDING).is_some()
    }

    /// The member's flags.
    #[must_use]
    pub fn flags(&self) -> MemberFlags {
        const FLAGS: u8 = MEMBER.at("flags");
        let bits = self.value(FLAGS).and_then(Value::number);
        MemberFlags::from_bits(bits.unwrap_or_default())
    }

    fn value(&self, place: u8) -> Option<Value<'_>> {
        Object::new(&MEMBER, self.record.bytes()).at(place)
    }
}

impl fmt::Debug for PackedMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedMember")
            .field("guild_id", &self.guild)
            .field("user_id", &self.user)
            .field("nick", &self.nick())
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// A few bytes, or more of them on the heap.
#[derive(Clone)]
enum Short {
    Here([u8; RECORD_BYTES], usize),
    Heap(Box<[u8]>),
}

impl Short {
    fn of(bytes: &[u8]) -> Self {
        let mut here = [0; RECORD_BYTES];
        match here.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Self::Here(here, bytes.len())
            }
            None => Self::Heap(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Here(here, length) => here.get(..*length).unwrap_or_default(),
            Self::Heap(bytes) => bytes,
        }
    }
}

/// A time, a nickname of ordinary length and some flags.
const RECORD_BYTES: usize = 48;
