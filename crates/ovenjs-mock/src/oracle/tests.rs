//! Each rule red and green; `corpus` has Discord's own examples.

mod corpus;

use serde_json::json;

use super::*;

fn oracle() -> &'static Oracle {
    Oracle::embedded()
}

fn operation(id: &str) -> &'static Operation {
    oracle()
        .operation(id)
        .unwrap_or_else(|| panic!("{id} is an operation"))
}

/// Place, rule and Discord's code of every violation of a JSON body.
fn body(id: &str, body: &Value) -> Vec<(String, Rule, &'static str)> {
    brief(&oracle().check_body(operation(id), "application/json", Some(body)))
}

fn brief(violations: &[Violation]) -> Vec<(String, Rule, &'static str)> {
    violations
        .iter()
        .map(|found| {
            (
                found.place(),
                found.rule,
                found.form.as_ref().map_or("", |form| form.code),
            )
        })
        .collect()
}

fn one(place: &str, rule: Rule, code: &'static str) -> Vec<(String, Rule, &'static str)> {
    vec![(place.to_owned(), rule, code)]
}

#[test]
fn a_good_message_is_let_through() {
    let message = json!({
        "content": "hello",
        "embeds": [{ "title": "t", "fields": [{ "name": "n", "value": "v", "inline": true }] }],
        "nonce": "7",
        "components": [
            { "type": 1, "components": [{ "type": 2, "style": 1, "label": "go", "custom_id": "x" }] },
        ],
        "sticker_ids": ["1", 2],
        "allowed_mentions": null,
    });
    assert_eq!(body("create_message", &message), []);
}

#[test]
fn what_is_required_has_to_be_there() {
    let command = json!({ "description": "d" });
    assert_eq!(
        body("create_application_command", &command),
        one("name", Rule::Required, "BASE_TYPE_REQUIRED")
    );
    let none = oracle().check_body(operation("create_message"), "application/json", None);
    assert_eq!(none[0].rule, Rule::Required);
    let none = oracle().check_body(operation("get_my_user"), "application/json", None);
    assert_eq!(none, []);
}

#[test]
fn a_wrong_type_is_named_with_the_word_for_it() {
    for (message, place, code) in [
        (json!({ "tts": "yes" }), "tts", "BOOLEAN_TYPE_CONVERT"),
        (
            json!({ "content": { "a": 1 } }),
            "content",
            "STRING_TYPE_CONVERT",
        ),
        (json!({ "flags": "many" }), "flags", "NUMBER_TYPE_COERCE"),
        (json!({ "embeds": {} }), "embeds", "LIST_TYPE_CONVERT"),
        (json!({ "poll": 4 }), "poll", "MODEL_TYPE_CONVERT"),
        (
            json!({ "sticker_ids": ["x"] }),
            "sticker_ids.0",
            "NUMBER_TYPE_COERCE",
        ),
    ] {
        assert_eq!(
            body("create_message", &message),
            one(place, Rule::Type, code),
            "{message}"
        );
    }
    // A number may come as its digits in a request.
    assert_eq!(body("create_message", &json!({ "flags": "64" })), []);
}

#[test]
fn null_is_a_value_only_where_the_table_says_so() {
    let command = json!({ "name": null, "description": "d" });
    assert_eq!(
        body("create_application_command", &command),
        one("name", Rule::Type, "BASE_TYPE_REQUIRED")
    );
    assert_eq!(body("create_message", &json!({ "content": null })), []);
}

#[test]
fn lengths_are_counted_in_characters() {
    let title = |length| json!({ "embeds": [{ "title": "ä".repeat(length) }] });
    assert_eq!(body("create_message", &title(256)), []);
    assert_eq!(
        body("create_message", &title(257)),
        one("embeds.0.title", Rule::Length, "BASE_TYPE_MAX_LENGTH")
    );
    let name = |length| json!({ "name": "n".repeat(length), "description": "d" });
    assert_eq!(body("create_application_command", &name(32)), []);
    assert_eq!(
        body("create_application_command", &name(33)),
        one("name", Rule::Length, "BASE_TYPE_BAD_LENGTH")
    );
    let embeds = |count| json!({ "embeds": vec![json!({}); count] });
    assert_eq!(body("create_message", &embeds(10)), []);
    assert_eq!(
        body("create_message", &embeds(11)),
        one("embeds", Rule::Length, "BASE_TYPE_MAX_LENGTH")
    );
}

#[test]
fn numbers_stay_in_their_bounds() {
    let slow = |seconds: i32| json!({ "name": "n", "rate_limit_per_user": seconds });
    assert_eq!(body("create_guild_channel", &slow(21600)), []);
    assert_eq!(
        body("create_guild_channel", &slow(21601)),
        one("rate_limit_per_user", Rule::Bound, "NUMBER_TYPE_MAX")
    );
    assert_eq!(
        body("create_guild_channel", &slow(-1)),
        one("rate_limit_per_user", Rule::Bound, "NUMBER_TYPE_MIN")
    );
}

#[test]
fn a_request_may_only_name_known_values_but_an_answer_may_be_newer() {
    let rule = |place: &str| one(place, Rule::Choice, "BASE_TYPE_CHOICES");
    let mentions = |parse: &str| json!({ "allowed_mentions": { "parse": [parse] } });
    assert_eq!(body("create_message", &mentions("users")), []);
    assert_eq!(
        body("create_message", &mentions("dogs")),
        rule("allowed_mentions.parse.0")
    );
    let user = json!({
        "id": "1", "username": "u", "discriminator": "0", "global_name": null, "avatar": null,
        "public_flags": 0, "flags": 0, "primary_guild": null, "premium_type": 99, "mfa_enabled": true,
        "locale": "en-US",
    });
    assert_eq!(
        oracle().check_answer(operation("get_my_user"), 200, Some(&user)),
        []
    );
}

#[test]
fn a_union_is_judged_by_the_branch_that_the_value_means() {
    let component = |inner: Value| json!({ "components": [{ "type": 1, "components": [inner] }] });
    let long = json!({ "type": 2, "style": 1, "custom_id": "x".repeat(101), "label": "l" });
    assert_eq!(
        body("create_message", &component(long)),
        one(
            "components.0.components.0.custom_id",
            Rule::Length,
            "BASE_TYPE_BAD_LENGTH"
        )
    );
    let strange = json!({ "type": 99 });
    assert_eq!(
        body("create_message", &component(strange)),
        one(
            "components.0.components.0.type",
            Rule::Choice,
            "UNION_TYPE_CHOICES"
        )
    );
    assert_eq!(
        body("create_message", &component(json!({}))),
        one(
            "components.0.components.0.type",
            Rule::Required,
            "BASE_TYPE_REQUIRED"
        )
    );
    // A branch that ignores the faulty key is not a way out.
    assert_eq!(
        body("execute_webhook", &json!({ "content": "c", "username": 5 })),
        one("username", Rule::Type, "STRING_TYPE_CONVERT")
    );
}

#[test]
fn formats_are_looked_at() {
    let embed = |url: &str, time: &str| json!({ "embeds": [{ "url": url, "timestamp": time }] });
    assert_eq!(
        body(
            "create_message",
            &embed("https://a.b", "2026-01-02T03:04:05.678Z")
        ),
        []
    );
    assert_eq!(
        body("create_message", &embed("a b", "2026-01-02")),
        one("embeds.0.url", Rule::Format, "URL_TYPE_INVALID_URL")
    );
    assert_eq!(
        body("create_message", &embed("https://a.b", "noon")),
        one("embeds.0.timestamp", Rule::Format, "DATE_TIME_TYPE_PARSE")
    );
}

#[test]
fn an_element_of_a_set_occurs_once() {
    let delete = |ids: [&str; 2]| json!({ "messages": ids });
    assert_eq!(body("bulk_delete_messages", &delete(["1", "2"])), []);
    assert_eq!(
        body("bulk_delete_messages", &delete(["1", "1"])),
        one(
            "messages.1",
            Rule::Unique,
            "SET_TYPE_ALREADY_CONTAINS_VALUE"
        )
    );
}

#[test]
fn an_unknown_key_is_a_warning_and_no_form_error() {
    let found = oracle().check_body(
        operation("create_message"),
        "application/json",
        Some(&json!({ "content": "c", "colour": 1 })),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].place().as_str(), found[0].rule),
        ("colour", Rule::UnknownField)
    );
    assert_eq!(found[0].severity(), Severity::Warning);
    assert_eq!(Oracle::form_errors(&found)["errors"], json!({}));
}

#[test]
fn a_multipart_body_is_the_json_in_it() {
    let create = operation("create_message");
    let check = |body: Value| {
        brief(&oracle().check_body(create, "multipart/form-data; boundary=x", Some(&body)))
    };
    assert_eq!(check(json!({ "content": "c", "files[0]": "" })), []);
    assert_eq!(
        check(json!({ "tts": 3 })),
        one("tts", Rule::Type, "BOOLEAN_TYPE_CONVERT")
    );
    assert_eq!(
        check(json!({ "file": "" })),
        one("file", Rule::UnknownField, "")
    );
    let found = oracle().check_body(create, "text/plain", Some(&json!({})));
    assert_eq!(found[0].rule, Rule::ContentType);
}

#[test]
fn a_query_is_text_that_stands_for_values() {
    let check = |id: &str, query: &[(&str, &str)]| {
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        brief(&oracle().check_query(operation(id), &query))
    };
    assert_eq!(
        check("list_messages", &[("limit", "100"), ("after", "5")]),
        []
    );
    assert_eq!(
        check("list_messages", &[("limit", "101")]),
        one("limit", Rule::Bound, "NUMBER_TYPE_MAX")
    );
    assert_eq!(
        check("list_messages", &[("after", "x")]),
        one("after", Rule::Type, "NUMBER_TYPE_COERCE")
    );
    assert_eq!(
        check("list_messages", &[("page", "1")]),
        one("page", Rule::UnknownField, "")
    );
    assert_eq!(check("execute_webhook", &[("wait", "true")]), []);
    assert_eq!(
        check("execute_webhook", &[("wait", "perhaps")]),
        one("wait", Rule::Type, "BOOLEAN_TYPE_CONVERT")
    );
    assert_eq!(check("prune_guild", &[]), []);
    assert_eq!(
        check("preview_prune_guild", &[("include_roles", "1,2")]),
        []
    );
    assert_eq!(
        check(
            "preview_prune_guild",
            &[("include_roles", "1"), ("include_roles", "2")]
        ),
        []
    );
    assert_eq!(
        check("search_guild_members", &[("limit", "1")]),
        one("query", Rule::Required, "BASE_TYPE_REQUIRED")
    );
}

#[test]
fn a_path_parameter_is_checked_too() {
    let oracle = oracle();
    let check = |path: &str| match oracle.route("GET", path) {
        Route::Found(found) => brief(&oracle.check_path(&found)),
        other => panic!("{other:?}"),
    };
    assert_eq!(check("/channels/123"), []);
    assert_eq!(
        check("/channels/general"),
        one("channel_id", Rule::Type, "NUMBER_TYPE_COERCE")
    );
}

#[test]
fn an_answer_has_a_documented_status_and_body() {
    let get = operation("get_channel");
    let delete = operation("delete_message");
    let rules = |found: Vec<Violation>| found.iter().map(|one| one.rule).collect::<Vec<_>>();
    assert_eq!(rules(oracle().check_answer(delete, 204, None)), []);
    assert_eq!(
        rules(oracle().check_answer(delete, 204, Some(&json!({})))),
        [Rule::Type]
    );
    assert_eq!(
        rules(oracle().check_answer(delete, 200, None)),
        [Rule::Status]
    );
    assert_eq!(
        rules(oracle().check_answer(get, 200, None)),
        [Rule::Required]
    );
    let error = json!({ "code": 10003, "message": "Unknown Channel" });
    assert_eq!(rules(oracle().check_answer(get, 404, Some(&error))), []);
    assert_eq!(
        rules(oracle().check_answer(get, 404, Some(&json!({ "code": 1 })))),
        [Rule::Required]
    );
    let limited = json!({ "code": 0, "message": "m", "retry_after": 1.5, "global": false });
    assert_eq!(rules(oracle().check_answer(get, 429, Some(&limited))), []);
    assert_eq!(
        rules(oracle().check_answer(get, 429, Some(&error))),
        [Rule::Required, Rule::Required]
    );
}

#[test]
fn what_the_oracle_refuses_is_an_answer_the_oracle_accepts() {
    let bad = json!({ "tts": 1, "embeds": [{ "title": "x".repeat(300) }, { "fields": [{}] }] });
    let create = operation("create_message");
    let found = oracle().check_body(create, "application/json", Some(&bad));
    let answer = Oracle::form_errors(&found);
    assert_eq!(
        answer,
        json!({
            "code": 50035,
            "message": "Invalid Form Body",
            "errors": {
                "tts": { "_errors": [
                    { "code": "BOOLEAN_TYPE_CONVERT", "message": "Must be either true or false." },
                ] },
                "embeds": {
                    "0": { "title": { "_errors": [
                        { "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length." },
                    ] } },
                    "1": { "fields": { "0": {
                        "name": { "_errors": [
                            { "code": "BASE_TYPE_REQUIRED", "message": "This field is required" },
                        ] },
                        "value": { "_errors": [
                            { "code": "BASE_TYPE_REQUIRED", "message": "This field is required" },
                        ] },
                    } } },
                },
            },
        })
    );
    assert_eq!(oracle().check_answer(create, 400, Some(&answer)), []);
}

#[test]
fn an_event_is_checked_as_deep_as_the_tables_go() {
    let check = |name: &str, d: Value| {
        let found = oracle().check_event(name, &d);
        found
            .iter()
            .map(|one| (one.place(), one.rule))
            .collect::<Vec<_>>()
    };
    let broken = |place: &str, rule| vec![(place.to_owned(), rule)];
    assert_eq!(check("HELLO", json!({ "heartbeat_interval": 41250 })), []);
    assert_eq!(
        check("HELLO", json!({})),
        broken("heartbeat_interval", Rule::Required)
    );
    assert_eq!(check("INVALID_SESSION", json!(false)), []);
    assert_eq!(check("INVALID_SESSION", json!({})), broken("", Rule::Type));
    assert_eq!(check("RECONNECT", json!(null)), []);
    let user = json!({
        "id": "1", "username": "u", "discriminator": "0", "global_name": null, "avatar": null,
    });
    assert_eq!(
        check("GUILD_BAN_ADD", json!({ "guild_id": "1", "user": user })),
        []
    );
    assert_eq!(
        check("GUILD_BAN_ADD", json!({ "guild_id": 1, "user": user })),
        broken("guild_id", Rule::Type)
    );
    let mut nameless = user;
    nameless.as_object_mut().unwrap().remove("username");
    assert_eq!(
        check(
            "GUILD_BAN_ADD",
            json!({ "guild_id": "1", "user": nameless })
        ),
        broken("user.username", Rule::Required)
    );
    assert_eq!(
        check("MESSAGE_SHRUG", json!({})),
        broken("", Rule::UnknownEvent)
    );
    let down = json!({ "id": "1", "unavailable": true });
    assert_eq!(check("GUILD_CREATE", down.clone()), []);
    assert_eq!(check("GUILD_DELETE", down), []);
    let thread = json!({ "id": "1", "guild_id": "2", "parent_id": "3", "type": 11 });
    assert_eq!(check("THREAD_DELETE", thread), []);
    assert!(check("THREAD_DELETE", json!({ "id": "1" })).len() == 3);
}

#[test]
fn the_gateway_tables_answer_by_number_and_name() {
    let oracle = oracle();
    let names = |event: &str| {
        let intents = oracle.intents_of(event)?;
        Some(
            intents
                .iter()
                .map(|intent| intent.name.as_str())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        names("MESSAGE_CREATE"),
        Some(vec!["GUILD_MESSAGES", "DIRECT_MESSAGES"])
    );
    assert_eq!(names("INTERACTION_CREATE"), Some(vec![]));
    assert_eq!(names("NO_SUCH_EVENT"), None);
    assert_eq!(oracle.is_wanted("MESSAGE_CREATE", 1 << 9), Some(true));
    assert_eq!(oracle.is_wanted("MESSAGE_CREATE", 1 << 0), Some(false));
    assert_eq!(oracle.is_wanted("INTERACTION_CREATE", 0), Some(true));
    assert_eq!(
        oracle.close_code(4004).and_then(|close| close.reconnect),
        Some(false)
    );
    assert_eq!(
        oracle.close_code(4009).and_then(|close| close.reconnect),
        Some(true)
    );
    assert_eq!(oracle.close_code(4006), None);
    assert_eq!(
        oracle.opcode(11).map(|opcode| opcode.name.as_str()),
        Some("HEARTBEAT_ACK")
    );
    assert_eq!(
        oracle.command(2).map(|command| command.name.as_str()),
        Some("IDENTIFY")
    );
    assert!(
        oracle
            .intent("GUILD_MEMBERS")
            .is_some_and(|intent| intent.privileged)
    );
    assert!(oracle.is_error_code(10003) && !oracle.is_error_code(1));
    assert_eq!(
        oracle
            .limit("message.content")
            .map(|limit| limit.values.as_slice()),
        Some(&[2000.0][..])
    );
    assert_eq!(
        oracle.events().iter().filter(|event| event.op == 0).count(),
        79
    );
}

#[test]
fn a_command_is_checked_by_its_fields() {
    let identify = oracle().command(2).unwrap();
    let check = |d: Value| brief(&oracle().check_command(identify, &d));
    let good = json!({
        "token": "t", "intents": 1, "shard": [0, 1],
        "properties": { "os": "linux", "browser": "b", "device": "d" },
    });
    assert_eq!(check(good.clone()), []);
    let mut bad = good.clone();
    bad["shard"] = json!([0]);
    assert_eq!(
        check(bad),
        one("shard", Rule::Length, "BASE_TYPE_BAD_LENGTH")
    );
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("intents");
    assert_eq!(
        check(bad),
        one("intents", Rule::Required, "BASE_TYPE_REQUIRED")
    );
    let heartbeat = oracle().command(1).unwrap();
    assert_eq!(oracle().check_command(heartbeat, &json!(null)), []);
    assert_eq!(oracle().check_command(heartbeat, &json!(251)), []);
    assert_eq!(oracle().check_command(heartbeat, &json!({})).len(), 1);
}
