//! A user whom the mirror is to forget.

#[cfg(feature = "tiers")]
use std::sync::PoisonError;

use ovenjs_types::{Id, marker::UserMarker};

#[cfg(feature = "tiers")]
use super::GuildBlock;
use super::{
    Mirror, Stripe,
    block::{Block, Shared},
    messages::{MessagePlace, message_parts},
    write_lock,
};
use crate::packed::{Named, Object, shapes};

impl Mirror {
    /// Forgets what it knows of a user, in all guilds and private channels; in how many of these it knew something.
    ///
    /// They are no member any more as far as it knows, have no presence and no voice state; and what they wrote goes, with
    /// the messages, invites and private channels in which they are named. A guild of which something went says so:
    /// it [lacks members](super::GuildState::has_all_members), or is [stale](super::GuildState::is_stale) where they were
    /// in a voice channel, or where something of theirs waited for a guild that is away. Their id stays where it
    /// says whose a guild or a thread is. The bot itself is not forgotten.
    ///
    /// It forgets what was, and does not listen less: as long as they are where the bot is, Discord goes on to
    /// tell of them. Blocks that are kept elsewhere are
    #[cfg_attr(
        feature = "tiers",
        doc = " [`GuildBlocks::erase_user`](crate::tiers::GuildBlocks::erase_user)'s."
    )]
    #[cfg_attr(not(feature = "tiers"), doc = " whoever's who keeps them.")]
    ///
    /// ```
    /// use ovenjs_cache::mirror::{Keep, Mirror};
    /// use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
    ///
    /// let mirror = Mirror::new(Keep::new().members(true));
    /// let raw = br#"{"id":"1","name":"Bakery","member_count":2,"members":[
    ///     {"user":{"id":"80","username":"ann"},"roles":[]},
    ///     {"user":{"id":"81","username":"bob"},"roles":[]}]}"#;
    /// let create = Dispatch::new(Origin::default(), Version::default(), "GUILD_CREATE", &raw[..]);
    /// mirror.apply(&create, &mut Scratch::new());
    ///
    /// assert_eq!(mirror.forget_user(Id::new(80)), 1);
    /// assert!(mirror.user(Id::new(80)).is_none() && mirror.user(Id::new(81)).is_some());
    /// assert!(!mirror.state(Id::new(1)).unwrap().has_all_members);
    /// assert_eq!(mirror.forget_user(Id::new(80)), 0);
    /// ```
    pub fn forget_user(&self, user: Id<UserMarker>) -> usize {
        let shared = &self.0.shared;
        if shared.bot_id() == Some(user.get()) {
            return 0;
        }
        let user = Named::new(user.get());
        let mut count = 0;
        for stripe in &self.0.stripes {
            let mut stripe = write_lock(stripe);
            let Stripe { blocks, away } = &mut *stripe;
            for (id, block) in blocks.iter_mut() {
                let knew = block.forget_user(shared, &user);
                block.count(&shared.budget);
                // What leaves just now was packed before: it stays.
                if knew && let Some(leaving) = away.remove(id) {
                    leaving.leave(shared, Some(block));
                }
                count += usize::from(knew);
            }
            for away in away.values_mut() {
                count += usize::from(away.forget_user(shared, &user));
            }
        }
        count
    }

    /// One that keeps the same, and knows nothing but who the bot is: to read blocks in.
    #[cfg(feature = "tiers")]
    pub(crate) fn blank(&self) -> Self {
        let bot = self.0.shared.bot.read();
        let bot = bot.unwrap_or_else(PoisonError::into_inner).clone();
        let blank = Self::new(self.keep().clone());
        *blank
            .0
            .shared
            .bot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = bot;
        blank
    }
}

#[cfg(feature = "tiers")]
impl GuildBlock {
    /// The block without a user, where it knows something of them. It is read in a [blank](Mirror::blank) mirror.
    pub(crate) fn without(
        &self,
        user: Id<UserMarker>,
        blank: &Mirror,
    ) -> Result<Option<Self>, crate::Error> {
        let shared = &blank.0.shared;
        if shared.bot_id() == Some(user.get()) {
            return Ok(None);
        }
        let mut block = self.read(shared)?;
        let knew = block.forget_user(shared, &Named::new(user.get()));
        let without = knew.then(|| Self::of(&block, shared, 0));
        block.leave(shared, None);
        Ok(without)
    }
}

impl Block {
    /// Forgets a user; whether it knew something of them.
    pub(super) fn forget_user(&mut self, shared: &Shared, user: &Named) -> bool {
        let id = user.id();
        let was_member = self.members.head(id).is_some();
        let was_present = self.presences.get(id).is_some();
        let was_heard = self.voice_states.remove(id);
        self.lacks_members |= was_member;
        self.lacks_presences |= was_present;
        // Who is in a voice channel has no mark of its own for what is missing.
        self.is_stale |= was_heard;
        self.remove_member(shared, id);
        let mut messages = Vec::new();
        for (channel, ring) in self.messages.rings() {
            let of_them = ring.iter().filter(|(_, record)| {
                message_parts(record)
                    .is_some_and(|(author, rest)| author == id || user.is_in_object(rest))
            });
            messages.extend(of_them.map(|(id, _)| MessagePlace { channel, id }));
        }
        for place in &messages {
            if self.messages.last(place.channel) == Some(place.id) {
                self.note_last(place.channel);
            }
            self.messages.remove(shared, place.channel, place.id);
        }
        let mut private = Vec::new();
        if self.id == 0 {
            let channels = self.channels.iter();
            let of_them = channels
                .filter(|(_, record)| user.is_in_object(Object::new(&shapes::CHANNEL, record)));
            private.extend(of_them.map(|(id, _)| id));
        }
        for channel in &private {
            self.remove_channel(shared, *channel);
        }
        let invites = self.invites.forget_user(user);
        was_member
            || was_present
            || was_heard
            || invites
            || !messages.is_empty()
            || !private.is_empty()
    }
}
