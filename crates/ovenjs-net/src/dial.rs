//! Streams that do not come from the network.

use std::{fmt, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Target, plain::Plain};

/// Gives streams instead of the network: pipes to a server in the same process.
///
/// With a dialer the connector looks no name up and opens no socket. Where the target wants TLS, it
/// is spoken over the given stream.
///
/// ```
/// use ovenjs_net::{Config, Dialer};
///
/// let dialer = Dialer::new(|_target| tokio::io::duplex(1024).0);
/// let config = Config::new().dialer(dialer);
/// assert!(config.dialer.is_some());
/// ```
#[derive(Clone)]
pub struct Dialer(Arc<dyn Fn(&Target) -> Plain + Send + Sync>);

impl Dialer {
    /// A dialer that calls `dial` for each connection. It must return at once; a stream whose other
    /// end is gone counts as a connection that broke.
    pub fn new<S>(dial: impl Fn(&Target) -> S + Send + Sync + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move |target| Plain::given(dial(target))))
    }

    pub(crate) fn dial(&self, target: &Target) -> Plain {
        (self.0)(target)
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}
