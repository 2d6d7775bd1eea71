//! One arm for each event that changes something.

use std::{collections::BTreeSet, hash::Hash, sync::Arc};

use moka::{ops::compute::Op, sync::Cache as Store};
use ovenjs_types::{
    Channel, Event, Guild, Id, Member, Role, UnavailableGuild,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

use crate::{Cache, Change, Delta, cache::GuildEntry};

pub(crate) fn apply(cache: &Cache, event: &Event) -> Change {
    match event {
        Event::Ready(ready) => {
            cache.current_user.insert((), Arc::new(ready.user.clone()));
            Change::Nothing
        }
        Event::UserUpdate(user) => {
            cache.current_user.insert((), Arc::new(user.0.clone()));
            Change::Nothing
        }
        Event::GuildCreate(guild) => guild_create(cache, guild),
        Event::GuildUpdate(guild) => update_guild(cache, guild.id, |kept| {
            // The update knows nothing of what only GUILD_CREATE carries.
            let mut update = lean(guild);
            update.joined_at = kept.joined_at;
            update.member_count = kept.member_count;
            update.large = kept.large;
            *kept = update;
        }),
        Event::GuildDelete(guild) => guild_delete(cache, guild),
        Event::GuildRoleCreate(event) => {
            update_guild(cache, event.guild_id, |guild| set_role(guild, &event.role))
        }
        Event::GuildRoleUpdate(event) => {
            update_guild(cache, event.guild_id, |guild| set_role(guild, &event.role))
        }
        Event::GuildRoleDelete(event) => update_guild(cache, event.guild_id, |guild| {
            guild.roles.retain(|role| role.id != event.role_id);
        }),
        Event::ChannelCreate(channel) => set_channel(cache, channel),
        Event::ChannelUpdate(channel) => set_channel(cache, channel),
        Event::ThreadCreate(channel) => set_channel(cache, channel),
        Event::ThreadUpdate(channel) => set_channel(cache, channel),
        Event::ChannelDelete(channel) => remove_channel(cache, channel.guild_id, channel.id),
        Event::ThreadDelete(thread) => remove_channel(cache, Some(thread.guild_id), thread.id),
        Event::GuildMemberAdd(member) => set_member(cache, member.guild_id, member),
        Event::GuildMemberUpdate(member) => set_member(cache, member.guild_id, member),
        Event::GuildMemberRemove(event) => {
            let key = (event.guild_id, event.user.id);
            put(&cache.members, key, Change::Member, || None)
        }
        Event::MessageCreate(message) => put(&cache.messages, message.id, Change::Message, || {
            Some(message.0.clone())
        }),
        Event::MessageUpdate(message) => put(&cache.messages, message.id, Change::Message, || {
            Some(message.0.clone())
        }),
        Event::MessageDelete(event) => put(&cache.messages, event.id, Change::Message, || None),
        Event::MessageDeleteBulk(event) => {
            for id in &event.ids {
                cache.messages.invalidate(id);
            }
            Change::Nothing
        }
        _ => Change::Nothing,
    }
}

/// Takes a guild out with its channels. Its members stay until they are the oldest: they cannot be
/// listed, and a member without its guild is found by nobody who does not ask for exactly it.
pub(crate) fn forget_guild(cache: &Cache, id: Id<GuildMarker>) -> Option<Arc<Guild>> {
    let entry = cache.guilds.remove(&id)?;
    for channel in &entry.channels {
        cache.channels.invalidate(channel);
    }
    Some(Arc::clone(&entry.guild))
}

/// Replaces all that is known of the guild: what Discord does not send again is gone.
fn guild_create(cache: &Cache, guild: &Guild) -> Change {
    if guild.unavailable {
        return outage(cache, guild.id);
    }
    let before = forget_guild(cache, guild.id);
    let channels: BTreeSet<_> = guild
        .channels
        .iter()
        .chain(&guild.threads)
        .map(|c| c.id)
        .collect();
    for channel in guild.channels.iter().chain(&guild.threads) {
        // Inside GUILD_CREATE a channel does not repeat the guild's id.
        let mut channel = channel.clone();
        channel.guild_id = Some(guild.id);
        cache.channels.insert(channel.id, Arc::new(channel));
    }
    for member in &guild.members {
        set_member(cache, Some(guild.id), member);
    }
    let after = Arc::new(lean(guild));
    cache.guilds.insert(
        guild.id,
        Arc::new(GuildEntry {
            guild: Arc::clone(&after),
            channels,
        }),
    );
    Change::Guild(Delta {
        before,
        after: Some(after),
    })
}

/// The guild without the lists that are kept elsewhere, or not at all because later events, which
/// nobody applies, would make them wrong.
fn lean(guild: &Guild) -> Guild {
    let mut lean = guild.clone();
    lean.channels = Vec::new();
    lean.threads = Vec::new();
    lean.members = Vec::new();
    lean.stickers = Vec::new();
    lean.voice_states = Vec::new();
    lean.presences = Vec::new();
    lean.stage_instances = Vec::new();
    lean.guild_scheduled_events = Vec::new();
    lean.soundboard_sounds = Vec::new();
    lean
}

fn guild_delete(cache: &Cache, guild: &UnavailableGuild) -> Change {
    if guild.unavailable {
        return outage(cache, guild.id);
    }
    forget_guild(cache, guild.id).map_or(Change::Nothing, |before| {
        Change::Guild(Delta {
            before: Some(before),
            after: None,
        })
    })
}

/// An outage: what is known is kept, and marked.
fn outage(cache: &Cache, id: Id<GuildMarker>) -> Change {
    update_guild(cache, id, |guild| guild.unavailable = true)
}

fn set_role(guild: &mut Guild, role: &Role) {
    match guild.roles.iter_mut().find(|kept| kept.id == role.id) {
        Some(kept) => *kept = role.clone(),
        None => guild.roles.push(role.clone()),
    }
}

fn update_guild(cache: &Cache, id: Id<GuildMarker>, update: impl FnOnce(&mut Guild)) -> Change {
    let Some(entry) = cache.guilds.get(&id) else {
        return Change::Nothing;
    };
    let mut guild = Guild::clone(&entry.guild);
    update(&mut guild);
    let after = Arc::new(guild);
    let channels = entry.channels.clone();
    cache.guilds.insert(
        id,
        Arc::new(GuildEntry {
            guild: Arc::clone(&after),
            channels,
        }),
    );
    Change::Guild(Delta {
        before: Some(Arc::clone(&entry.guild)),
        after: Some(after),
    })
}

fn set_channel(cache: &Cache, channel: &Channel) -> Change {
    list_channel(cache, channel.guild_id, channel.id, true);
    put(&cache.channels, channel.id, Change::Channel, || {
        Some(channel.clone())
    })
}

fn remove_channel(cache: &Cache, guild: Option<Id<GuildMarker>>, id: Id<ChannelMarker>) -> Change {
    list_channel(cache, guild, id, false);
    put(&cache.channels, id, Change::Channel, || None)
}

/// Lists a channel with its guild, or takes it off the list. Most updates change neither.
fn list_channel(
    cache: &Cache,
    guild: Option<Id<GuildMarker>>,
    channel: Id<ChannelMarker>,
    listed: bool,
) {
    let Some((id, entry)) = guild.and_then(|id| Some((id, cache.guilds.get(&id)?))) else {
        return;
    };
    if entry.channels.contains(&channel) == listed {
        return;
    }
    let mut channels = entry.channels.clone();
    if listed {
        channels.insert(channel);
    } else {
        channels.remove(&channel);
    }
    let guild = Arc::clone(&entry.guild);
    cache
        .guilds
        .insert(id, Arc::new(GuildEntry { guild, channels }));
}

fn set_member(cache: &Cache, guild: Option<Id<GuildMarker>>, member: &Member) -> Change {
    let key: Option<(Id<GuildMarker>, Id<UserMarker>)> =
        guild.and_then(|guild| Some((guild, member.user.as_ref()?.id)));
    let Some(key) = key else {
        return Change::Nothing;
    };
    put(&cache.members, key, Change::Member, || {
        let mut member = member.clone();
        member.guild_id = Some(key.0);
        Some(member)
    })
}

/// Writes or removes, and tells what was there. A kind that is not kept is not even copied.
fn put<K, V>(
    store: &Store<K, Arc<V>>,
    key: K,
    change: fn(Delta<V>) -> Change,
    after: impl FnOnce() -> Option<V>,
) -> Change
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    if store.policy().max_capacity() == Some(0) {
        return Change::Nothing;
    }
    let after = after().map(Arc::new);
    let mut before = None;
    store.entry(key).and_compute_with(|kept| {
        before = kept.map(moka::Entry::into_value);
        after.clone().map_or(Op::Remove, Op::Put)
    });
    change(Delta { before, after })
}

#[cfg(test)]
mod tests;
