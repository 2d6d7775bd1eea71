//! Numbered events in the guilds of a small world, and what came of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    time::{Duration, Instant},
};

use ovenjs_gateway::{Config, Delivery, Events, Fleet, Resharding};
use ovenjs_mock::{Discord, Guild};
use ovenjs_net::{Clock, SystemClock};
use ovenjs_types::{Id, Intents, ShardId, marker::GuildMarker};
use serde_json::{Value, json};

use crate::next;

/// A world of some guilds.
pub(super) fn world() -> ovenjs_mock::Config {
    let guilds = (0..GUILDS).map(|nth| Guild::named(format!("Kitchen {nth}")));
    let mut world = ovenjs_mock::Config::default().guilds(guilds);
    world.identify_interval = Duration::from_secs(5);
    world
}

pub(super) const GUILDS: u64 = 6;

/// A configuration that hears of all that the show sends.
pub(super) fn wide(discord: &Discord) -> Config {
    let intents = Intents::GUILDS
        | Intents::GUILD_MESSAGES
        | Intents::MESSAGE_CONTENT
        | Intents::GUILD_PRESENCES
        | Intents::GUILD_MESSAGE_TYPING;
    Config::new(discord.token(), intents)
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .event_queue(4_096)
}

/// Numbered events in all guilds, and what came of them.
pub(super) struct Show<'a> {
    pub(super) discord: &'a Discord,
    pub(super) guilds: Vec<Id<GuildMarker>>,
    /// How many numbered events each guild had, and equal ones the first.
    pub(super) sent: usize,
    pub(super) seen: BTreeMap<String, Vec<usize>>,
    pub(super) equal_seen: usize,
    /// The same for what keeps state, since the guild came anew.
    pub(super) state: BTreeMap<String, Vec<usize>>,
    /// Whether what keeps state may be told again what it had: a new generation is given up.
    pub(super) goes_back: bool,
    pub(super) fresh_guilds: u64,
    /// The guilds that what keeps state knows.
    pub(super) known: BTreeSet<String>,
    pub(super) guild_events: Vec<(String, String)>,
    pub(super) gaps: Vec<ShardId>,
    /// Guilds that a gap concerned.
    pub(super) missed: BTreeSet<String>,
    /// A guild that is down for a while and hears of nothing then.
    pub(super) excused: Option<String>,
    /// Says what is handled.
    pub(super) handles: Option<Fleet>,
    /// Whether the shards were told to end.
    pub(super) is_over: bool,
}

#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is missing fails the story"
)]
impl<'a> Show<'a> {
    pub(super) fn of(discord: &'a Discord) -> Self {
        Self {
            discord,
            guilds: discord.guild_ids(),
            sent: 0,
            seen: BTreeMap::new(),
            equal_seen: 0,
            state: BTreeMap::new(),
            goes_back: false,
            fresh_guilds: 0,
            known: BTreeSet::new(),
            guild_events: Vec::new(),
            gaps: Vec::new(),
            missed: BTreeSet::new(),
            excused: None,
            handles: None,
            is_over: false,
        }
    }

    pub(super) async fn until_guilds(&mut self, events: &mut Events) {
        while self.guild_events.len() < self.guilds.len() {
            let delivery = next(events).await;
            self.take(delivery);
        }
    }

    /// An event for each guild, and one that is equal to others.
    pub(super) fn tick(&mut self) {
        self.sent += 1;
        let n = self.sent;
        for (nth, guild) in self.guilds.iter().enumerate() {
            let id = (n * 100 + nth).to_string();
            let (name, data) = match n % 3 {
                0 => (
                    "MESSAGE_CREATE",
                    json!({ "id": id, "guild_id": guild, "n": n }),
                ),
                1 => (
                    "PRESENCE_UPDATE",
                    json!({ "user": { "id": "7" }, "guild_id": guild, "n": n }),
                ),
                _ => (
                    "TYPING_START",
                    json!({ "user_id": "7", "guild_id": guild, "n": n }),
                ),
            };
            self.discord.emit(name, &data).unwrap();
        }
        let equal = json!({ "user_id": "7", "guild_id": self.guilds[0], "channel_id": "9" });
        self.discord.emit("TYPING_START", &equal).unwrap();
    }

    pub(super) fn take(&mut self, delivery: Delivery) {
        let (for_handlers, for_state) = match &delivery {
            Delivery::Dispatch(_) => (true, true),
            Delivery::Late(_) => (true, false),
            Delivery::Fresh(_) => (false, true),
            Delivery::Gap(gap) => {
                let is_missed = |guild: &&Id<GuildMarker>| gap.concerns(**guild);
                let missed = self.guilds.iter().filter(is_missed);
                self.missed.extend(missed.map(ToString::to_string));
                self.known
                    .retain(|guild| !gap.concerns(guild.parse().unwrap()));
                return self.gaps.push(gap.shard);
            }
            // Whoever reads on may hear of it before the whole fleet has ended.
            Delivery::Stopped { error: None, .. } if self.is_over => return,
            other => panic!("{other:?}"),
        };
        let dispatch = delivery.event().unwrap();
        if let Some(fleet) = &self.handles
            && for_handlers
        {
            fleet.handled(dispatch);
        }
        let data: Value = serde_json::from_slice(&dispatch.raw).unwrap();
        if dispatch.name() == "GUILD_CREATE" || dispatch.name() == "GUILD_DELETE" {
            let id = data["id"].as_str().unwrap().to_owned();
            if for_state {
                self.state.remove(&id);
                match dispatch.name() {
                    "GUILD_CREATE" => self.known.insert(id.clone()),
                    _ => self.known.remove(&id),
                };
            }
            self.fresh_guilds += u64::from(!for_handlers && dispatch.name() == "GUILD_CREATE");
            if for_handlers {
                self.guild_events.push((dispatch.name().to_owned(), id));
            }
            return;
        }
        let guild = data["guild_id"].as_str().unwrap_or_default().to_owned();
        let Some(n) = data["n"].as_u64() else {
            self.equal_seen += usize::from(for_handlers && dispatch.name() == "TYPING_START");
            return;
        };
        let n = usize::try_from(n).unwrap();
        if for_handlers {
            self.seen.entry(guild.clone()).or_default().push(n);
        }
        if for_state {
            let list = self.state.entry(guild).or_default();
            if self.goes_back {
                // What comes again ends what came after it: that has to come again, too.
                list.retain(|earlier| *earlier < n);
            }
            list.push(n);
        }
    }

    /// Lets the show go on until something has happened.
    pub(super) async fn run<T>(
        &mut self,
        events: &mut Events,
        until: impl Future<Output = T>,
    ) -> T {
        let mut until = pin!(until);
        let mut ticks = tokio::time::interval(Duration::from_millis(230));
        loop {
            tokio::select! {
                biased;
                outcome = &mut until => return outcome,
                Some(delivery) = events.next() => self.take(delivery),
                _ = ticks.tick() => self.tick(),
            }
        }
    }

    pub(super) async fn run_for(&mut self, events: &mut Events, seconds: u64) {
        self.run(events, tokio::time::sleep(Duration::from_secs(seconds)))
            .await;
    }

    /// Reads without sending more.
    pub(super) async fn read<T>(
        &mut self,
        events: &mut Events,
        until: impl Future<Output = T>,
    ) -> T {
        let mut until = pin!(until);
        loop {
            tokio::select! {
                biased;
                outcome = &mut until => return outcome,
                Some(delivery) = events.next() => self.take(delivery),
            }
        }
    }

    /// Until each guild has had the last of what was sent.
    pub(super) async fn until_sent(&mut self, events: &mut Events) {
        let begun = now();
        let last = |seen: &BTreeMap<String, Vec<usize>>, sent| {
            seen.len() == usize::try_from(GUILDS).unwrap()
                && seen.values().all(|seen| seen.last() == Some(&sent))
        };
        while !last(&self.seen, self.sent) || (now() - begun) < Duration::from_secs(15) {
            assert!(
                (now() - begun) < Duration::from_secs(120),
                "{:?}",
                self.lags()
            );
            self.read(events, tokio::time::sleep(Duration::from_secs(1)))
                .await;
        }
    }

    /// Until all has come: each once and in order. Says how many of the equal ones came twice.
    pub(super) async fn finish(&mut self, events: &mut Events) -> u64 {
        self.until_sent(events).await;
        for (guild, seen) in &self.seen {
            if Some(guild) == self.excused.as_ref() {
                assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
                continue;
            }
            let all: Vec<usize> = (1..=self.sent).collect();
            let strays: Vec<_> = seen
                .iter()
                .zip(&all)
                .filter(|(one, other)| one != other)
                .collect();
            assert_eq!(seen.len(), all.len(), "guild {guild}: {:?}", strays.first());
            assert!(strays.is_empty(), "guild {guild}: {:?}", strays.first());
        }
        for (guild, state) in &self.state {
            if Some(guild) == self.excused.as_ref() {
                continue;
            }
            let first = state.first().copied().unwrap_or(self.sent);
            let all: Vec<usize> = (first..=self.sent).collect();
            assert_eq!(*state, all, "the state of guild {guild}");
        }
        assert!(
            self.equal_seen >= self.sent,
            "{} of {}",
            self.equal_seen,
            self.sent
        );
        u64::try_from(self.equal_seen - self.sent).unwrap()
    }

    pub(super) fn lags(&self) -> Vec<(usize, Option<usize>)> {
        let lags = self
            .seen
            .values()
            .map(|seen| (seen.len(), seen.last().copied()));
        lags.chain([(self.sent, None)]).collect()
    }
}

/// How many guilds there are, for who counts them.
pub(super) fn all() -> usize {
    usize::try_from(GUILDS).expect("a few")
}

/// Until a re-sharding is there, which has not ended before.
pub(super) async fn midway(
    going: &mut (impl Future + Unpin),
    fleet: &Fleet,
    is_there: impl Fn(Resharding) -> bool,
) {
    let there = async {
        while !fleet.resharding().is_some_and(&is_there) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = going => panic!("too soon"),
        () = there => {}
    }
}

pub(super) fn now() -> Instant {
    SystemClock.now()
}
