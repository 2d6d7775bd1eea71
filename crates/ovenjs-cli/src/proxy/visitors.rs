//! Who may ask a proxy that has a token of its own: a rule without a socket.
//!
//! A page in a browser reaches whatever its reader's machine reaches: it may post a form there without asking
//! anybody, and by a name of its own that leads to this address (DNS rebinding) it even reads what is answered.
//! No bot sends what browsers send with such a request, and no page has an address or a plain word for a name.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{HOST, ORIGIN},
    request::Parts,
    uri::Authority,
};

use super::answer::Refusal;

/// Where in relation to the address asked the page is that asks.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may ask.
#[derive(Debug)]
pub(crate) struct Visitors {
    /// The names by which it is reached; none where all may ask.
    hosts: Option<Vec<String>>,
}

impl Visitors {
    pub(crate) const fn all() -> Self {
        Self { hosts: None }
    }

    /// Bots, by an address, a name without a dot, or one of these names.
    pub(crate) const fn known_by(hosts: Vec<String>) -> Self {
        Self { hosts: Some(hosts) }
    }

    /// # Errors
    ///
    /// Where a page of somebody else's may be asking.
    pub(crate) fn admit(&self, head: &Parts) -> Result<(), Refusal> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        if is_of_page(&head.headers) {
            return Err(refuse(
                "a page in a browser asks, and the proxy has a bot's token: pages may not act as the bot"
                    .to_owned(),
            ));
        }
        let named = head.uri.host().into_iter().map(str::to_owned);
        let headers = head.headers.get_all(HOST).iter().map(|host| {
            let text = String::from_utf8_lossy(host.as_bytes()).into_owned();
            let host = text.parse::<Authority>();
            host.map_or(text, |host| host.host().to_owned())
        });
        match named.chain(headers).find(|host| !is_ours(host, hosts)) {
            None => Ok(()),
            Some(host) => Err(refuse(format!(
                "the proxy has a bot's token and was asked for as {host:?}, a name that a page of somebody \
                 else's could have; use its address, or start it with --host and that name"
            ))),
        }
    }
}

fn refuse(text: String) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "browser", text)
}

/// Whether a browser says that a page asks, and not its reader by the address line.
fn is_of_page(headers: &HeaderMap) -> bool {
    let sites = headers.get_all(SITE);
    headers.contains_key(ORIGIN)
        || sites
            .iter()
            .any(|site| !matches!(site.as_bytes(), b"none" | b"same-origin"))
}

fn is_ours(host: &str, hosts: &[String]) -> bool {
    let host = host.trim_end_matches('.');
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = |name: &String| name.trim_end_matches('.').eq_ignore_ascii_case(host);
    bare.parse::<IpAddr>().is_ok() || !host.contains('.') || hosts.iter().any(name)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn pages_are_refused_and_bots_are_not() {
        let visitors = Visitors::known_by(vec!["Oven.bots.internal".to_owned()]);
        for (host, header, may) in [
            ("127.0.0.1:4160", ("x", ""), true),
            ("[::1]:4160", ("x", ""), true),
            ("localhost:4160", ("x", ""), true),
            ("oven-proxy", ("x", ""), true),
            ("oven.bots.internal:4160", ("x", ""), true),
            // As node's fetch does, and as a browser does for its reader.
            ("localhost", ("sec-fetch-mode", "cors"), true),
            ("localhost", ("sec-fetch-site", "none"), true),
            ("evil.example:4160", ("x", ""), false),
            ("127.0.0.1.evil.example", ("x", ""), false),
            ("a b.example", ("x", ""), false),
            ("localhost", ("sec-fetch-site", "cross-site"), false),
            ("localhost", ("sec-fetch-site", "same-site"), false),
            ("localhost", ("origin", "https://evil.example"), false),
            ("localhost", ("origin", "null"), false),
        ] {
            let request = Request::builder().header("host", host);
            let request = request.header(header.0, header.1).body(()).unwrap();
            let (head, ()) = request.into_parts();
            let admitted = visitors.admit(&head);
            assert_eq!(admitted.is_ok(), may, "{host} {header:?}");
            if let Err(refusal) = admitted {
                assert_eq!(
                    (refusal.status, refusal.why),
                    (StatusCode::FORBIDDEN, "browser")
                );
            }
            assert_eq!(Visitors::all().admit(&head), Ok(()));
        }
        // The name may be in the request's first line, and there may be none at all.
        let of = |uri: &str| Request::builder().uri(uri).body(()).unwrap().into_parts().0;
        let refusal = visitors.admit(&of("http://evil.example/api")).unwrap_err();
        assert!(refusal.text.contains("--host"), "{}", refusal.text);
        assert_eq!(visitors.admit(&of("/api")), Ok(()));
    }
}
