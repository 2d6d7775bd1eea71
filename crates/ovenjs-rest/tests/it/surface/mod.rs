//! Every operation against the tables of Discord's description: path, query, who may ask, body,
//! answer, and what the box finds wrong with it on the wire.
//!
//! A [`Line`] is an operation with a body that is as full as it can be. The lines stand in one file
//! per area. What Discord has and no line sends fails by its name, and so does what a line says that
//! Discord does not know.

mod app;
mod guild;
mod limits;
mod line;
mod names;
#[path = "../../../../ovenjs-types/tests/it/surface/settle.rs"]
#[expect(
    dead_code,
    reason = "what the tables cannot say of a value is said where the types are compared"
)]
mod settle;
mod talk;

use std::collections::{BTreeMap, BTreeSet};

use ovenjs_mock::{
    Config, Discord,
    oracle::{Choice, Field, Fill, Operation, Oracle, Range, Schema, Shape},
};
use ovenjs_rest::{Auth, Client, ErrorKind, Parameter};

use ovenjs_types::Fault as _;

pub(crate) use self::line::{Ids, Line};

/// The key of a field that no table has.
const EXTRA: &str = "zz_of_tomorrow";

/// Fields of bodies that are not sent, by operation, each with the reason.
const WITHOUT: &[(&str, &str, &str)] = &[
    ("", "dm_permission", "deprecated: `contexts` says it"),
    (
        "",
        "default_permission",
        "deprecated: `default_member_permissions` says it",
    ),
    (
        "PUT /guilds/{guild_id}/bans/{user_id}",
        "delete_message_days",
        "deprecated: `delete_message_seconds` says it",
    ),
];

/// Fields of bodies that the description lacks, by operation, each with the reason.
const BEYOND: &[(&str, &str, &str)] = &[
    (
        "",
        "sticker_ids",
        "of any message; a webhook's are refused where they are not allowed",
    ),
    ("", "nonce", "of any message"),
    ("", "enforce_nonce", "of any message"),
    ("", "message_reference", "of any message"),
    ("", "shared_client_theme", "of any message"),
    ("", "poll", "of the message that a deferred answer becomes"),
    (
        "POST /webhooks/{webhook_id}/{webhook_token}",
        "applied_tags",
        "in the documentation's table",
    ),
    (
        "PATCH /webhooks/{webhook_id}/{webhook_token}",
        "channel_id",
        "of the change that is not by the token",
    ),
    (
        "PATCH /applications/{application_id}/commands/{command_id}",
        "type",
        "of a command to be made; Discord leaves it as it is",
    ),
    (
        "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}",
        "type",
        "of a command to be made; Discord leaves it as it is",
    ),
    (
        "",
        "id",
        "of a command in a list that replaces all commands",
    ),
    (
        "POST /guilds/{guild_id}/channels",
        "flags",
        "of a channel that is changed; the draft is one for both",
    ),
    (
        "PATCH /guilds/{guild_id}/channels",
        "flags",
        "in the documentation's table",
    ),
    (
        "POST /guilds/{guild_id}/scheduled-events",
        "status",
        "of an event that is changed; the draft is one for both",
    ),
    (
        "PATCH /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}",
        "original_scheduled_start_time",
        "of an exception that is made; the draft is one for both",
    ),
];

/// Bodies that are not ours to describe.
const FOREIGN: &[&str] = &[
    "POST /webhooks/{webhook_id}/{webhook_token}/github",
    "POST /webhooks/{webhook_id}/{webhook_token}/slack",
];

#[test]
fn every_operation_has_a_line_and_every_line_an_operation() {
    let lines = lines();
    let sent: BTreeSet<&str> = lines.iter().map(|line| line.route).collect();
    let (mut all, mut lacking) = (0, Vec::new());
    for operation in Oracle::embedded().operations() {
        all += 1;
        if !sent.contains(route(operation).as_str()) {
            lacking.push(route(operation));
        }
    }
    let known: BTreeSet<String> = Oracle::embedded().operations().map(route).collect();
    let extra: Vec<_> = sent.iter().filter(|sent| !known.contains(**sent)).collect();
    println!(
        "spec: operations with a line | {} | {all}",
        sent.len() - extra.len()
    );
    assert!(
        lacking.is_empty() && extra.is_empty(),
        "lacking {lacking:#?}, extra {extra:#?}"
    );
}

#[test]
fn every_line_asks_as_discord_describes_it() {
    let (mut parameters, mut fields, mut faults) = ([0, 0], [0, 0], Vec::new());
    let mut bodies = BTreeMap::<_, BTreeSet<String>>::new();
    let mut seen = BTreeSet::new();
    for line in lines() {
        let operation = operation(line.route);
        let found = faults_of(&line, operation);
        if seen.insert(line.route) {
            let theirs = operation.query_params.len();
            let ours = theirs - lacks(&found);
            parameters = [parameters[0] + ours, parameters[1] + theirs];
        }
        faults.extend(
            found
                .into_iter()
                .map(|fault| format!("{}: {fault}", line.route)),
        );
        bodies.entry(line.route).or_default().extend(line.fields);
    }
    // Several lines may send what one operation takes.
    for (route, ours) in bodies {
        let theirs = names_of_fields(operation(route));
        let found = faults_of_fields(route, &ours, &theirs);
        let sent = theirs.len() - lacks(&found);
        fields = [fields[0] + sent, fields[1] + theirs.len()];
        faults.extend(found.into_iter().map(|fault| format!("{route}: {fault}")));
    }
    println!(
        "spec: query parameters of operations | {} | {}",
        parameters[0], parameters[1]
    );
    println!(
        "spec: body fields of operations | {} | {}",
        fields[0], fields[1]
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_a_line_lacks_or_invents_is_named() {
    let lines = lines();
    let find = |route: &str| lines.iter().find(|line| line.route == route).unwrap();
    let list = find("GET /channels/{channel_id}/messages");
    let mut other = operation("GET /channels/{channel_id}/messages/pins").clone();
    other.auth = vec!["oauth2".to_owned()];
    other.usable_by = "bearer".to_owned();
    other.audit_reason = true;
    let found = faults_of(list, &other);
    for fault in [
        "is asked for by Bot, not User",
        "the audit log shows a reason",
        "no query parameter `around`",
        "the range of `limit` is Some(1..=50), not Some(1..=100)",
    ] {
        assert!(
            found.iter().any(|one| one.contains(fault)),
            "{fault}: {found:#?}"
        );
    }
    let stage = "POST /stage-instances";
    let topic = BTreeSet::from(["topic".to_owned()]);
    let found = faults_of_fields(stage, &BTreeSet::new(), &topic);
    assert_eq!(found, ["lacks the field `topic`"]);
    let other = names_of_fields(operation("POST /channels/{channel_id}/followers"));
    let found = faults_of_fields(stage, &topic, &other);
    assert_eq!(
        found,
        [
            "lacks the field `webhook_channel_id`",
            "has no field `topic`"
        ]
    );
}

#[test]
fn whatever_discord_may_answer_is_read_without_drift() {
    let (mut clean, mut all, mut faults) = (0, 0, BTreeMap::<_, BTreeSet<_>>::new());
    for line in lines() {
        for answer in &operation(line.route).answers {
            let body = match (&answer.content, answer.status.as_str()) {
                // What follows an interaction is always answered with the message.
                (None, "204") if line.is_follow_up() => None,
                (None, "204") => Some(Vec::new()),
                (Some(content), status) if status.starts_with('2') => {
                    if content.content_type != "application/json" {
                        continue;
                    }
                    for choice in choices() {
                        let mut came = Oracle::embedded().instance_of(&content.shape, choice);
                        settle::settle(&mut came);
                        // The description lets elements of some lists be null.
                        if let Some(elements) = came.as_array_mut() {
                            elements.retain(|element| !element.is_null());
                        }
                        all += 1;
                        match (line.read)(came.to_string().as_bytes()) {
                            Ok(()) => clean += 1,
                            Err(fault) => {
                                faults.entry(line.route).or_default().insert(fault);
                            }
                        }
                    }
                    None
                }
                _ => None,
            };
            if let Some(body) = body
                && let Err(fault) = (line.read)(&body)
            {
                let fault = format!("nothing is answered, but {fault}");
                faults.entry(line.route).or_default().insert(fault);
            }
        }
    }
    println!("spec: generated answers read | {clean} | {all}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Nothing that is sent is wrong in form. Much of it is refused all the same: what it names does not
/// exist, or is not in the state for it.
#[tokio::test]
async fn the_box_finds_nothing_wrong_with_any_request() {
    let discord = Discord::start(Config::default()).await.unwrap();
    let client = crate::discord::client(&discord);
    let ids = Ids::of(&discord, &client).await;
    let (mut done, mut refused, mut faults) = (0, BTreeMap::new(), Vec::new());
    for line in all_lines(&client, &ids) {
        match (line.send)(client.clone()).await {
            Ok(_) => done += 1,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => {
                refused.insert(line.route, error.to_string());
            }
            // A state that this story does not bring about; a wrong form is a violation besides.
            Err(error) if error.discord_code().is_some_and(|code| code != 50_035) => {
                refused.insert(line.route, error.to_string());
            }
            Err(error) => faults.push(format!("{}: {error}", line.route)),
        }
    }
    println!("{done} done, {} refused: {refused:#?}", refused.len());
    faults.extend(discord.violations());
    assert!(faults.is_empty(), "{faults:#?}");
}

fn lines() -> Vec<Line> {
    let client = Client::builder("token")
        .base_url("http://127.0.0.1:9/api")
        .build()
        .unwrap();
    all_lines(&client, &Ids::default())
}

/// All operations, with samples of their parts.
pub(crate) fn all_lines(client: &Client, ids: &Ids) -> Vec<Line> {
    [
        talk::lines(client, ids),
        app::lines(client, ids),
        guild::lines(client, ids),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn route(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

fn operation(route: &str) -> &'static Operation {
    let found = Oracle::embedded()
        .operations()
        .find(|operation| self::route(operation) == route);
    found.unwrap_or_else(|| panic!("Discord has no {route}"))
}

/// How many of the faults are that something is not there.
fn lacks(faults: &[String]) -> usize {
    let lacking = faults.iter().filter(|fault| fault.starts_with("lacks"));
    lacking.count()
}

/// What a line says otherwise than Discord does.
fn faults_of(line: &Line, operation: &Operation) -> Vec<String> {
    let mut faults = Vec::new();
    let auth = who_asks(operation);
    let of_interaction = (line.auth, auth) == (Auth::Interaction, Auth::Webhook);
    if line.auth != auth && !of_interaction {
        faults.push(format!("is asked for by {:?}, not {auth:?}", line.auth));
    }
    let by_user = auth == Auth::Bot && operation.auth.iter().any(|kind| kind == "oauth2");
    if line.by_user != by_user {
        faults.push(format!("a user may ask: {by_user}"));
    }
    match (line.audited, operation.audit_reason) {
        (false, true) => faults.push("the audit log shows a reason".to_owned()),
        (true, false) => faults.push("the audit log shows no reason".to_owned()),
        _ => {}
    }
    // Discord counts by what stands first in the path.
    let counts = ["/applications", "/users"]
        .iter()
        .all(|start| !operation.path.starts_with(start));
    // Each interaction counts for itself, by the token that is in no table.
    // Of an operation that only the documentation has, the tables know neither answer nor resource:
    // there the path says it.
    let names_major = match operation.answers.as_slice() {
        [] => !operation.path_params.is_empty(),
        _ => !operation.major.is_empty(),
    };
    let has_major = counts && names_major;
    if line.has_major != has_major && line.auth != Auth::Interaction {
        faults.push(format!("counts by {:?}", operation.major));
    }
    for theirs in &operation.query_params {
        match line.query.iter().find(|ours| ours.name == theirs.name) {
            None => faults.push(format!("lacks the query parameter `{}`", theirs.name)),
            Some(ours) => faults.extend(faults_of_parameter(ours, theirs)),
        }
    }
    for ours in line.query {
        if !operation
            .query_params
            .iter()
            .any(|theirs| theirs.name == ours.name)
        {
            faults.push(format!("there is no query parameter `{}`", ours.name));
        }
    }
    faults
}

fn faults_of_fields(
    route: &str,
    ours: &BTreeSet<String>,
    theirs: &BTreeSet<String>,
) -> Vec<String> {
    if FOREIGN.contains(&route) {
        return Vec::new();
    }
    let said = |list: &[(&str, &str, &str)], field: &str| {
        let is_here = |of: &str| of.is_empty() || of == route;
        list.iter()
            .any(|(of, name, _)| is_here(of) && *name == field)
    };
    let lacking = theirs
        .difference(ours)
        .filter(|field| !said(WITHOUT, field));
    let lacking = lacking.map(|field| format!("lacks the field `{field}`"));
    // Where the tables know no body, the documentation says it in words.
    let known = ours.iter().filter(|_| !theirs.is_empty());
    let extra = known.filter(|field| !theirs.contains(*field) && !said(BEYOND, field));
    let extra = extra.map(|field| format!("has no field `{field}`"));
    lacking.chain(extra).collect()
}

fn faults_of_parameter(ours: &Parameter, theirs: &Field) -> Vec<String> {
    let mut faults = Vec::new();
    if ours.is_required == theirs.optional {
        faults.push(format!(
            "`{}` must be there: {}",
            ours.name, !theirs.optional
        ));
    }
    let range = range_of(&theirs.shape);
    if ours.range != range {
        let name = ours.name;
        faults.push(format!(
            "the range of `{name}` is {range:?}, not {:?}",
            ours.range
        ));
    }
    faults
}

/// Who asks, as the tables have it. A token in the path is an interaction's or a webhook's.
fn who_asks(operation: &Operation) -> Auth {
    match operation.usable_by.as_str() {
        "bot" => Auth::Bot,
        "bearer" => Auth::User,
        "token-in-path" => Auth::Webhook,
        "client-credentials" if operation.auth == ["client-basic-auth"] => Auth::Application,
        // Whoever asks says in the body who they are.
        "client-credentials" | "anyone" => Auth::Nobody,
        other => panic!("nobody knows who {other} is"),
    }
}

/// The bounds of a number, or of a text's or list's length, where they are Discord's own: what has
/// no bound has that of the whole API.
fn range_of(shape: &Shape) -> Option<std::ops::RangeInclusive<usize>> {
    const OF_ALL: i128 = 100_000;
    let bounds = |range: &Range| {
        let most = range.max.filter(|most| *most < OF_ALL)?;
        let number = |bound: i128| usize::try_from(bound).unwrap();
        Some(number(range.min.unwrap_or(0))..=number(most))
    };
    match shape {
        Shape::Integer(range) | Shape::Array { length: range, .. } => bounds(range),
        Shape::String { length, .. } => bounds(length),
        Shape::Union(shapes) => shapes.iter().find_map(range_of),
        _ => None,
    }
}

/// The names of a body's fields. The parts of files are not fields.
fn names_of_fields(operation: &'static Operation) -> BTreeSet<String> {
    let fields = body_fields(operation).into_iter();
    let names = fields.map(|field| field.name.clone());
    names.filter(|name| !name.starts_with("files[")).collect()
}

/// The fields of a body, in any of its forms.
fn body_fields(operation: &'static Operation) -> Vec<&'static Field> {
    let mut found = Vec::new();
    for body in &operation.bodies {
        add_fields(&body.shape, &mut found);
    }
    found
}

fn add_fields(shape: &'static Shape, into: &mut Vec<&'static Field>) {
    match shape {
        Shape::Ref(name) | Shape::Partial(name) => match Oracle::embedded().schema(name) {
            Some(Schema::Object { fields, .. }) => into.extend(fields),
            Some(Schema::Alias(inner)) => add_fields(inner, into),
            _ => {}
        },
        Shape::Union(shapes) | Shape::All(shapes) => {
            shapes.iter().for_each(|shape| add_fields(shape, into));
        }
        Shape::Array { of, .. } => add_fields(of, into),
        _ => {}
    }
}

/// Several branches of each union with all fields, and what is required alone.
fn choices() -> impl Iterator<Item = Choice> {
    [(Fill::Most, 6), (Fill::Least, 2)]
        .into_iter()
        .flat_map(|(fill, branches)| (0..branches).map(move |branch| Choice { fill, branch }))
}
