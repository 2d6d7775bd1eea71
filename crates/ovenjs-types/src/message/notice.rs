//! What messages tell that Discord writes by itself: calls, purchases, games to join.

use serde::{Deserialize, Serialize};

use crate::{
    Id, Text, Timestamp,
    marker::{GenericMarker, RoleSubscriptionSkuMarker, UserMarker},
};

/// A call in a direct message.
///
/// Source: Discord, "Message Call Object".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageCall {
    /// Who took part.
    #[serde(default)]
    pub participants: Vec<Id<UserMarker>>,
    /// When it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_timestamp: Option<Timestamp>,
}

/// A game or a song in which others are asked to join.
///
/// Source: Discord, "Message Activity Structure".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageActivity {
    /// What is offered.
    #[serde(rename = "type")]
    pub kind: MessageActivityType,
    /// The party of the rich presence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_id: Option<Text>,
}

open_int! {
    /// What a message offers or asks.
    pub enum MessageActivityType: u32 {
        Join = 1,
        Spectate = 2,
        Listen = 3,
        JoinRequest = 5,
        StreamRequest = 6,
    }
}

/// A subscription to a role that was bought or renewed.
///
/// Source: Discord, "Role Subscription Data Object".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleSubscriptionData {
    /// The SKU and listing.
    pub role_subscription_listing_id: Id<RoleSubscriptionSkuMarker>,
    /// The name of the tier.
    #[serde(default)]
    pub tier_name: Text,
    /// How many months the user has been subscribed in all.
    #[serde(default)]
    pub total_months_subscribed: u32,
    /// Whether it was renewed and not bought for the first time.
    #[serde(default)]
    pub is_renewal: bool,
}

/// Something that was bought in a guild.
///
/// Source: Discord's OpenAPI file, `PurchaseNotificationResponse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PurchaseNotification {
    /// What kind of thing.
    #[serde(rename = "type")]
    pub kind: PurchaseType,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_product_purchase: Option<GuildProductPurchase>,
}

open_int! {
    /// What kind of thing was bought.
    pub enum PurchaseType: u32 {
        GuildProduct = 0,
    }
}

/// A product of a guild that was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuildProductPurchase {
    /// Under which id it is offered.
    pub listing_id: Id<GenericMarker>,
    /// Its name.
    #[serde(default)]
    pub product_name: Text,
}

/// The author of a message as member of a lobby.
///
/// Source: Discord's OpenAPI file, `MessageLobbyMemberResponse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageLobbyMember {
    /// The member's name in the game.
    #[serde(default)]
    pub additional_name: Text,
}
