use serde_json::{Value, json};

use super::Stage;

/// Name, id and version of each command.
fn known(commands: &Value) -> Vec<(String, String, String)> {
    let text = |command: &Value, key: &str| command[key].as_str().unwrap().to_owned();
    let commands = commands.as_array().unwrap().iter();
    commands
        .map(|one| (text(one, "name"), text(one, "id"), text(one, "version")))
        .collect()
}

#[test]
fn a_command_is_judged_in_every_language() {
    let mut stage = Stage::new();
    let path = format!("/applications/{}/commands", stage.bot());
    let mut refused = |command: Value, at: &str, code: &str| {
        let answer = stage.call("POST", &path, command);
        assert_eq!(answer.refusal(), (400, 50035), "{}", answer.body);
        assert_eq!(answer.text(&format!("/errors{at}/_errors/0/code")), code);
    };
    let bake = |more: Value| {
        let mut command = json!({ "name": "bake", "description": "Bakes." });
        command
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        command
    };
    let loud = json!({ "de": "Backe" });
    let invalid = "APPLICATION_COMMAND_INVALID_NAME";
    refused(
        bake(json!({ "name_localizations": loud })),
        "/name_localizations/de",
        invalid,
    );
    let option = json!({ "type": 3, "name": "a", "description": "a", "name_localizations": loud });
    let at = "/options/0/name_localizations/de";
    refused(bake(json!({ "options": [option] })), at, invalid);
    // Of the languages the longest counts against the size of a command.
    let wordy = |number: usize| {
        let text = "a".repeat(100);
        let choices: Vec<Value> = (0..25)
            .map(|choice| {
                json!({ "name": "a", "value": format!("{choice}"),
                "name_localizations": { "de": text, "fr": text } })
            })
            .collect();
        json!({ "type": 3, "name": format!("o{number}"), "description": "a", "choices": choices })
    };
    let options: Vec<Value> = (0..4).map(wordy).collect();
    refused(
        bake(json!({ "options": options })),
        "",
        "APPLICATION_COMMAND_TOO_LARGE",
    );
    let options: Vec<Value> = (0..3).map(wordy).collect();
    let fits = stage.call("POST", &path, bake(json!({ "options": options })));
    assert_eq!(fits.status, 201, "{}", fits.body);
    stage.end();
}

#[test]
fn the_command_that_opens_an_activity_has_a_description() {
    let mut stage = Stage::new();
    let path = format!("/applications/{}/commands", stage.bot());
    let launch =
        json!({ "name": "launch", "description": "Open the oven.", "type": 4, "handler": 2 });
    let made = stage.call("POST", &path, launch);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/description"), "Open the oven.");
    let menu = json!({ "name": "Bake it", "description": "Bakes.", "type": 3 });
    let refused = stage.call("POST", &path, menu);
    let code = refused.text("/errors/description/_errors/0/code");
    assert_eq!(code, "APPLICATION_COMMAND_DESCRIPTION_INVALID");
    stage.end();
}

#[test]
fn a_command_of_the_same_name_stays_itself_and_is_newer_only_when_it_changed() {
    let mut stage = Stage::new();
    let path = format!("/applications/{}/commands", stage.bot());
    let named = |name: &str, words: &str| json!({ "name": name, "description": words });
    let size = json!({ "type": 4, "name": "size", "description": "How large.", "min_value": 1 });
    let mut cake = named("cake", "Bakes a cake.");
    cake["options"] = json!([size]);
    let first = stage.call("PUT", &path, json!([named("bake", "Bakes."), cake]));
    let first = known(&first.body);

    let again = stage.call("PUT", &path, json!([cake, named("bake", "Bakes.")]));
    let mut again = known(&again.body);
    again.sort();
    assert_eq!(again, first, "the order is nothing to a command");

    let changed = stage.call("PUT", &path, json!([cake, named("bake", "Bakes bread.")]));
    let changed = known(&changed.body);
    assert_eq!(changed[0], first[1]);
    assert_eq!((&changed[1].0, &changed[1].1), (&first[0].0, &first[0].1));
    assert!(changed[1].2.parse::<u64>().unwrap() > first[0].2.parse().unwrap());

    // One by one it is the same: 200 for what was there, 201 for what is new.
    let upserted = stage.call("POST", &path, cake.clone());
    assert_eq!(
        (upserted.status, upserted.text("/version")),
        (200, first[1].2.clone())
    );
    let other_kind = stage.call("POST", &path, json!({ "name": "cake", "type": 2 }));
    assert_eq!(other_kind.status, 201);
    assert_ne!(other_kind.text("/id"), first[1].1);
    let one = format!("{path}/{}", first[1].1);
    let patched = stage.call("PATCH", &one, json!({ "description": "Bakes a cake." }));
    assert_eq!(patched.text("/version"), first[1].2);
    let renamed = stage.call("PATCH", &one, json!({ "name": "pie" }));
    assert_eq!(renamed.text("/id"), first[1].1);
    assert_ne!(renamed.text("/version"), first[1].2);

    // What the list leaves out is gone, and comes back as another.
    stage.call("PUT", &path, json!([]));
    assert_eq!(stage.get(&path).body, json!([]));
    let back = stage.call("POST", &path, cake);
    assert_eq!(back.status, 201);
    assert_ne!(back.text("/id"), first[1].1);
    stage.end();
}

#[test]
fn a_fault_is_told_where_it_is_however_deep() {
    let mut stage = Stage::new();
    let path = format!("/applications/{}/commands", stage.bot());
    let deep = |name: &str| {
        let leaf = json!({ "type": 3, "name": name, "description": "A word." });
        let sub = json!({ "type": 1, "name": "sub", "description": "Sub.", "options": [leaf] });
        let group =
            json!({ "type": 2, "name": "group", "description": "Group.", "options": [sub] });
        json!({ "name": "top", "description": "Top.", "options": [group] })
    };
    let fine = json!({ "name": "fine", "description": "Fine." });
    let refused = stage.call("PUT", &path, json!([fine, deep("Not Lawful")]));
    assert_eq!(refused.refusal(), (400, 50035));
    let place = "/errors/1/options/0/options/0/options/0/name/_errors/0/code";
    assert!(!refused.text(place).is_empty(), "{}", refused.body);
    assert_eq!(
        stage.get(&path).body,
        json!([]),
        "nothing of the list is kept"
    );

    // Two faults of one form are told at once.
    let messages = format!("/channels/{}/messages", stage.channel());
    let embed = json!({ "fields": [
        { "name": "fine", "value": "fine" },
        { "name": "n".repeat(257), "value": "v".repeat(1025) },
    ]});
    let refused = stage.call(
        "POST",
        &messages,
        json!({ "embeds": [{ "title": "t" }, embed] }),
    );
    for key in ["name", "value"] {
        let place = format!("/errors/embeds/1/fields/1/{key}/_errors/0/code");
        assert_eq!(
            refused.text(&place),
            "BASE_TYPE_MAX_LENGTH",
            "{}",
            refused.body
        );
    }
    stage.end();
}
