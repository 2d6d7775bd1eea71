//! Others' policies, and the one that knows the future. What is returned is how many reads were found.

use moka::{policy::EvictionPolicy, sync::Cache};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};

/// moka as it comes, worked off every eight reads so that it is within its size.
pub(super) fn moka(reads: &[u32], size: usize) -> usize {
    let cache: Cache<u32, (), _> = Cache::builder()
        .max_capacity(size as u64)
        .eviction_policy(EvictionPolicy::tiny_lfu())
        // As ours: the table is the same each time.
        .build_with_hasher(BuildHasherDefault::<DefaultHasher>::default());
    let mut found = 0;
    for (place, &key) in reads.iter().enumerate() {
        if cache.get(&key).is_some() {
            found += 1;
        } else {
            cache.insert(key, ());
        }
        if place % 8 == 0 {
            cache.run_pending_tasks();
        }
    }
    found
}

/// S3-FIFO: a tenth for newcomers, who are let in where they were read again or were there not long ago.
pub(super) fn s3_fifo(reads: &[u32], size: usize) -> usize {
    let small_size = (size / 10).max(1);
    let main_size = size - small_size;
    let mut held: HashMap<u32, u8> = HashMap::new();
    let (mut small, mut main) = (VecDeque::new(), VecDeque::new());
    // Who left lately: the key, and which of its departures is meant.
    let (mut ghosts, mut ghost_queue) = (HashMap::new(), VecDeque::new());
    let mut found = 0;
    for (place, &key) in reads.iter().enumerate() {
        if let Some(count) = held.get_mut(&key) {
            found += 1;
            *count = (*count + 1).min(3);
            continue;
        }
        while small.len() + main.len() >= size {
            if small.len() >= small_size || main.is_empty() {
                let leaving: u32 = small.pop_front().expect("the small queue has one");
                if held.get(&leaving).is_some_and(|count| *count > 0) {
                    held.insert(leaving, 0);
                    main.push_back(leaving);
                } else {
                    held.remove(&leaving);
                    ghosts.insert(leaving, place);
                    ghost_queue.push_back((leaving, place));
                    while ghost_queue.len() > main_size.max(1) {
                        if let Some((oldest, then)) = ghost_queue.pop_front()
                            && ghosts.get(&oldest) == Some(&then)
                        {
                            ghosts.remove(&oldest);
                        }
                    }
                }
            }
            while main.len() > main_size || small.len() + main.len() > size {
                let leaving = main.pop_front().expect("the main queue has one");
                let count = held.get_mut(&leaving).expect("who is queued is held");
                if *count > 0 {
                    *count -= 1;
                    main.push_back(leaving);
                } else {
                    held.remove(&leaving);
                    break;
                }
            }
        }
        held.insert(key, 0);
        if ghosts.remove(&key).is_some() {
            main.push_back(key);
        } else {
            small.push_back(key);
        }
    }
    found
}

/// Who is read again last leaves, and may be the newcomer.
pub(super) fn opt(reads: &[u32], size: usize) -> usize {
    let mut next = vec![usize::MAX; reads.len()];
    let mut last = HashMap::new();
    for (place, key) in reads.iter().enumerate().rev() {
        next[place] = last.insert(key, place).unwrap_or(usize::MAX);
    }
    let mut held: HashMap<u32, usize> = HashMap::new();
    let mut by_next = BinaryHeap::new();
    let mut found = 0;
    for (place, &key) in reads.iter().enumerate() {
        found += usize::from(held.contains_key(&key));
        held.insert(key, next[place]);
        by_next.push((next[place], key));
        while held.len() > size {
            let (when, key) = by_next.pop().expect("all that is held is in the heap");
            // What was read since stands there again with a later time.
            if held.get(&key) == Some(&when) {
                held.remove(&key);
            }
        }
    }
    found
}
