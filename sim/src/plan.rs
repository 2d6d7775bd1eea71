//! What a run is like. All of it follows from the seed, and all of it is printed where a run fails.

use std::time::Duration;

use ovenjs_gateway::Compression;
use ovenjs_mock::FaultMenu;

use crate::dice::Dice;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) shards: u32,
    pub(crate) max_concurrency: u32,
    pub(crate) guilds: u32,
    pub(crate) compression: Compression,
    /// The interval that Discord's hello announces.
    pub(crate) heartbeat: Duration,
    /// Sessions that may be started within [`STARTS_WINDOW`].
    pub(crate) starts: u32,
    /// How long things go wrong; peace follows.
    pub(crate) trouble: Duration,
    /// What goes wrong within Discord.
    pub(crate) menu: FaultMenu,
    /// What goes wrong on the way to it.
    pub(crate) network: NetworkFaults,
    /// What goes wrong in the bot's own process.
    pub(crate) process: ProcessFaults,
    /// The longest pause between two bursts of events.
    pub(crate) pause: Duration,
    /// The most events of a burst.
    pub(crate) burst: u64,
    /// One burst in so many is a hundred times as large; none where it is 0.
    pub(crate) flood: u64,
    /// Bytes of no meaning in each event.
    pub(crate) padding: usize,
    /// How many sent events Discord keeps for a resume.
    pub(crate) replay: usize,
    /// Bytes of events that a session holds for its consumer.
    pub(crate) backlog: usize,
    /// Deliveries that a consumer takes at once.
    pub(crate) room: usize,
    /// The longest pause that a consumer makes; none where it keeps up.
    pub(crate) consumer_pause: Duration,
    /// The most commands that the bot sends at once; none where it is 0.
    pub(crate) commands: u64,
    /// How long handlers take at most, where events are delivered at least once: over a crash, too.
    pub(crate) at_least_once: Option<Duration>,
    /// Whether Discord keeps for a resume what heartbeats do not speak of, and no more.
    pub(crate) trims: bool,
    /// How the process saves what the next one needs, where events are delivered at least once; all
    /// at once and for nothing where this is nothing.
    pub(crate) saves: Option<Saves>,
    /// In so many of a thousand pauses the bot asks Discord for members, sounds or channels.
    pub(crate) asks: u64,
    /// Of so many of a thousand questions the bot does not wait for the answer, with each burst anew.
    pub(crate) drops: u64,
    /// In so many of a thousand pauses the number of shards changes.
    pub(crate) reshards: u64,
    /// Whether the consumer sometimes wants a kind of events, and sometimes not.
    pub(crate) is_picky: bool,
    /// One event in so many is followed by one that is in all like another; none where it is 0.
    pub(crate) alike: u64,
    /// How much happens in the guilds beside what the ledgers count: in so many of a thousand pauses
    /// something happens in each, and the bot mirrors it all. Where it is 0 there is no mirror.
    pub(crate) life: u64,
    /// Whether Discord says the largest numbers there are of session starts, and the smallest of
    /// concurrency.
    pub(crate) odd_limits: bool,
}

/// How a process saves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saves {
    /// The pause between two savings.
    pub(crate) every: Duration,
    /// How long one takes at most.
    pub(crate) takes: Duration,
    /// Chances in thousandths: one fails; one is done, and that is not heard.
    pub(crate) fails: u64,
    pub(crate) unheard: u64,
}

/// Chances in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NetworkFaults {
    /// A connection is refused: by the host, or by a name that is not found.
    pub(crate) fail: u64,
    /// A connection is never answered: DNS, TCP, TLS and upgrade look alike from here.
    pub(crate) hang: u64,
    /// Between bursts, a connection is cut: both sides notice.
    pub(crate) cut: u64,
    /// Between bursts, a connection goes dark: nobody notices.
    pub(crate) dark: u64,
    /// Between bursts, a connection goes dark towards Discord alone.
    pub(crate) deaf: u64,
    /// Between bursts, a connection goes dark towards the bot alone.
    pub(crate) mute: u64,
    /// Between bursts, all connections go dark, and none can be opened for up to `away`.
    pub(crate) outage: u64,
    /// How long an outage lasts at most.
    pub(crate) away: Duration,
    /// Between bursts, the address of resumes goes away for up to `away`.
    pub(crate) lost_address: u64,
    /// The address of resumes goes away for ever, once the session there is lost or not.
    pub(crate) gone_address: bool,
    /// An identify or a resume is lost on an otherwise good connection.
    pub(crate) swallow: u64,
    /// A compressed message comes in several websocket messages, where Discord may do so.
    pub(crate) split: u64,
    /// Something comes that is no message, or none that is known.
    pub(crate) foreign: u64,
    /// A message comes damaged beyond recognition: something else, a part of it, or far too much.
    pub(crate) garbage: u64,
    /// What an abandoned connection still brings is told to the session.
    pub(crate) late: u64,
    /// The way of a packet, at the least.
    pub(crate) latency: Duration,
    /// How much longer it may be. Turns to identify are a quarter of a second apart beyond Discord's
    /// five; with the jitter within Discord this stays below it.
    pub(crate) jitter: Duration,
}

/// What becomes of processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProcessFaults {
    /// Between bursts, the process is replaced by one that takes its sessions over.
    pub(crate) hand_over: u64,
    /// Between bursts, the process is killed, and another starts after up to ten seconds.
    pub(crate) kill: u64,
    /// What a process wrote down of its identifies is lost with it.
    pub(crate) forgets: bool,
    /// How far the wall clock jumps from process to process at most, forth or back.
    pub(crate) clock_jump_ms: u64,
}

impl Plan {
    /// Whether a line may go dark, in one direction or both: it may take minutes until anyone knows.
    pub(crate) const fn has_dark_lines(&self) -> bool {
        let (menu, network) = (&self.menu, &self.network);
        menu.freeze + menu.deafen + menu.mute > 0
            || network.dark + network.deaf + network.mute + network.outage > 0
    }

    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        // What came to the plan later has dice of its own, so that seeds stay what they were.
        let mut other = Dice::new(seed ^ 0x00A5_CE5D);
        let mut more = |most: u64| sometimes(&mut other, most);
        let life = match Dice::new(seed ^ 0x11FE).below(LIVES) {
            0 => 800,
            _ => 0,
        };
        let mut chance = |most: u64| sometimes(&mut dice, most);
        let network = NetworkFaults {
            fail: chance(300),
            hang: chance(100),
            cut: chance(60),
            dark: chance(20),
            deaf: chance(20),
            mute: chance(20),
            outage: chance(20),
            away: Duration::from_secs(1 + chance(100)),
            lost_address: chance(30),
            gone_address: chance(1) == 1 && chance(1) == 1,
            swallow: chance(150),
            split: chance(500),
            foreign: chance(10),
            garbage: more(6),
            late: chance(500),
            latency: Duration::from_millis(1 + chance(300)),
            jitter: Duration::from_millis(chance(150)),
        };
        let process = ProcessFaults {
            hand_over: chance(20),
            kill: chance(10),
            forgets: chance(4) == 1,
            clock_jump_ms: chance(3_600_000),
        };
        let commands = chance(60);
        let padding = usize::try_from(chance(2_000)).unwrap_or_default();
        let shards = 1 + u32::try_from(dice.below(6)).unwrap_or_default();
        let slow = dice.one_in(4);
        let is_short_of_starts = dice.one_in(8);
        let (asks, is_picky) = (more(300), more(1) == 1);
        let (alike, has_odd_limits) = (more(20), more(1) == 1);
        let saves = Saves {
            every: Duration::from_millis(200 + more(5_000)),
            takes: Duration::from_millis(1 + more(3_000)),
            fails: more(300),
            unheard: more(300),
        };
        let saves = (more(1) == 0).then_some(saves);
        let drops = more(400);
        let starts = match is_short_of_starts {
            true => shards * (2 + u32::try_from(more(4)).unwrap_or_default()),
            false => 1_000,
        };
        let reshards = more(60);
        let plan = Self {
            seed,
            shards,
            max_concurrency: dice.one_of(&[1, 1, 2, 16]).unwrap_or(1),
            guilds: shards * 2,
            compression: dice.one_of(Compression::ALL).unwrap_or_default(),
            heartbeat: Duration::from_millis(
                dice.one_of(&[41_250, 41_250, 41_250, 13_000])
                    .unwrap_or(41_250),
            ),
            starts,
            trouble: Duration::from_secs(30 + dice.below(150)),
            menu: FaultMenu::from_seed(dice.next()),
            network,
            process,
            pause: Duration::from_millis(500 + dice.below(8_000)),
            burst: 1 + dice.below(10),
            flood: if dice.one_in(8) { 40 } else { 0 },
            padding,
            replay: dice.one_of(&[20, 200, 5_000]).unwrap_or(200),
            backlog: dice.one_of(&[4_096, 65_536, 1 << 23]).unwrap_or(65_536),
            room: dice.one_of(&[1, 7, 1_000, 1_000]).unwrap_or(1_000),
            consumer_pause: if slow {
                dice.millis(90_000)
            } else {
                Duration::ZERO
            },
            commands,
            at_least_once: dice.one_in(3).then(|| dice.millis(5_000)),
            trims: dice.one_in(2),
            saves: None,
            asks,
            drops,
            reshards,
            is_picky,
            alike,
            life,
            odd_limits: has_odd_limits && starts == 1_000,
        };
        Self {
            saves: saves.filter(|_| plan.at_least_once.is_some()),
            // The answers are counted among members who stay.
            asks: if plan.life > 0 { 0 } else { plan.asks },
            // What is told of sessions stands still meanwhile, and that is the shell's.
            reshards: match plan.at_least_once {
                Some(_) => 0,
                None => plan.reshards,
            },
            ..plan
        }
    }
}

/// Twice in three times nothing; else a chance of up to `most`.
const fn sometimes(dice: &mut Dice, most: u64) -> u64 {
    match dice.below(3) {
        0 => 1 + dice.below(most),
        _ => 0,
    }
}

/// In one run of so many there is life, and a mirror.
const LIVES: u64 = 8;

/// After which Discord counts session starts anew. Its own window is a day; a short one lets a run
/// see its end.
pub(crate) const STARTS_WINDOW: Duration = Duration::from_secs(900);
