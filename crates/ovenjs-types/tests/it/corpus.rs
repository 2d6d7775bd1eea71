//! Discord's own examples, where they are at hand.
//!
//! They stand beside the project, not in it; `OVENJS_CORPUS` names another folder. Without them the
//! test says so and has nothing to compare.

use std::path::PathBuf;

use ovenjs_types::{
    Application, Channel, Command, Component, Guild, Interaction, Member, Message, ReactionEmoji,
    Role, UnavailableGuild, User,
    json::{self, DecodeError, Scratch},
};
use serde_json::Value;

#[test]
fn discords_examples_of_typed_objects_decode() {
    let Some(folder) = corpus() else { return };
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder.join("examples/index.json")).unwrap())
            .unwrap();
    let (mut decoded, mut failed) = (0, Vec::new());
    for example in index["examples"].as_array().unwrap() {
        let (Some(file), Some(object)) = (example["file"].as_str(), example["object"].as_str())
        else {
            continue;
        };
        let bytes = std::fs::read(folder.join("examples").join(file)).unwrap();
        match decode(object, &bytes) {
            None => {}
            Some(Ok(())) => decoded += 1,
            Some(Err(error)) => failed.push((file.to_owned(), error.to_string())),
        }
    }
    failed.retain(|(file, _)| !INVENTED.iter().any(|(known, _)| known == file));
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(
        decoded >= 30,
        "only {decoded} examples were of a kind that is typed"
    );
}

/// Examples that Discord itself would not send, each with its reason.
const INVENTED: &[(&str, &str)] = &[
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
];

fn decode(object: &str, bytes: &[u8]) -> Option<Result<(), DecodeError>> {
    Some(match object {
        "Application" => of::<Application>(bytes),
        "Application Command (localized)" => of::<Command>(bytes),
        "Channel" => of::<Channel>(bytes),
        "Create Message params (components)" => of::<Components>(bytes),
        "Emoji" => of::<ReactionEmoji>(bytes),
        "Guild" => of::<Guild>(bytes),
        "Guild Member" => of::<Member>(bytes),
        "Interaction" => of::<Interaction>(bytes),
        "Message" => of::<Message>(bytes),
        "Role" => of::<Role>(bytes),
        "Unavailable Guild" => of::<UnavailableGuild>(bytes),
        "User" => of::<User>(bytes),
        _ => return None,
    })
}

/// What a message is made of, apart from the fields that are only sent.
#[derive(serde::Deserialize)]
struct Components {
    #[expect(dead_code, reason = "that it decodes is what is tested")]
    components: Vec<Component>,
}

fn of<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<(), DecodeError> {
    json::decode::<T>(bytes, &mut Scratch::new()).map(drop)
}

#[expect(
    clippy::print_stdout,
    reason = "what was not compared is said in the test's output"
)]
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
