//! A certificate of a test's own, and the files that a server wants.

#![expect(
    clippy::unwrap_used,
    reason = "a certificate that cannot be made fails the test"
)]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A certificate for `localhost` that signs itself: who trusts it trusts no other.
pub(crate) struct Certificate {
    /// What a client is to trust.
    pub(crate) der: Vec<u8>,
    pem: String,
    key: String,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self {
            der: made.cert.der().to_vec(),
            pem: pem("CERTIFICATE", made.cert.der()),
            key: pem("PRIVATE KEY", &made.signing_key.serialize_der()),
        }
    }

    /// Writes the certificate and its key into a folder.
    pub(crate) fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
        std::fs::write(&certificate, &self.pem).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        (certificate, key)
    }
}

fn pem(what: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {what}-----\n");
    // Forty-eight bytes are a line of 64 letters.
    for line in der.chunks(48) {
        writeln!(text, "{}", STANDARD.encode(line)).unwrap();
    }
    text + &format!("-----END {what}-----\n")
}
