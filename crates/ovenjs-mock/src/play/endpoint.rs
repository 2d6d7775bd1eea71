//! The application's endpoints, as its owner sets them in the developer portal.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    courier::{Courier, Door, Posted},
    error::Error,
    json::{Fields, Json},
};

use super::{Discord, User};

/// Endpoints are on this machine: `http://127.0.0.1:PORT/PATH`. What is posted to them is signed with
/// Ed25519 over timestamp and body, in the headers `X-Signature-Timestamp` and
/// `X-Signature-Ed25519`.
impl Discord {
    /// The key by which a bot verifies what the box posts to it, in hexadecimal digits as in the
    /// developer portal. It follows from [`Config::seed`](crate::Config::seed), and is the
    /// application's `verify_key`.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.shared.look(|backend| backend.courier.public_key())
    }

    /// Lets interactions be posted to `url` from now on, instead of sent over the gateway; `None` is
    /// the gateway again.
    ///
    /// As in the developer portal, the endpoint is asked first: it must answer a PING with PONG, and
    /// a request with a wrong signature with 401.
    ///
    /// # Errors
    ///
    /// When it does not, or is not on this machine; the text says which.
    pub async fn set_interactions_endpoint(&self, url: Option<&str>) -> Result<(), Error> {
        self.prove(Door::Interactions, url).await?;
        self.edit_application(&[(Door::Interactions.field(), json!(url))]);
        Ok(())
    }

    /// Lets webhook events of these types be posted to `url` from now on; `None` ends it.
    ///
    /// The endpoint must answer a PING with 204, and a request with a wrong signature with 401.
    ///
    /// # Errors
    ///
    /// When it does not, is not on this machine, or Discord has no such event; the text says which.
    pub async fn set_event_webhooks(&self, url: Option<&str>, types: &[&str]) -> Result<(), Error> {
        if let Some(strange) = types.iter().find(|name| !Courier::is_webhook_event(name)) {
            return Err(Error::refused(format!(
                "Discord has no webhook event {strange}"
            )));
        }
        self.prove(Door::Events, url).await?;
        self.edit_application(&[
            (Door::Events.field(), json!(url)),
            ("event_webhooks_types", json!(types)),
            (
                "event_webhooks_status",
                json!(if url.is_some() { 2 } else { 1 }),
            ),
        ]);
        Ok(())
    }

    /// Posts a webhook event of this content, without a look at what Discord documents.
    ///
    /// # Errors
    ///
    /// When the application has not asked for such events, and when `data` cannot be written as
    /// JSON.
    pub fn emit_webhook_event(&self, name: &str, data: &impl Serialize) -> Result<(), Error> {
        let data = serde_json::to_value(data).map_err(|source| Error::shape(&source))?;
        self.shared
            .with(|backend, now| {
                backend.play(now, |_| ());
                backend.courier.tell(name, &data, &backend.world)
            })
            .map_err(Error::refused)
    }

    /// What the box has posted to the endpoints of the application and has got an answer for, or
    /// given up, oldest first.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        self.shared
            .look(|backend| backend.journal.posts.iter().map(Post::of).collect())
    }

    /// The first `count` posts, which may have been answered already.
    ///
    /// # Errors
    ///
    /// When there are not so many in time.
    pub async fn wait_for_posts(&self, count: usize) -> Result<Vec<Post>, Error> {
        let what = format!("{count} posts to the endpoints of the application");
        self.shared
            .until(&what, self.shared.patience, |backend| {
                let posts = &backend.journal.posts;
                (posts.len() >= count).then(|| posts.iter().take(count).map(Post::of).collect())
            })
            .await
    }

    async fn prove(&self, door: Door, url: Option<&str>) -> Result<(), Error> {
        let Some(url) = url else {
            return Ok(());
        };
        let check = self
            .shared
            .with(|backend, now| {
                backend.play(now, |_| ());
                backend.courier.ask(door, url, &backend.world)
            })
            .map_err(Error::refused)?;
        self.shared.end_of_check(check).await?;
        self.shared
            .with(|backend, _| backend.courier.verdict(check))
            .map_err(|why| Error::refused(format!("{url} could not be verified: {why}")))
    }

    fn edit_application(&self, fields: &[(&str, Value)]) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                for (key, value) in fields {
                    world.application.set(key, value.clone());
                }
            });
        });
    }
}

impl User {
    /// Installs the application for itself, so that its commands are at hand everywhere; the
    /// application is told by the webhook event APPLICATION_AUTHORIZED.
    pub fn installs_app(&self) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                let user = world.user(self.id);
                let data = json!({
                    "integration_type": 1,
                    "scopes": ["applications.commands"],
                    "user": user,
                });
                world.emit("APPLICATION_AUTHORIZED", None, data);
            });
        });
    }

    /// Removes the application from its account; the application is told by the webhook event
    /// APPLICATION_DEAUTHORIZED.
    pub fn removes_app(&self) {
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                let data = json!({ "user": world.user(self.id) });
                world.emit("APPLICATION_DEAUTHORIZED", None, data);
            });
        });
    }
}

/// What the box has posted to an endpoint of the application.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Post {
    /// The URL of the endpoint.
    pub url: String,
    /// Whether it went to the endpoint of webhook events, not to that of interactions.
    pub is_event: bool,
    /// What was wrong with the signature, where that was wrong on purpose.
    pub forgery: Option<String>,
    /// The body.
    pub body: Json,
    /// The status of the answer; `None` where none came in time.
    pub status: Option<u16>,
}

impl Post {
    fn of(posted: &Posted) -> Self {
        Self {
            url: posted.url.clone(),
            is_event: posted.door == Door::Events,
            forgery: posted.forgery.clone(),
            body: Json(posted.body.clone()),
            status: posted.status,
        }
    }
}
