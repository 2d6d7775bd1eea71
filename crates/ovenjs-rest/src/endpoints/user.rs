//! Users and direct messages.

use ovenjs_types::{Channel, Id, User, marker::UserMarker};
use serde::Serialize;

use crate::endpoint::{body, endpoint, setters_of};

endpoint! {
    /// The bot's own user.
    Get "/users/@me" as GetCurrentUser -> User {
        fn current_user()
    }
}

endpoint! {
    /// A user.
    Get "/users/{user_id}" as GetUser -> User {
        fn user(user_id: Id<UserMarker>)
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
