//! One run: sessions of all shards, a network that fails, and Discord, on one virtual clock.
//!
//! Nothing here waits. The run jumps from one moment at which something is due to the next, so that
//! minutes pass in milliseconds, and it does the same for the same seed. What the shards say and get
//! is in `bot`, what they ask and are answered in `asker`, what becomes of their process in `process`,
//! what it remembers of the guilds in `glass`, and what the network does to it all in `network`.

mod asker;
mod bot;
mod glass;
mod network;
mod outcome;
mod process;
mod seam;

use std::{
    collections::VecDeque,
    hash::DefaultHasher,
    time::{Duration, Instant},
};

use ovenjs_gateway::{ShardState, session::IdentifyTurns};
use ovenjs_mock::{Config as BoxConfig, Guild, Referee};
use ovenjs_ratelimit::IdentifyBudget;
use serde_json::json;

use crate::{
    dice::Dice,
    plan::{Plan, STARTS_WINDOW},
    wire::Wire,
};

use bot::Shard;
use glass::Glass;
use outcome::Tally;
pub(crate) use outcome::{Broken, Outcome};
use process::Saving;
use seam::Seam;

/// Runs a plan. `tells` keeps the last happenings for [`Broken::story`], which takes time.
pub(crate) fn run(plan: &Plan, begun: Instant, tells: bool) -> Result<Outcome, Broken> {
    let mut simulation = Simulation::new(plan, begun, tells);
    match simulation.play() {
        Ok(recovered) => Ok(simulation.outcome(recovered)),
        Err(what) => Err(Broken {
            at: simulation.now - begun,
            what,
            story: simulation.story,
        }),
    }
}

struct Simulation<'p> {
    plan: &'p Plan,
    begun: Instant,
    now: Instant,
    dice: Dice,
    /// Of what came to the simulation later, so that seeds stay what they were.
    whims: Dice,
    discord: Referee,
    guilds: Vec<u64>,
    /// What the bot's process knows of its turns to identify, and what it has written down of them.
    turns: IdentifyTurns,
    kept_budget: IdentifyBudget,
    /// How far the wall clock of the process has jumped.
    wall_skew_ms: u64,
    /// Until when a turn to identify was held back, at the longest.
    longest_hold: Instant,
    /// When an identify of each lane left last.
    identified: Vec<Option<Instant>>,
    /// Of all generations. Those of the one that counts are at the places of `generation`, `total` of
    /// them.
    shards: Vec<Shard>,
    generation: std::ops::Range<usize>,
    total: u32,
    /// Where two generations are at work.
    seam: Option<Seam>,
    /// What the bot remembers, where the guilds are alive.
    glass: Option<Glass>,
    wires: Vec<Wire>,
    produced: u64,
    next_burst: Instant,
    /// When the process saves next, and what it is saving.
    next_save: Option<Instant>,
    saving: Option<Saving>,
    /// The name of a kind of events that the bot does not want.
    unwanted: Option<&'static str>,
    /// When a killed process is followed by another.
    restart_at: Option<Instant>,
    /// Whether a process began that knew nothing of the identifies just before, or not when.
    is_forgetful: bool,
    /// Until when nothing can be reached, and until when the address of resumes cannot.
    away_until: Instant,
    address_away_until: Instant,
    in_trouble: bool,
    steps: u64,
    trace: DefaultHasher,
    story: VecDeque<String>,
    tells: bool,
    tally: Tally,
}

impl<'p> Simulation<'p> {
    fn new(plan: &'p Plan, begun: Instant, tells: bool) -> Self {
        let config = BoxConfig::default()
            .seed(plan.seed)
            .guilds((0..plan.guilds).map(|_| Guild::named("Kitchen")))
            .shards(plan.shards)
            .max_concurrency(plan.max_concurrency)
            .identify_interval(IDENTIFY_INTERVAL)
            .session_starts(plan.starts)
            .session_start_window(STARTS_WINDOW)
            .heartbeat_interval(plan.heartbeat)
            .replay_limit(plan.replay)
            .check_every(CHECK_EVERY)
            .trim_replay(plan.trims && plan.at_least_once.is_some())
            .resume_path(RESUME_PATH)
            .faults(plan.menu);
        let mut discord = Referee::new(config, begun);
        discord.listen_in();
        let lanes = usize::try_from(plan.max_concurrency).unwrap_or(1);
        let mut simulation = Self {
            plan,
            begun,
            now: begun,
            dice: Dice::new(plan.seed ^ 0x0DD5),
            whims: Dice::new(plan.seed ^ 0x3713),
            guilds: discord.guild_ids().into_iter().map(|id| id.get()).collect(),
            turns: IdentifyTurns::new(IdentifyBudget::new(), begun, 0),
            kept_budget: IdentifyBudget::new(),
            wall_skew_ms: 0,
            longest_hold: begun,
            identified: vec![None; lanes],
            shards: Vec::new(),
            generation: 0..usize::try_from(plan.shards).unwrap_or_default(),
            total: plan.shards,
            seam: None,
            glass: (plan.life > 0).then(Glass::default),
            wires: Vec::new(),
            produced: 0,
            next_burst: begun + plan.pause,
            next_save: None,
            saving: None,
            unwanted: None,
            restart_at: None,
            is_forgetful: false,
            away_until: begun,
            address_away_until: begun,
            in_trouble: true,
            steps: 0,
            trace: DefaultHasher::new(),
            story: VecDeque::new(),
            tells,
            tally: Tally::default(),
            discord,
        };
        for number in 0..plan.shards {
            let entropy = simulation.dice.next();
            let session = simulation.session(number, plan.shards, None, entropy);
            let at_least_once = plan.at_least_once.is_some();
            simulation
                .shards
                .push(Shard::new(number, session, at_least_once, begun));
        }
        simulation
    }

    /// Trouble, and then peace, in which everything has to arrive.
    fn play(&mut self) -> Result<Duration, String> {
        self.start()?;
        let peace = self.begun + self.plan.trouble;
        self.play_until(peace, |_| false)?;
        self.make_peace()?;
        self.recover(|simulation| simulation.are_connected() && simulation.seam.is_none())?;
        if self.seam.is_some() {
            return Err("two generations of shards do not become one in peace".to_owned());
        }
        if !self.are_connected() {
            let states: Vec<_> = self.at_work().map(|s| s.session.state()).collect();
            return Err(format!("not all shards are connected in peace: {states:?}"));
        }
        let recovered = self.now - peace;
        self.live();
        self.produce(u64::from(self.plan.guilds) * 4);
        if self.glass.is_some() {
            // What was told before it has arrived with it.
            self.guilds
                .clone()
                .into_iter()
                .for_each(|guild| self.produce_in(guild));
        }
        // Nothing comes after this, or something would always be under way.
        self.next_burst = self.now + HOLD_MAX * 2;
        // What was under way as peace was made may still end a connection.
        self.recover(Self::are_settled)?;
        for shard in self.at_work() {
            if !shard.is_settled() {
                return Err(format!(
                    "shard {}: what was sent in peace did not all arrive: {:?}",
                    shard.number, shard.session
                ));
            }
        }
        self.look_into_glass()?;
        self.ask_in_peace()?;
        self.ask_discord()?;
        Ok(recovered)
    }

    /// Plays until `enough`, for as long as a way back may take.
    fn recover(&mut self, enough: impl Fn(&Self) -> bool + Copy) -> Result<(), String> {
        let begun = self.now;
        let mut hopeless = begun + self.longest_recovery();
        while !enough(self) && self.now < hopeless {
            self.play_until(hopeless, enough)?;
            // What spares the budget may take its time, but it has an end.
            let held = self.longest_hold + self.longest_recovery();
            hopeless = hopeless.max(held.min(begun + HOLD_MAX));
        }
        Ok(())
    }

    /// What Discord has to complain of.
    fn ask_discord(&self) -> Result<(), String> {
        if let Some(first) = self.discord.violations().first() {
            return Err(format!("Discord says what it would not say: {first}"));
        }
        let mut refusals = self.discord.refusals().iter();
        // Commands that were under way as a session ended are nobody's fault.
        if let Some(refusal) = refusals.find(|words| !words.starts_with("4003")) {
            return Err(format!(
                "Discord closed a connection by our fault: {refusal}"
            ));
        }
        let mut warnings = self.discord.warnings().iter();
        if let Some(warning) = warnings.find(|words| !self.is_lawful(words)) {
            return Err(format!(
                "Discord was asked what nobody should ask: {warning}"
            ));
        }
        Ok(())
    }

    fn is_lawful(&self, warning: &str) -> bool {
        // Where that address cannot be reached, the usual one is tried.
        warning.starts_with("a resume came to the address of identifies")
            // It was judged as it came.
            || warning.ends_with(network::NOT_ON_SHARD)
            // What was not written down, or under a wrong time, the next process does not know.
            || (self.is_forgetful && warning.starts_with("an identify came too soon"))
    }

    fn are_connected(&self) -> bool {
        let mut sessions = self.at_work().map(|shard| &shard.session);
        let mut wires = self.wires.iter().filter(|wire| wire.is_current());
        sessions.all(|session| session.state() == ShardState::Connected)
            && wires.all(|wire| !wire.to_bot.is_dark && !wire.to_discord.is_dark)
    }

    fn are_settled(&self) -> bool {
        self.at_work().all(Shard::is_settled)
    }

    /// The shards that were not dismissed.
    fn at_work(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| !shard.is_gone)
    }

    /// The place of the shard that a guild is on.
    fn place_of(&self, guild: u64) -> usize {
        let number = (guild >> 22) % u64::from(self.total.max(1));
        self.generation.start + usize::try_from(number).unwrap_or_default()
    }

    /// Goes from moment to moment until `until`, or until `enough`.
    fn play_until(&mut self, until: Instant, enough: impl Fn(&Self) -> bool) -> Result<(), String> {
        let mut steps_at_once = 0;
        loop {
            self.settle()?;
            if enough(self) {
                return Ok(());
            }
            let next = self.next_moment();
            if next >= until {
                self.now = until;
                return Ok(());
            }
            steps_at_once = if next > self.now {
                0
            } else {
                steps_at_once + 1
            };
            if steps_at_once > STUCK {
                return Err("time stands still: something is due for ever".to_owned());
            }
            self.now = next.max(self.now);
            self.steps += 1;
            self.pass()?;
        }
    }

    /// When something is due next.
    fn next_moment(&self) -> Instant {
        let mut next = self.next_burst;
        let mut at = |moment: Option<Instant>| next = moment.map_or(next, |at| at.min(next));
        at(self.discord.deadline());
        at(self.restart_at);
        at(self.next_save);
        at(self.saving.as_ref().map(Saving::done_at));
        for (place, shard) in self.shards.iter().enumerate() {
            at(shard.deadline(self.now, !self.must_wait(place)));
        }
        at(self.seam.as_ref().and_then(Seam::deadline));
        for wire in &self.wires {
            at(wire.opens_at);
            at(wire.to_discord.due());
            if wire.abandoned || self.reads(wire.shard) {
                at(wire.to_bot.due());
            }
        }
        next
    }

    fn reads(&self, shard: usize) -> bool {
        let shard = self.shards.get(shard);
        shard.is_some_and(|shard| shard.session.wants_frames())
    }

    /// Does what is due now.
    fn pass(&mut self) -> Result<(), String> {
        self.discord.expire(self.now);
        self.look_for_sessions();
        if self.now >= self.next_burst {
            self.burst()?;
        }
        if self.restart_at.is_some_and(|at| at <= self.now) {
            self.restart_at = None;
            self.start()?;
        }
        self.save()?;
        self.open_wires()?;
        self.carry()?;
        for number in 0..self.shards.len() {
            self.wake(number)?;
        }
        Ok(())
    }

    /// Events, and what goes wrong beside them.
    fn burst(&mut self) -> Result<(), String> {
        let is_flood = self.plan.flood > 0 && self.dice.one_in(self.plan.flood);
        let count = 1 + self.dice.below(self.plan.burst);
        self.produce(match (self.in_trouble, is_flood) {
            (true, true) => count * 100,
            (true, false) => count,
            // Peace may last; there is no need to make much of it.
            (false, _) => 1,
        });
        let pause = Duration::from_millis(1) + self.dice.millis(millis(self.plan.pause));
        self.next_burst = self.now + if self.in_trouble { pause } else { pause * 8 };
        self.live();
        if self.in_trouble {
            self.trouble_network()?;
            self.trouble_consumers();
            if self.seam.is_none() {
                self.trouble_process()?;
            }
            self.trouble_shards()?;
            self.choose()?;
            self.ask()?;
        }
        self.command()
    }

    /// Lets Discord produce events, each in some guild.
    fn produce(&mut self, count: u64) {
        for _ in 0..count {
            let Some(guild) = self.dice.one_of(&self.guilds) else {
                return;
            };
            self.produce_in(guild);
            if self.plan.alike > 0 && self.dice.one_in(self.plan.alike) {
                let data = json!({ "guild_id": guild.to_string(), "channel_id": "1" });
                for _ in 0..2 {
                    let _ = self.discord.emit(self.now, ALIKE, &data);
                }
            }
        }
    }

    fn produce_in(&mut self, guild: u64) {
        self.produced += 1;
        let number = self.produced;
        self.happens(number, guild);
        let padding = "x".repeat(self.plan.padding);
        let data = json!({ "guild_id": guild.to_string(), "number": number, "padding": padding });
        // A value is always JSON.
        let _ = self.discord.emit(self.now, NEWS, &data);
    }

    /// An event happens in a guild: the shards of that guild are to bring it.
    fn happens(&mut self, number: u64, guild: u64) {
        let mut places = vec![self.place_of(guild)];
        if let Some(seam) = &mut self.seam {
            let place = |places: &std::ops::Range<usize>| {
                let shards = u64::try_from(places.len()).unwrap_or(1).max(1);
                places.start + usize::try_from((guild >> 22) % shards).unwrap_or_default()
            };
            let both = [place(&seam.old), place(&seam.new)];
            seam.happens(number, both);
            places = both.to_vec();
        }
        for place in places {
            if let Some(shard) = self.shards.get_mut(place).filter(|shard| !shard.is_gone) {
                shard.ledger.produce(number);
            }
        }
    }

    fn make_peace(&mut self) -> Result<(), String> {
        self.in_trouble = false;
        self.note(|| "peace".to_owned());
        self.discord.calm(self.now);
        (self.away_until, self.address_away_until) = (self.now, self.now);
        self.calm_consumers();
        // Half of the connections that are dark end, as they do where a host comes back; the other
        // half stay dark, and the bot has to find out.
        for wire in 0..self.wires.len() {
            let is_dark = self.wires.get(wire).is_some_and(|wire| {
                wire.to_bot.is_dark
                    || wire.to_discord.is_dark
                    || (wire.number.is_none() && wire.opens_at.is_none())
            });
            if is_dark && self.dice.one_in(2) {
                self.cut(wire)?;
            }
        }
        Ok(())
    }

    /// The longest that a way back may take: a wait between attempts, an attempt that hangs, a
    /// silence that has to be noticed, a handshake, every shard's turn, and new session starts where
    /// they are used up.
    fn longest_recovery(&self) -> Duration {
        let starts = if self.plan.starts < 1_000 {
            STARTS_WINDOW
        } else {
            Duration::ZERO
        };
        let sews = match &self.seam {
            Some(_) => SEWING,
            None => Duration::ZERO,
        };
        RECOVERY + Duration::from_secs(6) * self.total + starts + sews
    }

    /// Takes down the sessions that Discord has begun.
    fn look_for_sessions(&mut self) {
        for (session, number) in self.discord.take_begun() {
            // Of which generation is not said; to the others it means nothing.
            for shard in self
                .shards
                .iter_mut()
                .filter(|shard| shard.number == number)
            {
                shard.ledger.begin(&session);
            }
        }
    }

    /// Until nobody has anything to say at this moment.
    fn settle(&mut self) -> Result<(), String> {
        loop {
            let mut is_quiet = true;
            for number in 0..self.shards.len() {
                is_quiet &= !self.listen(number)?;
            }
            is_quiet &= !self.grant()?;
            self.sew()?;
            self.hear_discord();
            if is_quiet {
                break;
            }
        }
        for number in 0..self.shards.len() {
            let reads = self.reads(number);
            if let Some(shard) = self.shards.get_mut(number) {
                let told = shard.watch(self.now, reads);
                told.map_err(|what| format!("shard {number}: {what}"))?;
            }
        }
        Ok(())
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if !self.tells {
            return;
        }
        let at = (self.now - self.begun).as_secs_f64();
        self.story.push_back(format!("{at:9.3} {}", what()));
        if self.story.len() > STORY {
            self.story.pop_front();
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// An event that no table names, which every session hears.
const NEWS: &str = "OVEN_NEWS";

/// An event of a kind that the bot may want or not. All of them are alike.
const ALIKE: &str = "CHANNEL_PINS_UPDATE";

/// Where sessions are resumed.
const RESUME_PATH: &str = "/resume";

/// Discord's rule for one lane.
const IDENTIFY_INTERVAL: Duration = Duration::from_secs(5);

/// The box's own events are all alike here, so its oracle looks at few of them.
const CHECK_EVERY: u32 = 1_000;

/// The longest wait between attempts, an attempt that hangs, a silence that has to be noticed, and a
/// handshake.
const RECOVERY: Duration = Duration::from_secs(60 + 45 + 52 + 45);

/// What two generations take in peace until there is one again: sessions, guilds, and a while in which
/// both are heard, as long as a session that is lost meanwhile begins it anew.
const SEWING: Duration = Duration::from_mins(20);

/// The longest that turns to identify may be held back: by a breaker, and, where the calendar was set
/// forward, by a budget that is thought to be renewed in a day.
const HOLD_MAX: Duration = Duration::from_secs(90_000);

/// Things done at one moment before it is said that time stands still.
const STUCK: u32 = 10_000;

/// What is told of the time before a failure.
const STORY: usize = 200;
