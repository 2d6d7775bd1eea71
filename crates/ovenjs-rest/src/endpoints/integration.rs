//! Integrations of guilds.

use ovenjs_types::{
    Id, Integration,
    marker::{GuildMarker, IntegrationMarker},
};

use crate::endpoint::{endpoint, json_answers};

endpoint! {
    /// The integrations of a guild; the first 50.
    Get "/guilds/{guild_id}/integrations" as ListIntegrations -> Vec<Integration> {
        fn integrations(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Removes an integration with its webhooks, and its bot where it has one.
    Delete "/guilds/{guild_id}/integrations/{integration_id}" as DeleteIntegration -> () {
        fn delete_integration(guild_id: Id<GuildMarker>, integration_id: Id<IntegrationMarker>)
        major guild_id;
        needs MANAGE_GUILD;
        takes reason;
    }
}

json_answers!(Integration);
