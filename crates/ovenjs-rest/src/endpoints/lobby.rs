//! Lobbies: groups of players of a game.

use std::collections::BTreeMap;

use ovenjs_types::{
    Id, Lobby, LobbyInvite, LobbyMember, LobbyMemberDraft, LobbyMemberFlags, LobbyMessage,
    LobbyMetadata, MessageDraft, Patch, Report, Secret, Text, Validate,
    form::{each, length, number},
    marker::{ChannelMarker, GenericMarker, MessageMarker, UserMarker},
};
use serde::Serialize;

use crate::{
    Bearer, Payload,
    endpoint::{body, endpoint, exposed, json_answers, setters_of},
};

endpoint! {
    /// Makes a lobby.
    Post "/lobbies" as CreateLobby -> Lobby {
        fn create_lobby()
        body: LobbyDraft;
    }
}

endpoint! {
    /// Changes a lobby. Members that are given replace all who are in it.
    Patch "/lobbies/{lobby_id}" as EditLobby -> Lobby {
        fn edit_lobby(lobby_id: Id<GenericMarker>)
        body: LobbyDraft;
    }
}

body! {
    /// A lobby to be made, or a change of one.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct LobbyDraft
    may {
        /// What the game says about it; at most 25 keys, 1024 characters each.
        metadata: Patch<LobbyMetadata>,
        /// Who is in it; at most 25.
        members: Patch<Vec<LobbyMemberDraft>> = each(0..=MEMBERS_MAX, "members"),
        /// For how many seconds it may stand empty: 5 to 604800, a week.
        idle_timeout_seconds: Patch<u32> = number(5..=604_800),
        /// Its bits, of which Discord names none.
        flags: Patch<u64>,
        /// Where its webhook events are sent instead; at most 512 characters.
        override_event_webhooks_url: Patch<Text> = length(0..=512),
    }
}

/// The most members of one request, from the OpenAPI file.
const MEMBERS_MAX: usize = 25;

endpoint! {
    /// Brings the user who is asking into the lobby with a secret, which is made where there is none
    /// yet.
    Put "/lobbies" as JoinLobby -> Lobby {
        fn join_lobby()
        sends: LobbyToJoin;
        by User;
        shows bearer: Bearer;
    }
}

body! {
    /// A lobby that players find by a secret.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct LobbyToJoin
    must {
        /// The secret; at most 250 characters.
        #[serde(serialize_with = "exposed")]
        secret: Secret,
    }
    may {
        /// What the game says about the lobby.
        lobby_metadata: Option<LobbyMetadata>,
        /// What the game says about the user.
        member_metadata: Option<LobbyMetadata>,
        /// For how many seconds it may stand empty: 5 to 604800, a week.
        idle_timeout_seconds: Option<u32> = number(5..=604_800),
        /// Its bits, of which Discord names none.
        flags: Option<u64>,
    }
}

endpoint! {
    /// A lobby.
    Get "/lobbies/{lobby_id}" as GetLobby -> Lobby {
        fn lobby(lobby_id: Id<GenericMarker>)
    }
}

endpoint! {
    /// Deletes a lobby.
    Delete "/lobbies/{lobby_id}" as DeleteLobby -> () {
        fn delete_lobby(lobby_id: Id<GenericMarker>)
    }
}

endpoint! {
    /// Links a lobby to a channel, or unlinks it. The user who is asking needs the lobby flag
    /// `CAN_LINK_LOBBY`.
    Patch "/lobbies/{lobby_id}/channel-linking" as LinkLobby -> Lobby {
        fn link_lobby(lobby_id: Id<GenericMarker>)
        body: LobbyLink;
        by User;
        shows bearer: Bearer;
    }
}

body! {
    /// The channel of a lobby.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct LobbyLink
    may {
        /// The channel; none to unlink.
        channel_id: Option<Id<ChannelMarker>>,
    }
}

endpoint! {
    /// Adds a user to a lobby, or changes what the game says about them.
    Put "/lobbies/{lobby_id}/members/{user_id}" as AddLobbyMember -> LobbyMember {
        fn add_lobby_member(lobby_id: Id<GenericMarker>, user_id: Id<UserMarker>)
        body: LobbyMemberEdit;
    }
}

body! {
    /// What the game says about a member of a lobby.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct LobbyMemberEdit
    may {
        /// What the game says about them; at most 25 keys, 1024 characters each.
        metadata: Patch<LobbyMetadata>,
        /// What they may do.
        flags: Patch<LobbyMemberFlags>,
        /// Their name in the game, 1 to 80 characters.
        additional_name: Patch<Text> = length(1..=80),
    }
}

endpoint! {
    /// Adds, changes and removes members of a lobby; at most 25 of them.
    Post "/lobbies/{lobby_id}/members/bulk" as EditLobbyMembers -> Vec<LobbyMember> {
        fn edit_lobby_members(lobby_id: Id<GenericMarker>)
        sends: Vec<LobbyMemberDraft>;
    }
}

endpoint! {
    /// Removes a user from a lobby.
    Delete "/lobbies/{lobby_id}/members/{user_id}" as RemoveLobbyMember -> () {
        fn remove_lobby_member(lobby_id: Id<GenericMarker>, user_id: Id<UserMarker>)
    }
}

endpoint! {
    /// Takes the user who is asking out of a lobby.
    Delete "/lobbies/{lobby_id}/members/@me" as LeaveLobby -> () {
        fn leave_lobby(lobby_id: Id<GenericMarker>)
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Invites a user into the guild of the channel that a lobby is linked to.
    Post "/lobbies/{lobby_id}/members/{user_id}/invites" as InviteLobbyMember -> LobbyInvite {
        fn invite_lobby_member(lobby_id: Id<GenericMarker>, user_id: Id<UserMarker>)
    }
}

endpoint! {
    /// Invites the user who is asking into the guild of the channel that a lobby is linked to.
    Post "/lobbies/{lobby_id}/members/@me/invites" as InviteMyselfFromLobby -> LobbyInvite {
        fn invite_myself_from_lobby(lobby_id: Id<GenericMarker>)
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Messages of a lobby, newest first.
    Get "/lobbies/{lobby_id}/messages" as ListLobbyMessages -> Vec<LobbyMessage> {
        fn lobby_messages(lobby_id: Id<GenericMarker>)
        query {
            /// At most so many: 1 to 200.
            limit: u16 = 1..=200,
        }
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Writes a message in a lobby for the user who is asking.
    Post "/lobbies/{lobby_id}/messages" as CreateLobbyMessage -> LobbyMessage {
        fn create_lobby_message(lobby_id: Id<GenericMarker>)
        body: MessageDraft;
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Says what the game's moderation says about a message of a lobby.
    Put "/lobbies/{lobby_id}/messages/{message_id}/moderation-metadata" as SetLobbyMessageModeration -> () {
        fn set_lobby_message_moderation(
            lobby_id: Id<GenericMarker>,
            message_id: Id<MessageMarker>,
        )
        body: ModerationMetadata;
    }
}

endpoint! {
    /// Says what the game's moderation says about a direct message of two of its players. Discord
    /// does not document it.
    Put "/partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata" as SetDmModeration -> () {
        fn set_dm_moderation(
            user_id_1: Id<UserMarker>,
            user_id_2: Id<UserMarker>,
            message_id: Id<MessageMarker>,
        )
        body: ModerationMetadata;
    }
}

/// What a game's moderation says about a message: at most 5 keys, 2000 characters each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModerationMetadata(pub BTreeMap<Text, Text>);

impl<K: Into<Text>, V: Into<Text>, const N: usize> From<[(K, V); N]> for ModerationMetadata {
    fn from(pairs: [(K, V); N]) -> Self {
        let pairs = pairs.into_iter();
        Self(
            pairs
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl Validate for ModerationMetadata {
    fn check(&self, report: &mut Report) {
        report.amount("", self.0.len(), 0..=5, "keys");
        for (key, value) in &self.0 {
            report.length(key, value, 0..=2000);
        }
    }
}

impl Payload for ModerationMetadata {}

json_answers!(Lobby, LobbyInvite, LobbyMember, LobbyMessage);
