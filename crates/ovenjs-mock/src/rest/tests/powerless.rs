//! A bot that may nothing: every operation that changes a guild asks for a permission.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    config::{Config, Guild},
    json::{Fields, Object, object},
    oracle::{Choice, Fill, Operation, Oracle},
    world::{Draft, permission},
};

use super::Stage;

#[test]
fn who_may_nothing_changes_nothing_but_what_is_its_own() {
    let (mut powerless, mut powerful) = (BTreeSet::new(), BTreeSet::new());
    for kind in [TEXT, VOICE, NEWS, PUBLIC_THREAD, STAGE, FORUM] {
        powerless.append(&mut what_changes(kind, permission::VIEW_CHANNEL));
        powerful.append(&mut what_changes(kind, permission::ALL));
    }
    let own = ["delete_my_message_reaction", "leave_thread"];
    assert_eq!(powerless, BTreeSet::from(own));
    // The same requests do change something where they are allowed.
    assert!(powerful.len() >= 25, "{} {powerful:?}", powerful.len());
}

/// The operations that are followed by events, asked with the least and the most that they take by
/// a bot with these permissions in a guild that has one of everything. The channel of the paths is of
/// this type.
fn what_changes(kind: u64, bits: u64) -> BTreeSet<&'static str> {
    let mut changes = BTreeSet::new();
    let operations = Oracle::embedded().operations();
    for fill in [Fill::Least, Fill::Most] {
        let (mut stage, known) = furnished(kind);
        weaken(&mut stage, bits);
        let (first, last): (Vec<_>, Vec<_>) = operations
            .clone()
            .filter(|one| one.method != "GET" && one.usable_by == "bot" && one.id != "leave_guild")
            .partition(|one| one.method != "DELETE");
        for operation in first.into_iter().chain(last) {
            let Some(path) = path(operation, &known) else {
                continue;
            };
            let mut bodies = operation.bodies.iter();
            let form = bodies.find(|body| body.content_type == "application/json");
            let choice = Choice { fill, branch: 0 };
            let body = form.map(|form| Oracle::embedded().instance_of(&form.shape, choice));
            let answer = stage.call(&operation.method, &path, body.unwrap_or_default());
            if !stage.heard().is_empty() && answer.status < 300 {
                changes.insert(operation.id.as_str());
            }
        }
    }
    changes
}

/// The path of an operation on known things; `None` where it is about others.
fn path(operation: &Operation, known: &[(&str, String)]) -> Option<String> {
    let path = known
        .iter()
        .fold(operation.path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
    (!path.contains('{')).then_some(path)
}

/// A guild with one of everything, and the ids of that.
fn furnished(kind: u64) -> (Stage, Vec<(&'static str, String)>) {
    let guild = Guild::named("The Bakery").bot_permissions(permission::ALL);
    let mut stage = Stage::of(Config::default().guilds([guild]));
    let (guild, general) = (stage.guild(), stage.channel());
    let (ann, bob) = (stage.user("ann"), stage.user("bob"));
    stage.world(|world| {
        world.join_with(guild, ann, Object::new());
        let mut community = world.guilds[&guild].object.clone();
        community.set("features", json!(["COMMUNITY"]));
        world.change_guild(guild, community);
    });
    let mut made = |path: String, body: Value| {
        let answer = stage.call("POST", &path, body);
        assert!(answer.status < 300, "{path} {}", answer.body);
        answer
    };
    let home = format!("/guilds/{guild}");
    let channel = match kind {
        TEXT => general,
        PUBLIC_THREAD => {
            let path = format!("/channels/{general}/threads");
            let thread = made(path, json!({ "name": "Rye", "type": kind }));
            thread.text("/id").parse().unwrap()
        }
        _ => {
            let room = json!({ "name": "Oven", "type": kind });
            let room = made(format!("{home}/channels"), room);
            room.text("/id").parse().unwrap()
        }
    };
    let event = json!({
        "name": "Fair", "privacy_level": 2, "entity_type": 3,
        "scheduled_start_time": "2099-12-01T00:00:00Z",
        "scheduled_end_time": "2099-12-02T00:00:00Z",
        "entity_metadata": { "location": "Market" },
    });
    let rule = json!({
        "name": "No spam", "event_type": 1, "trigger_type": 3, "actions": [{ "type": 1 }],
    });
    let image = "data:image/png;base64,iVBORw0KGgo=";
    let things = [
        (
            "emoji_id",
            "/id",
            format!("{home}/emojis"),
            json!({ "name": "bun", "image": image }),
        ),
        (
            "rule_id",
            "/id",
            format!("{home}/auto-moderation/rules"),
            rule,
        ),
        (
            "guild_scheduled_event_id",
            "/id",
            format!("{home}/scheduled-events"),
            event,
        ),
        (
            "code",
            "/code",
            format!("/channels/{general}/invites"),
            json!({}),
        ),
        (
            "webhook_id",
            "/id",
            format!("/channels/{general}/webhooks"),
            json!({ "name": "Bell" }),
        ),
    ];
    let mut known: Vec<(&str, String)> = things
        .into_iter()
        .map(|(name, id, path, body)| (name, made(path, body).text(id)))
        .collect();
    if kind == STAGE {
        let open = json!({ "channel_id": channel.to_string(), "topic": "Rye" });
        made("/stage-instances".to_owned(), open);
    }
    let role = stage.role("Apprentice", 0, 0);
    let target = if kind == PUBLIC_THREAD {
        general
    } else {
        channel
    };
    let overwrite = json!({ "type": 0, "allow": "0", "deny": "0" });
    stage.call(
        "PUT",
        &format!("/channels/{target}/permissions/{role}"),
        overwrite,
    );
    stage.call("PUT", &format!("{home}/bans/{bob}"), Value::Null);
    let message = stage.world(|world| {
        world.enter_voice(guild, ann, channel, "");
        world.enter_voice(guild, world.bot, channel, "");
        let body = object(json!({ "content": "Fresh!" }));
        let draft = Draft {
            author: ann,
            channel,
            body,
            ..Draft::default()
        };
        world.post(draft).unwrap_or_default()
    });
    let thumb = "%F0%9F%91%8D";
    let reaction = format!("/channels/{channel}/messages/{message}/reactions/{thumb}/@me");
    stage.call("PUT", &reaction, Value::Null);
    known.extend([
        ("guild_id", guild.to_string()),
        ("channel_id", channel.to_string()),
        ("message_id", message.to_string()),
        ("user_id", ann.to_string()),
        ("role_id", role.to_string()),
        ("overwrite_id", role.to_string()),
        ("emoji_name", thumb.to_owned()),
    ]);
    (stage, known)
}

/// Leaves these permissions to every role, and no thread to the bot.
fn weaken(stage: &mut Stage, bits: u64) {
    let guild = stage.guild();
    stage.world(|world| {
        let roles: Vec<u64> = world.guilds[&guild].roles.keys().copied().collect();
        for id in roles {
            let mut role = world.role(guild, id).unwrap().clone();
            role.set("permissions", bits.to_string());
            world.change_role(guild, id, role);
        }
        let (bot, owner) = (world.bot.to_string(), world.owner.to_string());
        let threads: Vec<u64> = world
            .channels
            .iter()
            .filter(|(_, room)| room.object.text("owner_id") == Some(bot.as_str()))
            .map(|(id, _)| *id)
            .collect();
        for thread in threads {
            let room = world.channels.get_mut(&thread).unwrap();
            room.object.set("owner_id", owner.clone());
        }
    });
    stage.heard();
}

const TEXT: u64 = 0;
const VOICE: u64 = 2;
const NEWS: u64 = 5;
const PUBLIC_THREAD: u64 = 11;
const STAGE: u64 = 13;
const FORUM: u64 = 15;
