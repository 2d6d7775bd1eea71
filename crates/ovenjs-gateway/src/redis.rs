//! The ports of a fleet over a Redis, for bots of several processes.
//!
//! What is here: [`RedisTurns`], by which all processes of a bot take turns to identify and share its
//! daily budget, and [`RedisSessions`], which remembers a process's sessions.
//!
//! Time is the server's, so that the clocks of the processes need not agree.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use ovenjs_net::{Clock as _, Entropy as _, RedisLink, RedisScript, SystemClock, SystemEntropy};
use ovenjs_ratelimit::{Hold, IdentifyBudget, IdentifyRules};
use ovenjs_types::{SessionStartLimit, ShardId};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Error, FleetState, IdentifyAsk, IdentifyPort, IdentifyTurn, PortError, SessionStore, Settled,
    Waiting, bus::checked_name,
};

/// The turns to identify of all processes of a bot, kept by a Redis.
///
/// - A turn is a lease of a minute. That of a process which died ends by itself and counts as spent.
/// - A Redis that cannot be reached gives no turns: shards that must identify wait for it, shards
///   that resume do not ask.
/// - A Redis that has lost its data gives the first turn after a pause, since it cannot know who
///   identified just before; only a turn that was out at that very moment can meet another. One that
///   writes down what it does (`appendonly yes`) does not get there.
/// - The daily budget is the least that any process was told by Discord, less what was taken since;
///   a tenth of it is kept back.
/// - Sessions that do not hold are counted by each process for its own shards, and a crash loop is
///   slowed down by that: what was counted is remembered with the process's sessions.
///
/// ```no_run
/// use std::sync::Arc;
/// use ovenjs_gateway::{RedisTurns, Wiring};
///
/// # fn wire(link: &ovenjs_net::RedisLink, wiring: Wiring) -> Result<Wiring, ovenjs_gateway::Error> {
/// // The same name in all processes of the bot.
/// let turns = RedisTurns::start(link, "my-bot")?;
/// Ok(wiring.identify(Arc::new(turns)))
/// # }
/// ```
pub struct RedisTurns {
    link: RedisLink,
    prefix: String,
    period: Duration,
    /// Marks what this process asks for.
    life: u64,
    asked: AtomicU64,
    told: Mutex<Told>,
    /// What this process's shards have begun, and what held.
    budget: Arc<Mutex<IdentifyBudget>>,
    ends: mpsc::Sender<End>,
    _task: JoinSet<()>,
}

/// What is known of session starts.
#[derive(Debug, Default)]
struct Told {
    /// What Discord said and the server has not heard yet.
    news: Option<SessionStartLimit>,
    /// As of this moment.
    left: Option<(SessionStartLimit, Instant)>,
}

impl RedisTurns {
    /// The turns of the bot `name`: at most 64 letters, digits, `_` and `-`, the same for all its
    /// processes. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the name is none.
    pub fn start(link: &RedisLink, name: &str) -> Result<Self, Error> {
        Self::start_with(link, name, IdentifyBudget::PERIOD)
    }

    /// As [`start`](Self::start), with another time between two identifies of a lane. Default 5.25 s:
    /// less only against a Discord of one's own. A turn's lease is twelve of it.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(link: &RedisLink, name: &str, period: Duration) -> Result<Self, Error> {
        checked_name(name, false)?;
        let (ends, waiting) = mpsc::channel(ENDS);
        let mut task = JoinSet::new();
        task.spawn(tell(link.clone(), waiting));
        Ok(Self {
            link: link.clone(),
            prefix: format!("ovenjs:turns:{name}"),
            period,
            life: SystemEntropy.u64(),
            asked: AtomicU64::new(0),
            told: Mutex::default(),
            budget: Arc::new(Mutex::new(IdentifyBudget::new())),
            ends,
            _task: task,
        })
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> IdentifyRules {
        let told = self.told();
        let known = told.news.or_else(|| told.left.map(|(left, _)| left));
        IdentifyRules::new(known.map_or(1, |limit| limit.max_concurrency))
    }

    /// How long the budget's own rules hold this shard back; the lanes are the server's.
    fn held_back(&self, shard: ShardId, rules: &IdentifyRules) -> Option<Delay> {
        let now_ms = wall_ms();
        let held = locked(&self.budget)
            .ask(now_ms, shard.number, rules)
            .err()?;
        let wait = Duration::from_millis(held.until_ms.saturating_sub(now_ms));
        let hold = Some(held.hold);
        (held.hold != Hold::Lane).then_some(Delay { wait, hold })
    }

    /// Asks once. Says how long it takes until the turn comes, or nothing where it is here.
    async fn ask(
        &self,
        place: &End,
        rules: &IdentifyRules,
    ) -> Result<Option<Delay>, ovenjs_net::Error> {
        let news = self.told().news;
        if let Some(limit) = news {
            let words = [
                limit.total.into(),
                limit.remaining.into(),
                limit.reset_after,
            ];
            let words = words.map(|number: u64| number.to_string());
            let arguments = words.each_ref().map(String::as_bytes);
            self.link.run(&LEARN, &[&place.keys[2]], &arguments).await?;
            let mut told = self.told();
            told.left = Some((limit, SystemClock.now()));
            if told.news == Some(limit) {
                told.news = None;
            }
        }
        let period = self.period.as_millis().to_string();
        let lease = self.period.saturating_mul(LEASE).as_millis().to_string();
        let stale = STALE.as_millis().to_string();
        let shard = place.shard.number.to_string();
        let reserve = rules.reserve_percent.to_string();
        let words = [
            place.token.as_bytes(),
            period.as_bytes(),
            lease.as_bytes(),
            stale.as_bytes(),
            shard.as_bytes(),
            reserve.as_bytes(),
        ];
        let keys = place.keys.each_ref().map(String::as_str);
        let mut reply = self
            .link
            .run(&TAKE, &keys, &words)
            .await?
            .list()
            .into_iter();
        let mut number = || reply.next().and_then(|word| word.int()).unwrap_or_default();
        let (granted, wait, left, resets, reserved) =
            (number(), number(), number(), number(), number());
        if left < 0 {
            // A server that has lost its data is told again what is known, as of now.
            let known = self.left();
            let mut told = self.told();
            told.news = told.news.or(known);
            return Ok(Some(Delay::default()));
        }
        if let Ok(remaining) = u32::try_from(left) {
            let now = SystemClock.now();
            if let Some((limit, at)) = &mut self.told().left {
                limit.remaining = remaining;
                limit.reset_after = u64::try_from(resets).unwrap_or(0);
                *at = now;
            }
        }
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
        let hold = (reserved == 1).then_some(Hold::Reserve);
        Ok((granted != 1).then_some(Delay { wait, hold }))
    }
}

impl IdentifyPort for RedisTurns {
    fn turn(&self, ask: IdentifyAsk) -> Waiting<'_, IdentifyTurn> {
        Box::pin(async move {
            let rules = self.rules();
            let lane = rules.lane(ask.shard.number);
            let count = self.asked.fetch_add(1, Ordering::Relaxed);
            let place = Place(
                Some(End {
                    token: format!("{:016x}-{count}", self.life),
                    keys: ["born", "lane", "budget", "queue", "seen"].map(|word| match word {
                        "born" | "budget" => format!("{}:{word}", self.prefix),
                        _ => format!("{}:{word}:{lane}", self.prefix),
                    }),
                    shard: ask.shard,
                    period: self.period,
                    settled: Settled::GivenBack,
                }),
                self.ends.clone(),
            );
            self.granted(&place, &rules, &ask).await;
            let budget = Arc::clone(&self.budget);
            IdentifyTurn::new(move |settled| {
                if settled == Settled::Spent {
                    locked(&budget).start(wall_ms(), ask.shard.number);
                }
                place.end(settled);
            })
        })
    }

    fn learn(&self, limit: SessionStartLimit) {
        let SessionStartLimit {
            total,
            remaining,
            reset_after,
            ..
        } = limit;
        locked(&self.budget).report(wall_ms(), total, remaining, reset_after);
        self.told().news = Some(limit);
    }

    fn held(&self, shard: ShardId) {
        locked(&self.budget).held(shard.number);
    }

    fn remember(&self, budget: &IdentifyBudget) {
        locked(&self.budget).merge(budget);
    }

    fn budget(&self) -> Option<IdentifyBudget> {
        Some(locked(&self.budget).clone())
    }

    fn left(&self) -> Option<SessionStartLimit> {
        let told = self.told();
        // What Discord said counts before the server has heard of it.
        if told.news.is_some() {
            return told.news;
        }
        let (mut left, at) = told.left?;
        let since = SystemClock.now().saturating_duration_since(at).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        if since >= left.reset_after {
            // They were counted anew since the server was asked.
            left.remaining = left.total;
        }
        left.reset_after = left.reset_after.saturating_sub(since);
        Some(left)
    }
}

impl fmt::Debug for RedisTurns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTurns")
            .field("prefix", &self.prefix)
            .field("left", &self.left())
            .finish_non_exhaustive()
    }
}

impl RedisTurns {
    /// Asks until the turn is granted.
    async fn granted(&self, place: &Place, rules: &IdentifyRules, ask: &IdentifyAsk) {
        let Some(end) = &place.0 else { return };
        let shard = end.shard;
        let mut silent = false;
        let mut told = None;
        loop {
            // A shard that is held back keeps no place: nobody waits behind it.
            let answer = match self.held_back(shard, rules) {
                Some(delay) => Ok(Some(delay)),
                None => self.ask(end, rules).await,
            };
            match answer {
                Ok(None) => return,
                Ok(Some(Delay { wait, hold })) => {
                    if let Some(hold) = hold
                        && told.replace(hold) != Some(hold)
                    {
                        ask.held(hold, wait);
                    }
                    tokio::time::sleep(wait.clamp(SHORTEST, LONGEST)).await;
                }
                Err(error) => {
                    if !silent {
                        tracing::warn!(
                            %shard,
                            %error,
                            "no turn to identify until the redis is there again",
                        );
                    }
                    silent = true;
                    tokio::time::sleep(LONGEST).await;
                }
            }
        }
    }
}

/// How long it takes until a turn comes, as it looks now, and why where that is worth telling.
#[derive(Default)]
struct Delay {
    wait: Duration,
    hold: Option<Hold>,
}

/// A place in the queue of a lane, and then its turn. Its end is told by a task, so that a drop does
/// not wait.
struct Place(Option<End>, mpsc::Sender<End>);

/// What a place is, and how it ended.
struct End {
    token: String,
    keys: [String; 5],
    shard: ShardId,
    period: Duration,
    settled: Settled,
}

impl Place {
    fn end(mut self, settled: Settled) {
        if let Some(end) = &mut self.0 {
            end.settled = settled;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            // Where there is no room for it, the lease ends it.
            drop(self.1.try_send(end));
        }
    }
}

fn locked(budget: &Mutex<IdentifyBudget>) -> MutexGuard<'_, IdentifyBudget> {
    budget.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wall time, by which a budget is remembered.
fn wall_ms() -> u64 {
    let since = SystemClock.wall().duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    u64::try_from(millis).unwrap_or(u64::MAX)
}

async fn tell(link: RedisLink, mut ends: mpsc::Receiver<End>) {
    while let Some(end) = ends.recv().await {
        let period = end.period.as_millis().to_string();
        let spent: &[u8] = match end.settled {
            Settled::Spent => b"1",
            Settled::GivenBack => b"0",
        };
        let words = [end.token.as_bytes(), period.as_bytes(), spent];
        let keys = end.keys.each_ref().map(String::as_str);
        while let Err(error) = link.run(&END, &keys, &words).await {
            tracing::debug!(%error, "the end of a turn is told later");
            tokio::time::sleep(LONGEST).await;
        }
    }
}

/// Asks for the turn of a lane. Keys: born, lane, budget, queue, seen. Arguments: token, period,
/// lease, stale, shard, percent to keep back. Those who wait are served by the numbers of their shards.
/// Answers whether it is granted, how long to wait, how many identifies are left,
/// when they are renewed, and whether what is left is kept back. Asking twice with a token is asking once.
static TAKE: RedisScript = RedisScript::repeatable(
    r"
local born, lane, budget, queue, seen = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, period, lease, stale = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local shard, reserve = tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', born, now, 'NX')
local known = redis.call('HMGET', budget, 'total', 'left', 'resets')
if not known[3] then return {0, 1000, -1, 0} end
local total, left, resets = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])
if now >= resets then
  left, resets = total, now + 86400000
  redis.call('HSET', budget, 'left', left, 'resets', resets)
end
local state = redis.call('HMGET', lane, 'owner', 'ends', 'free')
local owner, ends, free = state[1] or '', tonumber(state[2] or 0), tonumber(state[3] or 0)
if owner == token then return {1, 0, left, resets - now} end
redis.call('ZADD', queue, shard, token)
redis.call('HSET', seen, token, now)
for _, key in ipairs({lane, queue, seen}) do redis.call('PEXPIRE', key, 3600000) end
while true do
  local head = redis.call('ZRANGE', queue, 0, 0)[1]
  if head == token then break end
  if now - tonumber(redis.call('HGET', seen, head) or 0) <= stale then return {0, 250, left, resets - now} end
  redis.call('ZREM', queue, head)
  redis.call('HDEL', seen, head)
end
if owner ~= '' then
  if now < ends then return {0, ends - now, left, resets - now} end
  owner, free = '', math.max(free, ends + period)
  redis.call('HSET', lane, 'owner', '', 'free', free)
end
free = math.max(free, tonumber(redis.call('GET', born)) + period)
if now < free then return {0, free - now, left, resets - now} end
if left <= math.ceil(total * reserve / 100) then return {0, resets - now, left, resets - now, 1} end
redis.call('HSET', lane, 'owner', token, 'ends', now + lease)
redis.call('HSET', budget, 'left', left - 1)
redis.call('ZREM', queue, token)
redis.call('HDEL', seen, token)
return {1, 0, left - 1, resets - now}
",
);

/// Ends a place or a turn. The keys of the question; arguments: token, period, whether it was spent.
static END: RedisScript = RedisScript::repeatable(
    r"
local lane, budget, queue, seen = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, period, spent = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', queue, token)
redis.call('HDEL', seen, token)
local mine = redis.call('HGET', lane, 'owner') == token
if mine then redis.call('HSET', lane, 'owner', '') end
if spent then
  local free = tonumber(redis.call('HGET', lane, 'free') or 0)
  redis.call('HSET', lane, 'free', math.max(free, now + period))
  redis.call('PEXPIRE', lane, 3600000)
elseif mine then
  redis.call('HINCRBY', budget, 'left', 1)
end
return 1
",
);

/// Takes in what Discord said. Key: budget; arguments: total, remaining, and when it is renewed. In
/// the same day the least is true, since what was said may be older than what was taken.
static LEARN: RedisScript = RedisScript::repeatable(
    r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local total, left, resets = tonumber(ARGV[1]), tonumber(ARGV[2]), now + tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'left', 'resets')
if known[2] and now < tonumber(known[2]) and resets < tonumber(known[2]) + 60000 then
  left, resets = math.min(left, tonumber(known[1])), tonumber(known[2])
end
redis.call('HSET', KEYS[1], 'total', total, 'left', left, 'resets', resets)
return left
",
);

/// How many periods a turn is leased for: a minute, in which each step of connecting has its deadline.
const LEASE: u32 = 12;

/// After what time a place whose process says nothing is given up: some of the longest waits.
const STALE: Duration = Duration::from_secs(4);

/// Asking fifty times a second is often enough.
const SHORTEST: Duration = Duration::from_millis(20);

/// A place is kept by asking.
const LONGEST: Duration = Duration::from_secs(1);

/// As many as there can be lanes.
const ENDS: usize = 1_024;

/// Remembers the sessions of one process in a Redis, at the key `ovenjs:sessions:<place>`.
///
/// ```no_run
/// use ovenjs_gateway::{RedisSessions, SessionStore};
///
/// # async fn run(link: &ovenjs_net::RedisLink) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// // A place for each process of a bot, the same after its restart.
/// let store = RedisSessions::new(link, "my-bot-3")?;
/// let former = store.load().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisSessions {
    link: RedisLink,
    key: String,
}

impl RedisSessions {
    /// The store of the process `place`: at most 64 letters, digits, `_` and `-`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the place is no name.
    pub fn new(link: &RedisLink, place: &str) -> Result<Self, Error> {
        checked_name(place, false)?;
        Ok(Self {
            link: link.clone(),
            key: format!("ovenjs:sessions:{place}"),
        })
    }
}

impl SessionStore for RedisSessions {
    fn load(&self) -> Waiting<'_, Result<Option<FleetState>, PortError>> {
        Box::pin(async {
            let Some(bytes) = self.link.get(&self.key).await? else {
                return Ok(None);
            };
            Ok(Some(FleetState::from_bytes(&bytes)?))
        })
    }

    fn save(&self, state: FleetState) -> Waiting<'_, Result<(), PortError>> {
        Box::pin(async move {
            self.link.set(&self.key, &state.to_bytes(), None).await?;
            Ok(())
        })
    }
}
