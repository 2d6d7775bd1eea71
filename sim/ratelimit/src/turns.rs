//! How many others had their turn while a request was the first of its class.

use std::collections::{BTreeMap, VecDeque};

use crate::{policy::Id, world::Request};

/// All lanes of a run: what is limited alike stands in one.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lanes: BTreeMap<(u16, u8, u32, bool), [Class; RANKS]>,
    /// The most turns of others that the head of each class saw.
    worst: [u64; RANKS],
}

/// Bulk, normal, interactive.
pub(crate) const RANKS: usize = 3;

#[derive(Clone, Debug, Default)]
struct Class {
    waiting: VecDeque<Id>,
    /// Turns of others since its head is its head.
    seen: u64,
}

impl Turns {
    /// A request begins to wait.
    pub(crate) fn join(&mut self, id: Id, request: &Request) {
        let lane = self.lanes.entry(request.lane()).or_default();
        lane[request.rank as usize].waiting.push_back(id);
    }

    /// A request has its turn.
    pub(crate) fn go(&mut self, id: Id, request: &Request) {
        let lane = self.lanes.entry(request.lane()).or_default();
        let own = request.rank as usize;
        for (rank, class) in lane.iter_mut().enumerate() {
            if rank == own && class.waiting.front() == Some(&id) {
                class.seen = 0;
            } else if !class.waiting.is_empty() {
                class.seen += 1;
                self.worst[rank] = self.worst[rank].max(class.seen);
            }
        }
        lane[own].waiting.retain(|other| *other != id);
    }

    /// A request gives up.
    pub(crate) fn leave(&mut self, id: Id, request: &Request) {
        let lane = self.lanes.entry(request.lane()).or_default();
        let class = &mut lane[request.rank as usize];
        if class.waiting.front() == Some(&id) {
            class.seen = 0;
        }
        class.waiting.retain(|other| *other != id);
    }

    pub(crate) const fn worst(&self) -> [u64; RANKS] {
        self.worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Rank;

    #[test]
    fn a_head_counts_the_turns_of_others_from_when_it_is_the_head() {
        let request = |rank| Request {
            rank,
            ..Request::new(0, 0, 0)
        };
        let (bulk, normal) = (request(Rank::Bulk), request(Rank::Normal));
        let mut turns = Turns::default();
        turns.join(0, &bulk);
        for id in 1..4 {
            turns.join(id, &normal);
            turns.go(id, &normal);
        }
        turns.join(4, &bulk);
        turns.go(0, &bulk);
        turns.join(5, &normal);
        turns.go(5, &normal);
        // Three before the first, one before the second; and no turn of theirs before a normal one.
        assert_eq!(turns.worst(), [3, 0, 0]);
        // Whoever is overtaken in its own class counts that, too.
        turns.join(6, &bulk);
        turns.go(6, &bulk);
        turns.leave(4, &bulk);
        assert_eq!(turns.worst(), [3, 0, 0]);
        turns.join(7, &normal);
        turns.join(8, &normal);
        turns.go(8, &normal);
        assert_eq!(turns.worst(), [3, 1, 0]);
    }
}
