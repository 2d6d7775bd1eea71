//! Who asks: the bot by its token, a user's client by an OAuth2 token, the application by its secret,
//! or nobody in particular.

use crate::{
    failure::Failure,
    oracle::Operation,
    world::{World, grant},
};

use super::Call;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asker {
    Anyone,
    Bot,
    Application,
    Bearer(grant::Grant),
}

impl Asker {
    /// Judges the `Authorization` header by what the operation takes.
    pub(super) fn of(
        operation: &Operation,
        header: Option<&str>,
        world: &World,
    ) -> Result<Self, Failure> {
        let takes = |kind: &str| operation.auth.iter().any(|known| known == kind);
        let (kind, token) = header
            .and_then(|header| header.split_once(' '))
            .unwrap_or_default();
        if kind == "Bot" && token == world.token {
            // What stands in a user's name is for a user's token, whatever the description says.
            if operation.usable_by == "bearer" {
                return Err(Failure::new(403, 20001, "Bots cannot use this endpoint"));
            }
            return Ok(Self::Bot);
        }
        if kind == "Bearer" && takes("oauth2") {
            let grant = world.grant(token).ok_or_else(Failure::unauthorized)?;
            if scope_of(&operation.id).is_some_and(|scope| !grant.allows(scope)) {
                return Err(grant::missing_scope());
            }
            return Ok(Self::Bearer(grant));
        }
        if operation.usable_by == "client-credentials" {
            let is_known = kind == "Basic" && token == world.basic_authorization();
            return Ok(if is_known {
                Self::Application
            } else {
                Self::Anyone
            });
        }
        if takes("none") || operation.usable_by == "token-in-path" {
            return Ok(Self::Anyone);
        }
        Err(Failure::unauthorized())
    }

    /// The user in whose name a client asks.
    pub(super) const fn bearer(&self) -> Option<&grant::Grant> {
        match self {
            Self::Bearer(grant) => Some(grant),
            Self::Anyone | Self::Bot | Self::Application => None,
        }
    }
}

/// What a user's token has to be for, where a deed does not ask for it itself.
///
/// Source: Discord's OpenAPI file, the `security` of each operation.
fn scope_of(operation: &str) -> Option<&'static str> {
    match operation {
        "get_entitlements" | "get_entitlement" | "delete_entitlement" | "consume_entitlement" => {
            Some("applications.entitlements")
        }
        name if name.ends_with("_application_command_permissions") => {
            Some("applications.commands.permissions.update")
        }
        name if name.ends_with("_application_command")
            || name.ends_with("_application_commands") =>
        {
            Some("applications.commands.update")
        }
        _ => None,
    }
}

impl Call {
    /// The user whose token asks, which has to be for this scope.
    pub(super) fn bearer(&self, scope: &str) -> Result<u64, Failure> {
        let grant = self.asker.bearer().ok_or_else(Failure::unauthorized)?;
        if grant.allows(scope) {
            Ok(grant.user)
        } else {
            Err(grant::missing_scope())
        }
    }
}
