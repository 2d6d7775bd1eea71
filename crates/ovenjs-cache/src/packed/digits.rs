//! Ids, times and hashes from their digits, many at once.

use super::{
    scan::{WORD, each},
    write::{HASH_BYTES, put_hash},
};

/// A time between quotes, of which the first is gone, in microseconds since the beginning of 1970, and how long it
/// is: as Discord writes most of them, `2026-01-31T12:00:00.000000+00:00`, and later than that.
#[inline]
pub(super) fn usual_time(text: &[u8]) -> Option<(i64, usize)> {
    let (words, rest) = text.split_first_chunk::<TIME_BYTES>()?;
    let (words, _) = words.as_chunks();
    let mut words = words.iter().copied().map(u64::from_le_bytes);
    let mut pairs = |form: Digits| form.pairs(words.next()?);
    let [century, _, year, _, _, month, _, _] = pairs(const { Digits::of(b"0000-00-") })?;
    let [day, _, _, hour, _, _, minute, _] = pairs(const { Digits::of(b"00T00:00") })?;
    let [_, second, _, _, high, _, middle, _] = pairs(const { Digits::of(b":00.0000") })?;
    let [low, _, _, utc_hours, _, _, utc_minutes, _] = pairs(const { Digits::of(b"00+00:00") })?;
    let year = i64::from(century) * 100 + i64::from(year);
    // In these years each fourth one has its day more.
    let is_usual = (1_970..2_100).contains(&year)
        && rest.first() == Some(&b'"')
        && hour < 24
        && minute < 60
        && second < 60
        && (utc_hours, utc_minutes) == (0, 0);
    let (before, length) = *MONTHS.get(usize::from(month))?;
    let leap = i64::from(year % 4 == 0);
    let length = if month == 2 { length + leap } else { length };
    let day = i64::from(day);
    if !is_usual || day < 1 || day > length {
        return None;
    }
    let leaps = (year - 1_969) / 4 + if month > 2 { leap } else { 0 };
    let days = (year - 1_970) * 365 + leaps + before + day - 1;
    let seconds = ((days * 24 + i64::from(hour)) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let micros = (i64::from(high) * 100 + i64::from(middle)) * 100 + i64::from(low);
    Some((seconds * 1_000_000 + micros, TIME_BYTES))
}

/// Eight bytes in which zeros stand for digits and all else for itself.
#[derive(Clone, Copy)]
struct Digits {
    form: u64,
    /// All bits of what stands for itself.
    marks: u64,
}

impl Digits {
    const fn of(form: &[u8; WORD]) -> Self {
        let mut marks = [0; WORD];
        let (mut from, mut to) = (form.as_slice(), marks.as_mut_slice());
        while let ([byte, bytes @ ..], [mark, marks @ ..]) = (from, to) {
            if *byte != b'0' {
                *mark = u8::MAX;
            }
            (from, to) = (bytes, marks);
        }
        Self {
            form: u64::from_le_bytes(*form),
            marks: u64::from_le_bytes(marks),
        }
    }

    /// What each digit is worth together with what follows it, where the word has this form.
    #[inline]
    fn pairs(self, word: u64) -> Option<[u8; WORD]> {
        // Marks that are right leave nothing.
        let digits = word ^ self.form;
        let wrong = (digits | digits.wrapping_add(each(6))) & each(0xf0) | digits & self.marks;
        let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
        (wrong == 0).then_some(pairs.to_le_bytes())
    }
}

/// The days before a month, and in it, of a year without a leap day; the first is none.
const MONTHS: [(i64, i64); 13] = [
    (0, 0),
    (0, 31),
    (31, 28),
    (59, 31),
    (90, 30),
    (120, 31),
    (151, 30),
    (181, 31),
    (212, 31),
    (243, 30),
    (273, 31),
    (304, 30),
    (334, 31),
];

const TIME_BYTES: usize = 32;

/// An id between quotes, of which the first is gone, and how many digits it has: so many that it is none of
/// the numbers too large for one.
#[inline]
pub(super) fn snowflake(text: &[u8]) -> Option<(u64, usize)> {
    let (mut number, mut length) = (0, 0);
    let mut left = text;
    while let Some((word, after)) = left.split_first_chunk()
        && let Some(eight) = eight_digits(u64::from_le_bytes(*word))
    {
        if length == 2 * WORD {
            return None;
        }
        number = number * 100_000_000 + eight;
        (left, length) = (after, length + WORD);
    }
    loop {
        let (byte, after) = left.split_first()?;
        match byte {
            b'0'..=b'9' if length < 19 => number = number * 10 + u64::from(byte - b'0'),
            b'"' if number != 0 => return Some((number, length)),
            _ => return None,
        }
        (left, length) = (after, length + 1);
    }
}

/// The number that eight digits are.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    let digits = word ^ each(b'0');
    // What is above nine reaches the upper half of its byte with six more.
    if (digits | digits.wrapping_add(each(6))) & each(0xf0) != 0 {
        return None;
    }
    // Pairs, then fours, then all of them.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// Writes the hash of an image between quotes, of which the first is gone. How long it is, if it is one.
#[inline]
pub(super) fn hash(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let length = 2 * HASH_BYTES
        + if text.first_chunk() == Some(b"a_") {
            2
        } else {
            0
        };
    let (hash, rest) = text.split_at_checked(length)?;
    (rest.first() == Some(&b'"') && put_hash(hash, out)).then_some(length)
}
