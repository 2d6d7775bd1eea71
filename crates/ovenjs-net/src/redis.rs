//! A door to one Redis: typed commands, subscriptions and streams, with a deadline on everything.
//!
//! What is here: one connection that all commands share, made when it is first needed and made
//! anew when it is lost; a backoff between attempts, during which commands fail at once; one
//! repetition for commands that can be repeated, and none for the others.
//!
//! A cluster is links to its slots, each of which goes where its slot is: `cluster.rs`.
//!
//! What is not here: sentinels, and Redis as a cache: keys and their meaning belong to
//! whoever asks.
//!
//! A connection on which an answer was late is given up, so that no later question can be given
//! that answer; those who waited on the same connection ask again or are told. One over which nothing comes any
//! more is given up too where everybody who asked has gone before the answer was late: the next who asks does it.
//! To connect is the work of a task, so that it comes to an end also where everybody who needs it has little time.

mod address;
mod cluster;
mod commands;
mod line;
mod reply;
mod streams;
mod subscription;

use std::{fmt, sync::Arc, time::Duration};

use ovenjs_types::Fault;

pub use self::{
    address::RedisAddress,
    cluster::RedisCluster,
    commands::RedisScript,
    reply::RedisReply,
    streams::{RedisEntry, RedisEntryId},
    subscription::{RedisHeard, RedisSubscription},
};
use self::{cluster::Nodes, line::Line, reply::outcome};
use crate::{Clock, Connector, Entropy, Error, RedisFault, SystemClock, SystemEntropy, Target};

/// One Redis. Cloning is cheap and shares the connection.
///
/// ```no_run
/// use ovenjs_net::{Config, Connector, RedisAddress, RedisConfig, RedisLink};
///
/// # async fn run() -> Result<(), ovenjs_net::Error> {
/// let address = RedisAddress::parse("rediss://ann:secret@redis.example:6380/0")?;
/// let link = RedisLink::build(RedisConfig::new(address), Connector::build(Config::new())?);
/// link.set("greeting", b"hello", None).await?;
/// assert_eq!(link.get("greeting").await?.as_deref(), Some(b"hello".as_slice()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisLink(Arc<Inner>);

struct Inner {
    config: RedisConfig,
    connector: Connector,
    line: Line,
    /// Of a slot of a cluster: the line is another one's then.
    slot: Option<(Arc<Nodes>, u16)>,
}

/// How a [`RedisLink`] is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Where the server is.
    pub address: RedisAddress,
    /// How long things may take.
    pub deadlines: RedisDeadlines,
    /// The wait after the first failed attempt to connect and the longest one; between them it
    /// doubles, and a random half to whole of it is waited. Default: 50 ms and 500 ms, since a Redis
    /// that restarts is back within a second, and what depends on it should be so soon after.
    pub backoff: (Duration, Duration),
    /// Tells the time of the backoff.
    pub clock: Arc<dyn Clock>,
    /// Spreads the backoff.
    pub entropy: Arc<dyn Entropy>,
}

/// How long the steps of a command may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisDeadlines {
    /// Making a connection, login included. Default 3 s: a lost SYN costs one.
    pub connect: Duration,
    /// An answer. Default 2 s: a Redis answers within a millisecond; one that forks or swaps may
    /// need longer and is then as good as gone. A connection that is silent for so long after a question is made
    /// anew.
    pub answer: Duration,
    /// A command as a whole, with connecting and the one repetition. Default 5 s.
    pub total: Duration,
}

impl Default for RedisDeadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(2),
            total: Duration::from_secs(5),
        }
    }
}

impl RedisConfig {
    /// The defaults for the Redis at `address`.
    #[must_use]
    pub fn new(address: RedisAddress) -> Self {
        Self {
            address,
            deadlines: RedisDeadlines::default(),
            backoff: (Duration::from_millis(50), Duration::from_millis(500)),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// Sets how long things may take.
    #[must_use]
    pub const fn deadlines(mut self, deadlines: RedisDeadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Sets the wait after the first failed attempt and the longest one.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = (first, longest);
        self
    }
}

/// What happened on a link since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisStats {
    /// Connections made.
    pub connects: u64,
    /// Attempts to connect that failed.
    pub failures: u64,
    /// Commands that were sent a second time.
    pub repeats: u64,
}

/// Whether a command may be sent again when its answer did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// Twice is the same as once.
    Safe,
    /// Twice is twice.
    Never,
}

impl RedisLink {
    /// A link. It connects with the first command, so this cannot fail.
    #[must_use]
    pub fn build(config: RedisConfig, connector: Connector) -> Self {
        Self(Arc::new(Inner {
            config,
            connector,
            line: Line::default(),
            slot: None,
        }))
    }

    fn of_slot(nodes: Arc<Nodes>, slot: u16) -> Self {
        Self(Arc::new(Inner {
            config: nodes.config.clone(),
            connector: nodes.connector.clone(),
            line: Line::default(),
            slot: Some((nodes, slot)),
        }))
    }

    /// A link to the same server with a connection of its own: for commands that block.
    #[must_use]
    pub fn another(&self) -> Self {
        match &self.0.slot {
            Some((nodes, slot)) => Self::of_slot(Arc::new(nodes.another()), *slot),
            None => Self::build(self.0.config.clone(), self.0.connector.clone()),
        }
    }

    /// Waits until the server answers, however long that takes.
    ///
    /// # Errors
    ///
    /// What no waiting mends: a refused password, TLS that fails by configuration.
    pub async fn ready(&self) -> Result<(), Error> {
        loop {
            let Err(error) = self.ping().await else {
                return Ok(());
            };
            if !error.is_retryable() {
                return Err(error);
            }
            let wait = error.retry_after().unwrap_or(self.0.config.backoff.0);
            tokio::time::sleep(wait).await;
        }
    }

    /// Where the server is; of a link to a slot, the node that was given first. An error of a node names that
    /// node, and one of a command that took too long as a whole the first.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.0.config.address.target
    }

    /// What happened so far; of a link to a slot, with all nodes over the same connections, without those that have left
    /// the cluster and without what was sent a second time.
    #[must_use]
    pub fn stats(&self) -> RedisStats {
        match &self.0.slot {
            Some((nodes, _)) => nodes.stats(),
            None => self.0.line.stats(),
        }
    }

    async fn ask(&self, command: redis::Cmd, repeat: Repeat) -> Result<RedisReply, Error> {
        self.ask_blocking(command, repeat, Duration::ZERO).await
    }

    /// As [`ask`](Self::ask), for a command that the server itself may hold for `hold`.
    async fn ask_blocking(
        &self,
        command: redis::Cmd,
        repeat: Repeat,
        hold: Duration,
    ) -> Result<RedisReply, Error> {
        let deed = async {
            match self.once(&command, hold).await {
                Err(error) if repeat == Repeat::Safe && is_unanswered(&error) => {
                    self.0.line.count_repeat();
                    self.once(&command, hold).await
                }
                outcome => outcome,
            }
        };
        let total = self.0.config.deadlines.total.saturating_add(hold);
        match tokio::time::timeout(total, deed).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::redis(RedisFault::Deadline, self.target(), None)),
        }
    }

    async fn once(&self, command: &redis::Cmd, hold: Duration) -> Result<RedisReply, Error> {
        match &self.0.slot {
            Some((nodes, slot)) => nodes.once(*slot, command, hold).await,
            None => self.straight(command, false, hold).await,
        }
    }

    /// Asks this server, also for what of a slot has arrived there that is on its way.
    async fn straight(
        &self,
        command: &redis::Cmd,
        is_asking: bool,
        hold: Duration,
    ) -> Result<RedisReply, Error> {
        let time = self.0.config.deadlines.answer.saturating_add(hold);
        let (mut connection, generation) = Line::connection(&self.0, time).await?;
        let asked = async {
            if !is_asking {
                return connection.send_packed_command(command).await;
            }
            let mut both = redis::pipe();
            both.cmd("ASKING").add_command(command.clone());
            let mut answers = connection.send_packed_commands(&both, 1, 1).await?;
            Ok(answers.pop().unwrap_or(redis::Value::Nil))
        };
        let error = match tokio::time::timeout(time, asked).await {
            Ok(answer) => match outcome(answer, self.target()) {
                Err(error) if is_unanswered(&error) => error,
                answered => return answered,
            },
            Err(_) => Error::redis(RedisFault::Deadline, self.target(), None),
        };
        // An answer that is still on its way must never meet the next question.
        self.0.line.hang_up(generation);
        Err(error)
    }
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink")
            .field("target", self.target())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

fn is_unanswered(error: &Error) -> bool {
    matches!(
        error.kind(),
        crate::ErrorKind::Redis(RedisFault::Lost | RedisFault::Deadline)
    )
}
