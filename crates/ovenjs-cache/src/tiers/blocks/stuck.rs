//! Guilds with which something went wrong, and what is the store's.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use ovenjs_types::{Fault as _, Id, marker::GuildMarker};

use super::{Inner, REST, lock};
use crate::tiers::TierError;

/// Until when a guild is left alone, and how long that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuck {
    until: Instant,
    wait: Duration,
}

/// How many errands failed one after the other.
#[derive(Debug, Default)]
pub(super) struct Row(u32);

impl Row {
    /// An errand ended well.
    pub(super) const fn ends(&mut self) {
        self.0 = 0;
    }

    /// One failed, for all that is known by the store's fault; the error, where the store is to be left alone.
    pub(super) fn goes_on(&mut self, error: TierError, is_away: bool) -> Result<(), TierError> {
        self.0 += 1;
        if is_away || self.0 >= ROW {
            return Err(error);
        }
        Ok(())
    }
}

impl Inner {
    /// Those that are not left alone: first those with which nothing went wrong of late, so that they do not wait for the
    /// others.
    pub(super) fn in_turn(
        &self,
        guilds: impl IntoIterator<Item = Id<GuildMarker>>,
    ) -> Vec<Id<GuildMarker>> {
        let now = self.shared.clock.now();
        let stuck = lock(&self.stuck);
        let is_free = |guild: &Id<GuildMarker>| {
            let stuck = stuck.get(guild);
            stuck.is_none_or(|stuck| stuck.until <= now)
        };
        let mut guilds: Vec<_> = guilds.into_iter().filter(is_free).collect();
        guilds.sort_by_key(|guild| stuck.contains_key(guild));
        guilds
    }

    /// What came of an errand for a guild, which is left alone where it failed; an error where the store is to be.
    pub(super) fn settle<T>(
        &self,
        guild: Id<GuildMarker>,
        outcome: Result<T, TierError>,
        row: &mut Row,
    ) -> Result<Option<T>, TierError> {
        match outcome {
            Ok(outcome) => {
                lock(&self.stuck).remove(&guild);
                row.ends();
                Ok(Some(outcome))
            }
            Err(error) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                if error.is_of_value() {
                    self.leave_alone(guild, true);
                    return Ok(None);
                }
                let is_away = self.is_away();
                if !is_away {
                    self.leave_alone(guild, !error.is_retryable());
                }
                row.goes_on(error, is_away).map(|()| None)
            }
        }
    }

    /// Leaves a guild alone: for long, or twice as long as the last time.
    pub(super) fn leave_alone(&self, guild: Id<GuildMarker>, is_long: bool) {
        let now = self.shared.clock.now();
        let mut stuck = lock(&self.stuck);
        stuck.retain(|_, stuck| now < stuck.until + STUCK);
        let wait = match stuck.get(&guild) {
            _ if is_long => STUCK,
            Some(stuck) => (stuck.wait * 2).min(STUCK),
            None => REST,
        };
        let until = now + wait;
        stuck.insert(guild, Stuck { until, wait });
    }
}

/// How long a guild is left alone that the store did not take.
const STUCK: Duration = Duration::from_secs(600);

/// So many errands that fail one after the other are the store's fault, and not their guilds'.
const ROW: u32 = 3;
