//! What the application sells: SKUs, entitlements, subscriptions.

use ovenjs_types::{
    Entitlement, Id, Listed, Sku, Subscription, TestEntitlement,
    marker::{
        ApplicationMarker, EntitlementMarker, GuildMarker, SkuMarker, SubscriptionMarker,
        UserMarker,
    },
};

use crate::{
    Bearer,
    endpoint::{endpoint, json_answers},
};

endpoint! {
    /// What the application sells.
    Get "/applications/{application_id}/skus" as ListSkus -> Vec<Sku> {
        fn skus(application_id: Id<ApplicationMarker>)
    }
}

endpoint! {
    /// What users and guilds have of what the application sells.
    Get "/applications/{application_id}/entitlements" as ListEntitlements -> Vec<Entitlement> {
        fn entitlements(application_id: Id<ApplicationMarker>)
        query {
            /// Those of this user.
            user_id: Id<UserMarker>,
            /// Those for one of these SKUs; at most 100.
            sku_ids: Listed<Id<SkuMarker>> = 0..=100,
            /// Those of this guild.
            guild_id: Id<GuildMarker>,
            /// Those before this entitlement.
            before: Id<EntitlementMarker>,
            /// Those after this entitlement.
            after: Id<EntitlementMarker>,
            /// At most so many: 1 to 100, 100 by default.
            limit: u16 = 1..=100,
            /// Whether those that have ended are left out.
            exclude_ended: bool,
            /// Whether those that were deleted are left out; they are by default.
            exclude_deleted: bool,
            /// Whether only those that are in force are given.
            only_active: bool,
        }
        or User;
    }
}

endpoint! {
    /// One thing that a user or guild has.
    Get "/applications/{application_id}/entitlements/{entitlement_id}" as GetEntitlement -> Entitlement {
        fn entitlement(
            application_id: Id<ApplicationMarker>,
            entitlement_id: Id<EntitlementMarker>,
        )
        or User;
    }
}

endpoint! {
    /// Gives a user or guild something for a test, as if it were bought.
    Post "/applications/{application_id}/entitlements" as CreateTestEntitlement -> Entitlement {
        fn create_test_entitlement(application_id: Id<ApplicationMarker>)
        sends: TestEntitlement;
    }
}

endpoint! {
    /// Takes away what was given for a test.
    Delete "/applications/{application_id}/entitlements/{entitlement_id}" as DeleteTestEntitlement -> () {
        fn delete_test_entitlement(
            application_id: Id<ApplicationMarker>,
            entitlement_id: Id<EntitlementMarker>,
        )
        or User;
    }
}

endpoint! {
    /// Marks something that can be bought again as used up.
    Post "/applications/{application_id}/entitlements/{entitlement_id}/consume" as ConsumeEntitlement -> () {
        fn consume_entitlement(
            application_id: Id<ApplicationMarker>,
            entitlement_id: Id<EntitlementMarker>,
        )
        or User;
    }
}

endpoint! {
    /// What the user who is asking has of what an application sells. Discord does not document it.
    Get "/users/@me/applications/{application_id}/entitlements" as ListMyEntitlements -> Vec<Entitlement> {
        fn my_entitlements(application_id: Id<ApplicationMarker>)
        query {
            /// Those for one of these SKUs; at most 100.
            sku_ids: Listed<Id<SkuMarker>> = 0..=100,
            /// Whether those that are used up are left out.
            exclude_consumed: bool,
        }
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// The subscriptions to a SKU; without a user's token, `user_id` must be set.
    Get "/skus/{sku_id}/subscriptions" as ListSubscriptions -> Vec<Subscription> {
        fn subscriptions(sku_id: Id<SkuMarker>)
        query {
            /// Those before this subscription.
            before: Id<SubscriptionMarker>,
            /// Those after this subscription.
            after: Id<SubscriptionMarker>,
            /// At most so many: 1 to 100, 50 by default.
            limit: u16 = 1..=100,
            /// Those of this user.
            user_id: Id<UserMarker>,
        }
        or User;
    }
}

endpoint! {
    /// A subscription to a SKU.
    Get "/skus/{sku_id}/subscriptions/{subscription_id}" as GetSubscription -> Subscription {
        fn subscription(sku_id: Id<SkuMarker>, subscription_id: Id<SubscriptionMarker>)
        query {
            /// Whose it is.
            user_id: Id<UserMarker>,
        }
        or User;
    }
}

json_answers!(Entitlement, Sku, Subscription);
