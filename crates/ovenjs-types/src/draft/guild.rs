//! What moderators do with members, messages and invites.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Id, InviteTargetType, Report, Timestamp, Validate, limits,
    marker::{ApplicationMarker, MessageMarker, RoleMarker, UserMarker},
};

/// An invite to be made.
///
/// Source: Discord, "Create Channel Invite".
///
/// ```
/// use ovenjs_types::{InviteDraft, Validate, json};
/// let day = InviteDraft { max_age: Some(86_400), ..InviteDraft::default() };
/// assert_eq!(json::encode(&day), br#"{"max_age":86400}"#);
/// assert!(InviteDraft { max_uses: Some(101), ..day }.validate().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InviteDraft {
    /// How many seconds it lasts: at most 604800, a week; 0 for ever. A day by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// How many may use it: at most 100; 0, the default, for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// Whether those who come by it go when they disconnect without a role.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub temporary: bool,
    /// Whether it is a new one though there is one like it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// What it leads to in a voice channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<InviteTargetType>,
    /// Whose stream it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_user_id: Option<Id<UserMarker>>,
    /// Which activity it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_application_id: Option<Id<ApplicationMarker>>,
    /// The roles that come with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub role_ids: Vec<Id<RoleMarker>>,
}

impl Validate for InviteDraft {
    fn check(&self, report: &mut Report) {
        report.number_of(
            "max_age",
            self.max_age,
            0..=wide(limits::INVITE_MAX_AGE_SECONDS),
        );
        report.number_of("max_uses", self.max_uses, 0..=wide(limits::INVITE_MAX_USES));
    }
}

/// Messages of a channel to be deleted at once; none may be older than two weeks.
///
/// Source: Discord, "Bulk Delete Messages".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkDelete {
    /// The messages; 2 to 100, none twice.
    pub messages: Vec<Id<MessageMarker>>,
}

impl Validate for BulkDelete {
    fn check(&self, report: &mut Report) {
        let range = limits::MESSAGE_BULK_DELETE_MIN..=limits::MESSAGE_BULK_DELETE;
        report.amount("messages", self.messages.len(), range, "messages");
    }
}

/// Users to be banned at once.
///
/// Source: Discord, "Bulk Guild Ban".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BulkBanDraft {
    /// The users, members or not; at most 200.
    pub user_ids: Vec<Id<UserMarker>>,
    /// Of how many seconds messages are deleted: at most 604800, a week; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_message_seconds: Option<u32>,
}

impl Validate for BulkBanDraft {
    fn check(&self, report: &mut Report) {
        let most = limits::GUILD_BULK_BAN;
        report.amount("user_ids", self.user_ids.len(), 1..=most, "users");
        let most = wide(limits::GUILD_BAN_DELETE_SECONDS);
        report.number_of(
            "delete_message_seconds",
            self.delete_message_seconds,
            0..=most,
        );
    }
}

/// A prune of members who have not been there for a while.
///
/// Source: Discord, "Begin Guild Prune".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PruneDraft {
    /// For how many days they have not been there: 1 to 30; 7 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u8>,
    /// Whether Discord counts them, which takes long in large guilds; it does by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_prune_count: Option<bool>,
    /// Roles whose holders are pruned as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_roles: Vec<Id<RoleMarker>>,
}

impl Validate for PruneDraft {
    fn check(&self, report: &mut Report) {
        let range = wide(limits::GUILD_PRUNE_DAYS_MIN)..=wide(limits::GUILD_PRUNE_DAYS);
        report.number_of("days", self.days, range);
    }
}

/// For how long a member may not speak; at most 28 days.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_types::{Timeout, Timestamp, Validate};
/// let hour = Timeout(Duration::from_secs(3600)).validate().unwrap();
/// assert_eq!(hour.until(Timestamp::UNIX_EPOCH).unix_seconds(), 3600);
/// assert!(Timeout(Duration::from_secs(29 * 86_400)).validate().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// When it ends, for the member's `communication_disabled_until`.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Timestamp {
        now.after(self.0)
    }
}

impl Validate for Timeout {
    fn check(&self, report: &mut Report) {
        let most = wide(limits::GUILD_TIMEOUT_DAYS) * SECONDS_OF_DAY;
        // What is longer by less than a second is longer.
        let seconds = self
            .0
            .as_secs()
            .saturating_add(u64::from(self.0.subsec_nanos() > 0));
        report.number("seconds", seconds, 0..=most);
    }
}

const SECONDS_OF_DAY: u64 = 86_400;

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
