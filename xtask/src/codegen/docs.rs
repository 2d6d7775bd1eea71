//! The documentation's gateway, limits and error codes as facts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    error_name, list,
    structures::{DOCUMENTED, Structures, Target, parse, slug},
    text, texts,
};
use crate::spec::{
    table::{CloseCode, Command, ErrorCode, Event, Field, Intent, Limit, Opcode, Schema, Shape},
    tables::Tables,
};

/// Payloads which the documentation states in prose only.
const PAYLOADS: [(&str, &str); 5] = [
    ("GUILD_CREATE", "@docs/guild/guild-object/guild-structure"),
    ("HEARTBEAT", "int|null"),
    ("INVALID_SESSION", "bool"),
    ("RECONNECT", "null"),
    ("RESUMED", "any"),
];

pub(super) fn gateway(corpus: &Value, docs: &Structures, tables: &mut Tables) -> Result<()> {
    let Tables {
        gateway, schemas, ..
    } = tables;
    for row in list(&corpus["gateway_opcodes"]) {
        let sent_by = match text(&row["client_action"]) {
            "Send" => "client",
            "Receive" => "server",
            "Send/Receive" => "both",
            other => bail!("an opcode is {other}"),
        };
        gateway.opcodes.push(opcode(row, sent_by)?);
    }
    for row in list(&corpus["voice_opcodes"]) {
        let sent_by = match text(&row["sent_by"]) {
            who @ ("client" | "server") => who,
            "client and server" => "both",
            other => bail!("a voice opcode is sent by {other}"),
        };
        gateway.voice_opcodes.push(opcode(row, sent_by)?);
    }
    for row in list(&corpus["gateway_close_codes"]) {
        let reconnect = Some(text(&row["reconnect"]).parse()?);
        gateway.close_codes.push(CloseCode {
            code: text(&row["code"]).parse()?,
            reconnect,
        });
    }
    for row in list(&corpus["voice_close_codes"]) {
        let code = text(&row["code"]).parse()?;
        gateway.voice_close_codes.push(CloseCode {
            code,
            reconnect: None,
        });
    }
    let mut brought: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in list(&corpus["intents"]) {
        let name = text(&row["name"]).to_owned();
        for event in texts(&row["events"]) {
            brought.entry(event).or_default().insert(name.clone());
        }
        let bit = row["bit"].as_u64().context("an intent without a bit")?;
        gateway.intents.push(Intent {
            bit: bit.try_into()?,
            name,
            privileged: row["privileged"] == true,
        });
    }
    let mut extra: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
    for row in list(&corpus["receive_events"]) {
        let name = text(&row["name"]);
        let mut event = event(row, docs).with_context(|| name.to_owned())?;
        let intents: BTreeSet<_> = event.intents.iter().cloned().collect();
        ensure!(
            brought.remove(name).unwrap_or_default() == intents,
            "{name}: the event's intents are not those of the intents' table"
        );
        if let Some(fields) = corrected(row, text(&row["title"]), schemas) {
            event.fields.clone_from(fields);
        }
        extra.insert(name, event.fields.clone());
        gateway.events.push(event);
    }
    ensure!(
        brought.is_empty(),
        "intents name unknown events: {brought:?}"
    );
    // It comes with the extra fields of MESSAGE_CREATE; the documentation says so in words.
    for event in &mut gateway.events {
        if event.name == "MESSAGE_UPDATE" {
            event.fields = extra.remove("MESSAGE_CREATE").unwrap_or_default();
        }
    }
    gateway
        .events
        .sort_by(|a, b| (a.op, &a.name).cmp(&(b.op, &b.name)));
    for row in list(&corpus["send_commands"]) {
        let mut command = Command {
            name: upper(text(&row["name"])),
            op: op(row)?,
            ..Command::default()
        };
        match list(&row["structures"]).first() {
            Some(structure) => {
                let stated = docs.fields(&structure["fields"])?;
                let known = corrected(row, text(&row["name"]), schemas);
                command.fields = known.cloned().unwrap_or(stated);
            }
            None => command.payload = stated(&command.name)?,
        }
        gateway.commands.push(command);
    }
    gateway.commands.sort_by_key(|command| command.op);
    Ok(())
}

/// The same table with its corrections, where what is sent is documented as an object too.
fn corrected<'a>(
    row: &Value,
    title: &str,
    schemas: &'a BTreeMap<String, Schema>,
) -> Option<&'a Vec<Field>> {
    let heading = slug(text(&row["structures"][0]["heading"]));
    let object = format!("{DOCUMENTED}gateway-events/{}/{heading}", slug(title));
    match schemas.get(&object)? {
        Schema::Object { fields, .. } => Some(fields),
        _ => None,
    }
}

fn event(row: &Value, docs: &Structures) -> Result<Event> {
    let mut event = Event {
        name: text(&row["name"]).to_owned(),
        op: op(row)?,
        intents: texts(&row["intents"]),
        ..Event::default()
    };
    let said = text(&row["inner_payload"]);
    event.payload = match stated(&event.name)? {
        Some(shape) => Some(shape),
        None if said.is_empty() => None,
        None => {
            let link = texts(&row["inner_payload_refs"])
                .into_iter()
                .next()
                .context("no link")?;
            match docs.linked(&link) {
                Some(Target::Table(name)) => Some(Shape::Ref(name)),
                Some(Target::Stated(shape)) => Some(parse(shape)?),
                _ => bail!("{link} leads to no single table"),
            }
        }
    };
    let quoted: Vec<_> = said
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    if said.contains("subset") {
        event.only = quoted;
    } else if let Some((before, _)) = said.split_once(" omitted") {
        event.without = before
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
    }
    if let Some(structure) = list(&row["structures"]).first() {
        event.fields = docs.fields(&structure["fields"])?;
    }
    Ok(event)
}

fn stated(name: &str) -> Result<Option<Shape>> {
    PAYLOADS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, shape)| parse(shape))
        .transpose()
}

fn op(row: &Value) -> Result<u16> {
    Ok(row["op"].as_u64().context("no opcode")?.try_into()?)
}

fn opcode(row: &Value, sent_by: &str) -> Result<Opcode> {
    Ok(Opcode {
        code: text(&row["code"]).parse()?,
        name: upper(text(&row["name"])),
        sent_by: sent_by.to_owned(),
        binary: !text(&row["binary"]).is_empty(),
    })
}

pub(super) fn limits(corpus: &Value, tables: &mut Tables) -> Result<()> {
    for row in list(&corpus["limits"]) {
        let values: Option<Vec<f64>> = match &row["value"] {
            Value::Array(values) => values.iter().map(Value::as_f64).collect(),
            one => one.as_f64().map(|one| vec![one]),
        };
        // What is no number (a formula, a date, a list of headers) is no limit for a table.
        let Some(values) = values else { continue };
        let unit = text(&row["unit"])
            .split([';', '(', ',', ':'])
            .next()
            .unwrap_or_default();
        tables.limits.push(Limit {
            id: text(&row["id"]).to_owned(),
            scope: text(&row["scope"]).replace(' ', "-"),
            values,
            unit: unit.trim().replace(' ', "-"),
        });
    }
    tables.limits.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(())
}

pub(super) fn errors(corpus: &Value, limits: &Value, tables: &mut Tables) -> Result<()> {
    for row in list(&corpus["codes"]) {
        let code = row["code"].as_u64().context("an error without a code")?;
        let code = code.try_into()?;
        let name = error_name::name(code, text(&row["message"]))?;
        tables.errors.insert(code, ErrorCode { name, limit: None });
    }
    for row in list(&limits["error_code_limits"]) {
        let code = row["code"].as_u64().context("a limit without a code")?;
        let error = tables.errors.get_mut(&code.try_into()?);
        let error = error.with_context(|| format!("{code} is no error code"))?;
        error.limit = text(&row["value"]).replace(',', "").parse().ok();
    }
    Ok(())
}

/// A name of the documentation as a constant.
fn upper(name: &str) -> String {
    name.to_uppercase().replace([' ', '-'], "_")
}
