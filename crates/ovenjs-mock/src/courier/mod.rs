//! What Discord posts to the application's endpoints: interactions, webhook events, and the questions
//! by which it finds out whether an endpoint checks signatures.
//!
//! It is pure: [`poll`](Courier::poll) gives what is to be posted, [`answered`](Courier::answered)
//! takes what came of it, and [`deadline`](Courier::deadline) says when
//! [`expire`](Courier::expire) is due. The wires are in `server`.

mod address;
mod check;
mod event;
mod signature;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    config::Config,
    failure::Failure,
    faults::Dice,
    journal::Journal,
    json::{Fields, object},
    oracle::{Oracle, Violation},
    rest::Form,
    world::World,
};

pub(crate) use address::Address;
use check::Check;
use event::Event;
use signature::{Forgery, Signer};

/// Posts, and draws the conclusions.
#[derive(Debug)]
pub(crate) struct Courier {
    signer: Signer,
    rules: Rules,
    dice: Dice,
    /// The chance, in thousandths, that a forged post goes before an interaction or an event.
    forge: u16,
    now: Instant,
    next: u64,
    waiting: VecDeque<Errand>,
    under_way: BTreeMap<u64, (Errand, Instant)>,
    /// Events that were not taken, by the time of their next attempt.
    resting: BTreeMap<(Instant, u64), Event>,
    /// Webhook events that were given up since the last one that was taken.
    given_up: u32,
    checks: BTreeMap<u64, Check>,
    /// Whether the deadline may have come nearer.
    pub(crate) is_hurried: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    interaction: Duration,
    other: Duration,
    first_retry: Duration,
    retry_for: Duration,
    event_failures: u32,
}

/// Which of the application's two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Interactions,
    Events,
}

/// One post and what it is for.
#[derive(Clone, Debug)]
struct Errand {
    door: Door,
    address: Address,
    body: Bytes,
    purpose: Purpose,
}

#[derive(Clone, Debug)]
enum Purpose {
    /// A question of a check, with its number.
    Ping(u64),
    Forged {
        check: Option<u64>,
        forgery: Forgery,
    },
    Interaction(u64),
    Event(Event),
}

/// A post on its way to the wires.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) id: u64,
    pub(crate) address: Address,
    pub(crate) user_agent: &'static str,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) body: Bytes,
    /// When an answer is too late.
    pub(crate) until: Instant,
}

/// What came of a post.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Answered {
        status: u16,
        form: Form,
    },
    /// Nothing in time.
    Late,
    /// No connection, or none that lasted; the text says why.
    Broken(String),
}

impl Courier {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        let endpoints = &config.endpoints;
        Self {
            signer: Signer::new(config.seed),
            rules: Rules {
                interaction: config.interaction_deadline,
                other: endpoints.answer_within,
                first_retry: endpoints.first_retry,
                retry_for: endpoints.retry_for,
                event_failures: endpoints.event_failures,
            },
            dice: Dice::new(config.faults.seed ^ FORGERIES),
            forge: config.faults.forge_signature,
            now,
            next: 0,
            waiting: VecDeque::new(),
            under_way: BTreeMap::new(),
            resting: BTreeMap::new(),
            given_up: 0,
            checks: BTreeMap::new(),
            is_hurried: false,
        }
    }

    /// The chance of a forged post from now on.
    pub(crate) fn serve(&mut self, seed: u64, forge: u16) {
        self.dice = Dice::new(seed ^ FORGERIES);
        self.forge = forge;
    }

    /// The key by which a bot verifies what it is posted, in hexadecimal digits.
    pub(crate) fn public_key(&self) -> String {
        self.signer.public_key()
    }

    pub(crate) const fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    /// Whether [`poll`](Self::poll) has something.
    pub(crate) fn has_posts(&self) -> bool {
        !self.waiting.is_empty() && self.under_way.len() < MAX_UNDER_WAY
    }

    /// The next post. It is signed as it leaves, at `unix_ms` by the calendar.
    pub(crate) fn poll(&mut self, unix_ms: u64) -> Option<Post> {
        if !self.has_posts() {
            return None;
        }
        let errand = self.waiting.pop_front()?;
        self.next += 1;
        let timestamp = (unix_ms / 1000).to_string();
        let signature = match &errand.purpose {
            Purpose::Forged { forgery, .. } => {
                self.signer.forge(*forgery, &timestamp, &errand.body)
            }
            _ => self.signer.sign(&timestamp, &errand.body),
        };
        let patience = match errand.purpose {
            Purpose::Interaction(_) => self.rules.interaction,
            _ => self.rules.other,
        };
        let post = Post {
            id: self.next,
            address: errand.address.clone(),
            user_agent: match errand.door {
                Door::Interactions => "Discord-Interactions/1.0 (+https://discord.com)",
                Door::Events => "Discord-Webhook/1.0 (+https://discord.com)",
            },
            timestamp,
            signature,
            body: errand.body.clone(),
            until: self.now + patience,
        };
        self.under_way.insert(self.next, (errand, post.until));
        self.is_hurried = true;
        Some(post)
    }

    /// When [`expire`](Self::expire) is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let answers = self.under_way.values().map(|(_, until)| *until);
        let retries = self.resting.keys().map(|(at, _)| *at);
        answers.chain(retries.take(1)).min()
    }

    /// Gives up on answers that are too late, and posts again what has rested.
    pub(crate) fn expire(&mut self, world: &mut World, journal: &mut Journal) {
        let late = self.under_way.iter();
        let late: Vec<u64> = late
            .filter(|(_, (_, until))| *until <= self.now)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.answered(id, Outcome::Late, world, journal);
        }
        self.wake_events(world);
    }

    /// An endpoint has answered, or will not.
    pub(crate) fn answered(
        &mut self,
        id: u64,
        outcome: Outcome,
        world: &mut World,
        journal: &mut Journal,
    ) {
        // What comes after its time is nobody's answer any more.
        let Some((errand, until)) = self.under_way.remove(&id) else {
            return;
        };
        let outcome = if until <= self.now {
            Outcome::Late
        } else {
            outcome
        };
        journal.posted(Posted {
            door: errand.door,
            url: errand.address.url.clone(),
            forgery: match &errand.purpose {
                Purpose::Forged { forgery, .. } => Some(forgery.to_string()),
                _ => None,
            },
            body: serde_json::from_slice(&errand.body).unwrap_or_default(),
            status: outcome.status(),
        });
        match errand.purpose {
            Purpose::Ping(check) => self.heard(check, errand.door, &outcome),
            Purpose::Forged { check, forgery } => {
                self.heard_of_forgery(check, errand.door, forgery, &outcome, world, journal);
            }
            Purpose::Interaction(id) => {
                if let Err(why) = self.answer_interaction(id, outcome, world)
                    && world.fail(id, &why)
                {
                    journal.warn(format!("the application did not respond: {why}"));
                }
            }
            Purpose::Event(event) => {
                self.heard_of_event(errand.address, event, &outcome, world, journal);
            }
        }
    }

    /// Whether interactions go to an endpoint, and not over the gateway.
    pub(crate) fn takes_interactions(world: &World) -> bool {
        world.application.text(Door::Interactions.field()).is_some()
    }

    /// Posts an interaction, in the form of the gateway's event.
    pub(crate) fn deliver(
        &mut self,
        interaction: &Value,
        world: &mut World,
        journal: &mut Journal,
    ) {
        let id = interaction.get("id").and_then(crate::json::snowflake);
        let url = world.application.text(Door::Interactions.field());
        let posted = match url.map(Address::parse) {
            Some(Ok(address)) => {
                self.forge_before(Door::Interactions, &address, interaction, world);
                self.send(Errand {
                    door: Door::Interactions,
                    address,
                    body: interaction.to_string().into(),
                    purpose: Purpose::Interaction(id.unwrap_or_default()),
                })
            }
            Some(Err(why)) => Err(why),
            None => Ok(()),
        };
        if let Err(why) = posted
            && world.fail(id.unwrap_or_default(), &why)
        {
            journal.warn(format!("the application did not respond: {why}"));
        }
    }

    /// What an endpoint answers within the deadline is the callback.
    fn answer_interaction(
        &self,
        id: u64,
        outcome: Outcome,
        world: &mut World,
    ) -> Result<(), String> {
        let (status, form) = match outcome {
            // The callback comes over REST, or has come.
            Outcome::Answered { status: 202, .. } => return Ok(()),
            Outcome::Answered { status: 200, form } => (200, form),
            Outcome::Answered { status, .. } => {
                return Err(format!("its endpoint answered {status} instead of 200"));
            }
            Outcome::Late => return Err("its endpoint gave no answer in time".to_owned()),
            Outcome::Broken(why) => return Err(format!("its endpoint cannot be reached: {why}")),
        };
        let told = |failure: Failure| {
            format!("its endpoint answered {status} with a body that Discord refuses: {failure}")
        };
        let content_type = form.content_type;
        let (body, files) = form.read.map_err(told)?;
        let oracle = Oracle::embedded();
        let refusals: Vec<Violation> = oracle
            .operation("create_interaction_response")
            .map(|operation| oracle.check_body(operation, &content_type, body.as_ref()))
            .unwrap_or_default()
            .into_iter()
            .filter(Violation::is_refusal)
            .collect();
        if !refusals.is_empty() {
            let answer = object(Oracle::form_errors(&refusals));
            let errors = answer.get("errors").cloned().unwrap_or_default();
            return Err(told(Failure::form_tree(errors)));
        }
        let token = world.interactions.get(&id).map(|known| known.token.clone());
        let body = object(body.unwrap_or_default());
        world
            .respond(
                id,
                &token.unwrap_or_default(),
                &body,
                files,
                self.rules.interaction,
            )
            .map(drop)
            .map_err(told)
    }

    fn send(&mut self, errand: Errand) -> Result<(), String> {
        if self.waiting.len() >= MAX_WAITING {
            return Err("too many posts wait for their turn".to_owned());
        }
        self.waiting.push_back(errand);
        Ok(())
    }

    /// The body of Discord's question whether somebody is there.
    fn ping(&self, door: Door, world: &World) -> Bytes {
        let application = world.application_id().to_string();
        let body = match door {
            Door::Interactions => json!({
                "id": (world.application_id() + self.next + 1).to_string(),
                "application_id": application,
                "type": 1,
                "token": "mock-ping-token",
                "version": 1,
                "user": world.user(world.owner),
                "entitlements": [],
                "authorizing_integration_owners": {},
                "app_permissions": "0",
            }),
            Door::Events => json!({ "version": 1, "application_id": application, "type": 0 }),
        };
        body.to_string().into()
    }
}

impl Door {
    /// Where its URL stands in the application.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Interactions => "interactions_endpoint_url",
            Self::Events => "event_webhooks_url",
        }
    }
}

impl Outcome {
    const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Late | Self::Broken(_) => None,
        }
    }

    /// In words, for who wonders why an endpoint was refused.
    fn in_words(&self) -> String {
        match self {
            Self::Answered { status, .. } => format!("was answered with {status}"),
            Self::Late => "was not answered in time".to_owned(),
            Self::Broken(why) => format!("could not be posted: {why}"),
        }
    }
}

/// What is remembered of a post.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) door: Door,
    pub(crate) url: String,
    /// What was wrong with its signature, if that was wrong on purpose.
    pub(crate) forgery: Option<String>,
    pub(crate) body: Value,
    pub(crate) status: Option<u16>,
}

/// Posts that are on the wires at once: as many as a small server takes.
const MAX_UNDER_WAY: usize = 64;

/// Posts that wait for their turn; more than a test lets users do at once.
const MAX_WAITING: usize = 10_000;

/// Keeps the dice of forged posts apart from all others.
const FORGERIES: u64 = 0x464f_5247_4552_4945;
