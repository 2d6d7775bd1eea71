//! From a stream to a websocket: one request, one answer.
//!
//! It is written here rather than by an HTTP client because it is a dozen lines, because it needs
//! no second task that owns the connection, and because the answer's end has to be found to the
//! byte: Discord's hello may follow in the same packet.

use base64::{Engine, engine::general_purpose::STANDARD};
use ovenjs_net::USER_AGENT;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Error, ErrorKind, session::Connect};

/// Asks for the upgrade and returns what came after the answer.
pub(super) async fn upgrade<S>(
    stream: &mut S,
    connect: &Connect,
    key: [u8; 16],
) -> Result<Vec<u8>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let key = STANDARD.encode(key);
    let failed = |source| {
        Error::new(
            ErrorKind::Connect,
            "connection ended during the websocket upgrade",
        )
        .with_source(source)
    };
    stream
        .write_all(request(connect, &key).as_bytes())
        .await
        .map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut answer = Vec::with_capacity(1024);
    let end = loop {
        if stream.read_buf(&mut answer).await.map_err(failed)? == 0 {
            return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(refused("with a header that does not end"));
        }
    };
    let rest = answer.split_off(end);
    check(&answer, &accept(&key))?;
    Ok(rest)
}

/// Discord answers with well under 2 KiB.
const ANSWER_BYTES_MAX: usize = 16 << 10;

fn request(connect: &Connect, key: &str) -> String {
    let url = &connect.url;
    let host = if url.host().contains(':') {
        format!("[{}]", url.host())
    } else {
        url.host().to_owned()
    };
    let host = match (url.is_tls(), url.port()) {
        (true, 443) | (false, 80) => host,
        (_, port) => format!("{host}:{port}"),
    };
    format!(
        "GET {}?{} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: {USER_AGENT}\r\n\r\n",
        url.path(),
        connect.query,
    )
}

/// What a server that speaks websocket makes of our key. RFC 6455, section 4.2.2.
fn accept(key: &str) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key.as_bytes());
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(sha1.finalize())
}

fn check(answer: &[u8], accept: &str) -> Result<(), Error> {
    let answer = std::str::from_utf8(answer).map_err(|_| refused("with bytes that are no text"))?;
    let mut lines = answer.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status.and_then(|rest| rest.get(..3)).unwrap_or("no HTTP");
    if status != "101" {
        return Err(refused(&format!(
            "with {status}: check the gateway's address"
        )));
    }
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
    let says =
        |name: &str, wanted: &str| header(name).iter().any(|v| v.eq_ignore_ascii_case(wanted));
    if !says("upgrade", "websocket") || !says("connection", "upgrade") {
        return Err(refused("without upgrading"));
    }
    if !header("sec-websocket-accept").contains(&accept) {
        return Err(refused("with the key of another request"));
    }
    if !header("sec-websocket-extensions").is_empty() {
        return Err(refused("with an extension that nobody asked for"));
    }
    Ok(())
}

fn refused(how: &str) -> Error {
    Error::new(
        ErrorKind::Connect,
        format!("the gateway answered the websocket upgrade {how}"),
    )
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
        ] {
            let bad = GOOD.replace(from, to);
            let error = check(bad.as_bytes(), "KEY").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect, "{bad}");
        }
        let error = check(b"HTTP/1.1 404 Not Found\r\n\r\n", "KEY").unwrap_err();
        assert!(error.to_string().contains("404"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(answer in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = check(&answer, "KEY");
        }
    }
}
