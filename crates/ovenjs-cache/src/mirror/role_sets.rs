//! Which roles members hold: each set once for all who hold the same.

use std::{
    hash::BuildHasher,
    sync::atomic::{AtomicU64, Ordering},
};

use hashbrown::{DefaultHashBuilder, HashTable};
use ovenjs_types::{Id, marker::RoleMarker};

use super::MemberRoles;

/// The sets of roles that members of one guild hold, counted.
///
/// Most members of a guild share few sets. A role that is deleted leaves all sets at once: Discord sends no
/// event for each of its members.
#[derive(Debug, Default)]
pub(crate) struct RoleSets {
    sets: Vec<RoleSet>,
    /// The numbers of sets by what is in them.
    index: HashTable<u32>,
    /// The numbers that nobody uses.
    spare: Vec<u32>,
    hasher: DefaultHashBuilder,
    /// What the sets hold beside themselves.
    beside: usize,
    /// Counts the changes of the guild's roles.
    epoch: u64,
}

#[derive(Debug, Default)]
struct RoleSet {
    roles: MemberRoles,
    holders: u32,
    /// What the roles may do together, as it was in an epoch: both are written while the set is only looked
    /// at, and by all alike, since what they follow from does not change meanwhile.
    permissions: AtomicU64,
    /// That epoch and one; 0 where nothing was worked out.
    known_in: AtomicU64,
}

impl RoleSets {
    /// The number of a set, which one more holds. The roles are in the order of their ids.
    pub(crate) fn hold(&mut self, roles: &[Id<RoleMarker>]) -> u32 {
        let hash = self.hasher.hash_one(roles);
        let known = self
            .index
            .find(hash, |number| self.roles(*number) == roles)
            .copied();
        let number = known.unwrap_or_else(|| {
            let number = self.spare.pop().unwrap_or_else(|| {
                self.sets.push(RoleSet::default());
                number(self.sets.len() - 1)
            });
            self.fill(number, MemberRoles::of(roles));
            if let Some(set) = self.set_mut(number) {
                set.known_in = AtomicU64::new(0);
            }
            self.list(number, hash);
            number
        });
        if let Some(set) = self.set_mut(number) {
            set.holders = set.holders.saturating_add(1);
        }
        number
    }

    /// One less holds the set.
    pub(crate) fn release(&mut self, number: u32) {
        let Some(set) = self.set_mut(number) else {
            return;
        };
        set.holders = set.holders.saturating_sub(1);
        if set.holders == 0 {
            self.unlist(number);
            self.fill(number, MemberRoles::default());
            self.spare.push(number);
        }
    }

    /// The roles of a set, in the order of their ids.
    pub(crate) fn roles(&self, number: u32) -> &[Id<RoleMarker>] {
        self.set(number).map_or(&[], |set| &set.roles)
    }

    /// The same, to be given out.
    pub(crate) fn member_roles(&self, number: u32) -> Option<MemberRoles> {
        self.set(number).map(|set| set.roles.clone())
    }

    /// What the roles of a set may do together, as worked out since the guild's roles last changed.
    pub(crate) fn permissions(
        &self,
        number: u32,
        of: impl FnOnce(&[Id<RoleMarker>]) -> u64,
    ) -> u64 {
        let Some(set) = self.set(number) else {
            return of(&[]);
        };
        if set.known_in.load(Ordering::Acquire) == self.epoch + 1 {
            return set.permissions.load(Ordering::Relaxed);
        }
        let permissions = of(&set.roles);
        set.permissions.store(permissions, Ordering::Relaxed);
        set.known_in.store(self.epoch + 1, Ordering::Release);
        permissions
    }

    /// The guild's roles have changed, and so what those who hold them may do.
    pub(crate) const fn outdate(&mut self) {
        self.epoch += 1;
    }

    /// Takes a role out of all sets. Two that are the same afterwards stay two, until nobody holds one.
    pub(crate) fn remove_role(&mut self, role: Id<RoleMarker>) {
        for place in 0..self.sets.len() {
            let number = number(place);
            if self.roles(number).binary_search(&role).is_err() {
                continue;
            }
            self.unlist(number);
            let roles = self.roles(number).iter().copied();
            let left: Vec<_> = roles.filter(|id| *id != role).collect();
            let hash = self.hasher.hash_one(&*left);
            let is_listed = self
                .index
                .find(hash, |other| *self.roles(*other) == *left)
                .is_some();
            self.fill(number, MemberRoles::of(&left));
            if !is_listed {
                self.list(number, hash);
            }
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.beside
            + self.sets.capacity() * size_of::<RoleSet>()
            + self.spare.capacity() * size_of::<u32>()
            + self.index.allocation_size()
    }

    fn fill(&mut self, number: u32, roles: MemberRoles) {
        let after = roles.bytes();
        if let Some(set) = self.set_mut(number) {
            let former = std::mem::replace(&mut set.roles, roles);
            self.beside = self.beside + after - former.bytes();
        }
    }

    fn set(&self, number: u32) -> Option<&RoleSet> {
        self.sets.get(usize::try_from(number).ok()?)
    }

    fn set_mut(&mut self, number: u32) -> Option<&mut RoleSet> {
        self.sets.get_mut(usize::try_from(number).ok()?)
    }

    fn list(&mut self, number: u32, hash: u64) {
        let Self {
            sets,
            index,
            hasher,
            ..
        } = self;
        index.insert_unique(hash, number, |other| {
            let set = usize::try_from(*other)
                .ok()
                .and_then(|place| sets.get(place));
            hasher.hash_one(set.map_or(&[][..], |set| &set.roles))
        });
    }

    fn unlist(&mut self, number: u32) {
        let hash = self.hasher.hash_one(self.roles(number));
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
    }
}

/// A guild has far fewer members than there are such numbers.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_same_roles_shares_them() {
        let mut sets = RoleSets::default();
        let bakers = sets.hold(&ids([3, 7]));
        assert_eq!(sets.hold(&ids([3, 7])), bakers);
        let none = sets.hold(&[]);
        assert_eq!(
            (sets.roles(bakers), sets.roles(none)),
            (&ids([3, 7])[..], &[][..])
        );
        sets.release(bakers);
        assert_eq!(sets.roles(bakers), ids([3, 7]), "one still holds them");
        sets.release(bakers);
        assert_eq!(sets.hold(&ids([9])), bakers, "the number is used again");
        assert_eq!(sets.roles(bakers), ids([9]));
    }

    #[test]
    fn a_role_that_is_gone_leaves_all_sets() {
        let mut sets = RoleSets::default();
        let (both, one) = (sets.hold(&ids([3, 7])), sets.hold(&ids([3])));
        let other = sets.hold(&ids([8]));
        sets.remove_role(Id::new(7));
        assert_eq!(
            (sets.roles(both), sets.roles(one), sets.roles(other)),
            (&ids([3])[..], &ids([3])[..], &ids([8])[..])
        );
        // Which of the two is found does not matter, as long as both can go.
        let found = sets.hold(&ids([3]));
        for number in [both, one, found] {
            sets.release(number);
        }
        assert_eq!(sets.hold(&ids([3, 7])), sets.hold(&ids([3, 7])));
        assert_eq!(sets.roles(other), ids([8]));
    }

    #[test]
    fn what_a_set_may_do_is_worked_out_once_for_each_change_of_the_roles() {
        let mut sets = RoleSets::default();
        let set = sets.hold(&ids([3, 7]));
        assert_eq!(
            sets.permissions(set, |roles| roles.iter().map(|role| role.get()).sum()),
            10
        );
        assert_eq!(sets.permissions(set, |_| panic!("it is known")), 10);
        sets.outdate();
        assert_eq!(sets.permissions(set, |_| 5), 5);
        sets.release(set);
        assert_eq!(sets.hold(&ids([9])), set);
        assert_eq!(sets.permissions(set, |_| 6), 6, "it is another one");
    }

    #[test]
    fn large_sets_are_counted_as_long_as_somebody_holds_them() {
        let mut sets = RoleSets::default();
        let few = sets.hold(&ids([1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(sets.beside, 0);
        let many = sets.hold(&ids([1, 2, 3, 4, 5, 6, 7, 8, 9]));
        assert_eq!(sets.beside, 16 + 9 * 8);
        sets.remove_role(Id::new(9));
        assert_eq!(sets.beside, 16 + 8 * 8);
        let given = sets.member_roles(many).unwrap();
        sets.release(many);
        sets.release(few);
        assert_eq!((sets.beside, given.len()), (0, 8));
    }

    fn ids<const N: usize>(roles: [u64; N]) -> [Id<RoleMarker>; N] {
        roles.map(Id::new)
    }
}
