//! From lines to entries, and from entries to facts.

use super::{
    Answer, CloseCode, Command, Content, EnumTable, ErrorCode, Event, Field, Gateway, Intent,
    Limit, Opcode, Operation, Schema, Shape, TableError,
};

/// One entry as it stands in its table: its first line, and the lines of its members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry<'a> {
    table: &'static str,
    line: usize,
    head: &'a str,
    members: &'a str,
}

/// One entry read: its words, and the words of its members.
pub(crate) struct Words<'a> {
    table: &'static str,
    line: usize,
    words: Vec<&'a str>,
    members: Vec<Member<'a>>,
}

pub(crate) struct Member<'a> {
    table: &'static str,
    line: usize,
    words: Vec<&'a str>,
}

/// Cuts a table into its entries.
pub(crate) fn entries<'a>(
    table: &'static str,
    text: &'a str,
) -> Result<Vec<Entry<'a>>, TableError> {
    let mut all: Vec<Entry<'a>> = Vec::new();
    let (mut rest, mut line) = (text, 0);
    while let Some((head, after)) = cut_line(rest) {
        line += 1;
        rest = after;
        if head.is_empty() || head.starts_with('#') {
            continue;
        }
        if head.starts_with(INDENT) {
            let fault = "an indented line needs an entry above it".to_owned();
            return Err(TableError { table, line, fault });
        }
        let first = line;
        while let Some((member, after)) = cut_line(rest)
            && member.starts_with(INDENT)
        {
            line += 1;
            rest = after;
        }
        let members = after.get(..after.len() - rest.len()).unwrap_or_default();
        all.push(Entry {
            table,
            line: first,
            head,
            members,
        });
    }
    Ok(all)
}

/// The first line without its end, and what follows.
fn cut_line(text: &str) -> Option<(&str, &str)> {
    match text.split_once('\n') {
        Some(parts) => Some(parts),
        None if text.is_empty() => None,
        None => Some((text, "")),
    }
}

impl<'a> Entry<'a> {
    /// A word of the first line, counted from 0; empty where there are fewer.
    pub(crate) fn word(&self, place: usize) -> &'a str {
        self.head.split(' ').nth(place).unwrap_or_default()
    }

    pub(crate) fn read(&self) -> Words<'a> {
        let Self {
            table,
            line: first,
            head,
            members,
        } = *self;
        let lines = members.lines().zip(first + 1..);
        Words {
            table,
            line: first,
            words: head.split(' ').collect(),
            members: lines
                .map(|(text, line)| Member {
                    table,
                    line,
                    words: text.trim_start_matches(' ').split(' ').collect(),
                })
                .collect(),
        }
    }
}

/// What members stand behind.
const INDENT: &str = "  ";

impl Words<'_> {
    pub(crate) fn fault(&self, fault: impl Into<String>) -> TableError {
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

pub(crate) fn operation(entry: &Words<'_>) -> Result<Operation, TableError> {
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

pub(crate) fn schema(entry: &Words<'_>) -> Result<(String, Schema), TableError> {
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
    pub(crate) fn read(&mut self, entry: &Words<'_>) -> Result<(), TableError> {
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

pub(crate) fn limit(entry: &Words<'_>) -> Result<Limit, TableError> {
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

pub(crate) fn error_code(entry: &Words<'_>) -> Result<(u32, ErrorCode), TableError> {
    let (code, name, limit) = match entry.words.as_slice() {
        ["error", code, name] => (code, name, None),
        ["error", code, name, limit] => (code, name, Some(number(entry, limit)?)),
        _ => return Err(entry.fault("an error is: error code name [limit]")),
    };
    let name = (*name).to_owned();
    Ok((number(entry, code)?, ErrorCode { name, limit }))
}

fn number<N: std::str::FromStr>(entry: &Words<'_>, word: &str) -> Result<N, TableError> {
    word.parse()
        .map_err(|_| entry.fault(format!("{word} is no number of the right size")))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
