use serde_json::{Value, json};

use super::Stage;

fn command(stage: &mut Stage, body: Value) -> u64 {
    let path = format!("/applications/{}/commands", stage.bot());
    let made = stage.call("POST", &path, body);
    assert_eq!(made.status, 201, "{}", made.body);
    made.text("/id").parse().unwrap()
}

/// Lets the guild's owner say who may use a command.
fn set(stage: &mut Stage, about: u64, permissions: Value) -> super::Answer {
    let (bot, guild) = (stage.bot(), stage.guild());
    let owner = stage.world(|world| world.owner);
    let path = format!("/applications/{bot}/guilds/{guild}/commands/{about}/permissions");
    stage.as_user(owner, "PUT", &path, json!({ "permissions": permissions }))
}

#[test]
fn members_say_who_may_use_a_command_and_bots_read_it() {
    let mut stage = Stage::new();
    let (bot, guild) = (stage.bot(), stage.guild());
    let bake = command(
        &mut stage,
        json!({ "name": "bake", "description": "Bakes." }),
    );
    let path = format!("/applications/{bot}/guilds/{guild}/commands/{bake}/permissions");
    assert_eq!(stage.get(&path).refusal(), (404, 10066));
    let everyone = json!([{ "id": guild.to_string(), "type": 1, "permission": false }]);
    let by_bot = stage.call("PUT", &path, json!({ "permissions": everyone }));
    assert_eq!(by_bot.refusal(), (403, 20001));
    let ann = stage.user("ann");
    let by_ann = stage.as_user(ann, "PUT", &path, json!({ "permissions": everyone }));
    assert_eq!(by_ann.refusal(), (403, 50013));
    stage.heard();

    let said = set(&mut stage, bake, everyone.clone());
    assert_eq!(said.status, 200, "{}", said.body);
    assert_eq!(said.body["permissions"], everyone);
    let heard = stage.heard();
    let names: Vec<&str> = heard.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            "APPLICATION_COMMAND_PERMISSIONS_UPDATE"
        ]
    );
    assert_eq!(heard[1].1, said.body);
    assert_eq!(heard[0].1["action_type"], json!(121));
    assert_eq!(
        heard[0].1["options"]["application_id"],
        json!(bot.to_string())
    );
    assert_eq!(heard[0].1["changes"][0]["new_value"], everyone[0]);
    assert_eq!(stage.get(&path).body, said.body);
    let all = format!("/applications/{bot}/guilds/{guild}/commands/permissions");
    assert_eq!(stage.get(&all).body, json!([said.body]));
    assert_eq!(stage.call("PUT", &all, Value::Null).refusal(), (400, 40006));

    set(&mut stage, bake, json!([]));
    assert_eq!(stage.get(&path).refusal(), (404, 10066));
    stage.end();
}

#[test]
fn the_narrower_word_counts_before_the_wider_one() {
    let mut stage = Stage::new();
    let (bot, guild, channel) = (stage.bot(), stage.guild(), stage.channel());
    let bake = command(
        &mut stage,
        json!({ "name": "bake", "description": "Bakes." }),
    );
    let ann = stage.user("ann");
    let bakers = stage.role("Bakers", 1, 0);
    let owner = stage.world(|world| world.owner);
    let may = |stage: &mut Stage| stage.world(|world| world.may_use(bake, ann, channel).is_ok());
    let one = |id: u64, kind: u64, permission: bool| json!({ "id": id.to_string(), "type": kind, "permission": permission });
    assert!(may(&mut stage));

    // The application is closed to everyone, and the command knows nothing better.
    set(&mut stage, bot, json!([one(guild, 1, false)]));
    assert!(!may(&mut stage));
    // The command is open to a role, which ann gets.
    set(
        &mut stage,
        bake,
        json!([one(guild, 1, false), one(bakers, 1, true)]),
    );
    assert!(!may(&mut stage));
    stage
        .world(|world| world.set_role(guild, ann, bakers, true))
        .unwrap();
    assert!(may(&mut stage));
    // Ann's own name counts before her role.
    set(
        &mut stage,
        bake,
        json!([one(bakers, 1, true), one(ann, 2, false)]),
    );
    assert!(!may(&mut stage));
    assert!(stage.world(|world| world.may_use(bake, owner, channel).is_ok()));
    // A channel is closed, then all of them but this one.
    set(
        &mut stage,
        bake,
        json!([one(bakers, 1, true), one(channel, 3, false)]),
    );
    assert!(!may(&mut stage));
    set(
        &mut stage,
        bake,
        json!([
            one(bakers, 1, true),
            one(guild - 1, 3, false),
            one(channel, 3, true)
        ]),
    );
    assert!(may(&mut stage));
    stage.end();
}

#[test]
fn a_command_asks_for_permissions_of_its_own() {
    let mut stage = Stage::new();
    let (guild, channel) = (stage.guild(), stage.channel());
    let mut named = |name: &str, more: Value| {
        let mut body = json!({ "name": name, "description": "Does it." });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        command(&mut stage, body)
    };
    let nobody = named("nobody", json!({ "default_member_permissions": "0" }));
    let manager = named("manager", json!({ "default_member_permissions": "32" }));
    let mature = named("mature", json!({ "nsfw": true }));
    let private = named("private", json!({ "contexts": [1] }));
    let public = named("public", json!({ "contexts": [0] }));
    let ann = stage.user("ann");
    let direct = stage.world(|world| world.direct_channel(ann)).unwrap();
    let mut may =
        |command, channel| stage.world(|world| world.may_use(command, ann, channel).is_ok());
    assert_eq!(
        [nobody, manager, mature, private, public].map(|command| may(command, channel)),
        [false, false, false, false, true]
    );
    assert_eq!(
        [private, public].map(|command| may(command, direct)),
        [true, false]
    );
    // What the guild says overrides what the command asks for.
    let yes = json!([{ "id": ann.to_string(), "type": 2, "permission": true }]);
    set(&mut stage, nobody, yes);
    assert!(stage.world(|world| world.may_use(nobody, ann, channel).is_ok()));
    stage.world(|world| {
        let room = world.guilds.get_mut(&guild).unwrap();
        room.roles
            .get_mut(&guild)
            .unwrap()
            .insert("permissions".to_owned(), json!("1024"));
    });
    let why = stage
        .world(|world| world.may_use(nobody, ann, channel))
        .unwrap_err();
    assert!(why.contains("no commands"), "{why}");
    stage.end();
}

#[test]
fn what_is_said_has_to_be_about_something() {
    let mut stage = Stage::new();
    let bake = command(
        &mut stage,
        json!({ "name": "bake", "description": "Bakes." }),
    );
    for kind in 1..=3 {
        let said = json!([{ "id": "7", "type": kind, "permission": true }]);
        let refused = set(&mut stage, bake, said);
        assert_eq!(refused.refusal(), (400, 50035));
        assert!(
            !refused
                .text("/errors/permissions/0/id/_errors/0/code")
                .is_empty()
        );
    }
    let many: Vec<Value> = (0..101)
        .map(|id| json!({ "id": id.to_string(), "type": 2, "permission": true }))
        .collect();
    assert_eq!(set(&mut stage, bake, json!(many)).refusal(), (400, 50035));
    assert_eq!(set(&mut stage, 7, json!([])).refusal(), (404, 10063));
    stage.end();
}
