//! Messages between shards and processes of one bot.
//!
//! What is here: [`Bus`], on which each process (or shard) is a [`Member`] of a room by name.
//! [`Bus::broadcast`] says something to all members, [`Bus::request`] asks them and gathers what
//! they answer until enough have or the time is up. Messages are types of the bot's own, see
//! [`Message`] and [`Request`]. Rooms are in the process ([`Hall`]), in a Redis (feature `redis`) or
//! in NATS (feature `nats`), and behave alike.
//!
//! What is not here: storage. A message is heard by who is there, once or not at all; what was
//! missed while a connection was away is told by [`Bus::interruptions`]. For what must not be lost
//! there is the bridge.
//!
//! A member hears itself, so that "all" means all.

mod exchange;
mod frame;
mod hall;
mod listener;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "redis")]
mod redis;
mod room;

use std::{fmt, sync::Arc, time::Duration};

use ovenjs_net::{Clock, Entropy as _, SystemClock, SystemEntropy};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::watch, task::JoinSet};

pub use self::{
    exchange::Gather,
    hall::Hall,
    listener::{Listener, Question, Questions, Said},
};
use self::{
    exchange::{Gathering, Reply},
    frame::{Frame, Kind},
    room::{Ear, Shared, To, Wire},
};
use crate::{Error, ErrorKind};

/// Something that is said on a [`Bus`].
///
/// Its form on the wire is JSON, by serde: fields that are added should have a default, so that
/// processes of the former version still understand it.
pub trait Message: Serialize + DeserializeOwned + Send + 'static {
    /// The name by which all processes know this type. At most 64 letters, digits, `_`, `-`, `.`.
    const TOPIC: &'static str;
}

/// A [`Message`] that is answered.
pub trait Request: Message {
    /// What it is answered with.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
}

/// A member's name, e.g. `process-3`: unique in its room, at most 64 letters, digits, `_` and `-`.
///
/// ```
/// use ovenjs_gateway::bus::Member;
///
/// assert_eq!(Member::new("process-3").unwrap().as_str(), "process-3");
/// assert!(Member::new("the third process").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member(Arc<str>);

impl Member {
    /// Takes a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where it is empty, too long, or has other characters.
    pub fn new(name: &str) -> Result<Self, Error> {
        checked_name(name, false)?;
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was gathered for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gathered<A> {
    /// The answers, in the order in which they came, at most one of each member.
    pub answers: Vec<(Member, A)>,
    /// Who refused to answer, and why; an answer that cannot be read is among them.
    pub refusals: Vec<(Member, String)>,
    /// Who was asked by name and said nothing.
    pub missing: Vec<Member>,
    /// Whether as many answered as were wanted. `false` where the time was up before.
    pub complete: bool,
}

/// What happened on a [`Bus`] since this member joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusStats {
    /// Messages that were dropped because a listener's queue, or the member's own, was full.
    pub lagged: u64,
    /// Answers to requests that had ended, or that nobody here made.
    pub late: u64,
    /// Second answers of a member to one request.
    pub duplicates: u64,
    /// Answers of members that were not asked.
    pub unasked: u64,
    /// Answers dropped because a request had gathered too much.
    pub overflowed: u64,
    /// What could not be read: another version's messages, or foreign bytes in the room.
    pub unreadable: u64,
    /// Requests that wait now.
    pub pending: usize,
}

/// A member's place in a room. Cloning is cheap; the member leaves with its last clone.
///
/// ```
/// use std::time::Duration;
///
/// use ovenjs_gateway::bus::{Bus, Gather, Hall, Member, Message, Request};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct GuildCount;
///
/// impl Message for GuildCount {
///     const TOPIC: &'static str = "guild-count";
/// }
///
/// impl Request for GuildCount {
///     type Answer = u32;
/// }
///
/// # async fn run() -> Result<(), ovenjs_gateway::Error> {
/// let hall = Hall::new();
/// let one = Bus::in_hall(&hall, Member::new("one")?)?;
/// let two = Bus::in_hall(&hall, Member::new("two")?)?;
/// let mut questions = two.serve::<GuildCount>(16)?;
///
/// let ask = one.request(&GuildCount, Gather::Answers(1), Duration::from_secs(1));
/// let answer = async {
///     let question = questions.next().await.unwrap();
///     question.answer(&1_000).await
/// };
/// let (gathered, _) = tokio::join!(ask, answer);
/// let gathered = gathered?;
/// assert_eq!(gathered.answers, [(Member::new("two")?, 1_000)]);
/// assert!(gathered.complete);
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    /// Hears. It knows `shared` alone, so that the last handle ends it.
    _pump: JoinSet<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

impl Bus {
    /// Joins a room of this process. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the name is taken in this hall.
    pub fn in_hall(hall: &Hall, member: Member) -> Result<Self, Error> {
        let (wire, ear) = hall.enter(&member, &inbox(&member))?;
        Ok(Self::start(member, Arc::new(wire), Box::new(ear)))
    }

    /// Joins `room` in a Redis: by its channels, since what is said is for those who are there.
    /// Once this returns, the member hears.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the room's name is none, [`ErrorKind::Link`] where the Redis
    /// cannot be reached.
    #[cfg(feature = "redis")]
    pub async fn over_redis(
        link: &ovenjs_net::RedisLink,
        room: &str,
        member: Member,
    ) -> Result<Self, Error> {
        checked_name(room, false)?;
        let (wire, ear) = redis::join(link, room, &inbox(&member)).await?;
        Ok(Self::start(member, Arc::new(wire), Box::new(ear)))
    }

    /// Joins `room` in NATS. Once this returns, the member hears.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the room's name is none, [`ErrorKind::Link`] where NATS cannot
    /// be reached.
    #[cfg(feature = "nats")]
    pub async fn over_nats(
        link: &crate::NatsLink,
        room: &str,
        member: Member,
    ) -> Result<Self, Error> {
        checked_name(room, false)?;
        let (wire, ear) = nats::join(link, room, &inbox(&member)).await?;
        Ok(Self::start(member, Arc::new(wire), Box::new(ear)))
    }

    fn start(member: Member, wire: Arc<dyn Wire>, ear: Box<dyn Ear>) -> Self {
        let shared = Arc::new(Shared::new(member, wire, ear.lagged()));
        let mut pump = JoinSet::new();
        pump.spawn(Arc::clone(&shared).hear(ear));
        Self(Arc::new(Inner {
            shared,
            clock: Arc::new(SystemClock),
            _pump: pump,
        }))
    }

    /// Who this is.
    #[must_use]
    pub fn member(&self) -> &Member {
        &self.0.shared.member
    }

    /// Says something to all members that are there, this one included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] beyond 512 KiB, [`ErrorKind::Message`] where it cannot be written as
    /// JSON, [`ErrorKind::Link`] where it may not have left.
    pub async fn broadcast<M: Message>(&self, message: &M) -> Result<(), Error> {
        let body = written(message)?;
        let head = Frame::new(Kind::Say, &self.0.shared, M::TOPIC, 0);
        self.0.shared.wire.send(To::All, head.seal(&body)?).await
    }

    /// Asks all members, or those that `gather` names, and waits for their answers: until those that
    /// `gather` wants are there, at most for `patience`. That the time is up is no error: what came
    /// until then is given, and [`Gathered::complete`] tells.
    ///
    /// Dropping the future gives the request up; answers to it are dropped.
    ///
    /// # Errors
    ///
    /// As [`broadcast`](Self::broadcast), and [`ErrorKind::Busy`] where 1,024 requests wait already.
    pub async fn request<Q: Request>(
        &self,
        question: &Q,
        gather: Gather,
        patience: Duration,
    ) -> Result<Gathered<Q::Answer>, Error> {
        let shared = &self.0.shared;
        let body = written(question)?;
        let deadline = self.0.clock.now() + patience;
        let to = gather.names();
        let (ticket, whole) = shared.ask(deadline, gather)?;
        let mut head = Frame::new(Kind::Ask, shared, Q::TOPIC, ticket.id);
        head.to = to;
        // A room that cannot be reached must not hold the caller beyond his patience.
        let wait = async {
            shared.wire.send(To::All, head.seal(&body)?).await?;
            // The other end goes with this request alone.
            Ok(whole.await.ok())
        };
        let gathered = match tokio::time::timeout(patience, wait).await {
            Ok(Err(error)) => return Err(error),
            Ok(Ok(whole)) => whole,
            Err(_) => None,
        };
        let gathered = gathered.or_else(|| ticket.give_up());
        Ok(read(gathered.unwrap_or_default()))
    }

    /// Hears what members say of type `M`, from now on. At most `capacity` of it waits to be read
    /// (at least 1); what comes beyond is dropped and counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where [`Message::TOPIC`] is no topic's name.
    pub fn listen<M: Message>(&self, capacity: usize) -> Result<Listener<M>, Error> {
        checked_name(M::TOPIC, true)?;
        Ok(Listener::new(self.0.shared.listen(M::TOPIC, capacity)))
    }

    /// Takes the questions of type `Q` that members ask, from now on. At most `capacity` of them
    /// wait to be read (at least 1); what comes beyond is dropped and counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the topic is served by this member already, or is no name.
    pub fn serve<Q: Request>(&self, capacity: usize) -> Result<Questions<Q>, Error> {
        checked_name(Q::TOPIC, true)?;
        let waiting = self.0.shared.serve(Q::TOPIC, capacity)?;
        Ok(Questions::new(waiting, Arc::downgrade(&self.0.shared)))
    }

    /// Counts how often the room was out of reach for a while, so that something may have been
    /// missed. It changes once the room is there again.
    #[must_use]
    pub fn interruptions(&self) -> watch::Receiver<u64> {
        self.0.shared.interruptions()
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> BusStats {
        self.0.shared.stats()
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("member", self.member())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

fn read<A: DeserializeOwned>(gathering: Gathering) -> Gathered<A> {
    let mut gathered = Gathered {
        missing: gathering.missing(),
        complete: gathering.is_complete(),
        answers: Vec::new(),
        refusals: Vec::new(),
    };
    for (member, reply) in gathering.replies {
        match reply {
            Reply::Refusal(reason) => gathered.refusals.push((member, reason)),
            Reply::Answer(body) => match serde_json::from_slice(&body) {
                Ok(answer) => gathered.answers.push((member, answer)),
                Err(error) => gathered
                    .refusals
                    .push((member, format!("its answer cannot be read: {error}"))),
            },
        }
    }
    gathered
}

fn written<T: Serialize>(message: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(message).map_err(|source| {
        let text = "the message cannot be written as json: give its maps text keys";
        Error::new(ErrorKind::Message, text).with_source(source)
    })
}

/// A word that may stand in a channel and in a subject. A dot parts the levels of a subject.
pub(crate) fn checked_name(name: &str, dots: bool) -> Result<(), Error> {
    let fits = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (dots && byte == b'.')
    };
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    let text = format!(
        "`{}` is no name: use 1 to {NAME_MAX} letters, digits, `_` and `-`",
        name.chars()
            .take(NAME_MAX)
            .collect::<String>()
            .escape_debug()
    );
    Err(Error::new(ErrorKind::Config, text))
}

/// Where answers to this life of a member go: those to a former life of the same name find nobody.
fn inbox(member: &Member) -> String {
    format!("{member}-{:016x}", SystemEntropy.u64())
}

/// A name stands in every message.
const NAME_MAX: usize = 64;
