//! A request being put together.

use std::{fmt, future::IntoFuture, marker::PhantomData, pin::Pin, time::Duration};

use ovenjs_types::Valid;

use crate::{
    Audited, Bearer, ByUser, Carries, Client, Endpoint, Error, Paged, Pages, Priority, Terms,
};

/// An operation that is sent when it is awaited. What it can be told is what its operation takes:
/// each parameter of its query and each field of its body `B` has a setter.
///
/// ```no_run
/// # async fn example(client: ovenjs_rest::Client) -> Result<(), ovenjs_rest::Error> {
/// use ovenjs_types::Id;
///
/// let message = client.create_message(Id::new(1)).content("hi").await?;
/// assert_eq!(message.content, "hi");
///
/// // What Discord would refuse is told without a request.
/// let long = client.create_message(Id::new(1)).content("x".repeat(2001)).await.unwrap_err();
/// assert!(long.fields()[0].starts_with("content has 2001 characters, but Discord takes at most 2000"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'c, E, B = ()> {
    client: &'c Client,
    pub(crate) endpoint: E,
    terms: Terms,
    body: PhantomData<fn() -> B>,
}

impl<'c, E: Endpoint, B> Call<'c, E, B> {
    pub(crate) fn new(client: &'c Client, endpoint: E) -> Self {
        Self {
            client,
            endpoint,
            terms: Terms::default(),
            body: PhantomData,
        }
    }

    /// Says whether the body is known to keep Discord's limits.
    pub(crate) fn known_valid(mut self, is_valid: bool) -> Self {
        self.terms.is_valid = is_valid;
        self
    }

    /// Limits how long the call may take in all; [`Live::deadline`](crate::Live::deadline) else.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.terms.deadline = Some(time);
        self
    }

    /// Sets what leaves first when not everything can. Say [`Bulk`](Priority::Bulk) where nobody waits
    /// for the answer.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.terms.priority = Some(priority);
        self
    }

    /// Sends it at most once, whatever happens: it is not repeated, and a message gets no nonce.
    pub fn at_most_once(mut self) -> Self {
        self.terms.once = true;
        self
    }

    /// Wants an answer that Discord gives to this very call: not the response cache, and not the
    /// request of another call that asks the same at this moment.
    pub fn fresh(mut self) -> Self {
        self.terms.fresh = true;
        self
    }

    /// Sends the body as it is, where Discord takes more than this version knows. A later change of
    /// the body has it checked again, so say this last.
    pub fn unchecked(mut self) -> Self {
        self.terms.is_valid = true;
        self
    }

    /// Gives the reason which the audit log shows; at most 512 characters.
    pub fn reason(mut self, reason: impl Into<String>) -> Self
    where
        E: Audited,
    {
        self.terms.reason = Some(reason.into());
        self
    }

    /// Asks for a user by a token that they granted the application, instead of for the bot.
    pub fn as_user(mut self, token: impl Into<Bearer>) -> Self
    where
        E: ByUser,
    {
        self.terms.authorization = Some(token.into().authorization());
        self
    }

    /// The whole list, page by page. What the call asks for with its limit is the size of a page.
    pub fn pages(self) -> Pages<'c, E>
    where
        E: Paged,
    {
        Pages::new(self.client, self.endpoint, self.terms)
    }

    /// The operation itself, to be sent later or elsewhere.
    pub fn into_endpoint(self) -> E {
        self.endpoint
    }
}

impl<E: Carries<Body = B>, B> Call<'_, E, B> {
    /// Sets all that is sent.
    pub fn body(self, body: impl Into<B>) -> Self {
        let body = body.into();
        self.map_body(|_| body)
    }

    /// Sets all that is sent to what is known to keep Discord's limits: it is not checked again.
    pub fn valid(self, body: Valid<B>) -> Self {
        self.map_body(|_| body.into_inner()).known_valid(true)
    }

    /// Changes what is sent, by the setters of its own type.
    pub fn map_body(mut self, change: impl FnOnce(B) -> B) -> Self {
        self.endpoint = self.endpoint.map_body(change);
        self.known_valid(false)
    }
}

impl<'c, E: Endpoint + 'c, B> IntoFuture for Call<'c, E, B> {
    type Output = Result<E::Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.client.send_with(self.endpoint, self.terms))
    }
}

impl<E: fmt::Debug, B> fmt::Debug for Call<'_, E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.endpoint).finish()
    }
}
