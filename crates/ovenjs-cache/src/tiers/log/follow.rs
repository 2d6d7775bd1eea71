//! Asking the log, and telling the keyspaces.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{HOLD, LATE, Listener};
use crate::tiers::{Key, Log, Space, StoreError, Told, Version, lock, tiered::Shared};

impl Shared {
    /// Follows the log of the store that counts tags, where it has one, for ever.
    pub(crate) async fn follow_log(&self) {
        let Some(log) = self.log() else { return };
        // One at a time, and where one was dropped the next goes on.
        let mut follower = self.ear.follower.lock().await;
        loop {
            let pause = follower.pause();
            // The runtime takes a millisecond for a sleep of none.
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let asked = self.clock.now();
            let listen = log.listen(follower.place(), HOLD);
            let answer = tokio::time::timeout(HOLD + LATE, listen).await;
            let news = follower.handle(answer.ok().and_then(Result::ok));
            if news.is_gap {
                self.ear.note_gap();
                self.stores_overtaken(None);
            }
            self.spread(&news.told);
            // Only now all that is in memory is as the log has told.
            self.ear.answered(asked, follower.follows());
        }
    }

    /// Tells other processes of what the store did not tell.
    ///
    /// # Errors
    ///
    /// The log does not answer: it may have been told or not.
    pub(crate) async fn tell(&self, told: &Told) -> Result<(), StoreError> {
        let Some(tier) = self.stores().next().filter(|tier| tier.log().is_some()) else {
            return Ok(());
        };
        tier.ask_log(&*self.clock, |log| log.tell(told)).await
    }

    pub(crate) fn log(&self) -> Option<&dyn Log> {
        self.stores().next()?.log()
    }

    fn spread(&self, told: &[Told]) {
        self.ear.note_entries(told.len());
        let mut written: HashMap<&Space, Vec<(&Key, Version, u64)>> = HashMap::new();
        for one in told {
            match one {
                Told::Written {
                    key,
                    version,
                    hard_ms,
                } => {
                    self.stores_overtaken(Some(key));
                    let of_space = written.entry(key.space()).or_default();
                    of_space.push((key, *version, *hard_ms));
                }
                Told::Bumped { tag, generation } => self.bumped(tag, *generation),
                Told::Erased { span, pattern, by } => {
                    self.ear.note(span);
                    self.stores_overtaken(None);
                    if *by == self.holder {
                        continue;
                    }
                    if pattern.is_none() {
                        self.stores().for_each(|tier| tier.forget(span));
                    }
                    for listener in self.listeners(&span.space) {
                        listener.erased(span, pattern.as_deref());
                    }
                }
            }
        }
        for (space, written) in written {
            for listener in self.listeners(space) {
                let dropped = listener.written(&written);
                self.ear.note_dropped(dropped);
            }
        }
    }

    fn stores_overtaken(&self, key: Option<&Key>) {
        self.stores().for_each(|tier| tier.overtaken(key));
    }

    pub(crate) fn listeners(&self, space: &Space) -> Vec<Arc<dyn Listener>> {
        let listeners = lock(&self.ear.listeners);
        let of_space = listeners.get(space).into_iter().flatten();
        of_space.filter_map(std::sync::Weak::upgrade).collect()
    }
}
