//! Scheduled events of guilds.

use ovenjs_types::{
    DataUri, GuildScheduledEvent, Id, Patch, RecurrenceRule, ScheduledEventEntityMetadata,
    ScheduledEventEntityType, ScheduledEventException, ScheduledEventPrivacyLevel,
    ScheduledEventStatus, ScheduledEventUser, ScheduledEventUserCount, Text, Timestamp,
    form::{inside, length, picture},
    limits,
    marker::{ChannelMarker, GenericMarker, GuildMarker, ScheduledEventMarker, UserMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// The scheduled events of a guild.
    Get "/guilds/{guild_id}/scheduled-events" as ListScheduledEvents -> Vec<GuildScheduledEvent> {
        fn scheduled_events(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Whether the number of those who want to come is included.
            with_user_count: bool,
        }
    }
}

endpoint! {
    /// A scheduled event.
    Get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}" as GetScheduledEvent -> GuildScheduledEvent {
        fn scheduled_event(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
        )
        major guild_id;
        query {
            /// Whether the number of those who want to come is included.
            with_user_count: bool,
        }
    }
}

endpoint! {
    /// Plans an event; at most 100 may be planned or under way in a guild.
    Post "/guilds/{guild_id}/scheduled-events" as CreateScheduledEvent -> GuildScheduledEvent {
        fn create_scheduled_event(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: ScheduledEventDraft;
        needs CREATE_EVENTS;
        takes reason;
    }
}

endpoint! {
    /// Changes a scheduled event; what is not set stays as it is. Those of others need
    /// `MANAGE_EVENTS`.
    Patch "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}" as EditScheduledEvent -> GuildScheduledEvent {
        fn edit_scheduled_event(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
        )
        major guild_id;
        body: ScheduledEventDraft;
        needs MANAGE_EVENTS;
        takes reason;
    }
}

body! {
    /// A scheduled event to be made, or a change of one.
    ///
    /// What is made begins with [`in_voice`](Self::in_voice), [`on_stage`](Self::on_stage) or
    /// [`elsewhere`](Self::elsewhere), and a change with `default()`, which changes nothing.
    ///
    /// Source: Discord, "Create Guild Scheduled Event" and "Modify Guild Scheduled Event".
    ///
    /// ```
    /// use ovenjs_rest::ScheduledEventDraft;
    /// use ovenjs_types::{ScheduledEventStatus, Timestamp, Validate, json};
    ///
    /// let noon = Timestamp::from_unix_seconds(1_800_000_000);
    /// let evening = Timestamp::from_unix_seconds(1_800_020_000);
    /// let open_day = ScheduledEventDraft::elsewhere("Open day", "The bakery", noon, evening);
    /// assert!(open_day.description("Rye and wheat").validate().is_ok());
    ///
    /// let begin = ScheduledEventDraft::default().status(ScheduledEventStatus::Active);
    /// assert_eq!(json::encode(&begin), br#"{"status":2}"#);
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct ScheduledEventDraft
    may {
        /// Its name; 1 to 100 characters.
        name: Option<Text> = length(0..=limits::SCHEDULED_EVENT_NAME),
        /// Its description; at most 1000 characters.
        description: Patch<Text> = length(0..=limits::SCHEDULED_EVENT_DESCRIPTION),
        /// When it begins.
        scheduled_start_time: Option<Timestamp>,
        /// When it ends; must be there for elsewhere.
        scheduled_end_time: Patch<Timestamp>,
        /// Where it takes place. A change to elsewhere clears the channel and sets place and end.
        entity_type: Option<ScheduledEventEntityType>,
        /// The voice channel or stage; none for elsewhere.
        channel_id: Patch<Id<ChannelMarker>>,
        /// The place, for elsewhere.
        entity_metadata: Patch<ScheduledEventEntityMetadata> = inside,
        /// Who can see it.
        privacy_level: Option<ScheduledEventPrivacyLevel>,
        /// Its picture.
        image: Patch<DataUri> = picture,
        /// How it comes again.
        recurrence_rule: Patch<RecurrenceRule>,
        /// How far it is, in a change: planned events become active or cancelled, active ones
        /// completed.
        status: Option<ScheduledEventStatus>,
    }
}

impl ScheduledEventDraft {
    /// An event in a voice channel.
    pub fn in_voice(name: impl Into<Text>, channel: Id<ChannelMarker>, start: Timestamp) -> Self {
        Self::planned(name.into(), ScheduledEventEntityType::Voice, start).channel_id(channel)
    }

    /// An event on a stage.
    pub fn on_stage(name: impl Into<Text>, channel: Id<ChannelMarker>, start: Timestamp) -> Self {
        Self::planned(name.into(), ScheduledEventEntityType::StageInstance, start)
            .channel_id(channel)
    }

    /// An event outside of Discord, at a place in words of at most 100 characters.
    pub fn elsewhere(
        name: impl Into<Text>,
        location: impl Into<Text>,
        start: Timestamp,
        end: Timestamp,
    ) -> Self {
        Self::planned(name.into(), ScheduledEventEntityType::External, start)
            .entity_metadata(ScheduledEventEntityMetadata::at(location))
            .scheduled_end_time(end)
    }

    fn planned(name: Text, kind: ScheduledEventEntityType, start: Timestamp) -> Self {
        Self::default()
            .name(name)
            .entity_type(kind)
            .scheduled_start_time(start)
            .privacy_level(ScheduledEventPrivacyLevel::GuildOnly)
    }
}

endpoint! {
    /// Deletes a scheduled event.
    Delete "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}" as DeleteScheduledEvent -> () {
        fn delete_scheduled_event(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
        )
        major guild_id;
        needs MANAGE_EVENTS;
    }
}

endpoint! {
    /// Those who want to come, by their ids.
    Get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users" as ListScheduledEventUsers -> Vec<ScheduledEventUser> {
        fn scheduled_event_users(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
        )
        major guild_id;
        query {
            /// Whether they come as members of the guild, too.
            with_member: bool,
            /// Those before this user.
            before: Id<UserMarker>,
            /// Those after this user; without effect beside `before`.
            after: Id<UserMarker>,
            /// At most so many: 1 to 100, 100 by default.
            limit: u16 = 1..=100,
        }
    }
}

endpoint! {
    /// Makes a day of an event that comes again otherwise, or lets it fall out.
    Post "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions" as CreateScheduledEventException -> ScheduledEventException {
        fn create_scheduled_event_exception(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
        )
        major guild_id;
        sends: ScheduledEventExceptionDraft;
        needs MANAGE_EVENTS;
    }
}

endpoint! {
    /// Changes a day that is otherwise; what is not set stays as it is.
    Patch "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}" as EditScheduledEventException -> ScheduledEventException {
        fn edit_scheduled_event_exception(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
            exception_id: Id<GenericMarker>,
        )
        major guild_id;
        body: ScheduledEventExceptionDraft;
        needs MANAGE_EVENTS;
    }
}

body! {
    /// A day of an event that comes again which is to be otherwise, or a change of it.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct ScheduledEventExceptionDraft
    may {
        /// When the day would begin by the rule; says which day it is, and cannot be changed.
        original_scheduled_start_time: Option<Timestamp>,
        /// When it begins instead.
        scheduled_start_time: Patch<Timestamp>,
        /// When it ends instead.
        scheduled_end_time: Patch<Timestamp>,
        /// Whether it falls out.
        is_canceled: Patch<bool>,
    }
}

impl ScheduledEventExceptionDraft {
    /// The day that would begin at `original` by the rule.
    #[must_use]
    pub fn of(original: Timestamp) -> Self {
        Self::default().original_scheduled_start_time(original)
    }
}

endpoint! {
    /// Lets a day be again as the rule has it.
    Delete "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}" as DeleteScheduledEventException -> () {
        fn delete_scheduled_event_exception(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
            exception_id: Id<GenericMarker>,
        )
        major guild_id;
        needs MANAGE_EVENTS;
    }
}

endpoint! {
    /// How many want to come to an event, and to those of its days that are otherwise.
    Get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts" as CountScheduledEventUsers -> ScheduledEventUserCount {
        fn scheduled_event_user_count(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
        )
        major guild_id;
        query {
            /// The days to count; at most 10.
            guild_scheduled_event_exception_ids: Vec<Id<GenericMarker>> = 0..=10,
        }
    }
}

endpoint! {
    /// Those who want to come on a day that is otherwise, by their ids.
    Get "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users" as ListScheduledEventExceptionUsers -> Vec<ScheduledEventUser> {
        fn scheduled_event_exception_users(
            guild_id: Id<GuildMarker>,
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
            guild_scheduled_event_exception_id: Id<GenericMarker>,
        )
        major guild_id;
        query {
            /// Whether they come as members of the guild, too.
            with_member: bool,
            /// Those before this user.
            before: Id<UserMarker>,
            /// Those after this user; without effect beside `before`.
            after: Id<UserMarker>,
            /// At most so many: 1 to 100, 100 by default.
            limit: u16 = 1..=100,
        }
    }
}

json_answers!(
    GuildScheduledEvent,
    ScheduledEventException,
    ScheduledEventUser,
    ScheduledEventUserCount
);
