//! All channels by id, with word of which belong to a guild, so that nothing has to ask them all.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    ops::Deref,
};

use super::Channel;

/// Reads like the map it holds; what comes and goes is written down by guild too.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    all: BTreeMap<u64, Channel>,
    of_guild: BTreeMap<u64, BTreeSet<u64>>,
}

impl Channels {
    pub(crate) fn insert(&mut self, id: u64, channel: Channel) {
        self.remove(&id);
        if let Some(guild) = channel.guild {
            self.of_guild.entry(guild).or_default().insert(id);
        }
        self.all.insert(id, channel);
    }

    pub(crate) fn remove(&mut self, id: &u64) -> Option<Channel> {
        let channel = self.all.remove(id)?;
        if let Some(guild) = channel.guild
            && let Some(ids) = self.of_guild.get_mut(&guild)
        {
            ids.remove(id);
        }
        Some(channel)
    }

    pub(crate) fn get_mut(&mut self, id: &u64) -> Option<&mut Channel> {
        self.all.get_mut(id)
    }

    /// Forgets all channels but those that `keep` keeps.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&u64, &mut Channel) -> bool) {
        let gone = self
            .all
            .iter_mut()
            .filter_map(|(id, channel)| (!keep(id, channel)).then_some(*id));
        for id in gone.collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    /// The channels and threads of a guild, oldest first.
    pub(crate) fn of_guild(&self, guild: u64) -> impl Iterator<Item = (u64, &Channel)> {
        let ids = self.of_guild.get(&guild).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.all.get(id)?)))
    }
}

impl<'a> IntoIterator for &'a mut Channels {
    type Item = (&'a u64, &'a mut Channel);
    type IntoIter = btree_map::IterMut<'a, u64, Channel>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter_mut()
    }
}

impl Deref for Channels {
    type Target = BTreeMap<u64, Channel>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}
