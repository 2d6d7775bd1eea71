//! What a test waits for, each with the box's patience.

use std::sync::atomic::Ordering;

use crate::{error::Error, oracle::Oracle, rest::Record};

use super::{Discord, Message, Payload, Request, unheard::unheard};

impl Discord {
    /// The bot's next message that has not been asked for yet, in any channel. Answers to
    /// interactions count, ephemeral ones do not.
    ///
    /// # Errors
    ///
    /// When none comes in time.
    pub async fn next_bot_message(&self) -> Result<Message, Error> {
        let place = self.read_messages.fetch_add(1, Ordering::SeqCst);
        self.shared
            .until("a message of the bot", self.shared.patience, |backend| {
                let (channel, id) = backend.journal.bot_message(place)?;
                Some(Message::of(&backend.world, channel, id))
            })
            .await
            .map_err(|error| {
                self.read_messages.fetch_sub(1, Ordering::SeqCst);
                error.because(self.shared.look(unheard))
            })
    }

    /// The first request to `route` (`/channels/{channel_id}/messages`), which may have come already.
    ///
    /// # Errors
    ///
    /// When none comes in time, or Discord has no such route.
    pub async fn wait_for_request(&self, method: &str, route: &str) -> Result<Request, Error> {
        self.wait_for_requests(1, method, route)
            .await?
            .pop()
            .ok_or_else(|| Error::timed_out("a request"))
    }

    /// The first `count` requests to `route`, which may have come already.
    ///
    /// # Errors
    ///
    /// When they do not come in time, or Discord has no such route.
    pub async fn wait_for_requests(
        &self,
        count: usize,
        method: &str,
        route: &str,
    ) -> Result<Vec<Request>, Error> {
        known_route(method, route)?;
        let what = format!("{count} × {method} {route}");
        self.wait_for(count, &what, |record| {
            record.method == method && record.route == route
        })
        .await
    }

    async fn wait_for(
        &self,
        count: usize,
        what: &str,
        fits: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Request>, Error> {
        self.shared
            .until(what, self.shared.patience, |backend| {
                let requests = backend.journal.requests.iter();
                let fitting = requests.filter(|(record, ..)| fits(record)).take(count);
                // They are looked at after every deed, and copied once.
                (fitting.clone().count() == count).then(|| fitting.map(Request::of).collect())
            })
            .await
            .map_err(|error| error.because(self.shared.look(unheard)))
    }

    /// The first `count` requests for Discord's operation of this name (`create_message`), which may
    /// have come already.
    ///
    /// # Errors
    ///
    /// When they do not come in time, or Discord has no operation of this name.
    pub async fn wait_for_operations(
        &self,
        count: usize,
        operation: &str,
    ) -> Result<Vec<Request>, Error> {
        if Oracle::embedded().operation(operation).is_none() {
            return Err(Error::refused(format!(
                "Discord has no operation {operation}: they are named as `create_message` is"
            )));
        }
        let what = format!("{count} × {operation}");
        self.wait_for(count, &what, |record| record.operation == operation)
            .await
    }

    /// Waits until `count` connections have a session.
    ///
    /// # Errors
    ///
    /// When they do not come in time.
    pub async fn wait_for_ready(&self, count: usize) -> Result<(), Error> {
        self.shared
            .until(
                &format!("{count} ready connections"),
                self.shared.patience,
                |backend| (backend.gateway.ready() >= count).then_some(()),
            )
            .await
    }

    /// Waits until no client is connected.
    ///
    /// # Errors
    ///
    /// When one stays.
    pub async fn wait_for_silence(&self) -> Result<(), Error> {
        self.shared
            .until(
                "the last client to leave",
                self.shared.patience,
                |backend| backend.gateway.seen().is_empty().then_some(()),
            )
            .await
    }

    /// Waits until a payload with this opcode has come, which may have been earlier. Identify and
    /// resume carry the token and are not kept.
    ///
    /// # Errors
    ///
    /// When none comes in time.
    pub async fn wait_for_payload(&self, op: u64) -> Result<Payload, Error> {
        self.shared
            .until(
                &format!("a payload with op {op}"),
                self.shared.patience,
                |backend| {
                    let found = backend
                        .journal
                        .received
                        .iter()
                        .find(|(_, other, _)| *other == op);
                    found.map(Payload::of)
                },
            )
            .await
    }

    /// Waits until `count` sessions have been begun by identify, ever.
    ///
    /// # Errors
    ///
    /// When they do not come in time.
    pub async fn wait_for_identifies(&self, count: usize) -> Result<(), Error> {
        self.shared
            .until(
                &format!("{count} identifies"),
                self.shared.patience,
                |backend| (backend.journal.identifies >= count).then_some(()),
            )
            .await
    }

    /// Waits until sessions have been resumed `count` times, ever.
    ///
    /// # Errors
    ///
    /// When that does not happen in time.
    pub async fn wait_for_resumes(&self, count: usize) -> Result<(), Error> {
        self.shared
            .until(
                &format!("{count} resumes"),
                self.shared.patience,
                |backend| (backend.journal.resumes >= count).then_some(()),
            )
            .await
    }
}

/// Refuses to wait for what can never come, or for its absence: a route that Discord does not have.
pub(super) fn known_route(method: &str, route: &str) -> Result<(), Error> {
    let of_method = || {
        let all = Oracle::embedded().routes();
        let alike = all.filter(|(known, _)| known.eq_ignore_ascii_case(method));
        alike.map(|(_, template)| template)
    };
    if of_method().any(|template| template == route) {
        return Ok(());
    }
    let wanted = nameless(route);
    let meant = of_method().find(|template| nameless(template) == wanted);
    Err(Error::refused(match meant {
        Some(meant) => {
            format!("Discord names the parameters otherwise than {method} {route}: write {meant}")
        }
        None => format!(
            "Discord has no {method} {route}: write a route as Discord's API reference does, such \
             as POST /channels/{{channel_id}}/messages"
        ),
    }))
}

/// The route with all that stands for an id as `{}`, be it a name or a number.
fn nameless(route: &str) -> Vec<&str> {
    let parts = route.split('?').next().unwrap_or_default().split('/');
    parts
        .map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number || part.starts_with('{') {
                "{}"
            } else {
                part
            }
        })
        .collect()
}
