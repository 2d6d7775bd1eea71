//! Every operation of the tables is acted on or canned, and answers as Discord's description says.

use serde_json::Value;

use crate::{
    oracle::{Choice, Field, Fill, Operation, Oracle},
    rest::{Asker, CANNED_OPERATIONS, Call, Form, Request, deed},
    world::World,
};

use super::Stage;

#[test]
fn an_operation_is_acted_on_or_canned() {
    for operation in Oracle::embedded().operations() {
        let mut stage = Stage::new();
        let call = Call {
            operation: operation.id.clone(),
            asker: Asker::Bot,
            params: params(&stage, operation).into_iter().collect(),
            query: Vec::new(),
            body: Value::Null,
            files: Vec::new(),
            reason: None,
            setting: stage.discord.0.setting(),
        };
        let is_acted_on = stage.world(|world| deed(&call, world)).is_some();
        let is_canned = CANNED_OPERATIONS.contains(&operation.id.as_str());
        assert_ne!(is_acted_on, is_canned, "{}", operation.id);
    }
}

#[test]
fn every_operation_gives_an_answer_that_the_description_knows() {
    for operation in Oracle::embedded().operations() {
        let mut stage = Stage::new();
        let id = &operation.id;
        let status = ask(&mut stage, operation, true);
        assert!(
            ![401, 405].contains(&status) && status < 500,
            "{id} {status}"
        );
        if CANNED_OPERATIONS.contains(&id.as_str()) {
            assert!(status < 300, "{id} {status}");
        }
        assert_eq!(
            stage.discord.0.journal.violations,
            Vec::<String>::new(),
            "{id}"
        );
    }
}

#[test]
fn a_canned_operation_still_asks_who_is_there() {
    let token = Oracle::embedded()
        .operation("bot_partner_sdk_token")
        .unwrap();
    let mut stage = Stage::new();
    assert_eq!(ask(&mut stage, token, false), 401);
    assert_eq!(ask(&mut stage, token, true), 200);
}

/// Asks for the operation with the least body that it takes.
fn ask(stage: &mut Stage, operation: &Operation, with_token: bool) -> u16 {
    let oracle = Oracle::embedded();
    let path = params(stage, operation)
        .into_iter()
        .fold(operation.path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), &value)
        });
    let wanted = operation
        .query_params
        .iter()
        .filter(|param| !param.optional);
    let query: Vec<String> = wanted
        .map(|param| format!("{}={}", param.name, plain(param)))
        .collect();
    let form = operation
        .bodies
        .first()
        .map_or_else(Form::default, |body| Form {
            content_type: body.content_type.clone(),
            read: Ok((Some(oracle.instance_of(&body.shape, LEAST)), Vec::new())),
        });
    let token = if operation.usable_by == "bearer" {
        let owner = stage.world(|world| world.owner);
        format!("Bearer {}", World::access_token(owner))
    } else {
        format!("Bot {}", stage.discord.token())
    };
    let now = stage.now;
    let reply = stage.discord.0.request(
        now,
        Request {
            method: operation.method.clone(),
            path: format!("/api/v10{path}"),
            query: query.join("&"),
            authorization: with_token.then_some(token),
            user_agent: Some("DiscordBot (story, 1)".to_owned()),
            reason: None,
            form,
        },
    );
    reply.status
}

/// The values in the path: what exists where the name says what it is.
fn params(stage: &Stage, operation: &Operation) -> Vec<(String, String)> {
    let value = |param: &Field| match param.name.as_str() {
        "guild_id" => stage.guild().to_string(),
        "channel_id" => stage.channel().to_string(),
        "application_id" | "user_id" => stage.bot().to_string(),
        _ => plain(param),
    };
    let params = operation.path_params.iter();
    params
        .map(|param| (param.name.clone(), value(param)))
        .collect()
}

fn plain(param: &Field) -> String {
    match Oracle::embedded().instance_of(&param.shape, LEAST) {
        Value::String(text) if text.is_empty() => "x".to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

const LEAST: Choice = Choice {
    fill: Fill::Least,
    branch: 0,
};
