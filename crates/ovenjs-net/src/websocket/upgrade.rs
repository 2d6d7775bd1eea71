//! From a stream to a websocket: one request, one answer.
//!
//! It is written here rather than by an HTTP client because it is a dozen lines, because it needs
//! no second task that owns the connection, and because the answer's end has to be found to the
//! byte: the first message may follow in the same packet.

use std::{io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Error, Step, Target, USER_AGENT};

/// Asks for the upgrade and returns what came after the answer.
pub(super) async fn upgrade<S>(
    stream: &mut S,
    target: &Target,
    path: &str,
    key: [u8; 16],
) -> Result<Vec<u8>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(
            "the path must begin with / and hold no spaces and control characters",
        ));
    }
    let key = STANDARD.encode(key);
    let failed = |source| Error::failed(Step::Upgrade, target, source);
    stream
        .write_all(request(target, path, &key).as_bytes())
        .await
        .map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut answer = Vec::with_capacity(1024);
    let end = loop {
        if stream.read_buf(&mut answer).await.map_err(failed)? == 0 {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(Refused::because("its header does not end").told(target));
        }
    };
    let rest = answer.split_off(end);
    check(&answer, &accept(&key)).map_err(|refused| refused.told(target))?;
    Ok(rest)
}

/// A proxy of Discord's answers with well under 2 KiB.
const ANSWER_BYTES_MAX: usize = 16 << 10;

fn request(target: &Target, path: &str, key: &str) -> String {
    let host = if target.host.contains(':') {
        format!("[{}]", target.host)
    } else {
        target.host.clone()
    };
    let host = match (target.tls, target.port) {
        (true, 443) | (false, 80) => host,
        (_, port) => format!("{host}:{port}"),
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: {USER_AGENT}\r\n\r\n",
    )
}

/// What a server that speaks websocket makes of our key. RFC 6455, section 4.2.2.
fn accept(key: &str) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key.as_bytes());
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(sha1.finalize())
}

/// What is wrong with an answer.
#[derive(Debug, PartialEq)]
struct Refused {
    note: &'static str,
    status: Option<u16>,
    retry_after: Option<Duration>,
}

impl Refused {
    const fn because(note: &'static str) -> Self {
        Self {
            note,
            status: None,
            retry_after: None,
        }
    }

    fn told(self, target: &Target) -> Error {
        Error::upgrade_refused(target, self.note, self.status, self.retry_after)
    }
}

fn check(answer: &[u8], accept: &str) -> Result<(), Refused> {
    let answer =
        std::str::from_utf8(answer).map_err(|_| Refused::because("its header is no text"))?;
    let mut lines = answer.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let header = |name: &str| {
        answer
            .split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .filter(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .collect::<Vec<_>>()
    };
    match status {
        Some(101) => {}
        Some(status) => {
            return Err(Refused {
                note: "",
                status: Some(status),
                // As seconds; a date is for caches.
                retry_after: header("retry-after")
                    .first()
                    .and_then(|seconds| seconds.parse().ok().map(Duration::from_secs)),
            });
        }
        None => return Err(Refused::because("it does not speak HTTP/1.1")),
    }
    let says =
        |name: &str, wanted: &str| header(name).iter().any(|v| v.eq_ignore_ascii_case(wanted));
    if !says("upgrade", "websocket") || !says("connection", "upgrade") {
        return Err(Refused::because("it did not upgrade"));
    }
    if !header("sec-websocket-accept").contains(&accept) {
        return Err(Refused::because("it answered the key of another request"));
    }
    if !header("sec-websocket-extensions").is_empty()
        || !header("sec-websocket-protocol").is_empty()
    {
        return Err(Refused::because(
            "it chose an extension or a protocol that nobody asked for",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
                        connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n";

    #[test]
    fn the_key_is_answered_as_the_rfc_shows() {
        assert_eq!(
            accept("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn the_host_is_written_as_http_wants_it() {
        let host = |target: Target| {
            let request = request(&target, "/?v=10", "k");
            let line = request.lines().find_map(|line| line.strip_prefix("Host: "));
            line.unwrap().to_owned()
        };
        assert_eq!(host(Target::new("a.example", 443, true)), "a.example");
        assert_eq!(host(Target::new("a.example", 443, false)), "a.example:443");
        assert_eq!(host(Target::new("::1", 9000, false)), "[::1]:9000");
    }

    #[test]
    fn a_good_answer_passes_and_each_fault_is_found() {
        assert!(check(GOOD.as_bytes(), "KEY").is_ok());
        for (from, to) in [
            ("101", "404"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("upgrade: WebSocket", "upgrade: h2c"),
            ("keep-alive, Upgrade", "keep-alive"),
            ("KEY", "KEX"),
            (
                "\r\n\r\n",
                "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            ),
            ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
        ] {
            let bad = GOOD.replace(from, to);
            assert!(check(bad.as_bytes(), "KEY").is_err(), "{bad}");
        }
        let refused = check(b"HTTP/1.1 404 Not Found\r\n\r\n", "KEY").unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (Some(404), None));
        let busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n";
        let refused = check(busy, "KEY").unwrap_err();
        assert_eq!(refused.status, Some(503));
        assert_eq!(refused.retry_after, Some(Duration::from_secs(7)));
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(answer in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = check(&answer, "KEY");
        }
    }
}
