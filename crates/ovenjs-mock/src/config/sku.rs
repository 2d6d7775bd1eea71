//! What an application sells.

use serde::{Deserialize, Serialize};

/// Something that the application sells, for [`Config::skus`](super::Config::skus).
///
/// ```
/// use ovenjs_mock::{Config, Sku};
///
/// let config = Config::default().skus([Sku::subscription("Golden Loaf"), Sku::consumable("Yeast")]);
/// assert_eq!(config.skus[0].name, "Golden Loaf");
/// ```
///
/// Source: Discord, "SKU Resource".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sku {
    /// Its name, by which users of the box buy it.
    pub name: String,
    /// How it is sold.
    pub sale: Sale,
}

/// How something is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sale {
    /// Once and for good.
    Durable,
    /// Again and again; the application consumes what was bought.
    Consumable,
    /// By the month, to a user.
    Subscription,
    /// By the month, to a guild.
    GuildSubscription,
}

impl Sku {
    /// Bought once and for good.
    #[must_use]
    pub fn durable(name: impl Into<String>) -> Self {
        Self::new(name, Sale::Durable)
    }

    /// Bought, consumed, and bought again.
    #[must_use]
    pub fn consumable(name: impl Into<String>) -> Self {
        Self::new(name, Sale::Consumable)
    }

    /// A subscription of a user.
    #[must_use]
    pub fn subscription(name: impl Into<String>) -> Self {
        Self::new(name, Sale::Subscription)
    }

    /// A subscription for a guild and all its members.
    #[must_use]
    pub fn guild_subscription(name: impl Into<String>) -> Self {
        Self::new(name, Sale::GuildSubscription)
    }

    fn new(name: impl Into<String>, sale: Sale) -> Self {
        Self {
            name: name.into(),
            sale,
        }
    }
}
