//! Uploaded files and what is shown of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
};

use super::{IS_VOICE_MESSAGE, World};

/// An uploaded file.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// The name of its part: `files[0]`, `file`.
    pub(crate) field: String,
    pub(crate) name: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: bytes::Bytes,
}

impl File {
    /// The `n` of `files[n]`.
    pub(crate) fn place(&self) -> u64 {
        let digits: String = self.field.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_default()
    }
}

/// The attachments of a message on the way, and which of them embeds and components point at.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    attachments: Vec<Object>,
    /// Attachments that an embed shows stand in the embed only.
    embedded: Vec<u64>,
}

impl Uploads {
    pub(super) fn extend(&mut self, other: Self) {
        self.attachments.extend(other.attachments);
    }

    pub(super) fn attachments(&self) -> Vec<Value> {
        self.attachments
            .iter()
            .filter(|one| !one.key("id").is_some_and(|id| self.embedded.contains(&id)))
            .cloned()
            .map(Value::Object)
            .collect()
    }

    /// Puts the files' addresses where `attachment://name` stands.
    pub(super) fn resolve(&mut self, embeds: &mut [Value], components: &mut [Value]) {
        let mut embedded = Vec::new();
        for embed in embeds {
            self.resolve_one(embed, &mut embedded);
        }
        for component in components {
            self.resolve_one(component, &mut Vec::new());
        }
        self.embedded = embedded;
    }

    fn resolve_one(&self, value: &mut Value, used: &mut Vec<u64>) {
        match value {
            Value::Array(items) => {
                for item in items {
                    self.resolve_one(item, used);
                }
            }
            Value::Object(fields) => {
                let file = fields.int("type") == Some(13);
                let name = fields
                    .get("file")
                    .and_then(|media| referred(media.get("url")?));
                let named = name.and_then(|name| self.named(name));
                if let Some(attachment) = named.filter(|_| file) {
                    for (key, from) in [("name", "filename"), ("size", "size")] {
                        let value = attachment.get(from).cloned().unwrap_or_default();
                        fields.set(key, value);
                    }
                }
                for key in ["url", "icon_url"] {
                    let name = fields.get(key).and_then(referred);
                    let Some(attachment) = name.and_then(|name| self.named(name)) else {
                        continue;
                    };
                    let url = attachment.get("url").cloned().unwrap_or_default();
                    let proxy = if key == "url" {
                        "proxy_url"
                    } else {
                        "proxy_icon_url"
                    };
                    fields.set(proxy, url.clone());
                    fields.set(key, url);
                    for size in ["width", "height", "content_type"] {
                        if let Some(value) = attachment.get(size).filter(|_| key == "url") {
                            fields.set(size, value.clone());
                        }
                    }
                    used.extend(attachment.key("id"));
                }
                for inner in fields.values_mut() {
                    self.resolve_one(inner, used);
                }
            }
            _ => {}
        }
    }

    fn named(&self, name: &str) -> Option<&Object> {
        self.attachments
            .iter()
            .find(|one| one.text("filename") == Some(name))
    }
}

/// The name in `attachment://name`.
pub(super) fn referred(url: &Value) -> Option<&str> {
    url.as_str()?.strip_prefix("attachment://")
}

impl World {
    /// Keeps uploads and gives their attachments.
    pub(super) fn keep_files(
        &mut self,
        channel: u64,
        body: &Object,
        files: Vec<File>,
        ephemeral: bool,
    ) -> Uploads {
        let voice = body.int("flags").unwrap_or(0) & IS_VOICE_MESSAGE != 0;
        let attachments = files
            .into_iter()
            .map(|mut file| {
                let id = self.next_id();
                let asked = asked_for(body, &file).cloned().unwrap_or_default();
                let name = stored_name(asked.text("filename").unwrap_or(&file.name));
                file.content_type = file
                    .content_type
                    .filter(|kind| kind != "application/octet-stream")
                    .or_else(|| kind_by_name(&name).map(str::to_owned));
                let url = format!("{}/attachments/{channel}/{id}/{name}", self.origin);
                let mut attachment = object(json!({
                    "id": id.to_string(),
                    "filename": name,
                    "size": file.bytes.len(),
                    "url": url,
                    "proxy_url": url,
                }));
                for key in ["description", "title"] {
                    if let Some(text) = asked.text(key) {
                        attachment.set(key, text);
                    }
                }
                if voice {
                    for key in ["duration_secs", "waveform"] {
                        if let Some(value) = asked.get(key) {
                            attachment.set(key, value.clone());
                        }
                    }
                }
                let flags = flags(&asked, &name);
                if flags != 0 {
                    attachment.set("flags", flags);
                }
                if let Some(kind) = &file.content_type {
                    attachment.set("content_type", kind.clone());
                }
                if let Some((width, height)) = dimensions(&file.bytes) {
                    attachment.set("width", width);
                    attachment.set("height", height);
                }
                if ephemeral {
                    attachment.set("ephemeral", true);
                }
                self.files.insert(id, file);
                let bytes = |files: &BTreeMap<u64, File>| -> usize {
                    files.values().map(|file| file.bytes.len()).sum()
                };
                while self.files.len() > MAX_KEPT_FILES || bytes(&self.files) > MAX_KEPT_BYTES {
                    self.files.pop_first();
                }
                attachment
            })
            .collect();
        Uploads {
            attachments,
            embedded: Vec::new(),
        }
    }

    /// Keeps an upload that belongs to no message and gives its attachment.
    pub(crate) fn keep_upload(&mut self, file: File) -> Result<Value, Failure> {
        if file.bytes.len() > self.upload_limit(0) {
            return Err(Failure::too_large());
        }
        let kept = self.keep_files(0, &Object::new(), vec![file], true);
        Ok(kept.attachments().pop().unwrap_or_default())
    }

    /// The attachments of a message that an edit leaves in place, with what it says of them.
    pub(super) fn kept_uploads(&self, message: &Object, body: &Object) -> Uploads {
        let named = body.get("attachments").and_then(Value::as_array);
        let attachments = message
            .list("attachments")
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|old| {
                let mut old = old.clone();
                let Some(named) = named else {
                    // Null empties the list, its absence leaves it alone.
                    return (!body.contains_key("attachments")).then_some(old);
                };
                let staying = named
                    .iter()
                    .filter_map(Value::as_object)
                    .find(|one| one.key("id") == old.key("id"))?;
                if let Some(text) = staying.get("description") {
                    match text.as_str() {
                        Some(text) => old.set("description", text),
                        None => drop(old.remove("description")),
                    }
                }
                Some(old)
            })
            .collect();
        Uploads {
            attachments,
            embedded: Vec::new(),
        }
    }

    /// The size that one file may have where it is sent.
    pub(super) fn upload_limit(&self, channel: u64) -> usize {
        let guild = self
            .channel_guild(channel)
            .and_then(|id| self.guilds.get(&id));
        match guild.and_then(|guild| guild.object.int("premium_tier")) {
            Some(2) => 50 * MEBIBYTE,
            Some(3) => 100 * MEBIBYTE,
            _ => 10 * MEBIBYTE,
        }
    }

    pub(super) fn judge_files(
        &self,
        channel: u64,
        body: &Object,
        files: &[File],
        staying: &[Value],
    ) -> Result<(), Failure> {
        if files
            .iter()
            .any(|file| file.bytes.len() > self.upload_limit(channel))
        {
            return Err(Failure::too_large());
        }
        let there = |id: u64| {
            files.iter().any(|file| file.place() == id)
                || staying
                    .iter()
                    .any(|old| old.get("id").and_then(snowflake) == Some(id))
        };
        let asked = body.list("attachments").iter().filter_map(Value::as_object);
        for id in asked.filter_map(|asked| asked.key("id")) {
            if !there(id) {
                return Err(Failure::new(400, 50146, "Uploaded file not found."));
            }
        }
        let kept = match body.get("attachments") {
            None => staying.len(),
            Some(_) => staying
                .iter()
                .filter(|old| {
                    let id = old.get("id").and_then(snowflake);
                    body.list("attachments")
                        .iter()
                        .any(|asked| asked.get("id").and_then(snowflake) == id)
                })
                .count(),
        };
        if kept + files.len() > MAX_ATTACHMENTS {
            return Err(Failure::new(
                400,
                30015,
                "Maximum number of attachments in a message reached (10)",
            ));
        }
        Ok(())
    }
}

/// What the form says about an upload.
pub(super) fn asked_for<'a>(body: &'a Object, file: &File) -> Option<&'a Object> {
    body.list("attachments")
        .iter()
        .filter_map(Value::as_object)
        .find(|asked| asked.key("id") == Some(file.place()))
}

/// Discord keeps letters, digits and a few marks of a name, and joins its words.
pub(super) fn stored_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let kept: String = name
        .chars()
        .map(|one| if one.is_whitespace() { '_' } else { one })
        .filter(|one| one.is_alphanumeric() || matches!(one, '_' | '-' | '.'))
        .collect();
    if kept.is_empty() {
        "unknown".to_owned()
    } else {
        kept
    }
}

fn flags(asked: &Object, name: &str) -> u64 {
    let mut flags = 0;
    if asked.flag("is_spoiler").unwrap_or(false) || name.starts_with("SPOILER_") {
        flags |= IS_SPOILER;
    }
    if asked.flag("is_remix").unwrap_or(false) {
        flags |= IS_REMIX;
    }
    flags
}

fn kind_by_name(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "txt" | "log" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        "wav" => "audio/x-wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => return None,
    })
}

/// Width and height of a PNG, GIF or JPEG, as its head says.
pub(crate) fn dimensions(bytes: &[u8]) -> Option<(u64, u64)> {
    let number = |range: std::ops::Range<usize>, big: bool| -> Option<u64> {
        let bytes = bytes.get(range)?.iter().copied();
        let join = |number: u64, byte: u8| (number << 8) | u64::from(byte);
        Some(if big {
            bytes.fold(0, join)
        } else {
            bytes.rev().fold(0, join)
        })
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return number(16..20, true).zip(number(20..24, true));
    }
    if bytes.starts_with(b"GIF8") {
        return number(6..8, false).zip(number(8..10, false));
    }
    if !bytes.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    // Each segment is longer than nothing, so this ends with the file.
    while bytes.get(at) == Some(&0xff) {
        let kind = *bytes.get(at + 1)?;
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            return number(at + 7..at + 9, true).zip(number(at + 5..at + 7, true));
        }
        at += 2 + usize::try_from(number(at + 2..at + 4, true)?).ok()?;
    }
    None
}

/// A text in the shape of Discord's asset hashes, the same for the same source.
pub(in crate::world) fn file_hash(source: &str) -> String {
    let fold = |seed: u64| {
        source.bytes().fold(seed, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    format!(
        "{:016x}{:016x}",
        fold(0xcbf2_9ce4_8422_2325),
        fold(0x9e37_79b9_7f4a_7c15)
    )
}

const MEBIBYTE: usize = 1024 * 1024;

const IS_REMIX: u64 = 1 << 2;
const IS_SPOILER: u64 = 1 << 3;

/// Attachments of one message.
const MAX_ATTACHMENTS: usize = 10;

/// Uploads stay readable at their URL until this many newer ones have come.
const MAX_KEPT_FILES: usize = 64;

/// … or until they weigh more than this together: room for the files of one full message and more.
const MAX_KEPT_BYTES: usize = 256 * MEBIBYTE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_picture_is_read_from_its_head() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0";
        assert_eq!(dimensions(png), Some((640, 480)));
        assert_eq!(dimensions(b"GIF89a\x10\0\x20\0"), Some((16, 32)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x30\0\x40";
        assert_eq!(dimensions(jpeg), Some((64, 48)));
        assert_eq!(dimensions(b"\xff\xd8\xff\xe0\xff"), None);
        assert_eq!(dimensions(b"bread"), None);
    }

    #[test]
    fn names_are_cleaned() {
        assert_eq!(stored_name("my loaf?.png"), "my_loaf.png");
        assert_eq!(stored_name("../../etc/passwd"), "passwd");
        assert_eq!(stored_name("??"), "unknown");
    }
}
