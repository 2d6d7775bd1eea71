//! JSON and files in one body.

use bytes::Bytes;
use ovenjs_net::Entropy;
use ovenjs_types::Upload;

use crate::Part;

/// A body of type `multipart/form-data` in Discord's form: the JSON as `payload_json`, the files as
/// `files[n]`. Returns the boundary and the bytes.
pub(crate) fn encode(json: &[u8], files: &[Upload], entropy: &dyn Entropy) -> (String, Bytes) {
    let files_bytes = files.iter().map(|file| &file.bytes[..]);
    let boundary = boundary(std::iter::once(json).chain(files_bytes), entropy);
    let size = files
        .iter()
        .map(|file| file.bytes.len() + 256)
        .sum::<usize>();
    let mut body = Vec::with_capacity(size + json.len() + 256);
    let mut part = |head: &str, bytes: &[u8]| {
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    part(
        "Content-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json",
        json,
    );
    for (place, file) in files.iter().enumerate() {
        let name = quoted(&file.filename);
        let head = format!(
            "Content-Disposition: form-data; name=\"files[{place}]\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream"
        );
        part(&head, &file.bytes);
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, body.into())
}

/// A body of type `multipart/form-data` whose parts are the fields of a form. Returns the boundary
/// and the bytes.
pub(crate) fn encode_form(
    parts: &[(&'static str, Part<'_>)],
    entropy: &dyn Entropy,
) -> (String, Bytes) {
    let bytes = |part: &Part<'_>| match part {
        Part::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
        Part::File(file) => file.bytes.clone(),
    };
    let all: Vec<_> = parts.iter().map(|(_, part)| bytes(part)).collect();
    let boundary = boundary(all.iter().map(|bytes| &bytes[..]), entropy);
    let mut body = Vec::new();
    for ((name, part), bytes) in parts.iter().zip(&all) {
        let head = match part {
            Part::Text(_) => format!("Content-Disposition: form-data; name=\"{name}\""),
            Part::File(file) => format!(
                "Content-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\n\
                 Content-Type: application/octet-stream",
                quoted(&file.filename)
            ),
        };
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, body.into())
}

/// A boundary that stands in no part.
fn boundary<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone, entropy: &dyn Entropy) -> String {
    loop {
        let boundary = format!("oven{:016x}{:016x}", entropy.u64(), entropy.u64());
        let holds = |bytes: &[u8]| {
            bytes
                .windows(boundary.len())
                .any(|w| w == boundary.as_bytes())
        };
        if !parts.clone().any(holds) {
            return boundary;
        }
    }
}

/// As browsers write it: what would end the quotes or the line is percent-encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use ovenjs_net::SeededEntropy;

    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_line() {
        let file = Upload::new("a\"\r\nX: y", &b"bytes"[..]);
        let (boundary, body) = encode(b"{}", &[file], &SeededEntropy::new(1));
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("filename=\"a%22%0D%0AX: y\""), "{text}");
        assert_eq!(text.matches(&format!("--{boundary}\r\n")).count(), 2);
        assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    }

    #[test]
    fn a_boundary_stands_in_no_part() {
        let taken = encode(b"{}", &[], &SeededEntropy::new(1)).0;
        let file = Upload::new("a", taken.clone().into_bytes());
        assert_ne!(encode(b"{}", &[file], &SeededEntropy::new(1)).0, taken);
    }
}
