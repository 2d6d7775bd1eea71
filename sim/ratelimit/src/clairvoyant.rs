//! The most that anyone could get through: a scheduler that knows the server's state, every delay
//! and all that will be wanted, and never gets a 429.
//!
//! A request can arrive from the moment on at which it would if it left at once; later arrivals are
//! a matter of sending later. So its delays cost nothing, and what is left is to let something
//! arrive whenever the limits have room: the oldest wish first.
//!
//! Where one limit binds that is the most there is. Where a global limit and several others bind at
//! once it matters what goes first, and the best of all orders is hard to find: in one such world of
//! some hundreds a policy gets a little more through.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
};

use crate::{
    clock::Nanos,
    policy::Id,
    run::{Fate, Outcome, majors},
    server::Server,
    world::{Request, World},
};

/// Plays `requests` as well as can be.
pub(crate) fn play(world: &World, requests: &[Request], seed: u64) -> Outcome {
    // Requests that are counted alike wait in one line, by the time of their first possible arrival.
    let mut lines: BTreeMap<_, Vec<(Nanos, Id)>> = BTreeMap::new();
    for (id, request) in (0..).zip(requests) {
        let fate = Fate::of(world, seed, id, 0);
        if !fate.lost {
            lines
                .entry(request.lane())
                .or_default()
                .push((request.at + fate.up, id));
        }
    }
    let mut lines: Vec<VecDeque<(Nanos, Id)>> = lines
        .into_values()
        .map(|mut line| {
            line.sort_unstable();
            line.into()
        })
        .collect();
    // When to look at a line again; of the same moment the oldest wish comes first.
    let mut agenda: BinaryHeap<_> = (0..)
        .zip(&lines)
        .filter_map(|(place, line)| {
            let (head, _) = *line.front()?;
            Some(Reverse((head, head, place)))
        })
        .collect();
    let mut server = Server::new(world, majors(requests));
    let mut outcome = Outcome {
        by_major: vec![0; majors(requests) as usize],
        ..Outcome::default()
    };
    while let Some(Reverse((at, wished, line))) = agenda.pop() {
        if at > world.horizon {
            break;
        }
        let Some((_, id)) = lines[line].front().copied() else {
            continue;
        };
        let request = &requests[id as usize];
        let is_useless = at - wished > request.patience;
        let free = if is_useless {
            at
        } else {
            server.free_at(at, request)
        };
        if free > at {
            agenda.push(Reverse((free, wished, line)));
            continue;
        }
        lines[line].pop_front();
        if let Some((next, _)) = lines[line].front().copied() {
            agenda.push(Reverse((at.max(next), next, line)));
        }
        if is_useless {
            continue;
        }
        let (_, by) = server.arrive(at, request);
        assert_eq!(by, None, "the clairvoyant got a 429 at {at}");
        outcome.sent += 1;
        if !request.warms {
            outcome.accepted += 1;
            outcome.last = at;
            outcome.by_major[request.major as usize] += 1;
            outcome.waits.push((id, at - request.at));
        }
    }
    outcome
}
