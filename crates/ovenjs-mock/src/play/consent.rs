//! What a user lets the application do.

use serde_json::json;

use crate::world::World;

use super::User;

impl User {
    /// The OAuth2 token with which the bot can add this user to guilds and groups, and act for it
    /// wherever a bearer may. It is for every scope and does not end.
    #[must_use]
    pub fn access_token(&self) -> String {
        World::access_token(self.id)
    }

    /// Lets the application have these OAuth2 scopes, and gives the code that
    /// `POST /oauth2/token` exchanges for tokens within a minute. The application is told by the
    /// webhook event APPLICATION_AUTHORIZED.
    #[must_use]
    pub fn authorizes(&self, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.shared.with(|backend, now| {
            backend.play(now, |world| {
                let data = json!({ "scopes": scopes, "user": world.user(self.id) });
                world.emit("APPLICATION_AUTHORIZED", None, data);
                world.agree(self.id, &scopes)
            })
        })
    }
}
