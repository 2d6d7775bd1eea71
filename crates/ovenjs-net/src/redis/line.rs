//! The one connection of a link: made, shared, given up, made again.
//!
//! Making one is the work of a task, since who needs it may have less time than it takes: those who come wait for the
//! same attempt, and one whom nobody waits for any more is there for whoever comes next. A connection over which
//! nothing has come for as long as an answer may take, though something was asked, is given up by the next who
//! asks: whoever asked may have gone long before.

mod pulse;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, RedisConnectionInfo,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{sync::watch, task::JoinSet};

use self::pulse::{Felt, Pulse};
use super::{Inner, RedisConfig, RedisStats, reply::broken};
use crate::{Connector, Error, RedisFault};

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
    attempt: Option<Attempt>,
    /// Grows with each connection, so that nobody hangs up one that is newer than his own.
    generation: u64,
    pause: Pause,
}

struct Live {
    connection: MultiplexedConnection,
    /// Counts what comes over it.
    heard: Arc<AtomicU64>,
    pulse: Pulse,
    /// Moves the bytes. Dropping it ends the connection and tells all who wait on it.
    _driver: JoinSet<()>,
}

/// Somebody who connects.
struct Attempt {
    ended: watch::Receiver<Option<Outcome>>,
    /// It ends with the link.
    _task: JoinSet<()>,
}

/// What became of an attempt, for all who waited.
type Outcome = Result<(), Arc<Error>>;

impl Line {
    /// The connection and its generation, for a question whose answer may take so long. Makes it where there is none;
    /// those who come meanwhile wait for the same attempt.
    pub(super) async fn connection(
        link: &Arc<Inner>,
        time: Duration,
    ) -> Result<(MultiplexedConnection, u64), Error> {
        loop {
            let mut ended = match link.line.look(link, time)? {
                Look::There(connection, generation) => return Ok((connection, generation)),
                Look::Coming(ended) => ended,
            };
            // It fails where the task was dropped with its runtime: then another one begins.
            if let Ok(outcome) = ended.wait_for(Option::is_some).await
                && let Some(Err(error)) = &*outcome
            {
                return Err(error.again());
            }
        }
    }

    fn look(&self, link: &Arc<Inner>, time: Duration) -> Result<Look, Error> {
        let mut state = self.state();
        let now = link.config.clock.now();
        if let Some(live) = &mut state.live {
            if live
                .pulse
                .ask(now, live.heard.load(Ordering::Relaxed), time)
            {
                return Ok(Look::There(live.connection.clone(), state.generation));
            }
            state.live = None;
        }
        if let Some(attempt) = &state.attempt
            && attempt.ended.has_changed().is_ok()
        {
            return Ok(Look::Coming(attempt.ended.clone()));
        }
        if let Some(wait) = state.pause.left(now) {
            return Err(Error::redis_down(&link.config.address.target, wait));
        }
        let (tell, ended) = watch::channel(None);
        let (config, connector) = (link.config.clone(), link.connector.clone());
        let link = Arc::downgrade(link);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let made = connect(&config, &connector).await;
            let outcome = settle(&link, made);
            // Nobody may wait for it any more.
            tell.send_replace(Some(outcome));
        });
        state.attempt = Some(Attempt {
            ended: ended.clone(),
            _task: task,
        });
        Ok(Look::Coming(ended))
    }

    /// Ends the connection of this generation, unless a newer one is there already.
    pub(super) fn hang_up(&self, generation: u64) {
        let mut state = self.state();
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Look {
    There(MultiplexedConnection, u64),
    Coming(watch::Receiver<Option<Outcome>>),
}

/// Takes what became of an attempt, while there is still a link.
fn settle(link: &Weak<Inner>, made: Result<Live, Error>) -> Outcome {
    let Some(link) = link.upgrade() else {
        return Ok(());
    };
    let line = &link.line;
    let mut state = line.state();
    match made {
        Ok(live) => {
            line.connects.fetch_add(1, Ordering::Relaxed);
            state.live = Some(live);
            state.generation += 1;
            state.pause = Pause::default();
            Ok(())
        }
        Err(error) => {
            line.failures.fetch_add(1, Ordering::Relaxed);
            let chance = link.config.entropy.fraction();
            let now = link.config.clock.now();
            state.pause.begin(now, link.config.backoff, chance);
            Err(Arc::new(error))
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

async fn connect(config: &RedisConfig, connector: &Connector) -> Result<Live, Error> {
    let target = &config.address.target;
    let heard = Arc::new(AtomicU64::new(0));
    let deed = async {
        let stream = connector.connect(target).await?;
        let stream = Felt::new(stream, Arc::clone(&heard));
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_concurrency_limit(IN_FLIGHT);
        let made = MultiplexedConnection::new_with_config(&login(config), stream, settings).await;
        let (connection, driver) = made.map_err(|error| broken(&error, target))?;
        let mut task = JoinSet::new();
        task.spawn(driver);
        Ok(Live {
            connection,
            heard: Arc::clone(&heard),
            pulse: Pulse::default(),
            _driver: task,
        })
    };
    within_connect(config, deed).await
}

/// A connection for subscriptions alone, which is what Redis' second protocol asks for.
pub(super) async fn connect_listening(link: &Inner) -> Result<PubSub, Error> {
    let target = &link.config.address.target;
    let deed = async {
        let stream = link.connector.connect(target).await?;
        let made = PubSub::new(&login(&link.config), stream).await;
        made.map_err(|error| broken(&error, target))
    };
    within_connect(&link.config, deed).await
}

async fn within_connect<T>(
    config: &RedisConfig,
    deed: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(config.deadlines.connect, deed).await {
        Ok(made) => made,
        Err(_) => Err(Error::redis(
            RedisFault::Deadline,
            &config.address.target,
            None,
        )),
    }
}

/// Made for each connection and dropped with it, since it holds the password as it is.
fn login(config: &RedisConfig) -> RedisConnectionInfo {
    let address = &config.address;
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
