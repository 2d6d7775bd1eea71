//! What the application sells, what users have bought, and their subscriptions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    config::{Sale, Sku},
    failure::Failure,
    json::{Fields, Object, object},
    time,
};

use super::{World, due::Due};

/// Goods, entitlements and subscriptions, by id.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    pub(crate) skus: BTreeMap<u64, Object>,
    pub(crate) entitlements: BTreeMap<u64, Object>,
    pub(crate) subscriptions: BTreeMap<u64, Object>,
}

impl World {
    /// Puts something on the shelf. A subscription has a group of its own, which nobody buys.
    pub(super) fn offer(&mut self, sku: &Sku) {
        let (kind, whose) = match sku.sale {
            Sale::Durable => (DURABLE, 0),
            Sale::Consumable => (CONSUMABLE, 0),
            Sale::Subscription => (SUBSCRIPTION, USER_SUBSCRIPTION),
            Sale::GuildSubscription => (SUBSCRIPTION, GUILD_SUBSCRIPTION),
        };
        let kinds: &[u64] = match kind {
            SUBSCRIPTION => &[SUBSCRIPTION_GROUP, SUBSCRIPTION],
            _ => &[kind],
        };
        for kind in kinds {
            let id = self.next_id();
            let shown = object(json!({
                "id": id.to_string(),
                "type": kind,
                "application_id": self.application_id().to_string(),
                "name": sku.name,
                "slug": sku.name.to_lowercase().replace(' ', "-"),
                "flags": AVAILABLE | whose,
                "dependent_sku_id": null,
                "manifest_labels": null,
                "access_type": 1,
                "features": [],
                "release_date": null,
                "premium": false,
                "show_age_gate": false,
            }));
            self.shop.skus.insert(id, shown);
        }
    }

    /// What can be bought under a name.
    pub(crate) fn sku_named(&self, name: &str) -> Option<u64> {
        let mut skus = self.shop.skus.iter();
        skus.find(|(_, sku)| {
            sku.text("name") == Some(name) && sku.int("type") != Some(SUBSCRIPTION_GROUP)
        })
        .map(|(id, _)| *id)
    }

    /// A user buys something: for itself or, where it is sold to guilds, for a guild.
    pub(crate) fn buy(&mut self, user: u64, guild: Option<u64>, sku: u64) -> Result<u64, Failure> {
        let (kind, flags) = self.sold_as(sku)?;
        let guild = guild.filter(|_| flags & GUILD_SUBSCRIPTION != 0);
        if flags & GUILD_SUBSCRIPTION != 0 && guild.is_none() {
            return Err(Failure::new(400, 50057, "Invalid SKU"));
        }
        if kind != CONSUMABLE && self.holds(sku, user, guild) {
            return Err(already_granted());
        }
        let entitled_by = match kind {
            SUBSCRIPTION => BY_SUBSCRIPTION,
            _ => BY_PURCHASE,
        };
        let entitlement = self.entitle(sku, user, guild, entitled_by, true);
        if kind == SUBSCRIPTION {
            self.subscribe(user, sku, entitlement);
        }
        Ok(entitlement)
    }

    /// Gives a user or a guild something to try, as developers do.
    pub(crate) fn entitle_to_test(
        &mut self,
        sku: u64,
        user: u64,
        guild: Option<u64>,
    ) -> Result<u64, Failure> {
        let (kind, _) = self.sold_as(sku)?;
        if kind != CONSUMABLE && self.holds(sku, user, guild) {
            return Err(already_granted());
        }
        Ok(self.entitle(sku, user, guild, BY_SUBSCRIPTION, false))
    }

    fn sold_as(&self, sku: u64) -> Result<(u64, u64), Failure> {
        let known = self.shop.skus.get(&sku);
        let known = known.ok_or_else(|| Failure::unknown(10027))?;
        let kind = known.int("type").unwrap_or_default();
        if kind == SUBSCRIPTION_GROUP {
            return Err(Failure::new(400, 50057, "Invalid SKU"));
        }
        Ok((kind, known.int("flags").unwrap_or_default()))
    }

    fn holds(&self, sku: u64, user: u64, guild: Option<u64>) -> bool {
        let mut held = self.shop.entitlements.values();
        held.any(|one| {
            one.key("sku_id") == Some(sku) && self.is_active(one) && belongs_to(one, user, guild)
        })
    }

    /// What is bought has a beginning; what is to try has none, and can be taken away again.
    fn entitle(&mut self, sku: u64, user: u64, guild: Option<u64>, by: u64, bought: bool) -> u64 {
        let id = self.next_id();
        let mut entitlement = object(json!({
            "id": id.to_string(),
            "sku_id": sku.to_string(),
            "application_id": self.application_id().to_string(),
            "user_id": user.to_string(),
            "promotion_id": null,
            "type": by,
            "deleted": false,
            "gift_code_flags": 0,
            "consumed": false,
            "starts_at": bought.then(|| self.timestamp()),
            "ends_at": null,
        }));
        if let Some(guild) = guild {
            entitlement.set("guild_id", guild.to_string());
        }
        self.shop.entitlements.insert(id, entitlement.clone());
        while self.shop.entitlements.len() > MAX_KEPT {
            self.shop.entitlements.pop_first();
        }
        self.emit("ENTITLEMENT_CREATE", None, Value::Object(entitlement));
        id
    }

    pub(crate) fn entitlement(&self, id: u64) -> Result<&Object, Failure> {
        let known = self.shop.entitlements.get(&id);
        known.ok_or_else(|| Failure::unknown(10029))
    }

    /// The application has given what was bought, and it can be bought again.
    pub(crate) fn consume(&mut self, id: u64) -> Result<(), Failure> {
        let entitlement = self.entitlement(id)?;
        let sku = entitlement.key("sku_id").unwrap_or_default();
        let (kind, _) = self.sold_as(sku)?;
        if kind != CONSUMABLE {
            return Err(Failure::new(
                400,
                40018,
                "Only consumable SKUs can be consumed",
            ));
        }
        self.change_entitlement(id, "ENTITLEMENT_UPDATE", |one| one.set("consumed", true));
        Ok(())
    }

    /// Takes away what was given to try.
    pub(crate) fn end_test(&mut self, id: u64) -> Result<(), Failure> {
        if self.entitlement(id)?.text("starts_at").is_some() {
            let message = "You can only delete sandbox entitlements.";
            return Err(Failure::new(403, 40019, message));
        }
        self.change_entitlement(id, "ENTITLEMENT_DELETE", |one| one.set("deleted", true));
        Ok(())
    }

    /// Gives a user the money back for the last purchase: the entitlement is gone, and the
    /// subscription with it.
    pub(crate) fn refund_last(&mut self, user: u64, sku: u64) -> Result<(), Failure> {
        let mut bought = self.shop.entitlements.iter().rev().filter(|(_, one)| {
            one.key("user_id") == Some(user)
                && one.key("sku_id") == Some(sku)
                && one.flag("deleted") != Some(true)
        });
        let last = bought.next().map(|(id, _)| *id);
        let id = last.ok_or_else(|| Failure::unknown(10029))?;
        self.change_entitlement(id, "ENTITLEMENT_DELETE", |one| one.set("deleted", true));
        if let Some(subscription) = self.subscription_of(id) {
            self.change_subscription(subscription, |one| one.set("status", INACTIVE));
        }
        Ok(())
    }

    fn change_entitlement(&mut self, id: u64, event: &str, change: impl FnOnce(&mut Object)) {
        let kept = self.shop.entitlements.get_mut(&id);
        if let Some(after) = kept.and_then(|kept| changed(kept, change)) {
            self.emit(event, None, Value::Object(after));
        }
    }

    /// What users and guilds may use at the moment.
    pub(crate) fn is_active(&self, entitlement: &Object) -> bool {
        entitlement.flag("deleted") != Some(true)
            && entitlement.flag("consumed") != Some(true)
            && !self.has_ended(entitlement)
    }

    pub(crate) fn has_ended(&self, entitlement: &Object) -> bool {
        let until = entitlement.text("ends_at").and_then(time::unix_ms_of);
        until.is_some_and(|until| until <= self.now_ms)
    }

    /// What an interaction tells of a user and of the guild it is in.
    pub(crate) fn entitlements_for(&self, user: u64, guild: Option<u64>) -> Vec<Value> {
        let held = self.shop.entitlements.values().filter(|one| {
            let of_user = belongs_to(one, user, None);
            self.is_active(one) && (of_user || guild.is_some() && belongs_to(one, user, guild))
        });
        held.cloned().map(Value::Object).collect()
    }

    fn subscribe(&mut self, user: u64, sku: u64, entitlement: u64) {
        let id = self.next_id();
        let end = self.now_ms.saturating_add(PERIOD_MS);
        let subscription = object(json!({
            "id": id.to_string(),
            "user_id": user.to_string(),
            "sku_ids": [sku.to_string()],
            "entitlement_ids": [entitlement.to_string()],
            "renewal_sku_ids": null,
            "current_period_start": self.timestamp(),
            "current_period_end": time::iso8601(end),
            "status": ACTIVE,
            "canceled_at": null,
        }));
        if let Some(kept) = self.shop.entitlements.get_mut(&entitlement) {
            kept.set("subscription_id", id.to_string());
        }
        self.shop.subscriptions.insert(id, subscription.clone());
        self.schedule(end, Due::Subscription(id));
        self.emit("SUBSCRIPTION_CREATE", None, Value::Object(subscription));
    }

    fn subscription_of(&self, entitlement: u64) -> Option<u64> {
        let kept = self.shop.entitlements.get(&entitlement)?;
        kept.key("subscription_id")
    }

    /// A user lets a subscription end with the month that is paid.
    pub(crate) fn cancel(&mut self, user: u64, sku: u64) -> Result<(), Failure> {
        let found = self.shop.subscriptions.iter().find(|(_, one)| {
            let about = one
                .list("sku_ids")
                .iter()
                .any(|id| *id == sku.to_string().as_str());
            one.key("user_id") == Some(user) && about && one.int("status") == Some(ACTIVE)
        });
        let id = found.map(|(id, _)| *id);
        let id = id.ok_or_else(|| Failure::new(404, 0, "Unknown subscription"))?;
        let at = self.timestamp();
        self.change_subscription(id, |one| {
            one.set("status", ENDING);
            one.set("canceled_at", at);
        });
        Ok(())
    }

    /// A paid month is over: the next one begins, or the subscription and what it gave end.
    pub(super) fn end_period(&mut self, id: u64) {
        let Some(subscription) = self.shop.subscriptions.get(&id) else {
            return;
        };
        let end = subscription
            .text("current_period_end")
            .unwrap_or_default()
            .to_owned();
        if subscription.int("status") == Some(ACTIVE) {
            let next = time::unix_ms_of(&end).unwrap_or(self.now_ms);
            let next = next.saturating_add(PERIOD_MS);
            self.change_subscription(id, |one| {
                one.set("current_period_start", end);
                one.set("current_period_end", time::iso8601(next));
            });
            self.schedule(next, Due::Subscription(id));
            return;
        }
        self.change_subscription(id, |one| one.set("status", INACTIVE));
        let given: Vec<u64> = self
            .shop
            .entitlements
            .iter()
            .filter(|(_, one)| one.key("subscription_id") == Some(id))
            .map(|(entitlement, _)| *entitlement)
            .collect();
        for entitlement in given {
            self.change_entitlement(entitlement, "ENTITLEMENT_UPDATE", |one| {
                one.set("ends_at", end.clone());
            });
        }
    }

    fn change_subscription(&mut self, id: u64, change: impl FnOnce(&mut Object)) {
        let kept = self.shop.subscriptions.get_mut(&id);
        if let Some(after) = kept.and_then(|kept| changed(kept, change)) {
            self.emit("SUBSCRIPTION_UPDATE", None, Value::Object(after));
        }
    }
}

/// What belongs to a guild is its members' and nobody's own.
fn belongs_to(entitlement: &Object, user: u64, guild: Option<u64>) -> bool {
    match guild {
        Some(guild) => entitlement.key("guild_id") == Some(guild),
        None => entitlement.key("guild_id").is_none() && entitlement.key("user_id") == Some(user),
    }
}

/// What became of it, where the change changes something.
fn changed(kept: &mut Object, change: impl FnOnce(&mut Object)) -> Option<Object> {
    let before = kept.clone();
    change(kept);
    (*kept != before).then(|| kept.clone())
}

fn already_granted() -> Failure {
    let message = "An entitlement has already been granted for this resource";
    Failure::new(400, 40074, message)
}

/// The types of goods.
const DURABLE: u64 = 2;
const CONSUMABLE: u64 = 3;
const SUBSCRIPTION: u64 = 5;
const SUBSCRIPTION_GROUP: u64 = 6;

/// The flags of goods.
const AVAILABLE: u64 = 1 << 2;
const GUILD_SUBSCRIPTION: u64 = 1 << 7;
const USER_SUBSCRIPTION: u64 = 1 << 8;

/// The types of entitlements.
const BY_PURCHASE: u64 = 1;
const BY_SUBSCRIPTION: u64 = 8;

/// The states of a subscription.
const ACTIVE: u64 = 0;
const INACTIVE: u64 = 1;
const ENDING: u64 = 2;

/// A month of the box has thirty days.
const PERIOD_MS: u64 = 30 * 86_400_000;

/// The oldest entitlements are forgotten beyond this, so that a long run of purchases has an end.
const MAX_KEPT: usize = 100_000;
