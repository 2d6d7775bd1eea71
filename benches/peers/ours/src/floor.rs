//! What nobody can do without: inflating the stream, and finding name, number and payload of each
//! message. In memory, on one thread, without a socket.

use std::{env, fs};

use zstd_safe::{DCtx, InBuffer, OutBuffer};

pub fn run() {
    let file =
        fs::read(env::var("COURSE_FILE").expect("the course tells its file")).expect("it is there");
    let last: u64 = env::var("COURSE_LAST")
        .expect("the course tells it")
        .parse()
        .expect("a number");
    let mut seen = 0_u64;
    let mut bytes = 0;
    each(&file, |text| {
        let Some((_, seq, payload)) = scan(text) else {
            return true;
        };
        seen += 1;
        bytes += std::hint::black_box(payload).len();
        seq != last
    });
    assert!(bytes > 0, "the stream has payloads");
    println!("{seen} 0");
}

/// Calls `visit` with each message of a file of frames compressed by zstd, until it returns false.
pub fn each(mut file: &[u8], mut visit: impl FnMut(&[u8]) -> bool) {
    let mut stream = DCtx::create();
    let mut out = Vec::with_capacity(4 << 20);
    while let [_, short, rest @ ..] = file {
        let (length, rest) = match short {
            126 => (
                usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                &rest[2..],
            ),
            127 => {
                let long = u64::from_be_bytes(*rest.first_chunk().expect("eight bytes"));
                (usize::try_from(long).expect("it is in memory"), &rest[8..])
            }
            short => (usize::from(*short), rest),
        };
        let (frame, rest) = rest.split_at(length);
        file = rest;
        out.clear();
        let mut input = InBuffer::around(frame);
        while input.pos() < frame.len() {
            let at = out.len();
            let mut output = OutBuffer::around_pos(&mut out, at);
            stream
                .decompress_stream(&mut output, &mut input)
                .expect("the stream is whole");
            if out.len() == out.capacity() {
                out.reserve(out.len());
            }
        }
        if !visit(&out) {
            return;
        }
    }
}

/// Name, number and payload of a dispatch.
pub fn scan(text: &[u8]) -> Option<(&str, u64, &[u8])> {
    let rest = text.strip_prefix(b"{\"t\":\"")?;
    let (name, rest) = rest.split_at(rest.iter().position(|byte| *byte == b'"')?);
    let rest = rest.strip_prefix(b"\",\"s\":")?;
    let (digits, rest) = rest.split_at(rest.iter().position(|byte| *byte == b',')?);
    let payload = rest.strip_prefix(b",\"op\":0,\"d\":")?.strip_suffix(b"}")?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((std::str::from_utf8(name).ok()?, number, payload))
}
