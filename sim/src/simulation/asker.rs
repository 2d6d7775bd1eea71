//! What the bot asks Discord for, and the oracle of the answers: each question ends once, and what is
//! called complete is complete.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    hash::Hash as _,
    time::{Duration, Instant},
};

use ovenjs_gateway::{Answer, Notice, Request, RequestId, Requests, ShardState, session::Input};
use ovenjs_types::{
    ChannelInfoField, Dispatch, EventKind, Id, Interest, RequestChannelInfo, RequestGuildMembers,
    RequestSoundboardSounds,
};
use serde_json::Value;

use super::Simulation;

/// The questions of one shard.
#[derive(Debug)]
pub(super) struct Asker {
    requests: Requests,
    open: BTreeMap<RequestId, Question>,
    /// Whose the questions are that the session was given.
    given: BTreeMap<u64, RequestId>,
    /// How many members each guild was found to have.
    whole: BTreeMap<u64, usize>,
    answered: u64,
    unanswered: u64,
}

struct Question {
    about: About,
    until: Instant,
    /// Whether a line may go dark in one direction, where it takes minutes until anyone knows.
    is_excused: bool,
    /// How often the connection was lost meanwhile.
    losses: u32,
    is_of_peace: bool,
    members: BTreeSet<u64>,
    missing: BTreeSet<u64>,
    chunks: BTreeSet<u64>,
    chunk_count: u64,
    guilds: BTreeSet<u64>,
}

enum About {
    Users(BTreeSet<u64>),
    All(u64),
    Guilds(BTreeSet<u64>),
}

impl Asker {
    pub(super) const fn new(entropy: u64) -> Self {
        Self {
            requests: Requests::new(entropy),
            open: BTreeMap::new(),
            given: BTreeMap::new(),
            whole: BTreeMap::new(),
            answered: 0,
            unanswered: 0,
        }
    }

    /// Another process: nobody waits for answers any more.
    pub(super) fn begin_anew(&mut self, entropy: u64) {
        let fresh = Self::new(entropy);
        self.requests = fresh.requests;
        (self.open, self.given) = (fresh.open, fresh.given);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.requests.deadline()
    }

    /// The command of a question leaves.
    pub(super) fn left(&mut self, now: Instant, question: u64) -> Result<(), String> {
        self.requests.left(now, question);
        let of = self.given.remove(&question);
        match of.is_some_and(|of| self.open.contains_key(&of)) {
            true => Ok(()),
            false => Err("a question leaves that nobody waits for".to_owned()),
        }
    }

    pub(super) fn counts(&self) -> (u64, u64) {
        (self.answered, self.unanswered)
    }

    pub(super) fn notice(&mut self, now: Instant, notice: &Notice) {
        self.requests.notice(now, notice);
        if matches!(notice, Notice::Lost { .. }) {
            self.open.values_mut().for_each(|open| open.losses += 1);
        }
    }

    pub(super) fn overhears(
        &mut self,
        now: Instant,
        dispatch: &Dispatch,
        is_first: bool,
    ) -> Result<(), String> {
        self.requests.handle(now, dispatch);
        if dispatch.kind == EventKind::RateLimited && is_first {
            return Err("asks for all members more often than Discord allows".to_owned());
        }
        Ok(())
    }

    /// Whether every question that was asked has ended, and none is late.
    fn watch(&self, now: Instant) -> Result<(), String> {
        match self.open.values().find(|open| now > open.until) {
            Some(late) => Err(format!("a question never ends: {late:?}")),
            None => Ok(()),
        }
    }

    fn hears(&mut self, now: Instant, answer: Answer) -> Result<(), String> {
        match answer {
            Answer::Chunk(id, dispatch) => self.open(id)?.hears(&dispatch),
            Answer::Again(id) => {
                let open = self.open(id)?;
                if open.chunks.is_empty() {
                    return Err("nothing has come, and it comes again".to_owned());
                }
                open.members.clear();
                open.chunks.clear();
                open.chunk_count = 0;
                Ok(())
            }
            Answer::Done { request, not_found } => {
                let open = self.open.remove(&request).ok_or("a question ends twice")?;
                self.answered += 1;
                let not_found: BTreeSet<u64> = not_found.iter().map(|id| id.get()).collect();
                if not_found != open.missing {
                    return Err(format!(
                        "not found are {:?}, it says {not_found:?}",
                        open.missing
                    ));
                }
                let is_whole = match &open.about {
                    About::Users(asked) => asked.len() == open.members.len() + open.missing.len(),
                    About::All(guild) => {
                        let count = open.members.len();
                        count == *self.whole.entry(*guild).or_insert(count)
                            && u64::try_from(open.chunks.len()) == Ok(open.chunk_count)
                    }
                    About::Guilds(asked) => *asked == open.guilds,
                };
                if !is_whole {
                    return Err(format!("an answer is called complete: {open:?}"));
                }
                Ok(())
            }
            Answer::Failed(id, error) => {
                let open = self.open.remove(&id).ok_or("a question ends twice")?;
                self.unanswered += 1;
                let is_lawful = match now >= open.until {
                    // There may be too many questions, and too many commands besides.
                    true => open.losses > 0 || !open.is_of_peace,
                    // Each connection that is lost may take one command with it.
                    false => open.losses >= ASKED_AT_MOST,
                };
                if open.is_excused || is_lawful {
                    Ok(())
                } else {
                    Err(format!("nothing came in the way of {open:?}: {error}"))
                }
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, id: RequestId) -> Result<&mut Question, String> {
        let open = self.open.get_mut(&id);
        open.ok_or_else(|| "something comes for a question that has ended".to_owned())
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = match &self.about {
            About::Users(users) => format!("{} users", users.len()),
            About::All(guild) => format!("all of {guild}"),
            About::Guilds(guilds) => format!("guilds {guilds:?}"),
        };
        f.debug_struct("Question")
            .field("about", &about)
            .field("members", &self.members.len())
            .field("missing", &self.missing.len())
            .field("chunks", &self.chunks)
            .field("guilds", &self.guilds)
            .finish_non_exhaustive()
    }
}

impl Question {
    fn hears(&mut self, dispatch: &Dispatch) -> Result<(), String> {
        let data: Value =
            serde_json::from_slice(&dispatch.raw).map_err(|error| error.to_string())?;
        let guild = number(data.get("guild_id"));
        let list = |name: &str| {
            data.get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let members = list("members").map(|member| number(member.pointer("/user/id")));
        let members: BTreeSet<u64> = members.collect();
        let missing: BTreeSet<u64> = list("not_found").map(|id| number(Some(id))).collect();
        let is_of_it = match &self.about {
            About::Users(asked) => members.union(&missing).all(|user| asked.contains(user)),
            About::All(asked) => {
                let int = |name: &str| data.get(name).and_then(Value::as_u64).unwrap_or_default();
                self.chunk_count = int("chunk_count");
                guild == *asked && self.chunks.insert(int("chunk_index"))
            }
            About::Guilds(asked) => asked.contains(&guild) && self.guilds.insert(guild),
        };
        let both = self.members.len() + self.missing.len() + members.len() + missing.len();
        self.members.extend(members);
        self.missing.extend(missing);
        if is_of_it && both == self.members.len() + self.missing.len() {
            Ok(())
        } else {
            Err(format!(
                "an answer is not asked for, or comes twice: {self:?}"
            ))
        }
    }
}

impl Simulation<'_> {
    /// Now and then the bot has a question, and now and then it no longer waits for the answer.
    pub(super) fn ask(&mut self) -> Result<(), String> {
        if self.plan.drops > 0 {
            self.drop_questions()?;
        }
        if self.dice.rolls(self.plan.asks)
            && let Some(guild) = self.dice.one_of(&self.guilds)
        {
            let kind = self.dice.below(KINDS);
            self.ask_of(guild, kind)?;
        }
        Ok(())
    }

    fn drop_questions(&mut self) -> Result<(), String> {
        for number in 0..self.shards.len() {
            let Some(shard) = self.shards.get_mut(number) else {
                break;
            };
            let open: Vec<RequestId> = shard.asker.open.keys().copied().collect();
            for id in open {
                if self.whims.rolls(self.plan.drops) {
                    shard.asker.open.remove(&id);
                    shard.asker.requests.cancel(id);
                }
            }
            self.listen(number)?;
        }
        Ok(())
    }

    /// One question of each kind to each shard, where nothing goes wrong any more.
    pub(super) fn ask_in_peace(&mut self) -> Result<(), String> {
        if self.plan.asks == 0 {
            return Ok(());
        }
        for guild in self.guilds.clone() {
            for kind in 0..KINDS {
                self.ask_of(guild, kind)?;
            }
        }
        let all = |simulation: &Self| {
            let mut shards = simulation.shards.iter();
            shards.all(|shard| shard.asker.open.is_empty())
        };
        self.play_until(self.now + WITHIN * 2, all)?;
        if all(self) {
            Ok(())
        } else {
            Err("a question of peace never ends".to_owned())
        }
    }

    fn ask_of(&mut self, guild: u64, kind: u64) -> Result<(), String> {
        let number = self.place_of(guild);
        let shards = u64::from(self.total);
        let of_shard = |other: &&u64| (**other >> 22) % shards == (guild >> 22) % shards;
        let (about, request): (About, Request) = match kind {
            0 => {
                let first = 1 + self.dice.below(1 << 40);
                let some = 1 + self.dice.below(250);
                let bot = self.discord.bot_id().get();
                let users: BTreeSet<u64> = (first..first + some).chain([bot]).collect();
                let ask = users.iter().map(|user| Id::new(*user));
                let ask = RequestGuildMembers::users(Id::new(guild), ask);
                (About::Users(users), ask.into())
            }
            1 => {
                let ask = RequestGuildMembers::all(Id::new(guild));
                (About::All(guild), ask.into())
            }
            2 => {
                let guilds: BTreeSet<u64> = self.guilds.iter().filter(of_shard).copied().collect();
                let ask = guilds.iter().map(|guild| Id::new(*guild));
                let ask = RequestSoundboardSounds::new(ask);
                (About::Guilds(guilds), ask.into())
            }
            _ => {
                let ask = RequestChannelInfo::new(Id::new(guild), [ChannelInfoField::Status]);
                (About::Guilds([guild].into()), ask.into())
            }
        };
        let now = self.now;
        let is_excused = self.in_trouble && self.plan.has_dark_lines();
        let Some(shard) = self.shards.get_mut(number) else {
            return Ok(());
        };
        // All members of a guild are had once in half a minute, so more would be late for a reason.
        if !shard.runs || shard.asker.open.len() >= QUESTIONS_MAX {
            return Ok(());
        }
        let asked = shard.asker.requests.ask(now, request, WITHIN);
        let id = asked.map_err(|error| error.to_string())?;
        let open = Question {
            about,
            until: now + WITHIN,
            is_excused,
            losses: u32::from(shard.session.state() != ShardState::Connected),
            is_of_peace: !self.in_trouble,
            members: BTreeSet::new(),
            missing: BTreeSet::new(),
            chunks: BTreeSet::new(),
            chunk_count: 0,
            guilds: BTreeSet::new(),
        };
        self.note(|| format!("shard {number}: asks {id:?}: {open:?}"));
        if let Some(shard) = self.shards.get_mut(number) {
            shard.asker.open.insert(id, open);
        }
        self.tell(number, Input::Overhear(Requests::INTEREST))
    }

    /// Takes what there is of answers. Whether something was given to the session.
    pub(super) fn hear_answers(&mut self, number: usize) -> Result<bool, String> {
        let now = self.now;
        let mut asks = false;
        let Some(shard) = self.shards.get_mut(number) else {
            return Ok(false);
        };
        if shard.asker.requests.is_idle() {
            return Ok(false);
        }
        while let Some(answer) = shard.asker.requests.poll(now) {
            std::mem::discriminant(&answer).hash(&mut self.trace);
            match answer {
                Answer::Send(sealed) => {
                    let question = sealed.question().ok_or("a question has no number")?;
                    let of = shard.asker.requests.whose(question);
                    shard.asker.given.extend(of.map(|of| (question, of)));
                    shard.session.handle(now, Input::Command(sealed));
                    asks = true;
                }
                Answer::Withdraw(question) => {
                    shard.session.handle(now, Input::Withdraw(question));
                }
                answer => shard.asker.hears(now, answer)?,
            }
        }
        shard.asker.watch(now)?;
        if shard.asker.requests.is_idle() {
            let nothing = Input::Overhear(Interest::none());
            shard.session.handle(now, nothing);
        }
        Ok(asks)
    }
}

fn number(id: Option<&Value>) -> u64 {
    let number = id.and_then(Value::as_str).map(str::parse);
    number.and_then(Result::ok).unwrap_or_default()
}

/// Users, all members, sounds, channels.
const KINDS: u64 = 4;

/// How long an answer may take: half a minute for each question of all members that waits for others.
const WITHIN: Duration = Duration::from_secs(300);

/// How often a question is put before it is given up.
const ASKED_AT_MOST: u32 = 3;

/// How many questions a shard has at a time.
const QUESTIONS_MAX: usize = 8;
