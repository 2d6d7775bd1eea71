//! A text of JSON without its escapes.

/// The text that a string stands for.
pub(super) fn unescape(text: &str, out: &mut String) -> Option<()> {
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
