//! Channels that are listened to.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use ovenjs_types::Fault as _;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Inner, RedisLink, line::connect_listening, reply::broken};
use crate::{Error, RedisFault};

/// What is heard on some channels, until it is dropped. Lost connections are made anew.
pub struct RedisSubscription {
    heard: mpsc::Receiver<RedisHeard>,
    lagged: Arc<AtomicU64>,
    _task: JoinSet<()>,
}

/// One thing heard on a [`RedisSubscription`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisHeard {
    /// A message.
    Message {
        /// The channel it was published to.
        channel: String,
        /// What was published.
        payload: Bytes,
    },
    /// The connection was lost and is there again: what was published in between was not heard.
    Interrupted,
}

impl RedisSubscription {
    /// The next thing heard. May be dropped at any time without losing one. Nothing comes after the
    /// server refused to be subscribed to again.
    pub async fn next(&mut self) -> Option<RedisHeard> {
        self.heard.recv().await
    }

    /// How many messages came while the queue was full and were dropped.
    #[must_use]
    pub fn lagged(&self) -> u64 {
        self.lagged.load(Ordering::Relaxed)
    }

    /// The same count, to be read where the subscription is not.
    #[must_use]
    pub fn lag(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lagged)
    }
}

impl fmt::Debug for RedisSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSubscription")
            .field("lagged", &self.lagged())
            .finish_non_exhaustive()
    }
}

impl RedisLink {
    /// Listens to `channels`, on a connection of its own. Once this returns, all that is published
    /// there is heard. At most `capacity` things wait to be read (at least 1); what comes beyond is
    /// dropped and counted.
    ///
    /// # Errors
    ///
    /// As every command: [`RedisFault`] says what to do.
    pub async fn subscribe(
        &self,
        channels: &[&str],
        capacity: usize,
    ) -> Result<RedisSubscription, Error> {
        let channels: Vec<String> = channels.iter().map(|&channel| channel.to_owned()).collect();
        let ear = Ear::open(&self.0, &channels).await?;
        let (told, heard) = mpsc::channel(capacity.max(1));
        let lagged = Arc::new(AtomicU64::new(0));
        let listener = Listener {
            link: Arc::clone(&self.0),
            channels,
            told,
            lagged: Arc::clone(&lagged),
        };
        let mut task = JoinSet::new();
        task.spawn(listener.run(ear));
        Ok(RedisSubscription {
            heard,
            lagged,
            _task: task,
        })
    }
}

/// One subscribed connection.
struct Ear {
    sink: PubSubSink,
    stream: PubSubStream,
}

impl Ear {
    async fn open(link: &Inner, channels: &[String]) -> Result<Self, Error> {
        let target = &link.config.address.target;
        let (mut sink, stream) = connect_listening(link).await?.split();
        let asked = sink.subscribe(channels);
        match tokio::time::timeout(link.config.deadlines.answer, asked).await {
            Ok(done) => done.map_err(|error| broken(&error, target))?,
            Err(_) => return Err(Error::redis(RedisFault::Deadline, target, None)),
        }
        Ok(Self { sink, stream })
    }
}

struct Listener {
    link: Arc<Inner>,
    channels: Vec<String>,
    told: mpsc::Sender<RedisHeard>,
    lagged: Arc<AtomicU64>,
}

impl Listener {
    async fn run(self, mut ear: Ear) {
        loop {
            self.listen(&mut ear).await;
            let Some(next) = self.reopen().await else {
                return;
            };
            ear = next;
            // Told by waiting: that something was missed must not be missed itself. What is heard
            // meanwhile waits in the connection.
            if self.told.send(RedisHeard::Interrupted).await.is_err() {
                return;
            }
        }
    }

    /// Hands messages on until the connection is lost or silent to a ping.
    async fn listen(&self, ear: &mut Ear) {
        loop {
            match tokio::time::timeout(SILENCE, ear.stream.next()).await {
                Ok(Some(message)) => {
                    let payload = message.get_payload_bytes().to_vec().into();
                    let channel = message.get_channel_name().to_owned();
                    let heard = RedisHeard::Message { channel, payload };
                    match self.told.try_send(heard) {
                        Ok(()) => {}
                        Err(mpsc::error::TrySendError::Full(_)) => {
                            self.lagged.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(mpsc::error::TrySendError::Closed(_)) => return,
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    let asked = ear.sink.ping::<redis::Value>();
                    let time = self.link.config.deadlines.answer;
                    if !matches!(tokio::time::timeout(time, asked).await, Ok(Ok(_))) {
                        return;
                    }
                }
            }
        }
    }

    /// The next connection; nothing where nobody listens any more or no waiting helps.
    async fn reopen(&self) -> Option<Ear> {
        let (mut wait, longest) = self.link.config.backoff;
        while !self.told.is_closed() {
            match Ear::open(&self.link, &self.channels).await {
                Ok(ear) => return Some(ear),
                Err(error) if !error.is_retryable() => return None,
                Err(_) => {}
            }
            let spread = self.link.config.entropy.fraction();
            tokio::time::sleep(wait / 2 + (wait / 2).mul_f64(spread)).await;
            wait = wait.saturating_mul(2).min(longest);
        }
        None
    }
}

/// How long nothing may be heard before the server is asked whether it is there: a frozen server is
/// noticed within this and the deadline of an answer.
const SILENCE: Duration = Duration::from_secs(5);
