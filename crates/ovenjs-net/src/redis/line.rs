//! The one connection of a link: made, shared, given up, made again.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, RedisConnectionInfo,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{sync::Mutex, task::JoinSet};

use super::{Inner, RedisStats, reply::broken};
use crate::{Error, RedisFault};

/// The connection, or how long it has been missing.
#[derive(Default)]
pub(super) struct Line {
    state: Mutex<State>,
    connects: AtomicU64,
    failures: AtomicU64,
    repeats: AtomicU64,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    /// Grows with each connection, so that nobody hangs up one that is newer than his own.
    generation: u64,
    pause: Pause,
}

struct Live {
    connection: MultiplexedConnection,
    /// Moves the bytes. Dropping it ends the connection and tells all who wait on it.
    _driver: JoinSet<()>,
}

impl Line {
    /// The connection and its generation. Makes it where there is none; those who come meanwhile
    /// wait for the same attempt.
    pub(super) async fn connection(
        &self,
        link: &Inner,
    ) -> Result<(MultiplexedConnection, u64), Error> {
        let mut state = self.state.lock().await;
        if let Some(live) = &state.live {
            return Ok((live.connection.clone(), state.generation));
        }
        let now = link.config.clock.now();
        if let Some(wait) = state.pause.left(now) {
            return Err(Error::redis_down(&link.config.address.target, wait));
        }
        match connect(link).await {
            Ok(live) => {
                self.connects.fetch_add(1, Ordering::Relaxed);
                let connection = live.connection.clone();
                state.live = Some(live);
                state.generation += 1;
                state.pause = Pause::default();
                Ok((connection, state.generation))
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                let chance = link.config.entropy.fraction();
                state
                    .pause
                    .begin(link.config.clock.now(), link.config.backoff, chance);
                Err(error)
            }
        }
    }

    /// Ends the connection of this generation, unless a newer one is there already.
    pub(super) async fn hang_up(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.live = None;
        }
    }

    pub(super) fn count_repeat(&self) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> RedisStats {
        RedisStats {
            connects: self.connects.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            repeats: self.repeats.load(Ordering::Relaxed),
        }
    }
}

/// How long nobody tries to connect.
#[derive(Debug, Default)]
struct Pause {
    failures: u32,
    until: Option<Instant>,
}

impl Pause {
    fn left(&self, now: Instant) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    fn begin(&mut self, now: Instant, (first, longest): (Duration, Duration), chance: f64) {
        let whole = first
            .saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX))
            .min(longest);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + whole / 2 + (whole / 2).mul_f64(chance));
    }
}

async fn connect(link: &Inner) -> Result<Live, Error> {
    let target = &link.config.address.target;
    let deed = async {
        let stream = link.connector.connect(target).await?;
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_concurrency_limit(IN_FLIGHT);
        let made = MultiplexedConnection::new_with_config(&login(link), stream, settings).await;
        let (connection, driver) = made.map_err(|error| broken(&error, target))?;
        let mut task = JoinSet::new();
        task.spawn(driver);
        Ok(Live {
            connection,
            _driver: task,
        })
    };
    within_connect(link, deed).await
}

/// A connection for subscriptions alone, which is what Redis' second protocol asks for.
pub(super) async fn connect_listening(link: &Inner) -> Result<PubSub, Error> {
    let target = &link.config.address.target;
    let deed = async {
        let stream = link.connector.connect(target).await?;
        let made = PubSub::new(&login(link), stream).await;
        made.map_err(|error| broken(&error, target))
    };
    within_connect(link, deed).await
}

async fn within_connect<T>(
    link: &Inner,
    deed: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(link.config.deadlines.connect, deed).await {
        Ok(made) => made,
        Err(_) => {
            let target = &link.config.address.target;
            Err(Error::redis(RedisFault::Deadline, target, None))
        }
    }
}

/// Made for each connection and dropped with it, since it holds the password as it is.
fn login(link: &Inner) -> RedisConnectionInfo {
    let address = &link.config.address;
    let mut login = RedisConnectionInfo::default()
        .set_db(i64::from(address.database))
        .set_skip_set_lib_name();
    if let Some(user) = &address.user {
        login = login.set_username(user);
    }
    if let Some(password) = &address.password {
        login = login.set_password(password.expose());
    }
    login
}

/// How many commands wait for the socket: as many as one write of it takes.
const QUEUE: usize = 256;

/// How many commands wait for an answer at a time; more of them wait for a place, within their
/// deadline.
const IN_FLIGHT: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, SystemClock};

    #[test]
    fn a_pause_doubles_up_to_its_longest_and_is_at_least_half_of_itself() {
        let now = SystemClock.now();
        let knobs = (Duration::from_millis(50), Duration::from_secs(2));
        let mut pause = Pause::default();
        assert_eq!(pause.left(now), None);
        for (chance, expected) in [(0.0, 25), (1.0, 100), (0.5, 150), (0.0, 200)] {
            pause.begin(now, knobs, chance);
            assert_eq!(pause.left(now), Some(Duration::from_millis(expected)));
        }
        for _ in 0..100 {
            pause.begin(now, knobs, 1.0);
        }
        assert_eq!(pause.left(now), Some(Duration::from_secs(2)));
        assert_eq!(pause.left(now + Duration::from_secs(2)), None);
    }
}
