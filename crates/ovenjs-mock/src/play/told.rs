//! How a deed is told, so that it can be done again in another box.

use crate::{
    json::Fields as _,
    scenario::Pick,
    world::{World, interaction::Response, modal},
};

use super::Message;

/// What a deed is told with: names and places in place of ids, which differ from box to box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'w> {
    world: &'w World,
    user: u64,
    channel: u64,
}

impl<'w> Told<'w> {
    pub(crate) const fn new(world: &'w World, user: u64, channel: u64) -> Self {
        Self {
            world,
            user,
            channel,
        }
    }

    /// Who does it.
    pub(crate) fn user(self) -> String {
        self.name(self.user)
    }

    pub(crate) fn name(self, user: u64) -> String {
        let user = self.world.users.get(&user);
        let name = user.and_then(|user| user.text("username"));
        name.unwrap_or_default().to_owned()
    }

    /// Where: nothing for the default channel, `Guild/name` outside of the first guild.
    pub(crate) fn channel(self) -> Option<String> {
        if self.channel == self.world.default_channel {
            return None;
        }
        let room = self.world.channels.get(&self.channel)?;
        let Some(guild) = room.guild else {
            return Some("@me".to_owned());
        };
        let name = room.object.text("name").unwrap_or_default();
        Some(match self.guild(guild) {
            None => name.to_owned(),
            Some(guild) => format!("{guild}/{name}"),
        })
    }

    /// The guild's name; nothing for the first one.
    pub(crate) fn guild(self, id: u64) -> Option<String> {
        let guild = self.world.guilds.get(&id)?;
        let name = guild.object.text("name").unwrap_or_default();
        (id != self.world.default_guild).then(|| name.to_owned())
    }

    /// The place of a message in its channel.
    pub(crate) fn message(self, id: u64) -> Option<Pick> {
        let room = self.world.channels.get(&self.channel)?;
        let place = room.messages.keys().position(|known| *known == id)?;
        Some(Pick::Number(place + 1))
    }

    /// The names of stickers.
    pub(crate) fn stickers(self, ids: &[u64]) -> Vec<String> {
        let known = ids.iter().filter_map(|id| self.world.sticker(*id));
        known
            .filter_map(|sticker| Some(sticker.text("name")?.to_owned()))
            .collect()
    }

    /// What stands on a button, if only that one has it; a custom id may differ from run to run.
    pub(crate) fn label(self, message: u64, custom_id: &str) -> String {
        let message = Message::of(self.world, self.channel, message);
        let labels = message.labels(custom_id);
        let telling = labels
            .into_iter()
            .find(|label| message.custom_id(label).as_deref() == Some(custom_id));
        telling.unwrap_or_else(|| custom_id.to_owned())
    }

    /// The label of a modal's field, if only that one has it.
    pub(crate) fn field(self, opener: u64, custom_id: &str) -> String {
        let known = self.world.interactions.get(&opener);
        let fields = match known.and_then(|known| known.response.as_ref()) {
            Some(Response::Modal(opened)) => modal::fields(opened),
            _ => Vec::new(),
        };
        let label = fields
            .iter()
            .find(|field| field.text("custom_id") == Some(custom_id))
            .and_then(|field| field.text("label"));
        let alone = |label: &&str| {
            let same = fields
                .iter()
                .filter(|field| field.text("label") == Some(label));
            same.count() == 1
        };
        label.filter(alone).unwrap_or(custom_id).to_owned()
    }
}
