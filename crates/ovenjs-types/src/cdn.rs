//! The addresses of Discord's images and sounds.
//!
//! ```
//! use ovenjs_types::{Id, cdn::{self, Format}};
//!
//! let avatar = cdn::user_avatar(Id::new(80), "a_70b8");
//! assert_eq!(avatar.to_string(), "https://cdn.discordapp.com/avatars/80/a_70b8.gif");
//! assert_eq!(
//!     avatar.format(Format::WebP).size(64).to_string(),
//!     "https://cdn.discordapp.com/avatars/80/a_70b8.webp?size=64"
//! );
//! ```
//!
//! Source: Discord, "Image Formatting". A hash that begins with `a_` belongs to a moving image.

use std::fmt::{self, Display, Write as _};

use crate::{
    Id, StickerFormat,
    marker::{
        ApplicationMarker, EmojiMarker, GenericMarker, GuildMarker, RoleMarker,
        ScheduledEventMarker, StickerMarker, UserMarker,
    },
};

/// A line reads: function, what it is the address of, arguments, path, and the formats that
/// Discord has it in, the usual one first. `hash` is the image's hash in the object.
macro_rules! images {
    ($(
        $(#[$meta:meta])*
        $name:ident($($arg:ident: $type:ty),*) $path:literal [$usual:ident $(, $other:ident)*]
    )+) => {
        $(
            $(#[$meta])*
            #[must_use]
            pub fn $name($($arg: $type),*) -> Image {
                $( let $arg = part($arg); )*
                Image::new(format!($path), &[Format::$usual $(, Format::$other)*])
            }
        )+
    };
}

images! {
    /// A custom emoji.
    emoji(id: Id<EmojiMarker>) "emojis/{id}" [Png, Jpeg, WebP, Gif, Avif]
    /// The icon of a guild.
    guild_icon(guild: Id<GuildMarker>, hash: &str) "icons/{guild}/{hash}" [Png, Jpeg, WebP, Gif]
    /// The picture behind an invite to a guild.
    guild_splash(guild: Id<GuildMarker>, hash: &str) "splashes/{guild}/{hash}" [Png, Jpeg, WebP]
    /// The picture of a guild in the discovery.
    guild_discovery_splash(guild: Id<GuildMarker>, hash: &str) "discovery-splashes/{guild}/{hash}" [Png, Jpeg, WebP]
    /// The banner of a guild.
    guild_banner(guild: Id<GuildMarker>, hash: &str) "banners/{guild}/{hash}" [Png, Jpeg, WebP, Gif]
    /// The badge of a guild's tag.
    guild_tag_badge(guild: Id<GuildMarker>, hash: &str) "guild-tag-badges/{guild}/{hash}" [Png, Jpeg, WebP]
    /// The banner of a user.
    user_banner(user: Id<UserMarker>, hash: &str) "banners/{user}/{hash}" [Png, Jpeg, WebP, Gif]
    /// The avatar of a user.
    user_avatar(user: Id<UserMarker>, hash: &str) "avatars/{user}/{hash}" [Png, Jpeg, WebP, Gif]
    /// The avatar of a member in one guild.
    member_avatar(guild: Id<GuildMarker>, user: Id<UserMarker>, hash: &str)
        "guilds/{guild}/users/{user}/avatars/{hash}" [Png, Jpeg, WebP, Gif]
    /// The banner of a member in one guild.
    member_banner(guild: Id<GuildMarker>, user: Id<UserMarker>, hash: &str)
        "guilds/{guild}/users/{user}/banners/{hash}" [Png, Jpeg, WebP, Gif]
    /// The frame around an avatar, by the asset in the decoration's data.
    avatar_decoration(asset: &str) "avatar-decoration-presets/{asset}" [Png]
    /// The icon of an application, or its cover.
    application_icon(application: Id<ApplicationMarker>, hash: &str) "app-icons/{application}/{hash}" [Png, Jpeg, WebP]
    /// An asset of an application's rich presence.
    application_asset(application: Id<ApplicationMarker>, asset: &str) "app-assets/{application}/{asset}" [Png, Jpeg, WebP]
    /// An asset of an application's store page.
    store_asset(application: Id<ApplicationMarker>, asset: &str) "app-assets/{application}/store/{asset}" [Png, Jpeg, WebP]
    /// The icon of a team.
    team_icon(team: Id<GenericMarker>, hash: &str) "team-icons/{team}/{hash}" [Png, Jpeg, WebP]
    /// The icon of a role.
    role_icon(role: Id<RoleMarker>, hash: &str) "role-icons/{role}/{hash}" [Png, Jpeg, WebP]
    /// The cover of a scheduled event.
    scheduled_event_cover(event: Id<ScheduledEventMarker>, hash: &str) "guild-events/{event}/{hash}" [Png, Jpeg, WebP]
    /// The banner of a sticker pack, by its asset.
    sticker_pack_banner(asset: u64) "app-assets/710982414301790216/store/{asset}" [Png, Jpeg, WebP]
}

/// A sticker, in the one format that it has.
///
/// ```
/// use ovenjs_types::{Id, StickerFormat, cdn};
/// assert_eq!(
///     cdn::sticker(Id::new(5), StickerFormat::Gif).to_string(),
///     "https://media.discordapp.net/stickers/5.gif"
/// );
/// ```
#[must_use]
pub fn sticker(id: Id<StickerMarker>, kind: StickerFormat) -> Image {
    let path = format!("stickers/{id}");
    match kind {
        StickerFormat::Lottie => Image::new(path, &[Format::Lottie]),
        // Discord keeps these on its other host.
        StickerFormat::Gif => Image {
            host: MEDIA,
            ..Image::new(path, &[Format::Gif])
        },
        _ => Image::new(path, &[Format::Png]),
    }
}

/// One part of a path. Hashes come from payloads: whatever is in one, it stays one part.
fn part(value: impl Display) -> String {
    let mut part = String::new();
    for byte in value.to_string().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            part.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            _ = write!(part, "%{byte:02X}");
        }
    }
    part
}

/// The avatar of a user who has set none. Of a bot or another user with a discriminator it is
/// [`default_avatar_of_discriminator`].
///
/// ```
/// use ovenjs_types::{Id, cdn};
/// let avatar = cdn::default_avatar(Id::new(80_351_110_224_678_912));
/// assert_eq!(avatar.to_string(), "https://cdn.discordapp.com/embed/avatars/5.png");
/// ```
#[must_use]
pub fn default_avatar(user: Id<UserMarker>) -> Image {
    Image::new(
        format!("embed/avatars/{}", (user.get() >> 22) % 6),
        &[Format::Png],
    )
}

/// The avatar of a user who has set none and has a discriminator other than `0`, as bots have.
///
/// ```
/// use ovenjs_types::cdn;
/// let avatar = cdn::default_avatar_of_discriminator(1337);
/// assert_eq!(avatar.to_string(), "https://cdn.discordapp.com/embed/avatars/2.png");
/// ```
#[must_use]
pub fn default_avatar_of_discriminator(discriminator: u16) -> Image {
    Image::new(
        format!("embed/avatars/{}", discriminator % 5),
        &[Format::Png],
    )
}

/// The sound of a soundboard, by its id.
#[must_use]
pub fn soundboard_sound(id: Id<GenericMarker>) -> String {
    format!("{CDN}soundboard-sounds/{id}")
}

/// The address of an image; [`Display`] writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    host: &'static str,
    path: String,
    formats: &'static [Format],
    format: Format,
    size: Option<u16>,
}

impl Image {
    fn new(path: String, formats: &'static [Format]) -> Self {
        let usual = formats.first().copied().unwrap_or(Format::Png);
        let moves = path
            .rsplit('/')
            .next()
            .is_some_and(|hash| hash.starts_with("a_"));
        let format = if moves && formats.contains(&Format::Gif) {
            Format::Gif
        } else {
            usual
        };
        Self {
            host: CDN,
            path,
            formats,
            format,
            size: None,
        }
    }

    /// Asks for this format; stays as it is where Discord does not have the image in it. Without it
    /// a moving image is a GIF and any other one a PNG.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        if self.formats.contains(&format) {
            self.format = format;
        }
        self
    }

    /// Asks for this many pixels in width and height. Discord has powers of two from 16 to 4096:
    /// the next one is taken.
    #[must_use]
    pub fn size(mut self, pixels: u16) -> Self {
        self.size = Some(pixels.clamp(16, 4096).next_power_of_two());
        self
    }
}

impl Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.{}", self.host, self.path, self.format.extension())?;
        match self.size {
            Some(size) => write!(f, "?size={size}"),
            None => Ok(()),
        }
    }
}

/// The format of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// PNG, which every image but a Lottie sticker has.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
    /// GIF, for what moves.
    Gif,
    /// AVIF, for emojis.
    Avif,
    /// A vector animation as JSON, for stickers.
    Lottie,
}

impl Format {
    const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Avif => "avif",
            Self::Lottie => "json",
        }
    }
}

const CDN: &str = "https://cdn.discordapp.com/";
const MEDIA: &str = "https://media.discordapp.net/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_an_image_does_not_have_changes_nothing() {
        let splash = guild_splash(Id::new(7), "a_ff");
        assert_eq!(
            splash.to_string(),
            "https://cdn.discordapp.com/splashes/7/a_ff.png"
        );
        assert_eq!(splash.clone().format(Format::Gif), splash);
    }

    #[test]
    fn a_hash_stays_one_part_of_the_path() {
        let odd = guild_icon(Id::new(7), "../../x?size=1#é").to_string();
        assert_eq!(
            odd,
            "https://cdn.discordapp.com/icons/7/..%2F..%2Fx%3Fsize%3D1%23%C3%A9.png"
        );
        assert_eq!(
            guild_icon(Id::new(7), "").to_string(),
            "https://cdn.discordapp.com/icons/7/.png"
        );
        assert!(
            default_avatar(Id::new(u64::MAX))
                .to_string()
                .ends_with("/3.png")
        );
    }

    #[test]
    fn sizes_are_powers_of_two_within_discords_bounds() {
        let size = |pixels| emoji(Id::new(1)).size(pixels).to_string();
        assert!(size(1).ends_with("?size=16"));
        assert!(size(100).ends_with("?size=128"));
        assert!(size(u16::MAX).ends_with("?size=4096"));
        assert!(size(0).ends_with("?size=16"));
    }
}
