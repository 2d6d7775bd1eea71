//! The log of a store in the process itself.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::super::{
    Asked, Heard, Log, Place, Told,
    log::{HEARD_MAX, LOG_KEPT},
};
use crate::tiers::{Key, Record, Tag};

/// What was told, with the number of the first that is still there.
#[derive(Debug)]
pub(super) struct Book {
    entries_max: usize,
    pages: Mutex<Pages>,
    written: Notify,
}

#[derive(Debug, Default)]
struct Pages {
    first: u64,
    entries: VecDeque<Told>,
}

impl Book {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            entries_max: entries_max.min(LOG_KEPT),
            pages: Mutex::default(),
            written: Notify::new(),
        }
    }

    pub(super) fn written(&self, key: &Key, record: &Record) {
        self.push(Told::Written {
            key: key.clone(),
            version: record.version,
            hard_ms: record.hard_ms,
        });
    }

    pub(super) fn bumped(&self, tags: &[Tag], generations: &[u64]) {
        for (tag, generation) in tags.iter().zip(generations) {
            self.push(Told::Bumped {
                tag: tag.clone(),
                generation: *generation,
            });
        }
    }

    fn push(&self, told: Told) {
        let mut pages = self.pages();
        pages.entries.push_back(told);
        if pages.entries.len() > self.entries_max {
            pages.entries.pop_front();
            pages.first += 1;
        }
        drop(pages);
        self.written.notify_waiters();
    }

    #[cfg(test)]
    pub(super) fn lose(&self) {
        let mut pages = self.pages();
        pages.first += 1 + u64::try_from(pages.entries.len()).unwrap_or(u64::MAX);
        pages.entries.clear();
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn after(&self, after: Option<&Place>) -> Heard {
        let end = self.first + u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        let from = match after {
            None => end,
            Some(Place(bytes)) => match <[u8; 8]>::try_from(&bytes[..]).map(u64::from_be_bytes) {
                Ok(from) if (self.first..=end).contains(&from) => from,
                _ => return Heard::default(),
            },
        };
        let skipped = usize::try_from(from - self.first).unwrap_or(usize::MAX);
        let told: Vec<Told> = self
            .entries
            .iter()
            .skip(skipped)
            .take(HEARD_MAX)
            .cloned()
            .collect();
        let next = from + u64::try_from(told.len()).unwrap_or(u64::MAX);
        Heard {
            told,
            next: Some(Place(Bytes::copy_from_slice(&next.to_be_bytes()))),
        }
    }
}

impl Log for Book {
    fn listen<'a>(&'a self, after: Option<&'a Place>, hold: Duration) -> Asked<'a, Heard> {
        Box::pin(async move {
            let listen = async {
                loop {
                    let written = self.written.notified();
                    let heard = self.pages().after(after);
                    if after.is_none() || heard.next.as_ref() != after {
                        return heard;
                    }
                    written.await;
                }
            };
            let heard = tokio::time::timeout(hold, listen).await;
            Ok(heard.unwrap_or_else(|_| self.pages().after(after)))
        })
    }

    fn tell<'a>(&'a self, told: &'a Told) -> Asked<'a, ()> {
        self.push(told.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
