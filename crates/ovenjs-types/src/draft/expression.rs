//! Emojis, stickers and sounds to be uploaded.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use serde::{Serialize, Serializer};

use crate::{
    Id, Text, Upload,
    form::{length, picture_within, sound_within, volume},
    limits,
    marker::{EmojiMarker, RoleMarker},
};

/// A picture or sound inside JSON, as a `data:` URI.
///
/// ```
/// use ovenjs_types::DataUri;
/// let dot = DataUri::new("image/png", &b"\x89PNG"[..]);
/// assert_eq!(dot.to_string(), "data:image/png;base64,iVBORw==");
/// assert_eq!(format!("{dot:?}"), "DataUri(image/png, 4 bytes)");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DataUri {
    media_type: Text,
    bytes: Bytes,
}

impl DataUri {
    /// These bytes, of this media type. Discord reads pictures of `image/png`, `image/jpeg`, `image/gif`,
    /// `image/webp` and `image/avif`, and sounds of `audio/mpeg`, which is MP3, and `audio/ogg`. What
    /// sends one says where it is of another type, and is not sent.
    pub fn new(media_type: impl Into<Text>, bytes: impl Into<Bytes>) -> Self {
        Self {
            media_type: media_type.into(),
            bytes: bytes.into(),
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// How many bytes it has before they are written as text.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl fmt::Display for DataUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data:{};base64,", self.media_type)?;
        for three in self.bytes.chunks(3) {
            let part = |place: usize| three.get(place).copied().unwrap_or_default();
            let bits = u32::from_be_bytes([0, part(0), part(1), part(2)]);
            for place in 0..4 {
                if place > three.len() {
                    f.write_char('=')?;
                } else {
                    f.write_char(digit(bits >> (18 - 6 * place) & 63))?;
                }
            }
        }
        Ok(())
    }
}

/// A digit of base64.
fn digit(value: u32) -> char {
    let [.., byte] = value.to_be_bytes();
    char::from(match byte {
        0..=25 => b'A' + byte,
        26..=51 => b'a' + (byte - 26),
        52..=61 => b'0' + (byte - 52),
        62 => b'+',
        _ => b'/',
    })
}

impl fmt::Debug for DataUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataUri({}, {} bytes)", self.media_type, self.size())
    }
}

impl Serialize for DataUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

form! {
    exported emoji_draft =>
    /// An emoji to be made in a guild or for an application.
    ///
    /// Source: Discord, "Create Guild Emoji".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct EmojiDraft
    must {
        /// Its name; 2 to 32 characters.
        name: Text = length(limits::EMOJI_NAME_MIN..=limits::EMOJI_NAME),
        /// The picture; at most 256 KiB.
        image: DataUri = picture_within(limits::EMOJI_SIZE_BYTES),
    }
    may {
        /// Who may use it; everyone where empty.
        roles: Vec<Id<RoleMarker>>,
    }
}

form! {
    exported sticker_draft =>
    /// A sticker to be made. Its file travels beside the text.
    ///
    /// Source: Discord, "Create Guild Sticker".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct StickerDraft
    must {
        /// Its name; 2 to 30 characters.
        name: Text = length(limits::STICKER_NAME_MIN..=limits::STICKER_NAME),
        /// The name of the emoji that proposes it; at most 200 characters.
        tags: Text = length(1..=TAGS_MAX),
        /// The picture; at most 512 KiB.
        #[serde(skip)]
        file: Upload,
    }
    may {
        /// Its description; at most 100 characters.
        description: Text = length(0..=limits::STICKER_DESCRIPTION),
    }
    also |it, report| {
        let size = it.file.bytes.len();
        report.amount("file", size, 1..=limits::STICKER_SIZE_BYTES, "bytes");
    };
}

/// The longest tags of a sticker, from the OpenAPI file.
const TAGS_MAX: usize = 200;

form! {
    exported sound_draft =>
    /// A sound to be made for a guild's soundboard.
    ///
    /// Source: Discord, "Create Guild Soundboard Sound".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct SoundDraft
    must {
        /// Its name; 2 to 32 characters.
        name: Text = length(limits::SOUND_NAME_MIN..=limits::SOUND_NAME),
        /// The sound, MP3 or Ogg; at most 512 KiB and 5.2 seconds.
        sound: DataUri = sound_within(limits::SOUNDBOARD_SIZE_BYTES),
    }
    may {
        /// How loud it is, from 0 to 1, the default.
        volume: Option<f64> = volume,
        /// Its custom emoji.
        emoji_id: Option<Id<EmojiMarker>>,
        /// Its Unicode emoji.
        emoji_name: Option<Text> = length(1..=32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Validate;

    #[test]
    fn a_type_that_discord_does_not_read_is_told_with_those_that_it_does() {
        let told = |image: &str| {
            let image = DataUri::new(image, &b"x"[..]);
            let invalid = EmojiDraft::new("rye", image).validate().unwrap_err();
            invalid.violations()[0].to_string()
        };
        for wrong in ["image/svg+xml", "audio/ogg", "IMAGE/PNG", ""] {
            let text = told(wrong);
            assert!(
                text.starts_with(&format!("image is of the type {wrong:?}")),
                "{text}"
            );
            assert!(text.contains("image/png, image/jpeg, image/gif, image/webp, image/avif"));
        }
        let wav = SoundDraft::new("moo", DataUri::new("audio/wav", &b"x"[..]));
        let text = wav.validate().unwrap_err().violations()[0].to_string();
        assert!(text.contains("audio/mpeg, audio/ogg"), "{text}");
        for kind in [
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
            "image/avif",
        ] {
            let image = DataUri::new(kind, &b"x"[..]);
            assert!(EmojiDraft::new("rye", image).validate().is_ok());
        }
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        // The examples of RFC 4648, section 10.
        for (plain, written) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let uri = DataUri::new("x", plain.as_bytes().to_vec());
            assert_eq!(uri.to_string(), format!("data:x;base64,{written}"));
        }
        let ends = DataUri::new("x", vec![0xfb, 0xff, 0xbf]).to_string();
        assert!(ends.ends_with(",+/+/"), "{ends}");
    }
}
