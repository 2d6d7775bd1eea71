//! From lines to entries, and from entries to facts.

use super::{
    Answer, CloseCode, Command, Content, EnumTable, ErrorCode, Event, Field, Gateway, Intent,
    Limit, Opcode, Operation, Schema, Shape, TableError,
};

/// One entry: its words, and the words of its members.
pub(super) struct Entry<'a> {
    table: &'static str,
    line: usize,
    words: Vec<&'a str>,
    members: Vec<Member<'a>>,
}

pub(super) struct Member<'a> {
    table: &'static str,
    line: usize,
    words: Vec<&'a str>,
}

pub(super) fn entries<'a>(
    table: &'static str,
    text: &'a str,
) -> Result<Vec<Entry<'a>>, TableError> {
    let mut all: Vec<Entry<'a>> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        if raw.is_empty() || raw.starts_with('#') {
            continue;
        }
        if let Some(rest) = raw.strip_prefix("  ") {
            let member = Member {
                table,
                line,
                words: rest.split(' ').collect(),
            };
            match all.last_mut() {
                Some(entry) => entry.members.push(member),
                None => return Err(member.fault("an indented line needs an entry above it")),
            }
        } else {
            all.push(Entry {
                table,
                line,
                words: raw.split(' ').collect(),
                members: Vec::new(),
            });
        }
    }
    Ok(all)
}

impl Entry<'_> {
    pub(super) fn fault(&self, fault: impl Into<String>) -> TableError {
        TableError {
            table: self.table,
            line: self.line,
            fault: fault.into(),
        }
    }
}

impl Member<'_> {
    fn fault(&self, fault: impl Into<String>) -> TableError {
        TableError {
            table: self.table,
            line: self.line,
            fault: fault.into(),
        }
    }

    fn shape(&self, word: &str) -> Result<Shape, TableError> {
        word.parse().map_err(|fault: String| self.fault(fault))
    }

    fn field(&self, name: &str, shape: &str) -> Result<Field, TableError> {
        let (name, optional) = match name.strip_suffix('?') {
            Some(name) => (name, true),
            None => (name, false),
        };
        Ok(Field {
            name: name.to_owned(),
            optional,
            shape: self.shape(shape)?,
        })
    }
}

pub(super) fn operation(entry: &Entry<'_>) -> Result<Operation, TableError> {
    let [method, path, id] = entry.words.as_slice() else {
        return Err(entry.fault("an operation is: method path id"));
    };
    let mut operation = Operation {
        method: (*method).to_owned(),
        path: (*path).to_owned(),
        id: (*id).to_owned(),
        ..Operation::default()
    };
    for member in &entry.members {
        match member.words.as_slice() {
            ["group", group] => operation.group = (*group).to_owned(),
            ["auth", kinds @ ..] => operation.auth = owned(kinds),
            ["usable-by", who] => operation.usable_by = (*who).to_owned(),
            ["status", status] => operation.status = (*status).to_owned(),
            ["audit-reason"] => operation.audit_reason = true,
            ["major", names @ ..] => operation.major = owned(names),
            ["path", name, shape] => operation.path_params.push(member.field(name, shape)?),
            ["query", name, shape] => operation.query_params.push(member.field(name, shape)?),
            ["body", "required"] => operation.body_required = true,
            ["body", content_type, shape] => operation.bodies.push(Content {
                content_type: (*content_type).to_owned(),
                shape: member.shape(shape)?,
            }),
            ["answer", status] => {
                operation.answers.push(Answer {
                    status: (*status).to_owned(),
                    content: None,
                });
            }
            ["answer", status, content_type, shape] => operation.answers.push(Answer {
                status: (*status).to_owned(),
                content: Some(Content {
                    content_type: (*content_type).to_owned(),
                    shape: member.shape(shape)?,
                }),
            }),
            _ => return Err(member.fault("an operation has no such member")),
        }
    }
    Ok(operation)
}

pub(super) fn schema(entry: &Entry<'_>) -> Result<(String, Schema), TableError> {
    match entry.words.as_slice() {
        ["object", name, rest @ ..] if matches!(rest, [] | ["closed"]) => {
            let mut fields = Vec::with_capacity(entry.members.len());
            for member in &entry.members {
                let [name, shape] = member.words.as_slice() else {
                    return Err(member.fault("a field is: name shape"));
                };
                fields.push(member.field(name, shape)?);
            }
            Ok((
                (*name).to_owned(),
                Schema::Object {
                    fields,
                    closed: !rest.is_empty(),
                },
            ))
        }
        ["enum", name, kind @ ("int" | "str")] => {
            let mut values = Vec::with_capacity(entry.members.len());
            for member in &entry.members {
                let [name, value] = member.words.as_slice() else {
                    return Err(member.fault("a value is: name value"));
                };
                values.push(((*name).to_owned(), (*value).to_owned()));
            }
            Ok((
                (*name).to_owned(),
                Schema::Enum(EnumTable {
                    integers: *kind == "int",
                    values,
                }),
            ))
        }
        ["alias", name, shape] => {
            let shape = shape.parse().map_err(|fault: String| entry.fault(fault))?;
            Ok(((*name).to_owned(), Schema::Alias(shape)))
        }
        _ => Err(entry.fault("a schema is an object, an enum or an alias")),
    }
}

impl Gateway {
    pub(super) fn read(&mut self, entry: &Entry<'_>) -> Result<(), TableError> {
        match entry.words.as_slice() {
            [
                kind @ ("opcode" | "voice-opcode"),
                code,
                name,
                sent_by,
                rest @ ..,
            ] => {
                let opcode = Opcode {
                    code: number(entry, code)?,
                    name: (*name).to_owned(),
                    sent_by: (*sent_by).to_owned(),
                    binary: matches!(rest, ["binary"]),
                };
                if *kind == "opcode" {
                    self.opcodes.push(opcode);
                } else {
                    self.voice_opcodes.push(opcode);
                }
            }
            ["close", code, reconnect @ ("reconnect" | "stop")] => {
                self.close_codes.push(CloseCode {
                    code: number(entry, code)?,
                    reconnect: Some(*reconnect == "reconnect"),
                });
            }
            ["voice-close", code] => self.voice_close_codes.push(CloseCode {
                code: number(entry, code)?,
                reconnect: None,
            }),
            ["intent", bit, name, rest @ ..] => self.intents.push(Intent {
                bit: number(entry, bit)?,
                name: (*name).to_owned(),
                privileged: matches!(rest, ["privileged"]),
            }),
            ["event", op, name, intents @ ..] => {
                let mut event = Event {
                    name: (*name).to_owned(),
                    op: number(entry, op)?,
                    intents: owned(intents),
                    ..Event::default()
                };
                for member in &entry.members {
                    match member.words.as_slice() {
                        ["payload", shape] => event.payload = Some(member.shape(shape)?),
                        ["only", names @ ..] => event.only = owned(names),
                        ["without", names @ ..] => event.without = owned(names),
                        ["field", name, shape] => event.fields.push(member.field(name, shape)?),
                        _ => return Err(member.fault("an event has no such member")),
                    }
                }
                self.events.push(event);
            }
            ["command", op, name] => {
                let mut command = Command {
                    name: (*name).to_owned(),
                    op: number(entry, op)?,
                    ..Command::default()
                };
                for member in &entry.members {
                    match member.words.as_slice() {
                        ["payload", shape] => command.payload = Some(member.shape(shape)?),
                        ["field", name, shape] => command.fields.push(member.field(name, shape)?),
                        _ => return Err(member.fault("a command has no such member")),
                    }
                }
                self.commands.push(command);
            }
            _ => return Err(entry.fault("the gateway table has no such entry")),
        }
        Ok(())
    }
}

pub(super) fn limit(entry: &Entry<'_>) -> Result<Limit, TableError> {
    let ["limit", id, scope, values, unit] = entry.words.as_slice() else {
        return Err(entry.fault("a limit is: limit id scope values unit"));
    };
    let values = values
        .split(',')
        .map(|value| {
            value
                .parse()
                .map_err(|_| entry.fault(format!("{value} is no number")))
        })
        .collect::<Result<_, _>>()?;
    Ok(Limit {
        id: (*id).to_owned(),
        scope: (*scope).to_owned(),
        values,
        unit: (*unit).to_owned(),
    })
}

pub(super) fn error_code(entry: &Entry<'_>) -> Result<(u32, ErrorCode), TableError> {
    let (code, name, limit) = match entry.words.as_slice() {
        ["error", code, name] => (code, name, None),
        ["error", code, name, limit] => (code, name, Some(number(entry, limit)?)),
        _ => return Err(entry.fault("an error is: error code name [limit]")),
    };
    let name = (*name).to_owned();
    Ok((number(entry, code)?, ErrorCode { name, limit }))
}

fn number<N: std::str::FromStr>(entry: &Entry<'_>, word: &str) -> Result<N, TableError> {
    word.parse()
        .map_err(|_| entry.fault(format!("{word} is no number of the right size")))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
