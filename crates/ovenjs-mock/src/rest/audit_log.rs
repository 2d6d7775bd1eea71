//! Reading the audit log.

use crate::world::{World, audit, permission};

use super::{Call, Done, ok};

pub(super) fn act(call: &Call, world: &World) -> Option<Done> {
    (call.operation == "list_guild_audit_log_entries").then(|| list(call, world))
}

fn list(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::VIEW_AUDIT_LOG)?;
    ok(world.audit_log(
        guild,
        audit::Search {
            user: call.number("user_id"),
            action: call.number("action_type"),
            target: call.number("target_id"),
            before: call.number("before"),
            after: call.number("after"),
            limit: call.limit(50),
        },
    ))
}
