//! Interactions: what users do with commands, components and modals.

mod callback;
mod data;
mod owners;
mod resolved;

use serde::{Deserialize, Serialize};

pub use callback::{
    InteractionCallback, InteractionCallbackActivity, InteractionCallbackResource,
    InteractionCallbackResponse,
};
pub use data::{CommandData, ComponentData, DataOption, DataValue, InteractionData, ModalData};
pub use owners::AuthorizingIntegrationOwners;
pub use resolved::Resolved;

use crate::{
    Channel, Entitlement, Guild, Id, InteractionContext, Member, Message, Permissions, Secret,
    Text, User,
    marker::{ApplicationMarker, ChannelMarker, GuildMarker, InteractionMarker},
};

/// A user ran a command, pressed a component or submitted a modal.
///
/// It must be answered within three seconds; its token is good for fifteen minutes.
///
/// Source: Discord, "Interaction Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interaction {
    /// The interaction's id.
    pub id: Id<InteractionMarker>,
    /// The application it is for.
    pub application_id: Id<ApplicationMarker>,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: InteractionType,
    /// What was run, pressed or submitted; absent in a ping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<InteractionData>,
    /// The guild it happened in, with few fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<Box<Guild>>,
    /// The guild it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The channel it happened in, with few fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Box<Channel>>,
    /// The channel it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Who did it, in a guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Box<Member>>,
    /// Who did it, in a direct message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// With which it is answered.
    #[serde(serialize_with = "crate::secret::write")]
    pub token: Secret,
    /// The version of this object's form: 1.
    #[serde(default)]
    pub version: u32,
    /// The message whose component was pressed, or whose component opened the modal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<Message>>,
    /// What the application may do in the channel.
    #[serde(default)]
    pub app_permissions: Permissions,
    /// The language of the user; absent in a ping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Text>,
    /// The language of the guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_locale: Option<Text>,
    /// What the user and the guild have bought of the application.
    #[serde(default)]
    pub entitlements: Vec<Entitlement>,
    /// For whom the application is installed.
    #[serde(default)]
    pub authorizing_integration_owners: AuthorizingIntegrationOwners,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<InteractionContext>,
    /// How many bytes one attachment of an answer may have.
    #[serde(default)]
    pub attachment_size_limit: u64,
}

impl Interaction {
    /// Who caused it, in a guild or not.
    #[must_use]
    pub fn author(&self) -> Option<&User> {
        self.member
            .as_ref()
            .and_then(|member| member.user.as_deref())
            .or(self.user.as_deref())
    }
}

open_int! {
    /// What kind of interaction it is.
    pub enum InteractionType: u32 {
        Ping = 1,
        ApplicationCommand = 2,
        MessageComponent = 3,
        ApplicationCommandAutocomplete = 4,
        ModalSubmit = 5,
        /// Whether a user may buy something in a game. Its data is kept as it came.
        SocialLayerSkuPurchaseEligibility = 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        InstallContext,
        json::{self, Scratch},
    };

    #[test]
    fn the_token_does_not_print_but_is_written_back() {
        let interaction = decode(r#"{"type":1"#);
        assert!(!format!("{interaction:?}").contains("canary"));
        let back = String::from_utf8(json::encode(&interaction)).unwrap();
        assert!(back.contains(r#""token":"canary""#), "{back}");
    }

    #[test]
    fn a_user_app_in_a_direct_message_with_the_bot_has_a_guild_owner_without_id() {
        let interaction = decode(
            r#"{"type":2,"context":1,"authorizing_integration_owners":{"0":"0","1":"80","9":"7"}"#,
        );
        let owners = &interaction.authorizing_integration_owners;
        assert_eq!(owners.guild(), None);
        assert!(owners.contains(InstallContext::GuildInstall));
        assert_eq!(owners.user(), Some(Id::new(80)));
        let back = String::from_utf8(json::encode(&interaction)).unwrap();
        assert!(back.contains(r#"{"0":"0","1":"80","9":"7"}"#), "{back}");
    }

    #[test]
    fn data_of_a_shape_that_is_not_known_is_kept() {
        let interaction = decode(r#"{"type":6,"data":{"sku_id":"5","type":2,"depth":{"a":[1]}}"#);
        let Some(InteractionData::Other(data)) = &interaction.data else {
            panic!("{:?}", interaction.data)
        };
        assert_eq!(
            data.to_string(),
            r#"{"depth":{"a":[1]},"sku_id":"5","type":2}"#
        );
        let back = String::from_utf8(json::encode(&interaction)).unwrap();
        assert!(back.contains(&data.to_string()), "{back}");
    }

    fn decode(start: &str) -> Interaction {
        let text =
            format!(r#"{start},"id":"1","application_id":"2","token":"canary","version":1}}"#);
        json::decode(text.as_bytes(), &mut Scratch::new()).unwrap()
    }
}
