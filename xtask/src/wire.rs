//! The few bytes of the Redis, NATS, Postgres and MySQL protocols that tell whether a server answers.
//!
//! Written on `std::net` so that waiting for a server needs no client library, and so that the
//! check does not share a fault with the clients which the crates use.

use anyhow::{Context as _, Result, bail};
use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// How long one read or write may take: a server on loopback answers within milliseconds, and a
/// starting one is asked again by the caller.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest answer that is read: the checks ask for a few bytes.
const ANSWER_BOUND: usize = 64 * 1024;

/// Sends one Redis command and returns its simple, bulk or integer answer.
///
/// `url` has the form `redis://host:port/…`; user, password and TLS are not spoken here.
pub(crate) fn redis(url: &str, command: &[&str]) -> Result<String> {
    let mut stream = connect(url, 6379)?;
    let mut request = format!("*{}\r\n", command.len());
    for word in command {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream
        .write_all(request.as_bytes())
        .context("failed to send the command to Redis")?;

    let mut reader = BufReader::new(stream).take(bound());
    let head = line(&mut reader)?;
    let (mark, rest) = head
        .split_at_checked(1)
        .context("Redis sent an empty line")?;
    match mark {
        "+" | ":" => Ok(rest.to_owned()),
        "-" => bail!("Redis refuses: {rest}"),
        "$" => {
            let length: usize = rest
                .parse()
                .with_context(|| format!("Redis has no value here ({head})"))?;
            if length > ANSWER_BOUND {
                bail!("Redis announces {length} bytes, more than the checks ever ask for");
            }
            let mut body = vec![0; length];
            reader
                .read_exact(&mut body)
                .context("Redis stopped in the middle of a value")?;
            String::from_utf8(body).context("Redis sent something other than UTF-8")
        }
        _ => bail!("Redis sent an answer of an unknown kind: {head}"),
    }
}

/// Asks a NATS server for a sign of life, and whether it keeps streams.
///
/// `url` has the form `nats://host:port`; user, password and TLS are not spoken here.
pub(crate) fn nats(url: &str) -> Result<()> {
    let mut stream = connect(url, 4222)?;
    let mut reader =
        BufReader::new(stream.try_clone().context("failed to read from NATS")?).take(bound());
    let greeting = line(&mut reader)?;
    if !greeting.starts_with("INFO ") {
        bail!("this is no NATS server: it greets with {greeting}");
    }
    if !greeting.contains("\"jetstream\":true") {
        bail!("this NATS server keeps no streams: start it with `--jetstream`");
    }
    stream
        .write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n")
        .context("failed to write to NATS")?;
    match line(&mut reader)?.as_str() {
        "PONG" => Ok(()),
        other => bail!("NATS answers PING with {other}"),
    }
}

/// Runs one statement on Postgres and returns the first column of its first row.
///
/// `url` has the form `postgres://user@host:port/database`; only trust authentication is spoken.
pub(crate) fn postgres(url: &str, statement: &str) -> Result<String> {
    let mut stream = connect(url, 5432)?;
    let user = user_of(url).unwrap_or("postgres");
    let database = database_of(url).unwrap_or(user);

    let mut startup = Vec::new();
    startup.extend_from_slice(&196_608_u32.to_be_bytes()); // protocol 3.0
    for word in ["user", user, "database", database, ""] {
        startup.extend_from_slice(word.as_bytes());
        startup.push(0);
    }
    send(&mut stream, None, &startup)?;
    let mut reader =
        BufReader::new(stream.try_clone().context("failed to read from Postgres")?).take(bound());
    loop {
        let (kind, body) = message(&mut reader)?;
        match kind {
            b'R' if body.get(..4) == Some(&[0; 4]) => {}
            b'R' => bail!(
                "Postgres asks for a password, and this check only knows trust authentication"
            ),
            b'E' => bail!("Postgres refuses: {}", refusal(&body)),
            b'Z' => break,
            _ => {}
        }
    }

    let mut query = statement.as_bytes().to_vec();
    query.push(0);
    send(&mut stream, Some(b'Q'), &query)?;
    let mut first = None;
    loop {
        let (kind, body) = message(&mut reader)?;
        match kind {
            b'D' if first.is_none() => first = Some(first_column(&body)?),
            b'E' => bail!("Postgres refuses: {}", refusal(&body)),
            b'Z' => break,
            _ => {}
        }
    }
    send(&mut stream, Some(b'X'), &[])?;
    first.context("the statement returned no row")
}

/// Checks that a MySQL or MariaDB greets, in the version of the protocol that all speak today.
pub(crate) fn mysql(url: &str) -> Result<()> {
    let stream = connect(url, 3306)?;
    let mut head = [0; 5];
    stream
        .take(bound())
        .read_exact(&mut head)
        .context("MySQL closed the connection")?;
    match head {
        [.., 10] => Ok(()),
        [.., 0xff] => bail!("MySQL refuses the connection"),
        _ => bail!("this is no MySQL server: its greeting is another's"),
    }
}

fn connect(url: &str, default_port: u16) -> Result<TcpStream> {
    let place = place_of(url);
    let place = if place.contains(':') {
        place.to_owned()
    } else {
        format!("{place}:{default_port}")
    };
    let address = place
        .to_socket_addrs()
        .with_context(|| format!("failed to resolve {place}"))?
        .next()
        .with_context(|| format!("{place} has no address"))?;
    let stream = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("failed to connect to {place}"))?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .context("failed to set a time limit")?;
    stream
        .set_write_timeout(Some(PATIENCE))
        .context("failed to set a time limit")?;
    Ok(stream)
}

/// `scheme://user:password@host:port/name?query` without everything but `host:port`, so that
/// errors can print it.
fn place_of(url: &str) -> &str {
    let rest = after_scheme(url);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

fn user_of(url: &str) -> Option<&str> {
    let (userinfo, _) = after_scheme(url).split_once('@')?;
    userinfo.split(':').next()
}

fn database_of(url: &str) -> Option<&str> {
    let (_, path) = after_scheme(url).split_once('/')?;
    path.split('?').next().filter(|name| !name.is_empty())
}

fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn bound() -> u64 {
    u64::try_from(ANSWER_BOUND).unwrap_or(u64::MAX)
}

fn line(reader: &mut impl std::io::BufRead) -> Result<String> {
    let mut text = String::new();
    reader
        .read_line(&mut text)
        .context("failed to read an answer")?;
    if !text.ends_with("\r\n") {
        bail!("the server closed the connection in the middle of an answer");
    }
    text.truncate(text.len() - 2);
    Ok(text)
}

fn send(stream: &mut TcpStream, kind: Option<u8>, body: &[u8]) -> Result<()> {
    let length = u32::try_from(body.len() + 4).context("the statement is too long")?;
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.extend(kind);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(body);
    stream
        .write_all(&bytes)
        .context("failed to write to Postgres")
}

fn message(reader: &mut impl std::io::Read) -> Result<(u8, Vec<u8>)> {
    let mut kind = [0; 1];
    reader
        .read_exact(&mut kind)
        .context("Postgres closed the connection")?;
    let mut length = [0; 4];
    reader
        .read_exact(&mut length)
        .context("Postgres closed the connection")?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    let length = length
        .checked_sub(4)
        .context("Postgres sent an impossible length")?;
    if length > ANSWER_BOUND {
        bail!("Postgres announces {length} bytes, more than the checks ever ask for");
    }
    let mut body = vec![0; length];
    reader
        .read_exact(&mut body)
        .context("Postgres stopped in the middle of a message")?;
    let [kind] = kind;
    Ok((kind, body))
}

/// The human-readable part (`M`) of an error message.
fn refusal(body: &[u8]) -> String {
    body.split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"))
        .map_or_else(
            || "no reason given".to_owned(),
            |m| String::from_utf8_lossy(m).into_owned(),
        )
}

fn first_column(row: &[u8]) -> Result<String> {
    let length = row.get(2..6).context("the row has no column")?;
    let length: [u8; 4] = length.try_into().context("the row has no column")?;
    let length = usize::try_from(i32::from_be_bytes(length)).context("the column is null")?;
    let value = row.get(6..6 + length).context("the row is cut short")?;
    Ok(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_without_its_password() {
        let url = "postgres://ada:secret@db.example:5433/bots?sslmode=disable";
        assert_eq!(place_of(url), "db.example:5433");
        assert_eq!(user_of(url), Some("ada"));
        assert_eq!(database_of(url), Some("bots"));
        assert_eq!(database_of("redis://127.0.0.1:6379"), None);
    }

    #[test]
    fn a_refusal_shows_its_message_only() {
        assert_eq!(
            refusal(b"SFATAL\0C3D000\0Mno such database\0\0"),
            "no such database"
        );
        assert_eq!(refusal(b""), "no reason given");
    }

    #[test]
    fn a_row_gives_its_first_column() {
        assert_eq!(first_column(&[0, 1, 0, 0, 0, 1, b'1']).unwrap(), "1");
        assert!(
            first_column(&[0, 1, 255, 255, 255, 255]).is_err(),
            "a null is not a value"
        );
        assert!(
            first_column(&[0, 1, 0, 0, 0, 9, b'1']).is_err(),
            "a short row is refused"
        );
    }
}
