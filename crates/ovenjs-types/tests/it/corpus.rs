//! Discord's own examples, where they are at hand: each comes back whole.
//!
//! They stand beside the project, not in it; `OVENJS_CORPUS` names another folder. Without them the
//! test says so and has nothing to compare.

use std::path::PathBuf;

use ovenjs_types::{
    AccessToken, Activity, ActivityInstance, AllowedMentions, Application, ApplicationEmojis,
    AuthorizationInformation, AutoModerationRule, Ban, BotGateway, Channel, Command, CommandDraft,
    Component, CurrentUserGuild, Emoji, Entitlement, GatewayAddress, GatewayCommand, Guild,
    GuildOnboarding, GuildPreview, GuildTemplate, GuildWidget, GuildWidgetSettings, Hello,
    IncidentsData, Integration, Interaction, InteractionData, InvalidSession, Invite,
    InviteStageInstance, Lobby, Member, Message, MessageDraft, Modal, ReactionEmoji, Reconnect,
    Role, RoleColors, RoleMemberCounts, SearchIndexNotReady, Sku, SoundboardSound, StageInstance,
    Sticker, StickerPack, Subscription, TargetUsersJob, TestEntitlement, UnavailableGuild, User,
    Validate, VanityUrl, VoiceServerUpdate, VoiceState, Webhook, WebhookEventPayload,
    WelcomeScreen,
    json::{self, Scratch},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::surface::{again, differences, set};

#[test]
fn discords_examples_come_back_whole() {
    let (mut clean, mut all, mut faults) = (0, 0, Vec::new());
    for (file, object, example) in files() {
        let Some(found) = compare(&object, &example) else {
            if NO_TYPE.iter().all(|(known, _)| *known != object) {
                faults.push(format!(
                    "{file}: {object:?} has neither a line nor a reason"
                ));
            }
            continue;
        };
        all += 1;
        let stale = STALE.iter().any(|(known, _)| *known == file);
        match (found.is_empty(), stale) {
            (true, false) => clean += 1,
            (false, true) => {}
            (true, true) => faults.push(format!("{file} is whole: take it off the list")),
            (false, false) => faults.extend(found.iter().map(|fault| format!("{file}: {fault}"))),
        }
    }
    println!("spec: examples of the documentation | {clean} | {all}");
    println!(
        "examples: {all} typed, {clean} clean, {} stale or invented",
        all - clean
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Examples that Discord itself would not send, each with its reason.
const STALE: &[(&str, &str)] = &[
    (
        "interactions-application-commands__slash-commands-example-interaction.json",
        "older than application_id, which every interaction has today",
    ),
    (
        "interactions-application-commands__localization-retrieving-localized-commands.json",
        "shows the localised fields alone, without the command's id",
    ),
    (
        "resources-guild__guild-member-object-example-guild-member.json",
        "abbreviates the user to an empty object",
    ),
    (
        "tutorials-developing-a-user-installable-app__step-3-handling-interactivity-understanding-metadata-for-interactions.json",
        "abbreviates the user to an empty object",
    ),
    (
        "components-reference__file-upload-examples-2.json",
        "has an id beyond 64 bits",
    ),
    (
        "components-reference__user-select-examples-4.json",
        "shows display_name_styles of a user, which no table has",
    ),
    (
        "interactions-application-commands__autocomplete.json",
        "shows the version of the command, which no table has",
    ),
    (
        "resources-guild-template__guild-template-object-example-guild-template-object.json",
        "has permissions as numbers, as they came before version 8",
    ),
    (
        "resources-invite__invite-stage-instance-object-example-invite-stage-instance.json",
        "abbreviates the user to an empty object",
    ),
    (
        "topics-oauth2__advanced-bot-authorization-extended-bot-authorization-access-token-example.json",
        "has permissions as numbers and beside them in permissions_new, as they came before version 8",
    ),
    (REFUSED, "shows what Discord refuses"),
];

/// Names the users and asks for all of them: the documentation says that it is an error.
const REFUSED: &str = "resources-message__allowed-mentions-object-allowed-mentions-examples-5.json";

/// Objects of examples that are not of a bot's types, each with the reason.
const NO_TYPE: &[(&str, &str)] = &[
    (
        "Embedded App SDK event (not bot-facing)",
        "inside the client",
    ),
    ("RPC payload (not bot-facing)", "the desktop client's"),
    ("Social SDK payload", "a game's"),
    ("Voice gateway payload", "of the voice crate"),
    ("Gateway payload envelope", "of the gateway crate"),
    ("Error Response", "of the REST client"),
    ("Error Response (form)", "of the REST client"),
];

/// What an example loses on its way through our type; none if no line names its object.
fn compare(object: &str, example: &Value) -> Option<Vec<String>> {
    let has = |field: &str| example.get(field).is_some();
    let again = match object {
        "Activity" => again::<Activity>,
        "Activity Instance" => again::<ActivityInstance>,
        "Allowed Mentions" => again::<AllowedMentions>,
        "Application" => again::<Application>,
        "Application Command (localized)" => again::<Command>,
        "Auto Moderation Rule" => again::<AutoModerationRule>,
        "Ban" => again::<Ban>,
        "Channel" => again::<Channel>,
        "Create Application Command params" => again::<CommandDraft>,
        "Create Message params" | "Create Message params (shared_client_theme)" => {
            again::<MessageDraft>
        }
        "Create Message params (components)" => again::<Components>,
        "Create Test Entitlement params" => again::<TestEntitlement>,
        "Current Authorization Information" => again::<AuthorizationInformation>,
        "Current User Guild" => again::<CurrentUserGuild>,
        // An emoji of a guild says who may use it; one that stands for itself does not.
        "Emoji" if has("roles") => again::<Emoji>,
        "Emoji" => again::<ReactionEmoji>,
        "Entitlement" => again::<Entitlement>,
        "Entitlement list" => again::<Vec<Entitlement>>,
        "Gateway Bot / Gateway" if has("shards") => again::<BotGateway>,
        "Gateway Bot / Gateway" => again::<GatewayAddress>,
        "Gateway event" => again::<VoiceServerUpdate>,
        "Gateway event (non-dispatch)" => match example["op"].as_u64() {
            Some(10) => again::<Hello>,
            Some(9) => again::<InvalidSession>,
            Some(7 | 11) => again::<Reconnect>,
            _ => return None,
        },
        "Guild" => again::<Guild>,
        "Guild Member" => again::<Member>,
        "Guild Onboarding" => again::<GuildOnboarding>,
        "Guild Preview" => again::<GuildPreview>,
        "Guild Template" => again::<GuildTemplate>,
        "Guild Widget" => again::<GuildWidget>,
        "Guild Widget Settings" => again::<GuildWidgetSettings>,
        "Incidents Data" => again::<IncidentsData>,
        "Interaction" => again::<Interaction>,
        "Interaction (autocomplete, partial)"
        | "Interaction (message component, partial)"
        | "Interaction (modal submit, partial)" => again::<InteractionData>,
        "Interaction Response (modal)" => again::<Modal>,
        "Invite" | "Invite Metadata" => again::<Invite>,
        "Invite Stage Instance" => again::<InviteStageInstance>,
        "Invite Target Users Job Status" => again::<TargetUsersJob>,
        "List Application Emojis response" => again::<ApplicationEmojis>,
        "Lobby" => again::<Lobby>,
        "Message" => again::<Message>,
        "OAuth2 Access Token Response" => again::<AccessToken>,
        "Partial Integration" => again::<Integration>,
        "Role" => again::<Role>,
        "Role Colors" => again::<RoleColors>,
        "Role Member Counts map" => again::<RoleMemberCounts>,
        "SKU" => again::<Sku>,
        "SKU list" => again::<Vec<Sku>>,
        "Search index not ready (202)" => again::<SearchIndexNotReady>,
        "Soundboard Sound" => again::<SoundboardSound>,
        "Stage Instance" => again::<StageInstance>,
        "Sticker" => again::<Sticker>,
        "Sticker Pack" => again::<StickerPack>,
        "Subscription" => again::<Subscription>,
        "Unavailable Guild" => again::<UnavailableGuild>,
        "User" => again::<User>,
        "Vanity URL" => again::<VanityUrl>,
        "Voice Server Update inner payload" => again::<VoiceServerUpdate>,
        "Voice State" => again::<VoiceState>,
        "Webhook" => again::<Webhook>,
        "Webhook Event" => again::<WebhookEventPayload>,
        "Welcome Screen" => again::<WelcomeScreen>,
        _ if object.starts_with("Gateway command: ") => again::<GatewayCommand>,
        _ => return None,
    };
    let example = part(object, example);
    Some(match again(&example) {
        Ok(written) => differences(&example, &written),
        Err(error) => vec![error],
    })
}

/// The part of an example that is the object, and what the documentation takes for granted.
fn part(object: &str, example: &Value) -> Value {
    let with = |field, value: Value| {
        let mut example = example.clone();
        if example.get(field).is_none() {
            set(&mut example, field, value);
        }
        example
    };
    match object {
        // Of a message that is sent, the components alone are what a bot reads too.
        "Create Message params (components)" => {
            serde_json::json!({ "components": example["components"] })
        }
        // A draft says its kind, which is that of slash commands where it is not said.
        "Create Application Command params" => with("type", 1.into()),
        // The metadata stand in an invite, which has a code.
        "Invite Metadata" => with("code", "oven".into()),
        "Role Colors" => example["colors"].clone(),
        "Gateway event" | "Gateway event (non-dispatch)" => example["d"].clone(),
        // What differs from kind to kind stands under `data`.
        _ if object.starts_with("Interaction ") => example["data"].clone(),
        _ => example.clone(),
    }
}

/// What the documentation shows of messages, modals and commands is not refused here.
#[test]
fn discords_examples_keep_our_rules() {
    fn checked<T: Validate + DeserializeOwned>(example: &Value) -> Result<(), String> {
        let draft: T = json::decode(example.to_string().as_bytes(), &mut Scratch::new())
            .map_err(|error| error.to_string())?;
        draft.validate().map(drop).map_err(|told| told.to_string())
    }
    let mut faults = Vec::new();
    for (file, object, example) in files() {
        let checked = match object.as_str() {
            "Create Message params"
            | "Create Message params (components)"
            | "Create Message params (shared_client_theme)" => checked::<MessageDraft>(&example),
            "Interaction Response (modal)" => checked::<Modal>(&example["data"]),
            "Create Application Command params" => checked::<CommandDraft>(&example),
            _ => Ok(()),
        };
        match checked {
            Err(_) if file == REFUSED => {}
            Ok(()) if file == REFUSED => faults.push(format!("{file} is not refused")),
            checked => faults.extend(checked.err().map(|fault| format!("{file}: {fault}"))),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The components of a message that is sent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Components {
    components: Vec<Component>,
}

/// Every example that Discord would send, with the object it shows.
pub(crate) fn examples() -> Vec<(String, Value)> {
    let is_stale = |file: &str| STALE.iter().any(|(stale, _)| *stale == file);
    let files = files().into_iter();
    files
        .filter(|(file, ..)| !is_stale(file))
        .map(|(_, object, example)| (object, example))
        .collect()
}

/// Every example that is JSON, with its file and the object it shows.
pub(crate) fn files() -> Vec<(String, String, Value)> {
    let Some(folder) = corpus() else {
        return Vec::new();
    };
    let read = |path: PathBuf| std::fs::read(path).unwrap();
    let index: Value = serde_json::from_slice(&read(folder.join("examples/index.json"))).unwrap();
    let examples = index["examples"].as_array().unwrap().iter();
    examples
        .filter_map(|example| {
            let (file, object) = (example["file"].as_str()?, example["object"].as_str()?);
            let value = serde_json::from_slice(&read(folder.join("examples").join(file))).ok()?;
            Some((file.to_owned(), object.to_owned(), value))
        })
        .collect()
}

fn corpus() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment where the examples are"
    )]
    let named = std::env::var_os("OVENJS_CORPUS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/discord");
    let folder = named.unwrap_or(beside);
    let there = folder.join("examples/index.json").is_file();
    if !there {
        println!("Discord's examples are not at hand: set OVENJS_CORPUS to check them");
    }
    there.then_some(folder)
}
