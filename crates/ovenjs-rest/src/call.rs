//! A request being put together.

use std::{fmt, future::IntoFuture, pin::Pin};

use crate::{Client, Endpoint, Error};

/// An operation that is sent when it is awaited. What it can be told is what its operation takes.
///
/// ```no_run
/// # async fn example(client: ovenjs_rest::Client) -> Result<(), ovenjs_rest::Error> {
/// use ovenjs_types::Id;
///
/// let message = client.create_message(Id::new(1)).content("hi").await?;
/// assert_eq!(message.content, "hi");
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'c, E> {
    client: &'c Client,
    pub(crate) endpoint: E,
}

impl<'c, E: Endpoint> Call<'c, E> {
    pub(crate) const fn new(client: &'c Client, endpoint: E) -> Self {
        Self { client, endpoint }
    }

    /// The operation itself, to be sent later or elsewhere.
    pub fn into_endpoint(self) -> E {
        self.endpoint
    }
}

impl<'c, E: Endpoint + 'c> IntoFuture for Call<'c, E> {
    type Output = Result<E::Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.client.send(self.endpoint))
    }
}

impl<E: fmt::Debug> fmt::Debug for Call<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.endpoint).finish()
    }
}
