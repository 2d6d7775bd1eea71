//! The invites of a guild, as far as they were made while somebody listened.

use ovenjs_types::{Id, InviteCreate, Timestamp, marker::GuildMarker};

use super::{
    Mirror,
    block::{Block, Shared},
};
use crate::packed::{Beside, Named, Object, Record, shapes::INVITE};

/// Records in the order of their codes.
#[derive(Debug, Default)]
pub(super) struct Invites {
    records: Vec<Box<[u8]>>,
    /// Those of all records.
    bytes: usize,
}

impl Mirror {
    /// An invite that was made since Discord last sent the guild, and is neither deleted nor
    /// [expired](Self::expire). How often it was used Discord does not tell: it is what it was when it was made.
    ///
    /// ```
    /// use ovenjs_cache::mirror::{Keep, Mirror};
    /// use ovenjs_types::{Dispatch, Id, Origin, Version, json::Scratch};
    ///
    /// let mirror = Mirror::new(Keep::new().invites(true));
    /// let apply = |name: &str, raw: &'static str| {
    ///     let event = Dispatch::new(Origin::default(), Version::default(), name, raw);
    ///     mirror.apply(&event, &mut Scratch::new());
    /// };
    /// apply("GUILD_CREATE", r#"{"id":"1","name":"Bakery"}"#);
    /// apply("INVITE_CREATE", r#"{"guild_id":"1","channel_id":"2","code":"rye","max_uses":5}"#);
    /// assert_eq!(mirror.invite(Id::new(1), "rye").unwrap().max_uses, 5);
    /// assert_eq!(mirror.invites(Id::new(1)).len(), 1);
    /// ```
    #[must_use]
    pub fn invite(&self, guild: Id<GuildMarker>, code: &str) -> Option<InviteCreate> {
        self.look(guild.get(), |block, _| block.invite(code))
    }

    /// The [invites](Self::invite) of a guild that are known, in the order of their codes.
    #[must_use]
    pub fn invites(&self, guild: Id<GuildMarker>) -> Vec<InviteCreate> {
        let invites = self.look(guild.get(), |block, _| {
            let records = block.invites.records.iter();
            Some(
                records
                    .filter_map(|record| block.read_invite(record))
                    .collect(),
            )
        });
        invites.unwrap_or_default()
    }
}

impl Block {
    pub(super) fn invite(&self, code: &str) -> Option<InviteCreate> {
        let place = self.invites.find(code).ok()?;
        self.read_invite(self.invites.records.get(place)?)
    }

    fn read_invite(&self, record: &[u8]) -> Option<InviteCreate> {
        let object = Object::new(&INVITE, record);
        let beside = &[("guild_id", Beside::Id(self.id))];
        Record { object, beside }.read()
    }

    /// An invite is made. Where there are as many as a guild may have, some were deleted unheard: the oldest goes.
    pub(super) fn put_invite(&mut self, shared: &Shared, invite: Object<'_>) {
        let Some(code) = invite.text("code").filter(|_| shared.keep.invites) else {
            return;
        };
        let mut record = Vec::new();
        invite.copy_without(&["guild_id"], &mut record);
        self.invites.remove(code);
        if self.invites.records.len() >= INVITES_MAX {
            let records = self.invites.records.iter();
            let oldest =
                records.min_by_key(|record| Object::new(&INVITE, record).time("created_at"));
            if let Some(oldest) = oldest.map(|record| code_of(record).to_owned()) {
                self.invites.remove(&oldest);
            }
        }
        self.invites.put(record.into());
    }
}

impl Invites {
    pub(super) const fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes + self.records.capacity() * size_of::<Box<[u8]>>()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter().map(|record| &**record)
    }

    /// Puts a record there whose code has none.
    pub(super) fn put(&mut self, record: Box<[u8]>) {
        let (Ok(place) | Err(place)) = self.find(code_of(&record));
        self.bytes += record.len();
        self.records.insert(place, record);
    }

    pub(super) fn remove(&mut self, code: &str) {
        if let Ok(place) = self.find(code) {
            self.bytes -= self.records.remove(place).len();
        }
    }

    /// Those of a channel that is gone.
    pub(super) fn remove_channel(&mut self, channel: u64) {
        self.retain(|invite| invite.id("channel_id") != Some(channel));
    }

    /// Those in which a user is named; whether there were any.
    pub(super) fn forget_user(&mut self, user: &Named) -> bool {
        let before = self.records.len();
        self.retain(|invite| !user.is_in_object(invite));
        self.records.len() < before
    }

    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        self.iter()
            .any(|record| is_over(Object::new(&INVITE, record), now))
    }

    pub(super) fn expire(&mut self, now: Timestamp) {
        self.retain(|invite| !is_over(invite, now));
    }

    fn retain(&mut self, stays: impl Fn(Object<'_>) -> bool) {
        self.records
            .retain(|record| stays(Object::new(&INVITE, record)));
        self.bytes = self.records.iter().map(|record| record.len()).sum();
    }

    fn find(&self, code: &str) -> Result<usize, usize> {
        self.records
            .binary_search_by(|record| code_of(record).cmp(code))
    }
}

fn code_of(record: &[u8]) -> &str {
    Object::new(&INVITE, record)
        .text("code")
        .unwrap_or_default()
}

fn is_over(invite: Object<'_>, now: Timestamp) -> bool {
    invite.time("expires_at").is_some_and(|end| end <= now)
}

/// As many as Discord lets a guild have.
const INVITES_MAX: usize = 1_000;
