//! Entitlements: what users and guilds have bought or been given.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Timestamp,
    marker::{
        ApplicationMarker, EntitlementMarker, GenericMarker, GuildMarker, SkuMarker,
        SubscriptionMarker, UserMarker,
    },
};

/// The right of a user or a guild to what an application sells.
///
/// Source: Discord, "Entitlement Object".
///
/// ```
/// use ovenjs_types::{Entitlement, EntitlementType, json};
/// let text = br#"{"id":"1","sku_id":"2","application_id":"3","user_id":"4","type":8,"deleted":false}"#;
/// let entitlement: Entitlement = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(entitlement.kind, EntitlementType::ApplicationSubscription);
/// assert_eq!(entitlement.ends_at, None);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entitlement {
    /// The entitlement's id.
    pub id: Id<EntitlementMarker>,
    /// What it is for.
    pub sku_id: Id<SkuMarker>,
    /// The application that sells it.
    pub application_id: Id<ApplicationMarker>,
    /// The user who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<UserMarker>>,
    /// The guild that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// How it was got.
    #[serde(rename = "type")]
    pub kind: EntitlementType,
    /// Whether it was taken back.
    #[serde(default)]
    pub deleted: bool,
    /// From when it is good; absent for a test one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// Until when it is good; absent where it does not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Whether something to be used up was used up.
    #[serde(default)]
    pub consumed: bool,
    /// The subscription it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<Id<SubscriptionMarker>>,
    /// Discord's bits about the gift code it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_code_flags: Option<u64>,
    /// The promotion it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_id: Option<Id<GenericMarker>>,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gifter_user_id: Option<Id<UserMarker>>,
    /// The entitlement it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id<EntitlementMarker>>,
    /// When the application handed it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfilled_at: Option<Timestamp>,
    /// Whether the application has handed it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfillment_status: Option<FulfillmentStatus>,
}

open_int! {
    /// How an entitlement was got.
    pub enum EntitlementType: u32 {
        Purchase = 1,
        PremiumSubscription = 2,
        DeveloperGift = 3,
        TestModePurchase = 4,
        FreePurchase = 5,
        UserGift = 6,
        PremiumPurchase = 7,
        ApplicationSubscription = 8,
        QuestReward = 10,
    }
}

open_int! {
    /// Whether an application has handed out what was bought.
    pub enum FulfillmentStatus: u32 {
        /// Discord's own "unknown".
        Unspecified = 0,
        FulfillmentNotNeeded = 1,
        FulfillmentNeeded = 2,
        Fulfilled = 3,
        FulfillmentFailed = 4,
        UnfulfillmentNeeded = 5,
        Unfulfilled = 6,
        UnfulfillmentFailed = 7,
    }
}

form! {
    exported test_entitlement =>
    /// An entitlement for trying things out, as `POST /applications/{id}/entitlements` takes it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct TestEntitlement
    must {
        /// What it is for.
        sku_id: Id<SkuMarker>,
        /// Who gets it.
        owner_id: Id<GenericMarker>,
        /// Whether that is a guild or a user.
        owner_type: EntitlementOwnerType,
    }
}

impl TestEntitlement {
    /// One for a guild.
    #[must_use]
    pub const fn guild(sku: Id<SkuMarker>, guild: Id<GuildMarker>) -> Self {
        Self {
            sku_id: sku,
            owner_id: guild.cast(),
            owner_type: EntitlementOwnerType::Guild,
        }
    }

    /// One for a user.
    #[must_use]
    pub const fn user(sku: Id<SkuMarker>, user: Id<UserMarker>) -> Self {
        Self {
            sku_id: sku,
            owner_id: user.cast(),
            owner_type: EntitlementOwnerType::User,
        }
    }
}

open_int! {
    /// Who gets a test entitlement.
    pub enum EntitlementOwnerType: u32 {
        Guild = 1,
        User = 2,
    }
}
