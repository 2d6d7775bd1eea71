//! Invites of channels.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object, snowflake},
    time,
    world::{World, audit::action, channel_of, guild_channel::kind, invite_targets, permission},
};

use super::{Call, Done, application, done, fields, ok, scheduled_events};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_channel_invites" => list(call, world),
        "create_channel_invite" => create(call, world),
        "invite_resolve" => get(call, world),
        "invite_revoke" => revoke(call, world),
        "get_invite_target_users" => looks_after(call, world, permission::VIEW_AUDIT_LOG)
            .and_then(|code| ok(world.target_table(code)?.into())),
        "get_invite_target_users_job_status" => {
            looks_after(call, world, permission::VIEW_AUDIT_LOG)
                .and_then(|code| ok(world.target_job(code)?))
        }
        "update_invite_target_users" => set_targets(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    let guild = guild_of(world, channel)?;
    world.bot_may(channel, permission::MANAGE_CHANNELS)?;
    ok(world
        .invites(guild)
        .filter(|invite| channel_of(invite) == channel)
        .cloned()
        .map(Value::Object)
        .collect())
}

fn create(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    let guild = guild_of(world, channel)?;
    world.bot_may(channel, permission::CREATE_INSTANT_INVITE)?;
    let room = world.channel(channel)?;
    let leads_in =
        room.thread_parent().is_none() && room.object.int("type") != Some(kind::CATEGORY);
    if !leads_in {
        let message = "Cannot execute action on this channel type";
        return Err(Failure::new(400, 50024, message));
    }
    if world.invites(guild).count() >= MAX_INVITES {
        let message = format!("Maximum number of invites reached ({MAX_INVITES})");
        return Err(Failure::new(400, 30016, message));
    }
    let invite = new(call, world, guild, channel)?;
    let file = call
        .files
        .iter()
        .find(|file| file.field == invite_targets::FIELD);
    let targets = file
        .map(|file| invite_targets::read_table(&file.bytes))
        .transpose()?;
    // Without `unique` Discord gives an invite again that says the same.
    let again = world.invites(guild).find(|known| {
        let same = |key: &str| known.get(key) == invite.get(key);
        let is_for_all = !world.is_targeted(known.text("code").unwrap_or_default());
        is_for_all && SETTINGS.into_iter().all(same)
    });
    let is_unique = call.fields().flag("unique") == Some(true) || targets.is_some();
    if let Some(again) = again.filter(|_| !is_unique) {
        return ok(Value::Object(again.clone()));
    }
    let code = world.invite_code();
    let mut invite = invite;
    invite.set("code", code.clone());
    world.add_invite(guild, &code, invite.clone());
    if let Some(targets) = targets {
        world.target(&code, targets);
    }
    let mut logged = logged(&invite);
    logged.set("channel_id", channel.to_string());
    let entry = call
        .entry(world, action::INVITE_CREATE)
        .changed(&Object::new(), &logged);
    world.record(guild, entry);
    ok(Value::Object(invite))
}

/// An invite as the form describes it, still without a code.
fn new(call: &Call, world: &World, guild: u64, channel: u64) -> Result<Object, Failure> {
    let asked = call.fields();
    let field = |key: &str| world.channel(channel).ok()?.object.get(key).cloned();
    let max_age = asked.int("max_age").unwrap_or(USUAL_AGE_SECS);
    let until = world.now_ms.saturating_add(max_age.saturating_mul(1000));
    let mut invite = object(json!({
        "type": 0,
        "code": "",
        "guild_id": guild.to_string(),
        "guild": world.invite_guild(guild),
        "channel": { "id": channel.to_string(), "name": field("name"), "type": field("type") },
        "inviter": world.user(world.bot),
        "expires_at": (max_age > 0).then(|| time::iso8601(until)),
        "created_at": world.timestamp(),
        "max_age": max_age,
        "max_uses": asked.int("max_uses").unwrap_or(0),
        "temporary": asked.flag("temporary").unwrap_or(false),
        "uses": 0,
        "flags": 0,
    }));
    match asked.int("target_type") {
        Some(STREAM) => {
            let user = asked.key("target_user_id");
            let user = user.ok_or_else(|| fields::required("target_user_id"))?;
            let room = world.guilds.get(&guild);
            let streams = room
                .and_then(|room| room.voice_states.get(&user))
                .is_some_and(|state| {
                    state.key("channel_id") == Some(channel)
                        && state.flag("self_stream") == Some(true)
                });
            if !streams {
                return Err(Failure::form(
                    &["target_user_id"],
                    "GUILD_INVITE_INVALID_TARGET_USER_ID",
                    "The target user must be streaming in the channel",
                ));
            }
            invite.set("target_type", STREAM);
            invite.set("target_user", world.user(user));
        }
        Some(kind) => {
            let application = asked.key("target_application_id");
            let application =
                application.ok_or_else(|| fields::required("target_application_id"))?;
            if application != world.application_id() {
                return Err(Failure::unknown(10002));
            }
            invite.set("target_type", kind);
            invite.set("target_application", application::public(world));
        }
        None => {}
    }
    let asked_roles = role_ids(&asked);
    if !asked_roles.is_empty() {
        world.bot_may_in_guild(guild, permission::MANAGE_ROLES)?;
        let mut roles = Vec::new();
        for id in asked_roles {
            roles.push(world.invite_role(guild, id)?);
            world.bot_is_above_role(guild, id)?;
        }
        invite.set("roles", roles);
    }
    Ok(invite)
}

/// Ids in a list, or in one text between commas.
fn role_ids(asked: &Object) -> Vec<u64> {
    match asked.get("role_ids") {
        Some(Value::String(text)) => text
            .split(',')
            .filter_map(|id| id.trim().parse().ok())
            .collect(),
        _ => asked
            .list("role_ids")
            .iter()
            .filter_map(snowflake)
            .collect(),
    }
}

fn get(call: &Call, world: &World) -> Done {
    let (guild, invite) = world.invite(call.text("code"))?;
    let mut shown = invite.clone();
    // How it is used is told where invites are listed, and to nobody else.
    for key in ["uses", "max_uses", "max_age", "temporary", "created_at"] {
        shown.remove(key);
    }
    let event = call.number("guild_scheduled_event_id");
    if let Some(event) = event.filter(|event| world.event(guild, *event).is_ok()) {
        let event = scheduled_events::shown(world, guild, event, true);
        shown.set("guild_scheduled_event", event);
    }
    if call.asks("with_counts")
        && let Some(room) = world.guilds.get(&guild)
    {
        shown.set("approximate_presence_count", world.presence_count(guild));
        shown.set("approximate_member_count", room.members.len());
    }
    ok(Value::Object(shown))
}

/// The code of an invite that the bot has made, or for whose guild it has one of the permissions.
fn looks_after<'a>(call: &'a Call, world: &World, bits: u64) -> Result<&'a str, Failure> {
    let code = call.text("code");
    let (guild, invite) = world.invite(code)?;
    let inviter = invite.get("inviter").and_then(|user| user.get("id"));
    let is_own = inviter.and_then(snowflake) == Some(world.bot);
    let enough = permission::MANAGE_GUILD | bits;
    if is_own || world.guild_permissions(guild, world.bot) & enough != 0 {
        return Ok(code);
    }
    Err(Failure::missing_permissions())
}

fn set_targets(call: &Call, world: &mut World) -> Done {
    let code = looks_after(call, world, 0)?;
    let file = call
        .files
        .iter()
        .find(|file| file.field == invite_targets::FIELD);
    let file = file.ok_or_else(|| fields::required(invite_targets::FIELD))?;
    let users = invite_targets::read_table(&file.bytes)?;
    world.target(code, users);
    done()
}

fn revoke(call: &Call, world: &mut World) -> Done {
    let code = call.text("code");
    let (guild, invite) = world.invite(code)?;
    let channel = channel_of(invite);
    let in_channel = world.channel_permissions(channel, world.bot) & permission::MANAGE_CHANNELS;
    let in_guild = world.guild_permissions(guild, world.bot) & permission::MANAGE_GUILD;
    if in_channel | in_guild == 0 {
        return Err(Failure::missing_permissions());
    }
    let gone = world.revoke_invite(guild, code).unwrap_or_default();
    let mut logged = logged(&gone);
    logged.set("channel_id", channel.to_string());
    let entry = call
        .entry(world, action::INVITE_DELETE)
        .changed(&logged, &Object::new());
    world.record(guild, entry);
    ok(Value::Object(gone))
}

/// The fields of an invite that the audit log tells.
fn logged(invite: &Object) -> Object {
    let keys = ["code", "max_age", "max_uses", "temporary", "uses"];
    let known = keys
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), invite.get(key)?.clone())));
    known.collect()
}

fn guild_of(world: &World, channel: u64) -> Result<u64, Failure> {
    let guild = world.channel(channel)?.guild;
    guild.ok_or_else(Failure::missing_access)
}

/// What makes two invites say the same.
const SETTINGS: [&str; 9] = [
    "channel",
    "inviter",
    "max_age",
    "max_uses",
    "temporary",
    "target_type",
    "target_user",
    "target_application",
    "roles",
];

/// The target of an invite to somebody's stream.
const STREAM: u64 = 1;

/// Discord's bound on the invites of a guild.
const MAX_INVITES: usize = 1000;

/// How long an invite lasts when the form does not say.
const USUAL_AGE_SECS: u64 = 86_400;
