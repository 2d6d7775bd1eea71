//! Answers to interactions. The token in the path is the permission, and Discord's global limit does
//! not count them.

use ovenjs_types::{
    Id, InteractionResponse, Message, MessageDraft, MessageEdit, Secret,
    marker::{ApplicationMarker, InteractionMarker, MessageMarker},
};

use crate::endpoint::{draft_setters, endpoint};

endpoint! {
    /// Gives the first answer to an interaction.
    Post "/interactions/{interaction_id}/{interaction_token}/callback" as CreateInteractionResponse -> () {
        fn create_interaction_response(
            interaction_id: Id<InteractionMarker>,
            interaction_token: Secret,
        )
        major interaction_token;
        sends: InteractionResponse;
        by Path;
    }
}

endpoint! {
    /// The first answer, once it is a message.
    Get "/webhooks/{webhook_id}/{webhook_token}/messages/@original" as GetOriginalResponse -> Message {
        fn original_response(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        by Path;
    }
}

endpoint! {
    /// Changes the first answer.
    Patch "/webhooks/{webhook_id}/{webhook_token}/messages/@original" as EditOriginalResponse -> Message {
        fn edit_original_response(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        body: MessageEdit;
        by Path;
    }
}

endpoint! {
    /// Deletes the first answer.
    Delete "/webhooks/{webhook_id}/{webhook_token}/messages/@original" as DeleteOriginalResponse -> () {
        fn delete_original_response(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        by Path;
    }
}

endpoint! {
    /// Sends a further message.
    Post "/webhooks/{webhook_id}/{webhook_token}" as CreateFollowUp -> Message {
        fn create_follow_up(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// Whether Discord answers with the message; without it, with nothing.
            wait: bool,
        }
        body: MessageDraft;
        by Path;
    }
}

draft_setters!(CreateFollowUp);

endpoint! {
    /// Changes a further message.
    Patch "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as EditFollowUp -> Message {
        fn edit_follow_up(
            webhook_id: Id<ApplicationMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        body: MessageEdit;
        by Path;
    }
}

endpoint! {
    /// Deletes a further message.
    Delete "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as DeleteFollowUp -> () {
        fn delete_follow_up(
            webhook_id: Id<ApplicationMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        by Path;
    }
}
