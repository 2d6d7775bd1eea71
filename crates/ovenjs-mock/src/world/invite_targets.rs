//! Invites for some users alone: a file names them, and Discord works through it.

use serde_json::{Value, json};

use crate::{failure::Failure, time};

use super::World;

/// The users who may come by an invite, and since when Discord works on their list.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    users: Vec<u64>,
    begun_ms: u64,
}

impl World {
    /// Lets only these users come by an invite from now on.
    pub(crate) fn target(&mut self, code: &str, users: Vec<u64>) {
        let begun_ms = self.now_ms;
        let targets = Targets { users, begun_ms };
        self.invite_targets.insert(code.to_owned(), targets);
    }

    /// Whether a user may come by an invite, as far as the invite names users.
    pub(crate) fn is_invited(&self, code: &str, user: u64) -> bool {
        let targets = self.invite_targets.get(code);
        targets.is_none_or(|targets| targets.users.contains(&user))
    }

    /// Whether an invite names users.
    pub(crate) fn is_targeted(&self, code: &str) -> bool {
        self.invite_targets.contains_key(code)
    }

    /// The users of an invite as a table with one column.
    pub(crate) fn target_table(&self, code: &str) -> Result<String, Failure> {
        let targets = self
            .invite_targets
            .get(code)
            .ok_or_else(|| Failure::new(404, 10129, "Unknown invite target users"))?;
        let mut table = HEAD.to_owned();
        for user in &targets.users {
            table.push('\n');
            table.push_str(&user.to_string());
        }
        Ok(table)
    }

    /// How far Discord has come with the list.
    pub(crate) fn target_job(&self, code: &str) -> Result<Value, Failure> {
        let targets = self
            .invite_targets
            .get(code)
            .ok_or_else(|| Failure::new(404, 10124, "Unknown invite target users job"))?;
        let end_ms = targets.begun_ms.saturating_add(JOB_MS);
        let is_done = self.now_ms >= end_ms;
        let count = targets.users.len();
        Ok(json!({
            "status": if is_done { COMPLETED } else { PROCESSING },
            "total_users": count,
            "processed_users": if is_done { count } else { 0 },
            "created_at": time::iso8601(targets.begun_ms),
            "completed_at": is_done.then(|| time::iso8601(end_ms)),
            "error_message": null,
        }))
    }
}

/// Reads the ids of a table with one column, which may have a head.
pub(crate) fn read_table(bytes: &[u8]) -> Result<Vec<u64>, Failure> {
    let text = String::from_utf8_lossy(bytes);
    let mut users = Vec::new();
    let mut faults = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim().trim_matches('"');
        if line.is_empty() || (place == 0 && line.eq_ignore_ascii_case(HEAD)) {
            continue;
        }
        match line.parse::<u64>() {
            Ok(id) if id >= FIRST_ID => {
                if !users.contains(&id) {
                    users.push(id);
                }
            }
            parsed => {
                let what = if parsed.is_ok() {
                    "invalid user ID - must be a valid Discord snowflake"
                } else {
                    "invalid user ID format"
                };
                let message = format!("Line {}: {what}", place + 1);
                faults.push((vec![FIELD.to_owned()], "INVALID_TARGET_USERS", message));
            }
        }
        if faults.len() >= MAX_FAULTS {
            break;
        }
    }
    if !faults.is_empty() {
        return Err(Failure::forms(&faults));
    }
    if users.is_empty() {
        return Err(Failure::form(
            &[FIELD],
            "BASE_TYPE_REQUIRED",
            "This field is required",
        ));
    }
    Ok(users)
}

/// The part of a form that holds the table.
pub(crate) const FIELD: &str = "target_users_file";

const HEAD: &str = "user_id";

/// Ids below this are from before Discord.
const FIRST_ID: u64 = 1 << 22;

/// How long Discord works on a list.
const JOB_MS: u64 = 1000;

/// The states of the work.
const PROCESSING: u64 = 1;
const COMPLETED: u64 = 2;

/// A table that is no table at all is refused for its first lines.
const MAX_FAULTS: usize = 10;
