//! Websocket frames into messages, pure: RFC 6455 as a client reads it.

use std::{fmt, ops::Range, str::from_utf8};

/// Turns a server's bytes, however they are cut, into messages.
///
/// It holds all there is to know between two reads, so whoever feeds it can stop at any byte and go
/// on later. Append what was read to [`space`](Self::space), then [`advance`](Self::advance) until
/// it says `false`; each `true` shows one thing in [`current`](Self::current).
///
/// It is strict: what the standard forbids a server ends the stream with a [`Broken`], as early as
/// the bytes tell. Memory grows with what arrived, never with what a header announces.
///
/// ```
/// use ovenjs_net::websocket::{Frames, Incoming};
///
/// let mut frames = Frames::new(1024);
/// // A text of two bytes, of which one is there, and then the rest with a ping behind it.
/// frames.space().extend_from_slice(&[0x81, 2, b'h']);
/// assert_eq!(frames.advance(), Ok(false));
/// frames.space().extend_from_slice(&[b'i', 0x89, 0]);
/// assert_eq!(frames.advance(), Ok(true));
/// assert_eq!(frames.current(), Some(Incoming::Text(b"hi")));
/// assert_eq!(frames.advance(), Ok(true));
/// assert_eq!(frames.current(), Some(Incoming::Ping(b"")));
/// assert_eq!(frames.advance(), Ok(false));
/// ```
pub struct Frames {
    message_bytes_max: usize,
    /// What was read; from `start` on nobody has looked at it.
    buffer: Vec<u8>,
    start: usize,
    /// How much room the next read gets.
    room: usize,
    /// What has come of a message that is not in the buffer as a whole.
    assembled: Vec<u8>,
    /// How much of it is known to be UTF-8, where it is text.
    checked: usize,
    /// The message under way, over all of its frames.
    message: Option<Opcode>,
    /// The frame under way, where its payload goes to `assembled`.
    frame: Option<Frame>,
    ready: Option<Ready>,
    end: Option<End>,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message, which is UTF-8.
    Text(&'a [u8]),
    /// A whole binary message.
    Binary(&'a [u8]),
    /// A ping, to be answered with the same bytes.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The server closes. Nothing comes after it.
    Close {
        /// Its reason as a number, where it gave one.
        code: Option<u16>,
        /// Its reason in words; mostly empty.
        reason: &'a str,
    },
}

/// A server that does not keep to the standard, or to our bound. Nothing after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// The frames make no sense.
    Protocol(&'static str),
    /// A text, or the reason of a close, is not UTF-8.
    Text,
    /// A message is larger than was allowed.
    TooLarge,
}

impl Frames {
    /// A reader at the beginning of a stream, for messages of at most so many bytes.
    #[must_use]
    pub const fn new(message_bytes_max: usize) -> Self {
        Self {
            message_bytes_max,
            buffer: Vec::new(),
            start: 0,
            room: ROOM_MIN,
            assembled: Vec::new(),
            checked: 0,
            message: None,
            frame: None,
            ready: None,
            end: None,
        }
    }

    /// Where the next bytes are to be appended; its spare capacity suits one read.
    ///
    /// What [`current`](Self::current) showed is gone with this call.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.ready = None;
        if self.end.is_some() {
            self.buffer.clear();
        }
        if !self.buffer.is_empty() && self.buffer.len() == self.buffer.capacity() {
            // The read took all the room there was: probably more waits.
            self.room = (self.room * 2).min(ROOM_MAX);
        }
        // What stays is less than a header and a control frame.
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.start = 0;
        self.buffer.reserve_exact(self.room);
        &mut self.buffer
    }

    /// Gives back what room is kept for later reads. Nothing is lost by it, also not what
    /// [`current`](Self::current) shows.
    pub fn release(&mut self) {
        self.room = ROOM_MIN;
        self.buffer.shrink_to_fit();
        self.assembled.shrink_to_fit();
    }

    /// Goes on to the next thing; `false` where more bytes are needed for it.
    ///
    /// # Errors
    ///
    /// [`Broken`] for what a server must not send. It stays that way.
    pub fn advance(&mut self) -> Result<bool, Broken> {
        if let Some(Ready {
            place: Place::Assembled,
            ..
        }) = self.ready.take()
        {
            self.assembled.clear();
            self.assembled.shrink_to(ASSEMBLED_KEEP_MAX);
            self.checked = 0;
        }
        match self.end {
            Some(End::Closed) => return Ok(false),
            Some(End::Broken(broken)) => return Err(broken),
            None => {}
        }
        match self.step() {
            Ok(ready) => {
                self.ready = ready;
                Ok(self.ready.is_some())
            }
            Err(broken) => {
                self.end = Some(End::Broken(broken));
                self.assembled = Vec::new();
                Err(broken)
            }
        }
    }

    /// What the last [`advance`](Self::advance) found.
    #[must_use]
    pub fn current(&self) -> Option<Incoming<'_>> {
        let ready = self.ready.as_ref()?;
        let bytes = match &ready.place {
            Place::Buffer(range) => self.buffer.get(range.clone()).unwrap_or_default(),
            Place::Assembled => &self.assembled,
        };
        Some(match ready.opcode {
            Opcode::Text | Opcode::Continuation => Incoming::Text(bytes),
            Opcode::Binary => Incoming::Binary(bytes),
            Opcode::Ping => Incoming::Ping(bytes),
            Opcode::Pong => Incoming::Pong(bytes),
            Opcode::Close => match bytes.split_first_chunk() {
                Some((code, reason)) => Incoming::Close {
                    code: Some(u16::from_be_bytes(*code)),
                    reason: from_utf8(reason).unwrap_or_default(),
                },
                None => Incoming::Close {
                    code: None,
                    reason: "",
                },
            },
        })
    }

    fn step(&mut self) -> Result<Option<Ready>, Broken> {
        loop {
            if self.frame.is_some() {
                match self.assemble()? {
                    Assembled::Message(opcode) => {
                        return Ok(Some(Ready {
                            opcode,
                            place: Place::Assembled,
                        }));
                    }
                    Assembled::Frame => {}
                    Assembled::Starved => return Ok(None),
                }
            }
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let Some(head) = Head::read(rest)? else {
                return Ok(None);
            };
            let body = rest.get(head.bytes..).unwrap_or_default();
            let whole = body.get(..head.length);
            let range = self.start + head.bytes..self.start + head.bytes + head.length;
            if head.opcode.is_control() {
                let Some(payload) = whole else {
                    return Ok(None);
                };
                if head.opcode == Opcode::Close {
                    check_close(payload)?;
                    self.end = Some(End::Closed);
                }
                self.start = range.end;
                return Ok(Some(Ready {
                    opcode: head.opcode,
                    place: Place::Buffer(range),
                }));
            }
            match (head.opcode, self.message) {
                (Opcode::Continuation, None) => {
                    return Err(Broken::Protocol("a message goes on that had not begun"));
                }
                (Opcode::Text | Opcode::Binary, Some(_)) => {
                    return Err(Broken::Protocol("a message began inside another"));
                }
                _ => {}
            }
            if head.length > self.message_bytes_max.saturating_sub(self.assembled.len()) {
                return Err(Broken::TooLarge);
            }
            if let Some(payload) = whole
                && head.fin
                && self.message.is_none()
            {
                if head.opcode == Opcode::Text && from_utf8(payload).is_err() {
                    return Err(Broken::Text);
                }
                self.start = range.end;
                return Ok(Some(Ready {
                    opcode: head.opcode,
                    place: Place::Buffer(range),
                }));
            }
            self.message.get_or_insert(head.opcode);
            self.start = range.start;
            self.frame = Some(Frame {
                fin: head.fin,
                left: head.length,
            });
        }
    }

    /// Takes what has come of the frame under way.
    fn assemble(&mut self) -> Result<Assembled, Broken> {
        let (Some(frame), Some(opcode)) = (&mut self.frame, self.message) else {
            return Ok(Assembled::Frame);
        };
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let piece = rest.get(..frame.left).unwrap_or(rest);
        self.assembled.extend_from_slice(piece);
        self.start += piece.len();
        frame.left -= piece.len();
        let (left, fin) = (frame.left, frame.fin);
        if opcode == Opcode::Text {
            self.check_text()?;
        }
        if left > 0 {
            return Ok(Assembled::Starved);
        }
        self.frame = None;
        if !fin {
            return Ok(Assembled::Frame);
        }
        self.message = None;
        if opcode == Opcode::Text && self.checked < self.assembled.len() {
            return Err(Broken::Text);
        }
        Ok(Assembled::Message(opcode))
    }

    /// Looks at the text that is new. A character may be cut at its end.
    fn check_text(&mut self) -> Result<(), Broken> {
        let new = self.assembled.get(self.checked..).unwrap_or_default();
        match from_utf8(new) {
            Ok(_) => self.checked = self.assembled.len(),
            Err(error) if error.error_len().is_some() => return Err(Broken::Text),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("unread", &self.buffer.len().saturating_sub(self.start))
            .field("assembled", &self.assembled.len())
            .finish_non_exhaustive()
    }
}

impl Broken {
    /// The code with which the server is told.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::Text => 1007,
            Self::TooLarge => 1009,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Protocol(text) => text,
            Self::Text => "a text is not utf-8",
            Self::TooLarge => "a message is larger than is allowed",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Broken {}

/// The first read's room. An idle connection keeps no more.
const ROOM_MIN: usize = 4 << 10;

/// The most that one read takes. More saves no system calls worth naming and falls out of the
/// processor's nearest cache.
const ROOM_MAX: usize = 32 << 10;

/// The largest buffer that is kept from one message to the next: most messages are smaller, and the
/// large ones come at the beginning.
const ASSEMBLED_KEEP_MAX: usize = 64 << 10;

/// RFC 6455, section 5.5.
const CONTROL_BYTES_MAX: u8 = 125;

#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    Broken(Broken),
}

struct Ready {
    opcode: Opcode,
    place: Place,
}

enum Place {
    Buffer(Range<usize>),
    Assembled,
}

struct Frame {
    fin: bool,
    left: usize,
}

enum Assembled {
    Message(Opcode),
    Frame,
    Starved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What a frame begins with. RFC 6455, section 5.2.
struct Head {
    fin: bool,
    opcode: Opcode,
    /// Of the payload.
    length: usize,
    /// Of the header.
    bytes: usize,
}

impl Head {
    /// Judges each byte as soon as it is there; nothing where some are missing.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(Broken::Protocol(
                "a frame uses an extension nobody asked for",
            ));
        }
        let fin = first & 0x80 != 0;
        let opcode = match first & 0x0F {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return Err(Broken::Protocol("a frame is of no known kind")),
        };
        if opcode.is_control() && !fin {
            return Err(Broken::Protocol("a control frame comes in fragments"));
        }
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if second & 0x80 != 0 {
            return Err(Broken::Protocol("a frame of the server's is masked"));
        }
        if opcode.is_control() && second > CONTROL_BYTES_MAX {
            return Err(Broken::Protocol("a control frame is too long"));
        }
        // A length that is written longer than it need be does no harm.
        let (length, more) = match second {
            126 => match rest.first_chunk() {
                Some(length) => (u64::from(u16::from_be_bytes(*length)), 2),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (u64::from_be_bytes(*length), 8),
                None => return Ok(None),
            },
            short => (u64::from(short), 0),
        };
        if length > i64::MAX.unsigned_abs() {
            return Err(Broken::Protocol("a frame's length has its first bit set"));
        }
        // With this bound no sum of it can overflow.
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= usize::MAX / 4)
            .ok_or(Broken::TooLarge)?;
        Ok(Some(Self {
            fin,
            opcode,
            length,
            bytes: 2 + more,
        }))
    }
}

/// RFC 6455, sections 5.5.1 and 7.4, and the codes registered since.
fn check_close(payload: &[u8]) -> Result<(), Broken> {
    if payload.is_empty() {
        return Ok(());
    }
    let Some((code, reason)) = payload.split_first_chunk() else {
        return Err(Broken::Protocol("a close has half a code"));
    };
    if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Broken::Protocol("a close has a code that nobody may send"));
    }
    from_utf8(reason).map_err(|_| Broken::Text)?;
    Ok(())
}

#[cfg(test)]
mod tests;
