//! What bodies are held to before they are sent, against what Discord says of their fields.

use std::collections::{BTreeMap, BTreeSet};

use super::{FOREIGN, body_fields, lines, operation, range_of};

/// What the description gives for lists that have no limit of their own.
const ANY: usize = 1521;

/// Fields that are held to something else, or to nothing, each with the reason.
const OTHERWISE: &[(&str, &str)] = &[
    ("access_token", "a secret is as it came"),
    ("client_secret", "a secret is as it came"),
    ("external_auth_token", "a secret is as it came"),
    ("secret", "a secret is as it came"),
    ("content", "2000 characters, as the documentation says it"),
    ("delete_message_days", "deprecated, and not sent"),
    (
        "event_webhooks_url",
        "the samples have none, since the box asks there",
    ),
    (
        "interactions_endpoint_url",
        "the samples have none, since the box asks there",
    ),
    (
        "topic",
        "1024 characters, or 4096 of a forum or media channel",
    ),
    ("user_limit", "99 of a voice channel, 10000 of a stage"),
];

/// A limit that Discord states and we do not keep is a refusal that the bot hears of too late; one that
/// we keep and Discord does not have forbids what is allowed.
#[test]
fn bodies_are_held_to_the_limits_that_discord_states() {
    let mut bodies = BTreeMap::<_, (BTreeSet<_>, BTreeSet<_>)>::new();
    for line in lines() {
        let body = bodies.entry(line.route).or_default();
        body.0.extend(line.limits);
        body.1.extend(line.set);
    }
    let (mut kept, mut all, mut faults) = (0, 0, BTreeSet::new());
    for (route, (ours, set)) in bodies {
        if FOREIGN.contains(&route) {
            continue;
        }
        let mut seen = BTreeSet::new();
        for field in body_fields(operation(route)) {
            let Some(theirs) = range_of(&field.shape) else {
                continue;
            };
            let (least, most) = theirs.into_inner();
            let is_otherwise = OTHERWISE.iter().any(|(name, _)| *name == field.name);
            if is_otherwise || most == ANY || !seen.insert((&field.name, least, most)) {
                continue;
            }
            all += 1;
            let name = &field.name;
            // An empty text is none, as the documentation says it.
            if [least, least.max(1)]
                .iter()
                .any(|least| ours.contains(&(name.clone(), *least, most)))
            {
                kept += 1;
                continue;
            }
            let held: Vec<_> = ours.iter().filter(|(path, ..)| path == name).collect();
            let said = if set.contains(name) {
                ""
            } else {
                ", and no sample sets it"
            };
            faults.insert(format!(
                "{name} {route}: is held to {held:?}, not {least}..={most}{said}"
            ));
        }
    }
    println!("spec: limits of body fields | {kept} | {all}");
    assert!(faults.is_empty(), "{faults:#?}");
}
