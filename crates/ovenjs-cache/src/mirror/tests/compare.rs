//! What the mirror gives out beside what the model knows.

use std::sync::Arc;

use ovenjs_types::{
    Channel, Emoji, Guild, GuildScheduledEvent, Id, InviteCreate, Member, Message, Presence, Role,
    SoundboardSound, StageInstance, Sticker, User, VoiceState,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::{events::*, model::*};
use crate::{Change, Delta, mirror::Mirror};

impl World {
    pub(super) fn assert_mirrored_by(&self, mirror: &Mirror) {
        let guilds: Vec<_> = self
            .places
            .keys()
            .filter_map(|id| Id::new_checked(*id))
            .collect();
        assert_eq!(mirror.guild_ids(), guilds);
        assert_eq!(mirror.current_user(), self.bot.clone().map(typed::<User>));
        for user in USERS {
            assert_eq!(
                mirror.user(Id::new(user)),
                self.users.get(&user).cloned().map(typed)
            );
        }
        for channel in CHANNELS.chain(THREADS) {
            let known = mirror.channel(Id::new(channel));
            let places = self.places.iter();
            let mut expected = places.filter_map(|(guild, place)| place.channel(*guild, channel));
            // The same id in two guilds, which Discord has not, is found in one of them or none.
            if let Some(known) = &known {
                assert!(expected.any(|expected| expected == *known));
            }
        }
        for (guild, place) in &self.places {
            place.assert_mirrored_by(*guild, &self.users, mirror);
        }
        assert_eq!(mirror.stats().unread, 0);
    }
}

impl Place {
    fn assert_mirrored_by(&self, guild: u64, users: &BTreeMap<u64, Value>, mirror: &Mirror) {
        let place = Id::new_checked(guild);
        for channel in CHANNELS.chain(THREADS) {
            for id in MESSAGES {
                let known = mirror.message(place, Id::new(channel), Id::new(id));
                assert_eq!(known, self.message(guild, channel, id, users));
            }
        }
        let Some(id) = place else { return };
        let state = mirror.state(id).unwrap();
        assert_eq!(
            (state.is_stale, state.is_unavailable),
            (self.is_stale, self.is_unavailable)
        );
        let mut expected = with_list(self.guild.clone(), "roles", &self.roles);
        expected = with_list(expected, "emojis", &self.emojis);
        expected = with_list(expected, "stickers", &self.stickers);
        expected["unavailable"] = json!(self.is_unavailable);
        expected["member_count"] = json!(self.member_count);
        for elsewhere in [
            "members",
            "channels",
            "threads",
            "presences",
            "voice_states",
            "stage_instances",
            "guild_scheduled_events",
            "soundboard_sounds",
        ] {
            expected = without(expected, elsewhere);
        }
        let mut expected: Guild = typed(expected);
        expected
            .stickers
            .iter_mut()
            .for_each(|sticker| sticker.guild_id = Some(id));
        assert_eq!(mirror.guild(id), Some(expected));
        let invites = self.invites.values();
        let invites: Vec<InviteCreate> = invites
            .map(|invite| typed(with_guild(invite.clone(), guild)))
            .collect();
        assert_eq!(mirror.invites(id), invites);
        let known: Vec<_> = mirror.channels(id);
        let expected: Vec<_> = self
            .channels
            .keys()
            .chain(self.threads.keys())
            .filter_map(|id| self.channel(guild, *id))
            .collect();
        assert_eq!(known, expected);
        assert_eq!(
            mirror.members(id, None, 100),
            self.members
                .keys()
                .filter_map(|user| self.member(guild, *user, users))
                .collect::<Vec<_>>()
        );
        for user in USERS {
            let presence = self.presences.get(&user).map(|presence| {
                let mut presence = with_guild(presence.clone(), guild);
                presence["user"] = users
                    .get(&user)
                    .cloned()
                    .unwrap_or_else(|| json!({"id": user.to_string()}));
                typed::<Presence>(presence)
            });
            assert_eq!(mirror.presence(id, Id::new(user)), presence);
            assert_eq!(
                mirror.voice_state(id, Id::new(user)),
                self.voice_states
                    .get(&user)
                    .map(|state| typed::<VoiceState>(with_guild(state.clone(), guild)))
            );
        }
        assert_eq!(mirror.voice_states(id).len(), self.voice_states.len());
        for role in ROLES {
            assert_eq!(
                mirror.role(id, Id::new(role)),
                self.roles.get(&role).cloned().map(typed::<Role>)
            );
        }
        assert_eq!(
            mirror.emojis(id),
            self.emojis
                .values()
                .cloned()
                .map(typed::<Emoji>)
                .collect::<Vec<_>>()
        );
        assert_eq!(
            mirror.stickers(id),
            self.stickers
                .values()
                .map(|sticker| typed::<Sticker>(with_guild(sticker.clone(), guild)))
                .collect::<Vec<_>>()
        );
        assert_eq!(
            mirror.sounds(id),
            self.sounds
                .values()
                .map(|sound| typed::<SoundboardSound>(with_guild(sound.clone(), guild)))
                .collect::<Vec<_>>()
        );
        for other in OTHERS {
            assert_eq!(
                mirror.stage(id, Id::new(other)),
                self.stages.get(&other).cloned().map(typed::<StageInstance>)
            );
            assert_eq!(
                mirror.scheduled_event(id, Id::new(other)),
                self.scheduled_events
                    .get(&other)
                    .cloned()
                    .map(typed::<GuildScheduledEvent>)
            );
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Channel(Box<Channel>),
    Member(Box<Member>),
    Message(Box<Message>),
}

pub(super) fn assert_told(change: &Change, before: Option<Told>, after: Option<Told>) {
    fn both<T: Clone>(delta: &Delta<T>, told: fn(Box<T>) -> Told) -> (Option<Told>, Option<Told>) {
        let side =
            |side: &Option<Arc<T>>| side.as_deref().map(|value| told(Box::new(value.clone())));
        (side(&delta.before), side(&delta.after))
    }
    let told = match change {
        Change::Channel(delta) => both(delta, Told::Channel),
        Change::Member(delta) => both(delta, Told::Member),
        Change::Message(delta) => both(delta, Told::Message),
        _ => (None, None),
    };
    if before.is_some() || after.is_some() {
        assert_eq!(told, (before, after));
    }
}
