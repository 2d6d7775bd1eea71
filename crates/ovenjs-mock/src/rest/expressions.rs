//! What emojis, stickers and sounds of a guild have in common: who may see their maker, and who may
//! change them.

use serde_json::Value;

use crate::{
    failure::Failure,
    json::{Fields, Object},
    world::{World, permission},
};

/// Who made an expression is for those who look after expressions.
pub(super) fn shown(world: &World, guild: u64, mut expression: Object) -> Value {
    if world.guild_permissions(guild, world.bot) & LOOKS_AFTER == 0 {
        expression.remove("user");
    }
    Value::Object(expression)
}

/// What the bot made it may change with the lesser of the two permissions.
pub(super) fn may_change(
    world: &World,
    guild: u64,
    known: Result<Object, Failure>,
) -> Result<Object, Failure> {
    world.in_guild(guild)?;
    let is_own = known.as_ref().is_ok_and(|expression| {
        let maker = expression.get("user").and_then(Value::as_object);
        maker.and_then(|maker| maker.key("id")) == Some(world.bot)
    });
    let enough = if is_own {
        LOOKS_AFTER
    } else {
        permission::MANAGE_GUILD_EXPRESSIONS
    };
    if world.guild_permissions(guild, world.bot) & enough == 0 {
        return Err(Failure::missing_permissions());
    }
    known
}

const LOOKS_AFTER: u64 =
    permission::CREATE_GUILD_EXPRESSIONS | permission::MANAGE_GUILD_EXPRESSIONS;
