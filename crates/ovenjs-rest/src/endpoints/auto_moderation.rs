//! Auto-moderation: rules by which Discord itself acts in guilds.

use ovenjs_types::{
    AutoModerationRule, AutoModerationRuleDraft, Id,
    marker::{AutoModerationRuleMarker, GuildMarker},
};

use crate::endpoint::{endpoint, json_answers};

endpoint! {
    /// The rules of a guild.
    Get "/guilds/{guild_id}/auto-moderation/rules" as ListAutoModerationRules -> Vec<AutoModerationRule> {
        fn auto_moderation_rules(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// A rule.
    Get "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" as GetAutoModerationRule -> AutoModerationRule {
        fn auto_moderation_rule(guild_id: Id<GuildMarker>, rule_id: Id<AutoModerationRuleMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Makes a rule.
    Post "/guilds/{guild_id}/auto-moderation/rules" as CreateAutoModerationRule -> AutoModerationRule {
        fn create_auto_moderation_rule(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: AutoModerationRuleDraft;
        needs MANAGE_GUILD;
        takes reason;
    }
}

endpoint! {
    /// Changes a rule; what is not set stays as it is.
    Patch "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" as EditAutoModerationRule -> AutoModerationRule {
        fn edit_auto_moderation_rule(
            guild_id: Id<GuildMarker>,
            rule_id: Id<AutoModerationRuleMarker>,
        )
        major guild_id;
        body: AutoModerationRuleDraft;
        needs MANAGE_GUILD;
        takes reason;
    }
}

endpoint! {
    /// Deletes a rule.
    Delete "/guilds/{guild_id}/auto-moderation/rules/{rule_id}" as DeleteAutoModerationRule -> () {
        fn delete_auto_moderation_rule(
            guild_id: Id<GuildMarker>,
            rule_id: Id<AutoModerationRuleMarker>,
        )
        major guild_id;
        needs MANAGE_GUILD;
        takes reason;
    }
}

json_answers!(AutoModerationRule);
