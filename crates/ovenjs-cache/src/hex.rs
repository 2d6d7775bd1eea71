//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

/// Two digits for each byte, in small letters.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of which these are the digits, large or small; nothing where there are more or fewer, or others.
pub(crate) fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; N];
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digit = |letter: u8| char::from(letter).to_digit(16);
        let [high, low] = *pair;
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_were_written_and_nothing_else_is() {
        assert_eq!(digits(&[0x00, 0x9f, 0xff]), "009fff");
        assert_eq!(bytes_of("009fFF"), Some([0x00, 0x9f, 0xff]));
        for none in ["009ff", "009fff0", "009fff00", "009f+f", "", "é09ff"] {
            assert_eq!(bytes_of::<3>(none), None, "{none}");
        }
    }
}
