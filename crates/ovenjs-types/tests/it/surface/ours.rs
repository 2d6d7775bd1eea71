//! What of the tables concerns a bot, and which way it goes.

use std::collections::BTreeSet;

use ovenjs_mock::oracle::{Oracle, Schema, Shape};
use ovenjs_types::EventKind;

/// What is no bot's business, by the beginning of its name, each with the reason.
pub(super) const NOT_OURS: &[(&str, &str)] = &[
    (
        "docs/certified-devices/",
        "of the RPC between a device and the desktop client",
    ),
    ("docs/game-sdk/", "of a library for games"),
    ("docs/rpc/", "of the RPC with the desktop client"),
    (
        "docs/using-with-the-embedded-app-sdk/",
        "of activities inside the client",
    ),
    (
        "docs/reference/anatomy-of-a-component",
        "describes fields that each component has",
    ),
    (
        "docs/reference/nullable-and-optional-resource-fields",
        "an example of the notation",
    ),
    (
        "docs/voice-connections/",
        "of the connection to a voice server, which a bot's events and requests do not touch",
    ),
    (
        "docs/gateway/connecting/",
        "of the connection, whose crate has it",
    ),
    (
        "docs/gateway-events/payload-structure",
        "of the connection, whose crate has it",
    ),
    (
        "docs/rate-limits/",
        "of the REST client, whose error type has it",
    ),
    ("Error", "of the REST client, whose error type has it"),
    ("InnerErrors", "of the REST client, whose error type has it"),
    (
        "RatelimitedResponse",
        "of the REST client, whose error type has it",
    ),
    (
        "VanityURLErrorResponse",
        "of the REST client, whose error type has it",
    ),
    (
        "TypingIndicatorResponse",
        "an answer without fields: the endpoint answers nothing",
    ),
    (
        "WidgetUserDiscriminator",
        "of one value, which `WidgetMember` has as a text",
    ),
    (
        "docs/identity-providers/",
        "what the identity provider of an organisation publishes",
    ),
    ("Github", "what GitHub sends to a webhook"),
    ("Slack", "what Slack sends to a webhook"),
    ("WebhookSlack", "what Slack sends to a webhook"),
];

/// Why it is no bot's business.
pub(super) fn not_ours(name: &str) -> Option<&'static str> {
    let found = NOT_OURS.iter().find(|(start, _)| name.starts_with(start));
    found.map(|(_, reason)| *reason)
}

/// Whether a bot only writes it: the lines of the REST endpoints have it.
pub(super) fn is_written_only(name: &str, answered: &BTreeSet<String>) -> bool {
    match name.strip_prefix("docs/") {
        None => !answered.contains(name),
        Some(name) => {
            let heading = name.rsplit('/').next().unwrap_or_default();
            WRITTEN_ONLY.iter().any(|start| heading.starts_with(start))
                || WRITTEN_ONLY_EVENTS.iter().any(|part| name.contains(part))
        }
    }
}

/// Headings of what goes with a request.
const WRITTEN_ONLY: &[&str] = &[
    "form-params",
    "json-form-params",
    "json-params",
    "query-params",
    "query-string-params",
    "forum-and-media-thread-message-params-object",
    "poll-create-request-object-structure",
];

/// Commands of the gateway have lines of their own in its crate.
const WRITTEN_ONLY_EVENTS: &[&str] =
    &["/interaction-response-object/", "/allowed-mentions-object/"];

/// The schemas of the OpenAPI file which an answer can contain.
pub(super) fn answered(oracle: &Oracle) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<String> = Vec::new();
    let answers = oracle.operations().flat_map(|operation| &operation.answers);
    let shapes = answers.filter_map(|answer| answer.content.as_ref());
    let events = oracle.events().iter();
    let events = events.flat_map(|event| {
        event
            .fields
            .iter()
            .map(|field| &field.shape)
            .chain(&event.payload)
    });
    for shape in shapes.map(|content| &content.shape).chain(events) {
        names(shape, &mut waiting);
    }
    while let Some(name) = waiting.pop() {
        match oracle.schema(&name) {
            _ if found.contains(&name) => {}
            Some(Schema::Object { fields, .. }) => {
                fields
                    .iter()
                    .for_each(|field| names(&field.shape, &mut waiting));
            }
            Some(Schema::Alias(shape)) => names(shape, &mut waiting),
            _ => {}
        }
        found.insert(name);
    }
    found
}

fn names(shape: &Shape, into: &mut Vec<String>) {
    shape.walk(&mut |part| {
        if let Shape::Ref(name) | Shape::Partial(name) = part {
            into.push(name.clone());
        }
    });
}

/// Whether it is the table of an event's own fields: the test of the events reads it.
pub(super) fn is_event_of_ours(name: &str) -> bool {
    let Some((event, _)) = name
        .strip_prefix("docs/gateway-events/")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let upper = event.to_uppercase().replace('-', "_");
    EventKind::from_name(&upper) != EventKind::Unknown && name.ends_with("fields")
}
