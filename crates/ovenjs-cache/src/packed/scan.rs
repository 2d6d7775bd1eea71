//! From the text of a payload straight to a packed object, in one pass.
//!
//! It reads what Discord sends: what it passes over it follows no further than to its end, and what it meets
//! seldom (numbers with fractions, ill-formed text, nesting without end) it leaves to the reader of the
//! model, which reads all JSON there is. Where both read a payload, they make the same of it.

use super::{
    FIRST, Field, Form, Shape, Unwanted, absent,
    digits::{hash, snowflake, usual_time},
    escapes::unescape,
    mark,
    starts::Starts,
    write::{
        close, open, put_bool, put_bytes, put_null, put_signed, put_string, put_text, put_unsigned,
        put_varint, time_number,
    },
};

/// Writes the kept fields of the object in a text, but for those that are `unwanted`, here and in what it holds. Whether all are there
/// that must be; nothing where the text is left to another reader. Where the fields at the top begin goes to
/// `starts`, which are empty.
pub(super) fn scan(
    text: &[u8],
    shape: &'static Shape,
    unwanted: &Unwanted,
    out: &mut Vec<u8>,
    starts: &mut Starts,
) -> Option<bool> {
    let mut scan = Scan {
        text,
        at: 0,
        first: 0,
        depth: 0,
        plain: String::new(),
        unwanted,
    };
    (scan.pass_space() == b'{').then_some(())?;
    scan.at += 1;
    let fits = scan.fields(shape, out, Some(starts))?;
    scan.pass_space();
    (scan.at == text.len()).then_some(fits)
}

struct Scan<'a> {
    text: &'a [u8],
    /// Up to where it has been read.
    at: usize,
    /// Where the first field of the table has its value in the object that was read last, 0 where it has none.
    first: usize,
    /// How deep it is in values of any form.
    depth: usize,
    /// A text without its escapes.
    plain: String,
    unwanted: &'a Unwanted,
}

/// What stands between quotes.
struct Quoted<'a> {
    bytes: &'a [u8],
    /// Whether it stands for itself.
    is_plain: bool,
    is_ascii: bool,
}

impl<'a> Quoted<'a> {
    fn text(&self) -> Option<&'a str> {
        str::from_utf8(self.bytes).ok()
    }
}

impl<'a> Scan<'a> {
    /// The fields of an object whose brace is taken.
    fn fields(
        &mut self,
        shape: &'static Shape,
        out: &mut Vec<u8>,
        mut starts: Option<&mut Starts>,
    ) -> Option<bool> {
        // What stands twice counts once, as the first time.
        let mut met = self.unwanted.of(shape);
        let (object, mut first_field) = (out.len(), 0);
        let mut before = FIRST;
        if self.pass_space() == b'}' {
            self.at += 1;
            self.first = 0;
            return Some(shape.musts & !met == 0);
        }
        loop {
            let field = match self.guessed(shape, before) {
                Some(guessed) => Some(guessed),
                None => {
                    let quote = self.pass_space();
                    let name = self.key(quote)?;
                    let field = shape.place(name.is_plain.then_some(name.bytes)?);
                    if let Some((place, _)) = field {
                        shape.after.learn(before, place);
                    }
                    field
                }
            };
            if let Some((place, field)) = field {
                before = usize::from(place);
                if !self.pass_absent(field) {
                    let first = self.pass_space();
                    if met >> place & 1 == 1 {
                        self.pass(first)?;
                    } else {
                        let begin = out.len();
                        out.push(place);
                        if self.value(first, &field.form, out)? {
                            met |= 1 << place;
                            if let Some(starts) = &mut starts {
                                starts.note(place, begin + 1, self.first);
                            }
                            if place == 0 {
                                first_field = begin + 1 - object;
                            }
                        } else {
                            out.truncate(begin);
                        }
                    }
                }
            } else {
                let first = self.pass_space();
                self.pass(first)?;
            }
            match self.pass_space() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    self.first = first_field;
                    return Some(shape.musts & !met == 0);
                }
                _ => return None,
            }
        }
    }

    /// The field that is expected, if its key is next.
    #[inline]
    fn guessed(&mut self, shape: &'static Shape, before: usize) -> Option<(u8, &'static Field)> {
        let (place, field) = shape.guess(before)?;
        self.at += field.key_length(self.text.get(self.at..)?)?;
        Some((place, field))
    }

    /// Passes over a value that is as good as none, as those of most fields are.
    #[inline]
    fn pass_absent(&mut self, field: &Field) -> bool {
        let left = self.text.get(self.at..).unwrap_or_default();
        let Some(word) = left.first_chunk().copied().map(u64::from_le_bytes) else {
            return false;
        };
        let begins_with = |value: &[u8; WORD], length: usize| {
            (word ^ u64::from_le_bytes(*value)) << (64 - 8 * length) == 0
        };
        let (absent, length) = if begins_with(b"null    ", 4) {
            (absent::NULL, 4)
        } else if begins_with(b"false   ", 5) {
            (absent::FALSE, 5)
        } else if begins_with(b"[]      ", 2) {
            (absent::EMPTY, 2)
        } else {
            return false;
        };
        if field.absents & absent == 0 {
            return false;
        }
        self.at += length;
        true
    }

    /// A name and the colon after it.
    #[inline]
    fn key(&mut self, quote: u8) -> Option<Quoted<'a>> {
        (quote == b'"').then_some(())?;
        let name = self.quoted()?;
        (self.pass_space() == b':').then_some(())?;
        self.at += 1;
        Some(name)
    }

    /// Writes the value that begins with this byte. Whether it fits; what does not may leave bytes behind.
    fn value(&mut self, first: u8, form: &'static Form, out: &mut Vec<u8>) -> Option<bool> {
        if matches!(form, Form::Passed) {
            return self.pass(first).map(|()| false);
        }
        match first {
            b'"' => self.text_value(form, out),
            b'n' => {
                self.word(b"null")?;
                Some(put_null(form, out))
            }
            b'f' => {
                self.word(b"false")?;
                Some(put_bool(form, false, out))
            }
            b't' => {
                self.word(b"true")?;
                Some(put_bool(form, true, out))
            }
            b'{' => self.object_value(form, out),
            b'[' => self.list_value(form, out),
            b'-' => {
                self.at += 1;
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

    fn text_value(&mut self, form: &'static Form, out: &mut Vec<u8>) -> Option<bool> {
        match form {
            Form::Id => {
                if let Some((id, length)) = self.text.get(self.at + 1..).and_then(snowflake) {
                    self.at += length + 2;
                    out.extend(id.to_le_bytes());
                    return Some(true);
                }
            }
            Form::Text => {
                let text = self.quoted()?;
                if text.is_plain && (text.is_ascii || text.text().is_some()) {
                    put_bytes(out, text.bytes);
                    return Some(true);
                }
                return self.put_quoted(&text, form, out);
            }
            Form::Word(words) => {
                let word = self.quoted()?;
                let known = words
                    .iter()
                    .position(|known| known.as_bytes() == word.bytes);
                let known = known.filter(|_| word.is_plain).map(u8::try_from);
                let Some(Ok(place)) = known else {
                    return self.put_quoted(&word, form, out);
                };
                out.push(place);
                return Some(true);
            }
            Form::Hash => {
                if let Some(length) = self
                    .text
                    .get(self.at + 1..)
                    .and_then(|text| hash(text, out))
                {
                    self.at += length + 2;
                    return Some(true);
                }
            }
            Form::Time => {
                if let Some((micros, length)) = self.text.get(self.at + 1..).and_then(usual_time) {
                    self.at += length + 2;
                    put_varint(out, time_number(micros));
                    return Some(true);
                }
            }
            _ => {}
        }
        let text = self.quoted()?;
        self.put_quoted(&text, form, out)
    }

    fn put_quoted(&mut self, quoted: &Quoted<'_>, form: &Form, out: &mut Vec<u8>) -> Option<bool> {
        let text = quoted.text()?;
        if quoted.is_plain {
            return Some(put_string(form, text, out));
        }
        self.plain.clear();
        unescape(text, &mut self.plain)?;
        Some(put_string(form, &self.plain, out))
    }

    fn object_value(&mut self, form: &'static Form, out: &mut Vec<u8>) -> Option<bool> {
        match form {
            Form::Object(shape) => {
                self.at += 1;
                let begin = open(out);
                let fits = self.fields(shape, out, None)?;
                close(out, begin);
                Some(fits)
            }
            Form::Any => {
                self.at += 1;
                out.push(mark::MAP);
                let begin = open(out);
                self.deeper(|scan| scan.entries(out))?;
                close(out, begin);
                Some(true)
            }
            form => {
                self.pass_nested()?;
                Some(matches!(form, Form::There))
            }
        }
    }

    fn list_value(&mut self, form: &'static Form, out: &mut Vec<u8>) -> Option<bool> {
        match form {
            Form::List(form) => {
                self.at += 1;
                let begin = open(out);
                self.elements(form, out)?;
                // An empty list is as good as none.
                let fits = out.len() > begin;
                close(out, begin);
                Some(fits)
            }
            Form::Any => {
                self.at += 1;
                out.push(mark::LIST);
                let begin = open(out);
                self.deeper(|scan| scan.elements(&Form::Any, out))?;
                close(out, begin);
                Some(true)
            }
            _ => {
                self.pass_nested()?;
                Some(false)
            }
        }
    }

    /// The elements of a list whose bracket is taken. One that does not fit is left out.
    fn elements(&mut self, form: &'static Form, out: &mut Vec<u8>) -> Option<()> {
        let mut first = self.pass_space();
        if first == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            let end = out.len();
            if !self.value(first, form, out)? {
                out.truncate(end);
            }
            match self.pass_space() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            first = self.pass_space();
        }
    }

    /// The members of an object whose brace is taken, each with its key.
    fn entries(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let mut next = self.pass_space();
        if next == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.key(next)?;
            put_text(out, key.text().filter(|_| key.is_plain)?);
            let first = self.pass_space();
            self.value(first, &Form::Any, out)?;
            match self.pass_space() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            next = self.pass_space();
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

    /// Passes over the value that begins with this byte.
    fn pass(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.quoted().map(drop),
            b'{' | b'[' => self.pass_nested(),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'0'..=b'9' | b'-' => {
                self.at += 1;
                while let b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' = self.peek() {
                    self.at += 1;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// Passes over an object or a list, eight bytes at a time: all that matters is where texts begin and end,
    /// and the brackets outside of them.
    fn pass_nested(&mut self) -> Option<()> {
        let (mut at, mut depth) = (self.at, 0_usize);
        // A one in each byte while it is inside of a text.
        let mut inside = 0;
        loop {
            let left = self.text.get(at..)?;
            let word = left.first_chunk().map(|word| u64::from_le_bytes(*word));
            if let Some(word) = word.filter(|word| zeros(word ^ each(b'\\')) == 0) {
                let quotes = zeros_only(word ^ each(b'"')) >> 7;
                // A byte of the product counts the quotes up to it.
                let texts = (quotes.wrapping_mul(LOW) & LOW) ^ inside;
                // `[`, `{`, `]` and `}`, and a letter which no word of JSON has.
                let brackets = zeros_only((word | each(0x20)) & each(0xf9) ^ each(0x79)) >> 7;
                let mut brackets = brackets & !texts;
                while brackets != 0 {
                    let shift = brackets.trailing_zeros();
                    // This bit tells opening ones from closing ones.
                    if word >> shift & 2 != 0 {
                        depth += 1;
                    } else if depth > 1 {
                        depth -= 1;
                    } else {
                        self.at = at + byte_place(shift) + 1;
                        return Some(());
                    }
                    brackets &= brackets - 1;
                }
                inside = (texts >> 56).wrapping_mul(LOW);
                at += WORD;
                continue;
            }
            // At the end of the text, and where something is escaped.
            for byte in left.iter().take(WORD) {
                at += 1;
                match byte {
                    b'\\' => {
                        at += 1;
                        break;
                    }
                    b'"' => inside ^= LOW,
                    b'{' | b'[' if inside == 0 => depth += 1,
                    b'}' | b']' if inside == 0 => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            self.at = at;
                            return Some(());
                        }
                    }
                    _ => {}
                }
            }
            if left.is_empty() {
                return None;
            }
        }
    }

    /// The next byte, 0 at the end.
    #[inline]
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or_default()
    }

    /// Passes over space, of which Discord writes none, to the byte after it; 0 at the end.
    #[inline]
    fn pass_space(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
    }

    #[inline]
    fn word<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        let found = self.text.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        (found == word).then_some(())
    }

    /// A whole number.
    fn digits(&mut self) -> Option<u64> {
        let begin = self.at;
        let mut number = 0_u64;
        while let digit @ b'0'..=b'9' = self.peek() {
            number = number
                .checked_mul(10)?
                .checked_add(u64::from(digit - b'0'))?;
            if number < 10 && self.at > begin {
                // No number begins with a zero.
                return None;
            }
            self.at += 1;
        }
        let is_whole = !matches!(self.peek(), b'.' | b'e' | b'E');
        (self.at > begin && is_whole).then_some(number)
    }

    /// What stands between the quote here and the one that closes it.
    #[inline]
    fn quoted(&mut self) -> Option<Quoted<'a>> {
        let begin = self.at + 1;
        let mut at = begin;
        let (mut high, mut is_plain) = (0, true);
        loop {
            let left = self.text.get(at..)?;
            let byte = if let Some(word) = left.first_chunk() {
                let word = u64::from_le_bytes(*word);
                let found = specials(word);
                if found == 0 {
                    high |= word;
                    at += WORD;
                    continue;
                }
                let shift = found.trailing_zeros() & !7;
                high |= word & !(u64::MAX << shift);
                at += byte_place(shift);
                let [byte, ..] = (word >> shift).to_le_bytes();
                byte
            } else {
                let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
                let found = left.iter().position(is_special)?;
                // The last few bytes of a payload: whether they are text need not be known before.
                high |= HIGH;
                at += found;
                *left.get(found)?
            };
            match byte {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    at += 2;
                }
                // Control characters are escaped.
                _ => return None,
            }
        }
        self.at = at + 1;
        Some(Quoted {
            bytes: self.text.get(begin..at)?,
            is_plain,
            is_ascii: high & HIGH == 0,
        })
    }
}

/// The highest bits of those bytes that do not stand for themselves in a string. What stands after the first one
/// may be wrong.
#[inline]
const fn specials(word: u64) -> u64 {
    let control = word.wrapping_sub(each(b' ')) & !word & HIGH;
    zeros(word ^ each(b'"')) | zeros(word ^ each(b'\\')) | control
}

/// The highest bits of those bytes that are zero. What stands after the first one may be wrong.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// The highest bits of those bytes that are zero, and no other.
#[inline]
const fn zeros_only(word: u64) -> u64 {
    !(((word & !HIGH) + !HIGH) | word) & HIGH
}

/// Eight times the same byte.
pub(super) const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WORD])
}

#[inline]
fn byte_place(shift: u32) -> usize {
    let [bits, ..] = shift.to_le_bytes();
    usize::from(bits / 8)
}

const LOW: u64 = each(0x01);
const HIGH: u64 = each(0x80);

pub(super) const WORD: usize = size_of::<u64>();

/// Discord's payloads have about ten levels.
const DEPTH_MAX: usize = 64;
