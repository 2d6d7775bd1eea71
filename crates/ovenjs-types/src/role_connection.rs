//! Linked roles: what an application knows of a user, and what guilds may ask for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Localizations, Report, Text, Validate, form::length};

/// Something that guilds may ask of users before they get a linked role; at most 5 by application.
///
/// Source: Discord, "Application Role Connection Metadata Object".
///
/// ```
/// use ovenjs_types::{RoleConnectionMetadata, RoleConnectionMetadataType};
/// let age = RoleConnectionMetadata::new(
///     RoleConnectionMetadataType::IntegerGreaterThanOrEqual, "loaves", "Loaves", "Loaves baked",
/// );
/// assert!(ovenjs_types::json::encode(&age).starts_with(br#"{"type":2,"key":"loaves""#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleConnectionMetadata {
    /// How the guild's value is compared with the user's.
    #[serde(rename = "type")]
    pub kind: RoleConnectionMetadataType,
    /// Its key: `a-z`, `0-9` and `_`, 1 to 50 characters.
    pub key: Text,
    /// Its name, 1 to 100 characters.
    #[serde(default)]
    pub name: Text,
    /// Its name in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_localizations: Option<Localizations>,
    /// Its description, 1 to 200 characters.
    #[serde(default)]
    pub description: Text,
    /// Its description in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_localizations: Option<Localizations>,
}

impl RoleConnectionMetadata {
    /// One without translations.
    pub fn new(
        kind: RoleConnectionMetadataType,
        key: impl Into<Text>,
        name: impl Into<Text>,
        description: impl Into<Text>,
    ) -> Self {
        Self {
            kind,
            key: key.into(),
            name: name.into(),
            name_localizations: None,
            description: description.into(),
            description_localizations: None,
        }
    }
}

impl Validate for RoleConnectionMetadata {
    fn check(&self, report: &mut Report) {
        report.length("key", &self.key, 1..=50);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !self.key.chars().all(fits) {
            report.note(
                "key",
                "has other characters than a-z, 0-9 and _: leave them out",
            );
        }
        report.length("name", &self.name, 1..=100);
        report.length("description", &self.description, 1..=200);
    }
}

open_int! {
    /// How a user's value is compared with what the guild asks for. Times are compared in days.
    pub enum RoleConnectionMetadataType: u32 {
        IntegerLessThanOrEqual = 1,
        IntegerGreaterThanOrEqual = 2,
        IntegerEqual = 3,
        IntegerNotEqual = 4,
        DatetimeLessThanOrEqual = 5,
        DatetimeGreaterThanOrEqual = 6,
        BooleanEqual = 7,
        BooleanNotEqual = 8,
    }
}

impl Validate for Vec<RoleConnectionMetadata> {
    /// All that an application can know of a user.
    fn check(&self, report: &mut Report) {
        report.amount("", self.len(), 0..=5, "kinds");
        report.each("", self, |report, kind| kind.check(report));
    }
}

form! {
    exported role_connection =>
    /// What an application knows of a user on its own platform.
    ///
    /// Source: Discord, "Application Role Connection Object".
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct RoleConnection
    may {
        /// The platform's name, at most 50 characters.
        platform_name: Option<Text> = length(0..=50),
        /// The user's name there, at most 100 characters.
        platform_username: Option<Text> = length(0..=100),
        /// The user's value for each metadata key, written as text, at most 100 characters.
        metadata: BTreeMap<Text, Text>,
    }
    also |it, report| {
        report.amount("metadata", it.metadata.len(), 0..=5, "values");
        for (key, value) in &it.metadata {
            report.field("metadata", |report| report.length(key, value, 1..=100));
        }
    };
}
