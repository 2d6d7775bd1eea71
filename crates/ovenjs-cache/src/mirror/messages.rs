//! The messages of a block: of each channel the newest ones.

use hashbrown::HashMap;

use super::{block::Shared, expiry::first_id_since};
use crate::{
    packed::{Object, Pointed, shapes},
    shelf::Shelf,
};

/// A ring of messages for each channel. A record is the id of its author, 0 where that is no user, then the
/// rest; authors are held among the users.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    rings: HashMap<u64, Shelf>,
    /// Those of all rings.
    ring_bytes: usize,
    count: usize,
}

impl Messages {
    /// A new message goes on top of its channel's ring, and the oldest one falls out.
    pub(crate) fn add(&mut self, shared: &Shared, message: Object<'_>) {
        let channel = message.id_at(CHANNEL);
        let Some(channel) = channel.filter(|_| shared.keep.messages > 0) else {
            return;
        };
        if self.rings.len() >= RINGS_MAX && !self.rings.contains_key(&channel) {
            let rings = self.rings.iter();
            let oldest = rings.min_by_key(|(_, ring)| ring.last());
            if let Some(oldest) = oldest.map(|(channel, _)| *channel) {
                self.remove_channel(shared, oldest);
            }
        }
        self.put(shared, message);
        let Some(ring) = self.rings.get(&channel) else {
            return;
        };
        if ring.len() > shared.keep.messages_of_channel()
            && let Some(oldest) = ring.first()
        {
            self.remove(shared, channel, oldest);
        }
        if let Some(age) = shared.keep.messages_for
            && let Some(id) = message.id_at(ID)
        {
            self.expire_ring(shared, channel, first_id_since(id, age));
        }
    }

    /// Takes those out that are older than an id.
    pub(crate) fn expire(&mut self, shared: &Shared, since: u64) {
        let rings = self.rings.iter();
        let old = rings.filter(|(_, ring)| ring.first() < Some(since));
        let old: Vec<u64> = old.map(|(channel, _)| *channel).collect();
        for channel in old {
            self.expire_ring(shared, channel, since);
        }
    }

    fn expire_ring(&mut self, shared: &Shared, channel: u64, since: u64) {
        while let Some(first) = self.rings.get(&channel).and_then(Shelf::first)
            && first < since
        {
            self.remove(shared, channel, first);
        }
    }

    /// The oldest of all.
    pub(crate) fn first(&self) -> Option<u64> {
        self.rings.values().filter_map(Shelf::first).min()
    }

    /// A message changes only where it is known: one that has fallen out does not come back.
    pub(crate) fn update(&mut self, shared: &Shared, message: Object<'_>) {
        let place = message.id_at(CHANNEL).zip(message.id_at(ID));
        if place.is_some_and(|(channel, id)| self.record(channel, id).is_some()) {
            self.put(shared, message);
        }
    }

    fn put(&mut self, shared: &Shared, message: Object<'_>) {
        const AUTHOR: u8 = shapes::MESSAGE.at("author");
        const WEBHOOK: u8 = shapes::MESSAGE.at("webhook_id");
        const ASIDE: u64 = shapes::MESSAGE.bits(["id", "channel_id", "guild_id"]);
        const AUTHOR_BIT: u64 = shapes::MESSAGE.bits(["author"]);

        let (Some(id), Some(channel)) = (message.id_at(ID), message.id_at(CHANNEL)) else {
            return;
        };
        // What a webhook writes has an author of its own each time.
        let author = message
            .pointed_at(AUTHOR)
            .filter(|_| message.at(WEBHOOK).is_none());
        let mut record = Vec::with_capacity(RECORD_BYTES);
        if let Some(Pointed { id, rest }) = author {
            record.extend(id.to_le_bytes());
            message.copy_but(ASIDE | AUTHOR_BIT, &mut record);
            shared.users.hold(id, rest);
        } else {
            record.extend(0_u64.to_le_bytes());
            message.copy_but(ASIDE, &mut record);
        }
        self.put_record(shared, channel, id, &record);
    }

    /// Puts a message there whose author is held for it.
    pub(super) fn put_record(&mut self, shared: &Shared, channel: u64, id: u64, record: &[u8]) {
        let ring = self.rings.entry(channel).or_default();
        if let Some(former) = ring.get(id) {
            release_author(shared, former);
        }
        self.ring_bytes -= ring.bytes();
        self.count -= ring.len();
        ring.put(id, record);
        self.ring_bytes += ring.bytes();
        self.count += ring.len();
    }

    pub(crate) fn remove(&mut self, shared: &Shared, channel: u64, id: u64) {
        let Some(ring) = self.rings.get_mut(&channel) else {
            return;
        };
        if let Some(record) = ring.get(id) {
            release_author(shared, record);
            self.ring_bytes -= ring.bytes();
            self.count -= 1;
            ring.remove(id);
            self.ring_bytes += ring.bytes();
        }
        if ring.len() == 0 {
            self.remove_channel(shared, channel);
        }
    }

    /// How many messages there were.
    pub(crate) fn remove_channel(&mut self, shared: &Shared, channel: u64) -> usize {
        let Some(ring) = self.rings.remove(&channel) else {
            return 0;
        };
        self.ring_bytes -= ring.bytes();
        self.count -= ring.len();
        release_authors(shared, &ring);
        if self.rings.len() < self.rings.capacity() / 4 {
            self.rings.shrink_to_fit();
        }
        ring.len()
    }

    /// Lets go of all authors.
    pub(crate) fn leave(&self, shared: &Shared) {
        for ring in self.rings.values() {
            release_authors(shared, ring);
        }
    }

    pub(crate) fn record(&self, channel: u64, id: u64) -> Option<&[u8]> {
        self.rings.get(&channel)?.get(id)
    }

    pub(crate) fn rings(&self) -> impl ExactSizeIterator<Item = (u64, &Shelf)> {
        self.rings.iter().map(|(channel, ring)| (*channel, ring))
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        self.ring_bytes + self.rings.allocation_size()
    }
}

/// The author and the rest of a message.
pub(super) fn message_parts(record: &[u8]) -> Option<(u64, Object<'_>)> {
    let (author, rest) = record.split_first_chunk()?;
    Some((
        u64::from_le_bytes(*author),
        Object::new(&shapes::MESSAGE, rest),
    ))
}

fn release_authors(shared: &Shared, ring: &Shelf) {
    for (_, record) in ring.iter() {
        release_author(shared, record);
    }
}

fn release_author(shared: &Shared, record: &[u8]) {
    if let Some((author, _)) = message_parts(record).filter(|(author, _)| *author != 0) {
        shared.users.release(author);
    }
}

const ID: u8 = shapes::MESSAGE.at("id");
const CHANNEL: u8 = shapes::MESSAGE.at("channel_id");

/// As long as most messages are.
const RECORD_BYTES: usize = 160;

/// The channels of a guild, or private ones, in which messages are kept: what a guild has at most in channels
/// and active threads, 500 and 1,000.
const RINGS_MAX: usize = 1_500;
