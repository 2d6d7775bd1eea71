//! What the file of a sticker has to be: PNG, APNG, GIF or Lottie, small, short and no wider than
//! Discord shows it.
//!
//! Only heads and lengths are read; nobody looks at a picture here.

use std::time::Duration;

use serde_json::Value;

use crate::{failure::Failure, json::Fields, world::message::dimensions, world::sticker::format};

/// The format of a sticker's file, or why Discord does not take it.
pub(super) fn format(bytes: &[u8], with_lottie: bool) -> Result<u64, Failure> {
    if bytes.len() > MAX_BYTES {
        let message = "File uploaded exceeds the maximum size";
        return Err(Failure::new(400, 50045, message));
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        if !with_lottie {
            // Only verified and partnered guilds may have such stickers.
            return Err(invalid());
        }
        return lottie(bytes).map(|()| format::LOTTIE);
    }
    let (width, height) = dimensions(bytes).ok_or_else(invalid)?;
    if width > SIDE || height > SIDE {
        return Err(invalid());
    }
    let (format, film) = if bytes.starts_with(b"GIF8") {
        (format::GIF, gif(bytes))
    } else if bytes.starts_with(PNG) {
        let film = png(bytes);
        let format = if film.frames == 0 {
            format::PNG
        } else {
            format::APNG
        };
        (format, film)
    } else {
        return Err(invalid());
    };
    if film.frames > MAX_FRAMES {
        let message = "Sticker frame count exceeds maximum of 1000 frames";
        return Err(Failure::new(400, 170_004, message));
    }
    if film.length > MAX_LENGTH {
        return Err(too_long());
    }
    Ok(format)
}

/// How many frames a file has, and how long they take together.
#[derive(Debug, Default)]
struct Film {
    frames: u64,
    length: Duration,
}

/// An APNG tells of each frame in a chunk `fcTL`.
fn png(bytes: &[u8]) -> Film {
    let mut film = Film::default();
    let mut at = PNG.len();
    // Each chunk is longer than nothing, so this ends with the file.
    while let Some((size, kind)) = number(bytes, at, 4).zip(bytes.get(at + 4..at + 8)) {
        if kind == b"fcTL"
            && let Some((part, whole)) = number(bytes, at + 28, 2).zip(number(bytes, at + 30, 2))
        {
            film.frames += 1;
            // A whole of 0 is a hundred.
            let whole = if whole == 0 { 100 } else { whole };
            film.length += Duration::from_millis(part * 1000 / whole);
        }
        let size = usize::try_from(size).unwrap_or(MAX_BYTES).min(MAX_BYTES);
        at += size + 12;
    }
    film
}

/// A GIF tells of each frame in a graphic control extension.
fn gif(bytes: &[u8]) -> Film {
    read_gif(bytes).unwrap_or_default()
}

fn read_gif(bytes: &[u8]) -> Option<Film> {
    let mut film = Film::default();
    let table = |flags: u8| {
        if flags & 0x80 == 0 {
            0
        } else {
            3 << ((flags & 7) + 1)
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        at += match bytes.get(at) {
            Some(0x21) => {
                if bytes.get(at + 1) == Some(&0xf9) {
                    let hundredths = bytes.get(at + 4..at + 6)?.iter().rev();
                    let hundredths = hundredths.fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
                    film.frames += 1;
                    film.length += Duration::from_millis(hundredths * 10);
                }
                2 + blocks(bytes, at + 2)?
            }
            Some(0x2c) => {
                let head = 10 + table(*bytes.get(at + 9)?) + 1;
                head + blocks(bytes, at + head)?
            }
            // The trailer, or the end of a file that ends early.
            _ => return Some(film),
        };
    }
}

/// The length of a GIF's row of blocks, each of which says its own; an empty one ends the row.
fn blocks(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let size = usize::from(*bytes.get(at)?);
        at += size + 1;
        if size == 0 {
            return Some(at - start);
        }
    }
}

fn lottie(bytes: &[u8]) -> Result<(), Failure> {
    let bad = || Failure::new(400, 170_001, "Invalid JSON for uploaded Lottie file");
    let film: Value = serde_json::from_slice(bytes).map_err(|_| bad())?;
    let film = film.as_object().ok_or_else(bad)?;
    let number = |key: &str| film.get(key).and_then(Value::as_f64).ok_or_else(bad);
    let (rate, start, end) = (number("fr")?, number("ip")?, number("op")?);
    let has_raster = film.list("assets").iter().any(|asset| {
        let data = asset.get("p").and_then(Value::as_str).unwrap_or_default();
        data.starts_with("data:image/") || data.ends_with(".png") || data.ends_with(".jpg")
    });
    if has_raster {
        let message = "Uploaded Lotties cannot contain rasterized images such as PNG or JPEG";
        return Err(Failure::new(400, 170_002, message));
    }
    if [number("w")?, number("h")?]
        .into_iter()
        .any(|side| side > LOTTIE_SIDE)
    {
        let message = "Lottie animation maximum dimensions exceeded";
        return Err(Failure::new(400, 170_005, message));
    }
    if rate > MAX_RATE {
        return Err(Failure::new(
            400,
            170_003,
            "Sticker maximum framerate exceeded",
        ));
    }
    if rate < 1.0 {
        let message = "Sticker frame rate is either too small or too large";
        return Err(Failure::new(400, 170_006, message));
    }
    if (end - start) / rate > MAX_LENGTH.as_secs_f64() {
        return Err(too_long());
    }
    Ok(())
}

/// A number of so many bytes, the greatest first.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
    )
}

fn invalid() -> Failure {
    Failure::new(400, 50046, "Invalid file uploaded")
}

fn too_long() -> Failure {
    let message = "Sticker animation duration exceeds maximum of 5 seconds";
    Failure::new(400, 170_007, message)
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Discord's bound on the file of a sticker.
const MAX_BYTES: usize = 512 * 1024;

/// Discord's bound on width and height, in pixels.
const SIDE: u64 = 320;
const LOTTIE_SIDE: f64 = 320.0;

const MAX_LENGTH: Duration = Duration::from_secs(5);
const MAX_FRAMES: u64 = 1000;

/// Frames in a second; Discord has such a bound and does not say which.
const MAX_RATE: f64 = 60.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(side: u32, frames: usize, hundredths: u16) -> Vec<u8> {
        let mut bytes = PNG.to_vec();
        let mut chunk = |kind: &[u8], data: &[u8]| {
            bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend([kind, data, &[0; 4]].concat());
        };
        let size = [side.to_be_bytes(), side.to_be_bytes()].concat();
        chunk(b"IHDR", &[&size[..], &[8, 6, 0, 0, 0]].concat());
        for _ in 0..frames {
            let delay = [hundredths.to_be_bytes(), [0, 0]].concat();
            chunk(b"fcTL", &[&[0; 20][..], &delay, &[0; 2]].concat());
        }
        chunk(b"IEND", &[]);
        bytes
    }

    fn code(bytes: &[u8]) -> u64 {
        format(bytes, true).unwrap_err().code
    }

    #[test]
    fn a_png_stands_still_or_moves_for_five_seconds() {
        assert_eq!(format(&png_of(320, 0, 0), false), Ok(format::PNG));
        assert_eq!(format(&png_of(320, 5, 100), false), Ok(format::APNG));
        assert_eq!(code(&png_of(320, 6, 100)), 170_007);
        assert_eq!(code(&png_of(320, 1001, 0)), 170_004);
        assert_eq!(code(&png_of(321, 0, 0)), 50046);
        assert_eq!(code(b"bread"), 50046);
        assert_eq!(code(&vec![0; MAX_BYTES + 1]), 50045);
    }

    #[test]
    fn a_gif_moves_for_five_seconds() {
        let gif = |hundredths: u16| {
            let mut bytes = b"GIF89a\x10\0\x10\0\x80\0\0".to_vec();
            bytes.extend([0; 6]);
            for _ in 0..2 {
                let [low, high] = hundredths.to_le_bytes();
                bytes.extend([0x21, 0xf9, 4, 0, low, high, 0, 0]);
                bytes.extend([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 7, 0]);
            }
            bytes.push(0x3b);
            bytes
        };
        assert_eq!(format(&gif(250), false), Ok(format::GIF));
        assert_eq!(code(&gif(251)), 170_007);
    }

    #[test]
    fn a_lottie_is_json_without_pictures() {
        let film = |rate: u64, frames: u64, side: u64, asset: &str| {
            let text = format!(
                r#"{{"fr":{rate},"ip":0,"op":{frames},"w":{side},"h":{side},"assets":[{{"p":"{asset}"}}]}}"#
            );
            format(text.as_bytes(), true).map_err(|failure| failure.code)
        };
        assert_eq!(film(60, 300, 320, ""), Ok(format::LOTTIE));
        assert_eq!(film(60, 301, 320, ""), Err(170_007));
        assert_eq!(film(61, 60, 320, ""), Err(170_003));
        assert_eq!(film(0, 60, 320, ""), Err(170_006));
        assert_eq!(film(60, 60, 321, ""), Err(170_005));
        assert_eq!(film(60, 60, 320, "data:image/png;base64,AA"), Err(170_002));
        assert_eq!(code(b"{"), 170_001);
        assert_eq!(format(b"{}", false).unwrap_err().code, 50046);
    }
}
