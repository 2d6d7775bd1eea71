//! Guilds that are not here: packed, with somebody else, until they are brought back.
//!
//! A guild leaves in two steps, so that it is always somewhere: [`Mirror::pack`] gives its block and begins to
//! keep its events beside; once the block is safe, [`Mirror::let_go`] forgets it here. What then comes for the
//! guild waits as it came, and is applied when [`Mirror::bring_back`] is given the block. `GUILD_CREATE` makes
//! all of that superfluous, and so does the guild's end.
//!
//! What waits has a bound. Beyond it events are counted and lost, and the guild comes back
//! [stale](super::GuildState::is_stale), as after a lost session.
//!
//! Users belong to all guilds, and what an event tells of them has to be known at once. So each event that waits
//! is folded into a block of its own as well, the residue, which holds its users; when the block comes back,
//! nothing in it or in what waited is taken for news of a user.

use std::cell::RefCell;

use bytes::{BufMut as _, Bytes};
use ovenjs_types::{Dispatch, Id, Origin, ShardId, json::Scratch, marker::GuildMarker};

use super::{
    Mirror, Stripe,
    block::{Block, Shared},
    snapshot::{Cut, form, put_bytes, put_count, put_version},
    write_lock,
};
use crate::{
    Error,
    packed::{Named, put_varint},
    tiers::Version,
};

/// A guild as bytes, on its way to where it is kept or back.
///
/// What users wrote is among it where messages are kept, so keep it from others' eyes.
///
/// ```
/// use ovenjs_cache::mirror::{GuildBlock, Keep, Mirror, Returned};
/// use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
///
/// let mirror = Mirror::new(Keep::new());
/// let feed = |name: &str, raw: &'static str| {
///     mirror.apply(&Dispatch::new(Origin::default(), Version::default(), name, raw), &mut Scratch::new());
/// };
/// feed("GUILD_CREATE", r#"{"id":"1","name":"Bakery","channels":[{"id":"2","type":0,"name":"general"}]}"#);
///
/// let guild = Id::new(1);
/// let block = mirror.pack(guild).unwrap();
/// let bytes = block.bytes().clone();
/// assert!(mirror.let_go(&block));
/// // A read says so, and asks nobody.
/// assert!(mirror.state(guild).unwrap().is_away && mirror.channel(Id::new(2)).is_none());
/// feed("CHANNEL_UPDATE", r#"{"id":"2","type":0,"guild_id":"1","name":"bread"}"#);
///
/// let block = GuildBlock::from_bytes(guild, bytes)?;
/// assert_eq!(mirror.bring_back(&block)?, Returned::Back);
/// assert_eq!(mirror.channel(Id::new(2)).unwrap().name.as_deref(), Some("bread"));
/// # Ok::<(), ovenjs_cache::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildBlock {
    guild: u64,
    version: Version,
    bytes: Bytes,
    /// Which leaving it belongs to; 0 where it was read.
    leaving: u64,
}

impl GuildBlock {
    /// The guild.
    #[must_use]
    pub fn guild(&self) -> Option<Id<GuildMarker>> {
        Id::new_checked(self.guild)
    }

    /// That of the last event that is in it: of two blocks of a guild, it tells which is older.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The bytes, for [`from_bytes`](Self::from_bytes).
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The block of this guild which some mirror packed.
    ///
    /// # Errors
    ///
    /// Bytes that are no block, another guild's, or another version's. What is damaged behind their head is met by
    /// [`Mirror::bring_back`].
    pub fn from_bytes(guild: Id<GuildMarker>, bytes: Bytes) -> Result<Self, Error> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(Error::foreign)?;
        let mut cut = Cut(rest);
        if u64::from_le_bytes(cut.array()?) != form() {
            return Err(Error::version());
        }
        if u64::from_le_bytes(cut.array()?) != guild.get() {
            return Err(Error::foreign());
        }
        let version = cut.version()?;
        Ok(Self {
            guild: guild.get(),
            version,
            bytes,
            leaving: 0,
        })
    }

    pub(super) fn of(block: &Block, shared: &Shared, leaving: u64) -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.put_u64_le(form());
        bytes.put_u64_le(block.id);
        block.write(shared, &mut bytes);
        Self {
            guild: block.id,
            version: block.version,
            bytes: bytes.into(),
            leaving,
        }
    }

    pub(super) fn read(&self, shared: &Shared) -> Result<Block, Error> {
        let body = self.bytes.get(HEAD_BYTES..).ok_or_else(Error::damaged)?;
        Block::read_back(shared, self.guild, body)
    }
}

/// What became of a block that was to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Returned {
    /// The guild is here again, as new as if it had never left.
    Back,
    /// It is here again from an older block than the one that left, or without some of what came since: it is
    /// [stale](super::GuildState::is_stale).
    Stale,
    /// It was here already, which is newer.
    Here,
    /// The mirror does not know the guild any more: it was left meanwhile.
    Gone,
}

/// How much of a mirror is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AwayTally {
    /// How many guilds are away.
    pub guilds: usize,
    /// How many events wait for them.
    pub events: usize,
    /// What those take here, with what they tell of users.
    pub bytes: usize,
    /// How many did not fit and were lost since the mirror began, each of which made its guild stale.
    pub lost: u64,
}

/// A guild that is away, or leaves just now.
#[derive(Debug, Default)]
pub(crate) struct Away {
    /// That of the block that leaves.
    version: Version,
    leaving: u64,
    /// What left, in bytes.
    packed: usize,
    is_stale: bool,
    /// Whether what left says so itself. Not known of what a former process let go, which is as good as no.
    left_stale: bool,
    /// What came since, in its order.
    tail: Vec<Dispatch>,
    tail_bytes: usize,
    /// What the tail tells, where the block is not here.
    residue: Option<Box<Block>>,
    /// The bytes that the budget knows of.
    counted: usize,
}

impl Away {
    pub(super) fn add_to(&self, tally: &mut AwayTally, is_here: bool) {
        tally.guilds += usize::from(!is_here);
        tally.events += self.tail.len();
        tally.bytes += self.bytes();
    }

    pub(super) const fn is_stale(&self) -> bool {
        self.is_stale
    }

    pub(super) const fn outdate(&mut self) {
        self.is_stale = true;
    }

    fn bytes(&self) -> usize {
        let residue = self.residue.as_ref().map_or(0, |residue| residue.bytes());
        size_of::<Self>() + self.tail_bytes + residue
    }

    pub(super) fn count(&mut self, shared: &Shared) {
        let after = self.bytes();
        shared.budget.count((self.counted, 0), (after, 0));
        self.counted = after;
    }

    /// Lets an event wait, where there is room; whether there was.
    fn push(&mut self, event: &Dispatch) -> bool {
        let bytes = weight(event);
        if self.tail_bytes + bytes > FULL_BYTES.max(self.room() * FULL) {
            self.is_stale = true;
            return false;
        }
        let mut event = event.clone();
        // It may be a part of something larger.
        event.raw = Bytes::copy_from_slice(&event.raw);
        self.tail.push(event);
        self.tail_bytes += bytes;
        true
    }

    /// What may wait until the guild should come back.
    fn room(&self) -> usize {
        (self.packed / PART).clamp(TAIL_BYTES_MIN, TAIL_BYTES_MAX)
    }

    /// What left, in bytes.
    #[cfg(feature = "tiers")]
    pub(super) const fn packed(&self) -> usize {
        self.packed
    }

    #[cfg(feature = "tiers")]
    pub(super) const fn is_unlike_its_block(&self) -> bool {
        !self.tail.is_empty() || (self.is_stale && !self.left_stale)
    }

    pub(super) fn wants_back(&self) -> bool {
        self.tail_bytes > self.room()
    }

    /// An event of the guild has come. `change` is what it does to a block that is here.
    pub(super) fn note(
        &mut self,
        id: u64,
        shared: &Shared,
        event: &Dispatch,
        change: impl FnOnce(&mut Block, &Shared),
    ) {
        if self.push(event) {
            let residue = self
                .residue
                .get_or_insert_with(|| Box::new(Block::residue(id)));
            change(residue, shared);
        } else {
            shared.budget.lose(1);
        }
        self.count(shared);
    }

    /// The same while the block is still here, which was changed already. Whether it may still leave: it stays where
    /// too much comes.
    pub(super) fn note_leaving(&mut self, shared: &Shared, event: &Dispatch) -> bool {
        let has_room = self.push(event);
        self.count(shared);
        has_room
    }

    /// Takes out what waits of a user; whether there was any. Then events are missing, and the guild is stale.
    pub(super) fn forget_user(&mut self, shared: &Shared, user: &Named) -> bool {
        let before = self.tail.len();
        self.tail.retain(|event| !user.is_in(&event.raw));
        let lost = before - self.tail.len();
        self.is_stale |= lost > 0;
        self.tail_bytes = self.tail.iter().map(weight).sum();
        shared.budget.lose(lost);
        let residue = self.residue.as_mut();
        let knew = residue.is_some_and(|residue| residue.forget_user(shared, user));
        self.count(shared);
        knew || lost > 0
    }

    /// What waited is not wanted any more. `next` is what stands in the guild's place.
    pub(super) fn leave(mut self, shared: &Shared, next: Option<&Block>) {
        if let Some(residue) = self.residue.take() {
            residue.leave(shared, next);
        }
        shared.budget.count((self.counted, 0), (0, 0));
    }

    /// Forgets what waits; how many events that were.
    pub(super) fn forget_tail(&mut self, shared: &Shared) -> usize {
        let lost = std::mem::take(&mut self.tail).len();
        self.is_stale |= lost > 0;
        self.tail_bytes = 0;
        if let Some(residue) = self.residue.take() {
            residue.leave(shared, None);
        }
        self.count(shared);
        lost
    }

    /// Writes it for the next process.
    pub(super) fn write(&self, shared: &Shared, out: &mut Vec<u8>) {
        put_version(self.version, out);
        out.push(u8::from(self.is_stale));
        put_count(self.packed, out);
        put_count(self.tail.len(), out);
        for event in &self.tail {
            let shard = match event.origin {
                Origin::Gateway(shard) => shard,
                _ => ShardId::default(),
            };
            for number in [
                shard.number.into(),
                shard.total.into(),
                event.version.epoch,
                event.version.seq,
            ] {
                put_varint(out, number);
            }
            put_bytes(event.name().as_bytes(), out);
            put_bytes(&event.raw, out);
        }
        let mut residue = Vec::new();
        if let Some(block) = &self.residue {
            block.write(shared, &mut residue);
        }
        put_bytes(&residue, out);
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(super) fn read_back(shared: &Shared, id: u64, bytes: &[u8]) -> Result<Self, Error> {
        let mut cut = Cut(bytes);
        let version = cut.version()?;
        let [is_stale] = cut.array()?;
        let packed = usize::try_from(cut.number()?).map_err(|_| Error::damaged())?;
        let mut away = Self {
            version,
            packed,
            is_stale: is_stale == 1,
            ..Self::default()
        };
        for _ in 0..cut.number()? {
            let mut narrow = || u32::try_from(cut.number()?).map_err(|_| Error::damaged());
            let shard = ShardId::new(narrow()?, narrow()?).ok_or_else(Error::damaged)?;
            let version = ovenjs_types::Version {
                epoch: cut.number()?,
                seq: cut.number()?,
            };
            let name = std::str::from_utf8(cut.bytes()?).map_err(|_| Error::damaged())?;
            let raw = cut.bytes()?;
            let event = Dispatch::new(Origin::Gateway(shard), version, name, raw.to_vec());
            if !away.push(&event) {
                return Err(Error::damaged());
            }
        }
        let residue = cut.bytes()?;
        if !cut.0.is_empty() {
            return Err(Error::damaged());
        }
        if !residue.is_empty() {
            let mut residue = Block::read_back(shared, id, residue)?;
            residue.be_residue();
            away.residue = Some(Box::new(residue));
        }
        away.count(shared);
        Ok(away)
    }
}

impl Mirror {
    /// Whether a guild is known and not here: [`bring_back`](Self::bring_back) changes that, and `GUILD_CREATE`.
    #[must_use]
    pub fn is_away(&self, guild: Id<GuildMarker>) -> bool {
        let id = guild.get();
        self.with_stripe(id, |stripe| {
            stripe.away.contains_key(&id) && !stripe.blocks.contains_key(&id)
        })
        .unwrap_or_default()
    }

    /// The block of a guild that is here, which begins to leave: its events are kept beside until
    /// [`let_go`](Self::let_go) or [`stay`](Self::stay). Nothing where it is not here, or leaves already.
    ///
    /// The guild's events and reads wait while it is packed, some 100 ns for each member.
    #[must_use]
    pub fn pack(&self, guild: Id<GuildMarker>) -> Option<GuildBlock> {
        let id = guild.get();
        let leaving = self.next_leaving();
        self.with_stripe_mut(id, |stripe, shared| {
            let block = stripe.blocks.get(&id)?;
            if stripe.away.contains_key(&id) {
                return None;
            }
            let packed = GuildBlock::of(block, shared, leaving);
            let mut away = Away {
                version: packed.version,
                leaving,
                packed: packed.bytes.len(),
                is_stale: block.is_stale,
                left_stale: block.is_stale,
                ..Away::default()
            };
            away.count(shared);
            stripe.away.insert(id, away);
            Some(packed)
        })?
    }

    /// A copy of the block of a guild that is here, which goes on as it is. Nothing where it is not here.
    #[must_use]
    pub fn copy_block(&self, guild: Id<GuildMarker>) -> Option<GuildBlock> {
        self.with_stripe(guild.get(), |stripe| {
            let block = stripe.blocks.get(&guild.get())?;
            Some(GuildBlock::of(block, &self.0.shared, 0))
        })?
    }

    /// Forgets the guild here, since the block is kept elsewhere; whether it did. It does not where the guild was
    /// sent anew or left since it was [packed](Self::pack), or where too much came meanwhile: it stays then.
    pub fn let_go(&self, packed: &GuildBlock) -> bool {
        let id = packed.guild;
        let gone = self.with_stripe_mut(id, |stripe, shared| {
            let is_meant = |away: &Away| away.leaving == packed.leaving && packed.leaving != 0;
            let Some(away) = stripe.away.get_mut(&id).filter(|away| is_meant(away)) else {
                return false;
            };
            let Some(block) = stripe.blocks.get(&id) else {
                return false;
            };
            if away.wants_back() {
                if let Some(away) = stripe.away.remove(&id) {
                    away.leave(shared, Some(block));
                }
                return false;
            }
            away.is_stale = block.is_stale;
            if !away.tail.is_empty() {
                // What it tells of users is known.
                let residue = self.replayed(Block::residue(id), &away.tail);
                away.residue = Some(Box::new(residue));
            }
            away.count(shared);
            let residue = away.residue.as_deref();
            if let Some(block) = stripe.blocks.remove(&id) {
                shared.budget.forget(&block);
                block.leave(shared, residue);
            }
            true
        });
        gone.unwrap_or_default()
    }

    /// A guild that was [packed](Self::pack) does not leave after all.
    pub fn stay(&self, packed: &GuildBlock) {
        let id = packed.guild;
        self.with_stripe_mut(id, |stripe, shared| {
            let block = stripe.blocks.get(&id).map(|block| &**block);
            let is_meant = |away: &Away| block.is_some() && away.leaving == packed.leaving;
            if stripe.away.get(&id).is_some_and(is_meant)
                && let Some(away) = stripe.away.remove(&id)
            {
                away.leave(shared, block);
            }
        });
    }

    /// Takes back a guild that is away, with all that has come for it since.
    ///
    /// # Errors
    ///
    /// A block that is damaged. The guild stays away.
    pub fn bring_back(&self, packed: &GuildBlock) -> Result<Returned, Error> {
        let id = packed.guild;
        let guild = packed.guild().ok_or_else(Error::foreign)?;
        if !self.is_away(guild) {
            let is_here = self.with_stripe(id, |stripe| stripe.blocks.contains_key(&id));
            return Ok(if is_here.unwrap_or_default() {
                Returned::Here
            } else {
                Returned::Gone
            });
        }
        let block = packed.read(&self.0.shared)?;
        let returned = self.with_stripe_mut(id, |stripe, shared| {
            let here = stripe.blocks.get(&id).map(|here| &**here);
            if here.is_some() || !stripe.away.contains_key(&id) {
                block.leave(shared, here);
                return if here.is_some() {
                    Returned::Here
                } else {
                    Returned::Gone
                };
            }
            let Some(mut away) = stripe.away.remove(&id) else {
                return Returned::Gone;
            };
            let mut block = self.replayed(block, &std::mem::take(&mut away.tail));
            block.is_stale = away.is_stale || packed.version != away.version;
            let returned = if block.is_stale {
                Returned::Stale
            } else {
                Returned::Back
            };
            away.leave(shared, Some(&block));
            stripe.place(block, shared);
            returned
        });
        self.keep_within_budget();
        Ok(returned.unwrap_or(Returned::Gone))
    }

    /// Takes the block of a former process, where the guild is not known yet; whether it did. It is
    /// [stale](super::GuildState::is_stale), until Discord sends it anew; or, where it `is_whole`, until
    /// [`resumed`](Self::resumed) is told of its shard: say that where the block knows all that was delivered
    /// before the place from which the session is to go on.
    ///
    /// # Errors
    ///
    /// A block that is damaged.
    pub fn enter(&self, packed: &GuildBlock, is_whole: bool) -> Result<bool, Error> {
        let id = packed.guild;
        packed.guild().ok_or_else(Error::foreign)?;
        let mut block = packed.read(&self.0.shared)?;
        block.waits_for_session = is_whole && !block.is_stale;
        block.is_stale = true;
        let is_taken = self.with_stripe_mut(id, |stripe, shared| {
            let here = stripe.blocks.get(&id).map(|here| &**here);
            if here.is_some() || stripe.away.contains_key(&id) {
                block.leave(shared, here);
                return false;
            }
            stripe.place(block, shared);
            true
        });
        self.keep_within_budget();
        Ok(is_taken.unwrap_or_default())
    }

    /// The session of a shard goes on where the former process left it: the guilds that
    /// [entered](Self::enter) whole are stale no more.
    pub fn resumed(&self, shard: ShardId) {
        for stripe in &self.0.stripes {
            for block in write_lock(stripe).blocks.values_mut() {
                let guild = Id::new_checked(block.id);
                let is_of = guild.is_some_and(|id| ShardId::of_guild(id, shard.total) == shard);
                if is_of && block.waits_for_session {
                    block.waits_for_session = false;
                    block.is_stale = false;
                }
            }
        }
    }

    /// A block to which these events have come late.
    fn replayed(&self, mut block: Block, tail: &[Dispatch]) -> Block {
        block.set_behind(true);
        let block = RefCell::new(block);
        let mut scratch = Scratch::new();
        for event in tail {
            self.fold_event(event, &mut scratch, false, Some(&block));
        }
        let mut block = block.into_inner();
        block.set_behind(false);
        block
    }
}

impl Stripe {
    fn place(&mut self, mut block: Block, shared: &Shared) {
        shared.budget.note_coming(&mut block);
        block.count(&shared.budget);
        self.blocks.insert(block.id, Box::new(block));
    }
}

/// What an event takes that waits.
fn weight(event: &Dispatch) -> usize {
    event.raw.len() + size_of::<Dispatch>()
}

const MAGIC: &[u8] = b"ovenjs guild\n";

/// Magic, form and guild.
const HEAD_BYTES: usize = MAGIC.len() + 8 + 8;

/// A guild should come back once what waits for it takes this part of what left: else little is won.
const PART: usize = 4;

/// A few dozen events: bringing a small guild back for less would not pay.
const TAIL_BYTES_MIN: usize = 8 << 10;

/// Some hundred events, which are applied in a millisecond while the guild's reads wait.
const TAIL_BYTES_MAX: usize = 256 << 10;

/// So many times of what it takes to be wanted back may wait in all, while the store does not answer.
const FULL: usize = 4;

/// And as much in any case: a single chunk of members is some hundred kilobytes.
const FULL_BYTES: usize = 1 << 20;
