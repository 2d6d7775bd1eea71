//! Stages that are live.

use ovenjs_types::{
    Id, StageInstance, StagePrivacyLevel, Text,
    form::length,
    limits,
    marker::{ChannelMarker, ScheduledEventMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// Opens a stage. The bot has to be its moderator.
    Post "/stage-instances" as CreateStage -> StageInstance {
        fn create_stage()
        sends: StageDraft;
        takes reason;
    }
}

body! {
    /// A stage to be opened.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct StageDraft
    must {
        /// Its channel.
        channel_id: Id<ChannelMarker>,
        /// Its topic; 1 to 120 characters.
        topic: Text = length(limits::STAGE_TOPIC_MIN..=limits::STAGE_TOPIC),
    }
    may {
        /// Who can see it.
        privacy_level: Option<StagePrivacyLevel>,
        /// Whether everyone is told, which needs `MENTION_EVERYONE`.
        send_start_notification: Option<bool>,
        /// The event it belongs to.
        guild_scheduled_event_id: Option<Id<ScheduledEventMarker>>,
    }
}

endpoint! {
    /// The stage that is live in a channel.
    Get "/stage-instances/{channel_id}" as GetStage -> StageInstance {
        fn stage(channel_id: Id<ChannelMarker>)
        major channel_id;
    }
}

endpoint! {
    /// Changes a stage. The bot has to be its moderator.
    Patch "/stage-instances/{channel_id}" as EditStage -> StageInstance {
        fn edit_stage(channel_id: Id<ChannelMarker>)
        major channel_id;
        body: StageEdit;
        takes reason;
    }
}

body! {
    /// A change of a stage: what is not set stays as it is.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct StageEdit
    may {
        /// Its topic; 1 to 120 characters.
        topic: Option<Text> = length(limits::STAGE_TOPIC_MIN..=limits::STAGE_TOPIC),
        /// Who can see it.
        privacy_level: Option<StagePrivacyLevel>,
    }
}

endpoint! {
    /// Closes a stage. The bot has to be its moderator.
    Delete "/stage-instances/{channel_id}" as DeleteStage -> () {
        fn delete_stage(channel_id: Id<ChannelMarker>)
        major channel_id;
        takes reason;
    }
}

json_answers!(StageInstance);
