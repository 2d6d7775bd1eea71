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
    let (mut acted, mut all, mut faults) = (0, 0, Vec::new());
    for operation in Oracle::embedded().operations() {
        let is_acted_on = is_acted_on(operation);
        let is_canned = CANNED_OPERATIONS.contains(&operation.id.as_str());
        all += 1;
        acted += usize::from(is_acted_on);
        match (is_acted_on, is_canned) {
            (true, true) => faults.push(format!("{} is acted on and canned", operation.id)),
            (false, false) => faults.push(format!("{} has no deed", operation.id)),
            (true, false) | (false, true) => {}
        }
    }
    tell("  acted on, not in shape alone", acted, all);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_operation_gives_an_answer_that_the_description_knows() {
    let (mut answered, mut all, mut faults) = (0, 0, Vec::new());
    for operation in Oracle::embedded().operations() {
        let mut stage = Stage::new();
        let id = &operation.id;
        let status = ask(&mut stage, operation, true);
        let is_canned = CANNED_OPERATIONS.contains(&id.as_str());
        let is_refused = [401, 405].contains(&status) || (is_canned && status >= 300);
        let mut found = stage.discord.0.journal.violations.clone();
        if is_refused || status >= 500 {
            found.push(status.to_string());
        }
        // Without a deed it says that there is no such route, as it may of what does not exist.
        if !is_canned && !is_acted_on(operation) {
            found.push("no deed answers it".to_owned());
        }
        all += 1;
        answered += usize::from(found.is_empty());
        faults.extend(found.iter().map(|fault| format!("{id}: {fault}")));
    }
    tell("operations answered by the mock", answered, all);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A row of the table of `cargo xtask spec`, which reads what this prints.
fn tell(list: &str, have: usize, all: usize) {
    println!("spec: {list} | {have} | {all}");
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

/// Whether there is a deed for it, on a stage of its own.
fn is_acted_on(operation: &Operation) -> bool {
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
    stage.world(|world| deed(&call, world)).is_some()
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
