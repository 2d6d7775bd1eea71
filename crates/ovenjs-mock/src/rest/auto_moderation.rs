//! The rules of auto-moderation.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
    world::{
        World,
        audit::action as logged,
        auto_moderation::{action, event, is_pattern, trigger},
        guild_channel::kind,
        permission,
    },
};

use super::{Call, Done, done, fields, ok};

pub(super) fn act(call: &Call, world: &mut World) -> Option<Done> {
    Some(match call.operation.as_str() {
        "list_auto_moderation_rules" => list(call, world),
        "get_auto_moderation_rule" => known(call, world).and_then(|rule| ok(Value::Object(rule))),
        "create_auto_moderation_rule" => create(call, world),
        "update_auto_moderation_rule" => update(call, world),
        "delete_auto_moderation_rule" => delete(call, world),
        _ => return None,
    })
}

fn list(call: &Call, world: &World) -> Done {
    let guild = managed(call, world)?;
    ok(world.rules(guild).cloned().map(Value::Object).collect())
}

fn create(call: &Call, world: &mut World) -> Done {
    let guild = managed(call, world)?;
    let asked = call.fields();
    let trigger = asked.int("trigger_type").unwrap_or_default();
    let mut rule = object(json!({
        "guild_id": guild.to_string(),
        "name": "",
        "creator_id": world.bot.to_string(),
        "event_type": 0,
        "trigger_type": trigger,
        "trigger_metadata": metadata(trigger, &Object::new())?,
        "actions": [],
        "enabled": false,
        "exempt_roles": [],
        "exempt_channels": [],
    }));
    write(world, guild, &mut rule, &asked)?;
    if rule.list("actions").is_empty() {
        return Err(fields::required("actions"));
    }
    let alike = world
        .rules(guild)
        .filter(|other| other.int("trigger_type") == Some(trigger));
    let most = if trigger == trigger::KEYWORD {
        MAX_KEYWORD_RULES
    } else {
        1
    };
    if alike.count() >= most {
        return Err(Failure::form(
            &[],
            "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED",
            &format!("Maximum number of rules with trigger type {trigger} is {most}"),
        ));
    }
    let id = world.next_id();
    rule.set("id", id.to_string());
    world.set_rule(guild, id, rule.clone());
    let entry = call
        .entry(world, logged::AUTO_MODERATION_RULE_CREATE)
        .on(id);
    world.record(guild, entry.changed(&Object::new(), &rule));
    ok(Value::Object(rule))
}

fn update(call: &Call, world: &mut World) -> Done {
    let before = known(call, world)?;
    let (guild, id) = (call.id("guild_id"), call.id("rule_id"));
    let mut after = before.clone();
    let asked = call.fields();
    let trigger = before.int("trigger_type").unwrap_or_default();
    if asked
        .int("trigger_type")
        .is_some_and(|asked| asked != trigger)
    {
        // What triggers a rule is what it is.
        return Err(fields::no_choice("trigger_type", &trigger.to_string()));
    }
    write(world, guild, &mut after, &asked)?;
    if after != before {
        world.set_rule(guild, id, after.clone());
        let entry = call
            .entry(world, logged::AUTO_MODERATION_RULE_UPDATE)
            .on(id);
        world.record(guild, entry.changed(&before, &after));
    }
    ok(Value::Object(after))
}

fn delete(call: &Call, world: &mut World) -> Done {
    let before = known(call, world)?;
    let (guild, id) = (call.id("guild_id"), call.id("rule_id"));
    world.remove_rule(guild, id);
    let entry = call
        .entry(world, logged::AUTO_MODERATION_RULE_DELETE)
        .on(id);
    world.record(guild, entry.changed(&before, &Object::new()));
    done()
}

fn managed(call: &Call, world: &World) -> Result<u64, Failure> {
    let guild = call.id("guild_id");
    world.bot_may_in_guild(guild, permission::MANAGE_GUILD)?;
    Ok(guild)
}

fn known(call: &Call, world: &World) -> Result<Object, Failure> {
    let guild = managed(call, world)?;
    let id = call.id("rule_id");
    let mut rules = world.rules(guild);
    let rule = rules.find(|rule| rule.key("id") == Some(id));
    // Discord documents no code for this.
    rule.cloned().ok_or_else(Failure::no_such_route)
}

/// Writes what the form says into a rule.
fn write(world: &World, guild: u64, rule: &mut Object, asked: &Object) -> Result<(), Failure> {
    let trigger = rule.int("trigger_type").unwrap_or_default();
    if let Some(name) = asked.text("name") {
        fields::name_not_blank(Some(name))?;
        rule.set("name", name);
    }
    if let Some(asked) = asked.int("event_type") {
        let own = if trigger == trigger::MEMBER_PROFILE {
            event::MEMBER_UPDATE
        } else {
            event::MESSAGE_SEND
        };
        if asked != own {
            return Err(fields::no_choice("event_type", &own.to_string()));
        }
        rule.set("event_type", own);
    }
    if let Some(asked) = asked.get("trigger_metadata").and_then(Value::as_object) {
        rule.set("trigger_metadata", metadata(trigger, asked)?);
    }
    if asked.contains_key("actions") {
        let asked = asked.list("actions").iter().filter_map(Value::as_object);
        let actions: Result<Vec<Value>, Failure> = asked
            .enumerate()
            .map(|(place, asked)| action(world, guild, trigger, place, asked))
            .collect();
        let actions = actions?;
        if actions.is_empty() {
            return Err(fields::required("actions"));
        }
        rule.set("actions", actions);
    }
    if let Some(enabled) = asked.flag("enabled") {
        rule.set("enabled", enabled);
    }
    for key in ["exempt_roles", "exempt_channels"] {
        if asked.contains_key(key) {
            rule.set(key, asked.list(key).to_vec());
        }
    }
    Ok(())
}

/// What a rule of this kind has to know, whole. A change does not say its kind, so that the schema
/// alone would let pass what another kind may have.
fn metadata(trigger: u64, asked: &Object) -> Result<Value, Failure> {
    Ok(match trigger {
        trigger::KEYWORD | trigger::MEMBER_PROFILE => {
            let patterns = words(asked, "regex_patterns", 10, 260)?;
            let is_bad = |pattern: &Value| !pattern.as_str().is_some_and(is_pattern);
            if let Some(place) = patterns.iter().position(is_bad) {
                return Err(Failure::form(
                    &["trigger_metadata", "regex_patterns", &place.to_string()],
                    "AUTO_MODERATION_INVALID_REGEX",
                    "Invalid regex pattern",
                ));
            }
            json!({
                "keyword_filter": words(asked, "keyword_filter", 1000, 60)?,
                "regex_patterns": patterns,
                "allow_list": words(asked, "allow_list", 100, 60)?,
            })
        }
        trigger::KEYWORD_PRESET => json!({
            "presets": asked.list("presets"),
            "allow_list": words(asked, "allow_list", 1000, 60)?,
        }),
        trigger::MENTION_SPAM => {
            let most = asked.int("mention_total_limit").unwrap_or(USUAL_MENTIONS);
            fields::number_within(&["trigger_metadata", "mention_total_limit"], most, 50)?;
            let raids = asked.flag("mention_raid_protection_enabled");
            json!({
                "mention_total_limit": most,
                "mention_raid_protection_enabled": raids.unwrap_or(false),
            })
        }
        _ => json!({}),
    })
}

/// A list of at most so many texts, each at most so long.
fn words(asked: &Object, key: &str, most: usize, longest: usize) -> Result<Vec<Value>, Failure> {
    let words = asked.list(key);
    if words.len() > most {
        return Err(Failure::form(
            &["trigger_metadata", key],
            "BASE_TYPE_MAX_LENGTH",
            &format!("Must be {most} or fewer in length."),
        ));
    }
    for (place, word) in words.iter().enumerate() {
        let word = word.as_str().unwrap_or_default();
        fields::text_within(
            &["trigger_metadata", key, &place.to_string()],
            word,
            longest,
        )?;
    }
    Ok(words.to_vec())
}

/// One action of a rule, if rules of this kind can have it.
fn action(
    world: &World,
    guild: u64,
    trigger: u64,
    place: usize,
    asked: &Object,
) -> Result<Value, Failure> {
    let kind = asked.int("type").unwrap_or_default();
    let none = Object::new();
    let metadata = asked
        .get("metadata")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let place = place.to_string();
    let of_profiles = trigger == trigger::MEMBER_PROFILE;
    let fits = match kind {
        action::BLOCK_MESSAGE => !of_profiles,
        action::TIMEOUT => matches!(trigger, trigger::KEYWORD | trigger::MENTION_SPAM),
        action::BLOCK_MEMBER_INTERACTION => of_profiles,
        _ => true,
    };
    if !fits {
        return Err(Failure::form(
            &["actions", &place, "type"],
            "BASE_TYPE_CHOICES",
            "Rules with this trigger type have no such action.",
        ));
    }
    let metadata = match kind {
        action::BLOCK_MESSAGE => metadata
            .text("custom_message")
            .map_or_else(|| json!({}), |custom| json!({ "custom_message": custom })),
        action::SEND_ALERT_MESSAGE => {
            let channel = metadata.key("channel_id").unwrap_or_default();
            let room = world.channel(channel).ok();
            let is_there = room.is_some_and(|room| {
                let is_text = room.object.int("type") == Some(kind::TEXT);
                room.guild == Some(guild) && is_text
            });
            if !is_there {
                return Err(Failure::form(
                    &["actions", &place, "metadata", "channel_id"],
                    "CHANNEL_INVALID",
                    "Must be a text channel of the guild",
                ));
            }
            json!({ "channel_id": channel.to_string() })
        }
        action::TIMEOUT => {
            world.bot_may_in_guild(guild, permission::MODERATE_MEMBERS)?;
            let Some(seconds) = metadata.int("duration_seconds") else {
                return Err(Failure::form(
                    &["actions", &place, "metadata", "duration_seconds"],
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                ));
            };
            json!({ "duration_seconds": seconds })
        }
        _ => json!({}),
    };
    Ok(json!({ "type": kind, "metadata": metadata }))
}

/// Discord's bound on the rules with keywords in a guild; of every other kind there is one.
const MAX_KEYWORD_RULES: usize = 6;

/// The mentions that a message may have where the form does not say.
const USUAL_MENTIONS: u64 = 20;
