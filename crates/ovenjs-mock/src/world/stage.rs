//! Stage instances, at most one to a stage channel.

use serde_json::Value;

use crate::json::{Fields, Object};

use super::World;

impl World {
    pub(crate) fn stage(&self, channel: u64) -> Option<&Object> {
        let guild = self.channel_guild(channel)?;
        self.guilds.get(&guild)?.stages.get(&channel)
    }

    pub(crate) fn open_stage(&mut self, guild: u64, channel: u64, stage: Object) {
        self.keep_stage("STAGE_INSTANCE_CREATE", guild, channel, stage);
    }

    pub(crate) fn change_stage(&mut self, guild: u64, channel: u64, stage: Object) {
        self.keep_stage("STAGE_INSTANCE_UPDATE", guild, channel, stage);
    }

    fn keep_stage(&mut self, event: &str, guild: u64, channel: u64, stage: Object) {
        if let Some(room) = self.guilds.get_mut(&guild) {
            room.stages.insert(channel, stage.clone());
        }
        self.emit(event, Some(guild), Value::Object(stage));
    }

    /// Ends what goes on in a stage channel, if anything does, and gives what it was.
    pub(crate) fn end_stage(&mut self, guild: u64, channel: u64) -> Option<Object> {
        let stage = self.guilds.get_mut(&guild)?.stages.remove(&channel)?;
        let data = Value::Object(stage.clone());
        self.emit("STAGE_INSTANCE_DELETE", Some(guild), data);
        if let Some(id) = stage.key("id") {
            self.end_events_of_stage(guild, id);
        }
        Some(stage)
    }
}
