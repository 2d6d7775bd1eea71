//! OAuth2: what the application asks for a user.

use ovenjs_types::{
    AccessToken, Application, AuthorizationInformation, ExternalAuthType, Id, OAuth2Keys,
    OAuth2Scope, OpenIdUser, Report, Secret, Text, Validate,
    form::length,
    marker::{ApplicationMarker, UserMarker},
};
use serde::Serialize;

use crate::{
    Bearer, Body, Credentials, Payload,
    endpoint::{body, endpoint, exposed, exposed_option, json_answers, sent_as, setters_of},
};

endpoint! {
    /// What the user who is asking allowed the application.
    Get "/oauth2/@me" as GetAuthorization -> AuthorizationInformation {
        fn authorization()
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// The application which the bot belongs to, as OAuth2 has it.
    Get "/oauth2/applications/@me" as GetOAuth2Application -> Application {
        fn oauth2_application()
    }
}

endpoint! {
    /// The keys with which Discord signs who a user is. Discord does not document it.
    Get "/oauth2/keys" as GetOAuth2Keys -> OAuth2Keys {
        fn oauth2_keys()
        by Nobody;
    }
}

endpoint! {
    /// The user who is asking, as OpenID Connect has them. Discord does not document it.
    Get "/oauth2/userinfo" as GetOpenIdUser -> OpenIdUser {
        fn open_id_user()
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Exchanges a user's code, or a token's refresh token, for a token.
    Post "/oauth2/token" as ExchangeToken -> AccessToken {
        fn exchange_token()
        sends: Grant;
        by Application;
        shows credentials: Credentials;
    }
}

endpoint! {
    /// Takes a token back, and with it all that the user granted.
    Post "/oauth2/token/revoke" as RevokeToken -> () {
        fn revoke_token()
        sends: Revocation;
        by Application;
        shows credentials: Credentials;
    }
}

/// What a token is asked for with.
#[derive(Clone, Debug, Serialize)]
pub enum Grant {
    /// The code that Discord sent the user back with.
    Code {
        /// The code.
        #[serde(skip)]
        code: Secret,
        /// The address that Discord sent the user back to, as it is registered.
        redirect_uri: Text,
    },
    /// The refresh token of a token that has run out.
    Refresh {
        /// The refresh token.
        #[serde(skip)]
        token: Secret,
    },
    /// Nothing but the application's credentials: a token of its owner, for tests.
    Owner {
        /// What the token is good for.
        scopes: Vec<OAuth2Scope>,
    },
}

impl Validate for Grant {
    fn check(&self, _: &mut Report) {}
}

impl Payload for Grant {
    fn body(&self) -> Body<'_> {
        Body::Urlencoded(match self {
            Self::Code { code, redirect_uri } => vec![
                ("grant_type", "authorization_code".into()),
                ("code", code.expose().into()),
                ("redirect_uri", redirect_uri.to_string()),
            ],
            Self::Refresh { token } => vec![
                ("grant_type", "refresh_token".into()),
                ("refresh_token", token.expose().into()),
            ],
            Self::Owner { scopes } => {
                let scopes: Vec<_> = scopes.iter().map(OAuth2Scope::value).collect();
                vec![
                    ("grant_type", "client_credentials".into()),
                    ("scope", scopes.join(" ")),
                ]
            }
        })
    }
}

/// The token to be taken back.
#[derive(Clone, Debug, Serialize)]
pub struct Revocation {
    /// An access token or a refresh token.
    #[serde(skip)]
    pub token: Secret,
}

impl<T: Into<Secret>> From<T> for Revocation {
    fn from(token: T) -> Self {
        let token = token.into();
        Self { token }
    }
}

impl Validate for Revocation {
    fn check(&self, _: &mut Report) {}
}

impl Payload for Revocation {
    fn body(&self) -> Body<'_> {
        Body::Urlencoded(vec![("token", self.token.expose().into())])
    }
}

endpoint! {
    /// Gives a player of a game a provisional account, or the token of the one they have. Discord
    /// does not document it.
    Post "/partner-sdk/token" as CreateProvisionalToken -> AccessToken {
        fn create_provisional_token()
        sends: ExternalAccount;
        by Nobody;
    }
}

endpoint! {
    /// Takes an account of another service off the player's account of Discord. Discord does not
    /// document it.
    Post "/partner-sdk/provisional-accounts/unmerge" as UnmergeProvisionalAccount -> () {
        fn unmerge_provisional_account()
        sends: ExternalAccount;
        by Nobody;
    }
}

body! {
    /// A player's account of another service, and the application that asks.
    #[derive(Clone, Debug, Serialize)]
    pub struct ExternalAccount
    must {
        /// The application.
        client_id: Id<ApplicationMarker>,
        /// What the token is of.
        external_auth_type: ExternalAuthType,
        /// The other service's token.
        #[serde(serialize_with = "exposed")]
        external_auth_token: Secret,
    }
    may {
        /// The application's client secret, where it is no public client.
        #[serde(serialize_with = "exposed_option")]
        client_secret: Option<Secret>,
    }
}

endpoint! {
    /// Gives a player of the bot's game a provisional account, or the token of the one they have.
    /// Discord does not document it.
    Post "/partner-sdk/token/bot" as CreateProvisionalTokenAsBot -> AccessToken {
        fn create_provisional_token_as_bot()
        sends: Player;
    }
}

body! {
    /// A player of the bot's game.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct Player
    must {
        /// The player's id in the game; 1 to 1024 characters.
        external_user_id: Text = length(1..=1024),
    }
    may {
        /// The name they would like; 1 to 32 characters.
        preferred_global_name: Option<Text> = length(1..=32),
        /// The provisional account they have already.
        provisional_user_id: Option<Id<UserMarker>>,
    }
}

endpoint! {
    /// Takes the game's account off the player's account of Discord. Discord does not document it.
    Post "/partner-sdk/provisional-accounts/unmerge/bot" as UnmergeProvisionalAccountAsBot -> () {
        fn unmerge_provisional_account_as_bot()
        sends: FormerPlayer;
    }
}

body! {
    /// A player whose account is taken off.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct FormerPlayer
    must {
        /// The player's id in the game; 1 to 1024 characters.
        external_user_id: Text = length(1..=1024),
    }
}

sent_as!(Secret => Revocation, &str => Revocation);
json_answers!(
    AccessToken,
    AuthorizationInformation,
    OAuth2Keys,
    OpenIdUser
);
