//! How connections are made.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{Dialer, Error, Proxy, Resolve, SystemResolver};

/// What a [`Connector`](crate::Connector) is built from.
///
/// ```
/// use std::time::Duration;
/// use ovenjs_net::{Config, Deadlines, Proxy};
///
/// let config = Config::new()
///     .proxy(Proxy::parse("http://ann:secret@proxy.example:3128").unwrap())
///     .deadlines(Deadlines { tcp: Duration::from_secs(2), ..Deadlines::default() });
/// assert!(!format!("{config:?}").contains("secret"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The HTTP proxy that opens every connection except those to loopback. Default: none.
    pub proxy: Option<Proxy>,
    /// Certificates trusted beside Mozilla's roots, in DER. Default: none. For a proxy or a server
    /// of one's own whose authority is private.
    pub extra_roots: Vec<Vec<u8>>,
    /// Whether plain text may go to other machines than this one. Default: `false`. Only for a
    /// server in a network that is trusted as a whole: the bot's token travels readable.
    pub allow_plain: bool,
    /// The address of this machine that connections come from. Default: the operating system's choice. For
    /// a machine with several, as Discord counts some limits by address; hosts are then reached by
    /// addresses of its kind alone, IPv4 or IPv6.
    pub bind: Option<IpAddr>,
    /// What can be changed later.
    pub live: Live,
    /// Who looks names up. Default: the operating system.
    pub resolver: Arc<dyn Resolve>,
    /// Who gives streams instead of the network. Default: nobody. For a server in the same process:
    /// proxy and resolver are then not asked.
    pub dialer: Option<Dialer>,
}

/// The part of the configuration that can change while the connector runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// The time each step may take. Applies to connections begun afterwards.
    pub deadlines: Deadlines,
}

/// How long each step of a connection may take. A step whose time is over fails the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The name lookup. Default 5 s: a resolver tries a second server after 5 s by itself, and
    /// a retry of ours is the better second try.
    pub dns: Duration,
    /// The TCP connection over all addresses. Default 10 s: three lost SYNs (1 s, 3 s, 7 s).
    pub tcp: Duration,
    /// The proxy's answer. Default 10 s: it makes a TCP connection in that time.
    pub proxy: Duration,
    /// The TLS handshake. Default 10 s: two round trips and a busy server.
    pub tls: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Self {
            dns: Duration::from_secs(5),
            tcp: ten,
            proxy: ten,
            tls: ten,
        }
    }
}

impl Config {
    /// The defaults: direct connections, Mozilla's roots, TLS everywhere but on loopback.
    #[must_use]
    pub fn new() -> Self {
        Self {
            proxy: None,
            extra_roots: Vec::new(),
            allow_plain: false,
            bind: None,
            live: Live::default(),
            resolver: Arc::new(SystemResolver),
            dialer: None,
        }
    }

    /// Goes through `proxy`.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Trusts a further certificate, in DER.
    #[must_use]
    pub fn extra_root(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(der.into());
        self
    }

    /// Trusts the certificates of a PEM file's text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the text holds no certificate or a
    /// broken one.
    pub fn extra_roots_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        let before = self.extra_roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let broken = |_| Error::config("the extra roots are not valid PEM");
            self.extra_roots.push(certificate.map_err(broken)?.to_vec());
        }
        if self.extra_roots.len() == before {
            return Err(Error::config("the extra roots hold no PEM certificate"));
        }
        Ok(self)
    }

    /// Allows plain text to other machines.
    #[must_use]
    pub fn allow_plain(mut self, allow: bool) -> Self {
        self.allow_plain = allow;
        self
    }

    /// Makes connections from this address of the machine.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use ovenjs_net::Config;
    ///
    /// let config = Config::new().bind(Ipv4Addr::new(192, 0, 2, 7));
    /// assert_eq!(config.bind, Some(Ipv4Addr::new(192, 0, 2, 7).into()));
    /// ```
    #[must_use]
    pub fn bind(mut self, address: impl Into<IpAddr>) -> Self {
        self.bind = Some(address.into());
        self
    }

    /// Sets the time each step may take.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.live.deadlines = deadlines;
        self
    }

    /// Looks names up by other means than the operating system's.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Takes streams from `dialer` instead of the network.
    #[must_use]
    pub fn dialer(mut self, dialer: Dialer) -> Self {
        self.dialer = Some(dialer);
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
