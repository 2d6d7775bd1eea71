//! Which guilds should leave, which should come back, and which are left for good: what the
//! [tiers](crate::tiers::GuildBlocks) ask.

use std::sync::{PoisonError, atomic::Ordering};

use ovenjs_types::{Id, marker::GuildMarker};

use super::{GuildBlock, Mirror, read_lock};
use crate::tiers::Version;

impl Mirror {
    /// The guilds that should leave, coldest first: those that were not read for `eras`, and so many more that the
    /// rest takes a sixteenth less than `most` bytes, where all take more.
    pub(crate) fn cold_guilds(
        &self,
        eras: Option<u32>,
        most: Option<usize>,
    ) -> Vec<Id<GuildMarker>> {
        let now = self.0.shared.budget.era();
        let bytes = self.bytes();
        let is_too_much = most.is_some_and(|most| bytes > most);
        if eras.is_none() && !is_too_much {
            return Vec::new();
        }
        let mut guilds = Vec::new();
        self.look_at_all(|block| {
            if block.id != 0 && !block.waits_for_session {
                let used = block.came_in.max(block.read_in.load(Ordering::Relaxed));
                guilds.push((used, block.id, block.counted));
            }
        });
        guilds.sort_unstable();
        let enough = most
            .filter(|_| is_too_much)
            .map_or(usize::MAX, |most| most - most / SLACK);
        let mut left = bytes;
        let cold = guilds.into_iter().take_while(|(used, _, bytes)| {
            let is_idle = eras.is_some_and(|eras| now.wrapping_sub(*used) >= eras);
            let leaves = is_idle || left > enough;
            left = left.saturating_sub(*bytes);
            leaves
        });
        cold.filter_map(|(_, id, _)| Id::new_checked(id)).collect()
    }

    /// What was read from now on was read later than what was read before.
    pub(crate) fn turn_era(&self) {
        self.0.shared.budget.turn_era();
    }

    /// The guilds for which so much waits that they should come back.
    pub(crate) fn guilds_wanted_back(&self) -> Vec<Id<GuildMarker>> {
        self.away_guilds(super::Away::wants_back)
    }

    /// The guilds that are away and have changed since: something waits for them, or they are stale by now.
    pub(crate) fn guilds_unlike_their_blocks(&self) -> Vec<Id<GuildMarker>> {
        self.away_guilds(super::Away::is_unlike_its_block)
    }

    /// A copy of the block of a guild that is here, unless `kept` is the version of one that still says what it is. A guild
    /// may be stale with no event, and so with the version that it had; one that waits for its session was kept fresh.
    pub(crate) fn copy_unless_kept(
        &self,
        guild: Id<GuildMarker>,
        kept: Option<Version>,
    ) -> Option<GuildBlock> {
        let id = guild.get();
        self.with_stripe(id, |stripe| {
            let block = stripe.blocks.get(&id)?;
            let is_true = !block.is_stale || block.waits_for_session;
            let is_kept = is_true && kept == Some(block.version);
            (!is_kept).then(|| GuildBlock::of(block, &self.0.shared, 0))
        })?
    }

    /// How many bytes the block has of a guild that is away.
    pub(crate) fn packed_bytes(&self, guild: Id<GuildMarker>) -> Option<usize> {
        let id = guild.get();
        self.with_stripe(id, |stripe| Some(stripe.away.get(&id)?.packed()))?
    }

    /// The version of a guild that is here and does not leave just now.
    pub(crate) fn version_here(&self, guild: Id<GuildMarker>) -> Option<Version> {
        let id = guild.get();
        self.with_stripe(id, |stripe| {
            let block = stripe.blocks.get(&id)?;
            (!stripe.away.contains_key(&id)).then_some(block.version)
        })?
    }

    /// The block of a guild that is away is no more, and what waits for it is of no use. It is stale until Discord
    /// sends it anew.
    pub(crate) fn lose(&self, guild: Id<GuildMarker>) {
        let id = guild.get();
        self.with_stripe_mut(id, |stripe, shared| {
            if !stripe.blocks.contains_key(&id)
                && let Some(away) = stripe.away.get_mut(&id)
            {
                away.outdate();
                shared.budget.lose(away.forget_tail(shared));
            }
        });
    }

    fn away_guilds(&self, is_meant: impl Fn(&super::Away) -> bool) -> Vec<Id<GuildMarker>> {
        let mut meant = Vec::new();
        for stripe in &self.0.stripes {
            let stripe = read_lock(stripe);
            let away = stripe.away.iter();
            let away = away.filter(|(id, away)| !stripe.blocks.contains_key(*id) && is_meant(away));
            meant.extend(away.filter_map(|(id, _)| Id::new_checked(*id)));
        }
        meant
    }

    /// From now on guilds that the bot leaves are remembered, until they are [taken](Self::take_left).
    pub(crate) fn tell_of_left(&self) {
        let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.get_or_insert_default();
    }

    /// The guilds that the bot left, each with the event that told it.
    pub(crate) fn take_left(&self) -> Vec<(Id<GuildMarker>, Version)> {
        let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = left.as_mut().map(std::mem::take).unwrap_or_default();
        let known = left.into_iter();
        known
            .filter_map(|(id, version)| Some((Id::new_checked(id)?, version)))
            .collect()
    }
}

/// This part of what may be taken is free after guilds have left, so that not each event makes one leave.
const SLACK: usize = 16;
