//! What the file of a sound has to be: MP3 or Ogg, small and short.
//!
//! Only heads and lengths are read; nobody listens here.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::failure::Failure;

/// Refuses a data URI that Discord does not take as a sound.
pub(super) fn check(uri: &str) -> Result<(), Failure> {
    let invalid = || Failure::new(400, 50110, "The provided file is invalid.");
    let (head, data) = uri.split_once(";base64,").ok_or_else(invalid)?;
    if !["audio/ogg", "audio/mpeg", "audio/mp3"]
        .contains(&head.strip_prefix("data:").unwrap_or_default())
    {
        return Err(Failure::new(
            400,
            50123,
            "The provided file type is invalid.",
        ));
    }
    if data.len() / 4 * 3 > MAX_BYTES + 2 {
        let message = "File uploaded exceeds the maximum size";
        return Err(Failure::new(400, 50045, message));
    }
    let bytes = BASE64_STANDARD.decode(data).map_err(|_| invalid())?;
    let millis = if bytes.starts_with(b"OggS") {
        ogg(&bytes)
    } else {
        mp3(&bytes)
    };
    match millis {
        None => Err(invalid()),
        Some(0) => Err(Failure::new(
            400,
            50192,
            "The provided file does not have a valid duration.",
        )),
        Some(millis) if millis > MAX_MILLIS => Err(Failure::new(
            400,
            50124,
            "The provided file duration exceeds maximum of 5.2 seconds.",
        )),
        Some(_) => Ok(()),
    }
}

/// The last page of an Ogg file says how many samples there are up to it; the first one how many
/// make a second, which are always 48,000 in Opus.
fn ogg(bytes: &[u8]) -> Option<u64> {
    let mut at = 0;
    let mut samples = 0;
    let mut rate = None;
    while let Some(page) = bytes.get(at..).filter(|page| page.starts_with(b"OggS")) {
        let position = little(page, 6, 8)?;
        // A page on which no packet ends has no position.
        if position != u64::MAX {
            samples = position;
        }
        let segments = usize::from(*page.get(26)?);
        let lengths = page.get(27..27 + segments)?;
        let size: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        let content = page.get(27 + segments..)?;
        if rate.is_none() {
            rate = if content.starts_with(b"OpusHead") {
                Some(48_000)
            } else if content.starts_with(b"\x01vorbis") {
                little(content, 12, 4).filter(|rate| *rate > 0)
            } else {
                return None;
            };
        }
        at += 27 + segments + size;
    }
    Some(samples.saturating_mul(1000) / rate?)
}

/// An MP3 is a row of frames, each of which says its own length, behind a tag perhaps.
fn mp3(bytes: &[u8]) -> Option<u64> {
    let mut at = 0;
    if bytes.starts_with(b"ID3") {
        // The length of the tag has seven bits to a byte.
        let size = bytes.get(6..10)?.iter();
        let size = size.fold(0, |sum, byte| (sum << 7) | usize::from(byte & 0x7f));
        at = 10 + size;
    }
    let mut micros = 0_u64;
    let mut frames = 0;
    while let Some(frame) = bytes.get(at..).and_then(Frame::read) {
        micros += frame.micros;
        at += frame.size;
        frames += 1;
    }
    (frames > 0).then_some(micros / 1000)
}

/// One frame of an MP3.
struct Frame {
    size: usize,
    micros: u64,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [0xff, second, third, ..] = bytes else {
            return None;
        };
        // Version 1 (11) or 2 (10), layer III (01).
        let is_first = match second & 0b1111_1110 {
            0b1111_1010 => true,
            0b1111_0010 => false,
            _ => return None,
        };
        let place = usize::from(third >> 4);
        let kilobits = if is_first {
            FIRST_KILOBITS
        } else {
            SECOND_KILOBITS
        };
        let kilobits = *kilobits.get(place).filter(|kilobits| **kilobits > 0)?;
        let rate = *[44_100, 48_000, 32_000].get(usize::from((third >> 2) & 3))?;
        let (rate, samples) = if is_first {
            (rate, 1152)
        } else {
            (rate / 2, 576)
        };
        let padding = u64::from((third >> 1) & 1);
        let size = samples / 8 * kilobits * 1000 / rate + padding;
        Some(Self {
            size: usize::try_from(size).ok()?,
            micros: samples * 1_000_000 / rate,
        })
    }
}

/// A number of so many bytes, the least first.
fn little(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
    )
}

/// The bit rates of layer III, by their number in a frame's head.
const FIRST_KILOBITS: [u64; 15] = [
    0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
const SECOND_KILOBITS: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Discord's bound on the file of a sound.
const MAX_BYTES: usize = 512 * 1024;

/// Discord's bound on how long a sound is.
const MAX_MILLIS: u64 = 5200;

#[cfg(test)]
pub(in crate::rest) mod tests {
    use super::*;

    /// An Opus file of this length in which there is nothing to hear.
    pub(in crate::rest) fn opus(millis: u64) -> String {
        let page = |position: u64, content: &[u8]| {
            let mut page = b"OggS\0\0".to_vec();
            page.extend(position.to_le_bytes());
            page.extend([0; 12]);
            page.extend([1, u8::try_from(content.len()).unwrap()]);
            page.extend(content);
            page
        };
        let bytes = [page(0, b"OpusHead"), page(millis * 48, b"hush")].concat();
        format!("data:audio/ogg;base64,{}", BASE64_STANDARD.encode(bytes))
    }

    fn code(uri: &str) -> Option<u64> {
        check(uri).err().map(|failure| failure.code)
    }

    #[test]
    fn a_sound_is_small_and_short() {
        assert_eq!(code(&opus(5200)), None);
        assert_eq!(code(&opus(5201)), Some(50124));
        assert_eq!(code(&opus(0)), Some(50192));
        assert_eq!(code("data:audio/ogg;base64,AAAA"), Some(50110));
        assert_eq!(code("data:audio/wav;base64,AAAA"), Some(50123));
        assert_eq!(code("bell.ogg"), Some(50110));
        let large = BASE64_STANDARD.encode(vec![0; MAX_BYTES + 3]);
        assert_eq!(code(&format!("data:audio/ogg;base64,{large}")), Some(50045));
    }

    #[test]
    fn the_frames_of_an_mp3_are_counted() {
        let mp3 = |frames: usize| {
            // 128 kbit/s at 44.1 kHz: 417 bytes and 26 ms to a frame, behind a tag of five bytes.
            let frame = [&[0xff, 0xfb, 0x90, 0][..], &[0; 413]].concat();
            let bytes = [&b"ID3\x04\0\0\0\0\0\x05title"[..], &frame.repeat(frames)].concat();
            format!("data:audio/mpeg;base64,{}", BASE64_STANDARD.encode(bytes))
        };
        assert_eq!(code(&mp3(199)), None);
        assert_eq!(code(&mp3(200)), Some(50124));
        assert_eq!(code(&mp3(0)), Some(50110));
    }
}
