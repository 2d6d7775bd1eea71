//! One history: what is asked, and what goes wrong meanwhile.

mod rest;

use crate::{
    deeds::{Loads, ask, bring_in, flushed_is_kept, write},
    judge::{Judge, KEYS, Kind, State, is_there},
    network::{Bug, Home, Line},
};
use fastrand::Rng;
use ovenjs_cache::tiers::{
    Eviction, Keyspace, KeyspaceConfig, Put, Tag, Tiered, TieredConfig, Warming, Writes,
};
use ovenjs_net::{Clock, SeededEntropy, SystemClock};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinSet;

/// What came of a history.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) reads: u64,
    pub(crate) found: u64,
    pub(crate) writes: u64,
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) kills: u64,
    pub(crate) cuts: u64,
    pub(crate) emptied: u64,
    pub(crate) deposed: u64,
    pub(crate) moved: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) story: Vec<String>,
}

/// Plays the history of this seed; told step by step, where somebody wants to hear it.
pub(crate) fn play(seed: u64, is_told: bool, bug: Option<Bug>) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without a socket needs nothing of the system");
    runtime.block_on(async {
        let mut world = World::new(seed, is_told, bug);
        for _ in 0..STEPS {
            world.step().await;
        }
        // Rest takes as long as all before.
        if seed.is_multiple_of(4) {
            world.rest().await;
        }
        world.played()
    })
}

/// All there is.
struct World {
    dice: Rng,
    /// Those of warming, so that a history without it is the one that it was.
    mover: Rng,
    laws: Laws,
    bug: Option<Bug>,
    stores: [Home; 2],
    judge: Arc<Mutex<Judge>>,
    processes: Vec<Process>,
    began: Instant,
    /// Who tells events, for which shard and in which epoch; the last of them is in charge.
    authorities: Vec<(usize, u32, u32)>,
    born: u64,
    kills: u64,
    cuts: u64,
    lost: u64,
    emptied: u64,
    deposed: u64,
    moved: u64,
}

/// What holds for the whole of a history.
struct Laws {
    keyspace: KeyspaceConfig,
    /// Whether nothing goes wrong.
    is_calm: bool,
    /// What half of all is about, so that much of it happens at once.
    hot: u64,
    loss: u32,
    skew: u64,
}

/// One that is alive.
#[derive(Clone)]
pub(crate) struct Process {
    /// Each has a number of its own, also where it takes the place of one that was killed.
    pub(crate) number: u64,
    pub(crate) tiers: Tiered,
    pub(crate) space: Keyspace<u64, State>,
    lines: [Arc<Line>; 2],
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl World {
    fn new(seed: u64, is_told: bool, bug: Option<Bug>) -> Self {
        let mut dice = Rng::with_seed(seed);
        let mut laws = Laws::drawn(&mut dice);
        if seed.is_multiple_of(3) {
            laws.keyspace = laws.keyspace.warming(warming());
        }
        let loads_alone = laws.is_calm && laws.keyspace.is_loaded_once;
        let judge = Judge::new(is_told, laws.skew, laws.is_calm, loads_alone);
        let mut world = Self {
            stores: [Home::new(), Home::new()],
            judge: Arc::new(Mutex::new(judge)),
            processes: Vec::new(),
            began: SystemClock.now(),
            authorities: vec![(0, 1, 1)],
            born: 0,
            kills: 0,
            cuts: 0,
            lost: 0,
            emptied: 0,
            deposed: 0,
            moved: 0,
            laws,
            bug,
            dice,
            mover: Rng::with_seed(!seed),
        };
        for _ in 0..PROCESSES {
            let process = world.process();
            world.processes.push(process);
        }
        world
    }

    fn process(&mut self) -> Process {
        self.born += 1;
        let mut line = |store: &Home| {
            let seed = self.dice.u64(..);
            let way = (self.laws.loss, if self.laws.is_calm { 20 } else { 100 });
            Arc::new(Line::new(store.clone(), seed, way, self.bug))
        };
        let lines = [line(&self.stores[0]), line(&self.stores[1])];
        let [second, third] = lines.clone();
        let ahead = Duration::from_millis(self.dice.u64(0..=self.laws.skew));
        let clock = Wall {
            began: self.began,
            ahead,
        };
        let config = TieredConfig::new()
            .second(second)
            .third(third)
            .clock(Arc::new(clock))
            .entropy(Arc::new(SeededEntropy::new(self.dice.u64(..))));
        let tiers = Tiered::build(config);
        let space = tiers.keyspace(self.laws.keyspace.clone());
        let process = Process {
            number: self.born,
            space: space.expect("the name is one"),
            tiers,
            lines,
            tasks: Arc::default(),
        };
        let served = process.tiers.clone();
        process.spawn(async move {
            let _never: Infallible = served.serve().await;
        });
        process
    }

    async fn step(&mut self) {
        let wait = match self.dice.u32(..100) {
            0..97 => self.dice.u64(0..25),
            _ => self.dice.u64(0..1_500),
        };
        self.pass(wait).await;
        let place = self.dice.usize(..PROCESSES);
        let hurts = !self.laws.is_calm;
        match self.dice.u32(..100) {
            0..55 => self.read(place),
            55..80 => self.write(place),
            80..88 if hurts => self.hinder(place),
            88..91 if hurts => self.kill(place),
            91..93 if hurts => self.empty_second(),
            93..97 => self.flush(place),
            97..99 => self.leave_memory(place),
            _ if hurts => self.depose(),
            _ => self.read(place),
        }
        if self.laws.keyspace.warming.is_some() {
            match self.mover.u32(..60) {
                0..6 => self.warm(),
                // What has left the second store is over there.
                6 => self.pass(61_000).await,
                _ => {}
            }
        }
    }

    /// Somebody who has rows at hand brings them in, or keys are fetched that are not asked for yet.
    fn warm(&mut self) {
        let place = self.mover.usize(..PROCESSES);
        let loads = Loads {
            judge: Arc::clone(&self.judge),
            began: self.began,
            process: self.processes[place].number,
            key: self.mover.u64(..KEYS),
            before: 0,
            after: 0,
        };
        let process = self.processes[place].clone();
        self.processes[place].spawn(async move { bring_in(&process, loads).await });
    }

    async fn pass(&self, wait: u64) {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        drop(note_time(&self.judge, self.began));
    }

    fn key(&mut self) -> u64 {
        if self.dice.bool() {
            self.laws.hot
        } else {
            self.dice.u64(..KEYS)
        }
    }

    fn read(&mut self, place: usize) {
        let key = self.key();
        let (before, after) = (self.dice.u64(0..30), self.dice.u64(0..60));
        let loads = Loads {
            judge: Arc::clone(&self.judge),
            began: self.began,
            process: self.processes[place].number,
            key,
            before,
            after,
        };
        let process = self.processes[place].clone();
        self.processes[place].spawn(async move { ask(&process, loads).await });
    }

    /// An event by one who believes to be in charge; a row that changes; something of one's own.
    fn write(&mut self, place: usize) {
        let key = self.key();
        let kind = Kind::of(key);
        // Now and then by one who was deposed and has not heard of it.
        let last = self.authorities.len() - 1;
        let heard = if self.dice.u32(..5) == 0 { 0 } else { last };
        let (authority, source, epoch) = self.authorities[heard];
        let (place, source, epoch) = match kind {
            // Now and then another shard tells of it too.
            Kind::Event if self.dice.u32(..8) == 0 => (place, 3 - source, epoch),
            Kind::Event => (authority, source, epoch),
            _ => (place, 0, 0),
        };
        let is_deleted = !kind.is_row() && self.dice.u32(..4) == 0;
        let (judge, world) = (Arc::clone(&self.judge), self.began);
        let process = self.processes[place].clone();
        self.processes[place].spawn(async move {
            let (began, state, is_deleted) = {
                let mut judge = note_time(&judge, world);
                let state = judge.begins(key, epoch, source);
                let is_deleted = is_deleted || (kind == Kind::PutRow && !is_there(state.number));
                judge.tell(|| format!("{} writes {state:?}", process.number));
                if is_deleted {
                    judge.deleted.insert(key);
                }
                judge.write_begins(process.number, key);
                (judge.now, state, is_deleted)
            };
            let put = write(&process, kind, state, is_deleted).await;
            let mut judge = note_time(&judge, world);
            judge.write_ends(process.number, key);
            match put {
                Ok(Put::Kept) => judge.kept(process.number, began, state, is_deleted),
                Ok(Put::Older(newer)) => {
                    judge.tell(|| {
                        format!("{} is told {newer:?} instead of {state:?}", process.number)
                    });
                }
                Err(error) => {
                    judge.failed += 1;
                    judge.tell(|| format!("{} fails to write {state:?}: {error}", process.number));
                }
            }
        });
    }

    /// Cuts a line or slows it down, or mends it.
    fn hinder(&mut self, place: usize) {
        let tier = self.dice.usize(..2);
        let way = self.processes[place].lines[tier].way();
        let flag = if self.dice.bool() {
            &way.is_cut
        } else {
            &way.is_slow
        };
        let was = flag.fetch_xor(true, Ordering::Relaxed);
        let is_cut = way.is_cut.load(Ordering::Relaxed);
        let is_slow = way.is_slow.load(Ordering::Relaxed);
        self.cuts += u64::from(!was);
        let number = self.processes[place].number;
        self.tell(|| {
            format!(
                "the line of {number} to store {}: cut {is_cut}, slow {is_slow}",
                tier + 2
            )
        });
    }

    /// Everything that the process had begun ends where it is, and another one begins with nothing. What had
    /// left it is on its way.
    fn kill(&mut self, place: usize) {
        self.kills += 1;
        let new = self.process();
        let old = std::mem::replace(&mut self.processes[place], new);
        let new = self.processes[place].number;
        self.tell(|| format!("{} is killed, {new} begins", old.number));
        old.end();
        self.lost += lost(&old);
        self.moved += moved(&old);
        lock(&self.judge)
            .kept
            .retain(|kept| kept.process != old.number || kept.is_flushed);
        if self.authorities.last().is_some_and(|(of, ..)| *of == place) {
            self.depose();
        }
    }

    /// Another one is in charge from now on, in a higher epoch; perhaps of another shard.
    fn depose(&mut self) {
        self.deposed += 1;
        let epoch = self.authorities.last().map_or(0, |(.., epoch)| *epoch);
        let place = self.dice.usize(..PROCESSES);
        let source = self.dice.u32(1..=2);
        self.authorities.push((place, source, epoch + 1));
        if self.authorities.len() > 2 {
            self.authorities.remove(0);
        }
        self.tell(|| {
            format!(
                "the process at {place} tells events as {source} in epoch {}",
                epoch + 1
            )
        });
    }

    /// The second store forgets all, as a Redis that is started anew.
    fn empty_second(&mut self) {
        self.emptied += 1;
        self.tell(|| "the second store forgets all".to_owned());
        self.stores[0].forget();
    }

    /// All waits no more: what was kept before is in the last store.
    fn flush(&self, place: usize) {
        let process = self.processes[place].clone();
        let (judge, world) = (Arc::clone(&self.judge), self.began);
        let third = self.stores[1].store();
        self.processes[place].spawn(async move {
            let began = note_time(&judge, world).now;
            let flushed = process.tiers.flush().await;
            if flushed.is_ok() {
                flushed_is_kept(&process, &judge, world, began, &third).await;
            }
        });
    }

    fn leave_memory(&mut self, place: usize) {
        let key = self.key();
        let is_all = self.dice.bool();
        let process = &self.processes[place];
        let swept = process.space.sweep(|state| is_all || state.key == key);
        let number = process.number;
        self.tell(|| format!("{swept} values leave the memory of {number}"));
    }

    fn played(mut self) -> Played {
        self.lost += self.processes.iter().map(lost).sum::<u64>();
        self.moved += self.processes.iter().map(moved).sum::<u64>();
        let mut judge = lock(&self.judge);
        Played {
            reads: judge.reads,
            found: judge.found,
            writes: judge.writes,
            failed: judge.failed,
            lost: self.lost,
            kills: self.kills,
            cuts: self.cuts,
            emptied: self.emptied,
            deposed: self.deposed,
            moved: self.moved,
            violations: std::mem::take(&mut judge.violations),
            story: judge.story.take().unwrap_or_default(),
        }
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        note_time(&self.judge, self.began).tell(what);
    }
}

impl Laws {
    fn drawn(dice: &mut Rng) -> Self {
        let is_calm = dice.u32(..4) == 0;
        let mut keyspace = KeyspaceConfig::new(SPACE, 1)
            .absent(Duration::from_millis(50))
            .lifetimes(Duration::from_millis(200), Duration::from_secs(3_600))
            .load_deadline(Duration::from_secs(2));
        // moka works off by a clock of its own when it sees fit: what is to be the same story each time is
        // evicted by our own queue, or taken out.
        keyspace = match dice.u32(..3) {
            // Room for three values, or for none: the stores and what waits for them answer then.
            0 => {
                let bytes = if dice.bool() { 1 } else { 1_400 };
                keyspace.eviction(Eviction::Fifo).memory(bytes)
            }
            _ => keyspace.eviction(Eviction::Lru),
        };
        keyspace = match dice.u32(..4) {
            0 => keyspace.writes(Writes::Behind, Writes::Behind),
            1 => keyspace.writes(Writes::Through, Writes::Through),
            _ => keyspace,
        };
        if dice.bool() {
            keyspace = keyspace.loaded_once();
        }
        Self {
            keyspace,
            is_calm,
            hot: dice.u64(..KEYS),
            loss: match dice.u32(..4) {
                _ if is_calm => 0,
                0 => 20,
                1 => 100,
                _ => 0,
            },
            skew: if dice.u32(..4) == 0 { 900 } else { 0 },
        }
    }
}

impl Process {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.tasks).spawn(task);
    }

    fn end(&self) {
        lock(&self.tasks).abort_all();
    }
}

/// The judge, who knows what time it is.
pub(crate) fn note_time(judge: &Mutex<Judge>, began: Instant) -> MutexGuard<'_, Judge> {
    let passed = SystemClock.now().duration_since(began);
    let mut judge = lock(judge);
    judge.now = passed.as_millis() as u64;
    judge
}

fn lost(process: &Process) -> u64 {
    process.lines.iter().map(|line| line.way().lost()).sum()
}

fn moved(process: &Process) -> u64 {
    let warming = process.space.stats().warming;
    warming.map_or(0, |warming| warming.all().moved)
}

/// All of it within the seconds that a history takes.
fn warming() -> Warming {
    Warming::new()
        .passes(Duration::from_millis(100), 4)
        .horizon(Duration::from_millis(500))
        .idle(Duration::from_millis(300))
        .saved_every(Duration::from_millis(250))
}

pub(crate) fn tag() -> Tag {
    Tag::new("rows").expect("the name is one")
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wall's time is tokio's, more or less.
#[derive(Debug)]
struct Wall {
    began: Instant,
    ahead: Duration,
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        let passed = self.now().duration_since(self.began);
        UNIX_EPOCH + Duration::from_millis(BEGAN_MS) + self.ahead + passed
    }
}

/// What the wall's clock shows when a history begins.
pub(crate) const BEGAN_MS: u64 = 1_700_000_000_000;

pub(crate) const SPACE: &str = "history";

const PROCESSES: usize = 3;

/// Some four hundred milliseconds and a pause or two: some lifetimes of what is fresh, and several cuts.
const STEPS: usize = 32;
