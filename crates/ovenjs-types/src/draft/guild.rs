//! What moderators do with members, messages and invites.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Id, InviteTargetType, Report, Timestamp, Upload, Validate,
    form::{amount, number},
    limits,
    marker::{ApplicationMarker, MessageMarker, RoleMarker, UserMarker},
};

form! {
    exported invite_draft =>
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
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct InviteDraft
    may {
        /// How many seconds it lasts: at most 604800, a week; 0 for ever. A day by default.
        max_age: Option<u32> = number(0..=limits::INVITE_MAX_AGE_SECONDS),
        /// How many may use it: at most 100; 0, the default, for any number.
        max_uses: Option<u32> = number(0..=limits::INVITE_MAX_USES),
        /// Whether those who come by it go when they disconnect without a role.
        temporary: bool,
        /// Whether it is a new one though there is one like it.
        unique: bool,
        /// What it leads to in a voice channel.
        target_type: Option<InviteTargetType>,
        /// Whose stream it leads to.
        target_user_id: Option<Id<UserMarker>>,
        /// Which activity it leads to.
        target_application_id: Option<Id<ApplicationMarker>>,
        /// The roles that come with it; at most 250.
        role_ids: Vec<Id<RoleMarker>> = amount(0..=250, "roles"),
        /// The users for whom it is, where it is not for all: a file with their ids, one a line
        /// below a heading. It travels beside the rest.
        #[serde(skip)]
        target_users: Option<Upload>,
    }
}

form! {
    exported bulk_delete =>
    /// Messages of a channel to be deleted at once; none may be older than two weeks.
    ///
    /// Source: Discord, "Bulk Delete Messages".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct BulkDelete
    must {
        /// The messages; 2 to 100, none twice.
        messages: Vec<Id<MessageMarker>> = amount(limits::MESSAGE_BULK_DELETE_MIN..=limits::MESSAGE_BULK_DELETE, "messages"),
    }
}

form! {
    exported bulk_ban_draft =>
    /// Users to be banned at once.
    ///
    /// Source: Discord, "Bulk Guild Ban".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct BulkBanDraft
    must {
        /// The users, members or not; at most 200.
        user_ids: Vec<Id<UserMarker>> = amount(1..=limits::GUILD_BULK_BAN, "users"),
    }
    may {
        /// Of how many seconds messages are deleted: at most 604800, a week; none by default.
        delete_message_seconds: Option<u32> = number(0..=limits::GUILD_BAN_DELETE_SECONDS),
    }
}

form! {
    exported prune_draft =>
    /// A prune of members who have not been there for a while.
    ///
    /// Source: Discord, "Begin Guild Prune".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct PruneDraft
    may {
        /// For how many days they have not been there: 1 to 30; 7 by default.
        days: Option<u8> = number(limits::GUILD_PRUNE_DAYS_MIN..=limits::GUILD_PRUNE_DAYS),
        /// Whether Discord counts them, which takes long in large guilds; it does by default.
        compute_prune_count: Option<bool>,
        /// Roles whose holders are pruned as well; at most 100.
        include_roles: Vec<Id<RoleMarker>> = amount(0..=100, "roles"),
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
