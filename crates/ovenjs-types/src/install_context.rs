//! Values by the way in which an application is installed.

use std::{
    collections::{BTreeMap, btree_map},
    ops::Index,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    InstallContext, Text,
    open::{Known, UNKNOWN_VALUE},
};

/// A value for each way in which an application is installed. Discord writes an object whose keys
/// are the numbers of the contexts; a key that is no such number is kept as it came.
///
/// ```
/// use ovenjs_types::{ByInstallContext, InstallContext, json};
/// let text = br#"{"0":true,"1":false,"oven":true}"#;
/// let installed: ByInstallContext<bool> = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(installed.get(InstallContext::UserInstall), Some(&false));
/// assert_eq!(installed.other().collect::<Vec<_>>(), [("oven", &true)]);
/// assert_eq!(json::encode(&installed), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByInstallContext<V> {
    values: BTreeMap<InstallContext, V>,
    other: BTreeMap<Text, V>,
}

impl<V> ByInstallContext<V> {
    /// The value for a context.
    #[must_use]
    pub fn get(&self, context: InstallContext) -> Option<&V> {
        self.values.get(&context)
    }

    /// Sets the value for a context and gives back the one before.
    pub fn insert(&mut self, context: InstallContext, value: V) -> Option<V> {
        self.values.insert(context, value)
    }

    /// The values with their contexts.
    pub fn iter(&self) -> btree_map::Iter<'_, InstallContext, V> {
        self.values.iter()
    }

    /// The values whose keys are no numbers of contexts.
    pub fn other(&self) -> impl Iterator<Item = (&str, &V)> {
        self.other.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.other.is_empty()
    }
}

impl<V> Default for ByInstallContext<V> {
    fn default() -> Self {
        Self {
            values: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    }
}

impl<V> FromIterator<(InstallContext, V)> for ByInstallContext<V> {
    fn from_iter<I: IntoIterator<Item = (InstallContext, V)>>(values: I) -> Self {
        Self {
            values: values.into_iter().collect(),
            other: BTreeMap::new(),
        }
    }
}

impl<'v, V> IntoIterator for &'v ByInstallContext<V> {
    type Item = (&'v InstallContext, &'v V);
    type IntoIter = btree_map::Iter<'v, InstallContext, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V> Index<InstallContext> for ByInstallContext<V> {
    type Output = V;

    /// # Panics
    ///
    /// Where there is no value for the context; [`get`](ByInstallContext::get) asks.
    #[expect(clippy::indexing_slicing, reason = "it is what indexing a map does")]
    fn index(&self, context: InstallContext) -> &V {
        &self.values[&context]
    }
}

impl<V: Serialize> Serialize for ByInstallContext<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.values.iter().map(|(context, value)| {
            let is_unknown = matches!(context, InstallContext::Unknown(_));
            let unknown = is_unknown.then_some(UNKNOWN_VALUE);
            (Known(unknown, context.value().to_string()), value)
        });
        let other = self.other();
        let other = other.map(|(key, value)| (Known(Some(UNKNOWN_VALUE), key.to_owned()), value));
        serializer.collect_map(values.chain(other))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByInstallContext<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut read = Self::default();
        for (key, value) in BTreeMap::<Text, V>::deserialize(deserializer)? {
            // A number that would be written in another way is none.
            let number = key.parse::<u32>().ok();
            match number.filter(|number| number.to_string() == key) {
                Some(number) => _ = read.values.insert(number.into(), value),
                None => _ = read.other.insert(key, value),
            }
        }
        Ok(read)
    }
}
