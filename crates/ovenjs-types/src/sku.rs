//! SKUs: what an application sells.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text,
    marker::{ApplicationMarker, SkuMarker},
};

/// Something that an application sells.
///
/// Source: Discord, "SKU Object".
///
/// ```
/// use ovenjs_types::{Sku, SkuFlags, SkuType, json};
/// let text = br#"{"id":"1","type":5,"application_id":"2","name":"Test Premium","slug":"test-premium","flags":128}"#;
/// let sku: Sku = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(sku.kind, SkuType::Subscription);
/// assert!(sku.flags.contains(SkuFlags::GUILD_SUBSCRIPTION));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sku {
    /// The SKU's id.
    pub id: Id<SkuMarker>,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: SkuType,
    /// The application that sells it.
    pub application_id: Id<ApplicationMarker>,
    /// Its name.
    #[serde(default)]
    pub name: Text,
    /// The name as it stands in addresses.
    #[serde(default)]
    pub slug: Text,
    /// For whom it is, and whether it can be bought.
    #[serde(default)]
    pub flags: SkuFlags,
    /// Who may get at it; Discord's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_type: Option<u32>,
    /// The SKU it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependent_sku_id: Option<Id<SkuMarker>>,
    /// Whether it comes with Nitro.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium: Option<bool>,
    /// Whether buyers are asked for their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_age_gate: Option<bool>,
}

open_int! {
    /// What kind of thing is sold.
    pub enum SkuType: u32 {
        /// Bought once, kept for ever.
        Durable = 2,
        /// Bought and used up.
        Consumable = 3,
        /// Paid for again and again.
        Subscription = 5,
        /// Made by Discord for each subscription.
        SubscriptionGroup = 6,
    }
}

flags! {
    /// For whom a SKU is, and whether it can be bought.
    pub struct SkuFlags as number {
        AVAILABLE = 2,
        GUILD_SUBSCRIPTION = 7,
        USER_SUBSCRIPTION = 8,
    }
}
