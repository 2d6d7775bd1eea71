//! Answers for the operations that the box does not act on: of the right shape, and about nothing.

use serde_json::Value;

use crate::oracle::{Choice, Fill, Operation, Oracle};

use super::{Call, Done};

/// The operations which the box answers without acting on them, by Discord's ids.
///
/// Token, limits, path, query and form are judged as everywhere. What comes back is then the least
/// that Discord's description of the operation allows: required fields only, empty lists, ids that
/// name nothing, `204` where there is no body. Nothing in the box changes, and no event follows.
///
/// Every other operation of the tables is acted on.
///
/// ```
/// use ovenjs_mock::{CANNED_OPERATIONS, oracle::Oracle};
///
/// assert!(CANNED_OPERATIONS.contains(&"partner_sdk_token"));
/// assert!(!CANNED_OPERATIONS.contains(&"create_message"));
/// let known = |id: &&str| Oracle::embedded().operation(id).is_some();
/// assert!(CANNED_OPERATIONS.iter().all(known));
/// ```
pub const CANNED_OPERATIONS: &[&str] = &[
    "get_public_keys",
    "update_user_message_external_moderation_metadata",
    "partner_sdk_unmerge_provisional_account",
    "bot_partner_sdk_unmerge_provisional_account",
    "partner_sdk_token",
    "bot_partner_sdk_token",
];

/// Answers a canned operation; `None` for all others.
pub(super) fn act(call: &Call) -> Option<Done> {
    let id = call.operation.as_str();
    if !CANNED_OPERATIONS.contains(&id) {
        return None;
    }
    let operation = Oracle::embedded().operation(id)?;
    Some(Ok(least(operation)))
}

/// The first success that the tables name, filled with as little as it can have.
fn least(operation: &Operation) -> (u16, Option<Value>) {
    let choice = Choice {
        fill: Fill::Least,
        branch: 0,
    };
    let success = operation
        .answers
        .iter()
        .find_map(|answer| Some((success(&answer.status)?, answer)));
    match success {
        // Of some lists the tables know no answer, but clients read one.
        None if LISTS.contains(&operation.id.as_str()) => (200, Some(Value::Array(Vec::new()))),
        None => (204, None),
        Some((status, answer)) => {
            let body = answer
                .content
                .as_ref()
                .map(|content| Oracle::embedded().instance_of(&content.shape, choice));
            (status, body)
        }
    }
}

/// Lists that only the documentation knows.
const LISTS: [&str; 2] = ["get_sku_subscriptions", "list_skus"];

/// The status of an answer which is a success.
fn success(status: &str) -> Option<u16> {
    status.parse().ok().filter(|status| *status < 300)
}
