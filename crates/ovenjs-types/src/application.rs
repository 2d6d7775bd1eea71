//! Applications: what a bot belongs to.

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    ByInstallContext, Guild, Id, OAuth2Scope, Permissions, Team, Text, User, WebhookEventType,
    marker::{ApplicationMarker, GuildMarker, SkuMarker},
};

/// The application a bot belongs to.
///
/// `READY` carries its id and flags only; messages and invites carry a few fields.
///
/// Source: Discord, "Application Object".
///
/// ```
/// use ovenjs_types::{Application, ApplicationFlags, json};
/// let text = br#"{"id":"1","flags":262144}"#;
/// let application: Application = json::decode(text, &mut Default::default()).unwrap();
/// assert!(application.all_flags().contains(ApplicationFlags::GATEWAY_MESSAGE_CONTENT));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Application {
    /// The application's id.
    pub id: Id<ApplicationMarker>,
    /// Its name; left out in `READY`.
    #[serde(default)]
    pub name: Text,
    /// The hash of its icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Text>,
    /// Its description.
    #[serde(default)]
    pub description: Text,
    /// Of which kind Discord counts it.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ApplicationType>,
    /// Its flags as far as a number holds them, e.g. which privileged intents it was granted.
    #[serde(default)]
    pub flags: ApplicationFlags,
    /// All its flags, as text.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_text"
    )]
    pub flags_new: Option<ApplicationFlags>,
    /// The bot's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<User>,
    /// Who owns it; a stand-in where a team does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<User>,
    /// The team that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Box<Team>>,
    /// Whether others may add the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_public: Option<bool>,
    /// Whether the bot joins only after the whole OAuth2 flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_require_code_grant: Option<bool>,
    /// Whether it has a webhook; of old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<bool>,
    /// The key with which its HTTP interactions and webhook events are signed, in hexadecimal.
    #[serde(default)]
    pub verify_key: Text,
    /// Origins that may use it over RPC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rpc_origins: Vec<Text>,
    /// The address of its terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_of_service_url: Option<Text>,
    /// The address of its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_policy_url: Option<Text>,
    /// Its guild, e.g. that for support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// That guild, with few fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<Box<Guild>>,
    /// The SKU of a game that is sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_sku_id: Option<Id<SkuMarker>>,
    /// The name in the address of its page in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<Text>,
    /// The hash of the image behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover_image: Option<Text>,
    /// In about how many guilds it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_guild_count: Option<u64>,
    /// About how many users installed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_user_install_count: Option<u64>,
    /// About how many users authorised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_user_authorization_count: Option<u64>,
    /// Where OAuth2 may lead back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<Text>,
    /// Where interactions are sent instead of the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interactions_endpoint_url: Option<Text>,
    /// Where users prove what linked roles ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_connections_verification_url: Option<Text>,
    /// Where webhook events are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_webhooks_url: Option<Text>,
    /// Whether webhook events are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_webhooks_status: Option<EventWebhooksStatus>,
    /// Which webhook events are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_webhooks_types: Vec<WebhookEventType>,
    /// Words about what it does; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text>,
    /// How it is installed where nothing is said for the context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_params: Option<InstallParams>,
    /// Where it can be installed, and how.
    #[serde(default, skip_serializing_if = "ByInstallContext::is_empty")]
    pub integration_types_config: ByInstallContext<IntegrationTypeConfig>,
    /// The address under which it is installed, where that is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_install_url: Option<Text>,
    /// The OAuth2 scopes it may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub eligible_oauth2_scopes: Vec<OAuth2Scope>,
    /// Whether what others write is filtered in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit_content_filter: Option<ApplicationContentFilter>,
    /// How many people an activity takes; -1 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_participants: Option<i64>,
}

impl Application {
    /// Every flag that came, in either form.
    #[must_use]
    pub fn all_flags(&self) -> ApplicationFlags {
        self.flags | self.flags_new.unwrap_or_default()
    }
}

flags! {
    /// What an application uses and was granted.
    ///
    /// The flags that end in `LIMITED` are those of applications in fewer guilds than ask for
    /// Discord's consent.
    pub struct ApplicationFlags as number {
        APPLICATION_AUTO_MODERATION_RULE_CREATE_BADGE = 6,
        GATEWAY_PRESENCE = 12,
        GATEWAY_PRESENCE_LIMITED = 13,
        GATEWAY_GUILD_MEMBERS = 14,
        GATEWAY_GUILD_MEMBERS_LIMITED = 15,
        VERIFICATION_PENDING_GUILD_LIMIT = 16,
        EMBEDDED = 17,
        GATEWAY_MESSAGE_CONTENT = 18,
        GATEWAY_MESSAGE_CONTENT_LIMITED = 19,
        APPLICATION_COMMAND_BADGE = 23,
    }
}

open_int! {
    /// Of which kind Discord counts an application.
    pub enum ApplicationType: u32 {
        GuildRoleSubscriptions = 4,
    }
}

open_int! {
    /// Whether webhook events are sent.
    pub enum EventWebhooksStatus: u32 {
        Disabled = 1,
        Enabled = 2,
        /// Discord's own doing, mostly because they were not answered.
        DisabledByDiscord = 3,
    }
}

open_int! {
    /// Whether what others write is filtered in an application.
    pub enum ApplicationContentFilter: u32 {
        /// As the user has it elsewhere.
        Inherit = 0,
        Always = 1,
    }
}

/// How an application is installed in one context.
///
/// Source: Discord, "Application Integration Type Configuration Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationTypeConfig {
    /// With what it is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_install_params: Option<InstallParams>,
}

/// With what an application is installed.
///
/// Source: Discord, "Install Params Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallParams {
    /// The scopes.
    #[serde(default)]
    pub scopes: Vec<OAuth2Scope>,
    /// What the bot's role may do.
    #[serde(default)]
    pub permissions: Permissions,
}

#[expect(
    clippy::ref_option,
    reason = "serde hands a reference to the field to serialize_with"
)]
fn as_text<S: Serializer>(
    flags: &Option<ApplicationFlags>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&flags.unwrap_or_default().bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InstallContext;
    use crate::json::{self, Scratch};

    #[test]
    fn flags_of_both_forms_and_contexts_of_tomorrow_come_back() {
        let text = r#"{"id":"1","name":"","description":"","flags":8192,
            "flags_new":"1099511635968","verify_key":"","integration_types_config":{
                "0":{"oauth2_install_params":{"scopes":["bot","bake"],"permissions":"2048"}},"7":{},"oven":{}}}"#;
        let application: Application = json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        assert_eq!(application.all_flags().bits(), 1 << 40 | 1 << 13);
        let config = &application.integration_types_config[InstallContext::GuildInstall];
        let params = config.oauth2_install_params.as_ref().unwrap();
        assert_eq!(params.scopes[1], OAuth2Scope::Unknown("bake".into()));
        let back: serde_json::Value = serde_json::from_slice(&json::encode(&application)).unwrap();
        assert_eq!(
            back,
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        );
    }
}
