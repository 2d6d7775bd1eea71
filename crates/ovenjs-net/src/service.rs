//! The connector as hyper knows connectors.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use crate::{Connector, Error, Plain, Target};

/// The connector without TLS, for hyper-rustls to wrap: lookup, TCP and proxy.
///
/// Its errors are [`Error`]s, which come back at the end of hyper's chain of sources.
#[derive(Clone, Debug)]
pub struct PlainConnector(Connector);

impl Connector {
    /// This connector as a `Service<Uri>` that leaves TLS to its caller.
    #[must_use]
    pub fn plain(&self) -> PlainConnector {
        PlainConnector(self.clone())
    }
}

impl Service<Uri> for PlainConnector {
    type Response = TokioIo<Plain>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.0.clone();
        Box::pin(async move {
            let target = Target::from_uri(&uri)?;
            Ok(TokioIo::new(connector.connect_plain(&target).await?))
        })
    }
}
