//! Webhook events: posted, posted again, given up.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{journal::Journal, json::Fields, world::World};

use super::{Address, Courier, Door, Errand, Outcome, Purpose};

/// A webhook event on its way.
#[derive(Clone, Debug)]
pub(super) struct Event {
    payload: Value,
    /// When it was first posted.
    since: Instant,
    attempts: u32,
}

impl Courier {
    /// Whether Discord has a webhook event of this name.
    pub(crate) fn is_webhook_event(name: &str) -> bool {
        WEBHOOK_EVENTS.contains(&name)
    }

    /// Posts that something has happened, if the application asked for it.
    ///
    /// # Errors
    ///
    /// Why nothing is posted.
    pub(crate) fn tell(&mut self, name: &str, data: &Value, world: &World) -> Result<(), String> {
        let application = &world.application;
        if application.int("event_webhooks_status") != Some(ENABLED) {
            return Err("the application's webhook events are not enabled".to_owned());
        }
        let asked = application.list("event_webhooks_types");
        if !asked.iter().any(|known| known == name) {
            return Err(format!(
                "the application's event_webhooks_types do not hold {name}"
            ));
        }
        let url = application.text(Door::Events.field());
        let address = Address::parse(url.unwrap_or_default())?;
        let payload = json!({
            "version": 1,
            "application_id": world.application_id().to_string(),
            "type": 1,
            "event": { "type": name, "timestamp": world.local_timestamp(), "data": data },
        });
        self.forge_before(Door::Events, &address, &payload, world);
        let event = Event {
            payload,
            since: self.now,
            attempts: 0,
        };
        self.post_event(address, event)
    }

    /// Only 204 says that an event was taken.
    pub(super) fn heard_of_event(
        &mut self,
        address: Address,
        mut event: Event,
        outcome: &Outcome,
        world: &mut World,
        journal: &mut Journal,
    ) {
        if outcome.status() == Some(204) {
            self.given_up = 0;
            return;
        }
        let name = event.payload.pointer("/event/type");
        let name = name.and_then(Value::as_str).unwrap_or_default().to_owned();
        journal.warn(format!(
            "the webhook event {name} must be answered with 204, and {}",
            outcome.in_words()
        ));
        // An endpoint that was replaced meanwhile is asked no more.
        if world.application.text(Door::Events.field()) != Some(&address.url) {
            return;
        }
        event.attempts += 1;
        let doublings = event.attempts.saturating_sub(1).min(MAX_DOUBLINGS);
        let pause = self.rules.first_retry.saturating_mul(1 << doublings);
        let again = self.now + pause;
        if again.saturating_duration_since(event.since) <= self.rules.retry_for
            && self.resting.len() < MAX_RESTING
        {
            self.next += 1;
            self.resting.insert((again, self.next), event);
            self.is_hurried = true;
            return;
        }
        self.given_up += 1;
        if self.given_up >= self.rules.event_failures {
            self.given_up = 0;
            self.resting.clear();
            switch_off(world);
            journal.warn(
                "the application's webhook events are disabled: too many were not answered with \
                 204; set event_webhooks_status to 2 to have them again"
                    .to_owned(),
            );
        }
    }

    /// Posts again what has rested long enough.
    pub(super) fn wake_events(&mut self, world: &World) {
        let url = world.application.text(Door::Events.field());
        let is_on = world.application.int("event_webhooks_status") == Some(ENABLED);
        while let Some(first) = self.resting.first_entry()
            && first.key().0 <= self.now
        {
            let event = first.remove();
            if let (true, Some(Ok(address))) = (is_on, url.map(Address::parse)) {
                // Where too many posts wait, an event more or less is not missed.
                let _ = self.post_event(address, event);
            }
        }
    }

    fn post_event(&mut self, address: Address, event: Event) -> Result<(), String> {
        self.send(Errand {
            door: Door::Events,
            address,
            body: event.payload.to_string().into(),
            purpose: Purpose::Event(event),
        })
    }
}

/// Sends no webhook event any more, by Discord's decision.
pub(super) fn switch_off(world: &mut World) {
    world
        .application
        .set("event_webhooks_status", DISABLED_BY_DISCORD);
}

const ENABLED: u64 = 2;
const DISABLED_BY_DISCORD: u64 = 3;

/// The names of all webhook events. A test compares them with the tables.
pub(super) const WEBHOOK_EVENTS: [&str; 12] = [
    "APPLICATION_AUTHORIZED",
    "APPLICATION_DEAUTHORIZED",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_DELETE",
    "ENTITLEMENT_UPDATE",
    "GAME_DIRECT_MESSAGE_CREATE",
    "GAME_DIRECT_MESSAGE_DELETE",
    "GAME_DIRECT_MESSAGE_UPDATE",
    "LOBBY_MESSAGE_CREATE",
    "LOBBY_MESSAGE_DELETE",
    "LOBBY_MESSAGE_UPDATE",
    "QUEST_USER_ENROLLMENT",
];

/// Events that wait for their next attempt; more are given up.
const MAX_RESTING: usize = 1000;

/// After so many doublings of the first pause every retry is long past its time.
const MAX_DOUBLINGS: u32 = 20;
