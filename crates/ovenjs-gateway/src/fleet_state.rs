//! What one process leaves to the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use bytes::{BufMut, Bytes, BytesMut};
use ovenjs_ratelimit::IdentifyBudget;
use ovenjs_types::{Dispatch, Id, Origin, ShardId, Version, marker::GuildMarker};
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Resume, SessionGap};

/// What another process needs to go on where this one stopped: the sessions of its shards, what was
/// delivered and taken by nobody, and whatever others have put beside them as named parts (a cache, open components).
///
/// It is written with [`to_bytes`](Self::to_bytes) and read with [`from_bytes`](Self::from_bytes),
/// which refuses what is damaged, of a later version or no such state at all, and says so. It holds no
/// token, but it lets one who has the token take the sessions over: keep it from others' eyes.
///
/// ```
/// use ovenjs_gateway::FleetState;
///
/// let mut state = FleetState::default();
/// state.put("cache", b"what the cache remembers".as_slice());
/// let written = state.to_bytes();
///
/// let read = FleetState::from_bytes(&written)?;
/// assert_eq!(read.part("cache").map(|part| &part[..]), Some(&b"what the cache remembers"[..]));
/// assert!(FleetState::from_bytes(&written[1..]).is_err());
/// # Ok::<(), ovenjs_gateway::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FleetState {
    head: Head,
    waiting: Vec<Waiting>,
    parts: BTreeMap<String, Bytes>,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Whose sessions they are: the first part of the token, which is the bot's id and no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bot: Option<String>,
    /// The highest epoch that was used.
    epoch: u64,
    sessions: Vec<Resume>,
    /// The identifies of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget: Option<IdentifyBudget>,
    /// How many deliveries follow.
    #[serde(default)]
    waiting: u64,
}

/// What was delivered by a shard and taken by nobody: the next process delivers it first.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// An event.
    Dispatch {
        /// Shard, version and name.
        head: WaitingHead,
        /// The payload.
        raw: Bytes,
    },
    /// A gap.
    Gap(SessionGap),
}

/// What is written of a delivery beside its payload.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WaitingHead {
    shard: [u32; 2],
    version: [u64; 2],
    /// Discord's name of the event; a gap has none, and its `last_seq` as version.
    name: Option<String>,
    /// Whom it is for, where that is not everyone.
    #[serde(default, skip_serializing_if = "Whom::is_everyone")]
    whom: Whom,
    /// Guilds that a gap does not concern.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    spared: BTreeSet<Id<GuildMarker>>,
}

/// Whom an event that waits is for: see [`Delivery`](crate::Delivery).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Whom {
    #[default]
    Everyone,
    Handlers,
    State,
}

impl Whom {
    fn is_everyone(&self) -> bool {
        *self == Self::Everyone
    }
}

impl Waiting {
    #[cfg_attr(
        not(any(feature = "net", test)),
        expect(dead_code, reason = "only shards that run are handed over")
    )]
    pub(crate) fn dispatch(dispatch: &Dispatch, whom: Whom) -> Option<Self> {
        let Origin::Gateway(shard) = dispatch.origin else {
            return None;
        };
        let Version { epoch, seq } = dispatch.version;
        let head = WaitingHead {
            shard: [shard.number, shard.total],
            version: [epoch, seq],
            name: Some(dispatch.name().to_owned()),
            whom,
            spared: BTreeSet::new(),
        };
        let raw = dispatch.raw.clone();
        Some(Self::Dispatch { head, raw })
    }

    /// The event, or else the gap.
    #[cfg_attr(
        not(any(feature = "net", test)),
        expect(dead_code, reason = "only shards that run are handed over")
    )]
    pub(crate) fn restore(&self) -> Result<(Dispatch, Whom), Option<SessionGap>> {
        match self {
            Self::Gap(gap) => Err(Some(gap.clone())),
            Self::Dispatch { head, raw } => {
                let (Some(shard), Some(name)) = (head.shard(), &head.name) else {
                    return Err(None);
                };
                let [epoch, seq] = head.version;
                let version = Version { epoch, seq };
                let dispatch = Dispatch::new(Origin::Gateway(shard), version, name, raw.clone());
                Ok((dispatch, head.whom))
            }
        }
    }

    fn written(&self) -> (WaitingHead, Bytes) {
        match self {
            Self::Dispatch { head, raw } => (head.clone(), raw.clone()),
            Self::Gap(gap) => {
                let head = WaitingHead {
                    shard: [gap.shard.number, gap.shard.total],
                    version: [0, gap.last_seq],
                    name: None,
                    whom: Whom::Everyone,
                    spared: gap.spared.as_deref().cloned().unwrap_or_default(),
                };
                (head, Bytes::new())
            }
        }
    }

    fn read(head: WaitingHead, raw: &[u8]) -> Option<Self> {
        let shard = head.shard()?;
        let [_, last_seq] = head.version;
        Some(if head.name.is_some() {
            let raw = Bytes::copy_from_slice(raw);
            Self::Dispatch { head, raw }
        } else {
            Self::Gap(SessionGap::new(shard, last_seq).sparing(head.spared))
        })
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dispatch { head, .. } => f.write_str(head.name.as_deref().unwrap_or("?")),
            Self::Gap(gap) => gap.fmt(f),
        }
    }
}

impl WaitingHead {
    const fn shard(&self) -> Option<ShardId> {
        let [number, total] = self.shard;
        ShardId::new(number, total)
    }
}

impl FleetState {
    /// The state of these sessions. `epoch` is the highest that was used.
    #[cfg_attr(
        not(any(feature = "net", test)),
        expect(dead_code, reason = "only shards that run are handed over")
    )]
    pub(crate) fn new(
        token: &str,
        epoch: u64,
        sessions: Vec<Resume>,
        waiting: Vec<Waiting>,
        budget: Option<IdentifyBudget>,
    ) -> Self {
        Self {
            head: Head {
                bot: bot_of(token),
                epoch,
                sessions,
                budget,
                waiting: u64::try_from(waiting.len()).unwrap_or(u64::MAX),
            },
            waiting,
            parts: BTreeMap::new(),
        }
    }

    /// The sessions that can be resumed.
    #[must_use]
    pub fn sessions(&self) -> &[Resume] {
        &self.head.sessions
    }

    /// How many shards the bot had: run as many to resume the sessions. Nothing where there is none.
    #[must_use]
    pub fn shards(&self) -> Option<u32> {
        let totals = self.head.sessions.iter().filter_map(Resume::shard);
        totals.map(|shard| shard.total).max()
    }

    /// The identifies of the last day, where the fleet counts them.
    pub(crate) const fn budget(&self) -> Option<&IdentifyBudget> {
        self.head.budget.as_ref()
    }

    /// What was delivered and taken by nobody.
    pub(crate) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// The highest epoch that was used; the next session's is above it.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.head.epoch
    }

    /// Puts a part beside the sessions, instead of one of the same name. What its bytes mean is the
    /// business of whoever put it there.
    pub fn put(&mut self, name: impl Into<String>, bytes: impl Into<Bytes>) {
        self.parts.insert(name.into(), bytes.into());
    }

    /// A part that was put there.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Bytes> {
        self.parts.get(name)
    }

    /// The names of all parts, in their order.
    pub fn part_names(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// Whether the sessions can be those of the bot with this token. One cannot tell with a token that
    /// is not of Discord's form.
    pub(crate) fn is_of(&self, token: &str) -> bool {
        match (&self.head.bot, bot_of(token)) {
            (Some(one), Some(other)) => *one == other,
            _ => true,
        }
    }

    /// The state as bytes, to be read by this version or a later one.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        // Strings and numbers can always be written.
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        let parts: usize = self
            .parts
            .iter()
            .map(|(name, part)| name.len() + part.len() + 16)
            .sum();
        let mut bytes = BytesMut::with_capacity(MAGIC.len() + head.len() + parts + 20);
        bytes.put_slice(MAGIC);
        bytes.put_u32(VERSION);
        let mut put = |part: &[u8]| {
            bytes.put_u64(u64::try_from(part.len()).unwrap_or(u64::MAX));
            bytes.put_slice(part);
        };
        put(&head);
        for (head, raw) in self.waiting.iter().map(Waiting::written) {
            put(&serde_json::to_vec(&head).unwrap_or_default());
            put(&raw);
        }
        for (name, part) in &self.parts {
            put(name.as_bytes());
            put(part);
        }
        let sum = checksum(&bytes);
        bytes.put_u64(sum);
        bytes.freeze()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`], which tells whether the bytes are no state or damaged, and
    /// [`ErrorKind::StateVersion`] where they are of another version. Without a state the bot begins new
    /// sessions, so it can be deleted.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let refuse = |why: &'static str| Error::new(ErrorKind::State, why);
        let (magic, rest) = bytes
            .split_at_checked(MAGIC.len())
            .ok_or_else(|| refuse(FOREIGN))?;
        if magic != MAGIC {
            return Err(refuse(FOREIGN));
        }
        let (version, _) = number(rest).ok_or_else(|| refuse(DAMAGED))?;
        if version != VERSION {
            return Err(Error::new(ErrorKind::StateVersion, OTHER_VERSION));
        }
        let whole = bytes
            .len()
            .checked_sub(SUM_BYTES)
            .and_then(|body| bytes.split_at_checked(body));
        let (body, sum) = whole.ok_or_else(|| refuse(DAMAGED))?;
        if sum != checksum(body).to_be_bytes() {
            return Err(refuse(DAMAGED));
        }
        let mut fields = Fields(body.get(MAGIC.len() + 4..).unwrap_or_default());
        let head = fields.next().ok_or_else(|| refuse(DAMAGED))?;
        let head: Head =
            serde_json::from_slice(head).map_err(|error| refuse(DAMAGED).with_source(error))?;
        let mut waiting = Vec::new();
        for _ in 0..head.waiting {
            let one = fields.next().zip(fields.next()).and_then(|(head, raw)| {
                let head = serde_json::from_slice(head).ok()?;
                Waiting::read(head, raw)
            });
            waiting.push(one.ok_or_else(|| refuse(DAMAGED))?);
        }
        let mut parts = BTreeMap::new();
        while let Some(name) = fields.next() {
            let name = std::str::from_utf8(name).map_err(|_| refuse(DAMAGED))?;
            let part = fields.next().ok_or_else(|| refuse(DAMAGED))?;
            parts.insert(name.to_owned(), Bytes::copy_from_slice(part));
        }
        if !fields.0.is_empty() {
            return Err(refuse(DAMAGED));
        }
        Ok(Self {
            head,
            waiting,
            parts,
        })
    }
}

impl fmt::Debug for FleetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetState")
            .field("epoch", &self.head.epoch)
            .field("sessions", &self.head.sessions)
            .field("waiting", &self.head.waiting)
            .field("parts", &self.parts.keys())
            .finish_non_exhaustive()
    }
}

/// A token of Discord's is three parts with dots between; the first is the bot's id.
fn bot_of(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(bot), Some(_), Some(_), None) if !bot.is_empty() => Some(bot.to_owned()),
        _ => None,
    }
}

/// Fields, each with its length before it.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (four, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*four), rest))
}

/// FNV-1a. It finds accidents; who may write the state may also reckon a sum.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

const MAGIC: &[u8] = b"ovenjs fleet state\n";
const VERSION: u32 = 1;
const SUM_BYTES: usize = 8;

const FOREIGN: &str = "this is no state of a fleet: check where it was to be read from";
const OTHER_VERSION: &str = "the state is of another version of ovenjs: start that one, or delete the state \
                             to begin new sessions";
const DAMAGED: &str = "the state is damaged: delete it, and new sessions are begun";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget() -> Option<IdentifyBudget> {
        let mut budget = IdentifyBudget::new();
        budget.start(1_800_000_000_000, 3);
        Some(budget)
    }

    fn waiting() -> Vec<Waiting> {
        let shard = ShardId::default();
        let version = Version { epoch: 3, seq: 9 };
        let event = Dispatch::new(
            Origin::Gateway(shard),
            version,
            "COUNTED",
            b"[1]".as_slice(),
        );
        let gap = SessionGap::new(shard, 7).sparing(BTreeSet::from([Id::new(5)]));
        vec![
            Waiting::Gap(gap),
            Waiting::dispatch(&event, Whom::Handlers).unwrap(),
        ]
    }

    fn state(parts: BTreeMap<String, Vec<u8>>) -> FleetState {
        let session =
            serde_json::from_str(r#"{"shard":[0,1],"session_id":"s","url":null,"version":[3,7]}"#);
        let mut state = FleetState::new(
            "MTIz.x.secret",
            3,
            vec![session.unwrap()],
            waiting(),
            budget(),
        );
        for (name, part) in parts {
            state.put(name, part);
        }
        state
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(parts in prop::collection::btree_map(".{0,9}", prop::collection::vec(any::<u8>(), 0..99), 0..4)) {
            let state = state(parts);
            prop_assert_eq!(FleetState::from_bytes(&state.to_bytes()).unwrap(), state);
        }

        #[test]
        fn one_byte_changed_or_lost_is_found(at in any::<prop::sample::Index>(), by in 1_u8.., cut in any::<bool>()) {
            let mut bytes = state(BTreeMap::from([("p".to_owned(), vec![1, 2])])).to_bytes().to_vec();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] = bytes[at].wrapping_add(by);
            }
            let error = FleetState::from_bytes(&bytes).unwrap_err();
            prop_assert!(matches!(error.kind(), ErrorKind::State | ErrorKind::StateVersion));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let framed = [MAGIC, &VERSION.to_be_bytes(), &bytes].concat();
            let summed = [&framed[..], &checksum(&framed).to_be_bytes()].concat();
            let _ = (FleetState::from_bytes(&bytes), FleetState::from_bytes(&summed));
        }
    }

    #[test]
    fn each_fault_is_called_by_its_name() {
        let told = |bytes: &[u8]| FleetState::from_bytes(bytes).unwrap_err().to_string();
        let good = state(BTreeMap::new()).to_bytes();
        assert!(told(b"{}").contains("no state"));
        assert!(told(&good[..good.len() - 1]).contains("damaged"));
        let mut later = good.to_vec();
        later[MAGIC.len() + 3] += 1;
        assert!(told(&later).contains("another version"));
    }

    #[test]
    fn a_state_knows_its_bot_and_not_the_token() {
        let state = state(BTreeMap::new());
        assert!(state.is_of("MTIz.y.other") && !state.is_of("NDU2.x.secret"));
        assert!(state.is_of("of no form"));
        let written = String::from_utf8_lossy(&state.to_bytes()).into_owned();
        assert!(!written.contains("secret") && !format!("{state:?}").contains("\"s\""));
        assert_eq!(bot_of("a secret of another form"), None);
    }
}
