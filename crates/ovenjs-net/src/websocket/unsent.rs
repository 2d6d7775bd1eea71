//! What is written but not sent: frames in their order, as bytes.

use fastwebsockets::{Frame, OpCode, Payload};

/// The frames that wait for the stream, and how far it has taken them.
#[derive(Default)]
pub(super) struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
    /// The answer to the last ping, while there is much that waits before it.
    pong: Option<Vec<u8>>,
    /// The last frame is a close: nothing may follow.
    closed: bool,
    /// The stream has what it was given, but may hold it.
    unflushed: bool,
    scratch: Vec<u8>,
}

impl Unsent {
    /// Adds a text message; false where there is no more room, or where it was closed.
    pub(super) fn text(&mut self, payload: &[u8]) -> bool {
        self.message(OpCode::Text, payload)
    }

    /// As [`text`](Self::text), binary.
    pub(super) fn binary(&mut self, payload: &[u8]) -> bool {
        self.message(OpCode::Binary, payload)
    }

    fn message(&mut self, opcode: OpCode, payload: &[u8]) -> bool {
        let room = UNSENT_BYTES_MAX.saturating_sub(self.bytes.len());
        if self.closed || (payload.len() > room && !self.bytes.is_empty()) {
            return false;
        }
        self.push(opcode, payload);
        true
    }

    /// Answers a ping. Where much waits already, only the last one is answered, as the standard
    /// allows: a flood of pings fills no memory.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        if self.closed {
            return;
        }
        if self.bytes.len() < PONGS_BYTES_MAX {
            self.push(OpCode::Pong, payload);
        } else {
            self.pong = Some(payload.to_vec());
        }
    }

    /// Says goodbye, once.
    pub(super) fn close(&mut self, code: Option<u16>) {
        if self.closed {
            return;
        }
        let code = code.map(u16::to_be_bytes);
        self.push(OpCode::Close, code.as_ref().map_or(&[], |code| code));
        self.pong = None;
        self.closed = true;
    }

    /// Whether something waits.
    pub(super) const fn is_waiting(&self) -> bool {
        self.unflushed
    }

    /// Whether nothing more can be added.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// What the stream is to take next.
    pub(super) fn next(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// The stream took so many bytes.
    pub(super) fn took(&mut self, count: usize) {
        self.sent += count;
        if self.sent < self.bytes.len() {
            return;
        }
        self.sent = 0;
        self.bytes.clear();
        self.bytes.shrink_to(KEEP_MAX);
        if let Some(pong) = self.pong.take() {
            self.push(OpCode::Pong, &pong);
        }
    }

    /// The stream holds nothing back.
    pub(super) const fn flushed(&mut self) {
        self.unflushed = false;
    }

    fn push(&mut self, opcode: OpCode, payload: &[u8]) {
        let mut frame = Frame::new(true, opcode, None, Payload::Owned(payload.to_vec()));
        frame.mask();
        self.bytes.extend_from_slice(frame.write(&mut self.scratch));
        self.scratch.truncate(0);
        self.scratch.shrink_to(KEEP_MAX);
        self.unflushed = true;
    }
}

/// A shard may send 120 commands of 4 KiB a minute, and a stream that takes none of them for ten
/// seconds is given up: this is never reached but by a mistake.
const UNSENT_BYTES_MAX: usize = 1 << 20;

/// As many answers to pings as wait beside one another: some thirty of the largest.
const PONGS_BYTES_MAX: usize = 4 << 10;

/// What buffers keep: a command of Discord's largest size.
const KEEP_MAX: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames that wait, unmasked: first byte and payload.
    fn waiting(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut all = Vec::new();
        while let [first, length, rest @ ..] = bytes {
            assert_eq!(length & 0x80, 0x80, "a client masks");
            let (length, rest) = match length & 0x7F {
                126 => (
                    usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                    &rest[2..],
                ),
                short => (usize::from(short), rest),
            };
            let (mask, rest) = rest.split_at(4);
            let (payload, rest) = rest.split_at(length);
            let payload = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
            all.push((*first, payload.collect()));
            bytes = rest;
        }
        all
    }

    #[test]
    fn frames_wait_in_their_order_and_nothing_follows_a_close() {
        let mut unsent = Unsent::default();
        assert!(unsent.text(b"one") && unsent.binary(&[2; 200]));
        unsent.pong(b"3");
        unsent.close(Some(4900));
        unsent.close(Some(1000));
        unsent.pong(b"late");
        assert!(!unsent.text(b"late"));
        let goodbye = 4900_u16.to_be_bytes().to_vec();
        assert_eq!(
            waiting(unsent.next()),
            [
                (0x81, b"one".to_vec()),
                (0x82, vec![2; 200]),
                (0x8A, b"3".to_vec()),
                (0x88, goodbye)
            ]
        );
    }

    #[test]
    fn a_stream_may_take_byte_by_byte() {
        let mut unsent = Unsent::default();
        assert!(unsent.text(b"hello"));
        let mut taken = Vec::new();
        while let [first, ..] = unsent.next() {
            taken.push(*first);
            unsent.took(1);
        }
        assert_eq!(waiting(&taken), [(0x81, b"hello".to_vec())]);
        assert!(unsent.is_waiting(), "until it is flushed");
        unsent.flushed();
        assert!(!unsent.is_waiting());
    }

    #[test]
    fn a_flood_of_pings_fills_no_memory_and_its_last_is_answered() {
        let mut unsent = Unsent::default();
        for n in 0..100_000_u32 {
            unsent.pong(&n.to_be_bytes());
        }
        assert!(unsent.bytes.len() < PONGS_BYTES_MAX + 200);
        let all = unsent.next().len();
        unsent.took(all);
        assert_eq!(
            waiting(unsent.next()),
            [(0x8A, 99_999_u32.to_be_bytes().to_vec())]
        );
    }

    #[test]
    fn what_nobody_takes_has_a_bound() {
        let mut unsent = Unsent::default();
        let sent = (0..1000).take_while(|_| unsent.text(&[b'a'; 4096])).count();
        assert!((200..=256).contains(&sent), "{sent}");
        let mut unsent = Unsent::default();
        assert!(unsent.binary(&vec![0; 2 << 20]), "one message always fits");
        assert!(!unsent.text(b"a"));
    }
}
