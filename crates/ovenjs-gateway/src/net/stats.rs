//! How the shards are, for those who look on.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ovenjs_types::{Id, ShardId, Version, marker::GuildMarker};

use crate::{
    Pulse, Resume, ShardLoad, ShardState,
    session::{Counts, Session},
};

/// How a fleet is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The shards of this process.
    pub shards: Vec<ShardStats>,
    /// How many deliveries lie between the shards and whoever reads.
    pub queue_deliveries: usize,
    /// How many bytes they hold.
    pub queue_bytes: usize,
    /// How often the state could not be saved.
    pub saves_failed: u64,
}

impl Stats {
    /// What each shard carries, for [`Advice::of`](crate::Advice::of): how many of these guilds are
    /// its own, and how many events it has delivered since it was last restarted. For the events of
    /// an hour, take those of an hour ago off. `process` is any number for this process; where there
    /// are several, put what they have together.
    ///
    /// The guilds are those of a cache that keeps all of them (`Cache::guild_ids`), or of
    /// `GET /users/@me/guilds`.
    ///
    /// ```no_run
    /// use ovenjs_gateway::{Advice, Fleet};
    /// use ovenjs_types::{Id, marker::GuildMarker};
    ///
    /// fn advice(fleet: &Fleet, guilds: Vec<Id<GuildMarker>>) -> Vec<Advice> {
    ///     Advice::of(&fleet.stats().loads(0, guilds), None)
    /// }
    /// ```
    #[must_use]
    pub fn loads(
        &self,
        process: u32,
        guilds: impl IntoIterator<Item = Id<GuildMarker>>,
    ) -> Vec<ShardLoad> {
        let mut loads: Vec<ShardLoad> = self
            .shards
            .iter()
            .map(|stats| ShardLoad {
                shard: stats.shard,
                process,
                guilds: 0,
                events: stats.counts.delivered,
            })
            .collect();
        for guild in guilds {
            for load in &mut loads {
                let of = ShardId::of_guild(guild, load.shard.total);
                load.guilds += u32::from(of == load.shard);
            }
        }
        loads
    }
}

/// How a shard is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardStats {
    /// The shard.
    pub shard: ShardId,
    /// What it is doing.
    pub state: ShardState,
    /// How long Discord took to acknowledge the last heartbeat of this connection.
    pub latency: Option<Duration>,
    /// How many bytes of events wait for the consumer.
    pub backlog_bytes: usize,
    /// How often things happened, since the shard was last restarted.
    pub counts: Counts,
    /// How often the shard was restarted, after a panic or when asked to.
    pub restarts: u64,
    /// Why the last connection failed or ended, where it did not end by the rules.
    pub last_failure: Option<Arc<str>>,
}

impl ShardStats {
    fn new(shard: ShardId) -> Self {
        Self {
            shard,
            state: ShardState::Idle,
            latency: None,
            backlog_bytes: 0,
            counts: Counts::default(),
            restarts: 0,
            last_failure: None,
        }
    }
}

/// Where a shard pins up how it is. Its own thread writes, anyone reads.
#[derive(Clone)]
pub(super) struct Board(Arc<Mutex<Posted>>);

pub(super) struct Posted {
    pub(super) stats: ShardStats,
    pub(super) pulse: Pulse,
    pub(super) resume: Option<Resume>,
    /// Whether that stays as it is, since what the shard has passed over may not be handled elsewhere.
    pub(super) is_frozen: bool,
    /// As of which version a store has saved it, while the shard has not heard of that.
    pub(super) saved: Option<Version>,
    /// The highest epoch that was used.
    pub(super) epoch: u64,
    /// Whether the shard's task has ended. To be told to stop is not enough: what it has delivered may
    /// not be handled yet.
    pub(super) is_over: bool,
    /// Its session then, under at-least-once: what is handled after that counts all the same.
    pub(super) ended: Option<Box<Session>>,
}

impl Posted {
    /// Brings what another process needs to go on up to date. Says whether that has changed, and then
    /// whether another session has begun, which is urgent. Of a session without an event nothing can be
    /// said yet: what was needed before stays.
    pub(super) fn renew(&mut self, session: &Session) -> Option<bool> {
        let mark = session.mark().filter(|_| !self.is_frozen)?;
        match &mut self.resume {
            Some(resume) if resume.version() == mark => None,
            Some(resume) if resume.version().epoch == mark.epoch => {
                resume.advance(mark);
                Some(false)
            }
            resume => {
                *resume = session.resume();
                Some(true)
            }
        }
    }

    /// Whether all that the shard delivered is handled, as far as that is known: once it has ended.
    pub(super) fn is_handled(&self) -> bool {
        // Of one whose task panicked nothing is known any more.
        let ended = self.ended.as_ref();
        self.is_over && ended.is_none_or(|session| session.is_handled())
    }

    /// The shard has ended with this session, as it is now. It is kept where it `can_go_on`, since
    /// somebody says what is handled.
    pub(super) fn conclude(&mut self, mut session: Box<Session>, can_go_on: bool) {
        if !self.is_frozen {
            self.resume = session.resume().or_else(|| self.resume.take());
        }
        self.is_over = true;
        session.give_up_backlog();
        self.ended = can_go_on.then_some(session);
    }
}

impl Board {
    pub(super) fn new(session: &Session) -> Self {
        Self(Arc::new(Mutex::new(Posted {
            stats: ShardStats::new(session.shard()),
            pulse: session.pulse(),
            resume: session.resume(),
            is_frozen: false,
            saved: None,
            epoch: session.epoch(),
            is_over: false,
            ended: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Posted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use ovenjs_types::Intents;

    use super::*;
    use crate::Config;

    #[test]
    fn a_shard_that_was_told_to_stop_is_not_over_until_its_session_is_put_down() {
        let config = Arc::new(Config::new("token", Intents::GUILDS));
        let session = Session::new(config, ShardId::default(), 7).expect("a session");
        let board = Board::new(&session);
        let mut posted = board.lock();
        posted.stats.state = ShardState::Stopped;
        assert!(!posted.is_handled(), "what it delivered may be open");
        posted.conclude(Box::new(session), true);
        assert!(posted.is_handled());
    }

    #[test]
    fn a_guild_is_a_load_of_the_shard_that_hears_of_it() {
        let of = |number, delivered| {
            let mut shard = ShardStats::new(ShardId { number, total: 2 });
            shard.counts.delivered = delivered;
            shard
        };
        let stats = Stats {
            shards: vec![of(0, 70), of(1, 30)],
            queue_deliveries: 0,
            queue_bytes: 0,
            saves_failed: 0,
        };
        let guilds = [2, 4, 5].map(|place| Id::new(place << 22));
        let loads = stats.loads(9, guilds);
        let seen: Vec<_> = loads
            .iter()
            .map(|load| (load.shard.number, load.process, load.guilds, load.events))
            .collect();
        assert_eq!(seen, [(0, 9, 2, 70), (1, 9, 1, 30)]);
    }
}
