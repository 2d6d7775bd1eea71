//! Invites, by their code.

use ovenjs_types::{
    Id, Invite, Report, TargetUsersJob, Text, Upload, Validate, limits,
    marker::{ChannelMarker, MessageMarker, ScheduledEventMarker},
};
use serde::Serialize;

use crate::{
    Body, Part, Payload, Rows,
    endpoint::{endpoint, json_answers, sent_as},
};

endpoint! {
    /// An invite.
    Get "/invites/{code}" as GetInvite -> Invite {
        fn invite(code: Text)
        query {
            /// Whether approximate counts of members are included.
            with_counts: bool,
            /// The event to include with it.
            guild_scheduled_event_id: Id<ScheduledEventMarker>,
            /// The channel to which it leads.
            target_channel_id: Id<ChannelMarker>,
            /// The message to which it leads.
            target_message_id: Id<MessageMarker>,
        }
        by Nobody;
    }
}

endpoint! {
    /// Takes an invite back. It needs `MANAGE_CHANNELS` in its channel or `MANAGE_GUILD`.
    Delete "/invites/{code}" as DeleteInvite -> Invite {
        fn delete_invite(code: Text)
        takes reason;
    }
}

endpoint! {
    /// The users for whom an invite is, where it is not for all.
    Get "/invites/{code}/target-users" as ListInviteTargetUsers -> Rows {
        fn invite_target_users(code: Text)
    }
}

endpoint! {
    /// Says for which users an invite is. Discord works on it for a while: see
    /// [`GetInviteTargetUsersJob`].
    Put "/invites/{code}/target-users" as SetInviteTargetUsers -> () {
        fn set_invite_target_users(code: Text)
        sends: TargetUsers;
    }
}

/// A file with the ids of users, one a line below a heading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetUsers {
    /// The file.
    #[serde(skip)]
    pub file: Upload,
}

impl From<Upload> for TargetUsers {
    fn from(file: Upload) -> Self {
        Self { file }
    }
}

impl Validate for TargetUsers {
    fn check(&self, report: &mut Report) {
        let range = limits::ATTACHMENT_FILENAME_MIN..=limits::ATTACHMENT_FILENAME;
        report.length("target_users_file.filename", &self.file.filename, range);
    }
}

impl Payload for TargetUsers {
    fn body(&self) -> Body<'_> {
        Body::Form(vec![("target_users_file", Part::File(&self.file))])
    }
}

endpoint! {
    /// How far Discord is with the users for whom an invite is.
    Get "/invites/{code}/target-users/job-status" as GetInviteTargetUsersJob -> TargetUsersJob {
        fn invite_target_users_job(code: Text)
    }
}

sent_as!(Upload => TargetUsers);
json_answers!(TargetUsersJob);
