//! The outer object of a gateway message, read without parsing its payload.
//!
//! Discord writes `{"t":…,"s":…,"op":…,"d":…}` in this order and without white space. That form is
//! recognised byte by byte; anything else goes through a general reader of objects. The fast way
//! takes everything between `"d":` and the last brace for the payload. Should Discord one day
//! write something after `d`, that would be wrong, so [`Reader`] compares both ways on the first
//! messages of a connection and now and then, and leaves the fast one at the first difference.

use std::{borrow::Cow, ops::Range};

/// A message taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    /// The opcode.
    pub(crate) op: u64,
    /// The sequence number `s`.
    pub(crate) seq: Option<u64>,
    /// The event's name `t`.
    pub(crate) name: Option<Cow<'a, str>>,
    /// Where the payload `d` lies; empty where there is none.
    pub(crate) data: Range<usize>,
}

/// Reads envelopes; one for each connection.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    read: u32,
    order_changed: bool,
}

impl Reader {
    /// Takes `text` apart; nothing where it is no message of Discord's.
    pub(crate) fn read<'a>(&mut self, text: &'a [u8]) -> Option<Envelope<'a>> {
        if self.order_changed {
            return any_order(text);
        }
        let Some(fast) = usual_order(text) else {
            return any_order(text);
        };
        let audit = self.read < AUDIT_FIRST || self.read.is_multiple_of(AUDIT_EVERY);
        self.read = self.read.wrapping_add(1);
        if !audit {
            return Some(fast);
        }
        let slow = any_order(text);
        self.order_changed = slow.as_ref() != Some(&fast);
        slow
    }
}

/// Enough to see hello, READY and a few events of the connection.
const AUDIT_FIRST: u32 = 8;

/// Rare enough that the slow way costs nothing.
const AUDIT_EVERY: u32 = 1024;

/// Discord's own form, byte by byte.
fn usual_order(text: &[u8]) -> Option<Envelope<'_>> {
    let rest = text.strip_prefix(b"{\"t\":")?;
    let (name, rest) = if let Some(rest) = rest.strip_prefix(b"null") {
        (None, rest)
    } else {
        let rest = rest.strip_prefix(b"\"")?;
        // Event names are capitals and underscores; anything else takes the general way.
        let end = rest
            .iter()
            .position(|b| !matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))?;
        let (name, rest) = rest.split_at_checked(end)?;
        (
            Some(Cow::Borrowed(std::str::from_utf8(name).ok()?)),
            rest.strip_prefix(b"\"")?,
        )
    };
    let rest = rest.strip_prefix(b",\"s\":")?;
    let (seq, rest) = match rest.strip_prefix(b"null") {
        Some(rest) => (None, rest),
        None => leading_number(rest).map(|(seq, rest)| (Some(seq), rest))?,
    };
    let (op, rest) = leading_number(rest.strip_prefix(b",\"op\":")?)?;
    let rest = rest.strip_prefix(b",\"d\":")?;
    let data = rest.strip_suffix(b"}")?;
    // A payload that ends in the middle of something is no payload.
    let ends = match data.first()? {
        b'{' => data.last()? == &b'}',
        b'[' => data.last()? == &b']',
        _ => return None,
    };
    let start = text.len() - rest.len();
    (ends && data.len() >= 2).then(|| Envelope {
        op,
        seq,
        name,
        data: start..start + data.len(),
    })
}

/// Digits as JSON allows them: no sign, no leading zero, no overflow.
fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|b| !b.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    number(digits).map(|number| (number, rest))
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || (digits.len() > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Any object with an integer `op`, whatever the order of its keys and its white space.
///
/// What lies inside of values is only skipped, so a broken payload passes; it is the reader of the
/// payload who finds out.
fn any_order(text: &[u8]) -> Option<Envelope<'_>> {
    let mut op = None;
    let mut seq = None;
    let mut name = None;
    let mut data = 0..0;
    members(text, |key, value, at| {
        match key {
            "op" => op = Some(number(value)?),
            "s" if value == b"null" => seq = None,
            "s" => seq = Some(number(value)?),
            "t" if value == b"null" => name = None,
            "t" => name = Some(unquoted(value)?),
            "d" => data = at,
            _ => {}
        }
        Some(())
    })?;
    Some(Envelope {
        op: op?,
        seq,
        name,
        data,
    })
}

/// Calls `visit` with each key, value and the value's place of the object that is `text`.
fn members<'a>(
    text: &'a [u8],
    mut visit: impl FnMut(&str, &'a [u8], Range<usize>) -> Option<()>,
) -> Option<()> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.space();
    cursor.take(b'{')?;
    cursor.space();
    if cursor.peek() == Some(b'}') {
        cursor.at += 1;
    } else {
        loop {
            cursor.space();
            let key = unquoted(cursor.string()?)?;
            cursor.space();
            cursor.take(b':')?;
            cursor.space();
            let start = cursor.at;
            cursor.value()?;
            let range = start..cursor.at;
            visit(&key, text.get(range.clone())?, range)?;
            cursor.space();
            match cursor.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
    }
    cursor.space();
    (cursor.at == text.len()).then_some(())
}

/// The text of a JSON string with its quotes.
fn unquoted(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        serde_json::from_slice(quoted).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(inner).ok().map(Cow::Borrowed)
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes a string and returns it with its quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.next()? {
                b'"' => return self.text.get(start..self.at),
                b'\\' => {
                    self.next()?;
                }
                _ => {}
            }
        }
    }

    /// Passes a value, counting brackets instead of calling itself: depth is the peer's choice.
    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => {
                let mut depth = 0_usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
            _ => {
                let start = self.at;
                while self
                    .peek()
                    .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
                {
                    self.at += 1;
                }
                (self.at > start).then_some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn discords_order_is_read_byte_by_byte() {
        let text = br#"{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"content":"}\"]"}}"#;
        let envelope = usual_order(text).unwrap();
        assert_eq!(
            (envelope.op, envelope.seq, envelope.name.as_deref()),
            (0, Some(42), Some("MESSAGE_CREATE"))
        );
        assert_eq!(&text[envelope.data.clone()], br#"{"content":"}\"]"}"#);
        assert_eq!(any_order(text), Some(envelope));
        let hello = br#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#;
        assert_eq!(usual_order(hello), any_order(hello));
    }

    #[test]
    fn any_order_and_white_space_will_do() {
        let text = b" { \"d\" : [ 1 , {\"a\":\"]\"} ] ,\n\"\\u006fp\":7, \"x\":{\"op\":1}, \"t\":\"A\\u0042\" } ";
        let envelope = Reader::default().read(text).unwrap();
        assert_eq!(
            (envelope.op, envelope.seq, envelope.name.as_deref()),
            (7, None, Some("AB"))
        );
        assert_eq!(&text[envelope.data], b"[ 1 , {\"a\":\"]\"} ]");
    }

    #[test]
    fn a_key_after_the_payload_is_noticed_and_the_fast_way_left() {
        let text = br#"{"t":"X","s":1,"op":0,"d":{"a":1},"new":{}}"#;
        let mut reader = Reader::default();
        for _ in 0..20 {
            let envelope = reader.read(text).unwrap();
            assert_eq!(&text[envelope.data], br#"{"a":1}"#);
        }
        assert!(reader.order_changed);
    }

    #[test]
    fn what_is_no_message_is_nothing() {
        for text in [
            "",
            "{",
            "}",
            "[]",
            "null",
            "{}",
            r#"{"op":"0"}"#,
            r#"{"op":-1}"#,
            r#"{"op":1}x"#,
            r#"{"op":1,}"#,
            r#"{"op":00}"#,
            r#"{"t":"X","s":1,"op":0,"d":"#,
            r#"{"op":0,"t":5}"#,
            r#"{"op":99999999999999999999}"#,
            "{\"op\":1,\"\u{0}",
            r#"{"t":"X","s":1,"op":0,"d":{}"#,
        ] {
            assert_eq!(Reader::default().read(text.as_bytes()), None, "{text}");
        }
        let deep = format!(r#"{{"op":0,"d":{}"#, "[".repeat(1_000_000));
        assert_eq!(Reader::default().read(deep.as_bytes()), None);
    }

    fn payload() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((".{0,5}", inner), 0..6)
                    .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_whole_parse(
            data in payload(),
            extra in payload(),
            seq in proptest::option::of(any::<u64>()),
            name in proptest::option::of("[A-Z_]{1,12}|.{0,6}"),
            op in 0_u64..50,
            order in Just(vec!["t", "s", "op", "d", "extra"]).prop_shuffle(),
            usual in any::<bool>(),
            pretty in any::<bool>(),
        ) {
            let part = |key: &str| match key {
                "t" => serde_json::json!(name),
                "s" => serde_json::json!(seq),
                "op" => serde_json::json!(op),
                "d" => data.clone(),
                _ => extra.clone(),
            };
            let order = if usual { vec!["t", "s", "op", "d"] } else { order };
            let gap = if pretty { " \n" } else { "" };
            let members: Vec<String> =
                order.iter().map(|key| format!("{gap}\"{key}\":{gap}{}{gap}", part(key))).collect();
            let text = format!("{{{}}}", members.join(","));
            let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
            let envelope = Reader::default().read(text.as_bytes()).unwrap();
            prop_assert_eq!(envelope.op, op);
            prop_assert_eq!(envelope.seq, seq);
            prop_assert_eq!(envelope.name.as_deref(), name.as_deref());
            let read: serde_json::Value = serde_json::from_slice(&text.as_bytes()[envelope.data]).unwrap();
            prop_assert_eq!(&read, &whole["d"]);
            if let Some(fast) = usual_order(text.as_bytes()) && usual {
                prop_assert_eq!(Some(fast), any_order(text.as_bytes()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reader::default().read(&bytes);
            let _ = usual_order(&bytes);
        }

        #[test]
        fn no_broken_message_makes_it_panic(cut in 0_usize..80, flip in 0_usize..80, with in any::<u8>()) {
            let mut text = br#"{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"content":["}\"]",null,1e5]}}"#.to_vec();
            if let Some(byte) = text.get_mut(flip) {
                *byte = with;
            }
            text.truncate(cut);
            if let Some(envelope) = Reader::default().read(&text) {
                prop_assert!(text.get(envelope.data).is_some());
            }
        }
    }
}
