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
    /// Whether what comes is late, and so no news of authors.
    pub(super) is_behind: bool,
    /// Whether one that is not known changes as well.
    pub(super) takes_unknown: bool,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessagePlace {
    pub(super) channel: u64,
    pub(super) id: u64,
}

impl Messages {
    /// A new message goes on top of its channel's ring, and the oldest one falls out.
    pub(super) fn add(&mut self, shared: &Shared, place: MessagePlace, message: Object<'_>) {
        let MessagePlace { channel, id } = place;
        if shared.keep.messages == 0 {
            return;
        }
        self.put(shared, place, message, 0, &[]);
        let Some(ring) = self.rings.get(&channel) else {
            return;
        };
        if ring.len() > shared.keep.messages_of_channel()
            && let Some(oldest) = ring.first()
        {
            self.remove(shared, channel, oldest);
        }
        if let Some(age) = shared.keep.messages_for {
            self.expire_ring(shared, channel, first_id_since(id, age));
        }
    }

    /// The channels that have some which are older than an id.
    pub(super) fn channels_before(&self, since: u64) -> Vec<u64> {
        let rings = self.rings.iter();
        let old = rings.filter(|(_, ring)| ring.first() < Some(since));
        old.map(|(channel, _)| *channel).collect()
    }

    /// The channel whose messages go before some of one more channel are kept.
    pub(super) fn crowded_out_by(&self, channel: u64) -> Option<u64> {
        if self.rings.len() < RINGS_MAX || self.rings.contains_key(&channel) {
            return None;
        }
        let rings = self.rings.iter();
        let oldest = rings.min_by_key(|(_, ring)| ring.last());
        oldest.map(|(channel, _)| *channel)
    }

    /// The newest one of a channel.
    pub(super) fn last(&self, channel: u64) -> Option<u64> {
        self.rings.get(&channel)?.last()
    }

    pub(super) fn expire_ring(&mut self, shared: &Shared, channel: u64, since: u64) {
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

    /// Puts a message there, but for the fields that are `left_out`, and with what was `kept` of the one before.
    pub(super) fn put(
        &mut self,
        shared: &Shared,
        place: MessagePlace,
        message: Object<'_>,
        left_out: u64,
        kept: &[u8],
    ) {
        const AUTHOR: u8 = shapes::MESSAGE.at("author");
        const WEBHOOK: u8 = shapes::MESSAGE.at("webhook_id");
        const AUTHOR_BIT: u64 = shapes::MESSAGE.bits(["author"]);

        let left_out = left_out | Self::ASIDE;
        // What a webhook writes has an author of its own each time.
        let author = message
            .pointed_at(AUTHOR)
            .filter(|_| message.at(WEBHOOK).is_none());
        let mut record = Vec::with_capacity(RECORD_BYTES);
        if let Some(Pointed { id, rest }) = author {
            record.extend(id.to_le_bytes());
            message.copy_but(left_out | AUTHOR_BIT, &mut record);
            if self.is_behind {
                shared.users.join(id, rest);
            } else {
                shared.users.hold(id, rest);
            }
        } else {
            record.extend(0_u64.to_le_bytes());
            message.copy_but(left_out, &mut record);
        }
        record.extend(kept);
        self.put_record(shared, place, &record);
    }

    /// Puts a message there whose author is held for it.
    pub(super) fn put_record(&mut self, shared: &Shared, place: MessagePlace, record: &[u8]) {
        if let Some(former) = self.record(place) {
            release_author(shared, former);
        }
        self.set_record(place, record);
    }

    fn set_record(&mut self, MessagePlace { channel, id }: MessagePlace, record: &[u8]) {
        let ring = self.rings.entry(channel).or_default();
        self.ring_bytes -= ring.bytes();
        self.count -= ring.len();
        ring.put(id, record);
        self.ring_bytes += ring.bytes();
        self.count += ring.len();
    }

    /// Writes some fields of a message anew, where it is known: `write` has those that it had.
    pub(super) fn rewrite(
        &mut self,
        place: MessagePlace,
        fields: u64,
        write: impl FnOnce(Object<'_>, &mut Vec<u8>),
    ) {
        let Some((author, former)) = self.record(place).and_then(message_parts) else {
            return;
        };
        let mut record = Vec::with_capacity(RECORD_BYTES);
        record.extend(author.to_le_bytes());
        former.copy_but(fields, &mut record);
        write(former, &mut record);
        self.set_record(place, &record);
    }

    /// What is known of a message by where it stands.
    pub(super) const ASIDE: u64 = shapes::MESSAGE.bits(["id", "channel_id", "guild_id", "member"]);

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

    pub(crate) fn record(&self, MessagePlace { channel, id }: MessagePlace) -> Option<&[u8]> {
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

/// As long as most messages are.
const RECORD_BYTES: usize = 160;

/// The channels of a guild, or private ones, in which messages are kept: what a guild has at most in channels
/// and active threads, 500 and 1,000.
const RINGS_MAX: usize = 1_500;
