//! Pairs whose JSON differs: what twilight writes or wants otherwise than Discord sends it.
//!
//! Each module is named in brackets in the table. `there` stands before twilight's reader, `back`
//! before ours.

use serde_json::Value;

/// Templates number their channels and roles from 0; twilight's ids write these numbers as texts.
pub(super) mod places {
    use super::{Value, for_each_field};

    pub(in super::super) const fn there(_: &mut Value) {}

    pub(in super::super) fn back(value: &mut Value) {
        // The template's own ids are those of real guilds and users.
        match value.get_mut("serialized_source_guild") {
            Some(guild) => number_ids(guild),
            None => number_ids(value),
        }
    }

    fn number_ids(value: &mut Value) {
        for_each_field(value, &mut |key, value| {
            let is_place = key == "id" || key.ends_with("channel_id") || key == "parent_id";
            if let (true, Some(number)) = (is_place, value.as_str().and_then(|id| id.parse().ok()))
            {
                *value = Value::Number(u64::into(number));
            }
        });
    }
}

/// twilight writes `null` where Discord leaves out the objects that a component names, and what the
/// guild of an interaction can do.
pub(super) mod no_null {
    use super::Value;

    pub(in super::super) const fn there(_: &mut Value) {}

    pub(in super::super) fn back(value: &mut Value) {
        leave_out_null(value);
        for part in ["data", "guild"] {
            value.get_mut(part).map(leave_out_null);
        }
    }

    fn leave_out_null(value: &mut Value) {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|key, value| {
                !value.is_null() || !matches!(key.as_str(), "resolved" | "features")
            });
        }
    }
}

/// twilight wants what a bot may leave out of an embed: its kind, which is `rich` then.
pub(super) mod embed {
    use super::{Value, default_to};

    pub(in super::super) fn there(value: &mut Value) {
        default_to(value, "type", "rich");
    }

    pub(in super::super) const fn back(_: &mut Value) {}
}

/// twilight wants what a bot may leave out when it identifies, in the form of Discord's defaults.
pub(super) mod identify {
    use super::{Value, default_to};

    pub(in super::super) fn there(value: &mut Value) {
        default_to(value, "capabilities", 0);
        default_to(value, "compress", false);
        default_to(value, "large_threshold", 50);
    }

    pub(in super::super) const fn back(_: &mut Value) {}
}

fn default_to(object: &mut Value, key: &str, default: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(key).or_insert(default.into());
    }
}

/// What a limit of the gateway was met with has no tag on the wire; in twilight's JSON it has.
pub(super) mod limited {
    use super::Value;

    const ONLY: &str = "RequestGuildMembers";

    /// The opcode of that command.
    const OPCODE: u64 = 8;

    pub(in super::super) fn there(value: &mut Value) {
        let opcode = value.get("opcode").and_then(Value::as_u64);
        if let (Some(OPCODE), Some(meta)) = (opcode, value.get_mut("meta")) {
            *meta = serde_json::json!({ ONLY: meta.take() });
        }
    }

    pub(in super::super) fn back(value: &mut Value) {
        if let Some(meta) = value.get_mut("meta")
            && let Some(inner) = meta.get_mut(ONLY)
        {
            *meta = inner.take();
        }
    }
}

fn for_each_field(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                visit(key, value);
                for_each_field(value, visit);
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| for_each_field(value, visit)),
        _ => {}
    }
}
