//! What is shown where the bot's token is not: a user's token, or the application's credentials.

use ovenjs_types::{DataUri, Id, Secret, marker::ApplicationMarker};

/// A token that a user granted the application by OAuth2.
#[derive(Clone, Debug)]
pub struct Bearer(Secret);

impl Bearer {
    /// The header that shows it.
    pub(crate) fn authorization(&self) -> Secret {
        let token = self.0.expose();
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        format!("Bearer {token}").into()
    }
}

impl<T: Into<Secret>> From<T> for Bearer {
    fn from(token: T) -> Self {
        Self(token.into())
    }
}

/// The application's id and its client secret.
#[derive(Clone, Debug)]
pub struct Credentials {
    id: Id<ApplicationMarker>,
    secret: Secret,
}

impl Credentials {
    /// Those of this application; its page in the developer portal has the secret.
    pub fn new(id: Id<ApplicationMarker>, secret: impl Into<Secret>) -> Self {
        let secret = secret.into();
        Self { id, secret }
    }

    /// The header that shows them.
    pub(crate) fn authorization(&self) -> Secret {
        let text = format!("{}:{}", self.id, self.secret.expose());
        // Basic authentication writes the same base64 as a data URI.
        let uri = DataUri::new("", text.into_bytes()).to_string();
        let digits = uri.rsplit(',').next().unwrap_or_default();
        format!("Basic {digits}").into()
    }
}
