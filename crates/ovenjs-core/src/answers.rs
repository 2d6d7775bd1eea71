//! How answers to interactions reach Discord: by REST.

use ovenjs_commands::{Answers, BoxFuture, Error};
use ovenjs_rest::Client;
use ovenjs_types::{
    Id, InteractionResponse, Message, MessageDraft, MessageEdit, Secret,
    marker::{ApplicationMarker, InteractionMarker, MessageMarker},
};

/// The REST client as the router's way out.
#[derive(Debug)]
pub(crate) struct RestAnswers(pub(crate) Client);

impl Answers for RestAnswers {
    fn callback<'a>(
        &'a self,
        interaction: Id<InteractionMarker>,
        token: &'a Secret,
        response: InteractionResponse,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let call = self
            .0
            .create_interaction_response(interaction, token.clone(), response);
        Box::pin(async {
            call.await
                .map(drop)
                .map_err(|e| Error::port("answer the interaction", e))
        })
    }

    fn edit_original<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        edit: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        let call = self
            .0
            .edit_original_response(application, token.clone())
            .body(edit);
        Box::pin(async { call.await.map_err(|e| Error::port("change the answer", e)) })
    }

    fn delete_original<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let call = self.0.delete_original_response(application, token.clone());
        Box::pin(async { call.await.map_err(|e| Error::port("delete the answer", e)) })
    }

    fn follow_up<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        draft: MessageDraft,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        let call = self
            .0
            .create_follow_up(application, token.clone())
            .wait(true)
            .body(draft);
        Box::pin(async {
            call.await
                .map_err(|e| Error::port("send a further message", e))
        })
    }

    fn edit_follow_up<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        message: Id<MessageMarker>,
        edit: MessageEdit,
    ) -> BoxFuture<'a, Result<Message, Error>> {
        let call = self
            .0
            .edit_follow_up(application, token.clone(), message)
            .body(edit);
        Box::pin(async {
            call.await
                .map_err(|e| Error::port("change a further message", e))
        })
    }

    fn delete_follow_up<'a>(
        &'a self,
        application: Id<ApplicationMarker>,
        token: &'a Secret,
        message: Id<MessageMarker>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let call = self.0.delete_follow_up(application, token.clone(), message);
        Box::pin(async {
            call.await
                .map_err(|e| Error::port("delete a further message", e))
        })
    }
}
