//! For whom an application is installed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ByInstallContext, Id, InstallContext,
    marker::{GuildMarker, UserMarker},
    open::Bits,
};

/// For whom an application is installed that is used here: a guild, a user or both.
///
/// Source: Discord, "Authorizing Integration Owners Object".
///
/// ```
/// use ovenjs_types::{AuthorizingIntegrationOwners, Id, InstallContext, json};
/// let text = br#"{"0":"0","1":"80"}"#;
/// let owners: AuthorizingIntegrationOwners = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(owners.user(), Some(Id::new(80)));
/// // In a direct message with the bot, Discord gives the guild the id 0.
/// assert!(owners.contains(InstallContext::GuildInstall) && owners.guild().is_none());
/// assert_eq!(json::encode(&owners), text);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizingIntegrationOwners(ByInstallContext<Owner>);

impl AuthorizingIntegrationOwners {
    /// The guild it is installed in.
    #[must_use]
    pub fn guild(&self) -> Option<Id<GuildMarker>> {
        Id::new_checked(self.raw(InstallContext::GuildInstall)?)
    }

    /// The user who installed it.
    #[must_use]
    pub fn user(&self) -> Option<Id<UserMarker>> {
        Id::new_checked(self.raw(InstallContext::UserInstall)?)
    }

    /// Whether it is installed in this way.
    #[must_use]
    pub fn contains(&self, context: InstallContext) -> bool {
        self.0.get(context).is_some()
    }

    /// The id as it came, which may be 0.
    #[must_use]
    pub fn raw(&self, context: InstallContext) -> Option<u64> {
        self.0.get(context).map(|owner| owner.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner(u64);

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Bits).map(Self)
    }
}
