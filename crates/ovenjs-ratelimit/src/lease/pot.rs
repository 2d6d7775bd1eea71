//! How the places of one limit are divided among those who use it.

/// Who has a part in a limit, as the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stake {
    pub(super) member: u64,
    /// Places that nobody else may have: what it was told, or holds; all where it is [`ALL`].
    pub(super) reserve: u32,
    /// Places in use when it last reported.
    pub(super) held: u32,
    /// Places that it could make use of.
    pub(super) want: u32,
    /// Whether its lease runs. Known from the board, and written nowhere.
    pub(super) is_alive: bool,
}

/// The reserve of one who has a limit for itself, however large it turns out to be.
pub(super) const ALL: u32 = u32::MAX;

/// What a member says of its own part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    /// Places that it may use so far. What the division takes away of them it must give up before the
    /// store is told.
    pub(super) applied: u32,
    /// Places in use: unanswered requests, and arrivals that a window may still count.
    pub(super) held: u32,
    /// Places that it could make use of, as it seems.
    pub(super) want: u32,
}

/// How a limit is divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) limit: u32,
    /// What each member has at least, whatever the others want.
    pub(super) floor: u32,
    /// Moves on from time to time: who comes first where there are fewer places than members.
    pub(super) turn: u64,
    /// Nothing changes hands: whoever comes keeps what it has.
    pub(super) is_frozen: bool,
}

/// Takes in what the stake at `own` reports, and gives the places it has from now on.
///
/// The reserves of all stakes never come to more than the limit: a place goes to another member only
/// once the former one has given it up and reported, in an exchange of its own, that it does not hold it.
pub(super) fn divide(terms: Terms, stakes: &mut [Stake], own: usize, report: Report) -> u32 {
    // What it counts with caution is never more than it was entitled to.
    let entitled = stakes.get(own).map_or(0, |stake| stake.reserve);
    let entitled = entitled.max(report.applied).min(terms.limit);
    let held = report.held.min(entitled);
    if let Some(stake) = stakes.get_mut(own) {
        stake.held = held;
        stake.want = report.want;
    }
    let target = if terms.is_frozen {
        report.applied
    } else {
        targets(terms, stakes).get(own).copied().unwrap_or(0)
    };
    let others = stakes.iter().enumerate().filter(|(at, _)| *at != own);
    let others = others.fold(0_u32, |sum, (_, other)| sum.saturating_add(other.reserve));
    let told = target.min(terms.limit.saturating_sub(others));
    if let Some(stake) = stakes.get_mut(own) {
        stake.reserve = told.max(held);
    }
    told
}

/// The least that a member of so many keeps of the global limit: a quarter of its equal part. It is
/// kept for members that are cut off, so it is not more.
pub(super) fn floor(limit: u32, members: usize) -> u32 {
    let members = u32::try_from(members).unwrap_or(u32::MAX).max(1);
    if members > limit {
        return 0;
    }
    (limit / members / 4).max(1)
}

/// What each stake should have: its floor, then what it wants, the least served first; what is left
/// then is divided evenly.
fn targets(terms: Terms, stakes: &[Stake]) -> Vec<u32> {
    let dead = stakes.iter().filter(|stake| !stake.is_alive);
    let dead = dead.fold(0_u32, |sum, stake| sum.saturating_add(stake.reserve));
    let mut left = terms.limit.saturating_sub(dead);
    let mut given = vec![0_u32; stakes.len()];
    let count = u64::try_from(stakes.len()).unwrap_or(u64::MAX).max(1);
    let order = |at: usize| {
        let at = u64::try_from(at).unwrap_or(0);
        (at.wrapping_add(terms.turn)) % count
    };
    let want = |stake: &Stake| if stake.is_alive { stake.want } else { 0 };
    let alive = stakes.iter().filter(|stake| stake.is_alive).count();
    let floors = terms.floor.min(floor(left, alive));
    for (given, stake) in given.iter_mut().zip(stakes) {
        if stake.is_alive && left >= floors {
            *given = floors;
            left -= floors;
        }
    }
    while left > 0 {
        let wanting = stakes.iter().zip(&given).enumerate();
        let wanting = wanting.filter(|(_, (stake, given))| **given < want(stake));
        let Some((at, _)) = wanting.min_by_key(|(at, (_, given))| (**given, order(*at))) else {
            break;
        };
        if let Some(given) = given.get_mut(at) {
            *given += 1;
        }
        left -= 1;
    }
    let mut rest: Vec<usize> = (0..stakes.len())
        .filter(|at| stakes.get(*at).is_some_and(|stake| stake.is_alive))
        .collect();
    rest.sort_by_key(|at| order(*at));
    let each = left.checked_div(u32::try_from(rest.len()).unwrap_or(u32::MAX));
    let mut odd = left - each.unwrap_or(0) * u32::try_from(rest.len()).unwrap_or(0);
    for at in rest {
        if let Some(given) = given.get_mut(at) {
            *given += each.unwrap_or(0) + u32::from(odd > 0);
            odd = odd.saturating_sub(1);
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stake(member: u64, want: u32) -> Stake {
        Stake {
            member,
            reserve: 0,
            held: 0,
            want,
            is_alive: true,
        }
    }

    const fn of(limit: u32, floor: u32) -> Terms {
        Terms {
            limit,
            floor,
            turn: 0,
            is_frozen: false,
        }
    }

    #[test]
    fn whoever_waits_gets_what_the_others_do_not_use() {
        let busy = [stake(1, 90), stake(2, 2), stake(3, 0)];
        assert_eq!(targets(of(50, 3), &busy), [44, 3, 3]);
        let all = [stake(1, 40), stake(2, 30)];
        assert_eq!(targets(of(50, 6), &all), [25, 25]);
        let idle = [stake(1, 0), stake(2, 0)];
        assert_eq!(targets(of(50, 6), &idle), [25, 25]);
    }

    #[test]
    fn too_few_places_go_round() {
        let stakes = [stake(1, 1), stake(2, 1), stake(3, 1)];
        let terms = of(1, 0);
        let rounds: Vec<Vec<u32>> = (0..3)
            .map(|turn| targets(Terms { turn, ..terms }, &stakes))
            .collect();
        for at in 0..3 {
            assert_eq!(rounds.iter().map(|given| given[at]).sum::<u32>(), 1);
        }
    }

    proptest! {
        /// Whatever members report, and whichever replies are lost: what they may use and hold never
        /// comes to more than the limit.
        #[test]
        fn reserves_never_exceed_the_limit(
            limit in 1_u32..60,
            members in 1_usize..8,
            steps in proptest::collection::vec((0_usize..8, 0_u32..70, 0_u32..70, any::<bool>()), 1..200),
        ) {
            let mut stakes: Vec<Stake> = (0..).take(members).map(|member| stake(member, 0)).collect();
            let mut applied = vec![0_u32; members];
            let mut held = vec![0_u32; members];
            for (turn, (own, wish, want, is_heard)) in (0..).zip(steps) {
                let own = own % members;
                // It holds at most what it could have taken: its own places, and what it held before.
                held[own] = wish.min(applied[own].max(held[own]));
                let report = Report { applied: applied[own], held: held[own], want };
                let terms = Terms { turn, ..of(limit, floor(limit, members)) };
                let told = divide(terms, &mut stakes, own, report);
                // What is taken away is taken away before the store is told.
                applied[own] = applied[own].min(told);
                if is_heard {
                    applied[own] = told;
                }
                let used: u32 = (0..members).map(|member| applied[member].max(held[member])).sum();
                prop_assert!(used <= limit, "{used} of {limit}");
                prop_assert!(stakes.iter().map(|stake| stake.reserve).sum::<u32>() <= limit);
            }
        }
    }
}
