//! How much a mirror keeps.

use super::{away::AwayTally, block::Block, shared::Drawers};
use crate::shelf::Shelf;

/// How many of a kind, in how many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// How many.
    pub count: usize,
    /// The bytes on the heap, as they were asked of the allocator, which rounds up.
    pub bytes: usize,
}

impl Tally {
    pub(super) fn of_drawers(drawers: &Drawers) -> Self {
        Self {
            count: drawers.len(),
            bytes: drawers.bytes(),
        }
    }

    fn add<const PAGE: usize>(&mut self, shelf: &Shelf<PAGE>) {
        self.count += shelf.len();
        self.bytes += shelf.bytes();
    }
}

/// What a mirror let go because of its [budget](super::Keep::bytes), counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evicted {
    /// Messages.
    pub messages: u64,
    /// Presences.
    pub presences: u64,
    /// Members.
    pub members: u64,
    /// Guilds, with all that was left of them.
    pub guilds: u64,
}

/// What a mirror keeps, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorStats {
    /// Guilds, without what is counted below.
    pub guilds: Tally,
    /// Channels, threads left out.
    pub channels: Tally,
    /// Active threads.
    pub threads: Tally,
    /// Roles.
    pub roles: Tally,
    /// Members, with the sets of roles that they hold; without their users.
    pub members: Tally,
    /// Users, each once.
    pub users: Tally,
    /// Presences.
    pub presences: Tally,
    /// Voice states.
    pub voice_states: Tally,
    /// Emojis, stickers and sounds.
    pub expressions: Tally,
    /// Stages and scheduled events.
    pub events: Tally,
    /// Messages.
    pub messages: Tally,
    /// Invites.
    pub invites: Tally,
    /// Which guild each channel is in.
    pub places: Tally,
    /// What is away, and what waits for it here.
    pub away: AwayTally,
    /// What went because of the budget.
    pub evicted: Evicted,
    /// Events that could not be read: each changed nothing that it should have.
    pub unread: u64,
}

impl MirrorStats {
    /// All bytes.
    ///
    /// ```
    /// use ovenjs_cache::mirror::{Keep, Mirror};
    /// let stats = Mirror::new(Keep::new()).stats();
    /// assert_eq!((stats.guilds.count, stats.members.bytes), (0, 0));
    /// assert!(stats.bytes() < 40_000);
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.guilds.bytes
            + self.channels.bytes
            + self.threads.bytes
            + self.roles.bytes
            + self.members.bytes
            + self.users.bytes
            + self.presences.bytes
            + self.voice_states.bytes
            + self.expressions.bytes
            + self.events.bytes
            + self.messages.bytes
            + self.invites.bytes
            + self.places.bytes
            + self.away.bytes
    }

    pub(super) fn add(&mut self, block: &Block) {
        self.guilds.count += usize::from(block.id != 0);
        self.guilds.bytes += size_of::<Block>() + block.guild.len();
        self.channels.add(&block.channels);
        self.threads.add(&block.threads);
        self.roles.add(&block.roles);
        self.members.count += block.members.len();
        self.members.bytes += block.members.bytes() + block.role_sets.bytes();
        self.presences.add(&block.presences);
        self.voice_states.add(&block.voice_states);
        for shelf in [&block.emojis, &block.stickers, &block.sounds] {
            self.expressions.add(shelf);
        }
        for shelf in [&block.stages, &block.scheduled_events] {
            self.events.add(shelf);
        }
        self.messages.count += block.messages.len();
        self.messages.bytes += block.messages.bytes();
        self.invites.count += block.invites.len();
        self.invites.bytes += block.invites.bytes();
    }
}
