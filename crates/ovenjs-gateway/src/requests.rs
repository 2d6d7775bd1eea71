//! Questions to the gateway that are answered by events, pure.
//!
//! Discord takes requests for members, soundboard sounds and channel info as commands, and answers
//! with events among all others: some members at a time, or not at all where it is asked too often.
//! [`Requests`] makes one answer of each request. It belongs to one shard and stands beside its
//! session: what it wants sent goes there as a command, and events come from there. It is long because
//! the limits of all kinds of requests are kept together.

mod ask;
mod payload;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

pub use ask::{REQUEST_IDS_MAX, Request};
use ovenjs_types::{
    Dispatch, EventKind, Id, Interest,
    marker::{GuildMarker, UserMarker},
};

use crate::{Error, ErrorKind, Notice, Sealed};
use ask::parts;
use payload::{ChunkHead, GuildHead, Refusal};

/// The requests of one shard that are not answered yet.
///
/// Tell it of events with [`handle`](Self::handle) and of the shard's life with
/// [`notice`](Self::notice); then call [`poll`](Self::poll) until it returns nothing; then ask
/// [`deadline`](Self::deadline) and poll again when that moment has come.
///
/// - Each request ends exactly once: with [`Answer::Done`] behind its last event, or with
///   [`Answer::Failed`]. One that is [cancelled](Self::cancel) ends silently. What of one that has ended
///   was not sent is never sent.
/// - Nothing is sent before [`Notice::Ready`] or [`Notice::Resumed`], but its time runs from the
///   beginning.
/// - All members of a guild are asked for once in 30 s at most, and what Discord refuses by
///   `RATE_LIMITED` is sent again when it says so.
/// - Where the session is lost midway, or an answer stays away, it is asked for again.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_gateway::{Answer, Notice, Requests};
/// use ovenjs_types::{Dispatch, Id, Origin, RequestGuildMembers, Version};
///
/// # #[expect(clippy::disallowed_methods, reason = "a beginning of time")]
/// let now = std::time::Instant::now();
/// let mut requests = Requests::new(7);
/// let one = RequestGuildMembers::users(Id::new(5), [Id::new(1)]);
/// let id = requests.ask(now, one, Duration::from_secs(60))?;
/// assert!(requests.poll(now).is_none(), "the shard has no session yet");
/// requests.notice(now, &Notice::Ready { epoch: 1 });
/// let Some(Answer::Send(sealed)) = requests.poll(now) else { panic!() };
///
/// let raw = r#"{"guild_id":"5","members":[],"chunk_index":0,"chunk_count":1,"not_found":["1"],"nonce":"7-0"}"#;
/// let chunk = Dispatch::new(Origin::default(), Version::default(), "GUILD_MEMBERS_CHUNK", raw);
/// requests.handle(now, &chunk);
/// assert!(matches!(requests.poll(now), Some(Answer::Chunk(to, _)) if to == id));
/// let Some(Answer::Done { not_found, .. }) = requests.poll(now) else { panic!() };
/// assert_eq!(not_found, [Id::new(1)]);
/// # Ok::<(), ovenjs_gateway::Error>(())
/// ```
#[derive(Debug)]
pub struct Requests {
    /// What tells the marks of this process from those of a former one, whose answers may be replayed.
    mark: u64,
    next_nonce: u64,
    next_id: u64,
    connected: bool,
    /// The shard does not read, since its backlog is full: no answer can come, and none is late.
    paused: bool,
    /// The shard has ended for good.
    ended: bool,
    pending: BTreeMap<RequestId, Pending>,
    /// Whose the questions are that the session was given.
    asked: BTreeMap<u64, (RequestId, usize)>,
    answers: VecDeque<Answer>,
    /// Whether all is said, up to `due`: most of what a shard hears changes nothing here.
    is_settled: bool,
    due: Option<Instant>,
    /// When all members of a guild may be asked for again; at most one for each pending request and
    /// for each of the last 30 s.
    whole_from: BTreeMap<Id<GuildMarker>, Instant>,
}

/// Which request an answer is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// What is to be done about a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Give this to the shard's session, by [`Input::Command`](crate::session::Input::Command).
    Send(Sealed),
    /// Take this question back from the session, by
    /// [`Input::Withdraw`](crate::session::Input::Withdraw): nobody waits for its answer.
    Withdraw(u64),
    /// A part of the answer.
    Chunk(RequestId, Dispatch),
    /// It is asked for anew: chunks that came so far come again.
    Again(RequestId),
    /// The answer is complete.
    Done {
        /// To which request.
        request: RequestId,
        /// Users that were asked for and are no members.
        not_found: Vec<Id<UserMarker>>,
    },
    /// There is no answer, or no complete one.
    Failed(RequestId, Error),
}

#[derive(Debug)]
struct Pending {
    until: Instant,
    parts: Vec<Part>,
    not_found: Vec<Id<UserMarker>>,
}

/// One command and its answer.
#[derive(Debug)]
struct Part {
    ask: Request,
    stage: Stage,
    /// How often it was sent in vain.
    in_vain: u32,
}

#[derive(Debug)]
enum Stage {
    Waiting {
        from: Option<Instant>,
    },
    /// The session has the command.
    Asked {
        nonce: u64,
        /// By when something must have come, where the command has left.
        by: Option<Instant>,
        progress: Progress,
    },
    Done,
}

#[derive(Debug, Default)]
struct Progress {
    chunks: BTreeSet<u32>,
    guilds: BTreeSet<Id<GuildMarker>>,
}

impl Requests {
    /// The kinds of events that answers come by; a session must deliver them while something is
    /// [pending](Self::is_idle).
    pub const INTEREST: Interest = Interest::none()
        .with(EventKind::GuildMembersChunk)
        .with(EventKind::SoundboardSounds)
        .with(EventKind::ChannelInfo)
        .with(EventKind::RateLimited);

    /// No requests yet, of a shard without a session. `entropy` is 64 random bits.
    #[must_use]
    pub const fn new(entropy: u64) -> Self {
        Self {
            mark: entropy,
            next_nonce: 0,
            next_id: 0,
            connected: false,
            paused: false,
            ended: false,
            pending: BTreeMap::new(),
            asked: BTreeMap::new(),
            is_settled: false,
            due: None,
            answers: VecDeque::new(),
            whole_from: BTreeMap::new(),
        }
    }

    /// Asks for something; the answer is complete `within` that time, or fails.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Command`] where it breaks one of Discord's rules or names more than
    /// [`REQUEST_IDS_MAX`] users or guilds, [`ErrorKind::CommandQueueFull`] where
    /// [`REQUESTS_MAX`] are pending, [`ErrorKind::Stopped`] where the shard has ended.
    pub fn ask(
        &mut self,
        now: Instant,
        request: impl Into<Request>,
        within: Duration,
    ) -> Result<RequestId, Error> {
        if self.ended {
            return Err(stopped());
        }
        if self.pending.len() >= REQUESTS_MAX {
            let text = format!("{REQUESTS_MAX} requests wait for their answers: ask again later");
            return Err(Error::new(ErrorKind::CommandQueueFull, text));
        }
        let parts = parts(request.into())?;
        for part in &parts {
            part.seal(&self.nonce_text(u64::MAX))?;
        }
        let id = RequestId(self.next_id);
        self.next_id += 1;
        self.is_settled = false;
        self.pending.insert(
            id,
            Pending {
                until: now + within.min(WITHIN_MAX),
                parts: parts
                    .into_iter()
                    .map(|ask| Part {
                        ask,
                        stage: Stage::Waiting { from: None },
                        in_vain: 0,
                    })
                    .collect(),
                not_found: Vec::new(),
            },
        );
        Ok(id)
    }

    /// Nobody waits for this answer any more.
    pub fn cancel(&mut self, request: RequestId) {
        self.is_settled = false;
        self.answers
            .retain(|answer| answer.request() != Some(request));
        self.remove(request);
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.answers.is_empty()
    }

    /// An event of the shard's. Others than [`INTEREST`](Self::INTEREST) change nothing.
    pub fn handle(&mut self, now: Instant, dispatch: &Dispatch) {
        if self.asked.is_empty() {
            return;
        }
        if dispatch.kind == EventKind::GuildMembersChunk {
            self.members(now, dispatch);
        } else if dispatch.kind == EventKind::SoundboardSounds {
            self.of_guild(now, dispatch, |ask, guild| {
                matches!(ask, Request::SoundboardSounds(ask) if ask.guild_ids.contains(&guild))
            });
        } else if dispatch.kind == EventKind::ChannelInfo {
            self.of_guild(
                now,
                dispatch,
                |ask, guild| matches!(ask, Request::ChannelInfo(ask) if ask.guild_id == guild),
            );
        } else if dispatch.kind == EventKind::RateLimited {
            self.rate_limited(now, dispatch);
        } else {
            return;
        }
        self.is_settled = false;
    }

    /// A step in the shard's life: while it is not connected, or does not read, nothing is sent and no
    /// answer is late; a new session knows nothing of what the old one was asked.
    pub fn notice(&mut self, now: Instant, notice: &Notice) {
        match notice {
            Notice::Lost { .. } => self.connected = false,
            Notice::Resumed { .. } => {
                self.connected = true;
                self.be_patient(now);
            }
            Notice::Paused { .. } => self.paused = true,
            Notice::Unpaused => {
                self.paused = false;
                self.be_patient(now);
            }
            Notice::Restarted { .. } => {
                (self.connected, self.paused, self.ended) = (false, false, false);
                // What the former session had not sent is gone with it.
                for (id, nth) in self.given(|part| !part.has_left()) {
                    self.ask_again(id, nth, None);
                }
            }
            Notice::Ready { .. } => {
                self.connected = true;
                for (id, nth) in self.given(Part::has_left) {
                    self.ask_again(id, nth, None);
                }
            }
            Notice::Stopped | Notice::GaveUp { .. } => {
                (self.connected, self.ended) = (false, true);
                self.asked.clear();
                for (id, _) in std::mem::take(&mut self.pending) {
                    self.answers.push_back(Answer::Failed(id, stopped()));
                }
            }
            _ => return,
        }
        self.is_settled = false;
    }

    /// To which request a question belongs that the session was given and that is not answered.
    #[must_use]
    pub fn whose(&self, question: u64) -> Option<RequestId> {
        self.asked.get(&question).map(|(id, _)| *id)
    }

    /// The command of a [question](crate::session::Payload::question) leaves: from now on its answer is
    /// waited for. Before, Discord's limits may have held it back for long.
    pub fn left(&mut self, now: Instant, question: u64) {
        let Some((id, nth)) = self.asked.get(&question).copied() else {
            return;
        };
        let Some(part) = self.part(id, nth) else {
            return;
        };
        if let Stage::Asked { by, .. } = &mut part.stage {
            *by = Some(now + PATIENCE);
        }
        if let Some(guild) = part.whole_guild() {
            let from = self.whole_from.entry(guild).or_insert(now);
            *from = (*from).max(now + WHOLE_EVERY);
        }
        self.is_settled = false;
    }

    /// What was sent has its time to be answered once more, from `since` on.
    fn be_patient(&mut self, since: Instant) {
        for (id, nth) in self.given(Part::has_left) {
            let stage = self.part(id, nth).map(|part| &mut part.stage);
            if let Some(Stage::Asked { by, .. }) = stage {
                *by = Some(since + PATIENCE);
            }
        }
    }

    const fn is_heard(&self) -> bool {
        self.connected && !self.paused
    }

    /// What to do now; nothing when there is nothing to do until the next event or the
    /// [`deadline`](Self::deadline).
    pub fn poll(&mut self, now: Instant) -> Option<Answer> {
        if self.is_settled && self.due.is_none_or(|due| now < due) {
            return None;
        }
        self.is_settled = false;
        self.expire(now);
        let next = self.answers.pop_front().or_else(|| self.send(now));
        if next.is_none() {
            self.due = self.next_due();
            self.is_settled = true;
        }
        next
    }

    /// When to [`poll`](Self::poll) again although nothing happened.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.is_settled {
            true => self.due,
            false => self.next_due(),
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let ends = self.pending.values().map(|pending| pending.until);
        let busy = self.busy();
        let parts = self.pending.values().flat_map(|pending| &pending.parts);
        let parts = parts.filter_map(|part| match &part.stage {
            Stage::Waiting { from } => {
                let guild = part.whole_guild();
                let whole_from = guild.and_then(|guild| self.whole_from.get(&guild).copied());
                // What waits for an answer to another is sent when that comes.
                whole_from.max(*from).filter(|_| !busy.blocks(part))
            }
            Stage::Asked { by, .. } => *by,
            Stage::Done => None,
        });
        let parts = parts.filter(|_| self.is_heard());
        ends.chain(parts).min()
    }

    fn expire(&mut self, now: Instant) {
        let over: Vec<RequestId> = self
            .pending
            .iter()
            .filter(|(_, pending)| now >= pending.until)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            let is_held = |part: &Part| matches!(part.stage, Stage::Asked { by: None, .. });
            let pending = self.pending.get(&id);
            let why = match pending.is_some_and(|pending| pending.parts.iter().any(is_held)) {
                _ if self.paused => UNREAD,
                _ if !self.connected => AWAY,
                true => HELD,
                false => UNANSWERED,
            };
            self.fail(id, why);
        }
        if self.is_heard() {
            let is_late =
                |part: &Part| matches!(part.stage, Stage::Asked { by: Some(by), .. } if now >= by);
            for (id, nth) in self.given(is_late) {
                self.late(id, nth);
            }
        }
    }

    fn late(&mut self, id: RequestId, nth: usize) {
        let part = self.part(id, nth);
        let in_vain = part.map_or(0, |part| {
            part.in_vain += 1;
            part.in_vain
        });
        if in_vain >= ASKS_MAX {
            self.fail(
                id,
                "discord does not answer the request: is the bot in that guild, and has it the intent?",
            );
        } else {
            self.ask_again(id, nth, None);
        }
    }

    fn fail(&mut self, id: RequestId, text: &'static str) {
        if self.remove(id).is_some() {
            let error = Error::new(ErrorKind::Unanswered, text);
            self.answers.push_back(Answer::Failed(id, error));
        }
    }

    /// Forgets a request; what of it lies in the session is taken back.
    fn remove(&mut self, id: RequestId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        for part in &pending.parts {
            if let Stage::Asked { nonce, by, .. } = &part.stage {
                self.asked.remove(nonce);
                if by.is_none() {
                    self.answers.push_back(Answer::Withdraw(*nonce));
                }
            }
        }
        Some(pending)
    }

    fn ask_again(&mut self, id: RequestId, nth: usize, from: Option<Instant>) {
        let Some(part) = self.part(id, nth) else {
            return;
        };
        let former = std::mem::replace(&mut part.stage, Stage::Waiting { from });
        if let Stage::Asked {
            nonce, progress, ..
        } = former
        {
            part.ask.leave_out(&progress.guilds);
            self.asked.remove(&nonce);
            if !progress.chunks.is_empty() {
                self.answers.push_back(Answer::Again(id));
            }
        }
    }

    fn send(&mut self, now: Instant) -> Option<Answer> {
        if !self.is_heard() {
            return None;
        }
        self.whole_from.retain(|_, from| *from > now);
        let busy = self.busy();
        if busy.is_full {
            return None;
        }
        let is_due = |part: &Part| match &part.stage {
            Stage::Waiting { from } => {
                from.is_none_or(|from| now >= from)
                    && part
                        .whole_guild()
                        .is_none_or(|guild| !self.whole_from.contains_key(&guild))
                    && !busy.blocks(part)
            }
            Stage::Asked { .. } | Stage::Done => false,
        };
        let (id, nth) = self
            .pending
            .iter()
            .find_map(|(id, pending)| Some((*id, pending.parts.iter().position(is_due)?)))?;
        let nonce = self.next_nonce;
        self.next_nonce += 1;
        let text = self.nonce_text(nonce);
        let part = self.part(id, nth)?;
        let sealed = part.ask.seal(&text).map(|sealed| Sealed {
            question: Some(nonce),
            ..sealed
        });
        match sealed {
            Ok(sealed) => {
                part.stage = Stage::Asked {
                    nonce,
                    by: None,
                    progress: Progress::default(),
                };
                self.asked.insert(nonce, (id, nth));
                Some(Answer::Send(sealed))
            }
            // It was checked when it was asked for.
            Err(error) => {
                self.remove(id);
                Some(Answer::Failed(id, error))
            }
        }
    }

    /// What has to wait for what the session was given.
    fn busy(&self) -> Busy {
        let mut busy = Busy {
            is_full: self.asked.len() >= IN_FLIGHT_MAX,
            guilds: BTreeSet::new(),
        };
        // Behind a list of all members that is on its way there is a time to wait, and no answer.
        let waits = |part: &&Part| part.whole_guild().is_none() || !part.has_left();
        let waited_for = self.under_way().map(|(_, part)| part).filter(waits);
        busy.guilds
            .extend(waited_for.filter_map(Part::one_at_a_time));
        busy
    }

    fn members(&mut self, now: Instant, dispatch: &Dispatch) {
        let Ok(head) = serde_json::from_slice::<ChunkHead>(&dispatch.raw) else {
            return;
        };
        let Some((id, nth)) = head.nonce.and_then(|nonce| self.by_nonce(&nonce)) else {
            return;
        };
        let Some(pending) = self.pending.get_mut(&id) else {
            return;
        };
        let Some(part) = pending.parts.get_mut(nth) else {
            return;
        };
        let Stage::Asked {
            nonce,
            by,
            progress,
        } = &mut part.stage
        else {
            return;
        };
        if head.chunk_index >= head.chunk_count.max(1) || !progress.chunks.insert(head.chunk_index)
        {
            return;
        }
        *by = Some(now + PATIENCE);
        let nonce = *nonce;
        let room = REQUEST_IDS_MAX.saturating_sub(pending.not_found.len());
        pending
            .not_found
            .extend(head.not_found.into_iter().take(room));
        let chunks = u32::try_from(progress.chunks.len()).unwrap_or(u32::MAX);
        if chunks >= head.chunk_count.max(1) {
            part.stage = Stage::Done;
            self.asked.remove(&nonce);
        }
        self.chunk(id, dispatch);
    }

    fn of_guild(
        &mut self,
        now: Instant,
        dispatch: &Dispatch,
        is_asked: impl Fn(&Request, Id<GuildMarker>) -> bool,
    ) {
        let Ok(GuildHead { guild_id }) = serde_json::from_slice(&dispatch.raw) else {
            return;
        };
        // What came before the command had left is another's answer.
        for (id, nth) in self.given(Part::has_left) {
            let Some(part) = self.part(id, nth) else {
                continue;
            };
            if !is_asked(&part.ask, guild_id) {
                continue;
            }
            let wanted = part.ask.guilds();
            let Stage::Asked {
                nonce,
                by,
                progress,
            } = &mut part.stage
            else {
                continue;
            };
            if !progress.guilds.insert(guild_id) {
                continue;
            }
            *by = Some(now + PATIENCE);
            let nonce = *nonce;
            if progress.guilds.len() >= wanted {
                part.stage = Stage::Done;
                self.asked.remove(&nonce);
            }
            self.chunk(id, dispatch);
        }
    }

    fn chunk(&mut self, id: RequestId, dispatch: &Dispatch) {
        self.answers.push_back(Answer::Chunk(id, dispatch.clone()));
        let is_done = |pending: &Pending| {
            let mut parts = pending.parts.iter();
            parts.all(|part| matches!(part.stage, Stage::Done))
        };
        if self.pending.get(&id).is_some_and(is_done)
            && let Some(pending) = self.pending.remove(&id)
        {
            self.answers.push_back(Answer::Done {
                request: id,
                not_found: pending.not_found,
            });
        }
    }

    fn rate_limited(&mut self, now: Instant, dispatch: &Dispatch) {
        let Ok(refusal) = serde_json::from_slice::<Refusal>(&dispatch.raw) else {
            return;
        };
        let wait = Duration::try_from_secs_f64(refusal.retry_after).unwrap_or(WHOLE_EVERY);
        let from = now + wait.min(WITHIN_MAX);
        let meta = refusal.meta.unwrap_or_default();
        let refused = match meta.nonce.and_then(|nonce| self.by_nonce(&nonce)) {
            Some(one) => vec![one],
            None => {
                let of = |part: &Part| {
                    let guild = part.whole_guild();
                    part.ask.opcode() == refusal.opcode
                        && meta
                            .guild_id
                            .is_none_or(|of| guild.is_none_or(|guild| guild == of))
                };
                self.given(|part| part.has_left() && of(part))
            }
        };
        for (id, nth) in refused {
            if let Some(guild) = self.part(id, nth).and_then(|part| part.whole_guild()) {
                self.whole_from.insert(guild, from);
            }
            self.ask_again(id, nth, Some(from));
        }
    }

    fn part(&mut self, id: RequestId, nth: usize) -> Option<&mut Part> {
        self.pending.get_mut(&id)?.parts.get_mut(nth)
    }

    /// Those under way that are so.
    fn given(&self, wanted: impl Fn(&Part) -> bool) -> Vec<(RequestId, usize)> {
        let given = self.under_way().filter(|(_, part)| wanted(part));
        given.map(|(place, _)| place).collect()
    }

    /// The parts that the session was given and that are not answered.
    fn under_way(&self) -> impl Iterator<Item = ((RequestId, usize), &Part)> {
        self.asked.values().filter_map(|&(id, nth)| {
            let part = self.pending.get(&id)?.parts.get(nth)?;
            Some(((id, nth), part))
        })
    }

    fn by_nonce(&self, text: &str) -> Option<(RequestId, usize)> {
        let (mark, nonce) = text.split_once('-')?;
        if u64::from_str_radix(mark, 16).ok()? != self.mark {
            return None;
        }
        let nonce = u64::from_str_radix(nonce, 16).ok()?;
        self.asked.get(&nonce).copied()
    }

    /// Well below Discord's 32 bytes until the end of days: 16, a hyphen, and what was counted.
    fn nonce_text(&self, nonce: u64) -> String {
        format!("{:x}-{:x}", self.mark, nonce & 0xFFFF_FFFF_FFFF)
    }
}

impl Answer {
    const fn request(&self) -> Option<RequestId> {
        match self {
            Self::Send(_) | Self::Withdraw(_) => None,
            Self::Chunk(id, _)
            | Self::Again(id)
            | Self::Done { request: id, .. }
            | Self::Failed(id, _) => Some(*id),
        }
    }
}

impl Part {
    const fn has_left(&self) -> bool {
        matches!(self.stage, Stage::Asked { by: Some(_), .. })
    }

    /// The guild all of whose members are asked for.
    fn whole_guild(&self) -> Option<Id<GuildMarker>> {
        match &self.ask {
            Request::Members(ask) => {
                let whole = ask.user_ids.is_empty() && ask.query.as_deref() == Some("");
                whole.then_some(ask.guild_id)
            }
            Request::SoundboardSounds(_) | Request::ChannelInfo(_) => None,
        }
    }

    /// Of this guild one such question is put at a time: the answer about channels does not say which
    /// fields it answers to, and the half minute between two lists of all members begins when the first
    /// question leaves.
    fn one_at_a_time(&self) -> Option<(u32, Id<GuildMarker>)> {
        let guild = match &self.ask {
            Request::ChannelInfo(ask) => Some(ask.guild_id),
            Request::Members(_) | Request::SoundboardSounds(_) => self.whole_guild(),
        };
        guild.map(|guild| (self.ask.opcode(), guild))
    }
}

/// What stands in the way of other questions.
struct Busy {
    /// So many are under way that none may follow.
    is_full: bool,
    /// The questions that are put [one at a time](Part::one_at_a_time).
    guilds: BTreeSet<(u32, Id<GuildMarker>)>,
}

impl Busy {
    fn blocks(&self, part: &Part) -> bool {
        self.is_full
            || part
                .one_at_a_time()
                .is_some_and(|of| self.guilds.contains(&of))
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Stopped, "the shard has stopped")
}

const UNANSWERED: &str = "discord did not answer the request in time: ask again, or for less";

const AWAY: &str =
    "the shard was not connected in time: look in its health for what it waits for, and ask again";

const HELD: &str =
    "the request did not leave in time: discord takes some 115 commands of a shard in a minute";

const UNREAD: &str =
    "the answer waits behind events that nobody reads: read them while it is awaited";

/// How many requests of a shard can be pending: more than Discord takes commands in two minutes.
pub const REQUESTS_MAX: usize = 256;

/// Commands whose answer is awaited; the others can still be cancelled for nothing.
const IN_FLIGHT_MAX: usize = 16;

/// Discord takes a request for all members of a guild once per 30 s; it may count a little slower.
const WHOLE_EVERY: Duration = Duration::from_millis(30_500);

/// Chunks follow each other within seconds. One that stays away for so long does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a command is sent that brings nothing.
const ASKS_MAX: u32 = 3;

/// Who waits for longer has forgotten about it.
const WITHIN_MAX: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests;
