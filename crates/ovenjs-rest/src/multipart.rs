//! JSON and files in one body.

use std::collections::VecDeque;

use bytes::Bytes;
use ovenjs_net::Entropy;
use ovenjs_types::Upload;

use crate::{Part, transport::Stretch};

/// A body of type `multipart/form-data`.
pub(crate) struct Multipart {
    pub(crate) boundary: String,
    /// What stands before the first file that is streamed, which is all where none is.
    pub(crate) head: Bytes,
    /// What follows.
    pub(crate) tail: Vec<Stretch>,
}

/// JSON and files in Discord's form: the JSON as `payload_json`, the files as `files[n]`.
pub(crate) fn encode(json: &[u8], files: &[Upload], entropy: &dyn Entropy) -> Multipart {
    let in_memory = files.iter().map(in_memory);
    let mut form = Form::new(std::iter::once(json).chain(in_memory), entropy);
    form.part(
        "Content-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json",
        json,
    );
    for (place, file) in files.iter().enumerate() {
        form.file(&format!("files[{place}]"), file);
    }
    form.end()
}

/// The fields of a form, each in a part of its own.
pub(crate) fn encode_form(parts: &[(&'static str, Part<'_>)], entropy: &dyn Entropy) -> Multipart {
    let bytes = parts.iter().map(|(_, part)| match part {
        Part::Text(text) => text.as_bytes(),
        Part::File(file) => in_memory(file),
    });
    let mut form = Form::new(bytes, entropy);
    for (name, part) in parts {
        match part {
            Part::Text(text) => form.part(
                &format!("Content-Disposition: form-data; name=\"{name}\""),
                text.as_bytes(),
            ),
            Part::File(file) => form.file(name, file),
        }
    }
    form.end()
}

/// The bytes of a file that does not come from a source.
fn in_memory(file: &Upload) -> &[u8] {
    if file.source.is_some() {
        &[]
    } else {
        &file.bytes
    }
}

/// A body being written.
struct Form {
    boundary: String,
    done: VecDeque<Stretch>,
    text: Vec<u8>,
}

impl Form {
    fn new<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone, entropy: &dyn Entropy) -> Self {
        let size: usize = parts.clone().map(|bytes| bytes.len() + HEAD).sum();
        Self {
            boundary: boundary(parts, entropy),
            done: VecDeque::new(),
            text: Vec::with_capacity(size + HEAD),
        }
    }

    fn part(&mut self, head: &str, bytes: &[u8]) {
        self.begin(head);
        self.text.extend_from_slice(bytes);
        self.text.extend_from_slice(b"\r\n");
    }

    fn file(&mut self, name: &str, file: &Upload) {
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream",
            quoted(&file.filename)
        );
        let Some(source) = &file.source else {
            return self.part(&head, &file.bytes);
        };
        self.begin(&head);
        let before = std::mem::replace(&mut self.text, b"\r\n".to_vec());
        self.done.push_back(Stretch::Bytes(before.into()));
        self.done.push_back(Stretch::Source(source.clone()));
    }

    fn begin(&mut self, head: &str) {
        let line = format!("--{}\r\n{head}\r\n\r\n", self.boundary);
        self.text.extend_from_slice(line.as_bytes());
    }

    fn end(mut self) -> Multipart {
        let line = format!("--{}--\r\n", self.boundary);
        self.text.extend_from_slice(line.as_bytes());
        let last = Bytes::from(self.text);
        let head = match self.done.pop_front() {
            Some(Stretch::Bytes(head)) => {
                self.done.push_back(Stretch::Bytes(last));
                head
            }
            _ => last,
        };
        Multipart {
            boundary: self.boundary,
            head,
            tail: self.done.into(),
        }
    }
}

/// What stands around a part, about.
const HEAD: usize = 256;

/// A boundary that stands in no part in memory. That one of its 128 random bits stands in what is
/// streamed nobody has to fear.
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
        let Multipart { boundary, head, .. } = encode(b"{}", &[file], &SeededEntropy::new(1));
        let text = std::str::from_utf8(&head).unwrap();
        assert!(text.contains("filename=\"a%22%0D%0AX: y\""), "{text}");
        assert_eq!(text.matches(&format!("--{boundary}\r\n")).count(), 2);
        assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    }

    #[test]
    fn a_boundary_stands_in_no_part() {
        let taken = encode(b"{}", &[], &SeededEntropy::new(1)).boundary;
        let file = Upload::new("a", taken.clone().into_bytes());
        assert_ne!(
            encode(b"{}", &[file], &SeededEntropy::new(1)).boundary,
            taken
        );
    }
}
