//! Fields that Discord writes as `null` where nothing is meant.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default of the field: a list or a number that may be absent as well as
/// `null` has then one form of "nothing", and no second to be checked.
pub(crate) fn as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
