//! Bodies with files: `multipart/form-data` as Discord reads it.

use bytes::{BufMut, Bytes, BytesMut};
use ovenjs_types::Upload;

/// A body and the value of its `Content-Type`.
pub(crate) struct Multipart {
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

/// Puts JSON text and files together: `payload_json`, then `files[0]`, `files[1]` and so on.
///
/// `number` makes the boundary; another is tried while it occurs in what is sent.
pub(crate) fn encode(json: &[u8], files: &[Upload], number: u64) -> Multipart {
    let boundary = (number..)
        .map(|number| format!("oven-{number:016x}"))
        .find(|boundary| {
            let mark = boundary.as_bytes();
            !contains(json, mark) && !files.iter().any(|file| contains(&file.bytes, mark))
        })
        .unwrap_or_default();
    let size = files.iter().map(|file| file.bytes.len() + PART_OVERHEAD).sum::<usize>();
    let mut body = BytesMut::with_capacity(json.len() + PART_OVERHEAD + size);
    let mut part = |head: String, content: &[u8]| {
        body.put_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.put_slice(content);
        body.put_slice(b"\r\n");
    };
    let json_head = "Content-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json";
    part(json_head.to_owned(), json);
    for (place, file) in files.iter().enumerate() {
        let name = quoted(&file.filename);
        let head = format!(
            "Content-Disposition: form-data; name=\"files[{place}]\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream"
        );
        part(head, &file.bytes);
    }
    body.put_slice(format!("--{boundary}--\r\n").as_bytes());
    Multipart { content_type: format!("multipart/form-data; boundary={boundary}"), body: body.freeze() }
}

/// Head, boundary and line ends of a part, with a file name of ordinary length.
const PART_OVERHEAD: usize = 256;

/// A file name between quotes, as browsers write it: what would end the line or the quotes is
/// percent-encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn contains(text: &[u8], mark: &[u8]) -> bool {
    text.windows(mark.len()).any(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_files_stand_in_parts_of_their_own() {
        let files = [Upload::new("a\"b\r\n.txt", &b"hello"[..])];
        let multipart = encode(b"{}", &files, 1);
        let text = String::from_utf8(multipart.body.to_vec()).unwrap();
        assert_eq!(multipart.content_type, "multipart/form-data; boundary=oven-0000000000000001");
        assert_eq!(
            text,
            "--oven-0000000000000001\r\n\
             Content-Disposition: form-data; name=\"payload_json\"\r\n\
             Content-Type: application/json\r\n\r\n{}\r\n\
             --oven-0000000000000001\r\n\
             Content-Disposition: form-data; name=\"files[0]\"; filename=\"a%22b%0D%0A.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nhello\r\n\
             --oven-0000000000000001--\r\n"
        );
    }

    #[test]
    fn a_boundary_that_occurs_in_a_file_is_not_used() {
        let files = [Upload::new("x", &b"--oven-0000000000000001--"[..])];
        assert!(encode(b"{}", &files, 1).content_type.ends_with("oven-0000000000000002"));
    }
}
