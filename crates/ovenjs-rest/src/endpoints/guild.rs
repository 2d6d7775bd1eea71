//! Guilds, their channels, and what is asked of a guild as a whole.

use ovenjs_types::{
    AfkTimeout, Channel, ChannelDraft, ChannelPosition, DataUri, DefaultMessageNotificationLevel,
    ExplicitContentFilterLevel, Guild, GuildFeature, GuildPreview, Id, IncidentsData, Invite,
    Locale, Patch, SystemChannelFlags, Text, ThreadList, Timestamp, VanityUrl, VerificationLevel,
    VoiceRegion, Webhook,
    form::{amount, length, picture},
    marker::{ChannelMarker, GuildMarker},
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, setters_of};

endpoint! {
    /// A guild, without its channels and members.
    Get "/guilds/{guild_id}" as GetGuild -> Guild {
        fn guild(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Whether approximate counts of members are included.
            with_counts: bool,
        }
    }
}

endpoint! {
    /// What everybody may see of a guild: of one that can be discovered, or of one the bot is in.
    Get "/guilds/{guild_id}/preview" as GetGuildPreview -> GuildPreview {
        fn guild_preview(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Changes a guild; what is not set stays as it is.
    Patch "/guilds/{guild_id}" as EditGuild -> Guild {
        fn edit_guild(guild_id: Id<GuildMarker>)
        major guild_id;
        body: GuildEdit;
        needs MANAGE_GUILD;
        takes reason;
    }
}

body! {
    /// A change of a guild: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild".
    ///
    /// ```
    /// use ovenjs_rest::GuildEdit;
    /// use ovenjs_types::{Patch, VerificationLevel, json};
    ///
    /// let strict = GuildEdit::default().verification_level(VerificationLevel::High).banner(Patch::Clear);
    /// assert_eq!(json::encode(&strict), br#"{"verification_level":3,"banner":null}"#);
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct GuildEdit
    may {
        /// Its name; 2 to 100 characters.
        name: Option<Text> = length(2..=100),
        /// Its description; at most 300 characters.
        description: Patch<Text> = length(0..=300),
        /// What members need before they may write.
        verification_level: Patch<VerificationLevel>,
        /// What members hear of, if they do not choose.
        default_message_notifications: Patch<DefaultMessageNotificationLevel>,
        /// Whose media are scanned.
        explicit_content_filter: Patch<ExplicitContentFilterLevel>,
        /// Where those go who are away.
        afk_channel_id: Patch<Id<ChannelMarker>>,
        /// After how long somebody counts as away.
        afk_timeout: Patch<AfkTimeout>,
        /// Its icon; may move where the guild has `ANIMATED_ICON`.
        icon: Patch<DataUri> = picture,
        /// The picture behind its invites, where the guild has `INVITE_SPLASH`.
        splash: Patch<DataUri> = picture,
        /// The picture in the directory, where the guild has `DISCOVERABLE`.
        discovery_splash: Patch<DataUri> = picture,
        /// Its banner, where the guild has `BANNER`.
        banner: Patch<DataUri> = picture,
        /// The picture above its guide for new members.
        home_header: Patch<DataUri> = picture,
        /// Where Discord announces joins and boosts.
        system_channel_id: Patch<Id<ChannelMarker>>,
        /// What is left out of these announcements.
        system_channel_flags: Patch<SystemChannelFlags>,
        /// Where the rules of a community stand.
        rules_channel_id: Patch<Id<ChannelMarker>>,
        /// Where Discord writes to the moderators of a community.
        public_updates_channel_id: Patch<Id<ChannelMarker>>,
        /// Where Discord warns the moderators of a community.
        safety_alerts_channel_id: Patch<Id<ChannelMarker>>,
        /// Its language.
        preferred_locale: Patch<Locale>,
        /// All features that can be switched, those that stay as well. To make it a community, or
        /// to make it none, needs `ADMINISTRATOR`.
        features: Patch<Vec<GuildFeature>> = amount(0..=1521, "features"),
        /// Whether it shows how far the next tier of boosts is.
        premium_progress_bar_enabled: Patch<bool>,
        /// The voice region. Discord no longer uses it.
        region: Patch<Text>,
    }
}

endpoint! {
    /// The channels of a guild, without threads.
    Get "/guilds/{guild_id}/channels" as ListGuildChannels -> Vec<Channel> {
        fn guild_channels(guild_id: Id<GuildMarker>)
        major guild_id;
        or User;
    }
}

endpoint! {
    /// Makes a channel.
    Post "/guilds/{guild_id}/channels" as CreateGuildChannel -> Channel {
        fn create_guild_channel(guild_id: Id<GuildMarker>)
        major guild_id;
        sends: ChannelDraft;
        needs MANAGE_CHANNELS;
        takes reason;
    }
}

endpoint! {
    /// Moves channels in the list. Only those that move need to be told of.
    Patch "/guilds/{guild_id}/channels" as MoveGuildChannels -> () {
        fn move_guild_channels(guild_id: Id<GuildMarker>)
        major guild_id;
        body: Vec<ChannelPosition>;
        needs MANAGE_CHANNELS;
    }
}

endpoint! {
    /// All threads of a guild that are not archived and that the bot can see, newest first, with
    /// the bot's own membership of each.
    Get "/guilds/{guild_id}/threads/active" as ListActiveThreads -> ThreadList {
        fn active_threads(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// The invites to a guild, with their use.
    Get "/guilds/{guild_id}/invites" as ListGuildInvites -> Vec<Invite> {
        fn guild_invites(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// The invite of a guild's own address, with its use.
    Get "/guilds/{guild_id}/vanity-url" as GetVanityUrl -> VanityUrl {
        fn vanity_url(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// The webhooks of a guild.
    Get "/guilds/{guild_id}/webhooks" as ListGuildWebhooks -> Vec<Webhook> {
        fn guild_webhooks(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_WEBHOOKS;
    }
}

endpoint! {
    /// The voice regions of a guild, with those that its boosts bring.
    Get "/guilds/{guild_id}/regions" as ListGuildVoiceRegions -> Vec<VoiceRegion> {
        fn guild_voice_regions(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Closes invites or direct messages for a while, as in a raid, or opens them again.
    Put "/guilds/{guild_id}/incident-actions" as EditIncidentActions -> IncidentsData {
        fn edit_incident_actions(guild_id: Id<GuildMarker>)
        major guild_id;
        body: IncidentActions;
        needs MANAGE_GUILD;
    }
}

body! {
    /// What is closed in a guild; what is cleared is opened again.
    ///
    /// Source: Discord, "Modify Guild Incident Actions".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct IncidentActions
    may {
        /// Until when nobody can join by an invite; at most a day from now.
        invites_disabled_until: Patch<Timestamp>,
        /// Until when members who are no friends cannot write to each other; at most a day from
        /// now.
        dms_disabled_until: Patch<Timestamp>,
    }
}

json_answers!(GuildPreview, IncidentsData, VanityUrl);
