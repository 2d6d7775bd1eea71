//! Themes of the Discord app that are shared in a message.

use serde::{Deserialize, Serialize};

use crate::{Report, Text, Validate, limits};

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
            colors: colors
                .into_iter()
                .map(|c| format!("{c:06X}").into())
                .collect(),
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

impl Validate for SharedClientTheme {
    fn check(&self, report: &mut Report) {
        let count = limits::THEME_COLORS_MIN..=limits::THEME_COLORS;
        report.amount("colors", self.colors.len(), count, "colors");
        report.each("colors", &self.colors, |report, color| {
            if color.len() != DIGITS || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                report.note("", "is no colour: write six hexadecimal digits");
            }
        });
        report.number("gradient_angle", self.gradient_angle, 0..=CIRCLE);
        report.number("base_mix", self.base_mix, 0..=WHOLE);
    }
}

const HALF: u32 = 50;

/// Of a colour: `RRGGBB`.
const DIGITS: usize = 6;

/// Degrees of a circle.
const CIRCLE: u64 = 360;

/// All in percent.
const WHOLE: u64 = 100;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_without_a_sign() {
        let mut theme = SharedClientTheme::new([0x12_34_56]).angle(361).mix(101);
        theme.colors.push("#58659".into());
        let told = theme.validate().unwrap_err();
        let paths: Vec<&str> = told.violations().iter().map(|v| &*v.path).collect();
        assert_eq!(paths, ["colors[1]", "gradient_angle", "base_mix"]);
        assert!(SharedClientTheme::new([]).validate().is_err());
        assert!(SharedClientTheme::new([0; 5]).validate().is_ok());
        assert!(SharedClientTheme::new([0; 6]).validate().is_err());
    }

    #[test]
    fn the_limits_are_those_of_the_tables() {
        assert_eq!(usize::try_from(CIRCLE), Ok(limits::THEME_ANGLE));
        assert_eq!(usize::try_from(WHOLE), Ok(limits::THEME_MIX));
    }
}
