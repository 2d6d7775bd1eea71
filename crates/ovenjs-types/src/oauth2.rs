//! OAuth2: tokens, scopes and what they are good for.

use serde::{Deserialize, Serialize};

use crate::{Application, Guild, Secret, Text, Timestamp, User, Webhook};

/// What `GET /oauth2/@me` says of the token that asks.
///
/// Source: Discord, "Get Current Authorization Information".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizationInformation {
    /// The application, with few fields.
    pub application: Box<Application>,
    /// What the user allowed.
    #[serde(default)]
    pub scopes: Vec<OAuth2Scope>,
    /// Until when the token is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Who allowed it; with the scope `identify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
}

/// A token, as Discord gives it out: for a user, for the application itself, or for the
/// provisional account of a player.
///
/// ```
/// use ovenjs_types::{AccessToken, OAuth2Scope, json};
/// let text = br#"{"access_token":"canary","token_type":"Bearer","expires_in":604800,"scope":"identify bake"}"#;
/// let token: AccessToken = json::decode(text, &mut Default::default()).unwrap();
/// let scopes: Vec<_> = token.scopes().collect();
/// assert_eq!(scopes, [OAuth2Scope::Identify, OAuth2Scope::Unknown("bake".into())]);
/// assert!(!format!("{token:?}").contains("canary"));
/// assert_eq!(json::encode(&token), text);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessToken {
    /// The token itself.
    #[serde(serialize_with = "crate::secret::write")]
    pub access_token: Secret,
    /// How it is sent: `Bearer`.
    #[serde(default)]
    pub token_type: Text,
    /// For how many seconds it is good.
    #[serde(default)]
    pub expires_in: u64,
    /// With which the next token is got; absent where there is none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::secret::write_option"
    )]
    pub refresh_token: Option<Secret>,
    /// What is allowed, with a space between two scopes; see [`scopes`](Self::scopes).
    #[serde(default)]
    pub scope: Text,
    /// Who the user is, as OpenID Connect signs it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::secret::write_option"
    )]
    pub id_token: Option<Secret>,
    /// Until when it is good, in seconds since 1970; provisional accounts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_s: Option<i64>,
    /// What is allowed, once more; provisional accounts only.
    #[serde(default, rename = "scopes", skip_serializing_if = "Option::is_none")]
    pub scope_list: Option<Vec<OAuth2Scope>>,
    /// The guild the bot was added to; with the scope `bot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<Box<Guild>>,
    /// The webhook that was made; with the scope `webhook.incoming`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Box<Webhook>>,
}

impl AccessToken {
    /// What is allowed.
    pub fn scopes(&self) -> impl Iterator<Item = OAuth2Scope> {
        self.scope.split_ascii_whitespace().map(OAuth2Scope::from)
    }
}

/// What OpenID Connect says of a user.
///
/// Source: Discord's OpenAPI file, `OAuth2GetOpenIDConnectUserInfoResponse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenIdUser {
    /// The user's id.
    pub sub: Text,
    /// The address of their mail; with the scope `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// Whether that address was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The unique name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<Text>,
    /// The name which the user chose to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<Text>,
    /// The address of the avatar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Text>,
    /// The chosen language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Text>,
}

/// The keys with which Discord signs for OpenID Connect.
///
/// Source: Discord's OpenAPI file, `OAuth2GetKeys`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuth2Keys {
    /// The keys.
    #[serde(default)]
    pub keys: Vec<OAuth2Key>,
}

/// A public key, as RFC 7517 writes it.
///
/// Source: Discord's OpenAPI file, `OAuth2Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuth2Key {
    /// Its name.
    pub kid: Text,
    /// Its family, e.g. `RSA`.
    #[serde(default)]
    pub kty: Text,
    /// What it is for, e.g. `sig`.
    #[serde(default, rename = "use")]
    pub used_for: Text,
    /// The algorithm, e.g. `RS256`.
    #[serde(default)]
    pub alg: Text,
    /// The modulus, in base64.
    #[serde(default)]
    pub n: Text,
    /// The exponent, in base64.
    #[serde(default)]
    pub e: Text,
}

open_str! {
    /// What a token of another service is, with which a player of a game shows who they are.
    pub enum ExternalAuthType {
        AppleIdToken = "APPLE_ID_TOKEN",
        DiscordBotIssuedAccessToken = "DISCORD_BOT_ISSUED_ACCESS_TOKEN",
        EpicOnlineServicesAccessToken = "EPIC_ONLINE_SERVICES_ACCESS_TOKEN",
        EpicOnlineServicesIdToken = "EPIC_ONLINE_SERVICES_ID_TOKEN",
        Oidc = "OIDC",
        PlaystationNetworkIdToken = "PLAYSTATION_NETWORK_ID_TOKEN",
        SteamSessionTicket = "STEAM_SESSION_TICKET",
        UnityServicesIdToken = "UNITY_SERVICES_ID_TOKEN",
    }
}

open_str! {
    /// What a user allows an application.
    ///
    /// Source: Discord, "OAuth2 Scopes".
    pub enum OAuth2Scope {
        ActivitiesInvitesWrite = "activities.invites.write",
        ActivitiesRead = "activities.read",
        ActivitiesWrite = "activities.write",
        ApplicationsBuildsRead = "applications.builds.read",
        ApplicationsBuildsUpload = "applications.builds.upload",
        ApplicationsCommands = "applications.commands",
        ApplicationsCommandsPermissionsUpdate = "applications.commands.permissions.update",
        ApplicationsCommandsUpdate = "applications.commands.update",
        ApplicationsEntitlements = "applications.entitlements",
        ApplicationsStoreUpdate = "applications.store.update",
        Bot = "bot",
        Connections = "connections",
        DmChannelsRead = "dm_channels.read",
        Email = "email",
        GdmJoin = "gdm.join",
        Guilds = "guilds",
        GuildsJoin = "guilds.join",
        GuildsMembersRead = "guilds.members.read",
        Identify = "identify",
        IdentifyPremium = "identify.premium",
        MessagesRead = "messages.read",
        Openid = "openid",
        RelationshipsRead = "relationships.read",
        RoleConnectionsWrite = "role_connections.write",
        Rpc = "rpc",
        RpcActivitiesWrite = "rpc.activities.write",
        RpcNotificationsRead = "rpc.notifications.read",
        RpcScreenshareRead = "rpc.screenshare.read",
        RpcScreenshareWrite = "rpc.screenshare.write",
        RpcVideoRead = "rpc.video.read",
        RpcVideoWrite = "rpc.video.write",
        RpcVoiceRead = "rpc.voice.read",
        RpcVoiceWrite = "rpc.voice.write",
        SdkSocialLayer = "sdk.social_layer",
        Voice = "voice",
        WebhookIncoming = "webhook.incoming",
    }
}
