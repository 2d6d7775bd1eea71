//! The documentation's own examples, where the corpus is at hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{super::*, oracle};

/// Examples that contradict the schema, by file and place. They are old or invented; each has to
/// go on contradicting it, so that the list cannot rot.
const ODD_EXAMPLES: [(&str, &str); 8] = [
    // An emoji of a reaction, which is another object than an emoji of a guild.
    (
        "resources-emoji__emoji-object-standard-emoji-example.json",
        "id",
    ),
    (
        "resources-emoji__emoji-object-custom-emoji-examples-2.json",
        "name",
    ),
    // Numbers where ids and permissions have been strings for years.
    (TEMPLATE, "serialized_source_guild.channels.1.parent_id"),
    (TEMPLATE, "serialized_source_guild.roles.0.permissions"),
    (TEMPLATE, "serialized_source_guild.system_channel_id"),
    // A field out of use, null in the examples and a string in the schema.
    ("resources-guild__guild-object-example-guild.json", "region"),
    ("resources-guild__get-guild-example-response.json", "region"),
    // A standard sticker under the schema of a guild's own.
    (
        "resources-sticker__sticker-object-example-sticker.json",
        "type",
    ),
];
const TEMPLATE: &str =
    "resources-guild-template__guild-template-object-example-guild-template-object.json";

/// Requests of the documentation fit completely. Answers there lack fields
/// which were added after they were written, so only what is there is judged.
#[test]
fn the_examples_of_the_documentation_fit_their_schemas() {
    let Some(corpus) = corpus() else { return };
    let index = read(&corpus.join("examples/index.json"));
    let mut odd: Vec<(String, String)> = Vec::new();
    let mut checked = 0;
    for example in index["examples"].as_array().unwrap() {
        let (Some(schema), Some(file)) =
            (example["spec_schema"].as_str(), example["file"].as_str())
        else {
            continue;
        };
        if !file.ends_with(".json") {
            continue;
        }
        let is_request = schema.contains("Request");
        let side = if is_request {
            Side::Request
        } else {
            Side::Answer
        };
        let check = |value: &Value| {
            let mut found = oracle().check(side, &Shape::Ref(schema.to_owned()), value);
            found.retain(|one| one.is_refusal() && (is_request || one.rule != Rule::Required));
            found
        };
        let whole = read(&corpus.join("examples").join(file));
        let mut found = check(&whole);
        if !found.is_empty()
            && let Some(part) = whole.pointer(example["pointer"].as_str().unwrap())
        {
            found = check(part);
        }
        odd.extend(found.iter().map(|one| (file.to_owned(), one.place())));
        checked += 1;
    }
    assert!(checked > 90, "only {checked} examples");
    let odd: Vec<_> = odd
        .iter()
        .map(|(file, place)| (file.as_str(), place.as_str()))
        .collect();
    for example in &odd {
        assert!(ODD_EXAMPLES.contains(example), "{example:?} does not fit");
    }
    for example in &ODD_EXAMPLES {
        assert!(odd.contains(example), "{example:?} fits now");
    }
}

/// Examples of objects that gateway events carry, and the documentation's tables for them.
const DOCUMENTED: [(&str, &str); 14] = [
    (
        "channel__channel-object-example-guild-text-channel",
        "channel/channel-object/channel-structure",
    ),
    (
        "channel__channel-object-example-guild-voice-channel",
        "channel/channel-object/channel-structure",
    ),
    (
        "channel__channel-object-example-dm-channel",
        "channel/channel-object/channel-structure",
    ),
    (
        "channel__channel-object-example-thread-channel",
        "channel/channel-object/channel-structure",
    ),
    (
        "emoji__emoji-object-emoji-example",
        "emoji/emoji-object/emoji-structure",
    ),
    (
        "emoji__emoji-object-standard-emoji-example",
        "emoji/emoji-object/emoji-structure",
    ),
    (
        "guild__guild-object-example-guild",
        "guild/guild-object/guild-structure",
    ),
    (
        "guild__guild-member-object-example-guild-member",
        "guild/guild-member-object/guild-member-structure",
    ),
    (
        "message__message-object-example-message",
        "message/message-object/message-structure",
    ),
    (
        "message__message-object-example-crossposted-message",
        "message/message-object/message-structure",
    ),
    (
        "sticker__sticker-object-example-sticker",
        "sticker/sticker-object/sticker-structure",
    ),
    (
        "user__user-object-example-user",
        "user/user-object/user-structure",
    ),
    (
        "voice__voice-state-object-example-voice-state",
        "voice/voice-state-object/voice-state-structure",
    ),
    (
        "auto-moderation__auto-moderation-rule-object-example-auto-moderation-rule",
        "auto-moderation/auto-moderation-rule-object/auto-moderation-rule-structure",
    ),
];

/// As with answers, fields that came later are absent; everything that is there fits.
#[test]
fn the_objects_of_the_documentation_fit_its_own_tables() {
    let Some(corpus) = corpus() else { return };
    for (file, table) in DOCUMENTED {
        let value = read(&corpus.join(format!("examples/resources-{file}.json")));
        let mut found = oracle().check_schema(&format!("docs/{table}"), &value);
        found.retain(|one| one.is_refusal() && one.rule != Rule::Required);
        assert_eq!(found, [], "{file}");
    }
}

#[test]
fn the_gateway_examples_of_the_documentation_fit_their_tables() {
    let Some(corpus) = corpus() else { return };
    let gateway = read(&corpus.join("gateway-events.json"));
    let mut checked = 0;
    let mut examples = |rows: &str, check: &dyn Fn(&Value, &Value) -> Vec<Violation>| {
        for row in gateway[rows].as_array().unwrap() {
            for example in row["doc_examples"].as_array().unwrap() {
                let payload = &example["payload"];
                let d = payload.get("d").unwrap_or(payload);
                assert_eq!(check(row, d), [], "{}", row["name"]);
                checked += 1;
            }
        }
    };
    examples("receive_events", &|row, d| {
        oracle().check_event(row["name"].as_str().unwrap(), d)
    });
    examples("send_commands", &|row, d| {
        let op = u16::try_from(row["op"].as_u64().unwrap()).unwrap();
        oracle().check_command(oracle().command(op).unwrap(), d)
    });
    assert!(checked > 8, "only {checked} examples");
}

/// Discord's own files, where they are at hand; says so where they are not.
fn corpus() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the corpus is named by the environment"
    )]
    let named = std::env::var_os("OVENJS_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/discord");
    let folder = named.unwrap_or(beside);
    if folder.join("examples/index.json").is_file() {
        return Some(folder);
    }
    println!("Discord's own examples are not here, so nothing was checked; set OVENJS_CORPUS");
    None
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
