//! Whether an endpoint may be the application's: it answers a ping, and notices a wrong signature.

use bytes::Bytes;
use serde_json::Value;

use crate::{
    failure::Failure,
    journal::Journal,
    json::{Fields, Object, object},
    world::World,
};

use super::{Address, Courier, Door, Errand, Outcome, Purpose, event, signature::Forgery};

/// The questions to an endpoint that is to become the application's.
#[derive(Debug)]
pub(super) struct Check {
    door: Door,
    url: String,
    /// Questions without an answer yet.
    open: usize,
    /// What was wrong first.
    fault: Option<String>,
}

impl Courier {
    /// Begins to ask an endpoint who it is; gives the number of the check.
    pub(crate) fn ask(&mut self, door: Door, url: &str, world: &World) -> Result<u64, String> {
        let address = Address::parse(url)?;
        self.next += 1;
        let check = self.next;
        let forgery = self.dice.one_of(&Forgery::ALL);
        let questions = [
            Purpose::Ping(check),
            Purpose::Forged {
                check: Some(check),
                forgery: forgery.unwrap_or(Forgery::OtherKey),
            },
        ];
        let open = questions.len();
        for purpose in questions {
            self.send(Errand {
                door,
                address: address.clone(),
                body: self.ping(door, world),
                purpose,
            })?;
        }
        while self.checks.len() >= MAX_CHECKS {
            self.checks.pop_first();
        }
        let url = url.to_owned();
        let fault = None;
        self.checks.insert(
            check,
            Check {
                door,
                url,
                open,
                fault,
            },
        );
        Ok(check)
    }

    /// Whether all questions of a check have been answered, or it is forgotten.
    pub(crate) fn is_over(&self, check: u64) -> bool {
        self.checks.get(&check).is_none_or(|check| check.open == 0)
    }

    /// What a check found. It counts once.
    pub(crate) fn verdict(&mut self, check: u64) -> Result<(), String> {
        let check = self.checks.remove(&check);
        match check.filter(|check| check.open == 0) {
            Some(check) => check.fault.map_or(Ok(()), Err),
            None => Err("the endpoint was not asked in time".to_owned()),
        }
    }

    /// Begins to ask the endpoints that an edit of the application would set.
    pub(crate) fn ask_for(&mut self, edit: &Value, world: &World) -> Vec<u64> {
        let wanted = wanted(&object(edit.clone()), world);
        wanted
            .into_iter()
            // An address that cannot be asked is refused when the edit is judged.
            .filter_map(|(door, url)| self.ask(door, &url, world).ok())
            .collect()
    }

    /// Refuses an edit of the application that would set an endpoint which has not proven itself.
    pub(crate) fn judge(&mut self, edit: &Object, world: &World) -> Result<(), Failure> {
        for (door, url) in wanted(edit, world) {
            let checks = self.checks.iter();
            let known = checks
                .rev()
                .find(|(_, check)| check.door == door && check.url == url)
                .map(|(number, _)| *number);
            let verdict = match (Address::parse(&url), known) {
                (Err(why), _) => Err(why),
                (Ok(_), Some(check)) => self.verdict(check),
                (Ok(_), None) => Err("nobody asked it".to_owned()),
            };
            if let Err(why) = verdict {
                let message = format!("The specified url could not be verified: {why}");
                return Err(Failure::form(
                    &[door.field()],
                    "APPLICATION_ENDPOINT_URL_NOT_VERIFIED",
                    &message,
                ));
            }
        }
        Ok(())
    }

    /// Posts a forged request to each endpoint of the application at once.
    pub(crate) fn probe(&mut self, world: &World) {
        for door in [Door::Interactions, Door::Events] {
            let url = world.application.text(door.field());
            if let Some(Ok(address)) = url.map(Address::parse) {
                let body = self.ping(door, world);
                self.forge(door, address, body);
            }
        }
    }

    /// Sometimes posts a forged twin of what is to be posted, or a forged ping: a bot must look at
    /// the signature of either before anything else.
    pub(super) fn forge_before(
        &mut self,
        door: Door,
        address: &Address,
        body: &Value,
        world: &World,
    ) {
        if !self.dice.rolls(self.forge) {
            return;
        }
        let body = if self.dice.rolls(500) {
            self.ping(door, world)
        } else {
            let mut twin = object(body.clone());
            if door == Door::Interactions {
                // Whatever a bot does with it must not reach the one that is meant.
                twin.set("id", (world.application_id() + self.next + 1).to_string());
                twin.set("token", "mock-forged-token");
            }
            Value::Object(twin).to_string().into()
        };
        self.forge(door, address.clone(), body);
    }

    fn forge(&mut self, door: Door, address: Address, body: Bytes) {
        let forgery = self.dice.one_of(&Forgery::ALL);
        // Where too many posts wait there is no place for a question.
        let _ = self.send(Errand {
            door,
            address,
            body,
            purpose: Purpose::Forged {
                check: None,
                forgery: forgery.unwrap_or(Forgery::OtherKey),
            },
        });
    }

    /// What a ping came to.
    pub(super) fn heard(&mut self, check: u64, door: Door, outcome: &Outcome) {
        let fault = match (door, outcome) {
            (Door::Interactions, Outcome::Answered { status: 200, form }) => {
                let body = form.read.as_ref().ok().and_then(|(body, _)| body.as_ref());
                let kind = body.and_then(|body| body.get("type")?.as_u64());
                (kind != Some(1)).then(|| "a PING must be answered with PONG (type 1)".to_owned())
            }
            (Door::Events, Outcome::Answered { status: 204, .. }) => None,
            (Door::Interactions, outcome) => Some(format!(
                "a PING must be answered with 200 and PONG (type 1), and {}",
                outcome.in_words()
            )),
            (Door::Events, outcome) => Some(format!(
                "a PING must be answered with 204, and {}",
                outcome.in_words()
            )),
        };
        self.learn(check, fault);
    }

    /// What a post with a wrong signature came to: only 401 shows that it was noticed.
    pub(super) fn heard_of_forgery(
        &mut self,
        check: Option<u64>,
        door: Door,
        forgery: Forgery,
        outcome: &Outcome,
        world: &mut World,
        journal: &mut Journal,
    ) {
        let noticed = outcome.status() == Some(401);
        let fault = (!noticed).then(|| {
            format!(
                "a request {forgery} must be answered with 401, and {}",
                outcome.in_words()
            )
        });
        match (check, fault) {
            (Some(check), fault) => self.learn(check, fault),
            (None, None) => {}
            // An endpoint that is down has not let anybody in.
            (None, Some(fault)) if outcome.status().is_none() => {
                journal.warn(format!("{}: {fault}", door.field()));
            }
            (None, Some(fault)) => {
                journal.broke(format!("{}: {fault}", door.field()));
                match door {
                    Door::Interactions => world.application.set(door.field(), Value::Null),
                    Door::Events => event::switch_off(world),
                }
            }
        }
    }

    fn learn(&mut self, check: u64, fault: Option<String>) {
        if let Some(check) = self.checks.get_mut(&check) {
            check.open = check.open.saturating_sub(1);
            if check.fault.is_none() {
                check.fault = fault;
            }
        }
    }
}

/// The endpoints that an edit of the application names and that are not the application's already.
fn wanted(edit: &Object, world: &World) -> Vec<(Door, String)> {
    [Door::Interactions, Door::Events]
        .into_iter()
        .filter_map(|door| {
            let url = edit.text(door.field())?;
            let known = world.application.text(door.field());
            (known != Some(url)).then(|| (door, url.to_owned()))
        })
        .collect()
}

/// Checks that are remembered; who asks for a verdict does so at once.
const MAX_CHECKS: usize = 64;
