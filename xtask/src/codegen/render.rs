//! The facts as text, sorted and one to a line.

use std::fmt::Write as _;

use super::structures::DOCUMENTED;
use crate::spec::{
    table::{CloseCode, Field, Opcode, Schema},
    tables::Tables,
};

const OPENAPI: &str = "discord/discord-api-spec@74fda0f (MIT, (c) Discord)";
const DOCS: &str =
    "discord/discord-api-docs@c98d64bc (facts out of text under CC BY-SA 4.0, (c) Discord)";

pub(super) fn files(tables: &Tables) -> Vec<(&'static str, String)> {
    vec![
        ("operations.txt", operations(tables)),
        ("schemas.txt", schemas(tables, false)),
        ("objects.txt", schemas(tables, true)),
        ("gateway.txt", gateway(tables)),
        ("limits.txt", limits(tables)),
        ("errors.txt", errors(tables)),
    ]
}

fn is_documented(name: &str) -> bool {
    name.starts_with(DOCUMENTED)
}

fn head(sources: &[&str]) -> String {
    let mut out =
        String::from("# Written by `cargo xtask codegen`; specs/README.md has the format.\n");
    for source in sources {
        put(&mut out, format_args!("# Source: {source}"));
    }
    out
}

pub(super) fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    _ = writeln!(out, "{line}");
}

fn field(out: &mut String, before: &str, field: &Field) {
    let mark = if field.optional { "?" } else { "" };
    put(
        out,
        format_args!("  {before}{}{mark} {}", field.name, field.shape),
    );
}

fn operations(tables: &Tables) -> String {
    let mut out = head(&[OPENAPI, DOCS]);
    for operation in &tables.operations {
        put(
            &mut out,
            format_args!("{} {} {}", operation.method, operation.path, operation.id),
        );
        put(&mut out, format_args!("  group {}", operation.group));
        put(
            &mut out,
            format_args!("  auth {}", operation.auth.join(" ")),
        );
        put(
            &mut out,
            format_args!("  usable-by {}", operation.usable_by),
        );
        put(&mut out, format_args!("  status {}", operation.status));
        if operation.audit_reason {
            put(&mut out, format_args!("  audit-reason"));
        }
        if !operation.major.is_empty() {
            put(
                &mut out,
                format_args!("  major {}", operation.major.join(" ")),
            );
        }
        for param in &operation.path_params {
            field(&mut out, "path ", param);
        }
        for param in &operation.query_params {
            field(&mut out, "query ", param);
        }
        if operation.body_required {
            put(&mut out, format_args!("  body required"));
        }
        for body in &operation.bodies {
            put(
                &mut out,
                format_args!("  body {} {}", body.content_type, body.shape),
            );
        }
        for answer in &operation.answers {
            match &answer.content {
                None => put(&mut out, format_args!("  answer {}", answer.status)),
                Some(content) => put(
                    &mut out,
                    format_args!(
                        "  answer {} {} {}",
                        answer.status, content.content_type, content.shape
                    ),
                ),
            }
        }
    }
    out
}

fn schemas(tables: &Tables, documented: bool) -> String {
    let mut out = head(&[if documented { DOCS } else { OPENAPI }]);
    for (name, schema) in tables
        .schemas
        .iter()
        .filter(|(name, _)| is_documented(name) == documented)
    {
        match schema {
            Schema::Object { fields, closed } => {
                put(
                    &mut out,
                    format_args!("object {name}{}", if *closed { " closed" } else { "" }),
                );
                for own in fields {
                    field(&mut out, "", own);
                }
            }
            Schema::Enum(table) => {
                let kind = if table.integers { "int" } else { "str" };
                put(&mut out, format_args!("enum {name} {kind}"));
                for (name, value) in &table.values {
                    put(&mut out, format_args!("  {name} {value}"));
                }
            }
            Schema::Alias(shape) => put(&mut out, format_args!("alias {name} {shape}")),
        }
    }
    out
}

fn gateway(tables: &Tables) -> String {
    let gateway = &tables.gateway;
    let mut out = head(&[DOCS]);
    opcodes(&mut out, "opcode", &gateway.opcodes);
    close_codes(&mut out, "close", &gateway.close_codes);
    for intent in &gateway.intents {
        let mark = if intent.privileged { " privileged" } else { "" };
        put(
            &mut out,
            format_args!("intent {} {}{mark}", intent.bit, intent.name),
        );
    }
    for event in &gateway.events {
        let mut words = vec![event.op.to_string(), event.name.clone()];
        words.extend(event.intents.iter().cloned());
        put(&mut out, format_args!("event {}", words.join(" ")));
        if let Some(payload) = &event.payload {
            put(&mut out, format_args!("  payload {payload}"));
        }
        if !event.only.is_empty() {
            put(&mut out, format_args!("  only {}", event.only.join(" ")));
        }
        if !event.without.is_empty() {
            put(
                &mut out,
                format_args!("  without {}", event.without.join(" ")),
            );
        }
        for own in &event.fields {
            field(&mut out, "field ", own);
        }
    }
    for command in &gateway.commands {
        put(
            &mut out,
            format_args!("command {} {}", command.op, command.name),
        );
        if let Some(payload) = &command.payload {
            put(&mut out, format_args!("  payload {payload}"));
        }
        for own in &command.fields {
            field(&mut out, "field ", own);
        }
    }
    opcodes(&mut out, "voice-opcode", &gateway.voice_opcodes);
    close_codes(&mut out, "voice-close", &gateway.voice_close_codes);
    out
}

fn opcodes(out: &mut String, kind: &str, all: &[Opcode]) {
    for opcode in all {
        let mark = if opcode.binary { " binary" } else { "" };
        put(
            out,
            format_args!(
                "{kind} {} {} {}{mark}",
                opcode.code, opcode.name, opcode.sent_by
            ),
        );
    }
}

fn close_codes(out: &mut String, kind: &str, all: &[CloseCode]) {
    for close in all {
        let mark = match close.reconnect {
            Some(true) => " reconnect",
            Some(false) => " stop",
            None => "",
        };
        put(out, format_args!("{kind} {}{mark}", close.code));
    }
}

fn limits(tables: &Tables) -> String {
    let mut out = head(&[DOCS]);
    for limit in &tables.limits {
        let values: Vec<_> = limit.values.iter().map(f64::to_string).collect();
        put(
            &mut out,
            format_args!(
                "limit {} {} {} {}",
                limit.id,
                limit.scope,
                values.join(","),
                limit.unit
            ),
        );
    }
    out
}

fn errors(tables: &Tables) -> String {
    let mut out = head(&[DOCS]);
    for (code, error) in &tables.errors {
        match error.limit {
            Some(limit) => put(
                &mut out,
                format_args!("error {code} {} {limit}", error.name),
            ),
            None => put(&mut out, format_args!("error {code} {}", error.name)),
        }
    }
    out
}
