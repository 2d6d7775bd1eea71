//! Subscriptions: who pays again and again.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text, Timestamp,
    marker::{EntitlementMarker, SkuMarker, SubscriptionMarker, UserMarker},
};

/// A user who pays for SKUs of an application again and again.
///
/// What the user may use is said by entitlements, not by the subscription.
///
/// Source: Discord, "Subscription Object".
///
/// ```
/// use ovenjs_types::{Subscription, SubscriptionStatus, json};
/// let text = br#"{"id":"1","user_id":"2","sku_ids":["3"],"entitlement_ids":[],"renewal_sku_ids":null,
///     "current_period_start":"2024-08-27T19:48:44.406602+00:00","status":2,"canceled_at":null}"#;
/// let subscription: Subscription = json::decode(text, &mut Default::default()).unwrap();
/// assert_eq!(subscription.status, SubscriptionStatus::Ending);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subscription {
    /// The subscription's id.
    pub id: Id<SubscriptionMarker>,
    /// Who pays.
    pub user_id: Id<UserMarker>,
    /// What is paid for.
    #[serde(default)]
    pub sku_ids: Vec<Id<SkuMarker>>,
    /// What the user got for it.
    #[serde(default)]
    pub entitlement_ids: Vec<Id<EntitlementMarker>>,
    /// What will be paid for from the next period on, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal_sku_ids: Option<Vec<Id<SkuMarker>>>,
    /// When the present period began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_period_start: Option<Timestamp>,
    /// When the present period ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_period_end: Option<Timestamp>,
    /// Whether it goes on.
    pub status: SubscriptionStatus,
    /// When it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<Timestamp>,
    /// The country of the means of payment, as two letters; only with the OAuth2 scope for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Text>,
}

open_int! {
    /// Whether a subscription goes on.
    pub enum SubscriptionStatus: u32 {
        /// It will be renewed.
        Active = 0,
        /// It is over and nothing is paid.
        Inactive = 1,
        /// It runs until the end of the period.
        Ending = 2,
    }
}
