//! What has to move, and what is not as the policies say. Pure: the tiers say what they hold, and `now` comes in.

use std::collections::{BTreeMap, BTreeSet};

use super::{Beyond, Class, Place, Policy, Tier, entry::millis};

/// What the tiers hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) warm: Vec<Held>,
    pub(crate) cold: Vec<Held>,
    pub(crate) backup: Vec<Held>,
}

/// A place in one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) place: Place,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    /// Which volumes those are: two tiers hold the same where these are the same. Empty for warm.
    pub(crate) volumes: Vec<String>,
    /// Whether there is a whole set of volumes.
    pub(crate) is_whole: bool,
    /// Whether there is something else beside it, which a crash left.
    pub(crate) has_leftovers: bool,
}

/// Something to do. Each can be done again from its beginning, whenever it was broken off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Move {
    /// Write volumes of what is warm, read them back, compare, and only then drop the partition.
    Seal { place: Place, to: Tier },
    /// Encrypt the volumes that are cold, decrypt them, compare, and only then forget what they replace.
    Archive { place: Place },
    /// Forget the place in this tier: it is too old, or safe in the next.
    Drop { tier: Tier, place: Place },
    /// Forget what a crash left beside a whole set.
    Clear { tier: Tier, place: Place },
}

/// A policy that is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// A week is in this tier though its time there is over since more than a day: the mover does not run, or
    /// fails.
    Behind {
        /// The tier.
        tier: Tier,
        /// The week.
        place: Place,
    },
    /// The class holds more than it may.
    OverLimit {
        /// The tier.
        tier: Tier,
        /// The class.
        class: Class,
        /// How many entries it holds.
        entries: u64,
        /// How many bytes those take.
        bytes: u64,
    },
    /// A file of this week is missing.
    Incomplete {
        /// The tier.
        tier: Tier,
        /// The week.
        place: Place,
    },
    /// There are entries of a class that has no policy. They are left alone.
    Unknown {
        /// The tier.
        tier: Tier,
        /// The week.
        place: Place,
    },
    /// An erasure has not reached all tiers since more than a day.
    ErasurePending {
        /// How many users wait for theirs.
        users: usize,
    },
}

/// What has to move now, in the order in which to do it.
pub(crate) fn plan(now_ms: u64, policies: &BTreeMap<Class, Policy>, held: &Inventory) -> Vec<Move> {
    let mut moves = Vec::new();
    for (tier, list) in [(Tier::Cold, &held.cold), (Tier::Backup, &held.backup)] {
        let torn = list
            .iter()
            .filter(|held| held.is_whole && held.has_leftovers);
        moves.extend(torn.map(|held| Move::Clear {
            tier,
            place: held.place.clone(),
        }));
    }
    for (class, policy) in policies {
        let of = |list: &[Held]| -> Vec<Held> {
            let mut list: Vec<_> = list
                .iter()
                .filter(|held| held.place.class == *class)
                .cloned()
                .collect();
            list.sort_by_key(|held| held.place.week);
            list
        };
        let (warm, cold, backup) = (of(&held.warm), of(&held.cold), of(&held.backup));
        let backed: BTreeMap<u32, &Held> =
            backup.iter().map(|held| (held.place.week, held)).collect();

        let (early, forgotten) = excess(now_ms, policy, Tier::Warm, &warm);
        for held in &warm {
            let (place, week) = (held.place.clone(), held.place.week);
            let is_due = is_due(now_ms, policy, Tier::Warm, &place) || early.contains(&week);
            let next = [Tier::Cold, Tier::Backup]
                .into_iter()
                .find(|tier| policy.has(*tier));
            match next {
                _ if is_over(now_ms, policy, &place) || forgotten.contains(&week) => {
                    moves.push(Move::Drop {
                        tier: Tier::Warm,
                        place,
                    });
                }
                Some(to) if is_due => moves.push(Move::Seal { place, to }),
                Some(_) | None => {}
            }
        }

        let (early, forgotten) = excess(now_ms, policy, Tier::Cold, &cold);
        for held in &cold {
            let (place, week) = (held.place.clone(), held.place.week);
            let is_due = is_due(now_ms, policy, Tier::Cold, &place) || early.contains(&week);
            let is_last = !policy.has(Tier::Backup);
            let is_backed = backed
                .get(&week)
                .is_some_and(|backed| backed.is_whole && backed.volumes == held.volumes);
            let goes = if is_over(now_ms, policy, &place) || forgotten.contains(&week) {
                true
            } else if is_last {
                // There is nowhere to go on to: it stays for as long as any tier keeps it.
                false
            } else {
                // What is incomplete is no better in the archive, and may be worse than what is there.
                if !is_backed && held.is_whole {
                    moves.push(Move::Archive {
                        place: place.clone(),
                    });
                }
                is_due && is_backed
            };
            if goes {
                moves.push(Move::Drop {
                    tier: Tier::Cold,
                    place,
                });
            }
        }

        let (_, forgotten) = excess(now_ms, policy, Tier::Backup, &backup);
        for held in &backup {
            let place = held.place.clone();
            if is_over(now_ms, policy, &place) || forgotten.contains(&place.week) {
                moves.push(Move::Drop {
                    tier: Tier::Backup,
                    place,
                });
            }
        }
    }
    moves
}

/// Where the policies are not kept.
pub(crate) fn review(
    now_ms: u64,
    policies: &BTreeMap<Class, Policy>,
    held: &Inventory,
) -> Vec<Violation> {
    let mut found = Vec::new();
    let tiers = [
        (Tier::Warm, &held.warm),
        (Tier::Cold, &held.cold),
        (Tier::Backup, &held.backup),
    ];
    for (tier, list) in tiers {
        for held in list {
            let place = held.place.clone();
            if !held.is_whole {
                found.push(Violation::Incomplete {
                    tier,
                    place: place.clone(),
                });
            }
            let Some(policy) = policies.get(&place.class) else {
                found.push(Violation::Unknown { tier, place });
                continue;
            };
            let then_ms = now_ms.saturating_sub(PATIENCE_MS);
            if is_due(then_ms, policy, tier, &place) || is_over(then_ms, policy, &place) {
                found.push(Violation::Behind { tier, place });
            }
        }
        for (class, policy) in policies {
            let of_class = list.iter().filter(|held| held.place.class == *class);
            let (entries, bytes) = of_class.fold((0, 0), |sum: (u64, u64), held| {
                (sum.0 + held.entries, sum.1 + held.bytes)
            });
            if entries > policy.entries_max(tier) || bytes > policy.bytes_max(tier) {
                found.push(Violation::OverLimit {
                    tier,
                    class: class.clone(),
                    entries,
                    bytes,
                });
            }
        }
    }
    found
}

/// Whether all of the place is older than what this tier keeps.
fn is_due(now_ms: u64, policy: &Policy, tier: Tier, place: &Place) -> bool {
    // What is no longer in the tier at all by its policy is due as well.
    let age_ms = policy.age(tier).map_or(0, millis);
    place.ends_ms().saturating_add(age_ms) <= now_ms
}

/// Whether all of it is older than what any tier keeps.
fn is_over(now_ms: u64, policy: &Policy, place: &Place) -> bool {
    place.ends_ms().saturating_add(policy.last_ms()) <= now_ms
}

/// The weeks that go before their time, on to the next tier or for good: the oldest, until the rest is within the
/// limit. Never a week that is not over.
fn excess(
    now_ms: u64,
    policy: &Policy,
    tier: Tier,
    held: &[Held],
) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let mut weeks = BTreeSet::new();
    let mut entries: u64 = held.iter().map(|held| held.entries).sum();
    let mut bytes: u64 = held.iter().map(|held| held.bytes).sum();
    for held in held {
        let fits = entries <= policy.entries_max(tier) && bytes <= policy.bytes_max(tier);
        if fits || held.place.ends_ms() > now_ms {
            break;
        }
        entries -= held.entries;
        bytes -= held.bytes;
        weeks.insert(held.place.week);
    }
    match policy.beyond {
        Beyond::Tell => (BTreeSet::new(), BTreeSet::new()),
        Beyond::MoveOn => (weeks, BTreeSet::new()),
        Beyond::Forget => (BTreeSet::new(), weeks),
    }
}

/// How long something may be due before it is told: a mover that runs once a night is not late.
pub(crate) const PATIENCE_MS: u64 = 24 * 3_600_000;

#[cfg(test)]
mod tests;
