//! The rules of RFC 6455 for what a client reads, one line each, and any cut of any stream.

use proptest::prelude::*;

use super::*;

/// What came, owned.
#[derive(Clone, Debug, PartialEq)]
enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Broken(u16),
}

use Got::{Binary, Close, Ping, Pong, Text};

/// Feeds the bytes in pieces of this size and tells all that came.
fn read(bytes: &[u8], piece: usize) -> Vec<Got> {
    let mut frames = Frames::new(MAX);
    let mut got = Vec::new();
    for piece in bytes.chunks(piece) {
        frames.space().extend_from_slice(piece);
        if !take(&mut frames, &mut got) {
            break;
        }
    }
    got
}

/// Takes what there is; false at the end of the stream.
fn take(frames: &mut Frames, got: &mut Vec<Got>) -> bool {
    loop {
        match frames.advance() {
            Ok(true) => got.push(match frames.current().unwrap() {
                Incoming::Text(bytes) => Text(String::from_utf8(bytes.to_vec()).unwrap()),
                Incoming::Binary(bytes) => Binary(bytes.to_vec()),
                Incoming::Ping(bytes) => Ping(bytes.to_vec()),
                Incoming::Pong(bytes) => Pong(bytes.to_vec()),
                Incoming::Close { code, reason } => Close(code, reason.to_owned()),
            }),
            Ok(false) => return true,
            Err(broken) => {
                assert_eq!(frames.advance(), Err(broken), "it stays that way");
                assert_eq!(frames.current(), None);
                got.push(Got::Broken(broken.close_code()));
                return false;
            }
        }
    }
}

const MAX: usize = 1 << 20;

/// A frame as a server writes it, with the length in its shortest form.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(u8::try_from(short).unwrap()),
        middle @ 126..=0xFFFF => {
            bytes.push(126);
            bytes.extend_from_slice(&u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend_from_slice(&u64::try_from(long).unwrap().to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

fn frames(list: &[(u8, &[u8])]) -> Vec<u8> {
    list.iter()
        .flat_map(|(first, payload)| frame(*first, payload))
        .collect()
}

const TEXT: u8 = 0x81;
const TEXT_BEGINS: u8 = 0x01;
const BINARY: u8 = 0x82;
const BINARY_BEGINS: u8 = 0x02;
const GOES_ON: u8 = 0x00;
const ENDS: u8 = 0x80;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

/// The stream's bytes come whole, by the byte and in threes, and give the same each time.
#[track_caller]
fn gives(list: &[(u8, &[u8])], wanted: &[Got]) {
    let bytes = frames(list);
    for piece in [bytes.len().max(1), 1, 3] {
        assert_eq!(read(&bytes, piece), wanted, "{list:02X?} by {piece}");
    }
}

#[track_caller]
fn breaks(list: &[(u8, &[u8])], before: &[Got], code: u16) {
    let wanted = [before, &[Got::Broken(code)]].concat();
    gives(list, &wanted);
}

fn text(text: &str) -> Got {
    Text(text.to_owned())
}

#[test]
fn messages_of_every_form_of_length_come_whole() {
    for length in [0, 1, 125, 126, 127, 128, 0xFFFF, 0x1_0000, 0x1_0001] {
        let payload = vec![b'*'; length];
        gives(
            &[(TEXT, &payload), (BINARY, &payload)],
            &[text(&"*".repeat(length)), Binary(payload.clone())],
        );
    }
    let binary: Vec<u8> = (0..=255).collect();
    gives(&[(BINARY, &binary)], &[Binary(binary.clone())]);
}

#[test]
fn a_length_written_longer_than_need_be_is_taken() {
    assert_eq!(read(&[TEXT, 126, 0, 1, b'a'], 1), [text("a")]);
    assert_eq!(
        read(&[TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 1, b'a'], 1),
        [text("a")]
    );
}

#[test]
fn pings_and_pongs_are_told_with_their_bytes() {
    gives(&[(PING, b"")], &[Ping(vec![])]);
    gives(&[(PING, &[0xFF; 125])], &[Ping(vec![0xFF; 125])]);
    gives(
        &[(PONG, b"unasked"), (PING, b"x")],
        &[Pong(b"unasked".to_vec()), Ping(b"x".to_vec())],
    );
    breaks(&[(PING, &[0; 126])], &[], 1002);
    breaks(&[(PONG, &[0; 126])], &[], 1002);
    breaks(&[(CLOSE, &[0; 126])], &[], 1002);
}

#[test]
fn reserved_bits_are_for_extensions_that_nobody_asked_for() {
    for bits in 1..=7 {
        for kind in [TEXT, BINARY, PING, PONG, CLOSE] {
            breaks(&[(TEXT, b"a"), (kind | bits << 4, b"")], &[text("a")], 1002);
        }
    }
}

#[test]
fn reserved_kinds_of_frames_are_refused() {
    for kind in (0x3..=0x7).chain(0xB..=0xF) {
        for fin in [0, 0x80] {
            breaks(&[(fin | kind, b"")], &[], 1002);
            breaks(&[(TEXT, b"a"), (fin | kind, b"b")], &[text("a")], 1002);
        }
    }
}

#[test]
fn a_servers_frame_has_no_mask() {
    for kind in [TEXT, BINARY, PING, PONG, CLOSE] {
        let masked = [kind, 0x80, 1, 2, 3, 4];
        assert_eq!(read(&masked, 6), [Got::Broken(1002)]);
        assert_eq!(read(&masked, 1), [Got::Broken(1002)]);
    }
}

#[test]
fn fragments_make_a_message_with_control_frames_between_them() {
    gives(
        &[(TEXT_BEGINS, b"a"), (GOES_ON, b"b"), (ENDS, b"c")],
        &[text("abc")],
    );
    gives(
        &[(BINARY_BEGINS, b""), (GOES_ON, b""), (ENDS, b"")],
        &[Binary(vec![])],
    );
    gives(
        &[
            (TEXT_BEGINS, b"a"),
            (PING, b"1"),
            (GOES_ON, b"b"),
            (PING, b"2"),
            (PONG, b"3"),
            (ENDS, b"c"),
            (TEXT, b"d"),
        ],
        &[
            Ping(b"1".to_vec()),
            Ping(b"2".to_vec()),
            Pong(b"3".to_vec()),
            text("abc"),
            text("d"),
        ],
    );
    // What was assembled before must not show in what comes next.
    gives(
        &[
            (TEXT_BEGINS, b"long"),
            (ENDS, b"er"),
            (BINARY_BEGINS, b"x"),
            (ENDS, b""),
        ],
        &[text("longer"), Binary(b"x".to_vec())],
    );
}

#[test]
fn control_frames_come_whole() {
    for kind in [CLOSE, PING, PONG] {
        breaks(&[(kind & 0x0F, b"")], &[], 1002);
        breaks(&[(kind & 0x0F, b"a"), (ENDS, b"b")], &[], 1002);
    }
}

#[test]
fn fragments_follow_on_one_another() {
    breaks(&[(ENDS, b"a"), (TEXT, b"b")], &[], 1002);
    breaks(&[(GOES_ON, b"a"), (TEXT, b"b")], &[], 1002);
    breaks(&[(TEXT_BEGINS, b"a"), (TEXT, b"b")], &[], 1002);
    breaks(&[(TEXT_BEGINS, b"a"), (BINARY, b"b")], &[], 1002);
    breaks(&[(BINARY_BEGINS, b"a"), (TEXT_BEGINS, b"b")], &[], 1002);
    breaks(
        &[(TEXT_BEGINS, b"a"), (ENDS, b"b"), (ENDS, b"c")],
        &[text("ab")],
        1002,
    );
}

#[test]
fn text_is_utf8_wherever_it_is_cut() {
    // One, two, three and four bytes a character, the greatest, and non-characters.
    let good = "Hello-µ@ßöäüàá-UTF-8!! \u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{FFFE}\u{10000}\u{10FFFF}κόσμε\u{D7FF}\u{E000}";
    gives(&[(TEXT, good.as_bytes())], &[text(good)]);
    for cut in 0..=good.len() {
        let (one, two) = good.as_bytes().split_at(cut);
        gives(&[(TEXT_BEGINS, one), (ENDS, two)], &[text(good)]);
    }
    let all: Vec<(u8, &[u8])> = good.as_bytes().chunks(1).map(|b| (GOES_ON, b)).collect();
    let mut list = vec![(TEXT_BEGINS, &b""[..])];
    list.extend(all);
    list.push((ENDS, b""));
    gives(&list, &[text(good)]);
    // Binary may hold anything.
    gives(&[(BINARY, &[0xFF, 0xFE])], &[Binary(vec![0xFF, 0xFE])]);
}

#[test]
fn text_that_is_none_is_refused_wherever_it_is_cut() {
    let bad: &[&[u8]] = &[
        // Bytes that never occur, and followers without a leader.
        &[0xFE],
        &[0xFF],
        &[0xC0],
        &[0xC1],
        &[0xF5],
        &[0x80],
        &[0xBF],
        b"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80edited",
        // Leaders without their followers.
        &[0xC2],
        &[0xE0, 0xA0],
        &[0xF0, 0x90, 0x80],
        &[0xC3, 0x28],
        &[0xE2, 0x28, 0xA1],
        &[0xF0, 0x28, 0x8C, 0xBC],
        // Written longer than need be.
        &[0xC0, 0xAF],
        &[0xE0, 0x80, 0xAF],
        &[0xF0, 0x80, 0x80, 0xAF],
        &[0xF8, 0x88, 0x80, 0x80, 0x80],
        // Halves of surrogate pairs, and beyond the last character.
        &[0xED, 0xA0, 0x80],
        &[0xED, 0xBF, 0xBF],
        &[0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80],
        &[0xF4, 0x90, 0x80, 0x80],
    ];
    for bytes in bad {
        breaks(&[(TEXT, bytes)], &[], 1007);
        for cut in 0..=bytes.len() {
            let (one, two) = bytes.split_at(cut);
            breaks(&[(TEXT_BEGINS, one), (ENDS, two), (TEXT, b"x")], &[], 1007);
        }
    }
}

#[test]
fn bad_text_is_refused_at_the_byte_that_shows_it() {
    // The message would go on, and so would its frame.
    let begun = frame(TEXT_BEGINS, b"\xCE\xBA\xF4\x90\x80\x80");
    assert_eq!(read(&begun, begun.len()), [Got::Broken(1007)]);
    let cut = &begun[..begun.len() - 2];
    assert_eq!(read(cut, 1), [Got::Broken(1007)]);
    let before = &begun[..begun.len() - 3];
    assert_eq!(read(before, 1), []);
}

#[test]
fn a_close_tells_why() {
    gives(&[(CLOSE, b"")], &[Close(None, String::new())]);
    let reason = "b".repeat(123);
    let mut payload = 1000_u16.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    gives(&[(CLOSE, &payload)], &[Close(Some(1000), reason)]);
    // Nothing is read behind it.
    gives(
        &[(CLOSE, b""), (TEXT, b"a"), (CLOSE, b""), (0xFF, b"")],
        &[Close(None, String::new())],
    );
    // Nor does a message under way matter.
    gives(
        &[(TEXT_BEGINS, b"a"), (CLOSE, b"")],
        &[Close(None, String::new())],
    );
    breaks(&[(CLOSE, &[3])], &[], 1002);
    breaks(&[(CLOSE, b"\x03\xE8\xCE\xBA\xE1\xBD\xFF")], &[], 1007);
}

#[test]
fn a_close_has_a_code_that_may_be_sent() {
    let good = |code: u16| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    for code in (0..=1200).chain([
        1999,
        2000,
        2999,
        3000,
        3999,
        4000,
        4014,
        4999,
        5000,
        u16::MAX,
    ]) {
        let payload = code.to_be_bytes();
        if good(code) {
            gives(&[(CLOSE, &payload)], &[Close(Some(code), String::new())]);
        } else {
            breaks(&[(CLOSE, &payload)], &[], 1002);
        }
    }
}

#[test]
fn a_message_has_a_bound_over_all_its_fragments() {
    let most = vec![b'a'; MAX];
    assert_eq!(read(&frame(BINARY, &most), 1 << 16), [Binary(most.clone())]);
    let (one, two) = most.split_at(MAX / 2);
    let both = frames(&[(BINARY_BEGINS, one), (ENDS, two)]);
    assert_eq!(read(&both, 1 << 16), [Binary(most.clone())]);
    let more = frames(&[(BINARY_BEGINS, &most), (ENDS, b"a")]);
    assert_eq!(read(&more, 1 << 16), [Got::Broken(1009)]);
    // The header is enough, and numbers that fit nowhere are met as well.
    assert_eq!(
        read(&[BINARY, 127, 0, 0, 0, 0, 0, 16, 0, 1], 10),
        [Got::Broken(1009)]
    );
    assert_eq!(
        read(&[BINARY, 127, 0x7F, 255, 255, 255, 255, 255, 255, 255], 1),
        [Got::Broken(1009)]
    );
    assert_eq!(
        read(&[BINARY, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 1),
        [Got::Broken(1002)]
    );
}

#[test]
fn memory_grows_with_what_came_and_not_with_what_was_announced() {
    let mut frames = Frames::new(64 << 20);
    frames
        .space()
        .extend_from_slice(&[BINARY, 127, 0, 0, 0, 0, 4, 0, 0, 0]);
    for _ in 0..100 {
        frames.space().extend_from_slice(&[0; 1000]);
        assert_eq!(frames.advance(), Ok(false));
    }
    assert!(frames.assembled.capacity() <= 256_000);
    assert!(frames.buffer.capacity() <= ROOM_MAX + 1000);
    // A large message's memory is given back with the next thing.
    let mut frames = Frames::new(64 << 20);
    let bytes = frame(BINARY, &vec![0; 4 << 20]);
    for piece in bytes.chunks(ROOM_MIN) {
        frames.space().extend_from_slice(piece);
        let _ = frames.advance();
    }
    assert_eq!(
        frames
            .current()
            .map(|i| matches!(i, Incoming::Binary(b) if b.len() == 4 << 20)),
        Some(true)
    );
    assert_eq!(frames.advance(), Ok(false));
    assert!(frames.assembled.capacity() <= ASSEMBLED_KEEP_MAX);
    assert!(frames.buffer.capacity() <= ROOM_MAX * 2);
}

#[test]
fn a_busy_stream_is_read_in_larger_pieces_and_an_idle_one_is_not() {
    let mut frames = Frames::new(MAX);
    assert_eq!(frames.space().capacity(), ROOM_MIN);
    for _ in 0..10 {
        frames.space().extend_from_slice(&frame(BINARY, b"a"));
        assert_eq!(frames.advance(), Ok(true));
        assert_eq!(frames.advance(), Ok(false));
    }
    assert_eq!(frames.space().capacity(), ROOM_MIN);
    for _ in 0..10 {
        let room = frames.space();
        let spare = room.capacity() - room.len();
        room.extend(PINGS.iter().cycle().take(spare));
        while frames.advance() == Ok(true) {}
    }
    let room = frames.space();
    assert!(room.capacity() - room.len() >= ROOM_MAX);
}

const PINGS: [u8; 2] = [PING, 0];

/// A message in fragments, each with the control frames that come before it.
#[derive(Clone, Debug)]
struct Message {
    binary: bool,
    text: String,
    cuts: Vec<prop::sample::Index>,
    controls: Vec<(bool, Vec<u8>)>,
}

fn message() -> impl Strategy<Value = Message> {
    (
        any::<bool>(),
        ".{0,300}",
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..20)),
            0..3,
        ),
    )
        .prop_map(|(binary, text, cuts, controls)| Message {
            binary,
            text,
            cuts,
            controls,
        })
}

impl Message {
    fn write(&self, bytes: &mut Vec<u8>, wanted: &mut Vec<Got>) {
        let payload = self.text.as_bytes();
        let mut cuts: Vec<usize> = self
            .cuts
            .iter()
            .map(|c| c.index(payload.len() + 1))
            .collect();
        cuts.push(0);
        cuts.push(payload.len());
        cuts.sort_unstable();
        let last = cuts.len() - 2;
        let mut controls = self.controls.iter();
        for (nth, cut) in cuts.windows(2).enumerate() {
            if let Some((ping, payload)) = controls.next() {
                bytes.extend(frame(if *ping { PING } else { PONG }, payload));
                wanted.push(if *ping {
                    Ping(payload.clone())
                } else {
                    Pong(payload.clone())
                });
            }
            let kind = match (nth, self.binary) {
                (0, true) => BINARY_BEGINS,
                (0, false) => TEXT_BEGINS,
                _ => GOES_ON,
            };
            let fin = if nth == last { 0x80 } else { 0 };
            bytes.extend(frame(fin | kind, &payload[cut[0]..cut[1]]));
        }
        wanted.push(if self.binary {
            Binary(payload.to_vec())
        } else {
            Text(self.text.clone())
        });
    }
}

proptest! {
    #[test]
    fn any_cut_of_any_stream_gives_its_messages(
        messages in prop::collection::vec(message(), 1..5),
        pieces in prop::collection::vec(1_usize..200, 1..50),
    ) {
        let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
        for message in &messages {
            message.write(&mut bytes, &mut wanted);
        }
        let mut frames = Frames::new(MAX);
        let mut got = Vec::new();
        let mut rest = bytes.as_slice();
        for piece in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*piece).min(rest.len()));
            frames.space().extend_from_slice(now);
            prop_assert!(take(&mut frames, &mut got));
            rest = later;
        }
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn any_bytes_in_any_cut_give_the_same_and_bounded_memory(
        bytes in prop::collection::vec(
            prop_oneof![4 => any::<u8>(), 2 => prop::sample::select(vec![0x81_u8, 0x01, 0x80, 0x82, 0x88, 0x89, 0, 2, 126])],
            0..400,
        ),
        piece in 1_usize..40,
    ) {
        prop_assert_eq!(read(&bytes, piece), read(&bytes, bytes.len().max(1)));
        let mut frames = Frames::new(64);
        for piece in bytes.chunks(piece) {
            frames.space().extend_from_slice(piece);
            while frames.advance() == Ok(true) {}
            prop_assert!(frames.assembled.len() <= 64);
        }
    }
}
