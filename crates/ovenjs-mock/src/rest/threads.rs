//! Threads: opened, changed, joined, listed, searched.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    time::unix_ms_of,
    world::{
        World,
        audit::action,
        permission,
        thread::{Opening, PINNED, PRIVATE_THREAD, ids},
    },
};

use super::{Call, Done, done, fields, ok, search};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let channel = call.id("channel_id");
    let thread = world
        .channels
        .get(&channel)
        .is_some_and(|room| room.thread_parent().is_some());
    Some(match call.operation.as_str() {
        "create_thread" => open(call, world, None),
        "create_thread_from_message" => open(call, world, Some(call.id("message_id"))),
        "get_channel" if thread => world
            .bot_may(channel, 0)
            .and_then(|()| ok(world.thread(channel)?)),
        "update_channel" if thread => update(call, world),
        "delete_channel" if thread => delete(call, world),
        "join_thread" => inside(world, channel).and_then(|()| {
            world.not_archived(channel)?;
            not_full(world, channel)?;
            world.draw_in(channel, &[world.bot]);
            done()
        }),
        "leave_thread" => inside(world, channel).and_then(|()| {
            world.not_archived(channel)?;
            world.drive_out(channel, world.bot);
            done()
        }),
        "add_thread_member" => add(call, world),
        "delete_thread_member" => remove(call, world),
        "get_thread_member" => inside(world, channel).and_then(|()| {
            let whole = call.asks("with_member");
            let member = world.thread_member(channel, call.id("user_id"), whole);
            member.ok_or_else(|| Failure::unknown(10007)).and_then(ok)
        }),
        "list_thread_members" => inside(world, channel).and_then(|()| members(call, world)),
        "list_public_archived_threads" => archived(call, world, Archive::Public),
        "list_private_archived_threads" => archived(call, world, Archive::Private),
        "list_my_private_archived_threads" => archived(call, world, Archive::Joined),
        "get_active_guild_threads" => active(call, world),
        "thread_search" => find(call, world),
        _ => return None,
    })
}

/// Refuses what is no thread, or none that the bot sees.
fn inside(world: &World, channel: u64) -> Result<(), Failure> {
    if world.channel(channel)?.thread_parent().is_none() {
        return Err(Failure::new(
            400,
            50024,
            "Cannot execute action on this channel type",
        ));
    }
    world.bot_may(channel, 0)
}

fn not_full(world: &World, thread: u64) -> Result<(), Failure> {
    if world.is_full(thread) {
        let message = "Maximum number of thread participants has been reached (1000)";
        return Err(Failure::new(400, 30033, message));
    }
    Ok(())
}

fn open(call: &Call, world: &mut World, message: Option<u64>) -> Done {
    let parent = call.id("channel_id");
    let body = call.fields();
    let room = world.channel(parent)?;
    let (guild, forum) = (room.guild, room.is_forum());
    let opening = Opening {
        parent,
        owner: world.bot,
        message,
        body,
    };
    let id = if forum {
        let Some(first) = opening
            .body
            .get("message")
            .and_then(Value::as_object)
            .cloned()
        else {
            return Err(Failure::form(
                &["message"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        };
        world.bot_may(parent, permission::SEND_MESSAGES | needed(&first, call))?;
        world.open_post(&opening, first, call.files.clone(), Object::new())?
    } else {
        let private =
            message.is_none() && matches!(opening.body.int("type"), None | Some(PRIVATE_THREAD));
        let announces = room.object.int("type") == Some(super::messages::ANNOUNCEMENT);
        let bits = if private && !announces {
            permission::CREATE_PRIVATE_THREADS
        } else {
            permission::CREATE_PUBLIC_THREADS
        };
        world.bot_may(parent, bits)?;
        world.open_thread(&opening)?
    };
    let mut shown = object(world.thread(id)?);
    if forum {
        shown.set("message", world.message(id, id)?);
    }
    if let Some(guild) = guild {
        let entry = call
            .entry(world, action::THREAD_CREATE)
            .on(id)
            .changed(&Object::new(), &logged(world, id));
        world.record(guild, entry);
    }
    Ok((201, Some(Value::Object(shown))))
}

/// What the first message of a post needs beyond the right to write one.
fn needed(message: &Object, call: &Call) -> u64 {
    let mut bits = 0;
    if !call.files.is_empty() {
        bits |= permission::ATTACH_FILES;
    }
    if !message.list("embeds").is_empty() {
        bits |= permission::EMBED_LINKS;
    }
    if message.get("poll").is_some_and(Value::is_object) {
        bits |= permission::SEND_POLLS;
    }
    bits
}

/// The fields of a thread that the audit log tells of.
fn logged(world: &World, thread: u64) -> Object {
    let Some(room) = world.channels.get(&thread) else {
        return Object::new();
    };
    let mut fields = Object::new();
    for key in [
        "name",
        "type",
        "rate_limit_per_user",
        "flags",
        "applied_tags",
    ] {
        if let Some(value) = room.object.get(key) {
            fields.set(key, value.clone());
        }
    }
    let metadata = room
        .object
        .get("thread_metadata")
        .and_then(Value::as_object);
    for key in ["archived", "locked", "auto_archive_duration", "invitable"] {
        if let Some(value) = metadata.and_then(|metadata| metadata.get(key)) {
            fields.set(key, value.clone());
        }
    }
    fields
}

fn update(call: &Call, world: &mut World) -> Done {
    let thread = call.id("channel_id");
    inside(world, thread)?;
    let body = call.fields();
    let has = world.channel_permissions(thread, world.bot);
    let manages = has & permission::MANAGE_THREADS != 0;
    let room = world.channel(thread)?;
    let owns = room.object.key("owner_id") == Some(world.bot);
    let guild = room.guild.unwrap_or_default();
    let parent = room.thread_parent().unwrap_or_default();
    let opens = body.flag("archived") == Some(false);
    if world.is_archived(thread) && !opens {
        return Err(Failure::new(400, 50083, "Thread is archived"));
    }
    // Whoever may write in a thread may open it again, unless it is locked.
    let only_opens = opens && body.len() == 1 && !world.is_locked(thread);
    let writes = has & permission::SEND_MESSAGES_IN_THREADS != 0;
    let for_managers = ["locked", "rate_limit_per_user", "flags"]
        .iter()
        .any(|key| body.contains_key(*key));
    let locked = world.is_locked(thread);
    let opens_again = only_opens && writes;
    let as_owner = owns && !for_managers && !locked;
    if !(manages || opens_again || as_owner) {
        return Err(Failure::missing_permissions());
    }
    if let Some(flags) = body.int("flags")
        && flags & PINNED != 0
    {
        let other = world.channels.iter().any(|(id, room)| {
            *id != thread
                && room.thread_parent() == Some(parent)
                && room.object.int("flags").unwrap_or(0) & PINNED != 0
        });
        if other {
            let message = "Maximum number of pinned threads in a forum channel has been reached";
            return Err(Failure::new(400, 30047, message));
        }
    }
    if let Some(name) = body.text("name") {
        fields::name_not_blank(Some(name))?;
    }
    let (mut fields, mut metadata) = (Object::new(), Object::new());
    if let Some(tags) = body.get("applied_tags") {
        world.check_tags(parent, world.bot, Some(tags))?;
        fields.set("applied_tags", ids(Some(tags)));
    }
    for key in ["name", "rate_limit_per_user", "flags"] {
        if let Some(value) = body.get(key).filter(|value| !value.is_null()) {
            fields.set(key, value.clone());
        }
    }
    for key in ["archived", "locked", "auto_archive_duration", "invitable"] {
        if let Some(value) = body.get(key).filter(|value| !value.is_null()) {
            metadata.set(key, value.clone());
        }
    }
    let before = logged(world, thread);
    world.change_thread(thread, fields, metadata);
    let entry = call
        .entry(world, action::THREAD_UPDATE)
        .on(thread)
        .changed(&before, &logged(world, thread));
    if !entry.is_idle() {
        world.record(guild, entry);
    }
    ok(world.thread(thread)?)
}

fn delete(call: &Call, world: &mut World) -> Done {
    let thread = call.id("channel_id");
    world.bot_may(thread, permission::MANAGE_THREADS)?;
    let shown = world.thread(thread)?;
    let before = logged(world, thread);
    let guild = world.channel_guild(thread).unwrap_or_default();
    world.delete_thread(thread);
    let entry = call
        .entry(world, action::THREAD_DELETE)
        .on(thread)
        .changed(&before, &Object::new());
    world.record(guild, entry);
    ok(shown)
}

fn add(call: &Call, world: &mut World) -> Done {
    let (thread, user) = (call.id("channel_id"), call.id("user_id"));
    inside(world, thread)?;
    world.bot_may(thread, permission::SEND_MESSAGES_IN_THREADS)?;
    world.not_archived(thread)?;
    let room = world.channel(thread)?;
    let guild = room.guild.unwrap_or_default();
    let closed = room
        .object
        .get("thread_metadata")
        .and_then(|metadata| metadata.get("invitable"))
        == Some(&Value::Bool(false));
    let owns = room.object.key("owner_id") == Some(world.bot);
    if closed && !owns {
        world.bot_may(thread, permission::MANAGE_THREADS)?;
    }
    if !world.users.contains_key(&user) {
        return Err(Failure::unknown(10013));
    }
    if world.member(guild, user).is_none() {
        return Err(Failure::unknown(10007));
    }
    not_full(world, thread)?;
    world.draw_in(thread, &[user]);
    done()
}

fn remove(call: &Call, world: &mut World) -> Done {
    let (thread, user) = (call.id("channel_id"), call.id("user_id"));
    inside(world, thread)?;
    world.not_archived(thread)?;
    let room = world.channel(thread)?;
    let private = room.object.int("type") == Some(PRIVATE_THREAD);
    let owns = room.object.key("owner_id") == Some(world.bot);
    if !(private && owns) && user != world.bot {
        world.bot_may(thread, permission::MANAGE_THREADS)?;
    }
    if world.drive_out(thread, user) {
        done()
    } else {
        Err(Failure::unknown(10007))
    }
}

fn members(call: &Call, world: &World) -> Done {
    let thread = call.id("channel_id");
    let whole = call.asks("with_member");
    let after = call.number("after").unwrap_or(0);
    // Pages exist only together with the members; without them the list is whole.
    let limit = if whole { call.limit(100) } else { usize::MAX };
    let room = world.channel(thread)?;
    ok(room
        .members
        .keys()
        .filter(|user| !whole || **user > after)
        .take(limit)
        .filter_map(|user| world.thread_member(thread, *user, whole))
        .collect())
}

/// Which archived threads are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Archive {
    Public,
    Private,
    /// Private ones that the bot is in.
    Joined,
}

fn archived(call: &Call, world: &World, which: Archive) -> Done {
    let parent = call.id("channel_id");
    world.channel(parent)?;
    let mut bits = permission::READ_MESSAGE_HISTORY;
    if which == Archive::Private {
        bits |= permission::MANAGE_THREADS;
    }
    world.bot_may(parent, bits)?;
    let mut found: Vec<(String, u64)> = world
        .channels
        .iter()
        .filter(|(id, room)| {
            let private = room.object.int("type") == Some(PRIVATE_THREAD);
            room.thread_parent() == Some(parent)
                && world.is_archived(**id)
                && private == (which != Archive::Public)
                && (which != Archive::Joined || room.members.contains_key(&world.bot))
        })
        .map(|(id, room)| (archive_time(&room.object), *id))
        .collect();
    if which == Archive::Joined {
        let before = call.number("before").unwrap_or(u64::MAX);
        found.retain(|(_, id)| *id < before);
        found.sort_by_key(|(_, id)| Reverse(*id));
    } else {
        let before = call.time("before");
        found.retain(|(at, _)| before.is_none_or(|before| unix_ms_of(at) < Some(before)));
        found.sort_by(|a, b| b.cmp(a));
    }
    let limit = call.limit(50);
    let page: Vec<u64> = found.iter().take(limit).map(|(_, id)| *id).collect();
    let mut answer = listed(world, &page);
    answer.set("has_more", found.len() > limit);
    ok(Value::Object(answer))
}

fn archive_time(thread: &Object) -> String {
    let metadata = thread.get("thread_metadata").and_then(Value::as_object);
    let at = metadata.and_then(|metadata| metadata.text("archive_timestamp"));
    at.unwrap_or_default().to_owned()
}

/// Threads, and the bot's membership in them.
fn listed(world: &World, page: &[u64]) -> Object {
    let threads: Vec<Value> = page
        .iter()
        .filter_map(|id| world.thread(*id).ok())
        .collect();
    let members: Vec<Value> = page
        .iter()
        .filter_map(|id| world.thread_member(*id, world.bot, false))
        .collect();
    object(json!({ "threads": threads, "members": members }))
}

fn active(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.in_guild(guild)?;
    let mut page: Vec<u64> = world
        .channels
        .iter()
        .filter(|(id, room)| {
            room.guild == Some(guild) && room.is_active_thread() && world.is_seen(**id)
        })
        .map(|(id, _)| *id)
        .collect();
    page.reverse();
    let mut answer = listed(world, &page);
    answer.set("has_more", false);
    ok(Value::Object(answer))
}

fn find(call: &Call, world: &mut World) -> Done {
    let parent = call.id("channel_id");
    world.channel(parent)?;
    world.bot_may(parent, permission::READ_MESSAGE_HISTORY)?;
    if let Some(early) = search::too_early(world) {
        return early;
    }
    let name = call.query("name").unwrap_or_default().to_lowercase();
    let tags = call.queries("tag");
    let all_tags = call.query("tag_setting") == Some("match_all");
    let archived = call.query("archived").map(|_| call.asks("archived"));
    let fits = |id: u64, thread: &Object| {
        let own = ids(thread.get("applied_tags"));
        let has = |tag: &&str| own.iter().any(|one| one == *tag);
        let title = thread.text("name").unwrap_or_default().to_lowercase();
        title.contains(&name)
            && archived.is_none_or(|wanted| world.is_archived(id) == wanted)
            && call.number("min_id").is_none_or(|min| id > min)
            && call.number("max_id").is_none_or(|max| id < max)
            && (tags.is_empty()
                || if all_tags {
                    tags.iter().all(has)
                } else {
                    tags.iter().any(has)
                })
    };
    let mut found: Vec<(u64, u64)> = world
        .channels
        .iter()
        .filter(|(id, room)| {
            room.thread_parent() == Some(parent) && world.is_seen(**id) && fits(**id, &room.object)
        })
        .map(|(id, room)| {
            let last = room.object.key("last_message_id").unwrap_or(*id);
            let by = match call.query("sort_by") {
                Some("creation_time") => *id,
                Some("archive_time") => unix_ms_of(&archive_time(&room.object)).unwrap_or(0),
                _ => last,
            };
            (by, *id)
        })
        .collect();
    found.sort_unstable();
    if call.query("sort_order") != Some("asc") {
        found.reverse();
    }
    let offset = call
        .number("offset")
        .and_then(|at| usize::try_from(at).ok());
    let offset = offset.unwrap_or(0);
    let limit = call.limit(25);
    let page: Vec<u64> = found
        .iter()
        .skip(offset)
        .take(limit)
        .map(|(_, id)| *id)
        .collect();
    let mut answer = listed(world, &page);
    let first: Vec<Value> = page
        .iter()
        .filter_map(|id| world.message(*id, *id).ok())
        .collect();
    answer.set("first_messages", first);
    answer.set("has_more", found.len() > offset.saturating_add(limit));
    answer.set("total_results", found.len());
    ok(Value::Object(answer))
}
