//! Reactions.

use serde_json::Value;

use crate::{
    failure::Failure,
    world::{World, permission},
};

use super::{Call, Done, done, ok};
use crate::world::Emoji;

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let channel = call.id("channel_id");
    let message = call.id("message_id");
    let emoji = || Emoji::parse(call.text("emoji_name"));
    let there = |world: &World| world.channel(channel).map(drop);
    Some(match call.operation.as_str() {
        "add_my_message_reaction" => there(world)
            .and_then(|()| world.react(channel, message, world.bot, &emoji()?))
            .and_then(|()| done()),
        "delete_my_message_reaction" => there(world)
            .and_then(|()| world.bot_may(channel, 0))
            .and_then(|()| world.unreact(channel, message, world.bot, &emoji()?))
            .and_then(|()| done()),
        "delete_user_message_reaction" => there(world)
            .and_then(|()| world.bot_may(channel, permission::MANAGE_MESSAGES))
            .and_then(|()| world.unreact(channel, message, call.id("user_id"), &emoji()?))
            .and_then(|()| done()),
        "delete_all_message_reactions" => there(world)
            .and_then(|()| world.bot_may(channel, permission::MANAGE_MESSAGES))
            .and_then(|()| world.clear_reactions(channel, message, None))
            .and_then(|()| done()),
        "delete_all_message_reactions_by_emoji" => there(world)
            .and_then(|()| world.bot_may(channel, permission::MANAGE_MESSAGES))
            .and_then(|()| world.clear_reactions(channel, message, Some(&emoji()?)))
            .and_then(|()| done()),
        "list_message_reactions_by_emoji" => there(world)
            .and_then(|()| world.bot_may(channel, permission::READ_MESSAGE_HISTORY))
            .and_then(|()| list(call, world, channel, message, &emoji()?)),
        _ => return None,
    })
}

fn list(call: &Call, world: &World, channel: u64, message: u64, emoji: &Emoji) -> Done {
    let after = call
        .query("after")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0_u64);
    let kept = world.kept(channel, message)?;
    let reaction = kept
        .reactions
        .iter()
        .find(|reaction| reaction.emoji == *emoji);
    let reaction = reaction.ok_or_else(|| Failure::unknown(10014));
    let Ok(reaction) = reaction else {
        return ok(Value::Array(Vec::new()));
    };
    let users = reaction.users.iter().copied().filter(|user| *user > after);
    ok(users
        .take(call.limit(25))
        .map(|user| world.user(user))
        .collect())
}
