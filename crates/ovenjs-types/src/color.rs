//! Colours.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A colour as Discord writes it, `0xRRGGBB`. Black is what a role without a colour has.
///
/// ```
/// use ovenjs_types::{Color, Embed};
///
/// let crust: Color = "#d2691e".parse().unwrap();
/// assert_eq!(crust.rgb(), (0xd2, 0x69, 0x1e));
/// assert_eq!(crust.to_string(), "#d2691e");
/// assert_eq!(Embed::new().color(crust.value()).color, Some(0xd2_69_1e));
/// assert!("crust".parse::<Color>().is_err());
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(from = "u32", into = "u32")]
pub struct Color(u32);

impl Color {
    /// Discord's own blurple.
    pub const BLURPLE: Self = Self(0x58_65_f2);
    /// The green of its brand.
    pub const GREEN: Self = Self(0x57_f2_87);
    /// The yellow of its brand.
    pub const YELLOW: Self = Self(0xfe_e7_5c);
    /// The fuchsia of its brand.
    pub const FUCHSIA: Self = Self(0xeb_45_9e);
    /// The red of its brand.
    pub const RED: Self = Self(0xed_42_45);

    /// The colour with this number; bits above `0xffffff` are cut off.
    #[must_use]
    pub const fn new(rgb: u32) -> Self {
        Self(rgb & 0xff_ff_ff)
    }

    /// The colour of these parts.
    #[must_use]
    pub const fn from_rgb(red: u8, green: u8, blue: u8) -> Self {
        Self(u32::from_be_bytes([0, red, green, blue]))
    }

    /// Red, green and blue.
    #[must_use]
    pub const fn rgb(self) -> (u8, u8, u8) {
        let [_, red, green, blue] = self.0.to_be_bytes();
        (red, green, blue)
    }

    /// The number that Discord is given.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}

impl From<Color> for u32 {
    fn from(color: Color) -> Self {
        color.0
    }
}

impl From<u32> for Color {
    fn from(rgb: u32) -> Self {
        Self::new(rgb)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

/// A text that is no colour in the form `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorError(());

impl fmt::Display for ColorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a colour is written as #rrggbb, six hexadecimal digits")
    }
}

impl std::error::Error for ColorError {}

impl FromStr for Color {
    type Err = ColorError;

    /// Reads `#rrggbb` or `rrggbb`.
    fn from_str(text: &str) -> Result<Self, ColorError> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let lawful = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = lawful
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten();
        number.map(Self).ok_or(ColorError(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_colours_are_refused_or_cut() {
        for text in [
            "", "#", "#fff", "#1234567", "##12345", "#12345é", "+12345", "-12345", "0xffff",
        ] {
            assert!(text.parse::<Color>().is_err(), "{text}");
        }
        assert_eq!("FFffFF".parse(), Ok(Color::new(0xff_ff_ff)));
        let cut: Color = serde_json::from_str("4294967295").unwrap();
        assert_eq!(cut.to_string(), "#ffffff");
        assert_eq!(serde_json::to_string(&cut).unwrap(), "16777215");
        assert!(serde_json::from_str::<Color>("-1").is_err());
    }
}
