//! The nodes of a Redis Cluster: which of them has a slot, and a link to each.
//!
//! Where slots are is asked of one node at the start, when a node does not answer or not for now and when one says that a
//! slot has moved, at most once a second, and beside: only at the start somebody waits for it. Whoever is told meanwhile
//! that a slot has moved goes on there at once. What is no cluster says so to all who ask. Each node has a [`RedisLink`]
//! with a connection, a backoff and deadlines of its own, so that one that is gone keeps nobody from the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ovenjs_types::Fault as _;
use tokio::task::JoinSet;

use super::{RedisConfig, RedisLink, RedisReply, RedisStats};
use crate::{Connector, Error, ErrorKind, RedisFault, Target};

/// A Redis Cluster, as doors to its slots. Cloning is cheap and shares the connections, one to each node.
///
/// ```no_run
/// use ovenjs_net::{Config, Connector, RedisAddress, RedisCluster, RedisConfig, Target};
///
/// # async fn run() -> Result<(), ovenjs_net::Error> {
/// // Any nodes of it; user and password are those of all.
/// let config = RedisConfig::new(RedisAddress::parse("redis://one.example:6379")?);
/// let others = [Target::new("two.example", 6379, false)];
/// let cluster = RedisCluster::build(config, &others, Connector::build(Config::new())?);
/// // All keys with this tag lie in one slot, and commands on them go where it is.
/// let link = cluster.link(b"{bread}");
/// link.set("{bread}:rye", b"dark", None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisCluster(Arc<Nodes>);

impl RedisCluster {
    /// The cluster to which the node at the configuration's address belongs, or one of the others where that does not
    /// answer. It connects with the first command.
    #[must_use]
    pub fn build(config: RedisConfig, others: &[Target], connector: Connector) -> Self {
        let mut seeds = vec![config.address.target.clone()];
        seeds.extend_from_slice(others);
        Self(Arc::new(Nodes {
            slots: Arc::new(Mutex::new(Slots::new(seeds))),
            links: Arc::default(),
            finding: Mutex::default(),
            config,
            connector,
        }))
    }

    /// A link for commands on keys of the same slot as this one: with the same text between their first braces, or
    /// with the same text where they have none. It follows its slot to other nodes.
    #[must_use]
    pub fn link(&self, key: &[u8]) -> RedisLink {
        RedisLink::of_slot(Arc::clone(&self.0), slot(key))
    }
}

/// The nodes, as one set of connections sees them.
#[derive(Debug)]
pub(super) struct Nodes {
    slots: Arc<Mutex<Slots>>,
    links: Arc<Mutex<Links>>,
    /// Who asks where slots are, while nobody waits for it. It ends with the connections.
    finding: Mutex<JoinSet<()>>,
    pub(super) config: RedisConfig,
    pub(super) connector: Connector,
}

type Links = HashMap<Target, RedisLink>;

impl Nodes {
    /// The same cluster over connections of its own.
    pub(super) fn another(&self) -> Self {
        Self {
            slots: Arc::clone(&self.slots),
            links: Arc::default(),
            finding: Mutex::default(),
            config: self.config.clone(),
            connector: self.connector.clone(),
        }
    }

    /// Asks whoever has the slot.
    pub(super) async fn once(
        &self,
        slot: u16,
        command: &redis::Cmd,
        hold: Duration,
    ) -> Result<RedisReply, Error> {
        self.find_out().await?;
        let mut link = self.link(&lock(&self.slots).of(slot));
        let mut is_asking = false;
        for _ in 0..HOPS_MAX {
            let unanswered = Unanswered(Some(&self.slots));
            let answer = link.straight(command, is_asking, hold).await;
            unanswered.settle(answer.as_ref().is_err_and(is_gone));
            let error = match answer {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let Some(way) = Way::of(&error, link.target()) else {
                return Err(error);
            };
            is_asking = matches!(way, Way::Ask(_));
            match way {
                Way::Moved(target) => {
                    link = self.link(&target);
                    lock(&self.slots).moved(slot, target);
                }
                Way::Ask(target) => link = self.link(&target),
            }
        }
        let said = Some("its nodes send one another's askers in a ring".to_owned());
        Err(Error::redis(RedisFault::Busy, link.target(), said))
    }

    pub(super) fn stats(&self) -> RedisStats {
        let links = lock(&self.links);
        links
            .values()
            .map(RedisLink::stats)
            .fold(RedisStats::default(), |all, one| RedisStats {
                connects: all.connects + one.connects,
                failures: all.failures + one.failures,
                repeats: all.repeats + one.repeats,
            })
    }

    /// Sees to it that a node is asked where the slots are, where that is due; the next one, where the last did not
    /// answer. The error is that of what has never said where one is, and has refused to.
    async fn find_out(&self) -> Result<(), Error> {
        let (asked, is_known) = {
            let mut slots = lock(&self.slots);
            (slots.due(self.config.clock.now()), slots.is_known())
        };
        if let Some(target) = asked {
            let (slots, links) = (Arc::clone(&self.slots), Arc::clone(&self.links));
            let finding = find(slots, links, self.link(&target));
            if is_known {
                // One that is frozen may be asked: whose slots are elsewhere need not wait for that.
                let mut beside = JoinSet::new();
                beside.spawn(finding);
                *lock(&self.finding) = beside;
            } else {
                finding.await;
            }
        }
        let refused = lock(&self.slots).refused.as_ref().map(Error::again);
        refused.map_or(Ok(()), Err)
    }

    fn link(&self, target: &Target) -> RedisLink {
        let mut links = lock(&self.links);
        let link = links.entry(target.clone()).or_insert_with(|| {
            let mut config = self.config.clone();
            config.address.target = target.clone();
            RedisLink::build(config, self.connector.clone())
        });
        link.clone()
    }
}

/// Asks a node where the slots are.
async fn find(slots: Arc<Mutex<Slots>>, links: Arc<Mutex<Links>>, link: RedisLink) {
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    let answer = link.straight(&command, false, Duration::ZERO).await;
    let mut slots = lock(&slots);
    match answer.map(|reply| ranges(reply, link.target())) {
        Ok(Some(ranges)) => {
            slots.found(ranges);
            lock(&links).retain(|target, _| slots.knows(target));
        }
        Err(error) if !error.is_retryable() => slots.refused(error),
        Ok(None) | Err(_) => {}
    }
}

/// A command on its way to a node. Where it is dropped without an answer, the node may be gone.
struct Unanswered<'a>(Option<&'a Mutex<Slots>>);

impl Unanswered<'_> {
    fn settle(mut self, is_gone: bool) {
        if !is_gone {
            self.0 = None;
        }
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(slots) = self.0 {
            lock(slots).is_due = true;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of where slots are.
#[derive(Debug)]
struct Slots {
    seeds: Vec<Target>,
    ranges: Vec<Range>,
    /// What was told since.
    moved: HashMap<u16, Target>,
    is_due: bool,
    /// What one said who would not tell where slots are, while nobody has.
    refused: Option<Error>,
    asked: Option<Instant>,
    turn: usize,
}

/// Slots from the first to the last, and who has them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range(u16, u16, Target);

impl Slots {
    /// At least one seed.
    fn new(seeds: Vec<Target>) -> Self {
        Self {
            seeds,
            ranges: Vec::new(),
            moved: HashMap::new(),
            is_due: true,
            refused: None,
            asked: None,
            turn: 0,
        }
    }

    /// Who is to be asked; whoever it is, where nobody knows yet: he says who it is.
    fn of(&self, slot: u16) -> Target {
        let known = self.moved.get(&slot).or_else(|| {
            let range = self
                .ranges
                .iter()
                .find(|range| (range.0..=range.1).contains(&slot));
            range.map(|range| &range.2)
        });
        known.cloned().unwrap_or_else(|| self.candidate(self.turn))
    }

    fn moved(&mut self, slot: u16, target: Target) {
        self.moved.insert(slot, target);
        self.is_due = true;
    }

    /// Whom to ask for all of it, where it is time to. Each time another one, since one may not answer.
    fn due(&mut self, now: Instant) -> Option<Target> {
        let is_soon = self.asked.is_some_and(|asked| now < asked + ASK_EVERY);
        if !self.is_due || is_soon {
            return None;
        }
        self.asked = Some(now);
        self.turn = self.turn.wrapping_add(1);
        Some(self.candidate(self.turn))
    }

    fn found(&mut self, ranges: Vec<Range>) {
        self.ranges = ranges;
        self.moved.clear();
        self.refused = None;
        self.is_due = false;
    }

    fn refused(&mut self, error: Error) {
        if !self.is_known() {
            self.refused = Some(error);
        }
    }

    fn is_known(&self) -> bool {
        !self.ranges.is_empty()
    }

    fn knows(&self, target: &Target) -> bool {
        self.seeds.contains(target) || self.ranges.iter().any(|range| range.2 == *target)
    }

    fn candidate(&self, turn: usize) -> Target {
        let mut all: Vec<&Target> = self.seeds.iter().collect();
        for Range(_, _, target) in &self.ranges {
            if !all.contains(&target) {
                all.push(target);
            }
        }
        let place = turn.checked_rem(all.len()).unwrap_or_default();
        let nobody = || Target::new("", 0, false);
        all.get(place)
            .map_or_else(nobody, |target| (*target).clone())
    }
}

/// Where a node sends whoever asks it.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// The slot is there for good.
    Moved(Target),
    /// The slot is on its way there, and this of it has arrived.
    Ask(Target),
}

impl Way {
    fn of(error: &Error, said_by: &Target) -> Option<Self> {
        if error.kind() != ErrorKind::Redis(RedisFault::Refused) {
            return None;
        }
        let words = std::error::Error::source(error)?.to_string();
        let mut words = words.split_ascii_whitespace();
        let (kind, _slot, place) = (words.next()?, words.next()?, words.next()?);
        let (host, port) = place.rsplit_once(':')?;
        let target = node(host, port.parse().ok()?, said_by);
        match kind {
            "MOVED" => Some(Self::Moved(target)),
            "ASK" => Some(Self::Ask(target)),
            _ => None,
        }
    }
}

/// A node as one names it that does not know by which name it was found itself.
fn node(host: &str, port: u16, said_by: &Target) -> Target {
    let host = match host {
        "" | "?" => &said_by.host,
        host => host,
    };
    Target::new(host, port, said_by.tls)
}

/// The answer of `CLUSTER SLOTS`: first and last slot, and of each node host, port and more; the master first.
fn ranges(reply: RedisReply, said_by: &Target) -> Option<Vec<Range>> {
    let mut ranges = Vec::new();
    for range in reply.list() {
        let mut parts = range.list().into_iter();
        let mut slot = || u16::try_from(parts.next()?.int()?).ok();
        let (first, last) = (slot()?, slot()?);
        let mut master = parts.next()?.list().into_iter();
        let host = master.next()?.text().unwrap_or_default();
        let port = u16::try_from(master.next()?.int()?).ok()?;
        ranges.push(Range(first, last, node(&host, port, said_by)));
    }
    // One that knows of none has not joined yet, or has lost all others.
    (!ranges.is_empty() && ranges.len() <= usize::from(SLOTS)).then_some(ranges)
}

/// Whether a node is not there, or not for now: its slots may be another's by now.
fn is_gone(error: &Error) -> bool {
    use ErrorKind::{Deadline, Ended, Failed, Redis, Stalled};
    matches!(
        error.kind(),
        Redis(RedisFault::Lost | RedisFault::Deadline | RedisFault::Down | RedisFault::Busy)
            | Failed(_)
            | Deadline(_)
            | Ended
            | Stalled
    )
}

/// The slot of a key: of what stands between its first braces, where that is something.
fn slot(key: &[u8]) -> u16 {
    let mut parts = key.splitn(2, |byte| *byte == b'{');
    let tail = parts.nth(1);
    let tag = tail.and_then(|tail| {
        let end = tail.iter().position(|byte| *byte == b'}')?;
        tail.get(..end).filter(|tag| !tag.is_empty())
    });
    let mut sum: u16 = 0;
    for byte in tag.unwrap_or(key) {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            let carry = if sum & 0x8000 == 0 { 0 } else { 0x1021 };
            sum = (sum << 1) ^ carry;
        }
    }
    sum % SLOTS
}

/// How many slots each cluster has.
const SLOTS: u16 = 16_384;

/// How often one command is sent on: a slot that moves is found at the second node.
const HOPS_MAX: usize = 5;

/// How often it is asked where slots are, however many find out that one has moved.
const ASK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock as _, SystemClock};

    #[test]
    fn keys_with_the_same_text_in_braces_share_a_slot() {
        // As a server counts them: CLUSTER KEYSLOT.
        for (key, expected) in [
            ("", 0),
            ("foo", 12_182),
            ("{foo}:bar", 12_182),
            ("a{foo}{bar}", 12_182),
            ("123456789", 12_739),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
        assert_ne!(slot(b"{}foo"), slot(b"foo"), "empty braces are none");
        assert_ne!(slot(b"{foo"), slot(b"foo"));
    }

    #[test]
    fn a_node_that_sends_on_is_followed_whatever_name_it_gives() {
        let here = Target::new("one.example", 1, true);
        let refused =
            |words: &str| Error::redis(RedisFault::Refused, &here, Some(words.to_owned()));
        let way = |words| Way::of(&refused(words), &here);
        let moved = Way::Moved(Target::new("two.example", 2, true));
        assert_eq!(way("MOVED 3999 two.example:2"), Some(moved));
        let asked = Way::Ask(Target::new("::1", 2, true));
        assert_eq!(way("ASK 3999 ::1:2"), Some(asked));
        let nameless = Way::Moved(Target::new("one.example", 2, true));
        assert_eq!(way("MOVED 3999 :2"), Some(nameless));
        for words in ["", "MOVED", "MOVED 3999 nowhere", "ERR 3999 two.example:2"] {
            assert_eq!(way(words), None, "{words}");
        }
    }

    #[test]
    fn where_slots_are_is_asked_once_a_second_and_of_another_each_time() {
        let now = SystemClock.now();
        let [one, two, three] = [1, 2, 3].map(|port| Target::new("node.example", port, false));
        let mut slots = Slots::new(vec![one.clone(), two.clone()]);
        assert_eq!(slots.due(now), Some(two.clone()));
        assert_eq!(slots.due(now), None);
        assert_eq!(
            slots.due(now + ASK_EVERY),
            Some(one.clone()),
            "it did not answer"
        );
        slots.found(vec![
            Range(0, 99, one.clone()),
            Range(100, 16_383, three.clone()),
        ]);
        assert_eq!(slots.due(now + 2 * ASK_EVERY), None, "it is known");
        assert_eq!((slots.of(99), slots.of(100)), (one, three));
        slots.moved(7, two.clone());
        assert_eq!((slots.of(7), slots.of(8).port), (two, 1));
        // Each of all that are known has its turn.
        let turns = [2, 3, 4].map(|second| slots.due(now + second * ASK_EVERY));
        assert_eq!(turns.map(|whom| whom.unwrap().port), [1, 2, 3]);
    }

    #[test]
    fn who_has_no_answer_or_none_for_now_asks_where_slots_are() {
        let here = Target::new("one.example", 1, false);
        let slots = Mutex::new(Slots::new(vec![here.clone()]));
        let is_due = || std::mem::take(&mut lock(&slots).is_due);
        assert!(is_due(), "nothing is known");
        drop(Unanswered(Some(&slots)));
        assert!(is_due(), "who asked has gone");
        for (fault, expected) in [
            (RedisFault::Busy, true),
            (RedisFault::Down, true),
            (RedisFault::Refused, false),
        ] {
            let error = Error::redis(fault, &here, Some("CLUSTERDOWN".to_owned()));
            Unanswered(Some(&slots)).settle(is_gone(&error));
            assert_eq!(is_due(), expected, "{fault:?}");
        }
    }

    #[test]
    fn what_is_no_answer_of_a_cluster_tells_nothing() {
        let here = Target::new("one.example", 1, false);
        let int = RedisReply::Int;
        let list = RedisReply::List;
        let master = || {
            list(vec![
                RedisReply::Nil,
                int(7),
                RedisReply::Bytes("id".into()),
            ])
        };
        let whole = list(vec![list(vec![int(0), int(16_383), master()])]);
        let expected = vec![Range(0, 16_383, Target::new("one.example", 7, false))];
        assert_eq!(ranges(whole, &here), Some(expected));
        for odd in [
            RedisReply::Nil,
            list(vec![int(1)]),
            list(vec![list(vec![int(-1), int(5), master()])]),
            list(vec![list(vec![int(0), int(5)])]),
        ] {
            assert_eq!(ranges(odd, &here), None);
        }
    }
}
