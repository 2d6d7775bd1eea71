//! Lobbies: groups of players of a game.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Channel, Id, MessageFlags, MessageLobbyMember, MessageType, Report, Text, Timestamp, User,
    Validate,
    form::length,
    marker::{ApplicationMarker, ChannelMarker, GenericMarker, MessageMarker, UserMarker},
};

/// What a game says about a lobby, a member or a message: at most 25 keys, 1024 characters each.
pub type LobbyMetadata = BTreeMap<Text, Text>;

/// A group of players of a game.
///
/// Source: Discord, "Lobby Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lobby {
    /// The lobby's id.
    pub id: Id<GenericMarker>,
    /// The game.
    pub application_id: Id<ApplicationMarker>,
    /// What the game says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<LobbyMetadata>,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<LobbyMember>,
    /// The channel whose messages it shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_channel: Option<Box<Channel>>,
    /// Its bits, of which Discord names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<u64>,
    /// Where its webhook events are sent instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_event_webhooks_url: Option<Text>,
}

/// Somebody in a lobby.
///
/// Source: Discord, "Lobby Member Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LobbyMember {
    /// The user.
    pub id: Id<UserMarker>,
    /// What the game says about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<LobbyMetadata>,
    /// What they may do.
    #[serde(default)]
    pub flags: LobbyMemberFlags,
    /// Their name in the game, 1 to 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_name: Option<Text>,
}

impl LobbyMember {
    /// A member of whom nothing is said yet.
    #[must_use]
    pub const fn new(user: Id<UserMarker>) -> Self {
        Self {
            id: user,
            metadata: None,
            flags: LobbyMemberFlags::empty(),
            additional_name: None,
        }
    }
}

form! {
    part =>
    /// Somebody to be in a lobby, or no longer.
    ///
    /// Source: Discord, "Create Lobby", "Bulk Update Lobby Members".
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct LobbyMemberDraft
    must {
        /// The user.
        id: Id<UserMarker>,
    }
    may {
        /// What the game says about them; at most 25 keys, 1024 characters each.
        metadata: Option<LobbyMetadata>,
        /// What they may do.
        flags: Option<LobbyMemberFlags>,
        /// Their name in the game, 1 to 80 characters; not when a lobby is made.
        additional_name: Option<Text> = length(1..=80),
        /// Whether they are removed; not when a lobby is made.
        remove_member: Option<bool>,
    }
}

impl Validate for Vec<LobbyMemberDraft> {
    /// All members that are changed at once.
    fn check(&self, report: &mut Report) {
        report.amount("", self.len(), 1..=25, "members");
        report.each("", self, |report, member| member.check(report));
    }
}

flags! {
    /// What a member of a lobby may do.
    pub struct LobbyMemberFlags as number {
        CAN_LINK_LOBBY = 0,
    }
}

/// A message in a lobby.
///
/// Source: Discord, "Lobby Message Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LobbyMessage {
    /// The message's id.
    pub id: Id<MessageMarker>,
    /// What kind of message it is.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Its text.
    #[serde(default)]
    pub content: Text,
    /// The lobby.
    pub lobby_id: Id<GenericMarker>,
    /// The channel, which is the lobby's own unless one is linked.
    pub channel_id: Id<ChannelMarker>,
    /// Who wrote it.
    pub author: User,
    /// What the game says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<LobbyMetadata>,
    /// What the game's moderation says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation_metadata: Option<LobbyMetadata>,
    /// Its flags.
    #[serde(default)]
    pub flags: MessageFlags,
    /// The game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Id<ApplicationMarker>>,
    /// The author as a member of the lobby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lobby_member: Option<MessageLobbyMember>,
    /// When it was written; sent with webhook events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// When it was changed; sent with webhook events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_timestamp: Option<Timestamp>,
}

/// An invite from a lobby into the guild of its linked channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LobbyInvite {
    /// The invite's code.
    pub code: Text,
}
