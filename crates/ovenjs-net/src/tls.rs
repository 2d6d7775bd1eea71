//! The one TLS configuration.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

use crate::Error;

/// A client configuration with ring as its provider, passed explicitly: installing one for the
/// whole process would decide for the program that we are a part of.
pub(crate) fn client(extra_roots: &[Vec<u8>], alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for der in extra_roots {
        roots
            .add(CertificateDer::from_slice(der))
            .map_err(|_| Error::config("an extra root is not a valid certificate"))?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::config("the TLS provider speaks no TLS 1.2 or 1.3"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}
