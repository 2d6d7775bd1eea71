//! Guilds as bytes: for the next process, and wherever a guild goes as a whole.
//!
//! The bytes are records as they stand on their shelves, with the users whom they know, so that each guild
//! can be read by itself. They are of this crate's making and for its reading: their form has a version,
//! the tables of what is kept are a part of it, and what does not fit is refused whole.

use std::{borrow::Cow, sync::PoisonError};

use ovenjs_types::{Id, ShardId, marker::GuildMarker};

use super::{
    Fields, Keep, Mirror,
    away::Away,
    block::{Block, Shared},
    messages::{MessagePlace, message_parts},
    read_lock,
};
use crate::{
    Error,
    packed::{Object, Shape, fingerprint, put_varint, shapes, varint},
    shelf::Shelf,
    tiers::Version,
};

impl Mirror {
    /// All that is known, as bytes for [`from_bytes`](Self::from_bytes): what users wrote is among it where
    /// messages are kept, so keep it from others' eyes.
    ///
    /// At most [`SNAPSHOT_BYTES_MAX`]: guilds that do not fit any more are left out whole. No event may be
    /// [applied](Self::apply) meanwhile, or the bytes are of no one moment.
    ///
    /// ```
    /// use ovenjs_cache::mirror::{Keep, Mirror};
    /// use ovenjs_types::{Dispatch, Id, Origin, ShardId, Version, json::Scratch};
    ///
    /// let mirror = Mirror::new(Keep::new());
    /// let raw = br#"{"id":"1","name":"Bakery","channels":[{"id":"2","type":0,"name":"general"}]}"#;
    /// let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// mirror.apply(&create, &mut Scratch::new());
    ///
    /// let bytes = mirror.to_bytes();
    /// let next = Mirror::from_bytes(Keep::new(), &bytes, &[ShardId::default()]).unwrap();
    /// assert_eq!(next.channel(Id::new(2)).unwrap().name.as_deref(), Some("general"));
    /// assert!(Mirror::from_bytes(Keep::new(), &bytes[1..], &[]).is_err());
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_up_to(SNAPSHOT_BYTES_MAX)
    }

    pub(super) fn to_bytes_up_to(&self, most: usize) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(form().to_le_bytes());
        {
            let bot = self
                .0
                .shared
                .bot
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            let (id, user) = bot.as_ref().map_or((0, &[][..]), |(id, user)| (*id, user));
            put_varint(&mut out, id);
            put_bytes(user, &mut out);
        }
        let mut bytes = Vec::new();
        self.look_at_all(|block| {
            bytes.clear();
            block.write(&self.0.shared, &mut bytes);
            if out.len() + HEAD_BYTES + bytes.len() <= most {
                put_varint(&mut out, block.id);
                put_bytes(&bytes, &mut out);
            }
        });
        for (id, away) in self.away_blocks() {
            if out.len() + HEAD_BYTES + away.len() <= most {
                put_varint(&mut out, AWAY);
                put_varint(&mut out, id);
                put_bytes(&away, &mut out);
            }
        }
        put_varint(&mut out, END);
        out
    }

    /// What is known of the guilds that are away, as bytes.
    fn away_blocks(&self) -> Vec<(u64, Vec<u8>)> {
        let mut all = Vec::new();
        for stripe in &self.0.stripes {
            let stripe = read_lock(stripe);
            for (id, away) in &stripe.away {
                // One that leaves just now is here.
                if !stripe.blocks.contains_key(id) {
                    let mut bytes = Vec::new();
                    away.write(&self.0.shared, &mut bytes);
                    all.push((*id, bytes));
                }
            }
        }
        all
    }

    /// A mirror that keeps this and knows what [`to_bytes`](Self::to_bytes) wrote, as far as it belongs to
    /// `shards`: those whose sessions go on. Of the others Discord sends all guilds anew, and what they had would
    /// be ghosts. Private messages belong to shard 0.
    ///
    /// # Errors
    ///
    /// [`ErrorKind`](crate::ErrorKind) tells whether the bytes are no mirror, one of another version, or
    /// damaged. Begin with an empty one then.
    pub fn from_bytes(keep: Keep, bytes: &[u8], shards: &[ShardId]) -> Result<Self, Error> {
        let mirror = Self::new(keep);
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(Error::foreign)?;
        let (found, rest) = rest.split_first_chunk().ok_or_else(Error::damaged)?;
        if u64::from_le_bytes(*found) != form() {
            return Err(Error::version());
        }
        let mut cut = Cut(rest);
        let bot = (cut.number()?, cut.bytes()?);
        if bot.0 != 0 {
            let mut place = mirror
                .0
                .shared
                .bot
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *place = Some((bot.0, mirror.0.shared.wanted(&shapes::USER, bot.1).into()));
        }
        loop {
            let id = cut.number()?;
            if id == END {
                break;
            }
            if id == AWAY {
                mirror.read_away(&mut cut, shards)?;
                continue;
            }
            let bytes = cut.bytes()?;
            let guild = Id::new_checked(id);
            if shards.iter().any(|shard| is_of(*shard, guild)) {
                let block = Block::read_back(&mirror.0.shared, id, bytes)?;
                if mirror.replace(id, block).is_some() {
                    return Err(Error::damaged());
                }
            }
        }
        cut.0
            .is_empty()
            .then_some(mirror)
            .ok_or_else(Error::damaged)
    }

    fn read_away(&self, cut: &mut Cut<'_>, shards: &[ShardId]) -> Result<(), Error> {
        let id = cut.number()?;
        let bytes = cut.bytes()?;
        let guild = Id::new_checked(id).ok_or_else(Error::damaged)?;
        if !shards.iter().any(|shard| is_of(*shard, Some(guild))) {
            return Ok(());
        }
        let away = Away::read_back(&self.0.shared, id, bytes)?;
        let is_new = self.with_stripe_mut(id, |stripe, _| {
            !stripe.blocks.contains_key(&id) && stripe.away.insert(id, away).is_none()
        });
        is_new
            .filter(|is_new| *is_new)
            .map(|_| ())
            .ok_or_else(Error::damaged)
    }
}

/// Whether the events of a guild come by this shard; what is of no guild comes by the first one.
fn is_of(shard: ShardId, guild: Option<Id<GuildMarker>>) -> bool {
    guild.map_or(0, |guild| ShardId::of_guild(guild, shard.total).number) == shard.number
}

impl Block {
    /// Writes the guild with the users whom it knows.
    pub(super) fn write(&self, shared: &Shared, out: &mut Vec<u8>) {
        put_version(self.version, out);
        let marks = [
            self.is_unavailable,
            self.is_stale,
            self.lacks_presences,
            self.lacks_members,
        ];
        out.push(
            (0..)
                .zip(marks)
                .fold(0, |all, (bit, mark)| all | u8::from(mark) << bit),
        );
        put_varint(
            out,
            self.member_count.map_or(0, |count| count.saturating_add(1)),
        );
        put_varint(out, self.stale_up_to);
        put_bytes(&self.guild, out);
        for shelf in self.plain_shelves() {
            put_count(shelf.len(), out);
            for (id, record) in shelf.iter() {
                put_record(id, record, out);
            }
        }
        put_count(self.members.len(), out);
        for (id, member) in self.members.iter() {
            put_record(id, member.rest.bytes(), out);
            let roles = self.role_sets.roles(member.set);
            put_count(roles.len(), out);
            for role in roles {
                out.extend(role.get().to_le_bytes());
            }
            put_user(shared, id, out);
        }
        put_count(self.invites.len(), out);
        for invite in self.invites.iter() {
            put_bytes(invite, out);
        }
        let rings = self.messages.rings();
        put_count(rings.len(), out);
        for (channel, ring) in rings {
            put_varint(out, channel);
            put_count(ring.len(), out);
            for (id, record) in ring.iter() {
                put_record(id, record, out);
                if let Some((author, _)) = message_parts(record).filter(|(author, _)| *author != 0)
                {
                    put_user(shared, author, out);
                }
            }
        }
    }

    /// Reads what [`write`](Self::write) wrote, as far as it is kept.
    pub(super) fn read_back(shared: &Shared, id: u64, bytes: &[u8]) -> Result<Self, Error> {
        let mut block = Self {
            id,
            ..Self::default()
        };
        let read = block.fill(shared, Cut(bytes));
        if read.is_err() {
            // What it has taken of what is shared goes back.
            block.leave(shared, None);
            return Err(Error::damaged());
        }
        block.forget_what_is_not_kept(shared);
        Ok(block)
    }

    fn fill(&mut self, shared: &Shared, mut cut: Cut<'_>) -> Result<(), Error> {
        self.version = cut.version()?;
        let [state] = cut.array()?;
        (self.is_unavailable, self.is_stale) = (state & 1 == 1, state & 2 == 2);
        (self.lacks_presences, self.lacks_members) = (state & 4 == 4, state & 8 == 8);
        self.member_count = cut.number()?.checked_sub(1);
        self.stale_up_to = cut.number()?;
        self.set_guild(cut.bytes()?);
        for (shelf, shape) in self.plain_shelves_mut().into_iter().zip(PLAIN_SHAPES) {
            for _ in 0..cut.number()? {
                let (id, record) = cut.record()?;
                shelf.put(id, &shared.wanted(shape, record));
            }
        }
        for (channel, _) in self.channels.iter().chain(self.threads.iter()) {
            shared.places.put(channel, self.id);
        }
        for _ in 0..cut.number()? {
            let (user, rest) = cut.record()?;
            let roles = (0..cut.number()?).map(|_| {
                let role = Id::new_checked(u64::from_le_bytes(cut.array()?));
                role.ok_or_else(Error::damaged)
            });
            let mut roles = roles.collect::<Result<Vec<_>, _>>()?;
            let known = cut.bytes()?;
            if !shared.keeps_member(user) || !self.has_room_for(shared, user) {
                continue;
            }
            if user == 0 || self.members.head(user).is_some() {
                return Err(Error::damaged());
            }
            roles.sort_unstable();
            let set = self.role_sets.hold(&roles);
            let rest = shared.wanted(&shapes::MEMBER, rest);
            self.members.put(user, set, |out| out.extend(&*rest));
            shared
                .users
                .join(user, [&shared.wanted(&shapes::USER, known), &[]]);
        }
        for _ in 0..cut.number()? {
            let invite = shared.wanted(&shapes::INVITE, cut.bytes()?);
            self.put_invite(shared, Object::new(&shapes::INVITE, &invite));
        }
        for _ in 0..cut.number()? {
            let channel = cut.number()?;
            for _ in 0..cut.number()? {
                let (id, record) = cut.record()?;
                let (author, rest) = message_parts(record).ok_or_else(Error::damaged)?;
                let place = MessagePlace { channel, id };
                if self.messages.record(place).is_some() {
                    return Err(Error::damaged());
                }
                if author != 0 {
                    let known = shared.wanted(&shapes::USER, cut.bytes()?);
                    shared.users.join(author, [&known, &[]]);
                }
                let rest = shared.wanted(&shapes::MESSAGE, rest.bytes());
                let record = [&author.to_le_bytes(), &*rest].concat();
                self.messages.put_record(shared, place, &record);
            }
        }
        cut.0.is_empty().then_some(()).ok_or_else(Error::damaged)
    }

    /// The process before may have kept more.
    fn forget_what_is_not_kept(&mut self, shared: &Shared) {
        let keep = &shared.keep;
        let forget = |kept: bool, shelf: &mut Shelf| {
            if !kept {
                *shelf = Shelf::new();
            }
        };
        forget(keep.presences, &mut self.presences);
        forget(keep.voice_states, &mut self.voice_states);
        forget(keep.expressions, &mut self.emojis);
        forget(keep.expressions, &mut self.stickers);
        forget(keep.expressions, &mut self.sounds);
        forget(keep.scheduled_events, &mut self.scheduled_events);
        let mut surplus = Vec::new();
        for (channel, ring) in self.messages.rings() {
            let most = ring.len().saturating_sub(keep.messages_of_channel());
            surplus.extend(ring.iter().take(most).map(|(id, _)| (channel, id)));
        }
        for (channel, id) in surplus {
            if self.messages.last(channel) == Some(id) {
                self.note_last(channel);
            }
            self.messages.remove(shared, channel, id);
        }
    }

    /// The shelves whose records stand for themselves.
    pub(super) fn plain_shelves(&self) -> [&Shelf; 10] {
        [
            &self.channels,
            &self.threads,
            &self.roles,
            &self.presences,
            &self.voice_states,
            &self.emojis,
            &self.stickers,
            &self.sounds,
            &self.stages,
            &self.scheduled_events,
        ]
    }

    /// The same, in the same order.
    fn plain_shelves_mut(&mut self) -> [&mut Shelf; 10] {
        [
            &mut self.channels,
            &mut self.threads,
            &mut self.roles,
            &mut self.presences,
            &mut self.voice_states,
            &mut self.emojis,
            &mut self.stickers,
            &mut self.sounds,
            &mut self.stages,
            &mut self.scheduled_events,
        ]
    }
}

/// What the records of [the plain shelves](Block::plain_shelves) are.
const PLAIN_SHAPES: [&Shape; 10] = [
    &shapes::CHANNEL,
    &shapes::CHANNEL,
    &shapes::ROLE,
    &shapes::PRESENCE,
    &shapes::VOICE_STATE,
    &shapes::EMOJI,
    &shapes::STICKER,
    &shapes::SOUND,
    &shapes::STAGE,
    &shapes::SCHEDULED_EVENT,
];

impl Shared {
    /// What is kept of a record; the process before may have kept more.
    fn wanted<'a>(&self, shape: &'static Shape, record: &'a [u8]) -> Cow<'a, [u8]> {
        if self.keep.without == Fields::none() {
            return record.into();
        }
        let mut wanted = Vec::new();
        Object::new(shape, record).copy_wanted(&self.unwanted, &mut wanted);
        wanted.into()
    }
}

/// Reads from the front of bytes.
pub(super) struct Cut<'a>(pub(super) &'a [u8]);

impl<'a> Cut<'a> {
    pub(super) fn number(&mut self) -> Result<u64, Error> {
        let (number, length) = varint(self.0).ok_or_else(Error::damaged)?;
        self.0 = self.0.get(length..).ok_or_else(Error::damaged)?;
        Ok(number)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = usize::try_from(self.number()?).map_err(|_| Error::damaged())?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(Error::damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (array, rest) = self.0.split_first_chunk().ok_or_else(Error::damaged)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn version(&mut self) -> Result<Version, Error> {
        Ok(Version {
            source: u32::from_le_bytes(self.array()?),
            epoch: u64::from_le_bytes(self.array()?),
            sequence: u64::from_le_bytes(self.array()?),
        })
    }

    fn record(&mut self) -> Result<(u64, &'a [u8]), Error> {
        Ok((u64::from_le_bytes(self.array()?), self.bytes()?))
    }
}

pub(super) fn put_count(count: usize, out: &mut Vec<u8>) {
    put_varint(out, u64::try_from(count).unwrap_or(u64::MAX));
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.extend(bytes);
}

pub(super) fn put_version(version: Version, out: &mut Vec<u8>) {
    out.extend(version.source.to_le_bytes());
    out.extend(version.epoch.to_le_bytes());
    out.extend(version.sequence.to_le_bytes());
}

fn put_record(id: u64, record: &[u8], out: &mut Vec<u8>) {
    out.extend(id.to_le_bytes());
    put_bytes(record, out);
}

fn put_user(shared: &Shared, id: u64, out: &mut Vec<u8>) {
    let known = shared.users.with(id, |user| put_bytes(user, out));
    if known.is_none() {
        put_bytes(&[], out);
    }
}

/// The form of these bytes, and of the records in them.
pub(super) fn form() -> u64 {
    let tables = [
        &shapes::GUILD,
        &shapes::MESSAGE,
        &shapes::THREAD_MEMBER,
        &shapes::INVITE,
    ];
    tables.into_iter().fold(FORM, fingerprint)
}

/// Changes with what stands around the records.
const FORM: u64 = 5;

/// How many bytes a mirror is written in at most: some two million members with their users, which are read
/// within seconds.
pub const SNAPSHOT_BYTES_MAX: usize = 256 << 20;

const MAGIC: &[u8] = b"ovenjs packed mirror\n";

/// Stands in place of a guild's id after the last one.
const END: u64 = u64::MAX;

/// Stands before the id of a guild that is away.
const AWAY: u64 = u64::MAX - 1;

/// The most that stands beside the bytes of a guild: its id, its length, and the end.
const HEAD_BYTES: usize = 40;
