//! What goes because of its age.

use std::time::Duration;

use ovenjs_types::Timestamp;
#[cfg(feature = "tiers")]
use ovenjs_types::{Id, marker::GuildMarker};

use super::{
    Mirror,
    block::{Block, Shared},
};

impl Mirror {
    /// Takes out what is too old at `now`, the present time: messages after [`Keep::messages_for`](super::Keep::messages_for),
    /// each counted from when it was written, as its id says, and invites that have ended.
    ///
    /// The mirror reads no clock: whoever asks for an age calls this from time to time, as a bot of
    /// `ovenjs-core` does each minute. Until then reads give what is too old, but for messages of channels in which something new was
    /// written. It does nothing where no age was asked for, and looks at all guilds where one was.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ovenjs_cache::mirror::{Keep, Mirror};
    /// use ovenjs_types::{Dispatch, Id, Origin, Timestamp, Version, json::Scratch};
    ///
    /// let mirror = Mirror::new(Keep::new().messages(10).messages_for(Duration::from_secs(3_600)));
    /// let raw = br#"{"id":"175928847299117063","channel_id":"2","author":{"id":"80","username":"ann"}}"#;
    /// let create = Dispatch::new(Origin::default(), Version::default(), "MESSAGE_CREATE", &raw[..]);
    /// mirror.apply(&create, &mut Scratch::new());
    ///
    /// let written: Timestamp = "2016-04-30T11:18:25.796Z".parse().unwrap();
    /// mirror.expire(written.after(Duration::from_secs(3_600)));
    /// assert_eq!(mirror.stats().messages.count, 1);
    /// mirror.expire(written.after(Duration::from_secs(3_601)));
    /// assert_eq!(mirror.stats().messages.count, 0);
    /// ```
    pub fn expire(&self, now: Timestamp) {
        if !self.0.shared.keep.expires() {
            return;
        }
        let mut old = Vec::new();
        self.look_at_all(|block| {
            if block.has_expired(&self.0.shared, now) {
                old.push(block.id);
            }
        });
        for guild in old {
            self.change(guild, |block, shared| block.expire(shared, now));
        }
    }

    /// The same of one guild, as far as it is here.
    #[cfg(feature = "tiers")]
    pub(crate) fn expire_in(&self, guild: Id<GuildMarker>, now: Timestamp) {
        if self.0.shared.keep.expires() {
            self.change(guild.get(), |block, shared| block.expire(shared, now));
        }
    }
}

impl Block {
    fn has_expired(&self, shared: &Shared, now: Timestamp) -> bool {
        let since = shared.keep.messages_for.map(|age| first_id_at(now, age));
        let first = self.messages.first();
        since.zip(first).is_some_and(|(since, first)| first < since)
            || self.invites.has_expired(now)
    }

    fn expire(&mut self, shared: &Shared, now: Timestamp) {
        self.invites.expire(now);
        if let Some(age) = shared.keep.messages_for {
            let since = first_id_at(now, age);
            for channel in self.messages.channels_before(since) {
                self.note_last(channel);
                self.messages.expire_ring(shared, channel, since);
            }
        }
    }
}

/// The lowest id that something may have which is no older than this.
fn first_id_at(now: Timestamp, age: Duration) -> u64 {
    let now = now.unix_millis().saturating_sub(EPOCH_MILLIS);
    let now = u64::try_from(now).unwrap_or_default();
    now.saturating_sub(millis(age)) << COUNTER_BITS
}

/// The same, where it is as late as something with this id.
pub(super) fn first_id_since(id: u64, age: Duration) -> u64 {
    (id >> COUNTER_BITS).saturating_sub(millis(age)) << COUNTER_BITS
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

/// A snowflake is milliseconds since 2015, and below them what tells those of one millisecond apart.
const COUNTER_BITS: u32 = 22;
const EPOCH_MILLIS: i64 = 1_420_070_400_000;
