//! What users let the application do: OAuth2 codes and tokens.

use std::collections::BTreeMap;

use crate::failure::Failure;

use super::World;

/// What a user has agreed to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    /// All tokens of one agreement end together.
    id: u64,
    pub(crate) user: u64,
    /// `None` is everything: the token that each user has from the start.
    scopes: Option<Vec<String>>,
    pub(crate) expires_ms: u64,
}

impl Grant {
    pub(crate) fn allows(&self, scope: &str) -> bool {
        let listed = |scopes: &Vec<String>| scopes.iter().any(|known| known == scope);
        self.scopes.as_ref().is_none_or(listed)
    }

    /// The scopes that are told; a token that may do everything tells of what is common.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let common = || ["identify", "email", "guilds", "role_connections.write"];
        match &self.scopes {
            Some(scopes) => scopes.clone(),
            None => common().map(str::to_owned).to_vec(),
        }
    }
}

/// The codes and tokens that are still good.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: BTreeMap<String, Grant>,
    access: BTreeMap<String, Grant>,
    refresh: BTreeMap<String, Grant>,
}

/// An access token with what renews it, where something does.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) scopes: Vec<String>,
}

impl World {
    /// The OAuth2 token by which a user lets the bot act for it: the box gives every user one.
    pub(crate) fn access_token(user: u64) -> String {
        format!("access-{user}")
    }

    /// What a token allows, if it is one and not too old.
    pub(crate) fn grant(&self, token: &str) -> Option<Grant> {
        let lifelong = token.strip_prefix("access-").and_then(|id| id.parse().ok());
        if let Some(user) = lifelong.filter(|id| self.users.contains_key(id)) {
            let expires_ms = self.now_ms.saturating_add(LIFE_MS);
            return Some(Grant {
                id: 0,
                user,
                scopes: None,
                expires_ms,
            });
        }
        let grant = self.grants.access.get(token)?;
        (grant.expires_ms > self.now_ms).then(|| grant.clone())
    }

    /// Whose OAuth2 token that is.
    pub(crate) fn bearer_of(&self, token: &str, scope: &str) -> Result<u64, Failure> {
        let grant = self
            .grant(token)
            .ok_or_else(|| Failure::new(403, 50025, "Invalid OAuth2 access token provided"))?;
        if grant.allows(scope) {
            Ok(grant.user)
        } else {
            Err(missing_scope())
        }
    }

    /// A user agrees; the code stands for it until it is exchanged for tokens.
    pub(crate) fn agree(&mut self, user: u64, scopes: &[String]) -> String {
        let code = self.secret_text();
        let grant = Grant {
            id: self.next_id(),
            user,
            scopes: Some(scopes.to_vec()),
            expires_ms: self.now_ms.saturating_add(CODE_LIFE_MS),
        };
        keep(&mut self.grants.codes, code.clone(), grant);
        code
    }

    /// Gives tokens for a code, once.
    pub(crate) fn exchange(&mut self, code: &str) -> Option<Issued> {
        let grant = self.grants.codes.remove(code)?;
        (grant.expires_ms > self.now_ms).then(|| self.issue(grant, true))
    }

    /// Gives new tokens for those that a refresh token came with, which end.
    pub(crate) fn refresh(&mut self, token: &str) -> Option<Issued> {
        let grant = self.grants.refresh.remove(token)?;
        self.grants.access.retain(|_, other| other.id != grant.id);
        Some(self.issue(grant, true))
    }

    /// Gives the application's owner a token without asking.
    pub(crate) fn issue_to_owner(&mut self, scopes: Vec<String>) -> Issued {
        let grant = Grant {
            id: self.next_id(),
            user: self.owner,
            scopes: Some(scopes),
            expires_ms: 0,
        };
        self.issue(grant, false)
    }

    /// Ends all tokens of the agreement that a token belongs to.
    pub(crate) fn revoke_grant(&mut self, token: &str) {
        let Grants {
            access, refresh, ..
        } = &mut self.grants;
        if let Some(id) = access
            .get(token)
            .or_else(|| refresh.get(token))
            .map(|grant| grant.id)
        {
            access.retain(|_, grant| grant.id != id);
            refresh.retain(|_, grant| grant.id != id);
        }
    }

    fn issue(&mut self, mut grant: Grant, renewable: bool) -> Issued {
        grant.expires_ms = self.now_ms.saturating_add(LIFE_MS);
        let access = self.secret_text();
        let refresh = renewable.then(|| self.secret_text());
        let scopes = grant.scopes();
        if let Some(refresh) = &refresh {
            keep(&mut self.grants.refresh, refresh.clone(), grant.clone());
        }
        keep(&mut self.grants.access, access.clone(), grant);
        Issued {
            access,
            refresh,
            scopes,
        }
    }

    /// What the application sends as `Authorization: Basic …`.
    pub(crate) fn basic_authorization(&self) -> String {
        base64(&format!(
            "{}:{}",
            self.application_id(),
            self.client_secret()
        ))
    }

    /// A text of the length of Discord's tokens, another one each time.
    fn secret_text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..4 {
            text.push_str(&self.invite_code());
        }
        text
    }
}

pub(crate) fn missing_scope() -> Failure {
    Failure::new(403, 50026, "Missing required OAuth2 scope")
}

fn base64(text: &str) -> String {
    let mut written = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap_or_default();
            let letter = BASE64.get(index).filter(|_| place <= chunk.len());
            written.push(char::from(*letter.unwrap_or(&b'=')));
        }
    }
    written
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn keep(kept: &mut BTreeMap<String, Grant>, text: String, grant: Grant) {
    kept.insert(text, grant);
    while kept.len() > MAX_KEPT {
        let oldest = kept.iter().min_by_key(|(_, grant)| grant.id);
        let Some(oldest) = oldest.map(|(text, _)| text.clone()) else {
            return;
        };
        kept.remove(&oldest);
    }
}

/// How long a token lives, as Discord says in `expires_in`.
pub(crate) const LIFE_MS: u64 = 604_800_000;

/// How long a code waits to be exchanged.
const CODE_LIFE_MS: u64 = 60_000;

/// The oldest are forgotten beyond this many of a kind; a test that needs more does not exist.
const MAX_KEPT: usize = 1000;
