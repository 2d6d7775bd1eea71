//! Reading `multipart/form-data`: the JSON part and the files.

use bytes::Bytes;

use crate::world::File;

/// The bytes of `payload_json`, if there is such a part, and the files.
pub(super) fn read(content_type: &str, body: &Bytes) -> Option<(Option<Bytes>, Vec<File>)> {
    let boundary = content_type
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut payload = None;
    let mut files = Vec::new();
    let mut rest = split(body, delimiter.as_bytes())?.1;
    loop {
        if rest.starts_with(b"--") {
            return Some((payload, files));
        }
        let (part, after) = split(rest, delimiter.as_bytes())?;
        let part = part.strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?;
        let (head, content) = split(part, b"\r\n\r\n")?;
        let head = std::str::from_utf8(head).ok()?;
        let name = disposition(head, "name")?;
        let content = body.slice_ref(content);
        if name == "payload_json" {
            payload = Some(content);
        } else {
            let digits: String = name.chars().filter(char::is_ascii_digit).collect();
            files.push(File {
                place: digits.parse().unwrap_or_default(),
                name: disposition(head, "filename").unwrap_or(name),
                content_type: header(head, "content-type"),
                bytes: content,
            });
        }
        rest = after;
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    let (before, rest) = bytes.split_at_checked(place)?;
    Some((before, rest.strip_prefix(at)?))
}

fn header(head: &str, wanted: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().to_owned())
    })
}

fn disposition(head: &str, wanted: &str) -> Option<String> {
    header(head, "content-disposition")?
        .split(';')
        .find_map(|part| {
            let value = part.trim().strip_prefix(wanted)?.strip_prefix('=')?;
            Some(value.trim_matches('"').to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_part_and_the_files_are_told_apart() {
        let body = Bytes::from_static(
            b"--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"content\":\"hi\"}\r\n\
              --x\r\nContent-Disposition: form-data; name=\"files[2]\"; filename=\"a.txt\"\r\n\
              Content-Type: text/plain\r\n\r\nbread\r\nand butter\r\n--x--\r\n",
        );
        let (payload, files) = read("multipart/form-data; boundary=x", &body).expect("it reads");
        assert_eq!(payload.expect("payload"), "{\"content\":\"hi\"}");
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].place, files[0].name.as_str()), (2, "a.txt"));
        assert_eq!(files[0].bytes, "bread\r\nand butter");
        assert_eq!(files[0].content_type.as_deref(), Some("text/plain"));
    }

    #[test]
    fn a_body_that_ends_early_is_refused() {
        let body =
            Bytes::from_static(b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf");
        assert!(read("multipart/form-data; boundary=x", &body).is_none());
    }
}
