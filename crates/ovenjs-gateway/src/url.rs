//! Where a gateway is.

use std::fmt;

use crate::{Error, ErrorKind};

/// The address of a gateway, taken apart: `wss://gateway.discord.gg`.
///
/// `ws` is refused for anything but loopback unless it is asked for: the token would travel in the
/// clear.
///
/// ```
/// use ovenjs_gateway::GatewayUrl;
///
/// let url = GatewayUrl::parse("wss://gateway.discord.gg", false)?;
/// assert_eq!((url.host(), url.port(), url.is_tls()), ("gateway.discord.gg", 443, true));
/// assert!(GatewayUrl::parse("ws://127.0.0.1:8080", false).is_ok());
/// assert!(GatewayUrl::parse("ws://example.com", false).is_err());
/// # Ok::<(), ovenjs_gateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayUrl {
    tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl GatewayUrl {
    /// Takes an address apart. Query and fragment are dropped: the session writes its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`] where it is no `ws` or `wss` address, or where it is `ws` to another
    /// machine and `allow_plain` is false.
    pub fn parse(url: &str, allow_plain: bool) -> Result<Self, Error> {
        let refuse =
            |why: &str| Error::new(ErrorKind::Url, format!("gateway address {url:?} {why}"));
        if url.contains('@') {
            return Err(Error::new(
                ErrorKind::Url,
                "gateway address must not carry a user name or password",
            ));
        }
        let (tls, rest) = if let Some(rest) = url.strip_prefix("wss://") {
            (true, rest)
        } else if let Some(rest) = url.strip_prefix("ws://") {
            (false, rest)
        } else {
            return Err(refuse(
                "must begin with wss:// (or ws:// for a server on this machine)",
            ));
        };
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority
            .strip_prefix('[')
            .and_then(|v6| v6.split_once(']'))
        {
            Some((host, after)) => (host, after.strip_prefix(':')),
            None => authority
                .split_once(':')
                .map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) => port
                .parse()
                .map_err(|_| refuse("has a port that is not a number"))?,
            None if tls => 443,
            None => 80,
        };
        let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(lawful) {
            return Err(refuse("has no host"));
        }
        if !path.chars().all(|c| c.is_ascii_graphic()) {
            return Err(refuse(
                "has a path with characters that no address may have",
            ));
        }
        let url = Self {
            tls,
            host: host.to_ascii_lowercase(),
            port,
            path: path.to_owned(),
        };
        if !tls && !allow_plain && !url.is_loopback() {
            return Err(refuse(
                "would send the token in the clear: use wss://, or set Config::allow_plain in a network \
                 of your own",
            ));
        }
        Ok(url)
    }

    /// The host's name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 443 for `wss` and 80 for `ws` where the address names none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// The path, at least `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Judges the name as written: a lookup could be steered by whoever controls the zone.
    fn is_loopback(&self) -> bool {
        match self.host.parse::<std::net::IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        let (open, close) = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(
            f,
            "{scheme}://{open}{}{close}:{}{}",
            self.host, self.port, self.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let url = GatewayUrl::parse("wss://Gateway-US-East1.discord.gg/?v=10", false).unwrap();
        assert_eq!(url.to_string(), "wss://gateway-us-east1.discord.gg:443/");
        let url = GatewayUrl::parse("ws://[::1]:9000/gateway", false).unwrap();
        assert_eq!(
            (url.host(), url.port(), url.path()),
            ("::1", 9000, "/gateway")
        );
        assert_eq!(url.to_string(), "ws://[::1]:9000/gateway");
    }

    #[test]
    fn plain_is_for_loopback_unless_asked_for() {
        assert!(GatewayUrl::parse("ws://localhost:1", false).is_ok());
        assert_eq!(
            GatewayUrl::parse("ws://10.0.0.1", false)
                .unwrap_err()
                .kind(),
            ErrorKind::Url
        );
        assert!(GatewayUrl::parse("ws://10.0.0.1", true).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "gateway.discord.gg",
            "https://x",
            "wss://",
            "wss://a b",
            "wss://a:x",
            "wss://u:p4ss@h",
            "https://u:p4ss@h",
        ] {
            let error = GatewayUrl::parse(url, true).unwrap_err();
            assert!(!error.to_string().contains("p4ss"), "{error}");
        }
    }
}
