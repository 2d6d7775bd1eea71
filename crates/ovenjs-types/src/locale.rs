//! Languages.

use crate::Text;

open_str! {
    /// A language that Discord's clients speak.
    ///
    /// Source: Discord, "Locales".
    ///
    /// ```
    /// use ovenjs_types::Locale;
    /// assert_eq!(Locale::from("pt-BR"), Locale::PortugueseBrazilian);
    /// assert_eq!(Locale::from("tlh").value(), "tlh");
    /// ```
    pub enum Locale {
        Arabic = "ar",
        Bulgarian = "bg",
        Czech = "cs",
        Danish = "da",
        German = "de",
        Greek = "el",
        EnglishUk = "en-GB",
        EnglishUs = "en-US",
        SpanishLatam = "es-419",
        Spanish = "es-ES",
        Finnish = "fi",
        French = "fr",
        Hebrew = "he",
        Hindi = "hi",
        Croatian = "hr",
        Hungarian = "hu",
        Indonesian = "id",
        Italian = "it",
        Japanese = "ja",
        Korean = "ko",
        Lithuanian = "lt",
        Dutch = "nl",
        Norwegian = "no",
        Polish = "pl",
        PortugueseBrazilian = "pt-BR",
        Romanian = "ro",
        Russian = "ru",
        Swedish = "sv-SE",
        Thai = "th",
        Turkish = "tr",
        Ukrainian = "uk",
        Vietnamese = "vi",
        ChineseChina = "zh-CN",
        ChineseTaiwan = "zh-TW",
    }
}

impl From<Text> for Locale {
    fn from(locale: Text) -> Self {
        Self::from(locale.as_str())
    }
}

impl From<String> for Locale {
    fn from(locale: String) -> Self {
        Self::from(locale.as_str())
    }
}
