//! Websocket frames, read and written by RFC 6455 and no library, so that the box and the clients
//! under test share no mistake in them.

/// A whole message, or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Text or binary, put together from its fragments.
    Data(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// The code, and the whole payload for the echo.
    Close(Option<u16>, Vec<u8>),
}

/// What a client did wrong: the close code for it, and words.
pub(crate) type Breach = (u16, &'static str);

/// Cuts a client's bytes into messages.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// The beginning of a message whose end has not come: whether it is text, and its bytes.
    begun: Option<(bool, Vec<u8>)>,
}

/// What stands before a payload.
struct Head {
    last: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of the head itself.
    size: usize,
    length: usize,
}

impl Frames {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message that is complete.
    ///
    /// After a breach nothing sensible follows.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Breach> {
        while let Some(head) = self.head()? {
            let end = head.size + head.length;
            let Some(frame) = self.bytes.get(head.size..end) else {
                return Ok(None);
            };
            let mask = head.mask.iter().cycle();
            let payload = frame.iter().zip(mask).map(|(byte, key)| byte ^ key);
            let payload: Vec<u8> = payload.collect();
            self.bytes.drain(..end);
            if let Some(message) = self.frame(&head, payload)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn head(&self) -> Result<Option<Head>, Breach> {
        let Some(([first, second], rest)) = self.bytes.split_first_chunk::<2>() else {
            return Ok(None);
        };
        if first & 0b0111_0000 != 0 {
            return Err((PROTOCOL, "Reserved bits are set."));
        }
        if second & 0b1000_0000 == 0 {
            return Err((PROTOCOL, "Frames of a client are masked."));
        }
        let (length, rest, extra) = match second & 0b0111_1111 {
            126 => match rest.split_first_chunk::<2>() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest, 2),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest, 8),
                None => return Ok(None),
            },
            short => (u64::from(short), rest, 0),
        };
        let opcode = first & 0b0000_1111;
        let last = first & 0b1000_0000 != 0;
        if opcode >= CLOSE && (length > 125 || !last) {
            return Err((PROTOCOL, "Control frames are short and whole."));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let begun = self.begun.as_ref().map_or(0, |(_, bytes)| bytes.len());
        if length.saturating_add(begun) > MAX_MESSAGE {
            return Err((TOO_BIG, "The message is too big."));
        }
        let Some(mask) = rest.first_chunk::<4>() else {
            return Ok(None);
        };
        Ok(Some(Head {
            last,
            opcode,
            mask: *mask,
            size: 2 + extra + 4,
            length,
        }))
    }

    fn frame(&mut self, head: &Head, payload: Vec<u8>) -> Result<Option<Message>, Breach> {
        let whole = match (head.opcode, self.begun.take()) {
            (CONTINUATION, Some((is_text, mut bytes))) => {
                bytes.extend_from_slice(&payload);
                (is_text, bytes)
            }
            (CONTINUATION, None) => return Err((PROTOCOL, "There is nothing to continue.")),
            (TEXT | BINARY, None) => (head.opcode == TEXT, payload),
            (TEXT | BINARY, Some(_)) => {
                return Err((PROTOCOL, "The message before has no end."));
            }
            (opcode, begun) => {
                self.begun = begun;
                return control(opcode, payload).map(Some);
            }
        };
        if !head.last {
            self.begun = Some(whole);
            return Ok(None);
        }
        let (is_text, bytes) = whole;
        if is_text && std::str::from_utf8(&bytes).is_err() {
            return Err((NOT_UTF8, "The text is no UTF-8."));
        }
        Ok(Some(Message::Data(bytes)))
    }
}

fn control(opcode: u8, payload: Vec<u8>) -> Result<Message, Breach> {
    match opcode {
        PING => Ok(Message::Ping(payload)),
        PONG => Ok(Message::Pong),
        CLOSE => {
            let Some((code, words)) = payload.split_first_chunk::<2>() else {
                return if payload.is_empty() {
                    Ok(Message::Close(None, payload))
                } else {
                    Err((PROTOCOL, "A close code has two bytes."))
                };
            };
            let code = u16::from_be_bytes(*code);
            let lawful = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            if !lawful || std::str::from_utf8(words).is_err() {
                return Err((PROTOCOL, "No client closes like this."));
            }
            Ok(Message::Close(Some(code), payload))
        }
        _ => Err((PROTOCOL, "There is no such opcode.")),
    }
}

/// Appends a whole frame of the server, which has no mask.
pub(crate) fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0b1000_0000 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
            out.push(127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

const PROTOCOL: u16 = 1002;
const NOT_UTF8: u16 = 1007;
const TOO_BIG: u16 = 1009;

/// Discord's limit is 4096 bytes, which the gateway answers with a close code of its own; this
/// bounds what is read to say so.
const MAX_MESSAGE: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of a client.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        write(&mut plain, 0, payload);
        let at = plain.len() - payload.len();
        let mut out = vec![first, plain[1] | 0x80];
        out.extend_from_slice(&plain[2..at]);
        out.extend_from_slice(&[1, 2, 3, 4]);
        let masked = payload.iter().zip([1, 2, 3, 4].iter().cycle());
        out.extend(masked.map(|(byte, key)| byte ^ key));
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Message>, Breach> {
        let mut frames = Frames::default();
        let mut messages = Vec::new();
        // One byte after the other: no boundary of reads may matter.
        for byte in bytes {
            frames.push(&[*byte]);
            while let Some(message) = frames.next()? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let text = vec![b'x'; length];
            assert_eq!(read(&frame(0x82, &text)), Ok(vec![Message::Data(text)]));
        }
        let mut bytes = frame(0x01, b"hel");
        bytes.extend(frame(0x89, b"are you there"));
        bytes.extend(frame(0x00, b"l"));
        bytes.extend(frame(0x80, b"o"));
        bytes.extend(frame(0x8a, b""));
        bytes.extend(frame(0x88, &[3, 232, b'b', b'y', b'e']));
        let expected = vec![
            Message::Ping(b"are you there".to_vec()),
            Message::Data(b"hello".to_vec()),
            Message::Pong,
            Message::Close(Some(1000), vec![3, 232, b'b', b'y', b'e']),
        ];
        assert_eq!(read(&bytes), Ok(expected));
    }

    #[test]
    fn text_may_be_cut_within_a_character() {
        let (first, second) = "é".as_bytes().split_at(1);
        let mut bytes = frame(0x01, first);
        bytes.extend(frame(0x80, second));
        let whole = Message::Data("é".as_bytes().to_vec());
        assert_eq!(read(&bytes), Ok(vec![whole]));
        assert_eq!(read(&frame(0x81, first)).unwrap_err().0, NOT_UTF8);
    }

    #[test]
    fn what_the_protocol_forbids_is_refused() {
        let unmasked = [0x81, 0x01, b'x'];
        assert_eq!(read(&unmasked).unwrap_err().0, PROTOCOL);
        for (first, payload) in [
            (0xc1, &b"compressed"[..]),
            (0x83, b"no such opcode"),
            (0x80, b"nothing to continue"),
            (0x09, b"a ping in pieces"),
            (0x89, &[0; 126]),
            (0x88, &[3]),
            (0x88, &[3, 237]),
            (0x88, &[3, 232, 0xff]),
        ] {
            assert_eq!(read(&frame(first, payload)).unwrap_err().0, PROTOCOL);
        }
        let mut two_beginnings = frame(0x01, b"a");
        two_beginnings.extend(frame(0x81, b"b"));
        assert_eq!(read(&two_beginnings).unwrap_err().0, PROTOCOL);
        let huge = [&[0x82, 0xff][..], &[0, 0, 0, 1, 0, 0, 0, 0]].concat();
        assert_eq!(read(&huge).unwrap_err().0, TOO_BIG);
    }
}
