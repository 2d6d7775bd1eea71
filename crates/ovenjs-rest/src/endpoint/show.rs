//! What is shown where the bot's token is not: a user's token, or the application's credentials.

use ovenjs_types::{DataUri, Id, Secret, marker::ApplicationMarker};
use serde::Serializer;

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

/// Writes a secret into a body, for fields with `serialize_with`.
pub(crate) fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// The same for a field that may be absent.
#[expect(
    clippy::ref_option,
    reason = "serde hands a reference to the field to serialize_with"
)]
pub(crate) fn exposed_option<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_str(secret.expose()),
        None => serializer.serialize_none(),
    }
}
