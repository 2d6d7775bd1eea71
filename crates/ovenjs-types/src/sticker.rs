//! Stickers.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text, User,
    marker::{
        GuildMarker, StickerBannerAssetMarker, StickerMarker, StickerPackMarker,
        StickerPackSkuMarker,
    },
};

/// A picture that is sent by itself: one of Discord's packs, or one of a guild.
///
/// Source: Discord, "Sticker Object".
///
/// ```
/// use ovenjs_types::{Sticker, StickerFormat, json};
/// // A format of tomorrow costs nothing.
/// let text = br#"{"id":"1","name":"Wave","description":null,"tags":"hi","type":2,"format_type":9}"#;
/// let sticker: Sticker = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(sticker.format_type, Some(StickerFormat::Unknown(9)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sticker {
    /// The sticker's id.
    pub id: Id<StickerMarker>,
    /// The pack of a standard sticker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_id: Option<Id<StickerPackMarker>>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// Its description.
    #[serde(default)]
    pub description: Option<Text>,
    /// What brings it up in search: words with commas between for standard ones, by custom the
    /// name of an emoji for a guild's.
    #[serde(default)]
    pub tags: Text,
    /// Whose it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<StickerType>,
    /// What kind of picture it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_type: Option<StickerFormat>,
    /// Whether a guild's sticker can be used; not so after boosts are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<bool>,
    /// The guild that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// Who uploaded it; shown to those who may manage stickers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    /// The place of a standard sticker in its pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_value: Option<i64>,
}

/// As much of a sticker as it takes to draw it.
///
/// Source: Discord, "Sticker Item Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StickerItem {
    /// The sticker's id.
    pub id: Id<StickerMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// What kind of picture it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_type: Option<StickerFormat>,
}

open_int! {
    /// Whose a sticker is.
    pub enum StickerType: u32 {
        Standard = 1,
        Guild = 2,
    }
}

open_int! {
    /// What kind of picture a sticker is.
    pub enum StickerFormat: u32 {
        Png = 1,
        Apng = 2,
        Lottie = 3,
        Gif = 4,
    }
}

/// A pack of standard stickers.
///
/// Source: Discord, "Sticker Pack Object".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StickerPack {
    /// The pack's id.
    pub id: Id<StickerPackMarker>,
    /// Its stickers.
    #[serde(default)]
    pub stickers: Vec<Sticker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The SKU it is sold as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<Id<StickerPackSkuMarker>>,
    /// The sticker that is the pack's icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover_sticker_id: Option<Id<StickerMarker>>,
    /// Its description.
    #[serde(default)]
    pub description: Option<Text>,
    /// The pack's banner image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner_asset_id: Option<Id<StickerBannerAssetMarker>>,
}

/// All packs, as `GET /sticker-packs` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StickerPacks {
    /// The packs.
    #[serde(default)]
    pub sticker_packs: Vec<StickerPack>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_unknown_format_and_type_are_written_back_as_they_came() {
        let text = r#"{"id":"1","name":"Wave","description":null,"tags":"hi","type":7,"format_type":9,"available":false,"guild_id":"3"}"#;
        let sticker: Sticker = json::decode(text.as_bytes(), &mut json::Scratch::new()).unwrap();
        assert_eq!(sticker.kind, Some(StickerType::Unknown(7)));
        assert_eq!(String::from_utf8(json::encode(&sticker)).unwrap(), text);

        // The OpenAPI file lets the format be null.
        let bytes = br#"{"id":"1","name":"Wave","format_type":null}"#;
        let item: StickerItem = json::decode(bytes, &mut json::Scratch::new()).unwrap();
        assert_eq!(item.format_type, None);
    }
}
