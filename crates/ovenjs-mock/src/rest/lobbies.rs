//! Lobbies: what a game's server does with the bot's token, and its players with their own.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{World, permission},
};

use super::{Call, Done, done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let id = call.id("lobby_id");
    let user = call.id("user_id");
    Some(match call.operation.as_str() {
        "create_lobby" => create(call, world),
        "get_lobby" => world.shown_lobby(id).and_then(ok),
        "edit_lobby" => edit(call, world, id),
        "delete_lobby" => {
            // It may be closed already.
            world.close_lobby(id);
            done()
        }
        "add_lobby_member" => add(call, world, id, user),
        "delete_lobby_member" => world.lobby(id).map(drop).and_then(|()| {
            world.leave_lobby(id, user);
            done()
        }),
        "bulk_update_lobby_members" => bulk(call, world, id),
        "create_linked_lobby_guild_invite_for_user" => invite(world, id, user),
        "update_lobby_message_external_moderation_metadata" => world
            .moderate_lobby(id, call.id("message_id"), call.body.clone())
            .and_then(|()| done()),
        "create_or_join_lobby" => join(call, world),
        "leave_lobby" => player(call, world, id).and_then(|user| {
            world.leave_lobby(id, user);
            done()
        }),
        "edit_lobby_channel_link" => link(call, world, id),
        "create_linked_lobby_guild_invite_for_self" => {
            player(call, world, id).and_then(|user| invite(world, id, user))
        }
        "get_lobby_messages" => player(call, world, id)
            .and_then(|_| world.lobby_messages(id, call.limit(USUAL_PAGE)))
            .and_then(ok),
        "create_lobby_message" => say(call, world, id),
        _ => return None,
    })
}

fn create(call: &Call, world: &mut World) -> Done {
    let asked = call.fields();
    are_known(world, &asked)?;
    let id = world.open_lobby(&asked, None);
    Ok((201, Some(world.shown_lobby(id)?)))
}

fn edit(call: &Call, world: &mut World, id: u64) -> Done {
    world.lobby(id)?;
    let asked = call.fields();
    are_known(world, &asked)?;
    world.change_lobby(id, &asked);
    ok(world.shown_lobby(id)?)
}

/// Whether all the members that a form names are users.
fn are_known(world: &World, asked: &Object) -> Result<(), Failure> {
    let members = asked.list("members").iter().filter_map(Value::as_object);
    for member in members {
        is_known(world, member.key("id").unwrap_or_default())?;
    }
    Ok(())
}

fn is_known(world: &World, user: u64) -> Result<(), Failure> {
    let known = world.users.contains_key(&user);
    known.then_some(()).ok_or_else(|| Failure::unknown(10013))
}

fn add(call: &Call, world: &mut World, id: u64, user: u64) -> Done {
    world.lobby(id)?;
    is_known(world, user)?;
    ok(world.enter_lobby(id, user, &call.fields()))
}

/// Changes several members at once, or none.
fn bulk(call: &Call, world: &mut World, id: u64) -> Done {
    world.lobby(id)?;
    let asked: Vec<Object> = call
        .body
        .as_array()
        .into_iter()
        .flatten()
        .map(|member| object(member.clone()))
        .collect();
    for member in &asked {
        is_known(world, member.key("id").unwrap_or_default())?;
    }
    let mut changed = Vec::new();
    for member in &asked {
        let user = member.key("id").unwrap_or_default();
        if member.flag("remove_member") == Some(true) {
            world.leave_lobby(id, user);
        } else {
            changed.push(world.enter_lobby(id, user, member));
        }
    }
    ok(changed.into())
}

/// An invite into the guild of the linked channel, for one member and once.
fn invite(world: &mut World, id: u64, user: u64) -> Done {
    let lobby = world.lobby(id)?;
    if !lobby.members.contains_key(&user) {
        return Err(Failure::unknown(10007));
    }
    let channel = lobby.linked.ok_or_else(|| Failure::unknown(10003))?;
    let room = world.channel(channel)?;
    let guild = room.guild.ok_or_else(|| Failure::unknown(10004))?;
    let field = |key: &str| room.object.get(key).cloned();
    let code_channel =
        json!({ "id": channel.to_string(), "name": field("name"), "type": field("type") });
    let invite = object(json!({
        "type": 0,
        "guild_id": guild.to_string(),
        "guild": world.invite_guild(guild),
        "channel": code_channel,
        "inviter": world.user(world.bot),
        "expires_at": crate::time::iso8601(world.now_ms.saturating_add(3_600_000)),
        "created_at": world.timestamp(),
        "max_age": 3600,
        "max_uses": 1,
        "temporary": false,
        "uses": 0,
        "flags": 0,
    }));
    let mut invite = invite;
    let code = world.invite_code();
    invite.set("code", code.clone());
    world.add_invite(guild, &code, invite);
    world.target(&code, vec![user]);
    ok(json!({ "code": code }))
}

/// A player comes into the lobby of a secret, which opens with the first.
fn join(call: &Call, world: &mut World) -> Done {
    let user = call.bearer("sdk.social_layer")?;
    let asked = call.fields();
    let secret = asked.text("secret").unwrap_or_default();
    let mut lobby = Object::new();
    for (key, from) in [
        ("metadata", "lobby_metadata"),
        ("idle_timeout_seconds", "idle_timeout_seconds"),
    ] {
        if let Some(value) = asked.get(from) {
            lobby.set(key, value.clone());
        }
    }
    let id = match world.lobby_of_secret(secret) {
        Some(id) => {
            world.change_lobby(id, &lobby);
            id
        }
        None => world.open_lobby(&lobby, Some(secret)),
    };
    let mut member = Object::new();
    for (key, from) in [("metadata", "member_metadata"), ("flags", "flags")] {
        if let Some(value) = asked.get(from) {
            member.set(key, value.clone());
        }
    }
    world.enter_lobby(id, user, &member);
    ok(world.shown_lobby(id)?)
}

/// A member of the lobby, by its own token.
fn player(call: &Call, world: &World, id: u64) -> Result<u64, Failure> {
    let user = call.bearer("sdk.social_layer")?;
    let inside = world.lobby(id)?.members.contains_key(&user);
    inside.then_some(user).ok_or_else(Failure::missing_access)
}

/// Links the chat with a text channel, by a member who may do that here and there.
fn link(call: &Call, world: &mut World, id: u64) -> Done {
    let user = player(call, world, id)?;
    let member = world.lobby(id)?.members.get(&user);
    let flags = member.and_then(|member| member.int("flags")).unwrap_or(0);
    if flags & CAN_LINK == 0 {
        return Err(Failure::missing_permissions());
    }
    let channel = call.fields().key("channel_id");
    if let Some(channel) = channel {
        let room = world.channel(channel)?;
        if room.guild.is_none() || room.object.int("type") != Some(0) {
            let message = "Cannot execute action on this channel type";
            return Err(Failure::new(400, 50024, message));
        }
        const NEEDED: u64 =
            permission::VIEW_CHANNEL | permission::SEND_MESSAGES | permission::MANAGE_CHANNELS;
        if world.channel_permissions(channel, user) & NEEDED != NEEDED {
            return Err(Failure::missing_permissions());
        }
    }
    world.link_lobby(id, channel);
    ok(world.shown_lobby(id)?)
}

fn say(call: &Call, world: &mut World, id: u64) -> Done {
    let user = player(call, world, id)?;
    let asked = call.fields();
    let content = asked.text("content").unwrap_or_default();
    fields::text_within(&["content"], content, MAX_CONTENT)?;
    let has_metadata = asked.get("metadata").is_some_and(Value::is_object);
    if content.is_empty() && !has_metadata {
        return Err(Failure::empty_message());
    }
    Ok((201, Some(world.say_in_lobby(id, user, &asked)?)))
}

/// The flag of a member who may link the lobby with a channel.
const CAN_LINK: u64 = 1;

const USUAL_PAGE: usize = 50;

/// Discord's bound on a message in a lobby, in characters.
const MAX_CONTENT: usize = 2000;
