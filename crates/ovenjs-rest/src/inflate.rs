//! Answers that come compressed: which are asked for so, and what they inflate to, with a bound.

use std::{collections::HashSet, sync::Mutex};

use bytes::Bytes;
use http::{
    HeaderValue, Method,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};

use crate::{Reply, delivery::lock, request::Parts};

/// Which answers a client asks for in compressed form, by what is built in: features `gzip` and `zstd`.
///
/// Inflating one message takes 3 to 8 µs of CPU, up to a quarter of what the rest of its request takes, and
/// saves some 250 bytes. A thousand of them are 642 KB as they are and 55 KB in zstd, which takes 270 µs, or
/// 67 KB in gzip, which takes 840 µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compressed {
    /// None.
    Never,
    /// Those to reads whose last answer had 16 KiB and more, operation by operation: small ones would
    /// cost more than they save. The default.
    #[default]
    Large,
    /// All. For lines that are slow or paid for by the byte.
    Always,
}

/// Reads whose last answer was large. There are at most as many as there are operations.
#[derive(Debug, Default)]
pub(crate) struct Large(Mutex<HashSet<&'static str>>);

/// Why an answer cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is not what it says it is, or not all of it.
    #[cfg(any(feature = "gzip", feature = "zstd"))]
    Damaged,
    /// It is in a form that nobody asked for.
    Foreign,
    /// It inflates to more than is read.
    #[cfg(any(feature = "gzip", feature = "zstd"))]
    TooLong,
}

impl Large {
    /// What to accept the answer to a request in; nothing where it should come as it is.
    pub(crate) fn accept(&self, parts: &Parts) -> Option<HeaderValue> {
        let is_large = parts.method == Method::GET && lock(&self.0).contains(parts.route);
        is_large.then(accepted).flatten()
    }

    /// A read was answered by so many bytes.
    pub(crate) fn answered(&self, parts: &Parts, length: usize) {
        if parts.method != Method::GET {
            return;
        }
        let large = &mut lock(&self.0);
        if length < LARGE {
            large.remove(parts.route);
        } else {
            large.insert(parts.route);
        }
    }
}

/// All forms that are built in, the best first.
pub(crate) fn accepted() -> Option<HeaderValue> {
    let forms = match (cfg!(feature = "zstd"), cfg!(feature = "gzip")) {
        (true, true) => "zstd, gzip",
        (true, false) => "zstd",
        (false, true) => "gzip",
        (false, false) => return None,
    };
    Some(HeaderValue::from_static(forms))
}

/// Makes an answer what it was before it was compressed, if it was; of at most `max` bytes.
pub(crate) fn inflate(reply: &mut Reply, max: usize) -> Result<(), Refused> {
    let mut forms = reply.headers.get_all(CONTENT_ENCODING).iter();
    let Some(form) = forms.next() else {
        return Ok(());
    };
    let is = |name: &str| form.as_bytes().eq_ignore_ascii_case(name.as_bytes());
    if forms.next().is_some() {
        return Err(Refused::Foreign);
    }
    // A 304 tells the form of what it does not repeat.
    if reply.body.is_empty() || is("identity") {
        return Ok(());
    }
    let Some((_, inflate)) = FORMS.iter().find(|(name, _)| is(name)) else {
        return Err(Refused::Foreign);
    };
    reply.body = Bytes::from(inflate(&reply.body, max)?);
    reply.headers.remove(CONTENT_ENCODING);
    reply.headers.remove(CONTENT_LENGTH);
    Ok(())
}

type Inflate = fn(&[u8], usize) -> Result<Vec<u8>, Refused>;

/// What is built in.
const FORMS: &[(&str, Inflate)] = &[
    #[cfg(feature = "gzip")]
    ("gzip", gzip),
    #[cfg(feature = "gzip")]
    ("x-gzip", gzip),
    #[cfg(feature = "zstd")]
    ("zstd", zstd),
];

#[cfg(feature = "gzip")]
fn gzip(body: &[u8], max: usize) -> Result<Vec<u8>, Refused> {
    use std::io::Read as _;

    let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut all = Vec::new();
    let read = flate2::bufread::MultiGzDecoder::new(body)
        .take(most)
        .read_to_end(&mut all);
    if all.len() > max {
        return Err(Refused::TooLong);
    }
    read.map_or(Err(Refused::Damaged), |_| Ok(all))
}

#[cfg(feature = "zstd")]
fn zstd(body: &[u8], max: usize) -> Result<Vec<u8>, Refused> {
    use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

    let damaged = |_| Refused::Damaged;
    let mut stream = DCtx::create();
    let window = DParameter::WindowLogMax(WINDOW_LOG_MAX);
    stream.set_parameter(window).map_err(damaged)?;
    let mut input = InBuffer::around(body);
    let mut all = Vec::new();
    loop {
        if all.len() > max {
            return Err(Refused::TooLong);
        }
        if all.len() == all.capacity() {
            let left = (max - all.len()).saturating_add(1);
            all.reserve(GROW.max(all.len()).min(left));
        }
        let before = (input.pos(), all.len());
        let at = all.len();
        let left = stream
            .decompress_stream(&mut OutBuffer::around_pos(&mut all, at), &mut input)
            .map_err(damaged)?;
        if left == 0 && input.pos() == body.len() && all.len() <= max {
            return Ok(all);
        }
        // With room, and yet nothing more comes of it: the end is missing.
        if before == (input.pos(), all.len()) {
            return Err(Refused::Damaged);
        }
    }
}

/// A dozen packets as they are, one or two in compressed form.
const LARGE: usize = 16 * 1024;

/// RFC 9659 allows a window of 8 MiB in HTTP. A frame may claim more, to have it set aside.
#[cfg(feature = "zstd")]
const WINDOW_LOG_MAX: u32 = 23;

/// Room is made in steps of at least this.
#[cfg(feature = "zstd")]
const GROW: usize = 16 * 1024;

#[cfg(test)]
#[cfg(all(feature = "gzip", feature = "zstd"))]
#[path = "../tests/it/packed.rs"]
mod packed;

#[cfg(test)]
#[cfg(all(feature = "gzip", feature = "zstd"))]
mod tests {
    use super::{
        packed::{gzipped, zstandard},
        *,
    };

    #[test]
    fn what_was_compressed_comes_back_and_what_was_not_stays() {
        let text = "bread ".repeat(10_000);
        for (form, body) in [
            ("gzip", gzipped(text.as_bytes())),
            ("X-GZIP", gzipped(text.as_bytes())),
            ("zstd", zstandard(text.as_bytes())),
            ("identity", text.clone().into_bytes()),
            // Both may come in several pieces, one behind the other.
            ("gzip", [gzipped(b""), gzipped(text.as_bytes())].concat()),
            (
                "zstd",
                [zstandard(text.as_bytes()), zstandard(b"")].concat(),
            ),
        ] {
            let reply = inflated(came(form, &body), text.len()).unwrap();
            assert_eq!(reply.body(), text.as_bytes(), "{form}");
            assert!(
                reply
                    .header("content-encoding")
                    .is_none_or(|left| left == "identity")
            );
        }
        assert_eq!(inflated(came("gzip", b""), 9).unwrap().body(), "");
    }

    #[test]
    fn a_bomb_is_refused_at_its_bound() {
        let zeros = vec![0; 1 << 20];
        for (form, body) in [("gzip", gzipped(&zeros)), ("zstd", zstandard(&zeros))] {
            assert!(body.len() < 2_000);
            for max in [0, 1, 16 * 1024, (1 << 20) - 1] {
                let refused = inflated(came(form, &body), max).unwrap_err();
                assert_eq!(refused, Refused::TooLong, "{form} {max}");
            }
            for max in [1 << 20, usize::MAX] {
                assert_eq!(inflated(came(form, &body), max).unwrap().body(), &zeros);
            }
        }
        // It says that it needs a window of 2 GiB.
        let mut wide = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, (31 - 10) << 3];
        wide.extend([0x01, 0x00, 0x00]);
        assert_eq!(
            inflated(came("zstd", &wide), 1 << 20).unwrap_err(),
            Refused::Damaged
        );
    }

    #[test]
    fn what_is_cut_changed_or_of_another_form_is_refused() {
        let text = (0..100_u32)
            .map(|n| format!("{},", n * 7_919))
            .collect::<String>();
        for (form, whole) in [
            ("gzip", gzipped(text.as_bytes())),
            ("zstd", zstandard(text.as_bytes())),
        ] {
            for length in 1..whole.len() {
                let refused = inflated(came(form, &whole[..length]), 1 << 20).unwrap_err();
                assert_eq!(refused, Refused::Damaged, "{form}, {length} bytes");
            }
            let mut more = whole.clone();
            more.extend(b"more");
            assert_eq!(
                inflated(came(form, &more), 1 << 20).unwrap_err(),
                Refused::Damaged
            );
        }
        // The checksum of gzip finds what still inflates.
        let mut changed = gzipped(text.as_bytes());
        let last = changed.len() - 5;
        changed[last] ^= 1;
        assert_eq!(
            inflated(came("gzip", &changed), 1 << 20).unwrap_err(),
            Refused::Damaged
        );
        let plain = text.as_bytes();
        assert_eq!(
            inflated(came("gzip", plain), 1 << 20).unwrap_err(),
            Refused::Damaged
        );
        assert_eq!(
            inflated(came("zstd", plain), 1 << 20).unwrap_err(),
            Refused::Damaged
        );
        for form in ["br", "gzip, gzip", ""] {
            assert_eq!(
                inflated(came(form, plain), 1 << 20).unwrap_err(),
                Refused::Foreign
            );
        }
    }

    fn inflated(mut reply: Reply, max: usize) -> Result<Reply, Refused> {
        inflate(&mut reply, max).map(|()| reply)
    }

    fn came(form: &str, body: &[u8]) -> Reply {
        let mut reply = Reply::new(200, body.to_vec());
        let form = HeaderValue::from_str(form).unwrap();
        reply.headers.insert(CONTENT_ENCODING, form);
        reply
    }
}
