//! Any bytes in any cut, read by the websocket's reader and by a plain one.

use ovenjs_net::websocket::{Broken, Frames, Incoming};

/// The first byte says how the others are cut; those are what a server sends.
///
/// # Panics
///
/// Where the reader disagrees with the plain one, or holds more than it may.
pub fn websocket(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else {
        return;
    };
    let wanted = plain(stream);
    let mut frames = Frames::new(MESSAGE_BYTES_MAX);
    let mut seen = Seen::default();
    for piece in stream.chunks(usize::from(*cut) + 1) {
        let space = frames.space();
        assert!(space.len() < 300, "what was not looked at stays small");
        assert!(space.capacity() < 1 << 17);
        space.extend_from_slice(piece);
        while seen.end.is_none() {
            match frames.advance() {
                Ok(true) => seen.take(frames.current().expect("it said there is something")),
                Ok(false) => break,
                Err(broken) => seen.end = Some(End::Broken(broken.close_code())),
            }
        }
        if let Some(End::Broken(_)) = seen.end {
            assert!(frames.advance().is_err(), "it stays that way");
        }
    }
    assert_eq!(seen, wanted);
}

const MESSAGE_BYTES_MAX: usize = 1000;

#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// The kind of frame, and the bytes.
    all: Vec<(u8, Vec<u8>)>,
    end: Option<End>,
}

#[derive(Debug, PartialEq)]
enum End {
    Closed,
    Broken(u16),
}

impl Seen {
    fn take(&mut self, incoming: Incoming<'_>) {
        let (kind, bytes) = match incoming {
            Incoming::Text(bytes) => {
                assert!(std::str::from_utf8(bytes).is_ok());
                (1, bytes.to_vec())
            }
            Incoming::Binary(bytes) => (2, bytes.to_vec()),
            Incoming::Ping(bytes) => (9, bytes.to_vec()),
            Incoming::Pong(bytes) => (10, bytes.to_vec()),
            Incoming::Close { code, reason } => {
                self.end = Some(End::Closed);
                let code = code.map(u16::to_be_bytes);
                let code = code.as_ref().map_or(&[][..], |code| code);
                (8, [code, reason.as_bytes()].concat())
            }
        };
        if kind < 3 {
            assert!(bytes.len() <= MESSAGE_BYTES_MAX);
        }
        self.all.push((kind, bytes));
    }
}

/// RFC 6455 written down as it stands, over the whole stream at once.
fn plain(stream: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let ended = read_all(stream, &mut seen);
    if let Some(Err(broken)) = ended {
        seen.end = Some(End::Broken(broken.close_code()));
    }
    seen
}

/// Nothing where bytes are missing.
fn read_all(mut rest: &[u8], seen: &mut Seen) -> Option<Result<(), Broken>> {
    const WRONG: Option<Result<(), Broken>> = Some(Err(Broken::Protocol("")));
    let mut message: Option<(u8, Vec<u8>)> = None;
    loop {
        let (first, after) = rest.split_first()?;
        let (fin, kind) = (first & 0x80 != 0, first & 0x0F);
        let control = kind >= 8;
        if first & 0x70 != 0 || !matches!(kind, 0..=2 | 8..=10) || (control && !fin) {
            return WRONG;
        }
        let (second, after) = after.split_first()?;
        if second & 0x80 != 0 || (control && *second > 125) {
            return WRONG;
        }
        let (length, after) = match second {
            126 => {
                let (length, after) = after.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), after)
            }
            127 => {
                let (length, after) = after.split_first_chunk()?;
                (u64::from_be_bytes(*length), after)
            }
            short => (u64::from(*short), after),
        };
        if length >= 1 << 63 {
            return WRONG;
        }
        if length > 1 << 61 {
            return Some(Err(Broken::TooLarge));
        }
        let length = usize::try_from(length).ok()?;
        if control {
            let (payload, after) = after.split_at_checked(length)?;
            if kind == 8 {
                if let Err(broken) = check_close(payload) {
                    return Some(Err(broken));
                }
                seen.all.push((kind, payload.to_vec()));
                seen.end = Some(End::Closed);
                return Some(Ok(()));
            }
            seen.all.push((kind, payload.to_vec()));
            rest = after;
            continue;
        }
        if (kind == 0) != message.is_some() {
            return WRONG;
        }
        let (of, bytes) = message.get_or_insert((kind, Vec::new()));
        if bytes.len() + length > MESSAGE_BYTES_MAX {
            return Some(Err(Broken::TooLarge));
        }
        let whole = after.split_at_checked(length);
        bytes.extend_from_slice(whole.map_or(after, |(payload, _)| payload));
        if *of == 1
            && let Err(error) = std::str::from_utf8(bytes)
            && (error.error_len().is_some() || (whole.is_some() && fin))
        {
            return Some(Err(Broken::Text));
        }
        let (_, after) = whole?;
        if fin {
            seen.all.extend(message.take());
        }
        rest = after;
    }
}

fn check_close(payload: &[u8]) -> Result<(), Broken> {
    let wrong = Err(Broken::Protocol(""));
    match payload {
        [] => Ok(()),
        [_] => wrong,
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let reserved = matches!(code, 1004..=1006);
            if reserved || !matches!(code, 1000..=1014 | 3000..=4999) {
                return wrong;
            }
            match std::str::from_utf8(reason) {
                Ok(_) => Ok(()),
                Err(_) => Err(Broken::Text),
            }
        }
    }
}
