//! The roles of a member, as a value.

use std::{fmt, ops::Deref, sync::Arc};

use ovenjs_types::{Id, marker::RoleMarker};

/// The roles that a member holds, in the order of their ids, `@everyone` left out.
///
/// A small value of one's own to be read as a slice: it holds no lock, later events do not change it, and
/// neither making it nor cloning it allocates.
pub struct MemberRoles(Roles);

enum Roles {
    /// So many of these, then anything.
    Few(u8, [Id<RoleMarker>; FEW]),
    Many(Arc<[Id<RoleMarker>]>),
}

impl MemberRoles {
    pub(super) fn of(roles: &[Id<RoleMarker>]) -> Self {
        let mut few = [Id::new(1); FEW];
        let count = u8::try_from(roles.len()).unwrap_or(u8::MAX);
        Self(match few.get_mut(..roles.len()) {
            Some(place) => {
                place.copy_from_slice(roles);
                Roles::Few(count, few)
            }
            None => Roles::Many(roles.into()),
        })
    }

    /// Whether a role is among them.
    #[must_use]
    pub fn has(&self, role: Id<RoleMarker>) -> bool {
        self.binary_search(&role).is_ok()
    }

    /// What they hold on the heap.
    pub(super) fn bytes(&self) -> usize {
        match &self.0 {
            Roles::Few(..) => 0,
            Roles::Many(roles) => size_of_val(&**roles) + COUNTS_BYTES,
        }
    }
}

impl Clone for MemberRoles {
    /// As one piece, which ids are not taken for where it is derived.
    #[inline]
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Roles::Few(count, few) => Roles::Few(*count, *few),
            Roles::Many(roles) => Roles::Many(Arc::clone(roles)),
        })
    }
}

impl Default for MemberRoles {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Deref for MemberRoles {
    type Target = [Id<RoleMarker>];

    fn deref(&self) -> &[Id<RoleMarker>] {
        match &self.0 {
            Roles::Few(count, few) => few.get(..usize::from(*count)).unwrap_or_default(),
            Roles::Many(roles) => roles,
        }
    }
}

impl fmt::Debug for MemberRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for MemberRoles {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for MemberRoles {}

impl<'a> IntoIterator for &'a MemberRoles {
    type Item = &'a Id<RoleMarker>;
    type IntoIter = std::slice::Iter<'a, Id<RoleMarker>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Most members hold fewer; so the whole is 64 bytes.
const FEW: usize = 7;

/// What shared values are counted in.
const COUNTS_BYTES: usize = 2 * size_of::<usize>();
