//! Where a post may go: to this machine and nowhere else.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;

/// The address of an endpoint on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The URL as it was given.
    pub(crate) url: String,
    /// Host and port as they stand in it, for the header `Host`.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
    host: Option<IpAddr>,
    port: u16,
}

impl Address {
    /// Reads a URL. What is not on this machine is refused: a box in a test, or one that a stranger
    /// reaches, must not knock at other doors.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let refused = |why: &str| {
            Err(format!(
                "the box cannot post to {url:?}, {why}: give it http://127.0.0.1:PORT/PATH"
            ))
        };
        if url.len() > MAX_URL {
            return refused("which is longer than Discord takes");
        }
        let Ok(uri) = url.parse::<Uri>() else {
            return refused("which is no URL");
        };
        let Some(authority) = uri.authority() else {
            return refused("which names no host");
        };
        if uri.scheme_str() != Some("http") {
            return refused("since it has no certificates and speaks plain HTTP on this machine");
        }
        if authority.as_str().contains('@') {
            return refused("which holds a user's name");
        }
        let name = authority.host();
        let literal = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(name);
        let host = match literal.parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() => Some(ip),
            Err(_) if name.eq_ignore_ascii_case("localhost") => None,
            _ => return refused("which is not on this machine"),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            url: url.to_owned(),
            authority: authority.as_str().to_owned(),
            path: path.to_owned(),
            host,
            port: authority.port_u16().unwrap_or(80),
        })
    }

    /// What to connect to, the first that listens. No name is looked up.
    pub(crate) fn sockets(&self) -> Vec<SocketAddr> {
        let hosts = match self.host {
            Some(ip) => vec![ip],
            None => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        };
        hosts
            .into_iter()
            .map(|ip| SocketAddr::new(ip, self.port))
            .collect()
    }
}

/// Discord's bound on the URL of an endpoint, in characters.
const MAX_URL: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_on_this_machine() {
        let here = Address::parse("http://127.0.0.1:8080/interactions?app=1").unwrap();
        assert_eq!(here.path, "/interactions?app=1");
        assert_eq!(here.authority, "127.0.0.1:8080");
        assert_eq!(here.sockets(), ["127.0.0.1:8080".parse().unwrap()]);
        let named = Address::parse("http://localhost:3000").unwrap();
        assert_eq!((named.path.as_str(), named.sockets().len()), ("/", 2));
        let six = Address::parse("http://[::1]:1/x").unwrap();
        assert_eq!(six.sockets(), ["[::1]:1".parse().unwrap()]);
    }

    #[test]
    fn every_other_door_is_refused_with_the_repair() {
        for url in [
            "https://127.0.0.1/",
            "http://example.org/",
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1@example.org/",
            "http://ann@127.0.0.1/",
            "http://10.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
            "http://localhost.example.org/",
            "/interactions",
            "127.0.0.1:80",
            "ftp://127.0.0.1/",
            "http://0.0.0.0:80/",
            "",
            "not a URL",
        ] {
            let refused = Address::parse(url).unwrap_err();
            assert!(refused.contains("http://127.0.0.1:PORT/PATH"), "{refused}");
        }
        let long = format!("http://127.0.0.1/{}", "a".repeat(2048));
        assert!(Address::parse(&long).is_err());
    }
}
