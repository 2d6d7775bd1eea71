//! Where a connection goes.

use std::{fmt, net::IpAddr};

use http::Uri;

use crate::Error;

/// A host, a port, and whether TLS is spoken there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// A name or an IP address; IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether the connection is wrapped in TLS.
    pub tls: bool,
}

impl Target {
    /// A target by its parts. Brackets around an IPv6 address are removed.
    #[must_use]
    pub fn new(host: &str, port: u16, tls: bool) -> Self {
        Self {
            host: without_brackets(host).to_owned(),
            port,
            tls,
        }
    }

    /// The target that a URL of scheme `http`, `https`, `ws` or `wss` names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for another scheme, a missing host, or a port
    /// above 65,535.
    ///
    /// ```
    /// use ovenjs_net::Target;
    ///
    /// let target = Target::from_uri(&"wss://gateway.discord.gg/?v=10".parse().unwrap()).unwrap();
    /// assert_eq!(target, Target::new("gateway.discord.gg", 443, true));
    /// assert!(Target::from_uri(&"ftp://example.com".parse().unwrap()).is_err());
    /// assert!(Target::from_uri(&"http://[::1]:99999/api".parse().unwrap()).is_err());
    /// ```
    pub fn from_uri(uri: &Uri) -> Result<Self, Error> {
        let tls = match uri.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => {
                return Err(Error::config(
                    "the address must begin with https, wss, http or ws",
                ));
            }
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Error::config("the address names no host"))?;
        // `uri` tells a port above 65535 as none at all.
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let written = authority
            .rsplit('@')
            .next()
            .and_then(|place| place.strip_prefix(host)?.strip_prefix(':'))
            .filter(|port| !port.is_empty());
        let port = match written {
            Some(port) => port
                .parse()
                .map_err(|_| Error::config("the port must be a number up to 65535"))?,
            None if tls => 443,
            None => 80,
        };
        Ok(Self::new(host, port, tls))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Whether `host` is this machine: `localhost`, a name below it, `127.0.0.0/8` or `::1`.
///
/// The one rule by which plain text is allowed without being asked for. It judges the name as
/// written and never looks it up, so that nobody who controls a DNS record can widen it.
///
/// ```
/// use ovenjs_net::is_loopback_host;
///
/// assert!(is_loopback_host("localhost") && is_loopback_host("127.0.0.2") && is_loopback_host("[::1]"));
/// assert!(!is_loopback_host("localhost.example.com") && !is_loopback_host("10.0.0.1"));
/// ```
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let host = without_brackets(host);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return ip.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}
