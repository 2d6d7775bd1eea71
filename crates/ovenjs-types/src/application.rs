//! The bot's application.

use serde::{Deserialize, Serialize};

use crate::{Id, Text, User, marker::ApplicationMarker};

/// The application a bot belongs to.
///
/// Source: Discord, "Application Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// The application's id.
    pub id: Id<ApplicationMarker>,
    /// Its name; left out in `READY`.
    #[serde(default)]
    pub name: Text,
    /// Its description.
    #[serde(default)]
    pub description: Text,
    /// Its flags, e.g. which privileged intents it was granted.
    #[serde(default)]
    pub flags: u64,
    /// The bot's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<User>,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<User>,
}
