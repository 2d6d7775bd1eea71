//! Webhooks: by the bot that may manage them, and by whoever has the token.

mod foreign;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object},
    world::{
        World,
        audit::action,
        permission,
        webhook::{Saying, Webhook},
    },
};

use super::{Call, Done, done, fields, messages::ANNOUNCEMENT, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    let id = call.id("webhook_id");
    // The application's own id stands for the tokens of its interactions.
    if call.params.contains_key("webhook_token") && id == world.application_id() {
        return None;
    }
    Some(match call.operation.as_str() {
        "create_webhook" => create(call, world),
        "follow_channel" => follow(call, world),
        "list_channel_webhooks" => list_of_channel(call, world),
        "get_guild_webhooks" => list_of_guild(call, world),
        "get_webhook" => managed(world, id).and_then(|()| ok(world.webhook(id, false)?)),
        "update_webhook" => managed(world, id).and_then(|()| update(call, world)),
        "delete_webhook" => managed(world, id).and_then(|()| delete(call, world)),
        "get_webhook_by_token" => known(call, world).and_then(|()| ok(world.webhook(id, true)?)),
        "update_webhook_by_token" => known(call, world).and_then(|()| {
            let mut body = call.fields();
            picture(&body)?;
            body.remove("channel_id");
            world.change_webhook(id, &body)?;
            ok(world.webhook(id, true)?)
        }),
        "delete_webhook_by_token" => known(call, world).and_then(|()| {
            world.delete_webhook(id)?;
            done()
        }),
        "execute_webhook" => known(call, world).and_then(|()| execute(call, world)),
        "execute_slack_compatible_webhook" => {
            known(call, world).and_then(|()| execute_slack(call, world))
        }
        "execute_github_compatible_webhook" => {
            known(call, world).and_then(|()| execute_github(call, world))
        }
        "get_webhook_message" => known(call, world).and_then(|()| {
            let (channel, message) = message(call, world)?;
            ok(world.message(channel, message)?)
        }),
        "update_webhook_message" => known(call, world).and_then(|()| {
            let place = message(call, world)?;
            let (body, files) = (call.fields(), call.files.clone());
            let components = call.asks("with_components");
            world.edit_through_webhook(id, place, body, files, components)?;
            ok(world.message(place.0, place.1)?)
        }),
        "delete_webhook_message" => known(call, world).and_then(|()| {
            let (channel, message) = message(call, world)?;
            world.delete(channel, message)?;
            done()
        }),
        // Only an interaction has an original message.
        "get_original_webhook_message"
        | "update_original_webhook_message"
        | "delete_original_webhook_message" => {
            known(call, world).and_then(|()| Err(Failure::unknown(10008)))
        }
        _ => return None,
    })
}

fn known(call: &Call, world: &World) -> Result<(), Failure> {
    world
        .webhook_by_token(call.id("webhook_id"), call.text("webhook_token"))
        .map(drop)
}

fn managed(world: &World, id: u64) -> Result<(), Failure> {
    let webhook = world
        .webhooks
        .get(&id)
        .ok_or_else(|| Failure::unknown(10015))?;
    world.bot_may(webhook.channel, permission::MANAGE_WEBHOOKS)
}

fn create(call: &Call, world: &mut World) -> Done {
    let channel = call.id("channel_id");
    world.channel(channel)?;
    world.bot_may(channel, permission::MANAGE_WEBHOOKS)?;
    let body = call.fields();
    let name = body.text("name").unwrap_or_default();
    let id = world.make_webhook(channel, world.bot, name, picture(&body)?)?;
    record(call, world, action::WEBHOOK_CREATE, id, &Object::new());
    ok(world.webhook(id, false)?)
}

/// The avatar of a form, which is a picture as a data URI.
fn picture(body: &Object) -> Result<Option<&str>, Failure> {
    if let Some(avatar) = body.get("avatar") {
        fields::image("avatar", avatar)?;
    }
    Ok(body.text("avatar"))
}

fn follow(call: &Call, world: &mut World) -> Done {
    let source = call.id("channel_id");
    let target = call.fields().key("webhook_channel_id").unwrap_or_default();
    if world.channel(source)?.object.int("type") != Some(ANNOUNCEMENT) {
        let message = "Cannot execute action on this channel type";
        return Err(Failure::new(400, 50024, message));
    }
    world.bot_may(source, 0)?;
    world.channel(target)?;
    world.bot_may(target, permission::MANAGE_WEBHOOKS)?;
    let id = world.follow(source, target, world.bot)?;
    record(call, world, action::WEBHOOK_CREATE, id, &Object::new());
    ok(json!({
        "channel_id": source.to_string(),
        "webhook_id": id.to_string(),
    }))
}

fn list_of_channel(call: &Call, world: &World) -> Done {
    let channel = call.id("channel_id");
    world.channel(channel)?;
    world.bot_may(channel, permission::MANAGE_WEBHOOKS)?;
    listed(world, |webhook| webhook.channel == channel)
}

fn list_of_guild(call: &Call, world: &World) -> Done {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_WEBHOOKS)?;
    listed(world, |webhook| webhook.guild == guild)
}

fn listed(world: &World, wanted: impl Fn(&Webhook) -> bool) -> Done {
    ok(world
        .webhooks
        .iter()
        .filter(|(_, webhook)| wanted(webhook))
        .filter_map(|(id, _)| world.webhook(*id, false).ok())
        .collect())
}

fn update(call: &Call, world: &mut World) -> Done {
    let id = call.id("webhook_id");
    let body = call.fields();
    picture(&body)?;
    if let Some(channel) = body.key("channel_id") {
        world.channel(channel)?;
        world.bot_may(channel, permission::MANAGE_WEBHOOKS)?;
    }
    let before = logged(world, id);
    world.change_webhook(id, &body)?;
    record(call, world, action::WEBHOOK_UPDATE, id, &before);
    ok(world.webhook(id, false)?)
}

fn delete(call: &Call, world: &mut World) -> Done {
    let id = call.id("webhook_id");
    let before = logged(world, id);
    let gone = world.delete_webhook(id)?;
    let entry = call
        .entry(world, action::WEBHOOK_DELETE)
        .on(id)
        .changed(&before, &Object::new());
    world.record(gone.guild, entry);
    done()
}

fn record(call: &Call, world: &mut World, action: u64, id: u64, before: &Object) {
    let Some(guild) = world.webhooks.get(&id).map(|webhook| webhook.guild) else {
        return;
    };
    let entry = call
        .entry(world, action)
        .on(id)
        .changed(before, &logged(world, id));
    if !entry.is_idle() {
        world.record(guild, entry);
    }
}

/// The fields of a webhook that the audit log tells of.
fn logged(world: &World, id: u64) -> Object {
    let Some(webhook) = world.webhooks.get(&id) else {
        return Object::new();
    };
    let mut fields = Object::new();
    for (key, name) in [
        ("name", "name"),
        ("type", "type"),
        ("channel_id", "channel_id"),
        ("avatar", "avatar_hash"),
    ] {
        if let Some(value) = webhook.object.get(key) {
            fields.set(name, value.clone());
        }
    }
    fields
}

fn execute(call: &Call, world: &mut World) -> Done {
    let id = call.id("webhook_id");
    let saying = Saying {
        body: call.fields(),
        files: call.files.clone(),
        thread: call.number("thread_id"),
        with_components: call.asks("with_components"),
    };
    let (channel, message) = world.execute(id, saying)?;
    if call.asks("wait") {
        ok(world.message(channel, message)?)
    } else {
        done()
    }
}

fn execute_slack(call: &Call, world: &mut World) -> Done {
    say_foreign(call, world, foreign::slack(&call.fields()))?;
    ok(Value::from("ok"))
}

fn execute_github(call: &Call, world: &mut World) -> Done {
    // What is not worth a message is taken in silence.
    if let Some(body) = foreign::github(&call.fields()) {
        say_foreign(call, world, body)?;
    }
    done()
}

fn say_foreign(call: &Call, world: &mut World, body: Object) -> Result<(), Failure> {
    let id = call.id("webhook_id");
    let thread = call.number("thread_id");
    let forum = world
        .webhooks
        .get(&id)
        .and_then(|webhook| world.channels.get(&webhook.channel))
        .is_some_and(|room| room.is_forum());
    if forum && thread.is_none() {
        let message = "Webhook services cannot be used in forum channels";
        return Err(Failure::new(400, 220_004, message));
    }
    let saying = Saying {
        body,
        files: Vec::new(),
        thread,
        with_components: false,
    };
    world.execute(id, saying).map(drop)
}

fn message(call: &Call, world: &World) -> Result<(u64, u64), Failure> {
    world.webhook_message(
        call.id("webhook_id"),
        call.number("thread_id"),
        call.id("message_id"),
    )
}
