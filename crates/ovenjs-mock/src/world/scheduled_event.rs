//! Scheduled events: planned, begun, ended, repeated, and who wants to come.
//!
//! Discord begins and ends some of them by itself. Of the times that it calls "a few", the box waits
//! five minutes for somebody to come back into an empty channel, and four hours for an event that
//! nobody begins. One that repeats itself is planned anew when it is over.

mod recurrence;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time,
};

use super::{World, due::Due};

pub(crate) use recurrence::{frequency, occasion, occurs};

/// One event.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) object: Object,
    /// When the first of a row of events takes place, in milliseconds since 1970.
    pub(crate) first: u64,
    /// Occasions which are other than the rest of the row, by id.
    pub(crate) exceptions: BTreeMap<u64, Object>,
    /// Who wants to come: to all (`None`), or to one occasion.
    interested: BTreeMap<Option<u64>, BTreeSet<u64>>,
}

impl Event {
    pub(crate) fn status(&self) -> u64 {
        self.object.int("status").unwrap_or(0)
    }

    pub(crate) fn kind(&self) -> u64 {
        self.object.int("entity_type").unwrap_or(0)
    }

    pub(crate) fn channel(&self) -> Option<u64> {
        self.object.key("channel_id")
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status(), status::COMPLETED | status::CANCELED)
    }

    /// Who leaves the guild comes to none of its events.
    pub(super) fn forget(&mut self, user: u64) {
        for users in self.interested.values_mut() {
            users.remove(&user);
        }
    }

    fn is_once(&self) -> bool {
        self.object
            .get("recurrence_rule")
            .is_none_or(Value::is_null)
    }

    fn time(&self, key: &str) -> Option<u64> {
        self.object.text(key).and_then(time::unix_ms_of)
    }

    /// Users who want to come to all occasions, or to this one.
    pub(crate) fn interested(&self, occasion: Option<u64>) -> impl DoubleEndedIterator<Item = u64> {
        self.interested
            .get(&occasion)
            .into_iter()
            .flatten()
            .copied()
    }
}

impl World {
    /// The events of a guild, oldest first.
    pub(crate) fn events(&self, guild: u64) -> impl Iterator<Item = (u64, &Event)> {
        let room = self.guilds.get(&guild).into_iter();
        room.flat_map(|room| &room.events)
            .map(|(id, event)| (*id, event))
    }

    pub(crate) fn event(&self, guild: u64, id: u64) -> Result<&Event, Failure> {
        let room = self.guilds.get(&guild);
        room.and_then(|room| room.events.get(&id))
            .ok_or_else(unknown)
    }

    /// The event as it is shown, but for its maker and its number of users.
    pub(crate) fn event_object(&self, guild: u64, id: u64) -> Option<Object> {
        let event = self.event(guild, id).ok()?;
        let mut shown = event.object.clone();
        let exceptions = event.exceptions.values().cloned().map(Value::Object);
        shown.set(
            "guild_scheduled_event_exceptions",
            exceptions.collect::<Value>(),
        );
        Some(shown)
    }

    /// The events that have not ended, as GUILD_CREATE tells of them.
    pub(crate) fn coming_events(&self, guild: u64) -> Vec<Value> {
        self.events(guild)
            .filter(|(_, event)| !event.is_over())
            .filter_map(|(id, _)| self.event_object(guild, id).map(Value::Object))
            .collect()
    }

    pub(crate) fn plan_event(&mut self, guild: u64, id: u64, planned: Object) {
        let mut event = Event {
            object: planned,
            ..Event::default()
        };
        event.first = event.time("scheduled_start_time").unwrap_or(self.now_ms);
        let Some(room) = self.guilds.get_mut(&guild) else {
            return;
        };
        room.events.insert(id, event);
        let over: Vec<u64> = room
            .events
            .iter()
            .filter(|(_, event)| event.is_over())
            .map(|(id, _)| *id)
            .collect();
        if let Some(oldest) = over.first().filter(|_| over.len() > MAX_KEPT) {
            room.events.remove(oldest);
        }
        self.tell_event("GUILD_SCHEDULED_EVENT_CREATE", guild, id);
        self.wait_for_event(guild, id);
    }

    /// Gives an event its new fields and tells of it, if anything is new.
    pub(crate) fn change_event(&mut self, guild: u64, id: u64, after: Object) {
        let Some(event) = self.event_mut(guild, id) else {
            return;
        };
        if event.object == after {
            return;
        }
        let times = ["scheduled_start_time", "recurrence_rule"];
        let moved = times
            .iter()
            .any(|key| event.object.get(*key) != after.get(*key));
        event.object = after;
        if moved && let Some(first) = event.time("scheduled_start_time") {
            event.first = first;
        }
        self.tell_event("GUILD_SCHEDULED_EVENT_UPDATE", guild, id);
        self.wait_for_event(guild, id);
    }

    /// Takes an event away, tells of it, and gives what it was.
    pub(crate) fn remove_event(&mut self, guild: u64, id: u64) -> Option<Object> {
        let object = self.event_object(guild, id)?;
        self.guilds.get_mut(&guild)?.events.remove(&id);
        let data = Value::Object(object.clone());
        self.emit("GUILD_SCHEDULED_EVENT_DELETE", Some(guild), data);
        Some(object)
    }

    /// Keeps an occasion that is other than the rest, or forgets it, and tells of the event.
    pub(crate) fn set_exception(
        &mut self,
        guild: u64,
        id: u64,
        occasion: u64,
        exception: Option<Object>,
    ) {
        let Some(event) = self.event_mut(guild, id) else {
            return;
        };
        match exception {
            Some(exception) => {
                event.exceptions.insert(occasion, exception);
            }
            None => {
                event.exceptions.remove(&occasion);
                event.interested.remove(&Some(occasion));
            }
        }
        self.tell_event("GUILD_SCHEDULED_EVENT_UPDATE", guild, id);
    }

    /// Begins an event. That of a stage opens the stage.
    pub(crate) fn begin_event(&mut self, guild: u64, id: u64) -> Result<(), Failure> {
        let event = self.event(guild, id)?;
        let mut after = event.object.clone();
        if let Some(channel) = event.channel().filter(|_| event.kind() == kind::STAGE) {
            if self.stage(channel).is_some() {
                let message = "Failed to create stage needed for stage event";
                return Err(Failure::new(400, 180_002, message));
            }
            let stage = self.next_id();
            let topic = after.text("name").unwrap_or_default().to_owned();
            let instance = json!({
                "id": stage.to_string(),
                "guild_id": guild.to_string(),
                "channel_id": channel.to_string(),
                "topic": topic,
                "privacy_level": GUILD_ONLY,
                "discoverable_disabled": true,
                "guild_scheduled_event_id": id.to_string(),
            });
            self.open_stage(guild, channel, object(instance));
            after.set("entity_id", stage.to_string());
        }
        after.set("status", status::ACTIVE);
        self.change_event(guild, id, after);
        Ok(())
    }

    /// Lets a stage that somebody has opened be the one of an event.
    pub(crate) fn begin_event_on(&mut self, guild: u64, id: u64, stage: u64) {
        if let Ok(event) = self.event(guild, id) {
            let mut after = event.object.clone();
            after.set("status", status::ACTIVE);
            after.set("entity_id", stage.to_string());
            self.change_event(guild, id, after);
        }
    }

    /// Ends an event and the stage that it has; one that repeats itself is planned for its next time.
    pub(crate) fn complete_event(&mut self, guild: u64, id: u64) {
        let Ok(event) = self.event(guild, id) else {
            return;
        };
        let mut after = event.object.clone();
        let stage = event
            .channel()
            .filter(|_| event.object.key("entity_id").is_some());
        let (start, end) = (
            event.time("scheduled_start_time"),
            event.time("scheduled_end_time"),
        );
        let rule = event
            .object
            .get("recurrence_rule")
            .and_then(Value::as_object);
        let (first, start) = (event.first, start.unwrap_or(self.now_ms));
        let is_held = |at: &u64| {
            let exception = event.exceptions.get(&occasion(*at));
            exception.is_none_or(|exception| exception.flag("is_canceled") != Some(true))
        };
        let next = rule.and_then(|rule| {
            let from = Some(start.max(self.now_ms));
            std::iter::successors(from, |at| recurrence::next(rule, first, *at))
                .skip(1)
                .find(is_held)
        });
        after.set("entity_id", Value::Null);
        if let Some(next) = next {
            after.set("status", status::SCHEDULED);
            after.set("scheduled_start_time", time::iso8601(next));
            if let Some(end) = end {
                let length = end.saturating_sub(start);
                after.set("scheduled_end_time", time::iso8601(next + length));
            }
        } else {
            after.set("status", status::COMPLETED);
        }
        self.change_event(guild, id, after);
        // The row begins where it began.
        if let Some(event) = self.event_mut(guild, id) {
            event.first = first;
        }
        if let Some(channel) = stage {
            self.end_stage(guild, channel);
        }
    }

    pub(crate) fn cancel_event(&mut self, guild: u64, id: u64) {
        if let Ok(event) = self.event(guild, id) {
            let mut after = event.object.clone();
            after.set("status", status::CANCELED);
            self.change_event(guild, id, after);
        }
    }

    /// A user wants to come, to all occasions or one, or does not any more.
    pub(crate) fn subscribe_to_event(
        &mut self,
        user: u64,
        id: u64,
        occasion: Option<u64>,
        comes: bool,
    ) -> Result<(), Failure> {
        let mut guilds = self.guilds.iter();
        let guild = guilds.find(|(_, room)| room.events.contains_key(&id));
        let (guild, room) = guild.ok_or_else(unknown)?;
        let guild = *guild;
        if !room.members.contains_key(&user) {
            return Err(Failure::missing_access());
        }
        let event = self.event_mut(guild, id).ok_or_else(unknown)?;
        if event.is_over() {
            return Err(Failure::new(400, 180_000, "Cannot update a finished event"));
        }
        if occasion.is_some_and(|occasion| !event.exceptions.contains_key(&occasion)) {
            return Err(unknown());
        }
        let users = event.interested.entry(occasion).or_default();
        let (is_new, name) = if comes {
            (users.insert(user), "GUILD_SCHEDULED_EVENT_USER_ADD")
        } else {
            (users.remove(&user), "GUILD_SCHEDULED_EVENT_USER_REMOVE")
        };
        if !is_new {
            return if comes {
                Ok(())
            } else {
                let message = "Unknown Guild Scheduled Event User";
                Err(Failure::new(404, 10071, message))
            };
        }
        let data = json!({
            "guild_scheduled_event_id": id.to_string(),
            "user_id": user.to_string(),
            "guild_id": guild.to_string(),
        });
        self.emit(name, Some(guild), data);
        Ok(())
    }

    /// What Discord does by itself when the time of an event has come.
    pub(super) fn event_is_due(&mut self, guild: u64, id: u64) {
        let Ok(event) = self.event(guild, id) else {
            return;
        };
        match (event.status(), event.kind()) {
            (status::SCHEDULED, kind::EXTERNAL) => {
                // Nothing stands in the way of an event elsewhere.
                let _ = self.begin_event(guild, id);
            }
            (status::SCHEDULED, _) if event.is_once() => self.cancel_event(guild, id),
            // An occasion that nobody has begun is over; those after it are not.
            (status::SCHEDULED | status::ACTIVE, _) => self.complete_event(guild, id),
            _ => {}
        }
    }

    /// Sets the time at which something happens to an event by itself.
    fn wait_for_event(&mut self, guild: u64, id: u64) {
        let due = Due::Event { guild, event: id };
        let Ok(event) = self.event(guild, id) else {
            return;
        };
        let start = event.time("scheduled_start_time").unwrap_or(self.now_ms);
        let is_elsewhere = event.kind() == kind::EXTERNAL;
        let at = match event.status() {
            status::SCHEDULED if is_elsewhere => Some(start),
            status::SCHEDULED => Some(start.saturating_add(NOT_BEGUN_MS)),
            status::ACTIVE if is_elsewhere => event.time("scheduled_end_time"),
            status::ACTIVE => {
                let channel = event.channel().unwrap_or_default();
                let is_empty = self.voices_in(guild, channel).is_empty();
                is_empty.then(|| self.now_ms.saturating_add(DESERTED_MS))
            }
            _ => None,
        };
        match at {
            Some(at) => self.schedule(at, due),
            None => self.unschedule(due),
        }
    }

    /// An active event in a channel lives as long as somebody is there.
    pub(super) fn look_at_events(&mut self, guild: u64, channel: u64) {
        let here: Vec<u64> = self
            .events(guild)
            .filter(|(_, event)| {
                event.status() == status::ACTIVE && event.channel() == Some(channel)
            })
            .map(|(id, _)| id)
            .collect();
        for id in here {
            self.wait_for_event(guild, id);
        }
    }

    /// The stage of an event has ended, and so does the event.
    pub(super) fn end_events_of_stage(&mut self, guild: u64, stage: u64) {
        let of_stage: Vec<u64> = self
            .events(guild)
            .filter(|(_, event)| event.object.key("entity_id") == Some(stage))
            .map(|(id, _)| id)
            .collect();
        for id in of_stage {
            self.complete_event(guild, id);
        }
    }

    /// Events go with their channel.
    pub(super) fn forget_events_in(&mut self, guild: u64, channel: u64) {
        let there: Vec<u64> = self
            .events(guild)
            .filter(|(_, event)| event.channel() == Some(channel))
            .map(|(id, _)| id)
            .collect();
        for id in there {
            self.remove_event(guild, id);
        }
    }

    fn event_mut(&mut self, guild: u64, id: u64) -> Option<&mut Event> {
        self.guilds.get_mut(&guild)?.events.get_mut(&id)
    }

    fn tell_event(&mut self, name: &str, guild: u64, id: u64) {
        if let Some(event) = self.event_object(guild, id) {
            self.emit(name, Some(guild), Value::Object(event));
        }
    }
}

fn unknown() -> Failure {
    Failure::new(404, 10070, "Unknown Guild Scheduled Event")
}

/// Discord's numbers of how far an event is, by its names.
pub(crate) mod status {
    pub(crate) const SCHEDULED: u64 = 1;
    pub(crate) const ACTIVE: u64 = 2;
    pub(crate) const COMPLETED: u64 = 3;
    pub(crate) const CANCELED: u64 = 4;
}

/// Discord's numbers of where an event takes place, by its names.
pub(crate) mod kind {
    pub(crate) const STAGE: u64 = 1;
    pub(crate) const VOICE: u64 = 2;
    pub(crate) const EXTERNAL: u64 = 3;
}

const GUILD_ONLY: u64 = 2;

/// How long an event waits for somebody to begin it, and an empty channel for somebody to come.
const NOT_BEGUN_MS: u64 = 4 * 3_600_000;
const DESERTED_MS: u64 = 5 * 60_000;

/// Events that are over stay readable until so many newer ones are over too.
const MAX_KEPT: usize = 100;
