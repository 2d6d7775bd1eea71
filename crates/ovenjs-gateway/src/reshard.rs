//! From one number of shards to another while events go on, pure.
//!
//! For a while both generations of shards run, and both hear of most things. [`Reshard`] takes in
//! what both bring and lets each event through once.
//!
//! How. Of each guild the old generation is heard until the new one has brought its `GUILD_CREATE`;
//! from then on the new one. Neither is exact to the event: what one connection has brought, the
//! other may bring seconds later. So around the cut-over each event is matched with its twin from
//! the other side: by its id where its kind has one that names a single happening, else by a digest
//! of kind and payload, with equal ones counted. What has a twin that was let through is dropped;
//! what has none is let through, from whichever side.
//!
//! Equal events need care: one that only the old side has heard, before the cut-over, would stand in
//! as the twin of a later equal one, and that for the next, until the old side is gone and the last
//! is dropped for one that it is not. A connection keeps the order of things, so a twin that is known
//! by its id settles all that came before it on either side; where a guild has none of these, what is
//! open is struck out once, and may be doubled rather than lost.
//!
//! What keeps state listens to one side only: to the old one before a guild's cut-over, and to the new
//! one after it, also for what handlers had from the old one. So no event is applied to a state that
//! is newer than it, and none is missing from it. Only where the new generation is given up does it go
//! back to the old one, which may be ahead of it or behind. Then it is told again, in its order, what
//! the old one has brought since the last thing that is known to have come from both, and after that
//! also what handlers have had from the new one: whatever it was before, it ends as the old one knows
//! it.
//!
//! What that promises, while no connection lags more than [`OVERLAP`] behind the other: nothing is
//! lost, and what is known by its id comes once. Doubles among the others are possible, and more
//! where Discord writes the same event in two ways; how many there may be is in the
//! [report](ReshardReport). Around the cut-over events of a guild can come out of their order where
//! one connection lags behind the other.
//!
//! It is long because all of it is one argument about two lists of events, and no half of it could be
//! judged alone.
//!
//! Until the old shards are told to stop it can be [given up](Reshard::give_up) at any time: the old
//! ones have brought everything all along.

mod time;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use ovenjs_types::{
    Dispatch, EventKind, Id, Origin, SessionStartLimit, ShardId,
    marker::{GenericMarker, GuildMarker},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{Error, ErrorKind};

pub use time::ReshardTime;

/// The cut-over between two generations of shards. A pure rule: `now` is an argument.
///
/// **What is promised**, while no connection lags more than 10 s behind the other:
///
/// - Nothing is lost.
/// - What has an id that names a single happening, as a message or an interaction, comes once.
/// - Other events can come twice, where both connections were told of something in different words or
///   in another order; [`ReshardReport::possible_doubles`] says how many at most.
/// - Around the cut-over events of a guild can come out of their order, where one connection lags
///   behind the other; before and after it they are in order.
/// - What keeps state hears of each guild from one side only, so nothing is applied to a state that is
///   newer than it. Where the whole is given up it goes back to the old generation, and is told again,
///   in its order, what the new one may have been too slow to bring: it has to stand an event that
///   comes twice.
///
/// Behind a lag of more than that an event can come twice, or be missed. Where the whole is given
/// up, the old generation has delivered everything all along.
///
/// Tell it of the events of both sides with [`handle`](Self::handle); then call
/// [`poll`](Self::poll) until it returns nothing; then ask [`deadline`](Self::deadline) and poll
/// again when that moment has come. After [`Cut::Retire`] what the old shards have brought so far is
/// still handed in; after [`Cut::Done`] the new shards need nobody in between.
#[derive(Debug)]
pub struct Reshard {
    /// How many shards the new generation has.
    total: u32,
    has_guild_create: bool,
    begun: Instant,
    phase: Phase,
    /// New shards that have a session, and since when.
    ready: BTreeMap<u32, Instant>,
    /// Guilds that the new generation is to bring.
    awaited: BTreeSet<Id<GuildMarker>>,
    /// Guilds that the new generation is heard of.
    cut: BTreeMap<Id<GuildMarker>, Instant>,
    /// Those of them whose `GUILD_CREATE` what keeps state has had from the new generation.
    brought: BTreeSet<Id<GuildMarker>>,
    /// Since when it is heard of what has no guild.
    cut_rest: Option<Instant>,
    /// Old shards that have ended for good, and when: nobody else brings what they would.
    lost: BTreeMap<ShardId, Instant>,
    twins: Twins,
    lately: Lately,
    cuts: VecDeque<Cut>,
    report: ReshardReport,
}

/// Which generation an event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The shards that are to go.
    Old,
    /// The shards that are to stay.
    New,
}

/// What to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cut {
    /// Give this to the consumer.
    Deliver(Dispatch),
    /// Give this to handlers, but not to what keeps state: the state that the new generation brought
    /// is newer.
    Late(Dispatch),
    /// For what keeps state, and not for handlers: a guild as the new generation sees it, though nobody
    /// has joined anything, or an event that handlers have had from the other one.
    Fresh(Dispatch),
    /// Stop the old shards; they have said all there is.
    Retire,
    /// Stop the new shards: not all of them have a session in time, or it was [given
    /// up](Reshard::give_up), and the old ones go on alone.
    Abandon,
    /// All is over.
    Done(ReshardReport),
}

/// How far a re-sharding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReshardStage {
    /// New shards begin their sessions, and guilds are cut over.
    Moving,
    /// All guilds are cut over; stragglers are waited for, and all can still be given up.
    Settling,
    /// One generation was told to stop; what it brought before is let through.
    Closing,
    /// All is over.
    Over,
}

/// How a re-sharding went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReshardReport {
    /// Guilds that were cut over by their `GUILD_CREATE`.
    pub guilds: u64,
    /// Guilds that the new generation called unavailable.
    pub unavailable: u64,
    /// Guilds that the new generation did not bring in time, and that were cut over all the same.
    pub overdue: u64,
    /// Events that handlers did not get since their twin had been let through.
    pub twins: u64,
    /// Events of old shards that were let through behind the cut-over of their guild.
    pub late: u64,
    /// How many events may have been let through twice: at most as many of one kind and guild as
    /// came from both sides without finding a twin.
    pub possible_doubles: u64,
    /// Whether the new generation was given up. A caller of `Fleet::reshard` then has an error instead;
    /// here it is for who looks on: see [`Resharding`](crate::Resharding).
    pub abandoned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Shards begin and guilds come.
    Moving,
    /// All is cut over; stragglers are waited for.
    Settling {
        until: Instant,
    },
    /// The old shards are told to stop; what they brought is let through.
    Closing {
        until: Instant,
    },
    Over,
}

impl Reshard {
    /// Whether there are session starts enough for both generations and the reserve: one for each of
    /// `to` new shards, and one for each of the `from` old ones, should it have to begin anew meanwhile.
    ///
    /// ```
    /// use ovenjs_gateway::Reshard;
    /// use ovenjs_types::SessionStartLimit;
    ///
    /// let left = SessionStartLimit { total: 1000, remaining: 110, reset_after: 60_000, max_concurrency: 1 };
    /// assert!(Reshard::check(2, 8, left, 10).is_ok());
    /// let refused = Reshard::check(2, 9, left, 10).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "re-sharding from 2 to 9 shards needs 11 session starts beside a reserve of 100, but 110 of 1000 are left: ask again in 60 s, when they are counted anew",
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Sharding`] with the numbers, and with when it would fit.
    pub fn check(
        from: u32,
        to: u32,
        left: SessionStartLimit,
        reserve_percent: u32,
    ) -> Result<(), Error> {
        if to == 0 {
            let text = "re-sharding needs one shard at least";
            return Err(Error::new(ErrorKind::Sharding, text));
        }
        let reserve = u64::from(left.total) * u64::from(reserve_percent.min(100));
        let reserve = reserve.div_ceil(100);
        let needed = u64::from(from) + u64::from(to);
        if u64::from(left.remaining) >= needed + reserve {
            return Ok(());
        }
        let when = if u64::from(left.total) < needed + reserve {
            "there are never as many: restart with the new number of shards instead".to_owned()
        } else {
            let seconds = left.reset_after.div_ceil(1000);
            format!("ask again in {seconds} s, when they are counted anew")
        };
        let text = format!(
            "re-sharding from {from} to {to} shards needs {needed} session starts beside a reserve of {reserve}, but {} of {} are left: {when}",
            left.remaining, left.total,
        );
        Err(Error::new(ErrorKind::Sharding, text))
    }

    /// Begins `now`, with a new generation of `total` shards that are about to connect.
    ///
    /// `has_guild_create` says whether the intents bring `GUILD_CREATE`; without it guilds are cut
    /// over when their new shard has its session.
    #[must_use]
    pub fn new(total: u32, has_guild_create: bool, now: Instant) -> Self {
        Self {
            total: total.max(1),
            has_guild_create,
            begun: now,
            phase: Phase::Moving,
            ready: BTreeMap::new(),
            awaited: BTreeSet::new(),
            cut: BTreeMap::new(),
            brought: BTreeSet::new(),
            cut_rest: None,
            lost: BTreeMap::new(),
            twins: Twins::default(),
            lately: Lately::default(),
            cuts: VecDeque::new(),
            report: ReshardReport::default(),
        }
    }

    /// An event of one of the two generations.
    pub fn handle(&mut self, now: Instant, side: Side, dispatch: Dispatch) {
        self.advance(now);
        if self.phase == Phase::Over {
            let of_winner = (side == Side::New) != self.report.abandoned;
            if of_winner {
                self.cuts.push_back(Cut::Deliver(dispatch));
            }
            return;
        }
        let is_new = side == Side::New && !self.report.abandoned;
        if is_new && dispatch.kind == EventKind::Ready {
            self.ready(now, &dispatch);
            return;
        }
        if is_new && dispatch.kind == EventKind::Resumed {
            return;
        }
        let head = Head::read(&dispatch);
        if side == Side::Old && matches!(self.phase, Phase::Moving | Phase::Settling { .. }) {
            self.lately.push(&self.twins, head.guild, &dispatch);
        }
        let orphaned = self.orphaned(head.guild);
        if is_new
            && let Some(guild) = head.guild
            && self.awaited.contains(&guild)
            && !(orphaned.is_some() && dispatch.kind != EventKind::GuildCreate)
        {
            if dispatch.kind == EventKind::GuildCreate {
                self.awaited.remove(&guild);
                self.cut.insert(guild, now);
                self.brought.insert(guild);
                self.report.guilds += 1;
                self.cuts.push_back(Cut::Fresh(dispatch));
            } else if dispatch.kind == EventKind::GuildDelete {
                // It is down, or was left: no `GUILD_CREATE` is to be waited for.
                self.awaited.remove(&guild);
                self.cut.insert(guild, now);
                self.report.unavailable += u64::from(head.unavailable);
            }
            // Whatever else comes before it, the old generation brings as well.
            self.advance(now);
            return;
        }
        let cut_at = match head.guild {
            Some(guild) => self.cut_at(guild),
            None => self.cut_rest,
        };
        if is_new
            && dispatch.kind == EventKind::GuildCreate
            && let (Some(guild), Some(cut_at)) = (head.guild, cut_at)
        {
            // Joined meanwhile: from its first moment it is one of the new generation's.
            self.cut.entry(guild).or_insert(cut_at);
            self.brought.insert(guild);
        }
        let cut_at = cut_at.or_else(|| orphaned.filter(|_| is_new));
        if side == Side::New && cut_at.is_none() {
            return;
        }
        if self.twins.is_twin(now, side, &head, cut_at) {
            self.report.twins += 1;
            if side == Side::New || self.report.abandoned {
                self.cuts.push_back(Cut::Fresh(dispatch));
            }
        } else if side == Side::Old && cut_at.is_some() {
            self.report.late += 1;
            self.cuts.push_back(Cut::Late(dispatch));
        } else {
            self.cuts.push_back(Cut::Deliver(dispatch));
        }
    }

    /// Gives it up, unless the old shards were told to stop already: they go on alone, and of what the
    /// new ones have brought they bring nothing again. Says whether it is given up.
    pub fn give_up(&mut self, now: Instant) -> bool {
        self.advance(now);
        if matches!(self.phase, Phase::Moving | Phase::Settling { .. }) {
            self.abandon(now);
        }
        self.report.abandoned
    }

    /// An old shard has ended for good. What is of its guilds comes from the new ones from now on, cut
    /// over or not; what happened before those were there is missing.
    pub fn lose(&mut self, now: Instant, shard: ShardId) {
        self.advance(now);
        self.lost.insert(shard, now);
    }

    /// Guilds of an old shard whose `GUILD_CREATE` a new one has brought. Where the session of the old one
    /// is lost, what is kept of them stays true: it follows the new one. A guild that is cut over for
    /// another reason, as one that is overdue, is not among them.
    #[must_use]
    pub fn gone_over(&self, shard: ShardId) -> BTreeSet<Id<GuildMarker>> {
        of_shard(self.brought.iter(), shard).collect()
    }

    /// The session of a new shard is lost, and its next one is about to bring its guilds anew. Says for
    /// which guilds of the shard nothing is missing, since the old generation still brings them; or that
    /// nothing is missing at all.
    pub fn lose_new(&mut self, shard: ShardId) -> Option<BTreeSet<Id<GuildMarker>>> {
        let is_heard = match shard.number {
            0 => self.cut_rest.is_some(),
            _ => of_shard(self.cut.keys(), shard).next().is_some(),
        };
        let is_ours = |guild: &Id<GuildMarker>| ShardId::of_guild(*guild, shard.total) == shard;
        self.brought.retain(|guild| !is_ours(guild));
        is_heard.then(|| of_shard(self.awaited.iter(), shard).collect())
    }

    /// What to do; nothing until the next event or the [`deadline`](Self::deadline).
    pub fn poll(&mut self, now: Instant) -> Option<Cut> {
        self.advance(now);
        self.cuts.pop_front()
    }

    /// When to [`poll`](Self::poll) again although nothing happened.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Moving if self.is_ready() => {
                self.ready.values().max().map(|at| *at + GUILDS_WITHIN)
            }
            Phase::Moving => Some(self.begun + self.ready_within()),
            Phase::Settling { until } | Phase::Closing { until } => Some(until),
            Phase::Over => None,
        }
    }

    /// How far it is.
    #[must_use]
    pub const fn stage(&self) -> ReshardStage {
        match self.phase {
            Phase::Moving => ReshardStage::Moving,
            Phase::Settling { .. } => ReshardStage::Settling,
            Phase::Closing { .. } => ReshardStage::Closing,
            Phase::Over => ReshardStage::Over,
        }
    }

    /// How many of the new shards have had a session.
    #[must_use]
    pub fn ready_shards(&self) -> usize {
        self.ready.len()
    }

    /// How it has gone so far.
    #[must_use]
    pub const fn report(&self) -> ReshardReport {
        self.report
    }

    /// Guilds that the new generation has not brought yet.
    #[must_use]
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    fn ready(&mut self, now: Instant, dispatch: &Dispatch) {
        let Origin::Gateway(shard) = dispatch.origin else {
            return;
        };
        // A session that was lost and begun anew brings its guilds anew; they are cut over already.
        if self.ready.contains_key(&shard.number) {
            // What it did not hear in between the old generation has to bring.
            if let Phase::Settling { until } = &mut self.phase {
                *until = now + SETTLING;
            }
            return;
        }
        self.ready.insert(shard.number, now);
        if shard.number == 0 {
            self.cut_rest = Some(now);
        }
        let guilds = serde_json::from_slice(&dispatch.raw).map(|ready: ReadyGuilds| ready.guilds);
        for guild in guilds.unwrap_or_default() {
            if self.has_guild_create {
                self.awaited.insert(guild.id);
            } else {
                self.cut.insert(guild.id, now);
                self.report.guilds += 1;
            }
        }
        self.advance(now);
    }

    /// Since when no old shard brings what is of this guild, or of none.
    fn orphaned(&self, guild: Option<Id<GuildMarker>>) -> Option<Instant> {
        let (shard, _) = self.lost.first_key_value()?;
        let number = guild.map_or(0, |guild| ShardId::of_guild(guild, shard.total).number);
        self.lost.get(&ShardId { number, ..*shard }).copied()
    }

    /// A guild that nobody announced was joined meanwhile: the new generation is heard of it as soon
    /// as its shard has a session.
    fn cut_at(&self, guild: Id<GuildMarker>) -> Option<Instant> {
        if self.report.abandoned || self.awaited.contains(&guild) {
            return None;
        }
        let shard = ShardId::of_guild(guild, self.total).number;
        let cut_at = self.cut.get(&guild).or_else(|| self.ready.get(&shard));
        cut_at.copied()
    }

    fn is_ready(&self) -> bool {
        u32::try_from(self.ready.len()).is_ok_and(|ready| ready >= self.total)
    }

    /// Identifying takes five seconds for each shard at worst.
    fn ready_within(&self) -> Duration {
        READY_WITHIN + READY_EACH.saturating_mul(self.total)
    }

    fn advance(&mut self, now: Instant) {
        match self.phase {
            Phase::Moving if self.is_ready() => {
                let last = self.ready.values().max().copied().unwrap_or(now);
                if now >= last + GUILDS_WITHIN {
                    let overdue = std::mem::take(&mut self.awaited);
                    self.report.overdue += u64::try_from(overdue.len()).unwrap_or(u64::MAX);
                    self.cut
                        .extend(overdue.into_iter().map(|guild| (guild, now)));
                }
                if self.awaited.is_empty() {
                    let until = now + SETTLING;
                    self.phase = Phase::Settling { until };
                }
            }
            Phase::Moving if now >= self.begun + self.ready_within() => self.abandon(now),
            Phase::Settling { until } if now >= until => {
                self.cuts.push_back(Cut::Retire);
                self.lately = Lately::default();
                let until = now + OVERLAP;
                self.phase = Phase::Closing { until };
            }
            Phase::Closing { until }
                if now >= until || (self.report.abandoned && self.twins.open_new == 0) =>
            {
                self.phase = Phase::Over;
                self.report.possible_doubles = self.twins.possible_doubles();
                self.cuts.push_back(Cut::Done(self.report));
                self.twins = Twins::default();
            }
            Phase::Moving | Phase::Settling { .. } | Phase::Closing { .. } | Phase::Over => {}
        }
    }

    /// The old generation goes on. It is over as soon as that has brought all that was let through from
    /// the new one. What keeps state goes back to where the new one can have been.
    fn abandon(&mut self, now: Instant) {
        for (guild, dispatch) in self.lately.take(&self.twins) {
            let had_gone_over = match guild {
                Some(guild) => self.cut_at(guild),
                None => self.cut_rest,
            };
            if had_gone_over.is_some() {
                self.cuts.push_back(Cut::Fresh(dispatch));
            }
        }
        self.report.abandoned = true;
        self.awaited.clear();
        self.cut.clear();
        self.brought.clear();
        self.cut_rest = None;
        self.cuts.push_back(Cut::Abandon);
        let until = now + OVERLAP;
        self.phase = Phase::Closing { until };
    }
}

/// Those of these guilds that are of the shard.
fn of_shard<'a>(
    guilds: impl Iterator<Item = &'a Id<GuildMarker>>,
    shard: ShardId,
) -> impl Iterator<Item = Id<GuildMarker>> {
    guilds
        .copied()
        .filter(move |guild| ShardId::of_guild(*guild, shard.total) == shard)
}

/// What the old generation has brought and the new one may not have, in its order.
#[derive(Debug, Default)]
struct Lately {
    events: VecDeque<Heard>,
    bytes: usize,
}

#[derive(Debug)]
struct Heard {
    place: u64,
    guild: Option<Id<GuildMarker>>,
    dispatch: Dispatch,
}

impl Heard {
    /// Whether the new generation has brought something that came after this.
    fn is_common(&self, twins: &Twins) -> bool {
        let settled = twins.settled.get(&self.guild);
        settled
            .and_then(|settled| settled.common)
            .is_some_and(|common| self.place <= common)
    }
}

impl Lately {
    /// One that comes next.
    fn push(&mut self, twins: &Twins, guild: Option<Id<GuildMarker>>, dispatch: &Dispatch) {
        self.bytes += dispatch.raw.len();
        self.events.push_back(Heard {
            place: twins.next,
            guild,
            dispatch: dispatch.clone(),
        });
        if self.bytes <= LATELY_BYTES_MAX && self.events.len() <= TWINS_MAX {
            return;
        }
        self.events.retain(|heard| !heard.is_common(twins));
        let len = |heard: &Heard| heard.dispatch.raw.len();
        self.bytes = self.events.iter().map(len).sum();
        // By half, so that it is not looked through for each event.
        while self.bytes > LATELY_BYTES_MAX / 2 || self.events.len() > TWINS_MAX / 2 {
            let Some(oldest) = self.events.pop_front() else {
                break;
            };
            self.bytes -= len(&oldest);
        }
    }

    fn take(&mut self, twins: &Twins) -> Vec<(Option<Id<GuildMarker>>, Dispatch)> {
        let taken = std::mem::take(self).events.into_iter();
        taken
            .filter(|heard| !heard.is_common(twins))
            .map(|heard| (heard.guild, heard.dispatch))
            .collect()
    }
}

/// What was let through lately and has met no twin.
#[derive(Debug, Default)]
struct Twins {
    /// By their keys, in the order in which they came.
    open: HashMap<u64, VecDeque<Single>>,
    /// The keys of all, in that order.
    order: VecDeque<(u64, Instant, u64)>,
    next: u64,
    /// How many of them are from the new side.
    open_new: usize,
    /// What is settled of each guild that is cut over.
    settled: HashMap<Option<Id<GuildMarker>>, Settled>,
    /// How many of each kind and guild were let through from either side and met no twin.
    alone: BTreeMap<Tally, (u64, u64)>,
}

#[derive(Debug)]
struct Single {
    place: u64,
    side: Side,
    tally: Tally,
}

/// Up to which place the singles of either side meet no twin any more, unless by their id.
#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    old: u64,
    new: u64,
    /// Whether what the old side alone has heard is struck out.
    wholly: bool,
    /// Where the old side brought the last thing that is known, by its id, to have come from both.
    common: Option<u64>,
}

/// A kind, by its number, and a guild.
type Tally = (u8, Option<Id<GuildMarker>>);

impl Twins {
    /// Whether the other side has brought the same; if not, it is remembered for that side.
    fn is_twin(&mut self, now: Instant, side: Side, head: &Head, cut_at: Option<Instant>) -> bool {
        self.forget(now);
        let place = self.next;
        self.next += 1;
        let settled = self.settled.entry(head.guild).or_default();
        // By now the old side has brought what only it has heard.
        let all_heard = cut_at.is_some_and(|cut_at| now >= cut_at + OVERLAP);
        if !settled.wholly && cut_at.is_some_and(|cut_at| now >= cut_at + OVERLAP * 2) {
            settled.old = place;
            settled.wholly = true;
        }
        let open = self.open.entry(head.key).or_default();
        let twin = open.iter().position(|single| {
            let floor = match single.side {
                Side::Old => settled.old,
                Side::New => settled.new,
            };
            single.side != side && (head.is_named || single.place >= floor)
        });
        if let Some(single) = twin.and_then(|twin| open.remove(twin)) {
            self.open_new -= usize::from(single.side == Side::New);
            if let Some(alone) = self.alone.get_mut(&single.tally) {
                match single.side {
                    Side::Old => alone.0 = alone.0.saturating_sub(1),
                    Side::New => alone.1 = alone.1.saturating_sub(1),
                }
            }
            if head.is_named {
                let (old, new) = match single.side {
                    Side::Old => (single.place, place),
                    Side::New => (place, single.place),
                };
                settled.old = settled.old.max(old);
                settled.new = settled.new.max(new);
                settled.wholly |= all_heard;
                settled.common = settled.common.max(Some(old));
            }
            return true;
        }
        let tally = (head.kind.index(), head.guild);
        open.push_back(Single { place, side, tally });
        self.open_new += usize::from(side == Side::New);
        self.order.push_back((place, now, head.key));
        let alone = self.alone.entry(tally).or_default();
        match side {
            Side::Old => alone.0 += 1,
            Side::New => alone.1 += 1,
        }
        false
    }

    fn forget(&mut self, now: Instant) {
        while let Some((place, since, key)) = self.order.front().copied() {
            if now < since + OVERLAP && self.order.len() <= TWINS_MAX {
                return;
            }
            self.order.pop_front();
            if let Some(open) = self.open.get_mut(&key) {
                open.retain(|single| {
                    let gone = single.place == place;
                    self.open_new -= usize::from(gone && single.side == Side::New);
                    !gone
                });
                if open.is_empty() {
                    self.open.remove(&key);
                }
            }
        }
    }

    fn possible_doubles(&self) -> u64 {
        self.alone.values().map(|(old, new)| *old.min(new)).sum()
    }
}

/// What an event is about, as far as it matters here.
struct Head {
    kind: EventKind,
    guild: Option<Id<GuildMarker>>,
    unavailable: bool,
    /// Whether its key is of this happening and of no other.
    is_named: bool,
    key: u64,
}

impl Head {
    fn read(dispatch: &Dispatch) -> Self {
        let ids: Ids = serde_json::from_slice(&dispatch.raw).unwrap_or_default();
        let kind = dispatch.kind;
        let id = ids.id.and_then(Odd::told);
        let of_guild = [
            EventKind::GuildCreate,
            EventKind::GuildUpdate,
            EventKind::GuildDelete,
        ];
        let guild = if of_guild.contains(&kind) {
            id.map(Id::cast)
        } else {
            ids.guild_id.and_then(Odd::told)
        };
        let mut hasher = DefaultHasher::new();
        dispatch.name().hash(&mut hasher);
        let name = id.filter(|_| NAMED.contains(&kind));
        match name {
            Some(id) => id.hash(&mut hasher),
            None => dispatch.raw.hash(&mut hasher),
        }
        Self {
            kind,
            guild,
            unavailable: ids.unavailable.and_then(Odd::told).unwrap_or(false),
            is_named: name.is_some(),
            key: hasher.finish(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ids {
    id: Option<Odd<Id<GenericMarker>>>,
    guild_id: Option<Odd<Id<GuildMarker>>>,
    unavailable: Option<Odd<bool>>,
}

/// What one field holds; one that holds something else does not spoil the others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Odd<T> {
    Told(T),
    Other(IgnoredAny),
}

impl<T> Odd<T> {
    fn told(self) -> Option<T> {
        match self {
            Self::Told(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct ReadyGuilds {
    #[serde(default)]
    guilds: Vec<ReadyGuild>,
}

#[derive(Deserialize)]
struct ReadyGuild {
    id: Id<GuildMarker>,
}

/// Kinds whose `id` is of a single happening: two with the same id are the same event.
const NAMED: &[EventKind] = &[
    // Of a guild that is joined meanwhile; those that are awaited never come here.
    EventKind::GuildCreate,
    EventKind::MessageCreate,
    EventKind::MessageDelete,
    EventKind::InteractionCreate,
    EventKind::ChannelCreate,
    EventKind::ChannelDelete,
    EventKind::ThreadDelete,
    EventKind::GuildScheduledEventCreate,
    EventKind::GuildScheduledEventDelete,
    EventKind::GuildAuditLogEntryCreate,
    EventKind::StageInstanceCreate,
    EventKind::StageInstanceDelete,
    EventKind::AutoModerationRuleCreate,
    EventKind::AutoModerationRuleDelete,
    EventKind::EntitlementCreate,
    EventKind::IntegrationCreate,
];

/// How far the two generations may lag behind each other without anything being lost or doubled.
pub const OVERLAP: Duration = Duration::from_secs(10);

/// After the last cut-over the old generation is heard for so long: what it alone has heard came
/// within one [`OVERLAP`], is remembered for another, and what the new one brings may be one ahead.
const SETTLING: Duration = Duration::from_secs(30);

/// Guilds that Discord announced and does not bring within this time are down.
const GUILDS_WITHIN: Duration = Duration::from_mins(2);

/// A new generation that has no sessions after this, and as much for each shard, never gets them.
const READY_WITHIN: Duration = Duration::from_mins(5);
const READY_EACH: Duration = Duration::from_secs(6);

/// Events that wait for their twins: ten seconds of 26,000 a second, at under 200 bytes each.
const TWINS_MAX: usize = 1 << 18;

/// The payloads of what the old generation brought lately: some 30,000 of ordinary size. Half of it is
/// five seconds of 3,000 a second, of which most are common soon. What keeps state may lack what is
/// beyond that, should the new generation be given up just then.
const LATELY_BYTES_MAX: usize = 16 << 20;

#[cfg(test)]
mod tests;
