//! From an address to a stream, plain or in TLS.

use std::{error::Error as StdError, io, time::Duration};

use http::Uri;
use hyper_rustls::HttpsConnector;
use ovenjs_net::{Connector, PlainConnector, Step, Target};
use tower_service::Service as _;

use super::line::Io;

/// hyper-rustls with a deadline, and with its failures told as ours are.
pub(super) struct Https {
    inner: HttpsConnector<PlainConnector>,
    connector: Connector,
}

impl Https {
    pub(super) fn new(connector: &Connector, http2: bool) -> Result<Self, ovenjs_net::Error> {
        let alpn: &[&[u8]] = if cfg!(feature = "http2") && http2 {
            &[b"h2", b"http/1.1"]
        } else {
            &[b"http/1.1"]
        };
        Ok(Self {
            inner: HttpsConnector::from((connector.plain(), connector.tls_config(alpn)?)),
            connector: connector.clone(),
        })
    }

    pub(super) async fn connect(&self, uri: &Uri) -> Result<Io, Box<dyn StdError + Send + Sync>> {
        let target = Target::from_uri(uri)?;
        let deadlines = self.connector.live().deadlines;
        // The steps before TLS end by themselves, each in its time.
        let all = [deadlines.tcp, deadlines.proxy, deadlines.tls]
            .into_iter()
            .fold(deadlines.dns, Duration::saturating_add);
        let connecting = self.inner.clone().call(uri.clone());
        match tokio::time::timeout(all, connecting).await {
            Ok(Ok(io)) => Ok(io),
            Ok(Err(error)) if error.is::<ovenjs_net::Error>() => Err(error),
            Ok(Err(error)) => Err(ovenjs_net::Error::tls(&target, io::Error::other(error)).into()),
            Err(_) => Err(ovenjs_net::Error::deadline(Step::Tls, &target).into()),
        }
    }
}
