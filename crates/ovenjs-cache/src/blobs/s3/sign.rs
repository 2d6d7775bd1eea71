//! How a request says who sends it: version 4 of Amazon's signatures, as arithmetic.

use ring::{digest, hmac};

use crate::hex::digits;

/// Who signs, and for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signer<'a> {
    pub(super) access_key: &'a str,
    pub(super) secret: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'a> {
    pub(super) method: &'a str,
    /// As it is sent: [`encoded`].
    pub(super) path: &'a str,
    /// Names and values as they are meant.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// Names in small letters, the host among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// [`sha256`] of the body.
    pub(super) payload: &'a str,
    /// [`stamp`] of now.
    pub(super) stamp: &'a str,
}

impl Signer<'_> {
    /// The header `authorization`.
    pub(super) fn authorization(self, draft: &Draft<'_>) -> String {
        let mut headers: Vec<_> = draft.headers.to_vec();
        headers.sort_unstable();
        let named: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        let named = named.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{}\n", value.trim()))
            .collect();
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{named}\n{}",
            draft.method,
            draft.path,
            query(draft.query),
            draft.payload,
        );
        let Self {
            access_key,
            secret,
            region,
            service,
        } = self;
        let date = draft.stamp.get(..8).unwrap_or_default();
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let text = format!(
            "{ALGORITHM}\n{}\n{scope}\n{}",
            draft.stamp,
            sha256(canonical.as_bytes())
        );
        let parts = [date, region, service, "aws4_request", &text];
        let first = format!("AWS4{secret}").into_bytes();
        let signature = parts.iter().fold(first, |key, part| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            hmac::sign(&key, part.as_bytes()).as_ref().to_vec()
        });
        format!(
            "{ALGORITHM} Credential={access_key}/{scope},SignedHeaders={named},Signature={}",
            digits(&signature)
        )
    }
}

/// The query as it is signed and sent.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (encoded(name, ""), encoded(value, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// What may not stand in a path or query as percent signs and digits, but for what is `kept`.
pub(super) fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-_.~".contains(letter) || kept.contains(letter) {
            out.push(letter);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The hash of a body, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    digits(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// A time since 1970 as these signatures write it: `20130524T000000Z`.
pub(super) fn stamp(unix_s: u64) -> String {
    let (days, second) = (unix_s / DAY_S, unix_s % DAY_S);
    // Years that begin in March, in cycles of 400: then a leap day is the last of its year.
    let day = days + 719_468;
    let (cycle, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, carried) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = cycle * 400 + year + carried;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{date:02}T{hour:02}{minute:02}{second:02}Z")
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

const DAY_S: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_amazons_s3_documentation_are_signed_as_there() {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
        };
        let nothing = sha256(b"");
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let body = sha256(b"Welcome to Amazon S3.");
        let common = [
            host,
            ("x-amz-content-sha256", &*nothing),
            ("x-amz-date", STAMP),
        ];
        let ranged = [common.as_slice(), &[("range", "bytes=0-9")]].concat();
        let put = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            host,
            ("x-amz-content-sha256", &*body),
            ("x-amz-date", STAMP),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let path = encoded("/test$file.text", "/");
        for (method, path, query, headers, payload, signature) in [
            (
                "GET",
                "/test.txt",
                &[][..],
                &*ranged,
                &*nothing,
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                &*path,
                &[],
                &put,
                &*body,
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                "GET",
                "/",
                &[("lifecycle", "")],
                &common,
                &*nothing,
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "/",
                &[("prefix", "J"), ("max-keys", "2")],
                &common,
                &*nothing,
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let signed = signer.authorization(&Draft {
                method,
                path,
                query,
                headers,
                payload,
                stamp: STAMP,
            });
            assert!(
                signed.ends_with(&format!("Signature={signature}")),
                "{method} {path} {signed}"
            );
        }
    }

    #[test]
    fn the_first_of_amazons_test_suite_is_signed_as_there() {
        let signer = Signer {
            access_key: "AKIDEXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
        };
        let stamp = stamp(1_440_938_160);
        assert_eq!(stamp, "20150830T123600Z");
        let signed = signer.authorization(&Draft {
            method: "GET",
            path: "/",
            query: &[],
            headers: &[("x-amz-date", &stamp), ("host", "example.amazonaws.com")],
            payload: &sha256(b""),
            stamp: &stamp,
        });
        assert_eq!(
            signed,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,\
             SignedHeaders=host;x-amz-date,\
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }

    #[test]
    fn times_are_written_as_calendars_have_them() {
        for (unix_s, written) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_369_353_600, STAMP),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(stamp(unix_s), written);
        }
    }

    const STAMP: &str = "20130524T000000Z";
}
