//! Invites.

use serde::{Deserialize, Serialize};

use crate::{
    Application, GuildScheduledEvent, Id, Member, PartialChannel, PartialGuild, Role, Text,
    Timestamp, User,
    marker::{ChannelMarker, GuildMarker, MessageMarker},
    null,
};

/// A code that brings people to a guild, a group or a friend.
///
/// Who may manage the channel or guild is told the fields from `uses` on as well.
///
/// Source: Discord, "Invite Object" and "Invite Metadata Object".
///
/// ```
/// use ovenjs_types::{Invite, InviteType, json};
/// let raw = br#"{"type":0,"code":"0vCdhLbwjZZTWZLD","uses":3}"#;
/// let invite: Invite = json::decode(raw, &mut Default::default()).unwrap();
/// assert_eq!((invite.kind, invite.uses), (Some(InviteType::Guild), Some(3)));
/// assert_eq!(invite.url().to_string(), "https://discord.gg/0vCdhLbwjZZTWZLD");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invite {
    /// What it leads to.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<InviteType>,
    /// The code, which is the invite's id.
    pub code: Text,
    /// The guild it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<Box<PartialGuild>>,
    /// The guild's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The channel it leads to; none for invites to a guild as a whole, and to friends.
    #[serde(default)]
    pub channel: Option<Box<PartialChannel>>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inviter: Option<Box<User>>,
    /// What happens in the voice channel it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<InviteTargetType>,
    /// Whose stream it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_user: Option<Box<User>>,
    /// The activity it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_application: Option<Box<Application>>,
    /// The channel of the message it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_channel_id: Option<Id<ChannelMarker>>,
    /// The message it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_message_id: Option<Id<MessageMarker>>,
    /// About how many are online; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_presence_count: Option<u64>,
    /// About how many are there; where the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_member_count: Option<u64>,
    /// When it ends; none for never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The stage it leads to. Discord no longer sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_instance: Option<Box<InviteStageInstance>>,
    /// The event it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_scheduled_event: Option<Box<GuildScheduledEvent>>,
    /// The invite's flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<InviteFlags>,
    /// The roles which it gives, as far as everyone may know them.
    #[serde(
        default,
        deserialize_with = "null::as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub roles: Vec<Role>,
    /// How much is written in the guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveliness: Option<Box<GuildLiveliness>>,
    /// How many friends the inviter has; for friends only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friends_count: Option<u64>,
    /// Whether the inviter is a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_contact: Option<bool>,
    /// Whether those who come may change their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_nickname_changeable: Option<bool>,
    /// How often it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u64>,
    /// How often it may be used; 0 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u64>,
    /// Seconds after which it ends; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Whether those who come leave with the voice channel, unless they are given a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<bool>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl Invite {
    /// The address that people open.
    #[must_use]
    pub fn url(&self) -> impl std::fmt::Display {
        std::fmt::from_fn(|f| write!(f, "https://discord.gg/{}", self.code))
    }
}

/// A stage as an invite shows it. Discord no longer sends it.
///
/// Source: Discord, "Invite Stage Instance Object".
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InviteStageInstance {
    /// Who speaks.
    #[serde(default)]
    pub members: Vec<Member>,
    /// How many are there.
    #[serde(default)]
    pub participant_count: u64,
    /// How many speak.
    #[serde(default)]
    pub speaker_count: u64,
    /// The topic.
    #[serde(default)]
    pub topic: Text,
}

/// How much is written in a guild.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildLiveliness {
    /// When it was counted.
    #[serde(default)]
    pub last_updated_ts: Option<Timestamp>,
    /// The counts, oldest first.
    #[serde(default)]
    pub msg_activity_bins: Vec<u64>,
}

/// The job that reads the list of users whom an invite is for.
///
/// Source: Discord, "Get Target Users Job Status".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TargetUsersJob {
    /// How far it is.
    pub status: TargetUsersJobStatus,
    /// How many users are on the list.
    #[serde(default)]
    pub total_users: u32,
    /// How many of them are done.
    #[serde(default)]
    pub processed_users: u32,
    /// When the job began.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<Text>,
}

flags! {
    /// The flags of an invite to a guild.
    pub struct InviteFlags as number {
        IS_GUEST_INVITE = 0,
    }
}

open_int! {
    /// What an invite leads to.
    pub enum InviteType: u32 {
        Guild = 0,
        GroupDm = 1,
        Friend = 2,
    }
}

open_int! {
    /// What happens in the voice channel to which an invite leads.
    pub enum InviteTargetType: u32 {
        Stream = 1,
        EmbeddedApplication = 2,
        RoleSubscriptionsPurchase = 3,
    }
}

open_int! {
    /// How far the job is that reads an invite's list of users.
    pub enum TargetUsersJobStatus: u32 {
        Unspecified = 0,
        Processing = 1,
        Completed = 2,
        Failed = 3,
    }
}
