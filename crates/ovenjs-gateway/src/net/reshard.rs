//! From one number of shards to another, in the shell: starts the new generation beside the old one and
//! stops the one that the rule lets go.

use std::{sync::Arc, time::Duration};

use ovenjs_types::{BotGateway, Intents, SessionStartLimit};
use tokio::sync::oneshot;

use super::{
    Delivery, Fleet,
    generation::{Generation, Generations},
    seam::{Seam, Sewn, Step, sewn},
    thread::{Room, Shared, sleep},
};
use crate::{Error, ErrorKind, Reshard, ReshardReport, ReshardStage};

/// How many shards a fleet is to have: see [`Fleet::reshard`].
///
/// ```
/// use ovenjs_gateway::ShardCount;
/// use ovenjs_types::{BotGateway, SessionStartLimit};
///
/// let limit = SessionStartLimit { total: 1000, remaining: 990, reset_after: 0, max_concurrency: 1 };
/// let url = "wss://gateway.discord.gg".into();
/// let gateway = BotGateway { url, shards: 16, session_start_limit: limit };
/// assert_eq!(ShardCount::from(&gateway).shards(), 16);
/// assert_eq!(ShardCount::from(4).shards(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardCount {
    shards: u32,
    session_starts: Option<SessionStartLimit>,
}

impl ShardCount {
    /// How many.
    #[must_use]
    pub const fn shards(self) -> u32 {
        self.shards
    }
}

impl From<u32> for ShardCount {
    fn from(shards: u32) -> Self {
        Self {
            shards,
            session_starts: None,
        }
    }
}

/// As Discord recommends; what it says of session starts is taken in as well.
impl From<&BotGateway> for ShardCount {
    fn from(gateway: &BotGateway) -> Self {
        Self {
            shards: gateway.shards.max(1),
            session_starts: Some(gateway.session_start_limit),
        }
    }
}

impl Fleet {
    /// Changes the number of shards while events go on: to one of your own, or with the answer of
    /// `GET /gateway/bot` to the one that Discord recommends.
    ///
    /// New shards begin their sessions beside the old ones, which takes five seconds for each
    /// `max_concurrency` of them. Each guild is cut over when its new shard has brought its
    /// `GUILD_CREATE`; [`Events`](super::Events) stays the one stream, and a guild's events stay in their
    /// lane, and in order but around the cut-over. 40 s after the last guild the old shards are gone. What is promised meanwhile,
    /// and what not, is told by [`Reshard`]; the [report](ReshardReport) counts.
    ///
    /// What a consumer sees of it: events whose guild has gone over come as [`Delivery::Late`] where the
    /// old shard was first, and [`Delivery::Fresh`] is for what keeps state. Handle both; nobody
    /// gets them without a re-sharding. READY of the new shards is not delivered. Epochs of the new
    /// shards begin above those of the old ones.
    ///
    /// Where it cannot be done the old shards go on alone, and no event is lost: where a new shard gives
    /// up, as after 4010 or 4011, has no session within 5 minutes and 6 s for each, or the consumer is
    /// behind for a quarter of an hour. Then it is an error. How far it is tell
    /// [`resharding`](Self::resharding) and [`health`](Self::health).
    ///
    /// **Dropping the future** changes nothing: the re-sharding goes on, and ends in one of both ways.
    /// [`stop`](Self::stop) and [`hand_over`](Self::hand_over) give it up first, where the old shards
    /// still are, and wait up to 10 s for them to bring what the new ones had ahead; the state is
    /// always that of one generation, and [`FleetState::shards`](crate::FleetState::shards) says of how
    /// many shards. Commands and requests go to the old shards until those are told to stop; requests
    /// that are open then fail.
    ///
    /// Under [`Config::at_least_once`](crate::Config::at_least_once) what is saved stands still
    /// meanwhile, until what the generation that goes has delivered is handled, for five minutes at
    /// most: after a crash all of it comes again.
    ///
    /// **Memory.** Both generations at their bounds, see
    /// [`Config::events_bytes_max`](crate::Config::events_bytes_max), 262,144 notes of under 200
    /// bytes each on events that wait for their twins, and 16 MiB of events for what keeps state.
    ///
    /// **The number lasts as long as the state.** A process that is started with another number of shards
    /// than the state has leaves its sessions alone and begins new ones. So write the new number where
    /// the old one stood, or say none in `ovenjs-core`'s configuration, and it follows the state.
    ///
    /// ```no_run
    /// # async fn run(fleet: ovenjs_gateway::Fleet) -> Result<(), ovenjs_gateway::Error> {
    /// let report = fleet.reshard(4).await?;
    /// println!("{} guilds moved, {} events may have come twice", report.guilds, report.possible_doubles);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// At once, before anything is sent: [`ErrorKind::Sharding`] where the session starts of today do
    /// not suffice for both generations and the reserve (a tenth), with when they will;
    /// [`ErrorKind::Busy`] while another one is under way; [`ErrorKind::Config`] where so many
    /// shards run already, or this process has not all of them; [`ErrorKind::Stopped`].
    ///
    /// Later, with the old shards at work as before: the error of the new shard that gave up, or
    /// [`ErrorKind::Sharding`]. [`ErrorKind::Stopped`] where the fleet is stopped meanwhile.
    pub async fn reshard(&self, to: impl Into<ShardCount>) -> Result<ReshardReport, Error> {
        let outcome = self.begin_reshard(to.into())?;
        match outcome.await {
            Ok(outcome) => outcome,
            Err(_) => Err(stopped()),
        }
    }

    fn begin_reshard(
        &self,
        to: ShardCount,
    ) -> Result<oneshot::Receiver<Result<ReshardReport, Error>>, Error> {
        let shared = self.shared();
        let refuse = |kind, text: String| Err(Error::new(kind, text));
        // Nobody may change what is wanted in between.
        let live = shared.live_now();
        let mut generations = Generations::lock(shared);
        let former = Arc::clone(&generations.current);
        let (from, to, session_starts) = (former.total, to.shards, to.session_starts);
        if let Some(next) = &generations.next {
            let text = format!(
                "a re-sharding to {} shards is under way: wait for its end",
                next.total
            );
            return refuse(ErrorKind::Busy, text);
        }
        if self.has_ended() {
            return Err(stopped());
        }
        if from == to {
            let text = format!("{to} shards run already");
            return refuse(ErrorKind::Config, text);
        }
        let here = former.doors.len();
        if u32::try_from(here) != Ok(from) {
            let text = format!(
                "{here} of {from} shards run in this process: guilds would move between processes; start all of them anew, with ranges of the new number"
            );
            return refuse(ErrorKind::Config, text);
        }
        if let Some(limit) = session_starts {
            shared.turns.learn(limit);
        }
        let Some(left) = shared.turns.left() else {
            let text = "it is not known how many session starts are left: give the answer of `GET /gateway/bot`";
            return refuse(ErrorKind::Sharding, text.to_owned());
        };
        Reshard::check(from, to, left, RESERVE_PERCENT)?;

        let mut config = (*shared.config).clone();
        (config.shards, config.shards_total) = (0..to, to);
        config.epoch = config.epoch.max(former.epoch());
        config.resume = Vec::new();
        config.live = live.clone();
        config.live.interest = sewn(live.interest);
        let (next, rooms) = Generation::build(shared, &Arc::new(config), 0..to, to)?;
        let next = Arc::new(next);
        let (outcome, when_over) = oneshot::channel();
        let successors = Successors {
            former,
            next: Arc::clone(&next),
            rooms,
            outcome,
        };
        if self.successors().try_send(successors).is_err() {
            return Err(stopped());
        }
        generations.next = Some(next);
        Ok(when_over)
    }
}

/// A generation that is about to begin.
pub(super) struct Successors {
    former: Arc<Generation>,
    next: Arc<Generation>,
    rooms: Vec<Room>,
    outcome: oneshot::Sender<Result<ReshardReport, Error>>,
}

impl Successors {
    /// Opens the seam, so that both generations are heard from now on. The rooms are those of the new
    /// shards.
    pub(super) fn begin(&mut self, shared: &Shared) -> Vec<Room> {
        let (from, to) = (self.former.total, self.next.total);
        tracing::info!(from, to, "re-sharding begins");
        let now = shared.wiring.clock.now();
        if shared.config.at_least_once {
            self.former.freeze(true);
            self.next.freeze(true);
        }
        let brings_guilds = shared.config.intents.contains(Intents::GUILDS);
        let rule = Reshard::new(to, brings_guilds, now);
        let wanted = shared.live().interest;
        shared.seam.open(now, rule, [from, to], wanted);
        // They look at once, and say how they are.
        self.former.order(|_| {});
        std::mem::take(&mut self.rooms)
    }

    /// Does what the rule says, to its end.
    pub(super) async fn conduct(self, shared: Arc<Shared>) {
        let _ends = Ends {
            shared: &shared,
            next: &self.next,
        };
        let seam = &shared.seam;
        let has_ended = || self.former.has_ended() && self.next.has_ended();
        while !has_ended() {
            let now = shared.wiring.clock.now();
            match seam.poll(now) {
                Some(Step::Done) => break,
                Some(Step::Retire) => {
                    Generations::lock(&shared).retire(shared.config.at_least_once);
                    self.former.order(|orders| orders.stop = true);
                    saved_anew(&shared);
                }
                Some(Step::Abandon) => self.next.order(|orders| orders.stop = true),
                None => {
                    let wait = seam.deadline().map(|at| {
                        let wait = at.saturating_duration_since(now);
                        wait.max(TICK)
                    });
                    tokio::select! {
                        () = seam.changed() => {}
                        () = sleep(wait) => {}
                    }
                }
            }
        }
        // Those that were told to stop are heard of no more, but not before they have.
        while self.loser(seam).is_some_and(|loser| !loser.has_ended()) {
            seam.changed().await;
        }
        let Some(Sewn {
            report,
            failure,
            ends,
        }) = seam.close()
        else {
            return;
        };
        // The new shards bring what is wanted, and no more.
        {
            // Nobody may change that in between.
            let live = shared.live_now();
            self.next
                .order(|orders| orders.interest = Some(live.interest));
        }
        let (winner, loser) = match report.abandoned {
            true => (&self.former, &self.next),
            false => (&self.next, &self.former),
        };
        let is_stopped = winner.has_ended();
        tracing::info!(?report, ?failure, "re-sharding is over");
        if report.abandoned {
            deliver_ends(&shared, winner, ends).await;
        }
        let outcome = match (report.abandoned, failure) {
            _ if is_stopped => Err(stopped()),
            (false, _) => Ok(report),
            (true, cause) => Err(rolled_back(self.next.total, cause)),
        };
        // Who has gone wants no answer.
        let _ = self.outcome.send(outcome);

        let now = || shared.wiring.clock.now();
        let give_up_at = now() + HANDLED_WITHIN;
        let at_least_once = shared.config.at_least_once;
        while at_least_once && !loser.is_handled(now()) && now() < give_up_at {
            if winner.has_ended() {
                // What is told of the sessions stays as it is: more would not be true.
                return;
            }
            tokio::select! {
                () = seam.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        winner.freeze(false);
        // They look at once.
        winner.order(|_| {});
        Generations::lock(&shared).settle(winner, loser);
        saved_anew(&shared);
    }

    /// The generation that was told to stop.
    fn loser(&self, seam: &Seam) -> Option<&Arc<Generation>> {
        let now = seam.progress()?;
        match (now.stage, now.report.abandoned) {
            (ReshardStage::Moving | ReshardStage::Settling, _) => None,
            (_, true) => Some(&self.next),
            (_, false) => Some(&self.former),
        }
    }
}

/// However the conducting ends, by a panic as well: nobody waits for more of it, and another one can begin.
/// After a panic what is saved under at-least-once stays as it was until that one is over: then more comes
/// again, rather than less.
struct Ends<'a> {
    shared: &'a Shared,
    next: &'a Arc<Generation>,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let is_ours = |next: &mut Arc<Generation>| Arc::ptr_eq(next, self.next);
        let mut generations = Generations::lock(self.shared);
        let Some(next) = generations.next.take_if(is_ours) else {
            return;
        };
        if !Arc::ptr_eq(&next, &generations.current) {
            next.order(|orders| orders.stop = true);
            generations.former = Some(next);
        }
        drop(generations);
        self.shared.seam.close();
    }
}

impl Generations {
    /// The new generation is the one that counts.
    fn retire(&mut self, at_least_once: bool) {
        if let Some(next) = &self.next {
            let former = std::mem::replace(&mut self.current, Arc::clone(next));
            self.former = Some(former);
            self.number += 1;
            if !at_least_once {
                self.of_state = Arc::clone(next);
            }
        }
    }

    /// There is one generation again.
    fn settle(&mut self, winner: &Arc<Generation>, loser: &Arc<Generation>) {
        self.next = None;
        self.of_state = Arc::clone(winner);
        self.former = Some(Arc::clone(loser));
    }
}

/// Tells of old shards that gave up while there were two generations, where somebody reads.
async fn deliver_ends(shared: &Shared, winner: &Generation, ends: Vec<Delivery>) {
    let mut orders = winner.doors.values().map(|door| door.orders.subscribe());
    let Some(mut orders) = orders.next() else {
        return;
    };
    for end in ends {
        tokio::select! {
            biased;
            () = shared.queue.deliver(end) => {}
            _ = orders.wait_for(|orders| orders.stop) => return,
        }
    }
}

/// The state is another one than before.
fn saved_anew(shared: &Shared) {
    if let Some(saves) = &shared.saves {
        saves.changed(true);
    }
}

fn rolled_back(to: u32, cause: Option<Error>) -> Error {
    let code = cause.as_ref().and_then(Error::close_code);
    let kind = cause.as_ref().map_or(ErrorKind::Sharding, Error::kind);
    let why = match &cause {
        Some(cause) => cause.text().to_owned(),
        None => "not all new shards had a session in time: look for what they wait for in the stats of the fleet and in the session starts that are left".to_owned(),
    };
    let text = format!("re-sharding to {to} shards was given up, the old ones go on: {why}");
    let error = Error::new(kind, text);
    match code {
        Some(code) => error.with_close_code(code),
        None => error,
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Stopped, "the gateway has stopped")
}

/// As much of the session starts is kept back as of any other: see [`IdentifyBudget`](ovenjs_ratelimit::IdentifyBudget).
const RESERVE_PERCENT: u32 = 10;

/// Discord keeps an abandoned session for some minutes. After that a state that tells of it is of no
/// use, even if what it brought is not handled.
const HANDLED_WITHIN: Duration = Duration::from_mins(5);

/// Handling is not told to whoever waits for the last of it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Timers are not exact; looking a thousand times a second is often enough.
const TICK: Duration = Duration::from_millis(1);
