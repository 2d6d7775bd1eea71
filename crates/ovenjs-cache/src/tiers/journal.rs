//! What waits to be written to a store, written down: the form of the file, and what is left of one.
//!
//! A file is a head and frames. A frame is the length of its body, a sum over it, and the body: that a record
//! waits, that one is written, or that a span was erased. What is left, read from the front, is what waits. A
//! frame that is damaged is passed over; from the last whole one on, the file is cut.

mod file;

use bytes::{BufMut as _, Bytes, BytesMut};
use hashbrown::HashMap;

use super::{BODY_BYTES_MAX, Key, Record, Space, Span, Version};
pub use file::{Journal, JournalStats};

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Frame {
    Waits(Key, Record),
    Written(Key, Version),
    Erased(Span),
}

/// What a file says.
#[derive(Debug, Default)]
struct Read {
    /// What waits, in the order in which its keys came.
    waiting: Vec<(Key, Record)>,
    /// Up to where the file is whole.
    end: usize,
    /// Frames that were damaged, and what was cut.
    damaged: u64,
}

impl Read {
    /// What is left of a file, whatever its bytes are.
    fn of(file: &Bytes) -> Self {
        let mut read = Self::default();
        let mut waiting: HashMap<Key, (usize, Record)> = HashMap::new();
        if !file.starts_with(HEAD) {
            read.damaged = u64::from(!file.is_empty());
            return read;
        }
        (read.end, read.damaged) = (HEAD.len(), 0);
        let (mut at, mut count, mut skipped) = (HEAD.len(), 0, 0);
        while let Some((body, next)) = body(file, at) {
            at = next;
            let Some(frame) = body.and_then(|body| Frame::from_bytes(&body)) else {
                skipped += 1;
                continue;
            };
            (read.end, read.damaged) = (at, skipped);
            count += 1;
            match frame {
                Frame::Waits(key, record) => match waiting.get_mut(&key) {
                    Some((_, held)) if !record.version.may_replace(&held.version) => {}
                    Some((_, held)) => *held = record,
                    None => drop(waiting.insert(key, (count, record))),
                },
                Frame::Written(key, version) => {
                    let held = waiting.get(&key).map(|(_, held)| held.version);
                    if held.is_some_and(|held| version.may_replace(&held)) {
                        waiting.remove(&key);
                    }
                }
                Frame::Erased(span) => waiting.retain(|key, _| !span.has(key)),
            }
        }
        read.damaged += u64::from(read.end < file.len());
        let mut waiting: Vec<_> = waiting.into_iter().collect();
        waiting.sort_unstable_by_key(|(_, (count, _))| *count);
        let waiting = waiting.into_iter();
        read.waiting = waiting.map(|(key, (_, record))| (key, record)).collect();
        read
    }
}

/// The body of the frame that begins there, if it is as its sum says, and where the next one begins; nothing where
/// the file ends before.
fn body(file: &Bytes, at: usize) -> Option<(Option<Bytes>, usize)> {
    let rest = file.get(at..)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if length > FRAME_MAX {
        return None;
    }
    let body = rest.get(..length)?;
    let is_whole = checksum(body) == u64::from_be_bytes(*sum);
    let next = at + FRAME_HEAD + length;
    Some((is_whole.then(|| file.slice_ref(body)), next))
}

impl Frame {
    /// Adds its bytes, head included; whether it has any.
    fn write(&self, out: &mut BytesMut) -> bool {
        let begin = out.len();
        out.put_bytes(0, FRAME_HEAD);
        match self {
            Self::Waits(key, record) => {
                let Ok(bytes) = record.to_bytes(key) else {
                    out.truncate(begin);
                    return false;
                };
                out.put_u8(WAITS);
                put_key(out, key);
                out.put_slice(&bytes);
            }
            Self::Written(key, version) => {
                out.put_u8(WRITTEN);
                put_key(out, key);
                out.put_u32(version.source);
                out.put_u64(version.epoch);
                out.put_u64(version.sequence);
            }
            Self::Erased(span) => {
                out.put_u8(ERASED);
                put_text(out, span.space.as_str().as_bytes());
                out.put_u8(u8::from(span.scope.is_some()));
                out.put_u64(span.scope.unwrap_or(0));
            }
        }
        let Some((head, body)) = out
            .get_mut(begin..)
            .and_then(|frame| frame.split_at_mut_checked(FRAME_HEAD))
        else {
            return false;
        };
        let (sum, mut head) = (checksum(body), head);
        head.put_u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
        head.put_u64(sum);
        true
    }

    fn from_bytes(body: &Bytes) -> Option<Self> {
        let mut rest = Rest(body);
        let [kind] = rest.array()?;
        let frame = match kind {
            WAITS => {
                let key = rest.key()?;
                let record = Record::from_bytes(&key, &body.slice_ref(rest.0)).ok()?;
                return Some(Self::Waits(key, record));
            }
            WRITTEN => {
                let key = rest.key()?;
                let version = Version {
                    source: u32::from_be_bytes(rest.array()?),
                    epoch: u64::from_be_bytes(rest.array()?),
                    sequence: u64::from_be_bytes(rest.array()?),
                };
                Self::Written(key, version)
            }
            ERASED => {
                let space = rest.space()?;
                let [has_scope] = rest.array()?;
                let scope = u64::from_be_bytes(rest.array()?);
                Self::Erased(Span {
                    space,
                    scope: (has_scope == 1).then_some(scope),
                })
            }
            _ => return None,
        };
        rest.0.is_empty().then_some(frame)
    }
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn key(&mut self) -> Option<Key> {
        let space = self.space()?;
        let scope = u64::from_be_bytes(self.array()?);
        Key::new(&space, scope, self.text()?).ok()
    }

    fn space(&mut self) -> Option<Space> {
        Space::parse(std::str::from_utf8(self.text()?).ok()?).ok()
    }

    fn text(&mut self) -> Option<&[u8]> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

fn put_key(out: &mut BytesMut, key: &Key) {
    put_text(out, key.space().as_str().as_bytes());
    out.put_u64(key.scope());
    put_text(out, key.id());
}

/// Both what is called a space and an id are far shorter than two bytes can say.
fn put_text(out: &mut BytesMut, text: &[u8]) {
    out.put_u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
    out.put_slice(text);
}

/// FNV-1a: it finds accidents.
fn checksum(body: &[u8]) -> u64 {
    body.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What a file begins with. It changes with the form.
const HEAD: &[u8] = b"ovenjs journal 1\n";

/// Length and sum.
const FRAME_HEAD: usize = 12;

/// The largest record, its tags and its key.
const FRAME_MAX: usize = BODY_BYTES_MAX + (64 << 10);

const WAITS: u8 = 1;
const WRITTEN: u8 = 2;
const ERASED: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiers::{Body, FOREVER_MS};
    use proptest::prelude::*;

    #[test]
    fn what_is_left_is_what_waits() {
        let span = Span {
            space: space(),
            scope: Some(3),
        };
        let file = file(&[
            Frame::Waits(key(1, 1), record(1)),
            Frame::Waits(key(1, 2), record(2)),
            Frame::Waits(key(3, 3), record(3)),
            // An older one came late, and a newer one.
            Frame::Waits(key(1, 1), record(0)),
            Frame::Waits(key(1, 2), record(5)),
            Frame::Written(key(1, 2), record(2).version),
            Frame::Written(key(1, 1), record(1).version),
            Frame::Erased(span),
            Frame::Waits(key(3, 4), record(9)),
        ]);
        let read = Read::of(&file);
        let expected = [(key(1, 2), record(5)), (key(3, 4), record(9))];
        assert_eq!(read.waiting, expected);
        assert_eq!((read.end, read.damaged), (file.len(), 0));
    }

    #[test]
    fn a_damaged_frame_is_passed_over_and_a_torn_one_cut() {
        let frames: Vec<_> = (1..4)
            .map(|id| Frame::Waits(key(1, id), record(1)))
            .collect();
        let whole = file(&frames);
        let each = (whole.len() - HEAD.len()) / 3;
        let mut damaged = whole.to_vec();
        damaged[HEAD.len() + each + FRAME_HEAD + 2] ^= 1;
        let read = Read::of(&damaged.into());
        assert_eq!(
            read.waiting,
            [(key(1, 1), record(1)), (key(1, 3), record(1))]
        );
        assert_eq!((read.end, read.damaged), (whole.len(), 1));
        let torn = Read::of(&whole.slice(..whole.len() - 1));
        assert_eq!((torn.waiting.len(), torn.end), (2, whole.len() - each));
        assert_eq!(torn.damaged, 1);
        assert_eq!(Read::of(&Bytes::from_static(b"diary")).end, 0);
    }

    proptest! {
        #[test]
        fn frames_are_read_as_they_were_written(scope: Option<u64>, id in prop::collection::vec(any::<u8>(), 0..256), sequence: u64) {
            let key = Key::new(&space(), sequence, id).unwrap();
            for frame in [
                Frame::Waits(key.clone(), record(sequence)),
                Frame::Written(key, record(sequence).version),
                Frame::Erased(Span { space: space(), scope }),
            ] {
                let file = file(std::slice::from_ref(&frame));
                let (body, end) = body(&file, HEAD.len()).unwrap();
                prop_assert_eq!(end, file.len());
                prop_assert_eq!(Frame::from_bytes(&body.unwrap()), Some(frame));
            }
        }

        #[test]
        fn whatever_becomes_of_a_file_what_is_read_was_written(
            cut in 0_usize..400, changed in 0_usize..400, bits: u8, more: Vec<u8>,
        ) {
            let frames: Vec<_> = (1..6).map(|id| Frame::Waits(key(1, id), record(id))).collect();
            let mut bytes = file(&frames).to_vec();
            bytes.truncate(cut);
            if let Some(byte) = bytes.get_mut(changed) {
                *byte ^= bits;
            }
            bytes.extend(more);
            let read = Read::of(&bytes.clone().into());
            prop_assert!(read.end <= bytes.len());
            for (key, record) in read.waiting {
                prop_assert!(frames.contains(&Frame::Waits(key, record)));
            }
        }
    }

    fn file(frames: &[Frame]) -> Bytes {
        let mut out = BytesMut::from(HEAD);
        for frame in frames {
            assert!(frame.write(&mut out));
        }
        out.freeze()
    }

    fn space() -> Space {
        Space::new("bread", 1).unwrap()
    }

    fn key(scope: u64, id: u64) -> Key {
        Key::new(&space(), scope, id.to_be_bytes()).unwrap()
    }

    fn record(sequence: u64) -> Record {
        Record {
            version: Version {
                source: 0,
                epoch: 1,
                sequence,
            },
            body: Body::Value(Bytes::copy_from_slice(&sequence.to_be_bytes())),
            soft_ms: 1,
            hard_ms: FOREVER_MS,
            lent_ms: FOREVER_MS,
            tags: Vec::new(),
        }
    }
}
