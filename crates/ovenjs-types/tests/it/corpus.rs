//! Discord's own examples, where they are at hand: each comes back whole.
//!
//! They stand beside the project, not in it; `OVENJS_CORPUS` names another folder. Without them the
//! test says so and has nothing to compare.

use std::path::PathBuf;

use ovenjs_types::{
    ActivityInstance, Application, AutoModerationRule, Channel, Command, CommandDraft, Component,
    Entitlement, Guild, Interaction, InteractionData, Member, Message, MessageDraft, Modal,
    ReactionEmoji, Role, Sku, Subscription, UnavailableGuild, User, Validate,
    json::{self, Scratch},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::surface::{again, differences, set};

#[test]
fn discords_examples_come_back_whole() {
    let (mut clean, mut all, mut untyped) = (0, 0, Vec::new());
    let mut faults = Vec::new();
    for (file, object, example) in files() {
        let Some(found) = compare(&object, &example) else {
            if NO_TYPE.iter().all(|(known, _)| *known != object) {
                untyped.push(object);
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
    untyped.sort_unstable();
    untyped.dedup();
    println!("examples without a type here: {untyped:?}");
    for fault in &faults {
        println!("{fault}");
    }
    assert!(
        faults.is_empty() || !crate::surface::is_complete(),
        "see above"
    );
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
];

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
    ("Gateway event (non-dispatch)", "of the gateway crate"),
    ("Error Response", "of the REST client"),
    ("Error Response (form)", "of the REST client"),
];

fn compare(object: &str, example: &Value) -> Option<Vec<String>> {
    let again = match object {
        "Activity Instance" => again::<ActivityInstance>,
        "Application" => again::<Application>,
        "Application Command (localized)" => again::<Command>,
        "Create Application Command params" => again::<CommandDraft>,
        "Interaction Response (modal)" => again::<Modal>,
        "Interaction (autocomplete, partial)"
        | "Interaction (message component, partial)"
        | "Interaction (modal submit, partial)" => again::<InteractionData>,
        "Auto Moderation Rule" => again::<AutoModerationRule>,
        "Channel" => again::<Channel>,
        "Create Message params (components)" => again::<Components>,
        "Emoji" => again::<ReactionEmoji>,
        "Entitlement" => again::<Entitlement>,
        "Entitlement list" => again::<Vec<Entitlement>>,
        "Guild" => again::<Guild>,
        "Guild Member" => again::<Member>,
        "Interaction" => again::<Interaction>,
        "Message" => again::<Message>,
        "Role" => again::<Role>,
        "SKU" => again::<Sku>,
        "SKU list" => again::<Vec<Sku>>,
        "Subscription" => again::<Subscription>,
        "Unavailable Guild" => again::<UnavailableGuild>,
        "User" => again::<User>,
        _ => return None,
    };
    // Of a message that is sent, the components alone are what a bot reads too.
    let only = |example: &Value| match example.get("components") {
        Some(components) if object.ends_with("(components)") => {
            serde_json::json!({ "components": components })
        }
        // What differs from kind to kind stands under `data`.
        _ if object.starts_with("Interaction ") => example["data"].clone(),
        // A draft says its kind, which is that of slash commands where it is not said.
        _ if object == "Create Application Command params" => {
            let mut example = example.clone();
            if example.get("type").is_none() {
                set(&mut example, "type", 1);
            }
            example
        }
        _ => example.clone(),
    };
    let example = only(example);
    Some(match again(&example) {
        Ok(written) => differences(&example, &written),
        Err(error) => vec![error],
    })
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
            "Create Message params (components)" => checked::<MessageDraft>(&example),
            "Interaction Response (modal)" => checked::<Modal>(&example["data"]),
            "Create Application Command params" => checked::<CommandDraft>(&example),
            _ => Ok(()),
        };
        faults.extend(checked.err().map(|fault| format!("{file}: {fault}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The components of a message that is sent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Components {
    components: Vec<Component>,
}

/// Every example that is JSON, with the object it shows.
pub(crate) fn examples() -> Vec<(String, Value)> {
    let files = files().into_iter();
    files
        .map(|(_, object, example)| (object, example))
        .collect()
}

fn files() -> Vec<(String, String, Value)> {
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
