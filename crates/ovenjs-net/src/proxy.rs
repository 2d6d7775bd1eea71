//! HTTP CONNECT: asking a proxy for a way through.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Uri;
use ovenjs_types::Secret;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Error, Step, Target};

/// An HTTP proxy that understands CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proxy {
    /// A name or an IP address.
    pub host: String,
    /// The proxy's port.
    pub port: u16,
    /// User and password for basic authentication.
    pub auth: Option<(String, Secret)>,
}

impl Proxy {
    /// A proxy without credentials.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        let Target { host, port, .. } = Target::new(host, port, false);
        Self {
            host,
            port,
            auth: None,
        }
    }

    /// Shows these credentials to the proxy. They travel readable as far as the proxy.
    #[must_use]
    pub fn auth(mut self, user: &str, password: Secret) -> Self {
        self.auth = Some((user.to_owned(), password));
        self
    }

    /// Reads `http://user:password@host:port`. User and password may be percent-encoded; without a
    /// port it is 80.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for another scheme or a missing host. The
    /// text of the error does not repeat the address, since it may hold a password.
    ///
    /// ```
    /// use ovenjs_net::Proxy;
    ///
    /// let proxy = Proxy::parse("http://ann:p%40ss@proxy.example:3128").unwrap();
    /// assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
    /// assert_eq!(proxy.auth.unwrap().1.expose(), "p@ss");
    /// assert!(Proxy::parse("socks5://proxy.example").is_err());
    /// assert!(Proxy::parse("http://proxy.example:99999").is_err());
    /// ```
    pub fn parse(address: &str) -> Result<Self, Error> {
        const WANTED: &str = "the proxy must be written as http://[user:password@]host[:port]";
        let uri: Uri = address.parse().map_err(|_| Error::config(WANTED))?;
        if uri.scheme_str() != Some("http") {
            return Err(Error::config(WANTED));
        }
        let target = Target::from_uri(&uri).map_err(|_| Error::config(WANTED))?;
        let proxy = Self::new(&target.host, target.port);
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Ok(match authority.rsplit_once('@') {
            Some((credentials, _)) => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                let plain = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
                proxy.auth(&plain(user), Secret::new(plain(password)))
            }
            None => proxy,
        })
    }

    pub(crate) fn target(&self) -> Target {
        Target::new(&self.host, self.port, false)
    }
}

/// The most bytes that a proxy's answer may have: it has no body, and servers commonly bound
/// headers at 8 KiB.
const ANSWER_MAX: usize = 8 * 1024;

/// Asks for a way to `target` on a connection to `proxy`.
pub(crate) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    proxy: &Proxy,
    target: &Target,
) -> Result<(), Error> {
    let failed = |source| Error::failed(Step::Proxy, target, source);
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some((user, password)) = &proxy.auth {
        let credentials = STANDARD.encode(format!("{user}:{}", password.expose()));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&credentials);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;

    // One byte at a time: whatever follows the blank line belongs to the target.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == ANSWER_MAX {
            return Err(failed(std::io::Error::other(
                "the proxy's answer is too long",
            )));
        }
        answer.push(stream.read_u8().await.map_err(failed)?);
    }
    match status(&answer) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(Error::proxy_refused(target, status)),
        None => Err(failed(std::io::Error::other(
            "the proxy does not speak HTTP",
        ))),
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words
        .next()
        .filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}
