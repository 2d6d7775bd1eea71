//! Reactions.

use serde_json::Value;

use crate::{
    failure::Failure,
    world::{Emoji, World, permission},
};

use super::{
    Call, Done, done,
    messages::{exists, visible},
    ok,
};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let bits = match call.operation.as_str() {
        "add_my_message_reaction" | "delete_my_message_reaction" => 0,
        "delete_user_message_reaction"
        | "delete_all_message_reactions"
        | "delete_all_message_reactions_by_emoji" => permission::MANAGE_MESSAGES,
        "list_message_reactions_by_emoji" => permission::READ_MESSAGE_HISTORY,
        _ => return None,
    };
    Some(permitted(call, world, bits).and_then(|()| deed(call, world)))
}

fn permitted(call: &Call, world: &World, bits: u64) -> Result<(), Failure> {
    let channel = call.id("channel_id");
    exists(world, channel)?;
    // In a direct message nobody manages what the other has put there.
    if bits == permission::MANAGE_MESSAGES && world.channel_guild(channel).is_none() {
        let message = "Cannot execute action on a DM channel";
        return Err(Failure::new(403, 50003, message));
    }
    world.bot_may(channel, bits)?;
    visible(world, channel, call.id("message_id")).map(drop)
}

fn deed(call: &Call, world: &mut World) -> Done {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    if call.operation == "delete_all_message_reactions" {
        world.clear_reactions(channel, message, None)?;
        return done();
    }
    let emoji = Emoji::parse(call.text("emoji_name"))?;
    match call.operation.as_str() {
        "add_my_message_reaction" => {
            world.react(channel, message, world.bot, &emoji, false)?;
        }
        "delete_my_message_reaction" => {
            world.unreact(channel, message, world.bot, &emoji)?;
        }
        "delete_user_message_reaction" => {
            world.unreact(channel, message, call.id("user_id"), &emoji)?;
        }
        "delete_all_message_reactions_by_emoji" => {
            world.clear_reactions(channel, message, Some(&emoji))?;
        }
        _ => return list(call, world, &emoji),
    }
    done()
}

fn list(call: &Call, world: &World, emoji: &Emoji) -> Done {
    let after = call.number("after").unwrap_or(0);
    let kept = world.kept(call.id("channel_id"), call.id("message_id"))?;
    let reaction = kept
        .reactions
        .iter()
        .find(|reaction| reaction.emoji == *emoji);
    let Some(reaction) = reaction else {
        return ok(Value::Array(Vec::new()));
    };
    let users = match call.number("type") {
        Some(BURST) => &reaction.bursts,
        _ => &reaction.users,
    };
    ok(users
        .iter()
        .copied()
        .filter(|user| *user > after)
        .take(call.limit(25))
        .map(|user| world.user(user))
        .collect())
}

/// The `type` that asks for super reactions.
const BURST: u64 = 1;
