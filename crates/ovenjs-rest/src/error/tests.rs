//! What errors say.

use super::*;
use crate::Auth;

const ROUTE: &str = "POST /channels/{channel_id}/messages";

const AUTHS: [Auth; 6] = [
    Auth::Bot,
    Auth::User,
    Auth::Application,
    Auth::Interaction,
    Auth::Webhook,
    Auth::Nobody,
];

#[test]
fn a_missing_permission_is_named() {
    let body = br#"{"message":"Missing Permissions","code":50013}"#;
    let error = Error::answered(operation(Permissions::SEND_MESSAGES), 403, body, b"");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.missing_permission(), Some(Permissions::SEND_MESSAGES));
    assert_eq!(error.discord_code(), Some(50_013));
    let text = error.to_string();
    assert!(
        text.starts_with(ROUTE) && text.contains("lacks SEND_MESSAGES"),
        "{text}"
    );

    let body = br#"{"message":"Missing Access","code":50001}"#;
    let error = Error::answered(operation(Permissions::SEND_MESSAGES), 403, body, b"");
    assert_eq!(error.missing_permission(), Some(Permissions::VIEW_CHANNEL));
}

#[test]
fn form_errors_become_lines() {
    let body = br#"{"code":50035,"message":"Invalid Form Body","errors":{
        "content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]},
        "embeds":{"0":{"fields":{"1":{"name":{"_errors":[{"code":"X","message":"This field is required"}]}}}}}}}"#;
    let error = Error::answered(operation(Permissions::empty()), 400, body, b"");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let mut fields = error.fields().to_vec();
    fields.sort();
    assert_eq!(
        fields,
        [
            "content: Must be 2000 or fewer in length.",
            "embeds[0].fields[1].name: This field is required"
        ]
    );
    assert!(
        error
            .to_string()
            .contains("embeds[0].fields[1].name: This field is required")
    );
}

#[test]
fn a_page_of_the_edge_is_told_apart() {
    let page = b"<html>error code: 1015</html>";
    let error = Error::answered(operation(Permissions::empty()), 429, page, b"");
    assert_eq!(error.kind(), ErrorKind::Edge);
    assert!(error.to_string().contains("Cloudflare"), "{error}");
    let error = Error::answered(operation(Permissions::empty()), 502, page, b"");
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.is_retryable());
    assert!(error.to_string().contains("outage"), "{error}");
}

#[test]
fn strange_bodies_never_panic() {
    for body in [
        &b""[..],
        b"null",
        b"[]",
        b"{}",
        br#"{"code":"x","message":5,"errors":7}"#,
        br#"{"errors":{"_errors":{"a":1}}}"#,
        br#"{"errors":{"_errors":[1,{},{"message":2}]}}"#,
        br#"{"retry_after":-5}"#,
        br#"{"retry_after":1e300}"#,
    ] {
        for status in [400, 401, 403, 404, 418, 429, 500, 599] {
            let error = Error::answered(operation(Permissions::empty()), status, body, b"");
            assert!(!error.to_string().is_empty());
            assert_eq!(error.status(), Some(status));
        }
        let _ = ErrorBody::read(body).and_then(|body| body.retry_after());
    }
    for depth in [60, 1_000, 1_000_000] {
        let deep = format!(
            r#"{{"errors":{}1{}}}"#,
            r#"{"a":"#.repeat(depth),
            "}".repeat(depth)
        );
        let error = Error::answered(operation(Permissions::empty()), 400, deep.as_bytes(), b"");
        assert_eq!(error.status(), Some(400));
    }
    let many = format!(
        r#"{{"errors":{{"_errors":[{}]}}}}"#,
        vec![r#"{"message":"m"}"#; 100].join(",")
    );
    let error = Error::answered(operation(Permissions::empty()), 400, many.as_bytes(), b"");
    assert_eq!(error.fields().len(), FIELDS_MAX);
}

/// `answers.txt` has some fifty answers and what they become, for whoever changes a word to see.
#[test]
fn answers_become_errors_that_name_the_repair() {
    let file = include_str!("answers.txt");
    let mut wrong = String::new();
    let stories = file.split("\n== ").skip(1);
    assert!(stories.clone().count() >= 40);
    for story in stories {
        let mut lines = story.lines();
        let mut line = || lines.next().unwrap();
        let (name, head, body) = (line(), line(), line());
        let [who, needs, status] = *head.split(" | ").collect::<Vec<_>>() else {
            panic!("{name}")
        };
        let (mut sent, mut wanted) = (String::new(), line());
        if let Some(text) = wanted.strip_prefix("sent ") {
            sent = text.replace("\\r\\n", "\r\n");
            wanted = line();
        }
        let needs = Permissions::KNOWN.iter().find(|(known, _)| *known == needs);
        let needs = needs.map_or(Permissions::empty(), |(_, flag)| *flag);
        let status = status.parse().unwrap();
        // A template is static in the product; here it is for the length of the test.
        let (route, who) = who.split_once(" by ").unwrap_or((who, "Bot"));
        let auth = AUTHS.into_iter().find(|auth| format!("{auth:?}") == who);
        let operation = Operation {
            route: Box::leak(route.to_owned().into_boxed_str()),
            auth: auth.unwrap(),
            needs,
        };
        let error = Error::answered(operation, status, body.as_bytes(), sent.as_bytes());
        let told = format!("=> {:?}: {error}", error.kind());
        if told != wanted {
            wrong += &format!("{name}\n{told}\n");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert!(wrong.is_empty(), "answers.txt says otherwise of:\n{wrong}");
}

fn operation(needs: Permissions) -> Operation {
    Operation {
        route: ROUTE,
        auth: Auth::Bot,
        needs,
    }
}
