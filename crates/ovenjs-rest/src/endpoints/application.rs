//! The application, its emojis, what it knows of users, and its gateway.

use ovenjs_types::{
    ActivityAttachment, ActivityInstance, Application, ApplicationContentFilter, ApplicationEmojis,
    ApplicationFlags, ApplicationType, BotGateway, ByInstallContext, DataUri, Emoji,
    EventWebhooksStatus, GatewayAddress, Id, InstallParams, IntegrationTypeConfig, Patch, Report,
    RoleConnection, RoleConnectionMetadata, Text, Upload, Validate, VoiceRegion, WebhookEventType,
    form::{amount, length, picture, picture_within},
    limits,
    marker::{ApplicationMarker, EmojiMarker, OauthTeamMarker},
};
use serde::Serialize;

use crate::{
    Bearer, Body, Part, Payload,
    endpoint::{body, endpoint, json_answers, sent_as, setters_of},
};

endpoint! {
    /// Where to connect to the gateway. [`BotGatewayInfo`] tells with how many shards.
    Get "/gateway" as GatewayInfo -> GatewayAddress {
        fn gateway()
        by Nobody;
    }
}

endpoint! {
    /// Where to connect to the gateway, with how many shards.
    Get "/gateway/bot" as BotGatewayInfo -> BotGateway {
        fn bot_gateway()
    }
}

endpoint! {
    /// The application which the bot belongs to.
    Get "/applications/@me" as CurrentApplication -> Application {
        fn current_application()
    }
}

endpoint! {
    /// Changes the application which the bot belongs to.
    Patch "/applications/@me" as EditCurrentApplication -> Application {
        fn edit_current_application()
        body: ApplicationEdit;
    }
}

endpoint! {
    /// The bot's application, by its id. Discord does not document it: [`CurrentApplication`] does
    /// the same.
    Get "/applications/{application_id}" as GetApplication -> Application {
        fn application(application_id: Id<ApplicationMarker>)
    }
}

endpoint! {
    /// Changes the bot's application, by its id. Discord does not document it:
    /// [`EditCurrentApplication`] does the same.
    Patch "/applications/{application_id}" as EditApplication -> Application {
        fn edit_application(application_id: Id<ApplicationMarker>)
        body: ApplicationEdit;
    }
}

body! {
    /// A change of the application: what is not set stays as it is.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct ApplicationEdit
    may {
        /// The address under which it is installed, where that is its own.
        custom_install_url: Patch<Text> = length(0..=URL_MAX),
        /// What it does; at most 400 characters.
        description: Patch<Text> = length(0..=400),
        /// The address to which roles are linked.
        role_connections_verification_url: Patch<Text> = length(0..=URL_MAX),
        /// How it is installed where nothing is said for the context.
        install_params: Patch<InstallParams>,
        /// Where it can be installed, and how.
        integration_types_config: Patch<ByInstallContext<IntegrationTypeConfig>>,
        /// Its flags; only those about limited intents can be changed.
        flags: Patch<ApplicationFlags>,
        /// Its icon.
        icon: Patch<DataUri> = picture,
        /// The picture behind its rich presence.
        cover_image: Patch<DataUri> = picture,
        /// Where interactions are sent instead of the gateway.
        interactions_endpoint_url: Patch<Text> = length(0..=URL_MAX),
        /// Words that describe it: at most 5 of at most 20 characters.
        tags: Patch<Vec<Text>> = amount(0..=5, "tags"),
        /// Where webhook events are sent.
        event_webhooks_url: Patch<Text> = length(0..=URL_MAX),
        /// Whether webhook events are sent.
        event_webhooks_status: Patch<EventWebhooksStatus>,
        /// The webhook events it wants.
        event_webhooks_types: Patch<Vec<WebhookEventType>>,
        /// Whether what others write is filtered in it.
        explicit_content_filter: Patch<ApplicationContentFilter>,
        /// How many may be in its activity; -1 for any number.
        max_participants: Patch<i64>,
        /// The team that owns it.
        team_id: Patch<Id<OauthTeamMarker>>,
        /// What kind of application it is.
        #[serde(rename = "type")]
        kind: Patch<ApplicationType>,
    }
}

/// The longest address, from the OpenAPI file.
const URL_MAX: usize = 2048;

endpoint! {
    /// An activity that is running.
    Get "/applications/{application_id}/activity-instances/{instance_id}" as GetActivityInstance -> ActivityInstance {
        fn activity_instance(application_id: Id<ApplicationMarker>, instance_id: Text)
    }
}

endpoint! {
    /// Uploads a file for an activity, for a while.
    Post "/applications/{application_id}/attachment" as UploadActivityAttachment -> ActivityAttachment {
        fn upload_activity_attachment(application_id: Id<ApplicationMarker>)
        sends: ActivityFile;
        or User;
    }
}

/// A file for an activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivityFile {
    /// The file.
    #[serde(skip)]
    pub file: Upload,
}

impl From<Upload> for ActivityFile {
    fn from(file: Upload) -> Self {
        Self { file }
    }
}

impl Validate for ActivityFile {
    fn check(&self, report: &mut Report) {
        let range = limits::ATTACHMENT_FILENAME_MIN..=limits::ATTACHMENT_FILENAME;
        report.length("file.filename", &self.file.filename, range);
    }
}

impl Payload for ActivityFile {
    fn body(&self) -> Body<'_> {
        Body::Form(vec![("file", Part::File(&self.file))])
    }
}

endpoint! {
    /// The application's own emojis.
    Get "/applications/{application_id}/emojis" as ListApplicationEmojis -> ApplicationEmojis {
        fn application_emojis(application_id: Id<ApplicationMarker>)
    }
}

endpoint! {
    /// One of the application's own emojis.
    Get "/applications/{application_id}/emojis/{emoji_id}" as GetApplicationEmoji -> Emoji {
        fn application_emoji(application_id: Id<ApplicationMarker>, emoji_id: Id<EmojiMarker>)
    }
}

endpoint! {
    /// Gives the application an emoji, which it can use everywhere; at most 2000.
    Post "/applications/{application_id}/emojis" as CreateApplicationEmoji -> Emoji {
        fn create_application_emoji(application_id: Id<ApplicationMarker>)
        sends: ApplicationEmojiDraft;
    }
}

body! {
    /// An emoji to be made for the application.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct ApplicationEmojiDraft
    must {
        /// Its name; 2 to 32 characters.
        name: Text = length(limits::EMOJI_NAME_MIN..=limits::EMOJI_NAME),
        /// The picture; at most 256 KiB.
        image: DataUri = picture_within(limits::EMOJI_SIZE_BYTES),
    }
}

endpoint! {
    /// Renames one of the application's own emojis.
    Patch "/applications/{application_id}/emojis/{emoji_id}" as EditApplicationEmoji -> Emoji {
        fn edit_application_emoji(application_id: Id<ApplicationMarker>, emoji_id: Id<EmojiMarker>)
        body: ApplicationEmojiEdit;
    }
}

body! {
    /// A change of an application's emoji.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct ApplicationEmojiEdit
    may {
        /// Its name; 2 to 32 characters.
        name: Option<Text> = length(limits::EMOJI_NAME_MIN..=limits::EMOJI_NAME),
    }
}

endpoint! {
    /// Deletes one of the application's own emojis.
    Delete "/applications/{application_id}/emojis/{emoji_id}" as DeleteApplicationEmoji -> () {
        fn delete_application_emoji(application_id: Id<ApplicationMarker>, emoji_id: Id<EmojiMarker>)
    }
}

endpoint! {
    /// What the application can know of a user, for roles that are linked to it.
    Get "/applications/{application_id}/role-connections/metadata" as ListRoleConnectionMetadata -> Vec<RoleConnectionMetadata> {
        fn role_connection_metadata(application_id: Id<ApplicationMarker>)
    }
}

endpoint! {
    /// Says all that the application can know of a user; at most 5 kinds.
    Put "/applications/{application_id}/role-connections/metadata" as SetRoleConnectionMetadata -> Vec<RoleConnectionMetadata> {
        fn set_role_connection_metadata(application_id: Id<ApplicationMarker>)
        body: Vec<RoleConnectionMetadata>;
    }
}

endpoint! {
    /// What the application knows of the user who is asking.
    Get "/users/@me/applications/{application_id}/role-connection" as GetRoleConnection -> RoleConnection {
        fn role_connection(application_id: Id<ApplicationMarker>)
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Says what the application knows of the user who is asking.
    Put "/users/@me/applications/{application_id}/role-connection" as SetRoleConnection -> RoleConnection {
        fn set_role_connection(application_id: Id<ApplicationMarker>)
        body: RoleConnection;
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// Forgets what the application knows of the user who is asking.
    Delete "/users/@me/applications/{application_id}/role-connection" as DeleteRoleConnection -> () {
        fn delete_role_connection(application_id: Id<ApplicationMarker>)
        by User;
        shows bearer: Bearer;
    }
}

endpoint! {
    /// The regions of voice servers.
    Get "/voice/regions" as ListVoiceRegions -> Vec<VoiceRegion> {
        fn voice_regions()
    }
}

sent_as!(Upload => ActivityFile);
json_answers! {
    ActivityAttachment, ActivityInstance, ApplicationEmojis, Emoji, GatewayAddress, RoleConnection,
    RoleConnectionMetadata, VoiceRegion,
}
