//! Who hears of what happened, and how much of it.

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    json::snowflake,
    world::{Emission, World, permission},
};

use super::{
    Gateway,
    intents::{self, Sight},
    session::Happening,
};

/// An event that somebody else has written. It stays text, unless a session may see a part of it
/// only, so that a load of them costs no tree each.
#[derive(Debug)]
pub(crate) struct Written {
    about: About,
    happening: Arc<Happening>,
}

/// What decides who hears of an event.
#[derive(Clone, Copy, Debug, Default)]
struct About {
    /// The guild it happened in; what is of none goes to shard 0.
    guild: Option<u64>,
    channel: Option<u64>,
    user: Option<u64>,
}

enum Data<'a> {
    Tree(&'a Value),
    Text(&'a Arc<Happening>),
}

impl Written {
    /// From the name and the field `d`, which may be any JSON. The field `guild_id`, or the `id` of
    /// a guild, says where it happened.
    pub(crate) fn new(name: &str, data: String) -> Self {
        let about = match serde_json::from_str::<Fields<'_>>(&data) {
            Ok(fields) => fields.about(name),
            // No object, or one with a field twice: it is of nothing in particular.
            Err(_) => About::default(),
        };
        let happening = Happening::written(name, data);
        Self { about, happening }
    }
}

/// The fields that decide, wherever they are among the others.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    guild_id: Option<&'a RawValue>,
    #[serde(borrow)]
    channel_id: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
}

impl Fields<'_> {
    fn about(&self, name: &str) -> About {
        let tree = |field: Option<&RawValue>| -> Value {
            let parsed = field.map(|field| serde_json::from_str(field.get()));
            parsed.and_then(Result::ok).unwrap_or_default()
        };
        let guild = match name {
            "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" => self.id,
            _ => self.guild_id,
        };
        About {
            guild: snowflake(&tree(guild)),
            channel: snowflake(&tree(self.channel_id)),
            user: tree(self.user).get("id").and_then(snowflake),
        }
    }
}

impl Data<'_> {
    fn whole(&self, name: &str) -> Arc<Happening> {
        match self {
            Self::Tree(tree) => Happening::new(name, tree),
            Self::Text(happening) => Arc::clone(happening),
        }
    }

    fn tree(&self) -> Cow<'_, Value> {
        match self {
            Self::Tree(tree) => Cow::Borrowed(tree),
            Self::Text(happening) => Cow::Owned(happening.tree()),
        }
    }
}

impl Gateway {
    /// Tells every session that may hear of it.
    pub(crate) fn dispatch(&mut self, emission: &Emission, world: &World) {
        let Emission { name, data, guild } = emission;
        let about = About {
            guild: *guild,
            channel: data.get("channel_id").and_then(snowflake),
            user: data.pointer("/user/id").and_then(snowflake),
        };
        self.tell(name, about, &Data::Tree(data), world);
    }

    /// The same with an event that is written already.
    pub(crate) fn pass_on(&mut self, written: &Written, world: &World) {
        let Written { about, happening } = written;
        self.tell(&happening.name, *about, &Data::Text(happening), world);
    }

    /// It is written once, whoever hears it.
    fn tell(&mut self, name: &str, about: About, data: &Data<'_>, world: &World) {
        let guild = about.guild;
        if guild.is_some_and(|guild| self.outages.contains(&guild)) {
            return;
        }
        let hearing = self.sessions.hearing(guild);
        if hearing.is_empty()
            || !may_be_seen(name, about, world)
            || !may_be_told(name, about, world)
        {
            return;
        }
        let needed = self.intents.needed(name, guild, about.user, world.bot);
        let uncovering = intents::uncovering(name);
        let mut texts: Vec<(u64, Option<Arc<Happening>>)> = Vec::new();
        for id in hearing {
            let intents = self.sessions.get(id).map_or(0, |session| session.intents);
            if needed != 0 && intents & needed == 0 {
                continue;
            }
            let eyes = intents & uncovering;
            let known = texts.iter().position(|(other, _)| *other == eyes);
            let place = known.unwrap_or_else(|| {
                let sight = intents::seen(name, guild, || data.tree(), world.bot, eyes);
                let happening = match sight {
                    Sight::Whole => Some(data.whole(name)),
                    Sight::Part(part) => Some(Happening::new(name, &part)),
                    Sight::Nothing => None,
                };
                texts.push((eyes, happening));
                texts.len() - 1
            });
            let Some((_, Some(happening))) = texts.get(place) else {
                continue;
            };
            let happening = Arc::clone(happening);
            self.deliver(id, &happening);
        }
    }
}

/// Whether the bot may see the channel of what happened. Interactions reach it everywhere.
fn may_be_seen(name: &str, about: About, world: &World) -> bool {
    let channel = about.channel;
    match channel.filter(|channel| world.channels.contains_key(channel)) {
        Some(channel) if name != "INTERACTION_CREATE" => {
            world.channel_permissions(channel, world.bot) & permission::VIEW_CHANNEL != 0
        }
        _ => true,
    }
}

/// Whether the bot has one of the permissions without which Discord keeps an event to itself.
fn may_be_told(name: &str, about: About, world: &World) -> bool {
    let in_guild = |needed| {
        let guild = about.guild.filter(|guild| world.guilds.contains_key(guild));
        guild.is_none_or(|guild| world.guild_permissions(guild, world.bot) & needed != 0)
    };
    match name {
        "GUILD_AUDIT_LOG_ENTRY_CREATE" => in_guild(permission::VIEW_AUDIT_LOG),
        "GUILD_BAN_ADD" | "GUILD_BAN_REMOVE" => {
            in_guild(permission::BAN_MEMBERS | permission::VIEW_AUDIT_LOG)
        }
        "INVITE_CREATE" | "INVITE_DELETE" => {
            let known = |channel: &u64| world.channels.contains_key(channel);
            let channel = about.channel.filter(known);
            channel.is_none_or(|channel| {
                world.channel_permissions(channel, world.bot) & permission::MANAGE_CHANNELS != 0
            })
        }
        _ if name.starts_with("AUTO_MODERATION_") => in_guild(permission::MANAGE_GUILD),
        _ => true,
    }
}
