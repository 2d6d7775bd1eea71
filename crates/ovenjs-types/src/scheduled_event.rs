//! Scheduled events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Id, Member, Report, Text, Timestamp, User, Validate, limits,
    marker::{
        ChannelMarker, GenericMarker, GuildMarker, ScheduledEventEntityMarker,
        ScheduledEventMarker, UserMarker,
    },
    null,
};

/// Something that a guild plans: on a stage, in voice, or elsewhere.
///
/// Source: Discord, "Guild Scheduled Event Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildScheduledEvent {
    /// The event's id.
    pub id: Id<ScheduledEventMarker>,
    /// Its guild.
    pub guild_id: Id<GuildMarker>,
    /// Where it takes place; none for elsewhere.
    #[serde(default)]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Who planned it; none for events from before 2021-10-25.
    #[serde(default)]
    pub creator_id: Option<Id<UserMarker>>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// When it begins.
    #[serde(default)]
    pub scheduled_start_time: Option<Timestamp>,
    /// When it ends; always there for elsewhere.
    #[serde(default)]
    pub scheduled_end_time: Option<Timestamp>,
    /// Who can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_level: Option<ScheduledEventPrivacyLevel>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ScheduledEventStatus>,
    /// Where it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<ScheduledEventEntityType>,
    /// The stage it belongs to.
    #[serde(default)]
    pub entity_id: Option<Id<ScheduledEventEntityMarker>>,
    /// The place, for elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_metadata: Option<ScheduledEventEntityMetadata>,
    /// The user who planned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<Box<User>>,
    /// How many want to come; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_count: Option<u64>,
    /// The hash of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Text>,
    /// How it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence_rule: Option<Box<RecurrenceRule>>,
    /// Which of its days are otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guild_scheduled_event_exceptions: Vec<ScheduledEventException>,
    /// What the current user said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_rsvp: Option<Box<ScheduledEventUser>>,
}

/// What is known of an event elsewhere.
///
/// Source: Discord, "Guild Scheduled Event Entity Metadata".
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScheduledEventEntityMetadata {
    /// The place, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Text>,
}

impl Validate for ScheduledEventEntityMetadata {
    fn check(&self, report: &mut Report) {
        let most = limits::SCHEDULED_EVENT_LOCATION;
        report.length_of("location", self.location.as_ref(), 0..=most);
    }
}

impl ScheduledEventEntityMetadata {
    /// A place in words; at most 100 characters.
    pub fn at(location: impl Into<Text>) -> Self {
        Self {
            location: Some(location.into()),
        }
    }
}

/// Somebody who wants to come.
///
/// Source: Discord, "Guild Scheduled Event User Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScheduledEventUser {
    /// The event.
    pub guild_scheduled_event_id: Id<ScheduledEventMarker>,
    /// The one day of an event that comes again; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_scheduled_event_exception_id: Option<Id<GenericMarker>>,
    /// The user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<UserMarker>>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// The user as a member, where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ScheduledEventUserResponse>,
}

/// How many want to come.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScheduledEventUserCount {
    /// To the event as a whole.
    #[serde(default)]
    pub guild_scheduled_event_count: u64,
    /// To each day that is otherwise.
    #[serde(default)]
    pub guild_scheduled_event_exception_counts: BTreeMap<Id<GenericMarker>, u64>,
}

/// A day of an event that comes again which is otherwise.
#[derive(Clone, Debug, PartialEq, Copy, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScheduledEventException {
    /// The day's id.
    pub event_exception_id: Id<GenericMarker>,
    /// The event.
    pub event_id: Id<ScheduledEventMarker>,
    /// Whether it falls out.
    #[serde(default)]
    pub is_canceled: bool,
    /// When it begins instead.
    #[serde(default)]
    pub scheduled_start_time: Option<Timestamp>,
    /// When it ends instead.
    #[serde(default)]
    pub scheduled_end_time: Option<Timestamp>,
}

/// How an event comes again.
///
/// The fields are those of iCalendar's `RRULE`, of which Discord allows a few forms only.
///
/// Source: Discord, "Guild Scheduled Event Recurrence Rule Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecurrenceRule {
    /// When the row begins.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// When it ends; cannot be set.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// How often it comes.
    pub frequency: RecurrenceFrequency,
    /// The steps between: 2 with [`Weekly`](RecurrenceFrequency::Weekly) is every other week.
    #[serde(default)]
    pub interval: u32,
    /// On which days of the week.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub by_weekday: Vec<RecurrenceWeekday>,
    /// On which days of which weeks of the month.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub by_n_weekday: Vec<RecurrenceNWeekday>,
    /// In which months.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub by_month: Vec<RecurrenceMonth>,
    /// On which days of the month.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub by_month_day: Vec<i32>,
    /// On which days of the year, 1 to 364; cannot be set.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub by_year_day: Vec<i32>,
    /// How often it comes in all; cannot be set.
    #[serde(default)]
    pub count: Option<u64>,
}

impl RecurrenceRule {
    /// Comes this often from `start` on, each time.
    ///
    /// ```
    /// use ovenjs_types::{RecurrenceFrequency, RecurrenceRule, RecurrenceWeekday, Timestamp};
    /// let mut rule = RecurrenceRule::new(RecurrenceFrequency::Weekly, Timestamp::UNIX_EPOCH);
    /// // Every other Thursday.
    /// rule.interval = 2;
    /// rule.by_weekday = vec![RecurrenceWeekday::Thursday];
    /// assert_eq!(rule.end, None);
    /// ```
    #[must_use]
    pub const fn new(frequency: RecurrenceFrequency, start: Timestamp) -> Self {
        Self {
            start: Some(start),
            end: None,
            frequency,
            interval: 1,
            by_weekday: Vec::new(),
            by_n_weekday: Vec::new(),
            by_month: Vec::new(),
            by_month_day: Vec::new(),
            by_year_day: Vec::new(),
            count: None,
        }
    }
}

/// A day of a week of the month: the third Monday, say.
///
/// Source: Discord, "Guild Scheduled Event Recurrence Rule - N_Weekday Structure".
///
/// ```
/// use ovenjs_types::{RecurrenceNWeekday, RecurrenceWeekday, json};
/// let third_monday = RecurrenceNWeekday { n: 3, day: RecurrenceWeekday::Monday };
/// assert_eq!(json::encode(&third_monday), br#"{"n":3,"day":0}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurrenceNWeekday {
    /// The week, 1 to 5.
    pub n: u32,
    /// The day.
    pub day: RecurrenceWeekday,
}

open_int! {
    /// Who can see a scheduled event.
    pub enum ScheduledEventPrivacyLevel: u32 {
        GuildOnly = 2,
    }
}

open_int! {
    /// How far a scheduled event is. What is completed or cancelled stays so.
    pub enum ScheduledEventStatus: u32 {
        Scheduled = 1,
        Active = 2,
        Completed = 3,
        Canceled = 4,
    }
}

open_int! {
    /// Where a scheduled event takes place.
    pub enum ScheduledEventEntityType: u32 {
        None = 0,
        StageInstance = 1,
        Voice = 2,
        External = 3,
    }
}

open_int! {
    /// What somebody said to a scheduled event.
    pub enum ScheduledEventUserResponse: u32 {
        Uninterested = 0,
        Interested = 1,
    }
}

open_int! {
    /// How often an event comes again.
    pub enum RecurrenceFrequency: u32 {
        Yearly = 0,
        Monthly = 1,
        Weekly = 2,
        Daily = 3,
    }
}

open_int! {
    /// A day of the week.
    pub enum RecurrenceWeekday: u32 {
        Monday = 0,
        Tuesday = 1,
        Wednesday = 2,
        Thursday = 3,
        Friday = 4,
        Saturday = 5,
        Sunday = 6,
    }
}

open_int! {
    /// A month.
    pub enum RecurrenceMonth: u32 {
        January = 1,
        February = 2,
        March = 3,
        April = 4,
        May = 5,
        June = 6,
        July = 7,
        August = 8,
        September = 9,
        October = 10,
        November = 11,
        December = 12,
    }
}
