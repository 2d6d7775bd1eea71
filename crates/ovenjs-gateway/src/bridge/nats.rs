//! A stream of NATS JetStream.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{
        Context, ContextBuilder, Message,
        consumer::{AckPolicy, PullConsumer, pull},
        context::PublishErrorKind,
        message::PublishMessage,
        stream::{self, DiscardPolicy, RetentionPolicy},
    },
};
use futures_util::StreamExt as _;

use super::{
    BridgeConfig, Keep,
    consumer::{Fetch, Fetched, Settle, Ticket},
    envelope::Envelope,
    publisher::{Job, Stop, Store, Stored},
};
use crate::{Error, ErrorKind, NatsLink, bus::checked_name};

pub(super) struct NatsStore {
    context: Context,
    config: BridgeConfig,
    subject: String,
    /// What may be sent before the stream is asked again how full it is.
    room: Room,
}

/// Events and bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    events: u64,
    bytes: u64,
}

impl NatsStore {
    pub(super) async fn open(link: &NatsLink, config: &BridgeConfig) -> Result<Self, Error> {
        let context = ContextBuilder::new()
            .timeout(STORED)
            .ack_timeout(STORED)
            .max_ack_inflight(config.window.max(1).saturating_mul(2))
            .build(link.client());
        let subject = format!("ovenjs.bridge.{}", config.name);
        let bound = |number: u64| i64::try_from(number.max(1)).unwrap_or(i64::MAX);
        let (retention, discard) = match config.keep {
            Keep::UntilHandled => (RetentionPolicy::WorkQueue, DiscardPolicy::New),
            Keep::Newest => (RetentionPolicy::Limits, DiscardPolicy::Old),
        };
        let wanted = stream::Config {
            name: stream_name(config),
            subjects: vec![format!("{subject}.>")],
            max_messages: bound(config.messages),
            max_bytes: bound(config.bytes),
            duplicate_window: config.duplicate_window,
            retention,
            discard,
            ..stream::Config::default()
        };
        let made = context.get_or_create_stream(wanted).await;
        made.map_err(|error| link.lost(error))?;
        Ok(Self {
            context,
            config: config.clone(),
            subject,
            room: Room::default(),
        })
    }

    /// How much of the batch there is room for.
    ///
    /// A full stream refuses, and events that travel behind the refused one may find room again: they
    /// would overtake it. So it is filled to seven eighths only, and what is sent before it is asked
    /// again is so little that eight publishers do not fill the rest.
    async fn fits(&mut self, batch: &[Job]) -> Result<usize, String> {
        if self.config.keep == Keep::Newest {
            return Ok(batch.len());
        }
        let fitting = |room: &mut Room| {
            let fits = batch.iter().take_while(|job| room.take(job));
            fits.count()
        };
        let mut room = self.room;
        let mut count = fitting(&mut room);
        if count == 0 {
            let stream = self.context.get_stream(stream_name(&self.config)).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let state = &stream.cached_info().state;
            room = Room {
                events: share(self.config.messages, state.messages),
                bytes: share(self.config.bytes, state.bytes),
            };
            count = fitting(&mut room);
            if count == 0 {
                // An event that is larger than a share has the room that is left for itself.
                let least = batch.first().map_or(0, size);
                if state.bytes.saturating_add(least) < self.config.bytes && room.events > 0 {
                    count = 1;
                }
            }
        }
        self.room = room;
        if count == 0 {
            return Err("the stream is full: add workers, or let it hold more events".to_owned());
        }
        Ok(count)
    }

    fn subject_of(&self, words: &Envelope<'_>) -> String {
        // A subject's levels are parted by dots, and its words have no spaces.
        let name = match checked_name(&words.name, false) {
            Ok(()) => &*words.name,
            Err(_) => "UNKNOWN",
        };
        let shard = words.origin.split('/').next().unwrap_or_default();
        format!("{}.{shard}.{name}", self.subject)
    }
}

impl Room {
    /// Whether the job fits, which then has its part.
    fn take(&mut self, job: &Job) -> bool {
        let events = u64::from(job.dispatch.is_some());
        let left = self
            .events
            .checked_sub(events)
            .zip(self.bytes.checked_sub(size(job)));
        let Some((events, bytes)) = left else {
            return false;
        };
        *self = Self { events, bytes };
        true
    }
}

/// What may be added to something that has `used` of `most`.
fn share(most: u64, used: u64) -> u64 {
    let soft = most - most / 8;
    soft.saturating_sub(used).min((most / 64).max(1))
}

/// What an event takes, its headers included.
fn size(job: &Job) -> u64 {
    let raw =
        |dispatch: &ovenjs_types::Dispatch| u64::try_from(dispatch.raw.len()).unwrap_or(u64::MAX);
    job.dispatch
        .as_ref()
        .map_or(0, |dispatch| raw(dispatch).saturating_add(HEADERS))
}

impl Store for NatsStore {
    async fn store(&mut self, batch: &[Job]) -> Stored {
        let fits = match self.fits(batch).await {
            Ok(fits) => fits,
            Err(reason) => {
                let stop = Some(Stop::Later(reason));
                return Stored { count: 0, stop };
            }
        };
        let mut stop = None;
        let mut sent = Vec::with_capacity(batch.len());
        for job in batch.iter().take(fits) {
            let Some(dispatch) = &job.dispatch else {
                sent.push(None);
                continue;
            };
            let words = Envelope::of(dispatch);
            let subject = self.subject_of(&words);
            let mut headers = HeaderMap::new();
            if let Some(id) = words.message_id(self.config.bot) {
                headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
            }
            headers.insert(SHARD, words.origin);
            headers.insert(VERSION, words.version);
            headers.insert(EVENT, words.name.into_owned());
            let message = PublishMessage::build()
                .headers(headers)
                .payload(dispatch.raw.clone());
            let publish = self.context.send_publish(subject, message);
            match tokio::time::timeout(STORED, publish).await {
                Ok(Ok(stored)) => sent.push(Some(stored)),
                Ok(Err(error)) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                    let text = format!(
                        "an event of {} bytes is more than nats takes: raise max_payload in its configuration",
                        dispatch.raw.len()
                    );
                    let error = Error::new(ErrorKind::TooLarge, text);
                    stop = Some(Stop::Refused(error));
                    break;
                }
                Ok(Err(error)) => {
                    stop = Some(Stop::Later(error.to_string()));
                    break;
                }
                Err(_) => {
                    stop = Some(Stop::Later("nats takes nothing".to_owned()));
                    break;
                }
            }
        }
        for (count, stored) in sent.iter_mut().enumerate() {
            let Some(stored) = stored.take() else {
                continue;
            };
            if let Err(error) = stored.await {
                // Those after it may be stored; sent again, they are known by their ids.
                let text = match std::error::Error::source(&error) {
                    Some(words) => format!("{error}: {words}"),
                    None => error.to_string(),
                };
                let stop = Some(Stop::Later(text));
                return Stored { count, stop };
            }
        }
        let count = sent.len();
        Stored { count, stop }
    }
}

pub(super) struct NatsFetch {
    link: NatsLink,
    context: Context,
    config: BridgeConfig,
    group: String,
    consumer: Option<PullConsumer>,
}

impl NatsFetch {
    pub(super) fn new(link: &NatsLink, config: &BridgeConfig, group: &str) -> Self {
        Self {
            context: context(link),
            link: link.clone(),
            config: config.clone(),
            group: group.to_owned(),
            consumer: None,
        }
    }

    async fn open(&self) -> Result<PullConsumer, Error> {
        let name = stream_name(&self.config);
        let stream = self.context.get_stream(&name).await;
        let stream = stream.map_err(|error| self.link.lost(error))?;
        let wanted = pull::Config {
            durable_name: Some(self.group.clone()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.config.redelivery,
            max_ack_pending: PENDING,
            ..pull::Config::default()
        };
        let made = stream.get_or_create_consumer(&self.group, wanted).await;
        made.map_err(|error| self.link.lost(error))
    }

    async fn read(&mut self) -> Result<Vec<Fetched>, Error> {
        let consumer = match self.consumer.take() {
            Some(consumer) => consumer,
            None => self.open().await?,
        };
        // What is there comes at once and ends by itself: a question that is dropped while the server
        // may still answer it would cost its events a redelivery.
        let asked = consumer.fetch().max_messages(self.config.prefetch.max(1));
        let messages = asked.messages().await;
        let mut fetched = self
            .take(messages.map_err(|error| self.link.lost(error))?)
            .await?;
        if fetched.is_empty() {
            let asked = consumer.batch().max_messages(1).expires(HOLD);
            let messages = asked.messages().await;
            fetched = self
                .take(messages.map_err(|error| self.link.lost(error))?)
                .await?;
        }
        self.consumer = Some(consumer);
        Ok(fetched)
    }
}

impl NatsFetch {
    async fn take(&self, mut messages: pull::Batch) -> Result<Vec<Fetched>, Error> {
        let mut fetched = Vec::new();
        loop {
            match tokio::time::timeout(HOLD + STORED, messages.next()).await {
                Ok(Some(Ok(message))) => fetched.push(open(message)),
                Ok(None) => return Ok(fetched),
                Ok(Some(Err(error))) if fetched.is_empty() => return Err(self.link.lost(error)),
                Err(_) if fetched.is_empty() => return Err(self.link.lost("nats is silent")),
                Ok(Some(Err(_))) | Err(_) => return Ok(fetched),
            }
        }
    }
}

impl Fetch for NatsFetch {
    async fn fetch(&mut self) -> Result<Vec<Fetched>, Error> {
        self.read().await
    }
}

fn open(message: Message) -> Fetched {
    let redelivered = message.info().is_ok_and(|info| info.delivered > 1);
    let (message, acker) = message.split();
    let word = |name| Some(message.headers.as_ref()?.get(name)?.as_str());
    let dispatch = || {
        let raw = message.payload.clone();
        Envelope::open(word(SHARD)?, word(VERSION)?, word(EVENT)?, raw)
    };
    Fetched {
        dispatch: dispatch(),
        redelivered,
        ticket: Ticket::Nats(Box::new(acker)),
    }
}

pub(super) struct NatsSettle(NatsLink);

impl NatsSettle {
    pub(super) fn new(link: &NatsLink) -> Self {
        Self(link.clone())
    }
}

impl Settle for NatsSettle {
    async fn settle(&mut self, tickets: &[Ticket]) -> Result<(), Error> {
        let link = &self.0;
        let told = async {
            for ticket in tickets {
                match ticket {
                    Ticket::Nats(acker) => {
                        acker.ack().await.map_err(|error| link.lost(error))?;
                    }
                    #[cfg(feature = "redis")]
                    Ticket::Redis(_) => {}
                }
            }
            Ok(())
        };
        link.within(told).await?
    }
}

fn context(link: &NatsLink) -> Context {
    ContextBuilder::new().timeout(STORED).build(link.client())
}

fn stream_name(config: &BridgeConfig) -> String {
    format!("ovenjs_{}", config.name)
}

const SHARD: &str = "Ovenjs-Shard";
const VERSION: &str = "Ovenjs-Version";
const EVENT: &str = "Ovenjs-Event";

/// What stands beside a payload in the stream, generously.
const HEADERS: u64 = 320;

/// How long JetStream may take to store an event: it writes to its disk and to those of its peers.
const STORED: Duration = Duration::from_secs(5);

/// How long the server keeps a question for events that are not there yet.
const HOLD: Duration = Duration::from_secs(2);

/// How many events of a group may be out with its workers.
const PENDING: i64 = 10_000;
