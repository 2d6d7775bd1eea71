//! Widgets: what guilds show of themselves on websites.

use ovenjs_types::{
    GuildWidget, GuildWidgetSettings, Id, Patch, WidgetStyle,
    marker::{ChannelMarker, GuildMarker},
};
use serde::Serialize;

use crate::{
    Picture,
    endpoint::{body, endpoint, json_answers, query_values, setters_of},
};

endpoint! {
    /// Whether a guild has a widget, and to which channel it invites.
    Get "/guilds/{guild_id}/widget" as GetWidgetSettings -> GuildWidgetSettings {
        fn widget_settings(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Changes a guild's widget; what is not set stays as it is.
    Patch "/guilds/{guild_id}/widget" as EditWidgetSettings -> GuildWidgetSettings {
        fn edit_widget_settings(guild_id: Id<GuildMarker>)
        major guild_id;
        body: WidgetSettingsEdit;
        needs MANAGE_GUILD;
        takes reason;
    }
}

body! {
    /// A change of a guild's widget: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild Widget".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct WidgetSettingsEdit
    may {
        /// Whether the widget is on.
        enabled: Patch<bool>,
        /// The channel to which it invites; cleared, it invites to none.
        channel_id: Patch<Id<ChannelMarker>>,
    }
}

endpoint! {
    /// What a guild shows of itself, where its widget is on.
    Get "/guilds/{guild_id}/widget.json" as GetWidget -> GuildWidget {
        fn widget(guild_id: Id<GuildMarker>)
        major guild_id;
        by Nobody;
    }
}

endpoint! {
    /// The widget as a picture, where it is on.
    Get "/guilds/{guild_id}/widget.png" as GetWidgetImage -> Picture {
        fn widget_image(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Its look; [`Shield`](WidgetStyle::Shield) by default.
            style: WidgetStyle,
        }
        by Nobody;
    }
}

query_values!(WidgetStyle);
json_answers!(GuildWidget, GuildWidgetSettings);
