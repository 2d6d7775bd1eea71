//! Answers to interactions. The token in the path is the permission, and Discord's global limit does
//! not count them.

use ovenjs_types::{
    Id, InteractionCallbackResponse, InteractionResponse, Message, MessageDraft, MessageEdit,
    Secret,
    marker::{ApplicationMarker, ChannelMarker, InteractionMarker, MessageMarker},
};

use crate::endpoint::{endpoint, json_answers};

endpoint! {
    /// Gives the first answer to an interaction.
    Post "/interactions/{interaction_id}/{interaction_token}/callback" as CreateInteractionResponse -> Option<InteractionCallbackResponse> {
        fn create_interaction_response(
            interaction_id: Id<InteractionMarker>,
            interaction_token: Secret,
        )
        major interaction_token;
        query {
            /// Whether Discord answers with what the response made; without it, with nothing.
            with_response: bool,
        }
        sends: InteractionResponse;
        by Interaction;
    }
}

endpoint! {
    /// The first answer, once it is a message.
    Get "/webhooks/{webhook_id}/{webhook_token}/messages/@original" as GetOriginalResponse -> Message {
        fn original_response(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
        }
        by Interaction;
    }
}

endpoint! {
    /// Changes the first answer.
    Patch "/webhooks/{webhook_id}/{webhook_token}/messages/@original" as EditOriginalResponse -> Message {
        fn edit_original_response(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
            /// Whether components are heeded of a webhook that no application owns.
            with_components: bool,
        }
        body: MessageEdit;
        by Interaction;
    }
}

endpoint! {
    /// Deletes the first answer.
    Delete "/webhooks/{webhook_id}/{webhook_token}/messages/@original" as DeleteOriginalResponse -> () {
        fn delete_original_response(webhook_id: Id<ApplicationMarker>, webhook_token: Secret)
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
        }
        by Interaction;
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
            /// The thread to send it to.
            thread_id: Id<ChannelMarker>,
            /// Whether components are heeded of a webhook that no application owns.
            with_components: bool,
        }
        body: MessageDraft;
        by Interaction;
    }
}

endpoint! {
    /// A further message.
    Get "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as GetFollowUp -> Message {
        fn follow_up(
            webhook_id: Id<ApplicationMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
        }
        by Interaction;
    }
}

endpoint! {
    /// Changes a further message.
    Patch "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}" as EditFollowUp -> Message {
        fn edit_follow_up(
            webhook_id: Id<ApplicationMarker>,
            webhook_token: Secret,
            message_id: Id<MessageMarker>,
        )
        major webhook_token;
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
            /// Whether components are heeded of a webhook that no application owns.
            with_components: bool,
        }
        body: MessageEdit;
        by Interaction;
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
        query {
            /// The thread it is in.
            thread_id: Id<ChannelMarker>,
        }
        by Interaction;
    }
}

json_answers!(InteractionCallbackResponse);
