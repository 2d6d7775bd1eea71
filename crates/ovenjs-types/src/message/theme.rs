//! Themes of the Discord app that are shared in a message.

use serde::{Deserialize, Serialize};

use crate::Text;

/// The colours of someone's Discord app, for others to try. The struct is its own builder.
///
/// Source: Discord, "Shared Client Theme Object".
///
/// ```
/// use ovenjs_types::{BaseTheme, SharedClientTheme};
/// let theme = SharedClientTheme::new([0x58_65_F2, 0x00_00_0F]).base(BaseTheme::Midnight);
/// assert_eq!(theme.colors, ["5865F2", "00000F"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedClientTheme {
    /// The colours, as six hexadecimal digits; 1 to 5.
    #[serde(default)]
    pub colors: Vec<Text>,
    /// The direction of the gradient in degrees; at most 360.
    #[serde(default)]
    pub gradient_angle: u32,
    /// How strong the colours are in percent; at most 100.
    #[serde(default)]
    pub base_mix: u32,
    /// What the colours are laid over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_theme: Option<BaseTheme>,
}

impl SharedClientTheme {
    /// These colours, as `0xRRGGBB`, from left to right and at half strength.
    pub fn new(colors: impl IntoIterator<Item = u32>) -> Self {
        Self {
            colors: colors.into_iter().map(|c| format!("{c:06X}")).collect(),
            base_mix: HALF,
            ..Self::default()
        }
    }

    /// Sets the direction of the gradient in degrees.
    #[must_use]
    pub const fn angle(mut self, degrees: u32) -> Self {
        self.gradient_angle = degrees;
        self
    }

    /// Sets how strong the colours are in percent.
    #[must_use]
    pub const fn mix(mut self, percent: u32) -> Self {
        self.base_mix = percent;
        self
    }

    /// Sets what the colours are laid over.
    #[must_use]
    pub const fn base(mut self, theme: BaseTheme) -> Self {
        self.base_theme = Some(theme);
        self
    }
}

const HALF: u32 = 50;

open_int! {
    /// What the colours of a theme are laid over.
    pub enum BaseTheme: u32 {
        /// The same as [`Dark`](Self::Dark).
        Unset = 0,
        Dark = 1,
        Light = 2,
        Darker = 3,
        Midnight = 4,
    }
}
