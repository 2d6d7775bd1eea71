//! What holds when all is mended.

use super::{PROCESSES, Process, World, lock, note_time};
use crate::{
    deeds::{Loads, ask, load, write},
    judge::{KEYS, Kind, State, is_there},
};
use ovenjs_cache::tiers::{LENT, Put};
use std::sync::Arc;

impl World {
    /// All is mended and written out; what a process finds that begins now is judged, and what is said of rows.
    pub(super) async fn rest(&mut self) {
        self.tell(|| "all is mended".to_owned());
        self.laws.loss = 0;
        for process in &self.processes {
            process.lines.iter().for_each(|line| line.way().mend());
        }
        // The breakers' longest wait.
        self.pass(5_000).await;
        for process in self.processes.clone() {
            let mut is_out = false;
            for _ in 0..100 {
                is_out = process.tiers.flush().await.is_ok();
                if is_out {
                    break;
                }
                self.pass(500).await;
            }
            let stats = process.tiers.stats();
            let waiting =
                [stats.second, stats.third].map(|tier| tier.map_or(0, |tier| tier.behind.waiting));
            // Loads that are still on their way may write.
            if !is_out {
                let violation = format!(
                    "what waits in {} is never written: {waiting:?}",
                    process.number
                );
                note_time(&self.judge, self.began).violated(violation);
            }
        }
        if self.emptied > 0 {
            // What stands in a store that has lost what it knew is lent to it.
            self.pass(LENT.as_millis() as u64 + 1_000).await;
        }
        let fresh = self.process();
        for key in (0..KEYS).filter(|key| Kind::of(*key) == Kind::Event) {
            let newest = lock(&self.judge).newest(key);
            let Some(kept) = newest else { continue };
            if lock(&self.judge).is_of_two_shards(&kept.state) {
                // Whoever came first is kept, and a store may have forgotten who that was.
                continue;
            }
            // A slow answer may still be too late: ask again.
            let mut found = None;
            for _ in 0..20 {
                found = fresh.space.get(&key).await.ok().flatten();
                if found.is_some() {
                    break;
                }
                self.pass(300).await;
            }
            let found = found.map(|found| *found);
            let is_newer =
                |found: State| (found.epoch, found.number) > (kept.state.epoch, kept.state.number);
            // Something may have been written later, by who was killed or was told nothing.
            let is_last = lock(&self.judge).is_newest(&kept.state);
            let holds = match found {
                Some(found) if is_newer(found) => true,
                Some(found) => found == kept.state && !kept.is_deleted,
                None => kept.is_deleted || !is_last,
            };
            if !holds {
                let violation = format!("at rest key {key} is {found:?}, and kept was {kept:?}");
                note_time(&self.judge, self.began).violated(violation);
            }
        }
        self.rows_are_true().await;
        self.all_see_what_is_written().await;
    }

    /// What is written at rest is seen by all who ask for it, within some seconds.
    async fn all_see_what_is_written(&mut self) {
        // Of two shards in one epoch nobody knows better.
        self.depose();
        let (place, source, epoch) = self.authorities[self.authorities.len() - 1];
        for key in [0, KEYS - 1] {
            let kind = Kind::of(key);
            let (place, source, epoch) = match kind {
                Kind::Event => (place, source, epoch),
                _ => (self.dice.usize(..PROCESSES), 0, 0),
            };
            let state = note_time(&self.judge, self.began).begins(key, epoch, source);
            let writer = self.processes[place].clone();
            self.tell(|| format!("{} writes {state:?}", writer.number));
            let began = note_time(&self.judge, self.began).now;
            if write(&writer, kind, state, false).await.ok() != Some(Put::Kept) {
                // Somebody who is no more has written what is newer.
                continue;
            }
            note_time(&self.judge, self.began).kept(writer.number, began, state, false);
            let mut late = Vec::new();
            for _ in 0..SEEN_WITHIN {
                self.pass(1_100).await;
                late.clear();
                for process in &self.processes {
                    let found = process.space.get(&key).await.ok().flatten();
                    if found.is_none_or(|found| *found != state) {
                        late.push(process.number);
                    }
                }
                if late.is_empty() {
                    break;
                }
            }
            if !late.is_empty() {
                let violation = format!("{late:?} never see {state:?}");
                note_time(&self.judge, self.began).violated(violation);
            }
        }
    }

    /// What is given out of a row at rest, asked twice, is how it is.
    async fn rows_are_true(&self) {
        // Deletions are over, and what is fresh.
        self.pass(70_000).await;
        for _ in 0..2 {
            for process in self.processes.clone() {
                for key in (0..KEYS).filter(|key| Kind::of(*key).is_row()) {
                    let loads = self.loads(&process, key);
                    ask(&process, loads).await;
                }
            }
            self.pass(1_000).await;
        }
        for process in self.processes.clone() {
            for key in (0..KEYS).filter(|key| Kind::of(*key).is_row()) {
                let loads = self.loads(&process, key);
                let found = load(&process, loads).await.ok().flatten();
                let mut judge = note_time(&self.judge, self.began);
                let last = judge.last(key);
                let truth = is_there(last).then_some(last);
                if found.map(|found| found.number) != truth {
                    judge.violated(format!(
                        "at rest {} gives out {found:?} of key {key}, which is {truth:?}",
                        process.number
                    ));
                }
            }
        }
    }

    fn loads(&self, process: &Process, key: u64) -> Loads {
        Loads {
            judge: Arc::clone(&self.judge),
            began: self.began,
            process: process.number,
            key,
            before: 1,
            after: 1,
        }
    }
}

/// How often each asks, a second apart, until all have seen what was written: once to find that what it has is no
/// longer fresh, once more to be given what was fetched, and as often again for answers that were late.
const SEEN_WITHIN: usize = 8;
