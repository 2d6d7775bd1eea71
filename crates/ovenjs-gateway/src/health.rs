//! Whether the shards are well, from what they post, pure.

use std::{
    fmt,
    time::{Duration, Instant},
};

use ovenjs_types::ShardId;

use crate::{
    ReshardReport, ReshardStage,
    session::{Generation, ShardState},
};

/// What a shard posts of itself: [`Session::pulse`](crate::session::Session::pulse). Moments instead
/// of ages, so that it stays true while nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulse {
    /// The shard.
    pub shard: ShardId,
    /// What it is doing.
    pub state: ShardState,
    /// Since when; nothing before it was started.
    pub state_since: Option<Instant>,
    /// Since when it receives nothing, less the time for which it waited for turns to identify; nothing
    /// while it is connected.
    pub away_since: Option<Instant>,
    /// Which connection attempt it is at.
    pub generation: Generation,
    /// How long Discord took to acknowledge the last heartbeat of this connection.
    pub latency: Option<Duration>,
    /// When the last event came.
    pub last_event: Option<Instant>,
    /// How many deliveries wait for the consumer.
    pub backlog: usize,
    /// How many bytes these have, and how many there may be.
    pub backlog_bytes: [usize; 2],
}

/// How a shard is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ShardHealth {
    /// The shard.
    pub shard: ShardId,
    /// Whether it is well.
    pub condition: Condition,
    /// What it is doing.
    pub state: ShardState,
    /// For how long.
    pub state_for: Duration,
    /// Which connection attempt it is at.
    pub generation: Generation,
    /// How long Discord took to acknowledge the last heartbeat of this connection.
    pub latency: Option<Duration>,
    /// How long ago the last event came. A shard of quiet guilds may hear nothing for long and be
    /// well.
    pub last_event_age: Option<Duration>,
    /// How many deliveries wait for the consumer.
    pub backlog: usize,
    /// How full the backlog is, from 0 to 1; a single large event can make it more.
    pub backlog_share: f64,
}

/// Whether a shard or a fleet is well. The worse is the greater.
///
/// For a probe that **restarts** what is not alive, ask [`FleetHealth::is_alive`]: a restart helps, if
/// at all, where shards are down. One that waits for its turn to identify is not: with a
/// `max_concurrency` of 1 that takes five seconds for each shard before it, and a restart would begin
/// the wait anew and spend identifies. For a probe that **sends traffic**, or lets a rolling
/// replacement go on, ask [`FleetHealth::is_ready`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// It receives events in time.
    Healthy,
    /// It works, but not as it should, or it is expected back, soon or when its turn comes.
    Degraded(Reason),
    /// It receives nothing, has not for a minute, and does not wait for a turn; or it has ended.
    Down(Reason),
}

/// Why something is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Discord takes long to acknowledge heartbeats: the network, or this machine, is slow.
    SlowAcks,
    /// The consumer does not keep up: more than half of the backlog is full.
    BacklogFills,
    /// The consumer does not keep up, and the shard has stopped reading.
    BacklogFull,
    /// It has no connection.
    Disconnected,
    /// It waits for its turn to identify: at the start, and where Discord has ended its session. Never
    /// a reason to be down, however long it takes.
    WaitsToIdentify,
    /// It was not started yet.
    NotStarted,
    /// It has ended for good.
    Stopped,
    /// Some shards are not well.
    SomeShards,
    /// Most shards receive nothing.
    MostShards,
    /// There are no shards.
    NoShards,
}

/// How the shards of a fleet are, as of one moment.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_gateway::{Condition, Config, FleetHealth, Reason, session::Session};
/// use ovenjs_types::{Intents, ShardId};
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let config = Arc::new(Config::new("token", Intents::GUILDS));
/// let session = Session::new(config, ShardId::default(), 7)?;
/// let health = FleetHealth::of(now, [session.pulse()]);
/// assert_eq!(health.condition, Condition::Down(Reason::MostShards));
/// assert_eq!(health.shards[0].condition, Condition::Down(Reason::NotStarted));
/// assert_eq!(health.to_string(), "down: most shards receive nothing (0 of 1 healthy)");
/// # Ok::<(), ovenjs_gateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FleetHealth {
    /// The whole: down where half of the shards or more are, or there are none.
    pub condition: Condition,
    /// The shards, in the order in which they were given.
    pub shards: Vec<ShardHealth>,
    /// How many are healthy.
    pub healthy: usize,
    /// How many are down.
    pub down: usize,
    /// The mean and the greatest latency of those that have one.
    pub latency: Option<[Duration; 2]>,
    /// Which generation of shards they are: 1 from the start, and one more with each re-sharding.
    pub generation: u64,
    /// How far a re-sharding is, while there is one. The new shards are not among
    /// [`shards`](Self::shards) before they have taken over.
    pub resharding: Option<Resharding>,
}

/// How far a re-sharding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resharding {
    /// How many shards there were.
    pub from: u32,
    /// How many there are to be.
    pub to: u32,
    /// What is going on.
    pub stage: ReshardStage,
    /// How many of the new shards have had a session.
    pub ready: usize,
    /// How many guilds are known not to have gone over yet.
    pub awaited: usize,
    /// How it went so far.
    pub report: ReshardReport,
}

impl FleetHealth {
    /// How the shards are `now`.
    #[must_use]
    pub fn of(now: Instant, pulses: impl IntoIterator<Item = Pulse>) -> Self {
        let shards: Vec<ShardHealth> = pulses
            .into_iter()
            .map(|pulse| ShardHealth::of(now, pulse))
            .collect();
        let count = |wanted: fn(&Condition) -> bool| {
            let shards = shards.iter().map(|shard| &shard.condition);
            shards.filter(|condition| wanted(condition)).count()
        };
        let healthy = count(|condition| *condition == Condition::Healthy);
        let down = count(|condition| matches!(condition, Condition::Down(_)));
        let condition = if shards.is_empty() {
            Condition::Down(Reason::NoShards)
        } else if healthy == shards.len() {
            Condition::Healthy
        } else if down * 2 >= shards.len() {
            Condition::Down(Reason::MostShards)
        } else {
            Condition::Degraded(Reason::SomeShards)
        };
        let latencies: Vec<Duration> = shards.iter().filter_map(|shard| shard.latency).collect();
        let amount = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
        let mean = latencies.iter().sum::<Duration>().checked_div(amount);
        let latency = mean.zip(latencies.iter().max().copied());
        Self {
            condition,
            healthy,
            down,
            latency: latency.map(|(mean, max)| [mean, max]),
            generation: 1,
            resharding: None,
            shards,
        }
    }

    /// For a probe that restarts the process: `false` only where half of the shards or more are down.
    ///
    /// A shard is down a minute after its connection was lost, so a probe that looks every ten seconds
    /// and acts on the third failure leaves a network that is away a minute and a half. Sessions are
    /// then resumed by the next process where the bot has a `state`.
    ///
    /// It speaks of connections, not of handlers: a bot whose handlers all hang is alive, and ready,
    /// with a full backlog. For that look at [`ShardHealth::condition`], which is then
    /// [`Degraded`](Condition::Degraded) by [`Reason::BacklogFull`], and restart where it stays so for
    /// longer than a handler may take. What is degraded for a while under load needs no restart.
    ///
    /// ```
    /// use ovenjs_gateway::FleetHealth;
    ///
    /// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
    /// let now = std::time::Instant::now();
    /// let of_nothing = FleetHealth::of(now, []);
    /// assert!(!of_nothing.is_alive() && !of_nothing.is_ready());
    /// ```
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        !matches!(self.condition, Condition::Down(_))
    }

    /// For a probe that waits until the bot works: whether every shard is connected. Not for one that
    /// restarts: a start takes five seconds for each `max_concurrency` of shards, and each shard
    /// reconnects now and then.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let is_connected = |shard: &ShardHealth| shard.state == ShardState::Connected;
        !self.shards.is_empty() && self.shards.iter().all(is_connected)
    }

    /// Whether it is another than before: not by what is measured, which always is.
    #[cfg(feature = "net")]
    pub(crate) fn differs(&self, before: &Self) -> bool {
        let of = |health: &Self| {
            let steps = health
                .resharding
                .map(|resharding| (resharding.stage, resharding.ready, resharding.awaited));
            (health.condition, health.generation, steps)
        };
        let of_shard = |health: &ShardHealth| {
            (
                health.shard,
                health.condition,
                health.state,
                health.generation,
            )
        };
        of(self) != of(before)
            || !self
                .shards
                .iter()
                .map(of_shard)
                .eq(before.shards.iter().map(of_shard))
    }
}

impl ShardHealth {
    /// How a shard is `now`.
    #[must_use]
    pub fn of(now: Instant, pulse: Pulse) -> Self {
        let age = |since: Instant| now.saturating_duration_since(since);
        let [bytes, bytes_max] = pulse.backlog_bytes.map(|bytes| {
            let bytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
            f64::from(bytes)
        });
        let backlog_share = if pulse.backlog_bytes[0] >= pulse.backlog_bytes[1] {
            (bytes / bytes_max.max(1.0)).max(1.0)
        } else {
            bytes / bytes_max.max(1.0)
        };
        let away = pulse.away_since.map(age).unwrap_or_default();
        let condition = match pulse.state {
            ShardState::Idle => Condition::Down(Reason::NotStarted),
            ShardState::Stopped => Condition::Down(Reason::Stopped),
            ShardState::Connected => {
                if backlog_share >= 1.0 {
                    Condition::Degraded(Reason::BacklogFull)
                } else if backlog_share > 0.5 {
                    Condition::Degraded(Reason::BacklogFills)
                } else if pulse.latency.is_some_and(|latency| latency >= SLOW) {
                    Condition::Degraded(Reason::SlowAcks)
                } else {
                    Condition::Healthy
                }
            }
            ShardState::Queued => Condition::Degraded(Reason::WaitsToIdentify),
            _ if away >= AWAY_MAX => Condition::Down(Reason::Disconnected),
            _ => Condition::Degraded(Reason::Disconnected),
        };
        Self {
            shard: pulse.shard,
            condition,
            state: pulse.state,
            state_for: pulse.state_since.map(age).unwrap_or_default(),
            generation: pulse.generation,
            latency: pulse.latency,
            last_event_age: pulse.last_event.map(age),
            backlog: pulse.backlog,
            backlog_share,
        }
    }
}

impl Condition {
    /// The condition in one word: `healthy`, `degraded` or `down`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded(_) => "degraded",
            Self::Down(_) => "down",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => f.write_str(self.as_str()),
            Self::Degraded(reason) | Self::Down(reason) => {
                write!(f, "{}: {reason}", self.as_str())
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SlowAcks => "discord takes long to acknowledge heartbeats",
            Self::BacklogFills => "the consumer does not keep up",
            Self::BacklogFull => "the consumer does not keep up, and nothing is read any more",
            Self::Disconnected => "there is no connection",
            Self::WaitsToIdentify => "it waits for its turn to identify",
            Self::NotStarted => "it was not started",
            Self::Stopped => "it has ended",
            Self::SomeShards => "some shards are not well",
            Self::MostShards => "most shards receive nothing",
            Self::NoShards => "there are no shards",
        })
    }
}

impl fmt::Display for FleetHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (condition, healthy, all) = (self.condition, self.healthy, self.shards.len());
        write!(f, "{condition} ({healthy} of {all} healthy)")?;
        match self.resharding {
            Some(Resharding { from, to, .. }) => write!(f, ", re-sharding from {from} to {to}"),
            None => Ok(()),
        }
    }
}

/// Discord acknowledges within a fifth of a second; an interaction must be answered within three.
const SLOW: Duration = Duration::from_secs(2);

/// A reconnect takes seconds. Turns to identify are not counted.
const AWAY_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::{Script, config, seconds, start};

    fn condition(script: &Script) -> Condition {
        ShardHealth::of(script.now, script.session.pulse()).condition
    }

    #[test]
    fn a_shard_is_well_while_it_receives_and_its_consumer_keeps_up() {
        let mut script = Script::connected(config().backlog_bytes(1 << 12));
        assert_eq!(condition(&script), Condition::Healthy);
        script.acks = true;
        script.advance(seconds(7_200));
        assert_eq!(
            condition(&script),
            Condition::Healthy,
            "silence is no illness"
        );
        let health = ShardHealth::of(script.now, script.session.pulse());
        assert!(health.last_event_age.unwrap() >= seconds(7_200));
        assert!(health.state_for >= seconds(7_200));
        script.takes = false;
        let mut seq = 1;
        let mut seen = vec![Condition::Healthy];
        while script.session.wants_frames() {
            seq += 1;
            script.event(seq);
            if seen.last() != Some(&condition(&script)) {
                seen.push(condition(&script));
            }
        }
        let reasons = [Reason::BacklogFills, Reason::BacklogFull].map(Condition::Degraded);
        assert_eq!(seen[1..], reasons);
    }

    #[test]
    fn who_is_away_is_degraded_for_a_minute_and_then_down_whatever_it_tries() {
        let mut script = Script::connected(config());
        script.closed(None);
        let begin = script.now;
        while script.now - begin < seconds(55) {
            assert_eq!(
                condition(&script),
                Condition::Degraded(Reason::Disconnected)
            );
            script.until_connect();
            script.failed();
        }
        script.now = begin + seconds(60);
        assert_eq!(condition(&script), Condition::Down(Reason::Disconnected));
        script.until_connect();
        script.open_and_greet();
        script.event_with(2, "RESUMED", &serde_json::json!({}));
        assert_eq!(condition(&script), Condition::Healthy);
    }

    #[test]
    fn who_waits_for_a_turn_is_not_down_and_the_wait_is_not_held_against_it() {
        let mut script = Script::queued(config());
        script.advance(seconds(3_600));
        let queued = Condition::Degraded(Reason::WaitsToIdentify);
        assert_eq!(condition(&script), queued);
        let health = FleetHealth::of(script.now, [script.session.pulse()]);
        assert!(health.is_alive() && !health.is_ready(), "{health}");
        script.grant();
        assert_eq!(
            condition(&script),
            Condition::Degraded(Reason::Disconnected)
        );
        script.now += seconds(60);
        assert_eq!(condition(&script), Condition::Down(Reason::Disconnected));
        let connected = Script::connected(config());
        assert!(FleetHealth::of(connected.now, [connected.session.pulse()]).is_ready());
    }

    #[test]
    fn a_fleet_without_shards_is_not_well() {
        let health = FleetHealth::of(start(), []);
        assert_eq!(health.condition, Condition::Down(Reason::NoShards));
    }

    #[test]
    fn slow_acknowledgements_are_told() {
        let mut script = Script::connected(config());
        while script.sent.is_empty() {
            script.advance(seconds(1));
        }
        script.now += seconds(2);
        script.frame(11, &serde_json::Value::Null);
        assert_eq!(condition(&script), Condition::Degraded(Reason::SlowAcks));
    }

    #[test]
    fn a_fleet_is_as_well_as_most_of_it() {
        let well = Script::connected(config());
        let mut away = Script::connected(config());
        away.closed(None);
        let later = away.now.max(well.now) + seconds(100);
        let of = |well_count: usize, away_count: usize| {
            let well = std::iter::repeat_n(well.session.pulse(), well_count);
            let away = std::iter::repeat_n(away.session.pulse(), away_count);
            FleetHealth::of(later, well.chain(away))
        };
        assert_eq!(of(3, 0).condition, Condition::Healthy);
        assert_eq!(of(3, 1).condition, Condition::Degraded(Reason::SomeShards));
        let most = of(1, 1);
        assert_eq!(most.condition, Condition::Down(Reason::MostShards));
        let reason = Condition::Down(Reason::Disconnected);
        assert_eq!(most.shards[1].condition, reason);
        assert_eq!((most.healthy, most.down), (1, 1));
        assert!(Condition::Healthy < reason);
    }
}
