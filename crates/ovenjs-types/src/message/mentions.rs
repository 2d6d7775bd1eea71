//! Who may be notified by a message.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Report, Validate, limits,
    marker::{RoleMarker, UserMarker},
};

/// Who is notified by the mentions in a message. The struct is its own builder.
///
/// Without it, an ordinary message notifies whomever it mentions; an answer to an interaction or a
/// webhook's message notifies users only. Discord refuses a list of users together with the leave
/// to mention all of them; here it cannot be written.
///
/// Source: Discord, "Allowed Mentions Object".
///
/// ```
/// use ovenjs_types::{AllowedMentions, Id, json};
/// assert_eq!(json::encode(&AllowedMentions::nobody()), br#"{"parse":[]}"#);
/// let some = AllowedMentions::nobody().everyone().user(Id::new(5)).replied_user();
/// assert_eq!(
///     json::encode(&some),
///     br#"{"parse":["everyone"],"users":["5"],"replied_user":true}"#
/// );
/// // The last word counts.
/// assert_eq!(json::encode(&some.all_users()), br#"{"parse":["users","everyone"],"replied_user":true}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct AllowedMentions {
    /// Which of the users that are mentioned.
    pub users: Allowed<Id<UserMarker>>,
    /// Which of the roles that are mentioned.
    pub roles: Allowed<Id<RoleMarker>>,
    /// Whether `@everyone` and `@here` notify.
    pub everyone: bool,
    /// Whether the author of the message replied to is notified.
    pub replied_user: bool,
}

/// Which of those that are mentioned are notified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowed<T> {
    /// None of them.
    #[default]
    Nobody,
    /// All of them.
    All,
    /// These alone; at most 100.
    Only(Vec<T>),
}

impl AllowedMentions {
    /// Nobody is notified, whatever the text says.
    #[must_use]
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Everybody is notified whom the text mentions.
    #[must_use]
    pub const fn everybody() -> Self {
        Self {
            users: Allowed::All,
            roles: Allowed::All,
            everyone: true,
            replied_user: true,
        }
    }

    /// Lets `@everyone` and `@here` notify.
    #[must_use]
    pub const fn everyone(mut self) -> Self {
        self.everyone = true;
        self
    }

    /// Lets every user be notified that is mentioned.
    #[must_use]
    pub fn all_users(mut self) -> Self {
        self.users = Allowed::All;
        self
    }

    /// Lets this user be notified, too.
    #[must_use]
    pub fn user(mut self, user: Id<UserMarker>) -> Self {
        self.users.add(user);
        self
    }

    /// Lets every role be notified that is mentioned.
    #[must_use]
    pub fn all_roles(mut self) -> Self {
        self.roles = Allowed::All;
        self
    }

    /// Lets this role be notified, too.
    #[must_use]
    pub fn role(mut self, role: Id<RoleMarker>) -> Self {
        self.roles.add(role);
        self
    }

    /// Lets the author of the message replied to be notified.
    #[must_use]
    pub const fn replied_user(mut self) -> Self {
        self.replied_user = true;
        self
    }
}

impl Validate for AllowedMentions {
    fn check(&self, report: &mut Report) {
        if let Allowed::Only(users) = &self.users {
            report.amount(
                "users",
                users.len(),
                0..=limits::ALLOWED_MENTIONS_USERS,
                "users",
            );
        }
        if let Allowed::Only(roles) = &self.roles {
            report.amount(
                "roles",
                roles.len(),
                0..=limits::ALLOWED_MENTIONS_ROLES,
                "roles",
            );
        }
    }
}

impl<T> Allowed<T> {
    /// Adds one; nothing changes where all are allowed.
    fn add(&mut self, one: T) {
        match self {
            Self::Nobody => *self = Self::Only(vec![one]),
            Self::All => {}
            Self::Only(list) => list.push(one),
        }
    }

    /// The list that Discord sees, and whether its word stands in `parse`.
    fn into_wire(self) -> (Vec<T>, bool) {
        match self {
            Self::Nobody => (Vec::new(), false),
            Self::All => (Vec::new(), true),
            Self::Only(list) => (list, false),
        }
    }
}

/// The object as Discord writes it.
#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(default)]
    parse: Vec<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    users: Vec<Id<UserMarker>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Id<RoleMarker>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    replied_user: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Users,
    Roles,
    Everyone,
}

impl From<AllowedMentions> for Wire {
    fn from(allowed: AllowedMentions) -> Self {
        let (users, all_users) = allowed.users.into_wire();
        let (roles, all_roles) = allowed.roles.into_wire();
        let words = [
            (all_users, Word::Users),
            (all_roles, Word::Roles),
            (allowed.everyone, Word::Everyone),
        ];
        Self {
            parse: words
                .iter()
                .filter(|word| word.0)
                .map(|word| word.1)
                .collect(),
            users,
            roles,
            replied_user: allowed.replied_user,
        }
    }
}

impl TryFrom<Wire> for AllowedMentions {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        fn allowed<T>(all: bool, list: Vec<T>) -> Result<Allowed<T>, &'static str> {
            match (all, list.is_empty()) {
                (true, true) => Ok(Allowed::All),
                (true, false) => Err(CONTRADICTION),
                (false, true) => Ok(Allowed::Nobody),
                (false, false) => Ok(Allowed::Only(list)),
            }
        }
        Ok(Self {
            users: allowed(wire.parse.contains(&Word::Users), wire.users)?,
            roles: allowed(wire.parse.contains(&Word::Roles), wire.roles)?,
            everyone: wire.parse.contains(&Word::Everyone),
            replied_user: wire.replied_user,
        })
    }
}

const CONTRADICTION: &str = "take the word out of `parse` or leave its list empty";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn a_list_beside_its_word_is_refused_as_discord_does() {
        let read =
            |text: &str| json::decode::<AllowedMentions>(text.as_bytes(), &mut Scratch::new());
        assert!(read(r#"{"parse":["users"],"users":["1234","5678"]}"#).is_err());

        // An empty list is no contradiction, and the list of one kind none to the word of another.
        let some = read(r#"{"parse":["users","roles"],"users":[]}"#).unwrap();
        assert_eq!(some, AllowedMentions::nobody().all_users().all_roles());
        let some = read(r#"{"parse":["everyone"],"users":["1234"]}"#).unwrap();
        assert_eq!(
            some,
            AllowedMentions::nobody().everyone().user(Id::new(1234))
        );
    }

    #[test]
    fn one_user_more_does_not_take_leave_from_all() {
        let all = AllowedMentions::everybody();
        assert_eq!(all.clone().user(Id::new(5)), all);
    }

    #[test]
    fn a_list_has_an_end() {
        let some = |count| AllowedMentions {
            roles: Allowed::Only(vec![Id::new(5); count]),
            ..AllowedMentions::nobody()
        };
        assert!(some(100).validate().is_ok());
        assert_eq!(
            some(101).validate().unwrap_err().violations()[0].path,
            "roles"
        );
    }
}
