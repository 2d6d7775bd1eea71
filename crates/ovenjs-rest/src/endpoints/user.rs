//! Users and direct messages.

use std::collections::BTreeMap;

use ovenjs_types::{
    Channel, Connection, CurrentUserGuild, DataUri, Id, Member, Patch, Secret, Text, User,
    form::{length, picture},
    marker::{GuildMarker, UserMarker},
};
use serde::{Serialize, Serializer};

use crate::{
    Bearer,
    endpoint::{body, endpoint, json_answers, sent_as, setters_of},
};

endpoint! {
    /// The bot's own user, or that of the user whose token is shown.
    Get "/users/@me" as GetCurrentUser -> User {
        fn current_user()
        or User;
    }
}

endpoint! {
    /// Changes the bot's own user.
    Patch "/users/@me" as EditCurrentUser -> User {
        fn edit_current_user()
        body: CurrentUserEdit;
    }
}

body! {
    /// A change of the bot's own user: what is not set stays as it is.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct CurrentUserEdit
    may {
        /// Its name; 2 to 32 characters.
        username: Option<Text> = length(2..=32),
        /// Its avatar.
        avatar: Patch<DataUri> = picture,
        /// The picture behind its profile.
        banner: Patch<DataUri> = picture,
    }
}

endpoint! {
    /// A user.
    Get "/users/{user_id}" as GetUser -> User {
        fn user(user_id: Id<UserMarker>)
    }
}

endpoint! {
    /// The guilds that the bot is in, or the user whose token is shown.
    Get "/users/@me/guilds" as ListCurrentUserGuilds -> Vec<CurrentUserGuild> {
        fn current_user_guilds()
        query {
            /// Those before this guild.
            before: Id<GuildMarker>,
            /// Those after this guild.
            after: Id<GuildMarker>,
            /// At most so many: 1 to 200, 200 by default.
            limit: u16 = 1..=200,
            /// Whether approximate counts of members are included.
            with_counts: bool,
        }
        or User;
    }
}

endpoint! {
    /// The user who is asking, as a member of a guild.
    Get "/users/@me/guilds/{guild_id}/member" as GetCurrentUserMember -> Member {
        fn current_user_member(guild_id: Id<GuildMarker>)
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Takes the bot out of a guild.
    Delete "/users/@me/guilds/{guild_id}" as LeaveGuild -> () {
        fn leave_guild(guild_id: Id<GuildMarker>)
    }
}

endpoint! {
    /// What the user who is asking has linked to their account.
    Get "/users/@me/connections" as ListConnections -> Vec<Connection> {
        fn connections()
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// The direct message channel with a user, opened where there is none yet.
    Post "/users/@me/channels" as CreateDm -> Channel {
        fn create_dm()
        sends: Recipient;
    }
}

body! {
    /// With whom a direct message is opened.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct Recipient
    must {
        /// The user.
        recipient_id: Id<UserMarker>,
    }
}

impl From<Id<UserMarker>> for Recipient {
    fn from(user: Id<UserMarker>) -> Self {
        Self::new(user)
    }
}

endpoint! {
    /// Makes a group of users who granted the scope `gdm.join`. Discord shows such groups nowhere
    /// but in its clients for games.
    Post "/users/@me/channels" as CreateGroupDm -> Channel {
        fn create_group_dm()
        sends: GroupDraft;
    }
}

body! {
    /// A group to be made.
    #[derive(Clone, Debug, Serialize)]
    pub struct GroupDraft
    must {
        /// The tokens of its users, with the scope `gdm.join`.
        #[serde(serialize_with = "exposed_all")]
        access_tokens: Vec<Secret>,
    }
    may {
        /// The names they have in the group.
        nicks: Option<BTreeMap<Id<UserMarker>, Text>>,
    }
}

fn exposed_all<S: Serializer>(secrets: &[Secret], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(secrets.iter().map(Secret::expose))
}

sent_as!(Id<UserMarker> => Recipient);
json_answers!(Connection, CurrentUserGuild);
