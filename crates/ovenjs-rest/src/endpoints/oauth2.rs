//! OAuth2: what the application asks for a user.

use ovenjs_types::{AccessToken, OAuth2Scope, Report, Secret, Text, Validate};
use serde::Serialize;

use crate::{
    Body, Credentials, Payload,
    endpoint::{endpoint, json_answers},
};

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

json_answers!(AccessToken);
