//! From the text of a payload straight to a packed object, in one pass.
//!
//! It reads what Discord sends: what it passes over it follows no further than to its end, and what it meets
//! seldom (numbers with fractions, ill-formed text, nesting without end) it leaves to the reader of the
//! model, which reads all JSON there is. Where both read a payload, they make the same of it.

use super::{
    Form, Shape, mark,
    write::{
        close, open, put_bool, put_hash, put_null, put_signed, put_string, put_text, put_unsigned,
    },
};

/// Writes the kept fields of the object in a text, but for those that are `unwanted`. Whether all are there
/// that must be; nothing where the text is left to another reader.
pub(super) fn scan(
    text: &[u8],
    shape: &'static Shape,
    unwanted: u64,
    out: &mut Vec<u8>,
) -> Option<bool> {
    let mut scan = Scan {
        rest: text,
        depth: 0,
        plain: String::new(),
    };
    scan.pass_space();
    scan.take(b'{')?;
    let fits = scan.fields(shape, unwanted, out)?;
    scan.pass_space();
    scan.rest.is_empty().then_some(fits)
}

struct Scan<'a> {
    rest: &'a [u8],
    /// How deep it is in values of any form.
    depth: usize,
    /// A text without its escapes.
    plain: String,
}

impl<'a> Scan<'a> {
    /// The fields of an object whose brace is taken.
    fn fields(&mut self, shape: &'static Shape, unwanted: u64, out: &mut Vec<u8>) -> Option<bool> {
        // What stands twice counts once, as the first time.
        let mut met = unwanted;
        self.pass_space();
        if self.take(b'}').is_some() {
            return Some(shape.musts & !met == 0);
        }
        loop {
            self.take(b'"')?;
            let (name, is_plain) = self.string()?;
            if !is_plain {
                return None;
            }
            self.pass_space();
            self.take(b':')?;
            self.pass_space();
            match shape.place(name).filter(|(place, _)| met >> place & 1 == 0) {
                Some((place, field)) => {
                    let begin = out.len();
                    out.push(place);
                    if self.value(&field.form, out)? {
                        met |= 1 << place;
                    } else {
                        out.truncate(begin);
                    }
                }
                None => self.pass()?,
            }
            self.pass_space();
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(shape.musts & !met == 0);
            }
            self.pass_space();
        }
    }

    /// Writes one value. Whether it fits; what does not may leave bytes behind.
    fn value(&mut self, form: &'static Form, out: &mut Vec<u8>) -> Option<bool> {
        let (first, rest) = self.rest.split_first()?;
        match first {
            b'"' => {
                self.rest = rest;
                let (text, is_plain) = self.string()?;
                if matches!(form, Form::Id)
                    && let Some(id) = snowflake(text)
                {
                    out.extend(id.to_le_bytes());
                    return Some(true);
                }
                if matches!(form, Form::Hash) && put_hash(text, out) {
                    return Some(true);
                }
                let text = str::from_utf8(text).ok()?;
                if is_plain {
                    return Some(put_string(form, text, out));
                }
                self.plain.clear();
                unescape(text, &mut self.plain)?;
                Some(put_string(form, &self.plain, out))
            }
            b'{' => match form {
                Form::Object(shape) => {
                    self.rest = rest;
                    let begin = open(out);
                    let fits = self.fields(shape, 0, out)?;
                    close(out, begin);
                    Some(fits)
                }
                Form::Any => {
                    self.rest = rest;
                    out.push(mark::MAP);
                    let begin = open(out);
                    self.deeper(|scan| scan.entries(out))?;
                    close(out, begin);
                    Some(true)
                }
                form => {
                    self.pass()?;
                    Some(matches!(form, Form::There))
                }
            },
            b'[' => match form {
                Form::List(form) => {
                    self.rest = rest;
                    let begin = open(out);
                    self.elements(form, out)?;
                    // An empty list is as good as none.
                    let fits = out.len() > begin;
                    close(out, begin);
                    Some(fits)
                }
                Form::Any => {
                    self.rest = rest;
                    out.push(mark::LIST);
                    let begin = open(out);
                    self.deeper(|scan| scan.elements(&Form::Any, out))?;
                    close(out, begin);
                    Some(true)
                }
                _ => {
                    self.pass()?;
                    Some(false)
                }
            },
            b'n' => {
                self.word(b"null")?;
                Some(put_null(form, out))
            }
            b't' => {
                self.word(b"true")?;
                Some(put_bool(form, true, out))
            }
            b'f' => {
                self.word(b"false")?;
                Some(put_bool(form, false, out))
            }
            b'-' => {
                self.rest = rest;
                let number = i64::try_from(self.digits()?).ok()?;
                // A zero with a sign is a fraction to other readers.
                (number != 0).then(|| put_signed(form, -number, out))
            }
            _ => {
                let number = self.digits()?;
                Some(put_unsigned(form, number, out))
            }
        }
    }

    /// The elements of a list whose bracket is taken. One that does not fit is left out.
    fn elements(&mut self, form: &'static Form, out: &mut Vec<u8>) -> Option<()> {
        self.pass_space();
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            let end = out.len();
            if !self.value(form, out)? {
                out.truncate(end);
            }
            self.pass_space();
            if self.take(b',').is_none() {
                return self.take(b']');
            }
            self.pass_space();
        }
    }

    /// The members of an object whose brace is taken, each with its key.
    fn entries(&mut self, out: &mut Vec<u8>) -> Option<()> {
        self.pass_space();
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            self.take(b'"')?;
            let (key, is_plain) = self.string()?;
            let key = str::from_utf8(key).ok().filter(|_| is_plain)?;
            put_text(out, key);
            self.pass_space();
            self.take(b':')?;
            self.pass_space();
            self.value(&Form::Any, out)?;
            self.pass_space();
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
            self.pass_space();
        }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        read(self)?;
        self.depth -= 1;
        Some(())
    }

    /// Passes over a value, to where its brackets are closed.
    fn pass(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            let (first, rest) = self.rest.split_first()?;
            match first {
                b'"' => {
                    self.rest = rest;
                    self.string()?;
                }
                b'{' | b'[' => {
                    self.rest = rest;
                    open += 1;
                    continue;
                }
                b'}' | b']' => {
                    self.rest = rest;
                    open = open.checked_sub(1)?;
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if open > 0 => {
                    self.rest = rest;
                    continue;
                }
                b'0'..=b'9' | b'a'..=b'z' | b'-' => self.pass_word(),
                _ => return None,
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Passes over a number, `true`, `false` or `null`.
    fn pass_word(&mut self) {
        while let [
            b'0'..=b'9' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'E',
            rest @ ..,
        ] = self.rest
        {
            self.rest = rest;
        }
    }

    /// Discord writes none.
    #[inline]
    fn pass_space(&mut self) {
        while let [byte, rest @ ..] = self.rest
            && *byte <= b' '
        {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return;
            }
            self.rest = rest;
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == byte).then(|| self.rest = rest)
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    /// A whole number.
    fn digits(&mut self) -> Option<u64> {
        let (mut number, mut count) = (0_u64, 0);
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            number = number
                .checked_mul(10)?
                .checked_add(u64::from(digit - b'0'))?;
            if count == 1 && number < 10 {
                // No number begins with a zero.
                return None;
            }
            count += 1;
            self.rest = rest;
        }
        let is_whole = !matches!(self.rest, [b'.' | b'e' | b'E', ..]);
        (count > 0 && is_whole).then_some(number)
    }

    /// What stands before the closing quote, and whether it stands for itself.
    fn string(&mut self) -> Option<(&'a [u8], bool)> {
        let text = self.rest;
        let (mut at, mut is_plain) = (0, true);
        loop {
            at += special(text.get(at..)?)?;
            match text.get(at)? {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    at += 2;
                }
                // Control characters are escaped.
                _ => return None,
            }
        }
        let (text, rest) = text.split_at_checked(at)?;
        self.rest = rest.get(1..)?;
        Some((text, is_plain))
    }
}

/// An id of so many digits that it is none of the numbers too large for one.
fn snowflake(text: &[u8]) -> Option<u64> {
    if text.len() > 19 {
        return None;
    }
    let number = text.iter().try_fold(0, |number: u64, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number.wrapping_mul(10).wrapping_add(digit.into()))
    });
    number.filter(|number| *number != 0)
}

/// Where the first byte is that does not stand for itself in a string.
#[inline]
fn special(text: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    const QUOTE: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASH: u64 = u64::from_le_bytes([b'\\'; 8]);
    const SPACE: u64 = u64::from_le_bytes([b' '; 8]);

    let (mut left, mut passed) = (text, 0);
    while let Some((word, after)) = left.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // The highest bit of a byte says that it is the one; what stands after the first one may be wrong.
        let (quote, backslash) = (word ^ QUOTE, word ^ BACKSLASH);
        let found = quote.wrapping_sub(LOW) & !quote
            | backslash.wrapping_sub(LOW) & !backslash
            | word.wrapping_sub(SPACE) & !word;
        let found = found & HIGH;
        if found != 0 {
            let [byte, ..] = found.trailing_zeros().to_le_bytes();
            return Some(passed + usize::from(byte / 8));
        }
        (left, passed) = (after, passed + 8);
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    let found = left.iter().position(is_special)?;
    Some(passed + found)
}

/// The text that a string stands for.
fn unescape(text: &str, out: &mut String) -> Option<()> {
    let mut parts = text.split('\\');
    out.push_str(parts.next()?);
    while let Some(part) = parts.next() {
        let mut characters = part.chars();
        let character = match characters.next() {
            // Two of them: the second begins an empty part, and what follows stands for itself.
            None => {
                out.push('\\');
                out.push_str(parts.next()?);
                continue;
            }
            Some(same @ ('"' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (unit, rest) = unit(characters.as_str())?;
                match unit {
                    0xd800..0xdc00 => {
                        // The other half of it is the next escape.
                        let (low, rest) = rest
                            .is_empty()
                            .then(|| parts.next()?.strip_prefix('u'))?
                            .and_then(self::unit)?;
                        let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                        out.push(char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + low)?);
                        out.push_str(rest);
                    }
                    unit => {
                        out.push(char::from_u32(unit)?);
                        out.push_str(rest);
                    }
                }
                continue;
            }
            Some(_) => return None,
        };
        out.push(character);
        out.push_str(characters.as_str());
    }
    Some(())
}

/// Four hexadecimal digits and what follows.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u32::from_str_radix(digits, 16).ok();
    unit.filter(|_| is_hexadecimal).map(|unit| (unit, rest))
}

/// Discord's payloads have about ten levels.
const DEPTH_MAX: usize = 64;
