use serde_json::{Value, json};

use super::Stage;

fn record(key: &str, kind: u64) -> Value {
    json!({ "key": key, "name": key, "description": "what it is", "type": kind })
}

#[test]
fn records_say_what_can_be_known_of_a_user() {
    let mut stage = Stage::new();
    let (bot, ann) = (stage.bot(), stage.user("ann"));
    let records = format!("/applications/{bot}/role-connections/metadata");
    assert_eq!(stage.get(&records).body, json!([]));
    let body = json!([
        record("loaves", 2),
        record("since", 6),
        record("is_baker", 7)
    ]);
    let set = stage.call("PUT", &records, body);
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(stage.get(&records).body, set.body);
    assert_eq!(set.body[1]["key"], json!("since"));

    let own = format!("/users/@me/applications/{bot}/role-connection");
    assert_eq!(stage.get(&own).refusal(), (403, 20001));
    let nothing = stage.as_user(ann, "GET", &own, Value::Null);
    assert_eq!(
        nothing.body,
        json!({ "platform_username": null, "metadata": {} })
    );
    let body = json!({
        "platform_name": "The Bakery",
        "metadata": { "loaves": "12", "since": "2026-01-01T00:00:00Z", "stars": "5" },
    });
    let linked = stage.as_user(ann, "PUT", &own, body);
    assert_eq!(
        linked.body["metadata"]["loaves"],
        json!("12"),
        "{}",
        linked.body
    );
    assert_eq!(
        linked.body["metadata"].get("stars"),
        None,
        "no record is of that"
    );
    assert_eq!(
        stage.as_user(ann, "GET", &own, Value::Null).body,
        linked.body
    );
    let owner = stage.world(|world| world.owner);
    assert_eq!(
        stage.as_user(owner, "GET", &own, Value::Null).body,
        nothing.body
    );
    for (key, value) in [("loaves", "many"), ("since", "ever"), ("is_baker", "yes")] {
        let wrong = json!({ "metadata": { key: value } });
        let refused = stage.as_user(ann, "PUT", &own, wrong);
        assert_eq!(refused.refusal(), (400, 50035));
        assert!(refused.body["errors"]["metadata"].get(key).is_some());
    }
    assert_eq!(stage.as_user(ann, "DELETE", &own, Value::Null).status, 204);
    assert_eq!(
        stage.as_user(ann, "GET", &own, Value::Null).body,
        nothing.body
    );
    stage.end();
}

#[test]
fn records_are_five_of_different_keys() {
    let mut stage = Stage::new();
    let records = format!("/applications/{}/role-connections/metadata", stage.bot());
    let six: Vec<Value> = (0..6).map(|n| record(&format!("key_{n}"), 1)).collect();
    let refused = [
        (json!(six), ""),
        (json!([record("Loaves", 1)]), "/0/key"),
        (json!([record("a b", 1)]), "/0/key"),
        (json!([record("a", 1), record("a", 2)]), "/1/key"),
        (json!([record("a", 9)]), "/0/type"),
        (json!([record(&"a".repeat(51), 1)]), "/0/key"),
    ];
    for (body, place) in refused {
        let answer = stage.call("PUT", &records, body);
        assert_eq!(answer.refusal(), (400, 50035), "{place}");
        let fault = format!("/errors{place}/_errors/0/code");
        assert!(!answer.text(&fault).is_empty(), "{place}: {}", answer.body);
    }
    assert_eq!(stage.get(&records).body, json!([]));
    stage.end();
}
