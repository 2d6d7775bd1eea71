//! Templates of guilds.

use ovenjs_types::{GuildTemplate, Id, Patch, Text, form::length, limits, marker::GuildMarker};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// A template, by its code.
    Get "/guilds/templates/{code}" as GetTemplate -> GuildTemplate {
        fn template(code: Text)
        by Nobody;
    }
}

endpoint! {
    /// The templates of a guild.
    Get "/guilds/{guild_id}/templates" as ListTemplates -> Vec<GuildTemplate> {
        fn templates(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Makes a template of a guild.
    Post "/guilds/{guild_id}/templates" as CreateTemplate -> GuildTemplate {
        fn create_template(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: TemplateDraft;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Changes a template's name or description; what is not set stays as it is.
    Patch "/guilds/{guild_id}/templates/{code}" as EditTemplate -> GuildTemplate {
        fn edit_template(guild_id: Id<GuildMarker>, code: Text)
        major guild_id;
        body: TemplateDraft;
        needs MANAGE_GUILD;
    }
}

body! {
    /// A template to be made, or a change of one.
    ///
    /// Source: Discord, "Create Guild Template" and "Modify Guild Template".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct TemplateDraft
    may {
        /// Its name; 1 to 100 characters. One that is made must have it.
        name: Option<Text> = length(limits::TEMPLATE_NAME_MIN..=limits::TEMPLATE_NAME),
        /// Its description; at most 120 characters.
        description: Patch<Text> = length(0..=limits::TEMPLATE_DESCRIPTION),
    }
}

impl TemplateDraft {
    /// A template of this name.
    pub fn new(name: impl Into<Text>) -> Self {
        Self::default().name(name.into())
    }
}

endpoint! {
    /// Gives a template the guild's present form.
    Put "/guilds/{guild_id}/templates/{code}" as SyncTemplate -> GuildTemplate {
        fn sync_template(guild_id: Id<GuildMarker>, code: Text)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Deletes a template. Answers with what it was.
    Delete "/guilds/{guild_id}/templates/{code}" as DeleteTemplate -> GuildTemplate {
        fn delete_template(guild_id: Id<GuildMarker>, code: Text)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

json_answers!(GuildTemplate);
